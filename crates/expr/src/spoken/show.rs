//! Days and times as they are said to people: in full, so that nothing is left to be mistaken.

use super::languages::of;
use jiff::civil::{Date, DateTime, Time};

/// `Thursday 12 March 2026`, in a language.
pub fn show_day(day: Date, language: &str) -> String {
    let table = of(language);
    let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
    let weekday = table.weekdays.get(weekday).and_then(|names| names.first()).copied().unwrap_or_default();
    let month = usize::try_from(day.month() - 1).ok().and_then(|at| table.months.get(at)?.first()).copied().unwrap_or_default();
    // English and German write the names of days and months with a capital.
    let name = |name: &str| if matches!(table.code, "en" | "de") { capital(name) } else { name.to_owned() };
    let year = if matches!(table.code, "es" | "pt") { table.of } else { " " };
    format!("{} {}{}{}{year}{}", name(weekday), day.day(), table.of, name(month), day.year())
}

/// `17:00`.
pub fn show_time(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// A day and a time.
pub fn show_moment(at: DateTime, language: &str) -> String {
    format!("{}, {}", show_day(at.date(), language), show_time(at.time()))
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

//! Days and points in time as people type them. A day that can be read in two ways is refused, so that it is
//! asked for again (FL 7.6).

use super::{Coercion, shown};
use crate::{calendar, lexer::parse_time, operate::moment_text};
use jiff::civil::Date;
use model::{Instant, Value, fold};

/// Which of two small numbers is the day.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
    Unsure,
}

/// The order in which a person writes day and month.
pub(crate) fn order(ctx: &Coercion<'_>) -> Order {
    let language = ctx.language.unwrap_or("").to_ascii_lowercase().replace('_', "-");
    let region = language.split('-').find(|p| p.len() == 2 && !language.starts_with(*p)).map(str::to_owned);
    match (language.split('-').next().unwrap_or(""), region.as_deref()) {
        ("en", Some("us")) => Order::MonthFirst,
        ("en" | "", None) => Order::Unsure,
        _ => Order::DayFirst,
    }
}

/// A day.
pub fn date(text: &str, ctx: &Coercion<'_>) -> Result<Date, String> {
    let no = || format!("\"{}\" is not a date; 2026-03-31 is one", shown(text));
    let days = match fold(text).as_str() {
        "today" | "hoy" | "heute" | "aujourd'hui" | "hoje" | "oggi" => Some(0),
        "tomorrow" | "mañana" | "morgen" | "demain" | "amanhã" | "domani" => Some(1),
        "yesterday" | "ayer" | "gestern" | "hier" | "ontem" | "ieri" => Some(-1),
        _ => None,
    };
    if let Some(days) = days {
        return calendar::day(ctx.now, ctx.zone).checked_add(jiff::Span::new().days(days)).map_err(|_| no());
    }
    if let Some(read) = moment_text(text, ctx.zone) {
        return match read {
            Value::Date(day) => Ok(day),
            Value::DateTime(at) => Ok(calendar::day(at, ctx.zone)),
            _ => Err(no()),
        };
    }
    let Some(mark) = text.chars().find(|c| matches!(c, '.' | '/' | '-')) else { return Err(no()) };
    let parts: Vec<&str> = text.split(mark).map(str::trim).collect();
    let number = |at: usize| parts.get(at).filter(|p| p.len() <= 4).and_then(|p| p.parse::<i16>().ok());
    let (Some(a), Some(b), Some(c), 3) = (number(0), number(1), number(2), parts.len()) else { return Err(no()) };
    let year_first = parts.first().is_some_and(|p| p.len() == 4);
    if !year_first && parts.last().is_none_or(|p| p.len() != 4) {
        return Err("the year needs four digits".to_owned());
    }
    let (year, month, day) = if year_first {
        (a, b, c)
    } else {
        let (day, month) = match order(ctx) {
            _ if a == b || mark == '.' || a > 12 => (a, b),
            _ if b > 12 => (b, a),
            Order::DayFirst => (a, b),
            Order::MonthFirst => (b, a),
            Order::Unsure => {
                return Err(format!("\"{text}\" can be read in two ways; write the year first: {c}-{b:02}-{a:02} or {c}-{a:02}-{b:02}"));
            }
        };
        (c, month, day)
    };
    let small = |n: i16| i8::try_from(n).ok();
    small(month)
        .zip(small(day))
        .and_then(|(month, day)| Date::new(year, month, day).ok())
        .ok_or_else(|| format!("there is no day \"{}\"", shown(text)))
}

/// A point in time: ISO 8601, or a day and a time of day; a day alone is its first instant.
pub fn datetime(text: &str, ctx: &Coercion<'_>) -> Result<Instant, String> {
    let no = || format!("\"{}\" is not a date with a time; 2026-03-31 10:00 is one", shown(text));
    if let Some(Value::DateTime(at)) = moment_text(text, ctx.zone) {
        return Ok(at);
    }
    if let Some((day, time)) = text.rsplit_once([' ', 'T'])
        && let Some(time) = parse_time(time.trim())
    {
        let day = date(day.trim().trim_end_matches(','), ctx)?;
        return calendar::instant(day.to_datetime(time), ctx.zone).ok_or_else(no);
    }
    calendar::day_start(date(text, ctx).map_err(|why| if why.contains("two ways") { why } else { no() })?, ctx.zone).ok_or_else(no)
}

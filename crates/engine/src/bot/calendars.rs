//! Calendars: when something is open, by weekday and by date (FL 8), in the bot's zone or one of their own.
//!
//! Opening hours are read off the clock on the wall: a day on which the clocks change opens and closes at the written
//! times. A time that the clocks skip is the end of the gap; of one that they repeat the first counts.

use super::reader::{At, Fields, one_or_many, text};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use model::Instant;
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node};

/// How far ahead the next opening is looked for, in days: two years, leap days included.
const AHEAD: i32 = 732;

/// One stretch of a day: from when, and until when; none is midnight.
type Hours = (Time, Option<Time>);

/// When something is open.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub name: String,
    /// Its own zone; the bot's if none.
    zone: Option<TimeZone>,
    /// By weekday, Monday first; in order of time.
    week: [Vec<Hours>; 7],
    except: BTreeMap<Date, Vec<Hours>>,
}

/// The weekdays, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `mon`, `mon-fri`, `sat, sun` or `daily`; weekdays by their number from Monday.
pub(crate) fn weekdays(written: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    let number = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        DAYS.iter().position(|day| word.len() >= 3 && (*day == word || full_name(day) == word))
    };
    for part in written.split(',').map(str::trim) {
        if part.eq_ignore_ascii_case("daily") {
            days = [true; 7];
            continue;
        }
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (mut at, to) = (number(from)?, number(to)?);
        loop {
            *days.get_mut(at)? = true;
            if at == to {
                break;
            }
            // fri-mon goes over the weekend.
            at = (at + 1) % 7;
        }
    }
    Some(days)
}

fn full_name(day: &str) -> &'static str {
    match day {
        "mon" => "monday",
        "tue" => "tuesday",
        "wed" => "wednesday",
        "thu" => "thursday",
        "fri" => "friday",
        "sat" => "saturday",
        _ => "sunday",
    }
}

/// A weekday's number from Monday.
pub(crate) fn weekday_number(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// Reads `9:00` or `09:30`.
pub(crate) fn time_of_day(written: &str) -> Option<Time> {
    let (hour, minute) = written.trim().split_once(':')?;
    let digits = |text: &str, most: usize| !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour, 2) || minute.len() != 2 || !digits(minute, 2) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Reads `calendars:`.
pub(crate) fn read(node: At<'_>, out: &mut Diagnostics) -> Vec<Calendar> {
    super::config::named(node, "calendars", out).into_iter().filter_map(|(name, _, value)| read_one(name, value, out)).collect()
}

/// The name of a calendar that exists.
pub(crate) fn name<'a>(node: At<'_>, known: impl Iterator<Item = &'a str> + Clone, out: &mut Diagnostics) -> Option<String> {
    let written = text(node, "a calendar", out)?.trim();
    if known.clone().any(|name| name == written) {
        return Some(written.to_owned());
    }
    let mut diagnostic = super::reader::unknown(
        "E0175",
        node.span,
        &format!("there is no calendar \"{written}\""),
        written,
        known.clone(),
        "the calendars are",
    );
    if known.count() == 0 {
        diagnostic = diagnostic.help("write it under calendars: in bot.yaml");
    }
    out.push(diagnostic);
    None
}

fn read_one(name: &str, node: At<'_>, out: &mut Diagnostics) -> Option<Calendar> {
    let mut fields = Fields::of(node, &format!("calendar \"{name}\""), out)?;
    let zone = fields.take("zone").and_then(|n| {
        let written = text(n, "zone", out)?;
        let zone = TimeZone::get(written).ok();
        if zone.is_none() {
            out.push(
                Diagnostic::error("E0104", n.span, format!("there is no time zone \"{written}\""))
                    .help("write an IANA name such as Europe/Madrid or UTC"),
            );
        }
        zone
    });
    let before = out.error_count();
    let except = fields.take("except");
    let mut calendar = Calendar { name: name.to_owned(), zone, week: Default::default(), except: BTreeMap::new() };
    let mut given: [Option<syntax::Span>; 7] = [None; 7];
    for (key, span, value) in fields.rest() {
        let Some(days) = weekdays(key) else {
            let known = DAYS.into_iter().chain(["mon-fri", "sat-sun", "daily", "zone", "except"]);
            out.push(super::reader::unknown(
                "E0174",
                span,
                &format!("calendar \"{name}\" has no \"{key}\": its keys are weekdays"),
                key,
                known,
                "write",
            ));
            continue;
        };
        let Some(hours) = read_hours(value, out) else { continue };
        for (number, day) in DAYS.iter().enumerate().filter(|(number, _)| days.get(*number) == Some(&true)) {
            if let Some(first) = given[number] {
                out.push(
                    Diagnostic::error("E0174", span, format!("calendar \"{name}\" says twice when it is open on {}", full_name(day)))
                        .also(first, "here first")
                        .help("name each weekday once; single dates go under except"),
                );
                continue;
            }
            given[number] = Some(span);
            calendar.week[number] = hours.clone();
        }
    }
    if let Some(node) = except {
        read_exceptions(node, &mut calendar, out);
    }
    if out.error_count() == before && calendar.week.iter().all(Vec::is_empty) && calendar.except.values().all(Vec::is_empty) {
        out.push(
            Diagnostic::error("E0174", node.span, format!("calendar \"{name}\" is never open"))
                .help("write when it is: mon-fri: [\"09:00-13:00\", \"15:00-18:00\"]"),
        );
    }
    Some(calendar)
}

fn read_exceptions(node: At<'_>, calendar: &mut Calendar, out: &mut Diagnostics) {
    let Node::Map(entries) = &node.value else {
        out.push(
            Diagnostic::error("E0103", node.span, format!("except is a map of dates, not {}", node.kind_name()))
                .help("write except: { 2026-12-25: closed, 2026-12-24: \"09:00-13:00\" }"),
        );
        return;
    };
    for entry in entries {
        let Some(written) = text(&entry.key, "a date", out) else { continue };
        let Ok(date) = written.trim().parse::<Date>() else {
            out.push(
                Diagnostic::error("E0174", entry.key.span, format!("\"{written}\" is no date"))
                    .help("write year, month and day: 2026-12-25; a range is written day by day"),
            );
            continue;
        };
        if let Some(hours) = read_hours(&entry.value, out) {
            calendar.except.insert(date, hours);
        }
    }
}

/// `closed`, `"09:00-13:00"`, or a list of such stretches.
fn read_hours(node: At<'_>, out: &mut Diagnostics) -> Option<Vec<Hours>> {
    if node.as_text().is_some_and(|t| t.trim() == "closed") {
        return Some(Vec::new());
    }
    let mut hours: Vec<Hours> = Vec::new();
    for item in one_or_many(node) {
        let written = text(item, "opening hours", out)?.trim();
        let read = written.split_once(['-', '–']).and_then(|(from, to)| {
            let to = match to.trim() {
                "24:00" | "00:00" | "0:00" => None,
                other => Some(time_of_day(other)?),
            };
            Some((time_of_day(from)?, to))
        });
        let Some((from, to)) = read else {
            out.push(
                Diagnostic::error("E0174", item.span, format!("\"{written}\" are no opening hours"))
                    .help("write from and to in quotes, \"09:00-13:00\", several in a list, or closed"),
            );
            return None;
        };
        if to.is_some_and(|to| to <= from) {
            out.push(
                Diagnostic::error("E0174", item.span, format!("\"{written}\" ends before it begins"))
                    .help("hours over midnight are two stretches: until \"24:00\" on the first day, from \"00:00\" on the next"),
            );
            return None;
        }
        if hours.last().is_some_and(|(_, until)| until.is_none_or(|until| from < until)) {
            out.push(
                Diagnostic::error("E0174", item.span, format!("\"{written}\" overlaps the hours before it"))
                    .help("write the stretches of a day in order, one after the other"),
            );
            return None;
        }
        hours.push((from, to));
    }
    Some(hours)
}

impl Calendar {
    fn hours(&self, day: Date) -> &[Hours] {
        match self.except.get(&day) {
            Some(hours) => hours,
            None => &self.week[weekday_number(day.weekday())],
        }
    }

    fn zone<'a>(&'a self, bots: &'a TimeZone) -> &'a TimeZone {
        self.zone.as_ref().unwrap_or(bots)
    }

    /// Whether it is open at an instant.
    pub(crate) fn is_open(&self, at: Instant, bots: &TimeZone) -> bool {
        let there = at.to_timestamp().to_zoned(self.zone(bots).clone());
        let (day, time) = (there.date(), there.time());
        self.hours(day).iter().any(|(from, to)| *from <= time && to.is_none_or(|to| time < to))
    }

    /// The first instant after another at which it opens or closes. If that is more than two years away, an instant before.
    pub(crate) fn turns(&self, after: Instant, bots: &TimeZone) -> Option<Instant> {
        let (zone, open) = (self.zone(bots), self.is_open(after, bots));
        let mut day = after.to_timestamp().to_zoned(zone.clone()).date();
        let mut looked = None;
        for _ in 0..AHEAD {
            let next = day.tomorrow().ok()?;
            let (begins, ends) = (day.to_datetime(Time::midnight()), next.to_datetime(Time::midnight()));
            let written = self.hours(day).iter().flat_map(|(from, to)| [Some(day.to_datetime(*from)), to.map(|to| day.to_datetime(to))]);
            // A time that the clocks show twice, and the moment at which they change.
            let shown = written.flatten().chain([begins, ends]).flat_map(|civil| {
                let ambiguous = zone.to_ambiguous_timestamp(civil);
                [ambiguous.earlier().ok(), ambiguous.later().ok()]
            });
            let until = zone.to_ambiguous_timestamp(ends).later().ok()?;
            let from = zone.to_ambiguous_timestamp(begins).earlier().ok()?;
            let changes = zone.following(from).map(|change| change.timestamp()).take_while(|at| *at <= until);
            let mut instants: Vec<Instant> = shown.flatten().chain(changes).map(Instant::from).filter(|at| *at > after).collect();
            instants.sort_unstable();
            if let Some(at) = instants.iter().find(|at| self.is_open(**at, bots) != open) {
                return Some(*at);
            }
            looked = instants.last().copied().or(looked);
            day = next;
        }
        looked
    }

    /// The first instant, `from` included, at which it is open; none within two years.
    pub(crate) fn opens(&self, from: Instant, bots: &TimeZone) -> Option<Instant> {
        if self.is_open(from, bots) {
            return Some(from);
        }
        let zone = self.zone(bots);
        let mut day = from.to_timestamp().to_zoned(zone.clone()).date();
        for _ in 0..AHEAD {
            let opening = self.hours(day).iter().filter_map(|(time, _)| instant(day.to_datetime(*time), zone));
            // Hours that the clocks skip whole are not open at all.
            if let Some(at) = opening.filter(|at| *at > from && self.is_open(*at, bots)).min() {
                return Some(at);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }
}

/// The instant at which clocks on the wall show this: the end of the gap if they skip it, the first if they show it
/// twice.
pub(crate) fn instant(civil: DateTime, zone: &TimeZone) -> Option<Instant> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let at = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.compatible().ok()?,
        AmbiguousOffset::Gap { before, .. } => {
            // By the clock that is about to change, the skipped time lies after the change.
            let after = before.to_timestamp(civil).ok()?;
            zone.preceding(after).next().map_or(after, |change| change.timestamp())
        }
    };
    Some(at.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn weekdays_are_read_as_people_write_them() {
        assert_eq!(weekdays("mon-fri"), Some([true, true, true, true, true, false, false]));
        assert_eq!(weekdays("Sat, Sunday"), Some([false, false, false, false, false, true, true]));
        assert_eq!(weekdays("sat-mon"), Some([true, false, false, false, false, true, true]));
        assert_eq!(weekdays("daily"), Some([true; 7]));
        assert_eq!((weekdays("weekdays"), weekdays("m"), weekdays("")), (None, None, None));
    }

    #[test]
    fn it_turns_when_it_opens_or_closes_and_never_in_between() {
        let hours = |from: &str, to: Option<&str>| (from.parse().unwrap(), to.map(|to| to.parse().unwrap()));
        let mut week: [Vec<Hours>; 7] = std::array::from_fn(|_| vec![hours("09:00", Some("13:00")), hours("15:00", Some("18:00"))]);
        week[6] = vec![hours("01:00", Some("02:30")), hours("22:00", None)];
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let calendar = Calendar { name: "office".into(), zone: Some(madrid), week, except: BTreeMap::new() };
        // The clocks go forward on the 29th of March, back on the 25th of October: both are Sundays.
        for start in ["2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z"] {
            let mut open = calendar.is_open(at(start), &TimeZone::UTC);
            let mut turns = calendar.turns(at(start), &TimeZone::UTC);
            for minute in 1..5 * 24 * 60 {
                let now = at(start).plus_micros(minute * 60_000_000);
                let is = calendar.is_open(now, &TimeZone::UTC);
                assert_eq!(is != open, turns == Some(now), "{now}, turns {turns:?}");
                if is != open {
                    open = is;
                    turns = calendar.turns(now, &TimeZone::UTC);
                }
            }
        }
        let always = Calendar { week: std::array::from_fn(|_| vec![hours("00:00", None)]), ..calendar };
        assert!(always.turns(at("2026-03-27T00:00:00Z"), &TimeZone::UTC) > Some(at("2027-03-27T00:00:00Z")), "far away, but not never");
    }

    #[test]
    fn a_skipped_time_is_the_end_of_the_gap_and_of_a_repeated_one_the_first_counts() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let civil = |text: &str| text.parse::<DateTime>().unwrap();
        assert_eq!(instant(civil("2026-03-29T02:30"), &madrid), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(instant(civil("2026-10-25T02:30"), &madrid), Some(at("2026-10-25T00:30:00Z")));
    }
}

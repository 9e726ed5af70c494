//! A moment as a designer writes it: a date, a time of day, weekdays, a calendar, or an expression that gives one.

use super::Fault;
use crate::bot::calendars::{self, instant, time_of_day, weekday_number, weekdays};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use jiff::Zoned;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use model::{Instant, Value};
use syntax::{Diagnostic, Node, Span};

const HELP: &str = "write 2026-12-24, 2026-12-24 09:00, 09:00, mon-fri 09:00, or an expression such as ${appointment - 1 day}";

/// A moment to come.
#[derive(Debug)]
pub(super) struct Moment {
    day: Day,
    time: Option<Clock>,
    weekdays: Option<[bool; 7]>,
    calendar: Option<String>,
    zone: Zone,
}

#[derive(Debug)]
enum Day {
    /// Whichever comes first.
    Any,
    On(Date),
    Computed(Template),
}

#[derive(Debug)]
enum Clock {
    At(Time),
    Computed(Template),
}

#[derive(Debug)]
enum Zone {
    Bot,
    Contact,
    Named(TimeZone),
}

/// What a text says: parts of a moment.
#[derive(Debug, Default, PartialEq)]
struct Spoken {
    day: Option<Date>,
    time: Option<Time>,
    weekdays: Option<[bool; 7]>,
}

/// Reads `2026-12-24`, `2026-12-24 09:00`, `09:00`, `mon-fri` and `mon-fri 09:00`.
fn spoken(text: &str) -> Option<Spoken> {
    let text = text.trim();
    if let Some(time) = time_of_day(text) {
        return Some(Spoken { time: Some(time), ..Spoken::default() });
    }
    if let Some(days) = weekdays(text) {
        return Some(Spoken { weekdays: Some(days), ..Spoken::default() });
    }
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(Spoken { day: Some(day), ..Spoken::default() });
    }
    let (first, last) = text.rsplit_once([' ', 'T'])?;
    let time = time_of_day(last).or_else(|| last.parse::<Time>().ok())?;
    let first = spoken(first).filter(|s| s.time.is_none())?;
    Some(Spoken { time: Some(time), ..first })
}

/// Reads `wait_until`: a text, or its parts in a map.
pub(super) fn read(value: At<'_>, options: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Moment> {
    let mut moment = Moment { day: Day::Any, time: None, weekdays: None, calendar: None, zone: Zone::Bot };
    if !matches!(value.value, Node::Map(_)) {
        let template = reader.prose(value, "wait_until")?;
        match template.literal() {
            None => moment.day = Day::Computed(template),
            Some(text) => moment.say(text, value.span, reader)?,
        }
        return Some(moment);
    }
    let (date, time, days) = (options.take("date"), options.take("time"), options.take("weekdays"));
    let (calendar, zone) = (options.take("calendar"), options.take("zone"));
    if date.is_none() && time.is_none() && days.is_none() && calendar.is_none() {
        reader.out.push(Diagnostic::error("E0102", value.span, "wait_until says when: date, time, weekdays or calendar").help(HELP));
        return None;
    }
    if let Some(node) = date {
        let template = reader.prose(node, "date")?;
        match template.literal() {
            None => moment.day = Day::Computed(template),
            Some(text) => moment.say(text, node.span, reader)?,
        }
    }
    if let Some(node) = time {
        let template = reader.prose(node, "time")?;
        let read = template.literal().map(time_of_day);
        moment.time = Some(match read {
            None => Clock::Computed(template),
            Some(Some(time)) => Clock::At(time),
            Some(None) => {
                reader.out.push(
                    Diagnostic::error("E0173", node.span, "this is no time of day").help("write hours and minutes, \"09:00\" to \"23:59\""),
                );
                return None;
            }
        });
    }
    if let Some(node) = days {
        moment.weekdays = Some(read_weekdays(node, reader)?);
    }
    if let Some(node) = calendar {
        let known = reader.names.calendars.iter().map(String::as_str);
        moment.calendar = Some(calendars::name(node, known, reader.out)?);
    }
    if let Some(node) = zone {
        moment.zone = read_zone(node, reader)?;
    }
    Some(moment)
}

fn read_weekdays(node: At<'_>, reader: &mut Reader<'_>) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for item in crate::bot::reader::one_or_many(node) {
        let written = reader.text(item, "weekdays")?;
        let Some(more) = weekdays(written) else {
            reader.out.push(
                Diagnostic::error("E0173", item.span, format!("\"{written}\" are no weekdays")).help("write mon, mon-fri, or sat, sun"),
            );
            return None;
        };
        days.iter_mut().zip(more).for_each(|(day, more)| *day |= more);
    }
    Some(days)
}

fn read_zone(node: At<'_>, reader: &mut Reader<'_>) -> Option<Zone> {
    match reader.text(node, "zone")?.trim() {
        "bot" => Some(Zone::Bot),
        "contact" => Some(Zone::Contact),
        name => {
            let zone = TimeZone::get(name).ok();
            if zone.is_none() {
                reader.out.push(
                    Diagnostic::error("E0104", node.span, format!("there is no time zone \"{name}\""))
                        .help("write bot, contact, or an IANA name such as Europe/Madrid"),
                );
            }
            zone.map(Zone::Named)
        }
    }
}

impl Moment {
    /// Takes over what a text says; one that says nothing is told.
    fn say(&mut self, text: &str, span: Span, reader: &mut Reader<'_>) -> Option<()> {
        let Some(spoken) = spoken(text) else {
            reader.out.push(Diagnostic::error("E0173", span, format!("\"{}\" is no date or time", text.trim())).help(HELP));
            return None;
        };
        if let Some(day) = spoken.day {
            self.day = Day::On(day);
        }
        self.time = spoken.time.map(Clock::At);
        self.weekdays = spoken.weekdays;
        Some(())
    }

    /// Whether the moment is another one when something about the contact is.
    pub(super) fn follows(&self) -> bool {
        matches!(self.day, Day::Computed(_)) || matches!(self.time, Some(Clock::Computed(_)))
    }

    /// The moment as of now.
    ///
    /// # Errors
    /// [`Fault::Failed`] if there is none.
    pub(super) fn compute(&self, at: &mut Moving<'_, '_>) -> Result<Instant, Fault> {
        let now = at.step.turn.now;
        let zone = match &self.zone {
            Zone::Bot => at.step.bot.timezone().clone(),
            Zone::Contact => at.with_facts(|facts, _| expr::Facts::contact_zone(facts).clone()),
            Zone::Named(zone) => zone.clone(),
        };
        let today = now.to_timestamp().to_zoned(zone.clone());
        let mut time = match &self.time {
            None => None,
            Some(Clock::At(time)) => Some(*time),
            Some(Clock::Computed(template)) => Some(computed_time(at, template, &zone)?),
        };
        let mut days = self.weekdays;
        let day = match &self.day {
            Day::Any => None,
            Day::On(day) => Some(*day),
            Day::Computed(template) => match at.value(template)? {
                None => return Err(Fault::Failed("the moment to wait for has no value".into())),
                // A point in time is exact, unless the time of day is said beside it.
                Some(Value::DateTime(exact)) if time.is_none() => return self.open_from(at, exact),
                Some(Value::DateTime(exact)) => Some(exact.to_timestamp().to_zoned(zone.clone()).date()),
                Some(Value::Date(day)) => Some(day),
                Some(Value::Time(clock)) => {
                    time = time.or(Some(clock));
                    None
                }
                Some(Value::Text(text)) => match text.parse::<jiff::Timestamp>() {
                    Ok(exact) if time.is_none() => return self.open_from(at, exact.into()),
                    Ok(exact) => Some(exact.to_zoned(zone.clone()).date()),
                    Err(_) => {
                        let said = spoken(&text).ok_or_else(|| Fault::Failed(format!("\"{text}\" is no date or time")))?;
                        time = time.or(said.time);
                        days = days.or(said.weekdays);
                        said.day
                    }
                },
                Some(other) => return Err(Fault::Failed(format!("a {} is no date or time", other.type_name()))),
            },
        };
        let moment = first(day, time, days, &today, &zone).ok_or_else(|| Fault::Failed("there is no such moment".into()))?;
        self.open_from(at, moment)
    }

    /// The first moment from then on at which the calendar is open, if one is named.
    fn open_from(&self, at: &Moving<'_, '_>, moment: Instant) -> Result<Instant, Fault> {
        let Some(name) = &self.calendar else { return Ok(moment) };
        // Calendars are always current (FL 5.9); one that is gone is as it was in the run's version.
        let bot = &at.step.bot;
        let calendar = bot.calendar(name).or_else(|| at.bot.calendar(name));
        let from = moment.max(at.step.turn.now);
        let opens = calendar.and_then(|calendar| calendar.opens(from, bot.timezone()));
        opens.ok_or_else(|| Fault::Failed(format!("{name} does not open any more")))
    }
}

fn computed_time(at: &mut Moving<'_, '_>, template: &Template, zone: &TimeZone) -> Result<Time, Fault> {
    let read = match at.value(template)? {
        Some(Value::Time(time)) => Some(time),
        Some(Value::DateTime(exact)) => Some(exact.to_timestamp().to_zoned(zone.clone()).time()),
        Some(Value::Text(text)) => time_of_day(&text).or_else(|| text.trim().parse().ok()),
        Some(_) | None => None,
    };
    read.ok_or_else(|| Fault::Failed("the time to wait for is no time of day".into()))
}

/// The first moment that fits, from `today` on unless a day is named.
fn first(day: Option<Date>, time: Option<Time>, days: Option<[bool; 7]>, today: &Zoned, zone: &TimeZone) -> Option<Instant> {
    let now: Instant = today.timestamp().into();
    let fits = |day: Date| days.is_none_or(|days| days.get(weekday_number(day.weekday())) == Some(&true));
    let on = |day: Date| instant(DateTime::from_parts(day, time.unwrap_or(Time::midnight())), zone);
    let mut candidate = match day {
        // A named day that is no such weekday moves on to the next that is.
        Some(day) if days.is_none() => return on(day),
        Some(day) => day.max(today.date()),
        None => today.date(),
    };
    // A week and a day: today's time may be over.
    for _ in 0..=8 {
        if fits(candidate) {
            let at = on(candidate)?;
            let over_today = candidate == today.date() && at < now;
            match time {
                // Today is such a day already.
                None if over_today => return Some(now),
                Some(_) if over_today => {}
                None | Some(_) => return Some(at),
            }
        }
        candidate = candidate.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let date = |text: &str| text.parse::<Date>().ok();
        let time = |text: &str| time_of_day(text);
        assert_eq!(spoken("2026-12-24"), Some(Spoken { day: date("2026-12-24"), ..Spoken::default() }));
        assert_eq!(spoken("2026-12-24 9:00"), Some(Spoken { day: date("2026-12-24"), time: time("09:00"), weekdays: None }));
        assert_eq!(spoken("2026-12-24T09:00:00"), Some(Spoken { day: date("2026-12-24"), time: time("09:00"), weekdays: None }));
        assert_eq!(spoken("mon-fri 09:00"), Some(Spoken { day: None, time: time("09:00"), weekdays: weekdays("mon-fri") }));
        for wrong in ["", "soon", "25:00", "2026-02-30", "24.12.2026", "09:00 09:00"] {
            assert_eq!(spoken(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_first_moment_that_fits() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let at = |text: &str| -> Instant { text.parse::<jiff::Timestamp>().unwrap().into() };
        // A Monday, ten o'clock there.
        let monday = at("2026-03-02T09:00:00Z").to_timestamp().to_zoned(zone.clone());
        let time = |text: &str| time_of_day(text);
        assert_eq!(first(None, time("11:00"), None, &monday, &zone), Some(at("2026-03-02T10:00:00Z")));
        assert_eq!(first(None, time("09:00"), None, &monday, &zone), Some(at("2026-03-03T08:00:00Z")));
        assert_eq!(first(None, time("09:00"), weekdays("mon"), &monday, &zone), Some(at("2026-03-09T08:00:00Z")));
        assert_eq!(first(None, None, weekdays("mon"), &monday, &zone), Some(at("2026-03-02T09:00:00Z")));
        assert_eq!(first(None, None, weekdays("tue"), &monday, &zone), Some(at("2026-03-02T23:00:00Z")));
        // Clocks go forward on 29 March: nine o'clock is seven in UTC from then on.
        assert_eq!(first("2026-03-29".parse().ok(), time("09:00"), None, &monday, &zone), Some(at("2026-03-29T07:00:00Z")));
    }
}

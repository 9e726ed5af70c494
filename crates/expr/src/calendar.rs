//! Windows of time: their limits, and the instants at which time alone carries a value in or out (FL 6.6).

use crate::ast::{Unit, When};
use jiff::{
    Span, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use model::{Duration, Instant};

/// The exact length of a day.
pub const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// What a time test looks at: a point in time, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    At(Instant),
    Day(Date),
}

/// The clock on the wall at an instant.
pub fn local(at: Instant, zone: &TimeZone) -> DateTime {
    zone.to_datetime(at.to_timestamp())
}

/// The day at an instant.
pub fn day(at: Instant, zone: &TimeZone) -> Date {
    local(at, zone).date()
}

/// The instant the wall clock shows this; in a gap the first after it.
pub fn instant(at: DateTime, zone: &TimeZone) -> Option<Instant> {
    // In the calendar's very first days the library's own arithmetic runs out of range.
    if at.year() < -9_998 {
        return None;
    }
    zone.to_ambiguous_timestamp(at).compatible().ok().map(Instant::from)
}

/// The first instant of a day.
pub fn day_start(date: Date, zone: &TimeZone) -> Option<Instant> {
    date.to_zoned(zone.clone()).ok().map(|z| Instant::from(z.timestamp()))
}

/// An instant moved by calendar months, then by exact time; `None` outside the calendar.
pub fn shift(at: Instant, by: Duration, zone: &TimeZone) -> Option<Instant> {
    let moved = if by.months == 0 {
        at
    } else {
        let span = Span::new().try_months(by.months).ok()?;
        let wall = local(at, zone).checked_add(span).ok()?;
        instant(wall, zone)?
    };
    let micros = moved.0.checked_add(by.micros)?;
    (Instant::MIN.0..=Instant::MAX.0).contains(&micros).then_some(Instant(micros))
}

/// How far a window from `now` reaches: like [`shift`], but as `now` goes on it never goes back.
///
/// The calendar alone would make it go back, and people would leave a segment and enter it again although
/// nothing happened: the 28th of March at noon less a month is the 28th of February at noon, the 29th at nine
/// less a month is the 28th at nine. So a day that the month is too short for counts as the end of the month's
/// last day, an hour the clocks skip as its end, and an hour they repeat is passed once.
pub fn edge(now: Instant, by: Duration, zone: &TimeZone) -> Option<Instant> {
    if by.months == 0 {
        return shift(now, by, zone);
    }
    let mut wall = local(now, zone);
    if let AmbiguousOffset::Fold { before, .. } = zone.to_ambiguous_timestamp(wall).offset()
        && zone.to_offset(now.to_timestamp()) != before
        && let Some(turned) = zone.preceding(now.to_timestamp().checked_add(1.nanoseconds()).ok()?).next()
    {
        wall = before.to_datetime(turned.timestamp());
    }
    let moved = wall.date().checked_add(Span::new().try_months(by.months).ok()?).ok()?;
    let start = if moved.day() == wall.day() {
        let wall = moved.to_datetime(wall.time());
        match zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Gap { before, .. } => {
                zone.preceding(before.to_timestamp(wall).ok()?.checked_add(1.nanoseconds()).ok()?).next()?.timestamp().into()
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => instant(wall, zone)?,
        }
    } else {
        day_start(moved.tomorrow().ok()?, zone)?.plus_micros(-1)
    };
    let micros = start.0.checked_add(by.micros)?;
    (Instant::MIN.0..=Instant::MAX.0).contains(&micros).then_some(Instant(micros))
}

/// The opposite duration.
pub fn negated(by: Duration) -> Option<Duration> {
    Some(Duration { months: by.months.checked_neg()?, micros: by.micros.checked_neg()? })
}

/// A day moved by calendar months and whole days; parts of a day are dropped towards the past.
pub fn shift_day(date: Date, by: Duration) -> Option<Date> {
    let months = Span::new().try_months(by.months).ok()?;
    let days = Span::new().try_days(by.micros.div_euclid(DAY)).ok()?;
    date.checked_add(months).ok()?.checked_add(days).ok()
}

/// Whether a duration is a whole number of days.
pub fn whole_days(by: Duration) -> bool {
    by.micros % DAY == 0
}

/// The lower edge of the days that a span back from today leaves out: `today - span`.
fn day_back(now: Instant, span: Duration, zone: &TimeZone) -> Option<Date> {
    let back = negated(span)?;
    if whole_days(span) { shift_day(day(now, zone), back) } else { Some(day(edge(now, back, zone)?, zone)) }
}

fn day_ahead(now: Instant, span: Duration, zone: &TimeZone) -> Option<Date> {
    if whole_days(span) { shift_day(day(now, zone), span) } else { Some(day(edge(now, span, zone)?, zone)) }
}

/// `now − span < x ≤ now`.
pub fn within_past(of: Moment, now: Instant, span: Duration, zone: &TimeZone) -> bool {
    match of {
        Moment::At(x) => x <= now && negated(span).and_then(|back| edge(now, back, zone)).is_none_or(|edge| edge < x),
        Moment::Day(x) => x <= day(now, zone) && day_back(now, span, zone).is_none_or(|edge| edge < x),
    }
}

/// `now ≤ x < now + span`.
pub fn within_future(of: Moment, now: Instant, span: Duration, zone: &TimeZone) -> bool {
    match of {
        Moment::At(x) => now <= x && edge(now, span, zone).is_none_or(|edge| x < edge),
        Moment::Day(x) => day(now, zone) <= x && day_ahead(now, span, zone).is_none_or(|edge| x < edge),
    }
}

/// `x ≤ now − span`.
pub fn older(of: Moment, now: Instant, span: Duration, zone: &TimeZone) -> bool {
    match of {
        Moment::At(x) => negated(span).and_then(|back| edge(now, back, zone)).is_some_and(|edge| x <= edge),
        Moment::Day(x) => day_back(now, span, zone).is_some_and(|edge| x <= edge),
    }
}

/// The first instant in a range from which on something that stays so holds; the range's end holds it or is
/// returned as the nearest that can be told.
fn first(mut low: i64, mut high: i64, holds: impl Fn(Instant) -> bool) -> Instant {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(Instant(middle)) { high = middle } else { low = middle + 1 }
    }
    Instant(high)
}

/// How far a calendar month may fall short of or exceed the same month counted from the other end.
const SLACK: i64 = 6 * DAY;

/// When a moment leaves `within span` and becomes `older than span`.
pub fn ages_out(of: Moment, span: Duration, zone: &TimeZone) -> Option<Instant> {
    let start = match of {
        Moment::At(x) => x,
        Moment::Day(x) => day_start(x, zone)?,
    };
    if let (Moment::At(x), 0) = (of, span.months) {
        return shift(x, span, zone);
    }
    let about = shift(start, span, zone)?;
    Some(first(about.0.saturating_sub(SLACK), about.0.saturating_add(SLACK), |t| older(of, t, span, zone)))
}

/// The instants at which time alone changes `within span` for a moment, in order.
pub fn past_flips(of: Moment, span: Duration, zone: &TimeZone) -> [Option<Instant>; 2] {
    let enters = match of {
        Moment::At(x) => Some(x),
        Moment::Day(x) => day_start(x, zone),
    };
    [enters, ages_out(of, span, zone)]
}

/// The instants at which time alone changes `within next span` for a moment, in order.
pub fn future_flips(of: Moment, span: Duration, zone: &TimeZone) -> [Option<Instant>; 2] {
    match of {
        Moment::At(x) => {
            let about = negated(span).and_then(|back| shift(x, back, zone));
            let enters = about.map(|about| {
                let reached = |t: Instant| edge(t, span, zone).is_none_or(|edge| x < edge);
                if span.months == 0 {
                    about.plus_micros(1)
                } else {
                    first(about.0.saturating_sub(SLACK), about.0.saturating_add(SLACK), reached)
                }
            });
            [enters, Some(x.plus_micros(1))]
        }
        Moment::Day(x) => {
            let about = day_start(x, zone).and_then(|start| shift(start, negated(span)?, zone));
            let reached = |t: Instant| day_ahead(t, span, zone).is_none_or(|edge| x < edge);
            let enters = about.map(|about| first(about.0.saturating_sub(SLACK), about.0.saturating_add(SLACK), reached));
            [enters, x.tomorrow().ok().and_then(|next| day_start(next, zone))]
        }
    }
}

/// A unit of the calendar and how many of them from the present one.
fn offset(when: When) -> (Unit, i64) {
    match when {
        When::Today => (Unit::Day, 0),
        When::Yesterday => (Unit::Day, -1),
        When::Tomorrow => (Unit::Day, 1),
        When::This(unit) => (unit, 0),
        When::Previous(unit) => (unit, -1),
        When::Next(unit) => (unit, 1),
    }
}

/// The first day of the unit that holds a day. An hour is not a matter of days.
fn unit_start(date: Date, unit: Unit) -> Option<Date> {
    Some(match unit {
        Unit::Hour | Unit::Day => date,
        Unit::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
        Unit::Month => date.first_of_month(),
        Unit::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?,
        Unit::Year => date.first_of_year(),
    })
}

fn units(unit: Unit, count: i64) -> Option<Span> {
    match unit {
        Unit::Hour => Span::new().try_hours(count),
        Unit::Day => Span::new().try_days(count),
        Unit::Week => Span::new().try_weeks(count),
        Unit::Month => Span::new().try_months(count),
        Unit::Quarter => Span::new().try_months(count.checked_mul(3)?),
        Unit::Year => Span::new().try_years(count),
    }
    .ok()
}

/// The start and the end of the unit so many units from the one that holds a day, as days.
fn days_of(date: Date, unit: Unit, count: i64) -> Option<(Date, Date)> {
    let start = unit_start(date, unit)?.checked_add(units(unit, count)?).ok()?;
    Some((start, start.checked_add(units(unit, 1)?).ok()?))
}

/// The instants of the unit so many units from the one that holds an instant.
fn instants_of(at: Instant, unit: Unit, count: i64, zone: &TimeZone) -> Option<(Instant, Instant)> {
    if unit == Unit::Hour {
        let wall = local(at, zone);
        let into =
            i64::from(wall.minute()) * 60_000_000 + i64::from(wall.second()) * 1_000_000 + i64::from(wall.subsec_nanosecond()) / 1_000;
        let start = at.plus_micros(-into).plus_micros(count.checked_mul(HOUR)?);
        return Some((start, start.plus_micros(HOUR)));
    }
    let (start, end) = days_of(day(at, zone), unit, count)?;
    Some((day_start(start, zone)?, day_start(end, zone)?))
}

/// Whether a moment lies in a calendar window.
pub fn in_window(of: Moment, now: Instant, when: When, zone: &TimeZone) -> bool {
    let (unit, count) = offset(when);
    match of {
        Moment::At(x) => instants_of(now, unit, count, zone).is_some_and(|(start, end)| start <= x && x < end),
        Moment::Day(x) => days_of(day(now, zone), unit, count).is_some_and(|(start, end)| start <= x && x < end),
    }
}

/// The limits of a calendar window, for explanations.
pub fn window(now: Instant, when: When, zone: &TimeZone) -> Option<(Instant, Instant)> {
    let (unit, count) = offset(when);
    instants_of(now, unit, count, zone)
}

/// When a calendar window next moves on: the end of the unit that holds an instant.
pub fn unit_end(now: Instant, when: When, zone: &TimeZone) -> Option<Instant> {
    let (unit, _) = offset(when);
    instants_of(now, unit, 0, zone).map(|(_, end)| end)
}

/// Whether a calendar window lies wholly in the future.
pub fn is_ahead(when: When) -> bool {
    offset(when).1 > 0
}

/// The instants at which time alone changes whether a moment lies in a calendar window, in order.
pub fn window_flips(of: Moment, when: When, zone: &TimeZone) -> [Option<Instant>; 2] {
    let (unit, count) = offset(when);
    let limits = match of {
        Moment::At(x) => instants_of(x, unit, -count, zone),
        Moment::Day(x) => days_of(x, unit, -count).and_then(|(start, end)| Some((day_start(start, zone)?, day_start(end, zone)?))),
    };
    [limits.map(|l| l.0), limits.map(|l| l.1)]
}

/// The next full minute: zones are whole minutes apart.
pub fn next_minute(now: Instant) -> Instant {
    const MINUTE: i64 = 60_000_000;
    now.plus_micros(MINUTE - now.0.rem_euclid(MINUTE))
}

/// The next full hour by the wall clock.
pub fn next_hour(now: Instant, zone: &TimeZone) -> Option<Instant> {
    instants_of(now, Unit::Hour, 1, zone).map(|(start, _)| start)
}

/// The next midnight.
pub fn next_day(now: Instant, zone: &TimeZone) -> Option<Instant> {
    instants_of(now, Unit::Day, 1, zone).map(|(start, _)| start)
}

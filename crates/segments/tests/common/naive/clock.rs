//! Clocks and calendars for the naive evaluator, walked step by step.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use model::Instant;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// A length of time as the language writes it: calendar months and exact microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub months: i64,
    pub micros: i64,
}

impl Length {
    /// `1 month 3 days`, `1h30m`, `90 seconds`.
    pub fn read(text: &str) -> Self {
        let mut length = Self { months: 0, micros: 0 };
        let mut count = 0;
        let mut unit = String::new();
        let mut done = |count: i64, unit: &str| match unit {
            "" => {}
            "year" | "years" => length.months += 12 * count,
            "month" | "months" => length.months += count,
            "day" | "days" | "d" => length.micros += DAY * count,
            "h" => length.micros += HOUR * count,
            "m" => length.micros += 60_000_000 * count,
            "s" => length.micros += 1_000_000 * count,
            other => panic!("the naive evaluator does not know the unit {other} of {text}"),
        };
        let mut in_number = false;
        for c in text.chars().filter(|c| *c != ' ') {
            if c.is_ascii_digit() {
                if !in_number {
                    done(count, &unit);
                    (count, unit) = (0, String::new());
                }
                count = count * 10 + i64::from(c.to_digit(10).expect("a digit"));
                in_number = true;
            } else {
                unit.push(c);
                in_number = false;
            }
        }
        done(count, &unit);
        length
    }

    pub fn back(self) -> Self {
        Self { months: -self.months, micros: -self.micros }
    }
}

fn wall(at: Instant, zone: &TimeZone) -> DateTime {
    zone.to_datetime(at.to_timestamp())
}

pub fn date(at: Instant, zone: &TimeZone) -> Date {
    wall(at, zone).date()
}

/// What a clock shows that is never set back: while the others repeat an hour, it stands still, and shows that hour's end.
fn steady(at: Instant, zone: &TimeZone) -> DateTime {
    let mut shown = wall(at, zone);
    let now: Timestamp = at.to_timestamp();
    for turn in zone.preceding(now + 1.nanoseconds()) {
        let turned = turn.timestamp();
        if now.duration_since(turned).as_hours() > 48 {
            break;
        }
        let before = zone.to_offset(turned - 1.nanoseconds());
        shown = shown.max(before.to_datetime(turned));
    }
    shown
}

/// The first instant at which a clock has shown this or more. What is shown at the end of a repeated hour is not shown
/// when it begins again.
fn first_showing(reading: DateTime, zone: &TimeZone) -> Instant {
    let about = Instant::from(reading.to_zoned(TimeZone::UTC).expect("a time within the calendar").timestamp()).0;
    let (mut low, mut high) = (about - 27 * HOUR, about + 27 * HOUR);
    while low < high {
        let middle = low + (high - low) / 2;
        let stands = steady(Instant(middle), zone) == reading && wall(Instant(middle), zone) < reading;
        if steady(Instant(middle), zone) >= reading && !stands {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Instant(high)
}

/// The first instant of a day.
pub fn start_of(day: Date, zone: &TimeZone) -> Instant {
    first_showing(day.at(0, 0, 0, 0), zone)
}

fn month_away(day: Date, months: i64) -> Date {
    let count = i64::from(day.year()) * 12 + i64::from(day.month()) - 1 + months;
    let year = i16::try_from(count.div_euclid(12)).expect("a year within the calendar");
    Date::new(year, i8::try_from(count.rem_euclid(12) + 1).expect("a month"), 1).expect("the first of a month")
}

/// Where a window of a length reaches from now. A day that the month does not have is the end of its last day.
pub fn edge(now: Instant, by: Length, zone: &TimeZone) -> Instant {
    if by.months == 0 {
        return now.plus_micros(by.micros);
    }
    let shown = steady(now, zone);
    let month = month_away(shown.date(), by.months);
    let reading = match Date::new(month.year(), month.month(), shown.day()) {
        Ok(day) => day.to_datetime(shown.time()),
        Err(_) => month.last_of_month().at(23, 59, 59, 999_999_000),
    };
    first_showing(reading, zone).plus_micros(by.micros)
}

/// A day moved; one that the month does not have is its last.
pub fn moved_day(day: Date, by: Length) -> Date {
    assert_eq!(by.micros % DAY, 0, "whole days");
    let month = month_away(day, by.months);
    let mut moved = Date::new(month.year(), month.month(), day.day()).unwrap_or_else(|_| month.last_of_month());
    for _ in 0..(by.micros / DAY).abs() {
        moved = if by.micros > 0 { moved.tomorrow().expect("a day") } else { moved.yesterday().expect("a day") };
    }
    moved
}

/// What `+` and `-` make of an instant and a length: the same time of day so many months away, then exact time.
pub fn shifted(at: Instant, by: Length, zone: &TimeZone) -> Instant {
    let there = at.to_timestamp().to_zoned(zone.clone()).checked_add(by.months.months()).expect("an instant within the calendar");
    Instant::from(there.timestamp()).plus_micros(by.micros)
}

fn same_unit(a: Date, b: Date, unit: &str) -> bool {
    let quarter = |d: Date| (d.year(), (d.month() - 1) / 3);
    let week = |d: Date| (d.iso_week_date().year(), d.iso_week_date().week());
    match unit {
        "day" => a == b,
        "week" => week(a) == week(b),
        "month" => (a.year(), a.month()) == (b.year(), b.month()),
        "quarter" => quarter(a) == quarter(b),
        "year" => a.year() == b.year(),
        other => panic!("the naive evaluator does not know the unit {other}"),
    }
}

/// A window of the calendar as seen from one instant.
pub enum Window {
    /// All days of the unit that holds this one.
    Days(Date, &'static str),
    /// The instants from the first to before the second.
    Hour(Instant, Instant),
}

/// `today`, `previous month`.
pub fn window(now: Instant, words: &str, zone: &TimeZone) -> Window {
    let today = date(now, zone);
    let (which, unit) = match words {
        "today" => ("this", "day"),
        "yesterday" => ("previous", "day"),
        "tomorrow" => ("next", "day"),
        words => words.split_once(' ').expect("two words"),
    };
    let unit = ["hour", "day", "week", "month", "quarter", "year"].into_iter().find(|u| *u == unit).expect("a unit");
    if unit == "hour" {
        let mut start = now;
        let shown = wall(now, zone);
        start = start.plus_micros(-i64::from(shown.minute()) * 60_000_000);
        start = start.plus_micros(-i64::from(shown.second()) * 1_000_000 - i64::from(shown.subsec_nanosecond()) / 1_000);
        let hours = match which {
            "this" => 0,
            "previous" => -1,
            _ => 1,
        };
        return Window::Hour(start.plus_micros(hours * HOUR), start.plus_micros((hours + 1) * HOUR));
    }
    let mut day = today;
    while which != "this" && same_unit(day, today, unit) {
        day = if which == "previous" { day.yesterday().expect("a day") } else { day.tomorrow().expect("a day") };
    }
    Window::Days(day, unit)
}

impl Window {
    pub fn holds(&self, at: Instant, zone: &TimeZone) -> bool {
        match self {
            Self::Days(day, unit) => same_unit(date(at, zone), *day, unit),
            Self::Hour(start, end) => *start <= at && at < *end,
        }
    }

    pub fn holds_day(&self, of: Date) -> bool {
        match self {
            Self::Days(day, unit) => same_unit(of, *day, unit),
            Self::Hour(..) => panic!("nobody asks of a day whether it is in an hour"),
        }
    }
}

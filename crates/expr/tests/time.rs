//! Windows at their boundaries, in zones and across daylight-saving changes, and when time alone flips a verdict.

use crate::common;

use common::*;
use jiff::tz::TimeZone;
use model::{Instant, Value};
use proptest::prelude::*;
use switchboard_expr::{Fuel, Truth};

fn on(now: &str, name: &str, value: Value) -> Person {
    let mut person = Person { now: at(now), bot_zone: TimeZone::get("Europe/Madrid").expect("a zone"), ..Person::default() };
    person.attributes.insert(name.into(), value);
    person
}

#[test]
fn windows_are_open_where_the_language_says() {
    // now, last_order, condition, verdict
    let table = [
        // now − D < x ≤ now
        ("2026-03-08T10:00:00Z", "2026-03-01T10:00:00Z", "last_order within 7 days", false),
        ("2026-03-08T10:00:00Z", "2026-03-01T10:00:00.000001Z", "last_order within 7 days", true),
        ("2026-03-08T10:00:00Z", "2026-03-08T10:00:00Z", "last_order within 7 days", true),
        ("2026-03-08T10:00:00Z", "2026-03-08T10:00:00.000001Z", "last_order within 7 days", false),
        // its complement for past values
        ("2026-03-08T10:00:00Z", "2026-03-01T10:00:00Z", "last_order older than 7 days", true),
        ("2026-03-08T10:00:00Z", "2026-03-01T10:00:00.000001Z", "last_order older than 7 days", false),
        ("2026-03-08T10:00:00Z", "2026-03-09T10:00:00Z", "last_order older than 7 days", false),
        // now ≤ x < now + D
        ("2026-03-08T10:00:00Z", "2026-03-08T10:00:00Z", "last_order within next 7 days", true),
        ("2026-03-08T10:00:00Z", "2026-03-15T10:00:00Z", "last_order within next 7 days", false),
        ("2026-03-08T10:00:00Z", "2026-03-15T09:59:59Z", "last_order within next 7 days", true),
        // Months are the calendar's: six months before the 31st of August is the last of February.
        ("2026-08-28T10:00:00Z", "2026-02-28T11:00:00Z", "last_order older than 6 months", true),
        ("2026-08-28T10:00:00Z", "2026-02-28T11:00:01Z", "last_order older than 6 months", false),
        // What has aged once stays so, whatever the hour of the days that February does not have.
        ("2026-08-29T05:00:00Z", "2026-02-28T11:00:01Z", "last_order older than 6 months", true),
        ("2026-08-31T05:00:00Z", "2026-02-28T22:59:59Z", "last_order older than 6 months", true),
        ("2026-08-31T05:00:00Z", "2026-02-28T23:00:00Z", "last_order older than 6 months", false),
        ("2026-01-29T05:00:00Z", "2026-02-28T22:59:59Z", "last_order within next 1 month", true),
        ("2026-01-31T05:00:00Z", "2026-02-28T23:00:00Z", "last_order within next 1 month", false),
        // Madrid's Monday begins at 23:00 UTC in winter, at 22:00 in summer.
        ("2026-03-02T22:59:59Z", "2026-03-01T23:00:00Z", "last_order is today", true),
        ("2026-03-02T23:00:00Z", "2026-03-01T23:00:00Z", "last_order is yesterday", true),
        ("2026-03-02T10:00:00Z", "2026-03-01T22:59:59Z", "last_order is this week", false),
        ("2026-03-02T10:00:00Z", "2026-03-01T22:59:59Z", "last_order is previous week", true),
        ("2026-03-02T03:00:00Z", "2026-03-02T05:30:00Z", "last_order is today in contact zone", false),
        ("2026-03-02T03:00:00Z", "2026-03-02T05:30:00Z", "last_order is today in bot zone", true),
        ("2026-03-02T03:00:00Z", "2026-03-02T16:00:00Z", "last_order is today in \"Pacific/Auckland\" zone", false),
        // The day of the change has 23 hours: the 29th of March begins at 23:00 and ends at 22:00.
        ("2026-03-29T21:59:59Z", "2026-03-28T23:00:00Z", "last_order is today", true),
        ("2026-03-29T22:00:00Z", "2026-03-28T23:00:00Z", "last_order is today", false),
        ("2026-12-31T23:00:00Z", "2026-12-31T22:59:59Z", "last_order is previous year", true),
        ("2026-12-31T23:00:00Z", "2026-12-31T22:59:59Z", "last_order is previous quarter", true),
    ];
    for (now, x, src, expected) in table {
        let person = on(now, "last_order", Value::DateTime(at(x)));
        assert_eq!(holds(src, &person), Ok(Truth::from(expected)), "at {now}, {x}: {src}");
    }
}

#[test]
fn days_are_counted_as_days() {
    let table = [
        ("birthday within 7 days", "2026-03-02", true),
        ("birthday within 7 days", "2026-02-24", true),
        ("birthday within 7 days", "2026-02-23", false),
        ("birthday older than 7 days", "2026-02-23", true),
        ("birthday within 1 day", "2026-03-02", true),
        ("birthday within 1 day", "2026-03-01", false),
        ("birthday within next 1 day", "2026-03-02", true),
        ("birthday within next 1 day", "2026-03-03", false),
        ("birthday is next month", "2026-04-30", true),
        ("anniversary(birthday) within next 7 days", "1990-03-08", true),
        ("anniversary(birthday) is previous month", "1990-02-28", true),
        ("years_since(birthday) >= 18", "2008-03-02", true),
        ("years_since(birthday) >= 18", "2008-03-03", false),
        ("anniversary(birthday) = 2026-02-28", "2004-02-29", true),
    ];
    for (src, day, expected) in table {
        let person = on("2026-03-02T10:00:00Z", "birthday", Value::Date(day.parse().unwrap()));
        assert_eq!(holds(src, &person), Ok(Truth::from(expected)), "{day}: {src}");
    }
}

#[test]
fn a_flip_is_told_to_the_microsecond() {
    let table = [
        ("last_order within 7 days", Some("2026-03-06T08:00:00Z")),
        ("last_order older than 1 day", None),
        ("last_order older than 4 days", Some("2026-03-03T08:00:00Z")),
        ("last_order older than 1 month", Some("2026-03-27T08:00:00Z")),
        ("last_order is this month", None),
        ("last_order is previous month", Some("2026-03-31T22:00:00Z")),
        ("last_order < now - 4 days", Some("2026-03-03T08:00:00.000001Z")),
        ("last_order <= now - 4 days", Some("2026-03-03T08:00:00Z")),
        ("now < 2026-03-05", Some("2026-03-04T23:00:00Z")),
        ("years_since(birthday) >= 18", Some("2026-03-02T23:00:00Z")),
        ("hour >= 9", Some("2026-03-02T11:00:00Z")),
        ("orders > 3", None),
        ("open(\"office\")", Some("2026-03-02T10:01:30.5Z")),
        ("open(city)", Some("2026-03-02T10:01:00Z")),
        ("orders > 3 and last_order within 7 days or last_order older than 4 days", Some("2026-03-06T08:00:00Z")),
        // What is decided already: it does not matter that another part turns.
        ("last_order within 7 days and last_order within 30 days", Some("2026-03-06T08:00:00Z")),
        ("orders > 30 and last_order within 7 days", None),
        ("not (orders > 3 or last_order within 7 days)", None),
        ("last_order older than 4 days and last_order older than 1 month", Some("2026-03-27T08:00:00Z")),
        ("has tag helped added within 2h", Some("2026-03-02T11:00:00Z")),
        ("ran skill order-help within 3 days", Some("2026-03-03T10:00:00Z")),
    ];
    let person = on("2026-03-02T10:00:00Z", "last_order", Value::DateTime(at("2026-02-27T08:00:00Z")));
    for (src, expected) in table {
        assert_eq!(condition(src).next_flip(&person, &mut Fuel::new(10_000)), expected.map(at), "{src}");
    }
}

const MOVING: &[&str] = &[
    "last_order within 3 days",
    "last_order within next 3 days",
    "last_order older than 2 days",
    "last_order within 1 month",
    "last_order within next 1 month",
    "last_order older than 1 month",
    "last_order is today",
    "last_order is previous week in contact zone",
    "last_order is next month",
    "last_order is this hour",
    "last_order < now",
    "last_order > now + 2 days",
    "birthday within 3 days",
    "birthday within next 1 month",
    "birthday older than 1 month",
    "birthday is tomorrow",
    "anniversary(birthday) is today",
    "last_order within 2h and birthday is today",
    "last_order older than 1 month 6h",
    "last_order within next 13 months",
    "last_order > now - 1 month",
];

/// Instants around which the calendar is uneven: ends of short months, and the clocks of Madrid changing.
const UNEVEN: [i64; 6] = [1_772_274_600, 1_774_573_200, 1_774_746_000, 1_777_424_400, 1_792_890_000, 1_795_568_400];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    /// Between now and the next flip nothing changes, and where no flip is told nothing ever does.
    #[test]
    fn nothing_changes_before_the_next_flip(
        which in 0..MOVING.len(),
        now in 1_767_225_600i64..1_798_761_600,
        away in -70i64 * 86_400..70 * 86_400,
        uneven in prop::option::of((0..UNEVEN.len(), -200_000i64..200_000, -40i64..40, -7_200i64..7_200)),
        probes in prop::collection::vec(0.0f64..1.0, 8),
    ) {
        let (now, away) = match uneven {
            Some((at, near, days, off)) => (UNEVEN[at] + near - days * 86_400, days * 86_400 + off),
            None => (now, away),
        };
        let day = |secs: i64| Instant::from_secs(secs).to_timestamp().to_zoned(TimeZone::UTC).date();
        let mut person = on("2026-01-01T00:00:00Z", "last_order", Value::DateTime(Instant::from_secs(now + away)));
        person.attributes.insert("birthday".into(), Value::Date(day(now + away)));
        person.now = Instant::from_secs(now);
        let src = MOVING[which];
        let condition = condition(src);
        let verdict = condition.eval(&person, &mut Fuel::new(1_000)).unwrap();
        let flip = condition.next_flip(&person, &mut Fuel::new(10_000));
        prop_assert!(flip.is_none_or(|flip| flip > person.now), "a flip is later than now: {src}");
        let end = flip.map_or(now * 1_000_000 + 200 * 86_400_000_000, |flip| flip.0 - 1);
        for probe in probes.into_iter().chain([1.0]) {
            let then = now * 1_000_000 + ((end - now * 1_000_000) as f64 * probe) as i64;
            person.now = Instant(then.min(end));
            prop_assert_eq!(condition.eval(&person, &mut Fuel::new(1_000)).unwrap(), verdict, "{} at {}, flips {:?}", src, person.now, flip);
        }
    }
}

//! What other products got wrong, each under its name: relative dates frozen when saved, days lost by one, the wrong zone,
//! nulls, newcomers, windows that end early, late, or once a day.

mod common;

use common::people::at;
use common::person::{Person, number, text};
use expr::{Condition, Fuel, Truth};
use model::{Instant, Value};
use switchboard_segments as segments;

const HOLDS: Truth = Truth::True;
const FAILS: Truth = Truth::False;
const UNKNOWN: Truth = Truth::Unknown;

// Relative dates.

#[test]
fn a_relative_date_stays_relative_when_it_is_saved_and_edited() {
    let person = Person::of("Europe/Madrid").when("last_order", "2026-03-02T10:00:00Z").event("purchase", "2026-03-02T10:00:00Z", &[]);
    for source in [
        "last_order within 7 days",
        "last_order is today",
        "last_order is previous week in contact zone",
        "last_order >= now - 7 days",
        "count(purchase, last 7 days) > 0",
        "count(purchase, this week) > 0",
        "count(purchase, since today() - 3 days) > 0",
    ] {
        let mut condition = person.town.condition(source);
        // Saved, read, shown as text, edited without a change, and saved again.
        for _ in 0..2 {
            let saved = serde_json::to_string(&condition).expect("it can be saved");
            assert!(!saved.contains("2026"), "{source} is saved as {saved}");
            let json: serde_json::Value = serde_json::from_str(&saved).expect("what was saved");
            let (read, _) = Condition::from_json(&json, &person.town).expect("what was saved can be read");
            condition = person.town.condition(&read.to_string());
        }
        for now in ["2026-03-02T11:00:00Z", "2026-03-04T11:00:00Z", "2026-03-10T11:00:00Z", "2026-04-02T11:00:00Z"] {
            let verdict = condition.eval(&person.facts(at(now)), &mut Fuel::new(10_000)).expect("a verdict");
            assert_eq!(verdict, person.is(source, now), "{source} at {now}");
        }
        assert_eq!(person.is(source, "2026-04-02T11:00:00Z"), FAILS, "{source}: a month later the day has gone by");
    }
}

#[test]
fn two_days_ago_is_not_off_by_one() {
    let person = Person::of("Europe/Madrid").when("last_order", "2026-03-02T10:00:00Z");
    // By the clock: 48 hours, to the microsecond.
    person.turns("last_order within 2 days", "2026-03-03T12:00:00Z", "2026-03-04T10:00:00Z");
    person.turns("last_order older than 2 days", "2026-03-03T12:00:00Z", "2026-03-04T10:00:00Z");
    // By the calendar: the day before yesterday, from midnight to midnight.
    person.turns("days_since(last_order) = 2", "2026-03-03T23:30:00Z", "2026-03-04T23:00:00Z");
    assert_eq!(person.is("days_since(last_order) = 2", "2026-03-03T22:59:59Z"), FAILS);
    assert_eq!(person.is("days_since(last_order) = 2", "2026-03-03T23:00:00Z"), HOLDS);
    person.turns("last_order is yesterday", "2026-03-03T12:00:00Z", "2026-03-03T23:00:00Z");
}

#[test]
fn the_third_day_is_three_midnights_later_whatever_the_hour() {
    // A message on "day 3" is due on the third calendar day, be it a full 72 hours or not.
    let late = Person::of("Europe/Madrid").since("2026-03-02T22:30:00Z");
    let early = Person::of("Europe/Madrid").since("2026-03-01T23:30:00Z");
    for person in [&late, &early] {
        assert_eq!(person.is("days_since(first_seen) = 3", "2026-03-04T22:59:59.999999Z"), FAILS);
        assert_eq!(person.is("days_since(first_seen) = 3", "2026-03-04T23:00:00Z"), HOLDS);
        assert_eq!(person.is("days_since(first_seen) = 3", "2026-03-05T22:59:59.999999Z"), HOLDS);
        assert_eq!(person.is("days_since(first_seen) = 3", "2026-03-05T23:00:00Z"), FAILS);
    }
}

#[test]
fn today_includes_every_instant_of_the_day_and_no_other() {
    let source = "appointment is today";
    for (instant, expected) in [
        ("2026-03-01T22:59:59.999999Z", FAILS),
        ("2026-03-01T23:00:00Z", HOLDS),
        ("2026-03-02T08:15:30Z", HOLDS),
        ("2026-03-02T22:59:59.999999Z", HOLDS),
        ("2026-03-02T23:00:00Z", FAILS),
    ] {
        let person = Person::of("Europe/Madrid").when("appointment", instant);
        assert_eq!(person.is(source, "2026-03-02T10:00:00Z"), expected, "{instant}");
        assert_eq!(person.is("appointment = 2026-03-02", "2026-03-02T10:00:00Z"), expected, "{instant}");
    }
}

#[test]
fn limits_are_included_where_the_words_say_so() {
    let orders = |n| Person::of("UTC").number("orders", n);
    for (n, between, above) in [(9, FAILS, FAILS), (10, HOLDS, HOLDS), (20, HOLDS, HOLDS), (21, FAILS, HOLDS)] {
        assert_eq!(orders(n).is("orders between 10 and 20", "2026-03-02T10:00:00Z"), between, "{n}");
        assert_eq!(orders(n).is("orders >= 10", "2026-03-02T10:00:00Z"), above, "{n}");
    }
    let person = Person::of("Europe/Madrid").event("purchase", "2026-03-02T22:59:59.999999Z", &[]);
    assert_eq!(person.is("count(purchase, between 2026-03-01 and 2026-03-02) = 1", "2026-04-01T10:00:00Z"), HOLDS);
    assert_eq!(person.is("count(purchase, between 2026-03-01 and 2026-03-01) = 0", "2026-04-01T10:00:00Z"), HOLDS);
    assert_eq!(person.is("count(purchase, since 2026-03-02) = 1", "2026-04-01T10:00:00Z"), HOLDS);
    assert_eq!(person.is("count(purchase, since 2026-03-03) = 0", "2026-04-01T10:00:00Z"), HOLDS);
}

// Zones.

#[test]
fn the_day_is_the_bots_day_unless_another_zone_is_named() {
    // Half past eleven at night in London is the next day in Madrid.
    let person = Person::of("Europe/Madrid").living_in("America/New_York").when("last_order", "2026-03-02T23:30:00Z");
    let now = "2026-03-03T03:00:00Z";
    assert_eq!(person.is("last_order is today", now), HOLDS);
    assert_eq!(person.is("last_order is today in bot zone", now), HOLDS);
    // In New York both are the evening of the 2nd.
    assert_eq!(person.is("last_order is today in contact zone", now), HOLDS);
    assert_eq!(person.is("last_order is today in contact zone", "2026-03-03T05:00:00Z"), FAILS);
    assert_eq!(person.is("last_order is yesterday in contact zone", "2026-03-03T05:00:00Z"), HOLDS);
    assert_eq!(person.is("last_order is today in \"Pacific/Auckland\" zone", "2026-03-03T11:00:00Z"), FAILS);
    person.turns("last_order is today in contact zone", now, "2026-03-03T05:00:00Z");
    person.turns("last_order is today", now, "2026-03-03T23:00:00Z");
}

#[test]
fn events_of_today_are_counted_by_the_zone_that_is_named() {
    let person = Person::of("Europe/Madrid").living_in("America/New_York").event("visit", "2026-03-02T23:30:00Z", &[]);
    person.turns("count(visit, today) > 0", "2026-03-03T03:00:00Z", "2026-03-03T23:00:00Z");
    person.turns("count(visit, today in contact zone) > 0", "2026-03-03T03:00:00Z", "2026-03-03T05:00:00Z");
    person.turns("count(visit, yesterday in contact zone) > 0", "2026-03-03T06:00:00Z", "2026-03-04T05:00:00Z");
}

#[test]
fn a_day_of_twenty_three_or_twenty_five_hours_is_a_day() {
    // Madrid's clocks go forward on the 29th of March and back on the 25th of October.
    for (begins, ends) in [("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")] {
        let person = Person::of("Europe/Madrid").when("last_order", begins).event("visit", begins, &[]);
        person.turns("last_order is today", begins, ends);
        person.turns("count(visit, today) = 1", begins, ends);
        // A day as a length of time is 24 hours all the same.
        let day = Instant(at(begins).0 + 86_400_000_000).to_string();
        person.turns("last_order within 1 day", begins, &day);
        person.turns("count(visit, last 1 day) = 1", begins, &day);
    }
}

#[test]
fn a_day_that_begins_at_one_oclock_begins_there() {
    // In Santiago the 6th of September 2026 has no midnight, in Cairo the 24th of April.
    for (zone, begins) in [("America/Santiago", "2026-09-06T04:00:00Z"), ("Africa/Cairo", "2026-04-23T22:00:00Z")] {
        let before = Instant(at(begins).0 - 1).to_string();
        let person = Person::of(zone).when("appointment", begins);
        assert_eq!(person.is("appointment is today", begins), HOLDS, "{zone}");
        assert_eq!(person.is("appointment is today", &before), FAILS, "{zone}");
        assert_eq!(person.is("appointment is tomorrow", &before), HOLDS, "{zone}");
        person.turns("appointment is tomorrow", &before, begins);
    }
}

#[test]
fn the_repeated_hour_is_counted_once_and_the_skipped_one_is_not_missed() {
    // An hour after half past two in the first pass is half past two in the second.
    let person = Person::of("Europe/Madrid").event("visit", "2026-10-25T00:30:00Z", &[]);
    person.turns("count(visit, last 1h) = 1", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z");
    // A month after the 25th of September, half past two, is the first of the two.
    let person = Person::of("Europe/Madrid").when("last_order", "2026-09-25T00:30:00Z");
    person.turns("last_order older than 1 month", "2026-10-20T00:00:00Z", "2026-10-25T00:30:00Z");
    // A month after the 28th of February, half past two: that hour is skipped, and the clocks being put forward is its end.
    let person = Person::of("Europe/Madrid").when("last_order", "2026-02-28T01:30:00Z");
    assert_eq!(person.is("last_order older than 1 month", "2026-03-28T01:29:59.999999Z"), FAILS);
    person.turns("last_order older than 1 month", "2026-03-20T00:00:00Z", "2026-03-28T01:30:00Z");
}

#[test]
fn months_are_the_calendars_and_nobody_leaves_and_comes_back() {
    // February has no 29th to 31st: what is a month old on one of these days stays so.
    for instant in ["2026-01-31T09:00:00Z", "2026-02-28T22:30:00Z", "2026-02-28T09:00:00Z"] {
        let person = Person::of("Europe/Madrid").when("last_order", instant).event("visit", instant, &[]);
        for source in ["last_order older than 1 month", "count(visit, last 1 month) = 0"] {
            let mut turned = 0;
            let mut now = at(instant).max(at("2026-02-27T00:00:00Z"));
            let mut last = person.is(source, &now.to_string());
            while now < at("2026-04-02T00:00:00Z") {
                now = now.plus_micros(1_800_000_000);
                let verdict = person.is(source, &now.to_string());
                turned += usize::from(verdict != last);
                last = verdict;
            }
            assert_eq!((turned, last), (1, HOLDS), "{source}");
        }
    }
}

#[test]
fn the_29th_of_february_has_a_birthday_every_year() {
    let person = Person::of("Europe/Madrid").day("birthday", "2004-02-29");
    assert_eq!(person.is("anniversary(birthday) is today", "2027-02-28T10:00:00Z"), HOLDS);
    assert_eq!(person.is("anniversary(birthday) is today", "2027-03-01T10:00:00Z"), FAILS);
    assert_eq!(person.is("anniversary(birthday) is today", "2028-02-28T10:00:00Z"), FAILS);
    assert_eq!(person.is("anniversary(birthday) is today", "2028-02-29T10:00:00Z"), HOLDS);
    person.turns("anniversary(birthday) is today", "2027-02-28T10:00:00Z", "2027-02-28T23:00:00Z");
    person.turns("years_since(birthday) >= 22", "2026-02-27T10:00:00Z", "2026-02-27T23:00:00Z");
}

#[test]
fn birthdays_of_next_week_are_found_over_new_year() {
    let person = Person::of("UTC").day("birthday", "1990-01-02");
    assert_eq!(person.is("anniversary(birthday) within next 7 days", "2025-12-26T12:00:00Z"), FAILS);
    assert_eq!(person.is("anniversary(birthday) within next 7 days", "2025-12-27T00:00:00Z"), HOLDS);
    assert_eq!(person.is("anniversary(birthday) within next 7 days", "2026-01-02T23:59:59Z"), HOLDS);
    person.turns("anniversary(birthday) within next 7 days", "2026-01-02T12:00:00Z", "2026-01-03T00:00:00Z");
}

// What is not known.

#[test]
fn a_missing_value_is_neither_equal_nor_different() {
    let person = Person::of("UTC");
    let now = "2026-03-02T10:00:00Z";
    for (source, expected) in [
        ("tier = gold", UNKNOWN),
        ("tier != gold", UNKNOWN),
        ("not tier = gold", UNKNOWN),
        ("tier is not gold", HOLDS),
        ("tier is set and tier != gold", FAILS),
        ("tier in [gold]", UNKNOWN),
        ("tier not in [gold]", UNKNOWN),
        ("tier is not in [gold]", HOLDS),
        ("orders < 5", UNKNOWN),
        ("not orders < 5", UNKNOWN),
        ("orders not between 1 and 2", UNKNOWN),
        ("not city contains \"a\"", UNKNOWN),
        ("last_order within 7 days", UNKNOWN),
        ("not last_order within 7 days", UNKNOWN),
        ("last_order is not today", HOLDS),
        ("tier is not set", HOLDS),
        // Kleene: what decides alone decides.
        ("tier = gold or source = \"organic\"", HOLDS),
        ("tier = gold and source = \"api\"", FAILS),
        ("tier = gold and source = \"organic\"", UNKNOWN),
        // A declared default is a value.
        ("plan = free", HOLDS),
    ] {
        assert_eq!(person.is(source, now), expected, "{source}");
    }
}

#[test]
fn an_attribute_that_was_emptied_is_as_missing_as_one_never_set() {
    let emptied = Person::of("UTC").with("city", text("  "));
    assert_eq!(emptied.is("city is set", "2026-03-02T10:00:00Z"), FAILS);
    assert_eq!(emptied.is("city is not set", "2026-03-02T10:00:00Z"), HOLDS);
}

#[test]
fn sums_of_nothing_are_zero_and_averages_of_nothing_unknown() {
    let person = Person::of("UTC").event("purchase", "2026-03-01T10:00:00Z", &[("category", text("cat"))]);
    let now = "2026-03-02T10:00:00Z";
    for (source, expected) in [
        ("count(refund) = 0", HOLDS),
        ("sum(refund.amount) = 0", HOLDS),
        ("sum(refund.amount) < 100", HOLDS),
        ("distinct(refund.amount) = 0", HOLDS),
        ("avg(refund.amount) < 100", UNKNOWN),
        ("max(refund.amount) < 100", UNKNOWN),
        ("min(refund.amount) > 100", UNKNOWN),
        ("last(refund.amount) = 1", UNKNOWN),
        ("last(refund.amount) is not 1", HOLDS),
        ("max(refund.amount) is not set", HOLDS),
        // There are purchases, but none says how much.
        ("count(purchase) = 1", HOLDS),
        ("count(purchase.total) = 0", HOLDS),
        ("sum(purchase.total) = 0", HOLDS),
        ("max(purchase.total) > 0", UNKNOWN),
        // A `where` over a missing field matches nothing, and neither does its negation.
        ("count(purchase where total > 5) = 0", HOLDS),
        ("count(purchase where not total > 5) = 0", HOLDS),
        ("count(purchase where total is not 5) = 1", HOLDS),
    ] {
        assert_eq!(person.is(source, now), expected, "{source}");
    }
}

// Newcomers.

#[test]
fn who_has_not_bought_for_thirty_days_includes_who_came_today_unless_asked_otherwise() {
    let newcomer = Person::of("UTC").since("2026-03-02T09:00:00Z");
    let regular = Person::of("UTC").since("2025-06-01T09:00:00Z");
    let buyer = Person::of("UTC").since("2025-06-01T09:00:00Z").event("purchase", "2026-02-20T09:00:00Z", &[]);
    let now = "2026-03-02T10:00:00Z";
    for source in ["count(purchase, last 30 days) = 0", "not count(purchase, last 30 days) > 0"] {
        assert_eq!([&newcomer, &regular, &buyer].map(|p| p.is(source, now)), [HOLDS, HOLDS, FAILS], "{source}");
    }
    let known = "count(purchase, last 30 days) = 0 and first_seen older than 30 days";
    assert_eq!([&newcomer, &regular, &buyer].map(|p| p.is(known, now)), [FAILS, HOLDS, FAILS]);
    newcomer.turns(known, now, "2026-04-01T09:00:00Z");
    buyer.turns(known, now, "2026-03-22T09:00:00Z");
}

#[test]
fn who_never_did_something_is_told_from_who_did_it_long_ago() {
    let never = Person::of("UTC");
    let long_ago = Person::of("UTC").event("visit", "2024-01-01T00:00:00Z", &[]);
    let now = "2026-03-02T10:00:00Z";
    assert_eq!(never.is("count(visit) = 0", now), HOLDS);
    assert_eq!(long_ago.is("count(visit) = 0", now), FAILS);
    assert_eq!(long_ago.is("count(visit, last 1 year) = 0", now), HOLDS);
    // Looking back has no limit of thirty days, or of two years.
    assert_eq!(long_ago.is("count(visit, last 10 years) = 1 and count(visit, ever) = 1", now), HOLDS);
}

// Counts in time.

#[test]
fn a_count_leaves_at_the_boundary_second_and_not_a_tenth_of_the_window_early() {
    let person = Person::of("UTC")
        .event("purchase", "2026-01-10T10:00:00Z", &[])
        .event("purchase", "2026-02-10T10:00:00.5Z", &[])
        .event("purchase", "2026-02-20T10:00:00Z", &[])
        .event("purchase", "2026-02-25T10:00:00Z", &[]);
    // The third newest decides: it is thirty days old on the 12th of March, half a second after ten.
    person.turns("count(purchase, last 30 days) >= 3", "2026-02-26T00:00:00Z", "2026-03-12T10:00:00.5Z");
    person.turns("count(purchase, last 30 days) = 0", "2026-03-25T00:00:00Z", "2026-03-27T10:00:00Z");
    person.turns("sequence(purchase then no visit within 2h)", "2026-01-10T10:30:00Z", "2026-01-10T12:00:00Z");
}

#[test]
fn wakes_are_as_many_as_flips_and_not_as_events() {
    let mut person = Person::of("UTC");
    for minute in 0..600 {
        let instant = at("2026-03-02T00:00:00Z").plus_micros(minute * 60_000_000).to_string();
        person = person.event("visit", &instant, &[]);
    }
    let mut now = at("2026-03-02T12:00:00Z");
    let mut wakes = 0;
    while let Some(flip) = person.next_flip("count(visit, last 7 days) >= 3", &now.to_string()) {
        now = flip;
        wakes += 1;
        assert!(wakes < 10, "woken again at {flip}");
    }
    assert_eq!(wakes, 1, "six hundred visits age out, one of them matters");
}

#[test]
fn a_window_that_begins_so_long_before_now_wakes_nobody_every_second() {
    let person = Person::of("UTC").event("visit", "2026-03-02T10:00:00Z", &[]).event("visit", "2026-03-02T10:20:00.25Z", &[]).event(
        "visit",
        "2026-03-02T10:40:00Z",
        &[],
    );
    // The limit is part of the window: an event on it still counts, and a microsecond later no more.
    person.turns("count(visit, since now - 90m) >= 2", "2026-03-02T10:45:00Z", "2026-03-02T11:50:00.250001Z");
    person.turns("count(visit, since now() - 90m) = 0", "2026-03-02T10:45:00Z", "2026-03-02T12:10:00.000001Z");
    // They come into this one an hour after they happened, and leave it after two.
    let between = "count(visit, between now - 2h and now - 1h) >= 2";
    person.turns(between, "2026-03-02T10:45:00Z", "2026-03-02T11:20:00.25Z");
    person.turns(between, "2026-03-02T11:30:00Z", "2026-03-02T12:20:00.250001Z");
    assert_eq!(person.next_flip(between, "2026-03-02T12:30:00Z"), None, "nothing is left to come");
    person.turns("last(visit, since now - 90m) is set", "2026-03-02T10:45:00Z", "2026-03-02T12:10:00.000001Z");
    person.turns("count(visit, since now - 1 month) >= 3", "2026-03-02T10:45:00Z", "2026-04-02T10:00:00.000001Z");
    // Nobody is woken for what changes no verdict, whoever judges: one contact, or the columns of all.
    use segments::{Book, Members, Origin, Rule, RuleKind, Set};
    let mut book = Book::new();
    book.put(&person.world.contact);
    book.add_events(person.world.contact.id, &person.world.events);
    for (source, flips) in
        [("count(visit, since now - 90m) >= 2", 1), (between, 2), ("sequence(visit then no purchase within 1h, since now - 2h)", 9)]
    {
        let kind = RuleKind::Where(person.town.condition(source));
        let (key, name) = ("one".to_owned(), "One".to_owned());
        let rule =
            Rule { key, name, description: None, kind, exclude: vec![], verified: false, origin: Origin::File, meaning: String::new() };
        let set = Set::new(vec![rule]);
        let mut members = Members::default();
        let (mut now, mut wakes) = (at("2026-03-02T10:45:00Z"), 0);
        loop {
            members.rebuild(&book.snapshot(), &set, &person.town, now);
            let Some(next) = members.not_before(&book, person.world.contact.id) else { break };
            (now, wakes) = (next, wakes + 1);
            assert!(wakes <= flips, "{source}: woken again at {now}");
        }
        assert!(wakes > 0, "{source} flips");
    }
}

#[test]
fn an_average_in_a_window_flips_when_the_cheap_one_ages_out() {
    let person = Person::of("UTC").event("purchase", "2026-03-01T10:00:00Z", &[("total", number(10))]).event(
        "purchase",
        "2026-03-02T10:00:00Z",
        &[("total", number(100))],
    );
    person.turns("avg(purchase.total, last 7 days) > 90", "2026-03-02T10:00:00Z", "2026-03-08T10:00:00Z");
    person.turns("sum(purchase.total, last 7 days) >= 110", "2026-03-02T10:00:00Z", "2026-03-08T10:00:00Z");
    person.turns("max(purchase.total, last 7 days) is set", "2026-03-08T12:00:00Z", "2026-03-09T10:00:00Z");
}

#[test]
fn a_late_event_counts_when_it_happened_and_not_when_it_arrived() {
    // Recorded in this order.
    let person = Person::of("UTC").event("visit", "2026-03-02T10:00:00Z", &[("page", text("/new"))]).event(
        "visit",
        "2026-02-20T10:00:00Z",
        &[("page", text("/old"))],
    );
    let now = "2026-03-02T11:00:00Z";
    assert_eq!(person.is("last(visit.page) = \"/new\"", now), HOLDS);
    assert_eq!(person.is("first(visit.page) = \"/old\"", now), HOLDS);
    assert_eq!(person.is("count(visit, last 7 days) = 1", now), HOLDS);
    person.turns("count(visit, last 30 days) = 2", now, "2026-03-22T10:00:00Z");
}

#[test]
fn events_of_one_instant_stand_in_the_order_they_were_recorded() {
    let person = Person::of("UTC")
        .event("visit", "2026-03-02T10:00:00Z", &[("page", text("/a"))])
        .event("visit", "2026-03-02T10:00:00Z", &[("page", text("/b"))])
        .event("visit", "2026-03-02T10:00:00Z", &[("page", text("/c"))]);
    assert_eq!(person.is("first(visit.page) = \"/a\"", "2026-03-02T10:00:00Z"), HOLDS);
    assert_eq!(person.is("last(visit.page) = \"/c\"", "2026-03-02T10:00:00Z"), HOLDS);
    assert_eq!(person.is("distinct(visit.page) = 3 and count(visit) = 3", "2026-03-02T10:00:00Z"), HOLDS);
}

#[test]
fn an_abandoned_cart_is_one_from_the_second_on_and_no_more_once_bought() {
    let cart = || Person::of("UTC").event("add_to_cart", "2026-03-02T10:00:00Z", &[]);
    let abandoned = "sequence(add_to_cart then no purchase within 2h)";
    cart().turns(abandoned, "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z");
    let bought = |when: &str| cart().event("purchase", when, &[]);
    assert_eq!(bought("2026-03-02T11:59:59.999999Z").is(abandoned, "2026-03-02T13:00:00Z"), FAILS);
    // Two hours later is too late, and so it was abandoned.
    assert_eq!(bought("2026-03-02T12:00:00Z").is(abandoned, "2026-03-02T13:00:00Z"), HOLDS);
    // What was bought before does not count as bought after.
    assert_eq!(bought("2026-03-02T09:59:59Z").is(abandoned, "2026-03-02T13:00:00Z"), HOLDS);
    let soon = "sequence(add_to_cart then purchase within 2h)";
    assert_eq!(bought("2026-03-02T11:00:00Z").is(soon, "2026-03-02T11:00:00Z"), HOLDS);
    assert_eq!(bought("2026-03-02T12:00:00Z").is(soon, "2026-03-02T13:00:00Z"), FAILS);
    // Only carts of the last day.
    cart().turns(&abandoned.replace("2h)", "2h, last 1 day)"), "2026-03-02T13:00:00Z", "2026-03-03T10:00:00Z");
}

#[test]
fn lines_of_an_order_are_counted_as_lines() {
    let line = |price: i64, category: &str| {
        Value::Record([("price".to_owned(), number(price)), ("category".to_owned(), text(category))].into_iter().collect())
    };
    let items = Value::List(vec![line(5, "cat"), line(20, "dog"), line(7, "CAT")]);
    // The order as a whole has a category as well.
    let fields = [("items", items), ("total", number(32)), ("category", text("dog"))];
    let person = Person::of("UTC").event("purchase", "2026-03-02T10:00:00Z", &fields);
    let now = "2026-03-02T11:00:00Z";
    for source in [
        "count(purchase) = 1",
        "count(purchase.items) = 3",
        "max(purchase.items.price) = 20",
        "sum(purchase.items.price where category = \"cat\") = 12",
        "count(purchase.items where category = \"cat\") = 2",
        "distinct(purchase.items.category) = 2",
        // The event's own fields are seen from its lines.
        "sum(purchase.items.price where total > 30) = 32",
    ] {
        assert_eq!(person.is(source, now), HOLDS, "{source}");
    }
}

// Texts and tags.

#[test]
fn contains_finds_what_people_see() {
    let person = Person::of("UTC").with("city", text("Ｓtraße 東京都 ไทย"));
    let now = "2026-03-02T10:00:00Z";
    // The naive evaluator knows no Thai; what matters here is the product.
    let holds = |source: &str| person.town.condition(source).eval(&person.facts(at(now)), &mut Fuel::new(10_000)) == Ok(HOLDS);
    for part in ["STRASSE", "straße", "京", "ไท"] {
        assert!(holds(&format!("city contains \"{part}\"")), "{part}");
    }
    assert!(!holds("city contains \"大阪\""));
}

#[test]
fn a_tag_has_a_time_and_no_spelling() {
    let person = Person::of("UTC").tagged("Größe", "2026-03-02T10:00:00Z");
    assert_eq!(person.is("has tag \"GRÖSSE\"", "2026-03-02T10:00:00Z"), HOLDS);
    person.turns("has tag \"größe\" added within 2h", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z");
}

#[test]
fn changed_within_asks_when_it_changed_and_not_what_it_is() {
    let mut person = Person::of("UTC");
    person.world.contact.changed.insert("orders".into(), at("2026-03-02T10:00:00Z"));
    // It was taken away: that is a change as well.
    person.turns("orders changed within 7 days", "2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    assert_eq!(person.is("plan changed within 7 days", "2026-03-02T10:00:00Z"), FAILS);
    assert_eq!(person.is("not plan changed within 7 days", "2026-03-02T10:00:00Z"), HOLDS);
}

#[test]
fn a_declared_name_is_what_the_customer_said_and_until_then_what_the_channel_knows() {
    let mut person = Person::of("UTC");
    person.world.contact.system.insert("email".into(), text("ana@shop.example"));
    assert_eq!(person.is("email ends with \"shop.example\"", "2026-03-02T10:00:00Z"), HOLDS);
    let person = person.with("email", text("ana@home.example"));
    assert_eq!(person.is("email ends with \"shop.example\"", "2026-03-02T10:00:00Z"), FAILS);
}

// What the random cases found.

#[test]
fn a_limit_that_moves_with_now_is_crossed_exactly() {
    let person = Person::of("UTC").since("2026-06-30T22:00:00Z");
    person.turns("first_seen between 2026-03-02 and now - 1 day", "2026-07-01T21:59:59.999999Z", "2026-07-01T22:00:00Z");
    let person = Person::of("UTC").since("2026-03-02T10:00:00Z");
    person.turns("first_seen >= now - 1 month", "2026-04-02T10:00:00Z", "2026-04-02T10:00:00.000001Z");
}

#[test]
fn the_order_of_parts_does_not_matter_where_one_cannot_be_computed() {
    use segments::{Book, Members, Origin, Rule, RuleKind, Set};
    let person = Person::of("UTC").with("vip", Value::Bool(true));
    let mut book = Book::new();
    book.put(&person.world.contact);
    let now = at("2026-03-02T10:00:00Z");
    for source in ["vip or orders + 1 > 3", "orders + 1 > 3 or vip", "vip or (orders + 1 > 3 and vip)", "(orders + 1 > 3 and vip) or vip"] {
        let kind = RuleKind::Where(person.town.condition(source));
        let (key, name) = ("one".to_owned(), "One".to_owned());
        let rule =
            Rule { key, name, description: None, kind, exclude: vec![], verified: false, origin: Origin::File, meaning: String::new() };
        let set = Set::new(vec![rule]);
        assert_eq!(set.is_member("one", &person.facts(now), &mut Fuel::new(1_000)), HOLDS, "{source}");
        // The columns say the same, asked and kept.
        let answer = book.snapshot().ask(&person.town.condition(source), &set, &person.town, now, 1);
        assert_eq!((answer.matched, answer.unknown), (1, 0), "{source}");
        let mut members = Members::default();
        members.rebuild(&book.snapshot(), &set, &person.town, now);
        assert!(members.is_member(&book, person.world.contact.id, "one"), "{source}");
    }
}

// What others leave out.

#[test]
fn a_rule_may_be_a_negation_alone() {
    let person = Person::of("UTC").tagged("gold", "2026-03-02T09:00:00Z").event("visit", "2026-03-02T10:00:00Z", &[]);
    assert_eq!(person.is("not has tag gold", "2026-03-02T10:00:00Z"), FAILS);
    assert_eq!(person.is("not (has tag gold and count(purchase) > 0)", "2026-03-02T10:00:00Z"), HOLDS);
    person.turns("not has tag gold added within 2h", "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z");
    person.turns("not count(visit, last 1 day) > 0", "2026-03-02T12:00:00Z", "2026-03-03T10:00:00Z");
}

#[test]
fn a_window_may_be_minutes_long_or_lie_between_two_days() {
    let person = Person::of("UTC").event("visit", "2026-03-02T10:00:00Z", &[]).event("visit", "2026-03-04T10:00:00Z", &[]);
    person.turns("count(visit, last 15m) = 1", "2026-03-04T10:01:00Z", "2026-03-04T10:15:00Z");
    assert_eq!(person.is("count(visit, between 2026-03-01 and 2026-03-03) = 1", "2026-03-05T10:00:00Z"), HOLDS);
    assert_eq!(person.next_flip("count(visit, between 2026-03-01 and 2026-03-03) = 1", "2026-03-05T10:00:00Z"), None);
    assert_eq!(person.is("first_seen between 2025-12-31 and 2026-01-01", "2026-03-05T10:00:00Z"), HOLDS);
}

#[test]
fn consent_is_asked_for_everywhere_or_on_one_channel() {
    let now = "2026-03-02T10:00:00Z";
    let all = [r#"has consent news"#, r#"has consent "news@web""#, r#"has consent "news@telegram""#];
    let is = |person: &Person| all.map(|source| person.is(source, now));
    assert_eq!(is(&Person::of("UTC")), [UNKNOWN, UNKNOWN, UNKNOWN]);
    // Each was asked for by itself: who agreed on one channel was not asked about the others.
    assert_eq!(is(&Person::of("UTC").said("news@web", true)), [UNKNOWN, HOLDS, UNKNOWN]);
    assert_eq!(is(&Person::of("UTC").said("news", true).said("news@web", false)), [HOLDS, FAILS, UNKNOWN]);
    let mut out = Person::of("UTC").said("news", true).said("news@web", true);
    out.world.contact.status = "unsubscribed".into();
    assert_eq!(is(&out), [FAILS, FAILS, FAILS], "whoever opted out agrees to nothing");
    for source in all {
        let condition = Person::of("UTC").town.condition(source);
        assert_eq!(condition.to_string(), source, "it is written as it was");
    }
}

#[test]
fn what_a_channel_says_of_the_contacts_zone_moves_their_day() {
    let mut person = Person::of("Europe/Madrid").event("visit", "2026-03-02T23:30:00Z", &[]);
    let (source, now) = ("count(visit, today in contact zone) = 1", "2026-03-03T06:00:00Z");
    for (zone, expected, turns) in [
        ("Europe/Madrid", HOLDS, "2026-03-03T23:00:00Z"),
        ("America/New_York", FAILS, ""),
        // Not a zone: the bot's.
        ("Nowhere/City", HOLDS, "2026-03-03T23:00:00Z"),
    ] {
        person = person.living_in(zone);
        assert_eq!(person.is(source, now), expected, "{zone}");
        if !turns.is_empty() {
            person.turns(source, now, turns);
        }
    }
}

//! What conditions say of recorded events: figures, windows, sequences, changes and notes, at their boundaries.

use crate::common;

use common::*;
use jiff::tz::TimeZone;
use model::{Instant, Money, Record, Value};
use switchboard_expr::{Fuel, Truth};

const T: Truth = Truth::True;
const F: Truth = Truth::False;
const U: Truth = Truth::Unknown;
const DAY: i64 = 86_400;

/// Somebody who bought three times: 40, 10 and 2 days ago.
fn buyer() -> Person {
    let mut person = Person::default();
    person.record("purchase", 40 * DAY, r#"{"total": 100, "category": "dog", "coupon": "SPRING"}"#);
    person.record(
        "purchase",
        10 * DAY,
        r#"{"total": 30, "category": "cat", "items": [{"sku": "a", "price": 10, "quantity": 2, "category": "cat"}, {"sku": "b", "price": 25, "quantity": 1}]}"#,
    );
    person.record(
        "purchase",
        2 * DAY,
        r#"{"total": "50", "category": "Dog", "items": [{"sku": "c", "price": 5, "quantity": 4, "category": "dog"}, {"sku": "A", "price": 10, "quantity": 1, "category": "cat"}], "tags": ["gift", "express"]}"#,
    );
    person.record("visit", 3_600, r#"{"path": "/", "starts": "2026-03-03T09:00:00Z"}"#);
    person
}

#[test]
fn figures_over_events() {
    let table: &[(&str, Truth)] = &[
        ("count(purchase) = 3", T),
        ("count(purchase, ever) = 3", T),
        ("count(nothing) = 0", T),
        ("sum(nothing.total) = 0", T),
        ("avg(nothing.total) > 0", U),
        ("avg(nothing.total) is set", F),
        ("first(nothing) is not set", T),
        ("distinct(nothing.category) = 0", T),
        ("sum(purchase.total) = 180", T),
        ("avg(purchase.total) = 60", T),
        ("min(purchase.total) = 30", T),
        ("max(purchase.total) = 100", T),
        ("sum(purchase.total) + 20 = 200", T),
        ("sum(purchase.total) / count(purchase) between 59 and 61", T),
        // Texts are the same for people.
        ("distinct(purchase.category) = 2", T),
        ("first(purchase.category) = \"dog\"", T),
        ("last(purchase.category) = \"DOG\"", T),
        // Of events without the field nothing is taken.
        ("count(purchase.coupon) = 1", T),
        ("last(purchase.coupon) = \"spring\"", T),
        // Without a field, the first and the last are when.
        ("last(purchase) within 7 days", T),
        ("first(purchase) older than 30 days", T),
        ("last(purchase) is today", F),
        ("now - last(purchase) = 48h", T),
        ("last(visit.starts) is tomorrow", T),
        ("max(visit.starts) within next 2 days", T),
        // Where.
        ("count(purchase where category = \"cat\") = 1", T),
        ("count(purchase where category is not \"cat\") = 2", T),
        ("count(purchase where coupon is set) = 1", T),
        ("count(purchase where coupon = \"x\" or total >= 50) = 2", T),
        ("count(purchase where total > contact.orders) = 3", T),
        ("count(purchase where event.total > 40 and contact.plan = gold) = 2", T),
        ("count(purchase where tags contains \"gift\") = 1", T),
        ("count(purchase where items[1].sku = \"b\") = 1", T),
        ("count(purchase where total / missing > 1) = 0", T),
        ("count(purchase where not coupon = \"x\") = 1", T),
        // Windows.
        ("count(purchase, last 30 days) = 2", T),
        ("sum(purchase.total, last 30 days) = 80", T),
        ("count(purchase where category = \"dog\", last 30 days) = 1", T),
        ("count(purchase, since 2026-02-20) = 2", T),
        ("count(purchase, since last_order) = 1", T),
        ("count(purchase, since appointment) = 0", U),
        ("count(nothing, since appointment) = 0", U),
        ("count(purchase, between 2026-01-01 and 2026-02-20) = 2", T),
        ("count(purchase, between 2026-02-20 and 2026-01-01) = 0", T),
        ("count(purchase, previous month) = 2", T),
        ("count(purchase, this month) = 0", T),
        ("count(purchase, this year in contact zone) = 3", T),
        ("count(visit, today) = 1", T),
        ("count(visit, this hour) = 0", T),
        ("count(visit, previous hour in \"Asia/Kolkata\" zone) = 1", T),
    ];
    let person = buyer();
    for (src, expected) in table {
        assert_eq!(holds(src, &person), Ok(*expected), "{src}");
        let parsed = condition(src);
        assert_eq!(condition(&parsed.to_string()), parsed, "{src} printed as {parsed}");
        assert_eq!(parsed.explain(&person, &mut Fuel::new(1_000_000)).verdict, *expected, "explained: {src}");
    }
}

#[test]
fn records_in_lists_are_gone_through_one_by_one() {
    let table: &[(&str, Truth)] = &[
        ("count(purchase.items) = 4", T),
        ("max(purchase.items.price) = 25", T),
        ("sum(purchase.items.quantity) = 8", T),
        // `b` has no category of its own, so it is of its purchase's: cat.
        ("sum(purchase.items.quantity where category = \"cat\") = 4", T),
        ("sum(purchase.items.quantity where event.category = \"cat\") = 3", T),
        ("sum(purchase.items.quantity where category = \"cat\" and total < 40) = 3", T),
        ("count(purchase.items where price >= 10, last 5 days) = 1", T),
        ("distinct(purchase.items.sku) = 3", T),
        ("distinct(purchase.tags) = 2", T),
        ("first(purchase.items.sku) = \"a\"", T),
        ("last(purchase.items.sku) = \"a\"", T),
        ("last(purchase.items.sku where category = \"dog\") = \"c\"", T),
        ("sum(purchase.category.price) = 0", T),
        ("max(purchase.items.nothing) is set", F),
    ];
    let person = buyer();
    for (src, expected) in table {
        assert_eq!(holds(src, &person), Ok(*expected), "{src}");
    }
}

#[test]
fn what_does_not_go_together_has_no_figure() {
    let mut person = Person::default();
    let euro = |amount: i64, currency: &str| {
        Record::from([("paid".to_owned(), Value::Money(Money { amount: amount.into(), currency: currency.into() }))])
    };
    let at = person.now.plus_micros(-1);
    person.events.insert("paid".into(), vec![(at, euro(5, "EUR")), (at, euro(7, "EUR")), (at, fields(r#"{"paid": "gratis"}"#))]);
    assert_eq!(holds("sum(paid.paid) > balance and avg(paid.paid) = 6 and max(paid.paid) = 7", &person), Ok(F));
    assert_eq!(holds("avg(paid.paid) = 6 and max(paid.paid) = 7 and count(paid.paid) = 3", &person), Ok(T));
    person.events.entry("paid".into()).or_default().push((at, euro(1, "USD")));
    for figure in ["sum", "avg", "min", "max"] {
        assert_eq!(holds(&format!("{figure}(paid.paid) > 0"), &person), Ok(U), "{figure}");
    }
    assert_eq!(holds("distinct(paid.paid) = 4", &person), Ok(T));
}

#[test]
fn windows_are_open_where_the_language_says() {
    let mut person = Person::default();
    person.record("visit", 7 * DAY, "{}");
    assert_eq!(holds("count(visit, last 7 days) = 0", &person), Ok(T), "seven days have passed");
    person.now = person.now.plus_micros(-1);
    assert_eq!(holds("count(visit, last 7 days) = 1", &person), Ok(T));
    person.now = person.now.plus_micros(1 - 7 * DAY * 1_000_000);
    assert_eq!(holds("count(visit, last 7 days) = 1", &person), Ok(T), "it counts from its instant on");
    person.now = person.now.plus_micros(-1);
    assert_eq!(holds("count(visit) = 0 and last(visit) is not set", &person), Ok(T), "what is to come does not count");
    // A limit given as a day is that day in the bot's zone, whole.
    let mut person = Person { bot_zone: TimeZone::get("Europe/Madrid").unwrap(), ..Person::default() };
    person.events.insert("visit".into(), vec![(at("2026-02-09T23:00:00Z"), Record::new()), (at("2026-02-10T22:59:59Z"), Record::new())]);
    assert_eq!(holds("count(visit, between 2026-02-10 and 2026-02-10) = 2 and count(visit, since 2026-02-10) = 2", &person), Ok(T));
    assert_eq!(holds("count(visit, since 2026-02-11) = 0 and count(visit, between 2026-02-09 and 2026-02-09) = 0", &person), Ok(T));
    person.attributes.insert("last_order".into(), Value::DateTime(at("2026-02-09T23:00:00Z")));
    assert_eq!(holds("count(visit, between last_order and last_order) = 1 and count(visit, since last_order) = 2", &person), Ok(T));
}

#[test]
fn sequences() {
    let table: &[(i64, i64, &str, Truth)] = &[
        // add_to_cart and purchase so many seconds ago (negative: to come)
        (3 * 3600, 2 * 3600, "sequence(add_to_cart then purchase within 2h)", T),
        (3 * 3600, 3600, "sequence(add_to_cart then purchase within 2h)", F),
        (3 * 3600, 3600 + 1, "sequence(add_to_cart then purchase within 2h)", T),
        (3 * 3600, 3 * 3600, "sequence(add_to_cart then purchase within 2h)", T),
        (3 * 3600, 3 * 3600 + 1, "sequence(add_to_cart then purchase within 2h)", F),
        (3 * 3600, 3600, "sequence(add_to_cart then no purchase within 2h)", T),
        (3 * 3600, 3600 + 1, "sequence(add_to_cart then no purchase within 2h)", F),
        (3 * 3600, 4 * 3600, "sequence(add_to_cart then no purchase within 2h)", T),
        // Not yet: two hours have not passed.
        (7_199, 4 * 3600, "sequence(add_to_cart then no purchase within 2h)", F),
        (7_200, 4 * 3600, "sequence(add_to_cart then no purchase within 2h)", T),
        (3 * 3600, -1, "sequence(add_to_cart then purchase within 4h)", F),
        (2 * DAY, 4 * DAY, "sequence(add_to_cart then no purchase within 2h, last 1 day)", F),
        (2 * DAY, 4 * DAY, "sequence(add_to_cart then no purchase within 2h, last 3 days)", T),
        (2 * DAY, 4 * DAY, "sequence(add_to_cart then no purchase within 2h, since appointment)", U),
        (3 * 3600, 3600, "sequence(add_to_cart where total > 5 then no purchase within 2h)", F),
        (3 * 3600, 2 * 3600, "sequence(add_to_cart then no purchase where total > 5 within 2h)", T),
        (3 * 3600, 2 * 3600, "sequence(add_to_cart then purchase where total < 5 within 2h)", T),
        (3 * 3600, 3600, "not sequence(add_to_cart then purchase within 2h)", T),
        (3 * 3600, 3600, "sequence(add_to_cart then add_to_cart within 9h)", F),
        (3 * 3600, 3600, "sequence(visit then purchase within 2h)", F),
        (3 * 3600, 3600, "sequence(purchase then no visit within 30m)", T),
    ];
    for (cart, purchase, src, expected) in table {
        let mut person = Person::default();
        person.record("add_to_cart", *cart, r#"{"total": 1}"#);
        person.record("purchase", *purchase, r#"{"total": 1}"#);
        assert_eq!(holds(src, &person), Ok(*expected), "{cart} {purchase} {src}");
        let parsed = condition(src);
        assert_eq!(condition(&parsed.to_string()), parsed);
    }
    let mut person = Person::default();
    person.record("visit", 600, "{}");
    person.record("visit", 600, "{}");
    assert_eq!(holds("sequence(visit then visit within 1m)", &person), Ok(T), "of one instant, one is recorded after the other");
    assert_eq!(holds("sequence(visit then no visit within 1m)", &person), Ok(T), "nothing follows the second");
}

#[test]
fn changes_notes_and_buckets() {
    let mut person = Person::default();
    for (src, expected) in [
        ("plan changed within 2 days", T),
        ("plan changed within last 1 day", F),
        ("contact.plan changed within 25h", T),
        ("city changed within 9 years", F),
        ("not city changed within 9 years", T),
        ("notes contain \"ANGRY\"", T),
        ("notes contain \"about the delay\"", T),
        ("notes contain \"happy\"", F),
        ("notes contain nickname", U),
        ("bucket(\"new-menu\") < 100 and bucket(\"new-menu\") >= 0", T),
        ("bucket(\"new-menu\") = bucket(\"new-menu\")", T),
        ("anniversary(birthday) is today", T),
    ] {
        assert_eq!(holds(src, &person), Ok(expected), "{src}");
    }
    let mut counts = [0_u32; 100];
    let number = |value: Option<Value>| match value {
        Some(Value::Number(n)) => n.to_string().parse::<usize>().expect("a whole number"),
        other => panic!("{other:?}"),
    };
    let mut both = 0;
    for id in 0..20_000 {
        person.system.insert("contact_id".into(), Value::text(format!("contact-{id}")));
        let bucket = number(value("bucket(\"new-menu\")", &person).unwrap());
        counts[bucket] += 1;
        both += u32::from(bucket < 50 && number(value("bucket(\"other\")", &person).unwrap()) < 50);
    }
    assert!(counts.iter().all(|count| (120..280).contains(count)), "spread evenly: {counts:?}");
    assert!((4_700..5_300).contains(&both), "two experiments have nothing to do with each other: {both}");
    person.system.remove("contact_id");
    assert_eq!(holds("bucket(\"x\") < 50", &person), Ok(U));
}

#[test]
fn flips_are_told_to_the_microsecond() {
    let mut person = buyer();
    person.record("add_to_cart", 3600, "{}");
    person.record("purchase", DAY, r#"{"total": 5, "category": "cat"}"#);
    let now = person.now;
    let from = |secs: i64| Some(now.plus_micros(secs * 1_000_000));
    let table: &[(&str, Option<Instant>)] = &[
        // Purchases 40, 10, 2 and 1 days ago.
        ("count(purchase, last 30 days) >= 3", from(20 * DAY)),
        ("count(purchase, last 30 days) >= 2", from(28 * DAY)),
        ("count(purchase, last 30 days) >= 4", None),
        ("count(purchase, last 30 days) = 0", from(29 * DAY)),
        ("count(purchase, last 30 days) = 1", from(28 * DAY)),
        ("count(purchase, last 30 days) > 0 and count(purchase, last 30 days) < 3", from(20 * DAY)),
        ("2 > count(purchase, last 30 days)", from(28 * DAY)),
        ("count(purchase where category = \"dog\", last 50 days) >= 2", from(10 * DAY)),
        ("count(purchase, last 60 days) - 1 > 2", from(20 * DAY)),
        ("count(purchase, last 60 days) in [1, 4]", from(20 * DAY)),
        ("count(purchase, last 60 days) between 2 and 9", from(58 * DAY)),
        // 100, 30, 50, 5: below 60 only when the 50 is gone too.
        ("sum(purchase.total, last 60 days) > 54", from(58 * DAY)),
        ("sum(purchase.total, last 60 days) = 185", from(20 * DAY)),
        ("min(purchase.total, last 60 days) = 5", from(59 * DAY)),
        ("max(purchase.total, last 60 days) > 60", from(20 * DAY)),
        ("avg(purchase.total, last 60 days) > 20", from(58 * DAY)),
        ("avg(purchase.total, last 60 days) is set", from(59 * DAY)),
        ("first(purchase.total, last 60 days) = 100", from(20 * DAY)),
        ("last(purchase.total, last 60 days) = 5", from(59 * DAY)),
        ("distinct(purchase.category, last 60 days) = 2", from(58 * DAY)),
        ("count(purchase, last 1 month) >= 3", Some(at("2026-03-20T10:00:00Z"))),
        // What does not move does not flip.
        ("count(purchase) >= 3", None),
        ("sum(purchase.total, since 2026-01-01) > 3", None),
        ("count(nothing, last 30 days) = 0", None),
        // The calendar's windows end.
        ("count(purchase, this month) >= 1", Some(at("2026-04-01T00:00:00Z"))),
        ("count(purchase, previous month) >= 1", Some(at("2026-05-01T00:00:00Z"))),
        ("count(purchase, previous month) >= 2", Some(at("2026-04-01T00:00:00Z"))),
        ("count(purchase, yesterday) = 1", Some(at("2026-03-03T00:00:00Z"))),
        ("count(purchase, today) = 0", None),
        ("count(purchase, this year) >= 1", Some(at("2027-01-01T00:00:00Z"))),
        // Together with what the time does to the value itself.
        ("last(purchase) within 7 days", from(6 * DAY)),
        ("last(purchase) older than 7 days", from(6 * DAY)),
        ("last(purchase) <= now - 7 days", from(6 * DAY)),
        ("now - 7 days > last(purchase)", Some(now.plus_micros(6 * DAY * 1_000_000 + 1))),
        ("last(purchase) < now - 7 days", Some(now.plus_micros(6 * DAY * 1_000_000 + 1))),
        ("now - last(purchase) > 7 days", Some(now.plus_micros(6 * DAY * 1_000_000 + 1))),
        ("now - last_order >= 4 days", from(DAY)),
        // Sequences.
        ("sequence(add_to_cart then no purchase within 2h)", from(3600)),
        ("sequence(add_to_cart then no purchase within 30m)", None),
        ("sequence(add_to_cart then no purchase within 30m, last 1 day)", from(23 * 3600)),
        ("sequence(add_to_cart then no purchase within 2h, last 90m)", None),
        ("sequence(purchase then purchase within 2 days, last 1 week)", from(5 * DAY)),
        ("sequence(purchase then no purchase within 5 days, last 12 days)", from(2 * DAY)),
        ("sequence(purchase then no purchase within 5 days)", None),
        ("sequence(purchase then visit within 2 days, this month)", Some(at("2026-04-01T00:00:00Z"))),
        ("plan changed within 2 days", from(DAY)),
        ("(count(purchase, last 30 days) >= 3) = true", from(20 * DAY)),
    ];
    for (src, expected) in table {
        assert_eq!(condition(src).next_flip(&person, &mut Fuel::new(1_000_000)), *expected, "{src}");
        let verdict = |now: Instant| holds(src, &Person { now, ..person.clone() });
        if let Some(flip) = expected
            && !src.contains(" and ")
        {
            assert_ne!(verdict(*flip), verdict(now), "{src} really flips at {flip}");
            assert_eq!(verdict(flip.plus_micros(-1)), verdict(now), "{src} stays until {flip}");
        }
    }
}

#[test]
fn explanations_show_value_bound_and_flip() {
    let mut person = buyer();
    person.record("add_to_cart", 3600, "{}");
    let told = |src: &str| {
        let told = condition(src).explain(&person, &mut Fuel::new(100_000));
        (told.actual, told.bound.unwrap_or_default(), told.flips_at)
    };
    assert_eq!(
        told("count(purchase, last 30 days) >= 2"),
        (Some(number("2")), "2 (events after 2026-01-31 10:00)".into(), Some(at("2026-03-22T10:00:00Z")))
    );
    assert_eq!(told("count(purchase) >= 5"), (Some(number("3")), "5".into(), None));
    assert_eq!(told("sum(purchase.total, previous month) > 5").1, "5 (events from 2026-02-01 00:00 to before 2026-03-01 00:00)");
    assert_eq!(
        told("sequence(add_to_cart then no purchase within 2h)"),
        (Some(Value::DateTime(at("2026-03-02T09:00:00Z"))), "no purchase before 2026-03-02 11:00".into(), Some(at("2026-03-02T11:00:00Z")))
    );
    assert_eq!(
        told("plan changed within 2 days"),
        (Some(Value::DateTime(at("2026-03-01T10:00:00Z"))), "after 2026-02-28 10:00".into(), Some(at("2026-03-03T10:00:00Z")))
    );
    assert_eq!(told("notes contain \"angry\"").1, "angry");
}

#[test]
fn references_name_the_events() {
    let names = |src: &str| {
        let references = condition(src).references();
        (
            references.events.into_iter().collect::<Vec<_>>().join(" "),
            references.attributes.into_iter().collect::<Vec<_>>().join(" "),
            references.time,
        )
    };
    assert_eq!(names("count(purchase where category = \"x\") > 1"), ("purchase".into(), "".into(), false));
    assert_eq!(names("sum(purchase.total where total > contact.orders, last 3 days) > 1"), ("purchase".into(), "orders".into(), true));
    assert_eq!(names("sequence(add_to_cart then no purchase within 2h)"), ("add_to_cart purchase".into(), "".into(), true));
    assert_eq!(names("sequence(add_to_cart then purchase within 2h)"), ("add_to_cart purchase".into(), "".into(), false));
    assert_eq!(names("count(visit where starts within next 2 days) > 0"), ("visit".into(), "".into(), true));
    assert_eq!(names("plan changed within 2 days"), ("".into(), "plan".into(), true));
}

#[test]
fn looking_at_events_costs_fuel_and_counting_them_does_not() {
    let mut person = Person::default();
    let all = (0..100_000).map(|n| (person.now.plus_micros(-n * 1_000_000), fields(r#"{"total": 1}"#))).rev().collect();
    person.events.insert("visit".into(), all);
    let cost = |src: &str| {
        let mut fuel = Fuel::new(100_000_000);
        condition(src).eval(&person, &mut fuel).unwrap();
        100_000_000 - fuel.left()
    };
    assert!(cost("count(visit, last 1 day) > 5") < 50);
    assert!(cost("last(visit.total) > 5") < 50);
    assert!(cost("first(visit.total) > 5") < 50);
    let sum = cost("sum(visit.total) > 5");
    assert!((100_000..200_000).contains(&sum), "{sum}");
    let sequence = cost("sequence(visit where total > 5 then no visit within 1h)");
    assert!(sequence < 400_000, "{sequence}: not the square");
    // What is only for convenience leaves the rest of the step its fuel, and errs early.
    let mut fuel = Fuel::new(80_000);
    let flip = condition("sum(visit.total, last 2 days) > 5").next_flip(&person, &mut fuel);
    assert!(fuel.left() >= 50_000 && flip.is_some_and(|flip| flip > person.now && flip <= person.now.plus_micros(2 * DAY * 1_000_000)));
    let mut fuel = Fuel::new(80_000);
    let flip = condition("count(visit, last 2 days) > 5").next_flip(&person, &mut fuel);
    assert_eq!(flip, Some(person.now.plus_micros((2 * DAY - 5) * 1_000_000)), "a count is followed by halving");
}

#[test]
fn hostile_events_cost_fuel_and_break_nothing() {
    let mut person = Person::default();
    let mut deep = Value::Record(Record::from([("price".to_owned(), number("1"))]));
    for _ in 0..120 {
        deep = Value::List(vec![deep]);
    }
    let wide = Value::List((0..50_000).map(|_| Value::Record(Record::from([("price".to_owned(), Value::text("1"))]))).collect());
    let long = Value::Text("a".repeat(1_000_000));
    let odd = Record::from([
        ("items".to_owned(), deep),
        ("total".to_owned(), number("79228162514264337593543950335")),
        ("long".to_owned(), long),
    ]);
    person.events.insert("purchase".into(), vec![(person.now, odd.clone()), (person.now, odd)]);
    person.events.insert("visit".into(), vec![(person.now, Record::from([("items".to_owned(), wide)]))]);
    assert_eq!(holds("sum(purchase.items.price) = 2", &person), Ok(T));
    assert_eq!(holds("sum(purchase.total) > 1", &person), Ok(U), "too large to add up");
    assert_eq!(holds("max(purchase.total) > 1 and distinct(purchase.items) = 1", &person), Ok(T));
    assert_eq!(holds("sum(visit.items.price) = 50000", &person), Ok(T));
    let spent = |src: &str| {
        let mut fuel = Fuel::new(10_000);
        (condition(src).eval(&person, &mut fuel), fuel.left())
    };
    assert_eq!(spent("sum(visit.items.price) = 50000").1, 0);
    assert_eq!(spent("count(purchase where long contains \"b\") = 0").1, 0);
    assert!(condition("sum(visit.items.price, last 1 day) = 50000").next_flip(&person, &mut Fuel::new(1_000)).is_some());
    // Times beyond the calendar do not break the windows.
    person.events.insert("visit".into(), vec![(Instant::MIN, Record::new()), (Instant(0), Record::new()), (Instant::MAX, Record::new())]);
    for src in [
        "count(visit, last 9000 years) >= 1",
        "count(visit, previous year) = 0",
        "sequence(visit then no visit within 9999 years) and vip",
        "sequence(visit then visit within 8000 years, last 9999 years)",
    ] {
        let condition = condition(src);
        assert!(condition.eval(&person, &mut Fuel::new(10_000)).is_ok(), "{src}");
        let flip = condition.next_flip(&person, &mut Fuel::new(10_000));
        assert!(flip.is_none_or(|flip| flip > person.now), "{src}: {flip:?}");
    }
}

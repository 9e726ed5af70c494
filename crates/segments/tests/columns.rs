//! Everybody at once is judged as each alone: random conditions and segments over the columns of a book of random people,
//! against the same conditions over the plain contacts, whatever order the book was filled in; and time is not followed too late.

mod common;

use common::cases;
use common::choices::Choices;
use common::people::{self, Ground, World, ZONES};
use common::plain::Plain;
use common::rules::{self, Taste};
use common::town::Town;
use expr::{Condition, Facts, Fuel, Truth};
use model::{ContactId, Instant, Value};
use proptest::prelude::*;
use segments::{Book, Members, Set};
use std::collections::BTreeSet;
use switchboard_segments as segments;

const FUEL: u64 = 10_000_000;

fn towns() -> &'static [Town] {
    static TOWNS: std::sync::OnceLock<Vec<Town>> = std::sync::OnceLock::new();
    TOWNS.get_or_init(|| ZONES.iter().map(|zone| Town::new(zone)).collect())
}

/// People of one town, written down piece by piece: early drafts of them, events out of order, somebody who is gone again.
fn book(c: &mut Choices<'_>, ground: &Ground, worlds: &[World]) -> Book {
    let mut book = Book::new();
    let gone = people::world(c, ground, 99);
    let mut drafts = Vec::new();
    for world in worlds {
        let mut draft = world.contact.clone();
        if c.once_in(2) {
            draft = people::contact(c, ground, 1);
            draft.id = world.contact.id;
        }
        book.put(&draft);
        let split = c.below(world.events.len() + 1);
        // Those of one name and instant keep their order; names may be mixed.
        let (early, late) = world.events.split_at(split);
        book.add_events(world.contact.id, early);
        for event in late {
            book.add_events(world.contact.id, std::slice::from_ref(event));
        }
        if c.once_in(4) {
            book.put(&gone.contact);
            book.add_events(gone.contact.id, &gone.events);
        }
        drafts.push(draft);
    }
    for (world, draft) in worlds.iter().zip(&drafts) {
        if c.once_in(2) {
            book.put(&world.contact);
        } else {
            book.change(draft, &world.contact);
        }
    }
    book.remove(gone.contact.id);
    book
}

fn told(town: &Town, worlds: &[World], source: &str, now: Instant) -> String {
    format!("{source}\nin {:?} at {now}\n{worlds:#?}", town.zone.iana_name())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 3_000, ..ProptestConfig::with_cases(cases(300)) })]

    #[test]
    fn a_condition_selects_by_columns_whom_it_holds_for_alone(drawn in prop::collection::vec(any::<u16>(), 0..700)) {
        let mut c = Choices::new(&drawn);
        let towns = towns();
        let mut town = towns[c.below(towns.len())].clone();
        town.rules = rules::segments(&mut c, &town);
        let set = town.set();
        let depth = c.below(3);
        let source = rules::condition(&mut c, depth, Taste { events: true, segments: true });
        let condition = town.condition(&source);
        let ground = Ground::new(&mut c, &town.zone);
        let count = 1 + c.below(6);
        let worlds: Vec<World> = (0..count).map(|n| people::world(&mut c, &ground, n as u128 + 1)).collect();
        let book = book(&mut c, &ground, &worlds);
        let now = worlds[0].now;
        agree(&town, &set, &book, &worlds, &condition, now)?;
        followed(&town, &set, &book, &worlds, now)?;
    }
}

fn agree(town: &Town, set: &Set, book: &Book, worlds: &[World], condition: &Condition, now: Instant) -> Result<(), TestCaseError> {
    let source = condition.to_string();
    let snapshot = book.snapshot();
    let mut expected: BTreeSet<ContactId> = BTreeSet::new();
    let mut unknown = 0;
    for world in worlds {
        let plain = Plain::new(town, &world.contact, &world.events, now).within(set);
        let verdict = condition.verdict(&plain, &mut Fuel::new(FUEL));
        let row = book.who(world.contact.id, now, town, set).expect("everybody is there");
        let by_row = condition.verdict(&row, &mut Fuel::new(FUEL));
        prop_assert_eq!(by_row, verdict, "one contact out of the columns: {}", told(town, worlds, &source, now));
        match verdict {
            Truth::True => _ = expected.insert(world.contact.id),
            Truth::Unknown => unknown += 1,
            Truth::False => {}
        }
    }
    let answer = snapshot.ask(condition, set, town, now, 100);
    let selected: BTreeSet<ContactId> = snapshot.select(condition, set, town, now).iter().collect();
    prop_assert_eq!(&selected, &expected, "{}\n{:?}", told(town, worlds, &source, now), &answer);
    let counts = (answer.contacts, answer.matched, answer.unknown);
    prop_assert_eq!(counts, (worlds.len() as u64, expected.len() as u64, unknown), "{}", told(town, worlds, &source, now));
    prop_assert_eq!(answer.sample.into_iter().collect::<BTreeSet<_>>(), expected);
    Ok(())
}

fn followed(town: &Town, set: &Set, book: &Book, worlds: &[World], now: Instant) -> Result<(), TestCaseError> {
    let mut members = Members::default();
    members.rebuild(&book.snapshot(), set, town, now);
    let rules = || town.rules.iter().map(|rule| format!("{rule:?}")).collect::<Vec<_>>().join("\n");
    for world in worlds {
        let id = world.contact.id;
        let plain = Plain::new(town, &world.contact, &world.events, now).within(set);
        for rule in set.iter() {
            let is = set.is_member(&rule.key, &plain, &mut Fuel::new(FUEL)) == Truth::True;
            prop_assert_eq!(members.is_member(book, id, &rule.key), is, "{} of {}", &rule.key, told(town, worlds, &rules(), now));
        }
        let told_flip = members.not_before(book, id);
        prop_assert!(told_flip.is_none_or(|at| at > now), "{told_flip:?} is not after {now}");
        // Whatever one contact's own evaluator wants to look at before that, it finds nothing changed.
        let who = |at: Instant| Plain::new(town, &world.contact, &world.events, at).within(set);
        let is = |at: Instant| -> Vec<bool> {
            let member = |rule: &segments::Rule| set.is_member(&rule.key, &who(at), &mut Fuel::new(FUEL)) == Truth::True;
            set.iter().map(member).collect()
        };
        let next = |at: Instant| set.next_flip(set.order().iter().map(String::as_str), &who(at), &mut segments::Ration::new(FUEL));
        let mut at = next(now);
        for _ in 0..20 {
            let Some(flip) = at.filter(|flip| told_flip.is_none_or(|told| *flip < told)) else { break };
            let told = || format!("told {told_flip:?}, and it flips at {flip}: {}", told(town, std::slice::from_ref(world), &rules(), now));
            prop_assert_eq!(is(flip), is(now), "{}", told());
            at = next(flip);
        }
    }
    for rule in set.iter() {
        let size = worlds.iter().filter(|world| members.is_member(book, world.contact.id, &rule.key)).count();
        prop_assert_eq!(members.size(&rule.key), size as u64);
    }
    Ok(())
}

#[test]
fn since_when_somebody_is_in_a_segment_is_what_their_record_says() {
    let mut book = Book::new();
    let mut drawn = Vec::new();
    // More than one chunk of people, so that each is found among others.
    for n in 0..1_500_u128 {
        let mut c = Choices::new(&[]);
        let mut contact = people::contact(&mut c, &Ground::new(&mut Choices::new(&[]), &towns()[0].zone), n + 1);
        let since = Instant(i64::try_from(n).expect("small") * 1_000);
        contact.memberships = [("one".to_owned(), since)].into();
        if n % 3 == 0 {
            contact.memberships.insert("two".into(), since.plus_micros(1));
        }
        book.put(&contact);
        drawn.push(contact);
    }
    let told = |book: &Book, contact: &model::Contact| ["one", "two", "three"].map(|key| book.since(contact.id, key));
    let noted = |contact: &model::Contact| ["one", "two", "three"].map(|key| contact.memberships.get(key).copied());
    for (place, contact) in drawn.iter_mut().enumerate() {
        assert_eq!(told(&book, contact), noted(contact));
        // Some leave, some come back later.
        if place % 2 == 0 {
            contact.memberships.remove("one");
        } else {
            contact.memberships.insert("two".into(), Instant(7));
        }
        book.put(contact);
        assert_eq!(told(&book, contact), noted(contact));
    }
    let gone = drawn.swap_remove(700);
    book.remove(gone.id);
    assert_eq!(told(&book, &gone), [None; 3]);
    assert!(drawn.iter().all(|contact| told(&book, contact) == noted(contact)), "nobody else is touched");
}

#[test]
fn a_value_that_is_written_another_way_is_written_down() {
    let mut c = Choices::new(&[]);
    let mut before = people::contact(&mut c, &Ground::new(&mut Choices::new(&[]), &towns()[0].zone), 1);
    let money = |amount: &str| {
        let amount = amount.parse().expect("a number");
        Value::Money(model::Money { amount, currency: "EUR".into() })
    };
    before.attributes.insert("balance".into(), money("10.0"));
    let mut after = before.clone();
    after.attributes.insert("balance".into(), money("10.00"));
    assert_eq!(before, after, "to compare them they are the same");
    let mut book = Book::new();
    book.put(&before);
    book.change(&before, &after);
    let set = Set::default();
    let row = book.who(after.id, Instant(0), &towns()[0], &set).expect("they are there");
    let kept = Facts::attribute(&row, "balance").expect("it is there");
    assert_eq!(format!("{kept:?}"), format!("{:?}", after.attributes["balance"]));
}

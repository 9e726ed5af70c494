//! The rules of reading everybody: pages in the order of ids, those who were active, and all with their events.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::Store;
use model::{ContactId, Owner};

pub fn people_page_in_id_order(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in [5, 3, 9, 1] {
        must(&*store, newcomer(n));
    }
    store.close().unwrap();
    drop(store);
    store = factory.open();
    for n in [8, 2, 700] {
        must(&*store, newcomer(n));
    }
    // Some of those in the database are newer in memory.
    must(&*store, change(&get(&*store, 3)));
    let page = |after: Option<u64>, limit| -> Vec<ContactId> {
        store.people(after.map(contact_id), limit).unwrap().iter().map(|p| p.contact.id).collect()
    };
    let ids = |numbers: &[u64]| numbers.iter().map(|n| contact_id(*n)).collect::<Vec<_>>();
    assert_eq!(page(None, 100), ids(&[1, 2, 3, 5, 8, 9, 700]));
    assert_eq!(page(None, 3), ids(&[1, 2, 3]));
    assert_eq!(page(Some(3), 3), ids(&[5, 8, 9]));
    assert_eq!(page(Some(4), 2), ids(&[5, 8]));
    assert_eq!(page(Some(700), 3), ids(&[]));
    assert_eq!(page(None, 0), ids(&[]));
    assert_eq!(store.stats().people, 7);
    assert_eq!(get(&*store, 3).version, 2);
}

pub fn active_people_are_found(factory: &mut dyn Factory) {
    let mut store = factory.open();
    let set = |store: &dyn Store, n: u64, active: bool| {
        let person = get(store, n);
        let mut next = change(&person);
        let mut conversation = person.conversations[0].clone();
        conversation.owner = if active { Owner::Queue } else { Owner::Bot };
        next.conversations = vec![conversation];
        must(store, next);
    };
    let active = |store: &dyn Store| {
        let mut found = Vec::new();
        store.active(&mut |person| found.push((person.contact.id.0 >> 64) as u64)).unwrap();
        found.sort_unstable();
        found
    };
    for n in 1..=6 {
        must(&*store, newcomer(n));
    }
    [1, 2, 3].into_iter().for_each(|n| set(&*store, n, true));
    assert_eq!(active(&*store), [1, 2, 3]);
    store.close().unwrap();
    drop(store);
    store = factory.open();
    assert_eq!(active(&*store), [1, 2, 3]);
    set(&*store, 2, false);
    set(&*store, 5, true);
    assert_eq!(active(&*store), [1, 3, 5]);
    drop(store);
    store = factory.open();
    assert_eq!(active(&*store), [1, 3, 5]);
    store.close().unwrap();
    drop(store);
    assert_eq!(active(&*factory.open()), [1, 3, 5]);
}

pub fn a_scan_gives_everybody_with_their_events(factory: &mut dyn Factory) {
    let mut store = factory.open();
    let scanned = |store: &dyn Store| {
        let mut found = std::collections::BTreeMap::new();
        let each = &mut |person: std::sync::Arc<model::Person>, events: Vec<model::EventRecord>| {
            let before = found.insert(person.contact.id, (person, events));
            assert!(before.is_none(), "somebody came twice");
        };
        store.scan(each).unwrap();
        found
    };
    assert!(scanned(&*store).is_empty());
    // Somebody without events, with a few, with pages of them between lines and steps, and one too large for a row.
    let counts = [0, 1, 90, 7];
    for (n, count) in (1..).zip(counts) {
        let mut first = newcomer(n);
        if n == 4 {
            let large = model::Value::text((0..40_000_u32).map(|n| n.to_string()).collect::<String>());
            first.contact.as_mut().unwrap().attributes.insert("large".into(), large);
        }
        must(&*store, first);
        for at in 0..count {
            let person = get(&*store, n);
            let mut next = change(&person);
            say(&mut next, &person, 0, &[&format!("line {at} of {n}, and {}", "more ".repeat(20))]);
            next.journey = vec![journey(at)];
            next.events = vec![event(at)];
            must(&*store, next);
        }
    }
    let check = |store: &dyn Store| {
        let found = scanned(store);
        assert_eq!(found.len(), counts.len());
        for (n, count) in (1..).zip(counts) {
            let (person, events) = &found[&contact_id(n)];
            assert_eq!(**person, *get(store, n));
            assert_eq!(*events, (0..count).map(event).collect::<Vec<_>>(), "person {n}");
        }
    };
    check(&*store);
    store.close().unwrap();
    drop(store);
    store = factory.open();
    check(&*store);
    // Some of it is newer than what was carried over, and has pages already.
    let mut next = change(&get(&*store, 3));
    next.events = vec![event(90)];
    must(&*store, next);
    drop(store);
    store = factory.open();
    let found = scanned(&*store);
    assert_eq!(found[&contact_id(3)].1, (0..91).map(event).collect::<Vec<_>>());
    assert_eq!(found[&contact_id(2)].1.len(), 1);
}

//! The rule of events that were recorded and did not happen after all.

#![allow(missing_docs, clippy::missing_panics_doc)] // The name says it; to panic is what it is for.

use super::{
    Factory,
    people::{change, contact_id, event, get, must, newcomer},
};
use crate::Store;
use model::{EventRecord, Forgotten};

fn check(store: &dyn Store, newest_first: &[EventRecord], forgotten: usize) {
    let all = store.events(contact_id(1), 0, usize::MAX).unwrap();
    assert_eq!(all, newest_first);
    assert_eq!(store.events(contact_id(1), 7, 30).unwrap(), newest_first.iter().skip(7).take(30).cloned().collect::<Vec<_>>());
    let oldest: Vec<EventRecord> = newest_first.iter().rev().take(40).cloned().collect();
    assert_eq!(store.oldest_events(contact_id(1), 40).unwrap(), oldest);
    let mut scanned = Vec::new();
    store.scan(&mut |person, events| scanned.push((person.contact.id, events))).unwrap();
    assert_eq!(scanned, [(contact_id(1), newest_first.iter().rev().cloned().collect())]);
    assert_eq!(get(store, 1).forgotten.events, forgotten as u64);
}

pub fn events_that_are_withdrawn_keep_their_places_and_say_nothing(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    let told = |n: u64| EventRecord { name: format!("told {n} ").repeat(8), ..event(n) };
    let mut events: Vec<EventRecord> = Vec::new();
    // Some of them are carried over by then, in pages that are closed and in the one that is open, some are not.
    for round in 0..40 {
        let mut next = change(&get(&*store, 1));
        next.events = (round * 10..round * 10 + 10).map(told).collect();
        events.extend(next.events.iter().cloned());
        must(&*store, next);
        if round == 31 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    let mut next = change(&get(&*store, 1));
    next.events = vec![told(400), told(401)];
    events.extend(next.events.iter().cloned());
    // Of this change itself too; and one that is not there is no mistake.
    next.withdraw = events.iter().map(|event| event.id).filter(|id| id.0 % 3 == 1).chain([event(9_999).id]).collect();
    let gone = next.withdraw.len() - 1;
    must(&*store, next);
    events.iter_mut().filter(|event| event.id.0 % 3 == 1).for_each(EventRecord::withdraw);
    assert!(gone > 100 && events.iter().filter(|event| event.is_withdrawn()).count() == gone);
    events.reverse();
    for _ in 0..2 {
        check(&*store, &events, 0);
        store.close().unwrap();
        drop(store);
        store = factory.open();
    }
    // What is forgotten afterwards is counted as ever.
    let mut next = change(&get(&*store, 1));
    next.forget = Forgotten { events: 50, ..Forgotten::default() };
    must(&*store, next);
    events.truncate(events.len() - 50);
    for _ in 0..2 {
        check(&*store, &events, 50);
        store.close().unwrap();
        drop(store);
        store = factory.open();
    }
}

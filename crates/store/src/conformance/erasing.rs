//! The rules of what goes: who is erased is gone whole, and a compaction changes nothing that lives.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{Commit, Error, PersonChange, Store, commit_blocking};
use model::Conversation;
use serde_json::json;

pub fn who_is_erased_is_gone_whole_and_their_address_is_free(factory: &mut dyn Factory) {
    let store = factory.open();
    for n in [1, 2] {
        let mut first = newcomer(n);
        first.journey = vec![journey(n)];
        first.events = vec![event(n)];
        must(&*store, first);
        let person = get(&*store, n);
        let mut next = change(&person);
        let long = "word ".repeat(5_000);
        say(&mut next, &person, 0, &["hello", &long, &long]);
        next.inbox_put = vec![inbox(1)];
        must(&*store, next);
    }
    // Once checkpointed and once fresh: both ways of being there end.
    store.close().unwrap();
    drop(store);
    let store = factory.open();
    let erase = |store: &dyn Store, n: u64| commit_blocking(store, commit(PersonChange::erase(contact_id(n), get(store, n).version)));
    let stale = PersonChange::erase(contact_id(1), 1);
    assert!(matches!(commit_blocking(&*store, commit(stale)), Err(Error::Conflict { .. })));
    let mut more = PersonChange::erase(contact_id(1), 2);
    more.journey = vec![journey(7)];
    assert!(matches!(commit_blocking(&*store, commit(more)), Err(Error::Invalid(_))));
    let nobody = PersonChange::erase(contact_id(9), 0);
    assert!(matches!(commit_blocking(&*store, commit(nobody)), Err(Error::Invalid(_))));
    must(&*store, newcomer(3));
    erase(&*store, 1).unwrap();
    erase(&*store, 3).unwrap();
    let gone = |store: &dyn Store| {
        for n in [1, 3] {
            assert!(store.person(contact_id(n)).unwrap().is_none());
            assert_eq!(store.person_at(&address(n)).unwrap(), None);
            assert!(store.transcript(contact_id(n), conversation_id(n, 0), 0, 9).unwrap().is_empty());
            assert!(store.journey(contact_id(n), 0, 9).unwrap().is_empty());
            assert!(store.events(contact_id(n), 0, 9).unwrap().is_empty());
        }
        assert_eq!(store.people(None, 10).unwrap().iter().map(|p| p.contact.id).collect::<Vec<_>>(), [contact_id(2)]);
        assert_eq!(store.people(None, 1).unwrap().len(), 1, "a page is full while there is somebody");
        let mut active = 0;
        store.active(&mut |_| active += 1).unwrap();
        let mut all = 0;
        store.scan(&mut |_, _| all += 1).unwrap();
        assert_eq!((active, all, store.stats().people), (1, 1, 1));
    };
    gone(&*store);
    assert!(matches!(erase_again(&*store), Err(Error::Conflict { found: 0, .. })), "once is enough");
    drop(store);
    let store = factory.open();
    gone(&*store);
    store.close().unwrap();
    drop(store);
    let store = factory.open();
    gone(&*store);
    // The address is free for whoever comes next.
    let mut next = newcomer(1);
    next.id = contact_id(11);
    next.contact = Some(Box::new(model::Contact::new(contact_id(11), at(1), address(1), "organic")));
    next.conversations = vec![Conversation::new(conversation_id(11, 0), contact_id(11), address(1))];
    must(&*store, next);
    assert_eq!(store.person_at(&address(1)).unwrap(), Some(contact_id(11)));
}

fn erase_again(store: &dyn Store) -> Result<crate::Seq, Error> {
    commit_blocking(store, commit(PersonChange::erase(contact_id(1), 2)))
}

pub fn a_compaction_changes_nothing_that_lives(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in 0..30 {
        let mut first = newcomer(n);
        first.journey = (0..20).map(|k| journey(n * 100 + k)).collect();
        first.events = vec![event(n)];
        must(&*store, first);
        let person = get(&*store, n);
        let mut next = change(&person);
        say(&mut next, &person, 0, &["hello", &"word ".repeat(4_000)]);
        must(&*store, next);
        let put = record("t", &n.to_string(), Some(json!({ "n": n, "long": "z".repeat(20_000) })));
        commit_blocking(&*store, Commit { person: None, records: vec![put], ..Commit::default() }).unwrap();
    }
    let told = |store: &dyn Store| {
        let people: Vec<_> = store.people(None, 100).unwrap().iter().map(|p| (**p).clone()).collect();
        let of = |n: u64| {
            let lines = store.transcript(contact_id(n), conversation_id(n, 0), 0, 99).unwrap();
            (lines, store.journey(contact_id(n), 0, 99).unwrap(), store.events(contact_id(n), 0, 99).unwrap())
        };
        (people, (0..30).map(of).collect::<Vec<_>>(), store.records("t").unwrap(), store.stats().people)
    };
    for n in (0..30).step_by(3) {
        let version = get(&*store, n).version;
        commit_blocking(&*store, commit(PersonChange::erase(contact_id(n), version))).unwrap();
    }
    let before = told(&*store);
    for round in 0..3 {
        store.compact().unwrap();
        assert_eq!(told(&*store), before, "round {round}");
        if round == 1 {
            store.close().unwrap();
        }
        drop(store);
        store = factory.open();
        assert_eq!(told(&*store), before, "round {round}, opened again");
    }
}

//! The rules of commits: whole or not at all, in order, there after a restart, and refused where they could not be read back.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{Commit, Error, Store, commit_blocking};
use model::{Location, Value};
use serde_json::json;
use std::sync::{Arc, mpsc};

pub fn a_stale_or_foreign_base_is_refused_whole(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    for (base, found) in [(0, 1), (2, 1), (7, 1)] {
        let mut stale = newcomer(1);
        stale.base = base;
        match commit_blocking(&*store, commit(stale)) {
            Err(Error::Conflict { id, expected, found: is }) => assert_eq!((id, expected, is), (contact_id(1), base, found)),
            other => panic!("base {base}: {other:?}"),
        }
    }
    let mut nobody = newcomer(2);
    nobody.base = 3;
    assert!(matches!(commit_blocking(&*store, commit(nobody)), Err(Error::Conflict { found: 0, .. })));
    let mut empty = newcomer(2);
    empty.contact = None;
    assert!(matches!(commit_blocking(&*store, commit(empty)), Err(Error::Invalid(_))));
    let mut foreign = newcomer(2);
    foreign.id = contact_id(3);
    assert!(matches!(commit_blocking(&*store, commit(foreign)), Err(Error::Invalid(_))));
    assert_eq!(store.people(None, 10).unwrap().len(), 1);
}

pub fn a_refused_commit_changes_nothing(factory: &mut dyn Factory) {
    let store = factory.open();
    let seq = must(&*store, newcomer(1));
    let before = get(&*store, 1);
    let mut stale = change(&before);
    stale.base = 9;
    say(&mut stale, &before, 0, &["lost"]);
    stale.journey = vec![journey(1)];
    stale.events = vec![event(1)];
    stale.inbox_put = vec![inbox(1)];
    let refused = Commit { person: Some(stale), records: vec![record("t", "k", Some(json!(1)))], ..Commit::default() };
    assert!(commit_blocking(&*store, refused).is_err());
    let check = |store: &dyn Store| {
        assert_eq!(get(store, 1), before);
        assert_eq!(store.transcript(contact_id(1), conversation_id(1, 0), 0, 9).unwrap(), vec![]);
        assert_eq!(store.journey(contact_id(1), 0, 9).unwrap(), vec![]);
        assert_eq!(store.events(contact_id(1), 0, 9).unwrap(), vec![]);
        assert_eq!(store.record("t", "k").unwrap(), None);
    };
    check(&*store);
    assert_eq!(must(&*store, change(&before)), seq + 1, "a refused commit takes no place");
    drop(store);
    let store = factory.open();
    assert_eq!(store.record("t", "k").unwrap(), None);
    assert_eq!(store.journey(contact_id(1), 0, 9).unwrap(), vec![]);
}

pub fn answers_come_in_order_and_only_when_readable(factory: &mut dyn Factory) {
    let store: Arc<dyn Store> = Arc::from(factory.open());
    let (tell, told) = mpsc::channel();
    for n in 1..=500 {
        // Every seventh is refused; its answer keeps its place.
        let mut change = newcomer(n);
        change.base = if n % 7 == 0 { 5 } else { 0 };
        let (tell, reader) = (tell.clone(), store.clone());
        store.commit(
            commit(change),
            Box::new(move |answer| {
                let readable = reader.person(contact_id(n)).expect("people can be read from an answer").is_some();
                tell.send((n, answer, readable)).expect("the test listens");
            }),
        );
    }
    let (mut last, mut answered) = (0, Vec::new());
    for (n, answer, readable) in told.iter().take(500) {
        answered.push(n);
        match answer {
            Ok(seq) => {
                assert!(n % 7 != 0 && seq == last + 1 && readable, "{n} at {seq} after {last}");
                last = seq;
            }
            Err(error) => assert!(n % 7 == 0 && matches!(error, Error::Conflict { .. }), "{n}: {error}"),
        }
    }
    assert!(answered.is_sorted(), "answers keep the order in which commits were handed over");
    assert_eq!(store.stats().seq, last);
}

pub fn an_answer_may_commit_again(factory: &mut dyn Factory) {
    let store: Arc<dyn Store> = Arc::from(factory.open());
    let (tell, told) = mpsc::channel();
    let again = store.clone();
    store.commit(
        commit(newcomer(1)),
        Box::new(move |first| {
            assert!(first.is_ok());
            again.commit(commit(newcomer(2)), Box::new(move |second| tell.send(second.is_ok()).expect("the test listens")));
        }),
    );
    assert_eq!(told.recv(), Ok(true));
}

pub fn what_was_answered_is_there_after_a_restart(factory: &mut dyn Factory) {
    for clean in [true, false] {
        let mut expected = Vec::new();
        let store = factory.open();
        for round in 0..3 {
            for n in 1..=40 {
                let person = store.person(contact_id(n)).unwrap();
                let mut change = person.as_ref().map_or_else(|| newcomer(n), |p| change(p));
                if let Some(person) = &person {
                    say(&mut change, person, 0, &["hello", "hello again"]);
                }
                change.journey = vec![journey(round)];
                change.events = vec![event(round)];
                let put = record("cursors", &n.to_string(), Some(json!({ "round": round })));
                commit_blocking(&*store, Commit { person: Some(change), records: vec![put], ..Commit::default() }).unwrap();
            }
        }
        let everything = |store: &dyn Store| {
            let mut all = Vec::new();
            for person in store.people(None, 1000).unwrap() {
                let id = person.contact.id;
                let lines = store.transcript(id, person.conversations[0].id, 0, 1000).unwrap();
                all.push((person, lines, store.journey(id, 0, 1000).unwrap(), store.events(id, 0, 1000).unwrap()));
            }
            (all, store.records("cursors").unwrap(), store.stats().seq, store.stats().people)
        };
        expected.push(everything(&*store));
        if clean {
            store.close().unwrap();
            expected.push(everything(&*store));
        }
        drop(store);
        let store = factory.open();
        expected.push(everything(&*store));
        assert!(expected.windows(2).all(|pair| pair[0] == pair[1]), "closed: {clean}");
    }
}

pub fn large_and_odd_values_come_back_as_they_were(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let long = "long \u{1F600}\0\n\"\\\u{2028} ".repeat(6_000);
    let person = get(&*store, 1);
    let mut next = change(&person);
    let mut contact = person.contact.clone();
    contact.attributes.insert("about".into(), Value::text(&long));
    contact.attributes.insert("number".into(), Value::Number("0.10000".parse().expect("a number")));
    next.contact = Some(Box::new(contact));
    say(&mut next, &person, 0, &[&long, "", "after"]);
    let mut place = message(conversation_id(1, 0), 4, "here");
    place.content.location = Some(Location { latitude: 51.477_928_123_456_78, longitude: -1.0e-17 });
    next.conversations[0].last_no = 4;
    next.transcript.push(model::TranscriptEntry::Message(place));
    let lines = next.transcript.clone();
    let put = record("t", "big", Some(json!({ "long": long, "float": 0.1 + 0.2, "big": u64::MAX, "z": 1, "a": 2 })));
    let value = put.value.clone();
    commit_blocking(&*store, Commit { person: Some(next), records: vec![put], ..Commit::default() }).unwrap();
    let expected = get(&*store, 1);
    store.close().unwrap();
    drop(store);
    let check = |store: &dyn Store| {
        assert_eq!(get(store, 1), expected);
        assert_eq!(store.transcript(contact_id(1), conversation_id(1, 0), 0, 10).unwrap(), lines);
        assert_eq!(store.transcript(contact_id(1), conversation_id(1, 0), 1, 1).unwrap(), lines[1..2]);
        assert_eq!(store.record("t", "big").unwrap(), value);
    };
    let store = factory.open();
    check(&*store);
    // Smaller again: nothing of the larger may stay.
    let mut small = change(&expected);
    let mut contact = expected.contact.clone();
    contact.attributes.remove("about");
    small.contact = Some(Box::new(contact));
    commit_blocking(&*store, Commit { person: Some(small), records: vec![record("t", "big", Some(json!(1)))], ..Commit::default() })
        .unwrap();
    store.close().unwrap();
    drop(store);
    let store = factory.open();
    assert!(!get(&*store, 1).contact.attributes.contains_key("about"));
    assert_eq!(store.records("t").unwrap(), vec![("big".to_owned(), json!(1))]);
}

pub fn what_could_not_be_read_back_is_refused(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let person = get(&*store, 1);
    let refused = |commit: Commit| assert!(matches!(commit_blocking(&*store, commit), Err(Error::Invalid(_))));
    let mut nowhere = change(&person);
    say(&mut nowhere, &person, 0, &["at sea"]);
    if let model::TranscriptEntry::Message(message) = &mut nowhere.transcript[0] {
        message.content.location = Some(Location { latitude: f64::NAN, longitude: 0.0 });
    }
    refused(commit(nowhere));
    let mut deep = change(&person);
    let mut contact = person.contact.clone();
    contact.attributes.insert("deep".into(), (0..200).fold(Value::Bool(true), |inner, _| Value::List(vec![inner])));
    deep.contact = Some(Box::new(contact));
    refused(commit(deep));
    let mut huge = change(&person);
    say(&mut huge, &person, 0, &[&"x".repeat(crate::codec::MAX_COMMIT)]);
    refused(commit(huge));
    refused(Commit { person: None, records: vec![record("", "k", Some(json!(1)))], ..Commit::default() });
    must(&*store, change(&person));
    drop(store);
    assert_eq!(get(&*factory.open(), 1).version, 2);
}

pub fn a_closed_store_refuses(factory: &mut dyn Factory) {
    let store: Arc<dyn Store> = Arc::from(factory.open());
    let (tell, told) = mpsc::channel();
    for n in 1..=20 {
        let tell = tell.clone();
        store.commit(commit(newcomer(n)), Box::new(move |answer| tell.send(answer.is_ok()).expect("the test listens")));
    }
    store.close().unwrap();
    assert_eq!(told.iter().take(20).filter(|ok| *ok).count(), 20, "what was handed over is finished");
    assert!(matches!(commit_blocking(&*store, commit(newcomer(99))), Err(Error::Failed(_))));
    store.close().unwrap();
}

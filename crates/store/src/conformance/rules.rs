//! The rules, each a function that panics where a store breaks it.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

pub use super::copies::{a_frozen_store_is_of_one_moment, what_is_noted_at_the_moment_belongs_to_it};
pub use super::timeline::{a_journey_is_filtered_and_paged_by_place, a_journey_names_nobody_who_was_erased};

use super::{Factory, people::*};
use crate::{Commit, Error, PersonChange, RecordPut, Store, commit_blocking};
use model::{
    Absorbed, CallRow, CallState, ContactId, Conversation, EventId, EventRecord, JourneyEntry, JourneyId, Location, MergeId, Owner, Person,
    Reach, SEEN_LIMIT, SeenKey, TranscriptEntry, Value,
};
use serde_json::json;
use std::sync::{Arc, mpsc};

fn texts(lines: &[model::TranscriptEntry]) -> Vec<u64> {
    lines.iter().map(|l| l.no()).collect()
}

fn record(table: &str, key: &str, value: Option<serde_json::Value>) -> RecordPut {
    RecordPut { table: table.into(), key: key.into(), value }
}

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

pub fn records_are_put_replaced_deleted_and_listed_by_key(factory: &mut dyn Factory) {
    let store = factory.open();
    let put =
        |store: &dyn Store, records: Vec<RecordPut>| commit_blocking(store, Commit { person: None, records, ..Commit::default() }).unwrap();
    let first =
        put(&*store, vec![record("a", "2", Some(json!([2]))), record("a", "10", Some(json!("ten"))), record("ab", "1", Some(json!(1)))]);
    let second = put(
        &*store,
        vec![record("a", "2", Some(json!(null))), record("a", "", Some(json!({ "x": 1.5 }))), record("a", "\0é", Some(json!(true)))],
    );
    assert_eq!(second, first + 1);
    put(&*store, vec![record("a", "10", None), record("a", "absent", None)]);
    // The last of two in one commit counts.
    put(
        &*store,
        vec![
            record("c", "k", Some(json!(1))),
            record("c", "k", Some(json!(2))),
            record("c", "gone", Some(json!(1))),
            record("c", "gone", None),
        ],
    );
    let check = |store: &dyn Store| {
        let expected = vec![(String::new(), json!({ "x": 1.5 })), ("\0é".to_owned(), json!(true)), ("2".to_owned(), json!(null))];
        assert_eq!(store.records("a").unwrap(), expected);
        let mut each = Vec::new();
        store.each_record_of("a", &mut |key, value| each.push((key.to_owned(), value))).unwrap();
        assert_eq!(each, expected);
        assert_eq!(store.records("ab").unwrap(), vec![("1".to_owned(), json!(1))]);
        assert_eq!(store.records("c").unwrap(), vec![("k".to_owned(), json!(2))]);
        assert_eq!(store.records("none").unwrap(), vec![]);
        assert_eq!(store.record("a", "2").unwrap(), Some(json!(null)));
        assert_eq!(store.record("a", "10").unwrap(), None);
        assert_eq!(store.record("", "").unwrap(), None);
    };
    check(&*store);
    store.close().unwrap();
    check(&*store);
    drop(store);
    let store = factory.open();
    check(&*store);
    put(&*store, vec![record("a", "2", None)]);
    assert_eq!(store.record("a", "2").unwrap(), None);
    assert_eq!(store.records("a").unwrap().len(), 2);
    drop(store);
    assert_eq!(factory.open().records("a").unwrap().len(), 2, "what was checkpointed and then deleted stays deleted");
}

pub fn inbox_rows_are_added_replaced_parked_and_done(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut put = change(&get(&*store, 1));
    put.inbox_put = (1..=4).map(inbox).collect();
    must(&*store, put);
    let mut next = change(&get(&*store, 1));
    let mut again = inbox(2);
    again.tries = 2;
    next.inbox_put = vec![again];
    next.inbox_done = vec![1, 99];
    next.inbox_park = vec![3, 98];
    must(&*store, next);
    drop(store);
    let person = get(&*factory.open(), 1);
    assert_eq!(person.inbox.iter().map(|r| (r.no, r.tries)).collect::<Vec<_>>(), [(2, 2), (4, 0)]);
    assert_eq!(person.parked.keys().copied().collect::<Vec<_>>(), [3]);
}

pub fn outbox_rows_keep_their_order(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let lane = conversation_id(1, 0);
    let mut put = change(&get(&*store, 1));
    put.outbox_put = (1..=3).map(|no| outbox(lane, no)).collect();
    must(&*store, put);
    let mut next = change(&get(&*store, 1));
    let mut again = outbox(lane, 2);
    again.attempts = 5;
    next.outbox_put = vec![again, outbox(lane, 4)];
    next.outbox_done = vec![outbox(lane, 1).message.id];
    must(&*store, next);
    drop(store);
    let person = get(&*factory.open(), 1);
    assert_eq!(person.outbox.iter().map(|r| (r.message.no, r.attempts)).collect::<Vec<_>>(), [(2, 5), (3, 0), (4, 0)]);
}

pub fn calls_are_added_replaced_and_done(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let lane = conversation_id(1, 0);
    let mut put = change(&get(&*store, 1));
    put.calls_put = (1..=3).map(|n| call(lane, n)).collect();
    must(&*store, put);
    let mut active = 0;
    store.active(&mut |_| active += 1).unwrap();
    assert_eq!(active, 1, "who waits for an answer is active");
    let mut next = change(&get(&*store, 1));
    let again = CallRow { state: CallState::UnderWay, attempts: 2, unknown: true, ..call(lane, 2) };
    next.calls_put = vec![again.clone(), call(lane, 4)];
    next.calls_done = vec![call(lane, 1).call.id, call(lane, 9).call.id];
    must(&*store, next);
    drop(store);
    let store = factory.open();
    assert_eq!(get(&*store, 1).calls, [again, call(lane, 3), call(lane, 4)], "each is there as it was put");
    let mut last = change(&get(&*store, 1));
    last.calls_done = (1..=4).map(|n| call(lane, n).call.id).collect();
    must(&*store, last);
    let mut active = 0;
    store.active(&mut |_| active += 1).unwrap();
    assert_eq!(active, 0);
}

pub fn seen_keys_are_bounded_by_age_and_number(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut first = change(&get(&*store, 1));
    first.seen = vec![SeenKey(1, at(0)), SeenKey(2, at(60))];
    must(&*store, first);
    assert!(get(&*store, 1).has_seen(1, at(60)) && !get(&*store, 1).has_seen(3, at(60)));
    let week = model::SEEN_FOR / 1_000_000;
    let mut later = change(&get(&*store, 1));
    later.seen = vec![SeenKey(3, at(week))];
    must(&*store, later);
    assert_eq!(get(&*store, 1).seen.iter().map(|s| s.0).collect::<Vec<_>>(), [2, 3], "a week later the first is forgotten");
    let mut many = change(&get(&*store, 1));
    let surplus = 10;
    many.seen = (0..(SEEN_LIMIT + surplus) as u64).map(|n| SeenKey(100 + n, at(week + 1))).collect();
    must(&*store, many);
    drop(store);
    let person = get(&*factory.open(), 1);
    assert_eq!(person.seen.len(), SEEN_LIMIT);
    assert_eq!(person.seen[0].0, 100 + surplus as u64, "the oldest go first");
}

pub fn transcripts_page_by_number_within_one_conversation(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut second = change(&get(&*store, 1));
    second.conversations = vec![Conversation::new(conversation_id(1, 1), contact_id(1), address(101))];
    must(&*store, second);
    // Long enough for many pages, restarted in between; numbers shared with delivery lines, two conversations in turns.
    let long = "x".repeat(700);
    let mut store = store;
    for round in 0..30 {
        let person = get(&*store, 1);
        let mut next = change(&person);
        say(&mut next, &person, 0, &["short", &long]);
        if round % 3 == 0 {
            say(&mut next, &person, 1, &["other"]);
        }
        let talk = next.conversations.iter_mut().find(|c| c.id == conversation_id(1, 0)).unwrap();
        let no = talk.take_no();
        next.transcript.push(delivered(talk.id, no, no - 1));
        must(&*store, next);
        if round % 10 == 9 {
            drop(store);
            store = factory.open();
        } else if round % 10 == 4 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    let page = |after, limit| texts(&store.transcript(contact_id(1), conversation_id(1, 0), after, limit).unwrap());
    assert_eq!(page(0, 1000), (1..=90).collect::<Vec<_>>());
    for after in 0..=91 {
        for limit in [0, 1, 2, 7, 50] {
            let expected: Vec<u64> = (after + 1..=90).take(limit).collect();
            assert_eq!(page(after, limit), expected, "after {after}, at most {limit}");
        }
    }
    assert_eq!(page(u64::MAX, 5), Vec::<u64>::new());
    let other = store.transcript(contact_id(1), conversation_id(1, 1), 0, 100).unwrap();
    assert_eq!(texts(&other), (1..=10).collect::<Vec<_>>());
    assert_eq!(store.transcript(contact_id(1), conversation_id(1, 1), 7, 2).unwrap(), other[7..9]);
    assert_eq!(store.transcript(contact_id(2), conversation_id(1, 0), 0, 100).unwrap(), vec![]);
    assert_eq!(store.transcript(contact_id(1), conversation_id(1, 2), 0, 100).unwrap(), vec![]);
}

pub fn a_transcript_line_out_of_order_is_refused(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut hello = change(&get(&*store, 1));
    say(&mut hello, &get(&*store, 1), 0, &["1", "2"]);
    must(&*store, hello);
    let person = get(&*store, 1);
    let talk = conversation_id(1, 0);
    for (numbers, last_no) in [(vec![2], 3), (vec![4, 3], 4), (vec![3, 3], 3), (vec![4], 3), (vec![3], 2)] {
        let mut wrong = change(&person);
        let mut conversation = person.conversations[0].clone();
        conversation.last_no = last_no;
        wrong.conversations = vec![conversation];
        wrong.transcript = numbers.iter().map(|no| line(talk, *no, "?")).collect();
        assert!(matches!(commit_blocking(&*store, commit(wrong)), Err(Error::Invalid(_))), "{numbers:?}");
    }
    let mut nowhere = change(&person);
    nowhere.transcript = vec![line(conversation_id(9, 9), 1, "?")];
    assert!(matches!(commit_blocking(&*store, commit(nowhere)), Err(Error::Invalid(_))));
    assert_eq!(store.transcript(contact_id(1), talk, 0, 9).unwrap().len(), 2);
}

pub fn journey_and_events_page_newest_first(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    let mut count = 0;
    for round in 0..40_u64 {
        let mut next = change(&get(&*store, 1));
        for _ in 0..round % 5 {
            next.journey.push(journey(count));
            next.events.push(event(count));
            count += 1;
        }
        must(&*store, next);
        if round == 13 || round == 27 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    for skip in [0, 1, 2, 20, 51, 78, 79, 80, 500] {
        for limit in [0, 1, 3, 30, 500] {
            let expected: Vec<u64> = (0..count).rev().skip(skip).take(limit).collect();
            let journey: Vec<u64> = store.journey(contact_id(1), skip, limit).unwrap().iter().map(|j| j.id.0 as u64).collect();
            let events: Vec<u64> = store.events(contact_id(1), skip, limit).unwrap().iter().map(|e| e.id.0 as u64).collect();
            assert_eq!(journey, expected, "skip {skip}, at most {limit}");
            assert_eq!(events, expected, "skip {skip}, at most {limit}");
        }
    }
    assert_eq!(store.journey(contact_id(2), 0, 10).unwrap(), vec![]);
    assert_eq!(store.journey(contact_id(1), usize::MAX, usize::MAX).unwrap(), vec![]);
    assert_eq!(store.journey(contact_id(1), 0, usize::MAX).unwrap().len() as u64, count);
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

pub fn addresses_lead_to_one_person(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut twin = newcomer(2);
    twin.contact.as_mut().unwrap().addresses[0].address = address(1);
    assert!(matches!(commit_blocking(&*store, commit(twin)), Err(Error::Invalid(_))), "two first messages make one person");
    must(&*store, newcomer(2));
    let person = get(&*store, 2);
    let mut also = change(&person);
    let mut contact = person.contact.clone();
    contact.addresses.push(Reach { address: address(7), unreachable: None });
    also.contact = Some(Box::new(contact));
    must(&*store, also);
    let check = |store: &dyn Store| {
        assert_eq!(store.person_at(&address(1)).unwrap(), Some(contact_id(1)));
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(2)));
        assert_eq!(store.person_at(&address(7)).unwrap(), Some(contact_id(2)), "an added address counts");
        assert_eq!(store.person_at(&address(8)).unwrap(), None);
        // Channel and id do not run together.
        let apart = model::Address { channel: "we".into(), id: "bvisitor 2".into() };
        assert_eq!(store.person_at(&apart).unwrap(), None);
    };
    check(&*store);
    store.close().unwrap();
    check(&*store);
    drop(store);
    check(&*factory.open());
}

pub fn an_address_moves_when_it_was_dropped(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    must(&*store, newcomer(2));
    let with = |store: &dyn Store, n: u64, addresses: &[u64]| {
        let person = get(store, n);
        let mut next = change(&person);
        let mut contact = person.contact.clone();
        contact.addresses = addresses.iter().map(|a| Reach { address: address(*a), unreachable: None }).collect();
        next.contact = Some(Box::new(contact));
        next
    };
    for round in 0..4 {
        let (from, to) = if round % 2 == 0 { (1, 2) } else { (2, 1) };
        let take = with(&*store, to, &[to, 50, 1 + 100 * to]);
        if round > 0 {
            assert!(matches!(commit_blocking(&*store, commit(take.clone())), Err(Error::Invalid(_))), "it still leads to the other");
            let give = with(&*store, from, &[from]);
            must(&*store, give);
            assert_eq!(store.person_at(&address(50)).unwrap(), None);
        }
        must(&*store, take);
        if round >= 2 {
            drop(store);
            store = factory.open();
        } else if round == 1 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(50)).unwrap(), Some(contact_id(to)), "round {round}");
        assert_eq!(store.person_at(&address(1 + 100 * to)).unwrap(), Some(contact_id(to)), "round {round}");
        if round > 0 {
            assert_eq!(store.person_at(&address(1 + 100 * from)).unwrap(), None, "round {round}");
        }
    }
}

pub fn an_address_moves_between_the_people_of_one_commit(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    must(&*store, newcomer(2));
    let with = |person: &Person, addresses: &[u64]| {
        let mut next = change(person);
        let mut contact = person.contact.clone();
        contact.addresses = addresses.iter().map(|a| Reach { address: address(*a), unreachable: None }).collect();
        next.contact = Some(Box::new(contact));
        next
    };
    for round in 0..4 {
        let (one, two) = (get(&*store, 1), get(&*store, 2));
        let both = with(&one, &[1, 2]);
        let still = Commit { person: Some(both.clone()), also: vec![with(&two, &[2])], ..Commit::default() };
        assert!(matches!(commit_blocking(&*store, still), Err(Error::Invalid(_))), "two people with one address");
        // Whoever gives comes first or last.
        let merged = match round % 2 {
            0 => Commit { person: Some(both), also: vec![with(&two, &[])], ..Commit::default() },
            _ => Commit { person: Some(with(&two, &[])), also: vec![both], ..Commit::default() },
        };
        commit_blocking(&*store, merged).unwrap();
        if round >= 2 {
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(1)), "round {round}");
        let back = Commit { person: Some(with(&get(&*store, 1), &[1])), also: vec![with(&get(&*store, 2), &[2])], ..Commit::default() };
        commit_blocking(&*store, back).unwrap();
        if round == 1 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(2)), "round {round}");
    }
}

pub fn several_people_change_together_or_not_at_all(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in 1..=3 {
        must(&*store, newcomer(n));
    }
    let next = |store: &dyn Store, n: u64| {
        let mut next = change(&get(store, n));
        next.journey = vec![journey(n)];
        next.inbox_put = vec![inbox(1)];
        next
    };
    for (what, broken) in [
        ("a stale one", PersonChange { base: 7, ..next(&*store, 3) }),
        ("one that is not there", PersonChange::new(contact_id(9), 1)),
        ("somebody twice", next(&*store, 2)),
    ] {
        let also = vec![next(&*store, 2), broken];
        let put = record("t", "k", Some(json!(what)));
        let commit = Commit { person: Some(next(&*store, 1)), also, records: vec![put] };
        assert!(commit_blocking(&*store, commit).is_err(), "{what}");
        assert!((1..=3).all(|n| get(&*store, n).version == 1 && store.journey(contact_id(n), 0, 9).unwrap().is_empty()), "{what}");
        assert_eq!(store.record("t", "k").unwrap(), None, "{what}");
    }
    let nobody = Commit { also: vec![next(&*store, 2)], ..Commit::default() };
    assert!(commit_blocking(&*store, nobody).is_err(), "others without a person");
    let also = vec![next(&*store, 2), next(&*store, 3)];
    commit_blocking(&*store, Commit { person: Some(next(&*store, 1)), also, ..Commit::default() }).unwrap();
    for _ in 0..2 {
        for n in 1..=3 {
            assert_eq!((get(&*store, n).version, store.journey(contact_id(n), 0, 9).unwrap()), (2, vec![journey(n)]));
            assert_eq!(get(&*store, n).inbox, vec![inbox(1)]);
        }
        drop(store);
        store = factory.open();
    }
    let gone = vec![PersonChange::erase(contact_id(2), 2)];
    commit_blocking(&*store, Commit { person: Some(next(&*store, 1)), also: gone, ..Commit::default() }).unwrap();
    assert!(store.person(contact_id(2)).unwrap().is_none() && get(&*store, 1).version == 3);
    assert_eq!(store.person_at(&address(2)).unwrap(), None);
}

pub fn who_was_merged_is_read_through(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in [1, 2] {
        must(&*store, newcomer(n));
        let person = get(&*store, n);
        let mut next = change(&person);
        say(&mut next, &person, 0, &["one", "two"]);
        // Ids that say when: those of the two come in turns.
        next.journey = (0..3).map(|k| JourneyEntry { id: JourneyId(u128::from(10 * k + n) << 80), ..journey(10 * k + n) }).collect();
        next.events = (0..3).map(|k| EventRecord { id: EventId(u128::from(10 * k + n) << 80), ..event(10 * k + n) }).collect();
        must(&*store, next);
    }
    let (one, two) = (get(&*store, 1), get(&*store, 2));
    let (mut keeps, mut goes) = (change(&one), change(&two));
    let (mut survivor, mut tombstone) = (one.contact.clone(), two.contact.clone());
    survivor.addresses.append(&mut tombstone.addresses);
    survivor.absorbed = vec![Absorbed { id: contact_id(2), merge: MergeId(1), at: at(0) }];
    tombstone.merged_into = Some(contact_id(1));
    keeps.conversations = vec![two.conversations[0].clone().moved_to(contact_id(1))];
    goes.conversations_gone = vec![conversation_id(2, 0)];
    (keeps.contact, goes.contact) = (Some(Box::new(survivor)), Some(Box::new(tombstone)));
    commit_blocking(&*store, Commit { person: Some(keeps), also: vec![goes], ..Commit::default() }).unwrap();
    let mut further = change(&get(&*store, 1));
    say(&mut further, &get(&*store, 1), 1, &["three"]);
    must(&*store, further);
    for round in 0..3 {
        let person = get(&*store, 1);
        assert!(get(&*store, 2).conversations.is_empty() && person.conversations.len() == 2);
        let lines = |after, limit| -> Vec<u64> {
            let lines = store.transcript(contact_id(1), conversation_id(2, 0), after, limit).unwrap();
            lines.iter().map(TranscriptEntry::no).collect()
        };
        assert_eq!(
            (lines(0, 9), lines(1, 1), lines(1, 9), lines(2, 9), lines(0, 2)),
            (vec![1, 2, 3], vec![2], vec![2, 3], vec![3], vec![1, 2])
        );
        let steps = |skip, limit| -> Vec<i64> {
            let entries = store.journey(contact_id(1), skip, limit).unwrap();
            entries.iter().map(|entry| entry.at.as_secs() - at(0).as_secs()).collect()
        };
        assert_eq!((steps(0, 99), steps(1, 2), steps(5, 9)), (vec![22, 21, 12, 11, 2, 1], vec![21, 12], vec![1]));
        let events = store.events(contact_id(1), 0, usize::MAX).unwrap();
        assert_eq!(events.iter().map(|event| event.at).collect::<Vec<_>>(), [22, 21, 12, 11, 2, 1].map(at));
        if round == 1 {
            store.close().unwrap();
        }
        drop(store);
        store = factory.open();
    }
}

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

pub fn every_record_of_every_table_is_given(factory: &mut dyn Factory) {
    let store = factory.open();
    let all = [("a", "1", json!(1)), ("a", "x/y", json!("z".repeat(40_000))), ("a b", "1", json!({ "k": [1] })), ("b", "", json!(null))];
    for (table, key, value) in &all {
        let put = record(table, key, Some(value.clone()));
        commit_blocking(&*store, Commit { person: None, records: vec![put], ..Commit::default() }).unwrap();
    }
    let given = |store: &dyn Store| {
        let mut found = Vec::new();
        store.each_record(&mut |table, key, value| found.push((table.to_owned(), key.to_owned(), value))).unwrap();
        found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        found
    };
    let expected: Vec<_> = all.iter().map(|(t, k, v)| ((*t).to_owned(), (*k).to_owned(), v.clone())).collect();
    assert_eq!(given(&*store), expected);
    store.close().unwrap();
    drop(store);
    let store = factory.open();
    assert_eq!(given(&*store), expected);
    commit_blocking(&*store, Commit { person: None, records: vec![record("a", "1", None)], ..Commit::default() }).unwrap();
    assert_eq!(given(&*store), expected[1..]);
}

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

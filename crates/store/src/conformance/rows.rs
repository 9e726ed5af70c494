//! The rules of what waits and what is noted: records by table and key, inbox, outbox and calls, and keys that were seen.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{Commit, RecordPut, Store, commit_blocking};
use model::{CallRow, CallState, SEEN_LIMIT, SeenKey};
use serde_json::json;

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

//! A workload whose every trace says which commit made it, so that nothing half done can hide.

#![allow(dead_code)] // Each test file uses its part.

use model::{ContactId, Forgotten};
use store::{Commit, RecordPut, Store, conformance::people::*};
use switchboard_store_sled::Options;

/// How many people the workload is about.
pub const PEOPLE: u64 = 10;

/// Sizes at which every bound is met within a few hundred commits.
pub fn small() -> Options {
    Options {
        cache_bytes: 1024 * 1024,
        people_bytes: 8 * 1024,
        backlog_low: 4 * 1024,
        backlog_high: 256 * 1024,
        segment_bytes: 32 * 1024,
        ..Options::default()
    }
}

/// The text of a person's line in the commit that made this version.
fn text(n: u64, version: u64) -> String {
    format!("{n} said {version}").repeat(usize::try_from(version % 40).unwrap_or(0) + 1)
}

/// The next commit about person `n`: its line, journey line, event and record all carry the version it makes.
pub fn next_commit(store: &dyn Store, n: u64) -> (Commit, u64) {
    let person = store.person(contact_id(n)).expect("people can be read");
    let version = person.as_ref().map_or(0, |p| p.version) + 1;
    let mut next = match &person {
        None => newcomer(n),
        Some(person) => {
            let mut next = change(person);
            say(&mut next, person, 0, &[&text(n, version)]);
            next
        }
    };
    next.journey = vec![journey(version)];
    next.events = vec![event(version)];
    next.forget = forgotten(n, version);
    next.inbox_put = vec![inbox(version)];
    next.inbox_done = vec![version.saturating_sub(1)];
    let record = RecordPut { table: "versions".into(), key: n.to_string(), value: Some(serde_json::json!(version)) };
    // Some have a companion who changes in the same commits.
    let also = companion(n).map(|other| {
        let mut with = match store.person(contact_id(other)).expect("people can be read") {
            None => newcomer(other),
            Some(person) => change(&person),
        };
        with.journey = vec![journey(version)];
        with
    });
    (Commit { person: Some(next), also: also.into_iter().collect(), records: vec![record] }, version)
}

/// What the commit that makes this version of person `n` forgets: of some people only the newest of everything are kept.
fn forgotten(n: u64, version: u64) -> Forgotten {
    if n % 4 != 1 {
        return Forgotten::default();
    }
    let before = |written: u64| version.saturating_sub(written).saturating_sub(KEPT);
    let lines = Some((conversation_id(n, 0), before(2))).filter(|(_, no)| *no > 0);
    Forgotten { journey: before(1), events: before(1), lines: lines.into_iter().collect() }
}

/// How many of each are kept of people who forget.
const KEPT: u64 = 7;

/// Who changes together with person `n`.
fn companion(n: u64) -> Option<u64> {
    n.is_multiple_of(3).then_some(n + 100)
}

/// Checks that every person is exactly as so many commits made them, and at least as far as `acknowledged` says.
pub fn check(store: &dyn Store, acknowledged: &[u64]) -> Vec<u64> {
    let mut versions = Vec::new();
    let mut total = 0;
    for n in 0..PEOPLE {
        let id: ContactId = contact_id(n);
        let person = store.person(id).expect("people can be read");
        let version = person.as_ref().map_or(0, |p| p.version);
        let known = usize::try_from(n).ok().and_then(|n| acknowledged.get(n)).copied().unwrap_or(0);
        assert!(version >= known, "person {n}: version {known} was acknowledged and {version} is there");
        versions.push(version);
        total += version;
        let record = store.record("versions", &n.to_string()).expect("records can be read");
        assert_eq!(record, (version > 0).then(|| serde_json::json!(version)), "person {n}: a commit is there in part");
        let lines = store.transcript(id, conversation_id(n, 0), 0, usize::MAX).expect("transcripts can be read");
        let gone = forgotten(n, version);
        let first_line = gone.lines_of(conversation_id(n, 0)) + 2;
        let expected: Vec<_> = (first_line..=version).map(|v| line(conversation_id(n, 0), v - 1, &text(n, v))).collect();
        assert_eq!(lines, expected, "person {n}");
        let steps = store.journey(id, 0, usize::MAX).expect("journeys can be read");
        assert_eq!(steps, (gone.journey + 1..=version).rev().map(journey).collect::<Vec<_>>(), "person {n}");
        let events = store.events(id, 0, usize::MAX).expect("events can be read");
        assert_eq!(events, (gone.events + 1..=version).rev().map(event).collect::<Vec<_>>(), "person {n}");
        if let Some(other) = companion(n) {
            let with = store.person(contact_id(other)).expect("people can be read").map_or(0, |p| p.version);
            assert_eq!(with, version, "person {n} and {other} change together");
            let steps = store.journey(contact_id(other), 0, usize::MAX).expect("journeys can be read");
            assert_eq!(steps, (1..=version).rev().map(journey).collect::<Vec<_>>(), "person {other}");
        }
        if let Some(person) = person {
            assert_eq!(person.inbox, vec![inbox(version)]);
            assert_eq!(person.conversations[0].last_no, version - 1);
            assert_eq!(store.person_at(&address(n)).expect("addresses can be read"), Some(id));
        }
    }
    assert_eq!(store.stats().seq, total, "every commit of the log is in somebody's state");
    let there = (0..PEOPLE).zip(&versions).filter(|(_, version)| **version > 0).map(|(n, _)| 1 + u64::from(companion(n).is_some()));
    assert_eq!(store.stats().people, there.sum::<u64>());
    versions
}

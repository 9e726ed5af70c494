//! What is erased is found nowhere on disk once the store is compacted, also when the process is killed at any point on the way.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use common::small;
use model::{Address, ContactId};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use store::{Error, PersonChange, Store, commit_blocking, conformance::people::*};
use switchboard_store_sled::{Io, Options, SledStore};

/// What nobody else says: without a run that comes again, so that squeezing leaves it as it is.
const SECRET: &str = "Qx7vLm2RzK9pWd4TbN8s";

/// How often a text or some bytes occur in the files of a folder, as they are and as the log writes them.
fn occurrences(dir: &Path, needles: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(occurrences(&path, needles));
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        let masked: Vec<u8> = bytes.iter().map(|b| b ^ 0xC1).collect();
        for needle in needles {
            for (how, content) in [("plain", &bytes), ("masked", &masked)] {
                if content.windows(needle.len()).any(|window| window == *needle) {
                    found.push(format!("{} {how} {}", path.display(), needle.escape_ascii()));
                }
            }
        }
    }
    found
}

fn secretive(n: u64) -> PersonChange {
    let mut first = newcomer(n);
    let address = Address { channel: "web".into(), id: format!("v_{SECRET}") };
    let contact = first.contact.as_mut().unwrap();
    contact.addresses[0].address = address.clone();
    contact.attributes.insert("name".into(), model::Value::text(SECRET));
    first.conversations[0].address = address;
    first
}

/// A store with many people, one of whom has told something many times over.
fn told(store: &SledStore) -> ContactId {
    for n in 0..200 {
        if n == 77 {
            commit_blocking(store, commit(secretive(n))).unwrap();
        } else {
            must(store, newcomer(n));
        }
        let person = get(store, n);
        let mut next = change(&person);
        let text = if n == 77 { format!("my number is {SECRET}") } else { "good morning".to_owned() };
        say(&mut next, &person, 0, &[&text]);
        next.journey = (0..40).map(|k| journey(n * 1_000 + k)).collect();
        must(store, next);
    }
    contact_id(77)
}

fn needles(id: ContactId) -> [Vec<u8>; 3] {
    [SECRET.as_bytes().to_vec(), id.to_bytes().to_vec(), id.to_string().into_bytes()]
}

fn search(dir: &Path, id: ContactId) -> Vec<String> {
    let needles = needles(id);
    occurrences(dir, &needles.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn after_a_compaction_no_byte_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path(), small()).unwrap());
    let id = told(&store);
    // Some of it is checkpointed, some in the log alone.
    let version = store.person(id).unwrap().unwrap().version;
    assert!(!search(dir.path(), id).is_empty(), "the search finds what is there");
    commit_blocking(&*store, commit(PersonChange::erase(id, version))).unwrap();
    assert!(!search(dir.path(), id).is_empty(), "erasing alone leaves old bytes: that is what pending means");
    // Others go on reading and writing meanwhile.
    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = {
        let (store, stop, reads) = (store.clone(), stop.clone(), reads.clone());
        std::thread::spawn(move || {
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                n = (n + 1) % 200;
                if n == 77 {
                    assert!(store.person(id).unwrap().is_none());
                    continue;
                }
                let person = store.person(contact_id(n)).unwrap().expect("nobody else is missing at any moment");
                assert_eq!(store.transcript(contact_id(n), conversation_id(n, 0), 0, 1).unwrap().len(), 1);
                assert!(store.journey(contact_id(n), 0, 100).unwrap().len() >= 40);
                let mut next = change(&person);
                next.journey = vec![journey(reads.fetch_add(1, Ordering::SeqCst))];
                match commit_blocking(&*store, commit(next)) {
                    Ok(_) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    };
    let told = store.compact().unwrap();
    stop.store(true, Ordering::SeqCst);
    reader.join().unwrap();
    assert!(told.rows > 200 && reads.load(Ordering::SeqCst) > 0, "{told:?}");
    assert_eq!(search(dir.path(), id), Vec::<String>::new());
    assert!(store.compact().is_ok(), "and again");
    store.close().unwrap();
    drop(store);
    assert_eq!(search(dir.path(), id), Vec::<String>::new());
    let store = SledStore::open(dir.path(), small()).unwrap();
    assert_eq!(store.stats().people, 199);
    assert!(store.person(id).unwrap().is_none());
}

/// Person 5, whose oldest line, journey line and event told a secret, with so many more of each behind them.
fn told_long_ago(store: &SledStore, more: u64) -> ContactId {
    must(store, newcomer(5));
    for k in 0..=more {
        let person = get(store, 5);
        let mut next = change(&person);
        let text = if k == 0 { format!("my number is {SECRET}") } else { format!("good morning {k} {}", "and so on ".repeat(20)) };
        say(&mut next, &person, 0, &[&text]);
        let (mut step, mut happened) = (journey(k), event(k));
        if k == 0 {
            step.why = Some(SECRET.into());
            happened.fields.insert("said".into(), model::Value::text(SECRET));
        }
        (next.journey, next.events) = (vec![step], vec![happened]);
        must(store, next);
    }
    contact_id(5)
}

#[test]
fn what_is_forgotten_is_on_disk_no_more_and_places_stay() {
    // In the open page alone, and in closed ones.
    for more in [3, 60] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SledStore::open(dir.path(), small()).unwrap();
        let id = told_long_ago(&store, more);
        store.close().unwrap();
        drop(store);
        store = SledStore::open(dir.path(), small()).unwrap();
        assert!(!occurrences(dir.path(), &[SECRET.as_bytes()]).is_empty(), "the search finds what is there");
        // Each kind by itself: a page holds all of them, and goes when nothing is left in it.
        for step in 0..3 {
            let person = get(&store, 5);
            let mut next = change(&person);
            match step {
                0 => next.forget.journey = more / 2 + 1,
                1 => next.forget.lines = vec![(conversation_id(5, 0), more / 2 + 1)],
                _ => next.forget.events = more / 2 + 1,
            }
            must(&store, next);
            store.compact().unwrap();
        }
        assert_eq!(occurrences(dir.path(), &[SECRET.as_bytes()]), Vec::<String>::new(), "of {more}");
        let kept: Vec<u64> = (more / 2 + 1..=more).rev().collect();
        for reopened in [false, true] {
            if reopened {
                store.close().unwrap();
                drop(store);
                store = SledStore::open(dir.path(), small()).unwrap();
            }
            assert_eq!(store.journey(id, 0, 100).unwrap(), kept.iter().map(|k| journey(*k)).collect::<Vec<_>>());
            assert_eq!(store.events(id, 1, 100).unwrap(), kept.iter().skip(1).map(|k| event(*k)).collect::<Vec<_>>());
            let page = store.journey_page(id, &model::JourneyFilter::default(), Some(more + 1), 1_000, 10_000).unwrap();
            assert_eq!(page.lines.iter().map(|(place, _)| *place).collect::<Vec<_>>(), kept);
            assert_eq!((page.next, page.forgotten), (None, more / 2 + 1));
            let lines = store.transcript(id, conversation_id(5, 0), 0, 2).unwrap();
            assert_eq!(lines.first().unwrap().no(), more / 2 + 2, "numbers stay what they were");
        }
        let person = get(&store, 5);
        let mut next = change(&person);
        next.forget.journey = more + 2;
        assert!(matches!(commit_blocking(&store, commit(next)), Err(Error::Invalid(_))), "what is not written cannot be forgotten");
    }
}

#[test]
fn a_store_that_stops_at_any_point_of_a_compaction_is_whole() {
    for nth in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let (count, struck) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counting, hit) = (count.clone(), struck.clone());
        let options = Options {
            before_io: Some(Arc::new(move |operation: Io| {
                if operation == Io::Swap && counting.fetch_add(1, Ordering::SeqCst) + 1 == nth {
                    hit.store(true, Ordering::SeqCst);
                    return Err(std::io::Error::other("the disk is gone"));
                }
                Ok(())
            })),
            ..small()
        };
        let store = SledStore::open(dir.path(), options).unwrap();
        let id = told(&store);
        let version = store.person(id).unwrap().unwrap().version;
        commit_blocking(&store, commit(PersonChange::erase(id, version))).unwrap();
        let outcome = store.compact();
        drop(store);
        if !struck.load(Ordering::SeqCst) {
            outcome.unwrap();
            assert!(nth > 3, "every rename was struck");
            return;
        }
        assert!(matches!(outcome, Err(Error::Failed(_))), "{outcome:?}");
        let store = SledStore::open(dir.path(), small()).unwrap();
        assert_eq!(store.people(None, 500).unwrap().len(), 199, "at {nth}");
        assert!(store.person(id).unwrap().is_none());
        for n in (0..200).filter(|n| *n != 77) {
            assert_eq!(store.journey(contact_id(n), 0, 100).unwrap().len(), 40);
        }
        store.compact().unwrap();
        assert_eq!(search(dir.path(), id), Vec::<String>::new(), "at {nth}");
    }
}

//! Failing disks, damaged files, wrong folders: the store stops or refuses in words, and never answers what is not so.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use common::{PEOPLE, check, next_commit, small};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use store::{Error, Store, commit_blocking};
use switchboard_store_sled::{Io, Options, SledStore};

/// Commits in turns about all people; answers what was acknowledged and the error that ended it.
fn work(store: &SledStore, rounds: u64, acknowledged: &mut [u64]) -> Result<(), Error> {
    for _ in 0..rounds {
        for n in 0..PEOPLE {
            let (commit, version) = next_commit(store, n);
            commit_blocking(store, commit)?;
            acknowledged[n as usize] = version;
        }
    }
    store.compact()?;
    store.close()
}

/// Every kind of operation, each counted by itself: how many of a kind a run has depends on when its checkpoints come,
/// so that a count over all kinds would end before it reached the last ones.
const KINDS: [Io; 8] = [Io::LogWrite, Io::LogSync, Io::LogCreate, Io::LogRemove, Io::DbBatch, Io::DbSync, Io::CopyWrite, Io::Swap];

/// A kind that is new does not compile before it is in [`KINDS`].
const fn is_in_kinds(kind: Io) -> bool {
    match kind {
        Io::LogWrite | Io::LogSync | Io::LogCreate | Io::LogRemove | Io::DbBatch | Io::DbSync | Io::CopyWrite | Io::Swap => true,
    }
}

/// The disk refuses the `nth` operation of a kind and everything after it; false if the work ended before that.
fn struck_at(kind: Io, nth: u64) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let (count, refuses, told) = (AtomicU64::new(0), Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (tell, full) = (told.clone(), refuses.clone());
    let options = Options {
        segment_bytes: 4 * 1024,
        on_failure: Some(Arc::new(move |reason: &str| tell.lock().unwrap().push(reason.to_owned()))),
        before_io: Some(Arc::new(move |operation: Io| {
            assert!(is_in_kinds(operation));
            if operation == kind && count.fetch_add(1, Ordering::SeqCst) + 1 >= nth {
                full.store(true, Ordering::SeqCst);
            }
            if full.load(Ordering::SeqCst) { Err(std::io::Error::other("no space left on device")) } else { Ok(()) }
        })),
        ..small()
    };
    let mut acknowledged = vec![0; PEOPLE as usize];
    let outcome = SledStore::open(dir.path(), options).map(|store| {
        let outcome = work(&store, 3, &mut acknowledged);
        if let Err(error) = &outcome {
            // A copy that cannot be written is given up, and the disk fails at what comes next.
            assert!(matches!(error, Error::Failed(_) | Error::NoCopy(_)), "{error}");
            // The first of them may be the failure, and is answered before that is noted.
            for _ in 0..2 {
                let again = commit_blocking(&store, next_commit(&store, 0).0);
                assert!(matches!(again, Err(Error::Failed(_))), "nothing is acknowledged after a failure: {again:?}");
            }
            assert!(store.failed().is_some(), "{error}");
            drop(store);
            assert_eq!(told.lock().unwrap().len(), 1, "the failure is told once");
        }
        outcome
    });
    let store = SledStore::open(dir.path(), small()).unwrap();
    let found = check(&store, &acknowledged);
    if nth.is_multiple_of(3) {
        assert!(commit_blocking(&store, next_commit(&store, 1).0).is_ok(), "a repaired disk goes on");
    }
    let struck = refuses.load(Ordering::SeqCst);
    if !struck {
        outcome.unwrap().unwrap();
        assert_eq!(found, vec![3; PEOPLE as usize]);
    }
    struck
}

#[test]
fn every_operation_may_fail_and_nothing_acknowledged_is_lost() {
    for kind in KINDS {
        let struck = (1..).take_while(|nth| struck_at(kind, *nth)).count();
        assert!(struck > 0, "no {kind:?} came");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &target) } else { fs::copy(entry.path(), target).map(drop).unwrap() }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Everything a reader can ask for, or the first refusal.
fn everything(dir: &Path) -> Result<String, Error> {
    let store = SledStore::open(dir, small())?;
    let mut all = String::new();
    let mut active = Vec::new();
    store.active(&mut |p| active.push(p.contact.id))?;
    for person in store.people(None, 1000)? {
        let id = person.contact.id;
        let lines = store.transcript(id, person.conversations[0].id, 0, usize::MAX)?;
        let places: Vec<_> = person.contact.addresses.iter().map(|r| store.person_at(&r.address)).collect::<Result<_, _>>()?;
        all += &format!("{person:?} {places:?} {lines:?} {:?} {:?}\n", store.journey(id, 0, 1000)?, store.events(id, 0, 1000)?);
    }
    let stats = store.stats();
    Ok(format!("{all}{active:?}{:?}{}{}", store.records("versions")?, stats.seq, stats.people))
}

#[test]
fn a_flipped_byte_is_refused_or_makes_no_difference() {
    for clean in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path(), small()).unwrap();
        let mut acknowledged = vec![0; PEOPLE as usize];
        work(&store, 6, &mut acknowledged).unwrap();
        drop(store);
        if !clean {
            // The database has the first part, the log the rest.
            let store = SledStore::open(dir.path(), Options::default()).unwrap();
            for n in 0..PEOPLE {
                commit_blocking(&store, next_commit(&store, n).0).unwrap();
            }
        }
        let expected = everything(dir.path()).unwrap();
        let (mut refused, mut same, mut step) = (0, 0, 0_usize);
        for file in files(dir.path()) {
            let name = file.strip_prefix(dir.path()).unwrap();
            let whole = fs::read(&file).unwrap();
            let used = whole.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
            // Every part of every file, at places that differ from file to file.
            let places = (0..24).map(|i| (i * used / 24 + step * 7) % used.max(1)).filter(|_| used > 0).collect::<Vec<_>>();
            for at in places {
                step += 1;
                let damaged = tempfile::tempdir().unwrap();
                copy(dir.path(), damaged.path());
                let mut bytes = whole.clone();
                bytes[at] ^= if step.is_multiple_of(2) { 0xFF } else { 0x04 };
                fs::write(damaged.path().join(name), bytes).unwrap();
                match everything(damaged.path()) {
                    Err(_) => refused += 1,
                    Ok(found) => {
                        assert!(found == expected, "byte {at} of {} silently changes what is read", name.display());
                        same += 1;
                    }
                }
            }
        }
        assert!(refused > 10, "{refused} refused, {same} without effect");
    }
}

#[test]
fn a_folder_in_use_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), small()).unwrap();
    match SledStore::open(dir.path(), small()).map(drop) {
        Err(Error::InUse(path)) => assert_eq!(path, dir.path().display().to_string()),
        other => panic!("{other:?}"),
    }
    drop(store);
    SledStore::open(dir.path(), small()).unwrap();
}

#[test]
fn another_format_and_a_foreign_folder_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    drop(SledStore::open(dir.path(), small()).unwrap());
    fs::write(dir.path().join("format"), "switchboard data 9\n").unwrap();
    let refusal = SledStore::open(dir.path(), small()).map(drop).unwrap_err().to_string();
    assert!(refusal.contains("\"switchboard data 9\"") && refusal.contains("\"switchboard data 5\""), "{refusal}");
    fs::remove_file(dir.path().join("format")).unwrap();
    assert!(matches!(SledStore::open(dir.path(), small()).map(drop), Err(Error::Invalid(_))));
}

#[test]
fn a_folder_of_the_format_before_is_opened_and_marked() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), small()).unwrap();
    let mut acknowledged = vec![0; PEOPLE as usize];
    work(&store, 2, &mut acknowledged).unwrap();
    drop(store);
    let current = fs::read_to_string(dir.path().join("format")).unwrap();
    fs::write(dir.path().join("format"), "switchboard data 3\n").unwrap();
    check(&SledStore::open(dir.path(), small()).unwrap(), &acknowledged);
    // A program that does not know squeezed values refuses it from now on.
    assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), current);
}

#[test]
fn a_missing_part_of_the_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options { segment_bytes: 1024, ..Options::default() }).unwrap();
    for n in 0..PEOPLE {
        commit_blocking(&store, next_commit(&store, n).0).unwrap();
        commit_blocking(&store, next_commit(&store, n).0).unwrap();
    }
    drop(store);
    // Room made in advance is no part of the log.
    let logs: Vec<_> = files(&dir.path().join("log")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    assert!(logs.len() > 3, "{logs:?}");
    for gone in &logs {
        let damaged = tempfile::tempdir().unwrap();
        copy(dir.path(), damaged.path());
        fs::remove_file(damaged.path().join("log").join(gone.file_name().unwrap())).unwrap();
        let outcome = SledStore::open(damaged.path(), small()).map(drop);
        // The last one may be empty or hold what nothing else knows of; that it was there is only known to a checkpoint.
        if gone != logs.last().unwrap() {
            assert!(matches!(outcome, Err(Error::Corrupt(_))), "without {}: {outcome:?}", gone.display());
        }
    }
    let store = SledStore::open(dir.path(), small()).unwrap();
    store.close().unwrap();
    drop(store);
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    assert!(matches!(SledStore::open(dir.path(), small()).map(drop), Err(Error::Corrupt(_))));
}

#[test]
fn the_log_is_trimmed_and_memory_and_queue_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { queue_commits: 4, backlog_low: 0, ..small() };
    let store = SledStore::open(dir.path(), options).unwrap();
    // More at once than may wait: some are told to come back, none is lost.
    let (tell, told) = std::sync::mpsc::channel();
    for n in 0..2_000_u64 {
        let tell = tell.clone();
        let record = store::RecordPut { table: "t".into(), key: n.to_string(), value: Some(serde_json::json!("x".repeat(200))) };
        let commit = store::Commit { person: None, records: vec![record], ..store::Commit::default() };
        store.commit(commit, Box::new(move |answer| tell.send((n, answer)).expect("the test listens")));
    }
    let answers: Vec<_> = told.iter().take(2_000).collect();
    let busy = answers.iter().filter(|(_, a)| matches!(a, Err(Error::Busy))).count();
    assert!(busy > 0 && answers.iter().all(|(_, a)| matches!(a, Ok(_) | Err(Error::Busy))));
    store.close().unwrap();
    let stats = store.stats();
    assert_eq!((stats.backlog, stats.log_length), (0, 0));
    assert_eq!(files(&dir.path().join("log")).len(), 1, "what is checkpointed leaves the log");
    assert_eq!(store.records("t").unwrap().len(), 2_000 - busy);
}

#[test]
fn closing_carries_everything_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    for n in 0..300 {
        commit_blocking(&store, next_commit(&store, n).0).unwrap();
    }
    store.close().unwrap();
    let stats = store.stats();
    // Every third has a companion, a hundred further on: those of the last hundred come on top.
    assert_eq!((stats.seq, stats.people, stats.backlog, stats.log_length), (300, 333, 0, 0));
}

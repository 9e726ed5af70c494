//! Copies of the embedded store: what a folder at rest gives, what an unfinished import leaves, and damage in every file.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{fs, path::Path};
use store::{
    Commit, Damage, Error, Frozen, Load, Part, RecordPut, Store, commit_blocking,
    conformance::{copies::parts, people::*},
};
use switchboard_store_sled::{FrozenStore, Loader, Options, SledStore};

/// People with a past of several pages, and records.
fn filled(store: &SledStore) {
    for n in 0..40 {
        must(store, newcomer(n));
        for round in 0..4 {
            let person = get(store, n);
            let mut next = change(&person);
            say(&mut next, &person, 0, &["good morning", &"word ".repeat(700)]);
            next.journey = (0..6).map(|k| journey(n * 1_000 + round * 10 + k)).collect();
            next.events = vec![event(round)];
            next.inbox_put = if n % 4 == 0 { vec![inbox(1)] } else { Vec::new() };
            must(store, next);
        }
        let put = RecordPut { table: "t".into(), key: format!("{n:02}"), value: Some(serde_json::json!({ "n": n })) };
        commit_blocking(store, Commit { records: vec![put], ..Commit::default() }).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is wrong with a folder.
fn looked(dir: &Path) -> Result<Vec<Damage>, Error> {
    let frozen = FrozenStore::open(dir, Options::default())?;
    let mut told = Vec::new();
    frozen.read(&mut |part| {
        told.extend(part.err());
        Ok(())
    })?;
    frozen.audit(&mut |damage| told.push(damage))?;
    Ok(told)
}

#[test]
fn a_folder_at_rest_gives_what_its_store_gives_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    // Once out of the log alone, once out of the database.
    for closed in [false, true] {
        let store = SledStore::open(dir.path(), Options::default()).unwrap();
        if !closed {
            filled(&store);
        }
        let live = parts(&*store.freeze().unwrap());
        assert!(matches!(FrozenStore::open(dir.path(), Options::default()).err(), Some(Error::InUse(_))));
        if closed {
            store.close().unwrap();
        }
        drop(store);
        let log = |dir: &Path| -> Vec<_> {
            let mut log: Vec<_> =
                fs::read_dir(dir.join("log")).unwrap().map(|e| e.unwrap().path()).map(|p| (p.clone(), fs::read(p).unwrap())).collect();
            log.sort();
            log
        };
        let before = log(dir.path());
        let frozen = FrozenStore::open(dir.path(), Options::default()).unwrap();
        assert_eq!(parts(&frozen), live);
        assert_eq!(frozen.people(), 40);
        assert!(matches!(SledStore::open(dir.path(), Options::default()).err(), Some(Error::InUse(_))));
        drop(frozen);
        assert!(log(dir.path()) == before, "nothing was written");
    }
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(FrozenStore::open(nothing.path(), Options::default()).err(), Some(Error::Invalid(_))));
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[test]
fn who_is_erased_or_changed_afterwards_is_in_a_copy_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options { backlog_low: 0, ..Options::default() }).unwrap();
    filled(&store);
    let frozen = store.freeze().unwrap();
    assert!(matches!(store.freeze().err(), Some(Error::Busy)), "one at a time");
    let before = parts(&*frozen);
    for n in 0..40 {
        let person = get(&store, n);
        must(&store, if n % 2 == 0 { store::PersonChange::erase(person.contact.id, person.version) } else { change(&person) });
    }
    store.compact().unwrap();
    assert_eq!(parts(&*frozen), before);
    drop(frozen);
    assert!(!dir.path().join("db.frozen").exists());
    assert_eq!(parts(&*store.freeze().unwrap()).iter().filter(|part| matches!(part, Part::Person(_))).count(), 20);
}

#[test]
fn a_copy_that_a_crash_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    drop(SledStore::open(dir.path(), Options::default()).unwrap());
    fs::create_dir(dir.path().join("db.frozen")).unwrap();
    fs::write(dir.path().join("db.frozen/db"), "half").unwrap();
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    assert!(!dir.path().join("db.frozen").exists());
    assert!(parts(&*store.freeze().unwrap()).is_empty());
}

#[test]
fn an_import_that_did_not_finish_is_no_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let from = tempfile::tempdir().unwrap();
    let store = SledStore::open(from.path(), Options::default()).unwrap();
    filled(&store);
    let parts = parts(&*store.freeze().unwrap());
    let mut load = Loader::begin(dir.path(), Options::default()).unwrap();
    parts.iter().for_each(|part| load.put(part.clone()).unwrap());
    drop(load);
    for refused in [
        SledStore::open(dir.path(), Options::default()).err(),
        FrozenStore::open(dir.path(), Options::default()).err(),
        Loader::begin(dir.path(), Options::default()).err(),
    ] {
        let told = refused.unwrap().to_string();
        assert!(told.contains("was not finished, so it cannot be used; remove the folder and import again"), "{told}");
    }
    let told = Loader::begin(from.path(), Options::default()).err().unwrap().to_string();
    assert!(told.contains("is not empty"), "{told}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let person = |n: u64| Part::Person(std::sync::Arc::new(newcomer(n).apply(None).unwrap()));
    let line = || Part::Line(Box::new(line(conversation_id(1, 0), 1, "hi")));
    let told = || Part::Journey(Box::new(journey(1)));
    let record = |key: &str| Part::Record { table: "t".into(), key: key.into(), value: 1.into() };
    let same_address = {
        let mut other = newcomer(1).apply(None).unwrap();
        other.contact.id = contact_id(2);
        Part::Person(std::sync::Arc::new(other))
    };
    for wrong in [
        vec![line()],
        vec![person(1), told(), line()],
        vec![person(2), person(1)],
        vec![person(1), person(1)],
        vec![person(1), record("a"), record("a")],
        vec![record("a"), person(1)],
        vec![person(1), same_address, person(3)],
        vec![Part::Record { table: "a\0b".into(), key: String::new(), value: 1.into() }],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut load = Loader::begin(dir.path(), Options::default()).unwrap();
        let refused = wrong.iter().find_map(|part| load.put(part.clone()).err());
        assert!(matches!(refused, Some(Error::Invalid(_))), "{wrong:?}: {refused:?}");
    }
}

#[test]
fn damage_is_told_wherever_it_is_and_is_never_a_panic() {
    let (dir, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    filled(&store);
    store.close().unwrap();
    drop(store);
    assert_eq!(looked(dir.path()).unwrap(), Vec::new());
    let (mut rows, mut refused) = (0, 0);
    let length = fs::metadata(dir.path().join("db/db")).unwrap().len() as usize;
    for step in 0..60 {
        let _ = fs::remove_dir_all(broken.path());
        copy(dir.path(), broken.path());
        let path = broken.path().join("db/db");
        let mut bytes = fs::read(&path).unwrap();
        if step % 10 == 9 {
            bytes.truncate(length * step / 60)
        } else {
            bytes[length * step / 60 + 13] ^= 0x20
        };
        fs::write(&path, bytes).unwrap();
        match looked(broken.path()) {
            Ok(told) => rows += usize::from(!told.is_empty()),
            Err(Error::Corrupt(_) | Error::Failed(_) | Error::Invalid(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(rows + refused > 10, "{rows} told row by row, {refused} refused");
    let _ = fs::remove_dir_all(broken.path());
    copy(dir.path(), broken.path());
    fs::write(broken.path().join("format"), "switchboard data 99\n").unwrap();
    assert!(looked(broken.path()).unwrap_err().to_string().contains("use the program that wrote it"));
}

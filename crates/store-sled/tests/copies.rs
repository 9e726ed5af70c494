//! Copies of the embedded store: what a folder at rest gives, what an unfinished import leaves, and damage in every file.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use store::{
    Commit, Damage, Error, Frozen, Load, Part, RecordPut, Store, commit_blocking,
    conformance::{copies::parts, people::*},
    room::{KEPT_FREE, Look, Room},
};
use switchboard_store_sled::{FrozenStore, Io, Loader, Options, SledStore};

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

/// Every file below a folder, with its bytes.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => found.extend(everything(&path)),
            path => drop(found.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    found
}

fn unchanged(dir: &Path, before: &BTreeMap<PathBuf, Vec<u8>>, what: &str) {
    let after = everything(dir);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{what}");
    let differ: Vec<_> = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).map(|(path, _)| path).collect();
    assert!(differ.is_empty(), "{what}: {differ:?}");
}

#[test]
fn a_look_changes_no_byte_whatever_wrote_the_folder_and_however_it_was_left() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SledStore::open(dir.path(), Options { segment_bytes: 64 * 1024, ..Options::default() }).unwrap();
    filled(&store);
    let live = parts(&*store.freeze().unwrap());
    drop(store);
    let at = |name: &str| other.path().join(name);
    let last_of_log = || {
        let mut log: Vec<_> = fs::read_dir(at("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
        log.sort();
        log.pop().unwrap()
    };
    type Left<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let left: Vec<Left<'_>> = vec![
        ("by a kill", Box::new(|| {})),
        ("by format 3", Box::new(|| fs::write(at("format"), "switchboard data 3\n").unwrap())),
        ("by format 4", Box::new(|| fs::write(at("format"), "switchboard data 4\n").unwrap())),
        (
            "in the middle of a write",
            Box::new(|| fs::File::options().append(true).open(last_of_log()).unwrap().write_all(b"#sb2 0000").unwrap()),
        ),
        (
            "with room in the log",
            Box::new(|| fs::File::options().append(true).open(last_of_log()).unwrap().write_all(&[0; 5_000]).unwrap()),
        ),
        ("while a segment was made", Box::new(|| fs::write(at("log").join("next.spare"), [0; 999]).unwrap())),
        (
            "between two renames of a compaction",
            Box::new(|| {
                copy(&at("db"), &at("db.1"));
                fs::rename(at("db"), at("db.old")).unwrap();
                fs::write(at("db.old").join("db"), "what it was before").unwrap();
            }),
        ),
        (
            "while a compaction filled a database",
            Box::new(|| {
                fs::create_dir(at("db.1")).unwrap();
                fs::write(at("db.1").join("db"), "half").unwrap();
            }),
        ),
    ];
    for (what, leave) in left {
        let _ = fs::remove_dir_all(other.path());
        copy(dir.path(), other.path());
        leave();
        let before = everything(other.path());
        let frozen = FrozenStore::open(other.path(), Options::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(parts(&frozen) == live, "{what}");
        drop(frozen);
        unchanged(other.path(), &before, what);
    }
    // And a start opens it after that.
    assert_eq!(SledStore::open(other.path(), Options::default()).unwrap().people(None, 99).unwrap().len(), 40);
}

/// Room that somebody may use up.
fn room_of(look: impl Fn() -> u64 + Send + Sync + 'static) -> Option<Look> {
    Some(Arc::new(move |_: &Path| Some(Room { free: look(), total: 1 << 40 })))
}

const PLENTY: u64 = 1 << 38;

/// Nothing became of a copy, and the store goes on.
fn goes_on(store: &SledStore, dir: &Path) {
    assert_eq!(store.failed(), None);
    let copies: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap()).filter(|e| e.file_type().unwrap().is_dir()).collect();
    let names: Vec<_> =
        copies.iter().map(|entry| entry.file_name().into_string().unwrap()).filter(|name| name.starts_with("db.")).collect();
    assert!(names.is_empty(), "its room is given back: {names:?}");
    must(store, change(&get(store, 3)));
}

#[test]
fn a_copy_for_which_there_is_no_room_is_not_begun() {
    let (dir, free) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(PLENTY)));
    let looked = free.clone();
    let options = Options { backlog_low: 0, room: room_of(move || looked.load(Ordering::SeqCst)), ..Options::default() };
    let store = SledStore::open(dir.path(), options.clone()).unwrap();
    filled(&store);
    assert!(store.stats().disk_bytes > 5_000);
    free.store(KEPT_FREE + 5_000, Ordering::SeqCst);
    let told = store.freeze().err().unwrap();
    assert!(matches!(told, Error::NoCopy(_)), "{told:?}");
    let told = told.to_string();
    assert!(told.contains("takes up to") && told.contains("256.0 MiB are free, and 256.0 MiB stay with the server"), "{told}");
    goes_on(&store, dir.path());
    free.store(KEPT_FREE - 1, Ordering::SeqCst);
    assert!(matches!(store.compact(), Err(Error::NoCopy(_))));
    goes_on(&store, dir.path());
    free.store(PLENTY, Ordering::SeqCst);
    drop(store.freeze().unwrap());
    store.compact().unwrap();
    drop(store);
    // At rest nobody needs what is left, and what is there is enough or not.
    free.store(5_000, Ordering::SeqCst);
    let before = everything(dir.path());
    let told = FrozenStore::open(dir.path(), options.clone()).err().unwrap();
    assert!(matches!(&told, Error::NoCopy(why) if why.contains("4.9 KiB are free; make room")), "{told}");
    unchanged(dir.path(), &before, "without room");
    free.store(PLENTY, Ordering::SeqCst);
    drop(FrozenStore::open(dir.path(), options).unwrap());
}

#[test]
fn a_disk_that_fills_while_a_copy_is_made_costs_the_copy_and_nothing_else() {
    // Once the room goes, once the disk refuses what is written.
    for refuses in [false, true] {
        let (dir, left) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(u64::MAX)));
        let used_up = |left: &AtomicU64| left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        let (looks, writes) = (left.clone(), left.clone());
        let options = Options {
            backlog_low: 0,
            room: room_of(move || if !refuses && used_up(&looks) { KEPT_FREE - 1 } else { PLENTY }),
            before_io: Some(Arc::new(move |operation: Io| match refuses && operation == Io::CopyWrite && used_up(&writes) {
                true => Err(std::io::Error::other("no space left on device")),
                false => Ok(()),
            })),
            ..Options::default()
        };
        let store = SledStore::open(dir.path(), options).unwrap();
        filled(&store);
        let (mut frozen, mut compacted) = (None, None);
        for nth in 0_u64.. {
            left.store(nth, Ordering::SeqCst);
            match store.freeze() {
                Ok(copy) => frozen = frozen.or(Some((nth, parts(&*copy).len()))),
                Err(Error::NoCopy(_)) => goes_on(&store, dir.path()),
                Err(error) => panic!("at {nth}: {error}"),
            }
            left.store(nth, Ordering::SeqCst);
            match store.compact() {
                Ok(_) => compacted = compacted.or(Some(nth)),
                Err(Error::NoCopy(_)) => goes_on(&store, dir.path()),
                Err(error) => panic!("at {nth}: {error}"),
            }
            if frozen.is_some() && compacted.is_some() {
                break;
            }
        }
        assert!(frozen.unwrap().0 > 1 && compacted.unwrap() > 1, "it was struck on the way: {frozen:?} {compacted:?}");
        left.store(u64::MAX, Ordering::SeqCst);
        goes_on(&store, dir.path());
        store.close().unwrap();
        drop(store);
        assert_eq!(looked(dir.path()).unwrap(), Vec::new());
    }
}

#[test]
fn a_folder_at_rest_that_cannot_be_copied_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), Options::default()).unwrap();
    filled(&store);
    store.close().unwrap();
    drop(store);
    let before = everything(dir.path());
    for nth in 0_u64.. {
        let done = AtomicU64::new(0);
        let before_io = move |operation: Io| match operation == Io::CopyWrite && done.fetch_add(1, Ordering::SeqCst) == nth {
            true => Err(std::io::Error::other("no space left on device")),
            false => Ok(()),
        };
        let Err(error) = FrozenStore::open(dir.path(), Options { before_io: Some(Arc::new(before_io)), ..Options::default() }) else {
            assert!(nth > 1, "there are some files");
            break;
        };
        assert!(matches!(&error, Error::NoCopy(why) if why.contains("no space left")), "{error}");
        unchanged(dir.path(), &before, "where a copy failed");
    }
    unchanged(dir.path(), &before, "where one did not");
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
        let before = everything(dir.path());
        let frozen = FrozenStore::open(dir.path(), Options::default()).unwrap();
        assert_eq!(parts(&frozen), live);
        assert_eq!(frozen.people(), 40);
        assert!(matches!(SledStore::open(dir.path(), Options::default()).err(), Some(Error::InUse(_))));
        drop(frozen);
        unchanged(dir.path(), &before, "as it was left");
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
    // Opened again after it was filled: of a database that never was, sled takes what comes before the damage, and the log has the rest.
    for fill in [true, false] {
        let store = SledStore::open(dir.path(), Options::default()).unwrap();
        if fill {
            filled(&store);
        }
        store.close().unwrap();
    }
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

//! The rules of copies: a frozen store is of one moment, and what is exported and imported is the same again.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{
    Commit, Frozen, Part, PersonChange, RecordPut, Store,
    archive::{self, Header, Target, Totals, files::Files},
    commit_blocking,
    room::Disk,
};
use model::ContactId;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Everything of a store, in its order; nothing of it may be damaged.
pub fn parts(frozen: &dyn Frozen) -> Vec<Part> {
    let mut parts = Vec::new();
    frozen
        .read(&mut |part| {
            parts.push(part.expect("nothing is damaged"));
            Ok(())
        })
        .unwrap();
    frozen.audit(&mut |damage| panic!("{damage:?}")).unwrap();
    parts
}

/// A place for a file that goes in the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("switchboard-copies-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn export(&self, frozen: &dyn Frozen, at: &str) -> Totals {
        let header = Header { at: at.into(), store: "any".into(), program: "test".into(), people: frozen.people() };
        let target = Target::begin(&self.0, false).unwrap();
        archive::export(frozen, Files::default(), &header, target, &|_| true).unwrap().0
    }

    fn without_header(&self) -> Vec<u8> {
        let bytes = std::fs::read(&self.0).unwrap();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
        bytes.split_at(ends.take(3).last().unwrap()).1.to_vec()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Exports a store, imports that into data that is empty, and opens it: an export of it has the same bytes.
pub fn moved(store: &dyn Store, to: &mut dyn Factory) -> Box<dyn Store> {
    let (first, second) = (Place::new(), Place::new());
    let frozen = store.freeze().unwrap();
    let exported = first.export(&*frozen, "one day");
    let before = parts(&*frozen);
    drop(frozen);
    let load = to.load();
    let nowhere = std::path::Path::new("nowhere");
    let (header, imported) = archive::import(&first.0, nowhere, &Disk::of(nowhere), |_| Ok(load), &|_| true).unwrap();
    assert_eq!((&*header.at, imported), ("one day", exported));
    let store = to.open();
    let frozen = store.freeze().unwrap();
    assert_eq!(parts(&*frozen), before);
    assert_eq!(second.export(&*frozen, "another day"), exported);
    assert!(first.without_header() == second.without_header(), "the same contents make the same bytes");
    drop(frozen);
    store
}

/// The pair of people `n`, in one commit with the record that says their version.
fn pair(store: &dyn Store, n: u64, version: u64) {
    let record = |value| vec![RecordPut { table: "pairs".into(), key: format!("{n:06}"), value }];
    let mut both = [2 * n, 2 * n + 1].map(|one| match store.person(contact_id(one)).unwrap() {
        None => newcomer(one),
        Some(person) if version == 0 => PersonChange::erase(contact_id(one), person.version),
        Some(person) => {
            let mut next = change(&person);
            say(&mut next, &person, 0, &[&"word ".repeat(300)]);
            next
        }
    });
    if version > 0 {
        both.iter_mut().for_each(|one| one.journey = vec![journey(version)]);
    }
    let [person, other] = both;
    let records = record((version > 0).then(|| version.into()));
    commit_blocking(store, Commit { person: Some(person), also: vec![other], records }).unwrap();
}

pub fn a_frozen_store_is_of_one_moment(factory: &mut dyn Factory) {
    let store: Arc<dyn Store> = Arc::from(factory.open());
    (0..40).for_each(|n| (1..4).for_each(|version| pair(&*store, n, version)));
    let over = Arc::new(AtomicBool::new(false));
    let work = {
        let (store, over) = (store.clone(), over.clone());
        std::thread::spawn(move || {
            let mut version = 4;
            for n in (40..).take_while(|_| !over.load(Ordering::Relaxed)) {
                (1..4).for_each(|version| pair(&*store, n, version));
                pair(&*store, n % 40, version);
                version += u64::from(n % 40 == 39);
                if n % 3 == 0 {
                    pair(&*store, n, 0);
                }
            }
        })
    };
    let mut seen = 0;
    for round in 0..4 {
        let frozen = store.freeze().unwrap();
        let (mut people, mut versions, mut last) =
            (BTreeMap::<ContactId, (u64, u64, u64)>::new(), BTreeMap::<u64, u64>::new(), contact_id(0));
        for part in parts(&*frozen) {
            match part {
                Part::Person(person) => {
                    last = person.contact.id;
                    people.insert(last, (person.version, 0, 0));
                }
                Part::Line(_) => people.get_mut(&last).unwrap().1 += 1,
                Part::Journey(_) => people.get_mut(&last).unwrap().2 += 1,
                Part::Event(_) => panic!("nobody made any"),
                Part::Record { key, value, .. } => drop(versions.insert(key.parse().unwrap(), value.as_u64().unwrap())),
            }
        }
        assert_eq!(people.len(), 2 * versions.len(), "round {round}");
        assert_eq!(frozen.people(), people.len() as u64, "round {round}");
        for (n, version) in &versions {
            for one in [2 * n, 2 * n + 1] {
                assert_eq!(people.get(&contact_id(one)), Some(&(*version, version - 1, *version)), "round {round}, {one}");
            }
        }
        // The last pair may have been one that is taken away again.
        assert!(versions.len() + 1 >= seen.max(41), "round {round}");
        seen = versions.len();
        assert!(matches!(store.freeze().err(), None | Some(crate::Error::Busy)));
    }
    over.store(true, Ordering::Relaxed);
    work.join().unwrap();
}

pub fn what_is_noted_at_the_moment_belongs_to_it(factory: &mut dyn Factory) {
    let store: Arc<dyn Store> = Arc::from(factory.open());
    (0..40).for_each(|n| pair(&*store, n, 1));
    // What stands beside the store is always written before what names it.
    let (beside, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let work = {
        let (store, beside, over) = (store.clone(), beside.clone(), over.clone());
        std::thread::spawn(move || {
            for n in (1..).take_while(|_| !over.load(Ordering::SeqCst)) {
                beside.store(n, Ordering::SeqCst);
                let record = RecordPut { table: "beside".into(), key: "which".into(), value: Some(n.into()) };
                commit_blocking(&*store, Commit { records: vec![record], ..Commit::default() }).unwrap();
            }
        })
    };
    for round in 0..6 {
        while beside.load(Ordering::SeqCst) < 10 * (round + 1) {
            std::thread::yield_now();
        }
        let (noted, beside) = (Arc::new(AtomicU64::new(0)), beside.clone());
        let note = noted.clone();
        let frozen = store.freeze_with(Box::new(move || note.store(beside.load(Ordering::SeqCst), Ordering::SeqCst))).unwrap();
        let which = parts(&*frozen).into_iter().find_map(|part| match part {
            Part::Record { table, value, .. } if table == "beside" => value.as_u64(),
            _ => None,
        });
        let (noted, named) = (noted.load(Ordering::SeqCst), which.unwrap());
        assert!(noted == named || noted == named + 1, "round {round}: {named} is named, and there was {noted}");
    }
    over.store(true, Ordering::SeqCst);
    work.join().unwrap();
}

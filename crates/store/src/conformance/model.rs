//! Random commits, refusals and restarts, held against a store so naive that it is right by inspection.

use super::{Factory, people::*};
use crate::{Commit, Error, RecordPut, Store, commit_blocking};
use model::{
    Address, ContactId, Conversation, EventRecord, IdSource, Instant, JourneyEntry, Owner, Person, Reach, SeenKey, TranscriptEntry, Value,
};
use std::collections::BTreeMap;

/// Everything in plain lists; questions are answered by looking through all of them.
#[derive(Default)]
struct Naive {
    people: BTreeMap<ContactId, Person>,
    lines: Vec<(ContactId, TranscriptEntry)>,
    journey: Vec<(ContactId, JourneyEntry)>,
    events: Vec<(ContactId, EventRecord)>,
    records: BTreeMap<(String, String), serde_json::Value>,
}

impl Naive {
    fn apply(&mut self, commit: &Commit) -> bool {
        if let Some(change) = &commit.person {
            let Ok(after) = change.apply(self.people.get(&change.id)) else { return false };
            let taken = |address: &Address| self.people.values().any(|p| p.contact.id != change.id && p.contact.reach(address).is_some());
            if after.contact.addresses.iter().any(|r| taken(&r.address)) {
                return false;
            }
            self.people.insert(change.id, after);
            self.lines.extend(change.transcript.iter().map(|l| (change.id, l.clone())));
            self.journey.extend(change.journey.iter().map(|j| (change.id, j.clone())));
            self.events.extend(change.events.iter().map(|e| (change.id, e.clone())));
        }
        for put in &commit.records {
            let key = (put.table.clone(), put.key.clone());
            match &put.value {
                Some(value) => self.records.insert(key, value.clone()),
                None => self.records.remove(&key),
            };
        }
        true
    }

    fn check(&self, store: &dyn Store, draw: &mut IdSource) {
        let people: Vec<Person> = store.people(None, 10_000).unwrap().iter().map(|p| (**p).clone()).collect();
        assert_eq!(people, self.people.values().cloned().collect::<Vec<_>>());
        let mut scanned = BTreeMap::new();
        store.scan(&mut |person, events| assert!(scanned.insert(person.contact.id, (person, events)).is_none())).unwrap();
        assert_eq!(scanned.len(), self.people.len());
        for (id, (person, events)) in scanned {
            assert_eq!(self.people.get(&id), Some(&*person));
            assert_eq!(events, self.events.iter().filter(|(c, _)| *c == id).map(|(_, e)| e.clone()).collect::<Vec<_>>());
        }
        for number in 0..ADDRESSES {
            let owner = self.people.values().find(|p| p.contact.reach(&address(number)).is_some()).map(|p| p.contact.id);
            assert_eq!(store.person_at(&address(number)).unwrap(), owner, "address {number}");
        }
        let mut active = Vec::new();
        store.active(&mut |p| active.push(p.contact.id)).unwrap();
        active.sort_unstable();
        assert_eq!(active, self.people.values().filter(|p| p.is_active()).map(|p| p.contact.id).collect::<Vec<_>>());
        for (id, person) in &self.people {
            let (skip, limit, after) = (draw.draw() as usize % 12, draw.draw() as usize % 30, draw.draw() % 20);
            for conversation in &person.conversations {
                let of = self.lines.iter().filter(|(c, l)| c == id && l.conversation() == conversation.id && l.no() > after);
                let expected: Vec<_> = of.map(|(_, l)| l.clone()).take(limit).collect();
                assert_eq!(store.transcript(*id, conversation.id, after, limit).unwrap(), expected);
            }
            let expected: Vec<_> =
                self.journey.iter().rev().filter(|(c, _)| c == id).map(|(_, j)| j.clone()).skip(skip).take(limit).collect();
            assert_eq!(store.journey(*id, skip, limit).unwrap(), expected);
            let expected: Vec<_> =
                self.events.iter().rev().filter(|(c, _)| c == id).map(|(_, e)| e.clone()).skip(skip).take(limit).collect();
            assert_eq!(store.events(*id, skip, limit).unwrap(), expected);
        }
        for table in TABLES {
            let expected: Vec<_> = self.records.iter().filter(|((t, _), _)| t == table).map(|((_, k), v)| (k.clone(), v.clone())).collect();
            assert_eq!(store.records(table).unwrap(), expected);
        }
        assert_eq!(store.stats().people, self.people.len() as u64);
    }
}

const PEOPLE: u64 = 12;
const ADDRESSES: u64 = 30;
const TABLES: [&str; 3] = ["a", "b", "a b"];

/// A commit about a random person, sometimes one that must be refused.
fn random(naive: &Naive, draw: &mut IdSource, clock: i64) -> Commit {
    let mut pick = |below: u64| draw.draw() % below;
    let n = pick(PEOPLE);
    let now: Instant = at(clock);
    let mut change = match naive.people.get(&contact_id(n)) {
        None => newcomer(n),
        Some(person) => {
            let mut change = change(person);
            for _ in 0..pick(3) {
                let k = pick(person.conversations.len() as u64) as usize;
                if change.conversations.iter().all(|c| c.id != person.conversations[k].id) {
                    let long = "word ".repeat(pick(400) as usize);
                    say(&mut change, person, k, &["hello", &long]);
                }
            }
            if pick(6) == 0 && person.conversations.len() < 4 {
                let k = person.conversations.len() as u64;
                change.conversations.push(Conversation::new(conversation_id(n, k), contact_id(n), address(pick(ADDRESSES))));
            }
            if pick(4) == 0 {
                let mut contact = person.contact.clone();
                match pick(3) {
                    0 => contact.addresses.push(Reach { address: address(pick(ADDRESSES)), unreachable: None }),
                    1 => drop(contact.addresses.pop()),
                    _ => drop(contact.attributes.insert("x".into(), Value::text("y".repeat(pick(30_000) as usize)))),
                }
                change.contact = Some(Box::new(contact));
            }
            if pick(4) == 0 {
                let owner = if pick(2) == 0 { Owner::Queue } else { Owner::Bot };
                let mut first = change.conversations.iter().position(|c| c.id == person.conversations[0].id);
                if first.is_none() {
                    change.conversations.push(person.conversations[0].clone());
                    first = Some(change.conversations.len() - 1);
                }
                change.conversations[first.expect("it was just put")].owner = owner;
            }
            change.inbox_put.extend((0..pick(2)).map(|_| inbox(pick(5))));
            change.inbox_done.extend((0..pick(3)).map(|_| pick(5)));
            change.inbox_park.extend((0..pick(2)).map(|_| pick(5)));
            change.outbox_put.extend((0..pick(2)).map(|_| outbox(conversation_id(n, 0), pick(5))));
            change.outbox_done.extend((0..pick(3)).map(|_| outbox(conversation_id(n, 0), pick(5)).message.id));
            change.calls_put.extend((0..pick(2)).map(|_| call(conversation_id(n, 0), pick(5))));
            change.calls_done.extend((0..pick(3)).map(|_| call(conversation_id(n, 0), pick(5)).call.id));
            change.seen.extend((0..pick(2)).map(|_| SeenKey(pick(100), now)));
            change
        }
    };
    change.journey.extend((0..pick(3)).map(|_| journey(pick(1_000_000))));
    change.events.extend((0..pick(2)).map(|_| event(pick(1_000_000))));
    if pick(10) == 0 {
        change.base = pick(4);
    }
    let records = (0..pick(3)).map(|_| RecordPut {
        table: TABLES[pick(3) as usize].to_owned(),
        key: format!("k{}", pick(6)),
        value: (pick(3) > 0).then(|| serde_json::json!({ "v": pick(1000), "long": "z".repeat(pick(20_000) as usize) })),
    });
    let records = records.collect();
    Commit { person: (pick(8) > 0).then_some(change), records }
}

/// The test: several seeds, each a few hundred commits with checks and restarts in between.
///
/// # Panics
/// Where the store and the model differ.
pub fn run(make: &mut dyn FnMut() -> Box<dyn Factory>) {
    for seed in 0..4 {
        let mut factory = make();
        let mut draw = IdSource::new(at(0), seed);
        let (mut naive, mut store, mut accepted) = (Naive::default(), factory.open(), 0);
        for round in 0..400 {
            let commit = random(&naive, &mut draw, round);
            let expected = naive.apply(&commit);
            match commit_blocking(&*store, commit.clone()) {
                Ok(seq) => {
                    accepted += 1;
                    assert!(expected, "seed {seed}, round {round}: accepted {commit:?}");
                    assert_eq!(seq, accepted);
                }
                Err(Error::Conflict { .. } | Error::Invalid(_)) => assert!(!expected, "seed {seed}, round {round}: refused {commit:?}"),
                Err(other) => panic!("seed {seed}, round {round}: {other}"),
            }
            match draw.draw() % 40 {
                0 => {
                    drop(store);
                    store = factory.open();
                }
                1 => {
                    store.close().unwrap();
                    drop(store);
                    store = factory.open();
                }
                2..6 => naive.check(&*store, &mut draw),
                _ => {}
            }
        }
        naive.check(&*store, &mut draw);
        assert!(naive.people.len() as u64 == PEOPLE && accepted > 200, "the run is worth something");
    }
}

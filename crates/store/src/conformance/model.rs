//! Random commits, refusals and restarts, held against a store so naive that it is right by inspection.

use super::{Factory, people::*};
use crate::{Commit, Error, PersonChange, RecordPut, Store, Written, commit_blocking};
use model::{
    Address, ContactId, Conversation, ConversationId, EventRecord, Forgotten, IdSource, Instant, JourneyEntry, JourneyFilter, Owner,
    Person, Reach, SeenKey, TranscriptEntry, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything in plain lists; questions are answered by looking through all of them.
#[derive(Default)]
struct Naive {
    people: BTreeMap<ContactId, Person>,
    lines: Vec<(ContactId, TranscriptEntry)>,
    journey: Vec<(ContactId, JourneyEntry)>,
    events: Vec<(ContactId, EventRecord)>,
    records: BTreeMap<(String, String), serde_json::Value>,
    /// Ids that stood for somebody: they are not given again.
    gone: BTreeSet<ContactId>,
}

impl Naive {
    fn apply(&mut self, commit: &Commit) -> bool {
        let mut people = self.people.clone();
        for change in commit.people() {
            if change.erase {
                if change.check_erase(people.get(&change.id)).is_err() {
                    return false;
                }
                people.remove(&change.id);
            } else {
                let Ok(after) = change.apply(people.get(&change.id)) else { return false };
                let (written, last) = self.written(change.id);
                if change.check_forget(written, |id| last.get(&id).copied().unwrap_or(0)).is_err() {
                    return false;
                }
                people.insert(change.id, after);
            }
        }
        // An address leads to one person, whoever had it before.
        let mut leads: BTreeMap<&Address, ContactId> = BTreeMap::new();
        for (id, person) in &people {
            if person.contact.addresses.iter().any(|reach| leads.insert(&reach.address, *id).is_some_and(|other| other != *id)) {
                return false;
            }
        }
        self.people = people;
        for change in commit.people() {
            if change.erase {
                self.gone.insert(change.id);
                self.lines.retain(|(id, _)| *id != change.id);
                self.journey.retain(|(id, _)| *id != change.id);
                self.events.retain(|(id, _)| *id != change.id);
                continue;
            }
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

    /// How much was written about somebody, and the last line of each of their conversations.
    fn written(&self, id: ContactId) -> (Written, BTreeMap<ConversationId, u64>) {
        let journey = self.journey.iter().filter(|(of, _)| *of == id).count() as u64;
        let events = self.events.iter().filter(|(of, _)| *of == id).count() as u64;
        (Written { journey, events }, self.lines.iter().filter(|(of, _)| *of == id).map(|(_, l)| (l.conversation(), l.no())).collect())
    }

    /// What is kept of somebody's rows of one kind, oldest first, each with its place.
    fn kept<'n, T>(&self, rows: &'n [(ContactId, T)], id: ContactId, forgotten: impl Fn(&Forgotten) -> u64) -> Vec<(u64, &'n T)> {
        let forgotten = self.people.get(&id).map_or(0, |person| forgotten(&person.forgotten));
        let own = rows.iter().filter(|(of, _)| *of == id).map(|(_, row)| row);
        (0..).zip(own).filter(|(place, _)| *place >= forgotten).collect()
    }

    fn is_kept(&self, id: ContactId, line: &TranscriptEntry) -> bool {
        self.people.get(&id).is_some_and(|person| line.no() > person.forgotten.lines_of(line.conversation()))
    }

    fn check(&self, store: &dyn Store, draw: &mut IdSource) {
        let people: Vec<Person> = store.people(None, 10_000).unwrap().iter().map(|p| (**p).clone()).collect();
        assert_eq!(people, self.people.values().cloned().collect::<Vec<_>>());
        let mut scanned = BTreeMap::new();
        store.scan(&mut |person, events| assert!(scanned.insert(person.contact.id, (person, events)).is_none())).unwrap();
        assert_eq!(scanned.len(), self.people.len());
        for (id, (person, events)) in scanned {
            assert_eq!(self.people.get(&id), Some(&*person));
            let kept = self.kept(&self.events, id, |forgotten| forgotten.events);
            assert_eq!(events, kept.into_iter().map(|(_, e)| e.clone()).collect::<Vec<_>>());
        }
        for number in 0..ADDRESSES {
            let owner = self.people.values().find(|p| p.contact.reach(&address(number)).is_some()).map(|p| p.contact.id);
            assert_eq!(store.person_at(&address(number)).unwrap(), owner, "address {number}");
        }
        let mut active = Vec::new();
        store.active(&mut |p| active.push(p.contact.id)).unwrap();
        active.sort_unstable();
        assert_eq!(active, self.people.values().filter(|p| p.is_active()).map(|p| p.contact.id).collect::<Vec<_>>());
        for id in &self.gone {
            assert!(store.person(*id).unwrap().is_none());
            assert!(store.journey(*id, 0, 9).unwrap().is_empty());
            assert!(store.events(*id, 0, 9).unwrap().is_empty());
        }
        for (id, person) in &self.people {
            let (skip, limit, after) = (draw.draw() as usize % 12, draw.draw() as usize % 30, draw.draw() % 20);
            for conversation in &person.conversations {
                // Wherever they were written: numbers tell their order.
                let is = |l: &TranscriptEntry| l.conversation() == conversation.id && l.no() > after;
                let of = self.lines.iter().filter(|(c, l)| is(l) && self.is_kept(*c, l));
                let mut expected: Vec<_> = of.map(|(_, l)| l.clone()).collect();
                expected.sort_by_key(TranscriptEntry::no);
                expected.truncate(limit);
                assert_eq!(store.transcript(*id, conversation.id, after, limit).unwrap(), expected);
            }
            let journey = self.kept(&self.journey, *id, |forgotten| forgotten.journey);
            let expected: Vec<_> = journey.iter().rev().map(|(_, j)| (*j).clone()).skip(skip).take(limit).collect();
            assert_eq!(store.journey(*id, skip, limit).unwrap(), expected);
            let before = (!draw.draw().is_multiple_of(3)).then(|| draw.draw() % 40);
            let below = journey.iter().rev().filter(|(place, _)| before.is_none_or(|before| *place < before));
            let below: Vec<_> = below.map(|(place, j)| (*place, (*j).clone())).collect();
            let page = store.journey_page(*id, &JourneyFilter::default(), before, limit, usize::MAX).unwrap();
            assert_eq!(page.lines, below.iter().take(limit).cloned().collect::<Vec<_>>(), "before {before:?}");
            assert_eq!(page.next.is_some(), below.len() > limit, "a page says whether there is more");
            assert_eq!(page.forgotten, person.forgotten.journey);
            let events = self.kept(&self.events, *id, |forgotten| forgotten.events);
            let expected: Vec<_> = events.iter().rev().map(|(_, e)| (*e).clone()).skip(skip).take(limit).collect();
            assert_eq!(store.events(*id, skip, limit).unwrap(), expected);
            let oldest: Vec<_> = events.iter().take(limit).map(|(_, e)| (*e).clone()).collect();
            assert_eq!(store.oldest_events(*id, limit).unwrap(), oldest);
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
            let k = person.conversations.len() as u64;
            // An id is never given again, nor when whoever it went to was erased.
            let is_new = naive.people.values().all(|p| p.conversation(conversation_id(n, k)).is_none())
                && naive.lines.iter().all(|(_, line)| line.conversation() != conversation_id(n, k));
            if pick(6) == 0 && k < 4 && is_new {
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
            if pick(5) == 0 {
                // Now and then more than there is.
                let (written, last) = naive.written(contact_id(n));
                let mut some = |of: u64| if pick(15) == 0 { of + 1 } else { pick(of + 1) };
                change.forget = Forgotten { journey: some(written.journey), events: some(written.events), lines: Vec::new() };
                change.forget.lines = last.into_iter().map(|(id, no)| (id, some(no))).collect();
            }
            change
        }
    };
    change.journey.extend((0..pick(3)).map(|_| journey(pick(1_000_000))));
    change.events.extend((0..pick(2)).map(|_| event(pick(1_000_000))));
    if pick(10) == 0 {
        change.base = pick(4);
    }
    if pick(50) == 0 && change.base > 0 {
        change = PersonChange::erase(change.id, change.base);
    }
    let records = (0..pick(3)).map(|_| RecordPut {
        table: TABLES[pick(3) as usize].to_owned(),
        key: format!("k{}", pick(6)),
        value: (pick(3) > 0).then(|| serde_json::json!({ "v": pick(1000), "long": "z".repeat(pick(20_000) as usize) })),
    });
    let records = records.collect();
    let somebody = pick(8) > 0 && !naive.gone.contains(&change.id);
    let also = if somebody && pick(5) == 0 { with_others(naive, &mut change, draw) } else { Vec::new() };
    Commit { person: somebody.then_some(change), also, records }
}

/// Others who change in the same commit; addresses and a conversation go from the last of them to the person of `change`.
fn with_others(naive: &Naive, first: &mut PersonChange, draw: &mut IdSource) -> Vec<PersonChange> {
    let Some(person) = naive.people.get(&first.id).filter(|_| !first.erase) else { return Vec::new() };
    let others: Vec<&Person> = naive.people.values().filter(|other| other.contact.id != first.id).collect();
    let mut also = Vec::new();
    for _ in 0..1 + draw.draw() % 2 {
        let Some(other) = others.get(draw.draw() as usize % others.len().max(1)) else { break };
        if also.iter().any(|change: &PersonChange| change.id == other.contact.id) {
            continue;
        }
        let mut change = change(other);
        change.journey = vec![journey(draw.draw() % 1_000_000)];
        if draw.draw().is_multiple_of(12) {
            change = PersonChange::erase(change.id, change.base);
        }
        also.push(change);
    }
    if let Some(last) = also.last_mut().filter(|last| !last.erase)
        && let Some(other) = naive.people.get(&last.id)
        && first.contact.is_none()
    {
        let (mut gets, mut gives) = (person.contact.clone(), other.contact.clone());
        gets.addresses.append(&mut gives.addresses);
        // Sometimes it is forgotten that an address has one owner.
        if draw.draw().is_multiple_of(4) {
            gives.addresses.clone_from(&other.contact.addresses);
        }
        if let Some(moves) = other.conversations.last().filter(|_| other.conversations.len() > 1) {
            first.conversations.push(moves.clone().moved_to(first.id));
            last.conversations_gone.push(moves.id);
        }
        (first.contact, last.contact) = (Some(Box::new(gets)), Some(Box::new(gives)));
    }
    also
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
                Err(error @ (Error::Conflict { .. } | Error::Invalid(_))) => {
                    assert!(!expected, "seed {seed}, round {round}: refused with {error}: {commit:?}");
                }
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
                6 => {
                    store.compact().unwrap();
                }
                2..6 => naive.check(&*store, &mut draw),
                _ => {}
            }
        }
        naive.check(&*store, &mut draw);
        assert!(
            (naive.people.len() + naive.gone.len()) as u64 == PEOPLE && !naive.people.is_empty() && accepted > 200,
            "the run is worth something"
        );
        // A copy of it is the same, and goes on like it.
        let mut other = make();
        let mut copy = super::copies::moved(&*store, &mut *other);
        naive.check(&*copy, &mut draw);
        for round in 400..480 {
            let commit = random(&naive, &mut draw, round);
            let expected = naive.apply(&commit);
            assert_eq!(commit_blocking(&*copy, commit).is_ok(), expected, "seed {seed}, round {round}, of the copy");
            if round == 440 {
                drop(copy);
                copy = other.open();
                naive.check(&*copy, &mut draw);
            }
        }
        naive.check(&*copy, &mut draw);
    }
}

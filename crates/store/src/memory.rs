//! The in-memory twin of the durable stores: the same rules, no disk, and faults to order.
//!
//! Tests and the simulator run on it. "Durable" here means applied; [`MemStore::crash`] gives the store as it
//! would be found after the process died: applied commits are there, held ones are not.

use crate::{
    Commit, Done, Each, Error, Frozen, JourneyPage, Load, Moment, Order, Part, Seq, Stats, Store, Walk, Written, check_claims_together,
    codec, through,
};
use model::{Address, ContactId, ConversationId, EventRecord, JourneyEntry, JourneyFilter, Person, TranscriptEntry};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    ops::Bound,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// A fault to order. `nth` counts commits handed over from now on; 1 is the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk fails at the n-th commit: it and everything after it answers [`Error::Failed`]. Whether a restart
    /// finds that commit nobody can say beforehand: `kept` does.
    Fail {
        /// Which commit.
        nth: u64,
        /// Whether [`MemStore::crash`] finds it.
        kept: bool,
    },
    /// The n-th commit answers [`Error::Busy`] and changes nothing.
    Busy {
        /// Which commit.
        nth: u64,
    },
    /// The n-th commit answers [`Error::Conflict`] and changes nothing.
    Conflict {
        /// Which commit.
        nth: u64,
    },
    /// Commits wait, neither applied nor answered, until [`MemStore::release`] or [`MemStore::release_all`]: a slow disk.
    Hold,
}

/// The store in memory. Clones share one state.
#[derive(Clone, Default)]
pub struct MemStore {
    inner: Arc<Mutex<Inner>>,
    gate: Arc<Gate>,
}

/// Where reads of a person wait.
#[derive(Default)]
struct Gate {
    /// Whose are held, and how many wait, of each.
    held: Mutex<HashMap<ContactId, usize>>,
    opened: Condvar,
}

impl Gate {
    fn held(&self) -> MutexGuard<'_, HashMap<ContactId, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, id: ContactId) {
        let mut held = self.held();
        let Some(waiting) = held.get_mut(&id) else { return };
        *waiting += 1;
        while held.contains_key(&id) {
            held = self.opened.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whoever reads one person by their id waits until this goes.
pub struct HeldReads {
    gate: Arc<Gate>,
    id: ContactId,
}

impl HeldReads {
    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.gate.held().get(&self.id).copied().unwrap_or_default()
    }
}

impl Drop for HeldReads {
    fn drop(&mut self) {
        self.gate.held().remove(&self.id);
        self.gate.opened.notify_all();
    }
}

/// How much of journeys a store looked at for pages of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JourneyReads {
    /// Lines of which the head was looked at.
    pub heads: usize,
    /// Lines that were read whole.
    pub whole: usize,
}

#[derive(Default)]
struct Inner {
    data: Data,
    faults: Vec<Fault>,
    /// Commits that wait for a release, oldest first.
    held: VecDeque<(Commit, Option<Fault>, Done)>,
    holding: bool,
    failed: Option<String>,
    closed: bool,
    /// Of whom nothing can be read.
    spoilt: HashSet<ContactId>,
    /// Answers in order; one thread at a time hands them out, without the lock.
    answers: VecDeque<(Done, Result<Seq, Error>)>,
    answering: bool,
    /// Bytes that it says it has on the disk.
    weight: u64,
    journey_reads: JourneyReads,
}

/// What is durable.
#[derive(Clone, Default)]
struct Data {
    seq: Seq,
    people: BTreeMap<ContactId, Arc<Person>>,
    addresses: HashMap<Address, ContactId>,
    transcripts: HashMap<(ContactId, ConversationId), Vec<TranscriptEntry>>,
    journeys: HashMap<ContactId, Vec<JourneyEntry>>,
    events: HashMap<ContactId, Vec<EventRecord>>,
    records: BTreeMap<(String, String), Value>,
}

impl Data {
    /// The contacts that were merged into one.
    fn absorbed(&self, id: ContactId) -> &[model::Absorbed] {
        self.people.get(&id).map_or(&[], |person| &person.contact.absorbed)
    }

    fn erase(&mut self, id: ContactId) {
        self.people.remove(&id);
        self.addresses.retain(|_, owner| *owner != id);
        self.transcripts.retain(|(contact, _), _| *contact != id);
        self.journeys.remove(&id);
        self.events.remove(&id);
    }

    fn apply(&mut self, commit: Commit) -> Result<Seq, Error> {
        commit.check_people()?;
        let mut people = Vec::with_capacity(1 + commit.also.len());
        for change in commit.people() {
            let before = self.people.get(&change.id).map(|p| &**p);
            if change.erase {
                change.check_erase(before)?;
                people.push((change.id, before, None));
                continue;
            }
            let after = change.apply(before)?;
            change.check_lines(before, &after)?;
            if !change.forget.is_nothing() {
                let (written, last_no) = self.written(change.id, before);
                change.check_forget(written, |id| last_no.get(&id).copied().unwrap_or(0))?;
            }
            people.push((change.id, before, Some(after)));
        }
        let together: Vec<_> = people.iter().map(|(id, before, after)| (*id, *before, after.as_ref())).collect();
        let moved = check_claims_together(&together, |address| Ok(self.addresses.get(address).copied()))?;
        let after: Vec<Option<Person>> = people.into_iter().map(|(_, _, after)| after).collect();
        for address in moved.iter().flat_map(|moved| &moved.dropped) {
            self.addresses.remove(address);
        }
        for ((change, after), moved) in commit.person.into_iter().chain(commit.also).zip(after).zip(moved) {
            let Some(after) = after else {
                self.erase(change.id);
                continue;
            };
            self.addresses.extend(moved.claimed.into_iter().map(|a| (a, change.id)));
            for entry in change.transcript {
                self.transcripts.entry((change.id, entry.conversation())).or_default().push(entry);
            }
            self.journeys.entry(change.id).or_default().extend(change.journey);
            self.events.entry(change.id).or_default().extend(change.events);
            if !change.forget.is_nothing() {
                self.forget(&after);
            }
            if !change.withdraw.is_empty() {
                let events = self.events.entry(change.id).or_default().iter_mut();
                events.filter(|event| change.withdraw.contains(&event.id)).for_each(EventRecord::withdraw);
            }
            if !change.unname.is_empty() {
                for entry in self.journeys.entry(change.id).or_default() {
                    entry.unname(&change.unname);
                }
            }
            self.people.insert(change.id, Arc::new(after));
        }
        for put in commit.records {
            match put.value {
                Some(value) => self.records.insert((put.table, put.key), value),
                None => self.records.remove(&(put.table, put.key)),
            };
        }
        self.seq += 1;
        Ok(self.seq)
    }
}

impl Data {
    /// How much was written about a person, and the last transcript line of each conversation.
    fn written(&self, id: ContactId, before: Option<&Person>) -> (Written, HashMap<ConversationId, u64>) {
        let known = before.map(|person| person.forgotten.clone()).unwrap_or_default();
        let journey = known.journey + self.journeys.get(&id).map_or(0, |lines| lines.len() as u64);
        let events = known.events + self.events.get(&id).map_or(0, |events| events.len() as u64);
        let of = |(key, lines): (&(ContactId, ConversationId), &Vec<TranscriptEntry>)| {
            (key.0 == id).then(|| (key.1, lines.last().map_or(known.lines_of(key.1), TranscriptEntry::no)))
        };
        (Written { journey, events }, self.transcripts.iter().filter_map(of).collect())
    }

    /// Lets go of what a person as they are from now on has forgotten.
    fn forget(&mut self, after: &Person) {
        let id = after.contact.id;
        let before = self.people.get(&id).map(|person| person.forgotten.clone()).unwrap_or_default();
        let more = |now: u64, before: u64, len: usize| usize::try_from(now - before).unwrap_or(usize::MAX).min(len);
        if let Some(lines) = self.journeys.get_mut(&id) {
            lines.drain(..more(after.forgotten.journey, before.journey, lines.len()));
        }
        if let Some(events) = self.events.get_mut(&id) {
            events.drain(..more(after.forgotten.events, before.events, events.len()));
        }
        for (conversation, no) in &after.forgotten.lines {
            if let Some(lines) = self.transcripts.get_mut(&(id, *conversation)) {
                lines.retain(|line| line.no() > *no);
            }
        }
    }
}

impl MemStore {
    /// An empty store without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Orders a fault.
    pub fn order(&self, fault: Fault) {
        let mut inner = self.lock();
        match fault {
            Fault::Hold => inner.holding = true,
            Fault::Fail { .. } | Fault::Busy { .. } | Fault::Conflict { .. } => inner.faults.push(fault),
        }
    }

    /// How many commits are held.
    pub fn held(&self) -> usize {
        self.lock().held.len()
    }

    /// Applies and answers the oldest `count` held commits; answers how many there were. Holding goes on.
    pub fn release(&self, count: usize) -> usize {
        let mut inner = self.lock();
        let count = count.min(inner.held.len());
        for (commit, fault, done) in inner.held.drain(..count).collect::<Vec<_>>() {
            inner.settle(commit, fault, done);
        }
        drop(inner);
        self.answer();
        count
    }

    /// Applies and answers everything held, and ends the holding.
    pub fn release_all(&self) {
        self.lock().holding = false;
        self.release(usize::MAX);
    }

    /// Says from now on that it has this many bytes on the disk.
    pub fn weigh(&self, bytes: u64) {
        self.lock().weight = bytes;
    }

    /// How much was looked at for [`Store::journey_page`] so far.
    pub fn journey_reads(&self) -> JourneyReads {
        self.lock().journey_reads
    }

    /// Holds every read of a person by their id from now on: a disk that is slow at one place.
    pub fn hold_reads(&self, id: ContactId) -> HeldReads {
        self.gate.held().insert(id, 0);
        HeldReads { gate: self.gate.clone(), id }
    }

    /// Every read that meets a person fails from now on: a place of the disk that cannot be read.
    pub fn spoil(&self, id: ContactId) {
        self.lock().spoilt.insert(id);
    }

    /// The store as a restart finds it. This one is dead from now on: held commits are lost unanswered, as the
    /// answers of a killed process are, and later ones answer [`Error::Failed`].
    pub fn crash(&self) -> Self {
        let mut inner = self.lock();
        inner.held.clear();
        inner.failed = Some("the process died".into());
        let next = Inner { data: inner.data.clone(), weight: inner.weight, ..Inner::default() };
        Self { inner: Arc::new(Mutex::new(next)), gate: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock leaves it half changed, so a poisoned lock still holds good data.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out answers in order. A commit made from within an answer only queues its own.
    fn answer(&self) {
        let mut inner = self.lock();
        if inner.answering {
            return;
        }
        inner.answering = true;
        while let Some((done, answer)) = inner.answers.pop_front() {
            drop(inner);
            done(answer);
            inner = self.lock();
        }
        inner.answering = false;
    }
}

impl Inner {
    /// That something of a person can be read.
    fn reads(&self, id: ContactId) -> Result<(), Error> {
        if self.spoilt.contains(&id) { Err(Error::Corrupt(format!("{id} cannot be read"))) } else { Ok(()) }
    }

    /// The fault ordered for the commit that comes now.
    fn next_fault(&mut self) -> Option<Fault> {
        let mut due = None;
        self.faults.retain_mut(|fault| match fault {
            Fault::Fail { nth, .. } | Fault::Busy { nth } | Fault::Conflict { nth } => {
                *nth = nth.saturating_sub(1);
                let left = *nth > 0;
                if !left && due.is_none() {
                    due = Some(*fault);
                }
                left
            }
            Fault::Hold => false,
        });
        due
    }

    fn settle(&mut self, commit: Commit, fault: Option<Fault>, done: Done) {
        let answer = match (&self.failed, fault) {
            (Some(reason), _) => Err(Error::Failed(reason.clone())),
            (None, Some(Fault::Fail { kept, .. })) => {
                if kept {
                    // Refused commits are as lost as failed ones, so the outcome does not matter.
                    let _ = self.data.apply(commit);
                }
                let reason = "the disk failed".to_owned();
                self.failed = Some(reason.clone());
                Err(Error::Failed(reason))
            }
            (None, Some(Fault::Busy { .. })) => Err(Error::Busy),
            (None, Some(Fault::Conflict { .. })) => Err(match &commit.person {
                Some(change) => Error::Conflict { id: change.id, expected: change.base, found: change.base + 1 },
                None => Error::Busy,
            }),
            (None, Some(Fault::Hold) | None) => self.data.apply(commit),
        };
        self.answers.push_back((done, answer));
    }
}

impl Store for MemStore {
    fn commit(&self, commit: Commit, done: Done) {
        // The twin has no bytes to write, but it refuses what the others could not write or read back.
        let checked = codec::encode(&commit).and_then(|bytes| {
            if cfg!(debug_assertions) && codec::decode(&bytes)? != commit {
                return Err(Error::Invalid("the commit reads back as something else".into()));
            }
            Ok(())
        });
        let mut inner = self.lock();
        if let Err(error) = checked {
            inner.answers.push_back((done, Err(error)));
        } else if inner.closed {
            inner.answers.push_back((done, Err(Error::Failed("the store is closed".into()))));
        } else {
            let fault = inner.next_fault();
            if inner.holding || !inner.held.is_empty() {
                inner.held.push_back((commit, fault, done));
            } else {
                inner.settle(commit, fault, done);
            }
        }
        drop(inner);
        self.answer();
    }

    fn is_at_hand(&self, id: ContactId) -> bool {
        !self.gate.held().contains_key(&id)
    }

    fn person(&self, id: ContactId) -> Result<Option<Arc<Person>>, Error> {
        self.gate.pass(id);
        let inner = self.lock();
        inner.reads(id)?;
        Ok(inner.data.people.get(&id).cloned())
    }

    fn person_at(&self, address: &Address) -> Result<Option<ContactId>, Error> {
        Ok(self.lock().data.addresses.get(address).copied())
    }

    fn people(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<Arc<Person>>, Error> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.lock();
        let found = inner.data.people.range((from, Bound::Unbounded)).take(limit);
        found.map(|(id, person)| inner.reads(*id).map(|()| person.clone())).collect()
    }

    fn active(&self, each: &mut dyn FnMut(Arc<Person>)) -> Result<(), Error> {
        let found: Vec<_> = self.lock().data.people.values().filter(|p| p.is_active()).cloned().collect();
        found.into_iter().for_each(each);
        Ok(())
    }

    fn transcript(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TranscriptEntry>, Error> {
        let inner = self.lock();
        inner.reads(contact)?;
        let found = inner.data.people.get(&contact).and_then(|person| person.conversation(conversation));
        let kept = found.map_or(&[][..], |found| &found.kept);
        through::transcript(contact, kept, after, limit, |contact, after, limit| {
            let lines = inner.data.transcripts.get(&(contact, conversation)).map_or(&[][..], Vec::as_slice);
            Ok(lines.iter().filter(|e| e.no() > after).take(limit).cloned().collect())
        })
    }

    fn journey(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<JourneyEntry>, Error> {
        let inner = self.lock();
        inner.reads(contact)?;
        through::newest(contact, inner.data.absorbed(contact), skip, limit, |id, count| {
            let lines = inner.data.journeys.get(&id).map_or(&[][..], Vec::as_slice);
            Ok(lines.iter().rev().take(count).cloned().collect())
        })
    }

    fn journey_page(
        &self,
        contact: ContactId,
        filter: &JourneyFilter,
        before: Option<u64>,
        limit: usize,
        most: usize,
    ) -> Result<JourneyPage, Error> {
        let inner = self.lock();
        inner.reads(contact)?;
        let lines = inner.data.journeys.get(&contact).map_or(&[][..], Vec::as_slice);
        let forgotten = inner.data.people.get(&contact).map_or(0, |person| person.forgotten.journey);
        let mut walk = Walk::new(filter, before, (forgotten, forgotten + lines.len() as u64), limit, most);
        while let Some(entry) = walk.next_place().and_then(|place| lines.get(usize::try_from(place - forgotten).ok()?)) {
            walk.look(&entry.into(), || Ok(entry.clone()))?;
        }
        Ok(walk.page())
    }

    fn events(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<EventRecord>, Error> {
        let inner = self.lock();
        inner.reads(contact)?;
        through::newest(contact, inner.data.absorbed(contact), skip, limit, |id, count| {
            let events = inner.data.events.get(&id).map_or(&[][..], Vec::as_slice);
            Ok(events.iter().rev().take(count).cloned().collect())
        })
    }

    fn oldest_events(&self, contact: ContactId, limit: usize) -> Result<Vec<EventRecord>, Error> {
        let inner = self.lock();
        inner.reads(contact)?;
        Ok(inner.data.events.get(&contact).map_or_else(Vec::new, |events| events.iter().take(limit).cloned().collect()))
    }

    fn record(&self, table: &str, key: &str) -> Result<Option<Value>, Error> {
        Ok(self.lock().data.records.get(&(table.to_owned(), key.to_owned())).cloned())
    }

    fn each_record(&self, each: &mut dyn FnMut(&str, &str, Value)) -> Result<(), Error> {
        let records = self.lock().data.records.clone();
        records.into_iter().for_each(|((table, key), value)| each(&table, &key, value));
        Ok(())
    }

    fn records(&self, table: &str) -> Result<Vec<(String, Value)>, Error> {
        let inner = self.lock();
        let from = (table.to_owned(), String::new());
        Ok(inner.data.records.range(from..).take_while(|((t, _), _)| t == table).map(|((_, k), v)| (k.clone(), v.clone())).collect())
    }

    fn freeze_with(&self, moment: Moment) -> Result<Box<dyn Frozen>, Error> {
        let inner = self.lock();
        moment();
        Ok(Box::new(inner.data.clone()))
    }

    fn stats(&self) -> Stats {
        let inner = self.lock();
        Stats { people: inner.data.people.len() as u64, seq: inner.data.seq, disk_bytes: inner.weight, ..Stats::default() }
    }

    fn close(&self) -> Result<(), Error> {
        self.release_all();
        let mut inner = self.lock();
        inner.closed = true;
        match &inner.failed {
            Some(reason) => Err(Error::Failed(reason.clone())),
            None => Ok(()),
        }
    }
}

impl Frozen for Data {
    fn format(&self) -> &str {
        "memory"
    }

    fn people(&self) -> u64 {
        self.people.len() as u64
    }

    fn read(&self, each: &mut Each<'_>) -> Result<(), Error> {
        for (id, person) in &self.people {
            each(Ok(Part::Person(person.clone())))?;
            // By conversation: who wrote them in which order nobody remembers.
            let mut conversations: Vec<_> = self.transcripts.iter().filter(|((contact, _), _)| contact == id).collect();
            conversations.sort_by_key(|((_, conversation), _)| *conversation);
            for line in conversations.into_iter().flat_map(|(_, lines)| lines) {
                each(Ok(Part::Line(Box::new(line.clone()))))?;
            }
            for line in self.journeys.get(id).into_iter().flatten() {
                each(Ok(Part::Journey(Box::new(line.clone()))))?;
            }
            for event in self.events.get(id).into_iter().flatten() {
                each(Ok(Part::Event(Box::new(event.clone()))))?;
            }
        }
        for ((table, key), value) in &self.records {
            each(Ok(Part::Record { table: table.clone(), key: key.clone(), value: value.clone() }))?;
        }
        Ok(())
    }
}

/// Parts on their way into an empty store in memory.
pub struct MemLoad {
    store: MemStore,
    data: Data,
    order: Order,
    person: ContactId,
}

impl MemLoad {
    /// Begins to fill a store that nothing was committed to.
    pub fn new(store: MemStore) -> Self {
        Self { store, data: Data::default(), order: Order::default(), person: ContactId(0) }
    }
}

impl Load for MemLoad {
    fn put(&mut self, part: Part) -> Result<(), Error> {
        self.order.next(&part)?;
        match part {
            Part::Person(person) => {
                self.person = person.contact.id;
                let claimed = person.contact.addresses.iter().map(|reach| (reach.address.clone(), self.person));
                self.data.addresses.extend(claimed);
                // Lines were there, though they are forgotten: numbers go on behind them.
                for (conversation, _) in &person.forgotten.lines {
                    self.data.transcripts.entry((self.person, *conversation)).or_default();
                }
                self.data.people.insert(self.person, person);
            }
            Part::Line(line) => self.data.transcripts.entry((self.person, line.conversation())).or_default().push(*line),
            Part::Journey(line) => self.data.journeys.entry(self.person).or_default().push(*line),
            Part::Event(event) => self.data.events.entry(self.person).or_default().push(*event),
            Part::Record { table, key, value } => drop(self.data.records.insert((table, key), value)),
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        let mut inner = self.store.lock();
        if inner.data.seq > 0 {
            return Err(Error::Invalid("the store is not empty".into()));
        }
        inner.data = self.data;
        Ok(())
    }
}

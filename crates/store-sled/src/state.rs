//! What is in memory: people that are newer than their checkpoint, and a bounded number of others.
//!
//! **Invariants.** Everything here is durable in the log. A dirty person is never let go. What leaves memory is in the
//! database, so a reader that looks here first and there second misses nothing.

use crate::{
    absent::Absent,
    frozen::Newer,
    history::{Counts, Gone, Tail},
    rows::{Indexed, Mark},
    waiting::{Line, Waiting},
};
use model::{Address, ContactId, Person};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};
use store::Seq;

/// How many clean people are looked at in one round of eviction. Each group of commits adds at most 256, each slice of the checkpoint 32, and
/// everybody is looked at twice: more go than come.
const ROUND: usize = 1_024;
/// The same for whoever was read, one at a time.
const ROUND_OF_ONE: usize = 4;

/// The table and the key of a record.
pub(crate) type RecordKey = (String, String);

/// A person in memory.
pub(crate) struct Slot {
    pub person: Arc<Person>,
    /// What the database has of them, besides.
    pub disk: Indexed,
    /// How many chunks their document has there; 0: none.
    pub chunks: u16,
    /// The first commit that is not checkpointed; none: clean.
    pub dirty: Option<Seq>,
    /// Entries on their way to pages, older than `tail`.
    pub writing: Option<Arc<Tail>>,
    /// Entries not in pages.
    pub tail: Tail,
    /// Addresses claimed or dropped since the checkpoint.
    pub moved: Vec<Address>,
    /// What lines that are in pages may say still, although they are to say it no more.
    pub unname: Gone,
    /// Bytes of the document as written.
    pub cost: usize,
    /// The writer works on them.
    pub held: bool,
    /// The generation at which they were last written; 0: they are as they were read.
    cleaned: u64,
    /// Looked at since the last round of eviction.
    used: bool,
    /// In `State::clean`.
    queued: bool,
    /// Its cost is in `State::clean_bytes`.
    counted: bool,
}

impl Slot {
    pub fn new(person: Arc<Person>, disk: Indexed, chunks: u16, cost: usize) -> Self {
        Self {
            person,
            disk,
            chunks,
            cost,
            dirty: None,
            writing: None,
            tail: Tail::default(),
            moved: Vec::new(),
            unname: Gone::default(),
            held: false,
            cleaned: 0,
            used: true,
            queued: false,
            counted: false,
        }
    }
}

impl Slot {
    /// How much was written about the person.
    pub fn written(&self) -> Counts {
        let mut counts = self.disk.history.total.clone();
        self.writing.iter().for_each(|tail| counts.count(tail));
        counts.count(&self.tail);
        counts
    }
}

/// A person who was erased and of whom the database still has something.
pub(crate) struct Erased {
    /// What it has.
    pub disk: Indexed,
    /// How many chunks their document has there; 0: none.
    pub chunks: u16,
    /// Addresses that they had, and others that moved since the checkpoint.
    pub moved: Vec<Address>,
    /// The checkpoint is writing what they were: it takes that away once it is there.
    writing: bool,
}

/// A record newer than its checkpoint.
pub(crate) struct RecordSlot {
    /// None: deleted.
    pub value: Option<Value>,
    pub dirty: Seq,
    /// Tells whether it changed while it was written.
    pub stamp: u64,
}

/// Everything in memory.
pub(crate) struct State {
    /// The last durable commit.
    pub seq: Seq,
    /// People known.
    pub people: u64,
    /// In boxes: a table that grows moves what is in it, and everybody waits meanwhile.
    slots: HashMap<ContactId, Box<Slot>>,
    /// Who was erased and is not out of the database yet. Nobody is here and in `slots`.
    erased: HashMap<ContactId, Erased>,
    /// Who is neither here nor in the database.
    absent: Absent,
    /// People who are not in the database yet.
    pub fresh: BTreeSet<ContactId>,
    /// Addresses newer than their checkpoint; none: dropped.
    pub addresses: HashMap<Address, Option<ContactId>>,
    pub records: BTreeMap<RecordKey, RecordSlot>,
    /// What is dirty and not being written.
    waiting: Line,
    pub dirty: usize,
    /// Log groups not yet checkpointed: the last commit and the bytes of each.
    groups: VecDeque<(Seq, u64)>,
    /// Bytes of those.
    pub backlog: u64,
    /// Bytes of all groups since the start.
    pub appended: u64,
    /// What the database's mark says.
    pub mark: Mark,
    /// Grows whenever something becomes clean.
    pub generation: u64,
    /// The newest generation at which somebody became clean who is not here any more: what was read from the database before it may be
    /// old, and nothing here would tell.
    let_go: u64,
    clean: VecDeque<ContactId>,
    clean_bytes: usize,
    limit: usize,
    stamps: u64,
}

impl State {
    pub fn new(mark: Mark, limit: usize) -> Self {
        Self {
            seq: mark.seq,
            people: mark.people,
            slots: HashMap::new(),
            erased: HashMap::new(),
            absent: Absent::default(),
            fresh: BTreeSet::new(),
            addresses: HashMap::new(),
            records: BTreeMap::new(),
            waiting: Line::default(),
            appended: 0,
            dirty: 0,
            groups: VecDeque::new(),
            backlog: 0,
            mark,
            generation: 0,
            let_go: 0,
            clean: VecDeque::new(),
            clean_bytes: 0,
            limit,
            stamps: 0,
        }
    }

    pub fn slot(&mut self, id: ContactId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(&id)?;
        slot.used = true;
        Some(slot)
    }

    /// Whether nobody is stored by this id, neither here nor in the database, as far as that was found lately.
    pub fn is_absent(&self, id: ContactId) -> bool {
        self.absent.contains(id)
    }

    /// Nobody was found in the database at `generation`. Somebody may have been carried there since, and let go.
    pub fn keep_absent(&mut self, id: ContactId, generation: u64) {
        if self.is_news(id, generation) {
            self.absent.add(id);
        }
    }

    /// Whether what the database said of somebody at `generation` is so still, and not known here.
    fn is_news(&self, id: ContactId, generation: u64) -> bool {
        generation >= self.let_go && !self.slots.contains_key(&id) && !self.erased.contains_key(&id)
    }

    /// Whether a person was erased and may still be in the database.
    pub fn is_erased(&self, id: ContactId) -> bool {
        self.erased.contains_key(&id)
    }

    /// Everybody of whom that is so.
    pub fn erased(&self) -> impl Iterator<Item = ContactId> {
        self.erased.keys().copied()
    }

    /// Somebody of whom that is so, for the checkpoint.
    pub fn erased_mut(&mut self, id: ContactId) -> Option<&mut Erased> {
        self.erased.get_mut(&id)
    }

    /// Erases a person. `moved` are addresses that they had or that moved in the same group.
    pub fn erase(&mut self, id: ContactId, seq: Seq, mut moved: Vec<Address>) {
        // Who came and went in one group was never here.
        let slot = self.slots.remove(&id);
        self.people -= u64::from(slot.is_some());
        self.fresh.remove(&id);
        let (mut writing, mut waits) = (false, false);
        let (mut disk, mut chunks) = (Indexed::default(), 0);
        if let Some(mut slot) = slot {
            if slot.counted {
                self.clean_bytes -= slot.cost;
            }
            moved.append(&mut slot.moved);
            (writing, waits, disk, chunks) = (slot.writing.is_some(), slot.dirty.is_some(), slot.disk, slot.chunks);
        }
        if !waits {
            self.dirty += 1;
            self.waiting.person(id, seq);
        }
        self.erased.insert(id, Erased { disk, chunks, moved, writing });
    }

    /// Whoever was erased is out of the database.
    pub fn erased_written(&mut self, id: ContactId) {
        self.generation += 1;
        self.let_go = self.generation;
        self.dirty -= usize::from(self.erased.remove(&id).is_some());
    }

    /// Keeps a person that was read from the database at `generation`, unless what was read may be old. Answers who goes for it, as
    /// [`Self::evict`] does.
    #[must_use]
    pub fn keep(&mut self, id: ContactId, slot: Slot, generation: u64) -> Vec<Slot> {
        // Before they come: they are not to go at once.
        let gone = self.let_go(ROUND_OF_ONE);
        if self.is_news(id, generation) {
            self.slots.insert(id, Box::new(slot));
            self.queue(id);
        }
        gone
    }

    /// A dirty or clean person for the writer to change; `make` gives a new one.
    pub fn change(&mut self, id: ContactId, seq: Seq, person: Arc<Person>) -> &mut Slot {
        let slot = self.slots.entry(id).or_insert_with(|| {
            self.people += 1;
            self.fresh.insert(id);
            self.absent.remove(id);
            Box::new(Slot::new(person.clone(), Indexed::default(), 0, 0))
        });
        slot.person = person;
        if slot.dirty.is_none() {
            slot.dirty = Some(seq);
            self.dirty += 1;
            self.waiting.person(id, seq);
            if std::mem::take(&mut slot.counted) {
                self.clean_bytes -= slot.cost;
            }
        }
        slot
    }

    /// Makes a person dirty without a change.
    pub fn touch(&mut self, id: ContactId, seq: Seq) -> Option<&mut Slot> {
        let person = self.slots.get(&id)?.person.clone();
        Some(self.change(id, seq, person))
    }

    /// How many people and records wait for the checkpoint.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Changes a record.
    pub fn put_record(&mut self, key: RecordKey, value: Option<Value>, seq: Seq) {
        self.stamps += 1;
        let stamp = self.stamps;
        match self.records.get_mut(&key) {
            Some(slot) => (slot.value, slot.stamp) = (value, stamp),
            None => {
                self.waiting.record(key.clone(), seq);
                self.records.insert(key, RecordSlot { value, dirty: seq, stamp });
            }
        }
    }

    /// Notes a durable group of the log.
    pub fn grew(&mut self, last: Seq, bytes: u64) {
        self.groups.push_back((last, bytes));
        self.backlog += bytes;
        self.appended += bytes;
        self.seq = last;
    }

    /// Takes the next one out of the line; it is back in it, or clean, when it is written.
    pub fn next_waiting(&mut self) -> Option<Waiting> {
        self.waiting.next()
    }

    /// A person's slice was written from the state at commit `at`, as version `version`.
    pub fn written(&mut self, id: ContactId, version: u64, at: Seq, disk: Indexed, chunks: u16, (cost, unnamed): (usize, &Gone)) {
        self.generation += 1;
        let Some(slot) = self.slots.get_mut(&id) else {
            let erased = self.erased.get_mut(&id).expect("a dirty person stays in memory until they are erased");
            debug_assert!(erased.writing, "only what is being written is out of the line");
            (erased.disk, erased.chunks, erased.writing) = (disk, chunks, false);
            return self.waiting.person(id, at + 1);
        };
        slot.cleaned = self.generation;
        slot.writing = None;
        slot.unname.written(unnamed);
        slot.disk = disk;
        slot.chunks = chunks;
        slot.cost = cost;
        self.fresh.remove(&id);
        if slot.person.version == version {
            slot.dirty = None;
            self.dirty -= 1;
            self.queue(id);
        } else {
            slot.dirty = Some(at + 1);
            self.waiting.person(id, at + 1);
        }
    }

    /// An address row was written with this owner.
    pub fn address_written(&mut self, address: &Address, owner: Option<ContactId>) {
        if self.addresses.get(address) == Some(&owner) {
            self.addresses.remove(address);
        }
    }

    /// A record was written from the state at commit `at`.
    pub fn record_written(&mut self, key: RecordKey, stamp: u64, at: Seq) {
        let slot = self.records.get_mut(&key).expect("a dirty record stays in memory");
        if slot.stamp == stamp {
            self.records.remove(&key);
        } else {
            slot.dirty = at + 1;
            self.waiting.record(key, at + 1);
        }
    }

    /// Every commit up to here is in the database. Call it only while nothing is on its way there.
    pub fn floor(&mut self) -> Seq {
        let floor = self.waiting.oldest().map_or(self.seq, |seq| seq - 1);
        while let Some((last, bytes)) = self.groups.front().copied() {
            if last > floor {
                break;
            }
            self.backlog -= bytes;
            self.groups.pop_front();
        }
        floor
    }

    /// Counts a clean person among those that may be let go.
    fn queue(&mut self, id: ContactId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if !std::mem::replace(&mut slot.counted, true) {
            self.clean_bytes += slot.cost;
        }
        if !std::mem::replace(&mut slot.queued, true) {
            self.clean.push_back(id);
        }
    }

    /// Lets clean people go until the rest fits, those not looked at lately first, as far as one round goes: it is asked for with every
    /// group and every slice, and everybody waits for it. They are for the caller to drop when the state is free again, which takes longer
    /// than all else here.
    #[must_use]
    pub fn evict(&mut self) -> Vec<Slot> {
        self.let_go(ROUND)
    }

    fn let_go(&mut self, round: usize) -> Vec<Slot> {
        let mut gone = Vec::new();
        let mut turns = round.min(self.clean.len() * 2);
        while self.clean_bytes > self.limit && turns > 0 {
            turns -= 1;
            let Some(id) = self.clean.pop_front() else { break };
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            if slot.dirty.is_some() {
                slot.queued = false;
                continue;
            }
            if slot.held || slot.used {
                slot.used = false;
                self.clean.push_back(id);
                continue;
            }
            self.clean_bytes -= slot.cost;
            self.let_go = self.let_go.max(slot.cleaned);
            gone.extend(self.slots.remove(&id).map(|slot| *slot));
        }
        gone
    }

    /// Everybody who is newer here than in the database.
    pub fn all_dirty(&self) -> Vec<ContactId> {
        self.slots.iter().filter(|(_, s)| s.dirty.is_some()).map(|(id, _)| *id).collect()
    }

    /// Everybody who is newer here than in the database, and the pages that the database still has of those who were erased. Nothing may
    /// be on its way to the database.
    pub fn newer(&self) -> (BTreeMap<ContactId, Option<Newer>>, HashSet<u64>) {
        let dirty = self.slots.iter().filter(|(_, slot)| slot.dirty.is_some());
        let mut people: BTreeMap<ContactId, Option<Newer>> = dirty
            .map(|(id, slot)| {
                let mut tail = slot.writing.as_deref().cloned().unwrap_or_default();
                tail.append(slot.tail.clone());
                (*id, Some(Newer { person: slot.person.clone(), disk: slot.disk.clone(), tail, unname: slot.unname.clone() }))
            })
            .collect();
        people.extend(self.erased.keys().map(|id| (*id, None)));
        (people, self.erased.values().flat_map(|erased| erased.disk.history.closed()).collect())
    }

    /// Dirty people: those that are active, and those that are not or were erased.
    pub fn active_and_dirty(&self) -> (BTreeSet<ContactId>, BTreeSet<ContactId>) {
        let dirty = self.slots.iter().filter(|(_, s)| s.dirty.is_some());
        let (active, idle): (Vec<_>, Vec<_>) = dirty.partition(|(_, s)| s.person.is_active());
        (active.into_iter().map(|(id, _)| *id).collect(), idle.into_iter().map(|(id, _)| *id).chain(self.erased()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Contact, Instant};

    fn someone(id: u128, version: u64) -> Arc<Person> {
        let contact = Contact::without_address(ContactId(id), Instant(0), "api");
        Arc::new(Person {
            contact,
            conversations: Vec::new(),
            inbox: Vec::new(),
            outbox: Vec::new(),
            calls: Vec::new(),
            seen: Vec::new(),
            parked: BTreeMap::new(),
            forgotten: Default::default(),
            version,
        })
    }

    fn slot(id: u128) -> Slot {
        Slot::new(someone(id, 1), Indexed::default(), 1, 1)
    }

    /// Changes somebody, as version 2, and has that written.
    fn change_and_write(state: &mut State, id: u128) {
        state.change(ContactId(id), 1, someone(id, 2));
        assert!(matches!(state.next_waiting(), Some(Waiting::Person(who)) if who == ContactId(id)));
        state.written(ContactId(id), 2, 1, Indexed::default(), 1, (1, &Gone::default()));
    }

    #[test]
    fn what_was_read_is_kept_beside_what_others_had_written_and_not_when_it_may_be_old() {
        let (ana, ben) = (ContactId(1), ContactId(2));
        let mut state = State::new(Mark::default(), 10);
        // Read while somebody else is written.
        let read = state.generation;
        change_and_write(&mut state, 2);
        assert!(state.keep(ana, slot(1), read).is_empty());
        assert!(state.slot(ana).is_some());
        // Read, and meanwhile changed, written, and let go.
        let read = state.generation;
        change_and_write(&mut state, 1);
        state.limit = 0;
        let gone: usize = (0..4).map(|_| state.evict().len()).sum();
        assert_eq!(gone, 2);
        state.limit = 10;
        drop(state.keep(ana, slot(1), read));
        assert!(state.slot(ana).is_none(), "an old reading is kept");
        state.keep_absent(ana, read);
        assert!(!state.is_absent(ana));
        // Read afterwards.
        let read = state.generation;
        assert!(state.keep(ana, slot(1), read).is_empty());
        assert!(state.slot(ana).is_some());
        // Read, and meanwhile erased, be it out of the database or not.
        let read = state.generation;
        state.erase(ana, 2, Vec::new());
        drop(state.keep(ana, slot(1), read));
        assert!(state.slot(ana).is_none());
        assert!(state.next_waiting().is_some());
        state.erased_written(ana);
        drop(state.keep(ana, slot(1), read));
        assert!(state.slot(ana).is_none());
        // Nobody there, and meanwhile they came, were written and let go.
        let read = state.generation;
        change_and_write(&mut state, 2);
        state.limit = 0;
        let gone: usize = (0..4).map(|_| state.evict().len()).sum();
        assert_eq!(gone, 1);
        state.keep_absent(ben, read);
        assert!(!state.is_absent(ben));
    }

    #[test]
    fn who_is_read_makes_room_and_a_round_of_eviction_ends_soon() {
        let mut state = State::new(Mark::default(), 10);
        for id in 0..10_000 {
            let gone = state.keep(ContactId(id), slot(id), 0);
            assert!(gone.len() <= ROUND_OF_ONE && state.slots.contains_key(&ContactId(id)));
            // A little over the limit once, while everybody is looked at for the first time.
            assert!(state.clean_bytes <= 10 + ROUND_OF_ONE, "{} after {id}", state.clean_bytes);
        }
        // Everybody was looked at just now, and nobody fits any more: not all of them are looked at in one go.
        let mut full = State::new(Mark::default(), usize::MAX);
        for id in 0..10_000 {
            assert!(full.keep(ContactId(id), slot(id), 0).is_empty());
        }
        full.limit = 0;
        let mut rounds = 0;
        while full.clean_bytes > 0 {
            assert!(full.evict().len() <= ROUND);
            rounds += 1;
        }
        assert!((18..=21).contains(&rounds), "{rounds}");
    }
}

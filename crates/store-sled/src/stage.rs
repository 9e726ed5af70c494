//! A group of commits on its way to the log: checked against what is durable and against the commits before it in the
//! group, seen by nobody else.

mod together;

use crate::{
    history::{Gone, Tail},
    rows,
    shared::{Shared, lock},
    state::{RecordKey, Slot},
};
use model::{Address, ContactId, Person};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};
use store::{Commit, Error, PersonChange, Seq, Written, check_claims};

/// What the group changes of a person.
struct Staged {
    person: Arc<Person>,
    /// The first commit of the group about them.
    first: Seq,
    tail: Tail,
    moved: Vec<Address>,
    unname: Gone,
}

impl Staged {
    /// Lines that say something of this say it no more.
    fn unname(&mut self, gone: Gone) {
        self.tail.unname(&gone);
        self.unname.extend(gone);
    }
}

/// The group.
#[derive(Default)]
pub(crate) struct Stage {
    people: HashMap<ContactId, Staged>,
    addresses: HashMap<Address, Option<ContactId>>,
    records: Vec<(RecordKey, Option<Value>, Seq)>,
    /// Who is erased, by which commit, and the addresses that lead nowhere from then on.
    erased: HashMap<ContactId, (Seq, Vec<Address>)>,
    held: Vec<ContactId>,
}

impl Stage {
    /// Adds a commit that gets the place `seq` if it is accepted.
    ///
    /// # Errors
    /// What the commit is refused with, or what the database fails with ([`Error::Failed`], [`Error::Corrupt`]).
    pub fn add(&mut self, shared: &Shared, commit: Commit, seq: Seq) -> Result<(), Error> {
        commit.check_people()?;
        for change in commit.people().filter(|change| !change.forget.is_nothing()) {
            self.check_forget(shared, change)?;
        }
        self.stage(shared, commit, seq, |stage, address| stage.owner(shared, address))
    }

    /// Adds a commit of the log, which was accepted when it was made. The database's rows of addresses may be ahead of
    /// it, so they are not asked.
    pub fn replay(&mut self, shared: &Shared, commit: Commit, seq: Seq) -> Result<(), Error> {
        self.stage(shared, commit, seq, |_, _| Ok(None))
    }

    fn stage(
        &mut self,
        shared: &Shared,
        mut commit: Commit,
        seq: Seq,
        owner: impl Fn(&Self, &Address) -> Result<Option<ContactId>, Error>,
    ) -> Result<(), Error> {
        if !commit.also.is_empty() {
            let records = std::mem::take(&mut commit.records);
            self.stage_together(shared, commit, seq, owner)?;
            self.records.extend(records.into_iter().map(|put| ((put.table, put.key), put.value, seq)));
            return Ok(());
        }
        if let Some(change) = commit.person.as_ref().filter(|change| change.erase) {
            let before = self.person(shared, change.id)?;
            change.check_erase(before.as_deref())?;
            self.erase(change.id, before.as_deref(), seq);
        } else if let Some(mut change) = commit.person {
            let before = self.person(shared, change.id)?;
            let after = change.apply_taking(before.as_deref())?;
            let moved = check_claims(before.as_deref(), &after, |address| owner(self, address))?;
            change.check_lines(before.as_deref(), &after)?;
            let tail = Tail {
                transcript: std::mem::take(&mut change.transcript),
                journey: std::mem::take(&mut change.journey),
                events: std::mem::take(&mut change.events),
            };
            let person = Arc::new(after);
            let staged = self.people.entry(change.id).or_insert_with(|| Staged {
                person: person.clone(),
                first: seq,
                tail: Tail::default(),
                moved: Vec::new(),
                unname: Gone::default(),
            });
            staged.person = person;
            staged.tail.append(tail);
            staged.unname(Gone::new(change.unname, change.withdraw));
            for (address, owner) in
                moved.dropped.into_iter().map(|a| (a, None)).chain(moved.claimed.into_iter().map(|a| (a, Some(change.id))))
            {
                staged.moved.push(address.clone());
                self.addresses.insert(address, owner);
            }
        }
        self.records.extend(commit.records.into_iter().map(|put| ((put.table, put.key), put.value, seq)));
        Ok(())
    }

    /// Takes a person out, with what the group changed of them.
    fn erase(&mut self, id: ContactId, before: Option<&Person>, seq: Seq) {
        let mut moved = self.people.remove(&id).map(|staged| staged.moved).unwrap_or_default();
        for reach in before.iter().flat_map(|p| &p.contact.addresses) {
            self.addresses.insert(reach.address.clone(), None);
            moved.push(reach.address.clone());
        }
        self.erased.insert(id, (seq, moved));
    }

    /// The person before the next commit of the group.
    pub fn person(&mut self, shared: &Shared, id: ContactId) -> Result<Option<Arc<Person>>, Error> {
        if let Some(staged) = self.people.get(&id) {
            return Ok(Some(staged.person.clone()));
        }
        if self.erased.contains_key(&id) {
            return Ok(None);
        }
        let hold = |slot: &mut Slot| {
            slot.held = true;
            slot.person.clone()
        };
        if let Some(person) = lock(&shared.state).slot(id).map(hold) {
            self.held.push(id);
            return Ok(Some(person));
        }
        {
            let state = lock(&shared.state);
            if state.is_erased(id) || state.is_absent(id) {
                return Ok(None);
            }
        }
        let Some((document, chunks, cost)) = rows::document(&shared.db, id)? else { return Ok(None) };
        // Only this thread changes people, so what was read is what is.
        let mut state = lock(&shared.state);
        let mut gone = Vec::new();
        if state.slot(id).is_none() {
            let slot = Slot::new(Arc::new(document.person), document.disk, chunks, cost);
            let generation = state.generation;
            gone = state.keep(id, slot, generation);
        }
        self.held.push(id);
        let person = state.slot(id).map(hold);
        drop(state);
        drop(gone);
        Ok(person)
    }

    /// Checks that no more is forgotten than was written, the commits before it in the group included.
    fn check_forget(&mut self, shared: &Shared, change: &PersonChange) -> Result<(), Error> {
        if self.person(shared, change.id)?.is_none() {
            // The change is refused for that.
            return Ok(());
        }
        let mut counts = lock(&shared.state).slot(change.id).map(|slot| slot.written()).unwrap_or_default();
        if let Some(staged) = self.people.get(&change.id) {
            counts.count(&staged.tail);
        }
        let written = Written { journey: counts.journey, events: counts.events };
        change.check_forget(written, |conversation| counts.last_no(conversation))
    }

    fn owner(&self, shared: &Shared, address: &Address) -> Result<Option<ContactId>, Error> {
        if let Some(owner) = self.addresses.get(address) {
            return Ok(*owner);
        }
        if let Some(owner) = lock(&shared.state).addresses.get(address) {
            return Ok(*owner);
        }
        rows::address(&shared.db, address)
    }

    /// Makes the group visible: it is durable, in `bytes` of the log up to `last`. Empties the stage; answers
    /// the bytes not checkpointed.
    pub fn publish(&mut self, shared: &Shared, last: Seq, bytes: u64) -> u64 {
        let mut locked = lock(&shared.state);
        let state = &mut *locked;
        for (id, staged) in self.people.drain() {
            let slot = state.change(id, staged.first, staged.person);
            slot.tail.append(staged.tail);
            slot.moved.extend(staged.moved);
            slot.tail.unname(&staged.unname);
            slot.unname.extend(staged.unname);
        }
        for (id, (seq, addresses)) in self.erased.drain() {
            state.erase(id, seq, addresses);
        }
        state.addresses.extend(self.addresses.drain());
        for (key, value, seq) in self.records.drain(..) {
            state.put_record(key, value, seq);
        }
        state.grew(last, bytes);
        for id in self.held.drain(..) {
            if let Some(slot) = state.slot(id) {
                slot.held = false;
            }
        }
        let (gone, backlog) = (state.evict(), state.backlog);
        drop(locked);
        drop(gone);
        backlog
    }

    /// Lets go of the people of a group in which everything was refused.
    pub fn clear(&mut self, shared: &Shared) {
        debug_assert!(self.people.is_empty() && self.erased.is_empty() && self.records.is_empty());
        let mut state = lock(&shared.state);
        for id in self.held.drain(..) {
            if let Some(slot) = state.slot(id) {
                slot.held = false;
            }
        }
    }
}

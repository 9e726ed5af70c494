//! The store as callers see it: commits go to the queue, reads merge memory and database.

use crate::{
    SledStore, compact,
    db::Db,
    history::{self, Counted, History, Tail},
    rows, scan,
    shared::{Ending, Queued, Reply, Shared, lock},
    state::Slot,
};
use model::{
    Absorbed, Address, ContactId, ConversationId, EventRecord, Forgotten, JourneyEntry, JourneyFilter, Kept, Person, TranscriptEntry,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};
use store::{Commit, Compacted, Done, Error, Frozen, JourneyPage, Moment, Stats, Store, Walk, codec, through};

impl SledStore {
    /// Why nothing is taken any more, or that there is too much.
    fn refusal(&self, queue: &crate::shared::Queue, bytes: usize) -> Option<Error> {
        if let Some(reason) = self.shared.failure() {
            return Some(Error::Failed(reason));
        }
        if queue.closed {
            return Some(Error::Failed("the store is closed".into()));
        }
        let options = &self.shared.options;
        let full = queue.commits.len() >= options.queue_commits || queue.bytes + bytes > options.queue_bytes;
        full.then_some(Error::Busy)
    }

    /// What was read of a person's past; none if they were erased while it was read, and the checkpoint took their pages away.
    fn unless_erased<T>(&self, id: ContactId, read: Result<T, Error>) -> Result<Option<T>, Error> {
        match read {
            Err(Error::Corrupt(_)) if self.person(id)?.is_none() => Ok(None),
            read => read.map(Some),
        }
    }
}

impl SledStore {
    /// Contacts that were merged into one; none if there are none.
    fn absorbed(&self, contact: ContactId) -> Result<Option<Vec<Absorbed>>, Error> {
        let absorbed = self.shared.with_slot(contact, |slot| slot.person.contact.absorbed.clone())?;
        Ok(absorbed.filter(|absorbed| !absorbed.is_empty()))
    }

    /// Transcript lines of all who keep some of a conversation; `read` gives those of one of them.
    fn whole_transcript(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        after: u64,
        limit: usize,
        mut read: impl FnMut(ContactId, u64, usize) -> Result<Vec<TranscriptEntry>, Error>,
    ) -> Result<Vec<TranscriptEntry>, Error> {
        let look = |slot: &mut Slot| slot.person.conversation(conversation).map_or_else(Vec::new, |found| found.kept.clone());
        let kept = || Ok(self.shared.with_slot(contact, look)?.unwrap_or_default());
        let mut before = kept()?;
        loop {
            let lines = through::transcript(contact, &before, after, limit, &mut read)?;
            // Each is read by itself. What went from one to the other meanwhile may have been seen with neither.
            let now: Vec<Kept> = kept()?;
            if now == before {
                return Ok(lines);
            }
            before = now;
        }
    }

    /// Transcript lines that one contact keeps.
    fn own_transcript(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TranscriptEntry>, Error> {
        let look = |slot: &mut Slot| {
            let after = after.max(slot.person.forgotten.lines_of(conversation));
            let mut lines = in_memory(slot, |tail| &tail.transcript, 0, usize::MAX);
            lines.retain(|line| line.conversation() == conversation && line.no() > after);
            lines.truncate(limit);
            (slot.disk.history.clone(), lines, after)
        };
        let Some((history, memory, after)) = self.shared.with_slot(contact, look)? else { return Ok(Vec::new()) };
        let paged = history::transcript(&self.shared.db, contact, &history, conversation, after, limit);
        let Some(mut lines) = self.unless_erased(contact, paged)? else { return Ok(Vec::new()) };
        let left = limit - lines.len();
        lines.extend(memory.into_iter().take(left));
        Ok(lines)
    }

    /// One contact's own journey lines.
    fn own_journey(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<JourneyEntry>, Error> {
        let look = |slot: &mut Slot| {
            let forgotten = slot.person.forgotten.clone();
            let gone = forgotten.journey.saturating_sub(slot.disk.history.total.journey);
            let memory = in_memory(slot, |tail| &tail.journey, gone, skip.saturating_add(limit));
            ((slot.disk.history.clone(), forgotten, memory), slot.unname.clone())
        };
        let Some((found, gone)) = self.shared.with_slot(contact, look)? else { return Ok(Vec::new()) };
        let entries = newest(&self.shared.db, contact, found, Counted::Journey, skip, limit);
        let mut entries: Vec<JourneyEntry> = self.unless_erased(contact, entries)?.unwrap_or_default();
        for entry in &mut entries {
            gone.unname(entry);
        }
        Ok(entries)
    }

    /// One contact's own journey lines, by a filter.
    fn own_journey_page<'f>(&self, contact: ContactId, new: impl Fn((u64, u64)) -> Walk<'f>) -> Result<JourneyPage, Error> {
        let look = |slot: &mut Slot| {
            let disk = slot.disk.history.total.journey;
            let newest_first = [Some(&slot.tail), slot.writing.as_deref()].into_iter().flatten();
            let newest_first: Vec<&JourneyEntry> = newest_first.flat_map(|tail| tail.journey.iter().rev()).collect();
            let total = disk + newest_first.len() as u64;
            let mut walk = new((slot.person.forgotten.journey, total));
            while let Some(place) = walk.next_place().filter(|place| *place >= disk) {
                let entry = usize::try_from(total - 1 - place).ok().and_then(|at| newest_first.get(at)).expect("places below the total");
                walk.look(&(*entry).into(), || Ok((*entry).clone())).expect("what is in memory is read");
            }
            (slot.disk.history.clone(), walk, slot.unname.clone())
        };
        let Some((history, mut walk, gone)) = self.shared.with_slot(contact, look)? else { return Ok(JourneyPage::default()) };
        let walked = history::walk(&self.shared.db, contact, &history, &mut walk);
        let mut page = self.unless_erased(contact, walked)?.map(|()| walk.page()).unwrap_or_default();
        for (_, entry) in &mut page.lines {
            gone.unname(entry);
        }
        Ok(page)
    }

    /// One contact's own events.
    pub(crate) fn own_events(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<EventRecord>, Error> {
        let look = |slot: &mut Slot| {
            let forgotten = slot.person.forgotten.clone();
            let gone = forgotten.events.saturating_sub(slot.disk.history.total.events);
            let memory = in_memory(slot, |tail| &tail.events, gone, skip.saturating_add(limit));
            ((slot.disk.history.clone(), forgotten, memory), slot.unname.clone())
        };
        let Some((found, gone)) = self.shared.with_slot(contact, look)? else { return Ok(Vec::new()) };
        let entries = newest(&self.shared.db, contact, found, Counted::Events, skip, limit);
        let mut entries: Vec<EventRecord> = self.unless_erased(contact, entries)?.unwrap_or_default();
        entries.iter_mut().for_each(|event| _ = gone.withdraw(event));
        Ok(entries)
    }
}

/// A person's newest entries of a counted kind, the ones in memory first.
fn newest<T: Clone + DeserializeOwned>(
    db: &Db,
    id: ContactId,
    found: (History, Forgotten, Vec<T>),
    kind: Counted,
    skip: usize,
    limit: usize,
) -> Result<Vec<T>, Error> {
    // Those in memory come oldest first.
    let (history, forgotten, memory) = found;
    let mut out: Vec<T> = memory.iter().rev().skip(skip).take(limit).cloned().collect();
    let skip = skip.saturating_sub(memory.len());
    out.extend(history::newest::<T>(db, id, (&history, &forgotten), kind, skip, limit - out.len())?);
    Ok(out)
}

/// What of a slot's entries is not in pages, oldest first, without the oldest that are gone. At most `enough` of the newest are needed.
fn in_memory<T: Clone>(slot: &Slot, of: fn(&Tail) -> &Vec<T>, gone: u64, enough: usize) -> Vec<T> {
    let tails = || slot.writing.as_deref().into_iter().chain([&slot.tail]);
    let total: usize = tails().map(|tail| of(tail).len()).sum();
    let gone = usize::try_from(gone).unwrap_or(usize::MAX);
    tails().flat_map(of).skip(total.saturating_sub(enough).max(gone)).cloned().collect()
}

impl Shared {
    /// Ids of people in order after `after`: those in the database and those not there yet.
    fn ids(&self, after: Option<ContactId>, limit: usize) -> Result<BTreeSet<ContactId>, Error> {
        // Memory first: who leaves it meanwhile is in the database by then.
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut ids: BTreeSet<ContactId> = lock(&self.state).fresh.range((from, Bound::Unbounded)).take(limit).copied().collect();
        let mut from = after.map_or_else(|| vec![rows::PERSON], rows::after_person);
        let mut found = 0;
        while found < limit {
            let next = self.db.key_from(&from)?;
            let Some(id) = next.filter(|key| key.first() == Some(&rows::PERSON)).and_then(|key| rows::id_of(&key)) else { break };
            // A page that is not full is the last one, so whoever is only there still does not count.
            if !lock(&self.state).is_erased(id) {
                ids.insert(id);
                found += 1;
            }
            from = rows::after_person(id);
        }
        while ids.len() > limit {
            ids.pop_last();
        }
        Ok(ids)
    }
}

impl Store for SledStore {
    fn commit(&self, commit: Commit, done: Done) {
        let reply = Reply::new(done);
        let line = match codec::encode(&commit) {
            Ok(line) => line,
            Err(error) => return reply.give(Err(error)),
        };
        let mut queue = lock(&self.shared.queue);
        if let Some(error) = self.refusal(&queue, line.len()) {
            drop(queue);
            return reply.give(Err(error));
        }
        queue.bytes += line.len();
        queue.commits.push_back(Queued { commit, line, reply });
        drop(queue);
        self.shared.queued.notify_one();
    }

    fn person(&self, id: ContactId) -> Result<Option<Arc<Person>>, Error> {
        self.shared.with_slot(id, |slot| slot.person.clone())
    }

    fn is_at_hand(&self, id: ContactId) -> bool {
        let mut state = lock(&self.shared.state);
        state.slot(id).is_some() || state.is_absent(id)
    }

    fn person_at(&self, address: &Address) -> Result<Option<ContactId>, Error> {
        if let Some(owner) = lock(&self.shared.state).addresses.get(address) {
            return Ok(*owner);
        }
        rows::address(&self.shared.db, address)
    }

    fn people(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<Arc<Person>>, Error> {
        let mut people = Vec::new();
        for id in self.shared.ids(after, limit)? {
            people.extend(self.person(id)?);
        }
        Ok(people)
    }

    fn active(&self, each: &mut dyn FnMut(Arc<Person>)) -> Result<(), Error> {
        let (mut active, idle) = lock(&self.shared.state).active_and_dirty();
        self.shared.db.keys(&[rows::ACTIVE], &[rows::ACTIVE], &mut |key| {
            active.extend(rows::id_of(key).filter(|id| !idle.contains(id)));
            true
        })?;
        for id in active {
            // They may have changed since they were listed.
            if let Some(person) = self.person(id)?.filter(|p| p.is_active()) {
                each(person);
            }
        }
        Ok(())
    }

    fn scan(&self, each: &mut dyn FnMut(Arc<Person>, Vec<EventRecord>)) -> Result<(), Error> {
        scan::run(self, each)
    }

    fn transcript(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TranscriptEntry>, Error> {
        self.whole_transcript(contact, conversation, after, limit, |under, after, limit| {
            self.own_transcript(under, conversation, after, limit)
        })
    }

    fn journey(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<JourneyEntry>, Error> {
        match self.absorbed(contact)? {
            Some(absorbed) => through::newest(contact, &absorbed, skip, limit, |id, count| self.own_journey(id, 0, count)),
            None => self.own_journey(contact, skip, limit),
        }
    }

    fn journey_page(
        &self,
        contact: ContactId,
        filter: &JourneyFilter,
        before: Option<u64>,
        limit: usize,
        most: usize,
    ) -> Result<JourneyPage, Error> {
        self.own_journey_page(contact, |there| Walk::new(filter, before, there, limit, most))
    }

    fn events(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<EventRecord>, Error> {
        match self.absorbed(contact)? {
            Some(absorbed) => through::newest(contact, &absorbed, skip, limit, |id, count| self.own_events(id, 0, count)),
            None => self.own_events(contact, skip, limit),
        }
    }

    fn oldest_events(&self, contact: ContactId, limit: usize) -> Result<Vec<EventRecord>, Error> {
        let look = |slot: &mut Slot| {
            let forgotten = slot.person.forgotten.events;
            let gone = forgotten.saturating_sub(slot.disk.history.total.events);
            let memory = in_memory(slot, |tail| &tail.events, gone, usize::MAX);
            ((slot.disk.history.clone(), forgotten, memory), slot.unname.clone())
        };
        let Some(((history, forgotten, memory), gone)) = self.shared.with_slot(contact, look)? else { return Ok(Vec::new()) };
        let paged = history::oldest_events(&self.shared.db, contact, &history, forgotten, limit);
        let Some(mut events) = self.unless_erased(contact, paged)? else { return Ok(Vec::new()) };
        let left = limit - events.len();
        events.extend(memory.into_iter().take(left));
        events.iter_mut().for_each(|event| _ = gone.withdraw(event));
        Ok(events)
    }

    fn record(&self, table: &str, key: &str) -> Result<Option<Value>, Error> {
        if let Some(slot) = lock(&self.shared.state).records.get(&(table.to_owned(), key.to_owned())) {
            return Ok(slot.value.clone());
        }
        let row = rows::record_key(table, key);
        let found = rows::get_chunked(&self.shared.db, &row)?;
        found.map(|(content, _)| rows::parse(&row, &content)).transpose()
    }

    fn each_record(&self, each: &mut dyn FnMut(&str, &str, Value)) -> Result<(), Error> {
        // Memory first: what leaves it meanwhile is in the database by then.
        let mut keys: BTreeSet<(String, String)> = lock(&self.shared.state).records.keys().cloned().collect();
        self.shared.db.keys(&[rows::RECORD], &[rows::RECORD], &mut |key| {
            keys.extend(rows::record_of(key));
            true
        })?;
        for (table, key) in keys {
            if let Some(value) = self.record(&table, &key)? {
                each(&table, &key, value);
            }
        }
        Ok(())
    }

    fn records(&self, table: &str) -> Result<Vec<(String, Value)>, Error> {
        let mut found = Vec::new();
        self.each_record_of(table, &mut |key, value| found.push((key.to_owned(), value)))?;
        Ok(found)
    }

    fn each_record_of(&self, table: &str, each: &mut dyn FnMut(&str, Value)) -> Result<(), Error> {
        // Memory first: what leaves it meanwhile is in the database by then.
        let newer: BTreeMap<String, Option<Value>> = {
            let state = lock(&self.shared.state);
            let range = state.records.range((table.to_owned(), String::new())..).take_while(|((t, _), _)| t == table);
            range.map(|((_, key), slot)| (key.clone(), slot.value.clone())).collect()
        };
        let prefix = rows::table_key(table);
        let mut keys = BTreeSet::new();
        self.shared.db.keys(&prefix, &prefix, &mut |key| {
            let key = key.strip_prefix(&*prefix).and_then(|rest| rest.strip_suffix(&[0, 0]));
            keys.extend(key.and_then(|key| String::from_utf8(key.to_vec()).ok()));
            true
        })?;
        keys.extend(newer.keys().cloned());
        for key in keys {
            let value = match newer.get(&key) {
                Some(value) => value.clone(),
                None => self.record(table, &key)?,
            };
            if let Some(value) = value {
                each(&key, value);
            }
        }
        Ok(())
    }

    fn compact(&self) -> Result<Compacted, Error> {
        compact::ask(&self.shared)
    }

    fn freeze_with(&self, moment: Moment) -> Result<Box<dyn Frozen>, Error> {
        Ok(Box::new(compact::freeze(&self.shared, moment)?))
    }

    fn stats(&self) -> Stats {
        let (people, seq, mark, backlog) = {
            let state = lock(&self.shared.state);
            (state.people, state.seq, state.mark.seq, state.dirty as u64)
        };
        let log: u64 = lock(&self.shared.segments).iter().map(|s| s.bytes).sum();
        Stats { people, seq, log_length: seq.saturating_sub(mark), backlog, disk_bytes: self.shared.db.disk_bytes() + log }
    }

    fn close(&self) -> Result<(), Error> {
        self.finish(Ending::Checkpointed);
        match self.failed() {
            Some(reason) => Err(Error::Failed(reason)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use model::MergeId;
    use store::{commit_blocking, conformance::people::*};

    #[test]
    fn lines_that_change_keepers_while_they_are_read_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path(), Options::default()).unwrap();
        for n in [1, 2] {
            must(&store, newcomer(n));
            let person = get(&store, n);
            let mut next = change(&person);
            say(&mut next, &person, 0, &["one", "two"]);
            must(&store, next);
        }
        let chat = conversation_id(2, 0);
        let (one, two) = (get(&store, 1), get(&store, 2));
        let (mut keeps, mut goes) = (change(&one), change(&two));
        let (mut survivor, mut tombstone) = (one.contact.clone(), two.contact.clone());
        survivor.addresses.append(&mut tombstone.addresses);
        survivor.absorbed = vec![Absorbed { id: contact_id(2), merge: MergeId(1), at: at(0) }];
        tombstone.merged_into = Some(contact_id(1));
        keeps.conversations = vec![two.conversations[0].clone().moved_to(contact_id(1))];
        goes.conversations_gone = vec![chat];
        (keeps.contact, goes.contact) = (Some(Box::new(survivor)), Some(Box::new(tombstone)));
        commit_blocking(&store, Commit { person: Some(keeps), also: vec![goes], ..Commit::default() }).unwrap();
        let mut further = change(&get(&store, 1));
        say(&mut further, &get(&store, 1), 1, &["three", "four"]);
        must(&store, further);

        // They go over when what the one keeps was read already, and what the other does was not.
        let goes_home = || {
            let (one, two) = (get(&store, 1), get(&store, 2));
            let (mut gives, mut gets) = (change(&one), change(&two));
            let mut moved = one.conversation(chat).unwrap().clone();
            assert_eq!(moved.kept, [Kept { under: contact_id(2), to: 2 }]);
            moved.kept[0].to = 4;
            gives.conversations = vec![moved];
            gives.forget.lines = vec![(chat, 4)];
            gets.transcript = store.transcript(contact_id(1), chat, 2, 9).unwrap();
            commit_blocking(&store, Commit { person: Some(gives), also: vec![gets], ..Commit::default() }).unwrap();
        };
        let mut is_home = false;
        let read = |under, after, limit| {
            if under == contact_id(1) && !std::mem::replace(&mut is_home, true) {
                goes_home();
            }
            store.own_transcript(under, chat, after, limit)
        };
        let lines = store.whole_transcript(contact_id(1), chat, 0, 9, read).unwrap();
        assert_eq!(lines.iter().map(TranscriptEntry::no).collect::<Vec<_>>(), [1, 2, 3, 4]);
        store.close().unwrap();
    }
}

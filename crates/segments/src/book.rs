//! The book: every contact and what is recorded about them, in memory, as columns.
//!
//! Contacts stand in rows, a thousand rows to a chunk, each column shared until somebody writes to it. So a [`Snapshot`] of a
//! million contacts costs a thousand counters, is read without a lock, and the book goes on changing. A row is never given to
//! another contact.

mod cells;
mod chunk;
mod codes;
mod column;
mod figure;
mod filter;
mod flips;
mod ground;
mod in_use;
mod judge;
mod marks;
mod mask;
mod names;
mod one;
mod places;
mod program;
mod row;
mod rows;
mod scan;
mod snapshot;
mod stamps;
mod table;
mod tags;
mod tri;
mod usage;
mod words;

pub use chunk::Bytes;
pub use in_use::{InUse, NamesInUse};
pub use row::{Row, RowPast};
pub use rows::Rows;
pub use snapshot::{Answer, Page, Selection, Snapshot};
pub use tags::TagCount;

pub(crate) use chunk::Chunk;
pub(crate) use mask::{Mask, ROWS};
pub(crate) use names::{NameId, Names};
pub(crate) use one::NEVER;
pub(crate) use program::Program;
pub(crate) use stamps::Stamps;

use crate::{Around, Set};
use model::{Contact, ContactId, EventRecord, Instant};
use places::{Places, tag};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// All contacts.
#[derive(Clone, Debug, Default)]
pub struct Book {
    rows: Places,
    chunks: Vec<Arc<Chunk>>,
    names: Arc<Names>,
}

/// The chunk and the row in it.
pub(crate) fn place(row: u32) -> (usize, usize) {
    (row as usize / ROWS, row as usize % ROWS)
}

/// Whether a contact stands in a row.
fn stands(chunks: &[Arc<Chunk>], row: u32, id: ContactId) -> bool {
    let (chunk, row) = place(row);
    chunks.get(chunk).and_then(|chunk| chunk.id(row)) == Some(id)
}

impl Book {
    /// A book of nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes down a contact: everything but the events, which stay as they were.
    pub fn put(&mut self, contact: &Contact) {
        self.write(None, contact);
    }

    /// The same of a contact who is in the book as they were before: only what differs is written.
    pub fn change(&mut self, before: &Contact, contact: &Contact) {
        let before = Some(before).filter(|before| before.id == contact.id && self.contains(before.id));
        self.write(before, contact);
    }

    fn write(&mut self, before: Option<&Contact>, contact: &Contact) {
        let row = match self.row(contact.id) {
            Some(row) => row,
            None => self.push(contact.id),
        };
        let (chunk, row) = place(row);
        let names = &mut self.names;
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).put(row, before, contact, &mut |name| Names::number(names, name));
        }
    }

    fn push(&mut self, id: ContactId) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.is_full()) {
            self.chunks.push(Arc::default());
        }
        let before = (self.chunks.len() - 1) * ROWS;
        let row = self.chunks.last_mut().map_or(0, |chunk| Arc::make_mut(chunk).push(id));
        let row = u32::try_from(before + row).expect("there are fewer than four thousand million contacts");
        self.rows.insert(tag(id), row);
        row
    }

    /// Writes down what happened; late events go to their place in time, and those that were withdrawn nowhere. A contact that is not
    /// there is ignored.
    pub fn add_events(&mut self, id: ContactId, events: &[EventRecord]) {
        let Some((chunk, row)) = self.row(id).map(place) else { return };
        if events.is_empty() {
            return;
        }
        if events.iter().any(EventRecord::is_withdrawn) {
            let kept: Vec<EventRecord> = events.iter().filter(|event| !event.is_withdrawn()).cloned().collect();
            return self.add_events(id, &kept);
        }
        let names = &mut self.names;
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).add_events(row, events, &mut |name| Names::number(names, name));
        }
    }

    /// Writes down anew what happened to a contact, of those names of which less is left: what was written before did not all happen.
    pub fn recount(&mut self, id: ContactId, events: &[EventRecord]) {
        let Some((chunk, row)) = self.row(id).map(place) else { return };
        let names = &self.names;
        let Some(chunk) = self.chunks.get_mut(chunk) else { return };
        let mut left: HashMap<NameId, usize> = HashMap::new();
        for event in events.iter().filter(|event| !event.is_withdrawn()) {
            if let Some(name) = names.get(&event.name) {
                *left.entry(name).or_default() += 1;
            }
        }
        // To take a name's events out is to move those of everybody else in the chunk.
        Arc::make_mut(chunk).remove_events(row, |name, count| left.get(&name).copied().unwrap_or(0) != count);
        let is_gone =
            |event: &&EventRecord| !event.is_withdrawn() && names.get(&event.name).is_none_or(|name| !chunk.has_events(row, name));
        let anew: Vec<EventRecord> = events.iter().filter(is_gone).cloned().collect();
        self.add_events(id, &anew);
    }

    /// Forgets a contact and what happened to them.
    pub fn remove(&mut self, id: ContactId) {
        let chunks = &self.chunks;
        let Some(row) = self.rows.remove(tag(id), |row| stands(chunks, row, id)) else { return };
        let (chunk, row) = place(row);
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).remove(row);
        }
    }

    /// One contact's recorded events.
    pub fn past(&self, id: ContactId) -> RowPast<'_> {
        let at = self.row(id).map(place).and_then(|(chunk, row)| Some((&**self.chunks.get(chunk)?, row)));
        RowPast::new(at, &self.names)
    }

    /// What is known about one contact at an instant; none if there is no such contact.
    pub fn who<'a>(&'a self, id: ContactId, now: Instant, around: &'a dyn Around, set: &'a Set) -> Option<Row<'a>> {
        let (chunk, row) = self.row(id).map(place)?;
        Some(Row::new(self.chunks.get(chunk)?, &self.names, row, now, around, set))
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a contact is there.
    pub fn contains(&self, id: ContactId) -> bool {
        self.row(id).is_some()
    }

    /// Everything as it is now. It stays so while the book goes on.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.chunks.clone(), Arc::clone(&self.names), self.len())
    }

    /// The row of a contact.
    pub fn row_of(&self, id: ContactId) -> Option<u32> {
        self.row(id)
    }

    /// Who stands in which row now. It stays so while the book goes on.
    pub fn rows(&self) -> Rows {
        Rows::new(self.chunks.iter().map(|chunk| Arc::clone(&chunk.ids)).collect())
    }

    /// How much memory the columns take.
    pub fn bytes(&self) -> Bytes {
        let mut all = Bytes::default();
        for chunk in &self.chunks {
            all.add(&chunk.bytes());
        }
        all.ids += self.rows.bytes();
        all
    }

    /// Since when a contact is in a segment by what is durable of them; none if they are not.
    pub fn since(&self, id: ContactId, key: &str) -> Option<Instant> {
        let (chunk, row) = self.row(id).map(place)?;
        self.chunks.get(chunk)?.members.get(self.names.get(key)?)?.get(row)
    }

    /// How many are on the list of a static segment, whether they are in it or not.
    pub fn listed(&self, key: &str) -> u64 {
        self.lists(key).map(|(_, list)| u64::from(list.count())).sum()
    }

    /// The keys of the lists that somebody is on, and how many are.
    pub fn lists_in_use(&self) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        for (name, list) in self.chunks.iter().flat_map(|chunk| chunk.lists.iter()) {
            *found.entry(name).or_default() += u64::from(list.count());
        }
        let named = found.into_iter().map(|(name, size)| (self.names.name(name).to_owned(), size));
        named.filter(|(_, size)| *size > 0).collect()
    }

    /// Some of those who are on the list of a static segment.
    pub fn listed_ids(&self, key: &str, limit: usize) -> Vec<ContactId> {
        self.lists(key).flat_map(|(chunk, list)| list.rows().filter_map(move |row| chunk.id(row))).take(limit).collect()
    }

    /// Whether a contact is on the list of a static segment.
    pub fn is_listed(&self, id: ContactId, key: &str) -> bool {
        let Some((at, row)) = self.row(id).map(place) else { return false };
        let Some(name) = self.names.get(key) else { return false };
        self.chunks.get(at).and_then(|chunk| chunk.lists.get(name)).is_some_and(|list| list.has(row))
    }

    /// A list, chunk by chunk.
    fn lists(&self, key: &str) -> impl Iterator<Item = (&Chunk, &Mask)> {
        let name = self.names.get(key);
        self.chunks.iter().filter_map(move |chunk| Some((&**chunk, chunk.lists.get(name?)?)))
    }

    pub(crate) fn row(&self, id: ContactId) -> Option<u32> {
        self.rows.find(tag(id), |row| stands(&self.chunks, row, id))
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// Who stands in a row, if they are still there.
    pub(crate) fn id_at(&self, row: u32) -> Option<ContactId> {
        let (chunk, row) = place(row);
        let chunk = self.chunks.get(chunk)?;
        if chunk.live.has(row) { chunk.id(row) } else { None }
    }
}

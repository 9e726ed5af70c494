//! The book: every contact and what is recorded about them, in memory, as columns.
//!
//! Contacts stand in rows, a thousand rows to a chunk, each column shared until somebody writes to it. So a [`Snapshot`] of a
//! million contacts costs a thousand counters, is read without a lock, and the book goes on changing. A row is never given to
//! another contact.

mod cells;
mod chunk;
mod codes;
mod figure;
mod filter;
mod flips;
mod ground;
mod judge;
mod mask;
mod names;
mod one;
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
pub use row::{Row, RowPast};
pub use rows::Rows;
pub use snapshot::{Answer, Selection, Snapshot};
pub use tags::TagCount;

pub(crate) use chunk::Chunk;
pub(crate) use mask::{Mask, ROWS};
pub(crate) use names::Names;
pub(crate) use one::NEVER;
pub(crate) use program::Program;

use crate::{Around, Set};
use model::{Contact, ContactId, EventRecord, Instant};
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

/// All contacts.
#[derive(Clone, Debug, Default)]
pub struct Book {
    rows: HashMap<(u64, u64), u32, BuildHasherDefault<IdHasher>>,
    chunks: Vec<Arc<Chunk>>,
    names: Arc<Names>,
}

/// Ids are random enough; mixing their halves is all that is left to do. They are made here, so nobody can choose them to
/// collide.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, half: u64) {
        self.0 = (self.0.rotate_left(29) ^ half).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

/// An id as two halves: a pair of words is packed closer than one of sixteen bytes.
fn halves(id: ContactId) -> (u64, u64) {
    let high = u64::try_from(id.0 >> 64).unwrap_or(0);
    (high, u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or(0))
}

/// The chunk and the row in it.
pub(crate) fn place(row: u32) -> (usize, usize) {
    (row as usize / ROWS, row as usize % ROWS)
}

impl Book {
    /// A book of nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes down a contact: everything but the events, which stay as they were.
    pub fn put(&mut self, contact: &Contact) {
        let row = match self.row(contact.id) {
            Some(row) => row,
            None => self.push(contact.id),
        };
        let (chunk, row) = place(row);
        let names = &mut self.names;
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).put(row, contact, &mut |name| Names::number(names, name));
        }
    }

    fn push(&mut self, id: ContactId) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.is_full()) {
            self.chunks.push(Arc::default());
        }
        let before = (self.chunks.len() - 1) * ROWS;
        let row = self.chunks.last_mut().map_or(0, |chunk| Arc::make_mut(chunk).push(id));
        let row = u32::try_from(before + row).expect("there are fewer than four thousand million contacts");
        self.rows.insert(halves(id), row);
        row
    }

    /// Writes down what happened; late events go to their place in time. A contact that is not there is ignored.
    pub fn add_events(&mut self, id: ContactId, events: &[EventRecord]) {
        let Some((chunk, row)) = self.row(id).map(place) else { return };
        if events.is_empty() {
            return;
        }
        let names = &mut self.names;
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            Arc::make_mut(chunk).add_events(row, events, &mut |name| Names::number(names, name));
        }
    }

    /// Forgets a contact and what happened to them.
    pub fn remove(&mut self, id: ContactId) {
        let Some(row) = self.rows.remove(&halves(id)) else { return };
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
        self.rows.is_empty()
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
        all.ids += self.rows.capacity() * 25;
        all
    }

    pub(crate) fn row(&self, id: ContactId) -> Option<u32> {
        self.rows.get(&halves(id)).copied()
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

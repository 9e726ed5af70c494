//! The directory: finding anybody by what people call them, and whoever bears a key, among a million.
//!
//! It stands beside the columns of the segments and uses their rows. What a contact is called lies folded and packed, 1,024 rows to a
//! chunk, each chunk shared until somebody writes to it: a [`Snapshot`] is taken under a lock and read without one. Looking for a text
//! is one pass over all of it, which takes a few milliseconds for a million people, so there is no index that could be wrong. Keys
//! (e-mail, phone, another system's id, an attribute) are kept as 32 bits of a keyed hash: a look-up gives candidates, and whoever asks
//! holds them against the record ([`bears`]).
//!
//! **Invariants.** What is found is what is durable: the directory is fed by the same commits as the columns. Whoever was forgotten, or
//! merged into somebody else, leaves nothing here.

mod entry;
mod find;
mod fold;
mod index;
mod query;
#[cfg(test)]
mod tests;
mod texts;

pub use entry::{is_called_the_same, keys_of, kind_borne};
pub use find::{Found, MOST, Snapshot};
pub(crate) use fold::at_most;
pub use fold::folded;
pub use query::Query;

use entry::Entry;
use index::Index;
use model::{AttributeDef, AttributeType, Contact, IdentifierKind, Instant, Value};
use segments::Rows;
use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};
use texts::{ROWS, Texts};

/// What somebody may be looked up by.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// An e-mail address, a phone number, another system's id, in any form ([`IdentifierKind::normal`]).
    Known(IdentifierKind, String),
    /// A declared attribute with this value; it must be watched ([`Directory::watch`]).
    Attribute(String, Value),
}

/// An attribute whose values are keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Its name.
    pub attribute: String,
    /// What its values name people as; none: they are a key of the attribute's own.
    pub known_as: Option<IdentifierKind>,
}

impl Watch {
    /// The watch of a declared attribute whose type names people.
    pub fn of(declared: &AttributeDef) -> Option<Self> {
        let known_as = IdentifierKind::of_type(&declared.ty)?;
        Some(Self { attribute: declared.name.clone(), known_as: Some(known_as) })
    }
}

/// Everybody, by what they are called and by what they bear.
#[derive(Debug, Default)]
pub struct Directory {
    salt: u64,
    chunks: Vec<Arc<Texts>>,
    index: Index,
    watches: Vec<Watch>,
    people: usize,
}

/// How much memory the directory takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// What people are called.
    pub texts: usize,
    /// Keys.
    pub keys: usize,
}

/// Where a row stands.
fn place(row: u32) -> (usize, usize) {
    (row as usize / ROWS, row as usize % ROWS)
}

impl Directory {
    /// A directory of nobody. The salt keys the hashes: nobody outside can make keys collide.
    pub fn new(salt: u64) -> Self {
        Self { salt, ..Self::default() }
    }

    /// Writes down what a contact in a row is called and bears. One who was merged away is taken out.
    pub fn put(&mut self, row: u32, contact: &Contact) {
        if contact.is_merged_away() {
            return self.forget(row);
        }
        let Entry { text, keys } = Entry::of(contact, &self.watches);
        let mut tags: Vec<u32> = keys.iter().map(|(space, value)| self.tag(space, value)).collect();
        tags.sort_unstable();
        tags.dedup();
        let (chunk, at) = place(row);
        if self.chunks.len() <= chunk {
            self.chunks.resize_with(chunk + 1, Arc::default);
        }
        let Some(chunk) = self.chunks.get_mut(chunk) else { return };
        self.people += usize::from(!chunk.is_there(at));
        if chunk.text(at) != text {
            Arc::make_mut(chunk).put_text(at, &text);
        }
        let before = chunk.tags(at);
        if before != tags {
            let gone: Vec<u32> = before.iter().copied().filter(|tag| !tags.contains(tag)).collect();
            let new: Vec<u32> = tags.iter().copied().filter(|tag| !before.contains(tag)).collect();
            gone.into_iter().for_each(|tag| self.index.remove(tag, row));
            new.into_iter().for_each(|tag| self.index.insert(tag, row));
            Arc::make_mut(chunk).put_tags(at, &tags);
        }
        let seen = seconds(contact.last_seen);
        if chunk.seen(at) != seen {
            Arc::make_mut(chunk).put_seen(at, seen);
        }
    }

    /// Notes when a contact was active last; nothing else about them changed.
    pub fn touch(&mut self, row: u32, last_seen: Instant) {
        let (chunk, at) = place(row);
        let seen = seconds(last_seen);
        if let Some(chunk) = self.chunks.get_mut(chunk)
            && chunk.is_there(at)
            && chunk.seen(at) != seen
        {
            Arc::make_mut(chunk).put_seen(at, seen);
        }
    }

    /// Forgets whoever stands in a row, every byte of it.
    pub fn forget(&mut self, row: u32) {
        let (chunk, at) = place(row);
        let Some(chunk) = self.chunks.get_mut(chunk) else { return };
        if !chunk.is_there(at) {
            return;
        }
        self.people -= 1;
        for tag in chunk.tags(at) {
            self.index.remove(*tag, row);
        }
        Arc::make_mut(chunk).forget(at);
    }

    /// From now on the values of an attribute are keys. Answers whether that is new: the values that are there already are to be
    /// added with [`Self::add_values`].
    pub fn watch(&mut self, watch: Watch) -> bool {
        let new = !self.watches.contains(&watch);
        if new {
            self.watches.push(watch);
        }
        new
    }

    /// The attributes whose values are keys.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// Whether the values of an attribute are keys.
    pub fn is_watched(&self, watch: &Watch) -> bool {
        self.watches.contains(watch)
    }

    /// Adds values of a watched attribute by row. One that does not hold any more does no harm: it is held against the record when it
    /// is found, and goes when the row is next written.
    pub fn add_values<'v>(&mut self, watch: &Watch, values: impl IntoIterator<Item = (u32, &'v Value)>) {
        for (row, value) in values {
            let Some((space, value)) = entry::key_of(watch, value) else { continue };
            let tag = self.tag(&space, &value);
            let (chunk, at) = place(row);
            let Some(chunk) = self.chunks.get_mut(chunk).filter(|chunk| chunk.is_there(at)) else { continue };
            let before = chunk.tags(at);
            if !before.contains(&tag) {
                let mut tags = before.to_vec();
                tags.push(tag);
                tags.sort_unstable();
                Arc::make_mut(chunk).put_tags(at, &tags);
                self.index.insert(tag, row);
            }
        }
    }

    /// The rows of those who seem to bear a key, in order: to be held against their records with [`bears`]. Of a key that more than 256
    /// bear, some.
    pub fn candidates(&self, key: &Key) -> Vec<u32> {
        let Some((space, value)) = entry::space_of(key) else { return Vec::new() };
        let mut rows = self.index.rows(self.tag(&space, &value));
        rows.sort_unstable();
        rows
    }

    /// Everybody as they are now; it stays so while the directory goes on. `rows` says who stands where.
    pub fn snapshot(&self, rows: Rows) -> Snapshot {
        Snapshot::new(self.chunks.clone(), rows)
    }

    /// How many are in it.
    pub fn len(&self) -> usize {
        self.people
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.people == 0
    }

    /// How much memory it takes.
    pub fn bytes(&self) -> Bytes {
        Bytes { texts: self.chunks.iter().map(|chunk| chunk.bytes()).sum(), keys: self.index.bytes() }
    }

    fn tag(&self, space: &str, value: &str) -> u32 {
        let mut hash = DefaultHasher::new();
        (self.salt, space, value).hash(&mut hash);
        u32::try_from(hash.finish() >> 32).unwrap_or_default()
    }
}

/// Whether a contact bears a key, by what the bot declares.
pub fn bears(contact: &Contact, key: &Key, declared: &[AttributeDef]) -> bool {
    if contact.is_merged_away() {
        return false;
    }
    match key {
        Key::Known(kind, value) => kind.normal(value).is_some_and(|value| keys_of(contact, declared).contains(&(*kind, value))),
        Key::Attribute(name, value) => contact.attributes.get(name).is_some_and(|known| entry::plain(known) == entry::plain(value)),
    }
}

/// Whether a type of attributes names people.
pub fn names_people(ty: &AttributeType) -> bool {
    IdentifierKind::of_type(ty).is_some()
}

/// Seconds since 1970; 1 at the least, because 0 stands for nobody.
fn seconds(at: Instant) -> u32 {
    u32::try_from(at.as_secs().max(1)).unwrap_or(u32::MAX)
}

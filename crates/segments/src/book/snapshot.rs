//! Everybody at one instant of the book, to be asked anything while the book goes on.

use super::{Chunk, Mask, Names, ROWS, judge::Judge, program::Program};
use crate::{Around, Set};
use expr::Condition;
use model::{ContactId, Instant, Value};
use rayon::prelude::*;
use std::{borrow::Cow, sync::Arc};

/// Everybody as they were when it was taken. Cheap to take, cheap to clone, never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    chunks: Vec<Arc<Chunk>>,
    names: Arc<Names>,
    contacts: usize,
}

/// What a condition comes to over everybody, exact at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// All contacts.
    pub contacts: u64,
    /// Contacts for whom it holds.
    pub matched: u64,
    /// Contacts of whom it cannot be said, because something is missing (FL 6.5).
    pub unknown: u64,
    /// The leaves that ask for something some contacts have no value of, and how many contacts.
    pub no_value: Vec<(String, u64)>,
    /// Leaves that were judged for one contact after the other, because no column answers them.
    pub row_by_row: Vec<String>,
    /// The first of those for whom it holds.
    pub sample: Vec<ContactId>,
}

/// The contacts for whom a condition holds.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    masks: Vec<Mask>,
    ids: Vec<Arc<Vec<ContactId>>>,
}

impl Selection {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.masks.iter().map(|mask| mask.count() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.masks.iter().all(Mask::is_empty)
    }

    /// All of them, in the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = ContactId> + '_ {
        self.from(0, 0)
    }

    /// Those after one of them, in the order of their rows; none if that one was never there.
    pub fn after(&self, id: ContactId) -> impl Iterator<Item = ContactId> + '_ {
        let found = self.ids.iter().enumerate().find_map(|(at, ids)| ids.iter().position(|other| *other == id).map(|row| (at, row + 1)));
        let (at, row) = found.unwrap_or((self.masks.len(), 0));
        self.from(at, row)
    }

    fn from(&self, chunk: usize, row: usize) -> impl Iterator<Item = ContactId> + '_ {
        let chunks = self.masks.iter().zip(&self.ids).enumerate().skip(chunk);
        chunks
            .flat_map(move |(at, (mask, ids))| mask.rows().filter(move |r| at > chunk || *r >= row).filter_map(|row| ids.get(row).copied()))
    }

    /// Whether a contact is among them.
    pub fn contains(&self, id: ContactId) -> bool {
        self.masks.iter().zip(&self.ids).any(|(mask, ids)| mask.rows().any(|row| ids.get(row) == Some(&id)))
    }
}

/// What one chunk comes to.
struct Part {
    holds: Mask,
    unknown: u64,
    no_value: Vec<u64>,
    by_row: Vec<bool>,
}

impl Snapshot {
    pub(crate) fn new(chunks: Vec<Arc<Chunk>>, names: Arc<Names>, contacts: usize) -> Self {
        Self { chunks, names, contacts }
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter().map(|chunk| &**chunk)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.contacts
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.contacts == 0
    }

    /// The values of an attribute by row, of everybody who has one.
    pub fn attribute<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (u32, Cow<'a, Value>)> + 'a {
        let rows = self.chunks.iter().enumerate().flat_map(|(number, chunk)| {
            let base = number * ROWS;
            chunk.live.rows().map(move |row| (base + row, chunk, row))
        });
        rows.filter_map(move |(at, chunk, row)| Some((u32::try_from(at).ok()?, chunk.attribute(&self.names, name, row)?)))
    }

    /// One contact's recorded events. It looks for the contact from the first to the last: for one, not for all.
    pub fn past(&self, id: ContactId) -> super::RowPast<'_> {
        let at = self.chunks.iter().find_map(|chunk| {
            let row = chunk.ids.iter().position(|known| *known == id).filter(|row| chunk.live.has(*row))?;
            Some((&**chunk, row))
        });
        super::RowPast::new(at, &self.names)
    }

    /// How many a condition holds for, exactly, and some of them.
    pub fn ask(&self, condition: &Condition, set: &Set, around: &dyn Around, now: Instant, sample: usize) -> Answer {
        let program = Program::of_condition(condition, set, around, &self.names, now);
        let asked = program.asked();
        let parts: Vec<Part> = self
            .parts(&program)
            .map(|(_, mut judge)| {
                let verdict = judge.condition();
                // A preview tells of every leaf how many have no value, also of those that no longer mattered.
                let leaves: Vec<(u64, bool)> = asked.iter().map(|leaf| judge.no_value(*leaf)).collect();
                Part {
                    unknown: u64::from(verdict.unknown().and(judge.live()).count()),
                    no_value: leaves.iter().map(|(missing, _)| *missing).collect(),
                    by_row: leaves.iter().map(|(_, by_row)| *by_row).collect(),
                    holds: verdict.holds.and(judge.live()),
                }
            })
            .collect();
        let mut answer = Answer { contacts: self.contacts as u64, ..Answer::default() };
        for (chunk, part) in self.chunks.iter().zip(&parts) {
            answer.matched += u64::from(part.holds.count());
            answer.unknown += part.unknown;
            let room = sample.saturating_sub(answer.sample.len());
            answer.sample.extend(part.holds.rows().take(room).filter_map(|row| chunk.id(row)));
        }
        for (at, leaf) in asked.iter().enumerate() {
            let text = program.text(*leaf).to_owned();
            let missing: u64 = parts.iter().filter_map(|part| part.no_value.get(at)).sum();
            if missing > 0 {
                answer.no_value.push((text.clone(), missing));
            }
            if parts.iter().any(|part| part.by_row.get(at) == Some(&true)) {
                answer.row_by_row.push(text);
            }
        }
        answer
    }

    /// Everybody for whom a condition holds.
    pub fn select(&self, condition: &Condition, set: &Set, around: &dyn Around, now: Instant) -> Selection {
        let program = Program::of_condition(condition, set, around, &self.names, now);
        let masks = self.parts(&program).map(|(_, mut judge)| judge.condition().holds.and(judge.live())).collect();
        Selection { masks, ids: self.chunks.iter().map(|chunk| Arc::clone(&chunk.ids)).collect() }
    }

    /// Each chunk with a judge of it, on every core.
    pub(crate) fn parts<'p>(&'p self, program: &'p Program<'p>) -> impl IndexedParallelIterator<Item = (&'p Chunk, Judge<'p>)> {
        self.chunks.par_iter().with_min_len(8).map(|chunk| {
            let chunk = &**chunk;
            (chunk, Judge::new(chunk, program))
        })
    }
}

const _: () = assert!(ROWS.is_multiple_of(64));

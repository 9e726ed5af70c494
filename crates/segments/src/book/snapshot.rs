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

/// Some contacts, such as those for whom a condition holds.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    masks: Vec<Mask>,
    ids: Vec<Arc<Vec<ContactId>>>,
}

/// Some of a selection, in the order of their ids. That order is the same whoever goes meanwhile and over every start, as that of rows
/// is not: who reads page by page meets everybody once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Who.
    pub ids: Vec<ContactId>,
    /// The last of them, if somebody comes after them.
    pub next: Option<ContactId>,
}

impl Selection {
    /// Those whose rows are in the masks, chunk by chunk.
    pub(crate) fn new(masks: Vec<Mask>, ids: Vec<Arc<Vec<ContactId>>>) -> Self {
        Self { masks, ids }
    }

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
        self.masks.iter().zip(&self.ids).flat_map(|(mask, ids)| mask.rows().filter_map(|row| ids.get(row).copied()))
    }

    /// The first of them after an id, which need not be one of theirs; at most `limit`. It looks at everybody once.
    pub fn page(&self, after: Option<ContactId>, limit: usize) -> Page {
        // One more tells whether somebody comes after the page.
        let wanted = limit.saturating_add(1);
        let mut ids: Vec<ContactId> = Vec::new();
        // The last of the first who were met so far: whoever comes after them is none of the first.
        let mut last: Option<ContactId> = None;
        for id in self.iter() {
            if after.is_some_and(|after| id <= after) || last.is_some_and(|last| id >= last) {
                continue;
            }
            ids.push(id);
            if ids.len() >= wanted.saturating_mul(2) {
                ids.select_nth_unstable(wanted - 1);
                ids.truncate(wanted);
                last = ids.last().copied();
            }
        }
        ids.sort_unstable();
        let more = ids.len() > limit;
        ids.truncate(limit);
        Page { next: ids.last().copied().filter(|_| more), ids }
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
        Selection::new(masks, self.chunks.iter().map(|chunk| Arc::clone(&chunk.ids)).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Three chunks of people whose rows are in another order than their ids; every third one is not meant.
    fn selection() -> (Selection, Vec<ContactId>) {
        let ids: Vec<ContactId> = (0..2_500).map(|n: u128| ContactId(n * 7_919 % 2_503)).collect();
        let (mut masks, mut meant) = (Vec::new(), Vec::new());
        for chunk in ids.chunks(ROWS) {
            let mut mask = Mask::default();
            for (row, id) in chunk.iter().enumerate().filter(|(row, _)| row % 3 != 0) {
                mask.set(row, true);
                meant.push(*id);
            }
            masks.push(mask);
        }
        meant.sort_unstable();
        (Selection::new(masks, ids.chunks(ROWS).map(|chunk| Arc::new(chunk.to_vec())).collect()), meant)
    }

    #[test]
    fn pages_meet_everybody_once_in_the_order_of_their_ids() {
        let (selection, meant) = selection();
        for limit in [1, 2, 7, meant.len() - 1, meant.len(), usize::MAX] {
            let (mut met, mut after) = (Vec::new(), None);
            loop {
                let page = selection.page(after, limit);
                assert!(page.ids.len() <= limit && (page.next.is_none() || page.next == page.ids.last().copied()));
                met.extend(page.ids);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(met, meant, "{limit} at a time");
        }
        assert_eq!(selection.page(None, 0), Page::default());
        assert_eq!(selection.page(meant.last().copied(), 5), Page::default());
        // It may begin after somebody who is not there.
        let beyond = selection.page(Some(ContactId(meant[9].0 + 1)), 1);
        assert!(beyond.ids.iter().all(|id| id.0 > meant[9].0 + 1));
    }
}

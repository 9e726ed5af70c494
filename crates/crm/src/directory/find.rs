//! Looking for a text among everybody: one pass over what they are called, on every core.

use super::{
    query::{Fit, Query},
    texts::Texts,
};
use model::ContactId;
use rayon::prelude::*;
use segments::Rows;
use std::{cmp::Reverse, sync::Arc};

/// The most who are named at once.
pub const MOST: usize = 100;

/// Everybody as they were when it was taken. Cheap to take and to clone; it never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    chunks: Vec<Arc<Texts>>,
    rows: Rows,
}

/// Who was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The best ones: who is called exactly that, then those in whom every word begins a word, then the others; of equals those who
    /// were active last come first.
    pub contacts: Vec<ContactId>,
    /// How many there are, all told.
    pub total: u64,
}

/// What decides who comes first.
type Place = (Fit, Reverse<u32>, u32);

impl Snapshot {
    pub(super) fn new(chunks: Vec<Arc<Texts>>, rows: Rows) -> Self {
        Self { chunks, rows }
    }

    /// Looks for what somebody typed, and names at most `limit` (and [`MOST`]).
    pub fn find(&self, query: &Query, limit: usize) -> Found {
        let limit = limit.min(MOST);
        let parts = self.chunks.par_iter().enumerate().with_min_len(16).map(|(number, chunk)| self.within(query, number, chunk, limit));
        let (mut places, total) = parts.reduce(Default::default, |(mut places, total), (more, others)| {
            places.extend(more);
            keep_best(&mut places, limit);
            (places, total + others)
        });
        places.sort_unstable();
        Found { contacts: places.into_iter().filter_map(|(_, _, row)| self.rows.id(row)).collect(), total }
    }

    /// Those of one chunk, and how many they are.
    fn within(&self, query: &Query, number: usize, chunk: &Texts, limit: usize) -> (Vec<Place>, u64) {
        let mut fits: Vec<(usize, Fit)> = Vec::new();
        if let Some(ids) = query.ids() {
            let known = self.rows.chunk(number).iter().enumerate();
            fits.extend(known.filter(|(at, id)| ids.contains(&id.0) && chunk.is_there(*at)).map(|(at, _)| (at, Fit::Begins)));
        }
        for (needle, reading) in query.needles() {
            let (mut from, mut next) = (0, 0);
            while let Some(found) = chunk.all().get(from..).and_then(|rest| needle.find(rest)) {
                let row = chunk.row_at(next, from + found);
                let (start, end) = chunk.span(row);
                if let Some(fit) = chunk.all().get(start..end).and_then(|fields| query.fit(reading, fields)) {
                    fits.push((row, fit));
                }
                (from, next) = (end, row + 1);
            }
        }
        if query.readings() > 1 {
            fits.sort_unstable();
            fits.dedup_by_key(|(row, _)| *row);
        }
        let base = number * super::texts::ROWS;
        let mut places: Vec<Place> =
            fits.iter().map(|(row, fit)| (*fit, Reverse(chunk.seen(*row)), u32::try_from(base + row).unwrap_or(u32::MAX))).collect();
        keep_best(&mut places, limit);
        (places, fits.len() as u64)
    }
}

fn keep_best(places: &mut Vec<Place>, limit: usize) {
    if places.len() > limit {
        if let Some(last) = limit.checked_sub(1) {
            places.select_nth_unstable(last);
        }
        places.truncate(limit);
    }
}

//! Reading a journey by a filter: from the newest line on, as far as is asked for and no further than is allowed.
//!
//! A line's *place* is how many lines of the same contact were written before it. It never changes, also when older lines are kept no
//! longer, so it is what a page ends with and the next one begins at. A store looks at the head of a line ([`JourneyHead`]) and reads the whole only of those that may be wanted.

use crate::Error;
use model::{JourneyEntry, JourneyFilter, JourneyHead};

/// Some lines of one contact's own journey.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JourneyPage {
    /// Newest first, each with its place.
    pub lines: Vec<(u64, JourneyEntry)>,
    /// Lines before this place were not looked at; none: there is nothing more to find.
    pub next: Option<u64>,
    /// How many lines, the oldest, are kept no longer.
    pub forgotten: u64,
}

/// A way through a journey, from the newest line to the oldest.
#[derive(Debug)]
pub struct Walk<'f> {
    filter: &'f JourneyFilter,
    /// Lines of lower places are still to be looked at.
    before: u64,
    /// Lines of lower places are kept no longer.
    forgotten: u64,
    limit: usize,
    /// How many may still be looked at.
    left: usize,
    over: bool,
    lines: Vec<(u64, JourneyEntry)>,
}

impl<'f> Walk<'f> {
    /// A way through the lines before a place, all of them if none is given: `total` were written, and the first `forgotten` of them are
    /// kept no longer. It ends with `limit` lines, or after `most` were looked at.
    pub fn new(filter: &'f JourneyFilter, before: Option<u64>, (forgotten, total): (u64, u64), limit: usize, most: usize) -> Self {
        let before = before.map_or(total, |before| before.min(total)).max(forgotten);
        Self { filter, before, forgotten, limit, left: most, over: false, lines: Vec::new() }
    }

    /// The place of the line to look at next; none at the end.
    pub fn next_place(&self) -> Option<u64> {
        self.before.checked_sub(1).filter(|place| !self.over && *place >= self.forgotten)
    }

    /// Looks at the line of [`Self::next_place`]; `read` reads it whole.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn look(&mut self, head: &JourneyHead, read: impl FnOnce() -> Result<JourneyEntry, Error>) -> Result<(), Error> {
        let Some(place) = self.next_place() else { return Ok(()) };
        if self.left == 0 {
            self.over = true;
            return Ok(());
        }
        self.left -= 1;
        if self.filter.ends_at(head) {
            self.before = self.forgotten;
            return Ok(());
        }
        if self.filter.admits(head) {
            let entry = read()?;
            if self.filter.wants(&entry) {
                // One more than asked for tells that there is more; it belongs to the next page.
                if self.lines.len() >= self.limit {
                    self.over = true;
                    return Ok(());
                }
                self.lines.push((place, entry));
            }
        }
        self.before = place;
        Ok(())
    }

    /// Lines from this place on up to the one looked at last are not to be had: goes on before it.
    pub fn step_over(&mut self, place: u64) {
        if !self.over {
            self.before = self.before.min(place).max(self.forgotten);
        }
    }

    /// What was found.
    pub fn page(self) -> JourneyPage {
        let next = Some(self.before).filter(|before| *before > self.forgotten);
        JourneyPage { lines: self.lines, next, forgotten: self.forgotten }
    }
}

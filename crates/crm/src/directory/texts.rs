//! What up to 1,024 contacts are called, packed one after the other, with when each was active last and the hashes of their keys.

use super::entry::LAST_MARK;

/// Rows of a chunk, as the columns have them.
pub(super) const ROWS: usize = 1024;

/// One chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    /// The fields of every row, each after its mark: so nothing found reaches from one field into another.
    all: Vec<u8>,
    /// Where each row's fields end.
    ends: Vec<u32>,
    /// When each was active last, in seconds; 0: nobody stands there.
    seen: Vec<u32>,
    /// The hashes of their keys.
    tags: Vec<u32>,
    tag_ends: Vec<u16>,
}

impl Texts {
    /// The text of all rows.
    pub(super) fn all(&self) -> &[u8] {
        &self.all
    }

    /// Whether somebody stands in a row.
    pub(super) fn is_there(&self, row: usize) -> bool {
        self.seen(row) != 0
    }

    /// When whoever stands there was active last.
    pub(super) fn seen(&self, row: usize) -> u32 {
        self.seen.get(row).copied().unwrap_or(0)
    }

    /// A row's fields.
    pub(super) fn text(&self, row: usize) -> &[u8] {
        let (start, end) = self.span(row);
        self.all.get(start..end).unwrap_or_default()
    }

    /// Where a row's fields begin and end.
    pub(super) fn span(&self, row: usize) -> (usize, usize) {
        let end = |row: usize| self.ends.get(row).map_or(self.all.len(), |end| *end as usize);
        (row.checked_sub(1).map_or(0, end), end(row))
    }

    /// The row that a place of the text belongs to, at or after a row: often the next one or the one after it.
    pub(super) fn row_at(&self, from: usize, place: usize) -> usize {
        const NEAR: usize = 4;
        let rest = self.ends.get(from..).unwrap_or_default();
        let before = |end: &u32| *end as usize <= place;
        let near = rest.iter().take(NEAR).take_while(|end| before(end)).count();
        let far = if near < NEAR { 0 } else { rest.get(NEAR..).unwrap_or_default().partition_point(before) };
        from + near + far
    }

    /// A row's keys.
    pub(super) fn tags(&self, row: usize) -> &[u32] {
        let (start, end) = self.tag_span(row);
        self.tags.get(start..end).unwrap_or_default()
    }

    fn tag_span(&self, row: usize) -> (usize, usize) {
        let end = |row: usize| self.tag_ends.get(row).map_or(self.tags.len(), |end| usize::from(*end));
        (row.checked_sub(1).map_or(0, end), end(row))
    }

    fn reach(&mut self, row: usize) {
        debug_assert!(row < ROWS, "rows are those of one chunk");
        if row >= self.ends.len() {
            self.ends.resize(row + 1, small(self.all.len()));
            self.seen.resize(row + 1, 0);
            self.tag_ends.resize(row + 1, u16::try_from(self.tags.len()).unwrap_or(u16::MAX));
        }
    }

    pub(super) fn put_seen(&mut self, row: usize, seen: u32) {
        self.reach(row);
        let came = self.seen.get_mut(row).is_some_and(|place| std::mem::replace(place, seen) == 0);
        if came && row + 1 == ROWS {
            // The chunk is full: no more room is needed.
            self.all.shrink_to_fit();
            self.tags.shrink_to_fit();
        }
    }

    pub(super) fn put_text(&mut self, row: usize, text: &[u8]) {
        self.reach(row);
        debug_assert!(text.first().is_none_or(|mark| *mark <= LAST_MARK));
        let (start, end) = self.span(row);
        let wanted = self.all.len() - (end - start) + text.len();
        if wanted > self.all.capacity() {
            // A little room to grow, not twice as much.
            self.all.reserve_exact(wanted - self.all.len() + wanted / 16);
        }
        self.all.splice(start..end, text.iter().copied());
        for later in self.ends.iter_mut().skip(row) {
            *later = small(*later as usize + text.len() - (end - start));
        }
    }

    pub(super) fn put_tags(&mut self, row: usize, tags: &[u32]) {
        self.reach(row);
        let (start, end) = self.tag_span(row);
        let wanted = self.tags.len() - (end - start) + tags.len();
        if wanted > self.tags.capacity() {
            self.tags.reserve_exact(wanted - self.tags.len() + wanted / 16);
        }
        self.tags.splice(start..end, tags.iter().copied());
        for later in self.tag_ends.iter_mut().skip(row) {
            *later = u16::try_from(usize::from(*later) + tags.len() - (end - start)).unwrap_or(u16::MAX);
        }
    }

    /// Forgets a row. What was there does not linger behind the end of what is.
    pub(super) fn forget(&mut self, row: usize) {
        self.put_text(row, &[]);
        self.put_tags(row, &[]);
        self.put_seen(row, 0);
        self.all = self.all.as_slice().into();
        self.tags = self.tags.as_slice().into();
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.all.capacity()
            + (self.ends.capacity() + self.seen.capacity() + self.tags.capacity()) * 4
            + self.tag_ends.capacity() * 2
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

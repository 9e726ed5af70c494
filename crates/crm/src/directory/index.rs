//! Hashes of keys, and the rows that have them: eight bytes for each.
//!
//! Sixty-four tables by the hash's first bits, so that none is long when it grows; in each, a hash stands at or after its place.

/// How many rows of one hash are kept: a key that more people share tells nobody apart.
const MOST: usize = 256;
const SHARDS: usize = 64;

/// The tables.
#[derive(Debug)]
pub(super) struct Index {
    shards: Vec<Shard>,
}

#[derive(Clone, Debug, Default)]
struct Shard {
    /// A hash and a row plus one, or 0.
    cells: Vec<u64>,
    used: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { shards: vec![Shard::default(); SHARDS] }
    }
}

fn cell(tag: u32, row: u32) -> u64 {
    u64::from(tag) << 32 | (u64::from(row) + 1)
}

fn tag_of(cell: u64) -> u32 {
    u32::try_from(cell >> 32).unwrap_or_default()
}

fn row_of(cell: u64) -> u32 {
    u32::try_from((cell & u64::from(u32::MAX)).saturating_sub(1)).unwrap_or_default()
}

impl Index {
    fn shard(&self, tag: u32) -> Option<&Shard> {
        self.shards.get((tag >> 26) as usize)
    }

    fn shard_mut(&mut self, tag: u32) -> Option<&mut Shard> {
        self.shards.get_mut((tag >> 26) as usize)
    }

    /// Adds a row that does not have the hash yet.
    pub(super) fn insert(&mut self, tag: u32, row: u32) {
        if let Some(shard) = self.shard_mut(tag) {
            shard.insert(tag, row);
        }
    }

    /// Takes a row away, if it is there.
    pub(super) fn remove(&mut self, tag: u32, row: u32) {
        if let Some(shard) = self.shard_mut(tag) {
            shard.remove(cell(tag, row));
        }
    }

    /// The rows of a hash.
    pub(super) fn rows(&self, tag: u32) -> Vec<u32> {
        let Some(shard) = self.shard(tag) else { return Vec::new() };
        shard.run(tag).filter(|cell| tag_of(*cell) == tag).map(row_of).collect()
    }

    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.cells.capacity() * 8 + size_of::<Shard>()).sum()
    }
}

impl Shard {
    /// Where a hash belongs.
    fn home(&self, tag: u32) -> usize {
        let spread = u64::from(tag << 6) * self.cells.len() as u64;
        usize::try_from(spread >> 32).unwrap_or(0)
    }

    fn at(&self, place: usize) -> u64 {
        self.cells.get(place).copied().unwrap_or(0)
    }

    fn put(&mut self, place: usize, cell: u64) {
        if let Some(there) = self.cells.get_mut(place) {
            *there = cell;
        }
    }

    fn next(&self, place: usize) -> usize {
        if place + 1 == self.cells.len() { 0 } else { place + 1 }
    }

    /// The cells from a hash's place on, up to the first empty one.
    fn run(&self, tag: u32) -> impl Iterator<Item = u64> + '_ {
        let (before, after) = self.cells.split_at(self.home(tag));
        after.iter().chain(before).copied().take_while(|cell| *cell != 0)
    }

    fn insert(&mut self, tag: u32, row: u32) {
        if self.used * 5 >= self.cells.len() * 4 {
            self.grow();
        }
        let (mut place, mut same) = (self.home(tag), 0);
        while self.at(place) != 0 {
            same += usize::from(tag_of(self.at(place)) == tag);
            if same >= MOST {
                return;
            }
            place = self.next(place);
        }
        self.put(place, cell(tag, row));
        self.used += 1;
    }

    fn grow(&mut self) {
        let longer = (self.cells.len() * 3 / 2).max(16);
        let before = std::mem::replace(&mut self.cells, vec![0; longer]);
        for cell in before.into_iter().filter(|cell| *cell != 0) {
            let mut place = self.home(tag_of(cell));
            while self.at(place) != 0 {
                place = self.next(place);
            }
            self.put(place, cell);
        }
    }

    fn remove(&mut self, wanted: u64) {
        let len = self.cells.len();
        if len == 0 {
            return;
        }
        let mut hole = self.home(tag_of(wanted));
        while self.at(hole) != wanted {
            if self.at(hole) == 0 {
                return;
            }
            hole = self.next(hole);
        }
        // Whoever stands behind and belongs at the hole or before moves up: nothing is ever found behind an empty cell.
        let mut place = hole;
        loop {
            place = self.next(place);
            let there = self.at(place);
            if there == 0 {
                break;
            }
            let from_home = (place + len - self.home(tag_of(there))) % len;
            if from_home >= (place + len - hole) % len {
                self.put(hole, there);
                hole = place;
            }
        }
        self.put(hole, 0);
        self.used -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((0_u32..40, 0_u32..12, any::<bool>()), 0..600)) {
            let (mut index, mut set) = (Index::default(), BTreeSet::new());
            for (tag, row, add) in steps {
                // Neighbours and the end of a table, where searches wrap around.
                let tag = if tag < 20 { tag } else { u32::MAX - tag } & 0x83ff_ffff;
                if add {
                    if set.insert((tag, row)) {
                        index.insert(tag, row);
                    }
                } else {
                    set.remove(&(tag, row));
                    index.remove(tag, row);
                }
                let mut rows = index.rows(tag);
                rows.sort_unstable();
                prop_assert_eq!(rows, set.iter().filter(|(t, _)| *t == tag).map(|(_, r)| *r).collect::<Vec<_>>());
            }
            for (tag, row) in &set {
                prop_assert!(index.rows(*tag).contains(row));
            }
        }
    }

    #[test]
    fn a_hash_that_everybody_has_stays_cheap() {
        let mut index = Index::default();
        for row in 0..100_000 {
            index.insert(7, row);
        }
        assert_eq!(index.rows(7).len(), MOST);
        index.remove(7, 99_999);
        index.remove(7, 0);
        assert_eq!(index.rows(7).len(), MOST - 1);
    }
}

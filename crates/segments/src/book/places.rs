//! Which row each contact stands in: a table of eight bytes a slot, eight slots a line of the processor's cache.
//!
//! A slot holds a row and 32 bits of the hash of its contact's id. The id itself stands in the columns and is compared there, so
//! a million contacts take 16 MiB. A lookup looks at all slots of one line at once, seldom at the next line, and never has to
//! guess which: so the processor goes on to what is asked next while memory is still fetching. Ids are made here, so nobody can
//! choose them to collide.

use model::ContactId;

/// A slot of nobody; no row has this number.
const FREE: u64 = u64::MAX;
/// Slots of a line.
const LANES: usize = 8;

/// One line; its free slots come last.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u64; LANES]);

impl Line {
    const EMPTY: Self = Self([FREE; LANES]);

    fn is_full(&self) -> bool {
        self.0.last() != Some(&FREE)
    }

    /// The slots of a tag, as bits.
    fn of(&self, tag: u32) -> u32 {
        let wanted = u64::from(tag);
        (0..).zip(&self.0).fold(0, |found, (lane, slot)| found | u32::from(slot >> 32 == wanted) << lane)
    }

    /// Adds to a line that is not full.
    fn push(&mut self, slot: u64) {
        if let Some(free) = self.0.iter_mut().find(|known| **known == FREE) {
            *free = slot;
        }
    }

    fn take(&mut self, lane: usize) {
        let taken = self.0.iter().take_while(|slot| **slot != FREE).count();
        self.0.swap(lane, taken - 1);
        if let Some(last) = self.0.get_mut(taken - 1) {
            *last = FREE;
        }
    }
}

/// Rows by the contacts that stand in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// As many as a power of two, or none. Who does not fit in a full line is in the next that is not.
    lines: Vec<Line>,
    /// The power.
    bits: u32,
    taken: usize,
}

/// What a slot says of an id. Its upper bits are the line in which it belongs.
pub(crate) fn tag(id: ContactId) -> u32 {
    let bits = u128::from(u64::MAX);
    // The halves of a product depend on every bit of both; what is folded of them is as good as random.
    let product = ((id.0 >> 64) ^ 0x9E37_79B9_7F4A_7C15) * ((id.0 & bits) ^ 0xD1B5_4A32_D192_ED03);
    let folded = (product >> 64) ^ (product & bits);
    u32::try_from(folded >> 32).expect("the upper half of 64 bits")
}

fn slot_of(tag: u32, row: u32) -> u64 {
    u64::from(tag) << 32 | u64::from(row)
}

fn tag_of(slot: u64) -> u32 {
    u32::try_from(slot >> 32).expect("half of 64 bits")
}

fn row_of(slot: u64) -> u32 {
    u32::try_from(slot & u64::from(u32::MAX)).expect("half of 64 bits")
}

impl Places {
    /// The row of this tag of which something holds: that the contact stands there. Nobody stands in the row [`u32::MAX`].
    pub fn find(&self, tag: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.search(tag, is).map(|(_, _, row)| row)
    }

    fn search(&self, tag: u32, is: impl Fn(u32) -> bool) -> Option<(usize, usize, u32)> {
        let mut at = self.home(tag);
        loop {
            // An empty table ends here.
            let line = self.lines.get(at)?;
            let mut found = line.of(tag);
            while found != 0 {
                let lane = found.trailing_zeros() as usize;
                let row = row_of(*line.0.get(lane)?);
                if is(row) {
                    return Some((at, lane, row));
                }
                found &= found - 1;
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Notes the row of a contact that has none yet.
    pub fn insert(&mut self, tag: u32, row: u32) {
        // Fuller than five of eight, many lines would spill over.
        if self.taken >= self.lines.len() * 5 {
            self.grow();
        }
        self.put(slot_of(tag, row));
        self.taken += 1;
    }

    /// Forgets the row of this tag of which something holds, and answers it.
    pub fn remove(&mut self, tag: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        let (mut hole, mut lane, row) = self.search(tag, is)?;
        self.taken -= 1;
        loop {
            let line = self.lines.get_mut(hole)?;
            let was_full = line.is_full();
            line.take(lane);
            // A search ends at a line that is not full: whoever was pushed on past this one comes back.
            let Some((next, passed, slot)) = was_full.then(|| self.pushed_past(hole)).flatten() else { return Some(row) };
            self.lines.get_mut(hole)?.push(slot);
            (hole, lane) = (next, passed);
        }
    }

    /// The first who does not fit where they belong and is in a later line than this: the line, the slot's place and the slot.
    fn pushed_past(&self, hole: usize) -> Option<(usize, usize, u64)> {
        let mut at = self.after(hole);
        loop {
            let line = self.lines.get(at)?;
            let way = |from: usize| at.wrapping_sub(from) & (self.lines.len() - 1);
            let passed = |slot: &u64| *slot != FREE && way(self.home(tag_of(*slot))) >= way(hole);
            if let Some(lane) = line.0.iter().position(passed) {
                return Some((at, lane, *line.0.get(lane)?));
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.taken
    }

    /// How much memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }

    fn home(&self, tag: u32) -> usize {
        // Of one line there are no bits.
        tag.checked_shr(u32::BITS - self.bits).unwrap_or(0) as usize
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.lines.len() - 1)
    }

    fn put(&mut self, slot: u64) {
        let mut at = self.home(tag_of(slot));
        while self.lines.get(at).is_some_and(Line::is_full) {
            at = self.after(at);
        }
        if let Some(line) = self.lines.get_mut(at) {
            line.push(slot);
        }
    }

    fn grow(&mut self) {
        self.bits = if self.lines.is_empty() { 0 } else { self.bits + 1 };
        let before = std::mem::replace(&mut self.lines, vec![Line::EMPTY; 1 << self.bits]);
        before.iter().flat_map(|line| &line.0).filter(|slot| **slot != FREE).for_each(|slot| self.put(*slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Tags of few kinds, at both ends of the table: everybody is pushed on, and around the end.
        #[test]
        fn finds_whoever_was_put_there_and_nobody_else(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![0_u32..4, (u32::MAX - 3)..=u32::MAX, any::<u32>()], 0_u32..6), 1..400)
        ) {
            let mut places = Places::default();
            let mut plain: BTreeMap<(u32, u32), u32> = BTreeMap::new();
            let mut who: Vec<(u32, u32)> = Vec::new();
            for (put, tag, which) in steps {
                let is = |row: u32| who.get(row as usize) == Some(&(tag, which));
                let known = plain.get(&(tag, which)).copied();
                prop_assert_eq!(places.find(tag, is), known);
                match (put, known) {
                    (true, None) => {
                        let row = u32::try_from(who.len()).unwrap();
                        who.push((tag, which));
                        places.insert(tag, row);
                        plain.insert((tag, which), row);
                    }
                    (false, _) => {
                        prop_assert_eq!(places.remove(tag, is), known);
                        plain.remove(&(tag, which));
                    }
                    (true, Some(_)) => {}
                }
                prop_assert_eq!(places.len(), plain.len());
                for ((tag, which), row) in &plain {
                    prop_assert_eq!(places.find(*tag, |row| who.get(row as usize) == Some(&(*tag, *which))), Some(*row));
                }
            }
        }
    }

    #[test]
    fn ids_made_one_after_the_other_are_spread_evenly() {
        let mut places = Places::default();
        let ids: Vec<ContactId> = (0..98_000_u128).map(|n| ContactId(n << 80 | n)).collect();
        for (row, id) in (0..).zip(&ids) {
            places.insert(tag(*id), row);
        }
        assert_eq!(places.lines.len(), 1 << 15, "three of eight slots are taken");
        let away = ids.iter().filter(|id| places.search(tag(**id), |row| ids[row as usize] == **id).unwrap().0 != places.home(tag(**id)));
        let away = away.count();
        assert!(away < ids.len() / 100, "random hashes are in the line where they belong but for a few in a thousand: {away}");
    }
}

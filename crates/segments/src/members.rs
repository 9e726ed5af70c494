//! Who is in which segment, and when time next changes something for whom.
//!
//! A bit for each contact and segment, and one number for each contact: the instant before which time alone changes none of
//! their memberships. The numbers are ordered by a wheel that holds a bucket per hour far ahead and single entries near now.

mod wheel;

use crate::{
    Around, Book, Flips, Selection, Set, Snapshot,
    book::{Mask, NEVER, Program, ROWS, Stamps, place},
    flips::Few,
};
use foldhash::fast::RandomState;
use model::{ContactId, Instant};
use rayon::prelude::*;
use std::{collections::HashMap, sync::Arc};
use wheel::Wheel;

/// One segment's members.
#[derive(Clone, Debug, Default)]
struct Bits {
    masks: Vec<Mask>,
    size: u64,
}

impl Bits {
    fn get(&self, row: u32) -> bool {
        let (at, row) = place(row);
        self.masks.get(at).is_some_and(|mask| mask.has(row))
    }

    /// Counts anew how many they are.
    fn count(&mut self) {
        self.size = self.masks.iter().map(|mask| u64::from(mask.count())).sum();
    }

    fn set(&mut self, row: u32, is: bool) {
        let (at, row) = place(row);
        if self.masks.len() <= at {
            if !is {
                return;
            }
            self.masks.resize(at + 1, Mask::default());
        }
        if let Some(mask) = self.masks.get_mut(at)
            && mask.set(row, is)
        {
            self.size = if is { self.size + 1 } else { self.size - 1 };
        }
    }
}

/// Those of a chunk's rows whose instant has come.
fn due_by(rows: &[i64], now: Instant) -> Mask {
    let mut due = Mask::default();
    for (row, _) in (0..).zip(rows).filter(|(_, at)| **at <= now.0) {
        due.set(row, true);
    }
    due
}

/// Who is in which segment, and when time next changes that.
#[derive(Default)]
pub struct Members {
    bits: HashMap<String, Bits, RandomState>,
    /// The instant before which time alone changes nothing, for each row.
    not_before: Vec<i64>,
    /// The segments that this is about, by row, where it is not about any.
    few: HashMap<u32, Few, RandomState>,
    wheel: Wheel,
}

impl Members {
    /// Judges every segment for everybody at an instant, and when time next changes something for each.
    pub fn rebuild(&mut self, snapshot: &Snapshot, set: &Set, around: &dyn Around, now: Instant) {
        let flips = self.judge(snapshot, set, around, now, true);
        self.not_before = flips;
        self.few.clear();
        self.wheel = Wheel::of(&self.not_before);
    }

    /// Judges every segment for everybody again and leaves time as it is.
    pub fn recount(&mut self, snapshot: &Snapshot, set: &Set, around: &dyn Around, now: Instant) {
        self.judge(snapshot, set, around, now, false);
    }

    /// Tells of whoever is due by an instant what is so then, in the segments that time moves people into and out of. They stay due: what
    /// happened to them on the way is found by looking at each.
    pub fn foretell(&mut self, snapshot: &Snapshot, set: &Set, around: &dyn Around, now: Instant) {
        if self.next_due().is_none_or(|at| at > now) {
            return;
        }
        let due: Vec<Mask> = self.not_before.chunks(ROWS).map(|rows| due_by(rows, now)).collect();
        if due.iter().all(Mask::is_empty) {
            return;
        }
        let mut then = Self::default();
        then.recount(snapshot, set, around, now);
        for key in set.order().iter().filter(|key| set.moves_with_time(key)) {
            let (Some(bits), Some(then)) = (self.bits.get_mut(key), then.bits.get(key)) else { continue };
            for ((mask, then), due) in bits.masks.iter_mut().zip(&then.masks).zip(&due) {
                *mask = mask.minus(due).or(&then.and(due));
            }
            bits.count();
        }
    }

    /// Judges every segment for everybody; answers, if that is wanted, when time next changes something for each row.
    fn judge(&mut self, snapshot: &Snapshot, set: &Set, around: &dyn Around, now: Instant, with_time: bool) -> Vec<i64> {
        let program = Program::of_set(set, around, snapshot.names(), now);
        let numbers: Vec<usize> = set.order().iter().filter_map(|key| program.number(key)).collect();
        let judged: Vec<(Vec<Mask>, Vec<i64>)> = snapshot
            .parts(&program)
            .map(|(chunk, mut judge)| {
                let masks = numbers.iter().map(|number| judge.segment(*number).holds.and(&chunk.live)).collect();
                (masks, if with_time { judge.flips() } else { Vec::new() })
            })
            .collect();
        self.bits.clear();
        for (at, key) in set.order().iter().enumerate() {
            let masks: Vec<Mask> = judged.iter().filter_map(|(masks, _)| masks.get(at).cloned()).collect();
            let size = masks.iter().map(|mask| u64::from(mask.count())).sum();
            self.bits.insert(key.clone(), Bits { masks, size });
        }
        let mut flips = Vec::with_capacity(if with_time { judged.len() * ROWS } else { 0 });
        for (_, next) in &judged {
            flips.extend_from_slice(next);
        }
        flips
    }

    /// Whether a contact is in a segment.
    pub fn is_member(&self, book: &Book, id: ContactId, key: &str) -> bool {
        book.row(id).is_some_and(|row| self.bits.get(key).is_some_and(|bits| bits.get(row)))
    }

    /// How many are in a segment.
    pub fn size(&self, key: &str) -> u64 {
        self.bits.get(key).map_or(0, |bits| bits.size)
    }

    /// Who is in a segment now, to be looked through while the book goes on.
    pub fn of(&self, book: &Book, key: &str) -> Selection {
        let chunks = book.chunks().iter();
        let ids = chunks.clone().map(|chunk| Arc::clone(&chunk.ids)).collect();
        let masks = self.bits.get(key).map_or(&[][..], |bits| bits.masks.as_slice());
        Selection::new(masks.iter().zip(chunks).map(|(mask, chunk)| mask.and(&chunk.live)).collect(), ids)
    }

    /// Notes whether a contact is in a segment.
    pub fn set_member(&mut self, book: &Book, id: ContactId, key: &str, is: bool) {
        self.set_members(book, id, std::iter::once((key, is)));
    }

    /// Notes of segments whether a contact is in them.
    pub fn set_members<'k>(&mut self, book: &Book, id: ContactId, of: impl IntoIterator<Item = (&'k str, bool)>) {
        let Some(row) = book.row(id) else { return };
        for (key, is) in of {
            match self.bits.get_mut(key) {
                Some(bits) => bits.set(row, is),
                None if is => self.bits.entry(key.to_owned()).or_default().set(row, true),
                None => {}
            }
        }
    }

    /// Forgets a contact; call it before the book does.
    pub fn remove(&mut self, book: &Book, id: ContactId) {
        let Some(row) = book.row(id) else { return };
        self.bits.values_mut().for_each(|bits| bits.set(row, false));
        if let Some(slot) = self.not_before.get_mut(row as usize) {
            *slot = NEVER;
        }
        self.few.remove(&row);
    }

    /// Leaves out whoever is not in the book any more: they went while everybody was judged.
    pub fn keep_those_of(&mut self, book: &Book) {
        for bits in self.bits.values_mut() {
            for (mask, chunk) in bits.masks.iter_mut().zip(book.chunks()) {
                *mask = mask.and(&chunk.live);
            }
            bits.count();
        }
    }

    /// The instant before which time alone changes no membership of a contact; none: it never does.
    pub fn not_before(&self, book: &Book, id: ContactId) -> Option<Instant> {
        let at = *self.not_before.get(book.row(id)? as usize)?;
        (at != NEVER).then_some(Instant(at))
    }

    /// When time alone next changes something for a contact.
    pub fn flips(&self, book: &Book, id: ContactId) -> Flips {
        self.flips_at(book, id, self.not_before(book, id))
    }

    /// The same of whoever was due at an instant and has not been scheduled since.
    pub fn flips_at(&self, book: &Book, id: ContactId, at: Option<Instant>) -> Flips {
        Flips::moved_to(book.row(id).and_then(|row| self.few.get(&row)).copied(), at)
    }

    /// A contact is to be looked at then, whatever it is about; none: never.
    pub fn schedule(&mut self, book: &Book, id: ContactId, at: Option<Instant>) {
        self.schedule_flips(book, id, &Flips::at(at));
    }

    /// A contact is to be looked at when time next changes something for them.
    pub fn schedule_flips(&mut self, book: &Book, id: ContactId, flips: &Flips) {
        let Some(row) = book.row(id) else { return };
        match flips.few() {
            Some(few) => drop(self.few.insert(row, few)),
            None => drop(self.few.remove(&row)),
        }
        let at = flips.next().map_or(NEVER, |at| at.0);
        if self.not_before.len() <= row as usize {
            self.not_before.resize(row as usize + 1, NEVER);
        }
        if let Some(slot) = self.not_before.get_mut(row as usize)
            && *slot != at
        {
            *slot = at;
            self.wheel.put(row, at);
        }
    }

    /// When somebody is to be looked at next; perhaps a little sooner than that.
    pub fn next_due(&self) -> Option<Instant> {
        self.wheel.next()
    }

    /// All whose instant has come by `now`, with that, in no order; nothing changes.
    pub fn due(&self, book: &Book, now: Instant) -> Vec<(ContactId, Instant)> {
        let due = (0..).zip(&self.not_before).filter(|(_, at)| **at <= now.0);
        due.filter_map(|(row, at)| Some((book.id_at(row)?, Instant(*at)))).collect()
    }

    /// Those whose instant has come, in order of time, at most `limit`; they are looked at no more until they are scheduled
    /// again.
    pub fn take_due(&mut self, book: &Book, now: Instant, limit: usize) -> Vec<(ContactId, Instant)> {
        let mut due = Vec::new();
        while due.len() < limit {
            let Some((at, row)) = self.wheel.take(now, &self.not_before) else { break };
            if let Some(slot) = self.not_before.get_mut(row as usize) {
                *slot = NEVER;
            }
            due.extend(book.id_at(row).map(|id| (id, Instant(at))));
        }
        due
    }

    /// Contacts whose memberships here differ from those that their records hold.
    pub fn differing(&self, book: &Book) -> Vec<ContactId> {
        let mut differing = Vec::new();
        let names = book.names();
        let ids: Vec<(Option<u32>, &Bits)> = self.bits.iter().map(|(key, bits)| (names.get(key), bits)).collect();
        for (at, chunk) in book.chunks().iter().enumerate() {
            let mut differs = Mask::default();
            for (id, bits) in &ids {
                match (bits.masks.get(at), id.and_then(|id| chunk.members.get(id)).map(Stamps::rows)) {
                    (Some(here), Some(there)) => differs = differs.or(&here.minus(there)).or(&there.minus(here)),
                    (Some(one), None) | (None, Some(one)) => differs = differs.or(one),
                    (None, None) => {}
                }
            }
            // Memberships of segments that are gone.
            for (id, there) in chunk.members.iter() {
                if !self.bits.contains_key(names.name(id)) {
                    differs = differs.or(there.rows());
                }
            }
            differing.extend(differs.and(&chunk.live).rows().filter_map(|row| chunk.id(row)));
        }
        differing
    }
}

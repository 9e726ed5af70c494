//! Rows in order of instants, at the cost of nothing while nothing is due.
//!
//! Each row has one entry that counts. It may be earlier than the row's instant, which has moved on since, and then goes to
//! where it belongs when it comes up: so a row that is put off with every message costs nothing. What is further away than
//! the present hour lies in a bucket per hour, four bytes a row.

use crate::book::NEVER;
use model::Instant;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// The width of a bucket: an hour.
const BUCKET: i64 = 3_600_000_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Wheel {
    /// The entry of each row that counts.
    queued: Vec<i64>,
    near: BinaryHeap<Reverse<(i64, u32)>>,
    /// Rows by the hour; those of hours that are near are in `near`.
    far: BTreeMap<i64, Vec<u32>>,
    /// The first hour that is not near.
    horizon: i64,
}

impl Wheel {
    /// Of every row and its instant.
    pub fn of(not_before: &[i64]) -> Self {
        let mut wheel = Self { horizon: i64::MIN, ..Self::default() };
        for (row, at) in (0..).zip(not_before) {
            wheel.put(row, *at);
        }
        wheel
    }

    /// A row's instant is this now.
    pub fn put(&mut self, row: u32, at: i64) {
        let place = row as usize;
        if self.queued.len() <= place {
            self.queued.resize(place + 1, NEVER);
        }
        let Some(queued) = self.queued.get_mut(place).filter(|queued| at < **queued) else { return };
        *queued = at;
        let hour = at.div_euclid(BUCKET);
        if hour < self.horizon {
            self.near.push(Reverse((at, row)));
        } else {
            self.far.entry(hour).or_default().push(row);
        }
    }

    /// When there may be something: exactly, or the beginning of its hour.
    pub fn next(&self) -> Option<Instant> {
        let near = self.near.peek().map(|Reverse((at, _))| *at);
        let far = self.far.first_key_value().map(|(hour, _)| hour.saturating_mul(BUCKET));
        near.into_iter().chain(far).min().map(Instant)
    }

    /// Takes the first row whose instant has come, with that instant.
    pub fn take(&mut self, now: Instant, not_before: &[i64]) -> Option<(i64, u32)> {
        loop {
            while let Some(entry) = self.far.first_entry().filter(|entry| entry.key().saturating_mul(BUCKET) <= now.0) {
                let (hour, rows) = entry.remove_entry();
                self.horizon = self.horizon.max(hour.saturating_add(1));
                for row in rows {
                    if let Some(at) = self.queued.get(row as usize).filter(|at| at.div_euclid(BUCKET) == hour) {
                        self.near.push(Reverse((*at, row)));
                    }
                }
            }
            let Reverse((at, row)) = *self.near.peek()?;
            let counts = self.queued.get(row as usize) == Some(&at);
            if counts && at > now.0 {
                return None;
            }
            self.near.pop();
            if !counts {
                continue;
            }
            if let Some(queued) = self.queued.get_mut(row as usize) {
                *queued = NEVER;
            }
            match not_before.get(row as usize) {
                // Put at another instant since, but due all the same: it waits its turn among the others.
                Some(due) if *due > at => self.put(row, *due),
                Some(due) if *due == at => return Some((*due, row)),
                Some(_) | None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_row_comes_once_at_its_last_instant_in_order_and_never_late(
            puts in prop::collection::vec((0_u32..8, prop_oneof![0_i64..8 * BUCKET, Just(NEVER)], 0_i64..BUCKET), 1..200)
        ) {
            let mut wheel = Wheel::default();
            let mut plain = vec![NEVER; 8];
            let mut now = 0;
            for (row, at, pass) in puts {
                plain[row as usize] = at;
                wheel.put(row, at);
                now += pass;
                let mut last = i64::MIN;
                while let Some((at, row)) = wheel.take(Instant(now), &plain) {
                    prop_assert_eq!(plain[row as usize], at);
                    prop_assert!(last <= at && at <= now, "in order of time");
                    last = at;
                    plain[row as usize] = NEVER;
                }
                prop_assert!(plain.iter().all(|at| *at > now), "nobody was forgotten");
                if let Some(first) = plain.iter().filter(|at| **at != NEVER).min() {
                    prop_assert!(wheel.next().is_some_and(|next| next.0 <= *first), "the next wake is not too late");
                }
            }
        }
    }
}

//! Sizes over time: how many were in each segment, for whoever looks back.
//!
//! A size that changed is noted, at most every ten minutes. What changed sooner is noted when these are over, though nothing else happens
//! any more: the last one noted is the one that stands. While no size changes nothing is done.

use super::SAVE;
use crate::core::{Core, Written, agenda::Wake};
use engine::Programs as _;
use model::Instant;
use store::{Commit, RecordPut, Store};

/// The table: `KEY/DAY`, and pairs of an instant and how many were in it, oldest first.
const TABLE: &str = "segment_sizes";
/// How often a size that changed is noted: ten minutes.
const NOTE: i64 = 600_000_000;
/// How many days back anybody may look.
pub(crate) const DAYS: u16 = 366;

impl Core {
    /// Notes in a moment what changed while nothing ran.
    pub(super) fn look_at_sizes(&mut self, now: Instant) {
        self.agenda.set(Wake::Sizes, Some(now.plus_micros(SAVE)));
    }

    /// Writes down sizes that changed.
    pub(in crate::core) fn save_sizes(&mut self, now: Instant) {
        let records = self.note_sizes(now);
        if !records.is_empty() {
            self.write_records(Written::Nothing, Commit { person: None, records, ..Commit::default() });
        }
    }

    /// What is to be written of sizes that changed; those noted lately are looked at again when they may be.
    pub(super) fn note_sizes(&mut self, now: Instant) -> Vec<RecordPut> {
        let set = self.programs.current().set().clone();
        let (mut puts, mut later) = (Vec::new(), None);
        for rule in set.iter() {
            let size = self.segments.members.size(&rule.key);
            let mut noted = self.segments.noted.get(&rule.key).copied();
            if noted.is_none() {
                // What was noted before a restart.
                noted = day(&*self.store, &rule.key, day_of(now)).unwrap_or_default().last().copied();
                self.segments.noted.extend(noted.map(|noted| (rule.key.clone(), noted)));
            }
            if let Some((at, before)) = noted {
                if before == size {
                    continue;
                }
                let next = at.plus_micros(NOTE);
                if next > now {
                    later = Some(later.map_or(next, |later: Instant| later.min(next)));
                    continue;
                }
            }
            let mut sizes = day(&*self.store, &rule.key, day_of(now)).unwrap_or_default();
            sizes.push((now, size));
            let value = serde_json::to_value(sizes).expect("sizes are plain data");
            puts.push(RecordPut { table: TABLE.into(), key: row(&rule.key, day_of(now)), value: Some(value) });
            self.segments.noted.insert(rule.key.clone(), (now, size));
        }
        self.agenda.set(Wake::Sizes, later);
        puts
    }
}

/// How many were in a segment over the last `days` days (at most [`DAYS`]), oldest first.
///
/// # Errors
/// Those of reading.
pub(crate) fn noted(store: &dyn Store, key: &str, days: u16, now: Instant) -> Result<Vec<(Instant, u64)>, store::Error> {
    let mut sizes = Vec::new();
    for no in last(days, now) {
        sizes.extend(day(store, key, no)?);
    }
    Ok(sizes)
}

/// What is to be written so that nobody sees what was noted under a key: for a segment made where there was another one.
///
/// # Errors
/// Those of reading.
pub(crate) fn forgotten(store: &dyn Store, key: &str, now: Instant) -> Result<Vec<RecordPut>, store::Error> {
    let mut puts = Vec::new();
    for no in last(DAYS, now) {
        let key = row(key, no);
        if store.record(TABLE, &key)?.is_some() {
            puts.push(RecordPut { table: TABLE.into(), key, value: None });
        }
    }
    Ok(puts)
}

/// One day. What cannot be read is a gap in a chart, not a reason to stop.
fn day(store: &dyn Store, key: &str, no: i64) -> Result<Vec<(Instant, u64)>, store::Error> {
    let value = store.record(TABLE, &row(key, no))?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

fn row(key: &str, day: i64) -> String {
    format!("{key}/{day}")
}

fn last(days: u16, now: Instant) -> std::ops::RangeInclusive<i64> {
    day_of(now) - i64::from(days.min(DAYS))..=day_of(now)
}

fn day_of(at: Instant) -> i64 {
    at.0.div_euclid(86_400_000_000)
}

//! Imports: files of people, and of what happened to them, taken over row by row through the contacts' lines, by a worker of their own.
//!
//! A file is put down in a folder beside the store before anything is promised; what is known of it is a record. One import works
//! at a time. Its rows enter the lines in the file's order, a bounded number at once, and its record says up to which row all are
//! durable: after a crash the next start goes on from there. A row that is told twice is done once: a contact who comes to be has
//! an id made of the import and the row, a change remembers the row it came from, and an event has an id made of what is said of it.
//!
//! **Invariants.** Everything an import does is a step of the contact. Memory does not grow with the file, but for one small
//! entry to each contact who has the key.

mod errors;
mod files;
mod read;
mod record;
mod undo;
mod work;

pub use files::{Files, Upload};
pub use record::{Counts, Import, ImportState, Seen};

pub(crate) use read::words;
pub(crate) use record::{LISTS, TABLE, keeps_file};
pub(crate) use work::Worker;

use crate::privacy::Hold;
use model::{ContactId, Instant};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::AtomicBool},
};

/// Why an import was not begun, or not taken back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// There is none of this id.
    #[error("there is no import \"{0}\"")]
    NotFound(String),
    /// It cannot be done now.
    #[error("{0}")]
    State(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The file is too large, or the disk refuses.
    #[error("the file cannot be kept: {0}")]
    File(String),
    /// The runtime starts, stops or its store failed.
    #[error("the server is not ready; try again shortly")]
    Unavailable,
}

/// What all imports of a runtime share.
pub(crate) struct Imports {
    pub files: Files,
    /// Held by the one that works.
    pub turn: Mutex<()>,
    /// Imports that are about to begin, wait for their turn or have it.
    pub busy: Mutex<BTreeSet<String>>,
    /// Files of wrong rows that are being written, by import.
    writing: Mutex<BTreeMap<String, Arc<Mutex<errors::Writing>>>>,
    /// Set when the runtime stops: the worker puts its pen down.
    pub stopping: AtomicBool,
}

impl Imports {
    pub fn new(files: Files) -> Arc<Self> {
        Arc::new(Self {
            files,
            turn: Mutex::default(),
            busy: Mutex::default(),
            writing: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }
}

/// The right to begin something with an import; it ends when it is dropped, unless the import was given to a worker.
pub(crate) struct Claim {
    imports: Arc<Imports>,
    id: String,
    /// From before the import was read: what is known of it is written until its worker is done.
    hold: Hold,
    given: bool,
}

impl Claim {
    /// The claim to an import that nobody else has; the hold is from before the import is read.
    pub fn of(imports: &Arc<Imports>, id: &str, hold: Hold) -> Option<Self> {
        let is_new = crate::drive::lock(&imports.busy).insert(id.to_owned());
        is_new.then(|| Self { imports: imports.clone(), id: id.to_owned(), hold, given: false })
    }

    /// A worker has the import now, and says when it is over.
    pub fn given(mut self) -> (Arc<Imports>, Hold) {
        self.given = true;
        (self.imports.clone(), self.hold.clone())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.given {
            crate::drive::lock(&self.imports.busy).remove(&self.id);
        }
    }
}

/// Whether an import can be carried out as it is asked for; answers whether its rows have a key.
pub(crate) fn planned(files: &Files, import: &Import, bot: &engine::Bot, now: Instant) -> Result<bool, ImportError> {
    let file = files.open_file(&import.id).map_err(|e| ImportError::File(e.to_string()))?;
    read::plan(file, import, bot, now).map(|plan| plan.has_key())
}

/// The id of the contact whom a row makes: the same however often the row is told; in the order of the rows.
pub(crate) fn contact_id(import: &str, began: Instant, row: u64) -> ContactId {
    let digest = Sha256::digest(format!("{import}/{row}"));
    let chance = digest.iter().take(6).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let millis = u128::from(began.as_millis().max(0).unsigned_abs() & 0xFFFF_FFFF_FFFF);
    ContactId((millis << 80) | (u128::from(row & 0xFFFF_FFFF) << 48) | chance)
}

/// Whether a row up to this one made the contact of this id.
fn is_made(import: &str, began: Instant, through: u64, id: ContactId) -> bool {
    let row = u64::try_from((id.0 >> 48) & 0xFFFF_FFFF).unwrap_or_default();
    (1..=through).contains(&row) && contact_id(import, began, row) == id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_rows_differ_and_rise() {
        let at = Instant::from_secs(1_700_000_000);
        let ids: Vec<ContactId> = (2..1_000).map(|row| contact_id("imp_1", at, row)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_ne!(contact_id("imp_1", at, 2), contact_id("imp_2", at, 2));
        assert_eq!(contact_id("imp_1", at, 2), contact_id("imp_1", at, 2));
        let made = |import, through, row| is_made(import, at, through, contact_id("imp_1", at, row));
        assert!(made("imp_1", 9, 9) && !made("imp_1", 8, 9) && !made("imp_2", 9, 9));
    }
}

//! The portable file of everything a data folder holds: what `store export` writes and `store import` reads.
//!
//! ```text
//! switchboard export 1
//! {"at":"2026-03-02T10:00:00Z","store":"switchboard data 5","program":"1.0.0","people":12}
//! 8f1c02aa                                                    the checksum of the line above
//! #sbx 00000000 000a1b2c 00100000 5c3d11e0 77aa0912           a chunk: number, bytes as written, bytes inside, checksum, its own
//! …                                                           LZ4
//! ```
//!
//! The chunks are one stream of entries, cut anywhere: a letter, a length, content. Files come first, then the
//! parts of the store in their order ([`crate::Part`]), as MessagePack by field name ([`crate::codec`]), and at the end the [`Totals`].
//! Two exports of the same contents differ in the time of the header alone.
//!
//! **Invariants.** Every byte is under a checksum. A file without its totals was cut off. Whatever is wrong is told with the byte at
//! which it is. Nothing in a file becomes a path that was not checked ([`files`]).

mod chunks;
mod entry;
pub mod files;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::import;
pub use write::{Target, export};

use serde::{Deserialize, Serialize};

/// The first line.
const MAGIC: &str = "switchboard export 1";
/// What the first line begins with, whatever the version.
const FAMILY: &str = "switchboard export ";

/// What leads an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The moment whose state it is, as text.
    pub at: String,
    /// The format of the store it came from.
    pub store: String,
    /// The version of the program that wrote it.
    pub program: String,
    /// People in it.
    pub people: u64,
}

/// What an export holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// People.
    pub people: u64,
    /// Transcript lines.
    pub lines: u64,
    /// Journey lines.
    pub journey: u64,
    /// Events.
    pub events: u64,
    /// Records: settings, agents, keys, segments and whatever else has a table.
    pub records: u64,
    /// Files: attachments, bot versions, files of imports.
    pub files: u64,
    /// Bytes of those.
    pub file_bytes: u64,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk refused.
    #[error("{0}: {1}")]
    Io(String, #[source] std::io::Error),
    /// It is no export, or one of another version.
    #[error("{0}")]
    Foreign(String),
    /// The file is not what was written.
    #[error("the export is damaged at byte {at}: {what}; use another copy of it")]
    Damaged {
        /// Where in the file.
        at: u64,
        /// What is wrong there.
        what: String,
    },
    /// It was cut off.
    #[error("the export ends at byte {at}, before its end: it was cut off; copy it again, or use another one")]
    CutOff {
        /// Where it ends.
        at: u64,
    },
    /// Something that is to be exported cannot be read.
    #[error("{table} {key} cannot be read: {what}; \"switchboard store verify\" lists all that is damaged")]
    Unreadable {
        /// The table.
        table: String,
        /// The row.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// It cannot come to be at its place.
    #[error(transparent)]
    Place(#[from] crate::beside::BesideError),
    /// The folder to import into is not empty.
    #[error("{0}")]
    NotEmpty(String),
    /// It was told to stop.
    #[error("it was stopped")]
    Stopped,
    /// The store's own.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

/// Told how far it is: people done. Answers whether to go on.
pub type Progress<'a> = dyn Fn(u64) -> bool + 'a;

//! The durable operations, named, so that a test can make the n-th of them fail.

use crate::Options;
use std::io;
use store::Error;

/// A durable operation that is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Io {
    /// A group of commits is written to the log. If it is made to fail, half of it is written, as a full disk does.
    LogWrite,
    /// The log is synced.
    LogSync,
    /// A segment of the log is made.
    LogCreate,
    /// A segment of the log is removed.
    LogRemove,
    /// A batch goes to sled.
    DbBatch,
    /// sled is flushed and its file synced.
    DbSync,
    /// Rows go to a copy of the database, or it is synced: of no consequence to anybody but who waits for it.
    CopyWrite,
    /// A compaction is about to move or remove a database.
    Swap,
}

impl Options {
    /// Asks the test's hook.
    pub(crate) fn before(&self, operation: Io) -> io::Result<()> {
        self.before_io.as_ref().map_or(Ok(()), |hook| hook(operation))
    }
}

/// The store's answer to a disk that refuses.
pub(crate) fn failed(what: &str, error: &io::Error) -> Error {
    Error::Failed(format!("{what}: {error}; free or repair the disk and start again"))
}

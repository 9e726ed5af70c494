//! The embedded store: an append-only log of commits, and sled for what has been checkpointed from it.
//!
//! A commit is an entry of the log (`DATA/log`), written with its group and synced before its answer. Current state
//! lives in memory and is carried to sled (`DATA/db`) in small slices by a second thread, in rounds by id; a segment of the log goes when everything in it is in sled and synced. A read merges what sled has with what is
//! newer in memory. docs/decisions/003-storage.md has the figures behind this shape.
//!
//! ```text
//! DATA/format   what wrote this folder         DATA/lock     held while a process has it
//! DATA/log/     segments of frames             DATA/db/      sled; db.N while a compaction runs
//! ```
//!
//! **Invariants.** One thread writes the log, one writes sled. A commit is visible and answered only when its group
//! is synced. A person's document, pages and index rows go to sled in one batch. After an I/O error or a panic on
//! either thread nothing more is acknowledged ([`Options::on_failure`]). Whatever is read is checked by a checksum.

mod absent;
mod audit;
mod checkpoint;
mod compact;
mod db;
mod folder;
mod frozen;
mod history;
mod io;
mod layout;
mod load;
mod log;
mod read;
mod recover;
mod rows;
mod scan;
mod shared;
mod spare;
mod squeeze;
mod stage;
mod state;
mod waiting;
mod writer;

pub use frozen::FrozenStore;
pub use io::Io;
pub use load::Loader;

use shared::{Ending, Shared};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use store::{Error, room::Look};

/// Called before each durable operation; an error makes the operation fail. For tests of failing disks.
pub type BeforeIo = Arc<dyn Fn(Io) -> std::io::Result<()> + Send + Sync>;

/// Told why the store has failed and stopped.
pub type OnFailure = Arc<dyn Fn(&str) + Send + Sync>;

/// Sizes. The defaults serve a machine with 1 GiB to spare for a busy store; an idle one takes a few MiB.
#[derive(Clone)]
pub struct Options {
    /// Bytes of sled's own cache.
    pub cache_bytes: u64,
    /// Bytes, as written, of people kept in memory although they are checkpointed.
    pub people_bytes: u64,
    /// Bytes of log from which on the checkpoint works without pause. Below, a round through what changed takes about as
    /// long as this many bytes take to be written.
    pub backlog_low: u64,
    /// Bytes of log not checkpointed at which commits wait for the checkpoint.
    pub backlog_high: u64,
    /// Bytes after which a new segment of the log begins.
    pub segment_bytes: u64,
    /// Commits that may wait for the writer; more are answered [`Error::Busy`].
    pub queue_commits: usize,
    /// Bytes of commits that may wait for the writer.
    pub queue_bytes: usize,
    /// Called once, with the reason, when the store has failed and stopped: the process should exit.
    pub on_failure: Option<OnFailure>,
    /// Called before each durable operation.
    pub before_io: Option<BeforeIo>,
    /// Tells how much room there is on the disk; the system does if there is nobody. For tests of full disks.
    pub room: Option<Look>,
}

impl Default for Options {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            cache_bytes: 64 * MIB,
            people_bytes: 64 * MIB,
            backlog_low: 128 * MIB,
            backlog_high: 256 * MIB,
            segment_bytes: 32 * MIB,
            queue_commits: 16_384,
            queue_bytes: 64 * 1024 * 1024,
            on_failure: None,
            before_io: None,
            room: None,
        }
    }
}

/// The embedded store.
pub struct SledStore {
    shared: Arc<Shared>,
    /// The writer and the checkpoint, until they are told to end.
    threads: Mutex<Option<[JoinHandle<()>; 2]>>,
}

impl SledStore {
    /// Opens the store in a data folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process has it; [`Error::Invalid`] if a different version of the format is there;
    /// [`Error::Corrupt`] if what is there is not what was written; [`Error::Failed`] if the disk refuses.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let (shared, log) = recover::open(dir.as_ref(), options)?;
        let shared = Arc::new(shared);
        let threads = [writer::start(shared.clone(), log)?, checkpoint::start(shared.clone())?];
        Ok(Self { shared, threads: Mutex::new(Some(threads)) })
    }

    /// Why the store failed and stopped; none while it works.
    pub fn failed(&self) -> Option<String> {
        self.shared.failure()
    }

    /// Ends the writer, then the checkpoint, and waits for both.
    fn finish(&self, how: Ending) {
        let threads = shared::lock(&self.threads).take();
        self.shared.close_queue();
        if let Some([writer, checkpoint]) = threads {
            join(writer);
            self.shared.end(how);
            join(checkpoint);
        }
    }
}

/// Waits for a thread, unless it is this one: an answer may hold the last owner of the store. Panics are caught inside
/// the threads and told as the failure.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != std::thread::current().id() {
        let _ = thread.join();
    }
}

impl Drop for SledStore {
    /// Finishes what was handed over, without a checkpoint: the log has it.
    fn drop(&mut self) {
        self.finish(Ending::Now);
    }
}

//! Compaction: everything that lives is written anew, and what it was before goes, byte for byte.
//!
//! sled and the log only ever append, so what was erased or replaced stays on disk for as long as they like. A compaction
//! begins a new segment of the log, lets the checkpoint carry over everything before it, which makes the old segments
//! superfluous, then copies the database in slices into a new one beside it, and puts that in its place
//! ([`crate::layout`]). It runs on the checkpoint's thread, the only one that writes to sled, between the checkpoint's own
//! slices: readers and commits never wait for it, and what they write meanwhile goes to both databases.
//!
//! A frozen copy ([`crate::frozen`]) is made in the same way, without the log: when the copy is whole and few people are newer in memory,
//! those are taken along, and the copy is somebody's to read instead of taking the place of the other.

use crate::{
    checkpoint,
    frozen::{self, FrozenStore, Turn},
    shared::{Ending, Shared, lock},
};
use std::{
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};
use store::{Compacted, Error, Seq};

/// Rows of one batch: larger ones, one after another, make sled keep garbage.
const ROWS: usize = 64;
/// Batches before the checkpoint has its turn again.
const BATCHES: usize = 4;
/// Slices of the checkpoint in one turn, while what is older than the compaction is carried over.
const SLICES: usize = 8;

/// How often whoever waits looks whether the store still works.
const LOOK: Duration = Duration::from_millis(100);

/// How many people and records may be newer in memory when a copy is frozen: they are copied while everybody waits.
const FEW: usize = 512;
/// Turns after which as many as there are will do: more come than are written.
const TURNS: u32 = 400;

/// Who waits, and for what.
pub(crate) enum Tell {
    /// For the end of a compaction.
    Compacted(SyncSender<Result<Compacted, Error>>),
    /// For a frozen copy.
    Frozen(SyncSender<Result<FrozenStore, Error>>, Turn),
}

/// Whether the log is to begin a new segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// Nobody asked.
    #[default]
    No,
    /// The writer is to do it.
    Wanted,
    /// It did: everything up to this commit is in segments that nothing is added to any more.
    Done(Seq),
}

/// Asks for a compaction and waits for its end.
pub(crate) fn ask(shared: &Shared) -> Result<Compacted, Error> {
    wait_for(shared, Tell::Compacted)
}

/// Asks for a frozen copy and waits for it.
pub(crate) fn freeze(shared: &Shared) -> Result<FrozenStore, Error> {
    let turn = Turn::take(&shared.freezing).ok_or(Error::Busy)?;
    wait_for(shared, |tell| Tell::Frozen(tell, turn))
}

fn wait_for<T>(shared: &Shared, tell: impl FnOnce(SyncSender<Result<T, Error>>) -> Tell) -> Result<T, Error> {
    let (sender, told) = sync_channel(1);
    let tell = tell(sender);
    {
        let mut asked = lock(&shared.compaction);
        if asked.1 {
            return Err(Error::Busy);
        }
        *asked = (Some(tell), true);
    }
    shared.grew.notify_all();
    let answer = loop {
        match told.recv_timeout(LOOK) {
            Ok(answer) => break answer,
            // The checkpoint may have ended before it saw that it was asked, or is about to say why it failed.
            Err(why @ (RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected))
                if shared.failure().is_none() && shared.ending() == Ending::No =>
            {
                if why == RecvTimeoutError::Disconnected {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let reason = shared.failure().unwrap_or_else(|| "the store was closed before it was done".into());
                break Err(Error::Failed(reason));
            }
        }
    };
    *lock(&shared.compaction) = (None, false);
    answer
}

enum Step {
    /// The log is to begin a new segment.
    Rotating,
    /// Everything up to this commit is carried over.
    Settling(Seq),
    /// Rows are copied from here on.
    Copying(Vec<u8>),
    /// All rows are copied; so many turns went by for what is newer in memory.
    Catching(u32),
}

/// A compaction under way.
pub(crate) struct Compaction {
    step: Step,
    before: u64,
    rows: u64,
    tell: Tell,
}

impl Compaction {
    /// Begins one if it was asked for.
    pub fn begin(shared: &Shared) -> Option<Self> {
        let tell = lock(&shared.compaction).0.take()?;
        if matches!(tell, Tell::Frozen(..)) {
            return Some(Self { step: Step::Copying(Vec::new()), before: 0, rows: 0, tell });
        }
        *lock(&shared.rotation) = Rotation::Wanted;
        // The lock is taken so that the writer is not between looking and waiting.
        drop(lock(&shared.queue));
        shared.queued.notify_all();
        Some(Self { step: Step::Rotating, before: bytes(shared), rows: 0, tell })
    }

    /// Goes on a little; none when it is done.
    pub fn go_on(mut self, shared: &Shared) -> Result<Option<Self>, Error> {
        match self.step {
            Step::Rotating => {
                let rotation = *lock(&shared.rotation);
                if let Rotation::Done(seq) = rotation {
                    self.step = Step::Settling(seq);
                }
            }
            Step::Settling(seq) => {
                for _ in 0..SLICES {
                    checkpoint::slice(shared, usize::MAX)?;
                    if lock(&shared.state).floor() >= seq {
                        // With it go the segments before the new one.
                        checkpoint::sync(shared)?;
                        shared.db.begin_next(&shared.options)?;
                        self.step = Step::Copying(Vec::new());
                        break;
                    }
                }
            }
            Step::Copying(_) | Step::Catching(_) if matches!(self.tell, Tell::Frozen(..)) => return self.freeze(shared),
            Step::Catching(_) => {}
            Step::Copying(ref mut from) => {
                for _ in 0..BATCHES {
                    let (copied, after) = shared.db.copy(&shared.options, from, ROWS)?;
                    self.rows += copied as u64;
                    match after {
                        Some(after) => *from = after,
                        None => {
                            shared.db.take_next(&shared.options)?;
                            let told = Compacted { before: self.before, after: bytes(shared), rows: self.rows };
                            tracing::info!(before = told.before, after = told.after, rows = told.rows, "the store was compacted");
                            // Whoever asked may be gone.
                            if let Tell::Compacted(tell) = self.tell {
                                let _ = tell.send(Ok(told));
                            }
                            return Ok(None);
                        }
                    }
                }
            }
        }
        Ok(Some(self))
    }
}

impl Compaction {
    /// Goes on a little with a frozen copy. What goes wrong with the copy is the reader's loss, and nobody else's.
    fn freeze(mut self, shared: &Shared) -> Result<Option<Self>, Error> {
        match self.step {
            Step::Copying(ref from) => match copy_on(shared, from) {
                Ok(Some(after)) => self.step = Step::Copying(after),
                Ok(None) => self.step = Step::Catching(0),
                Err(error) => {
                    shared.db.drop_next();
                    self.answer(Err(error));
                    return Ok(None);
                }
            },
            Step::Rotating | Step::Settling(_) => {}
            Step::Catching(ref mut turns) => {
                *turns += 1;
                for _ in 0..SLICES {
                    checkpoint::slice(shared, usize::MAX)?;
                }
                if *turns <= TURNS && lock(&shared.state).waiting() > FEW {
                    return Ok(Some(self));
                }
                // Between two slices nothing is on its way to the database.
                let copy = shared.db.take_frozen();
                let overlay = frozen::take(shared);
                self.answer(copy.map(|(db, path)| (db, path, overlay)).ok_or_else(lost));
                // What was carried over makes segments of the log superfluous.
                checkpoint::sync(shared)?;
                return Ok(None);
            }
        }
        Ok(Some(self))
    }

    /// Hands the copy to who asked, who may be gone.
    fn answer(self, outcome: Result<(crate::db::Db, std::path::PathBuf, frozen::Overlay), Error>) {
        if let Tell::Frozen(tell, turn) = self.tell {
            let _ = tell.send(outcome.map(|(db, path, overlay)| frozen::of_copy(db, path, overlay, turn)));
        }
    }
}

fn lost() -> Error {
    Error::Failed("the copy of the database could not be written; is there room for it on the disk?".into())
}

/// Copies some rows from `from` on; answers where the next ones begin.
fn copy_on(shared: &Shared, from: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    if from.is_empty() {
        shared.db.begin_frozen(&shared.options)?;
    }
    let mut from = from.to_vec();
    for _ in 0..BATCHES {
        if !shared.db.is_copying() {
            return Err(lost());
        }
        match shared.db.copy(&shared.options, &from, ROWS)?.1 {
            Some(after) => from = after,
            None => return Ok(None),
        }
    }
    Ok(Some(from))
}

fn bytes(shared: &Shared) -> u64 {
    let log: u64 = lock(&shared.segments).iter().map(|s| s.bytes).sum();
    shared.db.disk_bytes() + log
}

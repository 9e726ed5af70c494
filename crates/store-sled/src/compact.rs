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
//!
//! **Invariant.** A copy leaves the store room to go on ([`store::room`]). One for which there is no room, or which cannot be written, is
//! given up and removed; whoever asked is told, and nothing else happens.

use crate::{
    checkpoint,
    frozen::{self, FrozenStore, Turn},
    shared::{Ending, Shared, lock},
};
use std::{
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};
use store::{Compacted, Error, Moment, Seq};

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
    /// For a frozen copy; called at its moment.
    Frozen(SyncSender<Result<FrozenStore, Error>>, Turn, Moment),
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
pub(crate) fn freeze(shared: &Shared, moment: Moment) -> Result<FrozenStore, Error> {
    let turn = Turn::take(&shared.freezing).ok_or(Error::Busy)?;
    wait_for(shared, |tell| Tell::Frozen(tell, turn, moment))
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
        let is_frozen = matches!(tell, Tell::Frozen(..));
        // How much of a database is garbage nobody knows: a compaction, which may need little and give back much, is not refused for it.
        let need = if is_frozen { shared.db.disk_bytes() } else { 0 };
        if let Err(error) = shared.disk.check(what(is_frozen), need) {
            answer(tell, error);
            return None;
        }
        if is_frozen {
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
                        if let Err(error) = shared.db.begin_next(&shared.options) {
                            return self.give_up(shared, error);
                        }
                        self.step = Step::Copying(Vec::new());
                        break;
                    }
                }
            }
            Step::Copying(_) | Step::Catching(_) if matches!(self.tell, Tell::Frozen(..)) => return self.freeze(shared),
            Step::Catching(_) => {}
            Step::Copying(ref from) => {
                let copied = copy_on(shared, from, false).and_then(|(rows, after)| {
                    if after.is_none() {
                        shared.db.take_next(&shared.options)?;
                    }
                    Ok((rows, after))
                });
                match copied {
                    Ok((rows, Some(after))) => (self.step, self.rows) = (Step::Copying(after), self.rows + rows),
                    Ok((rows, None)) => {
                        let told = Compacted { before: self.before, after: bytes(shared), rows: self.rows + rows };
                        tracing::info!(before = told.before, after = told.after, rows = told.rows, "the store was compacted");
                        // Whoever asked may be gone.
                        if let Tell::Compacted(tell) = self.tell {
                            let _ = tell.send(Ok(told));
                        }
                        return Ok(None);
                    }
                    Err(error @ Error::NoCopy(_)) => return self.give_up(shared, error),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Some(self))
    }

    /// Removes the copy and says why.
    fn give_up(self, shared: &Shared, error: Error) -> Result<Option<Self>, Error> {
        shared.db.drop_next();
        answer(self.tell, error);
        Ok(None)
    }
}

impl Compaction {
    /// Goes on a little with a frozen copy. What goes wrong with the copy is the reader's loss, and nobody else's.
    fn freeze(mut self, shared: &Shared) -> Result<Option<Self>, Error> {
        match self.step {
            Step::Copying(ref from) => {
                let begun = if from.is_empty() { shared.db.begin_frozen(&shared.options) } else { Ok(()) };
                match begun.and_then(|()| copy_on(shared, from, true)) {
                    Ok((_, Some(after))) => self.step = Step::Copying(after),
                    Ok((_, None)) => self.step = Step::Catching(0),
                    Err(error) => return self.give_up(shared, error),
                }
            }
            Step::Rotating | Step::Settling(_) => {}
            Step::Catching(ref mut turns) => {
                *turns += 1;
                if let Err(error) = shared.disk.check(what(true), 0) {
                    return self.give_up(shared, error);
                }
                for _ in 0..SLICES {
                    checkpoint::slice(shared, usize::MAX)?;
                }
                if *turns <= TURNS && lock(&shared.state).waiting() > FEW {
                    return Ok(Some(self));
                }
                if let Tell::Frozen(tell, turn, moment) = self.tell {
                    // Between two slices nothing is on its way to the database. A copy that is not handed over goes with this.
                    let taken = shared.db.take_frozen().and_then(|(db, path)| {
                        let mut copy = frozen::of_copy(db, path, turn);
                        copy.overlay = frozen::take(shared, moment)?;
                        Ok(copy)
                    });
                    // Whoever asked may be gone.
                    let _ = tell.send(taken);
                }
                // What was carried over makes segments of the log superfluous.
                checkpoint::sync(shared)?;
                return Ok(None);
            }
        }
        Ok(Some(self))
    }
}

/// Tells who waits, and may be gone, why there is nothing.
fn answer(tell: Tell, error: Error) {
    match tell {
        Tell::Compacted(tell) => drop(tell.send(Err(error))),
        Tell::Frozen(tell, turn, _) => {
            // First: whoever is told may ask again at once.
            drop(turn);
            drop(tell.send(Err(error)));
        }
    }
}

/// What takes room.
fn what(is_frozen: bool) -> &'static str {
    if is_frozen { "a copy of the database, which is read while the server goes on," } else { "the database that a compaction writes anew" }
}

/// Copies some rows from `from` on, if there is room; answers how many, and where the next ones begin.
fn copy_on(shared: &Shared, from: &[u8], is_frozen: bool) -> Result<(u64, Option<Vec<u8>>), Error> {
    shared.disk.check(what(is_frozen), 0)?;
    let (mut from, mut rows) = (from.to_vec(), 0);
    for _ in 0..BATCHES {
        let (copied, after) = shared.db.copy(&shared.options, &from, ROWS)?;
        rows += copied as u64;
        match after {
            Some(after) => from = after,
            None => return Ok((rows, None)),
        }
    }
    Ok((rows, Some(from)))
}

fn bytes(shared: &Shared) -> u64 {
    let log: u64 = lock(&shared.segments).iter().map(|s| s.bytes).sum();
    shared.db.disk_bytes() + log
}

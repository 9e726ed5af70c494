//! What the callers and the two threads share: the queue of commits, the state, the database, the failure.

use crate::{
    Options,
    compact::{Rotation, Tell},
    db::Db,
    log::Segment,
    rows,
    state::{Slot, State},
};
use model::ContactId;
use std::{
    any::Any,
    collections::VecDeque,
    fs::File,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, atomic::AtomicBool},
};
use store::{Commit, Done, Error, Seq, room::Disk};

/// A caller's answer, given exactly once: what is dropped unanswered was lost to a failure.
pub(crate) struct Reply(Option<Done>);

impl Reply {
    pub fn new(done: Done) -> Self {
        Self(Some(done))
    }

    pub fn give(mut self, answer: Result<Seq, Error>) {
        if let Some(done) = self.0.take() {
            done(answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(Error::Failed("the store stopped before this was durable".into())));
        }
    }
}

/// A commit that waits for the writer, already written out.
pub(crate) struct Queued {
    pub commit: Commit,
    pub line: Vec<u8>,
    pub reply: Reply,
}

/// How the checkpoint ends. It is told so after the writer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not yet.
    No,
    /// When everything is in the database.
    Checkpointed,
    /// At once: the log has it.
    Now,
}

pub(crate) struct Queue {
    pub commits: VecDeque<Queued>,
    pub bytes: usize,
    /// Nothing more is taken; the writer ends when the queue is empty.
    pub closed: bool,
}

pub(crate) struct Shared {
    pub options: Options,
    pub db: Db,
    /// What must have room for the log.
    pub disk: Disk,
    pub log_dir: PathBuf,
    pub queue: Mutex<Queue>,
    /// Something was queued, or it is time to stop.
    pub queued: Condvar,
    pub state: Mutex<State>,
    /// The backlog got larger, or it is time to stop.
    pub grew: Condvar,
    /// The backlog got smaller.
    pub shrank: Condvar,
    /// Segments of the log, oldest first; the last one is being written.
    pub segments: Mutex<VecDeque<Segment>>,
    /// Who asked for a compaction that has not begun, and whether one was asked for and is not over.
    pub compaction: Mutex<(Option<Tell>, bool)>,
    /// Whether a frozen copy is being made or read.
    pub freezing: Arc<AtomicBool>,
    /// Whether the log is to begin a new segment.
    pub rotation: Mutex<Rotation>,
    ending: Mutex<Ending>,
    failure: OnceLock<String>,
    /// Holds the data folder for this process.
    pub _lock: File,
}

/// Locks. Nothing leaves what it guards half changed except a panic of our threads, and that is a failure of the store.
///
/// The locks are those of the standard library, which belong to whoever runs: one that is handed on would belong to a thread of low priority
/// (the checkpoint, an import) while that waits for a processor, and everybody else would wait with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition.
pub(crate) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

impl Shared {
    pub fn new(options: Options, db: Db, log_dir: PathBuf, state: State, segments: VecDeque<Segment>, lock: File) -> Self {
        let disk = Disk::of(log_dir.parent().unwrap_or(&log_dir)).looked_at(options.room.clone());
        Self {
            options,
            db,
            disk,
            log_dir,
            queue: Mutex::new(Queue { commits: VecDeque::new(), bytes: 0, closed: false }),
            queued: Condvar::new(),
            state: Mutex::new(state),
            grew: Condvar::new(),
            shrank: Condvar::new(),
            segments: Mutex::new(segments),
            compaction: Mutex::default(),
            freezing: Arc::default(),
            rotation: Mutex::default(),
            ending: Mutex::new(Ending::No),
            failure: OnceLock::new(),
            _lock: lock,
        }
    }

    pub fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    /// Stops for good: nothing more is acknowledged.
    pub fn fail(&self, reason: &str) {
        if self.failure.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the store failed and stopped");
            let waiting = std::mem::take(&mut lock(&self.queue).commits);
            for queued in waiting {
                queued.reply.give(Err(Error::Failed(reason.to_owned())));
            }
            self.wake();
            if let Some(tell) = &self.options.on_failure {
                tell(reason);
            }
        }
    }

    /// Takes nothing more; the writer ends when the queue is empty.
    pub fn close_queue(&self) {
        lock(&self.queue).closed = true;
        self.wake();
    }

    /// Tells the checkpoint to end.
    pub fn end(&self, how: Ending) {
        *lock(&self.ending) = how;
        self.wake();
    }

    pub fn ending(&self) -> Ending {
        *lock(&self.ending)
    }

    /// Wakes everybody who waits. The locks are taken so that nobody is between looking and waiting.
    fn wake(&self) {
        drop(lock(&self.queue));
        self.queued.notify_all();
        drop(lock(&self.state));
        self.grew.notify_all();
        self.shrank.notify_all();
    }

    /// Finds a person, in memory or in the database, and looks at their slot.
    pub fn with_slot<T>(&self, id: ContactId, look: impl Fn(&mut Slot) -> T) -> Result<Option<T>, Error> {
        let mut state = lock(&self.state);
        if let Some(slot) = state.slot(id) {
            return Ok(Some(look(slot)));
        }
        if state.is_erased(id) || state.is_absent(id) {
            return Ok(None);
        }
        let generation = state.generation;
        drop(state);
        let Some((document, chunks, cost)) = rows::document(&self.db, id)? else {
            // A new person may have been carried to the database, and let go, between the two looks only after it was
            // durable, which was after this call began.
            let mut state = lock(&self.state);
            state.keep_absent(id, generation);
            return Ok(state.slot(id).map(look));
        };
        let mut slot = Slot::new(Arc::new(document.person), document.disk, chunks, cost);
        let mut state = lock(&self.state);
        if let Some(newer) = state.slot(id) {
            return Ok(Some(look(newer)));
        }
        if state.is_erased(id) {
            return Ok(None);
        }
        let found = look(&mut slot);
        let gone = state.keep(id, slot, generation);
        drop(state);
        drop(gone);
        Ok(Some(found))
    }
}

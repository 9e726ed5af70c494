//! What is done with the store as a whole while it serves: exporting it, checking it, writing it anew. One at a time; whoever asked
//! comes back and asks how far it is.

use super::Handle;
use crate::{WriteError, verify};
use model::{Instant, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use store::{
    Frozen,
    archive::{self, ArchiveError, Header, Target, files::Files},
    room::{Disk, Look},
};

/// People between two looks at whether the server stops.
const LOOK: u64 = 64;

/// What to do with the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreWork {
    /// Write everything into one file.
    Export {
        /// Which, as an absolute path.
        to: PathBuf,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// Read everything and say what is wrong with it.
    Verify,
    /// Leave nothing on disk of what was erased or replaced.
    Compact,
}

/// Some work, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreJob {
    /// Tells it from others.
    pub id: u64,
    /// People done.
    pub done: u64,
    /// People there are; 0 while that is not known.
    pub of: u64,
    /// What came of it, when it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<StoreEnd>,
}

/// What came of some work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreEnd {
    /// It is done.
    Done(Value),
    /// It is not, and why.
    Failed(String),
}

#[derive(Default)]
struct Running {
    id: u64,
    done: AtomicU64,
    of: AtomicU64,
    end: OnceLock<StoreEnd>,
}

/// What is going on with the store, or went on last.
#[derive(Default)]
pub(super) struct Copies {
    folder: OnceLock<PathBuf>,
    /// Tells the room there is in place of the system, for tests.
    look: OnceLock<Look>,
    job: Mutex<Option<Arc<Running>>>,
}

/// Ends a job that broke.
struct Broken(Arc<Running>);

impl Drop for Broken {
    fn drop(&mut self) {
        let _ = self.0.end.set(StoreEnd::Failed("it broke; the server's log says why".into()));
    }
}

impl Handle {
    /// From now on everything can be exported, and its disk is looked after: this is the data folder.
    pub fn lives_in(&self, folder: impl Into<PathBuf>) {
        // It does not move.
        if self.copies.folder.set(folder.into()).is_ok() {
            self.watch_disk();
        }
    }

    /// This tells how much room there is on the disk, and not the system: for tests of full disks, before [`Self::lives_in`].
    pub fn looks_for_room_with(&self, look: Look) {
        let _ = self.copies.look.set(look);
    }

    /// The disk of the data folder; none where there is no data folder.
    pub(crate) fn disk(&self) -> Option<Disk> {
        Some(Disk::of(self.copies.folder.get()?).looked_at(self.copies.look.get().cloned()))
    }

    /// Begins some work; [`Self::store_job`] tells how far it is.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] if other work goes on.
    pub fn begin_store_work(&self, work: StoreWork) -> Result<StoreJob, WriteError> {
        let running = {
            let mut job = self.copies.job.lock().unwrap_or_else(PoisonError::into_inner);
            if job.as_ref().is_some_and(|job| job.end.get().is_none()) {
                return Err(WriteError::Invalid(
                    "the store is being exported, checked or compacted already; try again when that is done".into(),
                ));
            }
            let id = job.as_ref().map_or(1, |job| job.id + 1);
            let running = Arc::new(Running { id, ..Running::default() });
            *job = Some(running.clone());
            running
        };
        let (handle, shown) = (self.clone(), shown(&running));
        tokio::spawn(async move {
            let broken = Broken(running.clone());
            let end = handle.work(work, running.clone()).await.map_or_else(StoreEnd::Failed, StoreEnd::Done);
            let _ = running.end.set(end);
            drop(broken);
        });
        Ok(shown)
    }

    /// To be held by whoever removes files of the data folder; none while the store is exported, checked or compacted.
    pub fn may_remove_files(&self) -> Option<impl Sized + Send + '_> {
        self.shell.promises.turn.try_lock().ok()
    }

    /// The work that goes on, or went on last.
    pub fn store_job(&self) -> Option<StoreJob> {
        let job = self.copies.job.lock().unwrap_or_else(PoisonError::into_inner);
        job.as_ref().map(shown)
    }

    async fn work(&self, work: StoreWork, job: Arc<Running>) -> Result<Value, String> {
        match work {
            StoreWork::Compact => {
                let compacted = self.compact().await.map_err(|error| error.to_string())?;
                serde_json::to_value(compacted).map_err(|error| error.to_string())
            }
            StoreWork::Export { to, replace } => {
                let folder = self.copies.folder.get().cloned().ok_or("this server has no data folder")?;
                // Nothing is compacted, and no attachment and no version of the bot goes while they are copied.
                let _turn = self.shell.promises.turn.lock().await;
                self.on_a_thread(move |handle| handle.export(&folder, &to, replace, &job)).await
            }
            StoreWork::Verify => {
                let _turn = self.shell.promises.turn.lock().await;
                self.on_a_thread(move |handle| handle.verify(&job)).await
            }
        }
    }

    async fn on_a_thread(&self, work: impl FnOnce(&Self) -> Result<Value, String> + Send + 'static) -> Result<Value, String> {
        let handle = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&handle)).await;
        done.unwrap_or_else(|_| Err("it broke; the server's log says why".into()))
    }

    fn export(&self, folder: &std::path::Path, to: &std::path::Path, replace: bool, job: &Running) -> Result<Value, String> {
        let told = |error: ArchiveError| error.to_string();
        let mut target = Target::begin(to, replace).map_err(told)?;
        let files = Files::before(folder).map_err(told)?;
        let mut need = files.bytes();
        if let Some(disk) = self.disk() {
            target = target.leaving_room(&disk);
            // What is read while the server goes on takes room on the same disk.
            need += if disk.has(to.parent().unwrap_or(to)) { self.shell.store.stats().disk_bytes } else { 0 };
        }
        target.check(need).map_err(told)?;
        let (frozen, mut files, at) = self.freeze_with(files)?;
        files.after().map_err(told)?;
        job.of.store(frozen.people(), Ordering::Relaxed);
        let header = Header {
            at: at.to_string(),
            store: frozen.format().to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            people: frozen.people(),
        };
        let course = Course::of(self, job);
        let outcome = archive::export(&*frozen, files, &header, target, &|done| course.goes_on(done));
        let (totals, bytes) = outcome.map_err(|error| course.why(error.to_string()))?;
        Ok(serde_json::json!({ "at": header.at, "bytes": bytes, "totals": totals }))
    }

    /// Freezes the store, with its files and the time as they are at that moment.
    fn freeze_with(&self, mut files: Files) -> Result<(Box<dyn Frozen>, Files, Instant), String> {
        let (noted, clock) = (Arc::new(Mutex::new(None)), self.clock());
        let note = noted.clone();
        let moment = Box::new(move || {
            let found = files.at_the_moment();
            *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.map(|()| (files, clock.now())));
        });
        let frozen = self.shell.store.freeze_with(moment).map_err(|error| error.to_string())?;
        let noted = noted.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (files, at) = noted.ok_or("the store gave a copy of no moment")?.map_err(|error| error.to_string())?;
        Ok((frozen, files, at))
    }

    fn verify(&self, job: &Running) -> Result<Value, String> {
        let programs = || self.programs().into_iter().map(|bot| bot.version().clone());
        let mut versions: BTreeSet<Version> = programs().collect();
        let frozen = self.shell.store.freeze().map_err(|error| error.to_string())?;
        // One that is needed no more may have gone meanwhile, and a new one come.
        versions.extend(programs());
        job.of.store(frozen.people(), Ordering::Relaxed);
        let around = verify::Around { bot: Some(self.bot()), versions: Some(versions), blobs: Some(self.blobs()), now: self.now() };
        let course = Course::of(self, job);
        let report = verify::verify(&*frozen, &around, &|done| course.goes_on(done)).map_err(|error| course.why(error.to_string()))?;
        serde_json::to_value(report).map_err(|error| error.to_string())
    }
}

/// Whether some work goes on: not if the server stops, and not if that server needs the room that it takes.
struct Course<'a> {
    handle: &'a Handle,
    job: &'a Running,
    disk: Option<Disk>,
    stopping: AtomicBool,
    tight: OnceLock<String>,
}

impl<'a> Course<'a> {
    fn of(handle: &'a Handle, job: &'a Running) -> Self {
        Self { handle, job, disk: handle.disk(), stopping: AtomicBool::new(false), tight: OnceLock::new() }
    }

    /// Notes how far the work is; answers whether to go on.
    fn goes_on(&self, done: u64) -> bool {
        self.job.done.store(done, Ordering::Relaxed);
        if done.is_multiple_of(LOOK) {
            let room = self.disk.as_ref().map_or(Ok(()), |disk| disk.check("the copy of the database that is read", 0));
            if let Err(error) = room {
                let _ = self.tight.set(error.to_string());
            }
            if self.tight.get().is_some() || self.handle.shell.ask(|core| core.is_stopping()) {
                self.stopping.store(true, Ordering::Relaxed);
            }
        }
        !self.stopping.load(Ordering::Relaxed)
    }

    /// Why it did not go on.
    fn why(&self, told: String) -> String {
        self.tight.get().cloned().unwrap_or(told)
    }
}

fn shown(job: &Arc<Running>) -> StoreJob {
    let number = |of: &AtomicU64| of.load(Ordering::Relaxed);
    StoreJob { id: job.id, done: number(&job.done), of: number(&job.of), end: job.end.get().cloned() }
}

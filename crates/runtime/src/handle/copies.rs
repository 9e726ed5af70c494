//! What is done with the store as a whole while it serves: exporting it, checking it, writing it anew. One at a time; whoever asked
//! comes back and asks how far it is.

use super::Handle;
use crate::{WriteError, verify};
use model::Version;
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
use store::archive::{self, Header, Target, files::Files};

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
    /// From now on everything can be exported: this is the data folder.
    pub fn lives_in(&self, folder: impl Into<PathBuf>) {
        // It does not move.
        let _ = self.copies.folder.set(folder.into());
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
                // Nothing is compacted and no attachment goes while they are copied.
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

    /// Notes how far a job is; answers whether to go on.
    fn goes_on(&self, job: &Running, stopping: &AtomicBool, done: u64) -> bool {
        job.done.store(done, Ordering::Relaxed);
        if done.is_multiple_of(LOOK) && self.shell.ask(|core| core.is_stopping()) {
            stopping.store(true, Ordering::Relaxed);
        }
        !stopping.load(Ordering::Relaxed)
    }

    fn export(&self, folder: &std::path::Path, to: &std::path::Path, replace: bool, job: &Running) -> Result<Value, String> {
        let told = |error: archive::ArchiveError| error.to_string();
        let target = Target::begin(to, replace).map_err(told)?;
        let mut files = Files::before(folder).map_err(told)?;
        let frozen = self.shell.store.freeze().map_err(|error| error.to_string())?;
        let at = self.now();
        files.after().map_err(told)?;
        job.of.store(frozen.people(), Ordering::Relaxed);
        let header = Header {
            at: at.to_string(),
            store: frozen.format().to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            people: frozen.people(),
        };
        let stopping = AtomicBool::new(false);
        let progress = |done: u64| self.goes_on(job, &stopping, done);
        let (totals, bytes) = archive::export(&*frozen, files, &header, target, replace, &progress).map_err(told)?;
        Ok(serde_json::json!({ "at": header.at, "bytes": bytes, "totals": totals }))
    }

    fn verify(&self, job: &Running) -> Result<Value, String> {
        let programs = || self.programs().into_iter().map(|bot| bot.version().clone());
        let mut versions: BTreeSet<Version> = programs().collect();
        let frozen = self.shell.store.freeze().map_err(|error| error.to_string())?;
        // One that is needed no more may have gone meanwhile, and a new one come.
        versions.extend(programs());
        job.of.store(frozen.people(), Ordering::Relaxed);
        let around = verify::Around { bot: Some(self.bot()), versions: Some(versions), blobs: Some(self.blobs()), now: self.now() };
        let stopping = AtomicBool::new(false);
        let report = verify::verify(&*frozen, &around, &|done| self.goes_on(job, &stopping, done)).map_err(|error| error.to_string())?;
        serde_json::to_value(report).map_err(|error| error.to_string())
    }
}

fn shown(job: &Arc<Running>) -> StoreJob {
    let number = |of: &AtomicU64| of.load(Ordering::Relaxed);
    StoreJob { id: job.id, done: number(&job.done), of: number(&job.of), end: job.end.get().cloned() }
}

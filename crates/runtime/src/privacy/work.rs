//! The worker that keeps what erasures promise: what is not done yet goes on, at the start and whenever one is asked for.

use super::{
    Erasure, Progress, TABLE,
    files::{self, Removed},
    veil::Sweeping,
};
use crate::{Handle, WriteError, retention};
use crm::erase::{Marks, Sweep, Swept};
use model::{BlobId, Instant};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::{Compacted, RecordPut, Store};
use tokio::sync::{Mutex, Notify};

/// How long others may come before the store is compacted for all of them: five seconds.
const TOGETHER: i64 = 5_000_000;
/// How long the disk rests after a compaction before the next begins by itself: ten minutes.
const REST: i64 = 600_000_000;
/// How long to wait when something could not be done: a minute.
const AGAIN: i64 = 60_000_000;
/// Records of one commit, and how many bytes they may have together: half of what a commit can hold.
const RECORDS: usize = 64;
const BYTES: usize = 512 * 1024;
/// Erasures whose rows are looked for in one pass over the records.
const SWEPT: usize = 2_000;

/// What the worker and those who ask share.
#[derive(Default)]
pub(crate) struct Promises {
    /// Told when an erasure was asked for.
    pub asked: Notify,
    /// Held by whoever sweeps or compacts.
    pub turn: Mutex<()>,
    /// How often something was removed because it is kept no longer; held while something is.
    pub removals: Mutex<u64>,
    /// Erasures of many that are being carried out: the store is compacted when they are through.
    many: AtomicUsize,
    /// Erasures, by id, whose commit somebody is making: the worker leaves them to them.
    mine: std::sync::Mutex<HashSet<String>>,
    /// Held by whoever reads the list of certificates.
    pub listing: Arc<Mutex<()>>,
}

/// An erasure of many is being carried out until this goes.
pub(crate) struct Busy<'a>(&'a Promises);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.many.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An erasure is somebody's until this goes.
pub(crate) struct Mine<'a>(&'a Promises, String);

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        self.0.held().remove(&self.1);
    }
}

impl Promises {
    /// An erasure of many begins.
    pub fn busy(&self) -> Busy<'_> {
        self.many.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }

    /// An erasure is about to be made by whoever asks.
    pub fn mine(&self, id: &str) -> Mine<'_> {
        self.held().insert(id.to_owned());
        Mine(self, id.to_owned())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.mine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record of an erasure.
pub(crate) fn record(erasure: &Erasure) -> RecordPut {
    let value = serde_json::to_value(erasure).expect("an erasure is plain data");
    RecordPut { table: TABLE.into(), key: erasure.id.clone(), value: Some(value) }
}

impl Handle {
    /// Goes on with erasures until the process ends.
    pub(crate) async fn keep_promises(self) {
        let mut earliest = Instant::MIN;
        loop {
            match self.keep_them(&mut earliest).await {
                Ok(true) => {}
                Ok(false) => self.shell.promises.asked.notified().await,
                Err(error) => {
                    tracing::warn!(%error, "an erasure could not go on; it is tried again");
                    // Nobody makes room within a minute, and a compaction that is given up on the way is work for the disk.
                    let pause = if matches!(error, WriteError::Invalid(_)) { REST } else { AGAIN };
                    self.shell.clock.sleep_until(self.now().plus_micros(pause)).await;
                }
            }
        }
    }

    /// One round; answers whether there was something to do.
    async fn keep_them(&self, earliest: &mut Instant) -> Result<bool, WriteError> {
        let promises = &self.shell.promises;
        let is_mine = |erasure: &Erasure| matches!(erasure.progress, Progress::Asked { .. }) && promises.held().contains(&erasure.id);
        let mut pending = self.erasures_that(|erasure| !erasure.is_done()).await?;
        pending.retain(|erasure| !is_mine(erasure));
        if pending.is_empty() {
            return Ok(false);
        }
        for erasure in pending {
            if let Progress::Asked { contact } = erasure.progress {
                match self.erase_as(erasure, contact).await {
                    // They are gone, which is what was asked for.
                    Ok(_) | Err(WriteError::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.shell.clock.sleep_until(self.now().plus_micros(TOGETHER).max(*earliest)).await;
        // What an erasure of many writes down of itself may name those whom it is about.
        while promises.many.load(Ordering::Acquire) > 0 {
            self.shell.clock.sleep_until(self.now().plus_micros(TOGETHER)).await;
        }
        self.compact().await?;
        *earliest = self.now().plus_micros(REST);
        Ok(true)
    }

    /// Takes away rows that name somebody who was erased.
    async fn sweep(&self) -> Result<(), WriteError> {
        let _turn = self.shell.promises.turn.lock().await;
        let swept = self.erasures_that(|erasure| matches!(erasure.progress, Progress::Sweeping { .. })).await?;
        for some in swept.chunks(SWEPT) {
            self.sweep_for(some.to_vec()).await?;
        }
        Ok(())
    }

    /// One pass over the records, for some who were erased.
    async fn sweep_for(&self, swept: Vec<Erasure>) -> Result<(), WriteError> {
        let mut found = vec![Found::default(); swept.len()];
        if let Some(look) = Sweep::new(swept.iter().filter_map(marks_of)).map(Arc::new) {
            let sweeping = self.shell.veils.hang(look.clone());
            // What was handed over before is durable, and read, when this is.
            self.put_all(Vec::new()).await?;
            let (read, many) = (look.clone(), swept.len());
            let looked = self.shell.read(move |store| look_through(store, &read, many));
            let (puts, rows) = looked.await.ok_or(WriteError::Unavailable)?;
            found = rows;
            self.sweep_imports(look).await?;
            self.unname(&swept).await?;
            self.replace_in_parts(&sweeping, puts).await?;
            sweeping.done();
            self.lift_later();
        }
        let mut looked_for = Vec::with_capacity(swept.len());
        for (mut erasure, found) in swept.into_iter().zip(found) {
            let Progress::Sweeping { blobs, .. } = erasure.progress else { continue };
            let blobs: BTreeSet<BlobId> = blobs.into_iter().chain(found.files).collect();
            erasure.progress = Progress::Compacting { blobs: blobs.into_iter().collect() };
            erasure.rows += found.rows;
            looked_for.push(erasure);
        }
        self.put_erasures(&looked_for).await
    }

    /// Lets go of the names of those who were looked for, when nobody can write them any more.
    fn lift_later(&self) {
        let (veils, clock) = (self.shell.veils.clone(), self.shell.clock.clone());
        self.shell.runtime.spawn(async move {
            while let Some(until) = veils.until().filter(|until| clock.now() < *until) {
                clock.sleep_until(until).await;
            }
            veils.lift();
        });
    }

    /// Replaces many records by what a sweep made of them, as many in a commit as it can hold.
    async fn replace_in_parts(&self, sweeping: &Sweeping<'_>, records: Vec<RecordPut>) -> Result<(), WriteError> {
        for part in parts(records) {
            let (tell, told) = tokio::sync::oneshot::channel();
            sweeping.replace(&*self.shell.store, part, Box::new(move |answer| drop(tell.send(answer))));
            match told.await {
                Ok(Ok(_)) => {}
                // A store that failed says so to everybody; one that is busy is asked again with the whole sweep.
                Ok(Err(_)) | Err(_) => return Err(WriteError::Unavailable),
            }
        }
        Ok(())
    }

    async fn put_erasures(&self, erasures: &[Erasure]) -> Result<(), WriteError> {
        self.put_in_parts(erasures.iter().map(record).collect()).await
    }

    /// Stores many records, as many in a commit as it can hold.
    async fn put_in_parts(&self, records: Vec<RecordPut>) -> Result<(), WriteError> {
        for part in parts(records) {
            self.put_all(part).await?;
        }
        Ok(())
    }

    /// Takes out what imports left lying about rows that name somebody who was erased: wrong rows. The file itself goes when its
    /// import is done.
    async fn sweep_imports(&self, look: Arc<Sweep>) -> Result<(), WriteError> {
        let Some(wrong) = self.import_errors() else { return Ok(()) };
        let swept = tokio::task::spawn_blocking(move || wrong.sweep(&look)).await.map_err(|_| WriteError::Unavailable)?;
        swept.map_err(|error| {
            tracing::warn!(%error, "wrong rows of an import that name somebody who was erased are still there; they are tried again");
            WriteError::Unavailable
        })
    }

    /// Rewrites the store so that no byte of what was erased is left, and says so in the certificates. Serving goes on.
    /// Answered when it is done.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if one is going on, or an erasure of many, or if the store stops; [`WriteError::Invalid`] if there is
    /// no room for it on the disk.
    pub async fn compact(&self) -> Result<Compacted, WriteError> {
        if self.shell.promises.many.load(Ordering::Acquire) > 0 {
            return Err(WriteError::Unavailable);
        }
        self.sweep().await?;
        if let Some(disk) = self.disk() {
            disk.check("the database that a compaction writes anew", 0).map_err(|error| WriteError::Invalid(error.to_string()))?;
        }
        let _turn = self.shell.promises.turn.lock().await;
        let removals = *self.shell.promises.removals.lock().await;
        let mut due = self.erasures_that(|erasure| matches!(erasure.progress, Progress::Compacting { .. })).await?;
        self.remove_files(&mut due).await?;
        // From here on their names are not needed any more, and the compaction leaves them behind.
        self.put_erasures(&due).await?;
        self.remove_forgotten_files().await?;
        self.sweep_said().await?;
        let store = self.shell.store.clone();
        let compacted = tokio::task::spawn_blocking(move || store.compact()).await.map_err(|_| WriteError::Unavailable)?;
        let compacted = compacted.map_err(|error| {
            tracing::warn!(%error, "the store was not compacted");
            match error {
                store::Error::NoCopy(why) => WriteError::Invalid(why),
                store::Error::Conflict { .. }
                | store::Error::Invalid(_)
                | store::Error::Failed(_)
                | store::Error::Corrupt(_)
                | store::Error::InUse(_)
                | store::Error::Busy => WriteError::Unavailable,
            }
        })?;
        self.note_lived(compacted.after).await?;
        self.removed_is_gone(removals).await?;
        for erasure in &mut due {
            erasure.progress = Progress::Done { since: self.now() };
        }
        self.put_erasures(&due).await?;
        if !due.is_empty() {
            tracing::info!(erasures = due.len(), "erasures are done");
        }
        Ok(compacted)
    }

    /// Removes the files that only those who were erased had; one look at what others have serves all of them.
    async fn remove_files(&self, due: &mut [Erasure]) -> Result<(), WriteError> {
        let mut whose: HashMap<BlobId, usize> = HashMap::new();
        for (at, erasure) in due.iter_mut().enumerate() {
            let Progress::Compacting { blobs } = &mut erasure.progress else { continue };
            // A file that several of them had is told of one.
            for blob in std::mem::take(blobs) {
                whose.entry(blob).or_insert(at);
            }
        }
        let Removed { gone, waiting } = self.remove_unheld(whose.keys().cloned().collect()).await?;
        for file in gone {
            let Some(at) = whose.get(&file) else { continue };
            if let Some(erasure) = due.get_mut(*at) {
                erasure.files += 1;
            }
        }
        // Somebody else put it down and has not sent it: if they never do, it goes with another compaction.
        self.put_in_parts(waiting.iter().map(retention::note).collect()).await
    }
}

/// What a sweep found of one person.
#[derive(Clone, Debug, Default)]
struct Found {
    /// Rows that named them.
    rows: u64,
    /// Files that they, or somebody for them, put down and never sent.
    files: BTreeSet<BlobId>,
}

/// What becomes of all records, and what was found of each of so many.
fn look_through(store: &dyn Store, look: &Sweep, many: usize) -> Result<(Vec<RecordPut>, Vec<Found>), store::Error> {
    let (mut puts, mut found) = (Vec::new(), vec![Found::default(); many]);
    store.each_record(&mut |table, key, value| {
        if !Sweep::looks_at(table) {
            return;
        }
        let left = match look.look(table, key, &value) {
            Swept::Stays => return,
            Swept::Redacted(redacted) => Some(redacted),
            Swept::Goes => None,
        };
        let goes_with_files = left.is_none() && files::is_upload(table);
        for whose in look.whose(table, key, &value) {
            let Some(found) = found.get_mut(whose) else { continue };
            found.rows += 1;
            if goes_with_files {
                found.files.extend(files::files_in(key, &value));
            }
        }
        puts.push(RecordPut { table: table.to_owned(), key: key.to_owned(), value: left });
    })?;
    Ok((puts, found))
}

/// Records in parts, each of as many as a commit can hold.
fn parts(records: Vec<RecordPut>) -> Vec<Vec<RecordPut>> {
    let (mut parts, mut some, mut bytes) = (Vec::new(), Vec::new(), 0);
    for record in records {
        bytes += record.value.as_ref().map_or(0, |value| value.to_string().len());
        some.push(record);
        if some.len() >= RECORDS || bytes >= BYTES {
            parts.push(std::mem::take(&mut some));
            bytes = 0;
        }
    }
    parts.extend(Some(some).filter(|some| !some.is_empty()));
    parts
}

/// What names somebody whose rows are being looked for.
fn marks_of(erasure: &Erasure) -> Option<&Marks> {
    match &erasure.progress {
        Progress::Sweeping { marks, .. } => Some(marks),
        Progress::Asked { .. } | Progress::Compacting { .. } | Progress::Done { .. } => None,
    }
}

//! The worker that keeps what erasures promise: what is not done yet goes on, at the start and whenever one is asked for.

use super::{Erasure, Progress, TABLE, gather};
use crate::{Handle, WriteError};
use crm::erase::{Marks, Sweep, Swept};
use model::{BlobId, Instant};
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead as _, BufReader},
    sync::{
        PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::{Compacted, RecordPut};
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
    /// Erasures of many that are being carried out: the store is compacted when they are through.
    many: AtomicUsize,
    /// Erasures, by id, whose commit somebody is making: the worker leaves them to them.
    mine: std::sync::Mutex<HashSet<String>>,
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
                    self.shell.clock.sleep_until(self.now().plus_micros(AGAIN)).await;
                }
            }
        }
    }

    /// One round; answers whether there was something to do.
    async fn keep_them(&self, earliest: &mut Instant) -> Result<bool, WriteError> {
        let promises = &self.shell.promises;
        let is_mine = |erasure: &Erasure| matches!(erasure.progress, Progress::Asked { .. }) && promises.held().contains(&erasure.id);
        let pending = self.erasures().await.into_iter().filter(|erasure| !erasure.is_done() && !is_mine(erasure));
        let pending: Vec<Erasure> = pending.collect();
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

    /// Every erasure, the certificates of those that are done among them, by id.
    pub async fn erasures(&self) -> Vec<Erasure> {
        let read = |(id, value)| match serde_json::from_value::<Erasure>(value) {
            Ok(erasure) => Some(erasure),
            Err(error) => {
                tracing::error!(id, %error, "the record of an erasure cannot be read");
                None
            }
        };
        self.records(TABLE).await.into_iter().filter_map(read).collect()
    }

    /// Takes away rows that name somebody who was erased.
    async fn sweep(&self) -> Result<(), WriteError> {
        let _turn = self.shell.promises.turn.lock().await;
        let sweeping = |erasure: &Erasure| matches!(erasure.progress, Progress::Sweeping { .. });
        let swept: Vec<Erasure> = self.erasures().await.into_iter().filter(sweeping).collect();
        for some in swept.chunks(SWEPT) {
            self.sweep_for(some.to_vec()).await?;
        }
        Ok(())
    }

    /// One pass over the records, for some who were erased.
    async fn sweep_for(&self, swept: Vec<Erasure>) -> Result<(), WriteError> {
        let look = Sweep::new(swept.iter().filter_map(marks_of));
        let many = swept.len();
        let found = self.shell.read(move |store| {
            let (mut puts, mut rows) = (Vec::new(), vec![0_u64; many]);
            let Some(look) = look else { return Ok((puts, rows)) };
            store.each_record(&mut |table, key, value| {
                if !Sweep::looks_at(table) {
                    return;
                }
                let left = match look.look(table, key, &value) {
                    Swept::Stays => return,
                    Swept::Redacted(redacted) => Some(redacted),
                    Swept::Goes => None,
                };
                for whose in look.whose(key, &value) {
                    if let Some(rows) = rows.get_mut(whose) {
                        *rows += 1;
                    }
                }
                puts.push(RecordPut { table: table.to_owned(), key: key.to_owned(), value: left });
            })?;
            Ok((puts, rows))
        });
        let (puts, rows) = found.await.ok_or(WriteError::Unavailable)?;
        self.sweep_imports(&swept).await?;
        self.unname(&swept).await?;
        self.put_in_parts(puts).await?;
        let mut looked_for = Vec::with_capacity(many);
        for (mut erasure, rows) in swept.into_iter().zip(rows) {
            let Progress::Sweeping { blobs, .. } = erasure.progress else { continue };
            erasure.progress = Progress::Compacting { blobs };
            erasure.rows += rows;
            looked_for.push(erasure);
        }
        self.put_erasures(&looked_for).await
    }

    async fn put_erasures(&self, erasures: &[Erasure]) -> Result<(), WriteError> {
        self.put_in_parts(erasures.iter().map(record).collect()).await
    }

    /// Stores many records, as many in a commit as it can hold.
    async fn put_in_parts(&self, records: Vec<RecordPut>) -> Result<(), WriteError> {
        let (mut some, mut bytes) = (Vec::new(), 0);
        for record in records {
            bytes += record.value.as_ref().map_or(0, |value| value.to_string().len());
            some.push(record);
            if some.len() >= RECORDS || bytes >= BYTES {
                self.put_all(std::mem::take(&mut some)).await?;
                bytes = 0;
            }
        }
        if some.is_empty() { Ok(()) } else { self.put_all(some).await }
    }

    /// Removes what imports left lying about rows that name somebody who was erased: lists of errors. The file itself went
    /// when its import was done.
    async fn sweep_imports(&self, swept: &[Erasure]) -> Result<(), WriteError> {
        let Some(files) = self.import_files() else { return Ok(()) };
        let Some(look) = Sweep::new(swept.iter().filter_map(marks_of)) else { return Ok(()) };
        let writing: HashSet<String> =
            self.imports().await.into_iter().filter(|import| import.state.is_under_way()).map(|import| import.id).collect();
        let work = move || {
            for id in files.ids().into_iter().filter(|id| !writing.contains(id)) {
                let Ok(errors) = files.errors(&id) else { continue };
                let named = |line: Vec<u8>| look.is_named_in(&String::from_utf8_lossy(&line));
                if BufReader::new(errors).split(b'\n').map_while(Result::ok).any(named) {
                    files.drop_errors(&id);
                }
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| WriteError::Unavailable)
    }

    /// Rewrites the store so that no byte of what was erased is left, and says so in the certificates. Serving goes on.
    /// Answered when it is done.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if one is going on, or an erasure of many, or if the store stops.
    pub async fn compact(&self) -> Result<Compacted, WriteError> {
        if self.shell.promises.many.load(Ordering::Acquire) > 0 {
            return Err(WriteError::Unavailable);
        }
        self.sweep().await?;
        let _turn = self.shell.promises.turn.lock().await;
        let mut due: Vec<Erasure> =
            self.erasures().await.into_iter().filter(|erasure| matches!(erasure.progress, Progress::Compacting { .. })).collect();
        self.remove_files(&mut due).await?;
        // From here on their names are not needed any more, and the compaction leaves them behind.
        self.put_erasures(&due).await?;
        self.remove_forgotten_files().await?;
        self.sweep_said().await?;
        let store = self.shell.store.clone();
        let compacted = tokio::task::spawn_blocking(move || store.compact()).await.map_err(|_| WriteError::Unavailable)?;
        let compacted = compacted.map_err(|error| {
            tracing::warn!(%error, "the store was not compacted");
            WriteError::Unavailable
        })?;
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
        let list: Vec<BlobId> = whose.keys().cloned().collect();
        if list.is_empty() {
            return Ok(());
        }
        // Whoever stores one of them from now on keeps it.
        self.shell.blobs.doom(&list);
        let of_bots: HashSet<BlobId> = self.programs().iter().flat_map(|bot| bot.assets().iter().map(|file| file.blob.clone())).collect();
        let wanted: HashSet<BlobId> = list.into_iter().collect();
        let used = self.shell.read(move |store| gather::in_use(store, &wanted)).await.ok_or(WriteError::Unavailable)?;
        let kept: HashSet<BlobId> = used.into_iter().chain(of_bots).collect();
        let blobs = self.shell.blobs.clone();
        let removed = tokio::task::spawn_blocking(move || {
            let there: Vec<usize> = whose.iter().filter(|(blob, _)| blobs.exists(blob)).map(|(_, at)| *at).collect();
            blobs.remove_doomed(&kept)?;
            let left: Vec<usize> = whose.iter().filter(|(blob, _)| blobs.exists(blob)).map(|(_, at)| *at).collect();
            Ok::<_, store::BlobError>((there, left))
        });
        let removed = removed.await.map_err(|_| WriteError::Unavailable)?;
        let (there, left) = removed.map_err(|error| {
            tracing::warn!(%error, "files of somebody who was erased could not be removed");
            WriteError::Unavailable
        })?;
        let count = |of: &[usize], at: usize| of.iter().filter(|other| **other == at).count() as u64;
        for at in there.iter().copied().collect::<HashSet<usize>>() {
            if let Some(erasure) = due.get_mut(at) {
                erasure.files += count(&there, at).saturating_sub(count(&left, at));
            }
        }
        Ok(())
    }
}

/// What names somebody whose rows are being looked for.
fn marks_of(erasure: &Erasure) -> Option<&Marks> {
    match &erasure.progress {
        Progress::Sweeping { marks, .. } => Some(marks),
        Progress::Asked { .. } | Progress::Compacting { .. } | Progress::Done { .. } => None,
    }
}

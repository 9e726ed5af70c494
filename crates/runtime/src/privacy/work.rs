//! The worker that keeps what erasures promise: what is not done yet goes on, at the start and whenever one is asked for.

use super::{Erasure, Progress, TABLE, gather};
use crate::{Handle, WriteError};
use crm::erase::{Sweep, Swept};
use model::{BlobId, Instant};
use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
};
use store::{Compacted, RecordPut};
use tokio::sync::{Mutex, Notify};

/// How long others may come before the store is compacted for all of them: five seconds.
const TOGETHER: i64 = 5_000_000;
/// How long the disk rests after a compaction before the next begins by itself: ten minutes.
const REST: i64 = 600_000_000;
/// How long to wait when something could not be done: a minute.
const AGAIN: i64 = 60_000_000;
/// Records of one commit.
const RECORDS: usize = 64;

/// What the worker and those who ask share.
#[derive(Default)]
pub(crate) struct Promises {
    /// Told when an erasure was asked for.
    pub asked: Notify,
    /// Held by whoever sweeps or compacts.
    pub turn: Mutex<()>,
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
        let pending: Vec<Erasure> = self.erasures().await.into_iter().filter(|erasure| !erasure.is_done()).collect();
        if pending.is_empty() {
            return Ok(false);
        }
        for erasure in pending {
            if let Progress::Asked { contact } = erasure.progress {
                self.erase_as(erasure, contact).await?;
            }
        }
        self.sweep().await?;
        self.shell.clock.sleep_until(self.now().plus_micros(TOGETHER).max(*earliest)).await;
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
        let swept: Vec<Erasure> =
            self.erasures().await.into_iter().filter(|erasure| matches!(erasure.progress, Progress::Sweeping { .. })).collect();
        if swept.is_empty() {
            return Ok(());
        }
        let looks: Vec<Option<Sweep>> = swept
            .iter()
            .map(|erasure| match &erasure.progress {
                Progress::Sweeping { marks, .. } => Sweep::new(std::iter::once(&**marks)),
                Progress::Asked { .. } | Progress::Compacting { .. } | Progress::Done { .. } => None,
            })
            .collect();
        let found = self.shell.read(move |store| {
            let (mut puts, mut rows) = (Vec::new(), vec![0_u64; looks.len()]);
            store.each_record(&mut |table, key, mut value| {
                if !Sweep::looks_at(table) {
                    return;
                }
                let mut changed = false;
                for (look, rows) in looks.iter().zip(&mut rows) {
                    match look.as_ref().map_or(Swept::Stays, |look| look.look(table, key, &value)) {
                        Swept::Stays => {}
                        Swept::Redacted(redacted) => {
                            *rows += 1;
                            value = redacted;
                            changed = true;
                        }
                        Swept::Goes => {
                            *rows += 1;
                            puts.push(RecordPut { table: table.to_owned(), key: key.to_owned(), value: None });
                            return;
                        }
                    }
                }
                if changed {
                    puts.push(RecordPut { table: table.to_owned(), key: key.to_owned(), value: Some(value) });
                }
            })?;
            Ok((puts, rows))
        });
        let (puts, rows) = found.await.ok_or(WriteError::Unavailable)?;
        self.sweep_imports(&swept).await?;
        for some in puts.chunks(RECORDS) {
            self.put_all(some.to_vec()).await?;
        }
        for (mut erasure, rows) in swept.into_iter().zip(rows) {
            let Progress::Sweeping { blobs, .. } = erasure.progress else { continue };
            erasure.progress = Progress::Compacting { blobs };
            erasure.rows += rows;
            self.put_all(vec![record(&erasure)]).await?;
        }
        Ok(())
    }

    /// Removes what imports left lying about rows that name somebody who was erased: lists of errors. The file itself went
    /// when its import was done.
    async fn sweep_imports(&self, swept: &[Erasure]) -> Result<(), WriteError> {
        let Some(files) = self.import_files() else { return Ok(()) };
        let marks: Vec<_> = swept
            .iter()
            .filter_map(|erasure| match &erasure.progress {
                Progress::Sweeping { marks, .. } => Some((**marks).clone()),
                Progress::Asked { .. } | Progress::Compacting { .. } | Progress::Done { .. } => None,
            })
            .collect();
        let Some(look) = Sweep::new(marks.iter()) else { return Ok(()) };
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
    /// [`WriteError::Unavailable`] if one is going on, or if the store stops.
    pub async fn compact(&self) -> Result<Compacted, WriteError> {
        self.sweep().await?;
        let _turn = self.shell.promises.turn.lock().await;
        let mut due: Vec<Erasure> =
            self.erasures().await.into_iter().filter(|erasure| matches!(erasure.progress, Progress::Compacting { .. })).collect();
        for erasure in &mut due {
            self.remove_files(erasure).await?;
            // From here on their names are not needed any more, and the compaction leaves them behind.
            self.put_all(vec![record(erasure)]).await?;
        }
        let store = self.shell.store.clone();
        let compacted = tokio::task::spawn_blocking(move || store.compact()).await.map_err(|_| WriteError::Unavailable)?;
        let compacted = compacted.map_err(|error| {
            tracing::warn!(%error, "the store was not compacted");
            WriteError::Unavailable
        })?;
        for mut erasure in due {
            erasure.progress = Progress::Done { since: self.now() };
            self.put_all(vec![record(&erasure)]).await?;
            tracing::info!(erasure = erasure.id, "an erasure is done");
        }
        Ok(compacted)
    }

    /// Removes the files that only somebody who was erased had.
    async fn remove_files(&self, erasure: &mut Erasure) -> Result<(), WriteError> {
        let Progress::Compacting { blobs } = &mut erasure.progress else { return Ok(()) };
        let wanted: HashSet<BlobId> = std::mem::take(blobs).into_iter().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let list: Vec<BlobId> = wanted.iter().cloned().collect();
        // Whoever stores one of them from now on keeps it.
        self.shell.blobs.doom(&list);
        let of_bots: HashSet<BlobId> = self.programs().iter().flat_map(|bot| bot.assets().iter().map(|file| file.blob.clone())).collect();
        let used = self.shell.read(move |store| gather::in_use(store, &wanted)).await.ok_or(WriteError::Unavailable)?;
        let kept: HashSet<BlobId> = used.into_iter().chain(of_bots).collect();
        let blobs = self.shell.blobs.clone();
        let removed = tokio::task::spawn_blocking(move || blobs.remove_doomed(&kept)).await.map_err(|_| WriteError::Unavailable)?;
        erasure.files += removed.map_err(|error| {
            tracing::warn!(%error, "files of somebody who was erased could not be removed");
            WriteError::Unavailable
        })?;
        Ok(())
    }
}

//! sled behind our rules: one tree, one writer, no panic gets out, and a sync that really syncs.
//!
//! The rules and the measurements behind them are in docs/decisions/003-storage.md. While a compaction fills a new database
//! ([`crate::compact`]) everything that is written is written to both, and then the new one takes the place of the other
//! between two reads.

use crate::{Io, Options, io::failed, layout};
use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};
use store::Error;

/// How often to try for sled's own lock, 10 ms apart.
const LOCK_TRIES: u32 = 500;

/// One database.
struct Opened {
    db: sled::Db,
    /// Our own handle of the file sled writes: its flush does not empty the disk's cache.
    file: File,
}

/// The database of checkpointed rows.
pub(crate) struct Db {
    /// The data folder.
    dir: PathBuf,
    current: RwLock<Opened>,
    /// What a compaction fills, and where it is.
    next: Mutex<Option<(Opened, PathBuf)>>,
}

/// Runs a call into sled, which panics where it finds its own files damaged.
fn guarded<T>(what: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(failed(what, &error)),
        Ok(Err(error)) => Err(Error::Corrupt(format!("{what}: {error}"))),
        Err(panic) => Err(Error::Corrupt(format!("{what}: {}", crate::shared::panic_text(&*panic)))),
    }
}

impl Opened {
    fn open(dir: &Path, options: &Options) -> Result<Self, Error> {
        let what = format!("the database {} cannot be opened", dir.display());
        let config = sled::Config::new().path(dir).cache_capacity(options.cache_bytes).flush_every_ms(None);
        let mut opened = guarded(&what, || config.open());
        // The folder is ours by its own lock. What may still hold sled's is a thread of a store of this process that was
        // dropped just now, finishing its last write.
        for _ in 0..LOCK_TRIES {
            match &opened {
                Err(Error::Failed(reason)) if reason.contains("could not acquire lock") => {
                    std::thread::sleep(Duration::from_millis(10));
                    opened = guarded(&what, || config.open());
                }
                Ok(_) | Err(_) => break,
            }
        }
        let db = opened?;
        let file = File::open(dir.join("db")).map_err(|e| failed(&what, &e))?;
        Ok(Self { db, file })
    }

    fn apply(&self, options: &Options, operation: Io, batch: sled::Batch) -> Result<(), Error> {
        let what = "the database cannot be written";
        options.before(operation).map_err(|e| failed(what, &e))?;
        guarded(what, || self.db.apply_batch(batch))?;
        // A read between batches lets sled free what the batch replaced; without, memory grows without bound.
        guarded(what, || self.db.get([0_u8])).map(drop)
    }

    fn sync(&self, options: &Options, operation: Io) -> Result<(), Error> {
        let what = "the database cannot be synced";
        options.before(operation).map_err(|e| failed(what, &e))?;
        guarded(what, || self.db.flush())?;
        self.file.sync_data().map_err(|e| failed(what, &e))
    }
}

impl Db {
    /// Opens the database of a data folder, whichever a compaction left there.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, Error> {
        layout::settle(dir)?;
        let current = RwLock::new(Opened::open(&layout::current(dir), options)?);
        Ok(Self { dir: dir.to_owned(), current, next: Mutex::default() })
    }

    /// Opens a copy of a database that nobody else knows.
    pub fn open_copy(path: &Path, options: &Options) -> Result<Self, Error> {
        let current = RwLock::new(Opened::open(path, options)?);
        Ok(Self { dir: path.to_owned(), current, next: Mutex::default() })
    }

    fn current(&self) -> RwLockReadGuard<'_, Opened> {
        // Nothing is half done under this lock: it is written in one assignment.
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Error> {
        guarded("the database cannot be read", || self.current().db.get(key))
    }

    /// The first key that is not before `from`.
    pub fn key_from(&self, from: &[u8]) -> Result<Option<sled::IVec>, Error> {
        guarded("the database cannot be read", || self.current().db.range(from..).keys().next().transpose())
    }

    /// The keys from `from` on that begin with `prefix`, in order, each given to `each` until it answers false.
    pub fn keys(&self, prefix: &[u8], from: &[u8], each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let mut from = from.to_vec();
        loop {
            // Read in short stretches: a cursor of sled keeps memory from being freed while it lives.
            let stretch: Vec<sled::IVec> = guarded("the database cannot be read", || {
                self.current().db.range(from.as_slice()..).keys().take(256).collect::<Result<_, _>>()
            })?;
            for key in &stretch {
                if !key.starts_with(prefix) || !each(key) {
                    return Ok(());
                }
            }
            match stretch.last() {
                Some(last) => {
                    from.clear();
                    from.extend_from_slice(last);
                    from.push(0);
                }
                None => return Ok(()),
            }
        }
    }

    /// The rows from `from` on, in order, each given to `each` until it answers false. To be kept short: a cursor of sled keeps
    /// memory from being freed while it lives.
    pub fn rows(&self, from: &[u8], each: &mut dyn FnMut(sled::IVec, sled::IVec) -> bool) -> Result<(), Error> {
        guarded("the database cannot be read", || {
            // A cursor keeps its database, so `each` may take its time.
            let rows = self.current().db.range(from..);
            for row in rows {
                let (key, value) = row?;
                if !each(key, value) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Applies a batch, whole or not at all.
    pub fn apply(&self, options: &Options, batch: sled::Batch) -> Result<(), Error> {
        let mut next = crate::shared::lock(&self.next);
        if let Some((opened, _)) = &*next
            && let Err(error) = opened.apply(options, Io::CopyWrite, batch.clone())
        {
            // Whoever waits for the copy misses it, and nobody else.
            tracing::warn!(%error, "a copy of the database is given up");
            close(next.take());
        }
        drop(next);
        self.current().apply(options, Io::DbBatch, batch)
    }

    /// Makes everything applied so far durable.
    pub fn sync(&self, options: &Options) -> Result<(), Error> {
        self.current().sync(options, Io::DbSync)
    }

    pub fn disk_bytes(&self) -> u64 {
        // Only a figure; an unreadable file shows elsewhere.
        self.current().file.metadata().map_or(0, |meta| meta.len())
    }

    // ---- what a compaction does, on the thread that writes ----

    /// Begins to fill a new database: what is applied from now on goes to both.
    pub fn begin_next(&self, options: &Options) -> Result<(), Error> {
        self.fill(layout::next(&self.dir)?, options)
    }

    /// Begins to fill a database at a path.
    fn fill(&self, path: PathBuf, options: &Options) -> Result<(), Error> {
        match Opened::open(&path, options) {
            Ok(opened) => {
                *crate::shared::lock(&self.next) = Some((opened, path));
                Ok(())
            }
            Err(error) => {
                // It is removed at the next start otherwise.
                let _ = std::fs::remove_dir_all(&path);
                Err(no_copy(error))
            }
        }
    }

    /// Copies about `count` rows from `from` on to the new database; answers how many, and where the next ones begin.
    ///
    /// # Errors
    /// [`Error::NoCopy`] if the new one cannot be written, or was given up; any other if this one cannot be read.
    pub fn copy(&self, options: &Options, from: &[u8], count: usize) -> Result<(usize, Option<Vec<u8>>), Error> {
        let (mut batch, mut copied, mut after) = (sled::Batch::default(), 0, None);
        self.rows(from, &mut |key, value| {
            if copied == count {
                after = Some(key.to_vec());
                return false;
            }
            batch.insert(key, value);
            copied += 1;
            true
        })?;
        match &*crate::shared::lock(&self.next) {
            Some((next, _)) => next.apply(options, Io::CopyWrite, batch).map_err(no_copy)?,
            None => return Err(lost()),
        }
        Ok((copied, after))
    }

    /// The new database is whole: it takes the place of the other, which goes with everything that is in it. Whenever the
    /// process ends meanwhile, one whole database is found.
    ///
    /// # Errors
    /// [`Error::NoCopy`] if the new one cannot be finished or was given up, and nothing changed; any other if the one cannot take the
    /// place of the other.
    pub fn take_next(&self, options: &Options) -> Result<(), Error> {
        let (next, path) = crate::shared::lock(&self.next).take().ok_or_else(lost)?;
        if let Err(error) = next.sync(options, Io::CopyWrite) {
            close(Some((next, path)));
            return Err(no_copy(error));
        }
        layout::put_in_place(&self.dir, &path, options)?;
        let before = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, next)
        };
        // It finishes what it still holds in memory when it goes.
        guarded("the database cannot be closed", || {
            drop(before);
            Ok(())
        })?;
        layout::remove_old(&self.dir, &path, options)
    }

    /// Begins to copy the database for a reader: what is applied from now on goes to both.
    pub fn begin_frozen(&self, options: &Options) -> Result<(), Error> {
        layout::remove_frozen(&self.dir)?;
        self.fill(layout::frozen(&self.dir), options)
    }

    /// The copy is whole: nothing is applied to it any more. And where it is.
    pub fn take_frozen(&self) -> Result<(Self, PathBuf), Error> {
        let (opened, path) = crate::shared::lock(&self.next).take().ok_or_else(lost)?;
        Ok((Self { dir: path.clone(), current: RwLock::new(opened), next: Mutex::default() }, path))
    }

    /// Gives up the new database.
    pub fn drop_next(&self) {
        close(crate::shared::lock(&self.next).take());
    }
}

/// What keeps a copy from being written is no failure of the database itself.
fn no_copy(error: Error) -> Error {
    match error {
        Error::Failed(why) | Error::Corrupt(why) | Error::Invalid(why) => {
            Error::NoCopy(format!("a copy of the database could not be written: {why}"))
        }
        error @ (Error::Conflict { .. } | Error::InUse(_) | Error::Busy | Error::NoCopy(_)) => error,
    }
}

fn lost() -> Error {
    Error::NoCopy("the copy of the database could not be written; is there room for it on the disk?".into())
}

/// Closes a new database, and removes it.
fn close(next: Option<(Opened, PathBuf)>) {
    if let Some((opened, path)) = next {
        // It is removed at the next start otherwise.
        let _ = guarded("the database cannot be closed", || {
            drop(opened);
            Ok(())
        });
        let _ = std::fs::remove_dir_all(path);
    }
}

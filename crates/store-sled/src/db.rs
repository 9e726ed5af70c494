//! sled behind our rules: one tree, one writer, no panic gets out, and a sync that really syncs.
//!
//! The rules and the measurements behind them are in docs/decisions/003-storage.md.

use crate::{Io, Options, io::failed};
use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};
use store::Error;

/// How often to try for sled's own lock, 10 ms apart.
const LOCK_TRIES: u32 = 500;

/// The database of checkpointed rows.
pub(crate) struct Db {
    db: sled::Db,
    /// Our own handle of the file sled writes: its flush does not empty the disk's cache.
    file: File,
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

impl Db {
    pub fn open(dir: &Path, options: &Options) -> Result<Self, Error> {
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

    pub fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Error> {
        guarded("the database cannot be read", || self.db.get(key))
    }

    /// The first key that is not before `from`.
    pub fn key_from(&self, from: &[u8]) -> Result<Option<sled::IVec>, Error> {
        guarded("the database cannot be read", || self.db.range(from..).keys().next().transpose())
    }

    /// The keys from `from` on that begin with `prefix`, in order, each given to `each` until it answers false.
    pub fn keys(&self, prefix: &[u8], from: &[u8], each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let mut from = from.to_vec();
        loop {
            // Read in short stretches: a cursor of sled keeps memory from being freed while it lives.
            let stretch: Vec<sled::IVec> =
                guarded("the database cannot be read", || self.db.range(from.as_slice()..).keys().take(256).collect::<Result<_, _>>())?;
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
            for row in self.db.range(from..) {
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
        let what = "the database cannot be written";
        options.before(Io::DbBatch).map_err(|e| failed(what, &e))?;
        guarded(what, || self.db.apply_batch(batch))?;
        // A read between batches lets sled free what the batch replaced; without, memory grows without bound.
        guarded(what, || self.db.get([0_u8])).map(drop)
    }

    /// Makes everything applied so far durable.
    pub fn sync(&self, options: &Options) -> Result<(), Error> {
        let what = "the database cannot be synced";
        options.before(Io::DbSync).map_err(|e| failed(what, &e))?;
        guarded(what, || self.db.flush())?;
        self.file.sync_data().map_err(|e| failed(what, &e))
    }

    pub fn disk_bytes(&self) -> u64 {
        // Only a figure; an unreadable folder shows elsewhere.
        guarded("size", || self.db.size_on_disk()).unwrap_or(0)
    }
}

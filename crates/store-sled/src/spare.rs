//! The log's next segment, made of zeros while the one before it is filled.
//!
//! It is not part of the log before it has a segment's name; one that is left over is removed. It is made a little at a time, with pauses:
//! a sync of the log waits for what the disk was given before it.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How much is written and synced at once: some milliseconds of the disk.
const STRETCH: usize = 512 * 1024;
/// The pause after that: most of the disk is for the log.
const PAUSE: Duration = Duration::from_millis(8);

/// A segment being made.
pub(crate) struct Spare {
    /// None if there can be no thread.
    making: Option<JoinHandle<io::Result<File>>>,
    /// [`NOT_YET`], [`NEEDED`] or [`UNUSED`].
    wanted: Arc<AtomicU8>,
}

/// There is time.
const NOT_YET: u8 = 0;
/// It is waited for: no more pauses.
const NEEDED: u8 = 1;
/// Nobody will use it.
const UNUSED: u8 = 2;

impl Spare {
    /// Where it is made.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("next.spare")
    }

    /// Removes one that is left over.
    pub fn clear(dir: &Path) -> io::Result<()> {
        match fs::remove_file(Self::path(dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Begins to make one of this many bytes.
    pub fn begin(dir: &Path, bytes: u64) -> Self {
        let path = Self::path(dir);
        let wanted = Arc::new(AtomicU8::new(NOT_YET));
        let hurry = wanted.clone();
        let make = move || {
            let mut file = File::create(&path)?;
            let zeros = vec![0; STRETCH];
            let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
            while left > 0 {
                let part = zeros.get(..left).unwrap_or(&zeros);
                file.write_all(part)?;
                left -= part.len();
                match hurry.load(Ordering::Acquire) {
                    NOT_YET => {
                        file.sync_data()?;
                        thread::park_timeout(PAUSE);
                    }
                    // All of it is synced once, below.
                    NEEDED => {}
                    _ => return Ok(file),
                }
            }
            file.sync_all()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        };
        // Without it the log grows as it is written: slower, and just as safe.
        Self { making: thread::Builder::new().name("store-spare".into()).spawn(make).ok(), wanted }
    }

    /// Removes it, used or not.
    pub fn drop_unused(self, dir: &Path) {
        drop(self.ended(UNUSED));
        if let Err(error) = Self::clear(dir) {
            tracing::warn!("{} cannot be removed: {error}", Self::path(dir).display());
        }
    }

    /// The file, when it is whole; none if it could not be made. It is waited for.
    pub fn finished(self) -> Option<File> {
        self.ended(NEEDED)
    }

    fn ended(self, wanted: u8) -> Option<File> {
        let making = self.making?;
        self.wanted.store(wanted, Ordering::Release);
        making.thread().unpark();
        match making.join() {
            Ok(Ok(file)) => Some(file),
            Ok(Err(error)) => {
                tracing::warn!("no room could be made in advance for the log: {error}");
                None
            }
            Err(_) => None,
        }
    }
}

//! The log's next segment, made of zeros while the one before it is filled.
//!
//! It is not part of the log before it has a segment's name; one that is left over is removed.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread::JoinHandle,
};

/// How much is written at once.
const STRETCH: usize = 1024 * 1024;

/// A segment being made.
pub(crate) struct Spare(Option<JoinHandle<io::Result<File>>>);

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
        let make = move || {
            let mut file = File::create(&path)?;
            let zeros = vec![0; STRETCH];
            let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
            while left > 0 {
                let part = zeros.get(..left).unwrap_or(&zeros);
                file.write_all(part)?;
                left -= part.len();
            }
            file.sync_all()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        };
        // Without it the log grows as it is written: slower, and just as safe.
        Self(std::thread::Builder::new().name("store-spare".into()).spawn(make).ok())
    }

    /// Removes it, used or not.
    pub fn drop_unused(self, dir: &Path) {
        drop(self.finished());
        if let Err(error) = Self::clear(dir) {
            tracing::warn!("{} cannot be removed: {error}", Self::path(dir).display());
        }
    }

    /// The file, when it is whole; none if it could not be made.
    pub fn finished(self) -> Option<File> {
        let making = self.0?;
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

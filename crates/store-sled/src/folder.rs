//! The data folder: who has it, and what wrote it.

use crate::io::failed;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::Path,
};
use store::Error;

/// What this version writes.
const FORMAT: &str = "switchboard data 5";
/// What it reads besides: without commits that erase somebody or are about two (4), and without squeezed values (3). A folder
/// that is opened is of the new format from then on.
const OLDER: [&str; 2] = ["switchboard data 4", "switchboard data 3"];

/// Takes the folder for this process, until the file is dropped.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    fs::create_dir_all(dir).map_err(|e| failed(&format!("the data folder {} cannot be made", dir.display()), &e))?;
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| failed(&format!("{} cannot be opened", path.display()), &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(dir.display().to_string())),
        Err(TryLockError::Error(e)) => Err(failed(&format!("{} cannot be locked", path.display()), &e)),
    }
}

/// What a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Empty, or not there.
    New,
    /// Written by a version before this one, and readable. It gets the mark of this one before anything is written to it.
    Older,
    /// Written by this version.
    Current,
}

/// Checks what wrote the folder. What is not [`Found::Current`] gets its mark from [`mark`].
pub(crate) fn check(dir: &Path) -> Result<Found, Error> {
    match fs::read_to_string(dir.join("format")) {
        Ok(text) if text.trim_end() == FORMAT => Ok(Found::Current),
        Ok(text) if OLDER.contains(&text.trim_end()) => Ok(Found::Older),
        Ok(text) => Err(Error::Invalid(format!(
            "the data folder {} is of the format \"{}\", and this program reads \"{FORMAT}\"; use the program that wrote it",
            dir.display(),
            text.trim_end().chars().take(40).collect::<String>().escape_debug()
        ))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if dir.join("log").exists() || dir.join("db").exists() {
                return Err(Error::Invalid(format!(
                    "the data folder {} has data but no file \"format\", so it is unknown what wrote it; choose another folder",
                    dir.display()
                )));
            }
            Ok(Found::New)
        }
        // Not text: flipped bytes, or somebody else's file.
        Err(e) => Err(Error::Invalid(format!("{} cannot be read: {e}; choose another folder", dir.join("format").display()))),
    }
}

/// Marks the folder as written by this format, durably.
pub(crate) fn mark(dir: &Path) -> Result<(), Error> {
    let write = || {
        let temporary = dir.join("format.new");
        let mut file = File::create(&temporary)?;
        writeln!(file, "{FORMAT}")?;
        file.sync_all()?;
        fs::rename(&temporary, dir.join("format"))?;
        sync_folder(dir)
    };
    write().map_err(|e: io::Error| failed(&format!("{} cannot be written", dir.join("format").display()), &e))
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

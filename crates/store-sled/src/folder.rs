//! The data folder: who has it, and what wrote it.

use crate::io::failed;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::Path,
};
use store::Error;

/// What this version writes.
pub(crate) const FORMAT: &str = "switchboard data 5";
/// What it reads besides: without commits that erase somebody or are about two (4), and without squeezed values (3). A folder
/// that is opened is of the new format from then on.
const OLDER: [&str; 2] = ["switchboard data 4", "switchboard data 3"];

/// What a folder is marked with while an import fills it. No program opens it so.
const UNFINISHED: &str = "an import that was not finished";

/// What a data folder is known by. `lock` alone is left by who opened it and found it wrong.
const OURS: [&str; 8] = ["format", "db", "log", "blobs", "versions", "imports", "control.json", "format.new"];

/// Refuses a folder that holds somebody else's files and nothing of ours, before anything is written to it. What a new volume
/// holds by itself, and hidden files, are nobody's.
pub(crate) fn refuse_foreign(dir: &Path) -> Result<(), Error> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(failed(&format!("the data folder {} cannot be read", dir.display()), &e)),
    };
    let mut foreign = None;
    for entry in entries {
        let entry = entry.map_err(|e| failed(&format!("the data folder {} cannot be read", dir.display()), &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if OURS.contains(&&*name) {
            return Ok(());
        }
        if name != "lock" && name != "lost+found" && !name.starts_with('.') {
            foreign.get_or_insert(name);
        }
    }
    match foreign {
        None => Ok(()),
        Some(name) => Err(Error::Invalid(format!(
            "the folder {} holds other files ({} among them) and no data of Switchboard; choose an empty folder, or a name that is not taken",
            dir.display(),
            name.escape_debug()
        ))),
    }
}

/// Whether a format is this one or one that is read besides.
pub(crate) fn is_known(format: &str) -> bool {
    format == FORMAT || OLDER.contains(&format)
}

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
        Ok(text) if text.trim_end() == UNFINISHED => Err(Error::Invalid(format!(
            "the import into the data folder {} was not finished, so it cannot be used; remove the folder and import again",
            dir.display()
        ))),
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

/// Marks the folder as one that is being filled, durably.
pub(crate) fn mark_unfinished(dir: &Path) -> Result<(), Error> {
    write_mark(dir, UNFINISHED)
}

/// Marks the folder as written by this format, durably.
pub(crate) fn mark(dir: &Path) -> Result<(), Error> {
    write_mark(dir, FORMAT)
}

fn write_mark(dir: &Path, text: &str) -> Result<(), Error> {
    let write = || {
        let temporary = dir.join("format.new");
        let mut file = File::create(&temporary)?;
        writeln!(file, "{text}")?;
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

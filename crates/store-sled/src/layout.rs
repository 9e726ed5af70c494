//! Where the database of a data folder is, also in the middle of a compaction.
//!
//! | name        | what it is                                                                                   |
//! |-------------|----------------------------------------------------------------------------------------------|
//! | `db`        | the database                                                                                 |
//! | `db.N`      | a folder: the one a compaction fills; a link: where sled knows the current one by, while it runs |
//! | `db.old`    | the one before, on its way out                                                               |
//! | `db.frozen` | a copy that is being read ([`crate::frozen`]); nobody misses it                              |
//!
//! **Invariant.** One of them is whole at any moment, and [`settle`] tells which: `db`, unless `db.old` and a folder `db.N`
//! are both there. Then the process ended between the two renames that put `db.N`, whole and synced, in the place of `db`.

use crate::{Io, Options, folder::sync_folder, io::failed};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use store::{Error, room::Disk};

/// The database.
pub(crate) fn current(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn old(dir: &Path) -> PathBuf {
    dir.join("db.old")
}

/// What a compaction left, folders and links.
fn numbered(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix("db.")?.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

/// Where a copy is made to be read.
pub(crate) fn frozen(dir: &Path) -> PathBuf {
    dir.join("db.frozen")
}

/// Removes a copy that nobody reads any more.
pub(crate) fn remove_frozen(dir: &Path) -> Result<(), Error> {
    remove(&frozen(dir)).map_err(|e| failed(&format!("{} cannot be removed", frozen(dir).display()), &e))
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where a compaction left the whole database, if it is not in its place.
fn astray<'l>(dir: &Path, left: &'l [(u64, PathBuf)]) -> Option<&'l PathBuf> {
    let filled = left.iter().rev().find(|(_, path)| is_folder(path));
    filled.filter(|_| is_folder(&old(dir))).map(|(_, path)| path)
}

/// Copies the database of a folder at rest, wherever it is, so that it can be read: sled writes to what it opens. What is there of such
/// a copy already goes, and so does one that could not be finished.
pub(crate) fn copy_to_read(dir: &Path, options: &Options) -> Result<PathBuf, Error> {
    remove_frozen(dir)?;
    let unread = |e: io::Error| failed(&format!("the database in {} cannot be read", dir.display()), &e);
    let left = numbered(dir).map_err(unread)?;
    let from = astray(dir, &left).cloned().unwrap_or_else(|| current(dir));
    let disk = Disk::of(dir).looked_at(options.room.clone()).to_the_last();
    disk.check("a copy of the database, which is read in its place,", bytes(&from).map_err(unread)?)?;
    let path = frozen(dir);
    if let Err(error) = copy(&from, &path, options) {
        // The first error is the one to tell; the next start removes what stays.
        let _ = remove(&path);
        let (from, path) = (from.display(), path.display());
        return Err(Error::NoCopy(format!("{from} could not be copied to {path}, where it is to be read: {error}")));
    }
    Ok(path)
}

/// The bytes of the files below a folder; none if there is no such folder.
fn bytes(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    each_entry(folder, &mut |entry| {
        let meta = entry.metadata()?;
        sum += if meta.is_dir() { bytes(&entry.path())? } else { meta.len() };
        Ok(())
    })?;
    Ok(sum)
}

fn copy(from: &Path, to: &Path, options: &Options) -> io::Result<()> {
    fs::create_dir_all(to)?;
    each_entry(from, &mut |entry| {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            return copy(&entry.path(), &target, options);
        }
        options.before(Io::CopyWrite)?;
        fs::copy(entry.path(), target).map(drop)
    })
}

fn each_entry(folder: &Path, each: &mut dyn FnMut(fs::DirEntry) -> io::Result<()>) -> io::Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.try_for_each(|entry| each(entry?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts the whole database in its place and removes the others. Nobody has them open.
pub(crate) fn settle(dir: &Path) -> Result<(), Error> {
    remove_frozen(dir)?;
    let work = || {
        let left = numbered(dir)?;
        if let Some(path) = astray(dir, &left) {
            // Empty, if anything: made by a program that does not know about compactions.
            remove(&current(dir))?;
            fs::rename(path, current(dir))?;
            sync_folder(dir)?;
        }
        if left.is_empty() && !is_folder(&old(dir)) {
            return Ok(());
        }
        for (_, path) in left {
            remove(&path)?;
        }
        remove(&old(dir))?;
        sync_folder(dir)
    };
    work().map_err(|e: io::Error| failed(&format!("the database in {} cannot be put in order", dir.display()), &e))
}

/// Where a compaction makes its database: a name nothing has.
pub(crate) fn next(dir: &Path) -> Result<PathBuf, Error> {
    let last = numbered(dir).map_err(|e| failed(&format!("{} cannot be read", dir.display()), &e))?;
    Ok(dir.join(format!("db.{}", last.last().map_or(1, |(number, _)| number + 1))))
}

/// Puts the database at `path`, whole and synced, in the place of the current one, which becomes the old one.
pub(crate) fn put_in_place(dir: &Path, path: &Path, options: &Options) -> Result<(), Error> {
    let work = || {
        // Its own names are durable before anything relies on them.
        sync_folder(path)?;
        options.before(Io::Swap)?;
        fs::rename(current(dir), old(dir))?;
        options.before(Io::Swap)?;
        fs::rename(path, current(dir))?;
        options.before(Io::Swap)?;
        sync_folder(dir)?;
        // sled knows it by the name it was opened with.
        link(path)
    };
    work().map_err(|e: io::Error| failed(&format!("the database {} cannot be put in place", path.display()), &e))
}

#[cfg(unix)]
fn link(path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink("db", path)
}

#[cfg(not(unix))]
fn link(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes the old database, and the names of those before the one that was opened as `path`. Nobody has them open any more.
pub(crate) fn remove_old(dir: &Path, path: &Path, options: &Options) -> Result<(), Error> {
    let work = || {
        options.before(Io::Swap)?;
        remove(&old(dir))?;
        for (_, name) in numbered(dir)?.iter().filter(|(_, name)| name != path) {
            remove(name)?;
        }
        sync_folder(dir)
    };
    work().map_err(|e: io::Error| failed(&format!("the old database in {} cannot be removed", dir.display()), &e))
}

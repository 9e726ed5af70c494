//! Writing an export: beside its place, and then into it, whole.

use super::{
    ArchiveError, Header, MAGIC, Progress, Totals,
    chunks::Out,
    entry::{self},
    files::Files,
};
use crate::{Damage, Error, Frozen, Part, room::Disk};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Bytes of a file in one entry.
const PIECE: usize = 256 * 1024;
/// Bytes after which it is looked whether there is room for more.
const LOOK: usize = 8 * 1024 * 1024;

/// A file that is being written beside its place. Left alone, it goes.
pub struct Target {
    place: PathBuf,
    beside: PathBuf,
    out: Option<BufWriter<File>>,
    /// The disk it is on.
    disk: Disk,
}

impl Target {
    /// Begins a file, readable by its owner alone, that comes to be at `place` when it is whole.
    ///
    /// # Errors
    /// [`ArchiveError::Exists`] if something is there and is not to be replaced; [`ArchiveError::Io`] if the disk refuses.
    pub fn begin(place: &Path, replace: bool) -> Result<Self, ArchiveError> {
        let refused = |e: io::Error| ArchiveError::Io(format!("{} cannot be written", place.display()), e);
        if place.is_dir() || (!replace && place.symlink_metadata().is_ok()) {
            return Err(ArchiveError::Exists(place.display().to_string()));
        }
        let name = place.file_name().ok_or_else(|| refused(io::Error::other("it has no name")))?.to_string_lossy();
        clear(folder_of(place), &format!(".{name}."));
        let beside = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&beside).map_err(refused)?;
        // Says that somebody writes it; where files cannot be locked it says so by being there.
        let _ = file.try_lock();
        let disk = Disk::of(folder_of(place)).to_the_last();
        Ok(Self { place: place.to_owned(), beside, out: Some(BufWriter::with_capacity(1024 * 1024, file)), disk })
    }

    /// The same where a store serves from this disk: if the file is on it as well, it leaves that store the room it needs.
    #[must_use]
    pub fn leaving_room(mut self, served: &Disk) -> Self {
        if served.has(folder_of(&self.place)) {
            self.disk = served.clone();
        }
        self
    }

    /// Checks that there is room for so many bytes.
    ///
    /// # Errors
    /// [`Error::NoCopy`], as that of the store, with what is needed and what is free.
    pub fn check(&self, need: u64) -> Result<(), ArchiveError> {
        Ok(self.disk.check("the export", need)?)
    }

    fn refused(&self, error: io::Error) -> ArchiveError {
        ArchiveError::Io(format!("{} cannot be written", self.place.display()), error)
    }

    /// Puts what was written in its place, durably.
    fn finish(&self, out: BufWriter<File>, replace: bool) -> Result<u64, ArchiveError> {
        let refused = |e: io::Error| self.refused(e);
        let file = out.into_inner().map_err(|e| refused(e.into_error()))?;
        file.sync_all().map_err(refused)?;
        let size = file.metadata().map_err(refused)?.len();
        if replace {
            fs::rename(&self.beside, &self.place).map_err(refused)?;
        } else {
            // Fails if somebody put something there meanwhile.
            match fs::hard_link(&self.beside, &self.place) {
                Ok(()) => fs::remove_file(&self.beside).map_err(refused)?,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(ArchiveError::Exists(self.place.display().to_string()));
                }
                // A file system without second names.
                Err(_) => fs::rename(&self.beside, &self.place).map_err(refused)?,
            }
        }
        File::open(folder_of(&self.place)).and_then(|folder| folder.sync_all()).map_err(refused)?;
        Ok(size)
    }
}

/// Removes what killed processes left of exports to a place: files that begin with this and that nobody holds.
fn clear(folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_part = entry.file_name().to_str().and_then(|of| of.strip_prefix(name)?.strip_suffix(".part")).is_some_and(is_number);
        let is_left = || File::options().write(true).open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_part && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left() {
            // What cannot be removed is in nobody's way but that of a process with its number.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The folder of a file.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What an export is written to.
struct Written<'t> {
    out: Out<BufWriter<File>>,
    target: &'t Target,
    /// Bytes since the last look.
    since: usize,
}

impl Written<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.since += bytes.len();
        if self.since >= LOOK {
            self.since = 0;
            self.target.check(0)?;
        }
        self.out.write(bytes).map_err(|e| self.target.refused(e))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // In its place it has another name.
        let _ = fs::remove_file(&self.beside);
    }
}

/// Writes everything into a file; answers what there was, and how many bytes the file has.
///
/// # Errors
/// [`ArchiveError`]; there is no file then, or the one from before.
pub fn export(
    frozen: &dyn Frozen,
    files: Files,
    header: &Header,
    mut target: Target,
    replace: bool,
    progress: &Progress<'_>,
) -> Result<(Totals, u64), ArchiveError> {
    let mut to = target.out.take().ok_or(ArchiveError::Stopped)?;
    target.check(files.bytes())?;
    let led =
        serde_json::to_string(header).map_err(|e| ArchiveError::Store(Error::Failed(format!("the header cannot be written: {e}"))))?;
    writeln!(to, "{MAGIC}\n{led}\n{:08x}", crc32fast::hash(led.as_bytes())).map_err(|e| target.refused(e))?;
    let mut out = Written { out: Out::new(to), target: &target, since: 0 };
    let (mut totals, mut written) = (Totals::default(), Vec::with_capacity(64 * 1024));
    files.each(|head, bytes| {
        head.write(&mut written)?;
        totals.files += 1;
        totals.file_bytes += head.size;
        let (mut left, mut piece) = (head.size, vec![0; PIECE]);
        while left > 0 {
            if !progress(0) {
                return Err(ArchiveError::Stopped);
            }
            let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let piece = piece.get_mut(..now).unwrap_or_default();
            bytes.read_exact(piece).map_err(|e| ArchiveError::Io(format!("{} cannot be read", head.path), e))?;
            entry::write_bytes(piece, &mut written)?;
            out.write(&written)?;
            written.clear();
            left -= now as u64;
        }
        out.write(&written)?;
        written.clear();
        Ok(())
    })?;
    // The store's callback answers its own errors; ours waits here.
    let mut failed = None;
    let read = frozen.read(&mut |part| {
        let outcome = part.map_err(unreadable).and_then(|part| {
            totals.count(&part);
            if matches!(part, Part::Person(_)) && !progress(totals.people) {
                return Err(ArchiveError::Stopped);
            }
            written.clear();
            entry::write_part(&part, &mut written)?;
            out.write(&written)
        });
        outcome.map_err(|error| {
            failed = Some(error);
            Error::Failed("the export ended".into())
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    read?;
    written.clear();
    totals.write(&mut written)?;
    out.write(&written)?;
    let to = out.out.finish().map_err(|e| target.refused(e))?;
    let size = target.finish(to, replace)?;
    Ok((totals, size))
}

fn unreadable(damage: Damage) -> ArchiveError {
    let Damage { table, key, what } = damage;
    ArchiveError::Unreadable { table, key, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_export_left_goes_and_what_another_writes_stays() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("backup");
        for name in [".backup.1.part", ".backup.1.part.txt", ".backup.x.part", ".other.1.part"] {
            fs::write(dir.path().join(name), "half").unwrap();
        }
        let writing = File::create(dir.path().join(".backup.2.part")).unwrap();
        writing.lock().unwrap();
        let target = Target::begin(&place, false).unwrap();
        let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let own = format!(".backup.{}.part", std::process::id());
        let mut expected =
            vec![".backup.1.part.txt".to_owned(), ".backup.2.part".into(), own, ".backup.x.part".into(), ".other.1.part".into()];
        expected.sort();
        assert_eq!(names, expected);
        assert!(matches!(Target::begin(&place, false).err(), Some(ArchiveError::Io(..))), "one of a process at a time");
        drop(target);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), expected.len() - 1);
    }
}

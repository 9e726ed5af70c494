//! A file that comes to be at its place whole: it is written beside it and renamed, so whoever looks there finds what was there before
//! or all of it, never a part.
//!
//! Such files hold what people said and who they are: they are readable by their owner alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

/// Why a file did not come to be at its place. What was there before is there still.
#[derive(Debug, thiserror::Error)]
pub enum BesideError {
    /// The place is taken.
    #[error("{0} is there already; choose another name, or replace it with --force")]
    Exists(String),
    /// Something is there that no file can replace: a folder, a device.
    #[error("{0} is there already and is no file; choose another name")]
    NoFile(String),
    /// The disk refused.
    #[error("{0} cannot be written: {1}")]
    Io(String, #[source] io::Error),
}

/// The place of a file that is being written beside it. Left alone, what was written goes.
pub struct Beside {
    place: PathBuf,
    part: PathBuf,
    replace: bool,
}

impl Beside {
    /// Begins a file, readable by its owner alone, that comes to be at `place` when it is whole: the place, and where to write.
    ///
    /// # Errors
    /// [`BesideError`]; something is there and is not to be replaced, or the disk refuses.
    pub fn begin(place: &Path, replace: bool) -> Result<(Self, BufWriter<File>), BesideError> {
        let shown = || place.display().to_string();
        let refused = |e: io::Error| BesideError::Io(shown(), e);
        if place.metadata().is_ok_and(|there| !there.is_file()) {
            return Err(BesideError::NoFile(shown()));
        }
        if !replace && place.symlink_metadata().is_ok() {
            return Err(BesideError::Exists(shown()));
        }
        let name = place.file_name().ok_or_else(|| refused(io::Error::other("it has no name")))?.to_string_lossy();
        clear(folder_of(place), &format!(".{name}."));
        let part = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(refused)?;
        // Says that somebody writes it; where files cannot be locked it says so by being there.
        let _ = file.try_lock();
        Ok((Self { place: place.to_owned(), part, replace }, BufWriter::with_capacity(1024 * 1024, file)))
    }

    /// Where it comes to be.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// An error of writing, with the place.
    pub fn refused(&self, error: io::Error) -> BesideError {
        BesideError::Io(self.place.display().to_string(), error)
    }

    /// Puts what was written in its place, durably; answers how many bytes it has.
    ///
    /// # Errors
    /// [`BesideError`]; somebody put something there meanwhile that is not to be replaced, or the disk refuses.
    pub fn finish(&self, out: BufWriter<File>) -> Result<u64, BesideError> {
        let refused = |e: io::Error| self.refused(e);
        let file = out.into_inner().map_err(|e| refused(e.into_error()))?;
        file.sync_all().map_err(refused)?;
        let size = file.metadata().map_err(refused)?.len();
        if self.replace {
            fs::rename(&self.part, &self.place).map_err(refused)?;
        } else {
            // Fails if somebody put something there meanwhile.
            match fs::hard_link(&self.part, &self.place) {
                Ok(()) => fs::remove_file(&self.part).map_err(refused)?,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(BesideError::Exists(self.place.display().to_string()));
                }
                // A file system without second names.
                Err(_) => fs::rename(&self.part, &self.place).map_err(refused)?,
            }
        }
        File::open(folder_of(&self.place)).and_then(|folder| folder.sync_all()).map_err(refused)?;
        Ok(size)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // In its place it has another name.
        let _ = fs::remove_file(&self.part);
    }
}

/// The folder of a file.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what killed processes left of files to a place: files that begin with this and that nobody holds.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_writes_stays() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("backup");
        for name in [".backup.1.part", ".backup.1.part.txt", ".backup.x.part", ".other.1.part"] {
            fs::write(dir.path().join(name), "half").unwrap();
        }
        let writing = File::create(dir.path().join(".backup.2.part")).unwrap();
        writing.lock().unwrap();
        let begun = Beside::begin(&place, false).unwrap();
        let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let own = format!(".backup.{}.part", std::process::id());
        let mut expected =
            vec![".backup.1.part.txt".to_owned(), ".backup.2.part".into(), own, ".backup.x.part".into(), ".other.1.part".into()];
        expected.sort();
        assert_eq!(names, expected);
        assert!(matches!(Beside::begin(&place, false).err(), Some(BesideError::Io(..))), "one of a process at a time");
        drop(begun);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), expected.len() - 1);
    }

    #[test]
    fn what_is_there_stays_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("people.csv");
        fs::write(&place, "old").unwrap();
        assert!(matches!(Beside::begin(&place, false).err(), Some(BesideError::Exists(_))));
        let (beside, mut out) = Beside::begin(&place, true).unwrap();
        out.write_all(b"half").unwrap();
        drop((beside, out));
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
        let (beside, mut out) = Beside::begin(&place, true).unwrap();
        out.write_all(b"whole").unwrap();
        assert_eq!(beside.finish(out).unwrap(), 5);
        assert_eq!(fs::read_to_string(&place).unwrap(), "whole");
        let meanwhile = dir.path().join("meanwhile.csv");
        let (beside, out) = Beside::begin(&meanwhile, false).unwrap();
        fs::write(&meanwhile, "somebody else's").unwrap();
        assert!(matches!(beside.finish(out), Err(BesideError::Exists(_))));
        assert_eq!(fs::read_to_string(&meanwhile).unwrap(), "somebody else's");
        assert!(matches!(Beside::begin(dir.path(), true).err(), Some(BesideError::NoFile(_))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert!(matches!(Beside::begin(Path::new("/dev/null"), true).err(), Some(BesideError::NoFile(_))));
        }
    }
}

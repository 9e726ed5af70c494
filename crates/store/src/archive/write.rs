//! Writing an export: beside its place, and then into it, whole.

use super::{
    ArchiveError, Header, MAGIC, Progress, Totals,
    chunks::Out,
    entry::{self},
    files::Files,
};
use crate::{Damage, Error, Frozen, Part};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Bytes of a file in one entry.
const PIECE: usize = 256 * 1024;

/// A file that is being written beside its place. Left alone, it goes.
pub struct Target {
    place: PathBuf,
    beside: PathBuf,
    out: Option<BufWriter<File>>,
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
        let beside = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        // Left by a process of this number that was killed.
        let _ = fs::remove_file(&beside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&beside).map_err(refused)?;
        Ok(Self { place: place.to_owned(), beside, out: Some(BufWriter::with_capacity(1024 * 1024, file)) })
    }

    /// Puts what was written in its place, durably.
    fn finish(&self, out: BufWriter<File>, replace: bool) -> Result<u64, ArchiveError> {
        let refused = |e: io::Error| ArchiveError::Io(format!("{} cannot be written", self.place.display()), e);
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
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)?;
        Ok(size)
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
    let place = target.place.display().to_string();
    let refused = |e: io::Error| ArchiveError::Io(format!("{place} cannot be written"), e);
    let mut to = target.out.take().ok_or(ArchiveError::Stopped)?;
    let led =
        serde_json::to_string(header).map_err(|e| ArchiveError::Store(Error::Failed(format!("the header cannot be written: {e}"))))?;
    writeln!(to, "{MAGIC}\n{led}\n{:08x}", crc32fast::hash(led.as_bytes())).map_err(refused)?;
    let mut out = Out::new(to);
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
            out.write(&written).map_err(refused)?;
            written.clear();
            left -= now as u64;
        }
        out.write(&written).map_err(refused)?;
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
            out.write(&written).map_err(refused)
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
    out.write(&written).map_err(refused)?;
    let to = out.finish().map_err(refused)?;
    let size = target.finish(to, replace)?;
    Ok((totals, size))
}

fn unreadable(damage: Damage) -> ArchiveError {
    let Damage { table, key, what } = damage;
    ArchiveError::Unreadable { table, key, what }
}

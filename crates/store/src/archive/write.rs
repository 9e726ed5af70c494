//! Writing an export, with room for it.

use super::{
    ArchiveError, Header, MAGIC, Progress, Totals,
    chunks::Out,
    entry::{self},
    files::Files,
};
use crate::{
    Damage, Error, Frozen, Part,
    beside::{Beside, folder_of},
    room::Disk,
};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Bytes of a file in one entry.
const PIECE: usize = 256 * 1024;
/// Bytes after which it is looked whether there is room for more.
const LOOK: usize = 8 * 1024 * 1024;

/// An export that is being written beside its place. Left alone, it goes.
pub struct Target {
    file: Beside,
    out: Option<BufWriter<File>>,
    /// The disk it is on.
    disk: Disk,
}

impl Target {
    /// Begins a file, readable by its owner alone, that comes to be at `place` when it is whole.
    ///
    /// # Errors
    /// [`ArchiveError::Place`] if something is there and is not to be replaced, or if the disk refuses.
    pub fn begin(place: &Path, replace: bool) -> Result<Self, ArchiveError> {
        let (file, out) = Beside::begin(place, replace)?;
        let disk = Disk::of(folder_of(place)).to_the_last();
        Ok(Self { file, out: Some(out), disk })
    }

    /// The same where a store serves from this disk: if the file is on it as well, it leaves that store the room it needs.
    #[must_use]
    pub fn leaving_room(mut self, served: &Disk) -> Self {
        if served.has(folder_of(self.file.place())) {
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
        self.file.refused(error).into()
    }
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

/// Writes everything into a file; answers what there was, and how many bytes the file has.
///
/// # Errors
/// [`ArchiveError`]; there is no file then, or the one from before.
pub fn export(
    frozen: &dyn Frozen,
    files: Files,
    header: &Header,
    mut target: Target,
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
    let size = target.file.finish(to)?;
    Ok((totals, size))
}

fn unreadable(damage: Damage) -> ArchiveError {
    let Damage { table, key, what } = damage;
    ArchiveError::Unreadable { table, key, what }
}

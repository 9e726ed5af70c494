//! Room on a disk: how much is free where a folder is, and how much of that is left to a store that serves.
//!
//! A server that cannot write its log stops. So whatever else writes to its disk, a copy of its database or an export, asks here before
//! it begins and while it goes on, and gives back what it took before the last of the room is gone.

use crate::Error;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

const MIB: u64 = 1024 * 1024;
/// What is left to a store that serves, in bytes: some segments of its log, and what it carries over from them. 256 MiB.
pub const KEPT_FREE: u64 = 256 * MIB;
/// It is getting tight below this, however large the disk is: 2 GiB.
const TIGHT: u64 = 2_048 * MIB;

/// The room of a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// What may be written yet.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

impl Room {
    /// The room on the disk that something is on; none where the system does not tell.
    #[cfg(unix)]
    pub fn at(path: &Path) -> Option<Self> {
        let told = rustix::fs::statvfs(path).ok()?;
        Some(Self { free: told.f_bavail.saturating_mul(told.f_frsize), total: told.f_blocks.saturating_mul(told.f_frsize) })
    }

    /// The room on the disk that something is on; none where the system does not tell.
    #[cfg(not(unix))]
    pub fn at(_: &Path) -> Option<Self> {
        None
    }

    /// Whether somebody should make room: less than a tenth of the disk is free, of a large one less than 2 GiB, and of any less than
    /// twice what is left to a store that serves ([`KEPT_FREE`]).
    pub fn is_tight(&self) -> bool {
        self.free < (self.total / 10).clamp(2 * KEPT_FREE, TIGHT)
    }
}

/// Tells the room where a path is.
pub type Look = Arc<dyn Fn(&Path) -> Option<Room> + Send + Sync>;

/// The disk that a folder is on, and how much of it is to stay free.
#[derive(Clone)]
pub struct Disk {
    folder: PathBuf,
    kept: u64,
    look: Look,
}

impl Disk {
    /// The disk of a store that serves from this folder.
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), kept: KEPT_FREE, look: Arc::new(Room::at) }
    }

    /// The same with other means to look at it, for tests; none: the system's.
    #[must_use]
    pub fn looked_at(self, look: Option<Look>) -> Self {
        Self { look: look.unwrap_or(self.look), ..self }
    }

    /// The same where nobody needs what is left.
    #[must_use]
    pub fn to_the_last(self) -> Self {
        Self { kept: 0, ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The room there is; none where the system does not tell.
    pub fn room(&self) -> Option<Room> {
        (self.look)(&self.folder)
    }

    /// Whether something is on this disk; yes where the system does not tell.
    pub fn has(&self, path: &Path) -> bool {
        is_same(&self.folder, path)
    }

    /// Checks that so many more bytes leave what is to stay free; `what` says what takes them. Nothing is known where the system does
    /// not tell, and then there is room.
    ///
    /// # Errors
    /// [`Error::NoCopy`] with what is needed and what is free.
    pub fn check(&self, what: &str, need: u64) -> Result<(), Error> {
        let Some(Room { free, .. }) = self.room() else { return Ok(()) };
        if free >= need.saturating_add(self.kept) {
            return Ok(());
        }
        let needs = match need {
            0 => format!("{what} was given up"),
            need => format!("{what} takes up to {}", size(need)),
        };
        let kept = match self.kept {
            0 => String::new(),
            kept => format!(", and {} stay with the server", size(kept)),
        };
        let (folder, free) = (self.folder.display(), size(free));
        Err(Error::NoCopy(format!("there is not enough room on the disk of {folder}: {needs}, {free} are free{kept}; make room first")))
    }
}

#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    match (device(one), device(other)) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    }
}

#[cfg(not(unix))]
fn is_same(_: &Path, _: &Path) -> bool {
    true
}

/// So many bytes, as people read them.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    match UNITS.get(unit) {
        Some(name) if unit > 0 => format!("{amount:.1} {name}"),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(free: u64) -> Disk {
        Disk::of("/data").looked_at(Some(Arc::new(move |_: &Path| Some(Room { free, total: 100 << 30 }))))
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!([size(12), size(2_048), size(3 << 30)], ["12 bytes", "2.0 KiB", "3.0 GiB"]);
    }

    #[test]
    fn what_does_not_fit_is_told_with_need_and_room_and_the_last_of_it_is_left_to_the_server() {
        assert!(disk(KEPT_FREE + 5).check("a copy", 5).is_ok());
        let told = disk(KEPT_FREE + 4).check("a copy of the database", 3 * MIB).unwrap_err().to_string();
        let sentence = "there is not enough room on the disk of /data: a copy of the database takes up to 3.0 MiB, 256.0 MiB are free, \
                        and 256.0 MiB stay with the server; make room first";
        assert_eq!(told, sentence);
        let told = disk(KEPT_FREE - 1).check("the export", 0).unwrap_err().to_string();
        assert!(told.contains("the export was given up, 256.0 MiB are free"), "{told}");
        assert!(disk(5).to_the_last().check("a copy", 5).is_ok() && disk(4).to_the_last().check("a copy", 5).is_err());
        assert!(Disk::of("/data").looked_at(Some(Arc::new(|_: &Path| None))).check("a copy", u64::MAX).is_ok(), "nothing is known");
    }

    #[test]
    fn it_is_tight_before_it_is_too_late_on_small_and_large_disks() {
        let tight = |free, total| Room { free: free * MIB, total: total * MIB }.is_tight();
        assert!(!tight(3_000, 1 << 20) && tight(2_000, 1 << 20), "two GiB of a large one");
        assert!(!tight(1_100, 10_240) && tight(1_000, 10_240), "a tenth of a small one");
        assert!(!tight(600, 1_024) && tight(500, 1_024), "twice what the server is left, of a tiny one");
    }

    #[test]
    #[cfg(unix)]
    fn the_system_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::of(dir.path());
        let Room { free, total } = disk.room().unwrap();
        assert!(total > 0 && free <= total);
        assert!(disk.has(&dir.path().join("..")));
        assert!(Disk::of(dir.path().join("nothing")).room().is_none());
    }
}

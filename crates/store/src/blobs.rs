//! Attachments: bytes named by their own hash, written before the commit that names them.
//!
//! **Invariant.** A name is the SHA-256 of the bytes, so equal files are stored once, a file never changes, and no
//! text from outside ever becomes a path.

use model::BlobId;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk refused.
    #[error("the attachment {0} cannot be stored or read: {1}")]
    Io(String, #[source] io::Error),
    /// The bytes are not the ones that were stored.
    #[error("the attachment {0} is damaged on disk")]
    Corrupt(String),
    /// The id is not 64 lower-case hex digits.
    #[error("\"{0}\" is not the id of an attachment")]
    NotAnId(String),
}

/// Where attachments are. All calls block; call them off the async threads.
pub trait Blobs: Send + Sync {
    /// Stores bytes; durable when it returns. Storing them again is harmless.
    ///
    /// # Errors
    /// [`BlobError::Io`] if the disk refuses.
    fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError>;

    /// The bytes; none if there are none by this name.
    ///
    /// # Errors
    /// [`BlobError`] if they cannot be read or are not what was stored.
    fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError>;

    /// Whether there are bytes by this name.
    fn exists(&self, id: &BlobId) -> bool;

    /// Says that somebody is about to have these bytes, as if they were stored again: they are not doomed any more. Answers whether they
    /// are there.
    fn keep(&self, id: &BlobId) -> bool;

    /// Says that these may go: whoever had them was erased. One that is stored again from now on stays. Answers by what name they can be
    /// removed, until the same is said of them anew.
    fn doom(&self, ids: &[BlobId]) -> Doom;

    /// Removes those that were doomed by this name, except those that somebody still has; answers how many there were. From then on none
    /// of them is doomed.
    ///
    /// # Errors
    /// [`BlobError::Io`] if the disk refuses; some may be gone by then, and the others stay.
    fn remove_doomed(&self, doom: Doom, kept: &HashSet<BlobId>) -> Result<u64, BlobError>;

    /// Says that those that were doomed by this name stay.
    fn spare(&self, doom: Doom);
}

/// The name by which some attachments were doomed at once: what one caller knows of who has them says nothing of another caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doom(u64);

/// Attachments that may go, each by the name by which that was said last.
#[derive(Default)]
struct Doomed {
    by: HashMap<BlobId, Doom>,
    last: u64,
}

impl Doomed {
    fn add(&mut self, ids: &[BlobId]) -> Doom {
        self.last += 1;
        let doom = Doom(self.last);
        self.by.extend(ids.iter().map(|id| (id.clone(), doom)));
        doom
    }

    fn take(&mut self, doom: Doom) -> Vec<BlobId> {
        self.by.extract_if(|_, by| *by == doom).map(|(id, _)| id).collect()
    }
}

/// The name of bytes.
fn name(bytes: &[u8]) -> BlobId {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    BlobId(hex)
}

/// Attachments as files: `<folder>/ab/cd/abcd…`.
pub struct FileBlobs {
    folder: PathBuf,
    /// Tells two writers of this process apart.
    temporary: AtomicU64,
    doomed: Mutex<Doomed>,
}

/// Good data whoever panicked: nothing under these locks is left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileBlobs {
    /// Attachments under `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|e| BlobError::Io(folder.display().to_string(), e))?;
        Ok(Self { folder, temporary: AtomicU64::new(0), doomed: Mutex::default() })
    }

    /// The file of an id. Only ids of the right form have one, so nothing can lead out of the folder.
    fn path(&self, id: &BlobId) -> Result<PathBuf, BlobError> {
        let parts = BlobId::parse(&id.0).and_then(|id| Some((id.0.get(0..2)?.to_owned(), id.0.get(2..4)?.to_owned(), id.0)));
        let (a, b, whole) = parts.ok_or_else(|| BlobError::NotAnId(id.0.chars().take(64).collect()))?;
        Ok(self.folder.join(a).join(b).join(whole))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent)?;
        let temporary = parent.join(format!(".{}-{}.tmp", std::process::id(), self.temporary.fetch_add(1, Ordering::Relaxed)));
        let outcome = (|| {
            let mut file = File::create_new(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        })();
        if outcome.is_err() {
            // The first error is the one to tell; a left-over file is only waste.
            let _ = fs::remove_file(&temporary);
        }
        outcome?;
        // A new name is durable once its folder is, and a new folder once the one above it is.
        for folder in path.ancestors().skip(1).take_while(|f| f.starts_with(&self.folder)) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Blobs for FileBlobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError> {
        let id = name(bytes);
        let path = self.path(&id)?;
        lock(&self.doomed).by.remove(&id);
        // A file of the right size was renamed into place whole; anything else is written anew.
        let there = fs::metadata(&path).is_ok_and(|m| m.len() == bytes.len() as u64);
        if !there {
            self.write(&path, bytes).map_err(|e| BlobError::Io(id.0.clone(), e))?;
        }
        Ok(id)
    }

    fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        match fs::read(self.path(id)?) {
            Ok(bytes) if name(&bytes) == *id => Ok(Some(bytes)),
            Ok(_) => Err(BlobError::Corrupt(id.0.clone())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(BlobError::Io(id.0.clone(), e)),
        }
    }

    fn exists(&self, id: &BlobId) -> bool {
        self.path(id).is_ok_and(|path| path.is_file())
    }

    fn keep(&self, id: &BlobId) -> bool {
        // Under the lock, so that it is there for good or gone, and not on its way out.
        let mut doomed = lock(&self.doomed);
        doomed.by.remove(id);
        self.exists(id)
    }

    fn doom(&self, ids: &[BlobId]) -> Doom {
        lock(&self.doomed).add(ids)
    }

    fn spare(&self, doom: Doom) {
        lock(&self.doomed).take(doom);
    }

    fn remove_doomed(&self, doom: Doom, kept: &HashSet<BlobId>) -> Result<u64, BlobError> {
        // Held to the end, so that whoever stores one of them again finds it there or gone, and not on its way out.
        let mut doomed = lock(&self.doomed);
        let mut count = 0;
        for id in doomed.take(doom).iter().filter(|id| !kept.contains(id)) {
            let path = self.path(id)?;
            match fs::remove_file(&path) {
                Ok(()) => count += 1,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(BlobError::Io(id.0.clone(), e)),
            }
            let folder = path.parent().unwrap_or(&self.folder);
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| BlobError::Io(id.0.clone(), e))?;
        }
        Ok(count)
    }
}

/// Attachments in memory, for tests and `chat`.
#[derive(Clone, Default)]
pub struct MemBlobs {
    held: Arc<Mutex<HashMap<BlobId, Vec<u8>>>>,
    doomed: Arc<Mutex<Doomed>>,
}

impl MemBlobs {
    /// No attachments yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Blobs for MemBlobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError> {
        let id = name(bytes);
        lock(&self.doomed).by.remove(&id);
        lock(&self.held).insert(id.clone(), bytes.to_vec());
        Ok(id)
    }

    fn get(&self, id: &BlobId) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(lock(&self.held).get(id).cloned())
    }

    fn exists(&self, id: &BlobId) -> bool {
        lock(&self.held).contains_key(id)
    }

    fn keep(&self, id: &BlobId) -> bool {
        let mut doomed = lock(&self.doomed);
        doomed.by.remove(id);
        self.exists(id)
    }

    fn doom(&self, ids: &[BlobId]) -> Doom {
        lock(&self.doomed).add(ids)
    }

    fn spare(&self, doom: Doom) {
        lock(&self.doomed).take(doom);
    }

    fn remove_doomed(&self, doom: Doom, kept: &HashSet<BlobId>) -> Result<u64, BlobError> {
        let mut doomed = lock(&self.doomed);
        let mut held = lock(&self.held);
        let gone = doomed.take(doom).into_iter().filter(|id| !kept.contains(id) && held.remove(id).is_some());
        Ok(gone.count() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(check: impl Fn(&dyn Blobs)) {
        let folder = tempfile::tempdir().unwrap();
        check(&FileBlobs::open(folder.path().join("blobs")).unwrap());
        check(&MemBlobs::new());
    }

    #[test]
    fn bytes_come_back_by_their_hash() {
        both(|blobs| {
            let id = blobs.put(b"abc").unwrap();
            assert_eq!(id.0, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            assert_eq!(blobs.put(b"abc").unwrap(), id);
            assert_eq!(blobs.get(&id).unwrap().as_deref(), Some(&b"abc"[..]));
            assert!(blobs.exists(&id));
            let absent = BlobId("0".repeat(64));
            assert_eq!(blobs.get(&absent).unwrap(), None);
            assert!(!blobs.exists(&absent));
        });
    }

    #[test]
    fn what_is_doomed_goes_unless_somebody_has_it_or_stores_it_again() {
        both(|blobs| {
            let [gone, kept, again, had] = [b"gone", b"kept", b"anew", b"has!"].map(|bytes| blobs.put(bytes).unwrap());
            let doom = blobs.doom(&[gone.clone(), kept.clone(), again.clone(), had.clone()]);
            assert_eq!(blobs.put(b"anew").unwrap(), again);
            assert!(blobs.keep(&had));
            assert_eq!(blobs.remove_doomed(doom, &HashSet::from([kept.clone()])).unwrap(), 1);
            assert!(!blobs.exists(&gone) && blobs.exists(&kept) && blobs.exists(&again) && blobs.exists(&had));
            assert!(!blobs.keep(&gone), "it is gone, and whoever wants it is told so");
            assert_eq!(blobs.remove_doomed(doom, &HashSet::new()).unwrap(), 0, "what stayed is not doomed any more");
            assert!(blobs.exists(&kept));
        });
    }

    #[test]
    fn whoever_removes_something_takes_nothing_that_another_one_doomed() {
        both(|blobs| {
            let [given_up, twice, mine] = [b"early", b"twice", b"mine!"].map(|bytes| blobs.put(bytes).unwrap());
            let first = blobs.doom(&[given_up.clone(), twice.clone()]);
            let second = blobs.doom(&[twice.clone(), mine.clone()]);
            assert_eq!(blobs.remove_doomed(second, &HashSet::from([twice.clone()])).unwrap(), 1);
            assert!(blobs.exists(&given_up) && blobs.exists(&twice) && !blobs.exists(&mine));
            let third = blobs.doom(std::slice::from_ref(&twice));
            blobs.spare(first);
            assert_eq!(blobs.remove_doomed(first, &HashSet::new()).unwrap(), 0, "they were spared");
            assert_eq!(blobs.remove_doomed(third, &HashSet::new()).unwrap(), 1, "that is somebody else's to spare");
            assert!(blobs.exists(&given_up) && !blobs.exists(&twice));
        });
    }

    #[test]
    fn a_path_is_not_an_id() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "s").unwrap();
        let blobs = FileBlobs::open(folder.path().join("blobs")).unwrap();
        for text in ["../secret", "/etc/passwd", "", "ABCD", &"A".repeat(64), &format!("../{}", "0".repeat(61))] {
            let id = BlobId(text.to_owned());
            assert!(matches!(blobs.get(&id), Err(BlobError::NotAnId(_))), "{text}");
            assert!(!blobs.exists(&id), "{text}");
        }
    }

    #[test]
    fn a_damaged_file_is_told_and_a_cut_one_is_stored_anew() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::open(folder.path()).unwrap();
        let id = blobs.put(b"hello").unwrap();
        let path = blobs.path(&id).unwrap();
        std::fs::write(&path, b"hellO").unwrap();
        assert!(matches!(blobs.get(&id), Err(BlobError::Corrupt(_))));
        std::fs::write(&path, b"hel").unwrap();
        blobs.put(b"hello").unwrap();
        assert_eq!(blobs.get(&id).unwrap().as_deref(), Some(&b"hello"[..]));
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }
}

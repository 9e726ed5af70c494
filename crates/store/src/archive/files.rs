//! The files of a data folder that an export takes along: attachments, bot versions, files of imports. What the store keeps itself is
//! exported as what it says; locks, and how to reach a server, belong to one machine.
//!
//! An export is of one moment, and so are files of imports: which there are, as long as they are then, is noted at that moment
//! ([`Files::at_the_moment`]). An attachment, or a version of the bot, never changes, is stored before anything names it, and stays as long
//! as it is exported. So those that are there afterwards hold all that are named, and they are noted when nobody waits any more
//! ([`Files::after`]): a version that came since is one that nothing uses yet.
//!
//! **Invariant.** A path of an export leads into one of these folders, to a name of the form that is made there, or nowhere.

use super::{ArchiveError, entry::FileHead};
use model::BlobId;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Cursor, Read, Write},
    path::{Path, PathBuf},
};

/// Attachments by content: `blobs/ab/cd/abcd…`.
const BLOBS: &str = "blobs";
/// Versions of the bot: `versions/<hash>/…`, and which was the last.
const VERSIONS: &str = "versions";
const LATEST: &str = "latest";
/// Files of people: `imports/imp_…/file`, and `errors` beside it.
const IMPORTS: &str = "imports";
/// The longest path.
const LONGEST: usize = 1_024;
/// The deepest folders within a version.
const DEEPEST: usize = 12;

/// Where the bytes of a file are that may change or go.
enum Kept {
    /// Opened at the moment, when it had so many bytes: whatever becomes of its name, they stay.
    Open(File, u64),
    /// Read before.
    Read(Vec<u8>),
}

/// The files to export, by path.
#[derive(Default)]
pub struct Files {
    data: PathBuf,
    /// Files that neither change nor go.
    attachments: BTreeSet<String>,
    found: BTreeMap<String, Kept>,
}

/// Whether a path of an export is of a file that does not change as long as it has its name.
fn is_fixed(path: &str) -> bool {
    path.strip_prefix(VERSIONS).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| rest != LATEST)
}

/// Whether this is a hash as it is written.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Where a path of an export belongs in a data folder, and the hash its bytes must have; none if it belongs nowhere.
fn place(data: &Path, path: &str) -> Option<(PathBuf, Option<BlobId>)> {
    let parts: Vec<&str> = path.split('/').collect();
    let plain = |part: &&str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']) && !part.contains(char::is_control);
    if path.len() > LONGEST || parts.len() > DEEPEST || !parts.iter().all(plain) {
        return None;
    }
    let hash = match parts.as_slice() {
        [BLOBS, a, b, whole] => {
            let id = BlobId::parse(whole).filter(|_| whole.get(..2) == Some(*a) && whole.get(2..4) == Some(*b))?;
            Some(id)
        }
        [VERSIONS, LATEST] => None,
        [VERSIONS, version, _, ..] if is_hash(version) => None,
        [IMPORTS, id, "file" | "errors"] => {
            let id = id.strip_prefix("imp_")?;
            (!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(None)?
        }
        _ => return None,
    };
    Some((parts.iter().fold(data.to_owned(), |folder, part| folder.join(part)), hash))
}

fn told(path: &Path) -> impl Fn(io::Error) -> ArchiveError + '_ {
    |error| ArchiveError::Io(format!("{} cannot be read", path.display()), error)
}

/// The files below a folder, as paths of an export; none if there is no such folder.
fn below(data: &Path, folder: &str, each: &mut dyn FnMut(String) -> Result<(), ArchiveError>) -> Result<(), ArchiveError> {
    let path = data.join(folder);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        // What went while it was looked for is not missed.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(told(&path)(e)),
    };
    for entry in entries {
        let entry = entry.map_err(told(&path))?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let relative = format!("{folder}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !name.starts_with('.') => below(data, &relative, each)?,
            Ok(kind) if kind.is_file() && place(data, &relative).is_some() => each(relative)?,
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(told(&entry.path())(e)),
        }
    }
    Ok(())
}

impl Files {
    /// Reads what does not change, so that little is left to do at the moment: called before the store is frozen. Nothing may remove
    /// attachments or versions of the bot from then on until the export is written.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if something cannot be read.
    pub fn before(data: &Path) -> Result<Self, ArchiveError> {
        let mut files = Self { data: data.to_owned(), ..Self::default() };
        files.at_the_moment()?;
        files.after()?;
        Ok(files)
    }

    /// Notes the files of imports as they are now, and nothing that was there before and is not any more: called at the moment whose state
    /// the store gives.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if something cannot be read.
    pub fn at_the_moment(&mut self) -> Result<(), ArchiveError> {
        self.note(
            IMPORTS,
            |_| false,
            |at| {
                let file = File::open(at)?;
                let size = file.metadata()?.len();
                Ok(Kept::Open(file, size))
            },
        )
    }

    /// Notes attachments and versions of the bot: called when the store is frozen. What was read before is not read again.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if something cannot be read.
    pub fn after(&mut self) -> Result<(), ArchiveError> {
        let Self { data, attachments, .. } = self;
        below(data, BLOBS, &mut |path| {
            attachments.insert(path);
            Ok(())
        })?;
        // Read first: the version that it names is there by then.
        let path = self.data.join(VERSIONS).join(LATEST);
        let latest = match fs::read(&path) {
            Ok(latest) => Some(latest),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(told(&path)(e)),
        };
        self.note(VERSIONS, is_fixed, |at| fs::read(at).map(Kept::Read))?;
        self.found.remove(&format!("{VERSIONS}/{LATEST}"));
        self.found.extend(latest.map(|latest| (format!("{VERSIONS}/{LATEST}"), Kept::Read(latest))));
        Ok(())
    }

    /// Notes what is below a folder now, in place of what was; what `stays` as it is, is not looked at again.
    fn note(&mut self, folder: &str, stays: impl Fn(&str) -> bool, keep: impl Fn(&Path) -> io::Result<Kept>) -> Result<(), ArchiveError> {
        let Self { data, found, .. } = self;
        let is_of = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let mut before: BTreeMap<String, Kept> = found.extract_if(.., |path, _| is_of(path)).collect();
        below(data, folder, &mut |path| {
            let at = data.join(&path);
            let kept = before.remove(&path).filter(|_| stays(&path)).map_or_else(|| keep(&at), Ok);
            match kept {
                Ok(kept) => drop(found.insert(path, kept)),
                // What went while it was looked for is not missed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(told(&at)(e)),
            }
            Ok(())
        })
    }

    /// The bytes of what was noted.
    pub fn bytes(&self) -> u64 {
        let of = |kept: &Kept| match kept {
            Kept::Open(_, size) => *size,
            Kept::Read(bytes) => bytes.len() as u64,
        };
        // What cannot be looked at is told when it is read.
        let attachments = self.attachments.iter().map(|path| fs::metadata(self.data.join(path)).map_or(0, |meta| meta.len()));
        attachments.sum::<u64>() + self.found.values().map(of).sum::<u64>()
    }

    /// Gives every file: its head, and its bytes to be read.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if one cannot be read; what `each` answers.
    pub(super) fn each(self, mut each: impl FnMut(FileHead, &mut dyn Read) -> Result<(), ArchiveError>) -> Result<(), ArchiveError> {
        // In the order of paths.
        for path in self.attachments {
            let at = self.data.join(&path);
            match File::open(&at) {
                Ok(file) => {
                    let size = file.metadata().map_err(told(&at))?.len();
                    each(FileHead { path, size }, &mut file.take(size))?;
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(told(&at)(e)),
            }
        }
        for (path, kept) in self.found {
            match kept {
                Kept::Read(bytes) => each(FileHead { path, size: bytes.len() as u64 }, &mut Cursor::new(bytes))?,
                Kept::Open(file, size) => each(FileHead { path, size }, &mut file.take(size))?,
            }
        }
        Ok(())
    }
}

/// A file that is being put down.
struct Putting {
    path: PathBuf,
    out: BufWriter<File>,
    left: u64,
    /// What its bytes must come to.
    hash: Option<(Sha256, BlobId)>,
}

/// Puts files into a data folder.
pub(super) struct Puts {
    data: PathBuf,
    open: Option<Putting>,
    folders: BTreeSet<PathBuf>,
}

fn refused(path: &Path) -> impl Fn(io::Error) -> ArchiveError + '_ {
    |error| ArchiveError::Io(format!("{} cannot be written", path.display()), error)
}

impl Puts {
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), open: None, folders: BTreeSet::new() }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// What is wrong with the head, in the inner result.
    pub fn begin(&mut self, head: &FileHead) -> Result<Result<(), String>, ArchiveError> {
        if let Err(wrong) = self.end()? {
            return Ok(Err(wrong));
        }
        let Some((path, hash)) = place(&self.data, &head.path) else {
            let shown: String = head.path.chars().take(80).collect();
            return Ok(Err(format!("\"{}\" is no file of a data folder", shown.escape_debug())));
        };
        let folder = path.parent().unwrap_or(&self.data);
        fs::create_dir_all(folder).map_err(refused(folder))?;
        self.folders.extend(folder.ancestors().take_while(|above| above.starts_with(&self.data)).map(Path::to_owned));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if head.path.starts_with(IMPORTS) {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = match options.open(&path) {
            // The folder was empty.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(Err(format!("{} comes twice", head.path))),
            opened => opened.map_err(refused(&path))?,
        };
        let hash = hash.map(|id| (Sha256::new(), id));
        self.open = Some(Putting { path, out: BufWriter::with_capacity(256 * 1024, file), left: head.size, hash });
        Ok(Ok(()))
    }

    /// Takes bytes of the file that was begun.
    ///
    /// # Errors
    /// What is wrong with them, in the inner result.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<Result<(), String>, ArchiveError> {
        let Some(open) = self.open.as_mut() else { return Ok(Err("bytes come without a file".into())) };
        let Some(left) = open.left.checked_sub(bytes.len() as u64) else {
            return Ok(Err(format!("{} has more bytes than it should", open.path.display())));
        };
        open.left = left;
        if let Some((hash, _)) = &mut open.hash {
            hash.update(bytes);
        }
        open.out.write_all(bytes).map_err(refused(&open.path)).map(Ok)
    }

    /// Ends the file that was begun, if there is one: it is durable.
    ///
    /// # Errors
    /// What is wrong with it, in the inner result.
    pub fn end(&mut self) -> Result<Result<(), String>, ArchiveError> {
        let Some(Putting { path, out, left, hash }) = self.open.take() else { return Ok(Ok(())) };
        if left > 0 {
            return Ok(Err(format!("{} lacks {left} bytes", path.display())));
        }
        if let Some((hash, id)) = hash {
            let is: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            if is != id.0 {
                return Ok(Err(format!("{} is not what its name says", path.display())));
            }
        }
        let file = out.into_inner().map_err(|e| refused(&path)(e.into_error()))?;
        file.sync_all().map_err(refused(&path))?;
        Ok(Ok(()))
    }

    /// Makes the names durable.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the disk refuses.
    pub fn sync(&self) -> Result<(), ArchiveError> {
        // The deepest first: a folder is durable once the one above it is.
        for folder in self.folders.iter().rev() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused(folder))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(files: Files) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let each = |head: FileHead, bytes: &mut dyn Read| {
            let mut text = String::new();
            bytes.read_to_string(&mut text).unwrap();
            all.insert(head.path, text);
            Ok(())
        };
        files.each(each).unwrap();
        all
    }

    #[test]
    fn files_are_those_of_the_moment() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let [kept, new, later] = ["1", "2", "3"].map(|digit| digit.repeat(64));
        let blob = format!("blobs/ab/cd/abcd{}", "0".repeat(60));
        write(&format!("versions/{kept}/bot.yaml"), "name: x");
        write("versions/latest", &kept);
        write("imports/imp_1/file", "a,b");
        write("imports/imp_1/errors", "row 1\n");
        write(&blob, "a picture");
        let mut files = Files::before(dir.path()).unwrap();
        assert_eq!(files.bytes(), 7 + 64 + 3 + 6 + 9);
        // Before the moment: a reload, an import that ends, one that goes on.
        write(&format!("versions/{new}/bot.yaml"), "name: y");
        write("versions/latest", &new);
        write("imports/imp_1/errors", "row 1\nrow 2\n");
        files.at_the_moment().unwrap();
        // And after it: another reload, rows that come later, files that go.
        write(&format!("versions/{later}/bot.yaml"), "name: z");
        write("versions/latest", &later);
        fs::OpenOptions::new().append(true).open(dir.path().join("imports/imp_1/errors")).unwrap().write_all(b"row 3\n").unwrap();
        fs::remove_file(dir.path().join("imports/imp_1/file")).unwrap();
        write("imports/imp_2/file", "c,d");
        files.after().unwrap();
        let expected: BTreeMap<String, String> = [
            (blob, "a picture".to_owned()),
            ("imports/imp_1/errors".into(), "row 1\nrow 2\n".into()),
            ("imports/imp_1/file".into(), "a,b".into()),
            (format!("versions/{kept}/bot.yaml"), "name: x".into()),
            (format!("versions/{new}/bot.yaml"), "name: y".into()),
            // One that nothing uses yet does no harm.
            (format!("versions/{later}/bot.yaml"), "name: z".into()),
            ("versions/latest".into(), later),
        ]
        .into();
        assert_eq!(noted(files), expected);
    }

    #[test]
    fn a_path_leads_into_the_folder_or_nowhere() {
        let data = Path::new("/data");
        let hash = "ab".repeat(32);
        let led = |path: &str| place(data, path).map(|(path, _)| path.display().to_string());
        for path in [
            format!("blobs/ab/ab/{hash}"),
            "versions/latest".into(),
            format!("versions/{hash}/skills/start.yaml"),
            "imports/imp_0abc/file".into(),
            "imports/imp_0abc/errors".into(),
        ] {
            assert_eq!(led(&path), Some(format!("/data/{path}")));
        }
        for path in [
            "",
            "/etc/passwd",
            "format",
            "lock",
            "db/db",
            "log/00000000000000000001.log",
            "control.json",
            "versions",
            "versions/../format",
            "versions/latest/x",
            &format!("versions/{hash}"),
            &format!("versions/{hash}/../../format"),
            &format!("versions/{hash}/a//b"),
            &format!("versions/{hash}/.hidden"),
            &format!("versions/{hash}/a\\..\\b"),
            &format!("versions/{hash}/C:"),
            &format!("versions/{hash}/{}", "a/".repeat(20) + "b"),
            &format!("versions/{hash}/{}", "x".repeat(2_000)),
            &format!("blobs/ab/cd/{hash}"),
            "blobs/ab/ab/../../../x",
            "imports/imp_/file",
            "imports/imp_a/other",
            "imports/../file",
        ] {
            assert_eq!(led(path), None, "{path}");
        }
    }
}

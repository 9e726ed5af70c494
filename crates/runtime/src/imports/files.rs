//! The files of imports: `<folder>/<id>/file`, and `errors` beside it, readable by their owner alone.
//!
//! **Invariant.** A folder is named by an id that was made here, so no text from outside becomes a path.

use super::{Import, ImportError, ImportState, Seen};
use crm::import::{Decoded, Encoding, Kind, Row, Rows, Shape, Sniffer, Vocabulary};
use model::{Actor, Instant};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

/// The largest file: 4 GiB.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;
/// How much of a file is looked at for its shape and its columns.
const HEAD: usize = 256 * 1024;
/// Rows of the sample.
const SAMPLE: usize = 200;
/// Cells of a column that are shown, and how much of each.
const CELLS: usize = 3;
const SHOWN: usize = 60;

/// Where the files of imports are.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

/// The folder of a file that is being put down. It goes with this, whatever ends the putting down, unless it is kept.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    /// What is in it is known from now on.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is at the next start.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A file that is being put down. Nothing of it is left if this goes before it is whole and known.
pub struct Upload {
    id: String,
    kind: Kind,
    name: String,
    folder: Folder,
    out: BufWriter<File>,
    bytes: u64,
    hash: Sha256,
    sniffer: Sniffer,
}

impl Files {
    /// Files under this folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn of(&self, id: &str) -> PathBuf {
        // Ids are `imp_` and letters of base 32; anything else leads nowhere.
        let plain = id.strip_prefix("imp_").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphanumeric()));
        self.folder.join(if plain { id } else { "none" })
    }

    /// Begins to put a file down.
    pub(crate) fn upload(&self, id: String, name: &str) -> Result<Upload, ImportError> {
        let folder = Folder { path: self.of(&id), kept: false };
        let file = fs::create_dir_all(&folder.path).and_then(|()| private(&folder.path.join("file"))).map_err(|e| disk(&e))?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        let out = BufWriter::with_capacity(256 * 1024, file);
        Ok(Upload { id, kind: Kind::default(), name, folder, out, bytes: 0, hash: Sha256::new(), sniffer: Sniffer::default() })
    }

    /// The file of an import.
    pub(crate) fn open_file(&self, id: &str) -> io::Result<File> {
        File::open(self.of(id).join("file"))
    }

    /// Where the file of errors of an import is.
    pub(super) fn errors_path(&self, id: &str) -> PathBuf {
        self.of(id).join("errors")
    }

    /// The file of errors, to be read.
    pub(crate) fn errors(&self, id: &str) -> io::Result<File> {
        File::open(self.errors_path(id))
    }

    /// The file has served.
    pub(crate) fn drop_file(&self, id: &str) {
        // A file that is gone already is what is wanted.
        let _ = fs::remove_file(self.of(id).join("file"));
    }

    /// Everything of an import goes.
    pub(crate) fn forget(&self, id: &str) {
        let _ = fs::remove_dir_all(self.of(id));
    }

    /// Ids that have a folder.
    pub(crate) fn ids(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

impl Upload {
    /// The next bytes of the file; blocks.
    ///
    /// # Errors
    /// [`ImportError::File`] if it is too large or the disk refuses.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > LARGEST {
            return Err(ImportError::File("it is larger than 4 GiB; import it in parts".into()));
        }
        self.hash.update(bytes);
        self.sniffer.feed(bytes);
        self.out.write_all(bytes).map_err(|e| disk(&e))
    }

    /// All of a file; blocks.
    ///
    /// # Errors
    /// Those of [`Self::write`].
    pub fn copy(&mut self, mut from: impl Read) -> Result<(), ImportError> {
        let mut piece = vec![0; 256 * 1024];
        loop {
            let n = from.read(&mut piece).map_err(|e| disk(&e))?;
            match piece.get(..n) {
                Some([]) | None => return Ok(()),
                Some(bytes) => self.write(bytes)?,
            }
        }
    }

    /// The file is whole: durable, and looked at; blocks. Its folder is to be kept when the import is durable.
    pub(crate) fn finish(self, at: Instant, by: Actor, words: &Vocabulary<'_>) -> Result<(Import, Folder), ImportError> {
        let Self { id, kind, name, folder, out, bytes, hash, sniffer } = self;
        let file = out.into_inner().map_err(|e| disk(e.error()))?;
        file.sync_all().and_then(|()| File::open(&folder.path)?.sync_all()).map_err(|e| disk(&e))?;
        let broken = sniffer.broken();
        let encoding = sniffer.finish();
        let broken = if encoding == Encoding::Utf8 { broken } else { 0 };
        let (shape, columns) = look(&folder.path.join("file"), encoding, kind, words)?;
        let digest = hex(hash);
        let import = Import {
            id,
            kind,
            name,
            at,
            by,
            bytes,
            digest,
            encoding,
            broken,
            shape,
            columns,
            options: Default::default(),
            state: ImportState::Uploaded,
            counts: Default::default(),
            row: 0,
            redone: 0,
            read: 0,
            began: None,
            ended: None,
            errors: 0,
            lists: 0,
            dry: false,
            has_file: true,
        };
        Ok((import, folder))
    }

    /// What the file tells of; of contacts, if nothing is said.
    #[must_use]
    pub fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What the file tells of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The import's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 of what was put down so far, in hex.
    pub fn digest(&self) -> String {
        hex(self.hash.clone())
    }

    /// The same under an id that was given to this file before.
    ///
    /// # Errors
    /// [`ImportError::State`] if the file that it was given to is being put down right now; [`ImportError::File`] if the disk refuses.
    pub fn named(mut self, id: String) -> Result<Self, ImportError> {
        if id != self.id {
            let path = self.folder.path.with_file_name(&id);
            fs::rename(&self.folder.path, &path).map_err(|error| match error.kind() {
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
                    ImportError::State("the same file is being put down right now; ask again in a moment".into())
                }
                _ => disk(&error),
            })?;
            (self.id, self.folder.path) = (id, path);
        }
        Ok(self)
    }

    /// The file is not wanted.
    pub fn abandon(self) {
        drop(self);
    }
}

/// The shape and the columns of a file.
fn look(path: &Path, encoding: Encoding, kind: Kind, words: &Vocabulary<'_>) -> Result<(Shape, Vec<Seen>), ImportError> {
    let open = || File::open(path).map(|file| Decoded::new(file, encoding)).map_err(|e| disk(&e));
    let mut head = vec![0; HEAD];
    let mut length = 0;
    let mut text = open()?;
    while let Some(rest) = head.get_mut(length..).filter(|rest| rest.len() >= 64) {
        match text.read(rest).map_err(|e| disk(&e))? {
            0 => break,
            n => length += n,
        }
    }
    head.truncate(length);
    let shape = Shape::of(&String::from_utf8_lossy(&head));
    let (names, sample) = sample(open()?, shape)?;
    let fields = kind.fields(shape, &names, &sample, words);
    let seen = |(at, (name, field)): (usize, (&String, Option<String>))| Seen {
        name: name.clone(),
        field,
        sample: sample.iter().filter_map(|row| shown(row, at)).take(CELLS).collect(),
    };
    Ok((shape, names.iter().zip(fields).enumerate().map(seen).collect()))
}

/// The columns and the first rows of a text.
pub(super) fn sample(text: impl Read, shape: Shape) -> Result<(Vec<String>, Vec<Row>), ImportError> {
    let mut rows = Rows::new(text, shape, &[]).map_err(|e| ImportError::Invalid(e.to_string()))?;
    let mut sample = Vec::new();
    // What is wrong with rows is told when they are read to be taken over.
    while sample.len() < SAMPLE {
        match rows.next_row() {
            Ok(Some(row)) => sample.push(row),
            Err(crm::import::RowError::Fault(_)) => {}
            Ok(None) | Err(crm::import::RowError::Broken(_)) => break,
        }
    }
    Ok((rows.names().to_vec(), sample))
}

fn shown(row: &Row, at: usize) -> Option<String> {
    let text = match row.cells.get(at)? {
        crm::import::Cell::Blank => return None,
        crm::import::Cell::Text(text) => text.clone(),
        crm::import::Cell::Json(json) => json.to_string(),
    };
    Some(text.chars().filter(|c| !c.is_control()).take(SHOWN).collect())
}

/// A new file that only its owner reads.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn disk(error: &io::Error) -> ImportError {
    ImportError::File(error.to_string())
}

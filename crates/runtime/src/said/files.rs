//! The files of what was said: `<folder>/<number>.said`, blocks one after the other, and `clean`, which says that nothing is missing.
//!
//! All of it can be made anew from the store, so nothing here is synced before somebody is answered. A file is only added to at its end,
//! or replaced whole by another of its name. `clean` says how long the files are together: one that ends early, even where a block ends,
//! is not taken for all there was.

use crm::said::{HEAD, Head, Line, Places, texts};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes after which a new file begins: 64 MiB.
const FULL: u64 = 64 * 1024 * 1024;
/// What says that nothing is missing.
const CLEAN: &str = "clean";
const ENDING: &str = "said";

/// What the last process said at its orderly end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clean {
    /// The store's last commit: everything up to it is here.
    pub seq: u64,
    /// The bytes of all files.
    pub bytes: u64,
}

impl Clean {
    fn read(text: &str) -> Option<Self> {
        let (seq, bytes) = text.split_once(' ')?;
        Some(Self { seq: seq.parse().ok()?, bytes: bytes.parse().ok()? })
    }
}

/// A block on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    at: u64,
    pub head: Head,
}

/// One file. Cheap to clone while nothing is added.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    number: u64,
    file: Arc<File>,
    /// The bytes of its blocks.
    pub length: u64,
    pub blocks: Vec<Block>,
    /// Whether something that is no block follows the last one: nothing may be added before it is cut off.
    pub was_cut: bool,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is damaged"))
}

#[cfg(unix)]
fn read_at(file: &File, length: usize, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, at)?;
    Ok(bytes)
}

#[cfg(windows)]
fn read_at(file: &File, length: usize, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match std::os::windows::fs::FileExt::seek_read(file, rest, at + filled as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    Ok(bytes)
}

impl Segment {
    /// The signature and the places of a block, unread.
    pub fn lists(&self, block: &Block) -> io::Result<Vec<u8>> {
        read_at(&self.file, block.head.lists(), block.at + HEAD as u64)
    }

    /// The places of a block.
    pub fn places(&self, block: &Block) -> io::Result<Places> {
        Self::read_places(block, &self.lists(block)?)
    }

    /// The places of a block, from its lists.
    pub fn read_places(block: &Block, lists: &[u8]) -> io::Result<Places> {
        Places::read(&block.head, lists).ok_or_else(|| damaged("a list of places"))
    }

    /// The texts of a block.
    pub fn texts(&self, block: &Block) -> io::Result<Vec<u8>> {
        let packed = read_at(&self.file, block.head.texts(), block.at + (HEAD + block.head.lists()) as u64)?;
        texts(&block.head, &packed).ok_or_else(|| damaged("a text"))
    }

    /// The lines of a block.
    pub fn lines(&self, block: &Block) -> io::Result<Vec<Line>> {
        Ok(self.places(block)?.lines(&self.texts(block)?))
    }

    /// Whether this is the same file, perhaps with more in it.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }

    /// Whether the next block belongs into a new file.
    pub fn is_full(&self) -> bool {
        self.length >= FULL
    }

    /// Adds blocks at the end.
    pub fn append(&mut self, blocks: &[Vec<u8>]) -> io::Result<()> {
        let mut file = &*self.file;
        for bytes in blocks {
            let head = Head::read(bytes).ok_or_else(|| damaged("a block that was just made"))?;
            // The file was opened to be added to.
            file.write_all(bytes)?;
            self.blocks.push(Block { at: self.length, head });
            self.length += bytes.len() as u64;
        }
        Ok(())
    }

    /// Takes the last block away again.
    pub fn pop(&mut self) -> io::Result<()> {
        if let Some(block) = self.blocks.pop() {
            self.length = block.at;
            self.file.set_len(self.length)?;
        }
        Ok(())
    }

    /// Makes what was added durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Keeps the blocks before the first one that is damaged, and nothing after them: a power cut can leave the newest ones half written.
    pub fn keep_sound(&mut self) -> io::Result<()> {
        let is_sound = |block: &Block| match self.lines(block) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
            Err(error) => Err(error),
        };
        let mut sound = 0;
        for block in &self.blocks {
            if !is_sound(block)? {
                break;
            }
            sound += 1;
        }
        while self.blocks.len() > sound {
            self.pop()?;
        }
        if self.was_cut {
            self.file.set_len(self.length)?;
            self.was_cut = false;
        }
        Ok(())
    }

    /// Finds the blocks of a file. What follows the last whole one was being written when the process ended, or is damaged; it is still
    /// there, so that whoever opens the file next sees it as well.
    fn open(path: &Path, number: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let end = file.metadata()?.len();
        let mut segment = Self { number, file: Arc::new(file), length: 0, blocks: Vec::new(), was_cut: false };
        while segment.length + HEAD as u64 <= end {
            let Some(head) = Head::read(&read_at(&segment.file, HEAD, segment.length)?) else { break };
            if segment.length + head.whole() as u64 > end {
                break;
            }
            segment.blocks.push(Block { at: segment.length, head });
            segment.length += head.whole() as u64;
        }
        segment.was_cut = segment.length < end;
        Ok(segment)
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder, which is made if it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self { path: path.to_owned() })
    }

    fn of(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:08}.{ENDING}"))
    }

    /// All files, oldest first. What a replacement left when the process ended goes.
    pub fn segments(&self) -> io::Result<Vec<Segment>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let (stem, ending) = (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|s| s.to_str()));
            match (stem.and_then(|stem| stem.parse::<u64>().ok()), ending) {
                (Some(number), Some(ENDING)) => found.push((number, path)),
                (_, Some("new")) => fs::remove_file(&path)?,
                _ => {}
            }
        }
        found.sort_unstable();
        found.iter().map(|(number, path)| Segment::open(path, *number)).collect()
    }

    /// A new file after those that are there.
    pub fn begin(&self, after: Option<&Segment>) -> io::Result<Segment> {
        let number = after.map_or(1, |last| last.number + 1);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        private(&mut options);
        Ok(Segment { number, file: Arc::new(options.open(self.of(number))?), length: 0, blocks: Vec::new(), was_cut: false })
    }

    /// A file with these blocks in the place of another; none if there are none, and the other goes.
    pub fn replace(&self, segment: &Segment, blocks: &[Vec<u8>]) -> io::Result<Option<Segment>> {
        let path = self.of(segment.number);
        if blocks.is_empty() {
            fs::remove_file(&path)?;
            self.sync()?;
            return Ok(None);
        }
        let new = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        private(&mut options);
        let mut replaced =
            Segment { file: Arc::new(options.open(&new)?), length: 0, blocks: Vec::new(), was_cut: false, number: segment.number };
        replaced.append(blocks)?;
        replaced.sync()?;
        fs::rename(&new, &path)?;
        self.sync()?;
        Ok(Some(replaced))
    }

    /// Makes what the files are called durable: what went does not come back with a power cut.
    #[cfg(unix)]
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Everything goes.
    pub fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// What the last process said, if it ended in order. From here on nobody says so any more.
    pub fn take_clean(&self) -> io::Result<Option<Clean>> {
        let path = self.path.join(CLEAN);
        let mut text = String::new();
        match File::open(&path).and_then(|file| file.take(64).read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(error) => return Err(error),
        }
        fs::remove_file(&path)?;
        // Before anything is taken out of a file again.
        self.sync()?;
        Ok(Clean::read(&text))
    }

    /// Says that nothing is missing; what the files have is synced.
    pub fn say_clean(&self, clean: Clean) -> io::Result<()> {
        // A file that is new has its name on the disk before anybody relies on it.
        self.sync()?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        private(&mut options);
        let mut file = options.open(self.path.join(CLEAN))?;
        file.write_all(format!("{} {}", clean.seq, clean.bytes).as_bytes())?;
        file.sync_data()
    }
}

/// Readable by its owner alone.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

//! The log: every commit in one order, in files of frames.
//!
//! A group of commits is a frame: a header line of text (`#sb2 length count first-seq checksum header-checksum`, in hex)
//! and the commits, each led by its length, all of it masked. A frame is written at once and synced before the next, so
//! only the very last one can be torn, and a torn one was never acknowledged.
//!
//! In a busy store the next segment is made of zeros before it is needed, by a thread of its own ([`crate::spare`]): a
//! sync then writes the frame and nothing else. In a file that grows it would also wait for the file system's journal,
//! and so for whatever the checkpoint is writing. Zeros where a frame would begin are the end of what was written.
//!
//! **Torn or damaged?** What a crash leaves of a frame lacks bytes: the file ends early, or a sector never reached the
//! disk and reads as zeros. What is written has no more than [`ZEROS`] zeros in a row: the mask turns into zeros what
//! [`store::codec`] hardly ever writes. So the two can be told apart: lacking bytes at the very end are cut off, anything
//! else is refused.

use crate::{Io, Options, folder::sync_folder, io::failed, spare::Spare};
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use store::{Error, Seq};

const MAGIC: &str = "#sb2 ";
/// `#sb2 llllllll cccc ssssssssssssssss pppppppp hhhhhhhh\n`
const HEADER: usize = 5 + 9 + 5 + 17 + 9 + 8 + 1;
/// The part of the header under its own checksum.
const HEADER_BODY: usize = HEADER - 9;
/// The largest frame; a group is at most 256 commits of at most 1 MiB, but is closed earlier (`writer::GROUP_BYTES`).
const MAX_FRAME: usize = 64 * 1024 * 1024;
const SECTOR: usize = 512;
/// What every byte of a commit is combined with (exclusive or): a byte that is no part of MessagePack and of no text.
const MASK: u8 = 0xC1;
/// The most zeros in a row in what is written: an id of masks and a length on either side.
const ZEROS: usize = 24;

/// A file of the log.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub path: PathBuf,
    /// The seq of its first commit.
    pub first: Seq,
    pub bytes: u64,
}

/// The open end of the log.
pub(crate) struct Log {
    dir: PathBuf,
    file: File,
    /// Where the next frame goes.
    pub segment: Segment,
    /// The last frame's buffer, for the next one.
    pub buffer: Vec<u8>,
    /// What will be the next segment.
    spare: Option<Spare>,
}

/// A frame being filled.
pub(crate) struct Frame {
    first: Seq,
    count: u16,
    /// Room for the header, then the commits.
    bytes: Vec<u8>,
}

impl Frame {
    /// A frame whose first commit is `first`, in a buffer of one before.
    pub fn new(first: Seq, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.resize(HEADER, 0);
        Self { first, count: 0, bytes: buffer }
    }

    /// Appends a commit as written. The codec's limit keeps it far below 4 GiB.
    pub fn push(&mut self, commit: &[u8]) {
        let length = u32::try_from(commit.len()).expect("a commit has at most 1 MiB");
        self.bytes.extend(length.to_be_bytes().map(|b| b ^ MASK));
        self.bytes.extend(commit.iter().map(|b| b ^ MASK));
        self.count += 1;
    }

    /// The buffer, to be used again.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    pub fn count(&self) -> u16 {
        self.count
    }

    /// The seq the next pushed commit gets.
    pub fn next(&self) -> Seq {
        self.first + u64::from(self.count)
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - HEADER
    }
}

impl Log {
    /// Opens the end of the log for writing, behind `segment.bytes`; what is behind that was found torn, or is room.
    pub fn resume(dir: &Path, segment: Segment) -> Result<Self, Error> {
        Spare::clear(dir).map_err(|e| failed(&format!("{} cannot be removed", Spare::path(dir).display()), &e))?;
        let file = end_of(&segment)?;
        Ok(Self { dir: dir.to_owned(), file, segment, buffer: Vec::new(), spare: None })
    }

    /// Begins a segment whose first commit is `first`; answers the one that ended.
    pub fn rotate(&mut self, options: &Options, first: Seq) -> Result<Segment, Error> {
        let path = segment_path(&self.dir, first);
        // Room that was not used would be read as damage where another segment follows.
        let cut = || {
            if self.file.metadata()?.len() != self.segment.bytes {
                self.file.set_len(self.segment.bytes)?;
                self.file.sync_all()?;
            }
            io::Result::Ok(())
        };
        cut().map_err(|e| failed(&format!("the log {} cannot be ended", self.segment.path.display()), &e))?;
        let (file, segment) = match self.spare.take().and_then(Spare::finished) {
            Some(file) => {
                let take = || {
                    options.before(Io::LogCreate)?;
                    fs::rename(Spare::path(&self.dir), &path)?;
                    sync_folder(&self.dir)
                };
                take().map_err(|e| failed(&format!("the log {} cannot be made", path.display()), &e))?;
                (file, Segment { path, first, bytes: 0 })
            }
            None => {
                let segment = create(&self.dir, options, first)?;
                (end_of(&segment)?, segment)
            }
        };
        self.file = file;
        Ok(std::mem::replace(&mut self.segment, segment))
    }

    /// Writes a frame and syncs it; answers its size. After an error the log must not be used.
    pub fn append(&mut self, options: &Options, frame: &mut Frame) -> Result<u64, Error> {
        let (room, commits) = frame.bytes.split_at_mut(HEADER);
        let checksum = crc32fast::hash(commits);
        let body = format!("{MAGIC}{:08x} {:04x} {:016x} {checksum:08x} ", commits.len(), frame.count, frame.first);
        let header = format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()));
        room.copy_from_slice(header.as_bytes());
        let bytes = &frame.bytes;
        let name = || format!("the log {} cannot be written", self.segment.path.display());
        if let Err(error) = options.before(Io::LogWrite) {
            // The ordered error is told whatever becomes of the half.
            let _ = self.file.write_all(&bytes[..bytes.len() / 2]);
            return Err(failed(&name(), &error));
        }
        self.file.write_all(bytes).map_err(|e| failed(&name(), &e))?;
        options.before(Io::LogSync).and_then(|()| self.file.sync_data()).map_err(|e| failed(&name(), &e))?;
        let written = bytes.len() as u64;
        self.segment.bytes += written;
        if self.spare.is_none() && self.segment.bytes >= options.segment_bytes / 4 {
            self.spare = Some(Spare::begin(&self.dir, options.segment_bytes));
        }
        Ok(written)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(spare) = self.spare.take() {
            spare.drop_unused(&self.dir);
        }
    }
}

/// A segment's file, to be written behind its last good byte.
fn end_of(segment: &Segment) -> Result<File, Error> {
    let open = || {
        let mut file = File::options().write(true).open(&segment.path)?;
        if file.metadata()?.len() != segment.bytes {
            file.set_len(segment.bytes)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::Start(segment.bytes))?;
        io::Result::Ok(file)
    };
    open().map_err(|e| failed(&format!("{} cannot be opened", segment.path.display()), &e))
}

fn segment_path(dir: &Path, first: Seq) -> PathBuf {
    dir.join(format!("{first:020}.log"))
}

/// Makes an empty segment, durably.
pub(crate) fn create(dir: &Path, options: &Options, first: Seq) -> Result<Segment, Error> {
    let path = segment_path(dir, first);
    let make = || {
        options.before(Io::LogCreate)?;
        File::create_new(&path)?.sync_all()?;
        sync_folder(dir)
    };
    make().map_err(|e| failed(&format!("the log {} cannot be made", path.display()), &e))?;
    Ok(Segment { path, first, bytes: 0 })
}

/// Removes a segment that is no longer needed.
pub(crate) fn remove(segment: &Segment, options: &Options) -> Result<(), Error> {
    options
        .before(Io::LogRemove)
        .and_then(|()| fs::remove_file(&segment.path))
        .map_err(|e| failed(&format!("the log {} cannot be removed", segment.path.display()), &e))
}

/// The segments that are there, in order.
pub(crate) fn segments(dir: &Path) -> Result<Vec<Segment>, Error> {
    let list = || {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(first) = name.to_str().and_then(|n| n.strip_suffix(".log")).filter(|n| n.len() == 20).and_then(|n| n.parse().ok()) {
                found.push(Segment { path: entry.path(), first, bytes: entry.metadata()?.len() });
            }
        }
        io::Result::Ok(found)
    };
    let mut found = list().map_err(|e| failed(&format!("the log {} cannot be read", dir.display()), &e))?;
    found.sort_by_key(|s| s.first);
    Ok(found)
}

/// Takes a commit's seq and its bytes.
pub(crate) type Each<'a> = dyn FnMut(Seq, &[u8]) -> Result<(), Error> + 'a;

/// Reads a segment: calls `each` with every commit's seq and bytes. Answers the seq after its last commit and the bytes
/// that are good. `last` says that no segment follows: only then may its end be torn.
pub(crate) fn read(segment: &Segment, last: bool, each: &mut Each<'_>) -> Result<(Seq, u64), Error> {
    let bytes = fs::read(&segment.path).map_err(|e| failed(&format!("the log {} cannot be read", segment.path.display()), &e))?;
    let (mut at, mut next) = (0, segment.first);
    while at < bytes.len() {
        if last && bytes[at..].iter().all(|byte| *byte == 0) {
            break;
        }
        let Some((commits, end)) = parse(&bytes, at, next) else {
            if last && torn(&bytes, at) {
                tracing::warn!(log = %segment.path.display(), bytes = bytes.len() - at, "what a crash left of an unacknowledged write is left out");
                break;
            }
            return Err(Error::Corrupt(format!(
                "the log {} is damaged at byte {at}: what is there is not what was written; restore the data folder from a backup",
                segment.path.display()
            )));
        };
        for commit in commits {
            each(next, &commit)?;
            next += 1;
        }
        at = end;
    }
    Ok((next, at as u64))
}

/// A whole, good frame at `at` that begins with commit `first`: its commits, and where it ends.
fn parse(bytes: &[u8], at: usize, first: Seq) -> Option<(Vec<Vec<u8>>, usize)> {
    let header = header(bytes.get(at..)?)?;
    let start = at + HEADER;
    let end = start.checked_add(header.length)?;
    let masked = bytes.get(start..end)?;
    if header.first != first || crc32fast::hash(masked) != header.checksum {
        return None;
    }
    let (mut commits, mut rest) = (Vec::with_capacity(header.count), masked);
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (commit, next) = behind.split_at_checked(u32::from_be_bytes(length.map(|b| b ^ MASK)) as usize)?;
        commits.push(commit.iter().map(|b| b ^ MASK).collect());
        rest = next;
    }
    (rest.is_empty() && commits.len() == header.count).then_some((commits, end))
}

struct Header {
    length: usize,
    count: usize,
    first: Seq,
    checksum: u32,
}

/// A good header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(bytes.get(..HEADER)?).ok()?;
    let (body, own) = text.split_at_checked(HEADER_BODY)?;
    let own = own.strip_suffix('\n')?;
    // Compared as text, so that no second spelling of a number passes.
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != own {
        return None;
    }
    let mut fields = body.strip_prefix(MAGIC)?.split(' ');
    let mut field = || u64::from_str_radix(fields.next()?, 16).ok();
    let header = Header {
        length: usize::try_from(field()?).ok()?,
        count: usize::try_from(field()?).ok()?,
        first: field()?,
        checksum: u32::try_from(field()?).ok()?,
    };
    (header.length <= MAX_FRAME && header.count > 0).then_some(header)
}

/// Whether what is at the end of the log, from `at` on, lacks bytes that never reached the disk.
fn torn(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at..];
    let frame_follows = || (1..rest.len()).any(|i| rest[i..].starts_with(MAGIC.as_bytes()) && header(&rest[i..]).is_some());
    // A write that stopped on the way leaves zeros up to the end of the file.
    let written = rest.len() - rest.iter().rev().take_while(|byte| **byte == 0).count();
    let lacks = match header(rest) {
        // Fewer zeros could be what was written.
        Some(header) => {
            let length = HEADER + header.length;
            rest.len() < length || written + ZEROS < length || zero_sector(bytes, at, at + length, ZEROS)
        }
        None if rest.len() < HEADER => MAGIC.as_bytes().iter().zip(rest).all(|(a, b)| a == b) || zero_sector(bytes, at, bytes.len(), 0),
        // A header is text.
        None => written < HEADER || zero_sector(bytes, at, at + HEADER, 0),
    };
    lacks && !frame_follows()
}

/// Whether what a sector of the file holds of these bytes is zeros, and more than `most` of them.
fn zero_sector(bytes: &[u8], at: usize, end: usize, most: usize) -> bool {
    let mut from = at;
    while from < end {
        let to = ((from / SECTOR + 1) * SECTOR).min(end);
        if to - from > most && bytes[from..to].iter().all(|b| *b == 0) {
            return true;
        }
        from = to;
    }
    false
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;

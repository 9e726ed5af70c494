//! Chunks of an export: a stream of bytes, cut, squeezed and each piece under its own checksum.

use super::ArchiveError;
use std::io::{Read, Write};

const LEAD: &str = "#sbx ";
/// `#sbx nnnnnnnn wwwwwwww iiiiiiii cccccccc hhhhhhhh\n`
const HEADER: usize = LEAD.len() + 5 * 9;
/// How much of a header is under its own checksum.
const BODY: usize = HEADER - 9;
/// The bytes of a chunk, but for the last one.
const CHUNK: usize = 1024 * 1024;
/// The most bytes of a chunk as written: LZ4 adds little to what it cannot squeeze.
const WRITTEN: usize = CHUNK + CHUNK / 16;

/// Writes chunks.
pub(super) struct Out<W> {
    to: W,
    held: Vec<u8>,
    number: u32,
}

impl<W: Write> Out<W> {
    pub fn new(to: W) -> Self {
        Self { to, held: Vec::with_capacity(CHUNK), number: 0 }
    }

    pub fn write(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() == CHUNK {
                self.cut()?;
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> std::io::Result<()> {
        let squeezed = lz4_flex::block::compress(&self.held);
        let checksum = crc32fast::hash(&squeezed);
        let body = format!("{LEAD}{:08x} {:08x} {:08x} {checksum:08x} ", self.number, squeezed.len(), self.held.len());
        writeln!(self.to, "{body}{:08x}", crc32fast::hash(body.as_bytes()))?;
        self.to.write_all(&squeezed)?;
        self.number += 1;
        self.held.clear();
        Ok(())
    }

    /// Everything was written; what was written to.
    pub fn finish(mut self) -> std::io::Result<W> {
        if !self.held.is_empty() {
            self.cut()?;
        }
        Ok(self.to)
    }
}

/// Reads chunks.
pub(super) struct In<R> {
    from: R,
    /// Where in the file the next chunk begins.
    at: u64,
    /// Where the one that is held begins.
    began: u64,
    number: u32,
    held: Vec<u8>,
    used: usize,
}

struct Header {
    number: u32,
    written: usize,
    inside: usize,
    checksum: u32,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, own) = text.split_at_checked(BODY)?;
    // Compared as text, so that no second spelling of a number passes.
    if format!("{:08x}\n", crc32fast::hash(body.as_bytes())) != own {
        return None;
    }
    let mut fields = body.strip_prefix(LEAD)?.split(' ');
    let mut field = || u32::from_str_radix(fields.next()?, 16).ok();
    let header =
        Header { number: field()?, written: usize::try_from(field()?).ok()?, inside: usize::try_from(field()?).ok()?, checksum: field()? };
    (header.written <= WRITTEN && header.inside <= CHUNK && header.inside > 0).then_some(header)
}

impl<R: Read> In<R> {
    /// Chunks that begin at byte `at` of the file.
    pub fn new(from: R, at: u64) -> Self {
        Self { from, at, began: at, number: 0, held: Vec::new(), used: 0 }
    }

    /// Where in the file what is read now comes from.
    pub fn place(&self) -> u64 {
        self.began
    }

    /// Reads as far as the file goes; answers how many bytes there were.
    fn fill(&mut self, into: &mut [u8]) -> Result<usize, ArchiveError> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(ArchiveError::Io("the export cannot be read".into(), e)),
            }
        }
        Ok(filled)
    }

    /// Takes the next chunk; false at the end of the file.
    fn turn(&mut self) -> Result<bool, ArchiveError> {
        let mut led = [0; HEADER];
        let there = self.fill(&mut led)?;
        self.began = self.at;
        let damaged = |at: u64, what: String| Err(ArchiveError::Damaged { at, what });
        if there == 0 {
            return Ok(false);
        }
        if there < HEADER {
            return Err(ArchiveError::CutOff { at: self.at + there as u64 });
        }
        let Some(header) = header(&led) else {
            return damaged(self.at, format!("chunk {} does not begin as one that was written", self.number));
        };
        if header.number != self.number {
            return damaged(self.at, format!("chunk {} stands where {} belongs", header.number, self.number));
        }
        let mut squeezed = vec![0; header.written];
        let there = self.fill(&mut squeezed)?;
        if there < header.written {
            return Err(ArchiveError::CutOff { at: self.at + (HEADER + there) as u64 });
        }
        let content = (crc32fast::hash(&squeezed) == header.checksum).then(|| lz4_flex::block::decompress(&squeezed, header.inside).ok());
        let Some(content) = content.flatten().filter(|content| content.len() == header.inside) else {
            return damaged(self.at, format!("the bytes of chunk {} are not those that were written", self.number));
        };
        (self.held, self.used) = (content, 0);
        self.at += (HEADER + header.written) as u64;
        self.number += 1;
        Ok(true)
    }

    /// Appends the next `count` bytes.
    ///
    /// # Errors
    /// [`ArchiveError::CutOff`] if there are fewer.
    pub fn take(&mut self, mut count: usize, into: &mut Vec<u8>) -> Result<(), ArchiveError> {
        while count > 0 {
            if self.used == self.held.len() && !self.turn()? {
                return Err(ArchiveError::CutOff { at: self.at });
            }
            let rest = self.held.get(self.used..).unwrap_or_default();
            let now = rest.get(..count.min(rest.len())).unwrap_or_default();
            into.extend_from_slice(now);
            self.used += now.len();
            count -= now.len();
        }
        Ok(())
    }

    /// Whether everything was read.
    pub fn is_over(&mut self) -> Result<bool, ArchiveError> {
        Ok(self.used == self.held.len() && !self.turn()?)
    }
}

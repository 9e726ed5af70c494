//! The entries of an export, and how each is written.

use super::Totals;
use crate::{Error, Part, codec};
use model::{EventRecord, JourneyEntry, Person, TranscriptEntry};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A letter, and the length of what follows.
pub(super) const LED: usize = 5;

/// An entry.
pub(super) enum Entry {
    /// A file begins.
    File(FileHead),
    /// The next bytes of that file.
    Bytes(Vec<u8>),
    /// A part of the store.
    Part(Part),
    /// That was all.
    Totals(Totals),
}

/// What leads a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileHead {
    /// Where it belongs in the data folder, its parts joined by `/`.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
}

#[derive(Serialize)]
struct RecordOut<'a> {
    table: &'a str,
    key: &'a str,
    value: &'a Value,
}

#[derive(Deserialize)]
struct RecordIn {
    table: String,
    key: String,
    value: Value,
}

/// Begins an entry.
fn begin(letter: u8, out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.extend_from_slice(&[letter, 0, 0, 0, 0]);
    at
}

/// Notes how long an entry became that began at `at`.
fn end(at: usize, out: &mut [u8]) -> Result<(), Error> {
    let length = out.len() - at - LED;
    let length = u32::try_from(length).map_err(|_| Error::Failed(format!("a value of {length} bytes is too large for an export")))?;
    if let Some(place) = out.get_mut(at + 1..at + LED) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn packed(letter: u8, value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), Error> {
    let at = begin(letter, out);
    codec::pack(value, out)?;
    end(at, out)
}

impl FileHead {
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        packed(b'f', self, out)
    }
}

/// Writes bytes of a file.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let at = begin(b'b', out);
    out.extend_from_slice(bytes);
    end(at, out)
}

/// Writes a part.
pub(super) fn write_part(part: &Part, out: &mut Vec<u8>) -> Result<(), Error> {
    match part {
        Part::Person(person) => packed(b'p', &**person, out),
        Part::Line(line) => packed(b't', line, out),
        Part::Journey(line) => packed(b'j', line, out),
        Part::Event(event) => packed(b'e', event, out),
        Part::Record { table, key, value } => packed(b'r', &RecordOut { table, key, value }, out),
    }
}

impl Totals {
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        packed(b'z', self, out)
    }

    /// Counts a part.
    pub fn count(&mut self, part: &Part) {
        match part {
            Part::Person(_) => self.people += 1,
            Part::Line(_) => self.lines += 1,
            Part::Journey(_) => self.journey += 1,
            Part::Event(_) => self.events += 1,
            Part::Record { .. } => self.records += 1,
        }
    }
}

impl Entry {
    /// The entry of a letter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(letter: u8, content: Vec<u8>) -> Result<Self, String> {
        let entry = match letter {
            b'b' => return Ok(Self::Bytes(content)),
            letter => Self::unpacked(letter, &content)?,
        };
        if let Self::Part(part) = &entry {
            codec::check_part(part, &content).map_err(|error| error.to_string())?;
        }
        Ok(entry)
    }

    fn unpacked(letter: u8, content: &[u8]) -> Result<Self, String> {
        fn unpacked<T: for<'a> Deserialize<'a>>(content: &[u8]) -> Result<T, String> {
            codec::unpack(content).map_err(|e| e.to_string())
        }
        Ok(match letter {
            b'f' => Self::File(unpacked(content)?),
            b'p' => Self::Part(Part::Person(Arc::new(unpacked::<Person>(content)?))),
            b't' => Self::Part(Part::Line(Box::new(unpacked::<TranscriptEntry>(content)?))),
            b'j' => Self::Part(Part::Journey(Box::new(unpacked::<JourneyEntry>(content)?))),
            b'e' => Self::Part(Part::Event(Box::new(unpacked::<EventRecord>(content)?))),
            b'r' => {
                let RecordIn { table, key, value } = unpacked(content)?;
                Self::Part(Part::Record { table, key, value })
            }
            b'z' => Self::Totals(unpacked(content)?),
            other => return Err(format!("an entry begins with {:?}, which this program does not know", char::from(other))),
        })
    }
}

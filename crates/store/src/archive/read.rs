//! Reading an export into a data folder that was empty. The folder can be used when everything was read and counted, not before.

use super::{
    ArchiveError, FAMILY, Header, MAGIC, Progress, Totals,
    chunks::In,
    entry::{Entry, LED},
    files::Puts,
};
use crate::{Error, Load, Part, room::Disk};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

/// The longest line of the header.
const LINE: usize = 64 * 1024;
/// The largest entry: what one person or one record may come to.
const LARGEST: usize = 64 * 1024 * 1024;
/// Bytes after which it is looked whether there is room for more.
const LOOK: usize = 8 * 1024 * 1024;

/// Reads a line; answers it without its end. None if there is none.
fn line(from: &mut impl Read) -> Result<Option<String>, ArchiveError> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE {
        match from.read_exact(&mut byte) {
            Ok(()) if byte == *b"\n" => return Ok(String::from_utf8(line).ok()),
            Ok(()) => line.extend_from_slice(&byte),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(ArchiveError::Io("the export cannot be read".into(), e)),
        }
    }
    Ok(None)
}

/// Reads what leads an export.
fn header(from: &mut impl Read, path: &Path) -> Result<(Header, u64), ArchiveError> {
    let foreign = || ArchiveError::Foreign(format!("{} is no export: it does not begin with \"{MAGIC}\"", path.display()));
    let first = line(from)?.ok_or_else(foreign)?;
    if first != MAGIC {
        let known = first.starts_with(FAMILY) && first.len() < 40;
        return Err(if known {
            let shown = first.escape_debug();
            ArchiveError::Foreign(format!(
                "{} is a \"{shown}\", and this program reads \"{MAGIC}\"; use the program that wrote it",
                path.display()
            ))
        } else {
            foreign()
        });
    }
    let at = first.len() as u64 + 1;
    let damaged = || ArchiveError::Damaged { at, what: "its second line is not what was written".into() };
    let led = line(from)?.ok_or_else(damaged)?;
    let sum = line(from)?.ok_or_else(damaged)?;
    if sum != format!("{:08x}", crc32fast::hash(led.as_bytes())) {
        return Err(damaged());
    }
    let header = serde_json::from_str(&led).map_err(|_| damaged())?;
    Ok((header, at + led.len() as u64 + 1 + sum.len() as u64 + 1))
}

/// Reads an export into the folder that `begin` prepares once it is known to be one: what `begin` answers takes the parts of the store.
/// Answers the header and what there was. After an error the folder is of no use. `disk` is the one of the folder: a server may be on it, and
/// is left the room that it needs.
///
/// # Errors
/// [`ArchiveError`]
pub fn import(
    path: &Path,
    data: &Path,
    disk: &Disk,
    begin: impl FnOnce(&Header) -> Result<Box<dyn Load>, ArchiveError>,
    progress: &Progress<'_>,
) -> Result<(Header, Totals), ArchiveError> {
    let file = File::open(path).map_err(|e| ArchiveError::Io(format!("{} cannot be read", path.display()), e))?;
    let mut from = BufReader::with_capacity(1024 * 1024, file);
    let (header, at) = header(&mut from, path)?;
    let mut load = begin(&header)?;
    let (mut chunks, mut puts, mut totals) = (In::new(from, at), Puts::new(data), Totals::default());
    let (mut since, mut parts_began) = (LOOK, false);
    let told = loop {
        if since >= LOOK {
            since = 0;
            disk.check("the import", 0)?;
        }
        let mut led = Vec::with_capacity(LED);
        chunks.take(LED, &mut led)?;
        let place = chunks.place();
        // What is told may have come with the file, and goes to a terminal.
        let wrong = |what: String| ArchiveError::Damaged { at: place, what: what.replace(char::is_control, " ") };
        let (letter, length) = match led.as_slice() {
            [letter, length @ ..] => (*letter, length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte))),
            [] => return Err(wrong("an entry is empty".into())),
        };
        if length > LARGEST {
            return Err(wrong(format!("an entry says that it has {length} bytes")));
        }
        since += LED + length;
        let mut content = Vec::with_capacity(length.min(1024 * 1024));
        chunks.take(length, &mut content)?;
        match Entry::read(letter, content).map_err(wrong)? {
            Entry::File(_) if parts_began => return Err(wrong("a file comes out of its order".into())),
            Entry::File(head) => {
                puts.begin(&head)?.map_err(wrong)?;
                totals.files += 1;
                // No file has as many as it may say.
                totals.file_bytes = totals.file_bytes.saturating_add(head.size);
            }
            Entry::Bytes(bytes) => puts.bytes(&bytes)?.map_err(wrong)?,
            Entry::Part(part) => {
                puts.end()?.map_err(wrong)?;
                parts_began = true;
                totals.count(&part);
                let person = matches!(part, Part::Person(_));
                load.put(part).map_err(|error| match error {
                    Error::Invalid(what) => wrong(what),
                    error => error.into(),
                })?;
                if person && !progress(totals.people) {
                    return Err(ArchiveError::Stopped);
                }
            }
            Entry::Totals(told) => {
                puts.end()?.map_err(wrong)?;
                break told;
            }
        }
    };
    let place = chunks.place();
    if !chunks.is_over()? {
        return Err(ArchiveError::Damaged { at: chunks.place(), what: "something stands behind its end".into() });
    }
    if told != totals || header.people != totals.people {
        return Err(ArchiveError::Damaged { at: place, what: "what was counted at the end is not what is in it".into() });
    }
    puts.sync()?;
    load.finish()?;
    Ok((header, totals))
}

//! How things are written: MessagePack by field name, so that fields may be added and old data still read.
//!
//! It holds what JSON holds, in half the bytes and a third of the time; ids are their 16 bytes. What should not be
//! written is refused here, before anything is acknowledged: coordinates that are no number, nesting deeper than a reader
//! of JSON follows (people and records are shown as JSON), and more than [`MAX_COMMIT`] bytes.
//!
//! **Invariant.** The byte `0xC1` is no part of the format and of no UTF-8 text: what is written has no more than 16 of
//! them in a row, inside an id. The log of the embedded store relies on it.

use crate::{Commit, Error, Part, PersonChange};
use model::{Content, Forgotten, InboxItem, InboxRow, IncomingBody, TranscriptEntry};
use serde::{Deserialize, Serialize};

/// The largest commit, in bytes as written. Attachments are not in it; they are blobs.
pub const MAX_COMMIT: usize = 1024 * 1024;
/// The deepest nesting of lists and maps. A reader of JSON follows 128 levels; a person nests a little deeper than a change.
const MAX_DEPTH: usize = 100;
/// How much deeper a person or a line nests than the change that made it.
const DEEPER: usize = 8;
/// More than anybody counts to: what is counted goes on from there without an end of numbers in sight.
const MOST: u64 = 1 << 48;
/// The longest name of a table of records, in bytes.
const MAX_TABLE: usize = 64;
/// The longest key of a record, in bytes.
const MAX_KEY: usize = 512;

/// The bytes of a commit.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be written and read back.
pub fn encode(commit: &Commit) -> Result<Vec<u8>, Error> {
    for change in commit.people() {
        check_numbers(change)?;
    }
    for put in &commit.records {
        check_names(&put.table, &put.key)?;
    }
    let mut bytes = Vec::with_capacity(1_536);
    pack_into(commit, &mut bytes).map_err(|e| Error::Invalid(format!("the commit cannot be written: {e}")))?;
    if bytes.len() > MAX_COMMIT {
        return Err(Error::Invalid(format!("the commit has {} bytes; at most {MAX_COMMIT} can be stored at once", bytes.len())));
    }
    if depth(&bytes) > MAX_DEPTH {
        return Err(Error::Invalid(format!("a value is nested too deep; at most {MAX_DEPTH} levels can be stored")));
    }
    Ok(bytes)
}

fn check_names(table: &str, key: &str) -> Result<(), Error> {
    if table.is_empty() || table.len() > MAX_TABLE || table.contains('\0') {
        let shown = table.chars().take(MAX_TABLE).collect::<String>();
        let shown = shown.escape_debug();
        return Err(Error::Invalid(format!("\"{shown}\" is no name of a table: it has 1 to {MAX_TABLE} bytes, none of them 0")));
    }
    if key.len() > MAX_KEY {
        return Err(Error::Invalid(format!("a key of table {table} has {} bytes; at most {MAX_KEY} can be stored", key.len())));
    }
    Ok(())
}

/// Checks that a part that comes from elsewhere, `bytes` as written, is one that a store of ours could have given.
///
/// # Errors
/// [`Error::Invalid`] if it is not.
pub fn check_part(part: &Part, bytes: &[u8]) -> Result<(), Error> {
    match part {
        Part::Record { table, key, .. } => check_names(table, key)?,
        Part::Person(person) => {
            let Forgotten { journey, events, lines } = &person.forgotten;
            let most = lines.iter().map(|(_, no)| *no).chain([person.version, *journey, *events]).max();
            if person.version == 0 || most.is_some_and(|most| most > MOST) {
                return Err(Error::Invalid(format!("{} counts what nobody can have done", person.contact.id)));
            }
            let rows = person.inbox.iter().chain(person.parked.values()).filter_map(received);
            if !rows.chain(person.outbox.iter().map(|row| &row.message.content)).all(is_finite) {
                return Err(no_number());
            }
        }
        Part::Line(line) => {
            if line.no() > MOST {
                return Err(Error::Invalid("a line has a number that nobody comes to".into()));
            }
            if !said(line).into_iter().all(is_finite) {
                return Err(no_number());
            }
        }
        Part::Journey(_) | Part::Event(_) => {}
    }
    if depth(bytes) > MAX_DEPTH + DEEPER {
        return Err(Error::Invalid("a value is nested too deep".into()));
    }
    Ok(())
}

/// The commit that [`encode`] wrote.
///
/// # Errors
/// [`Error::Corrupt`] if it is none.
pub fn decode(bytes: &[u8]) -> Result<Commit, Error> {
    rmp_serde::from_slice(bytes).map_err(|e| Error::Corrupt(format!("a commit cannot be read: {e}")))
}

fn pack_into(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), rmp_serde::encode::Error> {
    value.serialize(&mut rmp_serde::Serializer::new(bytes).with_struct_map())
}

/// Appends a value of our own types.
///
/// # Errors
/// [`Error::Failed`] if it has a form that cannot be written.
pub fn pack(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), Error> {
    pack_into(value, bytes).map_err(|e| Error::Failed(format!("a value cannot be written: {e}")))
}

/// The value that [`pack`] wrote.
///
/// # Errors
/// [`Error::Corrupt`] if it is none.
pub fn unpack<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    rmp_serde::from_slice(bytes).map_err(|e| Error::Corrupt(format!("a value cannot be read: {e}")))
}

/// JSON, as which locations are shown, has no form for a number that is not finite.
fn check_numbers(change: &PersonChange) -> Result<(), Error> {
    let inbox = change.inbox_put.iter().filter_map(received);
    let outbox = change.outbox_put.iter().map(|row| &row.message.content);
    let transcript = change.transcript.iter().filter_map(said);
    if inbox.chain(outbox).chain(transcript).all(is_finite) { Ok(()) } else { Err(no_number()) }
}

fn received(row: &InboxRow) -> Option<&Content> {
    match &row.item {
        InboxItem::Incoming { incoming, .. } => match &incoming.body {
            IncomingBody::Message(content) => Some(content),
            _ => None,
        },
        InboxItem::AgentSays { content, .. } => Some(content),
        _ => None,
    }
}

fn said(entry: &TranscriptEntry) -> Option<&Content> {
    match entry {
        TranscriptEntry::Message(message) => Some(&message.content),
        TranscriptEntry::Delivery(_) => None,
    }
}

fn is_finite(content: &Content) -> bool {
    content.location.as_ref().is_none_or(|at| at.latitude.is_finite() && at.longitude.is_finite())
}

fn no_number() -> Error {
    Error::Invalid("a location has a coordinate that is not a number".into())
}

/// The deepest nesting of lists and maps that hold something, in MessagePack that we wrote.
fn depth(bytes: &[u8]) -> usize {
    // How many values are still to come on each level.
    let (mut open, mut most, mut rest) = (Vec::new(), 0, bytes);
    while let Some((first, after)) = rest.split_first() {
        let number = |bytes: usize| after.iter().take(bytes).fold(0_usize, |n, b| n << 8 | usize::from(*b));
        // Bytes to skip after the first, and the values inside.
        let (skip, inside) = match *first {
            0x80..=0x8F => (0, usize::from(first & 0x0F) * 2),
            0x90..=0x9F => (0, usize::from(first & 0x0F)),
            0xA0..=0xBF => (usize::from(first & 0x1F), 0),
            0xC4 | 0xD9 => (1 + number(1), 0),
            0xC5 | 0xDA => (2 + number(2), 0),
            0xC6 | 0xDB => (4 + number(4), 0),
            0xCC | 0xD0 => (1, 0),
            0xCD | 0xD1 => (2, 0),
            0xCA | 0xCE | 0xD2 => (4, 0),
            0xCB | 0xCF | 0xD3 => (8, 0),
            0xDC => (2, number(2)),
            0xDD => (4, number(4)),
            0xDE => (2, number(2) * 2),
            0xDF => (4, number(4) * 2),
            // Small numbers, nothing, truth values; extensions are not written.
            0x00..=0x7F | 0xC0..=0xC3 | 0xC7..=0xC9 | 0xD4..=0xD8 | 0xE0..=0xFF => (0, 0),
        };
        rest = after.get(skip..).unwrap_or_default();
        if inside > 0 {
            open.push(inside);
            most = most.max(open.len());
            continue;
        }
        while let Some(left) = open.last_mut() {
            *left -= 1;
            if *left > 0 {
                break;
            }
            open.pop();
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordPut;

    fn nested(levels: usize) -> Commit {
        let value = (0..levels).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
        Commit { person: None, records: vec![RecordPut { table: "t".into(), key: "k".into(), value: Some(value) }], ..Commit::default() }
    }

    #[test]
    fn what_is_accepted_reads_back() {
        let deepest = (1..).take_while(|n| encode(&nested(*n)).is_ok()).last().unwrap();
        assert!(deepest > 90, "{deepest}");
        assert_eq!(decode(&encode(&nested(deepest)).unwrap()).unwrap(), nested(deepest));
    }

    #[test]
    fn nesting_is_counted_and_what_texts_and_numbers_look_like_is_not() {
        let value = serde_json::json!({
            "\u{91}\u{92}": [[], {}, "x".repeat(40), "y".repeat(300), "z".repeat(70_000), -1, 200, -40_000, u64::MAX, 1.5, null, true],
            "many": vec![serde_json::json!([0x91]); 20],
            "more": vec![0x91; 70_000],
        });
        let mut bytes = Vec::new();
        pack(&value, &mut bytes).unwrap();
        assert_eq!(depth(&bytes), 3);
        assert_eq!(unpack::<serde_json::Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn fields_may_be_unknown_or_missing_and_ids_are_their_bytes() {
        #[derive(Serialize)]
        struct Newer {
            id: model::ContactId,
            base: u64,
            color: &'static str,
        }
        let mut bytes = Vec::new();
        pack(&Newer { id: model::ContactId(7), base: 3, color: "green" }, &mut bytes).unwrap();
        assert_eq!(unpack::<PersonChange>(&bytes).unwrap(), PersonChange::new(model::ContactId(7), 3));
        let mut id = Vec::new();
        pack(&model::ContactId(7), &mut id).unwrap();
        assert_eq!(id.len(), 18);
    }

    #[test]
    fn tables_and_keys_have_limits() {
        for (table, key) in [("", "k"), ("a\0b", "k"), ("t", &*"k".repeat(600))] {
            let put = RecordPut { table: table.into(), key: key.into(), value: None };
            assert!(
                matches!(encode(&Commit { person: None, records: vec![put], ..Commit::default() }), Err(Error::Invalid(_))),
                "{table:?}"
            );
        }
    }
}

//! The rows of the database: their keys, and the envelope every value is in.
//!
//! | key                             | value                                                      |
//! |---------------------------------|------------------------------------------------------------|
//! | `P` contact `d` chunk           | the person, what is indexed of them, their open page       |
//! | `H` number chunk                | a closed page of somebody's history ([`crate::history`])   |
//! | `A` contact                     | empty: something can happen to them by itself              |
//! | `X` sha-256 of an address       | the contact it leads to                                    |
//! | `K` table 0 key chunk           | a record                                                   |
//! | `M`                             | how far the checkpoint is ([`Mark`])                       |
//!
//! Closed pages are numbered as they are closed, over all people, so that they are only ever appended: a leaf of people
//! holds nothing that it would have to be rewritten with, and does not grow with the past. Numbers in keys are big-endian,
//! so that their order is the keys' order. A value is a version byte, a CRC-32 of key and content, and the content. What has
//! chunks is squeezed ([`crate::squeeze`]); if that is too large for a row it is in several, each led by a checksum of the
//! whole; chunk 0 says how many there are.

use crate::{
    db::Db,
    history::History,
    squeeze::{squeeze, unsqueeze},
};
use model::{Address, ContactId, Person};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use store::{Error, Seq, codec};

/// Leads every value in one row.
const PLAIN: u8 = 2;
/// Leads every chunk of a value that is squeezed. Chunks of data 3 are led by [`PLAIN`].
const SQUEEZED: u8 = 3;
/// The most content of one row: sled keeps larger values in files it does not sync.
const CHUNK: usize = 12 * 1024;

pub(crate) const PERSON: u8 = b'P';
pub(crate) const PAGE: u8 = b'H';
pub(crate) const ACTIVE: u8 = b'A';
pub(crate) const ADDRESS: u8 = b'X';
pub(crate) const RECORD: u8 = b'K';
pub(crate) const MARK: &[u8] = b"M";

/// A person as checkpointed.
pub(crate) struct Document {
    pub person: Person,
    pub disk: Indexed,
}

/// What else of a person is in the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Indexed {
    /// Whether there is an active row.
    pub active: bool,
    /// Their pages.
    pub history: History,
}

/// How far the checkpoint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Every commit up to here is in the database.
    pub seq: Seq,
    /// People in the database.
    pub people: u64,
    /// The number of the next page to be closed.
    pub next_page: u64,
}

pub(crate) fn person_key(id: ContactId) -> Vec<u8> {
    [&[PERSON][..], &id.to_bytes(), b"d"].concat()
}

pub(crate) fn page_key(number: u64) -> Vec<u8> {
    [&[PAGE][..], &number.to_be_bytes()].concat()
}

/// The number in a key of a page.
pub(crate) fn page_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(1..9)?.try_into().ok()?))
}

pub(crate) fn active_key(id: ContactId) -> Vec<u8> {
    [&[ACTIVE][..], &id.to_bytes()].concat()
}

/// What comes after everything of a person and before the next one.
pub(crate) fn after_person(id: ContactId) -> Vec<u8> {
    [&[PERSON][..], &id.to_bytes(), &[0xFF]].concat()
}

/// The id in a key of a person or of [`active_key`].
pub(crate) fn id_of(key: &[u8]) -> Option<ContactId> {
    Some(ContactId::from_bytes(key.get(1..17)?.try_into().ok()?))
}

pub(crate) fn address_key(address: &Address) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((address.channel.len() as u64).to_be_bytes());
    hash.update(&address.channel);
    hash.update(&address.id);
    [&[ADDRESS][..], &hash.finalize()].concat()
}

/// What the keys of a table's records begin with.
pub(crate) fn table_key(table: &str) -> Vec<u8> {
    [&[RECORD][..], table.as_bytes(), &[0]].concat()
}

pub(crate) fn record_key(table: &str, key: &str) -> Vec<u8> {
    [&table_key(table), key.as_bytes()].concat()
}

/// The table and the key of a record, by the key of its first chunk.
pub(crate) fn record_of(key: &[u8]) -> Option<(String, String)> {
    let rest = key.strip_prefix(&[RECORD])?.strip_suffix(&[0, 0])?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (table, key) = rest.split_at_checked(end)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some((text(table)?, text(key.get(1..)?)?))
}

/// Rows to put and delete together. A value of none deletes.
#[derive(Default)]
pub(crate) struct Rows(pub Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Rows {
    /// A value in one row.
    pub fn put(&mut self, key: Vec<u8>, content: &[u8]) {
        let value = seal(PLAIN, &key, &[content]);
        self.0.push((key, Some(value)));
    }

    pub fn delete(&mut self, key: Vec<u8>) {
        self.0.push((key, None));
    }

    /// A value of any size under `key` + chunk, in place of one of `before` chunks; answers how many it has now.
    pub fn put_chunked(&mut self, key: &[u8], content: &[u8], before: u16) -> Result<u16, Error> {
        let content = &*squeeze(content);
        let count = u16::try_from(content.len().div_ceil(CHUNK));
        let count = count.map_err(|_| Error::Failed(format!("a value of {} bytes is too large to be stored", content.len())))?;
        let whole = crc32fast::hash(content).to_be_bytes();
        for chunk in 0..count {
            let start = usize::from(chunk) * CHUNK;
            let part = &content[start..(start + CHUNK).min(content.len())];
            let key = chunk_key(key, chunk);
            let count = count.to_be_bytes();
            let led: &[&[u8]] = if chunk == 0 { &[&whole, &count] } else { &[&whole] };
            let value = seal(SQUEEZED, &key, &[led, &[part]].concat());
            self.0.push((key, Some(value)));
        }
        self.delete_chunked(key, count, before);
        Ok(count)
    }

    /// Deletes the chunks from `from` to before `to`.
    pub fn delete_chunked(&mut self, key: &[u8], from: u16, to: u16) {
        for chunk in from..to {
            self.delete(chunk_key(key, chunk));
        }
    }
}

pub(crate) fn chunk_key(key: &[u8], chunk: u16) -> Vec<u8> {
    [key, &chunk.to_be_bytes()].concat()
}

fn checksum(key: &[u8], parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize().to_be_bytes()
}

fn seal(version: u8, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut value = Vec::with_capacity(5 + parts.iter().map(|p| p.len()).sum::<usize>());
    value.push(version);
    value.extend_from_slice(&checksum(key, parts));
    parts.iter().for_each(|part| value.extend_from_slice(part));
    value
}

fn damaged(key: &[u8]) -> Error {
    let name = key.escape_ascii().to_string().chars().take(96).collect::<String>();
    Error::Corrupt(format!("the row {name} of the database is damaged; restore the data folder from a backup"))
}

/// The version and the content of a value.
fn unseal<'a>(key: &[u8], value: &'a [u8]) -> Result<(u8, &'a [u8]), Error> {
    match value.split_first_chunk::<5>() {
        Some(([version @ (PLAIN | SQUEEZED), sum @ ..], content)) if *sum == checksum(key, &[content]) => Ok((*version, content)),
        _ => Err(damaged(key)),
    }
}

/// A value in one row.
pub(crate) fn get(db: &Db, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    db.get(key)?.map(|value| unseal(key, &value).map(|(_, content)| content.to_vec())).transpose()
}

/// A value of any size, and how many chunks it has.
pub(crate) fn get_chunked(db: &Db, key: &[u8]) -> Result<Option<(Vec<u8>, u16)>, Error> {
    // The rows are read one by one and may be replaced meanwhile, all at once; then they do not fit together and are
    // read again. Replacing takes longer than reading, so this ends soon, and does end if they are damaged.
    let mut outcome = Ok(None);
    for _ in 0..100 {
        outcome = get_chunks(db, key);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn get_chunks(db: &Db, key: &[u8]) -> Result<Option<(Vec<u8>, u16)>, Error> {
    let first = chunk_key(key, 0);
    let Some(value) = db.get(&first)? else { return Ok(None) };
    let mut chunks = vec![Row { key: first.as_slice().into(), value }];
    for chunk in 1..chunk_count(&chunks[0])? {
        let key = chunk_key(key, chunk);
        let value = db.get(&key)?.ok_or_else(|| damaged(&key))?;
        chunks.push(Row { key: key.into(), value });
    }
    Ok(Some((join(&chunks)?, u16::try_from(chunks.len()).map_err(|_| damaged(&first))?)))
}

/// How many chunks a value of any size has; 0 if it is not there.
pub(crate) fn chunks(db: &Db, key: &[u8]) -> Result<u16, Error> {
    let key = chunk_key(key, 0);
    db.get(&key)?.map_or(Ok(0), |value| chunk_count(&Row { key: key.into(), value }))
}

/// A row as it is in the database.
pub(crate) struct Row {
    key: sled::IVec,
    value: sled::IVec,
}

/// How many chunks a value has, by the first.
fn chunk_count(first: &Row) -> Result<u16, Error> {
    let (_, content) = unseal(&first.key, &first.value)?;
    let count = content.get(4..6).and_then(|count| count.try_into().ok()).map(u16::from_be_bytes);
    count.ok_or_else(|| damaged(&first.key))
}

/// The value whose chunks these are, all of them in order.
pub(crate) fn join(chunks: &[Row]) -> Result<Vec<u8>, Error> {
    let Some((first, others)) = chunks.split_first() else { return Err(damaged(&[])) };
    if usize::from(chunk_count(first)?) != chunks.len() {
        return Err(damaged(&first.key));
    }
    let (version, content) = unseal(&first.key, &first.value)?;
    let (whole, content) = content.split_first_chunk::<4>().ok_or_else(|| damaged(&first.key))?;
    let (_, content) = content.split_first_chunk::<2>().ok_or_else(|| damaged(&first.key))?;
    let mut joined = Cow::Borrowed(content);
    for chunk in others {
        let (_, content) = unseal(&chunk.key, &chunk.value)?;
        let part = content.strip_prefix(whole).ok_or_else(|| damaged(&chunk.key))?;
        joined.to_mut().extend_from_slice(part);
    }
    if version == SQUEEZED { unsqueeze(&joined).ok_or_else(|| damaged(&first.key)) } else { Ok(joined.into_owned()) }
}

/// Rows of people from `from` on, in order: about `count`, nobody's in part. And where the next ones begin, if any.
pub(crate) fn stretch(db: &Db, from: &[u8], count: usize) -> Result<(Vec<Row>, Option<Vec<u8>>), Error> {
    let (mut rows, mut after) = (Vec::with_capacity(count), None);
    db.rows(from, &mut |key, value| {
        if key.first() != Some(&PERSON) {
            return false;
        }
        if rows.len() >= count && key.ends_with(&[0, 0]) {
            after = Some(key.to_vec());
            return false;
        }
        rows.push(Row { key, value });
        true
    })?;
    Ok((rows, after))
}

/// Takes the first person's rows off what [`stretch`] read.
pub(crate) fn split_person(rows: &[Row]) -> Option<(ContactId, &[Row], &[Row])> {
    let id = id_of(&rows.first()?.key)?;
    let count = rows.iter().take_while(|row| id_of(&row.key) == Some(id)).count();
    rows.split_at_checked(count).map(|(of, others)| (id, of, others))
}

/// Reads what a checksum says we wrote.
pub(crate) fn parse<T: DeserializeOwned>(key: &[u8], content: &[u8]) -> Result<T, Error> {
    codec::unpack(content).map_err(|e| Error::Corrupt(format!("{}: {e}", damaged(key))))
}

/// A value of our own types as written.
pub(crate) fn packed(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    codec::pack(value, &mut bytes)?;
    Ok(bytes)
}

/// Appends a value, led by its length.
pub(crate) fn push(content: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    let at = content.len();
    content.extend_from_slice(&[0; 4]);
    codec::pack(value, content)?;
    let length = content.len() - at - 4;
    let length = u32::try_from(length).map_err(|_| Error::Failed(format!("a value of {length} bytes is too large to be stored")))?;
    if let Some(place) = content.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Appends what [`divide`] gave, as [`push`] wrote it.
pub(crate) fn push_raw(content: &mut Vec<u8>, value: &[u8]) -> Result<(), Error> {
    let length = u32::try_from(value.len()).map_err(|_| Error::Failed(format!("a value of {} bytes is too large", value.len())))?;
    content.extend_from_slice(&length.to_be_bytes());
    content.extend_from_slice(value);
    Ok(())
}

/// Divides what [`push`] wrote, and more, into the value's bytes and the rest.
pub(crate) fn divide<'a>(key: &[u8], content: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Error> {
    let (length, rest) = content.split_first_chunk::<4>().ok_or_else(|| damaged(key))?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(|| damaged(key))
}

/// A person's document as written: what is indexed, the person, and the open page of their history.
pub(crate) fn write_document(person: &Person, disk: &Indexed, open: &[u8]) -> Result<Vec<u8>, Error> {
    let mut content = Vec::with_capacity(2_048 + open.len());
    push(&mut content, disk)?;
    push(&mut content, person)?;
    content.extend_from_slice(open);
    Ok(content)
}

/// A person's document, and how many chunks it has and bytes it takes.
pub(crate) fn document(db: &Db, id: ContactId) -> Result<Option<(Document, u16, usize)>, Error> {
    let key = person_key(id);
    let Some((content, chunks)) = get_chunked(db, &key)? else { return Ok(None) };
    let (disk, rest) = divide(&key, &content)?;
    let (person, _) = divide(&key, rest)?;
    Ok(Some((Document { person: parse(&key, person)?, disk: parse(&key, disk)? }, chunks, content.len())))
}

/// What is indexed of a person, and the open page of their history.
pub(crate) fn open_page(db: &Db, id: ContactId) -> Result<Option<(Indexed, Vec<u8>)>, Error> {
    let key = person_key(id);
    let Some((content, _)) = get_chunked(db, &key)? else { return Ok(None) };
    let (disk, rest) = divide(&key, &content)?;
    let (_, open) = divide(&key, rest)?;
    Ok(Some((parse(&key, disk)?, open.to_vec())))
}

/// The contact an address leads to, as checkpointed.
pub(crate) fn address(db: &Db, address: &Address) -> Result<Option<ContactId>, Error> {
    let key = address_key(address);
    let Some(content) = get(db, &key)? else { return Ok(None) };
    let bytes = content.try_into().map_err(|_| damaged(&key))?;
    Ok(Some(ContactId::from_bytes(bytes)))
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;

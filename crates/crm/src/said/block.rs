//! A block: some hundreds of lines, in the order of time, as they lie on disk.
//!
//! ```text
//! head       48 bytes   "said", checksums of head, lists and texts, lengths, times of the first and the last line
//! lists      signature, then places: conversations by number, and for each line which one, its number, time and length
//! texts      the folded texts, a line each, LZ4
//! ```

use super::{signature, words::Words};
use model::{ContactId, ConversationId, Instant};

/// The length of a head.
pub const HEAD: usize = 48;
const MARK: &[u8; 4] = b"said";
/// No length in a head is larger: a block holds one message more than it should at the most.
const LARGEST: u32 = 16 * 1024 * 1024;

/// Where a line stands. The order is that of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// When it was said.
    pub at: Instant,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The line's number there.
    pub no: u64,
    /// Whose it was when it was written down.
    pub contact: ContactId,
}

/// A line that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub place: Place,
    /// Its words, folded; empty for one that only says how far its conversation was read.
    pub text: String,
}

/// What a block says of itself before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// When its oldest line was said.
    pub oldest: Instant,
    /// When its newest line was said.
    pub newest: Instant,
    lists_sum: u32,
    texts_sum: u32,
    signature: u32,
    places: u32,
    packed: u32,
    raw: u32,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

impl Head {
    /// Reads a head; none if there is none, or if it is damaged.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let u32_at = |at| number(bytes, at).map(u32::from_le_bytes);
        let i64_at = |at| number(bytes, at).map(i64::from_le_bytes);
        if bytes.get(..4)? != MARK || crc32fast::hash(bytes.get(8..HEAD)?) != u32_at(4)? {
            return None;
        }
        let head = Self {
            lists_sum: u32_at(8)?,
            texts_sum: u32_at(12)?,
            signature: u32_at(16)?,
            places: u32_at(20)?,
            packed: u32_at(24)?,
            raw: u32_at(28)?,
            oldest: Instant(i64_at(32)?),
            newest: Instant(i64_at(40)?),
        };
        [head.signature, head.places, head.packed, head.raw].iter().all(|length| *length <= LARGEST).then_some(head)
    }

    fn write(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MARK);
        head.extend_from_slice(&[0; 4]);
        for number in [self.lists_sum, self.texts_sum, self.signature, self.places, self.packed, self.raw] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        head.extend_from_slice(&self.oldest.0.to_le_bytes());
        head.extend_from_slice(&self.newest.0.to_le_bytes());
        let sum = crc32fast::hash(head.get(8..).unwrap_or_default());
        head.splice(4..8, sum.to_le_bytes());
        head
    }

    /// The bytes of the signature and the places, which come after the head.
    pub fn lists(&self) -> usize {
        (self.signature + self.places) as usize
    }

    /// The bytes of the texts, which come after those.
    pub fn texts(&self) -> usize {
        self.packed as usize
    }

    /// The bytes of the texts when they are unpacked.
    pub fn raw(&self) -> usize {
        self.raw as usize
    }

    /// The bytes of the whole block.
    pub fn whole(&self) -> usize {
        HEAD + self.lists() + self.texts()
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_id(from: &mut &[u8]) -> Option<u128> {
    let (id, rest) = from.split_at_checked(16)?;
    *from = rest;
    Some(u128::from_be_bytes(id.try_into().ok()?))
}

/// Makes a block of lines, which are put in order of time; none of no lines.
pub fn seal(lines: &mut [Line]) -> Option<Vec<u8>> {
    lines.sort_by_key(|line| line.place);
    let (oldest, newest) = (lines.first()?.place.at, lines.last()?.place.at);
    let (mut texts, mut listed, mut conversations) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers: std::collections::HashMap<(ConversationId, ContactId), u64> = std::collections::HashMap::new();
    let mut last = oldest;
    for line in lines.iter() {
        let Place { at, conversation, no, contact } = line.place;
        let next = numbers.len() as u64;
        let number = *numbers.entry((conversation, contact)).or_insert_with(|| {
            conversations.extend_from_slice(&conversation.to_bytes());
            conversations.extend_from_slice(&contact.to_bytes());
            next
        });
        put(&mut listed, number);
        put(&mut listed, no);
        put(&mut listed, at.micros_since(last).max(0).unsigned_abs());
        put(&mut listed, line.text.len() as u64);
        last = at;
        texts.extend_from_slice(line.text.as_bytes());
        texts.push(b'\n');
    }
    let signature = signature::of(&texts);
    let mut lists = signature.clone();
    put(&mut lists, numbers.len() as u64);
    put(&mut lists, lines.len() as u64);
    lists.append(&mut conversations);
    lists.append(&mut listed);
    let packed = lz4_flex::block::compress(&texts);
    let small = |length: usize| u32::try_from(length).ok().filter(|length| *length <= LARGEST);
    let head = Head {
        oldest,
        newest,
        lists_sum: crc32fast::hash(&lists),
        texts_sum: crc32fast::hash(&packed),
        signature: small(signature.len())?,
        places: small(lists.len() - signature.len())?,
        packed: small(packed.len())?,
        raw: small(texts.len())?,
    };
    let mut block = head.write();
    block.append(&mut lists);
    block.extend_from_slice(&packed);
    Some(block)
}

/// The signature and the places of a block, read and sound.
#[derive(Debug)]
pub struct Places {
    signature: Vec<u8>,
    places: Vec<Place>,
    /// Where each line's text ends, its separator not counted.
    ends: Vec<u32>,
}

impl Places {
    /// Whether a block whose lists these bytes are may have the words; true if they are damaged, which reading them tells.
    pub fn may_have(head: &Head, lists: &[u8], words: &Words) -> bool {
        lists.get(..head.signature as usize).is_none_or(|signature| signature::may_have(signature, words.pieces()))
    }

    /// Reads the lists of a block; none if they are damaged.
    pub fn read(head: &Head, lists: &[u8]) -> Option<Self> {
        if crc32fast::hash(lists) != head.lists_sum {
            return None;
        }
        let (signature, mut rest) = lists.split_at_checked(head.signature as usize)?;
        let (conversations, count) = (take(&mut rest)?, take(&mut rest)?);
        let room = |count: u64, each: usize| usize::try_from(count).ok().filter(|count| *count <= rest.len() / each);
        let (conversations, count) = (room(conversations, 32)?, room(count, 4)?);
        let mut known = Vec::with_capacity(conversations);
        for _ in 0..conversations {
            known.push((ConversationId(take_id(&mut rest)?), ContactId(take_id(&mut rest)?)));
        }
        let (mut places, mut ends) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut at, mut end) = (head.oldest, 0_u64);
        for _ in 0..count {
            let number = usize::try_from(take(&mut rest)?).ok()?;
            let (no, later, length) = (take(&mut rest)?, take(&mut rest)?, take(&mut rest)?);
            let (conversation, contact) = *known.get(number)?;
            at = at.plus_micros(i64::try_from(later).ok()?);
            end = end.checked_add(length)?;
            places.push(Place { at, conversation, no, contact });
            ends.push(u32::try_from(end).ok().filter(|end| *end < head.raw)?);
            end += 1;
        }
        (end == u64::from(head.raw)).then(|| Self { signature: signature.to_vec(), places, ends })
    }

    /// Where the lines stand, in the order of time.
    pub fn all(&self) -> &[Place] {
        &self.places
    }

    /// The places of lines that have all the words, oldest first.
    pub fn find(&self, texts: &[u8], words: &Words) -> Vec<Place> {
        let mut found = Vec::new();
        let Some(first) = words.first() else { return found };
        if !signature::may_have(&self.signature, words.pieces()) {
            return found;
        }
        let mut from = 0;
        while let Some(hit) = texts.get(from..).and_then(|rest| first.find(rest)) {
            let line = self.ends.partition_point(|end| (*end as usize) <= from + hit);
            let (Some(place), Some(text)) = (self.places.get(line), self.text(texts, line)) else { break };
            if words.are_in(text) {
                found.push(*place);
            }
            from = self.ends.get(line).map_or(texts.len(), |end| *end as usize + 1);
        }
        found
    }

    fn text<'t>(&self, texts: &'t [u8], line: usize) -> Option<&'t [u8]> {
        let start = line.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize + 1);
        texts.get(start..*self.ends.get(line)? as usize)
    }

    /// The lines themselves, to be written once more.
    pub fn lines(&self, texts: &[u8]) -> Vec<Line> {
        let line = |(at, place): (usize, &Place)| {
            let text = self.text(texts, at).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
            Line { place: *place, text }
        };
        self.places.iter().enumerate().map(line).collect()
    }
}

/// Unpacks the texts of a block; none if they are damaged.
pub fn texts(head: &Head, packed: &[u8]) -> Option<Vec<u8>> {
    if crc32fast::hash(packed) != head.texts_sum {
        return None;
    }
    let texts = lz4_flex::block::decompress(packed, head.raw as usize).ok()?;
    (texts.len() == head.raw as usize).then_some(texts)
}

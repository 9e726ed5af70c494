//! A person's past in pages: transcript lines, journey lines and events, in the order they were committed.
//!
//! A page is a header that says what lies before the page, then its entries, each led by `t`, `j` or `e` and all of them
//! by their lengths.
//! The open page is kept behind the person's document, which is written anyway whenever there is something to add; at
//! [`SPILL`] bytes it becomes a row of its own that is never touched again. The headers make a page findable by halving,
//! whatever is asked for.

use crate::{db::Db, rows};
use model::{ContactId, ConversationId, EventRecord, JourneyEntry, JourneyHead, TranscriptEntry};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Error, Walk};

/// A page is not made larger than this by adding to it; one entry may be. On disk it takes a quarter of it
/// ([`crate::squeeze`]).
const FULL: usize = 12 * 1024;
/// An open page of this size is closed: to carry it along would cost more than a row of its own.
const SPILL: usize = 6 * 1024;

/// What leads a transcript line.
const LINE: u8 = b't';
/// What leads a journey line.
const JOURNEY: u8 = b'j';
/// What leads an event.
const EVENT: u8 = b'e';

/// What the pages hold together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    /// The numbers of the closed pages, oldest first: the first, then how much each is above the one before.
    closed: Vec<u64>,
    /// The number of the last of them.
    last: u64,
    /// Whether there is an open page.
    pub open: bool,
    /// How much there is in all of them.
    pub total: Counts,
    /// The numbers of the closed pages with events in them. None although there are closed pages: they are from a time when
    /// that was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eventful: Option<Vec<u64>>,
}

impl History {
    fn pages(&self) -> usize {
        self.closed.len() + usize::from(self.open)
    }

    /// The number of a closed page, by its place.
    fn number(&self, place: usize) -> Option<u64> {
        (place < self.closed.len()).then(|| self.closed.iter().take(place + 1).sum())
    }

    fn close(&mut self, number: u64, with_events: bool) {
        if self.closed.is_empty() {
            self.eventful = Some(Vec::new());
        }
        if let Some(eventful) = self.eventful.as_mut().filter(|_| with_events) {
            eventful.push(number);
        }
        self.closed.push(number - self.last);
        self.last = number;
    }

    /// The numbers of the closed pages, oldest first.
    pub fn closed(&self) -> Vec<u64> {
        self.closed.iter().scan(0, |at, step| Some((*at += step, *at).1)).collect()
    }

    /// The numbers of the closed pages that may have events in them, oldest first.
    fn eventful(&self) -> Vec<u64> {
        self.eventful.clone().unwrap_or_else(|| self.closed())
    }
}

/// How much there is, up to some point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Journey lines.
    pub journey: u64,
    /// Events.
    pub events: u64,
    /// The last transcript number of each conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<(ConversationId, u64)>,
}

impl Counts {
    pub fn last_no(&self, conversation: ConversationId) -> u64 {
        self.lines.iter().find(|(id, _)| *id == conversation).map_or(0, |(_, no)| *no)
    }
}

/// Entries that are not in pages yet.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    pub transcript: Vec<TranscriptEntry>,
    pub journey: Vec<JourneyEntry>,
    pub events: Vec<EventRecord>,
}

impl Tail {
    pub fn append(&mut self, mut later: Self) {
        self.transcript.append(&mut later.transcript);
        self.journey.append(&mut later.journey);
        self.events.append(&mut later.events);
    }
}

/// One entry, to write.
enum Entry<'a> {
    Line(&'a TranscriptEntry),
    Journey(&'a JourneyEntry),
    Event(&'a EventRecord),
}

/// Adds a tail to the pages: puts the rows of those that are closed by it, numbered from `next_page` on, and answers the
/// history afterwards and the open page.
pub(crate) fn extend(
    db: &Db,
    id: ContactId,
    history: &History,
    tail: &Tail,
    rows: &mut rows::Rows,
    next_page: &mut u64,
) -> Result<(History, Vec<u8>), Error> {
    let mut after = history.clone();
    let mut page = if history.open { read_raw(db, id, history, history.closed.len())? } else { Vec::new() };
    let entries = tail.transcript.iter().map(Entry::Line);
    let entries = entries.chain(tail.journey.iter().map(Entry::Journey)).chain(tail.events.iter().map(Entry::Event));
    let mut written = Vec::with_capacity(512);
    for entry in entries {
        written.clear();
        match entry {
            Entry::Line(line) => add(&mut written, LINE, line)?,
            Entry::Journey(line) => add(&mut written, JOURNEY, line)?,
            Entry::Event(event) => add(&mut written, EVENT, event)?,
        }
        if !page.is_empty() && page.len() + written.len() > FULL {
            close(id, &mut after, &mut page, rows, next_page)?;
        }
        if page.is_empty() {
            rows::push(&mut page, &after.total)?;
        }
        page.extend_from_slice(&written);
        match entry {
            Entry::Line(line) => match after.total.lines.iter_mut().find(|(c, _)| *c == line.conversation()) {
                Some((_, no)) => *no = line.no(),
                None => after.total.lines.push((line.conversation(), line.no())),
            },
            Entry::Journey(_) => after.total.journey += 1,
            Entry::Event(_) => after.total.events += 1,
        }
    }
    if page.len() >= SPILL {
        close(id, &mut after, &mut page, rows, next_page)?;
    }
    after.open = !page.is_empty();
    Ok((after, page))
}

fn add(written: &mut Vec<u8>, mark: u8, entry: &impl Serialize) -> Result<(), Error> {
    written.push(mark);
    rows::push(written, entry)
}

/// Makes the open page a row, and empties it.
fn close(id: ContactId, after: &mut History, page: &mut Vec<u8>, rows: &mut rows::Rows, next_page: &mut u64) -> Result<(), Error> {
    let key = rows::person_key(id);
    let before: Counts = rows::parse(&key, rows::divide(&key, page)?.0)?;
    rows.put_chunked(&rows::page_key(*next_page), page, 0)?;
    after.close(*next_page, before.events < after.total.events);
    *next_page += 1;
    page.clear();
    Ok(())
}

/// A page by its place.
fn read_raw(db: &Db, id: ContactId, history: &History, place: usize) -> Result<Vec<u8>, Error> {
    let missing = || missing(id, place as u64);
    let closed = |number| Ok(rows::get_chunked(db, &rows::page_key(number))?.ok_or_else(missing)?.0);
    if let Some(number) = history.number(place) {
        return closed(number);
    }
    // The open page may have been closed since `history` was looked up; then it is found where it is for good.
    let (disk, open) = rows::open_page(db, id)?.ok_or_else(missing)?;
    match disk.history.number(place) {
        Some(number) => closed(number),
        None if disk.history.open && disk.history.closed.len() == place => Ok(open),
        None => Err(missing()),
    }
}

/// A page that was read.
struct Page {
    /// Whose it is, for words about damage.
    key: Vec<u8>,
    before: Counts,
    content: Vec<u8>,
}

impl Page {
    fn read(db: &Db, id: ContactId, history: &History, place: usize) -> Result<Self, Error> {
        let key = rows::person_key(id);
        let content = read_raw(db, id, history, place)?;
        let before = rows::parse(&key, rows::divide(&key, &content)?.0)?;
        Ok(Self { key, before, content })
    }

    /// The entries of one kind as they are written, in order.
    fn written(&self, mark: u8) -> Result<Vec<&[u8]>, Error> {
        let (mut found, mut rest) = (Vec::new(), rows::divide(&self.key, &self.content)?.1);
        while let Some((first, behind)) = rest.split_first() {
            let (entry, next) = rows::divide(&self.key, behind)?;
            if *first == mark {
                found.push(entry);
            }
            rest = next;
        }
        Ok(found)
    }

    /// The entries of one kind, in order.
    fn entries<T: DeserializeOwned>(&self, mark: u8) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        entries(&self.key, &self.content, mark, &mut found)?;
        Ok(found)
    }
}

/// Adds the entries of one kind that a page has, in order.
fn entries<T: DeserializeOwned>(key: &[u8], page: &[u8], mark: u8, found: &mut Vec<T>) -> Result<(), Error> {
    let mut rest = rows::divide(key, page)?.1;
    while let Some((first, behind)) = rest.split_first() {
        let (entry, next) = rows::divide(key, behind)?;
        if *first == mark {
            found.push(rows::parse(key, entry)?);
        }
        rest = next;
    }
    Ok(())
}

/// All events there are, oldest first: those of closed pages, and of the open one, which is given.
pub(crate) fn all_events(db: &Db, id: ContactId, history: &History, open: &[u8]) -> Result<Vec<EventRecord>, Error> {
    let mut found = Vec::with_capacity(usize::try_from(history.total.events).unwrap_or(0));
    if history.total.events == 0 {
        return Ok(found);
    }
    let key = rows::person_key(id);
    for number in history.eventful() {
        let page = rows::get_chunked(db, &rows::page_key(number))?.ok_or_else(|| missing(id, number))?.0;
        entries(&key, &page, EVENT, &mut found)?;
    }
    if history.open {
        entries(&key, open, EVENT, &mut found)?;
    }
    Ok(found)
}

fn missing(id: ContactId, number: u64) -> Error {
    Error::Corrupt(format!("page {number} of the history of {id} is missing; restore the data folder from a backup"))
}

/// The last page before which `reached` is still true. `reached` holds for the first page, and once false stays false.
fn find(db: &Db, id: ContactId, history: &History, reached: impl Fn(&Counts) -> bool) -> Result<usize, Error> {
    let (mut low, mut high) = (0, history.pages());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reached(&Page::read(db, id, history, middle)?.before) { low = middle } else { high = middle }
    }
    Ok(low)
}

/// Paged transcript lines of a conversation with `after < no`, oldest first, at most `limit`.
pub(crate) fn transcript(
    db: &Db,
    id: ContactId,
    history: &History,
    conversation: ConversationId,
    after: u64,
    limit: usize,
) -> Result<Vec<TranscriptEntry>, Error> {
    let (mut found, last) = (Vec::new(), history.total.last_no(conversation));
    if last <= after || limit == 0 {
        return Ok(found);
    }
    for page in find(db, id, history, |before| before.last_no(conversation) <= after)?..history.pages() {
        // The page may have been added to since `history` was looked up; what came later is not for this reader.
        let lines = Page::read(db, id, history, page)?.entries::<TranscriptEntry>(LINE)?;
        found.extend(lines.into_iter().filter(|l| l.conversation() == conversation && l.no() > after && l.no() <= last));
        if found.len() >= limit || found.last().is_some_and(|l| l.no() == last) {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Goes on with a way through a journey, in pages.
pub(crate) fn walk(db: &Db, id: ContactId, history: &History, walk: &mut Walk<'_>) -> Result<(), Error> {
    let Some(newest) = walk.next_place() else { return Ok(()) };
    let mut page = find(db, id, history, |before| before.journey <= newest)?;
    loop {
        let read = Page::read(db, id, history, page)?;
        let lines = read.written(JOURNEY)?;
        while let Some(line) = walk.next_place().and_then(|place| place.checked_sub(read.before.journey)) {
            let written = usize::try_from(line).ok().and_then(|line| lines.get(line)).ok_or_else(|| missing(id, page as u64))?;
            let head: JourneyHead = rows::parse(&read.key, written)?;
            walk.look(&head, || rows::parse(&read.key, written))?;
        }
        if page == 0 || walk.next_place().is_none() {
            return Ok(());
        }
        page -= 1;
    }
}

/// Which of the two counted kinds.
#[derive(Clone, Copy)]
pub(crate) enum Counted {
    Journey,
    Events,
}

impl Counted {
    pub fn of(self, counts: &Counts) -> u64 {
        match self {
            Self::Journey => counts.journey,
            Self::Events => counts.events,
        }
    }

    fn mark(self) -> u8 {
        match self {
            Self::Journey => JOURNEY,
            Self::Events => EVENT,
        }
    }
}

/// The newest paged entries of a counted kind, newest first, without the newest `skip`, at most `limit`.
pub(crate) fn newest<T: DeserializeOwned>(
    db: &Db,
    id: ContactId,
    history: &History,
    kind: Counted,
    skip: usize,
    limit: usize,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    let mut end = kind.of(&history.total).saturating_sub(skip as u64);
    if end == 0 || limit == 0 {
        return Ok(found);
    }
    let mut page = find(db, id, history, |before| kind.of(before) < end)?;
    loop {
        let read = Page::read(db, id, history, page)?;
        let start = kind.of(&read.before);
        let entries = read.entries::<T>(kind.mark())?;
        let here = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        found.extend(entries.into_iter().take(here).rev());
        end = end.min(start);
        if found.len() >= limit || end == 0 || page == 0 {
            break;
        }
        page -= 1;
    }
    found.truncate(limit);
    Ok(found)
}

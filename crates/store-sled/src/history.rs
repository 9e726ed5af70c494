//! A person's past in pages: transcript lines, journey lines and events, in the order they were committed.
//!
//! A page is a header that says what lies before the page, then its entries, each led by `t`, `j` or `e` and all of them
//! by their lengths.
//! The open page is kept behind the person's document, which is written anyway whenever there is something to add; at
//! [`SPILL`] bytes it becomes a row of its own that is touched again only when the oldest lines are forgotten ([`trim`]). The headers make
//! a page findable by halving, whatever is asked for, and say where it begins also when its first lines have gone.
//!
//! A reader looks up which pages there are before it reads them. One that is not there any more by then was forgotten, and holds nothing
//! that the reader wants.

mod all;
mod trim;
mod unname;

pub(crate) use all::Past;
pub(crate) use trim::trim;
pub(crate) use unname::{Gone, unname};

use crate::{db::Db, rows};
use model::{ContactId, ConversationId, EventRecord, Forgotten, JourneyEntry, JourneyHead, TranscriptEntry};
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
    /// What was forgotten and is in no page any more.
    #[serde(default, skip_serializing_if = "Forgotten::is_nothing")]
    trimmed: Forgotten,
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

    /// The number of the newest closed page.
    fn newest(&self) -> Option<u64> {
        (!self.closed.is_empty()).then_some(self.last)
    }

    /// The first closed page behind this one, or of all.
    fn behind(&self, number: Option<u64>) -> Option<u64> {
        self.closed().into_iter().find(|page| number.is_none_or(|number| *page > number))
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
    /// Adds what a tail holds.
    pub fn count(&mut self, tail: &Tail) {
        self.journey += tail.journey.len() as u64;
        self.events += tail.events.len() as u64;
        tail.transcript.iter().for_each(|line| self.line(line));
    }

    fn line(&mut self, line: &TranscriptEntry) {
        match self.lines.iter_mut().find(|(id, _)| *id == line.conversation()) {
            Some((_, no)) => *no = line.no(),
            None => self.lines.push((line.conversation(), line.no())),
        }
    }

    pub fn last_no(&self, conversation: ConversationId) -> u64 {
        self.lines.iter().find(|(id, _)| *id == conversation).map_or(0, |(_, no)| *no)
    }
}

/// Entries that are not in pages yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    pub transcript: Vec<TranscriptEntry>,
    pub journey: Vec<JourneyEntry>,
    pub events: Vec<EventRecord>,
}

impl Tail {
    /// Lines that say something of this say it no more.
    pub fn unname(&mut self, gone: &Gone) {
        if !gone.is_empty() {
            for entry in &mut self.journey {
                gone.unname(entry);
            }
            for event in &mut self.events {
                gone.withdraw(event);
            }
        }
    }

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

/// Adds a tail to the pages, without what of it is forgotten, the open one saying nothing of what is gone: puts the rows of those that are closed by it, numbered from `next_page` on,
/// and answers the history afterwards and the open page.
pub(crate) fn extend(
    db: &Db,
    id: ContactId,
    history: &History,
    (tail, forgotten, gone): (&Tail, &Forgotten, &Gone),
    rows: &mut rows::Rows,
    next_page: &mut u64,
) -> Result<(History, Vec<u8>), Error> {
    let mut after = history.clone();
    let mut page = if history.open { read_raw(db, id, history, history.closed.len())?.unwrap_or_default() } else { Vec::new() };
    if let Some(anew) = unname::unnamed(&rows::person_key(id), &page, gone)? {
        page = anew;
    }
    let (journey, events) = trim::step_over(&mut after.total, tail, forgotten);
    if !page.is_empty() && after.total != history.total {
        page = trim::begin_later(&rows::person_key(id), &page, history, &after.total)?;
    }
    let entries = tail.transcript.iter().filter(|line| line.no() > forgotten.lines_of(line.conversation())).map(Entry::Line);
    let entries = entries.chain(journey.iter().map(Entry::Journey)).chain(events.iter().map(Entry::Event));
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
            Entry::Line(line) => after.total.line(line),
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

/// A page by its place; none if it has gone since `history` was looked up, because all in it is forgotten.
fn read_raw(db: &Db, id: ContactId, history: &History, place: usize) -> Result<Option<Vec<u8>>, Error> {
    let missing = |number| missing(id, number);
    let closed = |number| {
        if let Some((page, _)) = rows::get_chunked(db, &rows::page_key(number))? {
            return Ok(Some(page));
        }
        let (disk, _) = rows::open_page(db, id)?.ok_or_else(|| missing(number))?;
        if disk.history.closed().contains(&number) { Err(missing(number)) } else { Ok(None) }
    };
    if let Some(number) = history.number(place) {
        return closed(number);
    }
    // The open page may have been closed since `history` was looked up; then it is found where it is for good.
    let (disk, open) = rows::open_page(db, id)?.ok_or_else(|| missing(place as u64))?;
    match disk.history.behind(history.newest()) {
        Some(number) => closed(number),
        None => Ok(disk.history.open.then_some(open)),
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
    fn read(db: &Db, id: ContactId, history: &History, place: usize) -> Result<Option<Self>, Error> {
        let key = rows::person_key(id);
        let Some(content) = read_raw(db, id, history, place)? else { return Ok(None) };
        let before = rows::parse(&key, rows::divide(&key, &content)?.0)?;
        Ok(Some(Self { key, before, content }))
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

/// The oldest paged events that are not forgotten, in order, at most `limit`.
pub(crate) fn oldest_events(db: &Db, id: ContactId, history: &History, forgotten: u64, limit: usize) -> Result<Vec<EventRecord>, Error> {
    let mut found: Vec<EventRecord> = Vec::new();
    if history.total.events <= forgotten {
        return Ok(found);
    }
    for page in find(db, id, history, |before| before.events <= forgotten)?..history.pages() {
        if found.len() >= limit {
            break;
        }
        let Some(page) = Page::read(db, id, history, page)? else { continue };
        let places = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut events = page.entries::<EventRecord>(EVENT)?;
        // What came since `history` was looked up is told from memory.
        events.truncate(places(page.before.events, history.total.events));
        found.extend(events.into_iter().skip(places(page.before.events, forgotten)));
    }
    found.truncate(limit);
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
        // Of a page that has gone the next one tells.
        let mut at = middle;
        let found = loop {
            match Page::read(db, id, history, at)? {
                Some(page) => break Some(page.before),
                None if at + 1 < high => at += 1,
                None => break None,
            }
        };
        if found.is_some_and(|before| reached(&before)) { low = at } else { high = middle }
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
        let Some(page) = Page::read(db, id, history, page)? else { continue };
        // The page may have been added to since `history` was looked up; what came later is not for this reader.
        let lines = page.entries::<TranscriptEntry>(LINE)?;
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
        if let Some(read) = Page::read(db, id, history, page)? {
            let lines = read.written(JOURNEY)?;
            while let Some(line) = walk.next_place().and_then(|place| place.checked_sub(read.before.journey)) {
                let Some(written) = usize::try_from(line).ok().and_then(|line| lines.get(line)) else {
                    // The page that had it has gone since, and this one begins later.
                    walk.step_over(read.before.journey);
                    break;
                };
                let head: JourneyHead = rows::parse(&read.key, written)?;
                walk.look(&head, || rows::parse(&read.key, written))?;
            }
        }
        if page == 0 {
            // What comes before is in no page.
            walk.step_over(0);
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

    fn forgotten(self, of: &Forgotten) -> u64 {
        match self {
            Self::Journey => of.journey,
            Self::Events => of.events,
        }
    }

    fn mark(self) -> u8 {
        match self {
            Self::Journey => JOURNEY,
            Self::Events => EVENT,
        }
    }
}

/// The newest paged entries of a counted kind that are not forgotten, newest first, without the newest `skip`, at most `limit`.
pub(crate) fn newest<T: DeserializeOwned>(
    db: &Db,
    id: ContactId,
    (history, forgotten): (&History, &Forgotten),
    kind: Counted,
    skip: usize,
    limit: usize,
) -> Result<Vec<T>, Error> {
    let (mut found, first) = (Vec::new(), kind.forgotten(forgotten));
    let mut end = kind.of(&history.total).saturating_sub(skip as u64);
    if end <= first || limit == 0 {
        return Ok(found);
    }
    let places = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let mut page = find(db, id, history, |before| kind.of(before) < end)?;
    loop {
        if let Some(read) = Page::read(db, id, history, page)? {
            let start = kind.of(&read.before);
            let mut entries = read.entries::<T>(kind.mark())?;
            entries.truncate(places(end.saturating_sub(start)));
            found.extend(entries.into_iter().skip(places(first.saturating_sub(start))).rev());
            end = end.min(start);
        }
        if found.len() >= limit || end <= first || page == 0 {
            break;
        }
        page -= 1;
    }
    found.truncate(limit);
    Ok(found)
}

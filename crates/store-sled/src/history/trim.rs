//! Taking the beginning of somebody's past out of their pages.
//!
//! A page that holds nothing any more goes; one that holds something still is written anew, and its header says where it begins from then
//! on. Pages and the document that lists them change together, some at a time: a crash leaves a past that was trimmed a little less.

use super::{Counts, EVENT, History, JOURNEY, LINE, Tail, find};
use crate::{
    db::Db,
    rows::{self, Rows},
};
use model::{ContactId, EventRecord, Forgotten, JourneyEntry, TranscriptEntry};
use store::Error;

/// Pages that are changed together: with the document's few they stay below what one batch may hold.
const TOGETHER: usize = 16;

/// What a header needs to know of a transcript line.
#[derive(serde::Deserialize)]
enum LineHead {
    #[serde(rename = "m")]
    Message(Numbered),
    #[serde(rename = "d")]
    Delivery(Numbered),
}

#[derive(serde::Deserialize)]
struct Numbered {
    conversation: model::ConversationId,
    no: u64,
}

/// A page without what is forgotten.
enum Rest {
    /// It held nothing of it.
    Same,
    /// What is left.
    Less(Vec<u8>),
    Nothing,
}

/// Takes what is forgotten out of the database, each batch by `apply`; answers the pages afterwards, and how many chunks the document has
/// from then on.
pub(crate) fn trim(
    db: &Db,
    id: ContactId,
    before: (&History, u16),
    forgotten: &Forgotten,
    apply: &mut dyn FnMut(Rows) -> Result<(), Error>,
) -> Result<(History, u16), Error> {
    let (mut history, mut chunks) = (before.0.clone(), before.1);
    if history.trimmed == *forgotten || chunks == 0 {
        history.trimmed = forgotten.clone();
        return Ok((history, chunks));
    }
    let key = rows::person_key(id);
    let (mut changed, mut gone) = (Rows::default(), Vec::new());
    let first = first_to_change(db, id, &history, forgotten)?;
    let numbers = history.closed();
    for (count, number) in numbers.iter().skip(first).enumerate() {
        let page_key = rows::page_key(*number);
        let Some((page, chunks_of_page)) = rows::get_chunked(db, &page_key)? else { return Err(super::missing(id, *number)) };
        let head: Counts = rows::parse(&key, rows::divide(&key, &page)?.0)?;
        if is_behind(&head, forgotten) {
            break;
        }
        match rest(&key, &page, forgotten)? {
            Rest::Same => {}
            Rest::Less(less) => {
                changed.put_chunked(&page_key, &less, chunks_of_page)?;
            }
            Rest::Nothing => {
                changed.delete_chunked(&page_key, 0, chunks_of_page);
                gone.push(*number);
            }
        }
        if count % TOGETHER == TOGETHER - 1 && !changed.0.is_empty() {
            history.without(&std::mem::take(&mut gone));
            chunks = document(db, &key, &mut history, None, &mut changed)?;
            apply(std::mem::take(&mut changed))?;
        }
    }
    history.without(&gone);
    history.trimmed = forgotten.clone();
    chunks = document(db, &key, &mut history, Some(forgotten), &mut changed).map(|count| if count == 0 { chunks } else { count })?;
    apply(changed)?;
    Ok((history, chunks))
}

/// Adds the document that lists the pages as they are now, its open page without what is forgotten; answers how many chunks it has.
fn document(db: &Db, key: &[u8], history: &mut History, forgotten: Option<&Forgotten>, changed: &mut Rows) -> Result<u16, Error> {
    let Some((content, chunks)) = rows::get_chunked(db, key)? else { return Ok(0) };
    let (disk, behind) = rows::divide(key, &content)?;
    let (person, open) = rows::divide(key, behind)?;
    let mut disk: rows::Indexed = rows::parse(key, disk)?;
    let open = match forgotten {
        Some(forgotten) if history.open => match rest(key, open, forgotten)? {
            Rest::Same => open.to_vec(),
            Rest::Less(less) => less,
            Rest::Nothing => Vec::new(),
        },
        Some(_) | None => open.to_vec(),
    };
    history.open = !open.is_empty();
    disk.history = history.clone();
    let mut anew = Vec::with_capacity(content.len());
    rows::push(&mut anew, &disk)?;
    rows::push_raw(&mut anew, person)?;
    anew.extend_from_slice(&open);
    changed.put_chunked(key, &anew, chunks)
}

/// The place of the first closed page that may hold something that is forgotten and was not before.
fn first_to_change(db: &Db, id: ContactId, history: &History, forgotten: &Forgotten) -> Result<usize, Error> {
    let was = history.trimmed.clone();
    let mut first = history.closed.len();
    if forgotten.journey > was.journey {
        first = first.min(find(db, id, history, |before| before.journey <= was.journey)?);
    }
    if forgotten.events > was.events {
        first = first.min(find(db, id, history, |before| before.events <= was.events)?);
    }
    for (conversation, no) in &forgotten.lines {
        let was = was.lines_of(*conversation);
        if *no > was {
            first = first.min(find(db, id, history, |before| before.last_no(*conversation) <= was)?);
        }
    }
    Ok(first)
}

/// Whether a page and all behind it hold nothing that is forgotten.
fn is_behind(head: &Counts, forgotten: &Forgotten) -> bool {
    head.journey >= forgotten.journey
        && head.events >= forgotten.events
        && forgotten.lines.iter().all(|(conversation, no)| head.last_no(*conversation) >= *no)
}

/// A page without what is forgotten.
fn rest(key: &[u8], page: &[u8], forgotten: &Forgotten) -> Result<Rest, Error> {
    let (head, mut behind) = rows::divide(key, page)?;
    let mut head: Counts = rows::parse(key, head)?;
    let (mut kept, mut gone) = (Vec::with_capacity(page.len()), false);
    let (mut journey, mut events) = (head.journey, head.events);
    while let Some((mark, rest)) = behind.split_first() {
        let (entry, next) = rows::divide(key, rest)?;
        let goes = match *mark {
            JOURNEY => {
                journey += 1;
                journey <= forgotten.journey
            }
            EVENT => {
                events += 1;
                events <= forgotten.events
            }
            LINE => {
                let (LineHead::Message(line) | LineHead::Delivery(line)) = rows::parse(key, entry)?;
                let goes = line.no <= forgotten.lines_of(line.conversation);
                if goes {
                    head.reach(line.conversation, line.no);
                }
                goes
            }
            _ => false,
        };
        if goes {
            gone = true;
            match *mark {
                JOURNEY => head.journey = journey,
                EVENT => head.events = events,
                _ => {}
            }
        } else {
            kept.push(*mark);
            rows::push_raw(&mut kept, entry)?;
        }
        behind = next;
    }
    if !gone {
        return Ok(Rest::Same);
    }
    if kept.is_empty() {
        return Ok(Rest::Nothing);
    }
    let mut less = Vec::with_capacity(kept.len() + 64);
    rows::push(&mut less, &head)?;
    less.append(&mut kept);
    Ok(Rest::Less(less))
}

/// Counts what of a tail is forgotten already; answers the rest of its journey and of its events.
pub(super) fn step_over<'t>(total: &mut Counts, tail: &'t Tail, forgotten: &Forgotten) -> (&'t [JourneyEntry], &'t [EventRecord]) {
    let over = |written: u64, forgotten: u64, len: usize| usize::try_from(forgotten.saturating_sub(written)).unwrap_or(usize::MAX).min(len);
    let journey = over(total.journey, forgotten.journey, tail.journey.len());
    let events = over(total.events, forgotten.events, tail.events.len());
    total.journey += journey as u64;
    total.events += events as u64;
    if !forgotten.lines.is_empty() {
        let goes = |line: &&TranscriptEntry| line.no() <= forgotten.lines_of(line.conversation());
        tail.transcript.iter().filter(goes).for_each(|line| total.reach(line.conversation(), line.no()));
    }
    (tail.journey.get(journey..).unwrap_or_default(), tail.events.get(events..).unwrap_or_default())
}

/// The open page with a header that says what was stepped over behind it: of what comes next nothing is in the page yet.
pub(super) fn begin_later(key: &[u8], page: &[u8], before: &History, total: &Counts) -> Result<Vec<u8>, Error> {
    let (head, entries) = rows::divide(key, page)?;
    let mut head: Counts = rows::parse(key, head)?;
    if total.journey > before.total.journey {
        head.journey = total.journey;
    }
    if total.events > before.total.events {
        head.events = total.events;
    }
    for (conversation, no) in &total.lines {
        if *no > before.total.last_no(*conversation) {
            head.reach(*conversation, *no);
        }
    }
    let mut anew = Vec::with_capacity(page.len() + 16);
    rows::push(&mut anew, &head)?;
    anew.extend_from_slice(entries);
    Ok(anew)
}

impl Counts {
    /// Lines of a conversation were written up to this one.
    fn reach(&mut self, conversation: model::ConversationId, no: u64) {
        match self.lines.iter_mut().find(|(id, _)| *id == conversation) {
            Some((_, last)) => *last = (*last).max(no),
            None => self.lines.push((conversation, no)),
        }
    }
}

impl History {
    /// Takes closed pages off the list.
    fn without(&mut self, gone: &[u64]) {
        if gone.is_empty() {
            return;
        }
        let numbers: Vec<u64> = self.closed().into_iter().filter(|number| gone.binary_search(number).is_err()).collect();
        self.last = numbers.last().copied().unwrap_or(0);
        self.closed = numbers.iter().scan(0, |before, number| Some(number - std::mem::replace(before, *number))).collect();
        if let Some(eventful) = &mut self.eventful {
            eventful.retain(|number| gone.binary_search(number).is_err());
        }
    }
}

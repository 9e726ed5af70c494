//! What of one person is kept no longer.
//!
//! It is always a beginning: the lines of one conversation, of the journey, the events as they were recorded, up to the first that is new
//! enough. Nothing goes
//!
//! - of somebody who waits for a human, talks with one, or was missed at the desk,
//! - from the question that waits for their answer on, and
//! - from a message that is still to be sent on.

use super::{Cutoffs, Removed};
use crate::privacy::gather::{LINES, files_of};
use model::{Author, BlobId, ContactId, Conversation, Forgotten, Instant, JourneyFilter, Owner, Person, Rest, TranscriptEntry};
use std::collections::{BTreeMap, BTreeSet};
use store::{Error, Store};

/// Rows of one kind that are removed at once: more of somebody's goes in several commits.
const AT_ONCE: usize = 2_000;

/// What of somebody is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Under whom it is kept, and what of that goes: theirs, and what others keep of their conversations.
    pub forget: BTreeMap<ContactId, Forgotten>,
    /// Files that came with the messages that go.
    pub files: BTreeSet<BlobId>,
    /// How much it is.
    pub removed: Removed,
    /// Whether more is due after it.
    pub more: bool,
}

/// What of a person is kept no longer.
///
/// # Errors
/// Those of reading.
pub fn due(store: &dyn Store, person: &Person, cutoffs: &Cutoffs) -> Result<Due, Error> {
    let mut due = Due::default();
    let contact = &person.contact;
    // Nothing of them can be older than they are, but what somebody told of before.
    let is_newer = |cutoff: Option<Instant>| cutoff.is_none_or(|cutoff| contact.first_seen >= cutoff);
    if is_newer(cutoffs.messages) && is_newer(cutoffs.journey) && cutoffs.events.is_none() {
        return Ok(due);
    }
    // Of somebody who was merged away the one they are part of has what is under way.
    let whole = if contact.is_merged_away() { crate::core::resolved(store, contact.id)? } else { None };
    let Some(held_back) = held_back(whole.as_deref().unwrap_or(person)) else { return Ok(due) };
    let before = |cutoff: Option<Instant>| cutoff.map(|cutoff| cutoff.min(held_back));

    if let Some(before) = before(cutoffs.messages) {
        for conversation in &person.conversations {
            lines(store, person, conversation, before, &mut due)?;
        }
    }
    let mut own = Forgotten::default();
    if let Some(before) = before(cutoffs.journey) {
        let from = person.forgotten.journey;
        let page = store.journey_page(contact.id, &JourneyFilter::default(), Some(from + AT_ONCE as u64), AT_ONCE, AT_ONCE)?;
        let old = page.lines.iter().rev().take_while(|(_, entry)| entry.at < before).count();
        due.more |= old == AT_ONCE;
        if old > 0 {
            own.journey = from + old as u64;
            due.removed.journey += old as u64;
        }
    }
    if let Some(before) = before(cutoffs.events) {
        let events = store.oldest_events(contact.id, AT_ONCE)?;
        let old = events.iter().take_while(|event| event.at < before).count();
        due.more |= old == AT_ONCE;
        if old > 0 {
            own.events = person.forgotten.events + old as u64;
            due.removed.events += old as u64;
        }
    }
    if !own.is_nothing() {
        due.forget.entry(contact.id).or_default().extend(&own);
    }
    due.removed.contacts = u64::from(!due.forget.is_empty());
    Ok(due)
}

/// Adds what is due of one conversation.
fn lines(store: &dyn Store, person: &Person, conversation: &Conversation, before: Instant, due: &mut Due) -> Result<(), Error> {
    // Not what is still to be sent, whatever its time says.
    let unsent = person.outbox.iter().filter(|row| row.message.conversation == conversation.id).map(|row| row.message.no).min();
    let (mut after, mut count, mut goes) = (0, 0, None);
    'pages: loop {
        let page = store.transcript(person.contact.id, conversation.id, after, LINES)?;
        for line in &page {
            let at = match line {
                TranscriptEntry::Message(message) => message.at,
                TranscriptEntry::Delivery(update) => update.at,
            };
            if at >= before || unsent.is_some_and(|unsent| line.no() >= unsent) {
                break 'pages;
            }
            // What is kept under somebody else goes when all before it is gone: each has a commit of their own.
            let under = kept_under(conversation, line.no());
            if count == AT_ONCE || goes.is_some_and(|(before, _)| before != under) {
                due.more = true;
                break 'pages;
            }
            count += 1;
            goes = Some((under, line.no()));
            if let TranscriptEntry::Message(message) = line {
                let sent = match message.author {
                    Author::Customer | Author::Agent { .. } => true,
                    // What the bot sends belongs to the bot.
                    Author::Bot { .. } | Author::System => false,
                };
                let theirs = files_of(&message.content).filter(|file| sent && file.made.is_none());
                due.files.extend(theirs.map(|file| file.blob.clone()));
            }
        }
        match page.last() {
            Some(line) if page.len() == LINES => after = line.no(),
            Some(_) | None => break,
        }
    }
    due.removed.messages += count as u64;
    if let Some((under, no)) = goes {
        let goes = Forgotten { lines: vec![(conversation.id, no)], ..Forgotten::default() };
        due.forget.entry(under).or_default().extend(&goes);
    }
    Ok(())
}

/// Under whom a line of a conversation is kept.
fn kept_under(conversation: &Conversation, no: u64) -> ContactId {
    conversation.kept.iter().find(|kept| no <= kept.to).map_or(conversation.contact, |kept| kept.under)
}

/// From when on everything of a person stays, because something under way needs it; none: all of it stays.
fn held_back(person: &Person) -> Option<Instant> {
    let mut from = Instant::MAX;
    for conversation in &person.conversations {
        if conversation.request.is_some() || conversation.owner != Owner::Bot {
            return None;
        }
        for run in &conversation.runs {
            let asking = match &run.rest {
                Rest::Asking(ask) => Some(ask.asked_at),
                Rest::Waiting { .. } | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => None,
            };
            let below = run.frames.iter().filter_map(|frame| Some(frame.paused.as_ref()?.ask.as_ref()?.asked_at));
            from = asking.into_iter().chain(below).fold(from, Instant::min);
        }
    }
    Some(person.outbox.iter().map(|row| row.message.at).fold(from, Instant::min))
}

#[cfg(test)]
mod tests;

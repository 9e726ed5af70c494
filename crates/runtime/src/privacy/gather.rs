//! What is kept about one person, counted, and which files they have.

use crm::erase::{Counts, Marks};
use model::{Author, BlobId, ContactId, Content, InboxItem, IncomingBody, Person, Picture, RequestState, TranscriptEntry};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};
use store::{Error, Store};

/// Transcript lines read at once.
pub(crate) const LINES: usize = 500;
/// Contacts in a row that one may have been merged into.
const MERGES: usize = 64;

/// Everything that is kept about a person, counted.
pub(crate) struct Gathered {
    pub person: Arc<Person>,
    pub counts: Counts,
    /// Files that came from them, and those that an agent sent them.
    pub blobs: Vec<BlobId>,
    /// What names those who were merged into them.
    pub others: Marks,
    /// Runs, timers, messages and calls that wait, requests for a human.
    pub stops: u64,
}

/// The stored files of a message.
pub(crate) fn files_of(content: &Content) -> impl Iterator<Item = &model::Attachment> {
    let on_cards = content.cards.iter().filter_map(|card| match card.picture.as_ref()? {
        Picture::Stored(file) => Some(file),
        Picture::Linked(_) => None,
    });
    content.attachments.iter().chain(on_cards)
}

/// What is kept about a contact, or about the one it was merged into; none if there is no such contact.
pub(crate) fn gather(store: &dyn Store, contact: ContactId) -> Result<Option<Gathered>, Error> {
    let mut id = contact;
    let mut found = store.person(id)?;
    for _ in 0..MERGES {
        let Some(into) = found.as_ref().and_then(|person| person.contact.merged_into) else { break };
        id = into;
        found = store.person(id)?;
    }
    let Some(person) = found else { return Ok(None) };
    let of = &person.contact;
    let journey = store.journey(id, 0, usize::MAX)?;
    let mut counts = Counts {
        contacts: 1 + of.absorbed.len() as u64,
        conversations: person.conversations.len() as u64,
        journey: journey.len() as u64,
        events: store.events(id, 0, usize::MAX)?.len() as u64,
        addresses: of.addresses.len() as u64,
        identifiers: of.identifiers.len() as u64,
        attributes: (of.attributes.len() + of.system.len()) as u64,
        tags: of.tags.len() as u64,
        notes: of.notes.len() as u64,
        consents: of.consents.len() as u64,
        ..Counts::default()
    };
    let mut blobs = BTreeSet::new();
    for conversation in &person.conversations {
        let mut after = 0;
        loop {
            let lines = store.transcript(id, conversation.id, after, LINES)?;
            for line in &lines {
                let TranscriptEntry::Message(message) = line else { continue };
                counts.messages += 1;
                let sent = match message.author {
                    Author::Customer | Author::Agent { .. } => true,
                    // What the bot sends belongs to the bot.
                    Author::Bot { .. } | Author::System => false,
                };
                let theirs = files_of(&message.content).filter(|file| sent && file.made.is_none());
                blobs.extend(theirs.map(|file| file.blob.clone()));
            }
            match lines.last() {
                Some(last) if lines.len() == LINES => after = last.no(),
                Some(_) | None => break,
            }
        }
    }
    for row in person.inbox.iter().chain(person.parked.values()) {
        if let InboxItem::Incoming { incoming, .. } = &row.item
            && let IncomingBody::Message(content) = &incoming.body
        {
            blobs.extend(files_of(content).map(|file| file.blob.clone()));
        }
    }
    counts.attachments = blobs.len() as u64;
    let mut others = Marks::default();
    let own = |other: &ContactId| *other == id || of.absorbed.iter().any(|one| one.id == *other);
    others.known_to = journey.iter().filter_map(model::JourneyEntry::names).filter(|other| !own(other)).collect();
    for one in &of.absorbed {
        if let Some(other) = store.person(one.id)? {
            others.extend(Marks::of(&other));
        }
    }
    let open = |request: &model::LiveRequest| match request.state {
        RequestState::Waiting | RequestState::Active { .. } => true,
        RequestState::Missed { .. } | RequestState::Resolved { .. } => false,
    };
    let in_conversations =
        person.conversations.iter().map(|c| c.runs.len() + c.timers.len() + usize::from(c.request.as_ref().is_some_and(open)));
    let stops = in_conversations.sum::<usize>() + person.inbox.len() + person.outbox.len() + person.calls.len();
    Ok(Some(Gathered { counts, blobs: blobs.into_iter().collect(), others, stops: stops as u64, person }))
}

/// Which of these files somebody has: in a transcript, waiting, or put down and not sent yet.
pub(crate) fn in_use(store: &dyn Store, wanted: &HashSet<BlobId>) -> Result<HashSet<BlobId>, Error> {
    let mut used = HashSet::new();
    if wanted.is_empty() {
        return Ok(used);
    }
    store.each_record(&mut |table, key, value: Value| {
        // Lists of what is to go.
        if table != super::TABLE && table != crate::retention::FILES {
            named_in(wanted, key, &mut used);
            named_in(wanted, &value.to_string(), &mut used);
        }
    })?;
    with_people(store, wanted, &mut used)?;
    Ok(used)
}

/// Everything in a text that can be the id of a file: 64 hexadecimal digits in a row.
fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    const DIGITS: usize = 64;
    let runs = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= DIGITS);
    runs.flat_map(|run| (0..=run.len() - DIGITS).filter_map(move |at| run.get(at..at + DIGITS)))
}

/// Adds those of the wanted files that a text names.
pub(crate) fn named_in(wanted: &HashSet<BlobId>, text: &str, used: &mut HashSet<BlobId>) {
    used.extend(ids_in(text).filter_map(|id| wanted.get(&BlobId(id.to_owned())).cloned()));
}

/// Adds those of the wanted files that somebody has in a transcript or waiting.
pub(crate) fn with_people(store: &dyn Store, wanted: &HashSet<BlobId>, used: &mut HashSet<BlobId>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let people = store.people(after, 256)?;
        let Some(last) = people.last() else { return Ok(()) };
        after = Some(last.contact.id);
        for person in &people {
            if !person.inbox.is_empty() || !person.outbox.is_empty() || !person.parked.is_empty() {
                let waits = serde_json::to_string(&(&person.inbox, &person.outbox, &person.parked)).unwrap_or_default();
                named_in(wanted, &waits, used);
            }
            for conversation in &person.conversations {
                let mut last_no = 0;
                loop {
                    let lines = store.transcript(person.contact.id, conversation.id, last_no, LINES)?;
                    for line in &lines {
                        let TranscriptEntry::Message(message) = line else { continue };
                        used.extend(files_of(&message.content).map(|file| &file.blob).filter(|id| wanted.contains(id)).cloned());
                    }
                    match lines.last() {
                        Some(last) if lines.len() == LINES => last_no = last.no(),
                        Some(_) | None => break,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_files_are_found_wherever_they_stand() {
        let (one, two) = ("a".repeat(64), "0123456789abcdef".repeat(4));
        let text = format!("{{\"blob\":\"{one}\",\"at\":\"x/{two}.png\",\"short\":\"abc\"}}");
        assert_eq!(ids_in(&text).collect::<Vec<_>>(), [one.as_str(), two.as_str()]);
        assert!(ids_in(&format!("7{one}")).any(|id| id == one));
        assert_eq!(ids_in("").count() + ids_in(&"f".repeat(63)).count(), 0);
    }
}

//! What is kept about one person, counted, and which files they have.

use crm::erase::{Counts, Marks};
use model::{Author, BlobId, ContactId, Content, ConversationId, InboxItem, IncomingBody, Person, Picture, RequestState, TranscriptEntry};
use std::{collections::BTreeSet, sync::Arc};
use store::{Error, Store};

/// Transcript lines read at once.
pub(crate) const LINES: usize = 500;
/// What somebody was called once, at the most.
const FORMER: usize = 1_000;
/// Contacts in a row that one may have been merged into.
const MERGES: usize = 64;

/// Everything that is kept about a person, counted.
pub(crate) struct Gathered {
    pub person: Arc<Person>,
    pub counts: Counts,
    /// Files that came from them, and those that an agent sent them.
    pub blobs: Vec<BlobId>,
    /// What names those who were merged into them, and what they were called once.
    pub others: Marks,
    /// Runs, timers, messages and calls that wait, requests for a human.
    pub stops: u64,
}

/// The stored files of a message: those attached to it, and pictures on its cards.
pub fn files_of(content: &Content) -> impl Iterator<Item = &model::Attachment> {
    let on_cards = content.cards.iter().filter_map(|card| match card.picture.as_ref()? {
        Picture::Stored(file) => Some(file),
        Picture::Linked(_) => None,
    });
    content.attachments.iter().chain(on_cards)
}

/// Adds the files of messages after a line of each conversation, and of those that wait; answers how many messages were said.
fn files_after(
    store: &dyn Store,
    person: &Person,
    after: impl Fn(ConversationId) -> u64,
    blobs: &mut BTreeSet<BlobId>,
) -> Result<u64, Error> {
    let mut messages = 0;
    for conversation in &person.conversations {
        let mut after = after(conversation.id);
        loop {
            let lines = store.transcript(person.contact.id, conversation.id, after, LINES)?;
            for line in &lines {
                let TranscriptEntry::Message(message) = line else { continue };
                messages += 1;
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
    Ok(messages)
}

/// The files that came to a person since they were gathered.
pub(crate) fn files_since(store: &dyn Store, gathered: &Person, now: &Person) -> Result<Vec<BlobId>, Error> {
    let mut blobs = BTreeSet::new();
    let known = |id| gathered.conversation(id).map_or(0, |conversation| conversation.last_no);
    files_after(store, now, known, &mut blobs)?;
    Ok(blobs.into_iter().collect())
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
        events: store.events(id, 0, usize::MAX)?.iter().filter(|event| !event.is_withdrawn()).count() as u64,
        addresses: of.addresses.len() as u64,
        identifiers: of.identifiers.len() as u64,
        attributes: (of.attributes.len() + of.system.len()) as u64,
        tags: of.tags.len() as u64,
        notes: of.notes.len() as u64,
        consents: of.consents.len() as u64,
        ..Counts::default()
    };
    let mut blobs = BTreeSet::new();
    counts.messages = files_after(store, &person, |_| 0, &mut blobs)?;
    counts.attachments = blobs.len() as u64;
    let mut others = Marks::default();
    let own = |other: &ContactId| *other == id || of.absorbed.iter().any(|one| one.id == *other);
    others.known_to = journey.iter().filter_map(model::JourneyEntry::names).filter(|other| !own(other)).collect();
    for line in &journey {
        // The newest first; they are to fit into one commit with all the rest.
        if others.names.len() + others.addresses.len() < FORMER {
            others.remember(line);
        }
    }
    for one in &of.absorbed {
        if let Some(other) = store.person(one.id)? {
            others.extend(Marks::of(&other));
        }
    }
    let open = |request: &model::LiveRequest| match request.state {
        RequestState::Waiting | RequestState::Active { .. } => true,
        RequestState::Missed { .. } => false,
    };
    let in_conversations =
        person.conversations.iter().map(|c| c.runs.len() + c.timers.len() + usize::from(c.request.as_ref().is_some_and(open)));
    let stops = in_conversations.sum::<usize>() + person.inbox.len() + person.outbox.len() + person.calls.len();
    Ok(Some(Gathered { counts, blobs: blobs.into_iter().collect(), others, stops: stops as u64, person }))
}

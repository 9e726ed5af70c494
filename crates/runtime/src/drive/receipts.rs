//! Reports of channels about what was said on an address: which message one is about, and whether it tells anything new. What does not is
//! answered here and never reaches the contact's line.

use super::Shell;
use crate::core::Refusal;
use channel::AcceptError;
use model::{Address, Author, ContactId, Conversation, Delivery, InboxItem, Message, MessageId, TranscriptEntry};
use std::sync::Arc;
use store::Store;

/// How many lines before a cursor are searched for the newest message that it covers.
const COVERED: u64 = 200;
/// How far back the message of a report is looked for, in lines.
const SEARCH: u64 = 5_000;
/// Lines read at once.
const PAGE: u64 = 500;

/// What a report comes to.
enum Found {
    /// No such message was ever said on the address.
    Nothing,
    /// It is known.
    Known,
    /// It is new, and this is what the contact's line is told.
    New(ContactId, Box<InboxItem>),
}

impl Shell {
    /// The customer has seen everything up to this line.
    pub(super) async fn seen_to(self: &Arc<Self>, address: Address, no: u64) -> Result<(), AcceptError> {
        let found = self.read(move |store| covered(store, &address, no)).await;
        self.give(found).await.map(|_| ())
    }

    /// The other side tells what became of a message; answers whether it was said there.
    pub(super) async fn told(self: &Arc<Self>, address: Address, message: MessageId, delivery: Delivery) -> Result<bool, AcceptError> {
        let found = self.read(move |store| reported(store, &address, message, delivery)).await;
        self.give(found).await
    }

    async fn give(self: &Arc<Self>, found: Option<Found>) -> Result<bool, AcceptError> {
        let (contact, item) = match found {
            None => return Err(AcceptError::Unavailable),
            Some(Found::Nothing) => return Ok(false),
            Some(Found::Known) => return Ok(true),
            Some(Found::New(contact, item)) => (contact, item),
        };
        // Whoever reports a failure again, because the answer was slow to come, is not to begin what a flow does about it twice.
        let once = match &*item {
            InboxItem::Receipt { message, delivery: Delivery::Failed(_), .. } => Some(format!("receipt/{message}")),
            _ => None,
        };
        match self.item(contact, *item, once).await {
            // Whoever was erased meanwhile was told nothing.
            Ok(_) | Err(Refusal::NotFound) => Ok(true),
            Err(Refusal::TooMany) => Err(AcceptError::TooMany),
            Err(Refusal::Desk(_) | Refusal::Changed | Refusal::Merge(_) | Refusal::Parked | Refusal::Unavailable) => {
                Err(AcceptError::Unavailable)
            }
        }
    }
}

/// The conversation on an address.
fn conversation_at(store: &dyn Store, address: &Address) -> Result<Option<(ContactId, Conversation)>, store::Error> {
    let Some(contact) = store.person_at(address)? else { return Ok(None) };
    let person = store.person(contact)?;
    Ok(person.and_then(|person| Some((contact, person.conversation_at(address)?.clone()))))
}

/// The newest message up to a line, if it was not seen yet.
fn covered(store: &dyn Store, address: &Address, no: u64) -> Result<Found, store::Error> {
    let Some((contact, conversation)) = conversation_at(store, address)? else { return Ok(Found::Nothing) };
    // A line that was never written is seen by nobody: the other side's data is another's, or made up.
    if no > conversation.last_no || no <= conversation.read_to {
        return Ok(Found::Known);
    }
    let after = conversation.read_to.max(no.saturating_sub(COVERED));
    let lines = store.transcript(contact, conversation.id, after, as_count(no - after))?;
    let newest = lines.iter().rev().filter_map(said_to_them).find(|message| message.no <= no);
    Ok(newest.map_or(Found::Known, |message| fresh(contact, message, Delivery::Read)))
}

/// The message of a report, if it tells more than is known.
fn reported(store: &dyn Store, address: &Address, message: MessageId, delivery: Delivery) -> Result<Found, store::Error> {
    let Some((contact, conversation)) = conversation_at(store, address)? else { return Ok(Found::Nothing) };
    let (mut end, mut later) = (conversation.last_no, Vec::new());
    while end > 0 && conversation.last_no - end < SEARCH {
        let start = end.saturating_sub(PAGE);
        let lines = store.transcript(contact, conversation.id, start, as_count(end - start))?;
        for line in lines.iter().rev().filter(|line| line.no() <= end) {
            match line {
                TranscriptEntry::Delivery(update) if update.message == message => later.push(update.delivery.clone()),
                TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => {}
            }
            let Some(found) = said_to_them(line).filter(|found| found.id == message) else { continue };
            let known = later.into_iter().rev().fold(found.delivery.clone(), Delivery::then);
            let is_known =
                found.no <= conversation.read_to || known.clone().then(delivery.clone()) == known || both_failed(&known, &delivery);
            return Ok(if is_known { Found::Known } else { fresh(contact, found, delivery) });
        }
        end = start;
    }
    Ok(Found::Nothing)
}

fn both_failed(known: &Delivery, told: &Delivery) -> bool {
    matches!((known, told), (Delivery::Failed(_), Delivery::Failed(_)))
}

/// A message of the bot or of an agent.
fn said_to_them(line: &TranscriptEntry) -> Option<&Message> {
    match line {
        TranscriptEntry::Message(message) => match message.author {
            Author::Bot { .. } | Author::Agent { .. } => Some(message),
            Author::Customer | Author::System => None,
        },
        TranscriptEntry::Delivery(_) => None,
    }
}

fn fresh(contact: ContactId, message: &Message, delivery: Delivery) -> Found {
    let item = InboxItem::Receipt { conversation: message.conversation, message: message.id, no: message.no, delivery };
    Found::New(contact, Box::new(item))
}

fn as_count(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

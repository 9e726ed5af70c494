//! What was meant for many and reached a contact, and what became of it: told from the journey and the transcripts.

use super::{Handle, journey::timeline};
use model::{
    Actor, Author, Delivery, Instant, JourneyFilter, JourneyKind, JourneyTopic, Message, MessageId, Person, Reached, TranscriptEntry,
};
use std::{collections::BTreeMap, sync::Arc};
use store::Store;

/// Transcript lines read at once, after what was said.
const LINES: usize = 200;
/// Transcript lines looked through for what became of it.
const FARTHEST: usize = 2_000;

/// Something that was meant for many and reached the contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// What it was.
    pub reached: Reached,
    /// When it reached the contact.
    pub at: Instant,
    /// Who asked for it.
    pub by: Actor,
    /// How many messages it said at once; a flow may have said more later.
    pub messages: usize,
    /// How far these got: the one that got least far counts. None if there are none.
    pub delivery: Option<Delivery>,
    /// When the customer did something in that conversation afterwards: then they saw it, whatever a channel tells.
    pub answered_at: Option<Instant>,
}

impl Handle {
    /// The newest audiences, triggers and schedules that reached a contact, newest first, at most `limit`.
    pub async fn campaigns(&self, person: &Arc<Person>, limit: usize) -> Vec<Campaign> {
        let person = person.clone();
        self.shell.read(move |store| campaigns(store, &person, limit)).await.unwrap_or_default()
    }
}

fn campaigns(store: &dyn Store, person: &Person, limit: usize) -> Result<Vec<Campaign>, store::Error> {
    let filter = JourneyFilter { topics: vec![JourneyTopic::Campaign], ..JourneyFilter::default() };
    let lines = timeline(store, person.contact.id, &filter, None, limit)?.entries;
    let mut found = Vec::with_capacity(lines.len());
    for line in lines {
        let JourneyKind::Reached(reached) = line.what else { continue };
        let mut campaign = Campaign { reached, at: line.at, by: line.by, messages: 0, delivery: None, answered_at: None };
        if let (Some(conversation), Some((first, last))) = (line.conversation, campaign.reached.lines) {
            what_became(store, person, conversation, (first, last), &mut campaign)?;
        }
        found.push(campaign);
    }
    Ok(found)
}

/// Reads what was said and what was told of it later.
fn what_became(
    store: &dyn Store,
    person: &Person,
    conversation: model::ConversationId,
    (first, last): (u64, u64),
    campaign: &mut Campaign,
) -> Result<(), store::Error> {
    let mut said: BTreeMap<MessageId, Delivery> = BTreeMap::new();
    let (mut after, mut left) = (first.saturating_sub(1), FARTHEST);
    loop {
        let lines = store.transcript(person.contact.id, conversation, after, LINES.min(left))?;
        let Some(newest) = lines.last().map(TranscriptEntry::no) else { break };
        left = left.saturating_sub(lines.len());
        after = newest;
        for line in lines {
            match line {
                TranscriptEntry::Message(Message { no, id, author: Author::Bot { .. }, delivery, .. }) if no <= last => {
                    said.insert(id, delivery);
                }
                TranscriptEntry::Message(Message { author: Author::Customer, at, .. }) if campaign.answered_at.is_none() => {
                    campaign.answered_at = Some(at);
                }
                TranscriptEntry::Message(_) => {}
                TranscriptEntry::Delivery(update) => {
                    if let Some(state) = said.get_mut(&update.message) {
                        *state = update.delivery;
                    }
                }
            }
        }
        let settled = said.values().all(|state| *state != Delivery::Queued);
        if left == 0 || (settled && campaign.answered_at.is_some() && after >= last) {
            break;
        }
    }
    campaign.messages = said.len();
    campaign.delivery = said.into_values().max_by_key(concern);
    Ok(())
}

/// The order in which states matter to whoever sent it.
fn concern(state: &Delivery) -> u8 {
    match state {
        Delivery::Received | Delivery::Sent => 0,
        Delivery::Queued => 1,
        Delivery::Unknown => 2,
        Delivery::Failed(_) => 3,
    }
}

//! What was meant for many and reached a contact, and what became of it: told from the journey and the transcripts.

use super::{Handle, journey::timeline};
use crate::WriteError;
use model::{
    Actor, Author, Delivery, DeliveryUpdate, Instant, JourneyFilter, JourneyKind, JourneyTopic, Message, MessageId, Person, Reached,
    RequestId, TranscriptEntry,
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
    /// How many messages it said and sent at once, e-mails and text messages among them; a flow may have said more later.
    pub messages: usize,
    /// How far these got: the one that got least far counts. None if there are none, or if they are kept no longer.
    pub delivery: Option<Delivery>,
    /// When they had seen all of it, where the channel tells.
    pub read_at: Option<Instant>,
    /// When the customer did something in that conversation afterwards: then they saw it, whatever a channel tells.
    pub answered_at: Option<Instant>,
    /// Whether what it said, or a part of it, is kept no longer: then nobody knows what became of it.
    pub forgotten: bool,
}

impl Handle {
    /// The newest audiences, triggers and schedules that reached a contact, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn campaigns(&self, person: &Arc<Person>, limit: usize) -> Result<Vec<Campaign>, WriteError> {
        let person = person.clone();
        self.shell.read(move |store| campaigns(store, &person, limit)).await.ok_or(WriteError::Unavailable)
    }
}

fn campaigns(store: &dyn Store, person: &Person, limit: usize) -> Result<Vec<Campaign>, store::Error> {
    let filter = JourneyFilter { topics: vec![JourneyTopic::Campaign], ..JourneyFilter::default() };
    let lines = timeline(store, person.contact.id, &filter, None, limit)?.entries;
    let mut found = Vec::with_capacity(lines.len());
    for line in lines {
        let JourneyKind::Reached(reached) = line.what else { continue };
        let (messages, delivery, read_at, answered_at, forgotten) = (0, None, None, None, false);
        let mut campaign = Campaign { reached, at: line.at, by: line.by, messages, delivery, read_at, answered_at, forgotten };
        let mut fates = Vec::new();
        if let (Some(conversation), Some(lines)) = (line.conversation, campaign.reached.lines) {
            fates = what_became(store, person, conversation, lines, &mut campaign)?;
        }
        if !campaign.forgotten {
            fates.extend(what_was_told(store, person, &campaign)?);
            campaign.messages = fates.len();
            if fates.iter().all(|fate| fate.delivery == Delivery::Read) {
                let times: Option<Vec<Instant>> = fates.iter().map(|fate| fate.read_at).collect();
                campaign.read_at = times.and_then(|times| times.into_iter().max());
            }
            campaign.delivery = fates.into_iter().map(|fate| fate.delivery).max_by_key(concern);
        }
        found.push(campaign);
    }
    Ok(found)
}

/// What became of one message.
struct Fate {
    delivery: Delivery,
    read_at: Option<Instant>,
}

impl Fate {
    /// One more report of it.
    fn told(&mut self, delivery: Delivery, at: Instant) {
        self.delivery = std::mem::replace(&mut self.delivery, Delivery::Queued).then(delivery);
        self.note(at);
    }

    /// A later message of its conversation was read.
    fn read_on(&mut self, at: Option<Instant>) {
        self.delivery = std::mem::replace(&mut self.delivery, Delivery::Queued).then_read_on();
        if let Some(at) = at {
            self.note(at);
        }
    }

    fn note(&mut self, at: Instant) {
        if self.delivery == Delivery::Read && self.read_at.is_none() {
            self.read_at = Some(at);
        }
    }
}

/// A message of a campaign.
struct Said {
    no: u64,
    id: MessageId,
    fate: Fate,
}

/// Reads what was said and what was told of it later.
fn what_became(
    store: &dyn Store,
    person: &Person,
    conversation: model::ConversationId,
    (first, last): (u64, u64),
    campaign: &mut Campaign,
) -> Result<Vec<Fate>, store::Error> {
    let read_to = person.conversation(conversation).map_or(0, |conversation| conversation.read_to);
    let mut said: Vec<Said> = Vec::new();
    // What was said later: when that was read, the campaign's messages were.
    let mut later: BTreeMap<MessageId, u64> = BTreeMap::new();
    let (mut after, mut left) = (first.saturating_sub(1), FARTHEST);
    loop {
        let lines = store.transcript(person.contact.id, conversation, after, LINES.min(left))?;
        if left == FARTHEST {
            // Numbers have no gaps, so the first line that is kept tells how much is kept no longer.
            let kept_from = lines.first().map_or(u64::MAX, TranscriptEntry::no);
            campaign.forgotten = kept_from > first;
            if kept_from > last.saturating_add(1) {
                // The answer may be among what is gone: whatever they did later is not it.
                return Ok(Vec::new());
            }
        }
        let Some(newest) = lines.last().map(TranscriptEntry::no) else { break };
        left = left.saturating_sub(lines.len());
        after = newest;
        for line in lines {
            match line {
                TranscriptEntry::Message(Message { no, id, author: Author::Bot { .. }, delivery, .. }) if no <= last => {
                    said.push(Said { no, id, fate: Fate { delivery, read_at: None } });
                }
                TranscriptEntry::Message(Message { author: Author::Customer, at, .. }) if campaign.answered_at.is_none() => {
                    campaign.answered_at = Some(at);
                }
                TranscriptEntry::Message(Message { no, id, author: Author::Bot { .. } | Author::Agent { .. }, .. }) => {
                    later.insert(id, no);
                }
                TranscriptEntry::Message(_) => {}
                TranscriptEntry::Delivery(update) => told(&mut said, &later, &update),
            }
        }
        let settled = said.iter().all(|one| match one.fate.delivery {
            Delivery::Queued => false,
            // It was read; when, comes later.
            Delivery::Sent | Delivery::Delivered => one.no > read_to,
            Delivery::Received | Delivery::Read | Delivery::Unknown | Delivery::Failed(_) => true,
        });
        if left == 0 || (settled && campaign.answered_at.is_some() && after >= last) {
            break;
        }
    }
    // So much was said since that nobody looked for when.
    said.iter_mut().filter(|one| one.no <= read_to).for_each(|one| one.fate.read_on(None));
    Ok(said.into_iter().map(|one| one.fate).collect())
}

/// Takes one report.
fn told(said: &mut [Said], later: &BTreeMap<MessageId, u64>, update: &DeliveryUpdate) {
    let about = said.iter().find(|one| one.id == update.message).map(|one| one.no).or_else(|| later.get(&update.message).copied());
    for one in said.iter_mut() {
        if one.id == update.message {
            one.fate.told(update.delivery.clone(), update.at);
        } else if update.delivery == Delivery::Read && about.is_some_and(|no| one.no < no) {
            one.fate.read_on(Some(update.at));
        }
    }
}

/// Reads what was told of the e-mails and text messages of a campaign.
fn what_was_told(store: &dyn Store, person: &Person, campaign: &Campaign) -> Result<Vec<Fate>, store::Error> {
    let calls = &campaign.reached.calls;
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let filter = JourneyFilter { topics: vec![JourneyTopic::Delivery], since: Some(campaign.at), ..JourneyFilter::default() };
    let lines = timeline(store, person.contact.id, &filter, None, FARTHEST)?.entries;
    let fate = |call: &RequestId| {
        // One whose end nobody saw may have been sent.
        let waits = person.calls.iter().any(|row| row.call.id == *call);
        let mut fate = Fate { delivery: if waits { Delivery::Queued } else { Delivery::Unknown }, read_at: None };
        for line in lines.iter().rev() {
            if let JourneyKind::Told { call: of, delivery, .. } = &line.what
                && of == call
            {
                fate.told(delivery.clone(), line.at);
            }
        }
        fate
    };
    Ok(calls.iter().map(fate).collect())
}

/// The order in which states matter to whoever sent it.
fn concern(state: &Delivery) -> u8 {
    match state {
        Delivery::Read => 0,
        Delivery::Delivered => 1,
        Delivery::Received | Delivery::Sent => 2,
        Delivery::Queued => 3,
        Delivery::Unknown => 4,
        Delivery::Failed(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, Address, Contact, ContactId, Conversation, ConversationId, IdSource, JourneyEntry, Medium};
    use store::{Commit, MemStore, PersonChange};

    #[test]
    fn what_a_provider_tells_of_a_campaigns_text_messages_is_told_of_the_campaign() {
        let (store, start) = (MemStore::new(), Instant::from_secs(1_772_442_000));
        let (id, here, address) = (ContactId(1), ConversationId(2), Address { channel: "web".into(), id: "ana".into() });
        let [mail, text, lost] = [7, 8, 9].map(RequestId);
        let told = |call, medium, delivery| JourneyKind::Told { call, medium, delivery };
        let reached = |audience: &str, calls: &[RequestId]| {
            let calls = calls.to_vec();
            JourneyKind::Reached(Reached { audience: audience.into(), name: "sale".into(), schedule: false, lines: None, calls })
        };
        let happened = [
            reached("aud_1", &[mail, text]),
            told(text, Medium::Sms, Delivery::Sent),
            told(mail, Medium::Mail, Delivery::Sent),
            told(text, Medium::Sms, Delivery::Read),
            // Late.
            told(text, Medium::Sms, Delivery::Delivered),
            reached("aud_2", &[lost]),
            told(lost, Medium::Sms, Delivery::Failed("no such number".into())),
            reached("aud_3", &[RequestId(10)]),
            reached("aud_4", &[text]),
        ];
        let mut ids = IdSource::new(start, 3);
        let mut change = PersonChange::new(id, 0);
        for (n, what) in (0..).zip(happened) {
            let at = start.plus_micros(n * 1_000_000);
            let entry =
                JourneyEntry { id: ids.next(), at, by: Actor::System, conversation: Some(here), run: None, block: None, why: None, what };
            change.journey.push(entry);
        }
        change.contact = Some(Box::new(Contact::new(id, start, address.clone(), "organic")));
        change.conversations.push(Conversation::new(here, id, address));
        store::commit_blocking(&store, Commit { person: Some(change), ..Commit::default() }).unwrap();
        let person = store.person(id).unwrap().unwrap();
        let found = campaigns(&store, &person, 10).unwrap();
        let told =
            |campaign: &Campaign| (campaign.reached.audience.clone(), campaign.messages, campaign.delivery.clone(), campaign.read_at);
        let told: Vec<_> = found.iter().map(told).collect();
        let failed = Delivery::Failed("no such number".into());
        assert_eq!(
            told,
            [
                ("aud_4".into(), 1, Some(Delivery::Unknown), None),
                ("aud_3".into(), 1, Some(Delivery::Unknown), None),
                ("aud_2".into(), 1, Some(failed), None),
                ("aud_1".into(), 2, Some(Delivery::Sent), None),
            ],
            "of the mail nobody tells that it was read, so the campaign was not"
        );
    }
}

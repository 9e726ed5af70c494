//! A person as one durable aggregate: the contact, their conversations, what waits for them and what waits to
//! be sent to them. It is the unit of a contact's line (one step at a time) and of a commit's precondition.

use crate::{
    Address, AgentId, Cause, Change, Contact, Content, Conversation, ConversationId, Incoming, Instant, Message, MessageId, Record,
    RequestId, Version,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a provider's id is remembered against a second delivery: 7 days in microseconds.
pub const SEEN_FOR: i64 = 7 * 86_400_000_000;
/// How many provider ids are remembered for one person at the most; the oldest go first.
pub const SEEN_LIMIT: usize = 1_024;

/// A provider's message id as remembered: 64 bits of a hash of channel and id, and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenKey(pub u64, pub Instant);

/// Something that waits for a contact's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxItem {
    /// The customer did something on this address.
    Incoming {
        /// Where.
        address: Address,
        /// What.
        incoming: Box<Incoming>,
    },
    /// An event is raised (API, an import, the website).
    Event {
        /// In which conversation skills start; none: the last one used.
        conversation: Option<ConversationId>,
        /// Its name.
        name: String,
        /// Its fields.
        fields: Record,
        /// When it happened; none, or later than now: now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Instant>,
        /// Who raised it.
        by: crate::Actor,
    },
    /// A catch on a tag, segment or attribute starts a skill: queued by the commit that caused it (FL 5.8).
    Caused {
        /// In which conversation.
        conversation: ConversationId,
        /// The skill.
        skill: String,
        /// Which of its catches, by its place; none begins it as it is.
        catch: Option<u16>,
        /// What that catch says, so that after an edit of the bot no other is taken for it; none in older rows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<String>,
        /// The event's fields.
        event: Record,
        /// How many causes led here; at most 8.
        depth: u8,
        /// Who began the chain.
        cause: Cause,
    },
    /// An agent took the request.
    Take {
        /// The conversation.
        conversation: ConversationId,
        /// The request.
        request: RequestId,
        /// Who.
        agent: AgentId,
        /// The name the customer sees.
        name: String,
    },
    /// An agent says something.
    AgentSays {
        /// The conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentId,
        /// The name the customer sees.
        name: String,
        /// What.
        content: Content,
        /// The console's own id of the message, which makes a resend harmless.
        client_id: Option<String>,
    },
    /// An agent closes the chat; the flow goes on, or the chosen skill replaces the runs (FL 5.5).
    Resolve {
        /// The conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentId,
        /// A skill to run instead of going on.
        skill: Option<String>,
    },
    /// An agent takes a missed request off the list without an answer.
    Dismiss {
        /// The conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentId,
    },
    /// Changes asked for by an agent, the API or an import.
    Modify {
        /// The changes.
        changes: Vec<Change>,
        /// Who.
        by: crate::Actor,
    },
    /// The same, on condition that nobody changed the contact since it was read.
    Amend {
        /// What the contact was read as ([`Contact::edition`]).
        edition: u64,
        /// The changes.
        changes: Vec<Change>,
        /// Who.
        by: crate::Actor,
    },
    /// A contact comes to be without having written: a program made them, or they are a row of an import. One of an import
    /// starts no flow.
    Create {
        /// How the contact came to be: `api`, `import` or a custom name.
        source: String,
        /// What is known of them.
        changes: Vec<Change>,
        /// Who made them.
        by: crate::Actor,
    },
    /// What an import did to the contact is taken back, as far as nobody changed it since; no flow starts.
    Undo {
        /// The import.
        import: String,
        /// When it made the contact; none if they were there before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Instant>,
        /// What it changed, each part once: what that was before the import, what the import left, and when it did so last.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<(Instant, crate::Altered)>,
        /// Events that it recorded: they are taken out again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        events: Vec<crate::EventId>,
        /// Who takes it back.
        by: crate::Actor,
    },
    /// Runs, timers and waiting ticks of one bot version go on in another (FL 5.9).
    Move {
        /// The conversation.
        conversation: ConversationId,
        /// The version they have.
        from: Version,
        /// The version they get.
        to: Version,
        /// Old place to new place, each `skill.block`; a place that is not named keeps its name.
        places: BTreeMap<String, String>,
        /// Who asked for it.
        by: crate::Actor,
    },
    /// Something that was meant for many reached this contact: a trigger's event, the occurrence of a schedule. An
    /// opt-out cancels it (FL 7.9).
    Reached {
        /// Which audience it belongs to: `aud_…`.
        audience: String,
        /// What it is.
        what: Occasion,
        /// Who asked for it.
        by: crate::Actor,
    },
    /// Events that happened elsewhere are taken over: recorded and counted; no flow starts for them, nor for the segments
    /// that they carry the contact in or out of, unless that is asked for.
    Import {
        /// The events.
        events: Vec<Happened>,
        /// Whether flows that catch them start, as for events that are raised.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        start: bool,
        /// Which import.
        by: crate::Actor,
    },
    /// A provider reports what became of something that a call sent.
    Reported {
        /// The conversation of the call.
        conversation: ConversationId,
        /// The call.
        call: RequestId,
        /// The block that armed it: `skill.block`.
        place: String,
        /// Why it was not delivered; none: it was.
        failure: Option<String>,
        /// Whether it was read as well.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        read: bool,
    },
    /// Somebody who knows tells how far a message got: the customer's own program, a provider. It starts no flow by itself and is no
    /// sign of life.
    Receipt {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
        /// Its place in the transcript.
        no: u64,
        /// How far it got.
        delivery: crate::Delivery,
    },
    /// A message for good could not be delivered.
    Undelivered {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
        /// Why.
        reason: String,
    },
}

/// An event that happened elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// Its id, by which it is known when it is told again; a new one if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<crate::EventId>,
    /// Its name.
    pub name: String,
    /// Its fields.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub fields: Record,
    /// When; never later than when it is recorded.
    pub at: Instant,
}

/// What is meant for many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// An event is raised (FL 4 `trigger`).
    Event {
        /// Its name.
        name: String,
        /// Its fields.
        #[serde(default, skip_serializing_if = "Record::is_empty")]
        fields: Record,
    },
    /// The contact is changed: a tag put on everybody of a condition. Whoever opted out is changed as well.
    Change {
        /// How.
        changes: Vec<Change>,
    },
    /// The contact is erased with everything that is kept about them. The runtime does it; it never is an item of a line.
    Erase,
    /// A `schedule` catch starts its skill.
    Schedule {
        /// The skill.
        skill: String,
        /// The schedule as written: how the catch is found in the newest version.
        pattern: String,
        /// Whom it is for, as canonical text; none: everybody who can be reached. It tells apart catches of one pattern.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The occurrence.
        at: Instant,
    },
}

/// A row of a contact's inbox: acknowledged, not yet processed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxRow {
    /// Its order within the person: larger is later.
    pub no: u64,
    /// What waits.
    pub item: InboxItem,
    /// When it arrived here.
    pub at: Instant,
    /// How often its processing broke (FL 5.7: parked after three).
    #[serde(default)]
    pub tries: u8,
}

/// How an outbox row stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// To be sent, not before this instant.
    Pending {
        /// Not before.
        not_before: Instant,
    },
    /// Given to the channel; found so at start-up it is unknown and sent once more.
    Sending,
}

/// A message that is to leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// The message as the transcript has it.
    pub message: Message,
    /// To which address.
    pub address: Address,
    /// How it stands.
    pub state: OutboxState,
    /// Attempts made so far.
    #[serde(default)]
    pub attempts: u32,
    /// Whether it may already have arrived: it was under way at a crash or a broken connection.
    #[serde(default)]
    pub unknown: bool,
    /// How many of the channel's pieces were confirmed (a long text, a gallery).
    #[serde(default)]
    pub parts_done: u32,
    /// Whether the customer opted out while it was under way: it is not tried again (FL 7.9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unwanted: bool,
}

/// How much of the beginning of a person's past is not kept any more. Places and numbers stay as they were given: what is kept begins
/// after them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// How many journey lines.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub journey: u64,
    /// How many events, in the order in which they were recorded.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub events: u64,
    /// Up to which transcript line, by conversation, of those that are kept under this person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<(ConversationId, u64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

impl Forgotten {
    /// Whether everything is kept.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Up to which line of a conversation nothing is kept.
    pub fn lines_of(&self, conversation: ConversationId) -> u64 {
        self.lines.iter().find(|(id, _)| *id == conversation).map_or(0, |(_, no)| *no)
    }

    /// Forgets what another one does as well.
    pub fn extend(&mut self, more: &Self) {
        self.journey = self.journey.max(more.journey);
        self.events = self.events.max(more.events);
        for (id, no) in &more.lines {
            match self.lines.iter_mut().find(|(known, _)| known == id) {
                Some((_, known)) => *known = (*known).max(*no),
                None => self.lines.push((*id, *no)),
            }
        }
    }
}

/// One person, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The contact.
    pub contact: Contact,
    /// Their conversations, oldest first.
    pub conversations: Vec<Conversation>,
    /// What waits for the line, in order.
    #[serde(default)]
    pub inbox: Vec<InboxRow>,
    /// What is to be sent, in order per conversation.
    #[serde(default)]
    pub outbox: Vec<OutboxRow>,
    /// Calls to the outside that are to be made or are under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<crate::CallRow>,
    /// Provider ids seen lately, oldest first.
    #[serde(default)]
    pub seen: Vec<SeenKey>,
    /// Inbox items set aside after breaking three times, for the operator.
    #[serde(default)]
    pub parked: BTreeMap<u64, InboxRow>,
    /// How much of the beginning of their past is not kept any more.
    #[serde(default, skip_serializing_if = "Forgotten::is_nothing")]
    pub forgotten: Forgotten,
    /// Grows by one with every commit: the commit's precondition.
    pub version: u64,
}

impl Person {
    /// Whether anything about the person can happen by itself: time, inbox, outbox, desk. Such people are
    /// loaded at start-up.
    pub fn is_active(&self) -> bool {
        !self.inbox.is_empty()
            || !self.outbox.is_empty()
            || !self.calls.is_empty()
            || self.conversations.iter().any(|c| {
                !c.runs.is_empty() || !c.timers.is_empty() || !c.pending.is_empty() || c.request.is_some() || c.owner != crate::Owner::Bot
            })
    }

    /// A conversation by id.
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.conversations.iter().find(|c| c.id == id)
    }

    /// The conversation on an address.
    pub fn conversation_at(&self, address: &Address) -> Option<&Conversation> {
        self.conversations.iter().find(|c| &c.address == address)
    }

    /// Whether this provider id came before, within [`SEEN_FOR`] of `now`.
    pub fn has_seen(&self, key: u64, now: Instant) -> bool {
        self.seen.iter().any(|s| s.0 == key && now.micros_since(s.1) < SEEN_FOR)
    }
}

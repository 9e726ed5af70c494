//! How it stands between a contact and whoever answers: the bot, the queue, an agent, nobody any more.
//!
//! It is told from the conversations whenever it is asked for, so there is nothing that could contradict them.

use crate::{Conversation, Instant, Owner, Person, RequestState, Rest};
use serde::{Deserialize, Serialize};

/// How long after the customer's last message a conversation is still under way: 24 hours in microseconds. What is sent unasked later
/// begins a new one.
pub const SESSION: i64 = 86_400_000_000;

/// Who answers a contact now (FL 7.4). Of several conversations the one that needs a human most decides: the order is that of need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Nobody: an agent closed the chat, or nothing was said for a day and no flow is under way.
    #[default]
    Closed,
    /// The bot.
    Active,
    /// A human was asked for and has not come yet; the bot may go on meanwhile.
    Requesting,
    /// An agent.
    Intervened,
}

impl ChatState {
    /// All of them, in the order of need.
    pub const ALL: [Self; 4] = [Self::Closed, Self::Active, Self::Requesting, Self::Intervened];

    /// The name as it is written: `closed`, `active`, `requesting`, `intervened`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Active => "active",
            Self::Requesting => "requesting",
            Self::Intervened => "intervened",
        }
    }
}

impl Conversation {
    /// When the customer last did something here, as far as that is known; `last_seen` is the contact's.
    pub fn last_heard(&self, last_seen: Instant) -> Instant {
        self.heard_at.unwrap_or(last_seen)
    }

    /// Whether the customer did something here within a day: what is sent now answers them.
    pub fn is_in_session(&self, last_seen: Instant, now: Instant) -> bool {
        now.micros_since(self.last_heard(last_seen)) < SESSION
    }

    /// How this conversation stands.
    pub fn state(&self, last_seen: Instant, now: Instant) -> ChatState {
        let waits = |state: &RequestState| matches!(state, RequestState::Waiting | RequestState::Missed { .. });
        match self.owner {
            Owner::Agent(_) => ChatState::Intervened,
            Owner::Queue => ChatState::Requesting,
            // Missed ones are listed at the desk until somebody attends to them.
            Owner::Bot if self.request.as_ref().is_some_and(|request| waits(&request.state)) => ChatState::Requesting,
            Owner::Bot if self.runs.iter().any(|run| is_under_way(&run.rest)) => ChatState::Active,
            Owner::Bot if self.closed_at.is_none() && self.is_in_session(last_seen, now) => ChatState::Active,
            Owner::Bot => ChatState::Closed,
        }
    }
}

/// Whether a flow is in the middle of talking: what merely waits for a time or an event is not.
fn is_under_way(rest: &Rest) -> bool {
    match rest {
        Rest::Asking(_) | Rest::Requesting { .. } | Rest::Calling(_) | Rest::HandedOver { .. } => true,
        Rest::Waiting { .. } => false,
    }
}

impl Person {
    /// How it stands with the contact.
    pub fn state(&self, now: Instant) -> ChatState {
        self.conversations.iter().map(|conversation| conversation.state(self.contact.last_seen, now)).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, AgentId, Contact, ContactId, ConversationId, LiveRequest, RequestId};

    const DAY: i64 = 86_400_000_000;

    fn person(conversations: usize) -> Person {
        let (id, at) = (ContactId(1), Instant::from_secs(1_000_000));
        let address = |n: usize| Address { channel: format!("c{n}"), id: "u".into() };
        let conversation = |n: usize| Conversation {
            heard_at: Some(at),
            ..Conversation::new(ConversationId(u128::try_from(n).expect("few")), id, address(n))
        };
        Person {
            contact: Contact::new(id, at, address(0), "organic"),
            conversations: (0..conversations).map(conversation).collect(),
            inbox: Vec::new(),
            outbox: Vec::new(),
            calls: Vec::new(),
            seen: Vec::new(),
            parked: Default::default(),
            forgotten: Default::default(),
            version: 1,
        }
    }

    #[test]
    fn a_conversation_is_under_way_for_a_day() {
        let person = person(1);
        let seen = person.contact.last_seen;
        assert_eq!(person.state(seen.plus_micros(DAY - 1)), ChatState::Active);
        assert_eq!(person.state(seen.plus_micros(DAY)), ChatState::Closed);
    }

    #[test]
    fn the_conversation_that_needs_a_human_most_decides() {
        let mut person = person(3);
        let now = person.contact.last_seen;
        person.conversations[0].closed_at = Some(now);
        assert_eq!(person.state(now), ChatState::Active);
        let missed = RequestState::Missed { since: now, why: "timeout".into() };
        let request =
            LiveRequest { id: RequestId(1), group: "g".into(), first: false, since: now, run: None, deadline: None, state: missed };
        person.conversations[1].request = Some(request);
        assert_eq!(person.state(now.plus_micros(DAY * 9)), ChatState::Requesting, "it is listed until somebody attends to it");
        person.conversations[2].owner = Owner::Agent(AgentId(1));
        assert_eq!(person.state(now), ChatState::Intervened);
        assert_eq!(ChatState::ALL.map(ChatState::name), ["closed", "active", "requesting", "intervened"]);
    }

    #[test]
    fn somebody_nobody_talked_with_is_closed() {
        assert_eq!(person(0).state(Instant::default()), ChatState::Closed);
    }
}

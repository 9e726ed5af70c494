//! A contact's line: what waits for it in memory, and the commit that is under way (FL 5.1: one step at a time).
//!
//! Nothing leaves the line before its commit is durable: a refused commit is simply made again.

use super::Ticket;
use crate::core::{calls::CallResult, outbox::SendResult};
use channel::Accepted;
use model::{ConversationId, InboxItem, Instant, MergeId, MessageId, Person, RequestId, Version};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// What the one who holds a ticket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// That it is durable.
    Durable,
    /// That it is durable, though it is a second delivery.
    Duplicate,
    /// That it was processed.
    Done,
}

impl Wants {
    pub(super) fn accepted(self) -> Option<Accepted> {
        match self {
            Self::Durable => Some(Accepted::New),
            Self::Duplicate => Some(Accepted::Duplicate),
            Self::Done => None,
        }
    }
}

/// Something that arrived and is not durable yet.
pub(super) struct Arrival {
    pub item: InboxItem,
    pub at: Instant,
    /// The hash of its provider's id.
    pub seen: Option<u64>,
    pub tickets: Vec<(Ticket, Wants)>,
    /// How often its processing broke in this process.
    pub tries: u8,
}

/// Which input a commit processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The first arrival.
    Arrival,
    /// A durable inbox row.
    Row(u64),
    /// What is due in a conversation.
    Due(ConversationId),
    /// Time may have changed memberships.
    Membership,
    /// The first of what came of calls.
    Answer(RequestId),
}

/// What the processing of an input came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The agent's message, for something an agent said.
    pub message: Option<MessageId>,
    /// The merge that was made or undone, if it was one.
    pub merge: Option<MergeId>,
}

/// A commit under way.
pub(super) struct Flight {
    /// The version that was current when its step was decided: runs it begins have that one.
    pub version: Version,
    pub before: Option<Arc<Person>>,
    pub chosen: Option<Chosen>,
    /// What the holders of the input's tickets are told; none if the input was not consumed.
    pub outcome: Option<Result<Outcome, super::Refusal>>,
    /// How many arrivals it makes durable, and the inbox rows of those that are not consumed by it.
    pub arrivals: usize,
    pub rows: BTreeMap<usize, u64>,
    /// How many send results it makes durable.
    pub results: usize,
    /// Messages that may be given to their channel once it is durable.
    pub marked: Vec<MessageId>,
    /// Calls that are made once it is durable, and the places taken for them.
    pub calls: Vec<(RequestId, String)>,
    /// Channels whose sending slots were taken for it.
    pub slots: Vec<String>,
    /// What happened in its steps.
    pub trace: Vec<engine::Trace>,
    /// Lines for the operator, once it is durable.
    pub alerts: Vec<String>,
    /// Audiences that begin once it is durable.
    pub audiences: Vec<super::audience::Audience>,
    /// Whether it changes the contact.
    pub contact: bool,
    /// Events that it records.
    pub events: Vec<model::EventRecord>,
    /// Whether it withdraws events.
    pub withdraws: bool,
    /// If it holds a step: the instant before which time alone changes no membership.
    pub flips: Option<segments::Flips>,
    /// Whether it erases the person.
    pub erases: bool,
    /// Whether it does nothing but forget the beginning of their past, and for whom.
    pub forgetting: Option<Forgetting>,
}

/// Who waits for a commit that forgets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forgetting {
    /// Who.
    pub ticket: Ticket,
    /// Whether events are among what goes.
    pub events: bool,
}

impl Flight {
    /// A commit that erases.
    pub(super) fn of_erasure(version: Version, person: Arc<Person>) -> Self {
        Self {
            version,
            before: Some(person),
            chosen: None,
            outcome: None,
            arrivals: 0,
            rows: BTreeMap::new(),
            results: 0,
            marked: Vec::new(),
            calls: Vec::new(),
            slots: Vec::new(),
            trace: Vec::new(),
            alerts: Vec::new(),
            audiences: Vec::new(),
            contact: false,
            events: Vec::new(),
            withdraws: false,
            flips: None,
            erases: true,
            forgetting: None,
        }
    }
}

/// A contact's line.
#[derive(Default)]
pub(super) struct Line {
    pub arrivals: VecDeque<Arrival>,
    pub results: Vec<SendResult>,
    /// What came of calls, in order.
    pub answers: VecDeque<CallResult>,
    /// Conversations whose messages wait for a run that requests, and for which call (FL 5.4 rule 7).
    pub held: BTreeMap<ConversationId, RequestId>,
    /// Conversations in which something is due, since when.
    pub due: BTreeMap<ConversationId, Instant>,
    /// Whether time may have changed memberships.
    pub membership: bool,
    pub flight: Option<Flight>,
    /// Who waits for the processing of an inbox row.
    pub tickets: BTreeMap<u64, Vec<Ticket>>,
    /// Who waits until everything is processed.
    pub settlers: Vec<Ticket>,
    /// It stands still together with another one: two contacts become one, or two again.
    pub joined: bool,
    /// The store was busy; the line goes on when its wake comes.
    pub pausing: bool,
    /// Commits refused in a row because somebody else changed the person.
    pub conflicts: u8,
    /// The person is to be erased, before anything else.
    pub erasing: Option<Box<super::erase::Erasing>>,
    /// The input whose commit the store refused as making no sense, and why: treated as a broken one.
    pub refused: Option<(Chosen, String)>,
}

impl Line {
    /// Whether this provider id is among what is not durable yet; gives the arrival.
    pub(super) fn arrival_seen(&mut self, key: u64) -> Option<&mut Arrival> {
        self.arrivals.iter_mut().find(|a| a.seen == Some(key))
    }

    /// Whether nothing keeps the line in memory.
    pub(super) fn is_idle(&self) -> bool {
        self.flight.is_none()
            && self.arrivals.is_empty()
            && self.results.is_empty()
            && self.answers.is_empty()
            && self.held.is_empty()
            && self.due.is_empty()
            && !self.membership
            && self.settlers.is_empty()
            && self.erasing.is_none()
            && !self.pausing
            && !self.joined
    }
}

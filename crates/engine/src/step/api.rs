//! What goes into a step and what comes out.

use crate::bot::Programs;
use model::{
    Call, CallAnswer, ChatState, Contact, Conversation, ConversationId, EventRecord, InboxItem, Instant, JourneyEntry, Record, RequestId,
    TranscriptEntry,
};
use segments::{Era, Flips, NoPast, Past};
use std::{borrow::Cow, sync::Arc};

/// Everything outside the person that a step may look at.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// The time of the step.
    pub now: Instant,
    /// Where ids and choices of chance come from.
    pub seed: u64,
    /// Bots by version.
    pub programs: &'a dyn Programs,
    /// The rules of segments that were in force before, newest first: an edited rule carries nobody in or out with a word to
    /// the flows (FL 5.8).
    pub eras: &'a [Era],
    /// Whether `only_for` lets everybody in: for a designer who looks at a flow without being the person it is for.
    pub ungated: bool,
}

/// The person a step is about.
#[derive(Clone, Copy)]
pub struct PersonView<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// The conversation the step happens in.
    pub conversation: &'a Conversation,
    /// What was recorded about the contact.
    pub past: &'a dyn Past,
    /// When time alone changes a membership of the contact.
    pub flips: Flips,
    /// How the contact's other conversations stand.
    pub elsewhere: ChatState,
    /// What `once` remembers in the contact's other conversations: it counts for the person.
    pub once: &'a [&'a Record],
}

impl<'a> PersonView<'a> {
    /// A person about whom nothing is recorded and with whom time has been kept up.
    pub fn new(contact: &'a Contact, conversation: &'a Conversation) -> Self {
        Self { contact, conversation, past: &NoPast, flips: Flips::default(), elsewhere: ChatState::Closed, once: &[] }
    }
}

/// What a step processes.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Something from the contact's inbox.
    Inbox(&'a InboxItem),
    /// Time passed: everything of this conversation that is due at the turn's time.
    Due,
    /// Time passed: memberships may have changed with it, and nothing else (FL 5.8).
    Membership,
    /// An event was raised for the contact in another of their conversations: what waits for it here goes on, and nothing begins.
    Elsewhere(&'a RaisedEvent),
    /// The answer to a request of an earlier step.
    Desk(DeskAnswer),
    /// What came of a trigger that an earlier step asked for.
    Trigger(super::TriggerAnswer),
    /// What came of a call of an earlier step. One that nothing waits for any more is journeyed and dropped.
    Answer(&'a CallAnswer),
    /// Something from the contact's inbox that waited for a run that requests as long as it may (FL 5.4 rule 7).
    Waited(&'a InboxItem),
}

/// An event that a step raised for the contact.
#[derive(Clone, Debug, PartialEq)]
pub struct RaisedEvent {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Record,
}

/// The desk's answer to a [`DeskRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskAnswer {
    /// The request waits in line.
    Queued {
        /// Which.
        request: RequestId,
        /// Its place, from 1.
        position: u32,
        /// Seconds until somebody is expected, if that can be said.
        eta_secs: Option<u32>,
    },
    /// Nobody of the group is online and accepting.
    NoAgent {
        /// Which.
        request: RequestId,
    },
}

/// A human is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskRequest {
    /// The request's id.
    pub request: RequestId,
    /// The group asked.
    pub group: String,
    /// Whether it goes before those of its group that do not.
    pub first: bool,
    /// Where.
    pub conversation: ConversationId,
}

/// What a step decided; nothing of it holds until it is committed (INV-7).
#[derive(Clone, Debug)]
pub struct Step {
    /// The contact afterwards, if it changed.
    pub contact: Option<Contact>,
    /// The conversation afterwards.
    pub conversation: Conversation,
    /// Lines to append to the transcript, numbered.
    pub transcript: Vec<TranscriptEntry>,
    /// Lines to append to the journey.
    pub journey: Vec<JourneyEntry>,
    /// Events to record.
    pub events: Vec<EventRecord>,
    /// Those that it raised, in order: what waits for them in the contact's other conversations goes on ([`Input::Elsewhere`]).
    pub raised: Vec<RaisedEvent>,
    /// Items for the contact's inbox, by the same commit (FL 5.8).
    pub queued: Vec<InboxItem>,
    /// Calls to the outside: they leave once this step is committed.
    pub calls: Vec<Call>,
    /// The input is to wait: the run with the floor requests (FL 5.4 rule 7). Nothing was changed.
    pub held: bool,
    /// Requests for a human.
    pub requests: Vec<DeskRequest>,
    /// Events to be raised for others.
    pub triggers: Vec<super::TriggerRequest>,
    /// Unsent messages of this conversation are not to be sent any more (FL 7.9).
    pub drop_unsent: bool,
    /// A limit was hit: all changes were dropped but the input is consumed (FL 5.7).
    pub broken: Option<String>,
    /// When time alone changes a membership of the contact.
    pub flips: Flips,
    /// What happened, for `chat` and `test`.
    pub trace: Vec<Trace>,
}

/// One thing that happened in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// A rule of FL 5.4 took the message.
    Rule {
        /// `5.4.3`, ….
        rule: &'static str,
        /// In words.
        what: String,
    },
    /// A run began.
    RunBegan {
        /// The skill.
        skill: String,
        /// What began it, in words.
        through: String,
    },
    /// A block was entered.
    Enter {
        /// The skill.
        skill: Arc<str>,
        /// The block.
        block: Arc<str>,
    },
    /// A block was left by this exit.
    Exit {
        /// The skill.
        skill: Arc<str>,
        /// The block.
        block: Arc<str>,
        /// `next`, an outcome, or a button's label.
        exit: Cow<'static, str>,
    },
    /// A run ended.
    RunEnded {
        /// The skill it ended in.
        skill: String,
        /// The block it ended at.
        block: String,
        /// How: `done`, `expired`, ….
        how: String,
    },
    /// Something else worth a line.
    Note(String),
}

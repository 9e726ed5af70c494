//! The journey: the log of everything that happened to a contact, with cause and actor.

use crate::{Actor, ConversationId, EventId, Instant, JourneyId, Record, RunId, Value};
use serde::{Deserialize, Serialize};

/// Something that happened and can be counted (FL 7.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its id.
    pub id: EventId,
    /// Its name.
    pub name: String,
    /// Its fields.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub fields: Record,
    /// When it happened.
    pub at: Instant,
    /// Who raised it.
    pub by: Actor,
}

/// A segment that was entered or left, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenTransition")]
pub struct Transition {
    /// The segment's key.
    pub segment: String,
    /// Why, in words: `time`, `the rule changed`, `tag gold`, `event purchase`, ….
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
}

/// A transition as it may be stored: once it was the key alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenTransition {
    Key(String),
    Whole {
        segment: String,
        #[serde(default)]
        cause: String,
    },
}

impl From<WrittenTransition> for Transition {
    fn from(written: WrittenTransition) -> Self {
        match written {
            WrittenTransition::Key(segment) => Self { segment, cause: String::new() },
            WrittenTransition::Whole { segment, cause } => Self { segment, cause },
        }
    }
}

/// What a journey entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyKind {
    /// A run began: the skill, the catch or rule, the rule of FL 5.4 if a message began it.
    RunBegan {
        /// The skill.
        skill: String,
        /// What began it, in words.
        through: String,
    },
    /// A run ended: `done`, `expired`, `interrupted`, `broken`, ….
    RunEnded {
        /// The skill at the bottom of the run.
        skill: String,
        /// How.
        how: String,
    },
    /// A message was handled, and by which rule of FL 5.4.
    Handled {
        /// `5.4.3`, ….
        rule: String,
        /// In words.
        what: String,
    },
    /// A block was entered and left.
    Block {
        /// The exit that was taken; empty where the run rests.
        exit: String,
    },
    /// An attribute changed.
    Attribute {
        /// Its name.
        name: String,
        /// Before.
        from: Option<Value>,
        /// After.
        to: Option<Value>,
    },
    /// A tag was added.
    TagAdded(String),
    /// A tag was removed.
    TagRemoved(String),
    /// The status changed.
    Status {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// The person agreed to something, or refused it.
    Consent {
        /// To what.
        topic: String,
        /// Whether they agreed.
        given: bool,
    },
    /// The contact entered a segment.
    SegmentEntered(Transition),
    /// The contact left a segment.
    SegmentLeft(Transition),
    /// An event was recorded.
    Event(String),
    /// A human was asked for, took over, closed, ….
    Desk(String),
    /// A message was not sent or not shown as written, and why.
    Delivery(String),
    /// A timer was started, ticked or stopped.
    Timer(String),
    /// A run was moved to another version of the bot, or why it was not (FL 5.9).
    Moved(String),
    /// Something went wrong, in words for the operator.
    Error(String),
    /// An address came, went or changed its reach.
    Address(String),
}

/// One line of a contact's journey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JourneyEntry {
    /// Its id.
    pub id: JourneyId,
    /// When.
    pub at: Instant,
    /// Who did it.
    pub by: Actor,
    /// In which conversation, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// In which run, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// At which block, `skill.block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// What.
    pub what: JourneyKind,
}

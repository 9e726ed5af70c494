//! The journey: the log of everything that happened to a contact, with cause and actor.

use crate::{Actor, ContactId, ConversationId, Delivery, EventId, Instant, JourneyId, MergeId, Record, RequestId, RunId, Value};
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

impl EventRecord {
    /// It did not happen after all: its place stays taken, and nothing of what it said is left.
    pub fn withdraw(&mut self) {
        self.name.clear();
        self.fields.clear();
    }

    /// Whether it was taken back ([`Self::withdraw`]): it counts for nothing and is shown to nobody.
    pub fn is_withdrawn(&self) -> bool {
        self.name.is_empty()
    }
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

/// Something about a contact that an import changed, and what it was before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Altered {
    /// What.
    pub what: Part,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// A part of a contact that an import can change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A declared attribute.
    Attribute(String),
    /// A system attribute.
    System(String),
    /// A tag, by its label.
    Tag(String),
    /// Membership in a static segment.
    List(String),
    /// The status.
    Status,
}

/// What was meant for many and reached the contact: a trigger's event, the occurrence of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which audience it belongs to: `aud_…`.
    pub audience: String,
    /// The event's name, or the skill that a schedule started.
    pub name: String,
    /// Whether a schedule did it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub schedule: bool,
    /// The first and the last transcript line of what was said to the contact for it, in the entry's conversation. None if nothing was
    /// said at once: no skill caught it, or its start waits for the floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<(u64, u64)>,
    /// The e-mails and text messages that were sent for it at once. What became of them is journeyed ([`JourneyKind::Told`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<RequestId>,
}

/// What is sent beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// An e-mail.
    Mail,
    /// A text message.
    Sms,
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
    /// The contact came to be without having written.
    Created {
        /// How: `api`, `import` or a custom name.
        source: String,
    },
    /// A row of an import came to the contact; `by` names the import.
    Imported {
        /// Whether the contact came to be by it.
        created: bool,
        /// What it changed. Of a contact who came to be by it, attributes, tags and lists are left out: they say themselves when
        /// they came and from whom.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        altered: Vec<Altered>,
    },
    /// What an import did to the contact was taken back, as far as nobody had changed it.
    ImportUndone {
        /// The import.
        import: String,
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
    /// How far an e-mail or a text message got.
    Told {
        /// The call that sent it.
        call: RequestId,
        /// Which of the two it is.
        medium: Medium,
        /// How far it got.
        delivery: Delivery,
    },
    /// A timer was started, ticked or stopped.
    Timer(String),
    /// A run was moved to another version of the bot, or why it was not (FL 5.9).
    Moved(String),
    /// Something went wrong, in words for the operator.
    Error(String),
    /// An address came, went or changed its reach.
    Address(String),
    /// How the contact is said to have come to be changed.
    Source {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Somebody noted something: the beginning of it.
    Noted(String),
    /// Something that was meant for many reached the contact.
    Reached(Reached),
    /// An identifier came, was proven or went: `email ana@shop.example added`.
    Identifier(String),
    /// Another contact was merged into this one.
    Merged {
        /// The other one; its id leads here.
        other: ContactId,
        /// The merge.
        merge: MergeId,
        /// Why, in words: `external user-7 is verified on both`; empty if somebody asked for it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
        /// Where both had a value: what the other one's was (`from`) and what holds now (`to`).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<Altered>,
    },
    /// This contact was merged into another one.
    MergedInto {
        /// The one it is part of now.
        into: ContactId,
        /// The merge.
        merge: MergeId,
    },
    /// A merge was undone: this contact and the other one are two again.
    Unmerged {
        /// The other one.
        other: ContactId,
        /// The merge.
        merge: MergeId,
    },
    /// Two contacts that look like one were not merged, and why.
    NotMerged {
        /// The other one.
        other: ContactId,
        /// Why, in words.
        why: String,
    },
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
    /// Why, where `by` does not say it: `first message`, `broadcast sale`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What.
    pub what: JourneyKind,
}

impl JourneyEntry {
    /// Another contact that it names.
    pub fn names(&self) -> Option<ContactId> {
        match &self.what {
            JourneyKind::Merged { other, .. } | JourneyKind::Unmerged { other, .. } | JourneyKind::NotMerged { other, .. } => Some(*other),
            JourneyKind::MergedInto { into, .. } => Some(*into),
            _ => None,
        }
    }

    /// If it names one of these, it names nobody from now on, and what it told of them is gone; answers whether it did.
    pub fn unname(&mut self, gone: &[ContactId]) -> bool {
        if self.names().is_none_or(|named| !gone.contains(&named)) {
            return false;
        }
        match &mut self.what {
            JourneyKind::Merged { other, why, lost, .. } => {
                *other = ContactId(0);
                why.clear();
                lost.clear();
            }
            JourneyKind::NotMerged { other, why } => {
                *other = ContactId(0);
                why.clear();
            }
            JourneyKind::Unmerged { other: named, .. } | JourneyKind::MergedInto { into: named, .. } => *named = ContactId(0),
            _ => {}
        }
        true
    }
}

//! A webhook as it is declared and kept, and what waits for it or was told to it.

use model::{ContactId, Instant};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

/// What a webhook may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HookEvent {
    /// A contact came to be.
    #[serde(rename = "contact.created")]
    ContactCreated,
    /// Something about a contact changed.
    #[serde(rename = "contact.updated")]
    ContactUpdated,
    /// Another contact was merged into this one.
    #[serde(rename = "contact.merged")]
    ContactMerged,
    /// A contact was erased.
    #[serde(rename = "contact.erased")]
    ContactErased,
    /// A tag was added.
    #[serde(rename = "tag.added")]
    TagAdded,
    /// A tag was removed.
    #[serde(rename = "tag.removed")]
    TagRemoved,
    /// The contact entered a segment.
    #[serde(rename = "segment.entered")]
    SegmentEntered,
    /// The contact left a segment.
    #[serde(rename = "segment.left")]
    SegmentLeft,
    /// A conversation began.
    #[serde(rename = "conversation.started")]
    ConversationStarted,
    /// A human was asked for.
    #[serde(rename = "conversation.handed_off")]
    ConversationHandedOff,
    /// An agent closed the chat.
    #[serde(rename = "conversation.resolved")]
    ConversationResolved,
    /// An event was recorded.
    #[serde(rename = "event.recorded")]
    EventRecorded,
}

impl HookEvent {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ContactCreated,
        Self::ContactUpdated,
        Self::ContactMerged,
        Self::ContactErased,
        Self::TagAdded,
        Self::TagRemoved,
        Self::SegmentEntered,
        Self::SegmentLeft,
        Self::ConversationStarted,
        Self::ConversationHandedOff,
        Self::ConversationResolved,
        Self::EventRecorded,
    ];

    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContactCreated => "contact.created",
            Self::ContactUpdated => "contact.updated",
            Self::ContactMerged => "contact.merged",
            Self::ContactErased => "contact.erased",
            Self::TagAdded => "tag.added",
            Self::TagRemoved => "tag.removed",
            Self::SegmentEntered => "segment.entered",
            Self::SegmentLeft => "segment.left",
            Self::ConversationStarted => "conversation.started",
            Self::ConversationHandedOff => "conversation.handed_off",
            Self::ConversationResolved => "conversation.resolved",
            Self::EventRecorded => "event.recorded",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// Why nothing leaves for a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Since when.
    pub at: Instant,
    /// Why: `gone`, it answered 410; `paused`, somebody said so.
    pub why: String,
}

/// What happened while a webhook's queue was full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// How much.
    pub count: u64,
    /// The first of it.
    pub from: Instant,
    /// The last of it.
    pub until: Instant,
}

/// A webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// `whk_…`.
    pub id: String,
    /// Where its deliveries are posted.
    pub url: String,
    /// What it is told of.
    pub events: BTreeSet<HookEvent>,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How many deliveries may be under way at once, those of one contact never together.
    pub parallel: u8,
    /// What signs deliveries: `whsec_…`.
    pub secret: String,
    /// The secret before it, which signs as well until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<(String, Instant)>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    pub created_by: model::Actor,
    /// When somebody changed it last, and who; none: nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<(Instant, model::Actor)>,
    /// Grows by one with every change of what it is and of whether it is in use, not with what it is told.
    #[serde(default)]
    pub version: u64,
    /// Why nothing leaves for it; none: it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// What it was not told of and has not been told that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
    /// It is being taken away with everything that is kept of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// Secrets are not shown.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({} {})", self.id, self.url)
    }
}

impl Webhook {
    /// Tells this state of the webhook apart from any other it had or will have.
    pub fn tag(&self) -> String {
        format!("{}-{:x}", self.version, self.created_at.0)
    }

    /// The secrets that sign at an instant, the newest first.
    pub fn secrets(&self, now: Instant) -> Vec<String> {
        let before = self.before.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret.clone());
        std::iter::once(self.secret.clone()).chain(before).collect()
    }
}

/// What is to be told: a row of a webhook's queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// `dlv_…`: the same however often it is sent.
    pub id: String,
    /// What happened, as written.
    pub event: String,
    /// To whom; none for what concerns the webhook itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// When.
    pub at: Instant,
    /// What the delivery says.
    pub data: Value,
}

impl Row {
    /// The body of the delivery.
    pub(super) fn body(&self) -> String {
        serde_json::json!({ "type": self.event, "timestamp": self.at.to_string(), "data": self.data }).to_string()
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The other side took it.
    Delivered,
    /// It was given up.
    Failed,
}

/// A delivery that is over: a row of a webhook's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Logged {
    pub row: Row,
    pub ended: Ended,
    /// The status of the last answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none, or why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub tries: u32,
    /// How long the last try took, in milliseconds.
    pub took_ms: u32,
    pub ended_at: Instant,
}

//! A webhook as it is told: what it is told of, how it stands, what came of a test.

use crate::v1::{
    notes::By,
    openapi::{Time, etag},
};
use model::Actor;
use runtime::{Handle, HookEvent, Posted, WebhookState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a webhook may be told of.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WebhookEvent")]
pub(crate) enum Happens {
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

macro_rules! same_names {
    ($($name:ident),*) => {
        impl From<Happens> for HookEvent {
            fn from(event: Happens) -> Self {
                match event {
                    $(Happens::$name => Self::$name,)*
                }
            }
        }
        impl From<HookEvent> for Happens {
            fn from(event: HookEvent) -> Self {
                match event {
                    $(HookEvent::$name => Self::$name,)*
                }
            }
        }
    };
}
same_names!(
    ContactCreated,
    ContactUpdated,
    ContactMerged,
    ContactErased,
    TagAdded,
    TagRemoved,
    SegmentEntered,
    SegmentLeft,
    ConversationStarted,
    ConversationHandedOff,
    ConversationResolved,
    EventRecorded
);

/// What happened while a webhook's queue was full, and it was not told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookMissed")]
struct MissedView {
    /// How much.
    count: u64,
    /// The first of it.
    from: Time,
    /// The last of it.
    until: Time,
}

/// Why nothing leaves for a webhook.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookDisabled")]
struct DisabledView {
    /// Since when.
    at: Time,
    /// `gone`: it answered 410; `paused`: somebody said so.
    why: String,
}

/// A webhook and how it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub(crate) struct Shown {
    /// Its id.
    id: String,
    /// Its version, as the header `ETag` says it: what a change with `If-Match` depends on.
    etag: String,
    /// Where its deliveries are posted.
    url: String,
    /// What it is told of.
    events: Vec<Happens>,
    /// What it is for, in words.
    description: String,
    /// How many deliveries may be under way at once, those of one contact never together.
    parallel: u8,
    /// Whether anything leaves for it.
    enabled: bool,
    /// Why not.
    disabled: Option<DisabledView>,
    /// When it was made.
    created_at: Time,
    /// Who made it: the name of a key, or an agent's id.
    created_by: String,
    /// Who made it, by name.
    made_by: By,
    /// When somebody changed it last; null if nobody has.
    changed_at: Option<Time>,
    /// Who changed it last.
    changed_by: Option<By>,
    /// Until when the secret before the newest signs as well.
    old_secret_until: Option<Time>,
    /// How many deliveries wait; at most 100,000.
    waiting: usize,
    /// When something leaves next, if something waits for its time.
    next_at: Option<Time>,
    /// Since when nothing arrives.
    failing_since: Option<Time>,
    /// What it was not told, because its queue was full.
    missed: Option<MissedView>,
}

impl Shown {
    pub(super) async fn of(handle: &Handle, state: WebhookState) -> Self {
        let WebhookState { webhook, waiting, failing_since, next } = state;
        let now = handle.now();
        let made_by = By::of(handle, &webhook.created_by).await;
        let (changed_at, changed_by) = match &webhook.changed {
            Some((at, by)) => (Some(Time(*at)), Some(By::of(handle, by).await)),
            None => (None, None),
        };
        Self {
            etag: etag(&webhook.tag()),
            id: webhook.id,
            url: webhook.url,
            events: webhook.events.into_iter().map(Happens::from).collect(),
            description: webhook.description,
            parallel: webhook.parallel,
            enabled: webhook.disabled.is_none(),
            disabled: webhook.disabled.map(|disabled| DisabledView { at: disabled.at.into(), why: disabled.why }),
            created_at: webhook.created_at.into(),
            created_by: match webhook.created_by {
                Actor::Api(name) => name,
                Actor::Agent(id) => id.to_string(),
                Actor::Flow { .. } | Actor::Customer | Actor::Channel(_) | Actor::Import(_) | Actor::System => "system".to_owned(),
            },
            made_by,
            changed_at,
            changed_by,
            old_secret_until: webhook.before.map(|(_, until)| until).filter(|until| now < *until).map(Time),
            waiting,
            next_at: next.map(|at| at.max(now)).map(Time),
            failing_since: failing_since.map(Time),
            missed: webhook.missed.map(|missed| MissedView { count: missed.count, from: missed.from.into(), until: missed.until.into() }),
        }
    }
}

/// Every webhook.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhooks")]
pub(crate) struct All {
    /// The webhooks, by id.
    pub(super) webhooks: Vec<Shown>,
}

/// A webhook with what signs its deliveries.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookWithSecret")]
pub(crate) struct WithSecret {
    /// The webhook.
    webhook: Shown,
    /// What signs its deliveries: `whsec_` and base64, told this once.
    secret: String,
}

impl WithSecret {
    pub(super) async fn of(handle: &Handle, state: WebhookState) -> Self {
        let secret = state.webhook.secret.clone();
        Self { webhook: Shown::of(handle, state).await, secret }
    }
}

/// What came of a test.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookTest")]
pub(crate) struct Tested {
    /// Whether the other side took it: it answered 2xx.
    delivered: bool,
    /// The status of its answer.
    status: Option<u16>,
    /// Why there was no answer.
    error: Option<String>,
}

impl From<Posted> for Tested {
    fn from(posted: Posted) -> Self {
        let (status, error) = match posted {
            Posted::Answered { status, after: _ } => (Some(status), None),
            Posted::Failed { reason } => (None, Some(reason)),
        };
        Self { delivered: status.is_some_and(|status| (200..300).contains(&status)), status, error }
    }
}

//! Outgoing webhooks: which there are, making and changing them, what they were told.
//!
//! A webhook is told of contacts, so whoever makes one may see them.

use super::{
    asked::{Asked, Body, IfMatch, In, Nothing},
    caller::{Caller, WebhooksWrite},
    notes::By,
    once::IdempotencyKey,
    openapi::{Any, Api, ContactRef, Done, Made, Tagged, Time, about, etag},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use http::StatusCode;
use model::{Actor, ContactId, Instant};
use runtime::{DeliveryState, DeliveryView, Handle, HookEvent, Posted, Replay, Scope, WebhookChange, WebhookState, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// Deliveries of a page, if nothing is said, and at the most.
const PAGE: usize = 50;
const LARGEST: usize = 200;

/// The routes of webhooks.
pub(super) fn routes(api: Api) -> Api {
    let no = |about: super::openapi::About| about.refuses(404, "no_webhook", "there is no such webhook");
    let list = about("listWebhooks", "List webhooks").says("Every webhook and how it stands; never its secret.");
    let create = about("createWebhook", "Make a webhook")
        .says(
            "From then on it is told of these events with signed POST requests (Standard Webhooks), in order for each contact. The secret is in \
             this answer and nowhere else; with an Idempotency-Key the same request gets the same answer for seven days.",
        )
        .leads_to(201, "/webhooks/{webhook}", "/webhook/id")
        .also(Scope::ContactsRead, "always: deliveries name contacts")
        .refuses(422, "invalid", "a value does not fit; the detail says which");
    let show = no(about("getWebhook", "Show a webhook"));
    let patch = no(about("updateWebhook", "Change a webhook"))
        .says("Only what is named changes. `enabled: true` after a 410 lets what waits leave.")
        .also(Scope::ContactsRead, "always: deliveries name contacts")
        .refuses(422, "invalid", "a value does not fit; the detail says which");
    let delete = no(about("deleteWebhook", "Delete a webhook")).says("With everything that waits for it.");
    let rotate = no(about("rotateWebhookSecret", "Give a webhook a new secret"))
        .says("It is in this answer and nowhere else. For a day deliveries are signed with the one before as well.")
        .also(Scope::ContactsRead, "always: deliveries name contacts");
    let test = no(about("testWebhook", "Post a test"))
        .says("A `webhook.test`, signed, now and once, past the queue. The answer says what came of it.")
        .refuses(422, "invalid", "nothing leaves for this webhook: it is not enabled");
    let deliveries = no(about("listWebhookDeliveries", "List deliveries"))
        .says("Newest first: those that wait, and the last 1,000 that are over.")
        .also(Scope::ContactsRead, "always: deliveries name contacts");
    let replay = no(about("replayWebhookDeliveries", "Deliver once more"))
        .says("One delivery, or those of a span, of the last 1,000 that are over, under the ids they had.")
        .also(Scope::ContactsRead, "always: deliveries name contacts")
        .refuses(422, "invalid", "there is no such delivery, or neither one nor a span is named")
        .refuses(429, "too_many", "its queue is full");
    api.get("/webhooks", self::list, list)
        .post("/webhooks", self::create, create)
        .get("/webhooks/{webhook}", self::show, show)
        .patch("/webhooks/{webhook}", self::patch, patch)
        .delete("/webhooks/{webhook}", self::delete, delete)
        .post("/webhooks/{webhook}/secret", self::rotate, rotate)
        .post("/webhooks/{webhook}/test", self::test, test)
        .get("/webhooks/{webhook}/deliveries", self::deliveries, deliveries)
        .post("/webhooks/{webhook}/replay", self::replay, replay)
}

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
    async fn of(handle: &Handle, state: WebhookState) -> Self {
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
    webhooks: Vec<Shown>,
}

/// `GET /api/v1/webhooks`
pub(crate) async fn list(_: Caller<WebhooksWrite>, Asked(Nothing {}): Asked<Nothing>, State(server): State<Shared>) -> axum::Json<All> {
    let mut webhooks = Vec::new();
    for state in server.handle.webhooks() {
        webhooks.push(Shown::of(&server.handle, state).await);
    }
    axum::Json(All { webhooks })
}

/// A webhook that is to be made.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// Where its deliveries are posted, https:// or http://.
    #[schemars(length(min = 1, max = 2048))]
    url: String,
    /// What it is told of.
    #[schemars(length(min = 1, max = 100))]
    events: Vec<Happens>,
    /// What it is for, in words.
    #[serde(default)]
    #[schemars(length(max = 500))]
    description: String,
    /// How many deliveries may be under way at once, those of one contact never together; 1 if nothing is said. With more than one, some
    /// may be on their way when a 410 comes.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16))]
    parallel: Option<u8>,
    /// Whether anything leaves for it; true if nothing is said.
    #[serde(default)]
    enabled: Option<bool>,
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
    async fn of(handle: &Handle, state: WebhookState) -> Self {
        let secret = state.webhook.secret.clone();
        Self { webhook: Shown::of(handle, state).await, secret }
    }
}

/// `POST /api/v1/webhooks`
pub(crate) async fn create(
    caller: Caller<WebhooksWrite>,
    once: IdempotencyKey,
    State(server): State<Shared>,
    Body(new): Body<NewWebhook>,
) -> Result<Made<WithSecret>, Problem> {
    caller.must(Scope::ContactsRead)?;
    let said = json!(new).to_string();
    let fresh = || Handle::new_webhook_id().ok_or_else(Problem::unavailable);
    let id = server.once.claim(&server.handle, &caller.id(), "webhook", &once, &said, fresh).await?.id;
    let NewWebhook { url, events, description, parallel, enabled } = new;
    let events: BTreeSet<HookEvent> = events.into_iter().map(HookEvent::from).collect();
    let change = WebhookChange { url: Some(url), events: Some(events), description: Some(description), parallel, enabled };
    let state = server.handle.create_webhook(&id, change, caller.actor()).await.map_err(no_webhook)?;
    let tag = Some(state.webhook.tag());
    Ok(Made { body: WithSecret::of(&server.handle, state).await, place: format!("/webhooks/{id}"), tag })
}

/// `GET /api/v1/webhooks/{webhook}`
pub(crate) async fn show(
    _: Caller<WebhooksWrite>,
    In(id): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<Tagged<Shown>, Problem> {
    let state = server.handle.webhook(&id).ok_or(WriteError::NotFound).map_err(no_webhook)?;
    Ok(tagged(&server.handle, state).await)
}

/// What is to change about a webhook.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    /// Where its deliveries are posted.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2048))]
    url: Option<String>,
    /// What it is told of.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    events: Option<Vec<Happens>>,
    /// What it is for, in words.
    #[serde(default)]
    #[schemars(length(max = 500))]
    description: Option<String>,
    /// How many deliveries may be under way at once.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16))]
    parallel: Option<u8>,
    /// Whether anything leaves for it.
    #[serde(default)]
    enabled: Option<bool>,
}

/// `PATCH /api/v1/webhooks/{webhook}`
pub(crate) async fn patch(
    caller: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
    matches: IfMatch,
    Body(WebhookPatch { url, events, description, parallel, enabled }): Body<WebhookPatch>,
) -> Result<Tagged<Shown>, Problem> {
    caller.must(Scope::ContactsRead)?;
    let events = events.map(|events| events.into_iter().map(HookEvent::from).collect());
    let change = WebhookChange { url, events, description, parallel, enabled };
    let state = server.handle.change_webhook(&id, expected(matches), change, caller.actor()).await.map_err(no_webhook)?;
    Ok(tagged(&server.handle, state).await)
}

/// `DELETE /api/v1/webhooks/{webhook}`
pub(crate) async fn delete(
    _: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
    matches: IfMatch,
) -> Result<Done, Problem> {
    server.handle.delete_webhook(&id, expected(matches)).await.map_err(no_webhook)?;
    Ok(Done)
}

/// `POST /api/v1/webhooks/{webhook}/secret`
pub(crate) async fn rotate(
    caller: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
) -> Result<axum::Json<WithSecret>, Problem> {
    caller.must(Scope::ContactsRead)?;
    let state = server.handle.rotate_webhook_secret(&id, caller.actor()).await.map_err(no_webhook)?;
    Ok(axum::Json(WithSecret::of(&server.handle, state).await))
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

/// `POST /api/v1/webhooks/{webhook}/test`
pub(crate) async fn test(
    _: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
) -> Result<axum::Json<Tested>, Problem> {
    let (status, error) = match server.handle.test_webhook(&id).await.map_err(no_webhook)? {
        Posted::Answered { status, after: _ } => (Some(status), None),
        Posted::Failed { reason } => (None, Some(reason)),
    };
    Ok(axum::Json(Tested { delivered: status.is_some_and(|status| (200..300).contains(&status)), status, error }))
}

/// How a delivery stands.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeliveryState")]
pub(crate) enum Stands {
    /// It waits, or is under way.
    Waiting,
    /// The other side took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl From<DeliveryState> for Stands {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Waiting => Self::Waiting,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Failed => Self::Failed,
        }
    }
}

impl From<Stands> for DeliveryState {
    fn from(state: Stands) -> Self {
        match state {
            Stands::Waiting => Self::Waiting,
            Stands::Delivered => Self::Delivered,
            Stands::Failed => Self::Failed,
        }
    }
}

/// Which deliveries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those that stand so.
    state: Option<Stands>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many; 50 if nothing is said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

/// A delivery.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub(crate) struct Delivered {
    /// Its id, as the header `webhook-id` says it.
    id: String,
    /// What happened, such as `tag.added`.
    event: String,
    /// To whom.
    #[schemars(with = "Option<ContactRef>")]
    contact: Option<ContactId>,
    /// When.
    at: Time,
    /// What it says under `data`.
    data: Any,
    /// How it stands.
    state: Stands,
    /// How often it was tried.
    tries: u32,
    /// The status of the last answer.
    status: Option<u16>,
    /// Why there was no answer.
    error: Option<String>,
    /// How long the last try took, in milliseconds, if it is over.
    took_ms: Option<u32>,
    /// When it is tried next, if it was tried in vain.
    next_at: Option<Time>,
    /// When it was over.
    ended_at: Option<Time>,
}

impl From<DeliveryView> for Delivered {
    fn from(view: DeliveryView) -> Self {
        let DeliveryView { number: _, id, event, contact, at, data, state, tries, status, error, took_ms, next, ended_at } = view;
        Self {
            id,
            event,
            contact,
            at: at.into(),
            data: Any(data),
            state: state.into(),
            tries,
            status,
            error,
            took_ms,
            next_at: next.map(Time),
            ended_at: ended_at.map(Time),
        }
    }
}

/// A page of deliveries.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DeliveryPage {
    /// The deliveries, newest first.
    deliveries: Vec<Delivered>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
}

/// `GET /api/v1/webhooks/{webhook}/deliveries`
pub(crate) async fn deliveries(
    caller: Caller<WebhooksWrite>,
    In(id): In<String>,
    Asked(Which { state, cursor, limit }): Asked<Which>,
    State(server): State<Shared>,
) -> Result<axum::Json<DeliveryPage>, Problem> {
    caller.must(Scope::ContactsRead)?;
    let bad = |why: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_query", why);
    let limit = limit.unwrap_or(PAGE);
    if !(1..=LARGEST).contains(&limit) {
        return Err(bad("limit is 1 to 200"));
    }
    let before = match cursor {
        None => u64::MAX,
        Some(cursor) => u64::from_str_radix(&cursor, 16).map_err(|_| bad("cursor is the next_cursor of a page before"))?,
    };
    let mut all = server.handle.webhook_deliveries(&id, state.map(DeliveryState::from), before, limit + 1).await.map_err(no_webhook)?;
    let more = all.len() > limit;
    all.truncate(limit);
    let next_cursor = all.last().filter(|_| more).map(|last| format!("{:x}", last.number));
    Ok(axum::Json(DeliveryPage { deliveries: all.into_iter().map(Delivered::from).collect(), next_cursor }))
}

/// What is told once more: one delivery, or a span.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayOf {
    /// The id of one delivery.
    #[serde(default)]
    #[schemars(length(max = 128))]
    delivery: Option<String>,
    /// What happened from then on.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// What happened before then; until now if only `from` is said.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
}

/// How much is told once more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookReplay")]
pub(crate) struct Replayed {
    /// How many deliveries were queued.
    queued: usize,
}

/// `POST /api/v1/webhooks/{webhook}/replay`
pub(crate) async fn replay(
    caller: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
    Body(ReplayOf { delivery, from, until }): Body<ReplayOf>,
) -> Result<axum::Json<Replayed>, Problem> {
    caller.must(Scope::ContactsRead)?;
    let time = |name: &str, text: &str| {
        let read = text.parse::<jiff::Timestamp>().ok().map(|at| Instant(at.as_microsecond()));
        read.ok_or_else(|| Problem::invalid(format!("{name}: a time such as 2026-11-21T10:00:00Z")))
    };
    let which = match (delivery, from, until) {
        (Some(delivery), None, None) => Replay::One(delivery),
        (None, Some(from), until) => {
            let until = until.map_or(Ok(Instant::MAX), |until| time("until", &until))?;
            Replay::Span(time("from", &from)?, until)
        }
        (Some(_), _, _) | (None, None, _) => return Err(Problem::invalid("send either delivery, an id, or from, with until if it ends")),
    };
    Ok(axum::Json(Replayed { queued: server.handle.replay_webhook(&id, which).await.map_err(no_webhook)? }))
}

async fn tagged(handle: &Handle, state: WebhookState) -> Tagged<Shown> {
    let tag = Some(state.webhook.tag());
    Tagged { body: Shown::of(handle, state).await, tag }
}

/// The tags one of which a change takes for granted; a webhook that is not there is changed by nobody.
fn expected(matches: IfMatch) -> Option<Vec<String>> {
    match matches {
        IfMatch::Anything | IfMatch::Present => None,
        IfMatch::Tags(tags) => Some(tags),
    }
}

fn no_webhook(error: WriteError) -> Problem {
    match error {
        WriteError::NotFound => Problem::new(StatusCode::NOT_FOUND, "no_webhook", "there is no such webhook"),
        WriteError::Changed => {
            let detail = "the webhook was changed meanwhile; read it again, then decide";
            Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail)
        }
        error => error.into(),
    }
}

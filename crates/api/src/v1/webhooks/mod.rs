//! Outgoing webhooks: which there are, making and changing them, what they were told.
//!
//! A webhook is told of contacts, so whoever makes one may see them.

mod deliveries;
mod shown;

use super::{
    asked::{Asked, Body, IfMatch, In, Nothing},
    caller::{Caller, WebhooksWrite},
    once::IdempotencyKey,
    openapi::{Api, Done, Made, Tagged, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use http::StatusCode;
use runtime::{Handle, HookEvent, Scope, WebhookChange, WebhookState, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shown::{All, Happens, Shown, Tested, WithSecret};
use std::collections::BTreeSet;

/// When the right to see contacts is needed.
const NAMED: &str = "always: deliveries name contacts";

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
        .also(Scope::ContactsRead, NAMED)
        .refuses(422, "invalid", "a value does not fit; the detail says which");
    let show = no(about("getWebhook", "Show a webhook"));
    let patch = no(about("updateWebhook", "Change a webhook"))
        .says("Only what is named changes. `enabled: true` after a 410 lets what waits leave.")
        .also(Scope::ContactsRead, NAMED)
        .refuses(422, "invalid", "a value does not fit; the detail says which");
    let delete = no(about("deleteWebhook", "Delete a webhook")).says("With everything that waits for it.");
    let rotate = no(about("rotateWebhookSecret", "Give a webhook a new secret"))
        .says("It is in this answer and nowhere else. For a day deliveries are signed with the one before as well.")
        .also(Scope::ContactsRead, NAMED);
    let test = no(about("testWebhook", "Post a test"))
        .says("A `webhook.test`, signed, now and once, past the queue. The answer says what came of it.")
        .refuses(422, "invalid", "nothing leaves for this webhook: it is not enabled");
    let told = no(about("listWebhookDeliveries", "List deliveries"))
        .says("Newest first: those that wait, and the last 1,000 that are over.")
        .also(Scope::ContactsRead, NAMED);
    let replay = no(about("replayWebhookDeliveries", "Deliver once more"))
        .says("One delivery, or those of a span, of the last 1,000 that are over, under the ids they had.")
        .also(Scope::ContactsRead, NAMED)
        .refuses(422, "invalid", "there is no such delivery, or neither one nor a span is named")
        .refuses(429, "too_many", "its queue is full");
    api.get("/webhooks", self::list, list)
        .post("/webhooks", self::create, create)
        .get("/webhooks/{webhook}", self::show, show)
        .patch("/webhooks/{webhook}", self::patch, patch)
        .delete("/webhooks/{webhook}", self::delete, delete)
        .post("/webhooks/{webhook}/secret", self::rotate, rotate)
        .post("/webhooks/{webhook}/test", self::test, test)
        .get("/webhooks/{webhook}/deliveries", deliveries::list, told)
        .post("/webhooks/{webhook}/replay", deliveries::replay, replay)
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

/// `POST /api/v1/webhooks/{webhook}/test`
pub(crate) async fn test(
    _: Caller<WebhooksWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
) -> Result<axum::Json<Tested>, Problem> {
    Ok(axum::Json(server.handle.test_webhook(&id).await.map_err(no_webhook)?.into()))
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

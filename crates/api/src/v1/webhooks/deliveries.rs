//! What a webhook was told and what waits for it, and telling it once more.
//!
//! Deliveries name contacts, so whoever reads them may see contacts.

use super::no_webhook;
use crate::{
    problem::Problem,
    state::Shared,
    v1::{
        asked::{Asked, Body, In},
        caller::{Caller, WebhooksWrite},
        openapi::{Any, ContactRef, Time},
    },
};
use axum::extract::State;
use http::StatusCode;
use model::{ContactId, Instant};
use runtime::{DeliveryState, DeliveryView, Replay, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deliveries of a page, if nothing is said, and at the most.
const PAGE: usize = 50;
const LARGEST: usize = 200;

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
pub(crate) async fn list(
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

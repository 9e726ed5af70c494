//! Events that programs raise for a contact (FL 7.3): one or a batch, late ones at their time, each once.

use super::{
    asked::{Body, In, no_contact},
    caller::{Caller, EventsWrite},
    once::{self, IdempotencyKey},
    openapi::{Any, Api, ContactRef, Time, Written, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use crm::event;
use http::StatusCode;
use model::{ContactId, Instant};
use runtime::{Told, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Events of one request.
const BATCH: usize = 100;
/// The routes of events.
pub(super) fn routes(api: Api) -> Api {
    let record = about("recordEvents", "Tell what happened")
        .says("One event, or up to 100 in this order. Each is recorded, can be counted by conditions and starts the skills that catch it.")
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(429, "too_many", "too much waits for this contact; `recorded` and `not_recorded` say what was done");
    api.post("/contacts/{contact}/events", raise, record)
}

/// Something that happened to a contact.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Event")]
pub(crate) struct One {
    /// Its name: letters, digits and `_`, beginning with a letter.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z][A-Za-z0-9_]*$"))]
    name: String,
    /// What is known of it: texts, numbers, booleans, lists and records, at most 4 deep.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Any>", extend("maxProperties" = 64))]
    fields: Map<String, Json>,
    /// When it happened, at most ten years ago; now, if nothing is said.
    #[serde(default)]
    #[schemars(with = "Option<Time>")]
    at: Option<String>,
}

/// Several events, recorded in this order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EventBatch")]
pub(crate) struct Batch {
    /// The events.
    #[schemars(with = "Vec<One>", length(min = 1, max = 100))]
    events: Vec<Json>,
}

/// One event or several.
#[derive(JsonSchema)]
#[schemars(rename = "EventOrBatch", untagged)]
#[expect(dead_code, reason = "it says how a body looks; the body is read by hand, so that mistakes are told with their place")]
pub(crate) enum OneOrBatch {
    /// One.
    One(One),
    /// Several.
    Batch(Batch),
}

/// What was recorded.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EventsRecorded {
    /// Whose.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// How many.
    recorded: usize,
}

/// `POST /api/v1/contacts/{contact}/events`: answered when every event is durable and what it starts has begun.
pub(crate) async fn raise(
    caller: Caller<EventsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    IdempotencyKey(key): IdempotencyKey,
    Body(Written { json, .. }): Body<Written<OneOrBatch>>,
) -> Result<axum::Json<EventsRecorded>, Problem> {
    let said = json.to_string();
    let mut events = read(json, server.handle.now())?;
    if let Some(key) = key {
        let place = contact.to_string();
        let caller = caller.id();
        server.once.stands_for(&[&caller, &place, &key], &said)?;
        // Under the key and what is said: never doubled, and another request with the same key is never lost.
        let stem = once::digest(&[&caller, &place, &key, &said]);
        for (at, event) in events.iter_mut().enumerate() {
            event.once = Some(format!("api/{stem}/{at}"));
        }
    }
    let all = events.len();
    let done = server.handle.raise_all(contact, events, &caller.actor()).await;
    let recorded = done.iter().filter(|d| d.is_ok()).count();
    match done.iter().position(Result::is_err) {
        None => Ok(axum::Json(EventsRecorded { contact, recorded: all })),
        Some(first) => {
            let missing: Vec<usize> = done.iter().enumerate().filter(|(_, d)| d.is_err()).map(|(at, _)| at).collect();
            let problem = match done.into_iter().nth(first) {
                Some(Err(WriteError::NotFound)) => no_contact(),
                Some(Err(error)) => error.into(),
                Some(Ok(())) | None => Problem::internal(),
            };
            Err(problem.with("recorded", json!(recorded)).with("not_recorded", json!(missing)))
        }
    }
}

fn read(body: Json, now: Instant) -> Result<Vec<Told>, Problem> {
    let written = match body {
        Json::Object(map) if map.contains_key("events") => {
            let Batch { events } = serde_json::from_value(Json::Object(map)).map_err(|e| invalid(None, e.to_string()))?;
            if events.is_empty() || events.len() > BATCH {
                return Err(invalid(None, format!("events holds 1 to {BATCH} events")));
            }
            events.into_iter().enumerate().map(|(at, event)| (Some(at), event)).collect()
        }
        Json::Object(map) => vec![(None, Json::Object(map))],
        _ => return Err(invalid(None, "send one event as {\"name\": …}, or several as {\"events\": […]}")),
    };
    written.into_iter().map(|(at, event)| one(event, now).map_err(|why| invalid(at, why))).collect()
}

/// 422, saying which event of a batch it is about.
fn invalid(at: Option<usize>, why: impl Into<String>) -> Problem {
    let why = why.into();
    let said = at.map_or_else(|| why.clone(), |at| format!("events[{at}]: {why}"));
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", said);
    match at {
        Some(at) => problem.with("event", json!(at)),
        None => problem,
    }
}

fn one(event: Json, now: Instant) -> Result<Told, String> {
    let One { name, fields, at } = serde_json::from_value(event).map_err(|e| e.to_string())?;
    event::check_name(&name)?;
    let at = at.map(|text| time(&text, now)).transpose()?;
    Ok(Told { name, fields: event::record(&fields)?, at, once: None })
}

fn time(text: &str, now: Instant) -> Result<Instant, String> {
    let at: jiff::Timestamp = text.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        format!("at is a time with its zone, such as \"2026-03-01T12:00:00Z\" or \"2026-03-01T13:00:00+01:00\", not \"{shown}\"")
    })?;
    let at = Instant::from(at);
    event::check_time(at, now)?;
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Value;

    const NOW: Instant = Instant(1_800_000_000_000_000);

    #[test]
    fn one_event_or_a_batch_is_read() {
        let one = read(json!({ "name": "purchase", "fields": { "total": 12.5, "items": [{ "sku": "a" }] } }), NOW).unwrap();
        assert_eq!((one.len(), one[0].at), (1, None));
        assert_eq!(one[0].fields["total"], Value::Number("12.5".parse().unwrap()));
        let two = read(json!({ "events": [{ "name": "a", "at": "2026-03-01T13:00:00+01:00" }, { "name": "b" }] }), NOW).unwrap();
        assert_eq!(two[0].at.unwrap().to_string(), "2026-03-01T12:00:00Z");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let many: Vec<Json> = (0..101).map(|_| json!({ "name": "a" })).collect();
        let deep = json!({ "name": "a", "fields": { "l": [[[[1]]]] } });
        for (body, says) in [
            (json!([]), "one event"),
            (json!({}), "name"),
            (json!({ "name": "a b" }), "letters"),
            (json!({ "name": "identified" }), "product alone"),
            (json!({ "name": "a", "field": {} }), "unknown field `field`"),
            (json!({ "name": "a", "at": "yesterday" }), "yesterday"),
            (json!({ "name": "a", "at": "2026-03-01T12:00:00" }), "with its zone"),
            (json!({ "name": "a", "at": "2001-01-01T00:00:00Z" }), "ten years"),
            (json!({ "name": "a", "fields": { "b c": 1 } }), "b c"),
            (json!({ "name": "a", "fields": { "t": "x".repeat(4_097) } }), "t: a text"),
            (deep, "deep"),
            (json!({ "events": [] }), "1 to 100"),
            (json!({ "events": many }), "1 to 100"),
            (json!({ "events": [{ "name": "a" }], "name": "b" }), "unknown field `name`"),
            (json!({ "events": [{ "name": "a" }, { "name": "" }] }), "events[1]"),
        ] {
            let told = read(body.clone(), NOW).unwrap_err().detail().to_owned();
            assert!(told.contains(says), "{body}: {told}");
        }
    }
}

//! One contact, as programs see and change them.

use super::{
    asked::{Asked, Body, In, Nothing, Page, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite, SegmentsRead},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use http::StatusCode;
use model::{Change, ContactId, Person, TagKey, Value};
use runtime::{Handle, Scope, WriteError};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// Changes of one request.
const CHANGES: usize = 200;
/// The longest tag, in characters (FL 7.5).
const TAG: usize = 64;
/// The longest text of an attribute, in characters.
const TEXT: usize = 16_384;

/// Whom to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// A condition; everybody without one.
    #[serde(rename = "where")]
    condition: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /api/v1/contacts`: everybody, or those for whom a condition holds now, page by page.
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    Asked(Find { condition, cursor, limit }): Asked<Find>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let page = Page { cursor, limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let (mut people, total) = match condition {
        Some(text) => {
            let (condition, _) = server.handle.read_condition(&json!(text))?;
            let (ids, total) = server.handle.select(&condition, after, limit + 1).await?;
            (server.handle.people_of(ids).await, Some(total))
        }
        None => (server.handle.people(after, limit + 1).await, None),
    };
    let more = people.len() > limit;
    people.truncate(limit);
    let next = people.last().map(|person| person.contact.id).filter(|_| more);
    let mut out = json!({ "contacts": people.iter().map(|person| profile(person)).collect::<Vec<_>>(), "next_cursor": next });
    if let Some(total) = total {
        out["total"] = json!(total);
    }
    Ok(axum::Json(out))
}

/// `GET /api/v1/contacts/{contact}`: who they are; their segments as well if the key may see segments.
pub(crate) async fn show(
    caller: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let person = server.handle.person(contact).await.ok_or_else(no_contact)?;
    let mut out = profile(&person);
    if caller.may(Scope::SegmentsRead) {
        out["segments"] = segments_of(&server.handle, &person);
    }
    Ok(axum::Json(out))
}

/// `GET /api/v1/contacts/{contact}/segments`: the segments they are in now.
pub(crate) async fn segments(
    _: Caller<SegmentsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let person = server.handle.person(contact).await.ok_or_else(no_contact)?;
    Ok(axum::Json(json!({ "contact": contact, "segments": segments_of(&server.handle, &person) })))
}

fn segments_of(handle: &Handle, person: &Person) -> Json {
    let line = |(key, name, since): (String, String, Option<model::Instant>)| json!({ "key": key, "name": name, "since": since.map(|at| at.to_string()) });
    handle.segments_of(person).into_iter().map(line).collect()
}

fn profile(person: &Person) -> Json {
    let contact = &person.contact;
    let values = |record: &model::Record| -> Json { record.iter().map(|(name, value)| (name.clone(), Value::to_json(value))).collect() };
    json!({
        "id": contact.id,
        "name": contact.display_name(),
        "status": contact.status,
        "source": contact.source,
        "first_seen": contact.first_seen.to_string(),
        "last_seen": contact.last_seen.to_string(),
        "attributes": values(&contact.attributes),
        "system": values(&contact.system),
        "tags": contact.tags.values().map(|tag| json!({ "label": tag.label, "since": tag.at.to_string() })).collect::<Vec<_>>(),
        "addresses": contact.addresses.iter().map(|reach| json!({
            "channel": reach.address.channel,
            "id": reach.address.id,
            "reachable": reach.unreachable.is_none(),
        })).collect::<Vec<_>>(),
    })
}

/// What is to change; all of it or nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Patch {
    /// Values by name; `null` takes one away.
    #[serde(default)]
    attributes: Map<String, Json>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tags {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// `PATCH /api/v1/contacts/{contact}`: sets attributes and tags, in one step of the contact.
pub(crate) async fn patch(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    Body(patch): Body<Patch>,
) -> Result<axum::Json<Json>, Problem> {
    let changes = changes(&server.handle, patch)?;
    server.handle.modify(contact, changes, caller.actor()).await.map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })?;
    if !caller.may(Scope::ContactsRead) {
        return Ok(axum::Json(json!({ "id": contact })));
    }
    let person = server.handle.person(contact).await.ok_or_else(no_contact)?;
    Ok(axum::Json(profile(&person)))
}

fn changes(handle: &Handle, Patch { attributes, tags }: Patch) -> Result<Vec<Change>, Problem> {
    let invalid = |field: &str, why: String| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field}: {why}")).with("field", json!(field))
    };
    let (bot, now) = (handle.bot(), handle.now());
    let all = attributes.len() + tags.add.len() + tags.remove.len();
    if all == 0 || all > CHANGES {
        return Err(Problem::invalid(format!("send 1 to {CHANGES} changes: attributes, tags.add, tags.remove")));
    }
    let mut changes = Vec::with_capacity(all);
    for (name, value) in attributes {
        let shown: String = name.chars().take(64).collect();
        let field = format!("attributes.{shown}");
        match Value::from_json(&value) {
            // What is not declared is not there to be taken away either.
            None => match bot.attributes().iter().find(|declared| declared.name == name) {
                Some(_) => changes.push(Change::UnsetAttribute(name)),
                None => return Err(invalid(&field, format!("there is no attribute \"{shown}\""))),
            },
            Some(Value::Text(text)) if text.chars().count() > TEXT => {
                return Err(invalid(&field, format!("a text has at most {TEXT} characters")));
            }
            Some(value) => {
                let value = bot.read_attribute(&name, &value, now).map_err(|why| invalid(&field, why))?;
                changes.push(Change::SetAttribute(name, value));
            }
        }
    }
    let fits = |tag: &str| !tag.trim().is_empty() && tag.chars().count() <= TAG && !tag.chars().any(char::is_control);
    for (field, written) in [("tags.add", &tags.add), ("tags.remove", &tags.remove)] {
        if !written.iter().all(|tag| fits(tag)) {
            return Err(invalid(field, format!("a tag has 1 to {TAG} characters in one line")));
        }
    }
    if let Some(both) = tags.remove.iter().find(|tag| tags.add.iter().any(|other| TagKey::of(other) == TagKey::of(tag))) {
        return Err(invalid("tags", format!("\"{both}\" is to be added and removed; say one of them")));
    }
    changes.extend(tags.add.into_iter().map(|tag| Change::AddTag(tag.trim().to_owned())));
    changes.extend(tags.remove.into_iter().map(|tag| Change::RemoveTag(tag.trim().to_owned())));
    Ok(changes)
}

//! Segments for programs: the four questions (which are there, what is one, which is a contact in, is this contact in this
//! one), making and changing those that are not in the bot's folder, previews and lists.

mod draft;
mod refused;
mod view;

pub(crate) use refused::told;
pub(crate) use view::{Asks, explained, listed, members_page, preview_asked, shown};

use super::{
    asked::{Asked, Body, In, Nothing, Page, contact as contact_id, no_contact},
    caller::{Caller, SegmentsRead, SegmentsWrite},
};
use crate::{problem::Problem, state::Shared};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::ContactId;
use runtime::{Expect, Scope, SegmentError, SegmentRecord, WriteError};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Contacts of one change of a list.
const LISTED_AT_ONCE: usize = 1_000;
/// Days of a segment's sizes, if nothing is said, and at the most.
const DAYS: u16 = 30;
const MOST_DAYS: u16 = 366;

/// `GET /api/v1/segments`
pub(crate) async fn list(
    _: Caller<SegmentsRead>,
    Asked(page): Asked<Page>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let limit = page.limit()?;
    Ok(axum::Json(listed(&server.handle, page.cursor.as_deref(), limit).await))
}

/// `GET /api/v1/segments/{key}`
pub(crate) async fn show(
    _: Caller<SegmentsRead>,
    In(key): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<Response, Problem> {
    let out = shown(&server.handle, &key).await?;
    let record = server.handle.stored_segment(&key).await;
    Ok(tagged(StatusCode::OK, &out, record.as_ref()))
}

/// An answer with the tag that a later change can be made to depend on.
fn tagged(status: StatusCode, out: &Json, record: Option<&SegmentRecord>) -> Response {
    let mut response = (status, axum::Json(out)).into_response();
    if let Some(record) = record {
        let tag = HeaderValue::from_str(&format!("\"{}\"", record.tag())).expect("a tag is digits and a dash");
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What `If-Match` and `If-None-Match` take for granted; `otherwise` without them.
fn expects(headers: &HeaderMap, otherwise: Expect) -> Result<Expect, Problem> {
    let text = |name: header::HeaderName| -> Option<String> {
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    let bad = |why: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_precondition", why);
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(otherwise),
        (Some(tags), None) if tags.trim() == "*" => Ok(Expect::Present),
        (Some(tags), None) => Ok(Expect::Tags(tags.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()).collect())),
        (None, Some(tags)) if tags.trim() == "*" => Ok(Expect::Absent),
        (None, Some(_)) => Err(bad("If-None-Match takes only * here: make it if there is none")),
        (Some(_), Some(_)) => Err(bad("send If-Match or If-None-Match, not both")),
    }
}

/// `POST /api/v1/segments`: makes one; 409 if there is one of its key.
pub(crate) async fn create(
    caller: Caller<SegmentsWrite>,
    State(server): State<Shared>,
    Body(body): Body<Json>,
) -> Result<Response, Problem> {
    let draft = draft::Draft::read(body)?;
    let segment = draft.whole(None, &server.handle.segment_set())?;
    let mut response = put(&server, &caller, segment, &Expect::Absent, StatusCode::CREATED).await?;
    if let Some((place, key)) = response.extensions_mut().remove::<Key>().map(|Key(key)| (format!("/api/v1/segments/{key}"), key)) {
        let place = HeaderValue::from_str(&place);
        debug_assert!(place.is_ok(), "the key {key} is letters, digits, - and _");
        place.into_iter().for_each(|place| drop(response.headers_mut().insert(header::LOCATION, place)));
    }
    Ok(response)
}

/// The key of the segment an answer is about.
#[derive(Clone)]
struct Key(String);

/// `PUT /api/v1/segments/{key}`: makes it, or replaces all of it.
pub(crate) async fn replace(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<Json>,
) -> Result<Response, Problem> {
    let expect = expects(&headers, Expect::Anything)?;
    let set = server.handle.segment_set();
    let status = if set.get(&key).is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let segment = draft::Draft::read(body)?.whole(Some(&key), &set)?;
    put(&server, &caller, segment, &expect, status).await
}

/// `PATCH /api/v1/segments/{key}`: changes what the body names; `null` takes a description away.
pub(crate) async fn patch(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<Json>,
) -> Result<Response, Problem> {
    let expect = expects(&headers, Expect::Present)?;
    let draft = draft::Draft::read(body)?;
    let Some(known) = server.handle.stored_segment(&key).await else {
        let there = server.handle.segment_set().get(&key).is_some();
        return Err(if there { SegmentError::File(key) } else { SegmentError::NotFound(key) }.into());
    };
    // What was read is what is changed: nobody else's change in between is undone.
    let expect = if expect == Expect::Present { Expect::Tags(vec![known.tag()]) } else { expect };
    let segment = draft.over(known.segment)?;
    put(&server, &caller, segment, &expect, StatusCode::OK).await
}

async fn put(
    server: &Shared,
    caller: &Caller<SegmentsWrite>,
    segment: engine::StoredSegment,
    expect: &Expect,
    status: StatusCode,
) -> Result<Response, Problem> {
    let (record, warnings) = server.handle.put_segment(segment, expect, caller.actor()).await?;
    let key = record.segment.key.clone();
    let mut out = shown(&server.handle, &key).await?;
    let text = record.segment.condition.as_ref().and_then(Json::as_str).unwrap_or_default();
    out["warnings"] = warnings.iter().map(|warning| refused::problem(text, warning)).collect();
    let mut response = tagged(status, &out, Some(&record));
    response.extensions_mut().insert(Key(key));
    Ok(response)
}

/// How to delete.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deleting {
    members: Option<WithMembers>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WithMembers {
    /// Take everybody off the list first.
    Remove,
}

/// `DELETE /api/v1/segments/{key}`
pub(crate) async fn delete(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    Asked(Deleting { members }): Asked<Deleting>,
    State(server): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let expect = expects(&headers, Expect::Present)?;
    let mut done = server.handle.delete_segment(&key, &expect).await;
    if let (Err(SegmentError::NotEmpty { .. }), Some(WithMembers::Remove)) = (&done, members) {
        server.handle.empty_list(&key, &caller.actor()).await?;
        done = server.handle.delete_segment(&key, &expect).await;
    }
    done?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preview {
    #[serde(default, rename = "where")]
    condition: Option<Json>,
    #[serde(default)]
    segment: Option<String>,
    #[serde(default)]
    sample: Option<usize>,
}

/// `POST /api/v1/segments/preview`: how many, exactly, and some of them. A condition can ask for anything about contacts, so
/// it takes the right to see them.
pub(crate) async fn preview(
    caller: Caller<SegmentsRead>,
    In(key): In<String>,
    State(server): State<Shared>,
    Body(body): Body<Json>,
) -> Result<axum::Json<Json>, Problem> {
    if key != "preview" {
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take that method"));
    }
    let Preview { condition, segment, sample } =
        serde_json::from_value(body).map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", e.to_string()))?;
    let asks = match (condition, segment) {
        (Some(condition), None) => Asks::Where(condition),
        (None, Some(key)) => Asks::Segment(key),
        (Some(_), Some(_)) | (None, None) => return Err(Problem::invalid("send either where, a condition, or segment, a key")),
    };
    let named = matches!(asks, Asks::Where(_)) || sample.is_some_and(|n| n > 0);
    if named {
        caller.must(Scope::ContactsRead)?;
    }
    let sample = sample.unwrap_or(if caller.may(Scope::ContactsRead) { 5 } else { 0 });
    if sample > 100 {
        return Err(Problem::invalid("sample is at most 100; a segment's members are read page by page"));
    }
    Ok(axum::Json(preview_asked(&server.handle, asks, sample).await?))
}

/// `GET /api/v1/segments/{key}/members`
pub(crate) async fn members(
    caller: Caller<SegmentsRead>,
    In(key): In<String>,
    Asked(page): Asked<Page>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let (limit, after) = (page.limit()?, page.after()?);
    Ok(axum::Json(members_page(&server.handle, &key, after, limit, caller.may(Scope::ContactsRead)).await?))
}

/// `PUT /api/v1/segments/{key}/members/{contact}`
pub(crate) async fn add_member(
    caller: Caller<SegmentsWrite>,
    In((key, contact)): In<(String, ContactId)>,
    State(server): State<Shared>,
) -> Result<StatusCode, Problem> {
    server.handle.set_listed(&key, contact, true, caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/segments/{key}/members/{contact}`
pub(crate) async fn remove_member(
    caller: Caller<SegmentsWrite>,
    In((key, contact)): In<(String, ContactId)>,
    State(server): State<Shared>,
) -> Result<StatusCode, Problem> {
    server.handle.set_listed(&key, contact, false, caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListChange {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    /// Instead: everybody for whom this condition holds now.
    #[serde(default, rename = "where")]
    condition: Option<Json>,
}

/// `POST /api/v1/segments/{key}/members`: puts contacts on the list of a static segment, takes others off. Whom there is no
/// contact of is named in the answer.
pub(crate) async fn change_members(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    Body(ListChange { add, remove, condition }): Body<ListChange>,
) -> Result<axum::Json<Json>, Problem> {
    if let Some(condition) = condition {
        if !add.is_empty() || !remove.is_empty() {
            return Err(Problem::invalid("send where, or add and remove"));
        }
        // A condition can ask for anything about contacts.
        caller.must(Scope::ContactsRead)?;
        view::list_of(&server.handle, &key)?;
        let (condition, _) = server.handle.read_condition(&condition)?;
        let added = server.handle.freeze(&key, &condition, &caller.actor()).await?;
        return Ok(axum::Json(json!({ "added": added, "removed": 0, "not_found": [] })));
    }
    let all = add.len() + remove.len();
    if all == 0 || all > LISTED_AT_ONCE {
        return Err(Problem::invalid(format!("add and remove hold 1 to {LISTED_AT_ONCE} contacts together")));
    }
    let adding: BTreeSet<&String> = add.iter().collect();
    if let Some(both) = remove.iter().find(|id| adding.contains(id)) {
        let shown: String = both.chars().take(64).collect();
        return Err(Problem::invalid(format!("{shown} is to be added and removed; say one of them")));
    }
    // Said before anything is done.
    view::list_of(&server.handle, &key)?;
    let (mut counts, mut not_found) = ([0_usize; 2], Vec::new());
    for (at, (written, listed)) in [(add, true), (remove, false)].into_iter().enumerate() {
        let mut ids: Vec<ContactId> = Vec::with_capacity(written.len());
        for text in written {
            match contact_id(&text) {
                Ok(id) => ids.push(id),
                Err(_) => not_found.push(json!(text.chars().take(64).collect::<String>())),
            }
        }
        let done = server.handle.set_all_listed(&key, &ids, listed, &caller.actor()).await;
        for (id, done) in ids.into_iter().zip(done) {
            match done {
                Ok(()) => counts[at] += 1,
                Err(SegmentError::Write(WriteError::NotFound)) => not_found.push(json!(id)),
                Err(error) => {
                    return Err(Problem::from(error).with("added", json!(counts[0])).with("removed", json!(counts[1])));
                }
            }
        }
    }
    Ok(axum::Json(json!({ "added": counts[0], "removed": counts[1], "not_found": not_found })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Over {
    days: Option<u16>,
}

/// `GET /api/v1/segments/{key}/history`: how many were in it over the last days.
pub(crate) async fn history(
    _: Caller<SegmentsRead>,
    In(key): In<String>,
    Asked(Over { days }): Asked<Over>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let days = days.unwrap_or(DAYS);
    if days > MOST_DAYS {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("days is at most {MOST_DAYS}")));
    }
    view::known(&server.handle, &key)?;
    let sizes = server.handle.segment_history(&key, days).await;
    let sizes: Vec<Json> = sizes.iter().map(|(at, size)| json!({ "at": at.to_string(), "size": size })).collect();
    Ok(axum::Json(json!({ "segment": key, "history": sizes })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explaining {
    explain: Option<String>,
}

/// `GET /api/v1/segments/{key}/contacts/{contact}`: whether this contact is in this segment now; with `explain=1` why. The
/// reasons hold what is known about the contact, so they take the right to see contacts.
pub(crate) async fn membership(
    caller: Caller<SegmentsRead>,
    In((key, contact)): In<(String, ContactId)>,
    Asked(Explaining { explain }): Asked<Explaining>,
    State(server): State<Shared>,
) -> Result<axum::Json<Json>, Problem> {
    let explain = match explain.as_deref() {
        None | Some("0" | "false") => false,
        Some("1" | "true" | "") => true,
        Some(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", "explain is 1 or 0")),
    };
    if explain {
        caller.must(Scope::ContactsRead)?;
    }
    view::known(&server.handle, &key)?;
    let person = server.handle.person(contact).await.ok_or_else(no_contact)?;
    Ok(axum::Json(view::standing(&server.handle, &key, &person, explain).await))
}

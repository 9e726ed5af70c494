//! Segments for programs: the four questions (which are there, what is one, which is a contact in, is this contact in this
//! one), making and changing those that are not in the bot's folder, previews and lists.

mod draft;
mod refused;
mod view;

pub(crate) use refused::{ConditionFault, read_condition, told};
pub(crate) use view::{Asks, explained, listed, members_page, preview_asked, shown};

use super::{
    asked::{Asked, Body, IfMatch, In, InTwo, Nothing, Page, contact as contact_id, no_contact},
    caller::{Caller, SegmentsRead, SegmentsWrite},
    once::IdempotencyKey,
    openapi::{Api, Condition, Done, Made, Operation, Part, SegmentKey, Stored, Tagged, Time, Written, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::{FromRequestParts, State};
use draft::Draft;
use http::{HeaderValue, StatusCode, header, request::Parts};
use model::ContactId;
use runtime::{Expect, Scope, SegmentError, SegmentRecord, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use view::{MemberPage, Previewed, SegmentPage, Standing, WholeSegment};

/// Contacts of one change of a list.
const LISTED_AT_ONCE: usize = 1_000;
/// Days of a segment's sizes, if nothing is said, and at the most.
const DAYS: u16 = 30;
const MOST_DAYS: u16 = 366;

/// The routes of segments.
pub(super) fn routes(api: Api) -> Api {
    const NO_SEGMENT: &str = "there is no such segment";
    const RULED: &str = "with a rule (`where`, an `exclude` that names segments, `verified`): who is in it tells something about contacts";
    let create = about("createSegment", "Make a segment")
        .says("A rule holds for everybody from the answer on. The key may be left out where there is a name.")
        .leads_to(201, "/segments/{key}", "/key")
        .also(Scope::ContactsRead, RULED)
        .refuses(409, "exists", "there is a segment of this key")
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where");
    let show = about("getSegment", "Show a segment").refuses(404, "no_segment", NO_SEGMENT);
    let replace = about("putSegment", "Make a segment or replace all of it")
        .says("If-None-Match: * makes it only if there is none, If-Match replaces it only if nobody changed it since.")
        .also(Scope::ContactsRead, RULED)
        .refuses(409, "in_folder", "it is written in the bot's folder")
        .refuses(409, "used", "others look into it")
        .refuses(409, "not_empty", "there are people on the list")
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where");
    let patch = about("updateSegment", "Change a segment")
        .says("What the body names is changed.")
        .also(Scope::ContactsRead, RULED)
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(409, "in_folder", "it is written in the bot's folder")
        .refuses(409, "not_empty", "there are people on the list")
        .refuses(409, "used", "others look into it")
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where");
    let delete = about("deleteSegment", "Delete a segment")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(409, "in_folder", "it is written in the bot's folder")
        .refuses(409, "used", "others look into it; `segments` says which")
        .refuses(409, "not_empty", "there are people on the list; `members=remove` takes them off first");
    let preview = about("previewSegment", "Count those for whom a condition holds")
        .says("How many, exactly, and some of them: of a condition (`where`) or of a segment.")
        .also(Scope::ContactsRead, "with `where`, or with a `sample` of more than none")
        .shares("/segments/{key}")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where")
        .refuses(429, "busy", "too many ask of everybody at once");
    let members = about("listSegmentMembers", "List who is in a segment").refuses(404, "no_segment", NO_SEGMENT);
    let add = about("addSegmentMember", "Put a contact on a list")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(409, "not_a_list", "people are in it by its condition")
        .refuses(429, "too_many", "too much waits for this contact");
    let remove = about("removeSegmentMember", "Take a contact off a list")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(409, "not_a_list", "people are in it by its condition")
        .refuses(429, "too_many", "too much waits for this contact");
    let change = about("changeSegmentMembers", "Put many contacts on a list, take many off")
        .says(
            "Up to 1,000 contacts; `not_found` names those who do not exist. Or everybody for whom a condition holds now, at most 20,000: a \
             rule, frozen.",
        )
        .also(Scope::ContactsRead, "with `where`")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(409, "not_a_list", "people are in it by its condition")
        .refuses(422, "condition", "the condition cannot be judged; `errors` says why and where")
        .refuses(429, "busy", "too many ask of everybody at once");
    let history = about("getSegmentHistory", "Show a segment's sizes over time").says("Noted at most every ten minutes.").refuses(
        404,
        "no_segment",
        NO_SEGMENT,
    );
    let membership = about("getSegmentMembership", "Tell whether a contact is in a segment, and why")
        .also(Scope::ContactsRead, "with `explain`")
        .refuses(404, "no_segment", NO_SEGMENT)
        .refuses(404, "no_contact", "there is no such contact");
    api.get("/segments", self::list, about("listSegments", "List segments"))
        .post("/segments", self::create, create)
        // Shares its place with a segment's key: one may be called so.
        .post("/segments/preview", self::preview, preview)
        .get("/segments/{key}", self::show, show)
        .put("/segments/{key}", self::replace, replace)
        .patch("/segments/{key}", self::patch, patch)
        .delete("/segments/{key}", self::delete, delete)
        .get("/segments/{key}/members", self::members, members)
        .post("/segments/{key}/members", self::change_members, change)
        .put("/segments/{key}/members/{contact}", self::add_member, add)
        .delete("/segments/{key}/members/{contact}", self::remove_member, remove)
        .get("/segments/{key}/history", self::history, history)
        .get("/segments/{key}/contacts/{contact}", self::membership, membership)
}

/// `GET /api/v1/segments`
pub(crate) async fn list(
    _: Caller<SegmentsRead>,
    Asked(page): Asked<Page>,
    State(server): State<Shared>,
) -> Result<axum::Json<SegmentPage>, Problem> {
    let limit = page.limit()?;
    Ok(axum::Json(listed(&server.handle, page.cursor.as_deref(), limit).await))
}

/// `GET /api/v1/segments/{key}`
pub(crate) async fn show(
    _: Caller<SegmentsRead>,
    In(key): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<Tagged<WholeSegment>, Problem> {
    let body = shown(&server.handle, &key).await?;
    let record = server.handle.stored_segment(&key).await;
    Ok(Tagged { body, tag: record.as_ref().map(SegmentRecord::tag) })
}

/// What `If-None-Match` asks: that there is none yet.
pub(crate) struct OnlyNew(bool);

impl<S: Sync + Send> FromRequestParts<S> for OnlyNew {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given: Vec<&[u8]> = parts.headers.get_all(header::IF_NONE_MATCH).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        match given.as_slice() {
            [] => Ok(Self(false)),
            [b"*"] => Ok(Self(true)),
            _ => {
                let why = "If-None-Match takes only * here: make it if there is none";
                Err(Problem::new(StatusCode::BAD_REQUEST, "bad_precondition", why))
            }
        }
    }
}

impl Part for OnlyNew {
    fn tell(operation: &mut Operation<'_>) {
        operation.header("If-None-Match", "*: make it only if there is none.", &json!({ "type": "string", "const": "*" }));
    }
}

/// What is taken for granted; `otherwise` without any of it.
fn expects(matches: IfMatch, otherwise: Expect) -> Expect {
    match matches {
        IfMatch::Anything => otherwise,
        IfMatch::Present => Expect::Present,
        IfMatch::Tags(tags) => Expect::Tags(tags),
    }
}

/// A segment that was made or changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedSegment {
    #[serde(flatten)]
    segment: WholeSegment,
    /// What is odd about its condition; places are in the text that was sent, of a condition in the JSON form in its canonical text.
    warnings: Vec<ConditionFault>,
}

/// `POST /api/v1/segments`: makes one; 409 if there is one of its key.
pub(crate) async fn create(
    caller: Caller<SegmentsWrite>,
    State(server): State<Shared>,
    once: IdempotencyKey,
    Body(written): Body<Written<draft::Written>>,
) -> Result<Made<ChangedSegment>, Problem> {
    let said = written.json.to_string();
    let set = server.handle.segment_set();
    let mut segment = read(&caller, written.json)?.whole(None, &set)?;
    let key = segment.key.clone();
    let free = || match set.get(&key) {
        Some(_) => Err(SegmentError::Exists(key.clone()).into()),
        None => Ok(key.clone()),
    };
    // A repetition may choose another key; what the first telling chose counts, and there was none of it then.
    let claim = server.once.claim(&server.handle, &caller.id(), "segment", &once, &said, free).await?;
    segment.key.clone_from(&claim.id);
    let place = format!("/segments/{}", claim.id);
    if claim.repeated
        && let Some(record) = server.handle.stored_segment(&claim.id).await
    {
        let body = ChangedSegment { segment: shown(&server.handle, &claim.id).await?, warnings: Vec::new() };
        return Ok(Made { place, body, tag: Some(record.tag()) });
    }
    let (body, tag) = put(&server, &caller, segment, &Expect::Absent).await?;
    Ok(Made { place, body, tag: Some(tag) })
}

/// `PUT /api/v1/segments/{key}`: makes it, or replaces all of it.
pub(crate) async fn replace(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    matches: IfMatch,
    OnlyNew(only_new): OnlyNew,
    Body(written): Body<Written<draft::Written>>,
) -> Result<Stored<ChangedSegment>, Problem> {
    let expect = match (expects(matches, Expect::Anything), only_new) {
        (expect, false) => expect,
        (Expect::Anything, true) => Expect::Absent,
        (_, true) => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_precondition", "send If-Match or If-None-Match, not both"));
        }
    };
    let set = server.handle.segment_set();
    let made = set.get(&key).is_none();
    let segment = read(&caller, written.json)?.whole(Some(&key), &set)?;
    let (body, tag) = put(&server, &caller, segment, &expect).await?;
    Ok(Stored { body, made, tag: Some(tag) })
}

/// `PATCH /api/v1/segments/{key}`: changes what the body names; `null` takes a description away.
pub(crate) async fn patch(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    matches: IfMatch,
    Body(written): Body<Written<draft::Written>>,
) -> Result<Tagged<ChangedSegment>, Problem> {
    let expect = expects(matches, Expect::Present);
    let draft = read(&caller, written.json)?;
    let Some(known) = server.handle.stored_segment(&key).await else {
        let there = server.handle.segment_set().get(&key).is_some();
        return Err(if there { SegmentError::File(key) } else { SegmentError::NotFound(key) }.into());
    };
    // What was read is what is changed: nobody else's change in between is undone.
    let expect = if expect == Expect::Present { Expect::Tags(vec![known.tag()]) } else { expect };
    let segment = draft.over(known.segment)?;
    let (body, tag) = put(&server, &caller, segment, &expect).await?;
    Ok(Tagged { body, tag: Some(tag) })
}

/// Reads a segment of somebody who may write it. By its size, and by who is in it, a rule answers whatever it asks about contacts: to give
/// one takes the right to see them.
fn read(caller: &Caller<SegmentsWrite>, body: Json) -> Result<Draft, Problem> {
    let draft = Draft::read(body)?;
    if draft.asks_of_contacts() {
        caller.must(Scope::ContactsRead)?;
    }
    Ok(draft)
}

async fn put(
    server: &Shared,
    caller: &Caller<SegmentsWrite>,
    segment: engine::StoredSegment,
    expect: &Expect,
) -> Result<(ChangedSegment, String), Problem> {
    // The places of what is odd are in the text that was sent.
    let sent = segment.condition.as_ref().and_then(Json::as_str).map(str::to_owned);
    let (record, warnings) = server.handle.put_segment(segment, expect, caller.actor()).await?;
    let shown = shown(&server.handle, &record.segment.key).await?;
    let text = sent.as_deref().or(record.segment.condition.as_ref().and_then(Json::as_str)).unwrap_or_default();
    let warnings = refused::faults(text, &warnings);
    Ok((ChangedSegment { segment: shown, warnings }, record.tag()))
}

/// How to delete.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deleting {
    /// What to do with people who are on the list.
    members: Option<WithMembers>,
}

/// What to do with people who are on the list.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
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
    matches: IfMatch,
) -> Result<Done, Problem> {
    let expect = expects(matches, Expect::Present);
    let mut done = server.handle.delete_segment(&key, &expect).await;
    if let (Err(SegmentError::NotEmpty { .. }), Some(WithMembers::Remove)) = (&done, members) {
        server.handle.empty_list(&key, &caller.actor()).await?;
        done = server.handle.delete_segment(&key, &expect).await;
    }
    done?;
    Ok(Done)
}

/// Of whom to tell how many they are: one of `where` and `segment`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PreviewQuestion")]
pub(crate) struct Preview {
    /// A condition.
    #[serde(default, rename = "where")]
    condition: Option<Condition>,
    /// The key of a segment.
    #[serde(default)]
    #[schemars(with = "Option<SegmentKey>")]
    segment: Option<String>,
    /// How many to name; 5 if nothing is said and the caller may see contacts.
    #[serde(default)]
    #[schemars(range(max = 100))]
    sample: Option<usize>,
}

/// `POST /api/v1/segments/preview`: how many, exactly, and some of them. A condition can ask for anything about contacts, so
/// it takes the right to see them.
pub(crate) async fn preview(
    caller: Caller<SegmentsRead>,
    In(key): In<String>,
    State(server): State<Shared>,
    Body(Written { json: body, .. }): Body<Written<Preview>>,
) -> Result<axum::Json<Previewed>, Problem> {
    if key != "preview" {
        let refused = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take that method");
        return Err(refused.header(header::ALLOW, HeaderValue::from_static("GET,HEAD,PUT,PATCH,DELETE")));
    }
    let Preview { condition, segment, sample } =
        serde_json::from_value(body).map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", e.to_string()))?;
    let asks = match (condition, segment) {
        (Some(Condition(condition)), None) => Asks::Where(condition),
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
) -> Result<axum::Json<MemberPage>, Problem> {
    let (limit, after) = (page.limit()?, page.after()?);
    Ok(axum::Json(members_page(&server.handle, &key, after, limit, caller.may(Scope::ContactsRead)).await?))
}

/// `PUT /api/v1/segments/{key}/members/{contact}`
pub(crate) async fn add_member(
    caller: Caller<SegmentsWrite>,
    InTwo(key, contact): InTwo<String, ContactId>,
    State(server): State<Shared>,
) -> Result<Done, Problem> {
    server.handle.set_listed(&key, contact, true, caller.actor()).await?;
    Ok(Done)
}

/// `DELETE /api/v1/segments/{key}/members/{contact}`
pub(crate) async fn remove_member(
    caller: Caller<SegmentsWrite>,
    InTwo(key, contact): InTwo<String, ContactId>,
    State(server): State<Shared>,
) -> Result<Done, Problem> {
    server.handle.set_listed(&key, contact, false, caller.actor()).await?;
    Ok(Done)
}

/// Whom to put on a list and whom to take off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListChange {
    /// Contacts to put on it.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    add: Vec<String>,
    /// Contacts to take off.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    remove: Vec<String>,
    /// Instead: everybody for whom this condition holds now.
    #[serde(default, rename = "where")]
    condition: Option<Condition>,
}

/// What became of a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ListChanged {
    /// How many were put on it.
    added: u64,
    /// How many were taken off.
    removed: u64,
    /// Those who do not exist.
    not_found: Vec<String>,
}

/// `POST /api/v1/segments/{key}/members`: puts contacts on the list of a static segment, takes others off. Whom there is no
/// contact of is named in the answer.
pub(crate) async fn change_members(
    caller: Caller<SegmentsWrite>,
    In(key): In<String>,
    State(server): State<Shared>,
    Body(ListChange { add, remove, condition }): Body<ListChange>,
) -> Result<axum::Json<ListChanged>, Problem> {
    if let Some(Condition(condition)) = condition {
        if !add.is_empty() || !remove.is_empty() {
            return Err(Problem::invalid("send where, or add and remove"));
        }
        // A condition can ask for anything about contacts.
        caller.must(Scope::ContactsRead)?;
        server.handle.list_of(&key)?;
        let (condition, _) = server.handle.read_condition(&condition)?;
        let added = server.handle.freeze(&key, &condition, &caller.actor()).await?;
        return Ok(axum::Json(ListChanged { added, removed: 0, not_found: Vec::new() }));
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
    server.handle.list_of(&key)?;
    let (mut counts, mut not_found) = ([0_u64; 2], Vec::new());
    for (at, (written, listed)) in [(add, true), (remove, false)].into_iter().enumerate() {
        let mut ids: Vec<ContactId> = Vec::with_capacity(written.len());
        for text in written {
            match contact_id(&text) {
                Ok(id) => ids.push(id),
                Err(_) => not_found.push(text.chars().take(64).collect::<String>()),
            }
        }
        let done = server.handle.set_all_listed(&key, &ids, listed, &caller.actor()).await;
        for (id, done) in ids.into_iter().zip(done) {
            match done {
                Ok(()) => counts[at] += 1,
                Err(SegmentError::Write(WriteError::NotFound)) => not_found.push(id.to_string()),
                Err(error) => {
                    return Err(Problem::from(error).with("added", json!(counts[0])).with("removed", json!(counts[1])));
                }
            }
        }
    }
    Ok(axum::Json(ListChanged { added: counts[0], removed: counts[1], not_found }))
}

/// Over which time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Over {
    /// Days back from now; 30 if nothing is said.
    #[schemars(range(max = 366))]
    days: Option<u16>,
}

/// How many were in a segment at one time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentSize")]
struct Size {
    /// When.
    at: Time,
    /// How many.
    size: u64,
}

/// How many were in a segment over time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SegmentHistory")]
pub(crate) struct Sizes {
    /// The segment's key.
    segment: String,
    /// Its sizes, oldest first.
    history: Vec<Size>,
}

/// `GET /api/v1/segments/{key}/history`: how many were in it over the last days.
pub(crate) async fn history(
    _: Caller<SegmentsRead>,
    In(key): In<String>,
    Asked(Over { days }): Asked<Over>,
    State(server): State<Shared>,
) -> Result<axum::Json<Sizes>, Problem> {
    let days = days.unwrap_or(DAYS);
    if days > MOST_DAYS {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("days is at most {MOST_DAYS}")));
    }
    view::known(&server.handle, &key)?;
    let sizes = server.handle.segment_history(&key, days).await?;
    let history = sizes.iter().map(|(at, size)| Size { at: (*at).into(), size: *size }).collect();
    Ok(axum::Json(Sizes { segment: key, history }))
}

/// What to tell besides.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explaining {
    /// Why, part by part: `1` or `true`.
    #[schemars(extend("enum" = ["0", "1", "false", "true", ""]))]
    explain: Option<String>,
}

/// `GET /api/v1/segments/{key}/contacts/{contact}`: whether this contact is in this segment now; with `explain=1` why. The
/// reasons hold what is known about the contact, so they take the right to see contacts.
pub(crate) async fn membership(
    caller: Caller<SegmentsRead>,
    InTwo(key, contact): InTwo<String, ContactId>,
    Asked(Explaining { explain }): Asked<Explaining>,
    State(server): State<Shared>,
) -> Result<axum::Json<Standing>, Problem> {
    let explain = match explain.as_deref() {
        None | Some("0" | "false") => false,
        Some("1" | "true" | "") => true,
        Some(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", "explain is 1 or 0")),
    };
    if explain {
        caller.must(Scope::ContactsRead)?;
    }
    view::known(&server.handle, &key)?;
    // Asked most of all: memory answers it, unless their record has more to say.
    if !explain && let Some(standing) = view::at_hand(&server.handle, &key, contact) {
        return Ok(axum::Json(standing));
    }
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    Ok(axum::Json(view::standing(&server.handle, &key, &person, explain).await))
}

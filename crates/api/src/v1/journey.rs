//! What happened to a contact: one timeline, by what it is about and when, page by page.

use super::{
    asked::{Asked, In, Page, no_contact},
    caller::{Caller, ContactsRead},
    openapi::{Any, Api, Id, Time, about},
};
use crate::{
    problem::Problem,
    state::Shared,
    view::{self, Names},
};
use axum::extract::State;
use http::StatusCode;
use model::{Actor, Altered, ContactId, Instant, JourneyFilter, JourneyKind, JourneyTopic, Part, Value};
use runtime::TimelineCursor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which part of a journey.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichJourney {
    /// About what, one or several with commas between: `run`, `handled`, `block`, `attribute`, `tag`, `segment`, `status`, `consent`,
    /// `event`, `campaign`, `delivery`, `desk`, `note`, `timer`, `created`, `source`, `import`, `address`, `identifier`, `merge`,
    /// `moved`, `error`. Everything if nothing is said.
    #[schemars(length(max = 400))]
    kind: Option<String>,
    /// Only what is of this name, case aside: the attribute, the tag, the key of the segment, the event, the skill.
    #[schemars(length(max = 200))]
    name: Option<String>,
    /// Not before this time, RFC 3339.
    #[schemars(length(max = 64))]
    since: Option<String>,
    /// Before this time, RFC 3339.
    #[schemars(length(max = 64))]
    until: Option<String>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 4000))]
    cursor: Option<String>,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// A page of a contact's journey.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JourneyPage {
    /// Newest first, in the order in which it became known.
    entries: Vec<JourneyLine>,
    /// Where the next page begins; none after the last. A page may hold less than was asked for, or nothing, and still have another
    /// after it.
    next_cursor: Option<String>,
    /// How many entries, older than all that are there, are kept no longer: `retention` in bot.yaml says how long they are.
    removed: u64,
}

/// Something that happened to a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JourneyLine {
    #[schemars(with = "Id")]
    id: String,
    /// When it happened.
    at: Time,
    /// What it is about.
    kind: &'static str,
    /// What happened, in words.
    text: String,
    /// Who did it: `customer`, `bot`, an agent's name, `API` and the key's name, …
    by: String,
    /// What kind of somebody that is: `flow`, `customer`, `agent`, `api`, `channel`, `import` or `system`.
    by_kind: &'static str,
    /// Why, where that is known besides: `first message`, `broadcast sale`, `tag gold`, `time`.
    why: Option<String>,
    /// The attribute, tag, segment, event, … that it is of.
    name: Option<String>,
    /// What was before, if something was changed.
    from: Option<Any>,
    /// What is from then on, if something was changed.
    to: Option<Any>,
    /// At which block of a flow, `skill.block`.
    block: Option<String>,
    /// In which conversation.
    #[schemars(with = "Option<Id>")]
    conversation: Option<String>,
    /// In which run of a flow.
    #[schemars(with = "Option<Id>")]
    run: Option<String>,
}

/// `GET /api/v1/contacts/{contact}/journey`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(which): Asked<WhichJourney>,
    State(server): State<Shared>,
) -> Result<axum::Json<JourneyPage>, Problem> {
    let WhichJourney { kind, name, since, until, cursor, limit } = which;
    let limit = Page { cursor: None, limit }.limit()?;
    let topics = kind.as_deref().map(topics).transpose().map_err(wrong)?.unwrap_or_default();
    let time = |name: &str, text: Option<String>| text.map(|text| time(name, &text)).transpose();
    let filter = JourneyFilter { topics, name, since: time("since", since)?, until: time("until", until)? };
    let cursor: Option<TimelineCursor> = match cursor.map(|text| text.parse()).transpose() {
        Ok(cursor) => cursor,
        Err(()) => return Err(wrong("cursor is the next_cursor of a page before")),
    };
    // Who is merged away, or never was, has no journey to show.
    server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let wanted = filter.name.clone();
    let page = server.handle.journey(contact, filter, cursor, limit).await?;
    let names = Names::of(&server.handle).await;
    let entries = page.entries.iter().map(|entry| line(entry, &names, wanted.as_deref())).collect();
    Ok(axum::Json(JourneyPage { entries, next_cursor: page.next.map(|next| next.to_string()), removed: page.forgotten }))
}

fn wrong(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_query", why.into())
}

/// What a journey is asked for by kinds with commas between.
///
/// # Errors
/// In words, which kinds there are.
pub(crate) fn topics(text: &str) -> Result<Vec<JourneyTopic>, String> {
    let known = || JourneyTopic::ALL.iter().map(|topic| topic.name()).collect::<Vec<_>>().join(", ");
    let read = |name: &str| JourneyTopic::named(name.trim()).ok_or_else(|| format!("kind is one or more of: {}", known()));
    text.split(',').map(read).collect()
}

fn time(name: &str, text: &str) -> Result<Instant, Problem> {
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map(Instant::from).map_err(|_| wrong(format!("{name} is a time such as 2026-03-02T10:00:00Z")))
}

/// A line as it is answered. Of an import, which changes much at once, what was asked for by name stands as the change.
fn line(entry: &model::JourneyEntry, names: &Names, wanted: Option<&str>) -> JourneyLine {
    let (name, from, to) = changed(&entry.what, wanted);
    JourneyLine {
        id: entry.id.to_string(),
        at: entry.at.into(),
        kind: entry.what.topic().name(),
        text: view::what(entry, names),
        by: names.actor(&entry.by),
        by_kind: kind_of(&entry.by),
        why: entry.why.clone().or_else(|| view::cause(&entry.what).map(str::to_owned)),
        name,
        from: from.map(|value| Any(value.to_json())),
        to: to.map(|value| Any(value.to_json())),
        block: view::block_of(entry),
        conversation: entry.conversation.map(|id| id.to_string()),
        run: entry.run.map(|id| id.to_string()),
    }
}

fn changed(what: &JourneyKind, wanted: Option<&str>) -> (Option<String>, Option<Value>, Option<Value>) {
    match what {
        JourneyKind::Attribute { name, from, to } => (Some(name.clone()), from.clone(), to.clone()),
        JourneyKind::Status { from, to } | JourneyKind::Source { from, to } => {
            (None, Some(Value::text(from.as_str())), Some(Value::text(to.as_str())))
        }
        JourneyKind::Consent { topic, given } => (Some(topic.clone()), None, Some(Value::Bool(*given))),
        JourneyKind::Imported { altered, .. } => {
            let of = |one: &&Altered| match &one.what {
                Part::Attribute(name) | Part::System(name) | Part::Tag(name) | Part::List(name) => {
                    wanted.is_some_and(|wanted| model::fold(wanted) == model::fold(name))
                }
                Part::Status => false,
            };
            match altered.iter().find(of) {
                Some(one) => (wanted.map(str::to_owned), one.from.clone(), one.to.clone()),
                None => (None, None, None),
            }
        }
        other => (other.subject().map(str::to_owned), None, None),
    }
}

fn kind_of(actor: &Actor) -> &'static str {
    match actor {
        Actor::Flow { .. } => "flow",
        Actor::Customer => "customer",
        Actor::Agent(_) => "agent",
        Actor::Api(_) => "api",
        Actor::Channel(_) => "channel",
        Actor::Import(_) => "import",
        Actor::System => "system",
    }
}

/// The journey's route.
pub(super) fn routes(api: Api) -> Api {
    api.get(
        "/contacts/{contact}/journey",
        list,
        about("listJourney", "What happened to a contact").says(
            "Everything that happened, newest first, page by page: what flows did, attributes with their values before and after, tags, \
             segments and why they were entered or left, consent, events, deliveries, what agents did. `kind=attribute&name=plan` is the \
             history of one attribute.",
        ),
    )
}

//! One conversation for one agent: every id below it is resolved through the agent's groups.

use crate::{
    body::Json,
    files,
    principal::SignedIn,
    problem::Problem,
    state::Shared,
    view::{self, Names},
};
use axum::{
    extract::{FromRequestParts, Query, RawPathParams, State},
    http::StatusCode,
};
use http::request::Parts;
use model::{Actor, Change, ContactId, Content, Conversation, ConversationId, Instant, Person, RequestId};
use runtime::Agent;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest message of an agent, in characters.
const TEXT_LIMIT: usize = 8_000;
/// The longest note, in bytes.
const NOTE_LIMIT: usize = 4 * 1024;
/// The most lines of one answer.
const LINES: usize = 200;
/// The most journey lines of one answer.
const JOURNEY_LINES: usize = 500;

/// A conversation the signed-in agent may see: it asks for a group the agent is in, or did until yesterday. Everything
/// else is answered 404, whether it exists or not.
pub(crate) struct Access {
    pub(crate) agent: Agent,
    pub(crate) person: Arc<Person>,
    pub(crate) conversation: ConversationId,
    /// What stands after the conversation in the path, if the route has a parameter there.
    pub(crate) rest: Option<String>,
}

impl Access {
    pub(crate) fn contact(&self) -> ContactId {
        self.person.contact.id
    }

    pub(crate) fn conversation(&self) -> &Conversation {
        self.person.conversation(self.conversation).expect("access is given only to a conversation of the person")
    }
}

/// How long after its end a chat can still be seen, in microseconds.
const SEEN_AFTER: i64 = 24 * 3_600 * 1_000_000;

/// Whether an agent may see a conversation.
fn may_see(agent: &Agent, conversation: &Conversation, now: Instant) -> bool {
    if let Some(request) = &conversation.request {
        return agent.groups.contains(&request.group);
    }
    let left = conversation.left_desk.as_ref();
    left.is_some_and(|left| now < left.at.plus_micros(SEEN_AFTER) && agent.groups.contains(&left.group))
}

impl FromRequestParts<Shared> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let SignedIn { agent, .. } = SignedIn::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let (mut contact, mut conversation, mut rest) = (None, None, None);
        for (name, value) in &params {
            match name {
                "contact" => contact = value.parse::<ContactId>().ok(),
                "conversation" => conversation = value.parse::<ConversationId>().ok(),
                _ => rest = Some(value.to_owned()),
            }
        }
        let (Some(contact), Some(conversation)) = (contact, conversation) else { return Err(Problem::not_found()) };
        let person = state.handle.person(contact).await?.ok_or_else(Problem::not_found)?;
        let found = person.conversation(conversation).ok_or_else(Problem::not_found)?;
        if !may_see(&agent, found, state.handle.now()) {
            return Err(Problem::not_found());
        }
        Ok(Self { agent, person, conversation, rest })
    }
}

/// `GET …/{conversation}`: who the customer is and what the agent may do.
pub(crate) async fn person(access: Access, State(server): State<Shared>) -> Result<axum::Json<Value>, Problem> {
    server.looked.at(access.agent.id, access.conversation);
    let names = Names::of(&server.handle).await;
    let standing = view::Standing::of(&server.handle, &access.person).await?;
    let mut out = view::profile(&access.person, &standing, &server.handle.bot(), &names);
    out["conversation"] = view::conversation(access.conversation(), &access.agent);
    Ok(axum::Json(out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinesQuery {
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// `GET …/messages`: lines above `after`, or the last ones below `before`, or the last ones.
pub(crate) async fn lines(
    access: Access,
    State(server): State<Shared>,
    Query(query): Query<LinesQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(LINES).clamp(1, LINES);
    let last = access.conversation().last_no;
    let (after, limit) = match (query.after, query.before) {
        (Some(_), Some(_)) => return Err(Problem::invalid("give either `after` or `before`")),
        (Some(after), None) => (after, limit),
        // Numbers have no gaps, so the lines below one are found by counting.
        (None, before) => {
            let end = before.map_or(last, |b| b.saturating_sub(1).min(last));
            let after = end.saturating_sub(limit as u64);
            (after, usize::try_from(end - after).unwrap_or(limit))
        }
    };
    let end = query.before.unwrap_or(u64::MAX);
    let mut entries =
        if limit == 0 { Vec::new() } else { server.handle.transcript(access.contact(), access.conversation, after, limit).await? };
    // Where lines have been removed, those that are read in their place come later.
    entries.retain(|entry| entry.no() < end);
    let last = entries.last().map_or(last, |e| e.no().max(last));
    let removed = server.handle.forgotten_lines(&access.person, access.conversation).await?;
    Ok(axum::Json(json!({ "lines": entries.iter().map(view::line).collect::<Vec<_>>(), "last": last, "removed": removed })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JourneyQuery {
    skip: Option<usize>,
    limit: Option<usize>,
}

/// `GET …/journey`: newest first.
pub(crate) async fn journey(
    access: Access,
    State(server): State<Shared>,
    Query(query): Query<JourneyQuery>,
) -> Result<axum::Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, JOURNEY_LINES);
    let skip = query.skip.unwrap_or(0);
    // One more than asked for tells whether there is more.
    let mut entries = server.handle.newest_journey(access.contact(), skip, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let names = Names::of(&server.handle).await;
    let entries: Vec<Value> = entries.iter().map(|e| view::journey(e, &names, Some(access.conversation))).collect();
    Ok(axum::Json(json!({ "entries": entries, "more": more })))
}

/// A body that says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `POST …/take`
pub(crate) async fn take(access: Access, State(server): State<Shared>, _: Json<Nothing>) -> Result<StatusCode, Problem> {
    server.handle.take(access.agent.id, access.conversation).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    client_id: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    files: Vec<String>,
}

/// `POST …/messages`: the same `client_id` again changes nothing.
pub(crate) async fn say(access: Access, State(server): State<Shared>, Json(said): Json<Say>) -> Result<axum::Json<Value>, Problem> {
    if !(1..=64).contains(&said.client_id.len()) || !said.client_id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(Problem::invalid("client_id is 1 to 64 letters, digits, - or _"));
    }
    if said.text.chars().count() > TEXT_LIMIT {
        return Err(Problem::invalid(format!("a message has at most {TEXT_LIMIT} characters")));
    }
    let attachments = files::attached(&server, &access, &said.files).await?;
    // Control characters have no meaning in a chat, and break logs and terminals.
    let text: String = said.text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let content = Content { text, attachments, ..Content::default() };
    if content.is_empty() {
        return Err(runtime::DeskError::Empty.into());
    }
    let id = server.handle.say(access.agent.id, access.conversation, content, Some(said.client_id)).await?;
    Ok(axum::Json(json!({ "id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolve {
    skill: Option<String>,
    /// The request that is meant. A second delivery never closes the one after it.
    request: Option<RequestId>,
}

/// `POST …/resolve`: the flow goes on, or the skill replaces it.
pub(crate) async fn resolve(access: Access, State(server): State<Shared>, Json(how): Json<Resolve>) -> Result<StatusCode, Problem> {
    let meant = how.request.is_none_or(|meant| access.conversation().request.as_ref().is_some_and(|r| r.id == meant));
    if !meant {
        return Err(runtime::DeskError::NotFound.into());
    }
    server.handle.resolve(access.agent.id, access.conversation, how.skill).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/dismiss`
pub(crate) async fn dismiss(access: Access, State(server): State<Shared>, _: Json<Nothing>) -> Result<StatusCode, Problem> {
    server.handle.dismiss(access.agent.id, access.conversation).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Noted {
    text: String,
}

/// `POST …/notes`: what the agent wants colleagues to know about the customer, who never sees it.
pub(crate) async fn note(access: Access, State(server): State<Shared>, Json(Noted { text }): Json<Noted>) -> Result<StatusCode, Problem> {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::invalid("the note is empty"));
    }
    if text.len() > NOTE_LIMIT {
        return Err(Problem::invalid(format!("a note has at most {NOTE_LIMIT} bytes; write two")));
    }
    server.handle.modify(access.contact(), vec![Change::Note(text.to_owned())], Actor::Agent(access.agent.id)).await?;
    Ok(StatusCode::CREATED)
}

/// `POST …/typing`
pub(crate) async fn typing(access: Access, State(server): State<Shared>, _: Json<Nothing>) -> StatusCode {
    if view::Can::of(&access.agent, access.conversation()).say {
        server.handle.agent_typing(access.agent.id, access.conversation);
    }
    StatusCode::NO_CONTENT
}

//! The way in for the local command line: what `contacts` and `agent` do, through the running server or without it.
//!
//! Over HTTP it is `POST /control` with the control token, from this machine alone. Without a server the command line
//! calls [`perform`] on a runtime of its own.

mod client;
mod find;
mod imports;
mod keys;
mod merge;
mod privacy;
mod runs;
mod segments;
mod trigger;

pub use client::{AskError, ask};
pub use imports::{BulkAsk, EraseManyAsk, ExportAsk, ImportAsk, told as told_import};
pub use runs::digest;
pub use segments::Of;
pub use trigger::To;

use crate::{
    agents::{self, AgentError},
    body::Json,
    keys::KeyError,
    problem::Problem,
    random,
    state::Shared,
    view::{self, Names},
};
use axum::extract::{FromRequestParts, State};
use http::{StatusCode, header, request::Parts};
use model::{ContactId, Person};
use runtime::{Agent, Handle, StoreWork};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, net::SocketAddr};
use subtle::ConstantTimeEq as _;

/// The most contacts of one answer.
const CONTACTS: usize = 200;
/// Events that a copy of a contact brings along, the newest ones.
const COPIED: usize = 2_000;
/// The most journey lines of one answer.
const JOURNEY: usize = 1_000;

fn journey_lines() -> u16 {
    50
}

/// Where a running server listens for its own command line: the content of `DATA/control.json`, readable by its
/// owner alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlFile {
    /// A loopback address.
    pub address: SocketAddr,
    /// The control token.
    pub token: String,
}

/// A new control token: 256 random bits.
pub fn new_token() -> String {
    random::hex(&random::bytes::<32>())
}

/// What the command line may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Contacts in the order they came, after one of them, or those found by a text.
    ContactsList {
        /// The last one of the page before.
        #[serde(default)]
        after: Option<ContactId>,
        /// At most this many; 50 if absent, never more than 200.
        #[serde(default)]
        limit: Option<usize>,
        /// Only those in whose name, addresses or attributes this occurs.
        #[serde(default)]
        find: Option<String>,
    },
    /// People by what they are called, best first.
    ContactsFind {
        /// What was typed.
        text: String,
        /// At most this many; never more than 100.
        limit: usize,
    },
    /// People by what was said in their chats, newest first.
    ContactsSaid {
        /// The words.
        text: String,
        /// At most this many; never more than 100.
        limit: usize,
        /// Where the page before said the next one begins.
        #[serde(default)]
        cursor: Option<String>,
    },
    /// Blocks a contact, or unblocks them.
    ContactsBlock {
        /// Who.
        id: ContactId,
        /// Whether they are to be blocked.
        blocked: bool,
    },
    /// Those for whom a condition holds now, after one of them.
    ContactsQuery {
        /// The condition.
        condition: String,
        /// The last one of the page before.
        #[serde(default)]
        after: Option<ContactId>,
        /// At most this many; never more than 1,000.
        limit: usize,
    },
    /// One contact with conversations and the newest journey lines.
    ContactsShow {
        /// Who.
        id: ContactId,
        /// Journey lines about these alone, with commas between.
        #[serde(default)]
        kind: Option<String>,
        /// How many of them.
        #[serde(default = "journey_lines")]
        lines: u16,
    },
    /// Makes one contact of two, or says what that would come to.
    ContactsMerge {
        /// Who survives.
        keep: ContactId,
        /// Who becomes part of them.
        other: ContactId,
        /// Only say it.
        #[serde(default)]
        preview: bool,
    },
    /// Makes two contacts again of what a merge made one.
    ContactsUndoMerge {
        /// The merge.
        merge: model::MergeId,
    },
    /// Who else may be the same person.
    ContactsDuplicates {
        /// As whom.
        id: ContactId,
    },
    /// Takes away everything about a contact, or says what that would do.
    ContactsErase {
        /// Who.
        id: ContactId,
        /// Only say it.
        #[serde(default)]
        preview: bool,
    },
    /// Certificates of erasures, the newest first.
    ContactsErasures {
        /// Those of this erasure of many alone.
        #[serde(default)]
        bulk: Option<String>,
        /// The last one of the page before.
        #[serde(default)]
        after: Option<String>,
        /// At most this many; never more than 1,000.
        limit: usize,
    },
    /// The certificate of one erasure.
    ContactsErasure {
        /// Its id.
        id: String,
    },
    /// Everything that is kept about a contact.
    ContactsData {
        /// Who.
        id: ContactId,
    },
    /// Rewrites the store, so that nothing of what was erased or replaced is left on disk.
    StoreCompact {},
    /// Begins some work on the store as a whole.
    StoreBegin {
        /// What.
        work: StoreWork,
    },
    /// The work on the store that goes on, or went on last.
    StoreJob {},
    /// All keys of the HTTP API.
    KeysList {},
    /// Makes a key and answers it, this once.
    KeysCreate {
        /// Whose it is.
        name: String,
        /// What it may do.
        scopes: Vec<String>,
        /// Requests a minute; the usual ones if absent.
        #[serde(default)]
        per_minute: Option<u32>,
    },
    /// Revokes a key: it opens nothing from then on.
    KeysRevoke {
        /// Its name or its id.
        key: String,
    },
    /// Imports of contacts and of events.
    ContactsImport {
        /// What of them.
        ask: ImportAsk,
    },
    /// Contacts as lines of a file.
    ContactsExport {
        /// Which.
        ask: ExportAsk,
    },
    /// A change of everybody for whom a condition holds.
    ContactsBulk {
        /// Which.
        ask: BulkAsk,
    },
    /// An erasure of everybody for whom a condition holds.
    ContactsEraseMany {
        /// Whom.
        ask: EraseManyAsk,
    },
    /// Makes a static segment that nobody is in yet.
    SegmentsMake {
        /// Its key.
        key: String,
        /// What it is called; its key if absent.
        #[serde(default)]
        name: Option<String>,
    },
    /// Segments by key, after one of them.
    SegmentsList {
        /// The last one of the page before.
        #[serde(default)]
        after: Option<String>,
    },
    /// One segment.
    SegmentsShow {
        /// Its key.
        key: String,
    },
    /// How many a condition holds for, and some of them.
    SegmentsPreview {
        /// Whom it is about.
        of: Of,
        /// How many to name.
        #[serde(default)]
        sample: usize,
    },
    /// Members of a segment after one of them.
    SegmentsMembers {
        /// Its key.
        key: String,
        /// The last one of the page before.
        #[serde(default)]
        after: Option<ContactId>,
        /// At most this many; never more than 1,000.
        limit: usize,
    },
    /// Why a contact is in a segment, or is not.
    SegmentsExplain {
        /// Its key.
        key: String,
        /// Who.
        contact: ContactId,
    },
    /// All agents.
    AgentsList {},
    /// Makes an agent.
    AgentsAdd {
        /// The name customers see.
        name: String,
        /// What they sign in with.
        login: String,
        /// Their groups; none means all groups of the bot.
        #[serde(default)]
        groups: Vec<String>,
        /// Their password; absent makes a random one and answers it.
        #[serde(default)]
        password: Option<String>,
    },
    /// All globals of the bot (FL 7.1).
    GlobalsList {},
    /// Sets a global, or lets it go back to its default.
    GlobalsSet {
        /// Which.
        name: String,
        /// The value as people write it; absent goes back to the default.
        #[serde(default)]
        value: Option<String>,
    },
    /// One contact whole, to be talked to as in `chat --as`, with the globals and segments that are not in the bot's folder: a copy,
    /// from which nothing is written back.
    ContactsCopy {
        /// Who.
        id: ContactId,
    },
    /// Everything that rests, by run.
    RunsList {
        /// Only runs in this skill.
        #[serde(default)]
        skill: Option<String>,
    },
    /// The versions in use, what rests in each, and what their blocks say.
    RunsServed {},
    /// Moves what rests in one version to another (FL 5.9).
    RunsMove {
        /// The version they have: its name, or the beginning of it.
        from: String,
        /// The version they get; `current` is the newest.
        to: String,
        /// Old place to new place, where the name changed.
        #[serde(default)]
        map: BTreeMap<String, String>,
        /// Whether to do it; otherwise it is only said what would move.
        #[serde(default)]
        apply: bool,
    },
    /// Counts whom an event would reach.
    TriggerCount {
        /// For whom.
        to: To,
        /// The event, to be told if nothing heeds it.
        #[serde(default)]
        event: Option<String>,
    },
    /// Raises an event for other contacts (FL 4 `trigger`).
    TriggerBegin {
        /// The event.
        event: String,
        /// For whom.
        to: To,
        /// Its fields, as a JSON object.
        #[serde(default)]
        with: Value,
        /// Contacts a second; the runtime's own pace if absent.
        #[serde(default)]
        per_second: Option<u32>,
    },
    /// Triggers and schedules, and how far they are.
    TriggerList {},
    /// Gives an agent a new password and ends their sign-ins.
    AgentsReset {
        /// Whose.
        login: String,
        /// The password; absent makes a random one and answers it.
        #[serde(default)]
        password: Option<String>,
    },
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such contact.
    #[error("there is no contact {0}; `switchboard contacts list` shows who is there")]
    NoContact(ContactId),
    /// There was no such merge.
    #[error("there was no merge {0}; `switchboard contacts show` names the merges of a contact in its journey")]
    NoMerge(model::MergeId),
    /// There was no such erasure.
    #[error("there is no certificate {0}; `switchboard contacts erasures` lists all there are")]
    NoErasure(String),
    /// Something about a search.
    #[error("{0}")]
    Find(String),
    /// People could not be looked for.
    #[error(transparent)]
    Finds(#[from] runtime::Unfindable),
    /// Something about a filter of the journey.
    #[error("{0}")]
    Journey(String),
    /// Something about runs and versions.
    #[error("{0}")]
    Runs(String),
    /// Something about segments, in words.
    #[error("{0}")]
    Segments(String),
    /// Something about an import.
    #[error(transparent)]
    Import(#[from] runtime::ImportError),
    /// Something about a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Something about an agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Something about a global.
    #[error(transparent)]
    Write(#[from] runtime::WriteError),
}

/// Does what is asked.
///
/// # Errors
/// [`ControlError`], nothing changed then.
pub async fn perform(handle: &Handle, request: Request) -> Result<Value, ControlError> {
    match request {
        Request::ContactsList { after, limit, find } => {
            let limit = limit.unwrap_or(50).clamp(1, CONTACTS);
            let mut people = match find {
                Some(text) => handle.find(&text, limit).await?.people,
                // One more tells whether there is another page.
                None => handle.people(after, limit + 1).await?,
            };
            let more = people.len() > limit;
            people.truncate(limit);
            let next = people.last().map(|person| person.contact.id).filter(|_| more);
            Ok(json!({ "contacts": people.iter().map(|p| summary(p)).collect::<Vec<_>>(), "next_cursor": next }))
        }
        Request::ContactsFind { text, limit } => find::find(handle, &text, limit).await,
        Request::ContactsSaid { text, limit, cursor } => find::said(handle, &text, limit, cursor.as_deref()).await,
        Request::ContactsBlock { id, blocked } => {
            let status = crate::v1::block_contact(handle, id, blocked, model::Actor::Api("command line".into())).await.map_err(
                |error| match error {
                    runtime::WriteError::NotFound => ControlError::NoContact(id),
                    error => ControlError::Write(error),
                },
            )?;
            Ok(json!({ "contact": id, "status": status }))
        }
        Request::ContactsQuery { condition, after, limit } => find::query(handle, &condition, after, limit).await,
        Request::ContactsShow { id, kind, lines } => {
            let topics = kind.as_deref().map(crate::v1::journey_topics).transpose().map_err(ControlError::Journey)?;
            let filter = model::JourneyFilter { topics: topics.unwrap_or_default(), ..model::JourneyFilter::default() };
            let person = handle.person(id).await?.ok_or(ControlError::NoContact(id))?;
            let names = Names::of(handle).await;
            let mut out = view::profile(&person, &view::Standing::of(handle, &person).await?, &handle.bot(), &names);
            out["conversations"] = person.conversations.iter().map(place).collect();
            let journey = handle.journey(id, filter, None, usize::from(lines).clamp(1, JOURNEY)).await?;
            out["journey"] = journey.entries.iter().map(|e| view::journey(e, &names, None)).collect();
            Ok(out)
        }
        Request::ContactsMerge { keep, other, preview } => merge::merge(handle, keep, other, preview).await,
        Request::ContactsUndoMerge { merge } => merge::undo(handle, merge).await,
        Request::ContactsDuplicates { id } => merge::duplicates(handle, id).await,
        Request::ContactsErase { id, preview } => privacy::erase(handle, id, preview).await,
        Request::ContactsErasures { bulk, after, limit } => privacy::erasures(handle, bulk, after, limit).await,
        Request::ContactsErasure { id } => privacy::erasure(handle, id).await,
        Request::ContactsData { id } => privacy::data(handle, id).await,
        Request::StoreCompact {} => privacy::compact(handle).await,
        Request::StoreBegin { work } => Ok(json!({ "job": handle.begin_store_work(work)? })),
        Request::StoreJob {} => Ok(json!({ "job": handle.store_job() })),
        Request::GlobalsList {} => Ok(json!({ "globals": handle.globals().iter().map(global).collect::<Vec<_>>() })),
        Request::GlobalsSet { name, value } => {
            let set = handle.set_global(&name, value.as_deref()).await?;
            Ok(json!({ "global": global(&set) }))
        }
        Request::ContactsCopy { id } => {
            let person = handle.person(id).await?.ok_or(ControlError::NoContact(id))?;
            let events = handle.events(id, 0, COPIED).await?;
            let bot = handle.bot();
            Ok(json!({
                "person": *person, "events": events, "version": bot.version(),
                "globals": bot.set_globals(), "segments": bot.stored_segments(),
            }))
        }
        Request::RunsList { skill } => runs::list(handle, skill).await,
        Request::RunsServed {} => runs::served(handle).await,
        Request::RunsMove { from, to, map, apply } => runs::migrate(handle, &from, &to, &map, apply).await,
        Request::TriggerCount { to, event } => trigger::count(handle, &to, event.as_deref()).await,
        Request::TriggerBegin { event, to, with, per_second } => trigger::begin(handle, &event, &to, &with, per_second).await,
        Request::TriggerList {} => Ok(trigger::list(handle).await),
        Request::KeysList {} => Ok(keys::list(handle).await),
        Request::KeysCreate { name, scopes, per_minute } => keys::create(handle, &name, &scopes, per_minute).await,
        Request::KeysRevoke { key } => keys::revoke(handle, &key).await,
        Request::ContactsImport { ask } => imports::imports(handle, ask).await,
        Request::ContactsExport { ask } => imports::export(handle, ask).await,
        Request::ContactsBulk { ask } => imports::bulk(handle, ask).await,
        Request::ContactsEraseMany { ask } => imports::erase_many(handle, ask).await,
        Request::SegmentsMake { key, name } => segments::make(handle, &key, name.as_deref()).await,
        Request::SegmentsList { after } => Ok(segments::list(handle, after.as_deref()).await),
        Request::SegmentsShow { key } => segments::show(handle, &key).await,
        Request::SegmentsPreview { of, sample } => segments::preview(handle, of, sample).await,
        Request::SegmentsMembers { key, after, limit } => segments::members(handle, &key, after, limit).await,
        Request::SegmentsExplain { key, contact } => segments::explain(handle, &key, contact).await,
        Request::AgentsList {} => Ok(json!({ "agents": handle.agents().await.iter().map(agent).collect::<Vec<_>>() })),
        Request::AgentsAdd { name, login, groups, password } => {
            let (password, made) = given_or_made(password);
            let created = agents::create(handle, &name, &login, &groups, &password).await?;
            Ok(json!({ "agent": agent(&created), "password": made }))
        }
        Request::AgentsReset { login, password } => {
            let (password, made) = given_or_made(password);
            let changed = agents::reset(handle, &login, &password).await?;
            Ok(json!({ "agent": agent(&changed), "password": made }))
        }
    }
}

fn global(global: &engine::GlobalInfo) -> Value {
    let value = global.value.as_ref().map(model::Value::to_json);
    json!({ "name": global.name, "type": global.ty, "value": value, "is_set": global.is_set })
}

/// The password to use, and the one to tell if it was made here.
fn given_or_made(given: Option<String>) -> (String, Option<String>) {
    match given {
        Some(password) => (password, None),
        None => {
            let made = agents::random_password();
            (made.clone(), Some(made))
        }
    }
}

fn agent(agent: &Agent) -> Value {
    json!({ "id": agent.id, "name": agent.name, "login": agent.login, "groups": agent.groups, "disabled": agent.disabled })
}

fn summary(person: &Person) -> Value {
    let contact = &person.contact;
    json!({
        "id": contact.id,
        "name": contact.display_name(),
        "status": contact.status,
        "channels": contact.addresses.iter().map(|r| &r.address.channel).collect::<Vec<_>>(),
        "first_seen": contact.first_seen.as_millis(),
        "last_seen": contact.last_seen.as_millis(),
    })
}

fn place(conversation: &model::Conversation) -> Value {
    let owner = match &conversation.owner {
        model::Owner::Bot => "bot",
        model::Owner::Queue => "queue",
        model::Owner::Agent(_) => "agent",
    };
    json!({
        "id": conversation.id,
        "channel": conversation.address.channel,
        "address": conversation.address.id,
        "owner": owner,
        "messages": conversation.last_no,
        "runs": conversation.runs.iter().map(|r| format!("{}.{}", r.frame().skill, r.frame().block)).collect::<Vec<_>>(),
    })
}

/// The command line of this machine, by its token.
pub(crate) struct Operator;

impl FromRequestParts<Shared> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let refused = || Problem::new(StatusCode::UNAUTHORIZED, "refused", "only the command line of this machine may ask here");
        // The connection itself counts: what a proxy forwards is never local. Browsers have no business here.
        let local = parts.extensions.get::<SocketAddr>().is_some_and(|a| a.ip().to_canonical().is_loopback());
        let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip"].iter().any(|h| parts.headers.contains_key(*h));
        if !local || forwarded || parts.headers.contains_key(header::ORIGIN) {
            return Err(refused());
        }
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        let right = given.is_some_and(|token| digest(token).ct_eq(&digest(&state.options.control_token)).into());
        if right && !state.options.control_token.is_empty() { Ok(Self) } else { Err(refused()) }
    }
}

/// `POST /control`
pub(crate) async fn post(_: Operator, State(server): State<Shared>, Json(request): Json<Request>) -> Result<axum::Json<Value>, Problem> {
    match perform(&server.handle, request).await {
        Ok(answer) => Ok(axum::Json(answer)),
        Err(ControlError::Agent(AgentError::Write(error)) | ControlError::Key(KeyError::Write(error)) | ControlError::Write(error)) => {
            Err(error.into())
        }
        Err(ControlError::Finds(error)) => Err(error.into()),
        Err(error @ (ControlError::NoContact(_) | ControlError::NoMerge(_) | ControlError::NoErasure(_))) => {
            Err(Problem::new(StatusCode::NOT_FOUND, "not_found", error.to_string()))
        }
        Err(error @ ControlError::Agent(AgentError::Exists(_))) => Err(Problem::new(StatusCode::CONFLICT, "exists", error.to_string())),
        Err(error @ ControlError::Key(KeyError::Exists(_))) => Err(Problem::new(StatusCode::CONFLICT, "exists", error.to_string())),
        Err(
            error @ (ControlError::Journey(_)
            | ControlError::Find(_)
            | ControlError::Agent(_)
            | ControlError::Key(_)
            | ControlError::Segments(_)
            | ControlError::Runs(_)
            | ControlError::Import(_)),
        ) => Err(Problem::invalid(error.to_string())),
    }
}

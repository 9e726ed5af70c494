//! Notes about a contact: what agents and programs want others to know, and the contact never sees.

use super::{
    asked::{Asked, Body, In, Nothing, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite},
    once::{self, IdempotencyKey},
    openapi::{Api, ContactRef, Made, Time, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use model::{Actor, ContactId};
use runtime::{Handle, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest note, in bytes.
const LONGEST: usize = 4 * 1024;

/// The routes of notes.
pub(super) fn routes(api: Api) -> Api {
    let list = about("listNotes", "List the notes about a contact").says("The newest 200, oldest first.").refuses(
        404,
        "no_contact",
        "there is no such contact",
    );
    let add = about("addNote", "Note something about a contact")
        .says("The contact never sees it.")
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(429, "too_many", "too much waits for this contact");
    api.get("/contacts/{contact}/notes", self::list, list).post("/contacts/{contact}/notes", self::add, add)
}

/// Who did something.
#[derive(Serialize, JsonSchema)]
pub(crate) struct By {
    /// What they are.
    kind: ByKind,
    /// The agent's name, the name of the program's key, the channel, the import, or the place in a skill.
    name: Option<String>,
}

/// What somebody is who did something.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ByKind {
    /// A skill.
    Flow,
    /// The contact.
    Customer,
    /// An agent.
    Agent,
    /// A program with a key.
    Program,
    /// A channel.
    Channel,
    /// An import.
    Import,
    /// The product itself.
    System,
}

impl By {
    /// Says who it was.
    pub(crate) async fn of(handle: &Handle, actor: &Actor) -> Self {
        let (kind, name) = match actor {
            Actor::Flow { skill, block } => (ByKind::Flow, Some(format!("{skill}.{block}"))),
            Actor::Customer => (ByKind::Customer, None),
            Actor::Agent(id) => (ByKind::Agent, handle.agent(*id).await.map(|agent| agent.name)),
            Actor::Api(key) => (ByKind::Program, Some(key.clone())),
            Actor::Channel(name) => (ByKind::Channel, Some(name.clone())),
            Actor::Import(id) => (ByKind::Import, Some(id.clone())),
            Actor::System => (ByKind::System, None),
        };
        Self { kind, name }
    }
}

/// Something that was noted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Note {
    /// When.
    at: Time,
    /// Who noted it.
    by: By,
    /// What.
    text: String,
}

/// The notes about a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Notes {
    /// About whom.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// The notes, oldest first.
    notes: Vec<Note>,
}

/// `GET /api/v1/contacts/{contact}/notes`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Notes>, Problem> {
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let mut notes = Vec::with_capacity(person.contact.notes.len());
    for note in &person.contact.notes {
        notes.push(Note { at: note.at.into(), by: By::of(&server.handle, &note.by).await, text: note.text.clone() });
    }
    Ok(axum::Json(Notes { contact: person.contact.id, notes }))
}

/// What is to be noted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// What, at most 4 KiB; line breaks are kept.
    #[schemars(length(min = 1, max = 4096))]
    text: String,
}

/// `POST /api/v1/contacts/{contact}/notes`
pub(crate) async fn add(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    IdempotencyKey(key): IdempotencyKey,
    Body(NewNote { text }): Body<NewNote>,
) -> Result<Made<Note>, Problem> {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = text.trim().to_owned();
    if text.is_empty() || text.len() > LONGEST {
        return Err(Problem::invalid(format!("a note has 1 to {LONGEST} bytes")));
    }
    let once = match key {
        None => None,
        Some(key) => {
            let (caller, place) = (caller.id(), format!("{contact}/notes"));
            server.once.stands_for(&[&caller, &place, &key], &text)?;
            Some(format!("api/{}", once::digest(&[&caller, &place, &key, &text])))
        }
    };
    let by = caller.actor();
    server.handle.note(contact, text.clone(), by.clone(), once).await.map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })?;
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    // A repetition is answered with the note that the first telling made.
    let at = person.contact.notes.iter().rev().find(|note| note.text == text && note.by == by).map_or(server.handle.now(), |note| note.at);
    let body = Note { at: at.into(), by: By::of(&server.handle, &by).await, text };
    Ok(Made { body, place: format!("/contacts/{}/notes", person.contact.id), tag: None })
}

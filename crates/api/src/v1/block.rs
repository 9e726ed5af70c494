//! Blocking somebody: what they write is kept and not answered, until they are unblocked.

use super::{
    asked::{In, no_contact},
    caller::{Caller, ContactsWrite},
    openapi::{Api, ContactRef, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use model::{Actor, Change, Consent, Contact, ContactId, JourneyFilter, JourneyKind, JourneyTopic, MESSAGES, Part, Value};
use runtime::{Handle, WriteError};
use schemars::JsonSchema;
use serde::Serialize;

/// The stages that blocking moves between.
const BLOCKED: &str = "blocked";
const UNSUBSCRIBED: &str = "unsubscribed";
const ACTIVE: &str = "active";

/// The routes.
pub(super) fn routes(api: Api) -> Api {
    let block = about("blockContact", "Block a contact")
        .says(
            "What they write from now on is kept and not answered. Nothing is sent to them by itself, no skill begins, timers and questions \
             rest, what waited to be sent is not, and a request for a human leaves the desk. Somebody who is blocked already stays so.",
        )
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(429, "too_many", "too much waits for this contact");
    let unblock = about("unblockContact", "Unblock a contact")
        .says(
            "What rested goes on: a timer that came due meanwhile ticks once, a question has its time again. Who refused messages, before \
             or while they were blocked, and agreed on no channel since is `unsubscribed` then; else they have the status again that they \
             had, if the bot still has it and the journey tells it, or are `active`. Somebody who is not blocked stays as they are.",
        )
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(429, "too_many", "too much waits for this contact");
    api.put("/contacts/{contact}/block", self::block, block).delete("/contacts/{contact}/block", self::unblock, unblock)
}

/// How it stands with a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContactStatus {
    /// Whose.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// `active`, `unsubscribed`, `blocked` or a status of the bot's own.
    status: String,
}

/// Blocks somebody, or unblocks them; answers their status.
///
/// # Errors
/// [`WriteError::NotFound`] if there is nobody, and those of any change.
pub(crate) async fn set(handle: &Handle, contact: ContactId, blocked: bool, by: Actor) -> Result<String, WriteError> {
    let person = handle.person(contact).await?.ok_or(WriteError::NotFound)?;
    let status = match (person.contact.status == BLOCKED, blocked) {
        (false, true) => BLOCKED.to_owned(),
        (true, false) => unblocked(handle, &person.contact).await?,
        (true, true) | (false, false) => return Ok(person.contact.status.clone()),
    };
    handle.modify(contact, vec![Change::SetStatus(status.clone())], by).await?;
    Ok(status)
}

/// What somebody is who is not blocked any more: unsubscribed if they refused messages last, else what they were.
async fn unblocked(handle: &Handle, contact: &Contact) -> Result<String, WriteError> {
    if contact.refused_messages_last() {
        return Ok(UNSUBSCRIBED.to_owned());
    }
    let agreed = contact.consents.keys().any(|key| Consent::parts(key).0 == MESSAGES);
    Ok(match before(handle, contact.id).await? {
        // They agreed meanwhile.
        Some(status) if status == UNSUBSCRIBED && agreed => ACTIVE.to_owned(),
        Some(status) if handle.bot().statuses().contains(&status) => status,
        Some(_) | None => ACTIVE.to_owned(),
    })
}

/// What somebody was when they were blocked, as far as the journey tells: none if it was forgotten, or if they are blocked because
/// somebody was who was merged into them.
async fn before(handle: &Handle, contact: ContactId) -> Result<Option<String>, WriteError> {
    let mut cursor = None;
    loop {
        let filter = JourneyFilter { topics: vec![JourneyTopic::Status], ..JourneyFilter::default() };
        let page = handle.journey(contact, filter, cursor, 1).await?;
        match page.entries.first().map(|entry| &entry.what) {
            Some(JourneyKind::Status { from, to }) => return Ok((to == BLOCKED).then(|| from.clone())),
            Some(JourneyKind::Imported { altered, .. }) => {
                let Some(changed) = altered.iter().rfind(|one| one.what == Part::Status) else { return Ok(None) };
                return Ok(match (&changed.from, &changed.to) {
                    (Some(Value::Text(from)), Some(Value::Text(to))) if to == BLOCKED => Some(from.clone()),
                    _ => None,
                });
            }
            _ => match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(None),
            },
        }
    }
}

async fn answer(server: &Shared, contact: ContactId, blocked: bool, by: Actor) -> Result<axum::Json<ContactStatus>, Problem> {
    let status = set(&server.handle, contact, blocked, by).await.map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })?;
    Ok(axum::Json(ContactStatus { contact, status }))
}

/// `PUT /api/v1/contacts/{contact}/block`
pub(crate) async fn block(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
) -> Result<axum::Json<ContactStatus>, Problem> {
    answer(&server, contact, true, caller.actor()).await
}

/// `DELETE /api/v1/contacts/{contact}/block`
pub(crate) async fn unblock(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
) -> Result<axum::Json<ContactStatus>, Problem> {
    answer(&server, contact, false, caller.actor()).await
}

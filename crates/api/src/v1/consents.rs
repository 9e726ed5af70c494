//! What a contact agreed to or refused, by topic and channel, with when, by whom and the words.

use super::{
    asked::{Asked, Body, In, Nothing, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite},
    notes::By,
    openapi::{Api, ContactRef, Time, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use model::{Change, Consent, ContactId};
use runtime::{Handle, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest topic and channel, and the longest proof, in characters.
const NAME: usize = 64;
const PROOF: usize = 1_000;

/// The routes.
pub(super) fn routes(api: Api) -> Api {
    let list = about("listConsents", "List what a contact agreed to or refused")
        .says("The latest answer for each topic and channel. Every answer stands in the journey.")
        .refuses(404, "no_contact", "there is no such contact");
    let put = about("putConsent", "Note what a contact agreed to or refused")
        .says(
            "The topic `messages` is the contact's wish to be written to at all, noted by an opt-out word for its channel. Refused, on one \
             channel or on all, they are unsubscribed. Given, they are active again; on a channel that they refused nothing is sent unasked \
             until they agree to it there or on all.",
        )
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(422, "invalid", "a text is empty or too long, or a name has an @")
        .refuses(429, "too_many", "too much waits for this contact");
    api.get("/contacts/{contact}/consents", self::list, list).put("/contacts/{contact}/consents", self::put, put)
}

/// An answer to whether something may be done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Consent")]
pub(crate) struct Answer {
    /// To what.
    topic: String,
    /// On which channel alone; null: on all.
    channel: Option<String>,
    /// Whether they agreed.
    given: bool,
    /// When.
    at: Time,
    /// Who noted it.
    by: By,
    /// The words, and where they were said.
    proof: String,
}

/// What a contact agreed to or refused.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Consents {
    /// Whose answers they are.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// The latest answers, by topic and channel.
    consents: Vec<Answer>,
}

async fn of(handle: &Handle, contact: ContactId) -> Result<Consents, Problem> {
    let person = handle.person(contact).await?.ok_or_else(no_contact)?;
    let mut consents = Vec::with_capacity(person.contact.consents.len());
    for (key, consent) in &person.contact.consents {
        let (topic, channel) = Consent::parts(key);
        consents.push(Answer {
            topic: topic.to_owned(),
            channel: channel.map(str::to_owned),
            given: consent.given,
            at: consent.at.into(),
            by: By::of(handle, &consent.by).await,
            proof: consent.proof.clone(),
        });
    }
    Ok(Consents { contact: person.contact.id, consents })
}

/// `GET /api/v1/contacts/{contact}/consents`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Consents>, Problem> {
    of(&server.handle, contact).await.map(axum::Json)
}

/// An answer that was given elsewhere.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsent {
    /// To what: `news`, `messages`, …
    #[schemars(length(min = 1, max = 64))]
    topic: String,
    /// On which channel alone; on all without it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    channel: Option<String>,
    /// Whether they agreed.
    given: bool,
    /// The words that were agreed to or refused, and where: what shows it later.
    #[schemars(length(min = 1, max = 1000))]
    proof: String,
}

/// `PUT /api/v1/contacts/{contact}/consents`
pub(crate) async fn put(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    Body(NewConsent { topic, channel, given, proof }): Body<NewConsent>,
) -> Result<axum::Json<Consents>, Problem> {
    let is_name =
        |text: &str| !text.trim().is_empty() && text.chars().count() <= NAME && !text.contains('@') && !text.chars().any(char::is_control);
    if !is_name(&topic) || channel.as_deref().is_some_and(|channel| !is_name(channel)) {
        return Err(Problem::invalid(format!("topic and channel have 1 to {NAME} characters and no @")));
    }
    let proof = proof.trim().to_owned();
    if proof.is_empty() || proof.chars().count() > PROOF || proof.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::invalid(format!("proof has 1 to {PROOF} characters: the words, and where they were said")));
    }
    let (topic, channel) = (topic.trim().to_owned(), channel.map(|channel| channel.trim().to_owned()));
    let answer = Change::Consent { topic, channel, given, proof };
    server.handle.modify(contact, vec![answer], caller.actor()).await.map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })?;
    of(&server.handle, contact).await.map(axum::Json)
}

//! Whose data it is: everything that is kept about one person, taking it away, and the certificate that nothing is left.

use super::{
    asked::{Asked, Body, In, Nothing, Page, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite},
    notes::By,
    openapi::{Any, Api, ContactRef, Id, Time, about},
};
use crate::{personal, problem::Problem, state::Shared};
use axum::extract::State;
use model::ContactId;
use runtime::{
    Handle, WriteError,
    privacy::{Certificates, Counts, Erasure, Preview, Progress},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The routes.
pub(super) fn routes(api: Api) -> Api {
    let erase = about("eraseContact", "Erase a contact")
        .says(
            "Takes away everything that is kept about a person, and about those merged into them: profile, messages, journey, events, files \
             that only they have. Runs, timers and messages under way stop. With `preview` nothing happens: the answer says what would go and \
             what must stay. What the disk still holds of before goes with a compaction that this schedules; until then the certificate says \
             `pending`.",
        )
        .leads_to(200, "/erasures/{erasure}", "/erasure/id")
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(412, "changed", "the contact keeps changing; try again");
    let certificate = about("getErasure", "Show the certificate of an erasure")
        .says("It holds nothing about the person but a salted hash of the contact's id.")
        .refuses(404, "not_found", "there is no such erasure");
    let data = about("exportContactData", "Everything that is kept about a contact")
        .says(
            "Profile, identifiers, consents with proof, every conversation, what is under way in them with the answers given so far, journey, \
             events and the list of files: for the person themselves.",
        )
        .refuses(404, "no_contact", "there is no such contact");
    let all = about("listErasures", "List certificates of erasures")
        .says("The newest first; with `bulk` those of one erasure of many. They hold nothing about anybody but salted hashes.");
    api.post("/contacts/{contact}/erase", self::erase, erase)
        .get("/erasures", self::certificates, all)
        .get("/erasures/{erasure}", self::certificate, certificate)
        .get("/contacts/{contact}/data", self::data, data)
}

/// How to erase.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EraseContact")]
pub(crate) struct How {
    /// Only say what would go and what would stay.
    #[serde(default)]
    preview: bool,
}

/// What erasing comes to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ErasedContact")]
pub(crate) struct Erased {
    /// What would go and what would stay, if only that was asked for.
    preview: Option<ErasurePreview>,
    /// The certificate, if the contact was erased.
    erasure: Option<Certificate>,
}

/// What an erasure would take away, and what would stay.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErasurePreview {
    /// What goes.
    goes: ErasureCounts,
    /// Runs, timers, messages and calls that wait, requests for a human: they stop.
    stops: u64,
    /// What stays.
    stays: ErasureStays,
}

/// What stays when somebody is erased.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErasureStays {
    /// Salted hashes of what they were reached by, because they do not want to be written to; 0 if they do.
    suppression_hashes: u64,
    /// The certificate, without a word about them.
    certificate: bool,
    /// Webhooks that are told of it: the contact's bare id stays in what waits for them and in their log of deliveries.
    webhooks_told: u64,
    /// Imports that have their file: it may name the person, and stays until they are done, taken back or forgotten.
    unfinished_imports: u64,
}

/// How much was kept about a person.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErasureCounts {
    /// The contact, and those merged into it.
    contacts: u64,
    /// Conversations.
    conversations: u64,
    /// Messages from and to them.
    messages: u64,
    /// Lines of the journey.
    journey: u64,
    /// Events.
    events: u64,
    /// Files.
    attachments: u64,
    /// Addresses on channels.
    addresses: u64,
    /// Identifiers beyond one channel.
    identifiers: u64,
    /// Attributes.
    attributes: u64,
    /// Tags.
    tags: u64,
    /// Notes.
    notes: u64,
    /// Consents.
    consents: u64,
}

impl From<Counts> for ErasureCounts {
    fn from(counts: Counts) -> Self {
        let Counts {
            contacts,
            conversations,
            messages,
            journey,
            events,
            attachments,
            addresses,
            identifiers,
            attributes,
            tags,
            notes,
            consents,
        } = counts;
        Self { contacts, conversations, messages, journey, events, attachments, addresses, identifiers, attributes, tags, notes, consents }
    }
}

impl From<Preview> for ErasurePreview {
    fn from(preview: Preview) -> Self {
        let stays = ErasureStays {
            suppression_hashes: preview.suppressed,
            certificate: true,
            webhooks_told: preview.webhooks,
            unfinished_imports: preview.imports,
        };
        Self { goes: preview.goes.into(), stops: preview.stops, stays }
    }
}

/// Whether anything is left but what stays by right.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErasureState {
    /// Nothing leads to the person any more; the disk may still hold bytes of before.
    Pending,
    /// Nothing is left but what `suppression_hashes`, `webhooks_told` and `unfinished_imports` count.
    Done,
}

/// The certificate of an erasure.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
pub(crate) struct Certificate {
    /// Its id.
    #[schemars(with = "Id")]
    id: String,
    /// Whether anything is left but what stays by right.
    state: ErasureState,
    /// When it was asked for.
    at: Time,
    /// Who asked for it.
    by: By,
    /// The erasure of many that it is one of.
    bulk: Option<String>,
    /// Since when it is `done`.
    done_at: Option<Time>,
    /// A salted hash of the contact's id.
    contact_hash: String,
    /// What was erased.
    counts: ErasureCounts,
    /// Salted hashes that stay, because the person did not want to be written to.
    suppression_hashes: u64,
    /// Rows elsewhere that named them, and went or name nobody now.
    rows: u64,
    /// Files that only they had, and went.
    files: u64,
    /// Webhooks that were told of it: the contact's bare id stayed in what waited for them and in their log of deliveries.
    webhooks_told: u64,
    /// Imports that had their file when the contact went: it may name the person, and stays until they are done, taken back or forgotten.
    unfinished_imports: u64,
}

impl Certificate {
    pub(crate) async fn of(handle: &Handle, erasure: Erasure) -> Self {
        let (state, done_at) = match erasure.progress {
            Progress::Done { since } => (ErasureState::Done, Some(since.into())),
            Progress::Asked { .. } | Progress::Sweeping { .. } | Progress::Compacting { .. } => (ErasureState::Pending, None),
        };
        Self {
            id: erasure.id,
            state,
            at: erasure.at.into(),
            by: By::of(handle, &erasure.by).await,
            bulk: erasure.of,
            done_at,
            contact_hash: erasure.hash,
            counts: erasure.counts.into(),
            suppression_hashes: erasure.suppressed,
            rows: erasure.rows,
            files: erasure.files,
            webhooks_told: erasure.webhooks,
            unfinished_imports: erasure.imports,
        }
    }
}

/// Erases, or says what that would do; for the command line as well.
pub(crate) async fn carry_out(handle: &Handle, contact: ContactId, preview: bool, by: model::Actor) -> Result<Erased, WriteError> {
    if preview {
        let preview = handle.erase_preview(contact).await.ok_or(WriteError::NotFound)?;
        return Ok(Erased { preview: Some(preview.into()), erasure: None });
    }
    let erasure = handle.erase(contact, by).await?;
    Ok(Erased { preview: None, erasure: Some(Certificate::of(handle, erasure).await) })
}

/// `POST /api/v1/contacts/{contact}/erase`
pub(crate) async fn erase(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    Body(How { preview }): Body<How>,
) -> Result<axum::Json<Erased>, Problem> {
    let erased = carry_out(&server.handle, contact, preview, caller.actor()).await;
    erased.map(axum::Json).map_err(|error| match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    })
}

/// `GET /api/v1/erasures/{erasure}`
pub(crate) async fn certificate(
    _: Caller<ContactsRead>,
    In(erasure): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Certificate>, Problem> {
    let found = server.handle.erasure(&erasure).await.ok_or_else(Problem::not_found)?;
    Ok(axum::Json(Certificate::of(&server.handle, found).await))
}

/// Which certificates.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichErasures {
    /// Those of this erasure of many: `aud_…`.
    #[schemars(length(max = 64))]
    bulk: Option<String>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    cursor: Option<String>,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// A page of certificates.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErasurePage {
    /// The newest first.
    erasures: Vec<Certificate>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    /// How many there are, all told.
    total: u64,
    /// How many of them are `pending`.
    pending: u64,
}

/// `GET /api/v1/erasures`
pub(crate) async fn certificates(
    _: Caller<ContactsRead>,
    Asked(WhichErasures { bulk, cursor, limit }): Asked<WhichErasures>,
    State(server): State<Shared>,
) -> Result<axum::Json<ErasurePage>, Problem> {
    let limit = Page { cursor: None, limit }.limit()?;
    let page = listed(&server.handle, bulk, cursor, limit).await?;
    let bad = || Problem::new(http::StatusCode::BAD_REQUEST, "bad_query", "the cursor is not of this list; begin without one");
    page.map(axum::Json).ok_or_else(bad)
}

/// A page of certificates, for the command line as well; none if the cursor is not of this list.
pub(crate) async fn listed(
    handle: &Handle,
    bulk: Option<String>,
    cursor: Option<String>,
    limit: usize,
) -> Result<Option<ErasurePage>, WriteError> {
    let Some(Certificates { page, next: next_cursor, total, pending }) = handle.certificates(bulk, cursor, limit).await? else {
        return Ok(None);
    };
    let mut erasures = Vec::with_capacity(page.len());
    for erasure in page {
        erasures.push(Certificate::of(handle, erasure).await);
    }
    Ok(Some(ErasurePage { erasures, next_cursor, total, pending }))
}

/// Everything that is kept about a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContactData {
    /// The contact.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// When it was written down.
    exported_at: Time,
    /// Who they are: attributes, tags, status, identifiers, addresses, consents, notes, segments.
    profile: Any,
    /// Their conversations with every message.
    conversations: Vec<Any>,
    /// What is under way: runs with their variables, timers, what came and is not handled yet, calls to the outside.
    waiting: Any,
    /// What happened, oldest first.
    journey: Vec<Any>,
    /// Recorded events, oldest first.
    events: Vec<Any>,
    /// The files of their messages.
    attachments: Vec<Any>,
}

/// `GET /api/v1/contacts/{contact}/data`
pub(crate) async fn data(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<ContactData>, Problem> {
    let personal::Data { contact, profile, conversations, waiting, journey, events, attachments } =
        personal::of(&server.handle, contact).await?.ok_or_else(no_contact)?;
    let all = |values: Vec<serde_json::Value>| values.into_iter().map(Any).collect();
    Ok(axum::Json(ContactData {
        contact,
        exported_at: server.handle.now().into(),
        profile: Any(profile),
        conversations: all(conversations),
        waiting: Any(waiting),
        journey: all(journey),
        events: all(events),
        attachments: all(attachments),
    }))
}

//! Two contacts that are one person: a look at what a merge would come to, the merge, its undoing, and who else may be the same person.

use super::{
    asked::{Asked, Body, In, InPath, InTwo, Nothing, no_contact},
    caller::{Caller, ContactsRead, ContactsWrite},
    openapi::{Any, Api, ContactRef, Id, Time, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use model::{ContactId, MergeId, Value};
use runtime::{Duplicate, Handle, MergeField, MergePreview, MergeWinner, Scope, WriteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The routes.
pub(super) fn routes(api: Api) -> Api {
    let merge = about("mergeContacts", "Make one contact of two")
        .says(
            "The contact of the path survives. Conversations with everything that runs in them, addresses, identifiers, tags, lists and notes \
             go over, counters add, the survivor's values win unless they are empty, and of consents and stages the more restrictive one holds. \
             The other id leads to the survivor for good. With `preview` nothing changes: the answer says what would become of every field. A \
             preview needs contacts:read.",
        )
        .leads_to(200, "/contacts/{contact}/merges/{merge}", "/merge")
        .also(Scope::ContactsRead, "for a preview")
        .refuses(404, "no_contact", "one of the two does not exist")
        .refuses(422, "invalid", "they are one contact already, or cannot be one");
    let undo = about("undoMerge", "Make two contacts again of what a merge made one")
        .says(
            "The other contact is again what it was, with the conversations it brought; what was done since stays with the survivor. What was \
             refused since (an opt-out, a consent taken back) holds for both. Merges into one survivor are undone from the last.",
        )
        .refuses(404, "no_merge", "this contact has no such merge")
        .refuses(422, "invalid", "it was undone already, or the survivor was merged again since: undo that merge first");
    let merges = about("listMerges", "List the merges that made a contact").refuses(404, "no_contact", "there is no such contact");
    let duplicates = about("listDuplicates", "List who else may be the same person")
        .says("Those known by the same id, e-mail address or phone number, verified or not, or by the same name and more; with why.")
        .refuses(404, "no_contact", "there is no such contact")
        .refuses(429, "busy", "too many look for people at once");
    api.post("/contacts/{contact}/merge", self::merge, merge)
        .get("/contacts/{contact}/merges", self::merges, merges)
        .post("/contacts/{contact}/merges/{merge}/undo", self::undo, undo)
        .get("/contacts/{contact}/duplicates", self::duplicates, duplicates)
}

impl InPath for MergeId {
    type Looks = Id;

    fn read(text: String) -> Result<Self, Problem> {
        text.parse().map_err(|_| no_merge())
    }
}

fn no_merge() -> Problem {
    Problem::new(http::StatusCode::NOT_FOUND, "no_merge", "this contact has no such merge; GET …/merges lists them")
}

/// The other contact.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MergeContacts")]
pub(crate) struct With {
    /// The contact that is merged into the one of the path.
    #[schemars(with = "ContactRef")]
    with: String,
    /// Only say what would become of them.
    #[serde(default)]
    preview: bool,
}

/// What a merge comes to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergedContacts")]
pub(crate) struct Merged {
    /// The survivor.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// The merge, by which it can be undone; null in a preview.
    #[schemars(with = "Option<Id>")]
    merge: Option<MergeId>,
    /// What would become of them, if only that was asked for.
    preview: Option<Shown>,
}

/// What a merge would come to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergePreview")]
pub(crate) struct Shown {
    /// The survivor.
    keep: Side,
    /// The other one.
    other: Side,
    /// Every field that one of them has.
    fields: Vec<ShownField>,
    /// Tags afterwards.
    tags: Vec<String>,
    /// Static segments afterwards.
    lists: Vec<String>,
    /// Where the person can be found afterwards.
    addresses: Vec<String>,
    /// What names the person afterwards.
    identifiers: Vec<ShownIdentifier>,
    /// Consents afterwards.
    consents: Vec<ShownConsent>,
    /// How many conversations go over, with everything that runs in them.
    conversations: usize,
    /// How many notes there are afterwards.
    notes: usize,
    /// What to look at before.
    warnings: Vec<String>,
}

/// One of the two.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergeSide")]
pub(crate) struct Side {
    /// Who.
    #[schemars(with = "ContactRef")]
    id: ContactId,
    /// What they are called.
    name: String,
}

/// A field of both, and what it will be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergeField")]
pub(crate) struct ShownField {
    /// Its name.
    name: String,
    /// The survivor's value.
    keep: Option<Any>,
    /// The other one's.
    other: Option<Any>,
    /// What holds afterwards.
    after: Option<Any>,
    /// Whose that is.
    winner: ShownWinner,
}

/// Whose value holds.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MergeWinner")]
pub(crate) enum ShownWinner {
    /// The survivor's.
    Keep,
    /// The other one's.
    Other,
    /// Both say the same.
    Same,
    /// Both count: a sum, the earlier or the later of two times.
    Both,
}

/// A preview, as the command line shows it too.
pub(crate) fn shown(preview: MergePreview) -> serde_json::Value {
    serde_json::to_value(Shown::of(preview)).expect("a preview is plain data")
}

/// What names the person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergeIdentifier")]
pub(crate) struct ShownIdentifier {
    /// `external`, `email` or `phone`.
    kind: &'static str,
    /// The value.
    value: String,
    /// Whether it was proven.
    verified: bool,
}

/// A consent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MergeConsent")]
pub(crate) struct ShownConsent {
    /// To what, with `@channel` if it is for one channel alone.
    topic: String,
    /// Whether they agreed.
    given: bool,
}

impl Shown {
    fn of(preview: MergePreview) -> Self {
        let MergePreview { keep, other, names, fields, tags, lists, addresses, identifiers, consents, conversations, notes, warnings } =
            preview;
        Self {
            keep: Side { id: keep, name: names.0 },
            other: Side { id: other, name: names.1 },
            fields: fields.into_iter().map(ShownField::of).collect(),
            tags,
            lists,
            addresses,
            identifiers: identifiers
                .into_iter()
                .map(|(kind, value, verified)| ShownIdentifier { kind: kind.name(), value, verified })
                .collect(),
            consents: consents.into_iter().map(|(topic, given)| ShownConsent { topic, given }).collect(),
            conversations,
            notes,
            warnings,
        }
    }
}

impl ShownField {
    fn of(MergeField { name, keep, other, after, winner }: MergeField) -> Self {
        let shown = |value: Option<Value>| value.map(|value| Any(value.to_json()));
        let winner = match winner {
            MergeWinner::Keep => ShownWinner::Keep,
            MergeWinner::Other => ShownWinner::Other,
            MergeWinner::Same => ShownWinner::Same,
            MergeWinner::Both => ShownWinner::Both,
        };
        Self { name, keep: shown(keep), other: shown(other), after: shown(after), winner }
    }
}

/// `POST /api/v1/contacts/{contact}/merge`: the contact survives, the other one becomes part of it.
pub(crate) async fn merge(
    caller: Caller<ContactsWrite>,
    In(contact): In<ContactId>,
    State(server): State<Shared>,
    Body(With { with, preview }): Body<With>,
) -> Result<axum::Json<Merged>, Problem> {
    let other: ContactId = with.parse().map_err(|_| no_contact())?;
    if preview {
        caller.must(Scope::ContactsRead)?;
        let preview = server.handle.preview_merge(contact, other).await.map_err(refused)?;
        return Ok(axum::Json(Merged { contact: preview.keep, merge: None, preview: Some(Shown::of(preview)) }));
    }
    let merge = server.handle.merge(contact, other, caller.actor()).await.map_err(refused)?;
    let contact = server.handle.stands_for(contact).await?.ok_or_else(no_contact)?;
    Ok(axum::Json(Merged { contact, merge: Some(merge), preview: None }))
}

fn refused(error: WriteError) -> Problem {
    match error {
        WriteError::NotFound => no_contact(),
        error => error.into(),
    }
}

/// The merges that made a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MergeList {
    /// The merges, newest first.
    merges: Vec<OneMerge>,
}

/// A merge.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Merge")]
pub(crate) struct OneMerge {
    /// Its id.
    #[schemars(with = "Id")]
    id: MergeId,
    /// The contact that survived it.
    #[schemars(with = "ContactRef")]
    into: ContactId,
    /// The contact that was merged into it.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// What it was called.
    name: String,
    /// When.
    at: Time,
    /// Why, if it happened by itself; null if somebody asked for it.
    why: Option<String>,
}

/// `GET /api/v1/contacts/{contact}/merges`: what it was made of.
pub(crate) async fn merges(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<MergeList>, Problem> {
    let person = server.handle.person(contact).await?.ok_or_else(no_contact)?;
    let mut ids: Vec<MergeId> = person.contact.absorbed.iter().map(|one| one.merge).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut merges = Vec::new();
    for id in ids.into_iter().rev() {
        merges.extend(server.handle.merge_record(id).await?.map(|record| OneMerge {
            id,
            into: record.keep,
            contact: record.other,
            name: record.other_before.display_name(),
            at: Time(record.at),
            why: Some(record.why).filter(|why| !why.is_empty()),
        }));
    }
    Ok(axum::Json(MergeList { merges }))
}

/// Two contacts that are two again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PartedContacts {
    /// The survivor.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// The one that is somebody again.
    #[schemars(with = "ContactRef")]
    other: ContactId,
}

/// `POST /api/v1/contacts/{contact}/merges/{merge}/undo`: two again.
pub(crate) async fn undo(
    caller: Caller<ContactsWrite>,
    InTwo(contact, merge): InTwo<ContactId, MergeId>,
    State(server): State<Shared>,
) -> Result<axum::Json<PartedContacts>, Problem> {
    let record = server.handle.merge_record(merge).await?.ok_or_else(no_merge)?;
    // An id opens only through the one it belongs to.
    if !is_of(&server.handle, contact, [record.keep, record.other]).await? {
        return Err(no_merge());
    }
    server.handle.undo_merge(merge, caller.actor()).await.map_err(|error| match error {
        WriteError::NotFound => no_merge(),
        error => error.into(),
    })?;
    Ok(axum::Json(PartedContacts { contact: record.keep, other: record.other }))
}

/// Whether a contact is one of the two, or the one they are part of now.
async fn is_of(handle: &Handle, contact: ContactId, of: [ContactId; 2]) -> Result<bool, WriteError> {
    if of.contains(&contact) {
        return Ok(true);
    }
    let stands_for = handle.stands_for(contact).await?;
    Ok(stands_for.is_some() && handle.stands_for(of[0]).await? == stands_for)
}

/// Who else may be the same person.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DuplicateList {
    /// The likeliest first.
    duplicates: Vec<OneDuplicate>,
}

/// A contact that may be the same person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Duplicate")]
pub(crate) struct OneDuplicate {
    /// Who.
    #[schemars(with = "ContactRef")]
    contact: ContactId,
    /// What they are called.
    name: String,
    /// What speaks for it.
    why: Vec<String>,
    /// What speaks against it.
    warnings: Vec<String>,
}

/// `GET /api/v1/contacts/{contact}/duplicates`: who else may be the same person.
pub(crate) async fn duplicates(
    _: Caller<ContactsRead>,
    In(contact): In<ContactId>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<DuplicateList>, Problem> {
    let found = server.handle.duplicates(contact).await?.ok_or_else(no_contact)?;
    let shown = |Duplicate { person, why, warnings }: Duplicate| OneDuplicate {
        contact: person.contact.id,
        name: person.contact.display_name(),
        why,
        warnings,
    };
    Ok(axum::Json(DuplicateList { duplicates: found.into_iter().map(shown).collect() }))
}

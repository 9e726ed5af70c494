//! A change of everybody for whom a condition holds, or their erasure: counted first, then carried out contact by contact.
//!
//! A condition can ask for anything about contacts, and how many it is for, or who is changed by it, answers that: all of this takes the
//! right to see them.

use super::{
    asked::{Asked, Body, In, Nothing},
    caller::{Caller, ContactsRead, ContactsWrite},
    erase::ErasureCounts,
    notes::By,
    openapi::{Answer, Api, Condition, ContactRef, Operation, Taken, Time, about},
    segments::{ConditionFault, read_condition},
};
use crate::{
    bulk::{Toll, Wanted, changes, others, toll},
    problem::Problem,
    state::Shared,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use model::{ContactId, Occasion};
use runtime::{Audience, Handle, Scope, Stage, Whom};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// When the right to see contacts is needed.
const SEES: &str = "always: a condition can ask for anything about contacts";

/// The routes of changes of many.
pub(super) fn routes(api: Api) -> Api {
    let change = about("changeContacts", "Change many contacts")
        .says(
            "Tags, attributes and lists of everybody for whom a condition holds, those who opted out as well. With `dry_run` they are only \
             counted. Who is changed is settled when this is answered; each change is a step of its contact, with its journey. It goes on \
             after a restart.",
        )
        .leads_to(202, "/bulk/{job}", "/id")
        .also(Scope::ContactsRead, SEES)
        .also(Scope::SegmentsWrite, "with `add_to` or `remove_from`")
        .refuses(422, "condition", "the condition says something impossible")
        .refuses(429, "busy", "too many ask of everybody at once");
    let erase = about("eraseContacts", "Erase many contacts")
        .says(
            "Takes away everything about everybody for whom a condition holds, as `POST /contacts/{contact}/erase` does for one. First with \
             `dry_run`: the answer says how many they are, and of up to 1,000 what goes and what must stay. Then with `confirm`, which is that \
             number, and `people` as the answer said it: whoever was not counted is not erased. It goes on after a restart; `GET \
             /erasures?bulk={job}` lists the certificates.",
        )
        .leads_to(202, "/bulk/{job}", "/id")
        .also(Scope::ContactsRead, SEES)
        .refuses(409, "count", "it does not hold for those who were counted now; `found` says for how many")
        .refuses(422, "condition", "the condition says something impossible")
        .refuses(429, "busy", "too many ask of everybody at once");
    let show = about("getBulkChange", "Read how far something done to many is");
    api.post("/contacts/bulk", self::change, change).post("/contacts/bulk-erase", self::erase, erase).get("/bulk/{job}", self::show, show)
}

/// A change of many.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkChange {
    /// Whom: a condition.
    #[serde(rename = "where")]
    condition: Condition,
    /// What is done to each.
    change: Wanted,
    /// Whether they are only counted.
    #[serde(default)]
    dry_run: bool,
}

/// How many a change is for.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkCount {
    /// How many contacts.
    found: u64,
    /// What is odd about the condition, such as a tag that nobody has.
    warnings: Vec<ConditionFault>,
}

/// Something done to many, and how far it is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkJob {
    /// Its id.
    id: String,
    /// What is done: `change` or `erase`.
    kind: String,
    /// Whom it is for, in its canonical form.
    #[serde(rename = "where")]
    condition: String,
    /// Who asked for it.
    by: By,
    /// How far it is: `finding`, `changing`, `erasing`, `done` or `failed`.
    stage: String,
    /// Why it could not be carried out.
    why: Option<String>,
    /// Contacts found so far.
    found: u64,
    /// Contacts changed, or gone.
    done: u64,
    /// Contacts who could not be changed; of an erasure those who became part of somebody else meanwhile.
    failed: u64,
    /// When it was asked for.
    at: Time,
    /// When it was over.
    ended: Option<Time>,
}

impl BulkJob {
    async fn of(handle: &Handle, audience: &Audience) -> Self {
        let erases = audience.what == Occasion::Erase;
        let (stage, why) = match &audience.stage {
            Stage::Finding { .. } => ("finding", None),
            Stage::Reaching if erases => ("erasing", None),
            Stage::Reaching => ("changing", None),
            Stage::Done => ("done", None),
            Stage::Failed(why) => ("failed", Some(why.clone())),
        };
        Self {
            id: audience.id.clone(),
            kind: if erases { "erase" } else { "change" }.to_owned(),
            condition: match &audience.whom {
                Whom::Where(condition) => condition.clone(),
                Whom::One(_) | Whom::Identified(_) | Whom::Reachable => String::new(),
            },
            by: By::of(handle, &audience.by).await,
            stage: stage.to_owned(),
            why,
            found: audience.found,
            done: audience.reached,
            failed: audience.failed,
            at: audience.at.into(),
            ended: audience.done_at.map(Time::from),
        }
    }
}

/// They were counted, or they are being changed.
pub(crate) enum Changed {
    /// How many it would be.
    Counted(BulkCount),
    /// It goes on by itself.
    Begun(BulkJob),
}

impl Answer for Changed {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<BulkCount>(200, "So many it would be; nothing was changed.", &[]);
        operation.answers::<BulkJob>(202, "It was taken on and goes on by itself.", &["Location"]);
    }
}

impl IntoResponse for Changed {
    fn into_response(self) -> Response {
        match self {
            Self::Counted(count) => axum::Json(count).into_response(),
            Self::Begun(job) => {
                let place = format!("/bulk/{}", job.id);
                Taken { body: job, place }.into_response()
            }
        }
    }
}

/// `POST /api/v1/contacts/bulk`
pub(crate) async fn change(
    caller: Caller<ContactsWrite>,
    State(server): State<Shared>,
    Body(BulkChange { condition, change, dry_run }): Body<BulkChange>,
) -> Result<Changed, Problem> {
    caller.must(Scope::ContactsRead)?;
    if change.is_of_lists() {
        caller.must(Scope::SegmentsWrite)?;
    }
    let changes = changes(&server.handle, &change).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why))?;
    let (read, warnings) = read_condition(&server.handle, &condition.0)?;
    if dry_run {
        let (_, found) = server.handle.select(&read, None, 0).await?;
        return Ok(Changed::Counted(BulkCount { found, warnings }));
    }
    let whom = server.handle.frozen(&read).await?;
    let audience = server.handle.change_all(whom, changes, caller.actor()).await?;
    Ok(Changed::Begun(BulkJob::of(&server.handle, &audience).await))
}

/// Who is to be erased.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseMany {
    /// Whom: a condition.
    #[serde(rename = "where")]
    condition: Condition,
    /// Only say how many they are, what goes and what must stay.
    #[serde(default)]
    dry_run: bool,
    /// How many it was counted to hold for; without it nobody is erased.
    #[serde(default)]
    confirm: Option<u64>,
    /// Who was counted, as `people` of that answer says it; without it nobody is erased.
    #[serde(default)]
    #[schemars(length(max = 128))]
    people: Option<String>,
}

/// What erasing many would take away, and what would stay.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkErasePreview {
    /// How many contacts.
    found: u64,
    /// Who they are: other people have another one.
    people: String,
    /// Some of them.
    sample: Vec<ToErase>,
    /// What goes, of all of them together; null beyond 1,000 contacts.
    goes: Option<ErasureCounts>,
    /// Runs, timers, messages and calls that wait, requests for a human: they stop; null beyond 1,000 contacts.
    stops: Option<u64>,
    /// Salted hashes that stay, of those who do not want to be written to; null beyond 1,000 contacts.
    suppression_hashes: Option<u64>,
    /// Webhooks that are told of each: the bare ids stay in what waits for them and in their log of deliveries.
    webhooks_told: u64,
    /// Imports that have their file: it may name them, and stays until they are done, taken back or forgotten.
    unfinished_imports: u64,
    /// What is odd about the condition, such as a tag that nobody has.
    warnings: Vec<ConditionFault>,
}

/// One of those who would be erased.
#[derive(Serialize, JsonSchema)]
struct ToErase {
    /// Who.
    #[schemars(with = "ContactRef")]
    id: ContactId,
    /// What they are called.
    name: String,
}

impl From<Toll> for BulkErasePreview {
    fn from(toll: Toll) -> Self {
        let Toll { found, people, sample, sum, lingering } = toll;
        let sample = sample.into_iter().map(|(id, name)| ToErase { id, name }).collect();
        let sum = sum.as_ref();
        Self {
            found,
            people,
            sample,
            goes: sum.map(|sum| sum.goes.into()),
            stops: sum.map(|sum| sum.stops),
            suppression_hashes: sum.map(|sum| sum.suppressed),
            webhooks_told: lingering.webhooks,
            unfinished_imports: lingering.imports,
            warnings: Vec::new(),
        }
    }
}

/// They were counted, or they are being erased.
pub(crate) enum ErasedMany {
    /// What it would come to.
    Counted(BulkErasePreview),
    /// It goes on by itself.
    Begun(BulkJob),
}

impl Answer for ErasedMany {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<BulkErasePreview>(200, "This is what it would come to; nobody was erased.", &[]);
        operation.answers::<BulkJob>(202, "It was taken on and goes on by itself.", &["Location"]);
    }
}

impl IntoResponse for ErasedMany {
    fn into_response(self) -> Response {
        match self {
            Self::Counted(preview) => axum::Json(preview).into_response(),
            Self::Begun(job) => Changed::Begun(job).into_response(),
        }
    }
}

/// `POST /api/v1/contacts/bulk-erase`
pub(crate) async fn erase(
    caller: Caller<ContactsWrite>,
    State(server): State<Shared>,
    Body(EraseMany { condition, dry_run, confirm, people }): Body<EraseMany>,
) -> Result<ErasedMany, Problem> {
    caller.must(Scope::ContactsRead)?;
    let (read, warnings) = read_condition(&server.handle, &condition.0)?;
    if dry_run {
        return Ok(ErasedMany::Counted(BulkErasePreview { warnings, ..toll(&server.handle, &read).await?.into() }));
    }
    let (Some(confirm), Some(people)) = (confirm, people) else {
        return Err(Problem::invalid(
            "count them first, with dry_run, and send its found as confirm, its people as people: then they are erased",
        ));
    };
    let whom = server.handle.frozen(&read).await?;
    if let Some(why) = others(&whom, confirm, &people) {
        return Err(Problem::new(StatusCode::CONFLICT, "count", why).with("found", json!(whom.found())));
    }
    let audience = server.handle.erase_all(whom, caller.actor()).await?;
    Ok(ErasedMany::Begun(BulkJob::of(&server.handle, &audience).await))
}

/// `GET /api/v1/bulk/{job}`
pub(crate) async fn show(
    _: Caller<ContactsRead>,
    In(id): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<BulkJob>, Problem> {
    let all = server.handle.audiences().await;
    let of_many = |audience: &&Audience| matches!(audience.what, Occasion::Change { .. } | Occasion::Erase);
    let found = all.iter().find(|audience| audience.id == id && of_many(audience)).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(BulkJob::of(&server.handle, found).await))
}

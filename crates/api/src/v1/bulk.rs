//! A change of everybody for whom a condition holds: counted first, then carried out contact by contact.

use super::{
    asked::{Asked, Body, In, Nothing},
    caller::{Caller, ContactsRead, ContactsWrite},
    openapi::{Answer, Api, Condition, Operation, Taken, Time, about},
};
use crate::{
    bulk::{Wanted, changes},
    problem::Problem,
    state::Shared,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use expr::Condition as Read;
use http::StatusCode;
use model::Occasion;
use runtime::{Audience, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The routes of changes of many.
pub(super) fn routes(api: Api) -> Api {
    let change = about("changeContacts", "Change many contacts")
        .says(
            "Tags, attributes and lists of everybody for whom a condition holds, those who opted out as well. With `dry_run` they are only \
             counted. Each change is a step of its contact, with its journey.",
        )
        .refuses(422, "condition", "the condition says something impossible")
        .refuses(429, "busy", "too many ask of everybody at once");
    api.post("/contacts/bulk", self::change, change).get("/bulk/{job}", show, about("getBulkChange", "Read how far a change of many is"))
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
}

/// A change of many, and how far it is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkJob {
    /// Its id.
    id: String,
    /// How far it is: `finding`, `changing`, `done` or `failed`.
    stage: String,
    /// Why it could not be carried out.
    why: Option<String>,
    /// Contacts found so far.
    found: u64,
    /// Contacts changed.
    done: u64,
    /// Contacts who could not be changed.
    failed: u64,
    /// When it was asked for.
    at: Time,
    /// When it was over.
    ended: Option<Time>,
}

impl From<&Audience> for BulkJob {
    fn from(audience: &Audience) -> Self {
        let (stage, why) = match &audience.stage {
            Stage::Finding { .. } => ("finding", None),
            Stage::Reaching => ("changing", None),
            Stage::Done => ("done", None),
            Stage::Failed(why) => ("failed", Some(why.clone())),
        };
        Self {
            id: audience.id.clone(),
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
    let changes = changes(&server.handle, &change).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why))?;
    let (read, _): (Read, _) = server.handle.read_condition(&condition.0)?;
    if dry_run {
        let (_, found) = server.handle.select(&read, None, 0).await?;
        return Ok(Changed::Counted(BulkCount { found }));
    }
    let audience = server.handle.change_all(&read.to_string(), changes, caller.actor()).await?;
    Ok(Changed::Begun(BulkJob::from(&audience)))
}

/// `GET /api/v1/bulk/{job}`
pub(crate) async fn show(
    _: Caller<ContactsRead>,
    In(id): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<BulkJob>, Problem> {
    let all = server.handle.audiences().await;
    let found = all.iter().find(|audience| audience.id == id && matches!(audience.what, Occasion::Change { .. }));
    found.map(|audience| axum::Json(BulkJob::from(audience))).ok_or_else(Problem::not_found)
}

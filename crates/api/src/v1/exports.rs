//! Exports: contacts as lines of a file, read while they are sent.
//!
//! **Invariant.** Only a whole file ends as one: where contacts cannot be read any more the transfer breaks off.

use super::{
    asked::Asked,
    caller::{Caller, ContactsRead},
    imports::Download,
    openapi::{Api, about},
};
use crate::{bulk, problem::Problem, state::Shared};
use axum::{body::Body, extract::State};
use crm::export::{Format, Lines};
use futures::{StreamExt as _, stream};
use http::StatusCode;
use model::ContactId;
use runtime::{Handle, WriteError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::vec;

/// Contacts read at once.
const PAGE: usize = 500;

/// The route of exports.
pub(super) fn routes(api: Api) -> Api {
    let export = about("exportContacts", "Download contacts")
        .says(
            "Everybody for whom a condition holds when the request is made, as CSV or JSONL. What a spreadsheet would run as a formula has \
             an apostrophe before it, which an import takes away again. A file that cannot be read to its end breaks off.",
        )
        .refuses(422, "condition", "the condition says something impossible")
        .refuses(422, "invalid", "there is no such column")
        .refuses(429, "busy", "too many ask of everybody at once");
    api.get("/contacts/export", self::export, export)
}

/// Whom to export, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// A condition; everybody without one.
    #[serde(rename = "where")]
    #[schemars(length(max = 16384))]
    condition: Option<String>,
    /// How the file is written; `csv` if nothing is said.
    #[serde(default)]
    format: ExportFormat,
    /// Columns with commas between them; everything that an import reads if nothing is said.
    #[schemars(length(max = 8192))]
    columns: Option<String>,
}

/// How a file is written.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportFormat {
    /// A table.
    #[default]
    Csv,
    /// A JSON object to a line.
    Jsonl,
}

/// `GET /api/v1/contacts/export`
pub(crate) async fn export(
    _: Caller<ContactsRead>,
    Asked(Which { condition, format, columns }): Asked<Which>,
    State(server): State<Shared>,
) -> Result<Download, Problem> {
    let format = match format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Jsonl => Format::Jsonl,
    };
    let names: Vec<String> = columns.iter().flat_map(|all| all.split(',')).map(|name| name.trim().to_owned()).collect();
    let columns = bulk::columns(&server.handle, &names).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why))?;
    let whom = match condition {
        Some(text) => {
            let (condition, _) = server.handle.read_condition(&json!(text))?;
            // Whoever it is for is settled now; what is known of them is read as it is sent.
            let (everybody, _) = server.handle.select(&condition, None, usize::MAX).await?;
            Whom::These(everybody.ids.into_iter())
        }
        None => Whom::Everybody(Some(None)),
    };
    let lines = Lines::new(format, columns);
    let head = stream::iter([Ok(lines.head())]);
    let rest = stream::try_unfold((server.handle.clone(), whom, lines), next_lines);
    let name = format!("contacts.{}", if format == Format::Csv { "csv" } else { "jsonl" });
    Ok(Download { name, media_type: format.media_type(), body: Body::from_stream(head.chain(rest)) })
}

/// Who is still to be read.
enum Whom {
    These(vec::IntoIter<ContactId>),
    /// Everybody after one of them; nobody any more.
    Everybody(Option<Option<ContactId>>),
}

type Reading = (Handle, Whom, Lines);

async fn next_lines((handle, mut whom, lines): Reading) -> Result<Option<(Vec<u8>, Reading)>, WriteError> {
    let people = match &mut whom {
        Whom::These(ids) => {
            let page: Vec<ContactId> = ids.by_ref().take(PAGE).collect();
            if page.is_empty() {
                return Ok(None);
            }
            handle.people_of(page).await?
        }
        Whom::Everybody(next) => {
            let Some(after) = *next else { return Ok(None) };
            let people = handle.people(after, PAGE).await?;
            *next = people.last().map(|person| Some(person.contact.id));
            people
        }
    };
    let bytes = people.iter().filter(|person| !person.contact.is_merged_away()).flat_map(|person| lines.line(&person.contact)).collect();
    Ok(Some((bytes, (handle, whom, lines))))
}

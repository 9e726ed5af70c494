//! Imports, exports and changes of many, for the command line.

use super::ControlError;
use crate::{
    bulk,
    v1::{ImportShown, read_condition},
};
use crm::{
    export::{Format, Lines},
    import::{Kind, Options},
};
use model::{Actor, ContactId};
use runtime::{Handle, Import, ImportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::{fs::File, path::PathBuf};

/// What is asked about imports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImportAsk {
    /// Puts a file of this machine down, to be looked at.
    Upload {
        /// Where it is.
        path: PathBuf,
        /// What it is called.
        name: String,
        /// What it tells of.
        #[serde(default)]
        kind: Kind,
    },
    /// Reads every row and changes nothing.
    Check {
        /// The import.
        id: String,
        /// What is wanted of it.
        options: Options,
    },
    /// Carries it out.
    Run {
        /// The import.
        id: String,
        /// What is wanted of it.
        options: Options,
    },
    /// How far it is.
    Show {
        /// The import.
        id: String,
    },
    /// All that are remembered.
    List {},
    /// Stops it.
    Stop {
        /// The import.
        id: String,
    },
    /// Takes back what it did.
    Undo {
        /// The import.
        id: String,
    },
    /// Rows that were wrong.
    Errors {
        /// The import.
        id: String,
        /// How many to leave out.
        skip: usize,
        /// At most this many.
        limit: usize,
    },
    /// Forgets it.
    Forget {
        /// The import.
        id: String,
    },
}

/// A page of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportAsk {
    /// Whom; everybody if absent.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// Columns by name; the usual ones if there are none.
    #[serde(default)]
    pub columns: Vec<String>,
    /// How it is written.
    #[serde(default)]
    pub format: Format,
    /// The last contact of the page before.
    #[serde(default)]
    pub after: Option<ContactId>,
    /// At most this many contacts.
    pub limit: usize,
}

/// A change of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkAsk {
    /// Whom.
    #[serde(rename = "where")]
    pub condition: String,
    /// What is done to each.
    pub what: bulk::Wanted,
    /// Whether to do it; otherwise it is only counted.
    #[serde(default)]
    pub apply: bool,
}

/// Lines of one page of an export.
const LINES: usize = 5_000;
/// Rows of one page of errors.
const ROWS: usize = 500;

pub(super) async fn imports(handle: &Handle, ask: ImportAsk) -> Result<Json, ControlError> {
    let by = Actor::Api("command line".into());
    Ok(match ask {
        ImportAsk::Upload { path, name, kind } => {
            let mut upload = handle.upload(&name)?.of(kind);
            let copied = tokio::task::spawn_blocking(move || {
                let copied = File::open(&path).map_err(|error| {
                    ImportError::Invalid(format!(
                        "the server cannot read {}: {error}; it must be a file of the server's machine",
                        path.display()
                    ))
                });
                match copied.and_then(|file| upload.copy(file)) {
                    Ok(()) => Ok(upload),
                    Err(error) => {
                        upload.abandon();
                        Err(error)
                    }
                }
            });
            let upload = copied.await.map_err(|_| ImportError::Unavailable)??;
            shown(&handle.uploaded(upload, by).await?)
        }
        ImportAsk::Check { id, options } => shown(&handle.check_import(&id, options).await?),
        ImportAsk::Run { id, options } => shown(&handle.run_import(&id, options).await?),
        ImportAsk::Show { id } => shown(&handle.import(&id).await?),
        ImportAsk::List {} => json!({ "imports": handle.imports().await?.iter().map(shown).collect::<Vec<_>>() }),
        ImportAsk::Stop { id } => {
            handle.stop_import(&id).await?;
            json!({})
        }
        ImportAsk::Undo { id } => shown(&handle.undo_import(&id, by).await?),
        ImportAsk::Errors { id, skip, limit } => {
            json!({ "rows": handle.wrong_rows(&id, skip, limit.min(ROWS)).await? })
        }
        ImportAsk::Forget { id } => {
            handle.forget_import(&id).await?;
            json!({})
        }
    })
}

/// An import as the HTTP API tells it.
pub fn told(import: Import) -> Json {
    serde_json::to_value(ImportShown::from(import)).expect("an import is plain data")
}

fn shown(import: &Import) -> Json {
    serde_json::to_value(import).expect("an import is plain data")
}

pub(super) async fn export(handle: &Handle, ask: ExportAsk) -> Result<Json, ControlError> {
    let ExportAsk { condition, columns, format, after, limit } = ask;
    let columns = bulk::columns(handle, &columns).map_err(ControlError::Segments)?;
    let lines = Lines::new(format, columns);
    let limit = limit.clamp(1, LINES);
    let (people, next, warnings) = match condition {
        Some(text) => {
            let (condition, odd) = read_condition(handle, &json!(text)).map_err(super::segments::refused)?;
            let (page, _) = handle.select(&condition, after, limit).await.map_err(super::segments::refused)?;
            (handle.people_of(page.ids).await?, page.next, odd)
        }
        None => {
            let people = handle.people(after, limit).await?;
            let last = people.last().map(|person| person.contact.id).filter(|_| people.len() == limit);
            (people, last, Vec::new())
        }
    };
    let mut text = if after.is_none() { lines.head() } else { Vec::new() };
    for person in people.iter().filter(|person| !person.contact.is_merged_away()) {
        text.extend(lines.line(&person.contact));
    }
    Ok(json!({ "text": String::from_utf8_lossy(&text), "next": next, "contacts": people.len(), "warnings": warnings }))
}

/// Erases everybody for whom a condition holds, or says what that comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseManyAsk {
    /// Whom.
    #[serde(rename = "where")]
    pub condition: String,
    /// How many they were counted to be; without it it is only said what it comes to.
    #[serde(default)]
    pub confirm: Option<u64>,
    /// Who they were then, as the count said it; nobody is erased without it.
    #[serde(default)]
    pub people: Option<String>,
}

pub(super) async fn erase_many(handle: &Handle, ask: EraseManyAsk) -> Result<Json, ControlError> {
    let EraseManyAsk { condition, confirm, people } = ask;
    let (read, warnings) = read_condition(handle, &json!(condition)).map_err(super::segments::refused)?;
    let Some(confirm) = confirm else {
        let toll = bulk::toll(handle, &read).await.map_err(super::segments::refused)?;
        let sample: Vec<Json> = toll.sample.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
        let sum = toll.sum.map(|sum| {
            let stays = json!({
                "suppression_hashes": sum.suppressed, "certificate": true, "webhooks_told": sum.webhooks, "unfinished_imports": sum.imports,
            });
            json!({ "goes": sum.goes, "stops": sum.stops, "stays": stays })
        });
        return Ok(json!({
            "found": toll.found, "people": toll.people, "sample": sample, "preview": sum,
            "webhooks_told": toll.lingering.webhooks, "unfinished_imports": toll.lingering.imports, "warnings": warnings,
        }));
    };
    let whom = handle.frozen(&read).await.map_err(super::segments::refused)?;
    if let Some(why) = bulk::others(&whom, confirm, people.as_deref().unwrap_or_default()) {
        return Err(ControlError::Segments(why));
    }
    let audience = handle.erase_all(whom, Actor::Api("contacts erase".into())).await?;
    Ok(json!({ "found": confirm, "id": audience.id, "done": audience.reached, "failed": audience.failed, "at_rest": handle.is_at_rest() }))
}

pub(super) async fn bulk(handle: &Handle, ask: BulkAsk) -> Result<Json, ControlError> {
    let BulkAsk { condition, what, apply } = ask;
    let changes = bulk::changes(handle, &what).map_err(ControlError::Segments)?;
    let (read, warnings) = read_condition(handle, &json!(condition)).map_err(super::segments::refused)?;
    if !apply {
        let (_, found) = handle.select(&read, None, 0).await.map_err(super::segments::refused)?;
        return Ok(json!({ "found": found, "warnings": warnings }));
    }
    let whom = handle.frozen(&read).await.map_err(super::segments::refused)?;
    let found = whom.found();
    let audience = handle.change_all(whom, changes, Actor::Api("command line".into())).await?;
    Ok(json!({ "found": found, "id": audience.id, "done": audience.reached, "failed": audience.failed, "at_rest": handle.is_at_rest() }))
}

//! An import as it is told.

use super::options::Chosen;
use crate::v1::openapi::Time;
use crm::import::Shape;
use runtime::{Import, ImportState};
use schemars::JsonSchema;
use serde::Serialize;

/// An import.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Import")]
pub(crate) struct Shown {
    /// Its id.
    id: String,
    /// What the file tells of: `contacts` or `events`.
    kind: String,
    /// What the file is called.
    name: String,
    /// How far it is: `uploaded`, `checking`, `checked`, `asks`, `running`, `done`, `failed`, `stopped`, `undoing` or `undone`.
    state: String,
    /// What it asks (`asks`) or why it could not go on (`failed`).
    why: Option<String>,
    /// When it was uploaded.
    at: Time,
    /// When its rows began to be taken over.
    began: Option<Time>,
    /// When it ended.
    ended: Option<Time>,
    /// The size of the file in bytes.
    bytes: u64,
    /// How much of it was read.
    read: u64,
    /// The row up to which it is carried out, as a spreadsheet numbers it.
    row: u64,
    /// How its text is written.
    encoding: String,
    /// `csv` or `jsonl`.
    format: String,
    /// What stands between cells.
    delimiter: Option<String>,
    /// Its columns.
    columns: Vec<ImportColumn>,
    /// What was asked for when it was last checked or carried out; null before that.
    options: Option<Chosen>,
    /// What came of its rows, or would.
    counts: ImportCounts,
    /// Whether it can be carried out, still or again: its file is kept until it is done.
    has_file: bool,
    /// Whether its rows were only looked at when something was last done with it; of one that `stopped` or `failed`, that no row was
    /// taken over.
    dry: bool,
}

/// A column of a file.
#[derive(Serialize, JsonSchema)]
struct ImportColumn {
    /// Its name in the file.
    name: String,
    /// What it is by its name, of a file of events by its first cells as well; null if nothing is known about it, `-` if it is left out.
    field: Option<String>,
    /// What stands in its first cells.
    sample: Vec<String>,
}

/// Rows by what came of them.
#[derive(Serialize, JsonSchema)]
struct ImportCounts {
    /// Made a contact.
    created: u64,
    /// Changed one.
    updated: u64,
    /// Said what was so already.
    unchanged: u64,
    /// Were wrong.
    failed: u64,
    /// Contacts whom taking it back took away.
    removed: u64,
    /// Contacts who got back what they had.
    restored: u64,
    /// Contacts who were left as they are.
    kept: u64,
    /// Were recorded as events.
    recorded: u64,
    /// Contacts who were made for events of theirs.
    made: u64,
    /// Events that taking it back took out again.
    withdrawn: u64,
}

impl From<Import> for Shown {
    fn from(import: Import) -> Self {
        let counts = import.counts;
        let delimiter = match import.shape {
            Shape::Csv { delimiter, .. } => Some(delimiter.to_string()),
            Shape::Jsonl => None,
        };
        let asked = import.state != ImportState::Uploaded;
        Self {
            state: import.state.name().to_owned(),
            why: match &import.state {
                ImportState::Asks(fault) => Some(fault.to_string()),
                ImportState::Failed(why) => Some(why.clone()),
                _ => None,
            },
            id: import.id,
            kind: import.kind.name().to_owned(),
            name: import.name,
            at: import.at.into(),
            began: import.began.map(Time::from),
            ended: import.ended.map(Time::from),
            bytes: import.bytes,
            read: import.read,
            row: import.row,
            encoding: import.encoding.name().to_owned(),
            format: if delimiter.is_some() { "csv" } else { "jsonl" }.to_owned(),
            delimiter,
            columns: import.columns.into_iter().map(|c| ImportColumn { name: c.name, field: c.field, sample: c.sample }).collect(),
            options: asked.then(|| import.options.into()),
            counts: ImportCounts {
                created: counts.created,
                updated: counts.updated,
                unchanged: counts.unchanged,
                failed: counts.failed,
                removed: counts.removed,
                restored: counts.restored,
                kept: counts.kept,
                recorded: counts.recorded,
                made: counts.made,
                withdrawn: counts.withdrawn,
            },
            has_file: import.has_file,
            dry: import.dry,
        }
    }
}

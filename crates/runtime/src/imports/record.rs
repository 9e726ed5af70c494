//! What is known of an import, as it is stored.

use crm::import::{Encoding, Fault, Kind, Options, Shape};
use model::{Actor, Instant};
use serde::{Deserialize, Serialize};

/// The table of imports by id.
pub(crate) const TABLE: &str = "imports";
/// The table of contacts that imports changed: `ID/NUMBER`, a list of contact ids.
pub(crate) const LISTS: &str = "import_lists";

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// The file is here; nothing was done with it.
    Uploaded,
    /// Every row is read and nothing is changed.
    Checking,
    /// Every row was read; the counts say what an import would do.
    Checked,
    /// A date can be read in two ways: it has to be said how dates are written.
    Asks(Fault),
    /// Rows are taken over.
    Running,
    /// Every row was taken over or told as an error.
    Done,
    /// It could not go on.
    Failed(String),
    /// Somebody stopped it; what was taken over stays.
    Stopped,
    /// What it did is taken back.
    Undoing,
    /// What it did was taken back, as far as nobody had changed it.
    Undone,
}

impl ImportState {
    /// Whether something is being done.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Checking | Self::Running | Self::Undoing)
    }

    /// The name as it is shown.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Asks(_) => "asks",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
}

/// Rows by what came of them, or would come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Made a contact.
    pub created: u64,
    /// Changed one.
    pub updated: u64,
    /// Said what was so already.
    pub unchanged: u64,
    /// Were wrong.
    pub failed: u64,
    /// Contacts whom an undo took away again.
    #[serde(default)]
    pub removed: u64,
    /// Contacts whom an undo gave back what they had.
    #[serde(default)]
    pub restored: u64,
    /// Contacts whom an undo left as they are: somebody changed them since.
    #[serde(default)]
    pub kept: u64,
    /// Were recorded as events.
    #[serde(default)]
    pub recorded: u64,
    /// Contacts who were made for events of theirs.
    #[serde(default)]
    pub made: u64,
    /// Events that an undo took out again.
    #[serde(default)]
    pub withdrawn: u64,
}

impl Counts {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.created + self.updated + self.recorded + self.unchanged + self.failed
    }
}

/// A column as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its name in the file.
    pub name: String,
    /// The field it is by its name; none if nothing is known about it.
    pub field: Option<String>,
    /// What stands in its first cells.
    pub sample: Vec<String>,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// `imp_…`.
    pub id: String,
    /// What the file tells of.
    #[serde(default)]
    pub kind: Kind,
    /// What the file is called.
    pub name: String,
    /// When it came.
    pub at: Instant,
    /// Who brought it.
    pub by: Actor,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hex.
    pub digest: String,
    /// How its text is written.
    pub encoding: Encoding,
    /// How many places of its text cannot be read; a cell shows them as U+FFFD.
    #[serde(default, skip_serializing_if = "is_none")]
    pub broken: u64,
    /// What is between its cells.
    pub shape: Shape,
    /// Its columns.
    pub columns: Vec<Seen>,
    /// What was asked for last.
    #[serde(default)]
    pub options: Options,
    /// How far it is.
    pub state: ImportState,
    /// What came of its rows.
    #[serde(default)]
    pub counts: Counts,
    /// The last row up to which all are durable, or told as errors.
    #[serde(default)]
    pub row: u64,
    /// Up to which row it may have been carried out before it was broken off, whatever was written down of that; 0 if it never was.
    #[serde(default, skip_serializing_if = "is_none")]
    pub redone: u64,
    /// How much of the file was read, in bytes.
    #[serde(default)]
    pub read: u64,
    /// When the rows began to be taken over; contacts' ids are made of it.
    #[serde(default)]
    pub began: Option<Instant>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Instant>,
    /// How long the file of errors is, in bytes.
    #[serde(default)]
    pub errors: u64,
    /// How many lists of changed contacts there are.
    #[serde(default)]
    pub lists: u64,
    /// Whether its rows were only looked at.
    #[serde(default)]
    pub dry: bool,
    /// Whether the file is still here: it goes when every row was taken over, or what was taken over is taken back.
    #[serde(default)]
    pub has_file: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Import {
    /// Whether rows of it may have been carried out.
    pub(crate) fn has_begun(&self) -> bool {
        !self.dry && (self.row > 0 || self.redone > 0)
    }

    /// Whether rows that were not written down may have been carried out: it was broken off, and did not come so far again.
    pub(crate) fn may_be_further(&self) -> bool {
        self.row < self.redone
    }
}

/// Whether the file of an import may be there, by its record. One that cannot be read denies nothing.
pub(crate) fn keeps_file(record: &serde_json::Value) -> bool {
    #[derive(Deserialize)]
    struct Kept {
        #[serde(default)]
        has_file: bool,
    }
    Kept::deserialize(record).ok().is_none_or(|kept| kept.has_file)
}

//! What is wrong with a row, by row and column.

use serde::{Deserialize, Serialize};

/// The characters of a cell that are shown.
const SHOWN: usize = 80;

/// Of which kind a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The row as a whole: too many cells, no JSON.
    Row,
    /// A cell that is not what its column is.
    Cell,
    /// A day that can be read in two ways: the import has to be told.
    Dates,
    /// The key is blank, known already, unknown, or known of several contacts.
    Key,
    /// What a row of an import came to when it was carried out.
    Refused,
}

/// Something that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The row as a spreadsheet numbers it (the head of a table is 1), or the line of a JSONL file.
    pub row: u64,
    /// The column, by its name in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The beginning of the cell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cell: String,
    /// Of which kind it is.
    pub trouble: Trouble,
    /// What is wrong, in words.
    pub why: String,
}

impl Fault {
    /// About a whole row.
    pub fn row(row: u64, why: impl Into<String>) -> Self {
        Self { row, column: None, cell: String::new(), trouble: Trouble::Row, why: why.into() }
    }

    /// About a cell.
    pub fn cell(row: u64, column: &str, cell: &str, trouble: Trouble, why: impl Into<String>) -> Self {
        let mut shown: String = cell.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        if cell.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self { row, column: Some(column.to_owned()), cell: shown, trouble, why: why.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.column {
            Some(column) => write!(f, "row {}, column {column}: {}", self.row, self.why),
            None => write!(f, "row {}: {}", self.row, self.why),
        }
    }
}

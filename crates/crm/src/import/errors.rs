//! The file of errors: the rows that were wrong as they were, with what is wrong in a last column, to be corrected and imported again.

use super::{Cell, ERROR_COLUMN, Fault, Shape, Trouble, cell::disarm, neutralise};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// Writes wrong rows as lines.
#[derive(Clone, Debug)]
pub struct ErrorLines {
    shape: Shape,
    columns: Vec<String>,
}

impl ErrorLines {
    /// Lines of the shape and the columns of the file they come from.
    pub fn new(shape: Shape, mut columns: Vec<String>) -> Self {
        columns.truncate(width(columns.iter().map(String::as_str)));
        Self { shape, columns }
    }

    /// How the file's name ends.
    pub fn extension(&self) -> &'static str {
        if self.shape.is_jsonl() { "jsonl" } else { "csv" }
    }

    /// What comes before the first row.
    pub fn head(&self) -> Vec<u8> {
        let Shape::Csv { delimiter, .. } = self.shape else { return Vec::new() };
        let columns = self.columns.iter().filter(|name| *name != ERROR_COLUMN).map(|name| neutralise(name));
        let mut out = b"\xEF\xBB\xBF".to_vec();
        out.extend(record(delimiter, columns.chain([ERROR_COLUMN.into()])));
        out
    }

    /// A row with what is wrong with it.
    pub fn line(&self, cells: &[Cell], faults: &[Fault]) -> Vec<u8> {
        let why = |fault: &Fault| match &fault.column {
            Some(column) => format!("{column}: {}", fault.why),
            None => fault.why.clone(),
        };
        let why = faults.iter().map(why).collect::<Vec<_>>().join("; ");
        let named = || self.columns.iter().enumerate().filter(|(_, name)| *name != ERROR_COLUMN);
        match self.shape {
            // A line that is no object can be given back only as it is.
            Shape::Jsonl if faults.iter().any(|fault| fault.trouble == Trouble::Row) => match cells {
                [Cell::Text(line)] => format!("{line}\n").into_bytes(),
                _ => Vec::new(),
            },
            Shape::Jsonl => {
                let mut object = Map::new();
                for (at, name) in named() {
                    match cells.get(at) {
                        Some(Cell::Text(text)) => object.insert(name.clone(), Json::String(text.clone())),
                        Some(Cell::Json(json)) => object.insert(name.clone(), json.clone()),
                        Some(Cell::Blank) | None => None,
                    };
                }
                object.insert(ERROR_COLUMN.to_owned(), Json::String(why));
                let mut line = Json::Object(object).to_string().into_bytes();
                line.push(b'\n');
                line
            }
            Shape::Csv { delimiter, .. } => {
                let text = |cell: Option<&Cell>| match cell {
                    Some(Cell::Text(text)) => disarm(text).into_owned(),
                    Some(Cell::Json(json)) => neutralise(&json.to_string()).into_owned(),
                    Some(Cell::Blank) | None => String::new(),
                };
                // A text with an apostrophe before it does no harm in a spreadsheet, and an import reads it without.
                let all = named().map(|(at, _)| text(cells.get(at))).chain([neutralise(&why).into_owned()]);
                // What a row has too much stands behind what is wrong, under no head: the row is refused again until that is blank.
                let more = cells.iter().skip(self.columns.len()).map(|cell| text(Some(cell)));
                record(delimiter, all.chain(more).map(Cow::Owned))
            }
        }
    }
}

/// How many columns a file has. Behind what was wrong with a row a corrected file has cells that the row had too much, and no columns: it
/// was a spreadsheet that gave them a head, without a name.
pub(super) fn width<'a>(names: impl ExactSizeIterator<Item = &'a str> + DoubleEndedIterator) -> usize {
    let all = names.len();
    match names.rev().enumerate().find(|(_, name)| !name.is_empty()) {
        Some((nameless, ERROR_COLUMN)) => all - nameless,
        Some(_) | None => all,
    }
}

fn record<'a>(delimiter: char, cells: impl Iterator<Item = Cow<'a, str>>) -> Vec<u8> {
    let delimiter = u8::try_from(u32::from(delimiter)).unwrap_or(b',');
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells.map(|cell| cell.into_owned()));
    writer.into_inner().unwrap_or_default()
}

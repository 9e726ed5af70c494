//! Rows of a file, one after the other, in bounded memory.

use super::{COLUMNS, Fault, LONGEST_ROW, Shape, restore, shape::named};
use serde_json::{Map, Value as Json};
use std::{
    cell::Cell as Counter,
    io::{self, BufRead, BufReader, Read},
    rc::Rc,
};

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing, or blanks.
    Blank,
    /// A text.
    Text(String),
    /// A value of a JSON file that is no text.
    Json(Json),
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As a spreadsheet numbers it: the head of a table is 1; the line of a JSONL file.
    pub number: u64,
    /// The cells in the order of the columns; a short row has fewer.
    pub cells: Vec<Cell>,
}

/// Why the file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// One row is wrong; the next one can be read.
    #[error("{0}")]
    Fault(Fault),
    /// Nothing after this can be read.
    #[error("{0}")]
    Broken(String),
}

/// Rows of a text.
pub struct Rows<R: Read> {
    source: Source<R>,
    names: Vec<String>,
    number: u64,
    /// The first row of a table without a head, until it is asked for.
    first: Option<Row>,
    /// The last line that was no object, as it stands in the file.
    unread: Option<String>,
}

enum Source<R: Read> {
    Csv { reader: Box<csv::Reader<Metered<R>>>, record: csv::ByteRecord, meter: Rc<Counter<usize>> },
    Jsonl(BufReader<R>),
}

/// Counts what was read since the last row ended, and stops where a row has no end.
struct Metered<R> {
    from: R,
    read: Rc<Counter<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(out)?;
        self.read.set(self.read.get() + n);
        if self.read.get() > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LONG));
        }
        Ok(n)
    }
}

const TOO_LONG: &str = "the row is longer than 16 MB: most likely a quotation mark is opened and never closed";

impl<R: Read> Rows<R> {
    /// The rows of a text of this shape. The head of a table is read at once; the columns of a JSONL file are `known`, in this
    /// order, or found as they come if none are.
    ///
    /// # Errors
    /// [`RowError::Broken`] if the head cannot be used.
    pub fn new(text: R, shape: Shape, known: &[String]) -> Result<Self, RowError> {
        let Shape::Csv { delimiter, told, bare } = shape else {
            let source = Source::Jsonl(BufReader::with_capacity(64 * 1024, text));
            return Ok(Self { source, names: known.to_vec(), number: 0, first: None, unread: None });
        };
        let meter = Rc::new(Counter::new(0));
        let delimiter = u8::try_from(u32::from(delimiter)).unwrap_or(b',');
        let metered = Metered { from: text, read: meter.clone() };
        let reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(metered);
        let source = Source::Csv { reader: Box::new(reader), record: csv::ByteRecord::new(), meter };
        let mut rows = Self { source, names: Vec::new(), number: 0, first: None, unread: None };
        if told {
            rows.record()?;
            rows.number = 0;
        }
        let head = loop {
            match rows.record()? {
                Some(cells) if cells.iter().all(|cell| *cell == Cell::Blank) => {}
                Some(cells) => break cells,
                None => return Err(RowError::Broken("the file is empty: its first row names the columns".into())),
            }
        };
        if head.len() > COLUMNS {
            return Err(RowError::Broken(format!("the file has {} columns; at most {COLUMNS} can be imported", head.len())));
        }
        if bare {
            rows.names = looks(&head);
            rows.first = Some(Row { number: rows.number, cells: head });
            return Ok(rows);
        }
        rows.names = head
            .into_iter()
            .map(|cell| match cell {
                Cell::Text(name) => restore(name.trim()).trim().to_owned(),
                Cell::Blank | Cell::Json(_) => String::new(),
            })
            .collect();
        Ok(rows)
    }

    /// The columns by name; of a JSONL file those seen so far.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The line of the last fault of [`Self::next_row`], where it was no object and so has no cells.
    pub fn take_unread(&mut self) -> Option<String> {
        self.unread.take()
    }

    /// The next row that says something; none at the end.
    ///
    /// # Errors
    /// [`RowError`].
    pub fn next_row(&mut self) -> Result<Option<Row>, RowError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            let cells = match &self.source {
                Source::Csv { .. } => self.record()?,
                Source::Jsonl(_) => self.object()?,
            };
            match cells {
                None => return Ok(None),
                Some(cells) if cells.iter().all(|cell| *cell == Cell::Blank) => {}
                Some(cells) => return Ok(Some(Row { number: self.number, cells })),
            }
        }
    }

    fn record(&mut self) -> Result<Option<Vec<Cell>>, RowError> {
        let Source::Csv { reader, record, meter } = &mut self.source else { return Ok(None) };
        meter.set(0);
        let next = self.number + 1;
        match reader.read_byte_record(record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(RowError::Broken(format!("row {next}: {}", said(&error)))),
        }
        self.number = next;
        let cell = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            if text.trim().is_empty() { Cell::Blank } else { Cell::Text(text.into_owned()) }
        };
        Ok(Some(record.iter().map(cell).collect()))
    }

    fn object(&mut self) -> Result<Option<Vec<Cell>>, RowError> {
        let Source::Jsonl(reader) = &mut self.source else { return Ok(None) };
        let mut line = Vec::new();
        let read = reader.by_ref().take(LONGEST_ROW as u64).read_until(b'\n', &mut line);
        let read = read.map_err(|error| RowError::Broken(format!("line {}: {error}", self.number + 1)))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read == LONGEST_ROW {
            return Err(RowError::Broken(format!("line {} is longer than 16 MB", self.number)));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some(Vec::new()));
        }
        let object: Map<String, Json> = match serde_json::from_slice(&line) {
            Ok(Json::Object(object)) => object,
            told => {
                self.unread = Some(String::from_utf8_lossy(&line).trim_end().to_owned());
                let why = match told {
                    Ok(_) => "a line is a JSON object such as {\"email\": \"ann@example.com\"}".to_owned(),
                    Err(why) => format!("the line is not JSON: {why}"),
                };
                return Err(RowError::Fault(Fault::row(self.number, why)));
            }
        };
        let mut cells = vec![Cell::Blank; self.names.len()];
        for (name, value) in flat(object) {
            let at = match self.names.iter().position(|known| *known == name) {
                Some(at) => at,
                None if self.names.len() >= COLUMNS => {
                    return Err(RowError::Broken(format!("line {}: the file has more than {COLUMNS} different keys", self.number)));
                }
                None => {
                    self.names.push(name);
                    cells.push(Cell::Blank);
                    self.names.len() - 1
                }
            };
            if let Some(cell) = cells.get_mut(at) {
                *cell = match value {
                    Json::Null => Cell::Blank,
                    Json::String(text) if text.trim().is_empty() => Cell::Blank,
                    Json::String(text) => Cell::Text(text),
                    other => Cell::Json(other),
                };
            }
        }
        Ok(Some(cells))
    }
}

/// Names for the columns of a table without a head: what the first row shows each to be, and its place where that says nothing.
fn looks(first: &[Cell]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(first.len());
    for (at, cell) in first.iter().enumerate() {
        let field = match cell {
            Cell::Text(text) => named(&restore(text)),
            Cell::Blank | Cell::Json(_) => None,
        };
        let field = field.filter(|field| (*field != "external" || first.len() == 1) && !names.iter().any(|name| name == field));
        names.push(field.map_or_else(|| format!("column {}", at + 1), str::to_owned));
    }
    names
}

/// What the fields of an event stand in.
const GROUPS: [&str; 3] = ["fields", "properties", "props"];

/// An object's values; those of an object within stand under both names: `attributes.plan`.
fn flat(object: Map<String, Json>) -> Vec<(String, Json)> {
    let mut out = Vec::with_capacity(object.len());
    for (name, value) in object {
        match value {
            // An amount is a value, not a group of columns, unless it is called a group.
            Json::Object(inner)
                if GROUPS.contains(&name.as_str())
                    || !(inner.len() == 2 && inner.contains_key("amount") && inner.contains_key("currency")) =>
            {
                out.extend(inner.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => out.push((name, value)),
        }
    }
    out
}

fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<String>, Vec<(u64, Vec<String>)>) {
        let mut rows = Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
        let mut out = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            let shown = |cell: Cell| match cell {
                Cell::Blank => String::new(),
                Cell::Text(text) => text,
                Cell::Json(json) => format!("json {json}"),
            };
            out.push((row.number, row.cells.into_iter().map(shown).collect()));
        }
        (rows.names().to_vec(), out)
    }

    #[test]
    fn quotes_ragged_and_blank_rows() {
        let (names, rows) = all("name,notes,x\nAnn,\"a \"\"b\"\", c\nd\"\nBob\n,,\nCid,,1,2\n");
        assert_eq!(names, ["name", "notes", "x"]);
        assert_eq!(
            rows,
            [
                (2, vec!["Ann".into(), "a \"b\", c\nd".into()]),
                (3, vec!["Bob".to_owned()]),
                (5, vec!["Cid".into(), String::new(), "1".into(), "2".into()]),
            ]
        );
        let (names, rows) = all("sep=;\r\na;b\r\n1;2\r\n");
        assert_eq!((names.len(), rows), (2, vec![(2, vec!["1".into(), "2".into()])]));
    }

    #[test]
    fn a_list_without_a_head_has_its_first_row_and_names_by_its_looks() {
        let (names, rows) = all("ann@b.example,Ann,4711\nbob@b.example,Bob,4712\n");
        assert_eq!(names, ["email", "column 2", "column 3"]);
        assert_eq!(rows[0], (1, vec!["ann@b.example".into(), "Ann".into(), "4711".into()]));
        assert_eq!((rows.len(), rows[1].0), (2, 2));
        let (names, rows) = all("\n4711\n4712\n");
        assert_eq!((names, rows.len()), (vec!["external".to_owned()], 2));
    }

    #[test]
    fn lines_of_json() {
        let (names, rows) = all("{\"email\":\"a@b.c\",\"attributes\":{\"age\":4}}\n\n{\"tags\":[\"x\"],\"email\":null}\n");
        assert_eq!(names, ["email", "attributes.age", "tags"]);
        assert_eq!(rows, [(1, vec!["a@b.c".into(), "json 4".into()]), (3, vec![String::new(), String::new(), "json [\"x\"]".into()])]);
        let text = "{\"a\":1}\n[1]\n{\"a\":2}\n";
        let mut rows = Rows::new(text.as_bytes(), Shape::Jsonl, &[]).unwrap();
        rows.next_row().unwrap();
        assert!(matches!(rows.next_row(), Err(RowError::Fault(fault)) if fault.row == 2));
        assert_eq!(rows.next_row().unwrap().unwrap().number, 3);
    }

    #[test]
    fn a_cell_of_three_megabytes_is_read_and_a_quote_without_an_end_is_told() {
        let big = "x".repeat(3 * 1024 * 1024);
        let (_, rows) = all(&format!("a,b\n1,\"{big}\"\n2,3\n"));
        assert_eq!(rows.iter().map(|(_, cells)| cells[1].len()).collect::<Vec<_>>(), [big.len(), 1]);
        let endless = format!("a,b\n1,\"{}", "x\n".repeat(LONGEST_ROW));
        let mut rows = Rows::new(endless.as_bytes(), Shape::of("a,b\n"), &[]).unwrap();
        let error = rows.next_row().unwrap_err().to_string();
        assert!(error.contains("row 2") && error.contains("quotation mark"), "{error}");
        assert!(Rows::new(&b""[..], Shape::of(""), &[]).is_err());
    }
}

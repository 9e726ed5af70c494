//! A row read by the plan: its key and the changes it asks for, or everything that is wrong with it.

use super::{
    Blanks, Cell, Column, Fault, Field, Key, Mode, Plan, Row, Trouble, Vocabulary,
    errors::width,
    field::system,
    key::known_as,
    plan::{days, fits_tag},
    value::{is_shortened, read, several, text},
};
use model::{AttributeType, Change, IdentifierKind, TagKey, Value};
use std::borrow::Cow;

/// What a row says about one contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The row.
    pub row: u64,
    /// By what it finds its contact; none if it makes one.
    pub key: Option<Key>,
    /// What it asks for.
    pub changes: Vec<Change>,
}

/// The most tags of one cell.
const TAGS: usize = 100;

impl Plan {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it; it is refused whole then.
    pub fn judge(&self, row: &Row, words: &Vocabulary<'_>) -> Result<Reading, Vec<Fault>> {
        let words = &Vocabulary { country: self.options.country.as_deref().or(words.country), ..*words };
        let mut faults = Vec::new();
        let mut reading = Reading { row: row.number, key: None, changes: Vec::new() };
        faults.extend(ragged(row, self.columns.iter().map(|column| column.name.as_str())));
        for (at, column) in self.columns.iter().enumerate() {
            let cell = row.cells.get(at).unwrap_or(&Cell::Blank);
            if let Err((trouble, why)) = self.cell(column, cell, words, &mut reading) {
                let shown = text(cell).unwrap_or_default();
                faults.push(Fault::cell(row.number, &column.name, &shown, trouble, why));
            }
        }
        if let Some(field) = &self.key
            && reading.key.is_none()
            && faults.is_empty()
            && self.options.mode() != Mode::Create
        {
            let column = self.columns.iter().find(|column| column.field == *field).map_or("", |column| column.name.as_str());
            faults.push(Fault::cell(
                row.number,
                column,
                "",
                Trouble::Key,
                format!("the key is blank: without {field} the row finds no contact"),
            ));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        if self.options.members {
            // The key is how somebody is found, nothing that is told of them.
            reading.changes.clear();
        }
        reading.changes.extend(self.options.tags.iter().map(|tag| Change::AddTag(tag.trim().to_owned())));
        reading.changes.extend(self.options.list.iter().map(|list| Change::AddToList(list.clone())));
        Ok(reading)
    }

    /// The first day of a row that can be read in two ways; the columns that hold no days are not read, so that a whole file can be gone
    /// through before its first row is carried out.
    pub fn asks(&self, row: &Row, words: &Vocabulary<'_>) -> Option<Fault> {
        self.columns.iter().zip(&row.cells).find_map(|(column, cell)| {
            let ty = days(column, words).filter(|_| *cell != Cell::Blank)?;
            let (trouble, why) = read(cell, ty, self.habits(column), words).err()?;
            (trouble == Trouble::Dates).then(|| Fault::cell(row.number, &column.name, &text(cell).unwrap_or_default(), trouble, why))
        })
    }

    fn cell(&self, column: &Column, cell: &Cell, words: &Vocabulary<'_>, out: &mut Reading) -> Result<(), super::value::Wrong> {
        let is_key = self.key.as_ref() == Some(&column.field);
        let habits = self.habits(column);
        if *cell == Cell::Blank {
            if let (Field::Attribute(name), Blanks::Clear) = (&column.field, self.options.blanks) {
                out.changes.push(Change::UnsetAttribute(name.clone()));
            }
            return Ok(());
        }
        match &column.field {
            Field::Ignored => {}
            Field::Id => {
                let text = text(cell).unwrap_or_default();
                let id = text.trim().parse().map_err(|_| (Trouble::Cell, "this is not the id of a contact, con_…".to_owned()))?;
                if is_key {
                    out.key = Some(Key::Id(id));
                }
            }
            Field::Identifier(kind) => {
                let said = one_or_several(cell);
                if said.len() > kind.limit() {
                    return Err((Trouble::Cell, format!("{} of them in one cell; a contact has at most {}", said.len(), kind.limit())));
                }
                for (at, cell) in said.iter().enumerate() {
                    let value = identifier(*kind, cell, words)?;
                    // The first is the one that holds now, and by which the row finds somebody.
                    if at == 0 {
                        if is_key {
                            out.key = Some(Key::By(crate::directory::Key::Known(*kind, value.clone())));
                        }
                        out.changes.extend(known_as(*kind, &value, words));
                    }
                    out.changes.push(Change::AddIdentifier(*kind, value));
                }
            }
            Field::Attribute(name) => {
                let Some(declared) = words.attribute(name) else { return Ok(()) };
                let value = read(cell, &declared.ty, habits, words)?;
                if is_key {
                    out.key = Key::of_attribute(name, &value);
                }
                out.changes.push(Change::SetAttribute(name.clone(), value));
            }
            Field::System(name) => {
                out.changes.push(Change::SetSystem((*name).to_owned(), system(name, cell, words)?));
            }
            Field::Tags => {
                let tags = several(cell);
                if tags.len() > TAGS {
                    return Err((Trouble::Cell, format!("{} tags in one cell; at most {TAGS}", tags.len())));
                }
                if let Some(tag) = tags.iter().find(|tag| !fits_tag(tag)) {
                    let shown: String = tag.chars().take(40).collect();
                    return Err((
                        Trouble::Cell,
                        format!("\"{shown}\" is no tag: a tag has 1 to {} characters in one line", super::LONGEST_TAG),
                    ));
                }
                let known = |changes: &[Change], tag: &str| {
                    changes.iter().any(|c| matches!(c, Change::AddTag(t) if TagKey::of(t) == TagKey::of(tag)))
                };
                for tag in tags {
                    if !known(&out.changes, &tag) {
                        out.changes.push(Change::AddTag(tag.trim().to_owned()));
                    }
                }
            }
            Field::Status => {
                let wanted = text(cell).unwrap_or_default();
                let wanted = model::fold(wanted.trim());
                let Some(status) = words.statuses.iter().find(|status| model::fold(status) == wanted) else {
                    return Err((Trouble::Cell, format!("this is no status: it is one of {}", words.statuses.join(", "))));
                };
                out.changes.push(Change::SetStatus(status.clone()));
            }
        }
        Ok(())
    }
}

/// What is wrong with a row that has more cells than the file has columns; none if it has not.
pub(super) fn ragged<'a>(row: &Row, names: impl ExactSizeIterator<Item = &'a str> + DoubleEndedIterator) -> Option<Fault> {
    let columns = width(names);
    let is_longer = row.cells.iter().skip(columns).any(|cell| *cell != Cell::Blank);
    let why = || {
        let cells = row.cells.len();
        format!("the row has {cells} cells and the head {columns}: is a text with the mark between cells not in quotes?")
    };
    is_longer.then(|| Fault::row(row.number, why()))
}

/// The cells of a list, as an export writes several identifiers of one kind; any other cell is one.
fn one_or_several(cell: &Cell) -> Cow<'_, [Cell]> {
    let Cell::Json(serde_json::Value::Array(items)) = cell else { return Cow::Borrowed(std::slice::from_ref(cell)) };
    let one = |item: &serde_json::Value| match item {
        serde_json::Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Json(other.clone()),
    };
    items.iter().map(one).collect()
}

/// An identifier in the form in which it is compared.
pub(super) fn identifier(kind: IdentifierKind, cell: &Cell, words: &Vocabulary<'_>) -> Result<String, super::value::Wrong> {
    let said = text(cell).unwrap_or_default();
    if is_shortened(&said) {
        return Err((Trouble::Cell, "a spreadsheet shortened this number; format the column as text there, and save it again".into()));
    }
    let ty = match kind {
        IdentifierKind::External => AttributeType::Text,
        IdentifierKind::Email => AttributeType::Email,
        IdentifierKind::Phone => AttributeType::Phone,
    };
    let as_text = Cell::Text(said.trim().to_owned());
    let value = match read(&as_text, &ty, Default::default(), words)? {
        Value::Text(text) => text,
        other => other.to_json().to_string(),
    };
    kind.normal(&value).ok_or_else(|| (Trouble::Cell, format!("this is no {kind} that names one person")))
}

//! A row of a file of events: whose it is, what happened and when, or everything that is wrong with it.

use super::{EventField, EventPlan, plan::EventColumn};
use crate::{
    directory, event,
    import::{
        Cell, Fault, Field, Key, Row, Trouble, Vocabulary,
        reading::{identifier, ragged},
        value::{Wrong, read, text},
    },
};
use model::{Address, AttributeType, IdentifierKind, Instant, Record, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// What a row says happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// The row.
    pub row: u64,
    /// By what it finds its contact.
    pub key: Key,
    /// The column that says so.
    pub column: String,
    /// What happened.
    pub name: String,
    /// What is known of it.
    pub fields: Record,
    /// When; none: now.
    pub at: Option<Instant>,
    /// 80 bits that tell the events of one contact apart: of the name and the file's own id, else of everything that is said of it. None
    /// if the file says neither an id nor a time: then its rows are told apart by their places.
    pub mark: Option<u128>,
    /// Whether the mark is of the file's own id: then what it says can be held against what is recorded.
    pub has_id: bool,
}

/// A row as far as it is read.
#[derive(Default)]
struct Parts {
    key: Option<Key>,
    name: Option<String>,
    at: Option<Instant>,
    id: Option<String>,
    fields: Record,
    /// The fields as they stand in the file, whatever type the columns of this very file show themselves to be of.
    said: BTreeMap<String, String>,
}

impl EventPlan {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it; it is refused whole then.
    pub(in crate::import) fn judge(&self, row: &Row, words: &Vocabulary<'_>) -> Result<Occurrence, Vec<Fault>> {
        let words = &Vocabulary {
            country: self.options.country.as_deref().or(words.country),
            zone: self.zone.as_ref().unwrap_or(words.zone),
            ..*words
        };
        let mut parts = Parts { name: self.options.event.clone(), ..Parts::default() };
        let mut faults: Vec<Fault> = ragged(row, self.columns.iter().map(|column| column.name.as_str())).into_iter().collect();
        for (at, column) in self.columns.iter().enumerate() {
            let cell = row.cells.get(at).unwrap_or(&Cell::Blank);
            if *cell == Cell::Blank {
                if let Some(missing) = missing(&column.field) {
                    faults.push(Fault::cell(row.number, &column.name, "", Trouble::Cell, missing));
                } else if at == self.key {
                    let why = format!("the key is blank: without {} nobody knows whose the event is", column.field);
                    faults.push(Fault::cell(row.number, &column.name, "", Trouble::Key, why));
                }
            } else if let Err((trouble, why)) = self.cell(column, cell, words, &mut parts) {
                let shown = text(cell).unwrap_or_default();
                faults.push(Fault::cell(row.number, &column.name, &shown, trouble, why));
            }
        }
        if parts.fields.len() > event::FIELDS {
            let why = format!("an event has at most {} fields", event::FIELDS);
            faults.push(Fault { trouble: Trouble::Cell, ..Fault::row(row.number, why) });
        }
        if parts.said.iter().map(|(name, said)| name.len() + said.len()).sum::<usize>() > event::LARGEST {
            let why = format!("the fields of an event have at most {} KB together", event::LARGEST / 1024);
            faults.push(Fault { trouble: Trouble::Cell, ..Fault::row(row.number, why) });
        }
        let Parts { key, name, at, id, fields, said } = parts;
        match (key, name) {
            (Some(key), Some(name)) if faults.is_empty() => {
                let mark = match (&id, at) {
                    (Some(id), _) => Some(mark([name.as_str(), "id", id.as_str()])),
                    (None, Some(at)) => {
                        let at = at.0.to_string();
                        let fields = said.iter().flat_map(|(name, said)| [name.as_str(), said.as_str()]);
                        Some(mark([name.as_str(), at.as_str()].into_iter().chain(fields)))
                    }
                    (None, None) => None,
                };
                let column = self.columns.get(self.key).map(|column| column.name.clone()).unwrap_or_default();
                Ok(Occurrence { row: row.number, key, column, name, fields, at, mark, has_id: id.is_some() })
            }
            _ => Err(faults),
        }
    }

    /// The first day of a row that can be read in two ways; only what holds days is read.
    pub(in crate::import) fn asks(&self, row: &Row, words: &Vocabulary<'_>) -> Option<Fault> {
        let mut parts = Parts::default();
        let days = self.columns.iter().zip(&row.cells).filter(|(column, cell)| column.has_days() && **cell != Cell::Blank);
        days.map(|(column, cell)| (column, cell, self.cell(column, cell, words, &mut parts))).find_map(|(column, cell, read)| {
            let (trouble, why) = read.err().filter(|(trouble, _)| *trouble == Trouble::Dates)?;
            Some(Fault::cell(row.number, &column.name, &text(cell).unwrap_or_default(), trouble, why))
        })
    }

    fn cell(&self, column: &EventColumn, cell: &Cell, words: &Vocabulary<'_>, out: &mut Parts) -> Result<(), Wrong> {
        let habits = self.habits(column);
        let plain = || text(cell).unwrap_or_default().trim().to_owned();
        let wrong = |why: String| (Trouble::Cell, why);
        match &column.field {
            EventField::Ignored => {}
            EventField::Contact => out.key = Some(whose(cell, words)?),
            EventField::Key(Field::Identifier(kind)) => {
                out.key = Some(Key::By(directory::Key::Known(*kind, identifier(*kind, cell, words)?)));
            }
            EventField::Key(Field::Attribute(name)) => {
                let ty = words.attribute(name).map_or(&AttributeType::Text, |declared| &declared.ty);
                let value = read(cell, ty, habits, words)?;
                out.key = Key::of_attribute(name, &value);
            }
            EventField::Key(_) => {
                let id = plain().parse().map_err(|_| wrong("this is not the id of a contact, con_…".into()))?;
                out.key = Some(Key::Id(id));
            }
            EventField::Name => {
                let name = plain();
                event::check_name(&name).map_err(wrong)?;
                out.name = Some(name);
            }
            EventField::At => {
                let at = match since_the_epoch(&plain()) {
                    Some(at) => at,
                    None => match read(cell, &AttributeType::Datetime, habits, words)? {
                        Value::DateTime(at) => at,
                        _ => return Err(wrong("this is no time; 2026-03-31 10:00 is one".into())),
                    },
                };
                event::check_time(at, words.now).map_err(wrong)?;
                // It would be recorded as of now, and not be known again when it is told again.
                if at > words.now {
                    return Err(wrong("this lies in the future: an event that is imported has happened".into()));
                }
                out.at = Some(at);
            }
            EventField::Id => out.id = Some(plain()),
            EventField::Property(name, ty) => {
                let value = match (ty, cell) {
                    (Some(ty), _) => Some(read(cell, ty, habits, words).map_err(|(trouble, why)| match trouble {
                        Trouble::Cell if *ty != AttributeType::Text => {
                            let kept = format!("--map \"{}\"=fields.{name}:text keeps it as a text", column.name);
                            (trouble, format!("{why}; {kept}"))
                        }
                        _ => (trouble, why),
                    })?),
                    (None, Cell::Json(json)) => event::value(json).map_err(wrong)?,
                    (None, _) => Some(Value::text(text(cell).unwrap_or_default().into_owned())),
                };
                if let Some(Value::Text(text)) = &value {
                    event::check_text(text).map_err(wrong)?;
                }
                if value.is_some() {
                    let said = match cell {
                        Cell::Json(json) => Value::from_json(json).map_or_else(String::new, |value| value.to_json().to_string()),
                        Cell::Blank | Cell::Text(_) => plain(),
                    };
                    out.said.insert(name.clone(), said);
                }
                out.fields.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Ok(())
    }
}

/// What is missing where a cell of such a column is blank; none if it may be.
fn missing(field: &EventField) -> Option<&'static str> {
    match field {
        EventField::Name => Some("it is not said what happened"),
        EventField::At => Some("it is not said when it happened"),
        EventField::Contact | EventField::Key(_) | EventField::Id | EventField::Property(..) | EventField::Ignored => None,
    }
}

/// The contact that is meant, however that is told.
pub(super) fn whose(cell: &Cell, words: &Vocabulary<'_>) -> Result<Key, Wrong> {
    let said = text(cell).unwrap_or_default();
    let said = said.trim();
    if let Ok(id) = said.parse() {
        return Ok(Key::Id(id));
    }
    let known = |kind| Ok(Key::By(directory::Key::Known(kind, identifier(kind, cell, words)?)));
    let is_channel = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    match said.split_once(':') {
        Some((channel, id)) if is_channel(channel) && !id.is_empty() => {
            return Ok(Key::At(Address { channel: channel.to_owned(), id: id.to_owned() }));
        }
        _ => {}
    }
    if said.contains('@') {
        return known(IdentifierKind::Email);
    }
    let digits = said.chars().filter(char::is_ascii_digit).count();
    if digits >= 6 && said.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '/' | '(' | ')')) {
        return known(IdentifierKind::Phone);
    }
    let why = "this names nobody: an id con_…, channel:address, an e-mail address or a phone number does; if it is another system's id, say \
               --map COLUMN=external";
    Err((Trouble::Cell, why.into()))
}

/// Seconds, with or without a fraction, or milliseconds since 1970, as programs write times.
fn since_the_epoch(text: &str) -> Option<Instant> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match (whole.len(), fraction) {
        (10, None) => Some(Instant::from_secs(number)),
        // What is smaller than a microsecond is not kept of any time.
        (10, Some(fraction)) => {
            let micros: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
            Some(Instant::from_secs(number).plus_micros(micros.parse().ok()?))
        }
        (13, None) => Some(Instant::from_millis(number)),
        _ => None,
    }
}

/// 80 bits of a hash of what tells an event apart.
fn mark<'a>(of: impl IntoIterator<Item = &'a str>) -> u128 {
    let mut hash = Sha256::new();
    for part in of {
        // A length before each keeps `a` + `bc` apart from `ab` + `c`.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(10).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
}

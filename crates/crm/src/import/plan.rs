//! The plan of an import: which column is what, by what a row finds its contact, and what is done with it.

use super::{
    COLUMNS, Cell, Field, LONGEST_TAG, Row,
    value::{Habits, text, writes_comma},
};
use jiff::tz::TimeZone;
use model::{AttributeDef, AttributeType, IdentifierKind, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a row may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Make contacts; one who is there already is an error.
    Create,
    /// Change contacts; one who is not there is an error.
    Update,
    /// Change those who are there, make the others.
    #[default]
    Upsert,
}

/// What a blank cell does to a contact who is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blanks {
    /// Nothing.
    #[default]
    Keep,
    /// It takes the attribute's value away.
    Clear,
}

/// Which of two small numbers in a date is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// The day comes first: 03/04/2026 is in April.
    Dmy,
    /// The month comes first: 03/04/2026 is in March.
    Mdy,
}

/// What becomes of an event whose contact is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// It is an error.
    #[default]
    Skip,
    /// The contact is made.
    Create,
}

/// What somebody wants of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Columns by name, and the field that each is; `-` leaves one out. The others are found by their names.
    pub map: BTreeMap<String, String>,
    /// The field by which a row finds its contact; found by itself if none is said.
    pub key: Option<String>,
    /// What a row may do.
    pub mode: Mode,
    /// What a blank cell does.
    pub blanks: Blanks,
    /// Tags for every contact of the file.
    pub tags: Vec<String>,
    /// How contacts who are made came to be; `import` if nothing is said.
    pub source: Option<String>,
    /// The static segment that every contact of the file is put in.
    pub list: Option<String>,
    /// Whether the file only says who is on that list: its rows find contacts, and nothing else of them is read or made.
    pub members: bool,
    /// How dates are written.
    pub dates: Option<DateOrder>,
    /// The country of phone numbers without a country's code; the bot's if none is said.
    pub country: Option<String>,
    /// Whether a file without a key may make its contacts once more; of events that happened now, whether they happen once more.
    pub again: bool,
    /// Of events: the one name of all of them.
    pub event: Option<String>,
    /// Of events: they happen when they are imported, because the file does not say when.
    pub now: bool,
    /// Of events: the zone of times without one; the bot's if none is said.
    pub zone: Option<String>,
    /// Of events: what becomes of one whose contact is not there.
    pub unknown: Unknown,
    /// Of events: whether flows that catch them start.
    pub start: bool,
}

impl Options {
    /// What a row may do: one that only puts people on a list makes nobody.
    pub fn mode(&self) -> Mode {
        if self.members { Mode::Update } else { self.mode }
    }

    /// Whether something is said that only a file of events knows.
    fn is_of_events(&self) -> bool {
        self.event.is_some() || self.now || self.zone.is_some() || self.unknown != Unknown::default() || self.start
    }
}

/// The bot's words: what columns can be, and how cells are read.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// Declared attributes.
    pub attributes: &'a [AttributeDef],
    /// All statuses.
    pub statuses: &'a [String],
    /// The bot's first language.
    pub language: Option<&'a str>,
    /// The country of local phone numbers.
    pub country: Option<&'a str>,
    /// The bot's zone.
    pub zone: &'a TimeZone,
    /// This instant.
    pub now: Instant,
}

impl<'a> Vocabulary<'a> {
    /// The declared attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&'a AttributeDef> {
        self.attributes.iter().find(|declared| declared.name == name)
    }

    /// Whether the bot's language writes a comma before decimals.
    pub(super) fn comma(&self) -> bool {
        let context = expr::Coercion { language: self.language, country: None, zone: self.zone, now: self.now };
        // In a language with a comma `1.234` is more than a thousand.
        let read = expr::coerce(&model::Value::text("1.234"), &AttributeType::Number, &context);
        matches!(read, Ok(model::Value::Number(number)) if number > rust_decimal::Decimal::from(1_000))
    }
}

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// What it is.
    pub field: Field,
    /// Whether that was said or is known by its name; otherwise nothing is known about it and it is left out.
    pub known: bool,
    /// Whether it writes a comma before decimals, as far as the sample shows.
    pub(super) comma: Option<bool>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub String);

/// The plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The columns in the file's order.
    pub columns: Vec<Column>,
    /// By what a row finds its contact; none if every row makes one.
    pub key: Option<Field>,
    /// What was asked for.
    pub options: Options,
}

impl Plan {
    /// The plan for a file of these columns; `sample` are some of its rows.
    ///
    /// # Errors
    /// [`PlanError`] says what has to be told.
    pub fn new(names: &[String], sample: &[Row], options: &Options, words: &Vocabulary<'_>) -> Result<Self, PlanError> {
        if names.len() > COLUMNS {
            return Err(PlanError(format!("at most {COLUMNS} columns can be imported")));
        }
        check(options)?;
        check_map(options, names)?;
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let said = options.map.get(name);
            let field = match said {
                Some(field) => Some(Field::named(field, words).ok_or_else(|| no_field(name, field, words))?),
                None if name.is_empty() => Some(Field::Ignored),
                None => Field::meant(name, words),
            };
            let known = field.is_some();
            let field = field.unwrap_or(Field::Ignored);
            if field != Field::Ignored
                && field != Field::Tags
                && let Some(other) = columns.iter().find(|other| other.field == field)
            {
                if said.is_none() && options.map.contains_key(&other.name) {
                    // What was said wins over what a name means.
                    columns.push(Column { name: name.clone(), field: Field::Ignored, known: false, comma: None });
                    continue;
                }
                let (one, two) = (&other.name, name);
                return Err(PlanError(format!("the columns \"{one}\" and \"{two}\" are both {field}; leave one out: --map \"{two}\"=-")));
            }
            columns.push(Column { name: name.clone(), comma: shown_comma(at, sample), field, known });
        }
        if columns.iter().all(|column| column.field == Field::Ignored) {
            return Err(PlanError("no column of the file is known; say what they are: --map COLUMN=FIELD".into()));
        }
        let key = key_of(&columns, options, words)?;
        if options.members {
            columns.iter_mut().filter(|column| Some(&column.field) != key.as_ref()).for_each(|column| column.field = Field::Ignored);
        }
        Ok(Self { columns, key, options: options.clone() })
    }

    /// Takes up columns that turned up later, as those of a file of objects do: what is known by its name is imported, where
    /// nothing else is that already.
    pub fn grow(&mut self, names: &[String], words: &Vocabulary<'_>) {
        for name in names.iter().skip(self.columns.len()) {
            let said = self.options.map.get(name).and_then(|field| Field::named(field, words));
            let field = said.or_else(|| Field::meant(name, words));
            let taken = |field: &Field| *field != Field::Tags && self.columns.iter().any(|column| column.field == *field);
            let known = field.is_some();
            let field = field.filter(|field| !taken(field) && !self.options.members).unwrap_or(Field::Ignored);
            self.columns.push(Column { name: name.clone(), field, known, comma: None });
        }
    }

    /// Whether a column holds days, which may have to be asked about.
    pub fn has_dates(&self, words: &Vocabulary<'_>) -> bool {
        self.columns.iter().any(|column| days(column, words).is_some())
    }

    /// How the cells of a column are read.
    pub(super) fn habits(&self, column: &Column) -> Habits {
        Habits { dates: self.options.dates, comma: column.comma }
    }

    /// Columns that are left out because nothing is known about them.
    pub fn unknown(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.known)
    }
}

/// The type of a column that holds days; none if it holds something else.
pub(super) fn days<'w>(column: &Column, words: &Vocabulary<'w>) -> Option<&'w AttributeType> {
    let Field::Attribute(name) = &column.field else { return None };
    words.attribute(name).map(|declared| &declared.ty).filter(|ty| matches!(ty, AttributeType::Date | AttributeType::Datetime))
}

/// What a column shows about its decimals.
pub(super) fn shown_comma(at: usize, sample: &[Row]) -> Option<bool> {
    sample
        .iter()
        .filter_map(|row| row.cells.get(at))
        .filter_map(|cell| match cell {
            Cell::Text(_) => text(cell).and_then(|text| writes_comma(&text)),
            Cell::Blank | Cell::Json(_) => None,
        })
        .next()
}

fn no_field(column: &str, field: &str, words: &Vocabulary<'_>) -> PlanError {
    let mut known: Vec<&str> = vec!["id", "external", "email", "phone", "tags", "status", "-"];
    known.extend(super::WRITABLE.iter().map(|(name, _)| *name));
    known.extend(words.attributes.iter().map(|declared| declared.name.as_str()));
    PlanError(format!(
        "the column \"{column}\" cannot be \"{field}\": a column is one of {}; attributes are declared in bot.yaml",
        known.join(", ")
    ))
}

fn check(options: &Options) -> Result<(), PlanError> {
    if options.is_of_events() {
        return Err(PlanError("event, now, zone, unknown and start are for files of events; this is one of contacts".into()));
    }
    for tag in &options.tags {
        if !fits_tag(tag) {
            return Err(PlanError(format!("a tag has 1 to {LONGEST_TAG} characters in one line")));
        }
    }
    if options.members && options.list.is_none() {
        return Err(PlanError("say which static segment the contacts of the file are put in".into()));
    }
    if options.members && (!options.tags.is_empty() || options.source.is_some() || options.mode == Mode::Create) {
        return Err(PlanError(
            "a file that only says who is on a list tags nobody and makes nobody: leave out tags, source and mode".into(),
        ));
    }
    check_common(options)
}

/// What is said of files of either kind.
pub(super) fn check_common(options: &Options) -> Result<(), PlanError> {
    let word = |text: &str| (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control) && !text.trim().is_empty();
    if options.source.as_deref().is_some_and(|source| !word(source)) {
        return Err(PlanError("a source has 1 to 64 characters in one line".into()));
    }
    if let Some(country) = &options.country
        && !expr::is_country(country)
    {
        return Err(PlanError(format!("\"{country}\" is not a two-letter country code")));
    }
    Ok(())
}

/// That every column that something is said of is there.
pub(super) fn check_map(options: &Options, names: &[String]) -> Result<(), PlanError> {
    match options.map.keys().find(|column| !names.contains(column)) {
        None => Ok(()),
        Some(column) => {
            let known: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
            Err(PlanError(format!("the file has no column \"{column}\"; it has {}", known.join(", "))))
        }
    }
}

/// Whether values of a type can name one contact each.
pub(super) fn names_people(ty: &AttributeType) -> bool {
    use AttributeType as Type;
    matches!(ty, Type::Text | Type::Number | Type::Date | Type::Datetime | Type::Phone | Type::Email | Type::Url)
}

pub(super) fn fits_tag(tag: &str) -> bool {
    !tag.trim().is_empty() && tag.trim().chars().count() <= LONGEST_TAG && !tag.chars().any(char::is_control)
}

/// By what rows find their contacts: what was said, else the strongest that the file has.
fn key_of(columns: &[Column], options: &Options, words: &Vocabulary<'_>) -> Result<Option<Field>, PlanError> {
    let has = |field: &Field| columns.iter().any(|column| column.field == *field);
    if let Some(name) = &options.key {
        let field = Field::named(name, words).ok_or_else(|| PlanError(format!("\"{name}\" cannot be a key: it is no field")))?;
        let fits = match &field {
            Field::Id | Field::Identifier(_) => true,
            Field::Attribute(name) => words.attribute(name).is_some_and(|declared| names_people(&declared.ty)),
            Field::System(_) | Field::Tags | Field::Status | Field::Ignored => false,
        };
        if !fits {
            return Err(PlanError(format!(
                "{name} cannot be a key: a key is id, external, email, phone or an attribute whose values name one contact each"
            )));
        }
        if !has(&field) {
            return Err(PlanError(format!("no column of the file is {field}, which is to be the key; say which: --map COLUMN={field}")));
        }
        return Ok(Some(field));
    }
    let usual = std::iter::once(Field::Id).chain(IdentifierKind::ALL.into_iter().map(Field::Identifier));
    match (usual.into_iter().find(has), options.mode()) {
        (Some(key), _) => Ok(Some(key)),
        (None, Mode::Create) => Ok(None),
        (None, Mode::Update | Mode::Upsert) => Err(PlanError(
            "the file has no column by which a row finds its contact (id, external, email, phone); name one with --key, or make a new \
             contact of each row with --mode create"
                .into(),
        )),
    }
}

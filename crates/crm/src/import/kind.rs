//! What a file tells of, and its rows read by that: contacts, or events that happened to them.

use super::{
    Cell, EventPlan, Fault, Key, Occurrence, Options, Plan, PlanError, Reading, Row, Shape, Trouble, Vocabulary,
    events::{self, EventField},
    field::Field,
    value::text,
};
use serde::{Deserialize, Serialize};

/// What a file tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Each row is a contact.
    #[default]
    Contacts,
    /// Each row is an event that happened to a contact.
    Events,
}

impl Kind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Events => "events",
        }
    }

    /// The field that each column seems to be, by what people call it and by the sample; none if nothing is known about it.
    pub fn fields(self, shape: Shape, names: &[String], sample: &[Row], words: &Vocabulary<'_>) -> Vec<Option<String>> {
        match self {
            Self::Contacts => names.iter().map(|name| Some(Field::meant(name, words)?.name().to_owned())).collect(),
            Self::Events => {
                let meant = events::meant(names, sample, shape, &Options::default(), words);
                meant.iter().map(|field| field.as_ref().map(EventField::to_string)).collect()
            }
        }
    }
}

/// Reads the rows of a file of either kind.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Of contacts.
    Contacts(Plan),
    /// Of events.
    Events(EventPlan),
}

/// What a row says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// About a contact.
    Contact(Reading),
    /// That something happened to one.
    Event(Box<Occurrence>),
}

impl Said {
    /// By what the row finds its contact; none if it makes one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Contact(reading) => reading.key.as_ref(),
            Self::Event(occurrence) => Some(&occurrence.key),
        }
    }
}

impl Reader {
    /// The reader of a file of these columns; `sample` are some of its rows.
    ///
    /// # Errors
    /// [`PlanError`] says what has to be told.
    pub fn new(
        kind: Kind,
        shape: Shape,
        names: &[String],
        sample: &[Row],
        options: &Options,
        words: &Vocabulary<'_>,
    ) -> Result<Self, PlanError> {
        Ok(match kind {
            Kind::Contacts => Self::Contacts(Plan::new(names, sample, options, words)?),
            Kind::Events => Self::Events(EventPlan::new(names, sample, shape, options, words)?),
        })
    }

    /// The names of the columns, in the file's order.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Contacts(plan) => plan.columns.iter().map(|column| column.name.clone()).collect(),
            Self::Events(plan) => plan.columns.iter().map(|column| column.name.clone()).collect(),
        }
    }

    /// How many columns are known.
    pub fn width(&self) -> usize {
        match self {
            Self::Contacts(plan) => plan.columns.len(),
            Self::Events(plan) => plan.columns.len(),
        }
    }

    /// Takes up columns that turned up later, as those of a file of objects do.
    pub fn grow(&mut self, names: &[String], words: &Vocabulary<'_>) {
        match self {
            Self::Contacts(plan) => plan.grow(names, words),
            Self::Events(plan) => plan.grow(names, words),
        }
    }

    /// Whether a column holds days, which may have to be asked about.
    pub fn has_dates(&self, words: &Vocabulary<'_>) -> bool {
        match self {
            Self::Contacts(plan) => plan.has_dates(words),
            Self::Events(plan) => plan.has_dates(),
        }
    }

    /// Whether rows find contacts; otherwise each makes one.
    pub fn has_key(&self) -> bool {
        match self {
            Self::Contacts(plan) => plan.key.is_some(),
            Self::Events(_) => true,
        }
    }

    /// The attribute whose values are the key, if it is one.
    pub fn key_attribute(&self) -> Option<&str> {
        match self {
            Self::Contacts(plan) => match &plan.key {
                Some(Field::Attribute(name)) => Some(name),
                _ => None,
            },
            Self::Events(plan) => plan.key_attribute(),
        }
    }

    /// A cell that is taken over and holds a letter that could not be read, of a file that has such.
    pub fn unreadable(&self, row: &Row) -> Option<Fault> {
        let is_broken = |at: usize| matches!(row.cells.get(at), Some(Cell::Text(text)) if text.contains(char::REPLACEMENT_CHARACTER));
        let found = match self {
            Self::Contacts(plan) => {
                let taken = plan.columns.iter().enumerate().filter(|(_, column)| column.field != Field::Ignored);
                taken.map(|(at, column)| (at, &column.name)).find(|(at, _)| is_broken(*at))
            }
            Self::Events(plan) => {
                let taken = plan.columns.iter().enumerate().filter(|(_, column)| column.field != EventField::Ignored);
                taken.map(|(at, column)| (at, &column.name)).find(|(at, _)| is_broken(*at))
            }
        };
        let (at, name) = found?;
        let shown = row.cells.get(at).and_then(text).unwrap_or_default();
        let why = "it holds a letter that is not written as the rest of the file, and cannot be read: \u{FFFD} stands in its place";
        Some(Fault::cell(row.number, name, &shown, Trouble::Cell, why))
    }

    /// The first day of a row that can be read in two ways.
    pub fn asks(&self, row: &Row, words: &Vocabulary<'_>) -> Option<Fault> {
        match self {
            Self::Contacts(plan) => plan.asks(row, words),
            Self::Events(plan) => plan.asks(row, words),
        }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it; it is refused whole then.
    pub fn judge(&self, row: &Row, words: &Vocabulary<'_>) -> Result<Said, Vec<Fault>> {
        match self {
            Self::Contacts(plan) => plan.judge(row, words).map(Said::Contact),
            Self::Events(plan) => plan.judge(row, words).map(|said| Said::Event(Box::new(said))),
        }
    }
}

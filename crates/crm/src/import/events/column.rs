//! What a column of a file of events can be: how it is written, what its name means by itself, and what its cells show.

use super::reading::whose;
use crate::{
    event,
    import::{
        COLUMNS, Cell, ERROR_COLUMN, Field, Options, Row, Shape, Vocabulary,
        plan::names_people,
        value::{Habits, read, text},
    },
};
use model::{AttributeType, IdentifierKind, fold};
use std::fmt;

/// What a column of a file of events is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventField {
    /// Whose the event is, however that is told: an id, `channel:address`, an e-mail address, a phone number.
    Contact,
    /// Whose it is, by this: an id, an identifier, an attribute whose values name people.
    Key(Field),
    /// The event's name.
    Name,
    /// When it happened.
    At,
    /// An id of the event, by which it is known when it is told again.
    Id,
    /// A field of the event, of this type; none: as it is found.
    Property(String, Option<AttributeType>),
    /// Not imported.
    Ignored,
}

/// Types that a field of an event can be said to be of.
const TYPES: [AttributeType; 7] = [
    AttributeType::Text,
    AttributeType::Number,
    AttributeType::Bool,
    AttributeType::Date,
    AttributeType::Datetime,
    AttributeType::List,
    AttributeType::Money,
];

/// What people call the columns of such files, without spaces and marks, the surest first, and which field is meant.
const CALLED: [(&str, EventField); 4] = [
    ("contact kontakt contacto", EventField::Contact),
    ("event eventname eventtype ereignis evento evenement événement", EventField::Name),
    (
        "at occurredat happenedat eventtime eventtimestamp eventdate timestamp datetime time ts createdat date zeitpunkt zeitstempel datum \
         uhrzeit fecha hora fechahora horodatage",
        EventField::At,
    ),
    // No other id: many events can be of one order, message or transaction, and all but the first would be taken for known.
    ("eventid idempotencykey", EventField::Id),
];

/// What they call whom it is about, in words that a name or another system's id stands under as well: what the cells show decides.
const PERSON: &str = "customer client user member person kunde kundin benutzer mitglied cliente usuario utilisateur";

impl EventField {
    /// The field that a name stands for; none if there is no such field.
    pub fn named(name: &str, words: &Vocabulary<'_>) -> Option<Self> {
        if let Some(property) = name.strip_prefix("fields.") {
            let (property, ty) = match property.split_once(':') {
                Some((property, ty)) => (property, Some(TYPES.iter().find(|known| known.name() == ty)?.clone())),
                None => (property, None),
            };
            return event::is_name(property).then(|| Self::Property(property.to_owned(), ty));
        }
        match name {
            "contact" => Some(Self::Contact),
            "event" => Some(Self::Name),
            "at" => Some(Self::At),
            "event_id" => Some(Self::Id),
            _ => match Field::named(name, words)? {
                Field::Ignored => Some(Self::Ignored),
                key @ (Field::Id | Field::Identifier(_)) => Some(Self::Key(key)),
                Field::Attribute(name) => {
                    let fits = words.attribute(&name).is_some_and(|declared| names_people(&declared.ty));
                    fits.then_some(Self::Key(Field::Attribute(name)))
                }
                Field::System(_) | Field::Tags | Field::Status => None,
            },
        }
    }

    /// How sure it is that this says whose an event is, the surest first; none if it does not.
    pub(super) fn rank(&self) -> Option<usize> {
        let kinds = IdentifierKind::ALL;
        match self {
            Self::Contact => Some(0),
            Self::Key(Field::Id) => Some(1),
            Self::Key(Field::Identifier(kind)) => Some(2 + kinds.iter().position(|known| known == kind).unwrap_or(kinds.len())),
            Self::Key(_) => Some(3 + kinds.len()),
            Self::Name | Self::At | Self::Id | Self::Property(..) | Self::Ignored => None,
        }
    }
}

impl fmt::Display for EventField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contact => f.write_str("contact"),
            Self::Key(field) => field.fmt(f),
            Self::Name => f.write_str("event"),
            Self::At => f.write_str("at"),
            Self::Id => f.write_str("event_id"),
            Self::Property(name, None) => write!(f, "fields.{name}"),
            Self::Property(name, Some(ty)) => write!(f, "fields.{name}:{}", ty.name()),
            Self::Ignored => f.write_str("-"),
        }
    }
}

/// The field that each column is: what was said, else what its name means, where nothing that was said or is surer is that already.
pub(in crate::import) fn meant(
    names: &[String],
    sample: &[Row],
    shape: Shape,
    options: &Options,
    words: &Vocabulary<'_>,
) -> Vec<Option<EventField>> {
    let mut fields: Vec<Option<EventField>> =
        names.iter().map(|name| options.map.get(name).and_then(|said| EventField::named(said, words))).collect();
    let is_said = |at: usize| names.get(at).is_some_and(|name| options.map.contains_key(name));
    // Whose it is, and what happened, when, and under which id: each by the column that is surest to say so.
    for (called, field) in &CALLED {
        let wanted = match field {
            EventField::Name => options.event.is_none(),
            EventField::At => !options.now,
            _ => true,
        };
        if !wanted || fields.contains(&Some(field.clone())) {
            continue;
        }
        let surest = called
            .split_whitespace()
            .find_map(|known| names.iter().enumerate().find(|(at, name)| !is_said(*at) && bare(name) == bare(known)).map(|(at, _)| at));
        // A file of objects, as an export of events writes it, calls what happened `name`.
        let by_name = || {
            let is_name = |(at, name): &(usize, &String)| !is_said(*at) && bare(name) == "name" && are_names(sample, *at);
            names.iter().enumerate().find(is_name).filter(|_| *field == EventField::Name).map(|(at, _)| at)
        };
        if let Some(slot) = surest.or_else(by_name).and_then(|at| fields.get_mut(at)) {
            *slot = Some(field.clone());
        }
    }
    for (at, name) in names.iter().enumerate().take(COLUMNS) {
        if is_said(at) || fields.get(at).is_some_and(Option::is_some) {
            continue;
        }
        let found = by_itself(at, name, sample, words);
        if let Some(slot) = fields.get_mut(at) {
            *slot = found;
        }
    }
    // No column says by its name whose an event is, and one alone by its cells.
    if !fields.iter().flatten().any(|field| field.rank().is_some()) {
        let is_person = |name: &str| PERSON.split_whitespace().any(|known| bare(known) == bare(name));
        let shows = |at: &usize| names.get(*at).is_some_and(|name| is_person(name)) && !is_said(*at) && tell_whom(sample, *at, words);
        let mut found = (0..names.len().min(COLUMNS)).filter(shows);
        if let (Some(at), None) = (found.next(), found.next())
            && let Some(slot) = fields.get_mut(at)
        {
            *slot = Some(EventField::Contact);
        }
    }
    // The values of a file of objects have types already.
    if !shape.is_jsonl() {
        for (at, field) in fields.iter_mut().enumerate() {
            if let Some(EventField::Property(_, ty @ None)) = field {
                *ty = Some(shown(sample, at, words));
            }
        }
    }
    fields
}

/// What a column is of which nothing else is known.
fn by_itself(at: usize, name: &str, sample: &[Row], words: &Vocabulary<'_>) -> Option<EventField> {
    if name == ERROR_COLUMN {
        return Some(EventField::Ignored);
    }
    match EventField::named(name, words) {
        // A bare `id` is the contact's if it looks so, else anybody's.
        Some(EventField::Key(Field::Id)) if name == "id" && !is_contact(sample, at) => {}
        Some(EventField::Key(Field::Attribute(_))) | None => {}
        Some(field) => return Some(field),
    }
    if let Some(key @ Field::Identifier(_)) = Field::meant(name, words) {
        return Some(EventField::Key(key));
    }
    Some(EventField::Property(property(name)?, None))
}

/// A name without case, spaces and marks.
fn bare(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn texts(sample: &[Row], at: usize) -> impl Iterator<Item = String> {
    sample.iter().filter_map(move |row| row.cells.get(at)).filter_map(|cell| text(cell).map(|text| text.trim().to_owned()))
}

fn is_contact(sample: &[Row], at: usize) -> bool {
    texts(sample, at).next().is_some_and(|first| first.parse::<model::ContactId>().is_ok())
}

/// Whether all cells name people by themselves: by an id of ours, an e-mail address, a phone number as it is dialled from abroad.
fn tell_whom(sample: &[Row], at: usize, words: &Vocabulary<'_>) -> bool {
    let shows = |text: &str| text.parse::<model::ContactId>().is_ok() || text.contains('@') || text.starts_with('+');
    let names = |cell: &Cell| text(cell).is_some_and(|text| shows(text.trim())) && whose(cell, words).is_ok();
    let mut cells = sample.iter().filter_map(|row| row.cells.get(at)).filter(|cell| **cell != Cell::Blank).peekable();
    cells.peek().is_some() && cells.all(names)
}

/// Whether most cells could be names of events.
fn are_names(sample: &[Row], at: usize) -> bool {
    let (all, fit) = texts(sample, at).fold((0, 0), |(all, fit), text| (all + 1, fit + usize::from(event::check_name(&text).is_ok())));
    fit * 2 >= all
}

/// The name of the field that a column is: its own, with what cannot stand in one left out.
fn property(column: &str) -> Option<String> {
    let column = ["fields.", "properties.", "props."].iter().find_map(|group| column.strip_prefix(group)).unwrap_or(column).trim();
    if event::is_name(column) {
        return Some(column.to_owned());
    }
    let mut name = String::new();
    for c in fold(column).chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_').to_owned();
    event::is_name(&name).then_some(name)
}

/// What all cells of a table's column show themselves to be; text if they show nothing.
fn shown(sample: &[Row], at: usize, words: &Vocabulary<'_>) -> AttributeType {
    let cells: Vec<&Cell> = sample.iter().filter_map(|row| row.cells.get(at)).filter(|cell| **cell != Cell::Blank).collect();
    let reads = |ty: &AttributeType, cell: &Cell| match read(cell, ty, Habits::default(), words) {
        Ok(_) => true,
        // One that can be read in two ways is a day all the same.
        Err((trouble, _)) => trouble == crate::import::Trouble::Dates,
    };
    let all = |ty: AttributeType, looks: fn(&str) -> bool| {
        let is = |cell: &&Cell| text(cell).is_some_and(|text| looks(text.trim())) && reads(&ty, cell);
        (!cells.is_empty() && cells.iter().all(is)).then(|| ty.clone())
    };
    all(AttributeType::Number, looks_like_a_number)
        .or_else(|| all(AttributeType::Bool, |text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")))
        .or_else(|| all(AttributeType::Date, |text| looks_like_a_day(text) && text.len() <= 10))
        .or_else(|| all(AttributeType::Datetime, |text| looks_like_a_day(text) && text.contains(':')))
        .unwrap_or(AttributeType::Text)
}

/// Digits and marks between them. What begins with a zero is a code, whose zero counts.
fn looks_like_a_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") && !digits.starts_with("0,");
    let plain = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\''));
    plain && !is_code && digits.starts_with(|c: char| c.is_ascii_digit()) && digits.len() <= 18
}

fn looks_like_a_day(text: &str) -> bool {
    let marks = text.chars().take(10).filter(|c| matches!(c, '-' | '/' | '.')).count();
    marks == 2 && text.starts_with(|c: char| c.is_ascii_digit())
}

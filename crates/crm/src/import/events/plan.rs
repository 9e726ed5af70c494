//! The plan of a file of events: which column says whose an event is, what happened, when, and what else is known.

use super::{EventField, column::meant};
use crate::{
    event,
    import::{
        Blanks, COLUMNS, Field, Mode, Options, PlanError, Row, Shape, Vocabulary,
        plan::{check_common, check_map, shown_comma},
        value::Habits,
    },
};
use jiff::tz::TimeZone;
use model::AttributeType;

/// A column of the file.
#[derive(Clone, Debug)]
pub(in crate::import) struct EventColumn {
    pub name: String,
    pub field: EventField,
    /// Whether it writes a comma before decimals, as far as the sample shows.
    comma: Option<bool>,
}

impl EventColumn {
    /// Whether its cells are days, which may be written so that they can be read in two ways.
    pub(super) fn has_days(&self) -> bool {
        matches!(self.field, EventField::At | EventField::Property(_, Some(AttributeType::Date | AttributeType::Datetime)))
    }
}

/// The plan.
#[derive(Clone, Debug)]
pub struct EventPlan {
    pub(in crate::import) columns: Vec<EventColumn>,
    /// The place of the column that says whose an event is.
    pub(super) key: usize,
    /// The zone of times without one, if it was said.
    pub(super) zone: Option<TimeZone>,
    pub(super) options: Options,
}

impl EventPlan {
    /// The plan for a file of these columns; `sample` are some of its rows.
    ///
    /// # Errors
    /// [`PlanError`] says what has to be told.
    pub fn new(names: &[String], sample: &[Row], shape: Shape, options: &Options, words: &Vocabulary<'_>) -> Result<Self, PlanError> {
        if names.len() > COLUMNS {
            return Err(PlanError(format!("at most {COLUMNS} columns can be imported")));
        }
        let zone = check(options)?;
        check_map(options, names)?;
        for (column, field) in &options.map {
            if EventField::named(field, words).is_none() {
                return Err(no_field(column, field));
            }
        }
        let fields = meant(names, sample, shape, options, words);
        let fields = fields.into_iter().map(|field| field.unwrap_or(EventField::Ignored));
        let mut columns: Vec<EventColumn> = names
            .iter()
            .zip(fields)
            .enumerate()
            .map(|(at, (name, field))| EventColumn { name: name.clone(), field, comma: shown_comma(at, sample) })
            .collect();
        let key = key_of(&mut columns, options, words)?;
        is_one_each(&columns)?;
        let has = |wanted: EventField| columns.iter().any(|column| column.field == wanted);
        match (has(EventField::Name), &options.event) {
            (true, Some(_)) => {
                return Err(PlanError("a column says what happened: leave out the one name for all, or --map COLUMN=-".into()));
            }
            (false, None) => {
                return Err(PlanError(
                    "no column says what happened; name one with --map COLUMN=event, or one name for the whole file with --event NAME"
                        .into(),
                ));
            }
            (true, None) | (false, Some(_)) => {}
        }
        match (has(EventField::At), options.now) {
            (true, true) => return Err(PlanError("a column says when the events happened: leave out --now, or --map COLUMN=-".into())),
            (false, false) => {
                return Err(PlanError(
                    "no column says when the events happened; name one with --map COLUMN=at, or say that they happen now with --now".into(),
                ));
            }
            (true, false) | (false, true) => {}
        }
        Ok(Self { columns, key, zone, options: options.clone() })
    }

    /// Takes up columns that turned up later: they are fields of the events, where nothing else is that already.
    pub fn grow(&mut self, names: &[String], words: &Vocabulary<'_>) {
        let known = self.columns.len();
        let meant = meant(names, &[], Shape::Jsonl, &self.options, words);
        for (name, field) in names.iter().zip(meant).skip(known) {
            let field = match field {
                Some(EventField::Id) => EventField::Id,
                Some(EventField::Property(name, ty)) => EventField::Property(name, ty),
                Some(EventField::Contact | EventField::Key(_) | EventField::Name | EventField::At | EventField::Ignored) | None => {
                    EventField::Ignored
                }
            };
            let taken = self.columns.iter().any(|column| same(&column.field, &field));
            let field = if taken { EventField::Ignored } else { field };
            self.columns.push(EventColumn { name: name.clone(), field, comma: None });
        }
    }

    /// Whether a column holds days, which may have to be asked about.
    pub(in crate::import) fn has_dates(&self) -> bool {
        self.columns.iter().any(EventColumn::has_days)
    }

    /// The attribute whose values say whose an event is, if it is one.
    pub(in crate::import) fn key_attribute(&self) -> Option<&str> {
        match &self.columns.get(self.key)?.field {
            EventField::Key(Field::Attribute(name)) => Some(name),
            _ => None,
        }
    }

    /// How the cells of a column are read.
    pub(super) fn habits(&self, column: &EventColumn) -> Habits {
        Habits { dates: self.options.dates, comma: column.comma }
    }
}

/// Whether two columns cannot both be this.
fn same(one: &EventField, other: &EventField) -> bool {
    match (one, other) {
        (EventField::Ignored, _) | (_, EventField::Ignored) => false,
        (EventField::Property(one, _), EventField::Property(other, _)) => one == other,
        (one, other) => one == other,
    }
}

fn is_one_each(columns: &[EventColumn]) -> Result<(), PlanError> {
    for (at, column) in columns.iter().enumerate() {
        if let Some(other) = columns.iter().take(at).find(|other| same(&other.field, &column.field)) {
            let (one, two, field) = (&other.name, &column.name, &column.field);
            return Err(PlanError(format!("the columns \"{one}\" and \"{two}\" are both {field}; leave one out: --map \"{two}\"=-")));
        }
    }
    Ok(())
}

/// The place of the column that says whose an event is: what was said, else the surest. Others that could say it are left out: they tell
/// of the contact and not of the event.
fn key_of(columns: &mut [EventColumn], options: &Options, words: &Vocabulary<'_>) -> Result<usize, PlanError> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    if let Some(name) = &options.key {
        let wanted = EventField::named(name, words).filter(|field| field.rank().is_some());
        let wanted = wanted.ok_or_else(|| {
            PlanError(format!(
                "{name} cannot be a key: a key is contact, id, external, email, phone or an attribute whose values name one contact each"
            ))
        })?;
        let column = columns.iter().position(|column| column.field == wanted).or_else(|| {
            // An attribute's column is a field of the events unless it is asked for.
            columns.iter().position(|column| matches!(wanted, EventField::Key(Field::Attribute(_))) && column.name == *name)
        });
        let at = column.ok_or_else(|| {
            PlanError(format!("no column of the file is {wanted}, which is to be the key; say which: --map COLUMN={wanted}"))
        })?;
        if let Some(column) = columns.get_mut(at) {
            column.field = wanted;
        }
        found.push((0, at));
    } else {
        found.extend(columns.iter().enumerate().filter_map(|(at, column)| Some((column.field.rank()?, at))));
    }
    let Some((_, key)) = found.into_iter().min() else {
        return Err(PlanError(
            "no column says whose an event is (contact, id, external, email, phone); name one with --map COLUMN=contact, or another key with \
             --key"
                .into(),
        ));
    };
    let others = columns.iter_mut().enumerate().filter(|(at, column)| *at != key && column.field.rank().is_some());
    others.for_each(|(_, column)| column.field = EventField::Ignored);
    Ok(key)
}

fn no_field(column: &str, field: &str) -> PlanError {
    PlanError(format!(
        "the column \"{column}\" cannot be \"{field}\": a column is one of contact, id, external, email, phone, an attribute whose values \
         name people, event, at, event_id, fields.NAME, fields.NAME:TYPE (text, number, bool, date, datetime, list, money), -"
    ))
}

/// Checks what was said; answers the zone.
fn check(options: &Options) -> Result<Option<TimeZone>, PlanError> {
    let is_of_contacts = options.members
        || options.list.is_some()
        || !options.tags.is_empty()
        || options.mode != Mode::default()
        || options.blanks != Blanks::default();
    if is_of_contacts {
        return Err(PlanError("mode, blanks, tags, list and members are for files of contacts; this is one of events".into()));
    }
    check_common(options)?;
    if let Some(name) = &options.event {
        event::check_name(name).map_err(PlanError)?;
    }
    let zone = |name: &String| TimeZone::get(name).map_err(|_| PlanError(format!("\"{name}\" is no time zone; Europe/Madrid is one")));
    options.zone.as_ref().map(zone).transpose()
}

//! Facts that know one thing about a contact, and notice when they are asked for another.

use super::{Column, LeafPlan};
use crate::{EvalError, Events, Facts, Fuel, Root, Truth, eval::Eval, flip, history::Row};
use jiff::tz::TimeZone;
use model::{Instant, Record, TagKey, Value};
use std::{borrow::Cow, cell::Cell};

/// What one judgement may spend.
const FUEL: u64 = 1_000_000;

/// What is the same for everybody at an instant.
pub trait Everybody {
    /// The instant.
    fn now(&self) -> Instant;
    /// The bot's zone.
    fn zone(&self) -> &TimeZone;
    /// The value of an attribute that is the same for everybody, if it has one; none for one that differs.
    fn common(&self, attribute: &str) -> Option<Option<&Value>>;
    /// Whether a calendar is open; none if there is no such calendar.
    fn is_open(&self, calendar: &str) -> Option<bool>;
}

/// What a judgement from one thing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A verdict.
    Is(Truth),
    /// It could not be computed.
    Failed,
    /// It looked at something else: it says nothing.
    Strayed,
}

struct Given<'g> {
    everybody: &'g dyn Everybody,
    column: Option<&'g Column<'g>>,
    value: Option<&'g Value>,
    strayed: Cell<bool>,
}

impl<'g> Given<'g> {
    fn stray<T>(&self, with: T) -> T {
        self.strayed.set(true);
        with
    }

    fn value<'a>(&'a self, is: bool) -> Option<Cow<'a, Value>> {
        if is { self.value.map(Cow::Borrowed) } else { self.stray(None) }
    }

    fn instant(&self, is: bool) -> Option<Instant> {
        match self.value {
            Some(Value::DateTime(at)) if is => Some(*at),
            None if is => None,
            _ => self.stray(None),
        }
    }
}

impl Facts for Given<'_> {
    fn now(&self) -> Instant {
        self.everybody.now()
    }
    fn bot_zone(&self) -> &TimeZone {
        self.everybody.zone()
    }
    fn contact_zone(&self) -> &TimeZone {
        self.stray(self.everybody.zone())
    }
    fn language(&self) -> Option<String> {
        match (self.column, self.value) {
            (Some(Column::System("language")), Some(Value::Text(text))) => Some(text.clone()),
            (Some(Column::System("language")), _) => None,
            _ => self.stray(None),
        }
    }
    fn variable<'a>(&'a self, _: &str) -> Option<Cow<'a, Value>> {
        self.stray(None)
    }
    fn attribute<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        match self.column {
            Some(Column::Attribute(column)) if *column == name => self.value(true),
            _ => match self.everybody.common(name) {
                Some(value) => value.map(Cow::Borrowed),
                None => self.stray(None),
            },
        }
    }
    fn system<'a>(&'a self, name: &str) -> Option<Cow<'a, Value>> {
        self.value(matches!(self.column, Some(Column::System(column)) if *column == name))
    }
    fn root(&self, _: Root) -> Option<Record> {
        self.stray(None)
    }
    fn input(&self) -> Option<Value> {
        self.stray(None)
    }
    fn tag_added(&self, key: &TagKey) -> Option<Instant> {
        self.instant(matches!(self.column, Some(Column::Tag(column)) if *column == key))
    }
    fn in_segment(&self, _: &str, _: &mut Fuel) -> Truth {
        self.stray(Truth::Unknown)
    }
    fn has_channel(&self, _: &str) -> bool {
        self.stray(false)
    }
    fn reachable(&self, _: Option<&str>) -> bool {
        self.stray(false)
    }
    fn consent(&self, _: &str) -> Truth {
        self.stray(Truth::Unknown)
    }
    fn ran_skill(&self, skill: &str) -> Option<Instant> {
        self.instant(matches!(self.column, Some(Column::Skill(column)) if *column == skill))
    }
    fn events<'a>(&'a self, name: &str) -> Option<Box<dyn Events + 'a>> {
        if matches!(self.column, Some(Column::Happened(column)) if *column == name) { None } else { self.stray(None) }
    }
    fn changed_at(&self, attribute: &str) -> Option<Instant> {
        self.instant(matches!(self.column, Some(Column::Changed(column)) if *column == attribute))
    }
    fn notes(&self) -> Vec<Cow<'_, str>> {
        if matches!(self.column, Some(Column::Notes)) { Vec::new() } else { self.stray(Vec::new()) }
    }
    fn is_open(&self, calendar: &str) -> Option<bool> {
        self.everybody.is_open(calendar)
    }
}

/// The one field that is known of an event.
impl Events for Given<'_> {
    fn len(&self) -> usize {
        1
    }
    fn at(&self, _: usize) -> Instant {
        self.stray(Instant::MIN)
    }
    fn field<'a>(&'a self, _: usize, name: &str) -> Option<Cow<'a, Value>> {
        self.value(matches!(self.column, Some(Column::Field(column)) if *column == name))
    }
}

/// Evaluates with facts that know only one thing, or nothing; none if that was not enough.
pub(super) fn with<A: ?Sized, T>(
    everybody: &dyn Everybody,
    column: Option<&Column<'_>>,
    value: Option<&Value>,
    of: &A,
    evaluate: impl for<'e> FnOnce(&mut Eval<'e>, &'e A) -> T,
) -> Option<T> {
    let given = Given { everybody, column, value, strayed: Cell::new(false) };
    let mut fuel = Fuel::new(FUEL);
    let mut eval = Eval::new(&given, &mut fuel);
    if let Some(Column::Field(_)) = column {
        eval.row = Some(Row { events: &given, index: 0, records: &[] });
    }
    if let Some(Column::Figure(figure)) = column {
        eval.assumed = Some((figure.code(), value.cloned()));
    }
    let evaluated = evaluate(&mut eval, of);
    (!given.strayed.get()).then_some(evaluated)
}

impl LeafPlan<'_> {
    /// The leaf's verdict on whoever has this value in a column, and nothing else of them is known.
    pub fn judge_one(self, column: &Column<'_>, value: Option<&Value>, everybody: &dyn Everybody) -> Judged {
        self.judged(with(everybody, Some(column), value, self.0, |eval, leaf| eval.leaf(leaf)))
    }

    /// The leaf's verdict on anybody.
    pub fn judge_all(self, everybody: &dyn Everybody) -> Judged {
        self.judged(with(everybody, None, None, self.0, |eval, leaf| eval.leaf(leaf)))
    }

    fn judged(self, verdict: Option<Result<Truth, EvalError>>) -> Judged {
        match verdict {
            None => Judged::Strayed,
            Some(Ok(truth)) => Judged::Is(truth),
            Some(Err(_)) => Judged::Failed,
        }
    }

    /// When time alone next flips the leaf for whoever has this value in a column; none if more is needed to tell.
    pub fn flip_one(self, column: &Column<'_>, value: Option<&Value>, everybody: &dyn Everybody) -> Option<Option<Instant>> {
        with(everybody, Some(column), value, self.0, |eval, leaf| flip::flip(leaf, eval))
    }

    /// When time alone next flips the leaf for anybody; none if something of the contact is needed to tell.
    pub fn flip_all(self, everybody: &dyn Everybody) -> Option<Option<Instant>> {
        with(everybody, None, None, self.0, |eval, leaf| flip::flip(leaf, eval))
    }
}

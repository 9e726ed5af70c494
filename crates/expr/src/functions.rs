//! The functions `name(…)` and filters `value | name(…)` of the language, as lists: nothing else names them.

mod numbers;
mod texts;
mod times;

use crate::{EvalError, Facts, Fuel, Type, calendar};
use jiff::tz::TimeZone;
use model::Value;
use std::fmt;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any value.
    Any,
    /// A number.
    Number,
    /// A number or an amount of money.
    Amount,
    /// A text, or a value with a closed list of texts.
    Text,
    /// A day or a point in time.
    Moment,
    /// A day, a point in time or a time of day.
    Clock,
    /// A list.
    List,
    /// A text or a list.
    TextOrList,
}

impl Takes {
    /// Whether a value of a type may stand here.
    pub(crate) fn accepts(self, ty: &Type) -> bool {
        match self {
            _ if *ty == Type::Unknown => true,
            Self::Any => true,
            Self::Number => *ty == Type::Number,
            Self::Amount => matches!(ty, Type::Number | Type::Money),
            Self::Text => ty.is_text(),
            Self::Moment => matches!(ty, Type::Date | Type::DateTime),
            Self::Clock => matches!(ty, Type::Date | Type::DateTime | Type::Time),
            Self::List => *ty == Type::List,
            Self::TextOrList => *ty == Type::List || ty.is_text(),
        }
    }

    /// The words for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Number => "a number",
            Self::Amount => "a number or an amount of money",
            Self::Text => "a text",
            Self::Moment => "a date or datetime",
            Self::Clock => "a date, datetime or time",
            Self::List => "a list",
            Self::TextOrList => "a text or a list",
        }
    }
}

/// How often a parameter is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Once.
    Once,
    /// Once or not at all.
    Maybe,
    /// Once or more; only the last parameter.
    Many,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// What it takes.
    pub takes: Takes,
    /// How often.
    pub given: Given,
}

pub(crate) const fn one(takes: Takes) -> Param {
    Param { takes, given: Given::Once }
}

pub(crate) const fn maybe(takes: Takes) -> Param {
    Param { takes, given: Given::Maybe }
}

pub(crate) const fn many(takes: Takes) -> Param {
    Param { takes, given: Given::Many }
}

/// How often time alone may change a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// Never.
    Never,
    /// At midnight.
    Day,
    /// At every full hour.
    Hour,
    /// At every full minute.
    Minute,
    /// All the time.
    Always,
}

/// What a function works with besides its arguments.
pub(crate) struct Context<'c> {
    pub facts: &'c dyn Facts,
    pub fuel: &'c mut Fuel,
}

impl Context<'_> {
    pub fn zone(&self) -> &TimeZone {
        self.facts.bot_zone()
    }

    /// Today in the bot's zone.
    pub fn today(&self) -> jiff::civil::Date {
        calendar::day(self.facts.now(), self.zone())
    }

    /// A text result, paid for by its length.
    pub fn text(&mut self, text: String) -> Answer {
        self.fuel.spend(text.len() as u64)?;
        Ok(Some(Value::Text(text)))
    }

    /// A value as text, by the contact's clock.
    pub fn render(&self, value: &Value) -> String {
        crate::render(value, self.facts.contact_zone())
    }
}

/// A value, or none if it is missing.
pub(crate) type Answer = Result<Option<Value>, EvalError>;

/// A function `name(…)` or a filter `value | name(…)`.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// As it is written.
    pub signature: &'static str,
    /// What it gives.
    pub doc: &'static str,
    /// An expression and the text it renders as; a test runs it at 2026-03-02T10:00 UTC.
    pub example: (&'static str, &'static str),
    /// The parameters; a filter's first is the value before the `|`.
    pub params: &'static [Param],
    /// How often time alone may change the result.
    pub tick: Tick,
    /// Whether a missing argument is looked at instead of making the result missing.
    pub sees_missing: bool,
    pub(crate) result: fn(&[Type]) -> Type,
    pub(crate) run: fn(&mut Context<'_>, &[Option<Value>]) -> Answer,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature)
    }
}

impl Function {
    /// The fewest and the most arguments.
    pub(crate) fn arity(&self) -> (usize, usize) {
        let least = self.params.iter().filter(|p| p.given != Given::Maybe).count();
        let most = if self.params.iter().any(|p| p.given == Given::Many) { usize::MAX } else { self.params.len() };
        (least, most)
    }

    /// The parameter an argument is for.
    pub(crate) fn param(&self, at: usize) -> Option<Param> {
        self.params.get(at).or(self.params.last().filter(|p| p.given == Given::Many)).copied()
    }
}

/// An argument that [`Function::run`] is only called with when it is there.
pub(crate) fn arg(args: &[Option<Value>], at: usize) -> Option<&Value> {
    args.get(at).and_then(Option::as_ref)
}

/// Every filter.
pub const FILTERS: &[Function] = &[
    texts::DEFAULT,
    texts::UPPER,
    texts::LOWER,
    texts::TRIM,
    texts::CAPITALIZE,
    texts::LENGTH,
    texts::REPLACE,
    texts::TRUNCATE,
    texts::TEXT,
    texts::JOIN,
    texts::SPLIT,
    texts::FIRST,
    texts::LAST,
    texts::URL_ENCODE,
    numbers::ROUND_FILTER,
    numbers::NUMBER,
    times::FORMAT,
];

/// Every function.
pub const FUNCTIONS: &[Function] = &[
    times::NOW,
    times::TODAY,
    times::YEARS_SINCE,
    times::DAYS_SINCE,
    times::ANNIVERSARY,
    times::OPEN,
    numbers::MIN,
    numbers::MAX,
    numbers::ABS,
    numbers::ROUND,
    numbers::BUCKET,
    texts::CONCAT,
    texts::LEN,
    texts::COALESCE,
];

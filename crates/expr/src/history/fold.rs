//! Figures put together value by value, from the newest to the oldest.
//!
//! What a figure cannot be taken of is left out, as what is missing is. Where what is left does not go together (two
//! currencies, a number and an amount) there is no figure.

use crate::{
    ast::{Agg, Arith},
    number::plain,
    operate,
};
use jiff::tz::TimeZone;
use model::{Money, Value, fold};
use rust_decimal::Decimal;
use std::{borrow::Cow, cmp::Ordering, collections::HashSet};

pub struct Fold<'z> {
    function: Agg,
    zone: &'z TimeZone,
    /// How many values were taken.
    pub count: u64,
    /// The sum, the least, the greatest, the first or the last so far.
    so_far: Option<Value>,
    /// Values met do not go together.
    failed: bool,
    seen: HashSet<String>,
}

impl<'z> Fold<'z> {
    pub fn new(function: Agg, zone: &'z TimeZone) -> Self {
        Self { function, zone, count: 0, so_far: None, failed: false, seen: HashSet::new() }
    }

    /// Takes one more value, which is not newer than those before.
    pub fn push(&mut self, value: &Value) {
        match self.function {
            Agg::Count => self.count += 1,
            Agg::Sum | Agg::Avg => {
                let Some(amount) = amount(value) else { return };
                self.count += 1;
                let sum = match &self.so_far {
                    None => Ok(amount.into_owned()),
                    Some(so_far) => operate::arith(Arith::Add, so_far, &amount, self.zone),
                };
                self.take(sum.ok());
            }
            Agg::Min => self.extreme(value, Ordering::Less),
            Agg::Max => self.extreme(value, Ordering::Greater),
            // The newest came first.
            Agg::Last => self.so_far = self.so_far.take().or_else(|| Some(value.clone())),
            Agg::First => self.so_far = Some(value.clone()),
            Agg::Distinct => {
                self.seen.insert(identity(value));
            }
        }
    }

    fn extreme(&mut self, value: &Value, wanted: Ordering) {
        let Some(value) = ordered(value, self.zone) else { return };
        let better = match &self.so_far {
            None => Some(true),
            Some(so_far) => operate::order(&value, so_far, self.zone).map(|order| order == wanted),
        };
        match better {
            Some(true) => self.so_far = Some(value.into_owned()),
            Some(false) => {}
            None => self.take(None),
        }
    }

    fn take(&mut self, sum: Option<Value>) {
        self.failed |= sum.is_none();
        if let Some(sum) = sum {
            self.so_far = Some(sum);
        }
    }

    /// The figure of what was taken. Of nothing, a count and a sum are 0 and the others missing (FL 6.5).
    pub fn result(&self) -> Option<Value> {
        if self.failed {
            return None;
        }
        match self.function {
            Agg::Count => Some(Value::Number(self.count.into())),
            Agg::Distinct => Some(Value::Number(self.seen.len().into())),
            Agg::Sum => Some(self.so_far.clone().unwrap_or(Value::Number(Decimal::ZERO))),
            Agg::Avg => operate::arith(Arith::Div, self.so_far.as_ref()?, &Value::Number(self.count.into()), self.zone).ok(),
            Agg::Min | Agg::Max | Agg::First | Agg::Last => self.so_far.clone(),
        }
    }
}

/// A value that can be added up: a number (also one that came as text), an amount of money, a length of time.
fn amount(value: &Value) -> Option<Cow<'_, Value>> {
    match value {
        Value::Number(_) | Value::Money(_) | Value::Duration(_) => Some(Cow::Borrowed(value)),
        Value::Text(text) => plain(text).map(|n| Cow::Owned(Value::Number(n))),
        Value::Bool(_) | Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::List(_) | Value::Record(_) => None,
    }
}

/// A value that can be the least or the greatest: an amount, a day, a point in time, a time of day.
fn ordered<'v>(value: &'v Value, zone: &TimeZone) -> Option<Cow<'v, Value>> {
    match value {
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) => Some(Cow::Borrowed(value)),
        Value::Text(text) => match plain(text) {
            Some(number) => Some(Cow::Owned(Value::Number(number))),
            None => operate::moment_text(text, zone).map(Cow::Owned),
        },
        Value::Number(_) | Value::Money(_) | Value::Duration(_) | Value::Bool(_) | Value::List(_) | Value::Record(_) => amount(value),
    }
}

/// What is the same for two values that are the same for people.
fn identity(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("t{}", fold(text)),
        Value::Number(n) => format!("n{}", n.normalize()),
        Value::Money(Money { amount, currency }) => format!("m{} {currency}", amount.normalize()),
        Value::List(items) => items.iter().fold("l".to_owned(), |mut all, item| {
            let one = identity(item);
            all.push_str(&format!("{}:{one}", one.len()));
            all
        }),
        Value::Record(fields) => fields.iter().fold("r".to_owned(), |mut all, (name, field)| {
            let one = identity(field);
            all.push_str(&format!("{}:{name}{}:{one}", name.len(), one.len()));
            all
        }),
        Value::Bool(_) | Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Duration(_) => format!("{value:?}"),
    }
}

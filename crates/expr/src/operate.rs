//! What two values come to together: equality, order, arithmetic.
//!
//! Types are checked before evaluation where they are known. Where they are not (fields of events, values read
//! from JSON), a text is taken for what it is held against if it reads as one.

use crate::{EvalError, ast::Arith, calendar, number::plain};
use jiff::tz::TimeZone;
use model::{Duration, Instant, Money, Value, fold};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::{borrow::Cow, cmp::Ordering};

/// Whether a text folds to an already folded one, without making the folded text if it is ASCII.
pub fn folds_to(text: &str, folded: &str) -> bool {
    if !text.is_ascii() {
        return fold(text) == folded;
    }
    let mut wanted = folded.bytes();
    for (i, word) in text.split_ascii_whitespace().enumerate() {
        if i > 0 && wanted.next() != Some(b' ') {
            return false;
        }
        if !word.bytes().all(|b| wanted.next() == Some(b.to_ascii_lowercase())) {
            return false;
        }
    }
    wanted.next().is_none()
}

/// Whether a text reads the same folded but for upper case: then it is looked through as it stands.
fn is_tidy(text: &str) -> bool {
    let mut gap = true;
    let tidy = text.bytes().all(|b| {
        let after_gap = std::mem::replace(&mut gap, b == b' ');
        b == b' ' && !after_gap || b.is_ascii() && !b.is_ascii_whitespace()
    });
    tidy && (!gap || text.is_empty())
}

/// Whether a text, once folded, has an already folded part.
pub fn has_part(text: &str, folded: &str) -> bool {
    if !is_tidy(text) {
        return fold(text).contains(folded);
    }
    let (text, part) = (text.as_bytes(), folded.as_bytes());
    let Some(first) = part.first() else { return true };
    let Some(starts) = text.len().checked_sub(part.len()).and_then(|last| text.get(..=last)) else { return false };
    let is_here = |at: usize| text.get(at..at + part.len()).is_some_and(|here| here.eq_ignore_ascii_case(part));
    starts.iter().enumerate().any(|(at, byte)| byte.to_ascii_lowercase() == *first && is_here(at))
}

/// Whether a text, once folded, begins or ends with an already folded part.
pub fn has_affix(text: &str, folded: &str, at_end: bool) -> bool {
    if !is_tidy(text) {
        let text = fold(text);
        return if at_end { text.ends_with(folded) } else { text.starts_with(folded) };
    }
    let (text, part) = (text.as_bytes(), folded.as_bytes());
    let Some(rest) = text.len().checked_sub(part.len()) else { return false };
    let here = if at_end { text.get(rest..) } else { text.get(..part.len()) };
    here.is_some_and(|here| here.eq_ignore_ascii_case(part))
}

/// A text read as the type of another value; `None` if it does not read so.
fn read_as(text: &str, like: &Value, zone: &TimeZone) -> Option<Value> {
    match like {
        Value::Number(_) | Value::Money(_) => plain(text).map(Value::Number),
        Value::Bool(_) => match text.trim() {
            t if t.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            t if t.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        },
        Value::Date(_) | Value::DateTime(_) => moment_text(text, zone),
        Value::Time(_) => crate::lexer::parse_time(text.trim()).map(Value::Time),
        Value::Duration(_) => Duration::parse_exact(text).map(Value::Duration),
        Value::Text(_) | Value::List(_) | Value::Record(_) => None,
    }
}

/// An ISO 8601 day, or point in time with or without an offset.
pub fn moment_text(text: &str, zone: &TimeZone) -> Option<Value> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if text.len() == 10 {
        return text.parse().ok().map(Value::Date);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Value::DateTime(Instant::from(at)));
    }
    let wall: jiff::civil::DateTime = text.parse().ok()?;
    calendar::instant(wall, zone).map(Value::DateTime)
}

/// The other value as the type of the first, if it is a text and the first is not (or the other way round).
fn aligned<'v>(a: &'v Value, b: &'v Value, zone: &TimeZone) -> Option<(Cow<'v, Value>, Cow<'v, Value>)> {
    match (a, b) {
        (Value::Text(_), Value::Text(_)) => Some((Cow::Borrowed(a), Cow::Borrowed(b))),
        (Value::Text(text), like) => Some((Cow::Owned(read_as(text, like, zone)?), Cow::Borrowed(b))),
        (like, Value::Text(text)) => Some((Cow::Borrowed(a), Cow::Owned(read_as(text, like, zone)?))),
        _ => Some((Cow::Borrowed(a), Cow::Borrowed(b))),
    }
}

/// Whether two values are the same for people; values that cannot be held against each other are not.
pub fn equal(a: &Value, b: &Value, zone: &TimeZone) -> bool {
    let Some((a, b)) = aligned(a, b, zone) else { return false };
    match (&*a, &*b) {
        (Value::Text(x), Value::Text(y)) => x == y || fold(x) == fold(y),
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Number(x), Value::Number(y)) => x == y,
        (Value::Money(x), Value::Money(y)) => x == y,
        (Value::Money(m), Value::Number(n)) | (Value::Number(n), Value::Money(m)) => m.amount == *n,
        (Value::Date(x), Value::Date(y)) => x == y,
        (Value::DateTime(x), Value::DateTime(y)) => x == y,
        (Value::Date(d), Value::DateTime(at)) | (Value::DateTime(at), Value::Date(d)) => calendar::day(*at, zone) == *d,
        (Value::Time(x), Value::Time(y)) => x == y,
        (Value::Duration(x), Value::Duration(y)) => x == y,
        (Value::List(x), Value::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y, zone)),
        (Value::Record(x), Value::Record(y)) => x == y,
        _ => false,
    }
}

/// Which of two values comes first; `None` if they have no order among each other.
pub fn order(a: &Value, b: &Value, zone: &TimeZone) -> Option<Ordering> {
    let (a, b) = aligned(a, b, zone)?;
    match (&*a, &*b) {
        (Value::Number(x), Value::Number(y)) => Some(x.cmp(y)),
        (Value::Money(x), Value::Money(y)) => (x.currency == y.currency).then(|| x.amount.cmp(&y.amount)),
        (Value::Money(m), Value::Number(n)) => Some(m.amount.cmp(n)),
        (Value::Number(n), Value::Money(m)) => Some(n.cmp(&m.amount)),
        (Value::Date(x), Value::Date(y)) => Some(x.cmp(y)),
        (Value::DateTime(x), Value::DateTime(y)) => Some(x.cmp(y)),
        (Value::DateTime(at), Value::Date(d)) => Some(calendar::day(*at, zone).cmp(d)),
        (Value::Date(d), Value::DateTime(at)) => Some(d.cmp(&calendar::day(*at, zone))),
        (Value::Time(x), Value::Time(y)) => Some(x.cmp(y)),
        (Value::Duration(x), Value::Duration(y)) if x.months == y.months => Some(x.micros.cmp(&y.micros)),
        (Value::Duration(x), Value::Duration(y)) if x.micros == y.micros => Some(x.months.cmp(&y.months)),
        (Value::Text(x), Value::Text(y)) => Some(plain(x)?.cmp(&plain(y)?)),
        _ => None,
    }
}

fn failed<T>(why: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError::Arithmetic(why.into()))
}

/// Texts that read as numbers are numbers here; `+` never joins.
fn numeric(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Text(text) => plain(text).map_or(Cow::Borrowed(value), |n| Cow::Owned(Value::Number(n))),
        _ => Cow::Borrowed(value),
    }
}

/// The result of an operator other than `~`.
///
/// # Errors
/// [`EvalError::Arithmetic`] if there is none.
pub fn arith(op: Arith, a: &Value, b: &Value, zone: &TimeZone) -> Result<Value, EvalError> {
    let (a, b) = (numeric(a), numeric(b));
    let no_answer = || EvalError::Arithmetic(format!("the result of `{}` is too large, or there is no such day", op.text()));
    let number = |n: Option<Decimal>| n.map(|n| Value::Number(n.normalize())).ok_or_else(no_answer);
    let money = |n: Option<Decimal>, currency: &str| {
        n.map(|amount| Value::Money(Money { amount, currency: currency.to_owned() })).ok_or_else(no_answer)
    };
    let exact =
        |d: &Duration| if d.months == 0 { Ok(Decimal::from(d.micros)) } else { failed("months have no exact length to calculate with") };
    if matches!(op, Arith::Div | Arith::Rem) {
        let zero = match &*b {
            Value::Number(n) => n.is_zero(),
            Value::Money(m) => m.amount.is_zero(),
            Value::Duration(d) => d.months == 0 && d.micros == 0,
            _ => false,
        };
        if zero {
            return failed("division by zero");
        }
    }
    match (op, &*a, &*b) {
        (Arith::Add, Value::Number(x), Value::Number(y)) => number(x.checked_add(*y)),
        (Arith::Sub, Value::Number(x), Value::Number(y)) => number(x.checked_sub(*y)),
        (Arith::Mul, Value::Number(x), Value::Number(y)) => number(x.checked_mul(*y)),
        (Arith::Div, Value::Number(x), Value::Number(y)) => number(x.checked_div(*y)),
        (Arith::Rem, Value::Number(x), Value::Number(y)) => number(x.checked_rem(*y)),
        (Arith::Add | Arith::Sub, Value::Money(x), Value::Money(y)) => {
            if x.currency != y.currency {
                return failed(format!("{} and {} are different currencies", x.currency, y.currency));
            }
            money(if op == Arith::Add { x.amount.checked_add(y.amount) } else { x.amount.checked_sub(y.amount) }, &x.currency)
        }
        (Arith::Mul, Value::Money(m), Value::Number(n)) | (Arith::Mul, Value::Number(n), Value::Money(m)) => {
            money(m.amount.checked_mul(*n), &m.currency)
        }
        (Arith::Div, Value::Money(m), Value::Number(n)) => money(m.amount.checked_div(*n), &m.currency),
        (Arith::Div, Value::Money(x), Value::Money(y)) if x.currency == y.currency => number(x.amount.checked_div(y.amount)),
        (Arith::Add, Value::DateTime(at), Value::Duration(d)) | (Arith::Add, Value::Duration(d), Value::DateTime(at)) => {
            calendar::shift(*at, *d, zone).map(Value::DateTime).ok_or_else(no_answer)
        }
        (Arith::Sub, Value::DateTime(at), Value::Duration(d)) => {
            calendar::negated(*d).and_then(|back| calendar::shift(*at, back, zone)).map(Value::DateTime).ok_or_else(no_answer)
        }
        (Arith::Add, Value::Date(day), Value::Duration(d)) | (Arith::Add, Value::Duration(d), Value::Date(day)) => {
            move_day(*day, *d, zone).ok_or_else(no_answer)
        }
        (Arith::Sub, Value::Date(day), Value::Duration(d)) => {
            calendar::negated(*d).and_then(|back| move_day(*day, back, zone)).ok_or_else(no_answer)
        }
        (Arith::Sub, Value::DateTime(x), Value::DateTime(y)) => {
            x.0.checked_sub(y.0).map(|micros| Value::Duration(Duration { months: 0, micros })).ok_or_else(no_answer)
        }
        (Arith::Sub, Value::Date(x), Value::Date(y)) => {
            let days = x.since((jiff::Unit::Day, *y)).map_or(0, |span| i64::from(span.get_days()));
            Ok(Value::Duration(Duration { months: 0, micros: days * calendar::DAY }))
        }
        (Arith::Add | Arith::Sub, Value::Duration(x), Value::Duration(y)) => {
            let y = if op == Arith::Add { Some(*y) } else { calendar::negated(*y) };
            y.and_then(|y| Some(Duration { months: x.months.checked_add(y.months)?, micros: x.micros.checked_add(y.micros)? }))
                .map(Value::Duration)
                .ok_or_else(no_answer)
        }
        (Arith::Mul, Value::Duration(d), Value::Number(n)) | (Arith::Mul, Value::Number(n), Value::Duration(d)) => {
            let months = Decimal::from(d.months).checked_mul(*n).filter(|m| m.fract().is_zero()).and_then(|m| m.to_i32());
            let micros = Decimal::from(d.micros).checked_mul(*n).and_then(|m| m.round().to_i64());
            match (months, micros) {
                (Some(months), Some(micros)) => Ok(Value::Duration(Duration { months, micros })),
                _ => Err(no_answer()),
            }
        }
        (Arith::Div, Value::Duration(d), Value::Number(n)) => {
            let micros = exact(d)?.checked_div(*n).and_then(|m| m.round().to_i64()).ok_or_else(no_answer)?;
            Ok(Value::Duration(Duration { months: 0, micros }))
        }
        (Arith::Div, Value::Duration(x), Value::Duration(y)) => number(exact(x)?.checked_div(exact(y)?)),
        _ => failed(format!("`{}` has no meaning between {} and {}", op.text(), a.type_name(), b.type_name())),
    }
}

/// A day moved: a day if by whole days, else a point in time counted from its start.
fn move_day(day: jiff::civil::Date, by: Duration, zone: &TimeZone) -> Option<Value> {
    if calendar::whole_days(by) {
        return calendar::shift_day(day, by).map(Value::Date);
    }
    calendar::shift(calendar::day_start(day, zone)?, by, zone).map(Value::DateTime)
}

/// The value with the opposite sign.
///
/// # Errors
/// [`EvalError::Arithmetic`] if it has no sign.
pub fn negative(value: &Value) -> Result<Value, EvalError> {
    match &*numeric(value) {
        Value::Number(n) => Ok(Value::Number(-*n)),
        Value::Money(m) => Ok(Value::Money(Money { amount: -m.amount, currency: m.currency.clone() })),
        Value::Duration(d) => calendar::negated(*d).map(Value::Duration).map_or_else(|| failed("the duration is too long"), Ok),
        Value::Bool(_) | Value::Text(_) | Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::List(_) | Value::Record(_) => {
            failed(format!("`-` has no meaning before {}", value.type_name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_are_found_in_a_text_as_in_what_it_folds_to(text in "[ aAbB\tß\u{212a}]{0,9}", part in "[ aAbBk\tß]{0,3}") {
            let (folded, part) = (fold(&text), fold(&part));
            prop_assert_eq!(has_part(&text, &part), folded.contains(&part));
            prop_assert_eq!(has_affix(&text, &part, false), folded.starts_with(&part));
            prop_assert_eq!(has_affix(&text, &part, true), folded.ends_with(&part));
            prop_assert_eq!(folds_to(&text, &part), folded == part);
        }
    }
}

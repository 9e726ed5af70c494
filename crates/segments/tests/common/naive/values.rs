//! Values for the naive evaluator: what is equal, what comes first, what a text reads as.

use super::clock;
use jiff::{civil::Date, tz::TimeZone};
use model::{Instant, Value};
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// Characters that people take for others, as far as the tests write them.
const ALIKE: &[(char, &str)] = &[('Ａ', "a"), ('ａ', "a"), ('ß', "ss"), ('É', "é"), ('Ö', "ö"), ('Ｂ', "b"), ('\u{3000}', " ")];

/// A text as people compare it.
pub fn fold(text: &str) -> String {
    let mut folded = String::new();
    for c in text.chars() {
        match ALIKE.iter().find(|(from, _)| *from == c) {
            Some((_, to)) => folded.push_str(to),
            // Letters with their accent apart.
            None if c == '\u{301}' && folded.ends_with('e') => {
                folded.pop();
                folded.push('é');
            }
            None => folded.push(c.to_ascii_lowercase()),
        }
    }
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A number as programs write it.
pub fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut parts = digits.split('.');
    let (whole, fraction) = (parts.next()?, parts.next());
    let fine = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    if !fine(whole) || fraction.is_some_and(|f| !fine(f)) || parts.next().is_some() {
        return None;
    }
    text.parse().ok()
}

/// A text as a day or a point in time.
pub fn moment(text: &str) -> Option<Value> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(Value::Date(day));
    }
    text.parse::<jiff::Timestamp>().ok().map(|at| Value::DateTime(Instant::from(at)))
}

/// A text held against something that is none.
fn read_like(text: &str, like: &Value) -> Option<Value> {
    match like {
        Value::Number(_) | Value::Money(_) => number(text).map(Value::Number),
        Value::Bool(_) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Value::Date(_) | Value::DateTime(_) => moment(text.trim()),
        _ => None,
    }
}

fn side_by_side(a: &Value, b: &Value) -> Option<(Value, Value)> {
    match (a, b) {
        (Value::Text(_), Value::Text(_)) => Some((a.clone(), b.clone())),
        (Value::Text(text), other) => Some((read_like(text, other)?, b.clone())),
        (other, Value::Text(text)) => Some((a.clone(), read_like(text, other)?)),
        _ => Some((a.clone(), b.clone())),
    }
}

pub fn same(a: &Value, b: &Value, zone: &TimeZone) -> bool {
    let Some((a, b)) = side_by_side(a, b) else { return false };
    match (&a, &b) {
        (Value::Text(x), Value::Text(y)) => fold(x) == fold(y),
        (Value::Money(m), Value::Number(n)) | (Value::Number(n), Value::Money(m)) => m.amount == *n,
        (Value::Date(d), Value::DateTime(at)) | (Value::DateTime(at), Value::Date(d)) => clock::date(*at, zone) == *d,
        (Value::List(x), Value::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y, zone)),
        _ => a == b,
    }
}

pub fn order(a: &Value, b: &Value, zone: &TimeZone) -> Option<Ordering> {
    let (a, b) = side_by_side(a, b)?;
    Some(match (&a, &b) {
        (Value::Number(x), Value::Number(y)) => x.cmp(y),
        (Value::Money(x), Value::Money(y)) if x.currency == y.currency => x.amount.cmp(&y.amount),
        (Value::Money(m), Value::Number(n)) => m.amount.cmp(n),
        (Value::Number(n), Value::Money(m)) => n.cmp(&m.amount),
        (Value::Date(x), Value::Date(y)) => x.cmp(y),
        (Value::DateTime(x), Value::DateTime(y)) => x.cmp(y),
        (Value::DateTime(at), Value::Date(d)) => clock::date(*at, zone).cmp(d),
        (Value::Date(d), Value::DateTime(at)) => d.cmp(&clock::date(*at, zone)),
        (Value::Time(x), Value::Time(y)) => x.cmp(y),
        (Value::Text(x), Value::Text(y)) => number(x)?.cmp(&number(y)?),
        _ => return None,
    })
}

pub fn is_set(value: Option<&Value>) -> bool {
    match value {
        None => false,
        Some(Value::Text(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}

/// `pt` asks for any Portuguese, `pt-BR` for the Brazilian alone.
pub fn speaks(actual: &str, wanted: &str) -> bool {
    let plain = |tag: &str| tag.trim().to_ascii_lowercase().replace('_', "-");
    let (actual, wanted) = (plain(actual), plain(wanted));
    actual == wanted || actual.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('-') && !wanted.contains('-'))
}

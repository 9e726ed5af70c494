//! A cell as a value of a type, with the habits of spreadsheets: `1.234,50`, `03/04/2026`, `1,23E+11`.

use super::{Cell, DateOrder, LONGEST_TEXT, Trouble, Vocabulary, restore};
use expr::{Coercion, coerce};
use model::{AttributeType, Value};
use std::borrow::Cow;

/// What is wrong with a cell.
pub(super) type Wrong = (Trouble, String);

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// Which of two small numbers of a date is the day; none: it has to be told.
    pub dates: Option<DateOrder>,
    /// Whether the column writes a comma before decimals, as far as its cells show it.
    pub comma: Option<bool>,
}

/// The text of a cell, with formulas that an export had disarmed as they were.
pub(super) fn text(cell: &Cell) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Blank => None,
        Cell::Text(text) => Some(restore(text)),
        Cell::Json(json) => Some(Cow::Owned(json.to_string())),
    }
}

/// Reads a cell that says something.
pub(super) fn read(cell: &Cell, ty: &AttributeType, habits: Habits, words: &Vocabulary<'_>) -> Result<Value, Wrong> {
    let value = match cell {
        Cell::Json(json) => match money(json, ty).or_else(|| Value::from_json(json)) {
            Some(value) => value,
            None => return Err((Trouble::Cell, "there is nothing".into())),
        },
        Cell::Blank | Cell::Text(_) => Value::Text(text(cell).unwrap_or_default().into_owned()),
    };
    let Value::Text(text) = &value else {
        let context = Coercion { language: Some("en"), country: words.country, zone: words.zone, now: words.now };
        return coerce(&value, ty, &context).map_err(|why| (Trouble::Cell, why));
    };
    let letters = text.chars().count();
    if letters > LONGEST_TEXT {
        return Err((Trouble::Cell, format!("the text has {letters} characters; at most {LONGEST_TEXT} are kept")));
    }
    if is_shortened(text) && !matches!(ty, AttributeType::Text | AttributeType::Enum(_)) {
        return Err((Trouble::Cell, SHORTENED.into()));
    }
    let language = match ty {
        AttributeType::Number | AttributeType::Money => {
            Some(if writes_comma(text).or(habits.comma).unwrap_or_else(|| words.comma()) { "de" } else { "en" })
        }
        AttributeType::Date | AttributeType::Datetime => Some(match habits.dates {
            Some(DateOrder::Dmy) => "en-GB",
            Some(DateOrder::Mdy) => "en-US",
            None => "en",
        }),
        _ => words.language,
    };
    let context = Coercion { language, country: words.country, zone: words.zone, now: words.now };
    if let (AttributeType::List, Some(items)) = (ty, list(text)) {
        return Ok(items);
    }
    coerce(&value, ty, &context).map_err(|why| {
        if matches!(ty, AttributeType::Date | AttributeType::Datetime) && habits.dates.is_none() && why.contains("two ways") {
            let shown = text.trim();
            return (
                Trouble::Dates,
                format!("\"{shown}\" can be read in two ways: say --dates dmy if the day comes first, --dates mdy if the month does"),
            );
        }
        (Trouble::Cell, why)
    })
}

const SHORTENED: &str = "a spreadsheet shortened this number; format the column as text there, and save it again";

/// `1.23457E+11`: what a spreadsheet makes of a long number.
pub(super) fn is_shortened(text: &str) -> bool {
    let Some((digits, power)) = text.trim().split_once(['E', 'e']) else { return false };
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    plain(digits) && power.strip_prefix('+').is_some_and(|power| !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a number is written with a comma before its decimals; none if it does not show.
pub(super) fn writes_comma(text: &str) -> Option<bool> {
    let mark = |mark: char| (text.rfind(mark), text.matches(mark).count());
    match (mark(','), mark('.')) {
        ((Some(comma), _), (Some(point), _)) => Some(comma > point),
        ((Some(at), 1), (None, _)) if !before_three(text, at) => Some(true),
        ((None, _), (Some(at), 1)) if !before_three(text, at) => Some(false),
        // Several of one kind stand between groups, so the other is the decimal mark.
        ((Some(_), 2..), (None, _)) => Some(false),
        ((None, _), (Some(_), 2..)) => Some(true),
        _ => None,
    }
}

/// Whether exactly three digits follow.
fn before_three(text: &str, at: usize) -> bool {
    text.get(at + 1..).unwrap_or_default().chars().take_while(char::is_ascii_digit).count() == 3
}

/// Several values in a cell: as JSON, or with semicolons or bars between them; commas are read by the type itself.
fn list(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(text)
    {
        return Some(Value::List(items.iter().filter_map(Value::from_json).collect()));
    }
    if text.contains(',') || !text.contains([';', '|']) {
        return None;
    }
    let items = text.split([';', '|']).map(str::trim).filter(|item| !item.is_empty());
    Some(Value::List(items.map(Value::text).collect()))
}

/// `{"amount": "12.50", "currency": "EUR"}`.
fn money(json: &serde_json::Value, ty: &AttributeType) -> Option<Value> {
    if *ty != AttributeType::Money {
        return None;
    }
    let amount = match json.get("amount")? {
        serde_json::Value::String(text) => text.parse().ok()?,
        other => other.to_string().parse().ok()?,
    };
    let currency = json.get("currency")?.as_str().filter(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase()))?;
    Some(Value::Money(model::Money { amount, currency: currency.to_owned() }))
}

/// Texts of a cell that holds several: tags.
pub(super) fn several(cell: &Cell) -> Vec<String> {
    let of = |json: &serde_json::Value| match json {
        serde_json::Value::String(text) => text.clone(),
        // As the API says them.
        other => other.get("label").and_then(|label| label.as_str()).map_or_else(|| other.to_string(), str::to_owned),
    };
    match cell {
        Cell::Blank => Vec::new(),
        Cell::Json(serde_json::Value::Array(items)) => items.iter().map(of).collect(),
        Cell::Json(other) => vec![of(other)],
        Cell::Text(text) => {
            let text = restore(text);
            if text.trim_start().starts_with('[')
                && let Ok(items) = serde_json::from_str::<Vec<String>>(text.trim())
            {
                return items;
            }
            text.split([',', ';', '|', '，', '、']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
        }
    }
}

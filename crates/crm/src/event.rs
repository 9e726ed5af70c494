//! What an event that somebody tells may be: how it is called, what is known of it, when it happened (FL 7.3).
//!
//! Whoever takes events in holds them against this: a program's request, a row of a file.

use model::{Instant, Record, Value};
use serde_json::{Map, Value as Json};

/// The longest name of an event or of a field, in bytes.
const NAME: usize = 64;
/// The most fields of an event, and of a record in one.
pub const FIELDS: usize = 64;
/// The most bytes that the fields of an event in a file have together.
pub const LARGEST: usize = 64 * 1024;
/// The most entries of a list.
const ITEMS: usize = 200;
/// How deep lists and records may stand in one another.
const DEPTH: usize = 4;
/// The longest text, in characters.
const TEXT: usize = 4_096;
/// How late an event may be told: ten years, in microseconds.
const LATE: i64 = 3_653 * 86_400_000_000;
/// Events the product raises itself.
const RESERVED: [&str; 2] = ["error_reported", "identified"];

/// Whether this can be the name of an event or of a field.
pub fn is_name(name: &str) -> bool {
    name.len() <= NAME
        && !name.is_empty()
        && name.bytes().enumerate().all(|(at, b)| b.is_ascii_alphabetic() || at > 0 && (b.is_ascii_digit() || b == b'_'))
}

/// Checks the name of an event.
///
/// # Errors
/// Why it cannot be one.
pub fn check_name(name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!("name is up to {NAME} letters, digits and _, beginning with a letter, such as \"purchase\""));
    }
    if RESERVED.contains(&name) {
        return Err(format!("the event \"{name}\" is raised by the product alone; choose another name"));
    }
    Ok(())
}

/// Checks when an event happened.
///
/// # Errors
/// If that is too long ago.
pub fn check_time(at: Instant, now: Instant) -> Result<(), String> {
    if now.micros_since(at) > LATE { Err("at is more than ten years ago".into()) } else { Ok(()) }
}

/// The fields of an event.
///
/// # Errors
/// What is wrong with them, by the field.
pub fn record(fields: &Map<String, Json>) -> Result<Record, String> {
    nested(fields, 0)
}

/// The value of one field; `null` is missing.
///
/// # Errors
/// What is wrong with it.
pub fn value(value: &Json) -> Result<Option<Value>, String> {
    check(value, 0)?;
    Ok(Value::from_json(value))
}

/// Checks a text of an event.
///
/// # Errors
/// If it is too long.
pub fn check_text(text: &str) -> Result<(), String> {
    // As many bytes as that are never too many characters.
    match text.len() <= TEXT || text.chars().count() <= TEXT {
        true => Ok(()),
        false => Err(format!("a text of an event has at most {TEXT} characters")),
    }
}

fn nested(fields: &Map<String, Json>, depth: usize) -> Result<Record, String> {
    if fields.len() > FIELDS {
        return Err(format!("an event has at most {FIELDS} fields"));
    }
    let mut read = Record::new();
    for (name, value) in fields {
        if !is_name(name) {
            let shown: String = name.chars().take(40).collect();
            return Err(format!("a field's name is up to {NAME} letters, digits and _, beginning with a letter, not \"{shown}\""));
        }
        check(value, depth).map_err(|why| format!("{name}: {why}"))?;
        // `null` is missing.
        if let Some(value) = Value::from_json(value) {
            read.insert(name.clone(), value);
        }
    }
    Ok(read)
}

fn check(value: &Json, depth: usize) -> Result<(), String> {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        Json::String(text) => check_text(text),
        Json::Array(_) | Json::Object(_) if depth + 1 >= DEPTH => Err(format!("lists and records stand at most {DEPTH} deep in an event")),
        Json::Array(items) if items.len() <= ITEMS => items.iter().try_for_each(|item| check(item, depth + 1)),
        Json::Array(_) => Err(format!("a list of an event has at most {ITEMS} entries")),
        Json::Object(fields) => nested(fields, depth + 1).map(|_| ()),
    }
}

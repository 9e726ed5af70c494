//! What a page tells: that it was opened, that something happened on it (FL 7.3).
//!
//! It is the visitor's word, as everything a browser says: recorded, counted, able to start skills, and worth no
//! more than that. A stranger's events are refused: a contact comes to be with the first opened panel or message.

use crate::{messages, problem::Problem, respond, routes::Site};
use channel::{HttpRequest, HttpResponse};
use model::{IncomingBody, Record, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// The longest name of an event or of a field, in bytes.
const NAME: usize = 64;
/// The most fields of an event, and of a record in one.
const FIELDS: usize = 32;
/// The most entries of a list.
const ITEMS: usize = 50;
/// How deep lists and records may stand in one another.
const DEPTH: usize = 3;
/// The longest text, in characters.
const TEXT: usize = 1_024;
/// The largest body.
pub(crate) const BODY: usize = 16 * 1024;
/// Events the product raises itself: a page cannot.
const RESERVED: [&str; 2] = ["error_reported", "identified"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Track {
    client_id: String,
    name: String,
    #[serde(default)]
    fields: serde_json::Map<String, Json>,
}

/// `POST events`: something happened on the page.
pub(crate) async fn track(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (visitor, visit) = site.known(&request).await?;
    site.may_track(&request, &visitor)?;
    let Track { client_id, name, fields } = respond::body(&request)?;
    if !is_name(&name) || RESERVED.contains(&name.as_str()) {
        return Err(Problem::bad("name is that of an event: up to 64 letters, digits and _, beginning with a letter"));
    }
    if let Some(allowed) = &site.options.track
        && !allowed.contains(&name)
    {
        return Err(Problem::bad(format!("the bot takes no event \"{name}\" from pages; its channel in bot.yaml lists those it takes")));
    }
    let fields = record(&fields, 0)?;
    messages::accept(&site, &request, (visitor, visit), &client_id, IncomingBody::Event { name, fields }).await
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME
        && name.bytes().enumerate().all(|(at, b)| b.is_ascii_alphabetic() || at > 0 && (b.is_ascii_digit() || b == b'_'))
        && !name.is_empty()
}

fn record(fields: &serde_json::Map<String, Json>, depth: usize) -> Result<Record, Problem> {
    if fields.len() > FIELDS {
        return Err(Problem::bad(format!("an event has at most {FIELDS} fields")));
    }
    let mut read = Record::new();
    for (name, value) in fields {
        if !is_name(name) {
            return Err(Problem::bad("a field's name is up to 64 letters, digits and _, beginning with a letter"));
        }
        check(value, depth)?;
        if let Some(value) = Value::from_json(value) {
            read.insert(name.clone(), value);
        }
    }
    Ok(read)
}

fn check(value: &Json, depth: usize) -> Result<(), Problem> {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        Json::String(text) if text.chars().count() <= TEXT => Ok(()),
        Json::String(_) => Err(Problem::bad(format!("a text of an event has at most {TEXT} characters"))),
        Json::Array(_) | Json::Object(_) if depth + 1 >= DEPTH => {
            Err(Problem::bad(format!("lists and records stand at most {DEPTH} deep in an event")))
        }
        Json::Array(items) if items.len() <= ITEMS => items.iter().try_for_each(|item| check(item, depth + 1)),
        Json::Array(_) => Err(Problem::bad(format!("a list of an event has at most {ITEMS} entries"))),
        Json::Object(fields) => record(fields, depth + 1).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(fields: Json) -> Result<Record, Problem> {
        record(fields.as_object().expect("the test gives an object"), 0)
    }

    #[test]
    fn fields_are_typed_and_bounded() {
        let fields = read(json!({ "total": 12.5, "gift": true, "note": null, "items": [{ "sku": "a1" }] })).unwrap();
        assert_eq!(fields["total"], Value::Number("12.5".parse().unwrap()));
        assert_eq!(fields["gift"], Value::Bool(true));
        assert!(!fields.contains_key("note"));
        let many: serde_json::Map<String, Json> = (0..33).map(|n| (format!("f{n}"), json!(1))).collect();
        for bad in [
            json!({ "": 1 }),
            json!({ "a b": 1 }),
            json!({ "1a": 1 }),
            json!({ "__proto__": 1 }),
            json!({ "t": "x".repeat(1_025) }),
            json!({ "l": vec![0; 51] }),
            json!({ "d": [[[1]]] }),
            Json::Object(many),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_plain() {
        assert!(
            is_name("add_to_cart") && is_name("a1") && !is_name("_error") && !is_name("") && !is_name("a-b") && !is_name(&"a".repeat(65))
        );
    }
}

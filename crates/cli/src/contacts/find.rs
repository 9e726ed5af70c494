//! `contacts find`: people by name, e-mail, phone or id, as the console finds them.

mod said;

use crate::args::FindArgs;
use crate::{Exit, data, table};
use api::control::Request;
use serde_json::Value;

/// Finds people.
pub fn run(args: FindArgs) -> anyhow::Result<Exit> {
    if args.messages {
        return said::run(&args);
    }
    let FindArgs { data, text, limit, json, messages: _, after: _ } = args;
    let text = text.join(" ");
    let answer = data::ask(&data, Request::ContactsFind { text: text.clone(), limit: limit.into() })?;
    let contacts = answer["contacts"].as_array().cloned().unwrap_or_default();
    if json {
        contacts.iter().for_each(|contact| println!("{contact}"));
        return Ok(Exit::Fine);
    }
    if contacts.is_empty() {
        println!("nobody is called \"{}\"", clean(&text));
        return Ok(Exit::Fine);
    }
    print!("{}", shown(&contacts));
    let total = answer["total"].as_u64().unwrap_or_default();
    if total > contacts.len() as u64 {
        println!("{total} fit; these are the best {}", contacts.len());
    }
    Ok(Exit::Fine)
}

/// People as a table.
pub fn shown(contacts: &[Value]) -> String {
    let mut rows = vec![["ID", "NAME", "KNOWN AS", "STATUS", "CHANNELS", "LAST SEEN (UTC)"].map(str::to_owned).to_vec()];
    rows.extend(contacts.iter().map(|c| {
        let known = ["email", "phone", "external"].into_iter().map(|kind| text(&c[kind])).find(|known| !known.is_empty());
        vec![text(&c["id"]), text(&c["name"]), known.unwrap_or_default(), text(&c["status"]), text(&c["channels"]), time(&c["last_seen"])]
    }));
    table::shown(&rows)
}

/// Text that cannot move the cursor or change the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `2026-11-21T10:00:12.5Z` to the minute.
fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.get(..16).map(|minute| minute.replace('T', " ")).unwrap_or_default()
}

//! `trigger`: an event for one contact or for many, counted first; through the running server or in a stopped one's data.

use crate::args::TriggerArgs;
use crate::{Exit, data};
use anyhow::bail;
use api::control::{Request, To};
use model::Instant;
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Counts, asks, raises the event; or lists what was raised.
pub fn run(args: TriggerArgs) -> anyhow::Result<Exit> {
    if args.progress {
        return progress(&args);
    }
    let event = args.event.clone().unwrap_or_default();
    let to = match (&args.to, &args.contact) {
        (Some(condition), _) => To::Where(condition.clone()),
        (None, Some(who)) => To::Contact(who.clone()),
        (None, None) => bail!("say whom it is for with --to CONDITION or --contact WHO"),
    };
    let with = fields(&args.with)?;
    let counted = data::ask(&args.data, Request::TriggerCount { to: to.clone(), event: Some(event.clone()) })?;
    let found = counted["found"].as_u64().unwrap_or_default();
    let unheeded = counted["unheeded"].as_str();
    if args.json && args.dry_run {
        println!("{counted}");
    } else if !args.json {
        print!("{}", count(&event, &counted));
    }
    if let Some(why) = unheeded.filter(|_| !(args.json && args.dry_run)) {
        eprintln!("{}", clean(&json!(why)));
    }
    if args.dry_run {
        return Ok(if unheeded.is_some() { Exit::Problems } else { Exit::Fine });
    }
    if found == 0 {
        return Ok(Exit::Problems);
    }
    if !args.yes && !confirmed(&event, found)? {
        println!("nothing was raised");
        return Ok(Exit::Problems);
    }
    let begun = data::ask(&args.data, Request::TriggerBegin { event, to, with, per_second: args.per_second })?;
    if args.json {
        println!("{}", begun["trigger"]);
        return Ok(Exit::Fine);
    }
    let pace = begun["trigger"]["per_second"].as_u64().unwrap_or(1).max(1);
    println!(
        "{} is under way, at most {pace} contacts a second; \"switchboard trigger --progress\" says how far it is",
        clean(&begun["trigger"]["id"])
    );
    if begun["at_rest"] == true {
        println!("no server runs on this data: it goes out when \"switchboard serve\" starts");
    }
    Ok(Exit::Fine)
}

/// `name=value`, with numbers, true and false as such and everything else as text.
fn fields(written: &[String]) -> anyhow::Result<Value> {
    let mut fields = Map::new();
    for field in written {
        let Some((name, value)) = field.split_once('=') else { bail!("--with {field} has no value; write --with name=value") };
        let good = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if !good {
            bail!("a field is a name of letters, digits and _, not \"{name}\"");
        }
        // A number that would not be written the same way is a text that looks like one: 007, +34….
        let read = match serde_json::from_str::<Value>(value) {
            Ok(plain @ (Value::Bool(_) | Value::Number(_))) if serde_json::to_string(&plain).is_ok_and(|text| text == value) => plain,
            Ok(_) | Err(_) => json!(value),
        };
        fields.insert(name.to_owned(), read);
    }
    Ok(Value::Object(fields))
}

fn count(event: &str, counted: &Value) -> String {
    let number = |key: &str| counted[key].as_u64().unwrap_or_default();
    let mut out = format!("{event}: {} of {} contacts\n", number("found"), number("contacts"));
    if number("opted_out") > 0 {
        out += &format!("left out because they opted out or are blocked: {}\n", number("opted_out"));
    }
    let names: Vec<String> = counted["first"].as_array().into_iter().flatten().map(|c| clean(&c["name"])).collect();
    if !names.is_empty() {
        let more = if number("found") > names.len() as u64 { ", …" } else { "" };
        out += &format!("{}{more}\n", names.join(", "));
    }
    out
}

/// Asks a person at the terminal; without one the answer is no.
fn confirmed(event: &str, found: u64) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nothing was raised: add --yes to raise {event} for {found} contacts");
    }
    print!("Raise {event} for {found} contacts? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn progress(args: &TriggerArgs) -> anyhow::Result<Exit> {
    let answer = data::ask(&args.data, Request::TriggerList {})?;
    let triggers = answer["triggers"].as_array().cloned().unwrap_or_default();
    if args.json {
        triggers.iter().for_each(|t| println!("{t}"));
        return Ok(Exit::Fine);
    }
    if triggers.is_empty() {
        println!("nothing was triggered yet");
    }
    for trigger in &triggers {
        println!("{}", line(trigger));
    }
    Ok(Exit::Fine)
}

fn line(trigger: &Value) -> String {
    let number = |key: &str| trigger[key].as_u64().unwrap_or_default();
    let at = trigger["at"].as_i64().map(|ms| Instant::from_millis(ms).to_timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string());
    let stage = match trigger["stage"].as_str() {
        Some("finding") => format!("finding contacts, {} so far", number("found")),
        Some("reaching") => format!("{} of {} reached", number("reached"), number("found")),
        Some("done") => format!("done, {} reached", number("reached")),
        _ => format!("failed: {}", clean(&trigger["why"])),
    };
    let mut line = format!("{}  {}  to {}  {stage}", at.unwrap_or_default(), clean(&trigger["what"]), clean(&trigger["to"]));
    if number("failed") > 0 {
        line += &format!(", {} failed", number("failed"));
    }
    if number("opted_out") > 0 {
        line += &format!(", {} left out (opted out)", number("opted_out"));
    }
    line
}

/// Text that cannot move the cursor or change the terminal.
fn clean(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_written() {
        let read = |written: &[&str]| fields(&written.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let plain = read(&["amount=12", "size=1.50", "sure=true", "code=007", "name=Ana = Bea", "empty="]).unwrap();
        assert_eq!(plain, json!({ "amount": 12, "size": "1.50", "sure": true, "code": "007", "name": "Ana = Bea", "empty": "" }));
        assert!(read(&["amount"]).is_err() && read(&["1a=2"]).is_err() && read(&["a b=2"]).is_err());
    }
}

//! `segments`: which there are, who is in one and why, and any condition asked of everybody; through the running server or
//! over a stopped one's data.

mod why;

use crate::args::{SegmentsCommand, WhomArgs};
use crate::{Exit, data, odd, table};
use api::control::{Of, Request};
use serde_json::Value;

/// Answers a question about segments.
pub fn run(command: SegmentsCommand) -> anyhow::Result<Exit> {
    match command {
        SegmentsCommand::List { data, json } => {
            let answer = data::ask(&data, Request::SegmentsList { after: None })?;
            let segments = answer["segments"].as_array().cloned().unwrap_or_default();
            if json {
                segments.iter().for_each(|segment| println!("{segment}"));
            } else {
                print!("{}", list(&segments));
            }
        }
        SegmentsCommand::Show { data, segment, json } => {
            let answer = data::ask(&data, Request::SegmentsShow { key: segment })?;
            if json { println!("{}", serde_json::to_string_pretty(&answer)?) } else { print!("{}", page(&answer)) }
        }
        SegmentsCommand::Preview { data, condition, sample, json } => {
            let answer = data::ask(&data, Request::SegmentsPreview { of: Of::Where(condition.clone()), sample: sample.into() })?;
            if json { println!("{answer}") } else { print!("{}{}", odd::told(&condition, &answer), preview(&answer)) }
        }
        SegmentsCommand::Explain { data, segment, contact, json } => {
            let answer = data::ask(&data, Request::SegmentsExplain { key: segment, contact: contact.parse()? })?;
            if json { println!("{}", serde_json::to_string_pretty(&answer)?) } else { print!("{}", why::told(&answer)) }
        }
        SegmentsCommand::Freeze { data, segment, condition, yes, json } => {
            return crate::contacts::bulk::freeze(&WhomArgs { data, condition, yes, json }, &segment);
        }
        SegmentsCommand::Import(args) => return crate::contacts::import::members(&args),
        SegmentsCommand::Members { data, segment, limit, after, json } => {
            let after = after.map(|id| id.parse()).transpose()?;
            let answer = data::ask(&data, Request::SegmentsMembers { key: segment, after, limit: limit.into() })?;
            let members = answer["members"].as_array().cloned().unwrap_or_default();
            if json {
                members.iter().for_each(|member| println!("{member}"));
            } else {
                print!("{}", self::members(&answer, &members));
            }
        }
    }
    Ok(Exit::Fine)
}

/// Text that cannot move the cursor or change the terminal.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `2026-11-21T10:00:12.5Z` to the minute.
fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.get(..16).map(|minute| minute.replace('T', " ")).unwrap_or_default()
}

fn rule(segment: &Value) -> String {
    let mut said = match &segment["where"] {
        Value::Null => "people are put into it".to_owned(),
        condition => text(condition),
    };
    let excluded = text(&segment["exclude"]);
    if !excluded.is_empty() {
        said += &format!("; without {excluded}");
    }
    if segment["verified"] == true {
        said += "; only people the website vouched for";
    }
    if segment["state"] == "computing" {
        said = format!("being judged for everybody; the size is by the rule before: {said}");
    }
    if segment["valid"] == false {
        said = format!("INVALID, nobody is in it: {}", text(&segment["problem"]));
    }
    said
}

fn list(segments: &[Value]) -> String {
    if segments.is_empty() {
        return "the bot has no segments; write some in segments.yaml\n".into();
    }
    let mut rows = vec![["KEY", "NAME", "SIZE", "RULE"].map(str::to_owned).to_vec()];
    rows.extend(segments.iter().map(|s| vec![text(&s["key"]), text(&s["name"]), text(&s["size"]), rule(s)]));
    table::shown(&rows)
}

fn page(segment: &Value) -> String {
    let mut lines = vec![
        ("key", text(&segment["key"])),
        ("name", text(&segment["name"])),
        ("description", text(&segment["description"])),
        ("rule", rule(segment)),
        ("size", text(&segment["size"])),
        ("used by", text(&segment["used_by"])),
    ];
    let written = if segment["origin"] == "file" { "in segments.yaml" } else { "by the API" };
    lines.push(("written", written.to_owned()));
    lines.push(("changed", time(&segment["changed_at"])));
    let said = lines.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| format!("{:<12} {value}\n", format!("{name}:"))).collect()
}

fn preview(answer: &Value) -> String {
    let mut out = format!("{} of {} contacts ({} ms)\n", text(&answer["count"]), text(&answer["contacts"]), text(&answer["took_ms"]));
    if answer["unknown"].as_u64().unwrap_or_default() > 0 {
        out += &format!("of {} it cannot be said, because a value is missing\n", text(&answer["unknown"]));
    }
    for leaf in answer["no_value"].as_array().into_iter().flatten() {
        out += &format!("  {} have no value for: {}\n", text(&leaf["count"]), text(&leaf["leaf"]));
    }
    let some = answer["sample"].as_array().cloned().unwrap_or_default();
    if !some.is_empty() {
        let rows: Vec<Vec<String>> = some.iter().map(|c| vec![text(&c["id"]), text(&c["name"])]).collect();
        out += &table::shown(&rows);
    }
    out
}

fn members(answer: &Value, members: &[Value]) -> String {
    if members.is_empty() && answer["next_cursor"].is_null() {
        return "nobody is in it\n".into();
    }
    let mut rows = vec![["ID", "NAME", "SINCE (UTC)"].map(str::to_owned).to_vec()];
    rows.extend(members.iter().map(|m| vec![text(&m["id"]), text(&m["name"]), time(&m["since"])]));
    let mut out = table::shown(&rows);
    if let Some(next) = answer["next_cursor"].as_str() {
        out += &format!("{} are in it; go on with --after {next}\n", text(&answer["size"]));
    }
    out
}

//! `globals`: values of the bot as a whole, through the running server or in a stopped one's data (FL 7.1).

use crate::args::GlobalsCommand;
use crate::{Exit, data};
use api::control::Request;
use serde_json::Value;

/// Lists globals, sets one, or lets one go back to its default.
pub fn run(command: GlobalsCommand) -> anyhow::Result<Exit> {
    match command {
        GlobalsCommand::List { data, json } => {
            let answer = data::ask(&data, Request::GlobalsList {})?;
            let empty = Vec::new();
            let globals = answer["globals"].as_array().unwrap_or(&empty);
            if json {
                globals.iter().for_each(|g| println!("{g}"));
            } else {
                print!("{}", table(globals));
            }
        }
        GlobalsCommand::Set { data, name, value } => {
            let answer = data::ask(&data, Request::GlobalsSet { name, value: Some(value) })?;
            println!("{} is now {}", shown(&answer["global"]["name"]), shown(&answer["global"]["value"]));
        }
        GlobalsCommand::Unset { data, name } => {
            let answer = data::ask(&data, Request::GlobalsSet { name, value: None })?;
            match &answer["global"]["value"] {
                Value::Null => println!("{} has no value now", shown(&answer["global"]["name"])),
                default => println!("{} is back to its default, {}", shown(&answer["global"]["name"]), shown(default)),
            }
        }
    }
    Ok(Exit::Fine)
}

/// Text that cannot move the cursor or change the terminal.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn table(globals: &[Value]) -> String {
    if globals.is_empty() {
        return "the bot has no globals; declare them under globals in bot.yaml\n".into();
    }
    let mut rows = vec![["NAME", "TYPE", "VALUE", ""].map(str::to_owned)];
    for global in globals {
        let note = match (&global["value"], global["is_set"] == true) {
            (Value::Null, _) => "no value",
            (_, true) => "",
            (_, false) => "default",
        };
        rows.push([shown(&global["name"]), shown(&global["type"]), shown(&global["value"]), note.to_owned()]);
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count().min(60)).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[name, ty, value, note]| {
            let line = format!("{name:<a$}  {ty:<b$}  {value:<c$}  {note}", a = widths[0], b = widths[1], c = widths[2]);
            format!("{}\n", line.trim_end())
        })
        .collect()
}

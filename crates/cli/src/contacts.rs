//! `contacts`: people, through the running server or from a stopped one's data.

mod show;

pub mod bulk;
mod erase;
mod erasures;
mod export;
mod find;
pub mod import;
mod list;
mod merge;
mod query;

use crate::args::{BlockArgs, ContactsCommand};
use crate::{Exit, data};
use api::control::Request;
use model::Instant;
use serde_json::Value;

/// Lists people or shows one.
pub fn run(command: ContactsCommand) -> anyhow::Result<Exit> {
    match command {
        ContactsCommand::List(args) => return list::run(args),
        ContactsCommand::Find(args) => return find::run(args),
        ContactsCommand::Block(args) => return block(&args, true),
        ContactsCommand::Unblock(args) => return block(&args, false),
        ContactsCommand::Query(args) => return query::run(args),
        ContactsCommand::Import(args) => return import::run(args),
        ContactsCommand::Export(args) => return export::run(&args),
        ContactsCommand::Tag(args) => return bulk::tag(&args, true),
        ContactsCommand::Untag(args) => return bulk::tag(&args, false),
        ContactsCommand::Set(args) => return bulk::set(&args),
        ContactsCommand::AddTo(args) => return bulk::list(&args, true),
        ContactsCommand::RemoveFrom(args) => return bulk::list(&args, false),
        ContactsCommand::Merge(args) => return merge::run(&args),
        ContactsCommand::Duplicates { data, id, json } => return merge::duplicates(&data, &id, json),
        ContactsCommand::Data { data, id } => {
            let answer = data::ask(&data, Request::ContactsData { id: id.parse()? })?;
            println!("{}", serde_json::to_string_pretty(&answer)?);
        }
        ContactsCommand::Erase(args) => return erase::run(&args),
        ContactsCommand::Erasures(args) => return erasures::run(args),
        ContactsCommand::ImportEvents(args) => return import::events(args),
        ContactsCommand::Show { data, id, kind, lines, json } => {
            let id = id.parse()?;
            let answer = data::ask(&data, Request::ContactsShow { id, kind, lines })?;
            if json {
                println!("{}", serde_json::to_string_pretty(&answer)?);
            } else {
                print!("{}", show::page(&answer));
            }
        }
    }
    Ok(Exit::Fine)
}

/// Blocks somebody, or unblocks them.
fn block(args: &BlockArgs, blocked: bool) -> anyhow::Result<Exit> {
    let answer = data::ask(&args.data, Request::ContactsBlock { id: args.id.parse()?, blocked })?;
    if args.json {
        println!("{answer}");
    } else {
        println!("{} is {}", args.id, cell(&answer["status"]));
    }
    Ok(Exit::Fine)
}

/// Text that cannot move the cursor or change the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn time(value: &Value) -> String {
    value.as_i64().map(|ms| Instant::from_millis(ms).to_timestamp().strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// A time that came as text, to the minute.
fn time_of_text(value: &Value) -> String {
    let read: Option<jiff::Timestamp> = value.as_str().and_then(|text| text.parse().ok());
    read.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

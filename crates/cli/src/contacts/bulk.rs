//! `contacts tag|untag|set|add-to|remove-from`: a change of everybody a condition names, counted before it is made.
//!
//! With `--json` stdout has what came of it and nothing else; the count and the question go to stderr.

use super::import::contacts;
use crate::{
    Exit,
    args::{ListedArgs, SetArgs, TagArgs, WhomArgs},
    odd,
    session::Session,
};
use anyhow::bail;
use api::{
    bulk::Wanted,
    control::{BulkAsk, Of, Request},
};
use serde_json::{Map, Value, json};
use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

/// Puts a tag on, or takes it off.
pub fn tag(args: &TagArgs, on: bool) -> anyhow::Result<Exit> {
    let tags = vec![args.tag.clone()];
    let (what, words) = if on {
        (Wanted { tag: tags, ..Wanted::default() }, format!("to get the tag {}", args.tag))
    } else {
        (Wanted { untag: tags, ..Wanted::default() }, format!("to lose the tag {}", args.tag))
    };
    change(&args.whom, what, &words)
}

/// Sets attributes.
pub fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let mut set = Map::new();
    for pair in &args.values {
        let Some((name, value)) = pair.split_once('=') else { bail!("a value is written NAME=VALUE, not \"{pair}\"") };
        let value = if value.is_empty() { Value::Null } else { Value::String(value.to_owned()) };
        set.insert(name.trim().to_owned(), value);
    }
    let words = format!("to get {}", args.values.join(", "));
    change(&args.whom, Wanted { set, ..Wanted::default() }, &words)
}

/// Puts people on a list, or takes them off.
pub fn list(args: &ListedArgs, on: bool) -> anyhow::Result<Exit> {
    let lists = vec![args.list.clone()];
    let (what, words) = if on {
        (Wanted { add_to: lists, ..Wanted::default() }, format!("to be put on the list {}", args.list))
    } else {
        (Wanted { remove_from: lists, ..Wanted::default() }, format!("to be taken off the list {}", args.list))
    };
    change(&args.whom, what, &words)
}

/// Makes the list if there is none, and puts everybody on it for whom a condition holds now.
pub fn freeze(whom: &WhomArgs, key: &str) -> anyhow::Result<Exit> {
    let session = Session::open(&whom.data)?;
    let there = session.ask(Request::SegmentsShow { key: key.to_owned() });
    let is_list = there.as_ref().is_ok_and(|segment| segment["static"] == true);
    if there.is_ok() && !is_list {
        session.close();
        bail!("the segment {key} has a condition; choose the key of a list, or one that nobody has");
    }
    // Said before anything is made.
    let counted = session.ask(Request::SegmentsPreview { of: Of::Where(whom.condition.clone()), sample: 0 });
    let made = match (counted, there) {
        (Err(error), _) => Err(error),
        (Ok(_), Ok(_)) => Ok(()),
        (Ok(_), Err(_)) => session.ask(Request::SegmentsMake { key: key.to_owned(), name: None }).map(|_| ()),
    };
    session.close();
    made?;
    change(whom, Wanted { add_to: vec![key.to_owned()], ..Wanted::default() }, &format!("to be put on the list {key}"))
}

fn change(whom: &WhomArgs, what: Wanted, words: &str) -> anyhow::Result<Exit> {
    let session = Session::open(&whom.data)?;
    let ask = |apply| Request::ContactsBulk { ask: BulkAsk { condition: whom.condition.clone(), what: what.clone(), apply } };
    let counted = session.ask(ask(false))?;
    odd::tell(&whom.condition, &counted);
    let found = counted["found"].as_u64().unwrap_or(0);
    say(whom.json, &format!("{} {words}\n", contacts(found)))?;
    if found == 0 || !(whom.yes || agreed(whom.json)?) {
        session.close();
        if whom.json {
            println!("{}", json!({ "id": null, "found": found, "done": 0, "failed": 0 }));
        } else if found > 0 {
            println!("nothing was changed");
        }
        return Ok(Exit::Fine);
    }
    let begun = session.ask(ask(true))?;
    let (done, failed) = through(&session, &begun)?;
    session.close();
    if whom.json {
        println!("{}", json!({ "id": begun["id"], "found": begun["found"], "done": done, "failed": failed }));
        return Ok(Exit::Fine);
    }
    if failed > 0 {
        println!("{} could not be changed", contacts(failed));
    }
    println!("{} changed", contacts(done));
    Ok(Exit::Fine)
}

/// Waits until what was begun is over: how many it was done for, and how many it could not be done for.
pub fn through(session: &Session, begun: &Value) -> anyhow::Result<(u64, u64)> {
    match begun["id"].as_str() {
        Some(id) if begun["at_rest"] != true => follow(session, id),
        Some(_) | None => Ok((begun["done"].as_u64().unwrap_or(0), begun["failed"].as_u64().unwrap_or(0))),
    }
}

/// Says something to whoever sits there: not on stdout if a program reads that.
fn say(json: bool, text: &str) -> io::Result<()> {
    let mut out: Box<dyn io::Write> = if json { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn agreed(json: bool) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("say --yes to do it; nothing was changed");
    }
    say(json, "Do it? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Waits until the server is through.
fn follow(session: &Session, id: &str) -> anyhow::Result<(u64, u64)> {
    let shows = io::stderr().is_terminal();
    loop {
        let all = session.ask(Request::TriggerList {})?;
        let Some(one) = all["triggers"].as_array().into_iter().flatten().find(|one| one["id"] == id) else {
            bail!("the server forgot the change {id}");
        };
        let (found, reached) = (one["found"].as_u64().unwrap_or(0), one["reached"].as_u64().unwrap_or(0));
        match one["stage"].as_str() {
            Some("done") => {
                if shows {
                    eprint!("\r\x1b[K");
                }
                return Ok((reached, one["failed"].as_u64().unwrap_or(0)));
            }
            Some("failed") => bail!("{}", one["why"].as_str().unwrap_or("it could not be carried out")),
            _ if shows => eprint!("\r\x1b[K{reached} of {found}"),
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

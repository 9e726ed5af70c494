//! `contacts tag|untag|set`: a change of everybody a condition names, counted before it is made.

use super::import::contacts;
use crate::{
    Exit,
    args::{SetArgs, TagArgs, WhomArgs},
    session::Session,
};
use anyhow::bail;
use api::{
    bulk::Wanted,
    control::{BulkAsk, Request},
};
use serde_json::{Map, Value};
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

fn change(whom: &WhomArgs, what: Wanted, words: &str) -> anyhow::Result<Exit> {
    let session = Session::open(&whom.data)?;
    let ask = |apply| Request::ContactsBulk { ask: BulkAsk { condition: whom.condition.clone(), what: what.clone(), apply } };
    let found = session.ask(ask(false))?["found"].as_u64().unwrap_or(0);
    println!("{} {words}", contacts(found));
    if found == 0 {
        session.close();
        return Ok(Exit::Fine);
    }
    if !whom.yes && !agreed()? {
        println!("nothing was changed");
        session.close();
        return Ok(Exit::Fine);
    }
    let begun = session.ask(ask(true))?;
    let done = match begun["id"].as_str() {
        Some(id) => follow(&session, id)?,
        None => begun["done"].as_u64().unwrap_or(0),
    };
    session.close();
    println!("{} changed", contacts(done));
    Ok(Exit::Fine)
}

fn agreed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("say --yes to do it; nothing was changed");
    }
    print!("Do it? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Waits until the server is through.
fn follow(session: &Session, id: &str) -> anyhow::Result<u64> {
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
                let failed = one["failed"].as_u64().unwrap_or(0);
                if failed > 0 {
                    println!("{} could not be changed", contacts(failed));
                }
                return Ok(reached);
            }
            Some("failed") => bail!("{}", one["why"].as_str().unwrap_or("it could not be carried out")),
            _ if shows => eprint!("\r\x1b[K{reached} of {found}"),
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

//! `runs`: what is under way, by version of the bot, and moving it to another version (FL 5.9).

use crate::args::{DataArgs, RunsCommand};
use crate::{Exit, data, table};
use anyhow::bail;
use api::control::Request;
use model::Instant;
use serde_json::Value;
use std::collections::BTreeMap;

/// Lists runs, or moves them.
pub fn run(command: RunsCommand) -> anyhow::Result<Exit> {
    match command {
        RunsCommand::List { data, skill, json } => list(&data, skill, json),
        RunsCommand::Move { data, from, to, map, yes } => migrate(&data, from, to, &map, yes),
    }
}

/// A JSON text, without what could change the terminal.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

fn short(value: &Value) -> String {
    text(value).chars().take(12).collect()
}

fn time(value: &Value) -> String {
    value.as_i64().map(|ms| Instant::from_millis(ms).to_timestamp().strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

fn list(data: &DataArgs, skill: Option<String>, json: bool) -> anyhow::Result<Exit> {
    let answer = data::ask(data, Request::RunsList { skill })?;
    let empty = Vec::new();
    let runs = answer["runs"].as_array().unwrap_or(&empty);
    if json {
        runs.iter().for_each(|run| println!("{run}"));
        return Ok(Exit::Fine);
    }
    if runs.is_empty() {
        println!("nothing is under way");
        return Ok(Exit::Fine);
    }
    let mut rows = vec![["AT", "RESTS", "VERSION", "CONTACT", "NAME", "SINCE (UTC)"].map(str::to_owned).to_vec()];
    for run in runs {
        let at: Vec<String> = run["at"].as_array().unwrap_or(&empty).iter().map(text).collect();
        let version = short(&run["version"]);
        let version = if run["version"] == answer["current"] { format!("{version} (current)") } else { version };
        rows.push(vec![at.join(" < "), text(&run["rest"]), version, text(&run["contact"]), text(&run["name"]), time(&run["moved_at"])]);
    }
    print!("{}", table::shown(&rows));
    if let Some(total) = answer["total"].as_u64().filter(|total| *total > runs.len() as u64) {
        println!("and {} more; --skill narrows it down", total - runs.len() as u64);
    }
    Ok(Exit::Fine)
}

/// `old=new` lines as a map.
fn mapping(lines: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut map = BTreeMap::new();
    for line in lines {
        let parts = line.split_once('=').map(|(old, new)| (old.trim(), new.trim()));
        let Some((old, new)) = parts.filter(|(old, new)| !old.is_empty() && !new.is_empty()) else {
            bail!("--map is written old=new, such as --map order-help.ask=order-help.question, not \"{line}\"");
        };
        if map.insert(old.to_owned(), new.to_owned()).is_some() {
            bail!("--map names {old} twice");
        }
    }
    Ok(map)
}

fn migrate(data: &DataArgs, from: String, to: String, map: &[String], yes: bool) -> anyhow::Result<Exit> {
    let map = mapping(map)?;
    let answer = data::ask(data, Request::RunsMove { from, to, map, apply: yes })?;
    let empty = Vec::new();
    let moves = answer["moves"].as_array().unwrap_or(&empty);
    println!("from version {} to version {}", short(&answer["from"]), short(&answer["to"]));
    let mut rows = Vec::new();
    for line in moves {
        let (from, to) = (text(&line["from"]), text(&line["to"]));
        let change = if from == to { from } else { format!("{from} -> {to}") };
        let verdict = if line["unfit"].is_null() { "fits".to_owned() } else { format!("does not fit: {}", text(&line["unfit"])) };
        rows.push(vec![format!("  {} {}", line["count"], text(&line["what"])), change, verdict]);
    }
    if rows.is_empty() {
        println!("  nothing has that version");
        return Ok(Exit::Fine);
    }
    print!("{}", table::shown(&rows));
    if let Some(waiting) = answer["waiting"].as_u64().filter(|n| *n > 0) {
        println!("{} stay: messages wait there, which a running server answers first", conversations(waiting));
    }
    let count = answer["conversations"].as_u64().unwrap_or_default();
    if answer["fits"] != true {
        println!("nothing was moved: name a block of the same type with --map old=new for each line that does not fit");
        return Ok(Exit::Problems);
    }
    if answer["applied"] != true {
        println!("{} would be moved; nothing was changed. Add --yes to do it", conversations(count));
        return Ok(Exit::Fine);
    }
    match answer["left"].as_u64().unwrap_or_default() {
        0 => println!("moved {}", conversations(count)),
        left => println!("moved; {} went on meanwhile and still have the old version: ask again", conversations(left)),
    }
    Ok(Exit::Fine)
}

fn conversations(count: u64) -> String {
    if count == 1 { "1 conversation".into() } else { format!("{count} conversations") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_pairs() {
        let lines = |text: &[&str]| text.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let map = mapping(&lines(&["ask = question", "a.b=c.d"])).expect("pairs");
        assert_eq!(map.get("ask").map(String::as_str), Some("question"));
        assert_eq!(map.len(), 2);
        for wrong in [&["ask"][..], &["=x"], &["x="], &["a=b", "a=c"]] {
            assert!(mapping(&lines(wrong)).is_err(), "{wrong:?}");
        }
    }
}

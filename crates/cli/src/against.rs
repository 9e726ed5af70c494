//! `check --against`: what the changes in a folder mean for what is under way on a running server (FL 5.9), for the segments that
//! only the server has, and for lists with people on them.

use crate::args::DataArgs;
use crate::{Exit, data, folder, table};
use anyhow::{Context as _, bail};
use api::control::{Request, digest};
use engine::{Bot, StoredSegment};
use runtime::{LostList, LostSegments, UnjudgedSegment};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// How a block differs from the one that runs rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// There is none of this name any more.
    Vanished,
    /// It says something else.
    Changed,
}

/// Compares a folder with what the server serves, counts what rests on each block that differs, and names the segments for which the
/// server would refuse it: those that could not be judged with it any more, and lists with people on them that it lost. Nothing is changed.
pub fn run(bot: &Path, url: &str, data: Option<&Path>) -> anyhow::Result<Exit> {
    let loaded = folder::load(bot)?;
    let Some(checked) = loaded.bot.clone() else {
        loaded.print();
        bail!("{}: {}; there is nothing to compare", bot.display(), loaded.summary());
    };
    let url: url::Url =
        url.parse().map_err(|_| anyhow::anyhow!("--against takes an address such as http://127.0.0.1:8080, not \"{url}\""))?;
    let data = data.map(Path::to_owned).or_else(|| Some(data::default_for(bot)).filter(|d| d.is_dir()));
    let answer = data::ask_server(&DataArgs { data }, &url, Request::RunsServed {})?;
    print!("{}", report(&checked, &answer));
    let lost = lost_segments(&checked, &answer)?;
    if lost.is_empty() {
        return Ok(Exit::Fine);
    }
    println!("the server would not take this folder:\n{lost}");
    Ok(Exit::Problems)
}

/// What the server has of segments and would lose with this folder.
fn lost_segments(bot: &Bot, answer: &Value) -> anyhow::Result<LostSegments> {
    let told = |name: &str, none: Value| answer.get(name).cloned().unwrap_or(none);
    let unreadable = "the server's segments cannot be read";
    let stored: Vec<StoredSegment> = serde_json::from_value(told("segments", json!([]))).context(unreadable)?;
    let known: Vec<String> = serde_json::from_value(told("unjudged", json!([]))).context(unreadable)?;
    let lists: BTreeMap<String, u64> = serde_json::from_value(told("lists", json!({}))).context(unreadable)?;
    let would_be = bot.with_segments(&stored);
    let unjudged = would_be.set().invalid().filter(|(key, _)| !known.iter().any(|one| one == key)).map(UnjudgedSegment::new);
    Ok(LostSegments { unjudged: unjudged.collect(), lists: LostList::among(lists, &would_be) })
}

fn report(bot: &Bot, answer: &Value) -> String {
    let empty = Vec::new();
    let versions = answer["versions"].as_array().unwrap_or(&empty);
    let ours: BTreeMap<String, String> = bot.block_texts().into_iter().map(|(at, text)| (at, digest(&text))).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect::<String>();
    let mut out = String::new();
    if answer["current"].as_str() == Some(&*bot.version().0) {
        out.push_str("the server runs this version already\n");
    }
    let (mut rows, mut resting) = (Vec::new(), 0);
    for version in versions.iter().filter(|v| v["version"].as_str() != Some(&*bot.version().0)) {
        let current = version["current"] == true;
        for (at, fate) in fates(&version["blocks"], &ours) {
            let here = version["places"].as_array().unwrap_or(&empty).iter().find(|p| p["at"] == *at);
            let count = |what: &str| here.and_then(|p| p[what].as_u64()).unwrap_or_default();
            let (runs, timers) = (count("runs"), count("timers"));
            // Of older versions only what is still rested on is of interest.
            if !current && runs + timers == 0 {
                continue;
            }
            resting += runs + timers;
            let what = match fate {
                Fate::Vanished => "vanished",
                Fate::Changed => "changed",
            };
            let short: String = text(&version["version"]).chars().take(12).collect();
            rows.push(vec![at.clone(), what.into(), counted(runs, timers), if current { format!("{short} (current)") } else { short }]);
        }
    }
    if rows.is_empty() {
        out.push_str("no block that runs rest on changed or vanished\n");
        return out;
    }
    rows.insert(0, ["BLOCK", "WHAT", "RESTS ON IT", "VERSION"].map(str::to_owned).to_vec());
    out.push_str(&table::shown(&rows));
    if resting > 0 {
        out.push_str("what is under way goes on with the version it began with; \"switchboard runs move\" moves it\n");
    } else {
        out.push_str("nothing rests on them\n");
    }
    out
}

/// The blocks of a version that are different or gone in ours, by name.
fn fates(blocks: &Value, ours: &BTreeMap<String, String>) -> BTreeMap<String, Fate> {
    let theirs = blocks.as_object().into_iter().flatten();
    theirs
        .filter_map(|(at, said)| match ours.get(at) {
            None => Some((at.clone(), Fate::Vanished)),
            Some(digest) if said.as_str() != Some(digest) => Some((at.clone(), Fate::Changed)),
            Some(_) => None,
        })
        .collect()
}

fn counted(runs: u64, timers: u64) -> String {
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (runs, timers) {
        (0, 0) => "nothing".into(),
        (runs, 0) => count(runs, "run"),
        (0, timers) => count(timers, "timer"),
        (runs, timers) => format!("{}, {}", count(runs, "run"), count(timers, "timer")),
    }
}

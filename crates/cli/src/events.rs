//! `contacts import-events`: events that happened elsewhere, from a file of lines.

use crate::args::DataArgs;
use crate::{Exit, data};
use anyhow::Context as _;
use api::control::Request;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Lines told at once.
const LINES: usize = 500;
/// The longest line.
const LINE: usize = 64 * 1024;

/// Takes the events of a file over; `-` is what is piped in.
pub fn import(data: &DataArgs, file: &Path, json: bool) -> anyhow::Result<Exit> {
    let piped = file == Path::new("-");
    let mut text = String::new();
    if piped {
        std::io::stdin().read_to_string(&mut text).context("what is piped in cannot be read")?;
    } else {
        text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    }
    // A file that is imported again, after a break or by mistake, is told by what is in it.
    let name: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<(usize, &str)> =
        (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.trim().is_empty()).collect();
    let (mut recorded, mut wrong) = (0, Vec::new());
    for (part, chunk) in (0..).zip(lines.chunks(LINES)) {
        let mut rows = Vec::new();
        let mut places = Vec::new();
        for (number, line) in chunk {
            match serde_json::from_str::<Value>(line) {
                Ok(row) if line.len() <= LINE => {
                    rows.push(row);
                    places.push((*number, *line));
                }
                Ok(_) => wrong.push((*number, *line, format!("the line is longer than {LINE} bytes"))),
                Err(why) => wrong.push((*number, *line, format!("not JSON: {why}"))),
            }
        }
        let answer = data::ask(data, Request::EventsImport { rows, import: format!("{name}/{part}") })?;
        recorded += answer["recorded"].as_u64().unwrap_or(0);
        for failed in answer["failed"].as_array().into_iter().flatten() {
            let place = failed["row"].as_u64().and_then(|at| usize::try_from(at).ok()).and_then(|at| places.get(at));
            if let Some((number, line)) = place {
                wrong.push((*number, *line, failed["why"].as_str().unwrap_or_default().to_owned()));
            }
        }
    }
    if !json {
        println!("{recorded} events recorded");
    }
    wrong.sort_by_key(|(number, ..)| *number);
    let beside = match piped || wrong.is_empty() {
        true => None,
        false => Some(left_over(file, &wrong)?),
    };
    if json {
        let failed: Vec<Value> = wrong.iter().map(|(line, _, why)| json!({ "line": line, "why": why })).collect();
        let beside = beside.map(|path| path.display().to_string());
        println!("{}", json!({ "recorded": recorded, "failed": failed, "errors_file": beside }));
        return Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Problems });
    }
    if wrong.is_empty() {
        return Ok(Exit::Fine);
    }
    for (number, _, why) in wrong.iter().take(10) {
        println!("line {number}: {}", why.chars().filter(|c| !c.is_control()).collect::<String>());
    }
    if wrong.len() > 10 {
        println!("… and {} more", wrong.len() - 10);
    }
    match beside {
        None => println!("{} lines were not recorded", wrong.len()),
        Some(beside) => {
            println!("{} lines were not recorded; they are in {}: correct them there and import that file", wrong.len(), beside.display());
        }
    }
    Ok(Exit::Problems)
}

/// Writes the lines that were wrong beside the file; answers where.
fn left_over(file: &Path, wrong: &[(usize, &str, String)]) -> anyhow::Result<PathBuf> {
    let beside = PathBuf::from(format!("{}.errors.jsonl", file.display()));
    let mut out = fs::File::create(&beside).with_context(|| format!("{} cannot be written", beside.display()))?;
    for (_, line, _) in wrong {
        writeln!(out, "{line}")?;
    }
    Ok(beside)
}

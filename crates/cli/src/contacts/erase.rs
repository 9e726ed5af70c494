//! `contacts erase`: what goes and what must stay is said first, then it is done, and the certificate shown.

use crate::args::DataArgs;
use crate::{Exit, data};
use anyhow::bail;
use api::control::Request;
use serde_json::Value;
use std::io::{IsTerminal as _, Write as _};

/// What is counted, as people say it.
const WORDS: [(&str, &str, &str); 12] = [
    ("contacts", "contact", "contacts"),
    ("conversations", "conversation", "conversations"),
    ("messages", "message", "messages"),
    ("attachments", "file", "files"),
    ("journey", "line of the journey", "lines of the journey"),
    ("events", "event", "events"),
    ("addresses", "address", "addresses"),
    ("identifiers", "identifier", "identifiers"),
    ("attributes", "attribute", "attributes"),
    ("tags", "tag", "tags"),
    ("notes", "note", "notes"),
    ("consents", "consent", "consents"),
];

/// Erases a contact.
pub fn run(args: &DataArgs, id: &str, dry_run: bool, yes: bool, json: bool) -> anyhow::Result<Exit> {
    let id = id.parse()?;
    let preview = data::ask(args, Request::ContactsErase { id, preview: true })?;
    if dry_run && json {
        println!("{}", serde_json::to_string_pretty(&preview["preview"])?);
        return Ok(Exit::Fine);
    }
    if !json {
        print!("{}", previewed(&preview["preview"]));
    }
    if dry_run {
        println!("nothing was erased");
        return Ok(Exit::Fine);
    }
    if !yes && !agreed()? {
        println!("nothing was erased");
        return Ok(Exit::Fine);
    }
    let answer = data::ask(args, Request::ContactsErase { id, preview: false })?;
    let erasure = &answer["erasure"];
    if json {
        println!("{}", serde_json::to_string_pretty(erasure)?);
    } else {
        print!("{}", certified(erasure));
    }
    Ok(Exit::Fine)
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked; add --yes to do it, or --dry-run to only look");
    }
    print!("erase all of it, for good? [y/N] ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn counted(counts: &Value) -> String {
    let told = WORDS.iter().filter_map(|(key, one, many)| match counts[*key].as_u64() {
        None | Some(0) => None,
        Some(1) => Some(format!("1 {one}")),
        Some(n) => Some(format!("{n} {many}")),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn previewed(preview: &Value) -> String {
    let mut out = format!("goes:  {}\n", counted(&preview["goes"]));
    if let Some(stops) = preview["stops"].as_u64().filter(|n| *n > 0) {
        out.push_str(&format!("stops: {stops} under way (runs, timers, messages that wait, requests for a human)\n"));
    }
    out.push_str("stays: a certificate without a word about them");
    match preview["stays"]["suppression_hashes"].as_u64() {
        None | Some(0) => out.push('\n'),
        Some(n) => out.push_str(&format!(", and {n} salted hashes: they do not want to be written to\n")),
    }
    out
}

fn certified(erasure: &Value) -> String {
    let text = |key: &str| erasure[key].as_str().unwrap_or_default().to_owned();
    let mut out = format!("erased: {}\ncertificate {}", counted(&erasure["counts"]), text("id"));
    match erasure["state"].as_str() {
        Some("done") => out.push_str(": done, nothing is left\n"),
        _ => out.push_str(": pending until the store is compacted, which the server does by itself; \"store compact\" does it now\n"),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_goes_and_stays_is_said_in_words() {
        let preview = json!({
            "goes": { "contacts": 1, "conversations": 2, "messages": 1, "notes": 0 },
            "stops": 3,
            "stays": { "suppression_hashes": 2, "certificate": true },
        });
        assert_eq!(
            previewed(&preview),
            "goes:  1 contact, 2 conversations, 1 message\nstops: 3 under way (runs, timers, messages that wait, requests for a human)\n\
             stays: a certificate without a word about them, and 2 salted hashes: they do not want to be written to\n"
        );
        let pending = json!({ "id": "era_1", "state": "pending", "counts": { "contacts": 1 } });
        assert!(certified(&pending).contains("era_1: pending"));
    }
}

//! `contacts erase`: what goes and what must stay is said first, then it is done, and the certificate shown. Many are erased by
//! a condition; then how many they are has to be typed.

use super::{bulk::through, clean, import::contacts};
use crate::args::{DataArgs, EraseArgs};
use crate::{Exit, data, odd, session::Session};
use anyhow::bail;
use api::control::{EraseManyAsk, Request};
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

/// Erases a contact, or many.
pub fn run(args: &EraseArgs) -> anyhow::Result<Exit> {
    match (&args.id, &args.condition) {
        (Some(id), _) => one(&args.data, id, args.dry_run, args.yes, args.json),
        (None, Some(condition)) => {
            let session = Session::open(&args.data)?;
            let erased = many(&session, args, condition);
            session.close();
            erased
        }
        (None, None) => bail!("say whom: an id, or --where CONDITION"),
    }
}

/// Erases everybody for whom a condition holds.
fn many(session: &Session, args: &EraseArgs, condition: &str) -> anyhow::Result<Exit> {
    let ask = |confirm, people| Request::ContactsEraseMany { ask: EraseManyAsk { condition: condition.to_owned(), confirm, people } };
    let counted = session.ask(ask(None, None))?;
    odd::tell(condition, &counted);
    let found = counted["found"].as_u64().unwrap_or(0);
    if args.dry_run && args.json {
        println!("{}", serde_json::to_string_pretty(&counted)?);
        return Ok(Exit::Fine);
    }
    if !args.json {
        print!("{}", counted_out(&counted));
    }
    if args.dry_run || found == 0 || (!args.yes && !typed(found)?) {
        match args.json {
            true => println!("{}", told(&Value::Null, found, 0, 0)),
            false => println!("nobody was erased"),
        }
        return Ok(Exit::Fine);
    }
    let begun = session.ask(ask(Some(found), counted["people"].as_str().map(str::to_owned)))?;
    let (done, failed) = through(session, &begun)?;
    if args.json {
        println!("{}", told(&begun["id"], found, done, failed));
        return Ok(Exit::Fine);
    }
    let id = begun["id"].as_str().unwrap_or_default();
    println!("{} erased; \"contacts erasures --bulk {id}\" shows their certificates", contacts(done));
    if failed > 0 {
        println!("{} left: they are part of somebody else by now", contacts(failed));
    }
    if begun["at_rest"] != true {
        println!("what the disk still holds of them goes with a compaction that begins by itself");
    }
    Ok(Exit::Fine)
}

/// What came of erasing many, for programs; without an id nobody was erased.
fn told(id: &Value, found: u64, done: u64, failed: u64) -> Value {
    serde_json::json!({ "id": id, "found": found, "done": done, "failed": failed })
}

/// Who they are, what goes and what stays.
fn counted_out(counted: &Value) -> String {
    let found = counted["found"].as_u64().unwrap_or(0);
    let mut out = format!("{} to be erased\n", contacts(found));
    let empty = Vec::new();
    let sample = counted["sample"].as_array().unwrap_or(&empty);
    for one in sample {
        let (id, name) = (one["id"].as_str().unwrap_or_default(), one["name"].as_str().unwrap_or_default());
        out.push_str(&format!("  {id}  {}\n", clean(name)));
    }
    if found > sample.len() as u64 && !sample.is_empty() {
        out.push_str(&format!("  … and {} more\n", found - sample.len() as u64));
    }
    match &counted["preview"] {
        _ if found == 0 => {}
        // They are too many to be counted out.
        Value::Null => out.push_str(&staying(certificate(), &lingering(counted))),
        preview => out.push_str(&previewed(preview)),
    }
    out
}

/// Whether somebody typed how many they are.
fn typed(found: u64) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked; add --yes to do it, or --dry-run to only look");
    }
    eprint!("type {found} to erase them, for good: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == found.to_string())
}

fn one(args: &DataArgs, id: &str, dry_run: bool, yes: bool, json: bool) -> anyhow::Result<Exit> {
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
        match json {
            true => println!("null"),
            false => println!("nothing was erased"),
        }
        return Ok(Exit::Fine);
    }
    let answer = data::ask(args, Request::ContactsErase { id, preview: false })?;
    let erasure = &answer["erasure"];
    if json {
        println!("{}", serde_json::to_string_pretty(erasure)?);
    } else {
        print!("{}", certified(erasure));
        if erasure["state"] != "done" {
            println!("\"contacts erasures {}\" shows whether it is done", erasure["id"].as_str().unwrap_or_default());
        }
    }
    Ok(Exit::Fine)
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked; add --yes to do it, or --dry-run to only look");
    }
    eprint!("erase all of it, for good? [y/N] ");
    std::io::stderr().flush()?;
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
    let stays = &preview["stays"];
    let first = match hashes(stays) {
        None => certificate(),
        Some(hashes) => format!("{}, and {hashes}", certificate()),
    };
    out.push_str(&staying(first, &lingering(stays)));
    out
}

fn certificate() -> String {
    "a certificate without a word about them".to_owned()
}

/// The salted hashes that stay; none if there are none.
fn hashes(stays: &Value) -> Option<String> {
    let n = stays["suppression_hashes"].as_u64().filter(|n| *n > 0)?;
    Some(format!("{n} salted {}: they do not want to be written to", if n == 1 { "hash" } else { "hashes" }))
}

/// What stays for a while, and why.
fn lingering(stays: &Value) -> Vec<String> {
    let number = |key: &str| stays[key].as_u64().filter(|n| *n > 0);
    let hooks = number("webhooks_told").map(|n| {
        let hooks = if n == 1 { "1 webhook".to_owned() } else { format!("{n} webhooks") };
        format!("the bare id, for {hooks} to be told of it, until their log has forgotten it")
    });
    let files = number("unfinished_imports").map(|n| {
        let files = if n == 1 { "the file of 1 import".to_owned() } else { format!("the files of {n} imports") };
        format!("{files} not done yet, which may name them")
    });
    hooks.into_iter().chain(files).collect()
}

/// Lines of what stays.
fn staying(first: String, others: &[String]) -> String {
    let others = others.iter().map(|line| format!("       {line}\n"));
    format!("stays: {first}\n{}", others.collect::<String>())
}

/// A certificate: what was erased, what stays, and whether it is done.
pub(super) fn certified(erasure: &Value) -> String {
    let text = |key: &str| erasure[key].as_str().unwrap_or_default().to_owned();
    let mut out = format!("erased: {}\ncertificate {}", counted(&erasure["counts"]), text("id"));
    let stays: Vec<String> = hashes(erasure).into_iter().chain(lingering(erasure)).collect();
    match erasure["state"].as_str() {
        Some("done") if stays.is_empty() => out.push_str(": done, nothing is left\n"),
        Some("done") => out.push_str(": done, nothing else is left\n"),
        _ => out.push_str(": pending until the store is compacted, which the server does by itself; \"store compact\" does it now\n"),
    }
    if let [first, others @ ..] = stays.as_slice() {
        out.push_str(&staying(first.clone(), others));
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
            "stays": { "suppression_hashes": 2, "certificate": true, "webhooks_told": 1, "unfinished_imports": 2 },
        });
        assert_eq!(
            previewed(&preview),
            "goes:  1 contact, 2 conversations, 1 message\nstops: 3 under way (runs, timers, messages that wait, requests for a human)\n\
             stays: a certificate without a word about them, and 2 salted hashes: they do not want to be written to\n       \
             the bare id, for 1 webhook to be told of it, until their log has forgotten it\n       \
             the files of 2 imports not done yet, which may name them\n"
        );
        let many = json!({ "found": 7, "sample": [{ "id": "con_1", "name": "Ana" }], "preview": preview });
        let told = counted_out(&many);
        assert!(told.starts_with("7 contacts to be erased\n  con_1  Ana\n  … and 6 more\ngoes:  1 contact"), "{told}");
        let crowd = json!({ "found": 1_001, "sample": [], "preview": null, "webhooks_told": 2, "unfinished_imports": 0 });
        assert_eq!(
            counted_out(&crowd),
            "1001 contacts to be erased\nstays: a certificate without a word about them\n       \
             the bare id, for 2 webhooks to be told of it, until their log has forgotten it\n"
        );
        let nobody = json!({ "found": 0, "sample": [], "preview": {}, "webhooks_told": 2, "unfinished_imports": 1 });
        assert_eq!(counted_out(&nobody), "0 contacts to be erased\n");
        let pending = json!({ "id": "era_1", "state": "pending", "counts": { "contacts": 1 } });
        assert!(certified(&pending).contains("era_1: pending"));
    }

    #[test]
    fn a_certificate_says_what_stayed() {
        let done = |stays: Value| {
            let mut erasure = json!({ "id": "era_1", "state": "done", "counts": { "contacts": 1 } });
            erasure.as_object_mut().unwrap().extend(stays.as_object().unwrap().clone());
            certified(&erasure)
        };
        assert_eq!(
            done(json!({ "suppression_hashes": 0, "webhooks_told": 0, "unfinished_imports": 0 })),
            "erased: 1 contact\ncertificate era_1: done, nothing is left\n"
        );
        assert_eq!(
            done(json!({ "suppression_hashes": 0, "webhooks_told": 1, "unfinished_imports": 1 })),
            "erased: 1 contact\ncertificate era_1: done, nothing else is left\n\
             stays: the bare id, for 1 webhook to be told of it, until their log has forgotten it\n       \
             the file of 1 import not done yet, which may name them\n"
        );
    }
}

//! `contacts erasures`: certificates of erasures, which say whether anything is left.

use super::{cell, erase, time_of_text};
use crate::args::ErasuresArgs;
use crate::{Exit, data, session::Session, table};
use api::control::Request;
use serde_json::Value;

/// How many a person is shown who does not say how many.
const SHOWN: usize = 50;

/// How many are asked for at once when all are wanted.
const PAGE: usize = 1_000;

/// Shows one, or lists them.
pub fn run(args: ErasuresArgs) -> anyhow::Result<Exit> {
    let ErasuresArgs { data, id, bulk, limit, after, json } = args;
    if let Some(id) = id {
        let erasure = data::ask(&data, Request::ContactsErasure { id })?;
        match json {
            true => println!("{erasure:#}"),
            false => print!("{}", one(&erasure)),
        }
        return Ok(Exit::Fine);
    }
    let request = |after, limit| Request::ContactsErasures { bulk: bulk.clone(), after, limit };
    if !json {
        print!("{}", several(&data::ask(&data, request(after, limit.map_or(SHOWN, usize::from)))?, bulk.as_deref()));
        return Ok(Exit::Fine);
    }
    let printed = |page: &Value| certificates(page).iter().for_each(|erasure| println!("{erasure}"));
    if let Some(limit) = limit {
        let page = data::ask(&data, request(after, limit.into()))?;
        printed(&page);
        if let Some(next) = page["next_cursor"].as_str() {
            eprintln!("there are more; go on with --after {next}");
        }
        return Ok(Exit::Fine);
    }
    let session = Session::open(&data)?;
    let outcome = every(after, |after| session.ask(request(after, PAGE)), printed);
    session.close();
    outcome.map(|()| Exit::Fine)
}

/// Every page from a certificate on, to the end.
fn every(
    mut after: Option<String>,
    mut ask: impl FnMut(Option<String>) -> anyhow::Result<Value>,
    mut seen: impl FnMut(&Value),
) -> anyhow::Result<()> {
    loop {
        let page = ask(after)?;
        seen(&page);
        let Some(next) = page["next_cursor"].as_str() else { return Ok(()) };
        after = Some(next.to_owned());
    }
}

fn certificates(page: &Value) -> &[Value] {
    page["erasures"].as_array().map_or(&[], Vec::as_slice)
}

/// A certificate with when, by whom and of whom it was.
fn one(erasure: &Value) -> String {
    let mut out = erase::certified(erasure);
    out.push_str(&format!("asked for: {} UTC, by {}", time_of_text(&erasure["at"]), by(erasure)));
    if !erasure["bulk"].is_null() {
        out.push_str(&format!(", one of {}", cell(&erasure["bulk"])));
    }
    if !erasure["done_at"].is_null() {
        out.push_str(&format!("; done: {} UTC", time_of_text(&erasure["done_at"])));
    }
    out.push_str(&format!("\nsalted hash of the contact's id: {}\n", cell(&erasure["contact_hash"])));
    out
}

fn several(page: &Value, bulk: Option<&str>) -> String {
    let found = certificates(page);
    let count = |key: &str| page[key].as_u64().unwrap_or(0);
    match (count("total"), bulk) {
        (0, None) => return "nobody was erased yet\n".to_owned(),
        (0, Some(bulk)) => return format!("there are no certificates of {}\n", cell(&bulk.into())),
        (_, _) => {}
    }
    let mut out = String::new();
    if !found.is_empty() {
        let mut rows = vec![["ID", "ASKED FOR (UTC)", "BY", "STATE", "DONE (UTC)", "CONTACTS", "MESSAGES"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|erasure| {
            let counts = &erasure["counts"];
            vec![
                cell(&erasure["id"]),
                time_of_text(&erasure["at"]),
                by(erasure),
                cell(&erasure["state"]),
                time_of_text(&erasure["done_at"]),
                cell(&counts["contacts"]),
                cell(&counts["messages"]),
            ]
        }));
        out.push_str(&table::shown(&rows));
    }
    let certificates = if count("total") == 1 { "certificate" } else { "certificates" };
    out.push_str(&format!("{} {certificates}, {} pending", count("total"), count("pending")));
    match page["next_cursor"].as_str() {
        Some(next) => out.push_str(&format!("; go on with --after {next}\n")),
        None => out.push('\n'),
    }
    out
}

/// Who asked for it: by name, else what they are.
fn by(erasure: &Value) -> String {
    let by = &erasure["by"];
    if by["name"].is_null() { cell(&by["kind"]) } else { cell(&by["name"]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn certificate(state: &str, done_at: Option<&str>) -> Value {
        json!({
            "id": "era_1", "state": state, "at": "2026-03-02T10:00:07Z", "by": { "kind": "program", "name": "contacts erase" },
            "bulk": "aud_1", "done_at": done_at, "contact_hash": "5f3a", "counts": { "contacts": 1, "messages": 31 },
        })
    }

    #[test]
    fn a_certificate_says_when_by_whom_and_that_it_is_done() {
        assert_eq!(
            one(&certificate("done", Some("2026-03-02T10:05:00Z"))),
            "erased: 1 contact, 31 messages\ncertificate era_1: done, nothing is left\n\
             asked for: 2026-03-02 10:00 UTC, by contacts erase, one of aud_1; done: 2026-03-02 10:05 UTC\n\
             salted hash of the contact's id: 5f3a\n"
        );
        let pending = one(&certificate("pending", None));
        assert!(pending.contains("era_1: pending") && !pending.contains("done:"), "{pending}");
    }

    #[test]
    fn a_list_of_certificates_says_how_many_are_pending() {
        let page = json!({ "erasures": [certificate("pending", None)], "next_cursor": "era_1", "total": 2, "pending": 1 });
        assert_eq!(
            several(&page, None),
            "ID     ASKED FOR (UTC)   BY              STATE    DONE (UTC)  CONTACTS  MESSAGES\n\
             era_1  2026-03-02 10:00  contacts erase  pending              1         31\n\
             2 certificates, 1 pending; go on with --after era_1\n"
        );
        let nobody = json!({ "erasures": [], "next_cursor": null, "total": 0, "pending": 0 });
        assert_eq!(several(&nobody, None), "nobody was erased yet\n");
        assert_eq!(several(&nobody, Some("aud_1")), "there are no certificates of aud_1\n");
    }
    #[test]
    fn pages_are_followed_to_the_end() {
        let all = ["era_5", "era_4", "era_3", "era_2", "era_1"];
        let (mut asked, mut listed) = (0, Vec::new());
        let page = |after: Option<String>| {
            asked += 1;
            let from = after.map_or(0, |after| all.iter().position(|id| *id == after).unwrap() + 1);
            let end = all.len().min(from + 2);
            let found: Vec<Value> = all[from..end].iter().map(|id| json!({ "id": id })).collect();
            Ok(json!({ "erasures": found, "next_cursor": (end < all.len()).then(|| all[end - 1]) }))
        };
        let seen = |page: &Value| listed.extend(certificates(page).iter().map(|erasure| cell(&erasure["id"])));
        every(None, page, seen).unwrap();
        assert_eq!((listed, asked), (all.map(str::to_owned).to_vec(), 3));
    }
}

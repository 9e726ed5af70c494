//! `contacts show`: one person on a page of the terminal.

use super::{cell, time, time_of_text};
use serde_json::Value;

/// How wide names stand before what they name.
const NAMES: usize = 14;

/// A person as people read it.
pub(super) fn page(person: &Value) -> String {
    let mut out = format!("{} · {}\n", cell(&person["name"]), cell(&person["id"]));
    out += &fact("state", &format!("{} · status {}", cell(&person["state"]), cell(&person["status"])));
    out += &fact("last active", &format!("{} UTC · known since {}", time(&person["last_seen"]), time(&person["first_seen"])));
    out += &fact("source", &source(person));
    out += &fact("messages", &counters(&person["counters"]));
    section(&mut out, "Addresses", &person["addresses"], |address| {
        let why =
            if address["unreachable"].is_null() { String::new() } else { format!(" (unreachable: {})", cell(&address["unreachable"])) };
        pair(&cell(&address["channel"]), &format!("{}{why}", cell(&address["id"])))
    });
    section(&mut out, "Attributes", &person["attributes"], |attribute| {
        let personal = if attribute["personal"] == true { ", personal" } else { "" };
        pair(&cell(&attribute["name"]), &format!("{}  ({}{personal})", cell(&attribute["value"]), cell(&attribute["type"])))
    });
    section(&mut out, "Computed", &person["computed"], |one| pair(&cell(&one["name"]), &cell(&one["value"])));
    section(&mut out, "Known from channels", &person["system"], |one| pair(&cell(&one["name"]), &cell(&one["value"])));
    section(&mut out, "Tags", &person["tags"], |tag| {
        pair(&cell(&tag["label"]), &format!("{}  by {} ({})", time(&tag["at"]), cell(&tag["by"]), cell(&tag["why"])))
    });
    section(&mut out, "Segments", &person["segments"], |segment| {
        let since = if segment["since"].is_null() { String::new() } else { format!("  since {}", time(&segment["since"])) };
        pair(&cell(&segment["key"]), &format!("{}{since}", cell(&segment["name"])))
    });
    section(&mut out, "Campaigns", &person["campaigns"], campaign);
    section(&mut out, "Notes", &person["notes"], |note| format!("{}  {}: {}", time(&note["at"]), cell(&note["by"]), cell(&note["text"])));
    section(&mut out, "Conversations", &person["conversations"], |one| pair(&cell(&one["channel"]), &rest(one, &["channel"])));
    section(&mut out, "Journey, newest first (UTC)", &person["journey"], |line| {
        let why = if line["why"].is_null() { String::new() } else { format!(" ({})", cell(&line["why"])) };
        let block = if line["block"].is_null() { String::new() } else { format!(" at {}", cell(&line["block"])) };
        format!("{}  {:<10}  {}{why} · {}{block}", time(&line["at"]), cell(&line["kind"]), cell(&line["text"]), cell(&line["by"]))
    });
    out
}

fn source(person: &Value) -> String {
    let first = &person["first_message"];
    let mut said = cell(&person["source"]);
    for (name, words) in [("text", "first message"), ("payload", "link"), ("tag", "tag")] {
        if !first[name].is_null() {
            said += &format!(" · {words} \"{}\"", cell(&first[name]));
        }
    }
    said
}

fn counters(counters: &Value) -> String {
    let count = |name: &str| counters[name].as_u64().unwrap_or(0);
    format!(
        "{} sent, {} of them in the latest visit · {} got unasked · {} requests for a human unanswered",
        count("messages"),
        count("session_messages"),
        count("template_messages"),
        count("unresolved_requests")
    )
}

fn campaign(campaign: &Value) -> String {
    let messages = match campaign["forgotten"] == true {
        true => "what it said is kept no longer".to_owned(),
        false => format!("{} message(s)", cell(&campaign["messages"])),
    };
    let mut said = format!("{}  {messages}", time_of_text(&campaign["at"]));
    if !campaign["delivery"].is_null() {
        said += &format!(", {}", cell(&campaign["delivery"]));
    }
    if !campaign["failure"].is_null() {
        said += &format!(": {}", cell(&campaign["failure"]));
    }
    if !campaign["read_at"].is_null() {
        said += &format!(" {}", time_of_text(&campaign["read_at"]));
    }
    if !campaign["answered_at"].is_null() {
        said += &format!(", answered {}", time_of_text(&campaign["answered_at"]));
    }
    pair(&cell(&campaign["name"]), &said)
}

fn fact(name: &str, said: &str) -> String {
    format!("  {name:<NAMES$}{said}\n")
}

fn pair(name: &str, said: &str) -> String {
    format!("{name:<NAMES$} {said}").trim_end().to_owned()
}

/// What is left of an object, besides what was said.
fn rest(object: &Value, said: &[&str]) -> String {
    let fields = object.as_object().into_iter().flatten().filter(|(name, value)| !said.contains(&name.as_str()) && !value.is_null());
    fields.map(|(name, value)| format!("{name} {}", cell(value))).collect::<Vec<_>>().join(" · ")
}

fn section(out: &mut String, title: &str, items: &Value, line: impl Fn(&Value) -> String) {
    let items = items.as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        return;
    }
    *out += &format!("\n{title}\n");
    for item in items {
        *out += &format!("  {}\n", line(item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_is_told_on_one_page() {
        let person = json!({
            "id": "con_1", "name": "Ana", "state": "requesting", "status": "active", "source": "product-page",
            "first_seen": 1_772_445_600_000_i64, "last_seen": 1_772_445_660_000_i64,
            "counters": { "messages": 4, "session_messages": 2, "template_messages": 1, "unresolved_requests": 1 },
            "first_message": { "text": "Tell me about A", "payload": null, "tag": "product-a" },
            "attributes": [{ "name": "phone", "type": "phone", "personal": true, "value": "+34600111222" }],
            "tags": [{ "label": "product-a", "at": 1_772_445_600_000_i64, "by": "web", "why": "first message" }],
            "campaigns": [
                { "name": "sale", "at": "2026-03-02T10:00:00Z", "messages": 2, "delivery": "failed", "failure": "blocked" },
                { "name": "news", "at": "2026-03-02T10:00:00Z", "messages": 1, "delivery": "read", "read_at": "2026-03-02T10:05:00Z" },
                { "name": "old", "at": "2026-03-02T10:00:00Z", "messages": 0, "delivery": null, "forgotten": true },
            ],
            "notes": [{ "at": 1_772_445_600_000_i64, "by": "Eva", "text": "calls\u{1b}[2J back" }],
            "journey": [{ "at": 1_772_445_600_000_i64, "kind": "tag", "text": "Tag added: product-a", "why": "first message", "by": "web" }],
        });
        let page = page(&person);
        for line in [
            "Ana · con_1\n",
            "  state         requesting · status active\n",
            "  last active   2026-03-02 10:01 UTC · known since 2026-03-02 10:00\n",
            "  source        product-page · first message \"Tell me about A\" · tag \"product-a\"\n",
            "  messages      4 sent, 2 of them in the latest visit · 1 got unasked · 1 requests for a human unanswered\n",
            "  phone          +34600111222  (phone, personal)\n",
            "  product-a      2026-03-02 10:00  by web (first message)\n",
            "  sale           2026-03-02 10:00  2 message(s), failed: blocked\n",
            "  news           2026-03-02 10:00  1 message(s), read 2026-03-02 10:05\n",
            "  old            2026-03-02 10:00  what it said is kept no longer\n",
            "  2026-03-02 10:00  Eva: calls[2J back\n",
            "  2026-03-02 10:00  tag         Tag added: product-a (first message) · web\n",
        ] {
            assert!(page.contains(line), "{line:?} in\n{page}");
        }
        assert!(!page.contains("Segments") && !page.contains('\u{1b}'), "{page}");
    }
}

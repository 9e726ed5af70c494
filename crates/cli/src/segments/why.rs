//! Why a contact is in a segment, drawn as a tree: a mark for each part, what it saw and what it was held against.

use super::{text, time};
use serde_json::Value;

/// The whole of it.
pub fn told(answer: &Value) -> String {
    let is = answer["is_member"] == true;
    let explain = &answer["explain"];
    let (name, segment) = (text(&answer["name"]), text(&explain["name"]));
    let since = time(&answer["since"]);
    let mut out = match (is, since.is_empty()) {
        (true, false) => format!("{name} is in {segment}, since {since} UTC\n"),
        (true, true) => format!("{name} is in {segment}\n"),
        (false, _) => format!("{name} is not in {segment}\n"),
    };
    out += &body(explain, 1);
    let others = explain["segments"].as_array().cloned().unwrap_or_default();
    out += &others.iter().map(inner).collect::<String>();
    out
}

/// A segment that the first one looks into, and those it looks into.
fn inner(explain: &Value) -> String {
    let mut out = format!("segment {}: {}\n", text(&explain["segment"]), verdict(&explain["verdict"]));
    out += &body(explain, 1);
    out + &explain["segments"].as_array().into_iter().flatten().map(inner).collect::<String>()
}

fn body(explain: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let mut out = String::new();
    if let Some(why) = explain["invalid"].as_str() {
        out += &format!("{pad}it cannot be judged, so nobody is in it: {}\n", text(&why.into()));
    }
    if let Some(verified) = explain["verified"].as_bool() {
        out += &format!("{pad}{} the website vouched for who they are\n", mark(&verified.into()));
    }
    if let Some(listed) = explain["listed"].as_bool() {
        out += &format!("{pad}{} they are on its list\n", mark(&listed.into()));
    }
    for other in explain["exclude"].as_array().into_iter().flatten() {
        let inside = other["verdict"] == "true";
        out += &format!("{pad}{} not in segment {} (excluded)\n", mark(&(!inside).into()), text(&other["segment"]));
    }
    if explain["rule"].is_object() {
        out += &part(&explain["rule"], depth);
    }
    let flips = time(&explain["flips_at"]);
    if !flips.is_empty() {
        out += &format!("{pad}time alone may change this next at {flips} UTC\n");
    }
    out
}

fn part(told: &Value, depth: usize) -> String {
    let mut line = format!("{}{} {}", "  ".repeat(depth), mark(&told["verdict"]), text(&told["text"]));
    let (actual, bound) = (text(&told["actual"]), text(&told["bound"]));
    match (actual.is_empty(), bound.is_empty()) {
        (false, false) => line += &format!("  — is {actual}, held against {bound}"),
        (false, true) => line += &format!("  — is {actual}"),
        (true, false) => line += &format!("  — has no value, held against {bound}"),
        // Nothing was held against anything: what is asked for is not there.
        (true, true) if told["verdict"] == "false" && told["error"].is_null() && told["parts"].as_array().is_none_or(Vec::is_empty) => {
            line += "  — not there";
        }
        (true, true) => {}
    }
    if let Some(error) = told["error"].as_str() {
        line += &format!("  — {}", text(&error.into()));
    }
    let flips = time(&told["flips_at"]);
    if !flips.is_empty() && told["parts"].as_array().is_none_or(Vec::is_empty) {
        line += &format!("  (flips {flips} UTC)");
    }
    let parts: String = told["parts"].as_array().into_iter().flatten().map(|p| part(p, depth + 1)).collect();
    format!("{line}\n{parts}")
}

fn mark(verdict: &Value) -> &'static str {
    match verdict {
        Value::Bool(true) => "✓",
        Value::Bool(false) => "✗",
        other => match other.as_str() {
            Some("true") => "✓",
            Some("false") => "✗",
            _ => "?",
        },
    }
}

fn verdict(verdict: &Value) -> &'static str {
    match verdict.as_str() {
        Some("true") => "in it",
        Some("false") => "not in it",
        _ => "cannot be said",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_part_has_its_mark_and_what_it_saw() {
        let answer = json!({
            "name": "Ana", "is_member": true, "since": "2026-11-20T10:00:12.5Z",
            "explain": {
                "segment": "vip", "name": "VIP customers", "verdict": "true", "flips_at": "2026-12-01T00:00:00Z",
                "exclude": [{ "segment": "refunded", "verdict": "false" }],
                "rule": { "text": "all", "verdict": "true", "flips_at": "2026-12-01T00:00:00Z", "parts": [
                    { "text": "orders >= 3", "verdict": "true", "actual": 4, "bound": "3" },
                    { "text": "last_seen within 7 days", "verdict": "true", "flips_at": "2026-12-01T00:00:00Z" },
                    { "text": "any", "verdict": "true", "parts": [
                        { "text": "has channel web", "verdict": "false", "actual": ["telegram"] },
                        { "text": "has tag friend", "verdict": "false" },
                        { "text": "has consent news", "verdict": "unknown" },
                    ] },
                ] },
                "segments": [{ "segment": "refunded", "verdict": "false", "rule": { "text": "refunds > 0", "verdict": "unknown" } }],
            },
        });
        let drawn = "\
Ana is in VIP customers, since 2026-11-20 10:00 UTC
  ✓ not in segment refunded (excluded)
  ✓ all
    ✓ orders >= 3  — is 4, held against 3
    ✓ last_seen within 7 days  (flips 2026-12-01 00:00 UTC)
    ✓ any
      ✗ has channel web  — is telegram
      ✗ has tag friend  — not there
      ? has consent news
  time alone may change this next at 2026-12-01 00:00 UTC
segment refunded: not in it
  ? refunds > 0
";
        assert_eq!(told(&answer), drawn);
    }
}

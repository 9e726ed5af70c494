//! What a condition asks for by name, as a program and the command line are told of it: what is odd, what is read as a number, and what
//! was seen of somebody.

use crate::support::{Program, Setup, Visitor, bot};
use reqwest::Method;
use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\ncountry: ES\nchannels: { web: {} }\nattributes:\n  mobile: { type: phone }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/help.yaml", "skill: help\ncatch: [{ event: purchase }]\nblocks:\n  mark: { add_tag: Helped, next: end }\n"),
];
const SCOPES: [&str; 5] = ["contacts:read", "contacts:write", "segments:read", "segments:write", "events:write"];

/// What is odd about a condition: codes and what may have been meant.
async fn odd(program: &Program<'_>, condition: &str) -> Vec<(String, String)> {
    let (status, told) = program.post("segments/preview", json!({ "where": condition })).await;
    assert_eq!(status, 200, "{condition}: {told}");
    let word = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    told["warnings"].as_array().unwrap().iter().map(|one| (word(&one["code"]), word(&one["suggestion"]))).collect()
}

fn one(code: &str, suggestion: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), suggestion.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_those_of_the_bot_and_those_in_use_and_slips_are_told() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let program = Program::new(&server, &SCOPES).await;

    for known in ["has tag helped", "has tag HELPED", "has any tag [helped]", "count(purchase) = 0", "count(never_heard_of) = 0"] {
        assert_eq!(odd(&program, known).await, [], "{known}");
    }
    assert_eq!(odd(&program, "has tag halped").await, one("W0302", "Helped"));
    assert_eq!(odd(&program, "count(purchse, last 30 days) = 0").await, one("W0304", "purchase"));
    let (_, told) = program.post("segments/preview", json!({ "where": { "has_tag": "halped" } })).await;
    assert_eq!(
        (&told["where"], &told["warnings"][0]["start"], &told["warnings"][0]["end"]),
        (&json!("has tag halped"), &json!(8), &json!(14))
    );

    // What others gave somebody is known as well.
    assert_eq!(odd(&program, "has tag newcomer").await, one("W0302", ""));
    let change = json!({ "tags": { "add": ["Newcomer"] }, "attributes": { "mobile": "612 34 56 78" } });
    assert_eq!(program.ask(Method::PATCH, &format!("contacts/{id}"), Some(change)).await.0, 200);
    assert_eq!(program.post(&format!("contacts/{id}/events"), json!({ "name": "parcel_lost" })).await.0, 200);
    assert_eq!(odd(&program, "has tag newcomer and count(parcel_lost) = 1").await, []);
    assert_eq!(odd(&program, "has tag newcomr").await, one("W0302", "newcomer"));
    assert_eq!(odd(&program, "count(parcel_lst) = 0").await, one("W0304", "parcel_lost"));

    // Saving says the same, and where in the text that was sent.
    let sent = "first_name   = \"é\" and has tag halped";
    let (status, told) = program.post("segments", json!({ "key": "odd", "where": sent })).await;
    assert_eq!((status, &told["warnings"][0]["start"], &told["warnings"][0]["end"]), (201, &json!(31), &json!(37)), "{told}");
    let (status, told) = program.post("segments", json!({ "key": "fine", "where": "has tag helped or has tag newcomer" })).await;
    assert_eq!((status, &told["warnings"]), (201, &json!([])), "{told}");

    let said = server.run(&["segments", "preview", "has tag halped"]).await;
    let warned =
        "warning: nothing in this bot adds the tag \"halped\" (did you mean Helped?)\n  has tag halped\n          ^^^^^^\n0 of 1 contacts";
    assert!(said.stdout.starts_with(warned), "{said:?}");
    let said = server.run(&["segments", "preview", "has tag helped"]).await;
    assert!(said.stdout.starts_with("0 of 1 contacts"), "{said:?}");

    // Where nobody is found for a slip it is told as well, beside what a program reads.
    let warned = warned.strip_suffix("0 of 1 contacts").unwrap();
    let bulk: [&[&str]; 5] = [
        &["contacts", "query", "has tag halped"],
        &["contacts", "query", "has tag halped", "--json"],
        &["contacts", "export", "--where", "has tag halped"],
        &["contacts", "tag", "vip", "--where", "has tag halped", "--yes"],
        &["contacts", "erase", "--where", "has tag halped", "--dry-run"],
    ];
    for command in bulk {
        let said = server.run(command).await;
        assert!(said.code == Some(0) && said.stderr.contains(warned) && !said.stdout.contains("warning"), "{said:?}");
    }
    let said = server.run(&["contacts", "query", "has tag helped"]).await;
    assert!(said.stderr.is_empty(), "{said:?}");
    let page = program.get("contacts?where=has%20tag%20halped").await;
    let (_, erase) = program.post("contacts/bulk-erase", json!({ "where": "has tag halped", "dry_run": true })).await;
    let dry = json!({ "where": "has tag halped", "change": { "tag": ["vip"] }, "dry_run": true });
    let (_, change) = program.post("contacts/bulk", dry).await;
    for told in [&page, &erase, &change] {
        assert_eq!((&told["warnings"][0]["code"], &told["warnings"][0]["suggestion"]), (&json!("W0302"), &json!("Helped")), "{told}");
    }
    assert_eq!(program.get("contacts?where=has%20tag%20helped").await["warnings"], json!([]));
    assert_eq!(program.get("contacts").await["warnings"], Value::Null);

    // A local number is of the bot's country; what is no number is doubtful and judged as it is written.
    for (condition, count) in [("mobile = \"612 34 56 78\"", 1), ("mobile in [\"+34 612-345-678\"]", 1), ("mobile != \"612345678\"", 0)] {
        assert_eq!(program.count(condition).await, count, "{condition}");
    }
    assert_eq!(odd(&program, "mobile = \"612\"").await, one("W0305", ""));
    let (status, told) = program.post("segments", json!({ "key": "callable", "where": "mobile != \"\"" })).await;
    assert_eq!((status, &told["warnings"][0]["code"]), (201, &json!("W0305")), "{told}");
    assert_eq!(program.count("in segment callable").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_since_when_and_where() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let program = Program::new(&server, &SCOPES).await;
    let change = json!({ "tags": { "add": ["Newcomer"] } });
    assert_eq!(program.ask(Method::PATCH, &format!("contacts/{id}"), Some(change)).await.0, 200);
    let agreed = json!({ "topic": "news", "given": true, "proof": "form" });
    assert_eq!(program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(agreed)).await.0, 200);
    let rule =
        "has tag newcomer and has any tag [helped, newcomer] and has channel web and reachable and has consent news and has tag helped";
    assert_eq!(program.post("segments", json!({ "key": "all", "where": rule })).await.0, 201);

    let told = program.get(&format!("segments/all/contacts/{id}?explain=1")).await;
    let seen: Vec<&Value> = told["explain"]["rule"]["parts"].as_array().unwrap().iter().map(|part| &part["actual"]).collect();
    let is_time = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("20") && text.ends_with('Z'));
    assert!(is_time(seen[0]) && is_time(seen[4]), "{told}");
    assert_eq!(seen[1..4], [&json!(["newcomer"]), &json!(["web"]), &json!(["web"])]);
    assert_eq!(seen[5], &Value::Null);

    let said = server.run(&["segments", "explain", "all", &id]).await;
    assert!(said.stdout.contains("✓ has channel web  — is web\n") && said.stdout.contains("✗ has tag helped  — not there\n"), "{said:?}");
}

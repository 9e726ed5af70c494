//! The pages about the language: every example of `expressions.md` is judged, and `functions.md` lists what the code lists.

use crate::common;

use common::{Bot, Person, told};
use model::{TagKey, Value};
use std::{fmt::Write as _, fs, path::PathBuf};
use switchboard_expr::{Condition, FILTERS, FUNCTIONS, Fuel, Function, Place, SYSTEM, Truth};

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/language").join(name)
}

/// The person the page is about.
fn ana() -> Person {
    const DAY: i64 = 86_400;
    let mut ana = Person::default();
    ana.record("purchase", 40 * DAY, r#"{"total": 100, "category": "dog"}"#);
    ana.record("purchase", 10 * DAY, r#"{"total": 30, "category": "cat"}"#);
    ana.record(
        "purchase",
        2 * DAY,
        r#"{"total": 50, "category": "dog", "items": [{"price": 5, "quantity": 4, "category": "dog"}, {"price": 30, "quantity": 1, "category": "cat"}]}"#,
    );
    ana.record("add_to_cart", 3 * 3_600, "{}");
    ana.record("visit", 3_600, "{}");
    ana.record("visit", 1_200, r#"{"path": "/"}"#);
    ana.attributes.insert("city".into(), Value::text("Madrid Centro"));
    ana.attributes.insert("mobile".into(), Value::text("+34612345678"));
    ana.notes = vec!["Called, very angry about the delay".into()];
    ana.tags.retain(|tag, _| *tag == TagKey::of("helped"));
    ana
}

#[test]
fn every_example_comes_to_what_the_page_says() {
    let text = fs::read_to_string(page("expressions.md")).expect("the page is there");
    let ana = ana();
    let mut seen = 0;
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let (asked, rest) = line.trim_start_matches("| `").split_once("` | ").expect("an example and its verdict");
        let expected = match rest.split_once(" |").map(|(verdict, _)| verdict) {
            Some("true") => Truth::True,
            Some("false") => Truth::False,
            Some("unknown") => Truth::Unknown,
            other => panic!("{asked}: {other:?} is no verdict"),
        };
        let (condition, warnings) =
            Condition::parse(asked, &Bot::new(Place::Segment)).unwrap_or_else(|problems| panic!("{asked}\n{}", told(&problems)));
        assert!(warnings.is_empty(), "{asked}\n{}", told(&warnings));
        assert_eq!(condition.eval(&ana, &mut Fuel::new(10_000)), Ok(expected), "{asked}");
        seen += 1;
    }
    assert!(seen > 60, "only {seen} examples");
    let json = text.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("an example as JSON");
    let json = serde_json::from_str(json).expect("the example is JSON");
    let condition = Condition::from_json(&json, &Bot::new(Place::Segment)).unwrap_or_else(|problems| panic!("{}", told(&problems))).0;
    assert_eq!(condition.to_string(), "in segment vip and orders >= 10 or count(purchase where category = \"cat\", last 30 days) >= 3");
}

fn listed(functions: &[Function]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut out = String::from("| written | gives | example |\n|---|---|---|\n");
    for function in functions {
        let (example, result) = function.example;
        // A word that a page explains is a link there.
        let doc = function.doc.replace("a calendar of", "a [calendar](time.md#calendars) of");
        let _ = writeln!(out, "| `{}` | {} | `{}` is `{}` |", cell(function.signature), cell(&doc), cell(example), cell(result));
    }
    out
}

/// `UPDATE_REFERENCE=1` writes the tables anew.
#[test]
fn the_page_of_functions_lists_what_the_code_lists() {
    let mut system = String::from("| name | what it is |\n|---|---|\n");
    for attribute in SYSTEM {
        let _ = writeln!(system, "| `{}` | {} |", attribute.name, attribute.doc);
    }
    let tables = [("## Functions", listed(FUNCTIONS)), ("## Filters", listed(FILTERS)), ("## System attributes", system)];
    let path = page("functions.md");
    let mut text = fs::read_to_string(&path).expect("the page is there");
    for (title, table) in tables {
        let section = text.find(title).unwrap_or_else(|| panic!("{title} is missing"));
        let start = section + text.get(section..).and_then(|rest| rest.find("\n| ")).expect("a table") + 1;
        let rest = text.get(start..).expect("a place in the page");
        let end = start + rest.find("\n\n").map_or(rest.len(), |end| end + 1);
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            text.replace_range(start..end, &table);
        }
        let end = end.min(text.len());
        if std::env::var_os("UPDATE_REFERENCE").is_none() {
            assert_eq!(text.get(start..end), Some(table.as_str()), "{title}: write it anew with UPDATE_REFERENCE=1");
        }
    }
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, text).expect("the page can be written");
    }
}

//! The document as a whole: it is the one beside the manual, its inputs are closed, and its parts hold together.

use crate::v1::declared;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

fn document() -> Json {
    declared().into_parts().2
}

/// Every operation: its method, its path, and what is said of it.
fn operations(document: &Json) -> Vec<(String, String, Json)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

/// Calls `each` with every schema of a value and where it stands.
fn walk(document: &Json, schema: &Json, place: &str, seen: &mut BTreeSet<String>, each: &mut impl FnMut(&str, &Json)) {
    if let Some(name) = schema["$ref"].as_str() {
        if seen.insert(name.to_owned()) {
            let named = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{place}: nothing is called {name}"));
            walk(document, named, name, seen, each);
        }
        return;
    }
    each(place, schema);
    match schema {
        Json::Object(fields) => {
            for (name, inner) in fields {
                walk(document, inner, &format!("{place}/{name}"), seen, each);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| walk(document, item, place, seen, each)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn the_document_beside_the_manual_is_this_one() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let now = super::served::text();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(place, &now).unwrap();
    }
    let kept = std::fs::read_to_string(place).unwrap_or_default();
    // Not assert_eq: both are long.
    assert!(
        kept == now,
        "docs/openapi.json is not what the routes say; renew it: UPDATE=1 cargo test -p switchboard-api openapi, \
         and then the console's types: npm run api in crates/console/ui"
    );
}

#[test]
fn what_is_read_is_closed() {
    let document = document();
    let mut open = Vec::new();
    for (method, path, operation) in operations(&document) {
        let Some(contents) = operation["requestBody"]["content"].as_object() else { continue };
        for (media, content) in contents {
            let mut seen = BTreeSet::new();
            walk(&document, &content["schema"], &format!("{method} {path} {media}"), &mut seen, &mut |place, schema| {
                let is_object = schema["properties"].is_object() || schema["type"] == "object";
                // A map of any names says so.
                if is_object && schema.get("additionalProperties").is_none() {
                    open.push(place.to_owned());
                }
            });
        }
    }
    assert!(open.is_empty(), "these take fields that nobody knows; deny them (serde: deny_unknown_fields): {open:#?}");
}

#[test]
fn every_operation_has_a_name_of_its_own_words_and_a_refusal_for_all_that_can_go_wrong() {
    let document = document();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{place}: {name}");
        if let Some(other) = names.insert(name.clone(), place.clone()) {
            panic!("{place} and {other} are both called {name}");
        }
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place} never succeeds");
        if operation["security"] == serde_json::json!([]) {
            assert_eq!(path, "/openapi.json", "only the document is for everybody");
            continue;
        }
        for status in ["401", "403", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{place} says nothing of {status}");
        }
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        if parameters.iter().any(|parameter| parameter["in"] == "path") {
            assert!(responses.contains_key("404"), "{place}");
        }
        if parameters.iter().any(|parameter| parameter["in"] == "query") {
            assert!(responses.contains_key("400"), "{place}");
        }
    }
    assert!(names.len() > 20, "{names:?}");
}

#[test]
fn every_schema_that_is_named_is_there_and_says_what_it_is() {
    let document = document();
    let mut seen = BTreeSet::new();
    walk(&document, &document["paths"], "paths", &mut seen, &mut |_, _| {});
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(seen.contains(&format!("#/components/schemas/{name}")), "nobody uses {name}");
        let text = schema["description"].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{name} has no description: write a doc comment on its type");
        assert!(!text.contains("[`"), "{name}: links of the code mean nothing to readers of the document: {text}");
    }
    for tag in document["tags"].as_array().unwrap() {
        assert!(!tag["description"].as_str().unwrap().is_empty(), "say in document.rs (TAGS) what {} is about", tag["name"]);
    }
}

/// Whether an answer of this schema can have something at these steps.
fn has(document: &Json, schema: &Json, steps: &[&str]) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return has(document, document.pointer(name.trim_start_matches('#')).unwrap(), steps);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|one| has(document, one, steps));
    }
    let Some((step, rest)) = steps.split_first() else { return schema["type"] != "null" };
    schema["properties"].get(step).is_some_and(|inner| has(document, inner, rest))
}

#[test]
fn every_link_leads_somewhere_by_what_the_answer_names() {
    let document = document();
    let all = operations(&document);
    let mut links = 0;
    for (method, path, operation) in &all {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            for (name, link) in answer["links"].as_object().into_iter().flatten() {
                let place = format!("{method} {path} {status} to {name}");
                let target = all.iter().find(|(_, _, target)| target["operationId"] == link["operationId"]);
                let (_, target, _) = target.unwrap_or_else(|| panic!("{place}: there is no such operation"));
                let needed: BTreeSet<&str> = target.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                let given = link["parameters"].as_object().unwrap();
                assert_eq!(given.keys().map(String::as_str).collect::<BTreeSet<_>>(), needed, "{place}");
                for value in given.values() {
                    let value = value.as_str().unwrap();
                    if let Some(own) = value.strip_prefix("$request.path.") {
                        assert!(path.contains(&format!("{{{own}}}")), "{place}: {value}");
                    } else {
                        let steps: Vec<&str> = value.strip_prefix("$response.body#/").unwrap().split('/').collect();
                        assert!(has(&document, &answer["content"]["application/json"]["schema"], &steps), "{place}: {value}");
                    }
                }
                links += 1;
            }
        }
    }
    assert!(links > 40, "{links}");
}

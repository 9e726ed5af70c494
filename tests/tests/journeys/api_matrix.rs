//! Who may do what, from the document: every route of the HTTP API with every kind of caller, and every id of a path with
//! ids that open nothing.
//!
//! The document is fetched from the server, so a route that is added is tested by being there; one that is not documented cannot be
//! declared. A parameter of a new kind needs a line in [`sample`].

use crate::support::{Agent, Program, Server, Setup, Visitor, bot, key};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nattributes:\n  orders: { type: number }\n"),
    ("segments.yaml", "vip: { name: VIP, where: orders >= 3 }\nstaff: { name: Staff, static: true }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
];

/// An operation of the document.
struct Operation {
    method: Method,
    path: String,
    /// The scope it needs; none: it is for everybody.
    scope: Option<String>,
    /// Scopes some requests need besides.
    sometimes: Vec<String>,
    /// Whether an agent who is signed in at the console may do it.
    console: bool,
    /// The statuses it may answer.
    statuses: BTreeSet<u16>,
    takes_body: bool,
}

async fn operations(server: &Server) -> Vec<Operation> {
    let answer = server.http().get(format!("{}/api/v1/openapi.json", server.origin())).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the document is for everybody");
    let document: Value = answer.json().await.unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, said) in methods.as_object().unwrap() {
            let security = said["security"].as_array().unwrap();
            let scope = said["x-scope"].as_str().map(str::to_owned);
            let listed = security.iter().find_map(|one| one["key"][0].as_str()).map(str::to_owned);
            assert_eq!(scope, listed, "{method} {path} says its scope in two ways");
            let statuses = said["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect();
            let sometimes = said["x-scope-sometimes"].as_array().into_iter().flatten();
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.trim_start_matches('/').to_owned(),
                scope,
                sometimes: sometimes.map(|scope| scope.as_str().unwrap().to_owned()).collect(),
                console: security.iter().any(|one| one.get("console").is_some()),
                statuses,
                takes_body: said.get("requestBody").is_some(),
            });
        }
    }
    assert!(all.len() > 20, "{} operations", all.len());
    all
}

/// Something of each kind that a path may name, which nobody minds to lose, or nothing that is there.
fn sample(name: &str, contact: &str) -> String {
    match name {
        "contact" => contact.to_owned(),
        // A list that is not there: what is asked is answered, and nothing is deleted.
        "key" => "nobody".to_owned(),
        // Ids of jobs, merges, webhooks and deliveries are opaque.
        _ => "none-1".to_owned(),
    }
}

fn filled(path: &str, mut fill: impl FnMut(&str) -> String) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => fill(name),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A body that no route takes: whoever may do it is told that it makes no sense, and nothing is done.
fn nonsense(operation: &Operation) -> Option<Value> {
    operation.takes_body.then(|| json!({ "nobody knows this": 1 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_kind_of_caller_as_the_document_says() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let contact = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let agent = Agent::sign_in(&server, "admin", &server.password()).await;
    let control: Value = serde_json::from_slice(&std::fs::read(server.data().join("control.json")).unwrap()).unwrap();
    let all = operations(&server).await;

    let scopes: BTreeSet<&str> =
        all.iter().flat_map(|operation| operation.scope.iter().chain(&operation.sometimes)).map(String::as_str).collect();
    let mut single = Vec::new();
    for scope in &scopes {
        single.push((*scope, key(&server, &format!("only {scope}"), &[scope], &["--per-minute", "1000000"]).await));
    }
    let every: Vec<&str> = scopes.iter().copied().collect();
    let master = key(&server, "all", &every, &["--per-minute", "1000000"]).await;
    let revoked = key(&server, "revoked", &every, &[]).await;
    assert_eq!(server.run(&["keys", "revoke", "revoked"]).await.code, Some(0));
    let mut wrong = master.clone();
    wrong.replace_range(master.len() - 1.., if master.ends_with('0') { "1" } else { "0" });

    for operation in &all {
        let Operation { method, path, scope, sometimes, console, statuses, .. } = operation;
        let place = format!("{method} {path}");
        let address = filled(path, |name| sample(name, &contact));
        let ask = |token: &str, headers: Vec<(&'static str, String)>| {
            let program = Program { server: &server, key: token.to_owned() };
            let (address, method, body) = (address.clone(), method.clone(), nonsense(operation));
            async move {
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = program.with(method, &address, body, &headers).await;
                assert!(answer.status.as_u16() < 500, "{} {:?}", address, answer);
                if !answer.status.is_success() {
                    assert_eq!(answer.headers["content-type"], "application/problem+json", "{answer:?}");
                    assert_eq!(answer.body["status"], answer.status.as_u16());
                }
                answer
            }
        };
        let Some(scope) = scope else {
            for token in ["", &wrong, &master] {
                assert_eq!(ask(token, vec![]).await.status, 200, "{place} is for everybody");
            }
            continue;
        };
        let refused = |token: &str| {
            let asked = ask(token, vec![]);
            let place = place.clone();
            async move {
                let answer = asked.await;
                assert_eq!(answer.status, 401, "{place}: {answer:?}");
                assert!(answer.headers.contains_key("www-authenticate"), "{place}");
            }
        };
        refused("").await;
        refused(&wrong).await;
        refused(&revoked).await;
        // What opens other doors opens none here.
        refused(&visitor.token).await;
        refused(control["token"].as_str().unwrap()).await;
        for (only, token) in &single {
            let answer = ask(token, vec![]).await;
            if *only == scope.as_str() {
                let lacks = answer.status == StatusCode::FORBIDDEN;
                assert!(!lacks || sometimes.iter().any(|other| answer.body["scope"] == *other), "{place} with {only}: {answer:?}");
                assert!(
                    statuses.contains(&answer.status.as_u16()),
                    "{place} answers {}, which the document does not say: {answer:?}",
                    answer.status
                );
            } else {
                assert_eq!((answer.status.as_u16(), &answer.body["scope"]), (403, &json!(scope)), "{place} with {only}: {answer:?}");
            }
        }
        let answer = ask(&master, vec![]).await;
        assert!(answer.status != 401 && answer.status != 403, "{place} with everything: {answer:?}");
        assert!(
            statuses.contains(&answer.status.as_u16()),
            "{place} answers {}, which the document does not say: {answer:?}",
            answer.status
        );

        // An agent at the console: their cookie, and for writes the console's own header.
        let cookie = ("cookie", agent.cookie.clone());
        let ours = ("x-switchboard", "console".to_owned());
        let answer = ask("", vec![cookie.clone(), ours.clone()]).await;
        if *console {
            assert!(answer.status != 401 && answer.status != 403, "{place} at the console: {answer:?}");
        } else {
            assert_eq!((answer.status.as_u16(), &answer.body["scope"]), (403, &json!(scope)), "{place} at the console: {answer:?}");
        }
        if *method != Method::GET {
            for foreign in [vec![cookie.clone()], vec![cookie.clone(), ours.clone(), ("origin", "https://evil.example".to_owned())]] {
                let answer = ask("", foreign).await;
                assert_eq!(
                    (answer.status.as_u16(), &answer.body["code"]),
                    (403, &json!("cross_site")),
                    "{place} from another site: {answer:?}"
                );
            }
        }
        let stale = ("cookie", format!("switchboard-console={}", "0".repeat(64)));
        let answer = ask("", vec![stale, ours]).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (401, &json!("signed_out")), "{place}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_webhooks_were_told_is_for_those_who_may_see_contacts() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let requests = [
        (Method::GET, "webhooks/none-1/deliveries", None),
        (Method::POST, "webhooks/none-1/replay", Some(json!({ "from": "2026-01-01T00:00:00Z" }))),
        (Method::POST, "webhooks/none-1/secret", None),
    ];
    let all = operations(&server).await;
    for (scopes, status) in [(&["webhooks:write"][..], 403), (&["webhooks:write", "contacts:read"], 404)] {
        let program = Program { server: &server, key: key(&server, &scopes.join(" "), scopes, &[]).await };
        for (method, path, body) in &requests {
            let (answered, told) = program.ask(method.clone(), path, body.clone()).await;
            assert_eq!(answered, status, "{path} with {scopes:?}: {told}");
            assert!(status != 403 || told["scope"] == "contacts:read", "{path}: {told}");
            let documented = all.iter().find(|one| one.method == *method && one.path == path.replace("none-1", "{webhook}"));
            assert_eq!(documented.expect("it is documented").sometimes, ["contacts:read"], "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_not_there_or_is_none_opens_nothing() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let contact = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let all = operations(&server).await;
    let scopes: BTreeSet<&str> =
        all.iter().flat_map(|operation| operation.scope.iter().chain(&operation.sometimes)).map(String::as_str).collect();
    let every: Vec<&str> = scopes.into_iter().collect();
    let master = Program { server: &server, key: key(&server, "all", &every, &["--per-minute", "1000000"]).await };
    let long = "x".repeat(5_000);
    let foreign = [
        // Well-formed, of nobody.
        "con_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        // Of other kinds.
        "cnv_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "agt_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        // None at all.
        "con_",
        "con_!",
        "0",
        "-1",
        "%00",
        "..%2Fkeys",
        "%ff",
        "null",
        "%F0%9F%A6%80",
        "'%20or%201=1",
        &long,
    ];
    let mut asked = 0;
    for operation in &all {
        let names: Vec<&str> = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for name in &names {
            for bad in foreign {
                let address = filled(&operation.path, |other| if other == *name { bad.to_owned() } else { sample(other, &contact) });
                // A body that is well-formed where it is needed: the id is what is wrong.
                let body = operation.takes_body.then(|| json!({}));
                let answer = master.with(operation.method.clone(), &address, body, &[]).await;
                let status = answer.status.as_u16();
                let place = format!("{} {address}", operation.method);
                assert!((400..500).contains(&status) || (*name == "key" && status < 500), "{place}: {answer:?}");
                assert!(status != 401 && status != 403, "{place}: {answer:?}");
                assert!(operation.statuses.contains(&status), "{place} answers {status}, which the document does not say: {answer:?}");
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
    // Nothing of it did anything.
    assert_eq!(server.contacts().await.len(), 1);
}

//! kill -9 while rules are edited, events come in and windows end: afterwards memberships are what a recount says, every
//! transition is stamped with its instant, and each started its skill once.

use crate::support::{Server, Setup, Visitor, bot, fresh, random, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const PEOPLE: usize = 16;
const ROUNDS: u64 = 6;
/// Purchases of one contact, and of one round: what `contacts show` tells of a journey has room for all of it.
const PURCHASES: usize = 2;
const EACH_ROUND: usize = 6;
/// The window of the segment `buyers`, in milliseconds.
const WINDOW: i64 = 2_000;

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nchannels: { web: {} }\nattributes:\n  orders: { type: number }\n  entries: { type: number, default: 0 }\n  exits: { type: number, default: 0 }\n",
    ),
    ("segments.yaml", "buyers: { name: Buyers, where: 'count(purchase, last 2 seconds) > 0' }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/in.yaml", "skill: in\ncatch: [{ segment: { entered: buyers } }]\nblocks:\n  count: { data: { entries: '${entries + 1}' } }\n"),
    ("skills/out.yaml", "skill: out\ncatch: [{ segment: { left: buyers } }]\nblocks:\n  count: { data: { exits: '${exits + 1}' } }\n"),
];

async fn ask(server: &Server, key: &str, method: Method, path: &str, body: Option<&Value>, once: &str) -> Option<(u16, Value)> {
    let mut request = server.http().request(method, format!("{}/api/v1/{path}", server.origin())).bearer_auth(key);
    if !once.is_empty() {
        request = request.header("idempotency-key", once);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let body = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
    Some((status, body))
}

async fn get(server: &Server, key: &str, path: &str) -> Value {
    let (status, body) = ask(server, key, Method::GET, path, None, "").await.expect("the server answers");
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// What is to be told until it was acknowledged: a contact, and the key under which it is told.
type Owed = (String, String);

async fn buy(server: &Server, key: &str, owed: &Owed) -> bool {
    let (id, once) = owed;
    let path = format!("contacts/{id}/events");
    match ask(server, key, Method::POST, &path, Some(&json!({ "name": "purchase" })), once).await {
        Some((200, _)) => true,
        Some((status, told)) => {
            assert!(status == 503 || status == 429, "{status} {told}");
            false
        }
        None => false,
    }
}

/// A round's traffic: purchases here and there, and edits of a rule among them. It ends with the server.
async fn traffic(server: &Server, key: &str, left: &mut BTreeMap<String, usize>, owed: &mut Vec<Owed>) {
    for turn in 0..EACH_ROUND {
        if turn % 2 == 0 {
            let threshold = 6 + random() % 5;
            let rule = json!({ "name": "Many", "where": format!("orders >= {threshold}") });
            if ask(server, key, Method::PUT, "segments/many", Some(&rule), "").await.is_none() {
                return;
            }
        }
        if let Some(id) = pick(left) {
            owed.push((id, fresh("purchase")));
            let Some(last) = owed.last() else { return };
            if !buy(server, key, last).await {
                return;
            }
            owed.pop();
        }
        tokio::time::sleep(Duration::from_millis(random() % 120)).await;
    }
    std::future::pending().await
}

fn pick(left: &mut BTreeMap<String, usize>) -> Option<String> {
    let some: Vec<String> = left.iter().filter(|(_, n)| **n > 0).map(|(id, _)| id.clone()).collect();
    let id = some.get(usize::try_from(random() % some.len().max(1) as u64).unwrap())?.clone();
    *left.get_mut(&id)? -= 1;
    Some(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn memberships_survive_kill_9_to_the_boundary_and_no_flow_fires_twice() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    for _ in 0..PEOPLE {
        Visitor::greeted(&server).await.saw(&server, "Hello").await;
    }
    let mut scopes = vec!["keys", "create", "shop", "--per-minute", "1000000"];
    for scope in ["contacts:read", "contacts:write", "segments:read", "segments:write", "events:write"] {
        scopes.extend(["--scope", scope]);
    }
    let made = server.run(&scopes).await;
    let key = made.stdout.lines().find_map(|line| line.strip_prefix("key (shown once): ")).expect("a key is made").to_owned();
    let all = get(&server, &key, "contacts").await;
    let ids: Vec<String> = all["contacts"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), PEOPLE);
    for (at, id) in ids.iter().enumerate() {
        let body = json!({ "attributes": { "orders": at } });
        ask(&server, &key, Method::PATCH, &format!("contacts/{id}"), Some(&body), "").await.unwrap();
    }
    let mut left: BTreeMap<String, usize> = ids.iter().map(|id| (id.clone(), PURCHASES)).collect();
    let mut owed: Vec<Owed> = Vec::new();
    for round in 0..ROUNDS {
        {
            let working = traffic(&server, &key, &mut left, &mut owed);
            // The moment of the kill is chance; some of them fall into the end of a window.
            let moment = tokio::time::sleep(Duration::from_millis(150 + random() % 900));
            tokio::select! { () = working => {}, () = moment => {} }
        }
        server.kill().await;
        if round % 2 == 1 {
            // Windows end while nobody looks.
            tokio::time::sleep(Duration::from_millis(random() % 2_500)).await;
        }
        server.start_again().await;
        // What was not acknowledged is told again, under its key.
        while let Some(last) = owed.last() {
            if buy(&server, &key, last).await {
                owed.pop();
            }
        }
        // A recount by hand: the rule that is durable, over what is durable.
        if let Some((200, rule)) = ask(&server, &key, Method::GET, "segments/many", None, "").await {
            let threshold: usize = rule["where"].as_str().unwrap().trim_start_matches("orders >= ").parse().unwrap();
            assert_eq!(rule["size"], json!(PEOPLE - threshold), "{rule}");
            for (orders, id) in ids.iter().enumerate() {
                let is = get(&server, &key, &format!("segments/many/contacts/{id}")).await;
                assert_eq!(is["is_member"], json!(orders >= threshold), "{rule} {is}");
            }
        }
    }
    let bought: BTreeMap<&String, usize> = left.iter().map(|(id, left)| (id, PURCHASES - left)).collect();
    // Everybody leaves at last, and every skill that was started has counted.
    within("everybody to have left", async {
        loop {
            let size = get(&server, &key, "segments/buyers").await["size"].clone();
            let counted = get(&server, &key, "contacts?where=entries%20%21%3D%20exits").await["total"].clone();
            if size == 0 && counted == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    for id in &ids {
        let shown = server.run(&["contacts", "show", "--json", id]).await;
        let person: Value = serde_json::from_str(&shown.stdout).unwrap();
        check(id, &person, bought[id]);
    }
}

/// A contact's journey against what the window says of their purchases.
fn check(id: &str, person: &Value, bought: usize) {
    let lines = person["journey"].as_array().unwrap();
    let at = |begin: &str| -> Vec<i64> {
        let mut times: Vec<i64> =
            lines.iter().filter(|l| l["text"].as_str().unwrap().starts_with(begin)).map(|l| l["at"].as_i64().unwrap()).collect();
        times.sort_unstable();
        times
    };
    let (purchases, entered, out) = (at("Event purchase"), at("Entered segment Buyers"), at("Left segment Buyers"));
    assert_eq!(purchases.len(), bought, "{id}: each purchase once: {lines:#?}");
    // Each stretch of purchases that follow within the window is one stay.
    let (mut enters, mut leaves): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for at in &purchases {
        match leaves.last_mut() {
            Some(end) if *at < *end => *end = at + WINDOW,
            Some(_) | None => {
                enters.push(*at);
                leaves.push(at + WINDOW);
            }
        }
    }
    assert_eq!((&entered, &out), (&enters, &leaves), "{id}: {lines:#?}");
    let attribute = |name: &str| {
        let attributes = person["attributes"].as_array().unwrap();
        attributes.iter().find(|a| a["name"] == name).map_or(0, |a| a["value"].as_u64().unwrap())
    };
    assert_eq!((attribute("entries"), attribute("exits")), (enters.len() as u64, leaves.len() as u64), "{id}: {lines:#?}");
}

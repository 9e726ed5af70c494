//! Merging through the real binary: while customers write, over HTTP and the command line, and with kill -9 in the middle.

use crate::support::{Server, Setup, Visitor, bot, fresh, random};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const PAIRS: usize = 4;
const ROUNDS: u64 = 6;

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nattributes: { email: email, plan: text }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/default.yaml", "skill: /default\nblocks:\n  again: { text: \"heard ${input}\" }\n"),
];

async fn key(server: &Server) -> String {
    let made =
        server.run(&["keys", "create", "shop", "--per-minute", "1000000", "--scope", "contacts:read", "--scope", "contacts:write"]).await;
    made.stdout.lines().find_map(|line| line.strip_prefix("key (shown once): ")).expect("a key is made").to_owned()
}

async fn ask(server: &Server, key: &str, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
    let mut request = server.http().request(method, format!("{}/api/v1/{path}", server.origin())).bearer_auth(key);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).ok()?))
}

async fn get(server: &Server, key: &str, path: &str) -> Value {
    let (status, body) = ask(server, key, Method::GET, path, None).await.expect("the server answers");
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// The newest contact: nobody else is made meanwhile.
async fn newest(server: &Server, key: &str, known: &[String]) -> String {
    let all = get(server, key, "contacts").await;
    let ids = all["contacts"].as_array().unwrap().iter().map(|contact| contact["id"].as_str().unwrap().to_owned());
    ids.into_iter().find(|id| !known.contains(id)).expect("somebody came")
}

struct Customer {
    visitor: Visitor,
    id: String,
    /// What they said, acknowledged.
    said: Vec<String>,
}

impl Customer {
    async fn say(&mut self, server: &Server) {
        let text = fresh("word");
        let body = json!({ "client_id": fresh("say"), "text": &text });
        if self.visitor.try_post(server, "messages", &body).await.is_ok_and(|answer| answer.status().is_success()) {
            self.said.push(text);
        }
    }
}

/// Merges and undoings of one pair after another, and messages of both sides among them. It ends with the server.
async fn traffic(server: &Server, key: &str, customers: &mut [Customer], merges: &mut BTreeMap<usize, String>) {
    loop {
        let pair = usize::try_from(random() % PAIRS as u64).unwrap();
        let (keep, other) = (customers[pair * 2].id.clone(), customers[pair * 2 + 1].id.clone());
        for customer in &mut customers[pair * 2..pair * 2 + 2] {
            customer.say(server).await;
        }
        let answer = match merges.get(&pair) {
            Some(merge) => ask(server, key, Method::POST, &format!("contacts/{keep}/merges/{merge}/undo"), None).await,
            None => ask(server, key, Method::POST, &format!("contacts/{keep}/merge"), Some(&json!({ "with": other }))).await,
        };
        match answer {
            Some((200, told)) => match told["merge"].as_str() {
                Some(merge) => drop(merges.insert(pair, merge.to_owned())),
                None => drop(merges.remove(&pair)),
            },
            Some((503, _)) => {}
            Some((status, told)) => panic!("{status} {told}"),
            None => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_are_one_or_two_after_kill_9_and_nobody_loses_a_word() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let key = key(&server).await;
    let mut customers: Vec<Customer> = Vec::new();
    for _ in 0..PAIRS * 2 {
        let visitor = Visitor::greeted(&server).await;
        visitor.saw(&server, "Hello").await;
        let known: Vec<String> = customers.iter().map(|customer| customer.id.clone()).collect();
        let id = newest(&server, &key, &known).await;
        customers.push(Customer { visitor, id, said: Vec::new() });
    }
    let mut merges: BTreeMap<usize, String> = BTreeMap::new();
    for _ in 0..ROUNDS {
        {
            let working = traffic(&server, &key, &mut customers, &mut merges);
            let moment = tokio::time::sleep(Duration::from_millis(100 + random() % 700));
            tokio::select! { () = working => {}, () = moment => {} }
        }
        server.kill().await;
        server.start_again().await;
        let all = get(&server, &key, "contacts").await["contacts"].as_array().unwrap().len();
        let mut live = 0;
        for pair in 0..PAIRS {
            let (keep, other) = (&customers[pair * 2].id, &customers[pair * 2 + 1].id);
            let is = get(&server, &key, &format!("contacts/{other}")).await["id"].as_str().unwrap().to_owned();
            assert!(is == *keep || is == *other, "one or the other: {is}");
            assert_eq!(get(&server, &key, &format!("contacts/{keep}")).await["id"], json!(keep));
            // What was not acknowledged may have happened or not; it happened whole.
            let made = get(&server, &key, &format!("contacts/{keep}/merges")).await["merges"].clone();
            assert_eq!(made.as_array().unwrap().len(), usize::from(is == *keep), "{made}");
            match made[0]["id"].as_str() {
                Some(merge) => drop(merges.insert(pair, merge.to_owned())),
                None => drop(merges.remove(&pair)),
            }
            live += 1 + usize::from(is == *other);
        }
        assert_eq!(all, live, "a contact that was merged away is in no list");
    }
    assert!(customers.iter().all(|customer| customer.said.len() > 1), "the run is worth something");
    for customer in &customers {
        customer.visitor.say(&server, "the end").await;
        customer.visitor.saw(&server, "heard the end").await;
        let lines: Vec<Value> = customer.visitor.until(&server, "all lines", |lines| Some(lines.to_vec())).await;
        for word in &customer.said {
            let count = |text: &str| lines.iter().filter(|line| line["text"] == text).count();
            assert_eq!((count(word), count(&format!("heard {word}"))), (1, 1), "{word} of {}", customer.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_merges_and_undoes() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let key = key(&server).await;
    let mut ids: Vec<String> = Vec::new();
    for plan in ["gold", "free"] {
        let visitor = Visitor::greeted(&server).await;
        visitor.saw(&server, "Hello").await;
        let id = newest(&server, &key, &ids).await;
        let body = json!({ "attributes": { "email": "Ana@Shop.Example", "plan": plan } });
        let (status, told) = ask(&server, &key, Method::PATCH, &format!("contacts/{id}"), Some(&body)).await.unwrap();
        assert_eq!(status, 200, "{told}");
        ids.push(id);
    }
    let (one, two) = (ids[0].as_str(), ids[1].as_str());
    let found = server.run(&["contacts", "duplicates", one]).await;
    assert!(found.stdout.contains(two) && found.stdout.contains("same email ana@shop.example (not verified)"), "{}", found.stdout);
    let shown = server.run(&["contacts", "merge", one, two, "--dry-run"]).await;
    assert!(shown.stdout.contains("plan") && shown.stdout.contains("nothing was changed"), "{} {}", shown.stdout, shown.stderr);
    assert_eq!(get(&server, &key, "contacts").await["contacts"].as_array().unwrap().len(), 2);
    let done = server.run(&["contacts", "merge", one, two]).await;
    assert!(done.stdout.starts_with(&format!("merged into {one}\n")), "{} {}", done.stdout, done.stderr);
    let undo = done.stdout.lines().find_map(|line| line.strip_prefix("undo it with: switchboard ")).unwrap().to_owned();
    // Without the server, from what is stored; the old id shows the one it leads to.
    server.stop().await;
    let shown = server.run(&["contacts", "show", "--json", two]).await;
    let person: Value = serde_json::from_str(&shown.stdout).expect(&shown.stderr);
    assert_eq!(person["id"], json!(one));
    let undone = server.run(&undo.split(' ').collect::<Vec<_>>()).await;
    assert!(undone.stdout.contains("two contacts again"), "{} {}", undone.stdout, undone.stderr);
    let again = server.run(&undo.split(' ').collect::<Vec<_>>()).await;
    assert!(again.code == Some(2) && again.stderr.contains("undone already"), "{:?} {}", again.code, again.stderr);
    let shown = server.run(&["contacts", "show", "--json", two]).await;
    let person: Value = serde_json::from_str(&shown.stdout).expect(&shown.stderr);
    assert_eq!(person["id"], json!(two));
}

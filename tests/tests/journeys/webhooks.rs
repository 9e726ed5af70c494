//! Outgoing webhooks while the server is killed: what was acknowledged is told, signed, in order for each contact, and at most the
//! delivery that was under way comes twice. And people who are found, over HTTP and on the command line, before and after.

use crate::support::{Server, Setup, bot, fresh, random, read_request, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

const ROUNDS: usize = 5;
const PEOPLE: [&str; 3] = ["José Núñez", "山田 太郎", "Мария Петрова"];

/// A delivery as it came: id, body, and whether the signature is right.
type Came = Arc<Mutex<Vec<(String, Value, bool)>>>;

/// The program that is told.
async fn receiver(secret: Arc<Mutex<String>>) -> (String, Came) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    let came = Came::default();
    let tell = came.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let Some((headers, body)) = read_request(&mut socket).await else { continue };
            let secret = secret.lock().unwrap().clone();
            let signed = standardwebhooks::Webhook::new(&secret).is_ok_and(|hook| hook.verify(&body, &headers).is_ok());
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            tell.lock().unwrap().push((id, serde_json::from_slice(&body).unwrap(), signed));
            let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        }
    });
    (url, came)
}

async fn ask(server: &Server, key: &str, method: Method, path: &str, body: Option<&Value>, once: Option<&str>) -> Option<(u16, Value)> {
    let mut request = server.http().request(method, format!("{}/api/v1/{path}", server.origin())).bearer_auth(key);
    if let Some(once) = once {
        request = request.header("idempotency-key", once);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or(Value::Null)))
}

async fn key(server: &Server) -> String {
    let mut args = vec!["keys", "create", "told"];
    for scope in ["contacts:read", "contacts:write", "webhooks:write"] {
        args.extend(["--scope", scope]);
    }
    let made = server.run(&args).await;
    made.stdout.lines().find_map(|line| line.strip_prefix("key (shown once): ")).expect("a key is made").to_owned()
}

/// Tags people one after the other; those that are acknowledged are written down.
async fn traffic(server: &Server, key: &str, ids: &[String], number: &mut usize, tagged: &mut Vec<(String, String)>) {
    loop {
        *number += 1;
        let (id, label) = (&ids[*number % ids.len()], format!("{number:04}"));
        let body = json!({ "tags": { "add": [label] } });
        match ask(server, key, Method::PATCH, &format!("contacts/{id}"), Some(&body), None).await {
            Some((200, _)) => tagged.push((id.clone(), label)),
            Some((status, told)) => assert!(status == 503 || status == 429, "{status} {told}"),
            None => return std::future::pending().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_told_in_order_through_kill_9() {
    let folder = bot(&[
        ("bot.yaml", "name: Told\nchannels: { web: {} }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ]);
    let mut server = Setup::new(folder.path()).arg("--allow-callback").arg("127.0.0.1").start().await;
    let key = key(&server).await;
    let secret = Arc::new(Mutex::new(String::new()));
    let (url, came) = receiver(secret.clone()).await;
    let (new, once) = (json!({ "url": url, "events": ["tag.added"] }), fresh("hook"));
    let (status, made) = ask(&server, &key, Method::POST, "webhooks", Some(&new), Some(&once)).await.unwrap();
    assert_eq!(status, 201, "{made}");
    let (_, again) = ask(&server, &key, Method::POST, "webhooks", Some(&new), Some(&once)).await.unwrap();
    assert_eq!((&again["secret"], &again["webhook"]["id"]), (&made["secret"], &made["webhook"]["id"]), "made once");
    *secret.lock().unwrap() = made["secret"].as_str().unwrap().to_owned();
    let hook = made["webhook"]["id"].as_str().unwrap().to_owned();
    let mut ids = Vec::new();
    for name in PEOPLE {
        let (first, last) = name.split_once(' ').unwrap();
        let body = json!({ "first_name": first, "last_name": last });
        let (status, made) = ask(&server, &key, Method::POST, "contacts", Some(&body), None).await.unwrap();
        assert_eq!(status, 201, "{made}");
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let (mut number, mut tagged) = (0, Vec::new());
    for _ in 0..ROUNDS {
        {
            let working = traffic(&server, &key, &ids, &mut number, &mut tagged);
            // The moment of the kill is chance.
            let moment = tokio::time::sleep(Duration::from_millis(200 + random() % 500));
            tokio::select! { () = working => {}, () = moment => {} }
        }
        server.kill().await;
        server.start_again().await;
    }
    assert!(tagged.len() > ROUNDS, "something was acknowledged");
    within("everything to be told", async {
        loop {
            let (_, shown) = ask(&server, &key, Method::GET, &format!("webhooks/{hook}"), None, None).await.unwrap();
            if shown["waiting"] == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let came = came.lock().unwrap().clone();
    assert!(came.iter().all(|(_, _, signed)| *signed), "every delivery is signed");
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut seen, mut last): (BTreeSet<&str>, BTreeMap<&str, &str>) = (BTreeSet::new(), BTreeMap::new());
    for (delivery, body, _) in &came {
        let data = &body["data"];
        let (contact, tag) = (data["contact"].as_str().unwrap(), data["tag"].as_str().unwrap());
        if !seen.insert(delivery) {
            assert_eq!(last.get(contact), Some(&tag), "only a contact's last delivery comes twice");
            continue;
        }
        last.insert(contact, tag);
        told.entry(contact).or_default().push(tag);
    }
    for (contact, tags) in &told {
        assert!(tags.is_sorted(), "{contact}: {tags:?}");
    }
    for (contact, tag) in &tagged {
        assert!(
            told.get(contact.as_str()).is_some_and(|tags| tags.contains(&tag.as_str())),
            "{contact} {tag} was acknowledged and not told"
        );
    }
    found(&server, &key, &ids).await;
    server.stop().await;
    let shown = server.run(&["contacts", "find", "--json", "taro", "山"]).await;
    assert_eq!(shown.stdout, "", "every word must occur: {shown:?}");
    let shown = server.run(&["contacts", "find", "太郎"]).await;
    assert!(shown.stdout.contains(&ids[1]), "over a stopped server's data: {shown:?}");
}

/// Everybody is found, by what they are called.
async fn found(server: &Server, key: &str, ids: &[String]) {
    for (typed, who) in [("jose%20nun", 0), ("NU%C3%91EZ", 0), ("%E5%A4%AA", 1), ("%D0%BF%D0%B5%D1%82%D1%80", 2)] {
        let (status, found) = ask(server, key, Method::GET, &format!("contacts/find?q={typed}"), None, None).await.unwrap();
        assert_eq!((status, &found["total"], &found["contacts"][0]["id"]), (200, &json!(1), &json!(ids[who])), "{typed}: {found}");
    }
    let (status, _) = ask(server, key, Method::GET, "contacts/find?q=a&limit=0", None, None).await.unwrap();
    assert_eq!(status, 400);
    let table = server.run(&["contacts", "find", "мария"]).await;
    assert!(table.code == Some(0) && table.stdout.contains(&ids[2]) && table.stdout.starts_with("ID "), "{table:?}");
    let none = server.run(&["contacts", "find", "nobody", "here"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "nobody is called \"nobody here\"\n"));
    let query = server.run(&["contacts", "query", "has tag 0001"]).await;
    assert!(query.code == Some(0) && query.stdout.contains("it holds for 1"), "{query:?}");
    let wrong = server.run(&["contacts", "query", "orders >>= 3"]).await;
    assert!(wrong.code == Some(2) && !wrong.stderr.is_empty(), "{wrong:?}");
}

/// A request about a webhook with `If-Match`; answers status, the header `ETag` and the body.
async fn if_match(
    server: &Server,
    key: &str,
    method: Method,
    id: &str,
    tag: Option<&str>,
    body: Option<&Value>,
) -> (u16, Option<String>, Value) {
    let mut request = server.http().request(method, format!("{}/api/v1/webhooks/{id}", server.origin())).bearer_auth(key);
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let (status, tag) = (answer.status().as_u16(), answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()));
    (status, tag, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_webhook_at_once_one_is_told() {
    let folder = bot(&[
        ("bot.yaml", "name: Told\nchannels: { web: {} }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ]);
    let mut server = Setup::new(folder.path()).arg("--allow-callback").arg("127.0.0.1").start().await;
    let key = key(&server).await;
    let new = json!({ "url": "http://127.0.0.1:9/told", "events": ["tag.added"] });
    let (status, made) = ask(&server, &key, Method::POST, "webhooks", Some(&new), None).await.unwrap();
    assert_eq!(status, 201, "{made}");
    let hook = made["webhook"]["id"].as_str().unwrap().to_owned();
    let (_, first, shown) = if_match(&server, &key, Method::GET, &hook, None, None).await;
    let first = first.expect("it has a tag");
    let (_, all) = ask(&server, &key, Method::GET, "webhooks", None, None).await.unwrap();
    assert!([&made["webhook"]["etag"], &shown["etag"], &all["webhooks"][0]["etag"]].iter().all(|tag| **tag == json!(first)), "{all}");

    // Eight who read the same: one of them changes it.
    let mut changing = tokio::task::JoinSet::new();
    for n in 0..8 {
        let request = server.http().patch(format!("{}/api/v1/webhooks/{hook}", server.origin())).bearer_auth(&key);
        let request = request.header("if-match", &first).json(&json!({ "description": format!("by {n}") }));
        changing.spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        });
    }
    let answers = changing.join_all().await;
    let done: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 200).map(|(_, changed)| changed).collect();
    let told = answers.iter().filter(|(status, told)| *status == 412 && told["code"] == "changed").count();
    assert_eq!((done.len(), told), (1, 7), "{answers:?}");
    let (_, now, shown) = if_match(&server, &key, Method::GET, &hook, None, None).await;
    assert!(now.as_ref() != Some(&first) && shown["etag"] == json!(now) && shown == *done[0], "{shown}");

    // A new secret is a change; whoever asks for nothing changes what is there.
    let path = format!("webhooks/{hook}/secret");
    let (_, rotated) = ask(&server, &key, Method::POST, &path, None, None).await.unwrap();
    assert_ne!(rotated["webhook"]["etag"], json!(now));
    for tag in [None, Some("*")] {
        let (status, ..) = if_match(&server, &key, Method::PATCH, &hook, tag, Some(&json!({ "parallel": 2 }))).await;
        assert_eq!(status, 200, "{tag:?}");
    }
    let (status, _, told) = if_match(&server, &key, Method::DELETE, &hook, now.as_deref(), None).await;
    assert_eq!((status, &told["code"]), (412, &json!("changed")));
    let (_, now, _) = if_match(&server, &key, Method::GET, &hook, None, None).await;
    let (status, ..) = if_match(&server, &key, Method::DELETE, &hook, now.as_deref(), None).await;
    assert_eq!(status, 204);
    let (status, _, told) = if_match(&server, &key, Method::PATCH, &hook, Some("*"), Some(&json!({ "parallel": 1 }))).await;
    assert_eq!((status, &told["code"]), (404, &json!("no_webhook")));
    server.stop().await;
}

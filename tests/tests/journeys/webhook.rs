//! The webhook channel against the specification's own implementation, as signer and as verifier.

use crate::support::{Callback, Hook, Setup, bot, fresh};
use reqwest::StatusCode;
use serde_json::{Value, json};

const START: &str = "skill: /start\nblocks:\n  ask:\n    text: Coffee or tea?\n    buttons:\n      - Coffee: coffee\n      - Tea: tea\n    \
                     timeout: 1d\n    on: { other: ask, timeout: end }\n  coffee:\n    text: Coffee it is.\n  soon: { text: It is on its way., next: end }\n  \
                     tea: { text: Tea it is., next: end }\n";

fn bot_yaml(more: &str) -> String {
    format!("name: Cafe\nchannels:\n  hook: {{ type: webhook, secret: \"${{env.HOOK_SECRET}}\"{more} }}\n")
}

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_in_the_response() {
    let folder = bot(&[("bot.yaml", &bot_yaml("")), ("skills/start.yaml", START)]);
    let mut server = Setup::new(folder.path()).env("HOOK_SECRET", Hook::SECRET).start().await;
    let hook = Hook::new("hook");
    let answer = hook.say(&server, "ana", "hello").await;
    assert_eq!(texts(&answer["messages"]), ["Coffee or tea?"]);
    assert_eq!(answer["messages"][0]["buttons"][0]["label"], "Coffee");
    // A press, by label.
    let press = json!({ "from": "ana", "press": "Coffee" }).to_string();
    let id = fresh("press");
    let (status, first) = hook.deliver(&server, "", &id, press.as_bytes()).await.unwrap();
    assert_eq!((status, texts(&first["messages"])), (StatusCode::OK, vec!["Coffee it is.", "It is on its way."]));
    // The same delivery again: answered the same, done once; after kill -9 as well.
    assert_eq!(hook.deliver(&server, "", &id, press.as_bytes()).await.unwrap(), (StatusCode::OK, first.clone()));
    server.kill().await;
    server.start_again().await;
    assert_eq!(hook.deliver(&server, "", &id, press.as_bytes()).await.unwrap(), (StatusCode::OK, first));
    let all = hook.transcript(&server, "ana").await;
    assert_eq!(texts(&Value::Array(all)), ["Coffee or tea?", "Coffee it is.", "It is on its way."]);
    // Customers are told apart by their id alone.
    assert_eq!(texts(&hook.say(&server, "ben", "hello").await["messages"]), ["Coffee or tea?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_pushed_signed_and_in_order() {
    // The partner's first answers: a fault over there, then "not so fast".
    let mut callback = Callback::listen(vec!["500 Internal Server Error", "429 Too Many Requests\r\nretry-after: 1"]).await;
    let yaml = bot_yaml(", callback: \"${env.CALLBACK}\"");
    let folder = bot(&[("bot.yaml", &yaml), ("skills/start.yaml", START)]);
    let setup = Setup::new(folder.path()).env("HOOK_SECRET", Hook::SECRET).env("CALLBACK", &callback.url);
    let server = setup.clone().arg("--allow-callback").arg("127.0.0.1").start().await;
    let hook = Hook::new("hook");
    assert_eq!(hook.say(&server, "ana", "hello").await, json!({ "duplicate": false }));
    let (id, first) = callback.next().await;
    assert_eq!((&first["to"], &first["text"]), (&json!("ana"), &json!("Coffee or tea?")));
    // Refused twice, it is posted again under the same id, which is how the partner knows.
    for _ in 0..2 {
        assert_eq!(callback.next().await, (id.clone(), first.clone()));
    }
    let press = json!({ "from": "ana", "press": first["buttons"][0]["token"] }).to_string();
    assert_eq!(hook.deliver(&server, "", &fresh("press"), press.as_bytes()).await.unwrap().0, StatusCode::ACCEPTED);
    let (second_id, second) = callback.next().await;
    let (_, third) = callback.next().await;
    assert_ne!(id, second_id);
    assert_eq!((&second["text"], &third["text"]), (&json!("Coffee it is."), &json!("It is on its way.")));
    assert_eq!(callback.unread(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_into_the_own_network_is_not_called_unless_allowed() {
    let callback = Callback::listen(Vec::new()).await;
    let yaml = bot_yaml(", callback: \"${env.CALLBACK}\"");
    let folder = bot(&[("bot.yaml", &yaml), ("skills/start.yaml", START)]);
    let server = Setup::new(folder.path()).env("HOOK_SECRET", Hook::SECRET).env("CALLBACK", &callback.url).start().await;
    Hook::new("hook").say(&server, "ana", "hello").await;
    // The journey tells that it failed, and why.
    let told = crate::support::within("the failure", async {
        loop {
            let contacts = server.contacts().await;
            let journey = contacts[0]["journey"].to_string();
            if journey.contains("\"delivery\"") {
                break journey;
            }
        }
    })
    .await;
    assert!(told.contains("not allowed"), "{told}");
    assert_eq!(callback.unread(), 0);
}

//! What somebody wants as others note it: over the API for one channel or for all, against programs that know better, blocks and erasures.

use crate::support::{Program, Setup, Visitor, bot, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nstatuses: [lead]\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/default.yaml", "skill: /default\nblocks:\n  what: { text: What? }\n"),
    ("skills/news.yaml", "skill: news\ncatch: [{ event: news }]\nblocks:\n  tell: { text: News }\n"),
];
const SCOPES: &[&str] = &["contacts:read", "contacts:write", "events:write"];

/// Notes an answer about messages; answers the status afterwards.
async fn noted(program: &Program<'_>, id: &str, channel: Option<&str>, given: bool) -> Value {
    let answer = json!({ "topic": "messages", "channel": channel, "given": given, "proof": "on the phone" });
    let (code, body) = program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(answer)).await;
    assert_eq!(code, 200, "{body}");
    status(program, id).await
}

async fn status(program: &Program<'_>, id: &str) -> Value {
    program.get(&format!("contacts/{id}")).await["status"].clone()
}

/// Says something and waits until they are this.
async fn says(program: &Program<'_>, visitor: &Visitor, id: &str, text: &str, to: &str) {
    visitor.say(program.server, text).await;
    within(format!("them to be {to}"), async {
        while status(program, id).await != to {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_their_channel_sets_whether_they_are_written_to() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, SCOPES).await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "one").await;
    ana.saw(&server, "What?").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let mut asked = 1;
    let mut news = async |times: usize| {
        assert_eq!(program.post(&format!("contacts/{id}/events"), json!({ "name": "news" })).await.0, 200);
        // What they write next is answered after whatever is said for the event.
        asked += 1;
        ana.say(&server, "well?").await;
        let count = |lines: &[Value], text: &str| lines.iter().filter(|line| line["from"] == "bot" && line["text"] == text).count();
        let told = |lines: &[Value]| (count(lines, "What?") == asked).then(|| count(lines, "News"));
        assert_eq!(ana.until(&server, "an answer", told).await, times);
    };
    news(1).await;
    says(&program, &ana, &id, "stop", "unsubscribed").await;
    assert_eq!(noted(&program, &id, Some("web"), true).await, "active");
    news(2).await;
    says(&program, &ana, &id, "stop", "unsubscribed").await;
    says(&program, &ana, &id, "/start", "active").await;
    assert_eq!(noted(&program, &id, Some("web"), false).await, "unsubscribed");
    news(2).await;
    // A program that calls them something else is told what stands against it, and changes nothing.
    let sync = json!({ "status": "lead", "first_name": "Ana" });
    let (code, body) = program.ask(Method::PATCH, &format!("contacts/{id}"), Some(sync.clone())).await;
    assert_eq!((code, &body["code"], &body["field"]), (422, &json!("invalid"), &json!("status")), "{body}");
    assert_eq!(program.get(&format!("contacts/{id}")).await["first_name"], Value::Null);
    assert_eq!(status(&program, &id).await, "unsubscribed");
    assert_eq!(noted(&program, &id, Some(" web "), true).await, "active");
    assert_eq!(program.ask(Method::PATCH, &format!("contacts/{id}"), Some(sync)).await.1["status"], "lead");
    news(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_they_said_last_outlives_a_block_and_an_erasure() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, SCOPES).await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "one").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    says(&program, &ana, &id, "stop", "unsubscribed").await;
    let block = async |to: &str| {
        let path = format!("contacts/{id}/block");
        assert_eq!(program.ask(Method::PUT, &path, None).await.1["status"], "blocked");
        assert_eq!(program.ask(Method::DELETE, &path, None).await.1["status"], to);
        assert_eq!(status(&program, &id).await, to);
    };
    block("unsubscribed").await;
    // Who agreed elsewhere since is written to there.
    assert_eq!(noted(&program, &id, Some("sms"), true).await, "active");
    block("active").await;
    assert_eq!(noted(&program, &id, Some("web"), false).await, "unsubscribed");
    block("unsubscribed").await;
    assert_eq!(noted(&program, &id, None, true).await, "active");
    block("active").await;
    let (_, body) = program.post(&format!("contacts/{id}/erase"), json!({})).await;
    assert_eq!(body["erasure"]["suppression_hashes"], 0, "they wanted messages: {body}");
}

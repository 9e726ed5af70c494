//! A Bot API server in another process, which fails on command (`tests/fakes/telegram-bot-api.mjs`).

use super::{client, root, within};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The server; it ends with this value.
pub struct FakeTelegram {
    pub url: String,
    http: reqwest::Client,
    _process: Child,
}

impl FakeTelegram {
    pub const TOKEN: &str = "123456:TEST-TOKEN";

    pub async fn start() -> Self {
        let mut process = Command::new("node")
            .arg(root().join("tests/fakes/telegram-bot-api.mjs"))
            .args(["--parent-watch", "--token", Self::TOKEN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("these tests need Node 20 or newer as `node`");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        within("the Bot API server", output.read_line(&mut line)).await.unwrap();
        let started: Value = serde_json::from_str(&line).expect("the server prints where it is");
        Self { url: started["url"].as_str().unwrap().to_owned(), http: client(), _process: process }
    }

    pub async fn post(&self, what: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}/_control/{what}", self.url)).json(&body).send().await.unwrap();
        let answer = answer.error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    pub async fn get(&self, what: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_control/{what}", self.url)).send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    pub async fn say(&self, chat: i64, text: &str) -> i64 {
        self.post("say", json!({ "chat_id": chat, "text": text })).await["update_id"].as_i64().unwrap()
    }

    /// Messages that reached a chat, once there are this many.
    pub async fn sent(&self, chat: i64, at_least: usize) -> Vec<Value> {
        let sent = self.get(&format!("sent?chat_id={chat}&at_least={at_least}&timeout=25000")).await;
        assert!(sent.len() >= at_least, "{} messages reached chat {chat}, not {at_least}: {sent:#?}", sent.len());
        sent
    }

    /// Their texts.
    pub async fn texts(&self, chat: i64, at_least: usize) -> Vec<String> {
        let sent = self.sent(chat, at_least).await;
        sent.iter().map(|c| c["message"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

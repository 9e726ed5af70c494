//! A Bot API server in another process, and a channel that runs against it.

#![allow(dead_code)]

use channel::{Channel, Outbound, SendError, Sent, conformance::TestHub};
use model::{Content, IdSource, IncomingBody};
use serde_json::{Value, json};
use std::{process::Stdio, sync::Arc, time::Duration};
use switchboard_channel_telegram::{Mode, Options, Pace, TelegramChannel};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};

pub const TOKEN: &str = "123456:TEST-TOKEN";
pub const ANA: i64 = 5;
pub const BEN: i64 = 6;

/// The server; it ends with this value, and by itself when this process dies.
pub struct Fake {
    pub url: String,
    process: Child,
    client: reqwest::Client,
}

impl Fake {
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    pub async fn start_on(port: u16) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fakes/telegram-bot-api.mjs");
        let mut process = Command::new("node")
            .args([script, "--parent-watch", "--token", TOKEN, "--port", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("these tests need Node 20 or newer as `node`");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let started: Value = serde_json::from_str(&line).expect("the server prints where it is");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: started["url"].as_str().unwrap().to_owned(), process, client }
    }

    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub fn is_up(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Ends the server and waits until it is gone.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "{status}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub async fn post(&self, what: &str, body: Value) -> Value {
        self.answer(self.client.post(format!("{}/_control/{what}", self.url)).json(&body)).await
    }

    pub async fn get(&self, what: &str) -> Value {
        self.answer(self.client.get(format!("{}/_control/{what}", self.url))).await
    }

    /// Calls the server as another program with the same token would.
    pub async fn api(&self, method: &str, body: Value) -> Value {
        self.answer(self.client.post(format!("{}/bot{TOKEN}/{method}", self.url)).json(&body)).await
    }

    pub async fn fault(&self, fault: Value) {
        self.post("fault", fault).await;
    }

    /// A text of a person; answers its update number.
    pub async fn say(&self, chat: i64, text: &str) -> i64 {
        self.post("say", json!({ "chat_id": chat, "text": text })).await["update_id"].as_i64().unwrap()
    }

    /// A message of a person with these fields; answers its update number.
    pub async fn message(&self, chat: i64, fields: Value) -> i64 {
        self.post("say", json!({ "chat_id": chat, "message": fields })).await["update_id"].as_i64().unwrap()
    }

    /// Calls of a method, once there are this many.
    pub async fn calls(&self, method: &str, at_least: usize) -> Vec<Value> {
        let calls = self.get(&format!("calls?method={method}&at_least={at_least}")).await;
        let calls = calls.as_array().unwrap().clone();
        assert!(calls.len() >= at_least, "{method} was called {} times, not {at_least}", calls.len());
        calls
    }

    /// Messages that reached a chat.
    pub async fn sent(&self, chat: i64) -> Vec<Value> {
        self.get(&format!("sent?chat_id={chat}")).await.as_array().unwrap().clone()
    }

    /// Numbers of updates that were confirmed, once there are this many.
    pub async fn confirmed(&self, at_least: usize) -> Vec<i64> {
        let ids = self.get(&format!("confirmed?at_least={at_least}")).await;
        let ids: Vec<i64> = ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
        assert!(ids.len() >= at_least, "{ids:?} were confirmed, not {at_least}");
        ids
    }

    pub fn options(&self) -> Options {
        Options { api_url: Some(self.url.parse().unwrap()), pace: pace(), ..Options::polling(TOKEN) }
    }

    pub fn webhook(&self, public_url: &str, secret: &str) -> Options {
        let mode = Mode::Webhook { public_url: public_url.parse().unwrap(), secret: secret.to_owned() };
        Options { mode, ..self.options() }
    }

    pub fn channel(&self) -> Arc<TelegramChannel> {
        Arc::new(TelegramChannel::new("telegram", self.options()).unwrap())
    }
}

/// Times for tests: failures are got over soon.
pub fn pace() -> Pace {
    Pace {
        long_poll: Duration::from_secs(20),
        call: Duration::from_secs(10),
        download: Duration::from_secs(10),
        retry_first: Duration::from_millis(10),
        retry_max: Duration::from_millis(40),
        menu: Duration::from_millis(10),
    }
}

/// A channel that runs.
pub struct Running {
    pub hub: Arc<TestHub>,
    pub channel: Arc<TelegramChannel>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start(fake: &Fake) -> Self {
        Self::of(TestHub::new("telegram"), fake.channel())
    }

    pub fn of(hub: Arc<TestHub>, channel: Arc<TelegramChannel>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&channel).run(hub.as_hub(), stopped));
        Self { hub, channel, stop, task }
    }

    pub async fn stop(self) -> Arc<TestHub> {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(10), self.task).await.expect("it stops when told").unwrap();
        self.hub
    }

    /// What was accepted, as short lines, once there are this many.
    pub async fn lines(&self, at_least: usize) -> Vec<String> {
        let accepted = within(self.hub.accepted_at_least(at_least)).await;
        accepted.iter().map(|inbound| format!("{} {}", inbound.address.id, line(&inbound.incoming.body))).collect()
    }

    /// The operator's log, once a line of it holds these words.
    pub async fn logged(&self, words: &str) -> Vec<String> {
        within(async {
            loop {
                let log = self.hub.logged();
                if log.iter().any(|line| line.contains(words)) {
                    return log;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// What somebody did, as a short line.
pub fn line(body: &IncomingBody) -> String {
    match body {
        IncomingBody::Message(Content { text, attachments, location, unsupported, .. }) => {
            let mut line = format!("says {text:?}");
            for file in attachments {
                line += &format!(" with {:?} {} ({}, {} bytes)", file.kind, file.name, file.mime, file.size);
            }
            if let Some(place) = location {
                line += &format!(" at {}, {}", place.latitude, place.longitude);
            }
            if let Some(kind) = unsupported {
                line += &format!(" unsupported {kind}");
            }
            line
        }
        IncomingBody::Press { token, label } => format!("presses {token} {label:?}"),
        IncomingBody::Opened { payload } => format!("opens {payload:?}"),
        IncomingBody::Unreachable { reason } => format!("is gone: {reason}"),
        IncomingBody::Reachable => "is back".to_owned(),
        IncomingBody::Event { name, .. } => format!("event {name}"),
    }
}

/// Waits for something that happens soon, or fails.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("this happens soon")
}

/// Sends one piece to a chat.
pub async fn send(channel: &TelegramChannel, hub: &Arc<TestHub>, chat: i64, content: Content) -> Result<Sent, SendError> {
    let out = piece(hub, chat, content, 1);
    channel.send(hub.as_ref(), &out).await
}

/// A piece of a message; the same seed is the same piece.
pub fn piece(hub: &Arc<TestHub>, chat: i64, content: Content, seed: u64) -> Outbound {
    let message = IdSource::new(model::Instant(0), seed).next();
    Outbound { address: hub.address(&chat.to_string()), message, part: 0, content, idempotency_key: format!("{message}.0") }
}

/// A picture of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Base 64, for the server's files.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
        for n in 0..4 {
            out.push(if n <= three.len() { char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63]) } else { '=' });
        }
    }
    out
}

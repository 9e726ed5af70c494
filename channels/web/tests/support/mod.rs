//! A visitor of the web channel, as a test plays one.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part; a test that is wrong may panic")]

use channel::{
    Body, Channel, HttpResponse,
    conformance::{Answer, Door, TestHub},
};
use futures::{StreamExt, stream::BoxStream};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use switchboard_channel_web::{Options, WebChannel};

pub fn site(hub: &Arc<TestHub>) -> Door {
    site_with(hub, Options::default())
}

pub fn site_with(hub: &Arc<TestHub>, options: Options) -> Door {
    let channel: Arc<dyn Channel> = Arc::new(WebChannel::new("web", options));
    Door::of(channel, hub.as_hub())
}

/// A bot that repeats what it is told.
pub fn echoing() -> Arc<TestHub> {
    TestHub::answering("web", |inbound| match &inbound.incoming.body {
        model::IncomingBody::Message(content) => vec![model::Content::text(format!("You said: {}", content.text))],
        model::IncomingBody::Opened { .. } => vec![model::Content::text("Welcome")],
        model::IncomingBody::Press { .. }
        | model::IncomingBody::Event { .. }
        | model::IncomingBody::Unreachable { .. }
        | model::IncomingBody::Reachable => Vec::new(),
    })
}

pub struct Visitor<'a> {
    pub door: &'a Door,
    pub token: String,
}

impl<'a> Visitor<'a> {
    pub async fn new(door: &'a Door) -> Self {
        let answer = door.send(Method::POST, "/session", &[], "").await;
        assert_eq!(answer.status, StatusCode::CREATED);
        Self { door, token: answer.json()["token"].as_str().unwrap().to_owned() }
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.door.send(Method::GET, path, &[("authorization", &self.bearer())], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let headers = [("authorization", self.bearer()), ("content-type", "application/json".to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.door.send(Method::POST, path, &headers, body.to_string()).await
    }

    pub async fn say(&self, client_id: &str, text: &str) -> Answer {
        self.post("/messages", json!({ "client_id": client_id, "text": text })).await
    }

    pub async fn upload(&self, name: &str, bytes: impl Into<bytes::Bytes>) -> Answer {
        self.door.send(Method::POST, &format!("/files?name={name}"), &[("authorization", &self.bearer())], bytes).await
    }

    pub async fn stream(&self, cursor: u64) -> BoxStream<'static, bytes::Bytes> {
        let request = http::Request::get(format!("/stream?cursor={cursor}")).header("authorization", self.bearer());
        let response: HttpResponse = self.door.open(request.body(bytes::Bytes::new()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        match response.into_body() {
            Body::Stream(pieces) => pieces,
            Body::Full(_) => panic!("a stream is a stream"),
        }
    }

    /// All that a stream from this cursor says until it has caught up.
    pub async fn backlog(&self, cursor: u64) -> String {
        let mut pieces = self.stream(cursor).await;
        let mut text = String::new();
        while !text.contains("event: ready") {
            text += std::str::from_utf8(&pieces.next().await.unwrap()).unwrap();
        }
        text
    }
}

/// Events whose empty line came: id, name, data.
pub fn events(text: &str) -> Vec<(Option<u64>, String, Value)> {
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let field = |block: &str, name: &str| block.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
    whole
        .split("\n\n")
        .filter_map(|block| {
            let data = serde_json::from_str(&field(block, "data")?).unwrap();
            Some((field(block, "id").map(|id| id.parse().unwrap()), field(block, "event")?, data))
        })
        .collect()
}

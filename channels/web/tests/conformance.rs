//! What every channel must hold, held by the web channel: the provider is the visitor's browser.
#![allow(clippy::unwrap_used, reason = "a test that is wrong may panic")]

use bytes::Bytes;
use channel::{
    Channel,
    conformance::{Ack, Delivery, Door, Subject, TestHub, Weather, What},
};
use http::Method;
use model::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use switchboard_channel_web::{Options, WebChannel};

struct Browsers {
    channel: Arc<WebChannel>,
    door: Door,
    tokens: Mutex<BTreeMap<String, String>>,
}

impl Browsers {
    /// The visit of this person; begun when they are first heard of.
    async fn token(&self, from: &str) -> String {
        let known = self.tokens.lock().unwrap().get(from).cloned();
        if let Some(token) = known {
            return token;
        }
        let answer = self.door.send(Method::POST, "/session", &[], "").await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        self.tokens.lock().unwrap().insert(from.to_owned(), token.clone());
        token
    }

    async fn post(&self, from: &str, body: impl Into<Bytes>) -> Ack {
        let bearer = format!("Bearer {}", self.token(from).await);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        Ack::of(&self.door.send(Method::POST, "/messages", &headers, body).await)
    }
}

impl Subject for Browsers {
    const CHANNEL: &'static str = "web";

    async fn start(hub: Arc<TestHub>) -> Self {
        let channel = Arc::new(WebChannel::new("web", Options::default()));
        let door = Door::of(Arc::<WebChannel>::clone(&channel), hub.as_hub());
        Self { channel, door, tokens: Mutex::default() }
    }

    fn channel(&self) -> Arc<dyn Channel> {
        Arc::<WebChannel>::clone(&self.channel)
    }

    async fn deliver(&self, delivery: Delivery) -> Ack {
        match delivery.what {
            What::Text(text) => {
                let body = serde_json::json!({ "client_id": delivery.id.to_string(), "text": text });
                self.post(&delivery.from, body.to_string()).await
            }
            // The widget and the contract are ours: there is no kind that one has and the other does not.
            What::Unknown => Ack::NoSuchKind,
        }
    }

    async fn deliver_raw(&self, body: Bytes) -> Ack {
        self.post("somebody", body).await
    }

    async fn weather(&self, _weather: Weather) -> Option<Address> {
        // Messages are fetched; nothing is sent.
        None
    }
}

channel::conformance! { Browsers }

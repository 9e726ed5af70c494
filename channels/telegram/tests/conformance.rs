//! The promises of every channel, held against the webhook mode and a Bot API server in another process.

#![allow(clippy::unwrap_used)]

mod common;

use bytes::Bytes;
use channel::{
    Channel,
    conformance::{Ack, Delivery, Door, Subject, TestHub, Weather, What},
};
use common::Fake;
use model::Address;
use serde_json::{Value, json};
use std::sync::Arc;
use switchboard_channel_telegram::TelegramChannel;
use tokio::sync::Mutex;

const SECRET: &str = "a-secret-of-the-tests";

struct Telegram {
    channel: Arc<TelegramChannel>,
    door: Door,
    fake: Mutex<Fake>,
    port: u16,
}

fn person(name: &str) -> i64 {
    name.bytes().fold(0, |id, byte| id * 256 + i64::from(byte))
}

impl Subject for Telegram {
    const CHANNEL: &'static str = "telegram";

    async fn start(hub: Arc<TestHub>) -> Self {
        let fake = Fake::start().await;
        let channel = Arc::new(TelegramChannel::new(Self::CHANNEL, fake.webhook("https://bot.example", SECRET)).unwrap());
        let door = Door::of(Arc::<TelegramChannel>::clone(&channel), hub.as_hub());
        Self { channel, door, port: fake.port(), fake: Mutex::new(fake) }
    }

    fn channel(&self) -> Arc<dyn Channel> {
        Arc::<TelegramChannel>::clone(&self.channel)
    }

    async fn deliver(&self, delivery: Delivery) -> Ack {
        let chat = person(&delivery.from);
        let mut message =
            json!({ "message_id": delivery.id, "date": 1, "chat": { "id": chat, "type": "private" }, "from": { "id": chat } });
        match delivery.what {
            What::Text(text) => message["text"] = Value::from(text),
            What::Unknown => message["dice"] = json!({ "emoji": "🎲", "value": 6 }),
        }
        let update = json!({ "update_id": chat * 1_000 + i64::try_from(delivery.id).unwrap(), "message": message });
        self.deliver_raw(update.to_string().into()).await
    }

    async fn deliver_raw(&self, body: Bytes) -> Ack {
        let headers = [("x-telegram-bot-api-secret-token", SECRET)];
        Ack::of(&self.door.send(http::Method::POST, "/hook", &headers, body).await)
    }

    async fn weather(&self, weather: Weather) -> Option<Address> {
        let mut fake = self.fake.lock().await;
        if weather == Weather::Down {
            fake.kill().await;
        } else {
            if !fake.is_up() {
                *fake = Fake::start_on(self.port).await;
            }
            let fault = match weather {
                Weather::Fair | Weather::Down => None,
                Weather::RateLimited => Some(json!({ "status": 429, "retry_after": 2 })),
                Weather::Failing => Some(json!({ "status": 502, "html": true })),
                Weather::Refusing => Some(json!({ "status": 400, "description": "Bad Request: can't parse entities" })),
                Weather::Gone => Some(json!({ "status": 403 })),
                Weather::Dropping => Some(json!({ "kind": "drop_after" })),
            };
            if let Some(mut fault) = fault {
                fault["method"] = "sendMessage".into();
                fake.fault(fault).await;
            }
        }
        Some(Address { channel: Self::CHANNEL.into(), id: person("ana").to_string() })
    }
}

channel::conformance! { Telegram }

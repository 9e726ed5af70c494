//! Webhook mode: the secret, the acknowledgement, and a Bot API server that delivers for real.

#![allow(clippy::unwrap_used)]

mod common;

use axum::{Router, extract::Request};
use channel::{
    AcceptError, Body, Channel, Hub,
    conformance::{Door, TestHub},
};
use common::{ANA, BEN, Fake, Running, within};
use serde_json::{Value, json};
use std::sync::Arc;
use switchboard_channel_telegram::TelegramChannel;

const SECRET: &str = "a-secret-of-the-tests";
const HEADER: &str = "x-telegram-bot-api-secret-token";

fn update(id: i64, text: &str) -> String {
    let message = json!({ "message_id": id, "date": 1, "chat": { "id": ANA, "type": "private" }, "from": { "id": ANA }, "text": text });
    json!({ "update_id": id, "message": message }).to_string()
}

#[tokio::test]
async fn who_does_not_know_the_secret_changes_nothing() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    let channel = Arc::new(TelegramChannel::new("telegram", fake.webhook("https://bot.example", SECRET)).unwrap());
    let door = Door::of(channel, hub.as_hub());
    let longer = format!("{SECRET}x");
    let wrong: [&[(&str, &str)]; 6] = [
        &[],
        &[(HEADER, "")],
        &[(HEADER, "wrong-secret-of-tests")],
        &[(HEADER, "a-secret-of-the-test")],
        &[(HEADER, &longer)],
        &[("authorization", SECRET)],
    ];
    for headers in wrong {
        let answer = door.send(http::Method::POST, "/hook", headers, update(1, "hello")).await;
        assert_eq!(answer.status, 401, "{headers:?}");
    }
    assert!(hub.deliveries().is_empty() && hub.records().is_empty());
    let answer = door.send(http::Method::POST, "/hook", &[(HEADER, SECRET)], update(1, "hello")).await;
    assert_eq!((answer.status.as_u16(), hub.accepted().len()), (200, 1));
    assert_eq!(door.send(http::Method::GET, "/hook", &[(HEADER, SECRET)], "").await.status, 405);
}

#[tokio::test]
async fn deliveries_of_one_chat_that_come_at_once_keep_their_order() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    let door = Door::of(Arc::new(TelegramChannel::new("telegram", fake.webhook("https://bot.example", SECRET)).unwrap()), hub.as_hub());
    let file = fake.post("file", json!({ "size": 4 })).await["file_id"].clone();
    fake.fault(json!({ "method": "getFile", "kind": "delay", "ms": 300 })).await;
    let mut photo: Value = serde_json::from_str(&update(1, "")).unwrap();
    photo["message"]["photo"] = json!([{ "file_id": file }]);
    let post = |body: String| door.send(http::Method::POST, "/hook", &[(HEADER, SECRET)], body);
    // The first takes a while to load; the second is there at once and waits for it.
    let (first, second) = futures::join!(post(photo.to_string()), post(update(2, "and this is why")));
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    let order: Vec<String> = hub.accepted().into_iter().map(|inbound| inbound.provider_id).collect();
    assert_eq!(order, ["123456:1", "123456:2"]);
}

#[tokio::test]
async fn polling_has_no_route() {
    let fake = Fake::start().await;
    assert!(fake.channel().routes(TestHub::new("telegram").as_hub()).is_empty());
}

/// A server that mounts a channel's routes under `/c/telegram/`.
async fn serve(fake: &Fake) -> (Running, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let channel = Arc::new(TelegramChannel::new("telegram", fake.webhook(&url, SECRET)).unwrap());
    let hub = TestHub::new("telegram");
    let door = Arc::new(Door::of(Arc::<TelegramChannel>::clone(&channel), hub.as_hub() as Arc<dyn Hub>));
    let app = Router::new().fallback(move |request: Request| {
        let door = Arc::clone(&door);
        async move {
            let (mut head, body) = request.into_parts();
            let path = head.uri.path().strip_prefix("/c/telegram").expect("Telegram calls the path it was given").to_owned();
            head.uri = path.parse().unwrap();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let (head, body) = door.open(http::Request::from_parts(head, body)).await.into_parts();
            let Body::Full(body) = body else { panic!("the hook streams nothing") };
            http::Response::from_parts(head, axum::body::Body::from(body))
        }
    });
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (Running::of(hub, channel), server)
}

#[tokio::test]
async fn telegram_is_told_where_to_call_and_calls_until_it_is_accepted() {
    let fake = Fake::start().await;
    fake.fault(json!({ "method": "setWebhook", "status": 502, "html": true })).await;
    let (bot, server) = serve(&fake).await;
    let told = fake.calls("setWebhook", 2).await[1]["params"].clone();
    assert!(told["url"].as_str().unwrap().ends_with("/c/telegram/hook") && !told["url"].as_str().unwrap().contains("//c/"), "{told}");
    assert_eq!(told["secret_token"], SECRET);
    assert_eq!(told["allowed_updates"], json!(["message", "callback_query", "my_chat_member"]));

    bot.hub.fail_accept(AcceptError::Unavailable);
    bot.hub.fail_accept(AcceptError::TooMany);
    let first = fake.say(ANA, "one").await;
    let second = fake.say(ANA, "two").await;
    fake.confirmed(2).await;
    let deliveries = fake.get("deliveries").await;
    let of = |id: i64| {
        deliveries.as_array().unwrap().iter().filter(|d| d["update_id"] == id).map(|d| d["status"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!((of(first), of(second)), (vec![json!(503), json!(429), json!(200)], vec![json!(200)]));
    assert_eq!(bot.lines(2).await, ["5 says \"one\"", "5 says \"two\""]);

    // Held up, it is not acknowledged; other chats go on reading. Given again, it is accepted once.
    bot.hub.hold_accepts();
    let third = fake.say(BEN, "three").await;
    within(bot.hub.delivered_at_least(5)).await;
    assert!(!fake.confirmed(0).await.contains(&third));
    bot.hub.release_accepts();
    assert!(fake.confirmed(3).await.contains(&third));
    fake.post("redeliver", json!({ "update_id": third })).await;
    within(bot.hub.delivered_at_least(6)).await;
    assert_eq!(bot.hub.accepted().len(), 3);

    let press = fake.post("press", json!({ "chat_id": ANA, "data": "t1" })).await;
    assert_eq!(fake.calls("answerCallbackQuery", 1).await[0]["params"]["callback_query_id"], press["callback_query_id"]);
    bot.stop().await;
    server.abort();
}

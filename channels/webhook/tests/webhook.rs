//! The webhook channel against a hub in memory and a peer that signs and verifies with the specification's own crate.

#![allow(clippy::unwrap_used)] // In a test, what is missing is a failure.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use channel::{
    Capabilities, Channel, Hub, Outbound,
    conformance::{Ack, Answer, Delivery, Door, Subject, TestHub, Weather, What},
};
use futures::{FutureExt, future::BoxFuture};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, Method};
use model::{
    Address, Attachment, AttachmentKind, Author, Choice, ChoiceAction, Content, Delivery as Delivered, Incoming, IncomingBody, Instant,
    TranscriptEntry, Value,
};
use serde_json::json;
use sha2::Sha256;
use std::sync::{Arc, Mutex};
use switchboard_channel_webhook::{CallbackAnswer, CallbackError, CallbackSender, Options, OptionsError, WebhookChannel};
use url::Url;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The other side: takes what is posted, as the weather is.
struct Peer {
    weather: Mutex<Weather>,
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl Peer {
    fn new() -> Arc<Self> {
        Arc::new(Self { weather: Mutex::new(Weather::Fair), got: Mutex::default() })
    }
}

impl CallbackSender for Peer {
    fn post<'a>(&'a self, _: &'a Url, headers: Vec<(String, String)>, body: Bytes) -> BoxFuture<'a, Result<CallbackAnswer, CallbackError>> {
        async move {
            let answer = |status, retry_after_secs| Ok(CallbackAnswer { status, retry_after_secs });
            let weather = *self.weather.lock().unwrap();
            if weather != Weather::Down {
                let mut map = HeaderMap::new();
                for (name, value) in headers {
                    map.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
                }
                self.got.lock().unwrap().push((map, body));
            }
            match weather {
                Weather::Fair => answer(204, None),
                Weather::RateLimited => answer(429, Some(2)),
                Weather::Failing => answer(502, None),
                Weather::Refusing => answer(422, None),
                Weather::Gone => answer(410, None),
                Weather::Down => Err(CallbackError::NotSent("connection refused".into())),
                Weather::Dropping => Err(CallbackError::Unanswered("connection closed".into())),
            }
        }
        .boxed()
    }
}

/// A hub, a channel on it and its door, at the wall clock's time: the independent signer knows no other.
struct Stage {
    hub: Arc<TestHub>,
    channel: Arc<WebhookChannel>,
    door: Door,
    peer: Arc<Peer>,
}

fn stage(hub: Arc<TestHub>, callback: bool) -> Stage {
    hub.set_now(Instant::from_secs(wall()));
    let peer = Peer::new();
    let callback_url = callback.then(|| "https://shop.example/hooks/switchboard".parse().unwrap());
    let options = Options { secret: SECRET.into(), callback_url, sender: Arc::<Peer>::clone(&peer), reply_wait_ms: 10_000 };
    let channel = Arc::new(WebhookChannel::new("shop", options).unwrap());
    let door = Door::of(Arc::<WebhookChannel>::clone(&channel), hub.as_hub());
    Stage { hub, channel, door, peer }
}

#[allow(clippy::disallowed_methods)]
fn wall() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

/// Signed by the specification's own crate; it takes UTF-8 alone, so other bytes are signed by hand.
fn sign(id: &str, timestamp: i64, body: &[u8]) -> String {
    let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
    theirs.sign(id, timestamp, body).unwrap_or_else(|_| {
        let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    })
}

impl Stage {
    async fn post(&self, path: &str, id: &str, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        let signature = sign(id, wall(), &body);
        let stamp = wall().to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", stamp.as_str()), ("webhook-signature", signature.as_str())];
        self.door.send(Method::POST, path, &headers, body).await
    }

    async fn json(&self, path: &str, id: &str, body: serde_json::Value) -> Answer {
        self.post(path, id, body.to_string()).await
    }

    fn address(&self, from: &str) -> Address {
        Address { channel: "shop".into(), id: from.into() }
    }

    fn last(&self) -> Incoming {
        self.hub.accepted().last().unwrap().incoming.clone()
    }
}

fn echo(said: &channel::Inbound) -> Vec<Content> {
    match &said.incoming.body {
        IncomingBody::Message(content) => vec![Content::text(format!("You said {}", content.text)), Content::text("Anything else?")],
        IncomingBody::Press { label, .. } => vec![Content::text(format!("You pressed {label}"))],
        IncomingBody::Opened { payload } => vec![Content::text(format!("Welcome from {}", payload.as_deref().unwrap_or("nowhere")))],
        IncomingBody::Event { .. } | IncomingBody::Unreachable { .. } | IncomingBody::Reachable => vec![],
    }
}

fn texts(answer: &Answer) -> Vec<String> {
    let messages = answer.json()["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

// ---- The promises of every channel, pushed and fetched ----

async fn deliver(stage: &Stage, delivery: Delivery) -> Ack {
    let body = match delivery.what {
        What::Text(text) => json!({ "from": delivery.from, "text": text }),
        What::Unknown => json!({ "from": delivery.from, "unsupported": "poll" }),
    };
    Ack::of(&stage.json("/", &format!("{}-{}", delivery.from, delivery.id), body).await)
}

async fn weather(stage: &Stage, weather: Weather) -> Option<Address> {
    *stage.peer.weather.lock().unwrap() = weather;
    Some(stage.address("ana"))
}

mod pushed {
    use super::*;
    struct Pushed(Stage);
    impl Subject for Pushed {
        const CHANNEL: &'static str = "shop";
        async fn start(hub: Arc<TestHub>) -> Self {
            Self(stage(hub, true))
        }
        fn channel(&self) -> Arc<dyn Channel> {
            Arc::<WebhookChannel>::clone(&self.0.channel)
        }
        async fn deliver(&self, delivery: Delivery) -> Ack {
            deliver(&self.0, delivery).await
        }
        async fn deliver_raw(&self, body: Bytes) -> Ack {
            Ack::of(&self.0.post("/", "msg_raw", body).await)
        }
        async fn weather(&self, to: Weather) -> Option<Address> {
            weather(&self.0, to).await
        }
    }
    channel::conformance! { Pushed }
}

mod fetched {
    use super::*;
    struct Fetched(Stage);
    impl Subject for Fetched {
        const CHANNEL: &'static str = "shop";
        async fn start(hub: Arc<TestHub>) -> Self {
            Self(stage(hub, false))
        }
        fn channel(&self) -> Arc<dyn Channel> {
            Arc::<WebhookChannel>::clone(&self.0.channel)
        }
        async fn deliver(&self, delivery: Delivery) -> Ack {
            deliver(&self.0, delivery).await
        }
        async fn deliver_raw(&self, body: Bytes) -> Ack {
            Ack::of(&self.0.post("/", "msg_raw", body).await)
        }
        async fn weather(&self, _: Weather) -> Option<Address> {
            None
        }
    }
    channel::conformance! { Fetched }
}

// ---- In ----

#[tokio::test]
async fn the_answer_holds_what_the_message_caused() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let answer = stage.json("/", "msg_1", json!({ "from": "customer-17", "text": "hi" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(texts(&answer), ["You said hi", "Anything else?"]);
    let body = answer.json();
    assert_eq!(body["cursor"], 3);
    let first = body["messages"][0].as_object().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["id", "no", "at", "author", "text"]);
    assert_eq!((&first["no"], &first["author"]), (&json!(2), &json!("bot")));

    // The next one's answer holds its own lines alone.
    let next = stage.json("/", "msg_2", json!({ "from": "customer-17", "text": "more" })).await;
    assert_eq!(texts(&next), ["You said more", "Anything else?"]);
    // Other customers see nothing of it.
    let other = stage.json("/messages", "q_1", json!({ "from": "customer-18" })).await;
    assert_eq!(other.json(), json!({ "messages": [], "cursor": 0 }));
}

#[tokio::test]
async fn a_replayed_delivery_is_answered_the_same_and_handled_once() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let body = json!({ "from": "customer-17", "text": "hi" });
    let first = stage.json("/", "msg_1", body.clone()).await;
    stage.json("/", "msg_2", json!({ "from": "customer-17", "text": "more" })).await;
    for _ in 0..3 {
        let again = stage.json("/", "msg_1", body.clone()).await;
        assert_eq!((again.status, again.json()), (first.status, first.json()));
    }
    assert_eq!(stage.hub.accepted().len(), 2);
    // It is found after hundreds of lines as well, and after a restart: nothing but the transcript is asked.
    for n in 0..900 {
        stage.hub.bot_line(&stage.address("customer-17"), Content::text(format!("news {n}")));
    }
    assert_eq!(stage.json("/", "msg_1", body).await.json(), first.json());
}

#[tokio::test]
async fn an_answer_waits_for_the_step_and_no_longer_than_it_may() {
    let stage = stage(TestHub::answering("shop", echo), false);
    stage.hub.hold_steps();
    let body = json!({ "from": "customer-17", "text": "hi" });
    let mut waiting = Box::pin(stage.json("/", "msg_1", body.clone()));
    assert!(futures::poll!(&mut waiting).is_pending());
    stage.hub.release_steps();
    assert_eq!(texts(&waiting.await), ["You said hi", "Anything else?"]);

    tokio::time::pause();
    stage.hub.hold_steps();
    let late = stage.json("/", "msg_2", body.clone()).await;
    assert_eq!((late.status.as_u16(), texts(&late).len()), (200, 0));
    // What comes later is fetched from the cursor on: nothing is missing and nothing comes twice.
    stage.hub.release_steps();
    let cursor = late.json()["cursor"].clone();
    let rest = stage.json("/messages", "q_1", json!({ "from": "customer-17", "after": cursor })).await;
    assert_eq!(texts(&rest), ["You said hi", "Anything else?"]);
}

#[tokio::test]
async fn with_a_cursor_the_answer_holds_everything_since() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let first = stage.json("/", "msg_1", json!({ "from": "a", "text": "hi" })).await.json();
    stage.hub.bot_line(&stage.address("a"), Content::text("By the way"));
    let next = stage.json("/", "msg_2", json!({ "from": "a", "text": "yes?", "after": first["cursor"] })).await;
    assert_eq!(texts(&next), ["By the way", "You said yes?", "Anything else?"]);
}

#[tokio::test]
async fn what_is_no_cursor_is_refused_and_one_that_nothing_reached_is_put_right() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let huge = 10_000_000_000_000_000_000_u64;
    for (at, (path, body)) in [
        ("/", json!({ "from": "a", "text": "hi", "after": huge })),
        ("/messages", json!({ "from": "a", "after": huge })),
        ("/messages", json!({ "from": "a", "after": (1_u64 << 53) })),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = stage.json(path, &format!("no_{at}"), body).await;
        assert_eq!(answer.status.as_u16(), 400, "{path}");
        assert!(answer.json().to_string().contains("after"), "{}", answer.json());
    }
    let first = stage.json("/", "msg_1", json!({ "from": "a", "text": "hi" })).await.json();
    let beyond = stage.json("/messages", "q_1", json!({ "from": "a", "after": 9_000 })).await.json();
    assert_eq!((&beyond["cursor"], &beyond["messages"]), (&first["cursor"], &json!([])));
    tokio::time::pause();
    let mut waiting = Box::pin(stage.json("/messages", "q_2", json!({ "from": "a", "after": 9_000, "wait_ms": 20_000 })));
    assert!(futures::poll!(&mut waiting).is_pending());
    stage.hub.bot_line(&stage.address("a"), Content::text("By the way"));
    assert_eq!(texts(&waiting.await), ["By the way"]);
}

#[tokio::test]
async fn fetching_waits_for_something_to_be_said() {
    let stage = stage(TestHub::new("shop"), false);
    tokio::time::pause();
    let question = json!({ "from": "a", "after": 0, "wait_ms": 20_000 });
    let mut waiting = Box::pin(stage.json("/messages", "q_1", question.clone()));
    assert!(futures::poll!(&mut waiting).is_pending());
    let agent = Author::Agent { id: model::AgentId(1), name: "Bea".into() };
    stage.hub.line(&stage.address("a"), agent, Content::text("Hello, Bea here"));
    let answer = waiting.await.json();
    assert_eq!(answer["messages"][0]["author"], "agent");
    assert_eq!(answer["messages"][0]["name"], "Bea");
    assert!(!answer.to_string().contains("agt"), "the agent's id stays with us: {answer}");
    // Nothing more: it answers empty when the time is over, and the cursor stays.
    let none = stage.json("/messages", "q_2", json!({ "from": "a", "after": 1, "wait_ms": 20_000 })).await;
    assert_eq!(none.json(), json!({ "messages": [], "cursor": 1 }));
}

#[tokio::test]
async fn a_button_is_pressed_by_its_token_or_its_label() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let choice = |label: &str, token: &str| Choice { label: label.into(), action: ChoiceAction::Reply { token: token.into() } };
    let buttons = vec![choice("Thanks!", "tok1"), choice("Talk to a person", "tok2")];
    stage.hub.bot_line(&stage.address("a"), Content { buttons, ..Content::text("Well?") });
    for (n, press, token, label) in [
        (1, "tok2", "tok2", "Talk to a person"),
        (2, "talk TO a  person", "tok2", "Talk to a person"),
        (3, "Thanks!", "tok1", "Thanks!"),
        // Never shown: passed on as it is, the engine knows what to say.
        (4, "tok9", "tok9", "tok9"),
    ] {
        let answer = stage.json("/", &format!("msg_{n}"), json!({ "from": "a", "press": press })).await;
        assert_eq!(stage.last().body, IncomingBody::Press { token: token.into(), label: label.into() });
        assert_eq!(texts(&answer), [format!("You pressed {label}")]);
    }
    // Another customer's buttons are not one's own.
    stage.json("/", "msg_5", json!({ "from": "b", "press": "Thanks!" })).await;
    assert_eq!(stage.last().body, IncomingBody::Press { token: "Thanks!".into(), label: "Thanks!".into() });
}

#[tokio::test]
async fn everything_a_customer_does_arrives() {
    let stage = stage(TestHub::answering("shop", echo), false);
    let full = json!({
        "from": "a", "text": "see", "name": "Ana", "language": "pt-BR", "at": "2026-03-02T10:00:00+01:00",
        "attachments": [{ "name": "../cat.png", "mime": "image/png", "data": "aGVsbG8=" }],
        "location": { "latitude": 41.4, "longitude": 2.17 }
    });
    assert_eq!(stage.json("/", "msg_1", full).await.status, 200);
    let Incoming { body: IncomingBody::Message(content), at, profile, client_id } = stage.last() else { panic!("no message") };
    assert_eq!(at, Instant::from_secs(1_772_442_000));
    assert_eq!(client_id.as_deref(), Some("msg_1"));
    assert_eq!(profile["first_name"], Value::text("Ana"));
    assert_eq!(profile["language"], Value::text("pt-BR"));
    let file = &content.attachments[0];
    assert_eq!((file.kind, file.name.as_str(), file.size), (AttachmentKind::Image, "cat.png", 5));
    assert_eq!(content.location.as_ref().unwrap().latitude, 41.4);

    stage.json("/", "msg_2", json!({ "from": "a", "unsupported": "poll" })).await;
    assert!(matches!(stage.last().body, IncomingBody::Message(content) if content.unsupported.as_deref() == Some("poll")));
    let opened = stage.json("/", "msg_3", json!({ "from": "b", "opened": { "payload": "spring" } })).await;
    assert_eq!(texts(&opened), ["Welcome from spring"]);
    // A clock that runs ahead is not believed.
    stage.json("/", "msg_4", json!({ "from": "a", "text": "x", "at": "2099-01-01T00:00:00Z" })).await;
    assert!(stage.last().at < Instant::from_secs(wall() + 5));
}

#[tokio::test]
async fn mistakes_are_answered_with_a_problem_and_nothing_is_accepted() {
    let stage = stage(TestHub::new("shop"), false);
    let bodies = [
        (json!({ "from": "a", "txt": "hi" }), "unknown field `txt`"),
        (json!({ "from": "a" }), "exactly one of"),
        (json!({ "from": "a", "text": "x", "at": "yesterday" }), "\"at\" must be"),
        (json!({ "from": "a", "attachments": [{ "name": "a", "mime": "image/png", "data": "***" }] }), "attachments[0]"),
        (json!({ "from": "a", "attachments": [{ "name": "a", "mime": "nonsense", "data": "aGk=" }] }), "\"mime\""),
        (json!({ "from": "a", "attachments": [{ "name": "a", "mime": "image/png", "data": "" }] }), "is empty"),
    ];
    for (body, says) in bodies {
        let answer = stage.json("/", "msg_1", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, Some("application/problem+json")), "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{body}: {}", answer.json());
    }
    assert!(stage.hub.deliveries().is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_stored_is_delivered_again() {
    let stage = stage(TestHub::new("shop"), false);
    stage.hub.fail_blob(channel::BlobError::Failed("disk".into()));
    let body = json!({ "from": "a", "attachments": [{ "name": "a.png", "mime": "image/png", "data": "aGk=" }] });
    let answer = stage.json("/", "msg_1", body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    assert!(stage.hub.deliveries().is_empty());
    assert_eq!(stage.json("/", "msg_1", body).await.status, 200);
}

#[tokio::test]
async fn nothing_unsigned_gets_in() {
    let stage = stage(TestHub::new("shop"), false);
    let body = json!({ "from": "a", "text": "hi" }).to_string();
    let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
    let strangers = standardwebhooks::Webhook::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let (now, old) = (wall(), wall() - 301);
    let sign = |hook: &standardwebhooks::Webhook, at: i64, body: &str| hook.sign("msg_1", at, body.as_bytes()).unwrap();
    let good = sign(&theirs, now, &body);
    type Case<'a> = (&'a str, Option<&'a str>, Option<i64>, Option<String>);
    let cases: [Case<'_>; 7] = [
        ("no headers", None, None, None),
        ("no signature", Some("msg_1"), Some(now), None),
        ("no id", None, Some(now), Some(good.clone())),
        ("another id", Some("msg_2"), Some(now), Some(good.clone())),
        ("another body", Some("msg_1"), Some(now), Some(sign(&theirs, now, "{}"))),
        ("another's secret", Some("msg_1"), Some(now), Some(sign(&strangers, now, &body))),
        ("an old time", Some("msg_1"), Some(old), Some(sign(&theirs, old, &body))),
    ];
    for path in ["/", "/messages", "/files"] {
        for (what, id, at, signature) in &cases {
            let at = at.map(|at| at.to_string());
            let headers = [("webhook-id", *id), ("webhook-timestamp", at.as_deref()), ("webhook-signature", signature.as_deref())];
            let headers: Vec<(&str, &str)> = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            let answer = stage.door.send(Method::POST, path, &headers, body.clone()).await;
            assert_eq!(answer.status, 401, "{what} on {path}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
    }
    assert!(stage.hub.deliveries().is_empty());
}

/// Whoever checks their own signing against the reference finds us of the same opinion.
#[tokio::test]
async fn the_example_of_the_reference_is_true() {
    let reference = include_str!("../../../docs/channels/webhook.md");
    let (id, timestamp, body) = ("msg_example", "1772442000", r#"{"from":"customer-17","text":"hi"}"#);
    let between = |from: &str, to: &str| reference.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let signature = between("the signature is\n`", "`");
    assert_eq!(between("secret=", "\n"), SECRET);
    assert!([id, timestamp, body].iter().all(|text| reference.contains(text)));
    let stage = stage(TestHub::new("shop"), false);
    stage.hub.set_now(Instant::from_secs(timestamp.parse().unwrap()));
    let headers = [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    assert_eq!(stage.door.send(Method::POST, "/", &headers, body).await.status, 200);
    assert_eq!(stage.hub.accepted()[0].address.id, "customer-17");
}

#[tokio::test]
async fn files_are_fetched_through_their_own_conversation_alone() {
    let stage = stage(TestHub::new("shop"), false);
    let blob = stage.hub.add_blob("invoice");
    let file = Attachment {
        kind: AttachmentKind::File,
        blob: blob.clone(),
        name: "invoice.html".into(),
        mime: "text/html".into(),
        size: 7,
        alt: String::new(),
        made: None,
    };
    stage.hub.bot_line(&stage.address("a"), Content { attachments: vec![file], ..Content::default() });
    let line = stage.json("/messages", "q_1", json!({ "from": "a" })).await.json();
    assert_eq!(
        line["messages"][0]["attachments"][0],
        json!({ "id": blob.0, "kind": "file", "name": "invoice.html", "mime": "text/html", "size": 7 })
    );
    let answer = stage.json("/files", "q_2", json!({ "from": "a", "id": blob.0 })).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, b"invoice".as_slice()));
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.header("content-disposition"), Some("attachment"));
    for (from, id) in [("b", blob.0.as_str()), ("a", "../../etc/passwd"), ("a", &"0".repeat(64))] {
        assert_eq!(stage.json("/files", "q_3", json!({ "from": from, "id": id })).await.status, 404);
    }
}

// ---- Out ----

fn piece(content: Content, part: u32) -> Outbound {
    let message = model::MessageId(7);
    let address = Address { channel: "shop".into(), id: "customer-17".into() };
    Outbound { address, message, part, content, idempotency_key: format!("{message}.{part}") }
}

#[tokio::test]
async fn what_is_pushed_is_signed_and_complete() {
    let stage = stage(TestHub::new("shop"), true);
    let choice = |label: &str, action| Choice { label: label.into(), action };
    let content = Content {
        buttons: vec![
            choice("Thanks!", ChoiceAction::Reply { token: "tok1".into() }),
            choice("Shop", ChoiceAction::Url("https://shop.example/".into())),
            choice("Call", ChoiceAction::Phone("+12065551212".into())),
        ],
        quick_replies: vec![choice("No", ChoiceAction::Reply { token: "tok2".into() })],
        ..Content::text("Well? 👨‍👩‍👧")
    };
    let out = piece(content, 0);
    stage.channel.send(stage.hub.as_ref(), &out).await.unwrap();
    stage.channel.send(stage.hub.as_ref(), &out).await.unwrap();
    let got = stage.peer.got.lock().unwrap();
    let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
    for (headers, body) in got.iter() {
        theirs.verify(body, headers).unwrap();
        assert_eq!(headers["webhook-id"], out.idempotency_key.as_str(), "the same piece has the same id");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(body).unwrap(),
            json!({
                "to": "customer-17", "id": out.message.to_string(), "part": 0, "text": "Well? 👨‍👩‍👧",
                "buttons": [
                    { "label": "Thanks!", "token": "tok1" },
                    { "label": "Shop", "url": "https://shop.example/" },
                    { "label": "Call", "phone": "+12065551212" },
                ],
                "quick_replies": [{ "label": "No", "token": "tok2" }],
            })
        );
    }
    assert_eq!(got.len(), 2);
    let mut tampered = got[0].1.to_vec();
    tampered[10] ^= 1;
    assert!(theirs.verify(&tampered, &got[0].0).is_err());
}

#[tokio::test]
async fn with_a_callback_inbounds_are_only_acknowledged() {
    let stage = stage(TestHub::answering("shop", echo), true);
    let body = json!({ "from": "customer-17", "text": "hi" });
    let first = stage.json("/", "msg_1", body.clone()).await;
    assert_eq!((first.status.as_u16(), first.json()), (202, json!({ "duplicate": false })));
    let again = stage.json("/", "msg_1", body).await;
    assert_eq!((again.status.as_u16(), again.json()), (202, json!({ "duplicate": true })));
    assert_eq!(stage.hub.accepted().len(), 1);
    // Fetching works beside it.
    assert_eq!(texts(&stage.json("/messages", "q_1", json!({ "from": "customer-17" })).await).len(), 2);
}

#[tokio::test]
async fn deliveries_of_the_transcript_are_no_messages() {
    let stage = stage(TestHub::new("shop"), true);
    let address = stage.address("a");
    let id = stage.hub.bot_line(&address, Content::text("hi"));
    stage.hub.delivery_line(&address, id, Delivered::Sent);
    let answer = stage.json("/messages", "q_1", json!({ "from": "a" })).await;
    assert_eq!((texts(&answer), &answer.json()["cursor"]), (vec!["hi".to_owned()], &json!(2)));
}

#[tokio::test]
async fn what_became_of_a_message_is_told_by_its_id() {
    let stage = stage(TestHub::answering("shop", echo), true);
    stage.json("/", "m1", json!({ "from": "ana", "text": "hi" })).await;
    let address = stage.address("ana");
    let message = stage.hub.bot_line(&address, Content::text("Sale!"));
    let id = message.to_string();
    let states = [("delivered", Delivered::Delivered), ("read", Delivered::Read)];
    for (n, (state, is)) in states.into_iter().enumerate() {
        let told = stage.json("/status", &format!("s{n}"), json!({ "from": "ana", "id": id, "state": state })).await;
        assert_eq!(told.status, 200, "{}", told.json());
        let Some(TranscriptEntry::Delivery(line)) = stage.hub.transcript(&address, 0, 100).await.pop() else { panic!("it is a line") };
        assert_eq!((line.message, line.delivery), (message, is));
    }
    let failed = json!({ "from": "ana", "id": id, "state": "failed", "reason": "no such number" });
    assert_eq!(stage.json("/status", "s2", failed).await.status, 200);
    let Some(TranscriptEntry::Delivery(line)) = stage.hub.transcript(&address, 0, 100).await.pop() else { panic!("it is a line") };
    assert_eq!(line.delivery, Delivered::Failed("no such number".into()));
    // Of another customer, of nobody, of no message.
    let unknown = "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (n, body) in [json!({ "from": "ben", "id": id, "state": "read" }), json!({ "from": "ana", "id": unknown, "state": "read" })]
        .into_iter()
        .enumerate()
    {
        assert_eq!(stage.json("/status", &format!("n{n}"), body.clone()).await.status, 404, "{body}");
    }
    for (n, body) in [
        json!({ "from": "ana", "id": id }),
        json!({ "from": "ana", "id": "17", "state": "read" }),
        json!({ "from": "ana", "id": id, "state": "sent" }),
        json!({ "from": "ana", "id": id, "state": "read", "reason": "why not" }),
        json!({ "from": "ana", "id": id, "state": "failed", "reason": "x".repeat(257) }),
        json!({ "from": "", "id": id, "state": "read" }),
        json!({ "from": "ana", "id": id, "state": "read", "at": "now" }),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(stage.json("/status", &format!("b{n}"), body.clone()).await.status, 400, "{body}");
    }
    stage.hub.fail_accept(channel::AcceptError::Unavailable);
    assert_eq!(stage.json("/status", "again", json!({ "from": "ana", "id": id, "state": "read" })).await.status, 503);
    assert_eq!(stage.hub.accepted().len(), 1, "it is nothing that a customer did");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let with = |secret: &str, url: Option<&str>| {
        let callback_url = url.map(|url| url.parse().unwrap());
        WebhookChannel::new("shop", Options { secret: secret.into(), callback_url, sender: Peer::new(), reply_wait_ms: 1 })
    };
    assert!(with(SECRET, Some("http://localhost:3000/x")).is_ok());
    assert!(matches!(with("secret", None), Err(OptionsError::Secret(_))));
    for url in ["ftp://x.example/", "file:///etc/passwd", "https://user:word@x.example/"] {
        assert!(matches!(with(SECRET, Some(url)), Err(OptionsError::Callback)), "{url}");
    }
    let pull = |url| matches!(with(SECRET, url).unwrap().capabilities(), Capabilities { pull: true, .. });
    assert!(pull(None) && !pull(Some("https://shop.example/")));
}

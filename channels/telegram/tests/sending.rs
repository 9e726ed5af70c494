//! Sending to a Bot API server in another process: what is shown how, and what is said of it.

#![allow(clippy::unwrap_used)]

mod common;

use channel::{BlobError, Channel as _, SendError, conformance::TestHub};
use common::{ANA, BEN, Fake, PNG, Running, TOKEN, piece, send, within};
use model::{Attachment, AttachmentKind, Card, Choice, ChoiceAction, Content, Linked, Location, Picture, TextFormat};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use switchboard_channel_telegram::{Options, TelegramChannel};

fn reply(label: &str) -> Choice {
    Choice { label: label.into(), action: ChoiceAction::Reply { token: format!("token{label}") } }
}

fn file(hub: &TestHub, kind: AttachmentKind, name: &str, mime: &str, bytes: &[u8]) -> Attachment {
    Attachment {
        kind,
        blob: hub.add_blob(bytes.to_vec()),
        name: name.into(),
        mime: mime.into(),
        size: bytes.len() as u64,
        alt: String::new(),
        made: None,
    }
}

async fn ready() -> (Fake, Arc<TestHub>, Arc<TelegramChannel>) {
    let fake = Fake::start().await;
    let channel = fake.channel();
    (fake, TestHub::new("telegram"), channel)
}

#[tokio::test]
async fn texts_are_shown_as_written_whatever_stands_in_them() {
    let (fake, hub, channel) = ready().await;
    let hostile = "*not bold* <b>_x_</b> [a](http://b) \u{202e}${7*7} 👨‍👩‍👧";
    let sent = send(&channel, &hub, ANA, Content::text(hostile)).await.unwrap();
    assert_eq!(sent.provider_id.as_deref(), Some("1"));
    let call = &fake.sent(ANA).await[0]["params"];
    assert_eq!(call["text"], hostile);
    assert!(call.get("parse_mode").is_none() && call.get("entities").is_none() && call.get("reply_markup").is_none());
}

#[tokio::test]
async fn markdown_is_shown_with_entities() {
    let (fake, hub, channel) = ready().await;
    let content = Content { format: TextFormat::Markdown, ..Content::text("😀 **bold** and 2 * 3 * 4 [shop](https://shop.example)") };
    send(&channel, &hub, ANA, content).await.unwrap();
    let call = &fake.sent(ANA).await[0]["params"];
    assert_eq!(call["text"], "😀 bold and 2 * 3 * 4 shop");
    let entities = json!([{ "type": "bold", "offset": 3, "length": 4 }, { "type": "text_link", "url": "https://shop.example/", "offset": 22, "length": 4 }]);
    assert_eq!(call["entities"], entities);
}

#[tokio::test]
async fn files_arrive_byte_for_byte_as_what_they_are() {
    let (fake, hub, channel) = ready().await;
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    for (kind, name, mime, method, field) in [
        (Image, "menu.png", "image/png", "sendPhoto", "photo"),
        (File, "factura ñ \"1\".pdf", "application/pdf", "sendDocument", "document"),
        (Audio, "song.mp3", "audio/mpeg", "sendAudio", "audio"),
        (Voice, "voice.ogg", "audio/ogg", "sendVoice", "voice"),
        (Video, "film.mp4", "video/mp4", "sendVideo", "video"),
        (Sticker, "s.webp", "image/webp", "sendSticker", "sticker"),
    ] {
        let attachments = vec![file(&hub, kind, name, mime, PNG)];
        let text = if kind == Sticker { "" } else { "look" };
        let sent = send(&channel, &hub, ANA, Content { attachments, ..Content::text(text) }).await.unwrap();
        assert!(sent.degraded.is_empty(), "{sent:?}");
        let calls = fake.sent(ANA).await;
        let call = calls.last().unwrap();
        assert_eq!(call["method"], method);
        let stored = &call["files"][field];
        assert_eq!((&stored["name"], &stored["type"], &stored["size"]), (&json!(name), &json!(mime), &json!(PNG.len())));
        assert_eq!(stored["sha256"], hub.add_blob(PNG).0);
        assert_eq!(call["params"]["caption"].as_str().unwrap_or_default(), text);
    }
}

#[tokio::test]
async fn a_picture_telegram_does_not_take_is_sent_as_a_file_and_told() {
    let (fake, hub, channel) = ready().await;
    let attachments = vec![file(&hub, AttachmentKind::Image, "broken.png", "image/png", b"this is no picture")];
    let sent = send(&channel, &hub, ANA, Content { attachments, buttons: vec![reply("Go")], ..Content::text("look") }).await.unwrap();
    assert_eq!(sent.degraded.len(), 1, "{sent:?}");
    let call = &fake.sent(ANA).await[0];
    assert_eq!((&call["method"], &call["params"]["caption"]), (&json!("sendDocument"), &json!("look")));
    assert_eq!(call["params"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "tokenGo");
}

#[tokio::test]
async fn files_that_are_elsewhere_are_fetched_by_telegram() {
    let (fake, hub, channel) = ready().await;
    let linked = |kind, url: &str| Linked { kind, url: url.into(), name: "x".into(), alt: "two cups".into() };
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    for (kind, url, method, field) in [
        (Image, "https://shop.example/a.png?w=9", "sendPhoto", "photo"),
        (Audio, "https://shop.example/a.mp3", "sendAudio", "audio"),
        (Voice, "https://shop.example/a.ogg", "sendVoice", "voice"),
        (Video, "https://shop.example/a.mp4", "sendVideo", "video"),
        (File, "https://shop.example/a.pdf", "sendDocument", "document"),
        (Sticker, "https://shop.example/a.webp", "sendSticker", "sticker"),
    ] {
        let text = if kind == Sticker { "" } else { "123" };
        let content = Content { linked: vec![linked(kind, url)], buttons: vec![reply("Go")], ..Content::text(text) };
        let sent = send(&channel, &hub, ANA, content).await.unwrap();
        assert!(sent.degraded.is_empty(), "{sent:?}");
        let call = fake.sent(ANA).await.pop().unwrap();
        assert_eq!((&call["method"], &call["params"][field]), (&json!(method), &json!(url)));
        assert_eq!(call["params"]["chat_id"], json!(ANA));
        assert_eq!(call["params"]["caption"].as_str().unwrap_or_default(), text, "a caption of digits stays a text");
        assert_eq!(call["params"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "tokenGo");
        assert_eq!(call["files"], json!({}), "nothing is uploaded");
    }
}

#[tokio::test]
async fn an_address_telegram_does_not_fetch_is_written_out_and_told() {
    let (fake, hub, channel) = ready().await;
    for (kind, url) in [
        (AttachmentKind::Image, "https://shop.example/missing.png"),
        (AttachmentKind::Image, "https://shop.example/page.png"),
        (AttachmentKind::File, "https://shop.example/terms.docx"),
        (AttachmentKind::Video, "https://shop.example/tour.webm"),
    ] {
        let linked = vec![Linked { kind, url: url.into(), name: "terms.docx".into(), alt: String::new() }];
        let sent = send(&channel, &hub, ANA, Content { linked, buttons: vec![reply("Go")], ..Content::text("Look") }).await.unwrap();
        assert_eq!(sent.degraded.len(), 1, "{url}");
        let call = fake.sent(ANA).await.pop().unwrap();
        assert_eq!(call["method"], "sendMessage");
        let text = call["params"]["text"].as_str().unwrap();
        assert!(text.starts_with("Look\n[") && text.ends_with(url), "{text}");
        assert_eq!(call["params"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "tokenGo");
    }
}

#[tokio::test]
async fn a_file_that_a_flow_made_comes_from_its_message() {
    let (fake, hub, channel) = ready().await;
    let text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
    let made = Attachment {
        blob: model::BlobId("0".repeat(64)),
        made: Some(text.into()),
        ..file(&hub, AttachmentKind::File, "visit.ics", "text/calendar", b"")
    };
    send(&channel, &hub, ANA, Content { attachments: vec![made], ..Content::text("Save it") }).await.unwrap();
    let call = &fake.sent(ANA).await[0];
    let stored = &call["files"]["document"];
    assert_eq!((&stored["name"], &stored["type"], &stored["size"]), (&json!("visit.ics"), &json!("text/calendar"), &json!(text.len())));
}

#[tokio::test]
async fn a_gallery_is_a_message_for_each_card_with_more_after_five() {
    let (fake, hub, channel) = ready().await;
    let card = |n: usize| Card {
        title: format!("Cup {n}"),
        text: format!("{n} €"),
        picture: (n == 1).then(|| {
            let url = "https://shop.example/cup.png".to_owned();
            Picture::Linked(Linked { kind: AttachmentKind::Image, url, name: String::new(), alt: "a cup".into() })
        }),
        buttons: vec![reply(&format!("Take{n}"))],
    };
    let content = Content {
        cards: (1..=7).map(card).collect(),
        more: Some(Box::new(reply("More"))),
        buttons: vec![reply("Neither")],
        ..Content::text("Our cups")
    };
    let fitted = channel::degrade(&content, channel.capabilities());
    assert_eq!(fitted.notes, ["a gallery shown as a message for each card, 5 of 7 at first: the channel shows none as one row"]);
    for part in fitted.parts {
        send(&channel, &hub, ANA, part.content).await.unwrap();
    }
    let calls = fake.sent(ANA).await;
    let said: Vec<(&str, &str)> = calls
        .iter()
        .map(|call| {
            let params = &call["params"];
            let words = params["text"].as_str().or(params["caption"].as_str()).unwrap_or_default();
            (words, params["reply_markup"]["inline_keyboard"][0][0]["text"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        said,
        [
            ("Our cups", ""),
            ("Cup 1\n1 €", "Take1"),
            ("Cup 2\n2 €", "Take2"),
            ("Cup 3\n3 €", "Take3"),
            ("Cup 4\n4 €", "Take4"),
            ("Cup 5\n5 €", "Take5"),
            ("5 / 7", "More"),
        ]
    );
    assert_eq!(calls[1]["method"], "sendPhoto");
    assert_eq!(calls[6]["params"]["reply_markup"]["inline_keyboard"][0][1]["callback_data"], "tokenNeither");
}

#[tokio::test]
async fn places_and_keyboards() {
    let (fake, hub, channel) = ready().await;
    let url = Choice { label: "Open the shop".into(), action: ChoiceAction::Url("https://shop.example/a b".into()) };
    let content =
        Content { location: Some(Location { latitude: 41.4, longitude: 2.17 }), buttons: vec![reply("Yes"), url], ..Content::text("Here") };
    send(&channel, &hub, ANA, content).await.unwrap();
    let calls = fake.sent(ANA).await;
    assert_eq!((&calls[0]["params"]["text"], calls[0]["params"].get("reply_markup")), (&json!("Here"), None));
    assert_eq!(calls[1]["params"]["latitude"], 41.4);
    assert_eq!(calls[1]["params"]["reply_markup"]["inline_keyboard"][0][1]["url"], "https://shop.example/a%20b");
}

#[tokio::test]
async fn a_reply_keyboard_is_taken_away_after_an_answer_and_not_before() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    let ask = Content { quick_replies: vec![reply("Yes"), reply("No")], ..Content::text("Sure?") };
    let markup = async |chat: i64, content: Content| {
        send(&bot.channel, &bot.hub, chat, content).await.unwrap();
        fake.sent(chat).await.pop().unwrap()["params"]["reply_markup"].clone()
    };
    assert_eq!(markup(ANA, ask.clone()).await["keyboard"][0], json!([{ "text": "Yes" }, { "text": "No" }]));
    assert_eq!(markup(ANA, Content::text("take your time")).await, Value::Null);
    fake.say(ANA, "not sure").await;
    fake.say(BEN, "hello").await;
    bot.lines(2).await;
    assert_eq!(markup(BEN, Content::text("hi Ben")).await, Value::Null);
    assert_eq!(markup(ANA, Content::text("fine")).await, json!({ "remove_keyboard": true }));
    assert_eq!(markup(ANA, Content::text("next")).await, Value::Null);
    bot.stop().await;
}

#[tokio::test]
async fn failures_are_said_as_what_they_are() {
    let (fake, hub, channel) = ready().await;
    for (fault, expected, reached) in [
        (json!({ "status": 429, "retry_after": 17 }), "RetryAfter { after_ms: 17000, whole_channel: false }", 0),
        (json!({ "status": 500 }), "Temporary", 0),
        (json!({ "status": 502, "html": true }), "Temporary", 0),
        (json!({ "status": 401, "description": "Unauthorized" }), "Temporary", 0),
        (json!({ "status": 302, "location": "http://127.0.0.1:1/" }), "Temporary", 0),
        (json!({ "status": 403, "description": "Forbidden: bot was blocked by the user" }), "Unreachable", 0),
        (json!({ "status": 403, "description": "Forbidden: user is deactivated" }), "Unreachable", 0),
        (json!({ "status": 400, "description": "Bad Request: chat not found" }), "Unreachable", 0),
        (json!({ "status": 400, "description": "Bad Request: message is too long" }), "Permanent", 0),
        (json!({ "status": 413, "html": true }), "Permanent", 0),
        (json!({ "kind": "drop_before" }), "Unknown", 0),
        (json!({ "kind": "drop_after" }), "Unknown", 1),
        (json!({ "kind": "truncate" }), "Unknown", 1),
    ] {
        let before = fake.sent(ANA).await.len();
        let mut fault = fault;
        fault["method"] = "sendMessage".into();
        fake.fault(fault.clone()).await;
        let error = send(&channel, &hub, ANA, Content::text("hello")).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{fault}: {error:?}");
        assert!(!format!("{error:?} {error}").contains("TEST-TOKEN"), "{error:?}");
        assert_eq!(fake.sent(ANA).await.len() - before, reached, "{fault}");
        // It goes on, each time.
        send(&channel, &hub, BEN, Content::text("hello")).await.unwrap();
    }
    assert!(hub.logged().iter().any(|line| line.contains("THE TOKEN IS REFUSED")));
    assert!(hub.logged().iter().all(|line| !line.contains("TEST-TOKEN")));
}

#[tokio::test]
async fn a_redirect_is_not_followed_since_it_would_carry_the_token_away() {
    let (fake, hub, channel) = ready().await;
    let elsewhere = Fake::start().await;
    for status in [301, 302, 307, 308] {
        fake.fault(json!({ "method": "sendMessage", "status": status, "location": format!("{}/bot{TOKEN}/sendMessage", elsewhere.url) }))
            .await;
        let error = send(&channel, &hub, ANA, Content::text("hello")).await.unwrap_err();
        assert!(matches!(error, SendError::Temporary(_)), "{error:?}");
    }
    assert!(elsewhere.calls("", 0).await.is_empty());
}

#[tokio::test]
async fn a_server_that_never_answers_is_unknown_and_one_that_is_not_there_is_not_sent() {
    let (mut fake, hub, _) = ready().await;
    let mut options = fake.options();
    options.pace.call = Duration::from_millis(300);
    let channel = TelegramChannel::new("telegram", options).unwrap();
    fake.fault(json!({ "method": "sendMessage", "kind": "delay", "ms": 30_000 })).await;
    let error = send(&channel, &hub, ANA, Content::text("hello")).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown(_)), "{error:?}");
    fake.kill().await;
    let error = send(&channel, &hub, ANA, Content::text("hello")).await.unwrap_err();
    assert!(matches!(error, SendError::Temporary(_)), "{error:?}");
    assert!(!error.to_string().contains(TOKEN.split(':').next_back().unwrap()), "{error}");
}

#[tokio::test]
async fn a_flood_limit_of_one_chat_is_its_own_and_of_many_the_bots() {
    let (fake, hub, channel) = ready().await;
    fake.fault(json!({ "method": "sendMessage", "status": 429, "retry_after": 5, "times": 4 })).await;
    let mut whole = Vec::new();
    for chat in [ANA, ANA, BEN, 7] {
        match send(&channel, &hub, chat, Content::text("hello")).await {
            Err(SendError::RetryAfter { after_ms: 5_000, whole_channel }) => whole.push(whole_channel),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(whole, [false, false, false, true]);
}

#[tokio::test]
async fn a_piece_of_several_messages_goes_on_where_it_stopped() {
    let (fake, hub, channel) = ready().await;
    let attachments = ["one", "two", "three"].map(|name| file(&hub, AttachmentKind::File, name, "text/plain", name.as_bytes())).to_vec();
    let out = piece(&hub, ANA, Content { attachments, buttons: vec![reply("Go")], ..Content::text("files") }, 1);
    fake.fault(json!({ "method": "sendDocument", "chat_id": BEN, "status": 500 })).await;
    let send_it = async || channel::Channel::send(channel.as_ref(), hub.as_ref(), &out).await;
    hub.fail_blob(BlobError::Failed("disk".into()));
    assert!(matches!(send_it().await, Err(SendError::Temporary(_))));
    send_it().await.unwrap();
    let names =
        |calls: &[Value]| calls.iter().map(|call| call["files"]["document"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&fake.sent(ANA).await), ["one", "two", "three"]);
    // A second time, broken in the middle by the server.
    for fault in [json!({ "method": "sendLocation", "status": 500 }), json!({ "method": "sendLocation", "status": 429, "retry_after": 1 })]
    {
        fake.fault(fault).await;
    }
    let place = Content { location: Some(Location { latitude: 1.0, longitude: 2.0 }), ..Content::text("here") };
    let out = piece(&hub, BEN, place, 2);
    for expected in ["Temporary", "RetryAfter", "Ok"] {
        let sent = channel::Channel::send(channel.as_ref(), hub.as_ref(), &out).await;
        let said = sent.as_ref().map_or_else(|error| format!("{error:?}"), |_| "Ok".to_owned());
        assert!(said.starts_with(expected), "{said}");
    }
    let methods: Vec<Value> = fake.sent(BEN).await.iter().map(|call| call["method"].clone()).collect();
    assert_eq!(methods, ["sendMessage", "sendLocation"], "the text was confirmed and is not sent again");
}

#[tokio::test]
async fn what_cannot_be_sent_says_so() {
    let (_fake, hub, channel) = ready().await;
    let gone = Attachment { blob: model::BlobId("0".repeat(64)), ..file(&hub, AttachmentKind::File, "gone.txt", "text/plain", b"x") };
    let empty = file(&hub, AttachmentKind::File, "empty.txt", "text/plain", b"");
    for attachment in [gone, empty] {
        let error = send(&channel, &hub, ANA, Content { attachments: vec![attachment], ..Content::default() }).await.unwrap_err();
        assert!(matches!(error, SendError::Permanent(_)), "{error:?}");
    }
    let error = send(&channel, &hub, ANA, Content::default()).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent(_)), "{error:?}");
    let mut out = piece(&hub, ANA, Content::text("hi"), 3);
    out.address.id = "../5".into();
    let error = channel::Channel::send(channel.as_ref(), hub.as_ref(), &out).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent(_)), "{error:?}");
}

#[tokio::test]
async fn typing_is_shown_and_its_failure_is_nothing() {
    let (fake, hub, channel) = ready().await;
    within(channel::Channel::typing(channel.as_ref(), &hub.address("5"))).await;
    let call = &fake.calls("sendChatAction", 1).await[0];
    assert_eq!((&call["params"]["chat_id"], &call["params"]["action"]), (&json!(5), &json!("typing")));
    fake.fault(json!({ "method": "sendChatAction", "status": 403 })).await;
    within(channel::Channel::typing(channel.as_ref(), &hub.address("5"))).await;
    within(channel::Channel::typing(channel.as_ref(), &hub.address("no chat"))).await;
}

#[tokio::test]
async fn an_api_address_may_end_with_a_slash() {
    let fake = Fake::start().await;
    for tail in ["", "/"] {
        let options = Options { api_url: Some(format!("{}{tail}", fake.url).parse().unwrap()), ..fake.options() };
        let channel = TelegramChannel::new("telegram", options).unwrap();
        send(&channel, &TestHub::new("telegram"), ANA, Content::text("hi")).await.unwrap();
    }
}

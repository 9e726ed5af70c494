//! Long polling against a Bot API server in another process: what is acknowledged, when, and what is made of it.

#![allow(clippy::unwrap_used)]

mod common;

use channel::{AcceptError, BlobError, conformance::TestHub};
use common::{ANA, BEN, Fake, PNG, Running, TOKEN, base64, within};
use serde_json::{Value, json};
use std::sync::Arc;
use switchboard_channel_telegram::{Options, TelegramChannel};

/// The offsets of the calls for updates so far, the one under way included.
async fn offsets(fake: &Fake) -> Vec<Option<i64>> {
    fake.get("calls?method=getUpdates&running=1").await.as_array().unwrap().iter().map(|call| call["params"]["offset"].as_i64()).collect()
}

#[tokio::test]
async fn an_update_is_confirmed_only_after_it_was_accepted() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    bot.hub.hold_accepts();
    let id = fake.say(ANA, "hello").await;
    within(bot.hub.delivered_at_least(1)).await;
    assert_eq!(fake.get("state").await["pending"], json!([id]));
    assert!(fake.confirmed(0).await.is_empty());
    bot.hub.release_accepts();
    assert_eq!(fake.confirmed(1).await, [id]);
    assert_eq!(bot.lines(1).await, ["5 says \"hello\""]);
    let accepted = &bot.hub.accepted()[0];
    assert_eq!(accepted.provider_id, format!("123456:{id}"));
    assert_eq!(accepted.incoming.profile["first_name"].to_json(), json!("Ana"));
    let asked = &fake.calls("getUpdates", 1).await[0]["params"];
    assert_eq!(asked["allowed_updates"], json!(["message", "callback_query", "my_chat_member"]));
    bot.stop().await;
}

#[tokio::test]
async fn what_is_not_accepted_comes_again_and_the_order_of_a_chat_is_kept() {
    let fake = Fake::start().await;
    let ids = [fake.say(ANA, "one").await, fake.say(ANA, "two").await, fake.say(BEN, "three").await];
    let hub = TestHub::new("telegram");
    hub.fail_accept(AcceptError::Unavailable);
    let bot = Running::of(Arc::clone(&hub), fake.channel());
    let mut confirmed = fake.confirmed(3).await;
    confirmed.sort_unstable();
    assert_eq!(confirmed, ids);
    let tried: Vec<String> = hub.deliveries().iter().map(|d| d.provider_id.replace("123456:", "")).collect();
    let of_ana = |id: i64| tried.iter().filter(|tried| **tried == id.to_string()).count();
    assert_eq!((of_ana(ids[0]), of_ana(ids[1])), (2, 1), "the second waits for the first: {tried:?}");
    let lines = bot.lines(3).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("5 ")).collect::<Vec<_>>(), ["5 says \"one\"", "5 says \"two\""]);
    assert_eq!(lines.len(), 3);
    assert_eq!(bot.logged("storing updates failed").await.iter().filter(|line| line.contains("storing updates failed")).count(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn the_offset_stops_before_the_first_that_is_not_accepted() {
    let fake = Fake::start().await;
    let (first, second, third) = (fake.say(ANA, "one").await, fake.say(BEN, "two").await, fake.say(ANA, "three").await);
    let hub = TestHub::new("telegram");
    // The first call is Ana's: chats are taken in the order of their numbers.
    hub.fail_accept(AcceptError::TooMany);
    let bot = Running::of(Arc::clone(&hub), fake.channel());
    fake.confirmed(3).await;
    let asked = offsets(&fake).await;
    assert_eq!(asked[..2], [None, None], "nothing is confirmed, although Ben's was accepted");
    assert_eq!(asked[2], Some(third + 1));
    let tries = |id: i64| hub.deliveries().iter().filter(|d| d.provider_id == format!("123456:{id}")).count();
    assert_eq!((tries(first), tries(second), tries(third), hub.accepted().len()), (2, 2, 1, 3));
    bot.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    bot.hub.hold_accepts();
    let first = fake.say(ANA, "one").await;
    within(bot.hub.delivered_at_least(1)).await;
    // Told to stop while it stores, it stores, and does not ask again.
    let hub = Arc::clone(&bot.hub);
    let stopping = tokio::spawn(bot.stop());
    hub.release_accepts();
    within(stopping).await.unwrap();
    let second = fake.say(ANA, "two").await;
    let asked_before = offsets(&fake).await.len();
    let bot = Running::of(hub, fake.channel());
    assert_eq!(fake.confirmed(2).await, [first, second]);
    assert_eq!(bot.lines(2).await, ["5 says \"one\"", "5 says \"two\""]);
    assert_eq!(offsets(&fake).await[asked_before], Some(first + 1), "what was stored is confirmed first");
    assert_eq!(bot.hub.deliveries().len(), 2, "and not given again");
    bot.stop().await;
}

#[tokio::test]
async fn an_offset_from_another_numbering_is_not_used() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    let week_ago = channel::Hub::now(hub.as_ref()).0 - 7 * 86_400_000_000;
    let kept = json!({ "offset": 900_000_000, "at": week_ago });
    channel::Hub::put_record(hub.as_ref(), "offset:123456", Some(kept)).await.unwrap();
    fake.say(ANA, "a small number").await;
    let bot = Running::of(hub, fake.channel());
    assert_eq!(bot.lines(1).await, ["5 says \"a small number\""]);
    bot.stop().await;
}

#[tokio::test]
async fn an_update_given_again_is_accepted_once_and_confirmed_again() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    let id = fake.say(ANA, "hello").await;
    for times in 1..=5 {
        let confirmed = fake.get(&format!("confirmed?all=1&at_least={times}")).await;
        assert_eq!(confirmed, json!(vec![id; times]));
        assert_eq!(within(bot.hub.delivered_at_least(times)).await.len(), times);
        fake.post("redeliver", json!({ "update_id": id })).await;
    }
    within(bot.hub.delivered_at_least(6)).await;
    assert_eq!(bot.hub.accepted().len(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn every_failure_of_asking_is_got_over_and_no_line_holds_the_token() {
    let fake = Fake::start().await;
    for fault in [
        json!({ "method": "deleteWebhook", "status": 502, "html": true }),
        json!({ "method": "getUpdates", "status": 500, "times": 2 }),
        json!({ "method": "getUpdates", "status": 502, "html": true }),
        json!({ "method": "getUpdates", "status": 429, "retry_after": 1 }),
        json!({ "method": "getUpdates", "status": 302, "location": "http://127.0.0.1:1/elsewhere" }),
        json!({ "method": "getUpdates", "kind": "drop_before", "times": 2 }),
        json!({ "method": "getUpdates", "kind": "drop_after" }),
        json!({ "method": "getUpdates", "kind": "truncate" }),
    ] {
        fake.fault(fault).await;
    }
    let ids = [fake.say(ANA, "one").await, fake.say(ANA, "two").await];
    let bot = Running::start(&fake);
    assert_eq!(fake.confirmed(2).await, ids);
    assert_eq!(bot.lines(2).await, ["5 says \"one\"", "5 says \"two\""]);
    let log = bot.logged("works again").await;
    assert!(log.iter().any(|line| line.contains("502")) && log.iter().any(|line| line.contains("429")), "{log:?}");
    assert!(log.iter().all(|line| !line.contains("TEST-TOKEN") && !line.contains('\n')), "{log:?}");
    bot.stop().await;
}

#[tokio::test]
async fn a_second_program_with_the_token_is_told_in_one_line() {
    let fake = Fake::start().await;
    fake.fault(json!({ "method": "getUpdates", "status": 409, "times": 4 })).await;
    fake.say(ANA, "hello").await;
    let bot = Running::start(&fake);
    assert_eq!(bot.lines(1).await.len(), 1);
    let log = bot.logged("works again").await;
    assert_eq!(log.iter().filter(|line| line.contains("another program uses this bot's token")).count(), 1, "{log:?}");
    bot.stop().await;
}

#[tokio::test]
async fn a_webhook_that_somebody_set_is_removed() {
    let fake = Fake::start().await;
    fake.api("setWebhook", json!({ "url": "http://127.0.0.1:1/elsewhere" })).await;
    let bot = Running::start(&fake);
    fake.say(ANA, "one").await;
    bot.lines(1).await;
    // And again while it asks.
    fake.api("setWebhook", json!({ "url": "http://127.0.0.1:1/elsewhere" })).await;
    fake.say(ANA, "two").await;
    assert_eq!(bot.lines(2).await, ["5 says \"one\"", "5 says \"two\""]);
    bot.stop().await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_said_aloud_and_not_shown() {
    let fake = Fake::start().await;
    let options = Options { token: "123456:WRONG-TOKEN".into(), ..fake.options() };
    let bot = Running::of(TestHub::new("telegram"), Arc::new(TelegramChannel::new("telegram", options).unwrap()));
    let log = bot.logged("THE TOKEN IS REFUSED").await;
    assert!(log.iter().all(|line| !line.contains("WRONG-TOKEN")), "{log:?}");
    let sent = common::send(&bot.channel, &bot.hub, ANA, model::Content::text("hi")).await;
    assert!(matches!(sent, Err(channel::SendError::Temporary(_))), "{sent:?}");
    bot.stop().await;
}

#[tokio::test]
async fn a_photo_is_stored_before_it_is_accepted() {
    let fake = Fake::start().await;
    let small = fake.post("file", json!({ "base64": base64(b"small") })).await;
    let large = fake.post("file", json!({ "base64": base64(PNG), "path": "photos/file 1.png" })).await;
    let size = |file: &Value, width: i64| {
        let mut size = file.clone();
        size["width"] = width.into();
        size["height"] = width.into();
        size
    };
    let bot = Running::start(&fake);
    bot.hub.hold_accepts();
    fake.message(ANA, json!({ "photo": [size(&small, 90), size(&large, 800)], "caption": "my order" })).await;
    let delivered = within(bot.hub.delivered_at_least(1)).await;
    let model::IncomingBody::Message(content) = &delivered[0].incoming.body else { panic!("{delivered:?}") };
    assert_eq!(channel::Hub::get_blob(bot.hub.as_ref(), &content.attachments[0].blob).await.unwrap(), PNG);
    bot.hub.release_accepts();
    let expected = format!("5 says \"my order\" with Image photo.jpg (image/jpeg, {} bytes)", PNG.len());
    assert_eq!(bot.lines(1).await, [expected]);
    bot.stop().await;
}

#[tokio::test]
async fn a_file_that_does_not_come_is_a_note_and_never_a_loss() {
    let fake = Fake::start().await;
    let whole = fake.post("file", json!({ "base64": base64(b"invoice"), "path": "documents/a.pdf" })).await["file_id"].clone();
    let heavy = fake.post("file", json!({ "size": 25_000_000 })).await["file_id"].clone();
    let document = |id: &Value, size: Option<u64>| json!({ "document": { "file_id": id, "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": size }, "caption": "here" });
    // Broken off and refused for a while, then whole.
    for fault in [
        json!({ "method": "getFile", "status": 500 }),
        json!({ "method": "file", "kind": "truncate" }),
        json!({ "method": "file", "status": 502, "html": true }),
    ] {
        fake.fault(fault).await;
    }
    fake.message(ANA, document(&whole, None)).await;
    fake.message(ANA, document(&heavy, None)).await;
    fake.message(ANA, document(&json!("x"), Some(31_457_280))).await;
    fake.message(ANA, document(&json!("gone"), None)).await;
    let bot = Running::start(&fake);
    assert_eq!(
        bot.lines(4).await,
        [
            "5 says \"here\" with File a.pdf (application/pdf, 7 bytes)",
            "5 says \"here\" unsupported document (larger than the 20.0 MB Telegram gives to bots)",
            "5 says \"here\" unsupported document (30.0 MB, larger than the 20.0 MB Telegram gives to bots)",
            "5 says \"here\" unsupported document (could not be loaded)",
        ]
    );
    fake.confirmed(4).await;
    // A disk that fails is no reason to lose the file: Telegram keeps it.
    bot.hub.fail_blob(BlobError::Failed("disk full".into()));
    fake.message(ANA, document(&whole, None)).await;
    assert_eq!(bot.lines(5).await[4], "5 says \"here\" with File a.pdf (application/pdf, 7 bytes)");
    bot.stop().await;
}

#[tokio::test]
async fn a_slow_file_holds_up_its_own_chat_only_until_its_time_is_over() {
    let fake = Fake::start().await;
    let file = fake.post("file", json!({ "base64": base64(b"slow") })).await["file_id"].clone();
    fake.fault(json!({ "method": "file", "kind": "delay", "ms": 60_000, "times": 9 })).await;
    let mut options = fake.options();
    options.pace.download = std::time::Duration::from_millis(200);
    fake.message(ANA, json!({ "voice": { "file_id": file } })).await;
    fake.say(BEN, "hello").await;
    let bot = Running::of(TestHub::new("telegram"), Arc::new(TelegramChannel::new("telegram", options).unwrap()));
    assert_eq!(bot.lines(2).await, ["6 says \"hello\"", "5 says \"\" unsupported voice (could not be loaded)"]);
    bot.stop().await;
}

#[tokio::test]
async fn a_press_is_answered_after_it_was_accepted_and_each_time_it_comes() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    let button = model::Choice { label: "Yes".into(), action: model::ChoiceAction::Reply { token: "t1".into() } };
    let question = model::Content { buttons: vec![button], ..model::Content::text("Sure?") };
    common::send(&bot.channel, &bot.hub, ANA, question).await.unwrap();
    bot.hub.hold_accepts();
    let press = fake.post("press", json!({ "chat_id": ANA, "data": "t1" })).await;
    within(bot.hub.delivered_at_least(1)).await;
    assert!(fake.calls("answerCallbackQuery", 0).await.is_empty());
    bot.hub.release_accepts();
    assert_eq!(bot.lines(1).await, ["5 presses t1 \"Yes\""]);
    assert_eq!(fake.calls("answerCallbackQuery", 1).await[0]["params"]["callback_query_id"], press["callback_query_id"]);
    // Again, and one from last week whose message Telegram no longer shows.
    fake.post("redeliver", json!({ "update_id": press["update_id"] })).await;
    fake.calls("answerCallbackQuery", 2).await;
    fake.fault(json!({ "method": "answerCallbackQuery", "status": 400, "description": "Bad Request: query is too old" })).await;
    fake.post("press", json!({ "chat_id": ANA, "data": "old" })).await;
    assert_eq!(bot.lines(2).await, ["5 presses t1 \"Yes\"", "5 presses old \"\""]);
    fake.calls("answerCallbackQuery", 3).await;
    bot.stop().await;
}

#[tokio::test]
async fn all_kinds_arrive_with_every_absent_field_written_as_null() {
    let fake = Fake::start().await;
    fake.post("settings", json!({ "explicit_nulls": true })).await;
    fake.say(ANA, "hello").await;
    fake.say(ANA, "/start promo-1").await;
    fake.say(ANA, "/start").await;
    fake.message(ANA, json!({ "location": { "latitude": 41.4, "longitude": 2.17, "horizontal_accuracy": null } })).await;
    fake.message(ANA, json!({ "poll": { "id": "1", "question": "Tea?", "options": [] } })).await;
    fake.message(ANA, json!({ "hologram": { "depth": 3 } })).await;
    fake.post("press", json!({ "chat_id": ANA, "data": "t9" })).await;
    fake.post("block", json!({ "chat_id": ANA })).await;
    fake.post("block", json!({ "chat_id": ANA, "blocked": false })).await;
    let bot = Running::start(&fake);
    assert_eq!(
        bot.lines(9).await,
        [
            "5 says \"hello\"",
            "5 opens Some(\"promo-1\")",
            "5 says \"/start\"",
            "5 says \"\" at 41.4, 2.17",
            "5 says \"Tea?\" unsupported poll",
            "5 says \"\" unsupported hologram",
            "5 presses t9 \"\"",
            "5 is gone: the person blocked the bot",
            "5 is back",
        ]
    );
    bot.stop().await;
}

#[tokio::test]
async fn what_is_no_conversation_is_confirmed_and_left_out() {
    let fake = Fake::start().await;
    let group = json!({ "chat": { "id": -100, "type": "supergroup", "title": "All" }, "text": "hi all" });
    for _ in 0..3 {
        fake.message(BEN, group.clone()).await;
    }
    fake.post("update", json!({ "message": "garbage" })).await;
    fake.post(
        "update",
        json!({ "edited_message": { "message_id": 1, "chat": { "id": ANA, "type": "private" }, "date": 1, "text": "edited" } }),
    )
    .await;
    fake.say(ANA, "hello").await;
    let bot = Running::start(&fake);
    assert_eq!(fake.confirmed(6).await.len(), 6);
    assert_eq!(bot.lines(1).await, ["5 says \"hello\""]);
    assert_eq!(bot.hub.logged().iter().filter(|line| line.contains("outside of a private chat")).count(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn what_the_runtime_refuses_for_good_is_kept_as_a_note() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    hub.fail_accept(AcceptError::Refused("the text is too long".into()));
    fake.say(ANA, "too long").await;
    let bot = Running::of(hub, fake.channel());
    fake.confirmed(1).await;
    assert_eq!(bot.lines(1).await, ["5 says \"\" unsupported message that was not accepted: the text is too long"]);
    bot.stop().await;
}

#[tokio::test]
async fn each_language_has_its_menu_and_one_that_is_given_up_leaves_none() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    hub.set_commands(&[("order", "Track an order")]);
    let (english, spanish) = ([("order", "Track an order")], [("order", "Seguir un pedido")]);
    hub.set_languages(&[("en", &english), ("es", &spanish)]);
    let bot = Running::of(Arc::clone(&hub), fake.channel());
    fake.calls("setMyCommands", 2).await;
    let menus = json!({
        "": [{ "command": "order", "description": "Track an order" }],
        "es": [{ "command": "order", "description": "Seguir un pedido" }],
    });
    assert_eq!(fake.get("state").await["commands_in"], menus);
    bot.stop().await;
    // The bot gave Spanish up while nothing ran.
    hub.set_languages(&[("en", &english)]);
    let bot = Running::of(Arc::clone(&hub), fake.channel());
    let gone = fake.calls("deleteMyCommands", 1).await;
    assert_eq!(gone[0]["params"]["language_code"], "es");
    assert_eq!(fake.get("state").await["commands_in"], json!({ "": menus[""] }));
    bot.stop().await;
}

#[tokio::test]
async fn the_menu_follows_the_bots_commands() {
    let fake = Fake::start().await;
    let hub = TestHub::new("telegram");
    hub.set_commands(&[("order", "Track an order"), ("talk-to-us", "A person")]);
    fake.fault(json!({ "method": "setMyCommands", "status": 500 })).await;
    let bot = Running::of(Arc::clone(&hub), fake.channel());
    let set = fake.calls("setMyCommands", 2).await;
    assert_eq!(set[1]["params"]["commands"], json!([{ "command": "order", "description": "Track an order" }]));
    bot.logged("/talk-to-us").await;
    hub.set_commands(&[("order", "Track an order"), ("help", "Help")]);
    assert_eq!(fake.calls("setMyCommands", 3).await[2]["params"]["commands"][1]["command"], "help");
    hub.set_commands(&[]);
    fake.calls("deleteMyCommands", 1).await;
    assert_eq!(fake.get("state").await["commands"], json!([]));
    bot.stop().await;
}

#[tokio::test]
async fn a_file_that_does_not_come_does_not_hold_up_the_end() {
    let fake = Fake::start().await;
    let file = fake.post("file", json!({ "base64": base64(b"slow") })).await["file_id"].clone();
    fake.fault(json!({ "method": "file", "kind": "delay", "ms": 60_000 })).await;
    let bot = Running::start(&fake);
    fake.message(ANA, json!({ "voice": { "file_id": file } })).await;
    fake.calls("file", 1).await;
    let hub = bot.stop().await;
    assert!(hub.deliveries().is_empty() && fake.confirmed(0).await.is_empty(), "given up, and not lost");
    let bot = Running::of(hub, fake.channel());
    assert_eq!(bot.lines(1).await, ["5 says \"\" with Voice voice.ogg (audio/ogg, 4 bytes)"]);
    bot.stop().await;
}

#[tokio::test]
async fn it_stops_at_once_while_it_asks() {
    let fake = Fake::start().await;
    let bot = Running::start(&fake);
    fake.say(ANA, "hello").await;
    bot.lines(1).await;
    let log = bot.stop().await.logged();
    assert!(log.iter().all(|line| !line.contains(TOKEN)), "{log:?}");
}

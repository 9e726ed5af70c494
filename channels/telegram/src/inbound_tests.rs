use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A message of Ana's in her private chat, with these fields.
fn message(fields: Json) -> Json {
    let mut message = json!({
        "message_id": 7, "date": 1_772_442_000, "chat": { "id": 5, "type": "private", "first_name": "Ana" },
        "from": { "id": 5, "is_bot": false, "first_name": "Ana", "last_name": "Ruiz", "username": "ana", "language_code": "es" },
    });
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    json!({ "update_id": 1, "message": message })
}

fn said_by(update: &Json) -> Said {
    match read(update).unwrap().what {
        What::Said(said) => *said,
        What::Nothing(why) => panic!("{why}: {update}"),
    }
}

fn content(update: &Json) -> (Content, Option<FileRef>) {
    let said = said_by(update);
    match said.body {
        IncomingBody::Message(content) => (content, said.file),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_with_who_and_when() {
    let said = said_by(&message(json!({ "text": "hi" })));
    assert_eq!(said.body, IncomingBody::Message(Content::text("hi")));
    assert_eq!((said.chat, said.at), (5, Some(Instant::from_secs(1_772_442_000))));
    let profile: Vec<_> = said.profile.iter().map(|(name, value)| format!("{name}={}", value.to_json())).collect();
    assert_eq!(profile, ["first_name=\"Ana\"", "language=\"es\"", "last_name=\"Ruiz\"", "username=\"ana\""]);
}

#[test]
fn a_text_survives_fields_nobody_knows() {
    let strange = json!({ "text": "hi", "entities": [{ "type": "hologram", "offset": 0, "length": 2 }], "via_hologram": true, "photo": null,
        "sticker": 17, "from": { "id": "five", "first_name": null, "username": ["x"] } });
    assert_eq!(content(&message(strange)).0, Content::text("hi"));
}

#[test]
fn a_start_link_opens_and_a_typed_start_is_text() {
    for (text, payload) in
        [("/start promo_1-A", Some("promo_1-A")), ("/start", None), ("/start two words", None), ("/start ¿", None), ("/starting x", None)]
    {
        let expected = match payload {
            Some(payload) => IncomingBody::Opened { payload: Some(payload.into()) },
            None => IncomingBody::Message(Content::text(text)),
        };
        assert_eq!(said_by(&message(json!({ "text": text }))).body, expected, "{text}");
    }
}

#[test]
fn of_a_photo_the_largest_size_is_taken() {
    let sizes = json!([
        { "file_id": "small", "width": 90, "height": 90, "file_size": 1_000 },
        { "file_id": "large", "width": 1_280, "height": 960, "file_size": null },
        { "file_id": "middle", "width": 320, "height": 240, "file_size": 9_000 },
    ]);
    let (content, file) = content(&message(json!({ "photo": sizes, "caption": "look", "document": null })));
    let file = file.unwrap();
    assert_eq!((content.text.as_str(), file.id.as_str(), file.kind, file.size), ("look", "large", AttachmentKind::Image, None));
}

#[test]
fn files_by_kind_and_harmless_names() {
    use AttachmentKind::{Audio, File, Sticker, Video, Voice};
    for (field, value, kind, name, mime) in [
        ("document", json!({ "file_name": "../../etc/passwd", "mime_type": "text/plain" }), File, "passwd", "text/plain"),
        (
            "document",
            json!({ "file_name": "C:\\x\\\u{202e}gpj.exe\n", "mime_type": "a/b\r\nX: y" }),
            File,
            "gpj.exe",
            "application/octet-stream",
        ),
        ("document", json!({ "file_name": "..", "mime_type": null }), File, "file", "application/octet-stream"),
        ("audio", json!({ "file_name": "song.mp3" }), Audio, "song.mp3", "audio/mpeg"),
        ("voice", json!({}), Voice, "voice.ogg", "audio/ogg"),
        ("video", json!({ "mime_type": "video/quicktime" }), Video, "video.mp4", "video/quicktime"),
        ("video_note", json!({}), Video, "video-note.mp4", "video/mp4"),
        ("animation", json!({}), Video, "animation.mp4", "video/mp4"),
        ("sticker", json!({ "is_animated": false, "is_video": true }), Sticker, "sticker.webm", "video/webm"),
    ] {
        let mut file = value;
        file["file_id"] = "F1".into();
        let read = content(&message(json!({ field: file }))).1.unwrap();
        assert_eq!((read.kind, read.name.as_str(), read.mime.as_str()), (kind, name, mime), "{field}");
    }
    let repeated = json!({ "animation": { "file_id": "A" }, "document": { "file_id": "A" } });
    assert_eq!(content(&message(repeated)).1.unwrap().noun, "animation");
}

#[test]
fn places_with_and_without_a_name() {
    let place = json!({ "latitude": 41.4, "longitude": 2.17 });
    let (plain, _) = content(&message(json!({ "location": place })));
    assert_eq!(plain, Content { location: Some(Location { latitude: 41.4, longitude: 2.17 }), ..Content::default() });
    let venue = json!({ "location": place, "venue": { "location": place, "title": "The shop", "address": "Gran Via 1" } });
    assert_eq!(content(&message(venue)).0.text, "The shop\nGran Via 1");
    let nowhere = json!({ "location": { "latitude": 4_000.0, "longitude": "x" } });
    assert_eq!(content(&message(nowhere)).0.unsupported.as_deref(), Some("location"));
}

#[test]
fn what_flows_cannot_use_is_named_and_kept() {
    for (fields, kind, text) in [
        (json!({ "poll": { "question": "Tea or coffee?" } }), "poll", "Tea or coffee?"),
        (json!({ "dice": { "emoji": "🎲", "value": 4 } }), "dice", "🎲 4"),
        (json!({ "contact": { "phone_number": "+34600111222", "first_name": "Bea" } }), "contact", "+34600111222 Bea"),
        (json!({ "game": {} }), "game", ""),
        (json!({ "hologram": { "file_id": 5 }, "caption": "see", "forward_origin": {} }), "hologram", "see"),
        (json!({ "photo": [], "caption": "gone" }), "photo", "gone"),
        (json!({}), "empty message", ""),
    ] {
        let (read, file) = content(&message(fields));
        assert_eq!((read.unsupported.as_deref(), read.text.as_str(), file), (Some(kind), text, None));
    }
}

#[test]
fn a_number_is_proven_only_by_the_one_whose_account_it_is() {
    let shared = |contact: Json| {
        let profile = said_by(&message(json!({ "contact": contact }))).profile;
        (profile.get("phone").cloned(), profile.get("phone_verified").cloned())
    };
    let own = json!({ "phone_number": "34600111222", "first_name": "Ana", "user_id": 5 });
    assert_eq!(shared(own), (Some(Value::text("+34600111222")), Some(Value::Bool(true))));
    for somebody_else in [
        json!({ "phone_number": "+34600111222", "first_name": "Bea", "user_id": 6 }),
        json!({ "phone_number": "+34600111222", "first_name": "Bea" }),
        json!({ "phone_number": "12", "user_id": 5 }),
    ] {
        assert_eq!(shared(somebody_else), (None, None));
    }
}

#[test]
fn a_press_says_token_label_and_query() {
    let keyboard = json!({ "inline_keyboard": [[{ "text": "No", "callback_data": "t0" }], [{ "text": "Yes", "callback_data": "t1" }]] });
    let query = |message: Json| json!({ "update_id": 2, "callback_query": { "id": "q", "from": { "id": 5, "first_name": "Ana" }, "message": message, "data": "t1" } });
    let chat = json!({ "id": 5, "type": "private" });
    let press = |label: &str| IncomingBody::Press { token: "t1".into(), label: label.into() };

    let fresh = query(json!({ "message_id": 1, "date": 1, "chat": chat, "reply_markup": keyboard }));
    let read_fresh = read(&fresh).unwrap();
    assert_eq!((read_fresh.chat, read_fresh.query.as_deref()), (Some(5), Some("q")));
    assert_eq!(said_by(&fresh).body, press("Yes"));
    assert_eq!(said_by(&fresh).at, None, "the date is the message's, not the press's");

    for old in [json!({ "message_id": 1, "date": 0, "chat": chat }), Json::Null] {
        assert_eq!(said_by(&query(old)).body, press(""));
    }
    let group = query(json!({ "message_id": 1, "date": 1, "chat": { "id": -100, "type": "supergroup" } }));
    assert!(matches!(read(&group).unwrap(), Update { query: Some(_), what: What::Nothing(_), .. }), "answered, not accepted");
}

#[test]
fn blocking_and_coming_back() {
    let member = |kind: &str, status: &str| json!({ "update_id": 3, "my_chat_member": { "chat": { "id": 5, "type": kind }, "from": { "id": 5 }, "date": 9, "new_chat_member": { "status": status } } });
    assert!(matches!(said_by(&member("private", "kicked")).body, IncomingBody::Unreachable { .. }));
    assert_eq!(said_by(&member("private", "member")).body, IncomingBody::Reachable);
    assert!(matches!(read(&member("group", "kicked")).unwrap().what, What::Nothing(_)));
}

#[test]
fn groups_channels_and_telegrams_own_lines_say_nothing() {
    let group = json!({ "text": "hi", "chat": { "id": -5, "type": "group" } });
    for update in [
        message(group),
        message(json!({ "pinned_message": { "message_id": 1 } })),
        json!({ "update_id": 4, "edited_message": { "text": "hi" } }),
        json!({ "update_id": 4, "message": { "text": "hi" } }),
        json!({ "update_id": 4, "message": null }),
        json!({ "update_id": 4 }),
    ] {
        assert!(matches!(read(&update).unwrap().what, What::Nothing(_)), "{update}");
    }
    for none in [json!({ "message": {} }), json!([]), json!(null), json!({ "update_id": "1" }), json!({ "update_id": -1 })] {
        assert_eq!(read(&none), None);
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf =
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), any::<i64>().prop_map(Json::from), ".{0,8}".prop_map(Json::from)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let names =
            prop::sample::select(vec!["file_id", "id", "type", "text", "data", "location", "latitude", "title", "status", "width", "chat"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::hash_map(names, inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
        ]
    })
}

proptest! {
    /// A message in a private chat is never dropped, whatever stands in it.
    #[test]
    fn a_private_message_always_says_something(field in "(photo|document|venue|location|poll|text|caption|sticker|reply_markup|[a-z_]{1,12})", value in any_json()) {
        let update = message(json!({ field.as_str(): value }));
        prop_assume!(!["chat", "message_id"].contains(&field.as_str()) && !SERVICE.contains(&field.as_str()));
        let said = said_by(&update);
        match said.body {
            IncomingBody::Message(content) => prop_assert!(!content.text.is_empty() || content.location.is_some() || content.unsupported.is_some() || said.file.is_some()),
            IncomingBody::Opened { payload } => prop_assert!(payload.is_some()),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

//! The HTTP contract of the web channel: docs/channels/web.md, line by line.

mod support;

use channel::{AcceptError, conformance::TestHub};
use http::{Method, StatusCode};
use model::{Attachment, AttachmentKind, Author, Choice, ChoiceAction, Content, IncomingBody, Value as Datum};
use proptest::prelude::*;
use serde_json::json;
use std::net::IpAddr;
use support::{Visitor, echoing, site, site_with};
use switchboard_channel_web::{Limits, MenuItem, Options, Rate};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

#[tokio::test]
async fn a_session_is_a_secret_that_is_not_stored_and_makes_no_contact() {
    let hub = echoing();
    hub.set_commands(&[("order", "Track an order"), ("bare", "")]);
    let door = site_with(&hub, Options { title: "Shop".into(), ..Options::default() });
    let answer = door.send(Method::POST, "/session", &[], "").await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::CREATED, Some("no-store")));
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(body["title"], "Shop");
    assert_eq!(body["menu"], json!([{ "label": "Track an order", "text": "/order" }, { "label": "/bare", "text": "/bare" }]));
    let token = body["token"].as_str().unwrap();
    assert_eq!(token.len(), 64);
    assert!(hub.deliveries().is_empty(), "no contact from a session alone");
    let stored = format!("{:?}", hub.records());
    assert!(!stored.contains(token), "only the hash is kept");
    let other = door.send(Method::POST, "/session", &[], "").await.json();
    assert_ne!(other["token"], body["token"]);
}

#[tokio::test]
async fn a_menu_of_the_options_goes_before_the_commands() {
    let hub = echoing();
    hub.set_commands(&[("order", "Track an order")]);
    let menu = vec![MenuItem { label: "Help".into(), text: "/help".into() }];
    let door = site_with(&hub, Options { menu, ..Options::default() });
    let visitor = Visitor::new(&door).await;
    assert_eq!(visitor.get("/session").await.json()["menu"], json!([{ "label": "Help", "text": "/help" }]));
}

#[tokio::test]
async fn opening_writing_and_pressing_reach_the_hub_as_what_they_are() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    assert_eq!(visitor.post("/open", json!({ "client_id": "o1", "payload": "summer" })).await.status, StatusCode::ACCEPTED);
    let headers = [
        ("authorization", visitor.bearer()),
        ("content-type", "application/json; charset=utf-8".into()),
        ("accept-language", "es-ES,en;q=0.5".into()),
    ];
    let headers = headers.each_ref().map(|(n, v)| (*n, v.as_str()));
    let body = json!({ "client_id": "m1", "text": " hola\n" }).to_string();
    assert_eq!(door.send(Method::POST, "/messages", &headers, body).await.status, StatusCode::ACCEPTED);
    assert_eq!(visitor.post("/messages", json!({ "client_id": "p1", "press": "tok", "label": "Yes" })).await.status, StatusCode::ACCEPTED);
    assert_eq!(visitor.post("/typing", json!({})).await.status, StatusCode::NO_CONTENT);

    let accepted = hub.accepted();
    assert_eq!(accepted[0].incoming.body, IncomingBody::Opened { payload: Some("summer".into()) });
    assert_eq!(accepted[1].incoming.body, IncomingBody::Message(Content::text(" hola\n")));
    assert_eq!(accepted[1].incoming.profile.get("language"), Some(&Datum::text("es-ES")));
    assert_eq!(accepted[1].incoming.profile.get("language_source"), Some(&Datum::text("browser")));
    assert_eq!(accepted[1].incoming.profile.len(), 2, "nothing else is claimed");
    assert_eq!(accepted[1].incoming.client_id.as_deref(), Some("m1"));
    assert_eq!(accepted[2].incoming.body, IncomingBody::Press { token: "tok".into(), label: "Yes".into() });
    assert!(accepted.iter().all(|i| i.address == accepted[0].address && i.address.channel == "web"));
    assert_eq!(hub.typed(), [accepted[0].address.clone()]);
    let token = &visitor.token;
    assert!(!accepted[0].address.id.contains(token.as_str()), "the address does not tell the token");
}

#[tokio::test]
async fn how_far_a_visitor_has_read_is_their_own_and_bounded() {
    let hub = echoing();
    let door = site(&hub);
    let (ana, ben) = (Visitor::new(&door).await, Visitor::new(&door).await);
    ana.say("m1", "hi").await;
    ben.say("m1", "hi").await;
    let told = ana.post("/read", json!({ "no": 2 })).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    let addresses: Vec<_> = hub.accepted().into_iter().map(|inbound| inbound.address).collect();
    assert_eq!(hub.reads(), [(addresses[0].clone(), 2)], "of the one whose token it is");
    assert_eq!(hub.accepted().len(), 2, "it is nothing that was done or said");
    for body in [json!({}), json!({ "no": -1 }), json!({ "no": 1.5 }), json!({ "no": "2" }), json!({ "no": 2, "address": "ben" })] {
        assert_eq!(ben.post("/read", body.clone()).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(
        door.send(Method::POST, "/read", &[("content-type", "application/json")], "{\"no\":2}").await.status,
        StatusCode::UNAUTHORIZED
    );
    // What is not stored is not acknowledged.
    hub.fail_accept(AcceptError::Unavailable);
    assert_eq!(ana.post("/read", json!({ "no": 3 })).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let mut answers = Vec::new();
    for no in 0..30 {
        answers.push(ana.post("/read", json!({ "no": no })).await.status);
    }
    assert_eq!(answers.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "a flood is refused");
    assert!(hub.reads().len() < 12);
    hub.advance(1_000_000);
    assert_eq!(ana.post("/read", json!({ "no": 4 })).await.status, StatusCode::NO_CONTENT, "one a second is not");
}

#[tokio::test]
async fn the_same_client_id_is_taken_once_and_two_visitors_may_choose_the_same() {
    let hub = echoing();
    let door = site(&hub);
    let (ana, ben) = (Visitor::new(&door).await, Visitor::new(&door).await);
    assert_eq!(ana.say("1", "hello").await.json(), json!({ "duplicate": false }));
    assert_eq!(ana.say("1", "hello").await.json(), json!({ "duplicate": true }));
    assert_eq!(ben.say("1", "hello").await.json(), json!({ "duplicate": false }));
    assert_eq!(hub.accepted().len(), 2);
}

#[tokio::test]
async fn what_is_not_as_agreed_is_refused_with_a_sentence() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let long = "x".repeat(8_001);
    for (body, says) in [
        (json!({ "client_id": "1" }), "empty"),
        (json!({ "client_id": "1", "text": "  \n" }), "empty"),
        (json!({ "client_id": "1", "text": long }), "8000"),
        (json!({ "client_id": "", "text": "a" }), "client_id"),
        (json!({ "client_id": "a b", "text": "a" }), "client_id"),
        (json!({ "client_id": "x".repeat(65), "text": "a" }), "client_id"),
        (json!({ "text": "a" }), "client_id"),
        (json!({ "client_id": "1", "text": "a", "status": "vip" }), "status"),
        (json!({ "client_id": "1", "text": "a", "contact": "con_1" }), "contact"),
        (json!({ "client_id": "1", "text": 5 }), "string"),
        (json!({ "client_id": "1", "text": "a", "press": "b" }), "alone"),
        (json!({ "client_id": "1", "text": "a", "label": "b" }), "label"),
        (json!({ "client_id": "1", "press": "a b" }), "token"),
        (json!({ "client_id": "1", "press": "ok", "label": "x".repeat(201) }), "label"),
        (json!({ "client_id": "1", "attachments": ["../../etc/passwd"] }), "POST files"),
        (json!({ "client_id": "1", "attachments": vec!["x"; 11] }), "10 files"),
        (json!([]), "expected"),
    ] {
        let answer = visitor.post("/messages", body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let wrong_type = door.send(Method::POST, "/messages", &[("authorization", &visitor.bearer())], r#"{"client_id":"1","text":"a"}"#).await;
    assert_eq!(wrong_type.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "a form cannot post");
    assert!(hub.deliveries().is_empty());
}

#[tokio::test]
async fn what_the_runtime_does_not_accept_is_to_be_sent_again() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    for (error, status) in
        [(AcceptError::Unavailable, StatusCode::SERVICE_UNAVAILABLE), (AcceptError::TooMany, StatusCode::TOO_MANY_REQUESTS)]
    {
        hub.fail_accept(error);
        let answer = visitor.say("1", "a").await;
        assert_eq!(answer.status, status);
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(visitor.say("1", "a").await.json(), json!({ "duplicate": false }));
    hub.fail_record(AcceptError::Unavailable);
    assert_eq!(door.send(Method::POST, "/session", &[], "").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn nobody_sees_another_visitors_conversation_or_files() {
    let hub = echoing();
    let door = site(&hub);
    let (ana, ben) = (Visitor::new(&door).await, Visitor::new(&door).await);
    let file = ana.upload("secret.png", PNG).await.json();
    let id = file["id"].as_str().unwrap();
    ana.post("/messages", json!({ "client_id": "1", "text": "my secret", "attachments": [id] })).await;
    let blob = id.split('-').next().unwrap();
    assert_eq!(ana.get(&format!("/files/{id}")).await.body, PNG);
    assert_eq!(ana.get(&format!("/files/{blob}?line=1")).await.body, PNG);

    assert_eq!(ben.get("/messages").await.json()["lines"], json!([]));
    assert!(!ben.backlog(0).await.contains("secret"));
    for path in [
        format!("/files/{id}"),
        format!("/files/{blob}"),
        format!("/files/{blob}?line=1"),
        format!("/files/{id}?line=1"),
        "/files/x".into(),
    ] {
        assert_eq!(ben.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let stolen = ben.post("/messages", json!({ "client_id": "1", "attachments": [id] })).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST, "an upload is its visitor's alone");

    for token in ["", "Bearer", "Bearer x", "Basic x", &format!("Bearer {}", "0".repeat(64)), &ana.bearer().to_uppercase()] {
        for path in ["/session", "/messages", "/stream", &format!("/files/{id}")] {
            let answer = door.send(Method::GET, path, &[("authorization", token)], "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "GET {path} with {token:?}");
        }
        for path in ["/open", "/messages", "/files?name=a.txt", "/typing"] {
            let answer = door.send(Method::POST, path, &[("authorization", token), ("content-type", "application/json")], "{}").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "POST {path} with {token:?}");
        }
    }
}

#[tokio::test]
async fn files_are_judged_by_their_bytes_and_served_so_that_they_cannot_run() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let picture = visitor.upload("..%2f..%2fevil%0d%0a.html", PNG).await;
    assert_eq!(picture.status, StatusCode::CREATED);
    let picture = picture.json();
    assert_eq!((picture["name"].as_str(), picture["mime"].as_str()), (Some("evil.html"), Some("image/png")));
    let note = visitor.upload("n%C3%B6te%22.txt", "<script>alert(1)</script>").await.json();
    for (file, disposition, mime) in
        [(&picture, "inline", "image/png"), (&note, "attachment; filename*=UTF-8''n%C3%B6te%22.txt", "application/octet-stream")]
    {
        let served = visitor.get(&format!("/files/{}", file["id"].as_str().unwrap())).await;
        assert_eq!(served.header("content-type"), Some(mime));
        assert!(served.header("content-disposition").unwrap().starts_with(disposition));
        assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
        assert!(served.header("content-security-policy").unwrap().contains("sandbox"));
        assert!(served.header("cache-control").unwrap().contains("private"));
    }
    for (name, bytes) in [("a.html", &b"<html>"[..]), ("a.svg", b"<svg/>"), ("a.exe", b"MZ"), ("a.png", b"<svg/>")] {
        assert_eq!(visitor.upload(name, bytes).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
    }
    assert_eq!(visitor.upload("a.txt", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(visitor.upload("a.txt", vec![b'a'; 10 * 1024 * 1024 + 1]).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    // The same bytes under two names are two files.
    let (one, two) = (visitor.upload("one.txt", "same").await.json(), visitor.upload("two.txt", "same").await.json());
    visitor.post("/messages", json!({ "client_id": "f", "attachments": [one["id"], two["id"]] })).await;
    let lines = visitor.get("/messages").await.json();
    let names: Vec<_> = lines["lines"][0]["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["one.txt", "two.txt"]);
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_is_put_down_is_there_when_it_is_sent() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    // Somebody else had the same file until now.
    hub.lose_files();
    let file = visitor.upload("a.png", PNG).await;
    assert_eq!(file.status, StatusCode::CREATED);
    let id = file.json()["id"].as_str().unwrap().to_owned();
    let said = visitor.post("/messages", json!({ "client_id": "1", "attachments": [id] })).await;
    assert_eq!(said.status, StatusCode::ACCEPTED);
    assert_eq!(visitor.get(&format!("/files/{}?line=1", id.split('-').next().unwrap())).await.body, PNG);
}

#[tokio::test]
async fn a_message_with_a_file_that_is_tried_again_days_later_was_delivered() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let id = visitor.upload("a.png", PNG).await.json()["id"].as_str().unwrap().to_owned();
    let say = |client_id: &'static str| visitor.post("/messages", json!({ "client_id": client_id, "attachments": [id] }));
    assert_eq!(say("1").await.json(), json!({ "duplicate": false }));
    for n in 2..=300 {
        hub.bot_line(&hub.accepted()[0].address, model::Content::text(n.to_string()));
    }
    for key in hub.records().into_keys().filter(|key| key.starts_with(channel::UPLOADS)) {
        hub.as_hub().put_record(&key, None).await.unwrap();
    }
    let again = say("1").await;
    assert_eq!((again.status, again.json()), (StatusCode::ACCEPTED, json!({ "duplicate": true })));
    assert_eq!(say("2").await.status, StatusCode::BAD_REQUEST, "a new message names a file that nobody knows");
    assert_eq!(hub.accepted().len(), 1);
}

#[tokio::test]
async fn a_file_that_an_agent_called_html_is_still_only_a_download() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    visitor.say("1", "hello").await;
    let address = hub.accepted()[0].address.clone();
    let blob = hub.add_blob("<script>alert(1)</script>");
    let attachment = Attachment {
        kind: AttachmentKind::File,
        blob: blob.clone(),
        name: "a\r\nb.html".into(),
        mime: "text/html".into(),
        size: 25,
        alt: String::new(),
        made: None,
    };
    hub.bot_line(&address, Content { attachments: vec![attachment], ..Content::default() });
    let served = visitor.get(&format!("/files/{}?line=3", blob.0)).await;
    assert_eq!((served.status, served.header("content-type")), (StatusCode::OK, Some("application/octet-stream")));
    assert_eq!(served.header("content-disposition"), Some("attachment; filename*=UTF-8''ab.html"));
}

#[tokio::test]
async fn a_line_tells_what_was_said_and_no_inner_id() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    visitor.say("mine", "hello").await;
    let address = hub.accepted()[0].address.clone();
    let choice = |label: &str, action| Choice { label: label.into(), action };
    hub.line(
        &address,
        Author::Agent { id: model::AgentId(77), name: "Bea".into() },
        Content {
            buttons: vec![
                choice("Yes", ChoiceAction::Reply { token: "t1".into() }),
                choice("Site", ChoiceAction::Url("https://shop.example".into())),
                choice("Call", ChoiceAction::Phone("+34600".into())),
            ],
            quick_replies: vec![choice("Quick", ChoiceAction::Reply { token: "t2".into() })],
            location: Some(model::Location { latitude: 41.4, longitude: 2.17 }),
            ..Content::text("Look")
        },
    );
    let page = visitor.get("/messages?after=2").await.json();
    let mut line = page["lines"][0].clone();
    let id = line["id"].take();
    assert!(id.as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        line,
        json!({
            "no": 3, "id": null, "at": "2026-03-02T09:00:00Z", "from": "agent", "name": "Bea", "text": "Look",
            "buttons": [{ "label": "Yes", "token": "t1" }, { "label": "Site", "url": "https://shop.example" }, { "label": "Call", "phone": "+34600" }],
            "quick_replies": [{ "label": "Quick", "token": "t2" }],
            "location": { "latitude": 41.4, "longitude": 2.17 }, "delivery": "sent",
        })
    );
    let own = &visitor.get("/messages?last=3").await.json()["lines"][0];
    assert_eq!((own["from"].as_str(), own["client_id"].as_str()), (Some("you"), Some("mine")));
    let whole = visitor.get("/messages").await.body;
    let whole = String::from_utf8_lossy(&whole);
    for inner in ["con_", "cnv_", "agt_", "run_", "/start", "skill", "block", &address.id] {
        assert!(!whole.contains(inner), "{inner} in {whole}");
    }
}

#[tokio::test]
async fn pages_are_bounded_and_join_without_gap() {
    let hub = TestHub::new("web");
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    visitor.say("1", "hello").await;
    let address = hub.accepted()[0].address.clone();
    for n in 2..=450 {
        hub.bot_line(&address, Content::text(format!("line {n}")));
    }
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        let page = visitor.get(&format!("/messages?after={cursor}&limit=100000")).await.json();
        let lines = page["lines"].as_array().unwrap();
        assert!(lines.len() <= 200);
        seen.extend(lines.iter().map(|l| l["no"].as_u64().unwrap()));
        cursor = page["cursor"].as_u64().unwrap();
        if page["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(seen, (1..=450).collect::<Vec<_>>());
    let last = visitor.get("/messages?last=3").await.json();
    assert_eq!((last["after"].as_u64(), last["lines"].as_array().unwrap().len()), (Some(447), 3));
    for bad in ["after=x", "after=-1", "last=1&after=1", "limit=a"] {
        assert_eq!(visitor.get(&format!("/messages?{bad}")).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn a_visitor_and_a_network_are_limited_and_told_how_long() {
    let hub = echoing();
    let slow = Rate { burst: 2.0, per_second: 0.1 };
    let limits = Limits { visitor_messages: slow, network_sessions: slow, ..Limits::default() };
    let door = site_with(&hub, Options { limits, ..Options::default() });
    let visitor = Visitor::new(&door).await;
    for n in 0..2 {
        assert_eq!(visitor.say(&n.to_string(), "a").await.status, StatusCode::ACCEPTED);
    }
    let refused = visitor.say("2", "a").await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("10")));
    assert_eq!(Visitor::new(&door).await.say("2", "a").await.status, StatusCode::ACCEPTED, "others are not touched");
    hub.advance(10_000_000);
    assert_eq!(visitor.say("2", "a").await.status, StatusCode::ACCEPTED);

    let begin = async |ip: &str, forwarded: &str| {
        let mut request = http::Request::post("/session").header("x-forwarded-for", forwarded).body(bytes::Bytes::new()).unwrap();
        request.extensions_mut().insert(ip.parse::<IpAddr>().unwrap());
        door.call(request).await.status
    };
    assert_eq!(begin("10.0.0.1", "1.1.1.1").await, StatusCode::CREATED);
    assert_eq!(begin("10.0.0.1", "1.1.1.2").await, StatusCode::CREATED);
    assert_eq!(begin("10.0.0.1", "1.1.1.3").await, StatusCode::TOO_MANY_REQUESTS, "a header is not believed");
    assert_eq!(begin("10.0.0.2", "1.1.1.1").await, StatusCode::CREATED);
}

#[tokio::test]
async fn origins_are_admitted_as_the_options_say() {
    let hub = echoing();
    let open = site(&hub);
    let answer = open.send(Method::POST, "/session", &[("origin", "https://anywhere.example")], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let asked =
        open.send(Method::OPTIONS, "/files/{id}".replace("{id}", "x").as_str(), &[("origin", "https://anywhere.example")], "").await;
    assert_eq!(asked.status, StatusCode::NO_CONTENT);
    assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));

    let closed = site_with(&hub, Options { allowed_origins: vec!["https://shop.example".into()], ..Options::default() });
    for (origin, status) in [
        ("https://shop.example", StatusCode::CREATED),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("https://sub.shop.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let answer = closed.send(Method::POST, "/session", &[("origin", origin)], "").await;
        assert_eq!(answer.status, status, "{origin}");
        let admitted = answer.header("access-control-allow-origin") == Some(origin);
        assert_eq!(admitted, status == StatusCode::CREATED);
        assert_eq!(closed.send(Method::OPTIONS, "/messages", &[("origin", origin)], "").await.status.is_success(), admitted);
    }
}

#[tokio::test]
async fn the_page_and_the_widget_are_served_under_a_strict_policy() {
    let hub = echoing();
    let door = site_with(&hub, Options { title: "A \"<b>shop</b>".into(), ..Options::default() });
    let page = door.send(Method::GET, "//", &[], "").await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        html.contains("<title>Test &amp; &lt;Bot&gt;</title>") && html.contains("Talk to Test &amp; &lt;Bot&gt;"),
        "it speaks for its bot"
    );
    assert!(!html.contains("<!-- menu -->") && !html.contains("{bot}"));
    assert!(!html.contains("<b>shop") && !html.contains(" style=") && !html.contains("<style"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"));
    let again = door.send(Method::GET, "//", &[("if-none-match", page.header("etag").unwrap())], "").await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let widget = door.send(Method::GET, "//widget.js", &[], "").await;
    if widget.status == StatusCode::OK {
        assert_eq!(widget.header("access-control-allow-origin"), Some("*"));
        assert!(html.contains("src=\"/widget.js\" data-channel=\"web\" data-title=\"A &quot;&lt;b&gt;shop"));
    } else {
        assert!(html.contains("built without the chat widget"), "a binary without the widget says so");
    }
    let quiet = site_with(&hub, Options { pages: false, ..Options::default() });
    assert_eq!(quiet.send(Method::GET, "//", &[], "").await.status, StatusCode::NOT_FOUND);
}

proptest! {
    #[test]
    fn no_body_and_no_path_breaks_the_channel(body in any::<Vec<u8>>(), path in "[ -~]{0,40}", cursor in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let hub = echoing();
            let door = site(&hub);
            let visitor = Visitor::new(&door).await;
            let headers = [("authorization", visitor.bearer()), ("content-type", "application/json".into())];
            let headers = headers.each_ref().map(|(n, v)| (*n, v.as_str()));
            for to in ["/open", "/messages", "/files?name=x", "/session"] {
                let status = door.send(Method::POST, to, &headers, body.clone()).await.status;
                assert!(status.is_success() || status.is_client_error(), "{to}: {status}");
            }
            let path = format!("/files/{}", path.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "%2e"));
            assert!(visitor.get(&path).await.status.is_client_error());
            assert_eq!(visitor.get(&format!("/messages?after={cursor}")).await.status, StatusCode::OK);
        });
    }
}

#[tokio::test]
async fn a_gallery_and_files_that_are_elsewhere_are_told_and_its_pictures_served() {
    let hub = echoing();
    let door = site(&hub);
    let (visitor, stranger) = (Visitor::new(&door).await, Visitor::new(&door).await);
    visitor.say("1", "hello").await;
    let address = hub.accepted()[0].address.clone();
    let blob = hub.add_blob("a picture");
    let file = |made: Option<&str>| Attachment {
        kind: AttachmentKind::Image,
        blob: blob.clone(),
        name: "cup.png".into(),
        mime: "image/png".into(),
        size: 9,
        alt: "a cup".into(),
        made: made.map(str::to_owned),
    };
    let link = model::Linked { kind: AttachmentKind::Image, url: "https://x.example/a.png".into(), name: String::new(), alt: "two".into() };
    let card = |title: &str, picture| model::Card {
        title: title.into(),
        text: String::new(),
        picture: Some(picture),
        buttons: vec![Choice { label: "Order".into(), action: ChoiceAction::Reply { token: format!("t{title}") } }],
    };
    let cards = vec![card("Blue", model::Picture::Stored(file(None))), card("Red", model::Picture::Linked(link.clone()))];
    let more = Some(Box::new(Choice { label: "More".into(), action: ChoiceAction::Reply { token: "held".into() } }));
    hub.bot_line(&address, Content { cards, linked: vec![link], more, ..Content::text("Our cups") });
    hub.bot_line(&address, Content { attachments: vec![file(Some("made of words"))], ..Content::default() });
    let lines = visitor.get("/messages?after=2").await.json();
    let line = &lines["lines"][0];
    assert_eq!(line["linked"], json!([{ "kind": "image", "url": "https://x.example/a.png", "alt": "two" }]));
    assert_eq!(line["cards"][0]["file"]["alt"], "a cup");
    assert_eq!(line["cards"][0]["buttons"], json!([{ "label": "Order", "token": "tBlue" }]));
    assert_eq!(line["cards"][1]["linked"]["url"], "https://x.example/a.png");
    assert!(!line.to_string().contains("held"), "the whole gallery is here: nothing brings more");
    let path = |no: u64| format!("/files/{}?line={no}", blob.0);
    assert_eq!(visitor.get(&path(3)).await.body, "a picture");
    assert_eq!(visitor.get(&path(4)).await.body, "made of words");
    assert_eq!(stranger.get(&path(3)).await.status, StatusCode::NOT_FOUND);
}

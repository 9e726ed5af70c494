//! The event stream: nothing is lost or doubled, wherever and however often it breaks (fault 20).

mod support;

use channel::{Notice, conformance::TestHub};
use futures::StreamExt;
use http::{Method, StatusCode};
use model::{Content, Delivery};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use support::{Visitor, echoing, events, site, site_with};
use switchboard_channel_web::{Limits, Options};

fn numbers(text: &str) -> Vec<u64> {
    events(text).into_iter().filter_map(|(id, ..)| id).collect()
}

async fn talked(hub: &Arc<TestHub>, visitor: &Visitor<'_>) -> model::Address {
    for n in 0..3 {
        visitor.say(&format!("m{n}"), &format!("line {n}\n\ndata: ñ 漢字 🙂")).await;
    }
    let address = hub.accepted()[0].address.clone();
    let message = hub.bot_line(&address, Content::text("the last"));
    hub.delivery_line(&address, message, Delivery::Failed("a provider's secret reason".into()));
    address
}

#[tokio::test]
async fn a_stream_cut_at_every_byte_and_resumed_says_everything_once() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    talked(&hub, &visitor).await;
    let whole = visitor.backlog(0).await;
    assert_eq!(numbers(&whole), (1..=8).collect::<Vec<_>>());
    assert!(!whole.contains("secret reason"));
    for at in 0..=whole.len() {
        let heard = String::from_utf8_lossy(whole.as_bytes().get(..at).unwrap()).into_owned();
        let mut seen = numbers(&heard);
        let resumed = visitor.backlog(seen.last().copied().unwrap_or(0)).await;
        seen.extend(numbers(&resumed));
        assert_eq!(seen, (1..=8).collect::<Vec<_>>(), "cut at byte {at}");
        hub.advance(1_000_000);
    }
}

#[tokio::test]
async fn what_is_said_while_listening_arrives_in_order_with_the_notices() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let address = talked(&hub, &visitor).await;
    let mut stream = visitor.stream(8).await;
    let mut next = async || String::from_utf8(stream.next().await.unwrap().to_vec()).unwrap();
    assert_eq!(events(&next().await), [(None, "ready".into(), json!({ "no": 8 }))]);
    hub.notice(&address, Notice::Typing { name: None });
    assert_eq!(events(&next().await)[0].1, "typing");
    hub.notice(&address, Notice::Owner { owner: "queue".into(), name: None, position: Some(2) });
    let (id, name, data) = events(&next().await).remove(0);
    assert_eq!((id, name.as_str(), &data["position"]), (None, "owner", &json!(2)));
    hub.bot_line(&address, Content::text("hello"));
    let (id, name, data) = events(&next().await).remove(0);
    assert_eq!((id, name.as_str(), &data["text"]), (Some(9), "line", &json!("hello")));
}

#[tokio::test]
async fn many_lines_and_more_notices_than_are_kept_lose_nothing() {
    let hub = TestHub::new("web");
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    visitor.say("1", "hello").await;
    let address = hub.accepted()[0].address.clone();
    let mut stream = visitor.stream(0).await;
    let mut heard = String::new();
    heard += std::str::from_utf8(&stream.next().await.unwrap()).unwrap();
    // The listener sleeps while 600 lines are written: more than its notices hold.
    for n in 0..600 {
        hub.bot_line(&address, Content::text(format!("{n}")));
    }
    while numbers(&heard).last() != Some(&601) {
        heard += std::str::from_utf8(&stream.next().await.unwrap()).unwrap();
    }
    assert_eq!(numbers(&heard), (1..=601).collect::<Vec<_>>());
}

#[tokio::test]
async fn last_event_id_goes_before_the_cursor_and_both_are_checked() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    talked(&hub, &visitor).await;
    let request = http::Request::get("/stream?cursor=1").header("authorization", visitor.bearer()).header("last-event-id", "7");
    let response = door.open(request.body(bytes::Bytes::new()).unwrap()).await;
    let channel::Body::Stream(mut pieces) = response.into_body() else { panic!("a stream") };
    assert_eq!(numbers(std::str::from_utf8(&pieces.next().await.unwrap()).unwrap()), [8]);
    for (query, header) in [("cursor=x", None), ("cursor=1", Some("x"))] {
        let mut headers = vec![("authorization", visitor.bearer())];
        headers.extend(header.map(|h: &str| ("last-event-id", h.to_owned())));
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = door.send(Method::GET, &format!("/stream?{query}"), &headers, "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_browser_that_saw_what_was_never_said_begins_anew() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    talked(&hub, &visitor).await;
    let heard = events(&visitor.backlog(900).await);
    assert_eq!(heard[0].1, "reset");
    assert_eq!(heard.iter().filter_map(|(id, ..)| *id).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    assert_ne!(events(&visitor.backlog(8).await)[0].1, "reset", "the newest line is not ahead");
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_heartbeat() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let mut stream = visitor.stream(0).await;
    stream.next().await.unwrap();
    let began = tokio::time::Instant::now();
    let beat = stream.next().await.unwrap();
    assert!(beat.starts_with(b":"), "a comment, which is no event");
    assert!(began.elapsed() <= Duration::from_secs(25));
}

#[tokio::test]
async fn a_visitor_has_so_many_streams_and_a_closed_one_makes_room() {
    let hub = echoing();
    let limits = Limits { visitor_streams: 2, ..Limits::default() };
    let door = site_with(&hub, Options { limits, ..Options::default() });
    let visitor = Visitor::new(&door).await;
    let (first, _second) = (visitor.stream(0).await, visitor.stream(0).await);
    let refused = visitor.get("/stream").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").is_some());
    drop(first);
    drop(visitor.stream(0).await);
    // And nobody watches for a stream that is gone.
    let address = {
        visitor.say("1", "a").await;
        hub.accepted()[0].address.clone()
    };
    assert_eq!(hub.watchers(&address), 1);
}

//! What a page tells the channel: events, visits of pages, who the visitor is (docs/channels/web.md).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use channel::conformance::{Answer, Door, TestHub};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use model::{IncomingBody, Value as Datum};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use support::{Visitor, echoing, site, site_with};
use switchboard_channel_web::{IdentitySecret, Limits, Options, Rate};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn known(hub: &Arc<TestHub>) -> Door {
    site_with(hub, Options { identity: Some(IdentitySecret::new(SECRET).unwrap()), ..Options::default() })
}

/// A token as a website makes it.
fn token(hub: &TestHub, sub: &str, nonce: &str) -> String {
    let hub: &dyn channel::Hub = hub;
    let now = hub.now().as_secs();
    let claims = json!({ "sub": sub, "exp": now + 300, "jti": nonce, "email": format!("{sub}@shop.example") });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

async fn track(visitor: &Visitor<'_>, id: &str, name: &str, fields: Value) -> Answer {
    visitor.post("/events", json!({ "client_id": id, "name": name, "fields": fields })).await
}

#[tokio::test]
async fn an_event_reaches_the_hub_once_somebody_is_there() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    let refused = track(&visitor, "e1", "page_visit", json!({ "path": "/" })).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "who only looks at a page is nobody yet");
    assert!(hub.accepted().is_empty());
    visitor.post("/open", json!({ "client_id": "o1" })).await;
    assert_eq!(track(&visitor, "e1", "page_visit", json!({ "path": "/", "n": 2 })).await.json(), json!({ "duplicate": false }));
    assert_eq!(track(&visitor, "e1", "page_visit", json!({ "path": "/", "n": 2 })).await.json(), json!({ "duplicate": true }));
    let IncomingBody::Event { name, fields } = &hub.accepted()[1].incoming.body else { panic!("an event") };
    assert_eq!(name, "page_visit");
    assert_eq!(fields["path"], Datum::text("/"));
    assert_eq!(fields["n"], Datum::Number(2.into()));
}

#[tokio::test]
async fn hostile_events_are_refused_with_a_sentence() {
    let hub = echoing();
    let door = site(&hub);
    let visitor = Visitor::new(&door).await;
    visitor.post("/open", json!({ "client_id": "o1" })).await;
    for (body, says) in [
        (json!({ "client_id": "1", "name": "" }), "name is"),
        (json!({ "client_id": "1", "name": "_error" }), "name is"),
        (json!({ "client_id": "1", "name": "/start" }), "name is"),
        (json!({ "client_id": "1", "name": "error_reported" }), "name is"),
        (json!({ "client_id": "1", "name": "identified" }), "name is"),
        (json!({ "client_id": "1", "name": "x".repeat(65) }), "name is"),
        (json!({ "client_id": "1", "name": "a", "fields": { "b c": 1 } }), "field"),
        (json!({ "client_id": "1", "name": "a", "fields": [1] }), "expected"),
        (json!({ "client_id": "1", "name": "a", "fields": { "t": "x".repeat(1_025) } }), "1024"),
        (json!({ "client_id": "1", "name": "a", "verified_id": "me" }), "verified_id"),
        (json!({ "client_id": "", "name": "a" }), "client_id"),
    ] {
        let answer = visitor.post("/events", body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{body}: {:?}", answer.json());
    }
    assert_eq!(hub.accepted().len(), 1);
    let nobody = door.send(Method::POST, "/events", &[("content-type", "application/json")], "{}").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn events_may_be_limited_to_those_the_bot_lists_and_to_a_rate() {
    let hub = echoing();
    let limits = Limits { visitor_events: Rate { burst: 2.0, per_second: 0.1 }, ..Limits::default() };
    let door = site_with(&hub, Options { track: Some(vec!["viewed".into()]), limits, ..Options::default() });
    let visitor = Visitor::new(&door).await;
    visitor.post("/open", json!({ "client_id": "o1" })).await;
    assert_eq!(track(&visitor, "1", "viewed", json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(track(&visitor, "2", "purchase", json!({})).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(track(&visitor, "3", "viewed", json!({})).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_the_browser_says_of_itself_is_kept_with_the_visit() {
    let hub = echoing();
    let door = site(&hub);
    let body = json!({ "timezone": "Europe/Madrid", "referrer": "https://news.example/story?token=secret" }).to_string();
    let answer = door.send(Method::POST, "/session", &[("content-type", "application/json")], body).await;
    let visitor = Visitor { door: &door, token: answer.json()["token"].as_str().unwrap().to_owned() };
    visitor.say("m1", "hello").await;
    let profile = hub.accepted()[0].incoming.profile.clone();
    assert_eq!(profile.get("timezone"), Some(&Datum::text("Europe/Madrid")));
    assert_eq!(profile.get("referral"), Some(&Datum::text("news.example/story")));
    for claim in [json!({ "verified_id": "me" }), json!({ "email": "a@b.c" }), json!({ "person": { "id": "me" } })] {
        let answer = door.send(Method::POST, "/session", &[("content-type", "application/json")], claim.to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{claim}");
    }
}

#[tokio::test]
async fn a_signed_token_makes_a_visitor_known() {
    let hub = echoing();
    let door = known(&hub);
    let visitor = Visitor::new(&door).await;
    // Before anything was said: it holds from the first message on.
    assert_eq!(visitor.post("/identify", json!({ "token": token(&hub, "ana", "n1") })).await.status, StatusCode::OK);
    assert!(hub.accepted().is_empty(), "no contact from a token alone");
    visitor.say("m1", "hello").await;
    let profile = hub.accepted()[0].incoming.profile.clone();
    assert_eq!(profile.get("verified_id"), Some(&Datum::text("ana")));
    assert_eq!(profile.get("email"), Some(&Datum::text("ana@shop.example")));
    // The same person again, on the next page, is nothing new; a first time after a message is told at once.
    assert_eq!(visitor.post("/identify", json!({ "token": token(&hub, "ana", "n2") })).await.status, StatusCode::OK);
    assert_eq!(hub.accepted().len(), 1);
    let other = Visitor::new(&door).await;
    other.say("m1", "hello").await;
    assert_eq!(other.post("/identify", json!({ "token": token(&hub, "ben", "n3") })).await.status, StatusCode::OK);
    let told = &hub.accepted()[2].incoming;
    assert!(matches!(&told.body, IncomingBody::Event { name, .. } if name == "identified"));
    assert_eq!(told.profile.get("verified_id"), Some(&Datum::text("ben")));
}

#[tokio::test]
async fn somebody_else_on_the_same_browser_begins_anew() {
    let hub = echoing();
    let door = known(&hub);
    let ana = Visitor::new(&door).await;
    ana.say("m1", "my secret").await;
    assert_eq!(ana.post("/identify", json!({ "token": token(&hub, "ana", "n1") })).await.status, StatusCode::OK);
    let answer = ana.post("/identify", json!({ "token": token(&hub, "ben", "n2") })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let ben = Visitor { door: &door, token: answer.json()["token"].as_str().unwrap().to_owned() };
    assert_ne!(ben.token, ana.token);
    assert_eq!(ben.get("/messages").await.json()["lines"], json!([]), "nothing of the other person is seen");
    ben.say("m1", "hello").await;
    let accepted = hub.accepted();
    assert_ne!(accepted[0].address, accepted.last().unwrap().address);
    assert_eq!(accepted.last().unwrap().incoming.profile.get("verified_id"), Some(&Datum::text("ben")));
    ana.say("m2", "again").await;
    assert_eq!(hub.accepted().last().unwrap().incoming.profile.get("verified_id"), Some(&Datum::text("ana")), "ana stays ana");
}

#[tokio::test]
async fn a_token_is_good_for_one_visitor_and_only_with_the_secret() {
    let hub = echoing();
    let door = known(&hub);
    let (ana, thief) = (Visitor::new(&door).await, Visitor::new(&door).await);
    let once = token(&hub, "ana", "n1");
    assert_eq!(ana.post("/identify", json!({ "token": once })).await.status, StatusCode::OK);
    assert_eq!(ana.post("/identify", json!({ "token": once })).await.status, StatusCode::OK, "a page that is loaded again");
    assert_eq!(thief.post("/identify", json!({ "token": once })).await.status, StatusCode::FORBIDDEN);
    thief.say("m1", "hello").await;
    assert_eq!(hub.accepted()[0].incoming.profile.get("verified_id"), None);
    let mut forged = token(&hub, "ana", "n2");
    forged.pop();
    assert_eq!(thief.post("/identify", json!({ "token": forged })).await.status, StatusCode::FORBIDDEN);
    let unsigned = site(&hub);
    let visitor = Visitor::new(&unsigned).await;
    let answer = visitor.post("/identify", json!({ "token": token(&hub, "ana", "n3") })).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "a bot without a secret knows nobody");
}

#[tokio::test]
async fn whose_answer_was_lost_shows_the_token_again_and_nobody_else_may() {
    let hub = echoing();
    let door = known(&hub);
    let (ana, thief) = (Visitor::new(&door).await, Visitor::new(&door).await);
    assert_eq!(ana.post("/identify", json!({ "token": token(&hub, "ana", "n1") })).await.status, StatusCode::OK);
    let of_ben = json!({ "token": token(&hub, "ben", "n2") });
    // The browser still has ana's visit: it never heard of the first one.
    assert_eq!(ana.post("/identify", of_ben.clone()).await.status, StatusCode::CREATED);
    let answer = ana.post("/identify", of_ben.clone()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let ben = Visitor { door: &door, token: answer.json()["token"].as_str().unwrap().to_owned() };
    assert_eq!(ben.post("/identify", of_ben.clone()).await.status, StatusCode::OK, "a page that is loaded again");
    assert_eq!(thief.post("/identify", of_ben).await.status, StatusCode::FORBIDDEN);
    ben.say("m1", "hello").await;
    assert_eq!(hub.accepted()[0].incoming.profile.get("verified_id"), Some(&Datum::text("ben")));
    ana.say("m1", "hello").await;
    assert_eq!(hub.accepted()[1].incoming.profile.get("verified_id"), Some(&Datum::text("ana")), "ana's visit stays ana's");
}

#[tokio::test]
async fn a_page_learns_the_segments_of_its_own_visitor_alone() {
    let hub = echoing();
    let door = site(&hub);
    let (ana, ben) = (Visitor::new(&door).await, Visitor::new(&door).await);
    assert_eq!(ana.get("/segments").await.json(), json!({ "segments": [] }), "who said nothing is in none");
    ana.say("m1", "hello").await;
    ben.say("m1", "hello").await;
    let accepted = hub.accepted();
    hub.set_segments(&accepted[0].address, &["returning", "vip"]);
    hub.set_segments(&accepted[1].address, &["newcomers"]);
    assert_eq!(ana.get("/segments").await.json(), json!({ "segments": ["returning", "vip"] }));
    // Nothing that is asked beside changes whom it is about.
    let other = format!("/segments?visitor={0}&address={0}&contact={0}", accepted[0].address.id);
    assert_eq!(ben.get(&other).await.json(), json!({ "segments": ["newcomers"] }));
    for headers in [vec![], vec![("authorization", "Bearer x")], vec![("authorization", &*accepted[0].address.id)]] {
        assert_eq!(door.send(Method::GET, "/segments", &headers, "").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_bot_may_tell_pages_of_some_segments_alone() {
    let hub = echoing();
    let door = site_with(&hub, Options { segments: Some(vec!["vip".into()]), ..Options::default() });
    let visitor = Visitor::new(&door).await;
    visitor.say("m1", "hello").await;
    hub.set_segments(&hub.accepted()[0].address, &["late_payers", "vip"]);
    assert_eq!(visitor.get("/segments").await.json(), json!({ "segments": ["vip"] }));
}

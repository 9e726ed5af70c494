//! Signing in: what it takes, what it gives, what it does not tell.

use crate::support::{PASSWORD, Site};
use http::StatusCode;
use serde_json::json;

const SIGN_IN: &str = "/console/api/sign-in";

#[tokio::test]
async fn a_sign_in_gives_a_cookie_that_works_until_the_sign_out() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.signed_in(" BEA ").await;
    let me = client.get("/console/api/me").await.json();
    assert_eq!(me["agent"]["login"], "bea");
    assert_eq!(me["agent"]["groups"], json!(["support"]));
    assert_eq!(me["accepting"], true, "a new agent accepts chats, so that a first chat reaches somebody");
    assert!(!me.to_string().contains("argon2"), "the hash never leaves");
    let out = client.post("/console/api/sign-out", &json!({})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    client.get("/console/api/me").await.refused(401, "signed_out");
    site.stop().await;
}

#[tokio::test]
async fn an_unknown_login_a_wrong_password_and_a_disabled_agent_get_the_same_answer() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let mut off = site.agent("carl", &["support"]).await;
    off.disabled = true;
    site.handle.put_agent(off).await.unwrap();
    let client = site.client();
    let mut answers = Vec::new();
    for (login, password) in [("nobody", PASSWORD), ("bea", "wrong wrong wrong"), ("carl", PASSWORD), ("", ""), ("bea", "")] {
        let answer = client.post(SIGN_IN, &json!({ "login": login, "password": password })).await;
        answer.refused(401, "wrong_credentials");
        assert!(answer.headers.get("set-cookie").is_none());
        let mut headers: Vec<String> = answer.headers.keys().map(|k| k.to_string()).collect();
        headers.sort();
        answers.push((answer.text(), headers));
    }
    assert!(answers.windows(2).all(|w| w[0] == w[1]), "{answers:?}");
    site.stop().await;
}

#[tokio::test]
async fn the_limiter_stops_guessing_even_the_right_password_and_lets_go_with_time() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.client();
    for _ in 0..10 {
        client.post(SIGN_IN, &json!({ "login": "bea", "password": "wrong wrong" })).await.refused(401, "wrong_credentials");
    }
    let limited = client.post(SIGN_IN, &json!({ "login": "Bea", "password": PASSWORD })).await;
    limited.refused(429, "too_many_tries");
    assert_eq!(limited.header("retry-after"), "900");
    // A header a client writes does not make it somebody else.
    let headers = [("content-type", "application/json"), ("x-switchboard", "console"), ("x-forwarded-for", "203.0.113.5")];
    let body = json!({ "login": "bea", "password": PASSWORD }).to_string();
    client.send(http::Method::POST, SIGN_IN, &headers, body.into()).await.refused(429, "too_many_tries");
    site.clock.advance(15 * 60 * 1_000_000);
    site.signed_in("bea").await;
    site.stop().await;
}

#[tokio::test]
async fn a_second_sign_in_ends_the_first_of_that_browser_and_twelve_hours_end_any() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let first = site.signed_in("bea").await;
    let answer = first.post(SIGN_IN, &json!({ "login": "bea", "password": PASSWORD })).await;
    let mut second = site.client();
    second.cookie = Some(answer.cookie());
    assert_ne!(first.cookie, second.cookie);
    first.get("/console/api/me").await.refused(401, "signed_out");
    assert_eq!(second.get("/console/api/me").await.status, StatusCode::OK);
    site.clock.advance(12 * 3_600 * 1_000_000 - 1);
    assert_eq!(second.get("/console/api/me").await.status, StatusCode::OK);
    site.clock.advance(1);
    second.get("/console/api/me").await.refused(401, "signed_out");
    site.stop().await;
}

#[tokio::test]
async fn a_new_password_and_a_disabled_agent_end_their_sign_ins() {
    let site = Site::start().await;
    let mut bea = site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    switchboard_api::agents::reset(&site.handle, "bea", PASSWORD).await.unwrap();
    client.get("/console/api/me").await.refused(401, "signed_out");
    let client = site.signed_in("bea").await;
    bea.disabled = true;
    site.handle.put_agent(bea).await.unwrap();
    client.get("/console/api/me").await.refused(401, "signed_out");
    site.stop().await;
}

#[tokio::test]
async fn under_https_the_cookie_is_bound_to_it() {
    let site = Site::with(|options| options.public_url = Some("https://chat.example".into())).await;
    site.agent("bea", &["support"]).await;
    let answer = site.client().post(SIGN_IN, &json!({ "login": "bea", "password": PASSWORD })).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-switchboard=") && cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    let mut renamed = site.client();
    renamed.cookie = Some(answer.cookie().replace("__Host-switchboard", "switchboard-console"));
    renamed.get("/console/api/me").await.refused(401, "signed_out");
    site.stop().await;
}

#[tokio::test]
async fn the_store_holds_no_token_and_no_password() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let token = client.cookie.unwrap().split_once('=').unwrap().1.to_owned();
    let mut stored = String::new();
    for table in ["agents", "sign_ins", "sign_ins_by_agent"] {
        for (key, value) in store::Store::records(&site.store, table).unwrap() {
            stored.push_str(&format!("{key} {value}\n"));
        }
    }
    assert!(stored.contains(&bea.id.to_string()) && stored.contains("$argon2id$"));
    assert!(!stored.contains(&token) && !stored.contains(PASSWORD), "{stored}");
    site.stop().await;
}

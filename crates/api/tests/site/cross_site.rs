//! Other sites cannot write, whatever they make a signed-in browser do.

use crate::support::Site;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn the_matrix_of_origins_and_headers() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let own = format!("http://{}", site.address);
    let json_type = ("content-type", "application/json");
    let ours = ("x-switchboard", "console");
    let refused: Vec<Vec<(&str, &str)>> = vec![
        vec![json_type],
        vec![json_type, ("origin", &own)],
        vec![json_type, ours, ("origin", "null")],
        vec![json_type, ours, ("origin", "http://evil.example")],
        vec![json_type, ours, ("origin", "http://sub.127.0.0.1")],
        vec![json_type, ours, ("origin", "http://127.0.0.1")],
        vec![json_type, ours, ("sec-fetch-site", "cross-site")],
        vec![json_type, ours, ("sec-fetch-site", "same-site")],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/x-www-form-urlencoded"), ("origin", "http://evil.example")],
    ];
    let body = json!({ "accepting": false }).to_string();
    for headers in &refused {
        for path in ["/console/api/accepting", "/console/api/sign-in", "/console/api/sign-out", "/console/api/nowhere"] {
            client.send(Method::POST, path, headers, body.clone().into()).await.refused(403, "cross_site");
        }
    }
    assert_eq!(client.get("/console/api/me").await.json()["accepting"], true, "nothing came through");
    let allowed = client.send(Method::POST, "/console/api/accepting", &[json_type, ours, ("origin", &own)], body.into()).await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get("/console/api/me").await.json()["accepting"], false);
    // No answer of the agents' API may be read by another origin.
    let read = client.send(Method::GET, "/console/api/me", &[("origin", "http://evil.example")], Default::default()).await;
    assert!(read.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    site.stop().await;
}

#[tokio::test]
async fn bodies_are_strict() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let post = async |path: &str, body: serde_json::Value| client.post(path, &body).await;
    post("/console/api/accepting", json!({ "accepting": true, "agent": "agt_1" })).await.refused(400, "bad_json");
    post("/console/api/accepting", json!({})).await.refused(400, "bad_json");
    post("/console/api/sign-in", json!({ "login": "bea", "password": "x", "role": "admin" })).await.refused(400, "bad_json");
    let plain = [("content-type", "text/plain"), ("x-switchboard", "console")];
    client.send(Method::POST, "/console/api/accepting", &plain, "{\"accepting\":true}".into()).await.refused(415, "not_json");
    let invalid = [("content-type", "application/json"), ("x-switchboard", "console")];
    client.send(Method::POST, "/console/api/accepting", &invalid, (&b"\xff\xfe"[..]).into()).await.refused(400, "bad_json");
    site.stop().await;
}

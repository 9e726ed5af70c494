//! What a hostile or broken peer cannot do to the server.

use crate::support::{Client, Site};
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn a_channels_body_limit_holds_for_declared_and_for_streamed_lengths() {
    let site = Site::start().await;
    let client = site.client();
    let ok = client.send(Method::POST, "/c/shop/echo/a%20b/c", &[], Bytes::from(vec![b'x'; 1_000])).await;
    assert_eq!(ok.status, StatusCode::OK);
    assert_eq!(ok.text(), "[(\"one\", \"a b\"), (\"two\", \"c\")] Some(127.0.0.1) 1000 bytes");
    client.send(Method::POST, "/c/shop/echo/a/b", &[], Bytes::from(vec![b'x'; 1_001])).await.refused(413, "too_large");
    // Declared as endless: answered before anything was sent.
    let mut raw = TcpStream::connect(site.address).await.unwrap();
    raw.write_all(b"POST /c/shop/echo/a/b HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n").await.unwrap();
    assert!(first_line(&mut raw).await.starts_with("HTTP/1.1 413"));
    // Not declared at all: cut when the limit is passed.
    let mut raw = TcpStream::connect(site.address).await.unwrap();
    raw.write_all(b"POST /c/shop/echo/a/b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    for _ in 0..4 {
        raw.write_all(format!("200\r\n{}\r\n", "y".repeat(512)).as_bytes()).await.unwrap();
    }
    assert!(first_line(&mut raw).await.starts_with("HTTP/1.1 413"));
    site.stop().await;
}

#[tokio::test]
async fn a_refusal_of_a_long_body_says_that_its_connection_ends() {
    let site = Site::start().await;
    for (length, is_over) in [("2000", false), ("99999999999", true)] {
        let mut raw = TcpStream::connect(site.address).await.unwrap();
        raw.write_all(format!("POST /c/shop/echo/a/b HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(raw.read_buf(&mut answer).await.unwrap(), 0);
        }
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(answer.starts_with("http/1.1 413"), "{answer}");
        assert_eq!(answer.contains("\r\nconnection: close\r\n"), is_over, "{answer}");
    }
    site.stop().await;
}

async fn first_line(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 512];
    let n = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..n]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_panic_in_a_handler_is_one_answer_and_the_server_goes_on() {
    let site = Site::start().await;
    let client = site.client();
    for _ in 0..3 {
        let answer = client.get("/c/shop/panic").await;
        answer.refused(500, "internal");
        assert!(!answer.text().contains("always panics"), "what broke is for the log");
    }
    assert_eq!(client.get("/healthz").await.status, StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn heads_are_bounded_in_size() {
    let site = Site::start().await;
    let mut raw = TcpStream::connect(site.address).await.unwrap();
    raw.write_all(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(100_000)).as_bytes()).await.unwrap();
    assert!(first_line(&mut raw).await.starts_with("HTTP/1.1 431"));
    assert_eq!(site.client().get("/healthz").await.status, StatusCode::OK);
    site.stop().await;
}

#[tokio::test]
async fn an_endless_stream_does_not_hold_up_the_stop() {
    let site = Site::start().await;
    let mut body = site.client().open(Method::GET, "/c/shop/forever", &[], Bytes::new()).await.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    site.stop().await;
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let site = Site::start().await;
    let client = site.client();
    for path in ["/nowhere", "/c/shop/nothing", "/c/other/echo", "/console/api/nowhere", "/control/x"] {
        client.get(path).await.refused(404, "not_found");
    }
    client.send(Method::DELETE, "/healthz", &[], Bytes::new()).await.refused(405, "method_not_allowed");
    client.get("/control").await.refused(405, "method_not_allowed");
    assert_eq!(client.get("/shop.js").await.text(), "at the root");
    site.stop().await;
}

#[tokio::test]
async fn health_tells_a_failed_store_and_nothing_is_acknowledged_any_more() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.client();
    let healthy = client.get("/healthz").await;
    assert_eq!(healthy.status, StatusCode::OK);
    let health = healthy.json();
    assert_eq!((&health["ok"], &health["bot"], &health["channels"][0]["name"]), (&true.into(), &"Tests".into(), &"shop".into()));
    site.store.order(store::Fault::Fail { nth: 1, kept: false });
    let body = serde_json::json!({ "login": "bea", "password": crate::support::PASSWORD });
    client.post("/console/api/sign-in", &body).await.refused(503, "unavailable");
    let failed = client.get("/healthz").await;
    assert_eq!((failed.status, failed.json()["ok"].clone()), (StatusCode::SERVICE_UNAVAILABLE, false.into()));
    assert!(failed.json()["failed"].as_str().is_some_and(|why| !why.is_empty()));
    site.stop().await;
}

#[tokio::test]
async fn before_the_runtime_is_ready_everything_waits() {
    let site = Site::not_ready().await;
    let client: Client = site.client();
    for path in ["/", "/console/", "/console/api/me", "/c/shop/echo/a/b", "/shop.js"] {
        let answer = client.get(path).await;
        answer.refused(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "2", "{path}");
    }
    let health = client.get("/healthz").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health.json()["ok"], false);
    site.stop().await;
}

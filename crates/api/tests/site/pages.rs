//! The console's pages.

use crate::support::Site;
use http::{Method, StatusCode};

const HTML: [(&str, &str); 1] = [("accept", "text/html,application/xhtml+xml")];

#[tokio::test]
async fn pages_run_under_a_policy_that_allows_nothing_inline_and_no_frame() {
    let site = Site::start().await;
    let client = site.client();
    for path in ["/console/", "/console/chat/a/b"] {
        let page = client.send(Method::GET, path, &HTML, Default::default()).await;
        // A binary built without the console says so under the same policy.
        assert_eq!(page.status, if console::index().is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path}");
        let policy = page.header("content-security-policy");
        for rule in
            ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!((page.header("x-content-type-options"), page.header("x-frame-options")), ("nosniff", "DENY"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
    let moved = client.get("/console").await;
    assert_eq!((moved.status, moved.header("location")), (StatusCode::PERMANENT_REDIRECT, "/console/"));
    site.stop().await;
}

#[tokio::test]
async fn the_start_page_answers_people_only_and_never_for_data_or_files() {
    let site = Site::start().await;
    let client = site.client();
    client.get("/console/chat/a/b").await.refused(404, "not_found");
    for path in ["/console/assets/gone.js", "/console/api/gone", "/console/..%2f..%2fCargo.toml"] {
        let answer = client.send(Method::GET, path, if path.contains("%2f") { &[] } else { &HTML }, Default::default()).await;
        answer.refused(404, "not_found");
    }
    site.stop().await;
}

#[tokio::test]
async fn the_page_is_asked_for_again_and_hashed_files_are_kept() {
    let Some(index) = console::index() else { return };
    let site = Site::start().await;
    let client = site.client();
    let page = client.get("/console/").await;
    assert_eq!((page.header("cache-control"), page.header("etag")), ("no-cache", index.etag.as_str()));
    let again = client.send(Method::GET, "/console/", &[("if-none-match", &index.etag)], Default::default()).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let html = page.text();
    let script = html.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = client.get(script).await;
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    site.stop().await;
}

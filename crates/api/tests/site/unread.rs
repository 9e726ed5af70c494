//! What cannot be read: a store whose disk fails at one place. Nobody is told that a list ends there.

use crate::support::{Site, TOKEN};
use http::Method;
use model::{Actor, Change, ContactId};
use switchboard_api::control::{AskError, ControlFile, ExportAsk, Request, ask};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// More than an export reads at once.
const PEOPLE: u128 = 520;
/// How a body ends that is whole.
const LAST_CHUNK: &str = "\r\n0\r\n\r\n";

fn id(n: u128) -> ContactId {
    ContactId(n << 80)
}

fn file(site: &Site) -> ControlFile {
    ControlFile { address: site.address, token: TOKEN.into() }
}

/// A site with many people and a key for them.
async fn site() -> (Site, String) {
    let site = Site::start().await;
    let made = (1..=PEOPLE).map(|n| {
        let name = if n == PEOPLE - 1 { "Zoe" } else { "Ana" };
        let name = Change::SetSystem("first_name".into(), model::Value::text(name));
        site.handle.create_contact(id(n), "api", vec![name], Actor::Api("shop".into()))
    });
    for made in futures::future::join_all(made).await {
        made.unwrap();
    }
    let scopes = vec!["contacts:read".into(), "segments:read".into()];
    let made = ask(&file(&site), &Request::KeysCreate { name: "reader".into(), scopes, per_minute: None }).await.unwrap();
    (site, format!("Bearer {}", made["token"].as_str().unwrap()))
}

/// The bytes of an answer, as many as came.
async fn transfer(site: &Site, path: &str, bearer: &str) -> String {
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {bearer}\r\nConnection: close\r\n\r\n", site.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // Where it breaks off the connection may be reset.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_export_that_cannot_be_read_to_its_end_breaks_off() {
    for which in ["", "&where=first_name%20is%20set"] {
        let (site, bearer) = site().await;
        let path = format!("/api/v1/contacts/export?format=jsonl&columns=id{which}");
        let whole = transfer(&site, &path, &bearer).await;
        assert!(whole.starts_with("HTTP/1.1 200 ") && whole.ends_with(LAST_CHUNK), "{which}");
        assert_eq!(whole.matches("\"id\"").count() as u128, PEOPLE, "{which}");
        site.store.spoil(id(PEOPLE - 1));
        let part = transfer(&site, &path, &bearer).await;
        assert!(!part.ends_with(LAST_CHUNK), "{which}");
        site.stop().await;
    }
}

#[tokio::test]
async fn the_command_line_is_told_that_an_export_is_not_whole() {
    for condition in [None, Some("first_name is set".to_owned())] {
        let (site, _) = site().await;
        site.store.spoil(id(PEOPLE - 1));
        let page = |after| {
            let (condition, columns) = (condition.clone(), vec!["id".into()]);
            Request::ContactsExport { ask: ExportAsk { condition, columns, format: crm::export::Format::Jsonl, after, limit: 500 } }
        };
        let first = ask(&file(&site), &page(None)).await.unwrap();
        assert_eq!((&first["contacts"], &first["next"]), (&500.into(), &serde_json::json!(id(500))));
        let second = ask(&file(&site), &page(Some(id(500)))).await;
        assert!(matches!(&second, Err(AskError::Refused(why)) if why.contains("not ready")), "{second:?}");
        site.stop().await;
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_no_last_page() {
    let last = id(PEOPLE - 5);
    for path in
        [format!("contacts?cursor={last}"), format!("contacts?where=first_name%20is%20set&cursor={last}"), "contacts/find?q=zoe".into()]
    {
        let (site, bearer) = site().await;
        site.store.spoil(id(PEOPLE - 1));
        let headers = [("authorization", bearer.as_str())];
        site.client().send(Method::GET, &format!("/api/v1/{path}"), &headers, Default::default()).await.refused(503, "unavailable");
        site.stop().await;
    }
}

#[tokio::test]
async fn whoever_cannot_be_read_is_not_said_to_be_gone() {
    let who = id(PEOPLE - 1);
    for of in ["", "/data", "/journey", "/messages", "/duplicates"] {
        let (site, bearer) = site().await;
        site.store.spoil(who);
        let (path, headers) = (format!("/api/v1/contacts/{who}{of}"), [("authorization", bearer.as_str())]);
        site.client().send(Method::GET, &path, &headers, Default::default()).await.refused(503, "unavailable");
        site.stop().await;
    }
}

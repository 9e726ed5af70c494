//! Whoever is not of the group sees nothing, on every route, and cannot tell whether there is anything.

use crate::support::{Client, Site};
use bytes::Bytes;
use http::{Method, StatusCode};
use model::Content;
use serde_json::json;

/// Every route of the agents' API below a conversation. A route that is missing here fails the count below.
fn below(path: &str, blob: &str) -> Vec<(Method, String, Option<serde_json::Value>)> {
    vec![
        (Method::GET, path.to_owned(), None),
        (Method::GET, format!("{path}/messages"), None),
        (Method::GET, format!("{path}/journey"), None),
        (Method::GET, format!("{path}/files/{blob}"), None),
        (Method::POST, format!("{path}/messages"), Some(json!({ "client_id": "c1", "text": "hello", "files": [] }))),
        (Method::POST, format!("{path}/take"), Some(json!({}))),
        (Method::POST, format!("{path}/resolve"), Some(json!({}))),
        (Method::POST, format!("{path}/dismiss"), Some(json!({}))),
        (Method::POST, format!("{path}/typing"), Some(json!({}))),
        (Method::POST, format!("{path}/notes"), Some(json!({ "text": "likes mornings" }))),
        (Method::POST, format!("{path}/files?name=a.txt"), Some(json!("bytes"))),
    ]
}

fn above() -> Vec<(Method, String, Option<serde_json::Value>)> {
    vec![
        (Method::GET, "/console/api/me".into(), None),
        (Method::GET, "/console/api/desk".into(), None),
        (Method::GET, "/console/api/skills".into(), None),
        (Method::GET, "/console/api/stream".into(), None),
        (Method::POST, "/console/api/accepting".into(), Some(json!({ "accepting": true }))),
        (Method::POST, "/console/api/sign-out".into(), Some(json!({}))),
    ]
}

async fn ask(client: &Client, (method, path, body): &(Method, String, Option<serde_json::Value>)) -> crate::support::Answer {
    let headers = [("content-type", "application/json"), ("x-switchboard", "console")];
    let body = body.as_ref().map(|b| Bytes::from(b.to_string())).unwrap_or_default();
    client.send(method.clone(), path, &headers, body).await
}

#[tokio::test]
async fn the_list_of_routes_here_is_the_list_of_the_server() {
    let source = include_str!("../../src/site.rs");
    let conversation =
        source.matches("conversation::").count() + source.matches("post(files::").count() + source.matches("get(files::").count();
    // `messages` has two methods on one line of the list.
    assert_eq!(conversation, below("", "").len(), "a route below a conversation is not in this test");
    assert_eq!(source.matches("(desk::").count() + source.matches("(stream::").count(), above().len() + 1, "all but the sign-in");
}

#[tokio::test]
async fn without_a_sign_in_nothing_is_answered() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let path = site.path("ana").await;
    let mut forged = site.client();
    forged.cookie = Some(format!("switchboard-console={}", "0".repeat(64)));
    for client in [site.client(), forged] {
        for route in above().into_iter().chain(below(&path, &"a".repeat(64))) {
            let answer = ask(&client, &route).await;
            answer.refused(401, "signed_out");
            assert_eq!(answer.header("cache-control"), "no-store", "{route:?}");
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn an_agent_of_another_group_cannot_tell_a_conversation_from_none() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    site.agent("sam", &["sales"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let stranger = site.signed_in("sam").await;
    let (contact, conversation) = site.place("ana").await;
    let real = site.path("ana").await;
    // A file of the conversation, by its true id.
    let owner = site.signed_in("bea").await;
    assert_eq!(owner.post(&format!("{real}/take"), &json!({})).await.status, StatusCode::NO_CONTENT);
    let headers = [("content-type", "text/plain"), ("x-switchboard", "console")];
    let uploaded = owner.send(Method::POST, &format!("{real}/files?name=a.txt"), &headers, Bytes::from_static(b"secret")).await.json();
    let blob = uploaded["id"].as_str().unwrap();
    assert_eq!(owner.get(&format!("{real}/files/{blob}")).await.body, "secret");

    let absent = [
        format!("/console/api/contacts/{contact}/conversations/cnv_00000000000000000000000000"),
        format!("/console/api/contacts/con_00000000000000000000000000/conversations/{conversation}"),
        format!("/console/api/contacts/{contact}/conversations/*"),
        format!("/console/api/contacts/%20/conversations/{conversation}"),
    ];
    for (index, route) in below(&real, blob).into_iter().enumerate() {
        let seen = ask(&stranger, &route).await;
        seen.refused(404, "not_found");
        for path in &absent {
            let other = ask(&stranger, &below(path, blob)[index]).await;
            assert_eq!((other.status, other.text()), (seen.status, seen.text()), "{route:?}");
        }
    }
    let desk = stranger.get("/console/api/desk").await.json();
    assert_eq!((&desk["queue"], &desk["mine"], &desk["others"]), (&json!([]), &json!([]), &json!(0)));
    site.stop().await;
}

#[tokio::test]
async fn a_conversation_that_never_asked_for_a_person_is_nobodys() {
    let site = Site::start().await;
    site.agent("bea", &["support", "sales"]).await;
    site.customer_says("ana", Content::text("hello")).await;
    let client = site.signed_in("bea").await;
    client.get(&site.path("ana").await).await.refused(404, "not_found");
    site.stop().await;
}

#[tokio::test]
async fn a_file_of_one_conversation_is_not_in_another() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    site.agent("cleo", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let _also = site.waiting("bob", "support", &bea).await;
    let (ana, bob) = (site.path("ana").await, site.path("bob").await);
    let (client, colleague) = (site.signed_in("bea").await, site.signed_in("cleo").await);
    for path in [&ana, &bob] {
        assert_eq!(client.post(&format!("{path}/take"), &json!({})).await.status, StatusCode::NO_CONTENT);
    }
    let headers = [("content-type", "image/svg+xml"), ("x-switchboard", "console")];
    let svg = Bytes::from_static(b"<svg onload=alert(1)>");
    let uploaded = client.send(Method::POST, &format!("{ana}/files?name=..%2F..%2Fa%22.svg"), &headers, svg).await.json();
    let blob = uploaded["id"].as_str().unwrap();
    assert_eq!((&uploaded["name"], &uploaded["kind"]), (&json!("a\".svg"), &json!("file")));

    client.get(&format!("{bob}/files/{blob}")).await.refused(404, "not_found");
    client.post(&format!("{bob}/messages"), &json!({ "client_id": "x", "files": [blob] })).await.refused(422, "invalid");
    colleague.get(&format!("{ana}/files/{blob}")).await.refused(404, "not_found");

    let sent = client.post(&format!("{ana}/messages"), &json!({ "client_id": "x", "files": [blob] })).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    // Now that it is in the transcript, whoever may see that may see it; as bytes to download, never as a page.
    let file = colleague.get(&format!("{ana}/files/{blob}")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("content-disposition"), "attachment; filename*=UTF-8''a%22.svg");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("content-security-policy"), "default-src 'none'; sandbox");
    client.get(&format!("{bob}/files/{blob}")).await.refused(404, "not_found");
    for odd in ["x", "..%2f..%2fetc%2fpasswd", &"A".repeat(64)] {
        client.get(&format!("{ana}/files/{odd}")).await.refused(404, "not_found");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_kept_any_more_is_neither_shown_nor_sent_again() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let (path, client) = (site.path("ana").await, site.signed_in("bea").await);
    assert_eq!(client.post(&format!("{path}/take"), &json!({})).await.status, StatusCode::NO_CONTENT);
    let headers = [("content-type", "text/plain"), ("x-switchboard", "console")];
    let mut files = Vec::new();
    for (id, name, bytes) in [("a", "a.txt", "first"), ("b", "b.txt", "second")] {
        let uploaded = client.send(Method::POST, &format!("{path}/files?name={name}"), &headers, Bytes::from(bytes)).await.json();
        let blob = uploaded["id"].as_str().unwrap().to_owned();
        let sent = client.post(&format!("{path}/messages"), &json!({ "client_id": id, "files": [blob] })).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
        // Seen once, so that the server knows where it is.
        assert_eq!(client.get(&format!("{path}/files/{blob}")).await.status, StatusCode::OK);
        files.push(blob);
    }
    let (contact, conversation) = site.place("ana").await;
    for blob in &files {
        site.handle.put_record(runtime::privacy::UPLOADS_OF_AGENTS, &format!("{conversation}/{blob}"), None).await.unwrap();
    }
    let again = |blob: &str, id: &str| json!({ "client_id": id, "files": [blob] });
    // Its bytes are gone, and the message that names it is there.
    let lost = model::BlobId(files[1].clone());
    let blobs = site.handle.blobs();
    let doom = blobs.doom(std::slice::from_ref(&lost));
    blobs.remove_doomed(doom, &Default::default()).unwrap();
    let told = client.post(&format!("{path}/messages"), &again(&files[1], "c")).await;
    told.refused(422, "file_gone");
    assert!(told.text().contains("b.txt") && told.text().contains("upload it again"), "{}", told.text());
    client.get(&format!("{path}/files/{}", files[1])).await.refused(404, "not_found");
    // The other way round: its message is kept no longer.
    let person = site.handle.person(contact).await.unwrap().unwrap();
    let lines = vec![(conversation, person.conversation(conversation).unwrap().last_no)];
    let forget = model::Forgotten { lines, ..Default::default() };
    let change = store::PersonChange { forget, ..store::PersonChange::new(contact, person.version) };
    store::commit_blocking(&site.store, store::Commit { person: Some(change), ..Default::default() }).unwrap();
    client.get(&format!("{path}/files/{}", files[0])).await.refused(404, "not_found");
    client.post(&format!("{path}/messages"), &again(&files[0], "d")).await.refused(422, "invalid");
    site.stop().await;
}

//! The flows page's data: the picture, the counts, and who may have them.

use crate::support::{Site, next_event};
use bytes::Bytes;
use http::{Method, StatusCode};
use model::Content;
use serde_json::json;

#[tokio::test]
async fn the_picture_and_the_counts_are_for_whoever_is_signed_in() {
    let site = Site::start().await;
    for path in ["/console/api/flows", "/console/api/flows/resting"] {
        site.client().get(path).await.refused(401, "signed_out");
    }
    let bea = site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let picture = client.get("/console/api/flows").await.json();
    let handing_over = picture["skills"].as_array().unwrap().iter().flat_map(|s| s["blocks"].as_array().unwrap());
    assert!(handing_over.clone().any(|b| b["kind"] == "live_chat" && b["rests"] == "hands_over" && b["group"] == "events"), "{picture}");
    assert_eq!(client.get("/console/api/flows").await.json(), picture, "drawn once per version");

    assert_eq!(client.get("/console/api/flows/resting").await.json()["places"], json!([]));
    let _present = site.waiting("ana", "support", &bea).await;
    assert_eq!(client.get("/console/api/flows/resting").await.json()["places"], json!([]), "counted at most every two seconds");
    site.clock.advance(3_000_000);
    let counts = client.get("/console/api/flows/resting").await.json();
    assert_eq!(counts["version"], picture["version"]);
    let places = counts["places"].as_array().unwrap();
    assert_eq!((places.len(), &places[0]["runs"], &places[0]["version"]), (1, &json!(1), &picture["version"]), "{counts}");
    let (skill, block) = (places[0]["skill"].as_str().unwrap(), places[0]["block"].as_str().unwrap());
    let drawn = picture["skills"].as_array().unwrap().iter().find(|s| s["name"] == skill).unwrap();
    assert!(drawn["blocks"].as_array().unwrap().iter().any(|b| b["name"] == block), "{skill}.{block} is drawn");
    assert!(!counts.to_string().contains("con_"), "how many, never who");
    site.stop().await;
}

#[tokio::test]
async fn an_open_chat_is_told_about_after_it_was_resolved() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let _present = site.waiting("ana", "support", &bea).await;
    let path = site.path("ana").await;
    assert_eq!(client.get(&path).await.status, StatusCode::OK);
    client.post(&format!("{path}/take"), &json!({})).await;
    client.post(&format!("{path}/resolve"), &json!({})).await;
    let mut stream = client.open(Method::GET, "/console/api/stream", &[], Bytes::new()).await.into_body();
    while next_event(&mut stream).await.0 != "hello" {}
    site.customer_says("ana", Content::text("one more thing")).await;
    let (_, conversation) = site.place("ana").await;
    loop {
        let (name, data) = next_event(&mut stream).await;
        if name == "conversation" {
            assert_eq!(data, conversation.to_string());
            break;
        }
    }
    site.stop().await;
}

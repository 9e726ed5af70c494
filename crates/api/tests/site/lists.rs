//! Long lists read page by page while somebody on them is erased, also while their very page is being read.

use crate::support::{Site, TOKEN};
use http::{Method, StatusCode};
use model::{Actor, Change, ContactId};
use serde_json::{Value, json};
use switchboard_api::control::{ControlFile, ExportAsk, Request, ask};

const WHERE: &str = "has%20tag%20vip";

fn by() -> Actor {
    Actor::Api("shop".into())
}

/// A site with five people who have a tag and are on a list, in the order of their ids.
async fn site() -> (Site, [ContactId; 5]) {
    let site = Site::start().await;
    let file = ControlFile { address: site.address, token: TOKEN.into() };
    ask(&file, &Request::SegmentsMake { key: "vips".into(), name: None }).await.unwrap();
    let ids = [1, 2, 3, 4, 5].map(|n| ContactId(n << 80));
    for id in ids {
        site.handle.create_contact(id, "api", vec![Change::AddTag("vip".into())], by()).await.unwrap();
        site.handle.set_listed("vips", id, true, by()).await.unwrap();
    }
    (site, ids)
}

/// A page through the HTTP API: the ids of the entries under a name, and where to go on.
async fn page(site: &Site, token: &str, path: &str, of: &str, cursor: &Value) -> (Vec<ContactId>, Value) {
    let begin = if path.contains('?') { '&' } else { '?' };
    let cursor = cursor.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let bearer = format!("Bearer {token}");
    let path = format!("/api/v1/{path}{begin}limit=2{cursor}");
    let answer = site.client().send(Method::GET, &path, &[("authorization", &bearer)], Default::default()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    let ids = body[of].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().parse().unwrap()).collect();
    (ids, body["next_cursor"].clone())
}

async fn token(site: &Site) -> String {
    let file = ControlFile { address: site.address, token: TOKEN.into() };
    let scopes = vec!["contacts:read".into(), "segments:read".into()];
    let made = ask(&file, &Request::KeysCreate { name: "reader".into(), scopes, per_minute: None }).await.unwrap();
    made["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_after_one_whose_people_were_erased_has_the_others() {
    for (path, of) in [("segments/vips/members".to_owned(), "members"), (format!("contacts?where={WHERE}"), "contacts")] {
        let (site, ids) = site().await;
        let token = token(&site).await;
        let (first, next) = page(&site, &token, &path, of, &Value::Null).await;
        assert_eq!(first, ids[..2], "{path}");
        for id in first {
            site.handle.erase(id, by()).await.unwrap();
        }
        let (second, next) = page(&site, &token, &path, of, &next).await;
        let (third, end) = page(&site, &token, &path, of, &next).await;
        assert_eq!((second.as_slice(), third.as_slice(), end), (&ids[2..4], &ids[4..], Value::Null), "{path}");
        site.stop().await;
    }
}

#[tokio::test]
async fn somebody_who_goes_while_their_page_is_read_does_not_end_the_list() {
    let (site, ids) = site().await;
    let token = token(&site).await;
    // The page stands still at its first contact, and its second one is erased.
    let held = site.store.hold_reads(ids[0]);
    let erase = async {
        while held.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        site.handle.erase(ids[1], by()).await.unwrap();
        drop(held);
    };
    let path = format!("contacts?where={WHERE}");
    let ((first, next), ()) = tokio::join!(page(&site, &token, &path, "contacts", &Value::Null), erase);
    assert_eq!(first, ids[..1]);
    assert_eq!(page(&site, &token, &path, "contacts", &next).await.0, ids[2..4]);
    site.stop().await;
}

#[tokio::test]
async fn an_export_goes_on_over_those_who_go_meanwhile() {
    let (site, ids) = site().await;
    let file = ControlFile { address: site.address, token: TOKEN.into() };
    let lines = |after: Option<ContactId>| {
        let columns = vec!["id".to_owned()];
        let ask = ExportAsk { condition: Some("has tag vip".into()), columns, format: Default::default(), after, limit: 2 };
        Request::ContactsExport { ask }
    };
    let held = site.store.hold_reads(ids[0]);
    let erase = async {
        while held.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        site.handle.erase(ids[1], by()).await.unwrap();
        drop(held);
    };
    let first = lines(None);
    let (first, ()) = tokio::join!(ask(&file, &first), erase);
    let first = first.unwrap();
    assert_eq!((&first["contacts"], &first["next"]), (&json!(1), &json!(ids[1])));
    let second = ask(&file, &lines(Some(ids[1]))).await.unwrap();
    let third = ask(&file, &lines(Some(ids[3]))).await.unwrap();
    let all = format!("{}{}{}", first["text"], second["text"], third["text"]);
    let found: Vec<usize> = ids.iter().map(|id| all.matches(&id.to_string()).count()).collect();
    assert_eq!((found, &third["next"]), (vec![1, 0, 1, 1, 1], &Value::Null));
    site.stop().await;
}

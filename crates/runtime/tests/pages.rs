//! Long lists that are read page by page: whoever was on them all the while is met once, though others go, become one with somebody, and
//! the process starts anew between two pages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{bot_files, served::options};

use model::{Actor, Change, ContactId, Instant};
use serde_json::json;
use std::collections::BTreeSet;
use store::MemStore;
use switchboard_runtime::{Handle, ManualClock, Service, start};

const TAGGED: &str = "has tag vip";

async fn serve(store: &MemStore) -> Service {
    let bot = bot_files(&[("segments.yaml", "vips: { where: has tag vip }\n")]);
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    start(options(bot, store, &clock, Vec::new())).await.unwrap()
}

fn by() -> Actor {
    Actor::Api("shop".into())
}

/// People in the segment; those who came first do not have the first ids.
async fn people(handle: &Handle, count: u128) -> Vec<ContactId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let id = ContactId(((n * 5) % count + 1) << 80);
        handle.create_contact(id, "api", vec![Change::AddTag("vip".into())], by()).await.unwrap();
        ids.push(id);
    }
    ids.sort_unstable();
    ids
}

/// The next two of a list, and where to go on.
async fn page(handle: &Handle, members: bool, after: Option<ContactId>) -> (Vec<ContactId>, Option<ContactId>) {
    let page = if members {
        handle.segment_page("vips", after, 2).await.unwrap()
    } else {
        let (condition, _) = handle.read_condition(&json!(TAGGED)).unwrap();
        handle.select(&condition, after, 2).await.unwrap().0
    };
    (page.ids, page.next)
}

/// Everybody from there on.
async fn rest(handle: &Handle, members: bool, mut after: Option<ContactId>) -> Vec<ContactId> {
    let mut all = Vec::new();
    loop {
        let (ids, next) = page(handle, members, after).await;
        all.extend(ids);
        assert!(all.len() < 100, "it goes round in a circle: {all:?}");
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_page_whose_people_were_erased_is_followed_by_the_others() {
    for members in [true, false] {
        let store = MemStore::new();
        let service = serve(&store).await;
        let all = people(&service.handle, 7).await;
        let (first, next) = page(&service.handle, members, None).await;
        assert_eq!(first, all[..2]);
        for id in first {
            service.handle.erase(id, by()).await.unwrap();
        }
        assert_eq!(rest(&service.handle, members, next).await, all[2..]);
        service.stop().await;
        // The same after a start, when nobody remembers them.
        let service = serve(&store.crash()).await;
        assert_eq!(rest(&service.handle, members, next).await, all[2..]);
        service.stop().await;
    }
}

#[tokio::test]
async fn whoever_became_one_with_somebody_is_met_once() {
    for members in [true, false] {
        let store = MemStore::new();
        let service = serve(&store).await;
        let handle = &service.handle;
        let all = people(handle, 6).await;
        let (first, next) = page(handle, members, None).await;
        let mut met: Vec<ContactId> = first;
        // The one the page ended with goes into somebody who is still to come, and somebody who is still to come into another.
        handle.merge(all[4], all[1], by()).await.unwrap();
        handle.merge(all[2], all[3], by()).await.unwrap();
        met.extend(rest(handle, members, next).await);
        assert_eq!(met, [all[0], all[1], all[2], all[4], all[5]]);
        let again = rest(handle, members, None).await;
        assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), again.len());
        assert_eq!(again, [all[0], all[2], all[4], all[5]]);
        service.stop().await;
    }
}

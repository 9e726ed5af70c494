//! The lists of static segments: who is on one stands there though the segment does not let them in, and goes with it or holds it back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{bot_files, served::options};

use engine::StoredSegment;
use model::{Actor, Change, ContactId, Instant};
use segments::RuleKind;
use store::MemStore;
use switchboard_runtime::{Expect, Handle, ManualClock, SegmentError, Service, start};

async fn serve() -> Service {
    let (store, clock) = (MemStore::new(), ManualClock::new(Instant::from_secs(1_772_442_000)));
    let bot = bot_files(&[("segments.yaml", "staff: { where: has tag staff }\n")]);
    start(options(bot, &store, &clock, Vec::new())).await.unwrap()
}

fn by() -> Actor {
    Actor::Api("shop".into())
}

/// A list that lets nobody in who works here, or whom the website did not vouch for.
fn beta(exclude: &[&str], verified: bool) -> StoredSegment {
    StoredSegment {
        key: "beta".into(),
        name: "Beta".into(),
        description: None,
        condition: None,
        exclude: exclude.iter().map(|key| (*key).to_owned()).collect(),
        verified,
    }
}

async fn put(handle: &Handle, segment: StoredSegment) -> Result<(), SegmentError> {
    handle.put_segment(segment, &Expect::Anything, by()).await.map(drop)
}

/// Somebody who works here, on the list.
async fn listed(handle: &Handle) -> ContactId {
    let id = handle.new_contact_id();
    handle.create_contact(id, "api", vec![Change::AddTag("staff".into())], by()).await.unwrap();
    handle.set_listed("beta", id, true, by()).await.unwrap();
    assert!(!handle.is_member(id, "beta") && handle.segment_sizes(&["beta"]) == [0]);
    id
}

#[tokio::test]
async fn a_list_with_people_is_not_deleted_though_nobody_of_them_is_in_the_segment() {
    for segment in [beta(&["staff"], false), beta(&[], true)] {
        let service = serve().await;
        let handle = &service.handle;
        put(handle, segment.clone()).await.unwrap();
        let id = listed(handle).await;
        let full = SegmentError::NotEmpty { key: "beta".into(), size: 1 };
        assert_eq!(handle.delete_segment("beta", &Expect::Present).await, Err(full.clone()));
        let rule = StoredSegment { condition: Some("has tag vip".into()), ..segment.clone() };
        assert_eq!(put(handle, rule).await, Err(full));
        // Taken off, they do not come back with the next list of that key.
        assert_eq!(handle.empty_list("beta", &by()).await, Ok(0));
        handle.delete_segment("beta", &Expect::Present).await.unwrap();
        assert!(handle.person(id).await.unwrap().contact.lists.is_empty());
        put(handle, beta(&[], false)).await.unwrap();
        assert_eq!(handle.segment_sizes(&["beta"]), [0]);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_judged_is_a_list_still() {
    let service = serve().await;
    let handle = &service.handle;
    put(handle, beta(&["staff"], false)).await.unwrap();
    let id = listed(handle).await;
    // What it looks into is not in the folder any more.
    handle.reload(bot_files(&[]));
    assert!(matches!(handle.segment_set().get("beta").unwrap().kind, RuleKind::Invalid(_)));
    let full = SegmentError::NotEmpty { key: "beta".into(), size: 1 };
    assert_eq!(handle.delete_segment("beta", &Expect::Present).await, Err(full));
    handle.set_listed("beta", id, false, by()).await.unwrap();
    handle.delete_segment("beta", &Expect::Present).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn whoever_is_on_a_list_already_is_not_put_there_by_freezing_a_rule() {
    let service = serve().await;
    let handle = &service.handle;
    put(handle, beta(&["staff"], false)).await.unwrap();
    listed(handle).await;
    let (condition, _) = handle.read_condition(&"has tag staff".into()).unwrap();
    assert_eq!(handle.freeze("beta", &condition, &by()).await, Ok(0));
    service.stop().await;
}

#[tokio::test]
async fn the_name_of_a_segment_has_its_longest() {
    let service = serve().await;
    let named = |letters: usize| StoredSegment { name: "ä".repeat(letters), ..beta(&[], false) };
    put(&service.handle, named(switchboard_runtime::SEGMENT_NAME)).await.unwrap();
    let refused = put(&service.handle, named(switchboard_runtime::SEGMENT_NAME + 1)).await;
    assert!(matches!(refused, Err(SegmentError::Field { field: "name", .. })), "{refused:?}");
    service.stop().await;
}

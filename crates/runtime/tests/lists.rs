//! The lists of static segments: who is on one stands there though the segment does not let them in, and goes with it or holds it back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{bot_files, served::options};

use engine::{Bot, StoredSegment};
use model::{Actor, Change, ContactId, Instant};
use segments::RuleKind;
use std::sync::Arc;
use store::{Commit, Fault, MemStore, RecordPut};
use switchboard_runtime::{Expect, Handle, LostList, LostSegments, ManualClock, SegmentError, Service, WriteError, start};
use tokio::task::JoinHandle;

const STAFF: &str = "staff: { where: has tag staff }\n";

async fn serve() -> Service {
    serve_with(&MemStore::new(), STAFF).await
}

async fn serve_with(store: &MemStore, segments: &str) -> Service {
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    start(options(bot_files(&[("segments.yaml", segments)]), store, &clock, Vec::new())).await.unwrap()
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
        assert!(handle.person(id).await.unwrap().unwrap().contact.lists.is_empty());
        put(handle, beta(&[], false)).await.unwrap();
        assert_eq!(handle.segment_sizes(&["beta"]), [0]);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_judged_is_a_list_still() {
    let store = MemStore::new();
    let service = serve_with(&store, STAFF).await;
    put(&service.handle, beta(&["staff"], false)).await.unwrap();
    let id = listed(&service.handle).await;
    service.stop().await;
    // What it looks into is not in the folder any more at the next start.
    let service = serve_with(&store.crash(), "others: { where: has tag other }\n").await;
    let handle = &service.handle;
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

/// Somebody who is on no list.
async fn somebody(handle: &Handle) -> ContactId {
    let id = handle.new_contact_id();
    handle.create_contact(id, "api", Vec::new(), by()).await.unwrap();
    id
}

/// Whether so many commits come to wait for the disk; given up when nothing more happens.
async fn are_held(store: &MemStore, commits: usize) -> bool {
    for _ in 0..200_000 {
        if store.held() == commits {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// Somebody is put on a list as an import, a change of many or a flow does.
fn changed(handle: &Handle, id: ContactId, list: &str) -> JoinHandle<Result<(), WriteError>> {
    let (handle, changes) = (handle.clone(), vec![Change::AddToList(list.into())]);
    tokio::spawn(async move { handle.modify(id, changes, by()).await })
}

/// A bot that is not to be taken.
fn reloaded(handle: &Handle, bot: Arc<Bot>) -> JoinHandle<Result<Vec<LostList>, LostSegments>> {
    let handle = handle.clone();
    tokio::spawn(async move { handle.reload(bot, |_| unreachable!("it is not taken")).await })
}

#[tokio::test]
async fn what_was_asked_for_before_a_list_went_puts_nobody_on_it() {
    let service = serve().await;
    let handle = &service.handle;
    let id = somebody(handle).await;
    put(handle, beta(&[], false)).await.unwrap();
    handle.delete_segment("beta", &Expect::Present).await.unwrap();
    let changes = |list: &str| vec![Change::AddToList(list.into()), Change::AddTag("asked".into())];
    // Nor on what is a rule.
    for list in ["beta", "staff"] {
        handle.modify(id, changes(list), by()).await.unwrap();
    }
    let contact = handle.person(id).await.unwrap().unwrap().contact.clone();
    assert!(contact.lists.is_empty() && contact.tags.len() == 1, "the rest is done: {contact:?}");
    put(handle, beta(&[], false)).await.unwrap();
    assert_eq!(handle.segment_sizes(&["beta"]), [0]);
    handle.modify(id, changes("beta"), by()).await.unwrap();
    assert_eq!(handle.segment_sizes(&["beta"]), [1]);
    service.stop().await;
}

#[tokio::test]
async fn a_list_is_not_deleted_while_somebody_is_being_put_on_it() {
    let store = MemStore::new();
    let service = serve_with(&store, STAFF).await;
    let handle = &service.handle;
    let id = somebody(handle).await;
    put(handle, beta(&[], false)).await.unwrap();
    store.order(Fault::Hold);
    let listing = tokio::spawn({
        let handle = handle.clone();
        async move { handle.set_listed("beta", id, true, by()).await }
    });
    assert!(are_held(&store, 1).await);
    let deleting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.delete_segment("beta", &Expect::Present).await }
    });
    assert!(!are_held(&store, 2).await, "it waits for who is on the list");
    store.release_all();
    listing.await.unwrap().unwrap();
    assert_eq!(deleting.await.unwrap(), Err(SegmentError::NotEmpty { key: "beta".into(), size: 1 }));
    assert_eq!(handle.segment_sizes(&["beta"]), [1]);
    service.stop().await;
}

#[tokio::test]
async fn whom_a_step_puts_on_a_list_while_it_goes_is_taken_off() {
    for becomes_a_rule in [false, true] {
        let store = MemStore::new();
        let service = serve_with(&store, STAFF).await;
        let handle = &service.handle;
        let id = somebody(handle).await;
        put(handle, beta(&[], false)).await.unwrap();
        store.order(Fault::Hold);
        let changing = changed(handle, id, "beta");
        assert!(are_held(&store, 1).await);
        let going = tokio::spawn({
            let handle = handle.clone();
            let rule = StoredSegment { condition: Some("has tag vip".into()), ..beta(&[], false) };
            async move {
                match becomes_a_rule {
                    true => put(&handle, rule).await,
                    false => handle.delete_segment("beta", &Expect::Present).await,
                }
            }
        });
        assert!(are_held(&store, 2).await, "nobody is on it yet");
        store.release_all();
        changing.await.unwrap().unwrap();
        going.await.unwrap().unwrap();
        assert!(handle.person(id).await.unwrap().unwrap().contact.lists.is_empty());
        put(handle, beta(&[], false)).await.unwrap();
        assert_eq!(handle.segment_sizes(&["beta"]), [0]);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_bot_that_lost_a_list_with_people_is_told_of() {
    const FILE: &str = "staff: { where: has tag staff }\npanel: { static: true }\nguests: { static: true }\n";
    let store = MemStore::new();
    let service = serve_with(&store, FILE).await;
    let handle = &service.handle;
    put(handle, beta(&[], false)).await.unwrap();
    let people = [somebody(handle).await, somebody(handle).await];
    for (id, list) in [(people[0], "panel"), (people[1], "panel"), (people[0], "beta")] {
        handle.set_listed(list, id, true, by()).await.unwrap();
    }
    let lost = async |segments: &str| {
        let LostSegments { unjudged, lists } =
            handle.check_segments(&bot_files(&[("segments.yaml", segments)])).await.err().unwrap_or_default();
        assert_eq!(unjudged, []);
        lists.into_iter().map(|list| (list.key, list.size)).collect::<Vec<_>>()
    };
    let panel = ("panel".to_owned(), 2);
    // "guests" has nobody.
    assert_eq!(lost(STAFF).await, std::slice::from_ref(&panel));
    assert_eq!(lost("panel: { where: has tag staff }").await, std::slice::from_ref(&panel), "a rule");
    assert_eq!(lost("panel: { static: true, exclude: [staff] }\nstaff: { where: has tag vip }").await, [], "another list");
    // The folder's goes before one beside it.
    assert_eq!(lost("panel: { static: true }\nbeta: { where: has tag vip }").await, [("beta".to_owned(), 1)]);
    let told = handle.check_segments(&bot_files(&[])).await.unwrap_err();
    for told in [told.to_string(), told.summary()] {
        assert!(told.contains("\"panel\"") && told.contains("2 contacts are on its list") && told.contains("E0352"), "{told}");
    }
    assert_eq!(handle.lost_lists(), []);
    handle.set_listed("panel", people[0], false, by()).await.unwrap();
    handle.set_listed("panel", people[1], false, by()).await.unwrap();
    assert_eq!(lost(STAFF).await, []);
    handle.set_listed("panel", people[1], true, by()).await.unwrap();
    // Somebody was put on it since the bot was checked.
    assert_eq!(
        handle.reload(bot_files(&[("segments.yaml", STAFF)]), |_| unreachable!("it is not taken")).await.unwrap_err().lists,
        [LostList { key: "panel".into(), size: 1 }]
    );
    assert_eq!(handle.bot().is_list("panel"), Some(true), "the bot that is served stays");
    service.stop().await;

    // At a start it is no reason to stop, and what is lost already is none to refuse a bot. Given back, the list is as it was.
    let service = serve_with(&store, STAFF).await;
    let handle = &service.handle;
    assert_eq!(handle.lost_lists(), [LostList { key: "panel".into(), size: 1 }]);
    assert_eq!(handle.check_segments(&bot_files(&[])).await, Ok(()));
    assert_eq!(handle.reload(bot_files(&[("segments.yaml", FILE)]), |_| {}).await, Ok(Vec::new()));
    assert!(handle.lost_lists().is_empty() && handle.segment_sizes(&["panel"]) == [1]);
    service.stop().await;
}

#[tokio::test]
async fn a_bot_waits_for_the_segment_that_is_being_made() {
    let store = MemStore::new();
    let service = serve_with(&store, STAFF).await;
    let handle = &service.handle;
    let bare = bot_files(&[("segments.yaml", "others: { where: has tag other }\n")]);
    assert_eq!(handle.check_segments(&bare).await, Ok(()));
    store.order(Fault::Hold);
    let making = tokio::spawn({
        let handle = handle.clone();
        let inside = StoredSegment { condition: Some("in segment staff".into()), ..beta(&[], false) };
        async move { put(&handle, inside).await }
    });
    // It is checked beside the threads of the runtime before it comes to the disk.
    let held = async {
        while store.held() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), held).await.expect("it comes to the disk");
    let reloading = reloaded(handle, bare);
    assert!(!are_held(&store, 2).await && !reloading.is_finished(), "it waits for the segment");
    store.release_all();
    making.await.unwrap().unwrap();
    let lost = reloading.await.unwrap().unwrap_err();
    assert_eq!(lost.unjudged.iter().map(|segment| segment.key.as_str()).collect::<Vec<_>>(), ["beta"]);
    assert!(handle.unjudged_segments().is_empty());
    service.stop().await;
}

#[tokio::test]
async fn a_bot_waits_for_whom_a_step_puts_on_a_list() {
    let store = MemStore::new();
    let service = serve_with(&store, "panel: { static: true }\n").await;
    let handle = &service.handle;
    let id = somebody(handle).await;
    let bare = bot_files(&[("segments.yaml", STAFF)]);
    assert_eq!(handle.check_segments(&bare).await, Ok(()));
    store.order(Fault::Hold);
    let changing = changed(handle, id, "panel");
    assert!(are_held(&store, 1).await);
    let reloading = reloaded(handle, bare);
    assert!(!are_held(&store, 2).await && !reloading.is_finished(), "it waits for who is put there");
    store.release_all();
    changing.await.unwrap().unwrap();
    assert_eq!(reloading.await.unwrap().unwrap_err().lists, [LostList { key: "panel".into(), size: 1 }]);
    service.stop().await;
}

#[tokio::test]
async fn a_list_begins_empty_whoever_was_left_on_one_of_its_key() {
    const FILE: &str = "beta: { static: true }\n";
    for was_a_rule in [false, true] {
        // A folder lost it, or the process ended between that it went and that the last were taken off.
        for of_the_folder in [false, true] {
            let store = MemStore::new();
            let service = serve_with(&store, if of_the_folder { FILE } else { STAFF }).await;
            let handle = &service.handle;
            if !of_the_folder {
                put(handle, beta(&[], false)).await.unwrap();
            }
            let (ana, ben) = (somebody(handle).await, somebody(handle).await);
            for id in [ana, ben] {
                handle.set_listed("beta", id, true, by()).await.unwrap();
            }
            let store = store.crash();
            let gone = RecordPut { table: "segments".into(), key: "beta".into(), value: None };
            store::commit_blocking(&store, Commit { person: None, records: vec![gone], ..Commit::default() }).unwrap();
            let service = serve_with(&store, STAFF).await;
            let handle = &service.handle;
            if was_a_rule {
                put(handle, StoredSegment { condition: Some("has tag vip".into()), ..beta(&[], false) }).await.unwrap();
            }
            put(handle, beta(&[], false)).await.unwrap();
            assert_eq!(handle.segment_sizes(&["beta"]), [0]);
            for id in [ana, ben] {
                assert!(handle.person(id).await.unwrap().unwrap().contact.lists.is_empty());
            }
            // Put there from now on, they stay, whatever else is said of it.
            handle.set_listed("beta", ana, true, by()).await.unwrap();
            put(handle, beta(&["staff"], false)).await.unwrap();
            assert_eq!(handle.segment_sizes(&["beta"]), [1]);
            service.stop().await;
        }
    }
}

#[tokio::test]
async fn a_segment_excludes_as_many_others_as_there_are() {
    let keys: Vec<String> = (0..600).map(|n| format!("s{n}")).collect();
    let rules: String = keys.iter().map(|key| format!("{key}: {{ where: has tag {key} }}\n")).collect();
    let service = serve_with(&MemStore::new(), &rules).await;
    let handle = &service.handle;
    put(handle, beta(&keys.iter().map(String::as_str).collect::<Vec<_>>(), false)).await.unwrap();
    let (ana, ben) = (somebody(handle).await, somebody(handle).await);
    handle.modify(ana, vec![Change::AddTag("s599".into())], by()).await.unwrap();
    for id in [ana, ben] {
        handle.set_listed("beta", id, true, by()).await.unwrap();
    }
    assert_eq!([ana, ben].map(|id| handle.is_member(id, "beta")), [false, true]);
    service.stop().await;
}

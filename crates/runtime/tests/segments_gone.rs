//! Stored segments that are deleted, or whose rule cannot be judged for a while, because the bot lost what it asks for: whoever was
//! in one is told so in their journey, when it goes and when it comes back (FL 5.8, FL 6.7).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::{merges::merge, world};

use engine::{Bot, StoredSegment};
use model::{Actor, Address, Change, InboxItem, Instant, JourneyEntry, JourneyKind, Value};
use std::sync::Arc;
use store::{Commit, MemStore, RecordPut, Store};
use switchboard_runtime::{Expect, LostSegments, ManualClock, core::Membership, start};
use world::{MINUTE, World, address, bot_files, served::options};

const YAML: &str = "name: World\nchannels:\n  push: { type: telegram }\n  web: { type: web }\ngroups:\n  support: { per_agent: 4 }\n";

fn bot(attributes: &str) -> Arc<Bot> {
    bot_files(&[("bot.yaml", &format!("{YAML}attributes:\n  orders: number\n{attributes}"))])
}

/// Writes a segment down, as far as the answer to who made it.
fn write(world: &mut World, key: &str, condition: &str) {
    record(world, key, Some(serde_json::json!({ "key": key, "name": key, "where": condition })));
}

/// Deletes a segment, as far as the answer to who did.
fn delete(world: &mut World, key: &str) {
    record(world, key, None);
}

fn record(world: &mut World, key: &str, value: Option<serde_json::Value>) {
    let put = RecordPut { table: "segments".into(), key: key.into(), value };
    store::commit_blocking(&world.store, Commit { person: None, records: vec![put], ..Commit::default() }).unwrap();
    world.core.read_segments(world.now).unwrap();
    world.pump();
}

/// Writes a segment down, and everybody's turn comes.
fn keep(world: &mut World, key: &str, condition: &str) {
    write(world, key, condition);
    world.pass(0);
}

/// Transitions in the journey, oldest first.
fn moves(world: &World, at: &Address) -> Vec<(Instant, String)> {
    let mut lines = world.store.journey(world.person(at).contact.id, 0, 1_000).unwrap();
    lines.reverse();
    let told = |line: JourneyEntry| match line.what {
        JourneyKind::SegmentEntered(to) => Some((line.at, format!("+{} ({})", to.segment, to.cause))),
        JourneyKind::SegmentLeft(from) => Some((line.at, format!("-{} ({})", from.segment, from.cause))),
        _ => None,
    };
    lines.into_iter().filter_map(told).collect()
}

/// What a move of "large" by its rule is in the journey.
fn large(at: Instant, how: char) -> (Instant, String) {
    (at, format!("{how}large (the rule changed)"))
}

/// A world in which these are in the segment "large" since the instant, and a bot that does not know what the segment asks for.
fn everybody_large(people: &[Address]) -> (World, Instant, Arc<Bot>, Arc<Bot>) {
    let (whole, less) = (bot("  size: text\n"), bot(""));
    let mut world = World::with(1, whole.clone());
    for (no, who) in people.iter().enumerate() {
        world.arrive(who, &format!("first{no}"), "hello");
        world.deliver();
        let changes = vec![Change::SetAttribute("size".into(), Value::text("L"))];
        world.item(who, InboxItem::Modify { changes, by: Actor::Api("test".into()) }, None);
    }
    world.pass(MINUTE);
    let made = world.now;
    keep(&mut world, "large", "size = \"L\"");
    world.pass(MINUTE);
    (world, made, whole, less)
}

#[test]
fn what_cannot_be_judged_is_left_and_entered_again_by_its_rule() {
    let ana = address("push", "ana");
    let (mut world, made, whole, less) = everybody_large(std::slice::from_ref(&ana));
    let id = world.person(&ana).contact.id;
    assert_eq!(world.core.membership(id, "large"), Some(Membership::In(Some(made))));
    let gone = world.now;
    world.change_bot(less);
    world.crash();
    world.pass(0);
    assert_eq!((world.core.membership(id, "large"), world.core.segment_size("large")), (Some(Membership::Out), 0));
    assert_eq!(moves(&world, &ana), [large(made, '+'), large(gone, '-')]);
    // Once, however often it starts like that.
    world.pass(MINUTE);
    world.crash();
    world.pass(MINUTE);
    let back = world.now;
    world.change_bot(whole);
    world.crash();
    world.pass(0);
    assert_eq!(world.core.membership(id, "large"), Some(Membership::In(Some(back))));
    assert_eq!(moves(&world, &ana), [large(made, '+'), large(gone, '-'), large(back, '+')]);
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn whose_turn_did_not_come_before_it_was_back_has_not_moved() {
    let (ana, bob) = (address("push", "ana"), address("push", "bob"));
    let (mut world, made, whole, less) = everybody_large(&[ana.clone(), bob.clone()]);
    let [ana_id, bob_id] = [&ana, &bob].map(|at| world.person(at).contact.id);
    let gone = world.now;
    world.change_bot(less);
    world.crash();
    // Nobody is in it from the first moment on; bob's turn comes with what he writes, ana's does not before the process ends.
    world.arrive(&bob, "second", "hello");
    assert!(!world.core.is_member(ana_id, "large") && !world.core.is_member(bob_id, "large"));
    assert_eq!(world.core.segment_size("large"), 0);
    world.now = gone.plus_micros(MINUTE);
    let back = world.now;
    world.change_bot(whole);
    world.crash();
    world.pass(0);
    assert_eq!(moves(&world, &ana), [large(made, '+')]);
    assert_eq!(world.core.membership(ana_id, "large"), Some(Membership::In(Some(made))), "for as long as before");
    assert_eq!(moves(&world, &bob), [large(made, '+'), large(gone, '-'), large(back, '+')]);
    assert_eq!(world.core.membership(bob_id, "large"), Some(Membership::In(Some(back))));
    assert_eq!(world.core.segment_size("large"), 2);
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn who_was_not_told_of_it_yet_when_it_went_enters_when_it_is_back() {
    let ana = address("push", "ana");
    let (whole, less) = (bot("  size: text\n"), bot(""));
    let mut world = World::with(2, whole.clone());
    world.arrive(&ana, "1", "hello");
    world.deliver();
    let changes = vec![Change::SetAttribute("size".into(), Value::text("L"))];
    world.item(&ana, InboxItem::Modify { changes, by: Actor::Api("test".into()) }, None);
    world.pass(MINUTE);
    write(&mut world, "large", "size = \"L\"");
    assert_eq!(world.core.segment_size("large"), 1, "the rule holds at once");
    world.change_bot(less);
    world.crash();
    world.pass(MINUTE);
    let back = world.now;
    world.change_bot(whole);
    world.crash();
    world.pass(0);
    assert_eq!(moves(&world, &ana), [large(back, '+')]);
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn whoever_is_in_a_segment_that_is_deleted_leaves_it_once() {
    for crashes in [false, true] {
        let ana = address("push", "ana");
        let (mut world, made, ..) = everybody_large(std::slice::from_ref(&ana));
        let id = world.person(&ana).contact.id;
        let gone = world.now;
        delete(&mut world, "large");
        assert_eq!((world.core.membership(id, "large"), world.core.segment_size("large")), (Some(Membership::Out), 0), "at once");
        if crashes {
            // Before her turn came.
            world.crash();
        }
        world.pass(0);
        assert_eq!(moves(&world, &ana), [large(made, '+'), large(gone, '-')]);
        world.pass(MINUTE);
        world.crash();
        world.pass(MINUTE);
        // Another one of the same name.
        let again = world.now;
        keep(&mut world, "large", "size = \"L\"");
        assert_eq!(moves(&world, &ana), [large(made, '+'), large(gone, '-'), large(again, '+')]);
        assert_eq!(world.core.membership(id, "large"), Some(Membership::In(Some(again))));
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn who_is_merged_before_they_were_told_of_a_deleted_segment_leaves_it_as_one() {
    let (ana, bob) = (address("push", "ana"), address("push", "bob"));
    let (mut world, made, ..) = everybody_large(&[ana.clone(), bob.clone()]);
    delete(&mut world, "large");
    merge(&mut world, &ana, &bob);
    let gone = world.now;
    assert_eq!(moves(&world, &ana).last(), Some(&large(gone, '-')));
    assert_eq!(moves(&world, &ana).iter().filter(|(at, _)| *at > made).count(), 1, "once");
    assert!(world.person(&ana).contact.memberships.is_empty());
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[tokio::test]
async fn a_bot_that_cannot_judge_what_can_be_judged_now_is_told_of() {
    const FANS: &str = "fans: { where: has tag fan }\n";
    let less = |attributes: &str, segments: &str| {
        let yaml = format!("{YAML}attributes:\n  orders: number\n{attributes}");
        bot_files(&[("bot.yaml", &yaml), ("segments.yaml", segments)])
    };
    let (store, clock) = (MemStore::new(), ManualClock::new(Instant::from_secs(1_772_442_000)));
    let service = start(options(less("  size: text\n", FANS), &store, &clock, Vec::new())).await.unwrap();
    let handle = &service.handle;
    for (key, condition) in [("large", "size = \"L\""), ("loyal", "in segment fans"), ("most", "in segment large or orders > 9")] {
        let segment = StoredSegment {
            key: key.into(),
            name: key.into(),
            description: None,
            condition: Some(condition.into()),
            exclude: Vec::new(),
            verified: false,
        };
        handle.put_segment(segment, &Expect::Absent, Actor::Api("test".into())).await.unwrap();
    }
    let lost = async |bot: Arc<Bot>| {
        let LostSegments { unjudged, lists } = handle.check_segments(&bot).await.err().unwrap_or_default();
        assert_eq!(lists, []);
        unjudged.into_iter().map(|segment| (segment.key, segment.why)).collect::<Vec<_>>()
    };
    assert_eq!(lost(less("  size: text\n  more: text\n", FANS)).await, []);
    let [(large, why), (most, because)] = lost(less("", FANS)).await.try_into().unwrap();
    assert_eq!((large.as_str(), most.as_str()), ("large", "most"));
    assert!(why.contains("size") && because.contains("\"large\""), "{why}; {because}");
    let [(loyal, why)] = lost(less("  size: text\n", "")).await.try_into().unwrap();
    assert!(loyal == "loyal" && why.contains("fans"), "{loyal}: {why}");
    // One that the folder has itself from now on is the folder's.
    assert_eq!(lost(less("  size: text\n", "fans: { where: has tag fan }\nlarge: { where: orders > 3 }\n")).await, []);
    assert!(handle.unjudged_segments().is_empty());
    service.stop().await;

    // At a start it is no reason to stop, and what is lost already is none to refuse a bot.
    let store = store.crash();
    let service = start(options(less("", FANS), &store, &clock, Vec::new())).await.unwrap();
    let handle = &service.handle;
    assert_eq!(handle.unjudged_segments().iter().map(|segment| segment.key.as_str()).collect::<Vec<_>>(), ["large", "most"]);
    assert_eq!(handle.check_segments(&less("  more: text\n", FANS)).await, Ok(()));
    assert_eq!(handle.check_segments(&less("", "")).await.unwrap_err().unjudged[0].key, "loyal");
    service.stop().await;
}

//! Outgoing webhooks in the core: rows ride in the commits that cause them, leave in order, survive crashes and outages, and stop at 410.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{Actor, Change, InboxItem, Instant};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{Commit, RecordPut, Store};
use switchboard_runtime::{HookEvent, Post, Posted, Webhook};
use world::{HOUR, MINUTE, SECOND, World, address};

const OK: Posted = Posted::Answered { status: 204, after: None };
const BROKEN: Posted = Posted::Answered { status: 500, after: None };

fn down() -> Posted {
    Posted::Failed { reason: "no connection".into() }
}

fn hook(events: &[HookEvent], parallel: u8) -> Webhook {
    Webhook {
        id: "whk_1".into(),
        url: "https://shop.example/hook".into(),
        events: events.iter().copied().collect(),
        description: String::new(),
        parallel,
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        before: None,
        created_at: Instant::from_secs(1_772_000_000),
        created_by: Actor::Api("test".into()),
        changed: None,
        version: 1,
        disabled: None,
        missed: None,
        deleted: false,
    }
}

/// A world with a webhook.
fn world(events: &[HookEvent], parallel: u8) -> World {
    let mut world = World::new(3);
    put(&world, &hook(events, parallel));
    world.crash();
    world
}

fn put(world: &World, webhook: &Webhook) {
    let put = RecordPut { table: "webhooks".into(), key: webhook.id.clone(), value: Some(serde_json::to_value(webhook).unwrap()) };
    store::commit_blocking(&world.store, Commit { records: vec![put], ..Commit::default() }).unwrap();
}

fn body(post: &Post) -> Value {
    serde_json::from_str(&post.body).unwrap()
}

/// Answers the oldest delivery under way; answers what it said.
fn answer(world: &mut World, posted: &Posted) -> Value {
    let (token, post) = world.posts.remove(0);
    let value: Value = serde_json::from_str(&post.id).unwrap_or_else(|_| json!(post.id));
    let mut said = body(&post);
    said["id"] = value;
    world.core.posted(world.now, token, posted);
    world.pump();
    world.pass(0);
    said
}

fn tag(world: &mut World, id: &str, label: &str) {
    let by = Actor::Api("test".into());
    world.item(&address("web", id), InboxItem::Modify { changes: vec![Change::AddTag(label.into())], by }, None);
}

fn queued(world: &World) -> usize {
    world.store.records("webhook_queue/whk_1").unwrap().len()
}

fn log(world: &World) -> Vec<Value> {
    world.store.records("webhook_log/whk_1").unwrap().into_iter().map(|(_, value)| value).collect()
}

fn types(said: &[Value]) -> Vec<&str> {
    said.iter().map(|said| said["type"].as_str().unwrap()).collect()
}

#[test]
fn what_happened_is_told_in_order_and_logged() {
    let mut world = world(&HookEvent::ALL, 1);
    world.arrive(&address("web", "ana"), "1", "tag");
    let mut said = Vec::new();
    while !world.posts.is_empty() {
        assert_eq!(world.posts.len(), 1, "one at a time");
        said.push(answer(&mut world, &OK));
    }
    assert_eq!(types(&said), ["contact.created", "tag.added", "conversation.started"]);
    let contact = world.person(&address("web", "ana")).contact.id.to_string();
    assert!(said.iter().all(|said| said["data"]["contact"] == contact.as_str()));
    assert_eq!((said[1]["data"]["tag"].as_str(), queued(&world)), (Some("seen"), 0));
    let log = log(&world);
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|line| line["ended"] == "delivered" && line["status"] == 204 && line["tries"] == 1));
}

#[test]
fn a_chat_is_told_from_the_hand_over_to_its_end() {
    let mut world = world(&[HookEvent::ConversationHandedOff, HookEvent::ConversationResolved], 1);
    let (ana, bea) = (address("web", "ana"), world.agent(1, true));
    world.arrive(&ana, "0", "hi");
    for round in ["1", "2"] {
        world.arrive(&ana, round, "human");
        let chat = world.conversation(&ana);
        let request = chat.request.as_ref().unwrap().id;
        world.item(&ana, InboxItem::Take { conversation: chat.id, request, agent: bea, name: "Bea".into() }, None);
        world.item(&ana, InboxItem::Resolve { conversation: chat.id, agent: bea, skill: None }, None);
        world.arrive(&ana, &format!("{round} again"), "hi");
        let mut said = Vec::new();
        while !world.posts.is_empty() {
            said.push(answer(&mut world, &OK));
        }
        assert_eq!(types(&said), ["conversation.handed_off", "conversation.resolved"], "round {round}");
        assert_eq!(said[1]["data"]["agent"], json!(bea));
        assert_eq!(said[1]["data"]["conversation"], json!(chat.id));
    }
}

/// A conversation that goes to another contact, and comes back, is the same one: nothing began and nothing ended.
#[test]
fn nothing_happens_in_a_conversation_that_moves() {
    let mut world = world(&HookEvent::ALL, 1);
    let (ana, ben, bea) = (address("web", "ana"), address("web", "ben"), world.agent(1, true));
    for at in [&ana, &ben] {
        world.arrive(at, "0", "hi");
    }
    world.arrive(&ben, "1", "human");
    let chat = world.conversation(&ben);
    let request = chat.request.as_ref().unwrap().id;
    world.item(&ben, InboxItem::Take { conversation: chat.id, request, agent: bea, name: "Bea".into() }, None);
    world.item(&ben, InboxItem::Resolve { conversation: chat.id, agent: bea, skill: None }, None);
    let told = |world: &mut World| {
        let mut said = Vec::new();
        while !world.posts.is_empty() {
            said.push(answer(world, &OK));
        }
        types(&said).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(told(&mut world).contains(&"conversation.resolved".to_owned()));
    let merge = crate::merges::merge(&mut world, &ana, &ben);
    let of_conversations = |all: &[String]| all.iter().filter(|name| name.starts_with("conversation.")).cloned().collect::<Vec<_>>();
    let united = told(&mut world);
    assert!(!united.is_empty() && of_conversations(&united).is_empty(), "{united:?}");
    crate::merges::undo(&mut world, merge).unwrap();
    let parted = told(&mut world);
    assert!(!parted.is_empty() && of_conversations(&parted).is_empty(), "{parted:?}");
}

/// Without a webhook, and for what none asks for, a commit is what it was.
#[test]
fn nothing_rides_along_that_nobody_wants() {
    let mut world = world(&[HookEvent::SegmentEntered], 1);
    world.arrive(&address("web", "ana"), "1", "tag");
    assert!(world.posts.is_empty() && queued(&world) == 0);
}

#[test]
fn a_delivery_that_fails_holds_up_its_contact_alone() {
    let mut world = world(&[HookEvent::TagAdded], 1);
    for who in ["ana", "bo"] {
        world.arrive(&address("web", who), "1", "hi");
    }
    tag(&mut world, "ana", "one");
    tag(&mut world, "ana", "two");
    tag(&mut world, "bo", "three");
    assert_eq!(answer(&mut world, &BROKEN)["data"]["tag"], "one");
    assert_eq!(answer(&mut world, &OK)["data"]["tag"], "three", "somebody else's goes on");
    assert!(world.posts.is_empty(), "what comes after it waits for it");
    world.pass(5 * SECOND);
    let again = answer(&mut world, &Posted::Answered { status: 302, after: None });
    assert_eq!(again["data"]["tag"], "one", "a redirect is a failure like any other");
    world.pass(30 * SECOND - 1);
    assert!(world.posts.is_empty(), "it waits longer each time");
    world.pass(1);
    let third = answer(&mut world, &OK);
    assert_eq!((&third["id"], &third["timestamp"]), (&again["id"], &again["timestamp"]), "each try says the same");
    assert_eq!(answer(&mut world, &OK)["data"]["tag"], "two");
    assert_eq!(log(&world).iter().map(|line| line["tries"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 1, 1]);
}

#[test]
fn an_hour_of_outage_loses_nothing_and_keeps_the_order() {
    let mut world = world(&[HookEvent::TagAdded, HookEvent::EventRecorded], 4);
    for who in ["ana", "bo", "cy"] {
        world.arrive(&address("web", who), "1", "hi");
    }
    let began = world.now;
    let mut tries = 0;
    let mut number = 0;
    while world.now < began.plus_micros(HOUR) {
        for who in ["ana", "bo", "cy"] {
            number += 1;
            tag(&mut world, who, &format!("{number:03}"));
        }
        world.pass(MINUTE);
        while !world.posts.is_empty() {
            tries += 1;
            answer(&mut world, &down());
        }
    }
    assert!((10..60).contains(&tries), "it is looked for, not hammered: {tries}");
    assert_eq!(queued(&world), number);
    // And the process dies in the middle of it.
    world.crash();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..=number {
        world.pass(if world.posts.is_empty() { 5 * MINUTE } else { 0 });
        assert!(world.posts.len() <= 4);
        if world.posts.is_empty() {
            break;
        }
        let said = answer(&mut world, &OK);
        let data = &said["data"];
        told.entry(data["contact"].as_str().unwrap().into()).or_default().push(data["tag"].as_str().unwrap().into());
    }
    assert_eq!(told.values().map(Vec::len).sum::<usize>(), number);
    assert!(told.len() == 3 && told.values().all(|tags| tags.is_sorted()), "{told:?}");
    assert_eq!(queued(&world), 0);
}

#[test]
fn after_410_nothing_leaves_until_somebody_enables_it() {
    let mut world = world(&[HookEvent::TagAdded], 1);
    world.arrive(&address("web", "ana"), "1", "hi");
    (0..4).for_each(|no| tag(&mut world, "ana", &format!("t{no}")));
    answer(&mut world, &OK);
    answer(&mut world, &Posted::Answered { status: 410, after: None });
    tag(&mut world, "ana", "later");
    world.pass(200 * HOUR);
    assert!(world.posts.is_empty());
    let stored: Webhook = serde_json::from_value(world.store.record("webhooks", "whk_1").unwrap().unwrap()).unwrap();
    assert_eq!(stored.version, 2, "whoever read it before and changes it is told");
    assert_eq!(stored.disabled.map(|disabled| disabled.why).as_deref(), Some("gone"));
    assert!(world.alerts.iter().any(|alert| alert.contains("410")));
    world.crash();
    world.pass(HOUR);
    assert!(world.posts.is_empty(), "nor after a restart");
    assert_eq!(queued(&world), 3, "what waited still does; what happened since is not told");
    put(&world, &hook(&[HookEvent::TagAdded], 1));
    world.crash();
    world.pass(0);
    assert_eq!(answer(&mut world, &OK)["data"]["tag"], "t1", "the one that was answered 410 is told again");
}

/// What was under way when the process died is told once more, under the same id, and before anything later of the contact.
#[test]
fn a_crash_repeats_at_most_what_was_under_way() {
    let mut world = world(&[HookEvent::TagAdded], 1);
    world.arrive(&address("web", "ana"), "1", "hi");
    (0..6).for_each(|no| tag(&mut world, "ana", &format!("t{no}")));
    let mut told: Vec<(String, String)> = Vec::new();
    for round in 0..20 {
        world.pass(0);
        let Some((_, post)) = world.posts.first() else { break };
        // It arrived; whether the answer does is another matter.
        told.push((post.id.clone(), body(post)["data"]["tag"].as_str().unwrap().into()));
        if round % 3 == 1 { world.crash() } else { drop(answer(&mut world, &OK)) }
    }
    let mut once = told.clone();
    once.dedup();
    assert!(once.len() < told.len(), "something was under way at a crash");
    assert_eq!(once.iter().map(|(_, tag)| tag.as_str()).collect::<Vec<_>>(), ["t0", "t1", "t2", "t3", "t4", "t5"]);
    assert_eq!(queued(&world), 0);
}

/// A commit that the store refuses brings no delivery, and its second attempt brings one.
#[test]
fn what_did_not_happen_is_not_told() {
    let mut world = world(&[HookEvent::TagAdded], 1);
    world.arrive(&address("web", "ana"), "1", "hi");
    world.store.order(store::Fault::Busy { nth: 1 });
    tag(&mut world, "ana", "one");
    assert!(world.posts.is_empty());
    world.pass(SECOND);
    assert_eq!(answer(&mut world, &OK)["data"]["tag"], "one");
    world.pass(SECOND);
    assert!(world.posts.is_empty() && queued(&world) == 0);
}

#[test]
fn a_secret_that_is_changed_signs_together_with_the_old_one_for_a_day() {
    let mut world = world(&[HookEvent::TagAdded], 1);
    world.arrive(&address("web", "ana"), "1", "hi");
    let now = world.now;
    let mut changed = hook(&[HookEvent::TagAdded], 1);
    changed.before = Some(("whsec_old".into(), now.plus_micros(24 * HOUR)));
    put(&world, &changed);
    world.crash();
    tag(&mut world, "ana", "one");
    assert_eq!(world.posts[0].1.secrets, [changed.secret.clone(), "whsec_old".into()]);
    answer(&mut world, &OK);
    world.pass(25 * HOUR);
    tag(&mut world, "ana", "two");
    assert_eq!(world.posts[0].1.secrets, [changed.secret]);
}

#[test]
fn who_leaves_a_segment_because_it_is_deleted_is_told_of() {
    let mut world = world(&[HookEvent::SegmentEntered, HookEvent::SegmentLeft], 1);
    let segment = |world: &mut World, value: Option<Value>| {
        let put = RecordPut { table: "segments".into(), key: "seen".into(), value };
        store::commit_blocking(&world.store, Commit { records: vec![put], ..Commit::default() }).unwrap();
        world.core.read_segments(world.now).unwrap();
        world.pump();
        world.pass(0);
    };
    world.arrive(&address("web", "ana"), "1", "tag");
    segment(&mut world, Some(json!({ "key": "seen", "name": "Seen", "where": "has tag seen" })));
    assert_eq!(answer(&mut world, &OK)["type"], "segment.entered");
    segment(&mut world, None);
    let said = answer(&mut world, &OK);
    assert_eq!(said["type"], "segment.left");
    assert_eq!((&said["data"]["segment"], &said["data"]["cause"]), (&json!("seen"), &json!("the rule changed")));
    assert!(world.posts.is_empty());
}

//! Stored segments whose rule cannot be judged for a while, because the bot lost what it asks for: whoever was in one is told so
//! in their journey, when it goes and when it comes back (FL 5.8, FL 6.7).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use engine::Bot;
use model::{Actor, Address, Change, InboxItem, Instant, JourneyEntry, JourneyKind, Value};
use std::sync::Arc;
use store::{Commit, RecordPut, Store};
use switchboard_runtime::core::Membership;
use world::{MINUTE, World, address, bot_files};

const YAML: &str = "name: World\nchannels:\n  push: { type: telegram }\n  web: { type: web }\ngroups:\n  support: { per_agent: 4 }\n";

fn bot(attributes: &str) -> Arc<Bot> {
    bot_files(&[("bot.yaml", &format!("{YAML}attributes:\n  orders: number\n{attributes}"))])
}

/// Writes a segment down, as far as the answer to who made it.
fn write(world: &mut World, key: &str, condition: &str) {
    let value = serde_json::json!({ "key": key, "name": key, "where": condition });
    let put = RecordPut { table: "segments".into(), key: key.into(), value: Some(value) };
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

//! Somebody with two conversations who refused messages on the channel of one of them: what is meant for them begins in the other one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::{merges::merge, world};

use model::{Actor, Address, Change, InboxItem};
use world::{HOUR, MINUTE, SECOND, World, address, bot_with};

const NEWS: (&str, &str) = ("news", "skill: news\ncatch:\n  - event: news\nblocks:\n  tell:\n    text: News.\n");
const TELL: (&str, &str) = ("tell", "skill: tell\ncatch:\n  - command: tell\nblocks:\n  all:\n    trigger: news\n    to: has tag seen\n");

/// One person in two conversations, who said `stop` in the first one and `start` in the second one, and then was answered in the first.
fn refused_here(seed: u64) -> (World, Address, Address) {
    let mut world = World::with(seed, bot_with(&[NEWS, TELL]));
    let (here, there) = (address("push", "ana"), address("web", "ana"));
    for at in [&here, &there] {
        world.arrive(at, &format!("{at} 0"), "tag");
    }
    merge(&mut world, &here, &there);
    world.deliver();
    world.arrive(&here, "1", "stop");
    world.pass(SECOND);
    assert_eq!(world.person(&here).contact.status, "unsubscribed");
    world.arrive(&there, "2", "start");
    assert_eq!(world.person(&here).contact.status, "active");
    world.pass(SECOND);
    world.deliver();
    world.arrive(&here, "3", "remind");
    assert_eq!(world.deliver(), ["I will remind you."], "what they ask for they get");
    world.arrive(&here, "4", "name");
    assert_eq!(world.deliver(), ["What is your name?"], "and here they were asked last");
    (world, here, there)
}

fn news(world: &World, at: &Address) -> usize {
    world.said(at).iter().filter(|said| *said == "bot: News.").count()
}

fn trigger(world: &mut World, id: &str) {
    world.arrive(&address("web", "other"), id, "/tell");
    world.pass(MINUTE);
}

#[test]
fn a_trigger_is_heard_where_they_want_messages() {
    let (mut world, here, there) = refused_here(1);
    trigger(&mut world, "1");
    assert_eq!((news(&world, &here), news(&world, &there)), (0, 1));
    // Time brings nothing where they do not.
    world.pass(HOUR);
    assert!(world.deliver().is_empty());
    world.crash();
    world.arrive(&here, "5", "start");
    world.arrive(&here, "6", "name");
    world.deliver();
    trigger(&mut world, "2");
    assert_eq!((news(&world, &here), news(&world, &there)), (1, 1));
}

#[test]
fn a_refusal_that_a_program_notes_for_one_channel_ends_triggers_on_all() {
    let (mut world, here, there) = refused_here(2);
    let answer = |channel: &str, given| {
        let answer = Change::Consent { topic: model::MESSAGES.into(), channel: Some(channel.into()), given, proof: "a letter".into() };
        InboxItem::Modify { changes: vec![answer], by: Actor::Api("crm".into()) }
    };
    world.item(&here, answer("web", false), None);
    world.crash();
    trigger(&mut world, "1");
    assert_eq!((news(&world, &here), news(&world, &there)), (0, 0));
    assert_eq!(world.person(&here).contact.status, "unsubscribed");
    world.item(&here, answer("push", true), None);
    trigger(&mut world, "2");
    assert_eq!((news(&world, &here), news(&world, &there)), (1, 0));
}

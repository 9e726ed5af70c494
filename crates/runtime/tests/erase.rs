//! Erasing a person in the middle of anything: everything stops, nothing leaves afterwards, and nothing leads to them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{AcceptError, Sent};
use model::{Came, Change, InboxItem};
use std::sync::Arc;
use store::{Fault, Store};
use switchboard_runtime::{
    Tried,
    core::{Refusal, Remembered},
};
use world::{HOUR, MINUTE, SECOND, World, address};

fn nothing() -> Remembered {
    Arc::new(|_| Vec::new())
}

/// Erases whoever is on an address; answers the ticket.
fn erase(world: &mut World, at: &model::Address) -> u64 {
    let id = world.person(at).contact.id;
    let ticket = world.ticket();
    world.core.erase(world.now, id, None, nothing(), ticket);
    world.pump();
    ticket.0
}

/// Nothing is left of somebody who was on an address, and nothing comes of them.
fn nothing_is_left(world: &mut World, at: &model::Address, id: model::ContactId, given: usize) {
    assert_eq!(world.store.person_at(at).unwrap(), None);
    assert!(world.store.person(id).unwrap().is_none());
    assert!(world.store.journey(id, 0, 9).unwrap().is_empty() && world.store.events(id, 0, 9).unwrap().is_empty());
    let commits = world.commits;
    world.pass(48 * HOUR);
    assert_eq!(world.given.len(), given, "nothing leaves afterwards");
    assert!(world.stopped.is_none(), "{:?}", world.stopped);
    let stats = world.core.stats();
    assert_eq!((stats.requests, stats.calling), (0, 0), "{stats:?}");
    assert!(world.commits - commits <= 3, "only the runtime's own clock is written: {}", world.commits - commits);
    assert!(world.store.person(id).unwrap().is_none(), "nobody comes back by themselves");
    world.crash();
    assert!(world.store.people(None, 9).unwrap().iter().all(|p| p.contact.id != id));
}

#[test]
fn in_the_middle_of_a_question_and_a_timer() {
    let mut world = World::new(1);
    let ana = address("push", "ana");
    for (n, text) in ["hi", "remind", "name"].iter().enumerate() {
        world.arrive(&ana, &n.to_string(), text);
        world.deliver();
    }
    let id = world.person(&ana).contact.id;
    assert!(!world.conversation(&ana).timers.is_empty() && !world.conversation(&ana).runs.is_empty());
    let ticket = erase(&mut world, &ana);
    assert!(world.done[&ticket].is_ok());
    assert_eq!(world.gone, std::slice::from_ref(&ana), "whoever watches is let go");
    let given = world.given.len();
    nothing_is_left(&mut world, &ana, id, given);
}

#[test]
fn with_messages_on_their_way_out() {
    let mut world = World::new(2);
    let ana = address("push", "ana");
    world.arrive(&ana, "0", "hi");
    world.deliver();
    world.arrive(&ana, "1", "three");
    assert_eq!(world.person(&ana).outbox.len(), 3, "one is with the channel, two wait");
    let (id, given) = (world.person(&ana).contact.id, world.given.len());
    erase(&mut world, &ana);
    // The channel answers what it was given before.
    world.answer(Ok(Sent::default()));
    world.pass(MINUTE);
    nothing_is_left(&mut world, &ana, id, given);
}

#[test]
fn with_a_call_under_way() {
    let mut world = World::new(3);
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "look");
    let id = world.person(&ana).contact.id;
    assert_eq!(world.calls.len(), 1);
    erase(&mut world, &ana);
    world.answer_call(Tried::done(Came::Http { status: 200, body: Some("{\"stock\":3}".into()) }));
    nothing_is_left(&mut world, &ana, id, 0);
}

#[test]
fn in_the_queue_and_with_an_agent() {
    let mut world = World::new(4);
    let bea = world.agent(1, true);
    let (ana, bob) = (address("web", "ana"), address("web", "bob"));
    for at in [&ana, &bob] {
        world.arrive(at, "0", "hi");
        world.arrive(at, "1", "human");
    }
    let chat = world.conversation(&ana);
    let take = InboxItem::Take { conversation: chat.id, request: chat.request.unwrap().id, agent: bea, name: "Bea".into() };
    world.item(&ana, take, None);
    let id = world.person(&ana).contact.id;
    erase(&mut world, &ana);
    assert_eq!(world.core.stats().requests, 1, "only the other one is at the desk");
    let told = world.person(&bob).contact.id;
    erase(&mut world, &bob);
    nothing_is_left(&mut world, &bob, told, 0);
    nothing_is_left(&mut world, &ana, id, 0);
}

#[test]
fn what_waits_in_the_line_is_answered_and_comes_again_as_somebody_new() {
    let mut world = World::new(5);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    let id = world.person(&ana).contact.id;
    // A slow disk: a step is under way, then they are erased, then more comes.
    world.store.order(Fault::Hold);
    world.arrive(&ana, "1", "name");
    let ticket = world.ticket();
    world.core.erase(world.now, id, None, nothing(), ticket);
    let late = world.arrive(&ana, "2", "Ana");
    let change = world.item(&ana, InboxItem::Modify { changes: vec![Change::AddTag("vip".into())], by: model::Actor::System }, None);
    world.store.release_all();
    world.pump();
    assert!(world.done[&ticket.0].is_ok());
    assert!(matches!(world.accepted[&late], Err(AcceptError::Unavailable)), "the channel brings it again");
    assert_eq!(world.done[&change], Err(Refusal::NotFound));
    world.arrive(&ana, "2", "Ana");
    let new = world.person(&ana);
    assert_ne!(new.contact.id, id);
    assert_eq!(world.said(&ana).first().unwrap(), "user: Ana", "of before nothing is known");
    assert!(new.contact.tags.is_empty());
}

#[test]
fn it_is_told_if_they_changed_since_it_was_prepared() {
    let mut world = World::new(6);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    let person = world.person(&ana);
    let ticket = world.ticket();
    world.core.erase(world.now, person.contact.id, Some(person.version + 7), nothing(), ticket);
    world.pump();
    assert_eq!(world.done[&ticket.0], Err(Refusal::Changed));
    assert!(world.store.person(person.contact.id).unwrap().is_some());
    let nobody = world.ticket();
    world.core.erase(world.now, model::ContactId(7), None, nothing(), nobody);
    world.pump();
    assert_eq!(world.done[&nobody.0], Err(Refusal::NotFound));
}

#[test]
fn a_busy_store_only_delays_it() {
    let mut world = World::new(7);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    let id = world.person(&ana).contact.id;
    world.store.order(Fault::Busy { nth: 1 });
    let ticket = erase(&mut world, &ana);
    assert!(!world.done.contains_key(&ticket));
    world.pass(SECOND);
    assert!(world.done[&ticket].is_ok());
    nothing_is_left(&mut world, &ana, id, 0);
}

#[test]
fn segments_count_them_no_more() {
    let vip = world::bot_files(&[("segments.yaml", "vip: { name: VIP, where: has tag seen }\n")]);
    let mut world = World::with(8, vip);
    let (ana, bob) = (address("web", "ana"), address("web", "bob"));
    for at in [&ana, &bob] {
        world.arrive(at, "0", "hi");
        world.arrive(at, "1", "tag");
    }
    let id = world.person(&ana).contact.id;
    assert_eq!((world.core.segment_size("vip"), world.core.is_member(id, "vip")), (2, true));
    erase(&mut world, &ana);
    assert_eq!((world.core.segment_size("vip"), world.core.is_member(id, "vip")), (1, false));
    world.crash();
    assert_eq!(world.core.segment_size("vip"), 1);
}

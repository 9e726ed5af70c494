//! The request lane of the core: calls leave after their commit, survive a crash, are bounded, and their answers go through
//! the line; messages wait for a run that requests (FL 5.4 rule 7).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{CallState, Came, InboxItem, JourneyKind, Rest};
use store::Store;
use switchboard_runtime::Tried;
use world::{MINUTE, SECOND, World, address};

fn ok(body: &str) -> Tried {
    Tried::done(Came::Http { status: 200, body: Some(body.into()) })
}

fn refused() -> Tried {
    Tried { came: Came::Failed { reason: "no connection".into(), status: None }, again: true, after: None }
}

fn said(world: &World, id: &str) -> String {
    world.said(&address("web", id)).last().cloned().unwrap_or_default()
}

/// A customer who was greeted.
fn greeted(world: &mut World, id: &str) {
    world.arrive(&address("web", id), "hello", "hi");
}

#[test]
fn an_answer_moves_the_run_and_its_row_goes_with_it() {
    let mut world = World::new(1);
    let at = address("web", "a");
    world.arrive(&at, "1", "look");
    assert_eq!(world.calls.len(), 1);
    let person = world.person(&at);
    assert_eq!((person.calls.len(), person.calls[0].attempts), (1, 1));
    world.answer_call(ok("{\"stock\":3}"));
    assert_eq!(said(&world, "a"), "bot: Stock 3.");
    assert!(world.person(&at).calls.is_empty());
    assert_eq!(world.core.stats().calling, 0);
}

#[test]
fn a_new_try_is_a_row_with_a_time_and_has_an_end() {
    let mut world = World::new(1);
    let at = address("web", "a");
    world.arrive(&at, "1", "look");
    world.answer_call(refused());
    let row = world.person(&at).calls[0].clone();
    assert_eq!((row.state, row.attempts), (CallState::Pending { not_before: world.now.plus_micros(2 * SECOND) }, 1));
    assert!(world.calls.is_empty());
    world.pass(2 * SECOND - 1);
    assert!(world.calls.is_empty(), "not before its time");
    world.pass(1);
    assert_eq!(world.calls.len(), 1);
    // The other side asks for more time.
    world.answer_call(Tried { after: Some(5 * SECOND), ..refused() });
    world.pass(4 * SECOND);
    assert!(world.calls.is_empty(), "the longer wait counts");
    world.pass(SECOND);
    world.answer_call(refused());
    assert_eq!(said(&world, "a"), "bot: No stock.");
    assert_eq!(world.called.len(), 3, "once, and twice again");
}

#[test]
fn a_new_try_survives_the_death_of_the_process() {
    let mut world = World::new(1);
    world.arrive(&address("web", "a"), "1", "look");
    world.answer_call(refused());
    world.crash();
    assert!(world.calls.is_empty(), "its time has not come");
    world.pass(2 * SECOND);
    world.answer_call(ok("{\"stock\":4}"));
    assert_eq!(said(&world, "a"), "bot: Stock 4.");
}

#[test]
fn what_only_reads_is_repeated_after_every_crash() {
    let mut world = World::new(1);
    world.arrive(&address("web", "a"), "1", "look");
    for _ in 0..3 {
        world.crash();
        world.pass(0);
        assert_eq!(world.calls.len(), 1);
    }
    assert!(world.called.iter().all(|r| r.attempts == 1), "a try that nobody saw the end of does not count");
    world.answer_call(ok("{\"stock\":5}"));
    assert_eq!(said(&world, "a"), "bot: Stock 5.");
}

#[test]
fn what_changes_something_is_sent_once_more_under_the_same_id_and_never_oftener() {
    let mut world = World::new(1);
    let at = address("web", "a");
    world.arrive(&at, "1", "order");
    world.crash();
    world.pass(0);
    assert_eq!(world.called.len(), 2);
    assert_eq!(world.called[0].call.id, world.called[1].call.id, "the other side can tell");
    world.crash();
    world.pass(0);
    assert_eq!(world.called.len(), 2);
    assert_eq!(said(&world, "a"), "bot: No order.");
    let journey = world.store.journey(world.person(&at).contact.id, 0, 100).unwrap();
    assert!(journey.iter().any(|j| matches!(&j.what, JourneyKind::Error(why) if why.contains("nobody knows whether it arrived"))));
}

#[test]
fn an_answer_whose_commit_is_lost_is_asked_for_again() {
    let mut world = World::new(1);
    world.arrive(&address("web", "a"), "1", "look");
    world.store.order(store::Fault::Hold);
    world.answer_call(ok("{\"stock\":3}"));
    world.crash();
    world.pass(0);
    world.answer_call(ok("{\"stock\":4}"));
    let lines = world.said(&address("web", "a"));
    assert_eq!(lines.iter().filter(|l| l.starts_with("bot: Stock")).collect::<Vec<_>>(), ["bot: Stock 4."]);
}

#[test]
fn a_call_does_not_leave_before_its_commit() {
    let mut world = World::new(1);
    world.store.order(store::Fault::Hold);
    world.arrive(&address("web", "a"), "1", "look");
    assert!(world.calls.is_empty());
    world.store.release_all();
    world.pump();
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn late_and_second_answers_are_dropped() {
    let mut world = World::new(1);
    let at = address("web", "a");
    world.arrive(&at, "1", "order");
    // The block gives up before the outside answers.
    world.pass(MINUTE);
    assert_eq!(said(&world, "a"), "bot: No order.");
    assert!(world.person(&at).calls.is_empty(), "what nobody waits for is called off");
    let lines = world.said(&at);
    let token = world.answer_call(ok("{}"));
    world.core.called(world.now, token, ok("{}"));
    world.pump();
    assert_eq!(world.said(&at), lines);
    let journey = world.store.journey(world.person(&at).contact.id, 0, 100).unwrap();
    assert!(journey.iter().any(|j| matches!(&j.what, JourneyKind::Error(line) if line.contains("dropped"))), "it is written down");
}

#[test]
fn so_many_calls_at_once_and_each_in_its_turn() {
    let mut world = World::new(1);
    for n in 0..20 {
        world.arrive(&address("web", &n.to_string()), "1", "look");
    }
    assert_eq!(world.calls.len(), 8, "so many to one host");
    let mut answered = 0;
    while !world.calls.is_empty() {
        world.answer_call(ok("{\"stock\":1}"));
        answered += 1;
        assert!(world.calls.len() <= 8);
    }
    assert_eq!(answered, 20);
    assert!((0..20).all(|n| said(&world, &n.to_string()) == "bot: Stock 1."));
}

#[test]
fn a_message_waits_for_a_run_that_requests_and_order_is_kept() {
    let mut world = World::new(1);
    let at = address("web", "a");
    greeted(&mut world, "a");
    world.arrive(&at, "1", "order");
    let early = world.arrive(&at, "2", "large");
    let later = world.arrive(&at, "3", "three");
    assert!(world.accepted[&early].is_ok() && world.accepted[&later].is_ok(), "what waits is durable and acknowledged");
    assert_eq!(world.person(&at).inbox.len(), 2);
    world.answer_call(ok("{}"));
    assert!(world.person(&at).inbox.is_empty());
    let lines = world.said(&at);
    let from = lines.iter().position(|l| l == "user: order").unwrap();
    assert_eq!(
        lines[from..],
        [
            "user: order",
            "bot: Ordered. Which size?",
            "user: large",
            "bot: Size large.",
            "user: three",
            "bot: one",
            "bot: two",
            "bot: three"
        ]
    );
}

#[test]
fn after_thirty_seconds_a_message_goes_on_down() {
    let mut world = World::new(1);
    let at = address("web", "a");
    greeted(&mut world, "a");
    // Three tries of ten seconds: the run waits longer than the message.
    world.arrive(&at, "1", "look");
    world.arrive(&at, "2", "three");
    world.pass(29 * SECOND);
    assert_eq!(said(&world, "a"), "user: look");
    world.pass(SECOND);
    assert_eq!(said(&world, "a"), "bot: three");
    let waits = |world: &World| world.conversation(&at).runs.iter().any(|r| matches!(r.rest, Rest::Calling(_)));
    assert!(waits(&world), "the run still waits");
    world.answer_call(ok("{\"stock\":3}"));
    assert_eq!(said(&world, "a"), "bot: Stock 3.");
    assert!(!waits(&world));
}

#[test]
fn what_waits_survives_the_death_of_the_process() {
    let mut world = World::new(1);
    let at = address("web", "a");
    greeted(&mut world, "a");
    world.arrive(&at, "1", "order");
    world.arrive(&at, "2", "large");
    world.crash();
    world.pass(0);
    assert!(matches!(world.person(&at).inbox[0].item, InboxItem::Incoming { .. }));
    world.answer_call(ok("{}"));
    assert_eq!(said(&world, "a"), "bot: Size large.");
}

#[test]
fn an_opt_out_word_waits_for_nobody_and_what_was_said_before_it_is_heard_before_it() {
    for crashes in [false, true] {
        let mut world = World::new(1);
        let at = address("web", "a");
        greeted(&mut world, "a");
        world.arrive(&at, "1", "order");
        world.arrive(&at, "2", "large");
        world.arrive(&at, "3", "green");
        if crashes {
            world.crash();
            world.pass(0);
        }
        assert_eq!(world.person(&at).inbox.len(), 2, "both wait for the run that requests");
        world.arrive(&at, "4", "STOP");
        let person = world.person(&at);
        assert_eq!((person.contact.status.as_str(), person.inbox.len()), ("unsubscribed", 0), "it acts at once");
        let lines = world.said(&at);
        let users: Vec<&String> = lines.iter().filter(|l| l.starts_with("user:")).collect();
        assert_eq!(users, ["user: hi", "user: order", "user: large", "user: green", "user: STOP"], "{lines:?}");
        assert!(!world.conversation(&at).runs.iter().any(|r| matches!(r.rest, Rest::Calling(_))), "the run is over");
        let until = world.said(&at).len();
        world.pass(MINUTE);
        assert_eq!(world.said(&at).len(), until, "and nothing comes of it any more");
    }
}

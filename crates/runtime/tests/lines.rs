//! Contact lines: one step at a time, nothing acknowledged before it is durable, nothing handled twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{AcceptError, Accepted};
use store::{Fault, Store};
use world::{MINUTE, World, address};

#[test]
fn a_message_is_acknowledged_when_its_step_is_durable_and_not_before() {
    let mut world = World::new(1);
    world.store.order(Fault::Hold);
    let ana = address("web", "ana");
    let ticket = world.arrive(&ana, "1", "hi");
    assert!(world.accepted.is_empty() && world.notices.is_empty(), "nothing is told before it is durable");
    world.store.release_all();
    world.pump();
    assert_eq!(world.accepted.remove(&ticket).unwrap().unwrap(), Accepted::New);
    assert_eq!(world.said(&ana), ["user: hi", "bot: Hello!"]);
    assert_eq!(world.commits, 1, "inbound and step are one commit");
}

#[test]
fn messages_while_a_commit_is_under_way_are_handled_in_order_and_acknowledged_with_the_next_commit() {
    let mut world = World::new(2);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.store.order(Fault::Hold);
    let tickets: Vec<u64> = ["name", "Ana", "three"].into_iter().map(|text| world.arrive(&ana, text, text)).collect();
    assert_eq!(world.store.held(), 1, "one commit at a time per contact");
    world.store.release(1);
    world.pump();
    assert!(world.accepted.contains_key(&tickets[0]) && !world.accepted.contains_key(&tickets[1]));
    world.store.release(1);
    world.pump();
    assert!(tickets.iter().all(|t| matches!(world.accepted[t], Ok(Accepted::New))), "what waits rides along with the next commit");
    assert_eq!(world.person(&ana).inbox.len(), 1, "the last one waits, durable");
    world.store.release_all();
    world.pump();
    let said = world.said(&ana);
    assert_eq!(
        said[2..],
        ["user: name", "bot: What is your name?", "user: Ana", "bot: Hi Ana!", "user: three", "bot: one", "bot: two", "bot: three"]
    );
    assert!(world.person(&ana).inbox.is_empty());
}

#[test]
fn what_waited_in_the_inbox_is_handled_after_a_crash_once() {
    let mut world = World::new(3);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.store.order(Fault::Hold);
    for text in ["name", "Ana", "three"] {
        world.arrive(&ana, text, text);
    }
    world.store.release(1);
    world.pump();
    world.store.release(1);
    world.crash();
    world.pass(0);
    let said = world.said(&ana);
    assert_eq!(said.iter().filter(|l| *l == "user: three").count(), 1);
    assert_eq!(said.last().unwrap(), "bot: three");
    let again = world.arrive(&ana, "three", "three");
    assert_eq!(world.accepted[&again].as_ref().unwrap(), &Accepted::Duplicate);
    assert_eq!(world.said(&ana).len(), said.len());
}

#[test]
fn a_second_delivery_is_acknowledged_when_the_first_is_durable_and_dropped() {
    let mut world = World::new(4);
    world.store.order(Fault::Hold);
    let ana = address("web", "ana");
    let first = world.arrive(&ana, "1", "hi");
    let second = world.arrive(&ana, "1", "hi");
    assert!(world.accepted.is_empty());
    world.store.release_all();
    world.pump();
    assert_eq!(world.accepted[&first].as_ref().unwrap(), &Accepted::New);
    assert_eq!(world.accepted[&second].as_ref().unwrap(), &Accepted::Duplicate);
    let third = world.arrive(&ana, "1", "hi");
    assert_eq!(world.accepted[&third].as_ref().unwrap(), &Accepted::Duplicate);
    assert_eq!(world.said(&ana), ["user: hi", "bot: Hello!"]);
    let other = world.arrive(&address("web", "bea"), "1", "hi");
    assert_eq!(world.accepted[&other].as_ref().unwrap(), &Accepted::New, "provider ids count per person");
}

#[test]
fn two_first_messages_at_once_make_one_person() {
    let mut world = World::new(5);
    world.store.order(Fault::Hold);
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "hi");
    world.arrive(&ana, "2", "three");
    world.store.release_all();
    world.pump();
    assert_eq!(world.store.people(None, 10).unwrap().len(), 1);
    assert_eq!(world.said(&ana), ["user: hi", "bot: Hello!", "user: three", "bot: one", "bot: two", "bot: three"]);
}

#[test]
fn an_input_that_panics_is_set_aside_after_three_tries_and_the_others_go_on() {
    let mut world = World::new(6);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    let boom = world.arrive(&ana, "1", "boom");
    assert_eq!(world.accepted[&boom].as_ref().unwrap(), &Accepted::New, "it is durable, though it cannot be handled");
    let person = world.person(&ana);
    assert!(person.inbox.is_empty());
    assert_eq!(person.parked.values().map(|r| r.tries).collect::<Vec<_>>(), [3]);
    assert_eq!(world.alerts.len(), 1);
    world.arrive(&ana, "2", "three");
    assert_eq!(world.said(&ana).last().unwrap(), "bot: three");
}

#[test]
fn tries_are_counted_over_restarts_and_a_first_message_that_panics_has_a_person() {
    let mut world = World::new(7);
    let ana = address("web", "ana");
    world.store.order(Fault::Hold);
    world.arrive(&ana, "1", "boom");
    for tries in 1..3 {
        world.store.release(1);
        assert_eq!(world.person(&ana).inbox[0].tries, tries);
        world.crash();
        world.store.order(Fault::Hold);
        world.pass(0);
    }
    world.store.release_all();
    world.pump();
    assert_eq!(world.person(&ana).parked.values().map(|r| r.tries).collect::<Vec<_>>(), [3]);
}

#[test]
fn five_hundred_wait_and_the_next_is_refused() {
    let mut world = World::new(8);
    let ana = address("web", "ana");
    world.store.order(Fault::Hold);
    for n in 0..500 {
        world.arrive(&ana, &n.to_string(), "hi");
    }
    let refused = world.arrive(&ana, "500", "hi");
    assert!(matches!(world.accepted[&refused], Err(AcceptError::TooMany)));
    world.store.release_all();
    world.pump();
    assert_eq!(world.accepted.values().filter(|a| matches!(a, Ok(Accepted::New))).count(), 500);
    let again = world.arrive(&ana, "500", "hi");
    assert!(matches!(world.accepted[&again], Ok(Accepted::New)), "refused means that it may come again");
}

#[test]
fn a_busy_store_is_tried_again_and_a_failed_one_stops_everything() {
    let mut world = World::new(9);
    let ana = address("web", "ana");
    world.store.order(Fault::Busy { nth: 1 });
    let ticket = world.arrive(&ana, "1", "hi");
    assert!(world.accepted.is_empty());
    world.pass(MINUTE);
    assert_eq!(world.accepted[&ticket].as_ref().unwrap(), &Accepted::New);
    world.store.order(Fault::Fail { nth: 1, kept: false });
    let lost = world.arrive(&ana, "2", "three");
    assert!(matches!(world.accepted[&lost], Err(AcceptError::Unavailable)));
    assert!(world.stopped.is_some());
    let after = world.arrive(&ana, "3", "three");
    assert!(matches!(world.accepted[&after], Err(AcceptError::Unavailable)), "nothing more is acknowledged");
}

#[test]
fn a_timer_fires_once_and_not_early_also_across_restarts() {
    let mut world = World::new(10);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "remind");
    let ticks = |world: &World| world.said(&ana).iter().filter(|l| *l == "bot: Tick.").count();
    world.pass(10 * MINUTE - 1);
    assert_eq!(ticks(&world), 0);
    world.crash();
    world.pass(1);
    assert_eq!(ticks(&world), 1);
    world.crash();
    world.pass(24 * 60 * MINUTE);
    assert_eq!(ticks(&world), 1);
}

#[test]
fn thousands_of_overdue_timers_are_caught_up_in_bounded_portions() {
    let mut world = World::new(11);
    let people: Vec<_> = (0..600).map(|n| address("web", &n.to_string())).collect();
    for at in &people {
        world.arrive(at, "0", "hi");
        world.arrive(at, "1", "remind");
    }
    world.now = world.now.plus_micros(12 * 60 * MINUTE);
    world.crash();
    let before = world.commits;
    world.core.due(world.now);
    world.pump();
    assert!(world.commits - before <= 256, "one call takes a bounded number");
    world.pass(0);
    assert!(people.iter().all(|at| world.said(at).iter().filter(|l| *l == "bot: Tick.").count() == 1));
}

#[test]
fn settled_answers_when_everything_was_processed() {
    let mut world = World::new(12);
    let ana = address("web", "ana");
    world.store.order(Fault::Hold);
    world.arrive(&ana, "1", "hi");
    world.arrive(&ana, "2", "three");
    let ticket = world.ticket();
    world.core.settle(&ana, ticket);
    world.pump();
    world.store.release(1);
    world.pump();
    assert!(world.settled.is_empty());
    world.store.release_all();
    world.pump();
    assert_eq!(world.settled, [ticket.0]);
    let nobody = world.ticket();
    world.core.settle(&address("web", "nobody"), nobody);
    world.pump();
    assert_eq!(world.settled, [ticket.0, nobody.0]);
}

#[test]
fn a_version_is_dropped_when_its_last_run_and_timer_ended_and_not_before() {
    let mut world = World::new(9);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "name");
    world.arrive(&ben, "0", "hi");
    world.arrive(&ben, "1", "remind");
    let old = world.core.bot().version().clone();
    // A commit under way begins its run in the old version: it is not dropped under it.
    let cleo = address("web", "cleo");
    world.arrive(&cleo, "0", "hi");
    world.store.order(Fault::Hold);
    world.arrive(&cleo, "1", "name");
    let second = world::bot_with(&[("second", "skill: second\ncatch: [{ command: second }]\nblocks:\n  a:\n    text: second\n")]);
    world.core.reload(world.now, second.clone());
    world.pump();
    assert!(world.retired.is_empty());
    world.store.release_all();
    world.pump();
    assert_eq!(world.core.programs().len(), 2);
    // A version that nobody used goes at once.
    let third = world::bot_with(&[("third", "skill: third\ncatch: [{ command: third }]\nblocks:\n  a:\n    text: third\n")]);
    world.core.reload(world.now, third.clone());
    world.pump();
    assert_eq!(world.retired, [second.version().clone()]);
    world.arrive(&ana, "2", "Ana");
    world.arrive(&cleo, "2", "Cleo");
    assert_eq!(world.said(&cleo).last().map(String::as_str), Some("bot: Hi Cleo!"), "the run of the commit under way has its version");
    assert_eq!(world.retired.len(), 1, "a timer still uses the old one");
    world.pass(11 * MINUTE);
    assert_eq!(world.said(&ben).last().map(String::as_str), Some("bot: Tick."));
    assert_eq!(world.retired, [second.version().clone(), old.clone()]);
    assert!(world.core.program(&old).is_none());
    // The same version twice replaces nothing.
    world.core.reload(world.now, third);
    world.pump();
    assert_eq!((world.retired.len(), world.core.programs().len()), (2, 1));
}

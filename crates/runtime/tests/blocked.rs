//! Somebody who is blocked: what they write is kept and not answered, nothing leaves by itself, and when they are unblocked what
//! rested goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Sent;
use model::{Actor, Address, Came, Change, Delivery, InboxItem, JourneyKind, MergeId, TranscriptEntry};
use store::Store;
use switchboard_runtime::Tried;
use world::{HOUR, MINUTE, World, address};

fn status(world: &mut World, at: &Address, status: &str) {
    let changes = vec![Change::SetStatus(status.into())];
    world.item(at, InboxItem::Modify { changes, by: Actor::Api("console".into()) }, None);
}

/// A world in which somebody on a channel that is pushed to was greeted and said this.
fn said(seed: u64, text: &str) -> (World, Address) {
    let mut world = World::new(seed);
    let ana = address("push", "ana");
    world.arrive(&ana, "0", "hi");
    world.deliver();
    world.arrive(&ana, "1", text);
    (world, ana)
}

#[test]
fn a_message_is_kept_and_not_answered_and_who_blocked_them_is_told() {
    let (mut world, ana) = said(1, "tag");
    world.deliver();
    status(&mut world, &ana, "blocked");
    let given = world.given.len();
    for (n, text) in ["three", "name", "human", "look"].iter().enumerate() {
        world.arrive(&ana, &format!("b{n}"), text);
    }
    world.pass(48 * HOUR);
    assert_eq!((world.given.len(), world.calls.len()), (given, 0), "nothing leaves");
    let kept = |line: &TranscriptEntry| matches!(line, TranscriptEntry::Message(m) if m.content.text == "human");
    assert_eq!(world.lines(&ana).iter().filter(|line| kept(line)).count(), 1);
    let id = world.person(&ana).contact.id;
    let journey = world.store.journey(id, 0, 99).unwrap();
    let blocked = journey.iter().find(|entry| matches!(&entry.what, JourneyKind::Status { to, .. } if to == "blocked"));
    assert_eq!(blocked.unwrap().by, Actor::Api("console".into()));
    assert!(journey.iter().any(|entry| matches!(&entry.what, JourneyKind::Handled { rule, .. } if rule == "blocked")));
    status(&mut world, &ana, "active");
    world.arrive(&ana, "c", "three");
    assert_eq!(world.deliver(), ["one", "two", "three"], "from now on they are answered; what they wrote before is not");
}

#[test]
fn a_timer_waits_and_ticks_once_also_across_a_restart() {
    let (mut world, ana) = said(2, "remind");
    world.deliver();
    status(&mut world, &ana, "blocked");
    world.pass(HOUR);
    world.crash();
    world.pass(HOUR);
    assert!(world.deliver().is_empty());
    status(&mut world, &ana, "active");
    world.pass(1);
    assert_eq!(world.deliver(), ["Tick."]);
    world.pass(48 * HOUR);
    assert!(world.deliver().is_empty());
}

#[test]
fn a_question_has_its_time_again() {
    let (mut world, ana) = said(3, "name");
    world.deliver();
    status(&mut world, &ana, "blocked");
    world.arrive(&ana, "2", "Ana");
    world.pass(HOUR);
    assert!(world.deliver().is_empty(), "neither an answer nor a timeout");
    status(&mut world, &ana, "active");
    assert_eq!(world.deliver(), ["What is your name?"], "it was long ago");
    world.pass(9 * MINUTE);
    assert!(world.deliver().is_empty());
    world.arrive(&ana, "3", "Bea");
    assert_eq!(world.deliver(), ["Hi Bea!"]);
}

/// Two people who are one from now on, each of whom was asked in a conversation of their own.
fn asked_twice(seed: u64) -> (World, Address, Address) {
    let mut world = World::new(seed);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at} 0"), "hi");
        world.arrive(at, &format!("{at} 1"), "name");
    }
    (world, ana, ben)
}

fn merge(world: &mut World, keep: &Address, other: &Address) -> MergeId {
    let (keep, other, ticket) = (world.person(keep).contact.id, world.person(other).contact.id, world.ticket());
    world.core.merge(world.now, keep, other, Actor::Api("crm".into()), ticket);
    world.pump();
    world.pass(0);
    world.done[&ticket.0].as_ref().unwrap().merge.unwrap()
}

/// Nothing is said for a long time, then the question of each conversation once more, and each has its time again.
fn has_its_time_again(world: &mut World, ana: &Address, ben: &Address, unblock: impl FnOnce(&mut World)) {
    let lines = |world: &World| [ana, ben].map(|at| world.said(at).len());
    let before = lines(world);
    world.pass(4 * 24 * HOUR);
    assert_eq!(lines(world), before, "neither is anything said nor does a question expire");
    unblock(world);
    world.pass(9 * MINUTE);
    for at in [ana, ben] {
        assert_eq!(world.said(at).last().unwrap(), "bot: What is your name?", "{at}: it was long ago");
        world.arrive(at, &format!("{at} late"), "Ana");
        assert_eq!(world.said(at).last().unwrap(), "bot: Hi Ana!", "{at}");
    }
    world.pass(HOUR);
    assert_eq!(world.core.stats().lines, 0, "nothing is left in memory");
}

#[test]
fn every_conversation_has_its_time_again_wherever_they_were_blocked() {
    let (mut world, ana, ben) = asked_twice(7);
    merge(&mut world, &ana, &ben);
    world.pass(MINUTE);
    status(&mut world, &ana, "blocked");
    world.pass(0);
    for at in [&ana, &ben] {
        assert!(engine::stands_still(&world.conversation(at)), "{at}");
    }
    world.crash();
    has_its_time_again(&mut world, &ana, &ben, |world| {
        status(world, &ana, "active");
    });
}

#[test]
fn who_is_blocked_by_a_merge_stands_still_until_it_is_undone() {
    let (mut world, ana, ben) = asked_twice(8);
    world.pass(MINUTE);
    status(&mut world, &ben, "blocked");
    let id = merge(&mut world, &ana, &ben);
    assert_eq!(world.person(&ana).contact.status, "blocked");
    has_its_time_again(&mut world, &ana, &ben, |world| {
        let ticket = world.ticket();
        world.core.undo_merge(world.now, id, Actor::Api("crm".into()), ticket);
        world.pump();
        assert_eq!((world.person(&ana).contact.status.as_str(), world.person(&ben).contact.status.as_str()), ("active", "blocked"));
        status(world, &ben, "active");
    });
}

#[test]
fn a_request_for_a_human_leaves_the_desk_in_whichever_conversation_it_is() {
    let (mut world, ana, ben) = asked_twice(9);
    world.agent(1, true);
    world.arrive(&ben, "answer", "Ben");
    world.arrive(&ben, "human", "human");
    merge(&mut world, &ana, &ben);
    // Asked last in the other conversation: the change happens there.
    world.pass(MINUTE);
    world.arrive(&ana, "again", "name");
    assert_eq!(world.core.stats().requests, 1);
    status(&mut world, &ana, "blocked");
    world.pass(0);
    let left = world.conversation(&ben);
    assert!(world.core.stats().requests == 0 && left.owner == model::Owner::Bot && left.request.is_none(), "{left:?}");
}

#[test]
fn what_waited_to_be_sent_is_not() {
    let (mut world, ana) = said(4, "three");
    assert_eq!(world.sends.len(), 1, "one is with the channel, two wait");
    status(&mut world, &ana, "blocked");
    world.answer(Ok(Sent::default()));
    world.pass(HOUR);
    assert!(world.sends.is_empty() && world.person(&ana).outbox.is_empty());
    let deliveries = world.deliveries(&ana);
    assert_eq!(deliveries["one"], Delivery::Sent);
    assert!(["two", "three"].iter().all(|text| deliveries[*text] == Delivery::Failed("the contact is blocked".into())), "{deliveries:?}");
}

#[test]
fn what_waited_to_be_sent_is_not_when_a_merge_makes_them_blocked() {
    for (seed, survives) in [(10, true), (11, false)] {
        let (mut world, ana) = said(seed, "three");
        let ben = address("push", "ben");
        world.arrive(&ben, "ben 0", "hi");
        status(&mut world, &ben, "blocked");
        assert_eq!(world.person(&ana).outbox.len(), 3);
        let (keep, other) = if survives { (&ana, &ben) } else { (&ben, &ana) };
        merge(&mut world, keep, other);
        assert_eq!(world.person(&ana).contact.status, "blocked");
        let deliveries = world.deliveries(&ana);
        let unsent = Delivery::Failed("the contact is blocked".into());
        assert!(["two", "three"].iter().all(|text| deliveries[*text] == unsent), "{survives}: {deliveries:?}");
        // What was under way arrives, or is not tried again.
        while !world.sends.is_empty() {
            world.answer(Err(channel::SendError::Temporary("busy".into())));
        }
        world.crash();
        world.pass(HOUR);
        assert!(world.sends.is_empty() && world.person(&ana).outbox.is_empty(), "{survives}");
        assert_eq!(world.deliveries(&ana)["one"], unsent, "{survives}");
    }
}

#[test]
fn who_waits_for_a_human_waits_no_more() {
    let mut world = World::new(5);
    world.agent(1, true);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "human");
    assert_eq!(world.core.stats().requests, 1);
    let lines = world.lines(&ana).len();
    status(&mut world, &ana, "blocked");
    assert_eq!(world.core.stats().requests, 0);
    world.arrive(&ana, "2", "human");
    world.pass(HOUR);
    assert_eq!((world.core.stats().requests, world.lines(&ana).len()), (0, lines + 1), "only their own words are new");
    status(&mut world, &ana, "active");
    world.pass(HOUR);
    assert_eq!(world.lines(&ana).len(), lines + 1);
}

#[test]
fn an_answer_from_outside_is_kept_until_they_are_unblocked() {
    let mut world = World::new(6);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "look");
    let lines = world.lines(&ana).len();
    status(&mut world, &ana, "blocked");
    world.answer_call(Tried::done(Came::Http { status: 200, body: Some("{\"stock\":3}".into()) }));
    world.pass(HOUR);
    assert_eq!(world.lines(&ana).len(), lines);
    status(&mut world, &ana, "active");
    world.pass(MINUTE);
    assert!(world.deliveries(&ana).contains_key("Stock 3."), "{:?}", world.deliveries(&ana));
}

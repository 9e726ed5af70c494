//! The outbox: order per conversation, retries, honest unknowns, and nothing confirmed is sent again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{SendError, Sent};
use model::{Address, Change, Delivery, JourneyKind, TranscriptEntry};
use store::{Fault, Store as _};
use world::{HOUR, MINUTE, SECOND, World, address};

fn three(seed: u64) -> (World, model::Address) {
    let mut world = World::new(seed);
    let ana = address("push", "ana");
    world.arrive(&ana, "0", "hi");
    world.deliver();
    world.arrive(&ana, "1", "three");
    (world, ana)
}

#[test]
fn one_message_of_a_lane_is_under_way_and_each_is_sent_once_in_order() {
    let (mut world, ana) = three(1);
    assert_eq!(world.sends.len(), 1, "the next one waits for the first one's answer");
    assert_eq!(world.deliver(), ["one", "two", "three"]);
    assert!(world.person(&ana).outbox.is_empty());
    assert!(world.deliveries(&ana).values().all(|d| *d == Delivery::Sent));
    switchboard_runtime::invariants::check_transcript(&world.lines(&ana)).unwrap();
}

#[test]
fn messages_of_a_channel_that_is_fetched_are_sent_when_they_are_committed() {
    let mut world = World::new(2);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    assert!(world.given.is_empty() && world.person(&ana).outbox.is_empty());
    assert_eq!(world.deliveries(&ana)["Hello!"], Delivery::Sent);
}

#[test]
fn retry_after_holds_the_chat_and_only_it_also_across_a_restart() {
    let (mut world, ana) = three(3);
    world.answer(Err(SendError::RetryAfter { after_ms: 30_000, whole_channel: false }));
    let bea = address("push", "bea");
    world.arrive(&bea, "0", "hi");
    assert_eq!(world.deliver(), ["Hello!"], "other chats go on");
    world.pass(29 * SECOND);
    world.crash();
    world.pass(SECOND - 1);
    assert!(world.sends.is_empty());
    world.pass(1);
    assert_eq!(world.deliver(), ["one", "two", "three"]);
    assert!(world.deliveries(&ana).values().all(|d| *d == Delivery::Sent), "a wait that was asked for is no attempt");
}

#[test]
fn a_flood_limit_holds_the_whole_channel_also_across_a_restart() {
    let (mut world, _) = three(4);
    world.answer(Err(SendError::RetryAfter { after_ms: 60_000, whole_channel: true }));
    world.arrive(&address("push", "bea"), "0", "hi");
    assert!(world.sends.is_empty());
    world.crash();
    world.pass(60 * SECOND - 1);
    assert!(world.sends.is_empty());
    world.pass(1);
    let mut texts = world.deliver();
    texts.sort();
    assert_eq!(texts, ["Hello!", "one", "three", "two"]);
}

#[test]
fn temporary_failures_are_tried_with_growing_waits_for_an_hour_and_the_lane_goes_on() {
    let (mut world, ana) = three(5);
    let mut attempts = 0;
    let mut waits = Vec::new();
    let began = world.now;
    while !world.sends.is_empty() {
        assert_eq!(world.answer(Err(SendError::Temporary("down".into()))).content.text, "one");
        attempts += 1;
        let before = world.now;
        while let (true, Some(next)) = (world.sends.is_empty(), world.core.next_due()) {
            world.pass(next.micros_since(world.now).max(1));
        }
        waits.push(world.now.micros_since(before));
    }
    assert!(world.now.micros_since(began) >= HOUR && world.now.micros_since(began) <= HOUR + SECOND);
    assert!((50..=90).contains(&attempts), "{attempts}");
    assert!(waits[0] < 2 * SECOND && waits[20] > 40 * SECOND);
    assert!(["one", "two", "three"].iter().all(|text| matches!(world.deliveries(&ana)[*text], Delivery::Failed(_))));
    assert!(world.person(&ana).outbox.is_empty());
    world.arrive(&ana, "2", "tag");
    assert_eq!(world.deliver(), ["Tagged."]);
}

#[test]
fn what_may_have_arrived_is_sent_once_more_and_shown_as_such() {
    let (mut world, ana) = three(6);
    world.answer(Err(SendError::Unknown("cut".into())));
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Unknown);
    world.pass(SECOND);
    assert_eq!(world.deliver(), ["one", "two", "three"]);
    let again = world.lines(&ana).into_iter().find_map(|line| match line {
        TranscriptEntry::Delivery(d) if d.delivery == Delivery::Sent && !d.degraded.is_empty() => Some(d.degraded),
        TranscriptEntry::Delivery(_) | TranscriptEntry::Message(_) => None,
    });
    assert!(again.is_some_and(|notes| notes[0].contains("sent again")));
}

#[test]
fn twice_unknown_stays_unknown_and_the_lane_goes_on() {
    let (mut world, ana) = three(7);
    world.answer(Err(SendError::Unknown("cut".into())));
    world.pass(SECOND);
    world.answer(Err(SendError::Unknown("cut".into())));
    assert_eq!(world.deliver(), ["two", "three"]);
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Unknown);
}

#[test]
fn what_was_under_way_at_a_crash_is_unknown_and_sent_once_more_and_confirmed_ones_are_not() {
    let (mut world, ana) = three(8);
    world.answer(Ok(Sent::default()));
    assert_eq!(world.sends[0].1.content.text, "two");
    world.crash();
    world.pass(0);
    assert_eq!(world.deliveries(&ana)["two"], Delivery::Unknown);
    assert_eq!(world.deliver(), ["two", "three"]);
    let given: Vec<&str> = world.given.iter().map(|out| out.content.text.as_str()).collect();
    assert_eq!(given, ["Hello!", "one", "two", "two", "three"]);
    let keys: Vec<&String> = world.given.iter().map(|out| &out.idempotency_key).collect();
    assert_eq!(keys[2], keys[3], "the same piece has the same key");
}

#[test]
fn a_crash_between_an_answer_and_its_commit_is_an_unknown_too() {
    let (mut world, ana) = three(9);
    world.store.order(Fault::Hold);
    world.answer(Ok(Sent::default()));
    assert!(world.sends.is_empty(), "the next one does not leave before the answer is durable");
    world.crash();
    world.pass(0);
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Unknown);
    assert_eq!(world.deliver(), ["one", "two", "three"]);
}

#[test]
fn a_permanent_failure_is_shown_and_the_lane_goes_on() {
    let (mut world, ana) = three(10);
    world.answer(Err(SendError::Permanent("chat not found".into())));
    assert_eq!(world.deliver(), ["two", "three"]);
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Failed("chat not found".into()));
}

#[test]
fn an_unreachable_address_fails_what_waits_and_marks_the_contact() {
    let (mut world, ana) = three(11);
    world.answer(Err(SendError::Unreachable("blocked by the user".into())));
    assert!(world.sends.is_empty() && world.person(&ana).outbox.is_empty());
    let deliveries = world.deliveries(&ana);
    assert!(["one", "two", "three"].iter().all(|text| matches!(&deliveries[*text], Delivery::Failed(_))));
    assert!(world.person(&ana).contact.reach(&ana).unwrap().unreachable.is_some());
}

#[test]
fn a_channel_has_a_bounded_number_of_messages_under_way_and_everybody_gets_a_turn() {
    let mut world = World::new(12);
    let people: Vec<_> = (0..100).map(|n| address("push", &n.to_string())).collect();
    for at in &people {
        world.arrive(at, "0", "hi");
    }
    assert_eq!(world.sends.len(), 32);
    assert_eq!(world.deliver().len(), 100);
    assert!(people.iter().all(|at| world.person(at).outbox.is_empty()));
}

#[test]
fn changes_by_others_go_through_the_line_and_are_answered_when_durable() {
    let mut world = World::new(13);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    let item = model::InboxItem::Modify { changes: vec![Change::AddTag("vip".into())], by: model::Actor::Api("shop".into()) };
    world.store.order(Fault::Hold);
    let ticket = world.item(&ana, item.clone(), None);
    assert!(world.done.is_empty());
    world.store.release_all();
    world.pump();
    assert!(world.done[&ticket].is_ok());
    assert!(world.person(&ana).contact.tags.contains_key(&model::TagKey::of("VIP")));
    let again = world.item(&ana, item, None);
    assert!(world.done[&again].is_ok(), "a change that changes nothing is answered as well");
}

#[test]
fn what_was_under_way_at_an_opt_out_is_not_tried_again_and_the_confirmation_goes() {
    // FL 7.9: unsent messages are cancelled; one that left already may arrive, and that is all.
    let limited = SendError::RetryAfter { after_ms: 30_000, whole_channel: false };
    for (seed, answer) in [(40, Some(limited)), (41, Some(SendError::Temporary("down".into()))), (42, None)] {
        let (mut world, ana) = three(seed);
        assert_eq!(world.sends[0].1.content.text, "one");
        world.arrive(&ana, "2", "stop");
        match answer {
            Some(answer) => drop(world.answer(Err(answer))),
            None => world.crash(),
        }
        world.pass(2 * MINUTE);
        let said = world.deliver();
        assert_eq!(said.len(), 1, "only the confirmation: {said:?}");
        assert!(said[0].contains("no more messages"), "{said:?}");
        let given = world.given.iter().filter(|out| out.content.text == "one").count();
        assert_eq!(given, 1, "it was tried once");
        for text in ["two", "three"] {
            assert!(matches!(&world.deliveries(&ana)[text], Delivery::Failed(why) if why.contains("does not want")), "{text}");
        }
        let shown = &world.deliveries(&ana)["one"];
        assert!(matches!(shown, Delivery::Failed(why) if why.contains("does not want")) || *shown == Delivery::Unknown, "{shown:?}");
        assert!(world.person(&ana).outbox.is_empty());
        switchboard_runtime::invariants::check_transcript(&world.lines(&ana)).unwrap();
    }
}

/// How the message that begins so is shown last, and what is noted on it.
fn shown(world: &World, at: &Address, begins: &str) -> (Delivery, Vec<String>) {
    let lines = world.lines(at);
    let message = lines.iter().find_map(|line| match line {
        TranscriptEntry::Message(m) if m.content.text.starts_with(begins) => Some(m.id),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    });
    let told = lines.iter().rev().find_map(|line| match line {
        TranscriptEntry::Delivery(d) if Some(d.message) == message => Some((d.delivery.clone(), d.degraded.clone())),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    });
    told.expect("something became of it")
}

#[test]
fn of_a_message_in_pieces_it_is_told_what_arrived() {
    let long = format!("skill: long\ncatch:\n  - keyword: [long]\nblocks:\n  a:\n    text: \"{}\"\n", "word ".repeat(2_000));
    let bot = world::bot_with(&[("long", &long)]);
    let begun = |seed: u64| {
        let mut world = World::with(seed, bot.clone());
        let ana = address("push", "ana");
        world.arrive(&ana, "0", "hi");
        world.deliver();
        world.arrive(&ana, "1", "long");
        world.answer(Ok(Sent::default()));
        assert_eq!((world.sends.len(), world.sends[0].1.part), (1, 1), "the second piece is under way");
        (world, ana)
    };
    let rest = "the rest was not sent: the customer does not want messages any more";
    let down = || SendError::Temporary("down".into());
    // The stop comes while the second piece is under way, or while it waits to be tried again.
    for stops_first in [true, false] {
        let (mut world, ana) = begun(60);
        if stops_first {
            world.arrive(&ana, "2", "stop");
            world.answer(Err(down()));
        } else {
            world.answer(Err(down()));
            world.arrive(&ana, "2", "stop");
        }
        world.pass(2 * MINUTE);
        let said = world.deliver();
        assert!(said.len() == 1 && said[0].contains("no more messages"), "only the confirmation: {said:?}");
        assert_eq!(shown(&world, &ana, "word"), (Delivery::Sent, vec![rest.to_owned()]));
        assert!(world.person(&ana).outbox.is_empty());
        switchboard_runtime::invariants::check_transcript(&world.lines(&ana)).unwrap();
    }
    let (mut world, ana) = begun(61);
    world.arrive(&ana, "2", "stop");
    world.answer(Err(SendError::Unknown("cut".into())));
    let (delivery, notes) = shown(&world, &ana, "word");
    assert!(delivery == Delivery::Unknown && notes.len() == 1 && notes[0].starts_with("the beginning arrived"), "{notes:?}");
    // A channel that refuses the rest is no wish of the customer's: it failed, and the flow learns of it.
    let (mut world, ana) = begun(62);
    world.answer(Err(SendError::Permanent("too long".into())));
    assert_eq!(shown(&world, &ana, "word").0, Delivery::Failed("only the beginning arrived: too long".into()));
}

#[test]
fn what_was_under_way_at_an_opt_out_and_may_have_arrived_is_not_sent_again() {
    let (mut world, ana) = three(43);
    world.arrive(&ana, "2", "stop");
    world.answer(Err(SendError::Unknown("cut".into())));
    world.pass(MINUTE);
    world.deliver();
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Unknown);
    assert_eq!(world.given.iter().filter(|out| out.content.text == "one").count(), 1);
}

#[test]
fn what_arrived_although_the_customer_opted_out_is_shown_as_sent() {
    let (mut world, ana) = three(44);
    world.arrive(&ana, "2", "stop");
    world.answer(Ok(Sent::default()));
    assert_eq!(world.deliver().len(), 1);
    assert_eq!(world.deliveries(&ana)["one"], Delivery::Sent);
}

#[test]
fn the_rest_of_a_message_in_pieces_does_not_leave_after_a_stop_and_no_slot_is_lost() {
    let long = format!("skill: long\ncatch:\n  - keyword: [long]\nblocks:\n  a:\n    text: \"{}\"\n", "word ".repeat(2_000));
    let bot = world::bot_with(&[("long", &long)]);
    // The stop is durable before the piece is answered; so often that a slot lost each time would close the channel.
    let mut world = World::with(50, bot);
    for n in 0..40 {
        let ana = address("push", &n.to_string());
        world.arrive(&ana, "0", "hi");
        world.deliver();
        world.arrive(&ana, "1", "long");
        assert_eq!(world.sends.len(), 1, "contact {n} gets a slot");
        world.arrive(&ana, "2", "stop");
        let first = world.answer(Ok(Sent::default()));
        assert_eq!(first.part, 0);
        let rest = world.deliver();
        assert!(rest.len() == 1 && rest[0].contains("no more messages"), "only the confirmation: {rest:?}");
        assert!(world.person(&ana).outbox.is_empty());
        let shown = world.deliveries(&ana).into_iter().find(|(text, _)| text.starts_with("word")).unwrap();
        assert_eq!(shown.1, Delivery::Sent);
        let id = world.person(&ana).contact.id;
        let journey = world.store.journey(id, 0, 99).unwrap();
        let told =
            |entry: &&model::JourneyEntry| matches!(&entry.what, JourneyKind::Delivery(note) if note.starts_with("the rest was not sent"));
        assert_eq!(journey.iter().filter(told).count(), 1);
    }
    for n in 100..140 {
        world.arrive(&address("push", &n.to_string()), "0", "hi");
    }
    assert_eq!(world.sends.len(), 32, "every slot is there");
}

//! What is told of messages that were said: seen, arrived, not arrived after all. It is durable and in order, it never takes anything
//! back, it is no sign of life, and what a hostile client tells does no harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{Actor, Address, Author, Came, Delivery, InboxItem, JourneyKind, Medium, Message, MessageId, TranscriptEntry};
use store::{Fault, Store};
use switchboard_runtime::Tried;
use world::{MINUTE, World, address, bot_files, bot_with};

const TOLD: &str = "skill: /_undelivered\nblocks:\n  tell: { text: \"Lost: ${event.reason}\", next: end }\n";

fn said(world: &World, at: &Address, text: &str) -> Message {
    let lines = world.lines(at);
    lines
        .into_iter()
        .find_map(|line| match line {
            TranscriptEntry::Message(m) if m.author != Author::Customer && m.content.text == text => Some(m),
            TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
        })
        .unwrap()
}

fn receipt(world: &World, at: &Address, (message, no): (MessageId, u64), delivery: Delivery) -> InboxItem {
    InboxItem::Receipt { conversation: world.conversation(at).id, message, no, delivery }
}

fn tell(world: &mut World, at: &Address, text: &str, delivery: Delivery) {
    let about = said(world, at, text);
    let item = receipt(world, at, (about.id, about.no), delivery);
    world.item(at, item, None);
}

/// How far each message got, by its text, as reports are put together.
fn fates(world: &World, at: &Address) -> Vec<(String, Delivery)> {
    let mut fates: Vec<Message> = Vec::new();
    for line in world.lines(at) {
        match line {
            TranscriptEntry::Message(m) if m.author != Author::Customer => fates.push(m),
            TranscriptEntry::Message(_) => {}
            TranscriptEntry::Delivery(update) => {
                let about = fates.iter().position(|m| m.id == update.message).unwrap();
                for (n, m) in fates.iter_mut().enumerate() {
                    m.delivery = match n.cmp(&about) {
                        std::cmp::Ordering::Equal => m.delivery.clone().then(update.delivery.clone()),
                        std::cmp::Ordering::Less if update.delivery == Delivery::Read => m.delivery.clone().then_read_on(),
                        std::cmp::Ordering::Less | std::cmp::Ordering::Greater => m.delivery.clone(),
                    };
                }
            }
        }
    }
    fates.into_iter().map(|m| (m.content.text, m.delivery)).collect()
}

#[test]
fn what_was_seen_is_one_durable_line_and_no_sign_of_life() {
    let mut world = World::new(1);
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "three");
    world.pass(MINUTE);
    let before = world.person(&ana);
    let (steps, commits, journey) =
        (world.core.stats().steps, world.commits, world.store.journey(before.contact.id, 0, usize::MAX).unwrap());
    tell(&mut world, &ana, "two", Delivery::Read);
    let after = world.person(&ana);
    assert_eq!((world.core.stats().steps, world.commits), (steps, commits + 1), "a commit, and no step");
    assert_eq!(after.contact, before.contact, "nothing about the person changes, nor when they were last active");
    assert_eq!(world.store.journey(after.contact.id, 0, usize::MAX).unwrap(), journey);
    let two = said(&world, &ana, "two");
    assert_eq!(world.conversation(&ana).read_to, two.no);
    let TranscriptEntry::Delivery(line) = world.lines(&ana).pop().unwrap() else { panic!("the newest line says what was read") };
    assert_eq!((line.message, line.delivery, line.at), (two.id, Delivery::Read, world.now));
    let states = [("one", Delivery::Read), ("two", Delivery::Read), ("three", Delivery::Sent)];
    assert_eq!(fates(&world, &ana), states.map(|(text, state)| (text.to_owned(), state)), "and what was said before was read as well");
    world.crash();
    assert_eq!(world.conversation(&ana).read_to, two.no);
    tell(&mut world, &ana, "three", Delivery::Read);
    assert!(fates(&world, &ana).iter().all(|(_, state)| *state == Delivery::Read));
}

#[test]
fn hostile_cursors_change_nothing() {
    let mut world = World::new(2);
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "three");
    tell(&mut world, &ana, "three", Delivery::Read);
    let (commits, read_to) = (world.commits, world.conversation(&ana).read_to);
    let last = world.conversation(&ana).last_no;
    let three = said(&world, &ana, "three").id;
    for no in [0, 1, read_to, last + 1, u64::MAX] {
        for delivery in [Delivery::Read, Delivery::Delivered, Delivery::Failed("made up".into())] {
            let item = receipt(&world, &ana, (three, no), delivery);
            world.item(&ana, item, None);
        }
    }
    // Nor what only the outbox knows.
    for delivery in [Delivery::Queued, Delivery::Received, Delivery::Sent, Delivery::Unknown] {
        let item = receipt(&world, &ana, (three, last), delivery);
        world.item(&ana, item, None);
    }
    assert_eq!((world.commits, world.conversation(&ana).read_to), (commits, read_to));
    // However often it is told, no more lines come of it than were said.
    for n in 0..50 {
        world.arrive(&ana, &format!("m{n}"), "three");
        for _ in 0..20 {
            let all = world.lines(&ana);
            for line in all {
                let TranscriptEntry::Message(m) = line else { continue };
                if m.author == Author::Customer {
                    continue;
                }
                let item = receipt(&world, &ana, (m.id, m.no), Delivery::Read);
                world.item(&ana, item, None);
            }
            if n > 2 {
                break;
            }
        }
    }
    let lines = world.lines(&ana);
    let reads = lines.iter().filter(|line| matches!(line, TranscriptEntry::Delivery(_))).count();
    assert!(reads < lines.len() - reads, "{reads} of {} lines", lines.len());
}

#[test]
fn what_waits_behind_a_commit_is_durable_with_it_and_in_order() {
    let mut world = World::new(3);
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "three");
    world.store.order(Fault::Hold);
    world.arrive(&ana, "2", "three");
    tell(&mut world, &ana, "one", Delivery::Read);
    tell(&mut world, &ana, "two", Delivery::Read);
    world.arrive(&ana, "3", "three");
    world.store.release_all();
    world.pump();
    world.pass(0);
    assert_eq!(world.said(&ana).len(), 12, "nobody waits for a receipt in vain");
    assert!(world.person(&ana).inbox.is_empty());
    assert_eq!(world.conversation(&ana).read_to, said(&world, &ana, "two").no);
    let reads: Vec<u64> = world.lines(&ana).iter().filter(|l| matches!(l, TranscriptEntry::Delivery(_))).map(TranscriptEntry::no).collect();
    assert_eq!(reads.len(), 2);
}

#[test]
fn reports_come_late_and_out_of_order_and_take_nothing_back() {
    let mut world = World::with(4, bot_with(&[("undelivered", TOLD)]));
    let ana = address("push", "ana");
    world.arrive(&ana, "1", "three");
    // The provider tells before its own answer is stored.
    tell(&mut world, &ana, "one", Delivery::Delivered);
    world.deliver();
    assert_eq!(fates(&world, &ana)[0].1, Delivery::Delivered);
    tell(&mut world, &ana, "two", Delivery::Read);
    tell(&mut world, &ana, "one", Delivery::Failed("late".into()));
    tell(&mut world, &ana, "two", Delivery::Delivered);
    let states = [("one", Delivery::Read), ("two", Delivery::Read), ("three", Delivery::Sent)];
    assert_eq!(fates(&world, &ana), states.map(|(text, state)| (text.to_owned(), state)));
    assert!(!world.said(&ana).contains(&"bot: Lost: late".to_owned()), "what was read did not fail");
    // What was taken and did not arrive after all is told to the flow, once.
    tell(&mut world, &ana, "three", Delivery::Failed("no such number".into()));
    world.deliver();
    assert_eq!(world.said(&ana).iter().filter(|line| *line == "bot: Lost: no such number").count(), 1);
    let told = world.store.journey(world.person(&ana).contact.id, 0, usize::MAX).unwrap();
    assert!(told.iter().any(|line| line.what == JourneyKind::Delivery("not delivered: no such number".into())));
    assert_eq!(fates(&world, &ana)[2].1, Delivery::Failed("no such number".into()));
}

#[test]
fn what_was_seen_goes_with_the_conversation_into_a_merge_and_back() {
    let mut world = World::new(5);
    let (ana, phone) = (address("web", "ana"), address("web", "phone"));
    world.arrive(&ana, "1", "three");
    world.arrive(&phone, "1", "three");
    tell(&mut world, &phone, "two", Delivery::Read);
    let read_to = world.conversation(&phone).read_to;
    let (keep, other) = (world.person(&ana).contact.id, world.person(&phone).contact.id);
    let ticket = world.ticket();
    world.core.merge(world.now, keep, other, Actor::Api("crm".into()), ticket);
    world.pump();
    world.pass(0);
    let merge = world.done.remove(&ticket.0).unwrap().unwrap().merge.unwrap();
    assert_eq!(world.conversation(&phone).read_to, read_to);
    // Told under the old id it comes to the one they are part of.
    let three = said(&world, &phone, "three");
    let (item, ticket) = (receipt(&world, &phone, (three.id, three.no), Delivery::Read), world.ticket());
    world.core.item(world.now, other, item, None, ticket);
    world.pump();
    assert_eq!(world.conversation(&phone).read_to, three.no);
    let ticket = world.ticket();
    world.core.undo_merge(world.now, merge, Actor::Api("crm".into()), ticket);
    world.pump();
    world.pass(0);
    assert_eq!(world.person(&phone).contact.id, other);
    assert_eq!(world.conversation(&phone).read_to, three.no);
}

#[test]
fn what_became_of_text_messages_is_journeyed() {
    let yaml = "name: World\nchannels:\n  web: { type: web }\nsms: { provider: twilio, account: AC1, token: \"${env.T}\", from: \"+34600000000\" }\n";
    let text = "skill: text\ncatch:\n  - keyword: [text]\nblocks:\n  send:\n    sms: { to: \"+34600111222\", text: Hi }\n    on: { error: no }\n    next: end\n  no: { text: No. }\n";
    let human = "skill: human\ncatch:\n  - keyword: [human]\nblocks:\n  person: { text: Nobody. }\n";
    let mut world = World::with(6, bot_files(&[("bot.yaml", yaml), ("skills/text.yaml", text), ("skills/human.yaml", human)]));
    let ana = address("web", "ana");
    world.arrive(&ana, "1", "hello");
    let mut calls = Vec::new();
    for (n, came) in [Came::Sent { id: None }, Came::Failed { reason: "no such number".into(), status: Some(400) }].into_iter().enumerate()
    {
        world.arrive(&ana, &format!("t{n}"), "text");
        calls.push(world.calls[0].1.call.id);
        world.answer_call(Tried { came, again: false, after: None });
    }
    let conversation = world.conversation(&ana).id;
    for read in [false, true] {
        let item = InboxItem::Reported { conversation, call: calls[0], place: "text.send".into(), failure: None, read };
        world.item(&ana, item, None);
    }
    let mut told: Vec<_> = world.store.journey(world.person(&ana).contact.id, 0, usize::MAX).unwrap();
    told.reverse();
    let told = told.into_iter().filter_map(|line| match line.what {
        JourneyKind::Told { call, medium: Medium::Sms, delivery } => Some((call, delivery, line.block.unwrap())),
        _ => None,
    });
    let states = [
        (calls[0], Delivery::Sent),
        (calls[1], Delivery::Failed("no such number".into())),
        (calls[0], Delivery::Delivered),
        (calls[0], Delivery::Read),
    ];
    let states = states.map(|(call, state)| (call, state, "text.send".to_owned()));
    assert_eq!(told.collect::<Vec<_>>(), states);
}

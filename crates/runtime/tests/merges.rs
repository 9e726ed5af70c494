//! Merges: two lives become one and two again, while runs wait, timers run, agents talk and messages are under way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{Accepted, Inbound, Sent};
use model::{
    Actor, Address, Change, ContactId, Content, IdentifierKind, InboxItem, Incoming, IncomingBody, JourneyKind, MergeId, Owner, Record,
    Value,
};
use std::collections::BTreeSet;
use store::{Fault, Store};
use switchboard_runtime::{
    Tried,
    core::Refusal,
    verify::{Around, verify},
};
use world::{MINUTE, SECOND, World, address, bot_files};

const SEGMENTS: &str = "buyer: { where: count(bought) >= 2 }\nlately: { where: \"count(bought, last 1 hours) >= 3\" }\ntagged: { where: has tag seen }\nnewcomer: { where: not has tag seen }\n";
const BOUGHT: &str = "skill: bought\ncatch: [{ segment: { entered: buyer } }]\nblocks:\n  thanks: { text: Welcome among our customers! }\n";

fn world(seed: u64) -> World {
    World::with(seed, bot_files(&[("segments.yaml", SEGMENTS), ("skills/bought.yaml", BOUGHT)]))
}

fn by() -> Actor {
    Actor::Api("crm".into())
}

/// Orders a merge; answers its ticket's number.
fn order(world: &mut World, keep: &Address, other: &Address) -> u64 {
    let (keep, other, ticket) = (world.person(keep).contact.id, world.person(other).contact.id, world.ticket());
    world.core.merge(world.now, keep, other, by(), ticket);
    world.pump();
    ticket.0
}

pub fn merge(world: &mut World, keep: &Address, other: &Address) -> MergeId {
    let ticket = order(world, keep, other);
    world.pass(0);
    world.done.remove(&ticket).expect("it is done").expect("it is allowed").merge.expect("it is a merge")
}

pub fn undo(world: &mut World, id: MergeId) -> Result<(), Refusal> {
    let ticket = world.ticket();
    world.core.undo_merge(world.now, id, by(), ticket);
    world.pump();
    world.pass(0);
    world.done.remove(&ticket.0).expect("it is answered").map(|_| ())
}

fn kinds(world: &World, id: ContactId) -> Vec<JourneyKind> {
    world.store.journey(id, 0, usize::MAX).unwrap().into_iter().rev().map(|entry| entry.what).collect()
}

/// Somebody does something on the website that the website signed for.
fn signed(world: &mut World, at: &Address, provider_id: &str, claims: &[(&str, Value)]) {
    let profile: Record = claims.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let body = IncomingBody::Event { name: "identified".into(), fields: Record::new() };
    let incoming = Incoming { body, at: world.now, profile, client_id: None };
    let ticket = world.ticket();
    world.core.inbound(world.now, Inbound { address: at.clone(), provider_id: provider_id.into(), incoming }, ticket);
    world.pump();
    world.pass(0);
}

fn segments_are_a_recount(world: &World, id: ContactId) {
    let person = world.store.person(id).unwrap().unwrap();
    let mut events = world.store.events(id, 0, usize::MAX).unwrap();
    events.reverse();
    let past = segments::Recorded { before: &segments::NoPast, since: &events };
    let bot = world.core.bot();
    let counted: BTreeSet<String> = engine::memberships(&bot, &person.contact, &past, world.now).into_iter().map(|(key, _)| key).collect();
    let durable: BTreeSet<String> = person.contact.memberships.keys().cloned().collect();
    assert_eq!(durable, counted, "INV-5 of {id}");
    for segment in bot.segments() {
        assert_eq!(world.core.is_member(id, &segment.key), counted.contains(&segment.key), "INV-5: {} of {id}", segment.key);
    }
}

#[test]
fn questions_timers_and_transcripts_of_both_go_on() {
    let mut world = world(1);
    let (ana, anonymous) = (address("web", "ana"), address("web", "anonymous"));
    for at in [&ana, &anonymous] {
        world.arrive(at, &format!("{at} 1"), "hi");
        world.arrive(at, &format!("{at} 2"), "remind");
        world.arrive(at, &format!("{at} 3"), "name");
    }
    world.pass(MINUTE);
    let gone = world.person(&anonymous).contact.id;
    let before = world.said(&anonymous);
    merge(&mut world, &ana, &anonymous);
    let keep = world.person(&ana).contact.id;
    assert_eq!(world.person(&anonymous).contact.id, keep, "the address leads to the survivor");
    assert_eq!(world.said(&anonymous), before, "what was said is there");
    world.arrive(&anonymous, "4", "Ann");
    world.arrive(&ana, "5", "Ana");
    assert_eq!(world.said(&anonymous).last().unwrap(), "bot: Hi Ann!");
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Hi Ana!");
    world.crash();
    world.pass(10 * MINUTE);
    for at in [&ana, &anonymous] {
        assert_eq!(world.said(at).iter().filter(|line| *line == "bot: Tick.").count(), 1, "INV-4: each timer ticks once");
    }
    // A second delivery of what the other one sent is known.
    let again = world.arrive(&anonymous, &format!("{anonymous} 2"), "remind");
    assert_eq!(world.accepted[&again].as_ref().unwrap(), &Accepted::Duplicate);
    // The old id leads on.
    let ticket = world.ticket();
    let tag = InboxItem::Modify { changes: vec![Change::AddTag("late".into())], by: by() };
    world.core.item(world.now, gone, tag, None, ticket);
    world.pump();
    assert!(world.done[&ticket.0].is_ok() && world.person(&ana).contact.tags.len() == 1);
    assert!(matches!(kinds(&world, gone).last(), Some(JourneyKind::MergedInto { into, .. }) if *into == keep));
    assert!(kinds(&world, keep).iter().any(|what| matches!(what, JourneyKind::Merged { other, .. } if *other == gone)));
    assert_eq!(world.core.stats().lines, 0, "nothing is left in memory");
}

#[test]
fn undoing_gives_back_what_runs_and_leaves_what_was_done_since() {
    let mut world = world(2);
    let (ana, ben) = (address("web", "ana"), address("push", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at} 1"), "hi");
        world.arrive(at, &format!("{at} 2"), "name");
        world.deliver();
    }
    let ids = (world.person(&ana).contact.id, world.person(&ben).contact.id);
    world.item(&ben, InboxItem::Modify { changes: vec![Change::AddTag("of ben".into())], by: by() }, None);
    let id = merge(&mut world, &ana, &ben);
    world.item(&ana, InboxItem::Modify { changes: vec![Change::AddTag("since".into())], by: by() }, None);
    world.arrive(&ben, "3", "Ben");
    world.arrive(&ben, "4", "remind");
    world.deliver();
    world.pass(MINUTE);
    undo(&mut world, id).unwrap();
    assert_eq!((world.person(&ana).contact.id, world.person(&ben).contact.id), ids);
    let tags = |at: &Address| world.person(at).contact.tags.values().map(|tag| tag.label.clone()).collect::<Vec<_>>();
    assert_eq!((tags(&ana), tags(&ben)), (vec!["since".to_owned()], vec!["of ben".to_owned()]));
    assert_eq!(world.person(&ana).conversations.len(), 1);
    let said = world.said(&ben);
    assert!(said.contains(&"bot: Hi Ben!".to_owned()) && said.contains(&"user: name".to_owned()), "{said:?}");
    world.arrive(&ana, "5", "Ana");
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Hi Ana!");
    world.crash();
    world.pass(10 * MINUTE);
    world.deliver();
    assert_eq!(world.said(&ben).iter().filter(|line| *line == "bot: Tick.").count(), 1, "the timer went back with its conversation");
    assert_eq!(world.said(&ana).iter().filter(|line| *line == "bot: Tick.").count(), 0);
    assert!(matches!(undo(&mut world, id), Err(Refusal::Merge(why)) if why.contains("undone already")));
    segments_are_a_recount(&world, ids.0);
    segments_are_a_recount(&world, ids.1);
}

#[test]
fn messages_and_calls_under_way_arrive_once_and_in_order() {
    let mut world = world(3);
    let (ana, ben) = (address("push", "ana"), address("push", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at} 1"), "hi");
        world.arrive(at, &format!("{at} 2"), "three");
        world.arrive(at, &format!("{at} 3"), "look");
    }
    assert_eq!((world.sends.len(), world.calls.len()), (2, 2), "the first message and the call of each are under way");
    let id = merge(&mut world, &ana, &ben);
    for at in [&ana, &ben] {
        assert_eq!(world.person(at).contact.id, world.person(&ana).contact.id);
    }
    let answer = |world: &mut World| {
        let came = model::Came::Http { status: 200, body: Some("{\"stock\":4}".into()) };
        world.answer_call(Tried { came, again: false, after: None });
    };
    answer(&mut world);
    world.answer(Ok(Sent::default()));
    undo(&mut world, id).unwrap();
    answer(&mut world);
    world.deliver();
    world.pass(MINUTE);
    world.deliver();
    for at in [&ana, &ben] {
        let texts: Vec<&str> = world.given.iter().filter(|out| out.address == *at).map(|out| out.content.text.as_str()).collect();
        assert_eq!(texts, ["Hello!", "one", "two", "three", "Stock 4."], "{at}: INV-2, each once");
        assert!(world.person(at).outbox.is_empty() && world.person(at).calls.is_empty());
    }
    assert_eq!(world.called.len(), 2);
    let stats = world.core.stats();
    assert_eq!((stats.lines, stats.sending, stats.calling), (0, 0, 0));
}

#[test]
fn an_agent_goes_on_with_the_chat_they_have() {
    let mut world = world(4);
    let agent = world.agent(1, true);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    world.arrive(&ana, "1", "hi");
    world.arrive(&ben, "1", "hi");
    world.arrive(&ben, "2", "human");
    let conversation = world.conversation(&ben);
    let request = conversation.request.as_ref().unwrap().id;
    world.item(&ben, InboxItem::Take { conversation: conversation.id, request, agent, name: "Agent 1".into() }, None);
    assert_eq!(world.conversation(&ben).owner, Owner::Agent(agent));
    let old = world.person(&ben).contact.id;
    merge(&mut world, &ana, &ben);
    // The console still knows the old id.
    let ticket = world.ticket();
    let says = InboxItem::AgentSays {
        conversation: conversation.id,
        agent,
        name: "Agent 1".into(),
        content: Content::text("how can I help?"),
        client_id: None,
    };
    world.core.item(world.now, old, says, None, ticket);
    world.pump();
    assert!(world.done[&ticket.0].as_ref().unwrap().message.is_some(), "{:?}", world.done[&ticket.0]);
    world.arrive(&ben, "3", "name");
    let resolve = InboxItem::Resolve { conversation: conversation.id, agent, skill: None };
    let ticket = world.item(&ben, resolve, None);
    assert!(world.done[&ticket].is_ok());
    let said = world.said(&ben);
    let tail = ["agent: how can I help?", "user: name", "system: The chat was closed", "bot: Welcome back."];
    assert_eq!(said[said.len() - 4..], tail);
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Hello!", "the other conversation is as it was");
}

#[test]
fn the_events_of_both_count_and_one_look_tells_what_was_entered() {
    let mut world = world(5);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    let bought = || InboxItem::Event { conversation: None, name: "bought".into(), fields: Record::new(), at: None, by: by() };
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
        world.item(at, bought(), None);
    }
    world.arrive(&ben, "tag", "tag");
    world.item(&ben, bought(), None);
    world.pass(SECOND);
    let ids = (world.person(&ana).contact.id, world.person(&ben).contact.id);
    let held =
        |world: &World, id: ContactId| world.store.person(id).unwrap().unwrap().contact.memberships.keys().cloned().collect::<Vec<_>>();
    assert_eq!((held(&world, ids.0), held(&world, ids.1)), (vec!["newcomer".to_owned()], vec!["buyer".to_owned(), "tagged".to_owned()]));
    let greeted = world.said(&ben).iter().filter(|line| line.contains("Welcome")).count();
    let id = merge(&mut world, &ana, &ben);
    assert_eq!(held(&world, ids.0), ["buyer", "lately", "tagged"], "three of both make it one who buys a lot lately");
    let moves: Vec<String> = kinds(&world, ids.0)
        .into_iter()
        .skip_while(|what| !matches!(what, JourneyKind::Merged { .. }))
        .filter_map(|what| match what {
            JourneyKind::SegmentEntered(moved) => Some(format!("+{} ({})", moved.segment, moved.cause)),
            JourneyKind::SegmentLeft(moved) => Some(format!("-{} ({})", moved.segment, moved.cause)),
            _ => None,
        })
        .collect();
    assert_eq!(moves, ["+lately (a merge)", "-newcomer (a merge)"], "what either was in is neither entered nor left");
    assert_eq!(greeted, 1);
    let greetings =
        |world: &World| [&ana, &ben].iter().map(|at| world.said(at).iter().filter(|line| line.contains("Welcome")).count()).sum::<usize>();
    assert_eq!(greetings(&world), 1, "nobody is welcomed twice");
    assert_eq!(world.store.events(ids.0, 0, usize::MAX).unwrap().len(), 3);
    segments_are_a_recount(&world, ids.0);
    assert!(world.core.stray_memberships().is_empty());
    world.crash();
    world.pass(0);
    segments_are_a_recount(&world, ids.0);
    assert!(!world.core.is_member(ids.1, "buyer"), "a tombstone is in no segment");
    world.pass(2 * 60 * MINUTE);
    assert_eq!(held(&world, ids.0), ["buyer", "tagged"], "time goes on for the events of both");
    undo(&mut world, id).unwrap();
    assert_eq!((held(&world, ids.0), held(&world, ids.1)), (vec!["newcomer".to_owned()], vec!["buyer".to_owned(), "tagged".to_owned()]));
    for id in [ids.0, ids.1] {
        segments_are_a_recount(&world, id);
    }
    assert_eq!(greetings(&world), 1);
}

#[test]
fn what_began_once_for_either_does_not_begin_again_for_the_one_they_are() {
    let sale = "skill: sale\ncatch: [{ event: sale, once: 1d }]\nblocks:\n  say: { text: A sale! }\n";
    let mut world = World::with(12, bot_files(&[("skills/sale.yaml", sale)]));
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    let happens = |world: &mut World, at: &Address| {
        world.item(at, InboxItem::Event { conversation: None, name: "sale".into(), fields: Record::new(), at: None, by: by() }, None);
        world.pass(0);
    };
    let told = |world: &World| [&ana, &ben].map(|at| world.said(at).iter().filter(|line| *line == "bot: A sale!").count());
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
    }
    happens(&mut world, &ana);
    world.pass(10 * 60 * MINUTE);
    happens(&mut world, &ben);
    let id = merge(&mut world, &ana, &ben);
    // An event is told in the conversation that was used last: in which nothing began for more than a day.
    world.pass(15 * 60 * MINUTE);
    world.arrive(&ana, "name", "name");
    happens(&mut world, &ana);
    assert_eq!(told(&world), [1, 1], "it began for Ben fifteen hours ago");
    world.pass(9 * 60 * MINUTE);
    world.arrive(&ana, "name again", "name");
    happens(&mut world, &ana);
    assert_eq!(told(&world), [2, 1], "a day later");
    undo(&mut world, id).unwrap();
}

#[test]
fn an_event_reaches_what_waits_for_it_in_every_conversation() {
    let waits = "skill: wait\ncatch: [{ keyword: wait }]\nblocks:\n  w:\n    wait_for: { event: paid, timeout: 1d }\n    on: { timeout: end }\n  thanks: { text: \"Thanks for ${event.amount}.\" }\n  ack: { send: thanked }\n";
    let then = "skill: then\ncatch: [{ keyword: then }]\nblocks:\n  w:\n    wait_for: { event: thanked, timeout: 1d }\n    on: { timeout: end }\n  ok: { text: Noted. }\n";
    let begins = "skill: begins\ncatch: [{ event: paid }]\nblocks:\n  say: { text: Paid! }\n";
    let files = [("skills/wait.yaml", waits), ("skills/then.yaml", then), ("skills/begins.yaml", begins)];
    let mut world = World::with(13, bot_files(&files));
    let (ana, ben) = (address("web", "ana"), address("push", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
        world.deliver();
    }
    merge(&mut world, &ana, &ben);
    world.arrive(&ana, "wait", "wait");
    world.pass(SECOND);
    world.arrive(&ben, "then", "then");
    // The payment is told in the conversation that was used last, which is not the one that waits for it.
    let fields = Record::from([("amount".to_owned(), Value::Number(5.into()))]);
    let commits = world.commits;
    world.item(&ana, InboxItem::Event { conversation: None, name: "paid".into(), fields, at: None, by: by() }, None);
    assert_eq!(world.commits, commits + 1, "in one commit");
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Thanks for 5.");
    let said = world.said(&ben);
    assert_eq!(said[said.len() - 2..], ["bot: Paid!", "bot: Noted."], "the skill begins once, and what follows goes back");
    let events = world.store.events(world.person(&ana).contact.id, 0, usize::MAX).unwrap();
    assert_eq!(events.len(), 2, "each is recorded once");
}

/// Somebody on two channels.
fn merged(seed: u64, files: &[(&'static str, &'static str)]) -> (World, Address, Address) {
    let mut world = World::with(seed, bot_files(files));
    let (ana, ben) = (address("web", "ana"), address("push", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
        world.deliver();
    }
    merge(&mut world, &ana, &ben);
    (world, ana, ben)
}

#[test]
fn conversations_that_wait_for_one_another_without_end_lose_no_message() {
    let ping = "skill: ping\ncatch: [{ keyword: ping }]\nblocks:\n  w:\n    wait_for: { event: pong, timeout: 1d }\n    on: { timeout: end }\n  s: { send: ping, next: w }\n";
    let pong = "skill: pong\ncatch: [{ keyword: pong }]\nblocks:\n  w:\n    wait_for: { event: ping, timeout: 1d }\n    on: { timeout: end }\n  s: { send: pong, next: w }\n";
    let serve = "skill: serve\ncatch: [{ keyword: serve }]\nblocks:\n  s: { send: ping }\n  t: { text: Served. }\n";
    let (mut world, ana, ben) = merged(14, &[("skills/ping.yaml", ping), ("skills/pong.yaml", pong), ("skills/serve.yaml", serve)]);
    world.arrive(&ana, "ping", "ping");
    world.arrive(&ben, "pong", "pong");
    let ticket = world.arrive(&ana, "serve", "serve");
    world.pass(SECOND);
    assert!(world.accepted.contains_key(&ticket), "it is kept and answered");
    let said = world.said(&ana);
    assert!(said.contains(&"user: serve".to_owned()) && said.contains(&"bot: Served.".to_owned()), "{said:?}");
    let id = world.person(&ana).contact.id;
    let told = |what: &JourneyKind| matches!(what, JourneyKind::Error(why) if why.contains("to and fro"));
    assert_eq!(kinds(&world, id).iter().filter(|what| told(what)).count(), 1);
    world.arrive(&ana, "more", "hi");
    assert!(world.said(&ana).contains(&"user: hi".to_owned()), "and so is what comes after it");
}

#[test]
fn what_an_event_changes_elsewhere_wakes_what_waits_for_it() {
    let changes = "skill: changes\ncatch: [{ keyword: changes }]\nblocks:\n  w:\n    wait_for: { event: paid, timeout: 1d }\n    on: { timeout: end }\n  d: { data: { plan: gold } }\n";
    let watches = "skill: watches\ncatch: [{ keyword: watches }]\nblocks:\n  w:\n    wait_for: { attribute: plan, timeout: 1d }\n    on: { timeout: end }\n  t: { text: \"Now ${plan}.\" }\n";
    let bot = "name: World\nchannels:\n  push: { type: telegram }\n  web: { type: web }\ngroups:\n  support: { per_agent: 4 }\nattributes: { plan: text }\n";
    let (mut world, ana, ben) = merged(15, &[("bot.yaml", bot), ("skills/changes.yaml", changes), ("skills/watches.yaml", watches)]);
    world.arrive(&ana, "changes", "changes");
    world.pass(SECOND);
    // Whoever wrote last is told of the event: that is the one that waits for what the other one changes.
    world.arrive(&ben, "watches", "watches");
    let paid = InboxItem::Event { conversation: None, name: "paid".into(), fields: Record::new(), at: None, by: by() };
    world.item(&ana, paid, None);
    world.pass(SECOND);
    assert_eq!(world.said(&ben).last().unwrap(), "bot: Now gold.");
}

#[test]
fn a_merge_waits_for_what_is_under_way_and_nothing_happens_in_between() {
    let mut world = world(6);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    world.arrive(&ana, "1", "hi");
    world.arrive(&ben, "1", "hi");
    world.store.order(Fault::Hold);
    let first = world.arrive(&ben, "2", "name");
    let ticket = order(&mut world, &ana, &ben);
    let while_waiting = [world.arrive(&ana, "3", "three"), world.arrive(&ben, "3", "Ben")];
    assert_eq!(world.store.held(), 1, "the step that is under way ends first");
    world.store.release(1);
    world.pump();
    assert!(world.accepted.contains_key(&first) && world.store.held() == 1 && !world.done.contains_key(&ticket));
    let during = world.arrive(&ben, "4", "tag");
    world.store.release(1);
    world.pump();
    assert!(world.done[&ticket].is_ok());
    assert!(while_waiting.iter().chain([&during]).all(|ticket| !world.accepted.contains_key(ticket)), "not durable yet");
    world.store.release_all();
    world.pump();
    world.pass(0);
    assert!(while_waiting.iter().chain([&during]).all(|ticket| matches!(world.accepted[ticket], Ok(Accepted::New))));
    assert_eq!(world.said(&ben)[2..], ["user: name", "bot: What is your name?", "user: Ben", "bot: Hi Ben!", "user: tag", "bot: Tagged."]);
    assert_eq!(world.said(&ana)[2..], ["user: three", "bot: one", "bot: two", "bot: three"]);
    assert_eq!(world.core.stats().lines, 0);
}

#[test]
fn a_busy_store_and_a_conflict_only_delay_it() {
    for fault in [Fault::Busy { nth: 1 }, Fault::Conflict { nth: 1 }] {
        let mut world = world(7);
        let (ana, ben) = (address("web", "ana"), address("web", "ben"));
        world.arrive(&ana, "1", "hi");
        world.arrive(&ben, "1", "hi");
        world.store.order(fault);
        let ticket = order(&mut world, &ana, &ben);
        world.pass(SECOND);
        assert!(world.done[&ticket].is_ok(), "{fault:?}");
        world.arrive(&ben, "2", "three");
        assert_eq!(world.said(&ben).last().unwrap(), "bot: three");
        assert_eq!(world.stopped, None);
    }
}

#[test]
fn whoever_signs_in_becomes_the_contact_that_is_known() {
    let mut world = world(8);
    let (known, visitor) = (address("web", "laptop"), address("web", "phone"));
    world.arrive(&known, "1", "hi");
    signed(&mut world, &known, "s1", &[("verified_id", Value::text("user-7")), ("email", Value::text("Ana@Shop.Example"))]);
    world.pass(MINUTE);
    world.arrive(&visitor, "1", "hi");
    world.arrive(&visitor, "2", "name");
    let anonymous = world.person(&visitor).contact.id;
    signed(&mut world, &visitor, "s2", &[("verified_id", Value::text("user-7"))]);
    let person = world.person(&known);
    assert_eq!(world.person(&visitor).contact.id, person.contact.id, "the one who was known survives");
    assert_ne!(person.contact.id, anonymous);
    world.arrive(&visitor, "3", "Ana");
    world.arrive(&known, "4", "three");
    assert_eq!(world.said(&visitor).last().unwrap(), "bot: Hi Ana!", "the conversation goes on");
    assert_eq!(world.said(&known).last().unwrap(), "bot: three", "in both tabs");
    let why = kinds(&world, person.contact.id).into_iter().find_map(|what| match what {
        JourneyKind::Merged { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("external user-7 is verified on both"));
    // The e-mail address was not made sure of: whoever has the same is nobody's twin.
    let mail = person.contact.identifiers.iter().find(|i| i.kind == IdentifierKind::Email).unwrap();
    assert!(mail.value == "ana@shop.example" && mail.verified.is_none());
    let other = address("web", "other");
    world.arrive(&other, "1", "hi");
    let sure = [("verified_id", Value::text("user-8")), ("email", Value::text("ana@shop.example")), ("email_verified", Value::Bool(true))];
    signed(&mut world, &other, "s3", &sure);
    assert_ne!(world.person(&other).contact.id, world.person(&known).contact.id);
}

#[test]
fn different_ids_of_the_website_never_merge_whatever_mailbox_they_share() {
    let mut world = world(9);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    let mail = [("email", Value::text("family@shop.example")), ("email_verified", Value::Bool(true))];
    for (at, id) in [(&ana, "user-1"), (&ben, "user-2")] {
        world.arrive(at, &format!("{at}"), "hi");
        let claims: Vec<_> = mail.iter().cloned().chain([("verified_id", Value::text(id))]).collect();
        signed(&mut world, at, &format!("{at} s"), &claims);
    }
    let (one, two) = (world.person(&ana).contact.id, world.person(&ben).contact.id);
    assert_ne!(one, two);
    for (id, other) in [(one, two), (two, one)] {
        let noted = kinds(&world, id)
            .into_iter()
            .filter(|what| matches!(what, JourneyKind::NotMerged { other: with, why } if *with == other && why.contains("external")))
            .count();
        assert_eq!(noted, 1, "said once, on both");
    }
    // A claim alone does nothing at all.
    let claims = [Change::AddIdentifier(IdentifierKind::External, "user-1".into())];
    world.item(&ben, InboxItem::Modify { changes: claims.to_vec(), by: by() }, None);
    assert_ne!(world.person(&ana).contact.id, world.person(&ben).contact.id);
}

#[test]
fn a_process_that_dies_between_proof_and_merge_makes_up_for_it() {
    let mut world = world(10);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    world.arrive(&ana, "1", "hi");
    world.arrive(&ben, "1", "hi");
    signed(&mut world, &ana, "s1", &[("verified_id", Value::text("u"))]);
    world.store.order(Fault::Hold);
    signed(&mut world, &ben, "s2", &[("verified_id", Value::text("u"))]);
    world.store.release(1);
    world.crash();
    assert_ne!(world.store.person_at(&ana).unwrap(), None);
    world.pump();
    world.pass(0);
    assert_eq!(world.person(&ana).contact.id, world.person(&ben).contact.id);
}

#[test]
fn a_crash_leaves_both_or_one_and_an_id_leads_on_through_a_chain() {
    let mut world = world(11);
    let people = ["a", "b", "c"].map(|name| address("web", name));
    for at in &people {
        world.arrive(at, &format!("{at}"), "hi");
        world.arrive(at, &format!("{at} 2"), "name");
    }
    let ids = people.clone().map(|at| world.person(&at).contact.id);
    world.store.order(Fault::Hold);
    order(&mut world, &people[0], &people[1]);
    world.crash();
    assert_eq!(world.person(&people[1]).contact.id, ids[1], "what was not durable did not happen");
    let first = merge(&mut world, &people[1], &people[2]);
    let second = merge(&mut world, &people[0], &people[1]);
    for at in &people {
        assert_eq!(world.person(at).contact.id, ids[0]);
        world.arrive(at, &format!("{at} 3"), &at.id);
        assert_eq!(world.said(at).last().unwrap(), &format!("bot: Hi {}!", at.id));
    }
    let ticket = world.ticket();
    world.core.item(world.now, ids[2], InboxItem::Modify { changes: vec![Change::AddTag("chain".into())], by: by() }, None, ticket);
    world.pump();
    assert!(world.person(&people[0]).contact.tags.len() == 1);
    assert!(matches!(undo(&mut world, first), Err(Refusal::Merge(why)) if why.contains("undo that merge first")));
    undo(&mut world, second).unwrap();
    undo(&mut world, first).unwrap();
    assert_eq!(people.clone().map(|at| world.person(&at).contact.id), ids);
    for at in &people {
        assert_eq!(world.said(at).len(), 6, "{:?}", world.said(at));
    }
    let same = order(&mut world, &people[0], &people[0]);
    assert!(matches!(&world.done[&same], Err(Refusal::Merge(_))));
}

/// Erases whoever is on an address.
fn erase(world: &mut World, at: &Address) {
    let (id, ticket) = (world.person(at).contact.id, world.ticket());
    world.core.erase(world.now, id, None, std::sync::Arc::new(|_| Vec::new()), ticket);
    world.pump();
    assert!(world.done[&ticket.0].is_ok());
}

fn nothing_is_wrong(world: &World) {
    let around = Around { now: world.now, bot: Some(world.core.bot()), ..Around::default() };
    let report = verify(&*world.store.freeze().unwrap(), &around, &|_| true).unwrap();
    let told: Vec<String> = report.told.iter().map(|problem| format!("{} {}: {}", problem.table, problem.key, problem.what)).collect();
    assert!(!told.iter().any(|what| what.starts_with("history")), "{told:?}");
}

#[test]
fn whoever_gets_a_chat_back_keeps_all_of_it_whoever_else_is_erased() {
    let mut world = world(21);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
    }
    let ids = (world.person(&ana).contact.id, world.person(&ben).contact.id);
    // Twice, so that there are several stretches.
    for n in 0..2 {
        let id = merge(&mut world, &ana, &ben);
        world.arrive(&ben, &format!("meanwhile {n}"), &format!("meanwhile {n}"));
        undo(&mut world, id).unwrap();
        world.arrive(&ben, &format!("afterwards {n}"), &format!("afterwards {n}"));
    }
    let (said, chat) = (world.said(&ben), world.conversation(&ben));
    assert!(chat.kept.is_empty(), "{:?}", chat.kept);
    let customers: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("user: ")).collect();
    assert_eq!(customers, ["hi", "meanwhile 0", "afterwards 0", "meanwhile 1", "afterwards 1"]);
    assert!(world.store.transcript(ids.0, chat.id, 0, 9).unwrap().is_empty(), "nothing of it is left with the other one");
    nothing_is_wrong(&world);
    erase(&mut world, &ana);
    assert_eq!(world.said(&ben), said);
    nothing_is_wrong(&world);
    world.crash();
    assert_eq!(world.said(&ben), said);
    erase(&mut world, &ben);
    assert!(world.store.transcript(ids.1, chat.id, 0, 9).unwrap().is_empty());
}

#[test]
fn a_long_chat_goes_home_in_parts_and_a_crash_on_the_way_loses_nothing() {
    let mut world = world(22);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
    }
    let ids = (world.person(&ana).contact.id, world.person(&ben).contact.id);
    let id = merge(&mut world, &ana, &ben);
    while world.conversation(&ben).last_no < 1_100 {
        let no = world.conversation(&ben).last_no.to_string();
        world.arrive(&ben, &no, &no);
    }
    let said = world.said(&ben);
    world.store.order(Fault::Hold);
    let ticket = world.ticket();
    world.core.undo_merge(world.now, id, by(), ticket);
    world.pump();
    assert_eq!(world.store.release(1), 1);
    world.pump();
    let chat = world.conversation(&ben);
    assert_eq!((chat.contact, chat.kept.len(), chat.kept[0].under), (ids.0, 1, ids.1), "the first part is home, and they are one");
    let after_first = chat.kept[0].to;
    assert!(after_first < chat.last_no);
    assert_eq!(world.said(&ben), said);
    world.crash();
    assert_eq!((world.said(&ben), world.person(&ben).contact.id), (said.clone(), ids.0));
    undo(&mut world, id).unwrap();
    assert_eq!((world.person(&ana).contact.id, world.person(&ben).contact.id), ids);
    assert_eq!(world.said(&ben), said);
    assert!(world.conversation(&ben).kept.is_empty());
    world.arrive(&ben, "end", "name");
    assert_eq!(world.said(&ben).len(), said.len() + 2);
    nothing_is_wrong(&world);
}

#[test]
fn merges_into_one_survivor_are_undone_from_the_last() {
    let mut world = world(23);
    let people = ["a", "b", "d"].map(|name| address("web", name));
    for at in &people {
        world.arrive(at, &format!("{at}"), "hi");
    }
    let ids = people.clone().map(|at| world.person(&at).contact.id);
    let first = merge(&mut world, &people[0], &people[1]);
    world.arrive(&people[1], "1", "meanwhile");
    let second = merge(&mut world, &people[0], &people[2]);
    let refused = undo(&mut world, first);
    let says = |why: &str| why.contains(&ids[2].to_string()) && why.contains(&second.to_string());
    assert!(matches!(&refused, Err(Refusal::Merge(why)) if says(why)), "{refused:?}");
    assert_eq!(world.conversation(&people[1]).kept.len(), 1, "nothing was moved for it");
    undo(&mut world, second).unwrap();
    undo(&mut world, first).unwrap();
    assert_eq!(people.clone().map(|at| world.person(&at).contact.id), ids);
}

#[test]
fn who_says_stop_while_they_are_one_is_not_written_to_afterwards() {
    let mut world = world(24);
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    for at in [&ana, &ben] {
        world.arrive(at, &format!("{at}"), "hi");
    }
    world.item(&ben, InboxItem::Modify { changes: vec![Change::SetStatus("unsubscribed".into())], by: by() }, None);
    let id = merge(&mut world, &ana, &ben);
    world.arrive(&ana, "stop", "stop");
    undo(&mut world, id).unwrap();
    let statuses = [&ana, &ben].map(|at| world.person(at).contact.status.clone());
    assert_eq!(statuses, ["unsubscribed", "unsubscribed"]);
}

#[test]
fn a_list_they_were_taken_off_while_they_were_one_does_not_have_them_again() {
    let segments = "beta: { static: true }\nstaff: { static: true }\n";
    let on = |list: &str| Change::AddToList(list.into());
    let off = |list: &str| Change::RemoveFromList(list.into());
    // What is done while they are one, and whether each is on the list afterwards.
    let cases = [(vec![], [true, true]), (vec![off("beta")], [false, false]), (vec![off("beta"), on("beta")], [true, false])];
    for (meanwhile, expected) in cases {
        let mut world = World::with(25, bot_files(&[("segments.yaml", segments)]));
        let people @ [ana, ben, cid] = &["ana", "ben", "cid"].map(|name| address("web", name));
        for at in people {
            world.arrive(at, &format!("{at}"), "hi");
            let changes = [on("beta"), on("staff")];
            world.item(at, InboxItem::Modify { changes: changes.into(), by: by() }, None);
            world.pass(MINUTE);
        }
        let since = world.person(ben).contact.lists["beta"];
        // One after the other: what is taken off the two of them is taken off all three.
        let first = merge(&mut world, ana, ben);
        let second = merge(&mut world, ana, cid);
        for change in meanwhile {
            world.pass(MINUTE);
            world.item(ana, InboxItem::Modify { changes: vec![change], by: by() }, None);
        }
        undo(&mut world, second).unwrap();
        undo(&mut world, first).unwrap();
        let listed = |at: &Address, list: &str| world.person(at).contact.lists.get(list).copied();
        assert_eq!([ana, ben].map(|at| listed(at, "beta").is_some()), expected);
        assert_eq!(listed(cid, "beta").is_some(), expected[1]);
        assert!(listed(ben, "beta").is_none_or(|at| at == since), "since when they were");
        assert!(people.iter().all(|at| listed(at, "staff").is_some() && world.core.is_member(world.person(at).contact.id, "staff")));
        assert_eq!(world.core.listed("beta"), [ana, ben, cid].into_iter().filter(|at| listed(at, "beta").is_some()).count() as u64);
    }
}

#[test]
fn a_message_that_came_while_the_clock_was_set_back_comes_no_second_time_after_they_are_two_again() {
    let mut world = world(26);
    let people = ["ana", "ben"].map(|name| address("web", name));
    for at in &people {
        world.arrive(at, &format!("{at}"), "hi");
    }
    let id = merge(&mut world, &people[0], &people[1]);
    world.now = world.now.plus_micros(-5 * MINUTE);
    for at in &people {
        world.arrive(at, &format!("{at} again"), "hi");
    }
    undo(&mut world, id).unwrap();
    for at in &people {
        let said = world.said(at);
        let ticket = world.arrive(at, &format!("{at} again"), "hi");
        assert!(matches!(world.accepted.get(&ticket), Some(Ok(Accepted::Duplicate))) && world.said(at) == said, "{at}");
    }
}

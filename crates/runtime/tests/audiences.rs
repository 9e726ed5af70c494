//! Triggers and schedules: each contact of an audience is reached once, at a pace, over crashes too (FL 4, 7.9).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{Address, JourneyKind};
use store::{Fault, Store};
use switchboard_runtime::{Audience, Stage};
use world::{HOUR, MINUTE, SECOND, World, address, bot_with};

const NEWS: (&str, &str) = ("news", "skill: news\ncatch:\n  - event: news\nblocks:\n  tell:\n    text: \"News ${event.number}.\"\n");
const TELL: (&str, &str) = (
    "tell",
    "skill: tell\ncatch:\n  - command: tell\nblocks:\n  all:\n    trigger: news\n    to: has tag seen\n    with: { number: 1 }\n    next: after\n  after:\n    text: Sent.\n",
);
const ONE: (&str, &str) = (
    "one",
    "skill: one\ncatch:\n  - command: one\nblocks:\n  ask:\n    text: Whom?\n  hear:\n    listen: who\n    timeout: 1d\n    on: { timeout: end }\n  all:\n    trigger: { event: news, contact: \"${who}\", with: { number: 2 } }\n    on: { not_found: nobody }\n    next: after\n  after:\n    text: Sent.\n    next: end\n  nobody:\n    text: Not known.\n",
);
const DAILY: (&str, &str) = (
    "daily",
    "skill: daily\ncatch:\n  - schedule: \"30 9 * * *\"\n    to: has tag seen\n    grace: 10m\nblocks:\n  tell:\n    text: Good morning.\n",
);

fn visitor(n: usize) -> Address {
    address("web", &format!("v{n}"))
}

/// A world in which so many have the tag `seen`, and somebody else does not.
fn crowd(seed: u64, skills: &[(&str, &str)], many: usize) -> World {
    let mut world = World::with(seed, bot_with(skills));
    for n in 0..many {
        world.arrive(&visitor(n), "1", "tag");
    }
    world.arrive(&address("web", "other"), "1", "hi");
    world
}

fn audiences(world: &World) -> Vec<Audience> {
    world.store.records("audiences").unwrap().into_iter().map(|(_, value)| serde_json::from_value(value).unwrap()).collect()
}

fn told(world: &World, at: &Address, line: &str) -> usize {
    world.said(at).iter().filter(|said| *said == line).count()
}

#[test]
fn a_flow_reaches_everybody_for_whom_the_condition_holds_once_and_at_the_pace() {
    let mut world = crowd(1, &[NEWS, TELL], 50);
    let other = address("web", "other");
    world.arrive(&other, "2", "/tell");
    assert_eq!(told(&world, &other, "bot: Sent."), 1, "the flow goes on at once");
    // 20 a second: after one second some have it, after three everybody.
    world.pass(SECOND);
    let reached = (0..50).filter(|n| told(&world, &visitor(*n), "bot: News 1.") == 1).count();
    assert!((15..=25).contains(&reached), "{reached}");
    world.pass(2 * SECOND);
    for n in 0..50 {
        assert_eq!(told(&world, &visitor(n), "bot: News 1."), 1, "visitor {n}");
    }
    assert_eq!(told(&world, &other, "bot: News 1."), 0);
    let done = &audiences(&world)[0];
    assert_eq!((&done.stage, done.found, done.reached, done.failed), (&Stage::Done, 50, 50, 0));
    assert!(world.store.records("audience_pages").unwrap().is_empty(), "the list is not kept for ever");
}

#[test]
fn the_list_is_frozen_when_it_runs() {
    let mut world = crowd(2, &[NEWS, TELL], 3);
    world.arrive(&address("web", "other"), "2", "/tell");
    world.pass(MINUTE);
    // Who fits later, and who comes later, is not reached.
    world.arrive(&address("web", "other"), "3", "tag");
    world.arrive(&visitor(9), "1", "tag");
    world.pass(MINUTE);
    assert_eq!(told(&world, &visitor(9), "bot: News 1."), 0);
    assert_eq!(told(&world, &address("web", "other"), "bot: News 1."), 0);
    assert_eq!(told(&world, &visitor(0), "bot: News 1."), 1);
}

#[test]
fn a_crash_at_any_moment_reaches_everybody_once() {
    for moment in 0..60 {
        let mut world = crowd(100 + moment, &[NEWS, TELL], 12);
        world.arrive(&address("web", "other"), "2", "/tell");
        for _ in 0..moment {
            let Some(at) = world.core.next_due() else { break };
            world.now = world.now.max(at);
            world.core.due(world.now);
            // A commit that is on its way when the process dies may or may not be durable.
            if moment % 2 == 0 {
                world.pump();
            } else {
                world.crash();
            }
        }
        world.crash();
        world.pass(MINUTE);
        for n in 0..12 {
            assert_eq!(told(&world, &visitor(n), "bot: News 1."), 1, "visitor {n}, moment {moment}");
        }
        assert_eq!(audiences(&world)[0].stage, Stage::Done);
        assert_eq!(world.stopped, None);
    }
}

#[test]
fn a_crash_between_any_two_commits_reaches_everybody_once() {
    for moment in 0..50 {
        let mut world = crowd(300 + moment, &[NEWS, TELL], 6);
        world.arrive(&address("web", "other"), "2", "/tell");
        world.store.order(Fault::Hold);
        for _ in 0..moment {
            if world.store.held() > 0 {
                // One commit gets durable, and its answer may come or not.
                world.store.release(1);
                if moment % 2 == 0 {
                    world.pump();
                }
            } else if let Some(at) = world.core.next_due() {
                world.now = world.now.max(at);
                world.core.due(world.now);
                world.pump();
            } else {
                world.pump();
            }
        }
        world.crash();
        world.pass(MINUTE);
        for n in 0..6 {
            assert_eq!(told(&world, &visitor(n), "bot: News 1."), 1, "visitor {n}, moment {moment}");
        }
        let done = &audiences(&world)[0];
        assert_eq!((&done.stage, done.found, done.reached), (&Stage::Done, 6, 6), "moment {moment}");
    }
}

#[test]
fn who_opts_out_meanwhile_is_not_reached_any_more() {
    let mut world = crowd(3, &[NEWS, TELL], 40);
    world.arrive(&visitor(0), "2", "stop");
    world.arrive(&address("web", "other"), "2", "/tell");
    // The list is written; the last ones have not been reached yet.
    world.pass(SECOND);
    let late = (0..40).rev().find(|n| told(&world, &visitor(*n), "bot: News 1.") == 0).unwrap();
    world.arrive(&visitor(late), "3", "stop");
    world.pass(MINUTE);
    assert_eq!(told(&world, &visitor(0), "bot: News 1."), 0);
    assert_eq!(told(&world, &visitor(late), "bot: News 1."), 0);
    let done = &audiences(&world)[0];
    assert_eq!((done.found, done.opted_out), (39, 1));
    let id = world.person(&visitor(late)).contact.id;
    let journey = world.store.journey(id, 0, 20).unwrap();
    assert!(journey.iter().any(|line| matches!(&line.what, JourneyKind::Delivery(why) if why.contains("unsubscribed"))));
}

#[test]
fn one_contact_by_id_or_address_and_one_that_is_not_known() {
    let mut world = crowd(4, &[NEWS, ONE], 3);
    let other = address("web", "other");
    let id = world.person(&visitor(1)).contact.id.to_string();
    for (n, (who, reached)) in [("web:v0", 0), (id.as_str(), 1)].into_iter().enumerate() {
        world.arrive(&other, &format!("a{n}"), "/one");
        world.arrive(&other, &format!("b{n}"), who);
        world.pass(SECOND);
        assert_eq!(told(&world, &visitor(reached), "bot: News 2."), 1, "{who}");
    }
    assert_eq!(told(&world, &other, "bot: Sent."), 2);
    for (n, who) in ["web:nobody", "con_01ARZ3NDEKTSV4RRFFQ69G5FAV", "somebody"].into_iter().enumerate() {
        world.arrive(&other, &format!("c{n}"), "/one");
        world.arrive(&other, &format!("d{n}"), who);
    }
    assert_eq!(told(&world, &other, "bot: Not known."), 3);
    assert_eq!(told(&world, &visitor(2), "bot: News 2."), 0);
}

#[test]
fn a_schedule_starts_its_skill_for_its_audience_once_a_day() {
    let mut world = crowd(5, &[DAILY], 3);
    world.pass(29 * MINUTE);
    assert_eq!(told(&world, &visitor(0), "bot: Good morning."), 0);
    world.pass(2 * MINUTE);
    for n in 0..3 {
        assert_eq!(told(&world, &visitor(n), "bot: Good morning."), 1);
    }
    assert_eq!(told(&world, &address("web", "other"), "bot: Good morning."), 0);
    world.pass(48 * HOUR);
    assert_eq!(told(&world, &visitor(0), "bot: Good morning."), 3);
}

#[test]
fn an_occurrence_happens_once_over_crashes() {
    for moment in 0..30 {
        let mut world = crowd(200 + moment, &[DAILY], 3);
        world.pass(29 * MINUTE);
        for _ in 0..moment {
            let Some(at) = world.core.next_due().filter(|at| at.micros_since(world.now) < 5 * MINUTE) else { break };
            world.now = world.now.max(at);
            world.core.due(world.now);
            world.pump();
        }
        world.crash();
        world.pass(5 * MINUTE);
        assert_eq!(told(&world, &visitor(1), "bot: Good morning."), 1, "moment {moment}");
    }
}

#[test]
fn after_downtime_the_last_occurrence_is_made_up_for_within_its_grace() {
    let mut world = crowd(6, &[DAILY], 1);
    world.pass(MINUTE);
    // Down for three days: of three occurrences the last one counts, ten minutes late at the most.
    world.now = world.now.plus_micros(48 * HOUR + 35 * MINUTE);
    world.crash();
    world.pass(MINUTE);
    assert_eq!(told(&world, &visitor(0), "bot: Good morning."), 1);
    world.now = world.now.plus_micros(24 * HOUR + 20 * MINUTE);
    world.crash();
    world.pass(MINUTE);
    assert_eq!(told(&world, &visitor(0), "bot: Good morning."), 1, "too late to be made up for");
    assert!(world.alerts.iter().any(|line| line.contains("was missed")), "{:?}", world.alerts);
    world.pass(24 * HOUR);
    assert_eq!(told(&world, &visitor(0), "bot: Good morning."), 2);
}

#[test]
fn a_wait_in_another_conversation_of_the_contact_sees_the_change() {
    use model::{Actor, Change, Conversation, ConversationId, Instant, Rest, Value};
    let skill = (
        "until",
        "skill: until\ncatch:\n  - command: until\nblocks:\n  gold:\n    wait_for: { segment: gold, timeout: 2d }\n    on: { timeout: end }\n  yes:\n    text: Gold.\n    next: end\n",
    );
    let mut world = World::with(7, gold_bot(skill));
    let (web, push) = (address("web", "ana"), address("push", "ana"));
    world.arrive(&web, "1", "/until");
    // A second address of the same person, and they were there last.
    let person = world.person(&web);
    let mut change = store::PersonChange::new(person.contact.id, person.version);
    let mut contact = person.contact.clone();
    contact.apply(&Change::AddAddress(push.clone()), Instant::default(), &Actor::System);
    change.contact = Some(Box::new(contact));
    change.conversations.push(Conversation::new(ConversationId(77), person.contact.id, push.clone()));
    store::commit_blocking(&world.store, store::Commit { person: Some(change), records: vec![], ..store::Commit::default() }).unwrap();
    world.arrive(&push, "2", "three");
    assert!(matches!(world.conversation(&web).runs[0].rest, Rest::Waiting { .. }));
    let modify = model::InboxItem::Modify { changes: vec![Change::SetAttribute("plan".into(), Value::text("gold"))], by: Actor::System };
    world.item(&push, modify, None);
    world.pass(0);
    assert_eq!(world.said(&web).last().unwrap(), "bot: Gold.");
}

fn gold_bot(skill: (&str, &str)) -> std::sync::Arc<engine::Bot> {
    let files = [
        (
            "bot.yaml",
            "name: G\nchannels:\n  push: { type: telegram }\n  web: { type: web }\nattributes: { plan: { type: enum, values: [free, gold] } }\n",
        ),
        ("segments.yaml", "gold: { where: plan = gold }\n"),
        ("skills/until.yaml", skill.1),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    engine::Bot::load(&engine::BotFiles { files, shown_as: String::new(), assets: Vec::new() }).0.expect("the bot is sound")
}

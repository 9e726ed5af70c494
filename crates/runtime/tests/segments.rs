//! Segments in the core: followed through time, through restarts and through edits (FL 5.8).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Notice;
use engine::Bot;
use model::{Actor, Change, ContactId, Instant, JourneyKind};
use std::sync::Arc;
use store::{Fault, MemStore, PersonChange, Store};
use switchboard_runtime::{
    ManualClock, Told,
    core::Action,
    retention::{self, Cutoffs},
    start,
};
use world::{HOUR, MINUTE, SECOND, World, address, bot_files};

const DAY: i64 = 24 * HOUR;

const GOODBYE: &str = "skill: goodbye\ncatch: [{ segment: { left: recent } }]\nblocks:\n  bye: { text: We miss you. }\n";

fn bot(segments: &str) -> Arc<Bot> {
    bot_files(&[("segments.yaml", segments), ("skills/goodbye.yaml", GOODBYE)])
}

const RECENT: &str = "recent: { where: last_seen within 7 days }\nseen: { where: has tag seen }\n";

/// Transitions in the journey, oldest first.
fn moves(world: &World, at: &model::Address) -> Vec<(Instant, String)> {
    let id = world.person(at).contact.id;
    let mut lines = world.store.journey(id, 0, 1_000).unwrap();
    lines.reverse();
    lines
        .into_iter()
        .filter_map(|line| match line.what {
            JourneyKind::SegmentEntered(to) => Some((line.at, format!("+{} ({})", to.segment, to.cause))),
            JourneyKind::SegmentLeft(from) => Some((line.at, format!("-{} ({})", from.segment, from.cause))),
            _ => None,
        })
        .collect()
}

#[test]
fn somebody_leaves_at_the_boundary_and_the_flow_says_so_with_no_event() {
    let (mut world, ana) = (World::with(1, bot(RECENT)), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    let id = world.person(&ana).contact.id;
    let seen = world.person(&ana).contact.last_seen;
    assert!(world.core.is_member(id, "recent"));
    assert_eq!(world.core.segment_size("recent"), 1);
    world.pass(7 * DAY - 1);
    assert!(world.core.is_member(id, "recent") && world.sends.is_empty());
    world.pass(1);
    assert!(!world.core.is_member(id, "recent"));
    assert_eq!(world.deliver(), ["We miss you."]);
    assert_eq!(moves(&world, &ana).last(), Some(&(seen.plus_micros(7 * DAY), "-recent (time)".to_owned())));
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn what_came_due_while_nothing_ran_is_made_up_for_once_and_stamped_as_it_was_due() {
    let (mut world, ana) = (World::with(2, bot(RECENT)), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    let seen = world.person(&ana).contact.last_seen;
    world.pass(2 * MINUTE);
    // Nothing runs for nine days.
    world.now = world.now.plus_micros(9 * DAY);
    world.crash();
    world.pass(0);
    assert_eq!(world.deliver(), ["We miss you."]);
    assert_eq!(moves(&world, &ana).last(), Some(&(seen.plus_micros(7 * DAY), "-recent (time)".to_owned())));
    world.crash();
    world.pass(DAY);
    assert!(world.sends.is_empty(), "once");
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn after_a_start_whoever_asks_is_told_what_is_so_now_before_anybody_was_looked_at() {
    for crashes_at_the_boundary in [false, true] {
        let mut world = World::with(17, bot(RECENT));
        let people = ["ana", "bob", "cem"].map(|name| address("push", name));
        for who in &people {
            world.arrive(who, "1", "hello");
            world.deliver();
        }
        let ids = people.clone().map(|who| world.person(&who).contact.id);
        let seen = people.clone().map(|who| world.person(&who).contact.last_seen);
        world.pass(MINUTE);
        if crashes_at_the_boundary {
            world.store.order(Fault::Hold);
            world.pass(7 * DAY);
        } else {
            // Nothing runs for eight days.
            world.now = world.now.plus_micros(8 * DAY);
        }
        world.crash();
        assert_eq!(world.core.segment_size("recent"), 0);
        assert!(ids.iter().all(|id| !world.core.is_member(*id, "recent")));
        assert!(world.core.members_of("recent").page(None, 10).ids.is_empty());
        assert!(people.iter().all(|who| world.person(who).contact.memberships.contains_key("recent")), "nothing of it is durable");
        world.pass(0);
        assert_eq!(world.deliver(), ["We miss you."; 3]);
        for (who, seen) in people.iter().zip(seen) {
            let left: Vec<_> = moves(&world, who).into_iter().filter(|(_, what)| what.starts_with('-')).collect();
            assert_eq!(left, [(seen.plus_micros(7 * DAY), "-recent (time)".to_owned())], "once, at its instant");
        }
        assert_eq!(world.core.segment_size("recent"), 0);
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn a_crash_just_after_the_boundary_repeats_nothing() {
    // Nothing runs at the boundary itself: the step that commits it does nothing else.
    const WELCOME: &str = "skill: goodbye\ncatch: [{ segment: { entered: recent } }]\nblocks:\n  hi: { text: Welcome. }\n";
    let (mut world, ana) =
        (World::with(12, bot_files(&[("segments.yaml", RECENT), ("skills/goodbye.yaml", WELCOME)])), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    assert!(world.deliver().contains(&"Welcome.".to_owned()));
    let seen = world.person(&ana).contact.last_seen;
    // Up to when time was followed is written down every ten seconds: not since.
    world.pass(7 * DAY + SECOND);
    let before = moves(&world, &ana);
    assert_eq!(before.last(), Some(&(seen.plus_micros(7 * DAY), "-recent (time)".to_owned())));
    world.crash();
    world.pass(0);
    assert_eq!(moves(&world, &ana), before);
    world.pass(DAY);
    assert!(world.sends.is_empty() && moves(&world, &ana) == before);
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn a_crash_between_the_boundary_and_its_commit_loses_nothing_and_repeats_nothing() {
    let (mut world, ana) = (World::with(3, bot(RECENT)), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    world.now = world.now.plus_micros(7 * DAY + 1);
    // The core decides, and the process dies before the store is given the commit.
    world.core.look(world.now);
    world.core.take_turn(world.now);
    assert!(world.core.poll().iter().any(|action| matches!(action, Action::Commit(..))));
    world.crash();
    world.pass(0);
    assert_eq!(world.deliver(), ["We miss you."]);
    assert_eq!(moves(&world, &ana).iter().filter(|(_, what)| what.starts_with("-recent")).count(), 1);
}

/// Whether somebody is in each of these segments, as whoever asks is told.
fn told(world: &World, at: &model::Address, segments: [&str; 3]) -> [bool; 3] {
    let id = world.person(at).contact.id;
    let told = segments.map(|key| world.core.is_member(id, key));
    assert_eq!(told.map(u64::from), segments.map(|key| world.core.segment_size(key)));
    told
}

#[test]
fn whoever_asks_is_told_what_is_so_now_while_the_steps_wait_for_the_disk() {
    const THREE: &str = "recent: { where: last_seen within 7 days }\n\
        known: { where: last_seen within 9 days }\n\
        between: { where: last_seen within 8 days and not in segment recent }\n";
    let segments = ["recent", "known", "between"];
    for crashes in [false, true] {
        let (mut world, ana) = (World::with(15, bot(THREE)), address("push", "ana"));
        world.arrive(&ana, "1", "hello");
        world.deliver();
        let seen = world.person(&ana).contact.last_seen;
        world.pass(7 * DAY - 1);
        assert_eq!(told(&world, &ana, segments), [true, true, false]);
        world.store.order(Fault::Hold);
        world.pass(1);
        assert_eq!(told(&world, &ana, segments), [false, true, true]);
        // The next boundaries come while the step of the first one is not durable; one of them takes her back to where she was.
        world.pass(DAY - 1);
        assert_eq!(told(&world, &ana, segments), [false, true, true]);
        world.pass(1);
        assert_eq!(told(&world, &ana, segments), [false, true, false]);
        world.pass(DAY);
        assert_eq!(told(&world, &ana, segments), [false, false, false]);
        assert_eq!(world.person(&ana).contact.memberships.len(), 2, "nothing of it is durable");
        if crashes {
            world.crash();
        }
        // What was decided before the later boundaries becomes durable, and takes nothing of them back.
        while world.store.release(1) > 0 {
            world.pump();
            assert_eq!(told(&world, &ana, segments), [false, false, false]);
        }
        world.store.release_all();
        world.pump();
        world.pass(0);
        assert_eq!(told(&world, &ana, segments), [false, false, false]);
        let (at, moves) = (|days: i64| seen.plus_micros(days * DAY), moves(&world, &ana));
        let all = [(at(7), "-recent (time)"), (at(7), "+between (time)"), (at(8), "-between (time)"), (at(9), "-known (time)")];
        assert_eq!(moves.len(), 2 + all.len(), "once: {moves:?}");
        assert!(all.iter().all(|(at, what)| moves.contains(&(*at, (*what).to_owned()))), "each at its instant: {moves:?}");
        assert_eq!(world.deliver(), ["We miss you."]);
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn however_many_leave_at_once_whoever_asks_is_told_so() {
    // More than there may be commits under way.
    const MANY: usize = 1_500;
    let mut world = World::with(16, bot_files(&[("segments.yaml", RECENT)]));
    let people: Vec<_> = (0..MANY).map(|n| address("push", &n.to_string())).collect();
    for at in &people {
        world.arrive(at, "1", "hello");
        world.deliver();
    }
    assert_eq!(world.core.segment_size("recent"), MANY as u64);
    world.store.order(Fault::Hold);
    world.pass(7 * DAY);
    assert_eq!(world.core.segment_size("recent"), 0);
    // Half of the commits that may be under way are left to what else is due.
    assert_eq!(world.core.stats().commits, 512);
    // An input of somebody whose turn did not come brings what time did along.
    let last = people.last().unwrap();
    world.arrive(last, "2", "tag");
    world.store.release_all();
    world.pump();
    world.pass(0);
    let of = |at: &model::Address| moves(&world, at).into_iter().map(|(_, what)| what).collect::<Vec<_>>();
    assert!(people.iter().rev().skip(1).all(|at| of(at) == ["+recent (they came)", "-recent (time)"]), "each once");
    assert_eq!(of(last)[1..], ["-recent (time)", "+recent (last_seen)", "+seen (tag seen)"]);
    assert_eq!((world.core.segment_size("recent"), world.core.segment_size("seen")), (1, 1));
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[tokio::test]
async fn a_slow_disk_keeps_nobody_in_a_segment() {
    let (store, clock) = (MemStore::new(), ManualClock::new(Instant::from_secs(1_772_442_000)));
    let bot = bot("recent: { where: 'count(visit, last 7 days) >= 1' }\nseen: { where: has tag seen }\n");
    let service = start(world::served::options(bot, &store, &clock, Vec::new())).await.unwrap();
    let handle = &service.handle;
    let ids = [1, 2, 3].map(ContactId);
    for id in ids {
        handle.create_contact(id, "api", Vec::new(), Actor::System).await.unwrap();
        let visit = Told { name: "visit".into(), fields: model::Record::new(), at: None, once: None };
        assert!(handle.raise_all(id, vec![visit], &Actor::System).await.iter().all(Result::is_ok));
    }
    assert_eq!(handle.segment_sizes(&["recent"]), [3]);
    // Nobody of them can be read.
    let held = ids.map(|id| store.hold_reads(id));
    clock.advance(7 * DAY);
    let all_left = async {
        while handle.segment_sizes(&["recent"]) != [0] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), all_left).await.expect("nobody is waited for");
    assert!(ids.iter().all(|id| !handle.is_member(*id, "recent")));
    drop(held);
    for id in ids {
        while handle.person(id).await.unwrap().unwrap().contact.memberships.contains_key("recent") {
            tokio::task::yield_now().await;
        }
    }
    service.stop().await;
}

#[test]
fn an_edited_rule_takes_over_at_once_and_quietly() {
    let (mut world, ana, bob) = (World::with(4, bot(RECENT)), address("push", "ana"), address("push", "bob"));
    for (who, no) in [(&ana, "1"), (&bob, "2")] {
        world.arrive(who, no, "hello");
        world.deliver();
    }
    world.arrive(&bob, "3", "tag");
    world.deliver();
    world.pass(3 * DAY);
    world.arrive(&bob, "4", "hello");
    world.deliver();
    let (ana_id, bob_id) = (world.person(&ana).contact.id, world.person(&bob).contact.id);
    let edit = world.now;
    world.core.reload(world.now, bot("recent: { where: last_seen within 2 days }\nseen: { where: has tag seen }\n"));
    assert!(!world.core.is_member(ana_id, "recent"), "the edit holds at once");
    assert!(world.core.is_member(bob_id, "recent") && world.core.is_member(bob_id, "seen"));
    world.pump();
    world.pass(0);
    assert!(world.deliver().is_empty(), "an edit starts no flow");
    assert_eq!(moves(&world, &ana).last(), Some(&(edit, "-recent (the rule changed)".to_owned())));
    // From now on the new rule counts in time.
    world.pass(2 * DAY);
    assert_eq!(world.deliver(), ["We miss you."], "bob, and not ana");
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn an_edit_that_is_undone_is_an_edit_as_well() {
    for crashes in [false, true] {
        let (mut world, ana) = (World::with(13, bot(RECENT)), address("push", "ana"));
        world.arrive(&ana, "1", "hello");
        world.deliver();
        let id = world.person(&ana).contact.id;
        world.pass(6 * DAY);
        world.core.reload(world.now, bot("recent: { where: last_seen within 30 days }\nseen: { where: has tag seen }\n"));
        world.pump();
        world.pass(3 * DAY);
        assert!(world.core.is_member(id, "recent") && world.sends.is_empty());
        let undone = world.now;
        world.core.reload(world.now, bot(RECENT));
        world.pump();
        assert!(!world.core.is_member(id, "recent"), "the edit holds at once");
        if crashes {
            // Before her turn came.
            world.crash();
        }
        world.pass(0);
        assert!(world.deliver().is_empty(), "an edit starts no flow");
        assert_eq!(moves(&world, &ana).last(), Some(&(undone, "-recent (the rule changed)".to_owned())));
        world.pass(30 * DAY);
        assert!(world.sends.is_empty() && moves(&world, &ana).len() == 2, "once");
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn a_rule_edited_while_nothing_ran_is_quiet_as_well() {
    let (mut world, ana) = (World::with(5, bot(RECENT)), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    world.pass(3 * DAY);
    world.change_bot(bot("recent: { where: last_seen within 2 days }\nseen: { where: has tag seen }\n"));
    world.crash();
    world.pass(0);
    assert!(world.deliver().is_empty());
    assert_eq!(moves(&world, &ana).last(), Some(&(world.now, "-recent (the rule changed)".to_owned())));
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn an_import_of_a_tag_carries_somebody_in_with_the_same_commit() {
    let (mut world, ana) = (World::with(6, bot(RECENT)), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    let by = model::Actor::Api("test".into());
    world.item(&ana, model::InboxItem::Modify { changes: vec![Change::AddTag("seen".into())], by }, None);
    let person = world.person(&ana);
    assert!(person.contact.memberships.contains_key("seen") && world.core.is_member(person.contact.id, "seen"));
    assert_eq!(world.core.members_of("seen").page(None, 10).ids, [person.contact.id]);
}

#[test]
fn rules_that_are_judged_elsewhere_take_over_with_what_happened_meanwhile() {
    let (mut world, people) = (World::with(7, bot(RECENT)), ["ana", "bob", "cem"].map(|name| address("push", name)));
    for (no, who) in people.iter().enumerate() {
        world.arrive(who, &format!("first{no}"), "hello");
        world.deliver();
    }
    world.pass(3 * DAY);
    let id = |world: &World, at: &model::Address| world.person(at).contact.id;
    world
        .core
        .reload(world.now, bot("recent: { where: last_seen within 2 days }\nseen: { where: has tag seen and last_seen within 1 day }\n"));
    world.pump();
    assert_eq!(world.judgements.len(), 1, "three are more than two");
    assert!(world.core.is_judging());
    assert!(world.core.is_computing("recent") && world.core.is_computing("seen") && !world.core.is_computing("nothing"));
    // While it goes on somebody writes, is tagged, and somebody new comes.
    world.arrive(&people[1], "second", "tag");
    world.deliver();
    let dan = address("push", "dan");
    world.arrive(&dan, "first", "hello");
    world.deliver();
    world.pass(0);
    assert!(!world.core.is_judging() && !world.core.is_computing("recent"));
    let recent: Vec<bool> = people.iter().chain([&dan]).map(|at| world.core.is_member(id(&world, at), "recent")).collect();
    assert_eq!(recent, [false, true, false, true]);
    assert!(world.core.is_member(id(&world, &people[1]), "seen"));
    assert!(world.deliver().is_empty(), "an edit starts no flow");
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
    // Time goes on for all of them by the new rules.
    world.pass(DAY);
    assert!(!world.core.is_member(id(&world, &people[1]), "seen"));
    world.pass(DAY);
    assert_eq!(world.deliver(), ["We miss you.", "We miss you."], "bob and dan");
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn a_second_edit_while_the_first_is_judged_is_the_one_that_counts() {
    let (mut world, people) = (World::with(8, bot(RECENT)), ["ana", "bob", "cem"].map(|name| address("push", name)));
    for (no, who) in people.iter().enumerate() {
        world.arrive(who, &format!("first{no}"), "hello");
        world.deliver();
    }
    world.pass(3 * DAY);
    for days in [1, 4] {
        world.core.reload(world.now, bot(&format!("recent: {{ where: last_seen within {days} days }}\nseen: {{ where: has tag seen }}\n")));
        world.pump();
    }
    world.pass(0);
    assert_eq!(world.core.segment_size("recent"), 3);
    assert!(world.deliver().is_empty() && world.core.stray_memberships().is_empty());
    world.pass(DAY);
    assert_eq!(world.deliver().len(), 3);
}

#[test]
fn who_was_due_when_other_rules_changed_leaves_at_their_instant_all_the_same() {
    let edited = "recent: { where: last_seen within 7 days }\nseen: { where: has tag seen and status = active }\n";
    for others in [0, 2] {
        let (mut world, ana) = (World::with(18, bot(RECENT)), address("push", "ana"));
        world.arrive(&ana, "1", "hello");
        world.deliver();
        // With so many the new rules are judged elsewhere.
        for other in 0..others {
            world.arrive(&address("push", &format!("other{other}")), "1", "hello");
            world.deliver();
        }
        let (id, seen) = (world.person(&ana).contact.id, world.person(&ana).contact.last_seen);
        world.pass(MINUTE);
        // The instant passes, and before anybody looks the rules change.
        world.now = world.now.plus_micros(8 * DAY);
        world.core.reload(world.now, bot(edited));
        world.pump();
        world.pass(0);
        assert!(!world.core.is_member(id, "recent"));
        assert_eq!(world.core.segment_size("recent"), 0);
        assert_eq!(world.deliver().len(), 1 + others, "we miss them");
        assert_eq!(moves(&world, &ana).last(), Some(&(seen.plus_micros(7 * DAY), "-recent (time)".to_owned())));
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn what_became_durable_without_a_step_while_rules_were_judged_elsewhere_is_judged_by_them() {
    let (mut world, people) = (World::with(19, bot(RECENT)), ["ana", "bob", "cem"].map(|name| address("push", name)));
    for who in &people {
        world.arrive(who, "1", "hello");
        world.deliver();
    }
    for who in &people {
        world.arrive(who, "2", "hello");
    }
    world.pump();
    world.core.reload(world.now, bot(&format!("{RECENT}alive: {{ where: status = active }}\n")));
    world.pump();
    assert!(world.core.is_judging());
    // Their messages leave meanwhile, which is written down and is no step.
    let judgements = std::mem::take(&mut world.judgements);
    assert_eq!(world.deliver().len(), 3);
    assert!(world.core.is_judging());
    world.judgements = judgements;
    world.pass(0);
    for who in &people {
        let person = world.person(who);
        assert!(world.core.is_member(person.contact.id, "alive") && person.contact.memberships.contains_key("alive"));
    }
    assert_eq!(world.core.segment_size("alive"), 3);
}

#[test]
fn rules_that_are_back_while_they_are_judged_are_judged_with_what_happened_in_between() {
    let (mut world, people) = (World::with(20, bot(RECENT)), ["ana", "bob", "cem"].map(|name| address("push", name)));
    for who in &people {
        world.arrive(who, "1", "hello");
        world.deliver();
    }
    let with = |days| bot(&format!("{RECENT}other: {{ where: last_seen within {days} days }}\n"));
    world.core.reload(world.now, with(1));
    world.pump();
    world.arrive(&people[0], "2", "tag");
    for days in [2, 1] {
        world.core.reload(world.now, with(days));
        world.pump();
    }
    assert_eq!(world.judgements.len(), 3);
    world.pass(0);
    assert!(!world.core.is_judging());
    assert!(world.core.is_member(world.person(&people[0]).contact.id, "seen"));
    assert!(world.core.stray_memberships().is_empty(), "INV-5");
}

#[test]
fn a_clock_that_jumps_ahead_and_back_moves_nobody_twice_and_forgets_nobody() {
    for crashes in [false, true] {
        let (mut world, ana) = (World::with(9, bot(RECENT)), address("push", "ana"));
        world.arrive(&ana, "1", "hello");
        world.deliver();
        let (id, right) = (world.person(&ana).contact.id, world.now);
        // Eight days too far, for a moment.
        world.pass(8 * DAY);
        assert_eq!(world.deliver(), ["We miss you."]);
        world.now = right.plus_micros(MINUTE);
        if crashes {
            world.crash();
        }
        world.pass(0);
        // What was done is not taken back, and not done again.
        assert!(world.sends.is_empty() && !world.core.is_member(id, "recent"));
        world.pass(8 * DAY);
        assert!(world.sends.is_empty(), "the boundary came before");
        world.now = right.plus_micros(HOUR);
        world.pass(0);
        // From the next thing that happens on the clock counts as it is.
        let back = world.now;
        world.arrive(&ana, "2", "hello");
        world.deliver();
        assert!(world.core.is_member(id, "recent"));
        world.pass(7 * DAY - 1);
        assert!(world.sends.is_empty() && world.core.is_member(id, "recent"));
        world.pass(1);
        assert_eq!(world.deliver(), ["We miss you."]);
        let left = |at: Instant| (at.plus_micros(7 * DAY), "-recent (time)".to_owned());
        let entered = |at: Instant, why: &str| (at, format!("+recent ({why})"));
        assert_eq!(moves(&world, &ana), [entered(right, "they came"), left(right), entered(back, "last_seen"), left(back)]);
        assert!(world.core.stray_memberships().is_empty(), "INV-5");
    }
}

#[test]
fn members_of_a_segment_that_a_group_answers_first_wait_before_the_others() {
    const YAML: &str = "name: World\nchannels:\n  web: { type: web }\ngroups:\n  support: { per_agent: 4, first: [seen] }\n";
    const HUMAN: &str = "skill: human\ncatch:\n  - keyword: [human]\nblocks:\n  person:\n    live_chat: { group: support, message: \"Place ${queue.position}.\", timeout: 5m }\n    on: { timeout: end, no_agent: end }\n";
    const TAG: &str = "skill: tag\ncatch:\n  - keyword: [tag]\nblocks:\n  add:\n    add_tag: seen\n";
    let files = [("bot.yaml", YAML), ("segments.yaml", RECENT), ("skills/human.yaml", HUMAN), ("skills/tag.yaml", TAG)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let (bot, problems, _) = Bot::load(&engine::BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    let mut world = World::with(10, bot.unwrap_or_else(|| panic!("{problems:?}")));
    world.agent(1, true);
    let mut place = |name: &str, words: &[&str]| {
        let at = address("web", name);
        world.pass(SECOND);
        for (no, word) in words.iter().enumerate() {
            world.arrive(&at, &no.to_string(), word);
        }
        world.said(&at).last().unwrap().clone()
    };
    assert_eq!(place("ana", &["human"]), "bot: Place 1.");
    assert_eq!(place("bob", &["human"]), "bot: Place 2.");
    assert_eq!(place("cem", &["tag", "human"]), "bot: Place 1.", "whoever is in the segment goes before those who came earlier");
    assert_eq!(place("dan", &["tag", "human"]), "bot: Place 2.", "and behind those who are in it as well");
    assert_eq!(place("eve", &["human"]), "bot: Place 5.");
    // Those who were passed are told so.
    let last = |name: &str| {
        let mut places = world.notices.iter().rev().filter(|(to, _)| to.id == name).filter_map(|(_, notice)| match notice {
            Notice::Owner { position, .. } => *position,
            _ => None,
        });
        places.next()
    };
    assert_eq!(["ana", "bob", "cem", "dan"].map(last), [Some(3), Some(4), Some(1), Some(2)]);
}

#[test]
fn whose_past_begins_later_keeps_their_row() {
    const YAML: &str = "name: World\nchannels:\n  push: { type: telegram }\ngroups:\n  support: {}\nattributes:\n  size: text\n";
    const LATELY: &str = "lately: { where: 'count(visit, last 15 days) >= 1' }\n";
    let (mut world, ana) = (World::with(14, bot_files(&[("bot.yaml", YAML), ("segments.yaml", LATELY)])), address("push", "ana"));
    world.arrive(&ana, "1", "hello");
    world.deliver();
    let by = || model::Actor::Api("test".into());
    let changes = vec![Change::SetAttribute("size".into(), model::Value::text("L"))];
    world.item(&ana, model::InboxItem::Modify { changes, by: by() }, None);
    for _ in 0..2 {
        let (name, fields) = ("visit".to_owned(), model::Record::new());
        world.item(&ana, model::InboxItem::Event { conversation: None, name, fields, at: None, by: by() }, None);
        world.pass(10 * DAY);
    }
    let id = world.person(&ana).contact.id;
    let row = |world: &World| world.core.snapshot().attribute("size").map(|(row, _)| row).collect::<Vec<_>>();
    let counted = |world: &World, condition: &str| {
        let bot = world.core.bot();
        let (condition, _) = bot.read_condition(&serde_json::json!(condition)).unwrap();
        world.core.snapshot().ask(&condition, bot.set(), &*bot, world.now, 0).matched
    };
    let stood = row(&world);
    assert_eq!((stood.len(), counted(&world, "count(visit) = 2")), (1, 1));
    // The older half goes.
    let cutoffs = Cutoffs { events: Some(world.now.plus_micros(-15 * DAY)), ..Cutoffs::default() };
    let due = retention::due(&world.store, &world.person(&ana), &cutoffs).unwrap();
    let (under, forget) = due.forget.into_iter().next().expect("something is old");
    let (ticket, version) = (world.ticket(), world.person(&ana).version);
    world.core.forget(world.now, PersonChange { forget, ..PersonChange::new(under, version) }, Vec::new(), ticket);
    world.pump();
    world.pass(0);
    assert_eq!(counted(&world, "count(visit) = 1"), 1, "what is counted is what is left");
    assert_eq!(row(&world), stood, "nobody stands in another row for that, and the one they stood in is not lost");
    assert!(world.core.is_member(id, "lately") && world.core.stray_memberships().is_empty(), "INV-5");
    // Time goes on from there.
    world.pass(5 * DAY);
    assert!(!world.core.is_member(id, "lately"));
}

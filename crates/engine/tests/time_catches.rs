//! Catches by time and by change, opening hours, and the blocks that part and check (FL 4, 5.8, 8).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;
use common::{BOT, Talk, bot, try_bot};
use engine::{Meant, Schedule};
use model::{Actor, Change, InboxItem, Instant, Occasion, RequestState, Value};
use switchboard_engine as engine;

const NONE: [&str; 0] = [];

fn at(text: &str) -> Instant {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn modify(change: Change) -> InboxItem {
    InboxItem::Modify { changes: vec![change], by: Actor::Api("test".into()) }
}

fn plan(value: &str) -> InboxItem {
    modify(Change::SetAttribute("plan".into(), Value::text(value)))
}

#[test]
fn a_changed_attribute_starts_its_skill_with_what_changed() {
    let skill = "skill: changed\ncatch:\n  - attribute: { changed: plan }\nblocks:\n  say:\n    text: \"${event.name}: ${event.from} to ${event.to}.\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/c.yaml", skill)]));
    assert_eq!(talk.item(plan("gold")), ["plan: free to gold."]);
    assert_eq!(talk.item(plan("gold")), NONE);
    assert_eq!(talk.item(modify(Change::UnsetAttribute("plan".into()))), ["plan: gold to free."]);
    // Changed and changed back within one step is no change.
    let both = InboxItem::Modify {
        changes: vec![Change::SetAttribute("plan".into(), Value::text("gold")), Change::SetAttribute("plan".into(), Value::text("free"))],
        by: Actor::System,
    };
    assert_eq!(talk.item(both), NONE);
}

#[test]
fn where_only_for_and_once_narrow_an_attribute_catch() {
    let skill = "skill: changed\ncatch:\n  - attribute: { changed: plan }\n    where: to = \"gold\"\n    once: 1d\nblocks:\n  say:\n    text: Gold.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/c.yaml", skill)]));
    assert_eq!(talk.item(plan("gold")), ["Gold."]);
    assert_eq!(talk.item(plan("free")), NONE);
    assert_eq!(talk.item(plan("gold")), NONE);
    talk.item(plan("free"));
    talk.wait(86_401);
    assert_eq!(talk.item(plan("gold")), ["Gold."]);
}

#[test]
fn changes_that_cause_one_another_end() {
    let skill =
        "skill: flip\ncatch:\n  - attribute: { changed: visits }\nblocks:\n  more:\n    data: { visits: \"${visits | default(0) + 1}\" }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/f.yaml", skill)]));
    talk.item(modify(Change::SetAttribute("visits".into(), Value::Number(1.into()))));
    // FL 5.8: at most eight causes deep.
    assert_eq!(talk.contact.attributes["visits"], Value::Number(9.into()));
}

fn schedule(pattern: &str, zone: &str) -> (std::sync::Arc<engine::Bot>, Schedule) {
    let skill =
        format!("skill: s\ncatch:\n  - schedule: \"{pattern}\"\n    to: plan = gold\n    grace: 2h\nblocks:\n  say:\n    text: Hi.\n");
    let bot = bot(&[("bot.yaml", &BOT.replace("timezone: UTC", &format!("timezone: {zone}"))), ("skills/s.yaml", &skill)]);
    let schedule = bot.schedules()[0].clone();
    (bot, schedule)
}

/// The occurrences of a schedule within a stretch of time.
fn occurrences(pattern: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let (bot, schedule) = schedule(pattern, zone);
    let (mut now, end, mut found) = (at(from), at(to), Vec::new());
    while let Some(next) = bot.occurrence_after(&schedule, now).filter(|next| *next <= end) {
        assert_eq!(bot.occurrence_until(&schedule, next), Some(next), "looked at from behind it is the same");
        found.push(next.to_string());
        now = next;
    }
    found
}

#[test]
fn occurrences_keep_to_the_clock_on_the_wall_over_clock_changes() {
    // Nine o'clock is nine o'clock before and after the change of 29 March.
    assert_eq!(
        occurrences("0 9 * * *", "Europe/Madrid", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"),
        ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"]
    );
    // 02:30 does not exist on that day: once, after the gap.
    assert_eq!(
        occurrences("30 2 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    // 02:30 comes twice on 25 October: once.
    assert_eq!(
        occurrences("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        occurrences("0 9 * * mon", "Europe/Madrid", "2026-03-02T00:00:00Z", "2026-03-16T23:00:00Z"),
        ["2026-03-02T08:00:00Z", "2026-03-09T08:00:00Z", "2026-03-16T08:00:00Z"]
    );
}

#[test]
fn whom_a_schedule_or_a_trigger_means() {
    let (bot, schedule) = schedule("0 9 * * *", "UTC");
    assert_eq!((schedule.to.as_deref(), schedule.grace), (Some("plan = gold"), 7_200_000_000));
    let gold = bot.audience(schedule.to.as_deref()).unwrap();
    let everybody = bot.audience(None).unwrap();
    let mut talk = Talk::new(bot.clone());
    let mean = |talk: &Talk| {
        (gold.means(&bot, &talk.contact, &segments::NoPast, talk.now), everybody.means(&bot, &talk.contact, &segments::NoPast, talk.now))
    };
    assert_eq!(mean(&talk), (Meant::No, Meant::Yes));
    talk.item(plan("gold"));
    assert_eq!(mean(&talk), (Meant::Yes, Meant::Yes));
    let address = talk.conversation.address.clone();
    talk.item(modify(Change::Unreachable(address, "gone".into())));
    assert_eq!(mean(&talk), (Meant::Yes, Meant::No));
    talk.item(modify(Change::SetStatus("unsubscribed".into())));
    assert_eq!(mean(&talk), (Meant::OptedOut, Meant::No));
    let wrong = bot.audience(Some("in segment vipp and plann = gold")).unwrap_err();
    assert!(wrong.contains("vipp") && wrong.contains("plann"), "{wrong}");
}

#[test]
fn an_occurrence_starts_its_skill_through_its_guards_and_not_after_an_opt_out() {
    let skill = "skill: s\ncatch:\n  - schedule: \"0 9 * * *\"\n    to: plan = gold\n    only_for: visits > 2\nblocks:\n  say:\n    text: \"It is ${event.at | format('%H:%M')}.\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", skill)]));
    let reached = || InboxItem::Reached {
        audience: "aud_1".into(),
        what: Occasion::Schedule { skill: "s".into(), pattern: "0 9 * * *".into(), to: None, at: at("2026-03-02T09:00:00Z") },
        by: Actor::System,
    };
    assert_eq!(talk.item(reached()), NONE);
    talk.item(modify(Change::SetAttribute("visits".into(), Value::Number(3.into()))));
    assert_eq!(talk.item(reached()), ["It is 09:00."]);
    talk.item(modify(Change::SetStatus("unsubscribed".into())));
    assert_eq!(talk.item(reached()), NONE);
}

#[test]
fn check_tells_what_is_wrong_with_a_catch_by_time_or_change() {
    for (catch, code) in [
        ("schedule: \"@daily\"", "E0176"),
        ("schedule: \"0 9 * *\"", "E0176"),
        ("schedule: \"0 25 * * *\"", "E0176"),
        ("schedule: \"0 9 * * funday\"", "E0176"),
        ("schedule: \"0 0 30 2 *\"", "E0177"),
        ("schedule: \"0 9 * * *\"", "W0218"),
        ("schedule: \"0 9 * * *\"\n    to: in segment nobody", "E03"),
        ("attribute: { changed: plann }", "E0172"),
        ("attribute: { left: plan }", "E0101"),
        ("event: x\n    to: plan = gold", "E0101"),
    ] {
        let skill = format!("skill: s\ncatch:\n  - {catch}\nblocks:\n  say:\n    text: Hi.\n");
        let (_, said) = try_bot(&[("bot.yaml", BOT), ("skills/s.yaml", &skill)]);
        assert!(said.contains(code), "{catch}: {said}");
    }
}

const OFFICE: &str = "name: Test\ntimezone: Europe/Madrid\ngroups: { support: { hours: office } }\ncalendars:\n  office: { mon-fri: [\"09:00-13:00\", \"15:00-18:00\"], except: { 2026-03-03: closed } }\n  tokyo: { zone: Asia/Tokyo, daily: \"09:00-24:00\" }\n";

#[test]
fn opening_hours_in_conditions() {
    let skill = "skill: s\ncatch: [{ command: open }]\nblocks:\n  which:\n    switch:\n      - when: open(\"office\")\n        then: yes_open\n    else: no_open\n  yes_open:\n    text: \"Open, Tokyo ${open('tokyo')}.\"\n    next: end\n  no_open:\n    text: Closed.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", OFFICE), ("skills/s.yaml", skill)]));
    for (when, says) in [
        ("2026-03-02T07:59:59Z", "Closed."),
        // Nine in Madrid is seventeen in Tokyo.
        ("2026-03-02T08:00:00Z", "Open, Tokyo true."),
        ("2026-03-02T12:30:00Z", "Closed."),
        ("2026-03-02T16:59:00Z", "Open, Tokyo false."),
        ("2026-03-02T17:00:00Z", "Closed."),
        ("2026-03-03T10:00:00Z", "Closed."),
        ("2026-03-07T10:00:00Z", "Closed."),
        // Summer time: nine is seven.
        ("2026-03-30T07:00:00Z", "Open, Tokyo true."),
    ] {
        talk.now = at(when);
        assert_eq!(talk.say("/open"), [says], "{when}");
    }
}

#[test]
fn outside_its_hours_a_group_is_not_asked_and_the_request_is_listed_as_missed() {
    let skill = "skill: t\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    on: { closed_hours: closed }\n    next: end\n  closed:\n    text: We are back at nine.\n    next: end\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", OFFICE), ("skills/t.yaml", skill)]));
    talk.agents = true;
    talk.now = at("2026-03-03T10:00:00Z");
    assert_eq!(talk.say("/human"), ["We are back at nine."]);
    let request = talk.conversation.request.as_ref().unwrap();
    assert!(matches!(&request.state, RequestState::Missed { why, .. } if why == "closed_hours"));
    talk.now = at("2026-03-04T10:00:00Z");
    assert_eq!(talk.say("/human"), NONE);
    assert_eq!(talk.conversation.owner, model::Owner::Queue);
    // Without an exit: one sentence, then next.
    let plain = skill.replace("    on: { closed_hours: closed }\n", "");
    let mut talk = Talk::new(bot(&[("bot.yaml", OFFICE), ("skills/t.yaml", &plain)]));
    talk.now = at("2026-03-03T10:00:00Z");
    assert!(talk.say("/human")[0].contains("Nobody is available"));
}

#[test]
fn check_tells_what_is_wrong_with_a_calendar() {
    for (written, says) in [
        ("office: { mon-fri: \"9 to 5\" }", "are no opening hours"),
        ("office: { mon-fri: \"18:00-09:00\" }", "ends before it begins"),
        ("office: { mon: [\"09:00-13:00\", \"12:00-14:00\"] }", "overlaps"),
        ("office: { mon-fri: \"09:00-17:00\", fri: \"09:00-15:00\" }", "says twice"),
        ("office: { weekday: \"09:00-17:00\" }", "its keys are weekdays"),
        ("office: { mon: closed }", "is never open"),
        ("office: { mon: \"09:00-17:00\", except: { xmas: closed } }", "is no date"),
        ("office: { mon: \"09:00-17:00\", zone: Nowhere }", "no time zone"),
    ] {
        let skill = "skill: s\ncatch: [{ command: s }]\nblocks:\n  say:\n    text: Hi.\n";
        let (_, said) = try_bot(&[("bot.yaml", &format!("name: T\ncalendars:\n  {written}\n")), ("skills/s.yaml", skill)]);
        assert!(said.contains(says), "{written}: {said}");
    }
    let (_, said) = try_bot(&[
        ("bot.yaml", "name: T\ngroups: { a: { hours: ofice } }\ncalendars: { office: { mon: \"09:00-17:00\" } }\n"),
        ("skills/s.yaml", "skill: s\ncatch: [{ command: s }]\nblocks:\n  say:\n    text: Hi.\n    when: open(\"offic\")\n"),
    ]);
    assert!(said.matches("E0175").count() == 2 && said.contains("ofice") && said.contains("offic"), "{said}");
}

#[test]
fn a_split_is_the_same_for_a_contact_every_time() {
    let skill = "skill: s\ncatch: [{ command: go }]\nblocks:\n  which:\n    split:\n      - { weight: 1, then: a }\n      - { weight: 1, then: b, name: second }\n    save: way\n  a:\n    text: A ${way}\n    next: end\n  b:\n    text: B ${way}\n";
    let mut ways = std::collections::BTreeMap::new();
    for id in 1..=64_u128 {
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", skill)]));
        talk.contact.id = model::ContactId(id);
        let first = talk.say("/go");
        assert_eq!(talk.say("/go"), first);
        *ways.entry(first[0].clone()).or_insert(0) += 1;
    }
    assert_eq!(ways.keys().collect::<Vec<_>>(), ["A a", "B second"]);
    assert!(ways.values().all(|n| (16..=48).contains(n)), "{ways:?}");
    let none = skill.replace("weight: 1, then: a", "weight: 0, then: a");
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", &none)]));
    assert_eq!(talk.say("/go"), ["B second"]);
    for (from, to, code) in
        [("weight: 1", "weight: 0", "E0179"), ("weight: 1, then: a", "weight: -1, then: a", "E0104"), ("then: a", "then: c", "E0111")]
    {
        let (_, said) = try_bot(&[("bot.yaml", BOT), ("skills/s.yaml", &skill.replace(from, to))]);
        assert!(said.contains(code), "{to}: {said}");
    }
}

#[test]
fn a_validation_says_nothing_and_leaves_by_its_verdict() {
    let skill = "skill: v\ncatch: [{ command: v }]\nblocks:\n  ask:\n    text: Age?\n  hear:\n    listen: said\n    timeout: 1d\n    on: { timeout: end }\n  looks:\n    validation: ${said}\n    expect: { number: { min: 1 } }\n    that: said != \"99\"\n    save: age\n    on: { invalid: wrong }\n  good:\n    text: \"${age + 1} ${validation_result}\"\n    next: end\n  wrong:\n    text: \"wrong ${validation_result}\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/v.yaml", skill)]));
    for (said, answer) in [("41", "42 true"), ("x", "wrong false"), ("0", "wrong false"), ("99", "wrong false")] {
        talk.say("/v");
        assert_eq!(talk.say(said), [answer], "{said}");
    }
    // Without an exit: next, whatever the verdict.
    let open = skill
        .replace("    on: { invalid: wrong }\n", "")
        .replace("${age + 1} ", "")
        .replace("    save: age\n", "")
        .replace("    next: end\n  wrong:\n    text: \"wrong ${validation_result}\"\n", "");
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/v.yaml", &open)]));
    talk.say("/v");
    assert_eq!(talk.say("x"), ["false"]);
    for (from, to) in [
        ("    expect: { number: { min: 1 } }\n    that: said != \"99\"\n", ""),
        (
            "validation: ${said}\n    expect: { number: { min: 1 } }\n    that: said != \"99\"\n    save: age\n",
            "validation: { expect: email }\n",
        ),
    ] {
        let (_, said) = try_bot(&[("bot.yaml", BOT), ("skills/v.yaml", &skill.replace(from, to).replace("${age + 1} ", ""))]);
        assert!(said.contains("E0180"), "{said}");
    }
}

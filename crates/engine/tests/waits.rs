//! `wait_for` and `wait_until` (FL 4 time, 5.5): what ends a wait, and what becomes of it meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;
use common::{BOT, Talk, bot, texts, try_bot};
use engine::Input;
use model::{Actor, AgentId, Awaited, Change, InboxItem, Instant, Record, Rest, Value};
use switchboard_engine as engine;

const NONE: [&str; 0] = [];
const SEGMENTS: &str = "vip: { name: VIP, where: plan = gold }\nbeta: { static: true }\n";

fn talk(files: &[(&str, &str)]) -> Talk {
    let mut all = vec![("bot.yaml", BOT), ("segments.yaml", SEGMENTS)];
    all.extend_from_slice(files);
    Talk::new(bot(&all))
}

fn waiting(wait: &str) -> String {
    format!(
        "skill: w\ncatch: [{{ command: go }}]\nblocks:\n  wait:\n    {wait}\n    on: {{ timeout: late }}\n  came:\n    text: Came ${{event.amount | default(event.name) | default(\"so\")}}.\n    next: end\n  late:\n    text: Late.\n"
    )
}

fn event(name: &str, amount: i64) -> InboxItem {
    let fields = Record::from([("amount".to_owned(), Value::Number(amount.into()))]);
    InboxItem::Event { conversation: None, name: name.into(), fields, at: None, by: Actor::Api("test".into()) }
}

fn modify(change: Change) -> InboxItem {
    InboxItem::Modify { changes: vec![change], by: Actor::Api("test".into()) }
}

fn set(talk: &mut Talk, name: &str, value: &str) -> Vec<String> {
    let mut said = talk.item(modify(Change::SetAttribute(name.into(), Value::text(value))));
    // What came is due at once.
    said.extend(talk.wait(0));
    said
}

fn at(text: &str) -> Instant {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

#[test]
fn an_event_ends_the_wait_and_its_fields_are_read_afterwards() {
    let skill = waiting("wait_for: { event: paid, where: amount >= 10, timeout: 2d }");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    assert_eq!(talk.say("/go"), NONE);
    // Another event, and one that is not meant.
    assert_eq!(talk.item(event("opened", 99)), NONE);
    assert_eq!(talk.item(event("paid", 9)), NONE);
    assert_eq!(talk.item(event("paid", 12)), ["Came 12."]);
    assert!(talk.conversation.runs.is_empty());
    assert_eq!(talk.item(event("paid", 12)), NONE);
    assert_eq!(talk.wait(3 * 86_400), NONE);
}

#[test]
fn without_the_event_the_timeout_is_taken() {
    let skill = waiting("wait_for: { event: paid, timeout: 2d }");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    talk.say("/go");
    assert_eq!(talk.wait(2 * 86_400 - 1), NONE);
    assert_eq!(talk.wait(1), ["Late."]);
    assert_eq!(talk.item(event("paid", 12)), NONE);
}

#[test]
fn a_timeout_without_an_exit_ends_the_run_quietly_and_one_longer_than_run_idle_counts() {
    let skill = waiting("wait_for: { event: paid, timeout: 9d }").replace("    on: { timeout: late }\n", "    on: { not_allowed: late }\n");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    talk.say("/go");
    assert_eq!(talk.wait(8 * 86_400), NONE);
    assert_eq!(talk.conversation.runs.len(), 1);
    assert_eq!(talk.wait(86_400), NONE);
    assert!(talk.conversation.runs.is_empty());
}

#[test]
fn a_wait_without_a_timeout_is_forgotten_after_run_idle() {
    let skill = waiting("wait_for: { event: paid }");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    talk.say("/go");
    assert_eq!(talk.wait(72 * 3_600 - 1), NONE);
    assert_eq!(talk.conversation.runs.len(), 1);
    talk.wait(1);
    assert!(talk.conversation.runs.is_empty());
}

#[test]
fn an_event_that_comes_while_a_human_has_the_conversation_counts_on_return() {
    let skill = waiting("wait_for: { event: paid, timeout: 2d }");
    let human =
        "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    next: end\n";
    let mut talk = talk(&[("skills/w.yaml", &skill), ("skills/t.yaml", human)]);
    talk.agents = true;
    talk.say("/go");
    talk.say("/human");
    let request = talk.conversation.request.as_ref().unwrap().id;
    let conversation = talk.conversation.id;
    talk.item(InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
    assert_eq!(talk.item(event("paid", 12)), NONE);
    assert_eq!(talk.wait(3 * 86_400), NONE);
    assert_eq!(talk.item(InboxItem::Resolve { conversation, agent: AgentId(9), skill: None }), ["The chat was closed"]);
    assert_eq!(talk.wait(1), ["Came 12."]);
}

#[test]
fn entering_a_segment_ends_the_wait_and_a_member_does_not_wait() {
    let skill = waiting("wait_for: { segment: vip, timeout: 2d }");
    let mut one = talk(&[("skills/w.yaml", &skill)]);
    one.say("/go");
    assert_eq!(set(&mut one, "plan", "free"), NONE);
    assert_eq!(set(&mut one, "plan", "gold"), ["Came vip."]);
    assert_eq!(one.say("/go"), ["Came so."]);

    let left = waiting("wait_for: { segment: { left: beta }, timeout: 2d }");
    let mut two = talk(&[("skills/w.yaml", &left)]);
    assert_eq!(two.say("/go"), ["Came so."]);
    two.item(modify(Change::AddToList("beta".into())));
    assert_eq!(two.say("/go"), NONE);
    two.item(modify(Change::RemoveFromList("beta".into())));
    assert_eq!(two.wait(0), ["Came beta."]);
}

#[test]
fn another_value_of_an_attribute_ends_the_wait() {
    let skill = waiting("wait_for: { attribute: plan, timeout: 2d }").replace("event.amount | default(event.name)", "event.to");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    talk.say("/go");
    // The default, written down, is no other value.
    assert_eq!(set(&mut talk, "plan", "free"), NONE);
    assert_eq!(set(&mut talk, "plan", "gold"), ["Came gold."]);
}

#[test]
fn the_where_of_an_attribute_looks_at_the_contact() {
    let skill =
        waiting("wait_for: { attribute: visits, where: visits > 3, timeout: 2d }").replace("event.amount | default(event.name)", "visits");
    let mut talk = talk(&[("skills/w.yaml", &skill)]);
    talk.say("/go");
    let set = |talk: &mut Talk, n: i64| {
        talk.item(modify(Change::SetAttribute("visits".into(), Value::Number(n.into()))));
        talk.wait(0)
    };
    assert_eq!(set(&mut talk, 2), NONE);
    assert_eq!(set(&mut talk, 4), ["Came 4."]);
}

const MOMENT: &str = "name: Test\ntimezone: Europe/Madrid\nattributes: { appointment: datetime, day: date }\ncalendars:\n  office: { mon-fri: [\"09:00-13:00\", \"15:00-18:00\"], except: { 2026-03-03: closed, 2026-03-07: \"10:00-11:00\" } }\n";

fn until(wait: &str) -> Talk {
    let skill = format!("skill: w\ncatch: [{{ command: go }}]\nblocks:\n  wait:\n    wait_until: {wait}\n  now:\n    text: Now.\n");
    // Monday, 2026-03-02, 11:00 in Madrid.
    Talk::new(bot(&[("bot.yaml", MOMENT), ("skills/w.yaml", &skill)]))
}

fn rests_until(talk: &Talk) -> Option<Instant> {
    match &talk.conversation.runs.first()?.rest {
        Rest::Waiting { until, .. } => *until,
        _ => None,
    }
}

#[test]
fn moments_in_the_bots_zone() {
    for (written, when) in [
        ("2026-12-24", "2026-12-23T23:00:00Z"),
        ("2026-07-01 09:00", "2026-07-01T07:00:00Z"),
        ("\"11:30\"", "2026-03-02T10:30:00Z"),
        ("\"10:30\"", "2026-03-03T09:30:00Z"),
        ("mon-fri 10:30", "2026-03-03T09:30:00Z"),
        ("sat, sun", "2026-03-06T23:00:00Z"),
        ("{ date: \"${today() + 1d}\", time: \"09:00\" }", "2026-03-03T08:00:00Z"),
        ("{ weekdays: fri, time: \"17:00\" }", "2026-03-06T16:00:00Z"),
        ("{ time: \"17:00\", zone: America/New_York }", "2026-03-02T22:00:00Z"),
        // Closed at lunch, on the 3rd, and open on one Saturday.
        ("{ date: 2026-03-02, time: \"13:30\", calendar: office }", "2026-03-02T14:00:00Z"),
        ("{ date: 2026-03-02, time: \"20:00\", calendar: office }", "2026-03-04T08:00:00Z"),
        ("{ date: 2026-03-07, calendar: office }", "2026-03-07T09:00:00Z"),
    ] {
        let mut talk = until(written);
        assert_eq!(talk.say("/go"), NONE, "{written}");
        assert_eq!(rests_until(&talk), Some(at(when)), "{written}");
    }
}

#[test]
fn what_is_past_or_open_goes_on_at_once() {
    for written in ["2026-03-01", "2026-03-02 10:59", "{ calendar: office }", "mon", "{ date: 2026-02-01, calendar: office }"] {
        assert_eq!(until(written).say("/go"), ["Now."], "{written}");
    }
}

#[test]
fn a_moment_follows_its_attribute() {
    let mut talk = until("${appointment - 1 day}");
    let set = |talk: &mut Talk, to: Option<&str>| {
        let change = match to {
            Some(to) => Change::SetAttribute("appointment".into(), Value::DateTime(at(to))),
            None => Change::UnsetAttribute("appointment".into()),
        };
        talk.item(modify(change))
    };
    // Without an appointment there is no moment: the error outcome.
    assert!(!talk.say("/go").contains(&"Now.".to_owned()));
    talk.conversation.runs.clear();
    talk.conversation.floor.clear();
    set(&mut talk, Some("2026-03-10T10:00:00Z"));
    assert_eq!(talk.say("/go"), NONE);
    assert_eq!(rests_until(&talk), Some(at("2026-03-09T10:00:00Z")));
    set(&mut talk, Some("2026-03-20T10:00:00Z"));
    assert_eq!(rests_until(&talk), Some(at("2026-03-19T10:00:00Z")));
    assert_eq!(talk.wait(8 * 86_400), NONE);
    // Called off: it waits for another one.
    set(&mut talk, None);
    assert_eq!(rests_until(&talk), None);
    set(&mut talk, Some("2026-03-15T10:00:00Z"));
    assert_eq!(talk.wait(4 * 86_400), ["Now."]);
    // Moved into the past it is over at once.
    set(&mut talk, Some("2026-03-30T10:00:00Z"));
    assert_eq!(talk.say("/go"), NONE);
    set(&mut talk, Some("2026-03-01T10:00:00Z"));
    assert_eq!(talk.wait(0), ["Now."]);
}

#[test]
fn a_moment_that_has_come_is_not_put_off_by_what_happens_then() {
    let bot_yaml = MOMENT.replace("day: date }", "day: date, hour_liked: text }");
    let skill =
        "skill: w\ncatch: [{ command: go }]\nblocks:\n  wait:\n    wait_until: { time: \"${hour_liked}\" }\n  now:\n    text: Now.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/w.yaml", skill)]));
    talk.item(modify(Change::SetAttribute("hour_liked".into(), Value::text("12:00"))));
    talk.say("/go");
    assert_eq!(rests_until(&talk), Some(at("2026-03-02T11:00:00Z")));
    // At noon something else comes first.
    talk.now = at("2026-03-02T11:00:01Z");
    talk.item(event("other", 1));
    assert_eq!(talk.wait(0), ["Now."]);
}

#[test]
fn the_clocks_change_while_it_waits() {
    // Clocks go forward on 29 March: 02:30 does not exist, and the day after nine o'clock is seven in UTC.
    let mut talk = until("2026-03-29 02:30");
    talk.say("/go");
    assert_eq!(rests_until(&talk), Some(at("2026-03-29T01:00:00Z")));
    let mut talk = until("2026-03-30 09:00");
    talk.say("/go");
    assert_eq!(rests_until(&talk), Some(at("2026-03-30T07:00:00Z")));
}

#[test]
fn a_step_in_time_moves_waits_of_nothing_else() {
    // A conversation that only the contact's change concerns is looked at by an empty due step.
    let mut talk = until("${appointment}");
    talk.item(modify(Change::SetAttribute("appointment".into(), Value::DateTime(at("2026-03-10T10:00:00Z")))));
    talk.say("/go");
    talk.contact.attributes.insert("appointment".into(), Value::DateTime(at("2026-03-12T10:00:00Z")));
    assert_eq!(texts(&talk.input(Input::Due)), NONE);
    assert_eq!(rests_until(&talk), Some(at("2026-03-12T10:00:00Z")));
    assert!(matches!(&talk.conversation.runs[0].rest, Rest::Waiting { on: Awaited::Moment, .. }));
}

#[test]
fn check_tells_what_is_wrong_with_a_wait() {
    let said = |wait: &str| {
        let skill = format!("skill: w\ncatch: [{{ command: go }}]\nblocks:\n  wait:\n    {wait}\n  now:\n    text: Now.\n");
        try_bot(&[
            ("bot.yaml", MOMENT),
            ("segments.yaml", SEGMENTS.replace("plan = gold", "day is set").as_str()),
            ("skills/w.yaml", &skill),
        ])
        .1
    };
    for (wait, code) in [
        ("wait_for: { event: paid }", "W0215"),
        ("wait_for: { segment: vipp, timeout: 1d }", "E0118"),
        ("wait_for: { attribute: appointmnt, timeout: 1d }", "E0172"),
        ("wait_for: { timeout: 1d }", "E0102"),
        ("wait_for: { event: a, segment: vip, timeout: 1d }", "E0102"),
        ("wait_until: 24.12.2026", "E0173"),
        ("wait_until: { time: \"25:00\" }", "E0173"),
        ("wait_until: { weekdays: someday }", "E0173"),
        ("wait_until: { calendar: ofice }", "E0175"),
        ("wait_until: { zone: Mars/Base, time: \"09:00\" }", "E0104"),
    ] {
        let said = said(wait);
        assert!(said.contains(code), "{wait}: {said}");
    }
    let fine = said("wait_for: { event: paid, timeout: 1d }");
    assert!(!fine.contains("error") && !fine.contains("W0215"), "{fine}");
}

#[test]
fn circles_of_waits_count_end_or_wait_for_somebody() {
    let said = |blocks: &str| {
        let skill = format!("skill: w\ncatch: [{{ command: go }}]\nblocks:\n{blocks}");
        try_bot(&[("bot.yaml", MOMENT), ("skills/w.yaml", &skill)]).1
    };
    let daily = said("  wait:\n    wait_until: \"09:00\"\n  say:\n    text: Good morning.\n    next: wait\n");
    assert!(daily.contains("E0124") && daily.contains("only time drives"), "{daily}");
    let events =
        said("  wait:\n    wait_for: { event: sold, timeout: 30d }\n    on: { timeout: wait }\n  say:\n    text: Sold.\n    next: wait\n");
    assert!(!events.contains("E0124"), "{events}");
    let spinning = said("  wait:\n    wait_for: 0s\n  say:\n    text: Again.\n    next: wait\n");
    assert!(spinning.contains("E0124"), "{spinning}");
}

#[test]
fn a_time_that_is_written_is_kept_however_long_it_is() {
    let skill = "skill: w\ncatch: [{ command: go }]\nblocks:\n  ask:\n    text: Well?\n    buttons: [{ Yes: end }]\n    timeout: 5d\n    on: { timeout: nudge }\n  nudge:\n    text: Still there?\n    next: end\n";
    let mut talk = talk(&[("skills/w.yaml", skill)]);
    talk.say("/go");
    assert_eq!(talk.wait(5 * 86_400 - 1), NONE);
    assert_eq!(talk.wait(1), ["Still there?"], "five days are more than run_idle, which is for who is forgotten");
}

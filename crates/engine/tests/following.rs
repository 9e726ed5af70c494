//! Memberships followed through time and through edits of their rules (FL 5.8, FL 5.9, FL 6.6).

use crate::common;

use common::{BOT, OneBot, Talk, bot};
use model::{Change, InboxItem, Instant};
use switchboard_engine::{Bot, Input};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

const SKILL: &str = "skill: hello
catch: [{ command: begin }, { segment: { left: recent } }]
blocks:
  hi: { text: \"left at ${event.at | default('never')}\" }
";

fn with(segments: &str, skill: &str) -> std::sync::Arc<Bot> {
    bot(&[("bot.yaml", BOT), ("segments.yaml", segments), ("skills/hello.yaml", skill)])
}

fn change(talk: &mut Talk, changes: Vec<Change>) -> Vec<String> {
    let item = InboxItem::Modify { changes, by: model::Actor::Api("test".into()) };
    common::texts(&talk.input(Input::Inbox(&item)))
}

#[test]
fn a_member_leaves_at_the_boundary_with_no_event_and_the_flow_is_told_that_instant() {
    let mut talk = Talk::new(with("recent: { where: last_seen within 7 days }\n", SKILL));
    talk.say("hello");
    let (seen, began) = (talk.contact.last_seen, talk.now);
    assert_eq!(talk.flips, Some(seen.plus_micros(7 * DAY)), "the engine says when it is to be asked again");
    assert!(talk.pass(7 * DAY - 1).is_empty(), "one microsecond before, nothing");
    assert!(talk.contact.memberships.contains_key("recent"));
    let said = talk.pass(1);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(talk.moves(), [(began, "+recent (they came)".to_owned()), (seen.plus_micros(7 * DAY), "-recent (time)".to_owned())]);
    assert_eq!(talk.flips, None);
}

#[test]
fn a_step_that_comes_late_commits_what_time_did_before_it_at_its_own_instant() {
    let mut talk = Talk::new(with("recent: { where: last_seen within 7 days }\n", SKILL));
    talk.say("hello");
    let seen = talk.contact.last_seen;
    // Nobody looked for nine days; then the customer writes.
    talk.now = talk.now.plus_micros(9 * DAY);
    talk.say("again");
    let moves = talk.moves();
    assert_eq!(moves[1], (seen.plus_micros(7 * DAY), "-recent (time)".to_owned()));
    assert_eq!(moves[2], (talk.now, "+recent (last_seen)".to_owned()));
}

#[test]
fn what_comes_and_goes_within_a_step_is_no_transition() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold } }]\nblocks:\n  a: { add_tag: gold }\n  c: { remove_tag: gold }\n";
    let mut talk = Talk::new(with("gold: { where: has tag gold }\n", skill));
    talk.say("/begin");
    assert!(talk.moves().is_empty());
}

#[test]
fn an_edited_rule_carries_people_quietly_and_only_its_own() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold } }]\nblocks:\n  a: { text: Welcome! }\n";
    let old = with("gold: { where: has tag gold }\nother: { where: has tag other }\n", skill);
    let new = with("gold: { where: has tag gold or has tag silver }\nother: { where: has tag other }\n", skill);
    let mut talk = Talk::new(old.clone());
    change(&mut talk, vec![Change::AddTag("silver".into())]);
    assert!(talk.moves().is_empty());
    let edit = talk.now.plus_micros(MINUTE);
    talk.eras = vec![new.set().era(edit), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    talk.now = talk.now.plus_micros(DAY);
    // The tag that comes with the next step is a real change; the edit before it is none.
    let said = change(&mut talk, vec![Change::AddTag("other".into())]);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(talk.moves(), [(edit, "+gold (the rule changed)".to_owned()), (talk.now, "+other (tag other)".to_owned())]);
    assert_eq!(talk.contact.memberships["gold"], edit);
}

#[test]
fn a_catch_that_asks_for_them_starts_for_those_whom_an_edit_carries() {
    let skill =
        "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold, also_current: true } }]\nblocks:\n  a: { text: Welcome! }\n";
    let old = with("gold: { where: has tag gold }\n", skill);
    let new = with("gold: { where: has tag silver }\n", skill);
    let mut talk = Talk::new(old.clone());
    change(&mut talk, vec![Change::AddTag("silver".into())]);
    talk.eras = vec![new.set().era(talk.now), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    assert_eq!(common::texts(&talk.input(Input::Membership)), ["Welcome!"]);
    assert!(talk.input(Input::Membership).is_empty(), "once");
}

#[test]
fn rules_that_time_moves_before_an_edit_are_judged_by_the_old_rules_nowhere_and_by_the_new_ones_after_it() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { left: recent } }]\nblocks:\n  a: { text: Bye! }\n";
    let old = with("recent: { where: last_seen within 7 days }\n", skill);
    let new = with("recent: { where: last_seen within 2 days }\n", skill);
    let mut talk = Talk::new(old.clone());
    talk.say("hello");
    let seen = talk.contact.last_seen;
    // Three days later the rule is made tighter: they are out by the edit, without a word.
    let edit = seen.plus_micros(3 * DAY);
    talk.eras = vec![new.set().era(edit), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    talk.now = seen.plus_micros(5 * DAY);
    assert!(talk.input(Input::Membership).is_empty());
    assert_eq!(talk.moves()[1..], [(edit, "-recent (the rule changed)".to_owned())]);
    // From the edit on the new rule counts in time as well.
    talk.say("back");
    let back = talk.contact.last_seen;
    assert_eq!(talk.pass(2 * DAY), ["Bye!"]);
    assert_eq!(talk.moves().last(), Some(&(back.plus_micros(2 * DAY), "-recent (time)".to_owned())));
}

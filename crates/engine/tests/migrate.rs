//! Moving what rests from one version of a bot to another (FL 5.9): runs, the choices they wait on, timers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{BOT, Talk, bot};
use engine::{Bot, Programs, Resting, migrate};
use model::{Actor, InboxItem, JourneyKind, Version};
use std::collections::BTreeMap;
use std::sync::Arc;
use switchboard_engine as engine;

const OLD: &str = "skill: order\ncatch: [{ command: order }]\nblocks:\n  remind:\n    timer: { after: 1h, do: nudge }\n  ask:\n    text: Which one?\n    \
                   buttons:\n      - Tea: tea\n      - Coffee: coffee\n      - Water: water\n    timeout: 2h\n    on: { timeout: end, other: water }\n  tea:\n    \
                   text: old tea\n    next: end\n  coffee:\n    text: old coffee\n    next: end\n  water:\n    text: old water\n    next: end\n  \
                   nudge:\n    text: old nudge\n    next: end\n";

/// Coffee first, no water, everything renamed.
const NEW: &str = "skill: order\ncatch: [{ command: order }]\nblocks:\n  later:\n    timer: { after: 2h, do: hint }\n  question:\n    text: What shall it be?\n    \
                   buttons:\n      - Coffee: new_coffee\n      - Tea: new_tea\n    timeout: 5h\n    on: { timeout: end, other: new_tea }\n  new_tea:\n    \
                   text: new tea\n    next: end\n  new_coffee:\n    text: new coffee\n    next: end\n  still:\n    text: new water\n    next: end\n  \
                   hint:\n    text: new nudge\n    next: end\n";

fn of(skill: &str) -> Arc<Bot> {
    bot(&[("bot.yaml", BOT), ("skills/order.yaml", skill)])
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(old, new)| (format!("order.{old}"), format!("order.{new}"))).collect()
}

struct Two {
    new: Arc<Bot>,
    old: Arc<Bot>,
}

impl Programs for Two {
    fn current(&self) -> &Arc<Bot> {
        &self.new
    }
    fn get(&self, version: &Version) -> Option<Arc<Bot>> {
        [&self.new, &self.old].into_iter().find(|b| b.version() == version).cloned()
    }
}

const ALL: [(&str, &str); 4] = [("ask", "question"), ("remind", "later"), ("nudge", "hint"), ("water", "still")];

fn asked() -> (Talk, Arc<Bot>, Arc<Bot>) {
    let (old, new) = (of(OLD), of(NEW));
    let mut talk = Talk::new(old.clone());
    assert_eq!(talk.say("/order"), ["Which one?"]);
    (talk, old, new)
}

#[test]
fn the_choices_that_were_shown_lead_where_the_new_version_says_and_else_where_they_led() {
    for (label, said) in [("Tea", "new tea"), ("Coffee", "new coffee"), ("Water", "new water")] {
        let (mut talk, old, new) = asked();
        let message = talk.last_bot();
        let moved = migrate(&talk.conversation, &old, &new, &map(&ALL));
        assert!(moved.places.iter().all(|p| p.unfit.is_none()), "{:?}", moved.places);
        assert_eq!((moved.runs.len(), moved.timers), (1, 1));
        talk.conversation = moved.conversation;
        talk.programs.0 = new;
        assert_eq!(talk.press(&message, label), [said], "{label}");
        assert!(talk.conversation.runs.is_empty());
    }
}

#[test]
fn the_choices_of_a_question_under_an_interrupt_move_as_well() {
    let config = format!("{BOT}interrupts:\n  - {{ keyword: survey, then: skill survey }}\n");
    let survey =
        "skill: survey\nblocks:\n  ask: { text: How was it? }\n  hear:\n    listen: opinion\n    timeout: 1h\n    on: { timeout: end }\n";
    let of = |skill: &str| bot(&[("bot.yaml", &config), ("skills/order.yaml", skill), ("skills/survey.yaml", survey)]);
    let (old, new) = (of(OLD), of(NEW));
    let mut talk = Talk::new(old.clone());
    talk.say("/order");
    let message = talk.last_bot();
    assert_eq!(talk.say("survey"), ["How was it?"]);
    let moved = migrate(&talk.conversation, &old, &new, &map(&ALL));
    assert_eq!(moved.runs.len(), 1, "{:?}", moved.places);
    talk.conversation = moved.conversation;
    talk.programs.0 = new;
    assert_eq!(talk.press(&message, "Tea"), ["new tea"]);
}

#[test]
fn nothing_is_said_and_no_time_starts_anew() {
    let (mut talk, old, new) = asked();
    let before = talk.conversation.clone();
    talk.conversation = migrate(&before, &old, &new, &map(&ALL)).conversation;
    let (was, is) = (&before.runs[0], &talk.conversation.runs[0]);
    assert_eq!((&was.rest, was.moved_at, &was.frames[0].vars), (&is.rest, is.moved_at, &is.frames[0].vars));
    assert_eq!(before.timers[0].next, talk.conversation.timers[0].next);
    assert_eq!(before.floor, talk.conversation.floor);
    talk.programs.0 = new;
    assert_eq!(talk.wait(3_601), ["new nudge"], "the timer ticks at the old time, in the new version");
    assert!(!talk.conversation.runs.is_empty());
    assert!(talk.wait(3_600).is_empty());
    assert!(talk.conversation.runs.is_empty(), "the timeout of the old version was two hours");
}

#[test]
fn what_does_not_fit_stays_whole() {
    let (talk, old, new) = asked();
    let unfit = |pairs: &[(&str, &str)]| -> Vec<String> {
        let moved = migrate(&talk.conversation, &old, &new, &map(pairs));
        let run = moved.places.iter().find(|p| p.what == Resting::Run).unwrap();
        assert_eq!(moved.conversation.runs, talk.conversation.runs, "it is as it was");
        run.unfit.iter().cloned().collect()
    };
    assert_eq!(unfit(&[]), ["there is no block order.ask in the new version"]);
    assert_eq!(unfit(&[("ask", "later")]), ["order.ask is a text and order.later a timer"]);
    assert_eq!(unfit(&[("ask", "new_tea")]), ["order.new_tea does not wait as order.ask does"]);
    // The timer is told by itself.
    let moved = migrate(&talk.conversation, &old, &new, &map(&[("ask", "question")]));
    assert_eq!((moved.runs.len(), moved.timers), (1, 0));
    assert_eq!(moved.conversation.timers, talk.conversation.timers);
}

#[test]
fn the_input_moves_and_is_journeyed() {
    let (talk, old, new) = asked();
    let item = InboxItem::Move {
        conversation: talk.conversation.id,
        from: old.version().clone(),
        to: new.version().clone(),
        places: map(&ALL),
        by: Actor::Api("runs move".into()),
    };
    let programs = Two { new: new.clone(), old: old.clone() };
    let turn = engine::Turn { now: talk.now, seed: 1, programs: &programs, eras: &[], ungated: false };
    let view = engine::PersonView::new(&talk.contact, &talk.conversation);
    let step = engine::step(&view, engine::Input::Inbox(&item), &turn);
    assert!(step.transcript.is_empty() && step.queued.is_empty() && step.contact.is_none());
    assert_eq!(engine::versions(&step.conversation).collect::<Vec<_>>(), [new.version(), new.version()]);
    let lines: Vec<&JourneyKind> = step.journey.iter().map(|j| &j.what).collect();
    assert!(matches!(lines.as_slice(), [JourneyKind::Moved(line)] if line.starts_with("moved from order.ask of version ")), "{lines:?}");
}

//! `call` (FL 3.4, 5.3d, 7.2): frames on one run, variables by name, coming back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;
use common::{BOT, Talk, bot, try_bot};
use model::{Message, Rest};
use switchboard_engine as _;

const OUTER: &str = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  hello:\n    text: Before.\n  ask:\n    call: { skill: inner, with: { topic: \"size\", left: \"${1 + 1}\" }, save: { size: answer } }\n    on: { not_allowed: closed }\n  after:\n    text: \"Size ${size}.\"\n    next: end\n  closed:\n    text: Not for you.\n";
const INNER: &str = "skill: inner\nblocks:\n  ask:\n    text: \"Which ${topic}? ${left} left.\"\n  hear:\n    listen: answer\n    timeout: 1h\n    on: { timeout: late }\n  thanks:\n    text: \"Noted ${answer}.\"\n    next: end\n  late:\n    text: Too late.\n";
const NONE: [&str; 0] = [];

fn talk(files: &[(&str, &str)]) -> Talk {
    let mut all = vec![("bot.yaml", BOT)];
    all.extend_from_slice(files);
    Talk::new(bot(&all))
}

fn both() -> Talk {
    talk(&[("skills/outer.yaml", OUTER), ("skills/inner.yaml", INNER)])
}

#[test]
fn a_called_skill_gets_its_variables_asks_and_returns_what_is_saved() {
    let mut talk = both();
    assert_eq!(talk.say("/go"), ["Before.", "Which size? 2 left."]);
    let run = &talk.conversation.runs[0];
    let places: Vec<_> = run.frames.iter().map(|f| format!("{}.{}", f.skill, f.block)).collect();
    assert_eq!(places, ["outer.ask", "inner.hear"]);
    assert_eq!(talk.say("43"), ["Noted 43.", "Size 43."]);
    assert!(talk.conversation.runs.is_empty() && talk.conversation.floor.is_empty());
}

#[test]
fn frames_see_their_own_variables_alone() {
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  mine:\n    data: { secret: outer, topic: mine }\n  ask:\n    call: { skill: inner, with: { topic: theirs }, save: [answer] }\n  after:\n    text: \"${secret} ${topic} ${answer}\"\n";
    let inner = "skill: inner\nblocks:\n  ask:\n    text: \"${topic} ${secret | default('nothing')}\"\n  keep:\n    data: { secret: inner, answer: \"${topic}!\" }\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner)]);
    assert_eq!(talk.say("/go"), ["theirs nothing", "outer mine theirs!"]);
}

#[test]
fn timeouts_and_the_floor_belong_to_the_innermost_skill() {
    let mut talk = both();
    talk.say("/go");
    assert_eq!(talk.wait(3_601), ["Too late.", "Size ."]);
}

#[test]
fn an_old_button_of_a_called_skill_leads_on_where_it_stood() {
    let inner = "skill: inner\nblocks:\n  ask:\n    text: Which?\n    buttons: [{ Red: red }, { Blue: blue }]\n    timeout: 1d\n    on: { other: red, timeout: end }\n  red:\n    text: Red.\n    next: end\n  blue:\n    text: Blue.\n";
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner)]);
    talk.say("/go");
    let question: Message = talk.last_bot();
    // Pressed while its run rests in that frame: its exit, and back to the caller.
    assert_eq!(talk.press(&question, "Blue"), ["Blue.", "After."]);
    // Pressed later: a run of its own, nobody to go back to.
    assert_eq!(talk.press(&question, "Red"), ["Red."]);
}

#[test]
fn a_skill_that_is_not_for_the_contact_is_not_allowed() {
    let inner = INNER.replace("skill: inner\n", "skill: inner\nonly_for: plan = gold\n");
    let mut one = talk(&[("skills/outer.yaml", OUTER), ("skills/inner.yaml", &inner)]);
    assert_eq!(one.say("/go"), ["Before.", "Not for you."]);
    let outer = OUTER.replace("    on: { not_allowed: closed }\n", "").replace("  closed:\n    text: Not for you.\n", "");
    let mut two = talk(&[("skills/outer.yaml", &outer), ("skills/inner.yaml", &inner)]);
    assert_eq!(two.say("/go"), ["Before.", "Size ."]);
}

#[test]
fn leaving_for_a_skill_inside_a_call_still_comes_back() {
    let inner = "skill: inner\nblocks:\n  off:\n    text: Inner.\n    next: skill other\n";
    let other = "skill: other\nblocks:\n  hi:\n    text: Other.\n    next: end\n";
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner), ("skills/other.yaml", other)]);
    assert_eq!(talk.say("/go"), ["Inner.", "Other.", "After."]);
}

#[test]
fn a_timer_armed_in_a_called_skill_ticks_there() {
    let inner = "skill: inner\nblocks:\n  later:\n    timer: { after: 10m, do: tick }\n    next: end\n  tick:\n    text: Tick.\n";
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner)]);
    assert_eq!(talk.say("/go"), ["After."]);
    assert_eq!(talk.wait(601), ["Tick."]);
}

#[test]
fn an_error_in_a_called_skill_ends_the_whole_run() {
    let inner = "skill: inner\nblocks:\n  off:\n    data: { n: \"${1 / 0}\" }\n";
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner)]);
    let said = talk.say("/go");
    assert!(!said.contains(&"After.".to_owned()) && !said.is_empty(), "{said:?}");
    assert!(talk.conversation.runs.iter().all(|r| r.frames.len() == 1));
}

#[test]
fn calls_deeper_than_the_limit_break_the_step_and_nothing_else() {
    let deep = "skill: deep\ncatch: [{ command: deep }]\nblocks:\n  ask:\n    text: Deeper?\n  hear:\n    listen: word\n    timeout: 1d\n    on: { timeout: end }\n  down:\n    call: deep\n";
    let mut talk = talk(&[("skills/deep.yaml", deep)]);
    talk.say("/deep");
    for _ in 0..15 {
        assert_eq!(talk.say("yes"), ["Deeper?"]);
    }
    assert_eq!(talk.conversation.runs[0].frames.len(), 16);
    let before = talk.steps.len();
    talk.say("yes");
    assert!(talk.steps[before..].iter().any(|s| s.broken.as_ref().is_some_and(|why| why.contains("16 skills are called"))));
    assert!(talk.conversation.runs.iter().all(|r| r.frames.len() == 1), "the run that broke is over");
}

#[test]
fn a_wait_in_a_called_skill_goes_on_there() {
    let inner = "skill: inner\nblocks:\n  wait:\n    wait_for: 1h\n  said:\n    text: An hour later.\n";
    let outer = "skill: outer\ncatch: [{ command: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner)]);
    assert_eq!(talk.say("/go"), NONE);
    assert!(matches!(talk.conversation.runs[0].rest, Rest::Waiting { .. }));
    assert_eq!(talk.wait(3_601), ["An hour later.", "After."]);
}

#[test]
fn check_tells_what_is_wrong_with_a_call() {
    let wrong = |outer: &str, inner: &str| try_bot(&[("bot.yaml", BOT), ("skills/a.yaml", outer), ("skills/inner.yaml", inner)]).1;
    let said = wrong(&OUTER.replace("skill: inner,", "skill: iner,"), INNER);
    assert!(said.contains("E0112") && said.contains("iner"), "{said}");
    let said = wrong(&OUTER.replace("save: { size: answer }", "save: { size: answr }"), INNER);
    assert!(said.contains("E0171") && said.contains("answr"), "{said}");
    let said = wrong(&OUTER.replace("with: { topic:", "with: { plan: gold, topic:"), INNER);
    assert!(said.contains("E0171") && said.contains("plan"), "{said}");
    let said = wrong(&OUTER.replace("with: { topic:", "with: { unheard: x, topic:"), INNER);
    assert!(said.contains("W0217") && said.contains("unheard"), "{said}");
    let a = "skill: a\ncatch: [{ command: a }]\nblocks:\n  one:\n    call: inner\n";
    let b = "skill: inner\nblocks:\n  two:\n    text: Hello\n  three:\n    call: a\n";
    let said = wrong(a, b);
    assert!(said.contains("E0170") && said.contains("a.one") && said.contains("inner.three"), "{said}");
    // Called twice in a row is no circle; a loop round a call that asks is none either, one that only tells is.
    let twice = "skill: a\ncatch: [{ command: a }]\nblocks:\n  one:\n    call: inner\n  two:\n    call: inner\n";
    let tells = "skill: inner\nblocks:\n  two:\n    text: Hello\n";
    let fine = |said: String| assert!(!said.contains("error"), "{said}");
    fine(wrong(twice, tells));
    let round = twice.replace("  two:\n    call: inner\n", "  two:\n    call: inner\n    next: one\n");
    let asks = "skill: inner\nblocks:\n  two:\n    listen: word\n    timeout: 1d\n    on: { timeout: end }\n";
    fine(wrong(&round, asks));
    let said = wrong(&round, tells);
    assert!(said.contains("E0124"), "{said}");
}

#[test]
fn a_run_whose_called_skill_has_asked_already_waits_for_nobody() {
    // What is left of it only tells, or asks once more after the call.
    let inner = "skill: inner\nblocks:\n  ask:\n    text: Well?\n  hear:\n    listen: word\n    timeout: 1m\n    on: { timeout: wait }\n  wait:\n    wait_for: 1h\n  said:\n    text: An hour later.\n";
    let size = "skill: size\ncatch: [{ command: size }]\nblocks:\n  ask:\n    text: Which size?\n  hear:\n    listen: size\n    timeout: 1d\n    on: { timeout: end }\n";
    let tells = "skill: outer\ncatch: [{ event: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: After.\n";
    let asks = "skill: outer\ncatch: [{ event: go }]\nblocks:\n  ask:\n    call: inner\n  after:\n    text: Sure?\n  hear:\n    listen: sure\n    timeout: 1d\n    on: { timeout: end }\n";
    for (outer, later) in [(tells, &["An hour later.", "After."][..]), (asks, &[][..])] {
        let mut talk = talk(&[("skills/outer.yaml", outer), ("skills/inner.yaml", inner), ("skills/size.yaml", size)]);
        let go = model::InboxItem::Event {
            conversation: None,
            name: "go".into(),
            fields: Default::default(),
            at: None,
            by: model::Actor::System,
        };
        assert_eq!(talk.item(go), ["Well?"]);
        assert_eq!(talk.wait(61), NONE);
        assert_eq!(talk.say("/size"), ["Which size?"]);
        assert_eq!(talk.wait(3_601), later);
    }
}

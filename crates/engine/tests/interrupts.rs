//! Interrupts (FL 5.3d, 5.4 rule 5): words that lead elsewhere whatever is asked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;
use common::{BOT, Talk, bot, try_bot};
use model::Rest;

const NONE: [&str; 0] = [];
const ASK: &str = "skill: order\ncatch: [{ command: order }]\nblocks:\n  ask:\n    text: Number?\n  number:\n    listen: order_number\n    timeout: 1h\n    on: { timeout: late }\n  got:\n    text: Order ${order_number}.\n    next: end\n  late:\n    text: Too late.\n";
const PICK: &str = "skill: pick\ncatch: [{ command: pick }]\nblocks:\n  ask:\n    text: Which?\n    buttons: [{ Red: red }, { Blue: blue }]\n    timeout: 1d\n    on: { other: red, timeout: end }\n  red:\n    text: Red.\n    next: end\n  blue:\n    text: Blue.\n    next: end\n";
const HOURS: &str = "skill: hours\nblocks:\n  say:\n    text: We are open from 9 to 5.\n";
const SURVEY: &str = "skill: survey\nblocks:\n  ask:\n    text: How was it?\n  hear:\n    listen: opinion\n    timeout: 1h\n    on: { timeout: end }\n  thanks:\n    text: Thanks for ${opinion}.\n";

fn talk(interrupts: &str) -> Talk {
    let bot_yaml = format!("{BOT}interrupts:\n{interrupts}");
    Talk::new(bot(&[
        ("bot.yaml", &bot_yaml),
        ("skills/order.yaml", ASK),
        ("skills/pick.yaml", PICK),
        ("skills/hours.yaml", HOURS),
        ("skills/survey.yaml", SURVEY),
    ]))
}

#[test]
fn a_called_skill_answers_and_the_question_is_asked_again() {
    let mut talk = talk("  - { keyword: [hours, \"opening times\"], then: skill hours }\n");
    talk.say("/order");
    assert_eq!(talk.say("Opening times?"), ["We are open from 9 to 5.", "Number?"]);
    assert_eq!(talk.conversation.runs.len(), 1);
    // Its timeout starts anew.
    assert_eq!(talk.wait(3_599), NONE);
    assert_eq!(talk.say("41"), ["Order 41."]);
}

#[test]
fn a_called_skill_that_asks_has_the_floor_and_then_the_question_is_asked_again() {
    let mut talk = talk("  - { keyword: { contains: [survey] }, then: skill survey, mode: call }\n");
    talk.say("/order");
    assert_eq!(talk.say("I want the survey"), ["How was it?"]);
    let frames: Vec<_> = talk.conversation.runs[0].frames.iter().map(|f| f.skill.as_str()).collect();
    assert_eq!(frames, ["order", "survey"]);
    // The interrupted question has no timeout meanwhile, and the word is an answer inside the skill it leads to.
    assert_eq!(talk.say("a survey"), ["Thanks for a survey.", "Number?"]);
    assert_eq!(talk.say("41"), ["Order 41."]);
}

#[test]
fn a_button_of_the_interrupted_question_is_its_answer() {
    let mut talk = talk("  - { keyword: survey, then: skill survey }\n");
    talk.say("/pick");
    let question = talk.last_bot();
    assert_eq!(talk.say("survey"), ["How was it?"]);
    assert_eq!(talk.press(&question, "Blue"), ["Blue."]);
    assert!(talk.conversation.runs.is_empty() && talk.conversation.floor.is_empty());
}

const CHOOSE: &str = "skill: choose\ncatch: [{ command: choose }]\nblocks:\n  ask:\n    text: Which?\n    buttons: [{ Red: red }, { Price: { event: price } }]\n    timeout: 10m\n    on: { other: red, timeout: late }\n  red: { text: Red., next: end }\n  late: { text: Too late. }\n";
const PRICE: &str = "skill: price\ncatch: [{ event: price }]\nblocks:\n  say: { text: It is 5. }\n";
const LATER: &str = "skill: later\nblocks:\n  say: { text: One moment. }\n  wait: { wait_for: 1h }\n  back: { text: Here I am. }\n";

#[test]
fn an_event_button_of_an_interrupted_question_leaves_the_interrupt_as_it_is() {
    let bot_yaml = format!("{BOT}interrupts:\n  - {{ keyword: later, then: skill later }}\n");
    let files = [("bot.yaml", bot_yaml.as_str()), ("skills/a.yaml", CHOOSE), ("skills/b.yaml", PRICE), ("skills/c.yaml", LATER)];
    let mut talk = Talk::new(bot(&files));
    talk.say("/choose");
    let question = talk.last_bot();
    assert_eq!(talk.say("later"), ["One moment."]);
    talk.wait(900);
    assert_eq!(talk.press(&question, "Price"), ["It is 5."]);
    assert!(matches!(talk.conversation.runs[0].rest, Rest::Waiting { .. }) && talk.conversation.floor.is_empty());
    assert_eq!(talk.wait(2_700), ["Here I am.", "Which?"]);
    assert_eq!(talk.wait(599), NONE);
    assert_eq!(talk.press(&question, "Red"), ["Red."]);
    // An answer ends what interrupted it, also while that waits.
    talk.say("/choose");
    let question = talk.last_bot();
    talk.say("later");
    talk.wait(60);
    assert_eq!(talk.press(&question, "Red"), ["Red."]);
    assert!(talk.conversation.runs.is_empty() && talk.conversation.floor.is_empty());
}

#[test]
fn a_form_whose_button_ends_the_interrupt_has_the_floor_and_its_time_again() {
    let form = "skill: join\ncatch: [{ command: join }]\nblocks:\n  form:\n    lead:\n      fields:\n        nick: { ask: Your nickname?, optional: true }\n        visits: { ask: How often?, expect: number }\n      timeout: 10m\n    on: { timeout: late, invalid: end }\n  so: { text: \"Hi ${nick | default('you')}.\", next: end }\n  late: { text: Too late. }\n";
    let bot_yaml = format!("{BOT}interrupts:\n  - {{ keyword: later, then: skill later }}\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/a.yaml", form), ("skills/c.yaml", LATER)]));
    assert_eq!(talk.say("/join"), ["Your nickname?"]);
    let question = talk.last_bot();
    talk.say("later");
    assert!(talk.conversation.floor.is_empty(), "it waits");
    talk.wait(900);
    assert_eq!(talk.press(&question, "Skip"), ["How often?"]);
    assert_eq!(talk.conversation.floor.len(), 1);
    assert_eq!(talk.wait(599), NONE);
    assert_eq!(talk.wait(1), ["Too late."]);
}

#[test]
fn a_skill_that_is_begun_anew_is_not_asked_twice_over_the_question_it_interrupted() {
    let survey = SURVEY.replace("skill: survey\n", "skill: survey\ncatch: [{ command: survey }]\n");
    let bot_yaml = format!("{BOT}interrupts:\n  - {{ keyword: survey, then: skill survey }}\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/order.yaml", ASK), ("skills/survey.yaml", &survey)]));
    talk.say("/order");
    assert_eq!(talk.say("survey"), ["How was it?"]);
    assert_eq!(talk.say("/survey"), ["How was it?"]);
    assert_eq!(talk.conversation.runs.iter().map(|run| run.frames.len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(talk.say("Fine"), ["Thanks for Fine."]);
    assert_eq!(talk.say("41"), ["Order 41."], "the question below is the one that is asked");
}

#[test]
fn jump_ends_the_run_with_the_floor_and_end_those_under_it() {
    let mut jump = talk("  - { keyword: hours, then: skill hours, mode: jump }\n");
    jump.say("/order");
    jump.say("/pick");
    // The run under it gets the floor back.
    assert_eq!(jump.say("hours"), ["We are open from 9 to 5."]);
    assert_eq!(jump.conversation.runs.len(), 1);
    assert_eq!(jump.say("41"), ["Order 41."]);

    let mut end = talk("  - { keyword: [forget it], mode: end }\n  - { keyword: hours, then: skill hours, mode: end }\n");
    end.say("/order");
    end.say("/pick");
    assert_eq!(end.say("Forget it!"), NONE);
    assert!(end.conversation.runs.is_empty() && end.conversation.floor.is_empty());
    end.say("/order");
    assert_eq!(end.say("hours"), ["We are open from 9 to 5."]);
    assert!(end.conversation.runs.is_empty());
}

#[test]
fn without_a_question_the_skill_simply_starts() {
    for mode in ["call", "jump", "end"] {
        let mut talk = talk(&format!("  - {{ keyword: hours, then: skill hours, mode: {mode} }}\n"));
        talk.say("/pick");
        talk.say("red");
        assert_eq!(talk.say("hours"), ["We are open from 9 to 5."], "{mode}");
    }
}

#[test]
fn a_condition_over_the_message_and_a_guard_of_the_skill() {
    let mut numbers = talk("  - { when: \"input matches /^#\\\\d+$/\", then: skill hours, mode: jump }\n");
    numbers.say("/order");
    assert_eq!(numbers.say("#41"), ["We are open from 9 to 5."]);
    numbers.say("/order");
    assert_eq!(numbers.say("41"), ["Order 41."]);

    let bot_yaml = format!("{BOT}interrupts:\n  - {{ keyword: hours, then: skill hours }}\n");
    let guarded = HOURS.replace("skill: hours\n", "skill: hours\nonly_for: plan = gold\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/order.yaml", ASK), ("skills/hours.yaml", &guarded)]));
    talk.say("/order");
    // As if it did not exist: the listen takes the word.
    assert_eq!(talk.say("hours"), ["Order hours."]);
}

#[test]
fn commands_and_choices_come_before_and_keywords_after() {
    let mut talk = talk("  - { keyword: [red, hours], then: skill hours, mode: jump }\n");
    talk.say("/pick");
    assert_eq!(talk.say("red"), ["Red."]);
    assert_eq!(talk.say("/order"), ["Number?"]);
    assert!(matches!(talk.conversation.runs[0].rest, Rest::Asking(_)));
}

#[test]
fn in_the_queue_an_interrupt_acts_and_the_request_stays() {
    let human =
        "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    next: end\n";
    let bot_yaml = format!("{BOT}interrupts:\n  - {{ keyword: hours, then: skill hours }}\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/talk.yaml", human), ("skills/hours.yaml", HOURS)]));
    talk.agents = true;
    talk.say("/human");
    assert_eq!(talk.say("hours"), ["We are open from 9 to 5."]);
    assert_eq!(talk.conversation.owner, model::Owner::Queue);
    assert!(talk.conversation.runs.iter().any(|r| matches!(r.rest, Rest::HandedOver { .. })));
}

#[test]
fn check_tells_what_is_wrong_with_an_interrupt() {
    for (written, says) in [
        ("  - { then: skill hours }\n", "keyword or when"),
        ("  - { keyword: x }\n", "where it leads"),
        ("  - { keyword: x, then: hours }\n", "leads to a skill"),
        ("  - { keyword: x, then: skill hour }\n", "there is no skill \"hour\""),
        ("  - { keyword: x, then: skill hours, mode: hop }\n", "call, jump or end"),
        ("  keyword: x\n", "is a list"),
    ] {
        let bot_yaml = format!("{BOT}interrupts:\n{written}");
        let (_, said) = try_bot(&[("bot.yaml", &bot_yaml), ("skills/hours.yaml", HOURS)]);
        assert!(said.contains(says) && (said.contains("E0178") || said.contains("E0112")), "{written}: {said}");
    }
}

//! The form: one field after the other, consent, a summary that can be corrected, everything stored at once.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::*;
use model::Value;

fn files() -> String {
    BOT.replace("  visits: number\n", "  visits: number\n  email: { type: email, personal: true }\n")
}

const FORM: &str = "skill: join\ncatch:\n  - command: join\nblocks:\n  form:\n    lead:\n      fields:\n        name: { ask: Your name? }\n        email: { ask: \"Your e-mail, ${name}?\", expect: email, retry: That is no e-mail address. }\n        visits: { ask: How often were you here?, expect: { number: { min: 0 } }, optional: true, label: Visits }\n      consent: { ask: May we write to you?, topic: news }\n      timeout: 1h\n    on: { timeout: late, invalid: no }\n  done:\n    text: Thank you, ${name}.\n    next: end\n  no:\n    text: Never mind.\n    next: end\n  late:\n    text: Too late.\n";

fn talk(form: &str) -> Talk {
    Talk::new(bot(&[("bot.yaml", &files()), ("skills/join.yaml", form)]))
}

fn labels(talk: &Talk) -> Vec<String> {
    talk.last_bot().content.buttons.iter().map(|b| b.label.clone()).collect()
}

fn press(talk: &mut Talk, label: &str) -> Vec<String> {
    let message = talk.last_bot();
    talk.press(&message, label)
}

#[test]
fn fields_consent_and_summary_are_stored_together() {
    let mut talk = talk(FORM);
    assert_eq!(talk.say("/join"), ["Your name?"]);
    assert_eq!(talk.say("Ana"), ["Your e-mail, Ana?"]);
    assert_eq!(talk.say("ana at home"), ["That is no e-mail address."]);
    assert_eq!(talk.say("ana@shop.example"), ["How often were you here?"]);
    assert_eq!(labels(&talk), ["Skip"]);
    assert_eq!(talk.say("3"), ["May we write to you?"]);
    assert_eq!(labels(&talk), ["Yes", "No"]);
    assert!(!talk.contact.attributes.contains_key("visits"), "nothing is stored before all is right");
    assert_eq!(press(&mut talk, "Yes"), ["Is this right?\nname: Ana\nemail: ana@shop.example\nVisits: 3"]);
    assert_eq!(labels(&talk), ["That is right", "Change: name", "Change: email", "Change: Visits"]);
    assert_eq!(press(&mut talk, "That is right"), ["Thank you, Ana."]);
    assert_eq!(talk.contact.attributes.get("visits"), Some(&Value::Number(3.into())));
    let consent = talk.contact.consents.get("news").expect("an answer is kept");
    assert!(consent.given && consent.proof == "May we write to you? (web)");
}

#[test]
fn a_button_of_an_earlier_question_answers_no_later_one() {
    let mut talk = talk(FORM);
    talk.say("/join");
    talk.say("Ana");
    talk.say("ana@shop.example");
    let visits = talk.last_bot();
    assert_eq!(talk.press(&visits, "Skip"), ["May we write to you?"]);
    for _ in 0..3 {
        talk.wait(10);
        assert_eq!(talk.press(&visits, "Skip"), ["May we write to you?"], "asked again, and no try is spent");
    }
    press(&mut talk, "Yes");
    let summary = talk.last_bot();
    assert_eq!(talk.press(&summary, "Change: name"), ["Your name?"]);
    // They changed their mind: that is no name.
    assert_eq!(talk.press(&summary, "That is right"), ["Your name?"]);
    assert_eq!(talk.say("Anna"), ["Is this right?\nname: Anna\nemail: ana@shop.example"]);
    // The same question, shown once more: either of its messages answers it.
    talk.wait(10);
    assert_eq!(talk.press(&summary, "That is right"), ["Thank you, Anna."]);
}

#[test]
fn a_field_is_corrected_and_the_summary_comes_again() {
    let mut talk = talk(FORM);
    talk.say("/join");
    talk.say("Ana");
    talk.say("ana@shop.example");
    assert_eq!(press(&mut talk, "Skip"), ["May we write to you?"]);
    assert_eq!(talk.say("nope"), ["Is this right?\nname: Ana\nemail: ana@shop.example"]);
    assert_eq!(press(&mut talk, "Change: name"), ["Your name?"]);
    assert_eq!(talk.say("Anna"), ["Is this right?\nname: Anna\nemail: ana@shop.example"]);
    assert_eq!(talk.say("hm"), ["Is this right?\nname: Anna\nemail: ana@shop.example"]);
    assert_eq!(talk.say("Visits"), ["How often were you here?"]);
    assert_eq!(talk.say("skip"), ["Is this right?\nname: Anna\nemail: ana@shop.example"]);
    assert_eq!(talk.say("yes"), ["Thank you, Anna."]);
    assert!(!talk.contact.consents.get("news").expect("a refusal is kept too").given);
}

#[test]
fn useless_answers_and_time_leave_nothing_behind() {
    let mut first = talk(FORM);
    first.say("/join");
    first.say("Ana");
    first.say("a");
    first.say("b");
    assert_eq!(first.say("c"), ["Never mind."]);
    let mut second = talk(FORM);
    second.say("/join");
    second.say("Ana");
    assert_eq!(second.wait(3_600), ["Too late."]);
    assert!(second.contact.attributes.is_empty() && second.contact.consents.is_empty());
}

#[test]
fn required_consent_that_is_refused_is_invalid() {
    let mut talk = talk(&FORM.replace("topic: news }", "topic: news, required: true }\n      summary: false"));
    talk.say("/join");
    talk.say("Ana");
    talk.say("ana@shop.example");
    talk.say("skip");
    assert_eq!(talk.say("no"), ["Never mind."]);
    talk.say("/join");
    talk.say("Ana");
    talk.say("ana@shop.example");
    talk.say("skip");
    assert_eq!(talk.say("yes"), ["Thank you, Ana."]);
}

#[test]
fn a_command_in_between_and_the_form_goes_on_where_it_was() {
    let other = "skill: other\ncatch:\n  - command: other\nblocks:\n  q: { text: \"Other?\" }\n  a: { listen: x, timeout: 1h }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", &files()), ("skills/join.yaml", FORM), ("skills/other.yaml", other)]));
    talk.say("/join");
    assert_eq!(talk.say("Ana"), ["Your e-mail, Ana?"]);
    assert_eq!(talk.say("/other"), ["Other?"]);
    talk.wait(11 * 60);
    assert_eq!(talk.say("fine"), ["Your e-mail, Ana?"]);
    assert_eq!(talk.say("ana@shop.example"), ["How often were you here?"]);
}

#[test]
fn a_number_that_the_attribute_refuses_is_asked_again() {
    let form = FORM.replace("expect: { number: { min: 0 } }, ", "");
    let mut talk = talk(&form);
    talk.say("/join");
    talk.say("Ana");
    talk.say("ana@shop.example");
    assert_eq!(talk.say("often"), ["How often were you here?"]);
    assert_eq!(talk.say("7"), ["May we write to you?"]);
}

#[test]
fn all_that_is_wrong_with_a_form_is_told_at_once() {
    let bad = "skill: join\ncatch:\n  - command: join\nblocks:\n  form:\n    lead:\n      fields:\n        name: { expect: text }\n        mail: { ask: Mail?, expect: e-mail }\n      consent: { ask: May we? }\n      timeout: 1h\n";
    let (bot, told) = try_bot(&[("bot.yaml", &files()), ("skills/join.yaml", bad)]);
    assert!(bot.is_none());
    for code in ["E0188", "E0117", "E0189"] {
        assert!(told.contains(code), "{code} in {told}");
    }
    let (bot, told) = try_bot(&[
        ("bot.yaml", &files()),
        ("skills/join.yaml", "skill: join\ncatch:\n  - command: join\nblocks:\n  form:\n    lead: { timeout: 1h }\n"),
    ]);
    assert!(bot.is_none() && told.contains("E0188"), "{told}");
}

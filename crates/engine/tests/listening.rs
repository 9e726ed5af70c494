//! What `listen` takes as an answer, when it asks which of two readings is meant, and how several messages become one.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::*;
use model::{Attachment, AttachmentKind, BlobId, Content, IncomingBody, Location, Value};

/// A skill that listens once, as written, and says what it kept.
fn talk(listen: &str) -> Talk {
    let skill = format!(
        "skill: ask\ncatch:\n  - command: ask\nblocks:\n  ask:\n    text: Well?\n  answer:\n    listen: got\n{listen}    timeout: 10m\n    on: {{ timeout: end, invalid: no }}\n  kept:\n    text: Got ${{got}}.\n    next: end\n  no:\n    text: Invalid.\n"
    );
    let other = "skill: other\ncatch:\n  - command: other\nblocks:\n  say:\n    text: Other.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &skill), ("skills/other.yaml", other)]));
    assert_eq!(talk.say("/ask"), ["Well?"]);
    talk
}

fn labels(talk: &Talk) -> Vec<String> {
    talk.last_bot().content.buttons.iter().map(|b| b.label.clone()).collect()
}

/// Presses a button of the newest message that has it.
fn press(talk: &mut Talk, label: &str) -> Vec<String> {
    let has = |m: &&model::Message| m.content.buttons.iter().any(|b| b.label == label);
    let message = talk.transcript.iter().rev().find(has).expect("a button").clone();
    talk.press(&message, label)
}

fn send(talk: &mut Talk, body: IncomingBody) -> Vec<String> {
    texts(&talk.incoming(body))
}

#[test]
fn days_and_times_as_people_say_them() {
    // Monday the 2nd of March 2026, 10:00 UTC.
    let table = [
        ("    expect: date\n", "tomorrow", "Got 2026-03-03."),
        ("    expect: date\n", "12 de marzo", "Got 2026-03-12."),
        ("    expect: { date: { max: today } }\n", "7 may 84", "Got 1984-05-07."),
        ("    expect: { date: { min: tomorrow } }\n    retry: { times: 0 }\n", "today", "Invalid."),
        ("    expect: time\n", "5pm", "Got 17:00."),
        ("    expect: { time: { min: \"09:00\", max: \"18:00\" } }\n", "at 5", "Got 17:00."),
        ("    expect: datetime\n", "tomorrow at 17:30", "Got 2026-03-03 17:30."),
        ("    expect: yes_no\n", "Jawohl!", "Got true."),
        ("    expect: yes_no\n", "👎", "Got false."),
        ("    expect: { choice: [{ S: small }, { M: medium }] }\n", "Medium.", "Got M."),
    ];
    for (listen, answer, expected) in table {
        assert_eq!(talk(listen).say(answer), [expected], "{answer} for {listen}");
    }
}

#[test]
fn a_phone_number_is_one_of_the_bots_country_or_a_whole_one() {
    let skill = "skill: ask\ncatch: [{ command: ask }]\nblocks:\n  answer:\n    listen: got\n    expect: phone\n    retry: { times: 0 }\n    on: { timeout: end, invalid: no }\n    timeout: 10m\n  kept:\n    text: Got ${got}.\n    next: end\n  no:\n    text: Invalid.\n";
    let spanish = BOT.replace("timezone: UTC\n", "timezone: UTC\ncountry: ES\n");
    for (answer, said) in [
        ("612 345 678", "Got +34612345678."),
        ("+44 20 7946 0958", "Got +442079460958."),
        ("12345", "Invalid."),
        ("+34 12345", "Invalid."),
        ("6123456789", "Invalid."),
    ] {
        let mut talk = Talk::new(bot(&[("bot.yaml", &spanish), ("skills/ask.yaml", skill)]));
        talk.say("/ask");
        assert_eq!(talk.say(answer), [said], "{answer}");
    }
}

#[test]
fn an_ambiguous_day_is_asked_about_with_both_readings() {
    for answer in ["press", "label", "number", "other"] {
        let mut talk = talk("    expect: date\n");
        assert_eq!(talk.say("12/3"), ["Which one do you mean?"]);
        assert_eq!(labels(&talk), ["Thursday 12 March 2026", "Thursday 3 December 2026"]);
        let said = match answer {
            "press" => press(&mut talk, "Thursday 3 December 2026"),
            "label" => talk.say("thursday 3 december 2026"),
            "number" => talk.say("2"),
            _ => talk.say("3 December"),
        };
        assert_eq!(said, ["Got 2026-12-03."], "{answer}");
        // The buttons of a question that was answered do nothing.
        assert!(press(&mut talk, "Thursday 12 March 2026").is_empty());
    }
}

#[test]
fn a_time_that_could_be_morning_or_evening_is_asked_about() {
    let mut talk = talk("    expect: datetime\n");
    assert_eq!(talk.say("tomorrow at 5"), ["Which one do you mean?"]);
    assert_eq!(labels(&talk), ["Tuesday 3 March 2026, 05:00", "Tuesday 3 March 2026, 17:00"]);
    assert_eq!(talk.say("2"), ["Got 2026-03-03 17:00."]);
}

fn file(kind: AttachmentKind, size: u64) -> IncomingBody {
    let blob = BlobId::parse(&"a".repeat(64)).unwrap();
    let attachment = Attachment { kind, blob, name: "cat.png".into(), mime: "image/png".into(), size, alt: String::new(), made: None };
    IncomingBody::Message(Content { attachments: vec![attachment], ..Content::default() })
}

#[test]
fn files_of_the_kind_and_size_that_is_expected() {
    let listen = "    expect: { file: { kinds: [image], max_kb: 1 } }\n    retry: { say: A small picture please., times: 1 }\n";
    let mut talk = talk(listen);
    assert_eq!(send(&mut talk, file(AttachmentKind::File, 10)), ["A small picture please."]);
    assert_eq!(send(&mut talk, file(AttachmentKind::Image, 1024)).len(), 1);
    let vars = talk.transcript.last().unwrap().content.text.clone();
    assert!(vars.contains("cat.png"), "{vars}");
    let mut talk = self::talk(listen);
    assert_eq!(talk.say("no picture"), ["A small picture please."]);
    assert_eq!(send(&mut talk, file(AttachmentKind::Image, 1025)), ["Invalid."]);
}

#[test]
fn a_place() {
    let mut talk = talk("    expect: location\n");
    assert_eq!(talk.say("here"), ["Well?"]);
    let place = Location { latitude: 36.53, longitude: -6.3 };
    let said = send(&mut talk, IncomingBody::Message(Content { location: Some(place), ..Content::default() }));
    assert!(said.len() == 1 && said[0].contains("36.53"), "{said:?}");
}

#[test]
fn what_is_said_to_unusable_answers_in_turn() {
    let mut talk = talk("    expect: number\n    retry: { say: [One., Two.], times: 3 }\n");
    assert_eq!(talk.say("a"), ["One."]);
    assert_eq!(talk.say("b"), ["Two."]);
    assert_eq!(talk.say("c"), ["Two."]);
    assert_eq!(talk.say("d"), ["Invalid."]);
}

#[test]
fn messages_that_follow_each_other_are_one_answer() {
    let mut talk = talk("    merge_within: 3s\n");
    assert!(talk.say("I bought").is_empty());
    assert!(talk.wait(2).is_empty());
    assert!(talk.say("a coffee").is_empty());
    assert!(talk.wait(2).is_empty());
    assert!(talk.say("and it is cold").is_empty());
    assert_eq!(talk.wait(3), ["Got I bought\na coffee\nand it is cold."]);
}

#[test]
fn a_command_ends_the_merge_and_nothing_is_lost() {
    let mut talk = talk("    merge_within: 3s\n");
    assert!(talk.say("hello").is_empty());
    assert_eq!(talk.say("/other"), ["Got hello.", "Other."]);
    assert!(talk.wait(10).is_empty());
}

#[test]
fn whoever_writes_on_and_on_is_answered() {
    let mut talk = talk("    merge_within: 3s\n");
    let mut said = Vec::new();
    for n in 0..40 {
        said.extend(talk.say(&n.to_string()));
        said.extend(talk.wait(2));
        if !said.is_empty() {
            break;
        }
    }
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("Got 0\n1\n2"), "{said:?}");
}

#[test]
fn an_answer_on_its_way_cannot_time_out() {
    let mut talk = talk("    merge_within: 1m\n");
    assert!(talk.wait(9 * 60 + 50).is_empty());
    assert!(talk.say("here I am").is_empty());
    assert_eq!(talk.wait(60), ["Got here I am."]);
}

#[test]
fn a_question_is_repeated_or_not_as_written() {
    let long = "skill: long\ncatch:\n  - command: long\nblocks:\n  q:\n    text: Long?\n  a:\n    listen: x\n    timeout: 1d\n";
    for (option, expected) in [("", vec!["Well?"]), ("    repeat_question: false\n", vec![]), ("    repeat_question: 1h\n", vec![])] {
        let skill = format!(
            "skill: ask\ncatch:\n  - command: ask\nblocks:\n  ask:\n    text: Well?\n  answer:\n    listen: got\n{option}    timeout: 1d\n"
        );
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &skill), ("skills/long.yaml", long)]));
        talk.say("/ask");
        assert_eq!(talk.say("/long"), ["Long?"]);
        talk.wait(15 * 60);
        assert_eq!(talk.say("done"), expected, "{option}");
    }
}

#[test]
fn what_cannot_be_expected_is_told() {
    let table = [
        ("    expect: { date: { min: someday } }\n", "E0186"),
        ("    expect: { file: { kinds: [picture] } }\n", "E0187"),
        ("    expect: { file: { max_kb: 999999999 } }\n", "E0104"),
        ("    merge_within: 1h\n", "E0185"),
    ];
    for (listen, code) in table {
        let skill = format!("skill: ask\ncatch:\n  - command: ask\nblocks:\n  answer:\n    listen: got\n{listen}    timeout: 1m\n");
        let (bot, told) = try_bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &skill)]);
        assert!(bot.is_none() && told.contains(code), "{listen}: {told}");
    }
}

#[test]
fn whose_language_is_not_known_writes_as_the_bot_speaks() {
    let skill = "skill: ask\ncatch:\n  - command: ask\nblocks:\n  ask:\n    text: ¿Cuánto?\n  answer:\n    listen: got\n    expect: number\n    timeout: 10m\n    on: { timeout: end, invalid: end }\n  kept:\n    text: Son ${got}.\n  keep:\n    data: { visits: \"${got}\" }\n";
    for (languages, typed, kept) in
        [("es", "1.234,50", "1234.5"), ("es", "1.000", "1000"), ("de, en", "1.000", "1000"), ("en", "1,234.50", "1234.5")]
    {
        let bot_yaml = format!("name: Test\ntimezone: UTC\nlanguages: [{languages}]\nattributes:\n  visits: number\n");
        let mut talk = Talk::new(bot(&[("bot.yaml", &bot_yaml), ("skills/ask.yaml", skill)]));
        talk.say("/ask");
        talk.say(typed);
        assert_eq!(talk.contact.attributes.get("visits"), Some(&Value::Number(kept.parse().unwrap())), "{languages}: {typed}");
    }
}

//! Somebody who is blocked, step by step: nothing that happens to them starts anything, and all of it is noted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot};
use model::{Actor, Change, InboxItem, IncomingBody, JourneyKind, Owner, Record, Rest};
use switchboard_engine::Input;

const BOT: &str = "name: T\ntimezone: UTC\ngroups: { support: {} }\nattributes: { plan: text }\n";
const FILES: [(&str, &str); 8] = [
    ("bot.yaml", BOT),
    ("segments.yaml", "gold: { where: 'plan = \"gold\"' }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    (
        "skills/menu.yaml",
        "skill: menu\ncatch: [{ command: menu }]\nblocks:\n  ask:\n    text: Well?\n    buttons:\n      - Yes: yes\n      - No: end\n  yes: { text: You said yes. }\n",
    ),
    ("skills/sale.yaml", "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  say: { text: A sale! }\n"),
    ("skills/tagged.yaml", "skill: tagged\ncatch: [{ tag: { added: vip } }]\nblocks:\n  say: { text: You are one of us. }\n"),
    ("skills/gold.yaml", "skill: gold\ncatch: [{ segment: { entered: gold } }]\nblocks:\n  say: { text: Gold! }\n"),
    (
        "skills/tick.yaml",
        "skill: tick\ncatch: [{ command: tick }]\nblocks:\n  arm: { timer: { after: 10m, do: say } }\n  ok: { text: Armed., next: end }\n  say: { text: Tick. }\n",
    ),
];

fn talk() -> Talk {
    let mut talk = Talk::new(bot(&FILES));
    talk.say("hi");
    talk
}

fn change(talk: &mut Talk, changes: Vec<Change>) -> Vec<String> {
    talk.item(InboxItem::Modify { changes, by: Actor::Api("shop".into()) })
}

fn status(talk: &mut Talk, status: &str) -> Vec<String> {
    change(talk, vec![Change::SetStatus(status.into())])
}

fn rules(talk: &Talk) -> Vec<String> {
    let lines = talk.steps.iter().flat_map(|step| &step.journey);
    lines.filter_map(|line| if let JourneyKind::Handled { rule, .. } = &line.what { Some(rule.clone()) } else { None }).collect()
}

#[test]
fn who_was_unsubscribed_by_somebody_else_keeps_that_as_a_refusal() {
    let refused = |talk: &Talk| talk.contact.consents.get("messages").map(|consent| (consent.given, consent.proof.clone()));
    let kept = Some((false, "unsubscribed when blocked".to_owned()));
    for by in [Actor::Api("shop".into()), Actor::Import("imp_1".into())] {
        let mut talk = talk();
        talk.item(InboxItem::Modify { changes: vec![Change::SetStatus("unsubscribed".into())], by: by.clone() });
        assert_eq!(refused(&talk), None);
        talk.item(InboxItem::Modify { changes: vec![Change::SetStatus("blocked".into())], by });
        assert_eq!((talk.contact.status.as_str(), refused(&talk)), ("blocked", kept.clone()));
        assert!(talk.contact.refuses_messages());
    }
    let mut talk = self::talk();
    status(&mut talk, "blocked");
    assert_eq!(refused(&talk), None, "who refused nothing refuses nothing");
    status(&mut talk, "active");
    talk.say("stop");
    status(&mut talk, "blocked");
    assert_eq!(refused(&talk), None, "their own words are on record");
    assert!(talk.contact.refuses_messages());
}

#[test]
fn a_file_subscribes_nobody_again_who_refused() {
    let row = |status: &str| InboxItem::Modify { changes: vec![Change::SetStatus(status.into())], by: Actor::Import("imp_1".into()) };
    let mut talk = talk();
    talk.say("stop");
    talk.item(row("active"));
    assert_eq!(talk.contact.status, "unsubscribed", "it is their own word");
    talk.item(row("blocked"));
    assert_eq!(talk.contact.status, "blocked");
    let mut talk = self::talk();
    talk.item(row("unsubscribed"));
    talk.item(row("active"));
    assert_eq!(talk.contact.status, "active", "nobody refused anything");
}

#[test]
fn what_was_refused_on_all_channels_is_over_when_they_agree_on_one() {
    let mut talk = talk();
    status(&mut talk, "unsubscribed");
    status(&mut talk, "blocked");
    status(&mut talk, "unsubscribed");
    talk.wait(60);
    talk.say("start");
    assert_eq!((talk.contact.status.as_str(), talk.contact.refuses_messages()), ("active", false));
}

#[test]
fn messages_buttons_and_openings_are_kept() {
    let mut talk = talk();
    talk.say("/menu");
    let asked = talk.last_bot();
    status(&mut talk, "blocked");
    assert_eq!(talk.say("yes"), Vec::<String>::new());
    assert_eq!(talk.press(&asked, "Yes"), Vec::<String>::new());
    assert!(talk.incoming(IncomingBody::Opened { payload: Some("ad".into()) }).is_empty());
    let said: Vec<_> = talk.transcript.iter().rev().take(2).map(|line| line.content.text.clone()).collect();
    assert_eq!(said, ["Yes", "yes"], "what they did stands in the chat");
    assert_eq!(rules(&talk).iter().filter(|rule| *rule == "blocked").count(), 3);
    assert!(matches!(talk.conversation.runs[0].rest, Rest::Asking(_)), "the question still stands");
    status(&mut talk, "active");
    assert_eq!(talk.press(&asked, "Yes"), ["You said yes."]);
}

#[test]
fn events_tags_and_segments_are_recorded_and_start_nothing() {
    let mut talk = talk();
    status(&mut talk, "blocked");
    let conversation = talk.conversation.id;
    let sale =
        InboxItem::Event { conversation: Some(conversation), name: "sale".into(), fields: Record::new(), at: None, by: Actor::System };
    assert!(talk.item(sale.clone()).is_empty());
    assert!(
        change(&mut talk, vec![Change::AddTag("vip".into()), Change::SetAttribute("plan".into(), model::Value::text("gold"))]).is_empty()
    );
    assert_eq!(talk.events.len(), 1, "the event counts");
    assert!(talk.contact.tags.values().any(|tag| tag.label == "vip"));
    assert_eq!(talk.moves().len(), 1, "they are in the segment: {:?}", talk.moves());
    let skipped = talk
        .steps
        .iter()
        .flat_map(|step| &step.journey)
        .filter(|line| matches!(&line.what, JourneyKind::RunEnded { how, .. } if how == "not started: the contact is blocked"));
    assert_eq!(skipped.count(), 3, "sale, tagged, gold");
    // What they missed does not come later.
    assert!(status(&mut talk, "active").is_empty());
    assert_eq!(talk.item(sale), ["A sale!"]);
}

#[test]
fn what_is_due_is_left_as_it_is() {
    let mut talk = talk();
    talk.say("/tick");
    status(&mut talk, "blocked");
    talk.now = talk.now.plus_micros(3_600_000_000);
    assert!(talk.input(Input::Due).is_empty());
    assert_eq!(talk.conversation.timers.len(), 1);
    status(&mut talk, "active");
    assert_eq!(talk.wait(0), ["Tick."]);
    assert!(talk.conversation.timers.is_empty());
}

#[test]
fn an_opt_out_is_noted_and_not_confirmed() {
    let mut talk = talk();
    status(&mut talk, "blocked");
    assert!(talk.say("stop").is_empty());
    assert_eq!(talk.contact.status, "blocked", "nobody is unblocked by saying stop");
    assert!(talk.contact.consents.iter().any(|(key, consent)| key.starts_with(model::MESSAGES) && !consent.given));
    // And nobody subscribes again by an opt-in word.
    assert!(talk.say("start").is_empty() && talk.contact.status == "blocked");
}

#[test]
fn a_flow_that_blocks_somebody_may_say_so_before() {
    let skill = "skill: out\ncatch: [{ command: out }]\nblocks:\n  bye: { text: Goodbye. }\n  block: { status: blocked }\n  after: { text: Too late. }\n";
    let mut files = FILES.to_vec();
    files.push(("skills/out.yaml", skill));
    let mut talk = Talk::new(bot(&files));
    talk.say("hi");
    assert_eq!(talk.say("/out"), ["Goodbye."]);
    assert_eq!((talk.contact.status.as_str(), talk.conversation.owner == Owner::Bot), ("blocked", true));
    assert!(talk.conversation.runs.is_empty());
}

#[test]
fn what_a_run_waits_for_is_kept_until_they_are_unblocked() {
    let skill = "skill: w\ncatch: [{ command: go }]\nblocks:\n  wait:\n    wait_for: { event: paid, timeout: 2d }\n    next: came\n    on: { timeout: end }\n  came: { text: \"Came ${event.amount}.\" }\n";
    let mut files = FILES.to_vec();
    files.push(("skills/w.yaml", skill));
    let mut talk = Talk::new(bot(&files));
    talk.say("/go");
    status(&mut talk, "blocked");
    let fields = Record::from([("amount".to_owned(), model::Value::Number(12.into()))]);
    let paid = InboxItem::Event { conversation: None, name: "paid".into(), fields, at: None, by: Actor::System };
    assert!(talk.item(paid).is_empty());
    assert_eq!(talk.conversation.runs.len(), 1, "the run rests");
    talk.wait(3 * 86_400);
    assert!(status(&mut talk, "active").is_empty());
    assert_eq!(talk.wait(0), ["Came 12."]);
}

#[test]
fn whoever_blocks_them_a_question_has_its_time_again() {
    let ask = "skill: ask\ncatch: [{ command: ask }]\nblocks:\n  ask: { text: Who? }\n  hear:\n    listen: who\n    timeout: 10m\n    on: { timeout: late }\n    next: end\n  late: { text: Too late. }\n";
    let out = "skill: out\ncatch: [{ event: fraud }]\nblocks:\n  block: { status: blocked }\n";
    let mut files = FILES.to_vec();
    files.extend([("skills/ask.yaml", ask), ("skills/out.yaml", out)]);
    let fraud = InboxItem::Event { conversation: None, name: "fraud".into(), fields: Record::new(), at: None, by: Actor::System };
    let row = InboxItem::Modify { changes: vec![Change::SetStatus("blocked".into())], by: Actor::Import("imp_1".into()) };
    for blocks in [fraud, row] {
        let mut talk = Talk::new(bot(&files));
        talk.say("/ask");
        talk.item(blocks);
        assert_eq!(talk.contact.status, "blocked");
        talk.now = talk.now.plus_micros(3_600_000_000);
        status(&mut talk, "active");
        assert!(!talk.wait(599).contains(&"Too late.".to_owned()));
        assert_eq!(talk.wait(2), ["Too late."]);
    }
}

#[test]
fn an_import_that_blocks_them_takes_their_request_from_the_desk() {
    let human = "skill: human\ncatch: [{ command: human }]\nblocks:\n  person: { live_chat: { group: support, timeout: 5m } }\n";
    let mut files = FILES.to_vec();
    files.push(("skills/human.yaml", human));
    let mut talk = Talk::new(bot(&files));
    talk.agents = true;
    talk.say("/human");
    assert_eq!(talk.conversation.owner, Owner::Queue);
    let by = Actor::Import("imp_1".into());
    talk.item(InboxItem::Modify { changes: vec![Change::SetStatus("blocked".into())], by: by.clone() });
    assert!(talk.conversation.owner == Owner::Bot && talk.conversation.request.is_none() && talk.conversation.runs.is_empty());
    let mut lines = talk.steps.iter().flat_map(|step| &step.journey);
    assert!(lines.any(|line| line.by == by && matches!(&line.what, JourneyKind::Desk(what) if what.contains("blocked"))));
}

//! Whether somebody wants messages: whoever notes their answer, the stage follows it, and nothing is sent against it (FL 7.9).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot};
use model::{Actor, Altered, Change, InboxItem, Instant, JourneyKind, MESSAGES, Occasion, Part, Record, Value};

const BOT: &str = "name: T\ntimezone: UTC\nchannels: { web: {}, telegram: { type: telegram, token: t } }\nstatuses: [lead]\nattributes:\n  phone: { type: phone }\n  email: { type: email }\n\
     email: { from: bot@shop.example, smtp: { host: mail.shop.example } }\nsms: { provider: twilio, account: AC1, token: \"${env.T}\", from: \"+34600000000\" }\n";
const FILES: [(&str, &str); 8] = [
    ("bot.yaml", BOT),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/default.yaml", "skill: /default\nblocks:\n  what: { text: What? }\n"),
    ("skills/sale.yaml", "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  say: { text: A sale! }\n"),
    (
        "skills/tick.yaml",
        "skill: tick\ncatch: [{ command: tick }]\nblocks:\n  arm: { timer: { after: 10m, do: say } }\n  ok: { text: Armed., next: end }\n  say: { text: Tick. }\n",
    ),
    ("skills/back.yaml", "skill: back\ncatch: [{ command: back }]\nblocks:\n  set: { status: active }\n  told: { text: Welcome back. }\n"),
    (
        "skills/join.yaml",
        "skill: join\ncatch: [{ command: join }]\nblocks:\n  form:\n    lead:\n      fields: { phone: { ask: Your number? } }\n      consent: { ask: May we write?, topic: messages }\n      timeout: 1h\n    on: { timeout: end, invalid: end }\n  done: { text: Noted. }\n",
    ),
    (
        "skills/beside.yaml",
        "skill: beside\ncatch: [{ event: beside }]\nblocks:\n  sms: { sms: { text: Hi }, on: { error: mail } }\n  mail: { email: { subject: Hi, body: Hi }, on: { error: end } }\n",
    ),
];

fn talk() -> Talk {
    let mut talk = Talk::new(bot(&FILES));
    talk.say("hi");
    talk
}

/// The same person once more, who goes on otherwise.
fn same(talk: &Talk) -> Talk {
    let mut same = Talk::new(talk.programs.0.clone());
    (same.contact, same.conversation, same.now) = (talk.contact.clone(), talk.conversation.clone(), talk.now);
    same
}

/// Somebody changes the contact a while later.
fn change(talk: &mut Talk, by: Actor, change: Change) {
    talk.wait(60);
    talk.item(InboxItem::Modify { changes: vec![change], by });
}

fn noted(talk: &mut Talk, channel: Option<&str>, given: bool) {
    let proof = "on the phone".to_owned();
    let answer = Change::Consent { topic: MESSAGES.into(), channel: channel.map(str::to_owned), given, proof };
    change(talk, Actor::Api("crm".into()), answer);
}

fn status(talk: &mut Talk, to: &str) {
    change(talk, Actor::Api("crm".into()), Change::SetStatus(to.into()));
}

/// Takes back that an import changed their status a moment ago; answers what they are.
fn undo(talk: &mut Talk, at: Instant, from: &str, to: &str) -> String {
    let status = Altered { what: Part::Status, from: Some(Value::text(from)), to: Some(Value::text(to)) };
    let (parts, by) = (vec![(at, status)], Actor::Api("crm".into()));
    talk.item(InboxItem::Undo { import: "imp_1".into(), made: None, parts, events: Vec::new(), by });
    talk.contact.status.clone()
}

/// What a campaign says to them.
fn sale(talk: &mut Talk) -> Vec<String> {
    let what = Occasion::Event { name: "sale".into(), fields: Record::new() };
    talk.item(InboxItem::Reached { audience: "aud_1".into(), what, by: Actor::Api("crm".into()) })
}

/// What they are, and what a campaign says to them.
fn standing(talk: &mut Talk) -> (String, Vec<String>) {
    (talk.contact.status.clone(), sale(talk))
}

fn told() -> (String, Vec<String>) {
    ("active".into(), vec!["A sale!".into()])
}

fn left_alone() -> (String, Vec<String>) {
    ("unsubscribed".into(), Vec::new())
}

fn answers(talk: &Talk) -> Vec<(&str, bool)> {
    talk.contact.consents.iter().map(|(key, consent)| (key.as_str(), consent.given)).collect()
}

#[test]
fn an_answer_that_somebody_notes_for_a_channel_counts_as_their_own_word_does() {
    let mut talk = talk();
    assert_eq!(sale(&mut talk), ["A sale!"]);
    talk.say("stop");
    assert_eq!(talk.contact.status, "unsubscribed");
    noted(&mut talk, Some("web"), true);
    assert_eq!(standing(&mut talk), told());
    talk.say("stop");
    talk.say("/start");
    assert_eq!(talk.contact.status, "active");
    noted(&mut talk, Some("web"), false);
    assert_eq!(standing(&mut talk), left_alone());
    let lines: Vec<&JourneyKind> = talk.steps.iter().flat_map(|step| &step.journey).map(|line| &line.what).collect();
    let to = |to: &str| JourneyKind::Status { from: if to == "active" { "unsubscribed" } else { "active" }.into(), to: to.into() };
    assert_eq!(lines.iter().filter(|line| ***line == to("unsubscribed")).count(), 3, "each is journeyed once");
    assert_eq!(lines.iter().filter(|line| ***line == to("active")).count(), 2);
}

#[test]
fn an_answer_on_a_channel_they_are_not_on_counts_as_well() {
    let mut talk = talk();
    status(&mut talk, "lead");
    noted(&mut talk, Some("telegram"), false);
    assert_eq!(standing(&mut talk), left_alone());
    noted(&mut talk, None, true);
    assert_eq!(standing(&mut talk), told());
    // Who wants messages and says so again is what they were.
    status(&mut talk, "lead");
    noted(&mut talk, Some("web"), true);
    assert_eq!(talk.contact.status, "lead");
    // Another topic is another matter.
    let news = Change::Consent { topic: "news".into(), channel: None, given: false, proof: "a letter".into() };
    change(&mut talk, Actor::Api("crm".into()), news);
    assert_eq!(talk.contact.status, "lead");
}

#[test]
fn who_agrees_on_one_channel_is_left_alone_on_the_one_they_refused() {
    let mut talk = talk();
    talk.say("/tick");
    talk.say("stop");
    noted(&mut talk, Some("telegram"), true);
    assert_eq!(talk.contact.status, "active");
    assert_eq!(sale(&mut talk), Vec::<String>::new());
    let says_why = |line: &JourneyKind| matches!(line, JourneyKind::Delivery(why) if why.ends_with("who refused messages on web"));
    assert!(talk.steps.iter().flat_map(|step| &step.journey).any(|line| says_why(&line.what)));
    // What they ask for they get; what comes of it later they do not.
    assert_eq!(talk.say("/tick"), ["Armed."]);
    assert_eq!(talk.wait(900), Vec::<String>::new());
    assert_eq!(talk.incoming(model::IncomingBody::Opened { payload: None }), [], "opening says nothing");
    assert_eq!(answers(&talk), [("messages@telegram", true), ("messages@web", false)]);
    // Until they want it again, there or on all channels, or are made active once more.
    type Way<'w> = (&'w str, &'w dyn Fn(&mut Talk));
    let ways: [Way<'_>; 4] = [
        ("start", &|talk| assert_eq!(talk.say("start"), ["Hello"])),
        ("an answer", &|talk| noted(talk, None, true)),
        ("a flow", &|talk| assert_eq!(talk.say("/back"), ["Welcome back."])),
        ("a program", &|talk| status(talk, "active")),
    ];
    for (name, way) in ways {
        let mut again = same(&talk);
        again.wait(60);
        way(&mut again);
        assert_eq!(standing(&mut again), told(), "{name}");
        assert!(!again.contact.refuses_messages(), "{name}");
    }
    // A file is no word of theirs, nor is it when it is taken back.
    let mut again = same(&talk);
    for to in ["active", "lead"] {
        change(&mut again, Actor::Import("imp_1".into()), Change::SetStatus(to.into()));
        assert_eq!(again.contact.status, to);
    }
    let at = again.now;
    assert_eq!(undo(&mut again, at, "active", "lead"), "active");
    assert_eq!(sale(&mut again), Vec::<String>::new());
    assert_eq!(answers(&again), answers(&talk));
}

#[test]
fn who_is_unblocked_is_what_they_said_last() {
    let block = |talk: &mut Talk| ["blocked", "active"].iter().for_each(|to| status(talk, to));
    let mut talk = talk();
    talk.say("stop");
    noted(&mut talk, Some("telegram"), true);
    let mut unsubscribed = same(&talk);
    block(&mut talk);
    assert_eq!(standing(&mut talk), ("active".into(), Vec::new()), "they agreed elsewhere, and refused here");
    assert_eq!(answers(&talk), [("messages@telegram", true), ("messages@web", false)]);
    talk.wait(60);
    talk.say("stop");
    block(&mut talk);
    assert_eq!(standing(&mut talk), left_alone());
    assert!(talk.contact.refuses_messages_on("web") && !talk.contact.refuses_messages_on("telegram"));
    // Who was unsubscribed since without a word of theirs stays so.
    status(&mut unsubscribed, "unsubscribed");
    block(&mut unsubscribed);
    assert_eq!(standing(&mut unsubscribed), left_alone());
}

#[test]
fn a_form_that_asks_for_it_is_heeded() {
    let mut talk = talk();
    let join = |talk: &mut Talk, answer: &str| {
        talk.say("/join");
        talk.say("+34600111222");
        talk.say(answer)
    };
    join(&mut talk, "no");
    assert_eq!(standing(&mut talk), left_alone());
    talk.wait(60);
    join(&mut talk, "yes");
    assert_eq!(standing(&mut talk), told());
}

#[test]
fn a_status_of_the_bots_own_ends_no_refusal_whoever_sets_it() {
    let mut talk = talk();
    talk.say("stop");
    for by in [Actor::Api("crm".into()), Actor::System, Actor::Import("imp_1".into())] {
        change(&mut talk, by.clone(), Change::SetStatus("lead".into()));
        assert_eq!(talk.contact.status, "unsubscribed", "{by:?}");
    }
    assert_eq!(sale(&mut talk), Vec::<String>::new());
    // Nor does an unblocking that calls them something else.
    for to in ["lead", "active"] {
        for by in [Actor::Api("crm".into()), Actor::Import("imp_1".into())] {
            status(&mut talk, "blocked");
            change(&mut talk, by.clone(), Change::SetStatus(to.into()));
            assert_ne!(talk.contact.status, to, "{by:?}");
        }
        change(&mut talk, Actor::Api("crm".into()), Change::SetStatus(to.into()));
        assert_eq!(talk.contact.status, "unsubscribed");
    }
    assert_eq!(answers(&talk), [("messages@web", false)]);
    // Who is unsubscribed and refused nothing may be called so by whoever unsubscribed them.
    let mut talk = self::talk();
    status(&mut talk, "unsubscribed");
    status(&mut talk, "lead");
    assert_eq!(talk.contact.status, "lead");
}

#[test]
fn who_is_made_active_again_has_it_on_record_with_who_did_it() {
    let by_flow = |talk: &mut Talk| assert_eq!(talk.say("/back"), ["Welcome back."]);
    let by_program = |talk: &mut Talk| status(talk, "active");
    let ways: [&dyn Fn(&mut Talk); 2] = [&by_flow, &by_program];
    for (way, flow) in ways.iter().zip([true, false]) {
        let mut talk = talk();
        talk.say("stop");
        way(&mut talk);
        assert_eq!(standing(&mut talk), told());
        assert_eq!(answers(&talk), [("messages@web", true)]);
        let consent = &talk.contact.consents["messages@web"];
        assert_eq!((matches!(consent.by, Actor::Flow { .. }), consent.proof.as_str()), (flow, "made active again"));
        // So it outlives a block.
        assert!(!talk.contact.refuses_messages());
    }
    // Who had refused nothing agrees to nothing.
    let mut talk = talk();
    status(&mut talk, "unsubscribed");
    status(&mut talk, "active");
    assert_eq!(answers(&talk), []);
}

#[test]
fn an_import_that_is_taken_back_subscribes_nobody_who_refused_since() {
    for to in ["unsubscribed", "blocked"] {
        let mut talk = talk();
        change(&mut talk, Actor::Import("imp_1".into()), Change::SetStatus(to.into()));
        let at = talk.now;
        let mut refused = same(&talk);
        refused.say("stop");
        assert_eq!(undo(&mut refused, at, "active", to), "unsubscribed", "{to}");
        assert_eq!(answers(&refused), [("messages@web", false)]);
        assert_eq!(undo(&mut talk, at, "active", to), "active", "{to}");
    }
}

#[test]
fn an_import_that_is_taken_back_leaves_nobody_unsubscribed_who_agreed_elsewhere_after_a_refusal() {
    for from in ["active", "lead"] {
        let mut ana = talk();
        ana.say("stop");
        ana.wait(1);
        noted(&mut ana, Some("telegram"), true);
        if from != ana.contact.status {
            status(&mut ana, from);
        }
        let before = ana.contact.consents.clone();
        change(&mut ana, Actor::Import("imp_1".into()), Change::SetStatus("unsubscribed".into()));
        let at = ana.now;
        assert_eq!(undo(&mut ana, at, from, "unsubscribed"), from);
        assert_eq!(ana.contact.consents, before, "what they said is as it was");
    }
}

#[test]
fn what_goes_beside_the_conversation_heeds_a_refusal_by_its_own_name() {
    let sent = |refused: &str| {
        let mut talk = talk();
        talk.contact.attributes.insert("phone".into(), Value::text("+34600111222"));
        talk.contact.attributes.insert("email".into(), Value::text("ana@home.example"));
        noted(&mut talk, Some(refused), false);
        noted(&mut talk, Some("telegram"), true);
        assert_eq!(talk.contact.status, "active");
        let event = InboxItem::Event { conversation: None, name: "beside".into(), fields: Record::new(), at: None, by: Actor::System };
        talk.item(event);
        let calls = talk.steps.last().unwrap().calls.iter().map(|call| call.what.medium().unwrap());
        calls.collect::<Vec<_>>()
    };
    assert_eq!(sent("offers"), [model::Medium::Sms]);
    assert_eq!(sent("sms"), [model::Medium::Mail]);
}

//! `json`, `email` and `sms`: what they request, what becomes of each answer, and who waits meanwhile (FL 5.2, 5.4, 5.5, 7.7, 7.8).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot, texts, try_bot};
use model::{CallAnswer, CallKind, Came, HttpCall, HttpMethod, InboxItem, JourneyKind, MailCall, Owner, RequestId, SmsCall, Value};
use switchboard_engine::Input;

const BOT: &str = "name: T\ntimezone: UTC\ncountry: ES\nattributes:\n  email: { type: email }\n  phone: { type: phone }\n  stock: number\n  since: date\n  colours: list\nsecrets:\n  shop: { env: SHOP_KEY, hosts: [shop.example] }\n  other: { env: OTHER_KEY, hosts: [other.example] }\nemail: { from: bot@shop.example, smtp: { host: mail.shop.example } }\nsms: { provider: twilio, account: AC1, token: \"${env.T}\", from: \"+34600000000\" }\ngroups: { support: {} }\n";
const NONE: [&str; 0] = [];

fn skill(blocks: &str) -> String {
    format!("skill: ask\ncatch:\n  - command: ask\nblocks:\n{blocks}")
}

fn talk(blocks: &str) -> Talk {
    Talk::new(bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &skill(blocks))]))
}

/// A block `look` with these options, and a word for each way out.
fn asks(json: &str) -> Talk {
    talk(&format!(
        "  look:\n    json:\n{json}\n    on: {{ error: failed, timeout: late }}\n  fine:\n    text: \"fine ${{event.status}}\"\n    next: end\n  failed:\n    text: \"failed: ${{event.reason}}\"\n    next: end\n  late:\n    text: \"late: ${{event.reason}}\"\n    next: end\n"
    ))
}

fn call(talk: &Talk) -> (RequestId, CallKind) {
    let call = talk.steps.iter().rev().flat_map(|s| &s.calls).next().expect("a call was armed");
    (call.id, call.what.clone())
}

fn http(talk: &Talk) -> HttpCall {
    match call(talk).1 {
        CallKind::Http(call) => call,
        other => panic!("{other:?}"),
    }
}

fn came(talk: &mut Talk, came: Came) -> Vec<String> {
    let answer = CallAnswer { call: call(talk).0, came };
    texts(&talk.input(Input::Answer(&answer)))
}

fn ok(body: &str) -> Came {
    Came::Http { status: 200, body: Some(body.to_owned()) }
}

fn errors(blocks: &str) -> String {
    let (found, told) = try_bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &skill(blocks))]);
    assert!(found.is_none(), "this is wrong: {blocks}");
    told
}

#[test]
fn an_answer_is_stored_typed_and_the_run_goes_on() {
    let mut talk = asks(
        "      get: https://shop.example/orders/41\n      save: { state: $.status, count: $.items.length, names: \"$.items[*].name\", first: \"$.items[0]\", open: $.open, gone: $.nothing, none: $.null, stock: $.stock, since: $.since, colours: $.colours }",
    );
    assert_eq!(talk.say("/ask"), NONE);
    assert_eq!(http(&talk).method, HttpMethod::Get);
    let answer = r#"{"status":"delayed","items":[{"name":"a","price":1.50},{"name":"b"}],"open":true,"null":null,"stock":"12","since":"2026-01-31","colours":["red"]}"#;
    assert_eq!(came(&mut talk, ok(answer)), ["fine 200"]);
    // Run variables are gone with the run; attributes stay, by their type.
    assert_eq!(talk.contact.attributes.get("stock"), Some(&Value::Number(12.into())));
    assert_eq!(talk.contact.attributes.get("since").map(Value::type_name), Some("date"));
    assert_eq!(talk.contact.attributes.get("colours"), Some(&Value::List(vec![Value::text("red")])));
}

#[test]
fn lists_and_records_are_read_in_expressions() {
    let mut talk = talk(
        "  look:\n    json: { get: \"https://shop.example/\", save: { names: \"$.items[*].name\", first: \"$.items[0]\", missing: $.x } }\n  tell:\n    text: \"${first.name} of ${count_of | default(0)}, ${names | join('+')}, ${missing | default('none')}\"\n    next: end\n".replace("${count_of | default(0)}", "all").as_str(),
    );
    talk.say("/ask");
    assert_eq!(came(&mut talk, ok(r#"{"items":[{"name":"a"},{"name":"b"}]}"#)), ["a of all, a+b, none"]);
}

#[test]
fn a_missing_path_unsets_what_an_earlier_answer_left() {
    let mut talk = asks("      get: https://shop.example/\n      save: { stock: $.stock }");
    talk.say("/ask");
    came(&mut talk, ok(r#"{"stock":3}"#));
    assert!(talk.contact.attributes.contains_key("stock"));
    talk.say("/ask");
    assert_eq!(came(&mut talk, ok("{}")), ["fine 200"]);
    assert!(!talk.contact.attributes.contains_key("stock"));
}

#[test]
fn every_failure_is_an_outcome_with_its_reason() {
    let cases = [
        (Came::Http { status: 404, body: Some("{}".into()) }, "failed: the answer has status 404"),
        (Came::Http { status: 302, body: None }, "failed: the answer has status 302"),
        (ok("<html>"), "failed: the answer is no JSON"),
        (ok(""), "failed: the answer is no JSON"),
        (Came::Http { status: 200, body: None }, "failed: the answer is no text in UTF-8"),
        (ok(r#"{"stock":"many"}"#), "failed: stock cannot hold this"),
        (Came::Failed { reason: "no connection".into(), status: None }, "failed: no connection"),
        (Came::TimedOut, "late: no answer within 3s"),
    ];
    for (what, expected) in cases {
        let mut talk = asks("      get: https://shop.example/\n      save: { stock: $.stock }\n      timeout: 3s");
        talk.say("/ask");
        let said = came(&mut talk, what.clone());
        assert!(said.len() == 1 && said[0].starts_with(expected), "{what:?}: {said:?}");
        assert!(talk.conversation.runs.is_empty() && talk.conversation.floor.is_empty());
    }
}

#[test]
fn without_an_exit_the_run_ends_and_error_begins() {
    let mut talk = talk("  look:\n    json: { get: \"https://shop.example/\" }\n  fine:\n    text: fine\n");
    talk.say("/ask");
    let said = came(&mut talk, Came::Failed { reason: "refused".into(), status: None });
    assert_eq!(said.len(), 1, "the built-in /_error speaks: {said:?}");
    assert_ne!(said, ["fine"]);
}

#[test]
fn what_is_too_much_or_too_deep_to_store_is_an_error() {
    let mut talk = asks("      get: https://shop.example/\n      save: { all: $ }");
    talk.say("/ask");
    let said = came(&mut talk, ok(&format!("\"{}\"", "x".repeat(65 * 1024))));
    assert!(said[0].contains("more than 64 kB"), "{said:?}");
    talk.say("/ask");
    let said = came(&mut talk, ok(&format!("{}{}", "[".repeat(20), "]".repeat(20))));
    assert!(said[0].contains("levels deep"), "{said:?}");
    talk.say("/ask");
    let said = came(&mut talk, ok(&"[".repeat(100_000)));
    assert!(said[0].contains("no JSON"), "{said:?}");
}

#[test]
fn each_method_query_header_and_body_goes_out_as_written() {
    for (key, method) in
        [("post", HttpMethod::Post), ("put", HttpMethod::Put), ("patch", HttpMethod::Patch), ("delete", HttpMethod::Delete)]
    {
        let mut talk = asks(&format!(
            "      {key}: https://shop.example/orders\n      query: {{ q: \"${{first_name}}\" }}\n      headers: {{ X-Way: \"to ${{first_name}}\" }}\n      body: {{ name: \"${{first_name}}\", n: 2, text: \"2\", id: 007, yes: true, nothing: null, list: [1, \"${{visits_of}}\"], in: {{ deep: \"${{1 + 1}}\" }}, gone: \"${{event.gone}}\" }}"
        ).replace("${visits_of}", "${event.gone}"));
        talk.contact.system.insert("first_name".into(), Value::text("A\"n\\a"));
        talk.say("/ask");
        let sent = http(&talk);
        assert_eq!(sent.method, method);
        let body = sent.body.unwrap();
        assert_eq!(body.content_type, "application/json");
        let json: serde_json::Value = serde_json::from_str(&body.content.shown()).unwrap();
        let expected = serde_json::json!({ "name": "A\"n\\a", "n": 2, "text": "2", "id": "007", "yes": true, "nothing": null, "list": [1], "in": { "deep": 2 } });
        assert_eq!(json, expected);
        assert_eq!((sent.query[0].1.shown(), sent.headers[0].1.shown()), ("A\"n\\a".into(), "to A\"n\\a".into()));
    }
    let mut talk = asks("      post: https://shop.example/\n      body: just ${1 + 1}");
    talk.say("/ask");
    let body = http(&talk).body.unwrap();
    assert_eq!((body.content_type.as_str(), body.content.shown()), ("text/plain; charset=utf-8", "just 2".to_owned()));
}

#[test]
fn limits_and_retries_go_along() {
    let mut talk = asks("      get: https://shop.example/\n      timeout: 3s\n      retry: { times: 2, wait: 4s }\n      max_size: 12");
    talk.say("/ask");
    let sent = http(&talk);
    assert_eq!((sent.timeout, sent.retries, sent.wait, sent.max_size), (3_000_000, 2, 4_000_000, 12 * 1024));
    let mut talk = asks("      get: https://shop.example/");
    talk.say("/ask");
    let sent = http(&talk);
    assert_eq!((sent.timeout, sent.retries, sent.max_size), (10_000_000, 0, 256 * 1024), "10 s, no retry, 256 kB unless written");
}

#[test]
fn a_customer_cannot_change_where_a_request_goes() {
    let mut talk = talk(
        "  ask:\n    text: Number?\n  number:\n    listen: number\n  look:\n    json: { get: \"https://shop.example/orders/${number}/state?of=${number}\" }\n    on: { error: failed }\n  fine:\n    text: fine\n    next: end\n  failed:\n    text: \"${event.reason}\"\n",
    );
    let url = |talk: &mut Talk, typed: &str| {
        talk.say("/ask");
        let said = talk.say(typed);
        (said.is_empty()).then(|| http(talk).url)
    };
    assert_eq!(url(&mut talk, "41").as_deref(), Some("https://shop.example/orders/41/state?of=41"));
    came(&mut talk, ok("{}"));
    let hostile = "x/../../admin?a=1&b#c@evil.example ñ";
    let encoded = "x%2F..%2F..%2Fadmin%3Fa%3D1%26b%23c%40evil.example%20%C3%B1";
    assert_eq!(url(&mut talk, hostile), Some(format!("https://shop.example/orders/{encoded}/state?of={encoded}")));
    came(&mut talk, ok("{}"));
    for dots in ["..", "."] {
        assert_eq!(url(&mut talk, dots), None, "{dots} climbs out of its place");
    }
}

#[test]
fn a_secret_stays_a_name_everywhere() {
    let mut talk = asks(
        "      post: https://shop.example/\n      headers: { Authorization: \"Bearer ${secret.shop}\" }\n      query: { key: \"${secret.shop}\" }\n      body: { key: \"k-${secret.shop}\", said: \"${input}\", not: \"$${secret.shop}\" }",
    );
    talk.say("/ask");
    let sent = http(&talk);
    assert_eq!(sent.headers[0].1.secrets().collect::<Vec<_>>(), ["shop"]);
    assert_eq!(sent.query[0].1.secrets().count(), 1);
    let body = sent.body.unwrap().content;
    assert_eq!(body.secrets().count(), 1, "what is escaped is a text: {body:?}");
    assert!(body.shown().contains("\"not\":\"${secret.shop}\""), "{}", body.shown());
    // What a customer types names none either.
    let mut talk = talk_that_repeats();
    talk.say("/ask");
    talk.say("${secret.shop}");
    assert_eq!(http(&talk).body.unwrap().content.secrets().count(), 0);
}

fn talk_that_repeats() -> Talk {
    talk(
        "  ask:\n    text: Say.\n  hear:\n    listen: said\n  look:\n    json: { post: \"https://shop.example/\", body: { said: \"${said}\" } }\n",
    )
}

#[test]
fn answers_that_come_late_twice_or_for_nobody_change_nothing() {
    let mut talk = asks("      get: https://shop.example/\n      timeout: 3s");
    talk.say("/ask");
    let first = call(&talk).0;
    // The block's own time is over.
    let said = talk.wait(60);
    assert_eq!(said, ["late: no answer within 3s"]);
    let before = talk.conversation.clone();
    let late = CallAnswer { call: first, came: ok("{}") };
    assert!(talk.input(Input::Answer(&late)).is_empty());
    assert_eq!(talk.conversation, before);
    let told = &talk.steps.last().unwrap().journey;
    assert!(matches!(&told[0].what, JourneyKind::Error(line) if line.contains("dropped")), "{told:?}");
    // Twice.
    talk.say("/ask");
    assert_eq!(came(&mut talk, ok("{}")), ["fine 200"]);
    assert_eq!(came(&mut talk, ok("{}")), NONE);
    // For a call that never was.
    assert!(talk.input(Input::Answer(&CallAnswer { call: RequestId(9), came: ok("{}") })).is_empty());
}

const ORDER: &str = "  look:\n    json: { get: \"https://shop.example/\" }\n  ask:\n    text: Which one?\n  which:\n    listen: which\n  tell:\n    text: \"You said ${which}.\"\n";

fn message(talk: &Talk, text: &str) -> InboxItem {
    let body = model::IncomingBody::Message(model::Content::text(text));
    let incoming = model::Incoming { body, at: talk.now, profile: Default::default(), client_id: None };
    InboxItem::Incoming { address: talk.conversation.address.clone(), incoming: Box::new(incoming) }
}

#[test]
fn a_message_waits_for_a_run_that_requests_and_is_then_its_answer() {
    let mut talk = talk(ORDER);
    talk.say("/ask");
    let before = (talk.conversation.clone(), talk.contact.clone());
    let early = message(&talk, "the red one");
    assert!(talk.input(Input::Inbox(&early)).is_empty());
    let held = talk.steps.last().unwrap();
    assert!(held.held && held.transcript.is_empty() && held.journey.is_empty(), "nothing is kept of a step whose input waits");
    assert_eq!((talk.conversation.clone(), talk.contact.clone()), before);
    assert_eq!(came(&mut talk, ok("{}")), ["Which one?"]);
    assert_eq!(texts(&talk.input(Input::Inbox(&early))), ["You said the red one."]);
}

#[test]
fn after_its_time_a_message_goes_on_down() {
    let mut talk = talk(ORDER);
    talk.say("/ask");
    let early = message(&talk, "hello?");
    talk.input(Input::Inbox(&early));
    let said = texts(&talk.input(Input::Waited(&early)));
    assert_eq!(said.len(), 1, "somebody answers: {said:?}");
    assert!(!talk.steps.last().unwrap().held);
    // The run that requests still goes on afterwards.
    assert_eq!(came(&mut talk, ok("{}")), ["Which one?"]);
}

#[test]
fn commands_do_not_wait() {
    let mut talk = talk(ORDER);
    talk.say("/ask");
    assert!(talk.say("/start").len() == 1, "rule 4 comes before rule 7");
}

#[test]
fn a_run_in_the_background_holds_no_message_up() {
    let tick = "skill: ask\ncatch:\n  - command: ask\nblocks:\n  arm:\n    timer: { after: 1m, do: look }\n  ok:\n    text: ok\n    next: end\n  look:\n    json: { get: \"https://shop.example/\" }\n  tell:\n    text: ticked\n    next: end\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/ask.yaml", tick)]));
    talk.say("/ask");
    talk.wait(65);
    assert!(talk.conversation.floor.is_empty() && talk.conversation.runs.len() == 1);
    assert_eq!(talk.say("hello").len(), 1, "it is answered at once");
    assert_eq!(came(&mut talk, ok("{}")), ["ticked"]);
}

#[test]
fn a_question_underneath_gets_the_floor_back_when_the_request_is_over() {
    let files = "skill: name\ncatch:\n  - command: name\nblocks:\n  ask:\n    text: Name?\n  name:\n    listen: name\n  hi:\n    text: Hi ${name}.\n";
    let asking = skill("  look:\n    json: { get: \"https://shop.example/\" }\n  tell:\n    text: looked\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/name.yaml", files), ("skills/ask.yaml", &asking)]));
    talk.say("/name");
    talk.say("/ask");
    assert_eq!(talk.conversation.floor.len(), 2, "the one that requests is on top");
    assert_eq!(came(&mut talk, ok("{}")), ["looked"]);
    assert_eq!(talk.say("Ana"), ["Hi Ana."]);
}

const NAME: &str =
    "skill: name\ncatch:\n  - command: name\nblocks:\n  ask:\n    text: Name?\n  name:\n    listen: name\n  hi:\n    text: Hi ${name}.\n";
const LOOKS: &str = "  look:\n    json: { get: \"https://shop.example/\", save: { stock: $.stock } }\n    on: { timeout: late }\n  ask:\n    text: ${stock} left. How many?\n  many:\n    listen: many\n  so:\n    text: ${many} it is.\n    next: end\n  late:\n    text: No answer. How many?\n    next: many\n";

/// A timer looks, and then asks; meanwhile something else is asked.
fn ticked() -> Talk {
    let tick = skill(&format!("  arm:\n    timer: {{ after: 1m, do: look }}\n  ok:\n    text: ok\n    next: end\n{LOOKS}"));
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/name.yaml", NAME), ("skills/ask.yaml", &tick)]));
    talk.say("/ask");
    talk.wait(65);
    assert_eq!(talk.say("/name"), ["Name?"]);
    talk
}

#[test]
fn what_the_customer_did_not_begin_keeps_its_reply_while_something_else_is_asked() {
    // FL 5.3b.
    let mut talk = ticked();
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), NONE);
    assert_eq!(talk.wait(30), NONE);
    assert_eq!(talk.say("Ana"), ["Hi Ana."]);
    assert_eq!(talk.wait(0), ["3 left. How many?"]);
    assert_eq!(talk.say("2"), ["2 it is."]);
}

#[test]
fn one_whose_call_took_too_long_waits_for_its_turn_too_and_takes_an_answer_that_comes_meanwhile() {
    for (late, asked) in [(None, "No answer. How many?"), (Some(r#"{"stock":5}"#), "5 left. How many?")] {
        let mut talk = ticked();
        assert_eq!(talk.wait(600), NONE, "its time is over");
        if let Some(body) = late {
            assert_eq!(came(&mut talk, ok(body)), NONE);
        }
        assert_eq!(talk.say("Ana"), ["Hi Ana."]);
        assert_eq!(talk.wait(0), [asked]);
    }
}

#[test]
fn a_run_that_goes_on_later_keeps_what_its_catch_says_of_a_busy_floor() {
    // FL 5.3b: the floor was free when it began and is not when it comes to its question.
    let looks = |busy: &str| {
        let flow = format!("skill: look\ncatch:\n  - {{ event: look{busy} }}\nblocks:\n{LOOKS}");
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/name.yaml", NAME), ("skills/look.yaml", &flow)]));
        let look =
            InboxItem::Event { conversation: None, name: "look".into(), fields: Default::default(), at: None, by: model::Actor::System };
        talk.item(look);
        assert_eq!(talk.say("/name"), ["Name?"]);
        talk
    };
    let ended = |talk: &Talk| -> Vec<String> {
        let lines = talk.steps.iter().flat_map(|step| &step.journey);
        lines.filter_map(|line| if let JourneyKind::RunEnded { how, .. } = &line.what { Some(how.clone()) } else { None }).collect()
    };
    let mut talk = looks(", if_busy: skip");
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), NONE);
    assert_eq!((talk.conversation.runs.len(), ended(&talk)), (1, vec!["skipped: busy".to_owned()]));
    assert_eq!(talk.say("Ana"), ["Hi Ana."]);

    let mut talk = looks(", if_busy: interrupt");
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), ["3 left. How many?"]);
    assert_eq!(talk.say("2"), ["2 it is."]);
    assert_eq!(talk.say("Ana"), ["Hi Ana."], "the question below gets the floor back");

    let mut talk = looks(", queue_for: 10m");
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), NONE);
    assert_eq!((talk.wait(599), talk.conversation.runs.len()), (vec![], 2));
    assert_eq!((talk.wait(1), talk.conversation.runs.len()), (vec![], 1));
    assert_eq!(ended(&talk), ["waited too long"]);

    // One that began after waiting for the floor itself keeps it as well.
    let flow = "skill: later\ncatch: [{ event: look, queue_for: 10m }]\nblocks:\n  wait: { wait_for: 1m }\n  ask: { text: Well? }\n  hear: { listen: well }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/name.yaml", NAME), ("skills/later.yaml", flow)]));
    talk.say("/name");
    talk.item(InboxItem::Event { conversation: None, name: "look".into(), fields: Default::default(), at: None, by: model::Actor::System });
    talk.say("Ana");
    talk.wait(0);
    talk.say("/name");
    assert_eq!((talk.wait(60 + 599), talk.conversation.runs.len()), (vec![], 2));
    assert_eq!((talk.wait(1), talk.conversation.runs.len()), (vec![], 1));
}

#[test]
fn what_the_customer_began_asks_when_its_answer_comes_and_is_answered_first() {
    // FL 5.3a: the question that was shown last is the one that is answered.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/name.yaml", NAME), ("skills/ask.yaml", &skill(LOOKS))]));
    talk.say("/ask");
    assert_eq!(talk.say("/name"), ["Name?"]);
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), ["3 left. How many?"]);
    assert_eq!(talk.say("2"), ["2 it is."]);
    assert_eq!(talk.say("Ana"), ["Hi Ana."]);
}

#[test]
fn while_a_human_has_the_conversation_the_reply_is_kept() {
    let mut talk =
        talk("  look:\n    json: { get: \"https://shop.example/\", save: { stock: $.stock } }\n  tell:\n    text: \"${stock} left\"\n");
    talk.say("/ask");
    talk.conversation.owner = Owner::Agent(model::AgentId(5));
    talk.conversation.held_since = Some(talk.now);
    assert_eq!(came(&mut talk, ok(r#"{"stock":3}"#)), NONE);
    assert!(!talk.contact.attributes.contains_key("stock"), "nothing happens while a human has it");
    assert_eq!(talk.wait(3600), NONE);
    // A second answer does not replace the first.
    assert_eq!(came(&mut talk, ok(r#"{"stock":9}"#)), NONE);
    talk.conversation.owner = Owner::Bot;
    talk.conversation.held_since = None;
    assert_eq!(talk.wait(0), ["3 left"]);
}

#[test]
fn an_opt_out_ends_what_is_requested() {
    let mut talk = talk("  look:\n    email: { to: a@b.example, subject: S, body: B }\n  tell:\n    text: sent\n");
    talk.say("/ask");
    let armed = call(&talk).0;
    talk.say("stop");
    assert!(talk.conversation.runs.is_empty(), "the runtime calls off what no run waits for");
    let answer = CallAnswer { call: armed, came: Came::Sent { id: None } };
    assert!(talk.input(Input::Answer(&answer)).is_empty());
}

#[test]
fn what_the_customer_asked_for_is_answered_after_an_opt_out() {
    let mut talk = talk("  look:\n    json: { get: \"https://shop.example/\" }\n  tell:\n    text: looked\n");
    talk.say("stop");
    talk.say("/ask");
    assert_eq!(came(&mut talk, ok("{}")), ["looked"]);
}

fn mail(talk: &Talk) -> MailCall {
    match call(talk).1 {
        CallKind::Mail(mail) => mail,
        other => panic!("{other:?}"),
    }
}

const MAIL: &str = "  mail:\n    email:\n      subject: \"Hi ${first_name}\"\n      body: \"Dear ${first_name}\"\nMORE    on: { error: failed }\n  told:\n    text: sent\n    next: end\n  failed:\n    text: \"failed: ${event.reason}\"\n";

#[test]
fn a_mail_goes_to_the_contact_and_its_subject_stays_one_line() {
    let mut talk = talk(&MAIL.replace("MORE", "      format: markdown\n      reply_to: desk@shop.example\n"));
    talk.contact.attributes.insert("email".into(), Value::text("ana@home.example"));
    talk.contact.system.insert("first_name".into(), Value::text("Ana\r\nBcc: evil@evil.example"));
    talk.say("/ask");
    let sent = mail(&talk);
    assert_eq!((sent.to, sent.subject.as_str()), (vec!["ana@home.example".to_owned()], "Hi Ana Bcc: evil@evil.example"));
    assert!(sent.markdown && sent.reply_to.as_deref() == Some("desk@shop.example"));
    assert_eq!(came(&mut talk, Came::Sent { id: None }), ["sent"]);
}

#[test]
fn a_mail_without_a_good_address_is_not_sent() {
    let mut talk = talk(&MAIL.replace("MORE", ""));
    assert_eq!(talk.say("/ask"), ["failed: the contact has no mail address"]);
    let mut talk = self::talk(&MAIL.replace("MORE", "      to: \"${first_name}\"\n"));
    talk.contact.system.insert("first_name".into(), Value::text("a@b.example, c@d.example"));
    assert_eq!(talk.say("/ask"), ["failed: the address is no mail address"]);
    let mut talk = self::talk(&MAIL.replace("MORE", "      to: [a@b.example, c@d.example]\n"));
    talk.say("/ask");
    assert_eq!(mail(&talk).to.len(), 2);
    assert_eq!(came(&mut talk, Came::Failed { reason: "mailbox full".into(), status: None }), ["failed: mailbox full"]);
}

#[test]
fn nothing_goes_beside_the_conversation_to_somebody_who_opted_out() {
    let tick = format!(
        "skill: ask\ncatch:\n  - command: ask\nblocks:\n  arm:\n    timer: {{ after: 1m, do: mail }}\n  ok:\n    text: ok\n    next: end\n{}",
        MAIL.replace("MORE", "").replace("    text: \"failed: ${event.reason}\"", "    add_tag: failed")
    );
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/ask.yaml", &tick)]));
    talk.contact.attributes.insert("email".into(), Value::text("ana@home.example"));
    talk.say("/ask");
    talk.contact.status = "unsubscribed".into();
    talk.wait(90);
    assert!(talk.steps.iter().all(|s| s.calls.is_empty()));
    assert!(talk.contact.tags.values().any(|t| t.label == "failed"), "it is the error outcome");
}

#[test]
fn a_text_message_goes_to_a_full_number() {
    let sms = |to: &str| {
        talk(&format!(
            "  send:\n    sms: {{ {to}text: \"Hi ${{first_name}}\" }}\n    on: {{ error: failed }}\n  told:\n    text: sent\n    next: end\n  failed:\n    text: \"failed: ${{event.reason}}\"\n"
        ))
    };
    let sent = |talk: &Talk| match call(talk).1 {
        CallKind::Sms(SmsCall { to, text }) => (to, text),
        other => panic!("{other:?}"),
    };
    let mut talk = sms("");
    assert_eq!(talk.say("/ask"), ["failed: the contact has no phone number"]);
    talk.contact.attributes.insert("phone".into(), Value::text("+34600111222"));
    talk.say("/ask");
    assert_eq!(sent(&talk), ("+34600111222".to_owned(), "Hi ".trim().to_owned()));
    assert_eq!(came(&mut talk, Came::Sent { id: Some("SM1".into()) }), ["sent"]);
    let mut talk = sms("to: 600 111 333, ");
    talk.say("/ask");
    assert_eq!(sent(&talk).0, "+34600111333", "a local number is one of the bot's country");
    assert_eq!(came(&mut talk, Came::TimedOut), ["failed: the provider did not answer in time"]);
    let mut talk = sms("to: nobody, ");
    assert_eq!(talk.say("/ask"), ["failed: the number is no phone number"]);
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let json = |options: &str| errors(&format!("  look:\n    json: {{ {options} }}\n"));
    for (options, code, words) in [
        ("get: \"https://${first_name}/\"", "E0161", "the host of an address is written out"),
        ("get: \"shop.example/orders\"", "E0161", "begins with https://"),
        ("get: \"https://user:pw@shop.example/\"", "E0161", "the host"),
        ("get: \"https://shop.example/?key=${secret.shop}\"", "E0162", "does not stand in an address"),
        ("get: \"https://shop.example/\", headers: { A: \"${secret.shpo}\" }", "E0162", "there is no secret \"shpo\""),
        ("get: \"https://shop.example/\", headers: { A: \"${secret.other}\" }", "E0163", "must not be sent to shop.example"),
        ("get: \"https://shop.example/\", save: { x: status }", "E0164", "no JSONPath"),
        ("get: \"https://shop.example/\", save: { x: \"$..a..b\" }", "E0164", "at most one"),
        ("get: \"https://shop.example/\", body: { a: 1 }", "E0168", "a get has no body"),
        ("get: \"https://shop.example/\", timeout: 2m", "E0104", "at most 60s"),
        ("get: \"https://shop.example/\", retry: { times: 9 }", "E0104", "between 1 and 5"),
        ("get: \"https://shop.example/\", post: \"https://shop.example/\"", "E0102", "exactly one of"),
        ("get: \"https://shop.example/\", headers: { \"A B\": x }", "E0104", "no name of a header"),
    ] {
        let told = json(options);
        assert!(told.contains(code) && told.contains(words), "{options}: {told}");
    }
    let told = errors("  mail:\n    email: { to: nobody, subject: S, body: B }\n");
    assert!(told.contains("E0166"), "{told}");
    let (_, told) = try_bot(&[
        ("bot.yaml", "name: T\n"),
        ("skills/ask.yaml", &skill("  mail:\n    email: { to: a@b.example, subject: S, body: B }\n")),
    ]);
    assert!(told.contains("E0167"), "{told}");
}

#[test]
fn what_is_unsafe_in_bot_yaml_is_told() {
    for (more, code, words) in [
        ("secrets: { shop: { env: \"sk_live_a-b-c-d\", hosts: [a.example] } }", "E0165", "environment variable"),
        ("secrets: { shop: { env: KEY, hosts: [\"https://a.example/x\"] } }", "E0165", "a host is a name"),
        ("secrets: { shop: { env: KEY, hosts: [] } }", "E0165", "goes nowhere"),
        ("email: { from: a@b.example, smtp: { host: m.example, tls: none } }", "E0165", "unencrypted"),
        ("email: { from: a@b.example, smtp: { host: m.example, user: a, password: hunter2 } }", "E0165", "does not stand in a file"),
        ("email: { from: Ana, smtp: { host: m.example } }", "E0166", "mail address"),
        ("sms: { provider: twilo, account: A, token: \"${env.T}\", from: \"+34600111222\" }", "E0104", "no provider \"twilo\""),
        (
            "sms: { provider: twilio, account: A, token: \"${env.T}\", from: \"+34600111222\", base_url: \"http://evil.example\" }",
            "E0165",
            "https://",
        ),
    ] {
        let (_, told) = try_bot(&[("bot.yaml", &format!("name: T\n{more}\n")), ("skills/a.yaml", &skill("  a:\n    text: a\n"))]);
        assert!(told.contains(code) && told.contains(words), "{more}: {told}");
        assert!(!told.contains("sk_live_a-b-c-d") && !told.contains("hunter2"), "a secret is not repeated: {told}");
    }
}

//! System skills and occasions nobody wrote a message for: errors that are told once, pages visited, agents who
//! join and leave, events of the website (FL 4, 7.3).

use crate::common;

use common::{Talk, bot, try_bot};
use model::{Actor, AgentId, Change, Happened, InboxItem, Incoming, IncomingBody, Occasion, PendingStart, Record, Start, TagKey, Value};

const BOT: &str = "name: T\nattributes: { visits: number }\ngroups: { support: {} }\n";
fn fails() -> &'static str {
    "skill: broken\ncatch: [{ command: go }]\nblocks:\n  count: { data: { visits: \"${input}\" } }\n"
}

fn events(talk: &Talk) -> Vec<String> {
    talk.steps.iter().flat_map(|s| &s.events).map(|e| e.name.clone()).collect()
}

#[test]
fn an_error_says_sorry_offers_a_new_start_keeps_the_reason_and_tells_the_operator() {
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", fails())]));
    assert!(talk.say("/go")[0].starts_with("Sorry, something went wrong"));
    assert_eq!(events(&talk), ["error_reported"]);
    let Some(Value::Text(reason)) = talk.contact.system.get("last_error") else { panic!("the reason is kept") };
    assert!(reason.contains("visits cannot hold this"), "{reason}");
    let sorry = talk.last_bot();
    assert_eq!(talk.press(&sorry, "Start again"), ["Hello! How can I help you?"]);
}

#[test]
fn an_error_is_caught_by_its_event_and_never_goes_round_in_a_circle() {
    let operator = "skill: operator\ncatch: [{ event: error_reported }]\nblocks:\n  fail: { data: { visits: \"${event.reason}\" } }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", fails()), ("skills/o.yaml", operator)]));
    assert_eq!(talk.say("/go").len(), 1, "one sorry");
    assert_eq!(events(&talk), ["error_reported", "error_reported"], "the operator's own error is recorded and starts nothing");

    let own = "skill: _error\nblocks:\n  again: { data: { visits: \"${event.reason}\" } }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", fails()), ("skills/e.yaml", own)]));
    assert!(talk.say("/go").is_empty());
    assert_eq!(events(&talk), ["error_reported", "error_reported"]);
}

#[test]
fn names_without_a_slash_are_the_same_skills() {
    for name in ["start", "_start", "/start"] {
        let text = format!("skill: {name}\nblocks:\n  a: {{ text: Welcome }}\n");
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", &text)]));
        assert_eq!(talk.say("hi"), ["Welcome"], "{name}");
    }
    for name in [
        "default",
        "_default",
        "/default",
        "_default_fallback",
        "_stale_button",
        "_undelivered",
        "_unsubscribed",
        "_page_visit",
        "_start_live_chat",
        "_live_chat_closed",
        "/_error",
    ] {
        let text = format!("skill: {name}\nblocks:\n  a: {{ text: Welcome }}\n");
        let (read, told) = try_bot(&[("bot.yaml", BOT), ("skills/s.yaml", &text)]);
        assert!(read.is_some() && told.is_empty(), "{name}: {told}");
    }
}

#[test]
fn a_page_visit_is_counted_and_starts_its_skill() {
    let visit = "skill: /_page_visit\nonly_for: page_visits >= 2\nblocks:\n  a: { text: \"Still looking at ${event.path}?\" }\n";
    let catches = "skill: c\ncatch: [{ event: page_visit, where: path = \"/b\" }]\nblocks:\n  a: { text: Caught }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/p.yaml", visit), ("skills/c.yaml", catches)]));
    talk.say("hi");
    let page =
        |path: &str| IncomingBody::Event { name: "page_visit".into(), fields: Record::from([("path".to_owned(), Value::text(path))]) };
    assert!(talk.incoming(page("/a")).is_empty());
    let said = common::texts(&talk.incoming(page("/b")));
    assert_eq!(said, ["Still looking at /b?", "Caught"]);
    assert_eq!(talk.contact.system["last_page"], Value::text("/b"));
    assert_eq!(events(&talk), ["page_visit", "page_visit"]);
}

#[test]
fn a_websites_event_is_recorded_even_when_nothing_catches_it() {
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", fails())]));
    talk.say("hi");
    assert!(talk.incoming(IncomingBody::Event { name: "viewed".into(), fields: Record::new() }).is_empty());
    assert_eq!(events(&talk), ["viewed"]);
    // It is no message: somebody who opted out is not subscribed by it, and nothing is said to them.
    let catches = "skill: c\ncatch: [{ event: viewed }]\nblocks:\n  a: { text: Caught }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/c.yaml", catches)]));
    talk.say("hi");
    talk.say("stop");
    assert!(talk.incoming(IncomingBody::Event { name: "viewed".into(), fields: Record::new() }).is_empty());
}

#[test]
fn agents_who_join_and_leave_begin_their_skills() {
    let talk_skill = "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  p: { live_chat: support, next: end }\n";
    let joined = "skill: /_start_live_chat\nblocks:\n  a: { text: \"${event.agent} reads what you wrote.\" }\n";
    let closed = "skill: /_live_chat_closed\nblocks:\n  a:\n    text: \"How was ${event.agent}?\"\n    buttons: [Good, Bad]\n    timeout: 1d\n    on: { timeout: end }\n";
    let mut talk =
        Talk::new(bot(&[("bot.yaml", BOT), ("skills/t.yaml", talk_skill), ("skills/j.yaml", joined), ("skills/c.yaml", closed)]));
    talk.agents = true;
    talk.say("/talk");
    let (conversation, agent) = (talk.conversation.id, AgentId(9));
    let request = talk.conversation.request.as_ref().expect("a request").id;
    assert_eq!(
        talk.item(InboxItem::Take { conversation, request, agent, name: "Bea".into() }),
        ["Bea joined the chat", "Bea reads what you wrote."]
    );
    assert_eq!(talk.item(InboxItem::Resolve { conversation, agent, skill: None }), ["The chat was closed", "How was Bea?"]);
    // A skill the agent chose takes its place.
    talk.say("/talk");
    let request = talk.conversation.request.as_ref().expect("a request").id;
    talk.item(InboxItem::Take { conversation, request, agent, name: "Bea".into() });
    let said = talk.item(InboxItem::Resolve { conversation, agent, skill: Some("/start".into()) });
    assert_eq!(said, ["The chat was closed", "Hello! How can I help you?"]);
}

#[test]
fn the_operator_is_written_to_once_in_a_while() {
    let yaml =
        format!("{BOT}operator: {{ email: ops@shop.example }}\nemail: {{ from: bot@shop.example, smtp: {{ host: smtp.shop.example }} }}\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", &yaml), ("skills/b.yaml", fails())]));
    let mails = |talk: &Talk| talk.steps.iter().flat_map(|s| &s.calls).map(|c| format!("{c:?}")).collect::<Vec<_>>();
    assert!(talk.say("/go")[0].starts_with("Sorry"));
    talk.say("/go");
    let sent = mails(&talk);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("ops@shop.example") && sent[0].contains("broken.count"), "{sent:?}");
    for (operator, words) in [
        ("operator: ops", "E0263"),
        ("operator: { mail: a@b.example }", "has no \"mail\""),
        ("operator: ops@shop.example", "no mail server"),
    ] {
        let (read, told) = try_bot(&[("bot.yaml", &format!("{BOT}{operator}\n")), ("skills/b.yaml", fails())]);
        assert!(read.is_none() && told.contains(words), "{told}");
    }
}

#[test]
fn an_event_that_a_rule_or_a_computed_attribute_counts_is_heeded() {
    let bot_yaml = "name: T\nattributes: { often: { computed: \"count(looked)\" } }\n";
    let files = [
        ("bot.yaml", bot_yaml),
        ("segments.yaml", "buyers: { where: \"count(bought) > 0\" }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ];
    let bot = bot(&files);
    assert_eq!((bot.unheeded("bought"), bot.unheeded("looked")), (None, None));
    assert!(bot.unheeded("boughtt").is_some_and(|why| why.contains("did you mean \"bought\"?")));
}

#[test]
fn a_circle_of_events_that_a_checked_answer_leads_out_of_is_none() {
    let told = |block: &str| {
        let a = format!(
            "skill: a\ncatch: [{{ event: moved }}]\nblocks:\n  look:\n    {block}\n  tell:\n    send: moved\n  out:\n    text: Out.\n"
        );
        try_bot(&[("bot.yaml", BOT), ("segments.yaml", "buyers: { where: \"count(bought) > 0\" }\n"), ("skills/a.yaml", &a)]).1
    };
    assert!(told("text: Hi").contains("W0237"));
    for (block, warns) in [
        ("segment: { check: buyers }\n    on: { not_member: out }", false),
        ("segment: { check: buyers }\n    on: { not_member: tell }", true),
        ("text: Hi\n    on: { unsendable: out }", true),
    ] {
        let said = told(block);
        assert!(!said.contains("error"), "{block}: {said}");
        assert_eq!(said.contains("W0237"), warns, "{block}: {said}");
    }
}

#[test]
fn events_that_a_file_told_stay_whatever_breaks_of_what_they_began() {
    let sale = "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  tag: { add_tag: bought }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", sale)]));
    // More runs than a step may begin.
    let told = |_| Happened { id: None, name: "sale".into(), fields: Record::new(), at: talk.now };
    let item = InboxItem::Import { events: (0..40).map(told).collect(), start: true, by: Actor::Import("imp_1".into()) };
    talk.item(item);
    assert!(talk.steps[0].broken.is_some(), "{:?}", talk.steps[0]);
    assert_eq!(events(&talk).iter().filter(|name| *name == "sale").count(), 40);
}

#[test]
fn an_event_stays_recorded_when_what_it_begins_breaks() {
    let sale = "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  rest: { wait_for: 7d }\n  tag: { add_tag: bought }\n";
    let (name, by) = (|| "sale".to_owned(), || Actor::Api("shop".into()));
    let website = |talk: &Talk| InboxItem::Incoming {
        address: talk.conversation.address.clone(),
        incoming: Box::new(Incoming {
            body: IncomingBody::Event { name: name(), fields: Record::new() },
            at: talk.now,
            profile: Record::new(),
            client_id: None,
        }),
    };
    let program = |_: &Talk| InboxItem::Event { conversation: None, name: name(), fields: Record::new(), at: None, by: by() };
    let many =
        |_: &Talk| InboxItem::Reached { audience: "aud_1".into(), what: Occasion::Event { name: name(), fields: Record::new() }, by: by() };
    let ways: [&dyn Fn(&Talk) -> InboxItem; 3] = [&website, &program, &many];
    for way in ways {
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", sale)]));
        // One more than may rest.
        for _ in 0..33 {
            let item = way(&talk);
            talk.item(item);
        }
        let last = way(&talk);
        assert_eq!(talk.conversation.runs.len(), 32, "{last:?}");
        assert!(talk.steps.iter().any(|step| step.broken.is_some()), "{last:?}");
        assert_eq!(events(&talk).iter().filter(|name| *name == "sale").count(), 33, "{last:?}");
        // Who opted out is not reached, whatever breaks.
        talk.contact.status = "unsubscribed".into();
        talk.item(last.clone());
        let more = usize::from(!matches!(last, InboxItem::Reached { .. }));
        assert_eq!(events(&talk).iter().filter(|name| *name == "sale").count(), 33 + more, "{last:?}");
    }
}

#[test]
fn a_change_that_a_program_made_stays_when_what_waited_breaks_in_its_step() {
    let flood = "skill: flood\ncatch: [{ event: again }]\nblocks:\n  say: { text: Hi }\n  more: { send: again }\n";
    let changes = || vec![Change::AddTag("vip".into())];
    let by = || Actor::Api("shop".into());
    for item in [
        InboxItem::Modify { changes: changes(), by: by() },
        InboxItem::Reached { audience: "aud_1".into(), what: Occasion::Change { changes: changes() }, by: by() },
    ] {
        let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/f.yaml", flood)]));
        let until = talk.now.plus_micros(60_000_000);
        let start = Start::Skill { skill: "flood".into(), catch: None, named: None };
        talk.conversation.pending.push(PendingStart { start, event: Record::new(), asks: false, since: talk.now, until });
        talk.item(item);
        assert!(talk.steps[0].broken.is_some(), "{:?}", talk.steps[0]);
        assert!(talk.contact.tags.contains_key(&TagKey::of("vip")));
    }
}

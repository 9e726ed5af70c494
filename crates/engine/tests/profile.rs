//! What a contact's past comes to: how it stands with them, counters over several channels, why a tag is there, and what was meant for
//! many and reached them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot};
use model::{
    Actor, Address, AgentId, Change, ChatState, Conversation, ConversationId, InboxItem, IncomingBody, JourneyEntry, JourneyKind, Occasion,
    Reach, Record, TagKey, Value,
};

const HOUR: i64 = 3_600_000_000;
const HUMAN: &str = "skill: human\ncatch: [{ command: human }]\nblocks:\n  ask:\n    live_chat: { group: support, timeout: 5m }\n    on: { no_agent: sorry, timeout: sorry }\n    next: end\n  sorry: { text: sorry }\n";
const TELL: &str = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n  tell: { text: \"${conversation_state} ${session_messages} ${template_messages} ${unresolved_requests}\" }\n";
const SALE: &str = "skill: sale\ncatch: [{ event: sale }, { schedule: \"0 9 * * mon\" }]\nblocks:\n  mark: { add_tag: saw-sale }\n  one: { text: Sale! }\n  two: { text: Really. }\n";

fn talk() -> Talk {
    let yaml = "name: T\ngroups: { support: {} }\nchannels: { web: {}, other: { type: web } }\nattributes: { visits: text }\n";
    Talk::new(bot(&[("bot.yaml", yaml), ("skills/human.yaml", HUMAN), ("skills/tell.yaml", TELL), ("skills/sale.yaml", SALE)]))
}

/// The contact's other conversation takes the place of the one at hand.
fn elsewhere(talk: &mut Talk) -> Conversation {
    let address = Address { channel: "other".into(), id: "o1".into() };
    talk.contact.addresses.push(Reach { address: address.clone(), unreachable: None });
    Conversation::new(ConversationId(3), talk.contact.id, address)
}

fn number(talk: &Talk, name: &str) -> String {
    match talk.contact.system.get(name) {
        Some(Value::Number(n)) => n.to_string(),
        other => panic!("{name} is {other:?}"),
    }
}

fn lines(talk: &Talk) -> impl Iterator<Item = &JourneyEntry> {
    talk.steps.iter().flat_map(|step| &step.journey)
}

fn state(talk: &Talk) -> ChatState {
    talk.conversation.state(talk.contact.last_seen, talk.now)
}

#[test]
fn a_chat_goes_from_the_bot_to_a_human_and_is_closed() {
    let mut talk = talk();
    assert_eq!(talk.say("/tell"), ["active 1 0 0"]);
    talk.agents = true;
    talk.say("/human");
    assert_eq!(state(&talk), ChatState::Requesting);
    let (conversation, request) = (talk.conversation.id, talk.conversation.request.as_ref().unwrap().id);
    talk.item(InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
    assert_eq!(state(&talk), ChatState::Intervened);
    talk.item(InboxItem::Resolve { conversation, agent: AgentId(9), skill: None });
    assert_eq!(state(&talk), ChatState::Closed);
    talk.incoming(IncomingBody::Opened { payload: None });
    assert_eq!(state(&talk), ChatState::Closed, "to look is not to come back");
    talk.say("/tell");
    assert_eq!(state(&talk), ChatState::Active);
    talk.now = talk.now.plus_micros(24 * HOUR);
    assert_eq!(state(&talk), ChatState::Closed, "a day without a word");
}

#[test]
fn a_request_nobody_answered_still_waits_for_a_human() {
    let mut talk = talk();
    assert_eq!(talk.say("/human"), ["sorry"]);
    assert_eq!(state(&talk), ChatState::Requesting);
    talk.item(InboxItem::Dismiss { conversation: talk.conversation.id, agent: AgentId(9) });
    assert_eq!((state(&talk), number(&talk, "unresolved_requests").as_str()), (ChatState::Active, "0"));
}

#[test]
fn counters_are_right_with_conversations_on_two_channels() {
    let mut talk = talk();
    let mut other = elsewhere(&mut talk);
    talk.say("/human");
    talk.say("/human");
    std::mem::swap(&mut talk.conversation, &mut other);
    talk.say("/human");
    assert_eq!(number(&talk, "unresolved_requests"), "3");
    // One visit, wherever they write.
    assert_eq!((number(&talk, "session_messages"), number(&talk, "visit_count")), ("3".into(), "1".into()));
    let request = talk.conversation.request.as_ref().unwrap().id;
    talk.item(InboxItem::Take { conversation: talk.conversation.id, request, agent: AgentId(9), name: "Eva".into() });
    assert_eq!(number(&talk, "unresolved_requests"), "2", "what was asked on the other channel still is");
    std::mem::swap(&mut talk.conversation, &mut other);
    talk.item(InboxItem::Dismiss { conversation: talk.conversation.id, agent: AgentId(9) });
    assert_eq!(number(&talk, "unresolved_requests"), "0");
}

#[test]
fn what_is_sent_a_day_later_was_not_asked_for() {
    let mut talk = talk();
    let mut other = elsewhere(&mut talk);
    talk.say("/tell");
    let sale = || InboxItem::Reached {
        audience: "aud_1".into(),
        what: Occasion::Event { name: "sale".into(), fields: Record::new() },
        by: Actor::Api("shop".into()),
    };
    talk.now = talk.now.plus_micros(24 * HOUR - 1);
    talk.item(sale());
    assert!(!talk.contact.system.contains_key("template_messages"), "within a day of what they wrote");
    talk.now = talk.now.plus_micros(1);
    talk.item(sale());
    assert_eq!(number(&talk, "template_messages"), "2");
    // What they write on one channel does not make the other one theirs.
    std::mem::swap(&mut talk.conversation, &mut other);
    talk.say("/tell");
    std::mem::swap(&mut talk.conversation, &mut other);
    talk.item(sale());
    assert_eq!(number(&talk, "template_messages"), "4");
}

#[test]
fn what_is_meant_for_many_is_journeyed_with_what_it_said() {
    let mut talk = talk();
    talk.say("/tell");
    let what = Occasion::Event { name: "sale".into(), fields: Record::new() };
    talk.item(InboxItem::Reached { audience: "aud_7".into(), what, by: Actor::Api("shop".into()) });
    let reached = lines(&talk).find_map(|line| match &line.what {
        JourneyKind::Reached(reached) => Some((reached.clone(), line.by.clone())),
        _ => None,
    });
    let (reached, by) = reached.unwrap();
    assert_eq!((reached.audience.as_str(), reached.name.as_str(), reached.schedule), ("aud_7", "sale", false));
    assert_eq!(by, Actor::Api("shop".into()));
    let (first, last) = reached.lines.unwrap();
    let said: Vec<&str> = talk.transcript.iter().filter(|m| (first..=last).contains(&m.no)).map(|m| m.content.text.as_str()).collect();
    assert_eq!(said, ["Sale!", "Really."]);
    assert_eq!(talk.contact.tags[&TagKey::of("saw-sale")].why.as_deref(), Some("broadcast sale"));
    // One that nobody catches says nothing, and what was said before is not its own.
    let what = Occasion::Event { name: "nothing".into(), fields: Record::new() };
    talk.item(InboxItem::Reached { audience: "aud_8".into(), what, by: Actor::System });
    let unheard = lines(&talk).filter_map(|line| match &line.what {
        JourneyKind::Reached(reached) if reached.audience == "aud_8" => Some(reached.lines),
        _ => None,
    });
    assert_eq!(unheard.collect::<Vec<_>>(), [None]);
}

#[test]
fn mails_and_text_messages_of_a_campaign_are_those_to_the_contact() {
    let yaml = "name: T\ncountry: ES\nchannels: { web: {} }\nattributes: { phone: text, email: email }\nsms: { provider: twilio, account: AC1, token: \"${env.T}\", from: \"+34600000000\" }\nemail:\n  from: bot@shop.example\n  smtp: { host: mail.shop.example, port: 587, tls: starttls, user: bot, password: \"${env.T}\" }\n";
    let skill = |name: &str, send: &str| {
        format!(
            "skill: {name}\ncatch: [{{ event: {name} }}]\nblocks:\n  send:\n    {send}\n    on: {{ error: sorry }}\n    next: end\n  sorry: {{ text: No. }}\n"
        )
    };
    let own = skill("own", "sms: { text: Sale! }");
    let boss = skill("boss", "sms: { to: \"+34600999888\", text: Sale! }");
    let mail = skill("mail", "email: { subject: Sale, body: Sale! }");
    let mut talk =
        Talk::new(bot(&[("bot.yaml", yaml), ("skills/own.yaml", &own), ("skills/boss.yaml", &boss), ("skills/mail.yaml", &mail)]));
    talk.contact.attributes.insert("phone".into(), Value::text("600 111 222"));
    talk.contact.attributes.insert("email".into(), Value::text("ana@home.example"));
    for (name, is_theirs) in [("own", true), ("boss", false), ("mail", true)] {
        let what = Occasion::Event { name: name.into(), fields: Record::new() };
        talk.item(InboxItem::Reached { audience: format!("aud_{name}"), what, by: Actor::System });
        let step = talk.steps.last().unwrap();
        assert_eq!(step.calls.len(), 1, "{name}");
        let reached = step.journey.iter().find_map(|line| match &line.what {
            JourneyKind::Reached(reached) => Some(reached.clone()),
            _ => None,
        });
        let calls: Vec<_> = step.calls.iter().filter(|_| is_theirs).map(|call| call.id).collect();
        assert_eq!(reached.unwrap().calls, calls, "{name}");
    }
}

#[test]
fn the_first_message_is_why_a_tag_and_a_source_are_there() {
    let yaml = "name: T\nfirst_message:\n  - { text: Tell me about A, tag: product-a, source: product-page }\n  - { payload: ad-7, tag: from-ad, source: ad }\n  - { referral: news.example, tag: reader }\n";
    let files = [("bot.yaml", yaml), ("skills/tell.yaml", TELL)];
    /// What came, what the channel knew, and the tag and source that follow.
    type Came = (IncomingBody, &'static [(&'static str, &'static str)], &'static str, &'static str);
    let came: [Came; 3] = [
        (IncomingBody::Message(model::Content::text("tell me about a")), &[], "product-a", "product-page"),
        (IncomingBody::Opened { payload: Some("ad-7".into()) }, &[], "from-ad", "ad"),
        (IncomingBody::Message(model::Content::text("hello")), &[("referral", "https://news.example/x")], "reader", "organic"),
    ];
    for (body, profile, tag, source) in came {
        let mut talk = Talk::new(bot(&files));
        let profile: Record = profile.iter().map(|(name, value)| ((*name).to_owned(), Value::text(*value))).collect();
        let incoming = Box::new(model::Incoming { body, at: talk.now, profile, client_id: None });
        talk.item(InboxItem::Incoming { address: talk.conversation.address.clone(), incoming });
        let kept = &talk.contact.tags[&TagKey::of(tag)];
        assert_eq!((kept.why.as_deref(), talk.contact.source.as_str()), (Some("first message"), source));
        let line = lines(&talk).find(|line| line.what == JourneyKind::TagAdded(tag.into())).unwrap();
        assert_eq!((line.why.as_deref(), &line.by), (Some("first message"), &Actor::Channel("web".into())));
        let moved = lines(&talk).find(|line| matches!(&line.what, JourneyKind::Source { to, .. } if to == source));
        assert_eq!(moved.and_then(|line| line.why.as_deref()), (source != "organic").then_some("first message"));
        // What comes later in the same conversation is no first message.
        talk.item(InboxItem::Modify { changes: vec![Change::AddTag("later".into())], by: Actor::Agent(AgentId(1)) });
        assert_eq!(talk.contact.tags[&TagKey::of("later")].why, None);
    }
}

#[test]
fn whoever_was_brought_by_an_import_keeps_that_source() {
    let yaml = "name: T\nfirst_message: { text: hi, tag: hello, source: site }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", yaml), ("skills/tell.yaml", TELL)]));
    talk.contact.source = "import".into();
    talk.say("hi");
    assert_eq!(talk.contact.source, "import");
    assert!(talk.contact.tags.contains_key(&TagKey::of("hello")));
}

#[test]
fn a_note_is_journeyed_by_its_beginning() {
    let mut talk = talk();
    let note = "calls back ".repeat(100);
    talk.item(InboxItem::Modify { changes: vec![Change::Note(note.clone())], by: Actor::Agent(AgentId(1)) });
    let noted = lines(&talk).find_map(|line| match &line.what {
        JourneyKind::Noted(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(noted.unwrap(), note.chars().take(200).collect::<String>());
    assert_eq!(talk.contact.notes[0].text, note);
}

#[test]
fn a_value_that_says_the_same_by_a_new_type_starts_no_flow() {
    let on_change = "skill: seen\ncatch: [{ attribute: { changed: visits } }]\nblocks:\n  mark: { add_tag: changed }\n";
    let mut talk =
        Talk::new(bot(&[("bot.yaml", "name: T\nattributes: { visits: text }\n"), ("skills/a.yaml", on_change), ("skills/t.yaml", TELL)]));
    talk.contact.attributes.insert("visits".into(), Value::Number(41.into()));
    let set = |text: &str| InboxItem::Modify { changes: vec![Change::SetAttribute("visits".into(), Value::text(text))], by: Actor::System };
    talk.item(set("41"));
    assert_eq!(talk.contact.attributes["visits"], Value::text("41"));
    assert!(talk.contact.tags.is_empty());
    talk.item(set("42"));
    assert!(talk.contact.tags.contains_key(&TagKey::of("changed")), "what changes is told");
}

#[test]
fn a_segment_does_not_see_conversations() {
    let segments = "waiting: { where: conversation_state = \"requesting\" }\n";
    let (read, told) = common::try_bot(&[("bot.yaml", "name: T\n"), ("segments.yaml", segments), ("skills/tell.yaml", TELL)]);
    assert!(told.contains("E0311"), "{told}");
    // The bot is there; its segment is invalid, visibly.
    drop(read);
}

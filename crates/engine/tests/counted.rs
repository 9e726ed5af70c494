//! Conditions over what happened, in a flow: events counted in the step that raises them, visits, requests nobody answered,
//! attributes that changed (FL 6, FL 7.3).

use crate::common;

use common::{Talk, bot, try_bot};
use model::{AgentId, InboxItem, TagKey, Value};

const MINUTE: i64 = 60_000_000;

fn number(talk: &Talk, name: &str) -> Option<String> {
    talk.contact.system.get(name).map(|value| match value {
        Value::Number(n) => n.to_string(),
        other => panic!("{name} is {other:?}"),
    })
}

#[test]
fn an_event_counts_in_the_step_that_raises_it_and_until_its_window_has_passed() {
    let yaml = "name: T\nattributes:\n  spent: { computed: \"sum(purchase.total, last 1h)\" }\n";
    let skill = "skill: buy\ncatch: [{ command: buy }]\nblocks:\n  bought:\n    send: purchase\n    with: { total: 20, kind: cat }\n  see:\n    switch:\n      - when: count(purchase where kind = \"cat\", last 1h) >= 2 and spent > 30\n        then: often\n    else: seldom\n  often: { text: \"often ${spent}\", next: end }\n  seldom: { text: \"seldom ${count(purchase)}\" }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", yaml), ("skills/buy.yaml", skill)]));
    assert_eq!(talk.say("/buy"), ["seldom 1"]);
    talk.now = talk.now.plus_micros(59 * MINUTE);
    assert_eq!(talk.say("/buy"), ["often 40"]);
    talk.now = talk.now.plus_micros(60 * MINUTE);
    assert_eq!(talk.say("/buy"), ["seldom 3"], "the second is exactly an hour old");
}

#[test]
fn visits_and_their_messages_are_counted() {
    let skill = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n  tell: { text: \"${visit_count} ${session_messages} ${message_count} ${unresolved_requests}\" }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\n"), ("skills/tell.yaml", skill)]));
    assert_eq!(talk.say("/tell"), ["1 1 1 0"]);
    talk.now = talk.now.plus_micros(30 * MINUTE - 1);
    assert_eq!(talk.say("/tell"), ["1 2 2 0"]);
    talk.now = talk.now.plus_micros(30 * MINUTE);
    assert_eq!(talk.say("/tell"), ["2 1 3 0"], "half an hour of silence ends a visit");
}

#[test]
fn the_tag_of_the_first_message_is_remembered() {
    let yaml = "name: T\nfirst_message:\n  - { text: What is the price?, tag: asked-price }\n";
    let skill = "skill: hi\ncatch: [{ command: hi }]\nblocks:\n  hi:\n    switch:\n      - when: first_message_tag = \"asked-price\"\n        then: price\n    else: end\n  price: { text: price }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", yaml), ("skills/hi.yaml", skill)]));
    talk.say("what is the price?");
    talk.contact.tags.remove(&TagKey::of("asked-price"));
    assert_eq!(talk.say("/hi"), ["price"], "a tag may go, how they came stays");
}

#[test]
fn requests_that_nobody_answered_are_counted_until_somebody_attends() {
    let skill = "skill: human\ncatch: [{ command: human }]\nblocks:\n  ask:\n    live_chat: { group: support }\n    on: { no_agent: sorry, timeout: sorry }\n    next: end\n  sorry: { text: \"missed ${unresolved_requests}\" }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\ngroups: { support: {} }\n"), ("skills/human.yaml", skill)]));
    assert_eq!(talk.say("/human"), ["missed 1"]);
    assert_eq!(talk.say("/human"), ["missed 2"]);
    let request = talk.conversation.request.as_ref().expect("a missed request").id;
    talk.item(InboxItem::Take { conversation: talk.conversation.id, request, agent: AgentId(9), name: "Eva".into() });
    assert_eq!(number(&talk, "unresolved_requests").as_deref(), Some("0"));
}

#[test]
fn only_what_is_kept_of_an_attribute_can_be_asked() {
    let yaml =
        "name: T\nattributes: { plan: text, long: { computed: \"plan is set\" } }\nglobals: { sale: { type: bool, default: false } }\n";
    let asking = |condition: &str| {
        let skill = format!(
            "skill: a\ncatch: [{{ command: a }}]\nblocks:\n  set:\n    data: {{ plan: gold }}\n  see:\n    switch:\n      - when: {condition}\n        then: yes_\n    else: end\n  yes_: {{ text: \"yes\" }}\n"
        );
        try_bot(&[("bot.yaml", yaml), ("skills/a.yaml", &skill)])
    };
    for refused in ["sale changed within 1d", "long changed within 1d", "now changed within 1d"] {
        assert!(asking(refused).1.contains("E0345"), "{refused}: {}", asking(refused).1);
    }
    let (loaded, told) = asking("plan changed within 1h and not (count(visit) > 0)");
    let mut talk = Talk::new(loaded.unwrap_or_else(|| panic!("{told}")));
    assert_eq!(talk.say("/a"), ["yes"]);
}

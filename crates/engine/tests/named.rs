//! What a condition from outside the bot's folder may name, and what its texts beside phone numbers mean.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;
use common::{Talk, bot};
use engine::{Bot, why_in_segment};
use expr::Explanation;
use model::{Actor, Change, InboxItem, Value};
use segments::NamesInUse;
use serde_json::json;
use switchboard_engine as engine;

const SKILL: &str =
    "skill: s\ncatch: [{ event: purchase }]\nblocks:\n  mark: { add_tag: Helped, next: raise }\n  raise: { send: thanked }\n";

/// The codes of what is odd about a condition, with what was perhaps meant.
fn odd(bot: &Bot, condition: &str, in_use: NamesInUse) -> Vec<(&'static str, Option<String>)> {
    let (_, warnings) = bot.read_condition_among(&json!(condition), in_use).unwrap();
    warnings.into_iter().map(|warning| (warning.code, warning.suggestion)).collect()
}

#[test]
fn the_tags_and_events_of_the_bot_are_known_and_those_that_somebody_has() {
    let bot = bot(&[("bot.yaml", "name: Test\nfirst_message: [{ text: hi, tag: Greeted }]\n"), ("skills/s.yaml", SKILL)]);
    let alone = |condition: &str| {
        let (read, warnings) = bot.read_condition(&json!(condition)).unwrap();
        let warned: Vec<_> = warnings.into_iter().map(|warning| (warning.code, warning.suggestion)).collect();
        (bot.gives_all(&read.references()), warned)
    };
    assert_eq!(alone("has any tag [HELPED, greeted] and count(purchase) = count(thanked)"), (true, vec![]));
    assert_eq!(alone("has tag halped"), (false, vec![("W0302", Some("Helped".to_owned()))]));
    assert_eq!(alone("count(purchse) = 0"), (false, vec![("W0304", Some("purchase".to_owned()))]));
    let used = || NamesInUse { tags: ["vip".to_owned()].into(), events: ["visited".to_owned()].into() };
    assert_eq!(odd(&bot, "has tag VIP and has tag helped and count(visited) = 0", used()), []);
    assert_eq!(odd(&bot, "count(visitd) = 0", used()), [("W0304", Some("visited".to_owned()))]);
}

#[test]
fn a_local_number_is_of_the_bots_country_and_another_country_is_another_rule() {
    let files = |country: &str| format!("name: Test\ncountry: {country}\nattributes: {{ mobile: phone, calls: {{ computed: mobile }} }}\n");
    let rule = "ours: { where: 'mobile = \"612 34 56 78\" and calls = \"612345678\"' }\n";
    let bot_in = |country: &str| bot(&[("bot.yaml", files(country).as_str()), ("segments.yaml", rule), ("skills/s.yaml", SKILL)]);
    let (spain, italy) = (bot_in("ES"), bot_in("IT"));
    let mut talk = Talk::new(spain.clone());
    let kept = spain.read_attribute("mobile", &Value::text("0034 612345678"), talk.now).unwrap();
    talk.item(InboxItem::Modify { changes: vec![Change::SetAttribute("mobile".into(), kept)], by: Actor::Api("test".into()) });
    let is_in = |bot: &Bot| why_in_segment(bot, &talk.contact, &segments::NoPast, "ours", talk.now).unwrap().verdict.is_true();
    assert_eq!((is_in(&spain), is_in(&italy)), (true, false));
    let meaning = |bot: &Bot| bot.set().get("ours").unwrap().meaning.clone();
    assert_ne!(meaning(&spain), meaning(&italy), "whoever was in it is judged anew");
    // A declared type brings what is computed to no form, so texts beside it stay as they are.
    let text = "name: Test\ncountry: ES\nattributes:\n  told: text\n  calls: { computed: told, type: phone }\n";
    let loose = bot(&[("bot.yaml", text), ("skills/s.yaml", SKILL)]);
    assert_eq!(odd(&loose, "calls = \"call me\"", NamesInUse::default()), []);
    assert_eq!(odd(&spain, "calls = \"call me\"", NamesInUse::default()), [("W0305", None)]);
}

#[test]
fn an_explanation_names_the_channels_and_when_something_was_agreed_to() {
    let rule = "all: { where: has tag vip and has channel web and reachable and has consent news }\n";
    let bot = bot(&[("bot.yaml", "name: Test\nchannels: { web: { type: web } }\n"), ("segments.yaml", rule), ("skills/s.yaml", SKILL)]);
    let mut talk = Talk::new(bot.clone());
    let by = || Actor::Api("test".into());
    let change = |talk: &mut Talk, change: Change| drop(talk.item(InboxItem::Modify { changes: vec![change], by: by() }));
    let seen = |talk: &Talk| -> Vec<Option<Value>> {
        let why = why_in_segment(&bot, &talk.contact, &segments::NoPast, "all", talk.now).unwrap();
        why.rule.unwrap().parts.into_iter().map(|Explanation { actual, .. }| actual).collect()
    };
    let web = || Some(Value::List(vec![Value::text("web")]));
    assert_eq!(seen(&talk), [None, web(), web(), None]);
    change(&mut talk, Change::AddTag("VIP".into()));
    change(&mut talk, Change::Consent { topic: "news".into(), channel: None, given: false, proof: "form".into() });
    let tagged = talk.contact.tags.values().next().map(|tag| Value::DateTime(tag.at));
    let answered = talk.contact.consents.values().next().map(|consent| Value::DateTime(consent.at));
    assert!(tagged.is_some() && answered.is_some());
    assert_eq!(seen(&talk), [tagged.clone(), web(), web(), answered]);
    let address = talk.conversation.address.clone();
    change(&mut talk, Change::Unreachable(address, "gone".into()));
    change(&mut talk, Change::SetStatus("unsubscribed".into()));
    assert_eq!(seen(&talk), [tagged, web(), None, Some(Value::text("unsubscribed"))]);
}

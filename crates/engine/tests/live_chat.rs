//! What becomes of a request for a human when the customer goes away (FL 5.5, 5.6). The conversations of every outcome are
//! `tests/blocks/live_chat.talk`; here is what the desk and what waited see of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot};
use model::{AgentId, Author, InboxItem, IncomingBody, Owner, Rest};
use switchboard_engine::next_due;

const BOT: &str = "name: T\ntimezone: UTC\nlanguages: [en, es]\ngroups: { support: {} }\n";
const HUMAN: &str = "skill: human\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    on: { customer_left: left }\n    next: end\n  left: { add_tag: left }\n";
const NAME: &str = "skill: name\ncatch: [{ command: name }]\nblocks:\n  ask: { text: Your name? }\n  hear: { listen: name, timeout: 1d, on: { timeout: end } }\n  hi: { text: \"Hi ${name}\" }\n";
const TICK: &str = "skill: tick\ncatch: [{ command: tick }]\nblocks:\n  arm: { timer: { after: 10m, do: mark } }\n  ok: { text: Armed., next: end }\n  mark: { add_tag: ticked }\n";

fn talk() -> Talk {
    let mut talk =
        Talk::new(bot(&[("bot.yaml", BOT), ("skills/human.yaml", HUMAN), ("skills/name.yaml", NAME), ("skills/tick.yaml", TICK)]));
    talk.agents = true;
    talk
}

fn unreachable(talk: &mut Talk) {
    talk.incoming(IncomingBody::Unreachable { reason: "blocked by the user".into() });
}

fn take(talk: &mut Talk) {
    let request = talk.conversation.request.as_ref().unwrap().id;
    talk.item(InboxItem::Take { conversation: talk.conversation.id, request, agent: AgentId(9), name: "Bea".into() });
}

fn is_free(talk: &Talk) -> bool {
    talk.conversation.owner == Owner::Bot && talk.conversation.request.is_none() && talk.conversation.held_since.is_none()
}

#[test]
fn the_request_leaves_the_desk_and_is_not_missed() {
    for in_chat in [false, true] {
        let mut talk = talk();
        talk.say("/human");
        if in_chat {
            take(&mut talk);
        }
        unreachable(&mut talk);
        assert!(is_free(&talk), "in chat: {in_chat}");
        assert!(!talk.contact.system.contains_key("unresolved_requests"), "nobody failed to answer");
        assert!(talk.contact.tags.values().any(|tag| tag.label == "left"));
        // Whoever looks on sees what happened.
        let last = talk.transcript.last().unwrap();
        assert_eq!((&last.author, last.content.text.as_str()), (&Author::System, "The customer left the chat"));
        // Its time was the request's, and is over.
        assert_eq!(next_due(&talk.conversation, talk.programs.0.limits()), None);
        let lines = talk.transcript.len();
        unreachable(&mut talk);
        assert_eq!(talk.transcript.len(), lines, "they leave once");
    }
}

#[test]
fn an_agent_who_is_late_finds_nothing_to_take_or_close() {
    let mut talk = talk();
    talk.say("/human");
    let (conversation, request) = (talk.conversation.id, talk.conversation.request.as_ref().unwrap().id);
    unreachable(&mut talk);
    talk.item(InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
    talk.item(InboxItem::Resolve { conversation, agent: AgentId(9), skill: Some("name".into()) });
    assert!(is_free(&talk) && talk.conversation.runs.is_empty());
}

#[test]
fn who_comes_back_is_answered_by_the_bot_and_may_ask_again() {
    let mut talk = talk();
    talk.say("/human");
    unreachable(&mut talk);
    assert_eq!(talk.say("/name"), ["Your name?"]);
    assert_eq!(talk.say("Ana"), ["Hi Ana"]);
    talk.say("/human");
    assert_eq!(talk.conversation.owner, Owner::Queue);
}

#[test]
fn a_question_that_was_held_is_asked_anew_when_they_can_be_reached() {
    let mut talk = talk();
    talk.say("/name");
    talk.say("/human");
    unreachable(&mut talk);
    // Nothing is sent to somebody who cannot be reached; the question stands.
    assert_eq!(talk.transcript.iter().filter(|m| m.content.text == "Your name?").count(), 1);
    assert!(matches!(&talk.conversation.runs[0].rest, Rest::Asking(ask) if !ask.suspended && ask.deadline.is_some()));
    assert_eq!(talk.say("Ana"), ["Hi Ana"]);
}

#[test]
fn what_was_held_goes_on_and_an_opt_out_ends_it() {
    let mut reachable = talk();
    reachable.say("/tick");
    reachable.say("/human");
    unreachable(&mut reachable);
    reachable.wait(600);
    assert!(reachable.contact.tags.values().any(|tag| tag.label == "ticked"));

    let mut out = talk();
    out.say("/tick");
    out.say("/human");
    out.say("stop");
    assert!(is_free(&out) && out.conversation.timers.is_empty() && out.conversation.runs.is_empty());
    assert_eq!(out.contact.status, "unsubscribed");
}

#[test]
fn the_line_in_the_transcript_is_in_the_contacts_language() {
    let mut talk = talk();
    talk.contact.system.insert("language".into(), model::Value::text("es"));
    talk.say("/human");
    unreachable(&mut talk);
    assert_eq!(talk.transcript.last().unwrap().content.text, "El cliente ha salido del chat");
}

#[test]
fn who_subscribes_again_in_a_chat_hears_the_agent_alone() {
    let mut talk = talk();
    talk.say("/human");
    take(&mut talk);
    talk.say("stop");
    assert_eq!(talk.contact.status, "unsubscribed");
    let begun = talk.conversation.runs.len();
    assert!(talk.say("start").is_empty(), "the bot is silent while an agent has the conversation");
    assert_eq!(talk.contact.status, "active");
    assert!(matches!(talk.conversation.owner, Owner::Agent(_)));
    assert_eq!(talk.conversation.runs.len(), begun, "nothing begins behind the agent's back");
}

#[test]
fn who_said_stop_to_the_agent_hears_nothing_more_when_the_chat_is_closed() {
    let human = "skill: human\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    on: { customer_left: end }\n  after: { text: Anything else? }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/human.yaml", human)]));
    talk.agents = true;
    talk.say("/human");
    take(&mut talk);
    talk.say("stop");
    let conversation = talk.conversation.id;
    assert_eq!(talk.item(InboxItem::Resolve { conversation, agent: AgentId(9), skill: None }), ["The chat was closed"]);
    assert!(is_free(&talk) && talk.conversation.runs.is_empty());
    assert!(!talk.events.iter().any(|event| event.name == "error_reported"), "this is no error");
}

//! The desk: who waits, who gets the chat, and that nobody waits without end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Notice;
use model::{Content, Conversation, InboxItem, Owner, RequestState};
use store::Fault;
use switchboard_runtime::{DeskError, core::Refusal};
use world::{MINUTE, SECOND, World, address};

fn waiting(seed: u64) -> (World, model::Address, model::AgentId) {
    let mut world = World::new(seed);
    let bea = world.agent(1, true);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "human");
    (world, ana, bea)
}

fn take(conversation: &Conversation, agent: model::AgentId) -> InboxItem {
    let request = conversation.request.as_ref().expect("a human was asked for").id;
    InboxItem::Take { conversation: conversation.id, request, agent, name: format!("Agent {}", agent.0) }
}

fn says(conversation: &Conversation, agent: model::AgentId, text: &str, client_id: &str) -> InboxItem {
    let name = format!("Agent {}", agent.0);
    InboxItem::AgentSays { conversation: conversation.id, agent, name, content: Content::text(text), client_id: Some(client_id.into()) }
}

#[test]
fn the_queue_answers_in_the_same_commit_with_the_place_in_line() {
    let (mut world, ana, _) = waiting(1);
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Place 1.");
    assert_eq!(world.conversation(&ana).owner, Owner::Queue);
    let bob = address("web", "bob");
    world.pass(SECOND);
    world.arrive(&bob, "0", "hi");
    let commits = world.commits;
    world.arrive(&bob, "1", "human");
    assert_eq!(world.commits - commits, 1);
    assert_eq!(world.said(&bob).last().unwrap(), "bot: Place 2.");
    assert!(
        world.notices.iter().any(|(at, n)| at == &bob && matches!(n, Notice::Owner { owner, position: Some(2), .. } if owner == "queue"))
    );
}

#[test]
fn nobody_there_is_said_at_once() {
    let mut world = World::new(2);
    world.agent(1, false);
    let ana = address("web", "ana");
    world.arrive(&ana, "0", "hi");
    world.arrive(&ana, "1", "human");
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Nobody is free.");
    let request = world.conversation(&ana).request.unwrap();
    assert!(matches!(request.state, RequestState::Missed { .. }), "it is listed as missed");
}

#[test]
fn an_agent_who_does_not_accept_is_not_there_and_a_reload_of_the_console_is_no_absence() {
    let mut world = World::new(3);
    let bea = world.agent(1, true);
    let mut asked = 0;
    let mut ask = |world: &mut World| {
        asked += 1;
        let at = address("web", &asked.to_string());
        world.arrive(&at, "0", "hi");
        world.arrive(&at, "1", "human");
        world.conversation(&at).owner
    };
    world.core.set_accepting(bea, false);
    assert_eq!(ask(&mut world), Owner::Bot);
    world.core.set_accepting(bea, true);
    assert_eq!(ask(&mut world), Owner::Queue);
    world.core.presence(world.now, bea, false);
    world.pass(10 * SECOND - 1);
    assert_eq!(ask(&mut world), Owner::Queue);
    world.core.presence(world.now, bea, true);
    world.pass(MINUTE);
    assert_eq!(ask(&mut world), Owner::Queue);
    world.core.presence(world.now, bea, false);
    world.pass(10 * SECOND);
    assert_eq!(ask(&mut world), Owner::Bot);
}

#[test]
fn of_two_agents_exactly_one_gets_the_chat_and_the_other_learns_who_has_it() {
    let (mut world, ana, bea) = waiting(4);
    let carl = world.agent(2, true);
    let conversation = world.conversation(&ana);
    world.store.order(Fault::Hold);
    let first = world.item(&ana, take(&conversation, bea), None);
    let second = world.item(&ana, take(&conversation, carl), None);
    world.store.release_all();
    world.pump();
    assert!(world.done[&first].is_ok());
    assert_eq!(world.done[&second], Err(Refusal::Desk(DeskError::Taken { by: "Agent 1".into() })));
    assert_eq!(world.conversation(&ana).owner, Owner::Agent(bea));
    let again = world.item(&ana, take(&conversation, bea), None);
    assert!(world.done[&again].is_ok(), "a double click is harmless");
}

#[test]
fn agent_and_customer_talk_and_the_flow_goes_on_afterwards() {
    let (mut world, ana, bea) = waiting(5);
    let conversation = world.conversation(&ana);
    let early = world.item(&ana, says(&conversation, bea, "Hello", "c1"), Some("c1"));
    assert_eq!(world.done[&early], Err(Refusal::Desk(DeskError::NotYours)));
    world.item(&ana, take(&conversation, bea), None);
    let said = world.item(&ana, says(&conversation, bea, "How can I help?", "c2"), Some("c2"));
    let message = world.done[&said].as_ref().unwrap().message;
    assert!(message.is_some());
    let resent = world.item(&ana, says(&conversation, bea, "How can I help?", "c2"), Some("c2"));
    assert_eq!(world.done[&resent].as_ref().unwrap().message, message, "a resend is the same message");
    world.arrive(&ana, "2", "three");
    let resolve = InboxItem::Resolve { conversation: conversation.id, agent: bea, skill: None };
    let resolved = world.item(&ana, resolve, None);
    assert!(world.done[&resolved].is_ok());
    let said = world.said(&ana);
    assert_eq!(said.iter().filter(|l| *l == "agent: How can I help?").count(), 1);
    assert!(!said.contains(&"bot: one".to_owned()), "the bot is silent while an agent has the chat");
    assert_eq!(said.last().unwrap(), "bot: Welcome back.");
    assert_eq!(world.conversation(&ana).owner, Owner::Bot);
}

#[test]
fn agents_of_other_groups_and_disabled_ones_may_do_nothing() {
    let (mut world, ana, _) = waiting(6);
    let conversation = world.conversation(&ana);
    let stranger = model::AgentId(9);
    let ticket = world.item(&ana, take(&conversation, stranger), None);
    assert_eq!(world.done[&ticket], Err(Refusal::Desk(DeskError::NotAllowed)));
}

#[test]
fn a_request_nobody_takes_times_out_is_missed_and_a_reply_reaches_the_person() {
    let (mut world, ana, bea) = waiting(7);
    world.pass(5 * MINUTE - 1);
    assert_eq!(world.conversation(&ana).owner, Owner::Queue);
    world.crash();
    world.core.presence(world.now, bea, true);
    world.pass(1);
    assert_eq!(world.said(&ana).last().unwrap(), "bot: Nobody is free.");
    let conversation = world.conversation(&ana);
    assert!(matches!(conversation.request.as_ref().unwrap().state, RequestState::Missed { .. }));
    let said = world.item(&ana, says(&conversation, bea, "I am here now.", "c1"), Some("c1"));
    assert!(world.done[&said].as_ref().unwrap().message.is_some());
    assert_eq!(world.said(&ana).last().unwrap(), "agent: I am here now.");
    assert_eq!(world.conversation(&ana).owner, Owner::Agent(bea));
}

#[test]
fn an_agent_keeps_the_chat_over_a_restart() {
    let (mut world, ana, bea) = waiting(8);
    let conversation = world.conversation(&ana);
    world.item(&ana, take(&conversation, bea), None);
    world.crash();
    world.arrive(&ana, "2", "three");
    assert!(!world.said(&ana).contains(&"bot: one".to_owned()));
    let said = world.item(&ana, says(&conversation, bea, "Still here.", "c1"), Some("c1"));
    assert!(world.done[&said].is_ok());
}

#[test]
fn those_behind_are_told_their_new_place() {
    let (mut world, ana, bea) = waiting(9);
    let bob = address("web", "bob");
    world.pass(SECOND);
    world.arrive(&bob, "0", "hi");
    world.arrive(&bob, "1", "human");
    world.notices.clear();
    let conversation = world.conversation(&ana);
    world.item(&ana, take(&conversation, bea), None);
    assert!(world.notices.iter().any(|(at, n)| at == &bob && matches!(n, Notice::Owner { position: Some(1), .. })));
}

#[test]
fn a_restart_is_no_absence_for_whoever_was_at_the_desk() {
    let mut world = World::new(40);
    let bea = world.agent(1, true);
    let ask = |world: &mut World, name: &str| {
        let at = address("web", name);
        world.arrive(&at, "0", "hi");
        world.arrive(&at, "1", "human");
        world.conversation(&at).owner
    };
    let note = |world: &World, value| {
        let put = store::RecordPut { table: "desk_present".into(), key: bea.to_string(), value };
        store::commit_blocking(&world.store, store::Commit { person: None, records: vec![put], ..store::Commit::default() }).unwrap();
    };
    note(&world, Some(serde_json::json!({})));
    world.crash();
    assert_eq!(ask(&mut world, "ana"), Owner::Queue, "the console is on its way back");
    world.pass(31 * SECOND);
    assert_eq!(ask(&mut world, "bob"), Owner::Bot, "nobody came back");
    world.core.presence(world.now, bea, true);
    assert_eq!(ask(&mut world, "cy"), Owner::Queue);
    note(&world, None);
    world.crash();
    assert_eq!(ask(&mut world, "dan"), Owner::Bot, "who was not there is not waited for");
}

//! The shell around the core: channels, hub, desk and stop, on a manual clock and the in-memory store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{Accepted, Inbound, Notice, Outbound, Sent};
use model::{Actor, Address, AgentId, Change, ContactId, Content, Delivery, Incoming, IncomingBody, Instant, TranscriptEntry};
use store::{Fault, MemStore, Store};
use switchboard_runtime::{Agent, DeskError, ManualClock, Service, Told, start};
use tokio::sync::mpsc;
use world::{SECOND, address, served};

struct Stage {
    service: Service,
    store: MemStore,
    clock: ManualClock,
    pieces: mpsc::UnboundedReceiver<Outbound>,
}

async fn stage(store: MemStore) -> Stage {
    let (tell, pieces) = mpsc::unbounded_channel();
    let push = served::pushed("push", move |out| {
        tell.send(out.clone()).expect("the test listens");
        assert!(!out.content.text.contains("Tagged"), "a channel that panics");
        Ok(Sent::default())
    });
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    let options = served::options(world::bot(), &store, &clock, vec![push, served::fetched("web")]);
    let service = start(options).await.unwrap();
    Stage { service, store, clock, pieces }
}

fn inbound(at: &Address, id: &str, text: &str) -> Inbound {
    let body = IncomingBody::Message(Content::text(text));
    let incoming = Incoming { body, at: Instant(0), profile: Default::default(), client_id: None };
    Inbound { address: at.clone(), provider_id: id.into(), incoming }
}

fn agent(number: u128, groups: &[&str]) -> Agent {
    Agent {
        id: AgentId(number),
        name: format!("Agent {number}"),
        login: format!("agent{number}"),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        password_hash: "hash".into(),
        disabled: false,
    }
}

#[tokio::test]
async fn a_message_goes_in_and_the_answer_comes_out() {
    let mut stage = stage(MemStore::new()).await;
    let ana = address("push", "ana");
    let hub = stage.service.handle.hub("push");
    let mut watched = hub.watch(&ana);
    assert_eq!(hub.accept(inbound(&ana, "1", "hi")).await.unwrap(), Accepted::New);
    assert_eq!(hub.accept(inbound(&ana, "1", "hi")).await.unwrap(), Accepted::Duplicate);
    assert_eq!(stage.pieces.recv().await.unwrap().content.text, "Hello!");
    while watched.recv().await.unwrap() != (Notice::Lines { no: 3 }) {}
    let lines = hub.transcript(&ana, 0, 100).await;
    assert!(matches!(lines.last(), Some(TranscriptEntry::Delivery(d)) if d.delivery == Delivery::Sent));
    assert_eq!(hub.settled(&ana, 1_000).await, 3);
    stage.service.stop().await;
}

#[tokio::test]
async fn a_contact_whom_the_disk_is_slow_to_give_keeps_nobody_else_waiting() {
    // One thread for everything that is asked.
    let mut stage = stage(MemStore::new()).await;
    let (ana, bob) = (address("push", "ana"), address("push", "bob"));
    let hub = stage.service.handle.hub("push");
    hub.accept(inbound(&ana, "1", "hi")).await.unwrap();
    stage.pieces.recv().await.unwrap();
    hub.settled(&ana, 1_000).await;
    let contact = stage.store.person_at(&ana).unwrap().unwrap();

    let held = stage.store.hold_reads(contact);
    let late = tokio::spawn({
        let (hub, ana) = (hub.clone(), ana.clone());
        async move { hub.accept(inbound(&ana, "2", "hi")).await }
    });
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hub.accept(inbound(&bob, "1", "hi")).await.unwrap(), Accepted::New);
    assert_eq!(stage.pieces.recv().await.unwrap().address, bob);
    assert!(!late.is_finished());
    drop(held);
    assert_eq!(late.await.unwrap().unwrap(), Accepted::New);
    stage.service.stop().await;
}

#[tokio::test]
async fn events_told_at_once_keep_their_order_also_where_the_disk_is_waited_for() {
    let stage = stage(MemStore::new()).await;
    let handle = stage.service.handle.clone();
    let ana = ContactId(7 << 80);
    handle.create_contact(ana, "api", Vec::new(), Actor::System).await.unwrap();
    let held = stage.store.hold_reads(ana);
    let names: Vec<String> = (0..20).map(|n| format!("event{n}")).collect();
    let told = |name: &String| Told { name: name.clone(), fields: Default::default(), at: None, once: None };
    let events: Vec<Told> = names.iter().map(told).collect();
    let raising = tokio::spawn({
        let handle = handle.clone();
        async move { handle.raise_all(ana, events, &Actor::System).await }
    });
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    drop(held);
    assert!(raising.await.unwrap().iter().all(Result::is_ok));
    let recorded: Vec<String> = stage.store.events(ana, 0, 100).unwrap().into_iter().rev().map(|event| event.name).collect();
    assert_eq!(recorded, names);
    stage.service.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let stage = stage(MemStore::new()).await;
    let hub = stage.service.handle.hub("push");
    let long = "x".repeat(600);
    for wrong in [
        inbound(&address("web", "ana"), "1", "hi"),
        inbound(&address("push", ""), "1", "hi"),
        inbound(&address("push", "ana"), "", "hi"),
        inbound(&address("push", "ana"), &long, "hi"),
        inbound(&address("push", "ana"), "1", " "),
        inbound(&address("push", "ana"), "1", &"x".repeat(70_000)),
    ] {
        assert!(matches!(hub.accept(wrong).await, Err(channel::AcceptError::Refused(_))));
    }
    assert!(stage.service.handle.people(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_channel_that_panics_leaves_an_unknown_and_the_lane_goes_on() {
    let mut stage = stage(MemStore::new()).await;
    let ana = address("push", "ana");
    let hub = stage.service.handle.hub("push");
    let mut watched = hub.watch(&ana);
    hub.accept(inbound(&ana, "1", "hi")).await.unwrap();
    hub.accept(inbound(&ana, "2", "tag")).await.unwrap();
    assert_eq!(stage.pieces.recv().await.unwrap().content.text, "Hello!");
    assert_eq!(stage.pieces.recv().await.unwrap().content.text, "Tagged.");
    let unknown = |l: &TranscriptEntry| matches!(l, TranscriptEntry::Delivery(d) if d.delivery == Delivery::Unknown);
    while !hub.transcript(&ana, 0, 100).await.iter().any(unknown) {
        watched.recv().await.unwrap();
    }
    stage.clock.advance(SECOND);
    assert_eq!(stage.pieces.recv().await.unwrap().content.text, "Tagged.", "sent once more");
}

#[tokio::test]
async fn an_agent_sees_takes_answers_and_resolves() {
    let stage = stage(MemStore::new()).await;
    let handle = &stage.service.handle;
    handle.put_agent(agent(1, &["support"])).await.unwrap();
    handle.put_agent(agent(2, &["sales"])).await.unwrap();
    assert!(handle.put_agent(Agent { login: "AGENT1".into(), ..agent(3, &[]) }).await.is_err(), "a login is one agent's");
    let (bea, stranger) = (AgentId(1), AgentId(2));
    let _presence = handle.presence(bea);
    let ana = address("web", "ana");
    let hub = handle.hub("web");
    hub.accept(inbound(&ana, "1", "hi")).await.unwrap();
    hub.accept(inbound(&ana, "2", "human")).await.unwrap();
    hub.settled(&ana, 1_000).await;
    let view = handle.desk(bea).await.unwrap();
    assert_eq!((view.queue.len(), view.accepting), (1, true));
    assert_eq!((view.queue[0].position, view.queue[0].waiting_customer), (Some(1), true));
    assert!(handle.desk(stranger).await.unwrap().queue.is_empty());
    let id = view.queue[0].conversation;
    assert!(!handle.may_see(stranger, id));
    assert_eq!(handle.take(stranger, id).await, Err(DeskError::NotAllowed));
    handle.take(bea, id).await.unwrap();
    let mut watched = hub.watch(&ana);
    handle.agent_typing(bea, id);
    assert_eq!(watched.recv().await.unwrap(), Notice::Typing { name: Some("Agent 1".into()) });
    let said = handle.say(bea, id, Content::text("Hello"), Some("c1".into())).await.unwrap();
    assert_eq!(handle.say(bea, id, Content::text("Hello"), Some("c1".into())).await.unwrap(), said);
    assert_eq!(handle.say(bea, id, Content::text(" "), None).await, Err(DeskError::Empty));
    assert_eq!(handle.resolve(bea, id, Some("nowhere".into())).await, Err(DeskError::NoSuchSkill("nowhere".into())));
    assert_eq!(handle.desk(bea).await.unwrap().mine[0].last_text.as_deref(), Some("Hello"));
    handle.resolve(bea, id, None).await.unwrap();
    let view = handle.desk(bea).await.unwrap();
    assert!(view.queue.is_empty() && view.mine.is_empty() && view.missed.is_empty());
    handle.set_accepting(bea, false).await.unwrap();
    stage.service.stop().await;
}

#[tokio::test]
async fn an_agents_choice_and_a_waiting_request_outlive_a_restart() {
    let first = stage(MemStore::new()).await;
    let handle = &first.service.handle;
    handle.put_agent(agent(1, &["support"])).await.unwrap();
    let presence = handle.presence(AgentId(1));
    let ana = address("web", "ana");
    handle.hub("web").accept(inbound(&ana, "1", "hi")).await.unwrap();
    handle.hub("web").accept(inbound(&ana, "2", "human")).await.unwrap();
    handle.hub("web").settled(&ana, 1_000).await;
    handle.set_accepting(AgentId(1), false).await.unwrap();
    drop(presence);
    let second = stage(first.store.crash()).await;
    let view = second.service.handle.desk(AgentId(1)).await.unwrap();
    assert_eq!((view.queue.len(), view.accepting), (1, false));
    assert_eq!(
        second.service.handle.hub("web").accept(inbound(&ana, "2", "human")).await.unwrap(),
        Accepted::Duplicate,
        "the salt is kept"
    );
}

#[tokio::test]
async fn changes_reach_the_contact_and_people_are_found() {
    let stage = stage(MemStore::new()).await;
    let handle = &stage.service.handle;
    let ana = address("web", "ana");
    handle.hub("web").accept(inbound(&ana, "1", "hi")).await.unwrap();
    let id = handle.people(None, 10).await.unwrap()[0].contact.id;
    let changes = vec![Change::AddTag("Gold".into()), Change::SetSystem("first_name".into(), model::Value::text("Ana"))];
    handle.modify(id, changes, model::Actor::Api("shop".into())).await.unwrap();
    assert_eq!(handle.find(&id.to_string(), 10).await.unwrap().total, 1);
    assert_eq!(handle.find("ANA", 10).await.unwrap().people.len(), 1);
    assert!(handle.find("nobody", 10).await.unwrap().people.is_empty());
    handle.raise(id, "bought", Default::default(), model::Actor::Api("shop".into())).await.unwrap();
    assert_eq!(handle.events(id, 0, 10).await.unwrap()[0].name, "bought");
    assert!(handle.modify(model::ContactId(1), Vec::new(), model::Actor::System).await.is_err());
}

#[tokio::test]
async fn a_failing_store_stops_the_service_and_says_why() {
    let stage = stage(MemStore::new()).await;
    let hub = stage.service.handle.hub("web");
    stage.store.order(Fault::Fail { nth: 1, kept: true });
    assert!(matches!(hub.accept(inbound(&address("web", "ana"), "1", "hi")).await, Err(channel::AcceptError::Unavailable)));
    assert!(stage.service.failed().await.contains("disk"));
    let health = stage.service.handle.health();
    assert!(!health.ready && health.failed.is_some());
    stage.service.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_refuses_the_rest() {
    let stage = stage(MemStore::new()).await;
    let hub = stage.service.handle.hub("web");
    let ana = address("web", "ana");
    stage.store.order(Fault::Hold);
    let accepted = tokio::spawn({
        let (hub, ana) = (hub.clone(), ana.clone());
        async move { hub.accept(inbound(&ana, "1", "hi")).await }
    });
    while stage.store.held() == 0 {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::spawn(stage.service.stop());
    let refused = loop {
        match tokio::time::timeout(std::time::Duration::from_millis(1), hub.accept(inbound(&address("web", "bea"), "1", "hi"))).await {
            Ok(answer) => break answer,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert!(matches!(refused, Err(channel::AcceptError::Unavailable)));
    stage.store.release_all();
    assert_eq!(accepted.await.unwrap().unwrap(), Accepted::New);
    stopped.await.unwrap();
    assert!(stage.store.person_at(&ana).unwrap().is_some());
}

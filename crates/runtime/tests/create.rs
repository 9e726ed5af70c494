//! Contacts who did not write: made by a program they start the flows that wait for them, made by an import they do not; both
//! are exact in segments and journey.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use engine::{Bot, BotFiles};
use model::{Actor, Change, ContactId, IdentifierKind, Instant, JourneyKind, Value};
use std::sync::Arc;
use store::{MemBlobs, MemStore};
use switchboard_runtime::{Handle, ManualClock, Options, Service, start};

const GOLD: &str =
    "skill: gold\ncatch: [{ segment: { entered: gold } }]\nblocks:\n  mark: { add_tag: greeted }\n  say: { text: Welcome }\n";
const TAGGED: &str = "skill: tagged\ncatch: [{ tag: { added: vip } }]\nblocks:\n  mark: { add_tag: noticed }\n";

fn bot() -> Arc<Bot> {
    let files = vec![
        ("bot.yaml".to_owned(), "name: T\ntimezone: UTC\nchannels: { web: {} }\nattributes: { plan: text, no: number }\n".to_owned()),
        ("segments.yaml".to_owned(), "gold: { name: Gold, where: 'plan is \"gold\"' }\n".to_owned()),
        ("skills/gold.yaml".to_owned(), GOLD.to_owned()),
        ("skills/tagged.yaml".to_owned(), TAGGED.to_owned()),
    ];
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the bot of the test is sound: {problems:?}"))
}

async fn serve(store: &MemStore) -> Service {
    let options = Options {
        bot: bot(),
        pinned: Vec::new(),
        store: Arc::new(store.clone()),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_772_442_000))),
        seed: 5,
        outside: None,
        at_rest: false,
    };
    start(options).await.unwrap()
}

fn changes() -> Vec<Change> {
    vec![
        Change::SetAttribute("plan".into(), Value::text("gold")),
        Change::SetSystem("phone".into(), Value::text("+4930123456")),
        Change::AddIdentifier(IdentifierKind::Phone, "+4930123456".into()),
        Change::AddTag("vip".into()),
    ]
}

/// The tags of a contact once nothing waits in their line.
async fn tags(handle: &Handle, id: ContactId) -> Vec<String> {
    for _ in 0..100_000 {
        let person = handle.person(id).await.unwrap().unwrap();
        if person.inbox.is_empty() {
            return person.contact.tags.values().map(|tag| tag.label.clone()).collect();
        }
        tokio::task::yield_now().await;
    }
    panic!("something waits in the line for ever");
}

#[tokio::test]
async fn a_program_makes_a_contact_and_the_flows_that_wait_for_them_begin() {
    let store = MemStore::new();
    let service = serve(&store).await;
    let handle = &service.handle;
    let id = handle.new_contact_id();
    for _ in 0..2 {
        handle.create_contact(id, "api", changes(), Actor::Api("shop".into())).await.unwrap();
    }
    assert_eq!(tags(handle, id).await, ["greeted", "noticed", "vip"]);
    let person = handle.person(id).await.unwrap().unwrap();
    assert!(person.contact.addresses.is_empty() && person.outbox.is_empty(), "what was said has nowhere to go");
    assert_eq!(person.contact.system.get("country"), Some(&Value::text("DE")));
    assert!(handle.is_member(id, "gold"));
    assert_eq!(handle.people(None, 10).await.unwrap().len(), 1, "the second telling made nobody");
    service.stop().await;
}

#[tokio::test]
async fn an_import_makes_a_contact_in_the_same_segments_and_no_flow_begins() {
    let store = MemStore::new();
    let service = serve(&store).await;
    let handle = &service.handle;
    let id = handle.new_contact_id();
    handle.create_contact(id, "import", changes(), Actor::Import("imp_1".into())).await.unwrap();
    assert_eq!(tags(handle, id).await, ["vip"]);
    assert!(handle.is_member(id, "gold"));
    let person = handle.person(id).await.unwrap().unwrap();
    assert!(person.conversations.is_empty(), "nobody talks with them yet");
    let journey: Vec<JourneyKind> = handle.newest_journey(id, 0, 10).await.unwrap().into_iter().map(|entry| entry.what).collect();
    let [JourneyKind::SegmentEntered(entered), JourneyKind::Imported { created: true, .. }] = journey.as_slice() else {
        panic!("{journey:?}");
    };
    assert_eq!(entered.segment, "gold");
    // A later row says what it changed, and leaves the segment without a word to the flows.
    let row = vec![Change::SetAttribute("plan".into(), Value::text("free")), Change::AddTag("vip".into())];
    handle.modify(id, row, Actor::Import("imp_2".into())).await.unwrap();
    assert!(!handle.is_member(id, "gold"));
    let journey = handle.newest_journey(id, 0, 1).await.unwrap();
    let newest: Vec<JourneyKind> = handle.newest_journey(id, 0, 2).await.unwrap().into_iter().map(|entry| entry.what).collect();
    assert!(
        newest.iter().any(|what| matches!(what, JourneyKind::Imported { created: false, altered } if altered.len() == 1)),
        "{journey:?}"
    );
    service.stop().await;
    // Everything is there after a start, and so are the memberships.
    let service = serve(&store).await;
    assert!(service.handle.person(id).await.unwrap().is_some() && !service.handle.is_member(id, "gold"));
    service.stop().await;
}

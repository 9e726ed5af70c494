//! Globals in a running service: durable, seen by the next step, kept over a reload and a restart (FL 7.1).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Inbound;
use engine::{Bot, BotFiles};
use model::{Author, Content, Incoming, IncomingBody, Instant, Record, TranscriptEntry, Value};
use std::sync::Arc;
use store::MemStore;
use switchboard_runtime::{ManualClock, Service, WriteError, start};
use world::{address, served};

fn bot(days: &str) -> Arc<Bot> {
    let files = [
        ("bot.yaml", format!("name: G\nmenu: [{{ How long?: /days }}]\nglobals:\n  days: {days}\n")),
        ("skills/d.yaml", "skill: days\ndescription: Delivery\ncatch: [{ command: days }, { event: viewed }]\nblocks:\n  tell: { text: '${days} days' }\n".to_owned()),
    ];
    let files =
        BotFiles { files: files.into_iter().map(|(p, t)| (p.to_owned(), t)).collect(), shown_as: String::new(), assets: Vec::new() };
    Bot::load(&files).0.expect("the bot of this test is sound")
}

async fn service(store: &MemStore, days: &str) -> Service {
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    start(served::options(bot(days), store, &clock, vec![served::fetched("web")])).await.unwrap()
}

async fn hear(service: &Service, id: &str, body: IncomingBody) -> Result<Vec<String>, channel::AcceptError> {
    let ana = address("web", "ana");
    let hub = service.handle.hub("web");
    let before = hub.settled(&ana, 5_000).await;
    let incoming = Incoming { body, at: Instant(0), profile: Record::new(), client_id: None };
    hub.accept(Inbound { address: ana.clone(), provider_id: id.into(), incoming }).await?;
    hub.settled(&ana, 5_000).await;
    let lines = hub.transcript(&ana, before, 100).await;
    let said = |entry: TranscriptEntry| match entry {
        TranscriptEntry::Message(m) if m.author != Author::Customer => Some(m.content.text),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    };
    Ok(lines.into_iter().filter_map(said).collect())
}

async fn says(service: &Service, id: &str, text: &str) -> Vec<String> {
    hear(service, id, IncomingBody::Message(Content::text(text))).await.unwrap()
}

#[tokio::test]
async fn a_changed_global_is_seen_by_the_next_step_and_survives_reload_and_restart() {
    let store = MemStore::new();
    let first = service(&store, "{ type: number, default: 3 }").await;
    assert_eq!(says(&first, "1", "/days").await, ["3 days"]);
    let set = first.handle.set_global("days", Some("5")).await.unwrap();
    assert_eq!((set.value, set.is_set), (Some(Value::Number(5.into())), true));
    assert_eq!(says(&first, "2", "/days").await, ["5 days"]);
    first.handle.reload(bot("{ type: number, default: 4 }"), |_| {}).await.unwrap();
    assert_eq!(says(&first, "3", "/days").await, ["5 days"], "a new version has the value that was set");
    first.stop().await;

    // A store that was closed takes nothing more; its content is what the next process finds.
    let second = service(&store.crash(), "{ type: number, default: 4 }").await;
    assert_eq!(says(&second, "4", "/days").await, ["5 days"]);
    let unset = second.handle.set_global("days", None).await.unwrap();
    assert!(!unset.is_set);
    assert_eq!(says(&second, "5", "/days").await, ["4 days"]);
    second.stop().await;
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_in_words() {
    let service = service(&MemStore::new(), "number").await;
    for (name, value, words) in
        [("days", Some("soon"), "is declared as number"), ("day", Some("1"), "did you mean"), ("nothing", None, "no global")]
    {
        let Err(WriteError::Invalid(why)) = service.handle.set_global(name, value).await else { panic!("{name} is refused") };
        assert!(why.contains(words), "{why}");
    }
    service.stop().await;
}

#[tokio::test]
async fn events_of_a_page_need_a_contact_and_the_menu_is_the_bots() {
    let service = service(&MemStore::new(), "{ type: number, default: 3 }").await;
    let event = || IncomingBody::Event { name: "viewed".into(), fields: Record::new() };
    let refused = hear(&service, "e1", event()).await;
    assert!(matches!(refused, Err(channel::AcceptError::Nobody)), "{refused:?}");
    assert!(service.handle.people(None, 10).await.unwrap().is_empty(), "no contact from a page");
    says(&service, "1", "hi").await;
    assert_eq!(hear(&service, "e1", event()).await.unwrap(), ["3 days"]);
    let hub = service.handle.hub("web");
    assert_eq!(hub.menu(None), [("How long?".to_owned(), "How long?".to_owned())]);
    assert_eq!(hub.commands(), [("days".to_owned(), "How long?".to_owned())]);
    assert_eq!(says(&service, "2", "how long?").await, ["3 days"]);
    service.stop().await;
}

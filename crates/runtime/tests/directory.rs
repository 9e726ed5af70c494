//! The directory of a running runtime: it finds who is durable, through edits and restarts; and what webhooks keep of
//! somebody goes with them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crm::directory::Key;
use engine::{Bot, BotFiles};
use model::{Actor, Change, ContactId, IdentifierKind, Instant, Value};
use std::sync::Arc;
use store::{MemBlobs, MemStore, Store};
use switchboard_runtime::{Handle, HookEvent, ManualClock, Options, Service, WebhookChange, start};

fn by() -> Actor {
    Actor::Api("test".into())
}

async fn service(store: &MemStore) -> Service {
    let bot =
        "name: Book\nchannels:\n  web: { type: web }\nattributes:\n  mail: { type: email }\n  customer_no: { type: text }\n".to_owned();
    let hello = "skill: /start\nblocks:\n  hello:\n    text: Hello!\n";
    let files = vec![("bot.yaml".to_owned(), bot), ("skills/start.yaml".to_owned(), hello.to_owned())];
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    start(Options {
        bot: bot.unwrap_or_else(|| panic!("{problems:?}")),
        pinned: Vec::new(),
        store: Arc::new(store.clone()),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_772_442_000))),
        seed: 5,
        outside: None,
        at_rest: false,
    })
    .await
    .unwrap()
}

fn id(no: u128) -> ContactId {
    ContactId(1 << 100 | no)
}

async fn create(handle: &Handle, no: u128, name: &str, number: &str) {
    let changes = vec![
        Change::SetSystem("first_name".into(), Value::text(name)),
        Change::SetAttribute("mail".into(), Value::text(format!("{number}@Shop.example"))),
        Change::SetAttribute("customer_no".into(), Value::text(number)),
    ];
    handle.create_contact(id(no), "api", changes, by()).await.unwrap();
}

async fn found(handle: &Handle, text: &str) -> Vec<ContactId> {
    handle.find(text, 10).await.unwrap().people.iter().map(|person| person.contact.id).collect()
}

async fn bearers(handle: &Handle) -> Vec<Vec<ContactId>> {
    let mail = |number: &str| Key::Known(IdentifierKind::Email, format!("{number}@shop.EXAMPLE"));
    let number = |number: &str| Key::Attribute("customer_no".into(), Value::text(number));
    handle.bearers(vec![mail("k1"), mail("k2"), number("k1"), number("k3")]).await
}

#[tokio::test]
async fn it_holds_what_is_durable_through_edits_and_restarts() {
    let store = MemStore::new();
    let before = service(&store).await;
    let handle = &before.handle;
    create(handle, 1, "José", "k1").await;
    create(handle, 2, "Łukasz", "k2").await;
    assert_eq!((found(handle, "jose").await, found(handle, "lukasz k2").await), (vec![id(1)], vec![id(2)]));
    assert_eq!(bearers(handle).await, [vec![id(1)], vec![id(2)], vec![], vec![]], "an attribute is a key once somebody says so");
    handle.key_by("customer_no").await;
    create(handle, 3, "Ana", "k3").await;
    assert_eq!(bearers(handle).await, [vec![id(1)], vec![id(2)], vec![id(1)], vec![id(3)]]);
    // Edits.
    let changes = vec![
        Change::SetSystem("first_name".into(), Value::text("Joséphine")),
        Change::SetAttribute("customer_no".into(), Value::text("k9")),
        Change::SetAttribute("mail".into(), Value::text("k2@shop.example")),
    ];
    handle.modify(id(1), changes, by()).await.unwrap();
    assert_eq!((found(handle, "josephi").await, found(handle, "k9").await), (vec![id(1)], vec![]), "only what people are called is found");
    assert_eq!(bearers(handle).await, [vec![], vec![id(1), id(2)], vec![], vec![id(3)]]);
    before.stop().await;
    // A restart.
    let again = service(&store).await;
    again.handle.key_by("customer_no").await;
    assert_eq!(bearers(&again.handle).await, [vec![], vec![id(1), id(2)], vec![], vec![id(3)]]);
    assert_eq!(found(&again.handle, "josephi").await, [id(1)]);
}

/// Nothing leaves here: deliveries wait, and the erased person's go.
#[tokio::test]
async fn what_webhooks_keep_of_somebody_goes_with_them() {
    let store = MemStore::new();
    let service = service(&store).await;
    let handle = &service.handle;
    let change =
        WebhookChange { url: Some("https://shop.example/hook".into()), events: Some(HookEvent::ALL.into()), ..WebhookChange::default() };
    handle.create_webhook("whk_1", change, by()).await.unwrap();
    create(handle, 1, "José", "k1").await;
    create(handle, 2, "Ana", "k2").await;
    for who in [1, 2] {
        handle.modify(id(who), vec![Change::AddTag("personal".into())], by()).await.unwrap();
    }
    let rows = || -> Vec<(String, String)> {
        let rows = store.records("webhook_queue/whk_1").unwrap().into_iter();
        rows.map(|(_, row)| (row["event"].as_str().unwrap().to_owned(), row["contact"].as_str().unwrap().to_owned())).collect()
    };
    let of =
        |who: u128| -> Vec<String> { rows().into_iter().filter(|(_, of)| *of == id(who).to_string()).map(|(event, _)| event).collect() };
    assert_eq!((of(1), of(2)), (vec!["contact.created".into(), "tag.added".into()], vec!["contact.created".into(), "tag.added".into()]));
    assert_eq!(handle.webhook("whk_1").unwrap().waiting, 4);
    handle.erase(id(1), by()).await.unwrap();
    assert_eq!((of(1), of(2).len()), (vec!["contact.erased".to_owned()], 2));
    assert_eq!(handle.webhook("whk_1").unwrap().waiting, 3);
    handle
        .merge(
            id(2),
            {
                create(handle, 4, "Anna", "k4").await;
                id(4)
            },
            by(),
        )
        .await
        .unwrap();
    assert!(of(2).contains(&"contact.merged".to_owned()) && of(4) == ["contact.created"], "{:?}", rows());
    handle.delete_webhook("whk_1", None).await.unwrap();
    assert!(handle.webhooks().is_empty());
    service.stop().await;
    assert!(store.records("webhook_queue/whk_1").unwrap().is_empty() && store.records("webhooks").unwrap().is_empty());
}

#[tokio::test]
async fn after_a_restart_two_become_one_and_then_nobody() {
    let store = MemStore::new();
    let before = service(&store).await;
    create(&before.handle, 1, "José", "k1").await;
    create(&before.handle, 2, "Łukasz", "k2").await;
    before.stop().await;
    let store = store.crash();
    let again = service(&store).await;
    let handle = &again.handle;
    handle.merge(id(2), id(1), by()).await.unwrap();
    assert_eq!((found(handle, "lukasz").await, found(handle, "jose").await), (vec![id(2)], vec![]));
    handle.erase(id(2), by()).await.unwrap();
    assert!(found(handle, "lukasz").await.is_empty());
    again.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_leaves_nobody_waiting() {
    let store = MemStore::new();
    let service = service(&store).await;
    create(&service.handle, 1, "José", "k1").await;
    create(&service.handle, 2, "Łukasz", "k2").await;
    store.close().unwrap();
    let (merged, erased) = tokio::join!(service.handle.merge(id(2), id(1), by()), service.handle.erase(id(1), by()));
    assert!(merged.is_err() && erased.is_err());
    assert!(!service.handle.health().ready);
}

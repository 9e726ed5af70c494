//! Finding people by what was said, in a running runtime: at once, through merges and their undoing, restarts and erasures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use channel::Inbound;
use engine::{Bot, BotFiles};
use model::{Actor, Address, ContactId, Content, Incoming, IncomingBody, Instant};
use std::{path::Path, sync::Arc};
use store::{MemBlobs, MemStore, Store};
use switchboard_runtime::{Handle, ManualClock, Options, SaidPage, Service, start};

async fn service(store: &MemStore, clock: &ManualClock, folder: &Path, at_rest: bool) -> Service {
    let bot = "name: Book\nchannels:\n  web: { type: web }\n".to_owned();
    let hello = "skill: /start\nblocks:\n  hello:\n    text: Grüße aus dem Laden!\n";
    let files = vec![("bot.yaml".to_owned(), bot), ("skills/start.yaml".to_owned(), hello.to_owned())];
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    let service = start(Options {
        bot: bot.unwrap_or_else(|| panic!("{problems:?}")),
        pinned: Vec::new(),
        store: Arc::new(store.clone()),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(clock.clone()),
        seed: 5,
        outside: None,
        at_rest,
    });
    let service = service.await.unwrap();
    service.handle.said_in(folder);
    service
}

fn clock() -> ManualClock {
    ManualClock::new(Instant::from_secs(1_772_442_000))
}

/// Somebody writes on the web; answers who they are.
async fn says(handle: &Handle, clock: &ManualClock, who: &str, text: &str) -> ContactId {
    clock.advance(1_000_000);
    let address = Address { channel: "web".into(), id: who.into() };
    let incoming =
        Incoming { body: IncomingBody::Message(Content::text(text)), at: handle.now(), profile: Default::default(), client_id: None };
    handle.hub("web").accept(Inbound { address: address.clone(), provider_id: format!("{who} {text}"), incoming }).await.unwrap();
    handle.find(&format!("web:{who}"), 1).await.unwrap().people[0].contact.id
}

async fn page(handle: &Handle, text: &str) -> SaidPage {
    handle.find_said(text, None, 20).await.unwrap()
}

async fn found(handle: &Handle, text: &str) -> Vec<(ContactId, String)> {
    page(handle, text).await.found.iter().map(|said| (said.person.contact.id, said.message.content.text.clone())).collect()
}

fn line(id: ContactId, text: &str) -> (ContactId, String) {
    (id, text.to_owned())
}

#[tokio::test]
async fn the_newest_line_of_each_person_is_found_page_by_page() {
    let (store, clock, dir) = (MemStore::new(), clock(), tempfile::tempdir().unwrap());
    let service = service(&store, &clock, dir.path(), false).await;
    let handle = &service.handle;
    let ana = says(handle, &clock, "ana", "Where is my parcel?").await;
    let ben = says(handle, &clock, "ben", "The parcel came, thanks").await;
    says(handle, &clock, "ana", "PARCEL 4711, please").await;
    assert_eq!(found(handle, "parcel").await, [line(ana, "PARCEL 4711, please"), line(ben, "The parcel came, thanks")]);
    assert_eq!(found(handle, "came parc").await, [line(ben, "The parcel came, thanks")]);
    assert_eq!(found(handle, "grusse laden").await.len(), 2, "what the bot said is found as well");
    assert_eq!((found(handle, "zebra").await, found(handle, " ").await), (vec![], vec![]));
    let first = page(handle, "parcel").await;
    assert!(first.next.is_none());
    let pieces: Vec<_> = first.found[0].excerpt.iter().map(|piece| (piece.text.as_str(), piece.hit)).collect();
    assert_eq!(pieces, [("PARCEL", true), (" 4711, please", false)]);
    // One to a page: Ana, Ben, and Ana's older line.
    let (mut cursor, mut all) = (None, Vec::new());
    loop {
        let page = handle.find_said("parcel", cursor, 1).await.unwrap();
        all.extend(page.found.iter().map(|said| said.message.content.text.clone()));
        cursor = page.next.map(|next| next.to_string().parse().unwrap());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all, ["PARCEL 4711, please", "The parcel came, thanks", "Where is my parcel?"]);
    service.stop().await;
}

#[tokio::test]
async fn a_merge_and_its_undoing_keep_what_was_said() {
    let (store, clock, dir) = (MemStore::new(), clock(), tempfile::tempdir().unwrap());
    let service = service(&store, &clock, dir.path(), false).await;
    let handle = &service.handle;
    let ana = says(handle, &clock, "ana", "red boots").await;
    let other = says(handle, &clock, "other", "green hat").await;
    assert_eq!(found(handle, "green").await, [line(other, "green hat")]);
    let merge = handle.merge(ana, other, Actor::Api("test".into())).await.unwrap();
    assert_eq!(found(handle, "green").await, [line(ana, "green hat")]);
    says(handle, &clock, "other", "blue scarf").await;
    assert_eq!(found(handle, "blue").await, [line(ana, "blue scarf")]);
    handle.undo_merge(merge, Actor::Api("test".into())).await.unwrap();
    assert_eq!(found(handle, "green").await, [line(other, "green hat")]);
    assert_eq!(found(handle, "blue").await, [line(other, "blue scarf")], "it was said on the other's address");
    assert_eq!(found(handle, "red").await, [line(ana, "red boots")]);
    // Lines that went home are not taken for ones that are kept no longer.
    handle.compact().await.unwrap();
    assert_eq!(found(handle, "green").await, [line(other, "green hat")]);
    assert_eq!(found(handle, "blue").await, [line(other, "blue scarf")]);
    // Nor those of one who was given them once, when the two are one again.
    let chat = store.person(other).unwrap().unwrap().conversations[0].id;
    let said = store.transcript(other, chat, 0, 99).unwrap();
    handle.merge(ana, other, Actor::Api("test".into())).await.unwrap();
    handle.compact().await.unwrap();
    assert_eq!(found(handle, "green").await, [line(ana, "green hat")]);
    assert_eq!(found(handle, "blue").await, [line(ana, "blue scarf")]);
    assert_eq!(store.transcript(ana, chat, 0, 99).unwrap(), said);
    service.stop().await;
}

#[tokio::test]
async fn a_restart_finds_the_same_and_a_crash_misses_nothing() {
    let (store, clock, dir) = (MemStore::new(), clock(), tempfile::tempdir().unwrap());
    let first = service(&store, &clock, dir.path(), false).await;
    let ana = says(&first.handle, &clock, "ana", "Where is my parcel?").await;
    assert_eq!(found(&first.handle, "parcel").await.len(), 1);
    first.stop().await;
    let again = store.crash();
    // A tool that looks at the folder of a stopped server.
    let rest = service(&again, &clock, dir.path(), true).await;
    assert!(page(&rest.handle, "parcel").await.whole);
    rest.stop().await;
    let store = again.crash();
    let second = service(&store, &clock, dir.path(), false).await;
    says(&second.handle, &clock, "ana", "It is lost, I think").await;
    assert_eq!(found(&second.handle, "lost").await.len(), 1);
    // The process dies without a word: what was in memory is read from the store.
    let store = store.crash();
    drop(second);
    let third = service(&store, &clock, dir.path(), true).await;
    assert_eq!(found(&third.handle, "lost think").await, [line(ana, "It is lost, I think")]);
    assert_eq!(found(&third.handle, "parcel").await.len(), 1);
    third.stop().await;
}

#[tokio::test]
async fn who_is_erased_is_not_found_and_leaves_no_byte() {
    let (store, clock, dir) = (MemStore::new(), clock(), tempfile::tempdir().unwrap());
    let holds = |needle: &[u8]| {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    let first = service(&store, &clock, dir.path(), false).await;
    let ana = says(&first.handle, &clock, "ana", "kw8vrz2mlq5xnd7t").await;
    let ben = says(&first.handle, &clock, "ben", "jt3ngb9whs6cyf1r").await;
    first.stop().await;
    assert!(holds(b"kw8vrz2mlq5xnd7t"), "it is on disk in plain bytes, so that the test can fail");
    let store = store.crash();
    let second = service(&store, &clock, dir.path(), false).await;
    second.handle.erase(ana, Actor::Api("test".into())).await.unwrap();
    assert_eq!(found(&second.handle, "kw8vrz2mlq5xnd7t").await, []);
    assert_eq!(found(&second.handle, "jt3ngb9whs6cyf1r").await.len(), 1);
    second.handle.compact().await.unwrap();
    assert!(!holds(b"kw8vrz2mlq5xnd7t") && !holds(&ana.to_bytes()));
    assert_eq!(found(&second.handle, "jt3ngb9whs6cyf1r").await, [line(ben, "jt3ngb9whs6cyf1r")]);
    assert!(store.person(ana).unwrap().is_none());
    second.stop().await;
}

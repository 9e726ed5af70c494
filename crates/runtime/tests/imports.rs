//! How an import begins and goes on: once however many ask at once, where it was after it failed, anew after a check that was stopped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{Actor, Change, ContactId, IdentifierKind, Instant};
use std::sync::Arc;
use store::{MemBlobs, MemStore};
use switchboard_runtime::{Handle, Import, ImportError, ImportState, ManualClock, Options, Service, start};

const ROWS: usize = 400;

async fn over(handle: &Handle, id: &str) -> Import {
    loop {
        let import = handle.import(id).await.unwrap();
        if !import.state.is_under_way() {
            return import;
        }
        tokio::task::yield_now().await;
    }
}

/// The one that began; the other one was refused for the state of the import.
fn one_of(both: (Result<Import, ImportError>, Result<Import, ImportError>)) {
    match both {
        (Ok(_), Err(ImportError::State(_))) | (Err(ImportError::State(_)), Ok(_)) => {}
        both => panic!("one has it and the other is told so: {both:?}"),
    }
}

#[tokio::test]
async fn one_import_begins_once_however_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path()).await;
    let handle = service.handle.clone();
    let rows: String = (0..ROWS).map(|n| format!("Ana {n},ana{n}@example.com\n")).collect();
    let id = uploaded(&handle, "people.csv", &format!("first_name,email\n{rows}")).await;
    let by = || Actor::Api("shop".into());

    // A refusal leaves nothing behind: it can be asked for again.
    let nowhere = crm::import::Options { list: Some("nowhere".into()), ..Default::default() };
    for _ in 0..2 {
        assert!(matches!(handle.run_import(&id, nowhere.clone()).await, Err(ImportError::Invalid(_))));
    }
    let options = crm::import::Options { again: true, ..Default::default() };
    one_of(tokio::join!(handle.check_import(&id, options.clone()), handle.check_import(&id, options.clone())));
    assert_eq!(over(&handle, &id).await.state, ImportState::Checked);
    one_of(tokio::join!(handle.run_import(&id, options.clone()), handle.run_import(&id, options)));
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, done.counts.created, done.counts.rows()), (&ImportState::Done, ROWS as u64, ROWS as u64));
    one_of(tokio::join!(handle.undo_import(&id, by()), handle.undo_import(&id, by())));
    assert_eq!(over(&handle, &id).await.state, ImportState::Undone);
    assert!(handle.people(None, 1).await.unwrap().is_empty());
    handle.forget_import(&id).await.unwrap();
    service.stop().await;
}

/// A server whose imports are in this folder.
async fn opened(folder: &std::path::Path) -> Service {
    opened_with(folder, MemStore::new()).await
}

async fn opened_with(folder: &std::path::Path, store: MemStore) -> Service {
    let service = start(options(store, false)).await.unwrap();
    service.handle.imports_in(folder).await.unwrap();
    service
}

/// A stopped server's data.
async fn at_rest(store: MemStore) -> Service {
    start(options(store, true)).await.unwrap()
}

fn options(store: MemStore, at_rest: bool) -> Options {
    Options {
        bot: world::bot_files(&[]),
        pinned: Vec::new(),
        store: Arc::new(store),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_767_312_000))),
        seed: 5,
        outside: None,
        at_rest,
    }
}

async fn uploaded(handle: &Handle, name: &str, text: &str) -> String {
    let mut upload = handle.upload(name).unwrap();
    upload.write(text.as_bytes()).unwrap();
    handle.uploaded(upload, Actor::System).await.unwrap().id
}

/// A folder of an import with a file.
fn put_down(folder: &std::path::Path, id: &str) -> std::path::PathBuf {
    let file = folder.join(id).join("file");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "email\nana@example.com\n").unwrap();
    file
}

#[tokio::test]
async fn a_start_takes_away_what_belongs_to_no_import_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened_with(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    let known = uploaded(&handle, "people.csv", "email\nana@example.com\n").await;
    let undone = uploaded(&handle, "people.csv", "email\nbea@example.com\n").await;
    // As earlier releases left one that was taken back.
    let mut left = handle.import(&undone).await.unwrap();
    (left.state, left.has_file) = (ImportState::Undone, true);
    handle.put_record("imports", &undone, Some(serde_json::to_value(&left).unwrap())).await.unwrap();
    handle.put_record("imports", "imp_odd", Some(serde_json::json!({ "id": "imp_odd", "state": "unheard of" }))).await.unwrap();
    service.stop().await;
    let file = |id: &str| folder.path().join(id).join("file");
    let (odd, broken_off) = (put_down(folder.path(), "imp_odd"), put_down(folder.path(), "imp_gone"));

    // A command that only asks touches nothing.
    let service = at_rest(store.crash()).await;
    service.handle.import_files_in(folder.path()).unwrap();
    service.stop().await;
    assert!(file(&known).exists() && file(&undone).exists() && odd.exists() && broken_off.exists());

    let service = opened_with(folder.path(), store.crash()).await;
    assert!(file(&known).exists(), "nobody has done anything with it");
    assert!(odd.parent().unwrap().exists(), "its record is there, whoever can read it");
    assert!(!file(&undone).exists() && !service.handle.import(&undone).await.unwrap().has_file, "it has served");
    assert!(!broken_off.parent().unwrap().exists(), "its upload never ended");
    service.stop().await;
}

#[tokio::test]
async fn what_failed_part_of_the_way_goes_on_and_does_no_row_twice() {
    let folder = tempfile::tempdir().unwrap();
    let service = opened(folder.path()).await;
    let handle = service.handle.clone();
    let person = |n: usize| format!("{{\"first_name\":\"Ana {n}\",\"email\":\"ana{n}@example.com\"}}\n");
    let people = |from: usize, to: usize| (from..to).map(person).collect::<String>();
    // A line that no file of people has: reading cannot go on behind it.
    let keys: Vec<String> = (0..=crm::import::COLUMNS).map(|n| format!("\"k{n}\":1")).collect();
    let broken = format!("{}{{{}}}\n{}", people(0, ROWS), keys.join(","), people(ROWS + 1, ROWS + 11));
    let id = uploaded(&handle, "people.jsonl", &broken).await;
    let options = crm::import::Options { tags: vec!["fair".into()], ..Default::default() };
    handle.run_import(&id, options.clone()).await.unwrap();
    let failed = over(&handle, &id).await;
    assert!(matches!(failed.state, ImportState::Failed(_)), "{failed:?}");
    assert_eq!((failed.row, failed.counts.created), (ROWS as u64, ROWS as u64));

    // Other options would do the first rows differently from the rest, and a check would count what is done.
    assert!(matches!(handle.run_import(&id, crm::import::Options::default()).await, Err(ImportError::State(_))));
    assert!(matches!(handle.check_import(&id, options.clone()).await, Err(ImportError::State(_))));
    std::fs::write(folder.path().join(&id).join("file"), people(0, ROWS + 11)).unwrap();
    handle.run_import(&id, options).await.unwrap();
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, done.counts.created, done.counts.rows()), (&ImportState::Done, ROWS as u64 + 11, ROWS as u64 + 11));
    assert_eq!(handle.people(None, 2 * ROWS).await.unwrap().len(), ROWS + 11);
    service.stop().await;
}

#[tokio::test]
async fn a_check_that_was_stopped_is_no_beginning_of_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemStore::new();
    let service = opened_with(folder.path(), store.clone()).await;
    let handle = service.handle.clone();
    // Somebody in the middle of the file is there already: it stands still where they are looked up.
    let known = ContactId(7 << 80);
    let email = Change::AddIdentifier(IdentifierKind::Email, format!("ana{}@example.com", ROWS / 2));
    handle.create_contact(known, "api", vec![email], Actor::System).await.unwrap();
    let held = store.hold_reads(known);
    let rows: String = (0..ROWS).map(|n| format!("Ana {n},ana{n}@example.com\n")).collect();
    let id = uploaded(&handle, "people.csv", &format!("first_name,email\n{rows}")).await;
    let options = crm::import::Options::default();
    handle.check_import(&id, options.clone()).await.unwrap();
    while held.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    handle.stop_import(&id).await.unwrap();
    drop(held);
    let stopped = over(&handle, &id).await;
    assert_eq!((&stopped.state, stopped.dry), (&ImportState::Stopped, true));
    assert!((1..ROWS as u64).contains(&stopped.row), "some rows were looked at: {stopped:?}");

    let nothing = handle.undo_import(&id, Actor::System).await;
    assert!(matches!(nothing, Err(ImportError::State(_))), "it changed nothing: {nothing:?}");
    let begun = handle.run_import(&id, options).await.unwrap();
    assert_eq!((begun.row, begun.counts.rows(), begun.dry), (0, 0, false), "it begins at its first row");
    let done = over(&handle, &id).await;
    assert_eq!((&done.state, done.counts.created, done.counts.rows()), (&ImportState::Done, ROWS as u64 - 1, ROWS as u64));
    service.stop().await;
}

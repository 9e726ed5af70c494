//! An import that is begun twice at once: one has it, the other is told so, and its record is of one of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use model::{Actor, Instant};
use std::sync::Arc;
use store::{MemBlobs, MemStore};
use switchboard_runtime::{Handle, Import, ImportError, ImportState, ManualClock, Options, start};

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
    let service = start(Options {
        bot: world::bot_files(&[]),
        pinned: Vec::new(),
        store: Arc::new(MemStore::new()),
        blobs: Arc::new(MemBlobs::new()),
        channels: Vec::new(),
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_767_312_000))),
        seed: 5,
        outside: None,
        at_rest: false,
    });
    let service = service.await.unwrap();
    let handle = service.handle.clone();
    handle.imports_in(folder.path()).await.unwrap();
    let mut upload = handle.upload("people.csv").unwrap();
    let rows: String = (0..ROWS).map(|n| format!("Ana {n},ana{n}@example.com\n")).collect();
    upload.write(format!("first_name,email\n{rows}").as_bytes()).unwrap();
    let id = handle.uploaded(upload, Actor::System).await.unwrap().id;
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
    assert!(handle.people(None, 1).await.is_empty());
    handle.forget_import(&id).await.unwrap();
    service.stop().await;
}

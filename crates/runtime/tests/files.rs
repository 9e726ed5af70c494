//! Files of messages: one that is about to be named stays, and what nobody names goes after its time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{AcceptError, Hub};
use model::{BlobId, Instant};
use serde_json::json;
use std::sync::Arc;
use store::{Blobs, Fault, MemBlobs, MemStore, Store};
use switchboard_runtime::{Handle, ManualClock, Options, Service, privacy::UPLOADS_OF_AGENTS, start};
use world::{SECOND, address, served};

const DAY: i64 = 86_400 * SECOND;

struct Stage {
    service: Service,
    store: MemStore,
    blobs: MemBlobs,
    clock: ManualClock,
}

async fn stage() -> Stage {
    stage_with(&[]).await
}

async fn stage_with(files: &[(&str, &str)]) -> Stage {
    let (store, blobs) = (MemStore::new(), MemBlobs::new());
    let clock = ManualClock::new(Instant::from_secs(1_767_312_000));
    let channels = vec![served::fetched("web")];
    let service = start(Options { blobs: Arc::new(blobs.clone()), ..served::options(world::bot_files(files), &store, &clock, channels) });
    Stage { service: service.await.unwrap(), store, blobs, clock }
}

impl Stage {
    fn handle(&self) -> &Handle {
        &self.service.handle
    }

    fn hub(&self) -> Arc<dyn Hub> {
        self.handle().hub("web")
    }

    /// Others had the same file, and have it no more.
    async fn noted(&self, file: &BlobId) {
        self.handle().put_record("retention_files", &file.0, Some(true.into())).await.unwrap();
    }

    /// Lets time pass until a sweep that began after now, and what follows it, is over.
    async fn sweep(&self) {
        let since = self.handle().now();
        let over = async |is_over: &dyn Fn(&switchboard_runtime::retention::Report) -> bool| {
            while !is_over(&self.handle().retention().await) {
                self.clock.advance(SECOND);
                tokio::task::yield_now().await;
            }
        };
        over(&|report| report.last.is_some_and(|last| last >= since)).await;
        over(&|report| !report.pending).await;
    }
}

#[tokio::test]
async fn what_was_put_down_and_never_sent_goes_after_a_day() {
    let stage = stage().await;
    let ana = address("web", "v_0a");
    let [never, sent, young] = ["never", "sent", "young"].map(|text| stage.blobs.put(text.as_bytes()).unwrap());
    let row = |file: &BlobId| format!("upload/v_0a/{}-00000000", file.0);
    let put_down = async |file: &BlobId| {
        let record = json!({ "name": "a.pdf", "at": stage.handle().now() });
        stage.hub().put_record(&row(file), Some(record)).await.unwrap();
    };
    put_down(&never).await;
    put_down(&sent).await;
    stage.hub().put_record("visit/v_0a", Some(json!({ "times": 1 }))).await.unwrap();
    stage.hub().accept(served::message(&ana, "1", "here", Some(&sent))).await.unwrap();
    stage.sweep().await;
    assert!(stage.blobs.exists(&never) && stage.hub().record(&row(&never)).await.is_some(), "a day is not over");

    stage.clock.advance(DAY);
    put_down(&young).await;
    stage.sweep().await;
    assert!(!stage.blobs.exists(&never), "nobody can name it any more");
    assert!(stage.blobs.exists(&sent), "a message has it");
    assert!(stage.blobs.exists(&young));
    for (file, is_known) in [(&never, false), (&sent, false), (&young, true)] {
        assert_eq!(stage.hub().record(&row(file)).await.is_some(), is_known);
    }
    assert!(stage.store.records("retention_files").unwrap().is_empty(), "all of it is done");
    assert!(stage.hub().record("visit/v_0a").await.is_some(), "what else a channel remembers is nobody's upload");
    stage.hub().accept(served::message(&ana, "2", "and this", Some(&young))).await.unwrap();
    stage.clock.advance(8 * DAY);
    stage.sweep().await;
    assert!(stage.blobs.exists(&young) && stage.hub().record(&row(&young)).await.is_none());
    stage.service.stop().await;
}

const FOREVER: &str = "name: World\nchannels:\n  web: { type: web }\ngroups:\n  support: {}\n\
                       retention: { messages: forever, journey: forever, events: forever }\n";

#[tokio::test]
async fn that_a_file_was_put_down_is_forgotten_without_a_compaction_if_a_message_has_it() {
    let stage = stage_with(&[("bot.yaml", FOREVER)]).await;
    let ana = address("web", "v_0a");
    let [hers, theirs] = ["hers", "theirs"].map(|text| stage.blobs.put(text.as_bytes()).unwrap());
    for (id, file) in [("1", &hers), ("2", &theirs)] {
        stage.hub().accept(served::message(&ana, id, "here", Some(file))).await.unwrap();
        stage.hub().settled(&ana, 60_000).await;
    }
    let id = stage.store.person_at(&ana).unwrap().unwrap();
    let conversation = stage.store.person(id).unwrap().unwrap().conversations[0].id;
    let (visitors, agents) = (format!("upload/v_0a/{}-00000000", hers.0), format!("{conversation}/{}", theirs.0));
    stage.hub().put_record(&visitors, Some(json!({ "name": "a.pdf", "at": stage.handle().now() }))).await.unwrap();
    stage.handle().put_upload(&agents, json!({ "contact": id, "at": stage.handle().now() })).await.unwrap();
    stage.clock.advance(DAY);
    stage.sweep().await;
    assert!(stage.hub().record(&visitors).await.is_none());
    assert!(stage.handle().record(UPLOADS_OF_AGENTS, &agents).await.is_none());
    assert!(stage.store.records("retention_files").unwrap().is_empty());
    assert_eq!(stage.handle().retention().await.compacted, None, "nothing went");
    assert!(stage.blobs.exists(&hers) && stage.blobs.exists(&theirs));
    stage.service.stop().await;
}

#[tokio::test]
async fn what_is_put_down_again_while_it_is_forgotten_is_known() {
    let stage = stage_with(&[("bot.yaml", FOREVER)]).await;
    let file = stage.blobs.put(b"hers").unwrap();
    let row = format!("upload/v_0a/{}-00000000", file.0);
    let put_down = |at: Instant| {
        let (hub, row) = (stage.hub(), row.clone());
        async move { hub.put_record(&row, Some(json!({ "name": "a.pdf", "at": at }))).await.unwrap() }
    };
    put_down(stage.handle().now().plus_micros(-DAY)).await;
    stage.store.order(Fault::Hold);
    let again = tokio::spawn(put_down(stage.handle().now()));
    while stage.store.held() == 0 {
        tokio::task::yield_now().await;
    }
    // The sweep begins, and finds the old one.
    for _ in 0..60 {
        stage.clock.advance(SECOND);
        for _ in 0..500 {
            tokio::task::yield_now().await;
        }
    }
    stage.store.release_all();
    again.await.unwrap();
    while stage.handle().retention().await.last.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(stage.hub().record(&row).await.is_some() && stage.blobs.exists(&file));
    stage.service.stop().await;
}

#[tokio::test]
async fn a_file_stays_though_whoever_sent_it_left_before_that_was_durable() {
    let stage = stage().await;
    let ana = address("web", "ana");
    let file = stage.blobs.put(b"hers").unwrap();
    stage.noted(&file).await;
    // What is held from now on is her message, and nothing that a start writes down.
    loop {
        stage.store.order(Fault::Hold);
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        if stage.store.held() == 0 {
            break;
        }
        stage.store.release_all();
    }
    {
        let hub = stage.hub();
        let mut accepting = Box::pin(hub.accept(served::message(&ana, "1", "hi", Some(&file))));
        while stage.store.held() == 0 {
            assert!(futures::poll!(accepting.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    let handle = stage.handle().clone();
    let compacting = tokio::spawn(async move { handle.compact().await });
    for _ in 0..20_000 {
        assert!(stage.blobs.exists(&file), "its message is on its way");
        tokio::task::yield_now().await;
    }
    stage.store.release_all();
    compacting.await.unwrap().unwrap();
    assert!(stage.blobs.exists(&file));
    assert_eq!(stage.hub().transcript(&ana, 0, 1).await.len(), 1);
    stage.service.stop().await;
}

#[tokio::test]
async fn a_message_whose_file_went_comes_again_with_it() {
    let stage = stage().await;
    let ana = address("web", "ana");
    let file = stage.blobs.put(b"hers").unwrap();
    stage.noted(&file).await;
    stage.handle().compact().await.unwrap();
    assert!(!stage.blobs.exists(&file), "nothing named it yet");
    let message = || served::message(&ana, "1", "hi", Some(&file));
    assert!(matches!(stage.hub().accept(message()).await, Err(AcceptError::Unavailable)));
    assert!(stage.store.person_at(&ana).unwrap().is_none(), "nothing was taken that would lack its file");
    // Whoever brought it brings it again.
    assert_eq!(stage.blobs.put(b"hers").unwrap(), file);
    stage.hub().accept(message()).await.unwrap();
    stage.noted(&file).await;
    stage.handle().compact().await.unwrap();
    assert!(stage.blobs.exists(&file));
    stage.service.stop().await;
}

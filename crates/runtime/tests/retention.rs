//! What is older than the bot says goes by itself, in the background, once a day; what is not stays with its number and place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::Hub;
use model::{Address, BlobId, Instant, JourneyFilter, TranscriptEntry};
use std::sync::Arc;
use store::{Blobs, MemBlobs, MemStore, Store};
use switchboard_runtime::{Expect, Handle, ManualClock, Options, Service, start};
use world::{SECOND, address, served};

const DAY: i64 = 86_400 * SECOND;
/// The second of January 2026.
const BEGINNING: i64 = 1_767_312_000;

struct Stage {
    service: Service,
    clock: ManualClock,
    blobs: MemBlobs,
}

async fn stage(store: &MemStore, clock: ManualClock, blobs: &MemBlobs, more: &[(&str, &str)]) -> Stage {
    let channels = vec![served::fetched("web")];
    let service = start(Options { blobs: Arc::new(blobs.clone()), ..served::options(world::bot_files(more), store, &clock, channels) });
    Stage { service: service.await.unwrap(), clock, blobs: blobs.clone() }
}

fn clock() -> ManualClock {
    ManualClock::new(Instant::from_secs(BEGINNING))
}

impl Stage {
    fn handle(&self) -> &Handle {
        &self.service.handle
    }

    fn hub(&self) -> Arc<dyn Hub> {
        self.handle().hub("web")
    }

    /// Says something and waits for what comes of it.
    async fn say(&self, at: &Address, id: &str, text: &str, file: Option<&BlobId>) {
        self.hub().accept(served::message(at, id, text, file)).await.unwrap();
        self.hub().settled(at, 60_000).await;
    }

    /// Lets time pass until a sweep that began after now is over.
    async fn sweep(&self) {
        let since = self.clock_now();
        while self.handle().retention().await.last.is_none_or(|last| last < since) {
            self.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    }

    fn clock_now(&self) -> Instant {
        self.handle().now()
    }
}

fn numbers(lines: &[TranscriptEntry]) -> Vec<u64> {
    lines.iter().map(TranscriptEntry::no).collect()
}

#[tokio::test]
async fn old_messages_and_their_files_go_and_new_ones_keep_their_numbers() {
    let (store, blobs) = (MemStore::new(), MemBlobs::new());
    let stage = stage(&store, clock(), &blobs, &[]).await;
    let (ana, ben) = (address("web", "ana"), address("web", "ben"));
    let (hers, shared) = (blobs.put(b"hers").unwrap(), blobs.put(b"both").unwrap());
    let upload = format!("upload/ana/{}", hers.0);
    stage.hub().put_record(&upload, Some(serde_json::json!({ "size": 4 }))).await.unwrap();
    stage.say(&ana, "1", "hi", Some(&hers)).await;
    stage.say(&ana, "2", "this one", Some(&shared)).await;
    stage.clock.advance(500 * DAY);
    stage.say(&ben, "1", "mine as well", Some(&shared)).await;
    stage.say(&ana, "3", "tag", None).await;
    let (id, before) = (store.person_at(&ana).unwrap().unwrap(), numbers(&stage.hub().transcript(&ana, 0, 100).await));
    let steps = stage.handle().newest_journey(id, 0, 1_000).await.unwrap();
    stage.sweep().await;
    assert!(stage.handle().retention().await.then.is_nothing(), "two years are not over");
    // That she put her file down was forgotten, and the disk is rid of it before time goes on.
    while stage.handle().retention().await.pending {
        tokio::task::yield_now().await;
    }
    assert!(stage.hub().record(&upload).await.is_none() && stage.blobs.exists(&hers), "her message has it");
    assert_eq!(numbers(&stage.hub().transcript(&ana, 0, 100).await), before);

    stage.clock.advance(300 * DAY);
    stage.sweep().await;
    let report = stage.handle().retention().await;
    let after = numbers(&stage.hub().transcript(&ana, 0, 100).await);
    assert_eq!(after, before[before.len() - after.len()..], "a beginning went");
    assert!(!after.is_empty() && after[0] > 2, "{after:?} of {before:?}");
    assert_eq!(report.then.messages, (before.len() - after.len()) as u64);
    assert_eq!(stage.hub().transcript(&ana, after[0] - 1, 1).await.len(), 1, "a cursor from before answers what comes after it");
    let kept = stage.handle().journey(id, JourneyFilter::default(), None, 1_000).await.unwrap();
    assert_eq!(kept.entries, steps[..kept.entries.len()], "of the journey as well");
    assert_eq!(kept.forgotten, (steps.len() - kept.entries.len()) as u64);
    assert_eq!((kept.forgotten, kept.next), (report.then.journey, None));
    let person = stage.handle().person(id).await.unwrap().unwrap();
    assert_eq!(stage.handle().forgotten_lines(&person, person.conversations[0].id).await.unwrap(), report.then.messages);
    assert_eq!(person.contact.system.get("message_count"), Some(&model::Value::Number(3.into())), "counters do not change");

    // With the compaction, which the end of the sweep asks for.
    while stage.handle().retention().await.pending {
        tokio::task::yield_now().await;
    }
    assert!(!stage.blobs.exists(&hers), "her file went with its message");
    assert!(stage.blobs.exists(&shared), "the other one is in his");
    assert_eq!((stage.hub().record(&upload).await, stage.handle().retention().await.files), (None, 1));
    assert!(store.records("retention_files").unwrap().is_empty());
    stage.say(&ana, "4", "still here?", None).await;
    assert_eq!(stage.hub().transcript(&ana, *before.last().unwrap(), 1).await[0].no(), before.last().unwrap() + 1);
    stage.service.stop().await;
}

#[tokio::test]
async fn a_store_that_holds_little_that_lives_is_compacted_by_the_sweep() {
    let store = MemStore::new();
    let stage = stage(&store, clock(), &MemBlobs::new(), &[]).await;
    let lived = || store.record("retention", "lived").unwrap();
    store.weigh(4 << 30);
    stage.sweep().await;
    assert_eq!(lived(), None);
    store.weigh((4 << 30) + 1);
    stage.clock.advance(DAY);
    stage.sweep().await;
    while lived().is_none() {
        tokio::task::yield_now().await;
    }
    stage.service.stop().await;
}

#[tokio::test]
async fn nothing_goes_where_it_is_kept_for_ever_and_events_stay_for_segments_of_the_api() {
    let (store, blobs) = (MemStore::new(), MemBlobs::new());
    let forever = "name: World\nchannels:\n  web: { type: web }\ngroups:\n  support: {}\nretention: { messages: forever, journey: forever, events: 30 days }\n";
    let stage = stage(&store, clock(), &blobs, &[("bot.yaml", forever)]).await;
    let ana = address("web", "ana");
    stage.say(&ana, "1", "hi", None).await;
    let id = store.person_at(&ana).unwrap().unwrap();
    let (handle, lines) = (stage.handle().clone(), numbers(&stage.hub().transcript(&ana, 0, 100).await));
    for _ in 0..3 {
        handle.raise(id, "visit", Default::default(), model::Actor::System).await.unwrap();
    }
    let segment = |rule: &str| engine::StoredSegment {
        key: "often".into(),
        name: "often".into(),
        description: None,
        condition: Some(rule.into()),
        exclude: Vec::new(),
        verified: false,
    };
    let by = model::Actor::Api("shop".into());
    handle.put_segment(segment("count(visit) >= 3"), &Expect::Absent, by).await.unwrap();
    stage.clock.advance(3_000 * DAY);
    stage.sweep().await;
    assert_eq!(handle.events(id, 0, 10).await.unwrap().len(), 3, "the segment looks at all of them");
    assert_eq!(handle.retention().await.events_kept_for, ["often"]);

    handle.delete_segment("often", &Expect::Anything).await.unwrap();
    stage.clock.advance(2 * DAY);
    stage.sweep().await;
    let report = handle.retention().await;
    assert_eq!((report.then.events, report.then.messages, report.then.journey), (3, 0, 0));
    assert!(handle.events(id, 0, 10).await.unwrap().is_empty() && report.events_kept_for.is_empty());
    assert_eq!(numbers(&stage.hub().transcript(&ana, 0, 100).await), lines);
    let (condition, _) = handle.bot().read_condition(&serde_json::json!("count(visit) >= 1")).unwrap();
    assert_eq!(handle.preview(&condition, 1).await.unwrap().count, 0, "what is counted in memory is what is kept");
    stage.service.stop().await;
}

#[tokio::test]
async fn a_sweep_goes_on_where_a_crash_left_it() {
    let (mut store, blobs, clock) = (MemStore::new(), MemBlobs::new(), clock());
    let mut stage = stage(&store, clock.clone(), &blobs, &[]).await;
    let people: Vec<Address> = (0..150).map(|n| address("web", &format!("v{n}"))).collect();
    for at in &people {
        stage.say(at, "1", "hi", None).await;
    }
    clock.advance(900 * DAY);
    let mut crashes = 0;
    loop {
        let report = stage.handle().retention().await;
        if report.last.is_some_and(|last| last > Instant::from_secs(BEGINNING).plus_micros(800 * DAY)) {
            break;
        }
        // Somewhere on the way, three times.
        if report.now.contacts > 40 * (crashes + 1) && crashes < 3 {
            crashes += 1;
            store = store.crash();
            stage = self::stage(&store, clock.clone(), &blobs, &[]).await;
        }
        clock.advance(SECOND / 10);
        tokio::task::yield_now().await;
    }
    assert_eq!(crashes, 3);
    for at in &people {
        assert!(stage.hub().transcript(at, 0, 10).await.is_empty(), "nobody was left out");
    }
    stage.service.stop().await;
}

#[tokio::test]
async fn whoever_has_the_store_compacted_what_was_removed_is_on_the_disk_no_more() {
    let (store, blobs) = (MemStore::new(), MemBlobs::new());
    let stage = stage(&store, clock(), &blobs, &[]).await;
    stage.say(&address("web", "ana"), "1", "hi", None).await;
    stage.clock.advance(2 * DAY);
    stage.say(&address("web", "ben"), "1", "hi", None).await;
    stage.clock.advance(729 * DAY);
    stage.sweep().await;
    assert_eq!(stage.handle().retention().await.then.contacts, 1);
    while stage.handle().retention().await.pending {
        tokio::task::yield_now().await;
    }
    // A second time within a week nothing compacts by itself.
    stage.clock.advance(2 * DAY);
    stage.sweep().await;
    let report = stage.handle().retention().await;
    assert_eq!((report.then.contacts, report.pending), (1, true));
    stage.handle().compact().await.unwrap();
    assert!(!stage.handle().retention().await.pending);
    stage.service.stop().await;
}

//! What a program was told is done has been done, whatever becomes of the flows that it begins.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{bot_files, served::options};

use model::{Actor, Instant, JourneyKind, Record};
use store::MemStore;
use switchboard_runtime::{ManualClock, Told, start};

const BOUGHT: &str = "skill: bought\ncatch: [{ event: purchase }]\nblocks:\n  rest: { wait_for: 7d }\n  tag: { add_tag: thanked }\n";

#[tokio::test]
async fn every_event_that_was_answered_is_recorded_though_no_more_runs_may_rest() {
    let files = [("skills/bought.yaml", BOUGHT), ("segments.yaml", "many: { where: count(purchase) = 33 }\n")];
    let (store, clock) = (MemStore::new(), ManualClock::new(Instant::from_secs(1_772_442_000)));
    let service = start(options(bot_files(&files), &store, &clock, Vec::new())).await.unwrap();
    let (handle, by) = (&service.handle, Actor::Api("shop".into()));
    let id = handle.new_contact_id();
    handle.create_contact(id, "api", Vec::new(), by.clone()).await.unwrap();
    let purchase = |n: usize| Told { name: "purchase".into(), fields: Record::new(), at: None, once: Some(format!("order {n}")) };
    // Each is told twice: the second telling of the one that broke a step is as harmless as the others'.
    for n in (0..33).flat_map(|n| [n, n]) {
        let told = handle.raise_all(id, vec![purchase(n)], &by).await;
        assert!(told.iter().all(Result::is_ok), "{n}: {told:?}");
    }
    let journey = handle.newest_journey(id, 0, 1_000).await.unwrap();
    assert!(journey.iter().any(|line| matches!(&line.what, JourneyKind::Error(why) if why.contains("runs rest"))), "{journey:?}");
    let events = handle.events(id, 0, usize::MAX).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.name == "purchase").count(), 33);
    assert!(handle.is_member(id, "many"));
    service.stop().await;
}

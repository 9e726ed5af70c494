//! How many were in a segment over time: what is noted, when, and of which segment.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use engine::StoredSegment;
use model::{Actor, Change, Instant};
use store::{MemStore, Store};
use switchboard_runtime::{Expect, ManualClock, start};
use world::{HOUR, MINUTE, SECOND, World, address, bot_files, served::options};

const DAY: i64 = 24 * HOUR;
const SEEN: &str = "seen: { where: has tag seen }\n";

fn world(seed: u64, segments: &str) -> World {
    World::with(seed, bot_files(&[("segments.yaml", segments)]))
}

/// Somebody comes, and is in "seen".
fn tagged(world: &mut World, who: &str) {
    world.arrive(&address("push", who), "1", "tag");
    world.deliver();
}

/// What is noted of a segment, oldest first, and how long after an instant.
fn noted(world: &World, key: &str, since: Instant) -> Vec<(i64, u64)> {
    let rows = world.store.records("segment_sizes").unwrap();
    let of = rows.into_iter().filter(|(row, _)| row.rsplit_once('/').unwrap().0 == key);
    let mut sizes: Vec<(Instant, u64)> = of.flat_map(|(_, sizes)| serde_json::from_value::<Vec<_>>(sizes).unwrap()).collect();
    sizes.sort();
    sizes.into_iter().map(|(at, size)| (at.micros_since(since), size)).collect()
}

#[test]
fn the_last_change_is_noted_though_nothing_happens_any_more() {
    let mut world = world(1, SEEN);
    let start = world.now;
    assert_eq!(noted(&world, "seen", start), [(0, 0)]);
    tagged(&mut world, "ana");
    world.pass(5 * MINUTE);
    tagged(&mut world, "bob");
    world.pass(5 * MINUTE - 1);
    assert_eq!(noted(&world, "seen", start), [(0, 0)], "not more often than every ten minutes");
    world.pass(1);
    assert_eq!(noted(&world, "seen", start), [(0, 0), (10 * MINUTE, 2)]);
    world.pass(HOUR);
    let commits = world.commits;
    world.pass(3 * DAY);
    assert_eq!(world.commits, commits, "nothing is written while nothing changes");
    // What comes after a quiet time is noted with the clock.
    let quiet = world.now.micros_since(start);
    tagged(&mut world, "cem");
    world.pass(HOUR);
    assert_eq!(noted(&world, "seen", start), [(0, 0), (10 * MINUTE, 2), (quiet + 10 * SECOND, 3)]);
}

#[test]
fn what_was_not_noted_before_a_restart_is_noted_after_it_and_nothing_twice() {
    let mut world = world(2, SEEN);
    let start = world.now;
    tagged(&mut world, "ana");
    world.pass(MINUTE);
    world.crash();
    world.pass(9 * MINUTE - 1);
    assert_eq!(noted(&world, "seen", start), [(0, 0)], "the ten minutes go on");
    world.pass(1);
    assert_eq!(noted(&world, "seen", start), [(0, 0), (10 * MINUTE, 1)]);
    for _ in 0..3 {
        world.crash();
        world.pass(HOUR);
    }
    assert_eq!(noted(&world, "seen", start), [(0, 0), (10 * MINUTE, 1)]);
}

#[test]
fn what_time_changed_while_nothing_ran_is_noted_at_the_start() {
    let mut world = world(3, "recent: { where: last_seen within 7 days }\n");
    let start = world.now;
    tagged(&mut world, "ana");
    world.pass(HOUR);
    assert_eq!(noted(&world, "recent", start), [(0, 0), (10 * MINUTE, 1)]);
    world.now = start.plus_micros(9 * DAY);
    world.crash();
    world.pass(MINUTE);
    assert_eq!(noted(&world, "recent", start), [(0, 0), (10 * MINUTE, 1), (9 * DAY + 10 * SECOND, 0)]);
}

#[tokio::test]
async fn a_segment_begins_without_the_sizes_of_an_earlier_one_of_its_key() {
    let (store, clock) = (MemStore::new(), ManualClock::new(Instant::from_secs(1_772_442_000)));
    let service = start(options(bot_files(&[]), &store, &clock, Vec::new())).await.unwrap();
    let (handle, by) = (&service.handle, Actor::Api("shop".into()));
    let segment = |condition: &str| StoredSegment {
        key: "vips".into(),
        name: "VIPs".into(),
        description: None,
        condition: Some(condition.into()),
        exclude: Vec::new(),
        verified: false,
    };
    let sizes = async || handle.segment_history("vips", 30).await.unwrap().into_iter().map(|(_, size)| size).collect::<Vec<_>>();
    let noted = async |wanted: &[u64]| {
        let noted = async {
            while sizes().await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), noted).await.unwrap_or_else(|_| panic!("sizes {wanted:?}"));
    };
    handle.put_segment(segment("has tag vip"), &Expect::Absent, by.clone()).await.unwrap();
    handle.create_contact(handle.new_contact_id(), "api", vec![Change::AddTag("vip".into())], by.clone()).await.unwrap();
    clock.advance(HOUR);
    // What is noted, and what is so now.
    noted(&[1, 1]).await;
    // One that is changed is the same one.
    handle.put_segment(segment("has tag vip and has tag gold"), &Expect::Present, by.clone()).await.unwrap();
    clock.advance(HOUR);
    noted(&[1, 0, 0]).await;
    handle.delete_segment("vips", &Expect::Present).await.unwrap();
    clock.advance(DAY);
    handle.put_segment(segment("has tag vip"), &Expect::Absent, by).await.unwrap();
    assert_eq!(sizes().await, [1], "as it is now");
    clock.advance(HOUR);
    noted(&[1, 1]).await;
    service.stop().await;
}

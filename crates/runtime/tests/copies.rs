//! Exports and checks of a store that serves, on a disk that fills: they say what they need, give back what they took, and the server
//! goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::Instant;
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use store::{
    Blobs as _, FileBlobs,
    room::{KEPT_FREE, Look, Room},
};
use store_sled::SledStore;
use switchboard_runtime::{ManualClock, Options, Service, StoreEnd, StoreWork, start};

const PLENTY: u64 = 1 << 38;

/// A disk that has room for so many looks, and too little from then on.
#[derive(Clone)]
struct Filling(Arc<AtomicU64>);

impl Filling {
    fn look(&self) -> Look {
        let left = self.0.clone();
        Arc::new(move |_: &Path| {
            let is_full = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            Some(Room { free: if is_full { KEPT_FREE - 1 } else { PLENTY }, total: 1 << 40 })
        })
    }

    fn after(&self, looks: u64) {
        self.0.store(looks, Ordering::SeqCst);
    }
}

async fn service(data: &Path, filling: &Filling) -> Service {
    let options = store_sled::Options { room: Some(filling.look()), ..store_sled::Options::default() };
    let service = start(Options {
        bot: world::bot_files(&[]),
        pinned: Vec::new(),
        store: Arc::new(SledStore::open(data, options).unwrap()),
        blobs: Arc::new(FileBlobs::open(data.join("blobs")).unwrap()),
        channels: Vec::new(),
        clock: Arc::new(ManualClock::new(Instant::from_secs(1_772_442_000))),
        seed: 5,
        outside: None,
        at_rest: false,
    });
    let service = service.await.unwrap();
    service.handle.looks_for_room_with(filling.look());
    service.handle.lives_in(data);
    service
}

/// Does some work and waits for its end.
async fn done(service: &Service, work: StoreWork) -> StoreEnd {
    let id = service.handle.begin_store_work(work).unwrap().id;
    loop {
        if let Some(end) = service.handle.store_job().filter(|job| job.id == id).and_then(|job| job.end) {
            return end;
        }
        tokio::task::yield_now().await;
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn work_for_which_the_room_runs_out_is_given_up_wherever_it_is_and_the_server_goes_on() {
    let (data, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let filling = Filling(Arc::new(AtomicU64::new(u64::MAX)));
    FileBlobs::open(data.path().join("blobs")).unwrap().put(b"a picture").unwrap();
    let service = service(data.path(), &filling).await;
    assert!(!service.handle.health().disk.unwrap().is_tight());
    let to = place.path().join("backup");
    for work in [StoreWork::Export { to: to.clone(), replace: false }, StoreWork::Verify, StoreWork::Compact] {
        let mut given_up = 0;
        for looks in 0.. {
            filling.after(looks);
            let end = done(&service, work.clone()).await;
            filling.after(u64::MAX);
            assert!(!names(data.path()).iter().any(|name| name == "db.frozen"), "the copy is gone: {:?}", names(data.path()));
            match end {
                StoreEnd::Done(_) => break,
                StoreEnd::Failed(why) => {
                    let is_told = why.contains("there is not enough room on the disk of") && why.contains("make room first");
                    assert!(is_told, "{work:?} at {looks}: {why}");
                    let before: &[&str] = if matches!(work, StoreWork::Export { .. }) { &[] } else { &["backup"] };
                    assert_eq!(names(place.path()), before, "{work:?} at {looks}: {why}");
                    given_up += 1;
                }
            }
            assert!(service.handle.health().ready);
            service.handle.hub("web").put_record("kept", Some(looks.into())).await.unwrap();
        }
        assert!(given_up > 2, "{work:?} was given up {given_up} times only");
    }
    assert_eq!(names(place.path()), ["backup"]);
    filling.after(0);
    assert!(service.handle.health().disk.unwrap().is_tight(), "and it is told");
    filling.after(u64::MAX);
    service.stop().await;
}

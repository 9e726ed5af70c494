//! What is done with everybody for whom a condition holds: the list is frozen, a stop or a crash anywhere only interrupts it, and
//! whoever is erased is gone with everything that ran for them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{Inbound, Sent};
use model::{Actor, Address, Change, ContactId, Content, Incoming, IncomingBody, Instant, JourneyKind};
use serde_json::json;
use std::sync::{Arc, Mutex};
use store::{MemStore, Store};
use switchboard_runtime::{Audience, Frozen, ManualClock, Options, Service, Stage, privacy::Progress, start};
use world::{HOUR, SECOND, address, served};

struct Place {
    service: Service,
    store: MemStore,
    clock: ManualClock,
    sent: Arc<Mutex<Vec<Address>>>,
}

async fn place(store: MemStore, now: Instant, at_rest: bool) -> Place {
    let sent = Arc::new(Mutex::<Vec<Address>>::default());
    let taken = Arc::clone(&sent);
    let channel = served::pushed("push", move |out| {
        taken.lock().unwrap().push(out.address.clone());
        Ok(Sent::default())
    });
    let clock = ManualClock::new(now);
    let service = start(Options { at_rest, ..served::options(world::bot(), &store, &clock, vec![channel]) }).await.unwrap();
    Place { service, store, clock, sent }
}

fn noon() -> Instant {
    Instant::from_secs(1_772_442_000)
}

fn by() -> Actor {
    Actor::Api("shop".into())
}

impl Place {
    /// Makes so many contacts with the tag `seen`.
    async fn crowd(&self, many: usize) -> Vec<ContactId> {
        let handle = &self.service.handle;
        let mut ids = Vec::new();
        for _ in 0..many {
            let id = handle.new_contact_id();
            handle.create_contact(id, "api", vec![Change::AddTag("seen".into())], by()).await.unwrap();
            ids.push(id);
        }
        ids
    }

    async fn says(&self, id: &str, number: &str, text: &str) -> ContactId {
        let body = IncomingBody::Message(Content::text(text));
        let incoming = Incoming { body, at: Instant(0), profile: Default::default(), client_id: None };
        let at = address("push", id);
        let hub = self.service.handle.hub("push");
        hub.accept(Inbound { address: at.clone(), provider_id: number.into(), incoming }).await.unwrap();
        hub.settled(&at, 1_000).await;
        self.store.person_at(&at).unwrap().unwrap()
    }

    async fn frozen(&self) -> Frozen {
        let (condition, _) = self.service.handle.read_condition(&json!("has tag seen")).unwrap();
        self.service.handle.frozen(&condition).await.unwrap()
    }

    async fn job(&self, id: &str) -> Audience {
        self.service.handle.audiences().await.into_iter().find(|audience| audience.id == id).unwrap()
    }

    /// Lets time pass until something is over.
    async fn over(&self, id: &str) -> Audience {
        for _ in 0..1_000_000 {
            let job = self.job(id).await;
            if job.is_over() {
                return job;
            }
            self.clock.advance(SECOND / 10);
            tokio::task::yield_now().await;
        }
        panic!("it never ends: {:?}", self.job(id).await);
    }

    /// The process dies at once: what was not durable is lost.
    async fn dies(self) -> Self {
        let (store, now) = (self.store.crash(), self.service.handle.now());
        self.service.stop().await;
        place(store, now, false).await
    }

    fn tagged(&self, id: ContactId, tag: &str) -> usize {
        let journey = self.store.journey(id, 0, 1_000).unwrap();
        journey.iter().filter(|entry| entry.by == by() && matches!(&entry.what, JourneyKind::TagAdded(label) if label == tag)).count()
    }
}

#[tokio::test]
async fn everybody_on_the_list_is_changed_once_whenever_the_process_dies() {
    for moment in 0..6 {
        let mut here = place(MemStore::new(), noon(), false).await;
        let ids = here.crowd(250).await;
        let frozen = here.frozen().await;
        assert_eq!(frozen.found(), 250, "they are counted before anything is done");
        assert_eq!(frozen, here.frozen().await);
        // Who comes to fit afterwards is not on it.
        let late = here.crowd(1).await[0];
        assert_ne!(frozen.digest(), here.frozen().await.digest());
        let job = here.service.handle.change_all(frozen, vec![Change::AddTag("vip".into())], by()).await.unwrap();
        assert_eq!((&job.stage, job.found), (&Stage::Reaching, 250));
        for _ in 0..moment {
            here.clock.advance(SECOND / 50);
            tokio::task::yield_now().await;
        }
        if moment > 0 {
            here = here.dies().await;
        }
        let job = here.over(&job.id).await;
        assert_eq!((&job.stage, job.reached, job.failed, &job.by), (&Stage::Done, 250, 0, &by()), "moment {moment}");
        for id in ids {
            assert_eq!(here.tagged(id, "vip"), 1, "moment {moment}");
        }
        assert_eq!(here.tagged(late, "vip"), 0);
        assert!(here.store.records("audience_pages").unwrap().is_empty(), "the list is not kept for ever");
        here.service.stop().await;
    }
}

#[tokio::test]
async fn everybody_on_the_list_is_erased_with_what_ran_for_them_whenever_the_process_dies() {
    for moment in 0..6_u32 {
        let mut here = place(MemStore::new(), noon(), false).await;
        let mut ids = here.crowd(40).await;
        // Two of them talk: one is asked something, one waits for a timer. So does somebody who is not meant.
        for (n, (who, text)) in [("ana", "name"), ("bob", "remind"), ("cyd", "remind")].into_iter().enumerate() {
            let id = here.says(who, &n.to_string(), text).await;
            if who != "cyd" {
                here.service.handle.modify(id, vec![Change::AddTag("seen".into())], by()).await.unwrap();
                ids.push(id);
            }
        }
        let cyd = here.store.person_at(&address("push", "cyd")).unwrap().unwrap();
        let frozen = here.frozen().await;
        assert_eq!(frozen.found(), 42);
        // One becomes part of somebody who was not meant, another comes to fit.
        here.service.handle.merge(cyd, ids[3], by()).await.unwrap();
        let late = here.crowd(1).await[0];
        let job = here.service.handle.erase_all(frozen, by()).await.unwrap();
        for _ in 0..moment * 3 {
            tokio::task::yield_now().await;
        }
        if moment > 0 {
            here = here.dies().await;
        }
        let job = here.over(&job.id).await;
        assert_eq!((&job.stage, job.found, job.reached, job.failed), (&Stage::Done, 42, 41, 1), "moment {moment}");
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(here.store.person(*id).unwrap().is_none(), n != 3, "moment {moment}, contact {n}");
        }
        assert!(here.store.person(late).unwrap().is_some() && here.store.person(cyd).unwrap().is_some());
        assert!(here.store.records("audience_pages").unwrap().is_empty());
        // Nothing leaves for them afterwards; who stays has their timer.
        here.sent.lock().unwrap().clear();
        for _ in 0..20 {
            here.clock.advance(HOUR / 20);
            here.service.handle.hub("push").settled(&address("push", "cyd"), 1_000).await;
        }
        assert!(here.sent.lock().unwrap().iter().all(|at| at.id == "cyd"), "{:?}", here.sent.lock().unwrap());
        // One certificate each, which is done when the disk holds nothing of before.
        let mut certificates = here.service.handle.erasures().await.unwrap();
        for _ in 0..100_000 {
            if certificates.iter().all(|one| one.is_done()) {
                break;
            }
            here.clock.advance(SECOND);
            tokio::task::yield_now().await;
            certificates = here.service.handle.erasures().await.unwrap();
        }
        assert_eq!(certificates.len(), 41, "moment {moment}");
        for one in &certificates {
            assert!(matches!(one.progress, Progress::Done { .. }) && one.by == by(), "{one:?}");
            assert_eq!(one.of.as_deref(), Some(job.id.as_str()));
        }
        here.service.stop().await;
    }
}

#[tokio::test]
async fn where_time_stands_still_it_is_answered_when_it_is_done() {
    let here = place(MemStore::new(), noon(), false).await;
    let ids = here.crowd(70).await;
    let store = here.store.clone();
    here.service.stop().await;
    let here = place(store.crash(), noon(), true).await;
    let changed = here.service.handle.change_all(here.frozen().await, vec![Change::AddTag("vip".into())], by()).await.unwrap();
    assert_eq!((&changed.stage, changed.reached), (&Stage::Done, 70));
    assert!(ids.iter().all(|id| here.tagged(*id, "vip") == 1));
    let erased = here.service.handle.erase_all(here.frozen().await, by()).await.unwrap();
    assert_eq!((&erased.stage, erased.reached), (&Stage::Done, 70));
    assert!(here.store.people(None, 9).unwrap().is_empty());
    let certificates = here.service.handle.erasures().await.unwrap();
    assert!(certificates.len() == 70 && certificates.iter().all(|one| one.is_done()), "nothing is left on disk either");
    // An empty list is over at once.
    let nobody = here.service.handle.erase_all(here.frozen().await, by()).await.unwrap();
    assert_eq!((nobody.stage, nobody.found), (Stage::Done, 0));
    here.service.stop().await;
}

#[tokio::test]
async fn a_list_that_was_not_finished_means_nothing_and_goes() {
    let here = place(MemStore::new(), noon(), false).await;
    let ids = here.crowd(3).await;
    let page = store::RecordPut { table: "audience_pages".into(), key: "aud_0/000000".into(), value: Some(json!(ids)) };
    store::commit_blocking(&here.store, store::Commit { records: vec![page], ..Default::default() }).unwrap();
    let here = here.dies().await;
    assert!(here.store.records("audience_pages").unwrap().is_empty());
    assert!(here.store.person(ids[0]).unwrap().is_some());
    here.service.stop().await;
}

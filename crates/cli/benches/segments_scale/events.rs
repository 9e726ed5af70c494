//! Events that make their contacts enter a segment, which they leave by time alone.

use crate::{
    bot, data,
    data::Loaded,
    figure,
    parts::{MEMORY, Times, millis},
    server::Server,
    wire::Wire,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant as Clock},
};

/// Who posts at once.
const CLIENTS: usize = 256;
/// How long clients post without a pause, in seconds.
const MOST: u64 = 30;
/// How often the segment's size is compared with what is right.
const LOOK: Duration = Duration::from_secs(15);
/// What a size may lag behind.
const SECOND: Duration = Duration::from_secs(1);

/// Posts the event for the n-th contact in turns; the answer comes when it is durable and what it starts is queued.
async fn post(wire: &mut Wire, contacts: u64, n: u64) {
    // Far apart from one another, and nobody twice within a turn: 7,919 is prime.
    let who = data::id(n * 7_919 % contacts);
    let body = format!(r#"{{"name":"{}","fields":{{"amount":{}}}}}"#, bot::EVENT, n % 300);
    wire.ask("POST", &format!("/contacts/{who}/events"), &body).await;
}

/// A span of time within which something happened.
#[derive(Clone, Copy)]
struct Span {
    began: Duration,
    ended: Duration,
}

/// How large the segment was at some instant of a span, and how many steps for what time had done were not durable.
struct Size {
    when: Span,
    members: u64,
    waiting: u64,
}

impl Size {
    /// How many too many or too few there were: those whose event came within the window that ends at some instant of its span, a second more
    /// or less, are right.
    fn off_by(&self, events: &[Span]) -> u64 {
        let from = |end: Duration| end.saturating_sub(bot::WINDOW);
        let surely = |event: &&Span| event.ended + SECOND <= self.when.began && event.began >= from(self.when.ended + SECOND);
        let perhaps = |event: &&Span| event.began <= self.when.ended && event.ended >= from(self.when.began.saturating_sub(SECOND));
        let (least, most) = (events.iter().filter(surely).count() as u64, events.iter().filter(perhaps).count() as u64);
        least.saturating_sub(self.members).max(self.members.saturating_sub(most))
    }
}

async fn size(server: &Server, since: Clock) -> Size {
    let began = since.elapsed();
    let members = server.get(&format!("/segments/{}", bot::ENTERED)).await["size"].as_u64().expect("a size");
    let when = Span { began, ended: since.elapsed() };
    let waiting = server.health().await["runtime"]["boundaries"].as_u64().expect("a count");
    Size { when, members, waiting }
}

/// So many a second, whatever became of those before: a slow server is not given a rest.
pub async fn sustained(server: &Arc<Server>, loaded: &Loaded, minutes: f64, rate: u64) {
    let contacts = loaded.contacts;
    // Nobody is in the segment twice, so that whoever has an event in the window counts once.
    assert!(contacts >= rate * bot::WINDOW.as_secs() && !contacts.is_multiple_of(7_919), "too few contacts for that rate");
    let all = (minutes * 60.0 * rate as f64) as u64;
    let (began, busy) = (Clock::now(), server.busy());
    let client = |first: usize| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut wire = Wire::open(&server.base, &server.key).await;
            let (mut times, mut spans) = (Vec::new(), Vec::new());
            for n in (first as u64..all).step_by(CLIENTS) {
                // Each at its own time, and counted from that.
                let due = began + Duration::from_micros(n * 1_000_000 / rate);
                tokio::time::sleep_until(due.into()).await;
                let sent = began.elapsed();
                post(&mut wire, contacts, n).await;
                times.push(millis(due));
                spans.push(Span { began: sent, ended: began.elapsed() });
            }
            (times, spans)
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let (looker, ended) = (server.clone(), Arc::new(AtomicBool::new(false)));
    let sizes = tokio::spawn({
        let ended = ended.clone();
        async move {
            let mut sizes = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
                sizes.push(size(&looker, began).await);
            }
            sizes
        }
    });
    let (mut times, mut spans) = (Vec::new(), Vec::new());
    for client in clients {
        let (waited, posted) = client.await.expect("no client panics");
        times.extend(waited);
        spans.extend(posted);
    }
    let took = began.elapsed().as_secs_f64();
    let (times, used, memory) = (Times::new(times), server.busy() - busy, server.memory());
    ended.store(true, Ordering::Relaxed);
    let sizes = sizes.await.expect("whoever looks goes on");
    figure("events: rate", all as f64 / took, "events/s", None);
    figure("events: from the request to durable and queued, p50", times.at(0.5), "ms", None);
    figure("events: from the request to durable and queued, p99", times.at(0.99), "ms", Some(25.0));
    figure("events: longest", times.at(1.0), "ms", None);
    figure("events: processor of the server", used / took * 100.0, "% of a core", None);
    figure(&format!("events: resident memory after {minutes} minutes"), memory, "MB", Some(MEMORY));
    let most = |of: &dyn Fn(&Size) -> u64| sizes.iter().map(of).max().unwrap_or(0) as f64;
    figure("events: wrong in the segment for more than a second, at most", most(&|size| size.off_by(&spans)), "contacts", Some(0.0));
    figure("events: steps of those who left that were to be made, at most", most(&|size| size.waiting), "", None);
    let last = Clock::now();
    while size(server, began).await.waiting > 0 {
        tokio::time::sleep(SECOND).await;
    }
    figure("events: after the last one, until all such steps are made", last.elapsed().as_secs_f64(), "s", None);
}

/// The same events by clients without a pause.
pub async fn most(server: &Arc<Server>, loaded: &Loaded) {
    let (contacts, next, ended) = (loaded.contacts, Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let client = |_| {
        let (server, next, ended) = (server.clone(), next.clone(), ended.clone());
        tokio::spawn(async move {
            let mut wire = Wire::open(&server.base, &server.key).await;
            let mut times = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let began = Clock::now();
                post(&mut wire, contacts, next.fetch_add(1, Ordering::Relaxed)).await;
                times.push(millis(began));
            }
            times
        })
    };
    let began = Clock::now();
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    tokio::time::sleep(Duration::from_secs(MOST)).await;
    ended.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await.expect("no client panics"));
    }
    let (count, took) = (all.len(), began.elapsed().as_secs_f64());
    let times = Times::new(all);
    figure("most: events a second by 256 clients", count as f64 / took, "events/s", None);
    figure("most: p99", times.at(0.99), "ms", None);
    figure("most: resident memory", server.memory(), "MB", Some(MEMORY));
}

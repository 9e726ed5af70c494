//! The parts, each on a server of its own state: what is asked, and the figures that come of it.

use crate::{Plan, bot, data, data::Loaded, duck, figure, server::Server, wire::Wire};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant as Clock},
};

/// The most resident memory, in MB.
const MEMORY: f64 = 2_500.0;
/// Previews of each kind.
const PREVIEWS: u64 = 100;
/// Lookups.
const LOOKUPS: usize = 40_000;
/// Who looks up at once.
const LOOKERS: usize = 4;
/// Who posts without a pause.
const CLIENTS: usize = 256;
/// How long, in seconds.
const MOST: u64 = 30;

/// Runs what is planned.
pub async fn run(plan: &Plan, loaded: &Loaded) {
    let folder = plan.folder.join("bot");
    let has = |part: &str| plan.parts.contains(&part);
    if loaded.fresh {
        // The first start writes down everybody's memberships; what is measured elsewhere is a folder in use.
        let server = Server::start(&folder, &loaded.data);
        figure("load: first start, until ready", server.ready.as_secs_f64(), "s", None);
        let took = server.settled().await;
        figure("load: first start, until everybody's memberships are written", took.as_secs_f64(), "s", None);
        server.stop();
        std::fs::write(plan.folder.join("settled"), "").expect("the note is written");
    }
    if !PARTS_WITH_SERVER.iter().any(|part| has(part)) {
        return;
    }
    let server = Arc::new(Server::start(&folder, &loaded.data));
    if has("ready") {
        figure("ready: after a start", server.ready.as_secs_f64(), "s", Some(30.0));
        figure("ready: resident memory", server.memory(), "MB", Some(MEMORY));
    }
    server.settled().await;
    if has("lookup") {
        lookup(&server, loaded).await;
    }
    if has("preview") {
        preview(plan, &server, loaded).await;
    }
    if has("idle") {
        server.settled().await;
        let before = server.busy();
        tokio::time::sleep(Duration::from_mins(1)).await;
        figure("idle: processor time over 60 s", (server.busy() - before) / 60.0 * 100.0, "% of a core", Some(0.5));
        figure("idle: resident memory", server.memory(), "MB", Some(MEMORY));
    }
    if has("events") {
        events(&server, loaded, plan.minutes, plan.rate).await;
    }
    if has("most") {
        most(&server, loaded).await;
    }
    Arc::into_inner(server).expect("every client has ended").stop();
}

const PARTS_WITH_SERVER: [&str; 6] = ["ready", "lookup", "preview", "idle", "events", "most"];

/// Times in ascending order, in milliseconds.
struct Times(Vec<f64>);

impl Times {
    fn new(mut all: Vec<f64>) -> Self {
        all.sort_unstable_by(f64::total_cmp);
        Self(all)
    }

    fn at(&self, share: f64) -> f64 {
        // Cut to a place, and held in range.
        let place = (self.0.len() as f64 * share) as usize;
        self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }
}

fn millis(since: Clock) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

async fn lookup(server: &Arc<Server>, loaded: &Loaded) {
    let contacts = loaded.contacts;
    let one = |looker: usize| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut wire = Wire::open(&server.base, &server.key).await;
            let mut times = Vec::with_capacity(LOOKUPS / LOOKERS);
            for n in 0..LOOKUPS / LOOKERS {
                let who = data::id((n * LOOKERS + looker) as u64 * 7_919 % contacts);
                let path = format!("/segments/bought-{}/contacts/{who}", n % 12);
                let began = Clock::now();
                let answer = wire.ask("GET", &path, "").await;
                times.push(millis(began));
                assert!(answer.contains("\"is_member\":"), "{answer}");
            }
            times
        })
    };
    let mut all = Vec::new();
    for looker in (0..LOOKERS).map(one).collect::<Vec<_>>() {
        all.extend(looker.await.expect("nobody panics"));
    }
    let times = Times::new(all);
    figure("lookup: over HTTP, four at once, p50", times.at(0.5), "ms", None);
    figure("lookup: over HTTP, four at once, p99", times.at(0.99), "ms", Some(1.0));
}

async fn preview(plan: &Plan, server: &Server, loaded: &Loaded) {
    let duck = duck::Duck::open(plan, loaded);
    for kind in &bot::KINDS {
        let (mut inside, mut whole) = (Vec::new(), Vec::new());
        let mut first = None;
        for n in 0..PREVIEWS {
            let began = Clock::now();
            let answer = server.post("/segments/preview", &json!({ "where": (kind.condition)(n) })).await;
            whole.push(millis(began));
            inside.push(answer["took_ms"].as_f64().expect("it says how long it took"));
            first.get_or_insert(answer);
        }
        let (inside, whole) = (Times::new(inside), Times::new(whole));
        figure(&format!("preview: {}, p50", kind.name), inside.at(0.5), "ms", None);
        figure(&format!("preview: {}, p99", kind.name), inside.at(0.99), "ms", Some(kind.aim));
        figure(&format!("preview: {}, p99 over HTTP", kind.name), whole.at(0.99), "ms", None);
        let count = first.map_or(0, |answer| answer["count"].as_u64().unwrap_or(0));
        match &duck {
            Some(duck) => {
                let (theirs, p50, longest) = duck.ask(&(kind.sql)(0));
                figure(&format!("preview: {}, DuckDB, p50", kind.name), p50, "ms", None);
                figure(&format!("preview: {}, DuckDB, longest of 25", kind.name), longest, "ms", None);
                let verdict = if theirs == count { "the same" } else { "DIFFERENT" };
                println!("preview: {}, counted {count}, DuckDB {theirs}: {verdict}", kind.name);
            }
            None => println!("preview: {}, counted {count}", kind.name),
        }
    }
    if duck.is_none() {
        println!("preview: no DuckDB beside it; name a Python that has it in DUCKDB_PYTHON");
    }
}

/// Posts the event for the n-th contact in turns; the answer comes when it is durable and what it starts is queued.
async fn post(wire: &mut Wire, contacts: u64, n: u64) {
    // Far apart from one another, and nobody twice within a turn: 7,919 is prime.
    let who = data::id(n * 7_919 % contacts);
    let body = format!(r#"{{"name":"{}","fields":{{"amount":{}}}}}"#, bot::EVENT, n % 300);
    wire.ask("POST", &format!("/contacts/{who}/events"), &body).await;
}

async fn events(server: &Arc<Server>, loaded: &Loaded, minutes: f64, rate: u64) {
    let contacts = loaded.contacts;
    let all = (minutes * 60.0 * rate as f64) as u64;
    let (began, busy) = (Clock::now(), server.busy());
    let client = |first: usize| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut wire = Wire::open(&server.base, &server.key).await;
            let mut times = Vec::new();
            for n in (first as u64..all).step_by(CLIENTS) {
                // Each at its own time, and counted from that, whatever became of those before: a slow server is not given a rest.
                let due = began + Duration::from_micros(n * 1_000_000 / rate);
                tokio::time::sleep_until(due.into()).await;
                post(&mut wire, contacts, n).await;
                times.push(millis(due));
            }
            times
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let mut times = Vec::with_capacity(usize::try_from(all).unwrap_or(0));
    for client in clients {
        times.extend(client.await.expect("no client panics"));
    }
    let took = began.elapsed().as_secs_f64();
    let times = Times::new(times);
    figure("events: rate", all as f64 / took, "events/s", None);
    figure("events: from the request to durable and queued, p50", times.at(0.5), "ms", None);
    figure("events: from the request to durable and queued, p99", times.at(0.99), "ms", Some(25.0));
    figure("events: longest", times.at(1.0), "ms", None);
    figure("events: processor of the server", (server.busy() - busy) / took * 100.0, "% of a core", None);
    figure(&format!("events: resident memory after {minutes} minutes"), server.memory(), "MB", Some(MEMORY));
    let entered = server.get(&format!("/segments/{}", bot::ENTERED)).await;
    println!("events: in the segment now: {}", entered["size"]);
}

async fn most(server: &Arc<Server>, loaded: &Loaded) {
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

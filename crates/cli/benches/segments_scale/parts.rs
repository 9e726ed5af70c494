//! The parts, each on a server of its own state: what is asked, and the figures that come of it.

use crate::{Plan, bot, data, data::Loaded, duck, events, figure, server::Server, wire::Wire};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant as Clock},
};

/// The most resident memory, in MB.
pub const MEMORY: f64 = 2_500.0;
/// Previews of each kind: enough that the one which 99 of 100 do not exceed is not the longest of all.
const PREVIEWS: u64 = 500;
/// Lookups.
const LOOKUPS: usize = 40_000;
/// Who looks up at once.
const LOOKERS: usize = 4;

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
        events::sustained(&server, loaded, plan.minutes, plan.rate).await;
    }
    if has("most") {
        events::most(&server, loaded).await;
    }
    Arc::into_inner(server).expect("every client has ended").stop();
}

const PARTS_WITH_SERVER: [&str; 6] = ["ready", "lookup", "preview", "idle", "events", "most"];

/// Times in ascending order, in milliseconds.
pub struct Times(Vec<f64>);

impl Times {
    pub fn new(mut all: Vec<f64>) -> Self {
        all.sort_unstable_by(f64::total_cmp);
        Self(all)
    }

    pub fn at(&self, share: f64) -> f64 {
        // Cut to a place, and held in range.
        let place = (self.0.len() as f64 * share) as usize;
        self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }
}

pub fn millis(since: Clock) -> f64 {
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

//! The durable path in process: hub, core, engine and store, each message answered after its step is synced.
//!
//! `cargo bench -p switchboard-runtime --bench durable_path [-- SECONDS] [random|new] [CONTACTS] [FOLDER]`
//!
//! 256 clients in a closed loop play a conversation of four messages: it greets and asks the name; saves it; validates a
//! number, switches on it, tags and thanks with a template; asks for feedback. `random` takes one of the contacts
//! (100,000) for each message, `new` a new contact for each conversation. What counts is the last minute of the run, or
//! its second half if it is shorter than two; each minute says what memory and disk have come to. Then the bare shape
//! of the same commits runs on a fresh store, two minutes at most, for comparison.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use channel::{Capabilities, Channel, Hub, Inbound, Outbound, Route, SendError, Sent};
use engine::{Bot, BotFiles};
use futures::future::BoxFuture;
use model::{
    Address, ContactId, Content, IdSource, Incoming, IncomingBody, Instant, JourneyEntry, Person, Record, SeenKey, TranscriptEntry,
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant as Clock},
};
use store::{Commit, MemBlobs, PersonChange, Store};
use store_sled::SledStore;
use switchboard_runtime::{Options, SystemClock, start};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 256;
const TALK: [&str; 4] = ["/talk", "Ana", "120", "Very well"];
const BOT: &str = "name: Bench\nchannels:\n  web: { type: web }\nattributes:\n  name: text\n  orders: { type: number, default: 0 }\n  total_spent: { type: number, default: 0 }\n";
const SEGMENTS: &str = "new-visitor: { where: orders = 0 and last_seen within 7 days }\nreturning: { where: orders >= 1 and not in segment vip }\nhigh-intent: { where: has tag quoted and orders = 0 }\npurchased: { where: orders >= 1 or has tag customer }\nvip: { where: total_spent >= 1000 and orders >= 5, exclude: [refunded] }\nrefunded: { where: has tag refunded }\n";
const SKILL: &str = "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  hello: { text: Hello! What is your name? }\n  name: { listen: name }\n  ask: { text: \"How many pieces, ${name}?\" }\n  count:\n    listen: pieces\n    expect: { number: { min: 1, max: 1000 } }\n  size:\n    switch:\n      - when: pieces >= 100\n        then: large\n    else: small\n  large: { add_tag: wholesale, next: thanks }\n  small: { add_tag: retail }\n  thanks: { text: \"Thank you, ${name | default('friend')}: ${pieces} pieces.\" }\n  question: { text: How did you like this? }\n  feedback: { listen: feedback }\n";

/// A channel that is fetched from: what the web channel is to the runtime.
struct Fetched(Capabilities);

impl Channel for Fetched {
    fn kind(&self) -> &'static str {
        "web"
    }
    fn name(&self) -> &str {
        "web"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }
    fn routes(self: Arc<Self>, _: Arc<dyn Hub>) -> Vec<Route> {
        Vec::new()
    }
    fn run(self: Arc<Self>, _: Arc<dyn Hub>, _: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
    fn send<'a>(&'a self, _: &'a dyn Hub, _: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async { Ok(Sent::default()) })
    }
    fn typing<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn fetched() -> Capabilities {
    Capabilities {
        text_limit: 4_096,
        caption_limit: 1_024,
        buttons: 8,
        button_label: 64,
        quick_replies: 8,
        url_buttons: true,
        phone_buttons: true,
        markdown: true,
        attachments: Vec::new(),
        attachment_limit: 0,
        linked: false,
        gallery: false,
        location: true,
        typing: true,
        pull: true,
    }
}

/// What to measure.
struct Plan {
    seconds: u64,
    new: bool,
    contacts: usize,
    folder: PathBuf,
}

/// Latencies of the second half, in microseconds, and what was done in it.
#[derive(Default)]
struct Meter {
    counting: AtomicBool,
    ended: AtomicBool,
    /// All messages, counted or not.
    done: AtomicU64,
    messages: AtomicU64,
    latencies: Mutex<Vec<u32>>,
}

impl Meter {
    fn note(&self, began: Clock, mine: &mut Vec<u32>) {
        self.done.fetch_add(1, Ordering::Relaxed);
        if self.counting.load(Ordering::Relaxed) {
            self.messages.fetch_add(1, Ordering::Relaxed);
            mine.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
    }

    fn hand_in(&self, mine: Vec<u32>) {
        self.latencies.lock().expect("no client panics").extend(mine);
    }

    /// Says how it went; answers messages a second.
    fn report(&self, what: &str, seconds: f64, store: &dyn Store) -> f64 {
        let mut all = self.latencies.lock().expect("no client panics");
        all.sort_unstable();
        let at = |share: f64| {
            all.get(((all.len() as f64 * share) as usize).min(all.len().saturating_sub(1))).map_or(0.0, |us| f64::from(*us) / 1e3)
        };
        let rate = self.messages.load(Ordering::Relaxed) as f64 / seconds;
        let stats = store.stats();
        println!(
            "{what}: {rate:.0} messages/s, p50 {:.1} ms, p99 {:.1} ms, resident {} MiB, disk {} MiB, log {} records, backlog {} people",
            at(0.5),
            at(0.99),
            resident() >> 20,
            stats.disk_bytes >> 20,
            stats.log_length,
            stats.backlog
        );
        rate
    }
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

fn plan() -> Plan {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let numbers: Vec<usize> = given.iter().filter_map(|a| a.parse().ok()).collect();
    let folder = given.iter().find(|a| a.contains('/')).map_or_else(std::env::temp_dir, PathBuf::from);
    Plan {
        seconds: numbers.first().map_or(60, |n| *n as u64),
        new: given.iter().any(|a| a == "new"),
        contacts: numbers.get(1).copied().unwrap_or(100_000),
        folder,
    }
}

fn bot() -> Arc<Bot> {
    let files = [("bot.yaml", BOT), ("segments.yaml", SEGMENTS), ("skills/talk.yaml", SKILL)];
    let files = BotFiles {
        files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let (bot, diagnostics, sources) = Bot::load(&files);
    bot.unwrap_or_else(|| panic!("{}", syntax::render_short(&diagnostics, &sources)))
}

fn message(number: usize, turn: usize, id: u64) -> Inbound {
    let body = IncomingBody::Message(Content::text(TALK[turn % TALK.len()]));
    let incoming = Incoming { body, at: Instant::default(), profile: Record::new(), client_id: None };
    Inbound { address: Address { channel: "web".into(), id: format!("visitor-{number}") }, provider_id: format!("m{id}"), incoming }
}

/// Who writes next.
struct Clients {
    new: bool,
    /// How many messages each contact sent.
    turns: Vec<AtomicUsize>,
    next_new: AtomicUsize,
    ids: AtomicU64,
}

impl Clients {
    async fn run(self: Arc<Self>, seed: u64, hub: Arc<dyn Hub>, meter: Arc<Meter>) {
        let mut dice = IdSource::new(Instant::default(), seed);
        let mut mine = Vec::new();
        while !meter.ended.load(Ordering::Relaxed) {
            if self.new {
                let number = self.next_new.fetch_add(1, Ordering::Relaxed);
                for turn in 0..TALK.len() {
                    self.say(&hub, number, turn, &meter, &mut mine).await;
                }
            } else {
                let number = usize::try_from(dice.draw() % self.turns.len() as u64).unwrap_or(0);
                let turn = self.turns[number].fetch_add(1, Ordering::Relaxed);
                self.say(&hub, number, turn, &meter, &mut mine).await;
            }
        }
        meter.hand_in(mine);
    }

    async fn say(&self, hub: &Arc<dyn Hub>, number: usize, turn: usize, meter: &Meter, mine: &mut Vec<u32>) {
        let inbound = message(number, turn, self.ids.fetch_add(1, Ordering::Relaxed));
        let began = Clock::now();
        hub.accept(inbound).await.expect("the runtime accepts");
        meter.note(began, mine);
    }
}

/// Lets the clients run; answers how long they were counted, in seconds.
async fn measure(seconds: u64, meter: &Meter, store: &dyn Store) -> f64 {
    let counted = (seconds / 2).min(60);
    let mut left = seconds - counted;
    let mut before = 0;
    while left > 0 {
        let part = left.min(60);
        tokio::time::sleep(Duration::from_secs(part)).await;
        left -= part;
        let (done, stats) = (meter.done.load(Ordering::Relaxed), store.stats());
        println!(
            "  {:.0} messages/s, resident {} MiB, disk {} MiB, log {} records, backlog {} people",
            (done - before) as f64 / part as f64,
            resident() >> 20,
            stats.disk_bytes >> 20,
            stats.log_length,
            stats.backlog
        );
        before = done;
    }
    meter.counting.store(true, Ordering::Relaxed);
    let began = Clock::now();
    tokio::time::sleep(Duration::from_secs(counted)).await;
    meter.counting.store(false, Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    meter.ended.store(true, Ordering::Relaxed);
    seconds
}

/// The whole path; answers its rate and the commits to compare with.
async fn whole(plan: &Plan, folder: &Path) -> (f64, Vec<Sample>) {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder, store_sled::Options::default()).expect("a fresh folder"));
    let service = start(Options {
        bot: bot(),
        pinned: Vec::new(),
        store: store.clone(),
        blobs: Arc::new(MemBlobs::new()),
        channels: vec![Arc::new(Fetched(fetched()))],
        clock: Arc::new(SystemClock),
        seed: 1,
        outside: None,
        at_rest: false,
    })
    .await
    .expect("the runtime starts");
    let hub = service.handle.hub("web");
    let turns = (0..if plan.new { 0 } else { plan.contacts }).map(|_| AtomicUsize::new(1)).collect();
    let clients = Arc::new(Clients { new: plan.new, turns, next_new: AtomicUsize::new(0), ids: AtomicU64::new(0) });
    let made = AtomicUsize::new(0);
    let make = |_| async {
        loop {
            let number = made.fetch_add(1, Ordering::Relaxed);
            if number >= clients.turns.len() {
                return;
            }
            clients.say(&hub, number, 0, &Meter::default(), &mut Vec::new()).await;
        }
    };
    futures::future::join_all((0..CLIENTS).map(make)).await;
    let meter = Arc::new(Meter::default());
    let tasks: Vec<_> = (0..CLIENTS as u64).map(|n| tokio::spawn(clients.clone().run(n, hub.clone(), meter.clone()))).collect();
    let seconds = measure(plan.seconds, &meter, &*store).await;
    for task in tasks {
        task.await.expect("no client panics");
    }
    let rate = meter.report("durable path", seconds, &*store);
    let people = if plan.new { clients.next_new.load(Ordering::Relaxed) } else { plan.contacts };
    let live = live_bytes(&*store) * people as f64;
    println!("live data {:.0} MiB, disk {:.1} times that", live / 1_048_576.0, store.stats().disk_bytes as f64 / live);
    let samples = samples(&*store);
    service.stop().await;
    (rate, samples)
}

/// What one person comes to, as JSON: what is known of them, every line said, the journey. The mean of some.
fn live_bytes(store: &dyn Store) -> f64 {
    let people = store.people(None, 400).expect("the store reads");
    let mut total = 0;
    for person in &people {
        let size = |value: serde_json::Result<String>| value.map_or(0, |text| text.len());
        total += size(serde_json::to_string(&**person));
        for conversation in &person.conversations {
            let lines = store.transcript(person.contact.id, conversation.id, 0, 1_000_000).expect("the store reads");
            total += lines.iter().map(|line| size(serde_json::to_string(line))).sum::<usize>();
        }
        let journey = store.journey(person.contact.id, 0, 1_000_000).expect("the store reads");
        total += journey.iter().map(|line| size(serde_json::to_string(line))).sum::<usize>();
    }
    total as f64 / people.len().max(1) as f64
}

/// What one of the commits looked like: its lines and what changed.
struct Sample {
    person: Arc<Person>,
    lines: Vec<TranscriptEntry>,
    journey: Vec<JourneyEntry>,
}

/// Some people with a whole conversation behind them.
fn samples(store: &dyn Store) -> Vec<Sample> {
    let people = store.people(None, 1_000).expect("the store reads");
    let sample = |person: Arc<Person>| {
        let (id, conversation) = (person.contact.id, person.conversations.first()?);
        let lines = store.transcript(id, conversation.id, conversation.last_no.saturating_sub(2), 2).ok()?;
        // Four messages make the journey: a step has a quarter of it.
        let journey = store.journey(id, 0, 64).ok()?;
        let steps = usize::try_from(conversation.last_no).unwrap_or(1).div_ceil(2).max(1);
        let share = journey.len().min(64) / steps.clamp(1, 4);
        Some(Sample { journey: journey.into_iter().take(share).collect(), lines, person })
    };
    people.into_iter().filter(|p| p.conversations.first().is_some_and(|c| c.last_no >= 4)).filter_map(sample).take(64).collect()
}

/// The same commits without anything that decides them.
async fn bare(plan: &Plan, folder: &Path, samples: Arc<Vec<Sample>>) -> f64 {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder, store_sled::Options::default()).expect("a fresh folder"));
    let count = if plan.new { 0 } else { plan.contacts };
    let made = Arc::new(AtomicUsize::new(0));
    let makers = (0..CLIENTS).map(|_| {
        let (store, samples, made) = (store.clone(), samples.clone(), made.clone());
        async move {
            loop {
                let number = made.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                commit(&store, &samples, number, 0).await;
            }
        }
    });
    futures::future::join_all(makers).await;
    let meter = Arc::new(Meter::default());
    let busy: Arc<Vec<AtomicBool>> = Arc::new((0..count).map(|_| AtomicBool::new(false)).collect());
    let tasks: Vec<_> = (0..CLIENTS as u64)
        .map(|seed| {
            let (store, samples, meter, busy, made, new) =
                (store.clone(), samples.clone(), meter.clone(), busy.clone(), made.clone(), plan.new);
            tokio::spawn(async move {
                let mut dice = IdSource::new(Instant::default(), seed);
                let mut mine = Vec::new();
                while !meter.ended.load(Ordering::Relaxed) {
                    if new {
                        let number = made.fetch_add(1, Ordering::Relaxed);
                        for turn in 0..TALK.len() {
                            let began = Clock::now();
                            commit(&store, &samples, number, turn).await;
                            meter.note(began, &mut mine);
                        }
                        continue;
                    }
                    let number = usize::try_from(dice.draw() % busy.len() as u64).unwrap_or(0);
                    if busy[number].swap(true, Ordering::AcqRel) {
                        continue;
                    }
                    let began = Clock::now();
                    commit(&store, &samples, number, 1).await;
                    busy[number].store(false, Ordering::Release);
                    meter.note(began, &mut mine);
                }
                meter.hand_in(mine);
            })
        })
        .collect();
    let seconds = measure(plan.seconds.min(120), &meter, &*store).await;
    for task in tasks {
        task.await.expect("no client panics");
    }
    let rate = meter.report("bare commits", seconds, &*store);
    store.close().expect("the store closes");
    rate
}

async fn commit(store: &Arc<dyn Store>, samples: &[Sample], number: usize, turn: usize) {
    let sample = &samples[number % samples.len()];
    let id = ContactId(number as u128 + 1);
    let before = if turn == 0 { None } else { store.person(id).expect("the store reads") };
    let mut contact = sample.person.contact.clone();
    contact.id = id;
    contact.addresses[0].address.id = format!("visitor-{number}");
    let mut conversation = sample.person.conversations[0].clone();
    conversation.id = model::ConversationId(number as u128 + 1);
    conversation.contact = id;
    conversation.address = contact.addresses[0].address.clone();
    conversation.last_no = before.as_ref().and_then(|p| p.conversations.first()).map_or(0, |c| c.last_no);
    let mut change = PersonChange::new(id, before.as_ref().map_or(0, |p| p.version));
    for line in &sample.lines {
        let mut line = line.clone();
        let no = conversation.take_no();
        match &mut line {
            TranscriptEntry::Message(m) => (m.no, m.conversation) = (no, conversation.id),
            TranscriptEntry::Delivery(d) => (d.no, d.conversation) = (no, conversation.id),
        }
        change.transcript.push(line);
    }
    change.contact = Some(Box::new(contact));
    change.seen = vec![SeenKey(conversation.last_no, Instant::default())];
    change.conversations = vec![conversation];
    change.journey = sample.journey.clone();
    let (tell, told) = tokio::sync::oneshot::channel();
    store
        .commit(Commit { person: Some(change), records: Vec::new(), ..Commit::default() }, Box::new(move |answer| drop(tell.send(answer))));
    told.await.expect("the writer answers").expect("the commit makes sense");
}

fn main() {
    let plan = plan();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let folder = |name: &str| tempfile::Builder::new().prefix(name).tempdir_in(&plan.folder).expect("a folder");
    runtime.block_on(async {
        let mode = if plan.new { "a new contact per conversation".to_owned() } else { format!("{} contacts at random", plan.contacts) };
        println!("{CLIENTS} clients, {mode}, {} s; a sync before each answer", plan.seconds);
        let (one, other) = (folder("durable-path"), folder("bare-commits"));
        let (whole, samples) = whole(&plan, one.path()).await;
        let bare = bare(&plan, other.path(), Arc::new(samples)).await;
        println!("the whole path has {:.0} % of the bare commits", whole / bare * 100.0);
    });
}

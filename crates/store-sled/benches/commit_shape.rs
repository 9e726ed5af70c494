//! The gate: the real shape of a commit, in a closed loop of 256 clients, each answer after a sync.
//!
//! `cargo bench -p switchboard-store-sled -- [seconds] [random|new] [contacts] [folder] [cache MiB] [backlog MiB]` (60 seconds,
//! `random` over 100 000 contacts, a temporary folder, the default sizes). It prints a line every five seconds and a summary of the second half, which
//! is what counts: the backlog must be flat in it. A `random` run first makes the contacts, untimed.

#![allow(clippy::disallowed_methods)] // A benchmark measures real time.

use model::{
    Actor, Address, Author, Choice, ChoiceAction, Contact, ContactId, Content, Conversation, Delivery, IdSource, Instant, JourneyEntry,
    JourneyKind, Message, Person, RunId, SeenKey, TranscriptEntry, Value,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant as Clock},
};
use store::{Commit, PersonChange, Store};
use switchboard_store_sled::{Options, SledStore};

/// The allocator docs/decisions/003-storage.md proposes for the binary: a quarter less work per commit than the default one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 256;

/// A conversation's step: the customer's line, the bot's answer, where the run stands, what was journeyed.
fn step(person: &Person, ids: &mut IdSource, now: Instant) -> Commit {
    let mut change = PersonChange::new(person.contact.id, person.version);
    let mut conversation = person.conversations[0].clone();
    let mut contact = person.contact.clone();
    contact.last_seen = now;
    contact.attributes.insert("visits".into(), Value::Number(conversation.last_no.into()));
    let run: RunId = conversation.runs.first().map_or_else(|| ids.next(), |r| r.id);
    for (author, text) in [
        (Author::Customer, "I would like to know whether the blue ones are in stock in size 42"),
        (Author::Bot { skill: "quotation".into(), block: "ask_size".into() }, "They are! Shall I set a pair aside for you until Friday?"),
    ] {
        let customer = author == Author::Customer;
        let no = conversation.take_no();
        let mut content = Content::text(text);
        if !customer {
            content.buttons = ["Yes please", "No thanks"]
                .map(|label| Choice { label: label.into(), action: ChoiceAction::Reply { token: format!("{:016x}", ids.draw()) } })
                .into();
        }
        change.transcript.push(TranscriptEntry::Message(Message {
            id: ids.next(),
            conversation: conversation.id,
            no,
            at: now,
            author,
            content,
            delivery: if customer { Delivery::Received } else { Delivery::Sent },
            client_id: None,
        }));
    }
    // By field name, as it is stored: what else a run has takes its default.
    let resting = serde_json::json!({
        "id": run, "version": "0f3a9c", "began_at": now, "moved_at": now, "cause": "customer",
        "frames": [{ "skill": "quotation", "block": "ask_size", "vars": { "size": { "t": "42" } } }],
        "rest": { "asking": { "asked_at": now, "deadline": now.plus_micros(600_000_000) } },
    });
    conversation.runs = vec![serde_json::from_value(resting).expect("a run reads from its stored form")];
    conversation.floor = vec![run];
    change.journey.push(JourneyEntry {
        id: ids.next(),
        at: now,
        by: Actor::Flow { skill: "quotation".into(), block: "ask_size".into() },
        conversation: Some(conversation.id),
        run: Some(run),
        block: Some("quotation.ask_size".into()),
        why: None,
        what: JourneyKind::Block { exit: "next".into() },
    });
    change.seen.push(SeenKey(ids.draw(), now));
    change.contact = Some(Box::new(contact));
    change.conversations = vec![conversation];
    Commit { person: Some(change), records: Vec::new(), ..Commit::default() }
}

/// The first commit of a new contact.
fn first(id: ContactId, ids: &mut IdSource, now: Instant) -> (Commit, Person) {
    let address = Address { channel: "web".into(), id: format!("{:032x}", id.0) };
    let contact = Contact::new(id, now, address.clone(), "organic");
    let conversation = Conversation::new(ids.next(), id, address);
    let nobody = Person {
        contact,
        conversations: vec![conversation],
        inbox: Vec::new(),
        outbox: Vec::new(),
        calls: Vec::new(),
        seen: Vec::new(),
        parked: Default::default(),
        forgotten: Default::default(),
        version: 0,
    };
    let commit = step(&nobody, ids, now);
    let person = commit.person.as_ref().expect("a step is about a person").apply(None).expect("a first commit applies");
    (commit, person)
}

fn now(start: Clock) -> Instant {
    Instant::from_secs(1_750_000_000).plus_micros(i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX))
}

/// Processor time of this process so far, in microseconds.
fn cpu_micros() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat.rsplit(')').next().unwrap_or("").split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
    // User and system time, in ticks of 10 ms.
    (fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0)) * 10_000
}

fn rss_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or("0");
    line.split_whitespace().filter_map(|w| w.parse::<u64>().ok()).next().unwrap_or(0) / 1024
}

fn folder_mib(path: &Path) -> u64 {
    let bytes = |path: &Path| -> u64 {
        fs::read_dir(path).into_iter().flatten().flatten().filter_map(|e| e.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
    };
    (bytes(&path.join("db")) + bytes(&path.join("log"))) / (1024 * 1024)
}

struct Load {
    store: Arc<SledStore>,
    start: Clock,
    people: Vec<ContactId>,
    /// Whose line is held: as in the runtime, one step at a time per contact.
    busy: Vec<AtomicBool>,
    new: bool,
    answered: AtomicU64,
    latencies: Mutex<Vec<u32>>,
    stop: AtomicBool,
}

/// Begins a client's next commit; `ready` gets the client when it is answered.
fn begin(load: &Arc<Load>, ids: &mut IdSource, client: usize, ready: &mpsc::Sender<usize>) {
    let at = now(load.start);
    // As in a step of the engine: ids of this time.
    let mut own = IdSource::new(at, ids.draw());
    let (commit, line) = if load.new {
        (first(own.next(), &mut own, at).0, None)
    } else {
        let line = loop {
            let line = usize::try_from(ids.draw()).unwrap_or(0) % load.people.len();
            if !load.busy[line].swap(true, Ordering::AcqRel) {
                break line;
            }
        };
        let person = load.store.person(load.people[line]).expect("the store reads").expect("the contact is there");
        (step(&person, &mut own, at), Some(line))
    };
    let (load, ready, begun) = (load.clone(), ready.clone(), Clock::now());
    let store = load.store.clone();
    store.commit(
        commit,
        Box::new(move |answer| {
            answer.expect("the store commits");
            if let Some(line) = line {
                load.busy[line].store(false, Ordering::Release);
            }
            load.answered.fetch_add(1, Ordering::Relaxed);
            load.latencies.lock().expect("no client panics").push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
            // The driver may have stopped.
            let _ = ready.send(client);
        }),
    );
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let seconds: u64 = args.first().and_then(|a| a.parse().ok()).unwrap_or(60);
    let new = args.get(1).is_some_and(|a| a == "new");
    let contacts: usize = args.get(2).and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let dir = args.get(3).filter(|a| *a != "-").map_or_else(|| temporary.path().to_owned(), PathBuf::from);

    let mut options = Options::default();
    if let Some(mib) = args.get(4).and_then(|a| a.parse::<u64>().ok()) {
        options.cache_bytes = mib * 1024 * 1024;
    }
    if let Some(mib) = args.get(5).and_then(|a| a.parse::<u64>().ok()) {
        (options.backlog_low, options.backlog_high) = (mib * 1024 * 1024, mib * 3 / 2 * 1024 * 1024);
    }
    let store = Arc::new(SledStore::open(&dir, options).expect("the store opens"));
    let start = Clock::now();
    let mut ids = IdSource::new(now(start), 1);
    let mut people = Vec::new();
    if !new {
        let (tell, told) = mpsc::channel();
        let mut size = 0;
        for index in 0..contacts {
            let at = now(start);
            let mut own = IdSource::new(at, ids.draw());
            let (commit, person) = first(own.next(), &mut own, at);
            size = store::codec::encode(&commit).expect("a commit is written").len();
            people.push(person.contact.id);
            let tell = tell.clone();
            store.commit(commit, Box::new(move |answer| tell.send(answer).expect("the loop below listens")));
            if index >= 1_000 {
                told.recv().expect("every commit is answered").expect("the contact is made");
            }
        }
        for _ in 0..contacts.min(1_000) {
            told.recv().expect("every commit is answered").expect("the contact is made");
        }
        println!("{contacts} contacts made in {:.1} s; a commit is {size} bytes as written", start.elapsed().as_secs_f64());
    }

    let load = Arc::new(Load {
        store: store.clone(),
        start,
        busy: people.iter().map(|_| AtomicBool::new(false)).collect(),
        people,
        new,
        answered: AtomicU64::new(0),
        latencies: Mutex::new(Vec::new()),
        stop: AtomicBool::new(false),
    });
    let (ready, next) = mpsc::channel();
    let driver = {
        let load = load.clone();
        std::thread::spawn(move || {
            (0..CLIENTS).for_each(|client| begin(&load, &mut ids, client, &ready));
            while let Ok(client) = next.recv() {
                if load.stop.load(Ordering::Relaxed) {
                    break;
                }
                begin(&load, &mut ids, client, &ready);
            }
        })
    };

    let (begun, mut before, mut second_half, mut half_count, mut half_time) = (Clock::now(), 0, Vec::new(), 0, Duration::ZERO);
    println!(
        "{:>6} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9} {:>8} {:>8}",
        "s", "commits/s", "p50 ms", "p99 ms", "max ms", "backlog", "log", "RSS MiB", "disk MiB"
    );
    let (mut last, mut cpu) = (Clock::now(), cpu_micros());
    while begun.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_secs(5.min(seconds)));
        let mut latencies = std::mem::take(&mut *load.latencies.lock().expect("no client panics"));
        let answered = load.answered.load(Ordering::Relaxed);
        let (rate, took) = (answered - before, last.elapsed());
        (before, last) = (answered, Clock::now());
        latencies.sort_unstable();
        let at = |part: f64| {
            latencies.get((latencies.len() as f64 * part) as usize).or(latencies.last()).map_or(0.0, |l| f64::from(*l) / 1000.0)
        };
        let stats = store.stats();
        println!(
            "{:>6.0} {:>9.0} {:>8.1} {:>8.1} {:>8.1} {:>9} {:>9} {:>8} {:>8} {:>7}",
            begun.elapsed().as_secs_f64(),
            rate as f64 / took.as_secs_f64(),
            at(0.5),
            at(0.99),
            at(1.0),
            stats.backlog,
            stats.log_length,
            rss_mib(),
            folder_mib(&dir),
            (cpu_micros() - cpu) / rate.max(1)
        );
        cpu = cpu_micros();
        if begun.elapsed() > Duration::from_secs(seconds / 2) {
            half_count += rate;
            half_time += took;
            second_half.append(&mut latencies);
        }
    }
    second_half.sort_unstable();
    let at = |part: f64| second_half.get((second_half.len() as f64 * part) as usize).map_or(0.0, |l| f64::from(*l) / 1000.0);
    println!(
        "second half: {:.0} commits/s, p50 {:.1} ms, p99 {:.1} ms, {} people",
        half_count as f64 / half_time.as_secs_f64().max(0.001),
        at(0.5),
        at(0.99),
        store.stats().people
    );
    load.stop.store(true, Ordering::Relaxed);
    driver.join().expect("the driver ends");
    let close = Clock::now();
    store.close().expect("the store closes");
    println!("closed in {:.1} s, disk {} MiB", close.elapsed().as_secs_f64(), folder_mib(&dir));
    drop((load, store));
    let open = Clock::now();
    let store = SledStore::open(&dir, Options::default()).expect("the store opens again");
    println!("opened in {:.2} s with {} people at commit {}", open.elapsed().as_secs_f64(), store.stats().people, store.stats().seq);
}

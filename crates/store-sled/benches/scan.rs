//! Everybody at start-up: how long the store takes to give all people with all of their events.
//!
//! `cargo bench -p switchboard-store-sled --bench scan -- [contacts] [events of each] [folder]` (1,000,000 contacts of twelve
//! attributes, 20 events, a temporary folder). A folder that has data is read as it is; otherwise the data is made first, a
//! commit per contact and one per four of their events, contacts in turns.

#![allow(clippy::disallowed_methods)] // A benchmark measures real time.

use model::{Actor, Address, Contact, ContactId, Conversation, EventRecord, IdSource, Instant, Person, Record, Tag, TagKey, Value};
use std::{
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant as Clock},
};
use store::{Commit, PersonChange, Store};
use switchboard_store_sled::{Options, SledStore};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events per commit.
const TOGETHER: usize = 4;
/// Commits under way at once.
const AHEAD: usize = 4_096;
const CITIES: [&str; 6] = ["Lisbon", "Porto", "Madrid", "Berlin", "Vienna", "Oslo"];
const GOODS: [&str; 4] = ["boots", "jacket", "socks", "lantern"];

fn contact(n: u64, ids: &mut IdSource, now: Instant) -> Contact {
    let mut contact = Contact::new(ids.next(), now, Address { channel: "web".into(), id: format!("visitor-{n:08}") }, "import");
    let draw = ids.draw();
    let mut put = |name: &str, value: Value| drop(contact.attributes.insert(name.to_owned(), value));
    put("name", Value::text(format!("Customer {n}")));
    put("email", Value::text(format!("customer{n}@mail.example")));
    put("phone", Value::text(format!("+3519{:08}", draw % 100_000_000)));
    put("city", Value::text(CITIES[usize::try_from(draw % 6).unwrap_or(0)]));
    put("plan", Value::text(["free", "basic", "pro"][usize::try_from(draw % 3).unwrap_or(0)]));
    put("orders", Value::Number((draw % 40).into()));
    put("total_spent", Value::Number((draw % 5_000).into()));
    put("score", Value::Number((draw % 100).into()));
    put("newsletter", Value::Bool(draw.is_multiple_of(2)));
    put("since", Value::DateTime(now));
    put("company", Value::text(format!("Company {}", draw % 5_000)));
    put("note", Value::text("came through the spring fair, asked for a catalogue"));
    let tag = Tag { label: "customer".into(), at: now, by: Actor::Api("import".into()), why: None };
    contact.tags.insert(TagKey::of("customer"), tag);
    contact
}

fn event(ids: &mut IdSource, now: Instant) -> EventRecord {
    let draw = ids.draw();
    let fields = Record::from([
        ("sku".to_owned(), Value::text(GOODS[usize::try_from(draw % 4).unwrap_or(0)])),
        ("amount".to_owned(), Value::Number((draw % 300).into())),
    ]);
    let name = if draw.is_multiple_of(5) { "purchase" } else { "viewed" };
    EventRecord { id: ids.next(), name: name.into(), fields, at: now, by: Actor::Api("shop".into()) }
}

/// Hands commits over, never more than some at once.
struct Loader<'a> {
    store: &'a SledStore,
    tell: mpsc::Sender<()>,
    told: mpsc::Receiver<()>,
    under_way: usize,
}

impl Loader<'_> {
    fn commit(&mut self, change: PersonChange) {
        while self.under_way >= AHEAD {
            self.wait();
        }
        let tell = self.tell.clone();
        self.under_way += 1;
        let done = move |answer: Result<_, store::Error>| {
            answer.expect("the store commits");
            tell.send(()).expect("the loader listens");
        };
        self.store.commit(Commit { person: Some(change), records: Vec::new(), ..Commit::default() }, Box::new(done));
    }

    fn wait(&mut self) {
        self.told.recv().expect("every commit is answered");
        self.under_way -= 1;
    }
}

fn load(store: &SledStore, contacts: u64, events: usize) {
    let (tell, told) = mpsc::channel();
    let mut loader = Loader { store, tell, told, under_way: 0 };
    let begin = Instant::from_secs(1_750_000_000);
    let mut ids = IdSource::new(begin, 7);
    let mut known: Vec<(ContactId, u64)> = Vec::new();
    for n in 0..contacts {
        let now = begin.plus_micros(i64::try_from(n).unwrap_or(0) * 1_000);
        let mut own = IdSource::new(now, ids.draw());
        let contact = contact(n, &mut own, now);
        let id = contact.id;
        let mut change = PersonChange::new(id, 0);
        change.conversations = vec![Conversation::new(own.next(), id, contact.addresses[0].address.clone())];
        change.contact = Some(Box::new(contact));
        loader.commit(change);
        known.push((id, 1));
    }
    let rounds = events.div_ceil(TOGETHER);
    for round in 0..rounds {
        for (at, (id, version)) in known.iter_mut().enumerate() {
            let now = begin.plus_micros((i64::try_from(round).unwrap_or(0) * 86_400 + i64::try_from(at).unwrap_or(0)) * 1_000_000);
            let mut own = IdSource::new(now, ids.draw());
            let mut change = PersonChange::new(*id, *version);
            change.events = (0..TOGETHER.min(events - round * TOGETHER)).map(|_| event(&mut own, now)).collect();
            loader.commit(change);
            *version += 1;
        }
    }
    while loader.under_way > 0 {
        loader.wait();
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let numbers: Vec<u64> = given.iter().filter_map(|a| a.parse().ok()).collect();
    let (contacts, events) = (numbers.first().copied().unwrap_or(1_000_000), numbers.get(1).copied().unwrap_or(20));
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let dir = given.iter().find(|a| a.contains('/')).map_or_else(|| temporary.path().to_owned(), PathBuf::from);

    let store = SledStore::open(&dir, Options::default()).expect("the store opens");
    if store.stats().people == 0 {
        let began = Clock::now();
        load(&store, contacts, usize::try_from(events).expect("a number of events"));
        let commits = store.stats().seq;
        let took = began.elapsed();
        println!("made in {:.0} s, {:.0} commits/s", took.as_secs_f64(), commits as f64 / took.as_secs_f64());
        let began = Clock::now();
        store.close().expect("the store closes");
        println!("closed in {:.0} s", began.elapsed().as_secs_f64());
    }
    drop(store);
    let began = Clock::now();
    let store = SledStore::open(&dir, Options::default()).expect("the store opens");
    println!("opened in {:.1} s, {} MiB on disk", began.elapsed().as_secs_f64(), store.stats().disk_bytes >> 20);
    let (began, mut people, mut events, mut busy) = (Clock::now(), 0_u64, 0_u64, Duration::ZERO);
    let each = &mut |person: std::sync::Arc<Person>, of: Vec<EventRecord>| {
        let begun = Clock::now();
        people += 1;
        events += of.len() as u64;
        drop((person, of));
        busy += begun.elapsed();
    };
    store.scan(each).expect("the store reads");
    println!(
        "{people} people with {events} events in {:.1} s (aim 25.0 for 1,000,000 with 20,000,000), letting go of them {:.1} s",
        began.elapsed().as_secs_f64(),
        busy.as_secs_f64()
    );
}

//! The contacts and their events: drawn from their numbers, so that everybody who needs them makes the same ones.

use crate::figure;
use model::{Actor, Address, Contact, ContactId, Conversation, ConversationId, EventId, EventRecord, Instant, Record, Tag, TagKey, Value};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Instant as Clock,
};
use store::{Commit, PersonChange, Store};
use store_sled::{Options, SledStore};

/// Commits under way at once.
const AHEAD: usize = 4_096;
const HOUR: i64 = 3_600_000_000;
/// How far events reach back, in hours.
const REACH: u64 = 400 * 24;
pub const CITIES: [&str; 6] = ["Lisbon", "Porto", "Madrid", "Berlin", "Vienna", "Oslo"];
const HOMES: [&str; 6] = ["PT", "ES", "DE", "AT", "NO", "FR"];
const PLANS: [&str; 3] = ["free", "basic", "gold"];
const GOODS: [&str; 4] = ["boots", "jacket", "socks", "lantern"];

/// What is in the folder.
pub struct Loaded {
    pub data: PathBuf,
    pub contacts: u64,
    pub events: u64,
    /// The hour everything is counted back from.
    pub begun: Instant,
    /// Filled just now: nobody's memberships are written down yet.
    pub fresh: bool,
}

/// Numbers drawn from a number.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

/// The n-th contact's id.
pub fn id(n: u64) -> ContactId {
    let millis = u128::from(1_700_000_000_000 + n);
    ContactId(millis << 80 | u128::from(Draw(n).below(u64::MAX)))
}

/// A contact's attributes, in plain values.
pub struct Known {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub city: &'static str,
    pub home: &'static str,
    pub plan: &'static str,
    pub orders: u64,
    pub total_spent: u64,
    pub score: u64,
    pub newsletter: bool,
    /// A tenth has none.
    pub born: Option<jiff::civil::Date>,
    pub joined: Instant,
    pub customer: bool,
    pub refunded: bool,
}

pub fn known(n: u64, begun: Instant) -> Known {
    let mut draw = Draw(n ^ 0xC0FF_EE00);
    let day = |n: u64| i8::try_from(1 + n % 28).unwrap_or(1);
    Known {
        name: format!("Customer {n}"),
        email: format!("customer{n}@mail.example"),
        phone: format!("+3519{:08}", draw.below(100_000_000)),
        city: draw.of(&CITIES),
        home: draw.of(&HOMES),
        plan: draw.of(&PLANS),
        orders: draw.below(40),
        total_spent: draw.below(5_000),
        score: draw.below(100),
        newsletter: draw.below(2) == 0,
        born: (draw.below(10) > 0).then(|| {
            let year = 1950 + i16::try_from(draw.below(55)).unwrap_or(0);
            jiff::civil::Date::new(year, day(draw.below(12)).min(12), day(draw.below(28))).unwrap_or_default()
        }),
        joined: hours_before(begun, draw.below(REACH)),
        customer: draw.below(10) < 7,
        refunded: draw.below(20) == 0,
    }
}

fn hours_before(begun: Instant, hours: u64) -> Instant {
    begun.plus_micros(-(i64::try_from(hours).unwrap_or(0) * HOUR))
}

/// An event, in plain values.
pub struct Happened {
    pub name: &'static str,
    pub sku: &'static str,
    pub amount: u64,
    pub at: Instant,
}

/// The n-th contact's events, oldest first. They happen on the full hour, so that no window ends between two questions.
pub fn happened(n: u64, count: u64, begun: Instant) -> Vec<Happened> {
    let mut draw = Draw(n ^ 0xFACE_0000);
    let mut hours: Vec<u64> = (0..count).map(|_| 1 + draw.below(REACH)).collect();
    hours.sort_unstable_by(|a, b| b.cmp(a));
    let one = |hours: u64| Happened {
        name: if draw.below(5) == 0 { "purchase" } else { "viewed" },
        sku: draw.of(&GOODS),
        amount: draw.below(300),
        at: hours_before(begun, hours),
    };
    hours.into_iter().map(one).collect()
}

fn change(n: u64, count: u64, begun: Instant) -> PersonChange {
    let (id, known) = (id(n), known(n, begun));
    let address = Address { channel: "web".into(), id: format!("visitor-{n:08}") };
    let mut contact = Contact::new(id, known.joined, address.clone(), "import");
    let mut put = |name: &str, value: Value| drop(contact.attributes.insert(name.to_owned(), value));
    put("name", Value::text(known.name));
    put("email", Value::text(known.email));
    put("phone", Value::text(known.phone));
    put("city", Value::text(known.city));
    put("home", Value::text(known.home));
    put("plan", Value::text(known.plan));
    put("orders", Value::Number(known.orders.into()));
    put("total_spent", Value::Number(known.total_spent.into()));
    put("score", Value::Number(known.score.into()));
    put("newsletter", Value::Bool(known.newsletter));
    put("joined", Value::DateTime(known.joined));
    if let Some(born) = known.born {
        put("born", Value::Date(born));
    }
    for (label, is) in [("customer", known.customer), ("refunded", known.refunded)] {
        if is {
            let tag = Tag { label: label.into(), at: known.joined, by: Actor::Import("scale".into()), why: None };
            contact.tags.insert(TagKey::of(label), tag);
        }
    }
    let mut change = PersonChange::new(id, 0);
    change.conversations = vec![Conversation::new(ConversationId(id.0), id, address)];
    change.contact = Some(Box::new(contact));
    let event = |(k, happened): (u64, Happened)| EventRecord {
        id: EventId(id.0 ^ u128::from(k + 1)),
        name: happened.name.into(),
        fields: Record::from([("sku".to_owned(), Value::text(happened.sku)), ("amount".to_owned(), Value::Number(happened.amount.into()))]),
        at: happened.at,
        by: Actor::Import("scale".into()),
    };
    change.events = (0..).zip(happened(n, count, begun)).map(event).collect();
    change
}

/// The folder's data, made if it is not there.
///
/// # Panics
/// If the folder was filled with other sizes, or only in part.
pub fn load(folder: &Path, contacts: u64, events: u64) -> Loaded {
    let (data, note) = (folder.join("data"), folder.join("scale.json"));
    if let Ok(text) = std::fs::read_to_string(&note) {
        let note: serde_json::Value = serde_json::from_str(&text).expect("the note is JSON");
        let same = note["contacts"] == json!(contacts) && note["events"] == json!(events);
        assert!(same, "{} was filled with other sizes; remove it, or name another folder", folder.display());
        let begun = Instant(note["begun"].as_i64().expect("the note says when"));
        let fresh = !folder.join("settled").exists();
        return Loaded { data, contacts, events, begun, fresh };
    }
    assert!(!data.exists(), "{} was filled only in part; remove it", folder.display());
    // Of a folder that was there before; none is as good.
    let _ = std::fs::remove_file(folder.join("key"));
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_micros());
    let begun = Instant(now.expect("a time of now") / HOUR * HOUR);

    let began = Clock::now();
    let store = SledStore::open(&data, Options::default()).expect("the folder opens");
    let (tell, told) = mpsc::channel();
    let wait = |told: &mpsc::Receiver<Result<u64, store::Error>>| told.recv().expect("every commit is answered").expect("it commits");
    for n in 0..contacts {
        let tell = tell.clone();
        let commit = Commit { person: Some(change(n, events, begun)), records: Vec::new(), ..Commit::default() };
        store.commit(commit, Box::new(move |answer| tell.send(answer).expect("the loader listens")));
        if n >= AHEAD as u64 {
            wait(&told);
        }
    }
    for _ in 0..contacts.min(AHEAD as u64) {
        wait(&told);
    }
    store.close().expect("the folder closes");
    let took = began.elapsed().as_secs_f64();
    figure("load: contacts, each with its events, durable and checkpointed", contacts as f64 / took, "contacts/s", None);
    figure("load: events", (contacts * events) as f64 / took, "events/s", None);
    figure("load: on disk", store.stats().disk_bytes as f64 / 1e6, "MB", None);
    std::fs::write(note, json!({ "contacts": contacts, "events": events, "begun": begun.0 }).to_string()).expect("the note is written");
    Loaded { data, contacts, events, begun, fresh: true }
}

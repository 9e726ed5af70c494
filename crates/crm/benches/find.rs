//! Finding somebody among a million, measured: `cargo bench -p switchboard-crm --bench find -- [CONTACTS]`.
//!
//! People are made up from a fixed seed, with names in several scripts, an e-mail address, a phone number and a customer number, so
//! two runs measure the same work.

use model::{Address, AttributeDef, AttributeType, Contact, ContactId, IdSource, IdentifierKind, Instant, Value};
use segments::{Book, Rows};
use std::{hint::black_box, time::Duration};
use switchboard_crm::directory::{Directory, Key, Query, Snapshot, Watch, keys_of};

/// Asked so often for a figure with a p99.
const TIMES: usize = 200;
const FIRST: [&str; 24] = [
    "Ana",
    "Beatriz",
    "Carl",
    "Dora",
    "Émile",
    "François",
    "Giulia",
    "Håkon",
    "Inés",
    "Jürgen",
    "Katarzyna",
    "Łukasz",
    "Мария",
    "Николай",
    "山田",
    "美咲",
    "王小明",
    "김민수",
    "สมชาย",
    "มาลี",
    "أحمد",
    "فاطمة",
    "Nguyễn",
    "Ελένη",
];
const LAST: [&str; 16] = [
    "García",
    "Müller",
    "Smith",
    "Johnson",
    "Okafor",
    "Novák",
    "Rossi",
    "Петров",
    "太郎",
    "さくら",
    "陈",
    "박",
    "ใจดี",
    "محمد",
    "Thị Mai",
    "Παπαδόπουλος",
];
/// What people type, letter by letter.
const TYPED: [&str; 22] = [
    "a",
    "an",
    "ana",
    "ana g",
    "ana garcia 4711",
    "smith",
    "müller jür",
    "мария",
    "山",
    "小明",
    "ใจ",
    "محم",
    "0912",
    "0912 345 6",
    "+1 415 555",
    "4155550",
    "@example.com",
    "ana.garcia77",
    "customer-123456",
    "con_01",
    "zzzz",
    "e",
];

fn main() {
    let contacts = std::env::args().skip(1).find_map(|arg| arg.replace('_', "").parse().ok()).unwrap_or(1_000_000);
    let mut book = Book::new();
    let mut directory = Directory::new(7);
    let declared = declared();
    declared.iter().filter_map(Watch::of).for_each(|watch| _ = directory.watch(watch));
    let mut draw = IdSource::new(Instant::default(), 7);
    let mut spent = Duration::ZERO;
    for n in 0..contacts {
        let contact = person(&mut draw, n);
        book.put(&contact);
        let row = book.row_of(contact.id).expect("put above");
        spent += timed(|| directory.put(row, &contact)).1;
    }
    let bytes = directory.bytes();
    println!(
        "{contacts} contacts: {:.2} µs each to write down; {:.1} MB of texts, {:.1} MB of keys",
        spent.as_secs_f64() * 1e6 / contacts as f64,
        bytes.texts as f64 / 1e6,
        bytes.keys as f64 / 1e6
    );
    let (snapshot, took) = timed(|| directory.snapshot(book.rows()));
    println!("a snapshot under the lock: {:.1} µs", took.as_secs_f64() * 1e6);
    finds(&snapshot);
    lookups(&directory, &book.rows(), contacts);
    edits(&mut directory, contacts);
}

fn declared() -> Vec<AttributeDef> {
    let of = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: true };
    vec![of("email", AttributeType::Email), of("phone", AttributeType::Phone)]
}

fn person(draw: &mut IdSource, n: usize) -> Contact {
    let below = |draw: &mut IdSource, count: usize| usize::try_from(draw.draw() % count as u64).expect("small");
    let at = Instant::from_secs(1_700_000_000 + i64::try_from(n).expect("small") * 30);
    let id = ContactId((at.as_millis().unsigned_abs() as u128) << 80 | u128::from(draw.draw()));
    let address = Address { channel: "web".into(), id: format!("v_{:032x}", draw.draw()) };
    let mut contact = Contact::new(id, at, address, "import");
    contact.last_seen = at.plus_micros(i64::try_from(below(draw, 1_000_000_000)).expect("small"));
    contact.system.insert("first_name".into(), Value::text(FIRST[below(draw, FIRST.len())]));
    contact.system.insert("last_name".into(), Value::text(format!("{} {}", LAST[below(draw, LAST.len())], n % 10_000)));
    contact.attributes.insert("email".into(), Value::text(format!("ana.garcia{n}@example.com")));
    contact.attributes.insert("phone".into(), Value::text(format!("+1415{:07}", n)));
    contact.attributes.insert("plan".into(), Value::text("pro"));
    contact.apply(&model::Change::AddIdentifier(IdentifierKind::External, format!("customer-{n}")), at, &model::Actor::System);
    contact
}

fn finds(snapshot: &Snapshot) {
    let mut all = Vec::new();
    for typed in TYPED {
        let query = Query::read(typed).expect("there is something to look for");
        let mut total = 0;
        let mut took: Vec<Duration> = (0..TIMES / 10)
            .map(|_| {
                let (found, took) = timed(|| snapshot.find(black_box(&query), 20));
                total = found.total;
                took
            })
            .collect();
        took.sort_unstable();
        println!(
            "  {typed:<18} {total:>8} found, p50 {:>6.1} ms, worst {:>6.1} ms",
            millis(took[took.len() / 2]),
            millis(took[took.len() - 1])
        );
        all.extend(took);
    }
    all.sort_unstable();
    println!("find: p50 {:.1} ms, p99 {:.1} ms (aim 100)", millis(all[all.len() / 2]), millis(all[all.len() * 99 / 100]));
}

fn lookups(directory: &Directory, rows: &Rows, contacts: usize) {
    let keys: Vec<Key> = (0..100_000)
        .map(|n| match n % 3 {
            0 => Key::Known(IdentifierKind::Email, format!("Ana.Garcia{}@example.com", n * 7 % (contacts * 2))),
            1 => Key::Known(IdentifierKind::Phone, format!("+1 415 {:07}", n * 7 % (contacts * 2))),
            _ => Key::Known(IdentifierKind::External, format!("customer-{}", n * 7 % (contacts * 2))),
        })
        .collect();
    let (found, took) = timed(|| keys.iter().flat_map(|key| directory.candidates(key)).filter_map(|row| rows.id(row)).count());
    println!("look-ups by key: {:.0} a second, {found} of {} found", keys.len() as f64 / took.as_secs_f64(), keys.len());
}

fn edits(directory: &mut Directory, contacts: usize) {
    let mut draw = IdSource::new(Instant::default(), 9);
    let changed: Vec<(u32, Contact)> = (0..20_000)
        .map(|n| {
            let at = n * 49 % contacts;
            let contact = person(&mut draw, at);
            assert_eq!(keys_of(&contact, &declared()).len(), 3);
            (u32::try_from(at).expect("small"), contact)
        })
        .collect();
    let ((), took) = timed(|| changed.iter().for_each(|(row, contact)| directory.put(*row, contact)));
    println!("edits: {:.1} µs each", took.as_secs_f64() * 1e6 / changed.len() as f64);
    let ((), took) = timed(|| changed.iter().for_each(|(row, contact)| directory.touch(*row, contact.last_seen.plus_micros(5_000_000))));
    println!("somebody was active: {:.2} µs each", took.as_secs_f64() * 1e6 / changed.len() as f64);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let out = work();
    (out, start.elapsed())
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

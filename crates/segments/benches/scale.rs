//! A million contacts in memory, measured: `cargo bench -p switchboard-segments --bench scale -- [CONTACTS] [EVENTS]`.
//!
//! Contacts with 12 attributes, events with two fields, 100 segments of which 60 have a window of time. Everything is drawn
//! from a fixed seed, so two runs measure the same work.

#[path = "scale/people.rs"]
mod people;
#[path = "scale/rules.rs"]
mod rules;
#[path = "scale/shop.rs"]
mod shop;

use expr::Condition;
use model::{Instant, Tag, TagKey};
use people::Draw;
use shop::Shop;
use std::{hint::black_box, time::Duration};
use switchboard_segments::{Answer, Book, Members, Ration, Set, Snapshot};

/// Asked so often for a figure with a p99.
const TIMES: usize = 200;
/// So many contacts are looked at when a day passes, if as many are due.
const LOOKS: u64 = 100_000;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.replace('_', "").parse().ok()).collect();
    let contacts = numbers.first().copied().unwrap_or(1_000_000);
    let events = numbers.get(1).copied().unwrap_or(20 * contacts);
    println!("{contacts} contacts, {events} events, {} threads", std::thread::available_parallelism().map_or(1, usize::from));
    let shop = Shop::new();
    let (mut book, took) = timed(|| filled(contacts, events));
    println!("filled in {:.1} s, which includes making them up", took.as_secs_f64());
    memory(&book);
    let now = people::NOW;
    let set = Set::new(rules::rules(&shop));
    assert!(set.iter().all(|rule| set.order().contains(&rule.key)), "every segment can be judged");
    let timed_ones = set.order().iter().filter(|key| set.moves_with_time(key)).count();
    println!("{} segments, {timed_ones} of them with a window of time", set.len());

    previews(&book.snapshot(), &shop, &set, now);
    let mut members = rebuilds(&book, &shop, &set, now);
    lookups(&book, &members, &set);
    events_in(&mut book, &mut members, &shop, &set, now);
    due(&book, &mut members, &shop, &set, now);
    memory(&book);
}

fn filled(contacts: usize, events: usize) -> Book {
    let mut draw = Draw::new(7);
    let mut book = Book::new();
    for n in 0..contacts {
        let contact = people::contact(&mut draw, n);
        book.put(&contact);
        let own = events * (n + 1) / contacts - events * n / contacts;
        // Some have many more than others.
        let own = if n % 2 == 0 { own / 2 } else { own + own.div_ceil(2) };
        book.add_events(contact.id, &people::events(&mut draw, own));
    }
    book
}

fn previews(snapshot: &Snapshot, shop: &Shop, set: &Set, now: Instant) {
    for (what, aim, sources) in rules::PREVIEWS {
        let conditions: Vec<Condition> = sources.iter().map(|source| shop.condition(source)).collect();
        let mut answer = Answer::default();
        let before = cpu();
        let mut took: Vec<Duration> = (0..TIMES)
            .map(|n| {
                let condition = &conditions[n % conditions.len()];
                let (asked, took) = timed(|| snapshot.ask(condition, set, shop, now, 10));
                answer = asked;
                took
            })
            .collect();
        let work = cpu().saturating_sub(before);
        took.sort_unstable();
        println!(
            "{what}: p50 {:.1} ms, p99 {:.1} ms (aim {aim}), {:.1} ms of a processor; {} of {} match, {} unknown{}",
            millis(took[TIMES / 2]),
            millis(took[TIMES * 99 / 100]),
            millis(work) / TIMES as f64,
            answer.matched,
            answer.contacts,
            answer.unknown,
            if answer.row_by_row.is_empty() { String::new() } else { format!("; one by one: {:?}", answer.row_by_row) },
        );
    }
}

fn rebuilds(book: &Book, shop: &Shop, set: &Set, now: Instant) -> Members {
    let snapshot = book.snapshot();
    let mut members = Members::default();
    for _ in 0..3 {
        let start = cpu();
        let ((), counted) = timed(|| members.recount(&snapshot, set, shop, now));
        let middle = cpu();
        let ((), rebuilt) = timed(|| members.rebuild(&snapshot, set, shop, now));
        println!(
            "all {} segments: members {:.0} ms (aim 500), {:.0} ms of a processor; with the next flip of everybody {:.0} ms, {:.0} ms of a processor",
            set.len(),
            millis(counted),
            millis(middle.saturating_sub(start)),
            millis(rebuilt),
            millis(cpu().saturating_sub(middle))
        );
    }
    let sizes: u64 = set.order().iter().map(|key| members.size(key)).sum();
    let follow = (0..book.len()).filter(|n| members.not_before(book, people::id(*n)).is_some()).count();
    println!("{sizes} memberships, {follow} contacts are followed through time");
    members
}

fn lookups(book: &Book, members: &Members, set: &Set) {
    let mut draw = Draw::new(3);
    let asked: Vec<_> = (0..1_000_000).map(|_| (people::id(draw.below(book.len())), draw.below(set.len()))).collect();
    let (found, took) = timed(|| {
        let keys = set.order();
        asked.iter().filter(|(id, key)| keys.get(*key).is_some_and(|key| members.is_member(book, *id, key))).count()
    });
    println!(
        "membership of a random contact: {:.0} ns ({} of {} are in) (aim 100)",
        took.as_nanos() as f64 / asked.len() as f64,
        found,
        asked.len()
    );
}

/// An event comes in: it is written down, the segments that ask for it are judged, the contact is followed anew.
fn events_in(book: &mut Book, members: &mut Members, shop: &Shop, set: &Set, now: Instant) {
    let mut draw = Draw::new(11);
    let order: Vec<&str> = set.order().iter().map(String::as_str).collect();
    for (what, with_snapshots) in [("", false), (", a snapshot being taken every 100", true)] {
        let mut kept = None;
        let mut changed = 0;
        let mut took: Vec<Duration> = (0_i64..20_000)
            .map(|n| {
                if with_snapshots && n % 100 == 0 {
                    kept = Some(book.snapshot());
                }
                let id = people::id(draw.below(book.len()));
                let at = now.plus_micros(n * 500);
                let mut event = people::events(&mut draw, 1);
                event.iter_mut().for_each(|event| event.at = at);
                let (flips, took) = timed(|| {
                    book.add_events(id, &event);
                    let who = book.who(id, at, shop, set).expect("everybody is there");
                    let mut ration = Ration::new(1_000_000);
                    let is: Vec<bool> = order.iter().map(|key| set.holds(key, &who, &mut ration)).collect();
                    let next = set.next_flip(order.iter().copied(), &who, &mut ration);
                    let mut flips = 0;
                    for (key, is) in order.iter().zip(is) {
                        flips += usize::from(members.is_member(book, id, key) != is);
                        members.set_member(book, id, key, is);
                    }
                    members.schedule(book, id, next);
                    flips
                });
                changed += flips;
                took
            })
            .collect();
        took.sort_unstable();
        let len = took.len();
        println!(
            "an event, all {} segments judged{what}: p50 {:.0} µs, p99 {:.0} µs, worst {:.0} µs; {changed} memberships changed",
            set.len(),
            micros(took[len / 2]),
            micros(took[len * 99 / 100]),
            micros(took[len - 1])
        );
    }
    let mut put: Vec<Duration> = (0..20_000)
        .map(|_| {
            let n = draw.below(book.len());
            let mut contact = people::contact(&mut Draw::new(u64::try_from(n).expect("small")), n);
            contact.tags.insert(TagKey::of("new"), Tag { label: "new".into(), at: now, by: model::Actor::System, why: None });
            timed(|| book.put(&contact)).1
        })
        .collect();
    put.sort_unstable();
    println!("a contact written down anew: p50 {:.1} µs, p99 {:.1} µs", micros(put[put.len() / 2]), micros(put[put.len() * 99 / 100]));
}

/// A day passes: those whose instant comes are looked at, the first of them at least.
fn due(book: &Book, members: &mut Members, shop: &Shop, set: &Set, now: Instant) {
    let order: Vec<&str> = set.order().iter().map(String::as_str).collect();
    let end = now.plus_micros(86_400_000_000);
    let (mut looked, mut flipped) = (0_u64, 0_u64);
    let ((), took) = timed(|| {
        loop {
            let due = members.take_due(book, end, 256);
            if due.is_empty() || looked >= LOOKS {
                break;
            }
            for (id, at) in due {
                looked += 1;
                let who = book.who(id, at, shop, set).expect("everybody is there");
                let mut ration = Ration::new(1_000_000);
                for key in &order {
                    let is = set.holds(key, &who, &mut ration);
                    if is != members.is_member(book, id, key) {
                        flipped += 1;
                        members.set_member(book, id, key, is);
                    }
                }
                let next = set.next_flip(order.iter().copied(), &who, &mut ration);
                members.schedule(book, id, next);
            }
        }
    });
    println!(
        "a day passes: {looked} contacts looked at, {flipped} memberships changed, {:.1} s, {:.0} µs each",
        took.as_secs_f64(),
        took.as_micros() as f64 / looked.max(1) as f64
    );
    black_box(members.next_due());
}

fn memory(book: &Book) {
    let bytes = book.bytes();
    let mib = |bytes: usize| bytes as f64 / 1_048_576.0;
    println!(
        "columns {:.0} MiB: attributes {:.0}, tags and times {:.0}, events {:.0}, rows {:.0}; the process {} MiB",
        mib(bytes.all()),
        mib(bytes.attributes),
        mib(bytes.tags),
        mib(bytes.events),
        mib(bytes.ids),
        resident().map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string())
    );
}

/// What the process holds, in KiB, where the system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().split(' ').next()?.parse().ok()
}

/// What the threads of the process have worked so far, where the system says so: a busy machine does not change it much.
fn cpu() -> Duration {
    let nanos = |thread: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
        std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    Duration::from_nanos(threads.filter_map(nanos).sum())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let made = run();
    (made, start.elapsed())
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

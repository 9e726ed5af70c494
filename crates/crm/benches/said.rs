//! Finding a message among tens of millions, measured: `cargo bench -p switchboard-crm --bench said -- [MESSAGES]`.
//!
//! Messages are made up from a fixed seed, a million people's in several scripts, sealed into blocks as they would come in a year, and
//! searched as the runtime does: newest block first, on every core, every block in memory.

use model::{ContactId, ConversationId, IdSource, Instant};
use rayon::prelude::*;
use std::{hint::black_box, time::Duration};
use switchboard_crm::{
    directory::folded,
    said::{HEAD, Head, Line, Place, Places, Words, seal, texts},
};

/// People whose messages they are.
const PEOPLE: u64 = 1_000_000;
/// How many are wanted: a page.
const WANTED: usize = 20;
/// Asked so often for a median.
const TIMES: usize = 5;
/// The text of a block, in bytes.
const BLOCK: usize = 64 * 1024;
/// Blocks taken at once.
const AT_ONCE: usize = 128;

const SAID: [&str; 16] = [
    "Hello, where is my order?",
    "Thanks, that helps a lot!",
    "¿Cuándo llega mi pedido? Lo necesito mañana",
    "Wo bleibt mein Paket? Die Größe stimmt nicht",
    "我的訂單什麼時候到？",
    "注文した商品がまだ届きません",
    "สินค้าของฉันอยู่ที่ไหน",
    "أين طلبي من فضلك؟",
    "Your order is on its way. You can follow it with the link below.",
    "Please give me your order number.",
    "Can I change the address of delivery?",
    "A specialist will join right away. You are number 3 in line.",
    "I want my money back, this is not what I ordered",
    "ok",
    "yes please",
    "Когда приедет мой заказ",
];
const NAMES: [&str; 12] = ["Ana", "Ben", "Chiara", "Dmitri", "Elif", "Fátima", "Georgi", "Hana", "Ines", "Jürgen", "Kofi", "Łukasz"];
/// What people look for, and how common it is.
const TYPED: [&str; 9] = ["order", "訂單", "größe paket", "order 4711", "refund", "zebra crossing", "заказ приедет", "kofi 99", "ok"];

fn main() {
    let messages = std::env::args().skip(1).find_map(|arg| arg.replace('_', "").parse::<u64>().ok()).unwrap_or(2_000_000);
    let mut draw = IdSource::new(Instant::default(), 7);
    let (mut lines, mut bytes, mut text_bytes, mut blocks) = (Vec::new(), 0, 0_usize, Vec::new());
    let mut spent = Duration::ZERO;
    for n in 0..messages {
        let (text, person) = (said(&mut draw, n), draw.draw() % PEOPLE);
        let (line, took) = timed(|| line(n, person, &text));
        spent += took;
        text_bytes += text.len();
        if bytes + line.text.len() >= BLOCK {
            let (block, took) = timed(|| seal(&mut lines).expect("there are lines"));
            spent += took;
            blocks.push(block);
            lines.clear();
            bytes = 0;
        }
        bytes += line.text.len() + 1;
        lines.push(line);
    }
    blocks.extend(seal(&mut lines));
    let disk: usize = blocks.iter().map(Vec::len).sum();
    println!(
        "{messages} messages, {:.0} MB of text: {} blocks, {:.0} MB on disk ({:.0} %), {:.2} µs each to fold and pack",
        text_bytes as f64 / 1e6,
        blocks.len(),
        disk as f64 / 1e6,
        disk as f64 * 100.0 / text_bytes as f64,
        spent.as_secs_f64() * 1e6 / messages as f64
    );
    blocks.reverse();
    for typed in TYPED {
        let words = Words::read(typed).expect("there is something to look for");
        let (first, first_took) = median(|| find(&blocks, &words, WANTED));
        let (all, all_took) = median(|| find(&blocks, &words, usize::MAX));
        println!(
            "  {typed:<16} {:>3} newest in {:>7.1} ms; all {:>8} in {:>7.1} ms",
            first.min(WANTED),
            first_took.as_secs_f64() * 1e3,
            all,
            all_took.as_secs_f64() * 1e3
        );
    }
}

fn said(draw: &mut IdSource, n: u64) -> String {
    let pick = |draw: &mut IdSource, count: usize| usize::try_from(draw.draw() % count as u64).expect("small");
    let (text, name) = (SAID[pick(draw, SAID.len())], NAMES[pick(draw, NAMES.len())]);
    match draw.draw() % 4 {
        0 => format!("{text} {name} {}", draw.draw() % 100_000),
        1 if n % 500_000 == 77 => format!("{text} zebra crossing"),
        _ => text.to_owned(),
    }
}

fn line(n: u64, person: u64, text: &str) -> Line {
    let at = Instant::from_secs(1_700_000_000 + i64::try_from(n).expect("small"));
    let place = Place {
        at,
        conversation: ConversationId(u128::from(person) << 64),
        no: n / PEOPLE + 1,
        contact: ContactId(u128::from(person) << 64),
    };
    Line { place, text: folded(text) }
}

/// Some newest places, as the runtime finds them.
fn find(blocks: &[Vec<u8>], words: &Words, wanted: usize) -> usize {
    let (mut found, mut from, mut count) = (0, 0, 4);
    while let Some(these) = blocks.get(from..(from + count).min(blocks.len())).filter(|these| !these.is_empty()) {
        found += these.par_iter().map(|block| within(block, words).len()).sum::<usize>();
        if found >= wanted {
            break;
        }
        from += these.len();
        count = (count * 2).min(AT_ONCE);
    }
    black_box(found)
}

fn within(block: &[u8], words: &Words) -> Vec<Place> {
    let head = Head::read(block).expect("a block has a head");
    let (lists, packed) = block.get(HEAD..).and_then(|rest| rest.split_at_checked(head.lists())).expect("a block is whole");
    if !Places::may_have(&head, lists, words) {
        return Vec::new();
    }
    let texts = texts(&head, packed).expect("a block is sound");
    Places::read(&head, lists).expect("a block is sound").find(&texts, words)
}

fn median<T: Copy>(work: impl Fn() -> T) -> (T, Duration) {
    let mut took: Vec<(T, Duration)> = (0..TIMES).map(|_| timed(&work)).collect();
    took.sort_unstable_by_key(|(_, took)| *took);
    took[took.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let out = work();
    (out, start.elapsed())
}

//! Segments at scale, through the whole product: a data folder of a million contacts and the server on it, asked over HTTP.
//!
//! `cargo bench -p switchboard-cli --bench segments_scale -- [PART …] [CONTACTS] [EVENTS] [FOLDER] [minutes=N] [rate=N]`
//!
//! Without parts all run, in this order; CONTACTS is 1,000,000, EVENTS of each contact 20, FOLDER `target/segments-scale`.
//! The folder is filled once and kept. One line per figure, with its aim where there is one. Clients and server share the
//! machine.
//!
//! | part      | what it measures                                                                                    |
//! |-----------|-----------------------------------------------------------------------------------------------------|
//! | `load`    | filling the folder, and the first start: everybody's memberships written down                       |
//! | `ready`   | a start on it, memory then                                                                          |
//! | `lookup`  | whether a contact is in a segment                                                                   |
//! | `preview` | conditions over everybody, three kinds; `DuckDB` beside it, of its own table, the counts compared  |
//! | `idle`    | processor time over a minute with nothing to do                                                     |
//! | `events`  | 2,000 events a second (`rate=N`) for ten minutes (`minutes=N`), each making its contact enter a       |
//! |           | segment, which it leaves after five minutes: twice as many changes from then on                     |
//! | `most`    | the same by 256 clients without a pause, for half a minute                                          |
//!
//! `DuckDB` is found through the Python of `DUCKDB_PYTHON` (`python3`): `pip install duckdb` in an environment of its own.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod bot;
mod data;
mod duck;
mod events;
mod parts;
mod server;
mod wire;

use std::path::PathBuf;

/// The allocator of the binary, for the loading done here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTS: [&str; 7] = ["load", "ready", "lookup", "preview", "idle", "events", "most"];

/// What is to be done.
struct Plan {
    parts: Vec<&'static str>,
    contacts: u64,
    events: u64,
    folder: PathBuf,
    minutes: f64,
    rate: u64,
}

fn plan() -> Plan {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let numbers: Vec<u64> = given.iter().filter_map(|a| a.parse().ok()).collect();
    let mut parts: Vec<&str> = PARTS.into_iter().filter(|part| given.iter().any(|a| a == part)).collect();
    if parts.is_empty() {
        parts = PARTS.to_vec();
    }
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/segments-scale");
    Plan {
        parts,
        contacts: numbers.first().copied().unwrap_or(1_000_000),
        events: numbers.get(1).copied().unwrap_or(20),
        folder: given.iter().find(|a| a.contains('/')).map_or(home, PathBuf::from),
        minutes: given.iter().find_map(|a| a.strip_prefix("minutes=")?.parse().ok()).unwrap_or(10.0),
        rate: given.iter().find_map(|a| a.strip_prefix("rate=")?.parse().ok()).unwrap_or(2_000),
    }
}

/// One line: what, how much, and whether that is what is aimed at. An aim is an upper bound.
fn figure(what: &str, value: f64, unit: &str, aim: Option<f64>) {
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    let verdict = match aim {
        Some(aim) if value <= aim => format!("   aim {aim} {unit}: met"),
        Some(aim) => format!("   aim {aim} {unit}: MISSED"),
        None => String::new(),
    };
    println!("{what:<62} {value:>11.digits$} {unit}{verdict}");
}

fn main() {
    let plan = plan();
    std::fs::create_dir_all(&plan.folder).expect("the folder can be made");
    bot::write(&plan.folder.join("bot"));
    println!("{} contacts of 12 attributes with {} events each, 100 segments, in {}", plan.contacts, plan.events, plan.folder.display());
    let loaded = data::load(&plan.folder, plan.contacts, plan.events);
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    tokio.block_on(parts::run(&plan, &loaded));
}

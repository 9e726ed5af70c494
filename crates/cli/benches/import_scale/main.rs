//! Import at scale, through the whole product: a file of a million rows into an empty folder, with a hundred segments.
//!
//! `cargo bench -p switchboard-cli --bench import_scale -- [ROWS] [FOLDER]`
//!
//! ROWS is 1,000,000, FOLDER `target/import-scale`; what is in it is made anew. One line per figure, with its aim where there is one:
//! rows a second on average and over the last tenth, the largest memory of the server, how long a change of one contact takes
//! meanwhile beside an idle server, and the same file once more, which changes nothing. Client and server share the machine.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

#[path = "../segments_scale/bot.rs"]
#[allow(dead_code, reason = "shared with another benchmark, which asks for more")]
mod bot;
#[path = "../segments_scale/server.rs"]
#[allow(dead_code, reason = "shared with another benchmark, which asks for more")]
mod server;

use serde_json::{Value as Json, json};
use server::Server;
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant as Clock},
};

/// Changes of one contact on the idle server.
const IDLE: usize = 300;
/// The pause between two changes, on the idle server and during the import alike: people do not write one after the other without a
/// breath, and whoever is asked without one answers from a warm processor.
const PAUSE: Duration = Duration::from_millis(20);

/// One line: what, how much, and whether that is what is aimed at: an upper bound, or a lower one.
fn figure(what: &str, value: f64, unit: &str, aim: Option<(f64, bool)>) {
    let verdict = match aim {
        Some((aim, least)) if (value >= aim) == least => format!("   aim {aim} {unit}: met"),
        Some((aim, _)) => format!("   aim {aim} {unit}: MISSED"),
        None => String::new(),
    };
    println!("{what:<62} {value:>11.1} {unit}{verdict}");
}

fn file(path: &Path, rows: u64) {
    let mut out = BufWriter::new(File::create(path).expect("the file can be made"));
    writeln!(out, "External ID;E-Mail;Phone;Name;City;Plan;Orders;Total_Spent;Newsletter;Born").expect("written");
    const CITIES: [&str; 8] = ["Lisboa", "Porto", "Köln", "東京", "Paris", "London", "Oslo", "Wien"];
    const PLANS: [&str; 3] = ["free", "basic", "gold"];
    for n in 0..rows {
        // Chance that is the same every time.
        let chance = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let pick = |of: u64| usize::try_from(chance % of).unwrap_or(0);
        writeln!(
            out,
            "C{n};person{n}@shop.example;+3519{:08};Person {n};{};{};{};\"{},{:02}\";{};19{:02}-{:02}-{:02}",
            n % 100_000_000,
            CITIES[pick(8)],
            PLANS[pick(3)],
            chance % 40,
            chance % 3_000,
            chance % 100,
            if chance % 3 == 0 { "yes" } else { "no" },
            50 + chance % 50,
            1 + chance % 12,
            1 + chance % 28,
        )
        .expect("written");
    }
    out.flush().expect("written");
}

/// How long a change of one contact takes, in milliseconds.
async fn change(server: &Server, contact: &str, n: usize) -> f64 {
    let began = Clock::now();
    let body = json!({ "attributes": { "score": n } });
    let asked = server.client.patch(format!("{}/contacts/{contact}", server.base)).bearer_auth(&server.key).json(&body);
    let status = asked.send().await.expect("an answer").status();
    assert!(status.is_success(), "{status}");
    began.elapsed().as_secs_f64() * 1e3
}

fn p99(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 99 / 100).or(times.last()).copied().unwrap_or(0.0)
}

async fn import(server: &Server, path: &Path, contact: &str, rows: u64) -> (Json, Vec<(f64, u64)>, Vec<f64>, f64) {
    let body = std::fs::read(path).expect("the file is there");
    let asked = server.client.post(format!("{}/imports?name=scale.csv", server.base)).bearer_auth(&server.key);
    let answer = asked.header("content-type", "text/csv").body(body).send().await.expect("an answer");
    let uploaded: Json = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    let id = uploaded["id"].as_str().unwrap_or_else(|| panic!("{uploaded}")).to_owned();
    let began = Clock::now();
    server.post(&format!("/imports/{id}/run"), &json!({ "key": "external", "tags": ["scale"] })).await;
    let (mut seen, mut waits, mut memory) = (vec![(0.0, 0)], Vec::new(), 0.0_f64);
    loop {
        waits.push(change(server, contact, waits.len()).await);
        let now = server.get(&format!("/imports/{id}")).await;
        memory = memory.max(server.memory());
        let row = now["row"].as_u64().unwrap_or(0).saturating_sub(1).min(rows);
        if seen.last().is_none_or(|(_, before)| *before < row) {
            seen.push((began.elapsed().as_secs_f64(), row));
        }
        match now["state"].as_str() {
            Some("running") => tokio::time::sleep(PAUSE).await,
            Some("done") => return (now, seen, waits, memory),
            _ => panic!("{now}"),
        }
    }
}

/// Rows a second from a row on.
fn rate(seen: &[(f64, u64)], from: u64) -> f64 {
    let Some((end, rows)) = seen.last() else { return 0.0 };
    let (start, at) = seen.iter().find(|(_, row)| *row >= from).copied().unwrap_or((0.0, 0));
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let done = (rows - at) as f64;
    done / (end - start).max(0.001)
}

async fn run(folder: &Path, rows: u64) {
    let (bot, data, path) = (folder.join("bot"), folder.join("data"), folder.join("rows.csv"));
    bot::write(&bot);
    file(&path, rows);
    let server = Server::start(&bot, &data);
    let made = server.post("/contacts", &json!({ "attributes": { "name": "Somebody" } })).await;
    let contact = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let (mut idle, mut breathless) = (Vec::with_capacity(IDLE), Vec::with_capacity(IDLE));
    for n in 0..IDLE {
        breathless.push(change(&server, &contact, n).await);
    }
    for n in 0..IDLE {
        tokio::time::sleep(PAUSE).await;
        idle.push(change(&server, &contact, n).await);
    }
    let idle = p99(idle);
    let (done, seen, waits, memory) = import(&server, &path, &contact, rows).await;
    assert_eq!(done["counts"]["created"], rows, "{done}");
    figure("rows a second, on average", rate(&seen, 0), "/s", Some((20_000.0, true)));
    figure("rows a second, over the last tenth", rate(&seen, rows - rows / 10), "/s", Some((6_000.0, true)));
    figure("the largest memory of the server", memory, "MB", Some((1_500.0, false)));
    figure("a change of one contact on the idle server, p99", idle, "ms", None);
    figure("the same one after the other, p99", p99(breathless), "ms", None);
    figure("the same during the import, p99", p99(waits), "ms", Some((idle * 3.0, false)));
    let (again, seen, _, _) = import(&server, &path, &contact, rows).await;
    assert_eq!(again["counts"]["unchanged"], rows, "the same file changes nothing: {again}");
    figure("the same file once more, rows a second", rate(&seen, 0), "/s", None);
    server.stop();
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let rows = given.iter().find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/import-scale");
    let folder = given.iter().find(|a| a.contains('/')).map_or(home, PathBuf::from);
    // A folder that is not there is as good as one that was taken away.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    println!("{rows} rows of 10 columns, 100 segments, in {}", folder.display());
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    tokio.block_on(run(&folder, rows));
}

//! The web channel over HTTP on loopback: server, store with fsync and clients on one machine.
//!
//! `cargo bench -p switchboard-cli --bench web_http [-- SECONDS]`
//!
//! 256 visitors in a closed loop post the messages of one conversation, each on a connection kept open; an answer comes
//! when the message is durable. The channel's own limits per visitor and network are raised out of the way. What counts
//! is the second half of the run.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use channel::Channel;
use engine::{Bot, BotFiles};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VISITORS: usize = 256;
const TALK: [&str; 4] = ["/talk", "Ana", "120", "Very well"];
const BOT: &str = "name: Bench\nchannels:\n  web: { type: web }\nattributes: { name: text }\n";
const SKILL: &str = "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  hello: { text: Hello! What is your name? }\n  name: { listen: name }\n  ask: { text: \"How many pieces, ${name}?\" }\n  count:\n    listen: pieces\n    expect: { number: { min: 1, max: 1000 } }\n  size:\n    switch:\n      - when: pieces >= 100\n        then: large\n    else: small\n  large: { add_tag: wholesale, next: thanks }\n  small: { add_tag: retail }\n  thanks: { text: \"Thank you, ${name | default('friend')}: ${pieces} pieces.\" }\n  question: { text: How did you like this? }\n  feedback: { listen: feedback }\n";

fn main() {
    let seconds = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(30);
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    tokio.block_on(run(seconds));
}

async fn run(seconds: u64) {
    let files = [("bot.yaml", BOT), ("skills/talk.yaml", SKILL)];
    let files = BotFiles {
        files: files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect(),
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let bot = Bot::load(&files).0.expect("the bot is sound");
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(store_sled::SledStore::open(folder.path(), store_sled::Options::default()).expect("a store"));
    let much = channel_web::Rate { burst: 1e9, per_second: 1e9 };
    let limits = channel_web::Limits {
        visitor_messages: much,
        network_messages: much,
        network_sessions: much,
        network_reads: much,
        ..channel_web::Limits::default()
    };
    let web: Arc<dyn Channel> =
        Arc::new(channel_web::WebChannel::new("web", channel_web::Options { limits, ..channel_web::Options::default() }));
    let service = runtime::start(runtime::Options {
        bot,
        pinned: Vec::new(),
        store,
        blobs: Arc::new(store::MemBlobs::default()),
        channels: vec![web.clone()],
        clock: Arc::new(runtime::SystemClock),
        seed: 1,
        outside: None,
        at_rest: false,
    })
    .await
    .expect("it starts");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/c/web", listener.local_addr().expect("an address"));
    let routes = vec![("web".to_owned(), web.clone().routes(service.handle.hub("web")))];
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let server = tokio::spawn(api::serve(listener, service.handle.clone(), routes, api::ApiOptions::new("bench"), stopped));

    let (counting, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let client = reqwest::Client::builder().pool_max_idle_per_host(VISITORS).no_proxy().build().expect("a client");
    let visitors: Vec<_> = (0..VISITORS)
        .map(|visitor| {
            let (client, base, counting, ended) = (client.clone(), base.clone(), counting.clone(), ended.clone());
            tokio::spawn(async move {
                let session: serde_json::Value = client
                    .post(format!("{base}/session"))
                    .json(&serde_json::json!({}))
                    .send()
                    .await
                    .expect("a session")
                    .json()
                    .await
                    .expect("JSON");
                let token = session["token"].as_str().expect("a token").to_owned();
                let mut latencies: Vec<u32> = Vec::new();
                for n in 0_usize.. {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    let began = Instant::now();
                    let body = serde_json::json!({ "client_id": format!("bench-{visitor}-{n:08}"), "text": TALK[n % 4] });
                    let answer = client.post(format!("{base}/messages")).bearer_auth(&token).json(&body).send().await.expect("an answer");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answer.bytes().await.expect("a body");
                    if counting.load(Ordering::Relaxed) {
                        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                }
                latencies
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds / 2)).await;
    counting.store(true, Ordering::Relaxed);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds - seconds / 2)).await;
    ended.store(true, Ordering::Relaxed);
    let elapsed = began.elapsed().as_secs_f64();
    let mut all: Vec<u32> = Vec::new();
    for visitor in visitors {
        all.extend(visitor.await.expect("a visitor ends"));
    }
    all.sort_unstable();
    let at = |share: f64| f64::from(all[((all.len() as f64 * share) as usize).min(all.len() - 1)]) / 1e3;
    println!(
        "web channel over HTTP: {:.0} messages/s, p50 {:.1} ms, p99 {:.1} ms ({VISITORS} visitors, clients on the same machine)",
        all.len() as f64 / elapsed,
        at(0.5),
        at(0.99)
    );
    stop.send_replace(true);
    // Told to stop; what it says is of no interest to a benchmark.
    let _ = server.await;
    service.stop().await;
}

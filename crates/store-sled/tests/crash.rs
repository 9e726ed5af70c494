//! The process is killed at random moments, again and again on the same data: what was acknowledged is there, whole.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use common::{PEOPLE, check, next_commit, small};
use model::{IdSource, Instant};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::Arc,
};
use store::Store;
use switchboard_store_sled::{Options, SledStore};

const FOLDER: &str = "SWITCHBOARD_CRASH_TEST_FOLDER";
const ROUNDS: u64 = 25;

fn options(round: u64) -> Options {
    if round.is_multiple_of(3) { Options::default() } else { small() }
}

/// Not a test by itself: what the killed process runs. It commits without end, several at a time, and prints each
/// acknowledgement.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn writer() {
    let Ok(value) = std::env::var(FOLDER) else { return };
    let (round, folder) = value.split_once(' ').expect("round and folder");
    let store: Arc<SledStore> = Arc::new(SledStore::open(folder, options(round.parse().expect("a number"))).expect("the store opens"));
    let threads: Vec<_> = (0..PEOPLE)
        .map(|n| {
            let store = store.clone();
            std::thread::spawn(move || {
                loop {
                    let (commit, version) = next_commit(&*store, n);
                    store::commit_blocking(&*store, commit).expect("the commit is accepted");
                    let mut out = std::io::stdout().lock();
                    // One write per line, so that a killed process leaves whole lines and at most one part.
                    out.write_all(format!("ack {n} {version} .\n").as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
                }
            })
        })
        .collect();
    // All the while the store is written anew, again and again.
    std::thread::spawn(move || {
        while store.compact().is_ok() {}
        std::process::exit(1);
    });
    // They end only if one of them fails; then this process does.
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut draw = IdSource::new(Instant::from_secs(0), 42);
    let mut acknowledged = vec![0; PEOPLE as usize];
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--ignored", "--nocapture"])
            .env(FOLDER, format!("{round} {}", dir.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (kill_after, mut count) = (1 + draw.draw() % 300, 0);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            // The test harness may have put its own words in front.
            let Some((_, ack)) = line.split_once("ack ") else { continue };
            let words: Vec<&str> = ack.split(' ').collect();
            let [n, version, "."] = words[..] else { continue };
            acknowledged[n.parse::<usize>().unwrap()] = version.parse().unwrap();
            count += 1;
            if count == kill_after {
                // What is in the pipe by now was acknowledged as well; the loop reads it out.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(count >= kill_after, "round {round}: the writer ended by itself after {count}");
        let store = SledStore::open(dir.path(), options(round + 1)).unwrap();
        acknowledged = check(&store, &acknowledged);
        // Every other time the next process finds what the crash left, not what this one tidied.
        if round % 2 == 0 {
            store.close().unwrap();
        }
    }
    assert!(acknowledged.iter().sum::<u64>() > ROUNDS * 20, "{acknowledged:?}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("db.")), "what a compaction left is put in order: {left:?}");
}

//! Events of a file: recorded for whom they name, once, counted by segments, and told to no flow; what is wrong comes back as a
//! file that can be corrected.

use crate::support::{Hook, Server, Setup, Visitor, bot};
use serde_json::Value;
use std::fs;

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\n"),
    ("segments.yaml", "buyers: { name: Buyers, where: 'count(purchase, last 30 days) >= 2' }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/bought.yaml", "skill: bought\ncatch: [{ event: purchase }]\nblocks:\n  thanks: { text: Thank you }\n"),
    ("skills/buyer.yaml", "skill: buyer\ncatch: [{ segment: { entered: buyers } }]\nblocks:\n  hello: { text: Welcome back }\n"),
];

async fn buyers(server: &Server) -> u64 {
    let asked = server.run(&["segments", "preview", "in segment buyers", "--json"]).await;
    let answer: Value = serde_json::from_str(&asked.stdout).unwrap_or_else(|why| panic!("{why}: {asked:?}"));
    answer["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_events_is_recorded_once_counts_and_starts_nothing() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let ana = Visitor::greeted(&server).await;
    ana.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let file = folder.path().join("purchases.jsonl");
    let lines = [
        format!(r#"{{"contact":"{id}","name":"purchase","fields":{{"total":12.5}},"at":"{}"}}"#, day(3)),
        format!(r#"{{"contact":"{id}","name":"purchase","fields":{{"total":7}},"at":"{}"}}"#, day(2)),
        format!(r#"{{"contact":"{id}","name":"purchase","at":"{}"}}"#, day(90)),
        r#"{"contact":"nobody@example.com","name":"purchase","at":"2026-01-01T00:00:00Z"}"#.to_owned(),
        format!(r#"{{"contact":"{id}","name":"not a name","at":"{}"}}"#, day(1)),
        "not json".to_owned(),
        format!(r#"{{"contact":"{id}","name":"purchase"}}"#),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    for round in 0..2 {
        let ended = server.run(&["contacts", "import-events", &path]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for says in ["3 events recorded", "line 4: there is no contact", "line 5: ", "line 6: not JSON", "line 7: ", "4 lines were not"] {
            assert!(ended.stdout.contains(says), "{says}: {}", ended.stdout);
        }
        let left = fs::read_to_string(format!("{path}.errors.jsonl")).unwrap();
        assert_eq!(left.lines().collect::<Vec<_>>(), lines[3..].iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(buyers(&server).await, 1, "counted, and once: two are of the last 30 days");
        if round == 0 {
            // What is durable is not doubled by a second try after a crash.
            server.kill().await;
            server.start_again().await;
        }
    }
    let shown = server.run(&["contacts", "show", &id, "--json"]).await;
    assert!(!shown.stdout.contains("Thank you") && !shown.stdout.contains("Welcome back"), "no flow is told: {}", shown.stdout);
    ana.say(&server, "still here?").await;
    ana.saw(&server, "still here?").await;
    let lines = ana.lines(&server).await;
    assert!(!lines.iter().any(|line| line.to_string().contains("Thank you") || line.to_string().contains("Welcome back")), "{lines:?}");
}

/// So many days ago.
fn day(ago: i64) -> String {
    model::Instant::from_secs(Hook::now() - ago * 86_400).to_string()
}

//! Events of a file: recorded for whom they name, once, counted by segments, and told to no flow; what is wrong comes back as a
//! file that can be corrected, and all of it can be taken out again. Tables as spreadsheets save them, and a kill in the middle.

use crate::support::{Ended, Hook, Server, Setup, Visitor, bot, key, random, within};
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, time::Duration};

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
        let recorded = if round == 0 { "3 events recorded, 0 recorded already" } else { "0 events recorded, 3 recorded already" };
        for says in [
            recorded,
            "row 4, column contact: there is no contact",
            "row 5, column name: ",
            "row 6: the line is not JSON",
            "row 7, column at: ",
            "4 rows not imported",
        ] {
            assert!(ended.stdout.contains(says), "{says}: {}", ended.stdout);
        }
        let left = fs::read_to_string(folder.path().join("purchases.errors.jsonl")).unwrap();
        let left: Vec<&str> = left.lines().collect();
        assert_eq!((left.len(), left[2]), (4, "not json"), "a line that is no object is given back as it was");
        let corrected: Value = serde_json::from_str(left[1]).unwrap();
        assert!(corrected["name"] == "not a name" && corrected["_error"].as_str().unwrap().contains("letters"), "{corrected}");
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

    // What is corrected is imported; then all of the first file is taken out again, from the folder of the stopped server.
    let right = format!(r#"{{"contact":"{id}","name":"purchase","at":"{}","_error":"x"}}"#, day(1));
    let corrected = folder.path().join("purchases.errors.jsonl");
    fs::write(&corrected, right).unwrap();
    let told = import(&server, &[corrected.to_str().unwrap(), "--json"]).await;
    let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|why| panic!("{why}: {told:?}"));
    assert_eq!((&told["kind"], &told["counts"]["recorded"], &told["state"]), (&json!("events"), &json!(1), &json!("done")), "{told}");
    let all = server.run(&["contacts", "import", "--progress", "--json"]).await;
    let mut all = all.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let first = all.find(|import| import["kind"] == "events" && import["counts"]["recorded"] == 3).unwrap();
    server.stop().await;
    let undone = import(&server, &["--undo", first["id"].as_str().unwrap()]).await;
    assert!(undone.code == Some(0) && undone.stdout.contains("3 events taken out again"), "{undone:?}");
    server.start_again().await;
    assert_eq!(buyers(&server).await, 0, "one is left");
    let shown = server.run(&["contacts", "show", &id]).await;
    assert!(shown.stdout.contains("taken back"), "{shown:?}");
}

async fn import(server: &Server, args: &[&str]) -> Ended {
    server.run(&[&["contacts", "import-events"], args].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_wild_are_recorded_as_they_were_meant() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    // As a spreadsheet saves it: UTF-16 with its mark, semicolons, commas before decimals, local times, the day first.
    let local = |ago: i64| day(ago).split('T').next().unwrap().split('-').rev().collect::<Vec<_>>().join("/");
    let mut table = "E-Mail;Ereignis;Datum;Betrag;Bestell-Nr\r\n".to_owned();
    for (n, ago) in [(1, 40), (2, 20), (3, 4)] {
        write!(table, "ana@shop.example;purchase;{} 14:30;1.234,50;00{n}\r\n", local(ago)).unwrap();
    }
    table.push_str("\"bad; mail\";purchase;=1+1;viel;9\r\n");
    let bytes: Vec<u8> = "\u{feff}".encode_utf16().chain(table.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let path = folder.path().join("orders.txt");
    fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let said = ["--unknown", "create", "--zone", "Europe/Madrid", "--dates", "dmy"];
    let dry = import(&server, &[&[path, "--dry-run"], &said[..]].concat()).await;
    for says in [
        "fields.bestell_nr:text",
        "fields.Betrag:text",
        "would record 3 events, 1 contact made for them",
        "row 5, column E-Mail",
        "row 5, column Datum",
    ] {
        assert!(dry.stdout.contains(says), "{says}: {dry:?}");
    }
    let typed = [&[path], &said[..], &["--map", "Betrag=fields.total:number"]].concat();
    let done = import(&server, &typed).await;
    assert!(done.stdout.contains("3 events recorded, 1 contact made for them") && done.stdout.contains("1 row not imported"), "{done:?}");
    let left = fs::read_to_string(folder.path().join("orders.errors.csv")).unwrap();
    assert!(left.contains("\"bad; mail\";purchase;'=1+1;viel;9") && left.contains("Datum: "), "{left}");
    assert_eq!(counted(&server, "sum(purchase.total, last 30 days) = 2469").await, 1);
    let again = import(&server, &typed).await;
    assert!(again.stdout.contains("0 events recorded, 3 recorded already"), "{again:?}");
}

async fn counted(server: &Server, condition: &str) -> u64 {
    let asked = server.run(&["segments", "preview", condition, "--json"]).await;
    serde_json::from_str::<Value>(&asked.stdout).unwrap_or_else(|why| panic!("{why}: {asked:?}"))["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_of_a_file_of_events_loses_nothing_and_doubles_nothing() {
    const ROWS: usize = 8_000;
    const PEOPLE: usize = 200;
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (mut text, at) = ("email,event,at,n\n".to_owned(), [day(1), day(2), day(70)]);
    for n in 0..ROWS {
        // Nobody is there yet; some rows are wrong.
        let at = if n % 101 == 99 { "soon" } else { &at[n % 3] };
        writeln!(text, "p{}@shop.example,purchase,{at},{n}", n * 7 % PEOPLE).unwrap();
    }
    let weak = key(&server, "weak", &["contacts:read", "contacts:write"], &[]).await;
    let key = key(&server, "importer", &["contacts:read", "contacts:write", "events:write"], &["--per-minute", "1000000"]).await;
    let upload = |key: &str| {
        let post = server.http().post(format!("{}/api/v1/imports?name=many.csv&kind=events", server.origin()));
        post.bearer_auth(key).header("content-type", "text/csv").body(text.clone()).send()
    };
    assert_eq!(upload(&weak).await.unwrap().status().as_u16(), 403, "events are another scope");
    let uploaded: Value = upload(&key).await.unwrap().json().await.unwrap();
    let id = uploaded["id"].as_str().unwrap_or_else(|| panic!("{uploaded}")).to_owned();
    assert_eq!((&uploaded["kind"], &uploaded["columns"][3]["field"]), (&json!("events"), &json!("fields.n:number")), "{uploaded}");
    let at = |server: &Server, what: &str| server.http().post(format!("{}/api/v1/imports/{id}/{what}", server.origin())).bearer_auth(&key);
    let run = async |body: Value| at(&server, "run").json(&body).send().await.unwrap().status().as_u16();
    assert_eq!(run(json!({ "tags": ["x"] })).await, 422, "nobody is tagged by what happened");
    assert_eq!(run(json!({ "unknown": "create" })).await, 202);
    let read = async |server: &Server| -> Value {
        let asked = server.http().get(format!("{}/api/v1/imports/{id}", server.origin())).bearer_auth(&key);
        asked.send().await.unwrap().json().await.unwrap()
    };
    let mut kills = 0;
    let done = within("the import to end", async {
        let mut seen = 0;
        loop {
            let now = read(&server).await;
            if now["state"] == "done" {
                break now;
            }
            assert_eq!(now["state"], "running", "{now}");
            let row = now["row"].as_u64().unwrap();
            if row > seen && kills < 3 {
                (seen, kills) = (row, kills + 1);
                // The moment of the kill is chance.
                tokio::time::sleep(Duration::from_millis(random() % 40)).await;
                server.kill().await;
                server.start_again().await;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(kills > 0, "the import was under way when the server died");
    let wrong = (0..ROWS).filter(|n| n % 101 == 99).count();
    assert_eq!((&done["counts"]["recorded"], &done["counts"]["failed"]), (&json!(ROWS - wrong), &json!(wrong)), "{done}");
    assert_eq!(done["counts"]["made"], PEOPLE, "{done}");
    // Each contact has exactly their own.
    let each = |who: usize| (0..ROWS).filter(|n| n % 101 != 99 && n * 7 % PEOPLE == who).count();
    let mut sizes: Vec<usize> = (0..PEOPLE).map(each).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes.into_iter().filter(|size| *size > 0) {
        let who = (0..PEOPLE).filter(|who| each(*who) == size).count() as u64;
        assert_eq!(counted(&server, &format!("count(purchase) = {size}")).await, who, "{size} events");
    }
    assert_eq!(counted(&server, "in segment buyers").await, counted(&server, "count(purchase, last 30 days) >= 2").await);
    assert_eq!(at(&server, "undo").send().await.unwrap().status().as_u16(), 202);
    let undone = within("the undo to end", async {
        loop {
            let now = read(&server).await;
            if now["state"] == "undone" {
                break now;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((&undone["counts"]["withdrawn"], &undone["counts"]["removed"]), (&json!(ROWS - wrong), &json!(PEOPLE)), "{undone}");
    assert_eq!((counted(&server, "count(purchase) >= 1").await, counted(&server, "in segment buyers").await), (0, 0));
}

/// So many days ago.
fn day(ago: i64) -> String {
    model::Instant::from_secs(Hook::now() - ago * 86_400).to_string()
}

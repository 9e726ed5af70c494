//! A backup made while everybody talks, and what comes of it: an import that goes on where the export was, one that was killed, files
//! and folders that are damaged.

use crate::support::{Ended, Server, Setup, Visitor, binary, bot, fresh, within};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::Command;

/// Answers each word with its number: one that is lost or handled twice is seen in every later answer.
const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Counter\nchannels: { web: { type: web } }\nattributes:\n  heard: { type: number, default: 0 }\n"),
    ("segments.yaml", "talkative: { where: heard > 3 }\n"),
    (
        "skills/start.yaml",
        "skill: /start\nblocks:\n  ready: { text: Ready. }\n  word:\n    listen: word\n    timeout: 3d\n    on: { timeout: end }\n  \
         count:\n    data: { heard: '${heard + 1}' }\n  answer:\n    text: '${heard}: ${word}'\n    next: word\n",
    ),
    (
        "skills/remind.yaml",
        "skill: remind\ncatch:\n  - command: remind\nblocks:\n  set:\n    timer: { after: 4s, do: ring }\n  done:\n    text: Set.\n    \
         next: end\n  ring:\n    text: Ring!\n    next: end\n",
    ),
];

const VISITORS: usize = 6;

/// A command that is not about the server's own folder.
async fn run(args: &[&str]) -> Ended {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    Ended::from(within("the command to end", command.output()).await.unwrap())
}

async fn import(file: &Path, data: &Path) -> Ended {
    run(&["store", "import", file.to_str().unwrap(), "--data", data.to_str().unwrap()]).await
}

async fn verified(data: &Path) {
    let verified = run(&["store", "verify", "--data", data.to_str().unwrap()]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

/// An export without its header.
fn content(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    let end = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0;
    bytes.split_at(end).1.to_vec()
}

/// Says words until it is told to stop; counts those that were acknowledged.
async fn talk(visitor: &Visitor, server: &Server, over: &AtomicBool, acknowledged: &AtomicUsize) {
    while !over.load(Ordering::Relaxed) {
        let said = acknowledged.load(Ordering::Relaxed) + 1;
        let body = json!({ "client_id": format!("word-{said}"), "text": format!("w{said}") });
        match visitor.try_post(server, "messages", &body).await.unwrap().status() {
            StatusCode::ACCEPTED => drop(acknowledged.fetch_add(1, Ordering::Relaxed)),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {}
            other => panic!("{other}"),
        }
        // A pace that the limits of a visitor allow.
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
}

/// The files below a folder, by name, with what is in them.
fn files(folder: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => {
                found.extend(files(&path).into_iter().map(|(name, bytes)| (Path::new(&entry.file_name()).join(name), bytes)))
            }
            path => drop(found.insert((entry.file_name().into(), fs::read(path).unwrap()))),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_busy_server_is_one_moment_and_goes_on_from_there() {
    let (folder, files_of_backup) = (bot(FILES), tempfile::tempdir().unwrap());
    let setup = Setup::new(folder.path());
    let mut server = setup.clone().start().await;
    let (over, counts): (AtomicBool, Vec<AtomicUsize>) = (AtomicBool::new(false), (0..VISITORS).map(|_| AtomicUsize::new(0)).collect());
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let visitor = Visitor::greeted(&server).await;
        visitor.saw(&server, "Ready.").await;
        visitors.push(visitor);
    }
    let upload = server.http().post(format!("{}/c/web/files?name=letter.txt", server.origin())).bearer_auth(&visitors[0].token);
    let upload: Value = upload.body("my letter").send().await.unwrap().json().await.unwrap();
    visitors[0].post(&server, "messages", json!({ "client_id": "file", "text": "a letter", "attachments": [upload["id"]] })).await;
    visitors[0].saw(&server, "1: a letter").await;
    let reminded = Visitor::greeted(&server).await;
    reminded.saw(&server, "Ready.").await;
    reminded.say(&server, "/remind").await;
    reminded.saw(&server, "Set.").await;

    // Export after export while everybody talks; the last one is gone on with.
    let file = files_of_backup.path().join("backup");
    let mut known = Vec::new();
    let work = async {
        for round in 0..3 {
            let before: Vec<usize> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            within("everybody to say something", async {
                while counts.iter().zip(&before).any(|(count, before)| count.load(Ordering::Relaxed) < before + 5) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
            .await;
            known = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            let exported = if round == 0 {
                server.run(&["store", "export", file.to_str().unwrap()]).await
            } else {
                server.run(&["store", "export", file.to_str().unwrap(), "--force"]).await
            };
            assert_eq!(exported.code, Some(0), "{exported:?}");
            assert!(exported.stdout.contains(&format!("{} contacts", VISITORS + 1)), "{exported:?}");
        }
        let again = server.run(&["store", "export", file.to_str().unwrap()]).await;
        assert!(again.code == Some(2) && again.stderr.contains("--force"), "nothing is replaced unasked: {again:?}");
        over.store(true, Ordering::Relaxed);
    };
    let talks = visitors.iter().zip(&counts).map(|(visitor, count)| talk(visitor, &server, &over, count));
    let [a, b, c, d, e, f]: [_; VISITORS] = talks.collect::<Vec<_>>().try_into().ok().expect("as many as there are");
    tokio::join!(work, a, b, c, d, e, f);
    assert!(!server.data().join("db.frozen").exists(), "the copy that was read is gone");
    let room = &server.health().await["disk"];
    assert!(room["free"].as_u64().unwrap() > 0 && room["free"].as_u64() <= room["total"].as_u64(), "{room}");
    assert_eq!(server.run(&["store", "verify"]).await.code, Some(0), "a server that goes on has nothing wrong");
    server.kill().await;

    // Somewhere else.
    let data = tempfile::tempdir().unwrap();
    let imported = import(&file, data.path()).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(imported.stdout.contains("Do not serve the old data folder as well"), "{imported:?}");
    verified(data.path()).await;
    assert_eq!(files(&data.path().join("blobs")), files(&server.data().join("blobs")));
    let other = setup.clone().start_in(data).await;
    let mut talkative = 0;
    for (at, (visitor, known)) in visitors.iter().zip(known).enumerate() {
        let said = |lines: &[Value], who: &str| -> Vec<String> {
            lines.iter().filter(|l| l["from"] == who).map(|l| l["text"].as_str().unwrap_or_default().to_owned()).collect()
        };
        // What was under way at that moment is answered now.
        let lines = visitor
            .until(&other, "an answer to every word", |lines| {
                (said(lines, "bot").len() == said(lines, "you").len() + 1).then(|| lines.to_vec())
            })
            .await;
        let words: Vec<String> = said(&lines, "you");
        let first = usize::from(at == 0);
        assert!(words.len() >= known + first, "{} of {known} words are there", words.len());
        let owed: Vec<String> =
            std::iter::once("Ready.".to_owned()).chain(words.iter().enumerate().map(|(n, word)| format!("{}: {word}", n + 1))).collect();
        assert_eq!(said(&lines, "bot"), owed);
        let next = words.len() + 1;
        visitor.say(&other, "and on").await;
        visitor.saw(&other, &format!("{next}: and on")).await;
        talkative += usize::from(next > 3);
    }
    let members = other.run(&["segments", "members", "talkative", "--json"]).await;
    assert_eq!(members.stdout.lines().count(), talkative, "{members:?}");
    reminded.saw(&other, "Ring!").await;
    let rings = reminded.texts(&other, "bot").await.into_iter().filter(|text| text == "Ring!").count();
    assert_eq!(rings, 1, "a timer fires once");
    assert_eq!(other.run(&["store", "verify"]).await.code, Some(0));
}

/// A server that was talked to and stopped, and an export of its folder.
async fn stopped() -> (TempDir, Server, TempDir, PathBuf) {
    let (folder, place) = (bot(FILES), tempfile::tempdir().unwrap());
    let mut server = Setup::new(folder.path()).start().await;
    for _ in 0..3 {
        let visitor = Visitor::greeted(&server).await;
        visitor.saw(&server, "Ready.").await;
        visitor.say(&server, &fresh("word")).await;
        visitor.saw(&server, "1: word").await;
    }
    let (status, _) = server.stop().await;
    assert!(status.success());
    let file = place.path().join("backup");
    let exported = server.run(&["store", "export", file.to_str().unwrap()]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    (folder, server, place, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_exported_has_the_same_bytes() {
    let (_folder, server, place, file) = stopped().await;
    let data = place.path().join("data");
    let imported = import(&file, &data).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let again = place.path().join("again");
    let exported = run(&["store", "export", again.to_str().unwrap(), "--data", data.to_str().unwrap(), "--json"]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    assert_eq!(serde_json::from_str::<Value>(&exported.stdout).unwrap()["totals"]["people"], 3);
    assert!(content(&file) == content(&again), "the same contents make the same bytes");
    // A folder that holds something is left alone.
    let refused = import(&file, server.data()).await;
    assert!(refused.code == Some(2) && refused.stderr.contains("is not empty; name one that is not there yet"), "{refused:?}");
    verified(server.data()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_folder_at_rest_changes_nothing_in_it() {
    let (_folder, server, place, _) = stopped().await;
    let data = server.data();
    for format in [3, 4, 5] {
        fs::write(data.join("format"), format!("switchboard data {format}\n")).unwrap();
        let before = files(data);
        verified(data).await;
        let file = place.path().join(format!("of-{format}"));
        let exported = run(&["store", "export", file.to_str().unwrap(), "--data", data.to_str().unwrap()]).await;
        assert_eq!(exported.code, Some(0), "{exported:?}");
        assert!(files(data) == before, "of format {format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_is_served_by_nobody() {
    let (folder, _server, place, file) = stopped().await;
    let (pipe, data) = (place.path().join("pipe"), place.path().join("data"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = Command::new(binary());
    command.args(["store", "import"]).arg(&pipe).arg("--data").arg(&data);
    let mut importing = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    // All but the last byte: it waits for that one.
    let bytes = fs::read(&file).unwrap();
    let path = pipe.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut pipe = fs::File::options().write(true).open(path).unwrap();
        pipe.write_all(bytes.split_last().unwrap().1).unwrap();
        pipe
    });
    let held = within("the import to have read", written).await.unwrap();
    within("the import to have begun", async {
        while !data.join("db/db").exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    importing.start_kill().unwrap();
    within("the process to be gone", importing.wait()).await.unwrap();
    drop(held);
    let sentence = "was not finished, so it cannot be used; remove the folder and import again";
    let served = Setup::new(folder.path()).fails(&data, "127.0.0.1:0").await;
    assert!(served.code == Some(2) && served.stderr.contains(sentence), "{served:?}");
    let again = import(&file, &data).await;
    assert!(again.code == Some(2) && again.stderr.contains(sentence), "{again:?}");
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(import(&file, &data).await.code, Some(0));
    verified(&data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_export_is_refused_at_its_place_and_leaves_nothing() {
    let (_folder, _server, place, file) = stopped().await;
    let (bytes, data) = (fs::read(&file).unwrap(), place.path().join("data"));
    let broken = place.path().join("broken");
    let whole = bytes.len();
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let cases = [
        (flipped(3), "is no export: it does not begin with"),
        (flipped(30), "is damaged at byte 21: its second line"),
        (flipped(whole / 2), "is damaged at byte"),
        (flipped(whole - 1), "is damaged at byte"),
        (bytes[..whole - 1].to_vec(), "before its end: it was cut off"),
        (bytes[..whole / 2].to_vec(), "before its end: it was cut off"),
        ([&bytes[..], b"more"].concat(), "it was cut off"),
        (b"switchboard export 2\n".to_vec(), "this program reads \"switchboard export 1\""),
        (Vec::new(), "is no export"),
    ];
    for (bytes, told) in cases {
        fs::write(&broken, bytes).unwrap();
        let refused = import(&broken, &data).await;
        assert!(refused.code == Some(2) && refused.stderr.contains(told), "{told}: {refused:?}");
        assert!(!data.exists(), "nothing is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_folder_is_told_and_nothing_panics() {
    let (_folder, mut server, place, _) = stopped().await;
    // What was never opened again since it was written is made good from the log.
    server.start_again().await;
    assert!(server.stop().await.0.success());
    let data = server.data();
    verified(data).await;
    let copy = place.path().join("copy");
    let pristine = files(data);
    let restore = || {
        let _ = fs::remove_dir_all(&copy);
        for (name, bytes) in &pristine {
            let path = copy.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    };
    let written = fs::read(data.join("db/db")).unwrap();
    let places: Vec<usize> = (0..written.len()).filter(|at| written[*at] != 0).collect();
    let mut told = 0;
    for step in 0..24 {
        restore();
        let path = copy.join("db/db");
        let mut bytes = fs::read(&path).unwrap();
        if step % 6 == 5 {
            bytes.truncate(bytes.len() * step / 24);
        } else {
            bytes[places[places.len() * step / 24 + 7]] ^= 0x41;
        }
        fs::write(&path, bytes).unwrap();
        let verified = run(&["store", "verify", "--json", "--data", copy.to_str().unwrap()]).await;
        assert!(!verified.stderr.contains("RUST_BACKTRACE"), "{verified:?}");
        match verified.code {
            // Bytes that nothing needs.
            Some(0) => {}
            Some(1) => {
                let report: Value = serde_json::from_str(&verified.stdout).unwrap();
                assert!(report["problems"].as_u64().unwrap() > 0, "{report}");
                assert!(!report["told"][0]["what"].as_str().unwrap().is_empty(), "{report}");
                told += 1;
            }
            _ => assert!(verified.stderr.starts_with("switchboard: "), "{verified:?}"),
        }
    }
    assert!(told > 0, "damage is found");
    // What is said in the folder, and is not true.
    restore();
    let version = fs::read_to_string(copy.join("versions/latest")).unwrap();
    fs::remove_dir_all(copy.join("versions").join(version.trim())).unwrap();
    let verified = run(&["store", "verify", "--data", copy.to_str().unwrap()]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains("needs this version of the bot"), "{verified:?}");
}

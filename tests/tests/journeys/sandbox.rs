//! `chat --as`: somebody does as a copy of a real contact whatever they like, let in or not, and nothing of it reaches the real
//! contact, the segments or anybody who listens.

use crate::support::{Program, Server, Setup, Visitor, binary, bot, within};
use serde_json::{Value, json};
use std::{path::Path, process::Stdio};
use tokio::{io::AsyncWriteExt as _, process::Command};

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nattributes:\n  entries: { type: number, default: 0 }\n"),
    ("segments.yaml", "fans: { name: Fans, where: has tag fan }\nbuyers: { where: 'count(purchase, last 30 days) >= 2' }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/become.yaml", "skill: become\ncatch: [{ keyword: become }]\nblocks:\n  tag: { add_tag: fan }\n  buy: { send: purchase }\n"),
    (
        "skills/entered.yaml",
        "skill: entered\ncatch: [{ segment: { entered: fans } }]\nblocks:\n  count: { data: { entries: '${entries + 1}' } }\n  say: { text: 'A fan, ${entries}' }\n",
    ),
    ("skills/inner.yaml", "skill: inner\ncatch: [{ keyword: inner }]\nonly_for: in segment buyers\nblocks:\n  say: { text: Inside }\n"),
];

/// What `chat` printed to somebody who typed these lines.
async fn chat(server: &Server, folder: &Path, who: &str, more: &[&str], lines: &str) -> String {
    let mut command = Command::new(binary());
    command.arg("chat").arg(folder).args(["--as", who, "--data"]).arg(server.data()).args(more);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    typed.write_all(lines.as_bytes()).await.unwrap();
    drop(typed);
    let output = within("the chat to end", child.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All that is known of everybody and of every segment.
async fn known(server: &Server) -> (Vec<Value>, String) {
    (server.contacts().await, server.run(&["segments", "list", "--json"]).await.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_somebody_may_do_anything_and_nothing_of_it_is_real() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    visitor.say(&server, "become").await;
    visitor.saw(&server, "A fan, 1").await;
    let before = known(&server).await;
    let id = before.0[0]["id"].as_str().unwrap();

    // They are whom they copy: a fan already, who bought once.
    let said = chat(&server, folder.path(), id, &["--fresh"], "inner\nbecome\ninner\n").await;
    assert!(said.contains("nothing is written back"), "{said}");
    assert_eq!(said.matches("Inside").count(), 1, "let in once they bought twice: {said}");
    assert!(!said.contains("A fan"), "they were one: {said}");
    let said = chat(&server, folder.path(), id, &["--fresh", "--ungated"], "inner\n").await;
    assert_eq!(said.matches("Inside").count(), 1, "let in all the same: {said}");
    assert_eq!(known(&server).await, before, "the real one is as before");
    // What was done to the copy is not there for the next one either.
    let said = chat(&server, folder.path(), id, &["--fresh"], "inner\n").await;
    assert!(!said.contains("Inside"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_judged_by_the_globals_and_segments_that_hold_where_they_are_a_contact() {
    let folder = bot(&[
        (
            "bot.yaml",
            "name: Shop\nchannels: { web: {} }\nattributes: { orders: { type: number, default: 0 } }\nglobals: { enough: { type: number, default: 5 } }\n",
        ),
        ("segments.yaml", "loyal: { name: Loyal, where: orders >= enough }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
        (
            "skills/buy.yaml",
            "skill: buy\ncatch: [{ keyword: buy }]\nblocks:\n  count: { data: { orders: '${orders + 1}' } }\n  say: { text: 'That was ${orders}.' }\n",
        ),
        (
            "skills/club.yaml",
            "skill: club\ncatch: [{ keyword: club }]\nonly_for: in segment loyal\nblocks:\n  say: { text: 'Since ${enough}.' }\n",
        ),
    ]);
    let mut server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    visitor.say(&server, "buy").await;
    visitor.saw(&server, "That was 1.").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let set = server.run(&["globals", "set", "enough", "1"]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let buyers = json!({ "key": "buyers", "name": "Buyers", "where": "orders >= enough" });
    let (status, made) = Program::new(&server, &["contacts:read", "segments:write"]).await.post("segments", buyers).await;
    assert_eq!(status, 201, "{made}");

    for stopped in [false, true] {
        if stopped {
            server.stop().await;
        }
        let said = chat(&server, folder.path(), &id, &["--fresh"], "club\n/state\n/fresh\nclub\n").await;
        assert_eq!(said.matches("Since 1.").count(), 2, "stopped: {stopped}: {said}");
        assert!(said.contains("buyers, loyal"), "stopped: {stopped}: {said}");
    }
    // A recording is played on the folder alone, so it is made on that alone.
    let file = folder.path().join("conversations/recorded.yaml");
    let said = chat(&server, folder.path(), &id, &["--fresh", "--record", file.to_str().unwrap()], "club\n/state\n").await;
    assert!(said.contains("globals have their defaults") && !said.contains("Since") && !said.contains("buyers"), "{said}");
    let mut test = Command::new(binary());
    let played = within("the recording to be played", test.arg("test").arg(folder.path()).output()).await.unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stdout));
}

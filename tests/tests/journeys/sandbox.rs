//! `chat --as`: somebody does as a copy of a real contact whatever they like, let in or not, and nothing of it reaches the real
//! contact, the segments or anybody who listens.

use crate::support::{Server, Setup, Visitor, binary, bot, within};
use serde_json::Value;
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

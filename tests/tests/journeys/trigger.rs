//! `switchboard trigger`: counted first, sent at a pace, once to each over kill -9, and from a data folder at rest.

use crate::support::{Setup, Visitor, bot};
use serde_json::Value;

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: News\nchannels:\n  web: { type: web }\n"),
    ("skills/join.yaml", "skill: join\ncatch:\n  - command: join\nblocks:\n  tag:\n    add_tag: fan\n  said:\n    text: You are in.\n"),
    ("skills/news.yaml", "skill: news\ncatch:\n  - event: news\nblocks:\n  tell:\n    text: \"News no. ${event.number}\"\n"),
];
const FANS: usize = 24;

async fn times(server: &crate::support::Server, visitor: &Visitor, text: &str) -> usize {
    visitor.texts(server, "bot").await.iter().filter(|said| *said == text).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_for_many_is_counted_sent_once_to_each_and_survives_kill_9() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let other = Visitor::greeted(&server).await;
    other.say(&server, "hello").await;
    let mut fans = Vec::new();
    for _ in 0..FANS {
        let fan = Visitor::greeted(&server).await;
        fan.say(&server, "/join").await;
        fan.saw(&server, "You are in.").await;
        fans.push(fan);
    }
    let to = ["trigger", "news", "--to", "has tag fan", "--with", "number=1"];
    let dry = server.run(&[&to[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.starts_with(&format!("news: {FANS} of {} contacts\n", FANS + 1)), "{dry:?}");
    // An event that nothing heeds is told before anything is asked, with what may have been meant.
    let slip = server.run(&["trigger", "newz", "--to", "has tag fan", "--dry-run"]).await;
    assert!(slip.code == Some(1) && slip.stdout.starts_with("newz: "), "{slip:?}");
    assert!(slip.stderr.contains("no skill catches the event newz") && slip.stderr.contains("did you mean \"news\"?"), "{slip:?}");
    let json = server.run(&["trigger", "newz", "--to", "has tag fan", "--dry-run", "--json"]).await;
    assert!(json.code == Some(1) && json.stderr.is_empty() && json.stdout.contains("\"unheeded\":"), "{json:?}");
    let unasked = server.run(&["trigger", "newz", "--to", "has tag fan"]).await;
    assert!(unasked.code == Some(2) && unasked.stderr.contains("no skill catches") && unasked.stderr.contains("--yes"), "{unasked:?}");
    // Nobody to ask, and a condition that means nothing.
    let unasked = server.run(&to).await;
    assert!(unasked.code == Some(2) && unasked.stderr.contains("--yes"), "{unasked:?}");
    let wrong = server.run(&["trigger", "news", "--to", "in segment fans", "--yes"]).await;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("fans"), "{wrong:?}");
    let nobody = server.run(&["trigger", "news", "--contact", "web:nobody", "--yes"]).await;
    assert_eq!(nobody.code, Some(2), "{nobody:?}");

    let begun = server.run(&[&to[..], &["--per-second", "8", "--yes"]].concat()).await;
    assert_eq!(begun.code, Some(0), "{begun:?}");
    fans[0].saw(&server, "News no. 1").await;
    server.kill().await;
    server.start_again().await;
    for fan in &fans {
        fan.saw(&server, "News no. 1").await;
    }
    let progress = server.run(&["trigger", "--progress", "--json"]).await;
    let told: Value = serde_json::from_str(progress.stdout.lines().next().expect("one trigger")).unwrap();
    assert_eq!((&told["found"], &told["failed"]), (&Value::from(FANS), &Value::from(0)), "{told}");
    for fan in &fans {
        assert_eq!(times(&server, fan, "News no. 1").await, 1);
    }
    assert_eq!(times(&server, &other, "News no. 1").await, 0);

    // At rest it is stored, and goes out at the next start.
    server.stop().await;
    let later = server.run(&["trigger", "news", "--to", "has tag fan", "--with", "number=2", "--yes"]).await;
    assert!(later.code == Some(0) && later.stdout.contains("no server runs"), "{later:?}");
    server.start_again().await;
    fans[FANS - 1].saw(&server, "News no. 2").await;
}

//! `globals` beside a running server and without one: what is set is what the next message reads.

use crate::support::{Setup, Visitor, bot};

#[tokio::test(flavor = "multi_thread")]
async fn globals_are_set_with_the_server_running_and_stopped() {
    let folder = bot(&[
        ("bot.yaml", "name: G\nchannels: { web: {} }\nglobals:\n  days: { type: number, default: 3 }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
        ("skills/days.yaml", "skill: days\ncatch: [{ command: days }]\nblocks:\n  tell: { text: '${days} days' }\n"),
    ]);
    let mut server = Setup::new(folder.path()).start().await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "/days").await;
    ana.saw(&server, "3 days").await;
    let listed = server.run(&["globals", "list"]).await;
    assert!(listed.stdout.contains("days") && listed.stdout.contains("default"), "{listed:?}");
    let set = server.run(&["globals", "set", "days", "5"]).await;
    assert_eq!((set.code, set.stdout.as_str()), (Some(0), "days is now 5\n"), "{set:?}");
    ana.say(&server, "/days").await;
    ana.saw(&server, "5 days").await;
    for (args, says) in
        [(&["globals", "set", "days", "soon"][..], "declared as number"), (&["globals", "set", "dais", "1"], "did you mean")]
    {
        let ended = server.run(args).await;
        assert!(ended.code == Some(2) && ended.stderr.contains(says), "{ended:?}");
    }

    server.stop().await;
    let set = server.run(&["globals", "set", "days", "7"]).await;
    assert_eq!((set.code, set.stdout.as_str()), (Some(0), "days is now 7\n"), "{set:?}");
    server.start_again().await;
    ana.say(&server, "/days").await;
    ana.saw(&server, "7 days").await;
    let unset = server.run(&["globals", "unset", "days"]).await;
    assert_eq!(unset.stdout, "days is back to its default, 3\n");
    ana.say(&server, "/days").await;
    ana.saw(&server, "3 days").await;
}

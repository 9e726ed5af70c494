//! `contacts` and `agent` beside a running server and without one; how fast and how small the server is.

use crate::support::{Agent, Ended, Server, Setup, Visitor, shop};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, time::Duration};

/// The password that a command printed.
fn password(ended: &Ended) -> String {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line = ended.stdout.lines().find_map(|l| l.strip_prefix("password (shown once): "));
    line.unwrap_or_else(|| panic!("{ended:?}")).to_owned()
}

async fn listed(server: &Server) -> String {
    let list = server.run(&["contacts", "list"]).await;
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""), "{list:?}");
    list.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_agents_with_the_server_running_and_stopped() {
    let mut server = Setup::new(shop()).start().await;
    assert_eq!(listed(&server).await, "nobody has written yet\n");
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "how much is it?").await;
    ana.saw(&server, "What would you like?").await;
    let running = listed(&server).await;
    assert_eq!(running.lines().count(), 2, "{running}");
    let id = running.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(id.starts_with("con_"), "{running}");
    let shown = server.run(&["contacts", "show", &id]).await;
    for part in ["web", "quote", "new-visitor"] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    let bea = password(&server.run(&["agent", "add", "bea", "--name", "Bea", "--group", "support"]).await);
    // Through the server: she can sign in at once, and her old sign-in ends with her password.
    let signed_in = Agent::sign_in(&server, "bea", &bea).await;
    let bea = password(&server.run(&["agent", "reset", "bea"]).await);
    let (status, _) = signed_in.try_ask(&server, reqwest::Method::GET, "me", None).await.unwrap();
    assert_eq!(status, reqwest::StatusCode::UNAUTHORIZED);
    Agent::sign_in(&server, "bea", &bea).await;
    for (args, says) in [
        (&["agent", "add", "bea"][..], "already"),
        (&["agent", "reset", "nobody"], "no agent"),
        (&["agent", "add", "cid", "--group", "sales"], "no group"),
        (&["contacts", "show", "con_01M7Y6H0YRPGZN1VSVMAGNECE4"], "no contact"),
        (&["contacts", "show", "ana"], "con_"),
    ] {
        let ended = server.run(args).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.stderr.starts_with("switchboard: ") && ended.stderr.contains(says), "{ended:?}");
    }

    // Without a server, the same.
    let (status, output) = server.stop().await;
    assert!(status.success(), "{output}");
    assert!(!server.data().join("control.json").exists(), "a stopped server leaves no way in behind");
    assert_eq!(listed(&server).await, running);
    let cid = password(&server.run(&["agent", "add", "cid"]).await);
    let bea_again = password(&server.run(&["agent", "reset", "bea"]).await);
    server.start_again().await;
    Agent::sign_in(&server, "cid", &cid).await;
    Agent::sign_in(&server, "bea", &bea_again).await;
    assert_eq!(listed(&server).await, running);

    // After kill -9 the control file is a lie; the commands find that out.
    server.kill().await;
    assert!(server.data().join("control.json").exists());
    assert_eq!(listed(&server).await, running);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_listed_page_by_page() {
    const MANY: usize = 203;
    let mut server = Setup::new(shop()).start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let people: String = (0..MANY).map(|n| format!("K{n}\n")).collect();
    fs::write(file.path(), format!("external\n{people}")).unwrap();
    let imported = server.run(&["contacts", "import", file.path().to_str().unwrap()]).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    for stopped in [false, true] {
        if stopped {
            server.stop().await;
        }
        let page = async |more: &[&str]| {
            let ended = server.run(&[&["contacts", "list"], more].concat()).await;
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
            ended.stdout
        };
        let ids = |page: &str| -> Vec<String> {
            page.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect()
        };
        let first = ids(&page(&["--limit", "200", "--json"]).await);
        let rest = ids(&page(&["--limit", "200", "--json", "--after", first.last().unwrap()]).await);
        let all: BTreeSet<&String> = first.iter().chain(&rest).collect();
        assert_eq!((first.len(), rest.len(), all.len()), (200, MANY - 200, MANY));
        // A person is told that there are more, and how to go on.
        let shown = page(&[]).await;
        let next = shown.lines().last().unwrap().strip_prefix("there are more; go on with --after ").expect(&shown);
        assert_eq!((shown.lines().count(), next), (52, first[49].as_str()));
        let last = page(&["--limit", "153", "--after", next]).await;
        assert!(last.lines().count() == 154 && !last.contains("more"), "{last}");
        assert_eq!(page(&["--after", rest.last().unwrap()]).await, format!("nobody came after {}\n", rest.last().unwrap()));
    }
    let refused = server.run(&["contacts", "list", "--limit", "5000", "--json"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "not 200 of them, as if that were all: {refused:?}");
    assert!(refused.stderr.contains("200"), "{refused:?}");
}

#[tokio::test]
async fn the_way_in_for_the_command_line_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Setup::new(shop()).start().await;
    let path = server.data().join("control.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let control: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let ask = || server.http().post(format!("{}/control", server.origin())).json(&serde_json::json!({ "do": "agents_list" }));
    assert_eq!(ask().send().await.unwrap().status(), 401);
    assert_eq!(ask().bearer_auth("0".repeat(64)).send().await.unwrap().status(), 401);
    let token = control["token"].as_str().unwrap();
    assert_eq!(
        ask().bearer_auth(token).header("origin", server.origin()).send().await.unwrap().status(),
        401,
        "browsers have no business there"
    );
    assert_eq!(ask().bearer_auth(token).send().await.unwrap().status(), 200);
}

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("Linux tells the resident size");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_shop_is_soon_healthy_and_small() {
    // A debug binary on a machine that tests other things meanwhile is slower than what is shipped.
    let debug = crate::support::binary().components().any(|part| part.as_os_str() == "debug");
    // Its code is larger as well, and what was freed after the start is given back later.
    let (soon, small) = if debug { (Duration::from_secs(3), 140 * 1024 * 1024) } else { (Duration::from_secs(1), 120 * 1024 * 1024) };
    let begun = tokio::time::Instant::now();
    let server = Setup::new(shop()).start().await;
    let took = begun.elapsed();
    assert_eq!(server.health().await["ok"], true);
    assert!(took < soon, "healthy after {took:?}");
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "What can I do for you?").await;
    let used = resident(server.pid());
    eprintln!("healthy after {took:?}, {} MB", used / (1024 * 1024));
    assert!(used < small, "{used} bytes");
}

//! A bot is changed while people talk to it: reload, versions of runs, and moving them (FL 5.9).

use crate::support::{Server, Setup, Visitor, bot, within};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};
use tempfile::TempDir;

const BOT: &str = "name: Bakery\ntimezone: UTC\nlanguages: [en]\nchannels:\n  web: { type: web }\nattributes:\n  cake: { type: text }\n";

/// An order in three questions; the parameters are what the tests change.
fn order(size: &str, size_block: &str, thanks: &str) -> String {
    format!(
        "skill: /start\ncatch: [{{ command: order }}]\nblocks:\n  ask:\n    text: Which cake?\n  cake:\n    listen: cake\n    timeout: 2d\n    \
         on: {{ timeout: end }}\n  {size_block}:\n    text: {size}\n    buttons:\n      - Small: thanks\n      - Large: thanks\n    \
         timeout: 2d\n    on: {{ other: thanks, timeout: end }}\n  thanks:\n    text: \"{thanks}\"\n    next: end\n"
    )
}

fn first() -> TempDir {
    bot(&[("bot.yaml", BOT), ("skills/start.yaml", &order("Which size?", "size", "Your ${cake} is ordered. (first)"))])
}

/// Saves as many editors do: beside, then renamed over.
fn save(folder: &Path, text: &str) {
    let beside = folder.join("skills/.start.yaml.swp");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join("skills/start.yaml")).unwrap();
}

async fn version(server: &Server) -> String {
    server.health().await["version"].as_str().unwrap().to_owned()
}

/// Waits until the health says something.
async fn healthy(server: &Server, what: &str, test: impl Fn(&Value) -> bool) -> Value {
    within(what, async {
        loop {
            let health = server.health().await;
            if test(&health) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

async fn reloaded(server: &Server, before: &str) -> String {
    let health = healthy(server, "the changed bot to be served", |h| h["version"] != before).await;
    health["version"].as_str().unwrap().to_owned()
}

fn kept(server: &Server) -> Vec<String> {
    let entries = fs::read_dir(server.data().join("versions")).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| n.len() == 64).collect();
    names.sort();
    names
}

/// The newest line of the bot.
async fn last(visitor: &Visitor, server: &Server) -> String {
    visitor.texts(server, "bot").await.pop().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_customers_finish_on_their_version_while_the_skill_is_edited_three_times_and_the_server_dies() {
    let folder = first();
    let mut server = Setup::new(folder.path()).start().await;
    let one = version(&server).await;
    // Ana answers the first question, Ben has not yet.
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "cheesecake").await;
    ana.saw(&server, "Which size?").await;
    let ben = Visitor::greeted(&server).await;
    ben.saw(&server, "Which cake?").await;

    // The first edit renames the block Ana rests on, while the server runs.
    save(folder.path(), &order("How large?", "how_large", "Your ${cake} is ordered. (second)"));
    let two = reloaded(&server, &one).await;
    assert_eq!(kept(&server).len(), 2, "both are kept: runs need the old one");
    let against = server.run(&["check", folder.path().to_str().unwrap(), "--against", &server.origin()]).await;
    assert!(against.stdout.contains("the server runs this version already"), "{against:?}");
    assert!(
        against.stdout.contains("/start.size") && against.stdout.contains("vanished") && against.stdout.contains("1 run"),
        "{against:?}"
    );

    // The second edit takes it out, while the server is dead.
    server.kill().await;
    let without = "skill: /start\ncatch: [{ command: order }]\nblocks:\n  ask:\n    text: Which cake?\n  cake:\n    listen: cake\n    timeout: 2d\n    \
                   on: { timeout: end }\n  thanks:\n    text: \"Your ${cake} is ordered. (third)\"\n    next: end\n";
    save(folder.path(), without);
    server.start_again().await;
    let three = version(&server).await;
    assert!(three != one && three != two);
    assert_eq!(kept(&server).len(), 2, "nobody needs the second");

    // The third changes a text, while the server runs; then it dies again.
    save(folder.path(), &without.replace("(third)", "(fourth)"));
    let four = reloaded(&server, &three).await;
    server.kill().await;
    server.start_again().await;
    assert_eq!(version(&server).await, four);

    // Both finish on the version they began with.
    ana.press(&server, "Large").await;
    ana.saw(&server, "Your cheesecake is ordered. (first)").await;
    ben.say(&server, "strudel").await;
    ben.saw(&server, "Which size?").await;
    ben.press(&server, "Small").await;
    ben.saw(&server, "Your strudel is ordered. (first)").await;
    // A third begins on the newest.
    let cleo = Visitor::greeted(&server).await;
    cleo.say(&server, "brownie").await;
    cleo.saw(&server, "Your brownie is ordered. (fourth)").await;
    assert!(!cleo.texts(&server, "bot").await.iter().any(|t| t == "Which size?"));

    // With its last run the first version goes, from memory and disk.
    healthy(&server, "the old version to be dropped", |h| h["older_versions"] == 0).await;
    within("the old version to be gone from disk", async {
        while kept(&server) != [four.clone()] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let (status, output) = server.stop().await;
    assert!(status.success(), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_errors_never_replaces_the_running_bot() {
    let folder = first();
    let server = Setup::new(folder.path()).start().await;
    let one = version(&server).await;
    let good = fs::read_to_string(folder.path().join("skills/start.yaml")).unwrap();
    save(folder.path(), &good.replace("- Small: thanks", "- Small: thank"));
    let health = healthy(&server, "the fault to be told", |h| !h["reload_error"].is_null()).await;
    let told = health["reload_error"].as_str().unwrap();
    assert!(told.contains("1 error") && told.contains("start.yaml:13"), "{told}");
    assert_eq!((health["ok"].as_bool(), health["version"].as_str()), (Some(true), Some(&*one)));
    assert!(server.output().contains("not reloaded: ") && server.output().contains("\"thank\""), "{}", server.output());
    // Half a file, as while it is being copied.
    save(folder.path(), &good[..good.len() / 2]);
    let ana = Visitor::greeted(&server).await;
    ana.saw(&server, "Which cake?").await;
    assert_eq!(version(&server).await, one);
    // As it was: nothing to serve anew, and the fault is over.
    save(folder.path(), &good);
    healthy(&server, "the fault to be over", |h| h["reload_error"].is_null()).await;
    assert_eq!(version(&server).await, one);
    // SIGHUP asks; channels need a restart and say so.
    fs::write(folder.path().join("bot.yaml"), BOT.replace("{ type: web }", "{ type: web, title: Cakes }")).unwrap();
    let health = healthy(&server, "the restart to be asked for", |h| h["restart"].as_array().is_some_and(|r| !r.is_empty())).await;
    assert!(health["restart"][0].as_str().unwrap().contains("channel web changed"), "{health}");
    let hangup = std::process::Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap();
    assert!(hangup.success());
    within("an answer to SIGHUP", async {
        while !server.output().contains("nothing changed in") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_and_moved_with_and_without_a_server() {
    let folder = first();
    let mut server = Setup::new(folder.path()).start().await;
    let one = version(&server).await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "cheesecake").await;
    ana.saw(&server, "Which size?").await;
    let ben = Visitor::greeted(&server).await;
    ben.saw(&server, "Which cake?").await;
    save(folder.path(), &order("How large?", "how_large", "Your ${cake} is ordered. (second)"));
    let two = reloaded(&server, &one).await;

    let listed = server.run(&["runs", "list"]).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.stdout.contains("/start.size") && listed.stdout.contains("/start.cake"), "{listed:?}");
    assert!(listed.stdout.contains(&one[..12]) && !listed.stdout.contains("current"), "{listed:?}");
    let json = server.run(&["runs", "list", "--json", "--skill", "start"]).await;
    let run: Value = serde_json::from_str(json.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(run["version"], *one);
    assert_eq!(server.run(&["runs", "list", "--skill", "nothing"]).await.stdout, "nothing is under way\n");

    // A plan that does not fit, one that does, and the deed.
    let plan = server.run(&["runs", "move", "--from", &one[..8], "--to", &two[..8]]).await;
    assert_eq!(plan.code, Some(1), "{plan:?}");
    assert!(plan.stdout.contains("does not fit: there is no block /start.size"), "{plan:?}");
    let wrong = server.run(&["runs", "move", "--from", &one[..8], "--map", "sise=how_large"]).await;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("no block sise"), "{wrong:?}");
    let other = server.run(&["runs", "move", "--from", &one[..8], "--map", "size=thanks", "--yes"]).await;
    assert!(other.code == Some(1) && other.stdout.contains("does not wait as"), "{other:?}");
    let plan = server.run(&["runs", "move", "--from", &one[..8], "--map", "size=how_large"]).await;
    assert!(plan.code == Some(0) && plan.stdout.contains("2 conversations would be moved"), "{plan:?}");
    assert_eq!(server.health().await["older_versions"], 1, "a plan changes nothing");
    let moved = server.run(&["runs", "move", "--from", &one[..8], "--map", "size=how_large", "--yes"]).await;
    assert!(moved.code == Some(0) && moved.stdout.contains("moved 2 conversations"), "{moved:?}");
    healthy(&server, "the old version to be dropped", |h| h["older_versions"] == 0).await;

    // The buttons Ana sees still answer, on the new version; so does Ben's question.
    ana.press(&server, "Large").await;
    ana.saw(&server, "Your cheesecake is ordered. (second)").await;
    ben.say(&server, "strudel").await;
    ben.saw(&server, "How large?").await;
    let shown = server.contacts().await;
    assert!(shown.iter().any(|c| c["journey"].to_string().contains("moved from /start.size")), "it is in the journey");

    // Without a server the same: Ben's run goes on in a third version.
    save(folder.path(), &order("How large is it?", "size", "Your ${cake} is ordered. (third)"));
    let three = reloaded(&server, &two).await;
    let (status, output) = server.stop().await;
    assert!(status.success(), "{output}");
    let moved = server.run(&["runs", "move", "--from", &two[..8], "--to", "current", "--map", "how_large=size", "--yes"]).await;
    assert!(moved.code == Some(0) && moved.stdout.contains("moved 1 conversation\n"), "{moved:?}");
    server.start_again().await;
    assert_eq!(kept(&server), [three]);
    ben.press(&server, "Small").await;
    ben.saw(&server, "Your strudel is ordered. (third)").await;
    assert_eq!(last(&ben, &server).await, "Your strudel is ordered. (third)");
}

//! Bad input: at start one sentence and an exit code; at run time a clear answer, and the server goes on.

use crate::support::{Ended, Hook, Setup, Visitor, bot, client, fresh, shop, within};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;

const BOT: &str = "name: Small\nchannels:\n  web: { type: web }\n";
const START: &str = "skill: /start\nblocks:\n  hello: { text: Hello. }\n";
const ANY_PORT: &str = "127.0.0.1:0";

/// What is true of every start that fails: a code, a sentence for people, and no sign of success.
#[track_caller]
fn failed(ended: &Ended) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!ended.stdout.contains("http://"), "nothing looks like success: {ended:?}");
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("switchboard: ") && last.len() > 30, "it ends with a sentence: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}

/// Starts a bot whose file `path` has this text, and looks at what is said about it.
async fn refused(path: &str, text: &str, place: &str, says: &[&str]) {
    let mut files = vec![("bot.yaml", BOT), ("skills/start.yaml", START)];
    files.retain(|(name, _)| *name != path);
    files.push((path, text));
    let (folder, data) = (bot(&files), TempDir::new().unwrap());
    let ended = Setup::new(folder.path()).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    let place = format!("{}/{path}:{place}", folder.path().display());
    assert!(ended.stderr.contains(&place), "it says where: {place}\n{}", ended.stderr);
    for what in says {
        assert!(ended.stderr.contains(what), "it says \"{what}\":\n{}", ended.stderr);
    }
    assert!(ended.stderr.lines().last().unwrap().contains("1 error"), "{}", ended.stderr);
    assert!(!data.path().join("db").exists(), "nothing was begun");
    // `check` says the same without starting anything.
    let output = tokio::process::Command::new(crate::support::binary()).args(["check", "--format", "short"]).arg(folder.path()).output();
    let checked = Ended::from(within("check", output).await.unwrap());
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stdout.contains(&place), "{checked:?}");
}

#[tokio::test]
async fn a_yaml_syntax_error() {
    refused("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello.\n", "3:", &["{"]).await;
}

#[tokio::test]
async fn an_unknown_block() {
    let text = "skill: /start\nblocks:\n  hello:\n    texd: Hello.\n";
    refused("skills/start.yaml", text, "4:5", &["texd", "text"]).await;
}

#[tokio::test]
async fn a_jump_to_nowhere() {
    let text = "skill: /start\nblocks:\n  hello:\n    text: Hello.\n    next: goodby\n  goodbye: { text: Bye. }\n";
    refused("skills/start.yaml", text, "5:11", &["goodby", "goodbye"]).await;
}

#[tokio::test]
async fn a_duplicate_block() {
    let text = "skill: /start\nblocks:\n  hello: { text: Hello. }\n  hello: { text: Again. }\n";
    refused("skills/start.yaml", text, "4:3", &["hello"]).await;
}

#[tokio::test]
async fn a_wrong_type() {
    let text = "skill: /start\nblocks:\n  ask:\n    listen: name\n    timeout: soon\n    on: { timeout: end }\n";
    refused("skills/start.yaml", text, "5:14", &["soon", "10m"]).await;
}

#[tokio::test]
async fn a_name_that_nothing_sets() {
    let text = "skill: /start\nblocks:\n  hello:\n    text: Hello, ${nam}.\n";
    refused("skills/start.yaml", text, "4:20", &["nam", "attributes"]).await;
}

#[tokio::test]
async fn a_name_that_may_be_unset_renders_empty() {
    let yaml = format!("{BOT}attributes:\n  nickname: text\n");
    let folder = bot(&[("bot.yaml", &yaml), ("skills/start.yaml", "skill: /start\nblocks:\n  hello:\n    text: Hello, ${nickname}.\n")]);
    let server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello, .").await;
}

#[tokio::test]
async fn a_variable_of_the_environment_that_is_not_set() {
    let text = format!("{BOT}  telegram: {{ type: telegram, token: \"${{env.NO_SUCH_TOKEN}}\" }}\n");
    let folder = bot(&[("bot.yaml", &text), ("skills/start.yaml", START)]);
    let server = Setup::new(folder.path()).start().await;
    assert!(server.output().lines().any(|l| l == "channel telegram is off: NO_SUCH_TOKEN is not set"), "{}", server.output());
}

#[tokio::test]
async fn a_setting_that_cannot_work() {
    let text = format!("{BOT}  hook: {{ type: webhook, secret: whsec_c2hvcnQ= }}\n");
    let (folder, data) = (bot(&[("bot.yaml", &text), ("skills/start.yaml", START)]), TempDir::new().unwrap());
    let ended = Setup::new(folder.path()).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains("\"hook\"") && ended.stderr.contains("secret"), "{ended:?}");
    assert!(!ended.stderr.contains("c2hvcnQ"), "a secret is never printed: {ended:?}");
}

#[tokio::test]
async fn a_missing_folder_and_a_file() {
    let data = TempDir::new().unwrap();
    let missing = data.path().join("no-such-bot");
    let ended = Setup::new(&missing).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains("there is no folder") && ended.stderr.contains("switchboard new"), "{ended:?}");
    let ended = Setup::new(shop().join("bot.yaml")).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains("is a file"), "{ended:?}");
}

#[tokio::test]
async fn a_port_that_is_in_use() {
    let taken = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let (address, data) = (taken.local_addr().unwrap(), TempDir::new().unwrap());
    let ended = Setup::new(shop()).fails(data.path(), &address.to_string()).await;
    failed(&ended);
    assert!(ended.stderr.contains(&format!("port {} is in use", address.port())) && ended.stderr.contains("--listen"), "{ended:?}");
    assert!(!data.path().join("db").exists(), "nothing was begun");
    let ended = Setup::new(shop()).fails(data.path(), "nowhere").await;
    failed(&ended);
    assert!(ended.stderr.contains("127.0.0.1:8080"), "it shows the form: {ended:?}");
}

#[tokio::test]
async fn a_data_folder_that_is_in_use() {
    let server = Setup::new(shop()).start().await;
    let ended = Setup::new(shop()).fails(server.data(), ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains("in use by another process"), "{ended:?}");
    assert_eq!(server.health().await["ok"], true, "the one that has it is not disturbed");
}

#[tokio::test]
async fn a_data_folder_that_is_none() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let ended = Setup::new(shop()).fails(&file, ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains(file.to_str().unwrap()), "{ended:?}");
    // Somebody else's folder is not written into.
    fs::write(data.path().join("format"), "something else\n").unwrap();
    let ended = Setup::new(shop()).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    assert_eq!(fs::read_to_string(data.path().join("format")).unwrap(), "something else\n");
}

#[tokio::test]
async fn a_data_folder_that_holds_other_things() {
    let data = TempDir::new().unwrap();
    fs::create_dir(data.path().join("lost+found")).unwrap();
    fs::write(data.path().join("notes.txt"), "mine").unwrap();
    let ended = Setup::new(shop()).fails(data.path(), ANY_PORT).await;
    failed(&ended);
    assert!(ended.stderr.contains("notes.txt") && ended.stderr.contains("choose an empty folder"), "{ended:?}");
    let mut left: Vec<_> = fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lost+found", "notes.txt"], "nothing was put beside it");
}

/// Sends raw bytes as a visitor's message; answers status and problem.
async fn raw(origin: &str, visitor: &Visitor, body: Vec<u8>) -> (StatusCode, Value) {
    let request = client().post(format!("{origin}/c/web/messages")).bearer_auth(&visitor.token).header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn at_run_time_bad_input_is_answered_and_the_server_goes_on() {
    let yaml = format!("{BOT}  hook: {{ type: webhook, secret: {} }}\n", Hook::SECRET);
    let skill = "skill: /start\nblocks:\n  ask:\n    text: Which?\n    buttons:\n      - One: one\n      - Two: two\n    timeout: 1d\n    \
                 on: { other: ask, timeout: end }\n  one: { text: That was one., next: end }\n  two: { text: That was two., next: end }\n";
    let folder = bot(&[("bot.yaml", &yaml), ("skills/start.yaml", skill)]);
    let server = Setup::new(folder.path()).start().await;
    let (origin, hook) = (server.origin(), Hook::new("hook"));
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Which?").await;

    // A bad signature: one bit off, another time, none at all.
    let body = json!({ "from": "partner", "text": "hi" }).to_string();
    let good = standardwebhooks::Webhook::new(Hook::SECRET).unwrap().sign("m1", Hook::now(), body.as_bytes()).unwrap();
    for (id, at, signature) in [("m2", Hook::now(), good.as_str()), ("m1", Hook::now() - 3600, &good), ("m1", Hook::now(), "v1,AAAA")] {
        let (status, problem) = hook.raw(&server, "", id, at, signature, body.as_bytes()).await.unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(problem["detail"].as_str().is_some_and(|d| d.len() > 10), "{problem}");
    }
    assert_eq!(client().post(format!("{origin}/c/hook/")).body(body).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    // 10 MB. The answer may come before all was sent, and then the line is cut: both are a refusal.
    let large = json!({ "client_id": "large", "text": "x".repeat(10_000_000) }).to_string().into_bytes();
    let request = client().post(format!("{origin}/c/web/messages")).bearer_auth(&visitor.token).header("content-type", "application/json");
    if let Ok(answer) = request.body(large.clone()).send().await {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    if let Ok((status, _)) = hook.deliver(&server, "", &fresh("large"), &large).await {
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    // Not UTF-8, not JSON, not the form, too long.
    let long = json!({ "client_id": "long", "text": "x".repeat(8_001) }).to_string().into_bytes();
    let cases: [(&[u8], &str); 5] = [
        (b"{\"client_id\":\"u\",\"text\":\"\xff\xfe\"}", ""),
        (b"{\"client_id\":", ""),
        (b"{\"client_id\":\"x\",\"txt\":\"hi\"}", "txt"),
        (b"{\"client_id\":\"a b\",\"text\":\"hi\"}", "client_id"),
        (&long, "8000"),
    ];
    for (bytes, says) in cases {
        let (status, problem) = raw(&origin, &visitor, bytes.to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(says) && detail.len() > 10, "{detail}");
    }

    // No token, a wrong one, no such address.
    assert_eq!(client().get(format!("{origin}/c/web/messages?after=0")).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let stranger = Visitor { token: "0".repeat(64) };
    assert_eq!(raw(&origin, &stranger, b"{}".to_vec()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(client().get(format!("{origin}/no/such/address")).send().await.unwrap().status(), StatusCode::NOT_FOUND);

    // A button nobody was ever shown, and after it a real one.
    visitor.press_token(&server, "n0such", "Nonsense").await;
    visitor.saw(&server, "button").await;
    visitor.press(&server, "One").await;
    visitor.saw(&server, "That was one.").await;
    assert!(hook.say(&server, "partner", "hi").await["messages"].as_array().is_some_and(|m| !m.is_empty()), "a good delivery is answered");
    let health = server.health().await;
    assert_eq!((&health["ok"], &health["failed"], &health["alert"]), (&json!(true), &Value::Null, &Value::Null));
}

fn overwrite(folder: &Path, text: &str) {
    fs::write(folder.join("skills/start.yaml"), text).unwrap();
}

#[tokio::test]
async fn a_bot_folder_that_breaks_while_it_is_served() {
    let folder = bot(&[("bot.yaml", BOT), ("skills/start.yaml", START)]);
    let mut server = Setup::new(folder.path()).start().await;
    overwrite(folder.path(), "skill: [\n");
    Visitor::greeted(&server).await.saw(&server, "Hello.").await;
    // A start refuses it, and keeps what is there; mended, it goes on where it was.
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello.").await;
    let (status, _) = server.stop().await;
    assert!(status.success());
    failed(&Setup::new(folder.path()).fails(server.data(), ANY_PORT).await);
    overwrite(folder.path(), START);
    server.start_again().await;
    assert_eq!(visitor.texts(&server, "bot").await, ["Hello."]);
}

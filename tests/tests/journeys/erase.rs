//! Erasing a visitor for good: preview, certificate, a compaction while serving, and then a search of every byte the server
//! keeps or printed.

use crate::support::{Program, Server, Setup, Visitor, bot, within};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nchannels: { web: {} }\nstatuses: [callback]\nattributes:\n  who: { type: text, personal: true }\n  mail: { type: email, personal: true }\n  \
         phone: { type: phone, personal: true }\n",
    ),
    ("segments.yaml", "known: { where: who is set }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    (
        "skills/order.yaml",
        "skill: order\ncatch: [{ keyword: [order] }]\nblocks:\n  later: { timer: { after: 1h, do: nudge } }\n  form:\n    lead:\n      \
         fields: { colour: { ask: 'Which colour?' }, size: { ask: 'Your size?' } }\n      timeout: 1h\n    on: { timeout: end, invalid: end }\n    \
         next: end\n  nudge: { text: Still there? }\n",
    ),
    (
        "skills/name.yaml",
        "skill: name\ncatch: [{ keyword: [name] }]\nblocks:\n  ask: { text: What is your name? }\n  hear: { listen: who, timeout: 1h }\n  \
         wait: { timer: { after: 1h, do: late } }\n  said: { text: 'So you are ${who}.', next: end }\n  late: { text: 'Still there, ${who}?' }\n",
    ),
];

/// Words of one person. They have no part that comes again, so that squeezed pages hold them as they are.
const NAME: &str = "Zyxomira Quvplth";
const SAID: &str = "kW8vRz2mLq5xNd7t";
const MAIL: &str = "zq7.vux4@kdwplm.example";
const PHONE: &str = "+34698127453";
const NOTE: &str = "jT3nGb9wHs6cYf1r";
const MEANWHILE: &str = "pQ5vLx8dRz2hWk4m";

/// Where any of these occurs in the files of a folder: as text, as the log writes it, with capitals or without.
fn occurrences(dir: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(occurrences(&path, needles));
            continue;
        }
        // A file that went meanwhile holds nothing.
        let Ok(mut plain) = fs::read(&path) else { continue };
        let name = path.display().to_string().into_bytes();
        let mut masked: Vec<u8> = plain.iter().map(|byte| byte ^ 0xC1).collect();
        plain.make_ascii_lowercase();
        masked.make_ascii_lowercase();
        for needle in needles {
            let needle = needle.to_ascii_lowercase();
            for content in [&plain, &masked, &name] {
                if content.windows(needle.len()).any(|window| window == needle) {
                    found.push(format!("{}: {}", path.display(), needle.escape_ascii()));
                }
            }
        }
    }
    found
}

/// The 16 bytes of an id.
fn bytes_of(id: &str) -> Vec<u8> {
    let id: model::ContactId = id.parse().unwrap();
    id.to_bytes().to_vec()
}

async fn ids(server: &Server) -> Vec<String> {
    let list = server.run(&["contacts", "list", "--json", "--limit", "200"]).await;
    list.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect()
}

/// A visitor who told everything there is to tell, and the contact they are.
async fn told(server: &Server, program: &Program<'_>) -> (Visitor, String) {
    let before = ids(server).await;
    let visitor = Visitor::greeted(server).await;
    visitor.saw(server, "Hello").await;
    let id = ids(server).await.into_iter().find(|id| !before.contains(id)).expect("there is a contact more");
    visitor.say(server, "name").await;
    visitor.saw(server, "What is your name?").await;
    visitor.say(server, NAME).await;
    visitor.saw(server, "So you are").await;
    visitor.say(server, &format!("listen: {SAID}")).await;
    let file = server
        .http()
        .post(format!("{}/c/web/files?name=letter.txt", server.origin()))
        .bearer_auth(&visitor.token)
        .body(format!("my letter: {SAID}"))
        .send()
        .await
        .unwrap();
    assert_eq!(file.status(), StatusCode::CREATED);
    let file: Value = file.json().await.unwrap();
    visitor.post(server, "messages", json!({ "client_id": "with-file", "text": "a letter", "attachments": [file["id"]] })).await;
    let patch = json!({ "attributes": { "mail": MAIL, "phone": PHONE } });
    let (status, body) = program.ask(Method::PATCH, &format!("contacts/{id}"), Some(patch)).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = program.post(&format!("contacts/{id}/notes"), json!({ "text": NOTE })).await;
    assert_eq!(status, 201, "{body}");
    (visitor, id)
}

fn needles(id: &str) -> Vec<Vec<u8>> {
    let mut needles: Vec<Vec<u8>> = [NAME, SAID, MAIL, PHONE, NOTE, MEANWHILE, id].iter().map(|text| text.as_bytes().to_vec()).collect();
    needles.push(bytes_of(id));
    needles
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_and_a_compaction_no_byte_is_left_and_others_miss_nothing() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (visitor, other, id, erasure, address, twins);
    {
        let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
        (visitor, id) = told(&server, &program).await;
        other = Visitor::greeted(&server).await;
        other.say(&server, "good morning").await;
        let all = program.get(&format!("contacts/{id}/data")).await;
        let text = all.to_string();
        for what in [NAME, SAID, MAIL, PHONE, NOTE] {
            assert!(text.contains(what), "{what} is in what is written down for them");
        }
        assert_eq!(all["attachments"][0]["name"], "letter.txt", "{}", all["attachments"]);
        address = all["conversations"][0]["address"].as_str().unwrap().to_owned();
        let said = server.run(&["contacts", "erase", "--dry-run", &id]).await;
        assert!(said.stdout.contains("1 contact") && said.stdout.contains("1 file") && said.stdout.contains("stops: "), "{said:?}");
        let (status, body) = program.post(&format!("contacts/{id}/erase"), json!({ "preview": true })).await;
        assert_eq!((status, &body["preview"]["goes"]["attachments"]), (200, &json!(1)), "{body}");
        let here = occurrences(server.data(), &needles(&id));
        assert!(here.len() > 5, "the search finds what is there: {here:?}");
        // For a while they and somebody else were one, and the journey of both tells of it.
        let (_, twin) = program.post("contacts", json!({ "attributes": { "mail": "twin@twins.example", "who": "Twin" } })).await;
        let twin = twin["id"].as_str().unwrap().to_owned();
        let (status, merged) = program.post(&format!("contacts/{twin}/merge"), json!({ "with": id })).await;
        assert_eq!(status, 200, "{merged}");
        let merge = merged["merge"].as_str().unwrap();
        visitor.say(&server, &format!("listen: {MEANWHILE}")).await;
        within("it to be in the chat", async {
            while !visitor.texts(&server, "you").await.iter().any(|text| text.contains(MEANWHILE)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let (status, parted) = program.ask(Method::POST, &format!("contacts/{twin}/merges/{merge}/undo"), None).await;
        assert_eq!(status, 200, "{parted}");
        let told = program.get(&format!("contacts/{twin}/journey?kind=merge")).await;
        assert!(told.to_string().contains(&id), "{told}");
        twins = twin;

        let (status, body) = program.post(&format!("contacts/{id}/erase"), json!({})).await;
        assert_eq!((status, &body["erasure"]["state"]), (200, &json!("pending")), "{body}");
        erasure = body["erasure"]["id"].as_str().unwrap().to_owned();
        assert_eq!(program.ask(Method::GET, &format!("contacts/{id}"), None).await.0, 404);
        assert_eq!(program.post(&format!("contacts/{id}/erase"), json!({})).await.0, 404);
        assert!(!ids(&server).await.contains(&id));
        let compacted = server.run(&["store", "compact"]).await;
        assert_eq!(compacted.code, Some(0), "{compacted:?}");
        let certificate = program.get(&format!("erasures/{erasure}")).await;
        assert_eq!((&certificate["state"], &certificate["files"]), (&json!("done"), &json!(1)), "{certificate}");
        assert!(certificate["rows"].as_u64().unwrap() >= 2, "their session and what they uploaded: {certificate}");
    }
    {
        let program = Program::new(&server, &["contacts:read"]).await;
        let told = program.get(&format!("contacts/{twins}/journey?kind=merge")).await;
        assert!(told["entries"].as_array().unwrap().len() >= 2 && !told.to_string().contains(&id), "{told}");
    }
    let mut all = needles(&id);
    all.push(address.into_bytes());
    assert_eq!(occurrences(server.data(), &all), Vec::<String>::new());
    // Their browser begins anew, as somebody else.
    let url = format!("{}/c/web/messages?after=0", server.origin());
    let answer = server.http().get(&url).bearer_auth(&visitor.token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(other.texts(&server, "you").await, ["good morning"]);
    let (status, output) = server.stop().await;
    assert!(status.success());
    for needle in [NAME, SAID, MAIL, PHONE, NOTE, MEANWHILE] {
        assert!(!output.contains(needle), "{needle} was printed:\n{output}");
    }
    assert_eq!(occurrences(server.data(), &all), Vec::<String>::new(), "nor after a stop");
    server.start_again().await;
    assert_eq!(other.texts(&server, "you").await, ["good morning"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_a_crash_interrupts_is_done_by_the_next_process() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (key, id, erasure);
    {
        let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
        (_, id) = told(&server, &program).await;
        let (_, body) = program.post(&format!("contacts/{id}/erase"), json!({})).await;
        erasure = body["erasure"]["id"].as_str().unwrap().to_owned();
        key = program.key.clone();
    }
    server.kill().await;
    server.start_again().await;
    let program = Program { server: &server, key };
    within("the certificate to say that nothing is left", async {
        while program.get(&format!("erasures/{erasure}")).await["state"] != "done" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    assert_eq!(occurrences(server.data(), &needles(&id)), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_and_was_erased_begins_opted_out_however_they_come_back() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
    let (visitor, id) = told(&server, &program).await;
    visitor.say(&server, "stop").await;
    within("the opt-out to be noted", async {
        loop {
            let consents = program.get(&format!("contacts/{id}/consents")).await["consents"].clone();
            if let Some(no) = consents.as_array().unwrap().iter().find(|c| c["topic"] == "messages") {
                assert_eq!((&no["channel"], &no["given"]), (&json!("web"), &json!(false)));
                assert!(no["proof"].as_str().unwrap().contains("stop (web)"), "{no}");
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let news = json!({ "topic": "news", "given": true, "proof": "a form on paper" });
    let (status, body) = program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(news)).await;
    assert_eq!((status, body["consents"].as_array().map(Vec::len)), (200, Some(2)), "{body}");
    let (status, _) =
        program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(json!({ "topic": "a@b", "given": true, "proof": "x" }))).await;
    assert_eq!(status, 422);
    let (_, body) = program.post(&format!("contacts/{id}/erase"), json!({})).await;
    assert!(body["erasure"]["suppression_hashes"].as_u64().unwrap() >= 3, "address, e-mail, phone: {body}");
    let again = json!({ "attributes": { "mail": MAIL.to_uppercase() } });
    let (status, made) = program.post("contacts", again).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["status"], "unsubscribed", "{made}");
    // A program or a file that knows them from before says how they were then.
    let (status, _) = program.post(&format!("contacts/{}/erase", made["id"].as_str().unwrap()), json!({})).await;
    assert_eq!(status, 200);
    let (status, made) = program.post("contacts", json!({ "status": "active", "attributes": { "mail": MAIL } })).await;
    assert_eq!((status, &made["status"]), (201, &json!("unsubscribed")), "{made}");
    let file = folder.path().join("before.csv");
    fs::write(&file, format!("phone,status,who\n{PHONE},callback,Somebody\n+34698000000,callback,Else\n")).unwrap();
    // Made by the first time, there already at the second.
    for says in ["2 contacts made", "0 contacts made, 0 changed, 2 as they were"] {
        let ended = server.run(&["contacts", "import", file.to_str().unwrap()]).await;
        assert!(ended.stdout.contains(says), "{ended:?}");
        let status = async |who: &str| {
            let shown = server.run(&["contacts", "export", "--format", "jsonl", "--where", &format!("who is \"{who}\"")]).await;
            serde_json::from_str::<Value>(&shown.stdout).unwrap()["status"].clone()
        };
        assert_eq!((status("Somebody").await, status("Else").await), (json!("unsubscribed"), json!("callback")));
    }
    let (_, stranger) = program.post("contacts", json!({ "attributes": { "mail": "somebody@else.example" } })).await;
    assert_eq!(stranger["status"], "active");
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_and_is_blocked_when_erased_comes_back_unsubscribed() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
    let (_, made) = program.post("contacts", json!({ "attributes": { "mail": MAIL }, "status": "callback" })).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["status"], "callback", "{made}");
    // Refused through the API, whatever the bot calls them.
    let refusal = json!({ "topic": "messages", "given": false, "proof": "a letter" });
    let (status, body) = program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(refusal)).await;
    assert_eq!((status, &body["consents"][0]["given"]), (200, &json!(false)), "{body}");
    assert_eq!(program.get(&format!("contacts/{id}")).await["status"], "unsubscribed");
    assert_eq!(program.ask(Method::PUT, &format!("contacts/{id}/block"), None).await.0, 200);
    assert_eq!(program.get(&format!("contacts/{id}")).await["status"], "blocked");
    assert_eq!(program.post(&format!("contacts/{id}/erase"), json!({})).await.0, 200);
    let (status, again) = program.post("contacts", json!({ "attributes": { "mail": MAIL } })).await;
    assert_eq!((status, &again["status"]), (201, &json!("unsubscribed")), "{again}");
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_part_of_everything_about_somebody() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &["contacts:read"]).await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let id = ids(&server).await.remove(0);
    visitor.say(&server, "order").await;
    visitor.saw(&server, "Which colour?").await;
    visitor.say(&server, "ultramarine").await;
    visitor.saw(&server, "Your size?").await;
    let all = program.get(&format!("contacts/{id}/data")).await;
    let waiting = &all["waiting"]["conversations"][0];
    assert!(waiting["runs"].to_string().contains("ultramarine"), "{}", all["waiting"]);
    assert_eq!(waiting["timers"][0]["name"], "later", "{}", all["waiting"]);
    let data = server.run(&["contacts", "data", &id]).await;
    assert!(data.stdout.contains("\"waiting\""), "{data:?}");
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_stay_is_said_beforehand_and_goes_with_its_reason() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).arg("--allow-callback").arg("127.0.0.1").start().await;
    let program = Program::new(&server, &["contacts:read", "contacts:write", "webhooks:write"]).await;
    let (_, id) = told(&server, &program).await;
    // Nobody answers there.
    let hook = json!({ "url": "http://127.0.0.1:9/told", "events": ["contact.erased", "contact.updated"] });
    let (status, hook) = program.post("webhooks", hook).await;
    assert_eq!(status, 201, "{hook}");
    let file = format!("E-Mail;Name\n{MAIL};{NAME}\n");
    let upload = server.http().post(format!("{}/api/v1/imports?name=old.csv", server.origin())).bearer_auth(&program.key);
    let import: Value = upload.header("content-type", "text/csv").body(file).send().await.unwrap().json().await.unwrap();
    let (status, _) = program.ask(Method::PATCH, &format!("contacts/{id}"), Some(json!({ "attributes": { "who": "Somebody" } }))).await;
    assert_eq!(status, 200);

    let (_, body) = program.post(&format!("contacts/{id}/erase"), json!({ "preview": true })).await;
    let stays = &body["preview"]["stays"];
    assert_eq!((&stays["webhooks_told"], &stays["unfinished_imports"]), (&json!(1), &json!(1)), "{body}");
    let said = server.run(&["contacts", "erase", "--dry-run", &id]).await.stdout;
    assert!(said.contains("the bare id, for 1 webhook") && said.contains("the file of 1 import not done yet"), "{said}");
    let (status, body) = program.post(&format!("contacts/{id}/erase"), json!({})).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.run(&["store", "compact"]).await.code, Some(0));
    let certificate = program.get(&format!("erasures/{}", body["erasure"]["id"].as_str().unwrap())).await;
    assert_eq!((&certificate["webhooks_told"], &certificate["unfinished_imports"]), (&json!(1), &json!(1)), "{certificate}");
    let names = |needle: &str| occurrences(server.data(), &[needle.as_bytes().to_vec()]);
    assert!(!names(&id).is_empty(), "the webhook is to be told of it");
    let of_import = format!("imports/{}", import["id"].as_str().unwrap());
    assert!(names(MAIL).iter().all(|place| place.contains(&of_import)) && !names(MAIL).is_empty(), "{:?}", names(MAIL));
    assert_eq!(names(SAID), Vec::<String>::new());

    // What had its reason goes with it.
    let (status, _) = program.ask(Method::DELETE, &format!("webhooks/{}", hook["webhook"]["id"].as_str().unwrap()), None).await;
    assert!(status == 200 || status == 204, "{status}");
    let (status, _) = program.ask(Method::DELETE, &format!("imports/{}", import["id"].as_str().unwrap()), None).await;
    assert!(status == 200 || status == 204, "{status}");
    within("the webhook's queue to go", async {
        while !names(&id).is_empty() {
            assert_eq!(server.run(&["store", "compact"]).await.code, Some(0));
        }
    })
    .await;
    assert_eq!(names(MAIL), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rows_of_an_import_name_nobody_who_was_erased_in_a_stopped_folder() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (id, import);
    {
        let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
        (_, id) = told(&server, &program).await;
        // In quotes, with other capitals, her number as her country writes it, and a row about somebody else.
        let rows = format!("\"{MAIL}\";\"A;\"\"b\"\"\";x\n{};b;x\n;698 12 74 53;x\nbob@shop.example;Bob;x\n", MAIL.to_uppercase());
        let upload = server.http().post(format!("{}/api/v1/imports?name=old.csv", server.origin())).bearer_auth(&program.key);
        let file = format!("E-Mail;Name\n{rows}eve@shop.example;Eve\n");
        let uploaded: Value = upload.header("content-type", "text/csv").body(file).send().await.unwrap().json().await.unwrap();
        import = uploaded["id"].as_str().unwrap().to_owned();
        let (status, body) = program.post(&format!("imports/{import}/run"), json!({})).await;
        assert_eq!(status, 202, "{body}");
        within("the import to be done", async {
            while program.get(&format!("imports/{import}")).await["state"] != "done" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let faults = program.get(&format!("imports/{import}/faults")).await;
        assert_eq!(faults["rows"].as_array().map(Vec::len), Some(4), "{faults}");
    }
    let (status, _) = server.stop().await;
    assert!(status.success());
    let erased = server.run(&["contacts", "erase", &id, "--yes"]).await;
    assert_eq!(erased.code, Some(0), "{erased:?}");
    let mut all = needles(&id);
    all.push(b"698 12 74 53".to_vec());
    assert_eq!(occurrences(server.data(), &all), Vec::<String>::new());
    let wrong = fs::read_to_string(server.data().join("imports").join(&import).join("errors")).unwrap();
    assert!(wrong.lines().count() == 1 && wrong.contains("bob@shop.example"), "{wrong}");
}

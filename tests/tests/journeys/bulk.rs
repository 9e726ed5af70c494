//! Something done to everybody for whom a condition holds, through the real binary: counted first, on the command line and over
//! HTTP, going on after kill -9; lists that come from a file or from a rule.

use crate::support::{Ended, Program, Server, Setup, Visitor, bot, random, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _, fs, time::Duration};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\ncountry: DE\nchannels: { web: {} }\nattributes:\n  email: { type: email, personal: true }\n  orders: number\n  plan: { type: enum, values: [free, gold] }\n",
    ),
    ("segments.yaml", "guests: { name: Guests, static: true }\nloyal: { where: orders >= 3 }\n"),
    (
        "skills/start.yaml",
        "skill: /start\nblocks:\n  ask: { text: 'Which plan?' }\n  hear: { listen: plan, timeout: 1h }\n  said: { text: 'Noted.' }\n",
    ),
];
const EVERYTHING: [&str; 4] = ["contacts:read", "contacts:write", "segments:read", "segments:write"];

/// So many people, the nth with n orders.
async fn people(server: &Server, folder: &std::path::Path, many: usize) {
    let mut text = "email,external,phone,orders\n".to_owned();
    (0..many).for_each(|n| writeln!(text, "p{n}@shop.example,K{n},0176{n:07},{n}").unwrap());
    let file = folder.join("people.csv");
    fs::write(&file, text).unwrap();
    let ended = server.run(&["contacts", "import", file.to_str().unwrap()]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn fine(ended: &Ended, says: &[&str]) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for says in says {
        assert!(ended.stdout.contains(says), "{says}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filled_by_a_condition_by_a_file_and_by_a_rule() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    people(&server, folder.path(), 20).await;
    let program = Program::new(&server, &EVERYTHING).await;
    let on = async |list: &str| program.count(&format!("in segment {list}")).await;

    let asked = server.run(&["contacts", "add-to", "guests", "--where", "orders < 5"]).await;
    assert!(asked.code != Some(0) && asked.stdout.contains("5 contacts to be put on the list guests"), "{asked:?}");
    assert_eq!(on("guests").await, 0, "nobody agreed");
    fine(&server.run(&["contacts", "add-to", "guests", "--where", "orders < 5", "--yes"]).await, &["5 contacts changed"]);
    fine(&server.run(&["contacts", "remove-from", "guests", "--where", "orders < 2", "--yes"]).await, &["2 contacts changed"]);
    assert_eq!(on("guests").await, 3);

    // A list as somebody keeps it: no head, one of them on it already, one unknown. Nobody is made.
    let file = folder.path().join("guests.txt");
    fs::write(&file, "p2@shop.example\nP7@shop.example\nnobody@shop.example\n").unwrap();
    let path = file.to_str().unwrap();
    let dry = server.run(&["segments", "import", "guests", path, "--dry-run"]).await;
    assert!(dry.code == Some(1) && dry.stdout.contains("row 3: there is no contact with this key"), "{dry:?}");
    assert_eq!(on("guests").await, 3, "a dry run changes nothing");
    let ended = server.run(&["segments", "import", "guests", path]).await;
    assert!(ended.code == Some(1) && ended.stdout.contains("1 contact put on guests, 1 is on it already"), "{ended:?}");
    assert!(ended.stdout.contains("1 row not imported"), "{ended:?}");
    assert_eq!((on("guests").await, program.count("email is set").await), (4, 20));
    let id = ended.stdout.split("--undo ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    fine(&server.run(&["contacts", "import", "--undo", &id]).await, &["got back what they had"]);
    assert_eq!(on("guests").await, 3, "who was on it before stays");

    // By phone numbers as people write them, by other systems' ids, and by a table of which only the key is read.
    for (text, more) in
        [("0176 0000 008\n+49 176 0000009\n", &[][..]), ("Kunde;orders;plan\nK10;999;silver\nK11;;\n", &["--map", "Kunde=external"])]
    {
        fs::write(&file, text).unwrap();
        fine(&server.run(&[&["segments", "import", "guests", path], more].concat()).await, &["2 contacts put on guests"]);
    }
    assert_eq!((on("guests").await, program.count("orders > 100").await), (7, 0));

    // Over HTTP the same; what was asked for is told.
    let answer = server.http().post(format!("{}/api/v1/imports?name=list.jsonl", server.origin())).bearer_auth(&program.key);
    let uploaded: Value = answer.body("{\"external\":\"K12\",\"plan\":\"gold\"}\n").send().await.unwrap().json().await.unwrap();
    let id = uploaded["id"].as_str().unwrap().to_owned();
    assert_eq!(uploaded["options"], Value::Null, "{uploaded}");
    let (status, body) = program.post(&format!("imports/{id}/run"), json!({ "list": "guests", "members": true, "key": "external" })).await;
    assert_eq!(status, 202, "{body}");
    let done = within("the import to end", async {
        loop {
            let now = program.get(&format!("imports/{id}")).await;
            if now["state"] == "done" {
                break now;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let options = &done["options"];
    assert_eq!((&options["list"], &options["members"], &options["key"]), (&json!("guests"), &json!(true), &json!("external")), "{done}");
    assert_eq!((on("guests").await, program.count("plan is gold").await), (8, 0));

    // A rule, frozen: who comes to fit later is not on it.
    fine(
        &server.run(&["segments", "freeze", "autumn", "in segment loyal", "--yes"]).await,
        &["17 contacts to be put", "17 contacts changed"],
    );
    fine(&server.run(&["contacts", "set", "orders=50", "--where", "orders < 3", "--yes"]).await, &["3 contacts changed"]);
    assert_eq!((on("loyal").await, on("autumn").await), (20, 17));
    let refused = server.run(&["segments", "freeze", "loyal", "orders > 1", "--yes"]).await;
    assert!(refused.code != Some(0) && refused.stderr.contains("has a condition"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_erased_only_when_it_is_said_how_many() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    people(&server, folder.path(), 30).await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Which plan?").await;
    {
        let program = Program::new(&server, &EVERYTHING).await;
        let whom = json!({ "where": "orders < 10" });
        let ask = async |more: Value| {
            let mut body = whom.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            program.post("contacts/bulk-erase", body).await
        };
        let (status, body) = ask(json!({ "dry_run": true })).await;
        assert_eq!((status, &body["found"], &body["goes"]["contacts"]), (200, &json!(10), &json!(10)), "{body}");
        assert_eq!(body["sample"].as_array().unwrap().len(), 5, "{body}");
        assert_eq!((&body["webhooks_told"], &body["unfinished_imports"]), (&json!(0), &json!(0)), "{body}");
        let (status, body) = ask(json!({})).await;
        assert_eq!((status, &body["code"]), (422, &json!("invalid")), "{body}");
        let ten = counted(&program, "orders < 10").await;
        let (status, body) = ask(json!({ "confirm": 10 })).await;
        assert_eq!((status, &body["code"]), (422, &json!("invalid")), "{body}");
        let (status, body) = ask(json!({ "confirm": 9, "people": ten })).await;
        assert_eq!((status, &body["code"], &body["found"]), (409, &json!("count"), &json!(10)), "{body}");
        assert_eq!(program.count("email is set").await, 30);
        // As many as before, but one of them was never counted.
        fine(&server.run(&["contacts", "set", "orders=100", "--where", "orders = 0", "--yes"]).await, &["1 contact changed"]);
        fine(&server.run(&["contacts", "set", "orders=1", "--where", "orders = 10", "--yes"]).await, &["1 contact changed"]);
        let (status, body) = ask(json!({ "confirm": 10, "people": ten })).await;
        assert_eq!((status, &body["code"], &body["found"]), (409, &json!("count"), &json!(10)), "{body}");
        assert_eq!(program.count("email is set").await, 30, "nobody was erased");
        let ten = counted(&program, "orders < 10").await;
        let (status, body) = ask(json!({ "confirm": 10, "people": ten })).await;
        assert_eq!((status, &body["kind"], &body["where"]), (202, &json!("erase"), &json!("orders < 10")), "{body}");
        assert_eq!(body["by"]["kind"], "program", "{body}");
        let id = body["id"].as_str().unwrap().to_owned();
        let done = over(&program, &id).await;
        assert_eq!((&done["done"], &done["failed"]), (&json!(10), &json!(0)), "{done}");
        assert_eq!(program.count("email is set").await, 20);
        let page = program.get(&format!("erasures?bulk={id}&limit=4")).await;
        assert_eq!((&page["total"], page["erasures"].as_array().unwrap().len()), (&json!(10), 4), "{page}");
        let next = page["next_cursor"].as_str().unwrap();
        let rest = program.get(&format!("erasures?bulk={id}&cursor={next}")).await;
        assert_eq!((rest["erasures"].as_array().unwrap().len(), &rest["next_cursor"]), (6, &Value::Null), "{rest}");
        assert!(page["erasures"][0]["bulk"] == json!(id) && page["erasures"][0]["counts"]["contacts"] == 1, "{page}");
    }
    let dry = server.run(&["contacts", "erase", "--where", "plan is not set and email is not set", "--dry-run"]).await;
    fine(&dry, &["1 contact to be erased", "goes:  1 contact, 1 conversation", "stops: 1 under way", "nobody was erased"]);
    let unasked = server.run(&["contacts", "erase", "--where", "orders < 12"]).await;
    assert!(unasked.code != Some(0) && unasked.stderr.contains("--yes"), "{unasked:?}");
    fine(
        &server.run(&["contacts", "erase", "--where", "orders < 12", "--yes"]).await,
        &["1 contact to be erased", "1 contact erased; \"contacts erasures --bulk aud_"],
    );
    fine(&server.run(&["contacts", "erase", "--where", "orders < 12", "--yes"]).await, &["0 contacts to be erased", "nobody was erased"]);
    let nobody = server.run(&["contacts", "erase", "--where", "orders < 12", "--json"]).await;
    let told: Value = serde_json::from_str(&nobody.stdout).unwrap();
    assert_eq!(told, json!({ "id": null, "found": 0, "done": 0, "failed": 0 }));
    // In a stopped folder it is done when it is answered, down to the disk.
    server.stop().await;
    let erased = server.run(&["contacts", "erase", "--where", "orders < 15", "--yes"]).await;
    fine(&erased, &["3 contacts erased"]);
    let bulk = format!("aud_{}", erased.stdout.split_once("--bulk aud_").unwrap().1.split('"').next().unwrap());
    fine(&server.run(&["contacts", "erasures", "--bulk", &bulk]).await, &["era_", "3 certificates, 0 pending"]);
    let lines = async |server: &Server, more: &[&str]| -> Vec<Value> {
        let ended = server.run(&[&["contacts", "erasures", "--json"], more].concat()).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let listed = lines(&server, &[]).await;
    assert_eq!(listed.iter().filter(|erasure| erasure["bulk"] == bulk.as_str() && erasure["state"] == "done").count(), 3, "{listed:?}");
    server.start_again().await;
    // Through the server the same, page by page, and as it tells others.
    assert_eq!(lines(&server, &[]).await, listed);
    let page = server.run(&["contacts", "erasures", "--json", "--limit", "10"]).await;
    let tenth = listed[9]["id"].as_str().unwrap();
    assert_eq!(page.stderr.trim(), format!("there are more; go on with --after {tenth}"), "{page:?}");
    let first = lines(&server, &["--limit", "10"]).await;
    let rest = lines(&server, &["--after", first[9]["id"].as_str().unwrap()]).await;
    assert_eq!([first, rest].concat(), listed);
    let one = listed[0]["id"].as_str().unwrap();
    fine(&server.run(&["contacts", "erasures", one]).await, &["erased: 1 contact", &format!("{one}: done"), "by contacts erase"]);
    let told: Value = serde_json::from_str(&server.run(&["contacts", "erasures", one, "--json"]).await.stdout).unwrap();
    assert_eq!(told, listed[0]);
    for (args, says) in [(&["era_none"][..], "no certificate era_none"), (&["--after", "era_none"], "--after")] {
        let refused = server.run(&[&["contacts", "erasures"], args].concat()).await;
        assert!(refused.code == Some(2) && refused.stderr.contains(says), "{refused:?}");
    }
    let program = Program::new(&server, &EVERYTHING).await;
    assert_eq!(program.count("email is set").await, 16);
    let all = program.get("erasures?limit=1000").await;
    assert_eq!((&all["total"], &all["pending"]), (&json!(14), &json!(0)), "the compaction was for all of them: {all}");
    assert_eq!(all["erasures"], json!(listed));
    visitor.say(&server, "gold").await;
    visitor.saw(&server, "Noted.").await;
}

/// Who a condition holds for, as a dry run says it.
async fn counted(program: &Program<'_>, condition: &str) -> Value {
    let (status, body) = program.post("contacts/bulk-erase", json!({ "where": condition, "dry_run": true })).await;
    assert_eq!(status, 200, "{body}");
    body["people"].clone()
}

/// A job as it is when it is over.
async fn over(program: &Program<'_>, id: &str) -> Value {
    within("the job to end", async {
        loop {
            let now = program.get(&format!("bulk/{id}")).await;
            if now["stage"] == "done" {
                break now;
            }
            assert!(now["stage"] == "changing" || now["stage"] == "erasing", "{now}");
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_leaves_nobody_out_and_does_nothing_twice() {
    const MANY: usize = 3_000;
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    people(&server, folder.path(), MANY).await;
    for (path, mut body, kind) in [
        ("contacts/bulk", json!({ "where": "orders >= 100", "change": { "add_to": ["guests"], "tag": ["many"] } }), "change"),
        ("contacts/bulk-erase", json!({ "where": "has tag many", "confirm": MANY - 100 }), "erase"),
    ] {
        let key = Program::new(&server, &EVERYTHING).await.key;
        if kind == "erase" {
            body["people"] = counted(&Program { server: &server, key: key.clone() }, "has tag many").await;
        }
        let (mut id, mut kills, mut before) = (None::<String>, 0, 0);
        let done = within("the job to end", async {
            loop {
                let program = Program { server: &server, key: key.clone() };
                let now = match &id {
                    Some(id) => program.get(&format!("bulk/{id}")).await,
                    None => {
                        let (status, body) = program.post(path, body.clone()).await;
                        assert_eq!((status, &body["kind"]), (202, &json!(kind)), "{body}");
                        id = Some(body["id"].as_str().unwrap().to_owned());
                        body
                    }
                };
                if now["stage"] == "done" {
                    break now;
                }
                let so_far = now["done"].as_u64().unwrap();
                assert!(so_far >= before, "it never goes back: {now}");
                if so_far >= before && kills < 3 {
                    (before, kills) = (so_far, kills + 1);
                    // The moment of the kill is chance.
                    tokio::time::sleep(Duration::from_millis(random() % 60)).await;
                    server.kill().await;
                    server.start_again().await;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(kills > 0, "it was under way when the server died");
        assert_eq!((&done["found"], &done["done"], &done["failed"]), (&json!(MANY - 100), &json!(MANY - 100), &json!(0)), "{done}");
        let program = Program { server: &server, key };
        if kind == "change" {
            assert_eq!(program.count("in segment guests and has tag many").await, MANY as u64 - 100);
            // Said once in the journey, with who did it.
            let one = program.ask(Method::GET, "contacts?where=orders%20%3D%20700", None).await.1["contacts"][0]["id"].clone();
            let journey = program.get(&format!("contacts/{}/journey?kind=tag", one.as_str().unwrap())).await;
            assert_eq!(journey["entries"].as_array().unwrap().len(), 1, "{journey}");
            assert_eq!(journey["entries"][0]["by_kind"], "api", "{journey}");
            let why = journey["entries"][0]["why"].as_str().unwrap_or_default();
            assert_eq!(why, format!("change of many {}", id.as_deref().unwrap()), "{journey}");
        } else {
            assert_eq!((program.count("has tag many").await, program.count("email is set").await), (0, 100));
            // One certificate each: what was asked for before the kill and again after it is one as soon as the second finds nobody.
            let page = format!("erasures?bulk={}&limit=1", id.unwrap());
            within("one certificate each", async {
                while program.get(&page).await["total"] != json!(MANY - 100) {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            // All of them, in more than one page: from the server and from the stopped folder.
            let listed = server.run(&["contacts", "erasures", "--json"]).await;
            assert_eq!(listed.stdout.lines().collect::<BTreeSet<_>>().len(), MANY - 100, "{}", listed.stderr);
            server.stop().await;
            let at_rest = server.run(&["contacts", "erasures", "--json"]).await;
            assert_eq!(at_rest.stdout.lines().count(), MANY - 100, "{}", at_rest.stderr);
            server.start_again().await;
        }
    }
}

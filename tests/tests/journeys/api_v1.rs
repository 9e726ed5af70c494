//! The HTTP API as a foreign program uses it, and the same questions on the command line: keys and scopes, events told twice
//! and late, segments made, asked, explained and deleted.

use crate::support::{Program, Server, Setup, Visitor, bot, key, within};
use reqwest::Method;
use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nchannels: { web: {} }\nattributes:\n  orders: { type: number }\n  plan: { type: enum, values: [free, gold] }\n",
    ),
    (
        "segments.yaml",
        "vip: { name: VIP customers, where: orders >= 3 }\nstaff: { name: Staff, static: true }\n\
         buyers: { where: 'count(purchase, last 30 days) >= 2' }\n",
    ),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    (
        "skills/bought.yaml",
        "skill: bought\ncatch: [{ event: purchase }]\nblocks:\n  thanks: { text: 'Thank you for ${event.total | default(0)}' }\n",
    ),
    ("skills/vip.yaml", "skill: welcome\ncatch: [{ segment: { entered: vip } }]\nblocks:\n  hello: { text: Welcome to the club }\n"),
];
const EVERYTHING: [&str; 5] = ["contacts:read", "contacts:write", "segments:read", "segments:write", "events:write"];

/// A visitor who opened the panel, and the contact they are.
async fn somebody(server: &Server) -> (Visitor, String) {
    let before: Vec<String> = ids(server).await;
    let visitor = Visitor::greeted(server).await;
    visitor.saw(server, "Hello").await;
    let new = ids(server).await.into_iter().find(|id| !before.contains(id)).expect("there is a contact more");
    (visitor, new)
}

async fn ids(server: &Server) -> Vec<String> {
    let list = server.run(&["contacts", "list", "--json", "--limit", "200"]).await;
    list.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say_until_it_is_revoked() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (_, ana) = somebody(&server).await;
    let reader = key(&server, "reader", &["segments:read"], &["--per-minute", "100"]).await;
    {
        let stranger = Program { server: &server, key: String::new() };
        for path in ["segments", "segments/vip", "nothing", &format!("contacts/{ana}")] {
            let answer = stranger.with(Method::GET, path, None, &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (401, &json!("no_key")), "{path}");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
        let mut wrong = reader.clone();
        wrong.replace_range(reader.len() - 1.., if reader.ends_with('0') { "1" } else { "0" });
        for bad in [wrong.as_str(), "sbk_x", "x", &reader.to_uppercase()] {
            let answer = Program { server: &server, key: bad.to_owned() }.with(Method::GET, "segments", None, &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (401, &json!("bad_key")), "{bad}");
        }
        let program = Program { server: &server, key: reader.clone() };
        let origin = [("origin", "https://evil.example")];
        let answer = program.with(Method::GET, "segments", None, &origin).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{:?}", answer.headers);
        assert_eq!(
            (&answer.headers["ratelimit-limit"], &answer.headers["cache-control"]),
            (&"100".parse().unwrap(), &"no-store".parse().unwrap())
        );
        let event = format!("contacts/{ana}/events");
        for (method, path, scope) in [
            (Method::GET, format!("contacts/{ana}"), "contacts:read"),
            (Method::PATCH, format!("contacts/{ana}"), "contacts:write"),
            (Method::POST, event, "events:write"),
            (Method::POST, "segments".to_owned(), "segments:write"),
            (Method::DELETE, "segments/vip".to_owned(), "segments:write"),
            (Method::PUT, format!("segments/staff/members/{ana}"), "segments:write"),
            (Method::GET, format!("segments/vip/contacts/{ana}?explain=1"), "contacts:read"),
        ] {
            let answer = program.with(method.clone(), &path, (method != Method::GET).then(|| json!({ "x": 1 })), &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.body["scope"]), (403, &json!(scope)), "{method} {path}: {}", answer.body);
            assert!(answer.body["detail"].as_str().unwrap().contains(scope));
        }
        // A condition may ask for anything about contacts.
        let (status, body) = program.post("segments/preview", json!({ "where": "orders > 1" })).await;
        assert_eq!((status, &body["scope"]), (403, &json!("contacts:read")));
        assert_eq!(program.post("segments/preview", json!({ "segment": "vip" })).await.0, 200);
        for (path, code) in [("segments?limit=5000", 400), ("segments?limits=5", 400), ("segments/none", 404), ("none", 404)] {
            assert_eq!(program.ask(Method::GET, path, None).await.0, code, "{path}");
        }
        let hasty = Program { server: &server, key: key(&server, "hasty", &["segments:read"], &["--per-minute", "2"]).await };
        assert_eq!((hasty.ask(Method::GET, "segments", None).await.0, hasty.ask(Method::GET, "nothing", None).await.0), (200, 404));
        let answer = hasty.with(Method::GET, "segments", None, &[]).await;
        assert_eq!((answer.status.as_u16(), &answer.headers["ratelimit-remaining"]), (429, &"0".parse().unwrap()));
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 60);
    }
    for (args, says) in [
        (&["keys", "create", "reader", "--scope", "segments:read"][..], "already"),
        (&["keys", "create", "other", "--scope", "segments"], "segments:write"),
        (&["keys", "revoke", "nobody"], "no key"),
    ] {
        let ended = server.run(args).await;
        assert!(ended.code == Some(2) && ended.stderr.contains(says), "{ended:?}");
    }
    let listed = server.run(&["keys", "list"]).await.stdout;
    assert!(listed.contains("reader") && listed.contains("segments:read") && !listed.contains(&reader), "{listed}");
    let rows: Vec<Value> =
        server.run(&["keys", "list", "--json"]).await.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let row = rows.iter().find(|row| row["name"] == "reader").unwrap();
    assert!(row["last_used"].is_i64() && row["revoked_at"].is_null(), "{row}");
    let revoked = server.run(&["keys", "revoke", "reader"]).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let refused = Program { server: &server, key: reader.clone() }.ask(Method::GET, "segments", None).await;
    assert_eq!((refused.0, &refused.1["code"]), (401, &json!("bad_key")));

    // On the data of a stopped server, and nowhere in clear.
    server.stop().await;
    let later = key(&server, "later", &["segments:read"], &[]).await;
    server.start_again().await;
    for (key, status) in [(&later, 200), (&reader, 401)] {
        assert_eq!(Program { server: &server, key: key.clone() }.ask(Method::GET, "segments", None).await.0, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_told_twice_is_recorded_once_and_a_late_one_at_its_time() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (ana, id) = somebody(&server).await;
    let path = format!("contacts/{id}/events");
    let made = key(&server, "shop", &EVERYTHING, &[]).await;
    let purchase = json!({ "name": "purchase", "fields": { "total": 12.5 } });
    let once = [("idempotency-key", "order-1")];
    {
        let shop = Program { server: &server, key: made.clone() };
        let first = shop.with(Method::POST, &path, Some(purchase.clone()), &once).await;
        assert_eq!((first.status.as_u16(), &first.body), (200, &json!({ "contact": id, "recorded": 1 })));
        // Answered when it is processed: what it starts has been said.
        ana.saw(&server, "Thank you for 12.5").await;
        let again = shop.with(Method::POST, &path, Some(purchase.clone()), &once).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        let other = shop.with(Method::POST, &path, Some(json!({ "name": "purchase" })), &once).await;
        assert_eq!((other.status.as_u16(), &other.body["code"]), (422, &json!("idempotency_key_reused")));
    }
    server.kill().await;
    server.start_again().await;
    let shop = Program { server: &server, key: made };
    let again = shop.with(Method::POST, &path, Some(purchase.clone()), &once).await;
    assert_eq!((again.status.as_u16(), &again.body["recorded"]), (200, &json!(1)));
    assert_eq!(shop.count("count(purchase, ever) = 1").await, 1);
    assert_eq!(shop.get(&format!("segments/buyers/contacts/{id}")).await["is_member"], false);

    // A batch, one of it long ago: it counts, but not in the window.
    let batch = json!({ "events": [
        { "name": "purchase", "at": "2025-01-01T12:00:00+01:00", "fields": { "total": 1 } },
        { "name": "visit", "at": "2999-01-01T00:00:00Z" },
    ] });
    let told = shop.with(Method::POST, &path, Some(batch.clone()), &[("idempotency-key", "batch-1")]).await;
    assert_eq!((told.status.as_u16(), &told.body["recorded"]), (200, &json!(2)), "{}", told.body);
    shop.with(Method::POST, &path, Some(batch), &[("idempotency-key", "batch-1")]).await;
    assert_eq!(shop.count("count(purchase, ever) = 2").await, 1);
    assert_eq!(shop.count("count(purchase, last 30 days) = 1").await, 1);
    // What is told to lie ahead happened now.
    assert_eq!(shop.count("count(visit, last 1 hour) = 1").await, 1);
    assert_eq!(shop.get(&format!("segments/buyers/contacts/{id}")).await["is_member"], false);
    assert_eq!(shop.post(&path, purchase).await.0, 200);
    let inside = shop.get(&format!("segments/buyers/contacts/{id}")).await;
    assert!(inside["is_member"] == true && inside["since"].is_string(), "{inside}");

    for (body, status, says) in [
        (json!({ "name": "a b" }), 422, "letters"),
        (json!({ "name": "a", "fild": 1 }), 422, "fild"),
        (json!({ "events": [{ "name": "a" }, { "name": "b", "at": "soon" }] }), 422, "events[1]"),
        (json!({ "name": "a", "at": "1999-01-01T00:00:00Z" }), 422, "ten years"),
        (json!([1]), 422, "one event"),
    ] {
        let (got, told) = shop.post(&path, body.clone()).await;
        assert!(got == status && told["detail"].as_str().unwrap().contains(says), "{body}: {got} {told}");
    }
    let nobody = format!("contacts/con_{}/events", "0".repeat(26));
    assert_eq!(shop.post(&nobody, json!({ "name": "a" })).await.0, 404);
    assert_eq!(shop.post("contacts/x/events", json!({ "name": "a" })).await.0, 404);
    let journey = server.run(&["contacts", "show", &id]).await.stdout;
    assert_eq!(journey.matches("Event purchase").count(), 3, "{journey}");
    assert!(journey.contains("API shop"), "{journey}");
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_are_made_asked_explained_and_deleted() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let mut people = Vec::new();
    for _ in 0..5 {
        people.push(somebody(&server).await);
    }
    let program = Program::new(&server, &EVERYTHING).await;
    for (at, (visitor, id)) in people.iter().enumerate() {
        let (status, told) = program
            .ask(Method::PATCH, &format!("contacts/{id}"), Some(json!({ "attributes": { "orders": at + 1 }, "tags": { "add": ["Fan"] } })))
            .await;
        assert_eq!((status, &told["attributes"]["orders"], &told["tags"][0]["label"]), (200, &json!(at + 1), &json!("Fan")), "{told}");
        if at >= 2 {
            // Exact in the same step, and the catch fires.
            assert_eq!(program.get(&format!("contacts/{id}")).await["segments"][0]["key"], "vip");
            visitor.saw(&server, "Welcome to the club").await;
        }
    }
    let wrong = program.ask(Method::PATCH, &format!("contacts/{}", people[0].1), Some(json!({ "attributes": { "plan": "silver" } }))).await;
    assert!(wrong.0 == 422 && wrong.1["detail"].as_str().unwrap().contains("plan"), "{wrong:?}");

    // The four questions.
    let all = program.get("segments?limit=2").await;
    assert_eq!((&all["segments"][0]["key"], &all["next_cursor"], &all["total"]), (&json!("buyers"), &json!("staff"), &json!(3)));
    assert_eq!(program.get("segments?cursor=staff").await["segments"][0]["key"], "vip");
    let vip = program.get("segments/vip").await;
    assert_eq!((&vip["size"], &vip["where"], &vip["origin"]), (&json!(3), &json!("orders >= 3"), &json!("file")));
    assert_eq!(program.get(&format!("contacts/{}/segments", people[4].1)).await["segments"][0]["name"], "VIP customers");
    let why = program.get(&format!("segments/vip/contacts/{}?explain=1", people[0].1)).await;
    let rule = &why["explain"]["rule"];
    assert_eq!(
        (&why["is_member"], &rule["verdict"], &rule["actual"], &rule["bound"]),
        (&json!(false), &json!("false"), &json!(1), &json!("3")),
        "{why}"
    );

    // Why is said once, beside what happened.
    let moved = &program.get(&format!("contacts/{}/journey?kind=segment", people[4].1)).await["entries"][0];
    assert_eq!((&moved["text"], &moved["why"]), (&json!("Entered segment VIP customers"), &json!("orders")), "{moved}");
    // The short answer, which memory gives, is the long one, which looks at the record.
    let nobody = format!("con_{}", "0".repeat(26));
    assert_eq!(program.with(Method::GET, &format!("segments/vip/contacts/{nobody}"), None, &[]).await.body["code"], "no_contact");
    for (at, (_, id)) in people.iter().enumerate() {
        for key in ["vip", "buyers", "staff"] {
            let mut answers = Vec::new();
            for query in ["", "?explain=1"] {
                let mut answer = program.get(&format!("segments/{key}/contacts/{id}{query}")).await;
                let said = answer.as_object_mut().unwrap();
                assert!(said.remove("at").is_some() && said.remove("explain").is_some() != query.is_empty(), "{said:?}");
                answers.push(answer);
            }
            assert_eq!(answers[0], answers[1]);
            let is = key == "vip" && at >= 2;
            assert_eq!((answers[0]["is_member"] == true, answers[0]["since"].is_string()), (is, is), "{answers:?}");
        }
    }

    // Making: errors have places, keys are made, conditions come in three forms.
    let (status, told) = program.post("segments", json!({ "name": "Big", "where": "ordes >= 3 and plan = gold" })).await;
    assert_eq!((status, &told["errors"][0]["start"], &told["errors"][0]["end"]), (422, &json!(0), &json!(5)), "{told}");
    assert_eq!(told["errors"][0]["suggestion"], "orders");
    let made = program
        .with(Method::POST, "segments", Some(json!({ "name": "Big spenders!", "where": "in segment vip and orders > 3" })), &[])
        .await;
    assert_eq!((made.status.as_u16(), &made.body["key"], &made.body["size"]), (201, &json!("big-spenders"), &json!(2)), "{}", made.body);
    assert_eq!(made.headers["location"], "/api/v1/segments/big-spenders");
    let first = made.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(program.post("segments", json!({ "key": "big-spenders", "name": "x", "where": "true" })).await.0, 409);
    assert_eq!(program.post("segments", json!({ "key": "vip", "name": "x", "where": "true" })).await.0, 409);
    let form = json!({ "or": [{ "and": [{ "op": ">=", "left": { "name": "orders" }, "right": 5 }] }, { "op": "=", "left": { "name": "orders" }, "right": 1 }] });
    let (status, told) =
        program.ask(Method::PUT, "segments/ends", Some(json!({ "name": "Ends", "where": form, "exclude": ["big-spenders"] }))).await;
    assert_eq!((status, &told["size"], &told["where"]), (201, &json!(1), &json!("orders >= 5 or orders = 1")), "{told}");
    assert_eq!(program.get("segments/ends").await["where_json"]["any"].as_array().unwrap().len(), 2);
    let (status, told) = program.ask(Method::PATCH, "segments/big-spenders", Some(json!({ "where": "in segment ends" }))).await;
    assert!(status == 422 && told["detail"].as_str().unwrap().contains("itself"), "{told}");

    // Changing: by whoever saw it last.
    let changed =
        program.with(Method::PATCH, "segments/big-spenders", Some(json!({ "where": "orders > 4" })), &[("if-match", &first)]).await;
    assert_eq!((changed.status.as_u16(), &changed.body["size"], &changed.body["name"]), (200, &json!(1), &json!("Big spenders!")));
    let late = program.with(Method::PATCH, "segments/big-spenders", Some(json!({ "name": "x" })), &[("if-match", &first)]).await;
    assert_eq!((late.status.as_u16(), &late.body["code"]), (412, &json!("changed")));
    let again = program.with(Method::PUT, "segments/ends", Some(json!({ "where": "true" })), &[("if-none-match", "*")]).await;
    assert_eq!(again.status, 409);
    for (method, path) in [(Method::PUT, "segments/vip"), (Method::PATCH, "segments/vip"), (Method::DELETE, "segments/vip")] {
        let (status, told) = program.ask(method, path, Some(json!({ "name": "x", "where": "true" }))).await;
        assert_eq!((status, &told["code"]), (409, &json!("in_folder")), "{told}");
    }

    // Deleting: not what others need.
    let (status, told) = program.ask(Method::DELETE, "segments/big-spenders", None).await;
    assert_eq!((status, &told["segments"]), (409, &json!(["ends"])), "{told}");
    assert_eq!(program.ask(Method::DELETE, "segments/ends", None).await.0, 204);
    assert_eq!(program.ask(Method::DELETE, "segments/big-spenders", None).await.0, 204);
    assert_eq!(program.ask(Method::DELETE, "segments/big-spenders", None).await.0, 404);

    // Asking anything.
    let (_, told) = program.post("segments/preview", json!({ "where": "plan = gold or orders >= 4", "sample": 1 })).await;
    assert_eq!((&told["count"], &told["unknown"], &told["contacts"]), (&json!(2), &json!(3), &json!(5)), "{told}");
    assert_eq!((told["sample"].as_array().unwrap().len(), &told["no_value"][0]["count"]), (1, &json!(5)), "{told}");
    let first = program.get("contacts?where=orders%20%3E%3D%202&limit=3").await;
    assert_eq!((&first["total"], first["contacts"].as_array().unwrap().len()), (&json!(4), 3), "{first}");
    let second =
        program.get(&format!("contacts?where=orders%20%3E%3D%202&limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((second["contacts"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
    assert_eq!(program.get("contacts?limit=2").await["contacts"].as_array().unwrap().len(), 2);
    let history = program.get("segments/vip/history").await;
    assert_eq!(history["history"].as_array().unwrap().last().unwrap()["size"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_look_into_one_another_so_deep_and_no_deeper() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &EVERYTHING).await;
    let rule = async |key: &str, rule: &str| {
        let (status, told) = program.ask(Method::PUT, &format!("segments/{key}"), Some(json!({ "name": key, "where": rule }))).await;
        (status, told["detail"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!((rule("base", "orders > 1").await.0, rule("s1", "orders > 2").await.0), (201, 201));
    for n in 2..=32 {
        let made = rule(&format!("s{n}"), &format!("in segment s{}", n - 1)).await;
        assert_eq!(made.0, 201, "{}", made.1);
    }
    let (status, told) = rule("s33", "in segment s32").await;
    assert!(status == 422 && told.contains("more than 32"), "{told}");
    // Nor is anything put below all of them.
    let (status, told) = rule("s1", "in segment base").await;
    assert!(status == 422 && told.contains("\"s32\"") && told.contains("more than 32"), "{told}");
    assert_eq!(program.get("segments/s32").await["state"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filled_read_page_by_page_and_emptied() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let mut people = Vec::new();
    for _ in 0..5 {
        people.push(somebody(&server).await.1);
    }
    let program = Program::new(&server, &EVERYTHING).await;
    assert_eq!(program.post("segments", json!({ "key": "beta", "name": "Beta testers", "static": true })).await.0, 201);
    let nobody = format!("con_{}", "0".repeat(26));
    let add: Vec<&str> = people.iter().map(String::as_str).chain([nobody.as_str(), "x"]).collect();
    let (status, told) = program.post("segments/beta/members", json!({ "add": add })).await;
    assert_eq!((status, &told), (200, &json!({ "added": 5, "removed": 0, "not_found": ["x", nobody] })));
    let (status, _) = program.ask(Method::PUT, &format!("segments/vip/members/{}", people[0]), None).await;
    assert_eq!(status, 409, "a condition says who is in it");
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("segments/beta/members?limit=2{cursor}")).await;
        let members = page["members"].as_array().unwrap();
        assert!(members.len() <= 2 && page["size"] == 5, "{page}");
        seen.extend(members.iter().map(|m| m["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    people.sort();
    assert_eq!(seen, people);
    assert_eq!(program.ask(Method::DELETE, &format!("segments/beta/members/{}", people[0]), None).await.0, 204);
    assert_eq!(program.get("segments/beta").await["size"], 4);
    // A rule, frozen: whoever it holds for now stays on the list when it does not any more.
    assert_eq!(program.ask(Method::PATCH, &format!("contacts/{}", people[2]), Some(json!({ "attributes": { "orders": 7 } }))).await.0, 200);
    assert_eq!(program.post("segments", json!({ "key": "spring", "name": "Spring", "static": true })).await.0, 201);
    let (_, told) = program.post("segments/spring/members", json!({ "where": "in segment vip" })).await;
    assert_eq!(told["added"], 1, "{told}");
    assert_eq!(
        program.ask(Method::PATCH, &format!("contacts/{}", people[2]), Some(json!({ "attributes": { "orders": null } }))).await.0,
        200
    );
    assert_eq!((&program.get("segments/spring").await["size"], &program.get("segments/vip").await["size"]), (&json!(1), &json!(0)));
    let (status, told) = program.ask(Method::PATCH, "segments/beta", Some(json!({ "where": "orders > 1" }))).await;
    assert_eq!((status, &told["code"], &told["size"]), (409, &json!("not_empty"), &json!(4)));
    drop(program);

    // On the command line, with the server and without it.
    for running in [true, false] {
        if !running {
            server.stop().await;
        }
        let listed = server.run(&["segments", "list"]).await;
        assert!(listed.code == Some(0) && listed.stdout.contains("VIP customers"), "{listed:?}");
        let beta = listed.stdout.lines().find(|line| line.starts_with("beta ")).expect("it is listed");
        assert!(beta.contains(" 4 ") && beta.contains("people are put into it"), "{beta}");
        let counted = server.run(&["segments", "preview", "in segment beta or orders > 1"]).await;
        assert!(counted.stdout.starts_with("4 of 5 contacts"), "{counted:?}");
        let members = server.run(&["segments", "members", "beta", "--json"]).await;
        assert_eq!(members.stdout.lines().count(), 4, "{members:?}");
        let why = server.run(&["segments", "explain", "beta", &people[1]]).await;
        assert!(why.stdout.contains("is in Beta testers") && why.stdout.contains("✓ they are on its list"), "{why:?}");
        let why = server.run(&["segments", "explain", "vip", &people[1]]).await;
        assert!(why.stdout.contains("is not in VIP customers") && why.stdout.contains("? orders >= 3"), "{why:?}");
        let shown = server.run(&["segments", "show", "vip"]).await;
        assert!(shown.stdout.contains("orders >= 3") && shown.stdout.contains("in segments.yaml"), "{shown:?}");
        let wrong = server.run(&["segments", "preview", "ordes > 1"]).await;
        assert!(wrong.code == Some(2) && wrong.stderr.contains("ordes > 1\n  ^^^^^"), "{wrong:?}");
        let none = server.run(&["segments", "show", "gold"]).await;
        assert!(none.code == Some(2) && none.stderr.contains("segments list"), "{none:?}");
    }
    server.start_again().await;
    let program = Program::new(&server, &EVERYTHING).await;
    let (status, told) = program.ask(Method::DELETE, "segments/beta", None).await;
    assert_eq!((status, &told["code"]), (409, &json!("not_empty")));
    assert_eq!(program.ask(Method::DELETE, "segments/beta?members=remove", None).await.0, 204);
    assert_eq!(program.post("segments", json!({ "key": "beta", "name": "Beta testers", "static": true })).await.1["size"], 0);
}

/// Every route with the scopes that it takes, and a body that passes where it has one.
fn routes(contact: &str) -> Vec<(Method, String, &'static [&'static str], Option<Value>)> {
    let list = || Some(json!({ "add": [contact] }));
    let rule = || Some(json!({ "name": "Rule", "where": "orders > 1" }));
    let bulk = |change: Value, dry_run: bool| Some(json!({ "where": "orders > 1", "change": change, "dry_run": dry_run }));
    vec![
        (Method::GET, "contacts".into(), &["contacts:read"], None),
        (Method::GET, format!("contacts/{contact}"), &["contacts:read"], None),
        (Method::PATCH, format!("contacts/{contact}"), &["contacts:write"], Some(json!({ "tags": { "add": ["a"] } }))),
        (Method::POST, "contacts/bulk".into(), &["contacts:write", "contacts:read"], bulk(json!({ "tag": ["a"] }), true)),
        (Method::POST, "contacts/bulk".into(), &["contacts:write", "contacts:read"], bulk(json!({ "tag": ["a"] }), false)),
        (
            Method::POST,
            "contacts/bulk".into(),
            &["contacts:write", "contacts:read", "segments:write"],
            bulk(json!({ "add_to": ["staff"] }), false),
        ),
        (
            Method::POST,
            "contacts/bulk".into(),
            &["contacts:write", "contacts:read", "segments:write"],
            bulk(json!({ "remove_from": ["staff"] }), true),
        ),
        (
            Method::POST,
            "contacts/bulk-erase".into(),
            &["contacts:write", "contacts:read"],
            Some(json!({ "where": "orders > 1", "dry_run": true })),
        ),
        (Method::GET, format!("contacts/{contact}/segments"), &["segments:read"], None),
        (Method::POST, format!("contacts/{contact}/events"), &["events:write"], Some(json!({ "name": "a" }))),
        (Method::GET, "segments".into(), &["segments:read"], None),
        (Method::POST, "segments".into(), &["segments:write"], Some(json!({ "key": "list", "name": "List", "static": true }))),
        (Method::POST, "segments".into(), &["segments:write", "contacts:read"], rule()),
        (Method::GET, "segments/vip".into(), &["segments:read"], None),
        (Method::PUT, "segments/rule".into(), &["segments:write", "contacts:read"], rule()),
        (Method::PATCH, "segments/rule".into(), &["segments:write"], Some(json!({ "description": "a" }))),
        (Method::PATCH, "segments/rule".into(), &["segments:write", "contacts:read"], Some(json!({ "where": "orders > 2" }))),
        // A list without those of a segment tells of whom it is given who is in that.
        (Method::PATCH, "segments/list".into(), &["segments:write", "contacts:read"], Some(json!({ "exclude": ["vip"] }))),
        (Method::PATCH, "segments/list".into(), &["segments:write", "contacts:read"], Some(json!({ "verified": true }))),
        (Method::DELETE, "segments/rule".into(), &["segments:write"], None),
        (Method::POST, "segments/preview".into(), &["segments:read"], Some(json!({ "segment": "vip" }))),
        (Method::POST, "segments/preview".into(), &["segments:read", "contacts:read"], Some(json!({ "where": "orders > 1" }))),
        (Method::GET, "segments/vip/members".into(), &["segments:read"], None),
        (Method::POST, "segments/staff/members".into(), &["segments:write"], list()),
        (Method::POST, "segments/staff/members".into(), &["segments:write", "contacts:read"], Some(json!({ "where": "orders > 1" }))),
        (Method::PUT, format!("segments/staff/members/{contact}"), &["segments:write"], None),
        (Method::DELETE, format!("segments/staff/members/{contact}"), &["segments:write"], None),
        (Method::GET, "segments/vip/history".into(), &["segments:read"], None),
        (Method::GET, format!("segments/vip/contacts/{contact}"), &["segments:read"], None),
        (Method::GET, format!("segments/vip/contacts/{contact}?explain=1"), &["segments:read", "contacts:read"], None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_done_with_the_scopes_it_needs_and_with_no_less() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let (_, ana) = somebody(&server).await;
    let routes = routes(&ana);
    for (at, (method, path, scopes, body)) in routes.iter().enumerate() {
        // With all but one of its scopes, and all that it does not take.
        for missing in *scopes {
            let held: Vec<&str> = EVERYTHING.into_iter().filter(|scope| scope != missing).collect();
            let program = Program { server: &server, key: key(&server, &format!("without {missing} {at}"), &held, &[]).await };
            let (status, told) = program.ask(method.clone(), path, body.clone()).await;
            assert_eq!((status, &told["scope"]), (403, &json!(missing)), "{method} {path}: {told}");
        }
        let program = Program { server: &server, key: key(&server, &format!("with {at}"), scopes, &[]).await };
        let (status, told) = program.ask(method.clone(), path, body.clone()).await;
        assert!((200..300).contains(&status), "{method} {path} with {scopes:?}: {status} {told}");
        // What a key may not see is not in an answer for another reason.
        if path == &format!("contacts/{ana}") && *method == Method::GET {
            assert!(told.get("segments").is_none(), "{told}");
        }
        if path == "segments/vip/members" {
            assert!(told["members"].as_array().unwrap().iter().all(|member| member.get("name").is_none()), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_of_contacts_by_asking_to_erase_them() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    somebody(&server).await;
    let program = Program::new(&server, &["contacts:write"]).await;
    for more in [json!({}), json!({ "dry_run": true }), json!({ "confirm": 0, "people": "x" })] {
        let mut body = json!({ "where": "true" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, told) = program.post("contacts/bulk-erase", body.clone()).await;
        assert_eq!((status, &told["scope"], &told["found"]), (403, &json!("contacts:read"), &Value::Null), "{body}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_fills_a_list_with_the_scope_for_lists_alone() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let scopes = ["contacts:read", "contacts:write", "segments:read"];
    let weak = Program { server: &server, key: key(&server, "weak", &scopes, &["--per-minute", "1000000"]).await };
    let strong = Program { server: &server, key: key(&server, "strong", &EVERYTHING, &["--per-minute", "1000000"]).await };
    let upload = async || {
        let request = server.http().post(format!("{}/api/v1/imports?name=staff.jsonl", server.origin())).bearer_auth(&weak.key);
        let told: Value = request.body("{\"external\":\"K1\"}\n").send().await.unwrap().json().await.unwrap();
        told["id"].as_str().unwrap().to_owned()
    };
    let until = async |id: &str, state: &str| {
        within("the import to get there", async {
            while strong.get(&format!("imports/{id}")).await["state"] != state {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    let id = upload().await;
    let listed = json!({ "key": "external", "list": "staff" });
    for action in ["check", "run"] {
        let (status, told) = weak.post(&format!("imports/{id}/{action}"), listed.clone()).await;
        assert_eq!((status, &told["scope"]), (403, &json!("segments:write")), "{action}: {told}");
    }
    assert_eq!(strong.post(&format!("imports/{id}/check"), listed.clone()).await.0, 202);
    until(&id, "checked").await;
    assert_eq!(strong.post(&format!("imports/{id}/run"), listed).await.0, 202);
    until(&id, "done").await;
    assert_eq!(strong.count("in segment staff").await, 1);
    let (status, told) = weak.post(&format!("imports/{id}/undo"), json!({})).await;
    assert_eq!((status, &told["scope"]), (403, &json!("segments:write")), "{told}");
    assert_eq!(strong.post(&format!("imports/{id}/undo"), json!({})).await.0, 202);
    until(&id, "undone").await;
    assert_eq!(strong.count("in segment staff").await, 0);
    // Without a list nothing of the kind is needed.
    let id = upload().await;
    assert_eq!(weak.post(&format!("imports/{id}/run"), json!({ "key": "external" })).await.0, 202);
    until(&id, "done").await;
}

//! One person from their first message on: the profile, the history of an attribute, what was meant for many, and a type that does not fit.

use crate::support::{Program, Server, Setup, Visitor, bot, key, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

const SKILLS: [(&str, &str); 2] = [
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/sale.yaml", "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  mark: { add_tag: saw-sale }\n  say: { text: Sale today! }\n"),
];

/// `bot.yaml` with a type for the size.
fn yaml(size: &str) -> String {
    format!(
        "name: Shop\nchannels: {{ web: {{}} }}\nattributes:\n  size: {size}\n  plan: {{ values: [free, gold] }}\n  phone: {{ type: phone, \
         personal: true }}\nfirst_message:\n  - {{ text: Tell me about A, tag: product-a, source: product-page }}\n"
    )
}

fn save(folder: &Path, size: &str) {
    fs::write(folder.join("bot.yaml"), yaml(size)).unwrap();
}

async fn contact(program: &Program<'_>, id: &str) -> Value {
    program.get(&format!("contacts/{id}")).await
}

async fn page(program: &Program<'_>, id: &str, query: &str) -> Value {
    program.get(&format!("contacts/{id}/journey?{query}")).await
}

/// Waits until the health says something of a refused reload.
async fn refused(server: &Server) -> String {
    within("the reload to be refused", async {
        loop {
            let health = server.health().await;
            if let Some(why) = health["reload_error"].as_str() {
                return why.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_from_their_first_message_on() {
    let yaml = yaml("text");
    let folder = bot(&[("bot.yaml", &yaml), SKILLS[0], SKILLS[1]]);
    let mut server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::arrive(&server).await;
    visitor.say(&server, "tell me about A!").await;
    visitor.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let shop = key(&server, "shop", &["contacts:read", "contacts:write"], &[]).await;
    let blind = key(&server, "blind", &["segments:read"], &[]).await;
    {
        let program = Program { server: &server, key: shop };

        // Who they are and how they came.
        let profile = contact(&program, &id).await;
        assert_eq!((&profile["state"], &profile["source"]), (&json!("active"), &json!("product-page")), "{profile}");
        assert_eq!(profile["counters"], json!({ "messages": 1, "session_messages": 1, "template_messages": 0, "unresolved_requests": 0 }));
        assert_eq!(profile["first_message"]["text"], "tell me about A!");
        let tag = &profile["tags"][0];
        assert_eq!((&tag["label"], &tag["why"]), (&json!("product-a"), &json!("first message")));
        let tagged = page(&program, &id, "kind=tag").await;
        assert_eq!((&tagged["entries"][0]["why"], &tagged["entries"][0]["name"]), (&json!("first message"), &json!("product-a")));

        // One attribute's history, page by page.
        for size in ["small", "large", "41"] {
            let changes = json!({ "attributes": { "size": size, "plan": "gold" } });
            assert_eq!(program.ask(Method::PATCH, &format!("contacts/{id}"), Some(changes)).await.0, 200);
        }
        let (mut values, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = page(&program, &id, &format!("kind=attribute&name=Size&limit=1{cursor}")).await;
            let line = &page["entries"][0];
            assert_eq!((&line["by"], &line["by_kind"]), (&json!("API shop"), &json!("api")), "{page}");
            values.push((line["from"].clone(), line["to"].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(
            values,
            [(json!("large"), json!("41")), (json!("small"), json!("large")), (Value::Null, json!("small"))],
            "newest first, from and to"
        );
        let later = page(&program, &id, "since=2999-01-01T00:00:00Z").await;
        assert_eq!((later["entries"].as_array().unwrap().len(), &later["next_cursor"]), (0, &Value::Null));
        for wrong in ["kind=nonsense", "cursor=x", "since=yesterday", "limit=0", "colour=red"] {
            let answer = program.with(Method::GET, &format!("contacts/{id}/journey?{wrong}"), None, &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("bad_query")), "{wrong}: {}", answer.body);
        }
        let nobody = program.with(Method::GET, "contacts/con_01M7Y6H0YRPGZN1VSVMAGNECE4/journey", None, &[]).await;
        assert_eq!((nobody.status.as_u16(), &nobody.body["code"]), (404, &json!("no_contact")));
        let unseen = Program { server: &server, key: blind };
        assert_eq!(unseen.with(Method::GET, &format!("contacts/{id}/journey"), None, &[]).await.status, 403);

        // What is declared, and of how many.
        let listed = program.get("attributes").await;
        let of = |name: &str| listed["attributes"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone();
        assert_eq!((&of("size")["contacts"], &of("size")["type"]), (&json!(1), &json!("text")));
        assert_eq!((&of("plan")["values"], &of("plan")["personal"]), (&json!(["free", "gold"]), &json!(false)));
        assert_eq!((&of("phone")["contacts"], &of("phone")["personal"]), (&json!(0), &json!(true)));

        // What is meant for many.
        let begun = server.run(&["trigger", "sale", "--to", "has tag product-a", "--yes"]).await;
        assert_eq!(begun.code, Some(0), "{begun:?}");
        let sale = visitor.saw(&server, "Sale today!").await;
        let profile = contact(&program, &id).await;
        let campaign = &profile["campaigns"][0];
        assert_eq!(
            (&campaign["name"], &campaign["messages"], &campaign["delivery"]),
            (&json!("sale"), &json!(1), &json!("sent")),
            "{profile}"
        );
        assert_eq!(campaign["answered_at"], Value::Null);
        // The panel tells what was seen; a cursor that nothing was written up to is of no use.
        for no in [json!(1_000_000), sale["no"].clone(), json!(1)] {
            let read = visitor.try_post(&server, "read", &json!({ "no": no })).await.unwrap();
            assert_eq!(read.status(), 204, "{no}");
            let campaign = contact(&program, &id).await["campaigns"][0].clone();
            let told = (campaign["delivery"].as_str(), campaign["read_at"].is_string());
            assert_eq!(told, if no == 1_000_000 { (Some("sent"), false) } else { (Some("read"), true) }, "{campaign}");
        }
        visitor.say(&server, "nice").await;
        assert!(contact(&program, &id).await["campaigns"][0]["answered_at"].is_string());
        assert_eq!(page(&program, &id, "kind=campaign").await["entries"][0]["name"], "sale");
    }

    // The same on a page of the terminal, and for programs.
    let shown = server.run(&["contacts", "show", &id, "--kind", "tag"]).await;
    for part in [
        "active",
        "product-page",
        "by web (first message)",
        "(broadcast sale)",
        "1 message(s), read 20",
        ", answered 20",
        "Tag added: saw-sale",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    assert!(!shown.stdout.contains("size: large"), "other kinds were not asked for: {}", shown.stdout);
    let json = server.run(&["contacts", "show", &id, "--json", "--lines", "3"]).await;
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["state"], json["journey"].as_array().unwrap().len()), (&json!("active"), 3));
    let wrong = server.run(&["contacts", "show", &id, "--kind", "nonsense"]).await;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("attribute"), "{wrong:?}");

    // A type that says the same is taken while it runs; one that does not fit is not, nor at the next start.
    let program_key = key(&server, "late", &["contacts:read"], &[]).await;
    save(folder.path(), "number");
    within("the value to be a number", async {
        loop {
            let program = Program { server: &server, key: program_key.clone() };
            if contact(&program, &id).await["attributes"]["size"] == json!(41) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    save(folder.path(), "date");
    let why = refused(&server).await;
    for part in ["attributes.size in bot.yaml was number and is declared as date", "1 contact has", "E0350"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(!why.contains(&id) && server.output().contains(&id), "who it is is told to the operator alone");
    server.stop().await;
    let ended = Setup::new(folder.path()).fails(server.data(), "127.0.0.1:0").await;
    assert!(ended.code == Some(2) && ended.stderr.contains("E0350") && ended.stderr.contains(&id), "{ended:?}");
    save(folder.path(), "number");
    server.start_again().await;
    let program = Program { server: &server, key: program_key };
    assert_eq!(contact(&program, &id).await["attributes"]["size"], json!(41));
}

//! Finding people by what was said, blocking somebody, and what conditions can ask about: over the API and the command line, through
//! kills and erasures.

use crate::support::{Program, Setup, Visitor, bot, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\ncountry: ES\nlanguages: [en, es]\nchannels: { web: {} }\nattributes:\n  plan: { values: [free, gold] }\n  visits: number\n  \
         often: { computed: visits * 2 }\nstatuses: [callback]\n",
    ),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/default.yaml", "skill: /default\nblocks:\n  what: { text: Grüße vom Laden }\n"),
    (
        "skills/news.yaml",
        "skill: news\ncatch: [{ event: newsletter }]\nblocks:\n  form:\n    lead:\n      fields: { name: { ask: Name? } }\n      consent: { ask: News?, topic: news }\n      timeout: 1h\n    on: { timeout: end, invalid: end }\n",
    ),
];

async fn found(program: &Program<'_>, text: &str) -> Vec<String> {
    let answer = program.get(&format!("messages?text={text}")).await;
    answer["found"].as_array().unwrap().iter().map(|line| line["message"]["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_at_once_after_a_kill_and_until_it_is_erased() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "Where is my parcel 4711?").await;
    ana.saw(&server, "Grüße vom Laden").await;
    let ben = Visitor::greeted(&server).await;
    ben.say(&server, "我的包裹在哪裡").await;
    ben.saw(&server, "Grüße vom Laden").await;
    let key;
    {
        let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
        key = program.key.clone();
        let answer = program.get("messages?text=PARCEL%2047").await;
        let line = &answer["found"][0];
        assert_eq!((&line["message"]["from"], &line["message"]["channel"]), (&json!("customer"), &json!("web")), "{answer}");
        assert_eq!(
            line["excerpt"],
            json!([{ "text": "Where is my ", "hit": false }, { "text": "parcel", "hit": true }, { "text": " ", "hit": false }, { "text": "47", "hit": true }, { "text": "11?", "hit": false }])
        );
        assert_eq!((&answer["complete"], &answer["next_cursor"]), (&json!(true), &Value::Null));
        assert_eq!(found(&program, "%E5%8C%85%E8%A3%B9").await, ["我的包裹在哪裡"]);
        assert_eq!(found(&program, "gru%C3%9Fe").await.len(), 2, "ß is ss");
        assert_eq!(found(&program, "grusse").await.len(), 2);
        // The place in the chat.
        let (contact, message) = (line["contact"]["id"].as_str().unwrap(), &line["message"]);
        let path = format!(
            "contacts/{contact}/messages?conversation={}&around={}&limit=2",
            message["conversation"].as_str().unwrap(),
            message["no"]
        );
        let around = program.get(&path).await;
        assert!(around["messages"].as_array().unwrap().iter().any(|one| one["no"] == message["no"]), "{around}");
        let whole = program.get(&format!("contacts/{contact}/messages")).await;
        assert_eq!((&whole["first"], &whole["earlier"], &whole["later"]), (&json!(1), &json!(false), &json!(false)), "{whole}");
        for wrong in ["messages", "messages?text=a&cursor=x", "messages?text=a&limit=0", "messages?text=a&more=1"] {
            assert_eq!(program.ask(Method::GET, wrong, None).await.0, 400, "{wrong}");
        }
        let (status, body) = program.ask(Method::GET, &format!("contacts/{contact}/messages?around=1&after=1"), None).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_query")));
        let (status, _) =
            program.ask(Method::GET, &format!("contacts/{contact}/messages?conversation=cnv_00000000000000000000000000"), None).await;
        assert_eq!(status, 404);
        let told = server.run(&["contacts", "find", "--messages", "parcel", "4711"]).await;
        assert!(told.stdout.contains("Where is my parcel 4711?") && told.stdout.contains("customer"), "{told:?}");
        let nobody = server.run(&["contacts", "find", "--messages", "zebra"]).await;
        assert_eq!(nobody.stdout, "nobody said \"zebra\"\n");
    }
    server.kill().await;
    server.start_again().await;
    let program = Program { server: &server, key: key.clone() };
    within("the comparison after a kill", async {
        while program.get("messages?text=parcel").await["complete"] != true {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(found(&program, "parcel").await, ["Where is my parcel 4711?"]);
    ana.say(&server, "It came, thank you").await;
    assert_eq!(found(&program, "came").await, ["It came, thank you"]);
    let id = program.get("messages?text=parcel").await["found"][0]["contact"]["id"].as_str().unwrap().to_owned();
    assert_eq!(program.post(&format!("contacts/{id}/erase"), json!({})).await.0, 200);
    assert_eq!(found(&program, "parcel").await, Vec::<String>::new());
    assert_eq!(found(&program, "%E5%8C%85%E8%A3%B9").await.len(), 1);
    let (status, _) = server.stop().await;
    assert!(status.success());
    // A stopped folder is searched as well.
    let rest = server.run(&["contacts", "find", "--messages", "--json", "包裹"]).await;
    let line: Value = serde_json::from_str(rest.stdout.trim()).unwrap();
    assert_eq!(line["message"]["text"], "我的包裹在哪裡");
    let gone = server.run(&["contacts", "find", "--messages", "parcel"]).await;
    assert_eq!(gone.stdout, "nobody said \"parcel\"\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_blocked_is_not_answered_until_they_are_unblocked() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "one").await;
    ana.saw(&server, "Grüße vom Laden").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let program = Program::new(&server, &["contacts:read", "contacts:write"]).await;
    let path = format!("contacts/{id}/block");
    for _ in 0..2 {
        let (status, body) = program.ask(Method::PUT, &path, None).await;
        assert_eq!((status, &body["status"], &body["contact"]), (200, &json!("blocked"), &json!(id)), "{body}");
    }
    ana.say(&server, "two").await;
    ana.say(&server, "stop").await;
    assert_eq!(found(&program, "two").await, ["two"], "it is kept");
    assert_eq!(ana.texts(&server, "bot").await.iter().filter(|text| text.contains("Laden")).count(), 1, "and not answered");
    let journey = program.get(&format!("contacts/{id}/journey?kind=status")).await;
    assert_eq!((&journey["entries"][0]["to"], &journey["entries"][0]["by_kind"]), (&json!("blocked"), &json!("api")), "{journey}");
    let (status, body) = program.ask(Method::DELETE, &path, None).await;
    assert_eq!((status, &body["status"]), (200, &json!("unsubscribed")), "they said stop meanwhile: {body}");
    let told = server.run(&["contacts", "block", &id]).await;
    assert_eq!(told.stdout, format!("{id} is blocked\n"));
    let told = server.run(&["contacts", "unblock", &id]).await;
    assert_eq!(told.stdout, format!("{id} is unsubscribed\n"));
    ana.say(&server, "three").await;
    within("an answer", async {
        while ana.texts(&server, "bot").await.iter().filter(|text| text.contains("Laden")).count() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    // What they were otherwise is given back: unsubscribed by somebody else, or a status of the bot's own.
    for given in ["unsubscribed", "callback", "active"] {
        let (status, made) = program.post("contacts", json!({ "source": "fair", "status": given })).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("contacts/{}/block", made["id"].as_str().unwrap());
        for _ in 0..2 {
            assert_eq!(program.ask(Method::PUT, &path, None).await.1["status"], "blocked");
            assert_eq!(program.ask(Method::DELETE, &path, None).await.1["status"], given);
        }
    }
    let (status, body) = program.ask(Method::PUT, "contacts/con_00000000000000000000000000/block", None).await;
    assert_eq!((status, &body["code"]), (404, &json!("no_contact")));
    let reads = Program::new(&server, &["contacts:read"]).await;
    assert_eq!(reads.ask(Method::PUT, &path, None).await.0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vocabulary_has_what_is_declared_and_what_contacts_have() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &["contacts:read", "contacts:write", "events:write"]).await;
    let new = json!({ "source": "fair", "first_name": "Ana", "attributes": { "visits": 4 } });
    let (status, made) = program.post("contacts", new).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let event = json!({ "name": "purchase", "fields": { "total": 12, "items": 3 } });
    assert_eq!(program.post(&format!("contacts/{id}/events"), event).await.0, 200);
    let consent = json!({ "topic": "offers", "given": true, "proof": "form" });
    assert_eq!(program.ask(Method::PUT, &format!("contacts/{id}/consents"), Some(consent)).await.0, 200);
    let words = program.get("vocabulary").await;
    let named =
        |list: &str, name: &str| words[list].as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default();
    assert_eq!(
        named("attributes", "plan"),
        json!({ "name": "plan", "kind": "custom", "type": "enum", "values": ["free", "gold"], "writable": true })
    );
    assert_eq!(named("attributes", "often"), json!({ "name": "often", "kind": "computed", "type": "number", "writable": false }));
    assert_eq!(
        (&named("attributes", "language")["kind"], &named("attributes", "language")["type"]),
        (&json!("system"), &json!("language"))
    );
    assert_eq!(named("attributes", "conversation_state"), Value::Null, "a condition over contacts cannot ask about it");
    assert_eq!(named("events", "purchase")["fields"], json!(["items", "total"]));
    assert_eq!(named("events", "newsletter")["fields"], json!([]));
    assert_eq!(named("channels", "web")["kind"], "web");
    assert_eq!(words["statuses"], json!(["active", "blocked", "callback", "unsubscribed"]));
    assert_eq!(named("attributes", "status")["values"], json!(["active", "unsubscribed", "blocked", "callback"]), "those that can be set");
    assert_eq!((&words["languages"], &words["countries"]), (&json!(["en", "es"]), &json!(["ES"])));
    assert_eq!(
        (&words["skills"], &words["topics"], &words["sources"]),
        (&json!(["/default", "/start", "news"]), &json!(["news", "offers"]), &json!(["fair"]))
    );
    // A computed attribute is read and not set.
    let contact = program.get(&format!("contacts/{id}")).await;
    assert_eq!(contact["computed"], json!({ "often": 8 }));
    let (status, body) = program.ask(Method::PATCH, &format!("contacts/{id}"), Some(json!({ "attributes": { "often": 9 } }))).await;
    assert_eq!((status, &body["code"]), (422, &json!("invalid")), "{body}");
    assert!(body["detail"].as_str().unwrap().contains("computed"), "{body}");
}

//! The contact book over the HTTP API: contacts made once, changed on condition, noted about and tagged; keys that give away no more
//! than they have; agents at the console as callers.

use crate::support::{Agent, Program, Setup, bot, key};
use reqwest::Method;
use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nchannels: { web: {} }\nstatuses: [lead]\nattributes:\n  orders: { type: number }\n  plan: { type: enum, values: [free, gold] }\n",
    ),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
];
const BOOK: [&str; 3] = ["contacts:read", "contacts:write", "segments:read"];

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_made_once_however_often_it_is_told() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let token = key(&server, "crm", &BOOK, &[]).await;
    let ana = json!({
        "first_name": "Ana", "last_name": "Lee", "source": "fair", "status": "lead", "tags": ["VIP", "spring"],
        "attributes": { "orders": "4", "plan": "gold" },
        "identifiers": [{ "kind": "email", "value": "Ana@Example.com", "verified": true }, { "kind": "external", "value": "shop-7" }],
    });
    let once = [("idempotency-key", "import-1")];
    let (place, id) = {
        let program = Program { server: &server, key: token.clone() };
        let made = program.with(Method::POST, "contacts", Some(ana.clone()), &once).await;
        assert_eq!(made.status, 201, "{made:?}");
        let place = made.headers["location"].to_str().unwrap().to_owned();
        let id = made.body["id"].as_str().unwrap().to_owned();
        assert_eq!(place, format!("/api/v1/contacts/{id}"));
        assert_eq!((&made.body["name"], &made.body["source"], &made.body["status"]), (&json!("Ana Lee"), &json!("fair"), &json!("lead")));
        assert_eq!(made.body["attributes"], json!({ "orders": 4, "plan": "gold" }));
        assert_eq!(made.body["addresses"], json!([]));
        let identifiers = made.body["identifiers"].as_array().unwrap();
        let email = identifiers.iter().find(|known| known["kind"] == "email").unwrap();
        assert!(email["value"] == "ana@example.com" && email["verified"].is_string(), "{email}");
        assert!(identifiers.iter().any(|known| known["value"] == "shop-7" && known["verified"].is_null()), "{identifiers:?}");
        let again = program.with(Method::POST, "contacts", Some(ana.clone()), &once).await;
        assert_eq!((again.status.as_u16(), &again.body["id"]), (201, &json!(id)));
        let other = program.with(Method::POST, "contacts", Some(json!({ "first_name": "Ben" })), &once).await;
        assert_eq!((other.status.as_u16(), &other.body["code"]), (422, &json!("idempotency_key_reused")));
        (place, id)
    };
    // Over a kill as well.
    server.kill().await;
    server.start_again().await;
    let program = Program { server: &server, key: token };
    let again = program.with(Method::POST, "contacts", Some(ana), &once).await;
    assert_eq!((again.status.as_u16(), again.headers["location"].to_str().unwrap()), (201, place.as_str()));
    assert_eq!(program.get("contacts").await["contacts"].as_array().unwrap().len(), 1);
    assert_eq!(program.count("orders = 4 and has tag vip").await, 1);
    // Without a key for it each telling makes one; what does not fit makes none and says where.
    for (body, field) in [
        (json!({ "attributes": { "plan": "silver" } }), "attributes.plan"),
        (json!({ "attributes": { "nothing": 1 } }), "attributes.nothing"),
        (json!({ "status": "gone" }), "status"),
        (json!({ "tags": [""] }), "tags"),
        (json!({ "identifiers": [{ "kind": "phone", "value": "12" }] }), "identifiers[0].value"),
        (json!({ "source": " " }), "source"),
        (json!({ "first_name": "a\nb" }), "first_name"),
    ] {
        let (status, told) = program.post("contacts", body.clone()).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{body}: {told}");
    }
    assert_eq!(program.post("contacts", json!({ "firstname": "x" })).await.0, 400);
    assert_eq!(program.post("contacts", json!({})).await.0, 201);
    let page = program.get("contacts?limit=1").await;
    assert_eq!((page["contacts"].as_array().unwrap().len(), page["contacts"][0]["id"].as_str()), (1, Some(id.as_str())));
    let rest = program.get(&format!("contacts?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert!(rest["contacts"].as_array().unwrap().len() == 1 && rest["next_cursor"].is_null(), "{rest}");
    // Who may not see contacts is told which it is, and no more.
    let writer = Program::new(&server, &["contacts:write"]).await;
    let (status, made) = writer.post("contacts", json!({ "first_name": "Cy" })).await;
    assert_eq!((status, made.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>()), (201, vec!["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_can_depend_on_what_was_read() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &BOOK).await;
    let (_, made) = program.post("contacts", json!({ "first_name": "Ana" })).await;
    let path = format!("contacts/{}", made["id"].as_str().unwrap());
    let tag = async || {
        let shown = program.with(Method::GET, &path, None, &[]).await;
        shown.headers["etag"].to_str().unwrap().to_owned()
    };
    let first = tag().await;
    assert_eq!(tag().await, first);
    let change = |body: Value, tag: String| {
        let (program, path) = (&program, path.as_str());
        async move { program.with(Method::PATCH, path, Some(body), &[("if-match", &tag)]).await }
    };
    let done = change(json!({ "attributes": { "plan": "gold" } }), first.clone()).await;
    assert_eq!(done.status, 200, "{done:?}");
    let second = done.headers["etag"].to_str().unwrap().to_owned();
    assert!(second != first && second == tag().await);
    let refused = change(json!({ "attributes": { "plan": "free" } }), first.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (412, &json!("changed")));
    assert_eq!(program.get(&path).await["attributes"]["plan"], "gold", "nothing was done");
    // Of two who read the same, one wins.
    let raced = tag().await;
    let (a, b) = tokio::join!(
        change(json!({ "tags": { "add": ["a"] } }), raced.clone()),
        change(json!({ "tags": { "add": ["b"] } }), raced.clone()),
    );
    let mut won = [a.status.as_u16(), b.status.as_u16()];
    won.sort_unstable();
    assert_eq!(won, [200, 412], "{a:?} {b:?}");
    assert_eq!(program.get(&path).await["tags"].as_array().unwrap().len(), 1);
    // A note is no change of who they are; blocking them is.
    let before = tag().await;
    let (status, note) = program.post(&format!("{path}/notes"), json!({ "text": "called\ntwice" })).await;
    assert_eq!((status, &note["text"], &note["by"]["kind"]), (201, &json!("called\ntwice"), &json!("program")));
    assert_eq!(tag().await, before);
    let blocked = change(json!({ "status": "blocked", "first_name": "", "attributes": { "plan": null } }), before).await;
    assert_eq!((blocked.status.as_u16(), &blocked.body["status"]), (200, &json!("blocked")), "{blocked:?}");
    assert!(blocked.body["attributes"].as_object().unwrap().is_empty(), "{}", blocked.body);
    assert_eq!(change(json!({ "tags": { "add": ["c"] } }), "*".into()).await.status, 200);
    assert_eq!(change(json!({}), "*".into()).await.status, 422);
    let gone = program.with(Method::PATCH, "contacts/con_01ARZ3NDEKTSV4RRFFQ69G5FAV", Some(json!({ "tags": { "add": ["c"] } })), &[]).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_noted_once_and_tags_are_counted() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &BOOK).await;
    let mut paths = Vec::new();
    for tags in [json!(["VIP", "Spring sale"]), json!(["vip"]), json!(["Été"])] {
        let (status, made) = program.post("contacts", json!({ "tags": tags })).await;
        assert_eq!(status, 201, "{made}");
        paths.push(format!("contacts/{}/notes", made["id"].as_str().unwrap()));
    }
    let once = [("idempotency-key", "n1")];
    let first = program.with(Method::POST, &paths[0], Some(json!({ "text": "wants blue" })), &once).await;
    let again = program.with(Method::POST, &paths[0], Some(json!({ "text": "wants blue" })), &once).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16(), &first.body["at"]), (201, 201, &again.body["at"]));
    let reused = program.with(Method::POST, &paths[0], Some(json!({ "text": "wants red" })), &once).await;
    assert_eq!(reused.status, 422);
    assert_eq!(program.get(&paths[0]).await["notes"].as_array().unwrap().len(), 1);
    assert_eq!(program.get(&paths[1]).await["notes"], json!([]));
    for bad in [json!({ "text": " \u{1} " }), json!({ "text": "x".repeat(4_097) })] {
        assert_eq!(program.post(&paths[0], bad).await.0, 422);
    }
    let tags = program.get("tags").await;
    assert_eq!(
        tags["tags"],
        json!([{ "label": "Spring sale", "count": 1 }, { "label": "VIP", "count": 2 }, { "label": "Été", "count": 1 }]),
    );
    let page = program.get("tags?limit=2").await;
    let rest = program.get(&format!("tags?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((rest["tags"].as_array().unwrap().len(), rest["next_cursor"].is_null()), (1, true));
    assert_eq!(program.get("tags?begins=VI").await["tags"], json!([{ "label": "VIP", "count": 2 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_away_no_more_than_it_has() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let keeper = Program::new(&server, &["keys:write", "contacts:read"]).await;
    let made =
        keeper.with(Method::POST, "keys", Some(json!({ "name": "reader", "scopes": ["contacts:read"], "per_minute": 50 })), &[]).await;
    assert_eq!(made.status, 201, "{made:?}");
    let place = made.headers["location"].to_str().unwrap().strip_prefix("/api/v1/").unwrap().to_owned();
    let reader = Program { server: &server, key: made.body["token"].as_str().unwrap().to_owned() };
    let seen = reader.with(Method::GET, "contacts", None, &[]).await;
    assert_eq!((seen.status.as_u16(), &seen.headers["ratelimit-limit"]), (200, &"50".parse().unwrap()));
    let (status, told) = keeper.post("keys", json!({ "name": "greedy", "scopes": ["contacts:read", "contacts:write"] })).await;
    assert_eq!((status, &told["scope"]), (403, &json!("contacts:write")));
    for (body, status) in [
        (json!({ "name": "reader", "scopes": ["contacts:read"] }), 409),
        (json!({ "name": "x", "scopes": [] }), 422),
        (json!({ "name": "x", "scopes": ["everything"] }), 422),
        (json!({ "name": "", "scopes": ["contacts:read"] }), 422),
        (json!({ "name": "x", "scopes": ["contacts:read"], "per_minute": 0 }), 422),
    ] {
        assert_eq!(keeper.post("keys", body.clone()).await.0, status, "{body}");
    }
    let listed = keeper.get("keys").await;
    assert!(listed["keys"].as_array().unwrap().len() == 2 && !listed.to_string().contains("digest"), "{listed}");
    assert!(!listed.to_string().contains(&reader.key));
    assert_eq!(keeper.ask(Method::DELETE, &place, None).await.0, 204);
    assert_eq!(reader.ask(Method::GET, "contacts", None).await.0, 401);
    assert_eq!(keeper.ask(Method::DELETE, &place, None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_at_the_console_is_a_caller() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let mut agent = Agent::sign_in(&server, "admin", &server.password()).await;
    agent.come(&server).await;
    let nobody = Program { server: &server, key: String::new() };
    let cookie = ("cookie", agent.cookie.as_str());
    let ours = [cookie, ("x-switchboard", "console")];
    let made = nobody.with(Method::POST, "contacts", Some(json!({ "first_name": "Ana" })), &ours).await;
    assert_eq!((made.status.as_u16(), &made.body["name"]), (201, &json!("Ana")), "{made:?}");
    let id = made.body["id"].as_str().unwrap().to_owned();
    // Reading needs the cookie alone.
    let shown = nobody.with(Method::GET, &format!("contacts/{id}"), None, &[cookie]).await;
    assert_eq!((shown.status.as_u16(), &shown.headers["ratelimit-limit"]), (200, &"6000".parse().unwrap()));
    let noted = nobody.with(Method::POST, &format!("contacts/{id}/notes"), Some(json!({ "text": "hello" })), &ours).await;
    assert_eq!((noted.status.as_u16(), &noted.body["by"]["kind"]), (201, &json!("agent")), "{noted:?}");
    assert!(noted.body["by"]["name"].is_string());
    // A page of another site makes the browser send at most the cookie.
    let forged = nobody.with(Method::POST, &format!("contacts/{id}/notes"), Some(json!({ "text": "spam" })), &[cookie]).await;
    assert_eq!((forged.status.as_u16(), &forged.body["code"]), (403, &json!("cross_site")));
    // A key that is shown is what counts.
    let wrong = nobody.with(Method::GET, "contacts", None, &[cookie, ("authorization", "Bearer sbk_x")]).await;
    assert_eq!((wrong.status.as_u16(), &wrong.body["code"]), (401, &json!("bad_key")));
    for (method, path, scope) in
        [(Method::GET, "keys".to_owned(), "keys:write"), (Method::POST, format!("contacts/{id}/events"), "events:write")]
    {
        let body = (method == Method::POST).then(|| json!({ "name": "purchase" }));
        let refused = nobody.with(method, &path, body, &ours).await;
        assert_eq!((refused.status.as_u16(), &refused.body["scope"]), (403, &json!(scope)));
    }
    agent.post(&server, "sign-out", json!({})).await;
    let over = nobody.with(Method::GET, "contacts", None, &[cookie]).await;
    assert_eq!((over.status.as_u16(), &over.body["code"]), (401, &json!("signed_out")));
}

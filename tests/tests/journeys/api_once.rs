//! A key and an upload that are told twice are made once, over a restart as well.

use crate::support::{Program, Server, Setup, bot};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nattributes:\n  email: { type: email, personal: true }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
];

async fn upload(server: &Server, key: &str, once: &str, text: &'static str) -> (u16, Value) {
    let asked = server.http().post(format!("{}/api/v1/imports?name=x.csv", server.origin())).bearer_auth(key);
    let answer = asked.header("Idempotency-Key", once).header(CONTENT_TYPE, "text/csv").body(text).send().await.unwrap();
    assert_eq!(answer.headers()["ratelimit-policy"], "\"minute\";q=6000;w=60");
    assert!(answer.headers()["ratelimit"].to_str().unwrap().starts_with("\"minute\";r=59"));
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_an_upload_told_twice_are_made_once() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let key = Program::new(&server, &["contacts:read", "contacts:write", "keys:write"]).await.key;
    let wanted = json!({ "name": "shop", "scopes": ["contacts:read"] });
    let once = [("Idempotency-Key", "k-1")];
    let (first, file) = {
        let program = Program { server: &server, key: key.clone() };
        let first = program.with(Method::POST, "keys", Some(wanted.clone()), &once).await;
        assert_eq!(first.status.as_u16(), 201, "{}", first.body);
        let again = program.with(Method::POST, "keys", Some(wanted.clone()), &once).await;
        assert_eq!((again.status.as_u16(), &again.body["token"]), (201, &first.body["token"]), "{}", again.body);
        let other = json!({ "name": "other", "scopes": ["contacts:read"] });
        let reused = program.with(Method::POST, "keys", Some(other), &once).await;
        assert_eq!((reused.status.as_u16(), &reused.body["code"]), (422, &json!("idempotency_key_reused")));

        let (status, file) = upload(&server, &key, "u-1", "email\na@b.example\n").await;
        assert_eq!(status, 201, "{file}");
        let (status, reused) = upload(&server, &key, "u-1", "email\nc@d.example\n").await;
        assert_eq!((status, &reused["code"]), (422, &json!("idempotency_key_reused")), "{reused}");
        (first.body, file)
    };
    server.kill().await;
    server.start_again().await;
    let program = Program { server: &server, key: key.clone() };
    let (status, again) = upload(&server, &key, "u-1", "email\na@b.example\n").await;
    assert_eq!((status, &again["id"]), (201, &file["id"]), "{again}");
    assert_eq!(program.get("imports").await["imports"].as_array().unwrap().len(), 1, "no upload is left over");
    // What a key proves itself by is nowhere on disk.
    let gone = program.with(Method::POST, "keys", Some(wanted), &once).await;
    assert_eq!((gone.status.as_u16(), &gone.body["code"], &gone.body["id"]), (409, &json!("token_gone"), &first["key"]["id"]));
    let made = Program { server: &server, key: first["token"].as_str().unwrap().to_owned() };
    assert_eq!(made.ask(Method::GET, "contacts", None).await.0, 200, "the key itself holds");
}

//! What a program says of somebody beyond what the bot declares: names, language, country, time zone.

use crate::support::{Answer, Site, TOKEN};
use http::{Method, StatusCode};
use model::{Actor, Change, Value};
use serde_json::{Value as Json, json};
use switchboard_api::control::{ControlFile, Request, ask};

/// A program that may read and write contacts.
struct Program<'s> {
    site: &'s Site,
    bearer: String,
}

impl<'s> Program<'s> {
    async fn new(site: &'s Site) -> Self {
        let file = ControlFile { address: site.address, token: TOKEN.into() };
        let scopes = vec!["contacts:read".into(), "contacts:write".into()];
        let made = ask(&file, &Request::KeysCreate { name: "shop".into(), scopes, per_minute: None }).await.unwrap();
        Self { site, bearer: format!("Bearer {}", made["token"].as_str().unwrap()) }
    }

    async fn says(&self, method: Method, path: &str, body: &Json) -> Answer {
        let headers = [("authorization", self.bearer.as_str()), ("content-type", "application/json")];
        self.site.client().send(method, &format!("/api/v1/{path}"), &headers, body.to_string().into()).await
    }
}

#[tokio::test]
async fn a_program_says_how_and_where_somebody_is_written_to() {
    let site = Site::start().await;
    let program = Program::new(&site).await;
    let ana = json!({ "first_name": "Ana", "username": "ana_r", "language": "pt_br", "country": "br", "timezone": "america/sao_paulo" });
    let made = program.says(Method::POST, "contacts", &ana).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let made = made.json();
    let (system, path) = (&made["system"], format!("contacts/{}", made["id"].as_str().unwrap()));
    assert_eq!((&system["first_name"], &system["username"]), (&json!("Ana"), &json!("ana_r")));
    assert_eq!(
        (&system["language"], &system["country"], &system["timezone"]),
        (&json!("pt-BR"), &json!("BR"), &json!("America/Sao_Paulo"))
    );
    for (field, wrong) in [("language", "klingonese"), ("country", "Atlantis"), ("timezone", "Nowhere/Land"), ("username", "a\nb")] {
        for (method, path) in [(Method::POST, "contacts"), (Method::PATCH, &path)] {
            let refused = program.says(method, path, &json!({ field: wrong, "last_name": "Ruiz" })).await;
            refused.refused(422, "invalid");
            assert_eq!(refused.json()["field"], field, "{}", refused.text());
        }
    }
    let changed =
        program.says(Method::PATCH, &path, &json!({ "language": "es", "country": "", "timezone": "", "username": "" })).await.json();
    let known = |name: &str| changed["system"].get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    assert_eq!(["language", "country", "timezone", "username", "last_name"].map(known), ["es", "", "", "", ""], "{changed}");
    site.stop().await;
}

#[tokio::test]
async fn what_somebody_chose_themselves_no_program_changes() {
    let site = Site::start().await;
    let program = Program::new(&site).await;
    let made = program.says(Method::POST, "contacts", &json!({ "language": "es" })).await.json();
    let (id, path) = (made["id"].as_str().unwrap().parse().unwrap(), format!("contacts/{}", made["id"].as_str().unwrap()));
    let chosen = vec![Change::SetSystem("language_source".into(), Value::text("customer"))];
    site.handle.modify(id, chosen, Actor::Customer).await.unwrap();
    for language in ["de", ""] {
        let refused = program.says(Method::PATCH, &path, &json!({ "language": language, "first_name": "Ana" })).await;
        refused.refused(422, "invalid");
        assert_eq!(refused.json()["field"], "language");
    }
    let same = program.says(Method::PATCH, &path, &json!({ "language": "es", "first_name": "Ana" })).await;
    assert_eq!((same.status, &same.json()["system"]["language"]), (StatusCode::OK, &json!("es")));
    site.stop().await;
}

#[tokio::test]
async fn what_can_be_set_of_everybody_is_told() {
    let site = Site::start().await;
    let told = Program::new(&site).await.says(Method::GET, "vocabulary", &json!({})).await.json();
    let all = told["attributes"].as_array().unwrap();
    let set: Vec<&str> = all.iter().filter(|word| word["writable"] == true).map(|word| word["name"].as_str().unwrap()).collect();
    for name in ["first_name", "last_name", "username", "language", "country", "timezone", "status"] {
        assert!(set.contains(&name), "{name}: {set:?}");
    }
    site.stop().await;
}

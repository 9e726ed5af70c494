//! The local command line's way in.

use crate::support::{PASSWORD, Site, TOKEN};
use http::{Method, StatusCode};
use model::Content;
use serde_json::json;
use switchboard_api::control::{AskError, ControlFile, Request, ask};

#[tokio::test]
async fn only_this_machine_with_the_token_and_no_browser() {
    let site = Site::start().await;
    let client = site.client();
    let bearer = format!("Bearer {TOKEN}");
    let right = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    let body = json!({ "do": "agents_list" }).to_string();
    for headers in [
        vec![json_type],
        vec![json_type, ("authorization", "Bearer wrong")],
        vec![json_type, ("authorization", "Bearer ")],
        vec![json_type, ("authorization", TOKEN)],
        vec![json_type, right, ("origin", "http://127.0.0.1")],
        vec![json_type, right, ("x-forwarded-for", "127.0.0.1")],
    ] {
        client.send(Method::POST, "/control", &headers, body.clone().into()).await.refused(401, "refused");
    }
    let answer = client.send(Method::POST, "/control", &[json_type, right], body.into()).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "agents": [] })));
    let unknown = json!({ "do": "agents_list", "more": 1 }).to_string();
    client.send(Method::POST, "/control", &[json_type, right], unknown.into()).await.refused(400, "bad_json");
    site.stop().await;
}

#[tokio::test]
async fn an_empty_token_opens_nothing() {
    let site = Site::with(|options| options.control_token.clear()).await;
    let headers = [("content-type", "application/json"), ("authorization", "Bearer ")];
    let body = json!({ "do": "agents_list" }).to_string();
    site.client().send(Method::POST, "/control", &headers, body.into()).await.refused(401, "refused");
    site.stop().await;
}

#[tokio::test]
async fn agents_are_made_listed_and_reset_through_the_running_server() {
    let site = Site::start().await;
    let file = ControlFile { address: site.address, token: TOKEN.into() };
    let add = |login: &str, groups: &[&str], password: Option<&str>| Request::AgentsAdd {
        name: "Bea Moreno".into(),
        login: login.into(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        password: password.map(str::to_owned),
    };
    let made = ask(&file, &add("Bea", &[], None)).await.unwrap();
    assert_eq!((&made["agent"]["login"], &made["agent"]["groups"]), (&json!("bea"), &json!(["support", "sales"])));
    let password = made["password"].as_str().unwrap().to_owned();
    let signed_in = site.client().post("/console/api/sign-in", &json!({ "login": "bea", "password": password })).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text());

    let refused = |answer: Result<serde_json::Value, AskError>| match answer {
        Err(AskError::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(ask(&file, &add("bea", &[], None)).await).contains("already"));
    assert!(refused(ask(&file, &add("eva", &["suport"], None)).await).contains("it has support, sales"));
    assert!(refused(ask(&file, &add("eva", &[], Some("short"))).await).contains("at least 10"));
    assert!(refused(ask(&file, &add("e v a", &[], None)).await).contains("letters, digits"));
    let reset = |login: &str| Request::AgentsReset { login: login.into(), password: Some(PASSWORD.into()) };
    assert!(refused(ask(&file, &reset("eva")).await).contains("no agent"));
    assert_eq!(ask(&file, &reset("bea")).await.unwrap()["password"], json!(null), "a given password is not told back");
    site.signed_in("bea").await;
    let list = ask(&file, &Request::AgentsList {}).await.unwrap();
    assert_eq!(list["agents"][0]["name"], "Bea Moreno");
    assert!(!list.to_string().contains("argon2"));
    site.stop().await;
}

#[tokio::test]
async fn contacts_are_listed_found_and_shown() {
    let site = Site::start().await;
    for customer in ["ana", "bob", "cleo"] {
        site.customer_says(customer, Content::text("hello")).await;
    }
    let file = ControlFile { address: site.address, token: TOKEN.into() };
    let list = |after, find: Option<&str>| Request::ContactsList { after, limit: Some(2), find: find.map(str::to_owned) };
    let first = ask(&file, &list(None, None)).await.unwrap();
    let last: model::ContactId = first["contacts"][1]["id"].as_str().unwrap().parse().unwrap();
    let second = ask(&file, &list(Some(last), None)).await.unwrap();
    assert_eq!((first["contacts"].as_array().unwrap().len(), second["contacts"].as_array().unwrap().len()), (2, 1));
    assert_eq!((&first["next_cursor"], &second["next_cursor"]), (&json!(last), &json!(null)), "it is said whether there are more");
    let found = ask(&file, &list(None, Some("BOB"))).await.unwrap();
    assert_eq!(found["contacts"].as_array().unwrap().len(), 1);
    let (contact, conversation) = site.place("bob").await;
    assert_eq!(found["contacts"][0]["id"], contact.to_string());
    let shown = ask(&file, &Request::ContactsShow { id: contact, kind: None, lines: 50 }).await.unwrap();
    assert_eq!(shown["conversations"][0]["id"], conversation.to_string());
    assert!(!shown["journey"].as_array().unwrap().is_empty());
    let nobody = ask(&file, &Request::ContactsShow { id: model::ContactId(1), kind: None, lines: 50 }).await;
    assert!(matches!(nobody, Err(AskError::Refused(why)) if why.contains("contacts list")));
    site.stop().await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_apart_from_one_that_refuses() {
    let site = Site::start().await;
    let file = ControlFile { address: site.address, token: "wrong".into() };
    assert!(matches!(ask(&file, &Request::AgentsList {}).await, Err(AskError::Refused(_))));
    site.stop().await;
    assert_eq!(ask(&file, &Request::AgentsList {}).await, Err(AskError::Gone(file.address)));
    let far = ControlFile { address: "192.0.2.1:80".parse().unwrap(), token: TOKEN.into() };
    assert!(matches!(ask(&far, &Request::AgentsList {}).await, Err(AskError::Broken(_))), "the token never leaves the machine");
}

//! A program that uses the HTTP API with a key.

use super::{Server, fresh};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// A program with a key; none at all if the key is empty.
pub struct Program<'s> {
    pub server: &'s Server,
    pub key: String,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// Makes a key on the command line.
pub async fn key(server: &Server, name: &str, scopes: &[&str], more: &[&str]) -> String {
    let mut args = vec!["keys", "create", name];
    scopes.iter().for_each(|scope| args.extend(["--scope", scope]));
    args.extend(more);
    let made = server.run(&args).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let line = made.stdout.lines().find_map(|line| line.strip_prefix("key (shown once): ")).expect("the key is shown");
    line.to_owned()
}

impl<'s> Program<'s> {
    pub async fn new(server: &'s Server, scopes: &[&str]) -> Self {
        Self { server, key: key(server, &fresh("program"), scopes, &[]).await }
    }

    pub async fn with(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.server.http().request(method, format!("{}/api/v1/{path}", self.server.origin()));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null);
        Answer { status, headers, body }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.with(method, path, body, &[]).await;
        (answer.status.as_u16(), answer.body)
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// How many of a condition there are.
    pub async fn count(&self, condition: &str) -> u64 {
        let (status, body) = self.post("segments/preview", json!({ "where": condition })).await;
        assert_eq!(status, 200, "{condition}: {body}");
        body["count"].as_u64().unwrap()
    }
}

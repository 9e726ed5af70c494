//! An agent at the desk, as the console would speak for them.

use super::{Server, fresh, within};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Somebody signed in.
pub struct Agent {
    /// What their browser sends with every request.
    pub cookie: String,
    /// Present at the desk for as long as this is open.
    stream: Option<JoinHandle<()>>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Agent {
    /// Signs in; not present yet.
    pub async fn sign_in(server: &Server, login: &str, password: &str) -> Self {
        let url = format!("{}/console/api/sign-in", server.origin());
        let request = server.http().post(url).header("x-switchboard", "console").json(&json!({ "login": login, "password": password }));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { cookie, stream: None }
    }

    /// Opens the live stream and waits until the desk knows.
    pub async fn come(&mut self, server: &Server) {
        self.leave();
        let url = format!("{}/console/api/stream", server.origin());
        let mut stream = super::listener().get(url).header(header::COOKIE, &self.cookie).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        let hello = within("the desk's stream", stream.chunk()).await.unwrap().unwrap();
        assert!(hello.starts_with(b"event: hello"));
        self.stream = Some(tokio::spawn(async move { while let Ok(Some(_)) = stream.chunk().await {} }));
    }

    pub fn leave(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
    }

    pub async fn try_ask(
        &self,
        server: &Server,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let url = format!("{}/console/api/{path}", server.origin());
        let mut request = server.http().request(method, url).header(header::COOKIE, &self.cookie).header("x-switchboard", "console");
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, bytes) = (answer.status(), answer.bytes().await?);
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    pub async fn get(&self, server: &Server, path: &str) -> Value {
        let (status, answer) = self.try_ask(server, Method::GET, path, None).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub async fn post(&self, server: &Server, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_ask(server, Method::POST, path, Some(&body)).await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// The rows of a list of the desk: `queue`, `mine`, `missed`.
    pub async fn rows(&self, server: &Server, list: &str) -> Vec<Value> {
        self.get(server, "desk").await[list].as_array().unwrap().clone()
    }

    /// The path of a row's conversation.
    pub fn path(row: &Value) -> String {
        format!("contacts/{}/conversations/{}", row["contact"].as_str().unwrap(), row["conversation"].as_str().unwrap())
    }

    pub async fn say(&self, server: &Server, row: &Value, text: &str) {
        self.post(server, &format!("{}/messages", Self::path(row)), json!({ "client_id": fresh("agent"), "text": text })).await;
    }

    pub async fn take(&self, server: &Server, row: &Value) {
        self.post(server, &format!("{}/take", Self::path(row)), json!({})).await;
    }

    pub async fn resolve(&self, server: &Server, row: &Value) {
        self.post(server, &format!("{}/resolve", Self::path(row)), json!({})).await;
    }

    /// The whole transcript, delivery lines included.
    pub async fn lines(&self, server: &Server, row: &Value) -> Vec<Value> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let page = self.get(server, &format!("{}/messages?after={after}&limit=200", Self::path(row))).await;
            let page = page["lines"].as_array().unwrap();
            let Some(last) = page.last() else { return lines };
            after = last["no"].as_u64().unwrap();
            lines.extend(page.iter().cloned());
        }
    }
}

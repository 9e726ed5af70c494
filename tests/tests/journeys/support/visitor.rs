//! A visitor of the web channel, as the widget would speak for them.

use super::{Server, fresh};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

/// A visit: a token, and nothing that knows the server.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub token: String,
}

impl Visitor {
    /// Begins a visit.
    pub async fn arrive(server: &Server) -> Self {
        let answer = server.http().post(format!("{}/c/web/session", server.origin())).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let answer: Value = answer.json().await.unwrap();
        Self { token: answer["token"].as_str().unwrap().to_owned() }
    }

    /// Begins a visit and opens the panel.
    pub async fn greeted(server: &Server) -> Self {
        let visitor = Self::arrive(server).await;
        visitor.open(server, json!({})).await;
        visitor
    }

    pub async fn try_post(&self, server: &Server, path: &str, body: &Value) -> Result<Response, reqwest::Error> {
        server.http().post(format!("{}/c/web/{path}", server.origin())).bearer_auth(&self.token).json(body).send().await
    }

    pub async fn post(&self, server: &Server, path: &str, body: Value) -> Value {
        let answer = self.try_post(server, path, &body).await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, StatusCode::ACCEPTED, "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn open(&self, server: &Server, mut body: Value) {
        body["client_id"] = fresh("open").into();
        self.post(server, "open", body).await;
    }

    pub async fn say(&self, server: &Server, text: &str) {
        self.post(server, "messages", json!({ "client_id": fresh("say"), "text": text })).await;
    }

    /// Presses the newest button with this label.
    pub async fn press(&self, server: &Server, label: &str) {
        let token = self.button(server, label).await;
        self.press_token(server, &token, label).await;
    }

    pub async fn press_token(&self, server: &Server, token: &str, label: &str) {
        self.post(server, "messages", json!({ "client_id": fresh("press"), "press": token, "label": label })).await;
    }

    /// The token of the newest button with this label, once there is one.
    pub async fn button(&self, server: &Server, label: &str) -> String {
        let choices = |line: &Value| -> Vec<Value> {
            ["buttons", "quick_replies"].iter().filter_map(|k| line[*k].as_array().cloned()).flatten().collect()
        };
        self.until(server, &format!("a button \"{label}\""), |lines| {
            let all = lines.iter().rev().flat_map(choices);
            all.into_iter().find(|c| c["label"] == label).map(|c| c["token"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// The whole transcript as it is now.
    pub async fn lines(&self, server: &Server) -> Vec<Value> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let url = format!("{}/c/web/messages?after={after}&limit=200", server.origin());
            let answer = server.http().get(url).bearer_auth(&self.token).send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, StatusCode::OK, "{text}");
            let page: Value = serde_json::from_str(&text).unwrap();
            lines.extend(page["lines"].as_array().unwrap().iter().cloned());
            after = page["cursor"].as_u64().unwrap();
            if page["more"] == false {
                return lines;
            }
        }
    }

    /// The texts said by somebody: `you`, `bot`, `agent`, `system`.
    pub async fn texts(&self, server: &Server, from: &str) -> Vec<String> {
        let said = self.lines(server).await;
        said.iter().filter(|l| l["from"] == from).map(|l| l["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits on the stream until a line contains this text; answers the line.
    pub async fn saw(&self, server: &Server, text: &str) -> Value {
        let has = |line: &&Value| line["text"].as_str().is_some_and(|said| said.contains(text));
        self.until(server, &format!("a line with \"{text}\""), |lines| lines.iter().rfind(has).cloned()).await
    }

    /// Waits on the stream until a test of all lines so far gives something.
    pub async fn until<T>(&self, server: &Server, what: &str, mut test: impl FnMut(&[Value]) -> Option<T>) -> T {
        let url = format!("{}/c/web/stream?cursor=0", server.origin());
        let mut stream =
            super::listener().get(url).bearer_auth(&self.token).send().await.unwrap().error_for_status().expect("the stream opens");
        let mut lines: Vec<Value> = Vec::new();
        let waited = async {
            let (mut text, mut ready) = (String::new(), false);
            loop {
                let piece = stream.chunk().await.expect("the stream lasts").expect("the stream lasts");
                text.push_str(std::str::from_utf8(&piece).expect("events are whole"));
                while let Some((event, rest)) = text.split_once("\n\n").map(|(e, r)| (e.to_owned(), r.to_owned())) {
                    text = rest;
                    let field = |name: &str| event.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
                    match field("event:") {
                        Some("line") => lines.push(serde_json::from_str(field("data:").unwrap()).unwrap()),
                        Some("ready") => ready = true,
                        _ => {}
                    }
                }
                // What was said before is looked at whole, so that "the newest" means it.
                if ready && let Some(found) = test(&lines) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(super::PATIENCE, waited).await;
        found.unwrap_or_else(|_| {
            let said: Vec<String> = lines.iter().map(|l| format!("{}: {}", l["from"], l["text"])).collect();
            panic!("waited {:?} for {what}; it was said:\n{}", super::PATIENCE, said.join("\n"))
        })
    }
}

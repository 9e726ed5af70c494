//! The other side of a webhook channel, signing and verifying with the specification's own implementation.

use super::{PATIENCE, Server, client, fresh};
use http::HeaderMap;
use reqwest::StatusCode;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

/// A partner who shares a secret with a channel.
pub struct Hook {
    secret: String,
    channel: String,
}

impl Hook {
    pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    pub fn new(channel: &str) -> Self {
        Self { secret: Self::SECRET.to_owned(), channel: channel.to_owned() }
    }

    // A foreign program reads the clock of its own machine.
    #[allow(clippy::disallowed_methods)]
    pub fn now() -> i64 {
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
    }

    /// Posts a body, signed, as the delivery `id`.
    pub async fn deliver(&self, server: &Server, path: &str, id: &str, body: &[u8]) -> Result<(StatusCode, Value), reqwest::Error> {
        let now = Self::now();
        // The signature covers bytes; the crate signs what it is given.
        let signature = Webhook::new(&self.secret).unwrap().sign(id, now, body).unwrap();
        self.raw(server, path, id, now, &signature, body).await
    }

    /// Posts with any headers.
    pub async fn raw(
        &self,
        server: &Server,
        path: &str,
        id: &str,
        at: i64,
        signature: &str,
        body: &[u8],
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let url = format!("{}/c/{}/{path}", server.origin(), self.channel);
        let request = client()
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature);
        let answer = request.body(body.to_vec()).send().await?;
        let (status, bytes) = (answer.status(), answer.bytes().await?);
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// Delivers a text of a customer once; answers what the bot says to it.
    pub async fn say(&self, server: &Server, from: &str, text: &str) -> Value {
        let body = json!({ "from": from, "text": text }).to_string();
        let (status, answer) = self.deliver(server, "", &fresh("msg"), body.as_bytes()).await.unwrap();
        assert!(status.is_success(), "{status} {answer}");
        answer
    }

    /// Everything said to a customer, from the beginning.
    pub async fn transcript(&self, server: &Server, from: &str) -> Vec<Value> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let body = json!({ "from": from, "after": after }).to_string();
            let (status, page) = self.deliver(server, "messages", &fresh("ask"), body.as_bytes()).await.unwrap();
            assert_eq!(status, StatusCode::OK, "{page}");
            lines.extend(page["messages"].as_array().unwrap().iter().cloned());
            let cursor = page["cursor"].as_u64().unwrap();
            if cursor == after {
                return lines;
            }
            after = cursor;
        }
    }
}

/// A server of the partner's, which takes what is pushed: verified posts arrive on a channel.
pub struct Callback {
    pub url: String,
    pushed: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Callback {
    /// Listens. The first posts are answered with `answers`, one each; all others with 200.
    pub async fn listen(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/replies", listener.local_addr().unwrap());
        let (tell, pushed) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((mut socket, _)) = listener.accept().await {
                let Some((headers, body)) = read_request(&mut socket).await else { continue };
                let id = headers["webhook-id"].to_str().unwrap().to_owned();
                Webhook::new(Hook::SECRET).unwrap().verify(&body, &headers).expect("what is pushed is signed by the specification");
                let answer = answers.next().unwrap_or("200 OK");
                let _ = socket.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await;
                let _ = tell.send((id, serde_json::from_slice(&body).unwrap()));
            }
        });
        Self { url, pushed }
    }

    /// The next verified post: its `webhook-id` and its body.
    pub async fn next(&mut self) -> (String, Value) {
        tokio::time::timeout(PATIENCE, self.pushed.recv()).await.expect("something is pushed").unwrap()
    }

    /// How many posts came that nobody has looked at.
    pub fn unread(&self) -> usize {
        self.pushed.len()
    }
}

/// A whole request: its headers and its body.
pub async fn read_request(socket: &mut tokio::net::TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let mut headers = HeaderMap::new();
        for line in std::str::from_utf8(&bytes[..end]).unwrap().lines().skip(1) {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(http::HeaderName::try_from(name).unwrap(), value.trim().parse().unwrap());
        }
        let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
        while bytes.len() < end + 4 + length {
            if socket.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        return Some((headers, bytes[end + 4..end + 4 + length].to_vec()));
    }
}

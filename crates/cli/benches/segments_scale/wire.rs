//! A client that costs the machine little: HTTP/1.1 on one connection kept open, one request at a time.
//!
//! Client and server share two cores here; a client as dear as the server would measure itself.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One connection.
pub struct Wire {
    stream: TcpStream,
    /// The lines that every request carries.
    lines: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Wire {
    /// Connects to `base` (`http://address/path`) for whoever has `key`.
    pub async fn open(base: &str, key: &str) -> Self {
        let address = base.trim_start_matches("http://").split('/').next().expect("an address");
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let lines = format!("HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n");
        Self { stream, lines, request: Vec::new(), answer: Vec::new() }
    }

    /// The body of the answer, which must say that it went well.
    pub async fn ask(&mut self, method: &str, path: &str, body: &str) -> &str {
        use std::io::Write as _;
        self.request.clear();
        write!(self.request, "{method} /api/v1{path} {}content-length: {}\r\n\r\n{body}", self.lines, body.len()).expect("memory");
        self.stream.write_all(&self.request).await.expect("sent");
        self.answer.clear();
        let (head, length) = loop {
            self.more().await;
            if let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.answer[..end]).expect("text").to_ascii_lowercase();
                assert!(head.starts_with("http/1.1 2"), "{head}");
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length").trim();
                break (end + 4, length.parse::<usize>().expect("a number"));
            }
        };
        while self.answer.len() < head + length {
            self.more().await;
        }
        std::str::from_utf8(&self.answer[head..]).expect("text")
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.answer).await.expect("an answer");
        assert!(read > 0, "the server closed the connection");
    }
}

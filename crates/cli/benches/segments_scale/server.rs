//! The server as its own process, and what the system says of it.

use serde_json::Value as Json;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant as Clock},
};

/// How long a server may take until it has nothing to do.
const PATIENCE: Duration = Duration::from_mins(30);

const BINARY: &str = env!("CARGO_BIN_EXE_switchboard");

/// A process that ends with its owner: a part that broke leaves none behind.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // One that ended already is no error.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server.
pub struct Server {
    child: Owned,
    pub base: String,
    /// From its start until it said that it is ready.
    pub ready: Duration,
    pub key: String,
    pub client: reqwest::Client,
}

impl Server {
    /// Starts one and waits until it is ready.
    pub fn start(bot: &Path, data: &Path) -> Self {
        let began = Clock::now();
        let child = Command::new(BINARY)
            .arg("serve")
            .arg(bot)
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut child = Owned(child);
        let mut lines = BufReader::new(child.0.stdout.take().expect("its output is piped")).lines();
        let said = lines.find(|line| line.as_ref().is_ok_and(|line| line.trim_start().starts_with("Sign in")));
        let ready = began.elapsed();
        assert!(said.is_some(), "the server ended before it was ready: {:?}", child.0.wait());
        // What else it says is let through, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let control: Json =
            serde_json::from_slice(&std::fs::read(data.join("control.json")).expect("a server says how it is reached")).expect("JSON");
        let base = format!("http://{}/api/v1", control["address"].as_str().expect("an address"));
        let client = reqwest::Client::builder().pool_max_idle_per_host(512).no_proxy().build().expect("a client");
        Self { key: key(data), child, base, ready, client }
    }

    /// Ends it as an operator does.
    pub fn stop(mut self) {
        let id = self.child.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.is_ok_and(|status| status.success()), "the server can be told to stop");
        self.child.0.wait().expect("the server ends");
    }

    /// Resident memory, in MB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.0.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap_or(0.0) * 1_024.0 / 1e6
    }

    /// Processor time so far, in seconds.
    pub fn busy(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.0.id())).unwrap_or_default();
        let fields: Vec<f64> = stat.rsplit(')').next().unwrap_or("").split_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
        // User and system time, in ticks of 10 ms.
        (fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0)) / 100.0
    }

    /// Waits until it has nothing to do: three seconds with less than two hundredths of a core; answers how long that took.
    pub async fn settled(&self) -> Duration {
        let (began, mut quiet) = (Clock::now(), 0);
        while quiet < 3 && began.elapsed() < PATIENCE {
            let before = self.busy();
            tokio::time::sleep(Duration::from_secs(1)).await;
            quiet = if self.busy() - before <= 0.015 { quiet + 1 } else { 0 };
        }
        began.elapsed().saturating_sub(Duration::from_secs(3))
    }

    /// What it says of itself.
    pub async fn health(&self) -> Json {
        let root = self.base.trim_end_matches("/api/v1");
        json(self.client.get(format!("{root}/healthz")).send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Json {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key).send().await.expect("an answer");
        json(answer).await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Json {
        let answer = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(body).send().await.expect("an answer");
        json(answer).await
    }
}

async fn json(answer: reqwest::Response) -> Json {
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// A key that may do everything, made by the command line once and kept beside the data.
fn key(data: &Path) -> String {
    let kept = data.with_file_name("key");
    if let Ok(key) = std::fs::read_to_string(&kept) {
        return key;
    }
    let mut make = Command::new(BINARY);
    make.args(["keys", "create", "scale", "--per-minute", "1000000", "--data"]).arg(data);
    make.args(["--scope", "contacts:read,contacts:write,segments:read,segments:write,events:write"]);
    let said = String::from_utf8(make.output().expect("the command runs").stdout).expect("text");
    let key = said.lines().find_map(|line| line.strip_prefix("key (shown once): "));
    let key = key.unwrap_or_else(|| panic!("no key was made: {said}")).trim().to_owned();
    std::fs::write(kept, &key).expect("the key is kept");
    key
}

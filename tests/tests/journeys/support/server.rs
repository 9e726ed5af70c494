//! The real binary as a process: started on a free port, stopped, killed and started again on the same data.

use super::{client, within};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};

/// The binary under test.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("SWITCHBOARD_BIN") {
        return named.into();
    }
    // This test is target/<profile>/deps/journeys-…
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("switchboard");
    assert!(path.is_file(), "build the binary first: cargo build -p switchboard-cli");
    path
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Setup {
    bot: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Setup {
    pub fn new(bot: impl AsRef<Path>) -> Self {
        Self { bot: bot.as_ref().to_owned(), args: Vec::new(), env: Vec::new() }
    }

    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub fn command(&self, data: &Path, listen: &str) -> Command {
        let mut command = Command::new(binary());
        command.arg("serve").arg(&self.bot).arg("--data").arg(data).args(["--listen", listen]).args(&self.args);
        command.env_remove("TELEGRAM_TOKEN").env("NO_COLOR", "1").envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts where it is expected to end by itself.
    pub async fn fails(&self, data: &Path, listen: &str) -> Ended {
        let output = within("the command to end", self.command(data, listen).output()).await.unwrap();
        Ended::from(output)
    }

    /// Starts and waits until it is healthy.
    pub async fn start(self) -> Server {
        self.start_in(tempfile::tempdir().unwrap()).await
    }

    /// The same, with data that is there.
    pub async fn start_in(self, data: TempDir) -> Server {
        let process = Process::start(&self, data.path()).await;
        Server { setup: self, data, process, http: client() }
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<std::process::Output> for Ended {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command writes UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

struct Process {
    child: Child,
    address: String,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

fn collect(from: impl AsyncRead + Unpin + Send + 'static, output: &Arc<Mutex<String>>, lines: &watch::Sender<usize>) -> JoinHandle<()> {
    let (output, lines) = (Arc::clone(output), lines.clone());
    tokio::spawn(async move {
        let mut from = BufReader::new(from).lines();
        while let Ok(Some(line)) = from.next_line().await {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
            lines.send_modify(|n| *n += 1);
        }
    })
}

impl Process {
    async fn start(setup: &Setup, data: &Path) -> Self {
        let mut child = setup.command(data, "127.0.0.1:0").spawn().unwrap();
        let output: Arc<Mutex<String>> = Arc::default();
        let (lines, mut told) = watch::channel(0);
        let readers = vec![collect(child.stdout.take().unwrap(), &output, &lines), collect(child.stderr.take().unwrap(), &output, &lines)];
        drop(lines);
        let found = |output: &str| {
            let line = output.lines().find_map(|l| l.trim().strip_prefix("Console"))?;
            let shown = line.trim().strip_suffix("/console")?;
            if let Some(address) = shown.strip_prefix("http://") {
                return Some(address.to_owned());
            }
            // A public address is shown instead of where it listens, which the command line finds in the data folder.
            let control: Value = serde_json::from_slice(&std::fs::read(data.join("control.json")).ok()?).ok()?;
            Some(control["address"].as_str()?.to_owned())
        };
        let address = within("the server to start", async {
            loop {
                if let Some(address) = found(&output.lock().unwrap()) {
                    break address;
                }
                if told.changed().await.is_err() {
                    panic!("the server ended at start:\n{}", output.lock().unwrap());
                }
            }
        })
        .await;
        let healthy = client().get(format!("http://{address}/healthz")).send().await.unwrap();
        assert_eq!(healthy.status(), 200, "what is printed as ready is ready");
        Self { child, address, output, readers }
    }
}

/// A running server. It ends with this value; its data goes with it.
pub struct Server {
    setup: Setup,
    data: TempDir,
    process: Process,
    http: reqwest::Client,
}

impl Server {
    /// `http://address:port`
    pub fn origin(&self) -> String {
        format!("http://{}", self.process.address)
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn pid(&self) -> u32 {
        self.process.child.id().expect("the server runs")
    }

    /// Everything it printed since it was started last.
    pub fn output(&self) -> String {
        self.process.output.lock().unwrap().clone()
    }

    /// The password that the first start prints.
    pub fn password(&self) -> String {
        let output = self.output();
        let line = output.lines().find_map(|l| l.trim().strip_prefix("Sign in")).expect("how to sign in is printed");
        line.trim().strip_prefix("admin / ").expect("the first start makes an agent").split_whitespace().next().unwrap().to_owned()
    }

    pub async fn health(&self) -> Value {
        self.http.get(format!("{}/healthz", self.origin())).send().await.unwrap().json().await.unwrap()
    }

    /// kill -9: nothing is written, nobody is told.
    pub async fn kill(&mut self) {
        self.process.child.start_kill().unwrap();
        within("the process to be gone", self.process.child.wait()).await.unwrap();
    }

    /// Starts it again, on the same data.
    pub async fn start_again(&mut self) {
        self.process = Process::start(&self.setup, self.data.path()).await;
    }

    /// Asks it to stop and waits until it did; everything it printed is in the answer.
    pub async fn stop(&mut self) -> (ExitStatus, String) {
        let pid = self.pid().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = within("the server to stop", self.process.child.wait()).await.unwrap();
        for reader in self.process.readers.drain(..) {
            reader.await.unwrap();
        }
        (status, self.output())
    }

    /// Another command on the same data.
    pub async fn run(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(binary());
        command.args(args).arg("--data").arg(self.data()).stdin(Stdio::null()).kill_on_drop(true);
        Ended::from(within("the command to end", command.output()).await.unwrap())
    }

    /// The contact that has an address on a channel, as `contacts show --json` tells.
    pub async fn contacts(&self) -> Vec<Value> {
        let list = self.run(&["contacts", "list", "--json", "--limit", "200"]).await;
        assert_eq!(list.code, Some(0), "{list:?}");
        let mut found = Vec::new();
        for line in list.stdout.lines() {
            let contact: Value = serde_json::from_str(line).unwrap();
            let shown = self.run(&["contacts", "show", "--json", contact["id"].as_str().unwrap()]).await;
            assert_eq!(shown.code, Some(0), "{shown:?}");
            found.push(serde_json::from_str(&shown.stdout).unwrap());
        }
        found
    }
}

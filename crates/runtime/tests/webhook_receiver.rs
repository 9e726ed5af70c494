//! Outgoing webhooks against a receiver in another process that is slow, answers 500, redirects, is down for an hour, and is gone: real
//! requests through the egress guard, on a clock that is moved by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use model::{Actor, Change, ContactId, Instant};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};
use store::{MemBlobs, MemStore};
use switchboard_runtime::{
    Clock as _, DeliveryState, Handle, HookEvent, ManualClock, Options, Replay, Service, Services, ServicesOptions, WebhookChange, start,
};
use world::{HOUR, SECOND};

/// Set in the process that receives.
const RECEIVES: &str = "SWITCHBOARD_TEST_RECEIVES";

/// Not a test of its own: the receiver, started by the others. It answers as the last line of its input says, and writes each request
/// as a line: the answer's word, then the body, then the headers that matter.
#[test]
fn receiver() {
    if std::env::var(RECEIVES).is_err() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("\nlistening {}", listener.local_addr().unwrap().port());
    let how = Arc::new(std::sync::Mutex::new("ok".to_owned()));
    let told = how.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            *told.lock().unwrap() = line.unwrap();
            println!("answering");
        }
        std::process::exit(0);
    });
    for stream in listener.incoming() {
        let how = how.lock().unwrap().clone();
        serve(stream.unwrap(), &how);
    }
}

/// One request of a connection, which is closed then.
fn serve(mut stream: TcpStream, how: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length, mut headers) = (String::new(), 0, BTreeMap::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim().split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }
    length += headers.get("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let signed = serde_json::json!({
        "webhook-id": headers.get("webhook-id"),
        "webhook-timestamp": headers.get("webhook-timestamp"),
        "webhook-signature": headers.get("webhook-signature"),
    });
    println!("got {how}\t{}\t{signed}", String::from_utf8(body).unwrap());
    let (status, more) = match how {
        "500" => ("500 Internal Server Error", ""),
        "redirect" => ("307 Temporary Redirect", "location: /elsewhere\r\n"),
        "gone" => ("410 Gone", ""),
        _ => ("204 No Content", ""),
    };
    // One that is slow answers in its own time; the other side waits.
    if how == "slow" {
        std::thread::sleep(Duration::from_millis(300));
    }
    let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes());
}

/// The process that receives.
struct Receiver {
    process: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    /// Requests that came while something else was waited for.
    came: VecDeque<String>,
    port: u16,
}

/// A request it got.
struct Got {
    how: String,
    body: Value,
    text: String,
    headers: Value,
}

impl Receiver {
    fn new() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["webhook_receiver::receiver", "--exact", "--nocapture", "--test-threads=1"]).env(RECEIVES, "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| _ = tell.send(line)));
        let input = process.stdin.take();
        let mut receiver = Self { process, input, lines, came: VecDeque::new(), port: 0 };
        receiver.port = receiver.line("listening ").parse().unwrap();
        receiver
    }

    /// The rest of the next line that begins so.
    fn line(&mut self, begins: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).expect("the receiver says something within a minute");
            if let Some(rest) = line.strip_prefix(begins) {
                return rest.to_owned();
            }
            self.came.extend(line.strip_prefix("got ").map(str::to_owned));
        }
    }

    /// From now on it answers so.
    fn answers(&mut self, how: &str) {
        writeln!(self.input.as_mut().unwrap(), "{how}").unwrap();
        self.line("answering");
    }

    /// The next request it gets.
    fn got(&mut self) -> Got {
        let line = self.came.pop_front().unwrap_or_else(|| self.line("got "));
        Got::read(&line)
    }

    /// It ends; answers what it got and nobody looked at.
    fn end(mut self) -> Vec<Got> {
        self.input = None;
        self.process.wait().unwrap();
        let rest: Vec<String> = self.lines.iter().filter_map(|line| line.strip_prefix("got ").map(str::to_owned)).collect();
        self.came.iter().chain(&rest).map(|line| Got::read(line)).collect()
    }
}

impl Got {
    fn read(line: &str) -> Self {
        let mut parts = line.split('\t');
        let (how, text, headers) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let (body, headers) = (serde_json::from_str(text).unwrap(), serde_json::from_str(headers).unwrap());
        Self { how: how.to_owned(), body, text: text.to_owned(), headers }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Stage {
    service: Service,
    clock: ManualClock,
    people: Vec<ContactId>,
}

const PEOPLE: usize = 3;

impl Stage {
    async fn new(store: &MemStore) -> Self {
        let options = ServicesOptions { allow_webhooks: vec!["127.0.0.1".into()], ..ServicesOptions::default() };
        let services = Services::new(options).unwrap();
        // The receiver holds signatures against the time of its own clock; nobody looks at it here.
        let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
        let service = start(Options {
            bot: world::bot(),
            pinned: Vec::new(),
            store: Arc::new(store.clone()),
            blobs: Arc::new(MemBlobs::new()),
            channels: Vec::new(),
            clock: Arc::new(clock.clone()),
            seed: 5,
            outside: Some(services),
            at_rest: false,
        })
        .await
        .unwrap();
        let people: Vec<ContactId> = (1..=PEOPLE).map(|no| ContactId(1 << 90 | no as u128)).collect();
        for id in &people {
            service.handle.create_contact(*id, "api", Vec::new(), by()).await.unwrap();
        }
        Self { service, clock, people }
    }

    fn handle(&self) -> &Handle {
        &self.service.handle
    }

    async fn hook(&self, port: u16) -> (String, String) {
        let change = WebhookChange {
            url: Some(format!("http://127.0.0.1:{port}/hook")),
            events: Some([HookEvent::TagAdded].into()),
            ..WebhookChange::default()
        };
        let id = Handle::new_webhook_id().unwrap();
        let state = self.handle().create_webhook(&id, change, by()).await.unwrap();
        (id, state.webhook.secret)
    }

    async fn tag(&self, who: usize, label: &str) {
        self.handle().modify(self.people[who], vec![Change::AddTag(label.into())], by()).await.unwrap();
    }

    /// Waits until something about a webhook is so.
    async fn until(&self, id: &str, is: impl Fn(&switchboard_runtime::WebhookState) -> bool) {
        for _ in 0..3_000 {
            if is(&self.handle().webhook(id).unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it stays as it is: {:?}", self.handle().webhook(id).unwrap());
    }
}

fn by() -> Actor {
    Actor::Api("test".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_kept_through_slowness_faults_redirects_and_an_hour_of_outage() {
    let (mut receiver, store) = (Receiver::new(), MemStore::new());
    let stage = Stage::new(&store).await;
    let (id, secret) = stage.hook(receiver.port).await;
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ids: Vec<String> = Vec::new();
    let mut take = |got: Got| {
        let delivery = got.headers["webhook-id"].as_str().unwrap().to_owned();
        if got.how == "ok" || got.how == "slow" {
            assert!(!ids.contains(&delivery), "what arrived does not come again");
            let of = arrived.entry(got.body["data"]["contact"].as_str().unwrap().into()).or_default();
            of.push(got.body["data"]["tag"].as_str().unwrap().into());
            ids.push(delivery);
        }
        got
    };
    let mut number = 0;
    let mut tags = 0;
    for how in ["ok", "slow", "500", "redirect", "ok"] {
        receiver.answers(how);
        for who in 0..PEOPLE {
            number += 1;
            stage.tag(who, &format!("{number:03}")).await;
            tags += 1;
        }
        let got = take(receiver.got());
        let webhook = standardwebhooks::Webhook::new(&secret).unwrap();
        let of = |name: &str| got.headers[name].as_str().unwrap();
        let at: i64 = of("webhook-timestamp").parse().unwrap();
        let signature = webhook.sign(of("webhook-id"), at, got.text.as_bytes()).unwrap();
        assert_eq!(of("webhook-signature"), signature, "signed as the specification says");
        if how == "500" || how == "redirect" {
            // One try, and then it waits for its time: nothing followed the redirect either.
            stage.until(&id, |state| state.next.is_some_and(|next| next > stage.clock.now())).await;
        }
        if how == "redirect" {
            break;
        }
    }
    // The receiver is gone for an hour, and its port is closed.
    let port = receiver.port;
    receiver.end().into_iter().for_each(|got| drop(take(got)));
    for _ in 0..60 {
        number += 1;
        tags += 1;
        stage.tag(number % PEOPLE, &format!("{number:03}")).await;
        stage.clock.advance(60 * SECOND);
    }
    stage.until(&id, |state| state.failing_since.is_some() && state.next.is_some()).await;
    assert!(stage.handle().webhook(&id).unwrap().waiting >= 60);
    // It comes back elsewhere.
    let mut receiver = Receiver::new();
    assert_ne!(receiver.port, port);
    let url = Some(format!("http://127.0.0.1:{}/hook", receiver.port));
    let change = WebhookChange { url, ..WebhookChange::default() };
    stage.handle().change_webhook(&id, None, change, model::Actor::Api("shop".into())).await.unwrap();
    stage.clock.advance(HOUR);
    stage.until(&id, |state| state.waiting == 0 && state.failing_since.is_none()).await;
    receiver.answers("ok");
    receiver.end().into_iter().for_each(|got| drop(take(got)));
    assert_eq!(arrived.values().map(Vec::len).sum::<usize>(), tags, "nothing is lost");
    assert!(arrived.len() == PEOPLE && arrived.values().all(|tags| tags.is_sorted()), "{arrived:?}");
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_after_410_and_what_was_told_can_be_told_again() {
    let (mut receiver, store) = (Receiver::new(), MemStore::new());
    let stage = Stage::new(&store).await;
    let (id, first) = stage.hook(receiver.port).await;
    assert_eq!(
        stage.handle().test_webhook(&id).await.unwrap(),
        switchboard_runtime::Posted::Answered { status: 204, after: None },
        "the test button"
    );
    assert_eq!(receiver.got().body["type"], "webhook.test");
    stage.tag(0, "one").await;
    let one = receiver.got();
    stage.until(&id, |state| state.waiting == 0).await;
    let told = stage.handle().webhook_deliveries(&id, Some(DeliveryState::Delivered), u64::MAX, 10).await.unwrap();
    assert_eq!(told.iter().map(|told| (told.event.as_str(), told.status)).collect::<Vec<_>>(), [("tag.added", Some(204))]);
    assert_eq!(stage.handle().replay_webhook(&id, Replay::One(told[0].id.clone())).await.unwrap(), 1);
    let again = receiver.got();
    assert_eq!((&again.headers["webhook-id"], &again.text), (&one.headers["webhook-id"], &one.text));
    stage.until(&id, |state| state.waiting == 0).await;
    let since = stage.clock.now();
    let span = Replay::Span(since.plus_micros(-HOUR), since.plus_micros(HOUR));
    assert_eq!(stage.handle().replay_webhook(&id, span).await.unwrap(), 1, "each once, however often it was told");
    receiver.got();
    // A new secret signs with the old one for a day.
    let second = stage.handle().rotate_webhook_secret(&id, model::Actor::Api("shop".into())).await.unwrap().webhook.secret;
    assert_ne!(first, second);
    receiver.answers("gone");
    for no in 0..20 {
        stage.tag(no % PEOPLE, &format!("t{no}")).await;
    }
    let got = receiver.got();
    assert_eq!(got.headers["webhook-signature"].as_str().unwrap().split(' ').count(), 2);
    stage.until(&id, |state| state.webhook.disabled.is_some()).await;
    stage.clock.advance(200 * HOUR);
    stage.tag(0, "after").await;
    // Whoever asks after everything else is the next one it hears.
    assert!(stage.handle().test_webhook(&id).await.is_err(), "not even a test leaves");
    let mut probe = TcpStream::connect(("127.0.0.1", receiver.port)).unwrap();
    probe.write_all(b"POST / HTTP/1.1\r\ncontent-length: 7\r\n\r\n\"probe\"").unwrap();
    assert_eq!(receiver.got().body, "probe");
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_refused_and_so_is_what_is_no_address() {
    let stage = Stage::new(&MemStore::new()).await;
    for (url, why) in [
        ("http://10.0.0.7/hook", "not a public address"),
        ("http://169.254.169.254/latest", "not a public address"),
        ("http://[::1]/", "not a public address"),
        ("https://user:pass@shop.example/", "user name or password"),
        ("https://shop.example:22/", "port 22"),
        ("ftp://shop.example/", "https://"),
        ("shop.example", "https://"),
    ] {
        let change = WebhookChange { url: Some(url.into()), events: Some([HookEvent::TagAdded].into()), ..WebhookChange::default() };
        let refused = stage.handle().create_webhook("whk_x", change, by()).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{url}: {refused}");
    }
    assert!(stage.handle().webhooks().is_empty());
    stage.service.stop().await;
}

//! The guard against listeners on loopback: what must not be reached counts its connections.

use super::*;
use futures::{FutureExt, future::BoxFuture};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A server that counts its connections and answers each with the same bytes, then holds or closes it.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Hold,
    Repeat,
}

impl Server {
    async fn start(ip: &str, answer: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (count, seen) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer.clone(), then, Arc::clone(&seen)));
            }
        });
        Self { address, connections, requests }
    }

    async fn ok(ip: &str) -> Self {
        Self::start(ip, b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret".to_vec(), Then::Close).await
    }

    async fn redirecting(ip: &str, status: u16, to: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        Self::start(ip, head.into_bytes(), Then::Close).await
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn request(&self, index: usize) -> String {
        self.requests.lock().unwrap()[index].clone()
    }
}

/// Reads a request with its body, as far as tests need it, and answers.
async fn serve(mut stream: TcpStream, answer: Vec<u8>, then: Then, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        (body.len() >= length).then_some(text.clone())
    };
    let request = loop {
        if let Some(request) = whole(&request) {
            break request;
        }
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => request.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    };
    seen.lock().unwrap().push(request);
    while stream.write_all(&answer).await.is_ok() && then == Then::Repeat {}
    if then == Then::Hold {
        std::future::pending::<()>().await;
    }
}

/// A resolver that says what it is told, in turn; the last answer stays.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Script {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Script {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().cloned().unwrap_or_default() };
        std::future::ready(Ok(answer)).boxed()
    }
}

/// A client that reaches any port, so that what is refused is refused for its address.
fn egress(allow: &[&str], lookup: Arc<dyn Lookup>) -> Egress {
    let allow = allow.iter().map(|entry| (*entry).to_owned()).collect();
    Egress::with(EgressOptions { allow }, lookup, true).unwrap()
}

fn get(url: impl Into<String>) -> Request {
    Request { method: Method::GET, url: url.into(), headers: vec![], body: Bytes::new(), timeout_ms: 10_000 }
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_reached() {
    let (v4, v6) = (Server::ok("127.0.0.1").await, Server::ok("::1").await);
    let (p, q) = (v4.address.port(), v6.address.port());
    let client = egress(&[], Script::of(&[&["127.0.0.1", "::1"]]));
    let spellings = [
        format!("http://127.0.0.1:{p}/"),
        format!("http://2130706433:{p}/"),
        format!("http://0x7f.1:{p}/"),
        format!("http://0x7f000001:{p}/"),
        format!("http://0177.0.0.1:{p}/"),
        format!("http://127.1:{p}/"),
        format!("http://127.0.1:{p}/"),
        format!("http://①②⑦.0.0.1:{p}/"),
        format!("http://127。0。0。1:{p}/"),
        format!("http://%31%32%37.0.0.1:{p}/"),
        format!("http://0.0.0.0:{p}/"),
        format!("http://0:{p}/"),
        format!("http://[::1]:{q}/"),
        format!("http://[::]:{q}/"),
        format!("http://[0:0:0:0:0:0:0:1]:{q}/"),
        format!("http://[::ffff:127.0.0.1]:{p}/"),
        format!("http://[::ffff:7f00:1]:{p}/"),
        format!("http://[::127.0.0.1]:{p}/"),
        format!("http://[64:ff9b::7f00:1]:{p}/"),
        format!("http://[2002:7f00:1::]:{p}/"),
        format!("http://localhost:{p}/"),
        format!("http://LOCALHOST.:{p}/"),
        format!("http://inner.example:{p}/"),
        format!("http://localhost\t:{p}/"),
        format!("http://user@127.0.0.1:{p}/"),
        format!("http://public.example@127.0.0.1:{p}/"),
        format!("http:\\\\127.0.0.1:{p}\\"),
        format!("http:/127.0.0.1:{p}/"),
        format!("  http://127.0.0.1:{p}/  "),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        format!("gopher://127.0.0.1:{p}/"),
        format!("ftp://127.0.0.1:{p}/"),
        format!("ws://127.0.0.1:{p}/"),
        "file:///etc/passwd".to_owned(),
        "data:text/plain,hello".to_owned(),
        "javascript:alert(1)".to_owned(),
    ];
    for spelling in spellings {
        let error = client.request(get(&spelling)).await.expect_err(&spelling);
        assert!(matches!(error, EgressError::Forbidden(_) | EgressError::Malformed(_)), "{spelling}: {error:?}");
        assert!(!error.may_have_arrived());
    }
    for text in ["", "example.com", "http://", "http:///", "http://[::1", "http://a\nb.example/", "http://x.example:99999/"] {
        assert!(matches!(client.request(get(text)).await, Err(EgressError::Malformed(_) | EgressError::Forbidden(_))), "{text:?}");
    }
    assert_eq!((v4.count(), v6.count()), (0, 0), "something was connected to");
}

#[tokio::test]
async fn the_listeners_of_these_tests_can_be_reached_where_the_operator_allows_it() {
    let (v4, v6) = (Server::ok("127.0.0.1").await, Server::ok("::1").await);
    let script = || Script::of(&[&["127.0.0.1"]]);
    let by_name = format!("http://Inner.example:{}/", v4.address.port());
    for (allow, url) in [("127.0.0.0/8", v4.url()), ("::1", v6.url()), ("inner.example", by_name.clone()), ("127.0.0.1", by_name.clone())] {
        let answer = egress(&[allow], script()).request(get(&url)).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, b"secret".as_slice()), "{allow} {url}");
    }
    assert!(egress(&["other.example"], script()).request(get(&by_name)).await.is_err());
    // An allowed name does not allow the address it leads to under another name.
    assert!(egress(&["inner.example"], script()).request(get(v4.url())).await.is_err());
}

#[tokio::test]
async fn a_name_is_refused_when_one_of_its_addresses_is_inner() {
    let inner = Server::ok("127.0.0.1").await;
    let url = format!("http://mixed.example:{}/", inner.address.port());
    for answer in [["127.0.0.1", "8.8.8.8"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "::1"]] {
        let error = egress(&[], Script::of(&[&answer])).request(get(&url)).await.unwrap_err();
        assert!(matches!(&error, EgressError::Forbidden(why) if why.contains("mixed.example")), "{error:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "which inner address a name has is not told");
    }
    assert_eq!(inner.count(), 0);
    let none = egress(&[], Script::of(&[&[]])).request(get(&url)).await.unwrap_err();
    assert!(matches!(none, EgressError::Unreachable(_)), "{none:?}");
}

#[tokio::test]
async fn a_name_that_changes_between_check_and_connection_gains_nothing() {
    // 127.0.0.2 plays the public address, by leave of the operator; 127.0.0.1 is the one to protect. The same port.
    let inner = Server::ok("127.0.0.1").await;
    let port = inner.address.port();
    let outer = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nouter".to_vec();
    tokio::spawn(async move {
        while let Ok((stream, _)) = outer.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, answer.clone(), Then::Close, Arc::default()));
        }
    });
    let script = Script::of(&[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]]);
    let client = egress(&["127.0.0.2"], Arc::<Script>::clone(&script));
    let url = format!("http://rebinding.example:{port}/");
    for round in 0..4 {
        match client.request(get(&url)).await {
            Ok(answer) => assert!(round % 2 == 0 && &answer.body[..] == b"outer", "round {round}"),
            Err(error) => assert!(round % 2 == 1 && matches!(error, EgressError::Forbidden(_)), "round {round}: {error:?}"),
        }
    }
    // One question for each connection: there is no second answer to be taken in.
    assert_eq!((script.asked.load(Ordering::SeqCst), reached.load(Ordering::SeqCst), inner.count()), (4, 2, 0));
}

#[tokio::test]
async fn redirects_are_checked_like_addresses() {
    let inner = Server::ok("127.0.0.1").await;
    let port = inner.address.port();
    let targets = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("//[::ffff:127.0.0.1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://user:word@127.0.0.2:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ];
    for status in [301, 302, 303, 307, 308] {
        for target in &targets {
            let outer = Server::redirecting("127.0.0.2", status, target).await;
            let client = egress(&["127.0.0.2"], Script::of(&[&["127.0.0.1"]]));
            let error = client.request(get(outer.url())).await.expect_err(target);
            assert!(matches!(error, EgressError::Forbidden(_)), "{status} {target}: {error:?}");
            assert_eq!(outer.count(), 1);
        }
    }
    assert_eq!(inner.count(), 0);
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_keep_their_manners() {
    let client = egress(&["127.0.0.0/8"], Arc::new(SystemLookup));
    let goal = Server::ok("127.0.0.1").await;
    let mut last = goal.url();
    let mut chain = Vec::new();
    for _ in 0..4 {
        let hop = Server::redirecting("127.0.0.1", 302, &last).await;
        last = hop.url();
        chain.push(hop);
    }
    let mut request = get(chain[2].url());
    request.headers =
        vec![("authorization".into(), "Bearer key".into()), ("x-key".into(), "key".into()), ("accept".into(), "text/x".into())];
    assert_eq!(&client.request(request).await.unwrap().body[..], b"secret");
    // The first host got the keys; the next is another origin (another port is) and did not.
    assert!(chain[2].request(0).contains("Bearer key") && chain[2].request(0).contains("x-key"));
    for next in [chain[1].request(0), chain[0].request(0), goal.request(0)] {
        assert!(!next.contains("key") && next.contains("text/x"), "{next}");
    }
    assert_eq!(client.request(get(chain[3].url())).await.unwrap_err(), EgressError::Redirects);

    // To itself: three times, and not once more.
    let circle = Server::redirecting("127.0.0.1", 307, "/again").await;
    assert_eq!(client.request(get(circle.url())).await.unwrap_err(), EgressError::Redirects);
    assert_eq!(circle.count(), 4);
}

#[tokio::test]
async fn a_post_is_not_turned_into_another_request() {
    let client = egress(&["127.0.0.0/8"], Arc::new(SystemLookup));
    let goal = Server::ok("127.0.0.1").await;
    let post = |url: String| Request { method: Method::POST, body: "{}".into(), ..get(url) };
    for status in [301, 302, 303] {
        let server = Server::redirecting("127.0.0.1", status, &goal.url()).await;
        assert_eq!(client.request(post(server.url())).await.unwrap().status.as_u16(), status);
    }
    // A body does not go to another host.
    let server = Server::redirecting("127.0.0.1", 307, &goal.url()).await;
    assert!(matches!(client.request(post(server.url())).await, Err(EgressError::Forbidden(_))));
    assert_eq!(goal.count(), 0);
    // What is posted arrives as it is, and says who it comes from.
    client.request(post(goal.url())).await.unwrap();
    let request = goal.request(0).to_lowercase();
    assert!(request.starts_with("post / http/1.1") && request.ends_with("\r\n\r\n{}"), "{request}");
    assert!(request.contains("user-agent: switchboard/") && !request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn a_hostile_answer_costs_bounded_time_and_memory() {
    let client = egress(&["127.0.0.0/8"], Arc::new(SystemLookup));
    let with = async |answer: Vec<u8>, then, timeout_ms| {
        let server = Server::start("127.0.0.1", answer, then).await;
        client.request(Request { timeout_ms, ..get(server.url()) }).await
    };
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes();

    // Endless, with and without a length that tells so.
    let endless = with([head("\r\n"), vec![b'x'; 65_536]].concat(), Then::Repeat, 10_000).await;
    assert_eq!(endless.unwrap_err(), EgressError::TooLarge { status: StatusCode::OK });
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 65_536], b"\r\n".to_vec()].concat();
    let chunked = [head("transfer-encoding: chunked\r\n"), chunk.repeat(5)].concat();
    assert!(matches!(with(chunked, Then::Hold, 10_000).await, Err(EgressError::TooLarge { .. })));
    let exact = [head(&format!("content-length: {BODY_LIMIT}\r\n")), vec![b'x'; BODY_LIMIT]].concat();
    assert_eq!(with(exact, Then::Hold, 10_000).await.unwrap().body.len(), BODY_LIMIT);

    // Silent at each stage.
    for silent in [b"".to_vec(), b"HTTP/1.1 200".to_vec(), [head("content-length: 10\r\n"), b"x".to_vec()].concat()] {
        assert_eq!(with(silent, Then::Hold, 200).await.unwrap_err(), EgressError::Timeout(200));
    }
    // Headers without end.
    let headers = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100_000)].concat();
    assert!(matches!(with(headers, Then::Hold, 10_000).await, Err(EgressError::Broken(_))));

    // Compressed although nobody asked: the bytes stay as they are, however much they would become.
    let bomb: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0];
    let zipped = [head(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", bomb.len())), bomb.to_vec()].concat();
    assert_eq!(&with(zipped, Then::Hold, 10_000).await.unwrap().body[..], bomb);

    // Not HTTP, and gone in the middle.
    for broken in [b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), b"".to_vec(), [head("content-length: 10\r\n"), b"x".to_vec()].concat()] {
        let error = with(broken, Then::Close, 10_000).await.unwrap_err();
        assert!(matches!(error, EgressError::Broken(_)) && error.may_have_arrived(), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = egress(&["127.0.0.0/8"], Arc::new(SystemLookup));
    let error = client.request(get(format!("http://{address}/?key=secret"))).await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable(_)) && !error.may_have_arrived(), "{error:?}");
    assert!(!error.to_string().contains("secret"), "addresses are not repeated: {error}");
}

#[tokio::test]
async fn public_hosts_are_reached_on_the_usual_ports_alone() {
    // Refused before a name is looked up, so nothing leaves this machine.
    let script = Script::of(&[&["127.0.0.1"]]);
    let client = Egress::with(EgressOptions { allow: vec!["ours.example".into()] }, Arc::<Script>::clone(&script) as _, false).unwrap();
    for port in [22, 25, 2375, 6379, 9200] {
        let error = client.request(get(format!("http://public.example:{port}/"))).await.unwrap_err();
        assert!(matches!(&error, EgressError::Forbidden(why) if why.contains("port")), "{port}: {error:?}");
    }
    assert_eq!(script.asked.load(Ordering::SeqCst), 0);
    let server = Server::ok("127.0.0.1").await;
    let ours = format!("http://ours.example:{}/", server.address.port());
    assert_eq!(client.request(get(ours)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_not_made() {
    let server = Server::ok("127.0.0.1").await;
    let client = egress(&["127.0.0.0/8"], Arc::new(SystemLookup));
    let header = |name: &str, value: &str| Request { headers: vec![(name.into(), value.into())], ..get(server.url()) };
    let requests = [
        header("Host", "evil.example"),
        header("X-A", "a\r\nX-B: b"),
        header("X-aws-ec2-metadata-token", "t"),
        Request { method: Method::CONNECT, ..get(server.url()) },
        Request { body: vec![0; REQUEST_LIMIT + 1].into(), ..get(server.url()) },
        get(format!("{}{}", server.url(), "x".repeat(URL_LIMIT))),
    ];
    for request in requests {
        let error = client.request(request).await.unwrap_err();
        assert!(matches!(error, EgressError::Malformed(_)), "{error:?}");
    }
    assert_eq!(server.count(), 0);
}

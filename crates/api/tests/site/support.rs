//! A running server, a channel whose customers the tests play, and a plain HTTP client.

use bytes::Bytes;
use channel::{Body, Capabilities, Channel, HttpRequest, HttpResponse, Hub, Inbound, Outbound, Route, SendError, Sent};
use engine::{Bot, BotFiles};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use model::{Address, AttachmentKind, ContactId, Content, ConversationId, Incoming, IncomingBody, Instant};
use runtime::{Agent, Handle, ManualClock, Service};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{MemBlobs, MemStore};
use switchboard_api::ApiOptions;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub const TOKEN: &str = "control-token-of-the-tests";
pub const PASSWORD: &str = "a password of the tests";

const BOT: &str = "name: Tests\nchannels:\n  shop: { type: web }\ngroups:\n  support: { per_agent: 4 }\n  sales: { per_agent: 4 }\n";
const PERSON: &str = "skill: GROUP\ncatch:\n  - keyword: [GROUP]\nblocks:\n  person:\n    live_chat: { group: GROUP, timeout: 1h }\n    on: { timeout: sorry, no_agent: sorry }\n  back:\n    text: The bot is back.\n    next: end\n  sorry:\n    text: Nobody is free.\n";

/// The start of the tests' time; it stands unless a test moves it.
pub fn start() -> Instant {
    Instant::from_secs(1_772_445_600)
}

fn bot() -> Arc<Bot> {
    let files = vec![
        ("bot.yaml".to_owned(), BOT.to_owned()),
        ("skills/start.yaml".to_owned(), "skill: /start\nblocks:\n  hello:\n    text: Hello!\n".to_owned()),
        ("skills/support.yaml".to_owned(), PERSON.replace("GROUP", "support")),
        ("skills/sales.yaml".to_owned(), PERSON.replace("GROUP", "sales")),
    ];
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the bot of the tests is sound: {problems:?}"))
}

/// A channel whose messages are fetched, with routes that misbehave on request.
struct Shop(Capabilities);

impl Shop {
    fn new() -> Self {
        Self(Capabilities {
            text_limit: 4_096,
            caption_limit: 1_024,
            buttons: 8,
            button_label: 64,
            quick_replies: 8,
            url_buttons: true,
            phone_buttons: false,
            markdown: false,
            attachments: vec![AttachmentKind::Image, AttachmentKind::File],
            attachment_limit: 1 << 20,
            linked: false,
            gallery: false,
            location: true,
            typing: true,
            pull: true,
        })
    }
}

fn route(
    method: Method,
    path: &str,
    body_limit: usize,
    answer: impl Fn(HttpRequest) -> HttpResponse + Send + Sync + Clone + 'static,
) -> Route {
    let handler = Arc::new(move |request: HttpRequest| {
        let answer = answer.clone();
        async move { answer(request) }.boxed()
    });
    Route { method, path: path.into(), body_limit, handler }
}

fn full(text: String) -> HttpResponse {
    http::Response::new(Body::Full(Bytes::from(text)))
}

impl Channel for Shop {
    fn kind(&self) -> &'static str {
        "web"
    }
    fn name(&self) -> &str {
        "shop"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }
    fn routes(self: Arc<Self>, _: Arc<dyn Hub>) -> Vec<Route> {
        vec![
            route(Method::POST, "/echo/{one}/{two}", 1_000, |request| {
                let params = request.extensions().get::<channel::PathParams>().cloned().unwrap_or_default();
                let ip = request.extensions().get::<std::net::IpAddr>().copied();
                full(format!("{:?} {ip:?} {} bytes", params.0, request.body().len()))
            }),
            route(Method::GET, "/panic", 0, |_| panic!("this handler always panics")),
            route(Method::GET, "//shop.js", 0, |_| full("at the root".into())),
            route(Method::GET, "/forever", 0, |_| {
                let endless = futures::stream::unfold((), |()| async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Some((Bytes::from_static(b"."), ()))
                });
                http::Response::new(Body::Stream(endless.boxed()))
            }),
        ]
    }
    fn run(self: Arc<Self>, _: Arc<dyn Hub>, _: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
    fn send<'a>(&'a self, _: &'a dyn Hub, _: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        async { Ok(Sent::default()) }.boxed()
    }
    fn typing<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

/// A running server.
pub struct Site {
    pub handle: Handle,
    pub address: SocketAddr,
    pub clock: ManualClock,
    pub store: MemStore,
    service: Option<Service>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<Result<(), switchboard_api::ServeError>>,
}

impl Site {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ApiOptions)) -> Self {
        Self::made(change, true).await
    }

    /// A server in front of a runtime that accepts nothing.
    pub async fn not_ready() -> Self {
        Self::made(|_| {}, false).await
    }

    async fn made(change: impl FnOnce(&mut ApiOptions), ready: bool) -> Self {
        let (clock, store) = (ManualClock::new(start()), MemStore::new());
        let shop: Arc<dyn Channel> = Arc::new(Shop::new());
        let service = runtime::start(runtime::Options {
            bot: bot(),
            pinned: Vec::new(),
            store: Arc::new(store.clone()),
            blobs: Arc::new(MemBlobs::default()),
            channels: vec![shop.clone()],
            clock: Arc::new(clock.clone()),
            seed: 7,
            outside: None,
            at_rest: false,
        })
        .await
        .unwrap();
        let handle = service.handle.clone();
        let service = if ready {
            Some(service)
        } else {
            service.stop().await;
            None
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut options = ApiOptions::new(TOKEN);
        change(&mut options);
        let (stop, stopped) = watch::channel(false);
        let routes = vec![("shop".to_owned(), shop.routes(handle.hub("shop")))];
        let served = tokio::spawn(switchboard_api::serve(listener, handle.clone(), routes, options, stopped));
        Self { handle, address, clock, store, service, stop, served }
    }

    /// Makes an agent of these groups.
    pub async fn agent(&self, login: &str, groups: &[&str]) -> Agent {
        let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
        switchboard_api::agents::create(&self.handle, login, login, &groups, PASSWORD).await.unwrap()
    }

    /// A client that is nobody.
    pub fn client(&self) -> Client {
        Client { address: self.address, cookie: None }
    }

    /// A client that is signed in.
    pub async fn signed_in(&self, login: &str) -> Client {
        let mut client = self.client();
        let answer = client.post("/console/api/sign-in", &json!({ "login": login, "password": PASSWORD })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        client.cookie = Some(answer.cookie());
        client
    }

    /// A customer says something; answers once the step is durable.
    pub async fn customer_says(&self, customer: &str, content: Content) {
        let hub = self.handle.hub("shop");
        let address = Address { channel: "shop".into(), id: customer.into() };
        let provider_id = format!("{customer} {:?} {}", content.text, self.store_seq());
        let incoming =
            Incoming { body: IncomingBody::Message(content), at: self.handle.now(), profile: Default::default(), client_id: None };
        hub.accept(Inbound { address: address.clone(), provider_id, incoming }).await.unwrap();
        hub.settled(&address, 5_000).await;
    }

    fn store_seq(&self) -> u64 {
        store::Store::stats(&self.store).seq
    }

    /// Where the conversation of a customer is.
    pub async fn place(&self, customer: &str) -> (ContactId, ConversationId) {
        let people = self.handle.people(None, 100).await.unwrap();
        let found = people.iter().flat_map(|p| &p.conversations).find(|c| c.address.id == customer).unwrap();
        (found.contact, found.id)
    }

    /// The path of a customer's conversation in the agents' API.
    pub async fn path(&self, customer: &str) -> String {
        let (contact, conversation) = self.place(customer).await;
        format!("/console/api/contacts/{contact}/conversations/{conversation}")
    }

    /// A customer who waits for a person of this group while `agent` is present.
    pub async fn waiting(&self, customer: &str, group: &str, agent: &Agent) -> runtime::PresenceGuard {
        let present = self.handle.presence(agent.id);
        self.customer_says(customer, Content::text(group)).await;
        present
    }

    /// Stops everything; answers how long the server took.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(10), &mut self.served).await.expect("the server stops in time").unwrap().unwrap();
        if let Some(service) = self.service.take() {
            service.stop().await;
        }
    }
}

/// A client without a browser's habits.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub cookie: Option<String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
    /// The cookie as it is sent back.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
    /// That this is a refusal in the form all refusals have.
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.len() > 10), "{problem}");
    }
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// A write as the console's own page makes it.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json"), ("x-switchboard", "console")], Bytes::from(body.to_string()))
            .await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let (head, body) = self.open(method, path, headers, body).await.into_parts();
        Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// The answer with its body still to come.
    pub async fn open(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> http::Response<hyper::body::Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap()
    }
}

/// The next event of a stream, as name and data; beats are passed over.
pub async fn next_event(body: &mut hyper::body::Incoming) -> (String, String) {
    let mut text = String::new();
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("an event comes in time");
        let data = frame.expect("the stream goes on").unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&data).unwrap());
        if let Some((event, rest)) = text.clone().split_once("\n\n") {
            assert!(rest.is_empty(), "one event per piece");
            let field = |name: &str| {
                event.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim_start_matches(':').trim().to_owned()).unwrap_or_default()
            };
            if field("event") != "beat" {
                return (field("event"), field("data"));
            }
            text.clear();
        }
    }
}

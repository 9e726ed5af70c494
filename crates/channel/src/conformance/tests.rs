//! The kit tested: a good channel passes, and each way of being bad is noticed.

use super::*;
use crate::{AcceptError, Body, Capabilities, HttpResponse, Hub, Inbound, Outbound, Route, SendError, Sent};
use futures::{FutureExt, future::BoxFuture};
use http::{Method, StatusCode};
use model::{Content, Incoming, IncomingBody, Instant};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

const GOOD: u8 = 0;
const HASTY: u8 = 1;
const DEAF: u8 = 2;
const FORGETFUL: u8 = 3;
const CARELESS: u8 = 4;
const PICKY: u8 = 5;
const FRAIL: u8 = 6;
const OPTIMIST: u8 = 7;
const BLURRED: u8 = 8;

/// A channel whose deliveries are lines `from id text`, with a flaw.
struct Toy<const FLAW: u8> {
    channel: Arc<ToyChannel<FLAW>>,
    door: Door,
}

struct ToyChannel<const FLAW: u8> {
    capabilities: Capabilities,
    weather: Mutex<Weather>,
    counter: AtomicU64,
}

impl<const FLAW: u8> ToyChannel<FLAW> {
    async fn take(&self, hub: Arc<dyn Hub>, body: Bytes) -> HttpResponse {
        let text = match std::str::from_utf8(&body) {
            Ok(text) => text,
            Err(_) if FLAW == FRAIL => return status(StatusCode::INTERNAL_SERVER_ERROR),
            Err(_) => return status(StatusCode::BAD_REQUEST),
        };
        let mut words = text.splitn(3, ' ');
        let (Some(from), Some(id), Some(what)) = (words.next(), words.next(), words.next()) else {
            return status(StatusCode::BAD_REQUEST);
        };
        let content = match what {
            "?" if FLAW == PICKY => return status(StatusCode::OK),
            "?" => Content { unsupported: Some("poll".into()), ..Content::default() },
            text => Content::text(text),
        };
        let provider_id = match FLAW {
            FORGETFUL => self.counter.fetch_add(1, Ordering::Relaxed).to_string(),
            _ => format!("{from}/{id}"),
        };
        let person = if FLAW == BLURRED { "somebody" } else { from };
        let inbound = Inbound {
            address: model::Address { channel: "toy".into(), id: person.into() },
            provider_id,
            incoming: Incoming { body: IncomingBody::Message(content), at: Instant(0), profile: Default::default(), client_id: None },
        };
        if FLAW == HASTY {
            tokio::spawn(async move { hub.accept(inbound).await });
            return status(StatusCode::OK);
        }
        match hub.accept(inbound).await {
            Ok(_) => status(StatusCode::OK),
            Err(_) if FLAW == DEAF => status(StatusCode::OK),
            Err(AcceptError::Refused(_)) => status(StatusCode::BAD_REQUEST),
            Err(error) => {
                let code =
                    if matches!(error, AcceptError::TooMany) { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::SERVICE_UNAVAILABLE };
                let mut answer = status(code);
                if FLAW != CARELESS {
                    answer.headers_mut().insert("retry-after", http::HeaderValue::from_static("1"));
                }
                answer
            }
        }
    }
}

fn status(status: StatusCode) -> HttpResponse {
    let mut answer = http::Response::new(Body::Full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

impl<const FLAW: u8> Channel for ToyChannel<FLAW> {
    fn kind(&self) -> &'static str {
        "toy"
    }
    fn name(&self) -> &str {
        "toy"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
    fn routes(self: Arc<Self>, hub: Arc<dyn Hub>) -> Vec<Route> {
        let handler = move |request: crate::HttpRequest| -> BoxFuture<'static, HttpResponse> {
            let (channel, hub) = (Arc::clone(&self), Arc::clone(&hub));
            async move { channel.take(hub, request.into_body()).await }.boxed()
        };
        vec![Route { method: Method::POST, path: "/in/{from}".into(), body_limit: 1_000_000, handler: Arc::new(handler) }]
    }
    fn run(self: Arc<Self>, _: Arc<dyn Hub>, _: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
    fn send<'a>(&'a self, _: &'a dyn Hub, _: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        let why = || "the toy says so".to_owned();
        let came = match *self.weather.lock().expect("not poisoned") {
            Weather::Fair => Ok(Sent::default()),
            Weather::RateLimited => Err(SendError::RetryAfter { after_ms: 2_000, whole_channel: false }),
            Weather::Failing | Weather::Down => Err(SendError::Temporary(why())),
            Weather::Refusing => Err(SendError::Permanent(why())),
            Weather::Gone => Err(SendError::Unreachable(why())),
            Weather::Dropping if FLAW == OPTIMIST => Err(SendError::Temporary(why())),
            Weather::Dropping => Err(SendError::Unknown(why())),
        };
        std::future::ready(came).boxed()
    }
    fn typing<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }
}

impl<const FLAW: u8> Subject for Toy<FLAW> {
    const CHANNEL: &'static str = "toy";

    async fn start(hub: Arc<TestHub>) -> Self {
        let capabilities = Capabilities {
            text_limit: 1_000,
            caption_limit: 100,
            buttons: 0,
            button_label: 20,
            quick_replies: 0,
            url_buttons: false,
            phone_buttons: false,
            markdown: false,
            attachments: vec![],
            attachment_limit: 0,
            linked: false,
            gallery: false,
            location: false,
            typing: false,
            pull: false,
        };
        let channel = Arc::new(ToyChannel { capabilities, weather: Mutex::new(Weather::Fair), counter: AtomicU64::new(0) });
        let door = Door::of(Arc::<ToyChannel<FLAW>>::clone(&channel), hub.as_hub());
        Self { channel, door }
    }
    fn channel(&self) -> Arc<dyn Channel> {
        Arc::<ToyChannel<FLAW>>::clone(&self.channel)
    }
    async fn deliver(&self, delivery: Delivery) -> Ack {
        let what = match delivery.what {
            What::Text(text) => text,
            What::Unknown => "?".to_owned(),
        };
        self.deliver_raw(format!("{} {} {what}", delivery.from, delivery.id).into()).await
    }
    async fn deliver_raw(&self, body: Bytes) -> Ack {
        Ack::of(&self.door.send(Method::POST, "/in/x", &[], body).await)
    }
    async fn weather(&self, weather: Weather) -> Option<Address> {
        *self.channel.weather.lock().expect("not poisoned") = weather;
        Some(Address { channel: "toy".into(), id: "ana".into() })
    }
}

crate::conformance! { Toy<GOOD> }

async fn notices(promise: impl Future<Output = ()> + Send + 'static) {
    assert!(tokio::spawn(promise).await.is_err_and(|error| error.is_panic()), "the flaw went unnoticed");
}

#[tokio::test]
async fn every_flaw_is_noticed() {
    notices(promises::acknowledges_only_what_is_accepted::<Toy<HASTY>>()).await;
    notices(promises::keeps_what_is_not_accepted_with_the_provider::<Toy<DEAF>>()).await;
    notices(promises::keeps_what_is_not_accepted_with_the_provider::<Toy<CARELESS>>()).await;
    notices(promises::takes_a_delivery_once_however_often_it_comes::<Toy<FORGETFUL>>()).await;
    notices(promises::passes_unknown_kinds_on::<Toy<PICKY>>()).await;
    notices(promises::answers_hostile_bodies::<Toy<FRAIL>>()).await;
    notices(promises::says_honestly_what_came_of_a_message::<Toy<OPTIMIST>>()).await;
    notices(promises::tells_people_and_deliveries_apart::<Toy<BLURRED>>()).await;
}

#[tokio::test]
async fn the_door_is_as_wide_as_the_routes() {
    let hub = TestHub::new("toy");
    let toy = Toy::<GOOD>::start(Arc::clone(&hub)).await;
    let code = async |method, path: &str, body: Vec<u8>| toy.door.send(method, path, &[], body).await.status.as_u16();
    assert_eq!(code(Method::GET, "/in/x", vec![]).await, 405);
    assert_eq!(code(Method::POST, "/in", vec![]).await, 404);
    assert_eq!(code(Method::POST, "/in/", vec![]).await, 404);
    assert_eq!(code(Method::POST, "/in/x/y", vec![]).await, 404);
    assert_eq!(code(Method::POST, "/in/x", vec![b'x'; 1_000_001]).await, 413);
    assert_eq!(code(Method::POST, "/in/x", b"ana 1 hi".to_vec()).await, 200);
}

#[tokio::test]
async fn the_hub_answers_like_the_runtime() {
    let hub = TestHub::answering("toy", |inbound| vec![Content::text(format!("you: {}", inbound.provider_id))]);
    let ana = hub.address("ana");
    let mut notices = hub.watch(&ana);
    let inbound = |id: &str| Inbound {
        address: ana.clone(),
        provider_id: id.into(),
        incoming: Incoming {
            body: IncomingBody::Message(Content::text("hi")),
            at: Instant(0),
            profile: Default::default(),
            client_id: Some(id.into()),
        },
    };
    hub.hold_steps();
    assert_eq!(hub.accept(inbound("a")).await.unwrap(), crate::Accepted::New);
    assert_eq!(hub.accept(inbound("a")).await.unwrap(), crate::Accepted::Duplicate);
    assert_eq!(hub.settled(&ana, 0).await, 0);
    hub.release_steps();
    assert_eq!(hub.settled(&ana, 10_000).await, 2);
    assert_eq!(notices.recv().await.unwrap(), crate::Notice::Lines { no: 2 });
    let lines = hub.transcript(&ana, 0, 10).await;
    assert_eq!(lines.iter().map(|line| line.no()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(hub.transcript(&ana, 1, 10).await, lines[1..]);

    let blob = hub.put_blob("bytes".into()).await.unwrap();
    assert_eq!(hub.get_blob(&blob).await.unwrap(), "bytes");
    assert!(model::BlobId::parse(&blob.0).is_some());
    hub.put_record("cursor", Some(7.into())).await.unwrap();
    assert_eq!(hub.record("cursor").await, Some(7.into()));
    hub.put_record("cursor", None).await.unwrap();
    assert_eq!(hub.record("cursor").await, None);
}

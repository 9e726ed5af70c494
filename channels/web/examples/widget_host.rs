//! The web channel on a socket with a scripted bot behind it: for looking at the widget, and for its browser tests.
//!
//! `cargo run -p switchboard-channel-web --example widget_host -- 127.0.0.1:8080`
//!
//! What the bot does is said by what is written to it: `buttons`, `picture`, `file`, `agent`, `many`; it repeats all else.

use axum::{
    Router,
    body::Body as AxumBody,
    extract::{RawPathParams, Request},
    response::Response,
    routing::{MethodFilter, on},
};
use channel::{Body, Channel, Hub, Inbound, Notice, PathParams, Route, conformance::TestHub};
use futures::StreamExt;
use model::{Address, AgentId, Attachment, AttachmentKind, Author, BlobId, Choice, ChoiceAction, Content, IncomingBody, Instant};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};
use switchboard_channel_web::{Options, WebChannel};

/// A picture of 240 × 150 pixels: an orange sun over the sea.
const PICTURE: &[u8] = include_bytes!("picture.png");

fn reply(label: &str, token: &str) -> Choice {
    Choice { label: label.into(), action: ChoiceAction::Reply { token: token.into() } }
}

fn attachment(kind: AttachmentKind, blob: &BlobId, name: &str, mime: &str, size: usize) -> Content {
    let attachment =
        Attachment { kind, blob: blob.clone(), name: name.into(), mime: mime.into(), size: size as u64, alt: String::new(), made: None };
    Content { attachments: vec![attachment], ..Content::text("Here you are:") }
}

fn gallery(picture: &BlobId) -> Content {
    let card = |n: usize| {
        let Content { attachments, .. } = attachment(AttachmentKind::Image, picture, "sun.png", "image/png", PICTURE.len());
        let picture =
            attachments.into_iter().next().map(|file| model::Picture::Stored(Attachment { alt: format!("Cup {n} in the sun"), ..file }));
        let buttons = vec![reply("Order", &format!("order{n}")), reply("Details", &format!("details{n}"))];
        model::Card { title: format!("Cup number {n}"), text: format!("{n}2 €, made by hand"), picture, buttons }
    };
    Content { cards: (1..=6).map(card).collect(), ..Content::text("These cups are left:") }
}

fn respond(inbound: &Inbound, blobs: &(BlobId, BlobId)) -> Vec<Content> {
    match &inbound.incoming.body {
        IncomingBody::Opened { .. } => vec![Content {
            quick_replies: vec![reply("Track an order", "q1"), reply("Talk to a person", "q2")],
            ..Content::text("Hi! Welcome to Marea. How can I help you today?")
        }],
        IncomingBody::Press { label, .. } => vec![Content::text(format!("You chose {label}"))],
        IncomingBody::Message(content) => match content.text.trim() {
            "buttons" => vec![Content {
                buttons: vec![
                    reply("Yes, please", "b1"),
                    reply("No, thanks", "b2"),
                    Choice { label: "Our shop".into(), action: ChoiceAction::Url("https://shop.example/".into()) },
                    Choice { label: "Call us".into(), action: ChoiceAction::Phone("+34 600 000 000".into()) },
                    Choice { label: "A trap".into(), action: ChoiceAction::Url("javascript:alert(1)".into()) },
                ],
                ..Content::text("Would you like free delivery on your next order?")
            }],
            "picture" => vec![attachment(AttachmentKind::Image, &blobs.0, "sun.png", "image/png", PICTURE.len())],
            "file" => vec![attachment(AttachmentKind::File, &blobs.1, "price list.pdf", "application/pdf", 24_576)],
            "gallery" => vec![gallery(&blobs.0)],
            "place" => {
                vec![Content { location: Some(model::Location { latitude: 41.3874, longitude: 2.1686 }), ..Content::text("Our shop") }]
            }
            "elsewhere" => vec![Content {
                linked: vec![model::Linked {
                    kind: AttachmentKind::File,
                    url: "https://shop.example/terms.pdf".into(),
                    name: "terms.pdf".into(),
                    alt: String::new(),
                }],
                ..Content::text("Our terms")
            }],
            "many" => (1..=150).map(|n| Content::text(format!("Line {n}"))).collect(),
            "agent" => vec![Content::text("A person will be with you in a moment.")],
            "" => vec![Content::text("Thank you for the file.")],
            text => vec![Content::text(format!("You said: {text}"))],
        },
        IncomingBody::Event { .. } | IncomingBody::Unreachable { .. } | IncomingBody::Reachable => Vec::new(),
    }
}

/// A person takes every chat that asks for one.
async fn play_agent(hub: Arc<TestHub>) {
    let mut seen = 0;
    loop {
        let all = hub.accepted_at_least(seen + 1).await;
        for inbound in all.iter().skip(seen) {
            if matches!(&inbound.incoming.body, IncomingBody::Message(c) if c.text.trim() == "agent") {
                tokio::spawn(take(Arc::clone(&hub), inbound.address.clone()));
            }
        }
        seen = all.len();
    }
}

async fn take(hub: Arc<TestHub>, address: Address) {
    let bea = || Author::Agent { id: AgentId(7), name: "Bea".into() };
    let pause = |ms| tokio::time::sleep(Duration::from_millis(ms));
    hub.notice(&address, Notice::Owner { owner: "queue".into(), name: None, position: Some(2) });
    pause(700).await;
    hub.line(&address, Author::System, Content::text("Bea joined the chat"));
    hub.notice(&address, Notice::Owner { owner: "agent".into(), name: Some("Bea".into()), position: None });
    hub.notice(&address, Notice::Typing { name: Some("Bea".into()) });
    pause(1_200).await;
    hub.line(&address, bea(), Content::text("Hello, this is Bea. I have your order in front of me."));
}

fn mount(mut router: Router, name: &str, route: Route) -> Router {
    let path = match route.path.strip_prefix("//") {
        Some(rest) => format!("/{rest}"),
        None => format!("/c/{name}{}", route.path),
    };
    let filter = MethodFilter::try_from(route.method).expect("a usual method");
    let (handler, limit) = (route.handler, route.body_limit);
    let answer = move |params: RawPathParams, request: Request| async move {
        let params = PathParams(params.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
        let (head, body) = request.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, limit).await else {
            return Response::builder().status(413).body(AxumBody::empty()).expect("a status alone");
        };
        let mut request = http::Request::from_parts(head, bytes);
        request.extensions_mut().insert(params);
        let peer = request.extensions().get::<axum::extract::ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        request.extensions_mut().insert::<IpAddr>(peer.expect("served with connect info"));
        handler(request).await.map(|body| match body {
            Body::Full(bytes) => AxumBody::from(bytes),
            Body::Stream(pieces) => AxumBody::from_stream(pieces.map(Ok::<_, std::convert::Infallible>)),
        })
    };
    router = router.route(&path, on(filter, answer));
    router
}

#[tokio::main]
async fn main() {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let blobs = Arc::new(OnceLock::<(BlobId, BlobId)>::new());
    let known = Arc::clone(&blobs);
    let hub = TestHub::answering("web", move |inbound| respond(inbound, known.get().expect("set before the first message")));
    let _ = blobs.set((hub.add_blob(PICTURE), hub.add_blob(&b"%PDF-1.4 a price list"[..])));
    hub.set_commands(&[("order", "Track an order"), ("person", "Talk to a person")]);
    let clock = Arc::clone(&hub);
    tokio::spawn(async move {
        loop {
            clock.set_now(Instant::from(jiff::Timestamp::now()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    tokio::spawn(play_agent(Arc::clone(&hub)));
    let options =
        Options { title: "Marea Coffee".into(), subtitle: Some("We usually answer within a minute".into()), ..Options::default() };
    let web: Arc<dyn Channel> = Arc::new(WebChannel::new("web", options));
    let hub: Arc<dyn Hub> = hub.as_hub();
    let router = web.routes(hub).into_iter().fold(Router::new(), |router, route| mount(router, "web", route));
    let listener = tokio::net::TcpListener::bind(&listen).await.expect("the address is free");
    println!("listening on http://{}", listener.local_addr().expect("bound"));
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.expect("serving does not end");
}

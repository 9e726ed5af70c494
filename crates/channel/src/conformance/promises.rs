//! The promises of every channel, each a function that panics where it is broken.

use super::{Ack, Delivery, Subject, TestHub, Weather, What};
use crate::{AcceptError, Capabilities, Inbound, Outbound, SendError, Sent};
use bytes::Bytes;
use futures::future::{Either, select};
use model::{Address, AttachmentKind, Card, Choice, ChoiceAction, Content, IdSource, IncomingBody, Linked, Picture};
use std::{future::Future, pin::pin, sync::Arc};

fn text(from: &str, id: u64, text: &str) -> Delivery {
    Delivery { from: from.to_owned(), id, what: What::Text(text.to_owned()) }
}

async fn subject<S: Subject>() -> (Arc<TestHub>, S) {
    let hub = TestHub::new(S::CHANNEL);
    let subject = S::start(Arc::clone(&hub)).await;
    (hub, subject)
}

fn said(inbound: &Inbound) -> &str {
    match &inbound.incoming.body {
        IncomingBody::Message(content) => &content.text,
        other => panic!("a text arrived as {other:?}"),
    }
}

/// The provider is acknowledged after `accept` resolved, not before (INV-1).
pub async fn acknowledges_only_what_is_accepted<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    hub.hold_accepts();
    let delivery = pin!(subject.deliver(text("ana", 1, "hello")));
    let accepted = pin!(hub.delivered_at_least(1));
    let mut delivery = match select(delivery, accepted).await {
        Either::Left((ack, _)) => panic!("answered {ack:?} before accept was called"),
        Either::Right((_, delivery)) => delivery,
    };
    // Whatever the channel does meanwhile, it has many chances to do it.
    for _ in 0..64 {
        tokio::task::yield_now().await;
        assert!(futures::poll!(&mut delivery).is_pending(), "answered before accept resolved");
    }
    assert!(hub.accepted().is_empty());
    hub.release_accepts();
    assert_eq!(delivery.await, Ack::Acknowledged);
    assert_eq!(said(&hub.accepted()[0]), "hello");
}

/// What is not accepted is refused in a way that makes the provider deliver it again, and then it is taken.
pub async fn keeps_what_is_not_accepted_with_the_provider<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    for (id, error, status) in [(1, AcceptError::Unavailable, 503), (2, AcceptError::TooMany, 429)] {
        hub.fail_accept(error);
        let ack = subject.deliver(text("ana", id, "hello")).await;
        assert_eq!(ack, Ack::Refused { status, retry_after: true });
        assert_eq!(hub.accepted().len() as u64, id - 1);
        assert_eq!(subject.deliver(text("ana", id, "hello")).await, Ack::Acknowledged);
        assert_eq!(hub.accepted().len() as u64, id);
    }
    // What makes no sense will make none the next time: no 5xx, which would be delivered for ever.
    hub.fail_accept(AcceptError::Refused("the text is too long".into()));
    let ack = subject.deliver(text("ana", 3, "hello")).await;
    assert!(matches!(ack, Ack::Acknowledged | Ack::Refused { status: 400..=499, .. }), "{ack:?}");
}

/// A delivery made one to five times is accepted once: its provider id stays the same.
pub async fn takes_a_delivery_once_however_often_it_comes<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    for times in 1..=5 {
        for _ in 0..times {
            for from in ["ana", "ben"] {
                assert_eq!(subject.deliver(text(from, times, &format!("message {times}"))).await, Ack::Acknowledged);
            }
        }
        assert_eq!(hub.accepted().len() as u64, times * 2, "a delivery made {times} times");
    }
}

/// The same person has one address, two have two; different deliveries have different provider ids even if they
/// say the same.
pub async fn tells_people_and_deliveries_apart<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    for (from, id) in [("ana", 1), ("ben", 1), ("ana", 2), ("ben", 2)] {
        assert_eq!(subject.deliver(text(from, id, "hello")).await, Ack::Acknowledged);
    }
    let accepted = hub.accepted();
    assert_eq!(accepted.len(), 4);
    let address = |index: usize| &accepted[index].address;
    assert_eq!(address(0), address(2));
    assert_eq!(address(1), address(3));
    assert_ne!(address(0), address(1));
    assert!(accepted.iter().all(|inbound| inbound.address.channel == S::CHANNEL && !inbound.address.id.is_empty()));
}

/// What one person sends arrives in order, letter for letter.
pub async fn keeps_the_order<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    let texts: Vec<String> = (0..20).map(|n| format!("{n} <b>&amp; \"quoted\" ${{7*7}} 👨‍👩‍👧 עברית")).collect();
    for (id, what) in texts.iter().enumerate() {
        assert_eq!(subject.deliver(text("ana", id as u64, what)).await, Ack::Acknowledged);
    }
    assert_eq!(hub.accepted().iter().map(|inbound| said(inbound).to_owned()).collect::<Vec<_>>(), texts);
}

/// A kind the channel does not know is passed on as unsupported, by the provider's name for it (FL 7.4).
pub async fn passes_unknown_kinds_on<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    let ack = subject.deliver(Delivery { from: "ana".into(), id: 1, what: What::Unknown }).await;
    if ack == Ack::NoSuchKind {
        return;
    }
    assert_eq!(ack, Ack::Acknowledged);
    match &hub.accepted()[..] {
        [Inbound { incoming, .. }] => match &incoming.body {
            IncomingBody::Message(content) => assert!(content.unsupported.as_deref().is_some_and(|kind| !kind.is_empty())),
            other => panic!("an unknown kind arrived as {other:?}"),
        },
        other => panic!("an unknown kind was accepted {} times", other.len()),
    }
}

/// Hostile bodies are answered with a 4xx, nothing of them is accepted, and the channel goes on.
pub async fn answers_hostile_bodies<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    let deep = |open: &str, times: usize| Bytes::from(open.repeat(times));
    let bodies = [
        Bytes::new(),
        Bytes::from_static(b"{"),
        Bytes::from_static(b"{\"text\":\"\xff\xfe\"}"),
        Bytes::from_static(b"\x00\x01\x02"),
        deep("[", 100_000),
        deep("{\"a\":", 100_000),
        deep("x", 10 * 1024 * 1024),
    ];
    for body in bodies {
        let start = body.get(..body.len().min(16)).unwrap_or_default().to_vec();
        let size = body.len();
        match subject.deliver_raw(body).await {
            Ack::Refused { status: 400..=499, .. } => {}
            other => panic!("{size} bytes that begin {:?} were answered {other:?}", String::from_utf8_lossy(&start)),
        }
    }
    assert!(hub.deliveries().is_empty(), "something of a hostile body reached the hub");
    assert_eq!(subject.deliver(text("ana", 1, "still there?")).await, Ack::Acknowledged);
}

/// [`Channel::send`] says what came of a message: whether it arrived, did not, or may have.
pub async fn says_honestly_what_came_of_a_message<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    if subject.channel().capabilities().pull {
        return;
    }
    let all = [
        Weather::Fair,
        Weather::RateLimited,
        Weather::Failing,
        Weather::Refusing,
        Weather::Gone,
        Weather::Down,
        Weather::Dropping,
        // After all that it works again.
        Weather::Fair,
    ];
    let mut ids = IdSource::new(model::Instant(0), 7);
    for weather in all {
        let Some(address) = subject.weather(weather).await else { continue };
        let message = ids.next();
        let key = format!("{message}.0");
        let out = Outbound { address, message, part: 0, content: Content::text("hello"), idempotency_key: key };
        let channel = subject.channel();
        let sent = channel.send(hub.as_ref(), &out).await;
        let honest = match weather {
            Weather::Fair => matches!(sent, Ok(Sent { .. })),
            Weather::RateLimited => matches!(sent, Err(SendError::RetryAfter { after_ms: 2_000..=4_000, .. })),
            Weather::Failing | Weather::Down => matches!(sent, Err(SendError::Temporary(_))),
            Weather::Refusing => matches!(sent, Err(SendError::Permanent(_))),
            Weather::Gone => matches!(sent, Err(SendError::Unreachable(_))),
            Weather::Dropping => matches!(sent, Err(SendError::Unknown(_))),
        };
        assert!(honest, "in {weather:?} weather the channel said {sent:?}");
        if let Err(error) = sent {
            let said = error.to_string();
            assert!(!said.contains('\n') && said.len() < 500, "an error is one short line: {said:?}");
        }
    }
}

/// A file that is elsewhere and a gallery, fitted to the channel, arrive: nothing the channel says it shows is refused.
pub async fn sends_files_that_are_elsewhere<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    if subject.channel().capabilities().pull {
        return;
    }
    let link =
        |kind, name: &str| Linked { kind, url: format!("https://x.example/{name}"), name: name.to_owned(), alt: "what it shows".into() };
    let button = |label: &str| Choice { label: label.to_owned(), action: ChoiceAction::Reply { token: format!("token{label}") } };
    let picture = Some(Picture::Linked(link(AttachmentKind::Image, "a.png")));
    let card = Card { title: "A card".into(), text: "with words".into(), picture, buttons: vec![button("Take")] };
    let contents = [
        Content { linked: vec![link(AttachmentKind::Image, "a.png")], ..Content::text("look") },
        Content { linked: vec![link(AttachmentKind::File, "a.pdf")], ..Content::default() },
        Content { linked: vec![link(AttachmentKind::Sticker, "a.webp")], ..Content::text("a sticker has no caption") },
        Content { cards: vec![card; 7], more: Some(Box::new(button("More"))), ..Content::text("above") },
    ];
    let mut ids = IdSource::new(model::Instant(0), 7);
    for content in contents {
        let fitted = crate::degrade(&content, subject.channel().capabilities());
        assert!(fitted.parts.iter().all(|part| !part.content.is_empty()), "a piece says nothing: {fitted:?}");
        for (part, piece) in (0..).zip(fitted.parts) {
            let Some(address) = subject.weather(Weather::Fair).await else { return };
            let message = ids.next();
            let out = Outbound { address, message, part, content: piece.content, idempotency_key: format!("{message}.{part}") };
            let sent = subject.channel().send(hub.as_ref(), &out).await;
            assert!(sent.is_ok(), "{sent:?} for {out:?}");
        }
    }
}

/// What the channel says of itself makes sense.
pub async fn is_consistent<S: Subject>() {
    let (hub, subject) = subject::<S>().await;
    let channel = subject.channel();
    assert_eq!(channel.name(), S::CHANNEL);
    assert!(!channel.kind().is_empty());
    let Capabilities { text_limit, caption_limit, .. } = channel.capabilities();
    assert!(*text_limit >= 100 && caption_limit <= text_limit);
    for route in Arc::clone(&channel).routes(hub.as_hub()) {
        assert!(route.path.starts_with('/'), "{}", route.path);
        assert!(route.body_limit <= 64 * 1024 * 1024, "{} takes bodies of {} bytes", route.path, route.body_limit);
    }
    within_a_poll_or_two(channel.typing(&Address { channel: S::CHANNEL.to_owned(), id: "nobody".to_owned() })).await;
}

/// Typing is best effort: it may fail, but it must end.
async fn within_a_poll_or_two(work: impl Future<Output = ()>) {
    let limit = std::time::Duration::from_secs(30);
    assert!(tokio::time::timeout(limit, work).await.is_ok(), "showing that the bot types does not end");
}

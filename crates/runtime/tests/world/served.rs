//! A service with everything around it in memory: what it is started with, channels that do as a test says, and what customers send.

use super::capabilities;
use channel::{Capabilities, Channel, Hub, Inbound, Outbound, Route, SendError, Sent};
use engine::Bot;
use futures::future::BoxFuture;
use model::{Address, Attachment, AttachmentKind, BlobId, Content, Incoming, IncomingBody, Instant};
use std::sync::Arc;
use store::{MemBlobs, MemStore};
use switchboard_runtime::{ManualClock, Options};
use tokio::sync::watch;

type Take = Box<dyn Fn(&Outbound) -> Result<Sent, SendError> + Send + Sync>;

/// A channel that waits for the end, and for which a function says what becomes of each piece.
struct Told {
    name: String,
    capabilities: Capabilities,
    take: Take,
}

/// A channel that is fetched from: nothing waits to be sent.
pub fn fetched(name: &str) -> Arc<dyn Channel> {
    Arc::new(Told { name: name.to_owned(), capabilities: capabilities(true), take: Box::new(|_| unreachable!("it is fetched from")) })
}

/// A channel that is given every piece; `take` says what becomes of it.
pub fn pushed(name: &str, take: impl Fn(&Outbound) -> Result<Sent, SendError> + Send + Sync + 'static) -> Arc<dyn Channel> {
    Arc::new(Told { name: name.to_owned(), capabilities: capabilities(false), take: Box::new(take) })
}

impl Channel for Told {
    fn kind(&self) -> &'static str {
        "told"
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
    fn routes(self: Arc<Self>, _: Arc<dyn Hub>) -> Vec<Route> {
        Vec::new()
    }
    fn run(self: Arc<Self>, _: Arc<dyn Hub>, mut stop: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            stop.wait_for(|stop| *stop).await.expect("the service tells its channels to stop");
        })
    }
    fn send<'a>(&'a self, _: &'a dyn Hub, out: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move { (self.take)(out) })
    }
    fn typing<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// What a service is made of: nothing older, nothing outside, files of its own.
pub fn options(bot: Arc<Bot>, store: &MemStore, clock: &ManualClock, channels: Vec<Arc<dyn Channel>>) -> Options {
    Options {
        bot,
        pinned: Vec::new(),
        store: Arc::new(store.clone()),
        blobs: Arc::new(MemBlobs::new()),
        channels,
        clock: Arc::new(clock.clone()),
        seed: 5,
        outside: None,
        at_rest: false,
    }
}

/// A message of a customer, with a file if there is one.
pub fn message(at: &Address, id: &str, text: &str, file: Option<&BlobId>) -> Inbound {
    let mut content = Content::text(text);
    content.attachments.extend(file.map(attached));
    let incoming = Incoming { body: IncomingBody::Message(content), at: Instant(0), profile: Default::default(), client_id: None };
    Inbound { address: at.clone(), provider_id: id.into(), incoming }
}

/// A file of three bytes, as it hangs on a message.
pub fn attached(blob: &BlobId) -> Attachment {
    Attachment {
        kind: AttachmentKind::File,
        blob: blob.clone(),
        name: "a.pdf".into(),
        mime: "application/pdf".into(),
        size: 3,
        alt: String::new(),
        made: None,
    }
}

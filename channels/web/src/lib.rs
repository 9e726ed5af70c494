//! The web channel: the widget, the page it can be tried on, and the HTTP contract they share.
//!
//! A visitor is a 256-bit token that only the browser has; what it may see is what its own address holds.
//! Messages go up as POSTs with the sender's own ids and come down by cursor from the transcript, so that
//! nothing is lost or doubled however often a connection breaks. `docs/channels/web.md` is the contract.
//!
//! **Invariants:** a token is never stored, only its hash; an answer never holds an id of a contact, a
//! conversation, a skill, a block or an agent; a contact comes to be with the first opened panel or message,
//! never with a session.

#![forbid(unsafe_code)]

mod assets;
mod events;
mod files;
mod identity;
mod limits;
mod line;
mod messages;
mod options;
mod problem;
mod read;
mod respond;
mod routes;
mod segments;
mod session;
mod sniff;
mod stream;
mod visit;

pub use identity::IdentitySecret;
pub use limits::{Limits, Rate};
pub use options::{MenuItem, Options};

use channel::{Capabilities, Channel, Hub, Outbound, Route, SendError, Sent};
use futures::{FutureExt, future::BoxFuture};
use model::{Address, AttachmentKind};
use std::sync::Arc;

/// The longest text of one message, in UTF-16 code units.
pub const TEXT_LIMIT: usize = 8_000;
/// The largest file a visitor may send, in bytes.
pub const FILE_LIMIT: usize = 10 * 1024 * 1024;
/// The largest file the bot or an agent may send, in bytes.
const ATTACHMENT_LIMIT: u64 = 50 * 1024 * 1024;

/// A web channel of a bot.
pub struct WebChannel {
    name: String,
    options: Options,
    capabilities: Capabilities,
}

impl WebChannel {
    /// A channel by its key in `bot.yaml`.
    pub fn new(name: impl Into<String>, options: Options) -> Self {
        Self { name: name.into(), options, capabilities: capabilities() }
    }
}

/// What the web chat shows and carries.
pub fn capabilities() -> Capabilities {
    Capabilities {
        text_limit: TEXT_LIMIT,
        caption_limit: TEXT_LIMIT,
        buttons: 20,
        button_label: 80,
        quick_replies: 20,
        url_buttons: true,
        phone_buttons: true,
        markdown: false,
        attachments: vec![
            AttachmentKind::Image,
            AttachmentKind::File,
            AttachmentKind::Audio,
            AttachmentKind::Voice,
            AttachmentKind::Video,
            AttachmentKind::Sticker,
        ],
        attachment_limit: ATTACHMENT_LIMIT,
        linked: true,
        gallery: true,
        location: true,
        typing: true,
        pull: true,
    }
}

impl Channel for WebChannel {
    fn kind(&self) -> &'static str {
        "web"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn routes(self: Arc<Self>, hub: Arc<dyn Hub>) -> Vec<Route> {
        routes::all(Arc::new(routes::Site::new(self.name.clone(), self.options.clone(), hub)))
    }

    fn run(self: Arc<Self>, _hub: Arc<dyn Hub>, _stop: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        // Routes are all there is.
        async {}.boxed()
    }

    fn send<'a>(&'a self, _hub: &'a dyn Hub, _out: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        async { Err(SendError::Permanent("visitors fetch their messages; there is nothing to push to".into())) }.boxed()
    }

    fn typing<'a>(&'a self, _address: &'a Address) -> BoxFuture<'a, ()> {
        // Streams carry it as a notice.
        async {}.boxed()
    }
}

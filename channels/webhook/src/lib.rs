//! The webhook channel: signed JSON in, replies in the answer or pushed, signed, to a callback address.
//!
//! It connects whatever has no channel of its own: another program speaks for its customers. Signatures follow the
//! Standard Webhooks specification in both directions, with one secret. Nothing unsigned is looked at.
//!
//! - [`signature`] signs and verifies;
//! - [`inbound`] reads what is sent to us, strictly;
//! - [`lines`] writes what we say, as JSON;
//! - [`reply`] finds the lines that answer an inbound;
//! - [`status`] takes what became of a message;
//! - [`callback`] pushes pieces and maps what the other side said.
//!
//! The JSON is documented in `docs/channels/webhook.md`.

mod callback;
mod door;
mod inbound;
mod lines;
mod problem;
mod reply;
mod signature;
mod status;

pub use callback::{CallbackAnswer, CallbackError, CallbackSender};
pub use signature::{Secret, SecretError};

use channel::{Capabilities, Channel, Hub, Outbound, Route, SendError, Sent};
use futures::{FutureExt, future::BoxFuture};
use model::{Address, AttachmentKind};
use std::sync::Arc;
use url::Url;

/// What a webhook channel needs to know.
pub struct Options {
    /// The shared secret: `whsec_` and base64 of 24 to 64 bytes.
    pub secret: String,
    /// Where outgoing messages are posted. Without one the channel is fetched from
    /// ([`Capabilities::pull`]): replies are in the answers.
    pub callback_url: Option<Url>,
    /// What posts them.
    pub sender: Arc<dyn CallbackSender>,
    /// How long an inbound's answer waits for the bot's reply, in milliseconds; at most [`REPLY_WAIT_MAX_MS`].
    pub reply_wait_ms: u64,
}

/// The longest an answer waits for the bot's reply.
pub const REPLY_WAIT_MAX_MS: u64 = 60_000;

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The secret.
    #[error("the webhook channel's secret {0}")]
    Secret(#[from] SecretError),
    /// The callback address.
    #[error("the webhook channel's callback address must begin with http:// or https:// and carry no user name or password")]
    Callback,
}

/// A webhook channel.
pub struct WebhookChannel {
    name: String,
    secret: Secret,
    callback: Option<Url>,
    sender: Arc<dyn CallbackSender>,
    reply_wait_ms: u64,
    capabilities: Capabilities,
}

impl WebhookChannel {
    /// The channel of this name in `bot.yaml`.
    ///
    /// # Errors
    /// If the secret or the callback address cannot be used.
    pub fn new(name: impl Into<String>, options: Options) -> Result<Self, OptionsError> {
        let Options { secret, callback_url, sender, reply_wait_ms } = options;
        let secret = Secret::parse(&secret)?;
        if let Some(url) = &callback_url
            && (!matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some())
        {
            return Err(OptionsError::Callback);
        }
        let capabilities = capabilities(callback_url.is_none());
        let reply_wait_ms = reply_wait_ms.min(REPLY_WAIT_MAX_MS);
        Ok(Self { name: name.into(), secret, callback: callback_url, sender, reply_wait_ms, capabilities })
    }
}

/// What a webhook carries: JSON carries everything; the limits only keep single requests small. `pull`: without a callback
/// the replies are fetched.
pub fn capabilities(pull: bool) -> Capabilities {
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    Capabilities {
        text_limit: 16_000,
        caption_limit: 16_000,
        buttons: 100,
        button_label: 1_000,
        quick_replies: 100,
        url_buttons: true,
        phone_buttons: true,
        markdown: true,
        attachments: vec![Image, File, Audio, Voice, Video, Sticker],
        attachment_limit: 64 * 1024 * 1024,
        linked: true,
        gallery: true,
        location: true,
        typing: false,
        pull,
    }
}

impl Channel for WebhookChannel {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn routes(self: Arc<Self>, hub: Arc<dyn Hub>) -> Vec<Route> {
        door::routes(self, hub)
    }

    fn run(self: Arc<Self>, _hub: Arc<dyn Hub>, _stop: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }

    fn send<'a>(&'a self, hub: &'a dyn Hub, out: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        callback::send(self, hub, out).boxed()
    }

    fn typing<'a>(&'a self, _address: &'a Address) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }
}

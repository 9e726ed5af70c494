//! Channels: how messages arrive and leave. One crate per channel behind one trait; translation, no policy.
//!
//! A channel turns what arrived into an [`Inbound`], calls [`Hub::accept`], and acknowledges its provider only
//! when that answered (INV-1). It sends what [`Channel::send`] is given and says honestly what came of it.
//! What a channel cannot show is degraded here ([`degrade`]), visibly and recorded, before `send` sees it.
//!
//! **Invariant:** channels never see the engine, the store or a contact; they see addresses and content.

pub mod conformance;
mod degrade;
mod http_types;

pub use degrade::{Degraded, Part, degrade};
pub use http_types::{Body, HttpRequest, HttpResponse, PathParams, Route, RouteHandler};

use futures::future::BoxFuture;
use model::{Address, Attachment, AttachmentKind, BlobId, Content, Delivery, Incoming, Instant, Linked, MessageId, TranscriptEntry};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a channel can show and carry. The engine and the degradation look at this, never at a channel's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The longest text of one message, in UTF-16 code units; longer ones are split (FL 3.8).
    pub text_limit: usize,
    /// The longest caption of an attachment, in UTF-16 code units.
    pub caption_limit: usize,
    /// How many buttons a message shows; 0 degrades them to a numbered list.
    pub buttons: usize,
    /// The longest button label, in characters.
    pub button_label: usize,
    /// How many quick replies it shows; 0 degrades them to a numbered list.
    pub quick_replies: usize,
    /// Whether buttons can open addresses.
    pub url_buttons: bool,
    /// Whether buttons can dial.
    pub phone_buttons: bool,
    /// Whether it renders Markdown.
    pub markdown: bool,
    /// Attachments it carries; others degrade to a link or a line that names them.
    pub attachments: Vec<AttachmentKind>,
    /// The largest attachment in bytes.
    pub attachment_limit: u64,
    /// Whether it shows files that are elsewhere by their address; others become a line with the address.
    pub linked: bool,
    /// Whether it shows a gallery as one row; else each card is a message of its own.
    pub gallery: bool,
    /// Whether it shows a place.
    pub location: bool,
    /// Whether it shows that the bot types.
    pub typing: bool,
    /// Whether the customer fetches messages by cursor: then a message is sent when it is committed and there
    /// is nothing for an outbox to do.
    pub pull: bool,
}

/// Something that arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// From whom.
    pub address: Address,
    /// The provider's id of this delivery, unique within the channel: a second one within 7 days is acknowledged and dropped.
    pub provider_id: String,
    /// What it is.
    pub incoming: Incoming,
}

/// What became of an inbound that was accepted; it is durable in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored, and processed now or soon. `answered` resolves when the step that consumed it is durable.
    New,
    /// It came before.
    Duplicate,
}

/// Why an inbound was not accepted: the provider must keep it and deliver it again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AcceptError {
    /// Too much waits already (FL 5.10); answer 429.
    #[error("too many messages wait for this contact; try again later")]
    TooMany,
    /// The runtime starts, stops or its store failed; answer 503 with Retry-After.
    #[error("the runtime is not ready; try again shortly")]
    Unavailable,
    /// The inbound makes no sense: over a limit, empty.
    #[error("{0}")]
    Refused(String),
    /// An event of somebody who never wrote or opened the conversation: there is no contact to record it on.
    #[error("there is no contact at this address yet")]
    Nobody,
}

/// A piece of an outgoing message, already fitted to the channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// To whom.
    pub address: Address,
    /// The message it belongs to.
    pub message: MessageId,
    /// Which piece: 0, 1, …; a message is one piece unless it was split.
    pub part: u32,
    /// What to show.
    pub content: Content,
    /// An id that stays the same when this piece is sent again.
    pub idempotency_key: String,
}

/// What a provider confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id, if it gave one.
    pub provider_id: Option<String>,
    /// What could not be shown as written, if the channel found more than [`degrade`] did.
    pub degraded: Vec<String>,
}

/// Why a piece was not sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// The provider asks to wait this many milliseconds; nothing arrived.
    #[error("the provider asks to wait {after_ms} ms")]
    RetryAfter {
        /// How long.
        after_ms: u64,
        /// Whether the wait is for this address alone or for the whole channel.
        whole_channel: bool,
    },
    /// Nothing arrived; trying again may help.
    #[error("not sent, to be tried again: {0}")]
    Temporary(String),
    /// It may or may not have arrived: the connection broke after it was written.
    #[error("it may or may not have arrived: {0}")]
    Unknown(String),
    /// It will never be sent.
    #[error("cannot be sent: {0}")]
    Permanent(String),
    /// Nothing gets through to this address any more (FL 7.4).
    #[error("the address is unreachable: {0}")]
    Unreachable(String),
}

/// Why an attachment could not be stored or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlobError {
    /// Larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// There is no such blob.
    #[error("there is no such file")]
    Missing,
    /// The disk failed.
    #[error("the file could not be stored or read: {0}")]
    Failed(String),
}

/// How the keys of records begin that say that somebody put a file down to be sent ([`Hub::put_record`]). Such a record names the file by
/// its id and says when that was (`at`); for a day it keeps the file, then it is forgotten. A message that names the file has it from then on.
pub const UPLOADS: &str = "upload/";

/// What the runtime offers a channel.
pub trait Hub: Send + Sync {
    /// Takes something that arrived; resolves when it is durable. Only then acknowledge the provider.
    fn accept(&self, inbound: Inbound) -> BoxFuture<'_, Result<Accepted, AcceptError>>;

    /// Resolves when everything this address sent so far was processed and its step is durable, or after
    /// `timeout_ms`. Answers the number of the newest transcript line.
    fn settled(&self, address: &Address, timeout_ms: u64) -> BoxFuture<'_, u64>;

    /// Stores a file's bytes durably; the same bytes have the same id.
    fn put_blob(&self, bytes: bytes::Bytes) -> BoxFuture<'_, Result<BlobId, BlobError>>;

    /// Says that a message is about to name a stored file: it stays from now on. Answers whether it is there; one may have been removed
    /// because it is kept no longer, or because whoever had it was erased.
    fn keep_blob(&self, id: &BlobId) -> BoxFuture<'_, bool>;

    /// Reads a stored file.
    fn get_blob(&self, id: &BlobId) -> BoxFuture<'_, Result<bytes::Bytes, BlobError>>;

    /// Transcript lines of the conversation on this address with `no > after`, oldest first, at most `limit`;
    /// empty if there is no such conversation yet.
    fn transcript(&self, address: &Address, after: u64, limit: usize) -> BoxFuture<'_, Vec<TranscriptEntry>>;

    /// Tells when something about this address changed: a new transcript line is durable, somebody types, the
    /// owner changed. Lines themselves are read with [`Hub::transcript`].
    fn watch(&self, address: &Address) -> tokio::sync::broadcast::Receiver<Notice>;

    /// The customer types (shown to an agent); not stored.
    fn typing(&self, address: &Address);

    /// The customer has seen what was said up to this transcript line. Resolves when that is durable; what is known, and a line that
    /// was never written, change nothing.
    fn read(&self, address: &Address, no: u64) -> BoxFuture<'_, Result<(), AcceptError>>;

    /// The other side tells what became of a message on this address: [`Delivery::Delivered`], [`Delivery::Read`] or
    /// [`Delivery::Failed`]. Resolves when that is durable, and answers whether such a message was said; one that tells no more than is
    /// known changes nothing.
    fn reported(&self, address: &Address, message: MessageId, delivery: Delivery) -> BoxFuture<'_, Result<bool, AcceptError>>;

    /// One of the channel's own durable records (a cursor, a token).
    fn record(&self, key: &str) -> BoxFuture<'_, Option<serde_json::Value>>;

    /// Stores one of the channel's own records durably; none deletes it.
    fn put_record(&self, key: &str, value: Option<serde_json::Value>) -> BoxFuture<'_, Result<(), AcceptError>>;

    /// The time.
    fn now(&self) -> Instant;

    /// What the bot is called. Follows reloads.
    fn bot_name(&self) -> String;

    /// The bot's `command` catches, for command menus: name without slash, description. Follows reloads.
    fn commands(&self) -> Vec<(String, String)>;

    /// The bot's menu (FL 8) in the language of the bot that fits best: what each entry says, and what choosing it
    /// sends as if it were typed. Without a menu, the commands. Follows reloads.
    fn menu(&self, language: Option<&str>) -> Vec<(String, String)> {
        let _ = language;
        let item = |(name, text): (String, String)| {
            let label = if text.trim().is_empty() { format!("/{name}") } else { text };
            (label, format!("/{name}"))
        };
        self.commands().into_iter().map(item).collect()
    }

    /// The same commands, described in the language of the bot that fits best.
    fn commands_in(&self, language: &str) -> Vec<(String, String)>;

    /// The languages the bot speaks, the one it is written in first; none if it declares none. Follows reloads.
    fn languages(&self) -> Vec<String>;

    /// The keys of the segments the person at this address is in now, sorted; none if nobody is there.
    fn segments(&self, address: &Address) -> BoxFuture<'_, Vec<String>>;

    /// One line for the operator's log; never message text, tokens or phone numbers.
    fn log(&self, line: &str);
}

/// Something changed on an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Notice {
    /// Transcript lines up to this number are durable.
    Lines {
        /// The newest number.
        no: u64,
    },
    /// The bot or an agent types.
    Typing {
        /// The agent's name; none for the bot.
        name: Option<String>,
    },
    /// Who answers now.
    Owner {
        /// `bot`, `queue` or `agent`.
        owner: String,
        /// The agent's name.
        name: Option<String>,
        /// The place in line.
        position: Option<u32>,
    },
}

/// A connected channel.
pub trait Channel: Send + Sync + 'static {
    /// Its type: `web`, `telegram`, `webhook`.
    fn kind(&self) -> &'static str;

    /// Its key under `channels:` in `bot.yaml`.
    fn name(&self) -> &str;

    /// What it can show and carry.
    fn capabilities(&self) -> &Capabilities;

    /// Routes to mount under `/c/<name>/`. A route handler answers 5xx or 429 where [`Hub::accept`] did not accept.
    fn routes(self: Arc<Self>, hub: Arc<dyn Hub>) -> Vec<Route>;

    /// Runs until `stop` is told: long polls, registers webhooks and command menus. Channels that only have
    /// routes return at once.
    fn run(self: Arc<Self>, hub: Arc<dyn Hub>, stop: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()>;

    /// Sends one piece. The runtime keeps the order per address and never has two pieces of one address under way.
    /// Not called for channels that are [`Capabilities::pull`].
    fn send<'a>(&'a self, hub: &'a dyn Hub, out: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>>;

    /// Shows that the bot types, if it can; best effort.
    fn typing<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, ()>;
}

/// How an attachment reads where it cannot be shown.
pub fn attachment_line(attachment: &Attachment) -> String {
    let words = if attachment.alt.is_empty() { &attachment.name } else { &attachment.alt };
    format!("[{}: {words}]", kind_word(attachment.kind))
}

/// How a file that is elsewhere reads where it cannot be shown.
pub fn linked_line(link: &Linked) -> String {
    let words = if link.alt.is_empty() { &link.name } else { &link.alt };
    let what = if words.is_empty() { format!("[{}]", kind_word(link.kind)) } else { format!("[{}: {words}]", kind_word(link.kind)) };
    format!("{what} {}", link.url)
}

fn kind_word(kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Image => "picture",
        AttachmentKind::File => "file",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Voice => "voice message",
        AttachmentKind::Video => "video",
        AttachmentKind::Sticker => "sticker",
    }
}

/// The bytes of an attachment: those stored with its message, or the hub's.
///
/// # Errors
/// [`BlobError`] if they cannot be read.
pub async fn bytes_of(hub: &dyn Hub, attachment: &Attachment) -> Result<bytes::Bytes, BlobError> {
    match &attachment.made {
        Some(text) => Ok(bytes::Bytes::from(text.clone())),
        None => hub.get_blob(&attachment.blob).await,
    }
}

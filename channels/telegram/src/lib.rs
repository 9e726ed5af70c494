//! The Telegram channel: private chats with a bot, by long polling or webhook.
//!
//! Translation, no policy: updates become [`Inbound`](channel::Inbound)s, contents become calls of the Bot API, failures become
//! [`SendError`]s. What is shown how, and what Telegram cannot show, is in `docs/channels/telegram.md`.
//!
//! - in: `poll` or `hook` → `inbound` (reading) → `intake` (file, accept, answer);
//! - out: `outbound` (planning, with `markup` and `markdown`) → `send`;
//! - beside: `menu`, `keyboards`, `flood`; all of it through `api`.
//!
//! **Invariant:** an update is confirmed to Telegram only after the runtime stored it. **Invariant:** the token is in no
//! log line, error or `Debug` output.

mod api;
mod flood;
mod hook;
mod inbound;
mod intake;
mod keyboards;
mod lanes;
mod markdown;
mod markup;
mod menu;
mod options;
mod outbound;
mod poll;
mod send;
mod trouble;

pub use options::{Mode, Options, OptionsError, Pace};

use api::Api;
use channel::{Capabilities, Channel, Hub, Outbound, Route, SendError, Sent};
use flood::Flood;
use futures::{FutureExt, future::BoxFuture};
use intake::Intake;
use keyboards::Keyboards;
use lanes::Lanes;
use model::{Address, AttachmentKind};
use send::{Progress, Sender};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use teloxide::{
    payloads::SendChatAction,
    types::{ChatAction, ChatId, ReplyMarkup},
};

/// A bot on Telegram.
pub struct TelegramChannel {
    name: String,
    bot: u64,
    mode: Mode,
    pace: Pace,
    api: Arc<Api>,
    capabilities: Capabilities,
    keyboards: Arc<Keyboards>,
    lanes: Arc<Lanes>,
    flood: Flood,
    progress: Progress,
}

impl TelegramChannel {
    /// A channel of this name; nothing connects before [`Channel::run`].
    pub fn new(name: impl Into<String>, options: Options) -> Result<Self, OptionsError> {
        let bot = options.check()?;
        Ok(Self {
            name: name.into(),
            bot,
            api: Arc::new(Api::new(&options.token, options.api_url)),
            mode: options.mode,
            pace: options.pace,
            capabilities: capabilities(),
            keyboards: Arc::default(),
            lanes: Arc::default(),
            flood: Flood::default(),
            progress: Progress::default(),
        })
    }

    fn intake(&self, hub: Arc<dyn Hub>) -> Intake {
        Intake {
            api: Arc::clone(&self.api),
            hub,
            channel: self.name.clone(),
            bot: self.bot,
            keyboards: Arc::clone(&self.keyboards),
            lanes: Arc::clone(&self.lanes),
            pace: self.pace.clone(),
            left_out: Mutex::new(BTreeSet::new()),
        }
    }
}

/// What Telegram shows and carries.
pub fn capabilities() -> Capabilities {
    use AttachmentKind::{Audio, File, Image, Sticker, Video, Voice};
    Capabilities {
        text_limit: outbound::TEXT,
        caption_limit: outbound::CAPTION,
        buttons: 100,
        button_label: 64,
        quick_replies: 100,
        url_buttons: true,
        phone_buttons: false,
        markdown: true,
        attachments: vec![Image, File, Audio, Voice, Video, Sticker],
        attachment_limit: outbound::FILE,
        linked: true,
        gallery: false,
        location: true,
        typing: true,
        pull: false,
    }
}

impl Channel for TelegramChannel {
    fn kind(&self) -> &'static str {
        "telegram"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn routes(self: Arc<Self>, hub: Arc<dyn Hub>) -> Vec<Route> {
        match &self.mode {
            Mode::Polling => Vec::new(),
            Mode::Webhook { secret, .. } => vec![hook::route(Arc::new(self.intake(hub)), secret.clone())],
        }
    }

    fn run(self: Arc<Self>, hub: Arc<dyn Hub>, stop: tokio::sync::watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        async move {
            let intake = self.intake(hub);
            let updates = match &self.mode {
                Mode::Polling => poll::run(&intake, stop.clone()).boxed(),
                Mode::Webhook { public_url, secret } => hook::register(&intake, public_url, secret, stop.clone()).boxed(),
            };
            futures::join!(updates, menu::run(&intake, stop));
        }
        .boxed()
    }

    fn send<'a>(&'a self, hub: &'a dyn Hub, out: &'a Outbound) -> BoxFuture<'a, Result<Sent, SendError>> {
        async move {
            let Some(chat) = send::chat(&out.address.id) else {
                return Err(SendError::Permanent("the address is not a Telegram chat".into()));
            };
            let Self { api, flood, progress, pace, .. } = self;
            let sender = Sender { api, hub, flood, progress, timeout: pace.call };
            let (sent, markup) = sender.send(chat, out, self.keyboards.is_spent(chat)).await?;
            match markup {
                Some(ReplyMarkup::Keyboard(_)) => self.keyboards.shown(chat),
                Some(ReplyMarkup::KeyboardRemove(_)) => self.keyboards.removed(chat),
                Some(ReplyMarkup::InlineKeyboard(_) | ReplyMarkup::ForceReply(_)) | None => {}
            }
            Ok(sent)
        }
        .boxed()
    }

    fn typing<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, ()> {
        async move {
            if let Some(chat) = send::chat(&address.id) {
                // Shown for five seconds; if it fails, nothing is missing.
                let _ = self.api.call(&SendChatAction::new(ChatId(chat), ChatAction::Typing), Duration::from_secs(5)).await;
            }
        }
        .boxed()
    }
}

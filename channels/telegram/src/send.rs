//! Sending a planned piece, and saying honestly what came of it.

use crate::{
    api::{Api, Failure, Upload},
    flood::Flood,
    outbound::{self, Call, How, Show, Words},
};
use channel::{BlobError, Hub, Outbound, SendError, Sent};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use teloxide::{
    payloads::{SendLocation, SendLocationSetters, SendMessage, SendMessageSetters},
    types::{ChatId, Recipient, ReplyMarkup},
};

/// Pieces of several messages whose beginning is remembered; the oldest are forgotten first.
const HALF_SENT: usize = 1_024;

/// How far pieces of several messages got, by idempotency key.
#[derive(Default)]
pub struct Progress(Mutex<BTreeMap<String, usize>>);

impl Progress {
    fn of(&self, key: &str) -> usize {
        self.0.lock().expect("nothing panics while it holds the progress").get(key).copied().unwrap_or(0)
    }

    fn put(&self, key: &str, done: Option<usize>) {
        let mut all = self.0.lock().expect("nothing panics while it holds the progress");
        match done {
            Some(done) => {
                all.insert(key.to_owned(), done);
                if all.len() > HALF_SENT {
                    all.pop_first();
                }
            }
            None => {
                all.remove(key);
            }
        }
    }
}

/// What sending needs.
pub struct Sender<'a> {
    pub(crate) api: &'a Api,
    pub(crate) hub: &'a dyn Hub,
    pub(crate) flood: &'a Flood,
    pub(crate) progress: &'a Progress,
    pub(crate) timeout: Duration,
}

/// Where it goes, from an address's id.
pub fn chat(id: &str) -> Option<i64> {
    id.parse().ok()
}

impl Sender<'_> {
    /// Sends a piece; `close_keyboard` takes the chat's spent reply keyboard away with it, where it has no keyboard itself.
    /// Answers also what keyboard went with it.
    pub async fn send(&self, chat: i64, out: &Outbound, close_keyboard: bool) -> Result<(Sent, Option<ReplyMarkup>), SendError> {
        let mut plan = outbound::plan(&out.content);
        let count = plan.calls.len();
        let Some(last) = plan.calls.last_mut() else {
            return Err(SendError::Permanent("there is nothing in it that Telegram shows".into()));
        };
        if last.markup.is_none() && close_keyboard {
            last.markup = Some(ReplyMarkup::kb_remove());
        }
        let markup = last.markup.clone();
        let mut provider_id = None;
        for (n, call) in plan.calls.iter().enumerate().skip(self.progress.of(&out.idempotency_key)) {
            provider_id = self.call(chat, call, &mut plan.notes).await?;
            if n + 1 < count {
                self.progress.put(&out.idempotency_key, Some(n + 1));
            }
        }
        if count > 1 {
            self.progress.put(&out.idempotency_key, None);
        }
        Ok((Sent { provider_id, degraded: plan.notes }, markup))
    }

    /// Makes one message; answers its number.
    async fn call(&self, chat: i64, call: &Call, notes: &mut Vec<String>) -> Result<Option<String>, SendError> {
        let to = Recipient::Id(ChatId(chat));
        let answer = match &call.show {
            Show::Text(words) => self.text(to, words, call.markup.as_ref()).await,
            Show::Link(link, how, words) => {
                let (method, field) = how.method();
                let mut body: serde_json::Map<String, Json> =
                    serde_json::Map::from_iter([(field.to_owned(), Json::from(link.url.as_str()))]);
                // In JSON, what stands as text in a form stands as what it is.
                let plain = fields(chat, words, call.markup.as_ref()).into_iter();
                body.extend(plain.map(|(name, text)| match name {
                    "caption" => (name.to_owned(), Json::from(text)),
                    _ => (name.to_owned(), serde_json::from_str(&text).unwrap_or(Json::from(text))),
                }));
                match self.api.post(method, &Json::Object(body), self.timeout).await {
                    Err(Failure::Refused { status: 400, description, .. }) if is_about_the_address(&description) => {
                        notes.push(format!("a file is shown by its address: Telegram could not fetch it ({description})"));
                        self.text(to, &outbound::beside_address(link, words.clone()), call.markup.as_ref()).await
                    }
                    answer => answer,
                }
            }
            Show::Place(place) => {
                let mut message = SendLocation::new(to, place.latitude, place.longitude);
                if let Some(markup) = &call.markup {
                    message = message.reply_markup(markup.clone());
                }
                self.api.call(&message, self.timeout).await
            }
            Show::File(file, how, words) => {
                let bytes = channel::bytes_of(self.hub, file).await.map_err(|error| match error {
                    BlobError::Failed(_) => SendError::Temporary(error.to_string()),
                    BlobError::Missing | BlobError::TooLarge(_) => SendError::Permanent(format!("{}: {error}", file.name)),
                })?;
                if bytes.is_empty() || bytes.len() as u64 > outbound::FILE {
                    return Err(SendError::Permanent(format!("{}: Telegram takes files of 1 byte to 50 MB", file.name)));
                }
                let upload = |how: How| {
                    let (method, field) = how.method();
                    let upload = Upload { field, name: file.name.clone(), mime: file.mime.clone(), bytes: bytes.clone() };
                    let timeout = self.timeout + Duration::from_secs(bytes.len() as u64 / 100_000);
                    self.api.upload(method, fields(chat, words, call.markup.as_ref()), upload, timeout)
                };
                match upload(*how).await {
                    // Telegram looks into files: a picture it cannot shrink, a film it cannot play.
                    Err(Failure::Refused { status: 400, description, .. }) if *how != How::Document && is_about_the_file(&description) => {
                        notes.push(format!("{} sent as a file: Telegram does not show it ({description})", file.name));
                        upload(How::Document).await
                    }
                    answer => answer,
                }
            }
        };
        let message = answer.map_err(|failure| self.judge(chat, failure))?;
        Ok(message["message_id"].as_i64().map(|id| id.to_string()))
    }

    async fn text(&self, to: Recipient, words: &Words, markup: Option<&ReplyMarkup>) -> Result<Json, Failure> {
        let mut message = SendMessage::new(to, &words.text);
        if !words.entities.is_empty() {
            message = message.entities(words.entities.clone());
        }
        message.reply_markup = markup.cloned();
        self.api.call(&message, self.timeout).await
    }

    /// What a failure means for the piece.
    fn judge(&self, chat: i64, failure: Failure) -> SendError {
        let words = failure.to_string();
        match failure {
            Failure::NotSent(_) => SendError::Temporary(words),
            Failure::Broken(_) => SendError::Unknown(words),
            Failure::Refused { status: 429, retry_after, .. } => {
                let after_ms = u64::from(retry_after.unwrap_or(1).max(1)) * 1_000;
                SendError::RetryAfter { after_ms, whole_channel: self.flood.told(chat, self.hub.now(), after_ms) }
            }
            Failure::Refused { status: 403, description, .. } => SendError::Unreachable(description),
            Failure::Refused { status: 400, description, .. } if is_about_the_chat(&description) => SendError::Unreachable(description),
            Failure::Refused { status: 401 | 404, .. } => {
                self.hub.log("telegram: THE TOKEN IS REFUSED: copy it again from @BotFather; messages wait meanwhile");
                SendError::Temporary("Telegram does not know the token".into())
            }
            // A redirect is not followed, since it would carry the token away; somebody has to look at the address.
            Failure::Refused { status: 300..=399 | 408 | 409 | 500..=599, .. } => SendError::Temporary(words),
            Failure::Refused { .. } => SendError::Permanent(words),
        }
    }
}

fn is_about_the_chat(description: &str) -> bool {
    ["chat not found", "user not found", "PEER_ID_INVALID", "USER_DEACTIVATED", "user is deactivated"]
        .iter()
        .any(|words| description.contains(words))
}

/// Telegram could not fetch an address, or found something else there.
fn is_about_the_address(description: &str) -> bool {
    ["failed to get HTTP URL content", "wrong type of the web page content", "wrong file identifier/HTTP URL specified", "WEBPAGE_"]
        .iter()
        .any(|words| description.contains(words))
        || is_about_the_file(description)
}

fn is_about_the_file(description: &str) -> bool {
    [
        "IMAGE_PROCESS_FAILED",
        "PHOTO_",
        "VIDEO_",
        "STICKER_",
        "VOICE_",
        "file of type",
        "wrong file",
        "image dimensions",
        "failed to get HTTP URL content",
    ]
    .iter()
    .any(|words| description.contains(words))
}

/// The fields beside a file.
fn fields(chat: i64, words: &Words, markup: Option<&ReplyMarkup>) -> Vec<(&'static str, String)> {
    let json = |value: Result<Json, serde_json::Error>| value.expect("Telegram's types are plain data").to_string();
    let mut fields = vec![("chat_id", chat.to_string())];
    if !words.text.trim().is_empty() {
        fields.push(("caption", words.text.clone()));
        if !words.entities.is_empty() {
            fields.push(("caption_entities", json(serde_json::to_value(&words.entities))));
        }
    }
    if let Some(markup) = markup {
        fields.push(("reply_markup", json(serde_json::to_value(markup))));
    }
    fields
}

//! One update on its way in: read, its file loaded, accepted, its button answered.
//!
//! **Invariant:** an update counts as taken only when the runtime stored it durably, or when there is nothing in it to
//! store (INV-1).

use crate::{
    api::{Api, FileFailure},
    inbound::{self, FileRef, Said, What},
    keyboards::Keyboards,
    lanes::Lanes,
    options::Pace,
};
use channel::{AcceptError, Hub, Inbound};
use model::{Address, Attachment, Content, Incoming, IncomingBody};
use serde_json::Value as Json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use teloxide::{
    payloads::{AnswerCallbackQuery, GetFile},
    types::{CallbackQueryId, FileId},
};

/// The largest file Telegram lets bots load.
pub const FILE_LIMIT: u64 = 20 * 1024 * 1024;

/// The way in, shared by polling and webhook.
pub struct Intake {
    pub(crate) api: Arc<Api>,
    pub(crate) hub: Arc<dyn Hub>,
    pub(crate) channel: String,
    pub(crate) bot: u64,
    pub(crate) keyboards: Arc<Keyboards>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) pace: Pace,
    /// Reasons for leaving updates out that were logged; each is said once.
    pub(crate) left_out: Mutex<BTreeSet<&'static str>>,
}

impl Intake {
    /// Takes one update. After `Ok` it may be confirmed to Telegram; after an error it must not be.
    pub async fn take(&self, update: &Json) -> Result<(), AcceptError> {
        let Some(update) = inbound::read(update) else {
            self.hub.log("telegram: an update without a number was left out");
            return Ok(());
        };
        let _turn = match update.chat {
            Some(chat) => Some(self.lanes.turn(chat).await),
            None => None,
        };
        match update.what {
            What::Said(said) => self.accept(update.id, *said).await?,
            What::Nothing(why) => {
                if self.left_out.lock().expect("nothing panics while it holds the reasons").insert(why) {
                    self.hub.log(&format!("telegram: left out {why} (said once)"));
                }
            }
        }
        if let Some(query) = update.query {
            self.answer(query);
        }
        Ok(())
    }

    async fn accept(&self, id: i64, said: Said) -> Result<(), AcceptError> {
        let Said { chat, mut body, at, profile, file } = said;
        if let (Some(file), IncomingBody::Message(content)) = (&file, &mut body) {
            self.attach(file, content).await?;
        }
        if matches!(body, IncomingBody::Message(_) | IncomingBody::Press { .. }) {
            self.keyboards.answered(chat);
        }
        let inbound = |body| Inbound {
            address: Address { channel: self.channel.clone(), id: chat.to_string() },
            // Two bots may number their updates alike, and a channel may be given another bot's token.
            provider_id: format!("{}:{id}", self.bot),
            incoming: Incoming { body, at: at.unwrap_or_else(|| self.hub.now()), profile: profile.clone(), client_id: None },
        };
        match self.hub.accept(inbound(body)).await {
            Ok(_new_or_duplicate) => Ok(()),
            // Telegram raises no events of its own; one of a stranger would have nobody to be recorded on.
            Err(AcceptError::Nobody) => Ok(()),
            Err(AcceptError::Refused(why)) => {
                // It would be refused each time it is delivered. That it came is kept.
                self.hub.log(&format!("telegram: a message was not accepted as it is: {why}"));
                let note = Content { unsupported: Some(format!("message that was not accepted: {why}")), ..Content::default() };
                match self.hub.accept(inbound(IncomingBody::Message(note))).await {
                    Ok(_) | Err(AcceptError::Refused(_) | AcceptError::Nobody) => Ok(()),
                    Err(error @ (AcceptError::TooMany | AcceptError::Unavailable)) => Err(error),
                }
            }
            Err(error @ (AcceptError::TooMany | AcceptError::Unavailable)) => Err(error),
        }
    }

    /// Loads a message's file and stores it. A file that cannot be had becomes a note in its place.
    async fn attach(&self, file: &FileRef, content: &mut Content) -> Result<(), AcceptError> {
        let megabytes = |size: u64| format!("{:.1} MB", size as f64 / 1_048_576.0);
        let note = match self.load(file).await {
            Ok(bytes) => {
                let size = bytes.len() as u64;
                match self.hub.put_blob(bytes).await {
                    Ok(blob) => {
                        let (name, mime) = (file.name.clone(), file.mime.clone());
                        content.attachments.push(Attachment { kind: file.kind, blob, name, mime, size, alt: String::new(), made: None });
                        return Ok(());
                    }
                    Err(channel::BlobError::TooLarge(limit)) => format!("larger than {}", megabytes(limit)),
                    Err(channel::BlobError::Missing | channel::BlobError::Failed(_)) => return Err(AcceptError::Unavailable),
                }
            }
            Err(FileFailure::TooLarge) => match file.size {
                Some(size) => format!("{}, larger than the {} Telegram gives to bots", megabytes(size), megabytes(FILE_LIMIT)),
                None => format!("larger than the {} Telegram gives to bots", megabytes(FILE_LIMIT)),
            },
            Err(FileFailure::Gone(why) | FileFailure::Temporary(why)) => {
                self.hub.log(&format!("telegram: a {} could not be loaded: {why}", file.noun));
                "could not be loaded".to_owned()
            }
        };
        content.unsupported = Some(format!("{} ({note})", file.noun));
        Ok(())
    }

    async fn load(&self, file: &FileRef) -> Result<bytes::Bytes, FileFailure> {
        if file.size.is_some_and(|size| size > FILE_LIMIT) {
            return Err(FileFailure::TooLarge);
        }
        let tries = async {
            let mut wait = self.pace.retry_first;
            loop {
                match self.load_once(file).await {
                    Err(FileFailure::Temporary(_)) => tokio::time::sleep(wait).await,
                    done => return done,
                }
                wait = (wait * 2).min(self.pace.retry_max);
            }
        };
        // Bounded, since everything later waits for it.
        tokio::time::timeout(self.pace.download, tries).await.unwrap_or_else(|_| Err(FileFailure::Gone("it took too long".into())))
    }

    async fn load_once(&self, file: &FileRef) -> Result<bytes::Bytes, FileFailure> {
        let found = self.api.call(&GetFile::new(FileId(file.id.clone())), self.pace.call).await?;
        let path = found["file_path"].as_str().ok_or_else(|| FileFailure::Gone("Telegram gave no path".into()))?;
        self.api.download(path, FILE_LIMIT).await
    }

    /// Ends the turning of a pressed button, on its own: the press is stored, and if this fails nothing is lost.
    fn answer(&self, query: String) {
        let (api, timeout) = (Arc::clone(&self.api), self.pace.call.min(Duration::from_secs(10)));
        tokio::spawn(async move {
            let _ = api.call(&AnswerCallbackQuery::new(CallbackQueryId(query)), timeout).await;
        });
    }
}

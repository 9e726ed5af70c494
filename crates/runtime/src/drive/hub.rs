//! What a channel sees of the runtime: the shell, narrowed to one channel's addresses and records.

use super::Shell;
use crate::DeskEvent;
use bytes::Bytes;
use channel::{AcceptError, Accepted, BlobError, Hub, Inbound, Notice};
use futures::{FutureExt, future::BoxFuture};
use model::{Address, BlobId, Delivery, IncomingBody, Instant, MessageId, Owner, TranscriptEntry};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use store::RecordPut;
use tokio::sync::broadcast;

/// The longest text of one inbound message, in bytes; channels have smaller limits of their own.
const TEXT_LIMIT: usize = 64 * 1024;
/// The longest address and provider id, in bytes.
const ID_LIMIT: usize = 512;
/// The most attachments of one inbound message.
const ATTACHMENTS: usize = 32;

/// One channel's hub.
struct ChannelHub {
    shell: Arc<Shell>,
    channel: String,
}

impl Shell {
    /// The hub of the channel of this name.
    pub(crate) fn hub(self: &Arc<Self>, channel: &str) -> Arc<dyn Hub> {
        Arc::new(ChannelHub { shell: self.clone(), channel: channel.to_owned() })
    }

    /// Hands a commit to the store: nothing of the runtime reaches it in another way.
    pub(crate) fn commit(&self, commit: store::Commit, done: store::Done) {
        self.veils.commit(&*self.store, commit, done);
    }

    /// Hands a commit to the store and waits for the answer on this thread.
    pub(crate) fn commit_blocking(&self, commit: store::Commit) -> Result<store::Seq, store::Error> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        self.commit(
            commit,
            Box::new(move |answer| {
                // The receiver waits below; if it is gone nobody asks any more.
                let _ = tell.send(answer);
            }),
        );
        told.recv().unwrap_or_else(|_| Err(store::Error::Failed("the writer went away".into())))
    }

    /// Stores a record durably; none deletes it.
    pub(crate) async fn put_record(self: &Arc<Self>, table: &str, key: &str, value: Option<Value>) -> Result<(), store::Error> {
        self.put_records(vec![RecordPut { table: table.to_owned(), key: key.to_owned(), value }]).await
    }

    /// Stores records durably, all or none.
    pub(crate) async fn put_records(self: &Arc<Self>, records: Vec<RecordPut>) -> Result<(), store::Error> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let commit = store::Commit { records, ..store::Commit::default() };
        self.commit(commit, Box::new(move |answer| drop(tell.send(answer))));
        let answer = told.await.unwrap_or_else(|_| Err(store::Error::Failed("the writer went away".into())));
        if let Err(error @ (store::Error::Failed(_) | store::Error::Corrupt(_))) = &answer {
            self.fail(&error.to_string());
        }
        answer.map(|_| ())
    }

    /// Reads off the async threads; a store that cannot be read stops the runtime.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&dyn store::Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || read(&*store)).await {
            Ok(Ok(found)) => Some(found),
            Ok(Err(error)) => {
                self.fail(&error.to_string());
                None
            }
            // The runtime of tokio is going down.
            Err(_) => None,
        }
    }

    /// The conversation on an address with its newest line.
    async fn conversation_at(self: &Arc<Self>, address: Address) -> Option<(model::ContactId, model::Conversation)> {
        self.read(move |store| {
            let Some(contact) = store.person_at(&address)? else { return Ok(None) };
            let person = store.person(contact)?;
            Ok(person.and_then(|p| p.conversation_at(&address).map(|c| (contact, c.clone()))))
        })
        .await
        .flatten()
    }
}

impl ChannelHub {
    fn table(&self) -> String {
        format!("channel/{}", self.channel)
    }

    fn check(&self, inbound: &Inbound) -> Result<(), AcceptError> {
        let refused = |why: &str| Err(AcceptError::Refused(why.to_owned()));
        let Inbound { address, provider_id, incoming } = inbound;
        if address.channel != self.channel {
            return refused("the address belongs to another channel");
        }
        if address.id.is_empty() || address.id.len() > ID_LIMIT {
            return refused("the sender's id must have between 1 and 512 bytes");
        }
        if provider_id.is_empty() || provider_id.len() > ID_LIMIT {
            return refused("the message id must have between 1 and 512 bytes");
        }
        match &incoming.body {
            IncomingBody::Message(content) if content.text.len() > TEXT_LIMIT => {
                refused("the text is longer than 64 KiB; send it in parts")
            }
            IncomingBody::Message(content) if content.attachments.len() > ATTACHMENTS => {
                refused("a message has at most 32 files; send them in parts")
            }
            IncomingBody::Message(content) if content.is_empty() && content.pressed.is_none() => refused("the message is empty"),
            IncomingBody::Press { token, label } if token.len() > ID_LIMIT || label.len() > TEXT_LIMIT => refused("the button is too long"),
            IncomingBody::Opened { payload: Some(payload) } if payload.len() > TEXT_LIMIT => refused("the link's payload is too long"),
            IncomingBody::Event { name, .. } if name.is_empty() || name.len() > ID_LIMIT => {
                refused("an event's name must have between 1 and 512 bytes")
            }
            IncomingBody::Event { .. }
            | IncomingBody::Message(_)
            | IncomingBody::Press { .. }
            | IncomingBody::Opened { .. }
            | IncomingBody::Unreachable { .. }
            | IncomingBody::Reachable => Ok(()),
        }
    }
}

fn blob_error(error: store::BlobError) -> BlobError {
    BlobError::Failed(error.to_string())
}

/// The commands a menu shows.
fn commands(bot: &engine::Bot, language: Option<&str>) -> Vec<(String, String)> {
    // A menu says which commands are shown, in which order and under which words (FL 8).
    let menu: Vec<_> = bot.menu(language).into_iter().filter_map(|item| Some((item.command?, item.label))).collect();
    if menu.is_empty() { bot.commands_in(language) } else { menu }
}

impl Hub for ChannelHub {
    fn accept(&self, inbound: Inbound) -> BoxFuture<'_, Result<Accepted, AcceptError>> {
        async move {
            self.check(&inbound)?;
            self.shell.accept(inbound).await
        }
        .boxed()
    }

    fn settled(&self, address: &Address, timeout_ms: u64) -> BoxFuture<'_, u64> {
        let address = address.clone();
        async move {
            self.shell.settled(&address, Duration::from_millis(timeout_ms)).await;
            self.shell.conversation_at(address).await.map_or(0, |(_, conversation)| conversation.last_no)
        }
        .boxed()
    }

    fn put_blob(&self, bytes: Bytes) -> BoxFuture<'_, Result<BlobId, BlobError>> {
        let blobs = self.shell.blobs.clone();
        async move {
            let put = tokio::task::spawn_blocking(move || blobs.put(&bytes)).await;
            put.map_err(|ended| BlobError::Failed(ended.to_string()))?.map_err(blob_error)
        }
        .boxed()
    }

    fn keep_blob(&self, id: &BlobId) -> BoxFuture<'_, bool> {
        let (blobs, id) = (self.shell.blobs.clone(), id.clone());
        async move { tokio::task::spawn_blocking(move || blobs.keep(&id)).await.unwrap_or(false) }.boxed()
    }

    fn get_blob(&self, id: &BlobId) -> BoxFuture<'_, Result<Bytes, BlobError>> {
        let (blobs, id) = (self.shell.blobs.clone(), id.clone());
        async move {
            let got = tokio::task::spawn_blocking(move || blobs.get(&id)).await;
            let found = got.map_err(|ended| BlobError::Failed(ended.to_string()))?.map_err(blob_error)?;
            found.map(Bytes::from).ok_or(BlobError::Missing)
        }
        .boxed()
    }

    fn transcript(&self, address: &Address, after: u64, limit: usize) -> BoxFuture<'_, Vec<TranscriptEntry>> {
        let address = address.clone();
        async move {
            let Some((contact, conversation)) = self.shell.conversation_at(address).await else { return Vec::new() };
            let lines = self.shell.read(move |store| store.transcript(contact, conversation.id, after, limit)).await;
            lines.unwrap_or_default()
        }
        .boxed()
    }

    fn watch(&self, address: &Address) -> broadcast::Receiver<Notice> {
        self.shell.watchers.watch(address)
    }

    fn typing(&self, address: &Address) {
        let (shell, address) = (self.shell.clone(), address.clone());
        let runtime = shell.runtime.clone();
        runtime.spawn(async move {
            if let Some((_, conversation)) = shell.conversation_at(address).await
                && conversation.owner != Owner::Bot
            {
                // Nobody at the desk is fine.
                let _ = shell.desk.send(DeskEvent::Typing { conversation: conversation.id });
            }
        });
    }

    fn read(&self, address: &Address, no: u64) -> BoxFuture<'_, Result<(), AcceptError>> {
        self.shell.seen_to(address.clone(), no).boxed()
    }

    fn reported(&self, address: &Address, message: MessageId, delivery: Delivery) -> BoxFuture<'_, Result<bool, AcceptError>> {
        self.shell.told(address.clone(), message, delivery).boxed()
    }

    fn record(&self, key: &str) -> BoxFuture<'_, Option<Value>> {
        let (table, key) = (self.table(), key.to_owned());
        async move { self.shell.read(move |store| store.record(&table, &key)).await.flatten() }.boxed()
    }

    fn put_record(&self, key: &str, value: Option<Value>) -> BoxFuture<'_, Result<(), AcceptError>> {
        let (table, key) = (self.table(), key.to_owned());
        async move {
            let put = if key.starts_with(channel::UPLOADS) {
                self.shell.put_upload(&table, &key, value).await
            } else {
                self.shell.put_record(&table, &key, value).await
            };
            put.map_err(|_| AcceptError::Unavailable)
        }
        .boxed()
    }

    fn now(&self) -> Instant {
        self.shell.clock.now()
    }

    fn commands(&self) -> Vec<(String, String)> {
        commands(&self.shell.bot(), None)
    }

    fn commands_in(&self, language: &str) -> Vec<(String, String)> {
        commands(&self.shell.bot(), Some(language))
    }

    fn bot_name(&self) -> String {
        self.shell.bot().name().to_owned()
    }

    fn languages(&self) -> Vec<String> {
        self.shell.bot().languages().to_vec()
    }

    fn segments(&self, address: &Address) -> BoxFuture<'_, Vec<String>> {
        let address = address.clone();
        async move {
            let Some(contact) = self.shell.read(move |store| store.person_at(&address)).await.flatten() else { return Vec::new() };
            self.shell.ask(|core| {
                let rules = core.segments();
                let mut keys: Vec<String> = rules.iter().map(|rule| rule.key.clone()).filter(|key| core.is_member(contact, key)).collect();
                keys.sort_unstable();
                keys
            })
        }
        .boxed()
    }

    fn menu(&self, language: Option<&str>) -> Vec<(String, String)> {
        let bot = self.shell.bot();
        let menu = bot.menu(language);
        if menu.is_empty() {
            return bot.commands_in(language).into_iter().map(|(name, text)| (text, format!("/{name}"))).collect();
        }
        // What is chosen is said in the customer's words: the label itself leads there.
        menu.into_iter().map(|item| (item.label.clone(), item.label)).collect()
    }

    fn log(&self, line: &str) {
        // One line stays one line, whatever a provider put into it.
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        tracing::info!(channel = self.channel, "{line}");
    }
}

//! A hub in memory: it records what it is asked, answers like the runtime, and fails when told to.

use crate::{AcceptError, Accepted, BlobError, Hub, Inbound, Notice};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use model::{
    Address, Author, BlobId, Content, ConversationId, Delivery, DeliveryUpdate, IdSource, IncomingBody, Instant, Message, MessageId,
    TranscriptEntry,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::{broadcast, watch};

/// What a bot of a test says to something that arrived.
type Responder = Box<dyn Fn(&Inbound) -> Vec<Content> + Send + Sync>;

/// A [`Hub`] in memory.
///
/// An accepted message or press becomes a transcript line of the customer with its `client_id`, and the
/// responder's contents become lines of the bot, as with the runtime. Clones of the `Arc` see the same state.
pub struct TestHub {
    channel: String,
    state: Mutex<State>,
    /// Grows with every change; what waiting futures wait for.
    changed: watch::Sender<u64>,
}

struct State {
    now: Instant,
    ids: IdSource,
    deliveries: Vec<Inbound>,
    accepted: Vec<Inbound>,
    seen: BTreeSet<String>,
    failures: VecDeque<AcceptError>,
    accepts_held: bool,
    steps_held: bool,
    /// Accepted, not yet answered by the responder.
    waiting: VecDeque<Inbound>,
    responder: Option<Responder>,
    lines: BTreeMap<Address, Lines>,
    blobs: BTreeMap<BlobId, Bytes>,
    blob_failures: VecDeque<BlobError>,
    records: BTreeMap<String, serde_json::Value>,
    record_failures: VecDeque<AcceptError>,
    loses_files: bool,
    commands: Vec<(String, String)>,
    /// The bot's languages, each with its commands.
    languages: Vec<(String, Vec<(String, String)>)>,
    segments: BTreeMap<Address, Vec<String>>,
    typing: Vec<Address>,
    reads: Vec<(Address, u64)>,
    log: Vec<String>,
}

struct Lines {
    conversation: ConversationId,
    entries: Vec<TranscriptEntry>,
    notices: broadcast::Sender<Notice>,
}

impl TestHub {
    /// An empty hub of the channel of this name, at 2026-03-02T09:00:00Z, whose bot says nothing.
    pub fn new(channel: &str) -> Arc<Self> {
        let now = Instant::from_secs(1_772_442_000);
        Arc::new(Self {
            channel: channel.to_owned(),
            state: Mutex::new(State {
                now,
                ids: IdSource::new(now, 1),
                deliveries: Vec::new(),
                accepted: Vec::new(),
                seen: BTreeSet::new(),
                failures: VecDeque::new(),
                accepts_held: false,
                steps_held: false,
                waiting: VecDeque::new(),
                responder: None,
                lines: BTreeMap::new(),
                blobs: BTreeMap::new(),
                blob_failures: VecDeque::new(),
                records: BTreeMap::new(),
                record_failures: VecDeque::new(),
                loses_files: false,
                commands: Vec::new(),
                languages: Vec::new(),
                segments: BTreeMap::new(),
                typing: Vec::new(),
                reads: Vec::new(),
                log: Vec::new(),
            }),
            changed: watch::Sender::new(0),
        })
    }

    /// An empty hub whose bot answers each new inbound with these contents.
    pub fn answering(channel: &str, respond: impl Fn(&Inbound) -> Vec<Content> + Send + Sync + 'static) -> Arc<Self> {
        let hub = Self::new(channel);
        hub.state().responder = Some(Box::new(respond));
        hub
    }

    /// The hub as channels take it.
    pub fn as_hub(self: &Arc<Self>) -> Arc<dyn Hub> {
        Arc::<Self>::clone(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the hub's state")
    }

    fn tell(&self) {
        self.changed.send_modify(|generation| *generation += 1);
    }

    async fn until(&self, done: impl Fn(&State) -> bool) {
        let mut changed = self.changed.subscribe();
        while !done(&self.state()) {
            changed.changed().await.expect("the hub owns the sender");
        }
    }

    // ---- What arrived ----

    /// Every call of `accept`, refused and duplicate ones included, in order.
    pub fn deliveries(&self) -> Vec<Inbound> {
        self.state().deliveries.clone()
    }

    /// What was accepted as new, in order.
    pub fn accepted(&self) -> Vec<Inbound> {
        self.state().accepted.clone()
    }

    /// Resolves when at least `count` inbounds were accepted as new.
    pub async fn accepted_at_least(&self, count: usize) -> Vec<Inbound> {
        self.until(|state| state.accepted.len() >= count).await;
        self.accepted()
    }

    /// Resolves when `accept` was called at least `count` times.
    pub async fn delivered_at_least(&self, count: usize) -> Vec<Inbound> {
        self.until(|state| state.deliveries.len() >= count).await;
        self.deliveries()
    }

    // ---- What goes wrong, and when ----

    /// The next call of `accept` that has no failure before it fails so; several are taken in order.
    pub fn fail_accept(&self, error: AcceptError) {
        self.state().failures.push_back(error);
    }

    /// Calls of `accept` do not resolve until [`TestHub::release_accepts`].
    pub fn hold_accepts(&self) {
        self.state().accepts_held = true;
    }

    /// Lets waiting and later calls of `accept` resolve.
    pub fn release_accepts(&self) {
        self.state().accepts_held = false;
        self.tell();
    }

    /// Accepted inbounds are not processed, and `settled` waits, until [`TestHub::release_steps`].
    pub fn hold_steps(&self) {
        self.state().steps_held = true;
    }

    /// Processes what waits, in order.
    pub fn release_steps(&self) {
        self.state().steps_held = false;
        self.process();
    }

    /// The next `put_blob` or `get_blob` fails so.
    pub fn fail_blob(&self, error: BlobError) {
        self.state().blob_failures.push_back(error);
    }

    /// The next `put_record` fails so.
    pub fn fail_record(&self, error: AcceptError) {
        self.state().record_failures.push_back(error);
    }

    /// While the next `put_record` is written, files are removed that nobody had until then: all of them.
    pub fn lose_files(&self) {
        self.state().loses_files = true;
    }

    // ---- The conversation ----

    /// Writes a transcript line of this author and tells watchers.
    pub fn line(&self, address: &Address, author: Author, content: Content) -> MessageId {
        let id = self.state().push(address, author, content, None);
        self.announce(address);
        id
    }

    /// Writes a transcript line of the bot.
    pub fn bot_line(&self, address: &Address, content: Content) -> MessageId {
        self.line(address, bot(), content)
    }

    /// Writes a line that says how far a message got.
    pub fn delivery_line(&self, address: &Address, message: MessageId, delivery: Delivery) {
        self.state().push_delivery(address, message, delivery);
        self.announce(address);
    }

    /// Tells watchers of the address.
    pub fn notice(&self, address: &Address, notice: Notice) {
        // Nobody watches: nobody to tell.
        let _ = self.state().lines_of(address).notices.send(notice);
    }

    /// How many watch the address.
    pub fn watchers(&self, address: &Address) -> usize {
        self.state().lines_of(address).notices.receiver_count()
    }

    fn announce(&self, address: &Address) {
        let newest = self.state().newest(address);
        self.notice(address, Notice::Lines { no: newest });
        self.tell();
    }

    // ---- The rest ----

    /// Sets the time.
    pub fn set_now(&self, now: Instant) {
        self.state().now = now;
    }

    /// Moves the time.
    pub fn advance(&self, micros: i64) {
        let mut state = self.state();
        state.now = state.now.plus_micros(micros);
    }

    /// Sets the bot's commands.
    pub fn set_commands(&self, commands: &[(&str, &str)]) {
        self.state().commands = owned(commands);
    }

    /// Sets the bot's languages, each with its commands.
    pub fn set_languages(&self, languages: &[(&str, &[(&str, &str)])]) {
        self.state().languages = languages.iter().map(|(tag, commands)| ((*tag).to_owned(), owned(commands))).collect();
    }

    /// Sets the segments the person at an address is in.
    pub fn set_segments(&self, address: &Address, keys: &[&str]) {
        self.state().segments.insert(address.clone(), keys.iter().map(|key| (*key).to_owned()).collect());
    }

    /// Addresses that typed, in order.
    pub fn typed(&self) -> Vec<Address> {
        self.state().typing.clone()
    }

    /// What was told to be seen, up to which line, in order.
    pub fn reads(&self) -> Vec<(Address, u64)> {
        self.state().reads.clone()
    }

    /// The operator's log.
    pub fn logged(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// All records by key.
    pub fn records(&self) -> BTreeMap<String, serde_json::Value> {
        self.state().records.clone()
    }

    /// Stores bytes as a channel would, for a message a test sends.
    pub fn add_blob(&self, bytes: impl Into<Bytes>) -> BlobId {
        let bytes = bytes.into();
        let id = blob_id(&bytes);
        self.state().blobs.insert(id.clone(), bytes);
        id
    }

    /// An address on the hub's channel.
    pub fn address(&self, id: &str) -> Address {
        Address { channel: self.channel.clone(), id: id.to_owned() }
    }

    fn process(&self) {
        loop {
            let address = {
                let mut state = self.state();
                if state.steps_held {
                    return;
                }
                let Some(inbound) = state.waiting.pop_front() else { return };
                let shown = match &inbound.incoming.body {
                    IncomingBody::Message(content) => Some(content.clone()),
                    IncomingBody::Press { token, label } => Some(Content { pressed: Some(token.clone()), ..Content::text(label.clone()) }),
                    IncomingBody::Opened { .. }
                    | IncomingBody::Event { .. }
                    | IncomingBody::Unreachable { .. }
                    | IncomingBody::Reachable => None,
                };
                if let Some(content) = shown {
                    state.push(&inbound.address, Author::Customer, content, inbound.incoming.client_id.clone());
                }
                let answers = state.responder.as_ref().map(|respond| respond(&inbound)).unwrap_or_default();
                for content in answers {
                    state.push(&inbound.address, bot(), content, None);
                }
                inbound.address
            };
            self.announce(&address);
        }
    }
}

fn owned(commands: &[(&str, &str)]) -> Vec<(String, String)> {
    commands.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn bot() -> Author {
    Author::Bot { skill: "/start".into(), block: "hello".into() }
}

fn blob_id(bytes: &[u8]) -> BlobId {
    BlobId(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl State {
    fn lines_of(&mut self, address: &Address) -> &mut Lines {
        if !self.lines.contains_key(address) {
            let conversation = self.ids.next();
            let fresh = Lines { conversation, entries: Vec::new(), notices: broadcast::Sender::new(256) };
            self.lines.insert(address.clone(), fresh);
        }
        self.lines.get_mut(address).expect("inserted above")
    }

    fn newest(&self, address: &Address) -> u64 {
        self.lines.get(address).map_or(0, |lines| lines.entries.len() as u64)
    }

    fn push(&mut self, address: &Address, author: Author, content: Content, client_id: Option<String>) -> MessageId {
        let (id, at, no) = (self.ids.next::<MessageId>(), self.now, self.newest(address) + 1);
        let lines = self.lines_of(address);
        let delivery = if author == Author::Customer { Delivery::Received } else { Delivery::Sent };
        let message = Message { id, conversation: lines.conversation, no, at, author, content, delivery, client_id };
        lines.entries.push(TranscriptEntry::Message(message));
        id
    }

    fn push_delivery(&mut self, address: &Address, message: MessageId, delivery: Delivery) {
        let (at, no) = (self.now, self.newest(address) + 1);
        let lines = self.lines_of(address);
        let update = DeliveryUpdate { conversation: lines.conversation, no, message, delivery, at, degraded: Vec::new() };
        lines.entries.push(TranscriptEntry::Delivery(update));
    }
}

impl Hub for TestHub {
    fn accept(&self, inbound: Inbound) -> BoxFuture<'_, Result<Accepted, AcceptError>> {
        async move {
            {
                let mut state = self.state();
                state.deliveries.push(inbound.clone());
            }
            self.tell();
            self.until(|state| !state.accepts_held).await;
            {
                let mut state = self.state();
                if let Some(error) = state.failures.pop_front() {
                    return Err(error);
                }
                let known = state.accepted.iter().any(|earlier| earlier.address == inbound.address);
                if matches!(inbound.incoming.body, IncomingBody::Event { .. }) && !known {
                    return Err(AcceptError::Nobody);
                }
                if !state.seen.insert(inbound.provider_id.clone()) {
                    return Ok(Accepted::Duplicate);
                }
                state.accepted.push(inbound.clone());
                state.waiting.push_back(inbound);
            }
            self.tell();
            self.process();
            Ok(Accepted::New)
        }
        .boxed()
    }

    fn settled(&self, address: &Address, timeout_ms: u64) -> BoxFuture<'_, u64> {
        let address = address.clone();
        async move {
            let quiet = self.until(|state| !state.waiting.iter().any(|inbound| inbound.address == address));
            // Elapsed or not, the newest line is the answer.
            let _ = tokio::time::timeout(Duration::from_millis(timeout_ms), quiet).await;
            self.state().newest(&address)
        }
        .boxed()
    }

    fn put_blob(&self, bytes: Bytes) -> BoxFuture<'_, Result<BlobId, BlobError>> {
        async move {
            if let Some(error) = self.state().blob_failures.pop_front() {
                return Err(error);
            }
            Ok(self.add_blob(bytes))
        }
        .boxed()
    }

    fn keep_blob(&self, id: &BlobId) -> BoxFuture<'_, bool> {
        let is_there = self.state().blobs.contains_key(id);
        async move { is_there }.boxed()
    }

    fn get_blob(&self, id: &BlobId) -> BoxFuture<'_, Result<Bytes, BlobError>> {
        let id = id.clone();
        async move {
            let mut state = self.state();
            if let Some(error) = state.blob_failures.pop_front() {
                return Err(error);
            }
            state.blobs.get(&id).cloned().ok_or(BlobError::Missing)
        }
        .boxed()
    }

    fn transcript(&self, address: &Address, after: u64, limit: usize) -> BoxFuture<'_, Vec<TranscriptEntry>> {
        let address = address.clone();
        async move {
            let state = self.state();
            let entries = state.lines.get(&address).map(|lines| lines.entries.as_slice()).unwrap_or_default();
            entries.iter().filter(|entry| entry.no() > after).take(limit).cloned().collect()
        }
        .boxed()
    }

    fn watch(&self, address: &Address) -> broadcast::Receiver<Notice> {
        self.state().lines_of(address).notices.subscribe()
    }

    fn typing(&self, address: &Address) {
        self.state().typing.push(address.clone());
        self.tell();
    }

    fn read(&self, address: &Address, no: u64) -> BoxFuture<'_, Result<(), AcceptError>> {
        let failure = {
            let mut state = self.state();
            let failure = state.failures.pop_front();
            if failure.is_none() {
                state.reads.push((address.clone(), no));
            }
            failure
        };
        self.tell();
        async move { failure.map_or(Ok(()), Err) }.boxed()
    }

    fn reported(&self, address: &Address, message: MessageId, delivery: Delivery) -> BoxFuture<'_, Result<bool, AcceptError>> {
        let answer = {
            let mut state = self.state();
            let said =
                |line: &TranscriptEntry| matches!(line, TranscriptEntry::Message(m) if m.id == message && m.author != Author::Customer);
            let is_there = state.lines.get(address).is_some_and(|lines| lines.entries.iter().any(said));
            match state.failures.pop_front() {
                Some(error) => Err(error),
                None if is_there => {
                    state.push_delivery(address, message, delivery);
                    Ok(true)
                }
                None => Ok(false),
            }
        };
        self.announce(address);
        async move { answer }.boxed()
    }

    fn record(&self, key: &str) -> BoxFuture<'_, Option<serde_json::Value>> {
        let found = self.state().records.get(key).cloned();
        async move { found }.boxed()
    }

    fn put_record(&self, key: &str, value: Option<serde_json::Value>) -> BoxFuture<'_, Result<(), AcceptError>> {
        let key = key.to_owned();
        async move {
            let mut state = self.state();
            if let Some(error) = state.record_failures.pop_front() {
                return Err(error);
            }
            match value {
                Some(value) => state.records.insert(key, value),
                None => state.records.remove(&key),
            };
            if std::mem::take(&mut state.loses_files) {
                state.blobs.clear();
            }
            drop(state);
            self.tell();
            Ok(())
        }
        .boxed()
    }

    fn now(&self) -> Instant {
        self.state().now
    }

    fn commands(&self) -> Vec<(String, String)> {
        self.state().commands.clone()
    }

    fn commands_in(&self, language: &str) -> Vec<(String, String)> {
        let state = self.state();
        let known = state.languages.iter().find(|(tag, _)| tag == language);
        known.map_or_else(|| state.commands.clone(), |(_, commands)| commands.clone())
    }

    fn bot_name(&self) -> String {
        "Test & <Bot>".into()
    }

    fn languages(&self) -> Vec<String> {
        self.state().languages.iter().map(|(tag, _)| tag.clone()).collect()
    }

    fn segments(&self, address: &Address) -> BoxFuture<'_, Vec<String>> {
        let found = self.state().segments.get(address).cloned().unwrap_or_default();
        async move { found }.boxed()
    }

    fn log(&self, line: &str) {
        self.state().log.push(line.to_owned());
        self.tell();
    }
}

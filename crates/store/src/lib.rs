//! The store: what is durable, behind one trait.
//!
//! A [`Commit`] is everything one step of one contact's line changes; it is atomic, and durable when its answer
//! comes. Reads see durable state only. Implementations are held to the same [`conformance`] suite; [`MemStore`]
//! is the in-memory twin with faults to order.
//!
//! **Invariants.** Commits are answered in the order of their `seq`. A commit whose `base` is not the person's
//! version is refused whole ([`Error::Conflict`]). An acknowledged commit survives the death of the process. An address
//! leads to one person: a commit that claims somebody else's is refused. Transcript lines continue their conversation
//! ([`PersonChange::check_lines`]). What could not be read back is refused before it is written ([`codec`]).

pub mod archive;
pub mod beside;
mod blobs;
mod claims;
pub mod codec;
pub mod conformance;
mod frozen;
mod journey;
mod memory;
pub mod room;
pub mod through;

pub use blobs::{BlobError, Blobs, Doom, FileBlobs, MemBlobs};
pub use claims::{Moved, check_claims, check_claims_together};
pub use frozen::{Damage, Each, Frozen, Load, Order, Part};
pub use journey::{JourneyPage, Walk};
pub use memory::{Fault, HeldReads, JourneyReads, MemLoad, MemStore};

use model::{
    Address, CallRow, Contact, ContactId, Conversation, ConversationId, EventId, EventRecord, Forgotten, InboxRow, JourneyEntry,
    JourneyFilter, MessageId, OutboxRow, Person, RequestId, SeenKey, TranscriptEntry,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Everything one step changes, atomic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// The person it belongs to; none for records alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonChange>,
    /// Others who change with that person, all or nobody: two contacts become one, or two again. Nobody comes twice, and there
    /// is a `person`. Addresses may move between the people of one commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<PersonChange>,
    /// Records of the runtime and of channels (agents, sign-ins, cursors, waits).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordPut>,
}

impl Commit {
    /// The changes of people, that of `person` first.
    pub fn people(&self) -> impl Iterator<Item = &PersonChange> {
        self.person.iter().chain(&self.also)
    }

    /// Checks that nobody comes twice.
    ///
    /// # Errors
    /// [`Error::Invalid`] if somebody does, or if there are others without a person.
    pub fn check_people(&self) -> Result<(), Error> {
        if self.also.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<ContactId> = self.people().map(|change| change.id).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(twice) => Err(Error::Invalid(format!("{:?} comes twice in one commit", twice.first()))),
            None if self.person.is_none() => Err(Error::Invalid("a commit of several people names one of them first".into())),
            None => Ok(()),
        }
    }
}

/// What a commit changes about one person. Parts that are absent stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonChange {
    /// Who.
    pub id: ContactId,
    /// The version it was computed from; 0 creates the person and then `contact` must be given.
    pub base: u64,
    /// The contact as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Box<Contact>>,
    /// Conversations as they are now, new ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<Conversation>,
    /// Conversations that are somebody else's from now on, by id. What was said in them stays here ([`model::Kept`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations_gone: Vec<ConversationId>,
    /// Inbox rows to add, or to replace by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inbox_put: Vec<InboxRow>,
    /// Inbox rows that are done, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inbox_done: Vec<u64>,
    /// Inbox rows to set aside, by number (FL 5.7).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inbox_park: Vec<u64>,
    /// Rows that were set aside and are no more, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked_gone: Vec<u64>,
    /// Outbox rows to add, or to replace by message id; added ones go to the end of their conversation's lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox_put: Vec<OutboxRow>,
    /// Outbox rows that are done, by message id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox_done: Vec<MessageId>,
    /// Calls to the outside to add, or to replace by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls_put: Vec<CallRow>,
    /// Calls that are done, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls_done: Vec<RequestId>,
    /// Provider ids to remember against a second delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenKey>,
    /// Transcript lines to append, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<TranscriptEntry>,
    /// Journey lines to append, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journey: Vec<JourneyEntry>,
    /// Events to append, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRecord>,
    /// How much of the beginning of what is kept about them is kept no longer, lines that this change appends not among it. What was
    /// forgotten before stays forgotten.
    #[serde(default, skip_serializing_if = "Forgotten::is_nothing")]
    pub forget: Forgotten,
    /// Recorded events that did not happen after all: from now on they say nothing ([`EventRecord::withdraw`]). Their places stay, and
    /// ids of events that are not there are no mistake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdraw: Vec<EventId>,
    /// Others who were erased: lines of the journey that name one of them name nobody from now on ([`JourneyEntry::unname`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unname: Vec<ContactId>,
    /// The person goes, with everything that is kept about them: document, transcript, journey, events, addresses. Such a
    /// change has no other parts, and the id is never given to anybody again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erase: bool,
}

impl PersonChange {
    /// A change of nothing yet, computed from `base`.
    pub fn new(id: ContactId, base: u64) -> Self {
        Self {
            id,
            base,
            contact: None,
            conversations: Vec::new(),
            conversations_gone: Vec::new(),
            inbox_put: Vec::new(),
            inbox_done: Vec::new(),
            inbox_park: Vec::new(),
            parked_gone: Vec::new(),
            outbox_put: Vec::new(),
            outbox_done: Vec::new(),
            calls_put: Vec::new(),
            calls_done: Vec::new(),
            seen: Vec::new(),
            transcript: Vec::new(),
            journey: Vec::new(),
            events: Vec::new(),
            forget: Forgotten::default(),
            withdraw: Vec::new(),
            unname: Vec::new(),
            erase: false,
        }
    }

    /// A change that erases the person, computed from `base`.
    pub fn erase(id: ContactId, base: u64) -> Self {
        Self { erase: true, ..Self::new(id, base) }
    }

    /// Checks a change that erases; `before` is who goes.
    ///
    /// # Errors
    /// [`Error::Conflict`] if `base` is not the version before; [`Error::Invalid`] if nobody is there, or if the change wants
    /// something else besides.
    pub fn check_erase(&self, before: Option<&Person>) -> Result<(), Error> {
        let found = before.map_or(0, |p| p.version);
        if found != self.base {
            return Err(Error::Conflict { id: self.id, expected: self.base, found });
        }
        if before.is_none() {
            return Err(Error::Invalid(format!("{} is not there, so they cannot be erased", self.id)));
        }
        if *self != Self::erase(self.id, self.base) {
            return Err(Error::Invalid(format!("a change that erases {} changes nothing else", self.id)));
        }
        Ok(())
    }

    /// The person after this change: what every implementation applies, and recovery replays (INV-6).
    /// `before` is `None` for a new person.
    ///
    /// # Errors
    /// [`Error::Conflict`] if `base` is not the version before; [`Error::Invalid`] if a new person has no contact.
    pub fn apply(&self, before: Option<&Person>) -> Result<Person, Error> {
        let mut state = Self {
            id: self.id,
            base: self.base,
            contact: self.contact.clone(),
            conversations: self.conversations.clone(),
            conversations_gone: self.conversations_gone.clone(),
            inbox_put: self.inbox_put.clone(),
            inbox_done: self.inbox_done.clone(),
            inbox_park: self.inbox_park.clone(),
            parked_gone: self.parked_gone.clone(),
            outbox_put: self.outbox_put.clone(),
            outbox_done: self.outbox_done.clone(),
            calls_put: self.calls_put.clone(),
            calls_done: self.calls_done.clone(),
            seen: self.seen.clone(),
            // What is only appended elsewhere is no part of the person.
            transcript: Vec::new(),
            journey: Vec::new(),
            events: Vec::new(),
            forget: self.forget.clone(),
            withdraw: Vec::new(),
            unname: Vec::new(),
            erase: self.erase,
        };
        state.apply_taking(before)
    }

    /// The same as [`Self::apply`], without copies: what the person takes over is taken out of the change. What is
    /// appended elsewhere (transcript, journey, events) stays in it.
    ///
    /// # Errors
    /// Those of [`Self::apply`].
    pub fn apply_taking(&mut self, before: Option<&Person>) -> Result<Person, Error> {
        let found = before.map_or(0, |p| p.version);
        if found != self.base {
            return Err(Error::Conflict { id: self.id, expected: self.base, found });
        }
        if self.erase {
            return Err(Error::Invalid(format!("nothing is left of {} to be applied to", self.id)));
        }
        let contact = match (self.contact.take(), before) {
            (Some(contact), _) => *contact,
            (None, Some(person)) => person.contact.clone(),
            (None, None) => return Err(Error::Invalid(format!("a new person {} needs a contact", self.id))),
        };
        let mut person = Person {
            contact,
            conversations: Vec::new(),
            inbox: before.map_or_else(Vec::new, |p| p.inbox.clone()),
            outbox: before.map_or_else(Vec::new, |p| p.outbox.clone()),
            calls: before.map_or_else(Vec::new, |p| p.calls.clone()),
            seen: before.map_or_else(Vec::new, |p| kept_seen(&p.seen, &self.seen)),
            parked: before.map_or_else(Default::default, |p| p.parked.clone()),
            forgotten: before.map_or_else(Default::default, |p| p.forgotten.clone()),
            version: found + 1,
        };
        person.forgotten.extend(&self.forget);
        let mut changed = std::mem::take(&mut self.conversations);
        for old in before.iter().flat_map(|p| &p.conversations) {
            // The last one given is what holds.
            match changed.iter().rposition(|c| c.id == old.id) {
                Some(at) => {
                    person.conversations.push(changed.remove(at));
                    changed.retain(|c| c.id != old.id);
                }
                None => person.conversations.push(old.clone()),
            }
        }
        for conversation in changed {
            match person.conversations.iter_mut().find(|c| c.id == conversation.id) {
                Some(slot) => *slot = conversation,
                None => person.conversations.push(conversation),
            }
        }
        person.conversations.retain(|c| !self.conversations_gone.contains(&c.id));
        for row in self.inbox_put.drain(..) {
            match person.inbox.iter_mut().find(|r| r.no == row.no) {
                Some(slot) => *slot = row,
                None => person.inbox.push(row),
            }
        }
        for no in &self.inbox_park {
            if let Some(at) = person.inbox.iter().position(|r| r.no == *no) {
                let row = person.inbox.remove(at);
                person.parked.insert(*no, row);
            }
        }
        person.inbox.retain(|r| !self.inbox_done.contains(&r.no));
        self.parked_gone.iter().for_each(|no| drop(person.parked.remove(no)));
        for row in self.outbox_put.drain(..) {
            match person.outbox.iter_mut().find(|r| r.message.id == row.message.id) {
                Some(slot) => *slot = row,
                None => person.outbox.push(row),
            }
        }
        person.outbox.retain(|r| !self.outbox_done.contains(&r.message.id));
        for row in self.calls_put.drain(..) {
            match person.calls.iter_mut().find(|r| r.call.id == row.call.id) {
                Some(slot) => *slot = row,
                None => person.calls.push(row),
            }
        }
        person.calls.retain(|r| !self.calls_done.contains(&r.call.id));
        if let Some(newest) = self.seen.iter().map(|s| s.1).max() {
            person.seen.append(&mut self.seen);
            person.seen.retain(|s| newest.micros_since(s.1) < model::SEEN_FOR);
            let surplus = person.seen.len().saturating_sub(model::SEEN_LIMIT);
            if surplus > 0 {
                // They are in order already, unless another contact's came with a merge.
                person.seen.sort_by_key(|s| s.1);
                person.seen.drain(..surplus);
            }
        }
        Ok(person)
    }
}

/// How much was written about a person, by what is numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Journey lines.
    pub journey: u64,
    /// Events.
    pub events: u64,
}

impl PersonChange {
    /// Checks that no more is forgotten than was written before this change; `last_no` tells the last transcript line of a conversation
    /// that is kept under the person.
    ///
    /// # Errors
    /// [`Error::Invalid`] if more is: what comes next would be forgotten before it was said.
    pub fn check_forget(&self, written: Written, last_no: impl Fn(ConversationId) -> u64) -> Result<(), Error> {
        let lines = self.forget.lines.iter().all(|(id, no)| *no <= last_no(*id));
        if self.forget.journey <= written.journey && self.forget.events <= written.events && lines {
            return Ok(());
        }
        Err(Error::Invalid(format!("{} cannot forget more than was written about them", self.id)))
    }
}

/// The keys seen before, with room for those that come.
fn kept_seen(before: &[SeenKey], coming: &[SeenKey]) -> Vec<SeenKey> {
    let mut seen = Vec::with_capacity(before.len() + coming.len());
    seen.extend_from_slice(before);
    seen
}

/// One record outside the contact book, by table and key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordPut {
    /// The table.
    pub table: String,
    /// The key.
    pub key: String,
    /// The value, which may be `null`; none deletes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// A value that is there, `null` included: absent is what deletes.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// What can go wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else changed the person first; read again and decide again.
    #[error("{id} is at version {found}, not {expected}")]
    Conflict {
        /// Who.
        id: ContactId,
        /// The commit's base.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The commit makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The disk failed: nothing more is acknowledged; the process must stop.
    #[error("the store failed and stopped: {0}")]
    Failed(String),
    /// What was read is not what was written.
    #[error("{0}")]
    Corrupt(String),
    /// Another process has the data folder.
    #[error("the data folder {0} is in use by another process; stop that one first")]
    InUse(String),
    /// Too much at once; try again shortly.
    #[error("the store is busy; try again shortly")]
    Busy,
    /// A copy of everything could not be made or gone on with, for lack of room most likely. Nothing else is touched by that; no commit is
    /// answered so.
    #[error("{0}")]
    NoCopy(String),
}

/// The place of a commit in the one order of all commits.
pub type Seq = u64;

/// Called once, with the commit's place or why it was refused; in `seq` order; must not block.
pub type Done = Box<dyn FnOnce(Result<Seq, Error>) + Send>;

/// Called at the moment whose state is frozen, while nothing else becomes durable: it is quick, and asks nothing of the store.
pub type Moment = Box<dyn FnOnce() + Send>;

/// Sizes and lags, for `/healthz` and benchmarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// People known.
    pub people: u64,
    /// The last durable commit.
    pub seq: Seq,
    /// Log records not yet trimmed.
    pub log_length: u64,
    /// People changed since they were last checkpointed.
    pub backlog: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
}

/// What a compaction came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// Bytes on disk before.
    pub before: u64,
    /// Bytes on disk after.
    pub after: u64,
    /// Rows that were written anew.
    pub rows: u64,
}

/// What is durable.
pub trait Store: Send + Sync {
    /// Hands a commit to the writer. Returns at once; `done` tells when it is durable or refused.
    fn commit(&self, commit: Commit, done: Done);

    /// A person, as durable now.
    fn person(&self, id: ContactId) -> Result<Option<Arc<Person>>, Error>;

    /// Whether reading a person now is only a look into memory. Where it is not, the disk is waited for.
    fn is_at_hand(&self, id: ContactId) -> bool;

    /// Whose address this is.
    fn person_at(&self, address: &Address) -> Result<Option<ContactId>, Error>;

    /// People in id order after `after`, at most `limit`.
    fn people(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<Arc<Person>>, Error>;

    /// Everybody about whom something can happen by itself ([`Person::is_active`]); used at start-up.
    fn active(&self, each: &mut dyn FnMut(Arc<Person>)) -> Result<(), Error>;

    /// Everybody, each once, with all of their recorded events, oldest first. Of a contact that others were merged into
    /// these may be their own alone: [`Store::events`] has them all. People come in no order that can be relied on.
    /// Used at start-up, before the first commit: of what is committed meanwhile, some may be missing.
    ///
    /// # Errors
    /// Those of reading; some people may have been given by then.
    fn scan(&self, each: &mut dyn FnMut(Arc<Person>, Vec<EventRecord>)) -> Result<(), Error> {
        let mut after = None;
        loop {
            let people = self.people(after, 256)?;
            let Some(last) = people.last() else { return Ok(()) };
            after = Some(last.contact.id);
            for person in people {
                let mut events = self.events(person.contact.id, 0, usize::MAX)?;
                events.reverse();
                each(person, events);
            }
        }
    }

    /// Transcript lines of one conversation with `no > after`, oldest first, at most `limit`; also those that are kept under
    /// another contact ([`model::Kept`]).
    fn transcript(&self, contact: ContactId, conversation: ConversationId, after: u64, limit: usize)
    -> Result<Vec<TranscriptEntry>, Error>;

    /// The newest `limit` journey lines of a contact and of those merged into it, newest first, skipping `skip`.
    fn journey(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<JourneyEntry>, Error>;

    /// The newest lines of a contact's own journey that a filter wants, newest first: those before a place, at most `limit`, having
    /// looked at most at `most`. Those who were merged into the contact have their own.
    ///
    /// # Errors
    /// Those of reading.
    fn journey_page(
        &self,
        contact: ContactId,
        filter: &JourneyFilter,
        before: Option<u64>,
        limit: usize,
        most: usize,
    ) -> Result<JourneyPage, Error>;

    /// The newest `limit` events of a contact and of those merged into it, newest first, skipping `skip`. Those that were withdrawn
    /// have their places still ([`EventRecord::is_withdrawn`]), here and wherever else events are read.
    fn events(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<EventRecord>, Error>;

    /// The oldest `limit` events of a contact's own that are kept, in the order in which they were recorded. Those who were merged into the
    /// contact have their own.
    ///
    /// # Errors
    /// Those of reading.
    fn oldest_events(&self, contact: ContactId, limit: usize) -> Result<Vec<EventRecord>, Error>;

    /// One record.
    fn record(&self, table: &str, key: &str) -> Result<Option<serde_json::Value>, Error>;

    /// Every record of every table, each given to `each` with its table and key.
    ///
    /// # Errors
    /// Those of reading; some records may have been given by then.
    fn each_record(&self, each: &mut dyn FnMut(&str, &str, serde_json::Value)) -> Result<(), Error>;

    /// All records of a table, by key.
    fn records(&self, table: &str) -> Result<Vec<(String, serde_json::Value)>, Error>;

    /// The records of [`Self::records`], each given to `each` with its key: for tables too large to be held at once.
    ///
    /// # Errors
    /// Those of reading; some records may have been given by then.
    fn each_record_of(&self, table: &str, each: &mut dyn FnMut(&str, serde_json::Value)) -> Result<(), Error> {
        self.records(table)?.into_iter().for_each(|(key, value)| each(&key, value));
        Ok(())
    }

    /// Writes everything that lives anew and gives up the rest, so that no byte of what was erased before this call is left on
    /// disk. Blocks until that is so; commits and reads go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Busy`] if one is going on; [`Error::NoCopy`] if there is no room for what is written anew; [`Error::Failed`] if the store
    /// stopped or was closed before the end.
    fn compact(&self) -> Result<Compacted, Error> {
        Ok(Compacted::default())
    }

    /// Everything as it is durable at one moment during this call. Commits and reads go on meanwhile; it may take as much room on
    /// disk again as the store does, until it is dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] while one is read already, or a compaction goes on; [`Error::NoCopy`] if there is no room for it; [`Error::Failed`]
    /// if the store stopped or was closed before the end.
    fn freeze(&self) -> Result<Box<dyn Frozen>, Error> {
        self.freeze_with(Box::new(|| {}))
    }

    /// The same as [`Self::freeze`], with something that is done at that moment: what it finds beside the store belongs to the same moment.
    ///
    /// # Errors
    /// Those of [`Self::freeze`].
    fn freeze_with(&self, moment: Moment) -> Result<Box<dyn Frozen>, Error>;

    /// Sizes and lags.
    fn stats(&self) -> Stats;

    /// Finishes what was handed over, checkpoints, and refuses everything after.
    fn close(&self) -> Result<(), Error>;
}

/// Commits and waits for the answer on the calling thread: for tests, tools and start-up, not for async code.
///
/// # Errors
/// What the store answers; [`Error::Failed`] if it went away without an answer.
pub fn commit_blocking(store: &dyn Store, commit: Commit) -> Result<Seq, Error> {
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    store.commit(
        commit,
        Box::new(move |answer| {
            // The receiver waits below; if it is gone nobody asks any more.
            let _ = tell.send(answer);
        }),
    );
    told.recv().unwrap_or_else(|_| Err(Error::Failed("the writer went away".into())))
}

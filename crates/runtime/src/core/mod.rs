//! The runtime core: decides what is committed, sent and told, and does none of it (sans-IO).
//!
//! Calls bring what happened ([`Core::inbound`], [`Core::committed`], [`Core::sent`], [`Core::due`], …); [`Core::poll`] gives
//! what is to be done. It reads durable state through the store; everything else is data: no clock, no randomness, no
//! runtime. The same calls give the same actions.
//!
//! **Invariants.** A contact's line has at most one commit under way. Nothing is acknowledged, sent or told before the
//! commit that says so is durable. What arrived leaves memory only when it is durable.

mod advance;
mod agenda;
pub(crate) mod audience;
mod calls;
mod create;
mod decide;
mod desk;
mod directory;
mod draft;
pub(crate) mod erase;
mod forget;
pub(crate) mod globals;
mod landed;
mod line;
mod merge;
mod outbox;
mod programs;
mod queries;
mod receipts;
mod recover;
mod schedule;
mod seen;
pub(crate) mod segments;
mod steps;
pub(crate) mod suppression;
mod usage;
pub(crate) mod webhooks;

pub use decide::{Decide, Engine};
pub(crate) use desk::Entry;
pub use erase::Remembered;
pub use line::Outcome;
pub(crate) use merge::{resolved, stands_for};
pub use programs::{ProgramSet, beside_the_folder};
pub(crate) use seen::SeenKey;
pub use segments::{AT_ONCE, Judged, Judgement, Membership};

use crate::{DeskError, DeskEvent, RuntimeStats, WriteError};
use agenda::{Agenda, Wake};
use channel::{AcceptError, Accepted, Capabilities, Inbound, Notice, Outbound};
use desk::Desk;
use engine::Programs as _;
use line::{Arrival, Line, Wants};
use model::{Address, ContactId, ConversationId, IdSource, InboxItem, Instant, MessageId, Version};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};
use store::{Commit, Seq, Store};

/// Arrivals in memory, all contacts together, before new ones are refused: a slow disk must not eat the memory.
const ARRIVALS: usize = 20_000;
/// Commits under way before due work waits (bounded catch-up).
const FLIGHTS: usize = 1_024;
/// How long records wait when the store is busy: 50 ms.
const BUSY_FOR: i64 = 50_000;
/// Agenda entries, and steps for memberships, of one turn: a few milliseconds, for a message that comes meanwhile waits for it.
const TURN: usize = 32;
/// Turns that are read ahead of.
const SOON: usize = 4;

/// Who waits for an answer; the caller numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A commit under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitToken(u64);

/// A piece of a message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendToken(u64);

/// A call to the outside under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallToken(u64);

/// Why an item was not processed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The desk's rules forbid it.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// There is no such contact.
    #[error("there is no such contact")]
    NotFound,
    /// Too much waits already (FL 5.10).
    #[error("too much waits for this contact")]
    TooMany,
    /// Somebody changed the contact meanwhile.
    #[error("the contact changed meanwhile; try again")]
    Changed,
    /// Two contacts cannot become one, or one not two, and why.
    #[error("{0}")]
    Merge(String),
    /// It broke three times and was set aside (FL 5.7).
    #[error("it was set aside after breaking three times")]
    Parked,
    /// The runtime stops or its store failed.
    #[error("the runtime is not ready")]
    Unavailable,
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Desk(error) => error,
            Refusal::NotFound => Self::NotFound,
            Refusal::TooMany => Self::TooMany,
            Refusal::Parked => Self::Parked,
            Refusal::Changed | Refusal::Merge(_) | Refusal::Unavailable => Self::Unavailable,
        }
    }
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Desk(error) => Self::Invalid(error.to_string()),
            Refusal::NotFound => Self::NotFound,
            Refusal::TooMany => Self::TooMany,
            Refusal::Parked => Self::Parked,
            Refusal::Changed => Self::Changed,
            Refusal::Merge(why) => Self::Invalid(why),
            Refusal::Unavailable => Self::Unavailable,
        }
    }
}

/// A delivery to a webhook under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostToken(u64);

/// What the shell is to do.
#[derive(Debug)]
pub enum Action {
    /// Hand this commit to the store; bring the answer to [`Core::committed`].
    Commit(CommitToken, Box<Commit>),
    /// Give this piece to the channel of its address; bring the answer to [`Core::sent`].
    Send(SendToken, Box<Outbound>),
    /// Make one try of this call; bring the answer to [`Core::called`].
    Call(CallToken, Box<model::CallRow>),
    /// Post this to a webhook; bring the answer to [`Core::posted`].
    Post(PostToken, Box<crate::outside::Post>),
    /// Answer an inbound: it is durable, or refused.
    Accepted(Ticket, Result<Accepted, AcceptError>),
    /// Answer an item: it was processed and its step is durable, or refused.
    Done(Ticket, Result<Outcome, Refusal>),
    /// An item is durable and waits for its turn; [`Self::Done`] follows.
    Kept(Ticket),
    /// Tell that nothing of an address waits any more.
    Settled(Ticket),
    /// Tell whoever watches this address.
    Notice(Address, Notice),
    /// Nobody is on this address any more: whoever watches it is let go.
    Gone(Address),
    /// A conversation has transcript lines after this number that it did not have, under this contact: they are to be found by their words.
    Said(ContactId, ConversationId, u64),
    /// Tell whoever watches the desk.
    Desk(DeskEvent),
    /// What happened in the steps of a commit that is durable now, if [`CoreOptions::traced`].
    Trace(ContactId, Vec<engine::Trace>),
    /// Nothing uses this version of the bot any more: it was dropped, and what was kept of it on disk may go (FL 5.9).
    Retired(Version),
    /// Judge everybody by new rules where nobody waits for it; bring the answer to [`Core::judged`].
    Judge(Box<Judgement>),
    /// A line for the operator: something needs a human's eye.
    Alert(String),
    /// The store failed or an invariant broke: stop the process; nothing more is acknowledged.
    Stop(String),
}

/// Why the core could not start.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The store could not be read.
    #[error("what is stored could not be read: {0}")]
    Store(#[from] store::Error),
    /// A record is not what it should be.
    #[error("the record {table}/{key} cannot be read: {why}")]
    Record {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// What the core needs.
pub struct CoreOptions {
    /// The bots.
    pub programs: ProgramSet,
    /// What decides steps: [`Engine`].
    pub decide: Box<dyn Decide>,
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// Connected channels by name.
    pub channels: BTreeMap<String, Capabilities>,
    /// Where ids and chance come from; a different one in every process.
    pub seed: u64,
    /// Keys the hash of provider ids; the same one as long as the data folder lives.
    pub salt: u64,
    /// Whether calls leave: not where somebody only looks at what is stored.
    pub calls: bool,
    /// Whether [`Action::Trace`] is wanted: for `chat`, `test` and previews.
    pub traced: bool,
    /// Whether `only_for` lets everybody in: for `chat`, `test` and previews.
    pub ungated: bool,
    /// How many contacts are judged by new rules on the spot; with more it is asked for with [`Action::Judge`].
    pub at_once: usize,
}

/// A connected channel as the outbox sees it.
struct Outlet {
    capabilities: Capabilities,
    /// Slots taken by messages under way.
    taken: usize,
    /// Until when the provider wants nothing.
    closed_until: Option<Instant>,
    /// Contacts whose lanes wait for a slot.
    waiting: VecDeque<ContactId>,
    queued: BTreeSet<ContactId>,
}

/// A piece under way.
struct Sending {
    contact: ContactId,
    channel: String,
    message: MessageId,
    parts: u32,
    notes: Vec<String>,
}

/// What follows when records of the runtime's own are durable.
#[derive(Clone)]
enum Written {
    /// An audience moved on.
    Audience(String),
    /// Schedules moved on, and these audiences begin.
    Schedules(Vec<audience::Audience>),
    /// Deliveries to webhooks are over.
    Ends(webhooks::WroteEnds),
    /// Deliveries are made once more.
    Replay(webhooks::WroteEnds, Ticket),
    /// Whoever holds the ticket is answered.
    Answer(Ticket),
    /// Nothing.
    Nothing,
}

/// The core; see the module.
pub struct Core {
    programs: ProgramSet,
    /// What uses which version.
    usage: usage::Usage,
    decide: Box<dyn Decide>,
    store: Arc<dyn Store>,
    outlets: BTreeMap<String, Outlet>,
    seed: u64,
    salt: u64,
    draws: u64,
    tokens: u64,
    lines: HashMap<ContactId, Line>,
    /// Addresses whose first commit is under way, so that two first messages make one person.
    creating: HashMap<Address, ContactId>,
    flights: HashMap<CommitToken, ContactId>,
    sends: HashMap<SendToken, Sending>,
    /// Calls under way, and the places they take.
    calls: HashMap<CallToken, calls::UnderWay>,
    places: calls::Places,
    calls_leave: bool,
    /// Commits of the runtime's own records under way.
    writing: HashMap<CommitToken, (Written, Commit)>,
    /// The same, while the store is busy.
    unwritten: Vec<(Written, Commit)>,
    audiences: audience::Audiences,
    /// What audiences give lines next.
    given: Vec<(ContactId, InboxItem, Ticket)>,
    agenda: Agenda,
    desk: Desk,
    segments: segments::Segments,
    suppressions: suppression::Suppressions,
    directory: crm::directory::Directory,
    webhooks: webhooks::Webhooks,
    merges: merge::Merges,
    /// Conversations whose due work broke: left alone until something changes them.
    stuck: BTreeMap<ConversationId, u8>,
    arrivals: usize,
    actions: Vec<Action>,
    failed: Option<String>,
    stopping: bool,
    traced: bool,
    ungated: bool,
    at_once: usize,
    stats: RuntimeStats,
}

impl Core {
    /// Something arrived on a channel. Answered with [`Action::Accepted`] when it is durable.
    pub fn inbound(&mut self, now: Instant, inbound: Inbound, ticket: Ticket) {
        let Inbound { address, provider_id, incoming } = inbound;
        if self.failed.is_some() || self.stopping || self.arrivals >= ARRIVALS {
            return self.accepted(ticket, Err(AcceptError::Unavailable));
        }
        let contact = match self.creating.get(&address) {
            Some(contact) => *contact,
            None => match self.store.person_at(&address) {
                Ok(Some(contact)) => contact,
                // What happens on a website makes no contact of somebody who only looks at it.
                Ok(None) if matches!(incoming.body, model::IncomingBody::Event { .. }) => {
                    return self.accepted(ticket, Err(AcceptError::Nobody));
                }
                Ok(None) => {
                    let contact = self.ids(now).next();
                    self.creating.insert(address.clone(), contact);
                    contact
                }
                Err(error) => return self.refuse_unread(ticket, &error),
            },
        };
        let person = match self.store.person(contact) {
            Ok(person) => person,
            Err(error) => return self.refuse_unread(ticket, &error),
        };
        let key = seen::key(self.salt, &address.channel, &provider_id);
        if person.as_ref().is_some_and(|p| p.has_seen(key, now)) {
            self.stats.duplicates += 1;
            return self.accepted(ticket, Ok(Accepted::Duplicate));
        }
        let line = self.lines.entry(contact).or_default();
        if let Some(first) = line.arrival_seen(key) {
            self.stats.duplicates += 1;
            first.tickets.push((ticket, Wants::Duplicate));
            return;
        }
        let limit = self.programs.current().limits().inbox as usize;
        if person.map_or(0, |p| p.inbox.len()) + line.arrivals.len() >= limit {
            return self.accepted(ticket, Err(AcceptError::TooMany));
        }
        let item = InboxItem::Incoming { address, incoming: Box::new(incoming) };
        line.arrivals.push_back(Arrival { item, at: now, seen: Some(key), tickets: vec![(ticket, Wants::Durable)], tries: 0 });
        self.arrivals += 1;
        self.stats.accepted += 1;
        self.advance(now, contact);
    }

    /// Somebody else than the customer wants something of a contact. Answered with [`Action::Done`] when it was processed.
    /// `once` makes a second one with the same text harmless, as a provider's id does.
    pub fn item(&mut self, now: Instant, contact: ContactId, item: InboxItem, once: Option<&str>, ticket: Ticket) {
        if self.failed.is_some() || self.stopping || self.arrivals >= ARRIVALS {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        // Whoever was merged away is met as the one they are part of.
        let person = match merge::resolved(&*self.store, contact) {
            Ok(Some(person)) => Some(person),
            // Somebody who is being made is as good as there: what comes to them waits in their line.
            Ok(None) if self.lines.get(&contact).is_some_and(|line| line.flight.is_some() || !line.arrivals.is_empty()) => None,
            Ok(None) => return self.done(ticket, Err(Refusal::NotFound)),
            Err(error) => {
                self.fail(&error.to_string());
                return self.done(ticket, Err(Refusal::Unavailable));
            }
        };
        let contact = person.as_ref().map_or(contact, |person| person.contact.id);
        let key = once.map(|text| seen::key(self.salt, "", text));
        if let (Some(key), Some(person)) = (key, &person)
            && person.has_seen(key, now)
        {
            let message = self.said_before(person, &item);
            return self.done(ticket, Ok(Outcome { message, ..Outcome::default() }));
        }
        let limit = self.programs.current().limits().inbox as usize;
        let line = self.lines.entry(contact).or_default();
        if let Some(first) = key.and_then(|key| line.arrival_seen(key)) {
            first.tickets.push((ticket, Wants::Done));
            return;
        }
        if person.map_or(0, |p| p.inbox.len()) + line.arrivals.len() >= limit {
            return self.done(ticket, Err(Refusal::TooMany));
        }
        line.arrivals.push_back(Arrival { item, at: now, seen: key, tickets: vec![(ticket, Wants::Done)], tries: 0 });
        self.arrivals += 1;
        self.advance(now, contact);
    }

    /// The contacts that the next turns of [`Core::take_turn`] will read, turn by turn: whoever calls it may have them read before.
    pub fn soon(&self, now: Instant) -> Vec<Vec<ContactId>> {
        let (mut agenda, mut segments) = (self.agenda.soon(now, SOON * TURN), self.segments.soon(SOON * TURN));
        let turn = |_| agenda.by_ref().take(TURN).chain(segments.by_ref().take(TURN)).collect::<Vec<_>>();
        (0..SOON).map(turn).take_while(|turn| !turn.is_empty()).collect()
    }

    /// Whether due work may begin another commit.
    fn has_room(&self) -> bool {
        self.failed.is_none() && !self.stopping && self.flights.len() < FLIGHTS
    }

    /// Time passed: one turn and one look. Look at [`Core::next_due`] again afterwards.
    pub fn due(&mut self, now: Instant) {
        self.take_turn(now);
        self.look(now);
    }

    /// Time passed: begins what is due and commits something, at most [`TURN`] things of each kind, each in the order of their instants.
    pub fn take_turn(&mut self, now: Instant) {
        self.take_agenda(now);
        self.step_memberships(now);
    }

    /// Time passed: follows some of those whose memberships may have changed. It reads nobody and waits for no commit, so that whoever
    /// asks is told what is so now, however much else is due.
    pub fn look(&mut self, now: Instant) {
        if self.failed.is_none() && !self.stopping {
            self.look_at_memberships(now);
        }
    }

    fn take_agenda(&mut self, now: Instant) {
        for _ in 0..TURN {
            if !self.has_room() {
                return;
            }
            let Some((at, wake)) = self.agenda.take(now) else { return };
            debug_assert!(at <= now, "INV-4: nothing is due before its time");
            match wake {
                Wake::Due(contact, conversation) => {
                    self.lines.entry(contact).or_default().due.insert(conversation, at);
                    self.advance(now, contact);
                }
                Wake::Line(contact) => {
                    let line = self.lines.entry(contact).or_default();
                    line.pausing = false;
                    self.advance(now, contact);
                }
                Wake::Lane(contact, _) | Wake::Call(contact, _) | Wake::Held(contact) => self.advance(now, contact),
                Wake::Channel(name) => self.reopen(now, &name),
                Wake::Audience(id) => {
                    self.audience_due(now, &id);
                    self.give_items(now);
                }
                Wake::Schedules => self.schedules_due(now),
                Wake::Clock => self.save_clock(now),
                Wake::Sizes => self.save_sizes(now),
                Wake::Joining => self.go_on_joining(now),
                Wake::Webhook(_) => self.webhooks_go(now),
                Wake::Records => {
                    for (written, commit) in std::mem::take(&mut self.unwritten) {
                        self.write_records(written, commit);
                    }
                }
                Wake::Absent(agent) => {
                    if let Some(agent) = self.desk.agent_mut(agent)
                        && agent.streams == 0
                    {
                        agent.until = None;
                        self.actions.push(Action::Desk(DeskEvent::Queue));
                    }
                }
            }
        }
    }

    /// The store answered a commit.
    pub fn committed(&mut self, now: Instant, token: CommitToken, answer: Result<Seq, store::Error>) {
        self.webhooks_committed(now, token, answer.is_ok());
        if let Some(written) = self.writing.remove(&token) {
            return match answer {
                Ok(_) => self.written(now, written),
                // Records of the runtime's own are never refused but by a store that failed or is busy.
                Err(store::Error::Busy) => self.write_later(now, written),
                Err(error) => self.fail(&error.to_string()),
            };
        }
        let Some(contact) = self.flights.remove(&token) else {
            self.joined_landed(now, token, &answer);
            return;
        };
        self.landed(now, contact, answer);
        self.go_on_joining(now);
    }

    /// A channel answered a piece.
    pub fn sent(&mut self, now: Instant, token: SendToken, answer: Result<channel::Sent, channel::SendError>) {
        let Some(sending) = self.sends.remove(&token) else { return };
        self.answered(now, sending, answer);
    }

    /// When [`Core::due`] has something to do.
    pub fn next_due(&self) -> Option<Instant> {
        self.next_turn().into_iter().chain(self.next_look()).min()
    }

    /// When [`Core::take_turn`] has something to do; none while it waits for commits.
    pub fn next_turn(&self) -> Option<Instant> {
        let step = self.has_room_for_memberships().then(|| self.segments.next_step()).flatten();
        self.has_room().then(|| self.agenda.next().into_iter().chain(step).min())?
    }

    /// When [`Core::look`] has something to do.
    pub fn next_look(&self) -> Option<Instant> {
        (self.failed.is_none() && !self.stopping).then(|| self.segments.next_look())?
    }

    /// What is to be done, in order.
    pub fn poll(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Tells with [`Action::Settled`] when everything this address sent so far was processed.
    pub fn settle(&mut self, address: &Address, ticket: Ticket) {
        let contact = self.creating.get(address).copied().or_else(|| self.store.person_at(address).ok().flatten());
        let busy = contact.and_then(|contact| {
            let rows = self.store.person(contact).ok().flatten().is_some_and(|p| !p.inbox.is_empty());
            let line = self.lines.get_mut(&contact)?;
            // What waits for a run that requests may wait long.
            (rows && line.held.is_empty() || line.flight.is_some() || line.joined || !line.arrivals.is_empty()).then_some(line)
        });
        match busy {
            Some(line) if self.failed.is_none() => line.settlers.push(ticket),
            Some(_) | None => self.actions.push(Action::Settled(ticket)),
        }
    }

    /// Takes nothing new from now on; what is under way goes on until [`Core::is_quiet`].
    pub fn stop(&mut self, now: Instant) {
        // Nobody is to be judged anew at the next start.
        self.save_clock(now);
        self.stopping = true;
    }

    /// Whether no commit, no piece and no call is under way.
    pub fn is_quiet(&self) -> bool {
        self.flights.is_empty()
            && self.merges.is_quiet()
            && self.sends.is_empty()
            && self.calls.is_empty()
            && self.writing.is_empty()
            && self.webhooks.is_quiet()
    }

    /// Stops everything: nothing more is acknowledged.
    pub fn fail(&mut self, reason: &str) {
        if self.failed.is_some() {
            return;
        }
        self.failed = Some(reason.to_owned());
        let lines: BTreeMap<ContactId, Line> = self.lines.drain().collect();
        for mut line in lines.into_values() {
            if let Some(erasing) = line.erasing.take() {
                self.done(erasing.ticket(), Err(Refusal::Unavailable));
            }
            if let Some(forgetting) = line.flight.as_ref().and_then(|flight| flight.forgetting) {
                self.done(forgetting.ticket, Err(Refusal::Unavailable));
            }
            for (ticket, wants) in line.arrivals.into_iter().flat_map(|a| a.tickets) {
                match wants {
                    Wants::Durable | Wants::Duplicate => self.accepted(ticket, Err(AcceptError::Unavailable)),
                    Wants::Done => self.done(ticket, Err(Refusal::Unavailable)),
                }
            }
            for ticket in line.tickets.into_values().flatten() {
                self.done(ticket, Err(Refusal::Unavailable));
            }
            self.actions.extend(line.settlers.into_iter().map(Action::Settled));
        }
        for ticket in self.merges.drain() {
            self.done(ticket, Err(Refusal::Unavailable));
        }
        self.flights.clear();
        self.sends.clear();
        self.calls.clear();
        self.creating.clear();
        self.arrivals = 0;
        self.actions.push(Action::Stop(reason.to_owned()));
    }

    /// Hands records of the runtime's own to the store.
    fn write_records(&mut self, written: Written, commit: Commit) {
        self.tokens += 1;
        let token = CommitToken(self.tokens);
        self.writing.insert(token, (written, commit.clone()));
        self.actions.push(Action::Commit(token, Box::new(commit)));
    }

    /// Records that a busy store did not take are handed to it again, in a moment.
    fn write_later(&mut self, now: Instant, unwritten: (Written, Commit)) {
        self.unwritten.push(unwritten);
        self.agenda.set(Wake::Records, Some(now.plus_micros(BUSY_FOR)));
    }

    fn written(&mut self, now: Instant, (written, _): (Written, Commit)) {
        match written {
            Written::Audience(id) => self.audience_written(now, &id),
            Written::Schedules(begun) => self.schedules_written(now, begun),
            Written::Ends(wrote) => self.ends_written(now, wrote),
            Written::Replay(wrote, ticket) => self.replay_written(now, wrote, ticket),
            Written::Answer(ticket) => self.done(ticket, Ok(Outcome::default())),
            Written::Nothing => {}
        }
    }

    fn accepted(&mut self, ticket: Ticket, answer: Result<Accepted, AcceptError>) {
        self.actions.push(Action::Accepted(ticket, answer));
    }

    fn done(&mut self, ticket: Ticket, answer: Result<Outcome, Refusal>) {
        if self.audience_answered(ticket, &answer) {
            return;
        }
        self.actions.push(Action::Done(ticket, answer));
    }

    /// What cannot be read cannot be trusted: stop.
    fn refuse_unread(&mut self, ticket: Ticket, error: &store::Error) {
        self.fail(&error.to_string());
        self.accepted(ticket, Err(AcceptError::Unavailable));
    }

    /// A source of ids and chance that no other call shares.
    fn ids(&mut self, now: Instant) -> IdSource {
        self.draws += 1;
        let mut mix = IdSource::new(now, self.seed.wrapping_add(self.draws.wrapping_mul(0xA24B_AED4_963E_E407)));
        let state = mix.draw();
        IdSource::new(now, state)
    }
}

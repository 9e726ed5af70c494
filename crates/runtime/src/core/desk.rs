//! The desk: who waits for a human, who answers, and what an agent may do.
//!
//! Derived from people (their [`LiveRequest`]s) and agents; nothing here is durable. A request's place is its time,
//! first come first, per group; those of segments that the group answers first come before the others.

use crate::{Agent, DeskError};
use engine::DeskAnswer;
use model::{AgentId, ContactId, ConversationId, Instant, LiveRequest, Person, RequestId, RequestState};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long an agent counts as present after the last console stream ended: a reload is no absence.
pub(super) const GRACE: i64 = 10_000_000;

/// How long an agent who was at the desk when the process ended counts as present after the start: their console is on its
/// way back, and customers who ask meanwhile wait for it.
pub(super) const RETURN: i64 = 30_000_000;

/// How many chats that were closed last are still told about: whoever closed one may be looking on.
const LOOKED_AT: usize = 256;

/// An agent at the desk.
#[derive(Clone, Debug)]
pub(super) struct AtDesk {
    pub name: String,
    pub groups: Vec<String>,
    pub disabled: bool,
    pub accepting: bool,
    /// Console streams that are open.
    pub streams: u32,
    /// Until when the agent counts as present without one.
    pub until: Option<Instant>,
}

impl AtDesk {
    fn takes(&self, group: &str) -> bool {
        !self.disabled && self.accepting && (self.streams > 0 || self.until.is_some()) && self.groups.iter().any(|g| g == group)
    }
}

/// A request at the desk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub contact: ContactId,
    pub conversation: ConversationId,
    pub request: LiveRequest,
    pub last_no: u64,
}

/// Requests and agents.
#[derive(Default)]
pub(super) struct Desk {
    agents: BTreeMap<AgentId, AtDesk>,
    requests: BTreeMap<ConversationId, Entry>,
    waiting: BTreeMap<String, BTreeSet<Turn>>,
    /// Chats that were closed last, newest at the end.
    closed: VecDeque<ConversationId>,
}

/// A place in a group's line: whether it comes behind those who go first, then its time.
type Turn = (bool, Instant, RequestId, ConversationId);

fn turn(request: &LiveRequest, conversation: ConversationId) -> Turn {
    (!request.first, request.since, request.id, conversation)
}

/// What an update changed.
#[derive(Default)]
pub(super) struct Changed {
    /// A request came, went or changed hands.
    pub queue: bool,
    /// Groups whose line moved.
    pub groups: BTreeSet<String>,
    /// Conversations with new lines.
    pub lines: Vec<(ConversationId, u64)>,
}

impl Desk {
    /// Takes over what a person's requests are now.
    pub(super) fn update(&mut self, before: Option<&Person>, person: &Person) -> Changed {
        let mut changed = Changed::default();
        for conversation in &person.conversations {
            let open = conversation.request.as_ref();
            let known = before.and_then(|p| p.conversation(conversation.id)).is_some_and(|c| c.request.is_some());
            // Whoever closed it may still be looking on.
            let went_on = before.and_then(|p| p.conversation(conversation.id)).is_some_and(|c| c.last_no != conversation.last_no);
            if open.is_none() && went_on && self.closed.contains(&conversation.id) {
                changed.lines.push((conversation.id, conversation.last_no));
            }
            if open.is_none() && !known && !self.requests.contains_key(&conversation.id) {
                continue;
            }
            let entry = open.map(|request| Entry {
                contact: person.contact.id,
                conversation: conversation.id,
                request: request.clone(),
                last_no: conversation.last_no,
            });
            let old = self.requests.get(&conversation.id);
            if old.map(|e| &e.request) != entry.as_ref().map(|e| &e.request) {
                changed.queue = true;
                if let Some(old) = old
                    && let Some(line) = self.waiting.get_mut(&old.request.group)
                    && line.remove(&turn(&old.request, conversation.id))
                {
                    changed.groups.insert(old.request.group.clone());
                }
                if let Some(new) = &entry
                    && new.request.state == RequestState::Waiting
                {
                    let line = self.waiting.entry(new.request.group.clone()).or_default();
                    let turn = turn(&new.request, conversation.id);
                    line.insert(turn);
                    // Those whom it goes before are told their new place.
                    if line.last() != Some(&turn) {
                        changed.groups.insert(new.request.group.clone());
                    }
                }
            }
            if entry.as_ref().is_some_and(|e| old.is_none_or(|o| o.last_no != e.last_no)) {
                changed.lines.push((conversation.id, conversation.last_no));
            }
            match entry {
                Some(entry) => self.requests.insert(conversation.id, entry),
                None => {
                    self.close(conversation.id);
                    self.requests.remove(&conversation.id)
                }
            };
        }
        changed
    }

    /// A person is gone: their requests are, too. Answers whether there were any.
    pub(super) fn forget(&mut self, person: &Person) -> bool {
        let mut any = false;
        for conversation in &person.conversations {
            self.closed.retain(|known| *known != conversation.id);
            let Some(entry) = self.requests.remove(&conversation.id) else { continue };
            any = true;
            if let Some(line) = self.waiting.get_mut(&entry.request.group) {
                line.remove(&turn(&entry.request, conversation.id));
            }
        }
        any
    }

    fn close(&mut self, conversation: ConversationId) {
        if self.requests.contains_key(&conversation) {
            self.closed.retain(|known| *known != conversation);
            self.closed.push_back(conversation);
            if self.closed.len() > LOOKED_AT {
                self.closed.pop_front();
            }
        }
    }

    /// The desk's answer to a new request: in line, or nobody is there (FL 5.6).
    pub(super) fn answer(&self, request: &engine::DeskRequest) -> DeskAnswer {
        if !self.agents.values().any(|a| a.takes(&request.group)) {
            return DeskAnswer::NoAgent { request: request.request };
        }
        // Whoever goes first waits for those alone who do so as well.
        let before = |(behind, _, id, _): &&Turn| *id != request.request && (!request.first || !behind);
        let ahead = self.waiting.get(&request.group).map_or(0, |line| line.iter().filter(before).count());
        DeskAnswer::Queued { request: request.request, position: u32::try_from(ahead + 1).unwrap_or(u32::MAX), eta_secs: None }
    }

    /// The place in line of a conversation, from 1.
    pub(super) fn position(&self, conversation: ConversationId) -> Option<u32> {
        let request = &self.requests.get(&conversation)?.request;
        let key = turn(request, conversation);
        let line = self.waiting.get(&request.group).filter(|line| line.contains(&key))?;
        u32::try_from(line.range(..=key).count()).ok()
    }

    /// The first conversations of a group's line.
    pub(super) fn line(&self, group: &str, limit: usize) -> Vec<(ContactId, ConversationId)> {
        let line = self.waiting.get(group).into_iter().flatten();
        line.filter_map(|(_, _, _, id)| self.requests.get(id).map(|e| (e.contact, *id))).take(limit).collect()
    }

    pub(super) fn entry(&self, conversation: ConversationId) -> Option<&Entry> {
        self.requests.get(&conversation)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.requests.values()
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    // ---- agents ----

    /// An agent came or changed; `accepting` is what they chose before this process began.
    pub(super) fn put_agent(&mut self, agent: &Agent, accepting: bool) {
        let known = self.agents.get(&agent.id);
        let at_desk = AtDesk {
            name: agent.name.clone(),
            groups: agent.groups.clone(),
            disabled: agent.disabled,
            accepting: known.map_or(accepting, |k| k.accepting),
            streams: known.map_or(0, |k| k.streams),
            until: known.and_then(|k| k.until),
        };
        self.agents.insert(agent.id, at_desk);
    }

    pub(super) fn agent(&self, id: AgentId) -> Option<&AtDesk> {
        self.agents.get(&id)
    }

    pub(super) fn agent_mut(&mut self, id: AgentId) -> Option<&mut AtDesk> {
        self.agents.get_mut(&id)
    }

    /// Whether the agent may act on requests of this group.
    pub(super) fn allowed(&self, agent: AgentId, group: &str) -> Result<&AtDesk, DeskError> {
        self.agents.get(&agent).filter(|a| !a.disabled && a.groups.iter().any(|g| g == group)).ok_or(DeskError::NotAllowed)
    }
}

/// What has to happen for what an agent asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// The step.
    Step,
    /// Nothing: it is so already.
    Already,
}

/// Whether what an agent asks may be done now; asked with the line held, so that exactly one agent wins.
pub(super) fn permit(desk: &Desk, person: &Person, item: &model::InboxItem) -> Result<Permit, DeskError> {
    use model::InboxItem as Item;
    let (conversation, agent) = match item {
        Item::Take { conversation, agent, .. }
        | Item::AgentSays { conversation, agent, .. }
        | Item::Resolve { conversation, agent, .. }
        | Item::Dismiss { conversation, agent } => (*conversation, *agent),
        Item::Incoming { .. }
        | Item::Event { .. }
        | Item::Caused { .. }
        | Item::Modify { .. }
        | Item::Amend { .. }
        | Item::Create { .. }
        | Item::Undo { .. }
        | Item::Import { .. }
        | Item::Move { .. }
        | Item::Reached { .. }
        | Item::Reported { .. }
        | Item::Receipt { .. }
        | Item::Undelivered { .. } => return Ok(Permit::Step),
    };
    let found = person.conversation(conversation).ok_or(DeskError::NotFound)?;
    let request = found.request.as_ref().ok_or(DeskError::NotFound)?;
    desk.allowed(agent, &request.group)?;
    let owner = match &request.state {
        RequestState::Active { agent: owner, name, .. } if *owner != agent => return Err(DeskError::Taken { by: name.clone() }),
        RequestState::Active { .. } => true,
        RequestState::Waiting | RequestState::Missed { .. } => false,
    };
    let missed = matches!(request.state, RequestState::Missed { .. });
    match item {
        Item::Take { request: asked, .. } if *asked != request.id => Err(DeskError::NotFound),
        Item::Take { .. } if owner => Ok(Permit::Already),
        Item::Take { .. } => Ok(Permit::Step),
        // A reply to a missed request takes it: the engine does that in the same step.
        Item::AgentSays { .. } | Item::Dismiss { .. } if missed => Ok(Permit::Step),
        Item::AgentSays { .. } | Item::Resolve { .. } if owner => Ok(Permit::Step),
        Item::AgentSays { .. } | Item::Resolve { .. } => Err(DeskError::NotYours),
        Item::Dismiss { .. } => Err(DeskError::NotFound),
        Item::Incoming { .. }
        | Item::Event { .. }
        | Item::Caused { .. }
        | Item::Modify { .. }
        | Item::Amend { .. }
        | Item::Create { .. }
        | Item::Undo { .. }
        | Item::Import { .. }
        | Item::Move { .. }
        | Item::Reached { .. }
        | Item::Reported { .. }
        | Item::Receipt { .. }
        | Item::Undelivered { .. } => Ok(Permit::Step),
    }
}

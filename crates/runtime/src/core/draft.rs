//! A draft: the commit in the making, and the person as it will be if the commit holds.

use model::{
    Actor, Address, Call, CallRow, CallState, ChatState, Contact, ContactId, Conversation, ConversationId, Delivery, DeliveryUpdate,
    IdSource, InboxItem, InboxRow, Instant, JourneyEntry, JourneyKind, MessageId, OutboxRow, Person, Record, RequestId, TranscriptEntry,
};
use std::{collections::VecDeque, sync::Arc};
use store::{Commit, PersonChange, RecordPut};

/// The commit in the making for one person.
#[derive(Clone)]
pub(super) struct Draft {
    pub before: Option<Arc<Person>>,
    pub change: PersonChange,
    pub records: Vec<RecordPut>,
    /// Items that steps queued; they become inbox rows when the draft is closed.
    pub queued: Vec<InboxItem>,
    /// Events for others that steps asked for, not looked at yet.
    pub triggers: VecDeque<engine::TriggerRequest>,
    /// Events that steps raised, with where: what waits for them in other conversations goes on in this commit.
    pub raised: VecDeque<(ConversationId, engine::RaisedEvent)>,
    /// Audiences that this commit makes durable.
    pub audiences: Vec<super::audience::Audience>,
    /// If there was a step: when time alone changes a membership.
    pub flips: Option<segments::Flips>,
    /// Whether a step wants its input to wait (FL 5.4 rule 7); then nothing of this draft is kept.
    pub held: bool,
    /// What happened, for `chat` and `test`.
    pub trace: Vec<engine::Trace>,
    pub ids: IdSource,
    pub now: Instant,
}

impl Draft {
    pub(super) fn new(id: ContactId, before: Option<Arc<Person>>, ids: IdSource, now: Instant) -> Self {
        let base = before.as_ref().map_or(0, |p| p.version);
        Self {
            before,
            change: PersonChange::new(id, base),
            records: Vec::new(),
            queued: Vec::new(),
            triggers: VecDeque::new(),
            raised: VecDeque::new(),
            audiences: Vec::new(),
            flips: None,
            held: false,
            trace: Vec::new(),
            ids,
            now,
        }
    }

    /// The contact as it will be; none while a new person has none yet.
    pub(super) fn contact(&self) -> Option<&Contact> {
        self.change.contact.as_deref().or_else(|| self.before.as_deref().map(|p| &p.contact))
    }

    /// A conversation as it will be.
    pub(super) fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.change.conversations.iter().find(|c| c.id == id).or_else(|| self.before.as_deref()?.conversation(id))
    }

    /// The conversation on an address, as it will be.
    pub(super) fn conversation_at(&self, address: &Address) -> Option<&Conversation> {
        let changed = self.change.conversations.iter().find(|c| &c.address == address);
        changed.or_else(|| self.conversation(self.before.as_deref()?.conversation_at(address)?.id))
    }

    /// The conversation used last, of those on whose channel the contact refused no messages if there are any: where a run moved, a choice
    /// was sent or a human was asked for last.
    pub(super) fn last_used(&self) -> Option<&Conversation> {
        let wanted = |c: &Conversation| self.contact().is_none_or(|contact| !contact.refuses_messages_on(&c.address.channel));
        let used = |c: &Conversation| {
            let runs = c.runs.iter().map(|r| r.moved_at);
            let choices = c.choices.iter().map(|s| s.at);
            runs.chain(choices).chain(c.request.as_ref().map(|r| r.since)).max()
        };
        let before = self.before.iter().flat_map(|p| &p.conversations).filter_map(|c| self.conversation(c.id));
        let new = self.change.conversations.iter().filter(|c| self.before.as_ref().is_none_or(|p| p.conversation(c.id).is_none()));
        before.chain(new).max_by_key(|c| (wanted(c), used(c)))
    }

    /// The conversations in which a run waits for something about the contact: a segment, an attribute, a moment.
    pub(super) fn watching(&self) -> impl Iterator<Item = ConversationId> {
        let watches =
            |c: &Conversation| c.runs.iter().any(|run| matches!(&run.rest, model::Rest::Waiting { on, .. } if on.watches_contact()));
        self.before.iter().flat_map(|p| &p.conversations).filter_map(|c| self.conversation(c.id)).filter(move |c| watches(c)).map(|c| c.id)
    }

    /// The conversations in which a run waits for an event of this name.
    pub(super) fn awaiting(&self, name: &str) -> impl Iterator<Item = ConversationId> {
        let awaits =
            move |run: &model::Run| matches!(&run.rest, model::Rest::Waiting { on: model::Awaited::Event(awaited), .. } if awaited == name);
        let all = self.before.iter().flat_map(|p| &p.conversations).filter_map(|c| self.conversation(c.id));
        all.filter(move |c| c.runs.iter().any(awaits)).map(|c| c.id)
    }

    /// How the conversations stand besides one.
    pub(super) fn elsewhere(&self, id: ConversationId) -> ChatState {
        let Some(contact) = self.contact() else { return ChatState::Closed };
        let before = self.before.iter().flat_map(|p| &p.conversations).filter(|c| c.id != id).filter_map(|c| self.conversation(c.id));
        before.map(|c| c.state(contact.last_seen, self.now)).max().unwrap_or_default()
    }

    /// What `once` remembers in the conversations besides one; most contacts have one conversation.
    pub(super) fn once_elsewhere(&self, id: ConversationId) -> Vec<&Record> {
        let others = self.before.iter().flat_map(|p| &p.conversations).filter(|c| c.id != id).filter_map(|c| self.conversation(c.id));
        others.map(|c| &c.once).filter(|once| !once.is_empty()).collect()
    }

    pub(super) fn put_conversation(&mut self, conversation: Conversation) {
        match self.change.conversations.iter_mut().find(|c| c.id == conversation.id) {
            Some(slot) => *slot = conversation,
            None => self.change.conversations.push(conversation),
        }
    }

    /// Leaves out a conversation that began with this draft and in which nothing happened: a million imported contacts need no
    /// conversation each.
    pub(super) fn drop_empty(&mut self, id: ConversationId) {
        let Some(at) = self.change.conversations.iter().position(|c| c.id == id) else { return };
        let began = self.change.conversations.get(at).is_some_and(|c| *c == Conversation::new(id, self.change.id, c.address.clone()));
        let is_used = !self.change.transcript.is_empty() || !self.queued.is_empty() || !self.change.calls_put.is_empty() || self.held;
        if !began || is_used || self.before.as_ref().is_some_and(|p| p.conversation(id).is_some()) {
            return;
        }
        self.change.conversations.remove(at);
        for entry in self.change.journey.iter_mut().filter(|entry| entry.conversation == Some(id)) {
            entry.conversation = None;
        }
    }

    /// Outbox rows as they will be, in order.
    pub(super) fn outbox(&self) -> impl Iterator<Item = &OutboxRow> {
        let put = &self.change.outbox_put;
        let before = self.before.iter().flat_map(|p| &p.outbox);
        let kept = before.map(|row| put.iter().find(|r| r.message.id == row.message.id).unwrap_or(row));
        let new = put.iter().filter(|r| !self.before.as_ref().is_some_and(|p| p.outbox.iter().any(|o| o.message.id == r.message.id)));
        kept.chain(new).filter(|r| !self.change.outbox_done.contains(&r.message.id))
    }

    pub(super) fn outbox_row(&self, message: MessageId) -> Option<&OutboxRow> {
        self.outbox().find(|r| r.message.id == message)
    }

    pub(super) fn put_outbox(&mut self, row: OutboxRow) {
        match self.change.outbox_put.iter_mut().find(|r| r.message.id == row.message.id) {
            Some(slot) => *slot = row,
            None => self.change.outbox_put.push(row),
        }
    }

    /// Calls as they will be, in order.
    pub(super) fn calls(&self) -> impl Iterator<Item = &CallRow> {
        let put = &self.change.calls_put;
        let before = self.before.iter().flat_map(|p| &p.calls);
        let kept = before.map(|row| put.iter().find(|r| r.call.id == row.call.id).unwrap_or(row));
        let new = put.iter().filter(|r| !self.before.as_ref().is_some_and(|p| p.calls.iter().any(|o| o.call.id == r.call.id)));
        kept.chain(new).filter(|r| !self.change.calls_done.contains(&r.call.id))
    }

    pub(super) fn call_row(&self, id: RequestId) -> Option<&CallRow> {
        self.calls().find(|r| r.call.id == id)
    }

    /// A call that leaves once the draft is durable.
    pub(super) fn arm(&mut self, call: Call) {
        let state = CallState::Pending { not_before: self.now };
        self.put_call(CallRow { call, state, attempts: 0, unknown: false });
    }

    pub(super) fn put_call(&mut self, row: CallRow) {
        match self.change.calls_put.iter_mut().find(|r| r.call.id == row.call.id) {
            Some(slot) => *slot = row,
            None => self.change.calls_put.push(row),
        }
    }

    /// Takes a call away.
    pub(super) fn done_call(&mut self, id: RequestId) {
        self.change.calls_put.retain(|r| r.call.id != id);
        if self.before.as_ref().is_some_and(|p| p.calls.iter().any(|r| r.call.id == id)) {
            self.change.calls_done.push(id);
        }
    }

    /// Takes a message out of the outbox.
    pub(super) fn done_outbox(&mut self, message: MessageId) {
        self.change.outbox_put.retain(|r| r.message.id != message);
        if self.before.as_ref().is_some_and(|p| p.outbox.iter().any(|r| r.message.id == message)) {
            self.change.outbox_done.push(message);
        }
    }

    /// Appends a transcript line that says how far a message got.
    pub(super) fn delivery_line(&mut self, conversation: ConversationId, message: MessageId, delivery: Delivery, degraded: Vec<String>) {
        // Rows of a conversation that is gone have nobody to tell.
        let Some(mut changed) = self.conversation(conversation).cloned() else { return };
        let no = changed.take_no();
        self.put_conversation(changed);
        let line = DeliveryUpdate { conversation, no, message, delivery, at: self.now, degraded };
        self.change.transcript.push(TranscriptEntry::Delivery(line));
    }

    /// Appends a journey line of the runtime's own.
    pub(super) fn journey(&mut self, conversation: Option<ConversationId>, what: JourneyKind) {
        let id = self.ids.next();
        self.change.journey.push(JourneyEntry {
            id,
            at: self.now,
            by: Actor::System,
            conversation,
            run: None,
            block: None,
            why: None,
            what,
        });
    }

    /// The number of the next inbox row.
    pub(super) fn next_row(&self) -> u64 {
        let before = self.before.iter().flat_map(|p| p.inbox.iter().map(|r| r.no).chain(p.parked.keys().copied()));
        before.chain(self.change.inbox_put.iter().map(|r| r.no)).max().unwrap_or(0) + 1
    }

    /// Adds an inbox row at the end; answers its number.
    pub(super) fn add_row(&mut self, item: InboxItem, at: Instant, tries: u8) -> u64 {
        let no = self.next_row();
        self.change.inbox_put.push(InboxRow { no, item, at, tries });
        no
    }

    /// Whether there is anything to commit.
    pub(super) fn is_empty(&self) -> bool {
        let PersonChange {
            id: _,
            base: _,
            contact,
            conversations,
            conversations_gone,
            inbox_put,
            inbox_done,
            inbox_park,
            parked_gone,
            outbox_put,
            outbox_done,
            calls_put,
            calls_done,
            seen,
            transcript,
            journey,
            events,
            forget,
            withdraw,
            unname,
            erase,
        } = &self.change;
        contact.is_none()
            && conversations.is_empty()
            && conversations_gone.is_empty()
            && inbox_put.is_empty()
            && inbox_done.is_empty()
            && inbox_park.is_empty()
            && parked_gone.is_empty()
            && outbox_put.is_empty()
            && outbox_done.is_empty()
            && calls_put.is_empty()
            && calls_done.is_empty()
            && seen.is_empty()
            && transcript.is_empty()
            && journey.is_empty()
            && events.is_empty()
            && forget.is_nothing()
            && withdraw.is_empty()
            && unname.is_empty()
            && !erase
            && self.records.is_empty()
            && self.queued.is_empty()
    }

    /// The commit.
    pub(super) fn into_commit(self) -> Commit {
        Commit { person: Some(self.change), records: self.records, ..Commit::default() }
    }
}

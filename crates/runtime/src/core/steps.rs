//! Running steps into a draft: one input, the desk's answers to what it asks, and a caught fault of the interpreter.

use super::{
    Core, Refusal,
    desk::{Permit, permit},
    draft::Draft,
    line::Outcome,
    outbox,
    receipts::{self, Receipt},
};
use engine::{DeskRequest, Input, PersonView, Step, Turn};
use model::{
    Address, Author, Contact, Conversation, ConversationId, Delivery, EventId, EventRecord, InboxItem, Instant, JourneyKind, MessageId,
    OutboxRow, OutboxState, RequestId, TranscriptEntry,
};
use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Requests to the desk answered within one commit; more would be a loop of the flow that `check` rejects.
const DESK_ROUNDS: usize = 16;

/// Steps within one commit that an event of another conversation makes; more would be flows that wait for one another without end.
const ELSEWHERE: usize = 256;

/// The channel of a conversation with somebody without an address.
pub(super) const NOWHERE: &str = "";

/// What running an item came to.
pub(super) enum Ran {
    /// It is in the draft.
    Consumed(Outcome),
    /// The desk's rules forbid it.
    Refused(Refusal),
    /// It waits for the run with the floor, which requests this (FL 5.4 rule 7). The draft is not to be kept.
    Held(ConversationId, RequestId),
}

impl Core {
    /// Runs an item; the error is why the interpreter broke.
    pub(super) fn run_item(&mut self, now: Instant, draft: &mut Draft, item: &InboxItem, waited: bool) -> Result<Ran, String> {
        let permit = match &draft.before {
            Some(person) => match permit(&self.desk, person, item) {
                Ok(permit) => permit,
                Err(error) => return Ok(Ran::Refused(error.into())),
            },
            None => Permit::Step,
        };
        if let (InboxItem::Amend { edition, .. }, Some(contact)) = (item, draft.contact())
            && contact.edition() != *edition
        {
            return Ok(Ran::Refused(Refusal::Changed));
        }
        if let InboxItem::Receipt { conversation, message, no, delivery } = item {
            receipts::take(draft, &Receipt { conversation: *conversation, message: *message, no: *no, delivery });
            return Ok(Ran::Consumed(Outcome::default()));
        }
        if let InboxItem::Undo { events, .. } = item {
            draft.change.withdraw.extend_from_slice(events);
        }
        let fresh = draft.before.as_ref().is_none_or(|person| person.conversations.is_empty());
        let Some(conversation) = place(draft, item, now) else {
            draft.journey(None, JourneyKind::Error("an input was for a conversation that does not exist".into()));
            return Ok(Ran::Consumed(Outcome::default()));
        };
        let left = self.meet(draft, item, now).map_err(|error| error.to_string())?;
        let item = left.as_ref().unwrap_or(item);
        match permit {
            Permit::Already => return Ok(Ran::Consumed(Outcome::default())),
            Permit::Step => {}
        }
        let lines_before = draft.change.transcript.len();
        let waits_for = draft.conversation(conversation).and_then(super::advance::waits_for);
        let input = if waited { Input::Waited(item) } else { Input::Inbox(item) };
        self.run(now, draft, conversation, input)?;
        if let (true, Some(call)) = (draft.held, waits_for) {
            return Ok(Ran::Held(conversation, call));
        }
        if fresh {
            draft.drop_empty(conversation);
        }
        let message = match item {
            InboxItem::AgentSays { .. } => said(draft, lines_before),
            InboxItem::Incoming { .. }
            | InboxItem::Event { .. }
            | InboxItem::Caused { .. }
            | InboxItem::Take { .. }
            | InboxItem::Resolve { .. }
            | InboxItem::Dismiss { .. }
            | InboxItem::Modify { .. }
            | InboxItem::Amend { .. }
            | InboxItem::Create { .. }
            | InboxItem::Undo { .. }
            | InboxItem::Move { .. }
            | InboxItem::Reached { .. }
            | InboxItem::Import { .. }
            | InboxItem::Reported { .. }
            | InboxItem::Receipt { .. }
            | InboxItem::Undelivered { .. } => None,
        };
        Ok(Ran::Consumed(Outcome { message, ..Outcome::default() }))
    }

    /// Runs what is due in a conversation.
    pub(super) fn run_due(&mut self, now: Instant, draft: &mut Draft, id: ConversationId, refused: Option<String>) -> Result<(), String> {
        if let Some(why) = refused {
            return Err(why);
        }
        // A conversation that is gone has nothing due.
        if draft.conversation(id).is_some() {
            self.run(now, draft, id, Input::Due)?;
        }
        Ok(())
    }

    /// Follows time for the contact's memberships. With somebody nobody has talked with yet no step is needed, unless a skill
    /// catches what happened.
    pub(super) fn run_membership(&mut self, now: Instant, draft: &mut Draft) -> Result<(), String> {
        if let Some(used) = draft.last_used() {
            let id = used.id;
            return self.run(now, draft, id, Input::Membership);
        }
        let Some(address) = draft.contact().map(first_address) else { return Ok(()) };
        let settled = {
            let seed = draft.ids.draw();
            let Some(contact) = draft.contact() else { return Ok(()) };
            let turn = Turn { now, seed, programs: &self.programs, eras: self.segments.eras(), ungated: self.ungated };
            let recorded = self.segments.book().past(draft.change.id);
            engine::settle(contact, &recorded, self.segments.flips(draft.change.id), &turn)
        };
        if settled.caught {
            let id: ConversationId = draft.ids.next();
            draft.put_conversation(Conversation::new(id, draft.change.id, address));
            return self.run(now, draft, id, Input::Membership);
        }
        draft.flips = Some(settled.flips);
        draft.change.journey.extend(settled.journey);
        draft.change.contact = settled.contact.map(Box::new);
        Ok(())
    }

    /// Runs an input with everything that follows from it in the same commit: the desk's answers to what it asks, triggers
    /// for others, and what waits in the contact's other conversations for what changed or was raised.
    pub(super) fn run(&mut self, now: Instant, draft: &mut Draft, id: ConversationId, input: Input<'_>) -> Result<(), String> {
        self.run_and_watch(now, draft, id, input)?;
        // An event is the contact's, not a conversation's: what waits for one elsewhere than it was raised goes on with it.
        let mut steps = 0;
        while let Some((here, event)) = draft.raised.pop_front() {
            let waiting: Vec<ConversationId> = draft.awaiting(&event.name).filter(|waiting| *waiting != here).collect();
            for other in waiting {
                if steps == ELSEWHERE {
                    // What was done is good, and what the customer said is not lost to a loop of the flows.
                    draft.raised.clear();
                    let why = format!("events went to and fro between conversations more than {ELSEWHERE} times; the rest was not heard");
                    draft.journey(Some(other), JourneyKind::Error(why));
                    return Ok(());
                }
                steps += 1;
                self.run_and_watch(now, draft, other, Input::Elsewhere(&event))?;
            }
        }
        Ok(())
    }

    /// Runs an input, and in the contact's other conversations what waits for what it changed of the contact.
    fn run_and_watch(&mut self, now: Instant, draft: &mut Draft, id: ConversationId, input: Input<'_>) -> Result<(), String> {
        let before = draft.change.contact.clone();
        self.run_here(now, draft, id, input)?;
        if draft.change.contact != before {
            let elsewhere: Vec<ConversationId> = draft.watching().filter(|watching| *watching != id).collect();
            for other in elsewhere {
                self.run_here(now, draft, other, Input::Due)?;
            }
        }
        Ok(())
    }

    /// Runs an input and the answers to what it asks.
    fn run_here(&mut self, now: Instant, draft: &mut Draft, id: ConversationId, input: Input<'_>) -> Result<(), String> {
        let step = self.step(now, draft, id, input)?;
        let mut requests: VecDeque<DeskRequest> = self.take_step(draft, step).into();
        for _ in 0..DESK_ROUNDS {
            if let Some(trigger) = draft.triggers.pop_front() {
                let conversation = trigger.conversation;
                let answer = self.take_trigger(draft, trigger)?;
                let step = self.step(now, draft, conversation, Input::Trigger(answer))?;
                requests.extend(self.take_step(draft, step));
                continue;
            }
            let Some(request) = requests.pop_front() else { return Ok(()) };
            let answer = self.desk.answer(&request);
            let step = self.step(now, draft, request.conversation, Input::Desk(answer))?;
            requests.extend(self.take_step(draft, step));
        }
        Err(format!("one step asked for humans and triggered events more than {DESK_ROUNDS} times"))
    }

    /// One call of the interpreter; its panic is an error here.
    fn step(&mut self, now: Instant, draft: &mut Draft, id: ConversationId, input: Input<'_>) -> Result<Step, String> {
        let seed = draft.ids.draw();
        let (Some(contact), Some(conversation)) = (draft.contact(), draft.conversation(id)) else {
            return Err("the conversation is gone".into());
        };
        let turn = Turn { now, seed, programs: &self.programs, eras: self.segments.eras(), ungated: self.ungated };
        let recorded = self.segments.book().past(draft.change.id);
        let left = self.left(draft).map_err(|error| error.to_string())?;
        let past = match &left {
            None => segments::Recorded { before: &recorded, since: &draft.change.events },
            Some(left) => segments::Recorded { before: &segments::NoPast, since: left },
        };
        let flips = draft.flips.unwrap_or_else(|| self.segments.flips(draft.change.id));
        let once = draft.once_elsewhere(id);
        let view = PersonView { contact, conversation, past: &past, flips, elsewhere: draft.elsewhere(id), once: &once };
        self.stats.steps += 1;
        // The interpreter is pure: a panic leaves nothing half done behind.
        catch_unwind(AssertUnwindSafe(|| self.decide.step(&view, input, &turn))).map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
            format!("the interpreter panicked: {}", text.unwrap_or_else(|| "without a word".into()))
        })
    }

    /// What is recorded about the contact once the draft is durable, in order; none if it withdraws nothing: that is what is known and
    /// what it adds.
    fn left(&self, draft: &Draft) -> Result<Option<Vec<EventRecord>>, store::Error> {
        if draft.change.withdraw.is_empty() {
            return Ok(None);
        }
        let gone: BTreeSet<EventId> = draft.change.withdraw.iter().copied().collect();
        let mut left = self.store.events(draft.change.id, 0, usize::MAX)?;
        left.retain(|event| !event.is_withdrawn() && !gone.contains(&event.id));
        left.reverse();
        left.extend_from_slice(&draft.change.events);
        Ok(Some(left))
    }

    /// Puts a step into the draft; answers what it asks of the desk.
    fn take_step(&self, draft: &mut Draft, step: Step) -> Vec<DeskRequest> {
        let Step {
            contact,
            conversation,
            transcript,
            journey,
            events,
            raised,
            queued,
            calls,
            held,
            requests,
            triggers,
            drop_unsent,
            broken: _,
            flips,
            trace,
        } = step;
        draft.flips = Some(flips);
        draft.raised.extend(raised.into_iter().map(|event| (conversation.id, event)));
        let blocked = |contact: &model::Contact| contact.status == engine::BLOCKED;
        let is_blocked_now = contact.as_ref().is_some_and(blocked) && !draft.contact().is_some_and(blocked);
        if let Some(contact) = contact {
            draft.change.contact = Some(Box::new(contact));
        }
        let pull = self.outlets.get(&conversation.address.channel).is_some_and(|o| o.capabilities.pull);
        let address = conversation.address.clone();
        let was = drop_unsent.then(|| conversation.clone());
        if drop_unsent || draft.conversation(conversation.id) != Some(&conversation) {
            draft.put_conversation(conversation);
        }
        let mut rows = Vec::new();
        for mut entry in transcript {
            if let TranscriptEntry::Message(message) = &mut entry
                && message.delivery == Delivery::Queued
            {
                match &message.author {
                    // The customer fetches by cursor: what is committed is sent.
                    Author::Bot { .. } | Author::Agent { .. } | Author::System if pull => message.delivery = Delivery::Sent,
                    Author::Bot { .. } | Author::Agent { .. } if address.channel == NOWHERE => {
                        message.delivery = Delivery::Failed("the contact has no address yet".into());
                    }
                    Author::Bot { .. } | Author::Agent { .. } => rows.push(OutboxRow {
                        message: message.clone(),
                        address: address.clone(),
                        state: OutboxState::Pending { not_before: draft.now },
                        attempts: 0,
                        unknown: false,
                        parts_done: 0,
                        unwanted: false,
                    }),
                    Author::System | Author::Customer => {}
                }
            }
            draft.change.transcript.push(entry);
        }
        if let Some(was) = was {
            outbox::drop_unsent(draft, &was);
        }
        if is_blocked_now {
            outbox::drop_all_unsent(draft, |_| true);
        }
        rows.into_iter().for_each(|row| draft.put_outbox(row));
        draft.change.journey.extend(journey);
        draft.change.events.extend(events);
        calls.into_iter().for_each(|call| draft.arm(call));
        draft.held |= held;
        draft.queued.extend(queued);
        draft.triggers.extend(triggers);
        if self.traced {
            draft.trace.extend(trace);
        }
        requests
    }

    /// The message that an agent's text became when it came for the first time.
    pub(super) fn said_before(&self, person: &model::Person, item: &InboxItem) -> Option<MessageId> {
        let InboxItem::AgentSays { conversation, client_id: Some(client_id), .. } = item else { return None };
        let last = person.conversation(*conversation)?.last_no;
        let lines = self.store.transcript(person.contact.id, *conversation, last.saturating_sub(500), 500).ok()?;
        lines.iter().rev().find_map(|line| match line {
            TranscriptEntry::Message(m) if m.client_id.as_ref() == Some(client_id) => Some(m.id),
            TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
        })
    }
}

/// The newest line of an agent since `from`.
fn said(draft: &Draft, from: usize) -> Option<MessageId> {
    draft.change.transcript.iter().skip(from).find_map(|line| match line {
        TranscriptEntry::Message(m) if matches!(m.author, Author::Agent { .. }) => Some(m.id),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    })
}

/// The conversation an item is about; a new one (and a new contact) where somebody writes from a new address.
pub(super) fn place(draft: &mut Draft, item: &InboxItem, now: Instant) -> Option<ConversationId> {
    match item {
        InboxItem::Incoming { address, .. } => {
            if let Some(known) = draft.conversation_at(address) {
                return Some(known.id);
            }
            let id: ConversationId = draft.ids.next();
            let contact = draft.change.id;
            if draft.contact().is_none() {
                draft.change.contact = Some(Box::new(Contact::new(contact, now, address.clone(), "organic")));
            }
            draft.put_conversation(Conversation::new(id, contact, address.clone()));
            Some(id)
        }
        InboxItem::Event { conversation: Some(conversation), .. }
        | InboxItem::Caused { conversation, .. }
        | InboxItem::Take { conversation, .. }
        | InboxItem::AgentSays { conversation, .. }
        | InboxItem::Resolve { conversation, .. }
        | InboxItem::Dismiss { conversation, .. }
        | InboxItem::Move { conversation, .. }
        | InboxItem::Reported { conversation, .. }
        | InboxItem::Receipt { conversation, .. }
        | InboxItem::Undelivered { conversation, .. } => draft.conversation(*conversation).map(|c| c.id),
        InboxItem::Event { conversation: None, .. }
        | InboxItem::Import { .. }
        | InboxItem::Reached { .. }
        | InboxItem::Modify { .. }
        | InboxItem::Amend { .. }
        | InboxItem::Undo { .. }
        | InboxItem::Create { .. } => {
            if let Some(used) = draft.last_used() {
                return Some(used.id);
            }
            if let (InboxItem::Create { source, .. }, None) = (item, draft.contact()) {
                draft.change.contact = Some(Box::new(Contact::without_address(draft.change.id, now, source)));
            }
            // A contact nobody talked with yet: their conversation begins on the first address they have.
            let address = first_address(draft.contact()?);
            let id: ConversationId = draft.ids.next();
            draft.put_conversation(Conversation::new(id, draft.change.id, address));
            Some(id)
        }
    }
}

/// Where a conversation begins with somebody nobody talked with yet. Somebody without an address can be written to nowhere: what
/// is said there has failed when it is said, and a flow can still call, mail and change what is known.
fn first_address(contact: &Contact) -> Address {
    contact.addresses.first().map_or_else(|| Address { channel: NOWHERE.into(), id: contact.id.to_string() }, |reach| reach.address.clone())
}

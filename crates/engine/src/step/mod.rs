//! One step: the processing of one input until every run rests (FL 5.2).
//!
//! [`step`] is pure and total: it never panics on data it wrote itself, and a step that cannot be finished
//! consumes its input, keeps what was said or told by it, and changes nothing else (FL 5.7).

mod api;
mod blocked;
mod calling;
mod computed;
mod desk;
mod due;
mod facts;
mod floor;
mod follow;
mod identity;
mod importing;
mod incoming;
mod interrupts;
mod membership;
mod migrate;
mod moving;
mod occasions;
mod once;
mod opt_out;
mod person;
mod reached;
mod requests;
mod run;
mod starts;
mod stepper;
mod trigger;
mod waiting;
mod why;
mod words;

pub use words::ordinal;
pub(crate) use words::{Words, spoken};

pub use api::{DeskAnswer, DeskRequest, Input, PersonView, RaisedEvent, Step, Trace, Turn};
pub use blocked::{BLOCKED, stands_still};
pub use computed::computed_attributes;
pub use due::next_due;
pub(crate) use facts::holds_for;
pub use facts::memberships;
pub use follow::{Settled, settle};
pub use importing::is_their_own;
pub use migrate::{Migration, Placed, Resting, migrate, split_place};
pub(crate) use moving::Moving;
pub use occasions::ERROR_REPORTED;
pub(crate) use occasions::PAGE_VISIT;
pub use opt_out::hides_refusal;
pub use trigger::{TriggerAnswer, TriggerRequest, TriggerTo};
pub use why::{SegmentWhy, why_in_segment};

use crate::blocks::Fault;
use model::{Cause, Conversation, InboxItem, Incoming, IncomingBody, JourneyKind, Record, Start, Value, Version};
use stepper::Stepper;

/// Processes one input of one conversation.
pub fn step(person: &PersonView<'_>, input: Input<'_>, turn: &Turn<'_>) -> Step {
    let mut stepper = Stepper::new(person, turn);
    // Moving is bookkeeping: nothing follows from it in the same step.
    if let Input::Inbox(InboxItem::Move { conversation: _, from, to, places, by }) = input {
        stepper.move_runs(from, to, places, by);
        return stepper.close(None);
    }
    stepper.catch_up();
    match stepper.process(input) {
        Ok(()) if stepper.held => held(person),
        Ok(()) => stepper.finish(None),
        Err(Fault::Broken(why) | Fault::Failed(why)) => broken(person, input, turn, &stepper, &why),
    }
}

/// The bot versions that a conversation still needs (FL 5.9).
pub fn versions(conversation: &Conversation) -> impl Iterator<Item = &Version> {
    let pending = conversation.pending.iter().filter_map(|p| match &p.start {
        Start::Tick { version, .. } => Some(version),
        Start::Skill { .. } => None,
    });
    conversation.runs.iter().map(|r| &r.version).chain(conversation.timers.iter().map(|t| &t.version)).chain(pending)
}

impl Stepper<'_> {
    fn process(&mut self, input: Input<'_>) -> Result<(), Fault> {
        self.forget_old_choices();
        self.drop_lost_runs();
        self.had_floor = self.conversation.floor.last().copied();
        match input {
            Input::Inbox(item) => self.item(item)?,
            Input::Waited(item) => {
                self.patient = false;
                self.item(item)?;
            }
            Input::Answer(answer) => self.answered(answer)?,
            Input::Due => self.due()?,
            Input::Membership => {}
            Input::Elsewhere(event) => self.reach_waiting(&event.name, &event.fields)?,
            Input::Desk(answer) => self.desk_answer(answer)?,
            Input::Trigger(answer) => self.trigger_answer(answer)?,
        }
        self.settle()
    }

    fn item(&mut self, item: &InboxItem) -> Result<(), Fault> {
        match item {
            InboxItem::Incoming { address: _, incoming } => self.incoming(incoming),
            InboxItem::Event { name, fields, .. } => {
                self.keep(item);
                self.heed(name, fields)
            }
            InboxItem::Caused { conversation: _, skill, catch, named, event, depth, cause } => {
                self.depth = *depth;
                if *cause == Cause::Other && self.storm() {
                    return Ok(());
                }
                self.start_caused(skill, catch.map(|place| (usize::from(place), named.as_deref())), event.clone(), cause.clone())
            }
            InboxItem::Take { conversation: _, request, agent, name } => self.take(*request, *agent, name),
            InboxItem::AgentSays { conversation: _, agent, name, content, client_id } => {
                self.agent_says(*agent, name, content.clone(), client_id.clone())
            }
            InboxItem::Resolve { conversation: _, agent, skill } => self.resolve(*agent, skill.as_deref()),
            InboxItem::Dismiss { conversation: _, agent } => {
                self.dismiss(*agent);
                Ok(())
            }
            InboxItem::Modify { .. } | InboxItem::Amend { .. } | InboxItem::Create { .. } | InboxItem::Undo { .. } => {
                self.keep(item);
                Ok(())
            }
            InboxItem::Move { conversation: _, from, to, places, by } => {
                self.move_runs(from, to, places, by);
                Ok(())
            }
            InboxItem::Reached { audience, what, by } => self.reached(audience, what, by),
            InboxItem::Import { events, start, by } => self.take_over_events(events, *start, by),
            InboxItem::Reported { conversation: _, call, place, failure, read } => self.reported(*call, place, failure.as_deref(), *read),
            // What becomes of messages is the runtime's to keep.
            InboxItem::Receipt { .. } => Ok(()),
            InboxItem::Undelivered { conversation: _, message, reason } => {
                let event = Record::from([
                    ("message".to_owned(), Value::text(message.to_string())),
                    ("reason".to_owned(), Value::text(reason.clone())),
                ]);
                // A designer may want to know; there is no built-in answer to a message that did not arrive.
                if self.bot.skill("/_undelivered").is_some() {
                    self.start_named("/_undelivered", event, Cause::Other)?;
                }
                Ok(())
            }
        }
    }

    /// What holds whatever becomes of the step: what the customer said or did, and what a file, a program or an agent told of them, who
    /// may have been answered that it is done. What breaks is what follows from it.
    fn keep(&mut self, item: &InboxItem) {
        match item {
            InboxItem::Incoming { address: _, incoming } => self.keep_incoming(incoming),
            InboxItem::Event { conversation: _, name, fields, at, by } => self.record_event(name, fields, *at, by.clone()),
            InboxItem::Import { events, start, by } => self.keep_told(events, *start, by),
            InboxItem::Reached { audience, what, by } => {
                self.keep_reached(audience, what, by);
            }
            InboxItem::Modify { changes, by } | InboxItem::Amend { edition: _, changes, by } => self.modify(changes, by),
            InboxItem::Create { source, changes, by } => self.created(source, changes, by),
            InboxItem::Undo { import, made, parts, events, by } => {
                self.recounted = !events.is_empty();
                self.undo_import(import, *made, parts, by);
            }
            // All that these do is what follows from them.
            InboxItem::Caused { .. }
            | InboxItem::Take { .. }
            | InboxItem::AgentSays { .. }
            | InboxItem::Resolve { .. }
            | InboxItem::Dismiss { .. }
            | InboxItem::Move { .. }
            | InboxItem::Reported { .. }
            | InboxItem::Receipt { .. }
            | InboxItem::Undelivered { .. } => {}
        }
    }

    /// Everything that follows from what happened: caught events, the floor going back, starts that waited.
    fn settle(&mut self) -> Result<(), Fault> {
        loop {
            if let Some(raised) = self.raised.pop_front() {
                self.raise(&raised.name, &raised.fields, &raised.cause)?;
            } else if !self.return_floor()? && !self.start_pending()? {
                return Ok(());
            }
        }
    }

    /// Closes the step: transitions of membership, what they and tags cause, housekeeping.
    fn finish(mut self, broken: Option<String>) -> Step {
        self.look_at_block();
        self.transitions();
        self.look_at_waits();
        self.forget_old_choices();
        self.close(broken)
    }

    fn close(mut self, broken: Option<String>) -> Step {
        self.note_said();
        Step {
            contact: self.contact_changed.then_some(self.contact),
            conversation: self.conversation,
            transcript: self.out.transcript,
            journey: self.out.journey,
            events: self.out.events,
            raised: self.out.raised,
            queued: self.out.queued,
            calls: self.out.calls,
            held: false,
            requests: self.out.requests,
            triggers: self.out.triggers,
            drop_unsent: self.out.drop_unsent,
            broken,
            flips: self.flips,
            trace: self.out.trace,
        }
    }
}

/// A step that leaves everything as it is: its input waits (FL 5.4 rule 7).
fn held(person: &PersonView<'_>) -> Step {
    Step {
        contact: None,
        conversation: person.conversation.clone(),
        transcript: Vec::new(),
        journey: Vec::new(),
        events: Vec::new(),
        raised: Vec::new(),
        queued: Vec::new(),
        calls: Vec::new(),
        held: true,
        requests: Vec::new(),
        triggers: Vec::new(),
        drop_unsent: false,
        broken: None,
        flips: person.flips,
        trace: Vec::new(),
    }
}

/// A step that hit a limit: the input is consumed, its run ends, `/_error` is queued, nothing else is kept but what somebody said or told.
fn broken(person: &PersonView<'_>, input: Input<'_>, turn: &Turn<'_>, failed: &Stepper<'_>, why: &str) -> Step {
    let mut stepper = Stepper::new(person, turn);
    stepper.catch_up();
    stepper.depth = failed.depth;
    // What counts against storms counts all the more when it breaks.
    if stepper.contact.idle_steps != failed.contact.idle_steps {
        stepper.contact.idle_steps = failed.contact.idle_steps;
        stepper.contact_changed = true;
    }
    if let Input::Inbox(item) | Input::Waited(item) = input {
        stepper.keep(item);
    }
    let (run, skill, block) = match &failed.moving {
        Some(at) => (Some(at.run), at.skill.name.clone(), at.skill.blocks[at.block].name.clone()),
        None => (None, String::new(), String::new()),
    };
    match input {
        Input::Due => stepper.skip_due(),
        // A desk that cannot be told leaves nobody waiting (INV-10).
        Input::Desk(DeskAnswer::Queued { request, .. } | DeskAnswer::NoAgent { request }) => stepper.abandon(request),
        Input::Answer(answer) => stepper.abandon_call(answer.call),
        Input::Trigger(answer) => {
            for run in stepper.resting_on(answer.request()) {
                stepper.end_resting(run, "broken");
            }
        }
        Input::Inbox(_) | Input::Waited(_) | Input::Membership | Input::Elsewhere(_) => {}
    }
    if let Some(run) = run {
        stepper.end_resting(run, "broken");
    }
    stepper.journey(model::Actor::System, JourneyKind::Error(format!("the step broke: {why}")));
    // `/_error` breaking, or what it causes, starts nothing further (FL 5.7).
    let from_error = skill == "/_error" || matches!(input, Input::Inbox(InboxItem::Caused { skill, .. }) if skill == "/_error");
    if !from_error && stepper.depth < membership::DEPTH {
        let conversation = stepper.conversation.id;
        stepper.out.queued.push(InboxItem::Caused {
            conversation,
            skill: "/_error".into(),
            catch: None,
            named: None,
            event: error_event(&skill, &block, why),
            depth: stepper.depth + 1,
            cause: Cause::Customer,
        });
    }
    stepper.finish(Some(why.to_owned()))
}

/// The fields of `/_error`'s event.
pub(crate) fn error_event(skill: &str, block: &str, reason: &str) -> Record {
    Record::from([
        ("skill".to_owned(), Value::text(skill)),
        ("block".to_owned(), Value::text(block)),
        ("reason".to_owned(), Value::text(reason)),
    ])
}

/// Whether the customer did something that resets the guard against storms (FL 5.10).
pub(crate) fn is_human(incoming: &Incoming) -> bool {
    match incoming.body {
        IncomingBody::Message(_) | IncomingBody::Press { .. } | IncomingBody::Opened { .. } => true,
        IncomingBody::Event { .. } | IncomingBody::Unreachable { .. } | IncomingBody::Reachable => false,
    }
}

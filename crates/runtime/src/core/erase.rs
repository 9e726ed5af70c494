//! Erasing a person: their line ends with one commit that takes everything away, and nothing of them stays in memory.
//!
//! The erasure is the next thing the line does, before whatever waits in it. What waits is answered as for somebody who is not
//! there; a customer's own message is refused for now, so that the channel brings it again and it begins a new contact. What a
//! channel or a call answers afterwards finds nobody and is dropped.

use super::{
    Action, Core, Refusal, Ticket,
    agenda::Wake,
    line::{Flight, Line, Wants},
};
use crate::DeskEvent;
use channel::AcceptError;
use model::{ContactId, Instant, Person};
use std::sync::Arc;
use store::{Commit, Error, PersonChange, RecordPut, Seq};

/// What is written with the erasure of a person as they are then: what must be remembered, without them.
pub type Remembered = Arc<dyn Fn(&Person) -> Vec<RecordPut> + Send + Sync>;

/// How long a line waits when the store is busy: 50 ms.
const BUSY_FOR: i64 = 50_000;

/// An erasure that waits for its turn.
pub(super) struct Erasing {
    /// The version it was prepared for; none: whichever it is.
    version: Option<u64>,
    remembered: Remembered,
    ticket: Ticket,
}

impl Erasing {
    /// Who waits for it.
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl Core {
    /// Erases a person and those merged into them. Answered with [`Action::Done`] when it is durable: with
    /// [`Refusal::Changed`] if they are not at `version` any more.
    pub fn erase(&mut self, now: Instant, contact: ContactId, version: Option<u64>, remembered: Remembered, ticket: Ticket) {
        if self.failed.is_some() || self.stopping {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        match self.store.person(contact) {
            Ok(Some(_)) => {}
            Ok(None) => return self.done(ticket, Err(Refusal::NotFound)),
            Err(error) => {
                self.fail(&error.to_string());
                return self.done(ticket, Err(Refusal::Unavailable));
            }
        }
        let line = self.lines.entry(contact).or_default();
        if line.erasing.is_some() {
            return self.done(ticket, Err(Refusal::Changed));
        }
        line.erasing = Some(Box::new(Erasing { version, remembered, ticket }));
        self.advance(now, contact);
    }

    /// Makes the commit that erases; answers whether one is under way.
    pub(super) fn fly_erasure(&mut self, now: Instant, line: &mut Line, person: Arc<Person>) -> bool {
        let Some(erasing) = line.erasing.take() else { return false };
        if self.stopping || erasing.version.is_some_and(|version| version != person.version) {
            let why = if self.stopping { Refusal::Unavailable } else { Refusal::Changed };
            self.done(erasing.ticket, Err(why));
            return false;
        }
        let mut also = Vec::new();
        for one in &person.contact.absorbed {
            match self.store.person(one.id) {
                Ok(other) => also.extend(other.map(|other| PersonChange::erase(one.id, other.version))),
                Err(error) => {
                    self.done(erasing.ticket, Err(Refusal::Unavailable));
                    self.fail(&error.to_string());
                    return false;
                }
            }
        }
        let contact = person.contact.id;
        let records = (erasing.remembered)(&person);
        let commit = Commit { person: Some(PersonChange::erase(contact, person.version)), also, records };
        line.erasing = Some(erasing);
        self.tokens += 1;
        let token = super::CommitToken(self.tokens);
        let version = engine::Programs::current(&self.programs).version().clone();
        self.usage.hold(&version);
        line.flight = Some(Flight::of_erasure(version, person));
        self.flights.insert(token, contact);
        self.hand_over(now, token, commit);
        true
    }

    /// The store answered a commit that erases.
    pub(super) fn erasure_landed(&mut self, now: Instant, contact: ContactId, flight: Flight, answer: Result<Seq, Error>) {
        if self.usage.release(&flight.version) {
            self.retire_unused([flight.version.clone()]);
        }
        let Some(line) = self.lines.get_mut(&contact) else { return };
        match answer {
            Ok(_) => {
                if let Some(person) = flight.before {
                    self.erased(&person);
                }
            }
            Err(Error::Busy) => {
                line.pausing = true;
                self.agenda.set(Wake::Line(contact), Some(now.plus_micros(BUSY_FOR)));
            }
            Err(Error::Conflict { .. }) => self.advance(now, contact),
            Err(Error::Invalid(why)) => {
                let erasing = line.erasing.take();
                self.actions.push(Action::Alert(format!("{contact} could not be erased: {why}")));
                if let Some(erasing) = erasing {
                    self.done(erasing.ticket, Err(Refusal::Parked));
                }
                self.advance(now, contact);
            }
            Err(error @ (Error::Failed(_) | Error::Corrupt(_) | Error::InUse(_) | Error::NoCopy(_))) => self.fail(&error.to_string()),
        }
    }

    /// A person is gone, durably: forgets them, tells whoever looks on, answers whoever waits.
    fn erased(&mut self, person: &Person) {
        let contact = person.contact.id;
        let left = self.usage.forget(person);
        self.retire_unused(left);
        self.forget_person(person);
        for one in &person.contact.absorbed {
            self.segments_forget(one.id);
            self.forget_line(one.id);
        }
        if self.desk.forget(person) {
            self.actions.push(Action::Desk(DeskEvent::Queue));
        }
        for conversation in &person.conversations {
            self.actions.push(Action::Desk(DeskEvent::Conversation { conversation: conversation.id, no: conversation.last_no }));
        }
        let addresses = person.contact.addresses.iter().map(|reach| reach.address.clone());
        self.actions.extend(addresses.map(Action::Gone));
        let erasing = self.lines.get_mut(&contact).and_then(|line| line.erasing.take());
        self.forget_line(contact);
        self.audiences_forget(contact);
        if let Some(erasing) = erasing {
            self.done(erasing.ticket, Ok(super::Outcome::default()));
        }
    }

    /// Takes a person off the agenda and out of the lines for slots and places. What is under way for them frees its slot or
    /// place when its answer comes.
    fn forget_person(&mut self, person: &Person) {
        let contact = person.contact.id;
        for conversation in &person.conversations {
            self.agenda.set(Wake::Due(contact, conversation.id), None);
            self.agenda.set(Wake::Lane(contact, conversation.id), None);
            self.stuck.remove(&conversation.id);
        }
        for row in &person.calls {
            self.agenda.set(Wake::Call(contact, row.call.id), None);
        }
        self.agenda.set(Wake::Held(contact), None);
        self.agenda.set(Wake::Line(contact), None);
        for outlet in self.outlets.values_mut() {
            if outlet.queued.remove(&contact) {
                outlet.waiting.retain(|waiting| *waiting != contact);
            }
        }
        self.places.forget(contact);
        self.segments_forget(contact);
    }

    /// Ends the line of somebody who is not there: whoever waits in it is told so.
    pub(super) fn forget_line(&mut self, contact: ContactId) {
        let Some(mut line) = self.lines.remove(&contact) else { return };
        // A commit of somebody who was merged into another may still be under way; it finds nobody.
        let flight = line.flight.take();
        self.end_line(line);
        if flight.is_some() {
            self.lines.insert(contact, Line { flight, ..Line::default() });
        }
    }

    /// Answers whoever waits in a line that ends.
    pub(super) fn end_line(&mut self, line: Line) {
        let Line {
            arrivals,
            tickets,
            settlers,
            erasing,
            flight: _,
            results: _,
            answers: _,
            held: _,
            due: _,
            membership: _,
            pausing: _,
            ..
        } = line;
        self.arrivals = self.arrivals.saturating_sub(arrivals.len());
        for (ticket, wants) in arrivals.into_iter().flat_map(|arrival| arrival.tickets) {
            match wants {
                Wants::Durable | Wants::Duplicate => self.accepted(ticket, Err(AcceptError::Unavailable)),
                Wants::Done => self.done(ticket, Err(Refusal::NotFound)),
            }
        }
        let waiting = tickets.into_values().flatten().chain(erasing.map(|erasing| erasing.ticket));
        for ticket in waiting.collect::<Vec<_>>() {
            self.done(ticket, Err(Refusal::NotFound));
        }
        self.actions.extend(settlers.into_iter().map(Action::Settled));
    }
}

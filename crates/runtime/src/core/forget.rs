//! Forgetting in the core: the beginning of a past goes, and names of those who were erased do, in a commit of the contact's line, when the
//! line has nothing else to do.
//!
//! Nobody waits for it. If something is under way the answer is [`Refusal::Changed`], and whoever asked comes again later; what arrives
//! while the commit is under way waits for it as for any other.

use super::{
    Action, CommitToken, Core, Outcome, Refusal, Ticket,
    line::{Flight, Forgetting},
};
use engine::Programs as _;
use model::{ContactId, Instant};
use store::{Commit, Error, PersonChange, RecordPut, Seq};

impl Core {
    /// Makes a change that forgets ([`PersonChange::forget`], [`PersonChange::unname`]) and nothing else, together with records. Answered
    /// with [`Action::Done`] when it is durable: with [`Refusal::Changed`] if something else happens to the contact right now.
    pub fn forget(&mut self, now: Instant, change: PersonChange, records: Vec<RecordPut>, ticket: Ticket) {
        let (contact, version) = (change.id, change.base);
        if self.failed.is_some() || self.stopping {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        let person = match self.store.person(contact) {
            Ok(Some(person)) => person,
            Ok(None) => return self.done(ticket, Err(Refusal::NotFound)),
            Err(error) => {
                self.fail(&error.to_string());
                return self.done(ticket, Err(Refusal::Unavailable));
            }
        };
        let is_free = self.lines.get(&contact).is_none_or(super::line::Line::is_idle);
        if person.version != version || !is_free {
            return self.done(ticket, Err(Refusal::Changed));
        }
        let events = change.forget.events > person.forgotten.events;
        let commit = Commit { person: Some(change), records, ..Commit::default() };
        self.tokens += 1;
        let token = CommitToken(self.tokens);
        let bot = self.programs.current().version().clone();
        self.usage.hold(&bot);
        let flight = Flight { forgetting: Some(Forgetting { ticket, events }), ..Flight::of_erasure(bot, person) };
        self.lines.entry(contact).or_default().flight = Some(Flight { erases: false, ..flight });
        self.flights.insert(token, contact);
        self.hand_over(now, token, commit);
    }

    /// The store answered a commit that forgets.
    pub(super) fn forgetting_landed(
        &mut self,
        now: Instant,
        contact: ContactId,
        (flight, forgetting): (Flight, Forgetting),
        answer: Result<Seq, Error>,
    ) {
        if self.usage.release(&flight.version) {
            self.retire_unused([flight.version]);
        }
        let answer = match answer {
            Ok(_) => {
                if forgetting.events {
                    self.count_anew(now, contact);
                }
                Ok(Outcome::default())
            }
            Err(Error::Busy | Error::Conflict { .. }) => Err(Refusal::Changed),
            Err(Error::Invalid(why)) => {
                self.actions.push(Action::Alert(format!("old lines of {contact} were not removed: {why}")));
                Err(Refusal::Parked)
            }
            Err(error @ (Error::Failed(_) | Error::Corrupt(_) | Error::InUse(_) | Error::NoCopy(_))) => {
                self.done(forgetting.ticket, Err(Refusal::Unavailable));
                return self.fail(&error.to_string());
            }
        };
        self.done(forgetting.ticket, answer);
        self.advance(now, contact);
    }

    /// Events of a contact have gone: those of whoever they are part of are counted anew. Where that one stands in the columns does not
    /// change: a sweep that gave everybody another row would fill memory with those that nobody stands in.
    fn count_anew(&mut self, now: Instant, contact: ContactId) {
        match super::resolved(&*self.store, contact) {
            Ok(Some(person)) => self.segments_forgot(now, person.contact.id),
            Ok(None) => {}
            Err(error) => self.fail(&error.to_string()),
        }
    }
}

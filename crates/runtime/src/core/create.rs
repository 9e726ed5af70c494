//! Contacts who come to be without having written: the first item of their line makes them.

use super::{
    Core, Refusal, Ticket,
    line::{Arrival, Outcome, Wants},
};
use model::{ContactId, InboxItem, Instant};

impl Core {
    /// Makes a contact by the item that says what is known of them ([`InboxItem::Create`]). Answered with
    /// [`super::Action::Done`] when it is durable; a second time with the same id changes nothing.
    pub fn create(&mut self, now: Instant, contact: ContactId, item: InboxItem, ticket: Ticket) {
        if self.failed.is_some() || self.stopping || self.arrivals >= super::ARRIVALS {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        match self.store.person(contact) {
            Ok(None) => {}
            Ok(Some(_)) => return self.done(ticket, Ok(Outcome::default())),
            Err(error) => {
                self.fail(&error.to_string());
                return self.done(ticket, Err(Refusal::Unavailable));
            }
        }
        let line = self.lines.entry(contact).or_default();
        if let Some(first) = line.arrivals.iter_mut().find(|a| matches!(a.item, InboxItem::Create { .. })) {
            // They are on their way.
            first.tickets.push((ticket, Wants::Done));
            return;
        }
        line.arrivals.push_back(Arrival { item, at: now, seen: None, tickets: vec![(ticket, Wants::Done)], tries: 0 });
        self.arrivals += 1;
        self.advance(now, contact);
    }
}

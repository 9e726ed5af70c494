//! The agenda: every point in time that something waits for, in one order.
//!
//! It holds nothing durable: due times are derived from people, waits from the outbox and the desk.

use model::{AgentId, ContactId, ConversationId, Instant, RequestId};
use std::collections::{BTreeSet, HashMap};

/// What happens at a point in time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Wake {
    /// Something of this conversation is due (timers, waits, deadlines).
    Due(ContactId, ConversationId),
    /// A contact's line goes on: the store was busy, a sending slot came free, or a restart found work.
    Line(ContactId),
    /// The head of a conversation's outbox lane may leave or is too old.
    Lane(ContactId, ConversationId),
    /// A call may be made, or tried again.
    Call(ContactId, RequestId),
    /// A message waited for a run that requests as long as it may (FL 5.4 rule 7).
    Held(ContactId),
    /// A channel takes messages again.
    Channel(String),
    /// An agent whose console went away is absent now.
    Absent(AgentId),
    /// An audience goes on.
    Audience(String),
    /// A schedule comes.
    Schedules,
    /// Up to when time has been followed for segments is written down.
    Clock,
    /// A segment's size may be noted.
    Sizes,
    /// Merges that the store was too busy for are handed to it again.
    Joining,
    /// Something may leave for a webhook.
    Webhook(String),
    /// Records that the store was too busy for are handed to it again.
    Records,
}

/// Points in time with what happens then; each thing once.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(Instant, Wake)>,
    at: HashMap<Wake, Instant>,
}

impl Agenda {
    /// Puts `wake` at `at`, instead of where it was; none takes it off.
    pub(super) fn set(&mut self, wake: Wake, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.at.insert(wake.clone(), at),
            None => self.at.remove(&wake),
        };
        if before == at {
            return;
        }
        match (before, at) {
            (Some(before), Some(at)) => {
                self.by_time.remove(&(before, wake.clone()));
                self.by_time.insert((at, wake));
            }
            (Some(before), None) => {
                self.by_time.remove(&(before, wake));
            }
            (None, Some(at)) => {
                self.by_time.insert((at, wake));
            }
            (None, None) => {}
        }
    }

    /// Whether something is on the agenda.
    pub(super) fn has(&self, wake: &Wake) -> bool {
        self.at.contains_key(wake)
    }

    /// The earliest point.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// The contacts that the next things at `now` or before are about, at most `limit` things.
    pub(super) fn soon(&self, now: Instant, limit: usize) -> impl Iterator<Item = ContactId> {
        let due = self.by_time.iter().take_while(move |(at, _)| *at <= now).take(limit);
        due.filter_map(|(_, wake)| match wake {
            Wake::Due(contact, _) | Wake::Line(contact) | Wake::Lane(contact, _) | Wake::Call(contact, _) | Wake::Held(contact) => {
                Some(*contact)
            }
            Wake::Channel(_)
            | Wake::Absent(_)
            | Wake::Audience(_)
            | Wake::Schedules
            | Wake::Clock
            | Wake::Sizes
            | Wake::Joining
            | Wake::Webhook(_)
            | Wake::Records => None,
        })
    }

    /// Takes the earliest thing that comes at `now` or before.
    pub(super) fn take(&mut self, now: Instant) -> Option<(Instant, Wake)> {
        if self.next()? > now {
            return None;
        }
        let (at, wake) = self.by_time.pop_first()?;
        self.at.remove(&wake);
        Some((at, wake))
    }

    pub(super) fn len(&self) -> usize {
        self.by_time.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_things_come_once_and_in_order_of_time() {
        let mut agenda = Agenda::default();
        let (one, two) = (Wake::Channel("one".into()), Wake::Channel("two".into()));
        agenda.set(one.clone(), Some(Instant(30)));
        agenda.set(two.clone(), Some(Instant(20)));
        agenda.set(one.clone(), Some(Instant(10)));
        assert_eq!(agenda.next(), Some(Instant(10)));
        assert_eq!(agenda.take(Instant(9)), None);
        assert_eq!(agenda.take(Instant(40)), Some((Instant(10), one)));
        assert_eq!(agenda.take(Instant(40)), Some((Instant(20), two.clone())));
        agenda.set(two.clone(), Some(Instant(50)));
        agenda.set(two, None);
        assert_eq!(agenda.take(Instant(60)), None);
        assert_eq!(agenda.len(), 0);
    }
}

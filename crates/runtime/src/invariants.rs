//! The numbered invariants, as predicates over data: the core calls them after every commit, the simulator after every
//! event, tests at their end.

use model::{Conversation, Delivery, OutboxState, Owner, Person, RequestState, Rest, RunId, TranscriptEntry};
use std::collections::{BTreeMap, BTreeSet};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("INV-{number} is broken: {what}")]
pub struct Violation {
    /// Which.
    pub number: u8,
    /// How.
    pub what: String,
}

fn broken(number: u8, what: impl Into<String>) -> Result<(), Violation> {
    Err(Violation { number, what: what.into() })
}

/// INV-1, 2, 3 and 10 as far as they show in one person.
///
/// # Errors
/// The first one that does not hold.
pub fn check_person(person: &Person) -> Result<(), Violation> {
    accepted_once(person)?;
    lanes_in_order(person)?;
    for conversation in &person.conversations {
        one_listens(conversation)?;
        one_owner(conversation)?;
        somebody_comes(conversation)?;
    }
    Ok(())
}

/// INV-1: an inbox row exists once.
fn accepted_once(person: &Person) -> Result<(), Violation> {
    let mut numbers = BTreeSet::new();
    for no in person.inbox.iter().map(|r| r.no).chain(person.parked.keys().copied()) {
        if !numbers.insert(no) {
            return broken(1, format!("inbox row {no} exists twice"));
        }
    }
    Ok(())
}

/// INV-2: a lane is in the order of the transcript and only its head is under way.
fn lanes_in_order(person: &Person) -> Result<(), Violation> {
    let mut last = BTreeMap::new();
    for row in &person.outbox {
        let lane = row.message.conversation;
        match last.insert(lane, row.message.no) {
            Some(before) if before >= row.message.no => {
                return broken(2, format!("line {} of {lane} waits behind line {before}", row.message.no));
            }
            Some(_) if row.state == OutboxState::Sending => {
                return broken(2, format!("line {} of {lane} overtakes another", row.message.no));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// INV-3, first half: at most one run listens; the floor names runs that ask, and those that request for the customer.
fn one_listens(conversation: &Conversation) -> Result<(), Violation> {
    let resting =
        |wanted: fn(&Rest) -> bool| -> BTreeSet<RunId> { conversation.runs.iter().filter(|r| wanted(&r.rest)).map(|r| r.id).collect() };
    let asking = resting(|rest| matches!(rest, Rest::Asking(_)));
    let may_listen = resting(|rest| matches!(rest, Rest::Asking(_) | Rest::Calling(_)));
    let floor: BTreeSet<RunId> = conversation.floor.iter().copied().collect();
    if floor.len() != conversation.floor.len() {
        return broken(3, "a run is on the floor twice");
    }
    if let Some(run) = floor.difference(&may_listen).next() {
        return broken(3, format!("{run} is on the floor and neither asks nor requests"));
    }
    if let Some(run) = asking.difference(&floor).next() {
        return broken(3, format!("{run} asks and is not on the floor"));
    }
    Ok(())
}

/// INV-3, second half: exactly one of bot, queue and agent owns the conversation, and the request says the same.
fn one_owner(conversation: &Conversation) -> Result<(), Violation> {
    let state = conversation.request.as_ref().map(|r| &r.state);
    let agrees = match &conversation.owner {
        Owner::Bot => !matches!(state, Some(RequestState::Active { .. })),
        Owner::Queue => matches!(state, Some(RequestState::Waiting)),
        Owner::Agent(owner) => matches!(state, Some(RequestState::Active { agent, .. }) if agent == owner),
    };
    if agrees { Ok(()) } else { broken(3, format!("{:?} owns {} and its request says {state:?}", conversation.owner, conversation.id)) }
}

/// INV-10: who waits for a human has a next event: the request's deadline.
fn somebody_comes(conversation: &Conversation) -> Result<(), Violation> {
    if conversation.owner == Owner::Queue && conversation.request.as_ref().is_none_or(|r| r.deadline.is_none()) {
        return broken(10, format!("{} waits for a human without an end", conversation.id));
    }
    Ok(())
}

/// INV-2 over a whole transcript: numbers rise, and a message is not sent while an earlier one is still to be sent.
///
/// # Errors
/// The first place where it does not hold.
pub fn check_transcript(lines: &[TranscriptEntry]) -> Result<(), Violation> {
    let mut last = 0;
    let mut open = BTreeMap::new();
    for line in lines {
        if line.no() <= last {
            return broken(2, format!("line {} comes after line {last}", line.no()));
        }
        last = line.no();
        match line {
            TranscriptEntry::Message(m) if m.delivery == Delivery::Queued => {
                open.insert(m.no, m.id);
            }
            TranscriptEntry::Message(_) => {}
            TranscriptEntry::Delivery(d) => {
                let Some(no) = open.iter().find(|(_, id)| **id == d.message).map(|(no, _)| *no) else { continue };
                match &d.delivery {
                    Delivery::Sent => {
                        if let Some((earlier, _)) = open.range(..no).next() {
                            return broken(2, format!("line {no} was sent before line {earlier}"));
                        }
                        open.remove(&no);
                    }
                    // Of an unknown one nobody knows: it may be sent once more or left so, and the lane goes on.
                    Delivery::Failed(_) | Delivery::Unknown => {
                        open.remove(&no);
                    }
                    // The other side may tell before its own answer is stored, and the lane waits for that.
                    Delivery::Queued | Delivery::Received | Delivery::Delivered | Delivery::Read => {}
                }
            }
        }
    }
    Ok(())
}

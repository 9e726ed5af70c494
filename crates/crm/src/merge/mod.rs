//! Merging: two contacts that are one person become one, and can become two again.
//!
//! Pure: two people go in, the changes of both come out, to be committed together. The survivor takes over what the other one was; the
//! other one stays as a tombstone whose id leads to the survivor. Nothing that was written (journey, events, transcripts) moves: the
//! survivor remembers whom it absorbed, and reading goes through that. Both originals are kept in a [`Record`], from which [`part`] makes
//! two contacts again, after what was said meanwhile went to whoever gets the conversation back ([`bring_home`]).
//!
//! **Invariants.** Nobody can be told more than before: of two consents, of two stages, the more restrictive one holds. What waits, runs
//! or is under way is on exactly one side afterwards. Merging and parting at once restores both.

mod home;
mod parting;
mod preview;
mod sides;
mod sorting;
#[cfg(test)]
mod tests;
mod unite;

pub use home::{Abroad, abroad, bring_home};
pub use parting::{Parted, part};
pub use preview::{Field, Preview, Winner, preview};
pub use sides::{Verdict, automatic, called, likeness};

use model::{
    Actor, Contact, ContactId, ConversationId, IdSource, InboxRow, Instant, JourneyEntry, JourneyKind, MESSAGES, MergeId, OutboxRow,
    Person, RequestId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::PersonChange;

/// The table of records, by the id of the merge.
pub const TABLE: &str = "merges";

/// A merge that somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its id.
    pub merge: MergeId,
    /// When.
    pub at: Instant,
    /// Who wants it.
    pub by: Actor,
    /// Why, in words; empty if somebody asked for it.
    pub why: String,
}

/// What is kept of a merge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: MergeId,
    /// The survivor.
    pub keep: ContactId,
    /// The one that was merged into it.
    pub other: ContactId,
    /// When.
    pub at: Instant,
    /// Who wanted it.
    pub by: Actor,
    /// Why, in words; empty if somebody asked for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The survivor as it was.
    pub keep_before: Contact,
    /// The other one as it was.
    pub other_before: Contact,
    /// The survivor as the merge made it: what was changed since is told by the difference.
    pub after: Contact,
    /// Conversations that the other one brought.
    pub conversations: Vec<ConversationId>,
    /// When it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Instant>,
}

/// What a merge comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The survivor's change.
    pub keep: PersonChange,
    /// The other one's.
    pub other: PersonChange,
    /// What is to be kept with them.
    pub record: Record,
    /// The other one's inbox rows by their numbers, and the numbers they have now.
    pub rows: BTreeMap<u64, u64>,
}

/// Why two contacts cannot be merged, or a merge not be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They are one already.
    #[error("both ids are the same contact")]
    Same,
    /// Too many would be one.
    #[error("more than {MOST} contacts would be one; that is no person any more")]
    TooMany,
    /// It was undone before.
    #[error("this merge was undone already")]
    Undone,
    /// The survivor is part of somebody else by now.
    #[error("{0} was merged into {1} since; undo that merge first")]
    MergedOn(ContactId, ContactId),
    /// The survivor took over another one since: merges are undone from the last.
    #[error("{0} was merged into the same contact since; undo that merge first: {1}")]
    MergedMore(ContactId, MergeId),
    /// One of them is gone.
    #[error("{0} does not exist any more, so there is nothing to undo")]
    Gone(ContactId),
}

/// How many contacts one may be made of.
pub const MOST: usize = 500;

/// Makes one contact of two: `keep` survives.
///
/// # Errors
/// [`Refused`] if they are one already, or if too many would be one.
pub fn merge(keep: &Person, other: &Person, order: &Order, ids: &mut IdSource) -> Result<Merged, Refused> {
    let (id, gone) = (keep.contact.id, other.contact.id);
    if id == gone {
        return Err(Refused::Same);
    }
    if keep.contact.absorbed.len() + other.contact.absorbed.len() + 1 > MOST {
        return Err(Refused::TooMany);
    }
    let (after, lost) = unite::unite(&keep.contact, &other.contact, order);
    let record = Record {
        id: order.merge,
        keep: id,
        other: gone,
        at: order.at,
        by: order.by.clone(),
        why: order.why.clone(),
        keep_before: keep.contact.clone(),
        other_before: other.contact.clone(),
        after: after.clone(),
        conversations: other.conversations.iter().map(|c| c.id).collect(),
        undone: None,
    };
    let what = JourneyKind::Merged { other: gone, merge: order.merge, why: order.why.clone(), lost };
    let mut gets = PersonChange::new(id, keep.version);
    gets.contact = Some(Box::new(after));
    gets.conversations = other.conversations.iter().map(|c| c.clone().moved_to(id)).collect();
    let rows = Moving { inbox: &other.inbox, parked: &other.parked.values().cloned().collect::<Vec<_>>() }.into_change(keep, &mut gets);
    gets.outbox_put.clone_from(&other.outbox);
    gets.calls_put = calls_of(other, |_| true, id);
    gets.seen.clone_from(&other.seen);
    gets.journey = vec![line(ids, order.at, &order.by, what)];
    if is_new_refusal(&record) {
        let what = JourneyKind::Consent { topic: MESSAGES.to_owned(), given: false };
        gets.journey.push(line(ids, order.at, &order.by, what));
    }

    let mut gives = PersonChange::new(gone, other.version);
    gives.contact = Some(Box::new(tombstone(&other.contact, id)));
    gives.conversations_gone = other.conversations.iter().map(|c| c.id).collect();
    gives.inbox_done = other.inbox.iter().map(|r| r.no).collect();
    gives.parked_gone = other.parked.keys().copied().collect();
    gives.outbox_done = other.outbox.iter().map(|r| r.message.id).collect();
    gives.calls_done = other.calls.iter().map(|r| r.call.id).collect();
    gives.journey = vec![line(ids, order.at, &order.by, JourneyKind::MergedInto { into: id, merge: order.merge })];
    Ok(Merged { keep: gets, other: gives, record, rows })
}

/// Whether the merge itself put a refusal of messages on record.
fn is_new_refusal(record: &Record) -> bool {
    let about = |contact: &Contact| contact.consents.get(MESSAGES).cloned();
    let after = about(&record.after);
    after.is_some() && after != about(&record.keep_before) && after != about(&record.other_before)
}

/// Inbox rows that go from one person to another.
struct Moving<'a> {
    inbox: &'a [InboxRow],
    parked: &'a [InboxRow],
}

impl Moving<'_> {
    /// Puts the rows behind those that `to` has, in order; answers their old and new numbers.
    fn into_change(self, to: &Person, change: &mut PersonChange) -> BTreeMap<u64, u64> {
        let last = to.inbox.iter().map(|r| r.no).chain(to.parked.keys().copied()).max().unwrap_or(0);
        let parked = self.parked.iter().map(|row| (row, true));
        let mut rows: Vec<(&InboxRow, bool)> = self.inbox.iter().map(|row| (row, false)).chain(parked).collect();
        rows.sort_by_key(|(row, _)| row.no);
        let mut numbers = BTreeMap::new();
        for (no, (row, is_parked)) in (last + 1..).zip(rows) {
            numbers.insert(row.no, no);
            change.inbox_put.push(InboxRow { no, ..row.clone() });
            change.inbox_park.extend(is_parked.then_some(no));
        }
        numbers
    }
}

/// A person's calls in some conversations, as another contact's.
fn calls_of(person: &Person, which: impl Fn(ConversationId) -> bool, id: ContactId) -> Vec<model::CallRow> {
    let mut calls: Vec<model::CallRow> = person.calls.iter().filter(|r| which(r.call.conversation)).cloned().collect();
    calls.iter_mut().for_each(|row| row.call.contact = id);
    calls
}

/// What is left of a contact that was merged away: who it is now, and when it was somebody.
fn tombstone(contact: &Contact, into: ContactId) -> Contact {
    let mut left = Contact::without_address(contact.id, contact.first_seen, &contact.source);
    left.last_seen = contact.last_seen;
    left.judged = contact.judged;
    left.rules = contact.rules;
    left.merged_into = Some(into);
    left
}

fn line(ids: &mut IdSource, at: Instant, by: &Actor, what: JourneyKind) -> JourneyEntry {
    JourneyEntry { id: ids.next(), at, by: by.clone(), conversation: None, run: None, block: None, why: None, what }
}

/// The changes that note on both contacts that they were not merged.
pub fn not_merged(one: &Person, two: &Person, why: &str, at: Instant, ids: &mut IdSource) -> (PersonChange, PersonChange) {
    let mut note = |person: &Person, other: ContactId| {
        let mut change = PersonChange::new(person.contact.id, person.version);
        change.journey = vec![line(ids, at, &Actor::System, JourneyKind::NotMerged { other, why: why.to_owned() })];
        change
    };
    (note(one, two.contact.id), note(two, one.contact.id))
}

/// Rows and calls of some conversations, by id: what goes back with them.
fn outbox_of(person: &Person, which: impl Fn(ConversationId) -> bool) -> Vec<OutboxRow> {
    person.outbox.iter().filter(|r| which(r.message.conversation)).cloned().collect()
}

fn call_ids(calls: &[model::CallRow]) -> Vec<RequestId> {
    calls.iter().map(|r| r.call.id).collect()
}

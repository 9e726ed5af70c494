//! Undoing a merge: one contact becomes the two it was made of.
//!
//! The one that was merged away is again what it was, with the conversations it brought and everything that runs, waits or is under way in
//! them. The survivor is again what it was, except for what was changed since: that stays with the survivor, told by the difference
//! between what the merge made and what is there now. What was refused since (an opt-out, a consent taken back) holds for both, and so does
//! a list that they were taken off since.
//!
//! Merges into one survivor are undone from the last: the difference of an earlier one has what a later one brought in it.

use super::{
    Moving, Record, Refused, call_ids, calls_of, line, outbox_of,
    sorting::belongs,
    unite::{LAST, LAST_INPUT, added, number},
};
use model::{
    Actor, Consent, Contact, Conversation, ConversationId, IdSource, Identifier, InboxRow, Instant, JourneyKind, MESSAGES, NOTES_LIMIT,
    Note, Person, Reach, SET_BACK, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use store::PersonChange;

/// What undoing a merge comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Parted {
    /// The survivor's change.
    pub keep: PersonChange,
    /// The change of the one that is somebody again.
    pub other: PersonChange,
    /// What is kept of the merge from now on.
    pub record: Record,
    /// The survivor's inbox rows that went back, by their numbers, and the numbers they have now.
    pub rows: BTreeMap<u64, u64>,
    /// The conversations that went back.
    pub conversations: Vec<ConversationId>,
}

/// Whether a merge can be undone now. `keep` is the survivor as it is now, `other` the tombstone.
///
/// # Errors
/// [`Refused`] if it was undone before, or if the survivor is part of somebody else by now, or took over another one since.
fn may_part(record: &Record, keep: &Person, other: &Person) -> Result<(), Refused> {
    if record.undone.is_some() || other.contact.merged_into != Some(record.keep) {
        return Err(Refused::Undone);
    }
    if let Some(into) = keep.contact.merged_into {
        return Err(Refused::MergedOn(record.keep, into));
    }
    match keep.contact.absorbed.last() {
        // The one who was merged comes before those who were part of them.
        Some(last) if last.merge != record.id => {
            let whom = keep.contact.absorbed.iter().find(|one| one.merge == last.merge).unwrap_or(last);
            Err(Refused::MergedMore(whom.id, last.merge))
        }
        Some(_) | None => Ok(()),
    }
}

/// The survivor's conversations that go back.
pub(super) fn returning<'a>(record: &'a Record, keep: &'a Person) -> impl Iterator<Item = &'a Conversation> {
    let gave = &record.other_before;
    keep.conversations.iter().filter(|c| record.conversations.contains(&c.id) || gave.reach(&c.address).is_some())
}

/// A conversation as whoever gets it back has it. What they keep of it at its end is theirs without saying so.
fn given_back(conversation: &Conversation, record: &Record) -> Conversation {
    let mut back = conversation.clone().moved_to(record.other);
    while back.kept.last().is_some_and(|part| part.under == record.other) {
        back.kept.pop();
    }
    back
}

/// Makes two contacts of one that a merge made. `keep` is the survivor as it is now, `other` the tombstone.
///
/// # Errors
/// [`Refused`] if it was undone before, or if the survivor is part of somebody else by now, or took over another one since.
pub fn part(record: &Record, keep: &Person, other: &Person, at: Instant, by: &Actor, ids: &mut IdSource) -> Result<Parted, Refused> {
    may_part(record, keep, other)?;
    let returning: Vec<Conversation> = returning(record, keep).cloned().collect();
    let gone: Vec<ConversationId> = returning.iter().map(|c| c.id).collect();
    let goes = |id: ConversationId| gone.contains(&id);

    let mut stays = PersonChange::new(record.keep, keep.version);
    let mut returns = PersonChange::new(record.other, other.version);
    stays.contact = Some(Box::new(kept(record, &keep.contact)));
    returns.contact = Some(Box::new(returned(record, &keep.contact)));
    if !gone.is_empty() && gone.len() == keep.conversations.len() {
        give_last(record, &keep.contact, LAST, &mut stays, &mut returns);
    } else if heard_last(keep).is_some_and(|last| goes(last.id)) {
        give_last(record, &keep.contact, &[LAST_INPUT], &mut stays, &mut returns);
    }

    returns.conversations = returning.iter().map(|c| given_back(c, record)).collect();
    stays.conversations_gone.clone_from(&gone);

    let inbox: Vec<InboxRow> = keep.inbox.iter().filter(|row| belongs(&row.item, &returning)).cloned().collect();
    let parked: Vec<InboxRow> = keep.parked.values().filter(|row| belongs(&row.item, &returning)).cloned().collect();
    let rows = Moving { inbox: &inbox, parked: &parked }.into_change(other, &mut returns);
    stays.inbox_done = inbox.iter().map(|row| row.no).collect();
    stays.parked_gone = parked.iter().map(|row| row.no).collect();

    returns.outbox_put = outbox_of(keep, goes);
    stays.outbox_done = returns.outbox_put.iter().map(|row| row.message.id).collect();
    returns.calls_put = calls_of(keep, goes, record.other);
    stays.calls_done = call_ids(&returns.calls_put);
    // Which side a provider delivers a second time to depends on the address: both remember.
    let since = record.at.plus_micros(-SET_BACK);
    returns.seen = keep.seen.iter().filter(|seen| seen.1 >= since && !other.seen.contains(seen)).copied().collect();

    let unmerged = |other| JourneyKind::Unmerged { other, merge: record.id };
    stays.journey = vec![line(ids, at, by, unmerged(record.other))];
    returns.journey = vec![line(ids, at, by, unmerged(record.keep))];
    let record = Record { undone: Some(at), ..record.clone() };
    Ok(Parted { keep: stays, other: returns, record, rows, conversations: gone })
}

/// The conversation in which the customer wrote last, pressed something, or came. Pages that they opened do not count.
fn heard_last(person: &Person) -> Option<&Conversation> {
    person.conversations.iter().filter(|conversation| conversation.heard_at.is_some()).max_by_key(|conversation| conversation.heard_at)
}

/// What these tell of was done in a conversation that goes back: they go with it.
fn give_last(record: &Record, now: &Contact, names: &[&str], stays: &mut PersonChange, returns: &mut PersonChange) {
    let put = |change: &mut PersonChange, name: &str, value: Option<&Value>| {
        let Some(contact) = change.contact.as_deref_mut() else { return };
        match value {
            Some(value) => contact.system.insert(name.to_owned(), value.clone()),
            None => contact.system.remove(name),
        };
    };
    for name in names {
        put(stays, name, record.keep_before.system.get(*name));
        if now.system.get(*name) != record.after.system.get(*name) {
            put(returns, name, now.system.get(*name));
        }
    }
}

/// The one that was merged away, as it was; what was refused since holds for it too, and so does what they were taken off.
fn returned(record: &Record, now: &Contact) -> Contact {
    let mut contact = record.other_before.clone();
    contact.rules = 0;
    // Whoever took them off a list took the person off it that they were, perhaps to delete it: one of that name would be another list.
    contact.lists.retain(|list, _| now.lists.get(list) == record.after.lists.get(list));
    // An address that is gone from the survivor went for good, and how it is reached now holds.
    contact.addresses.retain_mut(|reach| match now.reach(&reach.address) {
        Some(known) => {
            reach.unreachable.clone_from(&known.unreachable);
            true
        }
        None => false,
    });
    if now.status != record.after.status && matches!(now.status.as_str(), "blocked" | "unsubscribed") {
        contact.status.clone_from(&now.status);
    }
    contact.status = refused_since(record, now, contact.status);
    let is_over = |key: &str| Consent::parts(key).0 == MESSAGES && !now.refusals_of_messages().any(|(refused, _)| refused == key);
    for (topic, consent) in &now.consents {
        if !consent.given && record.after.consents.get(topic) != Some(consent) && !is_over(topic) {
            contact.consents.insert(topic.clone(), consent.clone());
        }
    }
    contact
}

/// A status in which a refusal of messages holds that was said since: while they were one it may have changed no status, because they
/// were unsubscribed or blocked already on the other one's account.
fn refused_since(record: &Record, now: &Contact, status: String) -> String {
    let is_new = |key: &str, consent: &Consent| record.after.consents.get(key) != Some(consent);
    let mut about = now.consents.iter().filter(|(key, consent)| Consent::parts(key).0 == MESSAGES && !consent.given);
    let holds = matches!(now.status.as_str(), "blocked" | "unsubscribed") && now.refuses_messages();
    if holds && status != "blocked" && about.any(|(key, consent)| is_new(key, consent)) { "unsubscribed".to_owned() } else { status }
}

/// The survivor as it was, with what was changed since.
fn kept(record: &Record, now: &Contact) -> Contact {
    let (was, made) = (&record.keep_before, &record.after);
    let Contact {
        id,
        attributes,
        system,
        tags,
        status,
        source,
        first_seen,
        last_seen,
        addresses,
        lists,
        memberships,
        rules: _,
        judged,
        idle_steps,
        changed,
        notes,
        ran,
        consents,
        identifiers,
        absorbed,
        merged_into,
    } = now.clone();
    let mut parted = Contact {
        id,
        attributes: since(&was.attributes, &made.attributes, attributes),
        system: since(&was.system, &made.system, system),
        tags: since(&was.tags, &made.tags, tags),
        status: refused_since(record, now, one(&was.status, &made.status, status)),
        source: one(&was.source, &made.source, source),
        first_seen: one(&was.first_seen, &made.first_seen, first_seen),
        last_seen: one(&was.last_seen, &made.last_seen, last_seen),
        addresses: addresses_since(record, addresses),
        lists: since(&was.lists, &made.lists, lists),
        memberships: since(&was.memberships, &made.memberships, memberships),
        rules: 0,
        judged: one(&was.judged, &made.judged, judged),
        idle_steps: one(&was.idle_steps, &made.idle_steps, idle_steps),
        changed: since(&was.changed, &made.changed, changed),
        notes: notes_since(&was.notes, &made.notes, notes),
        ran: since(&was.ran, &made.ran, ran),
        consents: since(&was.consents, &made.consents, consents),
        identifiers: identifiers_since(&was.identifiers, &made.identifiers, identifiers),
        absorbed: absorbed.into_iter().filter(|one| one.merge != record.id).collect(),
        merged_into,
    };
    for name in expr::COUNTERS {
        let (Some(now), made) = (number(&now.system, name), number(&made.system, name)) else { continue };
        let grown = now.checked_sub(made.unwrap_or_default()).unwrap_or_default();
        match number(&was.system, name) {
            None if grown.is_zero() => parted.system.remove(*name),
            before => {
                // One that began anew since counts on from there.
                let count = if grown.is_sign_negative() { now } else { added(before.unwrap_or_default(), grown) };
                parted.system.insert((*name).to_owned(), Value::Number(count))
            }
        };
    }
    parted
}

/// A single value: as it was, unless it was changed since.
fn one<T: PartialEq + Clone>(was: &T, made: &T, now: T) -> T {
    if now == *made { was.clone() } else { now }
}

/// Values by key: each as it was, unless it was changed since.
fn since<K: Ord + Clone, V: PartialEq + Clone>(was: &BTreeMap<K, V>, made: &BTreeMap<K, V>, now: BTreeMap<K, V>) -> BTreeMap<K, V> {
    let keys: BTreeSet<K> = was.keys().chain(now.keys()).cloned().collect();
    let pick = |key: K| {
        let value = if now.get(&key) == made.get(&key) { was.get(&key) } else { now.get(&key) };
        value.cloned().map(|value| (key, value))
    };
    keys.into_iter().filter_map(pick).collect()
}

/// The survivor's own addresses that are still there, and those that came since.
fn addresses_since(record: &Record, now: Vec<Reach>) -> Vec<Reach> {
    let brought = |reach: &Reach| record.other_before.reach(&reach.address).is_some() && record.keep_before.reach(&reach.address).is_none();
    now.into_iter().filter(|reach| !brought(reach)).collect()
}

fn notes_since(was: &[Note], made: &[Note], now: Vec<Note>) -> Vec<Note> {
    let mut notes = was.to_vec();
    notes.extend(now.into_iter().filter(|note| !made.contains(note)));
    let surplus = notes.len().saturating_sub(NOTES_LIMIT);
    notes.drain(..surplus);
    notes
}

/// The survivor's own identifiers that are still there, with what was proven since, and those that came since.
fn identifiers_since(was: &[Identifier], made: &[Identifier], now: Vec<Identifier>) -> Vec<Identifier> {
    let find = |list: &[Identifier], one: &Identifier| list.iter().find(|i| i.kind == one.kind && i.value == one.value).cloned();
    let mut identifiers = Vec::new();
    for before in was {
        match (find(made, before), find(&now, before)) {
            // What the limit left out while they were one comes back.
            (None, None) => identifiers.push(before.clone()),
            (made, Some(now)) => identifiers.push(if made.as_ref() == Some(&now) { before.clone() } else { now }),
            (Some(_), None) => {}
        }
    }
    identifiers.extend(now.into_iter().filter(|one| find(made, one).is_none() && find(was, one).is_none()));
    identifiers
}

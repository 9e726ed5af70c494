//! What one contact is made of two: part by part, who wins.

use super::Order;
use model::{
    Absorbed, Altered, Consent, Contact, Identifier, IdentifierKind, Instant, MESSAGES, NOTES_LIMIT, Note, Part, Reach, Record, Tag, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// System attributes that tell how a contact began: those of whoever came first hold.
const FIRST: &[&str] = &["first_message", "first_message_tag", "first_payload", "referral", "came_by", "first_channel"];
/// System attributes that tell what a contact did last: those of whoever was here last hold.
pub(super) const LAST: &[&str] = &[LAST_INPUT, "last_page", "last_error"];
/// The one of them that tells what was said.
pub(super) const LAST_INPUT: &str = "last_input";
/// System attributes that come with a word on where they are from: the customer's own choice holds.
const SOURCED: &[&str] = &["language", "country"];

/// The survivor afterwards, and values of the other one that are not in it.
pub(super) fn unite(keep: &Contact, other: &Contact, order: &Order) -> (Contact, Vec<Altered>) {
    let Contact {
        id,
        attributes,
        system,
        tags,
        status,
        source: _,
        first_seen,
        last_seen,
        addresses: _,
        lists,
        memberships,
        rules: _,
        judged,
        idle_steps,
        changed,
        notes,
        ran,
        consents: _,
        identifiers,
        absorbed,
        merged_into: _,
    } = keep.clone();
    let mut lost = Vec::new();
    let (attributes, taken) = united_record(attributes, &other.attributes, |name, from, to| {
        lost.push(Altered { what: Part::Attribute(name.to_owned()), from: Some(from.clone()), to: Some(to.clone()) });
    });
    let changed = united_changed(changed, other, &attributes, &taken);
    let first = if other.first_seen < keep.first_seen { (other, keep) } else { (keep, other) };
    let system = united_system(system, keep, other, &mut lost);
    let stage = stage(&status, &other.status);
    if stage != other.status && other.status != "active" {
        lost.push(Altered { what: Part::Status, from: Some(Value::text(&*other.status)), to: Some(Value::text(&*stage)) });
    }
    let mut contact = Contact {
        id,
        attributes,
        system,
        tags: united_tags(tags, &other.tags),
        status: stage,
        source: first.0.source.clone(),
        first_seen: first_seen.min(other.first_seen),
        last_seen: last_seen.max(other.last_seen),
        addresses: united_addresses(&first.0.addresses, &first.1.addresses),
        lists: earliest(lists, &other.lists),
        // What either was in it is in for the one person they are; the next look tells what is so now.
        memberships: earliest(memberships, &other.memberships),
        rules: 0,
        judged: judged.max(other.judged),
        idle_steps: if other.idle_steps.1 > idle_steps.1 { other.idle_steps } else { idle_steps },
        changed,
        notes: united_notes(notes, &other.notes),
        ran: latest(ran, &other.ran),
        consents: united_consents(keep, other),
        identifiers: united_identifiers(&identifiers, &other.identifiers),
        absorbed: united_absorbed(absorbed, other, order),
        merged_into: None,
    };
    keep_refusal(&mut contact, keep, other, order);
    (contact, lost)
}

/// Whether a value says nothing.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.trim().is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Record(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Duration(_) | Value::Money(_) => {
            false
        }
    }
}

/// The survivor's values, and the other one's where there is none; tells which were taken, and which lost.
fn united_record(mut ours: Record, theirs: &Record, mut loses: impl FnMut(&str, &Value, &Value)) -> (Record, BTreeSet<String>) {
    let mut taken = BTreeSet::new();
    for (name, value) in theirs.iter().filter(|(_, value)| !is_blank(value)) {
        match ours.get(name).filter(|known| !is_blank(known)) {
            Some(known) if known == value => {}
            Some(known) => loses(name, value, known),
            None => {
                ours.insert(name.clone(), value.clone());
                taken.insert(name.clone());
            }
        }
    }
    (ours, taken)
}

/// When each attribute last changed: that of whose value holds.
fn united_changed(
    mut ours: BTreeMap<String, Instant>,
    other: &Contact,
    attributes: &Record,
    taken: &BTreeSet<String>,
) -> BTreeMap<String, Instant> {
    for (name, at) in &other.changed {
        if taken.contains(name) {
            ours.insert(name.clone(), *at);
        } else if !attributes.contains_key(name) {
            let known = ours.entry(name.clone()).or_insert(*at);
            *known = (*known).max(*at);
        }
    }
    ours
}

fn united_system(ours: Record, keep: &Contact, other: &Contact, lost: &mut Vec<Altered>) -> Record {
    let (first, then) = if other.first_seen < keep.first_seen { (other, keep) } else { (keep, other) };
    let (last, before) = if other.last_seen > keep.last_seen { (other, keep) } else { (keep, other) };
    let own = |name: &str| {
        let plain = SOURCED.iter().any(|sourced| name == *sourced || name.strip_suffix("_source") == Some(sourced));
        plain || FIRST.contains(&name) || LAST.contains(&name) || expr::COUNTERS.contains(&name)
    };
    let theirs: Record = other.system.iter().filter(|(name, _)| !own(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    let (mut system, _) = united_record(ours, &theirs, |name, from, to| {
        lost.push(Altered { what: Part::System(name.to_owned()), from: Some(from.clone()), to: Some(to.clone()) });
    });
    // What belongs together is taken from one of them whole, so that a tag is not told of somebody else's message.
    let began = |contact: &Contact| FIRST.iter().any(|name| contact.system.contains_key(*name));
    for (names, from) in [(FIRST, if began(first) { first } else { then }), (LAST, last)] {
        for name in names {
            let fallback = || if names == LAST { before.system.get(*name) } else { None };
            match from.system.get(*name).or_else(fallback) {
                Some(value) => system.insert((*name).to_owned(), value.clone()),
                None => system.remove(*name),
            };
        }
    }
    for name in expr::COUNTERS {
        let sum = match (number(&keep.system, name), number(&other.system, name)) {
            (None, None) => continue,
            (one, two) => added(one.unwrap_or_default(), two.unwrap_or_default()),
        };
        system.insert((*name).to_owned(), Value::Number(sum));
    }
    for name in SOURCED {
        let source = format!("{name}_source");
        let chosen = |contact: &Contact| matches!(contact.system.get(&source), Some(Value::Text(source)) if source == "customer");
        let theirs = !keep.system.contains_key(*name) || (chosen(other) && !chosen(keep));
        if theirs && other.system.contains_key(*name) {
            for name in [(*name).to_owned(), source] {
                match other.system.get(&name) {
                    Some(value) => system.insert(name, value.clone()),
                    None => system.remove(&name),
                };
            }
        }
    }
    system
}

/// A counter.
pub(super) fn number(system: &Record, name: &str) -> Option<rust_decimal::Decimal> {
    match system.get(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

/// A sum, as far as there are numbers for it.
pub(super) fn added(one: rust_decimal::Decimal, two: rust_decimal::Decimal) -> rust_decimal::Decimal {
    one.checked_add(two).unwrap_or(one)
}

/// The stage of the two: whoever is blocked, or wants no messages, is so on both sides; then the survivor's, unless it says nothing.
fn stage(ours: &str, theirs: &str) -> String {
    for strict in ["blocked", "unsubscribed"] {
        if ours == strict || theirs == strict {
            return strict.to_owned();
        }
    }
    if ours == "active" { theirs } else { ours }.to_owned()
}

/// The older tag wins: its time, and who put it there.
fn united_tags(mut ours: BTreeMap<model::TagKey, Tag>, theirs: &BTreeMap<model::TagKey, Tag>) -> BTreeMap<model::TagKey, Tag> {
    for (key, tag) in theirs {
        match ours.get_mut(key) {
            Some(known) if tag.at < known.at => known.clone_from(tag),
            Some(_) => {}
            None => {
                ours.insert(key.clone(), tag.clone());
            }
        }
    }
    ours
}

fn united_addresses(first: &[Reach], then: &[Reach]) -> Vec<Reach> {
    let new = then.iter().filter(|reach| !first.iter().any(|known| known.address == reach.address));
    first.iter().chain(new).cloned().collect()
}

fn earliest(mut ours: BTreeMap<String, Instant>, theirs: &BTreeMap<String, Instant>) -> BTreeMap<String, Instant> {
    for (key, at) in theirs {
        let known = ours.entry(key.clone()).or_insert(*at);
        *known = (*known).min(*at);
    }
    ours
}

fn latest(mut ours: BTreeMap<String, Instant>, theirs: &BTreeMap<String, Instant>) -> BTreeMap<String, Instant> {
    for (key, at) in theirs {
        let known = ours.entry(key.clone()).or_insert(*at);
        *known = (*known).max(*at);
    }
    ours
}

fn united_notes(ours: Vec<Note>, theirs: &[Note]) -> Vec<Note> {
    let mut notes = ours;
    notes.extend(theirs.iter().cloned());
    notes.sort_by_key(|note| note.at);
    let surplus = notes.len().saturating_sub(NOTES_LIMIT);
    notes.drain(..surplus);
    notes
}

/// A refusal holds against an agreement, whichever came later; of two of a kind the later one, with its proof. What one of them refused
/// on every channel is refused on the one for which the other had agreed. A refusal of messages that was over stays over.
fn united_consents(keep: &Contact, other: &Contact) -> BTreeMap<String, Consent> {
    let refused = |consents: &BTreeMap<String, Consent>, key: &str| {
        let (topic, channel) = Consent::parts(key);
        channel.and_then(|_| consents.get(topic)).filter(|general| !general.given && !consents.contains_key(key)).cloned()
    };
    let (ours, theirs) = (that_hold(keep), that_hold(other));
    let mut general: Vec<(String, Consent)> = Vec::new();
    for (one, two) in [(&ours, &theirs), (&theirs, &ours)] {
        general.extend(one.iter().filter(|(_, c)| c.given).filter_map(|(key, _)| Some((key.clone(), refused(two, key)?))));
    }
    let mut ours = strictest(ours, theirs);
    ours.extend(general);
    without_ends(ours, keep, other)
}

/// The answers of one of them, without the refusals of messages that are over: they say nothing against what the other one agreed to.
fn that_hold(of: &Contact) -> BTreeMap<String, Consent> {
    let is_over = |key: &str| Consent::parts(key).0 == MESSAGES && !of.refusals_of_messages().any(|(refused, _)| refused == key);
    let mut consents = of.consents.clone();
    consents.retain(|key, consent| consent.given || !is_over(key));
    consents
}

/// What one of them agreed to ends no refusal of messages of the other one: where it would, it is left out.
fn without_ends(mut ours: BTreeMap<String, Consent>, keep: &Contact, other: &Contact) -> BTreeMap<String, Consent> {
    let is_on_all = |key: &str| Consent::parts(key).1.is_none();
    for (refused, refusal) in [keep, other].into_iter().flat_map(Contact::refusals_of_messages) {
        ours.retain(|key, consent| {
            let may_end = Consent::parts(key).0 == MESSAGES && (is_on_all(key) || is_on_all(refused));
            !(may_end && consent.given && consent.at > refusal.at)
        });
    }
    ours
}

/// One of the two was unsubscribed and is blocked now because the other one was: where no refusal says so by itself there is one from now
/// on, so that it holds when they are unblocked.
fn keep_refusal(contact: &mut Contact, keep: &Contact, other: &Contact, order: &Order) {
    let was = |status: &str| keep.status == status || other.status == status;
    if was("blocked") && was("unsubscribed") && !contact.refused_messages_last() {
        let proof = "unsubscribed when merged with somebody who was blocked".to_owned();
        contact.consents.insert(MESSAGES.to_owned(), Consent { given: false, at: order.at, by: order.by.clone(), proof });
    }
}

fn strictest(mut ours: BTreeMap<String, Consent>, theirs: BTreeMap<String, Consent>) -> BTreeMap<String, Consent> {
    for (topic, theirs) in theirs {
        let wins = ours.get(&topic).is_none_or(|known| match (known.given, theirs.given) {
            (true, false) => true,
            (false, true) => false,
            (true, true) | (false, false) => theirs.at > known.at,
        });
        if wins {
            ours.insert(topic, theirs);
        }
    }
    ours
}

/// All of both: known since the earlier time, proven if either is. Beyond the limit of a kind unproven ones go first, then the newest.
fn united_identifiers(ours: &[Identifier], theirs: &[Identifier]) -> Vec<Identifier> {
    let mut all: Vec<Identifier> = ours.to_vec();
    for theirs in theirs {
        match all.iter_mut().find(|known| known.kind == theirs.kind && known.value == theirs.value) {
            Some(known) => {
                known.since = known.since.min(theirs.since);
                known.verified = match (known.verified.take(), theirs.verified.clone()) {
                    (Some(one), Some(two)) if two.at < one.at => Some(two),
                    (Some(one), _) => Some(one),
                    (None, two) => two,
                };
            }
            None => all.push(theirs.clone()),
        }
    }
    for kind in IdentifierKind::ALL {
        while all.iter().filter(|i| i.kind == kind).count() > kind.limit() {
            let unproven = all.iter().position(|i| i.kind == kind && i.verified.is_none());
            let newest = || all.iter().enumerate().filter(|(_, i)| i.kind == kind).max_by_key(|(_, i)| i.since).map(|(at, _)| at);
            let Some(at) = unproven.or_else(newest) else { break };
            all.remove(at);
        }
    }
    all
}

fn united_absorbed(mut ours: Vec<Absorbed>, other: &Contact, order: &Order) -> Vec<Absorbed> {
    let through = |id| Absorbed { id, merge: order.merge, at: order.at };
    ours.push(through(other.id));
    ours.extend(other.absorbed.iter().map(|one| through(one.id)));
    ours
}

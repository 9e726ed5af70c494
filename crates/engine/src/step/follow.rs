//! Membership followed through time: what came due since a contact was judged last, each transition at the instant it
//! belongs to, and rules that were edited meanwhile (FL 5.8, FL 6.6).

use super::facts::ContactFacts;
use crate::bot::Bot;
use model::{Actor, Contact, ConversationId, IdSource, Instant, JourneyEntry, JourneyKind, Transition};
use segments::{Era, Flips, Past, Ration, Set};

/// Boundaries followed one by one; beyond that many, time is followed to its end at once.
const BOUNDARIES: usize = 1_000;
/// The same of the fuel that this takes, in shares of one segment: whatever the rules, a step comes to its end.
const SHARES: u64 = 64;
/// The cause of a transition that time alone made.
const TIME: &str = "time";
/// The cause of a transition that an edited rule made.
const EDITED: &str = "the rule changed";

/// A segment entered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub key: String,
    pub entered: bool,
    pub at: Instant,
    /// Why, in words.
    pub cause: String,
    /// An edit of the rule did it, nothing about the contact: no flow starts unless it asks for that.
    pub edited: bool,
}

impl Moved {
    /// Its line of the journey.
    pub fn journey(&self, ids: &mut IdSource, conversation: Option<ConversationId>) -> JourneyEntry {
        let transition = Transition { segment: self.key.clone(), cause: self.cause.clone() };
        let what = if self.entered { JourneyKind::SegmentEntered(transition) } else { JourneyKind::SegmentLeft(transition) };
        JourneyEntry { id: ids.next(), at: self.at, by: Actor::System, conversation, run: None, block: None, why: None, what }
    }
}

/// Since when a contact's memberships are to be looked at again.
pub(crate) struct Since<'a> {
    /// When time alone changes something.
    pub flips: Flips,
    /// Rules that were in force before, newest first.
    pub eras: &'a [Era],
}

/// Notes in the contact what a judgement found, and answers what differs from before.
pub(crate) fn take_over(
    contact: &mut Contact,
    is: &[(&str, bool)],
    at: Instant,
    edited: bool,
    mut cause: impl FnMut(&str) -> String,
) -> Vec<Moved> {
    let mut moves = Vec::new();
    for (key, is) in is {
        if contact.memberships.contains_key(*key) == *is {
            continue;
        }
        if *is {
            contact.memberships.insert((*key).to_owned(), at);
        } else {
            contact.memberships.remove(*key);
        }
        moves.push(Moved { key: (*key).to_owned(), entered: *is, at, cause: cause(key), edited });
    }
    moves
}

/// Takes the contact out of segments that no rule tells of any more: they are deleted, or cannot be judged.
pub(crate) fn leave_gone(set: &Set, contact: &mut Contact, at: Instant) -> Vec<Moved> {
    let is_gone = |key: &&String| !set.order().contains(key);
    let gone: Vec<String> = contact.memberships.keys().filter(is_gone).cloned().collect();
    let is: Vec<(&str, bool)> = gone.iter().map(|key| (key.as_str(), false)).collect();
    take_over(contact, &is, at, true, |_| EDITED.to_owned())
}

/// Follows time up to `now`; answers when time alone changes something from here on.
pub(crate) fn follow(bot: &Bot, contact: &mut Contact, past: &dyn Past, since: &Since<'_>, now: Instant, moves: &mut Vec<Moved>) -> Flips {
    let set = bot.set();
    // Each segment has its own share: what others took, or a flow spent, must not make memberships wrong.
    let each = bot.limits().fuel;
    let mut ration = Ration::new(each);
    if contact.rules == 0 {
        // Nobody judged them as they are: they are judged whole, by whoever asks for this.
        return Flips::default();
    }
    let mut edit = edited(bot, contact, since.eras, now);
    let mut flips = since.flips;
    if edit.is_none() && flips.next().is_none_or(|at| at > now) {
        return flips;
    }
    if edit.is_some() {
        // Of which segments that is was known by other rules.
        flips = Flips::at(flips.next());
    }
    for round in 0.. {
        let boundary = flips.next().filter(|at| *at <= now);
        // The edit comes where it belongs: rules it changed say nothing about the time before it. At one instant time comes first: it is
        // all that is looked at of the others.
        if let Some((at, keys)) = edit.take_if(|(at, _)| boundary.is_none_or(|boundary| *at < boundary)) {
            let at = at.max(contact.judged);
            moves.extend(leave_gone(set, contact, at));
            let is: Vec<(&str, bool)> = {
                let facts = ContactFacts::of_contact(at, bot, contact, past);
                keys.iter().map(|key| (key.as_str(), set.holds(key, &facts, &mut ration))).collect()
            };
            moves.extend(take_over(contact, &is, at, true, |_| EDITED.to_owned()));
            contact.rules = set.hash();
            let facts = ContactFacts::of_contact(at, bot, contact, past);
            flips = set.flips_after(&Flips::default(), at, &facts, &mut ration);
            continue;
        }
        let Some(at) = boundary else { break };
        // What was judged already is not judged again as of an earlier instant.
        let goes_on = round < BOUNDARIES && ration.taken() < each.saturating_mul(SHARES);
        let at = if goes_on { at.max(contact.judged) } else { now };
        let mut is = set.judge_due(&flips, at, &ContactFacts::of_contact(at, bot, contact, past), &mut ration);
        if let Some((_, changed)) = &edit {
            is.retain(|(key, _)| !changed.iter().any(|other| other == key));
        }
        moves.extend(take_over(contact, &is, at, false, |_| TIME.to_owned()));
        let facts = ContactFacts::of_contact(at, bot, contact, past);
        // Time goes on whatever a condition says.
        flips = set.flips_after(&flips, at, &facts, &mut ration);
    }
    flips
}

/// The rules that were edited since the contact was judged, and since when they are in force; none if none was. One that is back as
/// it was is among them: time did not follow it meanwhile.
fn edited(bot: &Bot, contact: &Contact, eras: &[Era], now: Instant) -> Option<(Instant, Vec<String>)> {
    let set = bot.set();
    let meanwhile: Vec<&Era> = eras.iter().filter(|era| era.at >= contact.judged && era.hash != set.hash()).collect();
    if contact.rules == 0 || (contact.rules == set.hash() && meanwhile.is_empty()) {
        return None;
    }
    let judged_by = eras.iter().find(|era| era.hash == contact.rules);
    let differs = |era: Option<&Era>, key: &str| era.and_then(|era| era.rules.get(key)).copied() != set.hash_of(key);
    let before = |key: &str| contact.rules != set.hash() && differs(judged_by, key);
    let changed = |key: &&String| before(key) || meanwhile.iter().any(|era| differs(Some(era), key));
    let keys: Vec<String> = set.order().iter().filter(changed).cloned().collect();
    // The newest era that is not the present one ended when the present one began.
    let began = eras.iter().find(|era| era.hash == set.hash()).map_or(now, |era| era.at);
    Some((began.min(now), keys))
}

/// What following time came to for a contact without a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The contact afterwards, if it changed.
    pub contact: Option<Contact>,
    /// Lines to append to the journey.
    pub journey: Vec<JourneyEntry>,
    /// When time alone changes a membership from here on.
    pub flips: Flips,
    /// Whether a skill catches one of the transitions: then a conversation is needed, and a step.
    pub caught: bool,
}

/// Follows time for a contact with whom nobody has talked yet.
pub fn settle(contact: &Contact, past: &dyn Past, flips: Flips, turn: &super::Turn<'_>) -> Settled {
    let bot = turn.programs.current().clone();
    let mut after = contact.clone();
    let mut moves = Vec::new();
    let mut flips = follow(&bot, &mut after, past, &Since { flips, eras: turn.eras }, turn.now, &mut moves);
    if after.rules == 0 {
        // Nobody looked at them yet, or not since a merge.
        moves.extend(leave_gone(bot.set(), &mut after, turn.now));
        let keys: Vec<&str> = bot.set().order().iter().map(String::as_str).collect();
        let is: Vec<(&str, bool)> = {
            let (mut ration, facts) = (Ration::new(bot.limits().fuel), ContactFacts::of_contact(turn.now, &bot, &after, past));
            flips = bot.set().flips_after(&Flips::default(), turn.now, &facts, &mut ration);
            keys.iter().map(|key| (*key, bot.set().holds(key, &facts, &mut ration))).collect()
        };
        moves.extend(take_over(&mut after, &is, turn.now, false, |_| "they came".to_owned()));
        after.rules = bot.set().hash();
    }
    let mut ids = IdSource::new(turn.now, turn.seed);
    let caught = moves.iter().any(|moved| {
        let signal =
            crate::catches::Signal::Segment { name: moved.key.clone(), entered: moved.entered, at: moved.at, edited: moved.edited };
        bot.order.iter().filter_map(|name| bot.skill(name)).any(|skill| skill.catches.iter().any(|entry| entry.kind.catches(&signal)))
    });
    let journey = moves.iter().map(|moved| moved.journey(&mut ids, None)).collect();
    let changed = !moves.is_empty() || after.rules != contact.rules;
    if changed {
        after.judged = turn.now;
    }
    Settled { contact: changed.then_some(after), journey, flips, caught }
}

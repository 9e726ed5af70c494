//! Transitions: the difference of membership between before and after the whole step, time passed included
//! (FL 5.8), and the catches that tags and transitions start next.

use super::follow::{Moved, Since, follow, leave_gone, take_over};
use super::stepper::Stepper;
use crate::catches::Signal;
use model::{Actor, Cause, InboxItem, Instant, JourneyKind, Record, TagKey, Value};
use segments::{Ration, Touch};

/// How many causes may lead to one another (FL 5.8).
pub(crate) const DEPTH: u8 = 8;
/// How long sent choices can be pressed: 30 days (FL 5.4 rule 2).
const PRESSABLE: i64 = 30 * 86_400_000_000;
/// How many messages with choices one conversation remembers.
const REMEMBERED: usize = 64;

impl Stepper<'_> {
    /// Follows time up to the step: transitions that came due before it, each at its own instant (FL 5.8).
    pub(crate) fn catch_up(&mut self) {
        let bot = self.bot.clone();
        let mut moves = Vec::new();
        let since = Since { flips: self.flips, eras: self.turn.eras };
        self.flips = follow(&bot, &mut self.contact, self.past, &since, self.turn.now, &mut moves);
        if !moves.is_empty() {
            // Also where the step changes nothing more: after a crash time would carry them back and here again.
            self.contact.judged = self.turn.now;
        }
        self.moved(moves);
    }

    /// Membership after the step: what its changes carry in or out.
    pub(crate) fn transitions(&mut self) {
        let bot = self.bot.clone();
        let set = bot.set().clone();
        let now = self.turn.now;
        if self.contact.rules == 0 {
            // Those merged may have been judged by older rules.
            let gone = leave_gone(&set, &mut self.contact, now);
            self.moved(gone);
        }
        // Not the step's fuel: a flow that spent everything must not make memberships wrong.
        let mut ration = Ration::new(bot.limits().fuel);
        let touch = match self.contact.rules {
            // Who was judged before was merged with somebody since, or parted from them.
            0 if self.contact.judged != Instant::default() => Touch::everything("a merge"),
            0 => Touch::everything("they came"),
            _ if self.recounted => Touch::everything("an import taken back"),
            _ => Touch::between(self.before, &self.contact, &self.out.events),
        };
        if touch.is_empty() && self.contact.rules == self.known_rules {
            return self.queue_causes();
        }
        let (is, flips) = set.judge_touched(&touch, &self.flips, &self.contact_facts(), &mut ration);
        self.flips = flips;
        let moved = |(key, is): &&(&str, bool)| self.contact.memberships.contains_key(*key) != *is;
        let mut causes: Vec<String> = is.iter().filter(moved).map(|(key, _)| set.reason(key, &touch).unwrap_or_default()).rev().collect();
        // Asked for once for each that moved, in order.
        let moves = take_over(&mut self.contact, &is, now, self.quiet, |_| causes.pop().unwrap_or_default());
        self.moved(moves);
        if self.contact_changed || self.recounted || !self.out.events.is_empty() || set.hash() != self.known_rules {
            self.contact.rules = set.hash();
            self.contact.judged = now;
            self.contact_changed = true;
        }
        self.queue_causes();
    }

    fn moved(&mut self, moves: Vec<Moved>) {
        for moved in moves {
            self.contact_changed = true;
            self.signals.push(Signal::Segment { name: moved.key.clone(), entered: moved.entered, at: moved.at, edited: moved.edited });
            let entry = moved.journey(&mut self.ids, Some(self.conversation.id));
            self.out.journey.push(entry);
        }
    }

    /// What tags and transitions start is queued in the contact's inbox by the same commit (FL 5.8).
    fn queue_causes(&mut self) {
        if self.signals.is_empty() && self.written.is_empty() {
            return;
        }
        let changed: Vec<Signal> = self
            .written
            .iter()
            .filter(|(name, was)| self.attribute_now(name) != **was)
            .map(|(name, _)| Signal::Attribute { name: name.clone() })
            .collect();
        let quiet = self.quiet;
        for signal in self.net_signals().into_iter().chain(changed) {
            // Segments tell it themselves: who asked for edits hears of them.
            if quiet && !matches!(signal, Signal::Segment { .. }) {
                continue;
            }
            for (skill, catch) in self.matching(&signal) {
                if self.depth >= DEPTH {
                    let why = format!("{} was not started: more than {DEPTH} causes led to one another", skill.name);
                    self.journey(Actor::System, JourneyKind::Error(why));
                    continue;
                }
                let mut event =
                    Record::from([("name".to_owned(), Value::text(signal.name())), ("what".to_owned(), Value::text(signal.spoken()))]);
                if let Signal::Segment { at, .. } = &signal {
                    event.insert("at".to_owned(), Value::DateTime(*at));
                }
                if let Signal::Attribute { name } = &signal {
                    let from = self.written.get(name).cloned().flatten();
                    event.extend(from.map(|value| ("from".to_owned(), value)));
                    event.extend(self.attribute_now(name).map(|value| ("to".to_owned(), value)));
                }
                self.out.queued.push(InboxItem::Caused {
                    conversation: self.conversation.id,
                    skill: skill.name.clone(),
                    catch: Some(u16::try_from(catch).unwrap_or(u16::MAX)),
                    named: skill.catches.get(catch).map(crate::bot::CatchEntry::name),
                    event,
                    depth: self.depth + 1,
                    cause: Cause::Other,
                });
            }
        }
    }

    /// The signals of the step without those that cancel out: a tag that came and went is no change (FL 5.8).
    fn net_signals(&mut self) -> Vec<Signal> {
        let mut net: Vec<Signal> = Vec::new();
        let mut seen: Vec<TagKey> = Vec::new();
        for signal in std::mem::take(&mut self.signals) {
            match &signal {
                Signal::Tag { name, added } => {
                    let key = TagKey::of(name);
                    if seen.contains(&key) {
                        continue;
                    }
                    // The first signal tells what was before it, the contact what is now.
                    let (was, is) = (!added, self.contact.tags.contains_key(&key));
                    seen.push(key);
                    if was != is {
                        net.push(Signal::Tag { name: name.clone(), added: is });
                    }
                }
                Signal::Segment { .. } | Signal::Event { .. } | Signal::Command { .. } | Signal::Attribute { .. } => net.push(signal),
            }
        }
        net
    }

    /// Choices older than 30 days, and the oldest beyond the bound, can no longer be pressed.
    pub(crate) fn forget_old_choices(&mut self) {
        if self.conversation.choices.is_empty() {
            return;
        }
        let oldest: Instant = self.turn.now.plus_micros(-PRESSABLE);
        let resting: Vec<_> = self
            .conversation
            .runs
            .iter()
            .filter_map(|r| match &r.rest {
                model::Rest::Asking(ask) => ask.message,
                model::Rest::Waiting { .. } | model::Rest::Requesting { .. } | model::Rest::Calling(_) | model::Rest::HandedOver { .. } => {
                    None
                }
            })
            .collect();
        self.conversation.choices.retain(|c| c.at >= oldest || resting.contains(&c.message));
        let surplus = self.conversation.choices.len().saturating_sub(REMEMBERED);
        self.conversation.choices.drain(..surplus);
    }
}

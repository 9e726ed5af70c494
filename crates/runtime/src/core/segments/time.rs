//! Time alone: who enters and leaves at which instant.
//!
//! Two things are done for each boundary, and only the second needs the disk. The contact is *looked at* in the columns, so that whoever
//! asks is told what is so now, however much else there is to do; then, if a membership differs from what is durable, their line *takes a
//! step* that commits the transition, stamped with the boundary. Steps wait for their turn in the order of their instants.

use super::{SAVE, Segments};
use crate::core::{Core, FLIGHTS, TURN, agenda::Wake};
use engine::{Bot, Programs as _};
use model::{ContactId, Instant};
use segments::{Book, Ration, Set};
use std::collections::{BTreeSet, HashMap};

/// Boundaries of one contact that are looked at in a row before others get their turn.
const BOUNDARIES: usize = 64;
/// Contacts looked at in one go: about a millisecond.
const SLICE: usize = 16;

/// Boundaries whose transition is on its way to be durable: the first of each contact.
#[derive(Default)]
pub(super) struct OnTheWay {
    of: HashMap<ContactId, Instant>,
    /// Those whose line was not told yet.
    waiting: BTreeSet<(Instant, ContactId)>,
    /// Those whose line knows.
    told: BTreeSet<(Instant, ContactId)>,
}

impl OnTheWay {
    /// The first boundary of a contact whose transition is on its way.
    pub fn of(&self, id: ContactId) -> Option<Instant> {
        self.of.get(&id).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (ContactId, Instant)> {
        self.of.iter().map(|(id, at)| (*id, *at))
    }

    /// The first of all.
    pub fn first(&self) -> Option<Instant> {
        self.waiting.first().into_iter().chain(self.told.first()).map(|(at, _)| *at).min()
    }

    /// The transition of a contact is durable, or there is none. Answers whether one was on its way.
    pub fn remove(&mut self, id: ContactId) -> bool {
        // In one of the two, if at all.
        self.of.remove(&id).is_some_and(|at| self.waiting.remove(&(at, id)) || self.told.remove(&(at, id)))
    }

    /// A boundary of a contact waits for their line; an earlier one that waits or is on its way brings it along.
    fn wait(&mut self, id: ContactId, at: Instant) {
        if self.of(id).is_none_or(|first| at < first) {
            self.remove(id);
            self.of.insert(id, at);
            self.waiting.insert((at, id));
        }
    }

    /// The first whose line was not told; it counts as told from now on.
    fn tell(&mut self) -> Option<ContactId> {
        let (at, id) = self.waiting.pop_first()?;
        self.told.insert((at, id));
        Some(id)
    }
}

impl Segments {
    /// When somebody is to be looked at next.
    pub(in crate::core) fn next_look(&self) -> Option<Instant> {
        self.members.next_due()
    }

    /// Since when somebody waits for a step.
    pub(in crate::core) fn next_step(&self) -> Option<Instant> {
        self.on_the_way.waiting.first().map(|(at, _)| *at)
    }

    /// How many have a transition on its way.
    pub(in crate::core) fn boundaries(&self) -> usize {
        self.on_the_way.of.len()
    }

    /// Who takes a step next, in this order, at most `limit` of them.
    pub(in crate::core) fn soon(&self, limit: usize) -> impl Iterator<Item = ContactId> {
        self.on_the_way.waiting.iter().take(limit).map(|(_, id)| *id)
    }
}

impl Core {
    /// Time alone may have changed memberships: looks at some of those whose instant has come, which reads no contact.
    pub(in crate::core) fn look_at_memberships(&mut self, now: Instant) {
        let segments = &mut self.segments;
        let due = segments.members.take_due(&segments.book, now, SLICE);
        if due.is_empty() {
            return;
        }
        segments.moved = true;
        let rules = Rules::of(self.programs.current());
        for (id, at) in due {
            if segments.look_at(&rules, id, at, now) {
                segments.on_the_way.wait(id, at);
            }
        }
        if !self.agenda.has(&Wake::Clock) {
            self.agenda.set(Wake::Clock, Some(now.plus_micros(SAVE)));
        }
    }

    /// Looks at a contact whose boundary may have passed.
    pub(in crate::core) fn follow(&mut self, id: ContactId, now: Instant) {
        let segments = &mut self.segments;
        let Some(at) = segments.members.not_before(&segments.book, id).filter(|at| *at <= now) else { return };
        if segments.look_at(&Rules::of(self.programs.current()), id, at, now) {
            segments.on_the_way.wait(id, at);
        }
    }

    /// Whether somebody's step for what time did may begin: half of the commits that may be under way are left to what else is due.
    pub(in crate::core) fn has_room_for_memberships(&self) -> bool {
        self.has_room() && self.flights.len() < FLIGHTS / 2
    }

    /// Lines of those who entered or left by time alone take their steps, a turn's worth, while there is room for them.
    pub(in crate::core) fn step_memberships(&mut self, now: Instant) {
        for _ in 0..TURN {
            if !self.has_room_for_memberships() {
                return;
            }
            let Some(id) = self.segments.on_the_way.tell() else { return };
            self.lines.entry(id).or_default().membership = true;
            self.advance(now, id);
        }
    }
}

/// What the memberships that time changes are judged by.
struct Rules<'a> {
    bot: &'a Bot,
    set: &'a Set,
    /// The segments that time moves people into and out of.
    in_time: Vec<&'a str>,
}

/// A contact at an instant.
struct Look {
    /// Whether they are in each of [`Rules::in_time`].
    is: Vec<bool>,
    /// Whether what is durable differs, or is by other rules.
    differs: bool,
    /// When time may change something next, after that instant.
    next: Option<Instant>,
    /// Fuel that this took.
    taken: u64,
}

impl<'a> Rules<'a> {
    fn of(bot: &'a Bot) -> Self {
        let set = bot.set();
        Self { bot, set, in_time: set.order().iter().map(String::as_str).filter(|key| set.moves_with_time(key)).collect() }
    }

    fn look(&self, book: &Book, id: ContactId, at: Instant) -> Option<Look> {
        let who = book.who(id, at, self.bot, self.set)?;
        let mut ration = Ration::new(self.bot.limits().fuel);
        let is: Vec<bool> = self.in_time.iter().map(|key| self.set.holds(key, &who, &mut ration)).collect();
        let differs = who.judged_by() != self.set.hash() || self.in_time.iter().zip(&is).any(|(key, is)| who.noted(key) != *is);
        let next = self.set.next_flip(self.in_time.iter().copied(), &who, &mut ration).map(|next| next.max(at.plus_micros(1)));
        Some(Look { is, differs, next, taken: ration.taken() })
    }
}

impl Segments {
    /// Looks at a contact's boundaries up to now; answers whether their line is to take a step.
    fn look_at(&mut self, rules: &Rules<'_>, id: ContactId, at: Instant, now: Instant) -> bool {
        let Self { book, members, on_the_way, .. } = self;
        // What was told of somebody whose line has not followed yet is followed further, be it back to where it was.
        let is_ahead = on_the_way.of(id).is_some();
        let (mut at, mut fuel) = (at, rules.bot.limits().fuel);
        for _ in 0..BOUNDARIES {
            let Some(look) = rules.look(book, id, at) else { return false };
            if is_ahead || look.differs {
                // Whoever asks from now on is told what is so now; the contact's line follows with the transitions, and it may be long
                // until its turn comes.
                let later = look.next.filter(|next| *next <= now).and_then(|_| rules.look(book, id, now));
                let Look { is, next, .. } = later.unwrap_or(look);
                members.set_members(book, id, rules.in_time.iter().copied().zip(is));
                members.schedule(book, id, next);
                return true;
            }
            match look.next {
                Some(next) if next <= now => at = next,
                next => {
                    members.schedule(book, id, next);
                    return false;
                }
            }
            // Heavy ones are as good as many.
            fuel = fuel.saturating_sub(look.taken);
            if fuel == 0 {
                break;
            }
        }
        members.schedule(book, id, Some(at));
        false
    }
}

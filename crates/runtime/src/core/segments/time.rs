//! Time alone: who enters and leaves at which instant.
//!
//! Two things are done for each boundary, and only the second needs the disk. The contact is *looked at* in the columns, so that whoever
//! asks is told what is so now, however much else there is to do; then, if a membership differs from what is durable, their line *takes a
//! step* that commits the transition, stamped with the boundary. Steps wait for their turn in the order of their instants.

use super::{SAVE, Segments};
use crate::core::{Core, FLIGHTS, TURN, agenda::Wake};
use engine::{Bot, Programs as _};
use model::{ContactId, Instant};
use segments::{Book, Flips, Ration, Set};
use std::collections::{BTreeSet, HashMap};

/// Looks in one go, of one contact or several: a millisecond or two.
const SLICE: usize = 16;

/// Boundaries whose transition is on its way to be durable: the first of each contact.
#[derive(Default)]
pub(super) struct OnTheWay {
    of: HashMap<ContactId, Flips>,
    /// Those whose line was not told yet.
    waiting: BTreeSet<(Instant, ContactId)>,
    /// Those whose line knows.
    told: BTreeSet<(Instant, ContactId)>,
}

impl OnTheWay {
    /// The first boundary of a contact whose transition is on its way.
    pub fn of(&self, id: ContactId) -> Option<Flips> {
        self.of.get(&id).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (ContactId, Instant)> {
        self.of.iter().filter_map(|(id, first)| Some((*id, first.next()?)))
    }

    /// The first of all.
    pub fn first(&self) -> Option<Instant> {
        self.waiting.first().into_iter().chain(self.told.first()).map(|(at, _)| *at).min()
    }

    /// The transition of a contact is durable, or there is none. Answers whether one was on its way.
    pub fn remove(&mut self, id: ContactId) -> bool {
        // In one of the two, if at all.
        let first = self.of.remove(&id).and_then(|first| first.next());
        first.is_some_and(|at| self.waiting.remove(&(at, id)) || self.told.remove(&(at, id)))
    }

    /// A boundary of a contact waits for their line; an earlier one that waits or is on its way brings it along.
    fn wait(&mut self, id: ContactId, flips: Flips) {
        let Some(at) = flips.next() else { return };
        if self.of(id).and_then(|first| first.next()).is_none_or(|first| at < first) {
            self.remove(id);
            self.of.insert(id, flips);
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
        let rules = Rules::of(self.programs.current());
        let mut looks = SLICE;
        while looks > 0 {
            let Some((id, at)) = segments.members.take_due(&segments.book, now, 1).pop() else { break };
            let flips = segments.members.flips_at(&segments.book, id, Some(at));
            if segments.look_at(&rules, id, flips, now, &mut looks) {
                segments.on_the_way.wait(id, flips);
            }
        }
        if looks == SLICE {
            return;
        }
        segments.moved = true;
        if !self.agenda.has(&Wake::Clock) {
            self.agenda.set(Wake::Clock, Some(now.plus_micros(SAVE)));
        }
    }

    /// Looks at a contact whose boundary may have passed.
    pub(in crate::core) fn follow(&mut self, id: ContactId, now: Instant) {
        let segments = &mut self.segments;
        let flips = segments.members.flips(&segments.book, id);
        let (rules, mut looks) = (Rules::of(self.programs.current()), SLICE);
        if flips.next().is_some_and(|at| at <= now) && segments.look_at(&rules, id, flips, now, &mut looks) {
            segments.on_the_way.wait(id, flips);
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
}

/// A contact at an instant.
struct Look<'a> {
    /// Whether they are in each of the segments that time may have moved them by.
    is: Vec<(&'a str, bool)>,
    /// Whether what is durable differs, or is by other rules.
    differs: bool,
    /// When time may change something after that instant.
    flips: Flips,
    /// Fuel that this took.
    taken: u64,
}

impl<'a> Rules<'a> {
    fn of(bot: &'a Bot) -> Self {
        Self { bot, set: bot.set() }
    }

    /// Looks at a contact at an instant up to which time changed nothing but what `flips` says.
    fn look(&self, book: &Book, id: ContactId, flips: &Flips, at: Instant) -> Option<Look<'a>> {
        let who = book.who(id, at, self.bot, self.set)?;
        let mut ration = Ration::new(self.bot.limits().fuel);
        let is = self.set.judge_due(flips, at, &who, &mut ration);
        let differs = who.judged_by() != self.set.hash() || is.iter().any(|(key, is)| who.noted(key) != *is);
        let flips = self.set.flips_after(flips, at, &who, &mut ration);
        Some(Look { is, differs, flips, taken: ration.taken() })
    }
}

impl Segments {
    /// Looks at a contact's boundaries from the first of `flips` up to now, as far as `looks` goes, which is at least one; answers whether
    /// their line is to take a step.
    fn look_at(&mut self, rules: &Rules<'_>, id: ContactId, flips: Flips, now: Instant, looks: &mut usize) -> bool {
        let Self { book, members, on_the_way, .. } = self;
        // What was told of somebody whose line has not followed yet is followed further, be it back to where it was.
        let is_ahead = on_the_way.of(id).is_some();
        let (mut flips, mut fuel) = (flips, rules.bot.limits().fuel);
        while *looks > 0 {
            *looks -= 1;
            let Some(look) = flips.next().and_then(|at| rules.look(book, id, &flips, at)) else { return false };
            if is_ahead || look.differs {
                // Whoever asks from now on is told what is so now; the contact's line follows with the transitions, and it may be long
                // until its turn comes.
                let is_behind = look.flips.next().is_some_and(|next| next <= now);
                let later = if is_behind { rules.look(book, id, &look.flips, now) } else { None };
                let Look { is, flips, .. } = later.unwrap_or(look);
                members.set_members(book, id, is);
                members.schedule_flips(book, id, &flips);
                return true;
            }
            flips = look.flips;
            // Heavy ones are as good as many.
            fuel = fuel.saturating_sub(look.taken);
            if fuel == 0 || flips.next().is_none_or(|next| next > now) {
                break;
            }
        }
        members.schedule_flips(book, id, &flips);
        false
    }
}

//! One event and another after it, or none: `sequence(a then [no] b within D, window)`.
//!
//! The second follows if it happened at the instant of the first or later, and before `D` had passed since; of one name and
//! instant, it is one recorded later. Nothing followed once `D` has passed without it: from that instant on, not before. The
//! window is about the first alone. It is enough that there is one such first.

use super::windows::{first, first_from, up_to};
use crate::{
    EvalError, Events,
    ast::When,
    calendar::{self, Moment},
    code::{Sequence, Window, ZoneOf},
    eval::Eval,
    flip::{self, earliest},
};
use model::{Duration, Instant};
use std::ops::Range;

/// How many changes of a calendar window, or ends of a wait in it, are looked at.
const ROUNDS: usize = 4;

/// What a sequence came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub holds: bool,
    /// When the first event that decided happened; where none did, the newest in the window.
    pub first: Option<Instant>,
}

/// From when on, and before when, a first event makes the sequence true.
type Span = (Instant, Instant);

impl<'e> Eval<'e> {
    /// Whether there is such a sequence; none if the window is not known.
    pub fn sequence(&mut self, of: &'e Sequence) -> Result<Option<Seen>, EvalError> {
        self.fuel.spend(4)?;
        self.sequence_at(of, self.facts.now())
    }

    fn sequence_at(&mut self, of: &'e Sequence, at: Instant) -> Result<Option<Seen>, EvalError> {
        let mut seen = Seen { holds: false, first: None };
        let known = self.each_first(of, at, &mut |first, done| {
            seen.first = Some(first);
            seen.holds = done.is_some_and(|done| done <= at);
            !seen.holds
        })?;
        Ok(known.then_some(seen))
    }

    /// Calls for each first event in the window, from the oldest on, with its time, the instant from which on it makes the
    /// sequence true as far as can be told at `at` (none if it does not); `each` tells whether to go on. False if the window
    /// is not known.
    fn each_first(
        &mut self,
        of: &'e Sequence,
        at: Instant,
        each: &mut dyn FnMut(Instant, Option<Instant>) -> bool,
    ) -> Result<bool, EvalError> {
        let zone = self.facts.bot_zone();
        let Some(firsts) = self.facts.events(&of.first.event) else { return Ok(self.limits(&of.window, at)?.is_some()) };
        let Some(range) = self.range(&*firsts, &of.window, at)? else { return Ok(false) };
        let seconds = self.facts.events(&of.second.event);
        let known = seconds.as_deref().map_or(0..0, |events| up_to(events, at));
        let same = of.first.event == of.second.event;
        let mut next = Next { at: 0, passes: false };
        for index in range {
            if !self.any_row(&of.first, &*firsts, index)? {
                continue;
            }
            let first = firsts.at(index);
            let second = match seconds.as_deref() {
                Some(events) => {
                    let from = if same { index + 1 } else { first_from(events, known.clone(), first) };
                    self.next_second(of, events, from..known.end, &mut next)?
                }
                None => None,
            };
            let over = self.wait_over(first, of.within, zone)?;
            let followed = second.is_some_and(|second| over.is_none_or(|over| second < over));
            let done = match (of.absent, followed) {
                (false, true) => Some(Instant::MIN),
                (true, false) => over,
                (false, false) | (true, true) => None,
            };
            if !each(first, done) {
                break;
            }
        }
        Ok(true)
    }

    /// The instant at which the second comes too late.
    fn wait_over(&mut self, first: Instant, within: Duration, zone: &'e jiff::tz::TimeZone) -> Result<Option<Instant>, EvalError> {
        if within.months != 0 {
            self.fuel.spend(16)?;
        }
        Ok(calendar::ages_out(Moment::At(first), within, zone))
    }

    /// When the first of the second events in a range happened that passes. Ranges only move on, so each is looked at once.
    fn next_second(
        &mut self,
        of: &'e Sequence,
        events: &dyn Events,
        range: Range<usize>,
        next: &mut Next,
    ) -> Result<Option<Instant>, EvalError> {
        if next.at < range.start {
            *next = Next { at: range.start, passes: false };
        }
        while next.at < range.end && !next.passes {
            next.passes = self.any_row(&of.second, events, next.at)?;
            if !next.passes {
                next.at += 1;
            }
        }
        Ok((next.at < range.end).then(|| events.at(next.at)))
    }

    /// When time alone next changes whether there is such a sequence.
    pub fn sequence_flip(&mut self, of: &'e Sequence) -> Option<Instant> {
        let rough = self.sequence_moves(of)?;
        let timed = [&of.first, &of.second].into_iter().any(|source| source.filter.as_ref().is_some_and(|filter| filter.time));
        // Where firsts come into the window with time too, every one of them is looked at when it does.
        let clock = self.clock(self.facts.now());
        let moves = match &of.window {
            Window::Since(low) => flip::now_plus(low, clock).is_some(),
            Window::Between(low, high) => [low, high].into_iter().any(|limit| flip::now_plus(limit, clock).is_some()),
            Window::Ever | Window::Last { .. } | Window::Calendar { .. } => false,
        };
        if timed || moves || self.window_ticks(&of.window).is_some() {
            return Some(rough);
        }
        let future = self.future(of);
        let (mut fuel, budget) = self.part_of_fuel();
        let found = Eval { facts: self.facts, fuel: &mut fuel, row: self.row, assumed: None }.sequence_turns(of);
        let spent = self.fuel.spend(budget - fuel.left());
        match (found, spent) {
            (Ok(found), Ok(())) => earliest(found, future),
            (Err(_), _) | (_, Err(_)) => Some(rough),
        }
    }

    /// The earliest instant at which anything it looks at moves.
    fn sequence_moves(&mut self, of: &'e Sequence) -> Option<Instant> {
        let (now, zone) = (self.facts.now(), self.facts.bot_zone());
        let ticks = self.window_ticks(&of.window);
        // Without a first it makes no difference what else is to come.
        let Some(firsts) = self.facts.events(&of.first.event) else { return ticks };
        let bounds = earliest(ticks, self.future(of));
        let moves = self.source_moves(&of.first, &*firsts, &of.window);
        let seconds = self.facts.events(&of.second.event);
        let flips = seconds.as_deref().and_then(|events| self.filter_flips(&of.second, events, up_to(events, now)));
        let known = up_to(&*firsts, now);
        let waiting = |index: usize| calendar::ages_out(Moment::At(firsts.at(index)), of.within, zone).is_some_and(|over| over > now);
        let oldest = if of.absent { first(known.clone(), waiting) } else { known.end };
        let over = if oldest < known.end { calendar::ages_out(Moment::At(firsts.at(oldest)), of.within, zone) } else { None };
        [bounds, moves, flips, over].into_iter().flatten().min()
    }

    /// The first event later than now, of either name.
    fn future(&self, of: &'e Sequence) -> Option<Instant> {
        let now = self.facts.now();
        let later = |name: &str| {
            let events = self.facts.events(name)?;
            let known = up_to(&*events, now);
            (known.end < events.len()).then(|| events.at(known.end))
        };
        earliest(later(&of.first.event), later(&of.second.event))
    }

    /// When the verdict turns if nothing more happens.
    fn sequence_turns(&mut self, of: &'e Sequence) -> Result<Option<Instant>, EvalError> {
        let now = self.facts.now();
        let spans = match &of.window {
            Window::Last { span, zone } => self.spans(of, Some((*span, zone)))?,
            Window::Ever | Window::Since(_) | Window::Between(..) => self.spans(of, None)?,
            Window::Calendar { when, zone } => return self.turns_by_calendar(of, *when, zone),
        };
        Ok(turn(now, &spans).filter(|at| *at < Instant::MAX))
    }

    /// From when to when each first event makes the sequence true.
    fn spans(&mut self, of: &'e Sequence, last: Option<(Duration, &'e ZoneOf)>) -> Result<Vec<Span>, EvalError> {
        let mut found = Vec::new();
        self.each_first(of, self.facts.now(), &mut |first, done| {
            found.extend(done.map(|done| (first, done)));
            true
        })?;
        let mut spans = Vec::with_capacity(found.len());
        for (first, done) in found {
            let leaves = match last {
                Some((span, zone)) => {
                    let zone = self.zone_of(zone);
                    self.wait_over(first, span, zone)?.unwrap_or(Instant::MAX)
                }
                None => Instant::MAX,
            };
            if done < leaves {
                spans.push((done, leaves));
            }
        }
        Ok(spans)
    }

    fn turns_by_calendar(&mut self, of: &'e Sequence, when: When, zone: &'e ZoneOf) -> Result<Option<Instant>, EvalError> {
        let zone = self.zone_of(zone);
        let mut at = self.facts.now();
        let verdict = self.sequence_at(of, at)?.map(|seen| seen.holds);
        let Some(firsts) = self.facts.events(&of.first.event) else { return Ok(None) };
        for _ in 0..ROUNDS {
            let Some((from, _)) = self.limits(&of.window, at)? else { return Ok(None) };
            if first_from(&*firsts, 0..firsts.len(), from) == firsts.len() {
                return Ok(None);
            }
            let Some(end) = calendar::unit_end(at, when, zone) else { return Ok(None) };
            let mut over = None;
            self.each_first(of, at, &mut |_, done| {
                over = earliest(over, done.filter(|done| *done > at));
                true
            })?;
            at = over.map_or(end, |over| over.min(end));
            if self.sequence_at(of, at)?.map(|seen| seen.holds) != verdict {
                return Ok(Some(at));
            }
        }
        Ok(Some(at))
    }
}

/// Where the search for the second stands.
struct Next {
    at: usize,
    passes: bool,
}

/// When what holds in any of these spans turns; both their beginnings and their ends are in order.
fn turn(now: Instant, spans: &[Span]) -> Option<Instant> {
    let held = spans.iter().fold(now, |held, (from, before)| if *from <= held { held.max(*before) } else { held });
    if held > now { Some(held) } else { spans.iter().map(|(from, _)| *from).find(|from| *from > now) }
}

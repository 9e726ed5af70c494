//! When time alone changes a figure: events leave a window that moves on, the oldest first.

use super::{
    counts_all,
    fold::Fold,
    windows::{first, first_from, up_to},
};
use crate::{
    EvalError, Events, Fuel, Truth,
    ast::{Agg, When},
    calendar::{self, Moment},
    code::{Aggregate, Leaf, Source, Test, Val, Window, ZoneOf},
    eval::Eval,
    flip::{self, Clock, earliest, ticks},
};
use model::{Duration, Instant, Value};
use std::ops::{ControlFlow, Range};

/// How many units of the calendar a window is followed through: `previous` is empty from the second on.
const UNITS: usize = 3;
/// How many events are watched passing a limit of a window; what comes after is looked at then.
const PASSES: usize = 2_000;

/// A leaf, the figure in it that moves, and what the leaf comes to now; no verdict if it cannot be computed.
struct Followed<'e, 'v> {
    leaf: &'e Leaf,
    of: &'e Aggregate,
    events: &'v dyn Events,
    range: Range<usize>,
    verdict: Option<Truth>,
}

impl<'e> Eval<'e> {
    /// The next instant at which a figure may change; none if time alone never changes it.
    pub fn next_move(&mut self, of: &'e Aggregate) -> Option<Instant> {
        if self.assumed.as_ref().is_some_and(|(assumed, _)| std::ptr::eq(*assumed, of)) {
            return None;
        }
        let bounds = self.window_ticks(&of.window);
        let Some(events) = self.facts.events(&of.source.event) else { return bounds };
        earliest(bounds, self.source_moves(&of.source, &*events, &of.window))
    }

    /// When the limits of a window may move by other than the passing of time itself. One that stays so far from now does not:
    /// events come into the window and leave it, each at its own instant.
    pub(super) fn window_ticks(&mut self, window: &'e Window) -> Option<Instant> {
        let clock = self.clock(self.facts.now());
        let mut limit = |val: &'e Val| if flip::now_plus(val, clock).is_some() { None } else { ticks(val, self) };
        match window {
            Window::Since(low) => limit(low),
            Window::Between(low, high) => earliest(limit(low), limit(high)),
            Window::Ever | Window::Last { .. } | Window::Calendar { .. } => None,
        }
    }

    pub(super) fn clock(&self, now: Instant) -> Clock<'e> {
        Clock { now, zone: self.facts.bot_zone() }
    }

    /// The next instant at which a limit that goes with the time passes one of these events, or sooner.
    fn limits_pass(&self, window: &'e Window, events: &dyn Events, now: Instant) -> Option<Instant> {
        let clock = self.clock(now);
        // An event on the lower limit is still inside, one on the upper limit already: it leaves after, it comes at.
        let limits = match window {
            Window::Since(low) => [Some((low, 1)), None],
            Window::Between(low, high) => [Some((low, 1)), Some((high, 0))],
            Window::Ever | Window::Last { .. } | Window::Calendar { .. } => return None,
        };
        let passed = |(limit, which): (&'e Val, usize)| {
            let ahead = flip::now_plus(limit, clock)?;
            let edge = now.plus_micros(ahead.micros);
            // Where the calendar bends, what the limit has just passed it may pass again.
            let from = if ahead.bends { edge.plus_micros(-flip::BENDS) } else { edge };
            let places = [from, edge, edge.plus_micros(1)].map(|at| first_from(events, 0..events.len(), at));
            let at = |place: usize| {
                let event = (place < events.len()).then(|| events.at(place))?;
                flip::passing(ahead, Moment::At(event), clock).get(which).copied().flatten().filter(|at| *at > now)
            };
            places.into_iter().filter_map(at).min()
        };
        limits.into_iter().flatten().filter_map(passed).min()
    }

    /// When the events that a source gives may be others: one leaves the window, one comes into it, a `where` flips.
    pub(super) fn source_moves(&mut self, source: &'e Source, events: &dyn Events, window: &'e Window) -> Option<Instant> {
        let now = self.facts.now();
        let known = up_to(events, now);
        let future = (known.end < events.len()).then(|| events.at(known.end));
        let range = match self.range(events, window, now) {
            Ok(Some(range)) => range,
            Ok(None) => return future,
            Err(_) => return Some(flip::soon(self)),
        };
        let leaves = match window {
            Window::Last { span, zone } if !range.is_empty() => {
                calendar::ages_out(Moment::At(events.at(range.start)), *span, self.zone_of(zone))
            }
            Window::Calendar { when, zone } if range.start < known.end => calendar::unit_end(now, *when, self.zone_of(zone)),
            Window::Since(_) | Window::Between(..) => self.limits_pass(window, events, now),
            Window::Last { .. } | Window::Calendar { .. } | Window::Ever => None,
        };
        earliest(earliest(future, leaves), self.filter_flips(source, events, range))
    }

    /// When a `where` that asks for the time next answers differently for one of the events.
    pub(super) fn filter_flips(&mut self, source: &'e Source, events: &dyn Events, range: Range<usize>) -> Option<Instant> {
        let filter = source.filter.as_ref().filter(|filter| filter.time)?;
        let mut next = None;
        for index in range {
            let looked = self.all_rows(source, events, index, false, &mut |eval, row, _| {
                next = earliest(next, flip::next_flip(&filter.cond, &mut eval.at_row(*row)));
                Ok(ControlFlow::Continue(()))
            });
            if looked.is_err() {
                return Some(flip::soon(self));
            }
        }
        next
    }

    /// When a leaf flips in which nothing moves but one figure; none if that is not known, or too much to find out.
    pub fn follow(&mut self, leaf: &'e Leaf, of: &'e Aggregate) -> Option<Option<Instant>> {
        if of.source.filter.as_ref().is_some_and(|filter| filter.time) || self.window_ticks(&of.window).is_some() {
            return None;
        }
        let events = self.facts.events(&of.source.event)?;
        let known = up_to(&*events, self.facts.now());
        let future = (known.end < events.len()).then(|| events.at(known.end));
        let (mut fuel, budget) = self.part_of_fuel();
        let found = Eval { facts: self.facts, fuel: &mut fuel, row: self.row, assumed: None }.followed(leaf, of, &*events);
        self.fuel.spend(budget - fuel.left()).ok()?;
        Some(earliest(found.ok()?, future))
    }

    /// A part of the fuel, so that what is not needed for a verdict never takes the rest of a step with it.
    pub fn part_of_fuel(&self) -> (Fuel, u64) {
        let budget = self.fuel.left() / 4;
        (Fuel::new(budget), budget)
    }

    fn followed(&mut self, leaf: &'e Leaf, of: &'e Aggregate, events: &dyn Events) -> Result<Option<Instant>, EvalError> {
        let Some(range) = self.range(events, &of.window, self.facts.now())? else { return Ok(None) };
        let mut followed = Followed { leaf, of, events, range, verdict: None };
        match &of.window {
            Window::Last { span, zone } => {
                let figures = self.as_they_leave(&followed)?;
                followed.verdict = self.verdict(leaf, of, figures.after(0))?;
                self.rolling(&followed, &figures, *span, zone)
            }
            Window::Calendar { when, zone } => {
                let figure = self.over(of, events, followed.range.clone())?;
                followed.verdict = self.verdict(leaf, of, figure)?;
                self.by_calendar(&followed, *when, zone)
            }
            Window::Since(_) | Window::Between(..) => {
                let figure = self.over(of, events, followed.range.clone())?;
                followed.verdict = self.verdict(leaf, of, figure)?;
                self.passing(&followed)
            }
            Window::Ever => Ok(None),
        }
    }

    /// The verdict of a leaf if a figure in it were this; none if it could not be computed.
    fn verdict(&mut self, leaf: &'e Leaf, of: &'e Aggregate, value: Option<Value>) -> Result<Option<Truth>, EvalError> {
        self.assumed = Some((of, value));
        let verdict = self.leaf(leaf);
        self.assumed = None;
        match verdict {
            Ok(verdict) => Ok(Some(verdict)),
            Err(EvalError::Arithmetic(_)) => Ok(None),
            Err(EvalError::OutOfFuel) => Err(EvalError::OutOfFuel),
        }
    }

    /// Events leave one after the other; which one takes the verdict with it?
    fn rolling(
        &mut self,
        of: &Followed<'e, '_>,
        figures: &Figures,
        span: Duration,
        zone: &'e ZoneOf,
    ) -> Result<Option<Instant>, EvalError> {
        let zone = self.zone_of(zone);
        let mut from = 1;
        while let Some(gone) = self.first_change(of, figures, from)? {
            let newest_gone = of.events.at(of.range.start + gone - 1);
            let Some(at) = calendar::ages_out(Moment::At(newest_gone), span, zone) else { return Ok(None) };
            // Those of the same instant, or of days that a month ends on, leave together.
            let stays = |index: usize| !calendar::older(Moment::At(of.events.at(index)), at, span, zone);
            let gone = first(of.range.start + gone..of.range.end, stays) - of.range.start;
            if self.verdict(of.leaf, of.of, figures.after(gone))? != of.verdict {
                return Ok(Some(at));
            }
            from = gone + 1;
        }
        Ok(None)
    }

    /// Events leave at one limit and come in at the other; which one turns the verdict?
    fn passing(&mut self, of: &Followed<'e, '_>) -> Result<Option<Instant>, EvalError> {
        let mut at = self.facts.now();
        let mut before = Some(of.range.clone());
        for _ in 0..PASSES {
            let Some(passed) = self.limits_pass(&of.of.window, of.events, at) else { return Ok(None) };
            at = passed;
            self.fuel.spend(4)?;
            let range = self.range(of.events, &of.of.window, at)?;
            if range == before {
                continue;
            }
            let figure = match range.clone() {
                Some(range) => self.over(of.of, of.events, range)?,
                None => None,
            };
            if self.verdict(of.leaf, of.of, figure)? != of.verdict {
                return Ok(Some(at));
            }
            before = range;
        }
        // Up to here it does not turn; what comes is looked at from here.
        Ok(Some(at))
    }

    /// How many of the oldest events have to leave, at least `from`, for the verdict to be another.
    fn first_change(&mut self, of: &Followed<'e, '_>, figures: &Figures, from: usize) -> Result<Option<usize>, EvalError> {
        let all = of.range.len();
        if from > all {
            return Ok(None);
        }
        // A count only falls, so an order against it turns once.
        let direct = |val: &Val| matches!(val, Val::Aggregate(figure) if std::ptr::eq(&**figure, of.of));
        let once =
            of.of.function == Agg::Count && matches!(&of.leaf.test, Test::Order { left, right, .. } if direct(left) != direct(right));
        if once {
            let mut failed = None;
            let turned = first(from..all + 1, |gone| match self.verdict(of.leaf, of.of, figures.after(gone)) {
                Ok(verdict) => verdict != of.verdict,
                Err(error) => {
                    failed = Some(error);
                    true
                }
            });
            return match failed {
                Some(error) => Err(error),
                None => Ok((turned <= all).then_some(turned)),
            };
        }
        let mut before = None;
        for gone in from..=all {
            let figure = figures.after(gone);
            if before.as_ref() == Some(&figure) {
                continue;
            }
            if self.verdict(of.leaf, of.of, figure.clone())? != of.verdict {
                return Ok(Some(gone));
            }
            before = Some(figure);
        }
        Ok(None)
    }

    /// What the figure comes to when more and more of the oldest events have left.
    fn as_they_leave(&mut self, of: &Followed<'e, '_>) -> Result<Figures, EvalError> {
        if of.of.function == Agg::Count && counts_all(of.of) {
            return Ok(Figures::Counted(of.range.len()));
        }
        let mut fold = Fold::new(of.of.function, self.facts.bot_zone());
        let mut figures = vec![fold.result()];
        for index in of.range.clone().rev() {
            let all = self.rows(&of.of.source, of.events, index, true, &mut |value| {
                fold.push(value);
                ControlFlow::Continue(())
            })?;
            debug_assert!(all.is_continue(), "a fold takes every value");
            figures.push(fold.result());
        }
        figures.reverse();
        Ok(Figures::Each(figures))
    }

    /// A window of the calendar moves on as a whole.
    fn by_calendar(&mut self, of: &Followed<'e, '_>, when: When, zone: &'e ZoneOf) -> Result<Option<Instant>, EvalError> {
        let zone = self.zone_of(zone);
        let mut at = self.facts.now();
        if first_from(of.events, of.range.start..of.events.len(), at.plus_micros(1)) == of.range.start {
            return Ok(None);
        }
        for _ in 0..UNITS {
            let Some(end) = calendar::unit_end(at, when, zone) else { return Ok(None) };
            at = end;
            let figure = match self.range(of.events, &of.of.window, at)? {
                Some(range) => self.over(of.of, of.events, range)?,
                None => None,
            };
            if self.verdict(of.leaf, of.of, figure)? != of.verdict {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// What a figure comes to after so many of the oldest events have left a window.
enum Figures {
    /// It counts them all.
    Counted(usize),
    Each(Vec<Option<Value>>),
}

impl Figures {
    fn after(&self, gone: usize) -> Option<Value> {
        match self {
            Self::Counted(all) => Some(Value::Number(all.saturating_sub(gone).into())),
            Self::Each(figures) => figures.get(gone).cloned().flatten(),
        }
    }
}

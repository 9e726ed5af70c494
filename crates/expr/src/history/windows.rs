//! Which of the recorded events lie in a window: a range of places, found by halving.

use crate::{
    EvalError, Events,
    calendar::{self, Moment},
    code::{Val, Window},
    eval::Eval,
    flip,
};
use model::Instant;
use std::ops::Range;

/// The first place in a range whose event is not before an instant.
pub fn first_from(events: &dyn Events, range: Range<usize>, at: Instant) -> usize {
    first(range, |index| events.at(index) >= at)
}

/// The first place in a range for which something holds that holds for all after it as well; the range's end if for none.
pub fn first(range: Range<usize>, mut holds: impl FnMut(usize) -> bool) -> usize {
    let Range { start: mut low, end: mut high } = range;
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// The places of all events up to an instant.
pub fn up_to(events: &dyn Events, now: Instant) -> Range<usize> {
    0..first(0..events.len(), |index| events.at(index) > now)
}

impl<'e> Eval<'e> {
    /// From when on, and before when, a window takes events as seen at an instant; none if a limit of it is not known.
    pub fn limits(&mut self, window: &'e Window, now: Instant) -> Result<Option<(Instant, Instant)>, EvalError> {
        let zone = self.facts.bot_zone();
        let end = now.plus_micros(1);
        let start_of = |limit: Moment| match limit {
            Moment::At(at) => Some(at),
            Moment::Day(day) => calendar::day_start(day, zone),
        };
        let end_of = |limit: Moment| match limit {
            Moment::At(at) => Some(at.plus_micros(1)),
            Moment::Day(day) => calendar::day_start(day.tomorrow().ok()?, zone),
        };
        Ok(match window {
            Window::Ever => Some((Instant::MIN, end)),
            Window::Last { span, zone } => {
                let edge = calendar::negated(*span).and_then(|back| calendar::edge(now, back, self.zone_of(zone)));
                Some((edge.map_or(Instant::MIN, |edge| edge.plus_micros(1)), end))
            }
            Window::Since(low) => self.limit(low, now)?.and_then(start_of).map(|low| (low, end)),
            Window::Between(low, high) => {
                let (low, high) = (self.limit(low, now)?, self.limit(high, now)?);
                low.and_then(start_of).zip(high.and_then(end_of)).map(|(low, high)| (low, high.min(end)))
            }
            Window::Calendar { when, zone } => {
                calendar::window(now, *when, self.zone_of(zone)).map(|(start, before)| (start, before.min(end)))
            }
        })
    }

    /// A limit as seen at an instant.
    fn limit(&mut self, limit: &'e Val, now: Instant) -> Result<Option<Moment>, EvalError> {
        if now != self.facts.now()
            && let Some(ahead) = flip::now_plus(limit, self.clock(now))
        {
            return Ok(Some(Moment::At(now.plus_micros(ahead.micros))));
        }
        self.moment(limit)
    }

    /// The places of the events in a window; none if a limit of it is not known.
    pub(super) fn range(&mut self, events: &dyn Events, window: &'e Window, now: Instant) -> Result<Option<Range<usize>>, EvalError> {
        let Some((from, before)) = self.limits(window, now)? else { return Ok(None) };
        let start = first_from(events, 0..events.len(), from);
        Ok(Some(start..first_from(events, start..events.len(), before)))
    }
}

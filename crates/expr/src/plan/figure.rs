//! A figure over recorded events as other evaluators see it: which events, what is taken of them, and how its window moves.

use super::{Everybody, Plan, given, look};
use crate::{
    ast::Agg,
    calendar,
    code::{Aggregate, Window, ZoneOf},
    flip,
    history::Fold,
};
use jiff::tz::TimeZone;
use model::{Duration, Instant, Value};
use std::{borrow::Cow, ops::Range};

/// A figure over recorded events.
#[derive(Clone, Copy)]
pub struct Figure<'c>(&'c Aggregate);

impl PartialEq for Figure<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl std::fmt::Debug for Figure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.0.function.name(), self.0.source.event)
    }
}

/// What a figure takes of the events that pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields<'c> {
    /// How many they are.
    Count,
    /// The sum of a field, if that is a plain number in all of them.
    Sum(&'c str),
    /// The time of the newest.
    Newest,
    /// The time of the oldest.
    Oldest,
    /// Something of the values of a field, one of each event that has it, if none of them is a list or a record.
    Values(&'c str),
    /// Something else.
    Other,
}

/// How events leave a window as time passes.
#[derive(Clone, Debug)]
pub enum Leaves<'c> {
    /// Never.
    Never,
    /// Each when so many microseconds have passed.
    After(i64),
    /// Each when so many months have passed.
    Months(Duration, Option<&'c TimeZone>),
    /// All together, not before this.
    At(Instant),
    /// That differs from contact to contact, or is not known.
    Unclear,
}

impl<'c> Figure<'c> {
    pub(super) fn new(of: &'c Aggregate) -> Self {
        Self(of)
    }

    pub(super) fn code(self) -> &'c Aggregate {
        self.0
    }

    pub(super) fn is(self, other: &Aggregate) -> bool {
        std::ptr::eq(self.0, other)
    }

    pub(super) fn may_fail(self) -> bool {
        match &self.0.window {
            Window::Since(low) => !look::is_still(low),
            Window::Between(low, high) => !look::is_still(low) || !look::is_still(high),
            Window::Ever | Window::Last { .. } | Window::Calendar { .. } => false,
        }
    }

    /// The events' name.
    pub fn event(self) -> &'c str {
        &self.0.source.event
    }

    /// What is taken of the events.
    pub fn yields(self) -> Yields<'c> {
        match (self.0.function, &*self.0.source.fields) {
            (Agg::Count, []) => Yields::Count,
            (Agg::Sum, [field]) => Yields::Sum(field),
            (Agg::Last, []) => Yields::Newest,
            (Agg::First, []) => Yields::Oldest,
            (_, [field]) => Yields::Values(field),
            _ => Yields::Other,
        }
    }

    /// The figure of no event at all.
    pub fn of_nothing(self) -> Option<Value> {
        Fold::new(self.0.function, &TimeZone::UTC).result()
    }

    /// The figure of the values at these places, which are in the order of time; not every place has one.
    pub fn of_values<'v>(self, places: Range<usize>, value: impl Fn(usize) -> Option<Cow<'v, Value>>, zone: &TimeZone) -> Option<Value> {
        let mut fold = Fold::new(self.0.function, zone);
        let mut forwards = places.clone();
        let mut backwards = places.rev();
        loop {
            let place = if self.0.function == Agg::First { forwards.next() } else { backwards.next() };
            let Some(place) = place else { break };
            let Some(value) = value(place) else { continue };
            fold.push(&value);
            if matches!(self.0.function, Agg::First | Agg::Last) {
                break;
            }
        }
        fold.result()
    }

    /// What an event has to pass.
    pub fn filter(self) -> Option<Plan<'c>> {
        self.0.source.filter.as_ref().map(|filter| super::plan(&filter.cond))
    }

    /// Whether the verdict on an event may change with time alone, or may not be computable.
    pub fn filter_is_unsure(self) -> bool {
        self.0.source.filter.as_ref().is_some_and(|filter| filter.time || look::cond_may_fail(&filter.cond))
    }

    /// From when on, and before when, events count; the inner is none if that is not known for anybody, the outer if it
    /// differs from contact to contact.
    pub fn limits(self, everybody: &dyn Everybody) -> Option<Option<(Instant, Instant)>> {
        given::with(everybody, None, None, &self.0.window, |eval, window| eval.limits(window, everybody.now()))?.ok()
    }

    /// How events leave the window.
    pub fn leaves(self, everybody: &dyn Everybody) -> Leaves<'c> {
        match &self.0.window {
            Window::Ever => Leaves::Never,
            Window::Last { span, .. } if span.months == 0 => Leaves::After(span.micros),
            Window::Last { span, zone: ZoneOf::Bot } => Leaves::Months(*span, None),
            Window::Last { span, zone: ZoneOf::Fixed(zone) } => Leaves::Months(*span, Some(zone)),
            Window::Calendar { when, zone } => {
                let zone = match zone {
                    ZoneOf::Bot => everybody.zone(),
                    ZoneOf::Fixed(zone) => zone,
                    ZoneOf::Contact => return Leaves::Unclear,
                };
                calendar::unit_end(everybody.now(), *when, zone).map_or(Leaves::Never, Leaves::At)
            }
            Window::Since(low) if look::is_still(low) => Leaves::Never,
            Window::Between(low, high) if look::is_still(low) && look::is_still(high) => Leaves::Never,
            Window::Since(low) => match flip::now_plus(low, flip::Clock { now: everybody.now(), zone: everybody.zone() }) {
                // What lies on the limit is still inside.
                Some(flip::Ahead { micros, bends: false }) if micros <= 0 => Leaves::After(1 - micros),
                _ => Leaves::Unclear,
            },
            Window::Last { zone: ZoneOf::Contact, .. } | Window::Between(..) => Leaves::Unclear,
        }
    }
}

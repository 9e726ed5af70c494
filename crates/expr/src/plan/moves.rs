//! When time alone flips a leaf, as a matter of the one value that it looks at.

use super::{Column, Everybody, LeafPlan};
use crate::{
    calendar::{self, Moment},
    code::{Test, Val, ZoneOf},
};
use jiff::tz::TimeZone;
use model::{Duration, Instant, Value};

/// How far ahead days are looked at one by one; what lies beyond is looked at again by then.
const DAYS: usize = 400;
/// So many units of the calendar are looked at one by one.
const UNITS: usize = 64;

/// When time alone next flips a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moves {
    /// Never.
    Never,
    /// For a point in time: at one of these distances from it, in microseconds.
    Shifts(Vec<i64>),
    /// For points in time from one of these on, and before the next: not before this; none: never. In order.
    Steps(Vec<(i64, Option<Instant>)>),
    /// It has to be asked for each value.
    ByValue,
}

impl LeafPlan<'_> {
    /// When the leaf flips for whoever has a point in time in a column.
    pub fn moves(self, column: &Column<'_>, everybody: &dyn Everybody) -> Moves {
        if !self.0.moves {
            return Moves::Never;
        }
        let is = |val: &Val| column.is(val);
        let (now, zone) = (everybody.now(), everybody.zone());
        match &self.0.test {
            Test::HasTag { within: Some(span), .. } | Test::RanSkill { within: Some(span), .. } | Test::Changed { span, .. } => {
                self.past(*span, column, everybody)
            }
            Test::Within { of, span, future: false } | Test::OlderThan { of, span } if is(of) => self.past(*span, column, everybody),
            Test::Within { of, span, future: true } if is(of) => {
                if span.months == 0 {
                    return Moves::Shifts(vec![1_i64.saturating_sub(span.micros), 1]);
                }
                let edge = calendar::edge(now, *span, zone).map_or(now.0, |edge| edge.0);
                self.steps([i64::MIN + 1, now.0, edge], edge, column, everybody)
            }
            Test::Calendar { of, when, zone: own, .. } if is(of) => {
                let zone = match own {
                    ZoneOf::Bot => zone,
                    ZoneOf::Fixed(zone) => zone,
                    ZoneOf::Contact => return Moves::ByValue,
                };
                let Some((mut start, _)) = calendar::window(now, *when, zone) else { return Moves::ByValue };
                // What lies before the window never comes into it again.
                let mut steps = vec![(i64::MIN + 1, None)];
                for _ in 0..UNITS {
                    let Some(flip) = self.flip_one(column, Some(&Value::DateTime(start)), everybody) else { return Moves::ByValue };
                    steps.push((start.0, flip));
                    match calendar::unit_end(start, *when, zone) {
                        Some(end) if end > start => start = end,
                        _ => break,
                    }
                }
                Moves::Steps(steps)
            }
            _ => Moves::ByValue,
        }
    }

    /// A span back from now: entered at the moment itself, left when the span has passed.
    fn past(self, span: Duration, column: &Column<'_>, everybody: &dyn Everybody) -> Moves {
        if span.months == 0 {
            return Moves::Shifts(vec![0, span.micros]);
        }
        let now = everybody.now();
        let edge = calendar::negated(span).and_then(|back| calendar::edge(now, back, everybody.zone())).map_or(i64::MIN + 1, |edge| edge.0);
        self.steps([i64::MIN + 1, edge.saturating_add(1), now.0.saturating_add(1)], now.0, column, everybody)
    }

    /// Flips of one point in each day serve for the whole day: later ones of the same stretch flip no sooner.
    fn steps(self, stretches: [i64; 3], to: i64, column: &Column<'_>, everybody: &dyn Everybody) -> Moves {
        let [_, from, _] = stretches;
        let until = to.saturating_add(calendar::DAY.saturating_mul(DAYS as i64));
        let mut starts: Vec<i64> = stretches.into_iter().chain(days(from.saturating_add(1), until)).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut steps = Vec::with_capacity(starts.len());
        for start in starts {
            match self.flip_one(column, Some(&Value::DateTime(Instant(start))), everybody) {
                // What is further away than can be said does not move before the end of time.
                Some(flip) => steps.push((start, flip)),
                None => return Moves::ByValue,
            }
        }
        Moves::Steps(steps)
    }
}

/// A point in each day from an instant on, at most as many as a few years have.
fn days(from: i64, until: i64) -> impl Iterator<Item = i64> {
    (0..4 * DAYS).map_while(move |n| from.checked_add(calendar::DAY.checked_mul(i64::try_from(n).ok()?)?)).take_while(move |at| *at < until)
}

/// When events leave a window of months: for those from one of these instants on and before the next, not before this.
pub fn leaving(span: Duration, zone: &TimeZone, now: Instant) -> Vec<(i64, Option<Instant>)> {
    let edge = calendar::negated(span).and_then(|back| calendar::edge(now, back, zone)).map_or(i64::MIN + 1, |edge| edge.0);
    let starts = std::iter::once(edge.saturating_add(1)).chain(days(edge.saturating_add(2), now.0));
    starts.map(|start| (start, calendar::ages_out(Moment::At(Instant(start)), span, zone))).collect()
}

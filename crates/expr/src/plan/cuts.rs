//! Where on a line of numbers or instants a leaf's verdict may change; between two such places it is the same everywhere.
//!
//! Only the places are found here, from what the leaf compares with. The verdicts in between are the leaf's own, so a place
//! too many does no harm.

use super::{Column, Everybody, LeafPlan, given};
use crate::{
    calendar,
    code::{ListOf, Test, Val, ZoneOf},
    number::plain,
    operate,
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use model::{Duration, Instant, Value};
use rust_decimal::Decimal;

/// A line on which values lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Numbers, counted in units of so many decimals.
    Numbers(u32),
    /// Points in time, in microseconds.
    Instants,
}

impl LeafPlan<'_> {
    /// The first places from which on the verdict on the values of a column may be another, in order; none if that is not
    /// known. Missing values are not on the line.
    pub fn cuts(self, column: &Column<'_>, domain: Domain, everybody: &dyn Everybody) -> Option<Vec<i64>> {
        let (now, zone) = (everybody.now(), everybody.zone());
        let is = |val: &Val| column.is(val);
        let mut cuts = match &self.0.test {
            Test::Set { of, .. } | Test::Value(of) if is(of) => Vec::new(),
            Test::HasTag { within: None, .. } | Test::RanSkill { within: None, .. } => Vec::new(),
            Test::HasTag { within: Some(span), .. } | Test::RanSkill { within: Some(span), .. } | Test::Changed { span, .. } => {
                past(now, *span, zone)
            }
            Test::Equal { left, right, .. } | Test::Order { left, right, .. } if is(left) => points(&[right], domain, everybody)?,
            Test::Equal { left, right, .. } | Test::Order { left, right, .. } if is(right) => points(&[left], domain, everybody)?,
            Test::Between { of, low, high, .. } if is(of) => points(&[low, high], domain, everybody)?,
            Test::In { of, list: ListOf::Items(items), .. } if is(of) => points(&items.iter().collect::<Vec<_>>(), domain, everybody)?,
            // A number is no moment, whichever it is.
            Test::Within { of, .. } | Test::OlderThan { of, .. } | Test::Calendar { of, .. } if is(of) && domain != Domain::Instants => {
                Vec::new()
            }
            Test::Within { of, span, future: false } if is(of) => past(now, *span, zone),
            Test::Within { of, span, future: true } if is(of) => {
                std::iter::once(now.0).chain(calendar::edge(now, *span, zone).map(|edge| edge.0)).collect()
            }
            Test::OlderThan { of, span } if is(of) => past(now, *span, zone),
            Test::Calendar { of, when, zone: own, .. } if is(of) => {
                let zone = match own {
                    ZoneOf::Bot => zone,
                    ZoneOf::Fixed(zone) => zone,
                    ZoneOf::Contact => return None,
                };
                calendar::window(now, *when, zone).map_or_else(Vec::new, |(start, end)| vec![start.0, end.0])
            }
            _ => return None,
        };
        cuts.sort_unstable();
        cuts.dedup();
        Some(cuts)
    }
}

/// The limits of a span back from now.
fn past(now: Instant, span: Duration, zone: &TimeZone) -> Vec<i64> {
    let edge = calendar::negated(span).and_then(|back| calendar::edge(now, back, zone));
    std::iter::once(now).chain(edge).map(|at| at.0.saturating_add(1)).collect()
}

/// Where values pass these ones.
fn points(of: &[&Val], domain: Domain, everybody: &dyn Everybody) -> Option<Vec<i64>> {
    let mut cuts = Vec::new();
    for val in of {
        // Whatever is not the same for everybody is no fixed limit.
        let value =
            given::with(everybody, None, None, *val, |eval, val| eval.value(val).map(|value| value.map(std::borrow::Cow::into_owned)))?
                .ok()?;
        match (domain, value) {
            (Domain::Numbers(places), Some(value)) => cuts.extend(number(&value).and_then(|n| floor(n, places)).into_iter().flat_map(two)),
            (Domain::Instants, Some(value)) => instants(&value, everybody.zone(), &mut cuts),
            (_, None) => {}
        }
    }
    Some(cuts)
}

fn two(at: i64) -> [i64; 2] {
    [at, at.saturating_add(1)]
}

/// The number that a value is held against as.
fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(n) => Some(*n),
        Value::Money(money) => Some(money.amount),
        Value::Text(text) => plain(text),
        _ => None,
    }
}

/// The largest whole number of units that is not above a number; none if there is none so large or so small.
fn floor(number: Decimal, places: u32) -> Option<i64> {
    let mantissa = number.mantissa();
    let whole = match places.checked_sub(number.scale()) {
        Some(more) => mantissa.checked_mul(10_i128.checked_pow(more)?)?,
        None => mantissa.div_euclid(10_i128.checked_pow(number.scale() - places)?),
    };
    i64::try_from(whole).ok()
}

fn instants(value: &Value, zone: &TimeZone, cuts: &mut Vec<i64>) {
    match value {
        Value::DateTime(at) => cuts.extend(two(at.0)),
        Value::Date(day) => {
            midnights(*day, zone, cuts);
            if let Ok(next) = day.tomorrow() {
                midnights(next, zone, cuts);
            }
        }
        Value::Text(text) => {
            if let Some(value) = operate::moment_text(text, zone) {
                instants(&value, zone, cuts);
            }
        }
        _ => {}
    }
}

/// Every instant at which a day may begin, or begin again: its midnight in either reading, and each turn of the clocks nearby.
fn midnights(day: Date, zone: &TimeZone, cuts: &mut Vec<i64>) {
    let wall = zone.to_ambiguous_timestamp(day.to_datetime(jiff::civil::Time::midnight()));
    let readings = [wall.earlier(), wall.later(), wall.compatible()];
    let near: Vec<Timestamp> = readings.into_iter().flatten().collect();
    cuts.extend(near.iter().map(|at| Instant::from(*at).0));
    let Some((from, to)) = near.first().and_then(|at| Some((at.checked_sub(48.hours()).ok()?, at.checked_add(48.hours()).ok()?))) else {
        return;
    };
    cuts.extend(zone.following(from).map(|turn| turn.timestamp()).take_while(|turn| *turn < to).map(|turn| Instant::from(turn).0));
}

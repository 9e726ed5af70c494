//! A leaf over one column: its verdict on each value, found once and kept.
//!
//! On a line of numbers or instants the verdict is found once for each stretch on which it stays the same, for days once for
//! each day, for anything else once for each value; in every case by the leaf's own judgement.

use super::{cells::day_of, ground::Ground, tri::Verdict};
use expr::{Column, Domain, LeafPlan, Moves};
use model::{Instant, Value};
use rust_decimal::Decimal;
use std::sync::{
    OnceLock,
    atomic::{AtomicI64, AtomicU8, Ordering},
};

/// Stretches of a line, each from its first place up to the next: the verdict on it. The first begins before everything.
pub(crate) type Line = Vec<(i64, Verdict)>;

/// No instant.
pub(crate) const NEVER: i64 = i64::MAX;
/// The days that verdicts are kept of: 1900 to 2100.
const FIRST_DAY: i32 = -25_567;
const DAYS: usize = 73_050;
/// Numbers with more decimals go by dictionary.
const PLACES: usize = 10;

/// A leaf and the one column that it looks at.
pub(crate) struct One<'p> {
    pub leaf: LeafPlan<'p>,
    pub column: Column<'p>,
    numbers: [OnceLock<Option<Line>>; PLACES],
    instants: OnceLock<Option<Line>>,
    days: OnceLock<Box<[AtomicU8]>>,
    missing: OnceLock<Verdict>,
    moves: OnceLock<Moves>,
    day_flips: OnceLock<Box<[AtomicI64]>>,
}

impl<'p> One<'p> {
    pub fn new(leaf: LeafPlan<'p>, column: Column<'p>) -> Self {
        Self {
            leaf,
            column,
            numbers: [const { OnceLock::new() }; PLACES],
            instants: OnceLock::new(),
            days: OnceLock::new(),
            missing: OnceLock::new(),
            moves: OnceLock::new(),
            day_flips: OnceLock::new(),
        }
    }

    pub fn judge(&self, value: Option<&Value>, ground: &Ground<'_>) -> Verdict {
        self.leaf.judge_one(&self.column, value, ground).into()
    }

    /// The verdict on whoever has no value.
    pub fn missing(&self, ground: &Ground<'_>) -> Verdict {
        *self.missing.get_or_init(|| self.judge(None, ground))
    }

    /// The verdicts on whole numbers of so many decimals; none if they have to be found one by one.
    pub fn numbers(&self, places: u32, ground: &Ground<'_>) -> Option<&Line> {
        let line = self.numbers.get(places as usize)?;
        line.get_or_init(|| self.line(Domain::Numbers(places), ground, |n| number(n, places))).as_ref()
    }

    /// The verdicts on instants; none if they have to be found one by one.
    pub fn instants(&self, ground: &Ground<'_>) -> Option<&Line> {
        self.instants.get_or_init(|| self.line(Domain::Instants, ground, |at| Value::DateTime(Instant(at)))).as_ref()
    }

    fn line(&self, domain: Domain, ground: &Ground<'_>, value: impl Fn(i64) -> Value) -> Option<Line> {
        let cuts = self.leaf.cuts(&self.column, domain, ground)?;
        let mut line: Line = Vec::with_capacity(cuts.len() + 1);
        // The least is kept for what is missing.
        for start in std::iter::once(i64::MIN + 1).chain(cuts) {
            let verdict = self.judge(Some(&value(start)), ground);
            if verdict == Verdict::Strayed {
                return None;
            }
            if line.last().is_none_or(|(_, last)| *last != verdict) {
                line.push((start, verdict));
            }
        }
        Some(line)
    }

    /// The verdict on a day, by its number.
    pub fn day(&self, day: i32, ground: &Ground<'_>) -> Verdict {
        let judge = || self.judge(Some(&Value::Date(day_of(day))), ground);
        let days = self.days.get_or_init(|| (0..DAYS).map(|_| AtomicU8::new(0)).collect());
        let Some(kept) = usize::try_from(day - FIRST_DAY).ok().and_then(|at| days.get(at)) else { return judge() };
        match kept.load(Ordering::Relaxed) {
            0 => {
                let verdict = judge();
                kept.store(verdict as u8, Ordering::Relaxed);
                verdict
            }
            1 => Verdict::No,
            2 => Verdict::Yes,
            3 => Verdict::Unknown,
            _ => Verdict::Strayed,
        }
    }

    /// How the verdict on instants changes with time.
    pub fn moves(&self, ground: &Ground<'_>) -> &Moves {
        self.moves.get_or_init(|| self.leaf.moves(&self.column, ground))
    }

    /// When time next flips the verdict on a value; none if more is needed to tell.
    pub fn flip(&self, value: Option<&Value>, ground: &Ground<'_>) -> Option<i64> {
        self.leaf.flip_one(&self.column, value, ground).map(|flip| flip.map_or(NEVER, |at| at.0))
    }

    /// When time next flips the verdict on a day.
    pub fn day_flip(&self, day: i32, ground: &Ground<'_>) -> Option<i64> {
        const OPEN: i64 = i64::MIN;
        const STRAYED: i64 = i64::MIN + 1;
        let find = || self.flip(Some(&Value::Date(day_of(day))), ground);
        let days = self.day_flips.get_or_init(|| (0..DAYS).map(|_| AtomicI64::new(OPEN)).collect());
        let Some(kept) = usize::try_from(day - FIRST_DAY).ok().and_then(|at| days.get(at)) else { return find() };
        match kept.load(Ordering::Relaxed) {
            OPEN => {
                let flip = find();
                kept.store(flip.unwrap_or(STRAYED), Ordering::Relaxed);
                flip
            }
            STRAYED => None,
            flip => Some(flip),
        }
    }
}

/// The verdict on a place of a line.
pub(crate) fn on(line: &[(i64, Verdict)], at: i64) -> Verdict {
    stretch(line, at).1
}

/// The first place of the stretch that a place lies on, and the verdict there.
pub(crate) fn stretch(line: &[(i64, Verdict)], at: i64) -> (i64, Verdict) {
    let next = line.partition_point(|(start, _)| *start <= at);
    line.get(next.saturating_sub(1)).copied().unwrap_or((i64::MIN, Verdict::Open))
}

/// The value of so many units of so many decimals.
pub(crate) fn number(units: i64, places: u32) -> Value {
    Value::Number(Decimal::from_i128_with_scale(i128::from(units), places))
}

/// The first of these instants that is later than now.
pub(crate) fn shifted(at: i64, shifts: &[i64], now: i64) -> i64 {
    shifts.iter().map(|shift| at.saturating_add(*shift)).filter(|at| *at > now).min().unwrap_or(NEVER)
}

/// What a list of steps says of an instant.
pub(crate) fn step(steps: &[(i64, Option<Instant>)], at: i64) -> i64 {
    let next = steps.partition_point(|(start, _)| *start <= at);
    next.checked_sub(1).and_then(|at| steps.get(at)).and_then(|(_, flip)| *flip).map_or(NEVER, |flip| flip.0)
}

//! When time alone next changes a verdict: told to the microsecond where that can be told, and never later than it is.

use crate::{
    EvalError, Truth,
    ast::Arith,
    calendar::{self, Moment},
    code::{Aggregate, Cond, Leaf, ListOf, Order, Test, Val},
    eval::Eval,
    functions::{Function, Tick},
};
use model::{Duration, Instant, Value};

/// The earliest flip of any part.
pub fn next_flip<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> Option<Instant> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.iter().filter_map(|part| next_flip(part, eval)).min(),
        Cond::Not(of) => next_flip(of, eval),
        Cond::Leaf(leaf) => flip(leaf, eval),
    }
}

/// When time alone may next change the verdict on somebody, as a segment asks it.
///
/// As long as one part is false all of them together are, so what the others do meanwhile changes nothing: of several false parts
/// the one that flips last decides. The same holds of true parts and any of them.
pub fn next_turn<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> Option<Instant> {
    match cond {
        // Nothing decides it but itself.
        Cond::Leaf(leaf) => flip(leaf, eval),
        Cond::Not(of) => next_turn(of, eval),
        Cond::All(_) | Cond::Any(_) => turns(cond, eval).1,
    }
}

fn turns<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> (Option<Truth>, Option<Instant>) {
    let mut group = |parts: &'e [Cond], decides: Truth, join: fn(Truth, Truth) -> Truth| {
        let (mut all, mut soonest) = (Some(decides.not()), None);
        let mut last: Option<Instant> = None;
        for part in parts {
            let (verdict, flip) = turns(part, eval);
            if verdict == Some(decides) {
                let Some(flip) = flip else { return (verdict, None) };
                last = last.max(Some(flip));
            }
            all = all.zip(verdict).map(|(all, verdict)| join(all, verdict));
            soonest = earliest(soonest, flip);
        }
        if last.is_some() { (Some(decides), last) } else { (all, soonest) }
    };
    match cond {
        Cond::All(parts) => group(parts, Truth::False, Truth::and),
        Cond::Any(parts) => group(parts, Truth::True, Truth::or),
        Cond::Not(of) => {
            let (verdict, flip) = turns(of, eval);
            (verdict.map(Truth::not), flip)
        }
        Cond::Leaf(leaf) => (known(leaf, eval), flip(leaf, eval)),
    }
}

/// A leaf's verdict, if it does not take too much to find out.
fn known<'e>(leaf: &'e Leaf, eval: &mut Eval<'e>) -> Option<Truth> {
    let (mut fuel, budget) = eval.part_of_fuel();
    let verdict = Eval { facts: eval.facts, fuel: &mut fuel, row: eval.row, assumed: None }.leaf(leaf);
    eval.fuel.spend(budget - fuel.left()).ok()?;
    match verdict {
        Ok(verdict) => Some(verdict),
        Err(EvalError::Arithmetic(_)) => Some(Truth::Unknown),
        Err(EvalError::OutOfFuel) => None,
    }
}

/// When time alone may next change a leaf.
pub fn flip<'e>(leaf: &'e Leaf, eval: &mut Eval<'e>) -> Option<Instant> {
    if !leaf.moves {
        return None;
    }
    let rough = rough(&leaf.test, eval)?;
    exact(leaf, eval).unwrap_or(Some(rough))
}

/// What follows a step of the clock at the latest: where nothing better is known.
pub fn soon(eval: &Eval<'_>) -> Instant {
    eval.facts.now().plus_micros(1_000_000)
}

/// When a leaf flips whose only moving part is one figure over events; none if it is not of that kind, or too much to tell.
fn exact<'e>(leaf: &'e Leaf, eval: &mut Eval<'e>) -> Option<Option<Instant>> {
    if values(&leaf.test).is_empty() {
        return None;
    }
    let mut figures = Vec::new();
    values(&leaf.test).into_iter().for_each(|val| aggregates(val, &mut figures));
    let mut moving: Vec<&'e Aggregate> = Vec::new();
    for figure in figures {
        if eval.next_move(figure).is_some() && !moving.iter().any(|known| std::ptr::eq(*known, figure)) {
            moving.push(figure);
        }
    }
    let &[of] = moving.as_slice() else { return None };
    eval.assumed = Some((of, None));
    let clocks = values(&leaf.test).into_iter().any(|val| ticks(val, eval).is_some());
    eval.assumed = None;
    if clocks { None } else { eval.follow(leaf, of) }
}

/// The values that a relation compares, if it compares nothing with the time itself.
pub fn values(test: &Test) -> Vec<&Val> {
    match test {
        Test::Value(of) | Test::Set { of, .. } | Test::Matches { of, .. } | Test::Notes(of) => vec![of],
        Test::Equal { left, right, .. } | Test::Order { left, right, .. } => vec![left, right],
        Test::Contains { of, part, .. } | Test::Affix { of, part, .. } => vec![of, part],
        Test::Between { of, low, high, .. } => vec![of, low, high],
        Test::In { of, list: ListOf::Items(items), .. } => std::iter::once(of).chain(items).collect(),
        Test::In { of, list: ListOf::Value(list), .. } => vec![of, list],
        Test::InSegment(_)
        | Test::HasTag { .. }
        | Test::HasTags { .. }
        | Test::RanSkill { .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_)
        | Test::Changed { .. }
        | Test::Sequence(_)
        | Test::Calendar { .. }
        | Test::Within { .. }
        | Test::OlderThan { .. } => Vec::new(),
    }
}

/// The figures over events that a value is made from.
pub fn aggregates<'e>(val: &'e Val, found: &mut Vec<&'e Aggregate>) {
    match val {
        Val::Aggregate(of) => found.push(of),
        Val::Computed { expression, .. } => aggregates(expression.code(), found),
        Val::Part { of, .. } | Val::Negative(of) => aggregates(of, found),
        Val::List(items) | Val::Call { args: items, .. } => items.iter().for_each(|item| aggregates(item, found)),
        Val::Arith { left, right, .. } => {
            aggregates(left, found);
            aggregates(right, found);
        }
        // A condition tells its own flips.
        Val::Truth(_)
        | Val::Literal { .. }
        | Val::Variable(_)
        | Val::Attribute(_)
        | Val::System(_)
        | Val::Input
        | Val::Root(_)
        | Val::Field { .. } => {}
    }
}

/// The earliest instant at which anything that a test looks at moves.
fn rough<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<Instant> {
    let facts = eval.facts;
    let (now, zone) = (facts.now(), facts.bot_zone());
    let next = |flips: [Option<Instant>; 2]| flips.into_iter().flatten().filter(|at| *at > now).min();
    let moment = |of: &'e Val, eval: &mut Eval<'e>| eval.moment(of).ok().flatten();
    match test {
        Test::HasTag { key, within: Some(span) } => next(calendar::past_flips(Moment::At(facts.tag_added(key)?), *span, zone)),
        Test::RanSkill { skill, within: Some(span) } => next(calendar::past_flips(Moment::At(facts.ran_skill(skill)?), *span, zone)),
        Test::Changed { attribute, span } => next(calendar::past_flips(Moment::At(facts.changed_at(attribute)?), *span, zone)),
        Test::Calendar { of, when, zone, .. } => {
            let zone = eval.zone_of(zone);
            let own = moment(of, eval).and_then(|m| next(calendar::window_flips(m, *when, zone)));
            earliest(own, ticks(of, eval))
        }
        Test::Within { of, span, future } => {
            let own = moment(of, eval)
                .and_then(|m| next(if *future { calendar::future_flips(m, *span, zone) } else { calendar::past_flips(m, *span, zone) }));
            earliest(own, ticks(of, eval))
        }
        Test::OlderThan { of, span } => {
            let own = moment(of, eval).and_then(|m| next([calendar::ages_out(m, *span, zone), None]));
            earliest(own, ticks(of, eval))
        }
        Test::Order { left, order, right } => {
            // Later than the limit, or at it as well?
            let passes = matches!(order, Order::Le | Order::Gt);
            if let Some([reaches, leaves]) = crossing(left, right, eval) {
                let known = if passes { leaves } else { reaches };
                return earliest(known.filter(|at| *at > now), ticks(right, eval));
            }
            if let Some([reaches, leaves]) = crossing(right, left, eval) {
                let known = if passes { reaches } else { leaves };
                return earliest(known.filter(|at| *at > now), ticks(left, eval));
            }
            earliest(ticks(left, eval), ticks(right, eval))
        }
        Test::Equal { left, right, .. } => meets(left, right, eval),
        Test::Sequence(of) => eval.sequence_flip(of),
        Test::Between { of, low, high, .. } => earliest(meets(of, low, eval), meets(of, high, eval)),
        Test::In { of, list: ListOf::Items(items), .. } => items.iter().filter_map(|item| meets(of, item, eval)).min(),
        Test::Value(_)
        | Test::Set { .. }
        | Test::Matches { .. }
        | Test::Notes(_)
        | Test::Contains { .. }
        | Test::Affix { .. }
        | Test::In { .. } => values(test).into_iter().filter_map(|val| ticks(val, eval)).min(),
        Test::InSegment(_)
        | Test::HasTag { within: None, .. }
        | Test::HasTags { .. }
        | Test::RanSkill { within: None, .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_) => None,
    }
}

/// When time next brings two values to each other or apart.
fn meets<'e>(one: &'e Val, other: &'e Val, eval: &mut Eval<'e>) -> Option<Instant> {
    let now = eval.facts.now();
    let next = |known: [Option<Instant>; 2]| known.into_iter().flatten().filter(|at| *at > now).min();
    if let Some(known) = crossing(one, other, eval) {
        return earliest(next(known), ticks(other, eval));
    }
    match crossing(other, one, eval) {
        Some(known) => earliest(next(known), ticks(one, eval)),
        None => earliest(ticks(one, eval), ticks(other, eval)),
    }
}

/// When a value that goes with the time reaches one that stands still, until that ticks, and when it has left it behind; none if
/// the first is not such.
fn crossing<'e>(moving: &'e Val, still: &'e Val, eval: &mut Eval<'e>) -> Option<[Option<Instant>; 2]> {
    let zone = eval.facts.bot_zone();
    // `now - x` against a length of time is `now` against `x` and that length.
    let at = Clock { now: eval.facts.now(), zone };
    let (Ahead { micros: ahead, bends }, still) = match (moving, still) {
        (Val::Arith { op: Arith::Sub, left, right }, Val::Literal { value: Value::Duration(Duration { months: 0, micros }), .. })
            if now_plus(moving, at).is_none() =>
        {
            let ahead = now_plus(left, at)?;
            (Ahead { micros: ahead.micros.checked_sub(*micros)?, ..ahead }, &**right)
        }
        (moving, still) => (now_plus(moving, at)?, still),
    };
    Some(eval.moment(still).ok().flatten().map_or([None, None], |still| passing(Ahead { micros: ahead, bends }, still, at)))
}

/// When what goes with the time reaches a moment, and when it has left it behind; or sooner, where the calendar bends.
pub fn passing(Ahead { micros: ahead, bends }: Ahead, still: Moment, at: Clock<'_>) -> [Option<Instant>; 2] {
    // `now + ahead` passes the other side: it is there at one instant and beyond it from the next on.
    let known = match still {
        Moment::At(x) => [Some(x.plus_micros(-ahead)), Some(x.plus_micros(-ahead).plus_micros(1))],
        Moment::Day(day) => {
            let start = |day| calendar::day_start(day, at.zone).map(|at| at.plus_micros(-ahead));
            [start(day), day.tomorrow().ok().and_then(start)]
        }
    };
    if !bends {
        return known;
    }
    // The distance holds until the calendar bends: clocks change and days begin at quarter hours. It never bends by more than some
    // days, so only around the meeting is it looked at so closely.
    let bend = Instant(at.now.0 - at.now.0.rem_euclid(QUARTER) + QUARTER);
    let near = |meets: Instant| match meets.micros_since(at.now) {
        ahead if ahead > BENDS => Some(meets.plus_micros(-BENDS)),
        behind if behind < -BENDS => None,
        ahead if ahead > 0 => Some(meets.min(bend)),
        _ => Some(bend),
    };
    known.map(|meets| meets.and_then(near))
}

/// Fifteen minutes.
const QUARTER: i64 = 900_000_000;
/// More than months of different lengths and changes of clocks can make of a distance: ten days.
pub const BENDS: i64 = 10 * calendar::DAY;

/// The time, and the zone whose calendar months are counted in.
#[derive(Clone, Copy)]
pub struct Clock<'z> {
    pub now: Instant,
    pub zone: &'z jiff::tz::TimeZone,
}

/// How far ahead of now something is, and whether that changes as the calendar goes on.
#[derive(Clone, Copy)]
pub struct Ahead {
    pub micros: i64,
    pub bends: bool,
}

pub fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// How far ahead of now a value is, if it is nothing else.
pub fn now_plus(val: &Val, at: Clock<'_>) -> Option<Ahead> {
    match val {
        Val::System("now") => Some(Ahead { micros: 0, bends: false }),
        Val::Call { function, args } if function.tick == Tick::Always && args.is_empty() => Some(Ahead { micros: 0, bends: false }),
        Val::Arith { op: op @ (Arith::Add | Arith::Sub), left, right } => {
            let Val::Literal { value: Value::Duration(by), .. } = &**right else { return None };
            let base = now_plus(left, at)?;
            let by = if *op == Arith::Add { *by } else { calendar::negated(*by)? };
            let moved = calendar::shift(at.now.plus_micros(base.micros), by, at.zone)?;
            Some(Ahead { micros: moved.micros_since(at.now), bends: base.bends || by.months != 0 })
        }
        _ => None,
    }
}

/// When the calendar that `open` asks for next opens or closes.
fn calendar_turns<'e>(function: &Function, args: &'e [Val], eval: &mut Eval<'e>) -> Option<Instant> {
    let facts = eval.facts;
    match args.first().filter(|_| function.name == "open").map(|name| eval.value(name))? {
        Ok(Some(name)) => match name.as_ref() {
            Value::Text(name) => facts.calendar_turns(name).filter(|at| *at > facts.now()),
            _ => None,
        },
        Ok(None) | Err(_) => None,
    }
}

/// When time alone may next change a value: the next step of the clocks it is made from.
pub fn ticks<'e>(val: &'e Val, eval: &mut Eval<'e>) -> Option<Instant> {
    let facts = eval.facts;
    let now = facts.now();
    let mut among = |parts: &'e [Val]| parts.iter().filter_map(|part| ticks(part, eval)).min();
    match val {
        Val::System("now") => Some(soon(eval)),
        Val::System("today") => calendar::next_day(now, facts.bot_zone()),
        Val::System("hour") => calendar::next_hour(now, facts.contact_zone()),
        Val::System("weekday") => calendar::next_day(now, facts.contact_zone()),
        Val::Literal { .. } | Val::Variable(_) | Val::Attribute(_) | Val::System(_) | Val::Input | Val::Root(_) | Val::Field { .. } => None,
        Val::Computed { expression, .. } => ticks(expression.code(), eval),
        Val::Part { of, .. } | Val::Negative(of) => ticks(of, eval),
        Val::List(items) => among(items),
        Val::Arith { left, right, .. } => earliest(ticks(left, eval), ticks(right, eval)),
        Val::Call { function, args } => {
            let parts = among(args);
            let own = match function.tick {
                Tick::Never => None,
                Tick::Day => calendar::next_day(now, facts.bot_zone()),
                Tick::Hour => calendar::next_hour(now, facts.contact_zone()),
                Tick::Minute => calendar_turns(function, args, eval).or_else(|| Some(calendar::next_minute(now))),
                Tick::Always => Some(soon(eval)),
            };
            earliest(own, parts)
        }
        Val::Truth(cond) => next_flip(cond, eval),
        Val::Aggregate(of) => eval.next_move(of),
    }
}

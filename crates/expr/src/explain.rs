//! An evaluation told part by part: what each leaf saw, what it was held against, and when time flips it (FL 6.9).

use crate::{
    Truth,
    ast::Arith,
    calendar::{self, Moment},
    code::{Cond, ListOf, Test, Val},
    eval::Eval,
    functions::Tick,
    render,
};
use model::{Duration, Instant, Value};
use serde::Serialize;
use std::borrow::Cow;

/// How one part of a condition came to its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The part as canonical text; for `all`, `any` and `not` just that word.
    pub text: String,
    /// What it came to; unknown if it has an error.
    pub verdict: Truth,
    /// The value the leaf looked at, if it looks at one and it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// What it was held against: a value, or the limits of a window of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// The earliest later instant at which time alone may change the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flips_at: Option<Instant>,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The parts of `all`, `any` and `not`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

/// Explains a condition.
pub fn explain<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> Explanation {
    let group = |word: &str, parts: Vec<Explanation>, verdict: Truth| Explanation {
        text: word.to_owned(),
        verdict,
        actual: None,
        bound: None,
        flips_at: parts.iter().filter_map(|p| p.flips_at).min(),
        error: None,
        parts,
    };
    match cond {
        Cond::All(of) => {
            let parts: Vec<Explanation> = of.iter().map(|part| explain(part, eval)).collect();
            let verdict = parts.iter().fold(Truth::True, |all, part| all.and(part.verdict));
            group("all", parts, verdict)
        }
        Cond::Any(of) => {
            let parts: Vec<Explanation> = of.iter().map(|part| explain(part, eval)).collect();
            let verdict = parts.iter().fold(Truth::False, |any, part| any.or(part.verdict));
            group("any", parts, verdict)
        }
        Cond::Not(of) => {
            let part = explain(of, eval);
            let verdict = part.verdict.not();
            group("not", vec![part], verdict)
        }
        Cond::Leaf(leaf) => {
            let (verdict, error) = match eval.leaf(leaf) {
                Ok(verdict) => (verdict, None),
                Err(error) => (Truth::Unknown, Some(error.to_string())),
            };
            Explanation {
                text: leaf.text.to_string(),
                verdict,
                actual: actual(&leaf.test, eval),
                bound: bound(&leaf.test, eval),
                flips_at: flip(&leaf.test, eval),
                error,
                parts: Vec::new(),
            }
        }
    }
}

/// The earliest flip of any part.
pub fn next_flip<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> Option<Instant> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.iter().filter_map(|part| next_flip(part, eval)).min(),
        Cond::Not(of) => next_flip(of, eval),
        Cond::Leaf(leaf) => flip(&leaf.test, eval),
    }
}

/// A value for show; an error shows as missing, for the verdict tells it.
fn shown<'e>(of: &'e Val, eval: &mut Eval<'e>) -> Option<Value> {
    eval.value(of).ok().flatten().map(Cow::into_owned)
}

fn actual<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<Value> {
    match test {
        Test::Value(of)
        | Test::Set { of, .. }
        | Test::Equal { left: of, .. }
        | Test::Order { left: of, .. }
        | Test::In { of, .. }
        | Test::Contains { of, .. }
        | Test::Affix { of, .. }
        | Test::Matches { of, .. }
        | Test::Between { of, .. }
        | Test::Calendar { of, .. }
        | Test::Within { of, .. }
        | Test::OlderThan { of, .. } => shown(of, eval),
        Test::HasTag { key, within: Some(_) } => eval.facts.tag_added(key).map(Value::DateTime),
        Test::RanSkill { skill, .. } => eval.facts.ran_skill(skill).map(Value::DateTime),
        Test::InSegment(_)
        | Test::HasTag { within: None, .. }
        | Test::HasTags { .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_) => None,
    }
}

fn bound<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<String> {
    let (now, zone) = (eval.facts.now(), eval.facts.bot_zone());
    let text = |value: &Value| render(value, zone);
    let at = |instant: Instant| text(&Value::DateTime(instant));
    let back = |span: Duration| calendar::negated(span).and_then(|back| calendar::edge(now, back, zone)).map(at);
    match test {
        Test::Equal { right: of, .. } | Test::Order { right: of, .. } | Test::Contains { part: of, .. } | Test::Affix { part: of, .. } => {
            shown(of, eval).as_ref().map(text)
        }
        Test::Between { low, high, .. } => {
            let (low, high) = (shown(low, eval)?, shown(high, eval)?);
            Some(format!("{} – {}", text(&low), text(&high)))
        }
        Test::In { list: ListOf::Value(of), .. } => shown(of, eval).as_ref().map(text),
        Test::In { list: ListOf::Items(items), .. } => {
            let items: Vec<String> = items.iter().filter_map(|item| shown(item, eval)).map(|v| text(&v)).collect();
            Some(items.join(", "))
        }
        Test::Matches { regex, .. } => Some(regex.as_str().to_owned()),
        Test::Calendar { when, zone, .. } => {
            let (start, end) = calendar::window(now, *when, eval.zone_of(zone))?;
            Some(format!("from {} to before {}", at(start), at(end)))
        }
        Test::Within { span, future: true, .. } => calendar::edge(now, *span, zone).map(|end| format!("before {}", at(end))),
        Test::Within { span, .. } | Test::HasTag { within: Some(span), .. } | Test::RanSkill { within: Some(span), .. } => {
            back(*span).map(|start| format!("after {start}"))
        }
        Test::OlderThan { span, .. } => back(*span).map(|end| format!("up to {end}")),
        Test::Value(_)
        | Test::Set { .. }
        | Test::InSegment(_)
        | Test::HasTag { within: None, .. }
        | Test::HasTags { .. }
        | Test::RanSkill { within: None, .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_) => None,
    }
}

/// When time alone may next change a test.
fn flip<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<Instant> {
    let facts = eval.facts;
    let (now, zone) = (facts.now(), facts.bot_zone());
    let next = |flips: [Option<Instant>; 2]| flips.into_iter().flatten().filter(|at| *at > now).min();
    let moment = |of: &'e Val, eval: &mut Eval<'e>| eval.moment(of).ok().flatten();
    match test {
        Test::HasTag { key, within: Some(span) } => next(calendar::past_flips(Moment::At(facts.tag_added(key)?), *span, zone)),
        Test::RanSkill { skill, within: Some(span) } => next(calendar::past_flips(Moment::At(facts.ran_skill(skill)?), *span, zone)),
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
        Test::Order { left, right, .. } | Test::Equal { left, right, .. } => {
            let crossing = |moving: &'e Val, still: &'e Val, eval: &mut Eval<'e>| -> Option<Option<Instant>> {
                let ahead = now_plus(moving)?;
                if ticks(still, eval).is_some() {
                    return None;
                }
                // `now + ahead` passes the other side: it is there at one instant and beyond it from the next on.
                Some(match moment(still, eval) {
                    Some(Moment::At(x)) => next([Some(x.plus_micros(-ahead)), Some(x.plus_micros(-ahead).plus_micros(1))]),
                    Some(Moment::Day(day)) => {
                        let start = |day| calendar::day_start(day, zone).map(|at| at.plus_micros(-ahead));
                        next([start(day), day.tomorrow().ok().and_then(start)])
                    }
                    None => None,
                })
            };
            if let Some(known) = crossing(left, right, eval).or_else(|| crossing(right, left, eval)) {
                return known;
            }
            earliest(ticks(left, eval), ticks(right, eval))
        }
        Test::Value(of) | Test::Set { of, .. } | Test::Matches { of, .. } => ticks(of, eval),
        Test::Contains { of, part, .. } | Test::Affix { of, part, .. } => earliest(ticks(of, eval), ticks(part, eval)),
        Test::Between { of, low, high, .. } => earliest(ticks(of, eval), earliest(ticks(low, eval), ticks(high, eval))),
        Test::In { of, list, .. } => {
            let items = match list {
                ListOf::Items(items) => items.iter().filter_map(|item| ticks(item, eval)).min(),
                ListOf::Value(list) => ticks(list, eval),
            };
            earliest(ticks(of, eval), items)
        }
        Test::InSegment(_)
        | Test::HasTag { within: None, .. }
        | Test::HasTags { .. }
        | Test::RanSkill { within: None, .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_) => None,
    }
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// How far ahead of now a value always is, if it is nothing else.
fn now_plus(val: &Val) -> Option<i64> {
    match val {
        Val::System("now") => Some(0),
        Val::Call { function, .. } if function.tick == Tick::Always => Some(0),
        Val::Arith { op: op @ (Arith::Add | Arith::Sub), left, right } => {
            let Val::Literal { value: Value::Duration(Duration { months: 0, micros }), .. } = &**right else { return None };
            let base = now_plus(left)?;
            if *op == Arith::Add { base.checked_add(*micros) } else { base.checked_sub(*micros) }
        }
        _ => None,
    }
}

/// When time alone may next change a value: the next step of the clocks it is made from.
fn ticks<'e>(val: &'e Val, eval: &mut Eval<'e>) -> Option<Instant> {
    let facts = eval.facts;
    let now = facts.now();
    let mut among = |parts: &'e [Val]| parts.iter().filter_map(|part| ticks(part, eval)).min();
    match val {
        Val::System("now") => Some(now.plus_micros(1_000_000)),
        Val::System("today") => calendar::next_day(now, facts.bot_zone()),
        Val::System("hour") => calendar::next_hour(now, facts.contact_zone()),
        Val::System("weekday") => calendar::next_day(now, facts.contact_zone()),
        Val::Literal { .. } | Val::Variable(_) | Val::Attribute(_) | Val::System(_) | Val::Input | Val::Root(_) => None,
        Val::Computed { expression, .. } => ticks(expression.code(), eval),
        Val::Part { of, .. } | Val::Negative(of) => ticks(of, eval),
        Val::List(items) => among(items),
        Val::Arith { left, right, .. } => earliest(ticks(left, eval), ticks(right, eval)),
        Val::Call { function, args } => {
            let own = match function.tick {
                Tick::Never => None,
                Tick::Day => calendar::next_day(now, facts.bot_zone()),
                Tick::Hour => calendar::next_hour(now, facts.contact_zone()),
                Tick::Always => Some(now.plus_micros(1_000_000)),
            };
            earliest(own, among(args))
        }
        Val::Truth(cond) => next_flip(cond, eval),
    }
}

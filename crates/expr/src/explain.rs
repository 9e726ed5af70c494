//! An evaluation told part by part: what each leaf saw, what it was held against, and when time flips it (FL 6.9).

use crate::{
    Truth,
    calendar::{self, Moment},
    code::{Cond, ListOf, Sequence, Test, Val, Window},
    eval::Eval,
    flip, render,
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
    /// The value the leaf looked at, if it looks at one and it is set: of a tag since when it is there, of several which of them are, of
    /// channels which there are, of consent when it was answered.
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
                flips_at: flip::flip(leaf, eval),
                error,
                parts: Vec::new(),
            }
        }
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
        Test::HasTag { key, .. } => eval.facts.tag_added(key).map(Value::DateTime),
        Test::HasTags { keys, .. } => {
            let there = keys.iter().filter(|key| eval.facts.tag_added(key).is_some());
            some(there.map(|key| Value::text(key.as_str())).collect())
        }
        Test::HasChannel(_) => channels(eval, false),
        Test::Reachable(_) => channels(eval, true),
        Test::HasConsent(topic) => eval.facts.consent_seen(topic),
        Test::RanSkill { skill, .. } => eval.facts.ran_skill(skill).map(Value::DateTime),
        Test::Changed { attribute, .. } => eval.facts.changed_at(attribute).map(Value::DateTime),
        Test::Notes(part) => {
            let part = eval.folded(part).ok().flatten()?;
            eval.note_with(&part).ok().flatten().map(|note| Value::Text(note.into_owned()))
        }
        Test::Sequence(of) => eval.sequence(of).ok().flatten()?.first.map(Value::DateTime),
        // Segments that are asked for are explained by themselves.
        Test::InSegment(_) => None,
    }
}

/// Several values as one; none if there are none.
fn some(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::List(values))
}

/// Where the contact is, or where messages get through to them.
fn channels(eval: &Eval<'_>, through: bool) -> Option<Value> {
    some(eval.facts.channels(through).into_iter().map(|name| Value::Text(name.into_owned())).collect())
}

/// What the value was held against, and, of a figure over events, which events counted.
fn bound<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<String> {
    let limit = limit(test, eval);
    let mut figures = Vec::new();
    flip::values(test).into_iter().for_each(|val| flip::aggregates(val, &mut figures));
    let counted = figures.first().and_then(|figure| window(&figure.window, eval)).map(|window| format!("events {window}"));
    match (limit, counted) {
        (Some(limit), Some(counted)) => Some(format!("{limit} ({counted})")),
        (limit, counted) => limit.or(counted),
    }
}

/// The limits of a window over events, in words; none if all count.
fn window<'e>(of: &'e Window, eval: &mut Eval<'e>) -> Option<String> {
    let (from, before) = eval.limits(of, eval.facts.now()).ok()??;
    let zone = eval.facts.bot_zone();
    let text = |at: Instant| render(&Value::DateTime(at), zone);
    match of {
        Window::Ever => None,
        Window::Last { .. } => Some(format!("after {}", text(from.plus_micros(-1)))),
        Window::Since(_) => Some(format!("from {}", text(from))),
        Window::Between(..) | Window::Calendar { .. } => Some(format!("from {} to before {}", text(from), text(before))),
    }
}

/// By when the second event of a sequence has to follow.
fn wait<'e>(of: &'e Sequence, eval: &mut Eval<'e>) -> Option<String> {
    let first = eval.sequence(of).ok().flatten()?.first?;
    let over = calendar::ages_out(Moment::At(first), of.within, eval.facts.bot_zone())?;
    let no = if of.absent { "no " } else { "" };
    Some(format!("{no}{} before {}", of.second.event, render(&Value::DateTime(over), eval.facts.bot_zone())))
}

fn limit<'e>(test: &'e Test, eval: &mut Eval<'e>) -> Option<String> {
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
        Test::Within { span, .. }
        | Test::HasTag { within: Some(span), .. }
        | Test::RanSkill { within: Some(span), .. }
        | Test::Changed { span, .. } => back(*span).map(|start| format!("after {start}")),
        Test::Notes(part) => shown(part, eval).as_ref().map(text),
        Test::Sequence(of) => wait(of, eval),
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

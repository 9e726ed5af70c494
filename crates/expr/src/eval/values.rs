//! Small questions about one value: whether it is set or true, where a path in it leads, what copying it costs.

use crate::{EvalError, Truth, ast::Step, code::Val};
use model::Value;

pub(super) fn weekday(day: jiff::civil::Weekday) -> &'static str {
    use jiff::civil::Weekday;
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

pub(super) fn missing(op: &str, operand: &Val) -> EvalError {
    let name = match operand {
        Val::Variable(name) | Val::Attribute(name) | Val::Computed { name, .. } => format!("`{name}`"),
        Val::System(name) => format!("`{name}`"),
        Val::Aggregate(of) => format!("`{}` of `{}`", of.function.name(), of.source.event),
        Val::Field { name, .. } => format!("`{name}`"),
        _ => "a value".to_owned(),
    };
    EvalError::Arithmetic(format!("{name} is not set, so `{op}` has no result; give it a value with `| default(0)`"))
}

/// An empty text counts as not set: it is what an empty answer leaves behind.
pub(super) fn is_set(value: &Value) -> bool {
    !matches!(value, Value::Text(text) if text.trim().is_empty())
}

pub(super) fn truth_of(value: Option<&Value>) -> Truth {
    match value {
        Some(Value::Bool(b)) => (*b).into(),
        Some(Value::Text(text)) if text.eq_ignore_ascii_case("true") => Truth::True,
        Some(Value::Text(text)) if text.eq_ignore_ascii_case("false") => Truth::False,
        Some(_) | None => Truth::Unknown,
    }
}

pub(super) fn part<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match (step, value) {
        (Step::Field(name) | Step::Key(name), Value::Record(fields)) => fields.get(name),
        (Step::Index(at), Value::List(items)) => items.get(*at as usize),
        _ => None,
    })
}

/// What copying a value costs.
pub(super) fn weight(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text.len() as u64,
        Value::List(items) => items.iter().map(weight).fold(items.len() as u64, u64::saturating_add),
        Value::Record(fields) => fields.values().map(weight).fold(fields.len() as u64, u64::saturating_add),
        Value::Bool(_) | Value::Number(_) | Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Duration(_) | Value::Money(_) => {
            1
        }
    }
}

//! Why something about segments was not done, for programs and for people.

use crate::problem::Problem;
use expr::{Condition, Problem as Fault};
use http::StatusCode;
use runtime::{Handle, SegmentError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

impl From<SegmentError> for Problem {
    fn from(error: SegmentError) -> Self {
        let detail = error.to_string();
        match error {
            SegmentError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "no_segment", detail),
            SegmentError::Exists(_) => Self::new(StatusCode::CONFLICT, "exists", detail),
            SegmentError::File(_) => Self::new(StatusCode::CONFLICT, "in_folder", detail),
            SegmentError::Changed(_) => Self::new(StatusCode::PRECONDITION_FAILED, "changed", detail),
            SegmentError::Used { segments, triggers, .. } => {
                Self::new(StatusCode::CONFLICT, "used", detail).with("segments", json!(segments)).with("triggers", json!(triggers))
            }
            SegmentError::NotEmpty { size, .. } => {
                let detail = format!("{detail}, or delete it with ?members=remove");
                Self::new(StatusCode::CONFLICT, "not_empty", detail).with("size", json!(size))
            }
            SegmentError::NotAList(_) => Self::new(StatusCode::CONFLICT, "not_a_list", detail),
            SegmentError::Field { field, .. } => Self::invalid(detail).with("field", json!(field)),
            SegmentError::Condition { text, problems } => {
                let first = problems.first().map_or(detail, |first| first.message.clone());
                let errors = faults(&text, &problems);
                let refused = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "condition", first).with("field", json!("where"));
                refused.with("where", json!(text)).with("errors", json!(errors))
            }
            SegmentError::TooMany(_) => {
                Self::invalid(format!("{detail}; POST /contacts/bulk with \"add_to\" takes any number")).with("field", json!("where"))
            }
            SegmentError::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail).retry_after(2),
            SegmentError::Write(error) => error.into(),
        }
    }
}

/// What is wrong with a condition, or odd about it; its place is counted in characters of the text.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConditionFault {
    /// What, as a stable word.
    code: &'static str,
    /// What, for people.
    message: String,
    /// What to do.
    help: Option<String>,
    /// Where it begins.
    start: usize,
    /// Where it ends.
    end: usize,
    /// What may have been meant.
    suggestion: Option<String>,
}

/// Reads a condition in either form. What is odd about it comes along, with its places in the text that was sent, of the JSON form in its
/// canonical text.
pub(crate) fn read_condition(handle: &Handle, sent: &Json) -> Result<(Condition, Vec<ConditionFault>), SegmentError> {
    let (condition, odd) = handle.read_condition(sent)?;
    let odd = match sent.as_str() {
        Some(text) => faults(text, &odd),
        None => faults(&condition.to_string(), &odd),
    };
    Ok((condition, odd))
}

/// What is wrong with a text, or odd about it.
pub(super) fn faults(text: &str, of: &[Fault]) -> Vec<ConditionFault> {
    of.iter().map(|fault| problem(text, fault)).collect()
}

fn problem(text: &str, fault: &Fault) -> ConditionFault {
    let (start, end) = place(text, fault);
    let Fault { code, message, help, suggestion, .. } = fault.clone();
    ConditionFault { code, message, help, start, end, suggestion }
}

fn place(text: &str, fault: &Fault) -> (usize, usize) {
    let chars = |bytes: usize| text.get(..bytes).map_or_else(|| text.chars().count(), |before| before.chars().count());
    (chars(fault.range.start), chars(fault.range.end))
}

/// The same for the terminal: each fault under its place.
pub(crate) fn told(error: &SegmentError) -> String {
    let SegmentError::Condition { text, problems } = error else { return error.to_string() };
    let mut out = String::new();
    for fault in problems {
        let (start, end) = place(text, fault);
        let mark = "^".repeat(end.saturating_sub(start).max(1));
        let help = fault.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = write!(out, "{}{}\n  {text}\n  {:start$}{mark}\n", fault.message, help, "");
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(range: std::ops::Range<usize>) -> Fault {
        Fault { code: "E0300", message: "m".into(), help: None, range, suggestion: Some("name".into()), sure: false, warning: false }
    }

    #[test]
    fn places_are_characters() {
        let text = "é = nme";
        let told = problem(text, &fault(5..8));
        assert_eq!((told.start, told.end), (4, 7));
        // A place beyond the text is its end.
        assert_eq!(problem(text, &fault(90..91)).start, 7);
    }

    #[test]
    fn whoever_has_too_many_for_one_call_is_told_what_takes_any_number() {
        let refused = Problem::from(SegmentError::TooMany(20_001));
        let told =
            "it holds for 20001 contacts; at most 20000 are put on a list at once; POST /contacts/bulk with \"add_to\" takes any number";
        assert_eq!(refused.detail(), told);
    }

    #[test]
    fn for_people_a_fault_stands_under_its_place() {
        let error = SegmentError::Condition { text: "é = nme".into(), problems: vec![fault(5..8)] };
        assert_eq!(told(&error), "m\n  é = nme\n      ^^^");
    }
}

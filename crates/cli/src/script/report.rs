//! How a played conversation is told: a line, and for each thing that was not met its place and what differs.

use super::Played;
use super::diff;
use super::run::Failure;
use syntax::{Diagnostic, Diagnostics, Sources};

/// The code of a conversation that went another way.
const CODE: &str = "E0160";

/// One conversation, for people.
pub fn shown(played: &Played, sources: &Sources, color: bool) -> String {
    let good = played.failures.is_empty();
    let mut out = format!("{} {} ({})\n", mark(color, good), played.name, played.path);
    for failure in &played.failures {
        out.push_str(&told(failure, sources, color));
    }
    out
}

/// One failure: the place, what differs, what happened before.
pub fn told(failure: &Failure, sources: &Sources, color: bool) -> String {
    let diagnostic = Diagnostic::error(CODE, failure.span, failure.message.clone()).label(failure.label.clone());
    let diagnostics: Diagnostics = [diagnostic].into_iter().collect();
    let mut out = syntax::render_human(&diagnostics, sources, color, 120).trim_end().to_owned();
    out.push('\n');
    for difference in &failure.differences {
        out.push_str(&diff::shown(difference, color));
    }
    if failure.story.is_empty() {
        out.push_str("      the engine did nothing before\n\n");
        return out;
    }
    out.push_str("      what happened before:\n");
    for line in &failure.story {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("        {line}\n"));
    }
    out.push('\n');
    out
}

fn mark(color: bool, good: bool) -> &'static str {
    match (color, good) {
        (true, true) => "\u{1b}[32m✓\u{1b}[0m",
        (true, false) => "\u{1b}[31m✗\u{1b}[0m",
        (false, true) => "ok  ",
        (false, false) => "FAIL",
    }
}

//! What the expression language says of a text, told at its places in the file.

use super::At;
use expr::Problem;
use std::ops::Range;
use syntax::{Diagnostic, Diagnostics, Span, Style};

/// Turns a parsed expression or its problems into diagnostics at their places in the file.
pub(crate) fn took<T>(parsed: Result<(T, Vec<Problem>), Vec<Problem>>, node: At<'_>, out: &mut Diagnostics) -> Option<T> {
    let (read, problems) = match parsed {
        Ok((read, warnings)) => (Some(read), warnings),
        Err(problems) => (None, problems),
    };
    for problem in problems {
        let span = node.span_within(problem.range.clone());
        let mut diagnostic = if problem.warning {
            Diagnostic::warning(problem.code, span, problem.message)
        } else {
            Diagnostic::error(problem.code, span, problem.message)
        };
        if let Some(help) = problem.help {
            diagnostic = diagnostic.help(help);
        }
        if let Some(replacement) = problem.suggestion.and_then(|text| fitting(text, &problem.range, span, node)) {
            let title = if replacement.is_empty() { "take it out".to_owned() } else { format!("write {replacement}") };
            diagnostic =
                if problem.sure { diagnostic.replace(span, replacement, title) } else { diagnostic.guess(span, replacement, title) };
        }
        out.push(diagnostic);
    }
    read
}

/// `replacement` as it has to be written at `span` inside the text `node`, whose part `range` it replaces; none where it would break the
/// notation round it, or where that part has no place of its own.
fn fitting(replacement: String, range: &Range<usize>, span: Span, node: At<'_>) -> Option<String> {
    let scalar = node.as_scalar()?;
    if span == node.span && (scalar.style != Style::Plain || range.len() < scalar.text.len()) {
        return None;
    }
    match scalar.style {
        Style::Plain => {
            let begins_wrong =
                span.start == node.span.start && replacement.starts_with(['"', '\'', '[', '{', '@', '`', '&', '*', '!', '|', '>', '%']);
            let breaks = begins_wrong || replacement.contains(": ") || replacement.contains(" #");
            (!breaks).then_some(replacement)
        }
        Style::SingleQuoted => Some(replacement.replace('\'', "''")),
        Style::DoubleQuoted if replacement.contains('\\') => None,
        // Texts inside a text in double quotes stand in single ones.
        Style::DoubleQuoted if replacement.contains('"') => (!replacement.contains('\'')).then(|| replacement.replace('"', "'")),
        Style::DoubleQuoted | Style::Literal | Style::Folded => Some(replacement),
    }
}

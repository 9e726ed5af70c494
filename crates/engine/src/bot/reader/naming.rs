//! Names: what may be one, and what was probably meant by one that is not known.

use crate::bot::Names;
use syntax::{Diagnostic, Span};

/// A diagnostic for a name that is not among `known`, with what was probably meant.
pub(crate) fn unknown<'a>(
    code: &'static str,
    span: Span,
    message: &str,
    word: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    list_intro: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, span, message);
    match syntax::closest(word, known.clone()) {
        Some(meant) => diagnostic.help(format!("did you mean \"{meant}\"?")).guess(span, meant.to_owned(), format!("write \"{meant}\"")),
        None => {
            let all: Vec<&str> = known.take(16).collect();
            if all.is_empty() { diagnostic } else { diagnostic.help(format!("{list_intro} {}", all.join(", "))) }
        }
    }
}

/// What segments are for that are not in the folder: one of them may be meant.
const MADE_ELSEWHERE: &str = "what a flow names is declared in segments.yaml; a segment made over HTTP or in the console serves \
                              `trigger … --to`, audiences, exports and the rules of others like it";

/// A diagnostic for a segment that is not in the folder.
pub(crate) fn unknown_segment(span: Span, segment: &str, names: &Names) -> Diagnostic {
    let known = names.segments.keys().map(String::as_str);
    unknown("E0118", span, &format!("there is no segment \"{segment}\""), segment, known, "the segments are").help(MADE_ELSEWHERE)
}

/// Whether a text is `[A-Za-z_][A-Za-z0-9_]*`.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.bytes().enumerate().all(|(i, b)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit())) && !name.is_empty()
}

/// Whether a text is a slug: letters, digits, `-` and `_`, beginning with a letter or digit.
pub(crate) fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().enumerate().all(|(i, b)| b.is_ascii_alphanumeric() || (i > 0 && matches!(b, b'-' | b'_')) || (b == b'_'))
}

/// The diagnostic with a name of the right letters in place of `written`, if one is near: `your name` is `your_name`.
pub(crate) fn with_better_name(diagnostic: Diagnostic, span: Span, written: &str, joined_by: char) -> Diagnostic {
    let mut name = String::new();
    for c in written.trim().chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == joined_by {
            name.push(c);
        } else if matches!(c, ' ' | '-' | '.' | '/') {
            if !name.ends_with(joined_by) && !name.is_empty() {
                name.push(joined_by);
            }
        } else {
            return diagnostic;
        }
    }
    let name = name.trim_end_matches(joined_by).to_owned();
    let fits = if joined_by == '-' { is_slug(&name) } else { is_identifier(&name) };
    if fits && name != written { diagnostic.guess(span, name.clone(), format!("write {name}")) } else { diagnostic }
}

//! What is wrong with a source text, in a bot designer's words, with the exact bytes it is about.

use std::ops::Range;

/// One error or warning about an expression or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable code, `E0300`–`E0349` or `W0300`–`W0349`; each has a page under `docs/errors/`.
    pub code: &'static str,
    /// What is wrong: one clause, lower-case, without a full stop.
    pub message: String,
    /// How to put it right, if there is more to say than the message does.
    pub help: Option<String>,
    /// The bytes of the source it is about; always on character boundaries.
    pub range: Range<usize>,
    /// What to write instead of `range`, if that is known.
    pub suggestion: Option<String>,
    /// Whether the suggestion surely says what was meant, rather than being a guess.
    pub sure: bool,
    /// Whether the text is usable all the same.
    pub warning: bool,
}

impl Problem {
    /// An error.
    pub(crate) fn error(code: &'static str, range: impl Into<Range<usize>>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, range: range.into(), suggestion: None, sure: false, warning: false }
    }

    /// A warning.
    pub(crate) fn warning(code: &'static str, range: impl Into<Range<usize>>, message: impl Into<String>) -> Self {
        Self { warning: true, ..Self::error(code, range, message) }
    }

    /// With a way to put it right.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the text to write instead.
    pub(crate) fn suggest(mut self, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(replacement.into());
        self
    }

    /// With the text that surely was meant.
    pub(crate) fn cure(mut self, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(replacement.into());
        self.sure = true;
        self
    }

    /// With a suggestion if there is one.
    pub(crate) fn suggest_opt(mut self, replacement: Option<String>) -> Self {
        self.suggestion = replacement.or(self.suggestion);
        self
    }
}

//! One line per diagnostic: `file:line:column: error[E0011]: message`, as editors and build tools read it.

use std::fmt::Write as _;

use super::one_line;
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::Sources;

/// One line per diagnostic, in order.
pub fn render_short(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let (line, column) = sources.line_column(diagnostic.primary);
        let path = one_line(sources.path(diagnostic.primary.file));
        let severity = diagnostic.severity.word();
        let message = one_line(&diagnostic.message);
        writeln!(out, "{path}:{line}:{column}: {severity}[{}]: {message}", diagnostic.code).expect("writing to a text cannot fail");
    }
    out
}

impl Severity {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

//! Diagnostics for programs (editor, console, CI): everything there is, with byte positions and with lines and columns.

use std::fmt::Write as _;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Sources;
use crate::span::Span;

/// The version of the form; it grows when a field changes its meaning or goes, not when one is added.
pub const JSON_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    at: Place<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Also<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Repair<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    /// Bytes from 0.
    start: u32,
    end: u32,
    /// From 1, columns in characters; the end is exclusive.
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Also<'a> {
    at: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Repair<'a> {
    title: &'a str,
    /// Whether `check --fix` applies it.
    sure: bool,
    edits: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    at: Place<'a>,
    replacement: &'a str,
}

/// One JSON object: `{"version": 1, "errors": …, "warnings": …, "diagnostics": […]}`, indented, with a line break at the end.
pub fn render_json(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let items = diagnostics.iter().map(|diagnostic| item(diagnostic, sources)).collect();
    let report =
        Report { version: JSON_VERSION, errors: diagnostics.error_count(), warnings: diagnostics.warning_count(), diagnostics: items };
    let written = serde_json::to_string_pretty(&report).expect("the report holds only texts and numbers");
    let mut out = unseen_escaped(&written);
    out.push('\n');
    out
}

/// The same JSON without a character that a terminal or an editor would not show as it is: they stand in texts alone, where `\u202e` says
/// the same.
fn unseen_escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && crate::invisible::is_invisible(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| write!(out, "\\u{unit:04x}").expect("writing to a text cannot fail"));
        } else {
            out.push(c);
        }
    }
    out
}

fn item<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Item<'a> {
    Item {
        code: diagnostic.code,
        severity: diagnostic.severity.word(),
        message: &diagnostic.message,
        at: place(diagnostic.primary, sources),
        label: &diagnostic.primary_label,
        also: diagnostic.labels.iter().map(|label| Also { at: place(label.span, sources), text: &label.text }).collect(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic.fix.as_ref().map(|fix| Repair {
            title: &fix.title,
            sure: fix.sure,
            edits: fix.edits.iter().map(|edit| Change { at: place(edit.span, sources), replacement: &edit.replacement }).collect(),
        }),
    }
}

fn place(span: Span, sources: &Sources) -> Place<'_> {
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(span.after());
    Place { file: sources.path(span.file), start: span.start, end: span.end, line, column, end_line, end_column }
}

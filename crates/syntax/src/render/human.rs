//! Diagnostics for people: the message, the source line with a caret, other places, help, and the change that puts it right.
//!
//! Only the lines at hand are given to the renderer, so a large file costs what its faults cost.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{harmless, one_line};
use crate::diagnostic::{Diagnostic, Diagnostics, Fix, Severity};
use crate::invisible::{escaped, escaped_at};
use crate::source::Sources;
use crate::span::{FileId, Span};

/// A fix with more edits than this is told in words only.
const MOST_EDITS: usize = 3;
/// Lines longer than this are cut for the renderer, around what is shown.
const LONGEST_LINE: usize = 4096;

/// One paragraph per diagnostic, in order; `width` is the terminal's in columns.
pub fn render_human(diagnostics: &Diagnostics, sources: &Sources, color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width.max(40));
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&report(diagnostic, sources)));
        out.push_str("\n\n");
    }
    out
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&diagnostic.message)).id(diagnostic.code));
    let mut files = vec![diagnostic.primary.file];
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for file in files {
        if let Some(snippet) = places(diagnostic, file, sources) {
            group = group.element(snippet);
        }
    }
    for line in diagnostic.help.iter().flat_map(|help| help.lines()) {
        group = group.element(Level::HELP.message(harmless(line)));
    }
    let mut groups = vec![group];
    groups.extend(diagnostic.fix.as_ref().and_then(|fix| repair(fix, sources)));
    groups
}

/// The lines of `file` that a diagnostic speaks of, with their carets.
fn places<'a>(diagnostic: &Diagnostic, file: FileId, sources: &'a Sources) -> Option<Snippet<'a, Annotation<'a>>> {
    let primary = (diagnostic.primary, AnnotationKind::Primary, diagnostic.primary_label.as_str());
    let others = diagnostic.labels.iter().map(|label| (label.span, AnnotationKind::Context, label.text.as_str()));
    let here: Vec<_> = std::iter::once(primary).chain(others).filter(|(span, ..)| span.file == file).collect();
    let text = sources.text(file);
    let clipped: Vec<Range<usize>> = here.iter().map(|(span, ..)| first_line_of(text, *span)).collect();
    let window = window(text, &clipped)?;
    let (line, _) = sources.line_column(Span::new(file, window.clone()));
    let shown = text.get(window.clone())?;
    let mut snippet = Snippet::source(escaped(shown)).path(one_line(sources.path(file))).line_start(line);
    for ((_, kind, label), range) in here.into_iter().zip(clipped) {
        let annotation = kind.span(as_shown(shown, within(&range, &window)));
        snippet = snippet.annotation(if label.is_empty() { annotation } else { annotation.label(one_line(label)) });
    }
    Some(snippet)
}

/// The lines as they are after the fix.
fn repair<'a>(fix: &'a Fix, sources: &'a Sources) -> Option<Group<'a>> {
    let group = Group::with_title(Level::HELP.secondary_title(one_line(&fix.title)));
    let file = fix.edits.first()?.span.file;
    let text = sources.text(file);
    let one_file = fix.edits.iter().all(|edit| edit.span.file == file && text.get(edit.span.range()).is_some());
    if fix.edits.len() > MOST_EDITS || !one_file {
        return Some(group);
    }
    let ranges: Vec<Range<usize>> = fix.edits.iter().map(|edit| edit.span.range()).collect();
    let window = window(text, &ranges)?;
    let (line, _) = sources.line_column(Span::new(file, window.clone()));
    let shown = text.get(window.clone())?;
    let mut snippet = Snippet::source(escaped(shown)).line_start(line);
    for (edit, range) in fix.edits.iter().zip(&ranges) {
        snippet = snippet.patch(Patch::new(as_shown(shown, within(range, &window)), harmless(&edit.replacement)));
    }
    Some(group.element(snippet))
}

/// The part of a span that stands on its first line; carets under whole blocks say nothing.
fn first_line_of(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.floor_char_boundary(span.end as usize).max(start);
    let first = text.get(start..end).unwrap_or("").split('\n').next().unwrap_or("");
    start..start + first.trim_end_matches('\r').len()
}

/// The whole lines that cover `ranges`, cut where a line is far too long. Nothing when they do not lie in the text.
fn window(text: &str, ranges: &[Range<usize>]) -> Option<Range<usize>> {
    let start = ranges.iter().map(|range| range.start).min()?;
    let end = ranges.iter().map(|range| range.end).max()?;
    let line_start = text.get(..start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = end + text.get(end..)?.find('\n').unwrap_or(text.len() - end);
    // A byte-order mark would push the caret of the first line aside.
    let mark = if line_start == 0 && text.starts_with(crate::source::BOM) && start >= crate::source::BOM.len_utf8() {
        crate::source::BOM.len_utf8()
    } else {
        0
    };
    let from = if start - line_start > LONGEST_LINE { text.floor_char_boundary(start - LONGEST_LINE) } else { line_start + mark };
    let to = if line_end - end > LONGEST_LINE { text.floor_char_boundary(end + LONGEST_LINE) } else { line_end };
    Some(from..to)
}

/// A range of `text` in what is shown of it.
fn as_shown(text: &str, range: Range<usize>) -> Range<usize> {
    escaped_at(text, range.start)..escaped_at(text, range.end)
}

fn within(range: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    let start = range.start.clamp(window.start, window.end) - window.start;
    let end = range.end.clamp(window.start, window.end) - window.start;
    start..end.max(start)
}

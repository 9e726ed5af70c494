//! From the text of one file to its tree.
//!
//! A file is read in passes. A pass stops at the first thing YAML cannot read; that is explained in a designer's words ([`explain`]), the
//! characters at fault are covered with harmless ones of the same length, and the next pass finds the next fault. So all faults are told at
//! once and every place stays true. A tree is given only when the text was read as it stands.

mod build;
mod certain;
mod escape;
mod explain;
mod flow;
mod line;

use std::ops::Range;

pub use certain::{is_key_with_value, takes_only_text};
pub use explain::not_a_space;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::Node;
use crate::source::{BOM, Sources};
use crate::span::{FileId, Span, Spanned};

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// How many values, keys included, a file may hold.
pub const MAX_NODES: usize = 50_000;
/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;

/// How many faults of one file are told.
const MAX_REPORTS: usize = 50;
/// How many passes over one file there are, and how many bytes they may read together.
const MAX_PASSES: usize = 20;
const MAX_BYTES_READ: usize = 2 * MAX_FILE_BYTES;

/// Reads a file of `sources`. What is wrong goes to `out`; the tree is given whenever the file is YAML, also beside errors of its content
/// (a duplicate key, an anchor). An empty file is [`Node::Null`].
pub fn parse(file: FileId, sources: &Sources, out: &mut Diagnostics) -> Option<Spanned<Node>> {
    let text = sources.text(file);
    if let Some(diagnostic) = unreadable(file, text) {
        out.push(diagnostic);
        return None;
    }
    let mut reports = Reports { file, original: text, found: Diagnostics::new() };
    let (tree, gave_up) = read_in_passes(text, &mut reports);
    let more = gave_up || reports.found.len() > MAX_REPORTS;
    out.extend(reports.found.into_iter().take(MAX_REPORTS));
    if more {
        let message = "there are too many faults in this file; the rest is not shown";
        out.push(Diagnostic::error("E0008", Span::file_start(file), message).help("repair the ones shown and check again"));
    }
    tree
}

/// The tree, if the text is YAML as it stands; and whether the passes ran out before its end.
fn read_in_passes(text: &str, reports: &mut Reports<'_>) -> (Option<Spanned<Node>>, bool) {
    let mut covered = text.to_owned();
    let passes = (MAX_BYTES_READ / text.len().max(1)).clamp(1, MAX_PASSES);
    for pass in 0..passes {
        match build::build(&covered, reports) {
            Ok(tree) => return ((pass == 0).then_some(tree), false),
            Err(Stop { cover: None }) => return (None, false),
            Err(Stop { cover: Some(cover) }) => match covered_with(&covered, &cover) {
                Some(next) if next != covered => covered = next,
                Some(_) | None => return (None, false),
            },
        }
    }
    (None, true)
}

/// Characters that go over a fault before the next pass.
struct Cover {
    range: Range<usize>,
    with: char,
}

/// A pass ended before the end of the file; `cover` is what the next pass should not see.
struct Stop {
    cover: Option<Cover>,
}

fn covered_with(text: &str, cover: &Cover) -> Option<String> {
    let middle = part_len(text, &cover.range)?;
    let (before, after) = (text.get(..cover.range.start)?, text.get(cover.range.end..)?);
    Some(format!("{before}{}{after}", String::from(cover.with).repeat(middle)))
}

/// The length of a range that holds whole characters and no line break, else nothing: lines must stay lines.
fn part_len(text: &str, range: &Range<usize>) -> Option<usize> {
    text.get(range.clone()).filter(|part| !part.contains('\n')).map(str::len)
}

/// What is found in one file, across passes.
struct Reports<'a> {
    file: FileId,
    /// The text as it was given: messages never quote covered text.
    original: &'a str,
    found: Diagnostics,
}

impl Reports<'_> {
    /// A span of the file; whatever was computed, it lies in the text and on character boundaries.
    fn span(&self, range: Range<usize>) -> Span {
        let start = self.original.floor_char_boundary(range.start);
        let end = self.original.ceil_char_boundary(range.end.min(self.original.len()));
        Span::new(self.file, start..end.max(start))
    }

    fn text(&self, range: Range<usize>) -> &str {
        line::part(self.original, range)
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }
}

/// Files that are not looked into at all: too large, or not text.
fn unreadable(file: FileId, text: &str) -> Option<Diagnostic> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is too large: the limit is {} KiB", MAX_FILE_BYTES / 1024);
        return Some(Diagnostic::error("E0001", Span::file_start(file), message).help("split it into several files"));
    }
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let lead = text.len() - body.len();
    let (at, c) = body.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}') || *c == BOM)?;
    let span = Span::new(file, lead + at..lead + at + c.len_utf8());
    let message = format!("an invisible character stands here: U+{:04X} ({})", u32::from(c), crate::invisible::name_of_invisible(c));
    Some(Diagnostic::error("E0002", span, message).help("delete it; it usually comes from copying out of another program").replace(
        span,
        "",
        "delete the character",
    ))
}

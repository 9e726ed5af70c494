//! Where each part of a decoded text stands in the source: ranges of the text that stand there byte for byte.

use std::ops::Range;

use crate::node::Style;
use crate::span::{FileId, Span};

/// The pieces of a text that stand in the source unchanged, in order, with the places of both. Escapes, folded line breaks and the
/// indentation of block texts lie between pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    text: usize,
    source: usize,
    len: usize,
}

impl SourceMap {
    /// Lines `text` up with the source it was decoded from: `raw`, quotes included, which begins at byte `start` of the file. Where the two
    /// do not line up the map is empty and places fall back to the whole scalar.
    pub(crate) fn new(text: &str, style: Style, raw: &str, start: usize) -> SourceMap {
        let pieces = match style {
            Style::Plain | Style::Literal | Style::Folded => by_lines(text, raw, start),
            Style::SingleQuoted => by_characters(text, raw, start, '\''),
            Style::DoubleQuoted => by_characters(text, raw, start, '"'),
        };
        SourceMap { pieces: pieces.unwrap_or_default() }
    }

    /// Where `range` of the text stands, when both its ends border on something that stands in the source as itself.
    pub(crate) fn locate(&self, file: FileId, range: Range<usize>) -> Option<Span> {
        let start = self.pieces.iter().rev().find_map(|piece| piece.find(range.start))?;
        if range.is_empty() {
            return Some(Span::new(file, start..start));
        }
        let end = self.pieces.iter().find_map(|piece| piece.find(range.end))?;
        (start < end).then(|| Span::new(file, start..end))
    }
}

impl Piece {
    fn find(&self, at: usize) -> Option<usize> {
        (self.text..=self.text + self.len).contains(&at).then(|| self.source + (at - self.text))
    }
}

/// Texts without escapes: what a line holds between its white space stands in the text as it is.
fn by_lines(text: &str, raw: &str, start: usize) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut done = 0;
    let mut line_start = 0;
    for line in raw.split_inclusive('\n') {
        let content = line.trim_matches(is_blank);
        if !content.is_empty() {
            let rest = text.get(done..)?;
            done += rest.len() - rest.trim_start_matches(is_blank).len();
            if !text.get(done..)?.starts_with(content) {
                return None;
            }
            let lead = line.len() - line.trim_start_matches(is_blank).len();
            pieces.push(Piece { text: done, source: start + line_start + lead, len: content.len() });
            done += content.len();
        }
        line_start += line.len();
    }
    text.get(done..)?.trim_matches(is_blank).is_empty().then_some(pieces)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// Quoted texts: character by character, around escapes and folded line breaks.
fn by_characters(text: &str, raw: &str, start: usize, quote: char) -> Option<Vec<Piece>> {
    let inner = raw.strip_prefix(quote)?.strip_suffix(quote)?;
    let base = start + quote.len_utf8();
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut at, mut done) = (0, 0);
    while let Some(c) = inner.get(at..)?.chars().next() {
        let rest = inner.get(at..)?;
        let blank = rest.len() - rest.trim_start_matches(is_blank).len();
        let (_, breaks) = rest.split_at_checked(blank).map(|(run, _)| (run, run.matches('\n').count()))?;
        if breaks > 0 {
            // One line break is folded to a space, n to n - 1 line breaks.
            at += blank;
            done += (breaks - 1).max(1);
        } else if quote == '"' && c == '\\' {
            let (source, decoded) = escape(rest);
            at += source;
            if decoded {
                done += text.get(done..)?.chars().next()?.len_utf8();
            }
        } else {
            // The second of two single quotes stands for itself.
            at += if quote == '\'' && c == '\'' { 1 } else { 0 };
            if !text.get(done..)?.starts_with(c) {
                return None;
            }
            let len = c.len_utf8();
            match pieces.last_mut() {
                Some(last) if last.text + last.len == done && last.source + last.len == base + at => last.len += len,
                Some(_) | None => pieces.push(Piece { text: done, source: base + at, len }),
            }
            at += len;
            done += len;
        }
    }
    (done == text.len()).then_some(pieces)
}

/// The length of the escape at the start of `rest`, and whether it stands for a character.
fn escape(rest: &str) -> (usize, bool) {
    let kind = rest.chars().nth(1);
    match kind {
        Some('x') => (4, true),
        Some('u') => {
            let low = rest.get(6..).is_some_and(|next| next.starts_with("\\u"));
            let high =
                rest.get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
            (if high && low { 12 } else { 6 }, true)
        }
        Some('U') => (10, true),
        Some('\r' | '\n') => {
            let after = rest.get(1..).unwrap_or("");
            (1 + after.len() - after.trim_start_matches(is_blank).len(), false)
        }
        Some(c) => (1 + c.len_utf8(), true),
        None => (1, false),
    }
}

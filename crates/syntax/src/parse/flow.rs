//! What goes wrong inside `{ }` and `[ ]`: commas and braces that the designer wrote for a condition or a text and YAML took for itself.

use std::ops::Range;

use super::Reports;
use super::certain::is_key_with_value;
use super::line::{Line, leading_blanks, part, quoted, shown};
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node, Scalar, Style};
use crate::source_map::SourceMap;
use crate::span::{Span, Spanned};

/// How many entries a condition may have been split into.
const MAX_SPLIT: usize = 16;

/// The items of a `[ ]`, with conditions that were split at their commas put together again.
pub(super) fn list(items: Vec<Spanned<Node>>, text: &str, reports: &mut Reports<'_>) -> Vec<Spanned<Node>> {
    let mut whole: Vec<Spanned<Node>> = Vec::with_capacity(items.len());
    let mut at = 0;
    while let Some(item) = items.get(at) {
        let following = items.iter().skip(at + 1).map(|next| plain(next).map(|text| (text, next.span)));
        if let Some((joined, end)) = split_at_commas(item, following) {
            whole.push(join(item.span.to(end).range(), text, reports));
            at += joined;
        } else {
            whole.push(item.clone());
        }
        at += 1;
    }
    whole
}

/// How many of the following entries a plain value with an open parenthesis goes on through, and where the last of them ends.
fn split_at_commas<'a>(value: &Spanned<Node>, following: impl Iterator<Item = Option<(&'a str, Span)>>) -> Option<(usize, Span)> {
    let mut open = open_parentheses(plain(value)?);
    if open <= 0 {
        return None;
    }
    for (index, next) in following.take(MAX_SPLIT).enumerate() {
        let (text, span) = next?;
        open += open_parentheses(text);
        if open <= 0 {
            return (open == 0).then_some((index + 1, span));
        }
    }
    None
}

/// The map of a `{ }` at `at`: split conditions joined, `{{ … }}` read as the text it was meant to be, entries without a value reported.
pub(super) fn map(entries: Vec<Entry>, at: Range<usize>, text: &str, reports: &mut Reports<'_>) -> Node {
    let doubled = part(text, at.clone()).starts_with("{{");
    if doubled && entries.first().is_some_and(|entry| matches!(entry.key.value, Node::Map(_))) {
        return double_braces(at, text, reports);
    }
    if at.start > 0 && part(text, at.start - 1..at.start) == "{" {
        // The inner pair of `{{ … }}`: the outer one speaks.
        return Node::Map(entries);
    }
    let mut whole: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut index = 0;
    while let Some(entry) = entries.get(index) {
        let following = entries.iter().skip(index + 1).map(|next| {
            let key = plain(&next.key).filter(|_| has_no_colon(next, text))?;
            Some((key, next.key.span))
        });
        if let Some((joined, end)) = split_at_commas(&entry.value, following) {
            let value = join(entry.value.span.to(end).range(), text, reports);
            whole.push(Entry { key: entry.key.clone(), value });
            index += joined;
        } else {
            if has_no_colon(entry, text) {
                no_value(entry, entries.len() == 1, reports);
            }
            whole.push(entry.clone());
        }
        index += 1;
    }
    Node::Map(whole)
}

/// The text of a plain scalar.
fn plain(node: &Spanned<Node>) -> Option<&str> {
    node.as_scalar().filter(|scalar| scalar.style == Style::Plain).map(|scalar| scalar.text.as_str())
}

fn open_parentheses(text: &str) -> i64 {
    text.chars().map(|c| i64::from(c == '(') - i64::from(c == ')')).sum()
}

fn has_no_colon(entry: &Entry, text: &str) -> bool {
    let after = text.get(entry.key.span.range().end..).unwrap_or("");
    entry.value.is_null() && !after.get(leading_blanks(after)..).unwrap_or("").starts_with(':')
}

/// One plain text over `range`, as the designer meant it, and the report that YAML split it.
fn join(range: Range<usize>, text: &str, reports: &mut Reports<'_>) -> Spanned<Node> {
    let raw = part(text, range.clone());
    let comma = raw.find(',').map_or(range.start, |at| range.start + at);
    let written = reports.text(range.clone()).to_owned();
    let (place, title) = (reports.span(range.clone()), "put quotes round the value");
    // `count(a, …)` is one value; a parenthesis after a space may be the designer's own, and the comma as well.
    let call = raw.split('(').next().is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    let diagnostic = Diagnostic::error("E0028", reports.span(comma..comma + 1), format!("the comma splits `{}` in two", shown(&written)))
        .label("inside `{ }` and `[ ]` a comma separates entries")
        .help("put quotes round the whole value, or write it on a line of its own without the brackets");
    let sure = call && !written.contains(['\n', '#']);
    reports.push(if sure { diagnostic.replace(place, quoted(&written), title) } else { diagnostic.guess(place, quoted(&written), title) });
    raw_text(range, text, reports)
}

fn raw_text(range: Range<usize>, text: &str, reports: &Reports<'_>) -> Spanned<Node> {
    let raw = part(text, range.clone());
    let map = SourceMap::new(raw, Style::Plain, raw, range.start);
    Spanned::new(Node::Scalar(Scalar { text: raw.to_owned(), style: Style::Plain, map }), reports.span(range))
}

fn double_braces(at: Range<usize>, text: &str, reports: &mut Reports<'_>) -> Node {
    // Where text follows, the parser will stop there and say the same of the whole value; said twice alike, it counts once.
    let line = Line::at(text, at.start);
    let after = part(text, at.end..line.value.end).trim_start();
    let whole = line.value.start == at.start && !after.is_empty() && !after.starts_with([':', '#']);
    reports.push(double_brace_report(if whole { line.value } else { at.clone() }, reports));
    raw_text(at, text, reports).value
}

/// A value that begins with `{{`; `value` is all of it.
pub(super) fn double_brace_report(value: Range<usize>, reports: &Reports<'_>) -> Diagnostic {
    let written = reports.text(value.clone()).to_owned();
    let translated = written.replace("{{", "${").replace("}}", "}").replace("${ ", "${").replace(" }", "}");
    let span = reports.span(value);
    Diagnostic::error("E0026", span, "a value cannot begin with `{{`")
        .label("YAML reads this as a map inside a map")
        .help("values are put into a text with `${…}`; a text that really begins with a brace needs quotes")
        .guess(span, quoted(&translated), "write `${…}`, in quotes")
}

fn no_value(entry: &Entry, alone: bool, reports: &mut Reports<'_>) {
    let written = shown(reports.text(entry.key.span.range()));
    let glued = plain(&entry.key).and_then(|key| key.split_once(':')).filter(|(_, value)| !value.starts_with("//"));
    let diagnostic = match glued {
        Some((key, value)) => {
            let diagnostic = Diagnostic::error("E0033", entry.key.span, format!("there is no space after the colon of `{written}`"))
                .help(format!("write `{key}: {value}`"));
            let (fixed, title) = (format!("{key}: {value}"), "put a space after the colon");
            let sure = is_key_with_value(key);
            if sure { diagnostic.replace(entry.key.span, fixed, title) } else { diagnostic.guess(entry.key.span, fixed, title) }
        }
        None => Diagnostic::error("E0034", entry.key.span, format!("`{written}` stands in `{{ }}` without a value")).help(if alone {
            format!("write `name: value`; a word by itself needs no braces: `{written}`")
        } else {
            "write `name: value`; if it belongs to the value before it, put quotes round that value".to_owned()
        }),
    };
    reports.push(diagnostic);
}

//! One line of a file as a person reads it: indentation, dashes, a key, a value, a comment.
//!
//! Used to find words for what the parser could not read, so it must make sense of broken lines and takes nothing for granted.

use std::ops::Range;

/// The parts of a line, as byte ranges of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The line without its line break.
    pub all: Range<usize>,
    /// Spaces and tabs at its start.
    pub indent: Range<usize>,
    /// The key, when the line has the shape `key: …` or `- key: …`.
    pub key: Option<Range<usize>>,
    /// What follows the key (or the dashes, or the indentation), without white space around it and without a comment.
    pub value: Range<usize>,
}

impl Line {
    /// The line on which byte `at` stands.
    pub fn at(text: &str, at: usize) -> Line {
        let at = text.floor_char_boundary(at.min(text.len()));
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = at + after.find('\n').unwrap_or(after.len());
        let all = start..start + part(text, start..end).trim_end_matches('\r').len();
        let mut from = start + leading_blanks(part(text, all.clone()));
        let indent = start..from;
        while let Some(item) = part(text, from..all.end).strip_prefix('-') {
            let blanks = leading_blanks(item);
            if blanks == 0 && !item.is_empty() {
                break;
            }
            from += 1 + blanks;
        }
        let rest = part(text, from..all.end);
        let colon = key_colon(rest);
        let key = colon.map(|colon| from..from + part(rest, 0..colon).trim_end().len());
        let value_from = colon.map_or(from, |colon| from + colon + 1);
        let value_start = value_from + leading_blanks(part(text, value_from..all.end));
        let value = value_start..value_start + without_comment(part(text, value_start..all.end)).len();
        Line { all, indent, key, value }
    }
}

/// `range` of `text`; empty when it is not a range of whole characters.
pub(super) fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or("")
}

/// How many bytes of spaces and tabs `text` begins with.
pub(super) fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// The colon that ends a key at the start of `rest`: outside quotes and brackets, followed by white space or the end.
fn key_colon(rest: &str) -> Option<usize> {
    if rest.starts_with(['#', '{', '[']) {
        return None;
    }
    let mut quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    for (at, c) in rest.char_indices() {
        match quote {
            Some(open) if at > 0 && c == open => quote = None,
            Some(_) => {}
            None if c == ':' && followed_by_blank(rest, at) => return Some(at),
            None if c == '#' && part(rest, 0..at).ends_with([' ', '\t']) => return None,
            None => {}
        }
    }
    None
}

fn followed_by_blank(text: &str, at: usize) -> bool {
    text.get(at + 1..).is_none_or(|after| after.is_empty() || after.starts_with([' ', '\t']))
}

/// `value` without a comment as people write them (` # words`); `Order #41` is left whole.
fn without_comment(value: &str) -> &str {
    let hash = value.match_indices('#').map(|(at, _)| at).find(|at| {
        part(value, 0..*at).ends_with([' ', '\t'])
            && value.get(at + 1..).is_none_or(|after| after.is_empty() || after.starts_with([' ', '#']))
    });
    hash.and_then(|at| value.get(..at)).unwrap_or(value).trim_end()
}

/// Where the value that begins at `start` ends inside `{ }` or `[ ]`: before the comma or bracket that belongs to the collection, with
/// brackets, parentheses and quotes inside the value skipped; at the end of the line at the latest.
pub(super) fn end_in_flow(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let mut open: Vec<char> = Vec::new();
    let mut end = rest.len();
    for (at, c) in rest.char_indices() {
        let done = match c {
            '\n' => true,
            ',' => open.is_empty(),
            '{' | '[' | '(' => {
                open.push(c);
                false
            }
            '}' | ']' | ')' => open.pop().is_none() && c != ')',
            _ => false,
        };
        if done {
            end = at;
            break;
        }
    }
    start + part(rest, 0..end).trim_end().len()
}

/// `raw` as a quoted YAML text, in the quotes that need the fewest changes.
pub(super) fn quoted(raw: &str) -> String {
    if !raw.contains(['"', '\\']) { format!("\"{raw}\"") } else { format!("'{}'", raw.replace('\'', "''")) }
}

/// `raw` shortened for a message, on one line.
pub(super) fn shown(raw: &str) -> String {
    const MOST: usize = 40;
    let line = raw.lines().next().unwrap_or("").trim();
    if line.chars().count() <= MOST { line.to_owned() } else { format!("{}…", line.chars().take(MOST).collect::<String>()) }
}

//! Whether a value that YAML cannot read is surely a text: only then `check --fix` may put quotes round it. A list or a map in quotes would
//! be another thing, and quotes round the first line of what goes on below would cut it in two.

use std::ops::Range;

use super::line::{Line, leading_blanks, part};

/// Keys under which nothing but a text can stand, wherever the language has them (the schemas are held to this by a test).
const TEXT_KEYS: [&str; 12] = ["alt", "ask", "label", "message", "name", "note", "only_for", "subject", "test", "text", "title", "when"];

/// Keys of structures under which every name is the designer's own: `attributes: { note: … }` declares something called note.
const NAMERS: [&str; 25] = [
    "attributes",
    "blocks",
    "body",
    "buttons",
    "calendars",
    "channels",
    "choice",
    "computed",
    "contact",
    "data",
    "event",
    "events",
    "expect",
    "fields",
    "globals",
    "groups",
    "menu",
    "opt_in",
    "opt_out",
    "quick_replies",
    "reply",
    "secrets",
    "set",
    "vars",
    "with",
];

/// Keys of the language that a value on their own line follows: `text:Hi` lacks a space and is nothing else.
const VALUE_KEYS: [&str; 24] = [
    "add_tag",
    "call",
    "command",
    "country",
    "else",
    "event",
    "group",
    "keyword",
    "listen",
    "next",
    "remove_tag",
    "send",
    "skill",
    "status",
    "stop_timer",
    "tag",
    "then",
    "timeout",
    "timezone",
    "trigger",
    "type",
    "wait_for",
    "wait_until",
    "where",
];

/// How far above a line its parent is looked for, in lines: hostile files are long.
const FARTHEST: usize = 2_000;

/// True for a key of the language under which nothing but a text can stand, unless it is a name under `parent`.
pub fn takes_only_text(key: &str, parent: Option<&str>) -> bool {
    TEXT_KEYS.contains(&key) && !parent.is_some_and(|parent| NAMERS.contains(&parent))
}

/// True for a word that is a key of the language and has its value on its line.
pub fn is_key_with_value(word: &str) -> bool {
    TEXT_KEYS.contains(&word) || VALUE_KEYS.contains(&word)
}

/// Whether the value at `value` stands under a key that takes only a text, looks like no `key: value` and ends on its line; `open` are
/// the brackets it stands in, outermost first.
pub(super) fn is_text(text: &str, value: &Range<usize>, open: &[usize]) -> bool {
    let Some(key) = key_before(text, value.start) else { return false };
    let parent = parent(text, key.start, open);
    takes_only_text(part(text, key), parent) && !is_pair(part(text, value.clone())) && ends_on_its_line(text, value, !open.is_empty())
}

/// Whether what stands at `value` is not gone on with: neither by deeper lines below nor by a comment that may be part of it.
pub(super) fn ends_on_its_line(text: &str, value: &Range<usize>, in_brackets: bool) -> bool {
    if part(text, value.clone()).contains(" #") {
        return false;
    }
    let line = Line::at(text, value.start);
    let rest = part(text, value.end..line.all.end).trim_start();
    if in_brackets {
        return rest.starts_with([',', '}', ']']);
    }
    let column = |at: usize| at - line.all.start;
    let dashed = part(text, line.indent.end..line.all.end).starts_with('-');
    let own = line.key.as_ref().map_or_else(|| column(line.indent.end), |key| column(key.start));
    let below = text.get(line.all.end..).unwrap_or("").lines().skip(1);
    let next = below.map(|line| (leading_blanks(line), line.trim())).find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    next.is_none_or(|(indent, line)| indent < own || indent == own && (dashed || !line.starts_with("- ")))
}

/// `word: …`, as keys of the language are written: a text may look like this, and so does a map.
fn is_pair(value: &str) -> bool {
    let word = value.split(':').next().unwrap_or("");
    word.len() < value.len() && !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The key whose value begins at `start`, when both stand on one line.
pub(super) fn key_before(text: &str, start: usize) -> Option<Range<usize>> {
    let before = text.get(..start)?;
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let key = before.get(line..)?.trim_end().strip_suffix(':')?.trim_end();
    let mut from = key.rfind(['{', '[', ',']).map_or(0, |sign| sign + 1);
    while let Some(rest) = key.get(from..) {
        let blanks = leading_blanks(rest);
        match rest.get(blanks..).and_then(|rest| rest.strip_prefix("- ")) {
            Some(_) => from += blanks + 2,
            None => {
                from += blanks;
                break;
            }
        }
    }
    (from < key.len()).then_some(line + from..line + key.len())
}

/// The key of the map, or of the list of maps, that the key at `key` belongs to; a place behind the key does as well.
pub(super) fn parent<'t>(text: &'t str, key: usize, open: &[usize]) -> Option<&'t str> {
    for bracket in open.iter().rev().filter(|bracket| **bracket < key) {
        if let Some(above) = key_before(text, *bracket) {
            return Some(part(text, above));
        }
    }
    let at = open.first().copied().unwrap_or(key).min(key);
    let line = Line::at(text, at);
    let mut own = line.key.as_ref().map_or(line.indent.end, |key| key.start) - line.all.start;
    let mut dash = part(text, line.indent.end..line.all.end).starts_with('-').then_some(line.indent.len());
    let above = text.get(..line.all.start)?;
    for line in above.lines().rev().take(FARTHEST) {
        let indent = leading_blanks(line);
        let content = part(line, indent..line.len());
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let here = Line::at(line, 0);
        let column = here.key.as_ref().map_or(indent, |key| key.start);
        if let Some(at) = dash {
            // An item belongs to the key above its list, which may stand in the column of the dashes.
            if indent > at || indent == at && content.starts_with('-') {
                continue;
            }
        } else if column >= own {
            // A key beside this one; where it begins the item of a list, that list is looked for.
            if column == own && content.starts_with('-') {
                dash = Some(indent);
            }
            continue;
        }
        own = column;
        match here.key {
            Some(key) => return line.get(key),
            None if content.starts_with('-') => dash = Some(own.min(indent)),
            None => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the value between `«` and `»` is surely a text; `{` and `[` before it on its line count as open.
    fn surely(marked: &str) -> bool {
        let start = marked.find('«').expect("it is marked");
        let text = marked.replace('«', "");
        let end = text.find('»').expect("it is marked");
        let text = text.replace('»', "");
        let line = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let open: Vec<usize> = (line..start).filter(|at| matches!(text.as_bytes()[*at], b'{' | b'[')).collect();
        is_text(&text, &(start..end), &open)
    }

    #[test]
    fn a_text_under_a_key_that_takes_only_texts() {
        for good in [
            "  text: «Note: we close»\n",
            "  text: «Note: we close»\nnext: end\n",
            "- when: «[a] = b»\n  then: x\n",
            "blocks:\n  a:\n    text: «[agent] is here»\n    next: b\n",
            "g: { text: «Note: a», next: end }\n",
            "fields:\n  city:\n    ask: «Which: a or b?»\n",
        ] {
            assert!(surely(good), "{good}");
        }
    }

    #[test]
    fn what_may_be_a_list_a_map_or_a_longer_text_is_not() {
        for bad in [
            "add_tag: «- vip»\n",
            "keyword: «[a] b»\n",
            "text: «note: x»\n",
            "text: «Note: x»\n  and more\n",
            "text: «- one»\n- two\n",
            "text: «Note: x #41»\n",
            "attributes:\n  note: «Type: text»\n",
            "attributes:\n  # what they said\n  other: text\n  note: «Type: text»\n",
            "attributes: { note: «Type: text» }\n",
            "buttons:\n  - text: «A: b»\n",
            "buttons:\n- Other: x\n- text: «A: b»\n",
            "buttons: [{ text: «A: b» }]\n",
            "expect:\n  text: «Min: 1»\n",
            "say:\n  - «[a] b»\n",
        ] {
            assert!(!surely(bad), "{bad}");
        }
    }
}

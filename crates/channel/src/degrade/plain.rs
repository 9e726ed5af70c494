//! Markdown as plain text: marks go, words, addresses and line breaks stay.
//!
//! Only marks that are certainly marks are taken away; a stray `*` or `_` stays as written.

use std::collections::{BTreeMap, BTreeSet};

/// How deep emphasis may nest before its marks stay as written.
const DEPTH: usize = 8;

/// The text without its marks. A link keeps its address behind its label; code is kept as it is.
pub(super) fn plain(markdown: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in markdown.split('\n') {
        let start = line.trim_start();
        match fence {
            Some(mark) if start.trim_end() == mark => fence = None,
            Some(_) => out.push(line.to_owned()),
            None => match ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark)) {
                Some(mark) => fence = Some(mark),
                None => {
                    let hashes = start.bytes().take_while(|b| *b == b'#').count();
                    let heading = (1..=6).contains(&hashes).then(|| start.split_at_checked(hashes)).flatten();
                    let body = heading.and_then(|(_, rest)| rest.strip_prefix(' ')).unwrap_or(line);
                    out.push(inline(&body.chars().collect::<Vec<_>>(), 0));
                }
            },
        }
    }
    out.join("\n")
}

fn inline(text: &[char], depth: usize) -> String {
    let mut out = String::new();
    // Marks for which no closing one follows: looked for once, so that hostile texts cost no more than others.
    let mut open_ended: BTreeSet<(char, usize)> = BTreeSet::new();
    let pairs = pairs(text);
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        // Only of these marks is a run one thing.
        let run = if matches!(c, '`' | '*' | '_' | '~') { text.iter().skip(at).take_while(|x| **x == c).count() } else { 1 };
        match c {
            '\\' if text.get(at + 1).is_some_and(char::is_ascii_punctuation) => {
                out.extend(text.get(at + 1));
                at += 2;
            }
            '`' if !open_ended.contains(&(c, run)) => match closing(text, at + run, c, run) {
                Some(end) => {
                    out.extend(&text[at + run..end]);
                    at = end + run;
                }
                None => {
                    open_ended.insert((c, run));
                }
            },
            '!' if text.get(at + 1) == Some(&'[') && link(text, &pairs, at + 1).is_some() => at += 1,
            '[' => match link(text, &pairs, at) {
                Some(Link { label, target, end }) => {
                    let shown = if depth < DEPTH { inline(label, depth + 1) } else { label.iter().collect() };
                    let target: String = target.iter().collect();
                    if shown == target || shown.is_empty() {
                        out.push_str(&target);
                    } else {
                        out.push_str(&format!("{shown} ({target})"));
                    }
                    at = end;
                }
                None => {
                    out.push(c);
                    at += 1;
                }
            },
            '*' | '_' | '~' if depth < DEPTH && opens(text, at, run) && !open_ended.contains(&(c, run)) => {
                match closing(text, at + run, c, run) {
                    Some(end) => {
                        out.push_str(&inline(&text[at + run..end], depth + 1));
                        at = end + run;
                    }
                    None => {
                        open_ended.insert((c, run));
                    }
                }
            }
            _ => {
                out.extend(std::iter::repeat_n(c, run));
                at += run;
            }
        }
    }
    out
}

/// Whether the run of marks at `at` can open emphasis: something follows it, and `_` does not stand inside a word.
fn opens(text: &[char], at: usize, run: usize) -> bool {
    let c = text[at];
    let followed = text.get(at + run).is_some_and(|next| !next.is_whitespace());
    let inside = at > 0 && text[at - 1].is_alphanumeric();
    followed && run <= 3 && (c != '~' || run == 2) && !(c == '_' && inside)
}

/// Where the closing run of exactly `run` marks begins.
fn closing(text: &[char], from: usize, c: char, run: usize) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        if text[at] == '\\' && c != '`' {
            at += 2;
            continue;
        }
        if text[at] != c {
            at += 1;
            continue;
        }
        let here = text.iter().skip(at).take_while(|x| **x == c).count();
        let after_text = at > from && !text[at - 1].is_whitespace();
        let inside = c == '_' && text.get(at + here).is_some_and(|next| next.is_alphanumeric());
        if here == run && (c == '`' || (after_text && !inside)) {
            return Some(at);
        }
        at += here;
    }
    None
}

struct Link<'a> {
    label: &'a [char],
    target: &'a [char],
    end: usize,
}

/// For each `[` and `(` where its `]` or `)` is.
fn pairs(text: &[char]) -> BTreeMap<usize, usize> {
    let (mut square, mut round, mut pairs) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (at, c) in text.iter().enumerate() {
        match c {
            '[' => square.push(at),
            '(' => round.push(at),
            ']' => pairs.extend(square.pop().map(|open| (open, at))),
            ')' => pairs.extend(round.pop().map(|open| (open, at))),
            _ => {}
        }
    }
    pairs
}

/// A link `[label](target)` whose `[` is at `at`.
fn link<'a>(text: &'a [char], pairs: &BTreeMap<usize, usize>, at: usize) -> Option<Link<'a>> {
    let label_end = *pairs.get(&at)?;
    let open = label_end + 1;
    if text.get(open) != Some(&'(') {
        return None;
    }
    let end = *pairs.get(&open)?;
    let target = text.get(open + 1..end)?;
    if target.is_empty() || target.iter().any(|c| c.is_whitespace()) {
        return None;
    }
    Some(Link { label: text.get(at + 1..label_end)?, target, end: end + 1 })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn marks_go_and_words_stay() {
        for (markdown, text) in [
            ("**Hi** *you* and _me_", "Hi you and me"),
            ("# Title\nbody", "Title\nbody"),
            ("[our shop](https://shop.example/a_(b))", "our shop (https://shop.example/a_(b))"),
            ("![logo](https://x.example/l.png)", "logo (https://x.example/l.png)"),
            ("[https://x.example](https://x.example)", "https://x.example"),
            ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
            ("`a * b` ``c`d``", "a * b c`d"),
            ("```\n**kept**\n```\nafter", "**kept**\nafter"),
            (r"\*not\* _yes_", "*not* yes"),
            ("~~old~~ **bold *and* nested**", "old bold and nested"),
            ("a ** b, #5, [x] (y)", "a ** b, #5, [x] (y)"),
            ("- one\n- two", "- one\n- two"),
            ("!", "!"),
        ] {
            assert_eq!(plain(markdown), text, "{markdown}");
        }
    }

    #[test]
    fn hostile_marks_cost_no_more_than_others() {
        // Quadratic work on a text of this size would not end within the test's time.
        for mark in ["*a ", "**a ", "_a ", "`a", "[", "![", "[a](", r"\", "*", "*a **b ***c "] {
            let text = mark.repeat(60_000);
            assert!(!plain(&text).is_empty());
        }
    }
}

//! The same bot without one option of one block: what changes nothing in any conversation is not shown by them.

use syntax::{Diagnostics, Entry, Node, Sources, Span, Spanned};

/// Every way of leaving out one option of a block of this kind: the file's text without it.
pub fn without(text: &str, kind: &str, option: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let file = sources.add("skill", text.to_owned());
    let Some(skill) = syntax::parse(file, &sources, &mut Diagnostics::new()) else { return Vec::new() };
    let blocks = skill.get("blocks").and_then(Spanned::as_map).unwrap_or_default();
    let mut found = Vec::new();
    for block in blocks.iter().filter(|block| block.value.get(kind).is_some()) {
        let beside = block.value.as_map().unwrap_or_default();
        let within = block.value.get(kind).and_then(Spanned::as_map).unwrap_or_default();
        for entries in [beside, within] {
            found.extend(entries.iter().filter(|entry| is(entry, option)).map(|entry| cut(text, entry.key.span.to(entry.value.span))));
        }
    }
    found
}

fn is(entry: &Entry, option: &str) -> bool {
    matches!(&entry.key.value, Node::Scalar(_)) && entry.key.as_text() == Some(option)
}

/// The text without an entry: its lines, or its place between commas.
fn cut(text: &str, span: Span) -> String {
    let (before, rest) = text.split_at_checked(span.start as usize).expect("spans lie on characters");
    let after = rest.get(span.range().len()..).expect("spans lie on characters");
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let (above, margin) = before.split_at_checked(line).expect("a line begins on a character");
    if margin.trim().is_empty() {
        // A block scalar's span ends before its last line break, or behind it.
        let below = after.split_once('\n').filter(|_| !rest.get(..span.range().len()).is_some_and(|own| own.ends_with('\n')));
        return format!("{above}{}", below.map_or(after, |(_, below)| below));
    }
    match after.strip_prefix(", ") {
        Some(after) => format!("{before}{after}"),
        None => format!("{}{after}", before.strip_suffix(", ").unwrap_or(before)),
    }
}

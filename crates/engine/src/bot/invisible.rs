//! Characters that nobody sees in a name that is not known: told instead of the name, which looks right.

use syntax::{Diagnostic, Diagnostics, Severity, Sources, Span};

/// What is said of names, words of conditions included.
const OF_NAMES: [&str; 24] = [
    "E0101", "E0104", "E0107", "E0111", "E0112", "E0113", "E0114", "E0117", "E0118", "E0119", "E0120", "E0175", "E0252", "E0260", "E0300",
    "E0301", "E0304", "E0305", "E0310", "E0312", "E0313", "E0314", "E0315", "E0317",
];

/// How many are looked at: beyond so many nobody reads them.
const MOST: usize = 200;
/// What is longer, in characters, is no name.
const LONGEST: usize = 80;

/// The diagnostics; one about a name with an invisible character in it is about that character instead.
pub(super) fn named(found: Diagnostics, sources: &Sources) -> Diagnostics {
    let hides = |one: &Diagnostic| one.severity == Severity::Error && OF_NAMES.contains(&one.code);
    let mut looked = 0;
    let about = |one: Diagnostic| {
        looked += usize::from(hides(&one));
        if looked > MOST || !hides(&one) { one } else { instead(&one, sources).unwrap_or(one) }
    };
    found.into_iter().map(about).collect()
}

fn instead(one: &Diagnostic, sources: &Sources) -> Option<Diagnostic> {
    let name = sources.slice(one.primary).lines().next().filter(|name| name.chars().count() <= LONGEST)?;
    let (at, c) = name.char_indices().find(|(_, c)| syntax::is_invisible(*c))?;
    let start = one.primary.range().start + at;
    let span = Span::new(one.primary.file, start..start + c.len_utf8());
    let before: String = name.get(..at)?.chars().rev().take(20).collect::<Vec<char>>().into_iter().rev().collect();
    let place = if before.is_empty() { "at its beginning".to_owned() } else { format!("after `{before}`") };
    let is_blank = c.is_whitespace();
    let without: String = name
        .chars()
        .filter_map(|c| if is_blank && c.is_whitespace() { Some(' ') } else { Some(c).filter(|c| !syntax::is_invisible(*c)) })
        .collect();
    let what = syntax::name_of_invisible(c);
    let message = match without.trim() {
        "" => format!("an invisible character stands here: U+{:04X} ({what})", u32::from(c)),
        name => format!("`{name}` has an invisible character in it: U+{:04X} ({what}), {place}", u32::from(c)),
    };
    let (with, title) = if is_blank { (" ", "write a plain space") } else { ("", "delete the character") };
    let help = if is_blank {
        "write a plain space, or nothing, in its place; it usually comes from copying out of another program"
    } else {
        "delete it; it usually comes from copying out of another program"
    };
    let diagnostic = Diagnostic::error("E0002", span, message).help(help);
    // Sure only where what is left is what the name was taken for.
    let meant =
        one.fix.as_ref().and_then(|fix| fix.edits.first()).is_some_and(|edit| edit.span == one.primary && edit.replacement == without);
    Some(if meant { diagnostic.replace(span, with, title) } else { diagnostic.guess(span, with, title) })
}

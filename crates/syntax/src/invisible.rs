//! Characters that nobody sees, or that turn what stands round them about: their names, and how they are shown.

use std::borrow::Cow;

/// True for a character that cannot be seen, or looks like a plain space and is none. Between letters of a name it is always a slip; texts
/// have some for good reasons.
pub fn is_invisible(c: char) -> bool {
    is_escaped(c)
        || matches!(
            c,
            '\u{a0}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}' | '\u{2000}'
                ..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{3164}' | '\u{ffa0}'
        )
}

/// What such a character is called, for people.
pub fn name_of_invisible(c: char) -> &'static str {
    match c {
        '\u{a0}' | '\u{202f}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{200c}' => "zero-width non-joiner",
        '\u{200d}' => "zero-width joiner",
        '\u{2060}' => "word joiner",
        '\u{feff}' => "byte-order mark",
        '\u{2028}' | '\u{2029}' => "line or paragraph separator",
        '\u{3000}' => "ideographic space",
        c if turns(c) => "mark that turns the direction of writing",
        c if c.is_control() => "control character",
        c if c.is_whitespace() => "unusual space",
        _ => "character without a shape",
    }
}

/// `text` with nothing in it that could steer a terminal, hide or turn what stands round it: such characters are shown as `<U+202E>`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) { out.push_str(&code_point(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Where byte `at` of `text` stands in what [`escaped`] makes of it.
pub(crate) fn escaped_at(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    let more: usize = before.chars().filter(|c| is_escaped(*c)).map(|c| code_point(c).len() - c.len_utf8()).sum();
    at + more
}

/// `U+202E` between angle brackets.
fn code_point(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// Characters that are never printed as they are. The joiners are: emoji and several scripts are written with them.
fn is_escaped(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        || turns(c)
        || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_is_shown_and_places_move_along() {
        let text = "a\u{202e}bé\u{200b}c";
        assert_eq!(escaped(text), "a<U+202E>bé<U+200B>c");
        let shown = escaped(text).into_owned();
        assert_eq!(shown.get(escaped_at(text, text.find('b').unwrap())..).and_then(|rest| rest.chars().next()), Some('b'));
        assert_eq!(escaped_at(text, text.len()), shown.len());
        assert!(matches!(escaped("👩\u{200d}💻 año\tx\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn letters_and_plain_spaces_are_seen() {
        assert!(!"héllo wörld-_1 日本語 👍".contains(is_invisible));
        for c in ['\u{a0}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{feff}', '\0'] {
            assert!(is_invisible(c) && !name_of_invisible(c).is_empty(), "{c:?}");
        }
    }
}

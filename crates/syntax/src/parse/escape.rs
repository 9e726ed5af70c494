//! Escapes of double-quoted texts: which there are, and where one stands that there is not.

use std::ops::Range;

use super::line::Line;

/// The first escape that means nothing in the double-quoted text at `start`, and the end of that text (its line's end if it has none).
pub(super) fn bad_escape(text: &str, start: usize) -> (Option<Range<usize>>, usize) {
    let mut bad = None;
    let mut characters = text.get(start + 1..).unwrap_or("").char_indices();
    while let Some((offset, c)) = characters.next() {
        let at = start + 1 + offset;
        match c {
            '"' => return (bad, at + 1),
            '\\' => match characters.next() {
                Some((_, next)) if bad.is_none() && !is_escape(next, characters.as_str()) => bad = Some(at..at + 1 + next.len_utf8()),
                Some(_) => {}
                None => break,
            },
            _ => {}
        }
    }
    (bad, Line::at(text, start).all.end)
}

/// True when `\` + `c`, before `rest`, is an escape of YAML.
fn is_escape(c: char, rest: &str) -> bool {
    let hex = |digits: usize| {
        let code =
            rest.get(..digits).filter(|hex| hex.chars().all(|c| c.is_ascii_hexdigit())).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        code.is_some_and(|code| char::from_u32(code).is_some())
    };
    match c {
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        _ => "0abt\tnvfre \"/\\N_LP\r\n".contains(c),
    }
}

/// True when the inside of a double-quoted text holds an escape that would change its meaning in single quotes.
pub(super) fn has_good_escape(inner: &str) -> bool {
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if c == '\\' && characters.next().is_some_and(|next| is_escape(next, characters.as_str())) {
            return true;
        }
    }
    false
}

//! Splitting a text into pieces within a limit, where a reader would pause.

use unicode_segmentation::UnicodeSegmentation;

/// A text's length as providers count it.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text in pieces of at most `limit` UTF-16 units (at least 2), cut at the last paragraph, line, sentence, word
/// or grapheme that fits, whichever comes first in this list. White space at a cut is not kept, all else is.
pub(super) fn split(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let window = fitting(rest, limit);
        if window == rest.len() {
            break;
        }
        let (piece, tail) = rest.split_at_checked(cut_in(rest, window)).expect("cuts are at character boundaries");
        if !piece.trim().is_empty() {
            pieces.push(without_end(piece).to_owned());
        }
        rest = without_start(tail);
    }
    if !rest.trim().is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

fn is_space(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

/// The text without white space before it. A space that carries a mark is none: without it the mark would go to what stands before.
fn without_start(text: &str) -> &str {
    let kept = text.grapheme_indices(true).find(|(_, grapheme)| !is_space(grapheme)).map_or(text.len(), |(at, _)| at);
    text.get(kept..).unwrap_or_default()
}

/// The text without white space behind it.
fn without_end(text: &str) -> &str {
    let kept = text.grapheme_indices(true).rfind(|(_, grapheme)| !is_space(grapheme)).map_or(0, |(at, grapheme)| at + grapheme.len());
    text.get(..kept).unwrap_or_default()
}

/// How many bytes of the text fit, whole graphemes; a grapheme that is itself too long is cut between characters.
fn fitting(text: &str, limit: usize) -> usize {
    let (mut bytes, mut units) = (0, 0);
    for grapheme in text.graphemes(true) {
        units += utf16_len(grapheme);
        if units > limit {
            break;
        }
        bytes += grapheme.len();
    }
    if bytes > 0 || text.is_empty() {
        return bytes;
    }
    units = 0;
    text.chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= limit
        })
        .map(char::len_utf8)
        .sum()
}

/// Where to cut a text of which `window` bytes fit.
fn cut_in(text: &str, window: usize) -> usize {
    let (head, tail) = text.split_at_checked(window).expect("the window ends at a character boundary");
    let graphemes: Vec<(usize, &str)> = head.grapheme_indices(true).collect();
    let whole = |at: &usize| *at == window || graphemes.binary_search_by_key(at, |(start, _)| *start).is_ok();
    // A pause very early would make a crumb of a message; a lower kind of pause is better then.
    let enough = (window / 4).max(1);
    let breaks = |grapheme: &str| grapheme.contains('\n');

    let paragraph = graphemes.windows(2).rev().find(|pair| breaks(pair[0].1) && breaks(pair[1].1)).map(|pair| pair[0].0);
    if let Some(at) = paragraph.filter(|at| *at >= enough) {
        return at;
    }
    let line = graphemes.iter().rev().find(|(_, grapheme)| breaks(grapheme)).map(|(at, _)| *at);
    if let Some(at) = line.filter(|at| *at >= enough) {
        return at;
    }
    let sentence = head.split_sentence_bound_indices().map(|(at, _)| at).filter(whole).last();
    if let Some(at) = sentence.filter(|at| *at >= enough) {
        return at;
    }
    if tail.starts_with(char::is_whitespace) {
        return window;
    }
    let first_word = head.find(|c: char| !c.is_whitespace()).unwrap_or(window);
    let space = graphemes.iter().rev().find(|(_, grapheme)| grapheme.chars().all(char::is_whitespace)).map(|(at, _)| *at);
    if let Some(at) = space.filter(|at| *at > first_word) {
        return at;
    }
    // Scripts without spaces still have words. A little of the tail tells whether the window ends with one.
    let ahead = text.get(..text.floor_char_boundary(window + 64)).unwrap_or(text);
    let word = ahead.split_word_bound_indices().map(|(at, _)| at).take_while(|at| *at <= window).filter(whole).last();
    word.filter(|at| *at >= enough).unwrap_or(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_preferred_in_order() {
        assert_eq!(split("One two.\n\nThree four. Five", 20), ["One two.", "Three four. Five"]);
        assert_eq!(split("One two. Three four five", 14), ["One two.", "Three four", "five"]);
        assert_eq!(split("see https://example.com/a/b/c", 26), ["see", "https://example.com/a/b/c"]);
        assert_eq!(split("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn a_space_with_a_mark_is_no_space() {
        assert_eq!(split("aaaa  \u{7eb}b", 6), ["aaaa", " \u{7eb}b"]);
        assert_eq!(split("aaaa \u{301} bbb", 7), ["aaaa \u{301}", "bbb"]);
    }

    #[test]
    fn a_grapheme_is_one() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(utf16_len(family), 11);
        assert_eq!(split(&family.repeat(3), 25), [family.repeat(2), family.to_owned()]);
        // A flood of combining marks is one grapheme that no limit could hold.
        let flood = format!("e{}", "\u{301}".repeat(50));
        let pieces = split(&flood, 20);
        assert!(pieces.iter().all(|piece| utf16_len(piece) <= 20));
        assert_eq!(pieces.concat(), flood);
    }
}

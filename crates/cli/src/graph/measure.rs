//! How wide text is when it is not known which font will draw it: rather too wide than too narrow.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The width of a text in units of its font size.
pub fn ems(text: &str) -> f64 {
    text.graphemes(true).map(grapheme).sum()
}

fn grapheme(grapheme: &str) -> f64 {
    match grapheme.as_bytes() {
        [byte] => match byte {
            b'i' | b'j' | b'l' | b'.' | b',' | b':' | b';' | b'\'' | b'|' | b'!' => 0.36,
            b'f' | b'r' | b't' | b'I' | b' ' | b'-' | b'(' | b')' | b'[' | b']' | b'"' => 0.46,
            b'm' | b'w' | b'M' | b'W' | b'@' | b'%' => 1.02,
            b'A'..=b'Z' | b'&' | b'#' | b'+' | b'=' | b'<' | b'>' | b'~' => 0.8,
            _ => 0.64,
        },
        // What a terminal shows two columns wide fills a square; a joined emoji may come apart into several.
        _ => match grapheme.width() {
            0 => 0.0,
            1 => 0.85,
            _ => 1.15 * (grapheme.chars().filter(|c| u32::from(*c) >= 0x1F000).count().max(1) as f64),
        },
    }
}

/// Breaks a text into at most `most` lines no wider than `wide` font sizes: at spaces, and within words that are too long. The
/// last line ends in … if not everything fits.
pub fn wrap(text: &str, wide: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut width = 0.0;
    let mut words = text.split_whitespace();
    let mut rest: Option<String> = None;
    while let Some(word) = rest.take().or_else(|| words.next().map(str::to_owned)) {
        let gap = if line.is_empty() { 0.0 } else { ems(" ") };
        let needed = ems(&word);
        if width + gap + needed <= wide {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
            width += gap + needed;
            continue;
        }
        if lines.len() + 1 == most {
            // No line is left: what still fits of the word, and a sign that there is more.
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
            lines.push(fitted(&line, wide));
            return lines;
        }
        if line.is_empty() {
            let (head, tail) = split(&word, wide);
            lines.push(head);
            rest = Some(tail).filter(|t| !t.is_empty());
        } else {
            lines.push(std::mem::take(&mut line));
            width = 0.0;
            rest = Some(word);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// As much of a word as fits, at least one grapheme, and what is left.
fn split(word: &str, wide: f64) -> (String, String) {
    let (mut head, mut width) = (String::new(), 0.0);
    let mut graphemes = word.graphemes(true);
    for g in graphemes.by_ref() {
        let next = grapheme(g);
        if width + next > wide && !head.is_empty() {
            return (head, format!("{g}{}", graphemes.as_str()));
        }
        width += next;
        head.push_str(g);
    }
    (head, String::new())
}

/// A line cut to a width, with … at its end.
fn fitted(line: &str, wide: f64) -> String {
    let (mut out, mut width) = (String::new(), ems("…"));
    for g in line.graphemes(true) {
        width += grapheme(g);
        if width > wide {
            break;
        }
        out.push_str(g);
    }
    format!("{}…", out.trim_end())
}

/// A text of at most so many characters, with … at its end if it was longer.
pub fn cut(text: &str, most: usize) -> String {
    let mut graphemes = text.graphemes(true);
    let head: String = graphemes.by_ref().take(most).collect();
    if graphemes.next().is_some() { format!("{}…", head.trim_end()) } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_never_wider_than_asked_and_nothing_is_lost_where_it_fits() {
        let text = "Hi there! What is your order number? Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch 注文番号は何ですか 👩‍👩‍👧";
        let lines = wrap(text, 12.0, 50);
        assert!(lines.iter().all(|l| ems(l) <= 12.0), "{lines:?}");
        let all: String = lines.concat().split_whitespace().collect();
        assert_eq!(all, text.split_whitespace().collect::<String>());
    }

    #[test]
    fn what_does_not_fit_says_so() {
        let lines = wrap("one two three four five six seven eight nine", 6.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && ems(&lines[1]) <= 6.0, "{lines:?}");
        assert_eq!(wrap("", 6.0, 2), Vec::<String>::new());
        assert_eq!(cut("abcdef", 3), "abc…");
        assert_eq!(cut("abc", 3), "abc");
    }
}

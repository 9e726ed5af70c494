//! The part of a message around the words that were looked for, with those words marked.
//!
//! Words are looked for in folded texts and shown in the text as it was written. So the text is folded letter by letter, a letter being
//! what marks and voicing signs after it belong to, and each folded byte knows its letter. A word that reaches over letters which only
//! together fold to something else is not marked; the message is found nevertheless.

use super::words::Words;
use crate::directory::folded;
use unicode_normalization::char::is_combining_mark;

/// How many letters are shown before the first word.
const BEFORE: usize = 40;
/// How many letters are shown, all told.
const SHOWN: usize = 180;

/// A piece of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it is one of the words, or part of one.
    pub hit: bool,
}

/// A text by its letters.
struct Letters<'t> {
    /// Each letter as it was written.
    written: Vec<&'t str>,
    /// All of them folded.
    folded: Vec<u8>,
    /// Which letter each folded byte belongs to.
    of: Vec<usize>,
}

/// Whether a character belongs to the letter before it.
fn joins(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{ad}')
}

impl<'t> Letters<'t> {
    fn of(text: &'t str) -> Self {
        let mut letters = Self { written: Vec::new(), folded: Vec::with_capacity(text.len()), of: Vec::with_capacity(text.len()) };
        let mut chars = text.char_indices().peekable();
        while let Some((start, first)) = chars.next() {
            while chars.next_if(|(_, c)| joins(*c)).is_some() {}
            let end = chars.peek().map_or(text.len(), |(at, _)| *at);
            letters.push(text.get(start..end).unwrap_or_default(), first);
        }
        letters
    }

    fn push(&mut self, written: &'t str, first: char) {
        let at = self.written.len();
        self.written.push(written);
        if first.is_whitespace() || first.is_control() {
            // Several of them are one space.
            if self.folded.last() != Some(&b' ') {
                self.folded.push(b' ');
            }
        } else if written.len() == 1 {
            self.folded.push(written.as_bytes().first().copied().unwrap_or(b' ').to_ascii_lowercase());
        } else {
            self.folded.extend_from_slice(folded(written).as_bytes());
        }
        self.of.resize(self.folded.len(), at);
    }

    /// Which letters are part of a word.
    fn hits(&self, words: &Words) -> Vec<bool> {
        let mut hits = vec![false; self.written.len()];
        for word in words.each() {
            let length = word.needle().len();
            let mut from = 0;
            while let Some(found) = self.folded.get(from..).and_then(|rest| word.find(rest)) {
                let (start, end) = (from + found, from + found + length);
                let letter = |byte: usize| self.of.get(byte).copied().unwrap_or(0);
                if let Some(part) = hits.get_mut(letter(start)..=letter(end - 1)) {
                    part.fill(true);
                }
                from = end;
            }
        }
        hits
    }
}

/// The part of a text around the first of the words, as pieces that are to be shown one after the other. What was cut off at an end is
/// an ellipsis; line breaks are spaces.
pub fn excerpt(text: &str, words: &Words) -> Vec<Piece> {
    let letters = Letters::of(text.trim());
    let hits = letters.hits(words);
    let first = hits.iter().position(|hit| *hit).unwrap_or(0);
    let mut start = first.saturating_sub(BEFORE);
    // Not in the middle of a word, if one begins soon.
    if start > 0 {
        let begins = |at: &usize| letters.written.get(*at).is_some_and(|letter| letter.trim().is_empty());
        start = (start..first).take(BEFORE / 2).find(begins).map_or(start, |space| space + 1);
    }
    let end = (start + SHOWN).min(letters.written.len());
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |text: &str, hit: bool| match pieces.last_mut() {
        Some(piece) if piece.hit == hit => piece.text.push_str(text),
        Some(_) | None => pieces.push(Piece { text: text.to_owned(), hit }),
    };
    if start > 0 {
        add("…", false);
    }
    let mut gap = false;
    for at in start..end {
        let (Some(letter), Some(hit)) = (letters.written.get(at), hits.get(at)) else { break };
        let blank = letter.chars().all(|c| c.is_whitespace() || c.is_control());
        if !(blank && gap) {
            add(if blank { " " } else { letter }, *hit);
        }
        gap = blank;
    }
    if end < letters.written.len() {
        add("…", false);
    }
    pieces
}

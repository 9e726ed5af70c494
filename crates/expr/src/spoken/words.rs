//! A text in words: numbers with what divides them, and everything else folded.

use model::fold;
use unicode_normalization::UnicodeNormalization;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Digits as written.
    Number(String),
    /// Folded letters, with inner apostrophes and dashes.
    Text(String),
    /// `.`, `/`, `-` or `:` between digits.
    Mark(char),
}

impl Word {
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(digits) if digits.len() <= 4 => digits.parse().ok(),
            Self::Number(_) | Self::Text(_) | Self::Mark(_) => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Mark(_) => None,
        }
    }
}

/// Divides a text. Digits of other scripts count as digits; a mark that is not between digits is left out.
pub(super) fn divide(text: &str) -> Vec<Word> {
    let folded: Vec<char> = fold(&text.nfkc().map(|c| crate::number::other_digit(c).unwrap_or(c)).collect::<String>()).chars().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(c) = folded.get(at).copied() {
        let digit = |at: usize| folded.get(at).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            let from = at;
            while digit(at) {
                at += 1;
            }
            words.push(Word::Number(folded.get(from..at).unwrap_or_default().iter().collect()));
            continue;
        }
        if c.is_alphabetic() {
            let from = at;
            let inner = |at: usize| {
                folded.get(at).is_some_and(|c| matches!(c, '\'' | '’' | '-' | '.')) && folded.get(at + 1).is_some_and(|c| c.is_alphabetic())
            };
            while folded.get(at).is_some_and(|c| c.is_alphabetic()) || inner(at) {
                at += 1;
            }
            let word: String = folded.get(from..at).unwrap_or_default().iter().filter(|c| **c != '.').collect();
            words.push(Word::Text(word.replace('’', "'")));
            continue;
        }
        if matches!(c, '.' | '/' | '-' | ':') && at > 0 && digit(at - 1) && digit(at + 1) {
            words.push(Word::Mark(c));
        }
        at += 1;
    }
    words
}

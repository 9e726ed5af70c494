//! The words somebody looks for: each must occur in the same message, in any order, anywhere.

use super::signature;
use crate::directory::{at_most, folded};
use memchr::memmem::Finder;

/// The longest text that is looked for, in bytes.
const LONGEST: usize = 400;
/// Words of it.
const WORDS: usize = 16;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Words {
    /// The longest first: it is the rarest, most likely.
    finders: Vec<Finder<'static>>,
    /// The pieces that a block must have ([`signature`]).
    pieces: Vec<u32>,
}

impl Words {
    /// Reads what was typed; none if there is nothing in it to look for.
    pub fn read(text: &str) -> Option<Self> {
        let text = folded(at_most(text, LONGEST * 4));
        let text = at_most(&text, LONGEST);
        let mut words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).take(WORDS).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        let mut pieces: Vec<u32> = words.iter().flat_map(|word| signature::pieces(word.as_bytes())).collect();
        pieces.sort_unstable();
        pieces.dedup();
        let finders: Vec<Finder<'static>> = words.iter().map(|word| Finder::new(word.as_bytes()).into_owned()).collect();
        (!finders.is_empty()).then_some(Self { finders, pieces })
    }

    /// Whether a folded text has all of them.
    pub fn are_in(&self, folded: &[u8]) -> bool {
        self.finders.iter().all(|word| word.find(folded).is_some())
    }

    /// The word to look for first.
    pub(super) fn first(&self) -> Option<&Finder<'static>> {
        self.finders.first()
    }

    /// Each word as it is looked for.
    pub(super) fn each(&self) -> impl Iterator<Item = &Finder<'static>> {
        self.finders.iter()
    }

    /// What a block's signature must have.
    pub(super) fn pieces(&self) -> &[u32] {
        &self.pieces
    }
}

//! The tree of a YAML file: nothing, texts, lists and maps, in source order, each with its place.
//!
//! There are no numbers and no booleans: a plain scalar is the characters that were typed, and the field that reads it decides what it is
//! (FL 3.7, 3.8). Keys are nodes as well, so that a key which is not a text is reported at its own place instead of spoiling the file.

use std::ops::Range;

use crate::source_map::SourceMap;
use crate::span::{Span, Spanned};

/// One value.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing was written after the colon or the dash (or `~` was). The word `null` is a text like any other.
    Null,
    /// A text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Spanned<Node>>),
    /// A map: entries in source order. Of a duplicate key, which is an error, only the first is kept.
    Map(Vec<Entry>),
}

/// One `key: value` of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key; a text in every map a bot needs, but that is the reader's to check.
    pub key: Spanned<Node>,
    /// The value.
    pub value: Spanned<Node>,
}

/// A text.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// As typed for plain scalars (`007`, `yes`, `+1206…`, `12:30`), decoded for quoted and block scalars; line folding applied.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where each part of `text` stands in the source.
    pub map: SourceMap,
}

/// How a text was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|` with the lines below.
    Literal,
    /// `>` with the lines below.
    Folded,
}

impl Style {
    /// True for `'…'` and `"…"`.
    pub fn is_quoted(self) -> bool {
        match self {
            Style::SingleQuoted | Style::DoubleQuoted => true,
            Style::Plain | Style::Literal | Style::Folded => false,
        }
    }
}

impl Spanned<Node> {
    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// The text with its style and map, if this is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Node::Scalar(scalar) => Some(scalar),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Spanned<Node>]> {
        match &self.value {
            Node::List(items) => Some(items),
            Node::Null | Node::Scalar(_) | Node::Map(_) => None,
        }
    }

    /// The entries, if this is a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.value {
            Node::Map(entries) => Some(entries),
            Node::Null | Node::Scalar(_) | Node::List(_) => None,
        }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Spanned<Node>> {
        self.as_map()?.iter().find(|entry| entry.key.as_text() == Some(key)).map(|entry| &entry.value)
    }

    /// How many values stand here, keys and this one included.
    pub fn count(&self) -> usize {
        1 + match &self.value {
            Node::Null | Node::Scalar(_) => 0,
            Node::List(items) => items.iter().map(Spanned::count).sum(),
            Node::Map(entries) => entries.iter().map(|entry| entry.key.count() + entry.value.count()).sum::<usize>(),
        }
    }

    /// True when nothing was written.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Node::Null)
    }

    /// Where bytes `range` of the text stand in the source: exact in plain, quoted and block texts, across line breaks and around escapes
    /// (an escape is where its character stands); the whole node where that cannot be said, and for nodes that are not texts.
    pub fn span_within(&self, range: Range<usize>) -> Span {
        self.as_scalar().and_then(|scalar| scalar.map.locate(self.span.file, range)).unwrap_or(self.span)
    }

    /// What to call it in a message: "a text", "a list", "a map", "nothing".
    pub fn kind_name(&self) -> &'static str {
        match &self.value {
            Node::Null => "nothing",
            Node::Scalar(_) => "a text",
            Node::List(_) => "a list",
            Node::Map(_) => "a map",
        }
    }
}

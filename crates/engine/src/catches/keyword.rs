//! `keyword: [my order]`: the whole message, or whole words in it with `{ contains: […] }`.

use super::{Catch, CatchKind, Signal};
use crate::blocks::{Key, Shape};
use crate::bot::reader::{At, Fields, Reader, one_or_many, one_with_commas};
use crate::bot::typed::What;
use crate::step::spoken;
use model::fold;
use syntax::Node;

/// How many words a drawing names.
const DRAWN: usize = 3;

pub(crate) struct Keyword;

#[derive(Debug)]
struct Words {
    whole: Vec<String>,
    contained: Vec<String>,
}

impl CatchKind for Keyword {
    fn summary(&self) -> &'static str {
        "the message is one of these words, or contains them"
    }
    fn shape(&self) -> Shape {
        const {
            Shape::OneOrMany(&Shape::Either(&[
                Shape::Text,
                Shape::Keys(&[Key::must("contains", Shape::OneOrMany(&Shape::Text), "whole words anywhere in the message")]),
            ]))
        }
    }
    fn key(&self) -> &'static str {
        "keyword"
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let mut words = Words { whole: Vec::new(), contained: Vec::new() };
        one_with_commas(value, "keyword", reader.out);
        for item in one_or_many(value) {
            match &item.value {
                Node::Map(_) => {
                    let mut fields = Fields::of(item, "a keyword", reader.out)?;
                    let contains = fields.need("contains", reader.out);
                    fields.finish(reader.out);
                    for word in contains.map(one_or_many).unwrap_or_default() {
                        words.contained.extend(folded(word, reader));
                    }
                }
                Node::Null | Node::Scalar(_) | Node::List(_) => {
                    words.whole.extend(folded(item, reader));
                    reader.may_be_typed(item, What::Keyword);
                }
            }
        }
        if words.whole.is_empty() && words.contained.is_empty() {
            reader.error("E0102", value.span, "keyword needs at least one word");
            return None;
        }
        Some(Box::new(words))
    }
}

fn folded(node: At<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let word = fold(reader.text(node, "a keyword")?);
    if word.is_empty() {
        reader.error("E0104", node.span, "a keyword cannot be empty");
        return None;
    }
    if word.starts_with('/') {
        reader.error("E0104", node.span, "a keyword cannot begin with /; write it as a command");
        return None;
    }
    Some(word)
}

/// Whether `words` stand in `text` as whole words.
fn contains_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, found)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

impl Catch for Words {
    fn catches(&self, _signal: &Signal) -> bool {
        false
    }
    fn keyword(&self, folded: &str) -> Option<(u8, usize)> {
        let said = spoken(folded);
        if let Some(word) = self.whole.iter().find(|w| spoken(w) == said) {
            return Some((0, word.len()));
        }
        self.contained.iter().filter(|w| contains_words(folded, w)).map(String::len).max().map(|length| (1, length))
    }
    fn spoken(&self) -> String {
        "a keyword".into()
    }
    fn known_by(&self) -> String {
        // Its first word: others are added behind it.
        let first = self.whole.iter().chain(&self.contained).next().map_or("", String::as_str);
        format!("keyword {first}")
    }
    fn drawn(&self) -> String {
        let mut words: Vec<&str> = self.whole.iter().chain(&self.contained).map(String::as_str).take(DRAWN + 1).collect();
        if words.len() > DRAWN {
            words[DRAWN] = "…";
        }
        format!("keyword {}", words.join(" / "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_only() {
        assert!(contains_words("where is my order?", "my order"));
        assert!(!contains_words("carton", "cart"));
        assert!(contains_words("cart, please", "cart"));
    }
}

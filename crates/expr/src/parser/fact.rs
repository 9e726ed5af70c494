//! Facts about the contact: segments, tags, skills, channels (`fact` of the grammar).

use super::{Parsed, Parser};
use crate::{
    Problem,
    ast::{Kind, Label, Node, Span},
    lexer::Tok,
};
use model::Duration;

impl Parser<'_> {
    /// A fact, if one begins here.
    pub(super) fn fact(&mut self) -> Parsed<Option<Node>> {
        let start = self.token.start;
        if self.token.tok != Tok::Word {
            return Ok(None);
        }
        let ahead = self.ahead();
        let next = |word: &str| self.token_is_word(&ahead, word);
        let kind = if self.is_word("in") && next("segment") {
            self.skip(2);
            Kind::InSegment(self.label("a segment's name after `in segment`")?)
        } else if self.is_word("has") && next("tag") {
            self.skip(2);
            let tag = self.label("a tag after `has tag`")?;
            let within = if self.is_word("added") && self.ahead_is_word("within") {
                self.skip(2);
                Some(self.past_duration()?)
            } else {
                None
            };
            Kind::HasTag { tag, within }
        } else if self.is_word("has") && (next("any") || next("all")) {
            let all = next("all");
            self.skip(2);
            self.need_word("tag", "after `has any` or `has all`")?;
            Kind::HasTags { all, tags: self.labels()? }
        } else if self.is_word("has") && next("channel") {
            self.skip(2);
            Kind::HasChannel(self.label("a channel's name after `has channel`")?)
        } else if self.is_word("has") && next("consent") {
            self.skip(2);
            Kind::HasConsent(self.label("a topic after `has consent`")?)
        } else if self.is_word("ran") && next("skill") {
            self.skip(2);
            let skill = self.label("a skill's name after `ran skill`")?;
            let within = if self.is_word("within") && !self.within_is_outside {
                self.bump();
                Some(self.past_duration()?)
            } else {
                None
            };
            Kind::RanSkill { skill, within }
        } else if self.is_word("reachable") && ahead.tok != Tok::Sym(".") {
            self.bump();
            Kind::Reachable(if self.eat_word("on") { Some(self.label("a channel's name after `reachable on`")?) } else { None })
        } else if self.is_word("notes") && next("contain") {
            self.skip(2);
            Kind::NotesContain(Box::new(self.sum()?))
        } else if self.is_word("sequence") && ahead.tok == Tok::Sym("(") {
            self.skip(2);
            self.sequence()?
        } else {
            return Ok(None);
        };
        self.node(kind, start).map(Some)
    }

    pub(super) fn skip(&mut self, tokens: usize) {
        for _ in 0..tokens {
            self.bump();
        }
    }

    /// A quoted text, or a slug that may hold dashes.
    pub(super) fn label(&mut self, expected: &str) -> Parsed<Label> {
        let start = self.token.start;
        if let Tok::Text(text) = &self.token.tok {
            let label = Label { text: text.clone(), span: Span::new(start, self.token.end) };
            if label.text.trim().is_empty() {
                let range = self.here();
                return self.fail(Problem::error("E0301", range, format!("expected {expected}, found an empty text")));
            }
            self.bump();
            return Ok(label);
        }
        let rest = self.src.get(start..).unwrap_or("");
        let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let text = rest.get(..len).unwrap_or("");
        // What begins with a dash is a slip, not a slug.
        if text.is_empty() || text.starts_with('-') {
            return self.unexpected(expected);
        }
        // The lexer may have found fault with what is a fine slug (`2nd-order`, `größe`).
        self.problems.retain(|p| p.range.start < start || p.range.end > start + len);
        self.token.end = start + len;
        self.token.tok = Tok::Word;
        self.bump();
        Ok(Label { text: text.to_owned(), span: Span::new(start, start + len) })
    }

    fn labels(&mut self) -> Parsed<Vec<Label>> {
        self.need_sym("[", "before the tags")?;
        let mut labels = vec![self.label("a tag")?];
        while self.eat_sym(",") {
            if self.is_sym("]") {
                break;
            }
            labels.push(self.label("a tag")?);
        }
        self.need_sym("]", "after the tags")?;
        Ok(labels)
    }

    /// `[ "last" ] DURATION`.
    pub(super) fn past_duration(&mut self) -> Parsed<Duration> {
        self.eat_word("last");
        self.need_duration()
    }

    pub(super) fn need_duration(&mut self) -> Parsed<Duration> {
        match self.duration()? {
            Some(duration) => Ok(duration),
            None => self.unexpected("a duration such as `2h`, `7 days` or `6 months`"),
        }
    }
}

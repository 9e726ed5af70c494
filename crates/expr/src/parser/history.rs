//! What is asked of recorded events: aggregates, windows and sequences.

use super::{Parsed, Parser};
use crate::{
    Problem,
    ast::{Agg, Aggregate, Kind, Label, Node, Sequence, Source, Span, Window},
    lexer::{Tok, Token},
};

impl Parser<'_> {
    /// An aggregate, if the present word and what follows its `(` are one.
    pub(super) fn aggregate(&mut self) -> Parsed<Option<Node>> {
        let Some(function) = Agg::ALL.into_iter().find(|a| self.is_word(a.name())) else { return Ok(None) };
        if !self.is_aggregate() {
            return Ok(None);
        }
        let start = self.token.start;
        self.skip(2);
        let outside = std::mem::replace(&mut self.within_is_outside, false);
        let source = self.source()?;
        self.within_is_outside = outside;
        let window = if self.eat_sym(",") { Some(self.window()?) } else { None };
        self.need_sym(")", "after what is counted")?;
        self.node(Kind::Aggregate(Box::new(Aggregate { function, source, window })), start).map(Some)
    }

    /// `min(a, b)` is a function, `min(purchase.total, last 30 days)` an aggregate.
    fn is_aggregate(&self) -> bool {
        let mut token = self.token_at(self.ahead().end);
        if !matches!(token.tok, Tok::Word | Tok::Text(_)) {
            return false;
        }
        loop {
            let after = self.token_at(token.end);
            match after.tok {
                Tok::Sym(".") => {
                    token = self.token_at(after.end);
                    if token.tok != Tok::Word {
                        return false;
                    }
                }
                Tok::Sym(")") => return true,
                Tok::Sym(",") => return self.starts_window(&self.token_at(after.end)),
                _ => return self.token_is_word(&after, "where"),
            }
        }
    }

    fn starts_window(&self, token: &Token) -> bool {
        let is = |word: &str| self.token_is_word(token, word);
        let after = self.token_at(token.end);
        let alone = matches!(after.tok, Tok::Sym(")")) || self.token_is_word(&after, "in");
        let unit = self.unit(&after).is_some();
        match () {
            () if is("last") => matches!(after.tok, Tok::Number(_) | Tok::Duration(_)) || unit,
            () if is("since") || is("between") => !matches!(after.tok, Tok::Sym(_)) || matches!(after.tok, Tok::Sym("(")),
            () if is("ever") || is("today") || is("yesterday") || is("tomorrow") => alone,
            () if is("this") || is("previous") || is("next") => unit,
            () => false,
        }
    }

    /// `source = ( NAME | STRING ) { "." NAME } [ "where" expr ]`.
    fn source(&mut self) -> Parsed<Source> {
        self.within_length()?;
        let span = Span::new(self.token.start, self.token.end);
        let event = match &self.token.tok {
            Tok::Text(name) => name.clone(),
            Tok::Word => self.text().to_owned(),
            _ => return self.unexpected("an event's name"),
        };
        self.bump();
        let mut fields = Vec::new();
        while self.eat_sym(".") {
            if self.token.tok != Tok::Word || fields.len() >= usize::from(super::MAX_DEPTH) {
                return self.unexpected("a field's name");
            }
            fields.push(self.text().to_owned());
            self.bump();
        }
        let filter = if self.eat_word("where") { Some(self.expr()?) } else { None };
        Ok(Source { event: Label { text: event, span }, fields, filter })
    }

    fn window(&mut self) -> Parsed<Window> {
        if self.is_word("last") {
            if self.unit(&self.ahead()).is_some() {
                return self.last_unit();
            }
            self.bump();
            let span = self.need_duration()?;
            return Ok(Window::Last(span, self.zone()?));
        }
        if self.eat_word("since") {
            return Ok(Window::Since(self.sum()?));
        }
        if self.eat_word("between") {
            let low = self.sum()?;
            self.need_word("and", "between the two limits")?;
            return Ok(Window::Between(low, self.sum()?));
        }
        if self.eat_word("ever") {
            return Ok(Window::Ever);
        }
        match self.calendar()? {
            Some(calendar) => Ok(Window::Calendar(calendar)),
            None => self.unexpected("a window such as `last 30 days`, `since 2026-01-01`, `this month` or `ever`"),
        }
    }

    /// What stands after `sequence (`.
    pub(super) fn sequence(&mut self) -> Parsed<Kind> {
        let outside = std::mem::replace(&mut self.within_is_outside, true);
        let first = self.source()?;
        self.need_word("then", "between the two events")?;
        let absent = self.is_word("no") && matches!(self.ahead().tok, Tok::Word | Tok::Text(_)) && !self.ahead_is_word("within");
        if absent {
            self.bump();
        }
        let second = self.source()?;
        self.within_is_outside = outside;
        if !self.is_word("within") {
            let range = self.here();
            return self
                .fail(Problem::error("E0301", range, "a sequence says how soon the second event follows").help("for example: within 2h"));
        }
        self.bump();
        let within = self.need_duration()?;
        let window = if self.eat_sym(",") { Some(self.window()?) } else { None };
        self.need_sym(")", "after the sequence")?;
        Ok(Kind::Sequence(Box::new(Sequence { first, absent, second, within, window })))
    }
}

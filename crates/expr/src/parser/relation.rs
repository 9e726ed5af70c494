//! A value and what is asked of it (`relation` and `test` of the grammar).

use super::{Parsed, Parser};
use crate::{
    Problem,
    ast::{Calendar, InForm, Kind, Node, Op, Regex, Span, Unit, When, Zone},
    lexer::{Tok, Token},
};

/// The longest pattern.
const MAX_PATTERN: usize = 1000;

impl Parser<'_> {
    /// `relation = sum [ test ]`, not associative.
    pub(super) fn relation(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let left = self.sum()?;
        let node = match self.test(left)? {
            Ok(kind) => self.node(kind, start)?,
            Err(value) => return Ok(value),
        };
        if self.is_comparison() {
            let problem = Problem::error("E0306", self.here(), "comparisons cannot be chained").help("write `a < b and b < c`");
            return self.fail(problem);
        }
        Ok(node)
    }

    /// What is asked of the value; the value itself if nothing is.
    fn test(&mut self, of: Node) -> Parsed<Result<Kind, Node>> {
        let of = Box::new(of);
        if self.is_comparison() {
            let op = match self.token.tok {
                Tok::Sym("=") => Op::Eq,
                Tok::Sym("!=") => Op::Ne,
                Tok::Sym("<") => Op::Lt,
                Tok::Sym("<=") => Op::Le,
                Tok::Sym(">") => Op::Gt,
                _ => Op::Ge,
            };
            self.bump();
            return Ok(Ok(Kind::Compare { op, left: of, right: Box::new(self.sum()?) }));
        }
        if self.token.tok != Tok::Word {
            return Ok(Err(*of));
        }
        if self.eat_word("is") {
            return self.is_test(of).map(Ok);
        }
        let ahead = self.ahead();
        let next = |word: &str| self.token_is_word(&ahead, word);
        let negated = self.is_word("not") && ["in", "contains", "starts", "ends", "matches", "between"].into_iter().any(next);
        if negated {
            self.bump();
        }
        let kind = if self.eat_word("in") {
            let form = if negated { InForm::NotIn } else { InForm::In };
            Kind::In { of, list: Box::new(self.list_or_path()?), form }
        } else if self.eat_word("contains") {
            Kind::Contains { of, part: Box::new(self.sum()?), negated }
        } else if self.is_word("starts") || self.is_word("ends") {
            let at_end = self.is_word("ends");
            self.bump();
            self.need_word("with", "after `starts` or `ends`")?;
            Kind::Affix { of, part: Box::new(self.sum()?), at_end, negated }
        } else if self.is_word("matches") {
            Kind::Matches { of, regex: self.regex()?, negated }
        } else if self.eat_word("between") {
            let low = Box::new(self.sum()?);
            self.need_word("and", "between the two limits")?;
            Kind::Between { of, low, high: Box::new(self.sum()?), negated }
        } else if self.is_word("within") && !self.within_is_outside {
            self.bump();
            let future = self.is_word("next");
            if future || self.is_word("last") {
                self.bump();
            }
            Kind::Within { of, span: self.need_duration()?, future }
        } else if self.eat_word("older") {
            self.need_word("than", "after `older`")?;
            Kind::OlderThan { of, span: self.need_duration()? }
        } else if self.is_word("changed") && self.ahead_is_word("within") {
            self.skip(2);
            Kind::Changed { of, span: self.past_duration()? }
        } else {
            return Ok(Err(*of));
        };
        Ok(Ok(kind))
    }

    /// What stands after `is`.
    fn is_test(&mut self, of: Box<Node>) -> Parsed<Kind> {
        let negated = self.is_word("not") && self.ahead_starts_operand();
        if negated {
            self.bump();
        }
        let plain = !matches!(self.ahead().tok, Tok::Sym("." | "(" | "["));
        if self.is_word("set") && plain {
            self.bump();
            return Ok(Kind::Set { of, negated });
        }
        if self.is_word("in") && self.ahead_starts_list() {
            self.bump();
            let form = if negated { InForm::IsNotIn } else { InForm::In };
            return Ok(Kind::In { of, list: Box::new(self.list_or_path()?), form });
        }
        if let Some(window) = self.calendar()? {
            return Ok(Kind::Calendar { of, window, negated });
        }
        let op = if negated { Op::IsNot } else { Op::Is };
        Ok(Kind::Compare { op, left: of, right: Box::new(self.sum()?) })
    }

    fn ahead_starts_list(&self) -> bool {
        let ahead = self.ahead();
        match ahead.tok {
            Tok::Sym(s) => s == "[",
            Tok::Word => !["and", "or"].into_iter().any(|w| self.token_is_word(&ahead, w)),
            _ => false,
        }
    }

    fn list_or_path(&mut self) -> Parsed<Node> {
        if self.is_sym("[") || self.token.tok == Tok::Word {
            let node = self.primary()?;
            if matches!(node.kind, Kind::List(_) | Kind::Path(_)) {
                return Ok(node);
            }
            let range = std::ops::Range::from(node.span);
            return self.fail(
                Problem::error("E0301", range, "after `in` stands a list or the name of one").help("for example: country in [US, CA]"),
            );
        }
        if self.is_sym("(") {
            let problem = Problem::error("E0301", self.here(), "a list stands in square brackets").help("for example: country in [US, CA]");
            return self.fail(problem);
        }
        self.unexpected("a list such as `[US, CA]`")
    }

    /// `today`, `previous month in contact zone`, if one stands here.
    pub(super) fn calendar(&mut self) -> Parsed<Option<Calendar>> {
        let ahead = self.ahead();
        if self.is_word("last") && self.unit(&ahead).is_some() {
            return self.last_unit();
        }
        let plain = !matches!(ahead.tok, Tok::Sym("." | "(" | "["));
        let when = if self.is_word("today") && plain {
            self.skip(1);
            When::Today
        } else if self.is_word("yesterday") && plain {
            self.skip(1);
            When::Yesterday
        } else if self.is_word("tomorrow") && plain {
            self.skip(1);
            When::Tomorrow
        } else if let Some(unit) = self.unit(&ahead) {
            let when = match () {
                () if self.is_word("this") => When::This(unit),
                () if self.is_word("previous") => When::Previous(unit),
                () if self.is_word("next") => When::Next(unit),
                () => return Ok(None),
            };
            self.skip(2);
            when
        } else {
            return Ok(None);
        };
        let start = self.token.start;
        let zone = self.zone()?;
        Ok(Some(Calendar { when, zone, zone_span: Span::new(start, self.last_end.max(start)) }))
    }

    pub(super) fn unit(&self, token: &Token) -> Option<Unit> {
        Unit::ALL.into_iter().find(|u| self.token_is_word(token, u.name()))
    }

    /// `last month`: is it the calendar's month or the past thirty days? (FL 6.4)
    pub(super) fn last_unit<T>(&mut self) -> Parsed<T> {
        let ahead = self.ahead();
        let unit = self.unit(&ahead).map_or("month", Unit::name);
        let range = self.token.start..ahead.end;
        self.fail(
            Problem::error("E0307", range, format!("`last {unit}` can be read in two ways"))
                .help(format!("write `previous {unit}` for the calendar's, or `within 1 {unit}` for the time up to now"))
                .suggest(format!("previous {unit}")),
        )
    }

    /// `zone = "in" ( "bot" | "contact" | STRING ) "zone"`.
    pub(super) fn zone(&mut self) -> Parsed<Option<Zone>> {
        if !self.is_word("in") {
            return Ok(None);
        }
        self.bump();
        let zone = match &self.token.tok {
            Tok::Text(name) => Zone::Named(name.clone()),
            _ if self.is_word("bot") => Zone::Bot,
            _ if self.is_word("contact") => Zone::Contact,
            _ => return self.unexpected("`bot`, `contact` or a time zone in quotes"),
        };
        self.bump();
        self.need_word("zone", "after the zone's name")?;
        Ok(Some(zone))
    }

    /// The pattern after `matches`, which is the present token.
    fn regex(&mut self) -> Parsed<Regex> {
        let rest = self.src.get(self.token.end..).unwrap_or("");
        let start = self.token.end + (rest.len() - rest.trim_start().len());
        let Some(body) = rest.trim_start().strip_prefix('/') else {
            self.bump();
            if let Tok::Text(text) = &self.token.tok {
                let suggestion = format!("/{}/", text.replace('/', "\\/"));
                let problem = Problem::error("E0309", self.here(), "a pattern stands between slashes, not in quotes").cure(suggestion);
                return self.fail(problem);
            }
            return self.unexpected("a pattern between slashes, such as `/^[A-Z]{2}[0-9]+$/`");
        };
        let mut pattern = String::new();
        let mut chars = body.char_indices();
        let closed = loop {
            match chars.next() {
                Some((at, '/')) => break Some(at),
                Some((_, '\\')) => match chars.next() {
                    Some((_, '/')) => pattern.push('/'),
                    Some((_, c)) => {
                        pattern.push('\\');
                        pattern.push(c);
                    }
                    None => break None,
                },
                Some((_, c)) => pattern.push(c),
                None => break None,
            }
        };
        let Some(len) = closed else {
            let range = start..self.src.len();
            return self.fail(Problem::error("E0303", range, "the pattern has no closing `/`"));
        };
        let mut end = start + 1 + len + 1;
        let ignore_case = self.src.get(end..).is_some_and(|r| {
            let mut chars = r.chars();
            chars.next() == Some('i') && !chars.next().is_some_and(char::is_alphanumeric)
        });
        if ignore_case {
            end += 1;
        }
        let span = Span::new(start, end);
        if pattern.len() > MAX_PATTERN || pattern.is_empty() {
            let message =
                if pattern.is_empty() { "the pattern is empty".to_owned() } else { format!("a pattern has at most {MAX_PATTERN} bytes") };
            return self.fail(Problem::error("E0309", span, message));
        }
        self.token.end = end;
        self.bump();
        Ok(Regex { pattern, ignore_case, span })
    }
}

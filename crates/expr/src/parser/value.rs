//! Values: arithmetic, filters, literals, lists, calls and paths (`sum` and below in the grammar).

use super::{Parsed, Parser};
use crate::{
    Problem,
    ast::{Arith, Kind, Label, Node, Path, Span, Step},
    lexer::{Tok, duration_of, lex},
};
use model::Duration;
use rust_decimal::prelude::ToPrimitive;

impl Parser<'_> {
    pub(super) fn sum(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let mut node = self.product()?;
        loop {
            let op = match self.token.tok {
                Tok::Sym("+") => Arith::Add,
                Tok::Sym("-") => Arith::Sub,
                Tok::Sym("~") => Arith::Join,
                _ => return Ok(node),
            };
            self.bump();
            let right = self.product()?;
            node = self.node(Kind::Arith { op, left: Box::new(node), right: Box::new(right) }, start)?;
        }
    }

    fn product(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let mut node = self.unary()?;
        loop {
            let op = match self.token.tok {
                Tok::Sym("*") => Arith::Mul,
                Tok::Sym("/") => Arith::Div,
                Tok::Sym("%") => Arith::Rem,
                _ => return Ok(node),
            };
            self.bump();
            let right = self.unary()?;
            node = self.node(Kind::Arith { op, left: Box::new(node), right: Box::new(right) }, start)?;
        }
    }

    fn unary(&mut self) -> Parsed<Node> {
        let mut starts = Vec::new();
        while self.is_sym("-") {
            starts.push(self.token.start);
            self.bump();
            if starts.len() > usize::from(super::MAX_DEPTH) {
                return self.too_deep(self.token.start);
            }
        }
        let mut node = self.filtered()?;
        for start in starts.into_iter().rev() {
            node = self.node(Kind::Negative(Box::new(node)), start)?;
        }
        Ok(node)
    }

    fn filtered(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let mut node = self.primary()?;
        while self.eat_sym("|") {
            let name = self.name("a filter's name after `|`")?;
            let args = if self.is_sym("(") { self.args()? } else { Vec::new() };
            node = self.node(Kind::Filter { of: Box::new(node), name, args }, start)?;
        }
        Ok(node)
    }

    fn name(&mut self, expected: &str) -> Parsed<Label> {
        if self.token.tok != Tok::Word {
            return self.unexpected(expected);
        }
        let label = Label { text: self.text().to_owned(), span: Span::new(self.token.start, self.token.end) };
        self.bump();
        Ok(label)
    }

    fn args(&mut self) -> Parsed<Vec<Node>> {
        self.need_sym("(", "before the arguments")?;
        let mut args = Vec::new();
        if self.eat_sym(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expr()?);
            if !self.eat_sym(",") {
                break;
            }
        }
        self.need_sym(")", "after the arguments")?;
        Ok(args)
    }

    pub(super) fn primary(&mut self) -> Parsed<Node> {
        self.within_length()?;
        let start = self.token.start;
        if let Some(duration) = self.duration()? {
            return self.node(Kind::Duration(duration), start);
        }
        let kind = match &self.token.tok {
            Tok::Text(text) => Kind::Text(text.clone()),
            Tok::Number(number) => Kind::Number(number.normalize()),
            Tok::Date(date) => Kind::Date(*date),
            Tok::Time(time) => Kind::Time(*time),
            Tok::Sym("(") => {
                self.bump();
                let mut node = self.unrestricted(Self::expr)?;
                self.need_sym(")", "after the expression in parentheses")?;
                node.span = Span::new(start, self.last_end);
                return Ok(node);
            }
            Tok::Sym("[") => return self.list(),
            Tok::Sym("{") => {
                let problem = Problem::error("E0301", self.here(), "`{` has no meaning inside an expression")
                    .help("names stand alone here, without `${ }` or `{{ }}`");
                return self.fail(problem);
            }
            Tok::Word => return self.word(),
            Tok::Sym(_) | Tok::Duration(_) | Tok::Bad | Tok::End => return self.unexpected("a value or a condition"),
        };
        self.bump();
        self.node(kind, start)
    }

    /// Reads with `within` meaning what it usually does.
    fn unrestricted<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let outside = std::mem::replace(&mut self.within_is_outside, false);
        let read = read(self);
        self.within_is_outside = outside;
        read
    }

    fn list(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        // A list is read without `expr`, so it counts its own way down.
        if self.depth >= super::MAX_DEPTH {
            return self.too_deep(start);
        }
        self.depth += 1;
        self.need_sym("[", "before the list")?;
        let mut items = Vec::new();
        while !self.is_sym("]") {
            items.push(self.sum()?);
            if !self.eat_sym(",") {
                break;
            }
        }
        self.need_sym("]", "or `,` in the list")?;
        self.depth -= 1;
        self.node(Kind::List(items), start)
    }

    /// `1h30m`, `6 months`, `1 year 6 months 3d`.
    pub(super) fn duration(&mut self) -> Parsed<Option<Duration>> {
        let start = self.token.start;
        let mut total: Option<Duration> = None;
        loop {
            let piece = match &self.token.tok {
                Tok::Duration(piece) => {
                    let piece = *piece;
                    self.bump();
                    piece
                }
                Tok::Number(number) => {
                    let ahead = self.ahead();
                    let unit = if ahead.tok == Tok::Word { self.slice(&ahead) } else { "" };
                    if duration_of(0, unit).is_none() {
                        break;
                    }
                    let range = start..ahead.end;
                    let piece = if number.fract().is_zero() { number.to_i64().and_then(|count| duration_of(count, unit)) } else { None };
                    let Some(piece) = piece else {
                        return self.fail(
                            Problem::error("E0304", range, "a duration is a whole number of units, and not longer than history")
                                .help("for example 90 minutes instead of 1.5 hours"),
                        );
                    };
                    self.skip(2);
                    piece
                }
                _ => break,
            };
            let sum = total.unwrap_or_default();
            total = match (sum.months.checked_add(piece.months), sum.micros.checked_add(piece.micros)) {
                (Some(months), Some(micros)) => Some(Duration { months, micros }),
                _ => return self.fail(Problem::error("E0304", start..self.last_end, "the duration is too long")),
            };
        }
        // Longer than the calendar reaches, a duration could only overflow.
        if total.is_some_and(|d| d.months > 120_000 || d.micros > 315_360_000_000_000_000) {
            return self.fail(Problem::error("E0304", start..self.last_end, "the duration is longer than ten thousand years"));
        }
        Ok(total)
    }

    /// The whole text as one duration.
    pub fn whole_duration(&mut self) -> Option<Duration> {
        let read = self.duration().ok().flatten();
        read.filter(|_| matches!(self.token.tok, Tok::End))
    }

    fn word(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let ahead = self.ahead();
        if self.is_word("last") && self.unit(&ahead).is_some() {
            return self.last_unit();
        }
        if ahead.tok == Tok::Sym("(") {
            if let Some(aggregate) = self.aggregate()? {
                return Ok(aggregate);
            }
            let name = self.name("a function's name")?;
            let args = self.unrestricted(Self::args)?;
            return self.node(Kind::Call { name, args }, start);
        }
        let head = self.text().to_owned();
        self.bump();
        let mut steps = Vec::new();
        loop {
            if self.eat_sym(".") {
                steps.push(Step::Field(self.name("a name after the dot")?.text));
            } else if self.is_sym("[") && self.token.start == self.last_end {
                self.bump();
                steps.push(match &self.token.tok {
                    Tok::Number(n) if n.fract().is_zero() && n.to_u32().is_some() => Step::Index(n.to_u32().unwrap_or(0)),
                    Tok::Text(key) => Step::Key(key.clone()),
                    _ => return self.unexpected("a position (0 is the first) or a name in quotes"),
                });
                self.bump();
                self.need_sym("]", "after the position")?;
            } else {
                break;
            }
            if steps.len() > usize::from(super::MAX_DEPTH) {
                return self.too_deep(start);
            }
        }
        self.node(Kind::Path(Path { head, steps }), start)
    }

    /// The token that begins at or after a byte; for looking far ahead.
    pub(super) fn token_at(&self, pos: usize) -> crate::lexer::Token {
        lex(self.src, pos)
    }
}

//! From text to syntax tree, by recursive descent over the grammar of FL 6.
//!
//! Every way down is counted: text nested deeper than [`MAX_DEPTH`] is refused before it can grow the stack.

mod fact;
mod history;
mod relation;
mod value;

use crate::{
    Problem,
    ast::{Kind, Node, Span},
    lexer::{Tok, Token, lex},
};
use std::ops::Range;

/// How deeply parts may be nested.
pub const MAX_DEPTH: u16 = 64;
/// How many conditions one expression may hold.
pub const MAX_LEAVES: usize = 250;
/// How long one expression may be, in bytes.
pub const MAX_BYTES: usize = 4096;

/// Reading stopped; the problem has been noted.
#[derive(Debug)]
pub struct Stop;

pub type Parsed<T> = Result<T, Stop>;

pub struct Parser<'s> {
    src: &'s str,
    start: usize,
    token: Token,
    last_end: usize,
    depth: u16,
    /// In the `where` of a sequence `within` belongs to the sequence.
    within_is_outside: bool,
    pub problems: Vec<Problem>,
}

/// Reads a whole text as one expression.
///
/// # Errors
/// Every problem found.
pub fn parse(src: &str) -> Result<Node, Vec<Problem>> {
    if src.len() > MAX_BYTES {
        return Err(vec![too_long(char_floor(src, MAX_BYTES)..src.len())]);
    }
    let mut parser = Parser::at(src, 0);
    let node = parser.whole().and_then(|node| parser.expect_end(None).map(|()| node));
    match node {
        Ok(node) if parser.problems.is_empty() => Ok(node),
        Ok(_) | Err(Stop) => Err(parser.problems),
    }
}

fn too_long(range: Range<usize>) -> Problem {
    Problem::error("E0302", range, format!("an expression has at most {MAX_BYTES} bytes"))
        .help("split it: move parts into segments or variables")
}

/// How many conditions are joined by `and`, `or` and `not`.
fn leaves(node: &Node) -> usize {
    match &node.kind {
        Kind::Any(parts) | Kind::All(parts) => parts.iter().map(leaves).sum(),
        Kind::Not(of) => leaves(of),
        _ => 1,
    }
}

/// The last character boundary at or before a byte.
pub fn char_floor(src: &str, mut at: usize) -> usize {
    while !src.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl<'s> Parser<'s> {
    /// A parser whose first token is at a byte.
    pub fn at(src: &'s str, start: usize) -> Self {
        let mut parser = Self {
            src,
            start,
            token: Token { tok: Tok::End, start, end: start, problem: None },
            last_end: start,
            depth: 0,
            within_is_outside: false,
            problems: Vec::new(),
        };
        parser.bump();
        parser.last_end = start;
        parser
    }

    /// Reads the expression inside `${…}`; answers it and the byte after the `}`.
    pub fn braced(&mut self) -> Parsed<(Node, usize)> {
        if self.is_sym("}") {
            let range = self.start..self.token.start;
            return self.fail(
                Problem::error("E0300", range, "there is nothing between `${` and `}`")
                    .help("write the name of a value, for example ${first_name}"),
            );
        }
        let node = self.whole()?;
        self.expect_end(Some("}"))?;
        Ok((node, self.token.end))
    }

    fn bump(&mut self) {
        self.last_end = self.token.end;
        self.token = lex(self.src, self.token.end);
        if let Some(problem) = self.token.problem.take() {
            self.problems.push(*problem);
        }
    }

    /// The token after the present one.
    fn ahead(&self) -> Token {
        lex(self.src, self.token.end)
    }

    fn slice(&self, token: &Token) -> &'s str {
        self.src.get(token.start..token.end).unwrap_or("")
    }

    /// The text of the present token.
    fn text(&self) -> &'s str {
        self.slice(&self.token)
    }

    fn is_sym(&self, symbol: &str) -> bool {
        matches!(self.token.tok, Tok::Sym(s) if s == symbol)
    }

    fn token_is_word(&self, token: &Token, word: &str) -> bool {
        token.tok == Tok::Word && self.slice(token).eq_ignore_ascii_case(word)
    }

    fn is_word(&self, word: &str) -> bool {
        self.token_is_word(&self.token, word)
    }

    fn ahead_is_word(&self, word: &str) -> bool {
        self.token_is_word(&self.ahead(), word)
    }

    fn eat_sym(&mut self, symbol: &str) -> bool {
        let here = self.is_sym(symbol);
        if here {
            self.bump();
        }
        here
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let here = self.is_word(word);
        if here {
            self.bump();
        }
        here
    }

    fn need_sym(&mut self, symbol: &'static str, after: &str) -> Parsed<()> {
        if self.eat_sym(symbol) { Ok(()) } else { self.unexpected(&format!("`{symbol}` {after}")) }
    }

    fn need_word(&mut self, word: &str, after: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { self.unexpected(&format!("`{word}` {after}")) }
    }

    fn fail<T>(&mut self, problem: Problem) -> Parsed<T> {
        self.problems.push(problem);
        Err(Stop)
    }

    fn here(&self) -> Range<usize> {
        self.token.start..self.token.end
    }

    /// Stops at the present token, where something else was expected.
    fn unexpected<T>(&mut self, expected: &str) -> Parsed<T> {
        if self.token.tok == Tok::Bad {
            // The lexer has told already.
            return Err(Stop);
        }
        let problem = match self.token.tok {
            Tok::End if self.last_end == self.start => {
                Problem::error("E0300", self.start..self.src.len(), format!("there is nothing here; expected {expected}"))
            }
            Tok::End => {
                Problem::error("E0301", self.last_end..self.src.len(), format!("the expression ends here, but {expected} is expected"))
            }
            _ => Problem::error("E0301", self.here(), format!("expected {expected}, found `{}`", self.text())),
        };
        self.fail(problem)
    }

    fn expect_end(&mut self, closing: Option<&'static str>) -> Parsed<()> {
        let at_end = match closing {
            Some(symbol) => self.is_sym(symbol),
            None => self.token.tok == Tok::End,
        };
        if at_end {
            return Ok(());
        }
        if self.token.tok == Tok::Bad {
            return Err(Stop);
        }
        if closing.is_some() && self.token.tok == Tok::End {
            let range = self.last_end..self.src.len();
            return self.fail(Problem::error("E0340", range, "the `}` that closes `${` is missing"));
        }
        if self.is_sym(")") || self.is_sym("]") {
            let problem = Problem::error("E0301", self.here(), format!("`{}` closes nothing", self.text())).suggest("");
            return self.fail(problem);
        }
        if self.is_comparison() {
            let problem = Problem::error("E0306", self.here(), "comparisons cannot be chained").help("write `a < b and b < c`");
            return self.fail(problem);
        }
        let problem = Problem::error("E0301", self.here(), format!("`{}` is not expected here", self.text()))
            .help("join conditions with `and` or `or`; put texts of several words in quotes");
        self.fail(problem)
    }

    fn is_comparison(&self) -> bool {
        matches!(self.token.tok, Tok::Sym("=" | "!=" | "<" | "<=" | ">" | ">="))
    }

    /// A finished node that began at a byte and ends with the token before the present one.
    fn node(&mut self, kind: Kind, start: usize) -> Parsed<Node> {
        let node = Node::new(kind, Span::new(start, self.last_end));
        if node.depth > MAX_DEPTH {
            return self.too_deep(start);
        }
        Ok(node)
    }

    fn too_deep<T>(&mut self, start: usize) -> Parsed<T> {
        let range = start..self.token.end.max(start);
        self.fail(
            Problem::error("E0302", range, format!("the expression is nested more than {MAX_DEPTH} deep"))
                .help("move a part into a segment or a variable of its own"),
        )
    }

    /// Refuses a `${…}` that is too long as soon as it is.
    fn within_length(&mut self) -> Parsed<()> {
        if self.token.end - self.start > MAX_BYTES {
            return self.fail(too_long(self.here()));
        }
        Ok(())
    }

    /// An expression with no more conditions than allowed.
    fn whole(&mut self) -> Parsed<Node> {
        let node = self.expr()?;
        if leaves(&node) > MAX_LEAVES {
            let problem = Problem::error("E0302", node.span, format!("an expression has at most {MAX_LEAVES} conditions"))
                .help("move some of them into a segment of its own");
            return self.fail(problem);
        }
        Ok(node)
    }

    /// `expr = and { "or" and }`.
    pub fn expr(&mut self) -> Parsed<Node> {
        if self.depth >= MAX_DEPTH {
            return self.too_deep(self.token.start);
        }
        self.depth += 1;
        let start = self.token.start;
        let mut parts = vec![self.conjunction()?];
        while self.eat_word("or") {
            parts.push(self.conjunction()?);
        }
        self.depth -= 1;
        self.joined(parts, Kind::Any, start)
    }

    fn conjunction(&mut self) -> Parsed<Node> {
        let start = self.token.start;
        let mut parts = vec![self.negation()?];
        while self.eat_word("and") {
            parts.push(self.negation()?);
        }
        self.joined(parts, Kind::All, start)
    }

    fn joined(&mut self, mut parts: Vec<Node>, kind: fn(Vec<Node>) -> Kind, start: usize) -> Parsed<Node> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                self.node(kind(parts), start)
            }
            None => unreachable!("there is always a first part"),
        }
    }

    /// `not`s are counted, not descended into.
    fn negation(&mut self) -> Parsed<Node> {
        let mut starts = Vec::new();
        while self.is_word("not") && self.ahead_starts_operand() {
            starts.push(self.token.start);
            self.bump();
            if starts.len() > usize::from(MAX_DEPTH) {
                return self.too_deep(self.token.start);
            }
        }
        let mut node = self.relation_or_fact()?;
        for start in starts.into_iter().rev() {
            node = self.node(Kind::Not(Box::new(node)), start)?;
        }
        Ok(node)
    }

    fn ahead_starts_operand(&self) -> bool {
        match self.ahead().tok {
            Tok::Word | Tok::Number(_) | Tok::Text(_) | Tok::Date(_) | Tok::Time(_) | Tok::Duration(_) | Tok::Bad => true,
            Tok::Sym(s) => matches!(s, "(" | "[" | "-"),
            Tok::End => true,
        }
    }

    fn relation_or_fact(&mut self) -> Parsed<Node> {
        match self.fact()? {
            Some(fact) => Ok(fact),
            None => self.relation(),
        }
    }
}

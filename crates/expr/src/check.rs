//! From syntax tree to resolved tree: names are bound, types compared, every error told (FL 6.2–6.5, 6.7).
//!
//! A part with an error is left out and reading goes on beside it, so that a designer sees all errors at once.

mod facts;
mod history;
mod names;
mod relations;
mod spelling;
mod values;

use crate::{
    Missing, Place, Problem, Read, ReadOf, References, Scope, Type,
    ast::{Kind, Node},
    code::{Cond, Leaf, Test, Val},
};

pub struct Checker<'c> {
    scope: &'c dyn Scope,
    /// The source, for looking at how something was written.
    src: &'c str,
    pub problems: Vec<Problem>,
    pub references: References,
    /// Every place where a name is read.
    pub reads: Vec<Read>,
    /// How a missing value would be met at the place that is checked.
    missing: Missing,
    /// Whether the `where` of an aggregate or a sequence is checked: a bare name is a field of the event at hand.
    in_where: bool,
}

/// A checked value.
pub struct Typed {
    pub ty: Type,
    pub val: Val,
}

impl Typed {
    fn new(ty: Type, val: Val) -> Self {
        Self { ty, val }
    }
}

impl<'c> Checker<'c> {
    pub fn new(src: &'c str, scope: &'c dyn Scope) -> Self {
        Self {
            scope,
            src,
            problems: Vec::new(),
            references: References::default(),
            reads: Vec::new(),
            missing: Missing::Shows,
            in_where: false,
        }
    }

    fn report<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Where the part that is checked stands.
    fn place(&self) -> Place {
        if self.in_where { Place::Event } else { self.scope.place() }
    }

    /// Checks a part in which a missing value is met differently.
    fn with<T>(&mut self, missing: Missing, check: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.missing;
        // What is provided for once is provided for in all its parts.
        self.missing = if before == Missing::Handled { before } else { missing };
        let checked = check(self);
        self.missing = before;
        checked
    }

    /// Notes that a name is read; `node` is looked at once, however often it is checked.
    fn reads(&mut self, name: &str, of: ReadOf, node: &Node) {
        let read = Read { name: name.to_owned(), of, how: self.missing, range: node.span.into() };
        if !self.reads.iter().rev().take(8).any(|known| known.name == read.name && known.range == read.range) {
            self.reads.push(read);
        }
    }

    /// Whether anything reported makes the text unusable.
    pub fn failed(&self) -> bool {
        self.problems.iter().any(|p| !p.warning)
    }

    fn written(&self, node: &Node) -> &'c str {
        self.src.get(std::ops::Range::from(node.span)).unwrap_or("")
    }

    /// A node where a condition is wanted.
    pub fn cond(&mut self, node: &Node) -> Option<Cond> {
        self.with(Missing::Unknown, |checker| checker.condition(node))
    }

    fn condition(&mut self, node: &Node) -> Option<Cond> {
        match &node.kind {
            Kind::Any(parts) => self.parts(parts).map(Cond::Any),
            Kind::All(parts) => self.parts(parts).map(Cond::All),
            Kind::Not(of) => self.cond(of).map(|of| Cond::Not(Box::new(of))),
            Kind::InSegment(_)
            | Kind::HasTag { .. }
            | Kind::HasTags { .. }
            | Kind::RanSkill { .. }
            | Kind::HasChannel(_)
            | Kind::HasConsent(_)
            | Kind::Reachable(_)
            | Kind::NotesContain(_)
            | Kind::Sequence(_) => self.fact(node).map(|test| leaf(node, test)),
            Kind::In { of, list, form } => self.in_list(node, of, list, *form),
            Kind::Compare { .. }
            | Kind::Set { .. }
            | Kind::Contains { .. }
            | Kind::Affix { .. }
            | Kind::Matches { .. }
            | Kind::Between { .. }
            | Kind::Calendar { .. }
            | Kind::Within { .. }
            | Kind::OlderThan { .. }
            | Kind::Changed { .. } => self.relation(node).map(|test| leaf(node, test)),
            Kind::Text(_)
            | Kind::Number(_)
            | Kind::Date(_)
            | Kind::Time(_)
            | Kind::Duration(_)
            | Kind::List(_)
            | Kind::Path(_)
            | Kind::Negative(_)
            | Kind::Arith { .. }
            | Kind::Call { .. }
            | Kind::Filter { .. }
            | Kind::Aggregate(_) => {
                let Typed { ty, val } = self.value(node)?;
                if !matches!(ty, Type::Bool | Type::Unknown) {
                    let written = self.written(node);
                    let problem = Problem::error("E0322", node.span, format!("`{written}` is {}, not a condition", a(&ty)));
                    return self.report(problem.help(format!("ask something of it, for example `{written} is set`")));
                }
                if let Val::Truth(cond) = val {
                    return Some(*cond);
                }
                Some(leaf(node, Test::Value(val)))
            }
        }
    }

    fn parts(&mut self, parts: &[Node]) -> Option<Box<[Cond]>> {
        let checked: Vec<Option<Cond>> = parts.iter().map(|part| self.cond(part)).collect();
        checked.into_iter().collect()
    }
}

fn leaf(node: &Node, test: Test) -> Cond {
    let moves = !crate::plan::never_moves(&test);
    Cond::Leaf(Box::new(Leaf { text: node.to_string().into_boxed_str(), test, moves }))
}

/// A type with its article.
fn a(ty: &Type) -> String {
    match ty {
        Type::Enum(_) => "an enum".to_owned(),
        Type::Bool => "true or false".to_owned(),
        Type::Unknown => "a value".to_owned(),
        Type::Money => "an amount of money".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Phone => "a phone number".to_owned(),
        Type::Email => "an e-mail address".to_owned(),
        Type::Url => "a web address".to_owned(),
        Type::Number
        | Type::Date
        | Type::Time
        | Type::DateTime
        | Type::Duration
        | Type::List
        | Type::Record
        | Type::Status
        | Type::Channel
        | Type::Language
        | Type::Country => format!("a {}", ty.name()),
    }
}

//! Prose with `${…}` in it (FL 3.8).

use crate::{
    EvalError, Facts, Fuel, Problem, References, Scope, Type,
    check::{Checker, Typed},
    code::Val,
    eval::Eval,
    parser::{self, Parser},
};
use model::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// The longest prose, in bytes.
const MAX_BYTES: usize = 65_536;

/// A checked template. Cheap to clone. What a value holds is never read as a template again.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    source: Box<str>,
    parts: Vec<Part>,
    references: References,
}

enum Part {
    Text(String),
    Value { ty: Type, code: Val },
}

impl Template {
    /// Reads prose. Warnings come with it.
    ///
    /// # Errors
    /// Every problem found, warnings included; at least one is an error.
    pub fn parse(src: &str, scope: &dyn Scope) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        if src.len() > MAX_BYTES {
            let range = parser::char_floor(src, MAX_BYTES)..src.len();
            return Err(vec![Problem::error("E0302", range, format!("a text has at most {MAX_BYTES} bytes"))]);
        }
        let mut checker = Checker::new(src, scope);
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(rest) = src.get(at..).filter(|r| !r.is_empty()) {
            if rest.starts_with("$${") {
                text.push_str("${");
                at += 3;
            } else if rest.starts_with("${") {
                let Some(closing) = rest.find('}') else {
                    let problem = Problem::error("E0340", at..at + 2, "the `}` that closes `${` is missing")
                        .help("to print `${` itself, write `$${`");
                    checker.problems.push(problem);
                    break;
                };
                let mut parser = Parser::at(src, at + 2);
                let read = parser.braced();
                checker.problems.append(&mut parser.problems);
                match read {
                    Ok((node, end)) => {
                        at = end;
                        if let Some(Typed { ty, val: code }) = checker.value(&node) {
                            if !text.is_empty() {
                                parts.push(Part::Text(std::mem::take(&mut text)));
                            }
                            parts.push(Part::Value { ty, code });
                        }
                    }
                    Err(parser::Stop) => at += closing + 1,
                }
            } else {
                if rest.starts_with("{{") {
                    foreign_braces(rest, at, &mut checker.problems);
                }
                let len = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '$' | '{')).map_or(rest.len(), |(i, _)| i);
                text.push_str(rest.get(..len).unwrap_or(rest));
                at += len;
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        if checker.failed() {
            return Err(checker.problems);
        }
        let Checker { problems, references, .. } = checker;
        Ok((Self(Arc::new(Inner { source: src.into(), parts, references })), problems))
    }

    /// The prose with every `${…}` filled in; a missing value is empty.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn render(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<String, EvalError> {
        let mut out = String::new();
        for part in &self.0.parts {
            let piece = match part {
                Part::Text(text) => Cow::Borrowed(text.as_str()),
                Part::Value { code, .. } => match (Eval { facts, fuel }).value(code)? {
                    Some(value) => Cow::Owned(crate::render(&value, facts.contact_zone())),
                    None => continue,
                },
            };
            fuel.spend(piece.len() as u64)?;
            out.push_str(&piece);
        }
        Ok(out)
    }

    /// The typed value if the whole prose is one `${…}` (missing if that is), else the rendered text (FL 7.2).
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn value(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<Option<Value>, EvalError> {
        match self.0.parts.as_slice() {
            [Part::Value { code, .. }] => Ok(Eval { facts, fuel }.value(code)?.map(Cow::into_owned)),
            _ => self.render(facts, fuel).map(|text| Some(Value::Text(text))),
        }
    }

    /// Whether the whole prose is one `${…}`.
    pub fn is_single_expression(&self) -> bool {
        matches!(self.0.parts.as_slice(), [Part::Value { .. }])
    }

    /// The type of [`Self::value`], as far as it is known.
    pub fn ty(&self) -> Type {
        match self.0.parts.as_slice() {
            [Part::Value { ty, .. }] => ty.clone(),
            _ => Type::Text,
        }
    }

    /// The text if there is no `${…}` at all, `$${` resolved.
    pub fn literal(&self) -> Option<&str> {
        match self.0.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What it refers to.
    pub fn references(&self) -> References {
        self.0.references.clone()
    }
}

/// `{{name}}` is printed as it stands, which hardly anybody wants.
fn foreign_braces(rest: &str, at: usize, problems: &mut Vec<Problem>) {
    let Some((inside, _)) = rest.strip_prefix("{{").and_then(|r| r.split_once("}}")) else { return };
    let inside = inside.trim();
    if inside.is_empty() || inside.len() > 200 || inside.contains(['{', '}', '\n']) || parser::parse(inside).is_err() {
        return;
    }
    let end = at + rest.find("}}").map_or(rest.len(), |i| i + 2);
    problems.push(
        Problem::warning("W0301", at..end, "`{{ }}` is printed as it stands; values are written `${…}`").suggest(format!("${{{inside}}}")),
    );
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.0.source)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

//! Prose with `${…}` in it (FL 3.8).

use crate::{
    EvalError, Facts, Fuel, Missing, Problem, Read, References, Scope, Type,
    check::{Checker, Typed},
    code::Val,
    eval::Eval,
    parser::{self, Parser},
};
use model::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// The longest prose, in bytes.
const MAX_BYTES: usize = 65_536;

/// A checked template, perhaps with its translations. Cheap to clone. What a value holds is never read as a
/// template again.
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
    /// The same prose in other languages: tag and template (FL 3.12).
    languages: Option<Arc<Languages>>,
}

/// Language tags, each with what the prose is in that language.
type Languages = [(Box<str>, Template)];

struct Inner {
    source: Box<str>,
    parts: Vec<Part>,
    references: References,
    reads: Box<[Read]>,
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
                } else if !src.get(..at).is_some_and(|before| before.ends_with('{')) {
                    single_braces(rest, at, &mut checker);
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
        let Checker { problems, references, mut reads, .. } = checker;
        if let [Part::Value { code: Val::Variable(_) | Val::Attribute(_) | Val::System(_), .. }] = parts.as_slice() {
            reads.iter_mut().for_each(|read| read.how = Missing::Alone);
        }
        let inner = Inner { source: src.into(), parts, references, reads: reads.into() };
        Ok((Self { inner: Arc::new(inner), languages: None }, problems))
    }

    /// The same template with its translations: language tags and templates, each tag once (FL 3.12).
    #[must_use]
    pub fn with_languages(mut self, languages: Vec<(String, Self)>) -> Self {
        self.languages = (!languages.is_empty()).then(|| languages.into_iter().map(|(tag, said)| (tag.into_boxed_str(), said)).collect());
        self
    }

    /// Whether there is any translation.
    pub fn is_translated(&self) -> bool {
        self.languages.is_some()
    }

    /// The template in a language: its own translation, that of the language without its region, or the original.
    pub fn in_language(&self, tag: &str) -> &Self {
        let Some(languages) = &self.languages else { return self };
        let of = |wanted: &str| languages.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted)).map(|(_, said)| said);
        of(tag).or_else(|| of(tag.split(['-', '_']).next().unwrap_or(tag))).unwrap_or(self)
    }

    /// The original and every translation, in the order they were given.
    pub fn in_every_language(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.languages.iter().flat_map(|all| all.iter().map(|(_, said)| said)))
    }

    /// The prose with every `${…}` filled in; a missing value is empty.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn render(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<String, EvalError> {
        let mut out = String::new();
        for part in &self.inner.parts {
            let piece = match part {
                Part::Text(text) => Cow::Borrowed(text.as_str()),
                Part::Value { code, .. } => match Eval::new(facts, fuel).value(code)? {
                    Some(value) => Cow::Owned(crate::render(&value, facts.contact_zone())),
                    None => continue,
                },
            };
            fuel.spend(piece.len() as u64)?;
            out.push_str(&piece);
        }
        Ok(out)
    }

    /// The prose with every `${…}` filled in as `escape` writes it, and what was written as it stands: for addresses, where
    /// a value must not become part of the structure.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn render_escaped(&self, facts: &dyn Facts, fuel: &mut Fuel, escape: &dyn Fn(&str) -> String) -> Result<String, EvalError> {
        let mut out = String::new();
        for part in &self.inner.parts {
            let piece = match part {
                Part::Text(text) => text.clone(),
                Part::Value { code, .. } => match Eval::new(facts, fuel).value(code)? {
                    Some(value) => escape(&crate::render(&value, facts.contact_zone())),
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
        match self.inner.parts.as_slice() {
            [Part::Value { code, .. }] => Ok(Eval::new(facts, fuel).value(code)?.map(Cow::into_owned)),
            _ => self.render(facts, fuel).map(|text| Some(Value::Text(text))),
        }
    }

    /// Whether the whole prose is one `${…}`.
    pub fn is_single_expression(&self) -> bool {
        matches!(self.inner.parts.as_slice(), [Part::Value { .. }])
    }

    /// The type of [`Self::value`], as far as it is known.
    pub fn ty(&self) -> Type {
        match self.inner.parts.as_slice() {
            [Part::Value { ty, .. }] => ty.clone(),
            _ => Type::Text,
        }
    }

    /// The text if there is no `${…}` at all, `$${` resolved.
    pub fn literal(&self) -> Option<&str> {
        match self.inner.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Where it reads names, in order.
    pub fn reads(&self) -> &[Read] {
        &self.inner.reads
    }

    /// The text with `filler` in place of every `${…}`: what is known of its length and look before it is rendered.
    pub fn outline(&self, filler: &str) -> String {
        let piece = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value { .. } => filler.to_owned(),
        };
        self.inner.parts.iter().map(piece).collect()
    }

    /// What it refers to.
    pub fn references(&self) -> References {
        self.inner.references.clone()
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

/// `{name}` of something that has a value here: the dollar sign was forgotten.
fn single_braces(rest: &str, at: usize, checker: &mut Checker<'_>) {
    let Some((inside, _)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) else { return };
    if inside == "true" || inside == "false" || !checker.is_name(inside) {
        return;
    }
    let message = format!("`{{{inside}}}` is printed as it stands; values are written `${{…}}`");
    checker.problems.push(Problem::warning("W0264", at..at + inside.len() + 2, message).suggest(format!("${{{inside}}}")));
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.inner.source == other.inner.source
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.inner.source)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.source)
    }
}

//! A condition: parsed, checked, compiled, ready to be evaluated any number of times.

use crate::{
    EvalError, Explanation, Facts, Fuel, Problem, Read, References, Scope, Truth,
    ast::Node,
    check::Checker,
    code::{Cond, Test},
    eval::Eval,
    explain, flip, json, parser, reason,
    settle::{self, Verdict},
};
use model::Instant;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A checked condition. Cheap to clone; two are equal when they say the same in the same words.
#[derive(Clone)]
pub struct Condition(Arc<Inner>);

struct Inner {
    node: Node,
    code: Cond,
    references: References,
    reads: Box<[Read]>,
}

impl Condition {
    /// Reads a condition: parses, resolves names, checks types. Warnings come with the condition.
    ///
    /// # Errors
    /// Every problem found, warnings included; at least one is an error.
    pub fn parse(src: &str, scope: &dyn Scope) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let node = parser::parse(src)?;
        let mut checker = Checker::new(src, scope);
        match checker.cond(&node) {
            Some(code) if !checker.failed() => {
                let Checker { problems, references, reads, .. } = checker;
                Ok((Self(Arc::new(Inner { node, code, references, reads: reads.into() })), problems))
            }
            _ => Err(checker.problems),
        }
    }

    /// Reads the JSON form (FL 6.8). It is turned into canonical text and read as that, so both forms obey the same
    /// rules; ranges of problems are bytes of that text.
    ///
    /// # Errors
    /// As [`Self::parse`]; `E0342` if the JSON is not of the form.
    pub fn from_json(json: &serde_json::Value, scope: &dyn Scope) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let node = json::read(json).map_err(|problem| vec![problem])?;
        Self::parse(&node.to_string(), scope)
    }

    /// The canonical text of a condition in the JSON form, unchecked: what ranges of problems of [`Self::from_json`] are about.
    ///
    /// # Errors
    /// `E0342` if the JSON is not of the form, `E0302` if it is too large.
    pub fn text_of_json(json: &serde_json::Value) -> Result<String, Problem> {
        Ok(json::read(json)?.to_string())
    }

    /// The canonical JSON form (FL 6.8).
    pub fn to_json(&self) -> serde_json::Value {
        json::write(&self.0.node)
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn eval(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<Truth, EvalError> {
        Eval::new(facts, fuel).cond(&self.0.code)
    }

    /// Whether the condition holds for somebody, as a segment asks it: a part that cannot be computed is unknown and the
    /// others count, in whatever order they are written. Without fuel nothing is known.
    pub fn verdict(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Truth {
        verdict(&self.0.code, &mut Eval::new(facts, fuel)).unwrap_or(Truth::Unknown)
    }

    /// How the condition comes to its verdict, part by part (FL 6.9). Unlike evaluation it looks at every part.
    pub fn explain(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Explanation {
        explain::explain(&self.0.code, &mut Eval::new(facts, fuel))
    }

    /// The earliest later instant at which time alone may change the verdict: never later than it does change, and for one thing
    /// asked mostly exactly then (FL 6.9). Parts that cannot change it, because others decide it, are left out. Changes of
    /// segments it names are not among them.
    pub fn next_flip(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Option<Instant> {
        if !self.0.references.time {
            return None;
        }
        flip::next_turn(&self.0.code, &mut Eval::new(facts, fuel))
    }

    pub(crate) fn code(&self) -> &Cond {
        &self.0.code
    }

    /// The segments it asks for, each as often as it does.
    pub fn segments(&self) -> Vec<&str> {
        fn of<'c>(cond: &'c Cond, found: &mut Vec<&'c str>) {
            match cond {
                Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|part| of(part, found)),
                Cond::Not(part) => of(part, found),
                Cond::Leaf(leaf) => {
                    if let Test::InSegment(name) = &leaf.test {
                        found.push(name);
                    }
                }
            }
        }
        let mut found = Vec::new();
        of(&self.0.code, &mut found);
        found
    }

    /// Where it reads names, in order.
    pub fn reads(&self) -> &[Read] {
        &self.0.reads
    }

    /// The names that surely have a value where the condition holds, or where it does not.
    /// `of_segment` answers the same of a segment that the contact is in.
    pub fn settles(&self, holds: bool, of_segment: &dyn Fn(&str) -> BTreeSet<String>) -> BTreeSet<String> {
        settle::settled(&self.0.node, if holds { Verdict::True } else { Verdict::NotTrue }, of_segment)
    }

    /// Two parts that exclude each other, as text, if the condition can surely never hold; the second is empty if all of
    /// its parts together do. `budget` is how many things asked may still be looked at; beyond it nothing is known.
    pub fn never_holds(&self, budget: &mut u32) -> Option<(String, String)> {
        reason::never(&self.0.code, budget)
    }

    /// Whether `other` surely holds wherever this one does; `budget` as above.
    pub fn implies(&self, other: &Self, budget: &mut u32) -> bool {
        reason::implies(&self.0.code, &other.0.code, budget)
    }

    /// What the condition refers to.
    pub fn references(&self) -> References {
        self.0.references.clone()
    }
}

fn verdict<'e>(cond: &'e Cond, eval: &mut Eval<'e>) -> Result<Truth, EvalError> {
    Ok(match cond {
        Cond::All(parts) => {
            let mut all = Truth::True;
            for part in parts {
                all = all.and(verdict(part, eval)?);
                if all == Truth::False {
                    break;
                }
            }
            all
        }
        Cond::Any(parts) => {
            let mut any = Truth::False;
            for part in parts {
                any = any.or(verdict(part, eval)?);
                if any == Truth::True {
                    break;
                }
            }
            any
        }
        Cond::Not(of) => verdict(of, eval)?.not(),
        Cond::Leaf(leaf) => match eval.leaf(leaf) {
            Err(EvalError::Arithmetic(_)) => Truth::Unknown,
            verdict => verdict?,
        },
    })
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.0.node == other.0.node
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.node.fmt(f)
    }
}

impl serde::Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

//! A lone value expression: what stands inside one `${…}`.

use crate::{
    EvalError, Facts, Fuel, Problem, References, Scope, Type,
    ast::Node,
    check::{Checker, Typed},
    code::Val,
    eval::Eval,
    parser,
};
use model::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// A checked value expression. Cheap to clone.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    node: Node,
    ty: Type,
    code: Val,
    references: References,
}

impl Expression {
    /// Reads an expression. Warnings come with it.
    ///
    /// # Errors
    /// Every problem found, warnings included; at least one is an error.
    pub fn parse(src: &str, scope: &dyn Scope) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let node = parser::parse(src)?;
        let mut checker = Checker::new(src, scope);
        match checker.value(&node) {
            Some(Typed { ty, val: code }) if !checker.failed() => {
                let Checker { problems, references, .. } = checker;
                Ok((Self(Arc::new(Inner { node, ty, code, references })), problems))
            }
            _ => Err(checker.problems),
        }
    }

    /// Its value; `None` if it is missing. A condition that is unknown has no value.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn eval(&self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<Option<Value>, EvalError> {
        Ok(Eval::new(facts, fuel).value(&self.0.code)?.map(Cow::into_owned))
    }

    /// What is evaluated.
    pub(crate) fn code(&self) -> &Val {
        &self.0.code
    }

    /// The type of its value, as far as it is known.
    pub fn ty(&self) -> &Type {
        &self.0.ty
    }

    /// What it refers to.
    pub fn references(&self) -> References {
        self.0.references.clone()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.node == other.0.node
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({self})")
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.node.fmt(f)
    }
}

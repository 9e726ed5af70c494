//! A compiled condition as other evaluators see it: its shape, what each leaf looks at, and the leaf's own judgement.
//!
//! Nothing here has a meaning of its own. A leaf is judged by the code that judges it everywhere else; what is added is how
//! few facts it needs, so that one judgement can serve everybody for whom those facts are the same. Which facts a judgement
//! looked at is watched: one that looked at anything besides the column it was given says so and counts for nothing.

mod cuts;
mod figure;
mod given;
mod look;
mod moves;

pub use cuts::Domain;
pub use figure::{Figure, Leaves, Yields};
pub use given::{Everybody, Judged};
pub(crate) use look::never_moves;
pub use look::{Column, Looks};
pub use moves::{Moves, leaving};

use crate::{
    Condition, EvalError, Facts, Fuel, Truth,
    code::{Cond, Leaf, Test},
    eval::Eval,
    flip,
};
use model::Instant;

/// The shape of a condition.
#[derive(Clone, Copy)]
pub enum Plan<'c> {
    /// All of these.
    All(Parts<'c>),
    /// Any of these.
    Any(Parts<'c>),
    /// Not this.
    Not(Part<'c>),
    /// One thing asked.
    Leaf(LeafPlan<'c>),
}

/// The parts of a group.
#[derive(Clone, Copy)]
pub struct Parts<'c>(&'c [Cond]);

/// One part.
#[derive(Clone, Copy)]
pub struct Part<'c>(&'c Cond);

impl<'c> Parts<'c> {
    /// Each of them, from left to right.
    pub fn iter(self) -> impl Iterator<Item = Plan<'c>> {
        self.0.iter().map(plan)
    }
}

impl<'c> Part<'c> {
    /// Its shape.
    pub fn plan(self) -> Plan<'c> {
        plan(self.0)
    }
}

fn plan(cond: &Cond) -> Plan<'_> {
    match cond {
        Cond::All(parts) => Plan::All(Parts(parts)),
        Cond::Any(parts) => Plan::Any(Parts(parts)),
        Cond::Not(of) => Plan::Not(Part(of)),
        Cond::Leaf(leaf) => Plan::Leaf(LeafPlan(leaf)),
    }
}

impl Condition {
    /// The condition's shape.
    pub fn plan(&self) -> Plan<'_> {
        plan(self.code())
    }
}

/// One thing asked.
#[derive(Clone, Copy)]
pub struct LeafPlan<'c>(&'c Leaf);

impl<'c> LeafPlan<'c> {
    /// As canonical text: two leaves of the same bot with the same text say the same.
    pub fn text(self) -> &'c str {
        &self.0.text
    }

    /// What it looks at.
    pub fn looks(self) -> Looks<'c> {
        look::looks(&self.0.test)
    }

    /// Whether it looks through texts, which takes longer than comparing them.
    pub fn looks_through(self) -> bool {
        matches!(self.0.test, Test::Contains { .. } | Test::Affix { .. } | Test::Matches { .. } | Test::Notes(_))
    }

    /// The leaf's verdict on one contact.
    ///
    /// # Errors
    /// Those of the condition's evaluation.
    pub fn judge(self, facts: &dyn Facts, fuel: &mut Fuel) -> Result<Truth, EvalError> {
        Eval::new(facts, fuel).leaf(self.0)
    }

    /// When time alone next flips it for one contact; never later than it does.
    pub fn next_flip(self, facts: &dyn Facts, fuel: &mut Fuel) -> Option<Instant> {
        flip::flip(self.0, &mut Eval::new(facts, fuel))
    }
}

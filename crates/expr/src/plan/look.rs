//! What a leaf looks at: found out from what it is made of.

use super::figure::Figure;
use crate::{
    code::{Cond, ListOf, Test, Val},
    flip,
};
use model::TagKey;

/// One thing known about a contact that a leaf looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column<'c> {
    /// An attribute: a declared one, else a global, which is no matter of the contact.
    Attribute(&'c str),
    /// A system attribute.
    System(&'c str),
    /// Since when the contact has a tag.
    Tag(&'c TagKey),
    /// When a skill last ran.
    Skill(&'c str),
    /// When an attribute last changed.
    Changed(&'c str),
    /// Inside a `where`: a field of the event.
    Field(&'c str),
    /// A figure over recorded events.
    Figure(Figure<'c>),
    /// What agents noted; there is no value of it, only whether there is anything.
    Notes,
    /// The recorded events of a name; there is no value of it, only whether there are any.
    Happened(&'c str),
}

impl Column<'_> {
    /// Whether a value is nothing but this.
    pub(super) fn is(&self, val: &Val) -> bool {
        match (self, val) {
            (Self::Attribute(name), Val::Attribute(other)) => **name == **other,
            (Self::System(name), Val::System(other)) => name == other,
            (Self::Field(name), Val::Field { name: other, .. }) => **name == **other,
            (Self::Figure(figure), Val::Aggregate(other)) => figure.is(other),
            _ => false,
        }
    }
}

/// What a leaf looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Looks<'c> {
    /// Whether the contact is in a segment.
    Segment(&'c str),
    /// Whether the contact has all, or else any, of these tags.
    Tags {
        /// All of them.
        all: bool,
        /// The tags.
        keys: &'c [TagKey],
    },
    /// Whether the contact is known on a channel.
    Channel(&'c str),
    /// Whether messages get through, on a channel or on any.
    Reachable(Option<&'c str>),
    /// Whether the contact agreed to a topic.
    Consent(&'c str),
    /// Only at these, besides what is the same for everybody; perhaps at none.
    Columns(Vec<Column<'c>>),
    /// At much of whoever has any of this; of everybody else perhaps at nothing that differs.
    Having(Column<'c>),
    /// Something else, or not known beforehand.
    More,
}

pub(super) fn looks(test: &Test) -> Looks<'_> {
    match test {
        Test::InSegment(name) => Looks::Segment(name),
        Test::HasTags { all, keys } => Looks::Tags { all: *all, keys },
        Test::HasChannel(name) => Looks::Channel(name),
        Test::Reachable(name) => Looks::Reachable(name.as_deref()),
        Test::HasConsent(topic) => Looks::Consent(topic),
        Test::Notes(_) => Looks::Having(Column::Notes),
        Test::Sequence(of) => Looks::Having(Column::Happened(&of.first.event)),
        _ => {
            let mut columns = Vec::new();
            if in_test(test, &mut columns) { Looks::Columns(columns) } else { Looks::More }
        }
    }
}

fn note<'c>(column: Column<'c>, found: &mut Vec<Column<'c>>) -> bool {
    if !found.contains(&column) {
        found.push(column);
    }
    true
}

/// Notes what a test looks at; false if that cannot be said.
fn in_test<'c>(test: &'c Test, found: &mut Vec<Column<'c>>) -> bool {
    match test {
        Test::HasTag { key, .. } => note(Column::Tag(key), found),
        Test::RanSkill { skill, .. } => note(Column::Skill(skill), found),
        Test::Changed { attribute, .. } => note(Column::Changed(attribute), found),
        Test::Calendar { of, .. } | Test::Within { of, .. } | Test::OlderThan { of, .. } => in_val(of, found),
        Test::In { of, list: ListOf::Value(list), .. } => in_val(of, found) && in_val(list, found),
        Test::Value(_)
        | Test::Set { .. }
        | Test::Equal { .. }
        | Test::Order { .. }
        | Test::In { .. }
        | Test::Contains { .. }
        | Test::Affix { .. }
        | Test::Matches { .. }
        | Test::Between { .. } => flip::values(test).into_iter().all(|val| in_val(val, found)),
        Test::InSegment(_)
        | Test::HasTags { .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_)
        | Test::Notes(_)
        | Test::Sequence(_) => false,
    }
}

fn in_val<'c>(val: &'c Val, found: &mut Vec<Column<'c>>) -> bool {
    match val {
        Val::Literal { .. } => true,
        Val::Attribute(name) => note(Column::Attribute(name), found),
        Val::System("now" | "today") => true,
        // They depend on the contact's zone.
        Val::System("hour" | "weekday" | "timezone") => false,
        Val::System(name) => note(Column::System(name), found),
        Val::Field { name, .. } => note(Column::Field(name), found),
        Val::Aggregate(of) => note(Column::Figure(Figure::new(of)), found),
        Val::Computed { expression, .. } => in_val(expression.code(), found),
        Val::Part { of, .. } | Val::Negative(of) => in_val(of, found),
        Val::List(items) | Val::Call { args: items, .. } => items.iter().all(|item| in_val(item, found)),
        Val::Arith { left, right, .. } => in_val(left, found) && in_val(right, found),
        Val::Truth(cond) => in_cond(cond, found),
        Val::Variable(_) | Val::Input | Val::Root(_) => false,
    }
}

fn in_cond<'c>(cond: &'c Cond, found: &mut Vec<Column<'c>>) -> bool {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.iter().all(|part| in_cond(part, found)),
        Cond::Not(of) => in_cond(of, found),
        Cond::Leaf(leaf) => in_test(&leaf.test, found),
    }
}

/// Whether a test computes anything.
pub(super) fn may_fail(test: &Test) -> bool {
    match test {
        Test::Calendar { of, .. } | Test::Within { of, .. } | Test::OlderThan { of, .. } => val_may_fail(of),
        Test::Sequence(_) => true,
        _ => flip::values(test).into_iter().any(val_may_fail),
    }
}

fn val_may_fail(val: &Val) -> bool {
    match val {
        Val::Literal { .. } | Val::Attribute(_) | Val::System(_) | Val::Field { .. } | Val::Variable(_) | Val::Input | Val::Root(_) => {
            false
        }
        Val::Part { of, .. } => val_may_fail(of),
        Val::List(items) => items.iter().any(val_may_fail),
        Val::Truth(cond) => cond_may_fail(cond),
        Val::Aggregate(of) => Figure::new(of).may_fail(),
        // What cannot be computed is missing there, but the rest of it may spend all fuel.
        Val::Computed { expression, .. } => val_may_fail(expression.code()),
        Val::Negative(_) | Val::Arith { .. } | Val::Call { .. } => true,
    }
}

pub(super) fn cond_may_fail(cond: &Cond) -> bool {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.iter().any(cond_may_fail),
        Cond::Not(of) => cond_may_fail(of),
        Cond::Leaf(leaf) => may_fail(&leaf.test),
    }
}

/// Whether time alone never changes a value, whatever it is made from.
pub(super) fn is_still(val: &Val) -> bool {
    match val {
        Val::System("now" | "today" | "hour" | "weekday") => false,
        Val::Literal { .. } | Val::Attribute(_) | Val::System(_) | Val::Field { .. } | Val::Variable(_) | Val::Input | Val::Root(_) => true,
        Val::Part { of, .. } | Val::Negative(of) => is_still(of),
        Val::List(items) => items.iter().all(is_still),
        Val::Arith { left, right, .. } => is_still(left) && is_still(right),
        Val::Call { function, args } => function.tick == crate::Tick::Never && args.iter().all(is_still),
        Val::Computed { expression, .. } => is_still(expression.code()),
        Val::Truth(_) | Val::Aggregate(_) => false,
    }
}

/// Whether time alone never changes a leaf's verdict.
pub(crate) fn never_moves(test: &Test) -> bool {
    match test {
        Test::HasTag { within: None, .. }
        | Test::HasTags { .. }
        | Test::RanSkill { within: None, .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_)
        // What happens in that segment is told by its own leaves.
        | Test::InSegment(_) => true,
        Test::HasTag { .. }
        | Test::RanSkill { .. }
        | Test::Changed { .. }
        | Test::Sequence(_)
        | Test::Calendar { .. }
        | Test::Within { .. }
        | Test::OlderThan { .. } => false,
        test => flip::values(test).into_iter().all(is_still),
    }
}

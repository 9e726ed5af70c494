//! What follows from a condition: that it can never hold, or that another holds with it. Only what is certain is said; a
//! question too large or too deep is answered "not known".
//!
//! A condition is spread into alternatives, each a list of things asked with their verdicts. Within one alternative everything
//! asked of the same value is put together: which values it may be, between which bounds, whether it is set.

use crate::code::{Cond, Leaf, ListOf, Order, Sense, Test, Val};
use jiff::civil::{Date, Time};
use model::Value;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How many alternatives are looked at.
const MOST: usize = 64;

/// A value as written, as far as values are told apart here.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Written {
    Bool(bool),
    Number(Decimal),
    Text(String),
    Date(Date),
    Time(Time),
}

impl Written {
    fn of(val: &Val) -> Option<Self> {
        let Val::Literal { value, folded } = val else { return None };
        match value {
            Value::Bool(b) => Some(Self::Bool(*b)),
            Value::Number(n) => Some(Self::Number(*n)),
            Value::Text(text) => Some(Self::Text(folded.as_deref().unwrap_or(text).to_owned())),
            Value::Date(date) => Some(Self::Date(*date)),
            Value::Time(time) => Some(Self::Time(*time)),
            _ => None,
        }
    }

    fn comparable(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Something asked and its verdict: true, or false (never unknown).
#[derive(Clone, Copy)]
struct Literal<'c> {
    leaf: &'c Leaf,
    holds: bool,
}

/// What one thing asked says of one value.
enum Says {
    Is(Vec<Written>),
    IsNot { values: Vec<Written>, set: bool },
    Over(Written, bool),
    Under(Written, bool),
    Set,
    Unset,
}

/// What is known of a value within one alternative.
#[derive(Default)]
struct Known {
    is: Option<Vec<Written>>,
    is_not: Vec<Written>,
    /// The bound, and whether it is itself possible.
    over: Option<(Written, bool)>,
    under: Option<(Written, bool)>,
    set: bool,
    unset: bool,
}

/// Two parts of a condition that cannot hold together, as canonical text; all of them and nothing if it takes more than two.
pub fn never(cond: &Cond, budget: &mut u32) -> Option<(String, String)> {
    let alternatives = affordable(cond, budget)?;
    if !alternatives.iter().all(|alternative| excluded(alternative)) {
        return None;
    }
    alternatives.first().map(|first| clash(first))
}

/// Whether `then` surely holds wherever `cond` does.
pub fn implies(cond: &Cond, then: &Cond, budget: &mut u32) -> bool {
    let Some(alternatives) = affordable(cond, budget) else { return false };
    alternatives.iter().all(|alternative| follows(alternative, then, true) || excluded(alternative))
}

/// The alternatives under which a condition holds, if looking at them is within the budget (things asked).
fn affordable<'c>(cond: &'c Cond, budget: &mut u32) -> Option<Vec<Vec<Literal<'c>>>> {
    let alternatives = alternatives(cond, true)?;
    let asked: usize = alternatives.iter().map(Vec::len).sum();
    *budget = budget.checked_sub(u32::try_from(asked).ok()?)?;
    Some(alternatives)
}

/// The alternatives under which a condition has a verdict.
fn alternatives(cond: &Cond, holds: bool) -> Option<Vec<Vec<Literal<'_>>>> {
    match (cond, holds) {
        (Cond::Leaf(leaf), _) => Some(vec![vec![Literal { leaf, holds }]]),
        (Cond::Not(of), _) => alternatives(of, !holds),
        (Cond::Any(parts), true) | (Cond::All(parts), false) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(alternatives(part, holds)?);
                if all.len() > MOST {
                    return None;
                }
            }
            Some(all)
        }
        (Cond::All(parts), true) | (Cond::Any(parts), false) => {
            let mut all: Vec<Vec<Literal<'_>>> = vec![Vec::new()];
            for part in parts {
                let more = alternatives(part, holds)?;
                if all.len() * more.len() > MOST {
                    return None;
                }
                all = all.iter().flat_map(|left| more.iter().map(move |right| [left.as_slice(), right].concat())).collect();
            }
            Some(all)
        }
    }
}

/// Two things asked that exclude each other, of an alternative in which everything together does.
fn clash(alternative: &[Literal<'_>]) -> (String, String) {
    let spoken = |literal: &Literal<'_>| if literal.holds { literal.leaf.text.to_string() } else { format!("not {}", literal.leaf.text) };
    for (at, literal) in alternative.iter().enumerate() {
        for other in alternative.iter().take(at + 1) {
            if excluded(&[*other, *literal]) {
                return (spoken(other), spoken(literal));
            }
        }
    }
    let all: Vec<String> = alternative.iter().map(spoken).collect();
    (all.join(" and "), String::new())
}

/// Whether these cannot all be as they are said to be.
fn excluded(literals: &[Literal<'_>]) -> bool {
    let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
    let opposite = literals.iter().any(|literal| *seen.entry(&literal.leaf.text).or_insert(literal.holds) != literal.holds);
    opposite || know(literals).values().any(Known::impossible)
}

fn know(literals: &[Literal<'_>]) -> BTreeMap<String, Known> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for literal in literals {
        for (key, says) in says(literal) {
            known.entry(key).or_default().learn(says);
        }
    }
    known
}

fn key(val: &Val) -> String {
    // Two values are the same when their trees are.
    format!("{val:?}")
}

fn says(literal: &Literal<'_>) -> Vec<(String, Says)> {
    let holds = literal.holds;
    match &literal.leaf.test {
        Test::Set { of, negated } => vec![(key(of), if holds != *negated { Says::Set } else { Says::Unset })],
        // A language asked for without its region fits many.
        Test::Equal { language: true, .. } | Test::In { language: true, .. } => Vec::new(),
        Test::Equal { left, right, sense, .. } => match Written::of(right) {
            Some(value) => vec![(key(left), one_of(vec![value], *sense, holds))],
            None => Vec::new(),
        },
        Test::In { of, list: ListOf::Items(items), sense, .. } => match items.iter().map(Written::of).collect::<Option<Vec<_>>>() {
            Some(values) => vec![(key(of), one_of(values, *sense, holds))],
            None => Vec::new(),
        },
        Test::Order { left, order, right } => match (Written::of(left), Written::of(right)) {
            (None, Some(value)) => vec![(key(left), bound(*order, value, holds))],
            (Some(value), None) => vec![(key(right), bound(turned(*order), value, holds))],
            (None, None) | (Some(_), Some(_)) => Vec::new(),
        },
        Test::Between { of, low, high, sense } if (*sense == Sense::Plain) == holds => match (Written::of(low), Written::of(high)) {
            (Some(low), Some(high)) => vec![(key(of), Says::Over(low, true)), (key(of), Says::Under(high, true))],
            (_, _) => Vec::new(),
        },
        Test::Value(of) => vec![(key(of), Says::Is(vec![Written::Bool(holds)]))],
        Test::Between { .. }
        | Test::In { .. }
        | Test::InSegment(_)
        | Test::HasTag { .. }
        | Test::HasTags { .. }
        | Test::RanSkill { .. }
        | Test::HasChannel(_)
        | Test::HasConsent(_)
        | Test::Reachable(_)
        | Test::Contains { .. }
        | Test::Affix { .. }
        | Test::Matches { .. }
        | Test::Calendar { .. }
        | Test::Within { .. }
        | Test::OlderThan { .. }
        | Test::Changed { .. }
        | Test::Notes(_)
        | Test::Sequence(_) => Vec::new(),
    }
}

fn one_of(values: Vec<Written>, sense: Sense, holds: bool) -> Says {
    match (sense, holds) {
        (Sense::Plain, true) | (Sense::Not | Sense::IsNot, false) => Says::Is(values),
        (Sense::Plain, false) | (Sense::Not, true) => Says::IsNot { values, set: true },
        (Sense::IsNot, true) => Says::IsNot { values, set: false },
    }
}

fn turned(order: Order) -> Order {
    match order {
        Order::Lt => Order::Gt,
        Order::Le => Order::Ge,
        Order::Gt => Order::Lt,
        Order::Ge => Order::Le,
    }
}

fn bound(order: Order, value: Written, holds: bool) -> Says {
    match (order, holds) {
        (Order::Gt, true) | (Order::Le, false) => Says::Over(value, false),
        (Order::Ge, true) | (Order::Lt, false) => Says::Over(value, true),
        (Order::Lt, true) | (Order::Ge, false) => Says::Under(value, false),
        (Order::Le, true) | (Order::Gt, false) => Says::Under(value, true),
    }
}

impl Known {
    fn learn(&mut self, says: Says) {
        match says {
            Says::Is(values) => {
                self.set = true;
                self.is = Some(match self.is.take() {
                    None => values,
                    // Only values of one kind are told apart.
                    Some(before) if before.iter().chain(&values).all(|v| v.comparable(&values[0])) => {
                        before.into_iter().filter(|v| values.contains(v)).collect()
                    }
                    Some(before) => before,
                });
            }
            Says::IsNot { values, set } => {
                self.set |= set;
                self.is_not.extend(values);
            }
            Says::Over(value, itself) => {
                self.set = true;
                let tighter = self.over.as_ref().is_none_or(|(now, now_itself)| value > *now || (value == *now && *now_itself && !itself));
                if tighter && self.over.as_ref().is_none_or(|(now, _)| now.comparable(&value)) {
                    self.over = Some((value, itself));
                }
            }
            Says::Under(value, itself) => {
                self.set = true;
                let tighter = self.under.as_ref().is_none_or(|(now, now_itself)| value < *now || (value == *now && *now_itself && !itself));
                if tighter && self.under.as_ref().is_none_or(|(now, _)| now.comparable(&value)) {
                    self.under = Some((value, itself));
                }
            }
            Says::Set => self.set = true,
            Says::Unset => self.unset = true,
        }
    }

    /// Whether the value may be this one, as far as bounds and exclusions tell.
    fn may_be(&self, value: &Written) -> bool {
        let over = self.over.as_ref().is_none_or(|(low, itself)| !low.comparable(value) || value > low || (*itself && value == low));
        let under = self.under.as_ref().is_none_or(|(high, itself)| !high.comparable(value) || value < high || (*itself && value == high));
        over && under && !self.is_not.contains(value)
    }

    fn impossible(&self) -> bool {
        let empty = match (&self.over, &self.under) {
            (Some((low, with_low)), Some((high, with_high))) if low.comparable(high) => {
                low > high || (low == high && !(*with_low && *with_high))
            }
            (_, _) => false,
        };
        empty || (self.set && self.unset) || self.is.as_ref().is_some_and(|values| !values.iter().any(|value| self.may_be(value)))
    }
}

/// Whether `cond` surely has the verdict `holds` in this alternative.
fn follows(alternative: &[Literal<'_>], cond: &Cond, holds: bool) -> bool {
    match (cond, holds) {
        (Cond::Not(of), _) => follows(alternative, of, !holds),
        (Cond::All(parts), true) | (Cond::Any(parts), false) => parts.iter().all(|part| follows(alternative, part, holds)),
        (Cond::Any(parts), true) | (Cond::All(parts), false) => parts.iter().any(|part| follows(alternative, part, holds)),
        (Cond::Leaf(leaf), _) => leaf_follows(alternative, &Literal { leaf, holds }),
    }
}

fn leaf_follows(alternative: &[Literal<'_>], wanted: &Literal<'_>) -> bool {
    if alternative.iter().any(|literal| literal.leaf.text == wanted.leaf.text && literal.holds == wanted.holds) {
        return true;
    }
    let known = know(alternative);
    let wanted = says(wanted);
    let nothing = Known::default();
    !wanted.is_empty() && wanted.iter().all(|(key, says)| known.get(key).unwrap_or(&nothing).tells(says))
}

impl Known {
    /// Whether what is known makes this certain.
    fn tells(&self, says: &Says) -> bool {
        let every = |fits: &dyn Fn(&Written) -> bool| self.is.as_ref().is_some_and(|is| is.iter().filter(|v| self.may_be(v)).all(fits));
        match says {
            Says::Set => self.set,
            Says::Unset => self.unset,
            Says::Is(values) => every(&|v| values.contains(v)),
            Says::IsNot { values, set } => {
                let out = |value: &Written| {
                    // Of a value that is not comparable nothing is known.
                    let apart = self.is.as_ref().is_some_and(|is| is.iter().all(|v| v.comparable(value) && v != value));
                    apart || !self.may_be(value)
                };
                (!set && self.unset) || (self.set && values.iter().all(out))
            }
            Says::Over(value, itself) => {
                let bounded = self
                    .over
                    .as_ref()
                    .is_some_and(|(low, with_low)| low.comparable(value) && (low > value || (low == value && (*itself || !with_low))));
                bounded || every(&|v| v.comparable(value) && (v > value || (*itself && v == value)))
            }
            Says::Under(value, itself) => {
                let bounded = self.under.as_ref().is_some_and(|(high, with_high)| {
                    high.comparable(value) && (high < value || (high == value && (*itself || !with_high)))
                });
                bounded || every(&|v| v.comparable(value) && (v < value || (*itself && v == value)))
            }
        }
    }
}

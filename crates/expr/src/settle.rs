//! Which names have a value once it is known how a condition came out: the guards of a flow, `is set` and every plain
//! comparison among them (FL 6.5: a comparison with a missing value does not hold).

use crate::ast::{Kind, Node, Op};
use std::collections::BTreeSet;

/// What is known of a condition. Unknown counts as not true and as not false.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    True,
    NotTrue,
    False,
    NotFalse,
}

impl Verdict {
    fn turned(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::NotTrue => Self::NotFalse,
            Self::NotFalse => Self::NotTrue,
        }
    }
}

/// What membership of a segment says.
pub type OfSegment<'a> = &'a dyn Fn(&str) -> BTreeSet<String>;

/// The names that surely have a value when the condition is `verdict`.
pub fn settled(node: &Node, verdict: Verdict, of_segment: OfSegment<'_>) -> BTreeSet<String> {
    let each = |parts: &[Node]| parts.iter().map(|part| settled(part, verdict, of_segment)).collect::<Vec<_>>();
    match &node.kind {
        // All hold, or none of them is false: what each says. One of them does not hold: only what every one says.
        Kind::All(parts) => match verdict {
            Verdict::True | Verdict::NotFalse => union(each(parts)),
            Verdict::False | Verdict::NotTrue => common(each(parts)),
        },
        Kind::Any(parts) => match verdict {
            Verdict::True | Verdict::NotFalse => common(each(parts)),
            Verdict::False | Verdict::NotTrue => union(each(parts)),
        },
        Kind::Not(of) => settled(of, verdict.turned(), of_segment),
        Kind::InSegment(label) if verdict == Verdict::True => of_segment(&label.text),
        // Never unknown.
        Kind::Set { of, negated } => {
            let holds = matches!(verdict, Verdict::True | Verdict::NotFalse);
            if holds != *negated { read(&[of]) } else { BTreeSet::new() }
        }
        // `is not` holds for a missing value.
        Kind::Compare { op: Op::IsNot, left, right } => match verdict {
            Verdict::False | Verdict::NotTrue => read(&[left, right]),
            Verdict::True | Verdict::NotFalse => BTreeSet::new(),
        },
        Kind::In { of, list, form: crate::ast::InForm::IsNotIn } => match verdict {
            Verdict::False | Verdict::NotTrue => read(&[of, list]),
            Verdict::True | Verdict::NotFalse => BTreeSet::new(),
        },
        Kind::Calendar { of, negated: true, .. } => match verdict {
            Verdict::False | Verdict::NotTrue => read(&[of]),
            Verdict::True | Verdict::NotFalse => BTreeSet::new(),
        },
        Kind::Compare { left, right, .. } => plain(verdict, &[left, right]),
        Kind::In { of, list, .. } => plain(verdict, &[of, list]),
        Kind::Contains { of, part, .. } | Kind::Affix { of, part, .. } => plain(verdict, &[of, part]),
        Kind::Between { of, low, high, .. } => plain(verdict, &[of, low, high]),
        Kind::Matches { of, .. }
        | Kind::Calendar { of, .. }
        | Kind::Within { of, .. }
        | Kind::OlderThan { of, .. } => plain(verdict, &[of]),
        Kind::Path(_) => plain(verdict, &[node]),
        Kind::InSegment(_)
        | Kind::HasTag { .. }
        | Kind::HasTags { .. }
        | Kind::RanSkill { .. }
        | Kind::HasChannel(_)
        | Kind::HasConsent(_)
        | Kind::Reachable(_)
        | Kind::NotesContain(_)
        | Kind::Sequence(_)
        // What changed may have been unset.
        | Kind::Changed { .. }
        | Kind::Text(_)
        | Kind::Number(_)
        | Kind::Date(_)
        | Kind::Time(_)
        | Kind::Duration(_)
        | Kind::List(_)
        | Kind::Negative(_)
        | Kind::Arith { .. }
        | Kind::Call { .. }
        | Kind::Filter { .. }
        | Kind::Aggregate(_) => BTreeSet::new(),
    }
}

/// A relation that is unknown where a value is missing.
fn plain(verdict: Verdict, of: &[&Node]) -> BTreeSet<String> {
    match verdict {
        Verdict::True | Verdict::False => read(of),
        Verdict::NotTrue | Verdict::NotFalse => BTreeSet::new(),
    }
}

/// The names that stand for themselves in these values, or are counted with: a function may do with a missing one.
fn read(nodes: &[&Node]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in nodes {
        match &node.kind {
            Kind::Path(path) => {
                let name = match path.steps.first() {
                    Some(crate::ast::Step::Field(name) | crate::ast::Step::Key(name)) if path.head == "contact" => name,
                    _ => &path.head,
                };
                names.insert(name.clone());
            }
            Kind::Negative(of) => names.extend(read(&[of])),
            Kind::Arith { left, right, .. } => names.extend(read(&[left, right])),
            _ => {}
        }
    }
    names
}

fn union(sets: Vec<BTreeSet<String>>) -> BTreeSet<String> {
    sets.into_iter().flatten().collect()
}

fn common(sets: Vec<BTreeSet<String>>) -> BTreeSet<String> {
    let mut sets = sets.into_iter();
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |kept, other| kept.intersection(&other).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser;

    fn names(source: &str, verdict: Verdict) -> String {
        let node = parser::parse(source).expect("a test's condition can be read");
        settled(&node, verdict, &|_| BTreeSet::new()).into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn guards_settle_what_they_look_at() {
        for (source, holds, fails) in [
            ("x is set", "x", ""),
            ("x is not set", "", "x"),
            ("x = 1", "x", ""),
            ("not x = 1", "x", ""),
            ("x is not 1", "", "1 x".trim_start_matches("1 ")),
            ("x = 1 and y > 2", "x y", ""),
            ("x = 1 or y > 2", "", ""),
            ("x is not set or y is not set", "", "x y"),
            ("not (x is set and y is set)", "", "x y"),
            ("x + z > y | default(0)", "x z", ""),
            ("contact.plan is set", "plan", ""),
            ("in segment vip", "", ""),
        ] {
            assert_eq!(names(source, Verdict::True), holds, "{source} holds");
            assert_eq!(names(source, Verdict::NotTrue), fails, "{source} does not hold");
        }
    }
}

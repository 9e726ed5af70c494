//! Why a contact is in a segment, or is not: every part with what it saw, what it was held against, and when time flips it
//! (FL 6.9).

use super::facts::ContactFacts;
use crate::bot::Bot;
use expr::{Explanation, Fuel, Truth};
use model::{Contact, Instant};
use segments::{Past, Ration, RuleKind, Who as _};
use std::collections::BTreeSet;

/// How deep the segments that a segment looks into are explained as well.
const DEEPEST: usize = 8;
/// How many segments one explanation holds.
const MOST: usize = 64;

/// How a contact stands to one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentWhy {
    /// The segment's key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether the contact is in it.
    pub verdict: Truth,
    /// Why nobody is in it: it cannot be judged (FL 6.7).
    pub invalid: Option<String>,
    /// Its condition, part by part; none if people are put into it.
    pub rule: Option<Explanation>,
    /// Whether the contact is on its list, if people are put into it.
    pub listed: Option<bool>,
    /// Whether the website vouched for who the contact is, if the segment asks for that.
    pub verified: Option<bool>,
    /// The segments whose members are not in it, and whether the contact is in each.
    pub exclude: Vec<(String, Truth)>,
    /// The earliest later instant at which time alone may change the verdict.
    pub flips_at: Option<Instant>,
    /// The segments it looks into, explained the same way; each once.
    pub inner: Vec<SegmentWhy>,
}

/// Explains how a contact stands to a segment at an instant; none if there is no such segment.
pub fn why_in_segment(bot: &Bot, contact: &Contact, past: &dyn Past, key: &str, now: Instant) -> Option<SegmentWhy> {
    let facts = ContactFacts::of_contact(now, bot, contact, past);
    why(bot, &facts, key, &mut BTreeSet::new(), 0)
}

fn why(bot: &Bot, facts: &ContactFacts<'_>, key: &str, told: &mut BTreeSet<String>, depth: usize) -> Option<SegmentWhy> {
    let set = bot.set();
    let rule = set.get(key)?;
    told.insert(key.to_owned());
    let fuel = || Fuel::new(bot.limits().fuel);
    let (mut invalid, mut parts, mut looks_into) = (None, None, BTreeSet::new());
    match &rule.kind {
        RuleKind::List => {}
        RuleKind::Where(condition) => {
            parts = Some(condition.explain(facts, &mut fuel()));
            looks_into = condition.references().segments;
        }
        RuleKind::Invalid(why) => invalid = Some(why.clone()),
    }
    let exclude = rule.exclude.iter().map(|other| (other.clone(), set.is_member(other, facts, &mut fuel()))).collect();
    looks_into.extend(rule.exclude.iter().cloned());
    let mut inner = Vec::new();
    for other in &looks_into {
        if depth < DEEPEST && told.len() < MOST && !told.contains(other) {
            inner.extend(why(bot, facts, other, told, depth + 1));
        }
    }
    Some(SegmentWhy {
        key: rule.key.clone(),
        name: rule.name.clone(),
        verdict: set.is_member(key, facts, &mut fuel()),
        invalid,
        rule: parts,
        listed: matches!(rule.kind, RuleKind::List).then(|| facts.listed(key)),
        verified: rule.verified.then(|| facts.verified()),
        exclude,
        flips_at: set.next_flip([key], facts, &mut Ration::new(bot.limits().fuel)),
        inner,
    })
}

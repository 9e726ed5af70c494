//! The memory of `once`: when a catch last started (FL 4), under a name that edits of the bot around it do not change.
//!
//! A catch is known by its skill, what it catches and its guards. Where its skill has no other that catches the same, it is known
//! whatever becomes of its guards, and however its tag is spelt. Each conversation remembers what started in it; what counts is the last
//! start in any of the person's conversations, which a merge brings together.

use crate::bot::{CatchEntry, Skill};
use model::{Instant, Record, Value, fold};

/// When a catch last started, as far as one of the person's conversations remembers it.
pub(super) fn last_start<'m>(memories: impl Iterator<Item = &'m Record>, skill: &Skill, catch: usize) -> Option<Instant> {
    memories.filter_map(|memory| remembered(memory, skill, catch)).max()
}

fn remembered(memory: &Record, skill: &Skill, catch: usize) -> Option<Instant> {
    let (exact, whatever) = (key(skill, catch), alone(skill, catch));
    let known = memory.iter().filter(|(known, _)| **known == exact || (whatever && is_of(known, skill, catch)));
    known.filter_map(|(_, last)| instant(last)).max().or_else(|| memory.get(&placed(skill, catch)).and_then(instant))
}

fn instant(value: &Value) -> Option<Instant> {
    match value {
        Value::DateTime(at) => Some(*at),
        _ => None,
    }
}

/// Takes note that a catch started, if it has `once`.
pub(super) fn started(memory: &mut Record, skill: &Skill, catch: usize, now: Instant) {
    if skill.catches[catch].once.is_none() {
        return;
    }
    memory.remove(&placed(skill, catch));
    if alone(skill, catch) {
        memory.retain(|key, _| !is_of(key, skill, catch));
    }
    memory.insert(key(skill, catch), Value::DateTime(now));
}

/// The skill and what is caught: the first line of the key.
fn head(skill: &Skill, catch: usize) -> String {
    format!("{}#{}", skill.name, skill.catches[catch].kind.known_by())
}

fn key(skill: &Skill, catch: usize) -> String {
    let CatchEntry { only_for, filter, .. } = &skill.catches[catch];
    let guards = [("only_for", only_for), ("where", filter)].map(|(name, guard)| match guard {
        Some(condition) => format!("\n{name}: {condition}"),
        None => String::new(),
    });
    format!("{}{}", head(skill, catch), guards.concat())
}

/// Whether a key is that of this catch, with whatever guards.
fn is_of(key: &str, skill: &Skill, catch: usize) -> bool {
    key.lines().next().is_some_and(|first| fold(first) == fold(&head(skill, catch)))
}

/// Whether no other catch of the skill catches the same.
fn alone(skill: &Skill, catch: usize) -> bool {
    let what = fold(&skill.catches[catch].kind.known_by());
    skill.catches.iter().filter(|other| fold(&other.kind.known_by()) == what).count() == 1
}

/// The key of older records: the place among the catches of the skill.
fn placed(skill: &Skill, catch: usize) -> String {
    format!("{}#{catch}", skill.name)
}

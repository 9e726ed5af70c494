//! The memory of `once`: when a catch last started (FL 4), under a name that edits of the bot around it do not change.
//!
//! A catch is known by its skill, what it catches and its guards. Where its skill has no other that catches the same, it is known
//! whatever becomes of its guards.

use crate::bot::{CatchEntry, Skill};
use model::{Instant, Record, Value};

/// When a catch last started, as far as it was remembered.
pub(super) fn last_start(memory: &Record, skill: &Skill, catch: usize) -> Option<Instant> {
    let found = memory.get(&key(skill, catch)).or_else(|| {
        let edited = alone(skill, catch).then(|| memory.iter().find(|(key, _)| is_of(key, skill, catch))).flatten();
        edited.map(|(_, last)| last).or_else(|| memory.get(&placed(skill, catch)))
    });
    match found {
        Some(Value::DateTime(last)) => Some(*last),
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
    key.lines().next() == Some(&head(skill, catch))
}

/// Whether no other catch of the skill catches the same.
fn alone(skill: &Skill, catch: usize) -> bool {
    let what = skill.catches[catch].kind.known_by();
    skill.catches.iter().filter(|other| other.kind.known_by() == what).count() == 1
}

/// The key of older records: the place among the catches of the skill.
fn placed(skill: &Skill, catch: usize) -> String {
    format!("{}#{catch}", skill.name)
}

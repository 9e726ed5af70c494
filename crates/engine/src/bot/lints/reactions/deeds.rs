//! What a skill surely does to the contact by itself: from its first block on, as far as nothing decides, asks or waits.
//!
//! In steps, for what a step does and undoes is no change (FL 5.8): a request of the outside ends one.

use super::super::Look;
use crate::blocks::{Does, Otherwise, Waits};
use crate::bot::uses::Act;
use crate::bot::{Block, CHOSEN, Skill, Target, graph};
use crate::catches::Signal;
use std::collections::BTreeSet;

/// Something that a block does.
pub(super) struct Deed<'a> {
    pub skill: &'a Skill,
    pub block: usize,
    pub what: What<'a>,
}

/// What it does.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    Does(Does<'a>),
    /// An attribute gets a value that is not known before.
    Fills(&'a str),
}

/// What a skill does, step by step.
pub(super) type Steps<'a> = Vec<Vec<Deed<'a>>>;

/// What a skill surely does when it begins. Nothing, if it may come to a question: what would begin it meanwhile waits for that.
pub(super) fn of<'a>(bot: &Look<'a>, skill: &'a Skill) -> Steps<'a> {
    let mut steps: Steps<'a> = vec![Vec::new()];
    let (mut skill, mut at) = (skill, 0);
    let mut seen = BTreeSet::new();
    while let Some(block) = skill.blocks.get(at)
        && seen.insert((skill.name.as_str(), at))
    {
        if rests(skill, at) {
            return steps;
        }
        if asks(block) {
            return Vec::new();
        }
        if decides(bot, block) {
            match follows(bot, skill, at) {
                Follows::Nothing => {}
                // It may undo what was done so far in this step.
                Follows::Deeds => drop(steps.pop()),
                Follows::Question => return Vec::new(),
            }
            return steps;
        }
        if block.body.requests() || matches!(block.body.waits(), Waits::For(_)) {
            steps.push(Vec::new());
        }
        let Some(deeds) = deeds(bot, skill, at) else {
            steps.pop();
            return steps;
        };
        if let Some(step) = steps.last_mut() {
            step.extend(deeds.into_iter().map(|what| Deed { skill, block: at, what }));
        }
        match &block.next {
            Target::Block(next) => at = *next,
            Target::End => return steps,
            Target::Skill(name) => match bot.skills.get(name) {
                Some(next) if next.only_for.is_none() => (skill, at) = (next, 0),
                Some(_) | None => {
                    steps.pop();
                    return steps;
                }
            },
        }
    }
    // Blocks that turn in a circle are told by another lint.
    steps
}

/// What one block surely does; none if that is not known before.
fn deeds<'a>(bot: &Look<'a>, skill: &'a Skill, at: usize) -> Option<Vec<What<'a>>> {
    let block = skill.blocks.get(at)?;
    let mut deeds = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for does in block.body.does() {
        match does {
            Does::Tag { label, .. } if label.literal().is_none() => return None,
            Does::Tag { .. } | Does::List { .. } | Does::Status(_) => {}
            Does::Stores(name, _) | Does::Unsets(name) => {
                known.insert(name);
                // Others are variables, or what a customer chooses for themself.
                if bot.names.attribute(name).is_none() {
                    deeds.extend(CHOSEN.contains(&name).then_some(What::Fills(name)));
                    continue;
                }
            }
        }
        deeds.push(What::Does(does));
    }
    let written =
        bot.uses.of(&skill.name, at).into_iter().flat_map(|of| &of.uses).filter(|one| matches!(one.act, Act::Stores | Act::Unsets));
    let filled = written.map(|one| one.name.as_str()).filter(|name| !known.contains(name) && bot.names.attribute(name).is_some());
    deeds.extend(filled.map(What::Fills));
    Some(deeds)
}

/// Whether a run surely rests at a block: what follows is another matter.
fn rests(skill: &Skill, at: usize) -> bool {
    let for_others = skill.blocks.get(at).is_some_and(|block| block.conditions.is_empty() && block.body.waits_for_others());
    for_others || graph::stops_for_a_while(skill, at)
}

fn asks(block: &Block) -> bool {
    matches!(block.body.waits(), Waits::Asks | Waits::HandsOver)
}

/// Whether a block may lead to several places, or begins something that is not followed here.
fn decides(bot: &Look<'_>, block: &Block) -> bool {
    let parts = !block.body.targets().is_empty() && block.body.choices().is_empty();
    let goes_on = |otherwise: Otherwise| matches!(otherwise, Otherwise::Next | Otherwise::SayThenNext(_));
    let judges = block.body.does().is_empty() && block.outcomes.iter().any(|o| o.name != "not_allowed" && goes_on(o.otherwise));
    !block.conditions.is_empty() || parts || judges || block.body.calls().is_some() || sends(bot, block)
}

/// Whether a block raises an event that begins a skill, in this very step.
fn sends(bot: &Look<'_>, block: &Block) -> bool {
    let caught = |event: String| {
        let signal = Signal::Event { name: event };
        bot.own().any(|skill| skill.catches.iter().any(|catch| catch.kind.catches(&signal)))
    };
    block.kind.key() == "send" && block.body.raises().into_iter().any(caught)
}

/// What may come after a place before a run rests.
enum Follows {
    Nothing,
    Deeds,
    Question,
}

fn follows<'a>(bot: &Look<'a>, skill: &'a Skill, at: usize) -> Follows {
    let mut seen = BTreeSet::new();
    let mut todo = vec![(skill, at)];
    let mut found = Follows::Nothing;
    while let Some((skill, at)) = todo.pop() {
        let Some(block) = skill.blocks.get(at) else { continue };
        if !seen.insert((skill.name.as_str(), at)) {
            continue;
        }
        if asks(block) {
            return Follows::Question;
        }
        if sends(bot, block) || deeds(bot, skill, at).is_none_or(|deeds| !deeds.is_empty()) {
            found = Follows::Deeds;
        }
        if rests(skill, at) {
            continue;
        }
        let first = |name: &str| bot.skills.get(name).map(|skill| (skill, 0));
        for (_, target, by_time) in graph::ways(skill, at) {
            todo.extend(match target {
                Target::Block(to) if !by_time => Some((skill, to)),
                Target::Skill(name) if !by_time => first(&name),
                Target::Block(_) | Target::Skill(_) | Target::End => None,
            });
        }
        todo.extend(block.body.calls().and_then(first));
    }
    found
}

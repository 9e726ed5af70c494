//! The ways of a run through a bot, with what is known of names on each: whether the block before did what it says, which
//! conditions held, which variables come along. What [`super::unset`] walks over.

use super::Look;
use crate::blocks::Otherwise;
use crate::bot::graph::{self, Whole};
use crate::bot::uses::Act;
use crate::bot::{Block, SegmentRule, Skill, Target};
use expr::Condition;
use std::collections::BTreeSet;

/// One way from a block to the next.
pub(super) struct Way {
    pub from: usize,
    pub to: usize,
    /// As designers name it: `next`, an outcome, a case, a button.
    pub exit: String,
    /// Whether the block did what it says: a block that is skipped, or that fails, stores nothing.
    pub done: bool,
    /// Names that surely have a value here, as a condition says so.
    pub settled: BTreeSet<String>,
    /// For a called skill: it begins with these variables and no others.
    pub only: Option<BTreeSet<String>>,
}

/// Every block of a bot, and every way between two of them.
pub(super) struct Flow<'a> {
    pub whole: Whole<'a>,
    pub ways: Vec<Way>,
    /// The ways out of each place, as indexes into `ways`.
    pub out: Vec<Vec<usize>>,
    /// Where runs begin with nothing: the first blocks of skills that something begins.
    pub entries: BTreeSet<usize>,
}

impl<'a> Flow<'a> {
    pub(super) fn of(bot: &Look<'a>) -> Self {
        let whole = Whole::of(bot.skills);
        let mut ways = Vec::new();
        for place in 0..whole.places.len() {
            let (skill, block) = whole.block(place);
            from_block(bot, &whole, place, skill, block, &mut ways);
        }
        let mut out = vec![Vec::new(); whole.places.len()];
        for (index, way) in ways.iter().enumerate() {
            out[way.from].push(index);
        }
        let entries = entries(bot, &whole, &ways);
        Self { whole, ways, out, entries }
    }

    /// Whether the conditions of the block itself say that a name has a value inside of it.
    pub(super) fn settled_inside(&self, bot: &Look<'_>, place: usize, name: &str) -> bool {
        let (skill, block) = self.whole.block(place);
        skill.blocks[block].conditions.iter().any(|condition| settles(bot, condition, true).contains(name))
    }
}

fn from_block(bot: &Look<'_>, whole: &Whole<'_>, place: usize, skill: &Skill, index: usize, ways: &mut Vec<Way>) {
    let block = &skill.blocks[index];
    let mut push = |exit: &str, target: &Target, done: bool, settled: BTreeSet<String>| {
        if let Some(to) = whole.place_of(skill, target) {
            ways.push(Way { from: place, to, exit: exit.to_owned(), done, settled, only: None });
        }
    };
    if let [condition] = block.conditions.as_slice() {
        push("skipped", &block.next, false, settles(bot, condition, false));
    } else if !block.conditions.is_empty() {
        push("skipped", &block.next, false, BTreeSet::new());
    }
    let inside: BTreeSet<String> = block.conditions.iter().flat_map(|condition| settles(bot, condition, true)).collect();
    // A later case is tried when the ones before it did not hold.
    let mut passed = inside.clone();
    let mut at_case: Vec<BTreeSet<String>> = Vec::new();
    for (condition, _) in block.body.cases() {
        at_case.push(passed.iter().cloned().chain(settles(bot, condition, true)).collect());
        passed.extend(settles(bot, condition, false));
    }
    for (number, (exit, target)) in block.body.targets().into_iter().enumerate() {
        let settled = at_case.get(number).unwrap_or(&passed).clone();
        push(&exit, &target, true, settled);
    }
    for (exit, target) in block.body.timed_targets() {
        push(&exit, &target, true, inside.clone());
    }
    for (exit, target) in &block.exits {
        push(exit, target, false, inside.clone());
    }
    let next = graph::ways(skill, index).iter().any(|(exit, target, by_time)| exit == "next" && *target == block.next && !by_time);
    if next {
        push("next", &block.next, true, passed);
    }
    for outcome in outcomes_to_next(block) {
        push(outcome, &block.next, false, inside.clone());
    }
    if let Some(to) = whole.called(place) {
        let only = block.body.passes().into_iter().map(str::to_owned).collect();
        ways.push(Way { from: place, to, exit: "call".into(), done: false, settled: inside, only: Some(only) });
    }
}

/// The names that a condition says have a value; a segment says what its own condition does.
fn settles(bot: &Look<'_>, condition: &Condition, holds: bool) -> BTreeSet<String> {
    condition.settles(holds, &|segment| match bot.segments.get(segment).map(|s| &s.rule) {
        // Segments within segments are not followed: what they say is rarely what a text needs.
        Some(SegmentRule::Where(of_segment)) => of_segment.settles(true, &|_| BTreeSet::new()),
        Some(SegmentRule::Static) | None => BTreeSet::new(),
    })
}

/// Outcomes without an exit that go on with `next` although the block did not do what it says.
fn outcomes_to_next(block: &Block) -> impl Iterator<Item = &'static str> {
    let goes_on = |otherwise: Otherwise| match otherwise {
        Otherwise::Next | Otherwise::SayThenNext(_) => true,
        Otherwise::Error | Otherwise::EndQuietly(_) | Otherwise::Fallback | Otherwise::Repeat => false,
    };
    // `not_allowed` is about where the block leads, not about what it did.
    block
        .outcomes
        .iter()
        .filter(move |o| goes_on(o.otherwise) && o.name != "not_allowed" && !block.exits.contains_key(o.name))
        .map(|o| o.name)
}

/// A skill is begun with nothing unless all that begins it is another skill that leaves for it or calls it.
fn entries(bot: &Look<'_>, whole: &Whole<'_>, ways: &[Way]) -> BTreeSet<usize> {
    let mut named = BTreeSet::new();
    if let Some(config) = bot.config {
        super::each_text(config, &mut |text| {
            named.extend(text.trim().strip_prefix("skill ").map(|name| crate::bot::canonical_skill_name(name.trim())));
        });
    }
    let led_to: BTreeSet<usize> = ways.iter().filter(|way| whole.places[way.from].0 != whole.places[way.to].0).map(|way| way.to).collect();
    (0..whole.places.len())
        .filter(|place| {
            let (skill, block) = whole.block(*place);
            let begun = !skill.catches.is_empty() || skill.name.starts_with('/') || named.contains(&skill.name) || !led_to.contains(place);
            block == 0 && begun
        })
        .collect()
}

/// What a block does with one name.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Does {
    /// It surely has a value afterwards, if the block did what it says.
    pub stores: bool,
    /// It may have one.
    pub may_store: bool,
    /// It has none afterwards.
    pub unsets: bool,
}

/// What the block at a place does with a name.
pub(super) fn does(bot: &Look<'_>, flow: &Flow<'_>, place: usize, name: &str) -> Does {
    let (skill, block) = flow.whole.block(place);
    let sure = !skill.blocks[block].kind.may_store_nothing();
    let mut does = Does::default();
    for one in bot.uses.of(&skill.name, block).into_iter().flat_map(|of| &of.uses).filter(|one| one.name == name) {
        match one.act {
            Act::Stores => does = Does { stores: sure, may_store: true, unsets: does.unsets && !sure },
            Act::Unsets => does = Does { stores: false, may_store: false, unsets: true },
            Act::Reads(..) => {}
        }
    }
    does
}

//! W0229, W0230: a name that may have no value where it is said, or that nothing on the way there gives one (FL 3.8, 6.5).
//!
//! For every name that is said without a default, the ways of a run are walked from where it has no value, until a block
//! stores it or a condition says that it is set. What is still reached is told, with the way.

use super::flow::{Flow, Way, does};
use super::{Lint, Look, Needs};
use crate::blocks::{gallery, validation};
use crate::bot::names::CHOSEN;
use crate::bot::uses::{Act, Use};
use expr::{Missing, ReadOf};
use std::collections::{BTreeMap, VecDeque};
use syntax::{Diagnostic, Diagnostics};

/// How many ways are walked in one bot; beyond that nothing more is told.
const BUDGET: usize = 3_000_000;
/// How many blocks of a way are told.
const SHOWN: usize = 4;

/// System attributes that every contact has a value of, besides counters.
const ALWAYS: [&str; 18] = [
    "contact_id",
    "channel",
    "first_channel",
    "conversation_count",
    "status",
    "subscribed",
    "source",
    "first_seen",
    "last_seen",
    "last_input",
    "is_new",
    "now",
    "today",
    "hour",
    "weekday",
    "timezone",
    "last_error",
    "last_page",
];

/// A read: the place, what is read, and which of the uses of its block it is.
type ReadAt<'a> = (usize, &'a Use, usize);

/// What blocks give by themselves, where they do: the element of a list, the card that was pressed, the last verdict.
const GIVEN: [&str; 3] = [gallery::ITEM, gallery::CARD, validation::RESULT];

pub(super) struct Unset;

impl Lint for Unset {
    fn needs(&self) -> Needs {
        Needs::Sound
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let flow = Flow::of(bot);
        let mut reads: BTreeMap<(&str, bool), Vec<ReadAt<'_>>> = BTreeMap::new();
        for place in 0..flow.whole.places.len() {
            let (skill, block) = flow.whole.block(place);
            if skill.built_in {
                continue;
            }
            let Some(noted) = bot.uses.of(&skill.name, block) else { continue };
            for (at, one) in noted.uses.iter().enumerate() {
                let Act::Reads(of, how) = one.act else { continue };
                let variable = of == ReadOf::Variable;
                if variable && GIVEN.contains(&one.name.as_str()) {
                    continue;
                }
                if how == Missing::Handled || (!variable && (how == Missing::Unknown || has_always(bot, of, &one.name))) {
                    continue;
                }
                // What is copied as it is stays without a value; what is said is empty.
                if !variable && how == Missing::Alone && !skill.blocks[block].kind.speaks() {
                    continue;
                }
                reads.entry((&one.name, variable)).or_default().push((place, one, at));
            }
        }
        let mut budget = BUDGET;
        for ((name, variable), places) in reads {
            let Some(walk) = Walk::of(bot, &flow, name, variable, &mut budget) else { return };
            let mut told = None;
            for (place, one, at) in places {
                // Once for each block is enough.
                if told == Some(place)
                    || !walk.lacks[place]
                    || flow.settled_inside(bot, place, name)
                    || stored_above(bot, &flow, place, at, name)
                {
                    continue;
                }
                let Act::Reads(of, how) = one.act else { continue };
                if variable && !walk.may_have[place] {
                    out.push(never(one, how));
                } else if how == Missing::Shows || (how == Missing::Alone && speaks(&flow, place)) {
                    out.push(maybe(&flow, &walk, place, one, of));
                } else {
                    continue;
                }
                told = Some(place);
            }
        }
    }
}

fn speaks(flow: &Flow<'_>, place: usize) -> bool {
    let (skill, block) = flow.whole.block(place);
    skill.blocks[block].kind.speaks()
}

fn has_always(bot: &Look<'_>, of: ReadOf, name: &str) -> bool {
    match of {
        ReadOf::Variable => false,
        ReadOf::System => ALWAYS.contains(&name) || expr::COUNTERS.contains(&name),
        ReadOf::Attribute => {
            let declared = bot.names.attributes.iter().chain(&bot.names.globals).find(|a| a.name == name);
            declared.is_none_or(|a| a.default.is_some())
        }
    }
}

/// Whether the block itself stores the name before it reads it there.
fn stored_above(bot: &Look<'_>, flow: &Flow<'_>, place: usize, at: usize, name: &str) -> bool {
    let (skill, block) = flow.whole.block(place);
    if !skill.blocks[block].kind.stores_in_order() {
        return false;
    }
    let above = bot.uses.of(&skill.name, block).and_then(|of| of.uses.get(..at)).unwrap_or_default();
    let last = above.iter().rev().find(|one| one.name == name && !matches!(one.act, Act::Reads(..)));
    last.is_some_and(|one| one.act == Act::Stores)
}

/// Where a name may lack a value, and where it may have one.
struct Walk {
    lacks: Vec<bool>,
    may_have: Vec<bool>,
    /// The way by which each place was first reached without a value.
    by: Vec<Option<usize>>,
}

impl Walk {
    /// Nothing if the budget is used up.
    fn of(bot: &Look<'_>, flow: &Flow<'_>, name: &str, variable: bool, budget: &mut usize) -> Option<Self> {
        let places = flow.whole.places.len();
        let does: Vec<_> = (0..places).map(|place| does(bot, flow, place, name)).collect();
        *budget = budget.checked_sub(places + flow.ways.len())?;
        let mut walk = Self { lacks: vec![false; places], may_have: vec![false; places], by: vec![None; places] };
        // Without a value: from every beginning, and from where it is lost.
        let mut todo: VecDeque<usize> = flow.entries.iter().copied().collect();
        for place in &flow.entries {
            walk.lacks[*place] = true;
        }
        for (index, way) in flow.ways.iter().enumerate() {
            let lost = way.done && does[way.from].unsets;
            let left_behind = variable && way.only.as_ref().is_some_and(|only| !only.contains(name));
            if (lost || left_behind) && !walk.lacks[way.to] {
                walk.lacks[way.to] = true;
                walk.by[way.to] = Some(index);
                todo.push_back(way.to);
            }
        }
        let kept = |way: &Way| !variable || way.only.as_ref().is_none_or(|only| only.contains(name));
        let gives =
            |way: &Way| (way.done && does[way.from].stores) || way.settled.contains(name) || (variable && way.only.is_some() && kept(way));
        while let Some(place) = todo.pop_front() {
            for index in &flow.out[place] {
                *budget = budget.checked_sub(1)?;
                let way = &flow.ways[*index];
                if !gives(way) && !walk.lacks[way.to] {
                    walk.lacks[way.to] = true;
                    walk.by[way.to] = Some(*index);
                    todo.push_back(way.to);
                }
            }
        }
        // With a value: from every way that gives one.
        for way in &flow.ways {
            let gives =
                (way.done && does[way.from].may_store) || way.settled.contains(name) || (variable && way.only.is_some() && kept(way));
            if gives && !walk.may_have[way.to] {
                walk.may_have[way.to] = true;
                todo.push_back(way.to);
            }
        }
        while let Some(place) = todo.pop_front() {
            for index in &flow.out[place] {
                *budget = budget.checked_sub(1)?;
                let way = &flow.ways[*index];
                if kept(way) && !(way.done && does[way.from].unsets) && !walk.may_have[way.to] {
                    walk.may_have[way.to] = true;
                    todo.push_back(way.to);
                }
            }
        }
        Some(walk)
    }
}

/// A value that no way gives.
fn never(one: &Use, how: Missing) -> Diagnostic {
    let name = &one.name;
    let then = if how == Missing::Unknown { "so the condition never holds" } else { "so nothing is put here" };
    Diagnostic::warning("W0230", one.span, format!("nothing that runs before this gives \"{name}\" a value, {then}")).help(format!(
        "store it in a block before this one; to keep it from one run to the next declare it in bot.yaml: attributes: {{ {name}: text }}"
    ))
}

/// A value that some way does not give.
fn maybe(flow: &Flow<'_>, walk: &Walk, place: usize, one: &Use, of: ReadOf) -> Diagnostic {
    let name = &one.name;
    let (why, way) = match of {
        ReadOf::Variable => ("not every way here gives it one".to_owned(), Some(way_to(flow, walk, place))),
        ReadOf::System if CHOSEN.contains(&name.as_str()) => ("not every channel tells it".to_owned(), None),
        ReadOf::System => ("not everybody has one".to_owned(), None),
        ReadOf::Attribute => ("it has no default, and not every way here sets it".to_owned(), None),
    };
    let mut diagnostic = Diagnostic::warning("W0229", one.span, format!("\"{name}\" may have no value here")).label(why);
    if let Some(way) = way.filter(|way| !way.is_empty()) {
        diagnostic = diagnostic.help(format!("it has none on this way: {way}"));
    }
    diagnostic.help(format!("say what is written instead: ${{{name} | default('…')}}, or ask `{name} is set` before"))
}

/// The end of a way on which the name has no value: `ask (timeout) > nudge > here`.
fn way_to(flow: &Flow<'_>, walk: &Walk, place: usize) -> String {
    let spoken = |place: usize| {
        let (skill, block) = flow.whole.block(place);
        skill.blocks[block].name.clone()
    };
    let (mut at, mut steps, mut seen) = (place, vec![spoken(place)], vec![place]);
    while let Some(way) = walk.by[at].map(|index| &flow.ways[index]) {
        if seen.contains(&way.from) || steps.len() >= SHOWN {
            steps.push("…".to_owned());
            break;
        }
        let exit = if way.exit == "next" { String::new() } else { format!(" ({})", way.exit) };
        steps.push(format!("{}{exit}", spoken(way.from)));
        seen.push(way.from);
        at = way.from;
    }
    steps.reverse();
    if steps.len() < 2 { String::new() } else { steps.join(" > ") }
}

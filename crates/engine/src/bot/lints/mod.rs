//! The lints: what a bot says that can be read and is probably not meant. One file each, and this list.
//!
//! A lint sees the whole bot as it was read. One that must know everything to be right (what nothing reads, what no way
//! sets) looks only when there is no error, so that one slip is not told twice.

mod contradiction;
mod cycles;
mod fall_through;
mod flow;
mod looks_back;
mod missing_exit;
mod opt_words;
mod reactions;
mod sends;
mod shadowed;
mod unreachable;
mod unset;
mod unused_segment;
mod unused_skill;
mod unused_variable;
mod waiting;

use super::uses::Taken;
use super::{Names, Segment, Skill};
use std::collections::BTreeMap;
use syntax::{Diagnostics, Node, Spanned};

/// Every lint. The order does not matter: what is told is sorted by place.
const LINTS: &[&dyn Lint] = &[
    &unreachable::Unreachable,
    &waiting::Waiting,
    &missing_exit::MissingExit,
    &fall_through::FallThrough,
    &cycles::Cycles,
    &sends::Sends,
    &reactions::Reactions,
    &opt_words::OptWords,
    &shadowed::Shadowed,
    &contradiction::Contradiction,
    &looks_back::LooksBack,
    &unset::Unset,
    &unused_variable::UnusedVariable,
    &unused_skill::UnusedSkill,
    &unused_segment::UnusedSegment,
];

/// What a lint has to know to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// The skills that could be read; others do not matter.
    Each,
    /// Every skill.
    All,
    /// Every skill, and that nothing else is wrong.
    Sound,
}

/// Something that looks at a bot.
pub(crate) trait Lint: Sync {
    /// What it has to know to be right.
    fn needs(&self) -> Needs;
    /// Looks, and tells.
    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics);
}

/// A bot as lints see it.
pub(crate) struct Look<'a> {
    /// The skills that could be read, the product's own included.
    pub skills: &'a BTreeMap<String, Skill>,
    /// The segments that could be read.
    pub segments: &'a BTreeMap<String, Segment>,
    /// The names.
    pub names: &'a Names,
    /// How long what is recorded is kept.
    pub retention: &'a super::Retention,
    /// What the blocks do with names.
    pub uses: &'a Taken,
    /// The words that opt out and in.
    pub words: &'a crate::step::Words,
    /// What customers type to be understood.
    pub typed: Vec<super::typed::Typed>,
    /// `bot.yaml`.
    pub config: Option<&'a Spanned<Node>>,
    /// `segments.yaml`.
    pub segments_file: Option<&'a Spanned<Node>>,
    /// The skill files by skill, those that could not be read included.
    pub files: Vec<(&'a str, &'a Spanned<Node>)>,
}

impl<'a> Look<'a> {
    /// Whether something about a block could not be read: what it lacks may be just that.
    pub(crate) fn has_error(&self, skill: &Skill, block: usize, out: &Diagnostics) -> bool {
        let Some(here) = skill.blocks.get(block).map(|b| b.span) else { return false };
        let below = skill.blocks.get(block + 1).map_or(u32::MAX, |b| b.span.start);
        out.within(here.file, here.start..below).any(|d| d.severity == syntax::Severity::Error)
    }

    /// The skills the designer wrote.
    pub(crate) fn own(&self) -> impl Iterator<Item = &'a Skill> {
        self.skills.values().filter(|skill| !skill.built_in)
    }
}

/// Looks at a bot with every lint that can be right about it.
pub(crate) fn look(bot: &Look<'_>, whole: bool, out: &mut Diagnostics) {
    let known = match (whole, out.has_errors()) {
        (true, false) => Needs::Sound,
        (true, true) => Needs::All,
        (false, _) => Needs::Each,
    };
    for lint in LINTS.iter().filter(|lint| lint.needs() <= known) {
        lint.look(bot, out);
    }
}

/// Calls for every text of a tree.
pub(crate) fn each_text(node: &Spanned<Node>, visit: &mut dyn FnMut(&str)) {
    match &node.value {
        Node::Null => {}
        Node::Scalar(scalar) => visit(&scalar.text),
        Node::List(items) => items.iter().for_each(|item| each_text(item, visit)),
        Node::Map(entries) => entries.iter().for_each(|entry| {
            each_text(&entry.key, visit);
            each_text(&entry.value, visit);
        }),
    }
}

//! What the blocks of a bot read, store and ask, each at its place: noted while the files are read, for the lints.
//!
//! A block that is added is seen here without a word of its own, as everything it says goes through the reader.

use super::reader::At;
use expr::{Condition, Missing, ReadOf, Template};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use syntax::Span;

/// One name in one block.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub name: String,
    pub span: Span,
    pub act: Act,
}

/// What is done with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Its value is read.
    Reads(ReadOf, Missing),
    /// A value is stored.
    Stores,
    /// It loses its value.
    Unsets,
}

/// What one block does, in the order in which it was read.
#[derive(Debug, Default)]
pub(crate) struct OfBlock {
    pub uses: Vec<Use>,
    /// The conditions and where they stand; those of the block itself (`when`, `only_for`) come first.
    pub conditions: Vec<(Condition, Span)>,
}

#[derive(Debug, Default)]
struct Noted {
    /// The block that is being read.
    at: Option<(String, usize)>,
    blocks: BTreeMap<String, BTreeMap<usize, OfBlock>>,
    /// Names read outside of blocks, or in translations: where does not matter.
    elsewhere: BTreeSet<String>,
    /// Conditions outside of blocks.
    conditions: Vec<(Condition, Span)>,
    /// How far back texts look at recorded events, where they do.
    reaches: Vec<(expr::Reach, Span)>,
}

/// Everything noted.
#[derive(Debug, Default)]
pub(crate) struct Uses(RefCell<Noted>);

impl Uses {
    /// What follows belongs to this block.
    pub(crate) fn enter(&self, skill: &str, block: usize) {
        self.0.borrow_mut().at = Some((skill.to_owned(), block));
    }

    /// What follows belongs to no block.
    pub(crate) fn leave(&self) {
        self.0.borrow_mut().at = None;
    }

    /// A template stands at `node`.
    pub(crate) fn template(&self, template: &Template, node: At<'_>) {
        for read in template.reads() {
            self.note(&read.name, node.span_within(read.range.clone()), Act::Reads(read.of, read.how));
        }
        let reach = template.references().reach;
        if reach != expr::Reach::Nothing {
            self.0.borrow_mut().reaches.push((reach, node.span));
        }
        if template.is_translated() {
            let mut noted = self.0.borrow_mut();
            let others = template.in_every_language().skip(1);
            noted.elsewhere.extend(others.flat_map(|said| said.reads().iter().map(|read| read.name.clone())));
        }
    }

    /// A condition stands at `node`.
    pub(crate) fn condition(&self, condition: &Condition, node: At<'_>) {
        for read in condition.reads() {
            self.note(&read.name, node.span_within(read.range.clone()), Act::Reads(read.of, read.how));
        }
        let mut noted = self.0.borrow_mut();
        let found = (condition.clone(), node.span);
        match noted.at.clone() {
            Some((skill, block)) => noted.blocks.entry(skill).or_default().entry(block).or_default().conditions.push(found),
            None => noted.conditions.push(found),
        }
    }

    /// A name is read in a way that has no place of its own.
    pub(crate) fn reads_somewhere(&self, name: &str) {
        self.0.borrow_mut().elsewhere.insert(name.to_owned());
    }

    /// Something is done with a name.
    pub(crate) fn note(&self, name: &str, span: Span, act: Act) {
        let mut noted = self.0.borrow_mut();
        match noted.at.clone() {
            Some((skill, block)) => {
                let uses = &mut noted.blocks.entry(skill).or_default().entry(block).or_default().uses;
                uses.push(Use { name: name.to_owned(), span, act });
            }
            None => {
                if matches!(act, Act::Reads(..)) {
                    noted.elsewhere.insert(name.to_owned());
                }
            }
        }
    }

    /// What was noted, taken out.
    pub(crate) fn take(&self) -> Taken {
        let noted = self.0.take();
        Taken { blocks: noted.blocks, elsewhere: noted.elsewhere, conditions: noted.conditions, reaches: noted.reaches }
    }
}

/// What was noted of a whole bot.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    blocks: BTreeMap<String, BTreeMap<usize, OfBlock>>,
    /// Names read outside of blocks.
    pub elsewhere: BTreeSet<String>,
    /// Conditions outside of blocks.
    pub conditions: Vec<(Condition, Span)>,
    /// How far back texts look at recorded events, where they do.
    pub reaches: Vec<(expr::Reach, Span)>,
}

impl Taken {
    /// What one block does.
    pub(crate) fn of(&self, skill: &str, block: usize) -> Option<&OfBlock> {
        self.blocks.get(skill)?.get(&block)
    }

    /// Everything that blocks do, with the skill and the block.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, usize, &OfBlock)> {
        self.blocks.iter().flat_map(|(skill, blocks)| blocks.iter().map(move |(block, of)| (skill.as_str(), *block, of)))
    }
}

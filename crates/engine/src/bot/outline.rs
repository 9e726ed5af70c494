//! The outline of a bot: its blocks with their exits and places, for coverage and for comparing two versions.

use super::{Bot, Loaded, Skill, Target};
use std::collections::BTreeMap;
use syntax::{Diagnostics, Node, Sources, Span, Spanned};

/// One block of the designer's skills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutline {
    /// The skill.
    pub skill: String,
    /// The block.
    pub block: String,
    /// Its type key.
    pub kind: &'static str,
    /// Where it is written; spans point into the sources that came with the bot.
    pub span: Span,
    /// The ways out of it, in order: choices and cases, what time takes, `on:`, `next`.
    pub exits: Vec<ExitOutline>,
}

/// One way out of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitOutline {
    /// As the trace names it: `next`, an outcome, a button's label, `case 2`.
    pub name: String,
    /// For a button: its label in every language of the bot, as far as it is fixed.
    pub labels: Vec<String>,
    /// Where it leads: a block of the same skill, `end`, or `skill NAME`.
    pub target: String,
    /// Whether only time takes it: a timer's tick begins a run of its own there.
    pub timed: bool,
}

impl Loaded {
    /// The blocks of the designer's own skills, in file order.
    pub fn outline(&self) -> Vec<BlockOutline> {
        let own = self.order.iter().filter_map(|name| self.skills.get(name)).filter(|skill| !skill.built_in);
        own.flat_map(|skill| (0..skill.blocks.len()).map(move |at| block(skill, at))).collect()
    }
}

fn block(skill: &Skill, at: usize) -> BlockOutline {
    let block = &skill.blocks[at];
    let timed = block.body.timed_targets();
    let exits = super::graph::ways(skill, at)
        .into_iter()
        .map(|(name, target, by_time)| {
            let choice = block.body.choices().iter().find(|c| c.label.literal().is_some_and(|l| l == name));
            let labels = choice.map(|c| c.label.in_every_language().filter_map(|l| l.literal().map(str::to_owned)).collect());
            let timed = by_time && timed.iter().any(|(n, t)| *n == name && *t == target);
            ExitOutline { labels: labels.unwrap_or_default(), target: spoken(skill, &target), timed, name }
        })
        .collect();
    BlockOutline { skill: skill.name.clone(), block: block.name.clone(), kind: block.kind.key(), span: block.span, exits }
}

fn spoken(skill: &Skill, target: &Target) -> String {
    match target {
        Target::Block(at) => skill.blocks[*at].name.clone(),
        Target::End => "end".into(),
        Target::Skill(name) => format!("skill {name}"),
    }
}

impl Bot {
    /// What each block says, by `skill.block`: two versions whose texts are the same do the same there. Comments, order of
    /// files and blank lines do not count; what follows below does, where the block goes on with it.
    pub fn block_texts(&self) -> BTreeMap<String, String> {
        let mut sources = Sources::new();
        let mut unread = Diagnostics::new();
        let mut texts = BTreeMap::new();
        for (path, text) in self.files.files.iter().filter(|(path, _)| path.starts_with("skills/")) {
            let file = sources.add(path.clone(), text.clone());
            let Some(node) = syntax::parse(file, &sources, &mut unread) else { continue };
            let Some(name) = node.get("skill").and_then(Spanned::as_text) else { continue };
            let name = super::canonical_skill_name(name);
            let Some(blocks) = node.get("blocks").and_then(Spanned::as_map) else { continue };
            for (at, entry) in blocks.iter().enumerate() {
                let Some(block) = entry.key.as_text() else { continue };
                let mut said = String::new();
                write(&entry.value, &mut said);
                let below = blocks.get(at + 1).and_then(|e| e.key.as_text()).unwrap_or("end");
                if entry.value.get("next").is_none() {
                    said.push_str("\nnext: ");
                    said.push_str(below);
                }
                texts.insert(format!("{name}.{block}"), said);
            }
        }
        texts
    }
}

/// A node without its places: what it says, unmistakably.
fn write(node: &Spanned<Node>, out: &mut String) {
    match &node.value {
        Node::Null => out.push('~'),
        Node::Scalar(_) => out.push_str(&format!("{:?}", node.as_text().unwrap_or_default())),
        Node::List(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Node::Map(entries) => {
            out.push('{');
            for entry in entries {
                write(&entry.key, out);
                out.push(':');
                write(&entry.value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

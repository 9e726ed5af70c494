//! The picture of a bot: its skills, their blocks and every way between them, as plain data. `graph`, the console and whatever
//! draws next read this and nothing else; it is derived from the loaded blocks, so a new block is in it by being a block.

use super::interrupts::{Interrupt, Mode};
use super::menu::MenuTo;
use super::{Loaded, Skill, Target, graph};
use crate::blocks::{Group, Waits};
use crate::catches::Signal;
use serde::Serialize;
use std::collections::BTreeSet;
use syntax::{Diagnostics, Node, Severity, Spanned};

/// The longest summary of a block, in characters.
const SUMMARY: usize = 160;

/// A bot as it can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The bot's name.
    pub bot: String,
    /// Which version of it (FL 5.9).
    pub version: String,
    /// The designer's skills in file order, then the system skills that come with the product.
    pub skills: Vec<SkillPicture>,
    /// How skills lead to one another.
    pub links: Vec<Link>,
}

/// One skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillPicture {
    /// Its name, as targets write it.
    pub name: String,
    /// What people read in command menus.
    pub title: String,
    /// Whether it came with the product.
    pub built_in: bool,
    /// Whether it is only for some contacts.
    pub guarded: bool,
    /// What begins it, in words: its catches, then the interrupts and the menu entries of bot.yaml that lead to it.
    pub catches: Vec<String>,
    /// Its blocks, in order; the first is where it begins.
    pub blocks: Vec<BlockPicture>,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockPicture {
    /// Its name.
    pub name: String,
    /// Its type key.
    pub kind: &'static str,
    /// Its group (FL 4).
    pub group: Group,
    /// What it says or does, in one line of at most 160 characters.
    pub summary: String,
    /// Whether and how a run rests here.
    pub rests: Rests,
    /// Whether it may be skipped (FL 3.6).
    pub conditional: bool,
    /// The ways out of it, in order.
    pub exits: Vec<ExitPicture>,
    /// What `check` has to say about it, with the code in front.
    pub concerns: Vec<String>,
}

/// Whether and how a run rests on a block (FL 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rests {
    /// It goes on at once.
    No,
    /// It asks and waits for the customer.
    Asks,
    /// It waits for a human.
    HandsOver,
    /// It waits for something else: time, an answer from outside.
    Waits,
}

/// One way out of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExitPicture {
    /// As the trace names it: `next`, an outcome, a button's label, `case 2`.
    pub name: String,
    /// Where it leads.
    pub to: ExitTo,
    /// Whether only time takes it.
    pub timed: bool,
}

/// Where a way leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitTo {
    /// A block of the same skill.
    Block(String),
    /// The end of the skill.
    End,
    /// Another skill.
    Skill(String),
}

/// How one skill leads to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Link {
    /// The skill it begins in.
    pub from: String,
    /// The block it begins at.
    pub block: String,
    /// The skill it leads to.
    pub to: String,
    /// In which way.
    pub how: LinkKind,
    /// The exit, for [`LinkKind::Leaves`]; the event, for [`LinkKind::Raises`]; else empty.
    pub name: String,
}

/// In which way one skill leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// An exit leaves for it (`skill NAME`).
    Leaves,
    /// A block calls it and goes on when it is over.
    Calls,
    /// A block raises an event that it catches.
    Raises,
}

impl Loaded {
    /// The picture of this bot. `diagnostics` are those of its loading: what they say about a block stands beside it.
    pub fn picture(&self, diagnostics: &Diagnostics) -> Picture {
        let (own, built_in): (Vec<&Skill>, Vec<&Skill>) =
            self.order.iter().filter_map(|name| self.skills.get(name)).map(AsRef::as_ref).partition(|skill| !skill.built_in);
        let skills: Vec<&Skill> = own.into_iter().chain(built_in).collect();
        let links: BTreeSet<(usize, Link)> =
            skills.iter().enumerate().flat_map(|(at, skill)| links(skill, &skills).into_iter().map(move |link| (at, link))).collect();
        Picture {
            bot: self.config.name.clone(),
            version: self.version.0.to_string(),
            skills: skills.iter().map(|skill| SkillPicture { catches: self.ways_in(skill), ..picture(skill, diagnostics) }).collect(),
            links: links.into_iter().map(|(_, link)| link).collect(),
        }
    }

    /// What begins a skill: its own catches, and what bot.yaml leads to it from anywhere.
    fn ways_in(&self, skill: &Skill) -> Vec<String> {
        let caught = skill.catches.iter().map(|c| plain(&c.kind.drawn()));
        let interrupts = self.interrupts.iter().filter(|i| i.then.as_deref() == Some(skill.name.as_str())).map(interrupt);
        let leads_here = |to: &MenuTo| match to {
            MenuTo::Skill(name) => *name == skill.name,
            MenuTo::Command(name) if name == "start" => skill.name == "/start",
            MenuTo::Command(name) => skill.catches.iter().any(|c| c.kind.catches(&Signal::Command { name: name.clone() })),
        };
        let menu = self.menu.iter().filter(|entry| leads_here(&entry.to)).map(|entry| plain(&format!("menu: {}", entry.label)));
        caught.chain(interrupts).chain(menu).collect()
    }
}

/// An interrupt as a way in: `interrupt agent / person (jump)`.
fn interrupt(of: &Interrupt) -> String {
    let words = of.words.as_ref().map(|words| words.drawn().replacen("keyword ", "", 1));
    let when = of.when.as_ref().map(|when| format!("when {when}"));
    let said: Vec<String> = words.into_iter().chain(when).collect();
    let mode = match of.mode {
        Mode::Call => "call",
        Mode::Jump => "jump",
        Mode::End => "end",
    };
    plain(&format!("interrupt {} ({mode})", said.join(" ")))
}

fn picture(skill: &Skill, diagnostics: &Diagnostics) -> SkillPicture {
    SkillPicture {
        name: skill.name.clone(),
        title: skill.title.clone(),
        built_in: skill.built_in,
        guarded: skill.only_for.is_some(),
        catches: Vec::new(),
        blocks: (0..skill.blocks.len()).map(|at| block(skill, at, diagnostics)).collect(),
    }
}

fn block(skill: &Skill, at: usize, diagnostics: &Diagnostics) -> BlockPicture {
    let block = &skill.blocks[at];
    let exits = graph::ways(skill, at).into_iter().map(|(name, target, timed)| {
        let to = match target {
            Target::Block(to) => ExitTo::Block(skill.blocks[to].name.clone()),
            Target::End => ExitTo::End,
            Target::Skill(name) => ExitTo::Skill(name),
        };
        ExitPicture { name, to, timed }
    });
    // Blocks stand below one another: what is said between this one's name and the next one's is about this one.
    let below = skill.blocks.get(at + 1).map_or(u32::MAX, |next| next.span.start);
    let about = diagnostics.within(block.span.file, block.span.start..below).filter(|_| !skill.built_in);
    BlockPicture {
        name: block.name.clone(),
        kind: block.kind.key(),
        group: block.kind.group(),
        summary: block.summary.clone(),
        rests: match block.body.waits() {
            Waits::No => Rests::No,
            Waits::Asks => Rests::Asks,
            Waits::HandsOver => Rests::HandsOver,
            Waits::For(_) => Rests::Waits,
        },
        conditional: !block.conditions.is_empty(),
        exits: exits.collect(),
        concerns: about
            .filter(|d| matches!(d.severity, Severity::Warning | Severity::Error))
            .map(|d| format!("{}: {}", d.code, d.message))
            .collect(),
    }
}

fn links(skill: &Skill, skills: &[&Skill]) -> Vec<Link> {
    let link = |block: &str, to: &str, how, name: &str| Link {
        from: skill.name.clone(),
        block: block.to_owned(),
        to: to.to_owned(),
        how,
        name: name.to_owned(),
    };
    let mut found = Vec::new();
    for (at, block) in skill.blocks.iter().enumerate() {
        for (exit, target, _) in graph::ways(skill, at) {
            if let Target::Skill(to) = target {
                found.push(link(&block.name, &to, LinkKind::Leaves, &exit));
            }
        }
        if let Some(called) = block.body.calls() {
            found.push(link(&block.name, &super::canonical_skill_name(called), LinkKind::Calls, ""));
        }
        let raised = block.body.choices().iter().filter_map(|c| c.raises()).map(str::to_owned).chain(block.body.raises());
        for event in raised {
            let signal = Signal::Event { name: event.clone() };
            let caught = skills.iter().filter(|s| s.catches.iter().any(|c| c.kind.catches(&signal)));
            found.extend(caught.map(|to| link(&block.name, &to.name, LinkKind::Raises, &event)));
        }
    }
    found
}

/// What a block says or does in one line, from what is written under its type key.
pub(super) fn summary(value: &Spanned<Node>) -> String {
    let mut line = String::new();
    match &value.value {
        Node::Null => {}
        Node::Scalar(scalar) => line.push_str(&scalar.text),
        Node::List(items) => line.push_str(&first(items.iter().map(brief))),
        Node::Map(entries) => {
            let pairs = entries.iter().map(|e| format!("{}: {}", e.key.as_text().unwrap_or_default(), brief(&e.value)));
            line.push_str(&first(pairs));
        }
    }
    plain(&line)
}

/// A text on one line of at most [`SUMMARY`] characters, without what would spoil a drawing.
fn plain(line: &str) -> String {
    let spaced = line.split_whitespace().collect::<Vec<&str>>().join(" ");
    // Control characters and marks that turn the direction of a line would spoil a drawing.
    let plain: String =
        spaced.chars().filter(|c| !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')).collect();
    match plain.char_indices().nth(SUMMARY) {
        None => plain,
        Some(_) => plain.chars().take(SUMMARY - 1).chain(['…']).collect(),
    }
}

fn first(pieces: impl Iterator<Item = String>) -> String {
    let mut pieces: Vec<String> = pieces.filter(|p| !p.is_empty()).take(4).collect();
    if pieces.len() == 4 {
        pieces[3] = "…".into();
    }
    pieces.join(" · ")
}

/// A value inside another: its own text, or that of the first thing in it.
fn brief(node: &Spanned<Node>) -> String {
    match &node.value {
        Node::Null => String::new(),
        Node::Scalar(scalar) => scalar.text.clone(),
        Node::List(items) => items.iter().take(3).map(brief).collect::<Vec<String>>().join(", "),
        Node::Map(entries) => entries.first().map(|e| brief(&e.value)).unwrap_or_default(),
    }
}

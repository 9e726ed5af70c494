//! `interrupts:` of bot.yaml: words that lead elsewhere whatever the run with the floor asks (FL 5.3d, 5.4 rule 5).

use super::Names;
use super::reader::{At, Fields, Reader, one_or_many};
use crate::catches::{self, Catch};
use expr::Condition;
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node};

/// How many interrupts a bot has at the most: each is looked at with every message.
const MOST: usize = 100;

/// One interrupt.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// What the message says; anything if none.
    pub words: Option<Box<dyn Catch>>,
    /// What must hold as well; sees `input`.
    pub when: Option<Condition>,
    /// The skill, by its canonical name; none ends only.
    pub then: Option<String>,
    pub mode: Mode,
}

/// What becomes of the run with the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The skill runs on top of it; then its question is asked again.
    #[default]
    Call,
    /// It ends.
    Jump,
    /// It ends, and those suspended under it.
    End,
}

/// Reads `interrupts:`.
pub(crate) fn read(node: At<'_>, names: &Names, out: &mut Diagnostics) -> Vec<Interrupt> {
    let Node::List(items) = &node.value else {
        out.push(
            Diagnostic::error("E0178", node.span, format!("interrupts is a list, not {}", node.kind_name()))
                .help("write each as \"- { keyword: [agent, person], then: skill talk-to-us, mode: jump }\""),
        );
        return Vec::new();
    };
    if items.len() > MOST {
        out.push(Diagnostic::error("E0178", node.span, format!("a bot has at most {MOST} interrupts, not {}", items.len())));
    }
    let blocks = BTreeMap::new();
    let mut reader = Reader { names, out, skill: "", blocks: &blocks };
    one_or_many(node).iter().take(MOST).filter_map(|item| read_one(item, &mut reader)).collect()
}

fn read_one(item: At<'_>, reader: &mut Reader<'_>) -> Option<Interrupt> {
    let mut fields = Fields::of(item, "an interrupt", reader.out)?;
    let (keyword, when) = (fields.take("keyword"), fields.take("when"));
    let (then, mode) = (fields.take("then"), fields.take("mode"));
    // For people who read the file.
    if let Some(note) = fields.take("note") {
        reader.text(note, "note");
    }
    fields.finish(reader.out);
    if keyword.is_none() && when.is_none() {
        reader.out.push(
            Diagnostic::error("E0178", item.span, "an interrupt says what it listens for: keyword or when")
                .help("write keyword: [agent, person]; when: CONDITION looks at the message as input"),
        );
        return None;
    }
    let mode = match mode.and_then(|n| Some((reader.text(n, "mode")?.trim(), n.span))) {
        None => Mode::default(),
        Some(("call", _)) => Mode::Call,
        Some(("jump", _)) => Mode::Jump,
        Some(("end", _)) => Mode::End,
        Some((other, span)) => {
            reader.error("E0178", span, format!("the mode of an interrupt is call, jump or end, not \"{other}\""));
            return None;
        }
    };
    let then = match then {
        None if mode == Mode::End => None,
        None => {
            reader.out.push(
                Diagnostic::error("E0178", item.span, "an interrupt says where it leads")
                    .help("write then: skill NAME; only mode: end can do without"),
            );
            return None;
        }
        Some(node) => {
            let written = reader.text(node, "where an interrupt leads")?.trim();
            let Some(name) = written.strip_prefix("skill ") else {
                reader.out.push(
                    Diagnostic::error("E0178", node.span, format!("an interrupt leads to a skill, not to \"{written}\""))
                        .help("write then: skill NAME"),
                );
                return None;
            };
            Some(reader.skill_name(name.trim(), node.span)?)
        }
    };
    let words = match keyword {
        None => None,
        Some(node) => Some(catches::keywords(node, reader)?),
    };
    let when = match when {
        None => None,
        Some(node) => Some(reader.condition(node, "when")?),
    };
    Some(Interrupt { words, when, then, mode })
}

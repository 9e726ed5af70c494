//! W0231: something is stored that nothing reads, and that dies with its run (FL 7.1).

use super::{Lint, Look, Needs};
use crate::bot::uses::Act;
use std::collections::BTreeSet;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct UnusedVariable;

impl Lint for UnusedVariable {
    fn needs(&self) -> Needs {
        Needs::Sound
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let read: BTreeSet<&str> = bot
            .uses
            .all()
            .flat_map(|(_, _, block)| &block.uses)
            .filter(|one| matches!(one.act, Act::Reads(..)))
            .map(|one| one.name.as_str())
            .chain(bot.uses.elsewhere.iter().map(String::as_str))
            .collect();
        // What a called skill stores, others may take from it.
        let called: BTreeSet<&str> = bot.skills.values().flat_map(|skill| &skill.blocks).filter_map(|block| block.body.calls()).collect();
        let mut told = BTreeSet::new();
        for skill in bot.own().filter(|skill| !called.contains(skill.name.as_str())) {
            let Some(variables) = bot.names.variables.get(&skill.name) else { continue };
            for block in 0..skill.blocks.len() {
                for stored in bot.uses.of(&skill.name, block).into_iter().flat_map(|b| &b.uses).filter(|one| one.act == Act::Stores) {
                    let name = stored.name.as_str();
                    // A leading `_` says that the value does not matter.
                    if !variables.contains(name) || read.contains(name) || name.starts_with('_') || !told.insert((&skill.name, name)) {
                        continue;
                    }
                    out.push(
                        Diagnostic::warning("W0231", stored.span, format!("\"{name}\" is stored and nothing reads it"))
                            .label("gone when the run ends")
                            .help(format!(
                                "to keep it with the contact declare it in bot.yaml: attributes: {{ {name}: text }}; if only the answer is waited for, call it _{name}"
                            )),
                    );
                }
            }
        }
    }
}

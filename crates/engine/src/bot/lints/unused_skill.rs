//! W0234: a skill that nothing begins.

use super::{Lint, Look, Needs, each_text};
use crate::bot::canonical_skill_name;
use std::collections::BTreeSet;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct UnusedSkill;

impl Lint for UnusedSkill {
    fn needs(&self) -> Needs {
        Needs::Sound
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let mut named = BTreeSet::new();
        let mut note = |text: &str| {
            // `skill NAME`, or the bare name where only a skill can stand (`call: NAME`).
            named.insert(canonical_skill_name(text.trim().strip_prefix("skill ").unwrap_or(text).trim()));
        };
        for (skill, file) in &bot.files {
            for entry in file.get("blocks").and_then(|blocks| blocks.as_map()).unwrap_or_default() {
                each_text(&entry.value, &mut |text| {
                    let itself = canonical_skill_name(text.trim().strip_prefix("skill ").unwrap_or(text).trim()) == *skill;
                    if !itself {
                        note(text);
                    }
                });
            }
        }
        if let Some(config) = bot.config {
            each_text(config, &mut note);
        }
        for (name, file) in &bot.files {
            let Some(skill) = bot.skills.get(*name).filter(|skill| !skill.built_in) else { continue };
            if !skill.catches.is_empty() || name.starts_with('/') || named.contains(*name) {
                continue;
            }
            let place = file.get("skill").map_or(file.span, |node| node.span);
            out.push(
                Diagnostic::warning("W0234", place, format!("nothing begins skill \"{name}\""))
                    .help(format!("give it a catch, such as catch: [{{ command: {} }}], or leave for it with skill {name}", command(name))),
            );
        }
    }
}

/// A command that a skill of this name may have.
fn command(name: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(fitting).take(32).collect()
}

//! W0235: a segment that neither the bot nor a person has a use for.

use super::{Lint, Look, Needs, each_text};
use std::collections::BTreeSet;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct UnusedSegment;

impl Lint for UnusedSegment {
    fn needs(&self) -> Needs {
        Needs::Sound
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let Some(file) = bot.segments_file else { return };
        let entries = file.as_map().unwrap_or_default();
        // Any word that is the segment's name counts: conditions, catches and blocks name segments in many ways.
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut note = |text: &str| {
            let apart = |c: char| !(c.is_alphanumeric() || c == '-' || c == '_');
            words.extend(text.split(apart).filter(|word| !word.is_empty()).map(str::to_owned));
        };
        for (_, skill) in &bot.files {
            each_text(skill, &mut note);
        }
        if let Some(config) = bot.config {
            each_text(config, &mut note);
        }
        for entry in entries {
            for key in ["where", "exclude"] {
                if let Some(node) = entry.value.get(key) {
                    each_text(node, &mut note);
                }
            }
        }
        for entry in entries {
            let Some(key) = entry.key.as_text() else { continue };
            let for_people = ["name", "description", "static"].iter().any(|shown| entry.value.get(shown).is_some());
            if !for_people && !words.contains(key) {
                out.push(
                    Diagnostic::warning("W0235", entry.key.span, format!("nothing uses segment \"{key}\""))
                        .help("if people use it, in the console or to send to, give it a name: name: …; else take it out"),
                );
            }
        }
    }
}

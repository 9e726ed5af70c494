//! W0227: an outcome that is only a matter of time, and that ends the run because it has no exit (FL 5.6).

use super::{Lint, Look, Needs};
use crate::blocks::Otherwise;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct MissingExit;

impl Lint for MissingExit {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        for block in bot.own().flat_map(|skill| &skill.blocks) {
            let Some(matters) = block.body.matters() else { continue };
            // An exit for an error catches what has no exit of its own, where the language says so.
            let Some(outcome) = block.outcomes.iter().find(|o| o.name == matters.outcome) else { continue };
            if block.exits.contains_key(outcome.name) {
                continue;
            }
            let then = match outcome.otherwise {
                Otherwise::Error => "the run ends and the customer reads that something went wrong",
                Otherwise::Fallback => "the run ends and the bot lists what it can do",
                Otherwise::EndQuietly(_) => "the run ends without a word",
                Otherwise::Next | Otherwise::SayThenNext(_) | Otherwise::Repeat => continue,
            };
            let message = format!("\"{}\" has no exit for {}: {then} {}", block.name, outcome.name, matters.when);
            out.push(
                Diagnostic::warning("W0227", block.span, message).help(format!(
                    "say where it goes on: on: {{ {}: BLOCK }}, or {}: end if it should end there",
                    outcome.name, outcome.name
                )),
            );
        }
    }
}

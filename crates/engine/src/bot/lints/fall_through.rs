//! W0203: after a chat with an agent the run goes on with whatever stands below.

use super::{Lint, Look, Needs};
use crate::blocks::Waits;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct FallThrough;

impl Lint for FallThrough {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        for skill in bot.own() {
            for (index, block) in skill.blocks.iter().enumerate() {
                let Some(below) = skill.blocks.get(index + 1) else { continue };
                if block.body.waits() != Waits::HandsOver || block.has_next {
                    continue;
                }
                let message = format!("after the agent closes the chat, \"{}\" goes on with the block below", block.name);
                out.push(
                    Diagnostic::warning("W0203", block.span, message)
                        .also(below.span, "the customer comes here when the chat is over")
                        .help("write next: with the block that should follow, or next: end"),
                );
            }
        }
    }
}

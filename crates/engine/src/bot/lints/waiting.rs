//! W0202, W0204: a question that nothing but a fitting answer ends, and an exit for a timeout that never comes.

use super::{Lint, Look, Needs};
use crate::blocks::{Otherwise, Waits};
use syntax::{Diagnostic, Diagnostics};

pub(super) struct Waiting;

impl Lint for Waiting {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        for (skill, index, block) in bot.own().flat_map(|skill| skill.blocks.iter().enumerate().map(move |(index, b)| (skill, index, b))) {
            let repeats = block.outcomes.iter().any(|o| o.otherwise == Otherwise::Repeat);
            if repeats && !block.exits.contains_key("other") && block.body.timeout().is_none() && !bot.has_error(skill, index, out) {
                out.push(
                    Diagnostic::warning(
                        "W0202",
                        block.span,
                        format!("\"{}\" waits for a choice with neither other nor timeout", block.name),
                    )
                    .help("say what happens to a different answer with on: { other: … }, or how long to wait with timeout"),
                );
            }
            if block.exits.contains_key("timeout")
                && block.body.timeout().is_none()
                && matches!(block.body.waits(), Waits::Asks | Waits::For(_))
            {
                out.push(
                    Diagnostic::warning("W0204", block.span, format!("\"{}\" has an exit for timeout but no timeout", block.name))
                        .help("write how long to wait: timeout: 10m"),
                );
            }
        }
    }
}

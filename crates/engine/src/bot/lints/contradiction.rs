//! W0236: a condition that can never hold, wherever it stands: a segment nobody is in, a case nobody takes.

use super::{Lint, Look, Needs};
use crate::bot::SegmentRule;
use expr::Condition;
use syntax::{Diagnostic, Diagnostics, Span};

/// How many things asked are looked at in one bot.
const BUDGET: u32 = 100_000;

pub(super) struct Contradiction;

impl Lint for Contradiction {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let mut budget = BUDGET;
        for (_, _, block) in bot.uses.all() {
            for (condition, span) in &block.conditions {
                tell(condition, *span, "this condition can never hold", &mut budget, out);
            }
        }
        for (condition, span) in &bot.uses.conditions {
            tell(condition, *span, "this condition can never hold", &mut budget, out);
        }
        for segment in bot.segments.values() {
            let SegmentRule::Where(condition) = &segment.rule else { continue };
            let place = bot.segments_file.and_then(|file| file.get(&segment.key)?.get("where")).map_or(segment.span, |node| node.span);
            tell(condition, place, &format!("nobody can ever be in segment \"{}\"", segment.key), &mut budget, out);
        }
    }
}

fn tell(condition: &Condition, span: Span, message: &str, budget: &mut u32, out: &mut Diagnostics) {
    let Some((one, other)) = condition.never_holds(budget) else { return };
    let help = if other.is_empty() {
        format!("these exclude each other: {one}")
    } else {
        format!("`{one}` and `{other}` exclude each other; was `or` meant?")
    };
    out.push(Diagnostic::warning("W0236", span, message).help(help));
}

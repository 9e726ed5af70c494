//! W0228: a case of a switch that is never reached, as an earlier one holds whenever it does.

use super::{Lint, Look, Needs};
use syntax::{Diagnostic, Diagnostics};

/// How many pairs of cases, and how many things asked in them, are looked at in one bot.
const MOST_PAIRS: u32 = 20_000;
const BUDGET: u32 = 100_000;

pub(super) struct Shadowed;

impl Lint for Shadowed {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let (mut pairs, mut budget) = (MOST_PAIRS, BUDGET);
        for skill in bot.own() {
            for (index, block) in skill.blocks.iter().enumerate() {
                let cases = block.body.cases();
                let Some(noted) = bot.uses.of(&skill.name, index) else { continue };
                // The conditions of the cases are the last that were read.
                let Some(first) = noted.conditions.len().checked_sub(cases.len()) else { continue };
                let cases = noted.conditions.get(first..).unwrap_or_default();
                for (later, (condition, span)) in cases.iter().enumerate() {
                    let earlier = cases.iter().take(later).find(|(before, _)| {
                        pairs = pairs.saturating_sub(1);
                        pairs > 0 && (condition == before || condition.implies(before, &mut budget))
                    });
                    if let Some((before, at)) = earlier {
                        let same = condition == before;
                        let message =
                            if same { "this case is written twice; the first one is taken" } else { "this case is never reached" };
                        let why = if same { "the first one" } else { "whenever it would hold, this one holds and is taken first" };
                        let help = if same {
                            "take one of the two out, or change its condition"
                        } else {
                            "put the narrower case first, or take it out"
                        };
                        out.push(Diagnostic::warning("W0228", *span, message).also(*at, why).help(help));
                    }
                }
            }
        }
    }
}

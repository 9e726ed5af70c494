//! E0124, E0170: circles that nothing interrupts, and skills that call one another without end (FL 5.10).

use super::{Lint, Look, Needs};
use crate::bot::graph;
use syntax::Diagnostics;

pub(super) struct Cycles;

impl Lint for Cycles {
    fn needs(&self) -> Needs {
        Needs::All
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        graph::busy_cycles(bot.skills, out);
    }
}

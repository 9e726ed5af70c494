//! W0237: skills that raise one another's events without end (FL 5.10).

use super::{Lint, Look, Needs};
use crate::bot::graph;
use syntax::Diagnostics;

pub(super) struct Sends;

impl Lint for Sends {
    fn needs(&self) -> Needs {
        Needs::All
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        graph::sending_circles(bot.skills, out);
    }
}

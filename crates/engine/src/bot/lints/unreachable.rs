//! W0201: a block that no target and no block above leads to.

use super::{Lint, Look, Needs};
use crate::bot::graph;
use petgraph::visit::Dfs;
use syntax::{Diagnostic, Diagnostics};

pub(super) struct Unreachable;

impl Lint for Unreachable {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        for skill in bot.own() {
            let (graph, nodes) = graph::of_skill(skill);
            let Some(first) = nodes.first() else { continue };
            let mut seen = vec![false; skill.blocks.len()];
            let mut walk = Dfs::new(&graph, *first);
            while let Some(node) = walk.next(&graph) {
                seen[graph[node]] = true;
            }
            for (index, block) in skill.blocks.iter().enumerate().filter(|(index, _)| !seen[*index]) {
                let mut diagnostic = Diagnostic::warning("W0201", block.span, format!("nothing leads to block \"{}\"", block.name));
                // The block above most often says where else it goes.
                diagnostic = match index.checked_sub(1).and_then(|above| skill.blocks.get(above)).filter(|above| above.has_next) {
                    Some(above) => diagnostic.help(format!(
                        "\"{}\" above it has a next of its own; point a target at \"{}\", or take it out",
                        above.name, block.name
                    )),
                    None => diagnostic.help("point a target at it, or take it out"),
                };
                out.push(diagnostic);
            }
        }
    }
}

//! Coverage: which blocks and exits the conversations went through, and where the others are written.

use super::Played;
use engine::{BlockOutline, Bot, ExitOutline, Trace};
use std::collections::BTreeSet;
use syntax::Sources;

/// What the conversations went through.
pub struct Coverage {
    blocks: Vec<(BlockOutline, Visit)>,
}

/// What was seen of one block.
struct Visit {
    entered: bool,
    /// Whether each exit was taken, by its place.
    taken: Vec<bool>,
}

/// What all conversations together went through.
pub fn of(bot: &Bot, played: &[Played]) -> Coverage {
    let mut entered: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut left: BTreeSet<(&str, &str, String)> = BTreeSet::new();
    let mut ticked: BTreeSet<(&str, &str)> = BTreeSet::new();
    for trace in played.iter().flat_map(|p| &p.trace) {
        match trace {
            Trace::Enter { skill, block } => {
                entered.insert((skill, block));
            }
            Trace::Exit { skill, block, exit } => {
                left.insert((skill, block, model::fold(exit)));
            }
            Trace::RunBegan { skill, through } => {
                if let Some(timer) = through.strip_prefix("timer ") {
                    ticked.insert((skill, timer));
                }
            }
            Trace::Rule { .. } | Trace::RunEnded { .. } | Trace::Note(_) => {}
        }
    }
    let visit = |block: &BlockOutline| {
        let at = (block.skill.as_str(), block.block.as_str());
        let took = |name: &str| left.contains(&(at.0, at.1, model::fold(name)));
        let taken = |exit: &ExitOutline| {
            if exit.timed {
                return ticked.contains(&at);
            }
            took(&exit.name) || exit.labels.iter().any(|label| took(label))
        };
        Visit { entered: entered.contains(&at), taken: block.exits.iter().map(taken).collect() }
    };
    Coverage { blocks: bot.outline().into_iter().map(|block| (visit(&block), block)).map(|(visit, block)| (block, visit)).collect() }
}

impl Coverage {
    /// A line that names the blocks no conversation enters; empty if there are none.
    pub fn missing_blocks(&self) -> String {
        let missing: Vec<String> =
            self.blocks.iter().filter(|(_, v)| !v.entered).map(|(b, _)| format!("{}.{}", b.skill, b.block)).collect();
        if missing.is_empty() { String::new() } else { format!("\nblocks no conversation visits: {}\n", missing.join(", ")) }
    }

    /// Counts, and every block and exit that was left out with its place.
    pub fn shown(&self, sources: &Sources) -> String {
        let blocks = self.blocks.iter().filter(|(_, v)| v.entered).count();
        let exits: usize = self.blocks.iter().map(|(b, _)| b.exits.len()).sum();
        let taken = self.blocks.iter().flat_map(|(_, v)| &v.taken).filter(|taken| **taken).count();
        let mut out = format!("coverage: {}, {}\n", share(blocks, self.blocks.len(), "blocks"), share(taken, exits, "exits"));
        let place = |block: &BlockOutline| {
            let (line, _) = sources.line_column(block.span);
            format!("{}:{line}", sources.path(block.span.file))
        };
        let never: Vec<&BlockOutline> = self.blocks.iter().filter(|(_, v)| !v.entered).map(|(b, _)| b).collect();
        if !never.is_empty() {
            out.push_str("blocks never entered:\n");
        }
        for block in never {
            out.push_str(&format!("  {}: {}.{} ({})\n", place(block), block.skill, block.block, block.kind));
        }
        // The exits of a block that was never entered go without saying.
        let ways = self.blocks.iter().filter(|(_, v)| v.entered).flat_map(|(block, visit)| {
            let missed = block.exits.iter().zip(&visit.taken).filter(|(_, taken)| !**taken);
            missed.map(move |(exit, _)| (block, exit))
        });
        let lines: Vec<String> = ways
            .map(|(block, exit)| format!("  {}: {}.{} by {} to {}\n", place(block), block.skill, block.block, exit.name, exit.target))
            .collect();
        if !lines.is_empty() {
            out.push_str("exits never taken:\n");
            out.extend(lines);
        }
        out
    }
}

fn share(part: usize, whole: usize, what: &str) -> String {
    // Rounded down: 100 % means all of them.
    let percent = (part * 100).checked_div(whole).unwrap_or(100);
    format!("{part} of {whole} {what} ({percent}%)")
}

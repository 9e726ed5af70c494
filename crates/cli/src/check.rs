//! `check`: everything that is wrong with a bot, at once.

use crate::{Exit, folder};
use std::io::IsTerminal;
use std::path::Path;

/// Checks a folder and prints what is wrong.
pub fn run(bot: &Path, format: &str, deny_warnings: bool) -> anyhow::Result<Exit> {
    let loaded = folder::load(bot)?;
    match format {
        "json" => print!("{}", syntax::render_json(&loaded.diagnostics, &loaded.sources)),
        "short" => print!("{}", syntax::render_short(&loaded.diagnostics, &loaded.sources)),
        _ => {
            let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            print!("{}", syntax::render_human(&loaded.diagnostics, &loaded.sources, color, 120));
            match &loaded.bot {
                Some(checked) => println!("{}: {}, {}", bot.display(), loaded.summary(), contents(checked)),
                None => println!("{}: {}", bot.display(), loaded.summary()),
            }
        }
    }
    let failed = loaded.bot.is_none() || (deny_warnings && loaded.diagnostics.warning_count() > 0);
    Ok(if failed { Exit::Problems } else { Exit::Fine })
}

fn contents(bot: &engine::Bot) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let skills = bot.skills();
    let blocks = skills.iter().map(|s| bot.blocks_of(s).len()).sum();
    format!("{}, {}, {}", count(skills.len(), "skill"), count(blocks, "block"), count(bot.segments().len(), "segment"))
}

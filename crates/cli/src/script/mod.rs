//! Scripted conversations (FL 9): files that say what a customer does and what the bot answers.

mod read;
mod run;

pub use run::run;

use crate::{Exit, folder};
use engine::Trace;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use syntax::{Diagnostic, Diagnostics, Sources};

/// `test`: plays every conversation of a bot.
pub fn test(bot_folder: &Path, only: Option<&str>) -> anyhow::Result<Exit> {
    let loaded = folder::load(bot_folder)?;
    let Some(bot) = loaded.bot.clone() else {
        loaded.print();
        anyhow::bail!("{}: {}; nothing was played", bot_folder.display(), loaded.summary());
    };
    let files = folder::read(bot_folder, true)?;
    let mut sources = Sources::new();
    let mut problems = Diagnostics::new();
    let mut scripts = Vec::new();
    for (path, text) in files.files.iter().filter(|(p, _)| p.starts_with("conversations/") && p.ends_with(".yaml")) {
        let file = sources.add(format!("{}{path}", files.shown_as), text.clone());
        let Some(node) = syntax::parse(file, &sources, &mut problems) else { continue };
        if let Some(script) = read::read(&node, &bot, &mut problems) {
            scripts.push((path.clone(), script));
        }
    }
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if !problems.is_empty() {
        print!("{}", syntax::render_human(&problems, &sources, color, 120));
    }
    if problems.has_errors() {
        anyhow::bail!("a conversation cannot be read; nothing was played");
    }
    scripts.retain(|(path, script)| only.is_none_or(|o| path.contains(o) || script.name.contains(o)));
    if scripts.is_empty() {
        anyhow::bail!("there is no conversation to play; write one in {}/conversations/", bot_folder.display());
    }
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let mut visited: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, script) in &scripts {
        let (failure, trace) = run(&bot, script)?;
        visited.extend(trace.into_iter().filter_map(|t| match t {
            Trace::Enter { skill, block } => Some((skill, block)),
            _ => None,
        }));
        match failure {
            None => {
                passed += 1;
                println!("{} {} ({path})", mark(color, true), script.name);
            }
            Some(failure) => {
                failed += 1;
                println!("{} {} ({path})", mark(color, false), script.name);
                let told: Diagnostics = [Diagnostic::error("E0160", failure.span, failure.message).label(failure.label).help(failure.help)]
                    .into_iter()
                    .collect();
                print!("{}", syntax::render_human(&told, &sources, color, 120));
            }
        }
    }
    let missing: Vec<String> = bot
        .skills()
        .iter()
        .flat_map(|skill| bot.blocks_of(skill).into_iter().map(move |block| (skill.clone(), block)))
        .filter(|place| !visited.contains(place))
        .map(|(skill, block)| format!("{skill}.{block}"))
        .collect();
    if !missing.is_empty() && only.is_none() {
        println!("\nblocks no conversation visits: {}", missing.join(", "));
    }
    println!("\n{passed} passed, {failed} failed");
    Ok(if failed == 0 { Exit::Fine } else { Exit::Problems })
}

fn mark(color: bool, good: bool) -> &'static str {
    match (color, good) {
        (true, true) => "\u{1b}[32m✓\u{1b}[0m",
        (true, false) => "\u{1b}[31m✗\u{1b}[0m",
        (false, true) => "ok  ",
        (false, false) => "FAIL",
    }
}

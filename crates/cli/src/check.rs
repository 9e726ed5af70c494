//! `check`: everything that is wrong with a bot, at once, and with `--fix` what can surely be put right.

mod fix;
mod shown;

use crate::args::CheckArgs;
use crate::{Exit, folder};
use engine::{Bot, BotFiles, Unread};
use folder::Loaded;
use std::io::IsTerminal;
use std::path::Path;
use syntax::Severity;

/// Checks a folder and prints what is wrong.
pub fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let mut fixed = Vec::new();
    if args.fix {
        fixed = fix::run(&args.bot)?;
    }
    let loaded = load(&args.bot)?;
    match args.format.as_str() {
        "json" => print!("{}", syntax::render_json(&loaded.diagnostics, &loaded.sources)),
        "short" => print!("{}", syntax::render_short(&loaded.diagnostics, &loaded.sources)),
        _ => human(&args.bot, &fixed, &loaded, args.fix),
    }
    let failed = loaded.bot.is_none() || loaded.diagnostics.has_errors() || (args.deny_warnings && loaded.diagnostics.warning_count() > 0);
    Ok(if failed { Exit::Problems } else { Exit::Fine })
}

/// Loads a folder and looks at all there is to it: what only the channels know, and its conversations.
pub fn load(bot: &Path) -> anyhow::Result<Loaded> {
    let (files, unread) = folder::read_what_is_text(bot, true)?;
    Ok(judged(&files, &unread))
}

/// What there is to say of these files.
fn judged(files: &BotFiles, unread: &[Unread]) -> Loaded {
    let (bot, mut diagnostics, mut sources) = Bot::load_beside(files, unread);
    if let Some(bot) = &bot {
        shown::look(bot, &mut diagnostics);
    }
    crate::script::read_each(files, bot.as_deref(), &mut sources, &mut diagnostics);
    Loaded { bot, diagnostics, sources }
}

fn human(bot: &Path, fixed: &[fix::Applied], loaded: &Loaded, has_fixed: bool) {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for one in fixed {
        println!("fixed {}:{}:{}: {} ({})", one.file, one.line, one.column, one.title, one.code);
    }
    if !fixed.is_empty() {
        println!();
    }
    print!("{}", syntax::render_human(&loaded.diagnostics, &loaded.sources, color, 120));
    match &loaded.bot {
        Some(checked) => println!("{}: {}, {}", bot.display(), loaded.summary(), contents(checked)),
        None => println!("{}: {}", bot.display(), loaded.summary()),
    }
    let sure = loaded.diagnostics.iter().filter(|d| d.fix.as_ref().is_some_and(|fix| fix.sure)).count();
    if sure > 0 && !has_fixed {
        let them = if sure == 1 { "1 of these".to_owned() } else { format!("{sure} of these") };
        println!("{them} can be put right by: switchboard check --fix {}", bot.display());
    }
    // The worst first: what it means stands on its page.
    let first = loaded.diagnostics.iter().find(|d| d.severity == Severity::Error).or_else(|| loaded.diagnostics.iter().next());
    if let Some(first) = first {
        println!("what a code means: switchboard explain {}", first.code);
    }
}

fn contents(bot: &engine::Bot) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let skills = bot.skills();
    let blocks = skills.iter().map(|s| bot.blocks_of(s).len()).sum();
    format!("{}, {}, {}", count(skills.len(), "skill"), count(blocks, "block"), count(bot.segments().len(), "segment"))
}

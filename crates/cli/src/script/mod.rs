//! Scripted conversations (FL 9): files that say what a customer does and what the bot answers. `test` plays them.

mod coverage;
mod diff;
pub mod http;
mod junit;
pub mod media;
mod read;
mod redirect;
mod report;
mod run;
pub mod sent;
mod written;

pub use run::told;

use crate::args::TestArgs;
use crate::{Exit, folder};
use engine::{Bot, BotFiles, Trace};
use run::Failure;
use runtime::{Clock as _, SystemClock};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use syntax::{Diagnostics, Sources};
use written::Script;

/// A conversation that was played.
pub struct Played {
    /// Its file within the bot.
    pub path: String,
    /// Its name.
    pub name: String,
    /// What was not met; empty if it passed.
    pub failures: Vec<Failure>,
    /// What the engine did.
    pub trace: Vec<Trace>,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// `test`: plays the conversations of a bot.
pub fn test(args: &TestArgs) -> anyhow::Result<Exit> {
    let loaded = folder::load(&args.bot)?;
    let Some(bot) = loaded.bot.clone() else {
        loaded.print();
        anyhow::bail!("{}: {}; nothing was played", args.bot.display(), loaded.summary());
    };
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (mut scripts, sources) = read_all(&args.bot, &bot, color)?;
    let all = scripts.len();
    if let Some(filter) = &args.filter {
        scripts.retain(|(path, script)| path.contains(filter.as_str()) || script.name.contains(filter.as_str()));
    }
    match (all, scripts.len()) {
        (0, _) => anyhow::bail!("there is no conversation to play; write one in {}/conversations/", args.bot.display()),
        (_, 0) => {
            anyhow::bail!("none of the {all} conversations has \"{}\" in its file or name", args.filter.as_deref().unwrap_or_default())
        }
        (_, _) => {}
    }
    let played = play_all(&bot, &scripts)?;
    for one in &played {
        print!("{}", report::shown(one, &sources, color));
    }
    let covered = coverage::of(&bot, &played);
    if args.coverage {
        print!("\n{}", covered.shown(&loaded.sources));
    } else if args.filter.is_none() {
        print!("{}", covered.missing_blocks());
    }
    if let Some(path) = &args.junit {
        let document = junit::document(bot.name(), &played, &sources)?;
        std::fs::write(path, document).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", path.display()))?;
    }
    let failed = played.iter().filter(|p| !p.failures.is_empty()).count();
    println!("\n{} passed, {failed} failed", played.len() - failed);
    Ok(if failed == 0 { Exit::Fine } else { Exit::Problems })
}

/// Reads every conversation; what is wrong with any is told, and then nothing is played.
fn read_all(folder: &Path, bot: &Bot, color: bool) -> anyhow::Result<(Vec<(String, Script)>, Sources)> {
    let files = folder::read(folder, true)?;
    let mut sources = Sources::new();
    let mut problems = Diagnostics::new();
    let scripts = read_each(&files, Some(bot), &mut sources, &mut problems);
    if !problems.is_empty() {
        print!("{}", syntax::render_human(&problems, &sources, color, 120));
    }
    if problems.has_errors() {
        anyhow::bail!("a conversation cannot be read; nothing was played");
    }
    Ok((scripts, sources))
}

/// Reads the conversations among the files of a bot: path and script of each that can be. Without the bot, which has faults of its own,
/// only their notation is looked at.
pub fn read_each(files: &BotFiles, bot: Option<&Bot>, sources: &mut Sources, out: &mut Diagnostics) -> Vec<(String, Script)> {
    let mut scripts = Vec::new();
    let is_script = |path: &str| path.starts_with("conversations/") && (path.ends_with(".yaml") || path.ends_with(".yml"));
    for (path, text) in files.files.iter().filter(|(path, _)| is_script(path)) {
        let file = sources.add(format!("{}{path}", files.shown_as), text.clone());
        let Some(node) = syntax::parse(file, sources, out) else { continue };
        if let Some(script) = bot.and_then(|bot| read::read(&node, bot, out)) {
            scripts.push((path.clone(), script));
        }
    }
    scripts
}

/// Plays every script, as many at once as there are processors; the answers are in the order of the scripts.
fn play_all(bot: &Arc<Bot>, scripts: &[(String, Script)]) -> anyhow::Result<Vec<Played>> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, anyhow::Result<Played>)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(scripts.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, script)) = scripts.get(at) else { return };
                    let played = play(bot, path, script);
                    answers.lock().unwrap_or_else(PoisonError::into_inner).push((at, played));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, played)| played).collect()
}

fn play(bot: &Arc<Bot>, path: &str, script: &Script) -> anyhow::Result<Played> {
    let begun = SystemClock.now();
    let (failures, trace) = run::run(bot, script)?;
    let micros = SystemClock.now().micros_since(begun).max(0);
    Ok(Played { path: path.to_owned(), name: script.name.clone(), failures, trace, micros })
}

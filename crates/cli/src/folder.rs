//! A bot's folder on disk: reading it whole, within limits, and saying what is wrong.

use engine::{Bot, BotFiles};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use syntax::{Diagnostics, Sources};

/// How many files one bot may have.
const MOST_FILES: usize = 2_000;
/// How deep sub-folders may go.
const DEEPEST: usize = 8;

/// Why a folder could not be read: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It is not there.
    #[error("there is no folder {0}; \"switchboard new {0}\" makes a bot there")]
    Missing(String),
    /// It is a file.
    #[error("{0} is a file; name the bot's folder")]
    NotAFolder(String),
    /// The system refused.
    #[error("cannot read {0}: {1}")]
    Io(String, std::io::Error),
    /// A file is not text.
    #[error("{0} is not UTF-8 text: {1}")]
    NotText(String, String),
    /// There is too much of it.
    #[error("{0} has more than {MOST_FILES} files, or folders deeper than {DEEPEST}; is it a bot's folder?")]
    TooMuch(String),
}

/// Reads the language files of a folder and, if asked, its conversations.
pub fn read(folder: &Path, with_conversations: bool) -> Result<BotFiles, FolderError> {
    let shown = folder.display().to_string();
    if !folder.exists() {
        return Err(FolderError::Missing(shown));
    }
    if !folder.is_dir() {
        return Err(FolderError::NotAFolder(shown));
    }
    let mut files = Vec::new();
    for name in ["bot.yaml", "segments.yaml"] {
        let path = folder.join(name);
        if path.is_file() {
            files.push((name.to_owned(), read_text(&path)?));
        }
    }
    let mut folders = vec!["skills", "translations"];
    if with_conversations {
        folders.push("conversations");
    }
    for sub in folders {
        let path = folder.join(sub);
        if path.is_dir() {
            walk(&path, sub, 0, &mut files)?;
        }
    }
    let shown_as = format!("{}/", shown.trim_end_matches('/'));
    Ok(BotFiles { files, shown_as })
}

fn walk(folder: &Path, relative: &str, depth: usize, files: &mut Vec<(String, String)>) -> Result<(), FolderError> {
    if depth > DEEPEST {
        return Err(FolderError::TooMuch(folder.display().to_string()));
    }
    let io = |e| FolderError::Io(folder.display().to_string(), e);
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).map_err(io)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(io)?;
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        // Editors leave hidden and backup files beside the real ones.
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let relative = format!("{relative}/{name}");
        let kind = std::fs::symlink_metadata(&path).map_err(|e| FolderError::Io(path.display().to_string(), e))?.file_type();
        if kind.is_dir() {
            walk(&path, &relative, depth + 1, files)?;
        } else if kind.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            if files.len() >= MOST_FILES {
                return Err(FolderError::TooMuch(folder.display().to_string()));
            }
            files.push((relative, read_text(&path)?));
        }
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, FolderError> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| FolderError::Io(shown.clone(), e))?;
    syntax::decode(bytes).map_err(|e| FolderError::NotText(shown, e.to_string()))
}

/// A loaded bot, or what is wrong with it.
pub struct Loaded {
    /// The bot, if there is no error.
    pub bot: Option<Arc<Bot>>,
    /// What is wrong and what is doubtful.
    pub diagnostics: Diagnostics,
    /// The texts they point into.
    pub sources: Sources,
}

/// Reads and checks a folder.
pub fn load(folder: &Path) -> Result<Loaded, FolderError> {
    let files = read(folder, false)?;
    let (bot, diagnostics, sources) = Bot::load(&files);
    Ok(Loaded { bot, diagnostics, sources })
}

impl Loaded {
    /// Prints what is wrong for people, on standard error.
    pub fn print(&self) {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        eprint!("{}", syntax::render_human(&self.diagnostics, &self.sources, color, 120));
    }

    /// `2 errors and 1 warning`.
    pub fn summary(&self) -> String {
        let (errors, warnings) = (self.diagnostics.error_count(), self.diagnostics.warning_count());
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        match (errors, warnings) {
            (0, 0) => "no errors, no warnings".into(),
            (0, w) => count(w, "warning"),
            (e, 0) => count(e, "error"),
            (e, w) => format!("{} and {}", count(e, "error"), count(w, "warning")),
        }
    }
}

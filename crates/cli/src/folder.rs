//! A bot's folder on disk: reading it whole, within limits, and saying what is wrong.

use engine::{Bot, BotFiles, Unread};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use syntax::{DecodeError, Diagnostics, Sources};

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
    /// Too many files to send.
    #[error("{0} holds more than {1} files; put what the bot does not send elsewhere")]
    TooManyFiles(String, usize),
    /// Files to send that are too large.
    #[error("{0} is larger than {1} MB; give such files an https address instead")]
    FilesTooLarge(String, u64),
}

/// Reads the language files of a folder and, if asked, its conversations.
pub fn read(folder: &Path, with_conversations: bool) -> Result<BotFiles, FolderError> {
    let (files, unread) = read_what_is_text(folder, with_conversations)?;
    match unread.into_iter().next() {
        None => Ok(files),
        Some(first) => Err(FolderError::NotText(folder.join(first.path).display().to_string(), first.why.to_string())),
    }
}

/// The same, with the files that are no text beside it.
pub fn read_what_is_text(folder: &Path, with_conversations: bool) -> Result<(BotFiles, Vec<Unread>), FolderError> {
    let mut files = BotFiles { files: Vec::new(), shown_as: shown_as(folder), assets: crate::assets::read(folder)? };
    let mut unread = Vec::new();
    for (name, path) in list(folder, with_conversations)? {
        match read_text(&path)? {
            Ok(text) => files.files.push((name, text)),
            Err((why, shown)) => unread.push(Unread { path: name, shown, why }),
        }
    }
    Ok((files, unread))
}

/// How a folder is named before the names of its files.
fn shown_as(folder: &Path) -> String {
    format!("{}/", folder.display().to_string().trim_end_matches('/'))
}

/// What a folder's language files look like from outside: another stamp means that something changed.
pub type Stamp = Vec<(String, u64, Option<SystemTime>)>;

/// The stamp of a folder; empty if it cannot be listed.
pub fn stamp(folder: &Path) -> Stamp {
    let mut files = list(folder, false).unwrap_or_default();
    everything(&folder.join("files"), "files", 0, &mut files);
    let of = |(name, path): (String, PathBuf)| {
        let (size, changed) = std::fs::metadata(path).map_or((0, None), |m| (m.len(), m.modified().ok()));
        (name, size, changed)
    };
    files.into_iter().map(of).collect()
}

/// What lies in a folder and below, whatever it is; what cannot be listed is left out.
fn everything(folder: &Path, relative: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|e| e.path()) {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let relative = format!("{relative}/{name}");
        if path.is_dir() && depth < DEEPEST {
            everything(&path, &relative, depth + 1, files);
        } else if files.len() < MOST_FILES {
            files.push((relative, path));
        }
    }
    files.sort();
}

/// The files a bot is made of: the name within the bot, and where it is.
fn list(folder: &Path, with_conversations: bool) -> Result<Vec<(String, PathBuf)>, FolderError> {
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
            files.push((name.to_owned(), path));
        }
    }
    let mut folders = vec!["skills", "translations"];
    if with_conversations {
        folders.push("conversations");
    }
    for sub in folders {
        let path = folder.join(sub);
        if path.is_dir() {
            walk(&path, sub, &WRITTEN, &mut files)?;
        }
    }
    Ok(files)
}

/// Which files of a folder count, and how many may.
pub struct Wanted {
    /// Whether a file of this name counts.
    pub is: fn(&str) -> bool,
    /// How many may be found.
    pub most: usize,
    /// What is told of a folder with more.
    pub too_many: fn(String) -> FolderError,
}

/// The files a bot is written in.
const WRITTEN: Wanted =
    Wanted { is: |name| name.ends_with(".yaml") || name.ends_with(".yml"), most: MOST_FILES, too_many: FolderError::TooMuch };

/// Finds the files of a folder and those below it, in order; links are not followed. Each gets the name `relative` and its own way from there.
pub fn walk(folder: &Path, relative: &str, wanted: &Wanted, found: &mut Vec<(String, PathBuf)>) -> Result<(), FolderError> {
    walk_below(folder, relative, 0, wanted, found)
}

fn walk_below(folder: &Path, relative: &str, depth: usize, wanted: &Wanted, found: &mut Vec<(String, PathBuf)>) -> Result<(), FolderError> {
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
        // A file that was there a moment ago may be on its way to another name.
        let kind = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(FolderError::Io(path.display().to_string(), e)),
        };
        if kind.is_dir() {
            walk_below(&path, &relative, depth + 1, wanted, found)?;
        } else if kind.is_file() && (wanted.is)(name) {
            if found.len() >= wanted.most {
                return Err((wanted.too_many)(folder.display().to_string()));
            }
            found.push((relative, path));
        }
    }
    Ok(())
}

/// A file's text, or why it is none with what can be shown of it. Of a file that is too large only as much is read as it takes to say so.
fn read_text(path: &Path) -> Result<Result<String, (DecodeError, String)>, FolderError> {
    let io = |e| FolderError::Io(path.display().to_string(), e);
    let most = syntax::MAX_FILE_BYTES + 4;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() == most
        && let Err(cut) = std::str::from_utf8(&bytes)
        && cut.error_len().is_none()
    {
        // The last character was cut in two.
        bytes.truncate(cut.valid_up_to());
    }
    let shown = std::str::from_utf8(&bytes).is_err().then(|| syntax::shown_lossy(&bytes));
    Ok(syntax::decode(bytes).map_err(|why| (why, shown.unwrap_or_default())))
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

/// Reads and checks a folder. A file that is not text is a fault like any other, told beside the rest.
pub fn load(folder: &Path) -> Result<Loaded, FolderError> {
    let (files, unread) = read_what_is_text(folder, false)?;
    let (bot, diagnostics, sources) = Bot::load_beside(&files, &unread);
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

//! A sheet: the conversations that show what one kind of block does, with what the engine did drawn under each line.
//!
//! `--- PATH` begins a file of the bot, `=== NAME` a conversation. A line of a conversation at the margin is an input
//! (`blocks/play.rs` knows them), the indented lines under it are drawn by `UPDATE=1`.

use engine::{Asset, Bot, BotFiles};
use model::BlobId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchboard_engine as engine;

/// What draws what is under a line.
const INDENT: &str = "    ";

pub struct Sheet {
    path: PathBuf,
    /// What stands before the first file: what the sheet shows.
    preamble: String,
    /// The bot's files, in order.
    pub files: Vec<(String, String)>,
    pub scenes: Vec<Scene>,
}

pub struct Scene {
    pub name: String,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub input: String,
    /// What is drawn under it, without the margin.
    pub drawn: Vec<String>,
}

/// The folder of the sheets.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blocks")
}

/// The sheet of a kind of block, if it has one.
pub fn of(kind: &str) -> Option<Sheet> {
    let path = folder().join(format!("{kind}.talk"));
    std::fs::read_to_string(&path).ok().map(|text| read(path, &text))
}

/// The kinds that have a sheet.
pub fn all() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of the sheets can be read");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut kinds: Vec<String> = names.filter_map(|name| name.strip_suffix(".talk").map(str::to_owned)).collect();
    kinds.sort();
    kinds
}

fn read(path: PathBuf, text: &str) -> Sheet {
    let mut sheet = Sheet { path, preamble: String::new(), files: Vec::new(), scenes: Vec::new() };
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            sheet.scenes.push(Scene { name: name.to_owned(), lines: Vec::new() });
        } else if let Some(scene) = sheet.scenes.last_mut() {
            match (line.strip_prefix(INDENT), scene.lines.last_mut()) {
                (Some(drawn), Some(last)) => last.drawn.push(drawn.to_owned()),
                _ if line.trim().is_empty() => {}
                _ => scene.lines.push(Line { input: line.to_owned(), drawn: Vec::new() }),
            }
        } else if let Some(file) = line.strip_prefix("--- ") {
            sheet.files.push((file.trim().to_owned(), String::new()));
        } else {
            let part = sheet.files.last_mut().map_or(&mut sheet.preamble, |(_, text)| text);
            part.push_str(line);
            part.push('\n');
        }
    }
    sheet
}

impl Sheet {
    /// The bot of these files, or what is wrong with them. A sheet without a `bot.yaml` has a plain one.
    pub fn bot(files: &[(String, String)]) -> Result<Arc<Bot>, String> {
        let (assets, mut files): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|(path, _)| path.starts_with("files/"));
        if files.iter().all(|(path, _)| path != "bot.yaml") {
            files.push(("bot.yaml".into(), super::common::BOT.into()));
        }
        let assets = assets.into_iter().map(|(path, head)| asset(path, head.trim_end())).collect();
        let (bot, diagnostics, sources) = Bot::load(&BotFiles { files, shown_as: String::new(), assets });
        bot.ok_or_else(|| syntax::render_short(&diagnostics, &sources))
    }

    /// The sheet as a file, with what is drawn.
    pub fn written(&self) -> String {
        let mut out = self.preamble.clone();
        for (path, text) in &self.files {
            out.push_str(&format!("--- {path}\n{text}"));
        }
        for (at, scene) in self.scenes.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "\n" });
            out.push_str(&format!("=== {}\n", scene.name));
            for line in &scene.lines {
                out.push_str(&line.input);
                out.push('\n');
                for drawn in &line.drawn {
                    out.push_str(&format!("{INDENT}{drawn}\n"));
                }
            }
        }
        out
    }

    /// Writes the sheet anew.
    pub fn save(&self) {
        std::fs::write(&self.path, self.written()).expect("the sheet can be written");
    }
}

/// A file of the bot's folder, of which a sheet says the beginning: `png`, or a text.
fn asset(path: String, head: &str) -> Asset {
    let head = if head == "png" { b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec() } else { head.as_bytes().to_vec() };
    Asset { path, blob: BlobId("a".repeat(64)), size: 2_048, head: head.into_iter().take(Asset::HEAD).collect() }
}

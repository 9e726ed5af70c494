//! `ARCHITECTURE.md` is true: every path it names exists.
//!
//! A path is a word in backquotes that begins with a folder of the workspace (`crates/engine/src`) or is a file at its root (`Cargo.toml`),
//! and every line of a drawn tree (a fenced block whose lines end a name with `/` or name a file). A page that names nothing is a fault too.

use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: &[&str] = &["crates", "channels", "flows", "tests", "docs", ".ci"];
const FILES: &[&str] = &[".md", ".toml", ".yaml", ".rs", ".mjs", ".ts", ".tsx"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// The paths that a page names.
fn paths(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    let mut tree: Vec<(usize, String)> = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            tree.clear();
        } else if fenced {
            found.extend(branch(line, &mut tree));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter_map(named));
        }
    }
    found
}

/// A word in backquotes, if it is a path. `path::item` and `path:line` name the file before the colon.
fn named(word: &str) -> Option<String> {
    let path = word.split([':', '#']).next().unwrap_or("").trim_end_matches('/');
    let plain = !path.is_empty() && path.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let (first, nested) = path.split_once('/').map_or((path, false), |(first, _)| (first, true));
    let at_root = !nested && (FILES.iter().any(|end| path.ends_with(end)) || matches!(path, "Makefile" | "LICENSE"));
    (plain && (at_root || nested && FOLDERS.contains(&first))).then(|| path.to_owned())
}

/// A line of a drawn tree: its name under the names above it that are indented less.
fn branch(line: &str, tree: &mut Vec<(usize, String)>) -> Option<String> {
    let indent = line.len() - line.trim_start().len();
    let name = line.split_whitespace().next()?;
    tree.retain(|(above, _)| *above < indent);
    let parent = tree.iter().map(|(_, name)| name.as_str()).collect::<String>();
    if name.ends_with('/') {
        tree.push((indent, name.to_owned()));
    } else if !FILES.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let path = format!("{parent}{name}");
    let known = tree.first().is_some_and(|(_, first)| FOLDERS.iter().any(|folder| first.split('/').next() == Some(folder)));
    (known || indent == 0).then(|| path.trim_end_matches('/').to_owned())
}

fn missing(page: &str) -> Vec<String> {
    paths(page).into_iter().filter(|path| !root().join(path).exists()).collect()
}

#[test]
fn every_path_exists() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md stands at the root");
    assert!(paths(&page).len() >= 10, "the page names the places where things happen: {:?}", paths(&page));
    assert_eq!(missing(&page), Vec::<String>::new(), "ARCHITECTURE.md names paths that do not exist");
}

#[test]
fn a_path_that_does_not_exist_is_reported() {
    let page = "See `crates/engine/src/lib.rs` and `crates/nowhere/src`, `nowhere.toml`; `POST /api/x`, `serve`, `a/b` are no paths.\n\
                ```\ncrates/\n  model/    data\n  nowhere/  nothing\nchannels/\n  web/\n```\n";
    assert_eq!(missing(page), ["crates/nowhere/src", "nowhere.toml", "crates/nowhere"]);
    assert_eq!(paths(page).len(), 8);
}

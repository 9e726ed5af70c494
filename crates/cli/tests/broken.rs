//! Each folder of `tests/broken/` is a bot with something wrong with it, and what `check` must say drawn under the lines:
//!
//! ```yaml
//! text: Note: x
//! #         ^ E0015: a colon with a space
//! ```
//!
//! `^^^` marks the columns, `# <-` the column of its own `#`; after the code stands the message. Lines with `=` tell the help. The
//! drawings are taken out before the bot is read, and what is found must be exactly what is drawn.
//! `UPDATE=1 cargo test -p switchboard-cli --test broken` draws anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bots() -> Vec<PathBuf> {
    let mut bots: Vec<PathBuf> =
        fs::read_dir(root().join("tests/broken")).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    bots.sort();
    bots
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Whether a line is a drawing: a comment that points somewhere and names a code, or goes on with one.
fn is_drawing(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('#') else { return false };
    let rest = rest.trim_start();
    if rest.starts_with("= help: ") {
        return true;
    }
    let rest = rest.strip_prefix("<-").unwrap_or_else(|| rest.trim_start_matches('^'));
    rest.trim_start().split_once(": ").is_some_and(|(code, _)| is_code(code))
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with(['E', 'W']) && word.bytes().skip(1).all(|b| b.is_ascii_digit())
}

fn without_drawings(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_drawing(line)).collect()
}

/// What one bot is told: the diagnostics of `check --format json`.
fn told(bot: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard")).args(["check", "--format", "json"]).arg(bot).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let report: Value =
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{}: {e}: {said}{}", bot.display(), String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["version"], 1);
    report["diagnostics"].as_array().unwrap().clone()
}

/// The text with what is said of it drawn under its lines.
fn drawn(text: &str, said: &[&Value]) -> String {
    let mut below: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for one in said {
        let at = &one["at"];
        let number = |key: &str| usize::try_from(at[key].as_u64().unwrap()).unwrap();
        let (line, column) = (number("line"), number("column"));
        let written = text.lines().nth(line - 1).unwrap_or("");
        let end = if number("end_line") == line { number("end_column") } else { written.chars().count() + 1 };
        let width = end.saturating_sub(column).max(1);
        let pointer = if column >= 3 {
            let indent = (written.len() - written.trim_start().len()).min(column - 3);
            format!("{}#{}{}", " ".repeat(indent), " ".repeat(column - indent - 2), "^".repeat(width))
        } else {
            format!("{}# <-", " ".repeat(column - 1))
        };
        let lines = below.entry(line).or_default();
        lines.push(format!("{pointer} {}: {}", one["code"].as_str().unwrap(), one["message"].as_str().unwrap()));
        let help = one["help"].as_str().unwrap_or("");
        lines.extend(help.lines().map(|help| format!("{}#   = help: {help}", " ".repeat(pointer.len() - pointer.trim_start().len()))));
    }
    let mut out = String::new();
    let count = text.lines().count().max(1);
    let mut lines = text.split_inclusive('\n');
    for number in 1..=count {
        let line = lines.next().unwrap_or("");
        out.push_str(line);
        let ending = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        if let Some(drawings) = below.get(&number) {
            if !line.is_empty() && !line.ends_with('\n') {
                out.push('\n');
            }
            drawings.iter().for_each(|drawing| {
                out.push_str(drawing);
                out.push_str(ending);
            });
        }
    }
    out
}

/// A copy of a bot as designers have it, without the drawings.
fn bare(bot: &Path, into: &Path) {
    let mut all = Vec::new();
    files(bot, &mut all);
    for file in all {
        let to = into.join(file.strip_prefix(bot).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let bytes = fs::read(&file).unwrap();
        match String::from_utf8(bytes) {
            Ok(text) => fs::write(to, without_drawings(&text)).unwrap(),
            Err(not_text) => fs::write(to, not_text.as_bytes()).unwrap(),
        }
    }
}

#[test]
fn every_broken_bot_is_told_exactly_what_is_wrong() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for bot in bots() {
        let home = tempfile::TempDir::new().unwrap();
        let copy = home.path().join("bot");
        fs::create_dir_all(&copy).unwrap();
        bare(&bot, &copy);
        let said = told(&copy);
        assert!(!said.is_empty(), "{}: nothing is wrong with it", bot.display());
        let mut all = Vec::new();
        files(&bot, &mut all);
        let mut shown = 0;
        for file in all {
            let name = file.strip_prefix(&bot).unwrap();
            let place = copy.join(name).display().to_string();
            let here: Vec<&Value> = said.iter().filter(|one| one["at"]["file"] == place.as_str()).collect();
            shown += here.len();
            // A file that is no text has nothing to draw under.
            let Ok(written) = fs::read_to_string(&file) else {
                assert!(!here.is_empty(), "{}: is no text and nothing is said", file.display());
                continue;
            };
            let expected = drawn(&without_drawings(&written), &here);
            if update {
                fs::write(&file, expected).unwrap();
            } else if expected != written {
                wrong.push_str(&format!("--- {} should be\n{expected}\n", file.display()));
            }
        }
        if shown != said.len() {
            wrong.push_str(&format!("{}: something is said about a file that is not there: {said:#?}\n", bot.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The codes of each bot, as drawn.
fn codes_of(bot: &Path) -> Vec<String> {
    let mut all = Vec::new();
    files(bot, &mut all);
    let texts = all.iter().filter_map(|file| fs::read_to_string(file).ok());
    let mut codes: Vec<String> = Vec::new();
    for text in texts {
        for line in text.lines().filter(|line| is_drawing(line)) {
            codes.extend(line.split([' ', ':']).find(|word| is_code(word)).map(str::to_owned));
        }
    }
    // The one fault that cannot be drawn: the file is not text.
    if all.iter().any(|file| fs::read_to_string(file).is_err()) {
        codes.push("E0006".to_owned());
    }
    codes
}

#[test]
fn the_fixtures_are_many_and_varied() {
    let bots = bots();
    let mut by_code: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut with_three = 0;
    for bot in &bots {
        let codes: BTreeSet<String> = codes_of(bot).into_iter().collect();
        with_three += usize::from(codes.len() >= 3);
        for code in codes {
            by_code.entry(code).or_default().push(bot.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(bots.len() >= 80, "{} bots", bots.len());
    assert!(by_code.len() >= 40, "{} codes", by_code.len());
    assert!(with_three >= 10, "{with_three} bots with three faults at once");
    for (code, bots) in by_code {
        assert!(bots.len() <= 3, "{code} has more than three bots: {bots:?}");
    }
}

/// Codes that no bot folder can show, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("E0001", "needs a file of more than a megabyte; crates/syntax/tests/hostile.rs has it"),
    ("E0003", "needs fifty thousand values; crates/syntax/tests/hostile.rs has it"),
    ("E0004", "needs brackets nested sixty-four deep; crates/syntax/tests/hostile.rs has it"),
    ("E0008", "needs fifty faults in one file; crates/syntax/tests/hostile.rs has it"),
    ("E0010", "is what remains when nothing kinder is known"),
    ("E0160", "is what `test` says of a conversation that went another way"),
    ("E0198", "needs a picture of ten megabytes"),
    ("E0215", "needs two hundred thousand values; crates/engine/tests/budget.rs has it"),
    ("E0245", "needs four hundred kilobytes of conditions; crates/engine/tests/budget.rs has it"),
    ("E0302", "needs a condition of more than four kilobytes; crates/expr/tests/hostile.rs has it"),
    ("E0342", "is about JSON that the API is sent; crates/expr/tests/problems.rs has it"),
];

/// Sources of a crate, its tests aside.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_code_has_a_broken_bot() {
    let mut found = Vec::new();
    for part in ["crates/syntax/src", "crates/expr/src", "crates/engine/src", "crates/cli/src/check", "crates/cli/src/script"] {
        sources(&root().join(part), &mut found);
    }
    let mut codes = BTreeSet::new();
    for file in found {
        let text = fs::read_to_string(file).unwrap();
        codes.extend(text.split('"').filter(|word| is_code(word)).map(str::to_owned));
    }
    let shown: BTreeSet<String> = bots().iter().flat_map(|bot| codes_of(bot)).collect();
    let excused: BTreeSet<String> = WITHOUT.iter().map(|(code, _)| (*code).to_owned()).collect();
    let missing: Vec<&String> = codes.iter().filter(|code| !shown.contains(*code) && !excused.contains(*code)).collect();
    assert!(missing.is_empty(), "no bot of tests/broken shows {missing:?}");
    let needless: Vec<&String> = excused.iter().filter(|code| shown.contains(*code) || !codes.contains(*code)).collect();
    assert!(needless.is_empty(), "these are excused and need not be: {needless:?}");
}

/// Fixing makes nothing worse, touches no file it says nothing about, and is done after one time.
#[test]
fn fixing_broken_bots_only_makes_them_better() {
    let mut fixed_bots = 0;
    for bot in bots() {
        let home = tempfile::TempDir::new().unwrap();
        let copy = home.path().join("bot");
        fs::create_dir_all(&copy).unwrap();
        bare(&bot, &copy);
        let weight = |said: &[Value]| {
            let count = |fits: &dyn Fn(&str) -> bool| said.iter().filter(|one| fits(one["code"].as_str().unwrap())).count();
            (count(&|code| code.starts_with("E00")), count(&|code| code.starts_with('E')), count(&|_| true))
        };
        let before = told(&copy);
        let contents = |folder: &Path| {
            let mut all = Vec::new();
            files(folder, &mut all);
            all.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect::<BTreeMap<_, _>>()
        };
        let old = contents(&copy);
        let run = || Command::new(env!("CARGO_BIN_EXE_switchboard")).args(["check", "--fix"]).arg(&copy).output().unwrap();
        let first = String::from_utf8(run().stdout).unwrap();
        let after = told(&copy);
        assert!(weight(&after) <= weight(&before), "{}: {before:#?}\n{after:#?}", bot.display());
        let new = contents(&copy);
        for (file, bytes) in &new {
            if old[file] != *bytes {
                fixed_bots += 1;
                let shown = file.display().to_string();
                assert!(first.contains(&format!("fixed {shown}:")), "{shown} changed and nothing is said: {first}");
            }
        }
        run();
        assert_eq!(new, contents(&copy), "{}: fixing twice is fixing once", bot.display());
    }
    assert!(fixed_bots >= 10, "{fixed_bots} files were fixed");
}

/// Keys under which nothing but a text stands: what begins there like a list is one all the same.
const TEXTS: [&str; 4] = ["text", "when", "test", "schedule"];

/// What a value is, as somebody reads it who does not know the notation: by its first sign.
fn as_written(line: &str) -> Option<(&str, &'static str)> {
    let content = line.trim_start().trim_start_matches("- ");
    let (key, value) = content.split_once(": ")?;
    let shape = match value.trim_start() {
        list if list.starts_with(['[']) || list.starts_with("- ") => "list",
        map if map.starts_with('{') => "map",
        _ => "text",
    };
    Some((key.trim(), shape))
}

/// Every value of a tree with the line it stands on, its key and what it is.
fn shapes(node: &syntax::Spanned<syntax::Node>, at: &syntax::Sources, found: &mut Vec<(usize, String, &'static str)>) {
    match &node.value {
        syntax::Node::Null | syntax::Node::Scalar(_) => {}
        syntax::Node::List(items) => items.iter().for_each(|item| shapes(item, at, found)),
        syntax::Node::Map(entries) => {
            for entry in entries {
                let shape = match &entry.value.value {
                    syntax::Node::Null => "nothing",
                    syntax::Node::Scalar(_) => "text",
                    syntax::Node::List(_) => "list",
                    syntax::Node::Map(_) => "map",
                };
                found.push((at.line_column(entry.key.span).0, entry.key.as_text().unwrap_or_default().to_owned(), shape));
                shapes(&entry.value, at, found);
            }
        }
    }
}

fn shapes_of(text: &str) -> Option<Vec<(usize, String, &'static str)>> {
    let (mut sources, mut out) = (syntax::Sources::new(), syntax::Diagnostics::new());
    let file = sources.add("a.yaml", text.to_owned());
    let tree = syntax::parse(file, &sources, &mut out)?;
    let mut found = Vec::new();
    shapes(&tree, &sources, &mut found);
    Some(found)
}

/// A fix touches the lines it names (a tab: every line that is indented with one) and no other byte, and makes no list or map a text, nor
/// the other way round.
#[test]
fn fixing_broken_bots_changes_no_other_byte_and_no_shape() {
    for bot in bots() {
        let home = tempfile::TempDir::new().unwrap();
        let copy = home.path().join("bot");
        fs::create_dir_all(&copy).unwrap();
        bare(&bot, &copy);
        let mut all = Vec::new();
        files(&copy, &mut all);
        let old: BTreeMap<PathBuf, Vec<u8>> = all.iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
        let said = Command::new(env!("CARGO_BIN_EXE_switchboard")).args(["check", "--fix"]).arg(&copy).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let tabs = said.lines().any(|line| line.starts_with("fixed ") && line.contains("(E0013)"));
        for (file, before) in &old {
            let after = fs::read(file).unwrap();
            if after == *before {
                continue;
            }
            let (before, after) = (String::from_utf8(before.clone()).unwrap(), String::from_utf8(after).unwrap());
            let shown = file.display();
            assert_eq!(before.split('\n').count(), after.split('\n').count(), "{shown}: lines came or went");
            let now = shapes_of(&after);
            for (number, (was, is)) in before.split('\n').zip(after.split('\n')).enumerate().filter(|(_, (was, is))| was != is) {
                let named = said.contains(&format!("fixed {shown}:{}:", number + 1));
                let only_indented = tabs && was.trim_start() == is.trim_start();
                assert!(named || only_indented, "{shown}:{}: nobody said that this changes: {was} -> {is}", number + 1);
                let Some((key, shape)) = as_written(was).filter(|(key, _)| !TEXTS.contains(key)) else { continue };
                let shape_now = now.iter().flatten().find(|(line, name, _)| *line == number + 1 && name == key).map(|(.., shape)| *shape);
                // `next: { skill: b }` is `next: skill b`: the one map that is no map.
                let target = shape == "map" && is.contains("skill ");
                assert!(
                    target || shape_now.is_none_or(|now| now == shape),
                    "{shown}:{}: a {shape} became a {shape_now:?}: {is}",
                    number + 1
                );
            }
            // Where it could be read before as well, nothing at all has another shape.
            if let (Some(then), Some(now)) = (shapes_of(&before), now) {
                // A value may begin on the line below its key.
                let same = |line: usize| before.split('\n').nth(line) == after.split('\n').nth(line);
                let kept = then.iter().filter(|(line, ..)| same(line - 1) && same(*line));
                for one in kept {
                    assert!(now.contains(one), "{shown}: {one:?} is something else now");
                }
            }
        }
    }
}

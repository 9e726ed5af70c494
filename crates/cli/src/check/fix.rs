//! `check --fix`: the fixes that are sure, written into the files. No other byte changes, a bot is never worse afterwards,
//! and a second time changes nothing.

use crate::folder;
use anyhow::Context;
use engine::{Bot, BotFiles};
use std::io::Write;
use std::path::Path;
use syntax::{Diagnostic, Diagnostics, Fixed, Sources, apply_fixes};

/// A fix that is in.
pub struct Applied {
    /// The file as it is shown, and where in it the fault was.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What the fix does.
    pub title: String,
    /// The fault's code.
    pub code: &'static str,
}

/// Fixes build on one another: a file that can be read again has more to say. This often at most.
const ROUNDS: usize = 20;

/// Applies what is sure to the files of a bot.
pub fn run(bot: &Path) -> anyhow::Result<Vec<Applied>> {
    let before = folder::read(bot, false)?;
    let (after, applied) = put_right(before.clone());
    for ((name, old), (_, new)) in before.files.iter().zip(&after.files) {
        if old != new {
            write(&bot.join(name), old, new)?;
        }
    }
    Ok(applied)
}

/// The files with every sure fix in them that makes the bot better.
fn put_right(mut files: BotFiles) -> (BotFiles, Vec<Applied>) {
    let mut applied = Vec::new();
    for _ in 0..ROUNDS {
        let (_, found, sources) = Bot::load(&files);
        let together = apply_fixes(&found, &sources, |_| true);
        let Some((better, fixed)) = all_or_each(&files, &found, &sources, together) else { break };
        for diagnostic in &fixed.applied {
            applied.push(noted(diagnostic, &sources));
        }
        files = better;
    }
    (files, applied)
}

/// All fixes together if that helps, else the first that helps by itself.
fn all_or_each(files: &BotFiles, found: &Diagnostics, sources: &Sources, together: Fixed) -> Option<(BotFiles, Fixed)> {
    let try_it = |fixed: Fixed| {
        let after = with(files, sources, &fixed);
        helps(files, found, &after).then_some((after, fixed))
    };
    if together.applied.is_empty() {
        return None;
    }
    let single = together.applied.clone();
    try_it(together).or_else(|| single.iter().find_map(|one| try_it(apply_fixes(found, sources, |other| other == one))))
}

fn with(files: &BotFiles, sources: &Sources, fixed: &Fixed) -> BotFiles {
    let mut after = files.clone();
    for (file, text) in &fixed.texts {
        let path = sources.path(*file);
        if let Some(slot) = after.files.iter_mut().find(|(name, _)| format!("{}{name}", files.shown_as) == path) {
            slot.1.clone_from(text);
        }
    }
    after
}

/// Whether less is wrong. What a file that can be read again says about itself was hidden before, so faults of the notation
/// count first, then errors, then warnings.
fn helps(before: &BotFiles, found: &Diagnostics, after: &BotFiles) -> bool {
    let (_, now, _) = Bot::load(after);
    before.files != after.files && weight(&now) < weight(found)
}

fn weight(found: &Diagnostics) -> (usize, usize, usize) {
    let notation = found.iter().filter(|d| d.code.starts_with("E00")).count();
    (notation, found.error_count(), found.warning_count())
}

fn noted(diagnostic: &Diagnostic, sources: &Sources) -> Applied {
    let (line, column) = sources.line_column(diagnostic.primary);
    Applied {
        file: sources.path(diagnostic.primary.file).to_owned(),
        line,
        column,
        title: diagnostic.fix.as_ref().map(|fix| fix.title.clone()).unwrap_or_default(),
        code: diagnostic.code,
    }
}

/// Replaces a file whole or not at all, unless it is not what was read.
fn write(path: &Path, old: &str, new: &str) -> anyhow::Result<()> {
    let shown = path.display();
    // A link stays a link.
    let path = std::fs::canonicalize(path).with_context(|| format!("cannot find {shown}"))?;
    let now = std::fs::read(&path).with_context(|| format!("cannot read {shown}"))?;
    anyhow::ensure!(now == old.as_bytes(), "{shown} changed meanwhile; nothing was written to it, check again");
    let beside = path.with_extension("yaml.fixed");
    let written = (|| {
        let mut file = std::fs::File::create_new(&beside)?;
        file.write_all(new.as_bytes())?;
        file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // What is left of the attempt is of no use; that it may be gone already does not matter.
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(|| format!("cannot write {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(skill: &str) -> BotFiles {
        let bot = "name: Test\ngroups: { support: {} }\nattributes: { city: text, orders: number }\n";
        BotFiles {
            files: vec![("bot.yaml".into(), bot.into()), ("skills/a.yaml".into(), skill.into())],
            shown_as: "bot/".into(),
            assets: Vec::new(),
        }
    }

    fn fixed(skill: &str) -> (String, Vec<&'static str>) {
        let (after, applied) = put_right(files(skill));
        let (again, more) = put_right(after.clone());
        assert!(more.is_empty() && again == after, "fixing twice changes nothing");
        (after.files[1].1.clone(), applied.iter().map(|one| one.code).collect())
    }

    #[test]
    fn what_is_sure_is_put_right_and_nothing_else_changes() {
        let wrong = "skill: a\r\ncatch: [{ command: a }]  # keep: this\r\nblocks:\r\n  ask:\r\n    text: Choose one:\r\n  tell:\r\n    text: Note: we close   \r\n    next: skill: b\r\n";
        let right = "skill: a\r\ncatch: [{ command: a }]  # keep: this\r\nblocks:\r\n  ask:\r\n    text: \"Choose one:\"\r\n  tell:\r\n    text: \"Note: we close\"   \r\n    next: skill b\r\n";
        let (after, codes) = fixed(wrong);
        assert_eq!((after.as_str(), codes.as_slice()), (right, ["E0015", "E0015", "E0015"].as_slice()));
    }

    #[test]
    fn a_guess_is_left_to_people() {
        let wrong = "skill: a\ncatch: [{ command: a }]\nblocks:\n  ask:\n    txt: Hi\n  tell:\n    text: Order #41 is ready\n";
        assert_eq!(fixed(wrong), (wrong.to_owned(), vec![]));
    }

    #[test]
    fn one_fix_uncovers_the_next() {
        let wrong = "skill: a\ncatch: [{ command: a }]\nblocks:\n  see:\n    text: Note: hi\n  go:\n    switch:\n      - when: orders == 5\n        then: end\n    else: end\n";
        let (after, codes) = fixed(wrong);
        assert!(after.contains("orders = 5") && after.contains("\"Note: hi\""), "{after}");
        assert_eq!(codes, ["E0015", "E0305"]);
    }
}

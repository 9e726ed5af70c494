//! `check --fix`: the fixes that are sure, written into the files. No other byte changes, a bot is never worse afterwards,
//! and a second time changes nothing.

use crate::folder;
use anyhow::Context;
use engine::{BotFiles, Unread};
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
    let (before, unread) = folder::read_what_is_text(bot, true)?;
    let (after, applied) = put_right(before.clone(), &unread);
    for ((name, old), (_, new)) in before.files.iter().zip(&after.files) {
        if old != new {
            write(&bot.join(name), old, new)?;
        }
    }
    Ok(applied)
}

/// The files with every sure fix in them that makes the bot better.
fn put_right(mut files: BotFiles, unread: &[Unread]) -> (BotFiles, Vec<Applied>) {
    let mut applied = Vec::new();
    for _ in 0..ROUNDS {
        let now = super::judged(&files, unread);
        let mut round = Round { files: &files, unread, found: &now.diagnostics, sources: &now.sources, taken: Vec::new() };
        let sure = apply_fixes(&now.diagnostics, &now.sources, |_| true).applied;
        // What cannot be read hides what is wrong beside it: the notation first.
        let (notation, others): (Vec<_>, Vec<_>) = sure.into_iter().partition(is_of_the_notation);
        round.take(if notation.is_empty() { &others } else { &notation });
        if round.taken.is_empty() && !notation.is_empty() {
            round.take(&others);
        }
        if round.taken.is_empty() {
            break;
        }
        applied.extend(round.taken.iter().map(|one| noted(one, &now.sources)));
        let fixed = round.fixed(&round.taken);
        files = with(&files, &now.sources, &fixed);
    }
    (files, applied)
}

/// One look at the files, and the fixes of it that are taken.
struct Round<'a> {
    files: &'a BotFiles,
    unread: &'a [Unread],
    found: &'a Diagnostics,
    sources: &'a Sources,
    taken: Vec<Diagnostic>,
}

impl Round<'_> {
    /// Takes those that help: all of them where each puts something right, else half by half, so that one that does not is left out.
    fn take(&mut self, fixes: &[Diagnostic]) {
        if fixes.is_empty() {
            return;
        }
        let mut tried = self.taken.clone();
        tried.extend_from_slice(fixes);
        let (before, after) = (self.weight(&self.taken), self.weight(&tried));
        let each = if fixes.iter().all(is_of_the_notation) {
            before.0 >= after.0 + fixes.len()
        } else {
            before.0 >= after.0 && before.1 + before.2 >= after.1 + after.2 + fixes.len()
        };
        if each || fixes.len() == 1 && after < before {
            self.taken = tried;
        } else if let Some((first, second)) = fixes.split_at_checked(fixes.len() / 2).filter(|_| fixes.len() > 1) {
            self.take(first);
            self.take(second);
        }
    }

    /// What is wrong with the files when these fixes are in: faults of the notation, then errors, then warnings.
    fn weight(&self, fixes: &[Diagnostic]) -> (usize, usize, usize) {
        if fixes.is_empty() {
            return weight(self.found);
        }
        weight(&super::judged(&with(self.files, self.sources, &self.fixed(fixes)), self.unread).diagnostics)
    }

    fn fixed(&self, fixes: &[Diagnostic]) -> Fixed {
        apply_fixes(self.found, self.sources, |one| fixes.contains(one))
    }
}

/// Whether a fault lies in how the file is written: then it may hide others.
fn is_of_the_notation(one: &Diagnostic) -> bool {
    one.code.starts_with("E00")
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

/// How much is wrong. What a file that can be read again says about itself was hidden before, so faults of the notation count first.
fn weight(found: &Diagnostics) -> (usize, usize, usize) {
    (found.iter().filter(|one| is_of_the_notation(one)).count(), found.error_count(), found.warning_count())
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
        let (after, applied) = put_right(files(skill), &[]);
        let (again, more) = put_right(after.clone(), &[]);
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

    /// What may be a list, a map, or another text than quotes would make of it, is left to people.
    #[test]
    fn nothing_changes_what_it_is() {
        let skill = |block: &str| format!("skill: a\ncatch: [{{ command: a }}]\nblocks:\n  ask:\n{block}  tell:\n    text: Hi\n");
        for block in [
            "    add_tag: - vip\n",
            "    text: Hi\n    buttons: - Yes\n",
            "    text: Hi\n    buttons: [Yes] or no\n",
            "    text: Hi\n    on: { timeout: end } now\n",
            "    add_tag: [a, b]]\n",
            "    text: \"say \"hi\" now\"\n",
            "    text: 'don't' and 'can't'\n",
            "    add_tag: \"a\", \"b\"\n",
            "    text: > Hello\n",
            "    text: Note: we close\n      at eight\n",
            "    text: Note: see #41\n",
            "    data: city: Rome\n",
            "    call: skill: b\n",
            "    add_tag: @daily\n    keyword: &x y\n",
            "    text: Hi\n    buttons:\n      - Size: Large: tell\n",
            "    text: Hi\n    next: { skill: [b] }\n",
            "    text: \"C:\\new \\docs\"\n",
        ] {
            let wrong = skill(block);
            let (after, _) = fixed(&wrong);
            let quoted = after.lines().zip(wrong.lines()).filter(|(new, old)| new != old).map(|(new, _)| new).collect::<Vec<_>>();
            assert!(quoted.is_empty() || block.contains("@daily") && quoted == ["    add_tag: \"@daily\""], "{block}: {quoted:?}");
        }
    }

    #[test]
    fn a_label_that_begins_with_a_sign_stays_a_button() {
        let wrong = "skill: a\ncatch: [{ command: a }]\nblocks:\n  ask:\n    text: Hi\n    buttons:\n      - @home: ask\n    timeout: 1d\n";
        assert_eq!(fixed(wrong).0, wrong.replace("@home:", "\"@home\":"));
    }

    #[test]
    fn conversations_are_put_right_as_well() {
        let mut files = files("skill: a\ncatch: [{ command: a }]\nblocks:\n  ask:\n    text: Hi\n");
        files.files.push(("conversations/a.yaml".into(), "test: Note: a\ntalk:\n  - user: /a\n  - bot: Hi\n".into()));
        let (after, applied) = put_right(files, &[]);
        assert!(after.files[2].1.starts_with("test: \"Note: a\"\n"), "{}", after.files[2].1);
        assert_eq!(applied.len(), 1);
    }

    #[test]
    fn one_fix_uncovers_the_next() {
        let wrong = "skill: a\ncatch: [{ command: a }]\nblocks:\n  see:\n    text: Note: hi\n  go:\n    switch:\n      - when: orders == 5\n        then: end\n    else: end\n";
        let (after, codes) = fixed(wrong);
        assert!(after.contains("orders = 5") && after.contains("\"Note: hi\""), "{after}");
        assert_eq!(codes, ["E0015", "E0305"]);
    }
}

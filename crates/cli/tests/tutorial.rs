//! The tutorial, executed: every file it shows is written, every command it shows is run, every output compared.
//!
//! ` ```yaml file=PATH ` writes a file. ` ```console ` holds commands after `$ ` with what they print below; `…` stands for
//! any text within a line, and alone on a line for any lines. ` ```console fails ` is a command that ends with a fault.
//! `switchboard serve` runs on, on a port of its own, until the end. `UPDATE_TUTORIAL=1` writes the outputs anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A fenced block of the tutorial.
struct Fence {
    /// What stands after the backticks.
    info: String,
    /// The lines between the fences: the first, and the one after the last.
    lines: std::ops::Range<usize>,
}

fn fences(lines: &[String]) -> Vec<Fence> {
    let (mut found, mut open) = (Vec::new(), None);
    for (at, line) in lines.iter().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some((info.trim().to_owned(), at + 1)),
            (Some(_), Some((info, from))) => found.push(Fence { info, lines: from..at }),
            (None, still) => open = still,
        }
    }
    found
}

/// The place where the tutorial is worked through.
struct Desk {
    home: TempDir,
    serving: Option<Child>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(child) = &mut self.serving {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Desk {
    fn shell(&self, line: &str) -> Command {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_switchboard"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.home.path()).env("NO_COLOR", "1");
        command.env("PATH", format!("{}:{path}", binary.parent().unwrap().display())).stdin(Stdio::null());
        command
    }

    /// Runs a command line; what it prints, and whether it went well.
    fn run(&mut self, line: &str) -> (String, bool) {
        if line.starts_with("switchboard serve") {
            return (self.serve(line), true);
        }
        let output = self.shell(&format!("{line} 2>&1")).output().unwrap();
        (String::from_utf8(output.stdout).expect("commands write UTF-8"), output.status.success())
    }

    /// Starts the server and reads what it prints until it says how to sign in.
    fn serve(&mut self, line: &str) -> String {
        let mut child = self.shell(&format!("exec {line} --listen 127.0.0.1:0")).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            // The port is the one the tutorial speaks of.
            let line = match line.split_once("http://127.0.0.1:") {
                Some((before, rest)) => format!("{before}http://127.0.0.1:8080{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
                None => line,
            };
            said.push_str(&line);
            said.push('\n');
            if line.trim_start().starts_with("Sign in") {
                break;
            }
        }
        self.serving = Some(child);
        said
    }
}

/// Whether a line fits what the tutorial shows, where `…` stands for anything.
fn line_fits(shown: &str, said: &str) -> bool {
    let mut parts = shown.trim_end().split('…');
    let (said, first) = (said.trim_end(), parts.next().unwrap_or_default());
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn fits(shown: &[String], said: &[&str]) -> bool {
    match (shown.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((line, rest)), _) if line.trim() == "…" => (0..=said.len()).any(|skipped| fits(rest, &said[skipped..])),
        (Some((line, rest)), Some((first, more))) => line_fits(line, first) && fits(rest, more),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[test]
fn the_tutorial_does_what_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorial.md");
    let text = fs::read_to_string(&page).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let update = std::env::var_os("UPDATE_TUTORIAL").is_some();
    let mut desk = Desk { home: TempDir::new().unwrap(), serving: None };
    let (mut written, mut commands) = (0, 0);
    let mut changes: Vec<(std::ops::Range<usize>, Vec<String>)> = Vec::new();
    for fence in fences(&lines) {
        let body = &lines[fence.lines.clone()];
        if let Some(path) = fence.info.split_whitespace().find_map(|word| word.strip_prefix("file=")) {
            let path = desk.home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{}\n", body.join("\n"))).unwrap();
            written += 1;
            continue;
        }
        let Some(how) = fence.info.strip_prefix("console") else { continue };
        let starts: Vec<usize> = body.iter().enumerate().filter(|(_, l)| l.starts_with("$ ")).map(|(at, _)| at).collect();
        assert_eq!(starts.first(), Some(&0), "line {}: a console block begins with a command", fence.lines.start);
        for (number, start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(body.len());
            let (command, shown) = (body[*start].trim_start_matches("$ "), &body[start + 1..end]);
            let (said, well) = desk.run(command);
            commands += 1;
            let place = format!("{}:{}: {command}", page.display(), fence.lines.start + start + 1);
            assert_eq!(well, how.trim() != "fails", "{place}\n{said}");
            let said: Vec<&str> = said.trim_end().lines().collect();
            if fits(shown, &said) {
                continue;
            }
            assert!(update, "{place}\nprinted\n\n{}\n\nand the tutorial shows\n\n{}", said.join("\n"), shown.join("\n"));
            let from = fence.lines.start + start + 1;
            changes.push((from..from + shown.len(), said.into_iter().map(|l| l.trim_end().to_owned()).collect()));
        }
    }
    for (range, new) in changes.into_iter().rev() {
        lines.splice(range, new);
    }
    if update {
        fs::write(&page, format!("{}\n", lines.join("\n"))).unwrap();
    }
    assert!(written >= 4 && commands >= 10, "{written} files and {commands} commands: is this the tutorial?");
}

#[test]
fn dots_stand_for_what_changes() {
    let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(fits(&shown(&["a … c", "…", "z"]), &["a b c", "1", "2", "z"]));
    assert!(fits(&shown(&["…"]), &[]));
    assert!(!fits(&shown(&["a … c"]), &["a b d"]));
    assert!(!fits(&shown(&["a"]), &["a", "b"]));
}

//! The commands that need no server, as a person at a terminal uses them: help, `new`, `check`, `test`, `chat`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run_in(folder: &Path, args: &[&str], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("commands write UTF-8");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn run(args: &[&str]) -> Ended {
    run_in(Path::new("."), args, "")
}

/// A folder with a new bot in it.
fn new_bot() -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let made = run_in(home.path(), &["new", "cafe"], "");
    assert_eq!(made.code, Some(0), "{made:?}");
    let bot = home.path().join("cafe");
    (home, bot)
}

#[test]
fn the_help_of_the_whole_is_as_it_was_written() {
    let help = run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(help.stdout);
    assert_eq!(run(&["help"]).stdout, help.stdout);
    assert!(help.stdout.matches("\n  switchboard ").count() >= 2, "two examples");
}

#[test]
fn every_help_fits_a_terminal() {
    let commands: &[&[&str]] = &[
        &[],
        &["new"],
        &["check"],
        &["explain"],
        &["test"],
        &["graph"],
        &["schema"],
        &["chat"],
        &["serve"],
        &["contacts"],
        &["contacts", "list"],
        &["contacts", "show"],
        &["contacts", "find"],
        &["contacts", "block"],
        &["contacts", "unblock"],
        &["contacts", "query"],
        &["contacts", "import"],
        &["contacts", "export"],
        &["contacts", "tag"],
        &["contacts", "untag"],
        &["contacts", "set"],
        &["contacts", "add-to"],
        &["contacts", "remove-from"],
        &["contacts", "merge"],
        &["contacts", "duplicates"],
        &["contacts", "data"],
        &["contacts", "erase"],
        &["contacts", "erasures"],
        &["contacts", "import-events"],
        &["store"],
        &["store", "export"],
        &["store", "import"],
        &["store", "verify"],
        &["store", "compact"],
        &["segments"],
        &["segments", "list"],
        &["segments", "show"],
        &["segments", "preview"],
        &["segments", "explain"],
        &["segments", "freeze"],
        &["segments", "import"],
        &["segments", "members"],
        &["runs"],
        &["runs", "list"],
        &["runs", "move"],
        &["globals"],
        &["globals", "list"],
        &["globals", "set"],
        &["globals", "unset"],
        &["trigger"],
        &["agent"],
        &["agent", "add"],
        &["agent", "reset"],
        &["keys"],
        &["keys", "create"],
        &["keys", "list"],
        &["keys", "revoke"],
    ];
    for command in commands {
        let help = run(&[*command, &["--help"]].concat());
        assert_eq!(help.code, Some(0), "{command:?}");
        // The first one fits a small terminal, with the prompt that follows; those of single commands one page.
        let most = if command.is_empty() { 24 } else { 40 };
        assert!(help.stdout.lines().count() < most, "{command:?}:\n{}", help.stdout);
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
        // All that is in the list has a help that was looked at here.
        let listed = help.stdout.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
        for name in listed.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help") {
            let whole: Vec<&str> = command.iter().copied().chain([name]).collect();
            assert!(commands.contains(&whole.as_slice()), "{whole:?} is not in this test");
        }
    }
}

#[test]
fn whatever_is_about_people_keys_or_the_store_can_be_read_by_a_program() {
    // An export is lines of JSON if one likes, and what is kept about one person is JSON anyway.
    let without = [["contacts", "export"], ["contacts", "data"]];
    for group in ["contacts", "keys", "store"] {
        let help = run(&[group, "--help"]).stdout;
        let listed = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
        let names: Vec<&str> = listed.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").collect();
        assert!(names.len() > 2, "{help}");
        for name in names {
            let help = run(&[group, name, "--help"]).stdout;
            assert_eq!(help.contains("--json"), !without.contains(&[group, name]), "{group} {name}:\n{help}");
        }
    }
}

#[test]
fn a_command_that_does_not_exist_is_a_mistake() {
    let ended = run(&["tets"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("test"), "it says what was meant: {}", ended.stderr);
}

#[test]
fn a_new_bot_is_without_fault_and_passes_its_tests() {
    let (home, _bot) = new_bot();
    let checked = run_in(home.path(), &["check", "cafe", "--deny-warnings"], "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.starts_with("cafe: no errors, no warnings"), "{checked:?}");
    let tested = run_in(home.path(), &["test", "cafe"], "");
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stdout.contains("2 passed, 0 failed"), "{tested:?}");
    // It is never written over.
    let again = run_in(home.path(), &["new", "cafe"], "");
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("is there already"), "{again:?}");
}

#[test]
fn a_conversation_that_fails_shows_what_was_expected_and_what_was_said() {
    let (home, bot) = new_bot();
    let path = bot.join("conversations/welcome.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("- bot: Glad to hear that.", "- bot: Glad to know that.")).unwrap();
    let tested = run_in(home.path(), &["test", "cafe"], "");
    assert_eq!(tested.code, Some(1), "{tested:?}");
    let line = text.lines().position(|l| l.contains("Glad to hear")).unwrap() + 1;
    let all = format!("{}{}", tested.stdout, tested.stderr);
    for part in
        [&format!("cafe/conversations/welcome.yaml:{line}:"), "- bot: Glad to know that.", "Glad to hear that.", "1 passed, 1 failed"]
    {
        assert!(all.contains(part), "{part}:\n{all}");
    }
    assert!(all.contains("/start.glad"), "it says which block spoke: {all}");
    let only = run_in(home.path(), &["test", "cafe", "--only", "nobody"], "");
    assert_eq!(only.code, Some(0), "{only:?}");
}

#[test]
fn everything_wrong_is_told_at_once() {
    let (home, bot) = new_bot();
    let path = bot.join("skills/welcome.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("- Good: good", "- Good: god").replace("in segment happy", "in segment hapy")).unwrap();
    let short = run_in(home.path(), &["check", "cafe", "--format", "short"], "");
    assert_eq!(short.code, Some(1), "{short:?}");
    assert_eq!(short.stdout.lines().filter(|l| l.starts_with("cafe/skills/welcome.yaml:")).count(), 2, "{short:?}");
    let human = run_in(home.path(), &["check", "cafe"], "").stdout;
    for part in ["\"god\"", "good", "hapy", "happy", "^^^", "2 errors"] {
        assert!(human.contains(part), "{part}:\n{human}");
    }
    let json = run_in(home.path(), &["check", "cafe", "--format", "json"], "");
    assert!(json.stdout.trim_start().starts_with(['[', '{']), "{json:?}");
}

/// A bot with a reminder, to turn the clock for.
fn reminder() -> (TempDir, PathBuf) {
    let (home, bot) = new_bot();
    let skill = "skill: reminder\ncatch:\n  - command: remind\nblocks:\n  set:\n    timer: { after: 2h, do: ring }\n  done:\n    \
                 text: I will.\n    next: end\n  ring:\n    text: It is time.\n    next: end\n";
    fs::write(bot.join("skills/reminder.yaml"), skill).unwrap();
    (home, bot)
}

#[test]
fn chat_is_talked_to_through_a_pipe() {
    let (home, _bot) = reminder();
    let talked = run_in(home.path(), &["chat", "cafe"], "1\n/remind\n/skip 119m\n/skip 2h\n/state\n/skip soon\n/quit\n");
    assert_eq!((talked.code, talked.stderr.as_str()), (Some(0), ""));
    let said = &talked.stdout;
    let place = |part: &str| said.find(part).unwrap_or_else(|| panic!("\"{part}\" is not in:\n{said}"));
    // Numbered buttons, a number as an answer, the clock, what is known.
    let order =
        ["[1] Good", "[2] Not so good", "Glad to hear that.", "bot: I will.", "It is time.", "mood        good", "/skip takes a duration"];
    let places: Vec<usize> = order.iter().map(|part| place(part)).collect();
    assert!(places.is_sorted(), "{said}");
    assert_eq!(said.matches("It is time.").count(), 1, "{said}");
    let (first_skip, rang) = (place("now\n"), place("It is time."));
    assert!(first_skip < rang, "nothing rings a minute too early: {said}");
}

#[test]
fn chat_ends_with_its_input_and_lets_one_play_the_agent() {
    let (home, _bot) = new_bot();
    let talked = run_in(home.path(), &["chat", "cafe"], "2\nYes please\n/agent How can I help?\n/agent\n/help\n");
    assert_eq!(talked.code, Some(0), "{talked:?}");
    assert!(talked.stdout.contains("Agent: How can I help?"), "{}", talked.stdout);
    let help: Vec<&str> = talked.stdout.lines().filter(|l| l.trim_start().starts_with("/skip 2h")).collect();
    assert!(help.len() == 1 && help[0].starts_with("  /skip"), "{help:?}");
}

#[test]
fn whoever_begins_anew_in_a_chat_has_done_what_they_did() {
    let (home, bot) = new_bot();
    let skill = "skill: shop\ncatch:\n  - command: buy\nblocks:\n  bought:\n    send: purchase\n  thanks:\n    text: \"Bought ${count(purchase)} times.\"\n    next: end\n";
    fs::write(bot.join("skills/shop.yaml"), skill).unwrap();
    let talked = run_in(home.path(), &["chat", "cafe"], "/buy\n/fresh\n/buy\n/fresh\n/buy\n/quit\n");
    assert_eq!((talked.code, talked.stderr.as_str()), (Some(0), ""));
    let said = &talked.stdout;
    let places: Vec<Option<usize>> = (1..=3).map(|times| said.find(&format!("Bought {times} times."))).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{said}");
}

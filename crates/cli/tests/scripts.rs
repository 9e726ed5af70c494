//! Scripted conversations and `chat`: what can be preset and expected, coverage, JUnit, recordings that play.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

const BOT: &str = "name: Desk\ntimezone: UTC\nattributes:\n  plan: { type: enum, values: [free, gold] }\n  visits: { type: number }\n\
                   statuses: [callback]\ngroups: { support: {} }\n";
const SEGMENTS: &str = "gold: { name: Gold, where: plan = gold }\ntesters: { name: Testers, static: true }\n";
const SKILL: &str = "skill: help\ncatch: [{ command: help }, { event: paid }]\nblocks:\n  ask:\n    text: What is it?\n    buttons:\n      - Bill: bill\n      \
                     - Other: other\n    timeout: 10m\n    on: { timeout: late, other: other }\n  bill:\n    text: \"Bill ${number | default('?')}.\"\n    \
                     next: end\n  other:\n    status: callback\n  count:\n    data: { number: 1 }\n  raise:\n    send: asked\n    with: { about: other }\n    next: end\n  late:\n    \
                     text: Still there?\n    next: end\n";

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let desk = Self(home);
        desk.write("bot.yaml", BOT);
        desk.write("segments.yaml", SEGMENTS);
        desk.write("skills/help.yaml", SKILL);
        desk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join("desk").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str], input: &str) -> (Option<i32>, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(args)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    /// Plays one conversation.
    fn play(&self, text: &str) -> (Option<i32>, String) {
        self.write("conversations/one.yaml", text);
        self.run(&["test", "desk"], "")
    }

    #[track_caller]
    fn passes(&self, text: &str) {
        let (code, said) = self.play(text);
        assert_eq!(code, Some(0), "{said}");
    }

    #[track_caller]
    fn fails(&self, text: &str, parts: &[&str]) {
        let (code, said) = self.play(text);
        assert_ne!(code, Some(0), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}\n{said}");
        }
    }
}

#[test]
fn a_talk_begins_in_the_middle_with_what_is_known_by_then() {
    let desk = Desk::new();
    desk.passes("test: a\nstart_at: help.late\ntalk:\n  - bot: Still there?\nthen: { ended: help.late, at: nothing }\n");
    desk.passes("test: a\nstart_at: { block: help.bill, vars: { number: 41 } }\ntalk:\n  - bot: { text: Bill 41., from: help.bill }\n");
    desk.passes("test: a\nstart_at: help.ask\ntalk:\n  - bot: any\n  - then: { at: help.ask, owner: bot }\n  - press: Bill\n  - bot: { contains: Bill, lacks: \"41\" }\n");
    desk.fails("test: a\nstart_at: help.bil\ntalk:\n  - bot: any\n", &["E0240", "did you mean", "bill", "one.yaml:2:11"]);
    desk.fails("test: a\ntalk:\n  - user: /help\n  - bot: any\nthen: { at: hlp.ask }\n", &["E0240", "no skill \"hlp\""]);
}

#[test]
fn a_contact_is_preset_and_everything_about_them_is_compared() {
    let desk = Desk::new();
    desk.passes(
        "test: a\ncontact: { attributes: { plan: gold }, visits: 7, tags: [vip], status: callback, segments: [testers], greeted: yes,\n  \
         events: [{ purchase: { total: 12 }, times: 3, at: -1d }, seen] }\ntalk:\n  - user: /help\n  - bot: any\n  - user: Other\n  \
         - set: { visits: 8 }\n  - tag: new\n  - untag: vip\n\
         then: { attributes: { plan: gold, visits: 8.0 }, tags: [NEW], status: callback, segments: [gold, testers], events: [{ asked: { about: other } }] }\n",
    );
    let talk = "test: a\ncontact: { plan: free }\ntalk:\n  - user: /help\n  - bot: any\n  - user: Other\n";
    desk.fails(
        &format!("{talk}then: {{ tags: [x], status: active, events: [asked, paid], attributes: {{ plan: gold }}, at: help.ask }}\n"),
        &[
            "expected tags  x",
            "got tags  nothing",
            "got status  callback",
            "plan: free",
            "asked, paid",
            "asked { about: other }",
            "help.ask",
        ],
    );
    desk.fails("test: a\ncontact: { segments: [gold] }\ntalk:\n  - user: hi\n", &["E0241", "plan = gold"]);
    desk.fails("test: a\ntalk:\n  - event: paid\n", &["nobody has written yet"]);
}

#[test]
fn coverage_names_what_nobody_tried_with_its_place() {
    let desk = Desk::new();
    desk.write("conversations/one.yaml", "test: a bill\ntalk:\n  - user: /help\n  - bot: any\n  - press: Bill\n  - bot: any\n");
    desk.write("conversations/two.yaml", "test: too late\ntalk:\n  - user: /help\n  - bot: any\n  - after: 10m\n  - bot: any\n");
    let (code, said) = desk.run(&["test", "desk", "--coverage"], "");
    assert_eq!(code, Some(0), "{said}");
    for part in
        ["3 of 6 blocks (50%)", "desk/skills/help.yaml:14: help.other (status)", "help.ask by Other to other", "help.ask by other to other"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("by Bill") && !said.contains("by timeout") && !said.contains("help.bill by"), "{said}");
}

#[test]
fn results_are_filtered_counted_and_written_for_build_servers() {
    let desk = Desk::new();
    desk.write("conversations/one.yaml", "test: a <good> one\ntalk:\n  - user: /help\n  - bot: What is it?\n");
    desk.write("conversations/two.yaml", "test: a bad one\ntalk:\n  - user: /help\n  - bot: What was it?\n");
    let (code, said) = desk.run(&["test", "desk", "--junit", "out.xml"], "");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1 passed, 1 failed"), "{said}");
    let xml = fs::read_to_string(desk.0.path().join("out.xml")).unwrap();
    for part in
        ["tests=\"2\" failures=\"1\"", "a &lt;good&gt; one", "<failure message=\"the bot said something else (help.ask)\">", "What was it?"]
    {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    assert_eq!(desk.run(&["test", "desk", "--filter", "good"], "").0, Some(0));
    let (code, said) = desk.run(&["test", "desk", "--filter", "nothing"], "");
    assert!(code == Some(2) && said.contains("none of the 2 conversations"), "{said}");
}

#[test]
fn a_recorded_chat_is_a_test_that_passes() {
    let desk = Desk::new();
    let typed = "/help\n/set plan gold\n/tag very: odd\nwhat\n//help\n/skip 10m\n/help\n1\n/trace on\nhello there: \"you\"\n/quit\n";
    // `/help` is the chat's own; `//help` is the bot's.
    let (code, said) = desk.run(&["chat", "desk", "--record", "desk/conversations/recorded.yaml"], typed);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("recorded in desk/conversations/recorded.yaml") && said.contains("· rule "), "{said}");
    let recorded = fs::read_to_string(desk.0.path().join("desk/conversations/recorded.yaml")).unwrap();
    for part in ["- set: { plan: gold }", "- tag: \"very: odd\"", "- after: 10m", "- bot: Still there?", "segments: [gold]"] {
        assert!(recorded.contains(part), "{part}\n{recorded}");
    }
    let (code, said) = desk.run(&["test", "desk"], "");
    assert_eq!(code, Some(0), "{said}\n{recorded}");
}

#[test]
fn a_chat_takes_over_a_changed_bot_between_messages() {
    let desk = Desk::new();
    let skill = desk.0.path().join("desk/skills/help.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["chat", "desk"])
        .current_dir(desk.0.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut until = |part: &str| loop {
        let line = lines.next().unwrap_or_else(|| panic!("{part} did not come")).unwrap();
        if line.contains(part) {
            break;
        }
    };
    writeln!(typed, "//help").unwrap();
    until("What is it?");
    fs::write(&skill, SKILL.replace("Bill ${", "New bill ${")).unwrap();
    until("the bot changed");
    writeln!(typed, "1").unwrap();
    until("bot: Bill ?.");
    writeln!(typed, "//help\nBill").unwrap();
    until("bot: New bill ?.");
    fs::write(&skill, "skill: help\nblocks: [").unwrap();
    until("not reloaded: ");
    writeln!(typed, "/quit").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(Path::new(&skill).exists());
}

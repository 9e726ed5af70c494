//! Every trap of FL 10 is told at its place, in words of its own, with what to write instead.

use std::collections::BTreeSet;
use switchboard_engine::{Bot, BotFiles};
use syntax::{Diagnostic, Sources};

/// A line of a skill as a designer might write it, the code it is told with, and what it must be told.
type Trap = (&'static str, &'static str, &'static [&'static str]);

const TRAPS: &[Trap] = &[
    ("    text: Order #41 is ready", "W0001", &["` #`", "quotes"]),
    ("    text: Hi\n    when: { when: count(a, last 30 days) > 3 }", "E0028", &["the comma splits", "quotes"]),
    ("    live_chat: { group: g, message: You are ${queue.position} }", "E0027", &["needs quotes"]),
    ("    text: Hi\n    buttons: [${first_name}, No]", "E0027", &["needs quotes"]),
    ("    switch:\n      - { when: country in [US, CA], then: end }", "E0027", &["needs quotes"]),
    ("    text: \"Hi ${first_name | default(\"you\")}!\"", "E0017", &["in the middle of `${…}`", "single quotes"]),
    ("    text: Hi\n    when: \"Madrid\" = city", "E0016", &["ends at this quote", "quotes of the other kind"]),
    ("    listen: code\n    expect: { regex: \"\\d+\" }", "E0018", &["means nothing in double quotes", "single quotes"]),
    ("    schedule: */30 * * * *", "E0022", &["`*`", "a schedule"]),
    ("    schedule: @daily", "E0021", &["a schedule is not written as `@daily`", "\"0 0 * * *\""]),
    ("    text: Choose one:", "E0015", &["a colon", "quotes"]),
    ("    text: Note: x", "E0015", &["a colon", "quotes"]),
    ("    text: `code`", "E0021", &["```", "backquotes"]),
    ("    text: @ana writes", "E0021", &["`@`", "quotes"]),
    ("    text: %10 off", "E0021", &["`%`", "quotes"]),
    ("    text: *bold* words", "E0022", &["`*`", "a text"]),
    ("    text: &more words", "E0022", &["`&`", "quotes"]),
    ("    text: !Sale today", "E0023", &["`!Sale`", "quotes"]),
    ("    text: - one", "E0025", &["`- `", "dash"]),
    ("    text: {{ name }}, hello", "E0026", &["`{{`", "`${…}`"]),
    ("    add_tag: #vip", "E0104", &["a # begins a comment", "\"#vip\""]),
    ("    text: Hi\n    next: skill: x", "E0015", &["one colon too many", "`skill x`"]),
    ("    text: Hi\n\tnext: end", "E0013", &["tab", "write 4 spaces"]),
    ("    text: ${secret.shop}", "E0243", &["`secret.shop` cannot stand here", "`headers`, `query` or `body`"]),
];

fn told(block: &str) -> (Vec<Diagnostic>, Sources) {
    let bot = "name: T\nattributes: { city: text }\ngroups: { g: {} }\nsecrets: { shop: { env: KEY, hosts: [shop.example] } }\n";
    let skill = format!("skill: a\ncatch:\n  - command: a\nblocks:\n  hi:\n{block}\n");
    let files = BotFiles { files: vec![("bot.yaml".into(), bot.into()), ("skills/a.yaml".into(), skill)], ..BotFiles::default() };
    let (_, found, sources) = Bot::load(&files);
    (found.iter().cloned().collect(), sources)
}

#[test]
fn every_trap_is_told_at_its_line_and_how_to_mend_it() {
    for (block, code, words) in TRAPS {
        let (found, sources) = told(block);
        let about = found.iter().find(|d| d.code == *code);
        let about = about.unwrap_or_else(|| panic!("{block}\n{code} is not among {found:#?}"));
        let said = format!("{} {}", about.message, about.help.clone().unwrap_or_default());
        for word in *words {
            assert!(said.contains(word), "{block}\n{word} is not in: {said}");
        }
        let (line, _) = sources.line_column(about.primary);
        let last = 5 + block.lines().count();
        assert_eq!(line, last, "{block}\nis told of at line {line}");
    }
}

#[test]
fn what_check_writes_instead_is_read_without_a_word() {
    let mended: BTreeSet<&str> = TRAPS
        .iter()
        .filter_map(|(block, code, _)| {
            let (found, sources) = told(block);
            let diagnostics = found.iter().filter(|d| d.code == *code).cloned().collect();
            let fixed = syntax::apply_fixes(&diagnostics, &sources, |_| true);
            let (file, text) = fixed.texts.into_iter().next()?;
            let files = BotFiles { files: vec![(sources.path(file).to_owned(), text)], ..BotFiles::default() };
            let (_, found, _) = Bot::load(&files);
            // One fault of notation stops the reading: none may be left.
            assert!(!found.iter().any(|d| d.code.starts_with("E00") || d.code == *code), "{block}: {found:#?}");
            Some(*block)
        })
        .collect();
    assert!(mended.len() >= 15, "{} of {} traps are mended: {mended:#?}", mended.len(), TRAPS.len());
}

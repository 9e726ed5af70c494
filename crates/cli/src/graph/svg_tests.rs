//! Drawings of the example bots and of hostile ones: boxes apart, arrows named, nothing but text in the text.

use super::super::layout::tests::promises;
use super::*;
use crate::folder;
use std::path::Path;

fn examples() -> Vec<(String, Picture)> {
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows");
    let mut folders: Vec<_> =
        std::fs::read_dir(flows).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("bot.yaml").is_file()).collect();
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/new"));
    folders.sort();
    assert!(folders.len() >= 2, "the example bots are in flows/");
    folders
        .iter()
        .map(|folder| {
            let loaded = folder::load(folder).unwrap();
            let bot = loaded.bot.as_ref().unwrap_or_else(|| panic!("{} has errors", folder.display()));
            (folder.display().to_string(), bot.picture(&loaded.diagnostics))
        })
        .collect()
}

fn hostile() -> Picture {
    let evil = "</text></svg><script>alert(1)</script>\u{202E}\"'&]]>\u{0}";
    let files = engine::BotFiles {
        files: vec![
            ("bot.yaml".into(), format!("name: {}\n", serde_json::to_string(evil).unwrap())),
            (
                "skills/a.yaml".into(),
                format!(
                    "skill: a\ncatch:\n  - keyword: {0}\nblocks:\n  ask:\n    text: {0}\n    buttons:\n      - {0}: ask\n      - 'say \"no\"': end\n    timeout: 1d\n    on: {{ other: ask }}\n  lost:\n    text: {1}\n    next: lost2\n  lost2:\n    text: x\n",
                    serde_json::to_string(evil).unwrap(),
                    "W".repeat(4_000)
                ),
            ),
        ],
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let (bot, diagnostics, sources) = engine::Bot::load(&files);
    bot.unwrap_or_else(|| panic!("{}", syntax::render_short(&diagnostics, &sources))).picture(&diagnostics)
}

#[test]
fn no_boxes_overlap_and_no_arrow_crosses_one_in_any_bot() {
    for (name, picture) in examples().into_iter().chain([("hostile".to_owned(), hostile())]) {
        let sheets = picture.skills.iter().map(|skill| drawing(&Sheet::of(skill, &picture.links)));
        for drawing in sheets.chain([overview(&picture)]) {
            let (sizes, arrows) = graph(&drawing);
            let placed = layout::place(&sizes, &arrows);
            assert_eq!(promises(&sizes, &arrows, &placed), Ok(()), "{name}, {}", drawing.heading);
        }
    }
}

#[test]
fn every_block_is_drawn_and_every_exit_is_named() {
    for (name, picture) in examples() {
        for skill in &picture.skills {
            let drawing = drawing(&Sheet::of(skill, &picture.links));
            for block in &skill.blocks {
                let wrapped: String = wrap(&block.name, 14.0, 3).concat();
                let drawn = drawing
                    .panels
                    .iter()
                    .any(|p| p.lines.iter().filter(|l| l.0 == "name").map(|l| l.1.as_str()).collect::<String>() == wrapped);
                assert!(drawn, "{name}: {}.{} is not drawn", skill.name, block.name);
                for exit in &block.exits {
                    let named = drawing.panels.iter().any(|p| p.class == "label" && p.title.split(", ").any(|n| exit.name.contains(n)));
                    assert!(named, "{name}: the exit {} of {}.{} has no name on its arrow", exit.name, skill.name, block.name);
                }
            }
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let picture = hostile();
    let drawn = draw(&picture);
    assert!(!drawn.contains("<script") && !drawn.contains('\u{202E}') && !drawn.contains('\0'));
    let mut reader = quick_xml::Reader::from_str(&drawn);
    reader.config_mut().check_end_names = true;
    let mut names = std::collections::BTreeSet::new();
    loop {
        match reader.read_event().expect("the drawing is well-formed XML") {
            quick_xml::events::Event::Start(e) | quick_xml::events::Event::Empty(e) => {
                names.insert(String::from_utf8_lossy(e.name().as_ref()).into_owned());
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    let known = ["defs", "g", "marker", "path", "rect", "style", "svg", "text", "title"];
    assert!(names.iter().all(|n| known.contains(&n.as_str())), "{names:?}");
    let dot = super::super::dot::draw(&picture);
    assert!(
        dot.lines().all(|line| line.matches('"').count() - line.matches("\\\"").count() == 0
            || !line.contains("alert(1)")
            || line.ends_with("];")
            || line.ends_with('{')
            || line.contains("style=rounded;")),
        "{dot}"
    );
    let mermaid = super::super::mermaid::draw(&picture);
    assert!(!mermaid.contains("<script") && !mermaid.contains("&]]"), "{mermaid}");
}

#[test]
fn what_check_warns_about_is_marked() {
    let picture = hostile();
    let lost = picture.skills[0].blocks.iter().find(|b| b.name == "lost").unwrap();
    assert!(lost.concerns.iter().any(|c| c.starts_with("W0201")), "{:?}", lost.concerns);
    assert!(draw(&picture).contains("suspicious"));
}

#[test]
fn the_same_bot_is_drawn_the_same() {
    for (_, picture) in examples() {
        assert_eq!(draw(&picture), draw(&picture));
    }
}

#[test]
fn interrupts_and_menu_entries_are_ways_in() {
    let bot = "name: T\ngroups: { support: {} }\ninterrupts:\n  - { keyword: [agent, { contains: [a person] }], then: skill person, mode: jump }\n  \
               - { when: \"input contains \\\"fire\\\"\", then: skill person }\nmenu:\n  - Track \"it\" & more: /track\n  - Begin: /start\n  - Help: skill person\n";
    let person = "skill: person\nblocks:\n  a:\n    text: Hi\n";
    let track = "skill: track\ncatch:\n  - command: track\n  - keyword: [one, two, three, four]\nblocks:\n  a:\n    text: Hi\n";
    let start = "skill: /start\nblocks:\n  a:\n    text: Hi\n";
    let skills = [("person", person), ("track", track), ("start", start)].map(|(n, text)| (format!("skills/{n}.yaml"), text.to_owned()));
    let files = engine::BotFiles {
        files: [("bot.yaml".to_owned(), bot.to_owned())].into_iter().chain(skills).collect(),
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let (bot, diagnostics, sources) = engine::Bot::load(&files);
    let picture = bot.unwrap_or_else(|| panic!("{}", syntax::render_short(&diagnostics, &sources))).picture(&diagnostics);
    let of = |name: &str| picture.skills.iter().find(|s| s.name == name).unwrap().catches.clone();
    assert_eq!(of("person"), ["interrupt agent / a person (jump)", "interrupt when input contains \"fire\" (call)", "menu: Help"]);
    assert_eq!(of("track"), ["command /track", "keyword one / two / three / …", "menu: Track \"it\" & more"]);
    assert_eq!(of("/start"), ["menu: Begin"]);
    assert!(super::super::dot::draw(&picture).contains("interrupt agent / a person (jump)"));
    assert!(super::super::mermaid::draw(&picture).contains("menu#58; Help"));
    assert!(draw(&picture).contains("menu: Help"));
}

//! Every block, every outcome and every option in a conversation whose trace, journey and transcript are written down:
//! `tests/blocks/KIND.talk`. `UPDATE=1 cargo test -p switchboard-engine --test traces` draws them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
#[path = "blocks/draw.rs"]
mod draw;
#[path = "blocks/less.rs"]
mod less;
#[path = "blocks/play.rs"]
mod play;
#[path = "blocks/sheet.rs"]
mod sheet;

use engine::{BlockReference, Otherwise, blocks};
use play::Played;
use sheet::Sheet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use switchboard_engine as engine;

fn played(sheet: &Sheet, files: &[(String, String)]) -> Result<Vec<Played>, String> {
    let bot = Sheet::bot(files)?;
    sheet.scenes.iter().map(|scene| play::play(&bot, scene)).collect()
}

fn sheets() -> Vec<(BlockReference, Sheet)> {
    blocks().into_iter().filter_map(|block| Some((block, sheet::of(block.key)?))).collect()
}

#[test]
fn what_the_engine_does_is_what_is_drawn() {
    let mut wrong = Vec::new();
    for (block, mut sheet) in sheets() {
        let before = sheet.written();
        let played = played(&sheet, &sheet.files).unwrap_or_else(|why| panic!("{}: {why}", block.key));
        for (scene, played) in sheet.scenes.iter_mut().zip(played) {
            scene.lines = played.lines;
        }
        if std::env::var_os("UPDATE").is_some() {
            sheet.save();
            continue;
        }
        let after = sheet.written();
        if before != after {
            let (was, is) = before.lines().zip(after.lines()).find(|(a, b)| a != b).unwrap_or(("", "it is longer or shorter"));
            wrong.push(format!("{}.talk:\n  drawn: {was}\n  now:   {is}", block.key));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 draws these anew; look at what differs:\n{}", wrong.join("\n"));
}

/// The outcomes that a block's conversations show: its own, and those that speaking and choices bring.
fn outcomes(block: &BlockReference) -> BTreeMap<&'static str, Otherwise> {
    let mut all: BTreeMap<_, _> = block.outcomes.iter().map(|o| (o.name, o.otherwise)).collect();
    if block.speaks {
        all.insert("unsendable", Otherwise::Error);
    }
    if block.options.iter().any(|o| o.name == "buttons") && block.key != "listen" {
        all.insert("other", Otherwise::Repeat);
        all.insert("timeout", Otherwise::EndQuietly("expired"));
    }
    all
}

#[test]
fn every_block_has_a_page_a_shape_an_example_and_conversations() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language/blocks.md")).unwrap();
    let mut missing = Vec::new();
    for block in blocks() {
        if !page.contains(&format!("\n## `{}`\n", block.key)) {
            missing.push(format!("{}: no page", block.key));
        }
        if block.options.is_empty() || block.options.iter().any(|o| o.doc.is_empty() || o.field.is_empty()) {
            missing.push(format!("{}: no shape for editors", block.key));
        }
        if !block.example.contains(&format!("{}:", block.key)) {
            missing.push(format!("{}: no example that uses it", block.key));
        }
        match sheet::of(block.key) {
            None => missing.push(format!("{}: no conversations in tests/blocks/{}.talk", block.key, block.key)),
            Some(sheet) => missing.extend(lacks(&block, &sheet).into_iter().map(|what| format!("{}: {what}", block.key))),
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let known: BTreeSet<&str> = blocks().iter().map(|b| b.key).collect();
    for kind in sheet::all() {
        assert!(known.contains(kind.as_str()), "{kind}.talk is about no block");
    }
}

/// The outcomes that a sheet does not show: each with an exit, and where there is none.
fn lacks(block: &BlockReference, sheet: &Sheet) -> Vec<String> {
    let bot = match Sheet::bot(&sheet.files) {
        Ok(bot) => bot,
        Err(why) => return vec![why],
    };
    let exits: BTreeSet<_> = match played(sheet, &sheet.files) {
        Ok(played) => played.into_iter().flat_map(|p| p.exits).collect(),
        Err(why) => return vec![why],
    };
    let outline = bot.outline();
    let mine = outline.iter().filter(|b| b.kind == block.key);
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    for own in mine {
        for (_, _, exit) in exits.iter().filter(|(skill, name, _)| *skill == own.skill && *name == own.block) {
            let written = own.exits.iter().any(|e| e.name == *exit);
            if written {
                with.insert(exit.as_str())
            } else {
                without.insert(exit.as_str())
            };
        }
    }
    let mut lacks = Vec::new();
    for (outcome, otherwise) in outcomes(block) {
        if !with.contains(outcome) {
            lacks.push(format!("no conversation in which {outcome} has an exit"));
        }
        // A repeated question takes no exit: the drawing shows it.
        if otherwise != Otherwise::Repeat && !without.contains(outcome) {
            lacks.push(format!("no conversation in which {outcome} has no exit"));
        }
    }
    lacks
}

#[test]
fn every_option_changes_a_conversation() {
    let mut idle = Vec::new();
    for (block, sheet) in sheets() {
        let drawn =
            |played: &[Played]| -> Vec<Vec<String>> { played.iter().flat_map(|p| p.lines.iter().map(|l| l.drawn.clone())).collect() };
        let as_written = drawn(&played(&sheet, &sheet.files).unwrap_or_else(|why| panic!("{}: {why}", block.key)));
        // `NAME` stands for any name; a block without its key is no block.
        let options = block.options.iter().map(|o| o.name).filter(|name| *name != block.key && *name != "NAME");
        for option in options {
            let skills = sheet.files.iter().enumerate().filter(|(_, (path, _))| path.starts_with("skills/"));
            let fewer = skills.flat_map(|(at, (_, text))| less::without(text, block.key, option).into_iter().map(move |text| (at, text)));
            let matters = fewer.into_iter().any(|(at, text)| {
                let mut files = sheet.files.clone();
                files[at].1 = text;
                // What does not load or cannot be played without it needs it.
                played(&sheet, &files).map_or(true, |played| drawn(&played) != as_written)
            });
            if !matters {
                idle.push(format!("{}: no conversation would go otherwise without {option}", block.key));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

//! The schemas take what the loader takes and refuse keys that nothing knows.

use super::*;
use std::path::PathBuf;
use syntax::{Diagnostics, Node, Sources, Spanned};

/// A file as an editor reads it: plain scalars become numbers and truth values where YAML says so.
fn read(text: &str) -> Value {
    let mut sources = Sources::new();
    let file = sources.add("test.yaml".to_owned(), text.to_owned());
    value(&syntax::parse(file, &sources, &mut Diagnostics::new()).expect("it is YAML"))
}

fn value(node: &Spanned<Node>) -> Value {
    match &node.value {
        Node::Null => Value::Null,
        Node::Scalar(scalar) if scalar.style != syntax::Style::Plain => Value::String(scalar.text.clone()),
        Node::Scalar(scalar) => match scalar.text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => {
                let number = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from));
                number.ok().filter(|n| !n.is_null()).unwrap_or_else(|| Value::String(text.to_owned()))
            }
        },
        Node::List(items) => items.iter().map(value).collect(),
        Node::Map(entries) => {
            Value::Object(entries.iter().map(|e| (e.key.as_text().unwrap_or_default().to_owned(), value(&e.value))).collect())
        }
    }
}

fn faults(which: SchemaOf, text: &str) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&schema(which)).expect("the schema is one");
    validator.iter_errors(&read(text)).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn bots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut bots: Vec<PathBuf> =
        std::fs::read_dir(here.join("../../flows")).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("bot.yaml").is_file()).collect();
    bots.push(here.join("src/new"));
    bots.sort();
    assert!(bots.len() >= 2);
    bots
}

fn which(path: &str) -> Option<SchemaOf> {
    match path {
        "bot.yaml" => Some(SchemaOf::Bot),
        "segments.yaml" => Some(SchemaOf::Segments),
        _ if path.starts_with("skills/") => Some(SchemaOf::Skill),
        _ if path.starts_with("conversations/") => Some(SchemaOf::Conversation),
        _ => None,
    }
}

#[test]
fn every_file_of_the_example_bots_fits() {
    let mut seen = 0;
    for bot in bots() {
        for (path, text) in crate::folder::read(&bot, true).unwrap().files {
            let Some(which) = which(&path) else { continue };
            seen += 1;
            assert_eq!(faults(which, &text), Vec::<String>::new(), "{}/{path}", bot.display());
        }
    }
    assert!(seen > 30, "{seen} files");
}

#[test]
fn every_example_of_the_reference_fits() {
    for block in blocks() {
        assert_eq!(faults(SchemaOf::Skill, block.example), Vec::<String>::new(), "{}", block.key);
    }
}

#[test]
fn every_option_of_every_block_has_a_shape_and_a_meaning() {
    let mut shapeless = Vec::new();
    for block in blocks() {
        for option in block.options {
            if matches!(block.shape_of(option).0, Shape::Any) && !block.shapes.iter().any(|key| key.name == option.name) {
                shapeless.push(format!("{}.{} ({})", block.key, option.name, option.field));
            }
            assert!(!option.doc.is_empty(), "{}.{}", block.key, option.name);
        }
        for key in block.shapes {
            assert!(
                key.name == block.key || block.options.iter().any(|o| o.name == key.name),
                "{} has a shape for {}, which is no option",
                block.key,
                key.name
            );
        }
    }
    assert_eq!(shapeless, Vec::<String>::new(), "their kinds say no shape: say it in shapes()");
}

#[test]
fn keys_that_nothing_knows_are_refused() {
    let skill = |block: &str| format!("skill: a\ncatch:\n  - command: a\nblocks:\n  one:\n{block}");
    let good = skill("    text: Hi\n    buttons: [{ Yes: end }, No]\n    on: { other: end }\n");
    assert_eq!(faults(SchemaOf::Skill, &good), Vec::<String>::new());
    for bad in [
        skill("    text: Hi\n    buton: [Yes]\n"),
        skill("    texd: Hi\n"),
        skill("    text: Hi\n    listen: name\n"),
        skill("    text: Hi\n    on: { othr: end }\n"),
        skill("    live_chat: { gruop: support }\n"),
        skill("    live_chat: { group: support }\n    timeout: 5m\n"),
        skill("    text: Hi\n    timeout: soon\n    buttons: [Yes]\n"),
        skill("    text: Hi\n    format: html\n"),
        skill("    text: Hi\n").replace("command: a", "comand: a"),
        skill("    text: Hi\n").replace("skill: a\n", "skil: a\n"),
    ] {
        assert!(!faults(SchemaOf::Skill, &bad).is_empty(), "{bad}");
    }
    assert!(!faults(SchemaOf::Bot, "name: a\nchanels: {}\n").is_empty());
    assert!(!faults(SchemaOf::Bot, "timezone: UTC\n").is_empty(), "a bot has a name");
    assert!(!faults(SchemaOf::Segments, "vip: { were: plan = gold }\n").is_empty());
    assert!(!faults(SchemaOf::Conversation, "test: a\ntalk:\n  - usr: hello\n").is_empty());
    assert!(!faults(SchemaOf::Conversation, "test: a\ntalks: []\n").is_empty());
}

/// What the loader reads of `bot.yaml`, a segment, a skill and a catch is what the schema knows: each key of the schema is one
/// that the loader does not call unknown.
#[test]
fn the_loader_knows_every_key_of_the_schema() {
    let shapes = file_shapes();
    let unknown = |files: Vec<(&str, String)>| -> Vec<String> {
        let files = engine::BotFiles {
            files: files.into_iter().map(|(p, t)| (p.to_owned(), t)).collect(),
            shown_as: String::new(),
            assets: Vec::new(),
        };
        let (_, diagnostics, _) = engine::Bot::load(&files);
        diagnostics.iter().filter(|d| d.code == "E0101" && !d.message.contains("belongs to")).map(|d| d.message.clone()).collect()
    };
    let skill = || "skill: a\ncatch:\n  - event: a\nblocks:\n  one:\n    text: Hi\n".to_owned();
    for key in shapes.bot {
        let bot = format!("{}{}: x\n", if key.name == "name" { "" } else { "name: a\n" }, key.name);
        assert_eq!(unknown(vec![("bot.yaml", bot), ("skills/a.yaml", skill())]), Vec::<String>::new(), "bot.yaml: {}", key.name);
    }
    for key in shapes.segment {
        let segments = format!("s:\n  {}: x\n", key.name);
        let files = vec![("bot.yaml", "name: a\n".to_owned()), ("segments.yaml", segments), ("skills/a.yaml", skill())];
        assert_eq!(unknown(files), Vec::<String>::new(), "segments.yaml: {}", key.name);
    }
    for key in shapes.skill.iter().filter(|k| k.name != "skill") {
        let files = vec![("bot.yaml", "name: a\n".to_owned()), ("skills/a.yaml", format!("{}: x\n{}", key.name, skill()))];
        assert_eq!(unknown(files), Vec::<String>::new(), "skill: {}", key.name);
    }
    for key in shapes.catch {
        let with = skill().replace("  - event: a\n", &format!("  - event: a\n    {}: x\n", key.name));
        let files = vec![("bot.yaml", "name: a\n".to_owned()), ("skills/a.yaml", with)];
        assert_eq!(unknown(files), Vec::<String>::new(), "catch: {}", key.name);
    }
    for key in shapes.block {
        let files = vec![("bot.yaml", "name: a\n".to_owned()), ("skills/a.yaml", format!("{}    {}: x\n", skill(), key.name))];
        assert_eq!(unknown(files), Vec::<String>::new(), "block: {}", key.name);
    }
}

/// Whether a schema takes a list or a map.
fn takes_more_than_text(schema: &Value) -> bool {
    let is_more = |kind: &Value| kind == "array" || kind == "object";
    schema["$ref"] == "#/$defs/choice"
        || is_more(&schema["type"])
        || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(is_more))
        || schema["anyOf"].as_array().is_some_and(|shapes| shapes.iter().any(takes_more_than_text))
}

/// The keys, with those above them, that quotes may be put round surely and that take something else than a text; and maps of
/// structures under names of the designer's own whose names could be taken for such keys.
fn taken_for_texts(schema: &Value, parent: Option<&str>, wrong: &mut Vec<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| taken_for_texts(item, parent, wrong)),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        for (name, below) in properties {
                            if syntax::takes_only_text(name, parent) && takes_more_than_text(below) {
                                wrong.push(format!("{name} under {parent:?}"));
                            }
                            taken_for_texts(below, Some(name), wrong);
                        }
                    }
                    ("additionalProperties", below) => {
                        if takes_more_than_text(below) && parent.is_some_and(|parent| syntax::takes_only_text("text", Some(parent))) {
                            wrong.push(format!("names under {parent:?}"));
                        }
                        let below_names = format!("a name of {}", parent.unwrap_or("the file"));
                        taken_for_texts(below, Some(&below_names), wrong);
                    }
                    ("$defs", _) => {}
                    (_, below) => taken_for_texts(below, parent, wrong),
                }
            }
        }
        _ => {}
    }
}

/// `check --fix` puts quotes round what stands under these keys: nothing but a text may stand there, in any file.
#[test]
fn keys_that_take_only_texts_take_nothing_else() {
    let mut wrong = Vec::new();
    for which in [SchemaOf::Skill, SchemaOf::Bot, SchemaOf::Conversation] {
        taken_for_texts(&schema(which), None, &mut wrong);
    }
    // In segments.yaml the names stand at the very top.
    taken_for_texts(&schema(SchemaOf::Segments)["additionalProperties"], None, &mut wrong);
    // Days of a calendar and settings of a channel have names of their own, none of which is such a key and takes more than a text.
    wrong.retain(|one| !one.contains("a name of calendars") && !one.contains("a name of channels"));
    assert_eq!(wrong, Vec::<String>::new());
    assert!(syntax::takes_only_text("text", None) && !syntax::takes_only_text("keyword", None));
}

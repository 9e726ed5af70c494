//! `schema`: the JSON Schema (2020-12) of a bot's files, derived from the same lists the loader reads: editors complete keys,
//! show what they mean and mark what no block knows. What only the loader can tell (names, conditions) stays its own.

mod conversation;
mod write;

use crate::Exit;
use crate::args::SchemaOf;
use engine::{BlockReference, Key, Shape, blocks, catches, file_shapes};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::path::Path;
use write::{closed, keys, of, with_doc};

/// The draft every schema is written in.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The folder of a bot that holds the schemas.
pub const FOLDER: &str = ".switchboard";

/// Prints one schema.
pub fn run(which: SchemaOf) -> anyhow::Result<Exit> {
    let mut text = serde_json::to_string_pretty(&schema(which))?;
    text.push('\n');
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(Exit::Fine)
}

/// Writes all schemas into a bot's `.switchboard/`.
pub fn write_all(bot: &Path) -> anyhow::Result<()> {
    let folder = bot.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|e| anyhow::anyhow!("cannot make {}: {e}", folder.display()))?;
    for which in [SchemaOf::Skill, SchemaOf::Bot, SchemaOf::Segments, SchemaOf::Conversation] {
        let path = folder.join(file(which));
        let text = serde_json::to_string_pretty(&schema(which))? + "\n";
        std::fs::write(&path, text).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}

/// The name of a schema's file in [`FOLDER`].
pub fn file(which: SchemaOf) -> &'static str {
    match which {
        SchemaOf::Skill => "skill.schema.json",
        SchemaOf::Bot => "bot.schema.json",
        SchemaOf::Segments => "segments.schema.json",
        SchemaOf::Conversation => "conversation.schema.json",
    }
}

/// The schema of one kind of file.
pub fn schema(which: SchemaOf) -> Value {
    let shapes = file_shapes();
    let mut schema = match which {
        SchemaOf::Skill => skill(shapes.skill, shapes.catch, shapes.block),
        SchemaOf::Bot => keys(shapes.bot),
        SchemaOf::Segments => json!({ "type": ["object", "null"], "additionalProperties": keys(shapes.segment) }),
        SchemaOf::Conversation => keys(conversation::SCRIPT),
    };
    let (title, doc) = match which {
        SchemaOf::Skill => ("A skill", "One skill of a bot: what begins it and its blocks."),
        SchemaOf::Bot => ("bot.yaml", "What a bot is called, where it is reached, what it knows about people and how far it may go."),
        SchemaOf::Segments => ("segments.yaml", "Named conditions over contacts."),
        SchemaOf::Conversation => ("A scripted conversation", "A conversation that `switchboard test` plays."),
    };
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), DRAFT.into());
        map.insert("title".into(), title.into());
        map.insert("description".into(), doc.into());
        map.insert("$defs".into(), write::definitions());
    }
    schema
}

fn skill(header: &[Key], catch: &[Key], block: &[Key]) -> Value {
    let mut schema = keys(header);
    let kinds = catches();
    let mut catch = keys(catch);
    if let Some(properties) = catch["properties"].as_object_mut() {
        for kind in &kinds {
            properties.insert(kind.key.into(), with_doc(of(&kind.shape), kind.summary));
        }
    }
    catch["oneOf"] = kinds.iter().map(|k| json!({ "required": [k.key] })).collect();
    schema["properties"]["catch"] = with_doc(json!({ "anyOf": [catch, { "type": "array", "items": catch }] }), "What begins the skill.");
    schema["properties"]["blocks"] = json!({
        "description": "The blocks, in order: the first is where the skill begins, and a block goes on with the one below.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$", "not": { "enum": ["end", "skill", "call"] } },
        "additionalProperties": any_block(block),
    });
    schema["required"] = json!(["skill", "blocks"]);
    schema
}

/// A block: recognised by its type key, then held to what that type knows.
fn any_block(common: &[Key]) -> Value {
    let kinds = blocks();
    let mut properties = keys(common)["properties"].as_object().cloned().unwrap_or_default();
    for kind in &kinds {
        properties.insert(kind.key.into(), json!({ "description": kind.summary }));
    }
    let by_kind = kinds.iter().map(|kind| json!({ "if": { "required": [kind.key] }, "then": one_block(kind, common) }));
    json!({
        "type": "object",
        "properties": properties,
        "oneOf": kinds.iter().map(|k| json!({ "required": [k.key] })).collect::<Vec<Value>>(),
        "allOf": by_kind.collect::<Vec<Value>>(),
    })
}

/// FL 3.3: options stand inside a map, or beside a scalar or list; never both.
fn one_block(kind: &BlockReference, common: &[Key]) -> Value {
    let mut beside = keys(common)["properties"].as_object().cloned().unwrap_or_default();
    beside.insert("on".into(), on(kind));
    let (mut inside, mut required, mut any_name) = (Map::new(), Vec::new(), None);
    let mut main = None;
    for option in kind.options {
        let (shape, must) = kind.shape_of(option);
        let value = with_doc(of(&shape), option.doc);
        match option.name {
            "NAME" => any_name = Some(value),
            name if name == kind.key => main = Some(value),
            name => {
                if must {
                    required.push(name);
                }
                inside.insert(name.into(), value);
            }
        }
    }
    // One without an option of its own name may still have a short form.
    let main = main.or_else(|| kind.shapes.iter().find(|key| key.name == kind.key).map(|key| of(&key.shape)));
    let in_map = || {
        let mut map = closed(inside.clone(), &required);
        if let Some(value) = &any_name {
            map["additionalProperties"] = value.clone();
        }
        map
    };
    let mut needs = vec![kind.key];
    match (kind.takes_map, main) {
        (true, None) => {
            beside.insert(kind.key.into(), with_doc(in_map(), kind.summary));
        }
        (true, Some(main)) => {
            beside.extend(inside.clone());
            beside.insert(kind.key.into(), with_doc(json!({ "anyOf": [in_map(), main] }), kind.summary));
        }
        (false, main) => {
            beside.extend(inside);
            beside.insert(kind.key.into(), with_doc(main.unwrap_or_else(|| json!({})), kind.summary));
            needs.extend(required);
        }
    }
    closed(beside, &needs)
}

/// The outcomes of a block, those that come with choices, speaking and leaving included.
fn on(kind: &BlockReference) -> Value {
    let mut outcomes: Map<String, Value> = kind.outcomes.iter().map(|o| (o.name.to_owned(), with_doc(of(&Shape::Target), o.doc))).collect();
    let has_choices = kind.options.iter().any(|o| matches!(kind.shape_of(o).0, Shape::Choices));
    let common = [
        (has_choices, "other", "the customer wrote something that is none of the choices"),
        (has_choices, "timeout", "nothing was chosen within `timeout`"),
        (true, "unsendable", "it is known already that nothing can be sent to this address"),
        (true, "not_allowed", "the skill that is left for is not for this contact"),
    ];
    for (is_there, name, doc) in common {
        if is_there && !outcomes.contains_key(name) {
            outcomes.insert(name.into(), with_doc(of(&Shape::Target), doc));
        }
    }
    with_doc(closed(outcomes, &[]), "Where it goes on, by outcome.")
}

#[cfg(test)]
mod tests;

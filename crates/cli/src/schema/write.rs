//! Shapes as JSON Schema.

use engine::{Key, Shape};
use serde_json::{Map, Value, json};

/// What the shapes refer to, written once.
pub fn definitions() -> Value {
    json!({
        // Whatever an editor takes for a number or a truth value: the flow reads the characters (FL 3.8).
        "text": { "type": ["string", "number", "boolean"] },
        "prose": { "type": ["string", "number", "boolean"], "description": "Said as written; ${…} holds an expression." },
        "condition": { "type": ["string", "boolean"], "description": "A condition, such as: plan = gold and not has tag refunded" },
        "truth": { "anyOf": [{ "type": "boolean" }, { "enum": ["yes", "no", "on", "off", "true", "false"] }] },
        "duration": {
            "type": "string",
            "pattern": "^\\s*([0-9]+[wdhms])+\\s*$",
            "description": "A duration: 30s, 10m, 2h, 3d, 1w, 1h30m",
        },
        "target": { "type": ["string", "number"], "description": "A block of this skill, end, or: skill NAME" },
        "choice": {
            "anyOf": [
                { "$ref": "#/$defs/text" },
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": {
                        "anyOf": [
                            { "$ref": "#/$defs/target" },
                            {
                                "type": "object",
                                "properties": {
                                    "to": { "$ref": "#/$defs/target" },
                                    "event": { "$ref": "#/$defs/text", "description": "Raises this event." },
                                    "url": { "$ref": "#/$defs/prose", "description": "Opens this address." },
                                    "phone": { "$ref": "#/$defs/prose", "description": "Dials this number." },
                                    "value": { "$ref": "#/$defs/prose", "description": "What save stores instead of the label." },
                                    "synonyms": { "anyOf": [{ "$ref": "#/$defs/text" }, { "type": "array", "items": { "$ref": "#/$defs/text" } }] },
                                },
                                "additionalProperties": false,
                            },
                        ],
                    },
                },
            ],
        },
    })
}

/// The schema of a shape.
pub fn of(shape: &Shape) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    match shape {
        Shape::Text => reference("text"),
        Shape::Prose => reference("prose"),
        Shape::Condition => reference("condition"),
        Shape::OneOf(words) => json!({ "enum": words }),
        Shape::Pattern(pattern, doc) => json!({ "type": "string", "pattern": pattern, "description": doc }),
        Shape::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Truth => reference("truth"),
        Shape::Duration => reference("duration"),
        Shape::Target => reference("target"),
        Shape::Choices => {
            json!({ "anyOf": [{ "type": "array", "minItems": 1, "maxItems": 50, "items": reference("choice") }, reference("choice")] })
        }
        Shape::List(item) => json!({ "type": "array", "items": of(item) }),
        Shape::OneOrMany(item) => {
            let item = of(item);
            json!({ "anyOf": [item, { "type": "array", "items": item }] })
        }
        Shape::Map(value) => json!({ "type": "object", "additionalProperties": of(value) }),
        Shape::Keys(known) => keys(known),
        Shape::OneKey(known) => {
            let mut map = keys(known);
            map["minProperties"] = 1.into();
            map["maxProperties"] = 1.into();
            map
        }
        Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(of).collect::<Vec<Value>>() }),
        Shape::Any => json!({}),
    }
}

/// A map with these keys and no others.
pub fn keys(known: &[Key]) -> Value {
    let properties = known.iter().map(|key| (key.name.to_owned(), with_doc(of(&key.shape), key.doc))).collect();
    let required: Vec<&str> = known.iter().filter(|key| key.required).map(|key| key.name).collect();
    closed(properties, &required)
}

/// A map with these properties and no others.
pub fn closed(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut map = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        map["required"] = json!(required);
    }
    map
}

/// The same with what it means, unless that is said already and there is nothing to add.
pub fn with_doc(mut schema: Value, doc: &str) -> Value {
    if !doc.is_empty()
        && let Some(map) = schema.as_object_mut()
    {
        map.insert("description".into(), doc.into());
    }
    schema
}

//! The whole document: paths with their operations, and the schemas these use.

use super::{
    About, Operation,
    links::{self, Lead},
};
use crate::v1::caller;
use runtime::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Map, Value as Json, json};

/// What the groups of routes are about, by the first part of their path.
const TAGS: [(&str, &str); 12] = [
    ("openapi", "What this API is."),
    ("contacts", "Everybody the bot knows, and what happened to them."),
    ("erasures", "What became of those who were erased."),
    ("messages", "What was said, found by its words."),
    ("attributes", "What can be known of a contact."),
    ("vocabulary", "What conditions can ask about by name."),
    ("tags", "Tags over everybody."),
    ("segments", "Who belongs together: rules that hold at every moment, and lists."),
    ("imports", "Contacts, events and lists out of files."),
    ("bulk", "One change for everybody for whom a condition holds."),
    ("webhooks", "Telling other programs what happens."),
    ("keys", "Who may use this API."),
];

/// The schemas of what is read and of what is answered: the same type is not the same in both (what may be left out, say).
pub(super) struct Schemas {
    inputs: SchemaGenerator,
    outputs: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12()
                .with(|settings| {
                    settings.meta_schema = None;
                    settings.definitions_path = "/components/schemas".into();
                })
                .with_transform(plain as fn(&mut Schema))
        };
        Self { inputs: settings().for_deserialize().into_generator(), outputs: settings().for_serialize().into_generator() }
    }
}

impl Schemas {
    pub(super) fn input<T: JsonSchema>(&mut self) -> Json {
        plainly(self.inputs.subschema_for::<T>())
    }

    /// The schema itself, not a reference to it.
    pub(super) fn input_inline<T: JsonSchema>(&mut self) -> Json {
        plainly(T::json_schema(&mut self.inputs))
    }

    pub(super) fn output<T: JsonSchema>(&mut self) -> Json {
        plainly(self.outputs.subschema_for::<T>())
    }

    /// All that were named, by name.
    ///
    /// # Panics
    /// If two types have one name.
    fn named(mut self) -> Map<String, Json> {
        let mut all = self.inputs.take_definitions(true);
        for (name, schema) in self.outputs.take_definitions(true) {
            if let Some(known) = all.get(&name) {
                assert!(*known == schema, "two schemas are called {name}; give one of the types another name");
            }
            all.insert(name, schema);
        }
        all.sort_keys();
        all
    }
}

fn plainly(mut schema: Schema) -> Json {
    plain(&mut schema);
    schema.to_value()
}

/// Formats that only say how wide an integer is in memory say nothing to anybody.
fn plain(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut()
        && let Some(Json::String(format)) = object.get("format")
        && (format.starts_with("uint") || format.starts_with("int"))
    {
        object.remove("format");
    }
    let mut each: fn(&mut Schema) = plain;
    transform_subschemas(&mut each, schema);
}

/// The document as far as it was told.
#[derive(Default)]
pub(super) struct Document {
    schemas: Schemas,
    paths: Map<String, Json>,
    /// Refusals that are given in the same words, by name.
    refusals: Map<String, Json>,
    leads: Vec<Lead>,
}

impl Document {
    /// Adds an operation; answers the scope it needs.
    ///
    /// # Panics
    /// If what is declared contradicts itself; a test declares everything.
    pub(super) fn add(
        &mut self,
        method: &'static str,
        path: &'static str,
        describe: fn(&mut Operation<'_>),
        about: About,
    ) -> Option<Scope> {
        let About { id, summary, text, refusals, also, shares: _, leads } = about;
        self.leads.extend(leads.into_iter().map(|(status, place, pointer)| Lead { method, path, status, place, pointer }));
        let mut operation = Operation::new(path, &mut self.schemas);
        describe(&mut operation);
        assert!(operation.untold().is_empty(), "{method} {path}: no argument takes {:?}", operation.untold());
        for (status, code, when) in refusals {
            operation.refuses(status, code, when);
        }
        let scope = operation.scope;
        if method != "get" && scope.is_some_and(caller::at_console) {
            operation.refuses(403, "cross_site", "signed in at the console, but the request is not from its page");
        }
        let mut out = json!({ "operationId": id, "summary": summary });
        let also_text = also.iter().map(|(scope, when)| format!("Needs `{}` as well {when}.", scope.name()));
        let text: Vec<String> = text.map(str::to_owned).into_iter().chain(also_text).collect();
        if !text.is_empty() {
            out["description"] = json!(text.join("\n\n"));
        }
        let group = path.trim_start_matches('/').split(['/', '.']).next().unwrap_or_default();
        out["tags"] = json!([group]);
        out["security"] = match scope {
            None => json!([]),
            Some(scope) if caller::at_console(scope) => json!([{ "key": [scope.name()] }, { "console": [] }]),
            Some(scope) => json!([{ "key": [scope.name()] }]),
        };
        if let Some(scope) = scope {
            out["x-scope"] = json!(scope.name());
        }
        if !also.is_empty() {
            out["x-scope-sometimes"] = also.iter().map(|(scope, _)| scope.name()).collect();
        }
        if !operation.parameters.is_empty() {
            out["parameters"] = json!(operation.parameters);
        }
        if let Some(body) = &operation.body {
            out["requestBody"] = body.clone();
        }
        out["responses"] = Json::Object(operation.responses(&mut self.refusals));
        let place = self.paths.entry(path).or_insert_with(|| json!({}));
        assert!(place.get(method).is_none(), "{method} {path} is declared twice");
        place[method] = out;
        scope
    }

    /// The whole.
    pub(super) fn finish(mut self) -> Json {
        links::write(&mut self.paths, &self.leads);
        let mut schemas = self.schemas.named();
        schemas.insert("Problem".into(), problem());
        let mut groups: Vec<&str> = Vec::new();
        for tag in self.paths.values().filter_map(Json::as_object).flat_map(Map::values).filter_map(|op| op["tags"][0].as_str()) {
            if !groups.contains(&tag) {
                groups.push(tag);
            }
        }
        let described = |name: &&str| TAGS.iter().find(|(tag, _)| tag == name).map_or("", |(_, text)| text);
        let tags: Vec<Json> = groups.iter().map(|name| json!({ "name": name, "description": described(name) })).collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Switchboard",
                "version": "1",
                "summary": "Contacts, their events and segments, for programs.",
                "description": INTRODUCTION,
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "/api/v1" }],
            "tags": tags,
            "paths": self.paths,
            "components": {
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A key made by `switchboard keys create`. What it opens is said by its scopes.",
                    },
                    "console": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": "__Host-switchboard",
                        "description": "An agent signed in at the console (without https the cookie is called switchboard-console). \
                                        Writes carry X-Switchboard: console and come from the console's own page.",
                    },
                },
                "headers": headers(),
                "responses": self.refusals,
                "schemas": schemas,
            },
        })
    }
}

const INTRODUCTION: &str = "Bodies are JSON, at most 256 KiB where nothing else is said. A field or a parameter that is not known is refused. \
Times are RFC 3339, in answers in UTC. Lists come page by page: `cursor` is the `next_cursor` of the page before. What is answered as done is \
durable. A refusal is a problem document (RFC 9457); its `code` is stable.";

fn problem() -> Json {
    json!({
        "type": "object",
        "description": "Why a request was not done.",
        "properties": {
            "type": { "type": "string", "const": "about:blank" },
            "title": { "type": "string", "description": "What the status is called." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "description": "What went wrong, in a stable word for programs." },
            "detail": { "type": "string", "description": "What went wrong and what to do, for people." },
        },
        "required": ["type", "title", "status", "code", "detail"],
        "additionalProperties": true,
    })
}

fn headers() -> Json {
    let number = json!({ "type": "integer", "minimum": 0 });
    let text = json!({ "type": "string" });
    let header = |text: &str, schema: &Json| json!({ "description": text, "schema": schema });
    json!({
        "RateLimit": header("What the caller has left: `\"minute\";r=5999;t=42` is 5,999 requests in the next 42 seconds.", &text),
        "RateLimit-Policy": header("How often the caller may ask: `\"minute\";q=6000;w=60` is 6,000 times in 60 seconds.", &text),
        "RateLimit-Limit": header("How often the caller may ask in a minute.", &number),
        "RateLimit-Remaining": header("How often it may still ask in this minute.", &number),
        "RateLimit-Reset": header("Seconds until the next minute begins.", &number),
        "Retry-After": header("Seconds after which trying again makes sense.", &number),
        "ETag": header("The version of what is answered; a change with If-Match depends on it.", &text),
        "Location": header("Where what was made or taken on is found.", &text),
        "WWW-Authenticate": header("What to send instead.", &text),
    })
}

//! One operation of the document while its handler tells about itself.

use super::document::Schemas;
use runtime::Scope;
use schemars::JsonSchema;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, VecDeque};

/// The media type of refusals.
const PROBLEM: &str = "application/problem+json";
/// Headers of every answer to a caller whose requests are counted.
const COUNTED: [&str; 5] = ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// An operation as far as it was told.
pub(crate) struct Operation<'d> {
    schemas: &'d mut Schemas,
    /// The names in the path that no argument has taken yet.
    places: VecDeque<String>,
    pub(super) scope: Option<Scope>,
    pub(super) parameters: Vec<Json>,
    pub(super) body: Option<Json>,
    answers: BTreeMap<u16, Json>,
    refusals: BTreeMap<u16, Vec<(&'static str, &'static str)>>,
}

impl<'d> Operation<'d> {
    pub(super) fn new(path: &str, schemas: &'d mut Schemas) -> Self {
        let places = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect();
        Self { schemas, places, scope: None, parameters: Vec::new(), body: None, answers: BTreeMap::new(), refusals: BTreeMap::new() }
    }

    /// Somebody who may do this has to call.
    pub(crate) fn needs(&mut self, scope: Scope) {
        self.scope = Some(scope);
        self.refuses(401, "no_key", "nobody is named: send a key");
        self.refuses(401, "bad_key", "the key opens nothing: it is mistyped, or was revoked");
        self.refuses(401, "signed_out", "the sign-in at the console ended");
        self.refuses(403, "scope", "the key lacks the scope; `scope` says which");
        self.refuses(429, "too_many_requests", "the caller asked too often in this minute");
        self.refuses(500, "internal", "something broke; it was logged");
        self.refuses(503, "unavailable", "the server starts or stops");
        // Told by the connection itself, before anything is read.
        self.answers_nothing(431, "The head of the request is larger than 32 KiB.");
    }

    /// The next parameter of the path.
    pub(crate) fn place<T: JsonSchema>(&mut self) {
        if let Some(name) = self.places.pop_front() {
            let schema = self.schemas.input_inline::<T>();
            self.parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
    }

    /// The query: a parameter for each field.
    pub(crate) fn query<T: JsonSchema>(&mut self) {
        let Json::Object(schema) = self.schemas.input_inline::<T>() else { return };
        let required = schema.get("required").and_then(Json::as_array).cloned().unwrap_or_default();
        let Some(Json::Object(fields)) = schema.get("properties") else { return };
        for (name, field) in fields {
            let mut field = field.clone();
            let text = field.as_object_mut().and_then(|field| field.remove("description"));
            let mut parameter = json!({ "name": name, "in": "query", "required": required.contains(&json!(name)) });
            if let Some(text) = text {
                parameter["description"] = text;
            }
            // A query has no null: what is not there is left out.
            parameter["schema"] = without_null(field);
            self.parameters.push(parameter);
        }
    }

    /// A header that a request may carry.
    pub(crate) fn header(&mut self, name: &str, text: &str, schema: &Json) {
        self.parameters.push(json!({ "name": name, "in": "header", "required": false, "description": text, "schema": schema }));
    }

    /// A JSON body.
    pub(crate) fn takes_json<T: JsonSchema>(&mut self) {
        let schema = self.schemas.input::<T>();
        self.takes(&[("application/json", schema)]);
    }

    /// A body in one of these media types.
    pub(crate) fn takes(&mut self, contents: &[(&str, Json)]) {
        let contents: Map<String, Json> =
            contents.iter().map(|(media, schema)| ((*media).to_owned(), json!({ "schema": schema }))).collect();
        self.body = Some(json!({ "required": true, "content": contents }));
        self.refuses(400, "broken_off", "the request broke off");
        self.refuses(408, "too_slow", "the request took too long to arrive");
        self.refuses(413, "too_large", "the request is too large");
    }

    /// An answer in JSON, with these headers of [`super::document`]'s list.
    pub(crate) fn answers<T: JsonSchema>(&mut self, status: u16, text: &str, headers: &[&str]) {
        let schema = self.schemas.output::<T>();
        self.answers_media(status, text, &[("application/json", schema)], headers);
    }

    /// An answer in these media types.
    pub(crate) fn answers_media(&mut self, status: u16, text: &str, contents: &[(&str, Json)], headers: &[&str]) {
        let mut answer = json!({ "description": text });
        if !contents.is_empty() {
            let contents: Map<String, Json> =
                contents.iter().map(|(media, schema)| ((*media).to_owned(), json!({ "schema": schema }))).collect();
            answer["content"] = Json::Object(contents);
        }
        let headers = self.headers(headers);
        if !headers.is_empty() {
            answer["headers"] = Json::Object(headers);
        }
        self.answers.insert(status, answer);
    }

    /// An answer without a body.
    pub(crate) fn answers_nothing(&mut self, status: u16, text: &str) {
        self.answers_media(status, text, &[], &[]);
    }

    fn headers(&self, own: &[&str]) -> Map<String, Json> {
        let counted = self.scope.is_some().then_some(COUNTED).into_iter().flatten();
        let all = own.iter().copied().chain(counted);
        all.map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
    }

    /// A refusal: its status, its `code`, and when it is given.
    pub(crate) fn refuses(&mut self, status: u16, code: &'static str, when: &'static str) {
        let known = self.refusals.entry(status).or_default();
        if !known.iter().any(|(other, _)| *other == code) {
            known.push((code, when));
        }
    }

    /// Everything that may be answered, by status.
    ///
    /// A refusal that others give in the same words is kept once, in `shared`.
    pub(super) fn responses(&self, shared: &mut Map<String, Json>) -> Map<String, Json> {
        let mut all = self.answers.clone();
        for (status, reasons) in &self.refusals {
            let lines: Vec<String> = reasons.iter().map(|(code, when)| format!("`{code}`: {when}")).collect();
            let mut answer = json!({
                "description": lines.join("; "),
                "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
            let mut headers = Map::new();
            if *status == 429 {
                headers = self.headers(&["Retry-After"]);
            } else if *status == 401 {
                headers.insert("WWW-Authenticate".into(), json!({ "$ref": "#/components/headers/WWW-Authenticate" }));
            }
            if !headers.is_empty() {
                answer["headers"] = Json::Object(headers);
            }
            let name = reasons.iter().map(|(code, _)| pascal(code)).collect::<Vec<_>>().join("Or");
            let known = shared.entry(&name).or_insert_with(|| answer.clone());
            let answer = if *known == answer { json!({ "$ref": format!("#/components/responses/{name}") }) } else { answer };
            all.insert(*status, answer);
        }
        all.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect()
    }

    /// The names in the path that no argument took.
    pub(super) fn untold(&self) -> &VecDeque<String> {
        &self.places
    }
}

/// `bad_key` as `BadKey`.
fn pascal(code: &str) -> String {
    let word = |word: &str| word.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>();
    code.split('_').map(word).collect()
}

/// A schema without the possibility of `null`.
fn without_null(mut schema: Json) -> Json {
    let null = json!("null");
    if let Some(Json::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| *kind != null);
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(Json::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|one| one.get("type") != Some(&null));
        if let [only] = any.as_slice() {
            return only.clone();
        }
    }
    schema
}

//! `json`: asks another system and stores parts of its answer (FL 7.7, 7.8).

use super::sealed::{self, JsonTemplate, SealedTemplate};
use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{CallKind, Came, HttpBody, HttpCall, HttpMethod, Record, Reply, Value};
use serde_json_path::JsonPath;
use syntax::{Diagnostic, Node};

#[derive(Debug)]
pub(crate) struct Json;

#[derive(Debug)]
struct Ask {
    method: HttpMethod,
    url: Template,
    query: Vec<(String, SealedTemplate)>,
    headers: Vec<(String, SealedTemplate)>,
    body: Option<Body>,
    save: Vec<(String, Path)>,
    timeout: i64,
    retries: u32,
    wait: i64,
    max_size: u32,
}

#[derive(Debug)]
enum Body {
    Json(JsonTemplate),
    Text(SealedTemplate),
}

/// A JSONPath.
#[derive(Debug)]
struct Path {
    path: JsonPath,
    /// Whether it names at most one place; others give a list.
    one: bool,
}

const METHODS: [(&str, HttpMethod); 5] = [
    ("get", HttpMethod::Get),
    ("post", HttpMethod::Post),
    ("put", HttpMethod::Put),
    ("patch", HttpMethod::Patch),
    ("delete", HttpMethod::Delete),
];
const SECOND: i64 = 1_000_000;
/// The longest time for one try.
const TIMEOUT_MAX: i64 = 60 * SECOND;
/// The largest answer unless `max_size` says otherwise, and the largest there is, in bytes.
const SIZE: (u32, u32) = (256 * 1024, 1024 * 1024);
/// The most that one answer stores, as JSON, in bytes.
const SAVED: usize = 64 * 1024;
/// How deep a stored value nests.
const DEPTH: usize = 16;

impl BlockKind for Json {
    fn key(&self) -> &'static str {
        "json"
    }
    fn summary(&self) -> &'static str {
        "Asks another system over HTTP and stores parts of its JSON answer. `event.status` and `event.reason` tell what happened."
    }
    fn example(&self) -> &'static str {
        "skill: track\ncatch:\n  - command: track\nblocks:\n  ask:\n    text: What is your order number?\n  number:\n    listen: order_number\n    timeout: 10m\n    on: { timeout: end, invalid: sorry }\n  look:\n    json:\n      get: https://shop.example/orders/${order_number}\n      save:\n        order_status: $.status\n        items: $.items[*].name\n    on: { error: sorry, timeout: sorry }\n  tell:\n    text: \"Your ${items | join(' and ') | default('order')}: ${order_status | default('on its way')}.\"\n    next: end\n  sorry:\n    text: I cannot look that up right now.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "get", field: "prose", doc: "the address to read from; the host is written out, values are encoded" },
            OptionSpec { name: "post", field: "prose", doc: "the address to send to" },
            OptionSpec { name: "put", field: "prose", doc: "the address to replace" },
            OptionSpec { name: "patch", field: "prose", doc: "the address to change" },
            OptionSpec { name: "delete", field: "prose", doc: "the address to remove" },
            OptionSpec { name: "query", field: "map of prose", doc: "added to the address as `?name=value`; may name secrets" },
            OptionSpec { name: "headers", field: "map of prose", doc: "headers of the request; may name secrets" },
            OptionSpec {
                name: "body",
                field: "map, list or prose",
                doc: "a map or list is sent as JSON (a lone `${…}` keeps its type, what has no value is left out), a text as it is; may name secrets",
            },
            OptionSpec {
                name: "save",
                field: "map of JSONPath",
                doc: "what to store from the answer; a missing path leaves the name unset",
            },
            OptionSpec { name: "timeout", field: "duration", doc: "how long one try may take: 10s unless written, at most 60s" },
            OptionSpec {
                name: "retry",
                field: "map",
                doc: "`times` (1 to 5) and `wait` (1s unless written, doubled each time) when there is no answer, or a busy or broken one",
            },
            OptionSpec { name: "max_size", field: "value", doc: "the largest answer in kB: 256 unless written, at most 1024" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const PROSE: Shape = Shape::Prose;
        const TEXT: Shape = Shape::Text;
        const RETRY: &[Key] = &[
            Key::must("times", Shape::Whole(1, 5), "how often it is tried again"),
            Key::may("wait", Shape::Duration, "the wait before the first new try; it doubles"),
        ];
        const {
            &[
                Key::may("headers", Shape::Map(&PROSE), ""),
                Key::may("query", Shape::Map(&PROSE), ""),
                Key::may("body", Shape::Any, ""),
                Key::may("save", Shape::Map(&TEXT), ""),
                Key::may("retry", Shape::Keys(RETRY), ""),
                Key::may("max_size", Shape::Whole(1, 1024), ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec {
                name: "error",
                otherwise: Otherwise::Error,
                doc: "no answer came about, its status is not 2xx, it is no JSON or too large, or a value does not fit",
            },
            OutcomeSpec { name: "timeout", otherwise: Otherwise::Error, doc: "no answer came in time" },
        ]
    }
    fn group(&self) -> Group {
        Group::Data
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn may_store_nothing(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, Node::Map(_)) {
            reader.out.push(
                Diagnostic::error("E0103", value.span, "json is a map with a method and an address").help("write json: { get: https://… }"),
            );
            return None;
        }
        let written: Vec<(HttpMethod, At<'_>)> = METHODS.iter().filter_map(|(key, method)| Some((*method, options.take(key)?))).collect();
        let (query, headers, body) = (options.take("query"), options.take("headers"), options.take("body"));
        let save = options.take("save").map_or(Some(Vec::new()), |n| read_save(n, reader));
        let timeout = options.take("timeout").map_or(Some(10 * SECOND), |n| read_within(n, "timeout", TIMEOUT_MAX, reader));
        let retry = options.take("retry").map_or(Some((0, 0)), |n| read_retry(n, reader));
        let kilobytes = options.take("max_size").map_or(Some(i64::from(SIZE.0 / 1024)), |n| reader.integer(n, "max_size", 1, 1024));
        let [(method, address)] = written.as_slice() else {
            reader.out.push(
                Diagnostic::error("E0102", value.span, "json needs exactly one of get, post, put, patch and delete")
                    .help("write the address after it: get: https://shop.example/orders"),
            );
            return None;
        };
        let (url, host) = read_url(address, reader)?;
        let query = query.map_or(Some(Vec::new()), |n| read_pairs(n, "query", &host, reader));
        let headers = headers.map_or(Some(Vec::new()), |n| read_headers(n, &host, reader));
        let body = body.map_or(Some(None), |n| read_body(n, *method, &host, reader).map(Some));
        let (retries, wait) = retry?;
        let max_size = u32::try_from(kilobytes?).unwrap_or(1).saturating_mul(1024).min(SIZE.1);
        Some(Box::new(Ask {
            method: *method,
            url,
            query: query?,
            headers: headers?,
            body: body?,
            save: save?,
            timeout: timeout?,
            retries,
            wait,
            max_size,
        }))
    }
}

/// The address and its host, which is written out: a contact must not choose whom the server talks to.
fn read_url(node: At<'_>, reader: &mut Reader<'_>) -> Option<(Template, String)> {
    let source = reader.text(node, "the address")?.trim();
    let rest = source.strip_prefix("https://").or_else(|| source.strip_prefix("http://"));
    let Some(rest) = rest else {
        reader.out.push(
            Diagnostic::error("E0161", node.span, "an address begins with https:// or http:// and the host")
                .help("write it whole: https://shop.example/orders/${order_number}"),
        );
        return None;
    };
    if source.contains("${secret.") {
        reader.out.push(
            Diagnostic::error("E0162", node.span, "a secret does not stand in an address: addresses are written to logs everywhere")
                .help("put it under headers, query or body"),
        );
        return None;
    }
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if place.contains("${") || place.is_empty() || place.contains('@') {
        let message = "the host of an address is written out: whom the server talks to is not left to data";
        reader.out.push(Diagnostic::error("E0161", node.span, message).help("only what follows the host may hold ${…}"));
        return None;
    }
    // Without the port; an IPv6 address keeps its brackets.
    let port = place.rfind(':').filter(|at| !place.get(*at..).is_some_and(|p| p.contains(']')));
    let host = port.map_or(place, |at| place.get(..at).unwrap_or(place)).to_ascii_lowercase();
    let scope = reader.names.in_skill(reader.skill);
    let template = crate::bot::reader::took(Template::parse(source, &scope), node, reader.out)?;
    reader.names.uses.template(&template, node);
    Some((template, host))
}

fn read_within(node: At<'_>, what: &str, most: i64, reader: &mut Reader<'_>) -> Option<i64> {
    let micros = reader.duration(node, what)?;
    if !(1..=most).contains(&micros) {
        reader.error("E0104", node.span, format!("{what} is at most {}s and not nothing", most / SECOND));
        return None;
    }
    Some(micros)
}

fn read_retry(node: At<'_>, reader: &mut Reader<'_>) -> Option<(u32, i64)> {
    let mut fields = Fields::of(node, "retry", reader.out)?;
    let times = fields.need("times", reader.out).and_then(|n| reader.integer(n, "times", 1, 5));
    let wait = fields.take("wait").map_or(Some(SECOND), |n| read_within(n, "wait", TIMEOUT_MAX, reader));
    fields.finish(reader.out);
    Some((u32::try_from(times?).unwrap_or(1), wait?))
}

fn read_pairs(node: At<'_>, what: &str, host: &str, reader: &mut Reader<'_>) -> Option<Vec<(String, SealedTemplate)>> {
    let Node::Map(entries) = &node.value else {
        reader.error("E0103", node.span, format!("{what} is a map of names and values, not {}", node.kind_name()));
        return None;
    };
    let pair = |entry: &syntax::Entry, reader: &mut Reader<'_>| {
        let name = reader.text(&entry.key, "a name")?.to_owned();
        Some((name, sealed::read(&entry.value, what, host, reader)?))
    };
    let read: Vec<Option<_>> = entries.iter().map(|entry| pair(entry, reader)).collect();
    read.into_iter().collect()
}

fn read_headers(node: At<'_>, host: &str, reader: &mut Reader<'_>) -> Option<Vec<(String, SealedTemplate)>> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    for entry in node.as_map().unwrap_or_default() {
        if let Some(name) = entry.key.as_text()
            && (name.is_empty() || !name.bytes().all(token))
        {
            reader.error("E0104", entry.key.span, format!("\"{name}\" is no name of a header: it is letters, digits and dashes"));
            return None;
        }
    }
    read_pairs(node, "headers", host, reader)
}

fn read_body(node: At<'_>, method: HttpMethod, host: &str, reader: &mut Reader<'_>) -> Option<Body> {
    match method {
        HttpMethod::Get => {
            reader.out.push(
                Diagnostic::error("E0168", node.span, "a get has no body").help("send values with query, or write post instead of get"),
            );
            None
        }
        HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch | HttpMethod::Delete => match &node.value {
            Node::Map(_) | Node::List(_) => Some(Body::Json(sealed::read_json(node, host, 0, reader)?)),
            Node::Scalar(_) | Node::Null => Some(Body::Text(sealed::read(node, "body", host, reader)?)),
        },
    }
}

fn read_save(node: At<'_>, reader: &mut Reader<'_>) -> Option<Vec<(String, Path)>> {
    let Node::Map(entries) = &node.value else {
        reader.out.push(
            Diagnostic::error("E0103", node.span, format!("save is a map of names and paths, not {}", node.kind_name()))
                .help("write save: { order_status: $.status }"),
        );
        return None;
    };
    let mut save = Vec::new();
    let mut good = true;
    for entry in entries {
        let Some(name) = reader.identifier(&entry.key, "what json saves") else {
            good = false;
            continue;
        };
        match read_path(&entry.value, reader) {
            Some(path) => save.push((name.to_owned(), path)),
            None => good = false,
        }
    }
    good.then_some(save)
}

fn read_path(node: At<'_>, reader: &mut Reader<'_>) -> Option<Path> {
    let source = reader.text(node, "a JSONPath")?.trim();
    let path = match JsonPath::parse(source) {
        Ok(path) if source.len() <= 512 => path,
        Ok(_) => {
            reader.error("E0164", node.span, "a JSONPath has at most 512 characters");
            return None;
        }
        Err(error) => {
            let mut diagnostic = Diagnostic::error("E0164", node.span, format!("\"{source}\" is no JSONPath: {}", error.message()));
            if !source.starts_with('$') {
                let meant = format!("$.{}", source.trim_start_matches('.'));
                diagnostic = diagnostic.help(format!("it begins with $, the whole answer: {meant}"));
            }
            reader.out.push(diagnostic);
            return None;
        }
    };
    let marks = marks(source);
    if marks.matches("..").count() > 1 {
        reader.out.push(
            Diagnostic::error("E0164", node.span, "a JSONPath has at most one \"..\": each one looks through the whole answer")
                .help("name the way down: $.orders[*].items[*].price"),
        );
        return None;
    }
    let one = !marks.contains("..") && !marks.contains(['*', '?', ':', ',']);
    Some(Path { path, one })
}

/// A path without what is in quotes.
fn marks(source: &str) -> String {
    let (mut quote, mut escaped, mut marks) = (None, false, String::new());
    for c in source.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => marks.push(c),
        }
    }
    marks
}

/// Everything but letters, digits and `-._~` as `%XX`: a value stays one part of the address.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Path {
    /// What it finds; nothing, `null` and no place at all are the same.
    fn find(&self, answer: &serde_json::Value) -> Option<Value> {
        let found = self.path.query(answer).all();
        if self.one {
            return found.first().and_then(|json| Value::from_json(json));
        }
        let list: Vec<Value> = found.into_iter().filter_map(Value::from_json).collect();
        (!list.is_empty()).then_some(Value::List(list))
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Record(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Duration(_)
        | Value::Money(_) => 0,
    }
}

impl Ask {
    fn sealed(pairs: &[(String, SealedTemplate)], at: &mut Moving<'_, '_>) -> Result<Vec<(String, model::Sealed)>, Fault> {
        pairs.iter().map(|(name, value)| Ok((name.clone(), value.fill(at)?))).collect()
    }

    /// Stores of the answer what is to be stored.
    fn take(&self, body: Option<&str>) -> Result<Vec<(String, Option<Value>)>, String> {
        if self.save.is_empty() {
            return Ok(Vec::new());
        }
        let body = body.ok_or("the answer is no text in UTF-8")?;
        let answer: serde_json::Value = serde_json::from_str(body).map_err(|e| format!("the answer is no JSON: {e}"))?;
        let mut size = 0;
        let mut save = Vec::new();
        for (name, path) in &self.save {
            let value = path.find(&answer);
            if let Some(value) = &value {
                size += value.to_json().to_string().len();
                if size > SAVED {
                    return Err(format!("more than {} kB of the answer are to be stored; name less with save", SAVED / 1024));
                }
                if depth(value) > DEPTH {
                    return Err(format!("what {name} is to hold nests more than {DEPTH} levels deep"));
                }
            }
            save.push((name.clone(), value));
        }
        Ok(save)
    }
}

impl BlockBody for Ask {
    fn matters(&self) -> Option<super::Matters> {
        Some(super::Matters { outcome: "error", when: "when the other system does not answer" })
    }

    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let url = at.with_facts(|facts, fuel| self.url.render_escaped(facts, fuel, &encoded))?;
        let written = self.url.outline("x");
        // A value of `..` would climb out of its place.
        let dots = |url: &str| {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            path.split('/').skip(3).filter(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")).count()
        };
        if dots(&url) > dots(&written) {
            return Err(Fault::Failed("a value would make the address lead elsewhere".into()));
        }
        let body = match &self.body {
            None => None,
            Some(Body::Json(json)) => Some(HttpBody { content_type: "application/json".into(), content: json.fill(at)? }),
            Some(Body::Text(text)) => Some(HttpBody { content_type: "text/plain; charset=utf-8".into(), content: text.fill(at)? }),
        };
        let call = HttpCall {
            method: self.method,
            url,
            query: Self::sealed(&self.query, at)?,
            headers: Self::sealed(&self.headers, at)?,
            body,
            timeout: self.timeout,
            retries: self.retries,
            wait: self.wait,
            max_size: self.max_size,
        };
        Ok(at.request(CallKind::Http(call)))
    }

    fn requests(&self) -> bool {
        true
    }

    fn replied(&self, _at: &mut Moving<'_, '_>, came: &Came) -> Result<Reply, Fault> {
        let event = |status: Option<u16>| -> Record {
            status.map(|status| ("status".to_owned(), Value::Number(status.into()))).into_iter().collect()
        };
        let failed = |status: Option<u16>, reason: String| {
            let mut event = event(status);
            event.insert("reason".into(), Value::text(reason.clone()));
            Ok(Reply { outcome: Some("error".into()), reason, event, save: Vec::new() })
        };
        match came {
            Came::Http { status, body } if (200..300).contains(status) => match self.take(body.as_deref()) {
                Ok(save) => Ok(Reply { outcome: None, reason: String::new(), event: event(Some(*status)), save }),
                Err(reason) => failed(Some(*status), reason),
            },
            Came::Http { status, .. } => failed(Some(*status), format!("the answer has status {status}")),
            Came::Failed { reason, status } => failed(*status, reason.clone()),
            Came::TimedOut => {
                let reason = format!("no answer within {}", model::Duration { micros: self.timeout, ..Default::default() });
                let event = Record::from([("reason".to_owned(), Value::text(reason.clone()))]);
                Ok(Reply { outcome: Some("timeout".into()), reason, event, save: Vec::new() })
            }
            Came::Sent { .. } => Ok(Reply::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_what_looks_like_a_search() {
        assert_eq!(marks("$['a..b'].c[\"*\\\"?\"]"), "$[].c[]");
    }

    #[test]
    fn a_value_stays_one_part_of_the_address() {
        assert_eq!(encoded("../a?b=c&d#e f/ñ%"), "..%2Fa%3Fb%3Dc%26d%23e%20f%2F%C3%B1%25");
    }
}

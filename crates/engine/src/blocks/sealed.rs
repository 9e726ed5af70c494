//! Prose with secrets in it: `${secret.NAME}` beside other `${…}`, in headers, query and body of `json` (FL 7.8).
//!
//! The secret's name is taken out of the prose before anything is evaluated, so nothing that a contact wrote can name one,
//! and its value is never known here.

use crate::bot::reader::{At, Reader, took, unknown};
use crate::step::Moving;
use expr::Template;
use model::Sealed;
use syntax::{Diagnostic, Node};

use super::Fault;

/// How a secret is written.
const BEGIN: &str = "${secret.";

/// A template that may name secrets.
#[derive(Debug)]
pub(super) struct SealedTemplate(Vec<Part>);

#[derive(Debug)]
enum Part {
    Prose(Template),
    Secret(String),
}

/// Reads a text that goes to `host`; a secret that must not go there is an error.
pub(super) fn read(node: At<'_>, what: &str, host: &str, reader: &mut Reader<'_>) -> Option<SealedTemplate> {
    let source = reader.text(node, what)?;
    if !source.contains(BEGIN) {
        return Some(SealedTemplate(vec![Part::Prose(reader.prose(node, what)?)]));
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|r| !r.is_empty()) {
        // `$${` prints `${`.
        let named = |i: &usize| *i >= at && source.as_bytes().get(i.wrapping_sub(1)) != Some(&b'$');
        match source.match_indices(BEGIN).map(|(i, _)| i).find(named) {
            Some(begin) if begin == at => {
                let (inside, _) = rest.strip_prefix(BEGIN)?.split_once('}').unwrap_or_default();
                let name = inside.trim();
                check_secret(name, node, at..at + BEGIN.len() + inside.len() + 1, host, reader)?;
                parts.push(Part::Secret(name.to_owned()));
                at += BEGIN.len() + inside.len() + 1;
            }
            found => {
                let text = rest.get(..found.map_or(rest.len(), |begin| begin - at))?;
                parts.push(Part::Prose(prose_at(text, at, node, reader)?));
                at += text.len();
            }
        }
    }
    Some(SealedTemplate(parts))
}

/// A part of a text as a template, its problems at their places.
fn prose_at(text: &str, at: usize, node: At<'_>, reader: &mut Reader<'_>) -> Option<Template> {
    let scope = reader.names.in_skill(reader.skill);
    let moved = |problems: Vec<expr::Problem>| -> Vec<expr::Problem> {
        problems.into_iter().map(|p| expr::Problem { range: p.range.start + at..p.range.end + at, ..p }).collect()
    };
    let parsed = Template::parse(text, &scope).map(|(template, warnings)| (template, moved(warnings))).map_err(moved);
    let template = took(parsed, node, reader.out)?;
    reader.names.uses.template(&template, node);
    Some(template)
}

fn check_secret(name: &str, node: At<'_>, range: std::ops::Range<usize>, host: &str, reader: &mut Reader<'_>) -> Option<()> {
    let span = node.span_within(range);
    let secrets = &reader.names.services.secrets;
    let Some(secret) = secrets.get(name) else {
        let known = secrets.keys().map(String::as_str);
        let diagnostic = unknown("E0162", span, &format!("there is no secret \"{name}\""), name, known, "the secrets of bot.yaml are");
        let diagnostic = if secrets.is_empty() {
            diagnostic.help("declare it in bot.yaml: secrets: { NAME: { env: VARIABLE, hosts: [shop.example] } }")
        } else {
            diagnostic
        };
        reader.out.push(diagnostic);
        return None;
    };
    if !secret.hosts.iter().any(|h| h == host) {
        reader.out.push(
            Diagnostic::error("E0163", span, format!("the secret \"{name}\" must not be sent to {host}"))
                .help(format!("it is for {}; if {host} is to have it, add it to its hosts in bot.yaml", secret.hosts.join(", "))),
        );
        return None;
    }
    Some(())
}

impl SealedTemplate {
    /// Fills in everything but the secrets.
    pub(super) fn fill(&self, at: &mut Moving<'_, '_>) -> Result<Sealed, Fault> {
        let mut sealed = Sealed::default();
        for part in &self.0 {
            match part {
                Part::Prose(template) => sealed.push_text(&at.render(template)?),
                Part::Secret(name) => sealed.push_secret(name, false),
            }
        }
        Ok(sealed)
    }

    /// The one template it is, if it names no secret.
    fn only(&self) -> Option<&Template> {
        match self.0.as_slice() {
            [Part::Prose(template)] => Some(template),
            _ => None,
        }
    }
}

/// JSON that is written as YAML.
#[derive(Debug)]
pub(super) enum JsonTemplate {
    Object(Vec<(String, JsonTemplate)>),
    List(Vec<JsonTemplate>),
    /// As written: a number, true, false, nothing.
    Literal(serde_json::Value),
    /// A text, or the typed value of a lone `${…}` (FL 7.2).
    Prose(SealedTemplate),
}

/// How deep a body may nest.
const DEPTH: usize = 16;

/// Reads a body.
pub(super) fn read_json(node: At<'_>, host: &str, depth: usize, reader: &mut Reader<'_>) -> Option<JsonTemplate> {
    if depth > DEPTH {
        reader.error("E0168", node.span, format!("a body nests at most {DEPTH} levels deep"));
        return None;
    }
    Some(match &node.value {
        Node::Null => JsonTemplate::Literal(serde_json::Value::Null),
        Node::List(items) => JsonTemplate::List(items.iter().map(|item| read_json(item, host, depth + 1, reader)).collect::<Option<_>>()?),
        Node::Map(entries) => {
            let mut fields = Vec::new();
            for entry in entries {
                let name = reader.text(&entry.key, "a name")?;
                fields.push((name.to_owned(), read_json(&entry.value, host, depth + 1, reader)?));
            }
            JsonTemplate::Object(fields)
        }
        Node::Scalar(scalar) => {
            if scalar.style == syntax::Style::Plain
                && let Some(literal) = plain(&scalar.text)
            {
                return Some(JsonTemplate::Literal(literal));
            }
            JsonTemplate::Prose(read(node, "a value", host, reader)?)
        }
    })
}

/// What a plain scalar is in JSON, if not a text: a number that is written the shortest way, true, false, null.
fn plain(text: &str) -> Option<serde_json::Value> {
    match text {
        "true" => return Some(true.into()),
        "false" => return Some(false.into()),
        "null" => return Some(serde_json::Value::Null),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let begins_well = digits == "0" || digits.starts_with("0.") || digits.starts_with(|c: char| ('1'..='9').contains(&c));
    // 007 and +34… are texts that look like numbers.
    let number: serde_json::Number =
        (begins_well && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then(|| text.parse().ok())??;
    Some(serde_json::Value::Number(number))
}

impl JsonTemplate {
    /// Fills it in as JSON text. What has no value is left out.
    pub(super) fn fill(&self, at: &mut Moving<'_, '_>) -> Result<Sealed, Fault> {
        let mut sealed = Sealed::default();
        if !self.write(at, &mut sealed)? {
            sealed.push_text("null");
        }
        Ok(sealed)
    }

    /// Answers whether there was a value.
    fn write(&self, at: &mut Moving<'_, '_>, into: &mut Sealed) -> Result<bool, Fault> {
        match self {
            Self::Literal(value) => into.push_text(&value.to_string()),
            Self::Object(fields) => {
                into.push_text("{");
                let mut first = true;
                for (name, value) in fields {
                    let mut written = Sealed::default();
                    if value.write(at, &mut written)? {
                        let comma = if first { "" } else { "," };
                        into.push_text(&format!("{comma}{}:", serde_json::Value::from(name.as_str())));
                        append(into, written);
                        first = false;
                    }
                }
                into.push_text("}");
            }
            Self::List(items) => {
                into.push_text("[");
                let mut first = true;
                for item in items {
                    let mut written = Sealed::default();
                    if item.write(at, &mut written)? {
                        if !first {
                            into.push_text(",");
                        }
                        append(into, written);
                        first = false;
                    }
                }
                into.push_text("]");
            }
            Self::Prose(template) => match template.only() {
                Some(only) => {
                    let Some(value) = at.value(only)? else { return Ok(false) };
                    into.push_text(&value.to_json().to_string());
                }
                None => {
                    into.push_text("\"");
                    for part in &template.0 {
                        match part {
                            Part::Prose(prose) => {
                                let quoted = serde_json::Value::from(at.render(prose)?).to_string();
                                into.push_text(quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_default());
                            }
                            Part::Secret(name) => into.push_secret(name, true),
                        }
                    }
                    into.push_text("\"");
                }
            },
        }
        Ok(true)
    }
}

fn append(into: &mut Sealed, from: Sealed) {
    for piece in from.0 {
        match piece {
            model::Piece::Text(text) => into.push_text(&text),
            model::Piece::Secret { name, json } => into.push_secret(&name, json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_plainly_is_a_number_only_if_it_is_written_like_one() {
        let shown = |text: &str| plain(text).map(|v| v.to_string());
        for number in ["0", "-1", "12.5", "0.5"] {
            assert_eq!(shown(number).as_deref(), Some(number), "{number}");
        }
        for text in ["007", "+34600", "1e9", "1_000", "NaN", "yes", "", "-", "1.2.3", "0x10"] {
            assert_eq!(shown(text), None, "{text:?}");
        }
        assert_eq!((shown("true"), shown("null")), (Some("true".into()), Some("null".into())));
    }
}

//! What is to be known of a contact, new or changed: read strictly, refused with the field's name.

use super::shown::Kind;
use crate::{problem::Problem, v1::openapi::Any};
use crm::import::WRITABLE;
use http::StatusCode;
use model::{Change, Contact, IdentifierKind, TagKey, Value};
use runtime::Handle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Changes of one request.
const CHANGES: usize = 200;
/// The longest tag, in characters (FL 7.5).
const TAG: usize = 64;
/// The longest text of an attribute, in characters.
const TEXT: usize = 16_384;
/// The longest text of what is known of everybody, such as a name, and of a source, in characters.
const LONGEST: usize = 256;
const SOURCE: usize = 64;

/// A contact that is to be made.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContact {
    /// How they came to be; `api` if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    source: Option<String>,
    /// Their given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    first_name: Option<String>,
    /// Their family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    last_name: Option<String>,
    /// What they are called elsewhere, as on a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    username: Option<String>,
    /// The language they are written to in, such as `pt-BR`, by its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    language: Option<String>,
    /// Where they live, such as `BR`, by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    country: Option<String>,
    /// Their time zone, such as `America/Sao_Paulo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    timezone: Option<String>,
    /// `active`, `unsubscribed`, `blocked` or a status of the bot's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    status: Option<String>,
    /// Values of declared attributes by name, read by their types.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Any>")]
    attributes: Map<String, Json>,
    /// Tags to give.
    #[serde(default)]
    #[schemars(inner(length(min = 1, max = 64)))]
    tags: Vec<String>,
    /// What names them beyond one channel.
    #[serde(default)]
    identifiers: Vec<Named>,
}

/// What is to change; all of it or nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ContactChange")]
pub(crate) struct Patch {
    /// Their given name; an empty text takes it away.
    #[serde(default)]
    #[schemars(length(max = 256))]
    first_name: Option<String>,
    /// Their family name; an empty text takes it away.
    #[serde(default)]
    #[schemars(length(max = 256))]
    last_name: Option<String>,
    /// What they are called elsewhere, as on a channel; an empty text takes it away.
    #[serde(default)]
    #[schemars(length(max = 256))]
    username: Option<String>,
    /// The language they are written to in, such as `pt-BR`, by its tag. An empty text leaves it to their channel again; what they
    /// chose themselves stays.
    #[serde(default)]
    #[schemars(length(max = 256))]
    language: Option<String>,
    /// Where they live, such as `BR`, by its code. An empty text leaves it to their channel and their number again; what they
    /// chose themselves stays.
    #[serde(default)]
    #[schemars(length(max = 256))]
    country: Option<String>,
    /// Their time zone, such as `America/Sao_Paulo`; an empty text takes it away.
    #[serde(default)]
    #[schemars(length(max = 256))]
    timezone: Option<String>,
    /// `active`, `unsubscribed`, `blocked` or a status of the bot's own.
    #[serde(default)]
    #[schemars(length(max = 64))]
    status: Option<String>,
    /// Values of declared attributes by name, read by their types; `null` takes one away.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Any>")]
    attributes: Map<String, Json>,
    /// Tags to give and to take.
    #[serde(default)]
    tags: Tags,
    /// What names them beyond one channel, to add and to remove.
    #[serde(default)]
    identifiers: Identifiers,
}

/// Tags to give and to take.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TagChange")]
pub(crate) struct Tags {
    /// Tags to give.
    #[serde(default)]
    #[schemars(inner(length(min = 1, max = 64)))]
    add: Vec<String>,
    /// Tags to take.
    #[serde(default)]
    #[schemars(inner(length(min = 1, max = 64)))]
    remove: Vec<String>,
}

/// Identifiers to add and to remove.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IdentifierChange")]
pub(crate) struct Identifiers {
    /// What names them as well.
    #[serde(default)]
    add: Vec<Named>,
    /// What does not name them.
    #[serde(default)]
    remove: Vec<Unnamed>,
}

/// Something that names a contact.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewIdentifier")]
struct Named {
    /// Of which kind.
    kind: Kind,
    /// The value.
    #[schemars(length(min = 1, max = 256))]
    value: String,
    /// Whether it was proven to be theirs. Contacts that share a proven identifier are one: say it only of what you know.
    #[serde(default)]
    verified: bool,
}

/// Something that does not name a contact.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OldIdentifier")]
struct Unnamed {
    /// Of which kind.
    kind: Kind,
    /// The value.
    #[schemars(length(min = 1, max = 256))]
    value: String,
}

fn invalid(field: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field}: {why}")).with("field", json!(field))
}

impl NewContact {
    /// The same text for the same request.
    pub(super) fn said(&self) -> String {
        // A map of texts and values always has a text form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How they came to be, and what is known of them.
    ///
    /// # Errors
    /// 422, with the field.
    pub(super) fn read(self, handle: &Handle) -> Result<(String, Vec<Change>), Problem> {
        let Self { source, first_name, last_name, username, language, country, timezone, status, attributes, tags, identifiers } = self;
        let source = match source {
            None => "api".to_owned(),
            Some(source) => {
                let source = source.trim().to_owned();
                if source.is_empty() || source.chars().count() > SOURCE || source.chars().any(char::is_control) {
                    return Err(invalid("source", format!("it has 1 to {SOURCE} characters in one line")));
                }
                source
            }
        };
        let mut changes = Reading::new(handle);
        changes.system([first_name, last_name, username, language, country, timezone], None)?;
        changes.status(status, None)?;
        changes.attributes(attributes, None)?;
        changes.tags("tags", &tags)?;
        changes.add("identifiers", identifiers)?;
        let changes = changes.done(0)?;
        Ok((source, changes))
    }
}

impl Patch {
    /// The changes.
    ///
    /// # Errors
    /// 422, with the field.
    pub(super) fn read(self, handle: &Handle, contact: &Contact) -> Result<Vec<Change>, Problem> {
        let Self { first_name, last_name, username, language, country, timezone, status, attributes, tags, identifiers } = self;
        let mut changes = Reading::new(handle);
        changes.system([first_name, last_name, username, language, country, timezone], Some(contact))?;
        changes.status(status, Some(contact))?;
        changes.attributes(attributes, Some(contact))?;
        if let Some(both) = tags.remove.iter().find(|tag| tags.add.iter().any(|other| TagKey::of(other) == TagKey::of(tag))) {
            return Err(invalid("tags", format!("\"{both}\" is to be added and removed; say one of them")));
        }
        changes.tags("tags.add", &tags.add)?;
        for tag in &tags.remove {
            changes.fits("tags.remove", tag)?;
            changes.out.push(Change::RemoveTag(tag.trim().to_owned()));
        }
        changes.add("identifiers.add", identifiers.add)?;
        for Unnamed { kind, value } in identifiers.remove {
            changes.out.push(Change::RemoveIdentifier(kind.into(), value));
        }
        changes.done(1)
    }
}

/// Changes while they are read.
struct Reading<'h> {
    handle: &'h Handle,
    out: Vec<Change>,
}

impl<'h> Reading<'h> {
    fn new(handle: &'h Handle) -> Self {
        Self { handle, out: Vec::new() }
    }

    /// What is known of everybody, in the order of [`WRITABLE`]; an empty text takes it away.
    fn system(&mut self, all: [Option<String>; WRITABLE.len()], of: Option<&Contact>) -> Result<(), Problem> {
        for ((field, _), said) in WRITABLE.into_iter().zip(all) {
            let Some(said) = said else { continue };
            let said = said.trim();
            if said.chars().count() > LONGEST || said.chars().any(char::is_control) {
                return Err(invalid(field, format!("it has at most {LONGEST} characters in one line")));
            }
            let value = match said {
                "" => Value::text(""),
                said => self.handle.read_system(field, said).map_err(|why| invalid(field, why))?,
            };
            let known = of.and_then(|contact| contact.system.get(field)).cloned();
            let change = Change::SetSystem(field.to_owned(), value.clone());
            if known.as_ref() != Some(&value) && of.is_some_and(|contact| engine::is_their_own(contact, &change)) {
                return Err(invalid(field, "they chose it themselves, and that stays"));
            }
            self.out.push(change);
        }
        Ok(())
    }

    fn status(&mut self, status: Option<String>, of: Option<&Contact>) -> Result<(), Problem> {
        let Some(status) = status else { return Ok(()) };
        let bot = self.handle.bot();
        if !bot.statuses().contains(&status) {
            let shown: String = status.chars().take(64).collect();
            return Err(invalid("status", format!("there is no status \"{shown}\"; there are {}", bot.statuses().join(", "))));
        }
        if of.is_some_and(|contact| engine::hides_refusal(contact, &status)) {
            let why = "they refused messages, and a status of the bot's own does not end that: note that they agreed, or set active first";
            return Err(invalid("status", why));
        }
        self.out.push(Change::SetStatus(status));
        Ok(())
    }

    fn attributes(&mut self, attributes: Map<String, Json>, of: Option<&Contact>) -> Result<(), Problem> {
        let (bot, now) = (self.handle.bot(), self.handle.now());
        for (name, value) in attributes {
            let shown: String = name.chars().take(64).collect();
            let field = format!("attributes.{shown}");
            match Value::from_json(&value) {
                None => {
                    // What is declared no more can be taken away as long as somebody has it.
                    let known = bot.attributes().iter().any(|declared| declared.name == name);
                    if !known && !of.is_some_and(|contact| contact.attributes.contains_key(&name)) {
                        return Err(invalid(&field, format!("there is no attribute \"{shown}\"")));
                    }
                    if of.is_some() {
                        self.out.push(Change::UnsetAttribute(name));
                    }
                }
                Some(Value::Text(text)) if text.chars().count() > TEXT => {
                    return Err(invalid(&field, format!("a text has at most {TEXT} characters")));
                }
                Some(value) => {
                    let value = bot.read_attribute(&name, &value, now).map_err(|why| invalid(&field, why))?;
                    self.out.push(Change::SetAttribute(name, value));
                }
            }
        }
        Ok(())
    }

    fn fits(&self, field: &str, tag: &str) -> Result<(), Problem> {
        let fits = !tag.trim().is_empty() && tag.chars().count() <= TAG && !tag.chars().any(char::is_control);
        if fits { Ok(()) } else { Err(invalid(field, format!("a tag has 1 to {TAG} characters in one line"))) }
    }

    fn tags(&mut self, field: &str, tags: &[String]) -> Result<(), Problem> {
        for tag in tags {
            self.fits(field, tag)?;
            self.out.push(Change::AddTag(tag.trim().to_owned()));
        }
        Ok(())
    }

    fn add(&mut self, field: &str, identifiers: Vec<Named>) -> Result<(), Problem> {
        for (at, Named { kind, value, verified }) in identifiers.into_iter().enumerate() {
            let kind = IdentifierKind::from(kind);
            if kind.normal(&value).is_none() {
                let hint = match kind {
                    IdentifierKind::Phone => ": write it with its country, such as +12065551212",
                    IdentifierKind::Email | IdentifierKind::External => "",
                };
                return Err(invalid(&format!("{field}[{at}].value"), format!("this is no {} identifier{hint}", kind.name())));
            }
            self.out.push(if verified {
                Change::VerifyIdentifier { kind, value, how: "api".into() }
            } else {
                Change::AddIdentifier(kind, value)
            });
        }
        Ok(())
    }

    fn done(self, least: usize) -> Result<Vec<Change>, Problem> {
        if self.out.len() < least || self.out.len() > CHANGES {
            let what = "attributes, tags, names, language, country, time zone, status, identifiers";
            return Err(Problem::invalid(format!("send {least} to {CHANGES} changes: {what}")));
        }
        Ok(self.out)
    }
}

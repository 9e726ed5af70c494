//! `bot.yaml`: what a bot is called, where it is reached, what it knows about people and how far it may go.

use super::names::STATUSES;
use super::reader::{At, Fields, boolean, duration, integer, is_identifier, is_slug, one_or_many, text};
use model::{AttributeDef, AttributeType};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node};

/// The checked contents of `bot.yaml`.
#[derive(Debug)]
pub(crate) struct Config {
    pub name: String,
    pub timezone: jiff::tz::TimeZone,
    pub country: Option<String>,
    pub languages: Vec<String>,
    pub channels: Vec<ChannelConfig>,
    pub attributes: Vec<AttributeDef>,
    pub statuses: Vec<String>,
    pub groups: Vec<GroupConfig>,
    pub limits: Limits,
}

/// A value of a channel's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// As written.
    Text(String),
    /// Taken from this environment variable at start (FL 7.8).
    Env(String),
    /// Several texts.
    List(Vec<String>),
}

/// A channel that `bot.yaml` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Its key.
    pub name: String,
    /// `web`, `telegram`, `webhook`.
    pub kind: String,
    /// The other keys.
    pub options: BTreeMap<String, Setting>,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// Its key.
    pub name: String,
    /// How many chats one agent has at once.
    pub per_agent: u32,
}

/// How far one step, conversation or contact may go (FL 5.10). Durations are microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Blocks in one step.
    pub blocks: u32,
    /// Messages sent in one step.
    pub messages: u32,
    /// Runs begun in one step.
    pub runs: u32,
    /// Frames of one run.
    pub depth: u32,
    /// Expression fuel of one step.
    pub fuel: u64,
    /// Runs resting in one conversation.
    pub conversation_runs: u32,
    /// Timers running in one conversation.
    pub timers: u32,
    /// Steps in an hour without a message from the human.
    pub idle_steps: u32,
    /// Waiting inbox rows of one contact.
    pub inbox: u32,
    /// How long a forgotten run rests before it ends as `expired`.
    pub run_idle: i64,
    /// How long a start waits for the floor (`queue_for`).
    pub queue_for: i64,
}

const HOUR: i64 = 3_600_000_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            blocks: 250,
            messages: 20,
            runs: 16,
            depth: 16,
            fuel: 1_000_000,
            conversation_runs: 32,
            timers: 64,
            idle_steps: 60,
            inbox: 500,
            run_idle: 72 * HOUR,
            queue_for: 24 * HOUR,
        }
    }
}

/// The channel types there are.
const KINDS: [&str; 3] = ["web", "telegram", "webhook"];
const TYPES: [&str; 13] =
    ["text", "number", "bool", "date", "datetime", "enum", "list", "money", "phone", "email", "url", "language", "country"];
/// Keys of `bot.yaml` that the language has and this release does not.
const NOT_YET: [&str; 6] = ["calendars", "interrupts", "menu", "first_message", "globals", "secrets"];

/// Reads `bot.yaml`.
pub(crate) fn read(node: At<'_>, out: &mut Diagnostics) -> Option<Config> {
    let mut fields = Fields::of(node, "bot.yaml", out)?;
    let name = fields.need("name", out).and_then(|n| text(n, "name", out)).unwrap_or_default().to_owned();
    let timezone = match fields.take("timezone") {
        None => jiff::tz::TimeZone::UTC,
        Some(node) => {
            let zone = text(node, "timezone", out).unwrap_or("UTC");
            jiff::tz::TimeZone::get(zone).unwrap_or_else(|_| {
                out.push(
                    Diagnostic::error("E0104", node.span, format!("there is no time zone \"{zone}\""))
                        .help("write an IANA name such as Europe/Madrid or UTC"),
                );
                jiff::tz::TimeZone::UTC
            })
        }
    };
    let country = fields.take("country").and_then(|n| {
        let country = text(n, "country", out)?;
        let good = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !good {
            out.push(Diagnostic::error("E0104", n.span, format!("country is two capital letters such as ES, not \"{country}\"")));
        }
        good.then(|| country.to_owned())
    });
    let languages = fields.take("languages").map(|n| words(n, "a language", out)).unwrap_or_default();
    let channels = fields.take("channels").map(|n| channels(n, out)).unwrap_or_default();
    let attributes = fields.take("attributes").map(|n| attributes(n, out)).unwrap_or_default();
    let mut statuses: Vec<String> = STATUSES.iter().map(|s| (*s).to_owned()).collect();
    if let Some(node) = fields.take("statuses") {
        statuses.extend(words(node, "a status", out));
    }
    let groups = fields.take("groups").map(|n| groups(n, out)).unwrap_or_default();
    let limits = fields.take("limits").map(|n| limits(n, out)).unwrap_or_default();
    for key in NOT_YET {
        if let Some((span, _)) = fields.take_with_key(key) {
            out.push(
                Diagnostic::error("E0122", span, format!("\"{key}\" is not built yet"))
                    .help("take it out; what it would do does not happen in this release"),
            );
        }
    }
    fields.finish(out);
    Some(Config { name, timezone, country, languages, channels, attributes, statuses, groups, limits })
}

fn words(node: At<'_>, what: &str, out: &mut Diagnostics) -> Vec<String> {
    one_or_many(node)
        .iter()
        .filter_map(|n| {
            let word = text(n, what, out)?;
            let good = is_slug(word);
            if !good {
                out.push(Diagnostic::error("E0114", n.span, format!("{what} is written with letters, digits, - and _, not \"{word}\"")));
            }
            good.then(|| word.to_owned())
        })
        .collect()
}

/// The entries of a map as (key, key node, value), keys checked as slugs.
fn named<'n>(node: At<'n>, what: &str, out: &mut Diagnostics) -> Vec<(&'n str, At<'n>, At<'n>)> {
    let Node::Map(entries) = &node.value else {
        if !node.is_null() {
            out.push(Diagnostic::error("E0103", node.span, format!("{what} are written as a map, not {}", node.kind_name())));
        }
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|e| {
            let key = text(&e.key, "a name", out)?;
            if !is_slug(key) {
                out.push(Diagnostic::error("E0114", e.key.span, format!("a name is letters, digits, - and _, not \"{key}\"")));
                return None;
            }
            Some((key, &e.key, &e.value))
        })
        .collect()
}

fn channels(node: At<'_>, out: &mut Diagnostics) -> Vec<ChannelConfig> {
    let mut read = Vec::new();
    for (name, _, value) in named(node, "channels", out) {
        let Some(mut fields) = Fields::of(value, &format!("channel \"{name}\""), out) else { continue };
        let kind = match fields.take("type") {
            None => name.to_owned(),
            Some(node) => text(node, "type", out).unwrap_or_default().to_owned(),
        };
        if !KINDS.contains(&kind.as_str()) {
            out.push(super::reader::unknown(
                "E0117",
                value.span,
                &format!("there is no channel type \"{kind}\""),
                &kind,
                KINDS.iter().copied(),
                "the types are",
            ));
            continue;
        }
        let mut options = BTreeMap::new();
        for (key, span, value) in fields.rest() {
            if let Node::List(items) = &value.value {
                let texts = items.iter().filter_map(|i| text(i, "an entry", out).map(str::to_owned)).collect();
                options.insert(key.to_owned(), Setting::List(texts));
                continue;
            }
            let Some(written) = text(value, key, out) else { continue };
            let setting = match written.strip_prefix("${").and_then(|w| w.strip_suffix('}')) {
                None => Setting::Text(written.to_owned()),
                Some(inner) => match inner.trim().strip_prefix("env.").filter(|v| is_identifier(v)) {
                    Some(variable) => Setting::Env(variable.to_owned()),
                    None => {
                        out.push(
                            Diagnostic::error("E0104", span, format!("\"{key}\" can only be text or ${{env.NAME}}"))
                                .help("the configuration of a channel knows no contact"),
                        );
                        continue;
                    }
                },
            };
            options.insert(key.to_owned(), setting);
        }
        read.push(ChannelConfig { name: name.to_owned(), kind, options });
    }
    read
}

fn attributes(node: At<'_>, out: &mut Diagnostics) -> Vec<AttributeDef> {
    let mut read = Vec::new();
    for (name, key, value) in named(node, "attributes", out) {
        if !is_identifier(name) {
            out.push(
                Diagnostic::error("E0114", key.span, format!("an attribute is a name of letters, digits and _, not \"{name}\""))
                    .help("conditions and ${…} can read only such names"),
            );
            continue;
        }
        // `phone: phone` is the short form of `phone: { type: phone }`.
        if let Some(short) = value.as_text() {
            if let Some(ty) = attribute_type(short, None, value, out) {
                read.push(AttributeDef { name: name.to_owned(), ty, default: None, personal: false });
            }
            continue;
        }
        let Some(mut fields) = Fields::of(value, &format!("attribute \"{name}\""), out) else { continue };
        let values = fields.take("values");
        let ty = match fields.take("type") {
            None => Some(if values.is_some() { AttributeType::Enum(enum_values(values, value, out)) } else { AttributeType::Text }),
            Some(node) => text(node, "type", out).and_then(|t| attribute_type(t, values, node, out)),
        };
        let personal = fields.take("personal").and_then(|n| boolean(n, "personal", out)).unwrap_or(false);
        let default = fields.take("default");
        if let Some((span, _)) = fields.take_with_key("computed") {
            out.push(
                Diagnostic::error("E0122", span, "computed attributes are not built yet").help("write the expression where it is used"),
            );
        }
        fields.finish(out);
        let Some(ty) = ty else { continue };
        let default = default.and_then(|node| {
            let written = text(node, "default", out)?;
            let zone = jiff::tz::TimeZone::UTC;
            let context = expr::Coercion { language: None, country: None, zone: &zone, now: model::Instant::default() };
            match expr::coerce(&model::Value::text(written), &ty, &context) {
                Ok(value) => Some(value),
                Err(why) => {
                    out.push(Diagnostic::error("E0104", node.span, format!("the default does not fit: {why}")));
                    None
                }
            }
        });
        read.push(AttributeDef { name: name.to_owned(), ty, default, personal });
    }
    read
}

fn enum_values(values: Option<At<'_>>, owner: At<'_>, out: &mut Diagnostics) -> Vec<String> {
    let read: Vec<String> =
        values.map(|n| one_or_many(n).iter().filter_map(|v| text(v, "a value", out).map(str::to_owned)).collect()).unwrap_or_default();
    if read.is_empty() {
        out.push(Diagnostic::error("E0102", owner.span, "an enum needs its values").help("values: [free, gold]"));
    }
    read
}

fn attribute_type(name: &str, values: Option<At<'_>>, node: At<'_>, out: &mut Diagnostics) -> Option<AttributeType> {
    Some(match name {
        "text" => AttributeType::Text,
        "number" => AttributeType::Number,
        "bool" => AttributeType::Bool,
        "date" => AttributeType::Date,
        "datetime" => AttributeType::Datetime,
        "enum" => AttributeType::Enum(enum_values(values, node, out)),
        "list" => AttributeType::List,
        "money" => AttributeType::Money,
        "phone" => AttributeType::Phone,
        "email" => AttributeType::Email,
        "url" => AttributeType::Url,
        "language" => AttributeType::Language,
        "country" => AttributeType::Country,
        _ => {
            out.push(super::reader::unknown(
                "E0117",
                node.span,
                &format!("there is no attribute type \"{name}\""),
                name,
                TYPES.iter().copied(),
                "the types are",
            ));
            return None;
        }
    })
}

fn groups(node: At<'_>, out: &mut Diagnostics) -> Vec<GroupConfig> {
    let mut read = Vec::new();
    for (name, _, value) in named(node, "groups", out) {
        let mut per_agent = 4;
        if !value.is_null() {
            let Some(mut fields) = Fields::of(value, &format!("group \"{name}\""), out) else { continue };
            if let Some(node) = fields.take("per_agent") {
                per_agent = integer(node, "per_agent", 1, 100, out).unwrap_or(4);
            }
            fields.finish(out);
        }
        read.push(GroupConfig { name: name.to_owned(), per_agent: u32::try_from(per_agent).unwrap_or(4) });
    }
    read
}

fn limits(node: At<'_>, out: &mut Diagnostics) -> Limits {
    let mut limits = Limits::default();
    let Some(mut fields) = Fields::of(node, "limits", out) else { return limits };
    let counts: [(&'static str, &mut u32, i64); 8] = [
        ("blocks", &mut limits.blocks, 10_000),
        ("messages", &mut limits.messages, 100),
        ("runs", &mut limits.runs, 100),
        ("depth", &mut limits.depth, 64),
        ("conversation_runs", &mut limits.conversation_runs, 256),
        ("timers", &mut limits.timers, 1_000),
        ("idle_steps", &mut limits.idle_steps, 3_600),
        ("inbox", &mut limits.inbox, 5_000),
    ];
    for (key, slot, max) in counts {
        if let Some(node) = fields.take(key)
            && let Some(n) = integer(node, key, 1, max, out)
        {
            *slot = u32::try_from(n).unwrap_or(*slot);
        }
    }
    for (key, slot) in [("run_idle", &mut limits.run_idle), ("queue_for", &mut limits.queue_for)] {
        if let Some(node) = fields.take(key)
            && let Some(micros) = duration(node, key, out)
        {
            *slot = micros;
        }
    }
    fields.finish(out);
    limits
}

/// What stands for a bot.yaml that could not be read, so that the skills are checked all the same.
pub(crate) fn fallback() -> Config {
    Config {
        name: String::new(),
        timezone: jiff::tz::TimeZone::UTC,
        country: None,
        languages: Vec::new(),
        channels: Vec::new(),
        attributes: Vec::new(),
        statuses: STATUSES.iter().map(|s| (*s).to_owned()).collect(),
        groups: Vec::new(),
        limits: Limits::default(),
    }
}

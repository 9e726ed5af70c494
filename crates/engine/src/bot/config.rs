//! `bot.yaml`: what a bot is called, where it is reached, what it knows about people and how far it may go.

use super::names::STATUSES;
use super::reader::{At, Fields, duration, integer, is_identifier, is_slug, one_or_many, text};
use model::AttributeDef;
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
    /// Attributes that are computed when they are used, as written (FL 7.1).
    pub computed: Vec<super::attributes::Written>,
    /// Values of the bot as a whole (FL 7.1).
    pub globals: Vec<AttributeDef>,
    /// How contacts came: the first rule that fits counts (FL 8).
    pub first_message: Vec<super::menu::FirstMessage>,
    /// Who is written to when a flow fails.
    pub operator: Option<String>,
    /// Words that opt out and in, where the bot has its own (FL 7.9).
    pub consent_words: super::languages::ConsentWords,
    pub statuses: Vec<String>,
    pub groups: Vec<GroupConfig>,
    /// When something is open.
    pub calendars: Vec<super::calendars::Calendar>,
    pub limits: Limits,
    /// How long what is kept about people is kept.
    pub retention: super::retention::Retention,
    /// Secrets, mail and text messages.
    pub services: super::services::Services,
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
    /// The calendar of its opening hours; always open if none.
    pub hours: Option<String>,
    /// Segments whose members are answered before others.
    pub first: Vec<String>,
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
    let languages = fields.take("languages").map(|n| super::languages::read(n, out)).unwrap_or_default();
    let channels = fields.take("channels").map(|n| channels(n, out)).unwrap_or_default();
    let super::attributes::Attributes { custom: attributes, computed } =
        fields.take("attributes").map(|n| super::attributes::read(n, out)).unwrap_or_default();
    let globals = fields.take("globals").map(|n| super::globals::read(n, &attributes, &computed, out)).unwrap_or_default();
    let first_message = fields.take("first_message").map(|n| super::menu::read_first(n, out)).unwrap_or_default();
    let consent_words = super::languages::read_words(&mut fields, &languages, out);
    // Read when the skills are known.
    fields.take("menu");
    let mut statuses: Vec<String> = STATUSES.iter().map(|s| (*s).to_owned()).collect();
    if let Some(node) = fields.take("statuses") {
        statuses.extend(words(node, "a status", out));
    }
    let calendars = fields.take("calendars").map(|n| super::calendars::read(n, out)).unwrap_or_default();
    let groups = fields.take("groups").map(|n| groups(n, &calendars, out)).unwrap_or_default();
    // Read when the skills are known.
    fields.take("interrupts");
    let limits = fields.take("limits").map(|n| limits(n, out)).unwrap_or_default();
    let retention = fields.take("retention").map(|n| super::retention::read(n, out)).unwrap_or_default();
    let services = super::services::read(&mut fields, out);
    let operator = fields.take("operator").and_then(|n| super::operator::read(n, &services, out));
    fields.finish(out);
    Some(Config {
        name,
        timezone,
        country,
        languages,
        channels,
        attributes,
        computed,
        globals,
        first_message,
        consent_words,
        operator,
        statuses,
        groups,
        calendars,
        limits,
        retention,
        services,
    })
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
pub(super) fn named<'n>(node: At<'n>, what: &str, out: &mut Diagnostics) -> Vec<(&'n str, At<'n>, At<'n>)> {
    let Node::Map(entries) = &node.value else {
        if !node.is_null() {
            let diagnostic = Diagnostic::error("E0103", node.span, format!("{what} are written as a map, not {}", node.kind_name()));
            out.push(diagnostic.help("write each as \"name:\" on a line of its own, with what belongs to it below"));
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
    for (name, key, value) in named(node, "channels", out) {
        let Some(mut fields) = Fields::of(value, &format!("channel \"{name}\""), out) else { continue };
        let (kind, place) = match fields.take("type") {
            None => (name.to_owned(), key.span),
            Some(node) => {
                let Some(kind) = text(node, "type", out) else { continue };
                (kind.to_owned(), node.span)
            }
        };
        if !KINDS.contains(&kind.as_str()) {
            out.push(super::reader::unknown(
                "E0117",
                place,
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

fn groups(node: At<'_>, calendars: &[super::calendars::Calendar], out: &mut Diagnostics) -> Vec<GroupConfig> {
    let mut read = Vec::new();
    for (name, _, value) in named(node, "groups", out) {
        let mut per_agent = 4;
        let mut hours = None;
        let mut first = Vec::new();
        if !value.is_null() {
            let Some(mut fields) = Fields::of(value, &format!("group \"{name}\""), out) else { continue };
            if let Some(node) = fields.take("per_agent") {
                per_agent = integer(node, "per_agent", 1, 100, out).unwrap_or(4);
            }
            hours = fields.take("hours").and_then(|n| super::calendars::name(n, calendars.iter().map(|c| c.name.as_str()), out));
            if let Some(node) = fields.take("first") {
                first = one_or_many(node).iter().filter_map(|item| text(item, "a segment", out)).map(str::to_owned).collect();
            }
            fields.finish(out);
        }
        read.push(GroupConfig { name: name.to_owned(), per_agent: u32::try_from(per_agent).unwrap_or(4), hours, first });
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
        computed: Vec::new(),
        globals: Vec::new(),
        first_message: Vec::new(),
        consent_words: super::languages::ConsentWords::default(),
        operator: None,
        statuses: STATUSES.iter().map(|s| (*s).to_owned()).collect(),
        groups: Vec::new(),
        calendars: Vec::new(),
        limits: Limits::default(),
        retention: Default::default(),
        services: Default::default(),
    }
}

//! The vocabulary of conditions: everything that can be asked about by name, declared or in use.

use super::{
    asked::{Asked, Nothing},
    caller::{Caller, ContactsRead},
    openapi::{Api, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use crm::import::WRITABLE;
use model::AttributeType;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The route.
pub(super) fn routes(api: Api) -> Api {
    let get = about("getVocabulary", "What conditions can ask about").says(
        "Names and values for whoever writes a condition: attributes with their types, events with the fields they came with, channels, \
         statuses, languages, countries, skills, topics of consent. What the bot declares or uses stands beside what contacts have. Tags and \
         segments, of which there may be many, have lists of their own.",
    );
    api.get("/vocabulary", self::get, get)
}

/// What conditions can ask about.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Vocabulary {
    /// Attributes: those the bot declares, computed ones, and those that every contact has.
    attributes: Vec<Word>,
    /// Recorded events, and those that flows raise or wait for.
    events: Vec<EventWord>,
    /// The channels of the bot.
    channels: Vec<ChannelWord>,
    /// The statuses a contact can have.
    statuses: Vec<String>,
    /// Languages of the bot and of contacts.
    languages: Vec<String>,
    /// Countries of contacts, and the bot's own.
    countries: Vec<String>,
    /// Skills of the bot, and those that ran.
    skills: Vec<String>,
    /// Topics of consent that flows ask for, and those that were answered.
    topics: Vec<String>,
    /// How contacts came to be.
    sources: Vec<String>,
}

/// Where an attribute comes from.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The bot declares it.
    Custom,
    /// Computed from others when it is asked for.
    Computed,
    /// Every contact has it.
    System,
}

/// An attribute.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VocabularyAttribute")]
struct Word {
    name: String,
    /// Where it comes from.
    kind: Kind,
    /// `text`, `number`, `bool`, `date`, `datetime`, `duration`, `enum`, `list`, `money`, `phone`, `email`, `url`, `status`, `channel`,
    /// `language`, `country`, …; none where it is known only when it is computed.
    #[serde(rename = "type")]
    ty: Option<&'static str>,
    /// The values an enum may have; of `status` those that can be set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
    /// What it is, of those that every contact has.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
    /// Whether it can be set: by the API, an import, a flow.
    writable: bool,
}

/// An event.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VocabularyEvent")]
struct EventWord {
    name: String,
    /// Fields it came with.
    fields: Vec<String>,
}

/// A channel.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VocabularyChannel")]
struct ChannelWord {
    name: String,
    /// `web`, `telegram`, `webhook`, …
    kind: String,
}

fn together<'a>(declared: impl IntoIterator<Item = &'a str>, used: BTreeSet<String>) -> Vec<String> {
    let mut all = used;
    all.extend(declared.into_iter().map(str::to_owned));
    all.into_iter().filter(|name| !name.is_empty()).collect()
}

fn attributes(bot: &engine::Bot) -> Vec<Word> {
    let declared = bot.attributes().iter().map(|attribute| Word {
        name: attribute.name.clone(),
        kind: Kind::Custom,
        ty: Some(attribute.ty.name()),
        values: match &attribute.ty {
            AttributeType::Enum(values) => values.clone(),
            _ => Vec::new(),
        },
        says: None,
        writable: true,
    });
    let computed = bot.computed_names().map(|name| Word {
        name: name.to_owned(),
        kind: Kind::Computed,
        ty: bot.computed_type(name),
        values: Vec::new(),
        says: None,
        writable: false,
    });
    let mut all: Vec<Word> = declared.chain(computed).collect();
    // What a bot declares by the same name is meant; what skills alone see is asked about nowhere else.
    let taken: BTreeSet<String> = all.iter().map(|word| word.name.clone()).collect();
    let system = expr::SYSTEM.iter().filter(|system| !system.flow && !taken.contains(system.name));
    all.extend(system.map(|system| Word {
        name: system.name.to_owned(),
        kind: Kind::System,
        ty: Some(system.ty.name()),
        values: if system.name == "status" { bot.statuses().to_vec() } else { Vec::new() },
        says: Some(system.doc),
        writable: system.name == "status" || WRITABLE.iter().any(|(name, _)| *name == system.name),
    }));
    all
}

/// `GET /api/v1/vocabulary`
pub(crate) async fn get(
    _: Caller<ContactsRead>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Vocabulary>, Problem> {
    let bot = server.handle.bot();
    let used = server.handle.in_use().await;
    let mut events: BTreeMap<String, BTreeSet<String>> = used.events;
    for name in bot.event_names() {
        events.entry(name.to_owned()).or_default();
    }
    let own = bot.skills();
    // What came with the product is not asked about.
    let ran = used.skills.into_iter().filter(|skill| !skill.starts_with('/')).collect();
    Ok(axum::Json(Vocabulary {
        attributes: attributes(&bot),
        events: events.into_iter().map(|(name, fields)| EventWord { name, fields: fields.into_iter().collect() }).collect(),
        channels: bot.channels().iter().map(|channel| ChannelWord { name: channel.name.clone(), kind: channel.kind.clone() }).collect(),
        statuses: together(bot.statuses().iter().map(String::as_str), used.statuses),
        languages: together(bot.languages().iter().map(String::as_str), used.languages),
        countries: together(bot.country(), used.countries),
        skills: together(own.iter().map(String::as_str), ran),
        topics: together(bot.topics(), used.topics),
        sources: used.sources.into_iter().collect(),
    }))
}

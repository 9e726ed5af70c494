//! The segments of a bot as they are now: those of its folder and those made by the API or agents, in one name space (FL 8).

use super::{Bot, Loaded, Names, SegmentRule, names::NameScope};
use expr::{Condition, Problem, References};
use model::{AttributeDef, AttributeType, Instant, Record, TagKey, Value};
use segments::{Around, NamesInUse, Origin, Rule, RuleKind, Set};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// A segment that was not written in the bot's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSegment {
    /// Its key: letters, digits, `-` and `_`.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its condition: text, or the JSON form (FL 6.8). None: people are put into it.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<serde_json::Value>,
    /// Segments whose members are not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Whether only people the website vouched for are in it.
    #[serde(default)]
    pub verified: bool,
}

impl StoredSegment {
    /// Whether a text may be a segment's key: up to 64 letters, digits, `-` and `_`.
    pub fn is_key(text: &str) -> bool {
        super::reader::is_slug(text)
    }
}

impl Bot {
    /// The same bot with these segments besides those of its folder. One whose key the folder has as well gives way to it;
    /// one whose condition cannot be read is invalid (FL 6.7).
    #[must_use]
    pub fn with_segments(&self, stored: &[StoredSegment]) -> Arc<Self> {
        Arc::new(Self::made(self.loaded.clone(), self.globals.clone(), stored.into()))
    }

    /// The segments that are not in its folder.
    pub fn stored_segments(&self) -> &[StoredSegment] {
        &self.stored
    }

    /// All segments as they are now.
    pub fn set(&self) -> &Arc<Set> {
        &self.set
    }

    /// Reads a condition over contacts in either form.
    ///
    /// # Errors
    /// Everything that is wrong with it; places are bytes of the text, or of the canonical text of the JSON form.
    pub fn read_condition(&self, condition: &serde_json::Value) -> Result<(Condition, Vec<Problem>), Vec<Problem>> {
        read(condition, &self.names())
    }

    /// The same where what contacts have is known beside what the bot gives them: no warning of a tag that somebody has.
    ///
    /// # Errors
    /// As [`Self::read_condition`].
    pub fn read_condition_among(
        &self,
        condition: &serde_json::Value,
        in_use: NamesInUse,
    ) -> Result<(Condition, Vec<Problem>), Vec<Problem>> {
        let mut names = self.names();
        names.tags.extend(in_use.tags);
        names.events.extend(in_use.events);
        read(condition, &names)
    }

    /// Whether the bot itself gives every tag and raises or catches every event that is referred to.
    pub fn gives_all(&self, of: &References) -> bool {
        let tags: BTreeSet<TagKey> = self.tag_names().map(TagKey::of).collect();
        let events: BTreeSet<&str> = self.event_names().collect();
        of.tags.iter().all(|tag| tags.contains(&TagKey::of(tag))) && of.events.iter().all(|event| events.contains(event.as_str()))
    }

    /// Whether a segment is a static one, which people are put into; it is one even while it cannot be judged. None: there is no
    /// segment of this key.
    pub fn is_list(&self, key: &str) -> Option<bool> {
        match self.segments.get(key) {
            Some(segment) => Some(matches!(segment.rule, SegmentRule::Static)),
            None => self.stored.iter().find(|segment| segment.key == key).map(|segment| segment.condition.is_none()),
        }
    }

    pub(super) fn made(loaded: Arc<Loaded>, globals: Record, stored: Arc<[StoredSegment]>) -> Self {
        let mut bot = Self { loaded, globals, stored, set: Arc::default() };
        bot.set = Arc::new(Set::new(bot.rules()));
        bot
    }

    fn rules(&self) -> Vec<Rule> {
        let mut names = self.names();
        let computed: BTreeMap<String, String> =
            names.computed.iter().filter_map(|(name, read)| Some((name.clone(), read.expression.as_ref()?.to_string()))).collect();
        let file = self.segments.values().map(|segment| {
            let kind = match &segment.rule {
                SegmentRule::Static => RuleKind::List,
                SegmentRule::Where(condition) => RuleKind::Where(condition.clone()),
            };
            Rule {
                key: segment.key.clone(),
                name: segment.name.clone(),
                description: segment.description.clone(),
                meaning: self.meaning(&kind, &computed),
                kind,
                exclude: segment.exclude.clone(),
                verified: segment.verified,
                origin: Origin::File,
            }
        });
        // The set is being made: those of the folder and those beside it may look into one another.
        names.segments = self.segments.values().map(|s| (s.key.clone(), matches!(s.rule, SegmentRule::Static))).collect();
        for segment in self.stored.iter() {
            names.segments.entry(segment.key.clone()).or_insert(segment.condition.is_none());
        }
        let stored = self.stored.iter().filter(|segment| !self.segments.contains_key(&segment.key)).map(|segment| {
            let kind = match &segment.condition {
                None => RuleKind::List,
                Some(condition) => match read(condition, &names) {
                    Ok((condition, _)) => RuleKind::Where(condition),
                    Err(problems) => {
                        let first = problems.first().map_or_else(|| "it cannot be read".to_owned(), |problem| problem.message.clone());
                        RuleKind::Invalid(first)
                    }
                },
            };
            Rule {
                key: segment.key.clone(),
                name: segment.name.clone(),
                description: segment.description.clone(),
                meaning: self.meaning(&kind, &computed),
                kind,
                exclude: segment.exclude.clone(),
                verified: segment.verified,
                origin: Origin::Stored,
            }
        });
        file.chain(stored).collect()
    }

    /// What the names of a rule mean besides the contact, as text; `computed` are the texts of computed attributes.
    fn meaning(&self, kind: &RuleKind, computed: &BTreeMap<String, String>) -> String {
        let mut meaning = self.timezone().iana_name().unwrap_or("UTC").to_owned();
        let RuleKind::Where(condition) = kind else { return meaning };
        // Writing to a text cannot fail.
        let mut add = |what: &dyn std::fmt::Debug| write!(meaning, "\n{what:?}").expect("writing to a text cannot fail");
        let mut texts = vec![condition.to_string()];
        // Those that computed ones look at are among them.
        for name in &condition.references().attributes {
            texts.extend(computed.get(name).cloned());
            if let Some(computed) = self.config.computed.iter().find(|computed| computed.name == *name) {
                // It may look at others: all of them together.
                add(&self.config.computed.iter().map(|c| (&c.name, c.expression.as_text())).collect::<Vec<_>>());
                add(&self.globals);
                add(&computed.name);
            }
            if let Some(declared) = self.attribute(name) {
                add(&(&declared.ty, &declared.default));
                // What these are compared with is read as they are: a local number is of the bot's country.
                if matches!(declared.ty, AttributeType::Phone | AttributeType::Url) {
                    add(&self.country());
                }
            } else if let Some(value) = self.global(name) {
                add(&(name, value));
            }
        }
        let has = |what: &str| texts.iter().any(|text| text.contains(what));
        if has("bot.") {
            add(&(self.name(), &self.config.operator, self.commands()));
        }
        if has("open(") {
            add(&self.config.calendars);
        }
        meaning
    }
}

fn read(condition: &serde_json::Value, names: &Names) -> Result<(Condition, Vec<Problem>), Vec<Problem>> {
    let scope = NameScope::of_audience(names);
    match condition {
        serde_json::Value::String(text) => Condition::parse(text, &scope),
        json => Condition::from_json(json, &scope),
    }
}

impl Around for Bot {
    fn zone(&self) -> &jiff::tz::TimeZone {
        self.timezone()
    }
    fn declared(&self, name: &str) -> Option<&AttributeDef> {
        self.attribute(name)
    }
    fn global(&self, name: &str) -> Option<&Value> {
        Self::global(self, name)
    }
    fn about(&self, language: Option<&str>) -> Option<Record> {
        let commands: Vec<String> = self.commands_in(language).iter().map(|(name, what)| format!("/{name} – {what}")).collect();
        Some(Record::from([
            ("name".to_owned(), Value::text(self.name())),
            ("operator".to_owned(), Value::text(self.config.operator.as_deref().unwrap_or_default())),
            ("timezone".to_owned(), Value::text(self.timezone().iana_name().unwrap_or("UTC"))),
            ("commands".to_owned(), Value::text(commands.join("\n"))),
        ]))
    }
    fn is_open(&self, calendar: &str, now: Instant) -> Option<bool> {
        Some(self.calendar(calendar)?.is_open(now, self.timezone()))
    }
    fn calendar_turns(&self, calendar: &str, now: Instant) -> Option<Instant> {
        self.calendar(calendar)?.turns(now, self.timezone())
    }
}

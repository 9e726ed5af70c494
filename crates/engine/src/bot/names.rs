//! The names of a bot, collected before anything is checked: what a reference may refer to, and what a
//! misspelt one probably meant.

use expr::{Place, Scope, Type};
use model::AttributeDef;
use std::collections::{BTreeMap, BTreeSet};

/// Every name that a bot declares or makes by use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub attributes: Vec<AttributeDef>,
    /// Attributes that are computed when they are used (FL 7.1).
    pub computed: BTreeMap<String, super::attributes::Computed>,
    /// Values of the bot as a whole (FL 7.1).
    pub globals: Vec<AttributeDef>,
    pub segments: BTreeMap<String, bool>,
    pub tags: BTreeSet<String>,
    pub events: BTreeSet<String>,
    pub skills: BTreeSet<String>,
    /// Those of them that came with the product.
    pub built_in: BTreeSet<String>,
    pub channels: Vec<String>,
    pub statuses: Vec<String>,
    /// How local phone numbers are read, if the bot says so.
    pub country: Option<String>,
    pub groups: Vec<String>,
    /// Run variables per skill: written there, or in a skill that leaves to it and carries them along (FL 7.2).
    pub variables: BTreeMap<String, BTreeSet<String>>,
    /// Words that occur in each skill and those it leaves for: what may be read there.
    pub reads: BTreeMap<String, BTreeSet<String>>,
    /// Secrets, mail and text messages of bot.yaml.
    pub services: super::services::Services,
    /// Calendars of bot.yaml.
    pub calendars: Vec<String>,
    /// What lies in the bot's folder `files/`.
    pub assets: Vec<super::Asset>,
    /// Timer blocks as (skill, block).
    pub timers: BTreeSet<(String, String)>,
    /// What the blocks do with names, for the lints.
    pub uses: super::uses::Uses,
    /// What customers type to be understood, for the lints.
    pub typed: super::typed::TypedWords,
    /// How many bytes of conditions were read so far.
    pub conditions: std::cell::Cell<usize>,
    /// What the prose of the skills is called in other languages (FL 3.12).
    pub translations: super::translations::Translations,
}

/// System attributes that a flow may write all the same: what the customer chose wins over what the channel says
/// (FL 7.1).
pub(crate) const CHOSEN: [&str; 2] = ["language", "country"];

/// The statuses that every bot has.
pub(crate) const STATUSES: [&str; 3] = ["active", "unsubscribed", "blocked"];

/// How many bytes of conditions a bot may hold in all: what they ask is looked at by every lint.
const MOST_CONDITIONS: usize = 400 * 1024;

impl Names {
    /// Whether a condition may still be read; if not, it is told.
    pub(crate) fn affords(&self, condition: &str, span: syntax::Span, out: &mut syntax::Diagnostics) -> bool {
        let all = self.conditions.get() + condition.len();
        self.conditions.set(all);
        if all > MOST_CONDITIONS {
            let message = format!("the conditions of this bot are too long: more than {} kB in all", MOST_CONDITIONS / 1024);
            out.push(
                syntax::Diagnostic::error("E0245", span, message)
                    .help("this one and those after it are not read; make a segment of what is asked again and again"),
            );
        }
        all <= MOST_CONDITIONS
    }

    /// Whether a skill came with the product.
    pub(crate) fn skill_is_built_in(&self, skill: &str) -> bool {
        self.built_in.contains(skill)
    }

    /// What names mean in a flow of this skill.
    pub(crate) fn in_skill<'a>(&'a self, skill: &'a str) -> NameScope<'a> {
        NameScope { names: self, place: Place::Flow, skill: Some(skill) }
    }

    /// What names mean in a segment's rule.
    pub(crate) fn in_segment(&self) -> NameScope<'_> {
        NameScope { names: self, place: Place::Segment, skill: None }
    }

    /// What names mean over an event's fields.
    pub(crate) fn in_event(&self) -> NameScope<'_> {
        NameScope { names: self, place: Place::Event, skill: None }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeDef> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

impl<'a> NameScope<'a> {
    /// What names mean in a condition over contacts.
    pub(crate) fn of_audience(names: &'a Names) -> Self {
        names.in_segment()
    }
}

/// Names as seen from one place.
pub(crate) struct NameScope<'a> {
    names: &'a Names,
    place: Place,
    skill: Option<&'a str>,
}

impl Scope for NameScope<'_> {
    fn place(&self) -> Place {
        self.place
    }
    fn variable(&self, name: &str) -> Option<Type> {
        self.names.variables.get(self.skill?)?.contains(name).then_some(Type::Unknown)
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        if let Some(computed) = self.names.computed.get(name) {
            return Some(computed.ty.clone());
        }
        self.names.attributes.iter().chain(&self.names.globals).find(|a| a.name == name).map(|a| Type::from(&a.ty))
    }
    fn computed(&self, name: &str) -> Option<expr::Expression> {
        self.names.computed.get(name)?.expression.clone()
    }
    fn variables(&self) -> Vec<String> {
        self.skill.and_then(|s| self.names.variables.get(s)).map(|v| v.iter().cloned().collect()).unwrap_or_default()
    }
    fn attributes(&self) -> Vec<String> {
        let declared = self.names.attributes.iter().chain(&self.names.globals).map(|a| a.name.clone());
        declared.chain(self.names.computed.keys().cloned()).collect()
    }
    fn segments(&self) -> Vec<String> {
        self.names.segments.keys().cloned().collect()
    }
    fn tags(&self) -> Option<Vec<String>> {
        Some(self.names.tags.iter().cloned().collect())
    }
    fn events(&self) -> Option<Vec<String>> {
        Some(self.names.events.iter().cloned().collect())
    }
    fn keeps_changes(&self, attribute: &str) -> bool {
        self.names.attribute(attribute).is_some()
    }
    fn skills(&self) -> Vec<String> {
        self.names.skills.iter().cloned().collect()
    }
    fn channels(&self) -> Vec<String> {
        self.names.channels.clone()
    }
    fn statuses(&self) -> Vec<String> {
        self.names.statuses.clone()
    }
    fn country(&self) -> Option<String> {
        self.names.country.clone()
    }
    fn calendars(&self) -> Option<Vec<String>> {
        Some(self.names.calendars.clone())
    }
}

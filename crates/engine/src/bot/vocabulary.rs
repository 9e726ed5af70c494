//! What a bot knows by name beside its attributes and segments: what somebody who writes a condition can be offered.

use super::{Bot, Loaded, attributes::Computed, names::Names, skill::Skill};
use expr::Type;
use std::collections::{BTreeMap, BTreeSet};

/// Names that a bot makes by use.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    tags: BTreeSet<String>,
    events: BTreeSet<String>,
    topics: BTreeSet<String>,
    computed: BTreeMap<String, Type>,
}

impl Vocabulary {
    /// What was found while a bot was read.
    pub(crate) fn of<'s>(names: &Names, skills: impl Iterator<Item = &'s Skill>) -> Self {
        let topics = skills.flat_map(|skill| &skill.blocks).filter_map(|block| block.body.topic().map(str::to_owned)).collect();
        let computed = names.computed.iter().map(|(name, Computed { ty, expression: _ })| (name.clone(), ty.clone())).collect();
        Self { tags: names.tags.clone(), events: names.events.clone(), topics, computed }
    }
}

impl Loaded {
    /// The tags that its skills and first messages give, as they are written.
    pub fn tag_names(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.tags.iter().map(String::as_str)
    }

    /// The events that its skills catch and raise, by name.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.events.iter().map(String::as_str)
    }

    /// The topics that its skills ask consent for.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.topics.iter().map(String::as_str)
    }
}

impl Bot {
    /// The name of a computed attribute's type, as far as it is known before it is computed.
    pub fn computed_type(&self, name: &str) -> Option<&'static str> {
        self.vocabulary.computed.get(name).filter(|ty| **ty != Type::Unknown).map(Type::name)
    }
}

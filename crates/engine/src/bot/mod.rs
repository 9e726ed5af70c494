//! A bot: a folder of YAML, checked and ready to run.
//!
//! Loading never stops at the first problem and never yields a half-checked bot: either everything the folder
//! says makes sense, or there is no [`Bot`] and a list of diagnostics.

mod config;
mod graph;
mod load;
pub(crate) mod names;
pub(crate) mod reader;
mod segments;
mod skill;

pub use config::{ChannelConfig, GroupConfig, Limits, Setting};
pub(crate) use load::canonical_skill_name;
pub(crate) use names::Names;
pub(crate) use segments::{Segment, SegmentRule};
pub(crate) use skill::{Block, CatchEntry, IfBusy, Skill, Target};

use crate::step::Words;
use model::{AttributeDef, Version};
use std::{collections::BTreeMap, sync::Arc};

/// The text of a bot folder: reading the disk is the caller's job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotFiles {
    /// Path relative to the folder with `/` between its parts, and the text.
    pub files: Vec<(String, String)>,
    /// How the folder is named in diagnostics, put before each path.
    pub shown_as: String,
}

/// A checked bot.
#[derive(Debug)]
pub struct Bot {
    pub(crate) version: Version,
    pub(crate) config: config::Config,
    pub(crate) segments: BTreeMap<String, Segment>,
    pub(crate) skills: BTreeMap<String, Arc<Skill>>,
    /// Skill names in file order: the order in which catches are tried.
    pub(crate) order: Vec<String>,
    pub(crate) files: BotFiles,
    pub(crate) words: Words,
}

/// One segment, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The key in `segments.yaml`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether people are put into it by hand, import or flow.
    pub is_static: bool,
    /// The rule as canonical text; empty for a static one.
    pub condition: String,
}

/// Bots by version: runs are pinned to the one they began with (FL 5.9).
pub trait Programs {
    /// The newest.
    fn current(&self) -> &Arc<Bot>;
    /// The one with this version, while anything uses it.
    fn get(&self, version: &Version) -> Option<Arc<Bot>>;
}

impl Bot {
    /// Reads and checks a folder. Without errors there is a bot; warnings come with it.
    pub fn load(files: &BotFiles) -> (Option<Arc<Self>>, syntax::Diagnostics, syntax::Sources) {
        load::load(files)
    }

    /// The hash of the language files.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The bot's name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The bot's zone.
    pub fn timezone(&self) -> &jiff::tz::TimeZone {
        &self.config.timezone
    }

    /// The bot's country, for local numbers.
    pub fn country(&self) -> Option<&str> {
        self.config.country.as_deref()
    }

    /// Declared channels, in file order.
    pub fn channels(&self) -> &[ChannelConfig] {
        &self.config.channels
    }

    /// Declared groups of agents, in file order.
    pub fn groups(&self) -> &[GroupConfig] {
        &self.config.groups
    }

    /// Declared attributes, in file order.
    pub fn attributes(&self) -> &[AttributeDef] {
        &self.config.attributes
    }

    /// One declared attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeDef> {
        self.config.attributes.iter().find(|a| a.name == name)
    }

    /// The segments, by key.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.segments
            .values()
            .map(|s| SegmentInfo {
                key: s.key.clone(),
                name: s.name.clone(),
                is_static: matches!(s.rule, SegmentRule::Static),
                condition: match &s.rule {
                    SegmentRule::Static => String::new(),
                    SegmentRule::Where(condition) => condition.to_string(),
                },
            })
            .collect()
    }

    /// The `command` catches that customers may type, without slash, with a description.
    pub fn commands(&self) -> Vec<(String, String)> {
        self.order
            .iter()
            .filter_map(|name| self.skills.get(name))
            .flat_map(|skill| skill.catches.iter().filter_map(|c| c.kind.command().map(|name| (name.to_owned(), skill.title.clone()))))
            .collect()
    }

    /// The designer's own skills, in file order.
    pub fn skills(&self) -> Vec<String> {
        self.order.iter().filter(|n| self.skills.get(*n).is_some_and(|s| !s.built_in)).cloned().collect()
    }

    /// Whether there is a skill of this name, system skills included.
    pub fn has_skill(&self, name: &str) -> bool {
        self.skills.contains_key(&canonical_skill_name(name))
    }

    /// The blocks of a skill in order, with the exits each can take: what `test --coverage` counts.
    pub fn blocks_of(&self, skill: &str) -> Vec<String> {
        self.skills.get(skill).map(|s| s.blocks.iter().map(|b| b.name.clone()).collect()).unwrap_or_default()
    }

    /// The limits of FL 5.10.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// The folder's text, to be kept with runs that are pinned to it.
    pub fn files(&self) -> &BotFiles {
        &self.files
    }

    /// A skill by name; system skills answer with or without the slash (FL 4).
    pub(crate) fn skill(&self, name: &str) -> Option<&Arc<Skill>> {
        self.skills.get(name)
    }
}

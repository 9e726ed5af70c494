//! A bot: a folder of YAML, checked and ready to run.
//!
//! Loading never stops at the first problem and never yields a half-checked bot: either everything the folder
//! says makes sense, or there is no [`Bot`] and a list of diagnostics.

pub(crate) mod assets;
mod attributes;
mod audience;
pub(crate) mod calendars;
mod config;
pub(crate) mod foreign;
mod globals;
mod graph;
mod heeded;
mod held_back;
mod interrupts;
mod invisible;
pub(crate) mod languages;
mod lints;
mod load;
mod menu;
pub(crate) mod names;
mod operator;
mod outline;
mod picture;
pub(crate) mod reader;
mod retention;
mod said;
mod segments;
pub(crate) mod services;
mod set;
mod shapes;
mod skill;
mod slips;
pub(crate) mod translations;
pub(crate) mod typed;
pub(crate) mod uses;
mod vocabulary;
mod written;

pub(crate) use self::segments::{Segment, SegmentRule};
pub use assets::Asset;
pub use audience::{Audience, Meant, Schedule};
pub use config::{ChannelConfig, GroupConfig, Limits, Setting};
pub use globals::GlobalInfo;
pub(crate) use interrupts::Mode;
pub(crate) use load::canonical_skill_name;
pub use menu::MenuItem;
pub(crate) use menu::{Came, MenuTo};
pub(crate) use names::{CHOSEN, Names};
pub use outline::{BlockOutline, ExitOutline};
pub use picture::{BlockPicture, ExitPicture, ExitTo, Link, LinkKind, Picture, Rests, SkillPicture};
pub use retention::{Keep, Retention};
pub use said::Said;
pub use services::{MailConfig, MailTls, SecretConfig, Services, SmsConfig};
pub use set::StoredSegment;
pub use shapes::{FileShapes, file_shapes};
pub(crate) use skill::{Block, CatchEntry, Skill, Target};
pub use translations::Untranslated;

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
    /// What lies in `files/`: what blocks can send.
    pub assets: Vec<Asset>,
}

/// A checked bot, with the values its globals have now.
#[derive(Debug)]
pub struct Bot {
    loaded: Arc<Loaded>,
    /// Globals that were set (FL 7.1).
    globals: model::Record,
    /// Segments that are not in the folder.
    stored: Arc<[StoredSegment]>,
    /// All segments.
    set: Arc<::segments::Set>,
}

impl std::ops::Deref for Bot {
    type Target = Loaded;
    fn deref(&self) -> &Loaded {
        &self.loaded
    }
}

/// What was read from a folder.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) version: Version,
    pub(crate) config: config::Config,
    pub(crate) segments: BTreeMap<String, Segment>,
    pub(crate) skills: BTreeMap<String, Arc<Skill>>,
    /// Skill names in file order: the order in which catches are tried.
    pub(crate) order: Vec<String>,
    /// The same skills themselves: what is looked through with every signal.
    pub(crate) in_order: Vec<Arc<Skill>>,
    pub(crate) files: BotFiles,
    pub(crate) words: Words,
    /// What customers can choose at any time (FL 8).
    pub(crate) menu: Vec<menu::MenuEntry>,
    /// Attributes whose changes a skill catches.
    pub(crate) noticed: std::collections::BTreeSet<String>,
    /// Words that lead elsewhere at any time (FL 5.4 rule 5).
    pub(crate) interrupts: Vec<interrupts::Interrupt>,
    /// What the product says by itself, by its English text.
    pub(crate) sentences: BTreeMap<String, expr::Template>,
    /// Everything that is said, with the languages it is said in.
    pub(crate) prose: Vec<translations::Prose>,
    /// What it knows by name.
    pub(crate) vocabulary: vocabulary::Vocabulary,
}

/// A language file whose bytes are no text.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Its path within the folder.
    pub path: String,
    /// As much of it as can be shown: whatever is no text is U+FFFD.
    pub shown: String,
    /// Why it is none.
    pub why: syntax::DecodeError,
}

/// The longest message that is compared with the opt-out words ahead of its turn, in bytes.
const LONGEST_WORD: usize = 1024;

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
        load::load(files, &[])
    }

    /// The same of a folder with files that are no text: each is a fault beside the others, and what may be missing only because it
    /// was not read is not told.
    pub fn load_beside(files: &BotFiles, unread: &[Unread]) -> (Option<Arc<Self>>, syntax::Diagnostics, syntax::Sources) {
        load::load(files, unread)
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

    /// The languages it speaks; the skills are written in the first (FL 3.12).
    pub fn languages(&self) -> &[String] {
        &self.config.languages
    }

    /// The bot's language that fits a contact's best: what they are spoken to in.
    pub fn speaks(&self, language: Option<&str>) -> &str {
        languages::pick(&self.config.languages, language)
    }

    /// What is said and has no words in a language, in the order of the files (FL 3.12).
    pub fn untranslated(&self, language: &str) -> Vec<Untranslated> {
        translations::untranslated(&self.prose, language)
    }

    /// Every status a contact may have: the built-in ones, then those of `statuses:`.
    pub fn statuses(&self) -> &[String] {
        &self.config.statuses
    }

    /// Declared channels, in file order.
    pub fn channels(&self) -> &[ChannelConfig] {
        &self.config.channels
    }

    /// Declared groups of agents, in file order.
    pub fn groups(&self) -> &[GroupConfig] {
        &self.config.groups
    }

    /// A calendar by name.
    pub(crate) fn calendar(&self, name: &str) -> Option<&calendars::Calendar> {
        self.config.calendars.iter().find(|c| c.name == name)
    }

    /// Declared attributes, in file order.
    pub fn attributes(&self) -> &[AttributeDef] {
        &self.config.attributes
    }

    /// The names of the attributes that are computed, in file order.
    pub fn computed_names(&self) -> impl Iterator<Item = &str> {
        self.config.computed.iter().map(|computed| computed.name.as_str())
    }

    /// One declared attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeDef> {
        self.config.attributes.iter().find(|a| a.name == name)
    }

    /// The segments, by key.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.set
            .iter()
            .map(|rule| SegmentInfo {
                key: rule.key.clone(),
                name: rule.name.clone(),
                is_static: matches!(rule.kind, ::segments::RuleKind::List),
                condition: match &rule.kind {
                    ::segments::RuleKind::List | ::segments::RuleKind::Invalid(_) => String::new(),
                    ::segments::RuleKind::Where(condition) => condition.to_string(),
                },
            })
            .collect()
    }

    /// The `command` catches that customers may type, without slash, with a description in the language of the
    /// skills.
    pub fn commands(&self) -> Vec<(String, String)> {
        self.commands_in(None)
    }

    /// The same, described in the bot's language that fits `language` best.
    pub fn commands_in(&self, language: Option<&str>) -> Vec<(String, String)> {
        let tag = self.speaks(language);
        let stem = tag.split('-').next().unwrap_or(tag);
        let described = |skill: &Skill| {
            let said =
                |wanted: &str| skill.titles.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted)).map(|(_, said)| said.clone());
            said(tag).or_else(|| said(stem)).unwrap_or_else(|| skill.title.clone())
        };
        self.order
            .iter()
            .filter_map(|name| self.skills.get(name))
            .flat_map(|skill| skill.catches.iter().filter_map(|c| c.kind.command().map(|name| (name.to_owned(), described(skill)))))
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

    /// Whether a whole message is one of the bot's words for "no more messages" (FL 7.9).
    pub fn opts_out(&self, message: &str) -> bool {
        // Nobody says that in so many words.
        message.len() <= LONGEST_WORD && self.words.opts_out(&crate::step::spoken(message.trim()))
    }

    /// The limits of FL 5.10.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// How long what is kept about people is kept.
    pub fn retention(&self) -> &Retention {
        &self.config.retention
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

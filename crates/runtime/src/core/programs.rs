//! The bots that runs may be pinned to, by version (FL 5.9).

use super::{Action, Core, globals, segments};
use engine::{Bot, Programs, StoredSegment};
use model::{Instant, Record, Version};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use store::RecordPut;

/// The current bot and older ones that runs still use.
#[derive(Clone)]
pub struct ProgramSet {
    current: Arc<Bot>,
    pinned: BTreeMap<Version, Arc<Bot>>,
    /// The globals that were set: they outlive a reload (FL 7.1).
    globals: Record,
    /// Segments that are not in the bot's folder: they outlive a reload as well.
    segments: Vec<StoredSegment>,
}

impl ProgramSet {
    /// The current bot and the pinned ones.
    pub fn new(current: Arc<Bot>, pinned: Vec<Arc<Bot>>) -> Self {
        let pinned = pinned.into_iter().filter(|bot| bot.version() != current.version());
        Self { pinned: pinned.map(|bot| (bot.version().clone(), bot)).collect(), current, globals: Record::new(), segments: Vec::new() }
    }

    /// Makes `bot` the current one; the one before stays for its runs.
    fn replace(&mut self, bot: Arc<Bot>) {
        self.pinned.remove(bot.version());
        let before = std::mem::replace(&mut self.current, bot.with_globals(&self.globals).with_segments(&self.segments));
        if before.version() != self.current.version() {
            self.pinned.insert(before.version().clone(), before);
        }
    }

    /// Steps from now on see these globals; pinned versions look them up in the current one.
    pub(super) fn set_globals(&mut self, globals: Record) {
        self.current = self.current.with_globals(&globals);
        self.globals = globals;
    }

    /// Steps from now on see these segments besides those of the bot's folder.
    pub(super) fn set_segments(&mut self, segments: Vec<StoredSegment>) {
        self.current = self.current.with_segments(&segments);
        self.segments = segments;
    }

    /// The versions besides the current one, oldest name first.
    fn pinned(&self) -> impl Iterator<Item = &Version> {
        self.pinned.keys()
    }
}

/// Records of globals that were set and of segments that are not in the bot's folder: a core that begins on a store with these has them.
pub fn beside_the_folder(globals: &Record, stored: &[StoredSegment]) -> Vec<RecordPut> {
    let put = |table: &str, key: &str, value: serde_json::Value| RecordPut { table: table.into(), key: key.to_owned(), value: Some(value) };
    let globals = globals.iter().map(|(name, value)| put(globals::TABLE, name, plain(value)));
    let segments = stored.iter().map(|segment| put(segments::TABLE, &segment.key, plain(segment)));
    globals.chain(segments).collect()
}

fn plain(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("globals and segments are plain data")
}

impl Programs for ProgramSet {
    fn current(&self) -> &Arc<Bot> {
        &self.current
    }

    fn get(&self, version: &Version) -> Option<Arc<Bot>> {
        if self.current.version() == version {
            return Some(self.current.clone());
        }
        self.pinned.get(version).cloned()
    }
}

impl Core {
    /// New runs use this bot; pinned ones keep theirs (FL 5.9). Versions that nothing uses are dropped at once, the others
    /// when their last use ends: [`Action::Retired`] tells each.
    pub fn reload(&mut self, now: Instant, bot: Arc<Bot>) {
        self.programs.replace(bot);
        self.rules_changed(now);
        self.directory_reloaded();
        // Its schedules are looked at as soon as time moves.
        self.look_at_schedules(model::Instant::default());
        let unused: Vec<Version> = self.programs.pinned().filter(|version| !self.usage.uses(version)).cloned().collect();
        unused.into_iter().for_each(|version| self.retire(version));
    }

    /// Drops versions whose last use may have ended.
    pub(super) fn retire_unused(&mut self, versions: impl IntoIterator<Item = Version>) {
        for version in versions {
            if !self.usage.uses(&version) && self.programs.current().version() != &version {
                self.retire(version);
            }
        }
    }

    fn retire(&mut self, version: Version) {
        if self.programs.pinned.remove(&version).is_some() {
            self.actions.push(Action::Retired(version));
        }
    }

    /// A bot by version: the current one, or one that something uses.
    pub fn program(&self, version: &Version) -> Option<Arc<Bot>> {
        self.programs.get(version)
    }

    /// Every bot that something uses, the current one first.
    pub fn programs(&self) -> Vec<Arc<Bot>> {
        std::iter::once(&self.programs.current).chain(self.programs.pinned.values()).cloned().collect()
    }
}

//! The bots that runs may be pinned to, by version (FL 5.9).

use engine::{Bot, Programs};
use model::Version;
use std::{collections::BTreeMap, sync::Arc};

/// The current bot and older ones that runs still use.
#[derive(Clone)]
pub struct ProgramSet {
    current: Arc<Bot>,
    pinned: BTreeMap<Version, Arc<Bot>>,
}

impl ProgramSet {
    /// The current bot and the pinned ones.
    pub fn new(current: Arc<Bot>, pinned: Vec<Arc<Bot>>) -> Self {
        Self { current, pinned: pinned.into_iter().map(|bot| (bot.version().clone(), bot)).collect() }
    }

    /// Makes `bot` the current one; the one before stays for its runs.
    pub(super) fn replace(&mut self, bot: Arc<Bot>) {
        let before = std::mem::replace(&mut self.current, bot);
        self.pinned.insert(before.version().clone(), before);
    }
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

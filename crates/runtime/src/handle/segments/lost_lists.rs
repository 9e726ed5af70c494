//! Lists with people on them that a bot has no more: its folder lost the segment, or gave it a condition.
//!
//! Nobody could be taken off such a list any more. After a start with such a folder they stay on it until the folder has the list back,
//! or another one of its key is made, which begins empty.

use super::super::Handle;
use crate::core::Core;
use engine::Bot;
use std::{collections::BTreeMap, fmt};

/// The code of lists that a bot lost: `docs/errors/E0352.md`.
const CODE: &str = "E0352";

/// A list with people on it that a bot has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostList {
    /// The key of its segment.
    pub key: String,
    /// How many are on it.
    pub size: u64,
}

impl LostList {
    /// What to do before the folder is read again.
    pub(super) const WAY_OUT: &str = "give the folder the list back, or first take them off it in the console or over HTTP";

    /// Those among lists with people on them that are none in a bot.
    pub fn among(lists: BTreeMap<String, u64>, bot: &Bot) -> Vec<Self> {
        let lost = lists.into_iter().filter(|(key, _)| bot.is_list(key) != Some(true));
        lost.map(|(key, size)| Self { key, size }).collect()
    }
}

impl fmt::Display for LostList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, size } = self;
        let people = if *size == 1 { "contact is" } else { "contacts are" };
        write!(f, "segment \"{key}\" is no list with the folder, and {size} {people} on its list ({CODE})")
    }
}

impl LostList {
    /// What became of it with a bot that was taken all the same, and what to do.
    pub fn left(&self) -> String {
        format!("{self}; they stay there until the folder has the list back, and another list of this key begins empty")
    }
}

impl Handle {
    /// The lists that somebody is on, by the keys of their segments, and how many are.
    pub fn lists_in_use(&self) -> BTreeMap<String, u64> {
        let bot = self.bot();
        let mut lists = self.shell.ask(Core::lists_in_use);
        lists.retain(|key, _| bot.is_list(key) == Some(true));
        lists
    }

    /// The lists with people on them that are none now.
    pub fn lost_lists(&self) -> Vec<LostList> {
        LostList::among(self.shell.ask(Core::lists_in_use), &self.bot())
    }
}

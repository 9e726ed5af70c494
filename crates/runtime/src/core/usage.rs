//! Which versions of the bot are in use (FL 5.9): counted, so that one is dropped at the moment nothing needs it.
//!
//! A version is used by what rests in it (runs, timers, ticks that wait) and by commits under way that may begin runs in
//! it. A button of an earlier message uses none: it carries its exit along.

use model::{Conversation, Person, Version};
use std::collections::BTreeMap;

/// Counts per version.
#[derive(Debug, Default)]
pub(super) struct Usage {
    counts: BTreeMap<Version, usize>,
}

impl Usage {
    /// One more use.
    pub(super) fn hold(&mut self, version: &Version) {
        match self.counts.get_mut(version) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(version.clone(), 1);
            }
        }
    }

    /// One use less; answers whether it was the last.
    pub(super) fn release(&mut self, version: &Version) -> bool {
        let Some(count) = self.counts.get_mut(version) else { return false };
        *count = count.saturating_sub(1);
        let last = *count == 0;
        if last {
            self.counts.remove(version);
        }
        last
    }

    /// Counts everything of a person who is not counted yet.
    pub(super) fn count(&mut self, person: &Person) {
        for conversation in &person.conversations {
            engine::versions(conversation).for_each(|version| self.hold(version));
        }
    }

    /// Counts nothing of a person any more; answers the versions whose last use it took.
    pub(super) fn forget(&mut self, person: &Person) -> Vec<Version> {
        let versions = person.conversations.iter().flat_map(engine::versions);
        versions.filter(|version| self.release(version)).cloned().collect()
    }

    /// Counts what a commit changed; answers the versions whose last use it took.
    pub(super) fn update(&mut self, before: Option<&Person>, person: &Person) -> Vec<Version> {
        let mut left: Vec<Version> = Vec::new();
        for conversation in &person.conversations {
            let old = before.and_then(|p| p.conversation(conversation.id));
            if old.is_some_and(|old| same(old, conversation)) {
                continue;
            }
            // First what came: a version that stays in use is never without a use in between.
            engine::versions(conversation).for_each(|version| self.hold(version));
            for version in old.into_iter().flat_map(engine::versions) {
                if self.release(version) {
                    left.push(version.clone());
                }
            }
        }
        left
    }

    /// Whether anything uses it.
    pub(super) fn uses(&self, version: &Version) -> bool {
        self.counts.contains_key(version)
    }
}

/// Whether both use the same versions, the usual case: told without counting.
fn same(old: &Conversation, new: &Conversation) -> bool {
    engine::versions(old).eq(engine::versions(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str) -> Version {
        Version(name.into())
    }

    #[test]
    fn a_version_is_used_until_its_last_use_is_released() {
        let mut usage = Usage::default();
        usage.hold(&version("a"));
        usage.hold(&version("a"));
        assert!(!usage.release(&version("a")));
        assert!(usage.uses(&version("a")));
        assert!(usage.release(&version("a")));
        assert!(!usage.uses(&version("a")));
        assert!(!usage.release(&version("a")), "what is not used is not released again");
    }
}

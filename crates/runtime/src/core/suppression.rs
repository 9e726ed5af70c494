//! Who was erased and does not want to be written to: met again by a salted hash, a new contact begins with what they said.
//!
//! A new contact is looked at once, before their first step, and only if anybody is remembered at all.

use super::{Core, CoreError, draft::Draft};
use crm::erase::{Salt, Suppression, UNSUBSCRIBED, hashes_of};
use model::{Change, InboxItem, Instant};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use store::Store;

/// The table of what must be remembered, by hash.
pub(crate) const TABLE: &str = "suppressed";

/// The hashes that are remembered.
pub(super) struct Suppressions {
    salt: Salt,
    hashes: HashSet<Box<str>>,
}

impl Suppressions {
    /// Nobody yet. The salt follows from the one of the data folder, which never leaves it.
    pub(super) fn new(salt: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"who does not want to be written to\0");
        hash.update(salt.to_be_bytes());
        Self { salt: Salt::new(hash.finalize().into()), hashes: HashSet::new() }
    }
}

impl Core {
    /// Reads who is remembered.
    pub(super) fn load_suppressions(&mut self, store: &dyn Store) -> Result<(), CoreError> {
        self.suppressions.hashes = store.records(TABLE)?.into_iter().map(|(hash, _)| hash.into_boxed_str()).collect();
        Ok(())
    }

    /// The key of the hashes.
    pub(crate) fn salt(&self) -> Salt {
        self.suppressions.salt.clone()
    }

    /// Whether any of these is remembered.
    pub(crate) fn remembers(&self, hashes: &[String]) -> bool {
        hashes.iter().any(|hash| self.suppressions.hashes.contains(hash.as_str()))
    }

    /// Somebody is remembered from now on, or not any more: it is durable.
    pub(crate) fn remember(&mut self, hashes: &[String], is: bool) {
        for hash in hashes {
            if is {
                self.suppressions.hashes.insert(hash.as_str().into());
            } else {
                self.suppressions.hashes.remove(hash.as_str());
            }
        }
    }

    /// Makes a new contact want what they said before they were erased. `item` is what they begin with; answers what is left of it if it
    /// says otherwise: a status that a file or a program still knows is from before.
    pub(super) fn meet(&self, draft: &mut Draft, item: &InboxItem, now: Instant) -> Result<Option<InboxItem>, store::Error> {
        if draft.before.is_some() || self.suppressions.hashes.is_empty() {
            return Ok(None);
        }
        let Some(contact) = draft.change.contact.as_deref_mut() else { return Ok(None) };
        let mut known = contact.clone();
        if let InboxItem::Create { changes, by, .. } = item {
            for change in changes {
                known.apply(change, now, by);
            }
        }
        for hash in hashes_of(&known, &self.suppressions.salt) {
            if self.suppressions.hashes.contains(hash.as_str())
                && let Some(value) = self.store.record(TABLE, &hash)?
                && let Ok(kept) = serde_json::from_value::<Suppression>(value)
            {
                kept.apply(contact);
            }
        }
        let InboxItem::Create { source, changes, by } = item else { return Ok(None) };
        let denies = |change: &Change| matches!(change, Change::SetStatus(to) if !matches!(to.as_str(), UNSUBSCRIBED | engine::BLOCKED));
        if contact.status != UNSUBSCRIBED || !changes.iter().any(denies) {
            return Ok(None);
        }
        let changes = changes.iter().filter(|change| !denies(change)).cloned().collect();
        Ok(Some(InboxItem::Create { source: source.clone(), changes, by: by.clone() }))
    }
}

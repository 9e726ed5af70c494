//! Contacts of rows that are on their way: as their rows leave them, found by what they bear then.
//!
//! **Invariant.** Whoever is not durable yet is found by the same keys as when they are, and as what they are then: rows come to the same
//! whether they stand close together or far apart.

use crm::{
    directory::{self, keys_of},
    import::Key,
};
use model::{AttributeDef, Contact, ContactId, IdentifierKind};
use std::collections::{BTreeSet, HashMap};

/// The contacts.
#[derive(Default)]
pub(super) struct Coming {
    contacts: HashMap<ContactId, OnTheWay>,
    /// Who bears a key, by 64 bits of it. In a dry run these are all who would come to bear it: nobody arrives.
    bearers: BTreeSet<(u64, ContactId)>,
}

struct OnTheWay {
    contact: Contact,
    keys: Vec<u64>,
    /// How many rows of theirs are on their way.
    rows: usize,
}

impl Coming {
    /// A row is on its way that leaves its contact like this; `by` is what it was found by.
    pub fn set_out(&mut self, contact: Contact, by: Option<&Key>, declared: &[AttributeDef]) {
        let (id, keys) = (contact.id, keys(&contact, by, declared));
        let before = self.contacts.remove(&id);
        let rows = before.as_ref().map_or(0, |before| before.rows);
        self.forget(id, before.map_or_else(Vec::new, |before| before.keys));
        self.bearers.extend(keys.iter().map(|key| (*key, id)));
        self.contacts.insert(id, OnTheWay { contact, keys, rows: rows + 1 });
    }

    /// A row would leave its contact like this; nothing is carried out. Whoever was there before is still found by what they bore then.
    pub fn would(&mut self, before: Option<&Contact>, contact: &Contact, by: Option<&Key>, declared: &[AttributeDef]) {
        let borne = before.map_or_else(Vec::new, |before| keys(before, by, declared));
        let new = keys(contact, by, declared).into_iter().filter(|key| !borne.contains(key));
        self.bearers.extend(new.map(|key| (key, contact.id)));
    }

    /// A row of the contact is durable, or came to nothing.
    pub fn arrived(&mut self, id: ContactId) {
        let Some(there) = self.contacts.get_mut(&id) else { return };
        there.rows -= 1;
        if there.rows == 0
            && let Some(OnTheWay { keys, .. }) = self.contacts.remove(&id)
        {
            self.forget(id, keys);
        }
    }

    /// Those who bear a key.
    pub fn bearing(&self, key: &Key) -> impl Iterator<Item = ContactId> {
        let key = key.hash64();
        self.bearers.range((key, ContactId(0))..=(key, ContactId(u128::MAX))).map(|(_, id)| *id)
    }

    /// The contact as their rows leave them; none if none is on its way.
    pub fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id).map(|there| &there.contact)
    }

    fn forget(&mut self, id: ContactId, keys: Vec<u64>) {
        for key in keys {
            self.bearers.remove(&(key, id));
        }
    }
}

/// What rows of the file may find a contact by: what this row did, and what else the contact bears. All rows do by what is of one kind;
/// where the key is blank nobody knows which.
fn keys(contact: &Contact, by: Option<&Key>, declared: &[AttributeDef]) -> Vec<u64> {
    let mut keys: Vec<u64> = by.map(Key::hash64).into_iter().collect();
    let is_looked_up = |kind: &IdentifierKind| match by {
        Some(Key::By(directory::Key::Known(known, _))) => known == kind,
        Some(Key::By(directory::Key::Attribute(..)) | Key::Id(_) | Key::At(_)) => false,
        None => true,
    };
    let borne = keys_of(contact, declared).into_iter().filter(|(kind, _)| is_looked_up(kind));
    keys.extend(borne.map(|(kind, value)| Key::By(directory::Key::Known(kind, value)).hash64()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, Change, Instant, Value};

    #[test]
    fn a_dry_run_remembers_of_those_who_are_there_only_what_they_would_come_to_bear() {
        let at = Instant::from_secs(1_700_000_000);
        let changed = |contact: &Contact, change: Change| {
            let mut contact = contact.clone();
            contact.apply(&change, at, &Actor::System);
            contact
        };
        let email = |text: &str| Key::By(directory::Key::Known(IdentifierKind::Email, text.into()));
        let add = |text: &str| Change::AddIdentifier(IdentifierKind::Email, text.into());
        let ana = changed(&Contact::without_address(ContactId(1), at, "api"), add("ana@shop.example"));
        let key = email("ana@shop.example");

        let mut coming = Coming::default();
        let gold = changed(&ana, Change::SetAttribute("plan".into(), Value::text("gold")));
        coming.would(Some(&ana), &gold, Some(&key), &[]);
        assert!(coming.bearers.is_empty(), "they are found by what is durable of them");
        coming.would(Some(&ana), &changed(&gold, add("more@shop.example")), Some(&key), &[]);
        assert_eq!(coming.bearers.len(), 1);
        assert_eq!(coming.bearing(&email("more@shop.example")).collect::<Vec<_>>(), [ContactId(1)]);
        coming.would(None, &ana, Some(&key), &[]);
        assert_eq!(coming.bearing(&key).count(), 1, "whoever would be made is found here alone");
    }
}

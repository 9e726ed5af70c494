//! Contacts of rows that are on their way: as their rows leave them, found by what they bear then.
//!
//! **Invariant.** Whoever is not durable yet is found by the same keys as when they are, and as what they are then: rows come to the same
//! whether they stand close together or far apart.

use crm::{
    directory::{self, keys_of, kind_borne},
    import::Key,
};
use model::{Actor, AttributeDef, Change, Contact, ContactId, IdentifierKind, Instant};
use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
};

/// How contacts come to be by an import.
pub(super) struct Birth {
    pub began: Instant,
    pub source: String,
    pub by: Actor,
}

impl Birth {
    /// The contact who is made by these changes.
    fn contact<'c>(&self, id: ContactId, changes: impl Iterator<Item = &'c Change>) -> Contact {
        let mut contact = Contact::without_address(id, self.began, &self.source);
        for change in changes {
            contact.apply(change, self.began, &self.by);
        }
        contact
    }
}

/// The contacts.
pub(super) struct Coming {
    birth: Birth,
    contacts: HashMap<ContactId, OnTheWay>,
    /// Who bears a key, by 64 bits of it. In a dry run these are all who would come to bear it: nobody arrives.
    bearers: BTreeSet<(u64, ContactId)>,
}

struct OnTheWay {
    /// Who is made is put together when a row asks for them, which few do.
    contact: OnceCell<Contact>,
    /// What makes them, if they are not put together yet.
    made: Vec<Change>,
    keys: Vec<u64>,
    /// How many rows of theirs are on their way.
    rows: usize,
}

impl Coming {
    pub fn new(birth: Birth) -> Self {
        Self { birth, contacts: HashMap::new(), bearers: BTreeSet::new() }
    }

    /// A row is on its way that makes a contact by these changes.
    pub fn makes(&mut self, id: ContactId, changes: &[Change], by: Option<&Key>, declared: &[AttributeDef]) {
        let keys = self.keys_of_new(id, changes, by, declared);
        self.bearers.extend(keys.iter().map(|key| (*key, id)));
        self.contacts.insert(id, OnTheWay { contact: OnceCell::new(), made: changes.to_vec(), keys, rows: 1 });
    }

    /// A row would make a contact by these changes; nothing is carried out.
    pub fn would_make(&mut self, id: ContactId, changes: &[Change], by: Option<&Key>, declared: &[AttributeDef]) {
        let keys = self.keys_of_new(id, changes, by, declared);
        self.bearers.extend(keys.into_iter().map(|key| (key, id)));
    }

    fn keys_of_new(&self, id: ContactId, changes: &[Change], by: Option<&Key>, declared: &[AttributeDef]) -> Vec<u64> {
        let matters = |change: &&Change| kind_borne(change, declared).is_some_and(|kind| is_looked_up(kind, by));
        keys(&self.birth.contact(id, changes.iter().filter(matters)), by, declared)
    }

    /// A row is on its way that leaves its contact like this; `by` is what it was found by.
    pub fn set_out(&mut self, contact: Contact, by: Option<&Key>, declared: &[AttributeDef]) {
        let (id, keys) = (contact.id, keys(&contact, by, declared));
        let before = self.contacts.remove(&id);
        let rows = before.as_ref().map_or(0, |before| before.rows);
        self.forget(id, before.map_or_else(Vec::new, |before| before.keys));
        self.bearers.extend(keys.iter().map(|key| (*key, id)));
        self.contacts.insert(id, OnTheWay { contact: OnceCell::from(contact), made: Vec::new(), keys, rows: rows + 1 });
    }

    /// A row would change its contact from the one to the other; nothing is carried out. They are still found by what they bore before.
    pub fn would(&mut self, before: &Contact, contact: &Contact, by: Option<&Key>, declared: &[AttributeDef]) {
        let borne = keys(before, by, declared);
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
        let there = self.contacts.get(&id)?;
        Some(there.contact.get_or_init(|| self.birth.contact(id, there.made.iter())))
    }

    /// Whether a row of the contact is on its way.
    pub fn has(&self, id: ContactId) -> bool {
        self.contacts.contains_key(&id)
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
    let borne = keys_of(contact, declared).into_iter().filter(|(kind, _)| is_looked_up(*kind, by));
    keys.extend(borne.map(|(kind, value)| Key::By(directory::Key::Known(kind, value)).hash64()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether rows may find a contact by something of a kind.
fn is_looked_up(kind: IdentifierKind, by: Option<&Key>) -> bool {
    match by {
        Some(Key::By(directory::Key::Known(known, _))) => *known == kind,
        Some(Key::By(directory::Key::Attribute(..)) | Key::Id(_) | Key::At(_)) => false,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AttributeType, Value};

    fn coming() -> Coming {
        Coming::new(Birth { began: Instant::from_secs(1_700_000_000), source: "import".into(), by: Actor::System })
    }

    #[test]
    fn who_is_made_is_found_by_the_same_keys_as_when_they_are_there() {
        let of = |name: &str, ty| AttributeDef { name: name.into(), ty, default: None, personal: true };
        let declared = [of("work", AttributeType::Email), of("mobile", AttributeType::Phone), of("plan", AttributeType::Text)];
        let text = |name: &str, value: &str| (name.to_owned(), Value::text(value));
        let set = |(name, value)| Change::SetAttribute(name, value);
        let changes = [
            set(text("plan", "gold")),
            set(text("work", "ana@work.example")),
            set(text("mobile", "+351 911 111 111")),
            Change::SetSystem("email".into(), Value::text("Ana@Shop.Example")),
            Change::SetSystem("language".into(), Value::text("pt")),
            Change::AddIdentifier(IdentifierKind::External, "C1".into()),
            Change::AddIdentifier(IdentifierKind::Phone, "+351922222222".into()),
            Change::AddIdentifier(IdentifierKind::Email, "gone@shop.example".into()),
            Change::RemoveIdentifier(IdentifierKind::Email, "gone@shop.example".into()),
            Change::AddTag("vip".into()),
        ];
        let known = |kind, value: &str| Key::By(directory::Key::Known(kind, value.into()));
        let by = [
            None,
            Some(known(IdentifierKind::External, "C1")),
            Some(known(IdentifierKind::Email, "ana@shop.example")),
            Some(known(IdentifierKind::Phone, "+351922222222")),
            Some(Key::Id(ContactId(9))),
        ];
        for by in by {
            let mut coming = coming();
            coming.makes(ContactId(1), &changes, by.as_ref(), &declared);
            let whole = coming.contact(ContactId(1)).expect("on their way").clone();
            assert_eq!((whole.attributes.len(), whole.tags.len(), whole.identifiers.len()), (3, 1, 2));
            assert_eq!(coming.contacts[&ContactId(1)].keys, keys(&whole, by.as_ref(), &declared), "{by:?}");
            coming.arrived(ContactId(1));
            assert!(coming.bearers.is_empty() && !coming.has(ContactId(1)));
        }
    }

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

        let mut coming = coming();
        let gold = changed(&ana, Change::SetAttribute("plan".into(), Value::text("gold")));
        coming.would(&ana, &gold, Some(&key), &[]);
        assert!(coming.bearers.is_empty(), "they are found by what is durable of them");
        coming.would(&ana, &changed(&gold, add("more@shop.example")), Some(&key), &[]);
        assert_eq!(coming.bearers.len(), 1);
        assert_eq!(coming.bearing(&email("more@shop.example")).collect::<Vec<_>>(), [ContactId(1)]);
        coming.would_make(ContactId(1), &[add("ana@shop.example")], Some(&key), &[]);
        assert_eq!(coming.bearing(&key).count(), 1, "whoever would be made is found here alone");
    }
}

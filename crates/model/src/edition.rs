//! The edition of a contact: a number that differs when something about them that is changed on purpose differs, so that a change
//! can depend on what was read. Messages and the passing of time do not touch it.

use crate::{Contact, Identifier, TagKey};

/// FNV-1a, 64 bits: the same on every machine and in every release. Nobody gains by a collision but one's own overwrite.
struct Fnv(u64);

impl Fnv {
    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_be_bytes());
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Contact {
    /// The edition: attributes, tags, status, identifiers and lists decide it.
    pub fn edition(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        for record in [&self.attributes, &self.system] {
            hash.bytes(&(record.len() as u64).to_be_bytes());
            for (name, value) in record {
                hash.text(name);
                hash.text(&value.to_json().to_string());
            }
        }
        hash.bytes(&(self.tags.len() as u64).to_be_bytes());
        self.tags.keys().for_each(|key: &TagKey| hash.text(key.as_str()));
        hash.text(&self.status);
        hash.bytes(&(self.identifiers.len() as u64).to_be_bytes());
        for Identifier { kind, value, since: _, verified } in &self.identifiers {
            hash.text(kind.name());
            hash.text(value);
            hash.bytes(&[u8::from(verified.is_some())]);
        }
        self.lists.keys().for_each(|key| hash.text(key));
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use crate::{Actor, Change, Contact, ContactId, Instant, Value};

    #[test]
    fn what_is_changed_on_purpose_makes_another_edition_and_a_message_does_not() {
        let at = Instant::from_millis(1_800_000_000_000);
        let mut contact = Contact::without_address(ContactId(7), at, "api");
        let first = contact.edition();
        contact.apply(&Change::Seen, at.plus_micros(1_000_000), &Actor::Customer);
        assert_eq!(contact.edition(), first);
        let mut seen = vec![first];
        for change in [
            Change::SetAttribute("plan".into(), Value::text("gold")),
            Change::SetAttribute("plan".into(), Value::text("silver")),
            Change::AddTag("vip".into()),
            Change::SetStatus("blocked".into()),
            Change::AddToList("staff".into()),
        ] {
            contact.apply(&change, at, &Actor::System);
            assert!(!seen.contains(&contact.edition()), "{change:?}");
            seen.push(contact.edition());
        }
        contact.apply(&Change::RemoveFromList("staff".into()), at, &Actor::System);
        assert_eq!(contact.edition(), seen[4], "what was undone is as it was");
    }
}

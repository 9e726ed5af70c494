//! What names a person in rows that are not theirs.

use model::{Address, ContactId, ConversationId, IdentifierKind, JourneyEntry, JourneyKind, Part, Person, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What names a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Their ids, as written: of contacts, conversations, requests, merges.
    pub ids: BTreeSet<String>,
    /// What they are called elsewhere: e-mail addresses, phone numbers, ids of other systems.
    pub names: BTreeSet<String>,
    /// Where channels find them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<Address>,
    /// Others whose journey names them, because the two looked like one, or were one for a while.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known_to: BTreeSet<ContactId>,
    /// Lines of their conversations that are kept under others, because the two were one for a while: under whom, of which conversation,
    /// and up to which line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_under: Vec<(ContactId, ConversationId, u64)>,
}

/// A text that is an e-mail address or a phone number, whatever it is called.
fn reached_by(value: &Value) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let is_one = [IdentifierKind::Email, IdentifierKind::Phone].into_iter().any(|kind| kind.normal(text).is_some());
    is_one.then(|| text.trim().to_owned())
}

impl Marks {
    /// What names a person.
    pub fn of(person: &Person) -> Self {
        let contact = &person.contact;
        let mut ids: BTreeSet<String> = [contact.id.to_string()].into();
        ids.extend(contact.absorbed.iter().flat_map(|one| [one.id.to_string(), one.merge.to_string()]));
        for conversation in &person.conversations {
            ids.insert(conversation.id.to_string());
            ids.extend(conversation.request.iter().map(|request| request.id.to_string()));
        }
        let mut names: BTreeSet<String> = contact.identifiers.iter().map(|one| one.value.clone()).collect();
        names.extend(contact.attributes.values().chain(contact.system.values()).filter_map(reached_by));
        names.retain(|name| !name.is_empty());
        let addresses = contact.addresses.iter().map(|reach| reach.address.clone()).filter(|address| !address.id.is_empty());
        let own = |id: ContactId| id == contact.id || contact.absorbed.iter().any(|one| one.id == id);
        let parts = person.conversations.iter().flat_map(|conversation| conversation.kept.iter().map(|part| (part, conversation.id)));
        let kept_under = parts.filter(|(part, _)| !own(part.under)).map(|(part, id)| (part.under, id, part.to)).collect();
        Self { ids, names, addresses: addresses.collect(), known_to: BTreeSet::new(), kept_under }
    }

    /// Adds what a line of their journey says they were reached by once: rows of that time name them so.
    pub fn remember(&mut self, line: &JourneyEntry) {
        match &line.what {
            JourneyKind::Attribute { from, to, .. } => self.names.extend(from.iter().chain(to).filter_map(reached_by)),
            JourneyKind::Imported { altered, .. } | JourneyKind::Merged { lost: altered, .. } => {
                let values = altered.iter().filter(|one| matches!(one.what, Part::Attribute(_) | Part::System(_)));
                self.names.extend(values.flat_map(|one| one.from.iter().chain(&one.to)).filter_map(reached_by));
            }
            JourneyKind::Identifier(text) => {
                let (_, value) = text.split_once(' ').unwrap_or_default();
                let ends = [" added", " removed", " verified: "];
                self.names.extend(ends.into_iter().find_map(|end| value.rsplit_once(end)).map(|(value, _)| value.to_owned()));
            }
            JourneyKind::Address(text) => {
                let address = text.strip_suffix(" added").and_then(|address| address.split_once(':'));
                self.addresses.extend(address.map(|(channel, id)| Address { channel: channel.to_owned(), id: id.to_owned() }));
            }
            _ => {}
        }
    }

    /// Adds what names another.
    pub fn extend(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.names.extend(other.names);
        self.addresses.extend(other.addresses);
        self.known_to.extend(other.known_to);
        self.kept_under.extend(other.kept_under);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, Altered, Contact, Instant, JourneyId};
    use store::PersonChange;

    #[test]
    fn what_somebody_was_called_once_names_them_still() {
        let at = Address { channel: "push".into(), id: "7700".into() };
        let mut contact = Contact::new(ContactId(7), Instant(5), at.clone(), "organic");
        contact.attributes.insert("mail".into(), Value::text(" ana@shop.example"));
        contact.attributes.insert("who".into(), Value::text("Ana"));
        let person = PersonChange { contact: Some(Box::new(contact)), ..PersonChange::new(ContactId(7), 0) };
        let person = person.apply(None).expect("a contact alone is a person");
        let mut marks = Marks::of(&person);
        assert_eq!((marks.addresses.iter().collect::<Vec<_>>(), marks.names.len()), (vec![&at], 1), "{marks:?}");
        let line = |what| JourneyEntry {
            id: JourneyId(1),
            at: Instant(1),
            by: Actor::System,
            conversation: None,
            run: None,
            block: None,
            why: None,
            what,
        };
        let old = |text: &str| Some(Value::text(text));
        marks.remember(&line(JourneyKind::Attribute { name: "mail".into(), from: old("old@shop.example"), to: old("ana@shop.example") }));
        let altered = Altered { what: Part::Attribute("phone".into()), from: old("+34 600 111 222"), to: None };
        let other = Altered { what: Part::Attribute("who".into()), from: old("Anna"), to: old("Ana") };
        marks.remember(&line(JourneyKind::Imported { created: false, altered: vec![altered, other] }));
        marks.remember(&line(JourneyKind::Identifier("external user 7 removed".into())));
        marks.remember(&line(JourneyKind::Identifier("email b@c.example verified: a link".into())));
        marks.remember(&line(JourneyKind::Address("push:7701 added".into())));
        let names: Vec<&str> = marks.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["+34 600 111 222", "ana@shop.example", "b@c.example", "old@shop.example", "user 7"]);
        assert!(marks.addresses.contains(&Address { channel: "push".into(), id: "7701".into() }));
    }

    #[test]
    fn marks_of_an_earlier_release_are_read() {
        let marks: Marks = serde_json::from_str(r#"{"ids":["con_1"],"names":["ana@shop.example"]}"#).unwrap();
        assert!(marks.addresses.is_empty() && marks.known_to.is_empty() && marks.kept_under.is_empty() && marks.ids.len() == 1);
    }
}

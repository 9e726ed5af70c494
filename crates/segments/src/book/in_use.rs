//! Names and values that somebody has: what a condition can ask about beyond what a bot declares.

use super::{Snapshot, cells::Cells};
use model::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most values of one kind that are told, and the most fields of one event.
const MOST: usize = 500;

/// Names and values that somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// Recorded events with the fields they came with; of an event with very many fields not all.
    pub events: BTreeMap<String, BTreeSet<String>>,
    /// Topics that were agreed to or refused.
    pub topics: BTreeSet<String>,
    /// Skills that ran.
    pub skills: BTreeSet<String>,
    /// Language tags.
    pub languages: BTreeSet<String>,
    /// Country codes.
    pub countries: BTreeSet<String>,
    /// How contacts came to be.
    pub sources: BTreeSet<String>,
    /// Stages.
    pub statuses: BTreeSet<String>,
}

/// The names of what contacts have, where a bot does not declare them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesInUse {
    /// Tags that somebody has, as the folded texts by which tags are compared.
    pub tags: BTreeSet<String>,
    /// Recorded events.
    pub events: BTreeSet<String>,
}

/// Adds the texts that stand in a column.
fn texts(cells: &Cells, found: &mut BTreeSet<String>) {
    let Cells::Words(words) = cells else { return };
    let mut used = vec![false; words.words.len() + 1];
    for place in 0..words.codes.len() {
        if let Some(used) = used.get_mut(words.codes.get(place) as usize) {
            *used = true;
        }
    }
    for (word, _) in words.words.iter().zip(used.iter().skip(1)).filter(|(_, used)| **used) {
        if let Value::Text(text) = word
            && found.len() < MOST
            && !found.contains(text)
        {
            found.insert(text.clone());
        }
    }
}

impl Snapshot {
    /// The names of the tags and events that somebody has. They are few, and nobody's values are looked at.
    pub fn names_in_use(&self) -> NamesInUse {
        let mut found = NamesInUse::default();
        for chunk in self.chunks() {
            let tags = chunk.tags.iter().filter(|(_, stamps)| stamps.rows().rows().next().is_some());
            found.tags.extend(tags.map(|(tag, _)| self.names().name(tag).to_owned()));
            let events = chunk.events.iter().filter(|(_, table)| table.iter().next().is_some());
            found.events.extend(events.map(|(event, _)| self.names().name(event).to_owned()));
        }
        found
    }

    /// What somebody has.
    pub fn in_use(&self) -> InUse {
        let mut found = InUse::default();
        let names = self.names();
        let system = |name: &str| names.get(name);
        let (language, country) = (system("language"), system("country"));
        for chunk in self.chunks() {
            for (event, table) in chunk.events.iter().filter(|(_, table)| table.iter().next().is_some()) {
                let fields = found.events.entry(names.name(event).to_owned()).or_default();
                for field in table.field_names() {
                    if fields.len() < MOST && !fields.contains(names.name(field)) {
                        fields.insert(names.name(field).to_owned());
                    }
                }
            }
            // Some are kept by topic and channel.
            let answered = chunk.consents.iter().filter(|(_, of)| of.given.rows().chain(of.refused.rows()).next().is_some());
            found.topics.extend(answered.map(|(key, _)| model::Consent::parts(names.name(key)).0.to_owned()));
            let ran = chunk.ran.iter().filter(|(_, stamps)| stamps.rows().rows().next().is_some());
            found.skills.extend(ran.map(|(skill, _)| names.name(skill).to_owned()));
            for (column, into) in [(language, &mut found.languages), (country, &mut found.countries)] {
                if let Some(cells) = column.and_then(|column| chunk.system.get(column)) {
                    texts(cells, into);
                }
            }
            texts(&chunk.source, &mut found.sources);
            texts(&chunk.status, &mut found.statuses);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::{Book, NamesInUse};
    use model::{Actor, Change, Contact, ContactId, EventId, EventRecord, Instant, Record, Value};
    use std::collections::BTreeSet;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn person(book: &mut Book, no: u128, language: &str, field: &str) -> ContactId {
        let mut contact = Contact::without_address(ContactId(no), Instant(1), if no == 1 { "fair" } else { "api" });
        contact.system.insert("language".into(), Value::text(language));
        contact.apply(&Change::Ran("order".into()), Instant(1), &Actor::System);
        let consent = Change::Consent { topic: "news".into(), channel: Some("web".into()), given: no == 1, proof: "form".into() };
        contact.apply(&consent, Instant(1), &Actor::System);
        contact.apply(&Change::AddTag("VIP".into()), Instant(1), &Actor::System);
        book.put(&contact);
        let fields = Record::from([(field.to_owned(), Value::Bool(true))]);
        book.add_events(contact.id, &[EventRecord { id: EventId(no), name: "sale".into(), fields, at: Instant(1), by: Actor::System }]);
        contact.id
    }

    #[test]
    fn what_somebody_has_is_told_and_what_nobody_has_any_more_is_not() {
        let mut book = Book::new();
        let ana = person(&mut book, 1, "en", "total");
        let ben = person(&mut book, 2, "pt-BR", "items");
        assert_eq!(book.snapshot().names_in_use(), NamesInUse { tags: set(&["vip"]), events: set(&["sale"]) });
        let used = book.snapshot().in_use();
        assert_eq!(used.events["sale"], set(&["items", "total"]));
        assert_eq!((used.topics, used.skills), (set(&["news"]), set(&["order"])));
        assert_eq!((used.languages, used.sources, used.statuses), (set(&["en", "pt-BR"]), set(&["api", "fair"]), set(&["active"])));
        book.remove(ben);
        let used = book.snapshot().in_use();
        assert_eq!((used.languages, used.sources, used.topics), (set(&["en"]), set(&["fair"]), set(&["news"])));
        book.remove(ana);
        assert_eq!(book.snapshot().names_in_use(), NamesInUse::default());
        let used = book.snapshot().in_use();
        assert!(used.events.is_empty() && used.topics.is_empty() && used.skills.is_empty() && used.languages.is_empty(), "{used:?}");
    }
}

//! Reading: people, transcripts, journeys. Durable state only.

use super::Handle;
use model::{ContactId, ConversationId, EventRecord, JourneyEntry, Person, TranscriptEntry, Value, fold};
use std::{collections::BTreeMap, sync::Arc};

/// The most people one search looks at.
const SEARCH: usize = 20_000;
/// People read at once by a search.
const PAGE: usize = 500;

impl Handle {
    /// A person.
    pub async fn person(&self, id: ContactId) -> Option<Arc<Person>> {
        self.shell.read(move |store| store.person(id)).await.flatten()
    }

    /// People in id order after `after`, at most `limit`.
    pub async fn people(&self, after: Option<ContactId>, limit: usize) -> Vec<Arc<Person>> {
        self.shell.read(move |store| store.people(after, limit)).await.unwrap_or_default()
    }

    /// Goes through everybody about whom something can happen by itself, those with runs and timers among them.
    pub async fn fold_active<T: Default + Send + 'static>(&self, mut each: impl FnMut(&mut T, &Person) + Send + 'static) -> T {
        let read = self.shell.read(move |store| {
            let mut folded = T::default();
            store.active(&mut |person| each(&mut folded, &person))?;
            Ok(folded)
        });
        read.await.unwrap_or_default()
    }

    /// People whose name, address, attribute, tag or id contains the text; looks at the first 20,000 at the most.
    pub async fn find(&self, text: &str, limit: usize) -> Vec<Arc<Person>> {
        let wanted = fold(text);
        let read = self.shell.read(move |store| {
            let (mut found, mut after, mut seen) = (Vec::new(), None, 0);
            while found.len() < limit && seen < SEARCH {
                let page = store.people(after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = Some(last.contact.id);
                seen += page.len();
                found.extend(page.into_iter().filter(|p| matches(p, &wanted)));
            }
            found.truncate(limit);
            Ok(found)
        });
        read.await.unwrap_or_default()
    }

    /// Transcript lines of one conversation with `no > after`, oldest first, at most `limit`.
    pub async fn transcript(&self, contact: ContactId, conversation: ConversationId, after: u64, limit: usize) -> Vec<TranscriptEntry> {
        self.shell.read(move |store| store.transcript(contact, conversation, after, limit)).await.unwrap_or_default()
    }

    /// The newest `limit` journey lines, newest first, skipping `skip`.
    pub async fn journey(&self, contact: ContactId, skip: usize, limit: usize) -> Vec<JourneyEntry> {
        self.shell.read(move |store| store.journey(contact, skip, limit)).await.unwrap_or_default()
    }

    /// The newest `limit` events, newest first, skipping `skip`.
    pub async fn events(&self, contact: ContactId, skip: usize, limit: usize) -> Vec<EventRecord> {
        self.shell.read(move |store| store.events(contact, skip, limit)).await.unwrap_or_default()
    }

    /// The bot's computed attributes of a person as they are now: name, name of the type, value.
    pub async fn computed(&self, person: &Arc<Person>) -> Vec<(String, &'static str, Value)> {
        let (bot, now, person) = (self.bot(), self.now(), person.clone());
        let everybody = self.shell.ask(crate::core::Core::snapshot);
        // Events of years may be counted: not on a thread that others wait for.
        let told = tokio::task::spawn_blocking(move || {
            engine::computed_attributes(&bot, &person.contact, &everybody.past(person.contact.id), now)
        });
        // Only a shutdown ends it before it answers.
        told.await.unwrap_or_default()
    }

    /// The segments a person is in, as key and name, by key. Dynamic ones are those after the last step.
    pub fn memberships(&self, person: &Person) -> Vec<(String, String)> {
        let names: BTreeMap<String, String> = self.bot().segments().into_iter().map(|s| (s.key, s.name)).collect();
        let keys: std::collections::BTreeSet<&String> = person.contact.memberships.keys().chain(person.contact.lists.keys()).collect();
        keys.into_iter().map(|key| (key.clone(), names.get(key).cloned().unwrap_or_else(|| key.clone()))).collect()
    }
}

fn matches(person: &Person, wanted: &str) -> bool {
    let contact = &person.contact;
    let has = |text: &str| fold(text).contains(wanted);
    let value = |v: &Value| matches!(v, Value::Text(t) if has(t));
    has(&contact.display_name())
        || has(&contact.id.to_string())
        || contact.addresses.iter().any(|r| has(&r.address.id))
        || contact.attributes.values().chain(contact.system.values()).any(value)
        || contact.tags.keys().any(|k| k.as_str().contains(wanted))
}

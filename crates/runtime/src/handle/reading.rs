//! Reading: people, transcripts, journeys. Durable state only.
//!
//! **Invariant.** What cannot be read is an error and never an empty answer: whoever pages through a list takes an empty page for its end.

use super::Handle;
use crate::{WriteError, core::stands_for};
use model::{ContactId, ConversationId, EventRecord, JourneyEntry, Person, TranscriptEntry, Value};
use std::{collections::BTreeMap, sync::Arc};

impl Handle {
    /// A person, none if there is none of this id; the id of one who was merged into another gives that other one.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn person(&self, id: ContactId) -> Result<Option<Arc<Person>>, WriteError> {
        self.shell.read(move |store| crate::core::resolved(store, id)).await.ok_or(WriteError::Unavailable)
    }

    /// People in id order after `after`, at most `limit`; those who were merged into others are not among them.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn people(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<Arc<Person>>, WriteError> {
        let read = self.shell.read(move |store| {
            let (mut found, mut after) = (Vec::new(), after);
            while found.len() < limit {
                let wanted = limit - found.len();
                let page = store.people(after, wanted)?;
                let is_last = page.len() < wanted;
                after = page.last().map(|person| person.contact.id);
                found.extend(page.into_iter().filter(|person| !person.contact.is_merged_away()));
                if is_last {
                    break;
                }
            }
            Ok(found)
        });
        read.await.ok_or(WriteError::Unavailable)
    }

    /// Goes through everybody about whom something can happen by itself, those with runs and timers among them.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn fold_active<T: Default + Send + 'static>(
        &self,
        mut each: impl FnMut(&mut T, &Person) + Send + 'static,
    ) -> Result<T, WriteError> {
        let read = self.shell.read(move |store| {
            let mut folded = T::default();
            store.active(&mut |person| each(&mut folded, &person))?;
            Ok(folded)
        });
        read.await.ok_or(WriteError::Unavailable)
    }

    /// Transcript lines of one conversation with `no > after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn transcript(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TranscriptEntry>, WriteError> {
        let read = self.shell.read(move |store| store.transcript(stands_for(store, contact)?, conversation, after, limit));
        read.await.ok_or(WriteError::Unavailable)
    }

    /// How many lines of a person's conversation, the oldest, are kept no longer.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn forgotten_lines(&self, person: &Arc<Person>, conversation: ConversationId) -> Result<u64, WriteError> {
        let person = person.clone();
        let read = self.shell.read(move |store| {
            let Some(found) = person.conversation(conversation) else { return Ok(0) };
            let mut gone = 0;
            for part in &found.kept {
                let keeper = store.person(part.under)?;
                let of_part = keeper.map_or(0, |keeper| keeper.forgotten.lines_of(conversation)).min(part.to);
                if of_part < part.to {
                    return Ok(gone.max(of_part));
                }
                gone = of_part;
            }
            Ok(gone.max(person.forgotten.lines_of(conversation)))
        });
        read.await.ok_or(WriteError::Unavailable)
    }

    /// The newest `limit` journey lines, newest first, skipping `skip`.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn newest_journey(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<JourneyEntry>, WriteError> {
        self.shell.read(move |store| store.journey(stands_for(store, contact)?, skip, limit)).await.ok_or(WriteError::Unavailable)
    }

    /// The newest `limit` events, newest first, skipping `skip`.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn events(&self, contact: ContactId, skip: usize, limit: usize) -> Result<Vec<EventRecord>, WriteError> {
        let read = self.shell.read(move |store| store.events(stands_for(store, contact)?, skip, limit));
        let mut events = read.await.ok_or(WriteError::Unavailable)?;
        events.retain(|event| !event.is_withdrawn());
        Ok(events)
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

//! Segments for whoever asks: which there are, who is in one, why, and how many were over time (FL 6.9, FL 8).
//!
//! Memberships come from the core, which keeps them exact in time; everything that takes longer than a look is done on a
//! blocking thread over a snapshot, so that nobody waits for the core meanwhile.

mod change;
mod lost;
mod lost_lists;
mod preview;
mod unjudged;

pub use change::{Expect, SEGMENT_NAME, SegmentError, SegmentRecord};
pub use lost::LostSegments;
pub use lost_lists::LostList;
pub use preview::Preview;
pub use unjudged::UnjudgedSegment;

use super::Handle;
use crate::{
    WriteError,
    core::{Core, Membership, segments::sizes},
};
use engine::SegmentWhy;
use model::{ContactId, Instant, Person};
use segments::{Page, Set};
use std::sync::Arc;
use tokio::sync::{RwLock, Semaphore};

/// Previews under way at once; each uses every core.
const PREVIEWS: usize = 2;

/// What takes turns.
pub(crate) struct Turns {
    /// Changes of stored segments, one at a time: each is checked against the ones before it, and against who is on a list. Any number
    /// may change who is.
    changes: RwLock<()>,
    previews: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { changes: RwLock::default(), previews: Arc::new(Semaphore::new(PREVIEWS)) }
    }
}

impl Handle {
    /// All segments as they are now.
    pub fn segment_set(&self) -> Arc<Set> {
        self.shell.ask(Core::segments)
    }

    /// How many are in each of these segments now.
    pub fn segment_sizes(&self, keys: &[&str]) -> Vec<u64> {
        self.shell.ask(|core| keys.iter().map(|key| core.segment_size(key)).collect())
    }

    /// Which of these segments have rules that are still being judged for everybody, in the order of their keys.
    pub fn computing_segments<'k>(&self, keys: &[&'k str]) -> Vec<&'k str> {
        self.shell.ask(|core| keys.iter().copied().filter(|key| core.is_computing(key)).collect())
    }

    /// Whether a contact is in a segment now.
    pub fn is_member(&self, contact: ContactId, key: &str) -> bool {
        self.shell.ask(|core| core.is_member(contact, key))
    }

    /// How a contact stands to a segment now, out of memory alone; none if there is no contact under this id, which may still
    /// be that of somebody who was merged into another.
    pub fn membership(&self, contact: ContactId, key: &str) -> Option<Membership> {
        self.shell.ask(|core| core.membership(contact, key))
    }

    /// The first members of a segment after an id, at most `limit`, in the order of their ids.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the server stops.
    pub async fn segment_page(&self, key: &str, after: Option<ContactId>, limit: usize) -> Result<Page, WriteError> {
        let members = self.shell.ask(|core| core.members_of(key));
        tokio::task::spawn_blocking(move || members.page(after, limit)).await.map_err(|_| WriteError::Unavailable)
    }

    /// People by id, in this order; those who are gone are left out.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn people_of(&self, ids: Vec<ContactId>) -> Result<Vec<Arc<Person>>, WriteError> {
        let read = self.shell.read(move |store| {
            let people: Result<Vec<_>, _> = ids.into_iter().map(|id| store.person(id)).collect();
            Ok(people?.into_iter().flatten().collect())
        });
        read.await.ok_or(WriteError::Unavailable)
    }

    /// The segments a person is in now: key, name, and since when.
    pub fn segments_of(&self, person: &Person) -> Vec<(String, String, Option<Instant>)> {
        let (contact, set) = (&person.contact, self.segment_set());
        let is: Vec<bool> = self.shell.ask(|core| set.iter().map(|rule| core.is_member(contact.id, &rule.key)).collect());
        let since = |key: &str| contact.memberships.get(key).or_else(|| contact.lists.get(key)).copied();
        let inside = set.iter().zip(is).filter(|(_, is)| *is);
        inside.map(|(rule, _)| (rule.key.clone(), rule.name.clone(), since(&rule.key))).collect()
    }

    /// How a contact stands to a segment, part by part; none if there is no such contact or segment. The verdict is that of
    /// now, by what is durable.
    pub async fn why_in_segment(&self, contact: ContactId, key: &str) -> Option<SegmentWhy> {
        let (bot, now, key) = (self.bot(), self.now(), key.to_owned());
        let everybody = self.shell.ask(Core::snapshot);
        let told = self.shell.read(move |store| {
            let Some(person) = store.person(contact)? else { return Ok(None) };
            Ok(engine::why_in_segment(&bot, &person.contact, &everybody.past(contact), &key, now))
        });
        told.await.flatten()
    }

    /// How many were in a segment over the last `days` days (at most 366) and now: instants and sizes, oldest first. Changes
    /// are noted at most every ten minutes.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn segment_history(&self, key: &str, days: u16) -> Result<Vec<(Instant, u64)>, WriteError> {
        let (now, name) = (self.now(), key.to_owned());
        let read = self.shell.read(move |store| sizes::noted(store, &name, days, now)).await;
        let mut sizes = read.ok_or(WriteError::Unavailable)?;
        sizes.push((now, self.shell.ask(|core| core.segment_size(key))));
        Ok(sizes)
    }
}

//! Finding people: by what somebody types, and by what they are known by.
//!
//! Both are answered from memory ([`crm::directory`]) and held against durable records; the search itself runs on a blocking thread
//! over a snapshot, so that nobody waits for the core meanwhile.

use super::Handle;
use crate::core::Core;
use crm::directory::{Key, Query, Watch, bears};
use model::{Address, ContactId, Person};
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};

/// Searches under way at once; each uses every core.
const SEARCHES: usize = 2;
/// Searches that may wait for those: at a million people the last of them waits about a second.
const WAITING: usize = 32;
/// Values added to the directory under one lock.
const VALUES: usize = 4_096;

/// Searches of what was said that may wait for the one that goes on: each takes 0.7 seconds at the most.
const SAID_WAITING: usize = 8;

fn turns(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count))
}

/// What takes turns.
pub(crate) struct Finds {
    searches: Arc<Semaphore>,
    /// Places of those who have a turn or wait for one. Whoever leaves, as somebody who types on does, gives theirs back.
    places: Arc<Semaphore>,
    /// Searches of what was said take longer, and one at a time: nobody who looks for a name waits for them. A turn belongs to the work
    /// and not to whoever asked, who may leave before it is over.
    pub(super) said: Arc<Semaphore>,
    /// Places of those who have a turn or wait for one.
    pub(super) said_places: Arc<Semaphore>,
    /// Held while an attribute's values are added: whoever comes second waits until they are there.
    watching: Mutex<()>,
}

impl Default for Finds {
    fn default() -> Self {
        Self {
            searches: turns(SEARCHES),
            places: turns(SEARCHES + WAITING),
            said: turns(1),
            said_places: turns(1 + SAID_WAITING),
            watching: Mutex::default(),
        }
    }
}

/// Why nobody was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfindable {
    /// Too many look for people at once.
    #[error("too many look for people at once; try again in a moment")]
    Busy,
    /// The runtime stopped, or its store cannot be read.
    #[error("people cannot be looked for now; try again shortly")]
    Now,
}

/// Who was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best ones, best first.
    pub people: Vec<Arc<Person>>,
    /// How many there are, all told.
    pub total: u64,
}

impl Handle {
    /// People whose name, user name, e-mail address, phone number, external id or id is this, begins so, or has it somewhere: who is
    /// called exactly that comes first, then those in whom every word begins a word; of equals those who were active last. At most
    /// `limit`, never more than [`crm::directory::MOST`]. A whole address (`telegram:4711`) finds its person.
    ///
    /// Two searches go on at a time and some wait for them; one whose caller leaves waits no more.
    ///
    /// # Errors
    /// [`Unfindable`] if too many wait already, or if the store cannot be read.
    pub async fn find(&self, text: &str, limit: usize) -> Result<Found, Unfindable> {
        let place = self.finds.places.clone().try_acquire_owned().map_err(|_| Unfindable::Busy)?;
        let at = text.trim().split_once(':').map(|(channel, id)| Address { channel: channel.to_owned(), id: id.to_owned() });
        let query = Query::read(text);
        // Nobody closes it.
        let Ok(turn) = self.finds.searches.clone().acquire_owned().await else { return Ok(Found::default()) };
        let everybody = self.shell.ask(Core::everybody_called);
        let read = self.shell.read(move |store| {
            // It is the work's, which goes on if whoever asked leaves.
            let _held = (turn, place);
            if let Some(at) = at
                && let Some(id) = store.person_at(&at)?
                && let Some(person) = store.person(id)?
            {
                return Ok(Found { people: vec![person], total: 1 });
            }
            let Some(query) = query else { return Ok(Found::default()) };
            let found = everybody.find(&query, limit);
            let people: Result<Vec<_>, _> = found.contacts.into_iter().map(|id| store.person(id)).collect();
            // Who was erased or merged away since the snapshot is left out.
            Ok(Found {
                people: people?.into_iter().flatten().filter(|person| !person.contact.is_merged_away()).collect(),
                total: found.total,
            })
        });
        read.await.ok_or(Unfindable::Now)
    }

    /// Who bears each of these keys, by durable records: none, one, or several who share it (of more than 256, some). Keys that are
    /// values of an attribute are found after [`Handle::key_by`] for it.
    pub async fn bearers(&self, keys: Vec<Key>) -> Vec<Vec<ContactId>> {
        let (candidates, bot, count) = (self.shell.ask(|core| core.candidates(&keys)), self.bot(), keys.len());
        if candidates.iter().all(Vec::is_empty) {
            return candidates;
        }
        let read = self.shell.read(move |store| {
            let mut bearers = Vec::with_capacity(keys.len());
            for (key, ids) in keys.iter().zip(candidates) {
                let mut of = Vec::new();
                for id in ids {
                    if store.person(id)?.is_some_and(|person| bears(&person.contact, key, bot.attributes())) {
                        of.push(id);
                    }
                }
                of.sort_unstable();
                bearers.push(of);
            }
            Ok(bearers)
        });
        read.await.unwrap_or_else(|| vec![Vec::new(); count])
    }

    /// From now on people can be looked up by the values of this attribute ([`Key::Attribute`]). The first time it takes a moment.
    pub async fn key_by(&self, attribute: &str) {
        let watch = Watch { attribute: attribute.to_owned(), known_as: None };
        let _turn = self.finds.watching.lock().await;
        let new = self.shell.tell(|core, _| core.watch(watch.clone()).then(|| core.snapshot()));
        let Some(everybody) = new else { return };
        let shell = self.shell.clone();
        let work = tokio::task::spawn_blocking(move || {
            let mut values = everybody.attribute(&watch.attribute).map(|(row, value)| (row, value.into_owned()));
            loop {
                let some: Vec<_> = values.by_ref().take(VALUES).collect();
                if some.is_empty() {
                    break;
                }
                shell.tell(|core, _| core.add_key_values(&watch, &some));
            }
        });
        // Only a shutdown ends it before it is done.
        let _ = work.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_so_many_wait_and_whoever_leaves_gives_their_place_back() {
        let (service, _) = crate::trial::service().await;
        let (handle, finds) = (&service.handle, &service.handle.finds);
        // Searches that go on for long.
        let turns = u32::try_from(SEARCHES).unwrap();
        let (busy, places) = (
            finds.searches.clone().acquire_many_owned(turns).await.unwrap(),
            finds.places.clone().acquire_many_owned(turns).await.unwrap(),
        );
        let search = || {
            let handle = handle.clone();
            tokio::spawn(async move { handle.find("ana", 9).await })
        };
        let mut waiting: Vec<_> = (0..WAITING).map(|_| search()).collect();
        let until = async |free: usize| {
            while finds.places.available_permits() != free {
                tokio::task::yield_now().await;
            }
        };
        until(0).await;
        assert_eq!(handle.find("ana", 9).await.unwrap_err(), Unfindable::Busy);
        waiting.pop().unwrap().abort();
        until(1).await;
        let another = search();
        until(0).await;
        drop((busy, places));
        for search in waiting.into_iter().chain([another]) {
            search.await.unwrap().unwrap();
        }
        until(SEARCHES + WAITING).await;
        service.stop().await;
    }
}

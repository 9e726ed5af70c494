//! Reading something of everybody as if it were of one moment, although the store goes on and people are merged and parted meanwhile.
//!
//! Everybody is read in pages, by id. What a merge gives to somebody whose page was read before comes from somebody whose page was not, and
//! would be seen nowhere, and so would lines that go home before a merge is undone. So both contacts of a merge that is made or undone
//! meanwhile are read once more.

use crate::{Handle, WriteError};
use model::{ContactId, Person};
use std::collections::BTreeSet;
use store::{Error, Store};

/// How often it is looked whether nobody changes hands any more, and the pause between two looks: 20 ms.
const TRIES: u32 = 500;
const PAUSE: i64 = 20_000;

impl Handle {
    /// Reads something of everybody, and `again` what is to be added of those who change hands meanwhile. To be called by whoever has the
    /// turn: one such reading goes on at a time.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read, or if there is no end to it.
    pub(crate) async fn of_everybody<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
        again: impl Fn(&mut T, &dyn Store, &Person) -> Result<(), Error> + Clone + Send + 'static,
    ) -> Result<T, WriteError> {
        self.shell.tell(|core, _| core.watch_moves());
        let found = self.read_everybody(read, again).await;
        self.shell.tell(|core, _| core.unwatch_moves());
        found
    }

    async fn read_everybody<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
        again: impl Fn(&mut T, &dyn Store, &Person) -> Result<(), Error> + Clone + Send + 'static,
    ) -> Result<T, WriteError> {
        let mut found = self.shell.read(read).await.ok_or(WriteError::Unavailable)?;
        for _ in 0..TRIES {
            let moved: BTreeSet<ContactId> = match self.shell.tell(|core, _| core.moves()) {
                Some(moved) if moved.is_empty() => return Ok(found),
                Some(moved) => moved,
                None => {
                    self.shell.clock.sleep_until(self.now().plus_micros(PAUSE)).await;
                    continue;
                }
            };
            let again = again.clone();
            let read = self.shell.read(move |store| {
                for id in moved {
                    if let Some(person) = store.person(id)? {
                        again(&mut found, store, &person)?;
                    }
                }
                Ok(found)
            });
            found = read.await.ok_or(WriteError::Unavailable)?;
        }
        Err(WriteError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use channel::Inbound;
    use model::{Actor, Address, Content, ConversationId, Incoming, IncomingBody};
    use std::sync::{Arc, mpsc};
    use store::{Fault, MemStore};

    fn conversations(person: &Person) -> impl Iterator<Item = ConversationId> {
        person.conversations.iter().map(|conversation| conversation.id)
    }

    async fn says(handle: &Handle, who: &str) -> Arc<Person> {
        writes(handle, who, "hi", who).await
    }

    async fn writes(handle: &Handle, who: &str, text: &str, provider_id: &str) -> Arc<Person> {
        let address = Address { channel: "web".into(), id: who.into() };
        let incoming =
            Incoming { body: IncomingBody::Message(Content::text(text)), at: handle.now(), profile: Default::default(), client_id: None };
        handle.hub("web").accept(Inbound { address: address.clone(), provider_id: provider_id.into(), incoming }).await.unwrap();
        handle.find(&address.to_string(), 1).await.unwrap().people.remove(0)
    }

    #[tokio::test]
    async fn whoever_changes_hands_while_all_are_read_is_seen() {
        let (service, clock) = crate::trial::service().await;
        let handle = service.handle.clone();
        let first = says(&handle, "ana").await;
        clock.advance(1_000_000);
        let last = says(&handle, "ben").await;
        assert!(first.contact.id < last.contact.id && !last.conversations.is_empty());

        let ((tell, told), (go_on, may_go_on)) = (mpsc::channel(), mpsc::channel::<()>());
        let read = move |store: &dyn Store| {
            let mut seen: BTreeSet<ConversationId> = BTreeSet::new();
            let mut after = None;
            while let Some(person) = store.people(after, 1)?.pop() {
                if after.replace(person.contact.id).is_none() {
                    tell.send(()).unwrap();
                    may_go_on.recv().unwrap();
                }
                seen.extend(conversations(&person));
            }
            Ok(seen)
        };
        let again = |seen: &mut BTreeSet<ConversationId>, _: &dyn Store, person: &Person| {
            seen.extend(conversations(person));
            Ok(())
        };
        let reading = {
            let handle = handle.clone();
            tokio::spawn(async move { handle.of_everybody(read, again).await })
        };
        while told.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        // The first page was read, and now she has what is to be read on the second one.
        handle.merge(first.contact.id, last.contact.id, Actor::Api("test".into())).await.unwrap();
        go_on.send(()).unwrap();
        let seen = reading.await.unwrap().unwrap();
        let all: BTreeSet<ConversationId> = conversations(&first).chain(conversations(&last)).collect();
        assert_eq!(seen, all);
        service.stop().await;
    }

    #[tokio::test]
    async fn lines_that_go_home_are_something_that_changes_hands() {
        let store = MemStore::new();
        let (service, _clock) = crate::trial::service_on(store.clone()).await;
        let handle = service.handle.clone();
        let (ana, ben) = (says(&handle, "ana").await.contact.id, says(&handle, "ben").await.contact.id);
        let merge = handle.merge(ana, ben, Actor::Api("test".into())).await.unwrap();
        // So much that it takes two commits.
        let long = "x".repeat(60_000);
        for n in 0..6 {
            writes(&handle, "ben", &long, &n.to_string()).await;
        }
        let until_held = async || {
            while store.held() == 0 {
                tokio::task::yield_now().await;
            }
        };
        store.order(Fault::Hold);
        let undoing = tokio::spawn({
            let handle = handle.clone();
            async move { handle.undo_merge(merge, Actor::Api("test".into())).await }
        });
        until_held().await;
        let moves = || handle.shell.tell(|core, _| core.moves());
        let pair = BTreeSet::from([ana, ben]);
        handle.shell.tell(|core, _| core.watch_moves());
        assert_eq!(moves(), None, "the first lines are on their way");
        store.release(1);
        until_held().await;
        assert!(store.person(ana).unwrap().unwrap().conversations.iter().any(|chat| chat.kept.iter().any(|part| part.under == ben)));
        assert_eq!(moves(), None, "the next ones are");
        // Whoever looks when they have arrived reads both once more.
        store.release_all();
        undoing.await.unwrap().unwrap();
        assert_eq!(moves(), Some(pair));
        assert_eq!(moves(), Some(BTreeSet::new()));
        service.stop().await;
    }
}

//! What comes in: from channels, the console, the API and imports.

use super::{New, Shell, Waiter};
use crate::{
    core::{Core, Outcome, Refusal, Ticket},
    privacy::Attached,
};
use channel::{AcceptError, Accepted};
use model::{Address, ContactId, InboxItem, Instant};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, oneshot};

impl Shell {
    pub(in crate::drive) async fn accept(self: &Arc<Self>, inbound: channel::Inbound) -> Result<Accepted, AcceptError> {
        self.warm(&inbound.address).await;
        let (attached, gone) = match &inbound.incoming.body {
            model::IncomingBody::Message(content) if !content.attachments.is_empty() => self.attach(content).await,
            _ => (None, None),
        };
        if let Some(name) = gone {
            // Stored, and removed before anything named it, because others who had the same file have it no more. Whoever is told so
            // comes again with the file, or asks for it.
            tracing::info!(name, "a file went before its message came; the message is to come again with it");
            return Err(AcceptError::Unavailable);
        }
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket_holding(Waiter::Accept(tell), attached);
        self.tell(|core, now| core.inbound(now, inbound, ticket));
        told.await.unwrap_or(Err(AcceptError::Unavailable))
    }

    /// Reads the person at an address before the core is locked.
    async fn warm(&self, address: &Address) {
        if let Ok(Some(contact)) = self.store.person_at(address) {
            self.warm_up(contact).await;
        }
    }

    /// Reads a contact before the core is locked: whoever was not heard of for long comes from the disk, and everybody else
    /// would wait for that. It is read beside tokio's own threads: these are as few as the cores, and with all of them at the
    /// disk nothing is answered.
    pub(super) async fn warm_up(&self, contact: ContactId) {
        self.read_up(vec![contact], &self.reading).await;
    }

    /// The same of several ahead of what is due for them, one after the other.
    pub(super) async fn warm_ahead(&self, contacts: Vec<ContactId>) {
        self.read_up(contacts, &self.reading_ahead).await;
    }

    async fn read_up(&self, mut contacts: Vec<ContactId>, turns: &Arc<Semaphore>) {
        contacts.retain(|contact| !self.store.is_at_hand(*contact));
        if contacts.is_empty() {
            return;
        }
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        let store = self.store.clone();
        let read = move || {
            // Given back when they are read, however late whoever waits for them has a turn.
            let _turn = turn;
            // What goes wrong here goes wrong again, and is told, where it matters.
            contacts.into_iter().for_each(|contact| drop(store.person(contact)));
        };
        let _ = tokio::task::spawn_blocking(read).await;
    }

    pub(crate) async fn item(self: &Arc<Self>, contact: ContactId, item: InboxItem, once: Option<String>) -> Result<Outcome, Refusal> {
        self.item_holding(contact, item, once, None).await
    }

    /// The same; what is held is let go of when the item's commit is durable, however early its caller leaves.
    pub(crate) async fn item_holding(
        self: &Arc<Self>,
        contact: ContactId,
        item: InboxItem,
        once: Option<String>,
        held: Option<Attached>,
    ) -> Result<Outcome, Refusal> {
        self.warm_up(contact).await;
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket_holding(Waiter::Item(tell), held);
        self.tell(|core, now| core.item(now, contact, item, once.as_deref(), ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Gives a line several items, in this order; one answer for each.
    pub(crate) async fn items(
        self: &Arc<Self>,
        contact: ContactId,
        items: Vec<(InboxItem, Option<String>)>,
    ) -> Vec<Result<Outcome, Refusal>> {
        // Once for all of them: those who read for themselves would come back in any order.
        self.warm_up(contact).await;
        let enter = |(item, once): (InboxItem, Option<String>)| {
            let (tell, told) = oneshot::channel();
            let ticket = self.ticket(Waiter::Item(tell));
            self.tell(|core, now| core.item(now, contact, item, once.as_deref(), ticket));
            told
        };
        let told: Vec<_> = items.into_iter().map(enter).collect();
        let told = futures::future::join_all(told).await;
        told.into_iter().map(|answer| answer.unwrap_or(Err(Refusal::Unavailable))).collect()
    }

    /// Makes a contact; answered when they are durable.
    pub(crate) async fn create(self: &Arc<Self>, contact: ContactId, item: InboxItem) -> Result<Outcome, Refusal> {
        self.warm_up(contact).await;
        self.answered(|core, now, ticket| core.create(now, contact, item, ticket)).await
    }

    /// Has contacts made, all in one turn at the core, by a thread that gave way; each is answered when they are durable.
    pub(crate) fn submit_all_new(self: &Arc<Self>, new: Vec<New>) {
        // As in `warm_up`: that there is nobody is remembered.
        new.iter().for_each(|(id, ..)| drop(self.store.person(*id)));
        self.errand(|shell| {
            let new: Vec<_> = new.into_iter().map(|(id, item, tell)| (id, item, shell.ticket(Waiter::Item(tell)))).collect();
            shell.tell_patiently(|core, now| new.into_iter().for_each(|(contact, item, ticket)| core.create(now, contact, item, ticket)));
        });
    }

    /// Has a contact made by a thread that gave way; the answer comes when they are durable.
    pub(crate) fn submit_new(self: &Arc<Self>, contact: ContactId, item: InboxItem) -> oneshot::Receiver<Result<Outcome, Refusal>> {
        let (tell, told) = oneshot::channel();
        self.submit_all_new(vec![(contact, item, tell)]);
        told
    }

    /// Has a line given an item, by a thread that gave way and may wait for a disk; the answer comes when its step is durable. What it
    /// submitted earlier is told earlier.
    pub(crate) fn submit(
        self: &Arc<Self>,
        contact: ContactId,
        item: InboxItem,
        once: Option<String>,
    ) -> oneshot::Receiver<Result<Outcome, Refusal>> {
        // As in `warm_up`.
        let _ = self.store.person(contact);
        let (tell, told) = oneshot::channel();
        self.errand(move |shell| {
            let ticket = shell.ticket(Waiter::Item(tell));
            shell.tell_patiently(|core, now| core.item(now, contact, item, once.as_deref(), ticket));
        });
        told
    }

    /// Has somebody taken away who is as they were at this version, by a thread that gave way; the answer comes when they are gone.
    pub(crate) fn submit_erasure(self: &Arc<Self>, contact: ContactId, version: u64) -> oneshot::Receiver<Result<Outcome, Refusal>> {
        // As in `warm_up`.
        let _ = self.store.person(contact);
        let (tell, told) = oneshot::channel();
        self.errand(move |shell| {
            let ticket = shell.ticket(Waiter::Item(tell));
            shell.tell_patiently(|core, now| core.erase(now, contact, Some(version), Arc::new(|_: &model::Person| Vec::new()), ticket));
        });
        told
    }

    pub(crate) async fn erase(
        self: &Arc<Self>,
        contact: ContactId,
        version: Option<u64>,
        remembered: crate::core::erase::Remembered,
    ) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| core.erase(now, contact, version, remembered, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Forgets something of a contact's past, if nothing else happens to them.
    pub(crate) async fn forget(self: &Arc<Self>, change: store::PersonChange, records: Vec<store::RecordPut>) -> Result<Outcome, Refusal> {
        self.answered(|core, now, ticket| core.forget(now, change, records, ticket)).await
    }

    /// Asks something of two contacts together.
    pub(crate) async fn joining(self: &Arc<Self>, ask: impl FnOnce(&mut Core, Instant, Ticket)) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| ask(core, now, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    pub(in crate::drive) async fn settled(self: &Arc<Self>, address: &Address, within: Duration) {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Settle(tell));
        self.tell(|core, _| core.settle(address, ticket));
        if tokio::time::timeout(within, told).await.is_err() {
            self.waiter(ticket);
        }
    }

    /// Tells the core something that it answers with a ticket.
    pub(crate) async fn answered(self: &Arc<Self>, news: impl FnOnce(&mut Core, Instant, Ticket)) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| news(core, now, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }
}

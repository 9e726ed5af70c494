//! Events from programs: several of one contact in order, each recorded once however often it is told.

use super::Handle;
use crate::WriteError;
use model::{Actor, ContactId, InboxItem, Instant, Record};

/// An event as a program tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Record,
    /// When it happened; none, or later than now: now.
    pub at: Option<Instant>,
    /// What makes a second telling harmless, for seven days and the contact's last 1,024 keys ([`model::SEEN_LIMIT`]).
    pub once: Option<String>,
}

impl Handle {
    /// The contact that somebody means: by id, `channel:address`, e-mail address or phone number; none if there is no such
    /// contact, or several.
    pub async fn contact_of(&self, who: &str) -> Option<ContactId> {
        let who = who.to_owned();
        let (bot, wanted) = (self.bot(), who.clone());
        let found = self.shell.read(move |store| crate::core::audience::find_one(store, &wanted)).await??;
        match found {
            crate::core::audience::Whom::One(id) => Some(id),
            named @ crate::core::audience::Whom::Identified(_) => {
                let read = self.shell.read(move |store| crate::core::audience::only_one(store, &named, &bot));
                read.await?
            }
            crate::core::audience::Whom::Where(_) | crate::core::audience::Whom::Reachable => None,
        }
    }

    /// Raises events for a contact, in this order (FL 7.3). Answered when each is recorded and its step is durable; one answer
    /// for each.
    ///
    /// # Errors
    /// Each [`WriteError`] says why that event was not recorded.
    pub async fn raise_all(&self, contact: ContactId, events: Vec<Told>, by: &Actor) -> Vec<Result<(), WriteError>> {
        let item = |Told { name, fields, at, once }| (InboxItem::Event { conversation: None, name, fields, at, by: by.clone() }, once);
        let told = self.shell.items(contact, events.into_iter().map(item).collect()).await;
        told.into_iter().map(|answer| Ok(answer.map(drop)?)).collect()
    }
}

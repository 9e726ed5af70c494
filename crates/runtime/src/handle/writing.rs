//! Writing: changes and events from agents, API and imports, through the contact's line like everything else.

use super::Handle;
use crate::WriteError;
use model::{Actor, Change, ContactId, ConversationId, InboxItem, Record, Value, Version};
use std::collections::BTreeMap;

/// The most changes of one call.
const CHANGES: usize = 256;

impl Handle {
    /// A value of one of [`crm::import::WRITABLE`] as somebody says it: read as an import reads it.
    ///
    /// # Errors
    /// In words, why it is none.
    pub fn read_system(&self, name: &str, said: &str) -> Result<Value, String> {
        crm::import::read_system(name, said, &crate::imports::words(&self.bot(), self.now()))
    }

    /// Changes a contact. Answered when it is durable.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn modify(&self, contact: ContactId, changes: Vec<Change>, by: Actor) -> Result<(), WriteError> {
        if changes.len() > CHANGES {
            return Err(WriteError::Invalid(format!("at most {CHANGES} changes at once; make several calls")));
        }
        Ok(self.shell.item(contact, InboxItem::Modify { changes, by }, None).await.map(|_| ())?)
    }

    /// The same, if the contact still is what it was read as ([`model::Contact::edition`]).
    ///
    /// # Errors
    /// [`WriteError::Changed`] if somebody changed it meanwhile; nothing is changed then.
    pub async fn amend(&self, contact: ContactId, edition: u64, changes: Vec<Change>, by: Actor) -> Result<(), WriteError> {
        if changes.len() > CHANGES {
            return Err(WriteError::Invalid(format!("at most {CHANGES} changes at once; make several calls")));
        }
        Ok(self.shell.item(contact, InboxItem::Amend { edition, changes, by }, None).await.map(|_| ())?)
    }

    /// Notes something about a contact. `once` makes a second telling harmless, as in [`crate::Told::once`]. Answered when it is
    /// durable.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn note(&self, contact: ContactId, text: String, by: Actor, once: Option<String>) -> Result<(), WriteError> {
        let item = InboxItem::Modify { changes: vec![Change::Note(text)], by };
        Ok(self.shell.item(contact, item, once).await.map(|_| ())?)
    }

    /// Moves what rests in a conversation from one version of the bot to another, at these places (FL 5.9). What does not
    /// fit stays and is journeyed. Answered when it is durable.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn move_runs(
        &self,
        contact: ContactId,
        conversation: ConversationId,
        from: &Version,
        to: &Version,
        places: &BTreeMap<String, String>,
        by: Actor,
    ) -> Result<(), WriteError> {
        let item = InboxItem::Move { conversation, from: from.clone(), to: to.clone(), places: places.clone(), by };
        Ok(self.shell.item(contact, item, None).await.map(|_| ())?)
    }

    /// Raises an event for a contact (FL 7.3). Answered when it is recorded and its step is durable.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn raise(&self, contact: ContactId, name: &str, fields: Record, by: Actor) -> Result<(), WriteError> {
        let item = InboxItem::Event { conversation: None, name: name.to_owned(), fields, at: None, by };
        Ok(self.shell.item(contact, item, None).await.map(|_| ())?)
    }

    /// A provider reports what became of a text message; a second delivery of the report changes nothing.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn report(&self, report: crate::sms::Report) -> Result<(), WriteError> {
        let crate::sms::Report { contact, item, once } = report;
        self.shell.item(contact, item, Some(once)).await?;
        Ok(())
    }
}

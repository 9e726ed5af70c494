//! Making contacts: who is known without having written.

use super::Handle;
use crate::WriteError;
use model::{Actor, Change, ContactId, IdSource, InboxItem};

/// The most that is said of a new contact.
const CHANGES: usize = 256;

impl Handle {
    /// An id for a contact who is to be made. Making one twice with the same id makes one contact.
    pub fn new_contact_id(&self) -> ContactId {
        let mut bytes = [0; 8];
        // Without the system's chance the clock is what differs.
        let seed = getrandom::fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes));
        IdSource::new(self.now(), seed).next()
    }

    /// Makes a contact without an address: `source` says how they came (`api`, `import` or a custom name), `changes` what is
    /// known of them. It is a step of the contact like every other, so that segments, journey and transitions are exact;
    /// whoever enters a segment by it starts the flows that wait for that, unless an import made them. Answered when it is
    /// durable. If there is such a contact already nothing changes.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn create_contact(&self, id: ContactId, source: &str, changes: Vec<Change>, by: Actor) -> Result<(), WriteError> {
        if changes.len() > CHANGES {
            return Err(WriteError::Invalid(format!("at most {CHANGES} changes at once; make several calls")));
        }
        let item = InboxItem::Create { source: source.to_owned(), changes, by };
        Ok(self.shell.create(id, item).await.map(|_| ())?)
    }
}

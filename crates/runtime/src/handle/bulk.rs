//! Changes for everybody for whom a condition holds: written down as an audience, carried out contact by contact.

use super::Handle;
use crate::{Audience, Whom, WriteError};
use futures::future::join_all;
use model::{Actor, Change, ContactId, InboxItem, Occasion};

/// Changes for everybody.
const CHANGES: usize = 64;
/// Contacts changed at once where time stands still.
const AT_ONCE: usize = 64;

impl Handle {
    /// Changes everybody for whom a condition holds now, those who opted out as well. Answered when it is durable that it will
    /// be; [`Self::audiences`] says how far it is. Each change is a step of its contact like every other, with its journey.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] if the condition means nothing, or if there are too many changes.
    pub async fn change_all(&self, condition: &str, changes: Vec<Change>, by: Actor) -> Result<Audience, WriteError> {
        if changes.is_empty() || changes.len() > CHANGES {
            return Err(WriteError::Invalid(format!("make 1 to {CHANGES} changes at once")));
        }
        let whom = Whom::Where(condition.to_owned());
        drop(whom.judge(&self.bot()).map_err(WriteError::Invalid)?);
        let what = Occasion::Change { changes };
        let audience = self.shell.tell(|core, now| core.new_audience(now, what, by, whom, None));
        let record = audience.put();
        self.shell.put_record(&record.table, &record.key, record.value).await.map_err(|_| WriteError::Unavailable)?;
        let begun = audience.clone();
        self.shell.tell(move |core, _| core.begin_audience(begun));
        Ok(audience)
    }

    /// Changes these contacts at once, where time stands still and no audience goes on; answers how many could be changed.
    pub async fn change_each(&self, contacts: &[ContactId], changes: &[Change], by: &Actor) -> u64 {
        let mut changed = 0;
        for some in contacts.chunks(AT_ONCE) {
            let item = || InboxItem::Modify { changes: changes.to_vec(), by: by.clone() };
            let told = join_all(some.iter().map(|id| self.shell.submit(*id, item(), None))).await;
            changed += told.into_iter().filter(|answer| matches!(answer, Ok(Ok(_)))).count() as u64;
        }
        changed
    }
}

//! Journeys of others that name somebody who was erased, because the two looked like one or were one for a while: they name nobody any more.

use super::{Erasure, Progress};
use crate::{Handle, WriteError, core::Refusal};
use model::ContactId;
use std::collections::BTreeMap;
use store::PersonChange;

/// How often somebody is tried who has something under way; after that the whole sweep is tried again in a while.
const TRIES: u32 = 100;
/// The pause before the next try: 50 ms.
const PAUSE: i64 = 50_000;

/// Who is to name whom no more.
fn known_to(swept: &[Erasure]) -> BTreeMap<ContactId, Vec<ContactId>> {
    let mut known: BTreeMap<ContactId, Vec<ContactId>> = BTreeMap::new();
    for erasure in swept {
        let Progress::Sweeping { marks, .. } = &erasure.progress else { continue };
        let gone: Vec<ContactId> = marks.ids.iter().filter_map(|id| id.parse().ok()).collect();
        for other in &marks.known_to {
            known.entry(*other).or_default().extend(&gone);
        }
    }
    known
}

impl Handle {
    /// Makes the journeys of others name nobody of those who were erased.
    pub(super) async fn unname(&self, swept: &[Erasure]) -> Result<(), WriteError> {
        for (other, gone) in known_to(swept) {
            self.unname_in(other, gone).await?;
        }
        Ok(())
    }

    async fn unname_in(&self, other: ContactId, gone: Vec<ContactId>) -> Result<(), WriteError> {
        for _ in 0..TRIES {
            let person = self.shell.read(move |store| store.person(other)).await.ok_or(WriteError::Unavailable)?;
            // Whoever was erased as well names nobody.
            let Some(person) = person else { return Ok(()) };
            let change = PersonChange { unname: gone.clone(), ..PersonChange::new(other, person.version) };
            match self.shell.forget(change, Vec::new()).await {
                Ok(_) | Err(Refusal::NotFound) => return Ok(()),
                Err(Refusal::Changed) => self.shell.clock.sleep_until(self.now().plus_micros(PAUSE)).await,
                Err(_) => return Err(WriteError::Unavailable),
            }
        }
        Err(WriteError::Unavailable)
    }
}

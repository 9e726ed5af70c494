//! What is kept under others of somebody who was erased, because the two looked like one or were one for a while: their journeys name
//! nobody any more, and lines of chats that are kept under them go.

use super::{Erasure, Progress};
use crate::{Handle, WriteError, core::Refusal};
use model::{ContactId, Forgotten};
use std::collections::BTreeMap;
use store::PersonChange;

/// How often somebody is tried who has something under way; after that the whole sweep is tried again in a while.
const TRIES: u32 = 100;
/// The pause before the next try: 50 ms.
const PAUSE: i64 = 50_000;

/// What is to go of what is kept under somebody.
#[derive(Clone, Default)]
struct Theirs {
    /// Whom their journey is to name no more.
    names: Vec<ContactId>,
    /// Lines of others' conversations.
    forget: Forgotten,
}

/// Under whom something is kept of those who were erased.
fn known_to(swept: &[Erasure]) -> BTreeMap<ContactId, Theirs> {
    let mut known: BTreeMap<ContactId, Theirs> = BTreeMap::new();
    for erasure in swept {
        let Progress::Sweeping { marks, .. } = &erasure.progress else { continue };
        let gone: Vec<ContactId> = marks.ids.iter().filter_map(|id| id.parse().ok()).collect();
        for other in &marks.known_to {
            known.entry(*other).or_default().names.extend(&gone);
        }
        for (under, conversation, to) in &marks.kept_under {
            let lines = Forgotten { lines: vec![(*conversation, *to)], ..Forgotten::default() };
            known.entry(*under).or_default().forget.extend(&lines);
        }
    }
    known
}

impl Handle {
    /// Takes away what is kept under others of those who were erased.
    pub(super) async fn unname(&self, swept: &[Erasure]) -> Result<(), WriteError> {
        for (other, theirs) in known_to(swept) {
            self.unname_in(other, theirs).await?;
        }
        Ok(())
    }

    async fn unname_in(&self, other: ContactId, theirs: Theirs) -> Result<(), WriteError> {
        for _ in 0..TRIES {
            let person = self.shell.read(move |store| store.person(other)).await.ok_or(WriteError::Unavailable)?;
            // Whoever was erased as well keeps nothing and names nobody.
            let Some(person) = person else { return Ok(()) };
            let Theirs { names, forget } = theirs.clone();
            let change = PersonChange { unname: names, forget, ..PersonChange::new(other, person.version) };
            match self.shell.forget(change, Vec::new()).await {
                Ok(_) | Err(Refusal::NotFound) => return Ok(()),
                Err(Refusal::Changed) => self.shell.clock.sleep_until(self.now().plus_micros(PAUSE)).await,
                Err(_) => return Err(WriteError::Unavailable),
            }
        }
        Err(WriteError::Unavailable)
    }
}

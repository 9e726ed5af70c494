//! Making one contact of two, and two of one again; who may be the same person.

use super::{Handle, Unfindable};
use crate::{WriteError, core::resolved};
use crm::{
    directory::Key,
    merge::{self, Preview, likeness},
};
use model::{Actor, ContactId, MergeId, Person};
use std::{collections::BTreeSet, sync::Arc};

/// The most contacts that are suggested.
const SUGGESTED: usize = 50;

/// A contact that may be the same person, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// The other one.
    pub person: Arc<Person>,
    /// Why, in words, the strongest reason first.
    pub why: Vec<String>,
    /// What speaks against it, in words; the same as before a merge.
    pub warnings: Vec<String>,
}

impl Handle {
    /// The contact an id stands for: itself, or the one it was merged into; none if there is no such contact.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn stands_for(&self, id: ContactId) -> Result<Option<ContactId>, WriteError> {
        Ok(self.person(id).await?.map(|person| person.contact.id))
    }

    /// What merging `other` into `keep` would come to; nothing changes.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] if one of them does not exist; [`WriteError::Invalid`] if they are one already;
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn preview_merge(&self, keep: ContactId, other: ContactId) -> Result<Preview, WriteError> {
        let (keep, other) = (self.person(keep).await?, self.person(other).await?);
        let (Some(keep), Some(other)) = (keep, other) else { return Err(WriteError::NotFound) };
        if keep.contact.id == other.contact.id {
            return Err(WriteError::Invalid(merge::Refused::Same.to_string()));
        }
        Ok(merge::preview(&keep, &other, self.now()))
    }

    /// Makes one contact of two: `keep` survives, the id of `other` leads to it for good. Answered when it is durable, with the id under
    /// which it can be undone.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn merge(&self, keep: ContactId, other: ContactId, by: Actor) -> Result<MergeId, WriteError> {
        let outcome = self.shell.joining(|core, now, ticket| core.merge(now, keep, other, by, ticket)).await?;
        outcome.merge.ok_or(WriteError::Unavailable)
    }

    /// Makes two contacts again of what a merge made one. Answered when it is durable.
    ///
    /// # Errors
    /// [`WriteError`] says why not.
    pub async fn undo_merge(&self, merge: MergeId, by: Actor) -> Result<(), WriteError> {
        self.shell.joining(|core, now, ticket| core.undo_merge(now, merge, by, ticket)).await?;
        Ok(())
    }

    /// What is kept of a merge; none if there was none.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn merge_record(&self, id: MergeId) -> Result<Option<merge::Record>, WriteError> {
        let read = self.shell.read(move |store| store.record(merge::TABLE, &id.to_string()));
        let value = read.await.ok_or(WriteError::Unavailable)?;
        // One that is of another form cannot be shown; undoing it says so.
        Ok(value.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// Contacts that may be the same person as this one: known by the same e-mail address, phone number or id, verified or not, or by the
    /// same name and more. Those with the strongest reason first. None if there is no such contact.
    ///
    /// # Errors
    /// [`Unfindable`] if too many look for people at once, or if the store cannot be read.
    pub async fn duplicates(&self, id: ContactId) -> Result<Option<Vec<Duplicate>>, Unfindable> {
        let Some(person) = self.person(id).await.map_err(|_| Unfindable::Now)? else { return Ok(None) };
        let keys: Vec<Key> = person.contact.identifiers.iter().map(|i| Key::Known(i.kind, i.value.clone())).collect();
        let mut candidates: BTreeSet<ContactId> = self.shell.ask(|core| core.candidates(&keys)).into_iter().flatten().collect();
        if let Some(name) = merge::called(&person.contact) {
            candidates.extend(self.find(&name, SUGGESTED).await?.people.iter().map(|person| person.contact.id));
        }
        candidates.remove(&person.contact.id);
        let now = self.now();
        let read = self.shell.read(move |store| {
            let mut found = Vec::new();
            for id in candidates {
                let Some(other) = resolved(store, id)?.filter(|other| other.contact.id != person.contact.id) else { continue };
                let why = likeness(&person.contact, &other.contact);
                if !why.is_empty() {
                    let warnings = merge::preview(&person, &other, now).warnings;
                    found.push(Duplicate { person: other, why, warnings });
                }
            }
            found.sort_by_key(|duplicate| (std::cmp::Reverse(duplicate.why.len()), duplicate.person.contact.id));
            found.truncate(SUGGESTED);
            Ok(found)
        });
        read.await.map(Some).ok_or(Unfindable::Now)
    }
}

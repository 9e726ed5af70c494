//! Tags over everybody.

use super::{Handle, SegmentError};
use model::{ContactId, TagKey};
use segments::TagCount;

/// A tag that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagUse {
    /// As it is written.
    pub label: String,
    /// How many contacts have it.
    pub count: u64,
}

impl Handle {
    /// The tags that begin with a text (all of them with none), in the order of their folded text after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`SegmentError::Busy`] if too many ask of everybody at once; [`crate::WriteError::Unavailable`] if the store cannot be read.
    pub async fn tags(&self, begins: &str, after: Option<&str>, limit: usize) -> Result<Vec<TagUse>, SegmentError> {
        let (begins, after) = (model::fold(begins), after.map(model::fold));
        let counted = self
            .over_everybody(move |everybody, _, _| {
                let fits = |tag: &TagCount| tag.key.starts_with(&begins) && after.as_ref().is_none_or(|after| tag.key > *after);
                everybody.tag_counts().into_iter().filter(fits).take(limit).collect::<Vec<_>>()
            })
            .await?;
        let some: Vec<ContactId> = counted.iter().map(|tag| tag.one).collect();
        let people = self.people_of(some).await?;
        let label = |tag: &TagCount| {
            let person = people.iter().find(|person| person.contact.id == tag.one)?;
            Some(person.contact.tags.get(&TagKey::of(&tag.key))?.label.clone())
        };
        // Somebody's tag may have gone meanwhile: then its folded text stands for it.
        Ok(counted.iter().map(|tag| TagUse { label: label(tag).unwrap_or_else(|| tag.key.clone()), count: tag.count }).collect())
    }
}

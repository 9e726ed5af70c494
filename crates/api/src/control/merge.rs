//! What the command line asks about who is who: merging, undoing that, and who else may be the same person.

use super::ControlError;
use crate::v1;
use model::{Actor, ContactId, MergeId};
use runtime::{Handle, WriteError};
use serde_json::{Value, json};

/// Who did it, in journeys.
const BY: &str = "contacts merge";

pub(super) async fn merge(handle: &Handle, keep: ContactId, other: ContactId, preview: bool) -> Result<Value, ControlError> {
    for id in [keep, other] {
        handle.person(id).await?.ok_or(ControlError::NoContact(id))?;
    }
    if preview {
        return Ok(json!({ "preview": v1::merge_preview(handle.preview_merge(keep, other).await?) }));
    }
    let merge = handle.merge(keep, other, Actor::Api(BY.into())).await?;
    Ok(json!({ "merge": merge, "contact": handle.stands_for(keep).await? }))
}

pub(super) async fn undo(handle: &Handle, merge: MergeId) -> Result<Value, ControlError> {
    let record = handle.merge_record(merge).await?.ok_or(ControlError::NoMerge(merge))?;
    handle.undo_merge(merge, Actor::Api(BY.into())).await.map_err(|error| match error {
        WriteError::NotFound => ControlError::NoMerge(merge),
        error => error.into(),
    })?;
    Ok(json!({ "contact": record.keep, "other": record.other }))
}

pub(super) async fn duplicates(handle: &Handle, id: ContactId) -> Result<Value, ControlError> {
    let found = handle.duplicates(id).await?.ok_or(ControlError::NoContact(id))?;
    let shown = |duplicate: &runtime::Duplicate| {
        let contact = &duplicate.person.contact;
        json!({ "contact": contact.id, "name": contact.display_name(), "why": duplicate.why, "warnings": duplicate.warnings })
    };
    Ok(json!({ "duplicates": found.iter().map(shown).collect::<Vec<_>>() }))
}

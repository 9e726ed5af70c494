//! What the command line asks about whose data it is: erasing, certificates of that, everything about one person, rewriting the store.

use super::ControlError;
use crate::{personal, v1};
use model::{Actor, ContactId};
use runtime::{Handle, WriteError};
use serde_json::{Value, json};

/// Who did it, in journeys and certificates.
const BY: &str = "contacts erase";
/// The most certificates of one page.
const MOST: usize = 1_000;

pub(super) async fn erase(handle: &Handle, id: ContactId, preview: bool) -> Result<Value, ControlError> {
    let erased = v1::erase_contact(handle, id, preview, Actor::Api(BY.into())).await.map_err(|error| match error {
        WriteError::NotFound => ControlError::NoContact(id),
        error => error.into(),
    })?;
    Ok(serde_json::to_value(erased).expect("plain data"))
}

/// Certificates, the newest first, those of one erasure of many if it is named.
pub(super) async fn erasures(handle: &Handle, bulk: Option<String>, after: Option<String>, limit: usize) -> Result<Value, ControlError> {
    let page = v1::certificates(handle, bulk, after, limit.clamp(1, MOST)).await?;
    let page =
        page.ok_or_else(|| ControlError::Find("--after takes a certificate of this list: the last one of the page before".into()))?;
    Ok(serde_json::to_value(page).expect("plain data"))
}

/// One certificate.
pub(super) async fn erasure(handle: &Handle, id: String) -> Result<Value, ControlError> {
    let Some(erasure) = handle.erasure(&id).await else { return Err(ControlError::NoErasure(id)) };
    Ok(serde_json::to_value(v1::Certificate::of(handle, erasure).await).expect("plain data"))
}

pub(super) async fn data(handle: &Handle, id: ContactId) -> Result<Value, ControlError> {
    let personal::Data { contact, profile, conversations, waiting, journey, events, attachments } =
        personal::of(handle, id).await?.ok_or(ControlError::NoContact(id))?;
    Ok(json!({
        "contact": contact, "exported_at": handle.now().to_string(), "profile": profile, "conversations": conversations,
        "waiting": waiting, "journey": journey, "events": events, "attachments": attachments,
    }))
}

pub(super) async fn compact(handle: &Handle) -> Result<Value, ControlError> {
    Ok(json!({ "compacted": handle.compact().await? }))
}

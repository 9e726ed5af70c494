//! `keys` of the command line: which there are, making one, revoking one.

use super::ControlError;
use crate::keys;
use model::Instant;
use runtime::{ApiKey, Handle};
use serde_json::{Value, json};

/// Every key; never what it proves itself by.
pub(super) async fn list(handle: &Handle) -> Value {
    let keys = handle.api_keys().await;
    json!({ "keys": keys.iter().map(|(key, used)| shown(key, *used)).collect::<Vec<_>>() })
}

/// Makes one and tells it, this once.
pub(super) async fn create(handle: &Handle, name: &str, scopes: &[String], per_minute: Option<u32>) -> Result<Value, ControlError> {
    let (key, token) = keys::create(handle, name, scopes, per_minute).await?;
    Ok(json!({ "key": shown(&key, None), "token": token }))
}

/// Revokes one.
pub(super) async fn revoke(handle: &Handle, named: &str) -> Result<Value, ControlError> {
    let key = keys::revoke(handle, named).await?;
    Ok(json!({ "key": shown(&key, None) }))
}

fn shown(key: &ApiKey, used: Option<Instant>) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "per_minute": key.per_minute,
        "created_at": key.created_at.as_millis(),
        "last_used": used.map(Instant::as_millis),
        "revoked_at": key.revoked_at.map(Instant::as_millis),
    })
}

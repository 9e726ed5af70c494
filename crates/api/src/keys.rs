//! Keys of the HTTP API: made and revoked on the command line, shown once, told apart by an id that may be shown.
//!
//! A key reads `sbk_<id>_<secret>`: the prefix lets people and scanners recognise one that leaked, the id says which it is, and
//! the secret is 256 random bits of which only the SHA-256 is kept ([`runtime::ApiKey`]).

use crate::{agents::is_bidi_control, random};
use runtime::{ApiKey, Handle, Scope, WriteError};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, sync::Arc};
use subtle::ConstantTimeEq as _;

/// What every key begins with.
const PREFIX: &str = "sbk_";
/// Hexadecimal digits of an id, and of a secret.
const ID: usize = 12;
const SECRET: usize = 64;
/// Keys that open something.
const MOST: usize = 200;
/// Requests a minute, if nothing is said, and at the most.
pub(crate) const PER_MINUTE: u32 = 6_000;
const FASTEST: u32 = 1_000_000;

/// Why a key was not made or revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// One has this name.
    #[error("there is a key \"{0}\" already; revoke it first, or choose another name")]
    Exists(String),
    /// None has it.
    #[error("there is no key \"{0}\" that opens anything; `switchboard keys list` shows them")]
    Unknown(String),
    /// Something about the values, in words.
    #[error("{0}")]
    Invalid(String),
    /// It could not be stored.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Makes a key; answers it as it is kept, and the key itself, which is told this once.
///
/// # Errors
/// [`KeyError`], nothing stored then.
pub async fn create(handle: &Handle, name: &str, scopes: &[String], per_minute: Option<u32>) -> Result<(ApiKey, String), KeyError> {
    create_as(handle, new_id(), name, scopes, per_minute).await
}

/// An id for a new key.
pub(crate) fn new_id() -> String {
    random::hex(&random::bytes::<6>())
}

/// Makes a key with this id, which none has yet.
pub(crate) async fn create_as(
    handle: &Handle,
    id: String,
    name: &str,
    scopes: &[String],
    per_minute: Option<u32>,
) -> Result<(ApiKey, String), KeyError> {
    let name = name.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || is_bidi_control(c));
    if !fits {
        return Err(KeyError::Invalid("a key's name is 1 to 64 visible characters; it says whose it is".into()));
    }
    let scopes = read_scopes(scopes)?;
    let per_minute = per_minute.unwrap_or(PER_MINUTE);
    if per_minute == 0 || per_minute > FASTEST {
        return Err(KeyError::Invalid(format!("the rate is 1 to {FASTEST} requests a minute")));
    }
    let live: Vec<Arc<ApiKey>> = handle.api_keys().await.into_iter().map(|(key, _)| key).filter(|key| key.revoked_at.is_none()).collect();
    if live.iter().any(|key| model::fold(&key.name) == model::fold(name)) {
        return Err(KeyError::Exists(name.to_owned()));
    }
    if live.len() >= MOST {
        return Err(KeyError::Invalid(format!("there are {MOST} keys already; revoke those that nobody uses")));
    }
    let token = format!("{PREFIX}{id}_{}", random::hex(&random::bytes::<32>()));
    let key = ApiKey { id, name: name.to_owned(), scopes, digest: digest(&token), per_minute, created_at: handle.now(), revoked_at: None };
    handle.put_api_key(key.clone()).await?;
    Ok((key, token))
}

/// Revokes a key by its name or id: from the answer on it opens nothing.
///
/// # Errors
/// [`KeyError::Unknown`] if none that opens anything has it.
pub async fn revoke(handle: &Handle, named: &str) -> Result<ApiKey, KeyError> {
    let asked = model::fold(named.trim());
    // An id is what is shown of the key as well: `sbk_0123….`.
    let id = named.trim().strip_prefix(PREFIX).unwrap_or(named.trim());
    let live = handle.api_keys().await.into_iter().map(|(key, _)| key).filter(|key| key.revoked_at.is_none());
    let found = live.into_iter().find(|key| key.id == id || model::fold(&key.name) == asked);
    end(handle, found, named).await
}

/// The same by the id alone.
pub(crate) async fn revoke_id(handle: &Handle, id: &str) -> Result<ApiKey, KeyError> {
    end(handle, handle.api_key(id).await, id).await
}

async fn end(handle: &Handle, found: Option<Arc<ApiKey>>, named: &str) -> Result<ApiKey, KeyError> {
    let mut key = (*found.ok_or_else(|| KeyError::Unknown(named.chars().take(64).collect()))?).clone();
    key.revoked_at = Some(handle.now());
    handle.put_api_key(key.clone()).await?;
    Ok(key)
}

fn read_scopes(written: &[String]) -> Result<BTreeSet<Scope>, KeyError> {
    let all = || Scope::ALL.map(Scope::name).join(", ");
    if written.is_empty() {
        return Err(KeyError::Invalid(format!("say what the key may do: {}", all())));
    }
    let read = |name: &String| {
        let shown: String = name.chars().take(64).collect();
        Scope::named(name).ok_or_else(|| KeyError::Invalid(format!("there is no scope \"{shown}\"; the scopes are {}", all())))
    };
    written.iter().map(read).collect()
}

fn digest(token: &str) -> String {
    random::hex(&Sha256::digest(token.as_bytes()))
}

/// The key a token is, if it opens anything.
pub(crate) async fn of(handle: &Handle, token: &str) -> Option<Arc<ApiKey>> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    let is_hex = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex(id, ID) || !is_hex(secret, SECRET) {
        return None;
    }
    let key = handle.api_key(id).await?;
    bool::from(digest(token).as_bytes().ct_eq(key.digest.as_bytes())).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_by_name_and_at_least_one_is_needed() {
        let read = |names: &[&str]| read_scopes(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["events:write", "segments:read"]).unwrap(), BTreeSet::from([Scope::SegmentsRead, Scope::EventsWrite]));
        for bad in [&[][..], &["events"], &["events:write", "*"], &["EVENTS:WRITE"]] {
            let why = read(bad).unwrap_err().to_string();
            assert!(why.contains("contacts:read, contacts:write, segments:read"), "{why}");
        }
    }
}

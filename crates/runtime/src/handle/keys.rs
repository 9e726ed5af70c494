//! Keys: the programs that may use the HTTP API, held in memory because every request asks for one.
//!
//! A key is known by an id that may be shown and proves itself by a secret of which only a digest is kept. The secret is 256
//! random bits, so its SHA-256 is as good a guard as a slow hash: there is nothing to guess, and a request must not wait.
//!
//! **Invariant.** A revoked key opens nothing from the moment its revocation is answered: what is held in memory is replaced
//! before the answer, and reads and changes of the table take turns.

use super::Handle;
use crate::WriteError;
use model::Instant;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// The table of keys, by id.
pub(crate) const TABLE: &str = "api_keys";
/// The table of when each was used last; apart, so that noting it never brings back a key that was revoked meanwhile.
const USED: &str = "api_keys_used";
/// How often the last use of a key is written down: ten minutes.
const NOTE: i64 = 600_000_000;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// See contacts.
    #[serde(rename = "contacts:read")]
    ContactsRead,
    /// Change contacts.
    #[serde(rename = "contacts:write")]
    ContactsWrite,
    /// See segments and who is in them.
    #[serde(rename = "segments:read")]
    SegmentsRead,
    /// Make, change and delete segments; put contacts on lists.
    #[serde(rename = "segments:write")]
    SegmentsWrite,
    /// Raise events.
    #[serde(rename = "events:write")]
    EventsWrite,
    /// See, make and revoke keys.
    #[serde(rename = "keys:write")]
    KeysWrite,
    /// See, make, change and delete webhooks, and what they were told.
    #[serde(rename = "webhooks:write")]
    WebhooksWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::SegmentsRead,
        Self::SegmentsWrite,
        Self::EventsWrite,
        Self::KeysWrite,
        Self::WebhooksWrite,
    ];

    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::SegmentsRead => "segments:read",
            Self::SegmentsWrite => "segments:write",
            Self::EventsWrite => "events:write",
            Self::KeysWrite => "keys:write",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id: the part of the key that may be shown.
    pub id: String,
    /// Whose it is, for people; what the journey says of what it did.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The SHA-256 of the whole key, as lower-case hexadecimal digits.
    pub digest: String,
    /// Requests a minute.
    pub per_minute: u32,
    /// When it was made.
    pub created_at: Instant,
    /// Since when it opens nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
}

/// Last use: as seen in this process, and as written down.
#[derive(Clone, Copy)]
struct Use {
    at: Instant,
    written: Instant,
}

/// All keys by id, replaced whole.
type All = Arc<BTreeMap<String, Arc<ApiKey>>>;

/// Keys in memory.
#[derive(Default)]
pub(crate) struct Keys {
    /// None until they are first asked for.
    known: RwLock<Option<All>>,
    used: Mutex<BTreeMap<String, Use>>,
    /// Held while the table is read or changed.
    turn: tokio::sync::Mutex<()>,
}

impl Keys {
    fn known(&self) -> Option<All> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, keys: BTreeMap<String, Arc<ApiKey>>) -> All {
        let keys = Arc::new(keys);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        keys
    }
}

impl Handle {
    /// Every key, revoked ones included, with when it was used last (to ten minutes once the server was stopped).
    pub async fn api_keys(&self) -> Vec<(Arc<ApiKey>, Option<Instant>)> {
        let stored: BTreeMap<String, Instant> =
            self.records(USED).await.into_iter().filter_map(|(id, at)| Some((id, serde_json::from_value(at).ok()?))).collect();
        let keys = self.known_keys().await;
        let seen = self.keys.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = |id: &String| seen.get(id).map(|u| u.at).into_iter().chain(stored.get(id).copied()).max();
        keys.iter().map(|(id, key)| (key.clone(), used(id))).collect()
    }

    /// A key by its id, unless it was revoked.
    pub async fn api_key(&self, id: &str) -> Option<Arc<ApiKey>> {
        let keys = match self.keys.known() {
            Some(keys) => keys,
            None => self.known_keys().await,
        };
        keys.get(id).filter(|key| key.revoked_at.is_none()).cloned()
    }

    /// Adds a key, or changes the one with this id. Answered when it is durable; from then on it holds.
    ///
    /// # Errors
    /// [`WriteError`] if the store refuses.
    pub async fn put_api_key(&self, key: ApiKey) -> Result<(), WriteError> {
        let _turn = self.keys.turn.lock().await;
        let mut keys = match self.keys.known() {
            Some(keys) => (*keys).clone(),
            None => self.read_keys().await,
        };
        let value = serde_json::to_value(&key).map_err(|why| WriteError::Invalid(why.to_string()))?;
        self.put_record(TABLE, &key.id, Some(value)).await?;
        keys.insert(key.id.clone(), Arc::new(key));
        self.keys.hold(keys);
        Ok(())
    }

    /// Takes note that a key was used.
    pub fn api_key_used(&self, id: &str) {
        let now = self.now();
        let write = {
            let mut used = self.keys.used.lock().unwrap_or_else(PoisonError::into_inner);
            match used.get_mut(id) {
                Some(known) => {
                    known.at = now;
                    let late = now.micros_since(known.written) >= NOTE;
                    if late {
                        known.written = now;
                    }
                    late
                }
                None => used.insert(id.to_owned(), Use { at: now, written: now }).is_none(),
            }
        };
        if write {
            let (handle, id) = (self.clone(), id.to_owned());
            // Nobody waits for it; what is lost in a crash is a time in a list.
            self.shell.runtime.spawn(async move {
                let _ = handle.put_record(USED, &id, serde_json::to_value(now).ok()).await;
            });
        }
    }

    async fn known_keys(&self) -> All {
        let _turn = self.keys.turn.lock().await;
        match self.keys.known() {
            Some(keys) => keys,
            None => {
                let keys = self.read_keys().await;
                self.keys.hold(keys)
            }
        }
    }

    async fn read_keys(&self) -> BTreeMap<String, Arc<ApiKey>> {
        let read = |(id, value)| match serde_json::from_value::<ApiKey>(value) {
            Ok(key) => Some((id, Arc::new(key))),
            Err(error) => {
                // One with a scope of a newer version, say: it opens nothing here.
                tracing::warn!(key = id, %error, "an API key cannot be read and opens nothing");
                None
            }
        };
        self.records(TABLE).await.into_iter().filter_map(read).collect()
    }
}

//! Idempotency keys: the same request told twice is done once.
//!
//! An event is remembered with what it did, in the same commit (`model::SEEN_FOR`, `model::SEEN_LIMIT`), under the key and what the
//! request says. A request that makes something claims the id of what it will make before it makes it ([`Once::claim`]); the claim is
//! durable, and making the same id twice makes one. So neither a crash nor a restart doubles anything. For events it is only
//! remembered in memory which request a key stood for lately, to tell a program that uses one key for two different requests.

use super::openapi::{Operation, Part};
use crate::{problem::Problem, random};
use axum::extract::FromRequestParts;
use http::{HeaderMap, StatusCode, request::Parts};
use model::SEEN_FOR;
use runtime::Handle;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

/// Keys remembered at once; the oldest go first.
const REMEMBERED: usize = 50_000;
/// The longest key, in bytes.
const LONGEST: usize = 128;
/// A day in microseconds: claims of one day are one table, so that old ones go together.
const DAY: i64 = 86_400_000_000;
/// For how many days after they are over claims are looked for to be dropped; a server that was off longer keeps a few rows.
const SWEPT: i64 = 60;
/// Claims with one of so many remainders take turns.
const TURNS: usize = 64;
/// Tokens of keys that were made that way, and are remembered in memory alone; the oldest go first.
const TOKENS: usize = 256;

type Short = [u8; 16];

fn short(parts: &[&str]) -> Short {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut out = [0; 16];
    out.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    out
}

/// The digest of what a request says, as text.
pub(crate) fn digest(parts: &[&str]) -> String {
    random::hex(&short(parts))
}

#[derive(Default)]
struct Stood {
    requests: HashMap<Short, Short>,
    oldest: VecDeque<Short>,
}

/// Which request a key stood for lately.
pub(crate) struct Once {
    stood: Mutex<Stood>,
    turns: [tokio::sync::Mutex<()>; TURNS],
    /// The last day on which old claims were dropped.
    swept: AtomicI64,
    /// What keys made here prove themselves by, so that a repetition is answered the same; never written down.
    tokens: Mutex<VecDeque<(String, String)>>,
}

impl Default for Once {
    fn default() -> Self {
        Self {
            stood: Mutex::default(),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            swept: AtomicI64::new(0),
            tokens: Mutex::default(),
        }
    }
}

/// What a request makes.
pub(crate) struct Claim {
    /// Its id.
    pub(crate) id: String,
    /// Whether the request was told before; what it makes may be there already.
    pub(crate) repeated: bool,
}

/// A claim as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The digest of what the request says.
    said: String,
    /// What it makes.
    id: String,
}

fn table(day: i64) -> String {
    format!("api_once/{day}")
}

impl Once {
    /// The id of what a request makes: a new one, or with an idempotency key the one that the same request got before, within seven
    /// days. Durable before it is answered.
    ///
    /// # Errors
    /// 422 if the key stood for another request, what `new` says, or what the store says.
    pub(crate) async fn claim(
        &self,
        handle: &Handle,
        caller: &str,
        what: &str,
        key: &IdempotencyKey,
        said: &str,
        new: impl FnOnce() -> Result<String, Problem>,
    ) -> Result<Claim, Problem> {
        let Some(key) = &key.0 else { return Ok(Claim { id: new()?, repeated: false }) };
        let (place, said) = (short(&[caller, what, key]), digest(&[said]));
        let row = random::hex(&place);
        let turn = self.turns.get(usize::from(place[0]) % TURNS);
        let _turn = match turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let today = handle.now().0.div_euclid(DAY);
        self.sweep(handle, today);
        for day in (today - SEEN_FOR / DAY..=today).rev() {
            let Some(known) = handle.record(&table(day), &row).await else { continue };
            let Ok(kept) = serde_json::from_value::<Kept>(known) else { continue };
            return if kept.said == said { Ok(Claim { id: kept.id, repeated: true }) } else { Err(reused()) };
        }
        let id = new()?;
        handle.put_record(&table(today), &row, Some(json!(Kept { said, id: id.clone() }))).await?;
        Ok(Claim { id, repeated: false })
    }

    /// Drops claims that are over, once a day, while nobody waits for it.
    fn sweep(&self, handle: &Handle, today: i64) {
        if self.swept.swap(today, Ordering::Relaxed) == today {
            return;
        }
        let handle = handle.clone();
        tokio::spawn(async move {
            let over = today - SEEN_FOR / DAY;
            for day in over - SWEPT..over {
                for (row, _) in handle.records(&table(day)).await {
                    // What stays is dropped tomorrow.
                    let _ = handle.put_record(&table(day), &row, None).await;
                }
            }
        });
    }

    /// Keeps the token of an API key in memory.
    pub(crate) fn keep_token(&self, id: &str, token: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push_back((id.to_owned(), token.to_owned()));
        if tokens.len() > TOKENS {
            tokens.pop_front();
        }
    }

    /// The token of an API key that was made here lately.
    pub(crate) fn token(&self, id: &str) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().find(|(known, _)| known == id).map(|(_, token)| token.clone())
    }

    /// Takes note that a key stands for a request.
    ///
    /// # Errors
    /// 422 if it stood for another one.
    pub(crate) fn stands_for(&self, key: &[&str], said: &str) -> Result<(), Problem> {
        let (key, said) = (short(key), short(&[said]));
        let mut stood = self.stood.lock().unwrap_or_else(PoisonError::into_inner);
        match stood.requests.get(&key) {
            Some(known) if *known == said => Ok(()),
            Some(_) => Err(reused()),
            None => {
                if stood.oldest.len() >= REMEMBERED
                    && let Some(oldest) = stood.oldest.pop_front()
                {
                    stood.requests.remove(&oldest);
                }
                stood.requests.insert(key, said);
                stood.oldest.push_back(key);
                Ok(())
            }
        }
    }
}

fn reused() -> Problem {
    let detail = "this Idempotency-Key stood for another request; use a new one for each request, and the same only to repeat it";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
}

/// The idempotency key of a request, if it has one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Sync + Send> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        key(&parts.headers).map(Self)
    }
}

impl Part for IdempotencyKey {
    fn tell(operation: &mut Operation<'_>) {
        let text = "Makes a repetition harmless: the same key with the same request does it once and has the same answer, for seven days.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$" });
        operation.header("Idempotency-Key", text, &schema);
        operation.refuses(400, "idempotency_key", "the idempotency key is not one plain text");
        operation.refuses(422, "idempotency_key_reused", "the idempotency key stood for another request");
    }
}

/// The key of a request, if it has one.
///
/// # Errors
/// 400 if it has several, or one that is empty, too long or not visible ASCII.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let (first, second) = (given.next(), given.next());
    let Some(first) = first else { return Ok(None) };
    let text = first.to_str().ok().filter(|t| (1..=LONGEST).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic()));
    match (text, second) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => {
            let detail = format!("Idempotency-Key is one text of 1 to {LONGEST} visible ASCII characters without spaces");
            Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_key_stands_for_one_request() {
        let once = Once::default();
        once.stands_for(&["k", "1"], "a").unwrap();
        once.stands_for(&["k", "1"], "a").unwrap();
        once.stands_for(&["k1", ""], "b").unwrap();
        assert!(once.stands_for(&["k", "1"], "b").is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let once = Once::default();
        for n in 0..REMEMBERED + 10 {
            once.stands_for(&[&n.to_string()], "a").unwrap();
        }
        assert_eq!(once.stood.lock().unwrap().requests.len(), REMEMBERED);
        once.stands_for(&["0"], "b").expect("the oldest was forgotten");
        assert!(once.stands_for(&[&(REMEMBERED + 9).to_string()], "b").is_err());
    }

    #[test]
    fn a_key_is_one_plain_text() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("idempotency-key", HeaderValue::from_str(value).unwrap());
            }
            key(&headers)
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["order-7"]).unwrap().as_deref(), Some("order-7"));
        for bad in [&[""][..], &["a b"], &["a", "b"], &[&"x".repeat(129)]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}

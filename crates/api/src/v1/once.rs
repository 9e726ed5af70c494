//! Idempotency keys: the same request told twice is done once.
//!
//! What is done is remembered with what it did, in the same commit (`model::SEEN_FOR`, `model::SEEN_LIMIT`), under the key and
//! what the request says: so neither a crash nor a restart doubles anything. Here is only remembered which request a key stood
//! for lately, to tell a program that uses one key for two different requests.

use crate::{problem::Problem, random};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Keys remembered at once; the oldest go first.
const REMEMBERED: usize = 50_000;
/// The longest key, in bytes.
const LONGEST: usize = 128;

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
#[derive(Default)]
pub(crate) struct Once(Mutex<Stood>);

impl Once {
    /// Takes note that a key stands for a request.
    ///
    /// # Errors
    /// 422 if it stood for another one.
    pub(crate) fn stands_for(&self, key: &[&str], said: &str) -> Result<(), Problem> {
        let (key, said) = (short(key), short(&[said]));
        let mut stood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stood.requests.get(&key) {
            Some(known) if *known == said => Ok(()),
            Some(_) => {
                let detail =
                    "this Idempotency-Key stood for another request; use a new one for each request, and the same only to repeat it";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail))
            }
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

/// The key of a request, if it has one.
///
/// # Errors
/// 400 if it has several, or one that is empty, too long or not visible ASCII.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
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
        assert_eq!(once.0.lock().unwrap().requests.len(), REMEMBERED);
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

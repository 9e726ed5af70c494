//! The rate of a key: so many requests in each minute, told in the headers of every answer.

use model::Instant;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// What a key has left of its minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests a minute.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// Seconds until the next minute begins, at least 1.
    pub reset: u64,
}

/// Minutes of keys; there are as many as keys that ask.
#[derive(Default)]
pub(crate) struct Rates {
    minutes: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Rates {
    /// Takes one request of a key's minute, if one is left.
    pub(crate) fn take(&self, key: &str, limit: u32, now: Instant) -> (bool, Left) {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = match minutes.get_mut(key) {
            Some(minute) => minute,
            None => minutes.entry(key.to_owned()).or_insert((now, 0)),
        };
        // A clock that was set back begins a minute as well.
        if !(0..MINUTE).contains(&now.micros_since(minute.0)) {
            *minute = (now, 0);
        }
        let allowed = minute.1 < limit;
        minute.1 = minute.1.saturating_add(u32::from(allowed));
        let reset = (MINUTE - now.micros_since(minute.0)).unsigned_abs().div_ceil(1_000_000).max(1);
        (allowed, Left { limit, remaining: limit.saturating_sub(minute.1), reset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn a_key_has_its_minute_and_the_next_one_begins_anew() {
        let rates = Rates::default();
        let take = |key, millis| rates.take(key, 2, at(millis));
        assert_eq!(take("a", 0), (true, Left { limit: 2, remaining: 1, reset: 60 }));
        assert_eq!(take("a", 500), (true, Left { limit: 2, remaining: 0, reset: 60 }));
        assert_eq!(take("a", 59_001), (false, Left { limit: 2, remaining: 0, reset: 1 }));
        assert!(take("b", 59_001).0, "keys do not share");
        assert!(take("a", 60_000).0);
        assert!(take("a", 60_000).0 && !take("a", 60_001).0);
        assert!(take("a", 0).0, "the clock was set back");
    }
}

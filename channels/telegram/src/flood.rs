//! Whether a flood limit is a chat's or the whole bot's.
//!
//! Telegram's answer is the same for both: "retry after n". One chat that is told to wait waits alone; when several
//! chats are told to wait at the same time, the limit is taken for the bot's and all of them wait.

use model::Instant;
use std::{collections::BTreeMap, sync::Mutex};

/// This many chats that wait at once are taken for the whole bot.
const CHATS: usize = 3;

/// Chats that were told to wait, and until when.
#[derive(Default)]
pub struct Flood {
    waiting: Mutex<BTreeMap<i64, Instant>>,
}

impl Flood {
    /// A chat was told to wait this long; answers whether the whole bot should.
    pub fn told(&self, chat: i64, now: Instant, after_ms: u64) -> bool {
        let mut waiting = self.waiting.lock().expect("nothing panics while it holds the chats");
        waiting.retain(|_, until| *until > now);
        if waiting.len() < CHATS || waiting.contains_key(&chat) {
            waiting.insert(chat, now.plus_micros(i64::try_from(after_ms.saturating_mul(1_000)).unwrap_or(i64::MAX)));
        }
        waiting.len() >= CHATS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_chats_at_once_are_the_bot() {
        let (flood, at) = (Flood::default(), |secs: i64| Instant::from_secs(1_000 + secs));
        assert!(!flood.told(1, at(0), 5_000));
        assert!(!flood.told(1, at(1), 5_000));
        assert!(!flood.told(2, at(2), 1_000));
        assert!(flood.told(3, at(2), 1_000));
        assert!(!flood.told(4, at(4), 1_000), "the waits of 2 and 3 are over");
    }
}

//! Reply keyboards that may still be open: quick replies are shown once, so an answered keyboard is taken away.
//!
//! Telegram closes a reply keyboard when one of its keys is used, not when the person types instead. The next message
//! after an answer then takes it away. This is memory of the running process only: after a restart a keyboard stays
//! until the next one, which is harmless, since a late key is text like any other.

use std::{collections::BTreeMap, sync::Mutex};

/// More chats than this with an open keyboard are not remembered.
const LIMIT: usize = 100_000;

/// Chats with a keyboard, and whether the person answered since.
#[derive(Default)]
pub struct Keyboards {
    open: Mutex<BTreeMap<i64, bool>>,
}

impl Keyboards {
    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, bool>> {
        self.open.lock().expect("nothing panics while it holds the keyboards")
    }

    /// A keyboard was shown.
    pub fn shown(&self, chat: i64) {
        let mut open = self.open();
        if open.len() < LIMIT || open.contains_key(&chat) {
            open.insert(chat, false);
        }
    }

    /// The person wrote something.
    pub fn answered(&self, chat: i64) {
        if let Some(answered) = self.open().get_mut(&chat) {
            *answered = true;
        }
    }

    /// Whether the next message should take the chat's keyboard away.
    pub fn is_spent(&self, chat: i64) -> bool {
        self.open().get(&chat) == Some(&true)
    }

    /// It was taken away.
    pub fn removed(&self, chat: i64) {
        self.open().remove(&chat);
    }
}

//! The key under which a provider's message id is remembered against a second delivery.

use super::Core;
use model::{Instant, Person};
use sha2::{Digest, Sha256};

/// What keys are made with: the same as long as the core is there.
#[derive(Clone, Copy)]
pub(crate) struct SeenKey(u64);

impl Core {
    /// For whoever asks about many.
    pub(crate) fn seen_key(&self) -> SeenKey {
        SeenKey(self.salt)
    }
}

impl SeenKey {
    /// Whether somebody took an item with this `once` before.
    pub(crate) fn has_taken(self, person: &Person, once: &str, now: Instant) -> bool {
        person.has_seen(key(self.0, "", once), now)
    }
}

/// 64 bits of a keyed hash of channel and provider id. Keyed, so that nobody can choose ids that collide.
pub(super) fn key(salt: u64, channel: &str, provider_id: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(salt.to_be_bytes());
    // A length before the channel keeps `a` + `bc` apart from `ab` + `c`.
    hash.update((channel.len() as u64).to_be_bytes());
    hash.update(channel.as_bytes());
    hash.update(provider_id.as_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn channel_id_and_salt_all_count() {
        assert_eq!(key(1, "web", "7"), key(1, "web", "7"));
        assert_ne!(key(1, "web", "7"), key(2, "web", "7"));
        assert_ne!(key(1, "we", "b7"), key(1, "web", "7"));
    }
}

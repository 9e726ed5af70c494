//! Passwords: argon2id, checked in the same time and memory whether the account exists or not.
//!
//! A check costs 19 MiB and tens of milliseconds by design, so few run at once: signing in must not be a lever to
//! stop the server.

use crate::random;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// The shortest password that is taken, in characters.
pub const SHORTEST: usize = 10;
/// The longest password that is taken, in bytes.
pub const LONGEST: usize = 256;

/// Checks that run at the same time.
const AT_ONCE: usize = 2;
/// How long a check waits for its turn before the answer is "busy".
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// The argon2id hash of a password, in PHC form. Slow by design: not for async code.
pub fn hash(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("argon2 with its default parameters hashes every password, given random bytes for the salt")
        .to_string()
}

/// A password nobody can guess and people can type: four groups of five, 100 bits.
pub fn random_password() -> String {
    // 32 signs, so that every five bits are one; none that look alike.
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut text = String::with_capacity(23);
    for (i, byte) in random::bytes::<20>().into_iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(SIGNS[usize::from(byte % 32)]));
    }
    text
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Too many checks wait already.
#[derive(Debug)]
pub(crate) struct Busy;

/// Checks passwords, a few at a time.
pub(crate) struct Checker {
    turns: Arc<Semaphore>,
    /// What the password of an unknown account is checked against, so that it takes as long.
    nobody: String,
}

impl Checker {
    /// Hashes once, so it takes tens of milliseconds.
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: hash(&random_password()) }
    }

    /// Whether the password is the account's; `None` is an account that does not exist or may not sign in, and is
    /// never right.
    pub(crate) async fn check(&self, password: String, account: Option<String>) -> Result<bool, Busy> {
        let waiting = tokio::time::timeout(TURN_WITHIN, Arc::clone(&self.turns).acquire_owned());
        let turn = waiting.await.map_err(|_| Busy)?.map_err(|_| Busy)?;
        let exists = account.is_some();
        let hash = account.unwrap_or_else(|| self.nobody.clone());
        let checked = tokio::task::spawn_blocking(move || {
            // The turn is held by the work, not by the request, which may be gone before it ends.
            let _turn = turn;
            matches(&password, &hash)
        });
        Ok(checked.await.unwrap_or(false) && exists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_matches_its_password_alone_and_is_salted() {
        let one = hash("correct horse");
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert!(matches("correct horse", &one));
        assert!(!matches("correct horsf", &one) && !matches("", &one));
        assert_ne!(one, hash("correct horse"));
        assert!(!matches("anything", "") && !matches("anything", "$argon2id$broken"));
    }

    #[test]
    fn random_passwords_have_their_length_and_differ() {
        let made: std::collections::BTreeSet<String> = (0..100).map(|_| random_password()).collect();
        assert_eq!(made.len(), 100);
        assert!(made.iter().all(|p| p.len() == 23 && p.chars().count() >= SHORTEST));
    }

    #[tokio::test]
    async fn an_unknown_account_is_checked_against_a_hash_of_equal_cost_and_never_right() {
        let checker = Checker::new();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&checker.nobody), cost(&hash("x")), "same algorithm, version and parameters");
        assert!(!checker.check("anything".into(), None).await.unwrap());
        assert!(checker.check("known".into(), Some(hash("known"))).await.unwrap());
    }
}

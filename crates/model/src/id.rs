//! Ids: 128 bits, time-ordered, written `con_01…` (a prefix that names the kind, then Crockford base 32).
//!
//! An id needs no central counter: it is a millisecond and 80 bits drawn from a seed, so the same step makes
//! the same ids.

use crate::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};
use ulid::Ulid;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not an id of the form {prefix}_…")]
pub struct IdError {
    /// What was given, cut to 64 characters.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// Reads either written form of an id: serde buffers some values, and forgets then which of the two to expect.
struct Form<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = IdError> + From<u128>> de::Visitor<'_> for Form<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &"the 16 bytes of an id"))?;
        Ok(T::from(u128::from_be_bytes(bytes)))
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The big-endian bytes; their order is the order in time.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The id whose bytes these are.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), Ulid::from(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == 26)
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    .map(|ulid| Self(ulid.into()))
                    .ok_or_else(|| IdError { text: text.chars().take(64).collect(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            /// Text where a human may read it, the 16 bytes elsewhere.
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.to_bytes()) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    from.deserialize_str(Form(std::marker::PhantomData))
                } else {
                    from.deserialize_bytes(Form(std::marker::PhantomData))
                }
            }
        }

        impl From<u128> for $name {
            fn from(bits: u128) -> Self {
                Self(bits)
            }
        }
    )*};
}

ids! {
    /// A person in the contact book.
    ContactId = "con";
    /// A contact on one channel address.
    ConversationId = "cnv";
    /// A skill in progress.
    RunId = "run";
    /// One message of a transcript.
    MessageId = "msg";
    /// One recorded event.
    EventId = "evt";
    /// One entry of a contact's journey.
    JourneyId = "jrn";
    /// A human who answers at the desk.
    AgentId = "agt";
    /// One request for a human.
    RequestId = "req";
    /// One merge of two contacts.
    MergeId = "mrg";
}

impl JourneyId {
    /// When the entry was written, to the millisecond. What it tells may have happened earlier.
    pub fn written_at(self) -> Instant {
        Instant::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }
}

/// Makes ids from a time and a seed, the same ones for the same two.
#[derive(Debug, Clone)]
pub struct IdSource {
    millis: u64,
    state: u64,
}

impl IdSource {
    /// A source for one step that happens at `now`.
    pub fn new(now: Instant, seed: u64) -> Self {
        Self { millis: now.as_millis().max(0).unsigned_abs() & 0xFFFF_FFFF_FFFF, state: seed }
    }

    /// The next id; later ones of the same source sort after earlier ones of an earlier millisecond only.
    #[expect(clippy::should_implement_trait, reason = "it makes ids of whatever kind is asked for and never ends")]
    pub fn next<T: From<u128>>(&mut self) -> T {
        let random = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        T::from((u128::from(self.millis) << 80) | (random & ((1 << 80) - 1)))
    }

    /// 64 deterministic bits (splitmix64).
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_keeps_order() {
        let mut early = IdSource::new(Instant::from_millis(1_000), 1);
        let mut late = IdSource::new(Instant::from_millis(2_000), 1);
        let (a, b): (ContactId, ContactId) = (early.next(), late.next());
        assert!(a < b && a.to_string() < b.to_string());
        assert_eq!(a.to_string().parse::<ContactId>(), Ok(a));
        assert!(a.to_string().parse::<RunId>().is_err());
        assert!("con_".parse::<ContactId>().is_err());
    }
}

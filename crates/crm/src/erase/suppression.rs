//! That somebody does not want to be written to, kept without them.
//!
//! A hash is an HMAC under a salt that never leaves the data folder, of what the person was reached by. It leads nowhere by
//! itself; met again, it says what they said. A person met so begins as unsubscribed: what they write is answered, nothing
//! else is sent, and `/start` or an opt-in word subscribes them again and takes the hash away (FL 7.9).

use hmac::{Hmac, KeyInit, Mac};
use model::{Address, Consent, Contact, IdentifierKind, Instant, MESSAGES, Value};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{collections::BTreeMap, fmt::Write as _};

/// The status of whoever does not want to be written to.
pub const UNSUBSCRIBED: &str = "unsubscribed";

/// The key of the hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Salt {
    /// A salt of these random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is kept: 64 hexadecimal digits.
    pub fn to_text(&self) -> String {
        hex(&self.0)
    }

    /// The salt that [`Salt::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The hash of some text of a kind.
    pub fn hash(&self, kind: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key may have any length");
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        hex(mac.finalize().into_bytes().get(..16).unwrap_or_default())
    }

    /// The hash of an address.
    pub fn address(&self, address: &Address) -> String {
        self.hash("address", &format!("{}\0{}", address.channel, address.id))
    }

    /// The hash of an identifier, in the form in which identifiers are compared.
    pub fn identifier(&self, kind: IdentifierKind, value: &str) -> String {
        self.hash(kind.name(), value)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What somebody wanted, kept under the hash of what they were reached by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Since when.
    pub since: Instant,
    /// Whether they wanted no messages at all.
    #[serde(default)]
    pub unsubscribed: bool,
    /// The topics they refused, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, Instant>,
}

impl Suppression {
    /// What must be remembered of a contact; none if they may be written to.
    pub fn of(contact: &Contact, now: Instant) -> Option<Self> {
        let holds = |key: &str| Consent::parts(key).0 != MESSAGES || contact.refusals_of_messages().any(|(refused, _)| refused == key);
        let refused: BTreeMap<String, Instant> = contact
            .consents
            .iter()
            .filter(|(topic, consent)| !consent.given && holds(topic))
            .map(|(topic, consent)| (topic.clone(), consent.at))
            .collect();
        // Who is blocked as well is unsubscribed behind that.
        let unsubscribed = contact.status == UNSUBSCRIBED || contact.refuses_messages();
        let since = refused.values().copied().min().unwrap_or(now);
        (unsubscribed || !refused.is_empty()).then_some(Self { since, unsubscribed, refused })
    }

    /// Makes a new contact want what this says. What they said themselves meanwhile holds.
    pub fn apply(&self, contact: &mut Contact) {
        for (topic, at) in &self.refused {
            contact.consents.entry(topic.clone()).or_insert_with(|| Consent {
                given: false,
                at: *at,
                by: model::Actor::System,
                proof: "refused before, and kept when the data of that time was erased".into(),
            });
        }
        // What earlier releases kept of somebody who was blocked as well says it by the topics alone.
        if (self.unsubscribed || contact.refuses_messages()) && contact.status == "active" {
            contact.status = UNSUBSCRIBED.into();
        }
    }
}

/// The hashes of everything a contact is reached by: addresses, identifiers, and attributes that are an e-mail address or a
/// phone number, whatever they are called.
pub fn hashes_of(contact: &Contact, salt: &Salt) -> Vec<String> {
    let mut hashes: Vec<String> = contact.addresses.iter().map(|reach| salt.address(&reach.address)).collect();
    hashes.extend(contact.identifiers.iter().map(|one| salt.identifier(one.kind, &one.value)));
    for value in contact.attributes.values().chain(contact.system.values()) {
        let Value::Text(text) = value else { continue };
        for kind in [IdentifierKind::Email, IdentifierKind::Phone] {
            hashes.extend(kind.normal(text).map(|normal| salt.identifier(kind, &normal)));
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Actor, Change, ContactId};

    fn ana() -> Contact {
        let mut contact = Contact::new(ContactId(1), Instant(5), Address { channel: "web".into(), id: "v_1".into() }, "organic");
        contact.attributes.insert("mail".into(), Value::text("Ana@Shop.Example"));
        contact
    }

    #[test]
    fn who_may_be_written_to_leaves_nothing() {
        assert_eq!(Suppression::of(&ana(), Instant(9)), None);
    }

    #[test]
    fn what_was_refused_is_met_again_by_whichever_way_they_come() {
        let salt = Salt::new([7; 32]);
        let mut contact = ana();
        contact.status = UNSUBSCRIBED.into();
        let refuse = Change::Consent { topic: "news".into(), channel: None, given: false, proof: "no (web)".into() };
        contact.apply(&refuse, Instant(7), &Actor::Customer);
        let kept = Suppression::of(&contact, Instant(9)).expect("they refused");
        let hashes = hashes_of(&contact, &salt);
        assert_eq!(hashes.len(), 2);
        let imported = salt.identifier(IdentifierKind::Email, "ana@shop.example");
        let written = salt.address(&Address { channel: "web".into(), id: "v_1".into() });
        assert!(hashes.contains(&imported) && hashes.contains(&written));
        assert!(!hashes.contains(&Salt::new([8; 32]).address(&contact.addresses[0].address)), "another salt, another hash");
        let mut again = ana();
        kept.apply(&mut again);
        assert_eq!((again.status.as_str(), again.consents["news"].given, again.consents["news"].at), (UNSUBSCRIBED, false, Instant(7)));
    }

    #[test]
    fn who_opted_out_and_is_blocked_comes_back_unsubscribed() {
        let mut contact = ana();
        contact.status = "blocked".into();
        assert_eq!(Suppression::of(&contact, Instant(9)), None, "a block alone is no wish of theirs");
        let refuse =
            Change::Consent { topic: model::MESSAGES.into(), channel: Some("web".into()), given: false, proof: "stop (web)".into() };
        contact.apply(&refuse, Instant(7), &Actor::Customer);
        let kept = Suppression::of(&contact, Instant(9)).expect("they refused");
        // As it was kept when only the status was looked at.
        for kept in [Suppression { unsubscribed: false, ..kept.clone() }, kept] {
            let mut again = ana();
            kept.apply(&mut again);
            assert_eq!((again.status.as_str(), again.refuses_messages()), (UNSUBSCRIBED, true), "{kept:?}");
        }
        let news = Suppression { since: Instant(7), unsubscribed: false, refused: [("news".to_owned(), Instant(7))].into() };
        let mut again = ana();
        news.apply(&mut again);
        assert_eq!(again.status, "active", "another topic is another topic");
    }

    #[test]
    fn a_refusal_that_is_over_is_not_remembered() {
        let mut contact = ana();
        let answers = [(7, "messages", Some("web"), false), (8, "messages", None, true), (8, "news", Some("web"), false)];
        for (at, topic, channel, given) in answers {
            let channel = channel.map(str::to_owned);
            let change = Change::Consent { topic: topic.into(), channel, given, proof: "said".into() };
            contact.apply(&change, Instant(at), &Actor::Customer);
        }
        let kept = Suppression::of(&contact, Instant(9)).expect("they refused news");
        assert_eq!((kept.unsubscribed, &kept.refused), (false, &[("news@web".to_owned(), Instant(8))].into()));
        let mut again = ana();
        kept.apply(&mut again);
        assert_eq!((again.status.as_str(), again.refuses_messages()), ("active", false));
    }

    #[test]
    fn a_salt_reads_back() {
        let salt = Salt::new([0xAB; 32]);
        assert_eq!(Salt::parse(&salt.to_text()), Some(salt));
        assert_eq!(Salt::parse("xy"), None);
    }
}

//! Signatures by the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use model::Instant;
use sha2::Sha256;
use std::fmt;

/// The header with the delivery's id.
pub(crate) const ID: &str = "webhook-id";
/// The header with the time of the delivery, in seconds since 1970.
pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures, separated by spaces.
pub(crate) const SIGNATURE: &str = "webhook-signature";

/// How far a timestamp may be from our clock, in seconds.
const TOLERANCE_SECS: i64 = 5 * 60;
/// How many signatures of one delivery are looked at.
const SIGNATURES: usize = 16;
/// The longest id of a delivery.
const ID_LIMIT: usize = 256;

/// A secret shared with the other side.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// A text that is no secret. It is not shown: what was mistyped is nearly the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It has no prefix or is not base64.
    #[error("must be whsec_ followed by base64 (make one with: echo whsec_$(openssl rand -base64 32))")]
    Form,
    /// It has too few or too many bytes.
    #[error("must hold 24 to 64 bytes (make one with: echo whsec_$(openssl rand -base64 32))")]
    Size,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a delivery is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error("the header {0} is missing; sign the request as Standard Webhooks says")]
    Missing(&'static str),
    #[error("the header {0} is not well-formed")]
    Malformed(&'static str),
    #[error("no signature fits the id, the timestamp and the body")]
    Wrong,
    #[error("the timestamp is more than 5 minutes from the server's clock; sign each attempt anew")]
    Stale,
}

impl Secret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// If the text has another form or the key is not 24 to 64 bytes long.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let key = text.trim().strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()).ok_or(SecretError::Form)?;
        if (24..=64).contains(&key.len()) { Ok(Self(key)) } else { Err(SecretError::Size) }
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(id.as_bytes());
        mac.update(format!(".{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }

    /// The three headers that sign a body.
    pub(crate) fn sign(&self, id: &str, now: Instant, body: &[u8]) -> [(String, String); 3] {
        let timestamp = now.as_secs();
        let signature = STANDARD.encode(self.mac(id, timestamp, body).finalize().into_bytes());
        [(ID.to_owned(), id.to_owned()), (TIMESTAMP.to_owned(), timestamp.to_string()), (SIGNATURE.to_owned(), format!("v1,{signature}"))]
    }

    /// Verifies a request and answers the delivery's id. Comparison takes the same time wherever signatures differ.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: &[u8], now: Instant) -> Result<String, Unsigned> {
        let id = one(headers, ID)?;
        // Braces and quotes are not in this set, so id and body cannot be read with another border between them.
        let ok = |c: u8| c.is_ascii_alphanumeric() || b"_-.:=+/@~".contains(&c);
        if id.is_empty() || id.len() > ID_LIMIT || !id.bytes().all(ok) {
            return Err(Unsigned::Malformed(ID));
        }
        let written = one(headers, TIMESTAMP)?;
        let timestamp =
            written.parse::<i64>().ok().filter(|seconds| seconds.to_string() == written).ok_or(Unsigned::Malformed(TIMESTAMP))?;
        let expected = self.mac(id, timestamp, body);
        let mut fits = false;
        for candidate in one(headers, SIGNATURE)?.split(' ').take(SIGNATURES) {
            let Some(bytes) = candidate.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else { continue };
            fits |= expected.clone().verify_slice(&bytes).is_ok();
        }
        if !fits {
            return Err(Unsigned::Wrong);
        }
        // Told apart only to those who hold the secret.
        if now.as_secs().saturating_sub(timestamp).saturating_abs() > TOLERANCE_SECS {
            return Err(Unsigned::Stale);
        }
        Ok(id.to_owned())
    }
}

/// A header that is given exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Unsigned> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Unsigned::Missing(name))?;
    if values.next().is_some() {
        return Err(Unsigned::Malformed(name));
    }
    value.to_str().map_err(|_| Unsigned::Malformed(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn headers(pairs: &[(String, String)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn secrets_have_one_form() {
        assert!(Secret::parse(SECRET).is_ok());
        let of = |text: &str| Secret::parse(text).unwrap_err();
        assert_eq!(of(""), SecretError::Form);
        assert_eq!(of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretError::Form);
        assert_eq!(of("whsec_not base64!"), SecretError::Form);
        assert_eq!(of("whsec_c2hvcnQ="), SecretError::Size);
        assert!(!format!("{:?}", Secret::parse(SECRET).unwrap()).contains("MfKQ"));
    }

    /// The specification's own implementation signs what we verify and verifies what we sign.
    #[test]
    fn an_independent_implementation_agrees() {
        let (ours, theirs) = (Secret::parse(SECRET).unwrap(), standardwebhooks::Webhook::new(SECRET).unwrap());
        // Theirs reads the wall clock, so this test has to.
        #[allow(clippy::disallowed_methods)]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        for body in ["", "{}", "{\"text\":\"¿qué tal? 👨‍👩‍👧\"}"] {
            theirs.verify(body.as_bytes(), &headers(&ours.sign("msg_1", Instant::from_secs(now), body.as_bytes()))).unwrap();
            let signature = theirs.sign("msg_2", now, body.as_bytes()).unwrap();
            let request = headers(&[(ID.into(), "msg_2".into()), (TIMESTAMP.into(), now.to_string()), (SIGNATURE.into(), signature)]);
            assert_eq!(ours.verify(&request, body.as_bytes(), Instant::from_secs(now)).unwrap(), "msg_2");
        }
    }

    #[test]
    fn what_is_not_believed() {
        let secret = Secret::parse(SECRET).unwrap();
        let other = Secret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let now = Instant::from_secs(1_772_442_000);
        let body = b"{\"from\":\"a\"}";
        let good = secret.sign("msg_1", now, body);
        let with = |index: usize, value: &str| {
            let mut pairs = good.clone();
            pairs[index].1 = value.to_owned();
            secret.verify(&headers(&pairs), body, now)
        };
        assert_eq!(secret.verify(&headers(&good), body, now), Ok("msg_1".into()));
        for (index, name) in [ID, TIMESTAMP, SIGNATURE].into_iter().enumerate() {
            let mut fewer = good.to_vec();
            fewer.remove(index);
            assert_eq!(secret.verify(&headers(&fewer), body, now), Err(Unsigned::Missing(name)));
            let mut twice = good.to_vec();
            twice.push(good[index].clone());
            assert_eq!(secret.verify(&headers(&twice), body, now), Err(Unsigned::Malformed(name)));
        }
        assert_eq!(with(0, "msg_2"), Err(Unsigned::Wrong));
        assert_eq!(with(0, "msg 1"), Err(Unsigned::Malformed(ID)));
        assert_eq!(with(0, ""), Err(Unsigned::Malformed(ID)));
        assert_eq!(with(0, &"x".repeat(257)), Err(Unsigned::Malformed(ID)));
        assert_eq!(with(1, "1772442001"), Err(Unsigned::Wrong));
        for odd in ["+1772442000", "01772442000", " 1772442000", "1772442000.0", "99999999999999999999", ""] {
            assert_eq!(with(1, odd), Err(Unsigned::Malformed(TIMESTAMP)), "{odd:?}");
        }
        for odd in ["", "v1", "v1,", "v1,AAAA", "v2,AAAA", "v1a,AAAA", &good[2].1.replacen("v1", "v2", 1)] {
            assert_eq!(with(2, odd), Err(Unsigned::Wrong), "{odd:?}");
        }
        assert_eq!(secret.verify(&headers(&good), b"{\"from\":\"b\"}", now), Err(Unsigned::Wrong));
        assert_eq!(secret.verify(&headers(&other.sign("msg_1", now, body)), body, now), Err(Unsigned::Wrong));
        for (late, believed) in [(299, true), (300, true), (301, false), (-300, true), (-301, false), (i64::MAX / 2_000_000, false)] {
            let then = now.plus_micros(late * 1_000_000);
            assert_eq!(secret.verify(&headers(&good), body, then).is_ok(), believed, "{late} s");
        }
        let far = secret.sign("msg_1", Instant::MIN, body);
        assert_eq!(secret.verify(&headers(&far), body, now), Err(Unsigned::Stale));
    }

    /// While a secret is rotated the other side signs with both.
    #[test]
    fn one_of_several_signatures_is_enough() {
        let secret = Secret::parse(SECRET).unwrap();
        let now = Instant::from_secs(1_772_442_000);
        let mut pairs = secret.sign("msg_1", now, b"{}");
        pairs[2].1 = format!("v1a,xyz v1,AAAA {}", pairs[2].1);
        assert!(secret.verify(&headers(&pairs), b"{}", now).is_ok());
        pairs[2].1 = format!("{}{}", "v1,AAAA ".repeat(SIGNATURES), pairs[2].1);
        assert_eq!(secret.verify(&headers(&pairs), b"{}", now), Err(Unsigned::Wrong));
    }

    proptest! {
        #[test]
        fn no_single_flipped_bit_is_believed(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let secret = Secret::parse(SECRET).unwrap();
            let now = Instant::from_secs(1_772_442_000);
            let request = headers(&secret.sign("msg_1", now, &body));
            prop_assert!(secret.verify(&request, &body, now).is_ok());
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= 1 << bit;
            prop_assert_eq!(secret.verify(&request, &changed, now), Err(Unsigned::Wrong));
        }
    }
}

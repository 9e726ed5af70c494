//! Headers a request may carry.

use super::EgressError;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The most headers of a request.
const COUNT: usize = 64;
/// The longest value, in bytes.
const VALUE_LIMIT: usize = 8 * 1024;

/// Headers that belong to the connection, or that make a metadata service answer: names of these, or names that
/// begin so.
const REFUSED: [&str; 14] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "accept-encoding",
    "metadata",
    "metadata-flavor",
    "forwarded",
    "via",
];
const REFUSED_PREFIXES: [&str; 7] =
    ["proxy-", "x-forwarded-", "x-aws-ec2-metadata", "x-google-metadata", "x-metadata-", "x-envoy-", "x-real-ip"];

/// Headers that mean the same to any host.
pub const HARMLESS: [HeaderName; 4] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, header::USER_AGENT];

/// Checked headers.
pub(super) struct Headers(HeaderMap);

impl Headers {
    pub(super) fn parse(written: &[(String, String)]) -> Result<Self, EgressError> {
        if written.len() > COUNT {
            return Err(EgressError::Malformed(format!("more than {COUNT} headers")));
        }
        let mut map = HeaderMap::new();
        for (name, value) in written {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            let name =
                HeaderName::try_from(name.as_str()).map_err(|_| EgressError::Malformed(format!("\"{shown}\" is not a header's name")))?;
            if REFUSED.contains(&name.as_str()) || REFUSED_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix)) {
                return Err(EgressError::Malformed(format!("the header {name} cannot be set")));
            }
            let value = HeaderValue::try_from(value.as_str())
                .ok()
                .filter(|value| value.len() <= VALUE_LIMIT)
                .ok_or_else(|| EgressError::Malformed(format!("the header {name} has control characters in it or is too long")))?;
            map.append(name, value);
        }
        Ok(Self(map))
    }

    pub(super) fn map(&self) -> &HeaderMap {
        &self.0
    }

    /// Another host gets none of what was meant for the first: keys have many names.
    pub(super) fn leave_origin(&mut self) {
        let kept: HeaderMap =
            self.0.drain().filter_map(|(name, value)| Some((name?, value))).filter(|(name, _)| HARMLESS.contains(name)).collect();
        self.0 = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<Headers, EgressError> {
        Headers::parse(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_cannot_be_set() {
        for name in [
            "Host",
            "HOST",
            "Connection",
            "Content-Length",
            "Transfer-Encoding",
            "Proxy-Authorization",
            "X-Forwarded-For",
            "X-aws-ec2-metadata-token",
            "X-aws-ec2-metadata-token-ttl-seconds",
            "Metadata-Flavor",
            "Metadata",
            "X-Google-Metadata-Request",
        ] {
            assert!(matches!(of(name, "x"), Err(EgressError::Malformed(why)) if why.contains("cannot be set")), "{name}");
        }
        for (name, value) in
            [("X-A\r\nHost", "x"), ("X-A", "x\r\nHost: evil"), ("X A", "x"), ("", "x"), ("X-A", "x\0"), ("X-A", &"x".repeat(8_193))]
        {
            assert!(of(name, value).is_err(), "{name:?}: {value:?}");
        }
        assert!(of("Authorization", "Bearer x").is_ok() && of("X-Api-Key", "k").is_ok());
        let many: Vec<_> = (0..65).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(Headers::parse(&many).is_err());
    }

    #[test]
    fn keys_stay_with_their_origin() {
        let written = [("Authorization", "a"), ("X-Api-Key", "b"), ("Cookie", "c"), ("Accept", "d"), ("Content-Type", "e")];
        let mut headers = Headers::parse(&written.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        headers.leave_origin();
        assert_eq!(headers.map().keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept", "content-type"]);
    }
}

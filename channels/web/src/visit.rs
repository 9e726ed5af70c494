//! A visit: what is known of a visitor besides their token, kept with it.
//!
//! What the browser says of itself (time zone, where the page was reached from) is the visitor's word. Who they
//! are on the website is not: it comes from a token the website signed ([`crate::identity`]).

use crate::{problem::Problem, respond};
use channel::HttpRequest;
use model::{Record, Value};
use serde::{Deserialize, Serialize};

/// The longest time zone's name, in bytes.
const ZONE: usize = 64;
/// The longest referral, in characters.
const REFERRAL: usize = 256;

/// What is stored with the hash of a visitor's token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// When it began, in milliseconds.
    pub since: i64,
    /// The browser's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Where the visitor came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<String>,
    /// Who the website says they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

/// Somebody the website vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The website's own id of them.
    pub id: String,
    /// What else the token said: name, e-mail, phone.
    #[serde(default)]
    pub claims: std::collections::BTreeMap<String, String>,
}

/// What a browser may say when a visit begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    referrer: Option<String>,
}

impl Visit {
    /// A visit as the browser begins it; an empty body says nothing.
    pub(crate) fn begun(request: &HttpRequest, now: model::Instant) -> Result<Self, Problem> {
        let mut visit = Self { since: now.as_millis(), ..Self::default() };
        if request.body().is_empty() {
            return Ok(visit);
        }
        let Begin { timezone, referrer } = respond::body(request)?;
        let zone = |c: u8| c.is_ascii_alphanumeric() || b"/_+-".contains(&c);
        visit.timezone = timezone.filter(|name| !name.is_empty() && name.len() <= ZONE && name.bytes().all(zone));
        visit.referral = referrer.and_then(|text| referral(&text));
        Ok(visit)
    }

    /// What the contact is told about themselves with everything the visitor does.
    pub(crate) fn profile(&self) -> Record {
        let mut profile = Record::new();
        let mut put = |name: &str, text: &str| profile.insert(name.to_owned(), Value::text(text));
        if let Some(zone) = &self.timezone {
            put("timezone", zone);
        }
        if let Some(referral) = &self.referral {
            put("referral", referral);
        }
        if let Some(person) = &self.person {
            put("verified_id", &person.id);
            for (name, text) in &person.claims {
                let said = if name.ends_with("_verified") { Value::Bool(true) } else { Value::text(text) };
                profile.insert(name.clone(), said);
            }
        }
        profile
    }
}

/// Host and path of an address; what stands behind `?` may be somebody's secret.
fn referral(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let plain = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let short: String = plain.chars().filter(|c| !c.is_control()).take(REFERRAL).collect();
    (!short.is_empty() && !short.contains('@')).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::referral;

    #[test]
    fn a_referral_is_a_place_without_its_secrets() {
        assert_eq!(referral("https://news.example/story/?token=abc#x").as_deref(), Some("news.example/story"));
        assert_eq!(referral("javascript:alert(1)"), None);
        assert_eq!(referral("https://user:secret@news.example/"), None);
        assert_eq!(referral("https://"), None);
        assert_eq!(referral(&format!("https://x.example/{}", "a".repeat(9_000))).map(|r| r.chars().count()), Some(256));
    }
}

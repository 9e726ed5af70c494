//! Who a visitor is on the website: a token that the website signed for them (a JSON Web Token, HS256).
//!
//! Nothing a browser says of itself makes anybody known; only what the holder of the secret signed does. A token
//! is good for one visitor and one person: used by a second visitor it is refused, and somebody else on the same
//! browser begins a conversation of their own. Whoever does not get the answer may show the same token again.

use crate::{messages, problem::Problem, respond, routes::Site, session, visit::Person};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use channel::{AcceptError, HttpRequest, HttpResponse};
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use model::{IncomingBody, Instant, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The shortest secret, in bytes: what HS256 asks for.
const SECRET: usize = 32;
/// The longest token.
const TOKEN: usize = 4 * 1024;
/// How long a token may still be good: 24 hours, in seconds. It is made for one page, not for a year.
const LIFETIME: i64 = 86_400;
/// How far the website's clock may be from ours, in seconds.
const LEEWAY: i64 = 60;
/// The longest id, nonce or claim, in characters.
const CLAIM: usize = 256;
/// Claims that are kept, and the system attributes they become.
const KEPT: [(&str, &str); 5] =
    [("email", "email"), ("given_name", "first_name"), ("family_name", "last_name"), ("phone_number", "phone"), ("username", "username")];

/// Claims by which the website says that it made sure of another one, that one, and the word that is kept.
const SURE: [(&str, &str, &str); 2] =
    [("email_verified", "email", "email_verified"), ("phone_number_verified", "phone_number", "phone_verified")];

/// The secret shared with the website.
#[derive(Clone)]
pub struct IdentitySecret(Vec<u8>);

impl fmt::Debug for IdentitySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentitySecret(…)")
    }
}

impl IdentitySecret {
    /// A secret of at least 32 bytes.
    ///
    /// # Errors
    /// A sentence for the operator if it is shorter.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() < SECRET {
            return Err("identity must hold at least 32 characters (make it with: openssl rand -base64 32)");
        }
        Ok(Self(text.as_bytes().to_vec()))
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

/// What a good token says.
#[derive(Debug, PartialEq, Eq)]
struct Verified {
    person: Person,
    nonce: String,
}

/// Reads a token; the error is what the website's developer is told.
fn verify(secret: &IdentitySecret, token: &str, now: Instant) -> Result<Verified, &'static str> {
    const FORM: &str = "this is no signed token: three parts, joined by dots";
    if token.len() > TOKEN {
        return Err("the token is longer than 4 KiB");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(FORM)?;
    let (header, claims) = signed.split_once('.').ok_or(FORM)?;
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| FORM);
    // The signature is looked at before anything the token says, and `alg` chooses nothing.
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    mac.verify_slice(&part(signature)?).map_err(|_| "the signature does not fit; sign with HS256 and the secret of this bot")?;
    let header: Header = serde_json::from_slice(&part(header)?).map_err(|_| FORM)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return Err("the token must be signed with HS256 and nothing else");
    }
    let claims: Claims =
        serde_json::from_slice(&part(claims)?).map_err(|_| "the token must say sub (who), exp (until when) and jti (a nonce)")?;
    let now = now.as_secs();
    if claims.exp <= now {
        return Err("the token is no longer good; make a new one for each page");
    }
    if claims.exp.saturating_sub(now) > LIFETIME {
        return Err("exp is more than 24 hours ahead; make tokens that are good for minutes");
    }
    if claims.nbf.or(claims.iat).is_some_and(|from| from.saturating_sub(now) > LEEWAY) {
        return Err("the token is not good yet; compare the clocks");
    }
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= CLAIM && !text.chars().any(char::is_control);
    if !fits(&claims.sub) || !fits(&claims.jti) {
        return Err("sub and jti have 1 to 256 characters");
    }
    let kept = KEPT.iter().filter_map(|(theirs, ours)| {
        let text = claims.more.get(*theirs)?.as_str()?.trim();
        fits(text).then(|| ((*ours).to_owned(), text.to_owned()))
    });
    let mut kept: BTreeMap<String, String> = kept.collect();
    // A website may let anybody sign up with anybody's address: only what it says that it made sure of counts as that.
    let sure = SURE.iter().filter(|(word, of, _)| claims.more.get(*word) == Some(&true.into()) && claims.more.contains_key(*of));
    kept.extend(sure.map(|(_, _, ours)| ((*ours).to_owned(), "true".to_owned())));
    Ok(Verified { person: Person { id: claims.sub, claims: kept }, nonce: claims.jti })
}

/// What is remembered of a token that was used.
#[derive(Serialize, Deserialize)]
struct Used {
    /// Whose it is.
    visitor: String,
    /// The visitor who showed it, if somebody else was here and the one it belongs to began by it. They may not have heard of that, and
    /// show it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl Used {
    fn record(visitor: String, from: Option<String>) -> Option<serde_json::Value> {
        Some(serde_json::to_value(Self { visitor, from }).expect("two texts are plain data"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identify {
    token: String,
}

/// `POST identify`: the website vouches for the visitor. Answers a new visitor's token if the one at hand belongs
/// to somebody else.
pub(crate) async fn identify(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (visitor, mut visit) = site.known(&request).await?;
    site.may_track(&request, &visitor)?;
    let Some(secret) = &site.options.identity else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "this chat knows nobody: its channel in bot.yaml has no identity secret"));
    };
    let Identify { token } = respond::body(&request)?;
    let now = site.hub.now();
    let Verified { person, nonce } = verify(secret, &token, now).map_err(|why| Problem::new(StatusCode::FORBIDDEN, why))?;
    let nonce_key = format!("identity/{}", hex(&Sha256::digest(nonce.as_bytes())));
    let used: Option<Used> = site.hub.record(&nonce_key).await.and_then(|record| serde_json::from_value(record).ok());
    if used.as_ref().is_some_and(|used| used.visitor != visitor.id && used.from.as_ref() != Some(&visitor.id)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the token was used by another visitor; make a new one for each page"));
    }
    let somebody_else = visit.person.as_ref().is_some_and(|known| known.id != person.id);
    let changed = visit.person.as_ref() != Some(&person);
    visit.person = Some(person);
    if somebody_else {
        // Two people on one browser never share a conversation.
        let (token, address) = session::begin(&*site.hub, &visit, &site.name).await?;
        site.hub.put_record(&nonce_key, Used::record(address.id, Some(visitor.id))).await?;
        let mut answer = site.greeting(messages::language_of(&request));
        answer.insert("token".into(), token.into());
        return Ok(respond::json(StatusCode::CREATED, &answer));
    }
    if used.is_none() {
        site.hub.put_record(&nonce_key, Used::record(visitor.id.clone(), None)).await?;
    }
    if changed {
        session::keep(&*site.hub, &request, &visit).await?;
        let event = IncomingBody::Event { name: "identified".into(), fields: Record::new() };
        let client_id = hex(Sha256::digest(nonce.as_bytes()).get(..16).unwrap_or_default());
        match messages::deliver(&site, &request, visitor, &visit, &client_id, event).await {
            // Who has not opened the chat yet is known when they do.
            Ok(_) | Err(AcceptError::Nobody) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(respond::json(StatusCode::OK, &serde_json::json!({})))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn secret() -> IdentitySecret {
        IdentitySecret::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    fn signed(header: &Value, claims: &Value, with: &IdentitySecret) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut mac = Hmac::<Sha256>::new_from_slice(&with.0).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn claims() -> Value {
        json!({ "sub": "user-7", "exp": NOW + 300, "iat": NOW, "jti": "n1", "email": "ana@shop.example", "admin": true })
    }

    fn read(token: &str) -> Result<Verified, &'static str> {
        verify(&secret(), token, Instant::from_secs(NOW))
    }

    #[test]
    fn a_signed_token_says_who() {
        let verified = read(&signed(&json!({ "alg": "HS256", "typ": "JWT" }), &claims(), &secret())).unwrap();
        assert_eq!(verified.person.id, "user-7");
        assert_eq!(verified.person.claims.into_iter().collect::<Vec<_>>(), [("email".to_owned(), "ana@shop.example".to_owned())]);
        assert_eq!(verified.nonce, "n1");
    }

    #[test]
    fn only_what_the_website_made_sure_of_is_kept_as_that() {
        let of = |more: Value| {
            let mut claims = claims();
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let kept = read(&signed(&json!({ "alg": "HS256" }), &claims, &secret())).unwrap().person.claims;
            (kept.contains_key("email_verified"), kept.contains_key("phone_verified"))
        };
        assert_eq!(of(json!({})), (false, false));
        assert_eq!(of(json!({ "email_verified": true })), (true, false));
        assert_eq!(of(json!({ "email_verified": "true", "phone_number_verified": 1 })), (false, false), "yes is true, nothing else");
        assert_eq!(of(json!({ "phone_number_verified": true })), (false, false), "of no number at all");
        assert_eq!(of(json!({ "phone_number": "+12065551212", "phone_number_verified": true })), (false, true));
    }

    #[test]
    fn what_is_not_signed_as_it_must_be_is_refused() {
        let alg = json!({ "alg": "HS256" });
        let good = signed(&alg, &claims(), &secret());
        let (signed_part, signature) = good.rsplit_once('.').unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut claims = claims();
            change(&mut claims);
            signed(&alg, &claims, &secret())
        };
        let other = IdentitySecret::new("another secret of more than 32 bytes").unwrap();
        let forged = format!(
            "{}.{}.{signature}",
            good.split('.').next().unwrap(),
            URL_SAFE_NO_PAD.encode(r#"{"sub":"admin","exp":1800000300,"jti":"n"}"#)
        );
        for (what, token) in [
            ("nothing", String::new()),
            ("no dots", "abc".into()),
            ("no signature", format!("{signed_part}.")),
            ("alg none", signed(&json!({ "alg": "none" }), &claims(), &secret())),
            ("alg none unsigned", format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), good.split('.').nth(1).unwrap())),
            ("another algorithm", signed(&json!({ "alg": "HS512" }), &claims(), &secret())),
            ("critical header", signed(&json!({ "alg": "HS256", "crit": ["b64"] }), &claims(), &secret())),
            ("another secret", signed(&alg, &claims(), &other)),
            ("forged claims", forged),
            ("expired", with(&|c| c["exp"] = json!(NOW))),
            ("good for a year", with(&|c| c["exp"] = json!(NOW + 31_536_000))),
            ("from the future", with(&|c| c["iat"] = json!(NOW + 3_600))),
            (
                "no nonce",
                with(&|c| {
                    c.as_object_mut().unwrap().remove("jti");
                }),
            ),
            (
                "no expiry",
                with(&|c| {
                    c.as_object_mut().unwrap().remove("exp");
                }),
            ),
            ("nobody", with(&|c| c["sub"] = json!(" "))),
            ("a long id", with(&|c| c["sub"] = json!("x".repeat(257)))),
            ("a number for an id", with(&|c| c["sub"] = json!(7))),
        ] {
            assert!(read(&token).is_err(), "{what}");
        }
        assert!(IdentitySecret::new("short").is_err());
    }
}

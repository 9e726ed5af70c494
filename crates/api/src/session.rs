//! Sign-ins: 256 random bits in a cookie, their SHA-256 in the store.
//!
//! Whoever reads the store cannot sign in with what they read. A sign-in lasts 12 hours, is made anew at each
//! sign-in, and ends with the agent's password, the agent or a sign-out.

use crate::{problem::Problem, random, state::State};
use http::{HeaderMap, HeaderValue, header};
use model::{AgentId, Instant};
use runtime::{Agent, Handle, WriteError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const TABLE: &str = "sign_ins";
/// The newest sign-ins of each agent, so that they can be ended and do not pile up.
const BY_AGENT: &str = "sign_ins_by_agent";
/// How long a sign-in lasts, in microseconds.
const LASTS: i64 = 12 * 3_600 * 1_000_000;
/// Sign-ins of one agent at once; the oldest ends.
const AT_ONCE: usize = 10;

#[derive(Debug, Serialize, Deserialize)]
struct SignIn {
    agent: AgentId,
    until: Instant,
}

/// The name of the cookie. Under https the name itself makes browsers insist on its flags.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-switchboard" } else { "switchboard-console" }
}

/// What sets the cookie; no token clears it.
pub(crate) fn cookie(secure: bool, token: Option<&str>) -> HeaderValue {
    let name = cookie_name(secure);
    // The console's pages ask below /console/api and below /api/v1.
    let place = if secure { "Path=/; Secure" } else { "Path=/" };
    let age = if token.is_some() { LASTS / 1_000_000 } else { 0 };
    let text = format!("{name}={}; {place}; HttpOnly; SameSite=Strict; Max-Age={age}", token.unwrap_or_default());
    HeaderValue::from_str(&text).expect("the name, hexadecimal digits and flags are visible ASCII")
}

/// The token a request carries, if it has the form of one.
pub(crate) fn token(headers: &HeaderMap, secure: bool) -> Option<String> {
    let name = cookie_name(secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, v)| *n == name && v.len() == 64 && v.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        .map(|(_, v)| v.to_owned())
}

fn key(token: &str) -> String {
    random::hex(&Sha256::digest(token.as_bytes()))
}

async fn keys_of(handle: &Handle, agent: AgentId) -> Vec<String> {
    let stored = handle.record(BY_AGENT, &agent.to_string()).await;
    stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

/// Signs an agent in and answers the token for the cookie.
pub(crate) async fn begin(handle: &Handle, agent: AgentId) -> Result<String, WriteError> {
    let token = random::hex(&random::bytes::<32>());
    let key = key(&token);
    let sign_in = SignIn { agent, until: handle.now().plus_micros(LASTS) };
    handle.put_record(TABLE, &key, Some(serde_json::json!(sign_in))).await?;
    let mut keys = keys_of(handle, agent).await;
    keys.push(key);
    let surplus = keys.len().saturating_sub(AT_ONCE);
    for old in keys.drain(..surplus) {
        handle.put_record(TABLE, &old, None).await?;
    }
    handle.put_record(BY_AGENT, &agent.to_string(), Some(serde_json::json!(keys))).await?;
    Ok(token)
}

/// Whose sign-in this token is, if it is one that still lasts.
pub(crate) async fn agent(handle: &Handle, token: &str) -> Option<Agent> {
    let key = key(token);
    let stored: SignIn = serde_json::from_value(handle.record(TABLE, &key).await?).ok()?;
    if handle.now() >= stored.until {
        // Best effort: an expired row that stays is never believed either.
        let _ = handle.put_record(TABLE, &key, None).await;
        return None;
    }
    handle.agent(stored.agent).await.filter(|a| !a.disabled)
}

/// Ends one sign-in.
pub(crate) async fn end(handle: &Handle, token: &str) -> Result<(), WriteError> {
    handle.put_record(TABLE, &key(token), None).await
}

/// Ends all sign-ins of an agent.
pub(crate) async fn end_all(handle: &Handle, agent: AgentId) -> Result<(), WriteError> {
    for key in keys_of(handle, agent).await {
        handle.put_record(TABLE, &key, None).await?;
    }
    handle.put_record(BY_AGENT, &agent.to_string(), None).await
}

/// The agent a request comes from, and their token.
pub(crate) async fn of(state: &State, headers: &HeaderMap) -> Result<(Agent, String), Problem> {
    let token = token(headers, state.options.secure()).ok_or_else(Problem::signed_out)?;
    let agent = agent(&state.handle, &token).await.ok_or_else(Problem::signed_out)?;
    Ok((agent, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let plain = cookie(false, Some("ab")).to_str().unwrap().to_owned();
        assert_eq!(plain, "switchboard-console=ab; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200");
        let secure = cookie(true, Some("ab")).to_str().unwrap().to_owned();
        assert_eq!(secure, "__Host-switchboard=ab; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");
        assert!(cookie(false, None).to_str().unwrap().ends_with("Max-Age=0"));
    }

    #[test]
    fn only_a_token_of_the_right_form_under_the_right_name_is_read() {
        let good = "0123456789abcdef".repeat(4);
        let read = |text: &str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(text).unwrap());
            token(&headers, secure)
        };
        assert_eq!(read(&format!("a=b; switchboard-console={good}; c=d"), false), Some(good.clone()));
        assert_eq!(read(&format!("__Host-switchboard={good}"), true), Some(good.clone()));
        assert_eq!(read(&format!("switchboard-console={good}"), true), None, "a cookie without the prefix may come from a sub-domain");
        for bad in [
            "",
            "switchboard-console=",
            "switchboard-console=*",
            &format!("switchboard-console={good}0"),
            &format!("switchboard-console={}", good.to_uppercase()),
        ] {
            assert_eq!(read(bad, false), None, "{bad}");
        }
    }
}

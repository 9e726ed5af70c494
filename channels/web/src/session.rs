//! A visitor's session: a 256-bit token that only the browser has, known here by its hash.

use crate::{problem::Problem, visit::Visit};
use channel::{HttpRequest, Hub};
use http::header;
use model::Address;
use sha2::{Digest, Sha256};

/// The part of a session's record that says which address it is.
const ADDRESS: &str = "address";
/// How many characters a token has: 256 bits in hex.
const TOKEN_LENGTH: usize = 64;

/// Makes a token and stores its hash durably, with what is known of the visitor; answers the visitor's address too.
pub(crate) async fn begin(hub: &dyn Hub, visit: &Visit, channel: &str) -> Result<(String, Address), Problem> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Problem::from(channel::AcceptError::Unavailable))?;
    let token = hex(&bytes);
    put(hub, &token, visit).await?;
    let address = Address { channel: channel.to_owned(), id: address_id(&token) };
    Ok((token, address))
}

/// Stores what is known of the visitor who sends this request.
pub(crate) async fn keep(hub: &dyn Hub, request: &HttpRequest, visit: &Visit) -> Result<(), Problem> {
    put(hub, bearer(request).ok_or_else(Problem::unauthorized)?, visit).await
}

async fn put(hub: &dyn Hub, token: &str, visit: &Visit) -> Result<(), Problem> {
    let mut value = serde_json::to_value(visit).expect("a visit is plain data with text keys");
    // By it the session is found when the visitor is erased. It is no secret: everybody who sees the conversation sees it.
    if let Some(fields) = value.as_object_mut() {
        fields.insert(ADDRESS.into(), address_id(token).into());
    }
    Ok(hub.put_record(&key(token), Some(value)).await?)
}

/// The address of the visitor who sends this request and what is known of them; 401 if there is none. The address
/// follows from the token alone, so that no request can name another's.
pub(crate) async fn visitor(request: &HttpRequest, channel: &str, hub: &dyn Hub) -> Result<(Address, Visit), Problem> {
    let token = bearer(request).ok_or_else(Problem::unauthorized)?;
    // The look-up is by the token's hash: how long it takes tells nothing about the token.
    let record = hub.record(&key(token)).await.ok_or_else(Problem::unauthorized)?;
    let is_found = record.get(ADDRESS).is_some();
    // What an older release wrote, or a part that cannot be read, says nothing of the visitor.
    let visit = serde_json::from_value(record).unwrap_or_default();
    if !is_found {
        put(hub, token, &visit).await?;
    }
    Ok((Address { channel: channel.to_owned(), id: address_id(token) }, visit))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let well_formed = token.len() == TOKEN_LENGTH && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (scheme.eq_ignore_ascii_case("bearer") && well_formed).then_some(token)
}

fn key(token: &str) -> String {
    format!("visitor/{}", hex(&Sha256::digest(token.as_bytes())))
}

/// The visitor's id as everybody else sees it: from another hash than the one a session is stored under, so that the id
/// opens nothing.
fn address_id(token: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"address of the visitor\0");
    hash.update(token.as_bytes());
    let digest = hash.finalize();
    format!("v_{}", hex(digest.get(..16).expect("SHA-256 has 32 bytes")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

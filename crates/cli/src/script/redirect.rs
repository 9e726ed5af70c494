//! Redirects on stage: an answer that leads elsewhere is followed by the rules of real calls, so that a rehearsal refuses what the
//! server would refuse.

use http::{HeaderName, Method, StatusCode};
use model::{HttpCall, HttpMethod};
use runtime::egress::{EgressError, HARMLESS, Hop, same_place};
use url::Url;

/// The call that a redirect of `call` to `target` leads to; none if its status is not one that is followed.
///
/// # Errors
/// What the server says of such a redirect.
pub fn next(call: &HttpCall, status: u16, target: &str) -> Result<Option<HttpCall>, EgressError> {
    let malformed = |what: &str| EgressError::Malformed(what.to_owned());
    let mut from = Url::parse(&call.url).map_err(|_| malformed("not an address"))?;
    if !call.query.is_empty() {
        from.query_pairs_mut().extend_pairs(call.query.iter().map(|(name, value)| (name, value.shown())));
    }
    let status = StatusCode::from_u16(status).map_err(|_| malformed("not a status"))?;
    let texts = call.headers.iter().chain(&call.query).map(|(_, value)| value).chain(call.body.iter().map(|body| &body.content));
    let stays = texts.flat_map(|text| text.secrets()).next().is_some();
    let method = method(call.method);
    let hop = Hop { method: &method, status, from: &from, stays, has_body: call.body.is_some() };
    if !hop.follows() {
        return Ok(None);
    }
    let to = hop.to(target)?;
    hop.may_lead_to(&to)?;
    let crosses = |name: &str| name.parse::<HeaderName>().is_ok_and(|name| HARMLESS.contains(&name));
    let mut headers = call.headers.clone();
    if !same_place(&from, &to) {
        headers.retain(|(name, _)| crosses(name));
    }
    Ok(Some(HttpCall { url: to.into(), query: Vec::new(), headers, ..call.clone() }))
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

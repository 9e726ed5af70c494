//! One try of an HTTP call: secrets are filled in for the hosts they are bound to, and the answer is told as data.

use super::Secret;
use crate::{
    egress::{Egress, EgressError, Reach, Request},
    outside::Tried,
};
use ::http::{Method, StatusCode, header};
use bytes::Bytes;
use model::{Came, HttpCall, HttpMethod, Piece, RequestId, Sealed};
use std::collections::BTreeMap;
use url::Url;

/// Makes one try.
pub(super) async fn call(egress: &Egress, secrets: &BTreeMap<String, Secret>, id: RequestId, what: &HttpCall) -> Tried {
    let (request, stays) = match request(egress, secrets, id, what) {
        Ok(request) => request,
        Err(why) => return Tried::failed(why),
    };
    let reach = Reach { max_size: what.max_size as usize, stays, follows: true };
    match egress.request_within(request, reach).await {
        Ok(answer) => {
            let again = answer.status.is_server_error()
                || matches!(answer.status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
            let after = answer.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
            let after = after.map(|seconds| seconds.clamp(0, 3_600) * 1_000_000);
            let body = String::from_utf8(answer.body.into()).ok();
            Tried { came: Came::Http { status: answer.status.as_u16(), body }, again, after }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &EgressError) -> Tried {
    let reason = error.to_string();
    match error {
        EgressError::Timeout(_) => Tried { came: Came::TimedOut, again: true, after: None },
        EgressError::Unreachable(_) | EgressError::Broken(_) => {
            Tried { came: Came::Failed { reason, status: None }, again: true, after: None }
        }
        EgressError::TooLarge { status } => Tried::done(Came::Failed { reason, status: Some(status.as_u16()) }),
        EgressError::Malformed(_) | EgressError::Forbidden(_) | EgressError::Redirects => Tried::failed(reason),
    }
}

/// The request with everything filled in, and whether it holds a secret.
fn request(egress: &Egress, secrets: &BTreeMap<String, Secret>, id: RequestId, what: &HttpCall) -> Result<(Request, bool), String> {
    let mut url = Url::parse(&what.url).map_err(|e| format!("not an address: {e}"))?;
    let mut fill = Fill { secrets, url: url.clone(), in_the_clear: url.scheme() != "https" && !egress.is_allowed(&url), used: false };
    let mut headers = Vec::new();
    for (name, value) in &what.headers {
        headers.push((name.clone(), fill.text(value)?));
    }
    let query: Vec<(&String, String)> = what.query.iter().map(|(name, v)| Ok((name, fill.text(v)?))).collect::<Result<_, String>>()?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let body = match &what.body {
        None => Bytes::new(),
        Some(body) => fill.text(&body.content)?.into(),
    };
    let mut add = |name: &str, value: &str| {
        if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    };
    add("accept", "application/json");
    if let Some(body) = &what.body {
        add("content-type", &body.content_type);
    }
    // The other side can tell a repeated request from a new one.
    if what.method != HttpMethod::Get {
        add("idempotency-key", &id.to_string());
    }
    let method = match what.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    };
    let timeout_ms = u64::try_from(what.timeout / 1_000).unwrap_or(1).max(1);
    Ok((Request { method, url: url.into(), headers, body, timeout_ms }, fill.used))
}

/// Fills secrets in.
struct Fill<'a> {
    secrets: &'a BTreeMap<String, Secret>,
    url: Url,
    /// Whether what is sent could be read on the way.
    in_the_clear: bool,
    used: bool,
}

impl Fill<'_> {
    fn text(&mut self, sealed: &Sealed) -> Result<String, String> {
        let mut text = String::new();
        for piece in &sealed.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Secret { name, json } => {
                    let value = self.secret(name)?;
                    if *json {
                        let quoted = serde_json::Value::from(value).to_string();
                        text.push_str(quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_default());
                    } else {
                        text.push_str(value);
                    }
                }
            }
        }
        Ok(text)
    }

    /// The value of a secret, if it may go to this host.
    fn secret(&mut self, name: &str) -> Result<&str, String> {
        let secret = self.secrets.get(name).ok_or_else(|| format!("there is no secret {name} any more"))?;
        let host = self.url.host_str().unwrap_or_default();
        if !secret.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            return Err(format!("the secret {name} must not be sent to {host}"));
        }
        if self.in_the_clear {
            return Err(format!("the secret {name} would travel unencrypted; write https://"));
        }
        self.used = true;
        secret.value.as_deref().ok_or_else(|| format!("the secret {name} is not set; set {} where the server starts", secret.env))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::EgressOptions;
    use model::HttpBody;

    fn secrets() -> BTreeMap<String, Secret> {
        let secret =
            |value: Option<&str>| Secret { env: "KEY".into(), hosts: vec!["Shop.example".into()], value: value.map(str::to_owned) };
        BTreeMap::from([("shop".to_owned(), secret(Some("k\"1 &=2"))), ("unset".to_owned(), secret(None))])
    }

    fn named(name: &str, json: bool) -> Sealed {
        let mut sealed = Sealed::text("a ");
        sealed.push_secret(name, json);
        sealed
    }

    fn built(url: &str, secret: &str, method: HttpMethod) -> Result<(Request, bool), String> {
        let egress = Egress::new(EgressOptions { allow: vec!["inside.example".into()] }).unwrap();
        let what = HttpCall {
            method,
            url: url.into(),
            query: vec![("q".into(), named(secret, false))],
            headers: vec![("X-Key".into(), named(secret, false))],
            body: Some(HttpBody { content_type: "application/json".into(), content: named(secret, true) }),
            timeout: 2_500_000,
            retries: 0,
            wait: 0,
            max_size: 10,
        };
        request(&egress, &secrets(), RequestId(7), &what)
    }

    #[test]
    fn a_secret_is_filled_in_where_it_stands_and_as_it_stands() {
        let (request, stays) = built("https://shop.example/a?b=c", "shop", HttpMethod::Post).unwrap();
        assert_eq!(request.url, "https://shop.example/a?b=c&q=a+k%221+%26%3D2");
        assert_eq!(request.headers[0], ("X-Key".to_owned(), "a k\"1 &=2".to_owned()));
        assert_eq!(&request.body[..], br#"a k\"1 &=2"#);
        assert!(stays && request.timeout_ms == 2_500);
        let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
        assert_eq!(header("idempotency-key"), Some(RequestId(7).to_string()));
        assert_eq!((header("accept").as_deref(), header("content-type").as_deref()), (Some("application/json"), Some("application/json")));
    }

    #[test]
    fn reading_needs_no_key_against_repetition() {
        let (request, _) = built("https://shop.example/", "shop", HttpMethod::Get).unwrap();
        assert!(!request.headers.iter().any(|(name, _)| name == "idempotency-key"));
    }

    #[test]
    fn a_secret_goes_to_its_hosts_alone_and_never_in_the_clear() {
        for (url, secret, why) in [
            ("https://evil.example/", "shop", "must not be sent to evil.example"),
            ("https://shop.example.evil.example/", "shop", "must not be sent to"),
            ("https://sub.shop.example/", "shop", "must not be sent to"),
            ("http://shop.example/", "shop", "unencrypted"),
            ("https://shop.example/", "unset", "set KEY where the server starts"),
            ("https://shop.example/", "gone", "there is no secret gone"),
        ] {
            let told = built(url, secret, HttpMethod::Post).unwrap_err();
            assert!(told.contains(why), "{url} {secret}: {told}");
            assert!(!told.contains("k\"1"), "{told}");
        }
    }
}

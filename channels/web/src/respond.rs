//! Answers and questions as HTTP says them: JSON, headers, strict bodies, query parameters, origins.

use crate::problem::Problem;
use channel::{Body, HttpRequest, HttpResponse};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let text = serde_json::to_vec(body).expect("our answers are plain data with text keys");
    let mut response = HttpResponse::new(Body::Full(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Reads a JSON body strictly: the right content type, the right fields and no others.
pub(crate) fn body<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body as JSON, with Content-Type: application/json"));
    }
    serde_json::from_slice(request.body()).map_err(|e| Problem::bad(format!("the body is not as expected: {e}")))
}

/// The first query parameter of this name, percent-decoded (`+` is a space).
pub(crate) fn query(request: &HttpRequest, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| percent_decode(value))
    })
}

/// A query parameter that is a number.
pub(crate) fn query_number(request: &HttpRequest, name: &str) -> Result<Option<u64>, Problem> {
    match query(request, name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Problem::bad(format!("{name} is a whole number, 0 or more"))),
    }
}

fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        out.push(high * 16 + low);
                        bytes = ahead;
                    }
                    _ => out.push(b'%'),
                }
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes everything but unreserved characters (RFC 8187 `ext-value`).
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What a page of this origin is told, or why it is refused. No answer ever allows credentials: a visitor is a
/// bearer token, never a cookie.
pub(crate) fn cross_origin(request: &HttpRequest, allowed: &[String]) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    if allowed.is_empty() {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = request.headers().get(header::ORIGIN) {
            let same_site = same_origin(request, origin);
            if !same_site && !allowed.iter().any(|a| a.as_bytes() == origin.as_bytes()) {
                return Err(Problem::new(StatusCode::FORBIDDEN, "pages of this origin may not use this chat; add it to allowed_origins"));
            }
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    Ok(headers)
}

/// Whether the page is one of ours: its origin names the host the request was sent to. A page cannot choose
/// either header.
fn same_origin(request: &HttpRequest, origin: &HeaderValue) -> bool {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    let origin = origin.to_str().ok().and_then(|o| o.split_once("://"));
    matches!((host, origin), (Some(host), Some((_, authority))) if authority.eq_ignore_ascii_case(host))
}

/// The answer to a browser's question before the request itself.
pub(crate) fn preflight(mut headers: HeaderMap) -> HttpResponse {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, last-event-id"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    let mut response = HttpResponse::new(Body::Full(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend(headers);
    response
}

/// Adds headers to an answer; those already there stay.
pub(crate) fn add(response: &mut HttpResponse, headers: &[(HeaderName, &'static str)]) {
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str) -> HttpRequest {
        http::Request::get(uri).body(bytes::Bytes::new()).unwrap()
    }

    #[test]
    fn query_parameters_are_decoded_and_hostile_ones_do_no_harm() {
        let request = get("/files?name=a%20b+c%C3%A9%&other=1&after=12&bad=-1");
        assert_eq!(query(&request, "name").as_deref(), Some("a b cé%"));
        assert_eq!(query(&request, "missing"), None);
        assert_eq!(query_number(&request, "after").unwrap(), Some(12));
        assert!(query_number(&request, "bad").is_err());
        assert_eq!(query(&get("/f?name=%ff%fe"), "name").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(percent_encode("a b/ñ\""), "a%20b%2F%C3%B1%22");
    }

    #[test]
    fn origins_are_compared_exactly() {
        let allowed = ["https://shop.example".to_owned()];
        for (origin, admitted) in [
            ("https://shop.example", true),
            ("https://shop.example:443", false),
            ("http://shop.example", false),
            ("https://evil-shop.example", false),
            ("https://shop.example.evil", false),
            ("null", false),
            ("http://here.test:8080", true),
        ] {
            let request =
                http::Request::get("/x").header("origin", origin).header("host", "here.test:8080").body(bytes::Bytes::new()).unwrap();
            assert_eq!(cross_origin(&request, &allowed).is_ok(), admitted, "{origin}");
            assert_eq!(cross_origin(&request, &[]).unwrap()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        }
    }
}

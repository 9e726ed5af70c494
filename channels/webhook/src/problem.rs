//! Answers: JSON, and problems in the form of RFC 9457.

use bytes::Bytes;
use channel::{AcceptError, Body, HttpResponse};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Seconds after which a refused delivery is worth another attempt.
const RETRY_AFTER_UNAVAILABLE: &str = "2";
const RETRY_AFTER_TOO_MANY: &str = "10";

/// JSON with a status.
pub(crate) fn json(status: StatusCode, body: &Value) -> HttpResponse {
    typed(status, "application/json", Bytes::from(body.to_string()))
}

/// A problem, in one sentence that says what to do.
pub(crate) fn problem(status: StatusCode, detail: &str) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or("Problem");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    typed(status, "application/problem+json", Bytes::from(body.to_string()))
}

/// Bytes of a media type, never to be guessed at or run by a browser.
pub(crate) fn typed(status: StatusCode, mime: &'static str, body: Bytes) -> HttpResponse {
    let mut answer = http::Response::new(Body::Full(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What the other side is told when an inbound was not accepted.
pub(crate) fn not_accepted(error: &AcceptError) -> HttpResponse {
    let (status, wait) = match error {
        AcceptError::TooMany => (StatusCode::TOO_MANY_REQUESTS, Some(RETRY_AFTER_TOO_MANY)),
        AcceptError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_AFTER_UNAVAILABLE)),
        AcceptError::Refused(_) | AcceptError::Nobody => (StatusCode::BAD_REQUEST, None),
    };
    let mut answer = problem(status, &error.to_string());
    if let Some(wait) = wait {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
    }
    answer
}

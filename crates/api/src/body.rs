//! Reading what a request says: bounded in size and time, JSON strict.

use crate::problem::Problem;
use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The largest JSON body of console and control requests, in bytes.
pub(crate) const JSON_LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive.
const WITHIN: Duration = Duration::from_secs(60);

/// All bytes of a body of at most `limit`.
///
/// # Errors
/// 413 if it is larger (told by its declared length before anything is read), 408 if it takes too long, 400 if it breaks off.
pub(crate) async fn read(headers: &HeaderMap, content: Body, limit: usize) -> Result<Bytes, Problem> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    match tokio::time::timeout(WITHIN, Limited::new(content, limit).collect()).await {
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long to arrive")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "broken_off", "the request broke off")),
    }
}

/// The same for a whole request.
pub(crate) async fn bytes(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let (parts, content) = request.into_parts();
    read(&parts.headers, content, limit).await
}

/// A JSON body. Types that are read this way deny unknown fields.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let declared = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = declared.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "send JSON with content-type application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail));
        }
        let body = bytes(request, JSON_LIMIT).await?;
        serde_json::from_slice(&body).map(Self).map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "bad_json", e.to_string()))
    }
}

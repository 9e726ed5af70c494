//! A refusal as HTTP says it: problem+json (RFC 9457) with one plain sentence.

use channel::{AcceptError, BlobError, Body, HttpResponse};
use http::{HeaderValue, StatusCode, header};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub status: StatusCode,
    pub detail: String,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None }
    }

    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "this visit is not known here; begin a new one with POST session")
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such thing in this conversation")
    }

    pub fn too_many(seconds: u32) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            detail: format!("too much at once; try again in {seconds} s"),
            retry_after: Some(seconds),
        }
    }

    pub fn into_response(self) -> HttpResponse {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = HttpResponse::new(Body::Full(body.to_string().into()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        let (status, retry_after) = match &error {
            AcceptError::TooMany => (StatusCode::TOO_MANY_REQUESTS, Some(5)),
            AcceptError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Some(2)),
            AcceptError::Nobody => (StatusCode::CONFLICT, None),
            AcceptError::Refused(_) => (StatusCode::BAD_REQUEST, None),
        };
        Self { status, detail: error.to_string(), retry_after }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match &error {
            BlobError::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            BlobError::Missing => Self::not_found(),
            // The disk's own words are for the operator.
            BlobError::Failed(_) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                detail: "the file could not be stored or read; try again shortly".into(),
                retry_after: Some(5),
            },
        }
    }
}

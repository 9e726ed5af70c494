//! A problem: every answer that is not a success, as `application/problem+json` (RFC 9457).
//!
//! `detail` is a sentence for people that says what to do, `code` a stable word for programs.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use runtime::{DeskError, Unfindable, WriteError};

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<u64>,
    more: Option<Box<More>>,
}

/// What some problems say besides.
#[derive(Clone, Debug, Default)]
struct More {
    /// Members of the document.
    members: Vec<(&'static str, serde_json::Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None, more: None }
    }

    /// The same, with the seconds after which trying again makes sense.
    pub(crate) fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after = Some(secs.max(1));
        self
    }

    /// The same, with another member of the document.
    pub(crate) fn with(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.more.get_or_insert_default().members.push((name, value));
        self
    }

    /// The same, with a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.get_or_insert_default().headers.push((name, value));
        self
    }

    /// What is told to people.
    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here, or it is not for you to see")
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    pub(crate) fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", "sign in first")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server is not ready; try again shortly").retry_after(2)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the request is larger than {limit} bytes"))
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something broke here; it was logged, trying again may help")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let More { members, headers: own } = self.more.map(|more| *more).unwrap_or_default();
        for (name, value) in members {
            body[name] = value;
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(own);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let detail = error.to_string();
        match error {
            DeskError::Taken { .. } => Self::new(StatusCode::CONFLICT, "taken", detail),
            DeskError::NotFound => Self::new(StatusCode::CONFLICT, "not_at_desk", detail),
            DeskError::NotYours => Self::new(StatusCode::CONFLICT, "not_yours", detail),
            // What an agent may not see does not exist for them.
            DeskError::NotAllowed => Self::not_found(),
            DeskError::Empty => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "empty", detail),
            DeskError::TooLong => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_long", detail),
            DeskError::FileGone(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "file_gone", detail),
            DeskError::NoSuchSkill(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_such_skill", detail),
            DeskError::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail).retry_after(5),
            DeskError::Parked => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "set_aside", detail),
            DeskError::Unavailable => Self::unavailable(),
        }
    }
}

impl From<Unfindable> for Problem {
    fn from(error: Unfindable) -> Self {
        match error {
            Unfindable::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", error.to_string()).retry_after(1),
            Unfindable::Now => Self::unavailable(),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let detail = error.to_string();
        match error {
            WriteError::NotFound => Self::not_found(),
            WriteError::Invalid(_) => Self::invalid(detail),
            WriteError::Changed => Self::new(StatusCode::PRECONDITION_FAILED, "changed", detail),
            WriteError::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail).retry_after(5),
            WriteError::Parked => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "set_aside", detail),
            WriteError::Unavailable => Self::unavailable(),
        }
    }
}

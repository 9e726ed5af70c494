//! `GET /api/v1/openapi.json`: the document, for everybody.

use super::{Answer, Operation};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::json;
use std::sync::LazyLock;

/// Written once: it is the same for everybody.
static WRITTEN: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(text()));

/// The document as text, as it is kept beside the manual as well.
pub(super) fn text() -> String {
    let (_, _, document) = crate::v1::declared().into_parts();
    // Only what has no text form, such as a map with keys that are none, could not be written.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// The document as it is sent.
pub(crate) struct Document(Bytes);

impl Answer for Document {
    fn tell(operation: &mut Operation<'_>) {
        let schema = json!({ "type": "object", "description": "An OpenAPI 3.1 document.", "additionalProperties": true });
        operation.answers_media(200, "This document.", &[("application/json", schema)], &[]);
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// `GET /api/v1/openapi.json`
pub(crate) async fn document() -> Document {
    Document(WRITTEN.clone())
}

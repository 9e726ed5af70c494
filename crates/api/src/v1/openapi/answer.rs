//! What handlers answer: JSON with a status that says what became of the request.

use super::Operation;
use crate::problem::Problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

/// The result of a handler.
pub(crate) trait Answer {
    /// Says what is answered when it succeeds.
    fn tell(operation: &mut Operation<'_>);
}

impl<A: Answer> Answer for Result<A, Problem> {
    fn tell(operation: &mut Operation<'_>) {
        A::tell(operation);
    }
}

impl<T: JsonSchema> Answer for axum::Json<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<T>(200, "What was asked for.", &[]);
    }
}

/// 204: it is done, and there is nothing to say.
pub(crate) struct Done;

impl Answer for Done {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers_nothing(204, "It is done.");
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 200, with the tag that a later change can be made to depend on, if there is one.
pub(crate) struct Tagged<T> {
    pub(crate) body: T,
    pub(crate) tag: Option<String>,
}

impl<T: JsonSchema> Answer for Tagged<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<T>(200, "What was asked for.", &["ETag"]);
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        with(StatusCode::OK, &self.body, None, self.tag.as_deref())
    }
}

/// 201: it was made, and stands at this place below `/api/v1`.
pub(crate) struct Made<T> {
    pub(crate) body: T,
    /// Such as `/contacts/con_01…`.
    pub(crate) place: String,
    pub(crate) tag: Option<String>,
}

impl<T: JsonSchema> Answer for Made<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<T>(201, "It was made.", &["Location", "ETag"]);
    }
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        with(StatusCode::CREATED, &self.body, Some(&self.place), self.tag.as_deref())
    }
}

/// 202: it was taken on and goes on by itself; how it stands is told at this place below `/api/v1`.
pub(crate) struct Taken<T> {
    pub(crate) body: T,
    pub(crate) place: String,
}

impl<T: JsonSchema> Answer for Taken<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<T>(202, "It was taken on and goes on by itself.", &["Location"]);
    }
}

impl<T: Serialize> IntoResponse for Taken<T> {
    fn into_response(self) -> Response {
        with(StatusCode::ACCEPTED, &self.body, Some(&self.place), None)
    }
}

/// 201 or 200: it is there now, made or replaced.
pub(crate) struct Stored<T> {
    pub(crate) body: T,
    pub(crate) made: bool,
    pub(crate) tag: Option<String>,
}

impl<T: JsonSchema> Answer for Stored<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.answers::<T>(200, "It was replaced.", &["ETag"]);
        operation.answers::<T>(201, "It was made.", &["ETag"]);
    }
}

impl<T: Serialize> IntoResponse for Stored<T> {
    fn into_response(self) -> Response {
        let status = if self.made { StatusCode::CREATED } else { StatusCode::OK };
        with(status, &self.body, None, self.tag.as_deref())
    }
}

/// A tag as it stands in a header.
pub(crate) fn etag(tag: &str) -> String {
    format!("\"{tag}\"")
}

fn with(status: StatusCode, body: &impl Serialize, place: Option<&str>, tag: Option<&str>) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    let mut put = |name: HeaderName, text: String| {
        let value = HeaderValue::from_str(&text);
        debug_assert!(value.is_ok(), "ids, keys and tags are visible ASCII, not {text}");
        value.into_iter().for_each(|value| drop(response.headers_mut().insert(name.clone(), value)));
    };
    if let Some(place) = place {
        put(header::LOCATION, format!("/api/v1{place}"));
    }
    if let Some(tag) = tag {
        put(header::ETAG, etag(tag));
    }
    response
}

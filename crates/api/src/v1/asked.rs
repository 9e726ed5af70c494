//! What a request says in its query, its path and its body: read strictly, every mistake in words.

use super::openapi::{ContactRef, Id, Operation, Part};
use crate::{body, problem::Problem};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::{HeaderMap, StatusCode, header, request::Parts};
use model::ContactId;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// The largest body.
const BODY: usize = 256 * 1024;
/// Entries of a page, if nothing is said, and at the most.
const PAGE: usize = 100;
const LARGEST: usize = 1_000;

/// The query; types that are read this way deny unknown fields.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejected) => {
                let said = rejected.body_text();
                // The parser's own words follow those of the framework.
                let why = said.split_once(": ").map_or(said.as_str(), |(_, why)| why);
                Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("the query: {why}")))
            }
        }
    }
}

impl<T: JsonSchema> Part for Asked<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.query::<T>();
        operation.refuses(400, "bad_query", "the query has a parameter that is not known, or that cannot be read");
    }
}

/// No query.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Which page of a list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 200))]
    pub(crate) cursor: Option<String>,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) limit: Option<usize>,
}

impl Page {
    /// How many entries.
    ///
    /// # Errors
    /// 400 outside of 1 to 1,000.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(PAGE),
            Some(limit) if (1..=LARGEST).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("limit is 1 to {LARGEST}"))),
        }
    }
}

impl Page {
    /// The contact after which a page of contacts begins.
    ///
    /// # Errors
    /// 400 if it is not what a page before said.
    pub(crate) fn after(&self) -> Result<Option<ContactId>, Problem> {
        let after = self.cursor.as_ref().map(|cursor| cursor.parse::<ContactId>()).transpose();
        after.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_query", "cursor is the next_cursor of a page before"))
    }
}

/// What may stand in a path.
pub(crate) trait InPath: Sized {
    /// How it looks.
    type Looks: JsonSchema;

    /// Reads it.
    ///
    /// # Errors
    /// 404 for what cannot be: it is answered as what does not exist.
    fn read(text: String) -> Result<Self, Problem>;
}

impl InPath for String {
    type Looks = Id;

    fn read(text: String) -> Result<Self, Problem> {
        Ok(text)
    }
}

impl InPath for ContactId {
    type Looks = ContactRef;

    fn read(text: String) -> Result<Self, Problem> {
        contact(&text)
    }
}

/// Parts of the path. One that cannot be is answered as one that does not exist.
pub(crate) struct In<T>(pub(crate) T);

impl<T: InPath + Send, S: Sync + Send> FromRequestParts<S> for In<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        T::read(text).map(Self)
    }
}

impl<T: InPath> Part for In<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.place::<T::Looks>();
        operation.refuses(404, "not_found", "there is no such thing");
    }
}

/// Two parts of a path.
pub(crate) struct InTwo<A, B>(pub(crate) A, pub(crate) B);

impl<A: InPath + Send, B: InPath + Send, S: Sync + Send> FromRequestParts<S> for InTwo<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((a, b)) = Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        Ok(Self(A::read(a)?, B::read(b)?))
    }
}

impl<A: InPath, B: InPath> Part for InTwo<A, B> {
    fn tell(operation: &mut Operation<'_>) {
        operation.place::<A::Looks>();
        operation.place::<B::Looks>();
        operation.refuses(404, "not_found", "there is no such thing");
    }
}

/// A contact's id.
///
/// # Errors
/// 404 for what is none.
pub(crate) fn contact(text: &str) -> Result<ContactId, Problem> {
    text.parse().map_err(|_| no_contact())
}

pub(crate) fn no_contact() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_contact", "there is no such contact")
}

/// What a change takes for granted of what it changes: the `If-Match` of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing.
    Anything,
    /// That it is there (`*`).
    Present,
    /// That it has one of these tags.
    Tags(Vec<String>),
}

impl<S: Sync + Send> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad_precondition", "If-Match is * or tags as an ETag told them");
        let mut tags = Vec::new();
        for value in parts.headers.get_all(header::IF_MATCH) {
            tags.extend(value.to_str().map_err(|_| bad())?.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()));
        }
        Ok(match tags.as_slice() {
            [] => Self::Anything,
            [star] if star == "*" => Self::Present,
            _ => Self::Tags(tags),
        })
    }
}

impl Part for IfMatch {
    fn tell(operation: &mut Operation<'_>) {
        let text = "The ETag of what was read: the change is made only if nobody changed it since. * for what is there at all.";
        operation.header("If-Match", text, &json!({ "type": "string", "maxLength": 1_024 }));
        operation.refuses(400, "bad_precondition", "If-Match is neither * nor a tag");
        operation.refuses(412, "changed", "it was changed since, and nothing was done");
    }
}

/// A JSON body. Types that are read this way deny unknown fields.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send JSON with content-type application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail));
        }
        let body = body::bytes(request, BODY).await?;
        serde_json::from_slice(&body).map(Self).map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "bad_json", e.to_string()))
    }
}

impl<T: JsonSchema> Part for Body<T> {
    fn tell(operation: &mut Operation<'_>) {
        operation.takes_json::<T>();
        operation.refuses(400, "bad_json", "the body is not JSON, or a field is not known or of the wrong kind");
        operation.refuses(415, "not_json", "the content type is not application/json");
        operation.refuses(422, "invalid", "the body was understood and makes no sense");
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    // What `PATCH` says is a merge patch.
    ["application/json", "application/merge-patch+json"].iter().any(|known| essence.eq_ignore_ascii_case(known))
}

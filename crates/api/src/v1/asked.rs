//! What a request says in its query, its path and its body: read strictly, every mistake in words.

use crate::{body, problem::Problem};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::{HeaderMap, StatusCode, header, request::Parts};
use model::ContactId;
use serde::{Deserialize, de::DeserializeOwned};

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

/// No query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Which page of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) cursor: Option<String>,
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

/// Parts of the path. One that cannot be is answered as one that does not exist.
pub(crate) struct In<T>(pub(crate) T);

impl<S: Sync + Send> FromRequestParts<S> for In<String> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state).await.map(|Path(part)| Self(part)).map_err(|_| Problem::not_found())
    }
}

impl<S: Sync + Send> FromRequestParts<S> for In<ContactId> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let In(text) = In::<String>::from_request_parts(parts, state).await?;
        contact(&text).map(Self)
    }
}

impl<S: Sync + Send> FromRequestParts<S> for In<(String, ContactId)> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((key, id)) = Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        Ok(Self((key, contact(&id)?)))
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

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    // What `PATCH` says is a merge patch.
    ["application/json", "application/merge-patch+json"].iter().any(|known| essence.eq_ignore_ascii_case(known))
}

//! What a visitor has seen: one cursor for the whole conversation, which the panel moves on while somebody looks at its end.

use crate::{problem::Problem, respond, routes::Site};
use channel::{Body, HttpRequest, HttpResponse};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    /// The number of a line.
    no: u64,
}

/// `POST read`: the visitor has seen everything up to a line.
pub(crate) async fn read(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_tell_read(&request, &visitor)?;
    let Read { no } = respond::body(&request)?;
    site.hub.read(&visitor, no).await?;
    let mut response = HttpResponse::new(Body::Full(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

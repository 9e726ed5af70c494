//! Which segments the visitor is in, for the page they look at: `switchboard.segments()`.
//!
//! A visitor learns of themselves alone: who asks is who the token belongs to, and nothing in the request says about whom. It is a
//! help for what a page shows, not a proof: a website that gives something away asks with a key of its own.

use crate::{problem::Problem, respond, routes::Site};
use channel::{HttpRequest, HttpResponse};
use http::StatusCode;
use std::sync::Arc;

/// How long what the visitor did a moment ago is waited for, in milliseconds.
const SETTLE: u64 = 2_000;

/// `GET segments`: the keys of the segments the visitor is in now, sorted. Nobody who has not opened the chat is in one.
pub(crate) async fn mine(site: Arc<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let visitor = site.visitor(&request).await?;
    site.may_read(&request)?;
    // An event told just before the question counts in the answer.
    site.hub.settled(&visitor, SETTLE).await;
    let mut keys = site.hub.segments(&visitor).await;
    if let Some(told) = &site.options.segments {
        keys.retain(|key| told.contains(key));
    }
    Ok(respond::json(StatusCode::OK, &serde_json::json!({ "segments": keys })))
}

//! The HTTP API for programs, version 1: `/api/v1`, with keys that open what their scopes say.
//!
//! Times are RFC 3339, ids and cursors opaque texts, lists paged by cursor; what is unknown in a body or a query is refused.
//! Every refusal is a problem document ([`crate::problem`]).
//!
//! **Invariants.** Nothing is answered to somebody without a key. A handler names the scope it needs in its signature
//! ([`caller::Caller`]), so none can forget it. No answer carries headers that let pages of other sites read it.

mod asked;
mod caller;
mod contacts;
pub(crate) mod events;
mod once;
mod rate;
mod segments;

pub(crate) use once::Once;
pub(crate) use rate::Rates;
pub(crate) use segments::{Asks, explained, listed, members_page, preview_asked, shown, told};

use crate::{problem::Problem, state::Shared};
use axum::{
    Router, middleware,
    routing::{any, get, post, put},
};

/// The routes below `/api/v1`.
pub(crate) fn routes(server: &Shared) -> Router<Shared> {
    Router::new()
        .route("/contacts", get(contacts::list))
        .route("/contacts/{contact}", get(contacts::show).patch(contacts::patch))
        .route("/contacts/{contact}/segments", get(contacts::segments))
        .route("/contacts/{contact}/events", post(events::raise))
        .route("/segments", get(segments::list).post(segments::create))
        .route(
            "/segments/{key}",
            // `POST /segments/preview` shares its place with a segment's key.
            get(segments::show).put(segments::replace).patch(segments::patch).delete(segments::delete).post(segments::preview),
        )
        .route("/segments/{key}/members", get(segments::members).post(segments::change_members))
        .route("/segments/{key}/members/{contact}", put(segments::add_member).delete(segments::remove_member))
        .route("/segments/{key}/history", get(segments::history))
        .route("/segments/{key}/contacts/{contact}", get(segments::membership))
        .route("/{*rest}", any(|| async { Problem::not_found() }))
        .layer(middleware::from_fn_with_state(server.clone(), caller::known))
}

//! The HTTP API, version 1: `/api/v1`, for programs with keys that open what their scopes say, and for the console's own pages.
//!
//! Times are RFC 3339, ids and cursors opaque texts, lists paged by cursor; what is unknown in a body or a query is refused.
//! Every refusal is a problem document ([`crate::problem`]). Every route is declared in a way that documents it ([`openapi`]).
//!
//! **Invariants.** Nothing but that document is answered to somebody who is not known. A handler names the scope it needs in its
//! signature ([`caller::Caller`]), so none can forget it. No answer carries headers that let pages of other sites read it.

mod asked;
mod attributes;
mod block;
mod bulk;
mod caller;
mod consents;
mod contacts;
mod erase;
pub(crate) mod events;
mod exports;
mod find;
mod imports;
mod journey;
mod keys;
mod merge;
mod messages;
mod notes;
mod once;
mod openapi;
mod rate;
mod segments;
mod tags;
mod vocabulary;
mod webhooks;

pub(crate) use block::set as block_contact;
pub(crate) use contacts::story;
pub(crate) use erase::{Certificate, carry_out as erase_contact, listed as certificates};
pub(crate) use imports::Shown as ImportShown;
pub(crate) use journey::topics as journey_topics;
pub(crate) use merge::shown as merge_preview;
pub(crate) use messages::FoundMessages;
pub(crate) use once::Once;
pub(crate) use rate::Rates;
pub(crate) use segments::{Asks, explained, listed, members_page, preview_asked, read_condition, shown, told};

use crate::{problem::Problem, state::Shared};
use axum::{Router, middleware, routing::any};
use openapi::{Api, about};

/// Every route, declared.
fn declared() -> Api {
    let api = Api::new().open_get("/openapi.json", openapi::document, about("getDocument", "This document"));
    let api = contacts::routes(api);
    let api = erase::routes(api);
    let api = consents::routes(api);
    let api = merge::routes(api);
    let api = notes::routes(api);
    let api = journey::routes(api);
    let api = attributes::routes(api);
    let api = vocabulary::routes(api);
    let api = events::routes(api);
    let api = find::routes(api);
    let api = messages::routes(api);
    let api = block::routes(api);
    let api = webhooks::routes(api);
    let api = tags::routes(api);
    let api = imports::routes(api);
    let api = exports::routes(api);
    let api = bulk::routes(api);
    let api = segments::routes(api);
    keys::routes(api)
}

/// The routes below `/api/v1`.
pub(crate) fn routes(server: &Shared) -> Router<Shared> {
    let (known, open, _) = declared().into_parts();
    known
        .route("/{*rest}", any(|| async { Problem::not_found() }))
        .layer(middleware::from_fn_with_state(server.clone(), caller::known))
        .merge(open)
}

//! What the other side tells of a message that it was given: that it arrived, was read, or did not arrive after all.

use crate::{
    door::{Signed, bad},
    inbound::{check_from, read},
    problem::{json, not_accepted, problem},
};
use channel::HttpResponse;
use http::StatusCode;
use model::{Delivery, MessageId};
use serde::Deserialize;

/// The longest reason, in characters.
const REASON: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    from: String,
    /// The message, by the id that it was given with.
    id: String,
    state: State,
    reason: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Delivered,
    Read,
    Failed,
}

/// `POST /status`: what became of a message of this customer's conversation.
pub(crate) async fn take(signed: Signed) -> Result<HttpResponse, HttpResponse> {
    let Status { from, id, state, reason } = read(signed.request.body()).map_err(bad)?;
    check_from(&from).map_err(bad)?;
    let message: MessageId = id.parse().map_err(|_| bad("\"id\" is the id of a message as you were given it: msg_…"))?;
    if reason.is_some() && state != State::Failed {
        return Err(bad("\"reason\" belongs to the state \"failed\""));
    }
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON || reason.chars().any(char::is_control)) {
        return Err(bad(format!("\"reason\" has at most {REASON} characters, none of them a control character")));
    }
    let delivery = match state {
        State::Delivered => Delivery::Delivered,
        State::Read => Delivery::Read,
        State::Failed => Delivery::Failed(reason.unwrap_or_else(|| "the other side says that it did not arrive".into())),
    };
    match signed.hub.reported(&signed.address(&from), message, delivery).await {
        Ok(true) => Ok(json(StatusCode::OK, &serde_json::json!({}))),
        Ok(false) => Err(problem(StatusCode::NOT_FOUND, "no such message was said in this customer's conversation lately")),
        Err(error) => Err(not_accepted(&error)),
    }
}

//! Who asks: an agent with a sign-in that lasts. Handlers take it as an argument, so none can forget it.

use crate::{problem::Problem, session, state::Shared};
use axum::extract::FromRequestParts;
use http::request::Parts;
use runtime::Agent;

/// A signed-in agent.
pub(crate) struct SignedIn {
    pub(crate) agent: Agent,
    pub(crate) token: String,
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let (agent, token) = session::of(state, &parts.headers).await?;
        Ok(Self { agent, token })
    }
}

//! A request for a human: who waits, who has it, how it ended.

use crate::{AgentId, Instant, RequestId, RunId};
use serde::{Deserialize, Serialize};

/// How a request for a human stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Waits for an agent.
    Waiting,
    /// An agent has it since then.
    Active {
        /// Who.
        agent: AgentId,
        /// The name the customer sees.
        name: String,
        /// Since when.
        since: Instant,
    },
    /// Nobody answered it, since then (FL 5.5); listed at the desk until somebody does or dismisses it.
    Missed {
        /// Since when.
        since: Instant,
        /// Why: `timeout`, `no_agent`, ….
        why: String,
    },
}

/// A request for a human.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveRequest {
    /// Its id.
    pub id: RequestId,
    /// The group asked.
    pub group: String,
    /// Whether it goes before those of its group that do not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// When it was made: its place in the queue.
    pub since: Instant,
    /// The run that rests on it.
    pub run: Option<RunId>,
    /// When its timeout is taken while it waits.
    pub deadline: Option<Instant>,
    /// How it stands.
    pub state: RequestState,
}

/// How a request for a human ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftDesk {
    /// The request.
    pub request: RequestId,
    /// The group that was asked.
    pub group: String,
    /// When it ended.
    pub at: Instant,
    /// The agent who closed the chat; none if the customer left, was blocked, or the missed request was dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AgentId>,
}

//! An agent: a human who answers at the desk, as stored in the table `agents`.

use model::AgentId;
use serde::{Deserialize, Serialize};

/// The table of agents, keyed by their id.
pub(crate) const TABLE: &str = "agents";
/// The table of what each agent chose at the desk, keyed by their id.
pub(crate) const CHOICES: &str = "desk_choices";

/// The table of agents who are at the desk, keyed by their id: whoever was there when the process ended is taken to come back
/// as soon as their console has found the new one.
pub(crate) const PRESENT: &str = "desk_present";

/// A human who answers at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Their id.
    pub id: AgentId,
    /// The name customers see.
    pub name: String,
    /// What they sign in with.
    pub login: String,
    /// The groups they answer for.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The argon2id hash of the password; made by the caller.
    pub password_hash: String,
    /// Whether they may not sign in any more.
    #[serde(default)]
    pub disabled: bool,
}

/// What an agent chose, kept over restarts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// Whether they take chats. A new agent does, so that a first chat reaches somebody.
    pub accepting: bool,
}

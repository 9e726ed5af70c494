//! The desk as agents see it: requests for a human, and hints that something changed.

use model::{ContactId, ConversationId, Instant, RequestId};
use serde::Serialize;

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskRowState {
    /// Waits for an agent.
    Waiting,
    /// An agent has it.
    Active,
    /// Nobody answered in time (FL 5.5).
    Missed,
}

/// One request at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeskRow {
    /// The request.
    pub request: RequestId,
    /// Whose.
    pub contact: ContactId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The group asked.
    pub group: String,
    /// What to call the customer.
    pub name: String,
    /// The channel's key.
    pub channel: String,
    /// When a human was asked for.
    pub since: Instant,
    /// How it stands.
    pub state: DeskRowState,
    /// Its place in line, from 1, while it waits.
    pub position: Option<u32>,
    /// Who has it, while it is active.
    pub agent_name: Option<String>,
    /// The newest message, cut to 140 characters.
    pub last_text: Option<String>,
    /// When that was.
    pub last_at: Option<Instant>,
    /// Whether the customer spoke last.
    pub waiting_customer: bool,
}

/// What one agent sees: requests of their groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeskView {
    /// Whether the agent takes chats.
    pub accepting: bool,
    /// Requests that wait, first come first.
    pub queue: Vec<DeskRow>,
    /// The agent's own chats, oldest first.
    pub mine: Vec<DeskRow>,
    /// Requests nobody answered, newest first.
    pub missed: Vec<DeskRow>,
    /// How many chats other agents of these groups have.
    pub others: usize,
}

/// A hint that something at the desk changed; the data is fetched. Hints may be dropped and joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DeskEvent {
    /// Requests came, went or changed hands, or an agent came or went.
    Queue,
    /// A conversation with a request has new lines.
    Conversation {
        /// Which.
        conversation: ConversationId,
        /// The newest line.
        no: u64,
    },
    /// The bot was replaced, or its changed folder was refused.
    Bot,
    /// The customer types.
    Typing {
        /// Where.
        conversation: ConversationId,
    },
}

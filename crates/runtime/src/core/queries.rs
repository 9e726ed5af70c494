//! What the shell may ask the core: the desk and counts.

use super::{CommitToken, Core, Entry};
use crate::RuntimeStats;
use model::{AgentId, ConversationId};

/// An agent as the desk knows them.
#[derive(Clone, Debug)]
pub(crate) struct AgentAtDesk {
    pub name: String,
    pub groups: Vec<String>,
    pub accepting: bool,
}

impl Core {
    /// The requests of these groups.
    pub(crate) fn requests(&self, groups: &[String]) -> Vec<Entry> {
        self.desk.entries().filter(|e| groups.contains(&e.request.group)).cloned().collect()
    }

    /// The request of a conversation, if it is at the desk.
    pub(crate) fn request(&self, conversation: ConversationId) -> Option<Entry> {
        self.desk.entry(conversation).cloned()
    }

    /// The place in line of a conversation.
    pub(crate) fn position(&self, conversation: ConversationId) -> Option<u32> {
        self.desk.position(conversation)
    }

    /// An agent who is not disabled.
    pub(crate) fn agent(&self, id: AgentId) -> Option<AgentAtDesk> {
        let agent = self.desk.agent(id).filter(|a| !a.disabled)?;
        Some(AgentAtDesk { name: agent.name.clone(), groups: agent.groups.clone(), accepting: agent.accepting })
    }

    /// Whether the store failed, and why.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Whether it takes nothing new any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// The newest commit.
    pub(crate) fn newest_commit(&self) -> CommitToken {
        CommitToken(self.tokens)
    }

    /// Whether no step is under way whose commit is this one or an earlier one.
    pub(crate) fn has_landed(&self, newest: CommitToken) -> bool {
        self.flights.keys().all(|token| token.0 > newest.0)
    }

    /// Counts of what the core holds.
    pub fn stats(&self) -> RuntimeStats {
        RuntimeStats {
            lines: self.lines.len(),
            commits: self.flights.len(),
            arriving: self.creating.len(),
            sending: self.sends.len(),
            calling: self.calls.len(),
            lanes: self.outlets.values().map(|o| o.waiting.len()).sum(),
            agenda: self.agenda.len(),
            boundaries: self.segments.boundaries(),
            requests: self.desk.len(),
            ..self.stats
        }
    }
}

//! Presence: an agent is at the desk while a console stream is open.

use super::Shell;
use model::AgentId;
use std::sync::Arc;

/// Held while a console stream is open. When the agent's last one is dropped they count as absent after ten seconds, so
/// that a reload is no absence.
pub struct PresenceGuard {
    shell: Arc<Shell>,
    agent: AgentId,
}

impl PresenceGuard {
    pub(crate) fn new(shell: Arc<Shell>, agent: AgentId) -> Self {
        shell.tell(|core, now| core.presence(now, agent, true));
        Self { shell, agent }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.shell.tell(|core, now| core.presence(now, self.agent, false));
    }
}

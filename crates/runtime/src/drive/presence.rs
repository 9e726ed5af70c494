//! Presence: an agent is at the desk while a console stream is open.
//!
//! Who is there is stored as well, so that a restart is no absence: a note is made when an agent comes and taken away when they
//! have been gone for the grace of a reload. A process that ends leaves the notes of whoever was there.

use super::Shell;
use crate::agent::PRESENT;
use model::AgentId;
use std::{sync::Arc, time::Duration};

/// A little longer than the core's grace for a reload.
const GONE: Duration = Duration::from_secs(11);

/// Held while a console stream is open. When the agent's last one is dropped they count as absent after ten seconds, so
/// that a reload is no absence.
pub struct PresenceGuard {
    shell: Arc<Shell>,
    agent: AgentId,
}

impl PresenceGuard {
    pub(crate) fn new(shell: Arc<Shell>, agent: AgentId) -> Self {
        shell.tell(|core, now| core.presence(now, agent, true));
        let noting = shell.clone();
        shell.runtime.spawn(async move { note(&noting, agent).await });
        Self { shell, agent }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.shell.tell(|core, now| core.presence(now, self.agent, false));
        let (shell, agent) = (self.shell.clone(), self.agent);
        let runtime = shell.runtime.clone();
        runtime.spawn(async move {
            tokio::time::sleep(GONE).await;
            note(&shell, agent).await;
        });
    }
}

/// Makes the stored note what is so now. Best effort: a note that is missing costs a customer a sentence after a restart, one
/// too many half a minute.
async fn note(shell: &Arc<Shell>, agent: AgentId) {
    let key = agent.to_string();
    loop {
        let present = shell.ask(|core| core.is_present(agent));
        let looked = key.clone();
        let Some(noted) = shell.read(move |store| store.record(PRESENT, &looked)).await else { return };
        if noted.is_some() == present {
            return;
        }
        let value = present.then(|| serde_json::json!({}));
        if shell.put_record(PRESENT, &key, value).await.is_err() {
            return;
        }
    }
}

//! Agents and other records.

use super::Handle;
use crate::{Agent, PresenceGuard, WriteError, agent};
use model::AgentId;
use serde_json::Value;
use store::RecordPut;

/// The longest name and login.
const NAME: usize = 120;

fn write_error(error: store::Error) -> WriteError {
    match error {
        store::Error::Invalid(why) => WriteError::Invalid(why),
        store::Error::Conflict { .. }
        | store::Error::Failed(_)
        | store::Error::Corrupt(_)
        | store::Error::InUse(_)
        | store::Error::NoCopy(_)
        | store::Error::Busy => WriteError::Unavailable,
    }
}

impl Handle {
    /// All agents, by id.
    pub async fn agents(&self) -> Vec<Agent> {
        let rows = self.records(agent::TABLE).await;
        // What cannot be read would have stopped the start.
        rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect()
    }

    /// An agent by id.
    pub async fn agent(&self, id: AgentId) -> Option<Agent> {
        self.record(agent::TABLE, &id.to_string()).await.and_then(|value| serde_json::from_value(value).ok())
    }

    /// The agent who signs in with this; upper and lower case are the same.
    pub async fn agent_by_login(&self, login: &str) -> Option<Agent> {
        let login = model::fold(login);
        self.agents().await.into_iter().find(|a| model::fold(&a.login) == login)
    }

    /// Adds an agent, or changes the one with this id.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] if the name or login is empty or too long, or the login is somebody else's.
    pub async fn put_agent(&self, agent: Agent) -> Result<(), WriteError> {
        for (what, text) in [("name", &agent.name), ("login", &agent.login)] {
            if text.trim().is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
                return Err(WriteError::Invalid(format!("the {what} must have between 1 and {NAME} characters in one line")));
            }
        }
        if self.agent_by_login(&agent.login).await.is_some_and(|other| other.id != agent.id) {
            return Err(WriteError::Invalid(format!("the login \"{}\" is somebody else's; choose another", agent.login)));
        }
        let value = serde_json::to_value(&agent).map_err(|why| WriteError::Invalid(why.to_string()))?;
        self.put_record(agent::TABLE, &agent.id.to_string(), Some(value)).await?;
        self.shell.tell(|core, _| core.put_agent(&agent));
        Ok(())
    }

    /// The agent takes chats from now on, or not; kept over restarts. Agents do until they choose otherwise.
    ///
    /// # Errors
    /// [`WriteError`] if the store refuses: it stays as it was.
    pub async fn set_accepting(&self, agent: AgentId, accepting: bool) -> Result<(), WriteError> {
        let choice = serde_json::json!({ "accepting": accepting });
        self.put_record(agent::CHOICES, &agent.to_string(), Some(choice)).await?;
        self.shell.tell(|core, _| core.set_accepting(agent, accepting));
        Ok(())
    }

    /// Says that the agent is at the desk, for as long as the guard is held and ten seconds after.
    pub fn presence(&self, agent: AgentId) -> PresenceGuard {
        PresenceGuard::new(self.shell.clone(), agent)
    }

    /// One record.
    pub async fn record(&self, table: &str, key: &str) -> Option<Value> {
        let (table, key) = (table.to_owned(), key.to_owned());
        self.shell.read(move |store| store.record(&table, &key)).await.flatten()
    }

    /// All records of a table, by key.
    pub async fn records(&self, table: &str) -> Vec<(String, Value)> {
        let table = table.to_owned();
        self.shell.read(move |store| store.records(&table)).await.unwrap_or_default()
    }

    /// Stores a record durably; none deletes it.
    ///
    /// # Errors
    /// [`WriteError`] if the store refuses.
    pub async fn put_record(&self, table: &str, key: &str, value: Option<Value>) -> Result<(), WriteError> {
        self.shell.put_record(table, key, value).await.map_err(write_error)
    }

    /// Stores records durably, all or none.
    pub(super) async fn put_records(&self, records: Vec<RecordPut>) -> Result<(), WriteError> {
        self.shell.put_records(records).await.map_err(write_error)
    }
}

//! Names and values that contacts have, for whoever writes a condition.

use super::Handle;
use segments::InUse;

impl Handle {
    /// What somebody has: recorded events and their fields, topics, skills that ran, languages, countries, sources, statuses.
    pub async fn in_use(&self) -> InUse {
        let everybody = self.shell.ask(crate::core::Core::snapshot);
        // Only a shutdown ends it before it answers.
        tokio::task::spawn_blocking(move || everybody.in_use()).await.unwrap_or_default()
    }
}

//! Names and values that contacts have, for whoever writes a condition.

use super::Handle;
use crate::core::Core;
use segments::{InUse, NamesInUse};

impl Handle {
    /// The tags and events that somebody has.
    pub(super) fn names_in_use(&self) -> NamesInUse {
        self.shell.ask(Core::snapshot).names_in_use()
    }

    /// What somebody has: recorded events and their fields, topics, skills that ran, languages, countries, sources, statuses.
    pub async fn in_use(&self) -> InUse {
        let everybody = self.shell.ask(Core::snapshot);
        // Only a shutdown ends it before it answers.
        tokio::task::spawn_blocking(move || everybody.in_use()).await.unwrap_or_default()
    }
}

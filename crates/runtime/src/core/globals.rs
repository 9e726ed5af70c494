//! Globals in the core: read from what is durable, seen by the next step (FL 7.1).

use super::{Core, CoreError};
use engine::{Bot, Programs as _};
use model::{Instant, Record};
use std::sync::Arc;
use store::Store;

/// The table of globals: a name, and the value as it is stored everywhere.
pub(crate) const TABLE: &str = "globals";

impl Core {
    /// Takes over the globals that are durable now, so that whoever changed one last is right.
    ///
    /// # Errors
    /// [`CoreError`] if they cannot be read; nothing changed then.
    pub fn read_globals(&mut self, now: Instant) -> Result<(), CoreError> {
        self.load_globals()?;
        self.rules_changed(now);
        Ok(())
    }

    /// Takes them over at the start, before anybody was looked at.
    pub(super) fn load_globals(&mut self) -> Result<(), CoreError> {
        let globals = stored(&*self.store)?;
        self.programs.set_globals(globals);
        Ok(())
    }

    /// The current bot with the globals it has now.
    pub fn bot(&self) -> Arc<Bot> {
        self.programs.current().clone()
    }
}

fn stored(store: &dyn Store) -> Result<Record, CoreError> {
    let mut globals = Record::new();
    for (key, value) in store.records(TABLE)? {
        let value =
            serde_json::from_value(value).map_err(|why| CoreError::Record { table: TABLE, key: key.clone(), why: why.to_string() })?;
        globals.insert(key, value);
    }
    Ok(globals)
}

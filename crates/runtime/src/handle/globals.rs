//! Globals for the bot's owners: what they are, and changing one (FL 7.1).

use super::Handle;
use crate::{WriteError, core::globals::TABLE};
use engine::GlobalInfo;
use std::sync::PoisonError;

impl Handle {
    /// Every global of the current bot, in file order.
    pub fn globals(&self) -> Vec<GlobalInfo> {
        self.bot().globals()
    }

    /// Sets a global; none goes back to its default. Answered when it is durable; the next step sees it.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] in words for the owner; [`WriteError::Unavailable`] if it could not be stored.
    pub async fn set_global(&self, name: &str, text: Option<&str>) -> Result<GlobalInfo, WriteError> {
        let bot = self.bot();
        let value = match text {
            None => {
                if !bot.globals().iter().any(|g| g.name == name) {
                    return Err(WriteError::Invalid(format!("there is no global \"{name}\"")));
                }
                None
            }
            Some(text) => {
                let value = bot.read_global(name, text, self.now()).map_err(WriteError::Invalid)?;
                Some(serde_json::to_value(&value).map_err(|why| WriteError::Invalid(why.to_string()))?)
            }
        };
        self.shell.put_record(TABLE, name, value).await.map_err(|_| WriteError::Unavailable)?;
        let shell = self.shell.clone();
        let read = self.shell.tell(move |core, now| {
            let read = core.read_globals(now);
            // Under the core's lock, so that the newest bot is the one everybody reads.
            *shell.bot.write().unwrap_or_else(PoisonError::into_inner) = core.bot();
            read
        });
        if let Err(error) = read {
            self.shell.fail(&error.to_string());
            return Err(WriteError::Unavailable);
        }
        self.globals().into_iter().find(|g| g.name == name).ok_or(WriteError::NotFound)
    }
}

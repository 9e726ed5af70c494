//! The handle: what api, console, cli and channels call. Cheap to clone; every call is answered when its effect is durable.

mod agents;
pub(crate) mod attributes;
mod audience;
mod bulk;
mod campaigns;
mod copies;
mod create;
mod desk;
mod events;
mod find;
mod globals;
mod imports;
mod journey;
pub(crate) mod keys;
mod merge;
mod privacy;
mod reading;
mod said;
mod segments;
mod tags;
mod vocabulary;
mod webhooks;
mod writing;

pub use attributes::{Misfit, Misfits, TypeChanges};
pub use audience::Reached;
pub use bulk::Frozen;
pub(crate) use bulk::{Came, drop_unfinished};
pub use campaigns::Campaign;
pub use copies::{StoreEnd, StoreJob, StoreWork};
pub use events::Told;
pub use find::{Found, Unfindable};
pub use imports::WrongRow;
pub use journey::{Timeline, TimelineCursor};
pub use keys::{ApiKey, Scope};
pub use merge::Duplicate;
pub use said::{SaidBy, SaidCursor, SaidPage, Unsearchable};
pub use segments::{Expect, LostList, LostSegments, Preview, SEGMENT_NAME, SegmentError, SegmentRecord, UnjudgedSegment};
pub use tags::TagUse;
pub use webhooks::{DeliveryState, DeliveryView, Replay, WebhookChange};

use crate::{ChannelHealth, Clock, DeskEvent, Health, ReloadError, RuntimeStats, core::Core, drive::Shell};
use channel::Hub;
use engine::Bot;
use model::{Instant, Version};
use std::sync::{Arc, OnceLock};
use store::Blobs;
use tokio::sync::broadcast;

/// A running runtime, for everybody who wants something of it.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shell: Arc<Shell>,
    keys: Arc<keys::Keys>,
    turns: Arc<segments::Turns>,
    finds: Arc<find::Finds>,
    /// Where the files of imports are; none where there are none.
    imports: Arc<OnceLock<Arc<crate::imports::Imports>>>,
    copies: Arc<copies::Copies>,
}

impl Handle {
    pub(crate) fn new(shell: Arc<Shell>) -> Self {
        Self { shell, keys: Arc::default(), turns: Arc::default(), finds: Arc::default(), imports: Arc::default(), copies: Arc::default() }
    }

    /// The hub of the channel of this name.
    pub fn hub(&self, channel: &str) -> Arc<dyn Hub> {
        self.shell.hub(channel)
    }

    /// Hints that something at the desk changed. A receiver that lags fetches everything.
    pub fn desk_events(&self) -> broadcast::Receiver<DeskEvent> {
        self.shell.desk.subscribe()
    }

    /// Attachments; its calls block.
    pub fn blobs(&self) -> Arc<dyn Blobs> {
        self.shell.blobs.clone()
    }

    /// The current bot.
    pub fn bot(&self) -> Arc<Bot> {
        self.shell.bot()
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.shell.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.shell.clock.clone()
    }

    /// Counts of what the core holds.
    pub fn stats(&self) -> RuntimeStats {
        self.shell.ask(Core::stats)
    }

    /// How the runtime is.
    pub fn health(&self) -> Health {
        let bot = self.shell.bot();
        let failed = self.shell.failure();
        let older_versions = self.shell.ask(|core| core.programs().len() - 1);
        let disk = self.disk().and_then(|disk| disk.room());
        let notes = crate::drive::lock(&self.shell.notes);
        let note = |name: &str| notes.channels.get(name).cloned();
        let mut channels: Vec<ChannelHealth> = Vec::new();
        for config in bot.channels() {
            let on = self.shell.channel(&config.name).is_some();
            let note = note(&config.name).unwrap_or_else(|| if on { String::new() } else { "not connected".into() });
            channels.push(ChannelHealth { name: config.name.clone(), kind: config.kind.clone(), on, note });
        }
        for channel in self.shell.channels() {
            if !channels.iter().any(|c| c.name == channel.name()) {
                let name = channel.name().to_owned();
                channels.push(ChannelHealth { note: note(&name).unwrap_or_default(), name, kind: channel.kind().to_owned(), on: true });
            }
        }
        Health {
            ready: failed.is_none() && !self.shell.ask(Core::is_stopping),
            failed,
            bot: bot.name().to_owned(),
            version: bot.version().0.to_string(),
            store: self.shell.store.stats(),
            reload_error: notes.reload_error.clone(),
            restart: notes.restart.clone(),
            older_versions,
            channels,
            alert: notes.alert.clone(),
            disk,
        }
    }

    /// Every bot that something uses, the current one first.
    pub fn programs(&self) -> Vec<Arc<Bot>> {
        self.shell.ask(Core::programs)
    }

    /// Versions that nothing uses any more, as they are dropped: what is kept of them on disk may go, unless one of them is
    /// current again by then.
    pub fn retired(&self) -> broadcast::Receiver<Version> {
        self.shell.retired.subscribe()
    }

    /// Whether time stands still ([`crate::Options::at_rest`]).
    pub fn is_at_rest(&self) -> bool {
        self.shell.at_rest
    }

    /// Says which changes of the bot folder take effect at the next start only.
    pub fn note_restart(&self, changes: Vec<String>) {
        crate::drive::lock(&self.shell.notes).restart = changes;
    }

    /// Says why a changed bot folder is not in use; none when it is.
    pub fn note_reload(&self, error: Option<ReloadError>) {
        crate::drive::lock(&self.shell.notes).reload_error = error;
        // Nobody at the desk is fine.
        let _ = self.shell.desk.send(DeskEvent::Bot);
    }

    /// Says something about a channel of `bot.yaml`, such as why it is off; shown by [`Handle::health`].
    pub fn note_channel(&self, name: &str, note: &str) {
        crate::drive::lock(&self.shell.notes).channels.insert(name.to_owned(), note.to_owned());
    }
}

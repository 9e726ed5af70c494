//! The tokio shell: starts the core, carries its actions out, brings the answers back, stops in order.

mod apart;
mod hub;
mod presence;
mod receipts;
mod shell;
mod watchers;

use apart::apart;
pub use presence::PresenceGuard;
use shell::Around;
pub(crate) use shell::{New, Shell, lock};

use crate::{
    Clock, Handle, Outside, TypeChanges,
    core::{Core, CoreError, CoreOptions, Engine, ProgramSet},
    handle::attributes,
};
use channel::Channel;
use engine::Bot;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{Blobs, Commit, RecordPut, Store};
use tokio::{sync::watch, task::JoinHandle};

/// How long channels may take to end.
const CHANNELS_END: Duration = Duration::from_secs(3);
/// How long commits and pieces under way may take to end.
const WORK_ENDS: Duration = Duration::from_secs(4);
/// The table of the runtime's own records.
const OWN: &str = "runtime";

/// What a runtime is made of.
pub struct Options {
    /// The bot.
    pub bot: Arc<Bot>,
    /// Older versions that runs still use (FL 5.9).
    pub pinned: Vec<Arc<Bot>>,
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// Attachments.
    pub blobs: Arc<dyn Blobs>,
    /// Connected channels.
    pub channels: Vec<Arc<dyn Channel>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where ids and chance come from; a different one in every process on the same data.
    pub seed: u64,
    /// What makes the calls of flows (`json`, `email`, `sms`); without it they wait.
    pub outside: Option<Arc<dyn Outside>>,
    /// Whether time stands still: for tools that look at a data folder or change one thing in it. Nothing that is
    /// due happens and nothing waiting moves.
    pub at_rest: bool,
}

/// Why the runtime did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is stored could not be picked up.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The store failed.
    #[error("the store could not be used: {0}")]
    Store(#[from] store::Error),
    /// Stored values do not fit what the bot declares.
    #[error(transparent)]
    Types(#[from] crate::Misfits),
    /// Two channels have one name.
    #[error("two channels are named \"{0}\"; give each its own key under channels:")]
    TwoChannels(String),
    /// The start was interrupted.
    #[error("the start was interrupted: {0}")]
    Interrupted(String),
}

/// A running runtime.
pub struct Service {
    /// What everybody else calls.
    pub handle: Handle,
    shell: Arc<Shell>,
    stop: watch::Sender<bool>,
    channels: Vec<JoinHandle<()>>,
    own: Vec<JoinHandle<()>>,
}

/// Starts a runtime: picks up what is durable, then connects the channels.
///
/// # Errors
/// [`StartError`] if the store cannot be read or written.
pub async fn start(options: Options) -> Result<Service, StartError> {
    let Options { bot, pinned, store, blobs, channels, clock, seed, outside, at_rest } = options;
    let mut by_name: BTreeMap<String, Arc<dyn Channel>> = BTreeMap::new();
    for channel in channels {
        let name = channel.name().to_owned();
        if by_name.insert(name.clone(), channel).is_some() {
            return Err(StartError::TwoChannels(name));
        }
    }
    let capabilities = by_name.iter().map(|(name, channel)| (name.clone(), channel.capabilities().clone())).collect();
    let now = clock.now();
    let calls = outside.is_some() && !at_rest;
    let (programs, reading, durable) = (ProgramSet::new(bot, pinned), store.clone(), store.clone());
    let (core, types) = tokio::task::spawn_blocking(move || -> Result<(Core, TypeChanges), StartError> {
        let salt = salt(&*reading, seed)?;
        let known = attributes::known_types(&*reading)?;
        let options = CoreOptions {
            programs,
            decide: Box::new(Engine),
            store: reading,
            channels: capabilities,
            seed,
            salt,
            calls,
            traced: false,
            ungated: false,
            at_once: crate::core::AT_ONCE,
        };
        let core = Core::new(options, now)?;
        // Who looks at a folder at rest, or mends it, may do so whatever it holds.
        let types = if at_rest {
            TypeChanges::default()
        } else {
            crate::handle::drop_unfinished(&*durable)?;
            attributes::compare(&core.bot(), &known, &core.snapshot(), now)?.settle(&*durable)?
        };
        Ok((core, types))
    })
    .await
    .map_err(|ended| StartError::Interrupted(ended.to_string()))??;
    // With its globals.
    let bot = core.bot();
    let (shell, post) = Shell::new(core, Around { bot, store, blobs, channels: by_name, clock, outside, at_rest });
    let handle = Handle::new(shell.clone());
    shell.take_post(post).map_err(|error| StartError::Interrupted(error.to_string()))?;
    let mut own = Vec::new();
    if !at_rest {
        own.push(tokio::spawn({
            let handle = handle.clone();
            async move { handle.take_types(types).await }
        }));
        let no_thread = |error: std::io::Error| StartError::Interrupted(error.to_string());
        own.push(apart("looks", shell.clone().keep_memberships()).map_err(no_thread)?);
        own.push(apart("time", shell.clone().keep_time()).map_err(no_thread)?);
        own.push(tokio::spawn(handle.clone().keep_promises()));
        own.push(tokio::spawn(handle.clone().keep_retention()));
        own.push(tokio::spawn(handle.clone().go_on_erasing()));
    }
    let (stop, stopped) = watch::channel(false);
    let channels = shell.channels().map(|channel| tokio::spawn(channel.clone().run(handle.hub(channel.name()), stopped.clone()))).collect();
    Ok(Service { handle, shell, stop, channels, own })
}

/// The key of the hash of provider ids: made once, kept with the data.
fn salt(store: &dyn Store, seed: u64) -> Result<u64, StartError> {
    if let Some(salt) = store.record(OWN, "salt")?.and_then(|value| value.as_str()?.parse().ok()) {
        return Ok(salt);
    }
    let salt = model::IdSource::new(model::Instant(0), seed ^ 0x5EED).draw();
    let put = RecordPut { table: OWN.into(), key: "salt".into(), value: Some(salt.to_string().into()) };
    store::commit_blocking(store, Commit { person: None, records: vec![put], ..Commit::default() })?;
    Ok(salt)
}

impl Service {
    /// Resolves with the reason when the store failed or an invariant broke: end the process with an error.
    pub async fn failed(&self) -> String {
        self.shell.failed().await
    }

    /// Stops in order: channels, then what is under way, then the store. Takes at most some seconds; what was not
    /// acknowledged by then was not promised.
    pub async fn stop(self) {
        let Self { handle, shell, stop, channels, own } = self;
        stop.send_replace(true);
        handle.stop_imports();
        let ends = futures::future::join_all(channels);
        if tokio::time::timeout(CHANNELS_END, ends).await.is_err() {
            tracing::warn!("a channel did not end in time and was left");
        }
        shell.stop();
        let is_quiet = tokio::time::timeout(WORK_ENDS, shell.quiet()).await.is_ok();
        if !is_quiet {
            tracing::warn!("something was still under way when the runtime stopped; it is picked up at the next start");
        }
        own.iter().for_each(JoinHandle::abort);
        shell.answer_nobody();
        let store = shell.store.clone();
        let closing = move || {
            // A commit that is still under way may be durable and not yet noted: the next start compares.
            if is_quiet {
                shell.said.close(&*store);
            }
            store.close()
        };
        match tokio::task::spawn_blocking(closing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("the store did not close cleanly: {error}"),
            Err(ended) => tracing::error!("the store did not close: {ended}"),
        }
    }
}

//! Reload: the bot folder is watched, and what changes in it is served without a restart (FL 5.9).
//!
//! A change is a hint. The folder is read when it has been quiet for a moment, and read again if it changed meanwhile, so
//! that an editor's way of saving and a half-written file are never served. A folder with errors replaces nothing. A good
//! one is kept in the data folder before the first run can be pinned to it; then it becomes current at once.
//!
//! **Invariant:** one task keeps and forgets versions, so that one that comes back while it is being forgotten stays.

use crate::folder::{self, FolderError, Loaded, Stamp};
use crate::{versions, watch};
use engine::{Bot, ChannelConfig};
use model::Version;
use runtime::{Handle, LostSegments, ReloadError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch as told};

/// How often the folder is looked at where the system tells nothing: mounts, network disks, folders that were replaced.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long the folder must be quiet before it is read.
const QUIET: Duration = Duration::from_millis(200);
/// How much longer what has errors is left alone: it may be one of several files that are being saved.
const GRACE: Duration = Duration::from_millis(600);
/// After this many tries something writes without end, and the folder is taken as it is.
const TRIES: usize = 30;

/// What a reload needs.
pub struct Reload {
    /// The bot's folder.
    pub folder: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The running bot.
    pub handle: Handle,
    /// The folder as it was before the bot was read at the start.
    pub seen: Stamp,
    /// The channels as they were connected.
    pub channels: Vec<ChannelConfig>,
    /// What calls go through: it follows the newest bot.
    pub services: std::sync::Arc<runtime::Services>,
}

impl Reload {
    /// Follows the folder until it is told to stop.
    pub async fn run(mut self, mut stop: told::Receiver<bool>) {
        let (hint, mut hints) = mpsc::channel(1);
        // Without the system's help changes are still found, later.
        let watcher = watch::start(&self.folder, move || {
            // A hint that waits already says the same.
            let _ = hint.try_send(());
        });
        if let Err(why) = &watcher {
            tracing::warn!("{} is looked at every {} s only: {why}", self.folder.display(), LOOK_EVERY.as_secs());
        }
        let mut hangups = hangups();
        let mut retired = self.handle.retired();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ended(&mut stop) => return,
                Some(()) = hints.recv() => self.look(false).await,
                _ = look.tick() => self.look(false).await,
                Some(()) = hangups.recv() => self.look(true).await,
                version = retired.recv() => match version {
                    Ok(version) => self.forget(version).await,
                    // What is missed here goes at the next start.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                },
            }
        }
    }

    /// Looks at the folder and serves what changed. `asked` by an operator, it always says what came of it.
    async fn look(&mut self, asked: bool) {
        let (folder, seen) = (self.folder.clone(), self.seen.clone());
        let read = tokio::task::spawn_blocking(move || {
            if !asked && folder::stamp(&folder) == seen {
                return None;
            }
            Some(settled(&folder))
        });
        // The other case is a shutdown of the process.
        let Ok(Some((stamp, loaded))) = read.await else { return };
        self.seen = stamp;
        match loaded {
            Err(error) => self.refuse(&error.to_string(), None),
            Ok(loaded) => match loaded.bot.clone() {
                None => self.refuse(&format!("{} has {}", self.folder.display(), loaded.summary()), Some(&loaded)),
                Some(bot) => self.serve(bot, &loaded, asked).await,
            },
        }
    }

    /// Says why the running bot stays.
    fn refuse(&self, why: &str, loaded: Option<&Loaded>) {
        let first = loaded.and_then(|l| {
            let lines = syntax::render_short(&l.diagnostics, &l.sources);
            lines.lines().find(|line| line.contains(": error[")).map(str::to_owned)
        });
        tracing::warn!("not reloaded: {why}");
        println!("not reloaded: {why}; the bot runs on as it was");
        if let Some(loaded) = loaded {
            loaded.print();
        }
        self.handle.note_reload(Some(ReloadError { why: why.to_owned(), first }));
    }

    /// The same of a bot that would lose segments or lists.
    fn refuse_to_lose(&self, lost: &LostSegments) {
        println!("{lost}");
        self.refuse(&lost.summary(), None);
    }

    /// Serves a bot that may be the same as before.
    async fn serve(&self, bot: Arc<Bot>, loaded: &Loaded, asked: bool) {
        let current = self.handle.bot();
        if current.version() == bot.version() {
            if self.handle.health().reload_error.is_some() {
                self.handle.note_reload(None);
                println!("{} is again as it is served", self.folder.display());
            } else if asked {
                println!("nothing changed in {}", self.folder.display());
            }
            return;
        }
        if let Err(lost) = self.handle.check_segments(&bot).await {
            return self.refuse_to_lose(&lost);
        }
        let types = match self.handle.check_types(&bot).await {
            Ok(types) => types,
            Err(misfits) => {
                println!("{misfits}");
                return self.refuse(&misfits.summary(), None);
            }
        };
        let (data, from, kept) = (self.data.clone(), self.folder.clone(), bot.clone());
        let keep = tokio::task::spawn_blocking(move || versions::keep(&data, &from, &kept)).await;
        match keep {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return self.refuse(&format!("the new version cannot be kept: {why:#}"), None),
            Err(why) => return self.refuse(&format!("the new version cannot be kept: {why}"), None),
        }
        let restart = needs_restart(&self.channels, bot.channels());
        let version = bot.version().clone();
        // Somebody may have made a segment of what it loses since it was looked at.
        let lost = match self.handle.reload(bot, |bot| crate::services::follow(&self.services, bot)).await {
            Ok(lost) => lost,
            Err(lost) => return self.refuse_to_lose(&lost),
        };
        let handle = self.handle.clone();
        tokio::spawn(async move { handle.take_types(types).await });
        self.handle.note_restart(restart.clone());
        if loaded.diagnostics.warning_count() > 0 {
            loaded.print();
        }
        tracing::info!("reloaded: version {}", version.0);
        println!("reloaded: version {}{}", versions::short(&version), others(self.handle.programs().len() - 1));
        for change in restart {
            println!("  {change}: takes effect at the next start");
        }
        for list in lost {
            tracing::warn!("{list}");
            println!("{}", list.left());
        }
    }

    /// Takes a version off the disk that nothing uses any more.
    async fn forget(&self, version: Version) {
        if self.handle.programs().iter().any(|bot| *bot.version() == version) {
            return;
        }
        let data = self.data.clone();
        // An export may be reading it. Left over is harmless: it goes at the next start.
        let Some(_turn) = self.handle.may_remove_files() else { return };
        tracing::info!("version {} is not used any more", version.0);
        let _ = tokio::task::spawn_blocking(move || versions::forget(&data, &version)).await;
    }
}

/// Resolves when the server stops, or nobody could tell.
async fn ended(stop: &mut told::Receiver<bool>) {
    // The answer borrows what it was told; it must not be held while others wait.
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "; chats under way go on with the version before".into(),
        n => format!("; chats under way go on with {n} versions before"),
    }
}

/// Reads the folder when it is quiet. Blocks until it is.
pub fn settled(folder: &Path) -> (Stamp, Result<Loaded, FolderError>) {
    let mut before = folder::stamp(folder);
    let mut tries = 0;
    loop {
        std::thread::sleep(QUIET);
        tries += 1;
        let stamp = folder::stamp(folder);
        if stamp != before && tries < TRIES {
            before = stamp;
            continue;
        }
        let loaded = folder::load(folder);
        if !loaded.as_ref().is_ok_and(|l| l.bot.is_some()) {
            std::thread::sleep(GRACE);
        }
        let after = folder::stamp(folder);
        if after == before || tries >= TRIES {
            return (before, loaded);
        }
        before = after;
    }
}

/// What changed under `channels:` and is not followed while the server runs.
fn needs_restart(connected: &[ChannelConfig], declared: &[ChannelConfig]) -> Vec<String> {
    let mut changes = Vec::new();
    for now in declared {
        match connected.iter().find(|c| c.name == now.name) {
            None => changes.push(format!("channel {} is new in bot.yaml", now.name)),
            Some(then) if then != now => changes.push(format!("channel {} changed in bot.yaml", now.name)),
            Some(_) => {}
        }
    }
    let gone = connected.iter().filter(|c| !declared.iter().any(|d| d.name == c.name));
    changes.extend(gone.map(|c| format!("channel {} is gone from bot.yaml", c.name)));
    changes
}

/// SIGHUP: an operator asks for a reload.
fn hangups() -> mpsc::Receiver<()> {
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(async move {
        #[cfg(unix)]
        if let Ok(mut hangup) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
            while hangup.recv().await.is_some() && tell.send(()).await.is_ok() {}
            return;
        }
        // Where there is no such signal the sender stays, so that nobody takes its end for one.
        tell.closed().await;
    });
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn channel(name: &str, title: &str) -> ChannelConfig {
        let options = BTreeMap::from([("title".to_owned(), engine::Setting::Text(title.into()))]);
        ChannelConfig { name: name.into(), kind: "web".into(), options: options.into_iter().collect() }
    }

    #[test]
    fn channels_that_changed_came_or_went_are_told() {
        let connected = [channel("web", "Chat"), channel("old", "")];
        let declared = [channel("web", "Talk"), channel("new", "")];
        let told = needs_restart(&connected, &declared);
        assert_eq!(told, ["channel web changed in bot.yaml", "channel new is new in bot.yaml", "channel old is gone from bot.yaml"]);
        assert!(needs_restart(&connected, &connected).is_empty());
    }
}

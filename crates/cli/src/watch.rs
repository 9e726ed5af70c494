//! Watching a folder: a hint from the system that something in it changed. What changed is looked up by whoever asked.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::Path;

/// Calls `changed` after every change in the folder and below, for as long as the answer is held. It may be called
/// often and for nothing, never for reading alone.
///
/// # Errors
/// Why the system does not watch.
pub fn start(folder: &Path, changed: impl Fn() + Send + 'static) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
        // Even an error may hide a change.
        Ok(_) | Err(_) => changed(),
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}

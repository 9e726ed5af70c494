//! The versions of a bot that runs are pinned to, kept in the data folder (FL 5.9): `DATA/versions/<hash>/`.

use anyhow::{Context, bail};
use engine::{Bot, BotFiles};
use model::Version;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;

/// Which version was served last.
const LATEST: &str = "latest";

fn folder(data: &Path) -> PathBuf {
    data.join("versions")
}

/// Keeps a bot's files before anything is pinned to it; the same version is kept once.
pub fn keep(data: &Path, bot: &Bot) -> anyhow::Result<()> {
    let versions = folder(data);
    let target = versions.join(&*bot.version().0);
    std::fs::create_dir_all(&versions).with_context(|| format!("cannot make {}", versions.display()))?;
    if !target.is_dir() {
        // Written beside and renamed: a version is there whole or not at all.
        let temporary = versions.join(format!(".{}-{}", bot.version().0, std::process::id()));
        for (path, text) in &bot.files().files {
            write(&temporary.join(path), text)?;
        }
        std::fs::rename(&temporary, &target).with_context(|| format!("cannot keep the bot's version in {}", target.display()))?;
        sync(&versions)?;
    }
    let latest = versions.join(format!(".{LATEST}"));
    write(&latest, &bot.version().0)?;
    std::fs::rename(&latest, versions.join(LATEST)).context("cannot note the bot's version")?;
    sync(&versions)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    let failed = || format!("cannot write {}", path.display());
    let mut file = std::fs::File::create(path).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.sync_all().with_context(failed)
}

fn sync(folder: &Path) -> anyhow::Result<()> {
    std::fs::File::open(folder).and_then(|f| f.sync_all()).with_context(|| format!("cannot write {}", folder.display()))
}

fn load(data: &Path, version: &str) -> anyhow::Result<Arc<Bot>> {
    let path = folder(data).join(version);
    let mut files: BotFiles = crate::folder::read(&path, false)?;
    files.shown_as = format!("version {version}: ");
    let (bot, diagnostics, sources) = Bot::load(&files);
    let Some(bot) = bot else {
        bail!("the kept version {version} cannot be used by this release:\n{}", syntax::render_short(&diagnostics, &sources));
    };
    Ok(bot)
}

/// The bot that was served last.
pub fn latest(data: &Path) -> anyhow::Result<Arc<Bot>> {
    let note = folder(data).join(LATEST);
    let version =
        std::fs::read_to_string(&note).with_context(|| format!("{} was never served: it has no {}", data.display(), note.display()))?;
    load(data, version.trim())
}

/// The versions that runs and timers use, without the current one; those nothing uses are removed.
pub fn pinned(data: &Path, store: &dyn Store, current: &Bot) -> anyhow::Result<Vec<Arc<Bot>>> {
    let mut used: BTreeSet<Version> = BTreeSet::new();
    store.active(&mut |person| {
        for conversation in &person.conversations {
            used.extend(engine::versions(conversation).cloned());
        }
    })?;
    let mut bots = Vec::new();
    for version in used.iter().filter(|v| *v != current.version()) {
        if !folder(data).join(&*version.0).is_dir() {
            // Their runs end with a line in the journey; everybody else is served.
            tracing::error!("version {} is gone from the data folder; its runs end", version.0);
            continue;
        }
        bots.push(load(data, &version.0)?);
    }
    for entry in std::fs::read_dir(folder(data)).context("cannot read the kept versions")?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_version = name.len() == 64 || name.starts_with('.');
        let wanted = name == *current.version().0 || used.iter().any(|v| *v.0 == *name);
        if is_version && !wanted && entry.path().is_dir() {
            // Left over is harmless; it goes at the next start.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(bots)
}

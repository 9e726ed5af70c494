//! The versions of a bot that runs are pinned to, kept in the data folder (FL 5.9): `DATA/versions/<hash>/`.

use anyhow::{Context, bail};
use engine::{Bot, BotFiles};
use model::Version;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{FileBlobs, Store};

/// Which version was served last.
const LATEST: &str = "latest";

/// What a version's `files/` were; the bytes are with the attachments.
const ASSETS: &str = "files.json";

fn folder(data: &Path) -> PathBuf {
    data.join("versions")
}

/// Keeps a bot's files, read from the folder `from`, before anything is pinned to it; the same version is kept once.
pub fn keep(data: &Path, from: &Path, bot: &Bot) -> anyhow::Result<()> {
    let versions = folder(data);
    crate::assets::keep(&bot.files().assets, from, &FileBlobs::open(data.join("blobs"))?)?;
    let target = versions.join(&*bot.version().0);
    std::fs::create_dir_all(&versions).with_context(|| format!("cannot make {}", versions.display()))?;
    if !target.is_dir() {
        // Written beside and renamed: a version is there whole or not at all.
        let temporary = versions.join(format!(".{}-{}", bot.version().0, std::process::id()));
        for (path, text) in &bot.files().files {
            write(&temporary.join(path), text)?;
        }
        let assets = serde_json::to_string(&bot.files().assets).context("a version's files are plain data")?;
        write(&temporary.join(ASSETS), &assets)?;
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
    match std::fs::read(path.join(ASSETS)) {
        Ok(json) => files.assets = serde_json::from_slice(&json).with_context(|| format!("{} is damaged", path.join(ASSETS).display()))?,
        // Kept before a bot could have files.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.join(ASSETS).display())),
    }
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
    let version = version.trim();
    // It may have come with somebody else's export: it names a folder beside it and nothing else.
    if version.len() != 64 || !version.bytes().all(|b| b.is_ascii_hexdigit()) {
        bail!("{} does not name a version of the bot; \"switchboard serve\" writes it anew", note.display());
    }
    load(data, version)
}

/// The beginning of a version's name, which tells it from others for people.
pub fn short(version: &Version) -> String {
    version.0.chars().take(12).collect()
}

/// Removes what is kept of a version. Renamed first: it is there whole or not at all.
pub fn forget(data: &Path, version: &Version) -> std::io::Result<()> {
    let versions = folder(data);
    let going = versions.join(format!(".{}-gone", version.0));
    std::fs::rename(versions.join(&*version.0), &going)?;
    std::fs::remove_dir_all(going)
}

/// A kept version.
///
/// # Errors
/// It is not there, or this release cannot use it.
pub fn get(data: &Path, version: &Version) -> anyhow::Result<Arc<Bot>> {
    load(data, &version.0)
}

/// The versions that are kept.
pub fn kept(data: &Path) -> BTreeSet<Version> {
    let entries = std::fs::read_dir(folder(data)).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.len() == 64).map(|name| Version(name.into())).collect()
}

/// The versions that runs and timers use, without the current one; those nothing uses are removed.
pub fn pinned(data: &Path, store: &dyn Store, current: &Bot) -> anyhow::Result<Vec<Arc<Bot>>> {
    let (bots, used) = in_use(data, store, current)?;
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

/// The versions that runs and timers use, without the current one, and the names of all of them.
pub fn in_use(data: &Path, store: &dyn Store, current: &Bot) -> anyhow::Result<(Vec<Arc<Bot>>, BTreeSet<Version>)> {
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
    Ok((bots, used))
}

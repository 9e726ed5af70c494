//! `store export`: everything into one file.

use super::job;
use super::shown::{Progress, counts, size};
use crate::args::StoreExportArgs;
use crate::{Exit, data};
use anyhow::Context as _;
use runtime::{Clock as _, StoreWork, SystemClock};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use store::Frozen as _;
use store::archive::{self, Header, Target, Totals, files::Files};
use store_sled::FrozenStore;

/// Exports through the running server, or from a folder at rest.
pub fn run(args: &StoreExportArgs) -> anyhow::Result<Exit> {
    let folder = data::find(&args.data)?;
    let to = whole(&args.file)?;
    let work = StoreWork::Export { to: to.clone(), replace: args.force };
    let told = match job::through_the_server(&folder, work)? {
        Some(told) => told,
        None => at_rest(&folder, &to, args.force)?,
    };
    if args.json {
        println!("{told}");
        return Ok(Exit::Fine);
    }
    let totals: Totals = serde_json::from_value(told["totals"].clone()).context("the running server is of another version")?;
    println!(
        "{} ({}), as of {}",
        args.file.display(),
        size(told["bytes"].as_u64().unwrap_or_default()),
        told["at"].as_str().unwrap_or_default()
    );
    println!("{}", counts(&totals));
    Ok(Exit::Fine)
}

/// The path from the root on: the server may stand elsewhere.
fn whole(file: &Path) -> anyhow::Result<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().with_context(|| format!("there is no folder {}", folder.display()))?;
    Ok(folder.join(file.file_name().with_context(|| format!("{} names no file", file.display()))?))
}

fn at_rest(folder: &Path, to: &Path, replace: bool) -> anyhow::Result<Value> {
    let target = Target::begin(to, replace)?;
    let frozen = FrozenStore::open(folder, store_sled::Options::default())?;
    let files = Files::before(folder)?;
    target.check(files.bytes())?;
    let (at, people) = (SystemClock.now().to_string(), frozen.people());
    let header = Header { at, store: frozen.format().to_owned(), program: env!("CARGO_PKG_VERSION").to_owned(), people };
    let progress = Progress::new();
    let show = |done: u64| {
        progress.show(done, people);
        true
    };
    let outcome = archive::export(&frozen, files, &header, target, &show);
    progress.end();
    let (totals, bytes) = outcome?;
    Ok(json!({ "at": header.at, "bytes": bytes, "totals": totals }))
}

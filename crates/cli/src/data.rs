//! The data folder: where it is, and asking what is in it, through the server that has it or without one.

use crate::args::DataArgs;
use crate::versions;
use anyhow::{Context, bail};
use api::control::{AskError, ControlFile, Request};
use runtime::SystemClock;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{FileBlobs, Store};
use store_sled::SledStore;

/// Where a running server says how to reach it.
pub const CONTROL: &str = "control.json";

/// The data folder of a bot, if none is named: `./data/<bot>`.
pub fn default_for(bot: &Path) -> PathBuf {
    // `.` and `..` have no name of their own.
    let whole = bot.canonicalize().unwrap_or_else(|_| bot.to_owned());
    Path::new("data").join(whole.file_name().unwrap_or_else(|| "bot".as_ref()))
}

/// The data folder that is meant: named, or the only one under `./data`.
fn find(args: &DataArgs) -> anyhow::Result<PathBuf> {
    if let Some(data) = &args.data {
        if !data.is_dir() {
            bail!("there is no data folder {}", data.display());
        }
        return Ok(data.clone());
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir("data")
        .map(|entries| {
            entries.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.join("format").is_file() || p.join("db").is_dir()).collect()
        })
        .unwrap_or_default();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("there is no data folder under ./data; name it with --data, or run \"switchboard serve\" first"),
        several => {
            let names: Vec<String> = several.iter().map(|p| p.display().to_string()).collect();
            bail!("there are several data folders ({}); name one with --data", names.join(", "))
        }
    }
}

/// Asks the running server, or opens the folder at rest: then nothing moves, only what is asked is done.
pub fn ask(args: &DataArgs, request: Request) -> anyhow::Result<Value> {
    let data = find(args)?;
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the system refused a thread")?;
    tokio.block_on(async {
        if let Some(server) = control_file(&data) {
            match api::control::ask(&server, &request).await {
                Ok(answer) => return Ok(answer),
                // The server is gone and could not take its file away.
                Err(AskError::Gone(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        at_rest(&data, request).await
    })
}

fn control_file(data: &Path) -> Option<ControlFile> {
    serde_json::from_slice(&std::fs::read(data.join(CONTROL)).ok()?).ok()
}

async fn at_rest(data: &Path, request: Request) -> anyhow::Result<Value> {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(data, store_sled::Options::default())?);
    let bot = versions::latest(data)?;
    let service = runtime::start(runtime::Options {
        bot,
        pinned: Vec::new(),
        store,
        blobs: Arc::new(FileBlobs::open(data.join("blobs"))?),
        channels: Vec::new(),
        clock: Arc::new(SystemClock),
        seed: crate::serve::seed()?,
        at_rest: true,
    })
    .await?;
    let answer = api::control::perform(&service.handle, request).await;
    service.stop().await;
    Ok(answer?)
}

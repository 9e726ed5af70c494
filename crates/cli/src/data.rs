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
pub fn find(args: &DataArgs) -> anyhow::Result<PathBuf> {
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

/// Asks the server at an address of this machine, which must be the one that has the data folder: its token is there.
pub fn ask_server(args: &DataArgs, url: &url::Url, request: Request) -> anyhow::Result<Value> {
    let data = find(args)?;
    let Some(server) = control_file(&data) else {
        bail!("no server has the data folder {}; name the one of {url} with --data", data.display());
    };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => false,
    };
    if !local {
        bail!("{url} is not on this machine; run the command where the server is");
    }
    if url.port_or_known_default() != Some(server.address.port()) {
        bail!("the server with the data folder {} is at {}; name the one of {url} with --data", data.display(), server.address);
    }
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the system refused a thread")?;
    Ok(tokio.block_on(api::control::ask(&server, &request))?)
}

pub fn control_file(data: &Path) -> Option<ControlFile> {
    serde_json::from_slice(&std::fs::read(data.join(CONTROL)).ok()?).ok()
}

async fn at_rest(data: &Path, request: Request) -> anyhow::Result<Value> {
    let service = open_at_rest(data).await?;
    let imports = data.join("imports");
    if imports.is_dir() {
        service.handle.import_files_in(&imports).with_context(|| format!("cannot use the folder {}", imports.display()))?;
    }
    let answer = api::control::perform(&service.handle, request).await;
    service.stop().await;
    Ok(answer?)
}

/// Opens a folder that no server has: nothing moves in it by itself, only what is asked is done.
pub async fn open_at_rest(data: &Path) -> anyhow::Result<runtime::Service> {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(data, store_sled::Options::default())?);
    let bot = versions::latest(data)?;
    // A step must find the versions that runs have, or they would end.
    let (pinned, _) = versions::in_use(data, store.as_ref(), &bot)?;
    let service = runtime::start(runtime::Options {
        bot,
        pinned,
        store,
        blobs: Arc::new(FileBlobs::open(data.join("blobs"))?),
        channels: Vec::new(),
        clock: Arc::new(SystemClock),
        seed: crate::serve::seed()?,
        outside: None,
        at_rest: true,
    })
    .await?;
    service.handle.said_in(data.join("said"));
    Ok(service)
}

//! Work on the store that a running server does: it is begun, and asked about until it is over.

use super::shown::Progress;
use crate::data;
use anyhow::{Context as _, bail};
use api::control::{AskError, ControlFile, Request};
use runtime::{StoreEnd, StoreJob, StoreWork};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How often it is asked how far it is.
const EVERY: Duration = Duration::from_millis(100);

async fn asked(server: &ControlFile, request: Request) -> Result<Option<StoreJob>, AskError> {
    let answer = api::control::ask(server, &request).await?;
    serde_json::from_value(answer["job"].clone()).map_err(|_| AskError::Broken("it is of another version".into()))
}

/// Has the server of a data folder do some work, and waits until it is done; none if no server has the folder.
pub fn through_the_server(folder: &Path, work: StoreWork) -> anyhow::Result<Option<Value>> {
    let Some(server) = data::control_file(folder) else { return Ok(None) };
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the system refused a thread")?;
    tokio.block_on(async {
        let begun = match asked(&server, Request::StoreBegin { work }).await {
            // The server is gone and could not take its file away.
            Err(AskError::Gone(_)) => return Ok(None),
            begun => begun?.context("the running server is of another version")?,
        };
        let progress = Progress::new();
        let end = loop {
            match asked(&server, Request::StoreJob {}).await? {
                Some(StoreJob { id, end: Some(end), .. }) if id == begun.id => break end,
                Some(job) if job.id == begun.id => progress.show(job.done, job.of),
                Some(_) | None => bail!("the running server does something else with the store by now"),
            }
            tokio::time::sleep(EVERY).await;
        };
        progress.end();
        match end {
            StoreEnd::Done(value) => Ok(Some(value)),
            StoreEnd::Failed(why) => bail!("{why}"),
        }
    })
}

//! A data folder that is asked many times in a row: through its running server, or opened once at rest.

use crate::args::DataArgs;
use crate::data;
use anyhow::Context as _;
use api::control::{AskError, ControlFile, Request};
use runtime::Service;
use serde_json::Value;

/// A data folder that is asked many times.
pub struct Session {
    tokio: tokio::runtime::Runtime,
    to: To,
}

enum To {
    Server(ControlFile),
    Rest(Service),
}

impl Session {
    /// Finds the running server, or opens the folder at rest.
    pub fn open(args: &DataArgs) -> anyhow::Result<Self> {
        let folder = data::find(args)?;
        let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the system refused threads")?;
        if let Some(server) = data::control_file(&folder) {
            match tokio.block_on(api::control::ask(&server, &Request::GlobalsList {})) {
                Ok(_) => return Ok(Self { tokio, to: To::Server(server) }),
                // The server is gone and could not take its file away.
                Err(AskError::Gone(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let service = tokio.block_on(data::open_at_rest(&folder))?;
        let imports = folder.join("imports");
        tokio.block_on(service.handle.imports_in(&imports)).with_context(|| format!("cannot use the folder {}", imports.display()))?;
        Ok(Self { tokio, to: To::Rest(service) })
    }

    /// Asks.
    pub fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.tokio.block_on(async {
            match &self.to {
                To::Server(server) => Ok(api::control::ask(server, &request).await?),
                To::Rest(service) => Ok(api::control::perform(&service.handle, request).await?),
            }
        })
    }

    /// Closes what was opened.
    pub fn close(self) {
        if let To::Rest(service) = self.to {
            self.tokio.block_on(service.stop());
        }
    }
}

//! Both sides of the binary, as strangers see them: the process, and those who talk to it.

mod agent;
mod bot;
mod fake_telegram;
mod hook;
mod program;
mod server;
mod visitor;

pub use agent::Agent;
pub use bot::bot;
pub use fake_telegram::FakeTelegram;
pub use hook::{Callback, Hook, read_request};
pub use program::{Program, key};
pub use server::{Ended, Server, Setup, binary};
pub use visitor::Visitor;

use std::{future::Future, path::PathBuf, time::Duration};

/// How long anything may take before a test gives up. Machines that test are busy.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// The workspace's folder.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The bot that comes with the product.
pub fn shop() -> PathBuf {
    root().join("flows/shop")
}

/// What a future gives, or a failure that says what did not come.
#[track_caller]
pub fn within<F: Future>(what: impl Into<String>, future: F) -> impl Future<Output = F::Output> {
    let (what, at) = (what.into(), std::panic::Location::caller());
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(value) => value,
            Err(_) => panic!("{at}: waited {PATIENCE:?} for {what}"),
        }
    }
}

/// A client for the binary's own address.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// A client for streams, which are open for as long as one listens.
pub fn listener() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// An id nobody else has.
pub fn fresh(what: &str) -> String {
    format!("{what}-{:016x}", random())
}

/// 64 random bits.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes)
}

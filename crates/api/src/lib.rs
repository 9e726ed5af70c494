//! HTTP: health, the console and its API for agents, the channels' routes, the local command line's way in.
//!
//! [`serve`] runs all of it on one listener. Whoever asks is established first ([`principal`]), every id is resolved
//! through its owner ([`conversation`]), every refusal is a problem document that says what to do.
//!
//! **Invariants.** Only this crate names the web framework. No handler decides anything about a conversation: it asks
//! the runtime. No answer tells a stranger whether something exists.

mod body;
mod conversation;
mod desk;
mod files;
mod flows;
mod guard;
mod health;
mod limiter;
mod mount;
mod options;
mod page;
mod password;
mod peer;
mod personal;
mod principal;
mod problem;
mod random;
mod server;
mod session;
mod site;
mod sniff;
mod state;
mod stream;
mod v1;
mod view;

pub mod agents;
pub mod bulk;
pub mod control;
pub mod keys;

pub use guard::{WRITE_HEADER, WRITE_VALUE};
pub use options::ApiOptions;
pub use server::serve;

/// Why the server did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// A channel's route cannot be mounted.
    #[error("channel \"{channel}\" asks for the address {path}, which cannot be mounted: {why}")]
    Route {
        /// The channel.
        channel: String,
        /// The path as the channel declares it.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// The process has no threads or no room left.
    #[error("the server could not start its own tasks; is the machine out of memory or threads?")]
    Start,
}

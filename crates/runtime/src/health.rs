//! How the runtime is, for `/healthz` and the operator.

use serde::Serialize;
use std::fmt;
use store::{Stats, room::Room};

/// How a channel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelHealth {
    /// Its key under `channels:` in `bot.yaml`.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is connected.
    pub on: bool,
    /// Why not, or what else is worth saying.
    pub note: String,
}

/// Counts of what the runtime core holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuntimeStats {
    /// Contacts with something under way or waiting.
    pub lines: usize,
    /// Commits under way.
    pub commits: usize,
    /// Addresses whose first commit is under way.
    pub arriving: usize,
    /// Messages given to channels and not answered yet.
    pub sending: usize,
    /// Calls to the outside under way.
    pub calling: usize,
    /// Conversations whose next message waits to be sent.
    pub lanes: usize,
    /// Points in time that something waits for.
    pub agenda: usize,
    /// Contacts who entered or left a segment by time alone and whose step for it is not durable yet. Whoever asks is told already; what
    /// is caught waits for it.
    pub boundaries: usize,
    /// Requests at the desk: waiting, active or missed.
    pub requests: usize,
    /// Steps made since the start.
    pub steps: u64,
    /// Inbounds accepted since the start, duplicates not counted.
    pub accepted: u64,
    /// Duplicates dropped since the start.
    pub duplicates: u64,
    /// Inputs set aside since the start (FL 5.7).
    pub parked: u64,
}

/// Why a changed bot folder is not in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    /// In a sentence.
    pub why: String,
    /// The first thing that is wrong, with its place: `skills/a.yaml:3:5: error[E0107]: …`.
    pub first: Option<String>,
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        self.first.as_ref().map_or(Ok(()), |first| write!(f, ", the first: {first}"))
    }
}

/// How the runtime is.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// Whether it accepts messages.
    pub ready: bool,
    /// Why it stopped, if it failed.
    pub failed: Option<String>,
    /// The bot's name.
    pub bot: String,
    /// The bot's version.
    pub version: String,
    /// Sizes and lags of the store.
    pub store: Stats,
    /// Why the changed bot folder is not in use, if it is not.
    pub reload_error: Option<ReloadError>,
    /// Changes of the bot folder that take effect at the next start, one sentence each.
    pub restart: Vec<String>,
    /// How many older versions of the bot runs still use (FL 5.9).
    pub older_versions: usize,
    /// The channels of `bot.yaml`.
    pub channels: Vec<ChannelHealth>,
    /// The newest alert for the operator, if there was one since the start.
    pub alert: Option<String>,
    /// The room on the disk of the data folder; none where there is no data folder, or the system does not tell.
    pub disk: Option<Room>,
}

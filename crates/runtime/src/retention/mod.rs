//! Retention: what is older than the bot says it is kept for is removed, day by day, in the background.
//!
//! ```text
//! once a day ──▶ everybody, some at a time ──▶ what is due of one, in one commit ──▶ files that nobody has any more ──▶ the store is compacted
//!                (sweep)                       (due, core::forget)                   (files)                            (once a week)
//! ```
//!
//! With it goes what somebody put down to be sent and did not send within a day ([`uploads`]).
//!
//! How far it is is written down as it goes, so a sweep goes on where a crash or a restart left it; doing somebody again finds nothing to do.
//! All of it keeps to a pace at which nobody notices, and whoever has something under way is left for later.
//!
//! **Invariants.** Only a beginning goes, never a line between two others, and never one that something still needs ([`due`]). Numbers and
//! places stay. What no condition may miss is not removed: events go only as far back as no segment looks ([`Cutoffs`]).

mod cutoffs;
mod due;
mod files;
mod sweep;
mod uploads;

pub(crate) use files::note;

pub use cutoffs::Cutoffs;
pub use due::{Due, due};

use model::Instant;
use serde::{Deserialize, Serialize};

/// The table of what retention remembers.
pub(crate) const TABLE: &str = "retention";
/// The table of files whose message was removed, by id: they go when nobody else has them.
pub(crate) const FILES: &str = "retention_files";

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Of how many contacts; one of whom much is due counts once for each part.
    #[serde(default)]
    pub contacts: u64,
    /// Transcript lines: messages, and what was told of their delivery.
    #[serde(default)]
    pub messages: u64,
    /// Lines of journeys.
    #[serde(default)]
    pub journey: u64,
    /// Events.
    #[serde(default)]
    pub events: u64,
}

impl Removed {
    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: &Self) {
        self.contacts += other.contacts;
        self.messages += other.messages;
        self.journey += other.journey;
        self.events += other.events;
    }
}

/// What retention did and does, for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When the sweep that goes on now began; none between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Instant>,
    /// What it removed so far.
    #[serde(default)]
    pub now: Removed,
    /// When the last whole sweep began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Instant>,
    /// What that one removed.
    #[serde(default)]
    pub then: Removed,
    /// Files that went because their message was removed, since there is retention.
    #[serde(default)]
    pub files: u64,
    /// Segments for which events are kept longer than the bot says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events_kept_for: Vec<String>,
    /// Whether the disk still holds bytes of what was removed: they go with the next compaction.
    #[serde(default)]
    pub pending: bool,
    /// When a sweep last had the store compacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compacted: Option<Instant>,
    /// How far the sweep that goes on now is: the upper half of the id it is at, which nobody has alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<u64>,
}

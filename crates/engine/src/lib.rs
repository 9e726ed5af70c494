//! The engine: a checked bot ([`Bot`]) and the pure function that moves conversations through it ([`step`]).
//!
//! **Invariants.** The same inputs give the same bytes: no clock, randomness or IO here; time and seed come with
//! the [`Turn`]. What concerns others (the desk, the network) is a request that the caller answers with another
//! input. The engine never learns a channel's name for any decision.

mod blocks;
mod bot;
mod catches;
mod step;

pub use blocks::{BlockReference, OptionSpec, Otherwise, OutcomeSpec, blocks};
pub use bot::{Bot, BotFiles, ChannelConfig, GroupConfig, Limits, Programs, SegmentInfo, Setting};
pub use step::{DeskAnswer, DeskRequest, Input, PersonView, Step, Trace, Turn, memberships, next_due, step, versions};

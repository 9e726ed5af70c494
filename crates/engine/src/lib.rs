//! The engine: a checked bot ([`Bot`]) and the pure function that moves conversations through it ([`step`]).
//!
//! **Invariants.** The same inputs give the same bytes: no clock, randomness or IO here; time and seed come with
//! the [`Turn`]. What concerns others (the desk, the network) is a request that the caller answers with another
//! input. The engine never learns a channel's name for any decision.

mod blocks;
mod bot;
mod catches;
mod step;

pub use blocks::{BlockReference, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape, blocks};
pub use bot::{
    Asset, Audience, BlockOutline, BlockPicture, Bot, BotFiles, ChannelConfig, ExitOutline, ExitPicture, ExitTo, FileShapes, GlobalInfo,
    GroupConfig, Keep, Limits, Link, LinkKind, MailConfig, MailTls, Meant, MenuItem, Picture, Programs, Rests, Retention, Said, Schedule,
    SecretConfig, SegmentInfo, Services, Setting, SkillPicture, SmsConfig, StoredSegment, Unread, Untranslated, file_shapes,
};
pub use catches::{CatchReference, catches};
pub use step::{
    BLOCKED, DeskAnswer, DeskRequest, ERROR_REPORTED, Input, Migration, PersonView, Placed, RaisedEvent, Resting, SegmentWhy, Settled,
    Step, Trace, TriggerAnswer, TriggerRequest, TriggerTo, Turn, computed_attributes, hides_refusal, is_their_own, memberships, migrate,
    next_due, ordinal, settle, split_place, stands_still, step, versions, why_in_segment,
};

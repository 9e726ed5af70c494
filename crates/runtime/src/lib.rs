//! The runtime: contact lines, timers, outbox, desk and the shell that connects them with channels and store.
//!
//! [`core`] decides and is pure (sans-IO): data in, [`core::Action`]s out. [`Service`] is the tokio shell that carries
//! them out; [`Handle`] is what everybody else calls.
//!
//! **Invariants.** One step at a time per contact. No effect before its commit is durable (INV-7). A lock on the core
//! is never held across an await. The store's failure stops everything: nothing more is acknowledged.

mod agent;
mod clock;
pub mod core;
mod desk;
mod disk;
mod drive;
pub mod egress;
mod error;
mod handle;
mod health;
mod imports;
pub mod invariants;
pub mod outside;
pub mod privacy;
pub mod retention;
mod said;
mod services;
#[cfg(test)]
mod trial;
pub mod verify;

pub use self::core::Membership;
pub use self::core::audience::{Audience, Stage, Whom};
pub use self::core::webhooks::{Disabled, HookEvent, Missed, Webhook, WebhookState};
pub use agent::Agent;
pub use clock::{Clock, ManualClock, SystemClock};
pub use crm::merge::{Field as MergeField, Preview as MergePreview, Record as MergeRecord, Winner as MergeWinner};
pub use crm::said::Piece as ExcerptPiece;
pub use desk::{DeskEvent, DeskRow, DeskRowState, DeskView};
pub use drive::{Options, PresenceGuard, Service, StartError, start};
pub use error::{DeskError, WriteError};
pub use handle::Duplicate;
pub use handle::Unfindable;
pub use handle::WrongRow;
pub use handle::{
    ApiKey, Campaign, Expect, Found, Frozen, Handle, Misfit, Misfits, Preview, Reached, SEGMENT_NAME, Scope, SegmentError, SegmentRecord,
    TagUse, Timeline, TimelineCursor, Told, TypeChanges,
};
pub use handle::{DeliveryState, DeliveryView, Replay, WebhookChange};
pub use handle::{LostList, LostSegments, UnjudgedSegment};
pub use handle::{SaidBy, SaidCursor, SaidPage, Unsearchable};
pub use handle::{StoreEnd, StoreJob, StoreWork};
pub use health::{ChannelHealth, Health, ReloadError, RuntimeStats};
pub use imports::{Counts, Import, ImportError, ImportState, Seen, Upload};
pub use outside::{Outside, Post, Posted, Tried};
pub use services::{Services, ServicesOptions, sms};

//! Segments: named conditions over everything known about a contact, exact in the step that changes something and exact
//! in time.
//!
//! A [`Set`] is all segments of a bot as they are now, judged for one contact at a time ([`Who`]). The [`Book`] keeps what is
//! known about everybody in columns; [`Members`] keeps who is in what, and when time next changes that for whom.
//!
//! **Invariants.** Nothing here performs IO, reads a clock or draws a random number. A segment that cannot be judged has
//! no members (FL 6.7).

#![forbid(unsafe_code)]

mod around;
mod book;
mod flips;
mod members;
mod past;
mod ration;
mod set;
mod touch;

pub use around::Around;
pub use book::{Answer, Book, Bytes, InUse, NamesInUse, Page, Row, RowPast, Rows, Selection, Snapshot, TagCount};
pub use flips::Flips;
pub use members::Members;
pub use past::{NoPast, Past, Recorded, recorded};
pub use ration::Ration;
pub use set::{DEEPEST, Era, MOST, Origin, Rule, RuleKind, Set, Who};
pub use touch::Touch;

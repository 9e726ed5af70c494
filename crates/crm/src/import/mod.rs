//! A file of people, or of what happened to them, read: from bytes of any encoding to what each row says about one contact, or what is
//! wrong with it.
//!
//! The way of a row: bytes become text ([`Sniffer`], [`Decoded`]), text becomes rows ([`Rows`]), a [`Plan`] says which column is
//! what, and [`Plan::judge`] reads a row: its [`Key`] and the changes it asks for, or every [`Fault`] by row and column. A file of events
//! has an [`EventPlan`] and gives an [`Occurrence`] for each row; a [`Reader`] is either.
//!
//! **Invariants.** A row is taken whole or refused whole. The same bytes and the same plan give the same readings.

mod cell;
mod errors;
mod events;
mod fault;
mod field;
mod key;
mod kind;
mod plan;
mod reading;
mod rows;
mod shape;
mod text;
mod value;

pub use cell::{neutralise, restore};
pub use errors::ErrorLines;
pub use events::{EventField, EventPlan, Occurrence};
pub use fault::{Fault, Trouble};
pub(crate) use field::zone;
pub use field::{Field, WRITABLE, read_system};
pub use key::Key;
pub(crate) use key::identifiers;
pub use kind::{Kind, Reader, Said};
pub use plan::{Blanks, Column, DateOrder, Mode, Options, Plan, PlanError, Unknown, Vocabulary};
pub use reading::Reading;
pub use rows::{Cell, Row, RowError, Rows};
pub use shape::Shape;
pub use text::{Decoded, Encoding, Sniffer};

/// The longest row, in bytes: what is longer is a quote that nobody closed.
pub const LONGEST_ROW: usize = 16 * 1024 * 1024;
/// The most columns of a file.
pub const COLUMNS: usize = 1_000;
/// The longest text of one value, in characters.
pub const LONGEST_TEXT: usize = 16_384;
/// The longest tag, in characters (FL 7.5).
pub const LONGEST_TAG: usize = 64;
/// The column of an error file that says what was wrong; it is not imported.
pub const ERROR_COLUMN: &str = "_error";

#[cfg(test)]
mod tests;

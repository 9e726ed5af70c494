//! What was said: messages found by the words in them, newest first, among tens of millions.
//!
//! The words of every message are kept a second time, folded as names are ([`crate::directory::folded`]), in *blocks* of about 64 KiB of
//! text. A block has a signature of all its three-byte pieces, so a text that is rare or nowhere is looked for in few blocks; the others
//! are searched whole, which a processor does faster than it could follow an index. Nothing that is shown comes from here: a [`Place`]
//! leads to the line in the store, and whoever finds one holds the line against the [`Words`] before it is told.
//!
//! **Invariants.** A block is read only if its checksums hold. Any text of a line that contains the folded words is found; what is found
//! contains them.

mod block;
mod excerpt;
mod signature;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use block::{HEAD, Head, Line, Place, Places, seal, texts};
pub use excerpt::{Piece, excerpt};
pub use text::{Uttered, uttered};
pub use words::Words;

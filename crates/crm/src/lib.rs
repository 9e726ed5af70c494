//! The contact book's rules: what a file of people says, who is who, who may be told what.
//!
//! Everything here decides and does not act: the runtime carries it out through the contact's line, so that segments, journey and
//! transitions stay exact.
//!
//! **Invariants.** Nothing here performs IO, reads a clock or draws a random number. What comes from a file or a caller is judged whole
//! before any of it is used, and what is refused is told with its place.

#![forbid(unsafe_code)]

pub mod directory;
pub mod erase;
pub mod event;
pub mod export;
pub mod import;
pub mod merge;
pub mod said;

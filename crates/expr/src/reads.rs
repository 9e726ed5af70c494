//! Where a source text reads names, and how: what a check of "has it a value here?" needs to know.

use std::ops::Range;

/// One name read at one place of a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The name of a run variable, a declared attribute or a system attribute.
    pub name: String,
    /// What kind of name it is.
    pub of: ReadOf,
    /// What becomes of a missing value.
    pub how: Missing,
    /// The bytes of the source.
    pub range: Range<usize>,
}

/// What kind of name is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOf {
    /// A variable of the run.
    Variable,
    /// An attribute that the bot declares, or one of its globals.
    Attribute,
    /// A system attribute.
    System,
}

/// What becomes of a missing value where a name is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It shows: prose is empty there, arithmetic fails.
    Shows,
    /// The name is all there is of a lone `${…}`: where the value is stored, nothing is stored; where it is said, nothing is.
    Alone,
    /// A condition is unknown, so it does not hold (FL 6.5).
    Unknown,
    /// It is provided for: `| default`, `coalesce`, `is set`.
    Handled,
}

//! Stored segments that a bot cannot judge: its folder lost what they ask for, an attribute or another segment.
//!
//! Everybody would leave them. After a start with such a folder they have no members until what they ask for is back (FL 6.7).

use super::super::Handle;
use std::fmt;

/// The code of segments that cannot be judged: `docs/errors/E0351.md`.
const CODE: &str = "E0351";

/// A stored segment that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnjudgedSegment {
    /// Its key.
    pub key: String,
    /// Why, in words.
    pub why: String,
}

impl UnjudgedSegment {
    /// What to do before the folder is read again.
    pub(super) const WAY_OUT: &str =
        "give the folder back what it asks for, or first change or delete the segment in the console or over HTTP";

    /// Of a key and a reason.
    pub fn new((key, why): (&str, &str)) -> Self {
        Self { key: key.to_owned(), why: why.to_owned() }
    }
}

impl fmt::Display for UnjudgedSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, why } = self;
        write!(f, "segment \"{key}\" is not in the folder and cannot be judged with it: {why} ({CODE})")
    }
}

impl Handle {
    /// The segments that cannot be judged now; nobody is in them.
    pub fn unjudged_segments(&self) -> Vec<UnjudgedSegment> {
        self.bot().set().invalid().map(UnjudgedSegment::new).collect()
    }
}

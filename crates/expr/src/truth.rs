//! Three-valued truth: a missing value makes a comparison neither true nor false (FL 6.5).

use serde::{Deserialize, Serialize};

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A value is missing; no match, and neither is its negation.
    Unknown,
}

impl Truth {
    /// Whether it holds; unknown is no match.
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// Both hold. False wins over unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Unknown, Self::True | Self::Unknown) | (Self::True, Self::Unknown) => Self::Unknown,
        }
    }

    /// One of them holds. True wins over unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            (Self::Unknown, Self::False | Self::Unknown) | (Self::False, Self::Unknown) => Self::Unknown,
        }
    }

    /// The opposite; not unknown is unknown.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!truth` would read as two-valued")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Self {
        if b { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    #[test]
    fn the_tables_of_three_valued_logic() {
        let all = [True, False, Unknown];
        for a in all {
            for b in all {
                // De Morgan ties the two tables together; the corners pin them.
                assert_eq!(a.and(b).not(), a.not().or(b.not()), "{a:?} {b:?}");
                assert_eq!(a.and(b), b.and(a));
            }
        }
        assert_eq!((Unknown.and(False), Unknown.and(True), Unknown.or(True), Unknown.or(False)), (False, Unknown, True, Unknown));
        assert_eq!((Unknown.not(), Truth::from(true)), (Unknown, True));
    }
}

//! Verdicts on the rows of a chunk, three-valued, and the byte that one verdict is kept as.

use super::mask::Mask;
use expr::{Judged, Truth};

/// One verdict in a table of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not judged yet.
    #[default]
    Open,
    No,
    Yes,
    Unknown,
    /// More has to be looked at: the contact itself.
    Strayed,
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Is(Truth::True) => Self::Yes,
            Judged::Is(Truth::False) => Self::No,
            // What cannot be computed is unknown, and the rest of the condition counts.
            Judged::Is(Truth::Unknown) | Judged::Failed => Self::Unknown,
            Judged::Strayed => Self::Strayed,
        }
    }
}

/// For which rows something holds, and for which that can be said. Where nothing is known it does not hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tri {
    pub holds: Mask,
    pub known: Mask,
}

impl Tri {
    pub fn known(holds: Mask) -> Self {
        Self { holds, known: Mask::first(super::ROWS) }
    }

    pub fn unknown(&self) -> Mask {
        Mask::first(super::ROWS).minus(&self.known)
    }

    pub fn put(&mut self, row: usize, verdict: Verdict) {
        self.holds.set(row, verdict == Verdict::Yes);
        self.known.set(row, matches!(verdict, Verdict::Yes | Verdict::No));
    }

    /// The same verdict for many rows.
    pub fn put_all(&mut self, rows: &Mask, verdict: Verdict) {
        let with = |mask: &Mask, is: bool| if is { mask.or(rows) } else { mask.minus(rows) };
        self.holds = with(&self.holds, verdict == Verdict::Yes);
        self.known = with(&self.known, matches!(verdict, Verdict::Yes | Verdict::No));
    }
}

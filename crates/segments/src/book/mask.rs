//! A set of the rows of one chunk, as bits.

/// How many contacts a chunk holds.
pub(crate) const ROWS: usize = 1024;
const WORDS: usize = ROWS / 64;

/// Which rows of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask(pub [u64; WORDS]);

impl Default for Mask {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Mask {
    /// All rows from 0 up to before `count`.
    pub fn first(count: usize) -> Self {
        let mut mask = Self::default();
        for (i, word) in mask.0.iter_mut().enumerate() {
            let bits = count.saturating_sub(i * 64).min(64);
            *word = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        }
        mask
    }

    pub fn has(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Puts a row in or takes it out; answers whether that changed something.
    pub fn set(&mut self, row: usize, is: bool) -> bool {
        let Some(word) = self.0.get_mut(row / 64) else { return false };
        let bit = 1 << (row % 64);
        let before = *word & bit != 0;
        if is {
            *word |= bit
        } else {
            *word &= !bit
        }
        before != is
    }

    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many rows before this one are in the set.
    pub fn rank(&self, row: usize) -> usize {
        let whole: u32 = self.0.iter().take(row / 64).map(|word| word.count_ones()).sum();
        let part = self.0.get(row / 64).map_or(0, |word| (word & ((1 << (row % 64)) - 1)).count_ones());
        (whole + part) as usize
    }

    pub fn and(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    pub fn or(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// Without the rows of another.
    pub fn minus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    fn with(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut out = [0; WORDS];
        for ((out, a), b) in out.iter_mut().zip(&self.0).zip(&other.0) {
            *out = f(*a, *b);
        }
        Self(out)
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    i * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_and_rank_agree() {
        let mut mask = Mask::default();
        for row in [0, 1, 63, 64, 500, 1023] {
            assert!(mask.set(row, true) && !mask.set(row, true));
        }
        assert_eq!(mask.rows().collect::<Vec<_>>(), [0, 1, 63, 64, 500, 1023]);
        assert_eq!((mask.count(), mask.rank(64), mask.rank(1023), mask.rank(0)), (6, 3, 5, 0));
        assert_eq!((Mask::first(70).count(), Mask::first(0).count(), Mask::first(ROWS).count()), (70, 0, 1024));
        assert_eq!(mask.minus(&Mask::first(64)).rows().collect::<Vec<_>>(), [64, 500, 1023]);
    }
}

//! Random choices out of a list of numbers, so that whoever shrinks the list shrinks what was made of it: where the list
//! has ended, every choice is the first and simplest.

pub struct Choices<'c> {
    drawn: &'c [u16],
    at: usize,
}

impl<'c> Choices<'c> {
    pub fn new(drawn: &'c [u16]) -> Self {
        Self { drawn, at: 0 }
    }

    /// A number from 0 up to before `count`.
    pub fn below(&mut self, count: usize) -> usize {
        let drawn = self.drawn.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(drawn) % count
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// True once in so many times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }
}

/// So many numbers out of a seed, for what is not worth shrinking.
pub fn drawn(seed: u64, count: usize) -> Vec<u16> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64: a few lines, and every bit is good enough.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u16::try_from((z ^ (z >> 31)) & 0xFFFF).expect("sixteen bits")
    };
    (0..count).map(|_| next()).collect()
}

//! Fuel for the segments of one contact: a share for each, so that none is unknown for what others took, and a count of what all
//! of them took together.

use expr::Fuel;

/// So much fuel for each segment that is judged.
#[derive(Clone, Copy, Debug)]
pub struct Ration {
    each: u64,
    taken: u64,
}

impl Ration {
    /// So many units for each segment.
    pub const fn new(each: u64) -> Self {
        Self { each, taken: 0 }
    }

    /// What was taken so far, by all of them.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Hands out one share.
    pub(crate) fn share<T>(&mut self, spend: impl FnOnce(&mut Fuel) -> T) -> T {
        let mut fuel = Fuel::new(self.each);
        let done = spend(&mut fuel);
        self.taken = self.taken.saturating_add(self.each - fuel.left());
        done
    }
}

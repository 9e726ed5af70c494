//! Since when each row has something: a tag, a run of a skill, a change of an attribute.

use super::mask::Mask;
use model::Instant;

/// Rows with an instant each; eight bytes for a row that has one, nothing for the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamps {
    rows: Mask,
    /// In the order of the rows.
    at: Vec<i64>,
}

impl Stamps {
    pub fn rows(&self) -> &Mask {
        &self.rows
    }

    pub fn get(&self, row: usize) -> Option<Instant> {
        if !self.rows.has(row) {
            return None;
        }
        self.at.get(self.rows.rank(row)).map(|at| Instant(*at))
    }

    pub fn set(&mut self, row: usize, at: Option<Instant>) {
        let rank = self.rows.rank(row);
        match (self.rows.has(row), at) {
            (true, Some(at)) => {
                if let Some(place) = self.at.get_mut(rank) {
                    *place = at.0;
                }
            }
            (false, Some(at)) => {
                self.at.reserve_exact(if self.at.len() == self.at.capacity() { self.at.len() / 8 + 1 } else { 0 });
                self.at.insert(rank, at.0);
                self.rows.set(row, true);
            }
            (true, None) => {
                self.at.remove(rank);
                self.rows.set(row, false);
            }
            (false, None) => {}
        }
    }

    /// The instants, in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = (usize, i64)> {
        self.rows.rows().zip(self.at.iter().copied())
    }

    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.at.capacity() * 8
    }
}

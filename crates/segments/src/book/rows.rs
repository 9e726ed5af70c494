//! Who stands in which row, at one instant of the book.

use super::place;
use model::ContactId;
use std::sync::Arc;

/// Who stands in which row. Cheap to take and to clone; it never changes. Whoever was removed is still named.
#[derive(Clone, Debug, Default)]
pub struct Rows(Vec<Arc<Vec<ContactId>>>);

impl Rows {
    pub(super) fn new(chunks: Vec<Arc<Vec<ContactId>>>) -> Self {
        Self(chunks)
    }

    /// Who stands in a row.
    pub fn id(&self, row: u32) -> Option<ContactId> {
        let (chunk, row) = place(row);
        self.0.get(chunk)?.get(row).copied()
    }

    /// Who stands in the 1,024 rows of a chunk, in order.
    pub fn chunk(&self, number: usize) -> &[ContactId] {
        self.0.get(number).map_or(&[], |ids| ids.as_slice())
    }
}

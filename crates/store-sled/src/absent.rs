//! Ids by which nobody is stored, as somebody found lately: whoever comes to be is asked for several times on the way, and the
//! database, which cannot have them, is asked once.

use model::ContactId;
use std::collections::{HashSet, VecDeque};

/// How many are remembered: more than there are new people on their way at once.
const REMEMBERED: usize = 4_096;

/// The ids.
#[derive(Default)]
pub(crate) struct Absent {
    ids: HashSet<ContactId>,
    /// In the order in which they were found, with those who came to be since.
    order: VecDeque<ContactId>,
}

impl Absent {
    /// Nobody is stored by this id.
    pub fn add(&mut self, id: ContactId) {
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(first) = self.order.pop_front()
        {
            self.ids.remove(&first);
        }
    }

    /// Somebody comes to be.
    pub fn remove(&mut self, id: ContactId) {
        self.ids.remove(&id);
    }

    pub fn contains(&self, id: ContactId) -> bool {
        self.ids.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_is_remembered_and_whoever_comes_is_not_among_them() {
        let mut absent = Absent::default();
        (0..REMEMBERED as u128 + 1).for_each(|id| absent.add(ContactId(id)));
        assert!(!absent.contains(ContactId(0)) && absent.contains(ContactId(1)));
        absent.remove(ContactId(1));
        assert!(!absent.contains(ContactId(1)));
        assert_eq!((absent.ids.len(), absent.order.len()), (REMEMBERED - 1, REMEMBERED));
    }
}

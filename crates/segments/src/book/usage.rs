//! What is stored under each attribute: how many contacts have a value, and which values these are.

use super::Snapshot;
use model::{ContactId, Value};
use std::collections::BTreeMap;

impl Snapshot {
    /// How many contacts have a value of each stored attribute, by its name: also of those that are declared no more.
    pub fn attribute_counts(&self) -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for chunk in self.chunks() {
            for (name, column) in chunk.attributes.iter() {
                let some = u64::from(chunk.live.and(column.rows()).count());
                if some > 0 {
                    *counts.entry(self.names().name(name).to_owned()).or_default() += some;
                }
            }
        }
        counts
    }

    /// Each contact's value of an attribute, in the order of their rows.
    pub fn values_of(&self, attribute: &str, mut each: impl FnMut(ContactId, &Value)) {
        let Some(name) = self.names().get(attribute) else { return };
        for chunk in self.chunks() {
            let Some(cells) = chunk.attributes.get(name) else { continue };
            for row in chunk.live.rows() {
                if let (Some(value), Some(id)) = (cells.get(row), chunk.id(row)) {
                    each(id, &value);
                }
            }
        }
    }
}

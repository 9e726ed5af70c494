//! Which tags there are, and how many contacts have each.

use super::Snapshot;
use model::ContactId;
use std::collections::BTreeMap;

/// A tag among everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    /// The folded text by which tags are compared.
    pub key: String,
    /// How many contacts have it.
    pub count: u64,
    /// One of them: their label is how it is written.
    pub one: ContactId,
}

impl Snapshot {
    /// Every tag that somebody has, by key.
    pub fn tag_counts(&self) -> Vec<TagCount> {
        let mut counts: BTreeMap<u32, (u64, ContactId)> = BTreeMap::new();
        for chunk in self.chunks() {
            for (name, stamps) in chunk.tags.iter() {
                let count = u64::from(stamps.rows().count());
                if let Some(one) = stamps.rows().rows().find_map(|row| chunk.id(row)) {
                    counts.entry(name).or_insert((0, one)).0 += count;
                }
            }
        }
        let named = counts.into_iter().map(|(name, (count, one))| TagCount { key: self.names().name(name).to_owned(), count, one });
        let mut all: Vec<TagCount> = named.collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }
}

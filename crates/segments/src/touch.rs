//! What a step changed about a contact, and which segments ask for that.
//!
//! Only what changes often is told apart by name; anything rarer counts for every segment, so that nothing is forgotten.

use crate::{Rule, RuleKind};
use model::{Contact, EventRecord, TagKey};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

/// System attributes that change with nearly every message: each counts only for segments that name it.
const OFTEN: &[&str] =
    &["message_count", "session_messages", "template_messages", "visit_count", "last_input", "page_visits", "last_page", "last_error"];

/// What changed: names of the contact as it was and as it is, nothing copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touch<'c> {
    /// Something that is not told apart: what it was, in words.
    all: Option<&'static str>,
    /// Attributes, custom and system.
    names: Vec<&'c str>,
    tags: Vec<&'c TagKey>,
    events: Vec<&'c str>,
    skills: Vec<&'c str>,
}

impl<'c> Touch<'c> {
    /// Everything may have changed.
    pub fn everything(why: &'static str) -> Self {
        Self { all: Some(why), ..Self::default() }
    }

    /// What differs between a contact before and after, and what was recorded meanwhile.
    pub fn between(before: &'c Contact, after: &'c Contact, events: &'c [EventRecord]) -> Self {
        let mut touch = Self { names: Vec::with_capacity(12), ..Self::default() };
        let names = &mut touch.names;
        differing(&before.attributes, &after.attributes, |name| names.push(name));
        // A note of the last change outlives the change.
        differing(&before.changed, &after.changed, |name| names.push(name));
        let mut rare = None;
        differing(&before.system, &after.system, |name| {
            if OFTEN.contains(&name.as_str()) || expr::COUNTERS.contains(&name.as_str()) {
                names.push(name);
            } else {
                rare = Some("what the channel knows");
            }
        });
        if before.last_seen != after.last_seen {
            names.extend(["last_seen", "is_new"]);
        }
        // Who put a tag there and how it is written is nothing a condition asks.
        let tags = &mut touch.tags;
        differing_by(&before.tags, &after.tags, |was, is| was.at == is.at, |key| tags.push(key));
        let skills = &mut touch.skills;
        differing(&before.ran, &after.ran, |skill| skills.push(skill));
        for event in events {
            if !touch.events.contains(&event.name.as_str()) {
                touch.events.push(&event.name);
            }
        }
        let differs = [
            (before.status != after.status, "the status"),
            (before.source != after.source, "the source"),
            (before.first_seen != after.first_seen, "when they came"),
            (before.addresses != after.addresses, "how they are reached"),
            (before.lists != after.lists, "the list"),
            (before.consents != after.consents, "what they agreed to"),
            (before.notes != after.notes, "a note"),
        ];
        touch.all = differs.into_iter().find_map(|(differs, what)| differs.then_some(what)).or(rare);
        touch
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.names.is_empty() && self.tags.is_empty() && self.events.is_empty() && self.skills.is_empty()
    }
}

/// Calls for each key whose value differs.
fn differing<'m, K: Ord, V: PartialEq>(before: &'m BTreeMap<K, V>, after: &'m BTreeMap<K, V>, each: impl FnMut(&'m K)) {
    differing_by(before, after, PartialEq::eq, each);
}

/// Calls for each key that one of the two lacks, or whose values are not the same.
fn differing_by<'m, K: Ord, V>(
    before: &'m BTreeMap<K, V>,
    after: &'m BTreeMap<K, V>,
    same: impl Fn(&V, &V) -> bool,
    mut each: impl FnMut(&'m K),
) {
    use std::cmp::Ordering;
    // Both are in order: one walk over the two tells them apart.
    let (mut was, mut is) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (was.peek(), is.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((gone, _)), Some((come, _))) => gone.cmp(come),
        };
        match order {
            Ordering::Less => was.next().into_iter().for_each(|(key, _)| each(key)),
            Ordering::Greater => is.next().into_iter().for_each(|(key, _)| each(key)),
            Ordering::Equal => {
                if let (Some((_, was)), Some((key, is))) = (was.next(), is.next())
                    && !same(was, is)
                {
                    each(key);
                }
            }
        }
    }
}

/// What a segment asks for, with all that the segments it looks into ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    names: BTreeSet<String>,
    tags: BTreeSet<TagKey>,
    pub events: BTreeSet<String>,
    skills: BTreeSet<String>,
    pub time: bool,
}

impl Reads {
    pub fn of(rule: &Rule) -> Self {
        let RuleKind::Where(condition) = &rule.kind else { return Self::default() };
        let references = condition.references();
        Self {
            names: references.attributes.into_iter().chain(references.system).collect(),
            tags: references.tags.iter().map(|tag| TagKey::of(tag)).collect(),
            events: references.events,
            skills: references.skills,
            time: references.time,
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.tags.extend(other.tags.iter().cloned());
        self.events.extend(other.events.iter().cloned());
        self.skills.extend(other.skills.iter().cloned());
        self.time |= other.time;
    }

    /// What of a change it asks for, in words; none if nothing.
    pub fn meets(&self, touch: &Touch<'_>) -> Option<String> {
        if let Some(name) = touch.events.iter().find(|name| self.events.contains(**name)) {
            return Some(format!("event {name}"));
        }
        if let Some(key) = touch.tags.iter().find(|key| self.tags.contains(**key)) {
            return Some(format!("tag {}", key.as_str()));
        }
        let name = touch.names.iter().find(|name| self.names.contains(**name)).map(|name| (*name).to_owned());
        let skill = || touch.skills.iter().find(|skill| self.skills.contains(**skill)).map(|skill| format!("skill {skill}"));
        name.or_else(skill).or_else(|| touch.all.map(str::to_owned))
    }
}

/// Which segments ask for what, the other way round: places in the order of the set.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    names: Index<String>,
    tags: Index<TagKey>,
    events: Index<String>,
    skills: Index<String>,
}

/// The places of those who ask for a name.
type Index<K> = HashMap<K, Vec<u32>, BuildHasherDefault<NameHasher>>;

/// The names are those of a bot's own rules, so nobody chooses them to collide; every step looks some up.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let word = word.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
            self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

impl Readers {
    /// Notes what the segment at a place asks for.
    pub fn add(&mut self, place: u32, reads: &Reads) {
        reads.names.iter().for_each(|name| self.names.entry(name.clone()).or_default().push(place));
        reads.tags.iter().for_each(|key| self.tags.entry(key.clone()).or_default().push(place));
        reads.events.iter().for_each(|name| self.events.entry(name.clone()).or_default().push(place));
        reads.skills.iter().for_each(|name| self.skills.entry(name.clone()).or_default().push(place));
    }

    /// The places of those that ask for anything of a change, in order; none: all of them do.
    pub fn concerned(&self, touch: &Touch<'_>) -> Option<Places> {
        if touch.all.is_some() {
            return None;
        }
        let mut places = Places::default();
        let mut add = |found: Option<&Vec<u32>>| found.into_iter().for_each(|found| places.add(found));
        touch.names.iter().for_each(|name| add(self.names.get(*name)));
        touch.tags.iter().for_each(|key| add(self.tags.get(*key)));
        touch.events.iter().for_each(|name| add(self.events.get(*name)));
        touch.skills.iter().for_each(|name| add(self.skills.get(*name)));
        Some(places)
    }
}

/// Places in the order of a set, each once: bits, the first of them without a place in memory of their own.
#[derive(Default)]
pub(crate) struct Places {
    few: [u64; 4],
    more: Vec<u64>,
}

impl Places {
    /// Adds places.
    pub fn add(&mut self, places: &[u32]) {
        for place in places {
            let (word, bit) = ((place / 64) as usize, 1 << (place % 64));
            if let Some(few) = self.few.get_mut(word) {
                *few |= bit;
                continue;
            }
            let word = word - self.few.len();
            if self.more.len() <= word {
                self.more.resize(word + 1, 0);
            }
            if let Some(more) = self.more.get_mut(word) {
                *more |= bit;
            }
        }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.few.iter().chain(&self.more).map(|word| word.count_ones() as usize).sum()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.few.iter().chain(&self.more).enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_once_and_in_order_however_many_segments_there_are() {
        let all = [1_000, 0, 63, 64, 255, 256, 257, 320, 64, 1_000];
        let mut places = Places::default();
        places.add(&all[..5]);
        places.add(&all[5..]);
        assert_eq!(places.iter().collect::<Vec<_>>(), [0, 63, 64, 255, 256, 257, 320, 1_000]);
        assert_eq!(places.len(), 8);
        assert_eq!(Places::default().iter().count(), 0);
    }
}

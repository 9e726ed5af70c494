//! What a step changed about a contact, and which segments ask for that.
//!
//! Only what changes often is told apart by name; anything rarer counts for every segment, so that nothing is forgotten.

use crate::{Rule, RuleKind};
use model::{Contact, EventRecord, TagKey};
use std::collections::BTreeSet;

/// System attributes that change with nearly every message: each counts only for segments that name it.
const OFTEN: &[&str] = &["message_count", "session_messages", "visit_count", "last_input", "page_visits", "last_page", "last_error"];

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// Something that is not told apart: what it was, in words.
    all: Option<&'static str>,
    /// Attributes, custom and system.
    names: BTreeSet<String>,
    tags: BTreeSet<TagKey>,
    events: BTreeSet<String>,
    skills: BTreeSet<String>,
}

impl Touch {
    /// Everything may have changed.
    pub fn everything(why: &'static str) -> Self {
        Self { all: Some(why), ..Self::default() }
    }

    /// What differs between a contact before and after, and what was recorded meanwhile.
    pub fn between(before: &Contact, after: &Contact, events: &[EventRecord]) -> Self {
        let mut touch = Self::default();
        differing(&before.attributes, &after.attributes, |name| touch.name(name));
        // A note of the last change outlives the change.
        differing(&before.changed, &after.changed, |name| touch.name(name));
        let mut rare = None;
        differing(&before.system, &after.system, |name| {
            if OFTEN.contains(&name.as_str()) {
                touch.names.insert(name.clone());
            } else {
                rare = Some("what the channel knows");
            }
        });
        let since =
            |contact: &Contact| contact.tags.iter().map(|(key, tag)| (key.clone(), tag.at)).collect::<std::collections::BTreeMap<_, _>>();
        if before.tags != after.tags {
            differing(&since(before), &since(after), |key| {
                touch.tags.insert(key.clone());
            });
        }
        differing(&before.ran, &after.ran, |skill| {
            touch.skills.insert(skill.clone());
        });
        if before.last_seen != after.last_seen {
            touch.names.extend(["last_seen".to_owned(), "is_new".to_owned()]);
        }
        touch.events.extend(events.iter().map(|event| event.name.clone()));
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

    fn name(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// Calls for each key whose value differs.
fn differing<K: Ord, V: PartialEq>(
    before: &std::collections::BTreeMap<K, V>,
    after: &std::collections::BTreeMap<K, V>,
    mut each: impl FnMut(&K),
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
                if let (Some((key, was)), Some((_, is))) = (was.next(), is.next())
                    && was != is
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

    /// Whether it asks for anything of a change.
    pub fn concerns(&self, touch: &Touch) -> bool {
        touch.all.is_some()
            || !self.names.is_disjoint(&touch.names)
            || !self.tags.is_disjoint(&touch.tags)
            || !self.events.is_disjoint(&touch.events)
            || !self.skills.is_disjoint(&touch.skills)
    }

    /// What of a change it asks for, in words; none if nothing.
    pub fn meets(&self, touch: &Touch) -> Option<String> {
        let common = |a: &BTreeSet<String>, b: &BTreeSet<String>| b.iter().find(|name| a.contains(*name)).cloned();
        if let Some(name) = common(&self.events, &touch.events) {
            return Some(format!("event {name}"));
        }
        if let Some(key) = touch.tags.iter().find(|key| self.tags.contains(*key)) {
            return Some(format!("tag {}", key.as_str()));
        }
        common(&self.names, &touch.names)
            .or_else(|| common(&self.skills, &touch.skills).map(|skill| format!("skill {skill}")))
            .or_else(|| touch.all.map(str::to_owned))
    }
}

//! A contact's journey as one timeline: everything that happened, newest first, by what it is about and when, page by page.
//!
//! The order is that in which things were written down: what came to light late stands where it came to light, with the time it
//! happened. Those who were merged into the contact have journeys of their own; they are put in order here.

use super::Handle;
use crate::WriteError;
use model::{ContactId, JourneyEntry, JourneyFilter};
use std::{cmp::Reverse, collections::VecDeque, fmt, str::FromStr};
use store::Store;

/// Lines looked at for one page at the most. A filter that finds little in a longer journey answers what it found and goes on with the
/// next page.
const LOOKED_AT: usize = 50_000;
/// Contacts that may have been merged into one and still be told apart by a cursor.
const SOURCES: usize = 512;

/// Where a page of a timeline begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineCursor(
    /// The place before which to go on, in the contact's own journey and then in each of those merged into them.
    Vec<u64>,
);

impl fmt::Display for TimelineCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, place) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            write!(f, "{place}")?;
        }
        Ok(())
    }
}

impl FromStr for TimelineCursor {
    type Err = ();

    /// Reads what [`fmt::Display`] wrote, and nothing else.
    fn from_str(text: &str) -> Result<Self, ()> {
        let places: Vec<u64> = text.split('.').take(SOURCES + 1).map(str::parse).collect::<Result<_, _>>().map_err(drop)?;
        let cursor = Self(places);
        if cursor.0.len() <= SOURCES && cursor.to_string() == text { Ok(cursor) } else { Err(()) }
    }
}

/// A page of a timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Newest first.
    pub entries: Vec<JourneyEntry>,
    /// Where the next page begins; none after the last.
    pub next: Option<TimelineCursor>,
    /// How many lines, older than all that are there, are kept no longer.
    pub forgotten: u64,
}

impl Handle {
    /// A page of a contact's journey: what the filter wants, newest first, at most `limit`. A page may hold less, or nothing, and still
    /// have another after it. Nobody has an empty one.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] if the store cannot be read.
    pub async fn journey(
        &self,
        contact: ContactId,
        filter: JourneyFilter,
        cursor: Option<TimelineCursor>,
        limit: usize,
    ) -> Result<Timeline, WriteError> {
        self.shell.read(move |store| timeline(store, contact, &filter, cursor.as_ref(), limit)).await.ok_or(WriteError::Unavailable)
    }
}

/// One journey of several, as far as it was read.
struct Source {
    lines: VecDeque<(u64, JourneyEntry)>,
    next: Option<u64>,
}

impl Source {
    /// When its newest line was written.
    fn newest(&self) -> Option<u128> {
        self.lines.front().map(|(_, entry)| entry.id.0 >> 80)
    }

    /// The place before which it goes on.
    fn rest(&self) -> u64 {
        self.lines.front().map(|(place, _)| place + 1).or(self.next).unwrap_or(0)
    }
}

/// A page of a contact's timeline.
///
/// # Errors
/// Those of reading.
pub(super) fn timeline(
    store: &dyn Store,
    contact: ContactId,
    filter: &JourneyFilter,
    cursor: Option<&TimelineCursor>,
    limit: usize,
) -> Result<Timeline, store::Error> {
    let Some(person) = crate::core::resolved(store, contact)? else { return Ok(Timeline::default()) };
    let ids = std::iter::once(person.contact.id).chain(person.contact.absorbed.iter().map(|one| one.id));
    let mut sources = Vec::with_capacity(1 + person.contact.absorbed.len());
    let mut forgotten = 0;
    for (at, id) in ids.enumerate() {
        let before = cursor.and_then(|cursor| cursor.0.get(at)).copied();
        let page = store.journey_page(id, filter, before, limit, LOOKED_AT)?;
        forgotten += page.forgotten;
        sources.push(Source { lines: page.lines.into(), next: page.next });
    }
    let mut entries = Vec::new();
    while entries.len() < limit {
        // Of lines of one instant the survivor's is the newer one, as the store has it.
        let heads = sources.iter().enumerate().filter_map(|(at, source)| Some((source.newest()?, Reverse(at))));
        let Some((_, Reverse(at))) = heads.max() else { break };
        entries.extend(sources.get_mut(at).and_then(|source| source.lines.pop_front()).map(|(_, entry)| entry));
    }
    let rest: Vec<u64> = sources.iter().map(Source::rest).collect();
    let next = rest.iter().any(|place| *place > 0).then_some(TimelineCursor(rest));
    Ok(Timeline { entries, next, forgotten })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Absorbed, Actor, Contact, IdSource, Instant, JourneyKind, JourneyTopic, MergeId};
    use store::{Commit, MemStore, PersonChange, commit_blocking};

    fn entry(second: i64, name: &str) -> JourneyEntry {
        let at = Instant::from_secs(second);
        let what = JourneyKind::Event(name.to_owned());
        let id = IdSource::new(at, second.unsigned_abs()).next();
        JourneyEntry { id, at, by: Actor::System, conversation: None, run: None, block: None, why: None, what }
    }

    fn put(store: &MemStore, id: u128, seconds: &[i64], absorbed: &[u128]) {
        let (id, at) = (ContactId(id), Instant::from_secs(0));
        let mut contact = Contact::without_address(id, at, "api");
        contact.absorbed = absorbed.iter().map(|id| Absorbed { id: ContactId(*id), merge: MergeId(1), at }).collect();
        let mut change = PersonChange::new(id, 0);
        change.contact = Some(Box::new(contact));
        change.journey = seconds.iter().map(|second| entry(*second, if second % 2 == 0 { "even" } else { "odd" })).collect();
        commit_blocking(store, Commit { person: Some(change), ..Commit::default() }).unwrap();
    }

    fn seconds(store: &MemStore, filter: &JourneyFilter, limit: usize) -> Vec<i64> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = timeline(store, ContactId(1), filter, cursor.as_ref(), limit).unwrap();
            assert!(page.entries.len() == limit || page.next.is_none());
            found.extend(page.entries.iter().map(|entry| entry.at.as_secs()));
            match page.next {
                Some(next) => cursor = Some(next.to_string().parse().unwrap()),
                None => return found,
            }
        }
    }

    #[test]
    fn journeys_of_the_merged_are_read_in_one_order() {
        let store = MemStore::new();
        put(&store, 1, &[10, 20, 30, 41], &[2, 3]);
        put(&store, 2, &[5, 21, 40], &[]);
        put(&store, 3, &[22, 23], &[]);
        let all = JourneyFilter::default();
        let even = JourneyFilter { topics: vec![JourneyTopic::Event], name: Some("even".into()), ..all.clone() };
        for limit in [1, 2, 3, 100] {
            assert_eq!(seconds(&store, &all, limit), [41, 40, 30, 23, 22, 21, 20, 10, 5], "{limit}");
            assert_eq!(seconds(&store, &even, limit), [40, 30, 22, 20, 10], "{limit}");
        }
        assert_eq!(timeline(&store, ContactId(9), &all, None, 5).unwrap(), Timeline::default());
    }

    #[test]
    fn a_cursor_is_what_a_page_said() {
        assert_eq!("12.0.7".parse(), Ok(TimelineCursor(vec![12, 0, 7])));
        for wrong in ["", ".", "1.", "-1", "+1", "01", "1,2", "99999999999999999999", "a", &"1.".repeat(600)] {
            assert_eq!(wrong.parse::<TimelineCursor>(), Err(()), "{wrong}");
        }
    }
}

//! A long journey is read page by page, by what it is about and when: each line is looked at once on the way, and only what may be wanted
//! is read whole. What is counted are lines, so it says the same on every machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{bot, served::options};

use model::{Actor, Contact, ContactId, IdSource, Instant, JourneyEntry, JourneyFilter, JourneyKind, JourneyTopic, Value};
use store::{Commit, JourneyReads, MemStore, PersonChange, commit_blocking};
use switchboard_runtime::{Handle, ManualClock, Timeline, start};

const ANA: ContactId = ContactId(1);
/// Lines of the journey, one a minute.
const LINES: usize = 10_000;
/// Lines of a page.
const PAGE: usize = 50;

/// When a line was written.
fn at(n: usize) -> Instant {
    Instant::from_secs(1_700_000_000 + 60 * i64::try_from(n).unwrap())
}

/// Mostly blocks; every hundredth time a plan changes and every hundredth time a city, and ten tags were given.
fn line(n: usize) -> JourneyEntry {
    let attribute = |name: &str| JourneyKind::Attribute { name: name.into(), from: None, to: Some(Value::Number(n.into())) };
    let what = match (n % 100, n % 1_000) {
        (7, _) => attribute("plan"),
        (57, _) => attribute("city"),
        (_, 500) => JourneyKind::TagAdded(format!("tag {n}")),
        _ => JourneyKind::Block { exit: "next".into() },
    };
    let id = IdSource::new(at(n), n as u64).next();
    JourneyEntry { id, at: at(n), by: Actor::System, conversation: None, run: None, block: Some("a".into()), why: None, what }
}

/// Somebody to whom all of that happened.
fn lived(store: &MemStore) {
    let contact = Contact::without_address(ANA, at(0), "api");
    for (version, from) in (0..).zip((0..LINES).step_by(1_000)) {
        let contact = (version == 0).then(|| Box::new(contact.clone()));
        let journey = (from..from + 1_000).map(line).collect();
        let change = PersonChange { contact, journey, ..PersonChange::new(ANA, version) };
        commit_blocking(store, Commit { person: Some(change), ..Commit::default() }).unwrap();
    }
}

/// All pages of a filter, and what was read for each.
async fn paged(handle: &Handle, store: &MemStore, filter: &JourneyFilter) -> Vec<(Timeline, JourneyReads)> {
    let (mut pages, mut cursor) = (Vec::<(Timeline, JourneyReads)>::new(), None);
    loop {
        let before = store.journey_reads();
        let page = handle.journey(ANA, filter.clone(), cursor, PAGE).await.unwrap();
        let after = store.journey_reads();
        cursor = page.next.clone();
        pages.push((page, JourneyReads { heads: after.heads - before.heads, whole: after.whole - before.whole }));
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_page_of_a_journey_of_ten_thousand_lines_reads_what_it_shows() {
    let (store, clock) = (MemStore::new(), ManualClock::new(at(LINES)));
    lived(&store);
    let service = start(options(bot(), &store, &clock, Vec::new())).await.unwrap();
    let of = |topics: &[JourneyTopic]| JourneyFilter { topics: topics.to_vec(), ..JourneyFilter::default() };
    let plan = JourneyFilter { name: Some("Plan".into()), ..of(&[JourneyTopic::Attribute]) };
    let (lately, then) = (Some(at(LINES - 1_000)), Some(at(LINES - 900)));
    // What is asked for, how many lines of it there are, how many may be read whole, and how many are looked at.
    let day = 24 * 60;
    let asked = [
        (JourneyFilter::default(), LINES, LINES, LINES),
        (of(&[JourneyTopic::Attribute]), 200, 200, LINES),
        (plan, 100, 200, LINES),
        (of(&[JourneyTopic::Tag]), 10, 10, LINES),
        (of(&[JourneyTopic::Consent]), 0, 0, LINES),
        // A clock that was set back may have stamped lines of the day before.
        (JourneyFilter { since: lately, ..of(&[JourneyTopic::Attribute]) }, 20, 20, 1_000 + day),
        (JourneyFilter { since: lately, until: then, ..JourneyFilter::default() }, 100, 100, 1_000 + day),
    ];
    for (filter, found, whole, heads) in asked {
        let wanted: Vec<JourneyEntry> = (0..LINES).rev().map(line).filter(|entry| filter.wants(entry)).collect();
        assert_eq!(wanted.len(), found, "{filter:?}");
        let pages = paged(&service.handle, &store, &filter).await;
        let told: Vec<JourneyEntry> = pages.iter().flat_map(|(page, _)| page.entries.iter().cloned()).collect();
        assert_eq!(told, wanted, "{filter:?}");
        assert_eq!(pages.len(), found.div_ceil(PAGE).max(1), "{filter:?}");
        // Of each page one line is looked at that belongs to the next.
        let most = JourneyReads { heads: heads + 2 * pages.len(), whole: whole + pages.len() };
        let all = pages.iter().fold(JourneyReads::default(), |sum, (_, reads)| JourneyReads {
            heads: sum.heads + reads.heads,
            whole: sum.whole + reads.whole,
        });
        assert!(all.whole <= most.whole && all.heads <= most.heads, "{filter:?}: {all:?} of {most:?}");
        if filter.topics.is_empty() && filter.since.is_none() {
            assert!(pages.iter().all(|(_, reads)| reads.heads <= PAGE + 2), "a page costs the same wherever it is");
        }
    }
    service.stop().await;
}

//! The rule of journeys that are read by a filter: each page goes on where the one before ended, and nothing is left out.

#![allow(missing_docs, clippy::missing_panics_doc)] // The name says it; to panic is what it is for.

use super::{Factory, people::*};
use crate::Store;
use model::{IdSource, Instant, JourneyEntry, JourneyFilter, JourneyKind, JourneyTopic, Value};

/// The n-th line: mostly blocks, now and then something rare, a few told later than they happened.
fn line(n: u64) -> JourneyEntry {
    let written = at(i64::try_from(n).unwrap_or(0) * 3_600);
    let what = match n % 50 {
        7 => JourneyKind::Attribute { name: "plan".into(), from: None, to: Some(Value::Number(n.into())) },
        17 => JourneyKind::Attribute { name: "city".into(), from: None, to: None },
        33 => JourneyKind::TagAdded(format!("Tag {n}")),
        _ => JourneyKind::Block { exit: "next".into() },
    };
    let late = if n.is_multiple_of(11) { -2 * 86_400_000_000 } else { 0 };
    JourneyEntry { id: IdSource::new(written, n).next(), at: written.plus_micros(late), what, ..journey(n) }
}

/// All lines that a filter wants, page by page.
fn paged(store: &dyn Store, filter: &JourneyFilter, limit: usize, most: usize) -> Vec<JourneyEntry> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = store.journey_page(contact_id(1), filter, before, limit, most).unwrap();
        assert!(page.lines.len() <= limit);
        assert!(page.next.is_none() || page.next < before.or(Some(u64::MAX)), "every page goes on");
        // Where nothing bounds the search, a page that is not full is the last one.
        assert!(page.next.is_none() || page.lines.len() == limit || most < 1_000, "{page:?}");
        found.extend(page.lines.into_iter().map(|(_, entry)| entry));
        match page.next {
            Some(next) => before = Some(next),
            None => return found,
        }
    }
}

pub fn a_journey_is_filtered_and_paged_by_place(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    let mut lines = Vec::new();
    let filters = [
        JourneyFilter::default(),
        JourneyFilter { topics: vec![JourneyTopic::Tag], ..JourneyFilter::default() },
        JourneyFilter { topics: vec![JourneyTopic::Attribute], name: Some("PLAN".into()), ..JourneyFilter::default() },
        JourneyFilter { topics: vec![JourneyTopic::Tag, JourneyTopic::Attribute], ..JourneyFilter::default() },
        JourneyFilter { topics: vec![JourneyTopic::Consent], ..JourneyFilter::default() },
        JourneyFilter { since: Some(at(600 * 3_600)), until: Some(at(650 * 3_600)), ..JourneyFilter::default() },
        JourneyFilter { until: Some(Instant(0)), ..JourneyFilter::default() },
    ];
    let check = |store: &dyn Store, lines: &[JourneyEntry]| {
        for filter in &filters {
            let wanted: Vec<&JourneyEntry> = lines.iter().rev().filter(|entry| filter.wants(entry)).collect();
            for (limit, most) in [(1, 100_000), (7, 100_000), (1_000, 100_000), (5, 3), (50, 40)] {
                let found = paged(store, filter, limit, most);
                assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{filter:?}, {limit} of {most}");
            }
        }
    };
    for round in 0..100_u64 {
        let mut next = change(&get(&*store, 1));
        for _ in 0..round % 17 {
            next.journey.push(line(lines.len() as u64));
            lines.push(line(lines.len() as u64));
        }
        next.events = vec![event(round)];
        must(&*store, next);
        if round == 40 || round == 90 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
            check(&*store, &lines);
        }
    }
    check(&*store, &lines);
    // A place stays what it is when more is written.
    let all = JourneyFilter::default();
    let first = store.journey_page(contact_id(1), &all, None, 10, 1_000).unwrap();
    let mut next = change(&get(&*store, 1));
    next.journey.push(line(lines.len() as u64));
    must(&*store, next);
    let second = store.journey_page(contact_id(1), &all, first.next, 10, 1_000).unwrap();
    let expected: Vec<&JourneyEntry> = lines.iter().rev().skip(10).take(10).collect();
    assert_eq!(second.lines.iter().map(|(_, entry)| entry).collect::<Vec<_>>(), expected);
    assert_eq!(store.journey_page(contact_id(2), &all, None, 10, 1_000).unwrap(), crate::JourneyPage::default());
}

pub fn a_journey_names_nobody_who_was_erased(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    let naming = |n: u64| {
        let what = match n % 10 {
            3 => JourneyKind::NotMerged { other: contact_id(2), why: format!("both are line {n}") },
            7 => JourneyKind::NotMerged { other: contact_id(3), why: format!("both are line {n}") },
            _ => JourneyKind::Block { exit: "next ".repeat(20) },
        };
        JourneyEntry { what, ..journey(n) }
    };
    let mut lines: Vec<JourneyEntry> = Vec::new();
    // Some of it is carried over by then, some is not.
    for round in 0..12 {
        let mut next = change(&get(&*store, 1));
        next.journey = (round * 10..round * 10 + 10).map(naming).collect();
        lines.extend(next.journey.iter().cloned());
        must(&*store, next);
        if round == 8 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    let mut next = change(&get(&*store, 1));
    next.unname = vec![contact_id(2)];
    must(&*store, next);
    assert_eq!(lines.iter_mut().filter(|line| matches!(line.names(), Some(id) if id == contact_id(2))).count(), 12);
    for line in &mut lines {
        line.unname(&[contact_id(2)]);
    }
    lines.reverse();
    for _ in 0..2 {
        assert_eq!(store.journey(contact_id(1), 0, 1_000).unwrap(), lines);
        let page = store.journey_page(contact_id(1), &JourneyFilter::default(), None, 1_000, 10_000).unwrap();
        assert_eq!(page.lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>(), lines);
        assert!(lines.iter().all(|line| line.names() != Some(contact_id(2))));
        assert_eq!(lines.iter().filter(|line| line.names() == Some(contact_id(3))).count(), 12, "others are named as before");
        store.close().unwrap();
        drop(store);
        store = factory.open();
    }
}
